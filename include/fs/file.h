/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Open files and descriptor tables (fs/vfs/{file,fdtable}.c). A struct file is referenced by the
 * descriptors that name it and by operations under way; the last fput runs when the task returns
 * to user space (task work), never in an interrupt.
 */
#ifndef FS_FILE_H
#define FS_FILE_H

#include <core/iov_iter.h>
#include <fs/path.h>
#include <uapi/linux/fcntl.h>
#include <uapi/linux/eventpoll.h>
#include <uapi/linux/poll.h>

struct block_device;
struct dir_context;
struct epitem;
struct kiocb;
struct pipe;
struct poll_table;
struct seq_file;
struct task;
struct vma;

struct file_ops {
#define FILE_OP(ret, name, params, args, dflt)	ret (*name) params;
#include <fs/file_ops.def>
#undef FILE_OP
};

#define FMODE_READ	0x01u
#define FMODE_WRITE	0x02u
#define FMODE_LSEEK	0x04u
#define FMODE_PREAD	0x08u
#define FMODE_PWRITE	0x10u
#define FMODE_EXEC	0x20u
#define FMODE_PATH	0x40u	/* O_PATH */
#define FMODE_ATOMIC_POS 0x80u	/* regular or directory: pos_lock */
#define FMODE_STREAM	0x100u	/* no position at all */
#define FMODE_WRITER	0x200u	/* holds write access to inode and mount */
#define FMODE_NOWAIT	0x400u
#define FMODE_OPENED	0x800u
#define FMODE_CREATED	0x1000u
#define FMODE_NONOTIFY	0x2000u
#define FMODE_UNMOUNT	0x4000u	/* owns a detached mount tree */
#define FMODE_PAGES	0x8000u	/* a stream of bytes whose write_iter makes use of IOCB_PAGES */

struct file {
	atomic64_t ref;
	u32 mode;			/* [I] FMODE_* */
	u32 flags;			/* [lock to write] O_* as F_GETFL shows */
	const struct file_ops *ops;	/* [I] */
	struct path path;		/* [I] referenced */
	struct inode *inode;		/* [I] of path.dentry */
	struct mapping *mapping;	/* [I] */
	loff_t pos;			/* [pos_lock] */
	struct mutex pos_lock;		/* class FILE_POS */
	spinlock_t lock;		/* class OBJECT: flags, owner, epoll links */
	void *private;			/* [I] after open: the driver's or file system's */
	const struct cred *cred;	/* [I] opener's, referenced */
	struct list_head epoll_links;	/* [epoll] struct epitem that watch it */
	struct {			/* F_SETOWN [lock] */
		struct pid *pid;
		int type;
		int sig;
		kuid_t uid, euid;
	} owner;
	u32 wb_err, sb_err;		/* [a] errors seen so far */
	struct {			/* read-ahead [pos_lock or racy by design] */
		u64 start;
		u32 size, async_size, ra_pages, mode, mmap_miss;	/* ra_pages: largest window; 0: the default */
		s64 prev_pos;
	} ra;
	struct { void *next, *fn; } put_work;	/* struct task_work of the last put */
};

/* One read or write under way. */
struct kiocb {
	struct file *file;
	loff_t pos;
	u32 flags;			/* IOCB_* */
	/*
	 * NULL: the call waits. Else it may return -EIOCBQUEUED and call this when it is done, in any context; the
	 * kiocb and the file stay until then, and iomap_dio_release() follows in a thread's.
	 */
	void (*complete)(struct kiocb *k, ssize_t result);
	/* IOCB_DIRECT with an ITER_KVEC: the memory is that of this bio, whose pieces bio_kvecs shows; `complete` is NULL. */
	const struct bio *bio;
	const struct kvec *bio_kvecs;
	void *dio;			/* of fs/vfs/iomap_dio.c */
	loff_t start;			/* the same */
};
#define IOCB_NOWAIT	0x01u		/* O_NONBLOCK or RWF_NOWAIT */
#define IOCB_APPEND	0x02u
#define IOCB_DIRECT	0x04u
#define IOCB_DSYNC	0x08u
#define IOCB_SYNC	0x10u
#define IOCB_HIPRI	0x20u
#define IOCB_NONBLOCK	0x40u		/* O_NONBLOCK of the file */
#define IOCB_PAGES	0x100u		/* write, an ITER_KVEC: each piece lies in a folio, which may be kept by reference */
#define IOCB_MORE	0x200u		/* write: more follows at once, as with MSG_MORE; only sockets ask */
#define IOCB_OVERWRITE	0x80u		/* direct: only what was written before, else -EAGAIN; inode lock held shared */

static inline void file_get(struct file *f) { atomic64_inc(&f->ref); }
void file_put(struct file *f);		/* any thread context; the work may be put off to return to user */
void file_put_sync(struct file *f);	/* kernel threads, may sleep */

/* f->ops wrappers: file_op_read_iter(f, ...), file_op_poll(f, pt) ... with the list's defaults. */
#define FILE_OP(ret, name, params, args, dflt) \
static inline ret file_op_##name params \
{ \
	if (!f->ops->name) \
		return dflt; \
	return f->ops->name args; \
}
#include <fs/file_ops.def>
#undef FILE_OP

/* --- making files --- */
/* A file for path (references taken) with ops; not opened through ->open. ERR_PTR(-ENFILE, -ENOMEM). */
__must_check struct file *file_alloc(const struct path *p, u32 oflags, const struct file_ops *ops);
/* A nameless file on the shared anonymous inode: eventfd, epoll... ERR_PTR. */
__must_check struct file *file_anon(const char *name, const struct file_ops *ops, void *private, u32 oflags);
/* Open a path from the kernel. ERR_PTR. */
__must_check struct file *file_open(const char *name, u32 oflags, umode_t mode);
__must_check struct file *file_open_path(const struct path *p, u32 oflags, const struct cred *cred);
struct open_how;
__must_check struct file *file_open_at(int dirfd, const struct filename *name, u32 oflags, umode_t mode, u32 resolve);
__must_check struct file *file_open_exec(int dirfd, const struct filename *name, u32 at_flags);
/* Fill a file whose ops come from the device registry: inside ->open. */
void file_replace_ops(struct file *f, const struct file_ops *ops);

/* --- reading and writing from the kernel --- */
ssize_t kernel_read(struct file *f, void *buf, size_t n, loff_t *pos);
ssize_t kernel_write(struct file *f, const void *buf, size_t n, loff_t *pos);
ssize_t vfs_read_iter(struct file *f, struct kiocb *k, struct iov_iter *to);	/* checks mode, locks, limits */
ssize_t vfs_write_iter(struct file *f, struct kiocb *k, struct iov_iter *from);
/* What they would check first; and a kiocb by the file's flags and RWF_* ones. 0 or -errno. */
__must_check int vfs_rw_check(const struct file *f, bool write, loff_t pos, size_t n);
__must_check int kiocb_init(struct kiocb *k, struct file *f, loff_t pos, int rwf, bool write);
void iomap_dio_release(struct kiocb *k);
/* fallocate without its checks. */
long vfs_fallocate(struct file *f, int mode, loff_t off, loff_t len);
/* Around what changes an open file: waits while its file system is frozen. No locks held. */
void file_start_write(struct file *f);
void file_end_write(struct file *f);
/* For write_iter of regular files: O_APPEND, RLIMIT_FSIZE, max size; bytes allowed or -errno. Inode lock held. */
__must_check ssize_t generic_write_checks(struct kiocb *k, struct iov_iter *from);
/* Ready-made operations over the page cache. */
ssize_t generic_file_read_iter(struct file *f, struct kiocb *k, struct iov_iter *to);
ssize_t generic_file_write_iter(struct file *f, struct kiocb *k, struct iov_iter *from);
loff_t generic_llseek(struct file *f, loff_t off, int whence);
loff_t generic_llseek_size(struct file *f, loff_t off, int whence, loff_t max, loff_t eof);
loff_t noop_llseek(struct file *f, loff_t off, int whence);
int nonseekable_open(struct file *f);	/* clears LSEEK, PREAD, PWRITE */
int stream_open(struct file *f);

/* --- directories --- */
/* Emit one entry; false: the buffer is full, stop without advancing. type DT_*. */
struct dir_context {
	bool (*emit)(struct dir_context *c, const char *name, size_t len, loff_t pos, u64 ino, u32 type);
	loff_t pos;
};
static inline bool dir_emit(struct dir_context *c, const char *name, size_t len, u64 ino, u32 type)
{
	return c->emit(c, name, len, c->pos, ino, type);
}
bool dir_emit_dots(struct file *f, struct dir_context *c);
int vfs_iterate(struct file *f, struct dir_context *c);

/* --- descriptor tables --- */
struct fdtable;
struct files {
	struct ref ref;			/* tasks that share it */
	spinlock_t lock;		/* class FDTABLE */
	struct fdtable *table;		/* [lock; r] */
	u32 next_fd;			/* [lock] hint: lowest that may be free */
};
__must_check struct files *files_copy(struct files *old, u32 max_fd);	/* fork; ERR_PTR */
__must_check struct files *files_create(void);
void files_put(struct files *fs);			/* closes all at the last one */
/* exec: own table, close-on-exec descriptors closed. */
__must_check int files_unshare_exec(void);

/* Look up a descriptor of current. fget takes a reference; fdget avoids it when the table is not shared. */
struct fd {
	struct file *file;		/* NULL: -EBADF */
	bool put;
	bool pos_locked;
};
struct file *fget(int fd);				/* NULL; not O_PATH files */
struct file *fget_raw(int fd);				/* O_PATH too */
struct file *fget_task(struct task *t, int fd);		/* procfs */
struct fd fdget(int fd);
struct fd fdget_raw(int fd);
struct fd fdget_pos(int fd);				/* with the position locked where that matters */
static inline void fdput(struct fd f) { if (f.put) file_put(f.file); }
void fdput_pos(struct fd f);

/* Reserve the lowest free descriptor >= from below RLIMIT_NOFILE: -EMFILE, -ENOMEM. Then fd_install or fd_release. */
__must_check int fd_alloc(u32 oflags);			/* O_CLOEXEC matters */
__must_check int fd_alloc_from(u32 from, u32 oflags);
void fd_install(int fd, struct file *f);		/* consumes the file reference */
void fd_release(int fd);
/* alloc + install; consumes the reference also on failure. fd or -errno. */
__must_check int fd_add(struct file *f, u32 oflags);
int fd_close(int fd);
__must_check int fd_dup2(struct file *f, int newfd, u32 oflags);
bool fd_cloexec(int fd);
void fd_set_cloexec(int fd, bool on);
/* Next open descriptor of a task at or after *fd: its file, referenced; NULL at the end. */
struct file *files_next(struct task *t, u32 *fd);
u32 files_table_size(struct task *t);

u64 files_open_count(void);				/* file-nr */
extern u64 files_max;

/* --- device numbers --- */
struct chrdev;
/* Own minors [first, first+count) of a major. ops->open gets the file; name shows in /proc/devices. */
__must_check int chrdev_register(u32 major, u32 first, u32 count, const struct file_ops *ops, const char *name, void *private);
void chrdev_unregister(u32 major, u32 first, u32 count);
void *chrdev_private(const struct inode *inode);
void chrdevs_show(struct seq_file *s);
extern const struct file_ops chrdev_fops, blkdev_fops, fifo_fops, sock_nofile_fops, bad_fops;

#endif
