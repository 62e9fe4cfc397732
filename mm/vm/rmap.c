/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The reverse map of files: which mappings show a range of a file's pages. Each struct mapping has a
 * tree of vmas ordered by first page, with the largest last page of each subtree, under
 * mapping->rmap_lock. Truncation, write-back and reclaim find page-table entries through it.
 *
 * A vma stays in the tree from before it is linked until after it is unlinked; its entries are cleared
 * after that, so a walker that holds rmap_lock may use the page tables of every vma it finds.
 */
#include <core/rcu.h>
#include <fs/file.h>
#include <mm/rmap.h>
#include "internal.h"

struct mapping *vma_mapping(const struct vma *v)
{
	return v->file ? v->file->mapping : NULL;
}

#define node_vma(n)	rb_entry(n, struct vma, rmap_node)

static u64 vma_last(const struct vma *v)
{
	return v->pgoff + vma_pages(v) - 1;
}

static void max_update(struct rb_node *n)
{
	struct vma *v = node_vma(n);
	u64 m = vma_last(v);

	if (n->left)
		m = max(m, node_vma(n->left)->rmap_max);
	if (n->right)
		m = max(m, node_vma(n->right)->rmap_max);
	v->rmap_max = m;
}

static void tree_insert(struct mapping *m, struct vma *v)
{
	struct rb_node **link = &m->i_mmap.root.node, *parent = NULL;
	u64 last = vma_last(v);

	while (*link) {
		struct vma *p;

		parent = *link;
		p = node_vma(parent);
		p->rmap_max = max(p->rmap_max, last);
		link = v->pgoff < p->pgoff ? &parent->left : &parent->right;
	}
	v->rmap_max = last;
	rb_link_node(&v->rmap_node, parent, link);
	rb_insert_augmented(&v->rmap_node, &m->i_mmap.root, max_update);
}

void rmap_insert(struct vma *v)
{
	struct mapping *m = vma_mapping(v);

	if (!m)
		return;
	down_write(&m->rmap_lock);
	if ((v->flags & (VM_SHARED | VM_MAYWRITE)) == (VM_SHARED | VM_MAYWRITE))
		atomic_inc(&m->nr_writable);
	tree_insert(m, v);
	up_write(&m->rmap_lock);
}

void rmap_erase(struct vma *v)
{
	struct mapping *m = vma_mapping(v);

	if (!m)
		return;
	down_write(&m->rmap_lock);
	if ((v->flags & (VM_SHARED | VM_MAYWRITE)) == (VM_SHARED | VM_MAYWRITE))
		atomic_dec(&m->nr_writable);
	rb_erase_augmented(&v->rmap_node, &m->i_mmap.root, max_update);
	up_write(&m->rmap_lock);
}

void rmap_change_begin(struct vma *v)
{
	struct mapping *m = vma_mapping(v);

	if (!m)
		return;
	down_write(&m->rmap_lock);
	rb_erase_augmented(&v->rmap_node, &m->i_mmap.root, max_update);
}

void rmap_change_end(struct vma *v)
{
	struct mapping *m = vma_mapping(v);

	if (!m)
		return;
	tree_insert(m, v);
	up_write(&m->rmap_lock);
}

/* First vma in the tree that shows a page of [first, last], in tree order from the left. */
static struct vma *subtree_first(struct rb_node *n, u64 first, u64 last)
{
	while (n) {
		struct vma *v = node_vma(n);

		if (n->left && node_vma(n->left)->rmap_max >= first) {
			n = n->left;
			continue;
		}
		if (v->pgoff <= last && vma_last(v) >= first)
			return v;
		if (v->pgoff > last)
			return NULL;
		n = n->right;
		if (n && node_vma(n)->rmap_max < first)
			return NULL;
	}
	return NULL;
}

static struct vma *rmap_next(struct vma *v, u64 first, u64 last)
{
	struct rb_node *n = rb_next(&v->rmap_node);

	for (; n; n = rb_next(n)) {
		struct vma *w = node_vma(n);

		if (w->pgoff > last)
			return NULL;
		if (vma_last(w) >= first)
			return w;
	}
	return NULL;
}

void unmap_mapping_range(struct mapping *m, u64 first, u64 nr, bool even_private)
{
	u64 last = first + nr - 1 < first ? ~0ul : first + nr - 1;
	struct vma *v;

	if (!nr || rb_root_empty(&m->i_mmap.root))
		return;
	down_read(&m->rmap_lock);
	for (v = subtree_first(m->i_mmap.root.node, first, last); v; v = rmap_next(v, first, last)) {
		u64 a = max(first, v->pgoff), b = min(last, vma_last(v));
		struct mm *mm = v->mm;
		struct pt_counts c = { { 0 } };
		struct tlb_gather g;

		if (!mm)
			continue;	/* unlinked: its owner clears it */
		tlb_gather_init(&g, mm->pt);
		pt_zap_range(mm->pt, v->start + ((a - v->pgoff) << PAGE_SHIFT),
			     v->start + ((b - v->pgoff + 1) << PAGE_SHIFT),
			     even_private ? 0 : PT_ZAP_KEEP_ANON, &g, &c);
		tlb_gather_finish(&g);
		counts_sub(mm, &c);
	}
	up_read(&m->rmap_lock);
}

/* Call fn for every entry that maps page `index` of the file; cursor open. rmap_lock held. */
static void walk_page(struct mapping *m, u64 index, rmap_fn fn, void *arg)
{
	struct vma *v;
	bool go = true;

	for (v = subtree_first(m->i_mmap.root.node, index, index); v && go; v = rmap_next(v, index, index)) {
		u64 addr = v->start + ((index - v->pgoff) << PAGE_SHIFT);
		struct mm *mm = v->mm;
		struct pt_cursor c;
		struct tlb_gather g;

		if (!mm || pt_cursor_open(&c, mm->pt, addr, 0, NULL))
			continue;
		tlb_gather_init(&g, mm->pt);
		go = fn(&c, v, &g, arg);
		pt_cursor_close(&c);
		tlb_gather_finish(&g);
	}
}

void rmap_walk_page(struct mapping *m, u64 index, rmap_fn fn, void *arg)
{
	if (rb_root_empty(&m->i_mmap.root))
		return;
	down_read(&m->rmap_lock);
	walk_page(m, index, fn, arg);
	up_read(&m->rmap_lock);
}

bool rmap_try_walk_page(struct mapping *m, u64 index, rmap_fn fn, void *arg)
{
	if (rb_root_empty(&m->i_mmap.root))
		return true;
	if (!down_read_trylock(&m->rmap_lock))
		return false;
	walk_page(m, index, fn, arg);
	up_read(&m->rmap_lock);
	return true;
}
