/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The walk along a path name, component by component.
 *
 * First it is tried under RCU: no reference is taken and nothing shared is written; sequence counts
 * of the dentries, of the mount tree and of the task's fs_struct say whether what was seen fits
 * together. Where it would have to sleep, or something moved, it gives up with -ECHILD and the
 * caller walks again from the start with references (ref mode). Only at the end, in
 * walk_legitimize(), does a successful RCU walk take its two references.
 *
 * A symbolic link in the way pushes a frame: its text is walked, then what the frame says comes
 * after it. The last component is left to the caller (walk_last(), or creating and removing it).
 *
 * The scoped look-ups of openat2(2) (BENEATH, IN_ROOT) take the start as root and fail with -EAGAIN
 * when a rename or mount happened while ".." was walked.
 */
#include "internal.h"
#include <base/math.h>

#define ONES		0x0101010101010101ull
#define HIGHS		0x8080808080808080ull
#define SLASHES		0x2f2f2f2f2f2f2f2full

/* --- hashing --- */

/* High bit set in the lowest byte of w that is NUL or '/'; bytes above it may lie. */
static inline u64 stop_bytes(u64 w)
{
	u64 s = w ^ SLASHES;

	return (((w - ONES) & ~w) | ((s - ONES) & ~s)) & HIGHS;
}

/* Component at name, in a buffer with 8 readable bytes after its end. */
static u32 hash_component_padded(struct walk *w, const char *name, u64 h)
{
	const char *p = name;
	u64 word, stop;

	for (;;) {
		__builtin_memcpy(&word, p, 8);
		stop = stop_bytes(word);
		if (stop)
			break;
		h = name_hash_step(h, word);
		p += 8;
	}
	/* The lowest stop bit is the high bit of its byte: the bytes below belong to the name. */
	word &= ((stop & -stop) >> 7) - 1;
	p += (unsigned int)__builtin_ctzll(stop) >> 3;
	if ((p - name) & 7)
		h = name_hash_step(h, word);
	w->last.hash = name_hash_end(h);
	return (u32)(p - name);
}

static u32 hash_component_bytes(struct walk *w, const char *name, u64 h)
{
	u64 word = 0;
	u32 n = 0;

	for (; name[n] && name[n] != '/'; n++) {
		word |= (u64)(u8)name[n] << (8 * (n & 7));
		if ((n & 7) == 7) {
			h = name_hash_step(h, word);
			word = 0;
		}
	}
	if (n & 7)
		h = name_hash_step(h, word);
	w->last.hash = name_hash_end(h);
	return n;
}

/* Fills w->last and its type; length of the component or -ENAMETOOLONG. */
static inline int next_component(struct walk *w, const char *name)
{
	u64 seed = dentry_hash_seed(w->path.dentry);
	u32 len = w->padded && w->depth == 0 ? hash_component_padded(w, name, seed) :
					       hash_component_bytes(w, name, seed);

	w->last.name = name;
	w->last.len = len;
	w->last_type = LAST_NORM;
	if (unlikely(name[0] == '.')) {
		if (len == 1)
			w->last_type = LAST_DOT;
		else if (len == 2 && name[1] == '.')
			w->last_type = LAST_DOTDOT;
	}
	return unlikely(len > NAME_MAX) ? -ENAMETOOLONG : (int)len;
}

/* --- start and end --- */

static inline bool in_rcu(const struct walk *w)
{
	return w->flags & LOOKUP_RCU;
}

static void set_root(struct walk *w)
{
	struct fs_struct *fs = current->fs;
	u32 seq;

	if (w->root.mnt)
		return;
	if (in_rcu(w)) {
		do {
			seq = read_seqbegin(&fs->seq);
			w->root = fs->root;
		} while (read_seqretry(&fs->seq, seq));
	} else {
		fs_get_root(fs, &w->root);
		w->root_held = true;
	}
}

/* path = p, replacing nothing: takes references in ref mode. */
static int path_start(struct walk *w, const struct path *p)
{
	w->path = *p;
	if (in_rcu(w))
		w->seq = read_seqbegin(&p->dentry->seq);
	else
		path_get(p);
	w->inode = READ_ONCE(p->dentry->inode);
	return 0;
}

static void path_drop(struct walk *w)
{
	if (!in_rcu(w) && w->path.mnt)
		path_put(&w->path);
	w->path.mnt = NULL;
	w->path.dentry = NULL;
}

static int start_at_cwd(struct walk *w)
{
	struct fs_struct *fs = current->fs;
	struct path pwd;
	u32 seq;

	if (!in_rcu(w)) {
		fs_get_pwd(fs, &w->path);
		w->inode = w->path.dentry->inode;
		return 0;
	}
	do {
		seq = read_seqbegin(&fs->seq);
		pwd = fs->pwd;
		w->seq = read_seqbegin(&pwd.dentry->seq);
	} while (read_seqretry(&fs->seq, seq));
	w->path = pwd;
	w->inode = READ_ONCE(pwd.dentry->inode);
	return 0;
}

static int start_at_fd(struct walk *w, int dirfd)
{
	struct fd f = fdget_raw(dirfd);
	int err = 0;

	if (!f.file)
		return -EBADF;
	if (*w->name && !S_ISDIR_I(f.file->inode))
		err = -ENOTDIR;
	else
		err = path_start(w, &f.file->path);
	fdput(f);
	return err;
}

static int jump_root(struct walk *w)
{
	if (unlikely(w->flags & LOOKUP_BENEATH))
		return -EXDEV;
	set_root(w);
	if (unlikely(w->flags & LOOKUP_NO_XDEV) && w->path.mnt && w->path.mnt != w->root.mnt)
		return -EXDEV;
	path_drop(w);
	w->state |= WALK_JUMPED;
	return path_start(w, &w->root);
}

int walk_begin(struct walk *w, int dirfd, const char *name, bool padded, u32 flags, const struct path *root)
{
	int err;

	w->path.mnt = NULL;
	w->path.dentry = NULL;
	w->root.mnt = NULL;
	w->root_held = w->root_given = false;
	w->depth = w->nr_links = 0;
	w->flags = flags;
	w->state = 0;
	w->name = name;
	w->dirfd = dirfd;
	w->padded = padded;
	w->stack = w->embedded;
	w->last_type = LAST_ROOT;
	w->last.len = 0;
	w->last.name = name;
	if (flags & LOOKUP_RCU)
		rcu_read_lock();
	w->mseq = read_seqbegin(&mount_seq);
	w->rseq = READ_ONCE(rename_seq.seq);
	if (root) {
		w->root = *root;
		w->root_given = true;
	}
	if (*name == '/' && !(flags & LOOKUP_SCOPED))
		return jump_root(w);
	if (root)
		err = path_start(w, root);
	else if (dirfd == AT_FDCWD)
		err = start_at_cwd(w);
	else
		err = start_at_fd(w, dirfd);
	if (err || !(flags & LOOKUP_SCOPED))
		return err;
	if (!w->root_given) {
		w->root = w->path;
		if (!in_rcu(w)) {
			path_get(&w->root);
			w->root_held = true;
		}
	}
	return *name == '/' ? jump_root(w) : 0;
}

static void frame_put(struct walk *w, struct walk_link *l)
{
	if (l->done.fn)
		l->done.fn(l->done.arg);
	if (!in_rcu(w))
		path_put(&l->path);
}

void walk_end(struct walk *w)
{
	while (w->depth)
		frame_put(w, &w->stack[--w->depth]);
	if (in_rcu(w)) {
		w->flags &= ~LOOKUP_RCU;
		rcu_read_unlock();
	} else {
		if (w->path.mnt)
			path_put(&w->path);
		if (w->root_held)
			path_put(&w->root);
	}
	if (w->stack != w->embedded)
		kfree(w->stack);
}

/* Leave RCU for good with nothing held. */
static int fail_rcu(struct walk *w)
{
	while (w->depth) {
		struct walk_link *l = &w->stack[--w->depth];

		if (l->done.fn)
			l->done.fn(l->done.arg);
	}
	w->path.mnt = NULL;
	w->flags &= ~LOOKUP_RCU;
	rcu_read_unlock();
	return -ECHILD;
}

int walk_legitimize(struct walk *w)
{
	struct mount *m = w->path.mnt;
	struct dentry *d = w->path.dentry;
	bool drop = false, got;

	if (unlikely(!mount_legitimize(m, w->mseq, &drop))) {
		fail_rcu(w);
		if (drop)
			mount_put(m);
		return -ECHILD;
	}
	got = dentry_try_get(d);
	if (unlikely(!got || read_seqretry(&d->seq, w->seq))) {
		fail_rcu(w);
		mount_put(m);
		if (got)
			dentry_put(d);
		return -ECHILD;
	}
	/* Frames hold nothing in RCU mode: what comes after them is walked no more. */
	while (w->depth) {
		struct walk_link *l = &w->stack[--w->depth];

		if (l->done.fn)
			l->done.fn(l->done.arg);
	}
	if (!w->root_given) {
		if (w->flags & LOOKUP_SCOPED) {
			/* the root is the start: the check at the end needs it alive */
			if (!mount_legitimize(w->root.mnt, w->mseq, &drop) || !dentry_try_get(w->root.dentry)) {
				w->flags &= ~LOOKUP_RCU;
				w->path.mnt = NULL;
				rcu_read_unlock();
				mount_put(m);
				dentry_put(d);
				return -ECHILD;
			}
			w->root_held = true;
		} else {
			w->root.mnt = NULL;
		}
	}
	w->flags &= ~LOOKUP_RCU;
	rcu_read_unlock();
	return 0;
}

/* Is p at or below root, along mounts? */
static bool path_is_under(const struct path *p, const struct path *root)
{
	bool under;
	u32 seq;

	do {
		struct mount *m = p->mnt;
		struct dentry *d = p->dentry;

		seq = read_seqbegin(&mount_seq);
		rcu_read_lock();
		while (m != root->mnt && READ_ONCE(m->parent) != m) {
			d = READ_ONCE(m->mountpoint);
			m = READ_ONCE(m->parent);
		}
		under = m == root->mnt && dentry_is_ancestor(root->dentry, d);
		rcu_read_unlock();
	} while (read_seqretry(&mount_seq, seq));
	return under;
}

int walk_complete(struct walk *w)
{
	if (in_rcu(w)) {
		int err = walk_legitimize(w);

		if (err)
			return err;
	}
	if (unlikely(w->flags & LOOKUP_SCOPED) && !path_is_under(&w->path, &w->root))
		return -EXDEV;
	return 0;
}

/* --- mounts --- */

static int cross_mounts_rcu(struct walk *w, struct path *p, u32 *seq, struct inode **inode)
{
	while (READ_ONCE(p->dentry->flags) & DCACHE_MOUNTED) {
		struct mount *m = mount_lookup(p->mnt, p->dentry);

		if (!m) {
			if (read_seqretry(&mount_seq, w->mseq))
				return -ECHILD;
			break;
		}
		if (w->flags & LOOKUP_NO_XDEV)
			return -ECHILD;
		p->mnt = m;
		p->dentry = m->root;
		*seq = read_seqbegin(&m->root->seq);
		*inode = READ_ONCE(m->root->inode);
	}
	return 0;
}

/* p is referenced and stays so. */
static int cross_mounts_ref(struct walk *w, struct path *p)
{
	while (READ_ONCE(p->dentry->flags) & DCACHE_MOUNTED) {
		struct mount *m;
		bool drop = false;
		u32 seq;

		seq = read_seqbegin(&mount_seq);
		rcu_read_lock();
		m = mount_lookup(p->mnt, p->dentry);
		if (!m) {
			rcu_read_unlock();
			if (read_seqretry(&mount_seq, seq))
				continue;
			break;
		}
		if (!mount_legitimize(m, seq, &drop)) {
			rcu_read_unlock();
			if (drop)
				mount_put(m);
			continue;
		}
		rcu_read_unlock();
		if (w->flags & LOOKUP_NO_XDEV) {
			mount_put(m);
			return -EXDEV;
		}
		path_put(p);
		p->mnt = m;
		p->dentry = dentry_get(m->root);
	}
	return 0;
}

/* --- ".." --- */

/* The directory lies outside of what its mount shows: it was moved away. */
static bool escaped(struct mount *m, struct dentry *d)
{
	return m->root != m->sb->root && !dentry_is_ancestor(m->root, d);
}

static int dotdot_rcu(struct walk *w)
{
	struct inode *inode = w->inode;
	struct path p = w->path;
	u32 seq = w->seq;
	int err;

	for (;;) {
		struct dentry *parent;

		if (path_equal(&p, &w->root)) {
			if (w->flags & LOOKUP_BENEATH)
				return -ECHILD;
			break;
		}
		if (p.dentry != p.mnt->root) {
			parent = READ_ONCE(p.dentry->parent);
			inode = READ_ONCE(parent->inode);
			if (read_seqretry(&p.dentry->seq, seq))
				return -ECHILD;
			seq = read_seqbegin(&parent->seq);
			if (escaped(p.mnt, parent))
				return -ECHILD;
			p.dentry = parent;
			break;
		}
		if (READ_ONCE(p.mnt->parent) == p.mnt)
			break;
		if (w->flags & LOOKUP_NO_XDEV)
			return -ECHILD;
		p.dentry = READ_ONCE(p.mnt->mountpoint);
		p.mnt = READ_ONCE(p.mnt->parent);
		inode = READ_ONCE(p.dentry->inode);
		seq = read_seqbegin(&p.dentry->seq);
		if (read_seqretry(&mount_seq, w->mseq))
			return -ECHILD;
	}
	err = cross_mounts_rcu(w, &p, &seq, &inode);
	if (err)
		return err;
	if (!inode)
		return -ECHILD;
	w->path = p;
	w->seq = seq;
	w->inode = inode;
	return 0;
}

/* One mount up: p becomes the place it is mounted on. False: there is none. */
static bool mount_up(struct path *p)
{
	struct mount *parent;
	struct dentry *mp;
	bool drop = false;
	u32 seq;

again:
	seq = read_seqbegin(&mount_seq);
	rcu_read_lock();
	parent = READ_ONCE(p->mnt->parent);
	mp = READ_ONCE(p->mnt->mountpoint);
	if (parent == p->mnt) {
		rcu_read_unlock();
		return false;
	}
	if (!mount_legitimize(parent, seq, &drop)) {
		rcu_read_unlock();
		if (drop)
			mount_put(parent);
		goto again;
	}
	/* the mountpoint is referenced by the mount, which did not change */
	if (!dentry_try_get(mp)) {
		rcu_read_unlock();
		mount_put(parent);
		goto again;
	}
	rcu_read_unlock();
	path_put(p);
	p->mnt = parent;
	p->dentry = mp;
	return true;
}

static int dotdot_ref(struct walk *w)
{
	struct dentry *parent;
	int err;

	for (;;) {
		if (path_equal(&w->path, &w->root)) {
			if (w->flags & LOOKUP_BENEATH)
				return -EXDEV;
			break;
		}
		if (w->path.dentry != w->path.mnt->root) {
			parent = dentry_get_parent(w->path.dentry);
			if (escaped(w->path.mnt, parent)) {
				dentry_put(parent);
				return -ENOENT;
			}
			dentry_put(w->path.dentry);
			w->path.dentry = parent;
			break;
		}
		if (!mount_up(&w->path))
			break;
		if (w->flags & LOOKUP_NO_XDEV)
			return -EXDEV;
	}
	err = cross_mounts_ref(w, &w->path);
	w->inode = w->path.dentry->inode;
	return err;
}

static int dotdot(struct walk *w)
{
	int err;

	if (!w->root.mnt)
		set_root(w);
	err = in_rcu(w) ? dotdot_rcu(w) : dotdot_ref(w);
	if (err)
		return err;
	/* A rename or mount meanwhile may have led us out of the scope. */
	if (unlikely(w->flags & LOOKUP_SCOPED) &&
	    (read_seqretry(&mount_seq, w->mseq) || read_seqretry(&rename_seq, w->rseq)))
		return -EAGAIN;
	return 0;
}

/* --- links --- */

/* sysctl fs.protected_symlinks: in a sticky world-writable directory only the owner's or one's own. */
static int may_follow(const struct walk *w, const struct inode *link)
{
	if (!sysctl_protected_symlinks || uid_eq(link->uid, current_fsuid()))
		return 0;
	if ((w->dir_mode & (S_ISVTX | S_IWOTH)) != (S_ISVTX | S_IWOTH))
		return 0;
	if (uid_valid(w->dir_uid) && uid_eq(w->dir_uid, link->uid))
		return 0;
	return in_rcu(w) ? -ECHILD : -EACCES;
}

/* Room for one more frame. */
static int grow_stack(struct walk *w)
{
	struct walk_link *s;

	if (likely(w->depth < WALK_EMBEDDED) || w->stack != w->embedded)
		return 0;
	s = kmalloc(MAXSYMLINKS * sizeof(*s), in_rcu(w) ? GFP_ATOMIC | GFP_NOWARN : GFP_KERNEL);
	if (!s)
		return in_rcu(w) ? -ECHILD : -ENOMEM;
	memcpy(s, w->embedded, w->depth * sizeof(*s));
	w->stack = s;
	return 0;
}

static void next_put(struct walk *w)
{
	if (!in_rcu(w))
		path_put(&w->next);
}

static int follow_magic(struct walk *w)
{
	struct path res;
	int err;

	if (in_rcu(w))
		return -ECHILD;
	if (w->flags & (LOOKUP_NO_MAGICLINKS | LOOKUP_NO_SYMLINKS)) {
		next_put(w);
		return -ELOOP;
	}
	if (w->flags & LOOKUP_SCOPED) {
		next_put(w);
		return -EXDEV;
	}
	err = inode_follow_magic(w->next_inode, &res);
	if (!err && (w->flags & LOOKUP_NO_XDEV) && res.mnt != w->path.mnt) {
		path_put(&res);
		err = -EXDEV;
	}
	next_put(w);
	if (err)
		return err;
	path_put(&w->path);
	w->path = res;
	w->inode = res.dentry->inode;
	w->state |= WALK_JUMPED;
	return 0;
}

/*
 * w->next is a link to follow. 1: frame pushed, *text is to be walked. 0: we are there already
 * (magic link, or a link to "/"). w->next is consumed.
 */
static int follow_link(struct walk *w, const char **text, bool trailing)
{
	struct inode *inode = w->next_inode;
	struct delayed_put done = { NULL, NULL };
	struct walk_link *l;
	const char *s;
	int err;

	err = w->nr_links++ >= MAXSYMLINKS ? -ELOOP : grow_stack(w);
	if (!err && (READ_ONCE(w->next.mnt->flags) & MNT_NOSYMFOLLOW))
		err = -ELOOP;
	if (!err && trailing)
		err = may_follow(w, inode);
	if (!err && (w->flags & LOOKUP_NO_SYMLINKS))
		err = -ELOOP;
	if (err) {
		next_put(w);
		return err;
	}
	if (READ_ONCE(inode->opflags) & IOP_MAGIC)
		return follow_magic(w);
	if (in_rcu(w) && path_access_due(&w->next, inode))
		return -ECHILD;
	if (!in_rcu(w))
		path_accessed(&w->next, inode);
	s = READ_ONCE(inode->link);
	if (!s) {
		s = inode_get_link(inode, in_rcu(w) ? NULL : w->next.dentry, &done);
		if (IS_ERR(s)) {
			next_put(w);
			return (int)PTR_ERR(s);
		}
	}
	if (in_rcu(w) && read_seqretry(&w->next.dentry->seq, w->next_seq)) {
		if (done.fn)
			done.fn(done.arg);
		return -ECHILD;
	}
	l = &w->stack[w->depth++];
	l->path = w->next;
	l->done = done;
	l->rest = NULL;
	if (!*s)
		return -ENOENT;
	if (*s == '/') {
		err = jump_root(w);
		if (err)
			return err;
		while (*s == '/')
			s++;
		if (!*s) {
			frame_put(w, &w->stack[--w->depth]);
			return 0;
		}
	}
	*text = s;
	return 1;
}

/* --- one step --- */

/* Go from w->path to its child d; in ref mode d is referenced and that is consumed. */
static int step_into(struct walk *w, struct dentry *d, struct inode *inode, u32 seq, bool follow, bool cross,
		     bool trailing, const char **text)
{
	struct path p = { w->path.mnt, d };
	int err;

	if (!in_rcu(w))
		mount_get(p.mnt);
	if (unlikely(READ_ONCE(d->flags) & DCACHE_MOUNTED) && cross) {
		if (in_rcu(w)) {
			err = cross_mounts_rcu(w, &p, &seq, &inode);
		} else {
			err = cross_mounts_ref(w, &p);
			if (err) {
				path_put(&p);
				return err;
			}
			inode = p.dentry->inode;
		}
		if (err)
			return err;
	}
	/* The root of a mount that is a link itself (a bind mount of one) is not followed. */
	if (unlikely(READ_ONCE(inode->opflags) & IOP_LINK) && follow && p.dentry == d) {
		w->next = p;
		w->next_inode = inode;
		w->next_seq = seq;
		return follow_link(w, text, trailing);
	}
	if (!in_rcu(w))
		path_put(&w->path);
	w->path = p;
	w->inode = inode;
	w->seq = seq;
	return 0;
}

static int revalidate(struct walk *w, struct dentry *d)
{
	return d->ops->revalidate(d, w->flags);
}

/* The child w->last of w->path, by the cache or the file system: referenced, maybe negative. ERR_PTR. */
static struct dentry *lookup_ref(struct walk *w)
{
	struct dentry *parent = w->path.dentry, *d;
	struct inode *dir = w->inode;

	d = dentry_lookup(parent, &w->last);
	if (d && (d->flags & DCACHE_NEED_REVALIDATE)) {
		int ok = revalidate(w, d);

		if (ok <= 0) {
			if (ok == 0)
				dentry_invalidate(d);
			dentry_put(d);
			if (ok < 0)
				return ERR_PTR(ok);
			d = NULL;
		}
	}
	if (d)
		return d;
	inode_lock_shared(dir);
	d = dentry_lookup_locked(parent, &w->last, w->flags);
	inode_unlock_shared(dir);
	return d;
}

/* Resolve w->last. 0: moved there; 1: a link, *text to walk; -errno (-ENOENT: negative). */
static int step(struct walk *w, bool follow, bool cross, bool trailing, const char **text)
{
	struct dentry *d;
	struct inode *inode;
	u32 seq = 0, flags;

	if (unlikely(w->last_type != LAST_NORM))
		return w->last_type == LAST_DOTDOT ? dotdot(w) : 0;
	if (in_rcu(w)) {
		d = dentry_lookup_rcu(w->path.dentry, &w->last, &seq);
		if (unlikely(!d))
			return -ECHILD;
		inode = READ_ONCE(d->inode);
		if (unlikely(read_seqretry(&d->seq, seq) || read_seqretry(&w->path.dentry->seq, w->seq)))
			return -ECHILD;
		/* Read once: a rename may hash the name again between two looks. */
		flags = READ_ONCE(d->flags);
		if (unlikely(flags & DCACHE_UNHASHED))
			return -ECHILD;
		if (unlikely(flags & DCACHE_NEED_REVALIDATE)) {
			int ok = revalidate(w, d);

			if (ok <= 0)
				return ok == 0 ? -ECHILD : ok;
		}
		if (unlikely(!inode))
			return -ENOENT;
	} else {
		d = lookup_ref(w);
		if (IS_ERR(d))
			return (int)PTR_ERR(d);
		inode = READ_ONCE(d->inode);
		if (!inode) {
			dentry_put(d);
			return -ENOENT;
		}
	}
	return step_into(w, d, inode, seq, follow, cross, trailing, text);
}

static inline int may_search(struct walk *w)
{
	struct inode *inode = w->inode;

	/* Everyone may pass: the usual directory. */
	if (likely((READ_ONCE(inode->mode) & S_IXUGO) == S_IXUGO && !(READ_ONCE(inode->opflags) & IOP_PERM) &&
		   !READ_ONCE(inode->acl[0])))
		return 0;
	return inode_check_permission(inode, MAY_EXEC | (in_rcu(w) ? MAY_NOT_BLOCK : 0));
}

/* The frame below the top one is done: drop it, the top takes its place. */
static void drop_below_top(struct walk *w)
{
	frame_put(w, &w->stack[w->depth - 2]);
	w->stack[w->depth - 2] = w->stack[w->depth - 1];
	w->depth--;
}

int walk_components(struct walk *w, const char *name)
{
	int base = w->depth, err;

	while (*name == '/')
		name++;
	if (!*name) {
		w->last_type = LAST_ROOT;
		w->last.name = name;
		w->last.len = 0;
		w->dir_mode = 0;
		return 0;
	}
	for (;;) {
		const char *rest, *text;
		bool nested;
		int depth;

		if (unlikely(!(READ_ONCE(w->inode->opflags) & IOP_LOOKUP))) {
			if (in_rcu(w) && read_seqretry(&w->path.dentry->seq, w->seq))
				return -ECHILD;
			return -ENOTDIR;
		}
		err = may_search(w);
		if (unlikely(err))
			return err;
		err = next_component(w, name);
		if (unlikely(err < 0))
			return err;
		rest = name + err;
		while (*rest == '/')
			rest++;
		nested = false;
		if (!*rest) {
			if (w->depth == base) {
				w->dir_mode = READ_ONCE(w->inode->mode);
				w->dir_uid = READ_ONCE(w->inode->uid);
				return 0;
			}
			nested = true;
			rest = w->stack[w->depth - 1].rest;
		}
		depth = w->depth;
		err = step(w, true, true, false, &text);
		if (unlikely(err < 0))
			return err;
		if (err == 1) {
			w->stack[w->depth - 1].rest = rest;
			if (nested)
				drop_below_top(w);
			name = text;
			continue;
		}
		if (nested && w->depth == depth)
			frame_put(w, &w->stack[--w->depth]);
		name = rest;
	}
}

int walk_last(struct walk *w, const char **text, bool nofollow)
{
	bool slash = walk_trailing_slash(w);
	int depth = w->depth, err;

	if (slash)
		w->flags |= LOOKUP_FOLLOW | LOOKUP_DIRECTORY;
	err = step(w, slash || !nofollow, !(w->flags & LOOKUP_MOUNTPOINT), true, text);
	/* A link at the end of a link: the first one's text is used up. */
	if (err == 1 && depth)
		drop_below_top(w);
	return err;
}

int walk_enter(struct walk *w, struct dentry *d, const char **text, bool nofollow)
{
	int depth = w->depth, err;

	err = step_into(w, d, d->inode, 0, !nofollow, true, true, text);
	if (err == 1 && depth)
		drop_below_top(w);
	return err;
}
