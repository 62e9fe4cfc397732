/* SPDX-License-Identifier: MPL-2.0 */
/* What the files of mm/vm share. */
#ifndef MM_VM_INTERNAL_H
#define MM_VM_INTERNAL_H

#include <base/err.h>
#include <base/math.h>
#include <core/upcall.h>
#include <mm/filemap.h>
#include <mm/mm.h>
#include "vma.h"

#define MAX_MAP_COUNT	((u64)READ_ONCE(max_map_count))
#define MMAP_MIN_ADDR	0x10000ul
#define USER_TABLES_END	(1ul << 47)	/* all user page tables lie below */

/* PT_* rights of a mapping: the low three flags have the same values. */
static_assert(VM_READ == PT_READ && VM_WRITE == PT_WRITE && VM_EXEC == PT_EXEC, "vma_prot()");
static inline u32 vma_prot(const struct vma *v)
{
	return (v->flags & (VM_READ | VM_WRITE | VM_EXEC)) | PT_USER | (v->flags & VM_UNCACHED ? PT_UNCACHED : 0);
}
static inline bool vma_is_anon(const struct vma *v) { return !v->ops && !(v->flags & VM_SPECIAL); }
static inline bool vma_is_shared(const struct vma *v) { return v->flags & VM_SHARED; }
/* The OOM killer takes this memory away: nothing new is mapped. Page-table lock held. */
static inline bool mm_reaped(const struct mm *mm) { return unlikely(READ_ONCE(mm->oom_reaped)); }
static inline u64 vm_pages(const atomic64_t *n) { return (u64)atomic64_read(n); }
static inline u64 vma_pages(const struct vma *v) { return (v->end - v->start) >> PAGE_SHIFT; }
/* Private writable memory: counts for RLIMIT_DATA and, unless NORESERVE, as committed. */
static inline bool flags_data(u32 f) { return (f & (VM_WRITE | VM_SHARED | VM_STACK)) == VM_WRITE; }
static inline bool flags_accountable(u32 f) { return (f & (VM_WRITE | VM_SHARED | VM_NORESERVE)) == VM_WRITE; }

/* lookup.c */
struct vma *vma_alloc(struct mm *mm);
void vma_free(struct vma *v);		/* the struct only */
/* The moment of change in mm->vmas, v->start, v->end: readers retry. */
static inline void tree_change_begin(struct mm *mm) { spin_lock(&mm->tree_lock); write_seqbegin(&mm->tree_seq); }
static inline void tree_change_end(struct mm *mm) { write_seqend(&mm->tree_seq); spin_unlock(&mm->tree_lock); }

/* lock.c: the range lock. tree_lock is not held, except where it says so. */
/* [start, end), and the whole of mappings that it cuts. 0 or -EINTR: being killed. */
__must_check int mm_lock_write(struct mm *mm, struct range_req *r, u64 start, u64 end);
void mm_lock_write_wait(struct mm *mm, struct range_req *r, u64 start, u64 end);
/* Mappings that overlap [start, end) stand still; not widened. */
void mm_lock_read(struct mm *mm, struct range_req *r, u64 start, u64 end);
/* Find a free place for len bytes and hold it for writing. Its address, -ENOMEM or -EINTR. */
u64 mm_lock_place(struct mm *mm, struct range_req *r, u64 hint, u64 len, u32 flags);
void mm_unlock(struct mm *mm, struct range_req *r);
/* Hold [start, end) too, if nobody else has a part of it. tree_lock held. */
__must_check bool mm_lock_more(struct mm *mm, struct range_req *r, u64 start, u64 end);
/* Only [start, end) from now on. */
void mm_lock_less(struct mm *mm, struct range_req *r, u64 start, u64 end);
/* A free place where the whole address space is held. */
u64 unmapped_area(struct mm *mm, u64 hint, u64 len, u32 flags);
/* First mapping of a held range; the next one that begins below end. NULL. */
struct vma *vma_first_in(struct mm *mm, u64 start, u64 end);
struct vma *vma_next_in(struct vma *v, u64 end);

/* change.c: the range, with the whole of its mappings, held for writing (r) by all. */
/* Cut v at addr: v keeps the lower part; the upper one is the result. ERR_PTR. */
__must_check struct vma *vma_split(struct vma *v, u64 addr);
/* Make [start, end) consist of whole vmas: first of them, NULL when there is none, ERR_PTR. */
__must_check struct vma *vma_isolate(struct mm *mm, u64 start, u64 end);
/* Change flags of a whole vma; then join it with its neighbours where they agree now. Returns the vma that holds the range. */
void vma_set_flags(struct vma *v, u32 flags);
struct vma *vma_merge_around(struct range_req *r, struct vma *v);
/* Link a fresh vma with all consequences (reverse map, counters). */
void vma_link(struct mm *mm, struct vma *v);
/* Grow a neighbour over [s->start, s->end) instead of making a new vma. The vma, or NULL. */
struct vma *vma_try_extend(struct mm *mm, struct range_req *r, const struct vma_shape *s);
void vma_account(struct mm *mm, u32 flags, s64 pages);
__must_check int munmap_locked(struct mm *mm, struct range_req *r, u64 start, u64 end);
/* A vma that never was linked: give back what it holds. */
void vma_discard(struct vma *v);
/* Last steps for a vma that is off the tree and unmapped. */
void vma_retire(struct vma *v);

/* mmap.c */
bool may_expand(struct mm *mm, u32 flags, u64 pages);
bool mlock_allowed(struct mm *mm, u64 more_pages);
bool mlock_capable(void);

/* rmap.c */
void rmap_insert(struct vma *v);
void rmap_erase(struct vma *v);
struct mapping *vma_mapping(const struct vma *v);
/* start, end, pgoff of v change between these two. */
void rmap_change_begin(struct vma *v);
void rmap_change_end(struct vma *v);

/* fault.c */
enum fault_result {
	FR_OK, FR_RETRY, FR_MAPERR, FR_ACCERR, FR_BUS, FR_OOM, FR_KILLED,
};
/* Make addr usable for the access in any mm. major: had to read. */
enum fault_result fault_handle(struct mm *mm, u64 addr, enum fault_access access, u32 flags, bool *major);
/* Fault in a range as its rights say (mlock, MAP_POPULATE). No lock held. 0 or -errno. */
int mm_populate(struct mm *mm, u64 start, u64 end, bool write_only);
int stack_expand(struct mm *mm, u64 addr);
/* gup.c: one fault if the entry does not allow the access yet. */
enum fault_result mm_touch(struct mm *mm, u64 addr, enum fault_access access, bool *major);

/* cow.c, anon.c */
struct fault {
	struct mm *mm;
	struct vma *v;			/* read-locked */
	u64 addr;			/* page */
	enum fault_access access;
	bool major;
};
enum fault_result fault_anon(struct fault *f);
enum fault_result fault_write_protected(struct fault *f, bool *spurious);
enum fault_result fault_mkwrite(struct vm_fault_ctx *ctx);
void fault_wait_cut(const struct vma *v);
enum fault_result fault_cow_from(struct fault *f, struct folio *src, u64 src_page);
extern struct folio *zero_folio;
void counts_sub(struct mm *mm, const struct pt_counts *c);
void counts_add(struct mm *mm, const struct pt_counts *c);
struct folio *anon_folio_alloc(bool zero);
u64 vma_page_off(const struct vma *v, u64 addr);

/* swapin.c */
enum fault_result fault_swap(struct fault *f, pte_t e);
pte_t fault_swap_entry(const struct fault *f);
bool swap_make_private(struct folio *folio);
void swapin_willneed(struct mm *mm, u64 start, u64 end);

/* swapout.c: idle anonymous pages of [addr, end) in v (read-locked) go. False: swap is full. */
#define SWAPOUT_FORCE	0x1u		/* used or not, but only what nobody else uses */
bool swapout_range(struct mm *mm, const struct vma *v, u64 addr, u64 end, u32 flags, u64 *scanned, u64 *gone);

/* mm.c: the list of all address spaces. Each comes with users raised. */
struct mm *mm_first(void);		/* NULL: none */
struct mm *mm_next(struct mm *mm);	/* NULL: from the first one; mm's users are put */
void mm_to_end(struct mm *mm);
u64 mm_list_length(void);

/* kill: current is being killed, give up waiting for memory */
static inline enum fault_result fault_errno(int err)
{
	switch (err) {
	case 0: return FR_OK;
	case -EAGAIN: return FR_RETRY;
	case -ENOMEM: return FR_OOM;
	case -EINTR: case -ERESTARTSYS: return FR_KILLED;
	default: return FR_BUS;
	}
}

/* madvise.c: may the caller know and say which pages of the mapped file are in memory? Who owns it or could write it. */
bool vma_file_ours(const struct vma *v);
/* mm/reclaim/lru.c: a folio that the caller holds was not used lately. */
void lru_deactivate(struct folio *f);

#endif
