/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Address spaces (mm/vm). A struct mm is shared by the threads of a process (CLONE_VM); it lives
 * while `users` tasks run in it, and its memory (tables, counters) while anything holds `refs`.
 *
 * Locks, outermost first: range lock (mmap, munmap, mprotect, ... of overlapping ranges; mm/vm/lock.c),
 * vma lock (faults hold it for reading, changes of that vma for writing), tree lock (the moment of
 * linking, and the set of locked ranges), folio lock, reverse map, page-table lock. Look-up of a vma is
 * by RCU. fork takes the whole range.
 */
#ifndef MM_MM_H
#define MM_MM_H

#include <base/ref.h>
#include <base/rbtree.h>
#include <core/mutex.h>
#include <core/percpu.h>
#include <core/pgtable.h>
#include <core/seqlock.h>
#include <core/usercopy.h>
#include <core/work.h>
#include <mm/range.h>

struct file;
struct inode;
struct mapping;
struct mm;
struct vma;
struct task;
struct cred;

/* vma.flags */
#define VM_READ		0x0001u
#define VM_WRITE	0x0002u
#define VM_EXEC		0x0004u
#define VM_SHARED	0x0008u
#define VM_MAYREAD	0x0010u
#define VM_MAYWRITE	0x0020u
#define VM_MAYEXEC	0x0040u
#define VM_MAYSHARE	0x0080u
#define VM_GROWSDOWN	0x0100u
#define VM_LOCKED	0x0200u
#define VM_LOCKONFAULT	0x0400u
#define VM_NORESERVE	0x0800u
#define VM_ACCOUNT	0x1000u		/* counted as committed */
#define VM_DONTCOPY	0x2000u
#define VM_WIPEONFORK	0x4000u
#define VM_DONTDUMP	0x8000u
#define VM_SEQ_READ	0x10000u
#define VM_RAND_READ	0x20000u
#define VM_HUGEPAGE	0x40000u
#define VM_NOHUGEPAGE	0x80000u
#define VM_SPECIAL	0x100000u	/* device memory or kernel pages: PT_SPECIAL, no folios */
#define VM_STACK	0x200000u
#define VM_DONTEXPAND	0x400000u
#define VM_UNCACHED	0x800000u
#define VM_MERGEABLE_NOT (VM_SPECIAL | VM_DONTEXPAND)

struct vma_ops;

/* One mapping: [start, end) with one set of rights. Type-stable under RCU. */
struct vma {
	u64 start, end;			/* [range lock of it; r] */
	struct mm *mm;			/* [I] while linked; NULL after [vma lock] */
	u32 flags;			/* [vma lock to write] VM_* */
	bool has_anon;			/* [a] may hold private pages: fork must copy entries */
	/*
	 * [range lock of it] page offset in the file; for anonymous: start >> PAGE_SHIFT when
	 * made
	 */
	u64 pgoff;
	pid_t maker;			/* [range lock of it] thread that made it */
	struct file *file;		/* [I] ref; NULL for anonymous */
	const struct vma_ops *ops;	/* [I] NULL: anonymous */
	void *private;			/* [I] */
	struct rwsem lock;		/* class VMA */
	struct rb_node node;		/* [tree lock] in mm->vmas */
	struct vma *prev, *next;	/* [tree lock] neighbours by address */
	u64 gap;			/* [tree lock] augmented: largest hole in front of a vma of the subtree */
	struct rb_node rmap_node;	/* [rmap lock] in mapping->i_mmap */
	u64 rmap_max;			/* [rmap lock] */
	struct rcu_head rcu;
	const char *name;		/* "[heap]" and so on for special ones; NULL */
};

/* How a fault ends inside a vma operation. */
struct vm_fault_ctx {
	struct vma *vma;		/* read-locked */
	u64 addr;			/* page aligned */
	u64 pgoff;			/* in the file */
	bool write;
	struct folio *folio;		/* out: referenced, uptodate, locked; page_nr of it */
	u64 page_nr;
	bool major;			/* out: had to read */
};

struct vma_ops {
	void (*open)(struct vma *v);			/* a copy was made (fork, split) */
	void (*close)(struct vma *v);
	int (*fault)(struct vm_fault_ctx *f);		/* 0, or -errno (-EFAULT SIGBUS, -ENOMEM, -EAGAIN retry) */
	int (*page_mkwrite)(struct vm_fault_ctx *f);	/* shared page becomes writable; folio locked. NULL: mark dirty */
	int (*may_mprotect)(struct vma *v, u32 newflags);
	int (*mremap)(struct vma *v, u64 old_start);
	int (*msync)(struct vma *v, u64 start, u64 end, bool sync);
};

struct mm {
	struct ref users;		/* tasks that run in it, and those who look (procfs): their puts unmap all */
	struct ref refs;		/* the struct itself */
	struct pgtable *pt;		/* [I] */
	struct rb_root vmas;		/* [tree lock; readers retry by tree_seq under RCU] */
	struct seqcount tree_seq;
	spinlock_t tree_lock;
	struct range_set ranges;	/* [tree lock] who changes or looks at which part; class MM_RANGE */
	LOCKDEP_FIELD			/* of the ranges */
	struct vma *cached_vma;		/* [a] last fault's hit; set under that vma's lock, cleared when it goes */
	struct vma *first_vma, *last_vma;	/* [tree lock] by address */
	u64 nr_vmas;			/* [tree lock] */
	u64 mmap_base;			/* [I] top-down allocation starts below it */
	u64 start_code, end_code, start_data, end_data;	/* [whole range] for procfs, prctl(PR_SET_MM) */
	u64 start_brk, brk;		/* [range lock of the page at start_brk] */
	u64 start_stack, arg_start, arg_end, env_start, env_end;	/* [whole range] */
	atomic64_t total_vm, locked_vm, data_vm, stack_vm, exec_vm;	/* pages */
	atomic64_t committed;		/* pages */
	atomic64_t rss[4];		/* see mm_count() */
	u64 hiwater_rss, hiwater_vm;	/* [a] pages, peaks */
	struct file *exe_file;		/* ref; [r] */
	u64 saved_auxv[48];		/* [I] after exec; /proc/PID/auxv */
	u64 vdso_base;			/* [a] */
	struct list_head list_link;	/* [mm_list_lock] of all address spaces */
	struct list_head aio;		/* [aio_lock of fs/anon/aio.c] */
	u64 swap_hand;			/* [a] where the next look at idle pages begins */
	struct work put_work;		/* of mm_put_async() */
	u32 def_flags;			/* [whole range to write] mlockall(MCL_FUTURE) */
	u32 dumpable;			/* [a] prctl(PR_SET_DUMPABLE) */
	u32 membarrier_state;		/* [a] */
	bool empty_tables;		/* [a] munmap left page tables in holes between mappings */
	bool oom_victim;		/* [a] its processes were killed for memory */
	bool oom_reaped;		/* [a] its private pages are being taken: no new ones come */
	bool oom_done;			/* [a] all of it that comes back at once came back */
	struct rcu_head rcu;
};

enum mm_counter { MM_ANON, MM_FILE, MM_SHMEM, MM_SWAP };
static inline void mm_count(struct mm *mm, enum mm_counter c, s64 n) { atomic64_add(&mm->rss[c], n); }
static inline u64 mm_counter(const struct mm *mm, enum mm_counter c)
{
	s64 v = atomic64_read(&mm->rss[c]);

	return v < 0 ? 0 : (u64)v;
}

/* --- life --- */
__must_check struct mm *mm_create(void);		/* ERR_PTR(-ENOMEM). users = refs = 1 */
/* Copy for fork: current's mm. ERR_PTR. May sleep; takes the whole range. */
__must_check struct mm *mm_fork(struct mm *old, struct task *child);
static inline void mm_get(struct mm *mm) { ref_get(&mm->users); }
void mm_put(struct mm *mm);				/* may sleep: unmaps everything at the last one */
void mm_put_async(struct mm *mm);			/* the last one is left to a worker: for reclaim */
void mm_ref(struct mm *mm);
void mm_unref(struct mm *mm);
/* A task's mm with users raised; NULL for kernel threads and zombies. */
struct mm *task_mm_get(struct task *t);
/* Current runs in mm from now on (exec, kernel thread); returns the old one. Does the pgtable switch. */
struct mm *mm_switch_current(struct mm *mm);

/* --- mmap family, in kernel terms; each takes the locks it needs; current's mm unless given --- */
/* Returns the address or -errno. pgoff in pages. */
/* fs/anon/aio.c's: its contexts of an address space go. NULL before it is there. */
extern void (*mm_exit_aio)(struct mm *mm);
static inline struct list_head *mm_aio_list(struct mm *mm) { return &mm->aio; }
long mmap_do(struct mm *mm, struct file *file, u64 addr, u64 len, u32 prot, u32 flags, u64 pgoff);
int munmap_do(struct mm *mm, u64 addr, u64 len);
/* shmdt(2): what of the attachment at addr, known by its operations, is still mapped. -EINVAL: nothing. */
int munmap_attached(struct mm *mm, u64 addr, const struct vma_ops *ops);
int mprotect_do(struct mm *mm, u64 addr, u64 len, u32 prot);
long mremap_do(u64 addr, u64 old_len, u64 new_len, u32 flags, u64 new_addr);
int madvise_do(struct mm *mm, u64 addr, u64 len, int advice);
/* brk segment for a fresh image: [start, start) */
void mm_set_brk(struct mm *mm, u64 start);
/* Anonymous memory at a fixed place in a fresh image (bss). */
int mm_map_anon(struct mm *mm, u64 addr, u64 len, u32 vmflags);
/*
 * The stack of a fresh image: a VM_GROWSDOWN mapping whose top pages are the given folios (argument
 * strings; one reference each is consumed, also on failure), top page last. Address of the lowest
 * byte of the first folio is returned in *where; executable as asked.
 */
int mm_map_stack(struct mm *mm, struct folio **pages, u64 nr, bool exec, u64 *where);
/* vDSO and its data; address of the image in mm->vdso_base. */
int mm_map_vdso(struct mm *mm);
/* Device memory or kernel pages, for file_ops.mmap: map all of vma to frames from `first`. */
int vma_map_frames(struct vma *v, pfn_t first, u64 nr, bool uncached);

/* --- look at --- */
/* Under RCU: the vma that holds addr, or the next one above; NULL. */
struct vma *vma_find(struct mm *mm, u64 addr);
/* The same with its lock held for reading; drop with vma_unlock_read(). */
struct vma *vma_lock_read(struct mm *mm, u64 addr);
void vma_unlock_read(struct vma *v);
/*
 * Iterate for /proc/PID/maps: fills a copy (file gets a reference, put it with file_put) of
 * the first vma with end > addr. False at the end.
 */
struct vma_info {
	u64 start, end, pgoff;
	u32 flags;
	struct file *file;
	const char *name;
	/* Bytes; only when `count`. The last six are shares of pages that others map too: << VMA_PSS_SHIFT. */
	u64 rss, anon, dirty, swap, referenced;
	u64 shared_clean, shared_dirty, private_clean, private_dirty;
	u64 pss, pss_dirty, pss_anon, pss_file, pss_shmem, swap_pss;
};
#define VMA_PSS_SHIFT	12
bool vma_info_next(struct mm *mm, u64 addr, struct vma_info *info, bool count);
/* /proc/PID/clear_refs: nothing of it was used. */
enum mm_refs { MM_REFS_ALL = 1, MM_REFS_ANON, MM_REFS_FILE };
void mm_clear_refs(struct mm *mm, enum mm_refs which);
void mm_reset_peak(struct mm *mm);
/* Words of /proc/PID/pagemap for nr pages; frame numbers only for `frames`. */
void mm_pagemap(struct mm *mm, u64 addr, u64 nr, bool frames, u64 *words);
/* Read or write another task's memory (ptrace, /proc/PID/mem, cmdline); bytes moved or -errno. */
ssize_t mm_access_remote(struct mm *mm, u64 addr, void *buf, size_t len, bool write, bool force);
/* Pin the folio behind a user address (futex keys, vmsplice): referenced. page number inside in *nr. -EFAULT. May sleep. */
int mm_pin_page(struct mm *mm, u64 addr, bool write, struct folio **f, u64 *nr);

/* Where things lie and how much there is, for procfs: a copy, each value read on its own. */
struct mm_layout {
	u64 start_code, end_code, start_data, end_data, start_brk, start_stack;
	u64 arg_start, arg_end, env_start, env_end;
	u64 total_vm, locked_vm, data_vm, stack_vm, exec_vm, hiwater_rss, hiwater_vm, table_pages;	/* pages */
};
void mm_layout_get(const struct mm *mm, struct mm_layout *l);
/* Auxiliary vector as the program got it: bytes stored, AT_NULL included. */
size_t mm_auxv_get(const struct mm *mm, u64 auxv[48]);
/* The executable, referenced; NULL. */
struct file *mm_exe_file_get(struct mm *mm);
u64 mm_rss_pages(const struct mm *mm);
u64 mm_total_vm(const struct mm *mm);

/* --- overcommit --- */
__must_check int mem_commit(struct mm *mm, s64 pages);		/* -ENOMEM by policy */
void mem_uncommit(struct mm *mm, s64 pages);
extern int overcommit_memory, overcommit_ratio;		/* /proc/sys/vm */
extern u64 overcommit_kbytes, user_reserve_kbytes, admin_reserve_kbytes;
u64 mem_commit_limit(void);				/* pages, for policy 2 */

/* Randomised bases: bits follow Linux; off with personality ADDR_NO_RANDOMIZE or norandmaps. */
u64 aslr_mmap_base(u64 stack_limit, bool randomize);
u64 aslr_stack_top(bool randomize);
u64 aslr_pie_base(bool randomize);
u64 aslr_brk(u64 start, bool randomize);
extern int randomize_va_space;
extern int max_map_count;				/* /proc/sys/vm [a] */

/* OOM: badness for /proc/PID/oom_score. */
long oom_badness(struct task *t);
/*
 * Take the private memory of an mm whose tasks are all being killed; later accesses fail. True: all was
 * taken; false: some mappings were being changed, try again. Takes no lock that a task waiting for memory holds.
 */
bool mm_reap(struct mm *mm);
/*
 * Look at about nr_scan entries of anonymous memory, from where the last call stopped; pages that were not
 * used since the last look go to swap, up to nr_wanted. How many went (or are on their way).
 */
u64 swapout_scan(u64 nr_scan, u64 nr_wanted);

#endif
