/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Fids by name: a dentry has at most one for each user who went there, in a list at dentry->private.
 * A missing one is walked from the nearest ancestor that has one, 16 names a message; the root's is an
 * attach. Walks hold names_lock for reading, renames for writing.
 */
#include "internal.h"

/* Whom current acts as, and whether it may. */
static int fid_uid(const struct p9_session *s, kuid_t *uid)
{
	kuid_t me = current_fsuid();

	*uid = me;
	if (s->access == P9_ACCESS_SINGLE && !uid_eq(me, s->uid))
		return -EPERM;
	if (s->access == P9_ACCESS_ANY)
		*uid = s->uid;
	return 0;
}

static struct p9_fid *fid_find(struct dentry *d, kuid_t uid)
{
	struct p9_session *s = p9_ses(d->sb);
	struct p9_fid *f;

	if (!READ_ONCE(d->private))
		return NULL;
	spin_lock(&s->lock);
	for (f = d->private; f; f = f->next)
		if (uid_eq(f->uid, uid))
			break;
	if (f)
		p9_fid_get(f);
	spin_unlock(&s->lock);
	return f;
}

void p9_fid_attach(struct dentry *d, struct p9_fid *f)
{
	struct p9_session *s = p9_ses(d->sb);
	struct p9_fid *old;

	spin_lock(&s->lock);
	for (old = d->private; old && !uid_eq(old->uid, f->uid); old = old->next)
		;
	if (!old) {
		f->next = d->private;
		WRITE_ONCE(d->private, f);
		f = NULL;
	}
	spin_unlock(&s->lock);
	p9_fid_put(f);
}

void p9_fids_drop(struct dentry *d)
{
	struct p9_session *s = p9_ses(d->sb);
	struct p9_fid *f, *next;

	if (!READ_ONCE(d->private))
		return;
	spin_lock(&s->lock);
	f = d->private;
	d->private = NULL;
	spin_unlock(&s->lock);
	for (; f; f = next) {
		next = f->next;
		p9_fid_put(f);
	}
}

/* Names from the ancestor down to d: copies, since a rename changes them. */
struct way {
	u32 n;
	struct dentry *at[P9_MAXWALK];	/* referenced; [0] is the lowest */
};

/* At most 16 steps up from d, to one that has a fid or to the root. The fid (referenced) or NULL. */
static struct p9_fid *way_up(struct dentry *d, kuid_t uid, struct way *w)
{
	struct p9_fid *f;

	w->n = 0;
	dentry_get(d);
	for (;;) {
		f = fid_find(d, uid);
		if (f || dentry_is_root(d) || w->n == P9_MAXWALK) {
			dentry_put(d);
			return f;
		}
		w->at[w->n++] = d;
		d = dentry_get_parent(d);
	}
}

static void way_put(struct way *w)
{
	while (w->n)
		dentry_put(w->at[--w->n]);
}

/* Walk the way from f (consumed). ERR_PTR. */
static struct p9_fid *way_walk(struct p9_fid *f, struct way *w)
{
	char *text = kmalloc(P9_MAXWALK * (NAME_MAX + 1), GFP_KERNEL);
	const char *names[P9_MAXWALK];
	struct p9_fid *res;

	if (!text) {
		p9_fid_put(f);
		return ERR_PTR(-ENOMEM);
	}
	for (u32 i = 0; i < w->n; i++) {
		struct dentry *d = w->at[w->n - 1 - i];
		char *name = text + (size_t)i * (NAME_MAX + 1);

		spin_lock(&d->lock);
		memcpy(name, d->name.name, d->name.len);
		name[d->name.len] = '\0';
		spin_unlock(&d->lock);
		names[i] = name;
	}
	res = p9_walk(f, names, w->n);
	p9_fid_put(f);
	kfree(text);
	return res;
}

static struct p9_fid *fid_make(struct dentry *d, kuid_t uid)
{
	struct p9_session *s = p9_ses(d->sb);
	struct dentry *top;
	struct p9_fid *f;
	struct way w;

	for (;;) {
		f = way_up(d, uid, &w);
		if (f && !w.n)
			return f;
		/* Too deep: give the topmost of these a fid first. */
		if (!f && w.n == P9_MAXWALK && !dentry_is_root(w.at[w.n - 1]->parent)) {
			top = dentry_get(w.at[w.n - 1]);
			way_put(&w);
			f = fid_make(top, uid);
			dentry_put(top);
			if (IS_ERR(f))
				return f;
			p9_fid_put(f);
			continue;
		}
		if (!f) {
			f = p9_attach(s, uid, s->uname);
			if (IS_ERR(f)) {
				way_put(&w);
				return f;
			}
			p9_fid_attach(d->sb->root, p9_fid_get(f));
			if (!w.n)
				return f;
		}
		f = way_walk(f, &w);
		way_put(&w);
		if (IS_ERR(f))
			return f;
		p9_fid_attach(d, p9_fid_get(f));
		return f;
	}
}

struct p9_fid *p9_fid_of(struct dentry *d)
{
	struct p9_session *s = p9_ses(d->sb);
	struct p9_fid *f;
	kuid_t uid;
	int err = fid_uid(s, &uid);

	if (err)
		return ERR_PTR(err);
	f = fid_find(d, uid);
	if (f)
		return f;
	down_read(&s->names_lock);
	f = fid_make(d, uid);
	up_read(&s->names_lock);
	return f;
}

struct p9_fid *p9_fid_clone(struct dentry *d)
{
	struct p9_fid *f = p9_fid_of(d), *c;

	if (IS_ERR(f))
		return f;
	c = p9_walk(f, NULL, 0);
	p9_fid_put(f);
	return c;
}

struct p9_fid *p9_fid_of_inode(struct inode *inode)
{
	struct dentry *d = dentry_find_alias(inode);
	struct p9_fid *f;

	if (!d)
		return ERR_PTR(-ESTALE);
	f = p9_fid_of(d);
	dentry_put(d);
	return f;
}
