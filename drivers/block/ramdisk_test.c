/* SPDX-License-Identifier: MPL-2.0 */
/* The block layer on a RAM disk: what is written is read, limits and errors, opening, claims, counters. */
#include <base/err.h>
#include <base/string.h>
#include <core/ktest.h>
#include <core/slab.h>
#include <drivers/ramdisk.h>
#include <fs/disk.h>
#include <fs/inode.h>
#include <uapi/linux/major.h>

#define SECTORS	256u
#define MINOR	200u

static struct folio *pattern(u8 seed)
{
	struct folio *f = folio_alloc(0, GFP_KERNEL);
	u8 *p;

	if (!f)
		return NULL;
	p = kmap_local(f, 0);
	for (u32 i = 0; i < PAGE_SIZE; i++)
		p[i] = (u8)(seed + i * 7);
	kunmap_local(p);
	return f;
}

static bool same(const struct folio *a, const struct folio *b)
{
	const void *x = kmap_local(a, 0), *y = kmap_local(b, 0);
	bool eq = !memcmp(x, y, PAGE_SIZE);

	kunmap_local(y);
	kunmap_local(x);
	return eq;
}

static int rw(struct block_device *b, u32 op, sector_t sector, struct folio *f, u32 len)
{
	struct bio *bio = bio_alloc(b, 1, op, GFP_KERNEL);
	int err;

	bio->sector = sector;
	err = bio_add(bio, f, 0, len) ? bio_submit_wait(bio) : -EFAULT;
	bio_put(bio);
	return err;
}

KTEST(block, ramdisk)
{
	struct disk *d = ramdisk_create("ktest-ram", MINOR, SECTORS);
	struct folio *a = pattern(1), *b = pattern(2);
	struct block_device *bd, *other;
	struct blk_stats t;
	int me, you;

	KREQUIRE(!IS_ERR(d) && a && b);
	bd = bdev_open(mkdev(RAMDISK_MAJOR, MINOR), BDEV_READ | BDEV_WRITE | BDEV_EXCL, &me);
	KREQUIRE(!IS_ERR(bd));
	KEXPECT_EQ(bdev_bytes(bd), SECTORS * 512);

	KEXPECT_EQ(rw(bd, BIO_READ, 8, b, PAGE_SIZE), 0);	/* zeros */
	KEXPECT(!same(a, b));
	KEXPECT_EQ(rw(bd, BIO_WRITE, 8, a, PAGE_SIZE), 0);
	KEXPECT_EQ(rw(bd, BIO_READ, 8, b, PAGE_SIZE), 0);
	KEXPECT(same(a, b));
	/* Across two pages of the disk. */
	KEXPECT_EQ(rw(bd, BIO_WRITE, 21, a, PAGE_SIZE), 0);
	folio_zero(b);
	KEXPECT_EQ(rw(bd, BIO_READ, 21, b, PAGE_SIZE), 0);
	KEXPECT(same(a, b));
	/* The end, and past it. */
	KEXPECT_EQ(rw(bd, BIO_WRITE, SECTORS - 8, a, PAGE_SIZE), 0);
	KEXPECT_EQ(rw(bd, BIO_WRITE, SECTORS - 7, a, PAGE_SIZE), -EIO);
	KEXPECT_EQ(rw(bd, BIO_READ, ~0ull - 3, b, PAGE_SIZE), -EIO);
	KEXPECT_EQ(rw(bd, BIO_FLUSH, 0, a, PAGE_SIZE), -EINVAL);
	KEXPECT_EQ(bdev_flush(bd), 0);

	KEXPECT_EQ(bdev_discard(bd, 8, 8), 0);
	KEXPECT_EQ(rw(bd, BIO_READ, 8, b, PAGE_SIZE), 0);
	folio_zero(a);
	KEXPECT(same(a, b));
	KEXPECT_EQ(bdev_write_zeroes(bd, 20, 12, false), 0);
	KEXPECT_EQ(rw(bd, BIO_READ, 21, b, PAGE_SIZE), 0);
	KEXPECT(same(a, b));

	other = bdev_open(mkdev(RAMDISK_MAJOR, MINOR), BDEV_READ | BDEV_EXCL, &you);
	KEXPECT(IS_ERR(other) && PTR_ERR(other) == -EBUSY);
	other = bdev_open(mkdev(RAMDISK_MAJOR, MINOR), BDEV_READ | BDEV_EXCL, &me);
	KEXPECT(!IS_ERR(other));
	if (!IS_ERR(other))
		bdev_close(other, BDEV_READ | BDEV_EXCL, &me);
	other = bdev_open(mkdev(RAMDISK_MAJOR, MINOR), BDEV_READ, NULL);
	KEXPECT(!IS_ERR(other));
	if (!IS_ERR(other))
		bdev_close(other, BDEV_READ, NULL);
	disk_set_read_only(d, true);
	KEXPECT_EQ(rw(bd, BIO_WRITE, 8, a, PAGE_SIZE), -EROFS);
	other = bdev_open(mkdev(RAMDISK_MAJOR, MINOR), BDEV_WRITE, NULL);
	KEXPECT(IS_ERR(other) && PTR_ERR(other) == -EACCES);
	disk_set_read_only(d, false);

	bdev_stats_sum(bd, &t);
	KEXPECT_EQ(t.ios[STAT_WRITE], 4);
	KEXPECT_EQ(t.sectors[STAT_WRITE], 3 * 8 + 12);
	KEXPECT_EQ(t.ios[STAT_DISCARD], 1);
	KEXPECT_EQ(t.in_flight[0] + t.in_flight[1], 0);
	bdev_close(bd, BDEV_READ | BDEV_WRITE | BDEV_EXCL, &me);
	disk_remove(d);
	disk_put(d);
	other = bdev_open(mkdev(RAMDISK_MAJOR, MINOR), BDEV_READ, NULL);
	KEXPECT(IS_ERR(other) && PTR_ERR(other) == -ENXIO);
	folio_put(a);
	folio_put(b);
}

/* The page cache of a device: written through one file offset, read from the medium. */
KTEST(block, cache)
{
	struct disk *d = ramdisk_create("ktest-ram", MINOR, SECTORS);
	struct folio *a = pattern(9), *f;
	struct block_device *bd;

	KREQUIRE(!IS_ERR(d) && a);
	bd = bdev_open(mkdev(RAMDISK_MAJOR, MINOR), BDEV_READ | BDEV_WRITE, NULL);
	KREQUIRE(!IS_ERR(bd));
	f = filemap_read_folio(NULL, bdev_mapping(bd), 3);
	KREQUIRE(!IS_ERR(f));
	folio_lock(f);
	folio_copy(f, a);
	(void)folio_mark_dirty(f);
	folio_unlock(f);
	folio_put(f);
	KEXPECT_EQ(bdev_sync(bd), 0);
	folio_zero(a);
	KEXPECT_EQ(rw(bd, BIO_READ, 24, a, PAGE_SIZE), 0);
	f = filemap_read_folio(NULL, bdev_mapping(bd), 3);
	KEXPECT(!IS_ERR(f) && same(f, a));
	if (!IS_ERR(f))
		folio_put(f);
	bdev_close(bd, BDEV_READ | BDEV_WRITE, NULL);
	disk_remove(d);
	disk_put(d);
	folio_put(a);
}
