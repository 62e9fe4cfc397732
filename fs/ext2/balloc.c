/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Blocks: which are free, where a file's next ones go, and when freed ones may be used again.
 *
 * A bit of a block bitmap in memory is clear only if nothing on the medium can point to the block: what
 * is freed waits in sb->freed until the commit that removed the last pointer is flushed. So bitmaps can
 * be written at any moment: they lag behind by too many set bits at worst.
 *
 * A regular file that grows keeps a window: a run of free blocks that other files leave alone
 * while there is room elsewhere. Windows exist in memory only. Dirty pages without a place promise
 * blocks (sb->reserved), so that write-back does not meet a full disk.
 *
 * Locks: sb->alloc for all of it.
 */
#include <base/math.h>
#include "ext2.h"

#define WINDOW_FIRST	16u
#define WINDOW_MAX	2048u
#define KEEP_BACK	8		/* blocks that only copies of index blocks may take */

struct ext2_group *ext2_group_desc(struct ext2_sb *s, u32 g)
{
	struct ext2_group *d = buffer_data(s->gdt[g / s->l.descs_per_block]);

	return d + g % s->l.descs_per_block;
}

static u32 group_of(const struct ext2_sb *s, u64 b)
{
	return (u32)((b - s->l.first_data_block) / s->l.blocks_per_group);
}

/* Blocks at the start of group g that copies of the super block and descriptors take. */
static u32 group_head(const struct ext2_sb *s, u32 g)
{
	u32 n = 0;

	if (ext2_group_has_super(&s->l, g)) {
		n = 1 + min(s->l.gdt_blocks, s->l.first_meta_bg);
		if (!(s->l.incompat & EXT2_INCOMPAT_META_BG) && (s->l.compat & EXT2_COMPAT_RESIZE_INODE))
			n += le16(s->es->reserved_gdt_blocks);
	}
	if (g / s->l.descs_per_block >= s->l.first_meta_bg) {
		u32 in = g % s->l.descs_per_block;

		n += in == 0 || in == 1 || in == s->l.descs_per_block - 1;
	}
	return n;
}

static bool overlap(u64 a, u64 an, u64 b, u64 bn)
{
	return a < b + bn && b < a + an;
}

bool ext2_run_is_system(struct ext2_sb *s, u64 first, u64 n)
{
	for (u32 g = group_of(s, first); g <= group_of(s, first + n - 1); g++) {
		const struct ext2_group *d = ext2_group_desc(s, g);

		if (overlap(first, n, le32(d->block_bitmap), 1) || overlap(first, n, le32(d->inode_bitmap), 1) ||
		    overlap(first, n, le32(d->inode_table), s->l.itable_blocks) ||
		    overlap(first, n, ext2_group_first(&s->l, g), group_head(s, g)))
			return true;
	}
	return false;
}

static const char *bitmap_check(struct ext2_sb *s, u32 g, const void *map)
{
	const struct ext2_group *d = ext2_group_desc(s, g);
	u64 first = ext2_group_first(&s->l, g);
	u32 it = (u32)(le32(d->inode_table) - first), n = ext2_group_blocks(&s->l, g);

	if (!ext2_bit(map, (u32)(le32(d->block_bitmap) - first)) || !ext2_bit(map, (u32)(le32(d->inode_bitmap) - first)))
		return "bitmaps are marked free";
	if (ext2_next_zero(map, min(n, it + s->l.itable_blocks), it) < min(n, it + s->l.itable_blocks))
		return "inode table is marked free";
	return NULL;
}

int ext2_group_bitmaps(struct ext2_sb *s, u32 g)
{
	struct ext2_group_info *gi = &s->groups[g];
	const struct ext2_group *d = ext2_group_desc(s, g);
	struct buffer *bb, *ib;
	const char *why;

	if (gi->bad)
		return -EUCLEAN;
	if (gi->bb)
		return 0;
	bb = ext2_bread(s, le32(d->block_bitmap));
	if (IS_ERR(bb)) {
		ext2_io_error(s, le32(d->block_bitmap));
		return (int)PTR_ERR(bb);
	}
	ib = ext2_bread(s, le32(d->inode_bitmap));
	if (IS_ERR(ib)) {
		buffer_put(bb);
		ext2_io_error(s, le32(d->inode_bitmap));
		return (int)PTR_ERR(ib);
	}
	why = bitmap_check(s, g, buffer_data(bb));
	if (why) {
		gi->bad = true;
		buffer_put(bb);
		buffer_put(ib);
		return ext2_error(s, "block bitmap of group %u: %s", g, why);
	}
	gi->ib = ib;
	gi->bb = bb;
	return 0;
}

static void group_changed(struct ext2_sb *s, u32 g)
{
	ext2_hold(s, s->groups[g].bb, BH_MAP);
	ext2_hold(s, s->gdt[g / s->l.descs_per_block], BH_MAP);
	ext2_hold(s, s->sb_bh, BH_MAP);
}

static void add_free(struct ext2_sb *s, u32 g, s64 n)
{
	struct ext2_group *d = ext2_group_desc(s, g);
	s64 v = le16(d->free_blocks) + n;

	d->free_blocks = to_le16((u16)clamp_t(s64, v, 0, ext2_group_blocks(&s->l, g)));
	s->free_blocks += n;
	if (s->free_blocks < 0)
		s->free_blocks = 0;
	s->es->free_blocks_count = to_le32((u32)s->free_blocks);
	group_changed(s, g);
}

/* --- windows --- */

static void window_drop(struct ext2_sb *s, struct ext2_window *w)
{
	if (!w->n)
		return;
	rb_erase(&w->node, &s->windows);
	w->n = 0;
}

void ext2_window_discard(struct ext2_sb *s, struct ext2_inode_info *ei)
{
	if (!READ_ONCE(ei->window.n))
		return;
	mutex_lock(&s->alloc);
	window_drop(s, &ei->window);
	mutex_unlock(&s->alloc);
}

/* The first window of somebody else that ends above b. */
static struct ext2_window *window_after(struct ext2_sb *s, u64 b, const struct ext2_window *own)
{
	struct rb_node *n = s->windows.node;
	struct ext2_window *best = NULL;

	while (n) {
		struct ext2_window *w = rb_entry(n, struct ext2_window, node);

		if (w->first + w->n > b) {
			best = w;
			n = n->left;
		} else {
			n = n->right;
		}
	}
	if (best == own && best)
		best = rb_entry_safe(rb_next(&best->node), struct ext2_window, node);
	return best;
}

static void window_set(struct ext2_sb *s, struct ext2_window *w, u64 first, u32 n)
{
	struct rb_node **link = &s->windows.node, *parent = NULL;

	window_drop(s, w);
	if (!n)
		return;
	while (*link) {
		struct ext2_window *o = rb_entry(*link, struct ext2_window, node);

		parent = *link;
		if (first + n > o->first && first < o->first + o->n)
			return;			/* room is short: windows were not heeded */
		link = first < o->first ? &parent->left : &parent->right;
	}
	w->first = first;
	w->n = n;
	rb_link_node(&w->node, parent, link);
	rb_insert(&w->node, &s->windows);
}

/* --- looking for room --- */

struct want {
	struct ext2_window *own;	/* NULL: of no file */
	u32 want, least, reach;		/* blocks; shortest run that will do; longest looked for */
	bool heed;			/* windows of others */
};

/* A run in [from, end) of a group. True: *at, *len. */
static bool find_run(struct ext2_sb *s, u32 g, u32 from, u32 end, const struct want *w, u32 *at, u32 *len)
{
	const void *map = buffer_data(s->groups[g].bb);
	u64 base = ext2_group_first(&s->l, g);

	while (from < end) {
		u32 b = ext2_next_zero(map, end, from), e;

		if (b >= end)
			return false;
		e = ext2_next_set(map, min(end, b + w->reach), b);
		if (w->heed) {
			struct ext2_window *o = window_after(s, base + b, w->own);

			if (o && o->first <= base + b) {
				from = (u32)min_t(u64, o->first + o->n - base, end);
				continue;
			}
			if (o && o->first < base + e)
				e = (u32)(o->first - base);
		}
		if (e - b >= w->least) {
			*at = b;
			*len = e - b;
			return true;
		}
		from = e;
	}
	return false;
}

static bool find_in_group(struct ext2_sb *s, u32 g, u32 from, const struct want *w, u32 *at, u32 *len, int *err)
{
	u32 n = ext2_group_blocks(&s->l, g);
	int e;

	if (!le16(ext2_group_desc(s, g)->free_blocks))
		return false;
	e = ext2_group_bitmaps(s, g);
	if (e) {
		*err = e;
		return false;
	}
	return find_run(s, g, from, n, w, at, len) || (from && find_run(s, g, 0, from, w, at, len));
}

/* Go round all groups from the goal's. */
static int find_any(struct ext2_sb *s, u64 goal, const struct want *w, u32 *g, u32 *at, u32 *len)
{
	u32 first = group_of(s, goal), from = (u32)(goal - ext2_group_first(&s->l, first));
	int err = -ENOSPC;

	for (u32 i = 0; i < s->l.nr_groups; i++) {
		*g = first + i;
		if (*g >= s->l.nr_groups)
			*g -= s->l.nr_groups;
		if (find_in_group(s, *g, i ? 0 : from, w, at, len, &err))
			return 0;
	}
	return err;
}

static int find_blocks(struct ext2_sb *s, u64 goal, struct want *w, u32 *g, u32 *at, u32 *len)
{
	u32 least = w->least;
	int err;

	/* The file's own window goes on where the goal is. */
	if (w->own && w->own->n && goal >= w->own->first && goal < w->own->first + w->own->n) {
		u64 base;

		*g = group_of(s, goal);
		base = ext2_group_first(&s->l, *g);
		w->least = 1;
		if (!ext2_group_bitmaps(s, *g) &&
		    find_run(s, *g, (u32)(goal - base), (u32)min_t(u64, w->own->first + w->own->n - base,
								  ext2_group_blocks(&s->l, *g)), w, at, len))
			return 0;
		w->least = least;
	}
	w->heed = true;
	err = find_any(s, goal, w, g, at, len);
	if ((err == -ENOSPC || err == -EUCLEAN) && w->least > 1) {
		w->least = 1;
		err = find_any(s, goal, w, g, at, len);
	}
	if (err == -ENOSPC || err == -EUCLEAN) {
		w->heed = false;
		err = find_any(s, goal, w, g, at, len);
	}
	return err;
}

static bool may_use_reserve(const struct ext2_sb *s)
{
	return uid_eq(current_fsuid(), s->resuid) || (s->resgid.v && in_group(s->resgid)) || capable(CAP_SYS_RESOURCE);
}

/* alloc held. Blocks that current may still take. */
static s64 available(struct ext2_sb *s)
{
	s64 n = s->free_blocks - s->reserved - KEEP_BACK;

	if (!may_use_reserve(s))
		n -= le32(s->es->r_blocks_count);
	return max_t(s64, n, 0);
}

s64 ext2_available(struct ext2_sb *s)
{
	s64 n;

	mutex_lock(&s->alloc);
	n = available(s);
	mutex_unlock(&s->alloc);
	return n;
}

bool ext2_has_pending(struct ext2_sb *s)
{
	return READ_ONCE(s->pending_blocks) || READ_ONCE(s->nr_freed_inodes);
}

int ext2_reserve(struct ext2_sb *s, s64 n)
{
	int err = 0;

	mutex_lock(&s->alloc);
	if (n > 0 && n > available(s))
		err = -ENOSPC;
	else
		s->reserved += n;
	mutex_unlock(&s->alloc);
	return err;
}

void ext2_unreserve(struct ext2_sb *s, s64 n)
{
	mutex_lock(&s->alloc);
	s->reserved -= n;
	mutex_unlock(&s->alloc);
}

static void take(struct ext2_sb *s, u32 g, u32 at, u32 n)
{
	void *map = buffer_data(s->groups[g].bb);

	for (u32 i = 0; i < n; i++)
		ext2_bit_set(map, at + i);
	add_free(s, g, -(s64)n);
}

int ext2_alloc_blocks(struct ext2_sb *s, struct inode *inode, u64 goal, u32 want, u32 how, u64 *first, u32 *got)
{
	bool file = inode && S_ISREG_I(inode) && !(how & ALLOC_META);
	struct want w = { .want = want };
	/* Nobody writes to a file that is closed: it needs no room to grow. */
	struct ext2_window *win = file && atomic_read(&inode->writecount) > 0 ? &EXT2_I(inode)->window : NULL;
	u32 g, at, len;
	int err = -ENOSPC;

	mutex_lock(&s->alloc);
	if (!(how & ALLOC_RESERVED)) {
		s64 can = how & ALLOC_META ? s->free_blocks - s->reserved : available(s);

		if (how & ALLOC_META && can <= 0 && s->free_blocks > 0)
			can = 1;
		if (can <= 0)
			goto out;
		w.want = (u32)min_t(s64, want, can);
	}
	if (!ext2_block_valid(s, goal))
		goal = s->l.first_data_block + 1;
	w.own = win;
	w.reach = w.want;
	if (win) {
		if (!win->size)
			win->size = WINDOW_FIRST;
		w.reach = max(w.want, win->size);
	}
	w.least = min(w.want, 8u);
	err = find_blocks(s, goal, &w, &g, &at, &len);
	if (err)
		goto out;
	*got = min(len, w.want);
	*first = ext2_group_first(&s->l, g) + at;
	if (ext2_run_is_system(s, *first, *got)) {
		s->groups[g].bad = true;
		err = ext2_error(s, "allocating block %llu in system zone", (unsigned long long)*first);
		goto out;
	}
	take(s, g, at, *got);
	if (how & ALLOC_RESERVED)
		s->reserved -= *got;
	if (win && !(*first >= win->first && *first < win->first + win->n)) {
		if (w.heed)
			window_set(s, win, *first, len);
		win->size = min(win->size * 2, WINDOW_MAX);
	}
out:
	mutex_unlock(&s->alloc);
	return err;
}

/* --- giving back --- */

/* alloc held. */
static void clear_run(struct ext2_sb *s, u64 first, u64 n)
{
	while (n) {
		u32 g = group_of(s, first), at = (u32)(first - ext2_group_first(&s->l, g)), was = 0;
		u32 k = (u32)min_t(u64, n, ext2_group_blocks(&s->l, g) - at);
		void *map;

		if (!ext2_group_bitmaps(s, g)) {
			map = buffer_data(s->groups[g].bb);
			for (u32 i = 0; i < k; i++) {
				was += ext2_bit(map, at + i);
				ext2_bit_clear(map, at + i);
			}
			if (was != k)
				(void)ext2_error(s, "bit already cleared for a block from %llu", (unsigned long long)first);
			if (was)
				add_free(s, g, was);
		}
		if (s->opts & MOPT_DISCARD && s->discard)
			(void)bdev_discard(s->bdev, first << (s->l.block_bits - SECTOR_SHIFT),
					   (u64)k << (s->l.block_bits - SECTOR_SHIFT));
		first += k;
		n -= k;
	}
}

static bool run_valid(struct ext2_sb *s, u64 first, u64 n)
{
	u64 last = first + n - 1;

	return ext2_block_valid(s, first) && n <= s->l.blocks_count && ext2_block_valid(s, last);
}

static void remember(struct ext2_sb *s, u64 first, u64 n)
{
	struct ext2_runs *r = s->freed;
	struct ext2_run *last = r && r->n ? &r->run[r->n - 1] : NULL;

	s->pending_blocks += n;
	if (last && last->first + last->n == first && last->n + n < ~0u) {
		last->n += (u32)n;
		return;
	}
	if (last && first + n == last->first && last->n + n < ~0u) {
		last->first = first;
		last->n += (u32)n;
		return;
	}
	if (!r || r->n == RUNS_PER_PAGE) {
		struct ext2_runs *fresh = kmalloc(sizeof(*fresh), GFP_NOFS);

		if (!fresh) {			/* lost until e2fsck counts again */
			s->pending_blocks -= n;
			return;
		}
		fresh->next = r;
		fresh->n = 0;
		s->freed = r = fresh;
	}
	r->run[r->n].first = first;
	r->run[r->n++].n = (u32)n;
}

void ext2_free_blocks(struct ext2_sb *s, u64 first, u64 n, bool now)
{
	if (!n)
		return;
	if (!run_valid(s, first, n) || ext2_run_is_system(s, first, n)) {
		(void)ext2_error(s, "freeing blocks %llu+%llu in system zone or beyond the end", (unsigned long long)first,
				 (unsigned long long)n);
		return;
	}
	mutex_lock(&s->alloc);
	if (now)
		clear_run(s, first, n);
	else
		remember(s, first, n);
	mutex_unlock(&s->alloc);
}

void ext2_release_freed(struct ext2_sb *s)
{
	struct ext2_runs *r, *next;
	u32 nr;

	mutex_lock(&s->alloc);
	r = s->freed;
	s->freed = NULL;
	s->pending_blocks = 0;
	for (; r; r = next) {
		next = r->next;
		for (u32 i = 0; i < r->n; i++)
			clear_run(s, r->run[i].first, r->run[i].n);
		kfree(r);
	}
	nr = s->nr_freed_inodes;
	s->nr_freed_inodes = 0;
	mutex_unlock(&s->alloc);
	for (u32 i = 0; i < nr; i++)
		ext2_free_inode_number(s, s->freed_inodes[i] & 0x7fffffff, s->freed_inodes[i] >> 31, true);
}

/* --- FITRIM --- */

static long trim_group(struct ext2_sb *s, u32 g, u32 from, u32 end, u32 least, u64 *trimmed)
{
	u64 base = ext2_group_first(&s->l, g);
	u32 shift = s->l.block_bits - SECTOR_SHIFT;
	long err = 0;

	mutex_lock(&s->alloc);
	err = ext2_group_bitmaps(s, g);
	while (!err && from < end) {
		const void *map = buffer_data(s->groups[g].bb);
		u32 b = ext2_next_zero(map, end, from), e;

		if (b >= end)
			break;
		e = ext2_next_set(map, end, b);
		if (e - b >= least) {
			/* Nobody allocates meanwhile: the lock is held. */
			err = bdev_discard(s->bdev, (base + b) << shift, (u64)(e - b) << shift);
			if (!err)
				*trimmed += e - b;
		}
		from = e;
	}
	mutex_unlock(&s->alloc);
	return err;
}

long ext2_trim(struct ext2_sb *s, u64 start, u64 len, u64 minlen, u64 *trimmed)
{
	u64 end = min_t(u64, start + len, s->l.blocks_count);
	long err = 0;

	start = max_t(u64, start, s->l.first_data_block);
	while (!err && start < end) {
		u32 g = group_of(s, start);
		u64 base = ext2_group_first(&s->l, g), stop = min_t(u64, end, base + ext2_group_blocks(&s->l, g));

		err = trim_group(s, g, (u32)(start - base), (u32)(stop - base), (u32)min_t(u64, minlen, ~0u), trimmed);
		start = stop;
		cond_resched();
		if (signal_pending_state(TASK_INTERRUPTIBLE))
			return -ERESTARTSYS;
	}
	return err;
}

/* --- start and end --- */

int ext2_balloc_init(struct ext2_sb *s)
{
	s->windows = (struct rb_root)RB_ROOT;
	for (u32 g = 0; g < s->l.nr_groups; g++) {
		const struct ext2_group *d = ext2_group_desc(s, g);
		u64 first = ext2_group_first(&s->l, g), end = first + ext2_group_blocks(&s->l, g);

		/* Behind the copies of super block and descriptors: who writes a bitmap must not write those. */
		first += group_head(s, g);
		if (!ext2_group_valid(&s->l, g, d) || le32(d->block_bitmap) < first || le32(d->block_bitmap) >= end ||
		    le32(d->inode_bitmap) < first || le32(d->inode_bitmap) >= end || le32(d->inode_table) < first ||
		    le32(d->inode_table) + (u64)s->l.itable_blocks > end) {
			pr_err("EXT2-fs (%s): group descriptor %u is corrupt\n", s->vfs->id, g);
			return -EUCLEAN;
		}
		s->free_blocks += le16(d->free_blocks);
		s->free_inodes += le16(d->free_inodes);
		s->dirs += le16(d->used_dirs);
		s->overhead += group_head(s, g) + 2 + s->l.itable_blocks;
	}
	s->overhead += s->l.first_data_block;
	return 0;
}

void ext2_balloc_fini(struct ext2_sb *s)
{
	struct ext2_runs *r, *next;

	for (r = s->freed; r; r = next) {
		next = r->next;
		kfree(r);
	}
	kvfree(s->freed_inodes);
	if (!s->groups)
		return;
	for (u32 g = 0; g < s->l.nr_groups; g++) {
		buffer_put(s->groups[g].bb);
		buffer_put(s->groups[g].ib);
	}
	kvfree(s->groups);
}
