/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Swap: anonymous pages and pages of memory files on a disk (mm/reclaim/swap_*.c). A swap entry is a
 * number: area and slot. It stands in a page-table entry instead of the page, or as a value in a memory
 * file's tree, and each place where it stands counts as one use of the slot.
 *
 * Swap cache: while a page is both in memory and in a slot, the area's tree finds it by the slot, under the
 * folio's lock; the cache holds a folio reference and the slot. A folio in the cache that is not dirty
 * equals its slot. So no entry that maps it may be writable, except while FOLIO_DIRTY is set.
 */
#ifndef MM_SWAP_H
#define MM_SWAP_H

#include <core/page.h>

struct seq_file;

extern int vm_swappiness, swap_page_cluster;	/* /proc/sys/vm [a] */
/* Pages of all areas, and free ones. */
u64 swap_total_pages(void);
u64 swap_free_pages(void);
void swaps_show(struct seq_file *s);		/* /proc/swaps */

/* --- slots. Any context. The first two are core's upcalls swap_entry_get(), swap_entry_put(). --- */
/* One use less; uses left. The cache stays as it is: for holders of the folio's lock. */
u32 swap_entry_used(u64 entry);
u32 swap_entry_count(u64 entry);
/* Little room, or the area is being switched off: keep no copy in the slot without need. */
bool swap_entry_scarce(u64 entry);

/* --- the swap cache --- */
static inline u64 folio_swap_entry(const struct folio *f) { return f->priv_u64; }
/* Give a locked folio a slot and put it into the cache, dirty. False: no slot. */
__must_check bool swap_cache_prepare(struct folio *f);
/* Out of the cache; locked, not under write-back. Gives up the cache's reference and use of the slot. */
void swap_cache_del(struct folio *f);
/* Referenced, perhaps locked and not read yet; NULL: not in memory. */
struct folio *swap_cache_get(u64 entry);
/*
 * The folio of an entry, referenced; it may be locked until it is read. ERR_PTR: -ENOENT the slot is not
 * in use any more; -ENOMEM. Reads neighbours too. May sleep. *major: had to read.
 */
__must_check struct folio *swap_read(u64 entry, bool *major);
/* Begin to write a locked, dirty, unmapped folio of the cache; unlocks it. */
void swap_write(struct folio *f);
/* Locked, in the cache, unmapped: begin to write it if it must be, else free it. Unlocks. True: it is gone. */
bool swap_folio_reclaim(struct folio *f);

/* mm/vm/swapin.c: bring all pages of an area back into address spaces. 0, -EINTR, -ENOMEM. */
__must_check int mms_unswap(u32 area);
/*
 * mm/cache/shmem.c. A locked, unmapped folio of a memory file goes to the swap cache, dirty; the file keeps the
 * entry. False: it is in use, or there is no slot.
 */
__must_check bool shmem_swap_out(struct folio *f);
/* The same for memory files. */
__must_check int shmem_unswap(u32 area);
#define SWAP_AREA_SHIFT	48
static inline u32 swap_entry_area(u64 entry) { return (u32)(entry >> SWAP_AREA_SHIFT); }
/* What could not be read back at swapoff: stands in no area, faults with SIGBUS. */
#define SWAP_ENTRY_LOST	(30ul << SWAP_AREA_SHIFT)
static inline bool swap_entry_is_lost(u64 entry) { return entry == SWAP_ENTRY_LOST; }
static inline u64 swap_entry_slot(u64 entry) { return entry & ((1ul << SWAP_AREA_SHIFT) - 1); }

#endif
