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

#define MARK_DIRTY	XA_MARK_0
#define MARK_WRITEBACK	XA_MARK_1

/* A memory file: its folios are the only copy; holes read as zeros. */
static inline bool mapping_is_memory(const struct mapping *m) { return !m->ops || !m->ops->read_folio; }
static inline u64 mapping_size_pages(const struct mapping *m)
{
	return ((u64)inode_size(m->host) + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

/* filemap.c: read in if need be; referenced, uptodate, locked. ERR_PTR. */
struct folio *filemap_read_locked(struct file *file, struct mapping *m, u64 index);

/* writeback.c */
bool folio_clear_dirty_for_io(struct folio *f);

/* mm/reclaim/lru.c */
void lru_add(struct folio *f);

#endif
