/* SPDX-License-Identifier: MPL-2.0 */
/*
 * swapon(2), swapoff(2), /proc/swaps. An area is a block device, claimed for us alone, or a regular file
 * whose place on its device is fixed (S_SWAPFILE keeps it from being written, truncated and unlinked). Its
 * first page is the header that mkswap(8) wrote.
 *
 * swapon_lock orders both calls, table_lock lets /proc/swaps see whole areas; page-out and page-in know nothing of them.
 */
#include <base/bits.h>
#include <base/byteorder.h>
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/printk.h>
#include <core/wait.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <fs/path.h>
#include <fs/seq_file.h>
#include <kernel/cred.h>
#include <kernel/sched.h>
#include <kernel/syscall.h>
#include <kernel/task.h>
#include <mm/mm.h>
#include <uapi/linux/fcntl.h>
#include <uapi/linux/swap.h>
#include "internal.h"
#include "swap.h"

/* The first page of an area. */
struct swap_header {
	u8 boot[1024];			/* left to boot loaders and labels */
	le32_t version;
	le32_t last_page;
	le32_t nr_badpages;
	u8 uuid[16];
	u8 label[16];
	le32_t padding[117];
	le32_t badpages[637];
	u8 pad[2];
	u8 magic[10];
} __packed;
static_assert(sizeof(struct swap_header) == PAGE_SIZE && offsetof(struct swap_header, badpages) == 1536,
	      "one page");

static DEFINE_MUTEX(swapon_lock, SWAPON);
static DEFINE_MUTEX(table_lock, LEAF_MUTEX);	/* inside swapon_lock, or alone to look */
static struct swap_area *areas[MAX_AREAS];	/* [swapon_lock, and table_lock to change] */
static int next_prio = -2;			/* [swapon_lock] of an area that asks for none */

/* --- making one --- */

static void inode_mark_swap(struct inode *i, bool on)
{
	inode_lock(i);
	i->flags = on ? i->flags | S_SWAPFILE : i->flags & ~S_SWAPFILE;
	inode_unlock(i);
}

static void area_free(struct swap_area *a)
{
	if (a->marked)
		inode_mark_swap(a->file->inode, false);
	if (a->bdev)
		bdev_close(a->bdev, BDEV_READ | BDEV_WRITE | BDEV_EXCL, a);
	if (a->file)
		file_put(a->file);
	area_slots_free(a);
	kfree(a->extents);
	kfree(a);
}

static int add_extent(void *arg, struct block_device *b, u64 first, u64 nr, sector_t sector)
{
	struct swap_area *a = arg;
	struct swap_extent *e = a->nr_extents ? &a->extents[a->nr_extents - 1] : NULL;

	if (e && e->bdev == b && e->page + e->nr == first && e->sector + e->nr * (PAGE_SIZE / SECTOR_SIZE) == sector) {
		e->nr += nr;
		return 0;
	}
	if (a->nr_extents == a->max_extents) {
		u32 n = max(2 * a->max_extents, 4u);

		e = krealloc(a->extents, n * sizeof(*e), GFP_KERNEL);
		if (!e)
			return -ENOMEM;
		a->extents = e;
		a->max_extents = n;
	}
	a->extents[a->nr_extents++] = (struct swap_extent){ first, nr, b, sector };
	return 0;
}

/* Where the area lies, and its size in pages. */
static int area_place(struct swap_area *a, u64 *pages)
{
	struct inode *i = a->file->inode;
	u64 expect = 0;

	if (S_ISBLK(i->mode)) {
		struct block_device *b = bdev_open(i->rdev, BDEV_READ | BDEV_WRITE | BDEV_EXCL, a);

		if (IS_ERR(b))
			return (int)PTR_ERR(b);
		a->bdev = b;
		(void)bdev_sync(b);	/* nothing written before may come to the disk later */
		*pages = bdev_bytes(b) >> PAGE_SHIFT;
		return *pages ? add_extent(a, b, 0, *pages, 0) : -EINVAL;
	}
	if (!S_ISREG(i->mode) || !a->file->ops->swap_extents)
		return -EINVAL;
	*pages = (u64)inode_size(i) >> PAGE_SHIFT;
	if (!*pages)
		return -EINVAL;
	/* What is written to the file must be in its place before its place is used. */
	(void)filemap_write_and_wait(&i->data, 0, ~0ul >> 1);
	i = a->file->inode;
	if (file_op_swap_extents(a->file, add_extent, a))
		return -EINVAL;
	for (u32 n = 0; n < a->nr_extents; n++) {
		if (a->extents[n].page != expect)
			return -EINVAL;
		expect += a->extents[n].nr;
	}
	*pages = min(*pages, expect);
	return *pages ? 0 : -EINVAL;
}

static int header_check(const struct swap_header *h, u64 pages, u64 *max)
{
	u64 last = le32(h->last_page);

	if (memcmp(h->magic, "SWAPSPACE2", 10)) {
		pr_err("Unable to find swap-space signature\n");
		return -EINVAL;
	}
	if (le32(h->version) != 1) {
		pr_warn("Unable to handle swap header version %u\n", le32(h->version));
		return -EINVAL;
	}
	if (!last) {
		pr_warn("Empty swap-file\n");
		return -EINVAL;
	}
	if (last + 1 > pages) {
		pr_warn("Swap area shorter than signature indicates\n");
		return -EINVAL;
	}
	if (le32(h->nr_badpages) > ARRAY_SIZE(h->badpages))
		return -EINVAL;
	*max = last + 1;
	return 0;
}

static int area_maps(struct swap_area *a, const struct swap_header *h)
{
	int err = area_slots_init(a);

	for (u32 i = 0; !err && i < le32(h->nr_badpages); i++) {
		u64 bad = le32(h->badpages[i]);

		if (bad && bad < a->max)
			area_slots_bad(a, bad);
		else
			err = -EINVAL;
	}
	if (err)
		return err;
	area_slots_ready(a);
	if (a->nr_good)
		return 0;
	pr_warn("Empty swap-file\n");
	return -EINVAL;
}

static int area_read_header(struct swap_area *a, u64 pages)
{
	struct folio *f = filemap_read_folio(a->file, a->file->mapping, 0);
	const struct swap_header *h;
	int err;

	if (IS_ERR(f))
		return (int)PTR_ERR(f);
	h = kmap_local(f, 0);
	err = header_check(h, pages, &a->max);
	if (!err)
		err = area_maps(a, h);
	kunmap_local(h);
	folio_put(f);
	return err;
}

/* Discarding, as far as asked for and possible. */
static void area_setup_discard(struct swap_area *a, int flags)
{
	if (!(flags & SWAP_FLAG_DISCARD) || !a->bdev || !bdev_max_discard(a->bdev))
		return;
	a->flags = SWAP_FLAG_DISCARD_ONCE | SWAP_FLAG_DISCARD_PAGES;
	if (flags & SWAP_FLAG_DISCARD_ONCE)
		a->flags &= ~SWAP_FLAG_DISCARD_PAGES;
	else if (flags & SWAP_FLAG_DISCARD_PAGES)
		a->flags &= ~SWAP_FLAG_DISCARD_ONCE;
	if (a->flags & SWAP_FLAG_DISCARD_ONCE)
		(void)bdev_discard(a->bdev, PAGE_SIZE / SECTOR_SIZE, (a->max - 1) * (PAGE_SIZE / SECTOR_SIZE));
	a->want_discard = a->flags & SWAP_FLAG_DISCARD_PAGES;
}

static void table_set(u32 nr, struct swap_area *a)
{
	mutex_lock(&table_lock);
	areas[nr] = a;
	mutex_unlock(&table_lock);
}

static bool in_use(const struct inode *i)
{
	for (u32 n = 0; n < MAX_AREAS; n++) {
		const struct inode *o = areas[n] ? areas[n]->file->inode : NULL;

		if (o && (o == i || (S_ISBLK(i->mode) && S_ISBLK(o->mode) && o->rdev.v == i->rdev.v)))
			return true;
	}
	return false;
}

static int area_make(struct swap_area *a, struct file *f, int flags)
{
	struct inode *i = f->inode;
	u64 pages = 0;
	int err;

	area_discard_init(a);
	a->file = f;
	if (!S_ISBLK(i->mode) && !S_ISREG(i->mode))
		return -EINVAL;
	if (in_use(i) || i->flags & S_SWAPFILE)
		return -EBUSY;
	/* From here on nobody writes to the file or cuts it. */
	inode_mark_swap(i, true);
	a->marked = true;
	err = area_place(a, &pages);
	if (!err)
		err = area_read_header(a, pages);
	if (!err)
		area_setup_discard(a, flags);
	return err;
}

static int swapon_locked(struct file *f, int flags)
{
	struct swap_area *a;
	u32 nr = 0;
	int err;

	while (nr < MAX_AREAS && areas[nr])
		nr++;
	a = nr < MAX_AREAS ? kzalloc(sizeof(*a), GFP_KERNEL) : NULL;
	if (!a) {
		file_put(f);
		return nr < MAX_AREAS ? -ENOMEM : -EPERM;
	}
	a->nr = nr;
	err = area_make(a, f, flags);
	if (err) {
		area_free(a);
		return err;
	}
	a->prio = flags & SWAP_FLAG_PREFER ? flags & SWAP_FLAG_PRIO_MASK : next_prio--;
	table_set(nr, a);
	swap_area_start(a);
	pr_info("Adding %luk swap.  Priority:%d extents:%u across:%luk%s%s\n", (unsigned long)a->nr_good << 2, a->prio,
		a->nr_extents, (unsigned long)a->max << 2, a->flags & SWAP_FLAG_DISCARD_ONCE ? " discard" : "",
		a->flags & SWAP_FLAG_DISCARD_PAGES ? " discard-pages" : "");
	return 0;
}

static struct file *open_area(uin_str path)
{
	struct filename *n = filename_get(path, 0);
	struct file *f;

	if (IS_ERR(n))
		return ERR_CAST(n);
	f = file_open_at(AT_FDCWD, n, O_RDWR | O_LARGEFILE, 0, 0);
	filename_put(n);
	return f;
}

long sys_swapon(uin_str path, int flags)
{
	struct file *f;
	int err;

	if (flags & ~SWAP_FLAGS_VALID)
		return -EINVAL;
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	f = open_area(path);
	if (IS_ERR(f))
		return PTR_ERR(f);
	mutex_lock(&swapon_lock);
	err = swapon_locked(f, flags);
	mutex_unlock(&swapon_lock);
	return err;
}

/* --- switching off --- */

static u64 area_used(const struct swap_area *a)
{
	return a->nr_good - (u64)atomic64_read(&a->nr_free);
}

/* Pages that are in memory need no slot any more. 0 when the area is empty, else 1. */
static int drain_cache(struct swap_area *a)
{
	for (u64 slot = 1; slot < a->max; slot++) {
		struct folio *f;

		if (!slot_pfn(slot_word(a, slot)))
			continue;
		f = swap_cache_get(area_entry(a, slot));
		if (!f)
			continue;
		folio_lock(f);
		if (folio_test(f, FOLIO_SWAPCACHE) && folio_swap_entry(f) == area_entry(a, slot)) {
			folio_wait_bit(f, FOLIO_WRITEBACK);
			if (!swap_entry_count(area_entry(a, slot)))
				swap_cache_del(f);
		}
		folio_unlock(f);
		folio_put(f);
	}
	return area_used(a) != 0;
}

/* Bring everything back. 0, -EINTR, -ENOMEM. */
static int area_empty(struct swap_area *a)
{
	for (;;) {
		int err;

		if (signal_pending_state(TASK_INTERRUPTIBLE))
			return -EINTR;
		err = mms_unswap(a->nr);
		if (!err)
			err = shmem_unswap(a->nr);
		if (err)
			return err;
		if (!drain_cache(a))
			return 0;
		/* Address spaces that come or go, pages on their way: they need a moment. */
		set_current_state(TASK_INTERRUPTIBLE);
		schedule_until(clock_monotonic_ns() + NSEC_PER_MSEC);
	}
}

/*
 * May it be tried? Not when what was promised to programs counts on the area (overcommit_memory 2), nor when its pages
 * could not even lie in a memory that held nothing else. All else shows as they come: what is in the way moves to
 * the other areas, and when nothing moves any more swapoff ends with ENOMEM, all pages where they are.
 */
static bool area_fits(const struct swap_area *a)
{
	u64 others = swap_free_pages(), own = (u64)atomic64_read(&a->nr_free);
	/* Pages of the swap cache are in memory already; slots that only it holds are free when drain_cache() comes by. */
	u64 room = mem_total_pages() + (u64)max(vm_counter_read(VM_SWAPCACHE), 0l) + (others > own ? others - own : 0);

	if (area_used(a) > room || mem_commit(current->mm, (s64)a->nr_good))
		return false;
	mem_uncommit(current->mm, (s64)a->nr_good);
	return true;
}

/* The area that the file is, referenced by being `leaving`. ERR_PTR. */
static struct swap_area *area_claim(const struct inode *i)
{
	for (u32 n = 0; n < MAX_AREAS; n++) {
		struct swap_area *a = areas[n];
		const struct inode *o = a ? a->file->inode : NULL;

		if (!a || a->leaving)
			continue;
		if (o != i && !(S_ISBLK(i->mode) && S_ISBLK(o->mode) && o->rdev.v == i->rdev.v))
			continue;
		if (!area_fits(a))
			return ERR_PTR(-ENOMEM);
		a->leaving = true;
		return a;
	}
	return ERR_PTR(-EINVAL);
}

/* Areas without a wish stand one below the other: those below one that went move up. swapon_lock held. */
static void close_gap(int prio)
{
	if (prio >= 0)
		return;
	for (u32 n = 0; n < MAX_AREAS; n++)
		if (areas[n] && areas[n]->prio < prio)
			swap_area_raise(areas[n]);
	next_prio++;
}

/* swapon_lock is not held while pages come back: that takes its time. */
static int swapoff_file(const struct file *f)
{
	struct swap_area *a;
	int err;

	mutex_lock(&swapon_lock);
	a = area_claim(f->inode);
	mutex_unlock(&swapon_lock);
	if (IS_ERR(a))
		return (int)PTR_ERR(a);
	swap_area_writable(a, false);
	current->flags |= PF_OOM_ORIGIN;	/* if memory does not suffice, it is this task's doing */
	err = area_empty(a);
	current->flags &= ~PF_OOM_ORIGIN;
	mutex_lock(&swapon_lock);
	if (err) {
		swap_area_writable(a, true);
		a->leaving = false;
	} else {
		swap_area_stop(a);
		table_set(a->nr, NULL);
		close_gap(a->prio);
	}
	mutex_unlock(&swapon_lock);
	if (!err) {
		work_flush(&a->discard_work);
		area_free(a);
	}
	return err;
}

long sys_swapoff(uin_str path)
{
	struct file *f;
	int err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	f = open_area(path);
	if (IS_ERR(f))
		return PTR_ERR(f);
	err = swapoff_file(f);
	file_put(f);
	return err;
}

/* --- /proc/swaps --- */

void swaps_show(struct seq_file *s)
{
	seq_puts(s, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	mutex_lock(&table_lock);
	for (u32 n = 0; n < MAX_AREAS; n++) {
		const struct swap_area *a = areas[n];
		size_t start = s->count, len;
		u64 size, used;

		if (!a)
			continue;
		seq_path(s, &a->file->path, NULL);
		len = s->count - start;
		size = a->nr_good << 2;
		used = area_used(a) << 2;
		seq_printf(s, "%*s%s\t%llu\t%s%llu\t%s%d\n", len < 40 ? (int)(40 - len) : 1, " ",
			   a->bdev ? "partition" : "file\t", (unsigned long long)size, size < 10000000 ? "\t" : "",
			   (unsigned long long)used, used < 10000000 ? "\t" : "", a->prio);
	}
	mutex_unlock(&table_lock);
}
