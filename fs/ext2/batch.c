/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The order on the disk (docs/ext2.md has the reasons). Changes of metadata collect in memory; the commit
 * brings all of them out in phases with a flush of the device between, so that after a cut no pointer
 * leads to what was not written, no name to an inode that is not there, and no link count is too low:
 *
 *   0  what nothing on the disk points to: data (written before), fresh blocks, stubs of new inodes; link
 *      counts that rose; the end of inodes without a name; inodes that only have new times, rights or owners;
 *      bitmaps, whose set bits include all in use
 *   1  directory blocks, with old names still in them where a newer one must come first; inodes
 *   2  new inodes as they are; those in new directories after their directories; then the end of files that
 *      a rename replaced, which took its old name, and of directories that files left
 *   3  old names out
 *   4  link counts that fell
 *
 * Only then may blocks and inodes that were freed be used again. A phase with nothing to write costs no
 * flush. One commit serves all who wait for it.
 *
 * Locks: sb->commit, then sb->batch exclusively: nobody changes metadata while it is written.
 */
#include <base/math.h>
#include <base/sort.h>
#include <core/clock.h>
#include "ext2.h"

#define COMMIT_NS	(5ull * 1000000000)
#define HELD_MAX	4096u

/* After 0, 1 and, from 20 on, those of new inodes. */
#define PHASE_LATE	2500
#define PHASE_BURIALS	3000
#define PHASE_GONE	4000

struct commit {
	struct ext2_sb *s;
	struct list_head dirty, deleted;
	u32 n;				/* of s->array */
	int phase;			/* of the writes since the last flush */
	bool ordered, any;		/* writes since the last flush: that others wait for; at all */
	int err;			/* it cannot go on */
	bool stop;			/* nor can any later one */
	int bad;			/* blocks could not be written that nothing else needs */
	struct list_head again;		/* held ones that were not written, when it cannot go on */
	u32 *new_dirs, nr_new_dirs;	/* numbers of directories that are not on the disk yet, sorted */
};

/* --- operations --- */

int ext2_begin(struct ext2_sb *s)
{
	ext2_begin_always(s);
	if (likely(!READ_ONCE(s->aborted)))
		return 0;
	up_read(&s->batch);
	super_end(s->vfs, SB_FREEZE_FS);
	return -EROFS;
}

void ext2_begin_always(struct ext2_sb *s)
{
	super_start(s->vfs, SB_FREEZE_FS);
	down_read(&s->batch);
}

void ext2_end(struct ext2_sb *s)
{
	bool many = READ_ONCE(s->nr_held) > HELD_MAX;

	up_read(&s->batch);
	super_end(s->vfs, SB_FREEZE_FS);
	if (unlikely(many))
		(void)ext2_commit(s);
}

static void arm(struct ext2_sb *s)
{
	(void)delayed_work_queue(system_wq, &s->timer, COMMIT_NS);
}

static struct list_head *list_of(struct ext2_sb *s, u32 kind)
{
	return kind == BH_FRESH ? &s->fresh : kind == BH_INPLACE ? &s->inplace : &s->maps;
}

void ext2_hold(struct ext2_sb *s, struct buffer *bh, u32 kind)
{
	bool first = false;

	if (READ_ONCE(bh->state) & (BH_FRESH | kind))
		return;
	buffer_hold(bh);
	spin_lock(&s->lock);
	if (!(bh->state & (BH_FRESH | BH_INPLACE | BH_MAP))) {
		bh->state |= kind;
		list_add_tail(&bh->link, list_of(s, kind));
		first = s->nr_held++ == 0;
		spin_unlock(&s->lock);
		if (first)
			arm(s);
		return;
	}
	spin_unlock(&s->lock);
	buffer_put(bh);
}

void ext2_unhold(struct ext2_sb *s, struct buffer *bh)
{
	bool was;

	spin_lock(&s->lock);
	was = bh->state & (BH_FRESH | BH_INPLACE | BH_MAP);
	if (was) {
		bh->state &= ~(BH_FRESH | BH_INPLACE | BH_MAP);
		list_del_init(&bh->link);
		s->nr_held--;
	}
	spin_unlock(&s->lock);
	if (was)
		buffer_put(bh);
}

void ext2_dirty(struct inode *inode)
{
	struct ext2_inode_info *ei = EXT2_I(inode);
	struct ext2_sb *s = EXT2_SB(inode->sb);
	bool first = false;

	/* Nobody will find it again: its end is written by whoever puts it last. */
	if (test_bit(EI_ORPHAN, &ei->state) || READ_ONCE(s->aborted))
		return;
	smp_mb();			/* the change before the look at the bit: pairs with close_batch() */
	if (!test_bit(EI_DIRTY, &ei->state)) {
		spin_lock(&s->lock);
		if (!test_and_set_bit(EI_DIRTY, &ei->state) && !test_bit(EI_COMMITTING, &ei->state)) {
			inode_get(inode);
			first = list_empty(&s->dirty);
			list_add_tail(&ei->dirty_link, &s->dirty);
		}
		spin_unlock(&s->lock);
		if (first)
			arm(s);
	}
	/* After it is on the list: a commit that begins now counts the next batch already. */
	smp_mb();
	WRITE_ONCE(ei->sync_id, READ_ONCE(s->batch_id));
}

void ext2_dirty_data(struct inode *inode)
{
	ext2_dirty(inode);
	WRITE_ONCE(EXT2_I(inode)->datasync_id, EXT2_I(inode)->sync_id);
}

void ext2_dirty_inode_op(struct inode *inode, u32 flags)
{
	if (flags & I_DIRTY)
		ext2_dirty(inode);
}

/* Within a batch; the caller has a reference. */
void ext2_link_gone(struct inode *inode)
{
	struct ext2_inode_info *ei = EXT2_I(inode);
	struct ext2_sb *s = EXT2_SB(inode->sb);
	bool was = false;

	spin_lock(&s->lock);
	if (!test_bit(EI_ORPHAN, &ei->state)) {
		set_bit(EI_ORPHAN, &ei->state);
		list_add_tail(&ei->orphan_link, &s->orphans);
	}
	if (test_and_clear_bit(EI_DIRTY, &ei->state) && !test_bit(EI_COMMITTING, &ei->state)) {
		list_del_init(&ei->dirty_link);
		was = true;
	}
	spin_unlock(&s->lock);
	WRITE_ONCE(ei->sync_id, s->batch_id);
	arm(s);
	if (was)
		inode_put(inode);
}

bool ext2_needs_commit(struct ext2_sb *s)
{
	return !list_empty(&s->fresh) || !list_empty(&s->inplace) || !list_empty(&s->maps) || !list_empty(&s->dirty) ||
	       !list_empty(&s->deleted) || !list_empty(&s->tombs) || ext2_has_pending(s);
}

/* sb->commit held: who comes next finds the flush done, not begun. */
int ext2_flush(struct ext2_sb *s)
{
	int err;

	WRITE_ONCE(s->data_done, false);
	smp_mb();
	err = bdev_flush(s->bdev);
	if (err)
		WRITE_ONCE(s->data_done, true);
	return err;
}

/* --- the commit's writes --- */

static void fail(struct commit *c, int err)
{
	if (err && !c->err)
		c->err = err;
}

static void flush(struct commit *c)
{
	if (c->err)
		return;
	fail(c, ext2_flush(c->s));
	c->ordered = c->any = false;
}

/* The place of one inode cannot be read: others go on without it. */
static void spoilt(struct commit *c, int err)
{
	if (err == -ENOMEM)
		fail(c, err);
	else if (!c->bad)
		c->bad = err;
}

/*
 * Some of what was collected could not be written: which? Others do not suffer for it. But where a fresh block is
 * missing, what comes next would point to old bytes, and it would be so in each further commit: what the disk has is
 * whole, and stays as it is.
 */
static void write_singly(struct commit *c)
{
	struct ext2_sb *s = c->s;

	for (u32 i = 0; i < c->n; i++) {
		struct buffer *bh = s->array[i];
		int err = buffer_write_sync(bh);

		if (!err)
			continue;
		pr_err("EXT2-fs (%s): I/O error while writing metadata block %llu\n", s->vfs->id,
		       (unsigned long long)buffer_block(bh));
		c->stop |= err != -ENOMEM && bh->state >> BH_WAS_SHIFT == BH_FRESH;
		if (bh->state >> BH_WAS_SHIFT == BH_FRESH)
			fail(c, err);
		else if (!c->bad)
			c->bad = err;
	}
}

/* Out with what was collected. */
static void write_array(struct commit *c)
{
	struct ext2_sb *s = c->s;

	if (!c->n)
		return;
	if (!c->err && buffers_write(s->array, c->n))
		write_singly(c);
	for (u32 i = 0; i < c->n; i++) {
		struct buffer *bh = s->array[i];

		bh->state &= ~BH_COLLECTED;
		if (unlikely(c->err && bh->state >> BH_WAS_SHIFT)) {
			list_add_tail(&bh->link, &c->again);
		} else {
			bh->state &= (1u << BH_WAS_SHIFT) - 1;
			buffer_put(bh);
		}
	}
	c->n = 0;
}

static void enter_phase(struct commit *c, int phase)
{
	if (c->phase == phase)
		return;
	write_array(c);
	if (c->ordered)
		flush(c);
	c->phase = phase;
}

/* Consumes the reference. */
static void collect(struct commit *c, struct buffer *bh, bool ordered)
{
	c->any = true;
	c->ordered |= ordered;
	if (bh->state & BH_COLLECTED) {
		buffer_put(bh);
		return;
	}
	bh->state |= BH_COLLECTED;
	c->s->array[c->n++] = bh;
	if (c->n == WRITE_MAX)
		write_array(c);
}

static void write_held(struct commit *c, struct list_head *list, int phase, bool ordered)
{
	struct ext2_sb *s = c->s;

	for (;;) {
		struct buffer *bh;

		spin_lock(&s->lock);
		bh = list_first_entry_or_null(list, struct buffer, link);
		if (bh) {
			bh->state |= (bh->state & (BH_FRESH | BH_INPLACE | BH_MAP)) << BH_WAS_SHIFT;
			bh->state &= ~(BH_FRESH | BH_INPLACE | BH_MAP);
			list_del_init(&bh->link);
			s->nr_held--;
		}
		spin_unlock(&s->lock);
		if (!bh)
			break;
		enter_phase(c, phase);
		collect(c, bh, ordered);
	}
}

/* The disk's image of an inode becomes this one; nothing is written if it is the same. */
static void put_image(struct commit *c, struct ext2_inode_info *ei, int phase, enum ext2_image what, u32 links)
{
	struct ext2_sb *s = c->s;
	struct ext2_inode *raw, *image;
	struct buffer *bh;

	if (c->err)
		return;
	bh = ext2_itable_read(s, (u32)ei->vfs.ino, &raw);
	if (IS_ERR(bh)) {
		spoilt(c, (int)PTR_ERR(bh));
		return;
	}
	/* The commit alone uses the end of the array's page. A phase with nothing new in it costs no flush. */
	image = (struct ext2_inode *)(s->array + WRITE_MAX);
	memcpy(image, raw, s->l.inode_size);
	ext2_fill_image(ei, image, what, links);
	if (memcmp(image, raw, s->l.inode_size)) {
		enter_phase(c, phase);
		memcpy(raw, image, s->l.inode_size);
		collect(c, bh, what != IMAGE_TIMES);
	} else {
		buffer_put(bh);
	}
	ei->disk_links = links;
}

/* Only the link count of what the disk has. */
static void put_links(struct commit *c, struct ext2_inode_info *ei, int phase, u32 links)
{
	struct ext2_inode *raw;
	struct buffer *bh;

	if (c->err)
		return;
	bh = ext2_itable_read(c->s, (u32)ei->vfs.ino, &raw);
	if (IS_ERR(bh)) {
		spoilt(c, (int)PTR_ERR(bh));
		return;
	}
	enter_phase(c, phase);
	raw->links = to_le16((u16)links);
	raw->dtime = to_le32(0);
	ei->disk_links = links;
	collect(c, bh, true);
}

static inline bool is_new(const struct ext2_inode_info *ei)
{
	return ei->state & (BIT(EI_NEW) | BIT(EI_STUB));
}

/* As many names as it has on the disk when the commit is through. */
static inline u32 links_after(const struct ext2_inode_info *ei)
{
	return min(ei->vfs.nlink + ei->tombs + ei->guests, 0xffffu);
}

/* As many as it may have while the commit is under way: all from before and all that came. */
static inline u32 links_wanted(const struct ext2_inode_info *ei)
{
	return min(links_after(ei) + ei->lost, 0xffffu);
}

/* --- phases --- */

static void put_deleted(struct commit *c, const struct ext2_deleted *d)
{
	struct ext2_inode *raw;
	struct buffer *bh;

	if (c->err)
		return;
	bh = ext2_itable_read(c->s, d->ino, &raw);
	if (IS_ERR(bh)) {
		spoilt(c, (int)PTR_ERR(bh));
		return;
	}
	enter_phase(c, d->phase);
	raw->links = to_le16(0);
	raw->dtime = to_le32(d->dtime);
	raw->size = to_le32(0);
	raw->size_high = to_le32(0);
	raw->blocks = to_le32(0);
	raw->file_acl = to_le32(0);
	memset(raw->block, 0, sizeof(raw->block));
	collect(c, bh, true);
}

int ext2_phase_of_end(const struct ext2_inode_info *ei)
{
	return ei->state & (BIT(EI_REPLACED) | BIT(EI_LATE_DIR)) ? PHASE_LATE : 0;
}

/* Inodes whose last name is gone: their end is on the disk before the name's block. */
static void put_ends(struct commit *c, int phase)
{
	struct ext2_sb *s = c->s;
	struct ext2_inode_info *ei;
	struct ext2_deleted *d;

	/* No one leaves this list while the batch is held: eviction is an operation. */
	list_for_each_entry(ei, &s->orphans, orphan_link) {
		if (test_bit(EI_NEW, &ei->state) || test_bit(EI_ORPHANED, &ei->state) || ext2_phase_of_end(ei) != phase)
			continue;
		put_links(c, ei, phase, 0);
		if (!c->err)
			set_bit(EI_ORPHANED, &ei->state);
	}
	list_for_each_entry(d, &c->deleted, link)
		if (d->phase == phase)
			put_deleted(c, d);
}

/* A file that ends late has the names that wait to be removed until then, and the one that another file takes. */
static void count_late(struct commit *c)
{
	struct ext2_inode_info *ei;

	list_for_each_entry(ei, &c->s->orphans, orphan_link)
		if (ei->tombs && links_wanted(ei) + 1 > ei->disk_links && !(ei->state & (BIT(EI_NEW) | BIT(EI_ORPHANED))) &&
		    !S_ISDIR_I(&ei->vfs) && ext2_phase_of_end(ei) == PHASE_LATE)
			put_links(c, ei, 0, links_wanted(ei) + 1);
}

static void phase_hidden(struct commit *c)
{
	struct ext2_sb *s = c->s;
	struct ext2_inode_info *ei;

	if (READ_ONCE(s->data_done))
		c->ordered = c->any = true;
	c->phase = 0;
	s->es->wtime = to_le32((u32)(clock_realtime_coarse_ns() / 1000000000));
	write_held(c, &s->maps, 0, false);
	write_held(c, &s->fresh, 0, true);
	put_ends(c, 0);
	count_late(c);
	list_for_each_entry(ei, &c->dirty, dirty_link) {
		if (!ei->vfs.nlink)
			continue;
		if (test_bit(EI_NEW, &ei->state)) {
			/* Without links but for plain files, which are empty: a cut here leaves nothing to find. */
			put_image(c, ei, 0, IMAGE_STUB, S_ISREG_I(&ei->vfs) ? links_wanted(ei) : 0);
			if (!c->err) {
				set_bit(EI_STUB, &ei->state);
				clear_bit(EI_NEW, &ei->state);
			}
		} else if (!is_new(ei) && links_wanted(ei) > ei->disk_links) {
			put_links(c, ei, 0, links_wanted(ei));
		} else if (!is_new(ei) && READ_ONCE(ei->datasync_id) <= READ_ONCE(s->committed_id)) {
			/* It points where it did: nothing comes before it. */
			put_image(c, ei, 0, IMAGE_TIMES, ei->disk_links);
		}
	}
}

static void phase_names(struct commit *c)
{
	struct ext2_inode_info *ei;

	write_held(c, &c->s->inplace, 1, true);
	list_for_each_entry(ei, &c->dirty, dirty_link)
		if (ei->vfs.nlink && !is_new(ei))
			put_image(c, ei, 1, IMAGE_FULL, max(ei->disk_links, links_wanted(ei)));
}

static int cmp_u32(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return x < y ? -1 : x > y;
}

/* Numbers of the new directories: their files come after them. */
static void find_new_dirs(struct commit *c)
{
	struct ext2_inode_info *ei;
	u32 n = 0;

	list_for_each_entry(ei, &c->dirty, dirty_link)
		n += is_new(ei) && S_ISDIR_I(&ei->vfs) && ei->vfs.nlink;
	if (!n)
		return;
	c->new_dirs = kvmalloc(n * sizeof(u32), GFP_NOFS);
	if (!c->new_dirs) {
		fail(c, -ENOMEM);
		return;
	}
	list_for_each_entry(ei, &c->dirty, dirty_link)
		if (is_new(ei) && S_ISDIR_I(&ei->vfs) && ei->vfs.nlink)
			c->new_dirs[c->nr_new_dirs++] = (u32)ei->vfs.ino;
	sort(c->new_dirs, c->nr_new_dirs, sizeof(u32), cmp_u32);
}

static bool waits_for_parent(struct commit *c, struct ext2_inode_info *ei, u32 hidden)
{
	u32 i;

	if (test_bit(EI_MANY, &ei->state))
		return hidden != 0;
	i = (u32)lower_bound(c->new_dirs, c->nr_new_dirs, sizeof(u32), &ei->parent, cmp_u32);
	return i < c->nr_new_dirs && c->new_dirs[i] == ei->parent;
}

static void phase_new(struct commit *c)
{
	struct ext2_inode_info *ei;
	int phase = 20;
	bool more = true;

	find_new_dirs(c);
	while (more && !c->err) {
		u32 shown = 0, left = 0;

		more = false;
		list_for_each_entry(ei, &c->dirty, dirty_link) {
			if (!test_bit(EI_STUB, &ei->state) || !ei->vfs.nlink)
				continue;
			if (waits_for_parent(c, ei, c->nr_new_dirs)) {
				left++;
				continue;
			}
			put_image(c, ei, phase, IMAGE_FULL, links_wanted(ei));
			clear_bit(EI_STUB, &ei->state);
			clear_bit(EI_MANY, &ei->state);
			shown++;
		}
		/* Those shown now: their children may come in the next round. */
		if (c->nr_new_dirs) {
			u32 n = 0;

			list_for_each_entry(ei, &c->dirty, dirty_link)
				if (test_bit(EI_STUB, &ei->state) && S_ISDIR_I(&ei->vfs) && ei->vfs.nlink)
					c->new_dirs[n++] = (u32)ei->vfs.ino;
			c->nr_new_dirs = shown ? n : 0;
			sort(c->new_dirs, c->nr_new_dirs, sizeof(u32), cmp_u32);
		}
		more = left;
		phase++;
	}
	kvfree(c->new_dirs);
	c->new_dirs = NULL;
}

/* One name less: phase 4 must look at it. Should the commit fail, the disk may have it for longer. */
static void lower_later(struct commit *c, struct ext2_inode_info *ei)
{
	struct ext2_sb *s = c->s;

	ei->tombs--;
	if (!ei->vfs.nlink)
		return;
	ei->lost++;
	spin_lock(&s->lock);
	if (!test_bit(EI_DIRTY, &ei->state) && !test_bit(EI_COMMITTING, &ei->state)) {
		set_bit(EI_COMMITTING, &ei->state);
		inode_get(&ei->vfs);
		list_add_tail(&ei->dirty_link, &c->dirty);
	}
	spin_unlock(&s->lock);
}

static void phase_burials(struct commit *c, struct list_head *puts)
{
	struct ext2_tomb *t, *next;

	/* Look-ups go by sb->tombs: each stays there until its entry is gone. */
	if (list_empty(&c->s->tombs) || c->err)
		return;
	/* Whatever came before must be on the medium, also through phases that wrote nothing of this one. */
	enter_phase(c, PHASE_BURIALS);
	list_for_each_entry_safe(t, next, &c->s->tombs, link) {
		ext2_bury(t);
		if (t->victim)
			lower_later(c, t->victim);
		list_add_tail(&t->link, puts);
	}
	write_held(c, &c->s->inplace, PHASE_BURIALS, true);
}

static void phase_gone(struct commit *c)
{
	struct ext2_inode_info *ei;

	list_for_each_entry(ei, &c->dirty, dirty_link)
		if (ei->vfs.nlink && !is_new(ei) && ei->disk_links > links_after(ei))
			put_image(c, ei, PHASE_GONE, IMAGE_FULL, links_after(ei));
}

/* It is through. If it is not, names that went at once may still be there: the next commit counts them again. */
static void forget_lost(struct commit *c)
{
	struct ext2_inode_info *ei;

	list_for_each_entry(ei, &c->dirty, dirty_link)
		ei->lost = 0;
}

/* --- the whole --- */

/* Take the lists over; each inode is clean from here on unless somebody changes it again. */
static void close_batch(struct commit *c)
{
	struct ext2_sb *s = c->s;
	struct ext2_inode_info *ei;

	spin_lock(&s->lock);
	list_splice_init(&s->dirty, &c->dirty);
	list_splice_init(&s->deleted, &c->deleted);
	list_for_each_entry(ei, &c->dirty, dirty_link) {
		set_bit(EI_COMMITTING, &ei->state);
		clear_bit(EI_DIRTY, &ei->state);
	}
	spin_unlock(&s->lock);
	smp_mb();
}

/* It failed: all of it again the next time, or never if the file system gives up. */
static void undo(struct commit *c)
{
	struct ext2_sb *s = c->s;
	struct buffer *bh;

	if (c->stop && !s->aborted)
		pr_err("EXT2-fs (%s): new metadata cannot be written: nothing is written any more\n", s->vfs->id);
	if (c->stop || (s->errors != EXT2_ERRORS_CONTINUE && c->err != -ENOMEM))
		WRITE_ONCE(s->aborted, true);
	if (c->stop)
		s->vfs->flags |= SB_RDONLY;
	spin_lock(&s->lock);
	list_splice_init(&c->deleted, &s->deleted);
	spin_unlock(&s->lock);
	list_init(&c->deleted);
	while ((bh = list_first_entry_or_null(&c->again, struct buffer, link)) != NULL) {
		u32 kind = bh->state >> BH_WAS_SHIFT;

		list_del_init(&bh->link);
		bh->state &= (1u << BH_WAS_SHIFT) - 1;
		if (!s->aborted)
			ext2_hold(s, bh, kind);
		buffer_put(bh);
	}
}

static void release(struct commit *c, struct list_head *puts)
{
	struct ext2_inode_info *ei;
	struct ext2_deleted *d, *dn;
	struct ext2_tomb *t, *tn;

	while ((ei = list_first_entry_or_null(&c->dirty, struct ext2_inode_info, dirty_link)) != NULL) {
		bool again;

		/* Also those who ask later hear of it, once. */
		if (unlikely(c->err || c->bad))
			mapping_set_error(&ei->vfs.data, c->err ? c->err : c->bad);
		spin_lock(&c->s->lock);
		list_del_init(&ei->dirty_link);
		clear_bit(EI_COMMITTING, &ei->state);
		again = test_bit(EI_DIRTY, &ei->state) ||
			(c->err && !c->s->aborted && !test_bit(EI_ORPHAN, &ei->state));
		if (again) {
			set_bit(EI_DIRTY, &ei->state);
			list_add_tail(&ei->dirty_link, &c->s->dirty);
		}
		spin_unlock(&c->s->lock);
		if (again)
			arm(c->s);
		else
			inode_put(&ei->vfs);
	}
	list_for_each_entry_safe(d, dn, &c->deleted, link)
		kfree(d);
	list_for_each_entry_safe(t, tn, puts, link) {
		inode_put(&t->dir->vfs);
		if (t->victim)
			inode_put(&t->victim->vfs);
		kfree(t);
	}
}

static int do_commit(struct ext2_sb *s)
{
	struct commit c = { .s = s };
	LIST_HEAD(puts);
	u64 closing;

	list_init(&c.dirty);
	list_init(&c.deleted);
	list_init(&c.again);
	down_write(&s->batch);
	closing = s->batch_id;
	WRITE_ONCE(s->batch_id, closing + 1);
	smp_mb();
	if (s->aborted) {
		up_write(&s->batch);
		return -EIO;
	}
	close_batch(&c);
	phase_hidden(&c);
	phase_names(&c);
	phase_new(&c);
	put_ends(&c, PHASE_LATE);
	phase_burials(&c, &puts);
	phase_gone(&c);
	write_array(&c);
	if (c.any)
		flush(&c);
	if (c.err) {
		undo(&c);
	} else {
		forget_lost(&c);
		WRITE_ONCE(s->committed_id, closing);
		/* The disk may still point to what was freed: from now on nothing of that is used again. */
		if (likely(!c.bad && !s->no_reuse))
			ext2_release_freed(s);
		else
			s->no_reuse = true;
	}
	up_write(&s->batch);
	release(&c, &puts);
	if (unlikely(c.err || c.bad))
		(void)ext2_error(s, "commit failed: error %d", c.err ? -c.err : -c.bad);
	return c.err ? c.err : c.bad;
}

int ext2_commit_upto(struct ext2_sb *s, u64 id)
{
	int err;

	mutex_lock(&s->commit);
	if (READ_ONCE(s->committed_id) < id)
		s->batch_err = do_commit(s);
	err = s->batch_err;
	mutex_unlock(&s->commit);
	return err;
}

int ext2_commit(struct ext2_sb *s)
{
	return ext2_commit_upto(s, READ_ONCE(s->batch_id));
}

void ext2_timer_fn(struct work *w)
{
	struct ext2_sb *s = container_of(container_of(w, struct delayed_work, work), struct ext2_sb, timer);

	if (!READ_ONCE(s->aborted) && ext2_needs_commit(s))
		(void)ext2_commit(s);
}

static void discard_once(struct ext2_sb *s)
{
	struct commit c = { .s = s };
	LIST_HEAD(puts);

	list_init(&c.dirty);
	list_init(&c.deleted);
	down_write(&s->batch);
	close_batch(&c);
	for (int i = 0; i < 3; i++) {
		struct list_head *l = i == 0 ? &s->fresh : i == 1 ? &s->inplace : &s->maps;

		while (!list_empty(l)) {
			struct buffer *bh = list_first_entry_or_null(l, struct buffer, link);

			ext2_unhold(s, bh);
		}
	}
	spin_lock(&s->lock);
	for (struct ext2_tomb *t; (t = list_first_entry_or_null(&s->tombs, struct ext2_tomb, link)) != NULL;) {
		list_del_init(&t->hash);
		t->dir->dir_tombs--;
		s->nr_held--;
		list_move_tail(&t->link, &puts);
	}
	spin_unlock(&s->lock);
	up_write(&s->batch);
	release(&c, &puts);
}

void ext2_batch_discard(struct ext2_sb *s)
{
	/* Inodes that are let go of may end, which is a change again. */
	do
		discard_once(s);
	while (!list_empty(&s->dirty) || !list_empty(&s->deleted) || !list_empty(&s->maps) || !list_empty(&s->inplace) ||
	       !list_empty(&s->fresh) || !list_empty(&s->tombs));
}
