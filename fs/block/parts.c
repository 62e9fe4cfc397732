/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Partitions as block devices: made from the disk's table (kernel/lib/partition.c reads it) or one by one
 * by BLKPG. A re-read takes all away and makes them anew, unless one is in use. disk.open_mutex guards
 * the list and all changes.
 */
#include <base/partition.h>
#include <base/printf.h>

#include "internal.h"
#include "parts.h"

static struct disk_part *find(struct disk *d, u32 number)
{
	struct disk_part *p;

	list_for_each_entry(p, &d->parts, link)
		if (p->bdev->partno == number)
			return p;
	return NULL;
}

static bool overlaps(struct disk *d, u64 start, u64 sectors, const struct block_device *but)
{
	struct disk_part *p;

	list_for_each_entry(p, &d->parts, link)
		if (p->bdev != but && start < p->bdev->start + p->bdev->nr_sectors && p->bdev->start < start + sectors)
			return true;
	return false;
}

/* "vda1", "loop0p1": a p between when the name ends with a digit. */
static void part_name(const struct disk *d, u32 number, char *buf, size_t size)
{
	const char *name = disk_name(d);
	char last = name[strlen(name) - 1];

	snprintf(buf, size, "%s%s%u", name, last >= '0' && last <= '9' ? "p" : "", number);
}

/* open_mutex held. */
static int part_make(struct disk *d, u32 number, u64 start, u64 sectors, const struct part_info *info)
{
	struct disk_part *p = kzalloc(sizeof(*p), GFP_KERNEL);
	char name[DISK_NAME_MAX];
	struct block_device *b;
	dev_t dev;
	int minor;

	if (!p)
		return -ENOMEM;
	if (number < d->minors) {
		dev = mkdev(d->major, d->first_minor + number);
	} else {
		minor = ext_minor_alloc();
		if (minor < 0) {
			kfree(p);
			return minor;
		}
		dev = mkdev(BLOCK_EXT_MAJOR, (u32)minor);
	}
	part_name(d, number, name, sizeof(name));
	b = bdev_alloc(d, number, dev, name);
	if (!b) {
		if (dev_major(dev) == BLOCK_EXT_MAJOR)
			ext_minor_free(dev_minor(dev));
		kfree(p);
		return -ENOMEM;
	}
	ref_get(&d->whole->ref);
	b->start = start;
	b->nr_sectors = sectors;
	b->read_only = d->whole->read_only;
	b->soft_block = d->limits.logical_block;
	bdev_inode_resize(b);
	if (info) {
		strscpy(b->partuuid, info->uuid, sizeof(b->partuuid));
		strscpy(b->partlabel, info->label, sizeof(b->partlabel));
	}
	p->bdev = b;
	list_add_tail(&p->link, &d->parts);
	return bdev_register(b);
}

/* open_mutex held. */
static void part_remove(struct disk_part *p)
{
	list_del(&p->link);
	bdev_unregister(p->bdev);
	kfree(p);
}

static bool in_use(const struct block_device *b)
{
	return b->openers != 0;
}

/* --- from the table --- */

struct scan {
	struct disk *d;
	struct folio *buf;		/* for the device, which wants memory of its own */
	u32 nr;
};

#define BUF_ORDER	2u		/* 16 KiB: partitions_read() asks for no more at once */

static int scan_read(void *arg, u64 lba, u32 count, void *to)
{
	struct scan *s = arg;
	u32 bytes = count * s->d->limits.logical_block;
	struct bio *bio;
	int err;

	if (bytes > folio_size(s->buf))
		return -EINVAL;
	bio = bio_alloc(s->d->whole, 1, BIO_READ | BIO_SYNC, GFP_KERNEL);
	bio->sector = lba * (s->d->limits.logical_block >> SECTOR_SHIFT);
	err = bio_add(bio, s->buf, 0, bytes) ? bio_submit_wait(bio) : -EIO;
	bio_put(bio);
	if (!err) {
		const void *p = kmap_local(s->buf, 0);

		memcpy(to, p, bytes);
		kunmap_local(p);
	}
	return err;
}

static int scan_found(void *arg, const struct part_info *p)
{
	struct scan *s = arg;
	u32 shift = (u32)ilog2(s->d->limits.logical_block) - SECTOR_SHIFT;
	int err;

	if (find(s->d, p->number) || s->nr >= 255)
		return 0;
	err = part_make(s->d, p->number, p->start << shift, p->blocks << shift, p);
	if (err)
		pr_err("%s: partition %u: error %d\n", disk_name(s->d), p->number, err);
	else
		s->nr++;
	return 0;
}

static void scan_note(void *arg, const char *text)
{
	struct scan *s = arg;

	pr_warn("%s: partition table: %s\n", disk_name(s->d), text);
}

static void scan_show(struct disk *d)
{
	struct disk_part *p;
	char line[160];
	int n = 0;

	line[0] = '\0';
	list_for_each_entry(p, &d->parts, link)
		n += scnprintf(line + n, sizeof(line) - (size_t)n, " %s", p->bdev->name);
	if (n)
		pr_info("%s:%s\n", disk_name(d), line);
}

int disk_rescan(struct disk *d)
{
	struct scan s = { .d = d };
	struct part_source src = {
		.block_size = d->limits.logical_block, .nr_blocks = bdev_bytes(d->whole) / d->limits.logical_block,
		.read = scan_read, .arg = &s, .found = scan_found, .note = scan_note,
	};
	struct disk_part *p, *n;
	void *scratch;
	int err = -ENOMEM;

	list_for_each_entry(p, &d->parts, link)
		if (in_use(p->bdev))
			return -EBUSY;
	list_for_each_entry_safe(p, n, &d->parts, link)
		part_remove(p);
	d->rescan = false;
	if (d->no_partitions)
		return 0;
	s.buf = folio_alloc(BUF_ORDER, GFP_KERNEL);
	scratch = kmalloc(PART_SCRATCH, GFP_KERNEL);
	if (s.buf && scratch)
		err = partitions_read(&src, scratch);
	kfree(scratch);
	if (s.buf)
		folio_put(s.buf);
	scan_show(d);
	if (err == -EIO || err == -ENOMEM) {
		pr_err("%s: cannot read the partition table: error %d\n", disk_name(d), err);
		return err;
	}
	return 0;	/* no table and a broken one are no partitions */
}

/* --- BLKPG --- */

int part_add_user(struct disk *d, u32 number, u64 start, u64 sectors)
{
	int err = -EBUSY;

	mutex_lock(&d->open_mutex);
	if (d->dead)
		err = -ENXIO;
	else if (d->no_partitions)
		err = -EINVAL;
	else if (!find(d, number) && !overlaps(d, start, sectors, NULL))
		err = part_make(d, number, start, sectors, NULL);
	mutex_unlock(&d->open_mutex);
	return err;
}

int part_delete(struct disk *d, u32 number)
{
	struct disk_part *p;
	int err = 0;

	mutex_lock(&d->open_mutex);
	p = find(d, number);
	if (!p)
		err = -ENXIO;
	else if (in_use(p->bdev))
		err = -EBUSY;
	else
		part_remove(p);
	mutex_unlock(&d->open_mutex);
	return err;
}

int part_resize(struct disk *d, u32 number, u64 start, u64 sectors)
{
	struct disk_part *p;
	int err = 0;

	mutex_lock(&d->open_mutex);
	p = find(d, number);
	if (!p) {
		err = -ENXIO;
	} else if (p->bdev->start != start) {
		err = -EINVAL;
	} else if (overlaps(d, start, sectors, p->bdev)) {
		err = -EBUSY;
	} else {
		WRITE_ONCE(p->bdev->nr_sectors, sectors);
		bdev_inode_resize(p->bdev);
		if (blk_model)
			blk_model->changed(p->bdev);
	}
	mutex_unlock(&d->open_mutex);
	return err;
}
