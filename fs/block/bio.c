/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Memory of bios, and filling them. A bio has four vectors inside; larger arrays are allocated beside it.
 * Behind both stands a pool: a few whole bios that only come out when memory is short, so that writing
 * pages out always goes on (each bio that ends brings one back). pool.lock guards the pool.
 */
#include <core/init.h>
#include <core/panic.h>

#include "internal.h"

#define POOL_BIOS	8
#define POOL_RETRY_NS	(10 * NSEC_PER_MSEC)

enum { FROM_CACHE, FROM_CACHE_VECS, FROM_POOL };

static struct kmem_cache *bio_cache;		/* [I] */
static struct {
	spinlock_t lock;			/* class OBJECT_IRQ */
	struct bio *free;			/* [lock] by bio.next */
	struct wait_queue wait;
} pool = { .lock = SPINLOCK_INIT(OBJECT_IRQ), .wait = WAIT_QUEUE_INIT(pool.wait) };

static void bio_setup(struct bio *b, struct block_device *bdev, u32 op, u16 max, struct bio_vec *vecs, u8 from)
{
	*b = (struct bio){ .bdev = bdev, .op = op, .max_vecs = max, .vecs = vecs, .pool = from };
}

static struct bio *from_cache(struct block_device *bdev, u32 nr, u32 op, gfp_t gfp)
{
	struct bio *b = kmem_cache_alloc(bio_cache, gfp);
	struct bio_vec *v = NULL;

	if (!b)
		return NULL;
	if (nr <= ARRAY_SIZE(b->inline_vecs)) {
		bio_setup(b, bdev, op, ARRAY_SIZE(b->inline_vecs), b->inline_vecs, FROM_CACHE);
		return b;
	}
	v = kmalloc(nr * sizeof(*v), gfp);
	if (!v) {
		kmem_cache_free(bio_cache, b);
		return NULL;
	}
	bio_setup(b, bdev, op, (u16)nr, v, FROM_CACHE_VECS);
	return b;
}

static struct bio *from_pool(struct block_device *bdev, u32 op)
{
	struct bio *b;
	u64 flags;

	spin_lock_irqsave(&pool.lock, flags);
	b = pool.free;
	if (b)
		pool.free = b->next;
	spin_unlock_irqrestore(&pool.lock, flags);
	if (b)
		bio_setup(b, bdev, op, BIO_MAX_VECS, b->vecs, FROM_POOL);
	return b;
}

struct bio *bio_alloc(struct block_device *bdev, u32 nr_vecs, u32 op, gfp_t gfp)
{
	u32 nr = min(nr_vecs, BIO_MAX_VECS);
	struct bio *b;

	/* The first try neither waits nor complains: the pool is there for that. */
	b = from_cache(bdev, nr, op, (gfp & ~GFP_WAIT) | GFP_NOWARN);
	if (likely(b))
		return b;
	if (!(gfp & GFP_WAIT))
		return NULL;
	for (;;) {
		b = from_pool(bdev, op);
		if (b)
			return b;
		(void)wait_event_until(&pool.wait, READ_ONCE(pool.free), clock_monotonic_ns() + POOL_RETRY_NS);
		b = from_cache(bdev, nr, op, (gfp & ~(GFP_WAIT | GFP_FS)) | GFP_NOWARN);
		if (b)
			return b;
	}
}

void bio_put(struct bio *b)
{
	u64 flags;

	if (b->pool == FROM_POOL) {
		spin_lock_irqsave(&pool.lock, flags);
		b->next = pool.free;
		pool.free = b;
		spin_unlock_irqrestore(&pool.lock, flags);
		wake_up(&pool.wait);
		return;
	}
	if (b->pool == FROM_CACHE_VECS)
		kfree(b->vecs);
	kmem_cache_free(bio_cache, b);
}

bool bio_add(struct bio *b, struct folio *f, u32 off, u32 len)
{
	const struct disk_limits *lim = &b->bdev->disk->limits;
	struct bio_vec *v;

	if (len > (u64)lim->max_sectors << SECTOR_SHIFT) {
		/* Larger than any request: alone in its bio, which is split. */
		if (b->nr_vecs)
			return false;
	} else if (b->size + len > (u64)lim->max_sectors << SECTOR_SHIFT) {
		return false;
	}
	if (b->nr_vecs) {
		v = &b->vecs[b->nr_vecs - 1];
		if (v->folio == f && v->off + v->len == off && v->len + len <= lim->max_segment_bytes) {
			v->len += len;
			b->size += len;
			return true;
		}
	}
	if (b->nr_vecs >= b->max_vecs || b->nr_vecs >= lim->max_segments)
		return false;
	b->vecs[b->nr_vecs++] = (struct bio_vec){ .folio = f, .off = off, .len = len };
	b->size += len;
	return true;
}

static int bio_init(void)
{
	bio_cache = kmem_cache_create("bio", sizeof(struct bio), 0, SLAB_CACHELINE, NULL);
	if (!bio_cache)
		panic("no memory for block I/O");
	for (int i = 0; i < POOL_BIOS; i++) {
		struct bio *b = from_cache(NULL, BIO_MAX_VECS, 0, GFP_KERNEL);

		if (!b)
			panic("no memory for block I/O");
		b->next = pool.free;
		pool.free = b;
	}
	return 0;
}
INITCALL_CORE(bio_init);
