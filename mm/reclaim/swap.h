/* SPDX-License-Identifier: MPL-2.0 */
/* Swap areas, inside mm/reclaim. */
#ifndef MM_RECLAIM_SWAP_H
#define MM_RECLAIM_SWAP_H

#include <base/list.h>
#include <core/spinlock.h>
#include <core/work.h>
#include <fs/block.h>
#include <mm/swap.h>

#define MAX_AREAS	28u
#define CLUSTER		256u		/* slots that are filled one after the other by one CPU */
#define CLUSTER_WORDS	(CLUSTER / 64)

struct file;

struct swap_extent {
	u64 page, nr;			/* of the area */
	struct block_device *bdev;
	sector_t sector;
};

/*
 * What is known of a slot, one word: uses below, and above the frame number of the page that is in memory
 * too (0: none). A slot whose word is 0 is free.
 */
#define SLOT_USES	0xfffffffful
#define SLOT_BAD	0xfffffffful
#define SLOT_PFN_SHIFT	32
static inline u32 slot_uses(u64 word) { return (u32)word; }
static inline u64 slot_pfn(u64 word) { return word >> SLOT_PFN_SHIFT; }

/* Where a cluster stands: with a CPU, on a list of its area, or (full) nowhere. */
enum cluster_state { CLUSTER_FREE, CLUSTER_PARTIAL, CLUSTER_DISCARD, CLUSTER_OWNED, CLUSTER_FULL, CLUSTER_DISCARDING };

struct swap_cluster {
	spinlock_t lock;		/* class SWAP: this, and its slots' words */
	u16 free, good;			/* [lock] slots; good [I]: not bad */
	u16 hint;			/* [lock] where the search goes on */
	u8 state;			/* [area's lock; changes also under lock, but for the taking] */
	u64 used[CLUSTER_WORDS];	/* [lock] slots whose word is not 0 */
	struct list_head link;		/* [area's lock] */
};

/* One swap device or file. Lives from swapon to the end of swapoff. */
struct swap_area {
	struct list_head link;		/* [avail_lock] by priority, highest first */
	u32 nr;				/* [I] index in the table */
	int prio;			/* [avail_lock and swapon_lock to change] */
	u32 flags;			/* [I] SWAP_FLAG_DISCARD* in effect */
	bool writable;			/* [avail_lock; a] takes new pages */
	bool failed;			/* [a] a write failed: said so once */
	bool marked;			/* [I] S_SWAPFILE is set */
	bool leaving;			/* [swapon_lock] swapoff is at it */
	bool want_discard;		/* [I] empty clusters are discarded before they are used again */
	u64 max;			/* [I] slots with the header */
	u64 nr_good;			/* [I] slots that can be used */
	atomic64_t nr_free;
	u64 *slots;			/* [cluster's lock] a word each */
	struct swap_cluster *clusters;	/* [I] the array */
	u64 nr_clusters;		/* [I] */
	u32 *cpu_cluster;		/* [a] by CPU: one more than the number of its cluster; only that CPU changes it */
	spinlock_t lock;		/* class SWAP, inside a cluster's: the lists */
	struct list_head free, partial, discard;	/* [lock] clusters */
	struct work discard_work;
	struct swap_extent *extents;	/* [I] by page */
	u32 nr_extents, max_extents;	/* [I] */
	struct file *file;		/* [I] ref */
	struct block_device *bdev;	/* [I] claimed; NULL: a regular file */
};

/* [rcu] an entry in use keeps its area */
extern struct swap_area *swap_areas[MAX_AREAS];

static inline struct swap_area *entry_area(u64 entry)
{
	u32 nr = swap_entry_area(entry);

	return nr < MAX_AREAS ? __atomic_load_n(&swap_areas[nr], __ATOMIC_ACQUIRE) : NULL;
}
static inline u64 area_entry(const struct swap_area *a, u64 slot) { return (u64)a->nr << SWAP_AREA_SHIFT | slot; }

/* --- swap_slots.c --- */
/* A slot for a folio that goes into the cache: its entry; 0: all are full. */
u64 slot_take(const struct folio *f);
/* f becomes the cached page of a slot in use. -ENOENT: the slot is not in use; -EEXIST: it has one. */
__must_check int slot_cache(u64 entry, const struct folio *f);
/* f is the cached page no longer; the slot may become free. */
void slot_uncache(u64 entry, const struct folio *f);
/* The word of a slot; 0 when there is no such slot. For looks without a lock. */
u64 slot_word(const struct swap_area *a, u64 slot);

__must_check int area_slots_init(struct swap_area *a);	/* max is set */
void area_slots_bad(struct swap_area *a, u64 slot);	/* before area_slots_ready() */
void area_slots_ready(struct swap_area *a);
void area_slots_free(struct swap_area *a);
void area_discard_init(struct swap_area *a);
void swap_area_start(struct swap_area *a);
/* Off: no new pages come from the return on. May sleep. */
void swap_area_writable(struct swap_area *a, bool on);
/* Its priority, and only the number: the order stays. */
void swap_area_raise(struct swap_area *a);
/* It is empty: nobody finds it any more. May sleep. */
void swap_area_stop(struct swap_area *a);

/* swap_cache.c */
void area_locate(const struct swap_area *a, u64 slot, struct block_device **b, sector_t *sector);

#endif
