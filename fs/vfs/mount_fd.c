/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Mounts by descriptor: fsmount(2), open_tree(2), move_mount(2), mount_setattr(2).
 *
 * A detached tree lives in an anonymous namespace of its own (mnt_ns.anon), held by the O_PATH file
 * that made it (FMODE_UNMOUNT): when that is closed and the tree was not attached, it goes. Attaching
 * takes the tree out of that namespace, which is then freed.
 */
#include "internal.h"
#include "fscontext.h"
#include <base/math.h>
#include <core/slab.h>
#include <kernel/ns.h>
#include <kernel/syscall.h>

static bool may_mount(void)
{
	return capable(CAP_SYS_ADMIN);
}

/* --- anonymous namespaces --- */

static struct mnt_ns *anon_ns_alloc(void)
{
	struct mnt_ns *ns = kzalloc(sizeof(*ns), GFP_KERNEL);

	if (!ns)
		return NULL;
	ref_init(&ns->ref, 1);
	list_init(&ns->mounts);
	ns->anon = true;
	return ns;
}

void mount_dissolve(struct mount *m)
{
	struct mnt_ns *ns = NULL;
	LIST_HEAD(gone);

	down_write(&namespace_sem);
	if (ns_anonymous(m->ns) && m->ns->root == m) {
		ns = m->ns;
		mount_tree_umount(m, 0, &gone);
	}
	up_write(&namespace_sem);
	mount_put_list(&gone);
	kfree(ns);
}

/* A descriptor for the top of a tree that belongs to ns now. */
static struct file *tree_file(struct mount *top)
{
	struct path p = { top, top->root };
	struct file *f = file_open_path(&p, O_PATH, current_cred());

	if (IS_ERR(f))
		mount_dissolve(top);
	else
		f->mode |= FMODE_UNMOUNT;
	return f;
}

/* namespace_sem held for writing: top, in no namespace, and all below go into ns. */
static void enter_anon(struct mount *top, struct mnt_ns *ns)
{
	ns->root = top;
	mount_tree_lock();
	mount_set_ns(top, ns);
	mount_tree_unlock();
}

/* --- attributes --- */

#define FSMOUNT_ATTRS (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | \
	MOUNT_ATTR__ATIME | MOUNT_ATTR_NODIRATIME | MOUNT_ATTR_NOSYMFOLLOW)

static u32 plain_flags(u64 attr)
{
	return (attr & MOUNT_ATTR_RDONLY ? MNT_READONLY : 0) | (attr & MOUNT_ATTR_NOSUID ? MNT_NOSUID : 0) |
	       (attr & MOUNT_ATTR_NODEV ? MNT_NODEV : 0) | (attr & MOUNT_ATTR_NOEXEC ? MNT_NOEXEC : 0) |
	       (attr & MOUNT_ATTR_NODIRATIME ? MNT_NODIRATIME : 0) |
	       (attr & MOUNT_ATTR_NOSYMFOLLOW ? MNT_NOSYMFOLLOW : 0);
}

/* The access-time field is a number, not bits. -EINVAL. */
static int atime_flags(u64 attr, u32 *flags)
{
	switch (attr & MOUNT_ATTR__ATIME) {
	case MOUNT_ATTR_RELATIME:
		*flags |= MNT_RELATIME;
		return 0;
	case MOUNT_ATTR_NOATIME:
		*flags |= MNT_NOATIME;
		return 0;
	case MOUNT_ATTR_STRICTATIME:
		return 0;
	default:
		return -EINVAL;
	}
}

/* --- fsmount --- */

static struct file *context_mount(struct fs_context *c, u32 mflags)
{
	struct mnt_ns *ns;
	struct mount *m;

	if (!c->target)
		return ERR_PTR(-EINVAL);
	if (c->phase != FSC_AWAIT_MOUNT)
		return ERR_PTR(-EBUSY);
	ns = anon_ns_alloc();
	if (!ns)
		return ERR_PTR(-ENOMEM);
	m = mount_alloc(c->sb, c->sb->root, c->source ? c->source : "none");
	if (!m) {
		kfree(ns);
		return ERR_PTR(-ENOMEM);
	}
	c->sb = NULL;			/* the mount has the reference */
	m->flags |= mflags;
	down_write(&namespace_sem);
	enter_anon(m, ns);
	up_write(&namespace_sem);
	fs_context_clean(c);
	return tree_file(m);
}

long sys_fsmount(int fd, unsigned int flags, unsigned int attr)
{
	u32 mflags, oflags = flags & FSMOUNT_CLOEXEC ? O_CLOEXEC : 0;
	struct fs_context *c;
	struct file *file;
	struct fd f;
	int err;

	if (!may_mount())
		return -EPERM;
	if (flags & ~FSMOUNT_CLOEXEC || attr & ~FSMOUNT_ATTRS)
		return -EINVAL;
	mflags = plain_flags(attr);
	err = atime_flags(attr, &mflags);
	if (err)
		return err;
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	err = -EINVAL;
	if (f.file->ops != &fscontext_fops)
		goto out;
	c = f.file->private;
	err = -ERESTARTSYS;
	if (mutex_lock_interruptible(&c->lock))
		goto out;
	file = context_mount(c, mflags);
	mutex_unlock(&c->lock);
	err = IS_ERR(file) ? (int)PTR_ERR(file) : fd_add(file, oflags);
out:
	fdput(f);
	return err;
}

/* --- open_tree --- */

static struct file *copy_tree_file(const struct path *p, bool recurse)
{
	struct mnt_ns *ns = anon_ns_alloc();
	struct mount *m;

	if (!ns)
		return ERR_PTR(-ENOMEM);
	down_write(&namespace_sem);
	m = mount_copy_for_bind(p, recurse);
	if (!IS_ERR(m))
		enter_anon(m, ns);
	up_write(&namespace_sem);
	if (IS_ERR(m)) {
		kfree(ns);
		return ERR_CAST(m);
	}
	return tree_file(m);
}

long sys_open_tree(int dirfd, uin_str path, unsigned int flags)
{
	bool clone = flags & OPEN_TREE_CLONE;
	u32 lookup = (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) | (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
	struct file *file;
	struct path p;
	int err;

	if (flags & ~(AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW | OPEN_TREE_CLONE |
		      OPEN_TREE_CLOEXEC))
		return -EINVAL;
	if (flags & AT_RECURSIVE && !clone)
		return -EINVAL;
	if (clone && !may_mount())
		return -EPERM;
	err = user_path_at(dirfd, path, lookup, &p);
	if (err)
		return err;
	file = clone ? copy_tree_file(&p, flags & AT_RECURSIVE) : file_open_path(&p, O_PATH, current_cred());
	path_put(&p);
	return IS_ERR(file) ? PTR_ERR(file) : fd_add(file, flags & OPEN_TREE_CLOEXEC ? O_CLOEXEC : 0);
}

/* --- move_mount --- */

/* MOVE_MOUNT_SET_GROUP: `to`, private, joins the group of `from`. namespace_sem held for writing. */
static int set_group(const struct path *from, const struct path *to)
{
	struct mount *f = from->mnt, *t = to->mnt;

	if (!f->ns || !t->ns || f->root != from->dentry || t->root != to->dentry)
		return -EINVAL;
	if (f->sb != t->sb || !dentry_is_ancestor(f->root, t->root))
		return -EINVAL;
	if (mount_is_shared(t) || t->master || (!mount_is_shared(f) && !f->master))
		return -EINVAL;
	mount_tree_lock();
	if (f->master) {
		list_add(&t->slave_link, &f->master->slaves);
		t->master = f->master;
	}
	if (mount_is_shared(f)) {
		t->group_id = f->group_id;
		list_add(&t->peers, &f->peers);
		t->flags |= MNT_SHARED;
	}
	mnt_ns_touch(t->ns);
	mount_tree_unlock();
	return 0;
}

long sys_move_mount(int from_dirfd, uin_str from_path, int to_dirfd, uin_str to_path, unsigned int flags)
{
	struct path from, to;
	int err;

	if (!may_mount())
		return -EPERM;
	if (flags & ~(MOVE_MOUNT_F_SYMLINKS | MOVE_MOUNT_F_AUTOMOUNTS | MOVE_MOUNT_F_EMPTY_PATH |
		      MOVE_MOUNT_T_SYMLINKS | MOVE_MOUNT_T_AUTOMOUNTS | MOVE_MOUNT_T_EMPTY_PATH | MOVE_MOUNT_SET_GROUP))
		return -EINVAL;
	err = user_path_at(from_dirfd, from_path, (flags & MOVE_MOUNT_F_SYMLINKS ? LOOKUP_FOLLOW : 0) |
			   (flags & MOVE_MOUNT_F_EMPTY_PATH ? LOOKUP_EMPTY : 0), &from);
	if (err)
		return err;
	err = user_path_at(to_dirfd, to_path, (flags & MOVE_MOUNT_T_SYMLINKS ? LOOKUP_FOLLOW : 0) |
			   (flags & MOVE_MOUNT_T_EMPTY_PATH ? LOOKUP_EMPTY : 0), &to);
	if (err)
		goto out;
	if (flags & MOVE_MOUNT_SET_GROUP) {
		down_write(&namespace_sem);
		err = set_group(&from, &to);
		up_write(&namespace_sem);
	} else {
		err = mount_move_path(&from, &to);
	}
	path_put(&to);
out:
	path_put(&from);
	return err;
}

/* --- mount_setattr --- */

struct attr_change {
	u32 set, clear;
	u32 propagation;
	bool recurse;
};

static int attr_build(const struct mount_attr *a, struct attr_change *c)
{
	if (a->propagation & ~(u64)(MS_UNBINDABLE | MS_PRIVATE | MS_SLAVE | MS_SHARED) ||
	    (a->propagation && !is_pow2(a->propagation)))
		return -EINVAL;
	if ((a->attr_set | a->attr_clr) & ~(u64)(FSMOUNT_ATTRS | MOUNT_ATTR_IDMAP))
		return -EINVAL;
	/* Only a user namespace's descriptor would do, and there is none. */
	if ((a->attr_set | a->attr_clr) & MOUNT_ATTR_IDMAP) {
		struct fd f;

		if (a->attr_clr & MOUNT_ATTR_IDMAP || a->userns_fd > INT32_MAX)
			return -EINVAL;
		f = fdget((int)a->userns_fd);
		if (!f.file)
			return -EBADF;
		fdput(f);
		return -EINVAL;
	}
	c->propagation = (u32)a->propagation;
	c->set = plain_flags(a->attr_set);
	c->clear = plain_flags(a->attr_clr);
	/* A new value for access times asks for all of the field to be cleared. */
	if (!(a->attr_clr & MOUNT_ATTR__ATIME))
		return a->attr_set & MOUNT_ATTR__ATIME ? -EINVAL : 0;
	if ((a->attr_clr & MOUNT_ATTR__ATIME) != MOUNT_ATTR__ATIME)
		return -EINVAL;
	c->clear |= MNT_RELATIME | MNT_NOATIME;
	return atime_flags(a->attr_set, &c->set);
}

/* Make all of the tree read-only that is not yet, or nothing. */
static int hold_tree(struct mount *top, bool recurse)
{
	struct mount *m, *u;
	int err;

	for (m = top; m; m = recurse ? mount_next(m, top) : NULL) {
		if (m->flags & MNT_READONLY)
			continue;
		err = mount_make_readonly(m);
		if (!err) {
			m->flags |= MNT_JUST_RDONLY;
			continue;
		}
		mount_tree_lock();
		for (u = top; u; u = recurse ? mount_next(u, top) : NULL)
			if (u->flags & MNT_JUST_RDONLY)
				u->flags &= ~(MNT_JUST_RDONLY | MNT_READONLY);
		mount_tree_unlock();
		return err;
	}
	return 0;
}

/* namespace_sem held for writing. */
static int attr_apply(struct mount *top, const struct attr_change *c)
{
	struct mount *m;
	int err = 0;

	if (!top->ns || (top->parent != top ? top->ns != current->nsproxy->mnt : !ns_anonymous(top->ns)))
		return -EINVAL;
	if (c->propagation == MS_SHARED) {
		err = mount_make_groups(top, c->recurse);
		if (err)
			return err;
	}
	if (c->set & MNT_READONLY)
		err = hold_tree(top, c->recurse);
	if (err)
		goto undo;
	mount_tree_lock();
	for (m = top; m; m = c->recurse ? mount_next(m, top) : NULL) {
		m->flags = (m->flags & ~(c->clear | MNT_JUST_RDONLY)) | c->set;
		if (c->propagation)
			mount_change_type(m, c->propagation);
	}
	mnt_ns_touch(top->ns);
	mount_tree_unlock();
	return 0;
undo:
	for (m = top; m; m = c->recurse ? mount_next(m, top) : NULL)
		if (c->propagation == MS_SHARED && m->group_id && !mount_is_shared(m))
			mount_release_group(m);
	return err;
}

/* The user's struct may be older (zero beyond) or newer (must be zero beyond). */
static int attr_in(struct mount_attr *a, uin_mount_attr u, size_t size)
{
	if (size > PAGE_SIZE)
		return -E2BIG;
	if (size < MOUNT_ATTR_SIZE_VER0)
		return -EINVAL;
	if (!may_mount())
		return -EPERM;
	if (copy_in(a, u))
		return -EFAULT;
	for (size_t off = sizeof(*a); off < size; off++) {
		u8 b;

		if (copy_in_bytes(&b, uaddr(u.addr + off), 1))
			return -EFAULT;
		if (b)
			return -E2BIG;
	}
	return 0;
}

long sys_mount_setattr(int dirfd, uin_str path, unsigned int flags, uin_mount_attr uattr, size_t size)
{
	u32 lookup = (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) | (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
	struct attr_change c = { .recurse = flags & AT_RECURSIVE };
	struct mount_attr a;
	struct path p;
	int err;

	if (flags & ~(AT_EMPTY_PATH | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT))
		return -EINVAL;
	err = attr_in(&a, uattr, size);
	if (err)
		return err;
	if (!a.attr_set && !a.attr_clr && !a.propagation)
		return 0;
	err = attr_build(&a, &c);
	if (!err)
		err = user_path_at(dirfd, path, lookup, &p);
	if (err)
		return err;
	err = -EINVAL;
	if (p.mnt->root == p.dentry) {
		down_write(&namespace_sem);
		err = attr_apply(p.mnt, &c);
		up_write(&namespace_sem);
	}
	path_put(&p);
	return err;
}
