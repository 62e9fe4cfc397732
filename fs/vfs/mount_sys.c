/* SPDX-License-Identifier: MPL-2.0 */
/*
 * mount(2), umount2(2), pivot_root(2), chroot's companion calls: checks, then the steps of mount.c
 * under namespace_sem. The newer calls are in fscontext.c and mount_fd.c.
 */
#include "internal.h"
#include <base/math.h>
#include <fs/block.h>
#include <kernel/ns.h>
#include <kernel/syscall.h>
#include <uapi/linux/magic.h>

#define MNT_ATIME_MASK	(MNT_NOATIME | MNT_NODIRATIME | MNT_RELATIME)
#define MS_NOUSER	(1u << 31)
#define MS_TYPES	(MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)
#define MS_SB_FLAGS	(MS_RDONLY | MS_SYNCHRONOUS | MS_MANDLOCK | MS_DIRSYNC | MS_SILENT | MS_POSIXACL | \
			 MS_LAZYTIME | MS_I_VERSION)

static bool may_mount(void)
{
	return capable(CAP_SYS_ADMIN);
}

static bool in_our_ns(const struct mount *m)
{
	return READ_ONCE(m->ns) == current->nsproxy->mnt;
}

/* --- placing --- */

/*
 * The directory on which to mount: namespace_sem held for writing and the directory's inode locked on
 * success; p moves to the topmost mount there.
 */
static int lock_place(struct path *p)
{
	struct mount *m;
	struct dentry *d;

	for (;;) {
		d = p->dentry;
		inode_lock(d->inode);
		if (d->inode->flags & S_DEAD || (dentry_unhashed(d) && !dentry_is_root(d))) {
			inode_unlock(d->inode);
			return -ENOENT;
		}
		down_write(&namespace_sem);
		rcu_read_lock();
		m = mount_lookup(p->mnt, d);
		if (m)
			mount_get(m);		/* namespace_sem: it cannot go */
		rcu_read_unlock();
		if (!m)
			return 0;
		up_write(&namespace_sem);
		inode_unlock(d->inode);
		path_put(p);
		p->mnt = m;
		p->dentry = dentry_get(m->root);
	}
}

static void unlock_place(const struct path *p)
{
	up_write(&namespace_sem);
	inode_unlock(p->dentry->inode);
}

/* The copies that propagation made go to their places, below what is there if the place is taken. */
static void attach_copies(struct list_head *copies, struct dentry *mp)
{
	struct mount *c, *n, *over;

	list_for_each_entry_safe(c, n, copies, work_link) {
		struct mount *on = c->prop_src;
		struct path where = { NULL, NULL };

		list_del_init(&c->work_link);
		c->prop_src = NULL;
		over = mount_lookup(on, mp);
		if (over)
			mount_detach_locked(over, &where);
		mount_attach_locked(c, on, mp);
		mount_set_ns(c, on->ns);
		if (over) {
			mount_attach_locked(over, c, c->root);
			/* counts of the old place: neither is the last */
			dentry_put(where.dentry);
			mount_put(where.mnt);
		}
	}
}

/* namespace_sem held for writing. source is a tree of its own, or (move) attached somewhere. */
static int attach_tree(struct mount *source, struct mount *dest, struct dentry *mp, bool move)
{
	struct path old = { NULL, NULL };
	LIST_HEAD(copies);
	LIST_HEAD(gone);
	struct mount *p;
	int err;

	if (dest->ns->nr > 100000)
		return -ENOSPC;
	if (mount_is_shared(dest)) {
		err = mount_make_groups(source, true);
		if (err)
			return err;
		err = propagate_mount(dest, mp, source, &copies);
		if (err)
			goto undo;
	}
	mount_tree_lock();
	if (mount_is_shared(dest))
		for (p = source; p; p = mount_next(p, source))
			mount_change_type(p, MS_SHARED);
	if (move) {
		mount_detach_locked(source, &old);
		mount_attach_locked(source, dest, mp);
		mnt_ns_touch(dest->ns);
	} else {
		/* out of the anonymous namespace of a detached tree: the caller frees that */
		for (p = source; p && source->ns; p = mount_next(p, source))
			list_del_init(&p->ns_link);
		mount_attach_locked(source, dest, mp);
		mount_set_ns(source, dest->ns);
	}
	attach_copies(&copies, mp);
	mount_tree_unlock();
	if (old.mnt)
		path_put(&old);
	return 0;
undo:
	while (!list_empty(&copies)) {
		p = list_first_entry(&copies, struct mount, work_link);
		list_del_init(&p->work_link);
		p->prop_src = NULL;
		mount_tree_umount(p, 0, &gone);
	}
	for (p = source; p; p = mount_next(p, source))
		if (p->group_id && !mount_is_shared(p))
			mount_release_group(p);
	mount_put_list(&gone);
	return err;
}

static int graft(struct mount *m, const struct path *at)
{
	if (!in_our_ns(at->mnt))
		return -EINVAL;
	if (S_ISDIR_I(m->root->inode) != S_ISDIR_I(at->dentry->inode))
		return -ENOTDIR;
	return attach_tree(m, at->mnt, at->dentry, false);
}

/* --- the operations of mount(2) --- */

static int do_new_mount(struct path *at, const char *type, u32 sb_flags, u32 mflags, const char *source, const char *data)
{
	struct fs_type *t;
	struct super_block *sb;
	struct mount *m;
	int err;

	if (!type)
		return -EINVAL;
	t = fs_type_find(type);
	if (!t)
		return -ENODEV;
	if (t->flags & FS_NOMOUNT)
		return -EINVAL;
	sb = t->mount(t, sb_flags, source, data);
	if (IS_ERR(sb))
		return (int)PTR_ERR(sb);
	m = mount_alloc(sb, sb->root, source ? source : "none");
	if (!m) {
		super_put_active(sb);
		return -ENOMEM;
	}
	m->flags |= mflags;
	err = lock_place(at);
	if (err)
		goto out;
	/* the same instance twice at one place */
	if (at->mnt->sb == sb && at->mnt->root == at->dentry)
		err = -EBUSY;
	else if (S_ISLNK_I(m->root->inode))
		err = -EINVAL;
	else
		err = graft(m, at);
	unlock_place(at);
out:
	if (err)
		mount_put(m);
	return err;
}

struct mount *mount_copy_for_bind(const struct path *old, bool recurse)
{
	if (old->mnt->flags & MNT_UNBINDABLE)
		return ERR_PTR(-EINVAL);
	/* of another namespace, detached, or internal: only the names of namespaces may be bound */
	if (!in_our_ns(old->mnt) && old->dentry->sb->magic != NSFS_MAGIC)
		return ERR_PTR(-EINVAL);
	return recurse ? mount_copy_tree(old->mnt, old->dentry, 0) : mount_clone(old->mnt, old->dentry, 0);
}

static int do_bind(struct path *at, const char *from, bool recurse)
{
	struct path old;
	struct mount *m;
	int err;

	if (!from || !*from)
		return -EINVAL;
	err = kern_path(from, LOOKUP_FOLLOW, &old);
	if (err)
		return err;
	err = lock_place(at);
	if (err)
		goto out;
	err = -EINVAL;
	m = NULL;
	if (!in_our_ns(at->mnt))
		goto out_unlock;
	m = mount_copy_for_bind(&old, recurse);
	err = IS_ERR(m) ? (int)PTR_ERR(m) : 0;
	if (err)
		goto out_unlock;
	err = graft(m, at);
	if (err) {
		LIST_HEAD(gone);

		mount_tree_umount(m, 0, &gone);
		unlock_place(at);
		mount_put_list(&gone);
		goto out;
	}
out_unlock:
	unlock_place(at);
out:
	path_put(&old);
	return err;
}

static int set_mount_flags(struct mount *m, u32 mflags)
{
	int err = 0;

	if ((mflags & MNT_READONLY) && !(m->flags & MNT_READONLY))
		err = mount_make_readonly(m);
	if (err)
		return err;
	mount_tree_lock();
	m->flags = (m->flags & ~MNT_USER_FLAGS) | mflags;
	mnt_ns_touch(m->ns);
	mount_tree_unlock();
	return 0;
}

static bool is_mount_root(const struct path *p)
{
	return p->dentry == p->mnt->root;
}

/* MS_REMOUNT | MS_BIND: this mount's own flags. */
static int do_reconfigure(struct path *at, u32 mflags)
{
	int err;

	if (!is_mount_root(at) || !in_our_ns(at->mnt))
		return -EINVAL;
	down_write(&namespace_sem);
	err = set_mount_flags(at->mnt, mflags);
	up_write(&namespace_sem);
	return err;
}

int super_reconfigure(struct super_block *sb, u32 sb_flags, char *data)
{
	int err = 0;

	if (!(sb_flags & SB_RDONLY) && sb->bdev && bdev_read_only(sb->bdev))
		return -EACCES;
	down_write(&sb->umount);
	if (sb->frozen) {
		err = -EBUSY;
	} else if ((sb_flags & SB_RDONLY) && !(sb->flags & SB_RDONLY)) {
		sync_sb(sb, true);
		err = super_hold_writers(sb);
	}
	if (!err && SOP(sb, remount)) {
		err = sb->ops->remount(sb, sb_flags, data);
		if (err && (sb_flags & SB_RDONLY))
			sb->flags &= ~SB_RDONLY;
	}
	if (!err)
		sb->flags = (sb->flags & ~MS_RMT_MASK) | (sb_flags & MS_RMT_MASK);
	up_write(&sb->umount);
	return err;
}

/* MS_REMOUNT: the instance, and this mount's flags. */
static int do_remount(struct path *at, u32 sb_flags, u32 mflags, char *data)
{
	int err;

	if (!is_mount_root(at) || !in_our_ns(at->mnt))
		return -EINVAL;
	err = super_reconfigure(at->mnt->sb, sb_flags, data);
	if (err)
		return err;
	down_write(&namespace_sem);
	/* the instance's read-only state is not this mount's own */
	mount_tree_lock();
	at->mnt->flags = (at->mnt->flags & ~MNT_USER_FLAGS) | mflags;
	mnt_ns_touch(at->mnt->ns);
	mount_tree_unlock();
	up_write(&namespace_sem);
	return 0;
}

static int do_change_type(struct path *at, u32 flags)
{
	u32 type = flags & ~(MS_REC | MS_SILENT);
	bool recurse = flags & MS_REC;
	struct mount *m;
	int err = 0;

	if (!is_mount_root(at))
		return -EINVAL;
	if (!is_pow2(type) || (type & ~MS_TYPES))
		return -EINVAL;
	if (!in_our_ns(at->mnt))
		return -EINVAL;
	down_write(&namespace_sem);
	if (type == MS_SHARED)
		err = mount_make_groups(at->mnt, recurse);
	if (!err) {
		mount_tree_lock();
		for (m = at->mnt; m; m = recurse ? mount_next(m, at->mnt) : NULL)
			mount_change_type(m, type);
		mnt_ns_touch(at->mnt->ns);
		mount_tree_unlock();
	}
	up_write(&namespace_sem);
	return err;
}

static bool tree_has_unbindable(struct mount *m)
{
	struct mount *p;

	for (p = m; p; p = mount_next(p, m))
		if (p->flags & MNT_UNBINDABLE)
			return true;
	return false;
}

/* The place is locked. old is attached and ours, or the top of a detached tree. */
static int move_locked(const struct path *old, const struct path *at)
{
	bool attached = old->mnt->parent != old->mnt;
	struct mount *p;

	if (!in_our_ns(at->mnt) || !is_mount_root(old) || !old->mnt->ns)
		return -EINVAL;
	if (attached ? !in_our_ns(old->mnt) : !ns_anonymous(old->mnt->ns))
		return -EINVAL;
	if (old->mnt->flags & MNT_LOCKED)
		return -EINVAL;
	if (S_ISDIR_I(at->dentry->inode) != S_ISDIR_I(old->dentry->inode))
		return -EINVAL;
	/* out of a shared parent it would have to vanish from all peers */
	if (attached && mount_is_shared(old->mnt->parent))
		return -EINVAL;
	if (mount_is_shared(at->mnt) && tree_has_unbindable(old->mnt))
		return -EINVAL;
	for (p = at->mnt; p->parent != p; p = p->parent)
		if (p == old->mnt)
			return -ELOOP;
	return attach_tree(old->mnt, at->mnt, at->dentry, attached);
}

int mount_move_path(const struct path *old, struct path *at)
{
	struct mnt_ns *anon = NULL;
	int err = lock_place(at);

	if (err)
		return err;
	if (ns_anonymous(old->mnt->ns))
		anon = old->mnt->ns;
	err = move_locked(old, at);
	unlock_place(at);
	if (!err)
		kfree(anon);
	return err;
}

static int do_move(struct path *at, const char *from)
{
	struct path old;
	int err;

	if (!from || !*from)
		return -EINVAL;
	err = kern_path(from, LOOKUP_FOLLOW, &old);
	if (err)
		return err;
	err = mount_move_path(&old, at);
	path_put(&old);
	return err;
}

/* at: found with links followed; consumed by nobody. data may be changed. */
static int path_mount(const char *source, struct path *at, const char *type, u64 flags, char *data)
{
	u32 mflags = 0, sb_flags;

	if ((flags & MS_MGC_MSK) == MS_MGC_VAL)
		flags &= ~(u64)MS_MGC_MSK;
	if (flags & MS_NOUSER)
		return -EINVAL;
	if (!may_mount())
		return -EPERM;
	if (!(flags & MS_NOATIME))
		mflags |= MNT_RELATIME;
	if (flags & MS_NOSUID)
		mflags |= MNT_NOSUID;
	if (flags & MS_NODEV)
		mflags |= MNT_NODEV;
	if (flags & MS_NOEXEC)
		mflags |= MNT_NOEXEC;
	if (flags & MS_NOATIME)
		mflags |= MNT_NOATIME;
	if (flags & MS_NODIRATIME)
		mflags |= MNT_NODIRATIME;
	if (flags & MS_STRICTATIME)
		mflags &= ~(MNT_RELATIME | MNT_NOATIME);
	if (flags & MS_RDONLY)
		mflags |= MNT_READONLY;
	if (flags & MS_NOSYMFOLLOW)
		mflags |= MNT_NOSYMFOLLOW;
	/* A remount that says nothing about access times keeps them. */
	if ((flags & MS_REMOUNT) && !(flags & (MS_NOATIME | MS_NODIRATIME | MS_RELATIME | MS_STRICTATIME)))
		mflags = (mflags & ~MNT_ATIME_MASK) | (at->mnt->flags & MNT_ATIME_MASK);
	sb_flags = (u32)(flags & MS_SB_FLAGS);
	if ((flags & (MS_REMOUNT | MS_BIND)) == (MS_REMOUNT | MS_BIND))
		return do_reconfigure(at, mflags);
	if (flags & MS_REMOUNT)
		return do_remount(at, sb_flags, mflags, data);
	if (flags & MS_BIND)
		return do_bind(at, source, flags & MS_REC);
	if (flags & MS_TYPES)
		return do_change_type(at, (u32)flags & (MS_TYPES | MS_REC | MS_SILENT | MS_MOVE));
	if (flags & MS_MOVE)
		return do_move(at, source);
	return do_new_mount(at, type, sb_flags & ~(u32)MS_SILENT, mflags, source, data);
}

int ksys_mount(const char *source, const char *dir, const char *type, u32 flags, const char *options)
{
	char *data = options ? kstrdup(options, GFP_KERNEL) : NULL;
	struct path at;
	int err;

	if (options && !data)
		return -ENOMEM;
	err = kern_path(dir, LOOKUP_FOLLOW, &at);
	if (!err) {
		err = path_mount(source, &at, type, flags, data);
		path_put(&at);
	}
	kfree(data);
	return err;
}

/* A string argument that may be NULL. *res is to be kfree'd. */
static int string_arg(uin_str u, char **res)
{
	char *s;
	ssize_t n;

	*res = NULL;
	if (!u.addr)
		return 0;
	s = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!s)
		return -ENOMEM;
	n = strncpy_in(s, u, PAGE_SIZE);
	if (n < 0) {
		kfree(s);
		return n == -ENAMETOOLONG ? -EINVAL : (int)n;
	}
	*res = s;
	return 0;
}

/* Mount data: up to a page, as far as it is readable. */
static int data_arg(uaddr_t u, char **res)
{
	size_t left;
	char *s;

	*res = NULL;
	if (!u.v)
		return 0;
	s = kzalloc(PAGE_SIZE, GFP_KERNEL);
	if (!s)
		return -ENOMEM;
	left = copy_in_partial(s, u, PAGE_SIZE);
	if (left == PAGE_SIZE) {
		kfree(s);
		return -EFAULT;
	}
	s[PAGE_SIZE - 1] = 0;
	*res = s;
	return 0;
}

long sys_mount(uin_str usource, uin_str udir, uin_str utype, u64 flags, uin_void udata)
{
	char *type = NULL, *source = NULL, *data = NULL;
	struct path at;
	int err;

	err = string_arg(utype, &type);
	if (!err)
		err = string_arg(usource, &source);
	if (!err)
		err = data_arg(uaddr(udata.addr), &data);
	if (!err)
		err = user_path_at(AT_FDCWD, udir, LOOKUP_FOLLOW, &at);
	if (!err) {
		err = path_mount(source, &at, type, flags, data);
		path_put(&at);
	}
	kfree(data);
	kfree(source);
	kfree(type);
	return err;
}

/* --- umount2 --- */

/* The root of this task: not unmounted, but made read-only. */
static int umount_root(struct super_block *sb)
{
	int err = 0;

	down_write(&sb->umount);
	if (sb->frozen) {
		err = -EBUSY;
	} else if (!(sb->flags & SB_RDONLY)) {
		sync_sb(sb, true);
		err = super_hold_writers(sb);
		if (!err && SOP(sb, remount))
			err = sb->ops->remount(sb, sb->flags | SB_RDONLY, NULL);
	}
	up_write(&sb->umount);
	return err;
}

static int do_umount(struct mount *m, int flags)
{
	LIST_HEAD(gone);
	int err = 0;

	if (flags & MNT_EXPIRE) {
		u32 old;

		if (m == current->fs->root.mnt || (flags & (MNT_FORCE | MNT_DETACH)))
			return -EINVAL;
		mount_tree_lock();
		/* the tree's count and ours */
		if (mount_count_sum(m, 0) != 2) {
			mount_tree_unlock();
			return -EBUSY;
		}
		old = m->flags;
		m->flags |= MNT_EXPIRE_MARK;
		mount_tree_unlock();
		if (!(old & MNT_EXPIRE_MARK))
			return -EAGAIN;
	}
	if ((flags & MNT_FORCE) && SOP(m->sb, umount_begin))
		m->sb->ops->umount_begin(m->sb);
	if (m == current->fs->root.mnt && !(flags & MNT_DETACH))
		return umount_root(m->sb);
	down_write(&namespace_sem);
	if (m->flags & MNT_LOCKED) {
		err = -EINVAL;
	} else if (!in_our_ns(m)) {
		err = -EINVAL;
	} else if (flags & MNT_DETACH) {
		mount_tree_umount(m, UMOUNT_PROPAGATE, &gone);
	} else {
		bool busy;

		spin_lock(&mount_lock);
		busy = propagate_busy(m, 2);
		spin_unlock(&mount_lock);
		if (busy)
			err = -EBUSY;
		else
			mount_tree_umount(m, UMOUNT_PROPAGATE | UMOUNT_SYNC, &gone);
	}
	up_write(&namespace_sem);
	mount_put_list(&gone);
	return err;
}

long sys_umount2(uin_str path, int flags)
{
	struct path p;
	int err;

	if (flags & ~(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW))
		return -EINVAL;
	err = user_path_at(AT_FDCWD, path, flags & UMOUNT_NOFOLLOW ? 0 : LOOKUP_FOLLOW, &p);
	if (err)
		return err;
	if (!may_mount())
		err = -EPERM;
	else if (!is_mount_root(&p) || !in_our_ns(p.mnt) || p.mnt->parent == p.mnt)
		err = -EINVAL;
	else
		err = 0;
	if (!err || (err == -EINVAL && is_mount_root(&p) && in_our_ns(p.mnt) && p.mnt == current->fs->root.mnt)) {
		struct mount *m = p.mnt;

		/* keep the mount, not its root: the last put of the dentry must not outlive it */
		dentry_put(p.dentry);
		err = do_umount(m, flags);
		mount_put(m);
		return err;
	}
	path_put(&p);
	return err;
}

/* --- pivot_root --- */

/* Is p at or below root, by mounts? namespace_sem held. */
static bool reachable(const struct path *p, const struct path *root)
{
	struct mount *m = p->mnt;
	struct dentry *d = p->dentry;

	while (m != root->mnt && m->parent != m) {
		d = m->mountpoint;
		m = m->parent;
	}
	return m == root->mnt && dentry_is_ancestor(root->dentry, d);
}

static int do_pivot(struct path *new, struct path *old, const struct path *root)
{
	struct mount *new_mnt = new->mnt, *root_mnt = root->mnt, *root_parent;
	struct path new_place, root_place;
	int err = -EINVAL;

	if (mount_is_shared(old->mnt) || mount_is_shared(new_mnt->parent) || mount_is_shared(root_mnt->parent))
		return err;
	if (!in_our_ns(root_mnt) || !in_our_ns(new_mnt))
		return err;
	if (new_mnt->flags & MNT_LOCKED)
		return err;
	if (dentry_unhashed(new->dentry) && !dentry_is_root(new->dentry))
		return -ENOENT;
	if (new_mnt == root_mnt || old->mnt == root_mnt)
		return -EBUSY;
	if (!is_mount_root(root) || root_mnt->parent == root_mnt || !is_mount_root(new) || new_mnt->parent == new_mnt)
		return err;
	if (!reachable(old, new) || !reachable(new, root))
		return err;
	root_parent = root_mnt->parent;
	mount_tree_lock();
	mount_detach_locked(new_mnt, &new_place);
	mount_detach_locked(root_mnt, &root_place);
	mount_attach_locked(root_mnt, old->mnt, old->dentry);
	mount_attach_locked(new_mnt, root_parent, root_place.dentry);
	mnt_ns_touch(root_mnt->ns);
	root_mnt->flags &= ~MNT_EXPIRE_MARK;
	mount_tree_unlock();
	path_put(&new_place);
	path_put(&root_place);
	return 0;
}

long sys_pivot_root(uin_str new_root, uin_str put_old)
{
	struct path new, old, root;
	int err;

	if (!may_mount())
		return -EPERM;
	err = user_path_at(AT_FDCWD, new_root, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &new);
	if (err)
		return err;
	err = user_path_at(AT_FDCWD, put_old, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &old);
	if (err)
		goto out_new;
	fs_get_root(current->fs, &root);
	err = lock_place(&old);
	if (!err) {
		err = do_pivot(&new, &old, &root);
		unlock_place(&old);
	}
	if (!err)
		fs_replace_all(&root, &new);
	path_put(&root);
	path_put(&old);
out_new:
	path_put(&new);
	return err;
}
