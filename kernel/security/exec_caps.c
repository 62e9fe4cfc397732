/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What execve makes of identity and capability sets (capabilities(7), "Transformation of capabilities
 * during execve()"): set-id bits, file capabilities, root's, the ambient set, and what is taken back
 * again when the caller could use the new image for more than it may (no_new_privs, a shared working
 * directory, a tracer).
 */
#include <base/byteorder.h>
#include <base/err.h>
#include <base/math.h>
#include <core/printk.h>
#include <core/rcu.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <fs/mount.h>
#include <kernel/task.h>
#include <uapi/linux/personality.h>
#include <uapi/linux/xattr.h>

#define CAPS_SIZE_1	12
#define CAPS_SIZE_2	20
#define CAPS_SIZE_3	24

struct file_caps {
	u64 permitted, inheritable;
	bool effective;
};

/* The attribute as it lies on the disk. 0; -ENODATA: none that counts here; -EINVAL. */
static int caps_parse(const struct vfs_ns_cap_data *d, size_t size, struct file_caps *c)
{
	u32 words;

	if (size < sizeof(d->magic_etc))
		return -EINVAL;
	switch (d->magic_etc & VFS_CAP_REVISION_MASK) {
	case VFS_CAP_REVISION_1:
		if (size != CAPS_SIZE_1)
			return -EINVAL;
		words = 1;
		break;
	case VFS_CAP_REVISION_2:
		if (size != CAPS_SIZE_2)
			return -EINVAL;
		words = 2;
		break;
	case VFS_CAP_REVISION_3:
		if (size != CAPS_SIZE_3)
			return -EINVAL;
		/* Of another user namespace's root: there is only the first. */
		if (d->rootid)
			return -ENODATA;
		words = 2;
		break;
	default:
		return -EINVAL;
	}
	c->permitted = d->data[0].permitted | (words == 2 ? (u64)d->data[1].permitted << 32 : 0);
	c->inheritable = d->data[0].inheritable | (words == 2 ? (u64)d->data[1].inheritable << 32 : 0);
	c->permitted &= CAP_FULL.v;
	c->inheritable &= CAP_FULL.v;
	c->effective = d->magic_etc & VFS_CAP_FLAGS_EFFECTIVE;
	return 0;
}

static int caps_read(struct inode *inode, struct file_caps *c)
{
	struct vfs_ns_cap_data d;
	ssize_t n;

	inode_lock_shared(inode);
	n = inode_getxattr(inode, XATTR_NAME_CAPS, &d, sizeof(d));
	inode_unlock_shared(inode);
	if (n == -ENODATA || n == -EOPNOTSUPP)
		return -ENODATA;
	return n < 0 ? (int)n : caps_parse(&d, (size_t)n, c);
}

/* pP' = (X & fP) | (pI & fI). -EPERM: the program counts on more than the bounding set leaves. */
static int apply_file_caps(struct cred *n, struct file *f, bool nosuid, bool *effective, bool *has)
{
	struct file_caps c = { 0 };
	int err;

	n->permitted = CAP_NONE;
	if (nosuid)
		return 0;
	err = caps_read(f->inode, &c);
	if (err == -EINVAL)
		pr_warn_once("exec: the capabilities of a program are malformed\n");
	if (err)
		return err == -ENODATA ? 0 : err;
	*has = true;
	*effective = c.effective;
	n->permitted.v = (n->bset.v & c.permitted) | (n->inheritable.v & c.inheritable);
	return c.effective && c.permitted & ~n->permitted.v ? -EPERM : 0;
}

/* Set-user-id and set-group-id bits, unless the mount or no_new_privs forbids them. */
static void apply_setid(struct cred *n, const struct inode *inode, bool nosuid)
{
	if (nosuid || current->no_new_privs)
		return;
	if (inode->mode & S_ISUID)
		n->euid = inode->uid;
	if ((inode->mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
		n->egid = inode->gid;
}

/* For root the missing file capabilities are all of them. */
static void apply_root(struct cred *n, bool has_caps, bool *effective)
{
	if (n->securebits & (1u << SECURE_NOROOT))
		return;
	/* Set-user-id root with capabilities of its own: those are what it is to have. */
	if (has_caps && n->euid.v == 0 && n->uid.v != 0)
		return;
	if (n->euid.v == 0 || n->uid.v == 0)
		n->permitted.v = n->bset.v | n->inheritable.v;
	if (n->euid.v == 0)
		*effective = true;
}

/* Does a task outside this process share our root and directory? It could move them under the program. */
static bool fs_shared(void)
{
	struct fs_struct *fs = current->fs;
	struct task *t;
	int ours = 0;

	rcu_read_lock();
	for_each_thread(current->proc, t)
		if (READ_ONCE(t->fs) == fs)
			ours++;
	rcu_read_unlock();
	return ref_read(&fs->ref) > ours;
}

int cred_for_exec(struct cred *n, struct file *f, bool *secure)
{
	const struct cred *old = current_cred();
	bool nosuid = READ_ONCE(f->path.mnt->flags) & MNT_NOSUID;
	bool effective = false, has_caps = false, setid, gained;
	int err;

	apply_setid(n, f->inode, nosuid);
	err = apply_file_caps(n, f, nosuid, &effective, &has_caps);
	if (err)
		return err;
	apply_root(n, has_caps, &effective);
	gained = n->permitted.v & ~old->permitted.v;
	setid = !uid_eq(n->euid, old->uid) || !gid_eq(n->egid, old->gid);
	if (gained || !uid_eq(n->euid, old->euid) || !gid_eq(n->egid, old->egid))
		current->personality &= ~PER_CLEAR_ON_SETID;
	if ((setid || gained) && (current->no_new_privs || fs_shared() || !ptrace_tracer_capable())) {
		if (!ns_capable(n, n->user_ns, CAP_SETUID) || current->no_new_privs) {
			n->euid = n->uid;
			n->egid = n->gid;
		}
		n->permitted.v &= old->permitted.v;
	}
	if (has_caps || setid)
		n->ambient = CAP_NONE;
	n->permitted.v |= n->ambient.v;
	n->effective = effective ? n->permitted : n->ambient;
	n->suid = n->fsuid = n->euid;
	n->sgid = n->fsgid = n->egid;
	n->securebits &= ~(1u << SECURE_KEEP_CAPS);
	setid = !uid_eq(n->euid, old->uid) || !gid_eq(n->egid, old->gid);
	*secure = setid || (n->uid.v != 0 && (effective || n->permitted.v & ~n->ambient.v));
	return 0;
}
