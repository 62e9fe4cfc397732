/* SPDX-License-Identifier: MPL-2.0 */
/* What the files of mm/reclaim share. */
#ifndef MM_RECLAIM_INTERNAL_H
#define MM_RECLAIM_INTERNAL_H

#include <core/page.h>
#include <mm/filemap.h>

/* Two kinds of pages, each with two lists: what stands behind (kind * 2 + active). */
enum lru_kind { LRU_ANON, LRU_FILE, LRU_KINDS };	/* memory files and swap cache; files on disks */
enum lru_list { LRU_INACTIVE_ANON, LRU_ACTIVE_ANON, LRU_INACTIVE_FILE, LRU_ACTIVE_FILE, LRU_NR };

/* lru.c */
void lru_add(struct folio *f);
void lru_del(struct folio *f);
void lru_rotate(struct folio *f);	/* to the end that is looked at next; any context */
void lru_deactivate(struct folio *f);
void lru_drain_all(void);		/* what waits in the CPUs' batches goes to the lists */
/* Up to n folios from the old end, referenced and off the list; later lru_putback(), which puts them. */
unsigned int lru_isolate(enum lru_list l, struct folio **out, unsigned int n);
void lru_putback(struct folio **f, unsigned int n);
u64 lru_count(enum lru_list l);

/* workingset.c */
void workingset_evicted(struct mapping *m, u64 index);
/* A page comes back: was it dropped so lately that it belongs to the working set? */
bool workingset_refault(struct mapping *m, u64 index);

/* shrinker.c: objects freed; `share`: 1/share of each cache. */
u64 shrinkers_run(u64 share, gfp_t gfp);

#endif
