/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Flushes of a disk with a volatile write cache. A bio that wants one (an empty flush, a write with
 * BIO_PREFLUSH, or with BIO_FUA where the device cannot) waits for the next flush that starts after it
 * came; one is under way at a time, so all who ask meanwhile share the one after it.
 *
 *   enqueue -> wait list -> (flush starts) run list -> (flush done) step -> data, or the bio's end
 *
 * Any context, also from the end of a data write in an interrupt.
 */
#include "internal.h"

static void step(struct bio *b, int status)
{
	if (status)
		b->status = status;
	if (!(b->stage & BIO_STAGE_PRE)) {	/* the flush after the data */
		b->end_io(b);
		return;
	}
	b->stage &= (u8)~BIO_STAGE_PRE;
	if (b->status || bio_op(b) == BIO_FLUSH || !b->size) {
		b->end_io(b);
		return;
	}
	b->next = NULL;
	bio_dispatch(b);
}

/* Start one if somebody waits and none is under way. flush.lock held; true: submit disk->flush.bio. */
static bool begin(struct disk *d)
{
	if (d->flush.busy || !d->flush.wait_first)
		return false;
	d->flush.busy = true;
	d->flush.run = d->flush.wait_first;
	d->flush.wait_first = d->flush.wait_last = NULL;
	return true;
}

static void launch(struct disk *d)
{
	struct bio *f = d->flush.bio;

	f->status = 0;
	f->issued = 0;
	f->next = NULL;
	atomic_set(&f->parts, 1);
	bio_dispatch(f);
}

static void flush_done(struct bio *f)
{
	struct disk *d = f->private;
	struct bio *b, *next;
	int status = f->status;
	bool more;
	u64 flags;

	spin_lock_irqsave(&d->flush.lock, flags);
	b = d->flush.run;
	d->flush.run = NULL;
	d->flush.busy = false;
	more = begin(d);
	spin_unlock_irqrestore(&d->flush.lock, flags);
	if (more)
		launch(d);
	for (; b; b = next) {
		next = b->next;
		step(b, status);
	}
}

void flush_enqueue(struct bio *b)
{
	struct disk *d = b->bdev->disk;
	bool go;
	u64 flags;

	spin_lock_irqsave(&d->flush.lock, flags);
	bio_list_add(&d->flush.wait_first, &d->flush.wait_last, b);
	go = begin(d);
	spin_unlock_irqrestore(&d->flush.lock, flags);
	if (go)
		launch(d);
}

int flush_init(struct disk *d)
{
	spin_lock_init(&d->flush.lock, DEVICE_IRQ);
	d->flush.bio = bio_alloc(d->whole, 1, BIO_FLUSH, GFP_KERNEL);
	if (!d->flush.bio)
		return -ENOMEM;
	d->flush.bio->end_io = flush_done;
	d->flush.bio->private = d;
	return 0;
}
