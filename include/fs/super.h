/* SPDX-License-Identifier: MPL-2.0 */
/* File-system types and their instances (fs/vfs/super.c). */
#ifndef FS_SUPER_H
#define FS_SUPER_H

#include <base/list.h>
#include <base/ref.h>
#include <core/mutex.h>
#include <fs/dentry.h>

struct kstatfs {
	u64 type, bsize, blocks, bfree, bavail, files, ffree, namelen, frsize, flags;
	u64 fsid;
};

struct block_device;
struct block_device;
struct seq_file;
struct super_ops;
struct bdi;
struct wb;

#define FS_REQUIRES_DEV		0x1u
#define FS_USERNS_MOUNT		0x2u
#define FS_NOMOUNT		0x4u	/* kernel-internal */

struct fs_type {
	const char *name;
	u32 flags;
	/* Make or find an instance: an active super block with root set. sb_flags: SB_*. ERR_PTR. */
	struct super_block *(*mount)(struct fs_type *t, u32 sb_flags, const char *source, const char *options);
	/* Would the options do? 0, -EINVAL, -ENOPARAM: unknown (fs/fs_parse.h). NULL: only mount can tell. */
	int (*check_options)(const char *options);
	struct list_head link;		/* [fs types lock] */
};
int fs_no_options(const char *options);		/* for types that have none: -ENOPARAM if there are some */
int fs_refuse_options(const char *fs, const char *options);	/* their mount: -EINVAL after a line in the log that names it */
int fs_remount_no_options(struct super_block *sb, u32 flags, const char *options);	/* their super_ops.remount */
__must_check int fs_register(struct fs_type *t);
struct fs_type *fs_type_find(const char *name);
void fs_types_show(struct seq_file *s);		/* /proc/filesystems */
/* Name of the i-th type that wants a device; false: no more. */
bool fs_type_disk_name(u32 i, char *buf, size_t size);

/* sb.flags: the MS_ values of mount(2) that belong to the instance. */
#define SB_RDONLY	0x0001u
#define SB_SYNCHRONOUS	0x0010u
#define SB_MANDLOCK	0x0040u
#define SB_DIRSYNC	0x0080u
#define SB_NOATIME	0x0400u
#define SB_POSIXACL	0x10000u
#define SB_KERNMOUNT	0x400000u
#define SB_ACTIVE	0x40000000u

struct super_block {
	struct list_head link;		/* [super list lock] */
	dev_t dev;			/* [I] st_dev */
	u32 blocksize, blkbits;		/* [I] */
	u64 maxbytes;			/* [I] largest file */
	struct fs_type *type;		/* [I] */
	const struct super_ops *ops;	/* [I] */
	const struct dentry_ops *dops;	/* [I] for new dentries */
	u32 flags;			/* [umount lock] SB_* */
	u32 iflags;			/* [umount lock] */
	u64 magic;			/* [I] */
	struct dentry *root;		/* [I] referenced */
	struct ref active;		/* mounts */
	struct rwsem umount;		/* class SUPER: readers use it, unmount and remount write */
	struct mutex rename_mutex;	/* class RENAME */
	struct list_head mounts;	/* [mount hash lock] */
	struct list_head inodes;	/* [inode_list_lock] */
	struct wb *wb;			/* [I] flusher; NULL: nothing to write to, or each device's own */
	struct bdi *bdi;		/* [I] the disk it is on; NULL */
	u32 wb_err;			/* [a] error sequence of all its files, for syncfs */
	s64 time_min, time_max;		/* [I] seconds that its inodes can hold */
	spinlock_t inode_list_lock;
	u32 time_gran;			/* [I] of stamps, ns: 1 or 1000000000 */
	u32 frozen;			/* [a] SB_FREEZE_*: writers of this level and below wait; changes under umount */
	struct task *freezer;		/* [a] who is at it */
	atomic_t async_writes;		/* of files, that nobody waits for: they are inside SB_FREEZE_WRITE too */
	s64 *writers;			/* [I] per CPU and level: who is inside; NULL: never frozen */
	char id[32];			/* [I] device name for messages and mounts */
	struct block_device *bdev;	/* [I] open and claimed; NULL: none. Closed after put_super */
	u32 bdev_how;			/* [I] BDEV_* it was opened with */
	void *private;			/* [I] file system's */
};

struct super_ops {
#define SUPER_OP(ret, name, params, args, dflt)	ret (*name) params;
#include <fs/super_ops.def>
#undef SUPER_OP
};

/* A fresh instance with an anonymous device number, umount lock held for writing. ERR_PTR. */
__must_check struct super_block *super_create(struct fs_type *t, u32 flags, void *private);
/* One instance a type (sysfs, devtmpfs...): returns the existing one (active reference) or calls fill on a fresh one. */
__must_check struct super_block *super_get_single(struct fs_type *t, u32 flags,
	int (*fill)(struct super_block *sb, const char *options), const char *options);
__must_check struct super_block *super_get_nodev(struct fs_type *t, u32 flags,
	int (*fill)(struct super_block *sb, const char *options), const char *options);
/*
 * On a block device: source is its special file; the device is claimed for the type. Mounted already: the same
 * instance, -EBUSY if the one is read-only and the other not. fill finds sb->bdev, id, dev set and the block
 * size as the device's. -EINVAL (no source), -ENOTBLK, -ENXIO, -EACCES (read-only device, nodev), -EBUSY.
 */
__must_check struct super_block *super_get_bdev(struct fs_type *t, u32 flags, const char *source,
	int (*fill)(struct super_block *sb, const char *options), const char *options);
/* Blocks of this size from now on: -EINVAL if the device or the page size does not allow it. */
__must_check int super_set_blocksize(struct super_block *sb, u32 size);
/* FIFREEZE and FITHAW. CAP_SYS_ADMIN was checked. */
int super_freeze(struct super_block *sb);
int super_thaw(struct super_block *sb);
/* Around what writes: waits while that level is frozen. Outer levels first, each once in a task. */
#define SB_UNFROZEN		0u
#define SB_FREEZE_WRITE		1u	/* system calls, no locks held */
#define SB_FREEZE_PAGEFAULT	2u	/* write faults of shared mappings, no folio locked */
#define SB_FREEZE_FS		3u	/* inside the file system */
#define SB_FREEZE_COMPLETE	4u
void super_start(struct super_block *sb, u32 level);
bool super_try_start(struct super_block *sb, u32 level);
void super_end(struct super_block *sb, u32 level);
/* A write that goes on when its task has left SB_FREEZE_WRITE. Begun inside of it; ended in any context. */
void super_async_start(struct super_block *sb);
void super_async_end(struct super_block *sb);
__must_check int super_freeze_init(struct super_block *sb);
void super_freeze_fini(struct super_block *sb);
/* Finish after fill: unlock, SB_ACTIVE. */
void super_activate(struct super_block *sb);
void super_put_active(struct super_block *sb);		/* last: shut down. May sleep */
/* For all instances, with a reference, umount lock shared. */
/* The same without references and under a spinlock: fn must be short. */
void super_for_each_quick(void (*fn)(struct super_block *sb, void *arg), void *arg);
void super_for_each(void (*fn)(struct super_block *sb, void *arg), void *arg);
int super_sync(struct super_block *sb, bool wait);
void sync_all(void);

/* A pseudo file system that is only mounted inside the kernel (pipefs, sockfs, anon inodes). */
struct mount;
__must_check struct mount *kern_mount(struct fs_type *t);
__must_check struct super_block *super_pseudo(struct fs_type *t, u64 magic,
	const struct super_ops *ops, const struct dentry_ops *dops);

/* Helpers for memory file systems (fs/vfs/libfs.c). */
extern const struct inode_ops simple_dir_inode_ops;	/* lookup only */
extern const struct file_ops simple_dir_fops;		/* readdir over the dcache children */
extern const struct inode_ops simple_symlink_inode_ops;	/* inode->link */
struct dentry *simple_lookup(struct inode *dir, struct dentry *d, u32 flags);
int simple_link(struct inode *dir, struct dentry *old, struct dentry *d);
int simple_unlink(struct inode *dir, struct dentry *d);
int simple_rmdir(struct inode *dir, struct dentry *d);
int simple_rename(struct inode *dir, struct dentry *d, struct inode *newdir, struct dentry *newd, u32 flags);
bool simple_empty(struct dentry *d);
int simple_statfs(struct dentry *root, struct kstatfs *st);
/* Copy between a kernel buffer and an iterator with position, for small virtual files. */
ssize_t simple_read_from_buffer(struct iov_iter *to, loff_t *pos, const void *from, size_t avail);

#endif
