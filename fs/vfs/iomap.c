/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Reading files on block devices into the page cache, and the state of folios that consist of several
 * blocks: which of them are uptodate and which are dirty, in a struct folio_blocks at folio->private.
 *
 * A read walks extents, not pages: one begin() for each, one bio as long as blocks lie side by side.
 * A folio may be fed by several bios; the one that brings the last bytes unlocks it, from an interrupt.
 * The folio is locked from before to after, so neither it nor its state can go away.
 */
#include "iomap_internal.h"

/* --- the state of blocks --- */

struct folio_blocks *folio_blocks_make(struct inode *inode, struct folio *f)
{
	struct folio_blocks *b = folio_private(f);
	u32 nr = (u32)(folio_size(f) >> inode->blkbits), words = (u32)BITS_TO_LONGS(nr);

	if (b || nr <= 1)
		return b;
	b = kzalloc(sizeof(*b) + 2 * words * sizeof(long), GFP_NOFS);
	if (!b)
		return ERR_PTR(-ENOMEM);
	spin_lock_init(&b->lock, OBJECT_IRQ);
	b->blkbits = inode->blkbits;
	b->nr = nr;
	if (folio_test(f, FOLIO_UPTODATE))
		bitmap_set(b->bits, 0, nr);
	/* Whoever marked it had no place to say which. */
	if (folio_test(f, FOLIO_DIRTY))
		bitmap_set(fb_dirty(b), 0, nr);
	folio_attach_private(f, b);
	return b;
}

static void fb_set(struct folio_blocks *b, unsigned long *map, u64 off, u64 len)
{
	u64 first = off >> b->blkbits, last = (off + len - 1) >> b->blkbits, flags;

	spin_lock_irqsave(&b->lock, flags);
	bitmap_set(map, first, last - first + 1);
	spin_unlock_irqrestore(&b->lock, flags);
}

void folio_blocks_uptodate(struct folio *f, struct folio_blocks *b, u64 off, u64 len)
{
	bool all = !b;

	if (b) {
		u64 flags;

		fb_set(b, b->bits, off, len);
		spin_lock_irqsave(&b->lock, flags);
		all = bitmap_find_next_zero(b->bits, b->nr, 0) >= b->nr;
		spin_unlock_irqrestore(&b->lock, flags);
	}
	if (all && !folio_test(f, FOLIO_UPTODATE))
		folio_set(f, FOLIO_UPTODATE);
}

bool folio_block_is_uptodate(struct folio *f, struct folio_blocks *b, u64 off)
{
	return folio_test(f, FOLIO_UPTODATE) || (b && test_bit(off >> b->blkbits, b->bits));
}

void folio_blocks_dirty(struct folio_blocks *b, u64 off, u64 len)
{
	if (b && len)
		fb_set(b, fb_dirty(b), off, len);
}

void folio_blocks_clean(struct folio_blocks *b, u64 off, u64 len)
{
	u64 first, end, flags;

	if (!b)
		return;
	first = (off + (1ul << b->blkbits) - 1) >> b->blkbits;
	end = (off + len) >> b->blkbits;
	if (end <= first)
		return;
	spin_lock_irqsave(&b->lock, flags);
	bitmap_clear(fb_dirty(b), first, end - first);
	spin_unlock_irqrestore(&b->lock, flags);
}

/* --- what a mapping needs for folios with such a state --- */

bool iomap_release_folio(struct folio *f)
{
	if (folio_test(f, FOLIO_DIRTY) || folio_test(f, FOLIO_WRITEBACK))
		return false;
	kfree(folio_detach_private(f));
	return true;
}

void iomap_invalidate_folio(struct folio *f, size_t off, size_t len)
{
	struct folio_blocks *b = folio_private(f);

	if (!b)
		return;
	if (off == 0 && len == folio_size(f))
		kfree(folio_detach_private(f));
	else
		folio_blocks_clean(b, off, len);
}

bool iomap_dirty_folio(struct mapping *m, struct folio *f)
{
	folio_blocks_dirty(folio_private(f), 0, folio_size(f));
	return filemap_dirty_folio(m, f);
}

/* --- extents --- */

int iomap_begin(struct inode *inode, u64 pos, u64 len, u32 flags, const struct iomap_ops *ops, struct iomap *m)
{
	int err;

	*m = (struct iomap){ .addr = IOMAP_NULL_ADDR };
	err = ops->begin(inode, (loff_t)pos, len, flags, m);
	if (err)
		return err;
	if (WARN_ONCE(!iomap_covers(m, pos)))
		return -EIO;
	return 0;
}

/* --- reading --- */

struct read_ctx {
	struct inode *inode;
	const struct iomap_ops *ops;
	struct iomap map;		/* length 0: none yet */
	u64 want_end;			/* where this read ends, for begin() */
	struct bio *bio;
	u64 bio_next;			/* byte on the device that continues it */
	u32 op;
};

/* `len` bytes of a folio came in, or the sender is through (len 1). The last one unlocks. */
static void read_arrived(struct folio *f, u64 off, u32 len, int error, bool data)
{
	struct folio_blocks *b = folio_private(f);

	if (!b) {
		folio_end_read(f, error);
		return;
	}
	if (error)
		WRITE_ONCE(b->error, error);
	else if (data)
		fb_set(b, b->bits, off, len);
	if (atomic_sub_return(&b->reading, (int)len) == 0)
		folio_end_read(f, READ_ONCE(b->error));
}

static void read_end_io(struct bio *bio)
{
	for (u32 i = 0; i < bio->nr_vecs; i++)
		read_arrived(bio->vecs[i].folio, bio->vecs[i].off, bio->vecs[i].len, bio->status, true);
	bio_put(bio);
}

static void read_submit(struct read_ctx *c)
{
	if (c->bio)
		bio_submit(c->bio);
	c->bio = NULL;
}

/* Add [off, off + len) of f, which lies at byte `addr` of the device. */
static int read_add(struct read_ctx *c, struct folio *f, u64 off, u32 len, u64 addr)
{
	struct block_device *bdev = c->map.bdev;
	u64 vecs;

	if (c->bio && c->bio->bdev == bdev && c->bio_next == addr && bio_add(c->bio, f, (u32)off, len)) {
		c->bio_next += len;
		return 0;
	}
	read_submit(c);
	vecs = (min(c->want_end, iomap_end_of(&c->map)) - (folio_pos(f) + off) + PAGE_SIZE - 1) >> PAGE_SHIFT;
	c->bio = bio_alloc(bdev, (u32)clamp_t(u64, vecs, 1, BIO_MAX_VECS), BIO_READ | c->op, GFP_NOFS);
	if (!c->bio)
		return -ENOMEM;
	c->bio->sector = addr >> SECTOR_SHIFT;
	c->bio->end_io = read_end_io;
	if (!bio_add(c->bio, f, (u32)off, len)) {
		bio_put(c->bio);
		c->bio = NULL;
		return -EIO;
	}
	c->bio_next = addr + len;
	return 0;
}

static int read_map(struct read_ctx *c, u64 pos)
{
	int err;

	if (c->map.length && iomap_covers(&c->map, pos))
		return 0;
	if (c->map.length)
		(void)iomap_finish(c->inode, c->map.offset, c->map.length, c->map.length, 0, c->ops, &c->map);
	c->map.length = 0;
	err = iomap_begin(c->inode, pos, c->want_end - pos, 0, c->ops, &c->map);
	if (err)
		c->map.length = 0;
	return err;
}

static void read_ctx_end(struct read_ctx *c)
{
	read_submit(c);
	if (c->map.length)
		(void)iomap_finish(c->inode, c->map.offset, c->map.length, c->map.length, 0, c->ops, &c->map);
}

/* Bytes from off on that one request or one zeroing can serve: same extent, blocks not uptodate. */
static u64 read_run(struct folio *f, struct folio_blocks *b, u64 off, u64 most)
{
	u64 n = 0;

	if (!b)
		return most;
	while (n < most && !folio_block_is_uptodate(f, b, off + n))
		n += 1ul << b->blkbits;
	return n;
}

/* Send for what a locked folio lacks; it is unlocked when all is there, or when that failed. */
static int read_one(struct read_ctx *c, struct folio *f)
{
	struct folio_blocks *b = folio_blocks_make(c->inode, f);
	u64 pos = folio_pos(f), size = folio_size(f), bs = 1ul << c->inode->blkbits, eof, off, n;
	bool sent = false;
	int err = 0;

	if (IS_ERR(b)) {
		folio_end_read(f, -ENOMEM);
		return -ENOMEM;
	}
	if (b) {
		b->error = 0;
		atomic_set(&b->reading, 1);
	}
	eof = ALIGN_UP((u64)inode_size(c->inode), bs);
	for (off = 0; off < size && !err; off += n) {
		n = bs;
		if (folio_block_is_uptodate(f, b, off))
			continue;
		n = size - off;
		if (pos + off >= eof) {
			folio_zero_bytes(f, off, size);
			folio_blocks_uptodate(f, b, off, n);
			continue;
		}
		err = read_map(c, pos + off);
		if (err)
			break;
		n = read_run(f, b, off, min(n, iomap_end_of(&c->map) - (pos + off)));
		n = min(n, eof - (pos + off));
		if (c->map.type != IOMAP_MAPPED) {
			folio_zero_bytes(f, off, off + n);
			folio_blocks_uptodate(f, b, off, n);
			continue;
		}
		if (b)
			atomic_add(&b->reading, (int)n);
		sent = true;
		err = read_add(c, f, off, (u32)n, iomap_addr(&c->map, pos + off));
		if (err && b)
			atomic_sub(&b->reading, (int)n);
		sent = !err;
	}
	if (b)
		read_arrived(f, 0, 1, err, false);
	else if (!sent)
		folio_end_read(f, err);
	return err;
}

int iomap_read_folio(struct folio *f, const struct iomap_ops *ops)
{
	struct read_ctx c = {
		.inode = folio_mapping(f)->host, .ops = ops, .want_end = folio_pos(f) + folio_size(f), .op = BIO_SYNC,
	};

	/* What went wrong shows in the folio. */
	(void)read_one(&c, f);
	read_ctx_end(&c);
	return 0;
}

void iomap_readahead(struct readahead_control *ra, const struct iomap_ops *ops)
{
	struct read_ctx c = {
		.inode = ra->m->host, .ops = ops, .want_end = (ra->index + ra->nr) << PAGE_SHIFT,
	};
	struct blk_plug plug;
	struct folio *f;

	blk_plug_start(&plug);
	while ((f = readahead_next(ra))) {
		/* Locked and in the cache: it stays without our reference. */
		int err = read_one(&c, f);

		folio_put(f);
		if (err)
			break;
	}
	read_ctx_end(&c);
	blk_plug_finish(&plug);
}

int iomap_read_sync(struct folio *f, const struct iomap *m, u64 off, u64 len)
{
	struct bio *bio = bio_alloc(m->bdev, 1, BIO_READ | BIO_SYNC, GFP_NOFS);
	int err;

	if (!bio)
		return -ENOMEM;
	bio->sector = iomap_addr(m, folio_pos(f) + off) >> SECTOR_SHIFT;
	err = bio_add(bio, f, (u32)off, (u32)len) ? bio_submit_wait(bio) : -EIO;
	bio_put(bio);
	return err;
}
