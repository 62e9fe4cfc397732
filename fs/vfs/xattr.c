/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Extended attributes: the system calls, who may touch which name space (xattr(7)), and passing on to
 * the file system's operations, which know what they store.
 */
#include "internal.h"
#include <base/byteorder.h>
#include <base/math.h>
#include <fs/posix_acl.h>
#include <kernel/syscall.h>
#include <uapi/linux/limits.h>
#include <uapi/linux/xattr.h>

enum xattr_access { XATTR_GET, XATTR_SET, XATTR_REMOVE };

static int xattr_permission(struct inode *inode, const char *name, enum xattr_access how)
{
	bool write = how != XATTR_GET;

	if (write && (inode->flags & (S_IMMUTABLE | S_APPEND)))
		return -EPERM;
	if (strstarts(name, XATTR_SECURITY_PREFIX) || strstarts(name, XATTR_SYSTEM_PREFIX))
		return 0;
	if (strstarts(name, XATTR_TRUSTED_PREFIX)) {
		if (!capable(CAP_SYS_ADMIN))
			return write ? -EPERM : -ENODATA;
		return 0;
	}
	if (strstarts(name, XATTR_USER_PREFIX)) {
		if (!S_ISREG_I(inode) && !S_ISDIR_I(inode))
			return write ? -EPERM : -ENODATA;
		if (S_ISDIR_I(inode) && (inode->mode & S_ISVTX) && write && !inode_owner_or_capable(inode))
			return -EPERM;
	}
	return inode_check_permission(inode, write ? MAY_WRITE : MAY_READ);
}

/* security.capability: form and right to set it. */
static int check_caps(const void *v, size_t size)
{
	u32 magic;

	if (size < 4)
		return -EINVAL;
	memcpy(&magic, v, 4);
	magic &= VFS_CAP_REVISION_MASK;
	if (!(magic == 0x02000000u && size == 20) && !(magic == 0x03000000u && size == 24))
		return -EINVAL;
	return capable(CAP_SETFCAP) ? 0 : -EPERM;
}

/* What the security modules of a plain Linux ask for; none is loaded, so only capabilities count. */
static int security_allowed(const char *name, const void *v, size_t size, bool set)
{
	if (!strstarts(name, XATTR_SECURITY_PREFIX))
		return 0;
	if (streq(name, XATTR_NAME_CAPS)) {
		if (set)
			return check_caps(v, size);
		return capable(CAP_SETFCAP) ? 0 : -EPERM;
	}
	return capable(CAP_SYS_ADMIN) ? 0 : -EPERM;
}

static int set_xattr(const struct path *p, const char *name, const void *v, size_t size, int flags)
{
	struct inode *inode = p->dentry->inode;
	int acl, err = mount_want_write(p->mnt);

	if (err)
		return err;
	inode_lock(inode);
	err = xattr_permission(inode, name, XATTR_SET);
	if (!err)
		err = security_allowed(name, v, size, true);
	if (!err && streq(name, XATTR_NAME_CAPS))
		inode->flags &= ~S_NOSEC;
	if (!err)
		err = posix_acl_name(name, &acl) ? posix_acl_setxattr(inode, acl, v, size) :
						   inode_setxattr(inode, name, v, size, flags);
	inode_unlock(inode);
	if (!err && atomic_read(&notify_watches))
		notify_dentry(p->dentry, IN_ATTRIB);
	mount_drop_write(p->mnt);
	return err;
}

static int remove_xattr(const struct path *p, const char *name)
{
	struct inode *inode = p->dentry->inode;
	int acl, err = mount_want_write(p->mnt);

	if (err)
		return err;
	inode_lock(inode);
	err = xattr_permission(inode, name, XATTR_REMOVE);
	if (!err)
		err = security_allowed(name, NULL, 0, false);
	if (!err)
		err = posix_acl_name(name, &acl) ? posix_acl_setxattr(inode, acl, NULL, 0) : inode_removexattr(inode, name);
	inode_unlock(inode);
	if (!err && atomic_read(&notify_watches))
		notify_dentry(p->dentry, IN_ATTRIB);
	mount_drop_write(p->mnt);
	return err;
}

/*
 * Capabilities with a root id of ours are shown in the older form, as all programs know it. How long
 * they are then.
 */
static ssize_t caps_for_user(struct inode *inode, void *buf, size_t size)
{
	struct vfs_ns_cap_data d;
	ssize_t n = inode_getxattr(inode, XATTR_NAME_CAPS, &d, sizeof(d));

	if (n == sizeof(d) && (d.magic_etc & VFS_CAP_REVISION_MASK) == VFS_CAP_REVISION_3 && !d.rootid) {
		d.magic_etc = VFS_CAP_REVISION_2 | (d.magic_etc & VFS_CAP_FLAGS_EFFECTIVE);
		n = offsetof(struct vfs_ns_cap_data, rootid);
	}
	if (n <= 0 || !size)
		return n;
	if ((size_t)n > size)
		return -ERANGE;
	memcpy(buf, &d, (size_t)n);
	return n;
}

static ssize_t get_xattr(const struct path *p, const char *name, uaddr_t ubuf, size_t size)
{
	struct inode *inode = p->dentry->inode;
	void *buf = NULL;
	ssize_t n;
	int acl;

	n = xattr_permission(inode, name, XATTR_GET);
	if (n)
		return n;
	size = min_t(size_t, size, XATTR_SIZE_MAX);
	if (size) {
		buf = kvmalloc(size, GFP_KERNEL);
		if (!buf)
			return -ENOMEM;
	}
	inode_lock_shared(inode);
	if (posix_acl_name(name, &acl))
		n = posix_acl_getxattr(inode, acl, buf, size);
	else
		n = streq(name, XATTR_NAME_CAPS) ? caps_for_user(inode, buf, size) : inode_getxattr(inode, name, buf, size);
	inode_unlock_shared(inode);
	if (n > 0 && size && copy_out_bytes(ubuf, buf, (size_t)n))
		n = -EFAULT;
	else if (n == -ERANGE && size >= XATTR_SIZE_MAX)
		n = -E2BIG;
	kvfree(buf);
	return n;
}

static ssize_t list_xattr(const struct path *p, uaddr_t ubuf, size_t size)
{
	struct inode *inode = p->dentry->inode;
	char *buf = NULL;
	ssize_t n;

	size = min_t(size_t, size, XATTR_LIST_MAX);
	if (size) {
		buf = kvmalloc(size, GFP_KERNEL);
		if (!buf)
			return -ENOMEM;
	}
	inode_lock_shared(inode);
	n = inode_listxattr(inode, buf, size);
	inode_unlock_shared(inode);
	if (n > 0 && size && copy_out_bytes(ubuf, buf, (size_t)n))
		n = -EFAULT;
	else if (n == -ERANGE && size >= XATTR_LIST_MAX)
		n = -E2BIG;
	kvfree(buf);
	return n;
}

/* --- arguments --- */

static int name_in(char kname[XATTR_NAME_MAX + 1], uin_str name)
{
	ssize_t n = strncpy_in(kname, name, XATTR_NAME_MAX + 1);

	if (n == -ENAMETOOLONG || n == 0)
		return -ERANGE;
	return n < 0 ? (int)n : 0;
}

static int set_user(const struct path *p, uin_str name, uin_void value, size_t size, int flags)
{
	char kname[XATTR_NAME_MAX + 1];
	void *v = NULL;
	int err;

	if (flags & ~(XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	err = name_in(kname, name);
	if (err)
		return err;
	if (size > XATTR_SIZE_MAX)
		return -E2BIG;
	if (size) {
		v = kvmalloc(size, GFP_KERNEL);
		if (!v)
			return -ENOMEM;
		err = copy_in_bytes(v, uaddr(value.addr), size);
	}
	if (!err)
		err = set_xattr(p, kname, v, size, flags);
	kvfree(v);
	return err;
}

static ssize_t get_user(const struct path *p, uin_str name, uout_void value, size_t size)
{
	char kname[XATTR_NAME_MAX + 1];
	int err = name_in(kname, name);

	return err ? err : get_xattr(p, kname, uaddr(value.addr), size);
}

static int remove_user(const struct path *p, uin_str name)
{
	char kname[XATTR_NAME_MAX + 1];
	int err = name_in(kname, name);

	return err ? err : remove_xattr(p, kname);
}

/* --- system calls: by path, by path without following, by descriptor --- */

#define BY_PATH(lookup, call) ({ \
	struct path p; \
	long _r = user_path_at(AT_FDCWD, path, lookup, &p); \
	if (!_r) { \
		_r = call; \
		path_put(&p); \
	} \
	_r; })

#define BY_FD(call) ({ \
	struct fd f = fdget(fd); \
	long _r = -EBADF; \
	if (f.file) { \
		struct path p = f.file->path; \
		_r = call; \
		fdput(f); \
	} \
	_r; })

long sys_setxattr(uin_str path, uin_str name, uin_void value, size_t size, int flags)
{
	return BY_PATH(LOOKUP_FOLLOW, set_user(&p, name, value, size, flags));
}

long sys_lsetxattr(uin_str path, uin_str name, uin_void value, size_t size, int flags)
{
	return BY_PATH(0, set_user(&p, name, value, size, flags));
}

long sys_fsetxattr(int fd, uin_str name, uin_void value, size_t size, int flags)
{
	return BY_FD(set_user(&p, name, value, size, flags));
}

long sys_getxattr(uin_str path, uin_str name, uout_void value, size_t size)
{
	return BY_PATH(LOOKUP_FOLLOW, get_user(&p, name, value, size));
}

long sys_lgetxattr(uin_str path, uin_str name, uout_void value, size_t size)
{
	return BY_PATH(0, get_user(&p, name, value, size));
}

long sys_fgetxattr(int fd, uin_str name, uout_void value, size_t size)
{
	return BY_FD(get_user(&p, name, value, size));
}

long sys_listxattr(uin_str path, uout_void list, size_t size)
{
	return BY_PATH(LOOKUP_FOLLOW, list_xattr(&p, uaddr(list.addr), size));
}

long sys_llistxattr(uin_str path, uout_void list, size_t size)
{
	return BY_PATH(0, list_xattr(&p, uaddr(list.addr), size));
}

long sys_flistxattr(int fd, uout_void list, size_t size)
{
	return BY_FD(list_xattr(&p, uaddr(list.addr), size));
}

long sys_removexattr(uin_str path, uin_str name)
{
	return BY_PATH(LOOKUP_FOLLOW, remove_user(&p, name));
}

long sys_lremovexattr(uin_str path, uin_str name)
{
	return BY_PATH(0, remove_user(&p, name));
}

long sys_fremovexattr(int fd, uin_str name)
{
	return BY_FD(remove_user(&p, name));
}
