/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Dirty inodes and the threads that write them. An inode with dirty pages (I_DIRTY_PAGES) or dirty
 * attributes (I_DIRTY) stands on its instance's list, in the order in which it became dirty; the page
 * cache of a device itself on a list of that disk. The list's flusher thread sleeps while the list is
 * empty; else it wakes every dirty_writeback_centisecs for inodes that are dirty longer than
 * dirty_expire_centisecs, and whenever too much memory is dirty or somebody asks, for all of them in turn,
 * a chunk each.
 *
 * One writer of an inode at a time: I_SYNC, waited for by those who need the data to be safe. Pages go
 * first, then the inode. The list holds no reference; an inode is grabbed for the time it is written,
 * even one that stands unused in the cache.
 *
 * Locks: inode->state_lock, then wb->lock (class INODE_LIST). The thread writes under sb->umount, taken
 * only if that needs no wait: unmounting writes everything by itself.
 */
#include "internal.h"
#include <base/math.h>
#include <base/printf.h>
#include <core/clock.h>
#include <core/printk.h>
#include <core/rcu.h>
#include <core/slab.h>
#include <core/work.h>
#include <fs/block.h>
#include <kernel/sched.h>
#include <mm/writeback.h>

#define CHUNK_PAGES	1024		/* of one inode before the next has its turn */

struct wb {
	struct list_head link;		/* [wbs_lock] */
	struct super_block *sb;		/* [I] */
	const struct bdi *bdi;		/* [I] the disk; NULL: none */
	spinlock_t lock;		/* class INODE_LIST */
	struct list_head dirty;		/* [lock] inode.wb_link, oldest first */
	struct list_head io;		/* [lock] those of the round under way */
	u32 asked;			/* [a] write all that is there now */
	u32 look;			/* [a] the interval changed */
	struct wait_queue wait;		/* the thread */
	struct task_core *thread;	/* [I] */
};

static DEFINE_SPINLOCK(wbs_lock, OBJECT);
static LIST_HEAD(wbs);			/* [wbs_lock] all of them */

/* Who writes it: its instance's, or, where that has none, its device's. */
static inline struct wb *wb_of(const struct inode *i)
{
	return i->sb->wb ? i->sb->wb : i->data.bdi ? READ_ONCE(i->data.bdi->wb) : NULL;
}

/* Everybody who waits for an inode's I_SYNC to go. */
static DEFINE_WAIT_QUEUE(sync_wait);

/* --- lists --- */

static inline bool on_list(const struct inode *i)
{
	return !list_empty(&i->wb_link);
}

/* state_lock held. `again`: behind all others, as if it became dirty now. */
static void list_in(struct wb *wb, struct inode *i, bool again)
{
	bool first;

	spin_lock(&wb->lock);
	if (on_list(i) && !again) {
		spin_unlock(&wb->lock);
		return;
	}
	first = list_empty(&wb->dirty) && list_empty(&wb->io);
	if (!on_list(i) || again)
		i->dirtied_when = clock_monotonic_ns();
	if (on_list(i))
		list_move_tail(&i->wb_link, &wb->dirty);
	else
		list_add_tail(&i->wb_link, &wb->dirty);
	spin_unlock(&wb->lock);
	if (first)
		wake_up(&wb->wait);
}

static void list_out(struct wb *wb, struct inode *i)
{
	spin_lock(&wb->lock);
	if (on_list(i))
		list_del_init(&i->wb_link);
	spin_unlock(&wb->lock);
}

static void mark(struct inode *i, u32 bits)
{
	struct wb *wb = wb_of(i);

	if ((READ_ONCE(i->state) & bits) == bits)
		return;
	spin_lock(&i->state_lock);
	i->state |= bits;
	/* One that is being written is put back by its writer; one that goes, by nobody. */
	if (wb && !(i->state & (I_SYNC | I_FREEING)))
		list_in(wb, i, false);
	spin_unlock(&i->state_lock);
}

void inode_mark_pages_dirty(struct inode *inode)
{
	mark(inode, I_DIRTY_PAGES);
}

/* Nothing to do where the instance has no place to write an inode to. */
void inode_mark_dirty(struct inode *inode)
{
	if (SOP(inode->sb, dirty_inode))
		inode->sb->ops->dirty_inode(inode, I_DIRTY);
	if (SOP(inode->sb, write_inode))
		mark(inode, I_DIRTY);
}

void wb_forget(struct inode *i)
{
	struct wb *wb = wb_of(i);

	if (wb)
		list_out(wb, i);
}

/* --- one inode --- */

/* Become its only writer; false: somebody is, and we do not wait. */
static bool sync_begin(struct inode *i, bool wait)
{
	spin_lock(&i->state_lock);
	while (i->state & I_SYNC) {
		spin_unlock(&i->state_lock);
		if (!wait)
			return false;
		wait_event(&sync_wait, !(READ_ONCE(i->state) & I_SYNC));
		spin_lock(&i->state_lock);
	}
	i->state |= I_SYNC;
	return true;		/* state_lock held */
}

/* Back on the list if something is left, off it if not. */
static void sync_end(struct inode *i)
{
	struct wb *wb = wb_of(i);

	spin_lock(&i->state_lock);
	i->state &= ~I_SYNC;
	if (mapping_is_dirty(&i->data))
		i->state |= I_DIRTY_PAGES;
	if (wb && !(i->state & I_FREEING)) {
		if (i->state & I_DIRTY_ANY)
			list_in(wb, i, true);
		else
			list_out(wb, i);
	}
	spin_unlock(&i->state_lock);
	wake_up_all(&sync_wait);
}

static int write_single(struct inode *i, struct writeback_control *wbc)
{
	bool wait = wbc->mode == WB_ALL;
	int err = 0, e;
	u32 dirty;

	if (!sync_begin(i, wait))
		return 0;
	i->state &= ~I_DIRTY_PAGES;
	spin_unlock(&i->state_lock);
	if (i->data.nr_pages) {
		err = mapping_writepages(&i->data, wbc);
		if (wait)
			filemap_wait_range(&i->data, 0, LOFF_MAX);
	}
	/* Attributes last: allocation changed them. Those made dirty from here on are for the next time. */
	spin_lock(&i->state_lock);
	dirty = i->state & I_DIRTY;
	i->state &= ~I_DIRTY;
	spin_unlock(&i->state_lock);
	if (dirty && SOP(i->sb, write_inode)) {
		e = i->sb->ops->write_inode(i, wait);
		err = err ? err : e;
	}
	sync_end(i);
	return err;
}

int inode_write_now(struct inode *inode, bool wait)
{
	struct writeback_control wbc = { 0, LOFF_MAX, wait ? WB_ALL : WB_NONE, (s64)(~0ul >> 1) };

	return write_single(inode, &wbc);
}

/* --- the flusher --- */

/* Begin a round: inodes that are dirty since before `limit`. */
static void round_begin(struct wb *wb, u64 limit)
{
	struct inode *i, *n;

	spin_lock(&wb->lock);
	list_for_each_entry_safe(i, n, &wb->dirty, wb_link) {
		if (i->dirtied_when > limit)
			break;
		list_move_tail(&i->wb_link, &wb->io);
	}
	spin_unlock(&wb->lock);
}

/* What is left of it is the oldest there is. */
static void round_end(struct wb *wb)
{
	spin_lock(&wb->lock);
	list_splice_init(&wb->io, &wb->dirty);
	spin_unlock(&wb->lock);
}

/* The next of the round, grabbed; it goes behind the dirty ones as if it were one since now. NULL: none. */
static struct inode *round_next(struct wb *wb, u64 *since)
{
	struct inode *i;

	for (;;) {
		bool mine;

		rcu_read_lock();
		spin_lock(&wb->lock);
		i = list_first_entry_or_null(&wb->io, struct inode, wb_link);
		if (i) {
			*since = i->dirtied_when;
			i->dirtied_when = clock_monotonic_ns();
			list_move_tail(&i->wb_link, &wb->dirty);
		}
		spin_unlock(&wb->lock);
		mine = i && inode_grab(i);
		rcu_read_unlock();
		/* One that goes takes itself off the list. */
		if (!i || mine)
			return mine ? i : NULL;
	}
}

/* More of it than a chunk: another turn in this round. */
static void round_again(struct wb *wb, struct inode *i, u64 since)
{
	spin_lock(&wb->lock);
	if (on_list(i)) {
		i->dirtied_when = since;
		list_move_tail(&i->wb_link, &wb->io);
	}
	spin_unlock(&wb->lock);
}

/* Inodes dirty since before `limit`; `background`: until little enough is dirty. */
static void write_some(struct wb *wb, u64 limit, bool background)
{
	struct blk_plug plug;
	struct inode *i;
	u64 since = 0;

	/* Small files that lie side by side go out together. */
	blk_plug_start(&plug);
	round_begin(wb, limit);
	while ((!background || dirty_over_background(wb->bdi)) && !kthread_should_stop() && (i = round_next(wb, &since))) {
		struct writeback_control wbc = { 0, LOFF_MAX, WB_NONE, CHUNK_PAGES };

		(void)write_single(i, &wbc);
		if (wbc.nr_to_write <= 0)
			round_again(wb, i, since);
		inode_put(i);
		cond_resched();
	}
	round_end(wb);
	blk_plug_finish(&plug);
}

bool wb_start_all(struct super_block *sb)
{
	if (!sb->wb)
		return false;
	write_some(sb->wb, clock_monotonic_ns(), false);
	return true;
}

static void flush_round(struct wb *wb)
{
	struct super_block *sb = wb->sb;
	u64 now = clock_monotonic_ns(), expire = dirty_expire_ns();
	bool all = READ_ONCE(wb->asked);

	if (!down_read_trylock(&sb->umount))
		return;
	if (sb->flags & SB_ACTIVE && !(sb->flags & SB_RDONLY)) {
		WRITE_ONCE(wb->asked, 0);
		if (dirty_over_background(wb->bdi))
			write_some(wb, now, true);
		else if (all)
			write_some(wb, now, false);
		if (now > expire)
			write_some(wb, now - expire, false);
	}
	up_read(&sb->umount);
}

static int flusher(void *arg)
{
	struct wb *wb = arg;
	u64 next = 0;

	while (!kthread_should_stop()) {
		u64 interval = dirty_interval_ns(), now = clock_monotonic_ns();

		if (list_empty(&wb->dirty)) {
			WRITE_ONCE(wb->asked, 0);
			(void)wait_event_interruptible(&wb->wait, kthread_should_stop() || !list_empty(&wb->dirty));
			next = clock_monotonic_ns() + interval;
			continue;
		}
		if (!next)
			next = now + interval;
		if (!READ_ONCE(wb->asked) && (!interval || now < next)) {
			(void)wait_event_interruptible_until(&wb->wait, kthread_should_stop() || READ_ONCE(wb->asked) ||
							     READ_ONCE(wb->look), interval ? next : WAIT_FOREVER);
			if (READ_ONCE(wb->look)) {
				WRITE_ONCE(wb->look, 0);
				next = clock_monotonic_ns() + dirty_interval_ns();
				continue;
			}
		}
		if (kthread_should_stop())
			break;
		now = clock_monotonic_ns();
		if (!READ_ONCE(wb->asked) && (!interval || now < next))
			continue;
		flush_round(wb);
		next = clock_monotonic_ns() + interval;
		/* Asked again and again with nothing left that could be started: what is under way must end first. */
		if (READ_ONCE(wb->asked)) {
			set_current_state(TASK_INTERRUPTIBLE);
			schedule_until(clock_monotonic_ns() + NSEC_PER_MSEC);
		}
	}
	return 0;
}

static void ask(struct wb *wb)
{
	if (!wb || READ_ONCE(wb->asked) || list_empty(&wb->dirty))
		return;
	WRITE_ONCE(wb->asked, 1);
	wake_up(&wb->wait);
}

void wb_wake(const struct inode *inode)
{
	ask(wb_of(inode));
}

void wb_wake_all(void)
{
	struct wb *wb;

	spin_lock(&wbs_lock);
	list_for_each_entry(wb, &wbs, link)
		ask(wb);
	spin_unlock(&wbs_lock);
}

/* Look at the interval anew. */
void wb_interval_changed(void)
{
	struct wb *wb;

	spin_lock(&wbs_lock);
	list_for_each_entry(wb, &wbs, link) {
		WRITE_ONCE(wb->look, 1);
		wake_up(&wb->wait);
	}
	spin_unlock(&wbs_lock);
}

/* --- flushers come and go --- */

static struct wb *wb_make(struct super_block *sb, const struct bdi *bdi, const char *name)
{
	struct wb *wb = kzalloc(sizeof(*wb), GFP_KERNEL);

	if (!wb)
		goto none;
	wb->sb = sb;
	wb->bdi = bdi;
	spin_lock_init(&wb->lock, INODE_LIST);
	list_init(&wb->dirty);
	list_init(&wb->io);
	wait_queue_init(&wb->wait);
	wb->thread = kthread_run(flusher, wb, -1, name);
	if (IS_ERR(wb->thread)) {
		kfree(wb);
		goto none;
	}
	spin_lock(&wbs_lock);
	list_add_tail(&wb->link, &wbs);
	spin_unlock(&wbs_lock);
	return wb;
none:
	pr_warn("%s: no thread: written back by sync only\n", name);
	return NULL;
}

static void wb_end(struct wb *wb)
{
	spin_lock(&wbs_lock);
	list_del(&wb->link);
	spin_unlock(&wbs_lock);
	(void)kthread_stop(wb->thread);
}

/* Memory file systems have nothing to write, devices a thread each: no thread. */
void wb_start(struct super_block *sb)
{
	char name[32];

	if (!SOP(sb, write_inode) || sb->wb)
		return;
	snprintf(name, sizeof(name), "flush-%u:%u", dev_major(sb->dev), dev_minor(sb->dev));
	sb->wb = wb_make(sb, sb->bdi, name);
}

void wb_stop(struct super_block *sb)
{
	if (sb->wb)
		wb_end(sb->wb);
}

void wb_free(struct super_block *sb)
{
	WARN_ONCE(sb->wb && !list_empty(&sb->wb->dirty));
	kfree(sb->wb);
}

void bdi_wb_start(struct bdi *b, struct super_block *sb, const char *name)
{
	struct wb *wb;

	if (READ_ONCE(b->wb))
		return;
	wb = wb_make(sb, b, name);
	if (wb)
		smp_store_release(&b->wb, wb);
}

void bdi_wb_stop(struct bdi *b)
{
	struct wb *wb = b->wb;

	if (!wb)
		return;
	wb_end(wb);
	WARN_ONCE(!list_empty(&wb->dirty));
	kfree(wb);
}
