/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The page cache's look-up and membership. A mapping's xarray holds one reference to each of its
 * folios, however large: each page has an entry, all show the folio; marks stand at the first. A folio
 * is added and removed under its own lock and the mapping's spinlock; folio->mapping and folio->index say
 * where it is.
 *
 * Readers look up under RCU: they try to take a reference, then check that the entry is still the
 * same folio; frames are not freed to anything else while that reference is held.
 *
 * Locks: folio lock (sleeps), then mapping->lock (XARRAY, interrupts off: write-back ends in them).
 */
#include <core/rcu.h>
#include <core/task_core.h>
#include <core/upcall.h>
#include <fs/super.h>
#include <kernel/task.h>
#include <mm/writeback.h>
#include "internal.h"

void mapping_init(struct mapping *m, struct inode *host, const struct mapping_ops *ops)
{
	m->host = host;
	xa_init(&m->folios);
	spin_lock_init(&m->lock, XARRAY);
	m->flags = !ops || !ops->read_folio ? MAPPING_NO_WRITEBACK | MAPPING_UNEVICTABLE : 0;
	m->nr_pages = m->nr_swapped = m->reserved = 0;
	m->ops = ops;
	rwsem_init(&m->invalidate_lock, INVALIDATE);
	m->i_mmap = (struct rb_root_cached)RB_ROOT_CACHED;
	rwsem_init(&m->rmap_lock, RMAP);
	atomic_set(&m->nr_writable, 0);
	m->wb_err = 0;
	m->gfp = GFP_USER;
	list_init(&m->swap_link);
	m->bdi = host && host->sb ? host->sb->bdi : NULL;
}

struct folio *filemap_get(struct mapping *m, u64 index)
{
	struct folio *f;

	rcu_read_lock();
	for (;;) {
		f = xa_load(&m->folios, index);
		if (!f || xa_is_value(f)) {
			f = NULL;
			break;
		}
		if (unlikely(!folio_try_get(f)))
			continue;
		if (likely(folio_is_at(f, m, index)))
			break;
		/* Removed between the two: look again. */
		rcu_read_unlock();
		folio_put(f);
		rcu_read_lock();
	}
	rcu_read_unlock();
	return f;
}

struct folio *filemap_lock_folio(struct mapping *m, u64 index)
{
	struct folio *f;

	while ((f = filemap_get(m, index))) {
		folio_lock(f);
		if (likely(folio_is_at(f, m, index)))
			return f;
		folio_unlock(f);
		folio_put(f);
	}
	return NULL;
}

/* Insert under the lock; without sleeping. All entries or none. */
static int insert_nowait(struct mapping *m, struct folio *f, u64 index)
{
	u64 flags, n = folio_nr_pages(f), i;
	int err = 0;

	spin_lock_irqsave(&m->lock, flags);
	for (i = 0; i < n && !err; i++)
		err = xa_insert(&m->folios, index + i, f, GFP_NOWAIT | GFP_HIGHPRI);
	if (likely(!err)) {
		f->index = index;
		WRITE_ONCE(f->mapping, m);
		m->nr_pages += n;
	} else {
		for (i--; i > 0; i--)
			xa_erase(&m->folios, index + i - 1);
	}
	spin_unlock_irqrestore(&m->lock, flags);
	return err;
}

int filemap_add(struct mapping *m, struct folio *f, u64 index, gfp_t gfp)
{
	bool memory = mapping_is_memory(m);
	int err, tries = 0;

	ASSERT(folio_test(f, FOLIO_LOCKED) && !f->mapping && !(index & (folio_nr_pages(f) - 1)));
	if (memory) {
		err = shmem_charge(m);
		if (err)
			return err;
	}
	folio_get(f);
	if (memory)
		folio_set(f, FOLIO_SWAPBACKED);
	while ((err = insert_nowait(m, f, index)) == -ENOMEM && gfp & GFP_WAIT && tries++ < 8)
		if (!reclaim_pages(32, 0, gfp) && signal_fatal_pending(current_core()))
			break;
	if (unlikely(err)) {
		if (memory)
			folio_clear(f, FOLIO_SWAPBACKED);
		folio_put(f);
		if (memory)
			shmem_uncharge(m);
		return err == -EBUSY ? -EEXIST : err;
	}
	vm_count(memory ? VM_SHMEM : VM_FILE, (s64)folio_nr_pages(f));
	if (!memory && workingset_refault(m, index))
		folio_set(f, FOLIO_ACTIVE);
	lru_add(f);
	return 0;
}

/* m->lock held. */
static void erase_locked(struct mapping *m, struct folio *f, u64 n)
{
	for (u64 i = 0; i < n; i++)
		xa_erase(&m->folios, f->index + i);
	WRITE_ONCE(f->mapping, NULL);
	m->nr_pages -= n;
}

/* It is off the tree: counters, and the cache's reference. */
static void removed(struct mapping *m, struct folio *f, u64 n)
{
	if (mapping_is_memory(m)) {
		vm_count(VM_SHMEM, -1);
		shmem_uncharge(m);
	} else {
		vm_count(VM_FILE, -(s64)n);
	}
	folio_put(f);
}

void filemap_remove(struct folio *f)
{
	struct mapping *m = f->mapping;
	u64 flags, n = folio_nr_pages(f);

	ASSERT(folio_test(f, FOLIO_LOCKED) && m);
	WARN_ONCE(folio_test(f, FOLIO_PRIVATE));
	if (folio_test_clear(f, FOLIO_DIRTY) && !(m->flags & MAPPING_NO_WRITEBACK)) {
		bdi_count_dirty(m, -(s64)n);
		current->io.cancelled += n << PAGE_SHIFT;
	}
	spin_lock_irqsave(&m->lock, flags);
	erase_locked(m, f, n);
	spin_unlock_irqrestore(&m->lock, flags);
	removed(m, f, n);
}

/*
 * Remove a clean folio if nobody but the cache and the caller has it. In one step: who looks it up under
 * RCU meanwhile (and may map it without the folio lock) comes before and is counted, or fails to take a
 * reference, or finds it removed.
 */
bool filemap_remove_idle(struct folio *f)
{
	struct mapping *m = f->mapping;
	u64 flags, n = folio_nr_pages(f);
	bool idle;

	ASSERT(folio_test(f, FOLIO_LOCKED) && m);
	spin_lock_irqsave(&m->lock, flags);
	idle = atomic_cmpxchg(&f->refcount, 2, 0) == 2;
	if (idle) {
		erase_locked(m, f, n);
		smp_store_release(&f->refcount.v, 2);
	}
	spin_unlock_irqrestore(&m->lock, flags);
	if (idle)
		removed(m, f, n);
	return idle;
}

struct folio *filemap_grab(struct mapping *m, u64 index, gfp_t gfp)
{
	for (;;) {
		struct folio *f = filemap_lock_folio(m, index);
		int err;

		if (f)
			return f;
		if (mapping_is_memory(m) && unlikely(!list_empty(&m->swap_link))) {
			f = shmem_swap_in(m, index);
			if (f)
				return f;
		}
		f = folio_alloc(0, gfp);
		if (!f)
			return ERR_PTR(-ENOMEM);
		/* Ours alone: no need to wait for the lock. */
		f->flags |= BIT(FOLIO_LOCKED);
		err = filemap_add(m, f, index, gfp);
		if (likely(!err))
			return f;
		folio_unlock(f);
		folio_put(f);
		if (err != -EEXIST)
			return ERR_PTR(err);
	}
}

struct folio *filemap_grab_range(struct mapping *m, u64 index, u64 last, gfp_t gfp)
{
	unsigned int order = m->flags & MAPPING_LARGE ? FOLIO_MAX_ORDER : 0;
	struct folio *f = filemap_lock_folio(m, index);

	if (f)
		return f;
	while (order && (index & ((1ul << order) - 1) || index + (1ul << order) - 1 > last))
		order--;
	if (!order)
		return filemap_grab(m, index, gfp);
	f = folio_alloc(order, (gfp & ~GFP_WAIT) | GFP_NORETRY | GFP_NOWARN);
	if (f) {
		f->flags |= BIT(FOLIO_LOCKED);
		if (!filemap_add(m, f, index, gfp | GFP_NORETRY))
			return f;
		folio_unlock(f);
		folio_put(f);
	}
	return filemap_grab(m, index, gfp);
}

/* A hole of a memory file becomes a page of zeros. Referenced, uptodate, locked. */
static struct folio *memory_folio(struct mapping *m, u64 index)
{
	struct folio *f = filemap_grab(m, index, m->gfp);

	if (!IS_ERR(f) && !folio_test(f, FOLIO_UPTODATE)) {
		folio_zero(f);
		folio_set(f, FOLIO_UPTODATE);
		folio_set(f, FOLIO_DIRTY);
	}
	return f;
}

/* Some page of a large one could not be read: without it each can be read singly. Our reference goes too, if true. */
static bool drop_failed(struct mapping *m, struct folio *f)
{
	bool gone = true;

	folio_lock(f);
	if (f->mapping == m) {
		gone = !(READ_ONCE(f->flags) & (BIT(FOLIO_UPTODATE) | BIT(FOLIO_DIRTY) | BIT(FOLIO_WRITEBACK)));
		if (gone) {
			if (m->ops->invalidate_folio)
				m->ops->invalidate_folio(f, 0, folio_size(f));
			filemap_remove(f);
		}
	}
	folio_unlock(f);
	if (gone)
		folio_put(f);
	return gone;
}

struct folio *filemap_read_locked(struct file *file, struct mapping *m, u64 index)
{
	for (;;) {
		struct folio *f;
		int err;

		if (mapping_is_memory(m))
			return memory_folio(m, index);
		f = filemap_grab(m, index, m->gfp);
		if (IS_ERR(f) || folio_test(f, FOLIO_UPTODATE))
			return f;
		if (folio_test(f, FOLIO_ERROR))
			folio_clear(f, FOLIO_ERROR);
		err = m->ops->read_folio(file, f);	/* unlocks when done */
		if (!err)
			err = folio_wait_bit_killable(f, FOLIO_LOCKED);
		if (!err && !folio_test(f, FOLIO_UPTODATE))
			err = folio_test(f, FOLIO_ERROR) || f->mapping == m ? -EIO : 0;
		if (err == -EIO && folio_order(f) && drop_failed(m, f))
			continue;
		if (err) {
			folio_put(f);
			return ERR_PTR(err);
		}
		folio_lock(f);
		if (folio_is_at(f, m, index) && folio_test(f, FOLIO_UPTODATE))
			return f;
		folio_unlock(f);	/* truncated meanwhile */
		folio_put(f);
	}
}

struct folio *filemap_read_now(struct file *file, struct mapping *m, u64 index)
{
	struct folio *f;

	/* Whoever frees blocks of the file keeps new pages out meanwhile. */
	if (!mapping_is_memory(m))
		down_read(&m->invalidate_lock);
	f = filemap_read_locked(file, m, index);
	if (!mapping_is_memory(m))
		up_read(&m->invalidate_lock);
	if (!IS_ERR(f))
		folio_unlock(f);
	return f;
}

struct folio *filemap_read_folio(struct file *file, struct mapping *m, u64 index)
{
	struct folio *f = filemap_get(m, index);

	if (likely(f)) {
		if (likely(folio_test(f, FOLIO_UPTODATE))) {
			if (unlikely(folio_test(f, FOLIO_READAHEAD)) && file)
				readahead_marked(file, m, f, index, 1);
			return f;
		}
		folio_put(f);
	} else if (file && !mapping_is_memory(m)) {
		readahead_miss(file, m, index, 1);
		file->ra.prev_pos = (s64)index;
	}
	return filemap_read_now(file, m, index);
}

/* --- state of folios --- */

void folio_mark_accessed(struct folio *f)
{
	if (!folio_test(f, FOLIO_REFERENCED))
		folio_set(f, FOLIO_REFERENCED);
	else if (folio_test(f, FOLIO_LRU) && !folio_test(f, FOLIO_ACTIVE))
		folio_set(f, FOLIO_ACTIVE);	/* the scan moves it */
}

void folio_end_read(struct folio *f, int error)
{
	if (error)
		folio_set(f, FOLIO_ERROR);
	else
		folio_set(f, FOLIO_UPTODATE);
	folio_unlock(f);
}
