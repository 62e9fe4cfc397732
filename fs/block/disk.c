/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Disks and their block devices: registration, look-up by number, opening with claims, closing.
 *
 * Locks: bdevs_lock guards the list of all devices (they are found by walking it: there are few);
 * disk.open_mutex opens, closes, capacity and partitions; claim_lock who has which device for himself.
 * A block_device holds no reference on its disk: the disk frees its devices. So bdev_put() of the last
 * reference of the whole disk frees everything; partitions hold a reference on the whole disk.
 */
#include <base/ida.h>
#include <base/printf.h>
#include <core/percpu.h>
#include <fs/seq_file.h>
#include <uapi/linux/fs.h>

#include "internal.h"

const struct blk_model_ops *blk_model;
static DEFINE_SPINLOCK(bdevs_lock, OBJECT);
static LIST_HEAD(bdevs);			/* [bdevs_lock] block_device.link */
static DEFINE_SPINLOCK(claim_lock, OBJECT);
static DEFINE_MUTEX(numbers_lock, LEAF_MUTEX);
static struct ida ext_minors = IDA_INIT;	/* [numbers_lock] */
static u64 next_diskseq;			/* [a] */

/* --- majors --- */

#define MAX_MAJORS	16
static struct {
	u32 major;
	const char *name;
} majors[MAX_MAJORS];				/* [numbers_lock] in order */
static u32 nr_majors;

int blkdev_register(u32 major, const char *name)
{
	u32 at;

	mutex_lock(&numbers_lock);
	if (nr_majors == MAX_MAJORS) {
		mutex_unlock(&numbers_lock);
		return -ENOSPC;
	}
	for (at = nr_majors++; at && majors[at - 1].major > major; at--)
		majors[at] = majors[at - 1];
	majors[at].major = major;
	majors[at].name = name;
	mutex_unlock(&numbers_lock);
	return 0;
}

/* The second half of /proc/devices. */
void blkdevs_show(struct seq_file *s)
{
	seq_puts(s, "\nBlock devices:\n");
	mutex_lock(&numbers_lock);
	for (u32 i = 0; i < nr_majors; i++)
		seq_printf(s, "%3u %s\n", majors[i].major, majors[i].name);
	mutex_unlock(&numbers_lock);
}

int ext_minor_alloc(void)
{
	int n;

	mutex_lock(&numbers_lock);
	n = ida_alloc(&ext_minors, 0, 0xfffff, GFP_KERNEL);
	mutex_unlock(&numbers_lock);
	return n;
}

void ext_minor_free(u32 minor)
{
	mutex_lock(&numbers_lock);
	ida_free(&ext_minors, minor);
	mutex_unlock(&numbers_lock);
}

void disk_letter_name(char *buf, size_t size, const char *prefix, u32 index)
{
	char letters[8];
	u32 at = sizeof(letters) - 1;

	letters[at] = '\0';
	do {
		letters[--at] = (char)('a' + index % 26);
		index = index / 26;
	} while (index-- && at);
	snprintf(buf, size, "%s%s", prefix, letters + at);
}

/* --- block devices --- */

struct block_device *bdev_alloc(struct disk *d, u32 partno, dev_t dev, const char *name)
{
	struct block_device *b = kzalloc(sizeof(*b), GFP_KERNEL);

	if (!b)
		return NULL;
	ref_init(&b->ref, 1);
	list_init(&b->link);
	b->disk = d;
	b->partno = partno;
	b->dev = dev;
	strscpy(b->name, name, sizeof(b->name));
	b->stats = percpu_alloc(sizeof(struct blk_stats), 64);
	if (b->stats)
		b->inode = bdev_inode_new(b);
	if (b->inode)
		return b;
	if (b->stats)
		percpu_free(b->stats);
	kfree(b);
	return NULL;
}

static void disk_free(struct disk *d)
{
	bdi_wb_stop(&d->bdi);
	bdi_del(&d->bdi);
	if (d->flush.bio)
		bio_put(d->flush.bio);
	queues_free(d);
	if (d->ops->free)
		d->ops->free(d);
	kfree(d);
}

void bdev_put(struct block_device *b)
{
	struct disk *d;

	if (!b || !ref_put(&b->ref))
		return;
	d = b->disk;
	if (b->inode)
		bdev_inode_gone(b);
	percpu_free(b->stats);
	if (dev_major(b->dev) == BLOCK_EXT_MAJOR)
		ext_minor_free(dev_minor(b->dev));
	if (b->partno)
		bdev_put(d->whole);
	else
		disk_free(d);
	kfree(b);
}

int bdev_register(struct block_device *b)
{
	spin_lock(&bdevs_lock);
	list_add_tail(&b->link, &bdevs);
	b->registered = true;
	spin_unlock(&bdevs_lock);
	return blk_model ? blk_model->add(b) : 0;
}

/* No longer found; its page cache goes unwritten (the medium is gone or no longer means this). */
void bdev_unregister(struct block_device *b)
{
	spin_lock(&bdevs_lock);
	if (!b->registered) {
		spin_unlock(&bdevs_lock);
		return;
	}
	b->registered = false;
	list_del_init(&b->link);
	spin_unlock(&bdevs_lock);
	if (blk_model)
		blk_model->remove(b);
	truncate_all(&b->inode->data);
	bdev_put(b);
}

/* Removed ones leave the list, so prev may have to be found by its place: those before it are skipped by number. */
struct block_device *bdev_next(struct block_device *prev)
{
	struct block_device *b, *found = NULL;
	bool past = !prev;

	spin_lock(&bdevs_lock);
	if (prev && prev->registered) {
		b = list_next_entry(prev, link);
		if (&b->link != &bdevs)
			found = b;
	} else {
		list_for_each_entry(b, &bdevs, link) {
			if (past) {
				found = b;
				break;
			}
		}
	}
	if (found)
		ref_get(&found->ref);
	spin_unlock(&bdevs_lock);
	bdev_put(prev);
	return found;
}

struct block_device *bdev_get_by_dev(dev_t dev)
{
	struct block_device *b, *found = NULL;

	spin_lock(&bdevs_lock);
	list_for_each_entry(b, &bdevs, link) {
		if (b->dev.v == dev.v) {
			found = b;
			ref_get(&b->ref);
			break;
		}
	}
	spin_unlock(&bdevs_lock);
	return found;
}

/* --- claims --- */

static int claim(struct block_device *b, void *holder)
{
	struct block_device *whole = b->disk->whole;
	int err = 0;

	spin_lock(&claim_lock);
	if (b->holder ? b->holder != holder : b == whole ? b->part_claims != 0 : whole->holder != NULL)
		err = -EBUSY;
	if (!err) {
		if (!b->holder && b != whole)
			whole->part_claims++;
		b->holder = holder;
		b->holders++;
	}
	spin_unlock(&claim_lock);
	return err;
}

static void unclaim(struct block_device *b)
{
	spin_lock(&claim_lock);
	if (!--b->holders) {
		b->holder = NULL;
		if (b->partno)
			b->disk->whole->part_claims--;
	}
	spin_unlock(&claim_lock);
}

/* --- open and close --- */

/* What BLKBSZGET says after the first open: pages, or less where the size is no multiple. */
static u32 first_soft_block(const struct block_device *b)
{
	u32 size = bdev_logical_block_size(b);

	while (size < PAGE_SIZE && !(bdev_bytes(b) & size))
		size <<= 1;
	return size;
}

static int open_locked(struct block_device *b, u32 how, void *holder)
{
	struct disk *d = b->disk;
	int err;

	if (READ_ONCE(d->dead) || !READ_ONCE(b->registered))
		return -ENXIO;
	if (how & BDEV_EXCL) {
		err = claim(b, holder);
		if (err)
			return err;
	}
	err = d->ops->open ? d->ops->open(d, how) : 0;
	if (err) {
		if (how & BDEV_EXCL)
			unclaim(b);
		return err;
	}
	if (d->rescan && !b->partno && !d->no_partitions)
		(void)disk_rescan(d);
	if (!b->openers++)
		WRITE_ONCE(b->soft_block, first_soft_block(b));
	if (how & BDEV_WRITE) {
		b->write_openers++;
		bdev_wb_start(b);
	}
	return 0;
}

int bdev_open_ref(struct block_device *b, u32 how, void *holder)
{
	int err;

	mutex_lock(&b->disk->open_mutex);
	err = open_locked(b, how, holder);
	mutex_unlock(&b->disk->open_mutex);
	return err;
}

struct block_device *bdev_open(dev_t dev, u32 how, void *holder)
{
	struct block_device *b = bdev_get_by_dev(dev);
	int err;

	if (!b)
		return ERR_PTR(-ENXIO);
	err = how & BDEV_WRITE && READ_ONCE(b->read_only) ? -EACCES : bdev_open_ref(b, how, holder);
	if (!err)
		return b;
	bdev_put(b);
	return ERR_PTR(err);
}

static void write_back(struct block_device *b, u32 how)
{
	(void)filemap_write_and_wait(bdev_mapping(b), 0, (loff_t)(~0ull >> 1));
	if (how & BDEV_WRITE)
		(void)bdev_flush(b);
}

/* The last close writes the page cache back and drops it: the medium may change. */
void bdev_close(struct block_device *b, u32 how, void *holder)
{
	struct disk *d = b->disk;

	/* Most of it outside of the mutex. */
	if (READ_ONCE(b->openers) == 1)
		write_back(b, how);
	mutex_lock(&d->open_mutex);
	if (how & BDEV_WRITE)
		b->write_openers--;
	if (!--b->openers) {
		write_back(b, 0);
		truncate_all(&b->inode->data);
	}
	if (how & BDEV_EXCL)
		unclaim(b);
	if (d->ops->release)
		d->ops->release(d);
	mutex_unlock(&d->open_mutex);
	bdev_put(b);
}

/* --- disks --- */

struct disk *disk_alloc(const char *name, u32 major, u32 first_minor, u32 minors, const struct disk_ops *ops, u32 nr_queues,
			u32 depth, u32 pdu_size, void *private)
{
	struct disk *d = kzalloc(sizeof(*d), GFP_KERNEL);

	if (!d)
		return ERR_PTR(-ENOMEM);
	list_init(&d->parts);
	mutex_init(&d->open_mutex, DISK_OPEN);
	d->ops = ops;
	d->private = private;
	d->major = major;
	d->first_minor = first_minor;
	d->minors = minors;
	d->seq = __atomic_add_fetch(&next_diskseq, 1, __ATOMIC_RELAXED);
	d->limits = (struct disk_limits){
		.logical_block = SECTOR_SIZE, .physical_block = SECTOR_SIZE, .io_min = SECTOR_SIZE,
		.max_sectors = 2048, .max_segments = BIO_MAX_VECS, .max_segment_bytes = ~0u,
	};
	d->whole = bdev_alloc(d, 0, mkdev(major, first_minor), name);
	if (!d->whole)
		goto out;
	d->fault = disk_fault_find(name);
	if (queue_init(d, nr_queues, depth, pdu_size) || flush_init(d))
		goto out;
	bdi_add(&d->bdi);
	return d;
out:
	if (d->whole) {
		bdev_inode_gone(d->whole);
		percpu_free(d->whole->stats);
		kfree(d->whole);
	}
	queues_free(d);
	kfree(d);
	return ERR_PTR(-ENOMEM);
}

int disk_add(struct disk *d)
{
	int err;

	if (d->limits.physical_block < d->limits.logical_block)
		d->limits.physical_block = d->limits.logical_block;
	d->limits.io_min = max(d->limits.io_min, d->limits.physical_block);
	d->whole->soft_block = d->limits.logical_block;
	bdev_inode_resize(d->whole);
	err = bdev_register(d->whole);
	if (err) {
		bdev_unregister(d->whole);
		return err;
	}
	ref_get(&d->whole->ref);	/* the list's; ours goes by disk_put() */
	if (d->whole->nr_sectors && !d->no_partitions) {
		mutex_lock(&d->open_mutex);
		(void)disk_rescan(d);
		mutex_unlock(&d->open_mutex);
	}
	return 0;
}

void disk_remove(struct disk *d)
{
	struct disk_part *p, *n;

	WRITE_ONCE(d->dead, true);
	for (u32 i = 0; i < d->nr_queues; i++) {
		wake_up_all(&d->queues[i]->wait);
		queue_kill(d->queues[i]);
	}
	mutex_lock(&d->open_mutex);
	list_for_each_entry_safe(p, n, &d->parts, link) {
		list_del(&p->link);
		bdev_unregister(p->bdev);
		kfree(p);
	}
	mutex_unlock(&d->open_mutex);
	bdev_unregister(d->whole);
}

void disk_put(struct disk *d)
{
	bdev_put(d->whole);
}

void disk_set_capacity(struct disk *d, sector_t sectors)
{
	struct block_device *b = d->whole;
	bool shrunk = sectors < b->nr_sectors;

	WRITE_ONCE(b->nr_sectors, sectors);
	bdev_inode_resize(b);
	if (shrunk)
		truncate_pagecache(&b->inode->data, (loff_t)(sectors << SECTOR_SHIFT));
	if (b->registered && blk_model)
		blk_model->changed(b);
}

void disk_new_medium(struct disk *d)
{
	WRITE_ONCE(d->seq, __atomic_add_fetch(&next_diskseq, 1, __ATOMIC_RELAXED));
}

void disk_set_read_only(struct disk *d, bool ro)
{
	struct disk_part *p;

	d->read_only = ro;
	WRITE_ONCE(d->whole->read_only, ro);
	list_for_each_entry(p, &d->parts, link)
		WRITE_ONCE(p->bdev->read_only, ro);
}

/* --- looking at one --- */

dev_t bdev_dev(const struct block_device *b) { return b->dev; }
const char *bdev_name(const struct block_device *b) { return b->name; }
u64 bdev_bytes(const struct block_device *b) { return READ_ONCE(b->nr_sectors) << SECTOR_SHIFT; }
u32 bdev_logical_block_size(const struct block_device *b) { return b->disk->limits.logical_block; }
u32 bdev_physical_block_size(const struct block_device *b) { return b->disk->limits.physical_block; }
bool bdev_read_only(const struct block_device *b) { return READ_ONCE(b->read_only); }
bool bdev_has_flush(const struct block_device *b) { return b->disk->limits.write_cache; }
u64 bdev_max_discard(const struct block_device *b) { return b->disk->limits.max_discard; }
struct inode *bdev_inode(struct block_device *b) { return b->inode; }
struct mapping *bdev_mapping(struct block_device *b) { return &b->inode->data; }
