/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Hardware queues: waiting bios become requests as far as the queue has room, and requests end.
 *
 * A CPU submits to queue (its number modulo queues), so that with as many queues as CPUs they share
 * nothing. Two lists wait at each: what somebody waits for (reads, sync and metadata writes, flushes) and
 * the rest. The first goes first, but every URGENT_RUN takes one of the others, which never use more than
 * three quarters of the requests. Bios that follow each other on the disk are merged when the request is
 * made, so merging costs nothing while the device keeps up, and grows with the crowd.
 *
 * All is under the queue's lock with interrupts off; end_io runs outside of it.
 */
#include <core/io.h>

#include "internal.h"

#define URGENT_RUN	8u

static struct request *queue_request(const struct blk_queue *q, u32 i)
{
	return (struct request *)(q->requests + (u64)i * (sizeof(struct request) + q->pdu_size));
}

const char *bio_op_name(u32 op)
{
	static const char *const names[] = { "READ", "WRITE", "FLUSH", "DISCARD", "WRITE_ZEROES" };

	op &= BIO_OP_MASK;
	return op < ARRAY_SIZE(names) ? names[op] : "?";
}

bool bio_urgent(const struct bio *b)
{
	u32 op = bio_op(b);

	return op == BIO_FLUSH || b->op & (BIO_SYNC | BIO_META) || (op == BIO_READ && !(b->op & BIO_RAHEAD)) ||
	       b->stage;
}

/* --- pieces --- */

bool request_iter_next(struct request_iter *it, struct bio_vec *v)
{
	u32 max_len = it->b ? it->b->bdev->disk->limits.max_segment_bytes : 0;

	while (it->left) {
		const struct bio_vec *bv;

		if (it->vec >= it->b->nr_vecs) {
			it->b = it->b->next;
			it->vec = 0;
			continue;
		}
		bv = &it->b->vecs[it->vec];
		if (it->skip >= bv->len) {
			it->skip -= bv->len;
			it->vec++;
			continue;
		}
		v->folio = bv->folio;
		v->off = bv->off + (u32)it->skip;
		v->len = (u32)min_t(u64, min_t(u64, bv->len - it->skip, it->left), max_len);
		it->left -= v->len;
		it->skip += v->len;
		return true;
	}
	return false;
}

/* Bytes of b from `skip` on that fit into one request, and their segments. A multiple of the logical block. */
static u64 measure(const struct disk_limits *lim, const struct bio *b, u64 skip, u32 *segs)
{
	u64 room = (u64)lim->max_sectors << SECTOR_SHIFT, n = 0, last = 0;

	*segs = 0;
	for (u32 i = 0; i < b->nr_vecs && room; i++) {
		u64 len = b->vecs[i].len;

		if (skip >= len) {
			skip -= len;
			continue;
		}
		len -= skip;
		skip = 0;
		while (len && room && *segs < lim->max_segments) {
			u64 part = min_t(u64, min(len, room), lim->max_segment_bytes);

			n += part;
			room -= part;
			len -= part;
			(*segs)++;
			if (!(n & (lim->logical_block - 1)))
				last = n;
		}
		if (len)
			break;
	}
	return last ? last : n;
}

/* How much of b the next request takes. */
static u64 next_piece(const struct disk_limits *lim, const struct bio *b, u32 *segs)
{
	u32 op = bio_op(b);
	u64 left = bio_bytes(b) - b->issued;

	*segs = 0;
	if (op == BIO_FLUSH)
		return 0;
	if (op == BIO_DISCARD || op == BIO_WRITE_ZEROES) {
		u32 max = op == BIO_DISCARD ? lim->max_discard : lim->max_write_zeroes;

		max -= max % (lim->logical_block >> SECTOR_SHIFT);
		return min_t(u64, left, (u64)max << SECTOR_SHIFT);
	}
	return measure(lim, b, b->issued, segs);
}

/* --- waiting bios --- */

void queue_insert(struct blk_queue *q, struct bio *b)
{
	if (bio_urgent(b))
		bio_list_add(&q->urgent.first, &q->urgent.last, b);
	else
		bio_list_add(&q->later.first, &q->later.last, b);
	WRITE_ONCE(q->nr_waiting, q->nr_waiting + 1);
}

/* Add the bios that follow on the disk and in the list. */
static void merge_next(struct blk_queue *q, struct request *rq, struct bio **first)
{
	const struct disk_limits *lim = &q->disk->limits;
	struct bio *n;

	while ((n = *first) != NULL) {
		u32 segs;

		if (n->op != rq->op || n->bdev != rq->first->bdev || n->issued ||
		    bio_disk_sector(n) != rq->sector + rq->nr_sectors)
			return;
		if (rq->bytes + n->size > (u64)lim->max_sectors << SECTOR_SHIFT ||
		    measure(lim, n, 0, &segs) != n->size || rq->nr_segs + segs > lim->max_segments)
			return;
		*first = n->next;
		n->next = NULL;
		WRITE_ONCE(q->nr_waiting, q->nr_waiting - 1);
		rq->last->next = n;
		rq->last = n;
		rq->bytes += n->size;
		rq->nr_segs += segs;
		rq->nr_sectors += n->size >> SECTOR_SHIFT;
		stat_merge(n->bdev, n->op);
	}
}

/* A request from the head of a list, which has one. There is a free request. */
static struct request *make_request(struct blk_queue *q, struct bio **first)
{
	struct request *rq = q->free;
	struct bio *b = *first;
	u32 op = bio_op(b);

	q->free = rq->next_free;
	q->nr_free--;
	rq->first = rq->last = b;
	rq->op = b->op;
	rq->skip = b->issued;
	rq->bytes = next_piece(&q->disk->limits, b, &rq->nr_segs);
	rq->sector = bio_disk_sector(b) + (b->issued >> SECTOR_SHIFT);
	rq->nr_sectors = rq->bytes >> SECTOR_SHIFT;
	rq->start_ns = clock_monotonic_ns();
	b->issued += rq->bytes;
	if (b->issued < bio_bytes(b)) {
		atomic_inc(&b->parts);	/* the rest stays where it is */
	} else {
		*first = b->next;
		b->next = NULL;
		WRITE_ONCE(q->nr_waiting, q->nr_waiting - 1);
		if (!rq->skip && (op == BIO_READ || op == BIO_WRITE))
			merge_next(q, rq, first);
	}
	stat_start(b->bdev, rq->op);
	return rq;
}

/* The driver has no room: as if it had never been made. */
static void unmake_request(struct blk_queue *q, struct request *rq, struct bio **first, struct bio **last)
{
	struct bio *b = rq->first;

	if (b == *first) {	/* the rest of it had stayed */
		b->issued -= rq->bytes;
		atomic_dec(&b->parts);
	} else {
		u32 n = 0;

		for (struct bio *x = b; x; x = x->next, n++)
			x->issued = x == b ? rq->skip : 0;
		if (!*first)
			*last = rq->last;
		rq->last->next = *first;
		*first = b;
		WRITE_ONCE(q->nr_waiting, q->nr_waiting + n);
	}
	stat_cancel(b->bdev, rq->op);
	rq->next_free = q->free;
	q->free = rq;
	q->nr_free++;
}

static bool start_one(struct blk_queue *q, struct bio_batch *done)
{
	bool later = q->later.first && q->nr_free > q->depth / 4 && (!q->urgent.first || q->urgent_run >= URGENT_RUN);
	struct bio **first, **last;
	struct request *rq;
	int err;

	if (!q->nr_free || q->stalled || !(later || q->urgent.first))
		return false;
	q->urgent_run = later ? 0 : q->urgent_run + 1;
	first = later ? &q->later.first : &q->urgent.first;
	last = later ? &q->later.last : &q->urgent.last;
	rq = make_request(q, first);
	err = q->disk->dead ? -EIO : q->disk->ops->queue(q, rq);
	if (err == -EBUSY && q->nr_free + 1 < q->depth) {
		unmake_request(q, rq, first, last);
		q->stalled = true;
		return false;
	}
	if (err)
		request_end(rq, err == -EBUSY ? -EIO : err, done);
	return true;
}

static void queue_run(struct blk_queue *q, struct bio_batch *done)
{
	bool any = false;

	while (start_one(q, done))
		any = true;
	if (any && q->disk->ops->commit)
		q->disk->ops->commit(q);
}

/* --- the end --- */

static void report(const struct request *rq, int status)
{
	static atomic_t shown;		/* a broken disk does not flood the log: 10 a second */
	static u64 second;
	u64 now = clock_monotonic_ns() / NSEC_PER_SEC;

	if (READ_ONCE(second) != now) {
		WRITE_ONCE(second, now);
		atomic_set(&shown, 0);
	}
	if (atomic_fetch_add(&shown, 1) >= 10)
		return;
	pr_err("%s error, dev %s, sector %llu op 0x%x:(%s) flags 0x%x phys_seg %u\n",
	       status == -ENOSPC ? "critical space allocation" : "I/O", disk_name(rq->q->disk),
	       (unsigned long long)rq->sector, rq->op & BIO_OP_MASK, bio_op_name(rq->op), rq->op & ~BIO_OP_MASK,
	       rq->nr_segs);
}

void request_end(struct request *rq, int status, struct bio_batch *done)
{
	struct blk_queue *q = rq->q;
	struct bio *b = rq->first, *next;
	bool last;

	if (unlikely(status) && status != -EOPNOTSUPP)
		report(rq, status);
	stat_end(b->bdev, rq->op, rq->bytes, clock_monotonic_ns() - rq->start_ns);
	do {
		last = b == rq->last;
		next = b->next;
		if (unlikely(status))
			WRITE_ONCE(b->status, status);
		/* A piece of a bio whose rest waits leaves its link alone. */
		if (atomic_dec_and_test(&b->parts))
			bio_list_add(&done->first, &done->last, b);
		b = next;
	} while (!last);
	rq->first = rq->last = NULL;
	rq->next_free = q->free;
	q->free = rq;
	q->nr_free++;
	q->stalled = false;
}

void blk_queue_finish(struct blk_queue *q, struct bio_batch *done, u64 flags)
{
	struct bio *b, *next;
	bool wake;

	queue_run(q, done);
	wake = atomic_read(&q->congested) && q->nr_waiting <= q->depth;
	spin_unlock_irqrestore(&q->lock, flags);
	if (unlikely(wake))
		wake_up_all(&q->wait);
	for (b = done->first; b; b = next) {
		next = b->next;
		b->next = NULL;
		bio_finish(b);
	}
}

bool queue_congested(const struct blk_queue *q, bool urgent)
{
	return READ_ONCE(q->nr_waiting) > q->depth * (urgent ? 8 : 2);
}

/* Until the crowd has gone: called by a task that added to it. */
void queue_wait_room(struct blk_queue *q)
{
	atomic_inc(&q->congested);
	wait_event(&q->wait, READ_ONCE(q->nr_waiting) <= q->depth || READ_ONCE(q->disk->dead));
	atomic_dec(&q->congested);
}

/* The disk is going: what waits fails, what is under way ends. */
void queue_kill(struct blk_queue *q)
{
	struct bio_batch done = { 0 };
	u64 flags;

	spin_lock_irqsave(&q->lock, flags);
	q->stalled = false;
	blk_queue_finish(q, &done, flags);	/* dead: all that waits is failed, as far as there are requests */
	while (READ_ONCE(q->nr_free) < q->depth)
		(void)schedule_until((set_current_state(TASK_UNINTERRUPTIBLE), clock_monotonic_ns() + NSEC_PER_MSEC));
}

/* --- making --- */

static void queue_free(struct blk_queue *q)
{
	kvfree(q->requests);
	kfree(q);
}

static struct blk_queue *queue_new(struct disk *d, u32 index, u32 depth, u32 pdu_size)
{
	struct blk_queue *q = kzalloc(sizeof(*q), GFP_KERNEL);

	if (!q)
		return NULL;
	spin_lock_init(&q->lock, DEVICE_IRQ);
	wait_queue_init(&q->wait);
	q->disk = d;
	q->index = index;
	q->depth = q->nr_free = depth;
	q->pdu_size = (pdu_size + 7) & ~7u;
	q->requests = kvmalloc((u64)depth * (sizeof(struct request) + q->pdu_size), GFP_KERNEL | GFP_ZERO);
	if (!q->requests) {
		queue_free(q);
		return NULL;
	}
	for (u32 i = depth; i--; ) {
		struct request *rq = queue_request(q, i);

		rq->q = q;
		rq->tag = i;
		rq->next_free = q->free;
		q->free = rq;
	}
	return q;
}

void queues_free(struct disk *d)
{
	for (u32 i = 0; d->queues && i < d->nr_queues; i++)
		if (d->queues[i])
			queue_free(d->queues[i]);
	kfree(d->queues);
}

int queue_init(struct disk *d, u32 nr, u32 depth, u32 pdu_size)
{
	if (!nr)
		return 0;
	d->queues = kcalloc(nr, sizeof(*d->queues), GFP_KERNEL);
	if (!d->queues)
		return -ENOMEM;
	d->nr_queues = nr;
	for (u32 i = 0; i < nr; i++) {
		d->queues[i] = queue_new(d, i, depth, pdu_size);
		if (!d->queues[i])
			return -ENOMEM;
	}
	return 0;
}
