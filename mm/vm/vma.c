/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The mappings of an address space as a set ordered by address: a red-black tree whose nodes also know
 * the largest hole in front of any mapping in their subtree, and a list through neighbours. The hole in
 * front of v is [v->prev->end, start of v), less the guard gap if v is a growing stack; space
 * above the last mapping belongs to nobody's hole and is looked at separately.
 *
 * Invariants (vma_tree_check): mappings do not overlap, are not empty, list and tree agree, each `gap`
 * is the largest hole of its subtree.
 *
 * Pure code. Writers hold the mm's range lock and tree lock; readers under RCU use vma_find() of
 * lookup.c, which retries by mm->tree_seq.
 */
#include <base/math.h>
#include "vma.h"

#define node_vma(n)	rb_entry(n, struct vma, node)

u64 vma_start_gap(const struct vma *v)
{
	if (!(v->flags & VM_GROWSDOWN))
		return v->start;
	return v->start > STACK_GUARD_GAP ? v->start - STACK_GUARD_GAP : 0;
}

static u64 hole_before(const struct vma *v)
{
	u64 start = vma_start_gap(v), prev_end = v->prev ? v->prev->end : 0;

	return start > prev_end ? start - prev_end : 0;
}

static u64 gap_compute(const struct vma *v)
{
	u64 g = hole_before(v);

	if (v->node.left)
		g = max(g, node_vma(v->node.left)->gap);
	if (v->node.right)
		g = max(g, node_vma(v->node.right)->gap);
	return g;
}

static void gap_update(struct rb_node *n)
{
	node_vma(n)->gap = gap_compute(node_vma(n));
}

/* From v up to the root, as long as something changes. */
static void gap_propagate(struct vma *v)
{
	struct rb_node *n = &v->node;

	while (n) {
		u64 g = gap_compute(node_vma(n));

		if (node_vma(n)->gap == g)
			return;
		node_vma(n)->gap = g;
		n = rb_parent(n);
	}
}

struct vma *vma_tree_find(const struct mm *mm, u64 addr)
{
	struct rb_node *n = mm->vmas.node;
	struct vma *best = NULL;

	while (n) {
		struct vma *v = node_vma(n);

		if (v->end > addr) {
			best = v;
			if (v->start <= addr)
				break;
			n = n->left;
		} else {
			n = n->right;
		}
	}
	return best;
}

struct vma *vma_tree_first(const struct mm *mm, u64 start, u64 end)
{
	struct vma *v = vma_tree_find(mm, start);

	return v && v->start < end ? v : NULL;
}

void vma_tree_insert(struct mm *mm, struct vma *v, struct vma *prev)
{
	struct vma *next = prev ? prev->next : mm->first_vma;
	struct rb_node *parent, **link;

	v->prev = prev;
	v->next = next;
	if (prev)
		prev->next = v;
	else
		mm->first_vma = v;
	if (next)
		next->prev = v;
	else
		mm->last_vma = v;
	/* In order, v's place is right of prev or, if that is taken, left of next. */
	if (prev && !prev->node.right) {
		parent = &prev->node;
		link = &parent->right;
	} else if (next) {
		parent = &next->node;
		link = &parent->left;
	} else {
		parent = NULL;
		link = &mm->vmas.node;
	}
	v->gap = 0;
	rb_link_node(&v->node, parent, link);
	v->gap = hole_before(v);
	/* The hole that v fell into was next's; then v's own way up. */
	if (next)
		gap_propagate(next);
	for (struct rb_node *n = rb_parent(&v->node); n; n = rb_parent(n)) {
		if (node_vma(n)->gap >= v->gap)
			break;
		node_vma(n)->gap = v->gap;
	}
	rb_insert_augmented(&v->node, &mm->vmas, gap_update);
	mm->nr_vmas++;
}

void vma_tree_erase(struct mm *mm, struct vma *v)
{
	struct vma *prev = v->prev, *next = v->next;

	rb_erase_augmented(&v->node, &mm->vmas, gap_update);
	if (prev)
		prev->next = next;
	else
		mm->first_vma = next;
	if (next)
		next->prev = prev;
	else
		mm->last_vma = prev;
	if (next)
		gap_propagate(next);
	mm->nr_vmas--;
}

void vma_tree_resized(struct vma *v)
{
	gap_propagate(v);
	if (v->next)
		gap_propagate(v->next);
}

/*
 * The hole that lies before v, cut to [lo, hi): the highest fitting place in it, or 0.
 */
static u64 place_down(u64 hole_lo, u64 hole_hi, u64 len, u64 lo, u64 hi)
{
	hole_lo = max(hole_lo, lo);
	hole_hi = min(hole_hi, hi);
	return hole_hi > hole_lo && hole_hi - hole_lo >= len ? hole_hi - len : 0;
}

/*
 * Highest fitting hole at or below v's own, within the subtree of n: right subtree first. Holes above hi are
 * skipped: each visited node either cuts the search or leads to the answer.
 */
static u64 search_down(struct rb_node *n, u64 len, u64 lo, u64 hi)
{
	while (n && node_vma(n)->gap >= len) {
		struct vma *v = node_vma(n);
		u64 prev_end = v->prev ? v->prev->end : 0, at;

		/* Holes right of v begin at v->end. */
		if (v->end < hi && v->node.right) {
			at = search_down(v->node.right, len, lo, hi);
			if (at)
				return at;
		}
		if (prev_end < hi) {
			at = place_down(prev_end, vma_start_gap(v), len, lo, hi);
			if (at)
				return at;
		}
		if (v->start <= lo)
			return 0;
		n = v->node.left;
	}
	return 0;
}

u64 vma_tree_hole_down(const struct mm *mm, u64 len, u64 lo, u64 hi)
{
	u64 at;

	if (hi <= lo || hi - lo < len)
		return 0;
	at = place_down(mm->last_vma ? mm->last_vma->end : 0, ~0ul, len, lo, hi);
	return at ? at : search_down(mm->vmas.node, len, lo, hi);
}

static u64 search_up(struct rb_node *n, u64 len, u64 lo, u64 hi)
{
	while (n && node_vma(n)->gap >= len) {
		struct vma *v = node_vma(n);
		u64 a = max(v->prev ? v->prev->end : 0ul, lo), b = min(vma_start_gap(v), hi), at;

		if (v->start > lo && v->node.left) {
			at = search_up(v->node.left, len, lo, hi);
			if (at)
				return at;
		}
		if (b > a && b - a >= len)
			return a;
		if (v->end >= hi)
			return 0;
		n = v->node.right;
	}
	return 0;
}

u64 vma_tree_hole_up(const struct mm *mm, u64 len, u64 lo, u64 hi)
{
	u64 at, a;

	if (hi <= lo || hi - lo < len)
		return 0;
	at = search_up(mm->vmas.node, len, lo, hi);
	if (at)
		return at;
	a = max(mm->last_vma ? mm->last_vma->end : 0ul, lo);
	return hi > a && hi - a >= len ? a : 0;
}

/* Same kind of mapping; only VM_LOCKED and the like in flags must agree in full. */
static bool shapes_agree(const struct vma *v, const struct vma_shape *s)
{
	return v->flags == s->flags && v->file == s->file && v->ops == s->ops && v->name == s->name &&
	       !(s->flags & VM_MERGEABLE_NOT) && (!v->ops || !v->ops->close);
}

static bool is_anon(const struct vma *v)
{
	return !v->file && !v->ops;
}

bool vma_can_append(const struct vma *v, const struct vma_shape *s)
{
	return v->end == s->start && shapes_agree(v, s) &&
	       (is_anon(v) || v->pgoff + ((v->end - v->start) >> PAGE_SHIFT) == s->pgoff);
}

bool vma_can_prepend(const struct vma *v, const struct vma_shape *s)
{
	return s->end == v->start && shapes_agree(v, s) &&
	       (is_anon(v) || s->pgoff + ((s->end - s->start) >> PAGE_SHIFT) == v->pgoff);
}

static bool subtree_check(const struct rb_node *n, u64 *count, const struct vma **last)
{
	const struct vma *v;

	if (!n)
		return true;
	v = node_vma((struct rb_node *)n);
	if (!subtree_check(n->left, count, last))
		return false;
	if (v->prev != *last || (*last && ((*last)->next != v || (*last)->end > v->start)) || v->start >= v->end)
		return false;
	if (v->gap != gap_compute(v))
		return false;
	*last = v;
	(*count)++;
	return subtree_check(n->right, count, last);
}

bool vma_tree_check(const struct mm *mm)
{
	const struct vma *last = NULL;
	u64 count = 0;

	return subtree_check(mm->vmas.node, &count, &last) && count == mm->nr_vmas && mm->last_vma == last &&
	       (!last || !last->next) && (!mm->first_vma || !mm->first_vma->prev);
}
