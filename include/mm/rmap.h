/* SPDX-License-Identifier: MPL-2.0 */
/* From a page of a file to the page-table entries that map it (mm/vm/rmap.c). */
#ifndef MM_RMAP_H
#define MM_RMAP_H

#include <core/pgtable.h>
#include <mm/filemap.h>

struct vma;

/* Called with the cursor open on the entry of vma v, which may not be there any more. False: stop. */
typedef bool (*rmap_fn)(struct pt_cursor *c, struct vma *v, struct tlb_gather *g, void *arg);
/* fn for the entry of page `index` in every mapping of the file. Takes rmap_lock for reading; may sleep. */
void rmap_walk_page(struct mapping *m, u64 index, rmap_fn fn, void *arg);
/* The same for reclaim, whose caller may hold any lock: false, and nothing is done, if rmap_lock is not free at once. */
__must_check bool rmap_try_walk_page(struct mapping *m, u64 index, rmap_fn fn, void *arg);

#endif
