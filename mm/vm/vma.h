/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The ordered set of an address space's mappings: pure code over struct vma, without locks, memory or
 * page tables (vma.c; host-tested in vma_test.c).
 */
#ifndef MM_VM_VMA_H
#define MM_VM_VMA_H

#include <mm/mm.h>

#define STACK_GUARD_GAP	(256ul << PAGE_SHIFT)	/* kept free below a growing stack */

/* First vma that ends above addr; NULL. For holders of the range lock. */
struct vma *vma_tree_find(const struct mm *mm, u64 addr);
/* First vma that overlaps [start, end); NULL. */
struct vma *vma_tree_first(const struct mm *mm, u64 start, u64 end);
/* Link v, whose range is free; prev is its lower neighbour (NULL: it is the lowest). */
void vma_tree_insert(struct mm *mm, struct vma *v, struct vma *prev);
void vma_tree_erase(struct mm *mm, struct vma *v);
/* v's start or end were changed in place (order kept): bring the holes up to date. */
void vma_tree_resized(struct vma *v);
/* Where v begins, with the guard gap of a growing stack. */
u64 vma_start_gap(const struct vma *v);
/* Highest or lowest free place for len bytes in [lo, hi); 0 when there is none. */
u64 vma_tree_hole_down(const struct mm *mm, u64 len, u64 lo, u64 hi);
u64 vma_tree_hole_up(const struct mm *mm, u64 len, u64 lo, u64 hi);

/* What a new or changed range would be, for merging. */
struct vma_shape {
	u64 start, end, pgoff;
	u32 flags;
	struct file *file;
	const struct vma_ops *ops;
	const char *name;
};
/* May the range s be appended to v; be put in front of v? */
bool vma_can_append(const struct vma *v, const struct vma_shape *s);
bool vma_can_prepend(const struct vma *v, const struct vma_shape *s);
/* Order, neighbours, holes and counts are consistent. */
bool vma_tree_check(const struct mm *mm);

#endif
