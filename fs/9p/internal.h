/* SPDX-License-Identifier: MPL-2.0 */
/*
 * 9P2000.L client, private. A session is a mounted channel; a fid is the server's handle for a file,
 * here a counted object, clunked with its last reference. Each dentry keeps the fids by which users walked to it
 * (dentry->private, a list), each open file has one of its own, opened.
 *
 * Locks: names_lock (walks from an ancestor against renames), then a fid list or the tags under lock.
 */
#ifndef FS_9P_INTERNAL_H
#define FS_9P_INTERNAL_H

#include <base/err.h>
#include <base/ida.h>
#include <base/math.h>
#include <base/p9.h>
#include <base/string.h>
#include <core/io.h>
#include <core/slab.h>
#include <fs/9p.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <fs/mount.h>
#include <fs/path.h>
#include <fs/super.h>
#include <kernel/cred.h>
#include <kernel/sched.h>
#include <uapi/linux/fs.h>

struct p9_session;

struct p9_fid {
	struct ref ref;
	u32 fid;			/* [I] */
	kuid_t uid;			/* [I] who it acts for */
	struct p9_session *ses;		/* [I] */
	struct p9_fid *next;		/* [session lock] in a dentry's list */
	u32 iounit;			/* [I] once open; 0: no limit of its own */
	u32 mode;			/* [I] once open: O_ACCMODE */
	bool dead;			/* [o] the server has let go of it already */
};

enum p9_cache { P9_CACHE_NONE, P9_CACHE_MMAP, P9_CACHE_LOOSE };
enum p9_access { P9_ACCESS_CLIENT, P9_ACCESS_USER, P9_ACCESS_ANY, P9_ACCESS_SINGLE };

struct p9_session {
	struct p9_transport *trans;	/* [I] */
	struct p9_channel *chan;	/* [I] */
	u32 msize;			/* [I] after the handshake */
	enum p9_cache cache;		/* [I] */
	enum p9_access access;		/* [I] */
	kuid_t uid;			/* [I] access=any and access=UID */
	u32 dfltuid, dfltgid;		/* [I] */
	char *uname, *aname, *source;	/* [I] */
	spinlock_t lock;		/* class OBJECT */
	struct ida tags, fids;		/* [ida_lock] */
	struct mutex ida_lock;		/* class LEAF_MUTEX */
	struct rwsem names_lock;	/* class FS_META */
};

struct p9_inode {
	struct inode vfs;
	struct p9_fid *wb_fid;		/* [session lock] writes dirty pages; NULL: nobody opened for writing */
	struct p9_fid *fresh;		/* [session lock] open from the making of the file */
	struct task *fresh_for;		/* [session lock] compared only */
	u32 qid_version;		/* [session lock] of what the page cache holds */
	struct timespec64 seen_mtime;	/* [session lock] the same */
	loff_t seen_size;		/* [session lock] the same */
};

struct p9_file {
	struct p9_fid *fid;		/* [I] */
	u8 *dirents;			/* [file position] an answer to Treaddir; NULL: none yet */
	u32 dir_len, dir_at;		/* [file position] */
	loff_t dir_pos;			/* [file position] cookie of the entry at dir_at */
};

static inline struct p9_session *p9_ses(const struct super_block *sb) { return sb->private; }
static inline struct p9_inode *p9_i(struct inode *i) { return container_of(i, struct p9_inode, vfs); }
static inline struct p9_file *p9_f(const struct file *f) { return f->private; }

/* --- client.c: one function a message; -errno of the server or -EIO for nonsense. All sleep. --- */
__must_check int p9_handshake(struct p9_session *s, u32 msize);
__must_check struct p9_fid *p9_attach(struct p9_session *s, kuid_t uid, const char *uname);	/* ERR_PTR */
/* A fresh fid for names[0..n) below f; n 0: a clone. ERR_PTR. */
__must_check struct p9_fid *p9_walk(struct p9_fid *f, const char *const *names, u32 n);
void p9_fid_put(struct p9_fid *f);			/* NULL: nothing. The last one clunks */
static inline struct p9_fid *p9_fid_get(struct p9_fid *f) { ref_get(&f->ref); return f; }
__must_check int p9_lopen(struct p9_fid *f, u32 flags);
/* f, a clone of the directory's, becomes the opened file. */
__must_check int p9_lcreate(struct p9_fid *f, const char *name, u32 flags, u32 mode, u32 gid);
__must_check int p9_getattr(struct p9_fid *f, u64 mask, struct p9_attr *a);
__must_check int p9_setattr(struct p9_fid *f, const struct p9_setattr *a);
__must_check int p9_statfs_call(struct p9_fid *f, struct p9_statfs *st);
__must_check int p9_symlink(struct p9_fid *dir, const char *name, const char *target, u32 gid);
__must_check int p9_mknod(struct p9_fid *dir, const char *name, u32 mode, dev_t dev, u32 gid);
__must_check int p9_mkdir(struct p9_fid *dir, const char *name, u32 mode, u32 gid);
__must_check int p9_link(struct p9_fid *dir, struct p9_fid *f, const char *name);
__must_check int p9_renameat(struct p9_fid *olddir, const char *oldname, struct p9_fid *newdir, const char *newname);
__must_check int p9_rename(struct p9_fid *f, struct p9_fid *newdir, const char *newname);
__must_check int p9_unlinkat(struct p9_fid *dir, const char *name, u32 flags);
__must_check int p9_readlink(struct p9_fid *f, char **target);	/* to be kfreed */
__must_check int p9_fsync(struct p9_fid *f, bool datasync);
/* A fid to read an attribute (name "": the list of names) through, and its size. ERR_PTR. */
__must_check struct p9_fid *p9_xattrwalk(struct p9_fid *f, const char *name, u64 *size);
/* f, a clone, takes `size` bytes of value by writes; the clunk that ends it tells how it went. */
__must_check int p9_xattrcreate(struct p9_fid *f, const char *name, u64 size, u32 flags);
__must_check int p9_clunk(struct p9_fid *f);		/* consumes the only reference, tells the error */
__must_check int p9_lock_call(struct p9_fid *f, const struct p9_lock *l, u32 flags, u8 *status);
__must_check int p9_getlock(struct p9_fid *f, struct p9_lock *l);
/* Data at off to or from pieces that the caller holds; at most p9_io_max() in all. Bytes or -errno. */
__must_check ssize_t p9_io(struct p9_fid *f, enum p9_type type, u64 off, u32 count, const struct p9_piece *pieces, u32 n);
/* The same with one buffer of kernel memory (kmalloc, page_alloc). */
__must_check ssize_t p9_io_buf(struct p9_fid *f, enum p9_type type, u64 off, void *buf, u32 count);
u32 p9_io_max(const struct p9_fid *f);

/* --- fid.c --- */
/* current's fid for a dentry, walked if need be; referenced. ERR_PTR. */
__must_check struct p9_fid *p9_fid_of(struct dentry *d);
/* A clone of it, for one use (open, create). ERR_PTR. */
__must_check struct p9_fid *p9_fid_clone(struct dentry *d);
/* d's list takes over the reference. */
void p9_fid_attach(struct dentry *d, struct p9_fid *f);
/* The name is gone: so are the fids by it. */
void p9_fids_drop(struct dentry *d);
/* A fid for an inode, by any of its names. ERR_PTR. */
__must_check struct p9_fid *p9_fid_of_inode(struct inode *inode);

/* --- inode.c, dir.c, file.c, addr.c, xattr.c --- */
extern const struct inode_ops p9_file_iops, p9_dir_iops, p9_link_iops, p9_special_iops;
extern const struct file_ops p9_file_fops, p9_dir_fops;
extern const struct mapping_ops p9_mapping_ops;
extern const struct dentry_ops p9_dops, p9_loose_dops;
__must_check struct inode *p9_inode_get(struct super_block *sb, const struct p9_attr *a);	/* ERR_PTR */
/* Take what the server says; sizes of files with unwritten pages stay. */
void p9_inode_update(struct inode *inode, const struct p9_attr *a);
int p9_open(struct file *f, struct inode *inode);
int p9_release(struct file *f, struct inode *inode);
struct p9_fid *p9_wb_fid(struct inode *inode);		/* referenced; NULL */
void p9_cache_check(struct inode *inode);		/* drop pages that the file has left behind */
ssize_t p9_listxattr(struct inode *inode, char *buf, size_t size);
ssize_t p9_getxattr(struct inode *inode, const char *name, void *buf, size_t size);
int p9_setxattr(struct inode *inode, const char *name, const void *v, size_t size, int flags);
int p9_removexattr(struct inode *inode, const char *name);
int p9_register(void);

#endif
