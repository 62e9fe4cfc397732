/* SPDX-License-Identifier: MPL-2.0 */
/* What the files of mm/cache share. */
#ifndef MM_CACHE_INTERNAL_H
#define MM_CACHE_INTERNAL_H

#include <base/err.h>
#include <base/math.h>
#include <core/rcu.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <mm/filemap.h>

#define MARK_DIRTY	MAPPING_MARK_DIRTY
#define MARK_WRITEBACK	MAPPING_MARK_WRITEBACK

/* A memory file: its folios are the only copy; holes read as zeros. */
static inline bool mapping_is_memory(const struct mapping *m) { return !m->ops || !m->ops->read_folio; }
static inline u64 mapping_size_pages(const struct mapping *m)
{
	return ((u64)inode_size(m->host) + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

/* filemap.c: read in if need be; referenced, uptodate, locked. ERR_PTR. */
struct folio *filemap_read_locked(struct file *file, struct mapping *m, u64 index);

/* The same, not locked; nothing else is read. */
struct folio *filemap_read_now(struct file *file, struct mapping *m, u64 index);

/* readahead.c. file->ra.mode: posix_fadvise */
enum { RA_NORMAL, RA_RANDOM, RA_SEQUENTIAL };
/* Begin to read what is missing of [first, first + nr), in folios up to `order`; invalidate_lock held. Page `mark`, or ~0. */
void readahead_window(struct file *f, struct mapping *m, u64 first, u64 nr, u64 mark, unsigned int order);
/* A reader that wants `want` pages from index on finds it missing; meets a marked folio; a fault finds nothing. */
void readahead_miss(struct file *f, struct mapping *m, u64 index, u64 want);
void readahead_marked(struct file *f, struct mapping *m, struct folio *folio, u64 index, u64 want);
void readahead_fault(struct file *f, struct mapping *m, u64 index, u32 vmflags);
u32 ra_max_pages(const struct file *f, const struct mapping *m);
/* writeback.c */
static inline bool mapping_can_writeback(const struct mapping *m)
{
	return !(m->flags & MAPPING_NO_WRITEBACK) && m->ops && (m->ops->writepages || m->ops->writepage);
}
bool folio_clear_dirty_for_io(struct folio *f);

/* shmem.c. Pages of a memory file come (-ENOSPC) or go: committed memory, and the instance's limit. */
__must_check int shmem_charge(struct mapping *m);
void shmem_uncharge(struct mapping *m);
/* What lies in swap at index, locked and referenced; NULL: nothing (any more); ERR_PTR. */
struct folio *shmem_swap_in(struct mapping *m, u64 index);
/* Give up what lies in swap at index. True: there was something, look again. */
bool shmem_drop_swapped(struct mapping *m, u64 index);
void shmem_forget(struct mapping *m);

/* mm/reclaim/lru.c */
void lru_add(struct folio *f);
void lru_drain_all(void);
/* mm/reclaim/workingset.c: a page comes into the cache: was it dropped lately? */
bool workingset_refault(struct mapping *m, u64 index);

#endif
