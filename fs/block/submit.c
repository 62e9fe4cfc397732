/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The way of a bio from its submitter to a queue: checked, held back in the task's plug, its flushes
 * arranged (flush.c), and inserted. A plug's bios are sorted by place and go to the queue under one
 * lock, with one kick of the device.
 *
 * A task that goes to sleep flushes its plug from schedule(): that path takes spinlocks only.
 */
#include <core/io.h>
#include <kernel/sched.h>
#include <kernel/task.h>

#include "internal.h"

#define PLUG_MAX	64u

/* --- checks --- */

static int bio_check(struct bio *b)
{
	struct block_device *bdev = b->bdev;
	const struct disk_limits *lim = &bdev->disk->limits;
	u64 sectors = bio_bytes(b) >> SECTOR_SHIFT;
	u32 op = bio_op(b);

	if (READ_ONCE(bdev->disk->dead))
		return -EIO;
	if (op > BIO_WRITE_ZEROES)
		return -EOPNOTSUPP;
	if (op == BIO_FLUSH)
		return b->nr_vecs ? -EINVAL : 0;
	if (!sectors || (b->sector | sectors) & ((lim->logical_block >> SECTOR_SHIFT) - 1))
		return -EIO;
	if (sectors > bdev->nr_sectors || b->sector > bdev->nr_sectors - sectors) {
		pr_err("attempt to access beyond end of device: %s: %s sector %llu, nr %llu, limit %llu\n", bdev->name,
		       bio_op_name(op), (unsigned long long)b->sector, (unsigned long long)sectors,
		       (unsigned long long)bdev->nr_sectors);
		return -EIO;
	}
	if ((op == BIO_DISCARD && !lim->max_discard) || (op == BIO_WRITE_ZEROES && !lim->max_write_zeroes))
		return -EOPNOTSUPP;
	if (op != BIO_READ && READ_ONCE(bdev->read_only)) {
		pr_err("write to read-only device %s, sector %llu\n", bdev->name, (unsigned long long)b->sector);
		return -EROFS;
	}
	return 0;
}

/* --- to the queue --- */

static struct blk_queue *this_queue(struct disk *d)
{
	return d->queues[(u32)this_cpu_id() % d->nr_queues];
}

static void insert_one(struct bio *b)
{
	struct bio_batch done = { 0 };
	struct blk_queue *q;
	u64 flags;

	preempt_disable();
	q = this_queue(b->bdev->disk);
	spin_lock_irqsave(&q->lock, flags);
	queue_insert(q, b);
	blk_queue_finish(q, &done, flags);
	preempt_enable();
}

/* Any context: also the next step of a bio that was flushed. */
void bio_dispatch(struct bio *b)
{
	insert_one(b);
}

void bio_finish(struct bio *b)
{
	if (unlikely(b->stage & BIO_STAGE_POST)) {
		b->stage &= (u8)~BIO_STAGE_POST;
		if (!b->status) {
			flush_enqueue(b);
			return;
		}
	}
	b->end_io(b);
}

/* Drivers without queues. */
static void submit_direct(struct bio *b)
{
	struct disk *d = b->bdev->disk;
	u64 flags = irq_save();

	stat_start(b->bdev, b->op);
	irq_restore(flags);
	b->start_ns = clock_monotonic_ns();
	d->ops->submit(d, b);
}

void bio_end(struct bio *b, int status)
{
	u64 flags;

	if (status && status != -EOPNOTSUPP)
		pr_err("I/O error, dev %s, sector %llu op 0x%x:(%s) flags 0x%x phys_seg %u\n", disk_name(b->bdev->disk),
		       (unsigned long long)bio_disk_sector(b), bio_op(b), bio_op_name(b->op), b->op & ~BIO_OP_MASK, b->nr_vecs);
	flags = irq_save();
	stat_end(b->bdev, b->op, bio_bytes(b), clock_monotonic_ns() - b->start_ns);
	irq_restore(flags);
	if (status)
		b->status = status;
	b->end_io(b);
}

/* --- plugs --- */

static bool before(const struct bio *a, const struct bio *b)
{
	if (a->bdev->disk != b->bdev->disk)
		return a->bdev->disk < b->bdev->disk;
	return bio_disk_sector(a) <= bio_disk_sector(b);
}

static struct bio *merge_sorted(struct bio *a, struct bio *b)
{
	struct bio *head = NULL, **at = &head;

	while (a && b) {
		struct bio **from = before(a, b) ? &a : &b;

		*at = *from;
		*from = (*from)->next;
		at = &(*at)->next;
	}
	*at = a ? a : b;
	return head;
}

/* Stable merge sort: runs of 2^i bios in slot i. */
static struct bio *plug_sort(struct bio *list)
{
	struct bio *slot[8] = { NULL }, *run;
	unsigned int i;

	while (list) {
		run = list;
		list = list->next;
		run->next = NULL;
		for (i = 0; i + 1 < ARRAY_SIZE(slot) && slot[i]; i++) {
			run = merge_sorted(slot[i], run);
			slot[i] = NULL;
		}
		slot[i] = slot[i] ? merge_sorted(slot[i], run) : run;
	}
	run = NULL;
	for (i = 0; i < ARRAY_SIZE(slot); i++)
		run = merge_sorted(slot[i], run);
	return run;
}

/* The last queue that got something, if it is crowded. */
static struct blk_queue *plug_flush(struct blk_plug *p)
{
	struct bio *list = p->first, *b;
	struct blk_queue *q = NULL;

	if (!list)
		return NULL;
	if (p->unsorted)
		list = plug_sort(list);
	p->first = p->last = NULL;
	p->count = 0;
	p->unsorted = false;
	while (list) {
		struct disk *d = list->bdev->disk;
		struct bio_batch done = { 0 };
		u64 flags;

		preempt_disable();
		q = this_queue(d);
		spin_lock_irqsave(&q->lock, flags);
		while ((b = list) != NULL && b->bdev->disk == d) {
			list = b->next;
			queue_insert(q, b);
		}
		blk_queue_finish(q, &done, flags);
		preempt_enable();
	}
	return q && queue_congested(q, false) ? q : NULL;
}

static void plug_add(struct blk_plug *p, struct bio *b)
{
	struct blk_queue *q;

	if (p->last && !before(p->last, b))
		p->unsorted = true;
	bio_list_add(&p->first, &p->last, b);
	if (++p->count < PLUG_MAX)
		return;
	q = plug_flush(p);
	if (q)
		queue_wait_room(q);
}

/* Only the outermost plug of a task counts. */
void blk_plug_start(struct blk_plug *p)
{
	*p = (struct blk_plug){ 0 };
	if (!current->plug)
		current->plug = p;
}

void blk_plug_finish(struct blk_plug *p)
{
	struct blk_queue *q;

	if (current->plug != p)
		return;
	current->plug = NULL;
	q = plug_flush(p);
	if (q)
		queue_wait_room(q);
}

void blk_plug_sleep(struct blk_plug *p)
{
	(void)plug_flush(p);
}

/* --- submit --- */

static void fail(struct bio *b, int err)
{
	b->status = err;
	b->end_io(b);
}

/* True if the bio's flushes are taken care of: it is on its way. */
static bool start_flushes(struct bio *b)
{
	const struct disk_limits *lim = &b->bdev->disk->limits;
	bool data = bio_op(b) != BIO_FLUSH;

	if (!lim->write_cache) {
		if (data)
			return false;
		b->end_io(b);	/* nothing is volatile */
		return true;
	}
	if (!data || b->op & BIO_PREFLUSH)
		b->stage |= BIO_STAGE_PRE;
	if (b->op & BIO_FUA && !lim->fua)
		b->stage |= BIO_STAGE_POST;
	if (!(b->stage & BIO_STAGE_PRE))
		return false;
	flush_enqueue(b);
	return true;
}

void bio_submit(struct bio *b)
{
	struct disk *d = b->bdev->disk;
	struct blk_plug *plug = current->plug;
	struct blk_queue *q;
	bool urgent;
	int err;

	might_sleep();
	b->status = 0;
	b->issued = 0;
	b->stage = 0;
	b->next = NULL;
	atomic_set(&b->parts, 1);
	err = bio_check(b);
	if (!err && unlikely(d->fault))
		err = disk_fault_check(d->fault, b);
	if (unlikely(err)) {
		fail(b, err);
		return;
	}
	if (bio_op(b) == BIO_READ) {
		vm_count(VM_EV_PGPGIN, b->size >> SECTOR_SHIFT);
		current->io.read_bytes += b->size;
	} else if (bio_op(b) == BIO_WRITE) {
		vm_count(VM_EV_PGPGOUT, b->size >> SECTOR_SHIFT);
	}
	if (!d->nr_queues) {
		submit_direct(b);
		return;
	}
	if (unlikely(bio_op(b) == BIO_FLUSH || b->op & (BIO_PREFLUSH | BIO_FUA)) && start_flushes(b))
		return;
	if (plug) {
		plug_add(plug, b);
		return;
	}
	/* Read now: b may be gone once it is inserted. */
	urgent = bio_urgent(b);
	preempt_disable();
	q = this_queue(d);	/* a hint: we may run elsewhere when it is inserted */
	preempt_enable();
	if (b->op & BIO_RAHEAD && queue_congested(q, false)) {
		fail(b, -EAGAIN);
		return;
	}
	insert_one(b);
	if (unlikely(queue_congested(q, urgent)))
		queue_wait_room(q);
}

static void wake_submitter(struct bio *b)
{
	complete(b->private);
}

int bio_submit_wait(struct bio *b)
{
	struct completion done = COMPLETION_INIT(done);

	b->private = &done;
	b->end_io = wake_submitter;
	bio_submit(b);
	if (current->plug)
		blk_plug_sleep(current->plug);
	while (!READ_ONCE(done.done)) {
		DEFINE_WAIT(w);

		prepare_to_wait(&done.wait, &w, TASK_UNINTERRUPTIBLE);
		if (!READ_ONCE(done.done))
			io_schedule();
		finish_wait(&done.wait, &w);
	}
	wait_for_completion(&done);
	return b->status;
}
