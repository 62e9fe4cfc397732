/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Memory files: the page cache is their storage. No operation is needed: a mapping without read_folio
 * has pages that come as zeros, stay until truncated, and are never written anywhere but to swap. tmpfs has
 * its own table with `charge` for its size limit; a page in swap stays charged.
 *
 * A page that goes to swap leaves its swap entry as a value in the tree, and counts as one use of the slot. It
 * comes back when it is looked for (shmem_swap_in), always out of the swap cache: its contents may change
 * without anybody telling. Only the value that was read is replaced, under the mapping's lock, so truncation and
 * page-in do not miss each other. Mappings that ever had such values are on a list, for swapoff.
 */
#include <fs/block.h>
#include <mm/swap.h>
#include <core/upcall.h>
#include <kernel/sched.h>
#include <mm/mm.h>
#include "internal.h"

const struct mapping_ops shmem_mapping_ops = { 0 };

static DEFINE_SPINLOCK(swapped_lock, OBJECT);
static LIST_HEAD(swapped);		/* [swapped_lock] mapping.swap_link */

/* --- what it costs --- */

int shmem_charge(struct mapping *m)
{
	int err = 0;

	if (!(m->flags & MAPPING_RESERVED) && mem_commit(NULL, 1))
		return -ENOSPC;
	if (m->ops && m->ops->charge)
		err = m->ops->charge(m, 1);
	if (err && !(m->flags & MAPPING_RESERVED))
		mem_uncommit(NULL, 1);
	return err;
}

void shmem_uncharge(struct mapping *m)
{
	if (!(m->flags & MAPPING_RESERVED))
		mem_uncommit(NULL, 1);
	if (m->ops && m->ops->charge)
		(void)m->ops->charge(m, -1);
}

int shmem_reserve(struct mapping *m, u64 pages)
{
	int err = mem_commit(NULL, (s64)pages);

	if (!err) {
		m->reserved = pages;
		m->flags |= MAPPING_RESERVED;
	}
	return err;
}

/* --- out --- */

static void note_swapped(struct mapping *m)
{
	spin_lock(&swapped_lock);
	if (list_empty(&m->swap_link))
		list_add_tail(&m->swap_link, &swapped);
	spin_unlock(&swapped_lock);
}

void shmem_forget(struct mapping *m)
{
	if (m->flags & MAPPING_RESERVED)
		mem_uncommit(NULL, (s64)m->reserved);
	if (list_empty(&m->swap_link))
		return;
	spin_lock(&swapped_lock);
	list_del_init(&m->swap_link);
	spin_unlock(&swapped_lock);
}

bool shmem_swap_out(struct folio *f)
{
	struct mapping *m = f->mapping;
	u64 flags, entry, index = f->index;
	bool idle;

	if (!swap_cache_prepare(f))
		return false;
	note_swapped(m);
	entry = folio_swap_entry(f);
	swap_entry_get(entry);
	spin_lock_irqsave(&m->lock, flags);
	/* The file's, the swap cache's and the caller's: nobody else may come to it from here on. */
	idle = atomic_cmpxchg(&f->refcount, 3, 0) == 3;
	if (idle) {
		VERIFY(xa_store(&m->folios, index, xa_mk_value(entry), GFP_NOWAIT) == f);
		WRITE_ONCE(f->mapping, NULL);
		m->nr_pages--;
		m->nr_swapped++;
		smp_store_release(&f->refcount.v, 2);
	}
	spin_unlock_irqrestore(&m->lock, flags);
	if (!idle) {
		(void)swap_entry_used(entry);
		swap_cache_del(f);
		folio_set(f, FOLIO_DIRTY);
		lru_add(f);
		return false;
	}
	vm_count(VM_SHMEM, -1);
	return true;
}

/* --- in --- */

/* The entry at index, or 0. */
static u64 entry_at(struct mapping *m, u64 index)
{
	void *e;

	rcu_read_lock();
	e = xa_load(&m->folios, index);
	rcu_read_unlock();
	return e && xa_is_value(e) ? xa_to_value(e) : 0;
}

/* f is locked and in the swap cache for the entry. True: it is the file's page now. */
static bool take_in(struct mapping *m, u64 index, u64 entry, struct folio *f)
{
	u64 flags;
	bool same;

	folio_wait_bit(f, FOLIO_WRITEBACK);
	spin_lock_irqsave(&m->lock, flags);
	same = xa_load(&m->folios, index) == xa_mk_value(entry);
	if (same) {
		folio_get(f);
		folio_clear(f, FOLIO_ANON);
		VERIFY(!IS_ERR(xa_store(&m->folios, index, f, GFP_NOWAIT)));
		f->index = index;
		WRITE_ONCE(f->mapping, m);
		m->nr_pages++;
		m->nr_swapped--;
	}
	spin_unlock_irqrestore(&m->lock, flags);
	if (!same)
		return false;
	(void)swap_entry_used(entry);
	swap_cache_del(f);
	folio_set(f, FOLIO_DIRTY);
	vm_count(VM_SHMEM, 1);
	lru_add(f);
	return true;
}

struct folio *shmem_swap_in(struct mapping *m, u64 index)
{
	u64 entry;

	while ((entry = entry_at(m, index))) {
		bool major, mine;
		struct folio *f;
		int err = 0;

		if (unlikely(swap_entry_is_lost(entry)))
			return ERR_PTR(-EIO);
		f = swap_read(entry, &major);

		if (IS_ERR(f)) {
			if (PTR_ERR(f) == -ENOENT)
				continue;	/* it went meanwhile */
			return f;
		}
		folio_lock(f);
		mine = folio_test(f, FOLIO_SWAPCACHE) && folio_swap_entry(f) == entry;
		if (mine && !folio_test(f, FOLIO_UPTODATE))
			err = -EIO;
		if (mine && !err && take_in(m, index, entry, f))
			return f;
		folio_unlock(f);
		folio_put(f);
		if (err)
			return ERR_PTR(err);
	}
	return NULL;
}

struct folio *filemap_get_memory(struct mapping *m, u64 index)
{
	struct folio *f = filemap_get(m, index);

	if (f || likely(!entry_at(m, index)))
		return f;
	f = shmem_swap_in(m, index);
	if (!f)
		return filemap_get(m, index);
	if (!IS_ERR(f))
		folio_unlock(f);
	return f;
}

bool shmem_drop_swapped(struct mapping *m, u64 index)
{
	u64 flags, entry = entry_at(m, index);
	bool same;

	if (!entry)
		return false;
	spin_lock_irqsave(&m->lock, flags);
	same = xa_load(&m->folios, index) == xa_mk_value(entry);
	if (same) {
		xa_erase(&m->folios, index);
		m->nr_swapped--;
	}
	spin_unlock_irqrestore(&m->lock, flags);
	if (!same)
		return true;		/* it came in: look again */
	swap_entry_put(entry);
	shmem_uncharge(m);
	return true;
}

/* --- advice --- */

void shmem_willneed(struct mapping *m, u64 first, u64 last)
{
	struct blk_plug plug;

	if (list_empty(&m->swap_link))
		return;
	blk_plug_start(&plug);
	for (u64 index = first; index <= last; index++) {
		u64 entry = entry_at(m, index);
		struct folio *f;
		bool major;

		if (!entry || swap_entry_is_lost(entry))
			continue;
		f = swap_read(entry, &major);
		if (!IS_ERR(f))
			folio_put(f);
		else if (PTR_ERR(f) == -ENOMEM)
			break;
		if (need_resched())
			cond_resched();
	}
	blk_plug_finish(&plug);
}

void shmem_page_out(struct mapping *m, u64 first, u64 last)
{
	struct blk_plug plug;

	if (READ_ONCE(m->flags) & MAPPING_LOCKED)
		return;
	blk_plug_start(&plug);
	for (u64 index = first; index <= last && swap_free_pages(); index++) {
		struct folio *f = filemap_get(m, index);

		if (!f)
			continue;
		if (folio_trylock(f)) {
			if (f->mapping == m && folio_test(f, FOLIO_UPTODATE) && !folio_order(f) &&
			    !atomic_read(&f->mapcount) && shmem_swap_out(f))
				swap_write(f);		/* unlocks */
			else
				folio_unlock(f);
		}
		folio_put(f);
		if (need_resched())
			cond_resched();
	}
	blk_plug_finish(&plug);
}

/* --- locking --- */

void shmem_set_locked(struct mapping *m, bool on)
{
	WRITE_ONCE(m->flags, on ? m->flags | MAPPING_LOCKED : m->flags & ~MAPPING_LOCKED);
}

/* --- swapoff --- */

/* It cannot be read, and its area goes. */
static void mark_lost(struct mapping *m, u64 index, void *e)
{
	u64 flags;
	bool same;

	spin_lock_irqsave(&m->lock, flags);
	same = xa_load(&m->folios, index) == e;
	if (same)
		VERIFY(xa_store(&m->folios, index, xa_mk_value(SWAP_ENTRY_LOST), GFP_NOWAIT) == e);
	spin_unlock_irqrestore(&m->lock, flags);
	if (same)
		swap_entry_put(xa_to_value(e));
}

static int mapping_unswap(struct mapping *m, u32 area)
{
	u64 index = 0;

	for (;;) {
		struct folio *f;
		void *e;

		rcu_read_lock();
		e = xa_find(&m->folios, &index, ~0ul);
		rcu_read_unlock();
		if (!e)
			return 0;
		if (xa_is_value(e) && swap_entry_area(xa_to_value(e)) == area) {
			f = shmem_swap_in(m, index);
			if (IS_ERR(f) && PTR_ERR(f) == -EIO)
				mark_lost(m, index, e);
			else if (IS_ERR(f))
				return (int)PTR_ERR(f);
			else if (f) {
				folio_unlock(f);
				folio_put(f);
			}
			continue;
		}
		if (index++ == ~0ul)
			return 0;
		if (need_resched())
			cond_resched();
	}
}

int shmem_unswap(u32 area)
{
	struct inode *held = NULL;
	struct mapping *m;
	int err = 0;

	spin_lock(&swapped_lock);
	list_for_each_entry(m, &swapped, swap_link) {
		if (!ref_get_unless_zero(&m->host->ref))
			continue;	/* it goes, and its pages with it */
		spin_unlock(&swapped_lock);
		/* Referenced, it stays on the list. */
		err = mapping_unswap(m, area);
		if (held)
			inode_put(held);
		held = m->host;
		spin_lock(&swapped_lock);
		if (err)
			break;
	}
	spin_unlock(&swapped_lock);
	if (held)
		inode_put(held);
	return err;
}
