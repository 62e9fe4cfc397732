/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Finding mappings without the mm's range lock, and struct vma's memory.
 *
 * vma structs are type-stable under RCU: a reader may take the lock of one that was freed or even
 * reused in the meantime, so after taking it the reader checks that the vma is linked in the
 * right mm (v->mm, cleared under the write lock on unlinking) and covers the address.
 *
 * The tree changes under mm->tree_seq; a walk that raced with a change is repeated. The last hit
 * is kept as a hint: it is set only under the vma's read lock and cleared under its write lock, so the
 * hint never names a vma that is off the tree for longer than a grace period.
 */
#include <core/init.h>
#include <core/rcu.h>
#include <core/slab.h>
#include "internal.h"

static struct kmem_cache *vma_cache __ro_after_init;

static void vma_ctor(void *p)
{
	struct vma *v = p;

	v->mm = NULL;
	rwsem_init(&v->lock, VMA);
}

static int vma_cache_init(void)
{
	vma_cache = kmem_cache_create("vm_area_struct", sizeof(struct vma), 8, SLAB_TYPESAFE_RCU, vma_ctor);
	return vma_cache ? 0 : -ENOMEM;
}
INITCALL_CORE(vma_cache_init);

struct vma *vma_alloc(struct mm *mm)
{
	struct vma *v = kmem_cache_alloc(vma_cache, GFP_KERNEL);

	if (!v)
		return NULL;
	/* Readers may hold a stale pointer: mm is set when the vma is linked, the lock stays as it is. */
	v->flags = 0;
	v->has_anon = false;
	v->pgoff = 0;
	v->file = NULL;
	v->ops = NULL;
	v->private = NULL;
	v->name = NULL;
	v->prev = v->next = NULL;
	(void)mm;
	return v;
}

void vma_free(struct vma *v)
{
	ASSERT(!v->mm);
	kmem_cache_free(vma_cache, v);
}

/* Tree walk that may see a change in the middle; NULL or a vma that was there at some time. */
static struct vma *walk_once(const struct mm *mm, u64 addr)
{
	struct rb_node *n = rcu_dereference(mm->vmas.node);
	struct vma *best = NULL;

	while (n) {
		struct vma *v = rb_entry(n, struct vma, node);

		if (READ_ONCE(v->end) > addr) {
			best = v;
			if (READ_ONCE(v->start) <= addr)
				break;
			n = rcu_dereference(n->left);
		} else {
			n = rcu_dereference(n->right);
		}
	}
	return best;
}

struct vma *vma_find(struct mm *mm, u64 addr)
{
	struct vma *v;
	u32 seq;

	do {
		seq = read_seqbegin(&mm->tree_seq);
		v = walk_once(mm, addr);
	} while (read_seqretry(&mm->tree_seq, seq));
	return v;
}

/*
 * A change is under way at the vma we want: wait for it on the range lock. Who holds all of a vma's
 * range knows that it stays; so the request is repeated until it holds that of the vma found.
 */
static __noinline struct vma *lock_read_wait(struct mm *mm, u64 addr)
{
	u64 end = addr + 1;

	for (;;) {
		struct range_req r;
		struct vma *v;
		bool held;

		mm_lock_read(mm, &r, addr, end);
		spin_lock(&mm->tree_lock);
		v = vma_tree_find(mm, addr);
		held = v && v->start < end;	/* it overlaps what we hold: it stands still */
		if (v && !held)
			end = v->start + 1;
		spin_unlock(&mm->tree_lock);
		if (held)
			down_read(&v->lock);
		mm_unlock(mm, &r);
		if (held || !v)
			return v;
	}
}

static __noinline struct vma *lock_read_walk(struct mm *mm, u64 addr)
{
	struct vma *v;

	rcu_read_lock();
	v = vma_find(mm, addr);
	if (!v) {
		rcu_read_unlock();
		return NULL;
	}
	if (unlikely(!down_read_trylock(&v->lock))) {
		rcu_read_unlock();
		return lock_read_wait(mm, addr);
	}
	rcu_read_unlock();
	if (unlikely(v->mm != mm || v->end <= addr)) {
		up_read(&v->lock);
		return lock_read_wait(mm, addr);
	}
	if (v->start <= addr)
		WRITE_ONCE(mm->cached_vma, v);
	return v;
}

struct vma *vma_lock_read(struct mm *mm, u64 addr)
{
	struct vma *v;

	rcu_read_lock();
	v = READ_ONCE(mm->cached_vma);
	if (likely(v && v->start <= addr && addr < v->end && down_read_trylock(&v->lock))) {
		rcu_read_unlock();
		if (likely(v->mm == mm && v->start <= addr && addr < v->end))
			return v;
		up_read(&v->lock);
	} else {
		rcu_read_unlock();
	}
	return lock_read_walk(mm, addr);
}

void vma_unlock_read(struct vma *v)
{
	up_read(&v->lock);
}
