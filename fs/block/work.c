/* SPDX-License-Identifier: MPL-2.0 */
/* Work on a device as a whole or a range of it, by calls that wait. Lengths are in sectors of 512 bytes. */
#include <kernel/sched.h>

#include "internal.h"

#define ZERO_ORDER	4u
#define MANY_SECTORS	(1ull << 40)	/* one bio can say more; a signal-free loop should not be endless */

int bdev_flush(struct block_device *b)
{
	struct bio *bio;
	int err;

	if (!bdev_has_flush(b) || !b->nr_sectors)
		return 0;
	bio = bio_alloc(b, 1, BIO_FLUSH | BIO_SYNC, GFP_NOIO);
	err = bio_submit_wait(bio);
	bio_put(bio);
	return err;
}

static int range_op(struct block_device *b, u32 op, sector_t first, sector_t n)
{
	int err = 0;

	while (n && !err) {
		struct bio *bio = bio_alloc(b, 1, op, GFP_NOIO);

		bio->sector = first;
		bio->nr_sectors = min_t(sector_t, n, MANY_SECTORS);
		first += bio->nr_sectors;
		n -= bio->nr_sectors;
		err = bio_submit_wait(bio);
		bio_put(bio);
	}
	return err;
}

int bdev_discard(struct block_device *b, sector_t first, sector_t n)
{
	if (!b->disk->limits.max_discard)
		return -EOPNOTSUPP;
	if (bdev_read_only(b))
		return -EPERM;
	return range_op(b, BIO_DISCARD | BIO_SYNC, first, n);
}

static void zeroes_done(struct bio *bio)
{
	complete(bio->private);
}

/* By writing: one zeroed folio, many times a bio. */
static int write_zero_pages(struct block_device *b, sector_t first, sector_t n)
{
	struct folio *f = folio_alloc(ZERO_ORDER, GFP_NOIO | GFP_ZERO | GFP_NOWARN);
	int err = 0;

	if (!f)
		f = folio_alloc(0, GFP_NOIO | GFP_ZERO);
	if (!f)
		return -ENOMEM;
	while (n && !err) {
		struct bio *bio = bio_alloc(b, 32, BIO_WRITE | BIO_SYNC, GFP_NOIO);
		struct completion done = COMPLETION_INIT(done);

		bio->sector = first;
		while (n) {
			u32 len = (u32)min_t(u64, n << SECTOR_SHIFT, folio_size(f));

			if (!bio_add(bio, f, 0, len))
				break;
			first += len >> SECTOR_SHIFT;
			n -= len >> SECTOR_SHIFT;
		}
		bio->end_io = zeroes_done;
		bio->private = &done;
		bio_submit(bio);
		wait_for_completion(&done);
		err = bio->status;
		bio_put(bio);
		cond_resched();
	}
	folio_put(f);
	return err;
}

int bdev_write_zeroes(struct block_device *b, sector_t first, sector_t n, bool keep)
{
	int err = -EOPNOTSUPP;

	if (bdev_read_only(b))
		return -EPERM;
	if (b->disk->limits.max_write_zeroes)
		err = range_op(b, BIO_WRITE_ZEROES | BIO_SYNC | (keep ? BIO_NOUNMAP : 0), first, n);
	return err == -EOPNOTSUPP ? write_zero_pages(b, first, n) : err;
}

int bdev_sync(struct block_device *b)
{
	int err = filemap_write_and_wait(bdev_mapping(b), 0, (loff_t)(~0ull >> 1)), e;

	e = bdev_flush(b);
	return err ? err : e;
}

void bdev_invalidate(struct block_device *b)
{
	(void)invalidate_clean(bdev_mapping(b), 0, ~0ull);
}
