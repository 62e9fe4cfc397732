/* SPDX-License-Identifier: MPL-2.0 */
/* Paths and the walk that finds them (fs/vfs/namei.c). */
#ifndef FS_PATH_H
#define FS_PATH_H

#include <base/uptr.h>
#include <fs/dentry.h>

struct kstatfs;
struct mount;

struct path {
	struct mount *mnt;
	struct dentry *dentry;
};

void path_get(const struct path *p);
void path_put(const struct path *p);			/* may sleep */
static inline bool path_equal(const struct path *a, const struct path *b)
{
	return a->mnt == b->mnt && a->dentry == b->dentry;
}

/* Root and working directory, shared by CLONE_FS. */
struct fs_struct {
	struct ref ref;
	spinlock_t lock;		/* class FS_STRUCT */
	struct seqcount seq;		/* root, pwd under RCU walk */
	u32 umask;			/* [lock; atomic reads] */
	bool in_exec;			/* [lock] */
	struct path root, pwd;		/* [lock; seq] referenced */
};
__must_check struct fs_struct *fs_struct_copy(struct fs_struct *old);	/* NULL */
void fs_struct_put(struct fs_struct *fs);
void fs_get_root(struct fs_struct *fs, struct path *p);
void fs_get_pwd(struct fs_struct *fs, struct path *p);
void fs_set_root(struct fs_struct *fs, const struct path *p);
void fs_set_pwd(struct fs_struct *fs, const struct path *p);
extern struct fs_struct init_fs;

#define PATH_MAX	4096
#define NAME_MAX	255
#define MAXSYMLINKS	40

/* A path name brought in from user space; in a PATH_MAX buffer of its own cache. */
struct filename {
	char *name;
	u32 len;
	bool large;			/* which cache it is from */
};
/* ERR_PTR: -EFAULT, -ENAMETOOLONG, -ENOENT when empty (unless LOOKUP_EMPTY), -ENOMEM. */
__must_check struct filename *filename_get(uin_str name, u32 lookup_flags);
__must_check struct filename *filename_kernel(const char *name);
void filename_put(struct filename *n);

/* Flags of the walk. */
#define LOOKUP_FOLLOW		0x0001u	/* follow a link in the last place */
#define LOOKUP_DIRECTORY	0x0002u	/* the result must be a directory */
#define LOOKUP_EMPTY		0x0004u	/* "" means dirfd itself */
#define LOOKUP_CREATE		0x0008u	/* about to create the last name */
#define LOOKUP_EXCL		0x0010u
#define LOOKUP_OPEN		0x0020u
#define LOOKUP_RENAME_TARGET	0x0040u
#define LOOKUP_NO_SYMLINKS	0x0100u	/* RESOLVE_* of openat2 */
#define LOOKUP_NO_MAGICLINKS	0x0200u
#define LOOKUP_NO_XDEV		0x0400u
#define LOOKUP_BENEATH		0x0800u
#define LOOKUP_IN_ROOT		0x1000u
#define LOOKUP_CACHED		0x2000u
#define LOOKUP_RCU		0x8000u	/* internal: no references, may not sleep */
#define LOOKUP_MOUNTPOINT	0x10000u	/* do not cross the last mount (umount) */

/* Find a path from dirfd (AT_FDCWD or a descriptor). *p referenced. */
__must_check int path_lookup_at(int dirfd, const struct filename *name, u32 flags, struct path *p);
__must_check int user_path_at(int dirfd, uin_str name, u32 flags, struct path *p);
__must_check int kern_path(const char *name, u32 flags, struct path *p);
/* Find from a given start (root for absolute ones too when from_root). */
__must_check int path_lookup_from(const struct path *start, const char *name, u32 flags, struct path *p);

/*
 * The directory that holds the last name, for creating or removing it: parent referenced, its inode
 * locked exclusively, write access to the mount taken; the dentry (maybe negative) is returned.
 * -EEXIST, -EROFS ... ; end with path_create_done(). is_dir: a trailing slash is allowed.
 */
__must_check struct dentry *path_create(int dirfd, const struct filename *name, u32 flags, bool is_dir, struct path *parent);
void path_create_done(struct path *parent, struct dentry *d);

/* vfs_*: checked operations on locked parents, used by system calls and kernel code alike. */
__must_check int vfs_create(struct inode *dir, struct dentry *d, umode_t mode, bool excl);
__must_check int vfs_mkdir(struct inode *dir, struct dentry *d, umode_t mode);
__must_check int vfs_mknod(struct inode *dir, struct dentry *d, umode_t mode, dev_t dev);
__must_check int vfs_symlink(struct inode *dir, struct dentry *d, const char *target);
__must_check int vfs_link(struct dentry *old, struct inode *dir, struct dentry *d);
__must_check int vfs_unlink(struct inode *dir, struct dentry *d);
__must_check int vfs_rmdir(struct inode *dir, struct dentry *d);
__must_check int vfs_rename(struct inode *olddir, struct dentry *od, struct inode *newdir, struct dentry *nd, u32 flags);
__must_check int vfs_getattr(const struct path *p, struct kstat *st, u32 mask, u32 flags);
__must_check int vfs_statfs(const struct path *p, struct kstatfs *st);
__must_check int vfs_truncate(const struct path *p, loff_t len);

/* Create from kernel code (initramfs, devtmpfs): absolute or relative to `at`. */
__must_check int kern_mkdir(const char *path, umode_t mode);
__must_check int kern_mknod(const char *path, umode_t mode, dev_t dev);
__must_check int kern_symlink(const char *target, const char *path);
__must_check int kern_link(const char *old, const char *path);
__must_check int kern_unlink(const char *path);
__must_check int kern_chroot_mount_init(void);
int ksys_chdir(const char *path);
int ksys_mount(const char *source, const char *dir, const char *type, u32 flags, const char *options);

#endif
