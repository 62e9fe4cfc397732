/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Buffers: blocks of metadata in the page cache of a block device.
 *
 * A buffer is made over a folio that is read in whole, and holds a reference on it: so the folio stays,
 * and a reader of the device node finds the same bytes. Buffers are found by hash. Unused clean ones
 * stand on an LRU, from which a shrinker frees them. The folio itself is never marked dirty from here:
 * with small blocks that would write the neighbours too, at a moment their file system did not choose.
 *
 * Locks: hash_lock guards all lists, counts and flags here; nothing sleeps below it. Contents are
 * guarded by the file system. Writing a buffer needs a reference.
 */
#include "internal.h"
#include <base/hash.h>
#include <base/math.h>
#include <base/sort.h>
#include <core/init.h>
#include <core/slab.h>
#include <core/wait.h>
#include <core/work.h>
#include <fs/buffer.h>

#define BUFFER_HASH_BITS	12
#define WRITE_BACK_NS		(5ull * 1000000000)

static struct kmem_cache *buffer_cache;
static DEFINE_SPINLOCK(hash_lock, INODE_LIST);
static struct hlist_head buffer_table[1u << BUFFER_HASH_BITS];	/* [hash_lock] */
static LIST_HEAD(buffer_lru);			/* [hash_lock] unused and clean, oldest first */
static LIST_HEAD(buffer_dirty);			/* [hash_lock] by buffer_mark_dirty(): each holds a reference */
static u64 nr_unused;				/* [hash_lock] */
static struct delayed_work write_back;

static struct hlist_head *bucket(const struct block_device *b, u64 block)
{
	return &buffer_table[hash_u64(block ^ ((u64)b >> 4), BUFFER_HASH_BITS)];
}

/* hash_lock held. A reference is taken. */
static struct buffer *find_locked(struct block_device *b, u64 block, u32 size)
{
	struct buffer *bh;

	hlist_for_each_entry(bh, bucket(b, block), hash) {
		if (bh->block != block || bh->bdev != b || bh->size != size)
			continue;
		if (bh->ref++ == 0) {
			list_del_init(&bh->lru);
			nr_unused--;
		}
		return bh;
	}
	return NULL;
}

static void buffer_free(struct buffer *bh)
{
	kunmap_local(bh->data);
	folio_put(bh->folio);
	kmem_cache_free(buffer_cache, bh);
}

static bool beyond(const struct block_device *b, u64 block, u32 size)
{
	return block >= bdev_bytes(b) / size;
}

/* The folio under a block, uptodate and referenced. */
static struct folio *folio_of(struct block_device *b, u64 block, u32 size)
{
	return filemap_read_folio(NULL, bdev_mapping(b), block * size >> PAGE_SHIFT);
}

struct buffer *buffer_find(struct block_device *b, u64 block, u32 size)
{
	struct buffer *bh;

	spin_lock(&hash_lock);
	bh = find_locked(b, block, size);
	spin_unlock(&hash_lock);
	return bh;
}

struct buffer *buffer_read(struct block_device *b, u64 block, u32 size)
{
	struct buffer *bh, *old;
	struct folio *f;

	might_sleep();
	bh = buffer_find(b, block, size);
	if (bh)
		return bh;
	if (beyond(b, block, size))
		return ERR_PTR(-EINVAL);
	f = folio_of(b, block, size);
	if (IS_ERR(f))
		return ERR_CAST(f);
	bh = kmem_cache_alloc(buffer_cache, GFP_NOFS);
	if (!bh) {
		folio_put(f);
		return ERR_PTR(-ENOMEM);
	}
	memset(bh, 0, sizeof(*bh));
	bh->bdev = b;
	bh->block = block;
	bh->size = size;
	bh->folio = f;
	bh->off = (u32)(block * size - folio_pos(f));
	bh->data = kmap_local(f, bh->off);
	bh->ref = 1;
	list_init(&bh->lru);
	list_init(&bh->link);
	spin_lock(&hash_lock);
	old = find_locked(b, block, size);
	if (!old)
		hlist_add_head(&bh->hash, bucket(b, block));
	spin_unlock(&hash_lock);
	if (old) {
		buffer_free(bh);
		return old;
	}
	return bh;
}

struct buffer *buffer_get(struct block_device *b, u64 block, u32 size)
{
	struct folio *f;

	/* A page that is one block, not in the cache: no need to read what is overwritten. */
	if (size == PAGE_SIZE && !beyond(b, block, size)) {
		f = filemap_grab(bdev_mapping(b), block, GFP_NOFS);
		if (IS_ERR(f))
			return ERR_CAST(f);
		if (!folio_test(f, FOLIO_UPTODATE)) {
			folio_zero(f);
			folio_set(f, FOLIO_UPTODATE);
		}
		folio_unlock(f);
		folio_put(f);
	}
	return buffer_read(b, block, size);
}

struct buffer *buffer_get_zeroed(struct block_device *b, u64 block, u32 size)
{
	struct buffer *bh = buffer_get(b, block, size);

	if (!IS_ERR(bh))
		memset(bh->data, 0, size);
	return bh;
}

void buffer_readahead(struct block_device *b, u64 block, u32 size)
{
	buffer_readahead_from(b, block, block, 1, size);
}

void buffer_readahead_from(struct block_device *b, u64 block, u64 first, u32 nr, u32 size)
{
	struct mapping *m = bdev_mapping(b);
	u64 page = first * size >> PAGE_SHIFT, last = ((first + nr) * size - 1) >> PAGE_SHIFT;
	void *e;

	if (beyond(b, block, size) || beyond(b, first + nr - 1, size))
		return;
	rcu_read_lock();
	e = xa_load(&m->folios, block * size >> PAGE_SHIFT);
	rcu_read_unlock();
	if (!e || xa_is_value(e))
		filemap_readahead(NULL, m, page, last - page + 1);
}

void buffer_hold(struct buffer *bh)
{
	spin_lock(&hash_lock);
	bh->ref++;
	spin_unlock(&hash_lock);
}

void buffer_put(struct buffer *bh)
{
	bool gone = false;

	if (!bh)
		return;
	spin_lock(&hash_lock);
	ASSERT(bh->ref > 0);
	if (--bh->ref == 0) {
		if (bh->dead) {
			gone = true;
		} else {
			list_add_tail(&bh->lru, &buffer_lru);
			nr_unused++;
		}
	}
	spin_unlock(&hash_lock);
	if (gone)
		buffer_free(bh);
}

void buffer_forget(struct buffer *bh)
{
	bool was_dirty;

	spin_lock(&hash_lock);
	was_dirty = bh->dirty;
	if (was_dirty) {
		bh->dirty = false;
		list_del_init(&bh->lru);
	}
	if (!bh->dead) {
		bh->dead = true;
		hlist_del_init_rcu(&bh->hash);
	}
	spin_unlock(&hash_lock);
	if (was_dirty)
		buffer_put(bh);
	buffer_put(bh);
}

/* --- writing --- */

struct write_wait {
	atomic_t left;
	struct completion done;
};

static void write_done(struct bio *bio)
{
	struct write_wait *w = bio->private;

	if (atomic_dec_and_test(&w->left))
		complete(&w->done);
}

static int by_block(const void *a, const void *b)
{
	const struct buffer *x = *(struct buffer *const *)a, *y = *(struct buffer *const *)b;

	return x->block < y->block ? -1 : x->block > y->block;
}

/* One bio for as many neighbours as follow each other; how many went in. */
static u32 write_run(struct buffer **bh, u32 n, struct write_wait *w, struct bio **out)
{
	struct bio *bio = bio_alloc(bh[0]->bdev, min_t(u32, n, BIO_MAX_VECS), BIO_WRITE | BIO_SYNC | BIO_META, GFP_NOIO);
	u32 k = 0;

	bio->sector = bh[0]->block * (bh[0]->size >> SECTOR_SHIFT);
	while (k < n && (!k || (bh[k]->block == bh[k - 1]->block + 1 && bh[k]->size == bh[0]->size)) &&
	       bio_add(bio, bh[k]->folio, bh[k]->off, bh[k]->size))
		k++;
	bio->end_io = write_done;
	bio->private = w;
	atomic_inc(&w->left);
	*out = bio;
	return k;
}

/* Bios under way at once: their status is read when all are done. */
#define WRITE_BATCH	32

int buffers_write(struct buffer **bh, u32 n)
{
	struct bio *bios[WRITE_BATCH];
	u32 i = 0;
	int err = 0;

	if (n > 1)
		sort(bh, n, sizeof(*bh), by_block);
	while (i < n) {
		struct write_wait w = { .left = ATOMIC_INIT(1) };
		struct blk_plug plug;
		u32 nb = 0;

		completion_init(&w.done);
		blk_plug_start(&plug);
		while (i < n && nb < WRITE_BATCH) {
			u32 k = write_run(bh + i, n - i, &w, &bios[nb]);

			if (!k) {
				bio_put(bios[nb]);
				atomic_dec(&w.left);
				err = err ? err : -EIO;
				i++;
				continue;
			}
			bio_submit(bios[nb++]);
			i += k;
		}
		blk_plug_finish(&plug);
		if (!atomic_dec_and_test(&w.left))
			wait_for_completion(&w.done);
		for (u32 j = 0; j < nb; j++) {
			if (bios[j]->status)
				err = err ? err : bios[j]->status;
			bio_put(bios[j]);
		}
	}
	return err;
}

int buffer_write_sync(struct buffer *bh)
{
	return buffers_write(&bh, 1);
}

void buffer_mark_dirty(struct buffer *bh)
{
	bool fresh;

	spin_lock(&hash_lock);
	fresh = !bh->dirty && !bh->dead;
	if (fresh) {
		bh->dirty = true;
		bh->ref++;
		list_add_tail(&bh->lru, &buffer_dirty);
	}
	spin_unlock(&hash_lock);
	if (fresh)
		(void)delayed_work_queue(system_wq, &write_back, WRITE_BACK_NS);
}

int buffers_sync(struct block_device *b)
{
	int err = 0;

	for (;;) {
		struct buffer *bh, *got[WRITE_BATCH];
		u32 n = 0;

		spin_lock(&hash_lock);
		list_for_each_entry(bh, &buffer_dirty, lru) {
			if (b && bh->bdev != b)
				continue;
			if (n && bh->bdev != got[0]->bdev)
				continue;
			got[n++] = bh;
			if (n == WRITE_BATCH)
				break;
		}
		for (u32 i = 0; i < n; i++) {
			got[i]->dirty = false;
			list_del_init(&got[i]->lru);
		}
		spin_unlock(&hash_lock);
		if (!n)
			return err;
		if (!err)
			err = buffers_write(got, n);
		else
			(void)buffers_write(got, n);
		for (u32 i = 0; i < n; i++)
			buffer_put(got[i]);
	}
}

static void write_back_work(struct work *w)
{
	(void)buffers_sync(NULL);
}

void buffers_drop(struct block_device *b)
{
	struct buffer *bh, *next;
	LIST_HEAD(gone);

	spin_lock(&hash_lock);
	list_for_each_entry_safe(bh, next, &buffer_lru, lru) {
		if (bh->bdev != b)
			continue;
		hlist_del_init_rcu(&bh->hash);
		list_move(&bh->lru, &gone);
		nr_unused--;
	}
	spin_unlock(&hash_lock);
	list_for_each_entry_safe(bh, next, &gone, lru)
		buffer_free(bh);
}

/* --- giving back --- */

static u64 buffer_count(struct shrinker *s)
{
	return READ_ONCE(nr_unused);
}

static u64 buffer_scan(struct shrinker *s, u64 nr, gfp_t gfp)
{
	u64 freed = 0;

	while (freed < nr) {
		struct buffer *bh;

		spin_lock(&hash_lock);
		bh = list_first_entry_or_null(&buffer_lru, struct buffer, lru);
		if (bh) {
			list_del_init(&bh->lru);
			hlist_del_init_rcu(&bh->hash);
			nr_unused--;
		}
		spin_unlock(&hash_lock);
		if (!bh)
			break;
		buffer_free(bh);
		freed++;
	}
	return freed;
}

void buffers_drop_unused(void)
{
	(void)buffer_scan(NULL, buffer_count(NULL), GFP_KERNEL);
}

static struct shrinker buffer_shrinker = {
	.name = "buffers",
	.count = buffer_count,
	.scan = buffer_scan,
};

static int buffer_init(void)
{
	buffer_cache = kmem_cache_create("buffer_head", sizeof(struct buffer), 8, SLAB_RECLAIMABLE, NULL);
	if (!buffer_cache)
		panic("no memory for buffers");
	delayed_work_init(&write_back, write_back_work);
	shrinker_register(&buffer_shrinker);
	return 0;
}
INITCALL_CORE(buffer_init);
