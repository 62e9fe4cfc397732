/* SPDX-License-Identifier: MPL-2.0 */
/*
 * O_DIRECT: between the device and the user's pages, past the page cache. Pages are pinned one by one,
 * bios submitted, all waited for; what was pinned is let go by the task itself. A kiocb with `complete` is not
 * waited for where that is possible (-EIOCBQUEUED): what was pinned is let go by iomap_dio_release(), later.
 * inode->dio counts such requests: whoever takes blocks away from a file waits for them.
 *
 * A disk that lies in a file (loop) moves the pages of its bios in the same way (kiocb.bio); it waits, so they are
 * neither pinned nor let go.
 *
 * Coherence: a read first writes back what the cache has of the range. A write does that, drops the range
 * from the cache, writes, and drops it once more (a mapping may have faulted it in again). Only blocks that
 * exist and were written before are overwritten directly; holes, preallocated space and what lies behind
 * the end go through the cache and are written back at once: so nobody sees what a fresh block held before,
 * and the order of data and metadata is that of every other write.
 */
#include "internal.h"
#include "iomap_internal.h"
#include <core/slab.h>
#include <core/wait.h>
#include <core/work.h>
#include <mm/mm.h>

#define UNDER_WAY_MAX	(32ul << 20)	/* bytes pinned at a time */

struct dio {
	struct bio *done;		/* [a] stack of ended bios */
	atomic_t left;			/* bios under way, and one for the submitter */
	int error;			/* [a] the first */
	bool write;			/* [I] */
	const struct kiocb *kernel;	/* [I] memory is that of its bio; NULL: the user's */
	struct completion all;
	/* Not waited for: */
	struct kiocb *k;		/* [I] NULL: the submitter waits */
	const struct iomap_ops *ops;	/* [I] */
	ssize_t result;			/* [submitter until it lets go of `left`] */
	u64 first, last;		/* [I] pages written */
	struct work work;
};

static DEFINE_WAIT_QUEUE(dio_ended);

void inode_dio_wait(struct inode *inode)
{
	wait_event(&dio_ended, !atomic_read(&inode->dio));
}

static void inode_dio_end(struct inode *inode)
{
	if (atomic_dec_and_test(&inode->dio) && wait_queue_has_sleeper(&dio_ended))
		wake_up_all(&dio_ended);
}

/* The kiocb may be gone after `complete`, and the file with it. */
static void async_complete(struct dio *d)
{
	struct inode *inode = d->k->file->mapping->host;
	struct kiocb *k = d->k;

	if (d->write && d->ops->overwritten)
		d->ops->overwritten(inode);
	k->dio = d;
	inode_dio_end(inode);
	if (d->write)
		super_async_end(inode->sb);
	k->complete(k, d->error ? d->error : d->result);
}

static void async_work(struct work *w)
{
	struct dio *d = container_of(w, struct dio, work);

	(void)!invalidate_range_sync(d->k->file->mapping, d->first, d->last);
	async_complete(d);
}

static void dio_drop(struct dio *d)
{
	if (!atomic_dec_and_test(&d->left))
		return;
	if (!d->k)
		complete(&d->all);
	else if (d->write && READ_ONCE(d->k->file->mapping->nr_pages))
		work_queue(system_wq, &d->work);	/* a mapping brought a page in meanwhile */
	else
		async_complete(d);
}

static void dio_end_io(struct bio *b)
{
	struct dio *d = b->private;
	struct bio *old = READ_ONCE(d->done);

	if (b->status)
		WRITE_ONCE(d->error, b->status);
	do {
		b->next = old;
	} while (!try_cmpxchg(&d->done, &old, b));
	dio_drop(d);
}

/* Data came into it behind the back of whoever maps it. */
static void page_filled(struct folio *f)
{
	if (folio_test(f, FOLIO_ANON)) {
		folio_set(f, FOLIO_DIRTY);
		return;
	}
	folio_lock(f);
	folio_mark_dirty(f);
	folio_unlock(f);
}

/* Let go of everything that ended. */
static void dio_reap(struct dio *d)
{
	struct bio *b = d->done, *next;

	d->done = NULL;
	for (; b; b = next) {
		next = b->next;
		for (u32 i = 0; i < b->nr_vecs && !d->kernel; i++) {
			struct folio *f = b->vecs[i].folio;
			u32 pages = (u32)((PAGE_OFFSET_IN(b->vecs[i].off) + b->vecs[i].len + PAGE_SIZE - 1) >> PAGE_SHIFT);

			if (!d->write)
				page_filled(f);
			/* One reference for each page that was pinned. */
			while (pages--)
				folio_put(f);
		}
		bio_put(b);
	}
}

static void dio_init(struct dio *d, const struct kiocb *k, bool write)
{
	d->kernel = k && k->bio ? k : NULL;
	d->done = NULL;
	d->error = 0;
	d->write = write;
	d->k = NULL;
	atomic_set(&d->left, 1);
	completion_init(&d->all);
}

/* One that is not waited for; NULL: no memory, then it is. */
static struct dio *dio_async(struct kiocb *k, bool write, const struct iomap_ops *ops, u64 pos, u64 len)
{
	struct dio *d = kmalloc(sizeof(*d), GFP_KERNEL | GFP_NOWARN);

	if (!d)
		return NULL;
	dio_init(d, NULL, write);
	d->k = k;
	d->ops = ops;
	d->first = pos >> PAGE_SHIFT;
	d->last = (pos + len - 1) >> PAGE_SHIFT;
	work_init(&d->work, async_work);
	atomic_inc(&k->file->mapping->host->dio);
	if (write)
		super_async_start(k->file->mapping->host->sb);
	return d;
}

/* All of it was sent, or nothing (result -errno): then nobody hears of it. */
static ssize_t dio_let_go(struct dio *d, ssize_t result)
{
	if (result <= 0) {
		inode_dio_end(d->k->file->mapping->host);
		if (d->write)
			super_async_end(d->k->file->mapping->host->sb);
		kfree(d);
		return result;
	}
	d->result = result;
	dio_drop(d);
	return -EIOCBQUEUED;
}

/* Wait for all; d can be used again. */
static int dio_wait(struct dio *d)
{
	int err;

	dio_drop(d);
	wait_for_completion(&d->all);
	dio_reap(d);
	err = d->error;
	dio_init(d, d->kernel, d->write);
	return err;
}

void iomap_dio_release(struct kiocb *k)
{
	struct dio *d = k->dio;

	if (!d)
		return;
	dio_reap(d);
	kfree(d);
	k->dio = NULL;
}

/* The user's next contiguous piece. */
static size_t user_piece(const struct iov_iter *i, u64 *addr)
{
	const struct iovec *v = i->iov;
	size_t off = i->off;

	if (i->kind == ITER_UBUF) {
		*addr = i->ubuf + i->off;
		return i->count;
	}
	while (off >= v->iov_len) {
		off -= v->iov_len;
		v++;
	}
	*addr = (u64)v->iov_base + off;
	return min(i->count, (size_t)v->iov_len - off);
}

/* -EINVAL unless all is aligned to what the device moves. */
static int check_aligned(const struct kiocb *k, const struct iov_iter *orig, u64 pos, u32 unit)
{
	struct iov_iter i = *orig;
	u64 addr, bits = pos | i.count;

	while (i.count && !k->bio) {
		size_t n = user_piece(&i, &addr);

		bits |= addr | n;
		iov_iter_advance(&i, n);
	}
	return bits & (unit - 1) ? -EINVAL : 0;
}

/* The next piece of memory, within a page: pinned, if it is the user's. */
static int next_piece(const struct dio *d, const struct iov_iter *i, u64 *n, struct folio **f, u32 *off)
{
	u64 addr, nr;
	int err;

	if (d->kernel) {
		u64 v = (u64)(i->kvec - d->kernel->bio_kvecs), skip = i->off;
		const struct bio_vec *bv = &d->kernel->bio->vecs[v];

		for (; skip >= bv->len; bv++)
			skip -= bv->len;
		*n = min_t(u64, *n, bv->len - skip);
		*f = bv->folio;
		*off = bv->off + (u32)skip;
		return 0;
	}
	*n = min_t(u64, *n, user_piece(i, &addr));
	*n = min(*n, PAGE_SIZE - PAGE_OFFSET_IN(addr));
	err = mm_pin_page(current->mm, addr, !d->write, f, &nr);
	*off = (u32)((nr << PAGE_SHIFT) + PAGE_OFFSET_IN(addr));
	return err;
}

static void drop_piece(const struct dio *d, struct folio *f)
{
	if (!d->kernel)
		folio_put(f);
}

static struct bio *dio_bio(struct dio *d, const struct iomap *m, u64 pos, u64 len)
{
	u64 vecs = (len >> PAGE_SHIFT) + 2;
	struct bio *b = bio_alloc(m->bdev, (u32)min_t(u64, vecs, BIO_MAX_VECS),
				  (d->write ? BIO_WRITE : BIO_READ) | BIO_SYNC, GFP_KERNEL);

	if (b) {
		b->sector = iomap_addr(m, pos) >> SECTOR_SHIFT;
		b->end_io = dio_end_io;
		b->private = d;
	}
	return b;
}

static void dio_submit(struct dio *d, struct bio *b)
{
	if (!b)
		return;
	if (!b->nr_vecs) {
		bio_put(b);
		return;
	}
	atomic_inc(&d->left);
	bio_submit(b);
}

/* Send up to len bytes at pos, all within m, to or from the iterator: bytes sent or -errno. */
static ssize_t dio_send(struct dio *d, struct iov_iter *i, const struct iomap *m, u64 pos, u64 len)
{
	struct bio *b = NULL;
	u64 sent = 0;
	int err = 0;

	while (sent < len) {
		u64 n = len - sent;
		struct folio *f;
		u32 off, was;

		err = next_piece(d, i, &n, &f, &off);
		if (err)
			break;
		was = b ? b->nr_vecs : 0;
		if (!b || !bio_add(b, f, off, (u32)n)) {
			dio_submit(d, b);
			b = dio_bio(d, m, pos + sent, len - sent);
			if (!b || !bio_add(b, f, off, (u32)n)) {
				err = b ? -EIO : -ENOMEM;
				drop_piece(d, f);
				break;
			}
		} else if (b->nr_vecs == was && PAGE_OFFSET_IN(off)) {
			drop_piece(d, f);	/* joined with another piece of the same page */
		}
		iov_iter_advance(i, n);
		sent += n;
	}
	dio_submit(d, b);
	if (d->write && !d->kernel)
		current->io.write_bytes += sent;
	return sent ? (ssize_t)sent : err;
}

static bool nowait_cached(struct mapping *m, u64 pos, u64 len)
{
	u64 index = pos >> PAGE_SHIFT;
	void *e;

	if (!READ_ONCE(m->nr_pages))
		return false;
	rcu_read_lock();
	e = xa_find(&m->folios, &index, (pos + len - 1) >> PAGE_SHIFT);
	rcu_read_unlock();
	return e;
}

ssize_t iomap_dio_read(struct kiocb *k, struct iov_iter *to, const struct iomap_ops *ops)
{
	struct inode *inode = k->file->mapping->host;
	u64 size = (u64)inode_size(inode), pos = (u64)k->pos, end, under_way = 0;
	u32 flags = IOMAP_DIRECT | (k->flags & IOCB_NOWAIT ? IOMAP_NOWAIT : 0), unit = 0;
	ssize_t got = 0, total = 0;
	struct dio own, *d = &own;
	struct blk_plug plug;
	int err = 0;

	if (!iov_iter_count(to) || pos >= size)
		return 0;
	if (to->kind == ITER_KVEC && !k->bio)
		return filemap_read(k, to);
	end = min(pos + iov_iter_count(to), ALIGN_UP(size, SECTOR_SIZE));
	if (k->flags & IOCB_NOWAIT && nowait_cached(inode->mapping, pos, end - pos))
		return -EAGAIN;
	err = filemap_write_and_wait(inode->mapping, (loff_t)pos, (loff_t)end - 1);
	if (err)
		return err;
	dio_init(&own, k, false);
	if (k->complete && end - pos <= UNDER_WAY_MAX)
		d = dio_async(k, false, ops, pos, end - pos) ?: &own;
	blk_plug_start(&plug);
	while (pos < end && !err) {
		struct iomap m;
		u64 n;

		err = iomap_begin(inode, pos, end - pos, flags, ops, &m);
		if (err)
			break;
		if (!unit && m.bdev) {
			unit = bdev_logical_block_size(m.bdev);
			err = check_aligned(k, to, pos, unit);
			end = min(pos + iov_iter_count(to), ALIGN_UP(size, unit));
		}
		n = min(end - pos, iomap_end_of(&m) - pos);
		n = min(n, UNDER_WAY_MAX);
		if (err)
			got = err;
		else if (m.type == IOMAP_MAPPED)
			got = dio_send(d, to, &m, pos, n);
		else
			got = iov_iter_zero(to, n) ?: -EFAULT;
		(void)iomap_finish(inode, pos, n, got > 0 ? (u64)got : 0, flags, ops, &m);
		if (got <= 0) {
			err = (int)got;
			break;
		}
		pos += (u64)got;
		total += got;
		under_way += (u64)got;
		if (d == &own && under_way >= UNDER_WAY_MAX) {
			err = dio_wait(d);
			under_way = 0;
		}
	}
	blk_plug_finish(&plug);
	/* The last sector may reach behind the end. */
	total = min(total, (ssize_t)(size - (u64)k->pos));
	if (d != &own)
		return dio_let_go(d, total ? total : err);
	got = dio_wait(d);
	if (got)
		return got;
	if (!total)
		return err;
	k->pos += total;
	return total;
}

/* Part of a direct write that must go through the cache: written, out of the cache again. */
static ssize_t write_buffered(struct kiocb *k, struct iov_iter *from, u64 len, const struct iomap_ops *ops)
{
	struct mapping *m = k->file->mapping;
	size_t rest = iov_iter_count(from) - min_t(u64, len, iov_iter_count(from));
	loff_t pos = k->pos;
	ssize_t n;
	int err;

	iov_iter_truncate(from, len);
	n = iomap_file_write(k, from, ops);
	from->count += rest;
	if (n <= 0)
		return n;
	err = filemap_write_and_wait(m, pos, pos + n - 1);
	if (err)
		return err;
	invalidate_clean(m, (u64)pos >> PAGE_SHIFT, (u64)(pos + n - 1) >> PAGE_SHIFT);
	return n;
}

/* One extent that is written already. */
static ssize_t write_direct(struct kiocb *k, struct iov_iter *from, const struct iomap *m, u64 len,
			    const struct iomap_ops *ops)
{
	struct mapping *mp = k->file->mapping;
	u64 pos = (u64)k->pos, first = pos >> PAGE_SHIFT, last = (pos + len - 1) >> PAGE_SHIFT;
	struct dio own, *d = &own;
	struct blk_plug plug;
	ssize_t n;
	int err;

	dio_init(&own, k, true);
	if (k->complete && !(k->flags & (IOCB_DSYNC | IOCB_SYNC)) && k->pos == k->start && iov_iter_count(from) == len)
		d = dio_async(k, true, ops, pos, len) ?: &own;
	blk_plug_start(&plug);
	n = dio_send(d, from, m, pos, len);
	blk_plug_finish(&plug);
	if (d != &own)
		return dio_let_go(d, n);
	err = dio_wait(d);
	if (!err && ops->overwritten)
		ops->overwritten(mp->host);
	if (READ_ONCE(mp->nr_pages))
		(void)!invalidate_range_sync(mp, first, last);
	if (err)
		return err;
	if (n > 0)
		k->pos += n;
	return n;
}

ssize_t iomap_dio_write(struct kiocb *k, struct iov_iter *from, const struct iomap_ops *ops)
{
	struct inode *inode = k->file->mapping->host;
	struct mapping *mp = inode->mapping;
	u32 flags = IOMAP_DIRECT | (k->flags & IOCB_NOWAIT ? IOMAP_NOWAIT : 0);
	bool nowait = k->flags & IOCB_NOWAIT;
	ssize_t done = 0;

	k->start = k->pos;
	if (from->kind == ITER_KVEC && !k->bio)
		return write_buffered(k, from, iov_iter_count(from), ops);
	while (iov_iter_count(from)) {
		u64 pos = (u64)k->pos, size = (u64)inode_size(inode), len = iov_iter_count(from);
		struct iomap m;
		bool direct;
		ssize_t n;
		int err;

		if (nowait && nowait_cached(mp, pos, len))
			return done ? done : -EAGAIN;
		err = iomap_begin(inode, pos, len, flags, ops, &m);
		if (err)
			return done ? done : err;
		if (!done && m.bdev)
			err = check_aligned(k, from, pos, bdev_logical_block_size(m.bdev));
		len = min(min(len, iomap_end_of(&m) - pos), UNDER_WAY_MAX);
		/* Up to the end of the file; what would make it longer goes through the cache. */
		direct = m.type == IOMAP_MAPPED && !(m.flags & IOMAP_F_NEW) && pos < size;
		if (direct)
			len = min(len, ALIGN_DOWN(size, bdev_logical_block_size(m.bdev)) - min(pos, size));
		direct = direct && len;
		if (!err && direct && READ_ONCE(mp->nr_pages)) {
			err = filemap_write_and_wait(mp, (loff_t)pos, (loff_t)(pos + len) - 1);
			if (!err && invalidate_range_sync(mp, pos >> PAGE_SHIFT, (pos + len - 1) >> PAGE_SHIFT))
				direct = false;
		}
		if (!direct)
			len = min_t(u64, iov_iter_count(from), UNDER_WAY_MAX);
		if (!err && !direct && (nowait || k->flags & IOCB_OVERWRITE))
			err = -EAGAIN;
		n = err ? err : direct ? write_direct(k, from, &m, len, ops) : 0;
		(void)iomap_finish(inode, pos, len, n > 0 ? (u64)n : 0, flags, ops, &m);
		if (!err && !direct)
			n = write_buffered(k, from, m.type == IOMAP_MAPPED ? len : min(len, iomap_end_of(&m) - pos), ops);
		if (n <= 0)
			return done ? done : n;
		done += n;
	}
	return done;
}
