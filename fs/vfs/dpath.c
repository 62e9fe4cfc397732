/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The text of a path: names are written from the end of a buffer upwards, from the dentry to the
 * root, across mounts. Nothing is locked; mount_seq and rename_seq say whether the walk must be done
 * again.
 */
#include "internal.h"

struct text {
	char *buf;		/* start of the room */
	char *at;		/* first byte written so far */
	bool full;
};

static void put_bytes(struct text *t, const char *s, size_t n)
{
	if ((size_t)(t->at - t->buf) < n) {
		t->full = true;
		return;
	}
	t->at -= n;
	memcpy(t->at, s, n);
}

/* The name may change under us: then the caller's sequence check fails and all is done again. */
static void put_name(struct text *t, const struct dentry *d)
{
	const char *s;
	u32 len, seq;

	do {
		seq = read_seqbegin(&d->seq);
		s = READ_ONCE(d->name.name);
		len = READ_ONCE(d->name.len);
	} while (read_seqretry(&d->seq, seq));
	put_bytes(t, s, len);
	put_bytes(t, "/", 1);
}

/* From p up to root. Returns true if root was reached. RCU held. */
static bool write_up(struct text *t, const struct path *p, const struct path *root)
{
	const struct dentry *d = p->dentry;
	const struct mount *m = p->mnt;

	while (d != root->dentry || m != root->mnt) {
		const struct dentry *parent;

		if (d == m->root || d == READ_ONCE(d->parent)) {
			const struct mount *up = READ_ONCE(m->parent);

			if (d == m->root && up != m) {
				d = READ_ONCE(m->mountpoint);
				m = up;
				continue;
			}
			return false;
		}
		parent = READ_ONCE(d->parent);
		put_name(t, d);
		d = parent;
	}
	return true;
}

/* Text from root; *reached tells whether root was met (else it is the topmost we could get to). */
static char *path_text_try(const struct path *p, const struct path *root, char *buf, size_t size, bool *reached)
{
	struct text t;
	u32 ms, rs;

	if (size < 2)
		return ERR_PTR(-ENAMETOOLONG);
	do {
		ms = read_seqbegin(&mount_seq);
		rs = read_seqbegin(&rename_seq);
		t.buf = buf;
		t.at = buf + size - 1;
		*t.at = 0;
		t.full = false;
		rcu_read_lock();
		if (dentry_unhashed(p->dentry) && READ_ONCE(p->dentry->parent) != p->dentry)
			put_bytes(&t, " (deleted)", 10);
		{
			char *end = t.at;

			*reached = write_up(&t, p, root);
			if (t.at == end)
				put_bytes(&t, "/", 1);
		}
		rcu_read_unlock();
	} while (read_seqretry(&mount_seq, ms) || read_seqretry(&rename_seq, rs));
	return t.full ? ERR_PTR(-ENAMETOOLONG) : t.at;
}

/* Pseudo files have a name made by their kind: "pipe:[123]". */
static char *pseudo_text(const struct path *p, char *buf, size_t size)
{
	int n = p->dentry->ops->dname(p->dentry, buf, size);

	if (n < 0 || (size_t)n >= size)
		return ERR_PTR(-ENAMETOOLONG);
	return buf;
}

char *path_text(const struct path *p, const struct path *root, char *buf, size_t size)
{
	bool reached;
	char *s;

	if (p->dentry->ops && p->dentry->ops->dname && (p->dentry->flags & DCACHE_DISCONNECTED))
		return pseudo_text(p, buf, size);
	s = path_text_try(p, root, buf, size, &reached);
	if (!IS_ERR(s) && !reached && root->mnt && READ_ONCE(root->mnt->ns) && READ_ONCE(p->mnt->ns) == root->mnt->ns) {
		static const char mark[] = "(unreachable)";

		if ((size_t)(s - buf) < sizeof(mark) - 1)
			return ERR_PTR(-ENAMETOOLONG);
		s -= sizeof(mark) - 1;
		memcpy(s, mark, sizeof(mark) - 1);
	}
	return s;
}

char *path_text_current(const struct path *p, char *buf, size_t size)
{
	struct path root;
	bool reached;
	char *s;

	if (p->dentry->ops && p->dentry->ops->dname && (p->dentry->flags & DCACHE_DISCONNECTED))
		return pseudo_text(p, buf, size);
	fs_get_root(current->fs, &root);
	s = path_text_try(p, &root, buf, size, &reached);
	path_put(&root);
	return s;
}

/* Within its instance. */
char *dentry_text(struct dentry *d, char *buf, size_t size)
{
	struct text t;
	u32 rs;

	if (size < 2)
		return ERR_PTR(-ENAMETOOLONG);
	do {
		const struct dentry *p = d;
		char *end;

		rs = read_seqbegin(&rename_seq);
		t.buf = buf;
		t.at = buf + size - 1;
		*t.at = 0;
		t.full = false;
		rcu_read_lock();
		if (dentry_unhashed(d) && READ_ONCE(d->parent) != d)
			put_bytes(&t, "//deleted", 9);
		end = t.at;
		for (; READ_ONCE(p->parent) != p; p = READ_ONCE(p->parent))
			put_name(&t, p);
		if (t.at == end)
			put_bytes(&t, "/", 1);
		rcu_read_unlock();
	} while (read_seqretry(&rename_seq, rs));
	return t.full ? ERR_PTR(-ENAMETOOLONG) : t.at;
}
