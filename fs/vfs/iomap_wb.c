/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Write-back of files on block devices: dirty blocks of neighbouring folios go out in one bio as long as
 * they lie side by side on the device. A folio is under write-back until the last of its bytes is written.
 *
 * Where the file system wants to hear of it (ops->written), a bio's end is told from a worker, and only then
 * are its folios done: whoever waits for them knows that the file system knows.
 *
 * An extent is asked for once and used for the folios that follow. It is stale once a truncation has begun
 * (mapping->cut_seq): the folio that is locked now keeps its own blocks from being freed, its extent is looked
 * up again.
 */
#include "iomap_internal.h"
#include <core/init.h>
#include <core/wait.h>
#include <core/work.h>

/* A bio on its way out, for ops->written. */
struct ioend {
	struct work work;
	struct bio *bio;		/* [o] */
	struct inode *inode;		/* [I] its folios keep it */
	const struct iomap_ops *ops;	/* [I] */
	struct iomap map;		/* [I] */
	u64 pos, len;			/* [o] */
};

struct wb_ctx {
	struct mapping *m;
	const struct iomap_ops *ops;
	struct writeback_control *wbc;
	struct iomap map;		/* length 0: none */
	u32 seq;			/* m->cut_seq when it was looked up */
	struct bio *bio;
	struct ioend *ioend;
	u64 next_addr, next_pos;	/* what continues the bio */
};

static struct workqueue *wb_wq;

/* One that is always there: with it write-back goes on when there is no memory. */
static struct ioend reserve;
static unsigned long reserve_used;		/* [a] bit 0 */
static DEFINE_WAIT_QUEUE(reserve_wait);

static struct ioend *ioend_get(void)
{
	struct ioend *e = kmalloc(sizeof(*e), GFP_NOFS | GFP_NORETRY | GFP_NOWARN);

	if (e)
		return e;
	wait_event(&reserve_wait, !test_and_set_bit(0, &reserve_used));
	return &reserve;
}

static void ioend_put(struct ioend *e)
{
	if (e != &reserve) {
		kfree(e);
		return;
	}
	clear_bit(0, &reserve_used);
	wake_up_all(&reserve_wait);
}

/* `len` bytes of a folio are out, or their sender is through (len 1). The last one ends its write-back. */
static void write_left(struct folio *f, u32 len, int error)
{
	struct folio_blocks *b = folio_private(f);

	if (!b) {
		folio_end_writeback(f, error);
		return;
	}
	if (error) {
		WRITE_ONCE(b->error, error);
		mapping_set_error(folio_mapping(f), error);
	}
	if (atomic_sub_return(&b->writing, (int)len) == 0)
		folio_end_writeback(f, 0);
}

static void bio_done(struct bio *bio)
{
	for (u32 i = 0; i < bio->nr_vecs; i++)
		write_left(bio->vecs[i].folio, bio->vecs[i].len, bio->status);
	bio_put(bio);
}

static void ioend_work(struct work *w)
{
	struct ioend *e = container_of(w, struct ioend, work);

	e->ops->written(e->inode, (loff_t)e->pos, e->len, &e->map, e->bio->status);
	bio_done(e->bio);
	ioend_put(e);
}

static void write_end_io(struct bio *bio)
{
	struct ioend *e = bio->private;

	if (e)
		work_queue(wb_wq, &e->work);
	else
		bio_done(bio);
}

static void wb_submit(struct wb_ctx *c)
{
	if (c->bio)
		bio_submit(c->bio);
	c->bio = NULL;
	c->ioend = NULL;
}

static int wb_start_bio(struct wb_ctx *c, u64 pos, u64 addr)
{
	u32 op = BIO_WRITE | (c->wbc->mode == WB_ALL ? BIO_SYNC : 0);

	wb_submit(c);
	if (c->ops->written)
		c->ioend = ioend_get();
	c->bio = bio_alloc(c->map.bdev, BIO_MAX_VECS, op, GFP_NOFS);
	if (!c->bio) {
		if (c->ioend)
			ioend_put(c->ioend);
		c->ioend = NULL;
		return -ENOMEM;
	}
	c->bio->sector = addr >> SECTOR_SHIFT;
	c->bio->end_io = write_end_io;
	c->bio->private = c->ioend;
	if (c->ioend) {
		work_init(&c->ioend->work, ioend_work);
		c->ioend->bio = c->bio;
		c->ioend->inode = c->m->host;
		c->ioend->ops = c->ops;
		c->ioend->map = c->map;
		c->ioend->pos = pos;
		c->ioend->len = 0;
	}
	c->next_pos = pos;
	c->next_addr = addr;
	return 0;
}

static int wb_add(struct wb_ctx *c, struct folio *f, u64 off, u32 len)
{
	u64 pos = folio_pos(f) + off, addr = iomap_addr(&c->map, pos);
	int err;

	if (!c->bio || c->bio->bdev != c->map.bdev || c->next_addr != addr || c->next_pos != pos ||
	    !bio_add(c->bio, f, (u32)off, len)) {
		err = wb_start_bio(c, pos, addr);
		if (err)
			return err;
		if (!bio_add(c->bio, f, (u32)off, len)) {
			if (c->ioend)
				ioend_put(c->ioend);
			bio_put(c->bio);
			c->bio = NULL;
			c->ioend = NULL;
			return -EIO;
		}
	}
	c->next_addr += len;
	c->next_pos += len;
	if (c->ioend)
		c->ioend->len += len;
	return 0;
}

static int wb_map(struct wb_ctx *c, u64 pos, u64 len)
{
	u32 seq = smp_load_acquire(&c->m->cut_seq);
	int err;

	if (c->map.length && c->seq == seq && iomap_covers(&c->map, pos))
		return 0;
	c->map = (struct iomap){ .addr = IOMAP_NULL_ADDR };
	err = c->ops->map_blocks(c->m->host, (loff_t)pos, len, &c->map);
	if (!err && WARN_ONCE(!iomap_covers(&c->map, pos)))
		err = -EIO;
	c->seq = seq;
	if (err)
		c->map.length = 0;
	return err;
}

/* The next run of dirty blocks in [*off, end): its bytes; 0: none. */
static u64 dirty_run(struct folio_blocks *b, u64 *off, u64 end)
{
	u64 first, stop, nr;

	if (!b)
		return *off < end ? end - *off : 0;
	nr = (end + (1ul << b->blkbits) - 1) >> b->blkbits;
	first = bitmap_find_next(fb_dirty(b), nr, *off >> b->blkbits);
	if (first >= nr)
		return 0;
	stop = bitmap_find_next_zero(fb_dirty(b), nr, first);
	*off = first << b->blkbits;
	return (min(stop, nr) - first) << b->blkbits;
}

/* Send the dirty blocks of [0, end) of a locked folio that is under write-back. */
static int send_blocks(struct wb_ctx *c, struct folio *f, struct folio_blocks *b, u64 end, bool *sent)
{
	u64 pos = folio_pos(f), off = 0, len;
	int err;

	while ((len = dirty_run(b, &off, end))) {
		u64 n;

		err = wb_map(c, pos + off, len);
		if (err)
			return err;
		n = min(len, iomap_end_of(&c->map) - (pos + off));
		if (c->map.type == IOMAP_MAPPED) {
			if (b)
				atomic_add(&b->writing, (int)n);
			err = wb_add(c, f, off, (u32)n);
			if (err) {
				if (b)
					atomic_sub(&b->writing, (int)n);
				return err;
			}
			*sent = true;
		}
		folio_blocks_clean(b, off, n);
		off += n;
	}
	return 0;
}

/* Locked, clean since just now. Unlocked on return. */
static int write_folio(struct wb_ctx *c, struct folio *f)
{
	u64 pos = folio_pos(f), size = (u64)inode_size(c->m->host), bs = 1ul << c->m->host->blkbits, end;
	bool had = folio_private(f), sent = false;
	struct folio_blocks *b = folio_blocks_make(c->m->host, f);
	int err;

	if (IS_ERR(b)) {
		folio_redirty(f);
		folio_unlock(f);
		return -ENOMEM;
	}
	/* Made just now: whoever dirtied it meant all of it. */
	if (b && !had)
		folio_blocks_dirty(b, 0, folio_size(f));
	if (pos >= size) {
		/* Being truncated: nothing of it is in the file. */
		folio_blocks_clean(b, 0, folio_size(f));
		folio_unlock(f);
		return 0;
	}
	end = min(folio_size(f), size - pos);
	/* Behind the end of the file zeros go to the device, whatever a mapping wrote there. */
	folio_zero_bytes(f, end, folio_size(f));
	end = min(folio_size(f), ALIGN_UP(end, bs));
	if (b) {
		b->error = 0;
		atomic_set(&b->writing, 1);
	}
	folio_start_writeback(f);
	err = send_blocks(c, f, b, end, &sent);
	if (err == -ENOMEM || err == -EAGAIN || err == -EINTR)
		(void)filemap_dirty_folio(c->m, f);	/* what is left is for the next time */
	else
		folio_blocks_clean(b, 0, folio_size(f));
	folio_unlock(f);
	if (b)
		write_left(f, 1, 0);
	else if (!sent)
		folio_end_writeback(f, 0);
	return err;
}

int iomap_writepages(struct mapping *m, struct writeback_control *wbc, const struct iomap_ops *ops)
{
	struct wb_ctx c = { .m = m, .ops = ops, .wbc = wbc };
	struct blk_plug plug;
	struct folio *f;
	u64 index = 0;
	int err = 0;

	blk_plug_start(&plug);
	while ((f = writeback_next(m, wbc, &index))) {
		int e = write_folio(&c, f);

		folio_put(f);
		if (e && e != -ENOMEM && e != -EAGAIN && e != -EINTR)
			mapping_set_error(m, e);
		err = err ? err : e;
		if (e == -ENOMEM)
			wb_submit(&c);		/* what is under way gives memory back */
	}
	wb_submit(&c);
	blk_plug_finish(&plug);
	return err;
}

static int iomap_wb_init(void)
{
	wb_wq = workqueue_create("writeback-end", WQ_RECLAIM);
	return wb_wq ? 0 : -ENOMEM;
}
INITCALL_VFS(iomap_wb_init);
