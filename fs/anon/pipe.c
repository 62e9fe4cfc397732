/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Pipes and FIFOs. A pipe is a ring of page-sized buffers between head (written) and tail (read),
 * under one mutex; empty and full are also read without it, for poll and to decide who is woken:
 * readers when data comes into an empty pipe, writers when room comes into a full one.
 *
 * Life: the struct pipe hangs on its inode and is shared by all files of it (pipe.files, under the
 * inode's state lock); the last close frees it. A FIFO gets one at its first open.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/init.h>
#include <core/slab.h>
#include <core/upcall.h>
#include <fs/file.h>
#include <fs/mount.h>
#include <fs/pipe.h>
#include <fs/poll.h>
#include <fs/super.h>
#include <kernel/syscall.h>
#include <kernel/task.h>
#include <uapi/linux/ioctls.h>
#include <uapi/linux/magic.h>

#define PIPE_DEF_BUFS	16u
#define PIPE_MIN_BUFS	2u
#define PIPE_BUF_ATOMIC	PAGE_SIZE	/* POSIX's PIPE_BUF */

u32 pipe_max_size = 1048576;		/* /proc/sys/fs/pipe-max-size [a] */
u64 pipe_user_pages_soft = 16384;	/* /proc/sys/fs/pipe-user-pages-soft [a] */

static struct kmem_cache *pipe_cache;
static struct mount *pipe_mnt;

/* --- making and freeing --- */

static bool too_many_pages(struct user_struct *u, s64 pages)
{
	return (u64)pages > pipe_user_pages_soft && !capable(CAP_SYS_RESOURCE) && !capable(CAP_SYS_ADMIN) && u;
}

static struct pipe *pipe_create(void)
{
	struct user_struct *user = current_cred()->user;
	u32 n = PIPE_DEF_BUFS;
	struct pipe *p;

	if (too_many_pages(user, atomic64_add_return(&user->pipe_pages, n))) {
		atomic64_sub(&user->pipe_pages, n - PIPE_MIN_BUFS);
		n = PIPE_MIN_BUFS;
	}
	p = kmem_cache_alloc(pipe_cache, GFP_KERNEL);
	if (!p)
		goto uncharge;
	memset(p, 0, sizeof(*p));
	p->bufs = kcalloc(n, sizeof(*p->bufs), GFP_KERNEL);
	if (!p->bufs)
		goto free;
	mutex_init(&p->mutex, PIPE);
	wait_queue_init(&p->rd_wait);
	wait_queue_init(&p->wr_wait);
	fasync_queue_init(&p->rd_async);
	fasync_queue_init(&p->wr_async);
	p->ring_size = n;
	p->user = user;
	ref_get(&user->ref);
	return p;
free:
	kmem_cache_free(pipe_cache, p);
uncharge:
	atomic64_sub(&user->pipe_pages, n);
	return NULL;
}

static void pipe_destroy(struct pipe *p)
{
	u32 tail;

	for (tail = p->tail; tail != p->head; tail++)
		folio_put(p->bufs[tail & (p->ring_size - 1)].folio);
	for (unsigned int i = 0; i < ARRAY_SIZE(p->spare); i++)
		if (p->spare[i])
			folio_put(p->spare[i]);
	atomic64_sub(&p->user->pipe_pages, p->ring_size);
	user_put(p->user);
	kfree(p->bufs);
	kmem_cache_free(pipe_cache, p);
}

struct pipe *file_pipe(struct file *f)
{
	return f->ops == &fifo_fops ? f->private : NULL;
}

static struct folio *page_take(struct pipe *p)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(p->spare); i++) {
		struct folio *f = p->spare[i];

		if (f) {
			p->spare[i] = NULL;
			return f;
		}
	}
	return folio_alloc(0, GFP_USER);
}

/* Keep a page that only we hold for the next writer. */
static void page_give(struct pipe *p, struct folio *f)
{
	if (folio_refcount(f) == 1 && !folio_test(f, FOLIO_LRU))
		for (unsigned int i = 0; i < ARRAY_SIZE(p->spare); i++)
			if (!p->spare[i]) {
				p->spare[i] = f;
				return;
			}
	folio_put(f);
}

static struct pipe_buf *pipe_slot(struct pipe *p, u32 i)
{
	return &p->bufs[i & (p->ring_size - 1)];
}

/* After a change under the mutex that made an end ready. */
static void wake_readers(struct pipe *p)
{
	if (wait_queue_has_sleeper(&p->rd_wait))
		wake_up_poll(&p->rd_wait, EPOLLIN | EPOLLRDNORM);
	fasync_send(&p->rd_async, POLL_IN);
}

static void wake_writers(struct pipe *p)
{
	if (wait_queue_has_sleeper(&p->wr_wait))
		wake_up_poll(&p->wr_wait, EPOLLOUT | EPOLLWRNORM);
	fasync_send(&p->wr_async, POLL_OUT);
}

/* --- reading --- */

/* Take what there is, mutex held. Bytes, 0 when there is none to take, -EFAULT when not a byte could be copied. */
static ssize_t read_some(struct pipe *p, struct iov_iter *to)
{
	ssize_t done = 0;

	if (unlikely(p->claimed))
		return 0;
	while (iov_iter_count(to) && !pipe_empty(p)) {
		struct pipe_buf *b = pipe_slot(p, p->tail);
		size_t n = min_t(size_t, b->len, iov_iter_count(to)), got;
		bool packet = b->flags & PIPE_BUF_PACKET;

		got = copy_folio_to_iter(b->folio, b->off, n, to);
		done += (ssize_t)got;
		b->off += (u32)got;
		b->len -= (u32)got;
		if (got < n)
			return done ? done : -EFAULT;
		if (packet)
			b->len = 0;	/* the rest of a packet is dropped */
		if (!b->len) {
			page_give(p, b->folio);
			b->folio = NULL;
			WRITE_ONCE(p->tail, p->tail + 1);
		}
		if (packet)
			break;
	}
	return done;
}

static ssize_t pipe_read_iter(struct file *f, struct kiocb *k, struct iov_iter *to)
{
	struct pipe *p = f->private;
	bool was_full, more = false, waited = false;
	ssize_t res;

	if (!iov_iter_count(to))
		return 0;
	for (;;) {
		mutex_lock(&p->mutex);
		was_full = pipe_full(p);
		res = read_some(p, to);
		more = !pipe_empty(p);
		if (res || pipe_readable(p))
			break;
		mutex_unlock(&p->mutex);
		if (k->flags & (IOCB_NOWAIT | IOCB_NONBLOCK))
			return -EAGAIN;
		if (wait_event_interruptible_exclusive(&p->rd_wait, pipe_readable(p)))
			return -ERESTARTSYS;
		waited = true;
	}
	mutex_unlock(&p->mutex);
	if (was_full && res > 0)
		wake_writers(p);
	/* We were the one woken for what is still there: pass it on. */
	if (more && waited && wait_queue_has_sleeper(&p->rd_wait))
		wake_up_poll(&p->rd_wait, EPOLLIN | EPOLLRDNORM);
	if (res > 0)
		file_accessed(f);
	return res;
}

/* --- writing --- */

/* Append to the last page if it is ours and has room. Bytes. */
static size_t write_merge(struct pipe *p, struct iov_iter *from, bool *fault)
{
	struct pipe_buf *b = pipe_slot(p, p->head - 1);
	size_t off = b->off + b->len, n, got;
	void *dst;

	n = iov_iter_count(from) & (PAGE_SIZE - 1);
	if (pipe_empty(p) || !(b->flags & PIPE_BUF_CAN_MERGE) || !n || off + n > PAGE_SIZE)
		return 0;
	dst = kmap_local(b->folio, off);
	got = copy_from_iter(dst, n, from);
	kunmap_local(dst);
	*fault = got < n;
	b->len += (u32)got;
	return got;
}

/* Fill fresh pages while there is room. Bytes, or -EFAULT, -ENOMEM when none. */
static ssize_t write_some(struct pipe *p, struct iov_iter *from, u32 flags)
{
	ssize_t done = 0;

	while (iov_iter_count(from) && !pipe_full(p)) {
		struct pipe_buf *b = pipe_slot(p, p->head);
		size_t n = min_t(size_t, iov_iter_count(from), PAGE_SIZE), got;
		struct folio *f = page_take(p);
		void *dst;

		if (!f)
			return done ? done : -ENOMEM;
		dst = kmap_local(f, 0);
		got = copy_from_iter(dst, n, from);
		kunmap_local(dst);
		if (!got) {
			page_give(p, f);
			return done ? done : -EFAULT;
		}
		*b = (struct pipe_buf){ .folio = f, .len = (u32)got, .flags = flags };
		WRITE_ONCE(p->head, p->head + 1);
		done += (ssize_t)got;
		if (got < n)
			break;
	}
	return done;
}

static ssize_t broken_pipe(void)
{
	(void)signal_send(current, SIGPIPE, SEND_NOINFO, SIG_TO_THREAD);
	return -EPIPE;
}

static ssize_t pipe_write_iter(struct file *f, struct kiocb *k, struct iov_iter *from)
{
	u32 bflags = f->flags & O_DIRECT ? PIPE_BUF_PACKET : PIPE_BUF_CAN_MERGE;
	struct pipe *p = f->private;
	size_t total = iov_iter_count(from);
	bool was_empty, room, waited = false, fault = false;
	ssize_t done = 0, res = 0;

	if (!total)
		return 0;
	mutex_lock(&p->mutex);
	if (!p->readers) {
		mutex_unlock(&p->mutex);
		return broken_pipe();
	}
	was_empty = pipe_empty(p);
	if (bflags & PIPE_BUF_CAN_MERGE)
		done = (ssize_t)write_merge(p, from, &fault);
	while (iov_iter_count(from) && !fault) {
		if (!p->readers) {
			res = done ? 0 : broken_pipe();
			break;
		}
		/* Up to PIPE_BUF bytes go in as a whole or not at all: a free slot holds as many. */
		res = write_some(p, from, bflags);
		if (res < 0)
			break;
		done += res;
		if (!iov_iter_count(from))
			break;
		if (k->flags & (IOCB_NOWAIT | IOCB_NONBLOCK)) {
			res = -EAGAIN;
			break;
		}
		if (!pipe_full(p))
			continue;
		mutex_unlock(&p->mutex);
		if (was_empty || READ_ONCE(p->poll_usage))
			wake_readers(p);
		res = wait_event_interruptible_exclusive(&p->wr_wait, !pipe_full(p) || !READ_ONCE(p->readers));
		mutex_lock(&p->mutex);
		waited = true;
		was_empty = pipe_empty(p);
		if (res)
			break;
	}
	if (fault && !done)
		res = -EFAULT;
	was_empty = (was_empty || READ_ONCE(p->poll_usage)) && !pipe_empty(p);
	room = !pipe_full(p);
	mutex_unlock(&p->mutex);
	if (was_empty)
		wake_readers(p);
	/* We were the one woken for room, and some is left: pass it on. */
	if (room && waited && wait_queue_has_sleeper(&p->wr_wait))
		wake_up_poll(&p->wr_wait, EPOLLOUT | EPOLLWRNORM);
	if (done > 0)
		inode_touch_mtime(f->inode);
	return done ? done : res;
}

/* --- the rest of the file operations --- */

static u32 pipe_poll(struct file *f, struct poll_table *pt)
{
	struct pipe *p = f->private;
	u32 events = 0;

	/* Edge-triggered pollers expect news of every write. */
	if (!READ_ONCE(p->poll_usage))
		WRITE_ONCE(p->poll_usage, true);
	if (f->mode & FMODE_READ) {
		poll_wait(f, &p->rd_wait, pt);
		if (!pipe_empty(p) && !READ_ONCE(p->claimed))
			events |= EPOLLIN | EPOLLRDNORM;
		/* A FIFO that never had a writer since this open is not hung up. */
		if (!READ_ONCE(p->writers) && (u64)f->ra.prev_pos != READ_ONCE(p->w_counter))
			events |= EPOLLHUP;
	}
	if (f->mode & FMODE_WRITE) {
		poll_wait(f, &p->wr_wait, pt);
		if (!pipe_full(p))
			events |= EPOLLOUT | EPOLLWRNORM;
		if (!READ_ONCE(p->readers))
			events |= EPOLLERR;
	}
	return events;
}

static long pipe_ioctl(struct file *f, u32 cmd, u64 arg)
{
	struct pipe *p = f->private;
	int bytes = 0;

	if (cmd != FIONREAD)
		return -ENOIOCTLCMD;
	mutex_lock(&p->mutex);
	for (u32 i = p->tail; i != p->head; i++)
		bytes += (int)pipe_slot(p, i)->len;
	mutex_unlock(&p->mutex);
	return copy_out_bytes(uaddr(arg), &bytes, sizeof(bytes));
}

static void pipe_put(struct inode *inode, struct pipe *p)
{
	bool last;

	spin_lock(&inode->state_lock);
	last = --p->files == 0;
	if (last)
		inode->pipe = NULL;
	spin_unlock(&inode->state_lock);
	if (last)
		pipe_destroy(p);
}

static int pipe_release(struct file *f, struct inode *inode)
{
	struct pipe *p = f->private;

	mutex_lock(&p->mutex);
	if (f->mode & FMODE_READ)
		WRITE_ONCE(p->readers, p->readers - 1);
	if (f->mode & FMODE_WRITE)
		WRITE_ONCE(p->writers, p->writers - 1);
	/* The other side must notice that it is alone. */
	if (p->readers + p->writers && (!p->readers || !p->writers)) {
		wake_up_poll_all(&p->rd_wait, EPOLLIN | EPOLLRDNORM | EPOLLHUP);
		wake_up_poll_all(&p->wr_wait, EPOLLOUT | EPOLLWRNORM | EPOLLERR);
	}
	mutex_unlock(&p->mutex);
	pipe_put(inode, p);
	return 0;
}

static int pipe_fasync(struct file *f, int fd, bool on)
{
	struct pipe *p = f->private;
	int err = 0;

	if (f->mode & FMODE_READ)
		err = fasync_update(&p->rd_async, f, fd, on);
	if (!err && f->mode & FMODE_WRITE)
		err = fasync_update(&p->wr_async, f, fd, on);
	return err;
}

/* F_SETPIPE_SZ: a new ring that holds what is in the old one. Mutex held. */
static int resize(struct pipe *p, u32 n)
{
	struct pipe_buf *bufs;
	u32 used = pipe_used(p);

	if (n < used + p->reserved)
		return -EBUSY;
	bufs = kcalloc(n, sizeof(*bufs), GFP_KERNEL);
	if (!bufs)
		return -ENOMEM;
	for (u32 i = 0; i < used; i++)
		bufs[i] = *pipe_slot(p, p->tail + i);
	kfree(p->bufs);
	p->bufs = bufs;
	p->tail = 0;
	p->head = used;
	p->ring_size = n;
	return 0;
}

static long set_size(struct pipe *p, u64 arg)
{
	u64 n;
	s64 more;
	int err;

	if (arg > 0x7fffffff)
		return -EINVAL;
	n = roundup_pow2(max_t(u64, DIV_ROUND_UP(arg, PAGE_SIZE), 1));
	if (n * PAGE_SIZE > pipe_max_size && n > p->ring_size && !capable(CAP_SYS_RESOURCE))
		return -EPERM;
	more = (s64)n - p->ring_size;
	if (too_many_pages(p->user, atomic64_add_return(&p->user->pipe_pages, more)) && more > 0) {
		atomic64_sub(&p->user->pipe_pages, more);
		return -EPERM;
	}
	err = resize(p, (u32)n);
	if (err) {
		atomic64_sub(&p->user->pipe_pages, more);
		return err;
	}
	wake_up_poll_all(&p->wr_wait, EPOLLOUT | EPOLLWRNORM);
	return (long)(n * PAGE_SIZE);
}

long pipe_fcntl(struct file *f, u32 cmd, u64 arg)
{
	struct pipe *p = file_pipe(f);
	long res;

	if (!p)
		return -EBADF;
	mutex_lock(&p->mutex);
	res = cmd == F_SETPIPE_SZ ? set_size(p, arg) : (long)(p->ring_size * PAGE_SIZE);
	mutex_unlock(&p->mutex);
	return res;
}

/*
 * --- FIFOs: open(2) waits for the other side ---
 * A pipe reads nothing ahead, so f->ra.prev_pos holds what pipe_poll needs: the count of writers at
 * an open that found none, or -1.
 */

static int wait_for_partner(struct pipe *p, struct wait_queue *q, const u32 *counter, u32 seen)
{
	int err;

	mutex_unlock(&p->mutex);
	err = wait_event_interruptible(q, READ_ONCE(*counter) != seen);
	mutex_lock(&p->mutex);
	return err;
}

static struct pipe *fifo_pipe_get(struct inode *inode)
{
	struct pipe *p, *fresh = NULL;

	for (;;) {
		spin_lock(&inode->state_lock);
		p = inode->pipe;
		if (!p && fresh) {
			p = inode->pipe = fresh;
			fresh = NULL;
		}
		if (p)
			p->files++;
		spin_unlock(&inode->state_lock);
		if (p)
			break;
		fresh = pipe_create();
		if (!fresh)
			return NULL;
	}
	if (fresh)
		pipe_destroy(fresh);
	return p;
}

static int fifo_open(struct file *f, struct inode *inode)
{
	bool rd = f->mode & FMODE_READ, wr = f->mode & FMODE_WRITE;
	struct pipe *p = fifo_pipe_get(inode);
	bool named = inode->sb->magic != PIPEFS_MAGIC;	/* pipe(2)'s by way of /proc/PID/fd does not wait for a partner */
	int err = 0;

	if (!p)
		return -ENOMEM;
	f->private = p;
	f->mode &= ~(FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE | FMODE_ATOMIC_POS);
	f->mode |= FMODE_STREAM;
	mutex_lock(&p->mutex);
	f->ra.prev_pos = -1;
	if (named && wr && !rd && f->flags & O_NONBLOCK && !p->readers) {
		err = -ENXIO;
		goto out;
	}
	/* The counters are what the other side waits for: before it is woken. */
	p->r_counter += rd;
	p->w_counter += wr;
	if (rd && p->readers++ == 0)
		wake_up_all(&p->wr_wait);
	if (wr && p->writers++ == 0)
		wake_up_all(&p->rd_wait);
	if (named && rd && !wr && !p->writers) {
		if (f->flags & O_NONBLOCK)
			f->ra.prev_pos = (s64)p->w_counter;	/* no EPOLLHUP before a writer was there */
		else
			err = wait_for_partner(p, &p->rd_wait, &p->w_counter, p->w_counter);
	} else if (named && wr && !rd && !p->readers) {
		err = wait_for_partner(p, &p->wr_wait, &p->r_counter, p->r_counter);
	}
	if (!err)
		goto out;
	p->readers -= rd;
	p->writers -= wr;
	wake_up_all(rd ? &p->wr_wait : &p->rd_wait);
out:
	mutex_unlock(&p->mutex);
	if (err) {
		f->private = NULL;
		pipe_put(inode, p);
	}
	return err;
}

const struct file_ops fifo_fops = {
	.open = fifo_open,
	.release = pipe_release,
	.read_iter = pipe_read_iter,
	.write_iter = pipe_write_iter,
	.llseek = noop_llseek,
	.poll = pipe_poll,
	.ioctl = pipe_ioctl,
	.fasync = pipe_fasync,
};

/* --- pipe(2) --- */

static int pipe_dname(struct dentry *d, char *buf, size_t size)
{
	return scnprintf(buf, size, "pipe:[%llu]", (unsigned long long)d->inode->ino);
}

static const struct dentry_ops pipe_dops = { .dname = pipe_dname };

static struct super_block *pipefs_mount(struct fs_type *t, u32 flags, const char *source, const char *options)
{
	(void)flags, (void)source, (void)options;
	return super_pseudo(t, PIPEFS_MAGIC, NULL, &pipe_dops);
}

static struct fs_type pipefs_type = { .name = "pipefs", .flags = FS_NOMOUNT, .mount = pipefs_mount };

static struct inode *pipe_inode(void)
{
	struct inode *inode = inode_new(pipe_mnt->sb);
	struct pipe *p;

	if (!inode)
		return NULL;
	p = pipe_create();
	if (!p) {
		inode_put(inode);
		return NULL;
	}
	p->readers = p->writers = 1;
	p->r_counter = p->w_counter = 1;
	p->files = 2;
	inode->ino = inode_next_ino();
	inode->mode = S_IFIFO | S_IRUSR | S_IWUSR;
	inode->uid = current_fsuid();
	inode->gid = current_fsgid();
	inode->fops = &fifo_fops;
	inode->pipe = p;
	return inode;
}

static struct file *pipe_end(const struct path *path, u32 oflags, struct pipe *p)
{
	struct file *f = file_alloc(path, oflags, &fifo_fops);

	if (IS_ERR(f))
		return f;
	f->private = p;
	f->mode = (f->mode & (FMODE_READ | FMODE_WRITE)) | FMODE_STREAM | FMODE_OPENED | FMODE_NOWAIT;
	f->ra.prev_pos = -1;
	return f;
}

/* Both ends; ERR or 0. */
static int pipe_files(struct file *ends[2], u32 flags)
{
	struct inode *inode = pipe_inode();
	struct path path;
	u32 extra = flags & (O_NONBLOCK | O_DIRECT);

	if (!inode)
		return -ENFILE;
	path.mnt = pipe_mnt;
	path.dentry = dentry_alloc_pseudo(pipe_mnt->sb, "", &pipe_dops);
	if (!path.dentry) {
		pipe_destroy(inode->pipe);
		inode->pipe = NULL;
		inode_put(inode);
		return -ENOMEM;
	}
	mount_get(path.mnt);
	dentry_instantiate(path.dentry, inode);
	ends[0] = pipe_end(&path, O_RDONLY | (extra & O_NONBLOCK), inode->pipe);
	ends[1] = IS_ERR(ends[0]) ? ends[0] : pipe_end(&path, O_WRONLY | extra, inode->pipe);
	if (!IS_ERR(ends[1])) {
		path_put(&path);
		return 0;
	}
	/* One of the two files, or none, will release its share. */
	spin_lock(&inode->state_lock);
	inode->pipe->files = IS_ERR(ends[0]) ? 0 : 1;
	spin_unlock(&inode->state_lock);
	if (IS_ERR(ends[0])) {
		pipe_destroy(inode->pipe);
		inode->pipe = NULL;
	} else {
		inode->pipe->writers = 0;
		file_put(ends[0]);
	}
	path_put(&path);
	return (int)PTR_ERR(ends[1]);
}

static int pipe_do(int fds[2], u32 flags)
{
	struct file *ends[2];
	int err;

	if (flags & ~(u32)(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
		return -EINVAL;
	err = pipe_files(ends, flags);
	if (err)
		return err;
	fds[0] = fd_alloc(flags);
	if (fds[0] < 0) {
		err = fds[0];
		goto put;
	}
	fds[1] = fd_alloc(flags);
	if (fds[1] < 0) {
		err = fds[1];
		fd_release(fds[0]);
		goto put;
	}
	fd_install(fds[0], ends[0]);
	fd_install(fds[1], ends[1]);
	return 0;
put:
	file_put(ends[0]);
	file_put(ends[1]);
	return err;
}

long sys_pipe2(uout_s32 ufds, int flags)
{
	int fds[2], err = pipe_do(fds, (u32)flags);

	if (err)
		return err;
	if (copy_out_n(ufds, fds, 2)) {
		fd_close(fds[0]);
		fd_close(fds[1]);
		return -EFAULT;
	}
	return 0;
}

long sys_pipe(uout_s32 ufds)
{
	return sys_pipe2(ufds, 0);
}

static int pipe_init(void)
{
	pipe_cache = kmem_cache_create("pipe", sizeof(struct pipe), 64, 0, NULL);
	if (!pipe_cache)
		return -ENOMEM;
	pipe_mnt = kern_mount(&pipefs_type);
	return PTR_ERR_OR_ZERO(pipe_mnt);
}
INITCALL_FS(pipe_init);
