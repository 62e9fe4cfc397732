/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The tree of mappings against a plain array: insertion, removal, holes, merging rules.
 * host-test: vma.c
 */
#include <base/string.h>
#include <core/ktest.h>
#include "vma.h"

#define PAGES	512u		/* the model: one byte a page */
#define BASE	0x100000ul

static u8 model[PAGES];

static struct vma *make(u64 first, u64 nr)
{
	struct vma *v = kzalloc(sizeof(*v), GFP_KERNEL);

	if (v) {
		v->start = BASE + first * PAGE_SIZE;
		v->end = v->start + nr * PAGE_SIZE;
	}
	return v;
}

static void insert(struct mm *mm, struct vma *v)
{
	struct vma *next = vma_tree_find(mm, v->start);

	vma_tree_insert(mm, v, next ? next->prev : mm->last_vma);
}

static u64 model_hole_down(u64 nr)
{
	for (u64 i = PAGES - nr + 1; i-- > 0;) {
		u64 n = 0;

		while (n < nr && !model[i + n])
			n++;
		if (n == nr)
			return BASE + i * PAGE_SIZE;
	}
	return 0;
}

static u64 model_hole_up(u64 nr)
{
	for (u64 i = 0; i + nr <= PAGES; i++) {
		u64 n = 0;

		while (n < nr && !model[i + n])
			n++;
		if (n == nr)
			return BASE + i * PAGE_SIZE;
	}
	return 0;
}

static void drop_all(struct mm *mm)
{
	while (mm->first_vma) {
		struct vma *v = mm->first_vma;

		vma_tree_erase(mm, v);
		kfree(v);
	}
}

KTEST(vma, tree_against_model)
{
	struct mm *mm = kzalloc(sizeof(*mm), GFP_KERNEL);
	u64 seed = 99, hi = BASE + PAGES * PAGE_SIZE;

	KREQUIRE(mm);
	memset(model, 0, sizeof(model));
	for (unsigned int step = 0; step < 6000; step++) {
		u64 first, nr;
		struct vma *v;

		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		first = (seed >> 33) % PAGES;
		nr = (seed >> 45) % 9 + 1;
		if ((seed >> 20) & 3) {
			u64 at = (seed >> 22) & 1 ? vma_tree_hole_down(mm, nr * PAGE_SIZE, BASE, hi)
						  : vma_tree_hole_up(mm, nr * PAGE_SIZE, BASE, hi);
			u64 want = (seed >> 22) & 1 ? model_hole_down(nr) : model_hole_up(nr);

			KEXPECT_EQ(at, want);
			if (!at)
				goto remove;
			v = make((at - BASE) / PAGE_SIZE, nr);
			KREQUIRE(v);
			insert(mm, v);
			memset(model + (at - BASE) / PAGE_SIZE, 1, nr);
		} else {
remove:
			v = vma_tree_find(mm, BASE + first * PAGE_SIZE);
			if (!v)
				continue;
			memset(model + (v->start - BASE) / PAGE_SIZE, 0, (v->end - v->start) / PAGE_SIZE);
			if (v->end - v->start > PAGE_SIZE && seed & 1) {
				/* Trim: keep the last page. */
				v->start = v->end - PAGE_SIZE;
				vma_tree_resized(v);
				model[(v->start - BASE) / PAGE_SIZE] = 1;
			} else {
				vma_tree_erase(mm, v);
				kfree(v);
			}
		}
		v = vma_tree_find(mm, BASE + first * PAGE_SIZE);
		if (model[first])
			KEXPECT(v && v->start <= BASE + first * PAGE_SIZE);
		else
			KEXPECT(!v || v->start > BASE + first * PAGE_SIZE);
		if (step % 100 == 0)
			KEXPECT(vma_tree_check(mm));
	}
	KEXPECT(vma_tree_check(mm));
	drop_all(mm);
	KEXPECT(!mm->vmas.node && !mm->last_vma && !mm->nr_vmas);
	kfree(mm);
}

KTEST(vma, stack_gap)
{
	struct mm *mm = kzalloc(sizeof(*mm), GFP_KERNEL);
	struct vma *stack = make(1000, 10);
	u64 top = BASE + 1010 * PAGE_SIZE, at;

	KREQUIRE(mm && stack);
	stack->flags = VM_GROWSDOWN;
	insert(mm, stack);
	at = vma_tree_hole_down(mm, PAGE_SIZE, BASE, top);
	KEXPECT_EQ(at, stack->start - STACK_GUARD_GAP - PAGE_SIZE);
	drop_all(mm);
	kfree(mm);
}

KTEST(vma, merge_rules)
{
	struct vma v = { .start = 0x10000, .end = 0x20000, .pgoff = 5, .flags = VM_READ };
	struct vma_shape s = { 0x20000, 0x30000, 5 + 16, VM_READ, NULL, NULL, NULL };

	KEXPECT(vma_can_append(&v, &s));
	s.pgoff = 77;
	KEXPECT(vma_can_append(&v, &s));	/* anonymous: offsets mean nothing */
	s.flags = VM_READ | VM_WRITE;
	KEXPECT(!vma_can_append(&v, &s));
	s.flags = v.flags = VM_READ | VM_SPECIAL;
	KEXPECT(!vma_can_append(&v, &s));
	s.flags = v.flags = VM_READ;
	s.file = v.file = (struct file *)&v;
	KEXPECT(!vma_can_append(&v, &s));
	s.pgoff = 5 + 16;
	KEXPECT(vma_can_append(&v, &s));
	s.start = 0x8000;
	s.end = 0x10000;
	s.pgoff = 5 - 8;
	KEXPECT(!vma_can_append(&v, &s) && vma_can_prepend(&v, &s));
}
