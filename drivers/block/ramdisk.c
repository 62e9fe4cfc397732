/* SPDX-License-Identifier: MPL-2.0 */
/*
 * RAM disks: /dev/ram0 and on, ramdisk_nr of them, each ramdisk_size KiB; none unless one of the two is given,
 * as where Linux has the driver as a module that nobody loaded. A page comes with its first write; what was never written, or was
 * discarded, reads as zeros. Without queues: the data is copied in the submitter's context.
 *
 * A page is found by RCU; the lock guards changes of the tree.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/printf.h>
#include <base/string.h>
#include <base/xarray.h>
#include <core/init.h>
#include <core/printk.h>
#include <core/rcu.h>
#include <core/slab.h>
#include <drivers/ramdisk.h>
#include <fs/disk.h>
#include <kernel/sched.h>
#include <uapi/linux/major.h>

#define MAX_RAMDISKS	256u

struct ramdisk {
	struct disk *disk;		/* [I] */
	struct xarray pages;		/* [lock; r] struct folio of one page by index */
	spinlock_t lock;		/* class OBJECT */
};

static u32 ramdisk_nr;			/* [I] after the command line was read */
static u64 ramdisk_kib = 4096;		/* [I] the same */

static int set_nr(const char *value)
{
	char *end;
	u64 v = memparse(value, &end);

	if (end == value || *end || v > MAX_RAMDISKS)
		return -EINVAL;
	ramdisk_nr = (u32)v;
	return 0;
}
KPARAM("ramdisk_nr", set_nr);
static const struct kparam kparam_brd_nr __used __section(".kparam") __aligned(8) = { "brd.rd_nr", set_nr, 0 };

static int set_size(const char *value)
{
	char *end;
	u64 v = memparse(value, &end);

	if (end == value || *end || !v || v > 1ull << 40)
		return -EINVAL;
	ramdisk_kib = v;
	if (!ramdisk_nr)
		ramdisk_nr = 16;
	return 0;
}
KPARAM("ramdisk_size", set_size);
static const struct kparam kparam_brd_size __used __section(".kparam") __aligned(8) = { "brd.rd_size", set_size, 0 };

/* Referenced, or NULL. */
static struct folio *page_get(struct ramdisk *r, u64 index)
{
	struct folio *f;

	rcu_read_lock();
	while ((f = xa_load(&r->pages, index)) != NULL) {
		if (!folio_try_get(f))
			continue;
		if (xa_load(&r->pages, index) == f)
			break;
		folio_put(f);	/* it went and was something else's by then */
	}
	rcu_read_unlock();
	return f;
}

/* The page, made if need be. NULL: no memory. */
static struct folio *page_make(struct ramdisk *r, u64 index)
{
	struct folio *f;
	int err;

	do {
		f = page_get(r, index);
		if (f)
			return f;
		f = folio_alloc(0, GFP_NOIO | GFP_ZERO);
		if (!f)
			return NULL;
		folio_get(f);	/* the tree's */
		spin_lock(&r->lock);
		err = xa_insert(&r->pages, index, f, GFP_NOWAIT);
		spin_unlock(&r->lock);
		if (!err)
			return f;
		folio_put(f);
		folio_put(f);
	} while (err == -EBUSY);
	return NULL;
}

static int write_bytes(struct ramdisk *r, u64 pos, const char *from, u64 n)
{
	while (n) {
		u64 off = PAGE_OFFSET_IN(pos), part = min(n, PAGE_SIZE - off);
		struct folio *f = page_make(r, pos >> PAGE_SHIFT);
		char *to;

		if (!f)
			return -ENOSPC;
		to = kmap_local(f, off);
		memcpy(to, from, part);
		kunmap_local(to);
		folio_put(f);
		pos += part;
		from += part;
		n -= part;
	}
	return 0;
}

static void read_bytes(struct ramdisk *r, u64 pos, char *to, u64 n)
{
	while (n) {
		u64 off = PAGE_OFFSET_IN(pos), part = min(n, PAGE_SIZE - off);
		struct folio *f = page_get(r, pos >> PAGE_SHIFT);

		if (f) {
			const char *from = kmap_local(f, off);

			memcpy(to, from, part);
			kunmap_local(from);
			folio_put(f);
		} else {
			memset(to, 0, part);
		}
		pos += part;
		to += part;
		n -= part;
	}
}

/* Whole pages go; what remains at the ends is zeroed. */
static int zero_range(struct ramdisk *r, u64 pos, u64 n)
{
	while (n) {
		u64 off = PAGE_OFFSET_IN(pos), part = min(n, PAGE_SIZE - off);
		struct folio *f;

		if (part == PAGE_SIZE) {
			spin_lock(&r->lock);
			f = xa_erase(&r->pages, pos >> PAGE_SHIFT);
			spin_unlock(&r->lock);
			if (f)
				folio_put(f);
		} else {
			f = page_get(r, pos >> PAGE_SHIFT);
			if (f) {
				char *p = kmap_local(f, off);

				memset(p, 0, part);
				kunmap_local(p);
				folio_put(f);
			}
		}
		pos += part;
		n -= part;
		cond_resched();
	}
	return 0;
}

static void ramdisk_submit(struct disk *d, struct bio *b)
{
	struct ramdisk *r = d->private;
	u64 pos = bio_disk_sector(b) << SECTOR_SHIFT;
	u32 op = bio_op(b);
	int err = 0;

	if (op == BIO_DISCARD || op == BIO_WRITE_ZEROES)
		err = zero_range(r, pos, bio_bytes(b));
	for (u32 i = 0; i < b->nr_vecs && !err; i++) {
		const struct bio_vec *v = &b->vecs[i];
		char *p = kmap_local(v->folio, v->off);

		if (op == BIO_READ)
			read_bytes(r, pos, p, v->len);
		else
			err = write_bytes(r, pos, p, v->len);
		kunmap_local(p);
		pos += v->len;
	}
	bio_end(b, err);
}

static void ramdisk_free(struct disk *d)
{
	struct ramdisk *r = d->private;
	struct folio *f;
	u64 index = 0;

	while ((f = xa_find(&r->pages, &index, ~0ull)) != NULL) {
		xa_erase(&r->pages, index);
		folio_put(f);
	}
	xa_destroy(&r->pages);
	kfree(r);
}

static const struct disk_ops ramdisk_ops = { .submit = ramdisk_submit, .free = ramdisk_free };

struct disk *ramdisk_create(const char *name, u32 minor, u64 sectors)
{
	struct ramdisk *r = kzalloc(sizeof(*r), GFP_KERNEL);
	struct disk *d;
	int err;

	if (!r)
		return ERR_PTR(-ENOMEM);
	xa_init(&r->pages);
	spin_lock_init(&r->lock, OBJECT);
	d = disk_alloc(name, RAMDISK_MAJOR, minor, 1, &ramdisk_ops, 0, 0, 0, r);
	if (IS_ERR(d)) {
		kfree(r);
		return d;
	}
	r->disk = d;
	d->limits.physical_block = PAGE_SIZE;
	d->limits.max_discard = d->limits.max_write_zeroes = ~0u >> SECTOR_SHIFT;
	d->limits.discard_granularity = PAGE_SIZE;
	disk_set_capacity(d, sectors);
	err = disk_add(d);
	if (!err)
		return d;
	disk_put(d);
	return ERR_PTR(err);
}

static int ramdisk_init(void)
{
	int err;

	if (!ramdisk_nr)
		return 0;
	err = blkdev_register(RAMDISK_MAJOR, "ramdisk");
	for (u32 i = 0; i < ramdisk_nr && !err; i++) {
		struct disk *d;
		char name[16];

		scnprintf(name, sizeof(name), "ram%u", i);
		d = ramdisk_create(name, i, ramdisk_kib * 2);
		err = PTR_ERR_OR_ZERO(d);
	}
	return err;
}
INITCALL_DRIVER(ramdisk_init);
