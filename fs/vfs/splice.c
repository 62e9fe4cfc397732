/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Moving data inside the kernel: splice, tee, vmsplice by way of a pipe's ring; sendfile and
 * copy_file_range directly.
 *
 * A file with a page cache gives its folios to the pipe by reference; any other source is read into
 * fresh pages. What leaves a pipe for a file is written from the pages where they lie; a stream socket
 * may keep references to them (IOCB_PAGES). Between two pipes buffers are moved (splice) or shared (tee).
 *
 * Locks: a pipe's mutex; of two pipes the lower address first (subclass 1 for the other). No
 * pipe mutex is held while a file is read or written: the filler reserves a slot for what it fetches;
 * what is written to a file stays in the pipe, claimed, until the file took it.
 */
#include "internal.h"
#include <base/math.h>
#include <fs/pipe.h>
#include <kernel/syscall.h>
#include <mm/mm.h>

#define SPLICE_KNOWN	(SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE | SPLICE_F_GIFT)

static inline struct pipe_buf *slot(struct pipe *p, u32 i)
{
	return &p->bufs[i & (p->ring_size - 1)];
}

static void wake_readers(struct pipe *p)
{
	wake_up_poll(&p->rd_wait, EPOLLIN | EPOLLRDNORM);
}

static void wake_writers(struct pipe *p)
{
	wake_up_poll(&p->wr_wait, EPOLLOUT | EPOLLWRNORM);
}

static int broken_pipe(void)
{
	signal_send(current, SIGPIPE, SEND_NOINFO, SIG_TO_THREAD);
	return -EPIPE;
}

/* Mutex held, also on return. 0 when a slot is free. */
static int wait_room(struct pipe *p, bool nonblock)
{
	int err;

	for (;;) {
		if (!p->readers)
			return broken_pipe();
		if (!pipe_full(p))
			return 0;
		if (nonblock)
			return -EAGAIN;
		if (signal_pending())
			return -ERESTARTSYS;
		mutex_unlock(&p->mutex);
		err = wait_event_interruptible(&p->wr_wait, !pipe_full(p) || !READ_ONCE(p->readers));
		mutex_lock(&p->mutex);
		if (err)
			return err;
	}
}

/* Mutex held, also on return. 1 when there is data, 0 at the end (no writer), -errno. */
static int wait_data(struct pipe *p, bool nonblock)
{
	int err;

	for (;;) {
		if (pipe_readable(p))
			return !pipe_empty(p);
		if (nonblock)
			return -EAGAIN;
		if (signal_pending())
			return -ERESTARTSYS;
		mutex_unlock(&p->mutex);
		err = wait_event_interruptible(&p->rd_wait, pipe_readable(p));
		mutex_lock(&p->mutex);
		if (err)
			return err;
	}
}

static void slot_free(struct pipe *p)
{
	struct pipe_buf *b = slot(p, p->tail);

	folio_put(b->folio);
	b->folio = NULL;
	WRITE_ONCE(p->tail, p->tail + 1);
}

/* Mutex held: one buffer more; the folio reference is consumed. */
static void slot_push(struct pipe *p, struct folio *f, u32 off, u32 len, u32 flags)
{
	*slot(p, p->head) = (struct pipe_buf){ .folio = f, .off = off, .len = len, .flags = flags };
	WRITE_ONCE(p->head, p->head + 1);
}

/* Mutex held: a slot is ours, to be filled after the mutex was let go of. As wait_room(). */
static int reserve(struct pipe *p, bool nonblock)
{
	int err = wait_room(p, nonblock);

	if (!err)
		WRITE_ONCE(p->reserved, p->reserved + 1);
	return err;
}

/* Mutex held: fo (consumed) comes into the slot that was reserved; NULL: nothing does. 0, or -EPIPE: nobody will read it. */
static int reserved_fill(struct pipe *p, struct folio *fo, u32 off, u32 len)
{
	bool was_empty = pipe_empty(p);
	int err = 0;

	WRITE_ONCE(p->reserved, p->reserved - 1);	/* first: see pipe_full() */
	if (fo && !p->readers) {
		err = broken_pipe();
		folio_put(fo);
		fo = NULL;
	}
	if (!fo) {
		wake_writers(p);
		return err;
	}
	slot_push(p, fo, off, len, 0);
	if (was_empty)
		wake_readers(p);
	return 0;
}

/* --- pieces of a file --- */

/* Has it a page cache that read() shows? Then pieces are its folios. */
static bool has_pages(const struct file *f)
{
	return S_ISREG_I(f->inode) && f->ops->mmap && f->mapping;
}

#define PIECE_MAX	65536u	/* bytes */

/* Up to len bytes at pos, PIECE_MAX at most: a referenced folio, *off and *n inside. NULL at the end; ERR_PTR. */
static struct folio *file_piece(struct file *f, loff_t pos, size_t len, u32 *off, u32 *n)
{
	u64 index = (u64)pos >> PAGE_SHIFT;
	struct folio *fo;
	loff_t size;

	if (pos >= inode_size(f->inode))
		return NULL;
	*off = (u32)PAGE_OFFSET_IN((u64)pos);
	if (f->mapping->flags & MAPPING_NO_WRITEBACK) {
		fo = filemap_get_memory(f->mapping, index);
		if (!IS_ERR_OR_NULL(fo) && !folio_test(fo, FOLIO_UPTODATE)) {
			folio_put(fo);
			fo = NULL;
		}
	} else {
		fo = filemap_read_folio(f, f->mapping, index);
	}
	if (IS_ERR(fo))
		return fo;
	if (fo) {
		*off = (u32)((u64)pos - folio_pos(fo));		/* it may hold several pages */
	} else {
		/* a hole of a memory file must not become a page by being looked at */
		fo = folio_alloc(0, GFP_USER | GFP_ZERO);
		if (!fo)
			return ERR_PTR(-ENOMEM);
	}
	/* After the folio was there: what a truncation took away meanwhile is not to be shown as zeros. */
	size = inode_size(f->inode);
	if (pos >= size) {
		folio_put(fo);
		return NULL;
	}
	*n = (u32)min_t(u64, min_t(u64, len, PIECE_MAX), min_t(u64, (u64)(size - pos), folio_size(fo) - *off));
	return fo;
}

/* The same for a file without a page cache: read into a fresh page; pos may be NULL (streams). */
static struct folio *read_piece(struct file *f, loff_t *pos, size_t len, u32 kflags, u32 *n)
{
	struct folio *fo = folio_alloc(0, GFP_USER);
	struct kiocb k = { .file = f, .pos = pos ? *pos : 0, .flags = kflags };
	struct iov_iter i;
	struct kvec v;
	ssize_t got;

	if (!fo)
		return ERR_PTR(-ENOMEM);
	v.base = kmap_local(fo, 0);
	v.len = min_t(size_t, len, PAGE_SIZE);
	iov_iter_kvec(&i, ITER_DEST, &v, 1, v.len);
	got = vfs_read_iter(f, &k, &i);
	kunmap_local(v.base);
	if (got <= 0) {
		folio_put(fo);
		return got ? ERR_PTR(got) : NULL;
	}
	if (pos)
		*pos = k.pos;
	*n = (u32)got;
	return fo;
}

/* A file on a disk is always ready. */
static u32 nonblock_flags(const struct file *f, bool nonblock)
{
	if (S_ISREG_I(f->inode) || S_ISBLK(f->inode->mode))
		return 0;
	return nonblock || (f->flags & O_NONBLOCK) ? IOCB_NOWAIT | IOCB_NONBLOCK : 0;
}

/* Parts of folios that are written in one go; a reference to each. */
struct batch {
	u32 nr;
	size_t len;
	struct kvec v[16];
	struct folio *folio[16];
};

static void batch_init(struct batch *b)
{
	b->nr = 0;
	b->len = 0;
}

static void batch_add(struct batch *b, struct folio *fo, u32 off, u32 n)
{
	b->v[b->nr] = (struct kvec){ .base = kmap_local(fo, off), .len = n };
	b->folio[b->nr++] = fo;
	b->len += n;
}

static void batch_put(struct batch *b)
{
	for (u32 i = 0; i < b->nr; i++) {
		kunmap_local(b->v[i].base);
		folio_put(b->folio[i]);
	}
}

/* Write it to f; bytes. */
static ssize_t batch_write(struct file *f, loff_t *pos, const struct batch *b, u32 kflags)
{
	struct kiocb k = { .file = f, .pos = pos ? *pos : 0, .flags = kflags | (f->mode & FMODE_PAGES ? IOCB_PAGES : 0) };
	struct iov_iter i;
	ssize_t done;

	if (unlikely(f->flags & O_SYNC))
		k.flags |= (f->flags & O_DSYNC ? IOCB_DSYNC : 0) | (f->flags & __O_SYNC ? IOCB_SYNC : 0);
	iov_iter_kvec(&i, ITER_SOURCE, b->v, b->nr, b->len);
	done = vfs_write_iter(f, &k, &i);
	if (pos)
		*pos = k.pos;
	return done;
}

/*
 * What follows at `pos` of `in`, at most len bytes: as many pieces as out takes at a time. 0 (b->nr is 0 at the end of the
 * file), or -errno. *more: the file has more of the len bytes.
 */
static int batch_read(struct batch *b, struct file *in, loff_t pos, size_t len, const struct file *out, bool *more)
{
	u32 most = has_pages(in) && out->mode & FMODE_PAGES ? ARRAY_SIZE(b->v) : 1, off = 0, n = 0;
	struct folio *fo;

	batch_init(b);
	do {
		fo = has_pages(in) ? file_piece(in, pos, len, &off, &n) : read_piece(in, &pos, len, nonblock_flags(in, false), &n);
		if (IS_ERR(fo) && !b->nr)
			return (int)PTR_ERR(fo);
		if (IS_ERR_OR_NULL(fo))
			break;
		batch_add(b, fo, off, n);
		if (has_pages(in))
			pos += n;
		len -= n;
	} while (len && b->nr < most);
	*more = len && has_pages(in) && pos < inode_size(in->inode);
	return 0;
}

/* --- file to pipe --- */

static ssize_t file_to_pipe(struct file *in, loff_t *pos, struct pipe *p, size_t len, bool nonblock)
{
	ssize_t done = 0;
	int err = 0;

	mutex_lock(&p->mutex);
	while (len) {
		loff_t next = *pos;
		struct folio *fo;
		u32 off = 0, n = 0;

		err = reserve(p, nonblock || done);
		if (err)
			break;
		mutex_unlock(&p->mutex);
		if (has_pages(in)) {
			fo = file_piece(in, next, min_t(size_t, len, PAGE_SIZE - PAGE_OFFSET_IN((u64)next)), &off, &n);
			next += n;
		} else {
			fo = read_piece(in, &next, len, nonblock_flags(in, false), &n);
		}
		mutex_lock(&p->mutex);
		err = IS_ERR(fo) ? (int)PTR_ERR(fo) : 0;
		if (IS_ERR_OR_NULL(fo)) {
			(void)reserved_fill(p, NULL, 0, 0);
			break;
		}
		err = reserved_fill(p, fo, off, n);
		if (err)
			break;
		*pos = next;
		done += n;
		len -= n;
		if (!has_pages(in) && n < PAGE_SIZE)
			break;		/* a stream gave what it had */
	}
	mutex_unlock(&p->mutex);
	if (done > 0 && has_pages(in))
		file_accessed(in);
	return done ? done : err;
}

/* --- pipe to file --- */

/* What lies in the pipe, at most len bytes, as many pieces as out takes at a time: claimed. Mutex held. */
static void claim(struct pipe *p, struct batch *b, size_t len, const struct file *out)
{
	u32 most = out->mode & FMODE_PAGES || S_ISREG_I(out->inode) ? ARRAY_SIZE(b->v) : 1;

	batch_init(b);
	for (u32 at = p->tail; at != p->head && b->nr < most && b->len < len; at++) {
		struct pipe_buf *from = slot(p, at);

		folio_get(from->folio);
		batch_add(b, from->folio, from->off, (u32)min_t(size_t, from->len, len - b->len));
	}
	WRITE_ONCE(p->claimed, true);
}

/* n bytes of it were taken. */
static void unclaim(struct pipe *p, size_t n)
{
	bool freed = false;

	mutex_lock(&p->mutex);
	while (n) {
		struct pipe_buf *b = slot(p, p->tail);
		u32 k = (u32)min_t(size_t, n, b->len);

		b->off += k;
		b->len -= k;
		n -= k;
		if (b->len)
			break;
		slot_free(p);
		freed = true;
	}
	WRITE_ONCE(p->claimed, false);
	mutex_unlock(&p->mutex);
	if (freed)
		wake_writers(p);
	if (pipe_readable(p))
		wake_readers(p);
}

static ssize_t pipe_to_file(struct pipe *p, struct file *out, loff_t *pos, size_t len, bool nonblock, bool more)
{
	ssize_t done = 0;
	int res = 0;

	while (len) {
		struct batch b;
		ssize_t n;
		bool rest;

		mutex_lock(&p->mutex);
		res = wait_data(p, nonblock || done);
		if (res <= 0) {
			mutex_unlock(&p->mutex);
			break;
		}
		claim(p, &b, len, out);
		rest = b.len < len && pipe_used(p) > b.nr;
		mutex_unlock(&p->mutex);
		n = batch_write(out, pos, &b, nonblock_flags(out, false) | (more || rest ? IOCB_MORE : 0));
		batch_put(&b);
		unclaim(p, n > 0 ? (size_t)n : 0);
		if (n <= 0) {
			res = (int)n;
			break;
		}
		done += n;
		len -= (size_t)n;
		if (n < (ssize_t)b.len)
			break;
	}
	return done ? done : res;
}

/* --- pipe to pipe --- */

static void lock_two(struct pipe *a, struct pipe *b)
{
	if (a > b)
		swap(a, b);
	mutex_lock(&a->mutex);
	mutex_lock_nested(&b->mutex, 1);
}

static void unlock_two(struct pipe *a, struct pipe *b)
{
	mutex_unlock(&a->mutex);
	mutex_unlock(&b->mutex);
}

/* Data in `in` and room in `out`, with both locked; 1 ready, 0 end of data, -errno (neither locked). */
static int wait_both(struct pipe *in, struct pipe *out, bool nonblock)
{
	int res;

	for (;;) {
		mutex_lock(&in->mutex);
		res = wait_data(in, nonblock);
		mutex_unlock(&in->mutex);
		if (res <= 0)
			return res;
		mutex_lock(&out->mutex);
		res = wait_room(out, nonblock);
		mutex_unlock(&out->mutex);
		if (res)
			return res;
		lock_two(in, out);
		if (!out->readers) {
			unlock_two(in, out);
			return broken_pipe();
		}
		if (!pipe_empty(in) && !in->claimed && !pipe_full(out))
			return 1;
		unlock_two(in, out);
	}
}

static ssize_t pipe_to_pipe(struct pipe *in, struct pipe *out, size_t len, bool nonblock, bool keep)
{
	ssize_t done = 0;
	bool was_empty;
	u32 at;
	int res = wait_both(in, out, nonblock);

	if (res <= 0)
		return res;
	was_empty = pipe_empty(out);
	at = in->tail;
	while (len && at != in->head && !pipe_full(out)) {
		struct pipe_buf *b = slot(in, at);
		u32 n = (u32)min_t(size_t, b->len, len);

		/* A shared page must not be appended to by either side. */
		folio_get(b->folio);
		slot_push(out, b->folio, b->off, n, b->flags & ~PIPE_BUF_CAN_MERGE);
		done += n;
		len -= n;
		if (keep) {
			b->flags &= ~PIPE_BUF_CAN_MERGE;
			at++;
			continue;
		}
		b->off += n;
		b->len -= n;
		if (b->len) {
			b->flags &= ~PIPE_BUF_CAN_MERGE;
			break;
		}
		slot_free(in);
		at = in->tail;
	}
	unlock_two(in, out);
	if (done && was_empty)
		wake_readers(out);
	if (done && !keep)
		wake_writers(in);
	return done;
}

/* --- splice --- */

static int offset_in(uio_s64 u, loff_t *off)
{
	return copy_in(off, u) ? -EFAULT : *off < 0 ? -EINVAL : 0;
}

static ssize_t splice_do(struct file *in, uio_s64 uin, struct file *out, uio_s64 uout, size_t len, u32 flags)
{
	struct pipe *ip = file_pipe(in), *op = file_pipe(out);
	bool nonblock = flags & SPLICE_F_NONBLOCK;
	loff_t off;
	ssize_t n;
	int err;

	if (!(in->mode & FMODE_READ) || !(out->mode & FMODE_WRITE))
		return -EBADF;
	if (ip && op) {
		if (uin.addr || uout.addr)
			return -ESPIPE;
		if (ip == op)
			return -EINVAL;
		if ((in->flags | out->flags) & O_NONBLOCK)
			nonblock = true;
		return pipe_to_pipe(ip, op, len, nonblock, false);
	}
	if (ip) {
		if (uin.addr)
			return -ESPIPE;
		if (out->flags & O_APPEND)
			return -EINVAL;
		if (!out->ops->write_iter)
			return -EINVAL;
		if (uout.addr) {
			if (!(out->mode & FMODE_PWRITE))
				return -EINVAL;
			err = offset_in(uout, &off);
			if (err)
				return err;
		} else {
			off = out->pos;
		}
		n = pipe_to_file(ip, out, &off, len, nonblock || (in->flags & O_NONBLOCK), flags & SPLICE_F_MORE);
		if (uout.addr)
			return copy_out(uout, &off) ? -EFAULT : n;
		out->pos = off;
		return n;
	}
	if (op) {
		if (uout.addr)
			return -ESPIPE;
		if (!in->ops->read_iter)
			return -EINVAL;
		if (uin.addr) {
			if (!(in->mode & FMODE_PREAD))
				return -EINVAL;
			err = offset_in(uin, &off);
			if (err)
				return err;
		} else {
			off = in->pos;
		}
		n = file_to_pipe(in, &off, op, len, nonblock || (out->flags & O_NONBLOCK));
		if (uin.addr)
			return copy_out(uin, &off) ? -EFAULT : n;
		in->pos = off;
		return n;
	}
	return -EINVAL;
}

long sys_splice(int in_fd, uio_s64 in_off, int out_fd, uio_s64 out_off, size_t len, unsigned int flags)
{
	struct fd in, out;
	ssize_t n = -EBADF;

	if (!len)
		return 0;
	if (flags & ~(u32)SPLICE_KNOWN)
		return -EINVAL;
	in = fdget(in_fd);
	if (!in.file)
		return n;
	out = fdget(out_fd);
	if (out.file) {
		n = splice_do(in.file, in_off, out.file, out_off, min_t(size_t, len, MAX_RW_COUNT), flags);
		fdput(out);
	}
	fdput(in);
	return n;
}

long sys_tee(int in_fd, int out_fd, size_t len, unsigned int flags)
{
	struct fd in, out;
	ssize_t n = -EBADF;

	if (flags & ~(u32)SPLICE_KNOWN)
		return -EINVAL;
	if (!len)
		return 0;
	in = fdget(in_fd);
	if (!in.file)
		return n;
	out = fdget(out_fd);
	if (out.file) {
		struct pipe *ip = file_pipe(in.file), *op = file_pipe(out.file);

		if (!(in.file->mode & FMODE_READ) || !(out.file->mode & FMODE_WRITE))
			n = -EBADF;
		else if (!ip || !op || ip == op)
			n = -EINVAL;
		else
			n = pipe_to_pipe(ip, op, min_t(size_t, len, MAX_RW_COUNT),
					 (flags & SPLICE_F_NONBLOCK) || ((in.file->flags | out.file->flags) & O_NONBLOCK),
					 true);
		fdput(out);
	}
	fdput(in);
	return n;
}

/* --- vmsplice --- */

/* User pages into the pipe, by reference. */
static ssize_t user_to_pipe(struct pipe *p, const struct iovec *iov, u64 nr, bool nonblock)
{
	ssize_t done = 0;
	int err = 0;

	mutex_lock(&p->mutex);
	for (u64 s = 0; s < nr && !err; s++) {
		u64 addr = iov[s].iov_base, left = iov[s].iov_len;

		while (left) {
			u32 off = (u32)PAGE_OFFSET_IN(addr), n = (u32)min_t(u64, left, PAGE_SIZE - off);
			struct folio *fo = NULL;
			u64 page = 0;
			int pin;

			err = reserve(p, nonblock || done);
			if (err)
				break;
			mutex_unlock(&p->mutex);
			pin = mm_pin_page(current->mm, addr, false, &fo, &page);
			mutex_lock(&p->mutex);
			err = reserved_fill(p, pin ? NULL : fo, (u32)(page * PAGE_SIZE) + off, n);
			err = pin ? pin : err;
			if (err)
				break;
			done += n;
			addr += n;
			left -= n;
		}
	}
	mutex_unlock(&p->mutex);
	return done ? done : err;
}

long sys_vmsplice(int fd, uin_iovec uiov, u64 nr_iov, unsigned int flags)
{
	struct iovec fast[UIO_FASTIOV], *heap = NULL;
	struct iov_iter i;
	struct pipe *p;
	struct fd f;
	ssize_t n;

	if (flags & ~(u32)SPLICE_KNOWN)
		return -EINVAL;
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	p = file_pipe(f.file);
	n = -EBADF;
	if (!p)
		goto out;
	n = iov_iter_import(&i, f.file->mode & FMODE_WRITE ? ITER_SOURCE : ITER_DEST, uaddr(uiov.addr), nr_iov, fast, &heap);
	if (n <= 0)
		goto out;
	if (f.file->mode & FMODE_WRITE) {
		/* one piece may have been turned into the plain form */
		struct iovec one = { .iov_base = i.ubuf, .iov_len = i.count };
		bool single = i.kind == ITER_UBUF;

		n = user_to_pipe(p, single ? &one : i.iov, single ? 1 : i.nr_segs,
				 (flags & SPLICE_F_NONBLOCK) || (f.file->flags & O_NONBLOCK));
	} else {
		struct kiocb k = { .file = f.file };

		k.flags = flags & SPLICE_F_NONBLOCK || (f.file->flags & O_NONBLOCK) ? IOCB_NONBLOCK | IOCB_NOWAIT : 0;
		n = f.file->ops->read_iter(f.file, &k, &i);
	}
out:
	kfree(heap);
	fdput(f);
	return n;
}

/* --- sendfile, copy_file_range --- */

/* From in at *ipos to out at *opos, piece by piece. Bytes, or -errno if none. */
static ssize_t copy_through(struct file *in, loff_t *ipos, struct file *out, loff_t *opos, size_t len)
{
	struct pipe *op = file_pipe(out);
	ssize_t done = 0;

	if (op)
		return file_to_pipe(in, ipos, op, len, out->flags & O_NONBLOCK);
	while (len) {
		struct batch b;
		size_t given;
		bool more;
		ssize_t w;

		w = batch_read(&b, in, *ipos, len, out, &more);
		if (w || !b.nr)
			return done ? done : w;
		given = b.len;
		w = batch_write(out, opos, &b, nonblock_flags(out, false) | (more ? IOCB_MORE : 0));
		batch_put(&b);
		if (w <= 0)
			return done ? done : w;
		*ipos += w;
		done += w;
		len -= (size_t)w;
		if (w < (ssize_t)given)
			break;
		if (signal_pending())
			break;
		cond_resched();
	}
	if (done && has_pages(in))
		file_accessed(in);
	return done;
}

static ssize_t sendfile_do(struct file *out, struct file *in, loff_t *off, size_t count)
{
	loff_t ipos = off ? *off : in->pos, opos = out->pos;
	ssize_t n;

	if (!(in->mode & FMODE_READ) || !(out->mode & FMODE_WRITE))
		return -EBADF;
	if (off && !(in->mode & FMODE_PREAD))
		return -ESPIPE;
	if (!in->ops->read_iter || !(in->mode & FMODE_LSEEK) || S_ISDIR_I(in->inode))
		return -EINVAL;
	if (out->flags & O_APPEND)
		return -EINVAL;
	if (!out->ops->write_iter)
		return -EINVAL;
	if (ipos < 0)
		return -EINVAL;
	n = copy_through(in, &ipos, out, out->mode & FMODE_STREAM ? NULL : &opos, min_t(size_t, count, MAX_RW_COUNT));
	if (n > 0) {
		out->pos = opos;
		if (off)
			*off = ipos;
		else
			in->pos = ipos;
	}
	return n;
}

long sys_sendfile(int out_fd, int in_fd, uio_s64 offset, size_t count)
{
	struct fd in, out;
	loff_t off;
	ssize_t n = -EBADF;

	if (offset.addr && copy_in(&off, offset))
		return -EFAULT;
	in = fdget(in_fd);
	if (!in.file)
		return n;
	out = fdget(out_fd);
	if (out.file) {
		n = sendfile_do(out.file, in.file, offset.addr ? &off : NULL, count);
		fdput(out);
	}
	fdput(in);
	if (offset.addr && n != -EBADF && copy_out(offset, &off))
		return -EFAULT;
	return n;
}

static ssize_t copy_range_do(struct file *in, loff_t *ipos, struct file *out, loff_t *opos, size_t len)
{
	struct inode *ii = in->inode, *oi = out->inode;
	loff_t size, iend, oend;

	if (S_ISDIR_I(ii) || S_ISDIR_I(oi))
		return -EISDIR;
	if (!S_ISREG_I(ii) || !S_ISREG_I(oi))
		return -EINVAL;
	if (!(in->mode & FMODE_READ) || !(out->mode & FMODE_WRITE) || (out->flags & O_APPEND))
		return -EBADF;
	if (ii->sb != oi->sb)
		return -EXDEV;
	if (oi->flags & S_IMMUTABLE)
		return -EPERM;
	if ((ii->flags | oi->flags) & S_SWAPFILE)
		return -ETXTBSY;
	if (*ipos < 0 || *opos < 0)
		return -EINVAL;
	if (check_add(*ipos, (loff_t)len, &iend) || check_add(*opos, (loff_t)len, &oend))
		return -EOVERFLOW;
	size = inode_size(ii);
	len = *ipos >= size ? 0 : min_t(u64, len, (u64)(size - *ipos));
	if (ii == oi && *ipos < *opos + (loff_t)len && *opos < *ipos + (loff_t)len)
		return -EINVAL;
	if (!len)
		return 0;
	return copy_through(in, ipos, out, opos, min_t(size_t, len, MAX_RW_COUNT));
}

long sys_copy_file_range(int in_fd, uio_s64 in_off, int out_fd, uio_s64 out_off, size_t len, unsigned int flags)
{
	loff_t ipos, opos;
	struct fd in, out;
	ssize_t n = -EBADF;

	in = fdget(in_fd);
	if (!in.file)
		return n;
	out = fdget(out_fd);
	if (!out.file) {
		fdput(in);
		return n;
	}
	ipos = in.file->pos;
	opos = out.file->pos;
	n = -EFAULT;
	if ((in_off.addr && copy_in(&ipos, in_off)) || (out_off.addr && copy_in(&opos, out_off)))
		goto out;
	n = flags ? -EINVAL : copy_range_do(in.file, &ipos, out.file, &opos, len);
	if (n > 0) {
		if (!in_off.addr)
			in.file->pos = ipos;
		else if (copy_out(in_off, &ipos))
			n = -EFAULT;
		if (!out_off.addr)
			out.file->pos = opos;
		else if (copy_out(out_off, &opos))
			n = -EFAULT;
	}
out:
	fdput(out);
	fdput(in);
	return n;
}
