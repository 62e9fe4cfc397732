/* SPDX-License-Identifier: MPL-2.0 */
/* Swap areas, inside mm/reclaim. */
#ifndef MM_RECLAIM_SWAP_H
#define MM_RECLAIM_SWAP_H

#include <base/list.h>
#include <base/xarray.h>
#include <core/mutex.h>
#include <core/work.h>
#include <fs/block.h>
#include <mm/swap.h>

#define MAX_AREAS	28u
#define CLUSTER		256u		/* slots that are filled one after the other */
#define SLOT_CACHED	0x80000000u	/* the swap cache has it */
#define SLOT_BAD	0x7fffffffu

struct file;

struct swap_extent {
	u64 page, nr;			/* of the area */
	struct block_device *bdev;
	sector_t sector;
};

/* One swap device or file. Lives from swapon to the end of swapoff. */
struct swap_area {
	struct list_head link;		/* [swap_lock] by priority, highest first */
	u32 nr;				/* [I] index in the table */
	int prio;			/* [I] */
	u32 flags;			/* [I] SWAP_FLAG_DISCARD* in effect */
	bool writable;			/* [swap_lock] takes new pages */
	bool failed;			/* [a] a write failed: said so once */
	u64 max;			/* [I] slots with the header */
	u64 nr_good;			/* [I] slots that can be used */
	u64 nr_free;			/* [swap_lock] */
	u64 cursor;			/* [swap_lock] next slot to look at */
	u32 *map;			/* [swap_lock] uses of each slot | SLOT_CACHED; SLOT_BAD */
	u16 *cluster_free;		/* [swap_lock] free slots of each cluster */
	unsigned long *discard;		/* [swap_lock] clusters that are empty and not discarded yet; NULL */
	struct work discard_work;
	struct xarray cache;		/* [swap_lock] folios by slot */
	struct swap_extent *extents;	/* [I] by page */
	u32 nr_extents, max_extents;	/* [I] */
	struct file *file;		/* [I] ref */
	struct block_device *bdev;	/* [I] claimed; NULL: a regular file */
};

extern spinlock_t swap_lock;
extern struct swap_area *swap_areas[MAX_AREAS];	/* [swap_lock] an entry in use keeps its area */

static inline struct swap_area *entry_area(u64 entry) { return swap_areas[swap_entry_area(entry)]; }
static inline u64 area_entry(const struct swap_area *a, u64 slot) { return (u64)a->nr << SWAP_AREA_SHIFT | slot; }

/* swap_slots.c; swap_lock held. */
u64 slot_take(void);			/* an entry, SLOT_CACHED; 0: full */
void slot_release(struct swap_area *a, u64 slot);	/* not used any more */
void area_discard(struct work *w);

/* swap_cache.c */
void area_locate(const struct swap_area *a, u64 slot, struct block_device **b, sector_t *sector);

#endif
