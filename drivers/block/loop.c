/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Loop devices: a file as a disk. /dev/loop0 to loop7 are there from the start (max_loop=), more come by
 * /dev/loop-control. A bound one reads and writes through its file's page cache, or past it where the file
 * and the alignment allow that (LO_FLAGS_DIRECT_IO, as loop(4) says), in one ordered worker a device, which
 * allocates without I/O and file systems: it is what memory may be waiting for. A flush is an fsync of the
 * file, a discard punches a hole.
 *
 * Locks: loops_lock (the list), the disk's open mutex, loop.lock (set-up), queue_lock.
 */
#include "loop.h"

#include <base/err.h>
#include <base/math.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/init.h>
#include <core/printk.h>
#include <core/slab.h>
#include <drivers/device.h>
#include <fs/inode.h>
#include <fs/kernfs.h>
#include <fs/seq_file.h>
#include <fs/super.h>
#include <kernel/sched.h>
#include <uapi/linux/falloc.h>
#include <uapi/linux/major.h>

#define LOOP_CONTROL_MINOR	237
#define MAX_LOOPS		4096
#define QUEUE_HIGH		256u	/* bios waiting: more have to */

static DEFINE_MUTEX(loops_lock, LOOP_LIST);
static LIST_HEAD(loops);			/* [loops_lock] loop.link */
static u32 nr_loops = 8;			/* [I] after the command line was read */

static int set_max_loop(const char *value)
{
	u32 n = 0;

	for (; *value >= '0' && *value <= '9' && n <= MAX_LOOPS; value++)
		n = n * 10 + (u32)(*value - '0');
	if (*value || n > 256)
		return -EINVAL;
	nr_loops = n;
	return 0;
}
KPARAM("max_loop", set_max_loop);

/* --- I/O, in the worker --- */

static int fill_vecs(struct loop *lo, const struct bio *b)
{
	for (u32 i = 0; i < b->nr_vecs; i++)
		lo->vecs[i] = (struct kvec){ kmap_local(b->vecs[i].folio, b->vecs[i].off), b->vecs[i].len };
	return b->nr_vecs;
}

static int transfer(struct loop *lo, struct file *f, struct bio *b, u64 pos, bool write)
{
	bool direct = READ_ONCE(lo->flags) & LO_FLAGS_DIRECT_IO;
	struct kiocb k = { .file = f, .pos = (loff_t)pos, .flags = direct ? IOCB_DIRECT : 0, .bio = direct ? b : NULL,
			   .bio_kvecs = lo->vecs };
	u64 left = b->size;
	struct iov_iter it;
	ssize_t n = 1;

	iov_iter_kvec(&it, write ? ITER_SOURCE : ITER_DEST, lo->vecs, (u64)fill_vecs(lo, b), left);
	while (left && n > 0) {
		n = write ? vfs_write_iter(f, &k, &it) : vfs_read_iter(f, &k, &it);
		if (n > 0)
			left -= (u64)n;
	}
	if (n < 0)
		return (int)n;
	if (!left)
		return 0;
	if (write)
		return -EIO;
	/* The file ends here: what is missing of the last block is zeros. */
	left = iov_iter_count(&it);
	return iov_iter_zero(&it, left) == left ? 0 : -EIO;
}

static int punch(struct file *f, const struct bio *b, u64 pos)
{
	int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;

	if (bio_op(b) == BIO_WRITE_ZEROES && b->op & BIO_NOUNMAP)
		mode = FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE;
	return (int)vfs_fallocate(f, mode, (loff_t)pos, (loff_t)bio_bytes(b));
}

static int flush_file(struct file *f)
{
	int err = file_op_fsync(f, 0, (loff_t)(~0ull >> 1), false);

	return err == -EINVAL ? 0 : err;	/* a file that knows no fsync has nothing to flush */
}

static int handle(struct loop *lo, struct bio *b)
{
	u64 pos = (bio_disk_sector(b) << SECTOR_SHIFT) + lo->offset;
	struct file *f = READ_ONCE(lo->file);
	int err = 0;

	if (!f)
		return -EIO;
	if (b->op & BIO_PREFLUSH)
		err = flush_file(f);
	if (err)
		return err;
	switch (bio_op(b)) {
	case BIO_READ:
		return transfer(lo, f, b, pos, false);
	case BIO_WRITE:
		err = transfer(lo, f, b, pos, true);
		return !err && b->op & BIO_FUA ? flush_file(f) : err;
	case BIO_FLUSH:
		return flush_file(f);
	}
	return punch(f, b, pos);
}

static int error_of_disk(int err)
{
	return err == 0 || err == -EOPNOTSUPP || err == -ENOSPC ? err : -EIO;
}

static void loop_work(struct work *w)
{
	struct loop *lo = container_of(w, struct loop, work);
	u32 scope = memalloc_scope_save(GFP_IO | GFP_FS);
	struct bio *b;

	for (;;) {
		bool wake;

		spin_lock(&lo->queue_lock);
		b = lo->first;
		if (b) {
			lo->first = b->next;
			WRITE_ONCE(lo->waiting, lo->waiting - 1);
		}
		wake = lo->waiting == QUEUE_HIGH / 2;
		spin_unlock(&lo->queue_lock);
		if (!b)
			break;
		if (wake)
			wake_up_all(&lo->room);
		b->next = NULL;
		bio_end(b, error_of_disk(handle(lo, b)));
		cond_resched();
	}
	memalloc_scope_restore(scope);
}

static void loop_submit(struct disk *d, struct bio *b)
{
	struct loop *lo = d->private;
	bool crowd;

	if (!lo->wq) {
		bio_end(b, -EIO);
		return;
	}
	b->next = NULL;
	spin_lock(&lo->queue_lock);
	if (lo->first)
		lo->last->next = b;
	else
		lo->first = b;
	lo->last = b;
	WRITE_ONCE(lo->waiting, lo->waiting + 1);
	crowd = lo->waiting > QUEUE_HIGH;
	spin_unlock(&lo->queue_lock);
	work_queue(lo->wq, &lo->work);
	if (crowd)
		wait_event(&lo->room, READ_ONCE(lo->waiting) <= QUEUE_HIGH / 2);
}

/* The worker goes on until the list is empty. */
void loop_drain(struct loop *lo)
{
	if (lo->wq)
		work_flush(&lo->work);
}

/*
 * Past the file's page cache from now on, if that can be: its file system knows how, our blocks are no smaller than those
 * of the device below and begin where one of those does. lock held, no bios under way that care.
 */
void loop_update_dio(struct loop *lo, bool want)
{
	const struct file *f = lo->file;
	const struct block_device *b = S_ISBLK(f->inode->mode) ? inode_bdev(f->inode) : f->inode->sb->bdev;
	u32 below = b ? bdev_logical_block_size(b) : SECTOR_SIZE;
	bool can = f->mapping->ops && f->mapping->ops->direct_io && lo->disk->limits.logical_block >= below &&
		   !(lo->offset & (below - 1));

	want = want && can;
	if (want == !!(lo->flags & LO_FLAGS_DIRECT_IO))
		return;
	loop_drain(lo);
	(void)flush_file(lo->file);
	WRITE_ONCE(lo->flags, lo->flags ^ LO_FLAGS_DIRECT_IO);
}

/* --- binding --- */

u64 loop_capacity(const struct loop *lo, const struct file *f)
{
	const struct block_device *b = inode_bdev(f->inode);
	u64 size = b ? bdev_bytes(b) : (u64)inode_size(f->inode);

	if (lo->offset >= size)
		return 0;
	size -= lo->offset;
	if (lo->sizelimit)
		size = min(size, lo->sizelimit);
	return size >> SECTOR_SHIFT;
}

enum loop_attr { A_BACKING, A_OFFSET, A_SIZELIMIT, A_AUTOCLEAR, A_PARTSCAN, A_DIO };

static void show_backing(struct seq_file *s, struct loop *lo)
{
	char *page = kmalloc(PAGE_SIZE, GFP_KERNEL), *text;

	if (!page)
		return;
	text = path_text_current(&lo->file->path, page, PAGE_SIZE);
	if (!IS_ERR(text))
		seq_puts(s, text);
	seq_putc(s, '\n');
	kfree(page);
}

/* Not under lo->lock: unbinding removes the files first, and waits for whoever reads them. */
static void show_attr(struct seq_file *s, struct loop *lo, enum loop_attr what)
{
	switch (what) {
	case A_BACKING:
		show_backing(s, lo);
		return;
	case A_OFFSET:
		seq_printf(s, "%llu\n", (unsigned long long)lo->offset);
		return;
	case A_SIZELIMIT:
		seq_printf(s, "%llu\n", (unsigned long long)lo->sizelimit);
		return;
	case A_AUTOCLEAR:
		seq_printf(s, "%d\n", (lo->flags & LO_FLAGS_AUTOCLEAR) != 0);
		return;
	case A_PARTSCAN:
		seq_printf(s, "%d\n", (lo->flags & LO_FLAGS_PARTSCAN) != 0);
		return;
	case A_DIO:
		seq_printf(s, "%d\n", (lo->flags & LO_FLAGS_DIRECT_IO) != 0);
		return;
	}
}

#define LOOP_FILE(name_, what_) \
static int name_##_show(struct seq_file *s, void *priv) \
{ \
	show_attr(s, priv, what_); \
	return 0; \
} \
static const struct kernfs_ops name_##_ops = { .show = name_##_show }
LOOP_FILE(backing_file, A_BACKING);
LOOP_FILE(offset, A_OFFSET);
LOOP_FILE(sizelimit, A_SIZELIMIT);
LOOP_FILE(autoclear, A_AUTOCLEAR);
LOOP_FILE(partscan, A_PARTSCAN);
LOOP_FILE(dio, A_DIO);

void loop_make_sysfs(struct loop *lo)
{
	static const struct {
		const char *name;
		const struct kernfs_ops *ops;
	} files[] = {
		{ "backing_file", &backing_file_ops }, { "offset", &offset_ops }, { "sizelimit", &sizelimit_ops },
		{ "autoclear", &autoclear_ops }, { "partscan", &partscan_ops }, { "dio", &dio_ops },
	};
	struct device *d = lo->disk->whole->device;
	struct kernfs_node *dir = d ? kernfs_mkdir(d->node, "loop", 0755, NULL) : ERR_PTR(-ENODEV);

	if (IS_ERR(dir))
		return;
	lo->dir = dir;
	for (u32 i = 0; i < ARRAY_SIZE(files); i++)
		(void)kernfs_create_file(dir, files[i].name, 0444, PAGE_SIZE, files[i].ops, lo);
}

/* lock held; partitions are the caller's matter. */
void loop_unbind(struct loop *lo)
{
	struct file *f = lo->file;

	if (lo->dir)
		kernfs_remove(lo->dir);
	lo->dir = NULL;
	disk_set_capacity(lo->disk, 0);
	loop_drain(lo);
	WRITE_ONCE(lo->file, NULL);
	loop_drain(lo);		/* whoever had looked before */
	lo->offset = lo->sizelimit = 0;
	lo->flags = 0;
	memset(lo->name, 0, sizeof(lo->name));
	memset(lo->crypt_name, 0, sizeof(lo->crypt_name));
	lo->disk->limits.logical_block = lo->disk->limits.physical_block = lo->disk->limits.io_min = SECTOR_SIZE;
	lo->disk->limits.max_discard = lo->disk->limits.max_write_zeroes = lo->disk->limits.discard_granularity = 0;
	lo->disk->no_partitions = true;
	disk_set_read_only(lo->disk, false);
	file_put(f);
}

/* --- opening --- */

/* The last close of a device that is to clear itself. Open mutex held. */
static void loop_release(struct disk *d)
{
	struct loop *lo = d->private;

	if (d->whole->openers)
		return;
	mutex_lock(&lo->lock);
	if (lo->file && lo->flags & LO_FLAGS_AUTOCLEAR) {
		d->no_partitions = true;
		if (!disk_rescan(d))
			loop_unbind(lo);	/* else a partition is in use: with its close */
	}
	mutex_unlock(&lo->lock);
}

static void loop_free(struct disk *d)
{
	struct loop *lo = d->private;

	if (lo->wq)
		workqueue_destroy(lo->wq);
	kfree(lo->vecs);
	kfree(lo);
}

static const struct disk_ops loop_ops = {
	.submit = loop_submit, .release = loop_release, .ioctl = loop_ioctl, .free = loop_free,
};

/* --- devices --- */

/* loops_lock held. */
static struct loop *loop_find(u32 index)
{
	struct loop *lo;

	list_for_each_entry(lo, &loops, link)
		if (lo->index == index)
			return lo;
	return NULL;
}

static void loop_insert(struct loop *lo)
{
	struct loop *o;

	list_for_each_entry(o, &loops, link) {
		if (o->index > lo->index) {
			list_add_tail(&lo->link, &o->link);
			return;
		}
	}
	list_add_tail(&lo->link, &loops);
}

/* loops_lock held. */
struct loop *loop_add(int index)
{
	struct loop *lo;
	char name[16];
	int err;

	if (index < 0)
		for (index = 0; loop_find((u32)index); index++)
			;
	if (loop_find((u32)index))
		return ERR_PTR(-EEXIST);
	if (index >= MAX_LOOPS)
		return ERR_PTR(-ENOSPC);
	lo = kzalloc(sizeof(*lo), GFP_KERNEL);
	if (!lo)
		return ERR_PTR(-ENOMEM);
	lo->index = (u32)index;
	mutex_init(&lo->lock, LOOP);
	spin_lock_init(&lo->queue_lock, OBJECT);
	wait_queue_init(&lo->room);
	work_init(&lo->work, loop_work);
	scnprintf(name, sizeof(name), "loop%d", index);
	lo->disk = disk_alloc(name, LOOP_MAJOR, lo->index, 1, &loop_ops, 0, 0, 0, lo);
	if (IS_ERR(lo->disk)) {
		err = (int)PTR_ERR(lo->disk);
		kfree(lo);
		return ERR_PTR(err);
	}
	lo->disk->limits.write_cache = true;
	lo->disk->no_partitions = true;
	err = disk_add(lo->disk);
	if (err) {
		disk_put(lo->disk);
		return ERR_PTR(err);
	}
	loop_insert(lo);
	return lo;
}

static long ctl_remove(int index)
{
	struct loop *lo;

	if (index < 0)
		return -EINVAL;
	lo = loop_find((u32)index);
	if (!lo)
		return -ENODEV;
	mutex_lock(&lo->disk->open_mutex);
	if (lo->file || lo->disk->whole->openers) {
		mutex_unlock(&lo->disk->open_mutex);
		return -EBUSY;
	}
	WRITE_ONCE(lo->disk->dead, true);	/* nobody opens it any more */
	mutex_unlock(&lo->disk->open_mutex);
	list_del(&lo->link);
	disk_remove(lo->disk);
	disk_put(lo->disk);
	return 0;
}

static long ctl_get_free(void)
{
	struct loop *lo;

	list_for_each_entry(lo, &loops, link)
		if (!READ_ONCE(lo->file))
			return lo->index;
	lo = loop_add(-1);
	return IS_ERR(lo) ? PTR_ERR(lo) : (long)lo->index;
}

static long ctl_ioctl(struct file *f, u32 cmd, u64 arg)
{
	struct loop *lo;
	long r = -ENOSYS;	/* what Linux says here */

	if (mutex_lock_killable(&loops_lock))
		return -EINTR;
	switch (cmd) {
	case LOOP_CTL_ADD:
		lo = loop_add((int)arg);
		r = IS_ERR(lo) ? PTR_ERR(lo) : (long)lo->index;
		break;
	case LOOP_CTL_REMOVE:
		r = ctl_remove((int)arg);
		break;
	case LOOP_CTL_GET_FREE:
		r = ctl_get_free();
		break;
	}
	mutex_unlock(&loops_lock);
	return r;
}

static const struct file_ops ctl_fops = { .ioctl = ctl_ioctl, .llseek = noop_llseek };

static int loop_init(void)
{
	struct device *d;
	int err = blkdev_register(LOOP_MAJOR, "loop");

	if (err)
		return err;
	err = chrdev_register(MISC_MAJOR, LOOP_CONTROL_MINOR, 1, &ctl_fops, "misc", NULL);
	if (err)
		return err;
	d = device_create("misc", NULL, mkdev(MISC_MAJOR, LOOP_CONTROL_MINOR), "loop-control", 0600, NULL);
	if (IS_ERR(d))
		return (int)PTR_ERR(d);
	mutex_lock(&loops_lock);
	for (u32 i = 0; i < nr_loops && !err; i++)
		err = PTR_ERR_OR_ZERO(loop_add((int)i));
	mutex_unlock(&loops_lock);
	return err;
}
INITCALL_DRIVER(loop_init);
