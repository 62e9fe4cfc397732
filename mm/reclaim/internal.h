/* SPDX-License-Identifier: MPL-2.0 */
/* What the files of mm/reclaim share. */
#ifndef MM_RECLAIM_INTERNAL_H
#define MM_RECLAIM_INTERNAL_H

#include <core/page.h>
#include <mm/filemap.h>

enum lru_list { LRU_INACTIVE, LRU_ACTIVE, LRU_NR };

/* lru.c */
void lru_add(struct folio *f);
void lru_move(struct folio *f, enum lru_list to);
unsigned int lru_peek(enum lru_list l, struct folio **out, unsigned int n);
u64 lru_count(enum lru_list l);

/* shrinker.c: objects freed; `share`: 1/share of each cache. */
u64 shrinkers_run(u64 share, gfp_t gfp);

#endif
