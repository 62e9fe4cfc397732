/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Changing the set of mappings: link, split, extend, merge, unmap. Every function here runs with the
 * range concerned, and all of the mappings in it, locked for writing (r; lock.c). Mappings next to
 * it are looked at under tree_lock; joining with one first takes its range too, or does not join.
 *
 * A vma that faults may use is changed under its write lock, so a fault sees it either before or
 * after. On unmapping a vma is first unlinked (v->mm = NULL under the write lock, which waits for
 * faults inside it), then its entries are cleared, TLBs flushed, tables freed, and at last the struct.
 * The range lock is held until the entries are gone. A table is freed only when the whole hole around it
 * could be locked too, so no new mapping can need it meanwhile; else it stays for later or for the end.
 */
#include <core/rcu.h>
#include <fs/file.h>
#include <kernel/sched.h>
#include <kernel/task.h>
#include "internal.h"

void vma_account(struct mm *mm, u32 flags, s64 pages)
{
	u64 total = (u64)atomic64_add_return(&mm->total_vm, pages);

	if (total > READ_ONCE(mm->hiwater_vm))
		WRITE_ONCE(mm->hiwater_vm, total);
	if (flags & VM_LOCKED)
		atomic64_add(&mm->locked_vm, pages);
	if (flags & (VM_STACK | VM_GROWSDOWN))
		atomic64_add(&mm->stack_vm, pages);
	else if (flags_data(flags))
		atomic64_add(&mm->data_vm, pages);
	else if ((flags & (VM_EXEC | VM_WRITE)) == VM_EXEC)
		atomic64_add(&mm->exec_vm, pages);
}

void vma_link(struct mm *mm, struct vma *v)
{
	struct vma *next;

	v->mm = mm;
	v->maker = current->tid;
	if (v->file)
		rmap_insert(v);
	tree_change_begin(mm);
	next = vma_tree_find(mm, v->start);
	vma_tree_insert(mm, v, next ? next->prev : mm->last_vma);
	tree_change_end(mm);
	vma_account(mm, v->flags, (s64)vma_pages(v));
}

/* Move the borders of a linked vma. Its write lock is held; no other vma is in the way. */
static void vma_set_range(struct vma *v, u64 start, u64 end, u64 pgoff)
{
	struct mm *mm = v->mm;

	if (v->file)
		rmap_change_begin(v);
	tree_change_begin(mm);
	WRITE_ONCE(v->start, start);
	WRITE_ONCE(v->end, end);
	v->pgoff = pgoff;
	vma_tree_resized(v);
	tree_change_end(mm);
	if (v->file)
		rmap_change_end(v);
}

static void vma_unlink(struct vma *v)
{
	struct mm *mm = v->mm;

	down_write(&v->lock);
	tree_change_begin(mm);
	vma_tree_erase(mm, v);
	tree_change_end(mm);
	v->mm = NULL;
	if (mm->cached_vma == v)
		WRITE_ONCE(mm->cached_vma, NULL);
	up_write(&v->lock);
}

void vma_discard(struct vma *v)
{
	if (v->ops && v->ops->close)
		v->ops->close(v);
	if (v->file)
		file_put(v->file);
	vma_free(v);
}

void vma_retire(struct vma *v)
{
	vma_discard(v);
}

struct vma *vma_split(struct vma *v, u64 addr)
{
	struct mm *mm = v->mm;
	struct vma *n;

	ASSERT(v->start < addr && addr < v->end);
	if (READ_ONCE(mm->nr_vmas) >= MAX_MAP_COUNT)
		return ERR_PTR(-ENOMEM);
	n = vma_alloc(mm);
	if (!n)
		return ERR_PTR(-ENOMEM);
	n->start = addr;
	n->end = v->end;
	n->flags = v->flags & ~VM_GROWSDOWN;
	n->flags |= v->flags & VM_GROWSDOWN ? VM_STACK : 0;
	n->has_anon = v->has_anon;
	n->pgoff = v->pgoff + ((addr - v->start) >> PAGE_SHIFT);
	n->file = v->file;
	n->ops = v->ops;
	n->private = v->private;
	n->name = v->name;
	n->maker = v->maker;
	if (n->file)
		file_get(n->file);
	down_write(&v->lock);
	if (n->ops && n->ops->open)
		n->ops->open(n);
	n->mm = mm;
	if (n->file) {
		/* For a moment the upper half stands twice in the reverse map, never not at all. */
		rmap_insert(n);
		rmap_change_begin(v);
	}
	/* One change of the tree: faults in the upper half must not find a hole. */
	tree_change_begin(mm);
	WRITE_ONCE(v->end, addr);
	vma_tree_resized(v);
	vma_tree_insert(mm, n, v);
	tree_change_end(mm);
	if (n->file)
		rmap_change_end(v);
	n->has_anon |= READ_ONCE(v->has_anon);
	up_write(&v->lock);
	return n;
}

struct vma *vma_isolate(struct mm *mm, u64 start, u64 end)
{
	struct vma *v = vma_first_in(mm, start, end), *last, *n;

	if (!v)
		return NULL;
	if (v->start < start) {
		v = vma_split(v, start);
		if (IS_ERR(v))
			return v;
	}
	last = v->end >= end ? v : vma_first_in(mm, end - 1, end);
	if (last && last->end > end) {
		n = vma_split(last, end);
		if (IS_ERR(n))
			return n;
	}
	return v;
}

void vma_set_flags(struct vma *v, u32 flags)
{
	s64 n = (s64)vma_pages(v);

	down_write(&v->lock);
	vma_account(v->mm, v->flags, -n);
	WRITE_ONCE(v->flags, flags);
	vma_account(v->mm, v->flags, n);
	up_write(&v->lock);
}

/*
 * Join v and its upper neighbour n, which agree. Both are locked, and the tree changes once, so no
 * fault finds a hole between them.
 */
static void vma_join(struct vma *v, struct vma *n)
{
	struct mm *mm = v->mm;

	down_write(&v->lock);
	down_write_nested(&n->lock, 1);
	if (n->file) {
		rmap_erase(n);
		rmap_change_begin(v);
	}
	tree_change_begin(mm);
	vma_tree_erase(mm, n);
	WRITE_ONCE(v->end, n->end);
	vma_tree_resized(v);
	tree_change_end(mm);
	if (v->file)
		rmap_change_end(v);
	v->has_anon |= n->has_anon;
	n->mm = NULL;
	if (mm->cached_vma == n)
		WRITE_ONCE(mm->cached_vma, NULL);
	up_write(&n->lock);
	up_write(&v->lock);
	if (n->file)
		file_put(n->file);
	vma_free(n);
}

static struct vma_shape vma_as_shape(const struct vma *v)
{
	return (struct vma_shape){ v->start, v->end, v->pgoff, v->flags, v->file, v->ops, v->name };
}

/* May n, next to what r holds, be changed as well from now on? tree_lock held. */
static bool take_neighbour(struct range_req *r, const struct vma *n)
{
	return mm_lock_more(n->mm, r, n->start, n->end);
}

/*
 * Where several threads map memory side by side, one does not grow what another made: later each
 * would wait for the other's faults and changes there. But not when mappings become many.
 */
static bool may_grow(const struct mm *mm, const struct vma *v)
{
	return v->maker == current->tid || ref_read(&mm->users) == 1 || mm->nr_vmas > MAX_MAP_COUNT / 4;
}

struct vma *vma_try_extend(struct mm *mm, struct range_req *r, const struct vma_shape *s)
{
	struct vma *next, *prev, *v;
	bool app, pre;

	spin_lock(&mm->tree_lock);
	next = vma_tree_find(mm, s->start);
	prev = next ? next->prev : mm->last_vma;
	app = prev && vma_can_append(prev, s) && may_grow(mm, prev) && take_neighbour(r, prev);
	pre = next && vma_can_prepend(next, s) && may_grow(mm, next) && take_neighbour(r, next);
	spin_unlock(&mm->tree_lock);
	if (!app && !pre)
		return NULL;
	v = app ? prev : next;
	down_write(&v->lock);
	if (app)
		vma_set_range(v, v->start, s->end, v->pgoff);
	else
		vma_set_range(v, s->start, v->end, vma_is_anon(v) ? s->start >> PAGE_SHIFT : s->pgoff);
	up_write(&v->lock);
	vma_account(mm, s->flags, (s64)((s->end - s->start) >> PAGE_SHIFT));
	if (app && pre)
		vma_join(v, next);
	return v;
}

struct vma *vma_merge_around(struct range_req *r, struct vma *v)
{
	struct mm *mm = v->mm;
	struct vma_shape s;
	struct vma *n;

	s = vma_as_shape(v);
	spin_lock(&mm->tree_lock);
	n = v->next;
	if (n && !(vma_can_prepend(n, &s) && take_neighbour(r, n)))
		n = NULL;
	spin_unlock(&mm->tree_lock);
	if (n)
		vma_join(v, n);
	s = vma_as_shape(v);
	spin_lock(&mm->tree_lock);
	n = v->prev;
	if (n && !(vma_can_append(n, &s) && take_neighbour(r, n)))
		n = NULL;
	spin_unlock(&mm->tree_lock);
	if (!n)
		return v;
	vma_join(n, v);
	return n;
}

/* --- unmapping --- */

#define TABLES_KEPT	64u	/* threads that map side by side keep so many tables, some of them empty */

/*
 * Tables of the unmapped [*start, *end) may go: hold all of the hole around it, and find its borders. False:
 * none is to be freed, or others are at work in the hole. A table above may go only with all tables
 * below it: where such were left behind, the range becomes the hole.
 */
static bool hole_lock(struct mm *mm, struct range_req *r, u64 *start, u64 *end, u64 *floor, u64 *ceiling)
{
	bool kept = READ_ONCE(mm->empty_tables), ok = false;
	struct vma *next, *prev;

	spin_lock(&mm->tree_lock);
	next = vma_tree_find(mm, *start);
	prev = next ? next->prev : mm->last_vma;
	*floor = prev ? prev->end : 0;
	*ceiling = next ? next->start : USER_TABLES_END;
	if (ALIGN_UP(*floor, HPAGE_SIZE) < ALIGN_DOWN(*ceiling, HPAGE_SIZE)) {
		if ((ref_read(&mm->users) == 1 && !kept) || pgtable_pages(mm->pt) > TABLES_KEPT)
			ok = mm_lock_more(mm, r, *floor, *ceiling);
		if (!ok && !kept)
			WRITE_ONCE(mm->empty_tables, true);
	}
	spin_unlock(&mm->tree_lock);
	if (ok && kept) {
		*start = *floor;
		*end = *ceiling;
	}
	return ok;
}

/* Clear entries of [start, end), where no mapping is any more, and free the tables that nobody needs. */
static void unmap_pages(struct mm *mm, struct range_req *r, u64 start, u64 end)
{
	struct pt_counts c = { { 0 } };
	struct tlb_gather g;
	u64 floor, ceiling;

	tlb_gather_init(&g, mm->pt);
	pt_zap_range(mm->pt, start, end, 0, &g, &c);
	if (hole_lock(mm, r, &start, &end, &floor, &ceiling))
		pt_free_tables(&g, start, end, floor, ceiling);
	tlb_gather_finish(&g);
	counts_sub(mm, &c);
}

/* Cut [start, end) off an end of v, which stays. */
static void vma_trim(struct range_req *r, struct vma *v, u64 start, u64 end)
{
	struct mm *mm = v->mm;
	u64 pages = (end - start) >> PAGE_SHIFT;

	down_write(&v->lock);
	if (start == v->start)
		vma_set_range(v, end, v->end, v->pgoff + pages);
	else
		vma_set_range(v, v->start, start, v->pgoff);
	up_write(&v->lock);
	vma_account(mm, v->flags, -(s64)pages);
	if (v->flags & VM_ACCOUNT)
		mem_uncommit(mm, (s64)pages);
	unmap_pages(mm, r, start, end);
}

/* Take all vmas of [start, end) off the tree: a list through `next`, from the lowest. */
static struct vma *unlink_all(struct mm *mm, struct vma *v, u64 end, u64 *last_end)
{
	struct vma *dead = NULL, **tail = &dead;

	while (v) {
		struct vma *next = vma_next_in(v, end);
		u64 n = vma_pages(v);

		vma_unlink(v);
		vma_account(mm, v->flags, -(s64)n);
		if (v->flags & VM_ACCOUNT)
			mem_uncommit(mm, (s64)n);
		if (v->file)
			rmap_erase(v);
		*last_end = v->end;
		v->next = NULL;
		*tail = v;
		tail = &v->next;
		v = next;
		if (need_resched())
			cond_resched();
	}
	return dead;
}

int munmap_locked(struct mm *mm, struct range_req *r, u64 start, u64 end)
{
	struct vma *v = vma_first_in(mm, start, end), *dead;
	u64 last_end = 0;

	if (!v)
		return 0;
	/* Common: one end of one mapping. Those with ops are told through split instead. */
	if ((!v->ops || !v->ops->close) && v->end >= end && v->start <= start &&
	    (v->start == start) != (v->end == end) && !(v->flags & VM_GROWSDOWN && v->start != start)) {
		vma_trim(r, v, start, end);
		return 0;
	}
	v = vma_isolate(mm, start, end);
	if (IS_ERR(v))
		return (int)PTR_ERR(v);
	dead = unlink_all(mm, v, end, &last_end);
	unmap_pages(mm, r, dead->start, last_end);
	while (dead) {
		v = dead;
		dead = v->next;
		vma_retire(v);
		if (need_resched())
			cond_resched();
	}
	return 0;
}

int munmap_do(struct mm *mm, u64 addr, u64 len)
{
	struct range_req r;
	int err;

	if (addr & ~PAGE_MASK || addr >= USER_END || len > USER_END - addr)
		return -EINVAL;
	len = PAGE_ALIGN_UP(len);
	if (!len)
		return -EINVAL;
	err = mm_lock_write(mm, &r, addr, addr + len);
	if (err)
		return err;
	err = munmap_locked(mm, &r, addr, addr + len);
	mm_unlock(mm, &r);
	return err;
}
