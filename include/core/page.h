/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Physical memory: folios (one or 2^order page frames handled as one) and plain kernel pages.
 * mm/core/{memblock,buddy,page}.c. A folio lives while its reference count is above zero; the
 * last folio_put() frees it. struct folio is open inside mm/ only; others use the accessors below.
 */
#ifndef CORE_PAGE_H
#define CORE_PAGE_H

#include <base/alloc.h>
#include <base/atomic.h>
#include <base/bits.h>
#include <base/list.h>
#include <base/ref.h>
#include <base/types.h>

#define MAX_ORDER	10		/* largest buddy block: 4 MiB */
#define HPAGE_ORDER	9
#define HPAGE_SIZE	(PAGE_SIZE << HPAGE_ORDER)

struct mapping;
struct folio;

/* One per page frame; fields of the head frame speak for the whole folio. */
struct folio {
	unsigned long flags;		/* [a] FOLIO_* bits; order in the top byte */
	atomic_t refcount;
	atomic_t mapcount;		/* page-table entries that map it (all its pages) */
	struct mapping *mapping;	/* [folio lock] file; or FOLIO_ANON tag | anon root; NULL */
	u64 index;			/* [folio lock] page offset in the mapping; swap entry */
	union {
		struct list_head lru;	/* [lru lock; or owner's list while isolated] */
		struct {		/* slab pages */
			void *slab;
			void *freelist;
		};
		struct {		/* tail frames */
			struct folio *head;
			u64 tail_nr;
		};
		struct {		/* page-table pages: their lock (class PAGE_TABLE) */
			u64 pt_lock;
			u64 pt_live;
		};
	};
	union {
		void *private;		/* file system's; buddy order while free */
		struct rcu_head *rcu_unused;
		u64 priv_u64;
	};
	void *memcg;			/* memory cgroup */
};
static_assert(sizeof(struct folio) == 64, "page frames are budgeted at 64 bytes");

enum folio_bit {
	FOLIO_LOCKED, FOLIO_UPTODATE, FOLIO_DIRTY, FOLIO_WRITEBACK, FOLIO_LRU, FOLIO_ACTIVE,
	FOLIO_REFERENCED, FOLIO_RECLAIM, FOLIO_ERROR, FOLIO_ANON, FOLIO_SWAPCACHE, FOLIO_SWAPBACKED,
	FOLIO_UNEVICTABLE, FOLIO_MLOCKED, FOLIO_TAIL, FOLIO_SLAB, FOLIO_BUDDY, FOLIO_RESERVED,
	FOLIO_PGTABLE, FOLIO_PRIVATE, FOLIO_WAITERS, FOLIO_EXCLUSIVE, FOLIO_READAHEAD, FOLIO_KERNEL,
	FOLIO_WORKINGSET, FOLIO_LARGE_KMALLOC,
};
#define FOLIO_ORDER_SHIFT	56

static inline bool folio_test(const struct folio *f, enum folio_bit b) { return test_bit(b, &f->flags); }
static inline void folio_set(struct folio *f, enum folio_bit b) { set_bit(b, &f->flags); }
static inline void folio_clear(struct folio *f, enum folio_bit b) { clear_bit(b, &f->flags); }
static inline bool folio_test_set(struct folio *f, enum folio_bit b) { return test_and_set_bit(b, &f->flags); }
static inline bool folio_test_clear(struct folio *f, enum folio_bit b) { return test_and_clear_bit(b, &f->flags); }
static inline unsigned int folio_order(const struct folio *f) { return (unsigned int)(READ_ONCE(f->flags) >> FOLIO_ORDER_SHIFT); }
static inline u64 folio_nr_pages(const struct folio *f) { return 1ul << folio_order(f); }
static inline u64 folio_size(const struct folio *f) { return PAGE_SIZE << folio_order(f); }

/* A fresh folio with one reference, or NULL. Contents undefined unless GFP_ZERO. */
__must_check struct folio *folio_alloc(unsigned int order, gfp_t gfp);
/* Runs when the last reference goes; takes it off the LRU (upcall folio_release) and frees. */
void folio_free_last(struct folio *f);

static inline void folio_get(struct folio *f) { ASSERT(atomic_read(&f->refcount) > 0); atomic_inc(&f->refcount); }
static inline void folio_get_many(struct folio *f, int n) { atomic_add(&f->refcount, n); }
/* For look-ups without a reference (RCU): false if it is being freed. */
static inline __must_check bool folio_try_get(struct folio *f) { return atomic_inc_not_zero(&f->refcount); }
static inline void folio_put(struct folio *f)
{
	if (atomic_dec_and_test(&f->refcount))
		folio_free_last(f);
}
static inline int folio_refcount(const struct folio *f) { return atomic_read(&f->refcount); }

/* Frame number of the first page; folio of a frame (the head if it is a tail); NULL: not RAM. */
pfn_t folio_pfn(const struct folio *f);
struct folio *pfn_folio(pfn_t p);
bool pfn_valid(pfn_t p);

/*
 * Address through which the kernel reads and writes the folio at byte `off`. Valid until kunmap,
 * which must be in the same task; contiguous over the whole folio. Cheap (direct map).
 */
void *kmap_local(const struct folio *f, u64 off);
static inline void kunmap_local(const void *addr) { (void)addr; }

/* Folio lock: a bit with a wait queue. May sleep. */
void folio_lock(struct folio *f);
__must_check int folio_lock_killable(struct folio *f);
__must_check bool folio_trylock(struct folio *f);
void folio_unlock(struct folio *f);
void folio_wait_bit(struct folio *f, enum folio_bit b);
__must_check int folio_wait_bit_killable(struct folio *f, enum folio_bit b);
/* Clear a bit and wake those who wait for it. */
void folio_clear_wake(struct folio *f, enum folio_bit b);

/* Kernel memory by the page: zeroed with GFP_ZERO; NULL if none. Address is in the direct map. */
__must_check void *page_alloc(unsigned int order, gfp_t gfp);
void page_free(void *p, unsigned int order);
struct folio *virt_folio(const void *p);
void folio_zero(struct folio *f);
void folio_copy(struct folio *dst, const struct folio *src);
/* Page n of src to the first page of dst. */
void folio_copy_page(struct folio *dst, const struct folio *src, u64 n);

/* Counters for /proc/meminfo and tests; one list, indexes below. */
enum vm_counter {
	VM_FREE, VM_ANON, VM_FILE, VM_SHMEM, VM_DIRTY, VM_WRITEBACK, VM_SLAB, VM_KSTACK, VM_PGTABLE,
	VM_VMALLOC, VM_PERCPU, VM_MLOCK, VM_ACTIVE_ANON, VM_INACTIVE_ANON, VM_ACTIVE_FILE, VM_INACTIVE_FILE,
	VM_UNEVICTABLE, VM_MAPPED, VM_SLAB_RECLAIMABLE, VM_KERNEL_MISC, VM_COMMITTED,
	VM_KERNEL_MAP,		/* page tables of the kernel itself, KASAN's shadow: stay once made */
	VM_SWAPCACHE, VM_EV_SWPIN, VM_EV_SWPOUT, VM_EV_REFAULT, VM_EV_ACTIVATE, VM_EV_SCAN, VM_EV_STEAL,
	VM_EV_FAULT, VM_EV_MAJFAULT, VM_EV_ALLOC, VM_EV_FREE, VM_EV_OOM,
	VM_EV_DIRTIED, VM_EV_WRITTEN,	/* pages: became dirty, written back */
	VM_EV_PGPGIN, VM_EV_PGPGOUT,	/* sectors from and to devices */
	VM_NR_COUNTERS
};
void vm_count(enum vm_counter c, s64 n);	/* any context */
s64 vm_counter_read(enum vm_counter c);
u64 mem_total_pages(void);
u64 mem_free_pages(void);

/* Pages missing up to the high watermarks: what background reclaim should free. */
u64 buddy_pages_wanted(void);
/* Free blocks by order of the i-th zone, for /proc/buddyinfo; false: no such zone. */
bool buddy_info(unsigned int zone, const char **name, u64 nr_free[MAX_ORDER + 1]);

/* Self test walkers. */
bool buddy_check(void);

#endif
