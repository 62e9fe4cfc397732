/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Inodes: files as a file system has them, without a name (fs/vfs/inode.c). An inode in memory is
 * found by (super block, number), is referenced by dentries and others, and is kept unused on an
 * LRU until memory is short or it has no link.
 */
#ifndef FS_INODE_H
#define FS_INODE_H

#include <base/err.h>
#include <base/list.h>
#include <base/ref.h>
#include <core/mutex.h>
#include <core/seqlock.h>
#include <mm/filemap.h>
#include <uapi/linux/stat.h>

struct cred;
struct dentry;
struct file;
struct file_lock_context;
struct file_ops;
struct iattr;
struct inode_ops;
struct kstat;
struct path;
struct pipe;
struct posix_acl;
struct super_block;

struct timespec64 {
	s64 sec;
	u32 nsec;
};

/* inode.state bits */
#define I_NEW		0x01u	/* being read in: wait_on_inode */
#define I_DIRTY		0x02u
#define I_FREEING	0x04u
#define I_DIRTY_PAGES	0x08u	/* its mapping has dirty folios */
#define I_LINKABLE	0x10u	/* O_TMPFILE: may get its first link */
#define I_SYNC		0x20u	/* being written */
#define I_DIRTY_TIME	0x40u
#define I_DIRTY_ANY	(I_DIRTY | I_DIRTY_PAGES)
#define I_LRU		0x80u	/* unused, on the LRU list */
/* inode.flags */
#define S_IMMUTABLE	0x01u
#define S_APPEND	0x02u
#define S_NOATIME	0x04u
#define S_SYNC		0x08u
#define S_DEAD		0x10u	/* removed directory */
#define S_PRIVATE	0x20u	/* internal to a file system or anonymous */
#define S_SWAPFILE	0x40u
#define S_NOSEC		0x80u	/* has no security.capability to remove on write */
#define S_NOCMTIME	0x100u

/* inode.opflags: what the walk must know of inode.ops, computed when a dentry gets the inode */
#define IOP_READY	0x01u
#define IOP_PERM	0x02u	/* has ->permission */
#define IOP_LOOKUP	0x04u	/* has ->lookup: a directory to walk through */
#define IOP_LINK	0x08u	/* a symbolic link of any kind */
#define IOP_MAGIC	0x10u	/* ->follow_magic: jumps to a path */
#define IOP_DROP	0x20u	/* never kept without a reference (memory file systems) */

struct inode {
	umode_t mode;			/* [rwsem to write; r] */
	u16 opflags;			/* [I] cached: which ops are NULL (fast path of the walk) */
	u32 flags;			/* [rwsem] S_* */
	kuid_t uid;			/* [rwsem to write; r] */
	kgid_t gid;			/* [as uid] */
	const struct inode_ops *ops;	/* [I] once visible */
	struct super_block *sb;		/* [I] */
	struct mapping *mapping;	/* [I] &data, or the block device's */
	u64 ino;			/* [I] */
	u32 nlink;			/* [rwsem] */
	dev_t rdev;			/* [I] */
	loff_t size;			/* [rwsem to write; atomic reads] */
	u64 blocks;			/* [state_lock] in 512 bytes */
	u32 blkbits;			/* [I] */
	struct timespec64 atime, mtime, ctime, btime;	/* [state_lock] */
	u64 version;			/* [state_lock] change counter */
	u32 generation;			/* [I] */
	struct ref ref;
	spinlock_t state_lock;		/* class INODE_STATE */
	u32 state;			/* [state_lock] I_* */
	struct rwsem rwsem;		/* class INODE: contents for writers, names of a directory */
	atomic_t dio;			/* [a] direct requests under way that nobody waits for */
	struct hlist_node hash;		/* [hash chain lock; r] */
	struct list_head sb_link;	/* [sb inode list lock] */
	struct list_head lru;		/* [lru lock] */
	struct list_head wb_link;	/* [wb list lock] while dirty */
	u64 dirtied_when;		/* [wb list lock] ns */
	struct hlist_head aliases;	/* [state_lock] dentries */
	const struct file_ops *fops;	/* [I] given to files that open it */
	struct mapping data;		/* [its own locks] */
	struct file_lock_context *locks;	/* [a] made once */
	void *notify;			/* inotify marks [NOTIFY lock] */
	atomic_t writecount;		/* > 0: open for writing; < 0: being executed */
	union {
		struct pipe *pipe;	/* FIFO [rwsem] */
		void *cdev;		/* character or block device, once opened */
		const char *link;	/* fast symbolic link: immutable text */
	};
	struct posix_acl *acl[2];	/* [state_lock to write; r] access, default; ACL_NOT_READ */
	void *private;			/* file system's */
	struct rcu_head rcu;
};

#define INODE_LOCK_NORMAL	0
#define INODE_LOCK_PARENT	1
#define INODE_LOCK_PARENT2	2
#define INODE_LOCK_CHILD	3
#define INODE_LOCK_NONDIR2	4
static inline void inode_lock(struct inode *i) { down_write(&i->rwsem); }
static inline void inode_lock_nested(struct inode *i, unsigned int sub) { down_write_nested(&i->rwsem, sub); }
static inline void inode_unlock(struct inode *i) { up_write(&i->rwsem); }
static inline void inode_lock_shared(struct inode *i) { down_read(&i->rwsem); }
static inline void inode_unlock_shared(struct inode *i) { up_read(&i->rwsem); }

static inline loff_t inode_size(const struct inode *i) { return READ_ONCE(i->size); }
static inline void inode_set_size(struct inode *i, loff_t n) { WRITE_ONCE(i->size, n); }

#define S_ISDIR_I(i)	(((i)->mode & S_IFMT) == S_IFDIR)
#define S_ISREG_I(i)	(((i)->mode & S_IFMT) == S_IFREG)
#define S_ISLNK_I(i)	(((i)->mode & S_IFMT) == S_IFLNK)

/* Attributes to set; `valid` says which. */
#define ATTR_MODE	0x01u
#define ATTR_UID	0x02u
#define ATTR_GID	0x04u
#define ATTR_SIZE	0x08u
#define ATTR_ATIME	0x10u
#define ATTR_MTIME	0x20u
#define ATTR_CTIME	0x40u
#define ATTR_ATIME_SET	0x80u	/* explicit value, not now */
#define ATTR_MTIME_SET	0x100u
#define ATTR_FORCE	0x200u	/* no permission check */
#define ATTR_KILL_SUID	0x400u
#define ATTR_KILL_SGID	0x800u
#define ATTR_OPEN	0x1000u	/* truncating open */
#define ATTR_TOUCH	0x2000u	/* both times now: a writer may */
#define ATTR_OWNER_ONLY	0x4000u	/* times otherwise: only the owner */
struct iattr {
	u32 valid;
	umode_t mode;
	kuid_t uid;
	kgid_t gid;
	loff_t size;
	struct timespec64 atime, mtime, ctime;
	struct file *file;		/* ftruncate's, or NULL */
};

/* What stat tells, before translation. */
struct kstat {
	u32 result_mask;		/* STATX_* */
	umode_t mode;
	u32 nlink;
	kuid_t uid;
	kgid_t gid;
	dev_t dev, rdev;
	u64 ino, blocks, attributes, attributes_mask;
	loff_t size;
	u32 blksize;
	struct timespec64 atime, mtime, ctime, btime;
	u64 mnt_id;
};

/* A link target that must be given back after use. */
struct delayed_put {
	void (*fn)(void *arg);
	void *arg;
};

#define MAY_EXEC	0x01
#define MAY_WRITE	0x02
#define MAY_READ	0x04
#define MAY_APPEND	0x08
#define MAY_ACCESS	0x10
#define MAY_OPEN	0x20
#define MAY_CHDIR	0x40
#define MAY_NOT_BLOCK	0x80	/* RCU walk: -ECHILD rather than sleep */

int generic_permission(struct inode *inode, int mask);
int simple_setattr(struct inode *inode, struct dentry *d, struct iattr *attr);
int simple_getattr(struct inode *inode, const struct path *path, struct kstat *st, u32 mask);

struct inode_ops {
#define INODE_OP(ret, name, params, args, lock, dflt)	ret (*name) params;
#include <fs/inode_ops.def>
#undef INODE_OP
};

#define INODE_ASSERT_EXCL(i)	assert_held(&(i)->rwsem)
#define INODE_ASSERT_SHARED(i)	assert_held(&(i)->rwsem)
#define INODE_ASSERT_NONE(i)	((void)(i))
/* inode_create(dir, d, mode, excl), inode_lookup(dir, d, flags), ... */
#define INODE_OP(ret, name, params, args, lock, dflt) \
static inline ret inode_##name params \
{ \
	INODE_ASSERT_##lock(inode); \
	if (!inode->ops->name) \
		return dflt; \
	return inode->ops->name args; \
}
#include <fs/inode_ops.def>
#undef INODE_OP

/* --- life --- */
/* A fresh inode of sb: reference 1, I_NEW not set, not hashed, times now. NULL. */
__must_check struct inode *inode_new(struct super_block *sb);
/* Found (referenced, ready) or fresh (I_NEW: fill, then inode_unlock_new or inode_fail_new). ERR_PTR(-ENOMEM). */
__must_check struct inode *inode_get_locked(struct super_block *sb, u64 ino);
void inode_unlock_new(struct inode *inode);
void inode_fail_new(struct inode *inode);
static inline void inode_get(struct inode *inode) { ref_get(&inode->ref); }
void inode_put(struct inode *inode);			/* may sleep */
struct inode *inode_alloc_plain(struct super_block *sb);
void inode_free_plain(struct inode *inode);
void inode_evict_plain(struct inode *inode);
/* Initialise the common part in memory that a file system allocated (once per slab object or each time). */
void inode_init_once(struct inode *inode);
u64 inode_next_ino(void);				/* numbers for memory file systems */

/* Set mode, owner from current's fs credentials and a directory's set-gid rule. */
void inode_init_owner(struct inode *inode, const struct inode *dir, umode_t mode);
void inode_set_special(struct inode *inode, umode_t mode, dev_t rdev);	/* fops of devices, FIFOs, sockets */
void inode_inc_link(struct inode *inode);
void inode_drop_link(struct inode *inode);
void inode_set_nlink(struct inode *inode, u32 n);
void inode_mark_dirty(struct inode *inode);
struct timespec64 current_time64(void);			/* coarse realtime, as Linux stamps files */
struct timespec64 inode_fit_time(const struct inode *inode, struct timespec64 t);	/* as its file system can hold it */
struct timespec64 inode_now(const struct inode *inode);	/* current_time64() in that way */
void inode_update_times(struct inode *inode);		/* mtime and ctime of a change of the data; dirty if they moved */
void inode_touch_mtime(struct inode *inode);		/* mtime and ctime now */
void inode_touch_ctime(struct inode *inode);
struct file;
void file_accessed(struct file *f);			/* atime by relatime rules */
/* Before a write: strip set-id bits, stamp times. 0 or -errno. Inode lock held. */
__must_check int file_update_for_write(struct file *f);

/* notify_change: check and apply attributes. Inode lock held exclusively. */
__must_check int inode_change_attr(struct dentry *d, struct iattr *attr);
int setattr_prepare(struct inode *inode, struct iattr *attr);	/* permission and limits */
void setattr_copy(struct inode *inode, const struct iattr *attr);
bool inode_owner_or_capable(const struct inode *inode);
/* Mode bits against current's fs ids, capabilities, read-only file system. MAY_*. */
__must_check int inode_check_permission(struct inode *inode, int mask);
__must_check int deny_write(struct inode *inode);	/* exec: -ETXTBSY */
void allow_write(struct inode *inode);
__must_check int get_write_access(struct inode *inode);
void put_write_access(struct inode *inode);

#endif
