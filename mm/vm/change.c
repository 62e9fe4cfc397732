/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Changing the set of mappings: link, split, extend, merge, unmap. Every function here runs with the
 * mm's range lock held for writing.
 *
 * A vma that faults may use is changed under its write lock, so a fault sees it either before or
 * after. On unmapping a vma is first unlinked (v->mm = NULL under the write lock, which waits for
 * faults inside it), then its entries are cleared, TLBs flushed, tables freed, and at last the struct.
 * The range lock is held until the tables are gone, so no new mapping can need them meanwhile.
 */
#include <core/rcu.h>
#include <fs/file.h>
#include "internal.h"

void vma_account(struct mm *mm, u32 flags, s64 pages)
{
	mm->total_vm += (u64)pages;
	if (mm->total_vm > mm->hiwater_vm)
		mm->hiwater_vm = mm->total_vm;
	if (flags & VM_LOCKED)
		mm->locked_vm += (u64)pages;
	if (flags & (VM_STACK | VM_GROWSDOWN))
		mm->stack_vm += (u64)pages;
	else if (flags_data(flags))
		mm->data_vm += (u64)pages;
	else if ((flags & (VM_EXEC | VM_WRITE)) == VM_EXEC)
		mm->exec_vm += (u64)pages;
}

void vma_link(struct mm *mm, struct vma *v, struct vma *prev)
{
	v->mm = mm;
	if (v->file)
		rmap_insert(v);
	tree_change_begin(mm);
	vma_tree_insert(mm, v, prev);
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
	if (mm->nr_vmas >= MAX_MAP_COUNT)
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
	if (n->file)
		file_get(n->file);
	down_write(&v->lock);
	if (n->ops && n->ops->open)
		n->ops->open(n);
	vma_set_range(v, v->start, addr, v->pgoff);
	n->mm = mm;
	if (n->file)
		rmap_insert(n);
	tree_change_begin(mm);
	vma_tree_insert(mm, n, v);
	tree_change_end(mm);
	n->has_anon |= READ_ONCE(v->has_anon);
	up_write(&v->lock);
	return n;
}

struct vma *vma_isolate(struct mm *mm, u64 start, u64 end)
{
	struct vma *v = vma_tree_first(mm, start, end), *last;

	if (!v)
		return NULL;
	if (v->start < start) {
		v = vma_split(v, start);
		if (IS_ERR(v))
			return v;
	}
	for (last = v; last->next && last->next->start < end; last = last->next)
		;
	if (last->end > end) {
		struct vma *n = vma_split(last, end);

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

struct vma *vma_try_extend(struct mm *mm, struct vma *prev, const struct vma_shape *s)
{
	struct vma *next = prev ? prev->next : mm->first_vma;
	bool app = prev && vma_can_append(prev, s), pre = next && vma_can_prepend(next, s);
	struct vma *v = app ? prev : next;

	if (!app && !pre)
		return NULL;
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

static struct vma_shape vma_as_shape(const struct vma *v)
{
	return (struct vma_shape){ v->start, v->end, v->pgoff, v->flags, v->file, v->ops, v->name };
}

struct vma *vma_merge_around(struct vma *v)
{
	struct vma_shape s = vma_as_shape(v);

	if (v->next && vma_can_prepend(v->next, &s))
		vma_join(v, v->next);
	s = vma_as_shape(v);
	if (v->prev && vma_can_append(v->prev, &s)) {
		struct vma *p = v->prev;

		vma_join(p, v);
		return p;
	}
	return v;
}

/* --- unmapping --- */

/* Clear entries of [start, end) and free tables that nobody below floor_end or above needs. */
static void unmap_pages(struct mm *mm, u64 start, u64 end, u64 floor, u64 ceiling)
{
	struct pt_counts c = { { 0 } };
	struct tlb_gather g;

	tlb_gather_init(&g, mm->pt);
	pt_zap_range(mm->pt, start, end, 0, &g, &c);
	pt_free_tables(&g, start, end, floor, ceiling);
	tlb_gather_finish(&g);
	counts_sub(mm, &c);
}

/* Cut [start, end) off an end of v, which stays. */
static void vma_trim(struct vma *v, u64 start, u64 end)
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
	unmap_pages(mm, start, end, v->start >= end ? (v->prev ? v->prev->end : 0) : v->end,
		    v->start >= end ? v->start : (v->next ? v->next->start : USER_TABLES_END));
}

int munmap_locked(struct mm *mm, u64 start, u64 end)
{
	struct vma *v = vma_tree_first(mm, start, end), *dead = NULL, **tail = &dead, *prev;
	u64 floor, ceiling, last_end = 0;

	if (!v)
		return 0;
	/* Common: one end of one mapping. Those with ops are told through split instead. */
	if ((!v->ops || !v->ops->close) && v->end >= end && v->start <= start &&
	    (v->start == start) != (v->end == end) && !(v->flags & VM_GROWSDOWN && v->start != start)) {
		vma_trim(v, start, end);
		return 0;
	}
	v = vma_isolate(mm, start, end);
	if (IS_ERR(v))
		return (int)PTR_ERR(v);
	prev = v->prev;
	while (v && v->start < end) {
		struct vma *next = v->next;
		u64 n = vma_pages(v);

		vma_unlink(v);
		vma_account(mm, v->flags, -(s64)n);
		if (v->flags & VM_ACCOUNT)
			mem_uncommit(mm, (s64)n);
		if (v->file)
			rmap_erase(v);
		last_end = v->end;
		v->next = NULL;
		*tail = v;
		tail = &v->next;
		v = next;
	}
	floor = prev ? prev->end : 0;
	ceiling = v ? v->start : USER_TABLES_END;
	unmap_pages(mm, dead->start, last_end, floor, ceiling);
	while (dead) {
		v = dead;
		dead = v->next;
		vma_retire(v);
	}
	return 0;
}

int munmap_do(struct mm *mm, u64 addr, u64 len)
{
	int err;

	if (addr & ~PAGE_MASK || addr >= USER_END || len > USER_END - addr)
		return -EINVAL;
	len = PAGE_ALIGN_UP(len);
	if (!len)
		return -EINVAL;
	err = down_write_killable(&mm->range_lock);
	if (err)
		return err;
	err = munmap_locked(mm, addr, addr + len);
	up_write(&mm->range_lock);
	return err;
}
