/* SPDX-License-Identifier: MPL-2.0 */
/*
 * virtio-blk: vda, vdb, ... Source: virtio 1.2, section 5.2.
 *
 * Each virtqueue is a queue of the disk; the block layer's queue lock guards the ring. A request is a
 * header, the data and a status byte; header, status and the range of a discard lie in the request's own
 * memory (struct vblk_rq). Completion is in the interrupt, which goes on with what waits. When the device
 * breaks (virtio.c) all requests end with EIO, at once and for good.
 */
#include <base/bits.h>
#include <base/err.h>
#include <base/ida.h>
#include <base/math.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/cpumask.h>
#include <core/init.h>
#include <core/printk.h>
#include <core/slab.h>
#include <core/work.h>
#include <fs/disk.h>
#include <uapi/linux/major.h>

#include "blk_reply.h"
#include "internal.h"

#define VIRTIO_ID_BLOCK		2
#define F_SIZE_MAX		1
#define F_SEG_MAX		2
#define F_GEOMETRY		4
#define F_RO			5
#define F_BLK_SIZE		6
#define F_FLUSH			9
#define F_TOPOLOGY		10
#define F_MQ			12
#define F_DISCARD		13
#define F_WRITE_ZEROES		14

enum {
	CFG_CAPACITY = 0, CFG_SIZE_MAX = 8, CFG_SEG_MAX = 12, CFG_BLK_SIZE = 20, CFG_PHYS_EXP = 24,
	CFG_ALIGN_OFFSET = 25, CFG_MIN_IO = 26, CFG_OPT_IO = 28, CFG_NUM_QUEUES = 34, CFG_MAX_DISCARD = 36,
	CFG_DISCARD_ALIGN = 44, CFG_MAX_ZEROES = 48, CFG_ZEROES_UNMAP = 56,
};

enum { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_GET_ID = 8, T_DISCARD = 11, T_WRITE_ZEROES = 13 };

#define RANGE_UNMAP		1u
#define MAX_QUEUES		16u
#define QUEUE_ENTRIES		128u
#define PIECES			128u	/* with header and status */
#define DISK_MINORS		16u
#define ID_BYTES		20u
#define ID_WAIT_NS		(2 * NSEC_PER_SEC)

struct vblk_header {
	le32_t type, reserved;
	le64_t sector;
};
static_assert(sizeof(struct vblk_header) == 16, "virtio 5.2.6");

struct vblk_range {
	le64_t sector;
	le32_t sectors, flags;
};
static_assert(sizeof(struct vblk_range) == 16, "virtio 5.2.6");

/* In each request's memory. */
struct vblk_rq {
	struct vblk_header header;
	struct vblk_range range;
	u8 status;
};

struct vblk {
	struct virtio_dev *v;		/* [I] */
	struct disk *disk;		/* [I] */
	u32 index;			/* [I] vda is 0 */
	u32 nr_queues;			/* [I] */
	struct virtqueue *vqs[MAX_QUEUES];	/* [I] each under its block queue's lock */
	struct work resize;
	bool unmap_zeroes;		/* [I] write zeroes may free the space */
	/* The serial number is asked for once, before the disk is there; the first queue's lock. */
	struct {
		struct vblk_rq rq;	/* [queue lock] */
		char text[ID_BYTES + 1];	/* [I] once the disk is there */
		struct completion done;
	} *id;
};

static DEFINE_MUTEX(index_lock, LEAF_MUTEX);
static struct ida indexes = IDA_INIT;		/* [index_lock] */

/* --- configuration --- */

static void cfg_read(struct vblk *b, u32 off, void *to, u32 len)
{
	u32 gen;

	do {
		gen = b->v->ops->config_generation(b->v);
		b->v->ops->config_read(b->v, off, to, len);
	} while (gen != b->v->ops->config_generation(b->v));
}

static u8 cfg8(struct vblk *b, u32 off)
{
	u8 v;

	cfg_read(b, off, &v, 1);
	return v;
}

static u16 cfg16(struct vblk *b, u32 off)
{
	le16_t v;

	cfg_read(b, off, &v, 2);
	return le16(v);
}

static u32 cfg32(struct vblk *b, u32 off)
{
	le32_t v;

	cfg_read(b, off, &v, 4);
	return le32(v);
}

static u64 cfg_capacity(struct vblk *b)
{
	le64_t v;

	cfg_read(b, CFG_CAPACITY, &v, 8);
	return le64(v);
}

/* --- requests --- */

static u32 fill_data(const struct request *rq, struct virtio_sg *sg)
{
	struct request_iter it;
	struct bio_vec v;
	u32 n = 0;

	request_iter_init(&it, rq);
	while (n < PIECES - 2 && request_iter_next(&it, &v))
		sg[n++] = (struct virtio_sg){ dma_addr_folio(v.folio, v.off), v.len };
	return n;
}

static int vblk_queue(struct blk_queue *q, struct request *rq)
{
	/* One per queue lock holder at a time: too large for the stack of an interrupt. */
	struct virtio_sg *sg = q->driver_scratch;
	struct virtqueue *vq = q->driver;
	struct vblk_rq *r = (struct vblk_rq *)rq->pdu;
	struct vblk *b = q->disk->private;
	u32 op = rq->op & BIO_OP_MASK, type = T_IN, n = 1, in = 1;

	r->status = VBLK_S_NONE;
	switch (op) {
	case BIO_WRITE:
		type = T_OUT;
		fallthrough;
	case BIO_READ:
		n += fill_data(rq, sg + 1);
		if (op == BIO_READ)
			in = n;
		break;
	case BIO_FLUSH:
		type = T_FLUSH;
		break;
	case BIO_DISCARD:
	case BIO_WRITE_ZEROES:
		type = op == BIO_DISCARD ? T_DISCARD : T_WRITE_ZEROES;
		r->range = (struct vblk_range){ .sector = to_le64(rq->sector), .sectors = to_le32((u32)rq->nr_sectors) };
		if (op == BIO_WRITE_ZEROES && b->unmap_zeroes && !(rq->op & BIO_NOUNMAP))
			r->range.flags = to_le32(RANGE_UNMAP);
		sg[n++] = (struct virtio_sg){ dma_addr_of(&r->range), sizeof(r->range) };
		break;
	}
	r->header = (struct vblk_header){ .type = to_le32(type) };
	if (op == BIO_READ || op == BIO_WRITE)
		r->header.sector = to_le64(rq->sector);
	sg[0] = (struct virtio_sg){ dma_addr_of(&r->header), sizeof(r->header) };
	sg[n++] = (struct virtio_sg){ dma_addr_of(&r->status), 1 };
	op = (u32)virtqueue_add(vq, sg, n - in, in, rq);
	return (int)op == -ENOSPC ? -EBUSY : (int)op;
}

static void vblk_commit(struct blk_queue *q)
{
	virtqueue_kick(q->driver);
}

static int reply_error(const struct vblk *b, struct request *rq, u32 len)
{
	const struct vblk_rq *r = (const struct vblk_rq *)rq->pdu;
	u64 data = (rq->op & BIO_OP_MASK) == BIO_READ ? (u64)rq->nr_sectors << SECTOR_SHIFT : 0;

	return vblk_reply(READ_ONCE(r->status), len, data, virtio_has(b->v, VIRTIO_F_VERSION_1));
}

static void vblk_done(struct virtqueue *vq)
{
	struct vblk *b = virtqueue_dev(vq)->private;
	struct blk_queue *q = b->disk->queues[virtqueue_index(vq)];
	struct bio_batch done = { 0 };
	void *token;
	u64 flags;
	u32 len;

	spin_lock_irqsave(&q->lock, flags);
	do {
		virtqueue_disable_cb(vq);
		while ((token = virtqueue_get(vq, &len)) != NULL) {
			if (unlikely(token == b->id))
				complete(&b->id->done);
			else
				request_end(token, reply_error(b, token, len), &done);
		}
	} while (!virtqueue_enable_cb(vq));
	blk_queue_finish(q, &done, flags);
}

/* --- serial number --- */

/* The first request of all; a device that never answers costs two seconds and the number. */
static void read_serial(struct vblk *b)
{
	struct blk_queue *q = b->disk->queues[0];
	struct virtio_sg sg[3];
	char *text;
	u64 flags;
	int err;

	b->id = kzalloc(sizeof(*b->id), GFP_KERNEL);
	if (!b->id)
		return;
	text = b->id->text;
	completion_init(&b->id->done);
	b->id->rq.status = VBLK_S_NONE;
	b->id->rq.header.type = to_le32(T_GET_ID);
	sg[0] = (struct virtio_sg){ dma_addr_of(&b->id->rq.header), sizeof(b->id->rq.header) };
	sg[1] = (struct virtio_sg){ dma_addr_of(text), ID_BYTES };
	sg[2] = (struct virtio_sg){ dma_addr_of(&b->id->rq.status), 1 };
	spin_lock_irqsave(&q->lock, flags);
	err = virtqueue_add(b->vqs[0], sg, 1, 2, b->id);
	if (!err)
		virtqueue_kick(b->vqs[0]);
	spin_unlock_irqrestore(&q->lock, flags);
	if (!err)
		err = wait_for_completion_until(&b->id->done, clock_monotonic_ns() + ID_WAIT_NS);
	if (err || b->id->rq.status != VBLK_S_OK)
		text[0] = '\0';
	text[ID_BYTES] = '\0';
	for (char *c = text; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '_';
}

static bool vblk_serial(struct disk *d, char buf[64])
{
	const struct vblk *b = d->private;

	if (!b->id)
		return false;
	strscpy(buf, b->id->text, 64);
	return true;
}

/* --- life --- */

static void resize_fn(struct work *w)
{
	struct vblk *b = container_of(w, struct vblk, resize);
	u64 now = cfg_capacity(b), old = b->disk->whole->nr_sectors;

	if (now == old || READ_ONCE(b->disk->dead))
		return;
	pr_info("%s: new size: %llu sectors (was %llu)\n", disk_name(b->disk), (unsigned long long)now, (unsigned long long)old);
	disk_set_capacity(b->disk, now);
}

static void config_changed(struct virtio_dev *v)
{
	struct vblk *b = v->private;

	if (READ_ONCE(b->disk))
		work_queue(system_wq, &b->resize);
}

static bool valid_block(u32 size) { return size >= SECTOR_SIZE && size <= PAGE_SIZE && is_pow2(size); }

static void read_limits(struct vblk *b, struct disk_limits *l)
{
	const struct virtio_dev *v = b->v;
	u32 pieces = min(virtqueue_max_pieces(b->vqs[0]), PIECES), n;

	l->max_segments = pieces > 4 ? pieces - 2 : 1;
	if (virtio_has(v, F_SEG_MAX) && (n = cfg32(b, CFG_SEG_MAX)) != 0)
		l->max_segments = min(l->max_segments, n);
	if (virtio_has(v, F_SIZE_MAX) && (n = cfg32(b, CFG_SIZE_MAX)) >= PAGE_SIZE)
		l->max_segment_bytes = n & ~(u32)(SECTOR_SIZE - 1);
	if (virtio_has(v, F_BLK_SIZE) && valid_block(n = cfg32(b, CFG_BLK_SIZE)))
		l->logical_block = l->physical_block = n;
	if (virtio_has(v, F_TOPOLOGY)) {
		n = cfg8(b, CFG_PHYS_EXP);
		if (n < 16)
			l->physical_block = l->logical_block << n;
		l->alignment_offset = cfg8(b, CFG_ALIGN_OFFSET) * l->logical_block;
		l->io_min = cfg16(b, CFG_MIN_IO) * l->logical_block;
		l->io_opt = cfg32(b, CFG_OPT_IO) * l->logical_block;
	}
	if (virtio_has(v, F_DISCARD)) {
		l->max_discard = cfg32(b, CFG_MAX_DISCARD);
		n = cfg32(b, CFG_DISCARD_ALIGN);
		l->discard_granularity = n ? n << SECTOR_SHIFT : l->logical_block;
	}
	if (virtio_has(v, F_WRITE_ZEROES)) {
		l->max_write_zeroes = cfg32(b, CFG_MAX_ZEROES);
		b->unmap_zeroes = cfg8(b, CFG_ZEROES_UNMAP);
	}
	l->write_cache = virtio_has(v, F_FLUSH);
	l->rotational = true;	/* as Linux has it: the host does not tell */
}

static void vblk_free(struct disk *d)
{
	struct vblk *b = d->private;

	for (u32 i = 0; i < b->nr_queues && d->queues; i++)
		kfree(d->queues[i]->driver_scratch);
	mutex_lock(&index_lock);
	ida_free(&indexes, b->index);
	mutex_unlock(&index_lock);
	kfree(b->id);
	kfree(b);
}

static const struct disk_ops vblk_ops = {
	.queue = vblk_queue, .commit = vblk_commit, .serial = vblk_serial, .free = vblk_free,
};

static int setup_queues(struct vblk *b)
{
	void (*cb[MAX_QUEUES])(struct virtqueue *);
	const char *names[MAX_QUEUES];
	u32 n = virtio_has(b->v, F_MQ) ? cfg16(b, CFG_NUM_QUEUES) : 1;

	b->nr_queues = max(min(min(n, MAX_QUEUES), (u32)cpumask_weight(&cpu_online_mask)), 1u);
	b->v->queue_max = QUEUE_ENTRIES;
	b->v->indirect_max = mem_total_pages() < (64u << (20 - PAGE_SHIFT)) ? PIECES / 4 : PIECES;
	for (u32 i = 0; i < b->nr_queues; i++) {
		cb[i] = vblk_done;
		names[i] = "virtio-blk";
	}
	return b->v->ops->setup_queues(b->v, b->nr_queues, b->vqs, cb, names);
}

static int make_disk(struct vblk *b)
{
	char name[16];
	struct disk *d;

	disk_letter_name(name, sizeof(name), "vd", b->index);
	d = disk_alloc(name, VIRTBLK_MAJOR, b->index * DISK_MINORS, DISK_MINORS, &vblk_ops, b->nr_queues,
		       min(virtqueue_size(b->vqs[0]), QUEUE_ENTRIES), sizeof(struct vblk_rq), b);
	if (IS_ERR(d))
		return (int)PTR_ERR(d);
	for (u32 i = 0; i < b->nr_queues; i++) {
		d->queues[i]->driver = b->vqs[i];
		d->queues[i]->driver_scratch = kmalloc(PIECES * sizeof(struct virtio_sg), GFP_KERNEL);
		if (!d->queues[i]->driver_scratch) {
			disk_put(d);
			return -ENOMEM;
		}
	}
	d->parent = &b->v->dev;
	d->has_geometry = true;
	read_limits(b, &d->limits);
	disk_set_capacity(d, cfg_capacity(b));
	disk_set_read_only(d, virtio_has(b->v, F_RO));
	WRITE_ONCE(b->disk, d);
	return 0;
}

static void show(const struct vblk *b)
{
	const struct disk *d = b->disk;
	u64 mib = bdev_bytes(d->whole) >> 20;

	pr_info("%s: %llu %u-byte blocks (%llu MiB), %u queue%s of %u, %u pieces%s%s%s\n", disk_name(d),
		(unsigned long long)(bdev_bytes(d->whole) / d->limits.logical_block), d->limits.logical_block,
		(unsigned long long)mib, b->nr_queues, b->nr_queues == 1 ? "" : "s", d->queues[0]->depth,
		d->limits.max_segments, d->limits.write_cache ? ", write cache" : "", d->limits.max_discard ? ", discard" : "",
		d->read_only ? ", read-only" : "");
}

/* The device was reset and is off: what it had comes back as errors, and so does all that comes later. */
static void fail_all(struct virtio_dev *v)
{
	struct vblk *b = v->private;
	struct disk *d = b->disk;

	WRITE_ONCE(d->dead, true);
	for (u32 i = 0; i < b->nr_queues; i++) {
		struct blk_queue *q = d->queues[i];
		struct bio_batch done = { 0 };
		struct request *rq;
		u64 flags;

		spin_lock_irqsave(&q->lock, flags);
		while ((rq = virtqueue_detach(b->vqs[i])) != NULL)
			if ((void *)rq != b->id)
				request_end(rq, -EIO, &done);
		blk_queue_finish(q, &done, flags);
	}
}

static int vblk_probe(struct virtio_dev *v)
{
	struct vblk *b = kzalloc(sizeof(*b), GFP_KERNEL);
	int err;

	if (!b)
		return -ENOMEM;
	b->v = v;
	work_init(&b->resize, resize_fn);
	mutex_lock(&index_lock);
	err = ida_alloc(&indexes, 0, (1u << 20) / DISK_MINORS - 1, GFP_KERNEL);
	mutex_unlock(&index_lock);
	if (err < 0) {
		kfree(b);
		return err;
	}
	b->index = (u32)err;
	err = setup_queues(b);
	if (err)
		goto out_index;
	err = make_disk(b);
	if (err)
		goto out_queues;
	v->private = b;
	v->config_changed = config_changed;
	virtio_on_break(v, fail_all);
	virtio_ready(v);
	read_serial(b);
	show(b);
	return disk_add(b->disk);
out_queues:
	v->ops->set_status(v, 0);
	v->ops->del_queues(v);
out_index:
	mutex_lock(&index_lock);
	ida_free(&indexes, b->index);
	mutex_unlock(&index_lock);
	kfree(b);
	return err;
}

static void vblk_remove(struct virtio_dev *v)
{
	struct vblk *b = v->private;
	struct disk *d = b->disk;

	v->config_changed = NULL;
	fail_all(v);
	(void)work_cancel_sync(&b->resize);
	disk_remove(d);
	v->ops->del_queues(v);
	disk_put(d);
}

static struct virtio_driver vblk_driver = {
	.drv.name = "virtio_blk",
	.device_id = VIRTIO_ID_BLOCK,
	.features = BIT(F_SIZE_MAX) | BIT(F_SEG_MAX) | BIT(F_GEOMETRY) | BIT(F_RO) | BIT(F_BLK_SIZE) | BIT(F_FLUSH) |
		    BIT(F_TOPOLOGY) | BIT(F_MQ) | BIT(F_DISCARD) | BIT(F_WRITE_ZEROES),
	.probe = vblk_probe,
	.remove = vblk_remove,
};

static int vblk_init(void)
{
	int err = blkdev_register(VIRTBLK_MAJOR, "virtblk");

	return err ? err : virtio_driver_register(&vblk_driver);
}
INITCALL_DRIVER(vblk_init);
