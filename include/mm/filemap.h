/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The page cache (mm/cache): the one owner of file data. A struct mapping belongs to an inode and
 * holds its folios by page index. read, write, mmap, sendfile and exec all go through it.
 *
 * Order: inode lock, mm locks, invalidate lock, folio lock, reverse map, page-table lock, xarray lock.
 * Truncate: set size, take the invalidate lock, unmap, drop folios, unmap again.
 */
#ifndef MM_FILEMAP_H
#define MM_FILEMAP_H

#include <base/rbtree.h>
#include <base/xarray.h>
#include <core/iov_iter.h>
#include <core/mutex.h>
#include <core/page.h>

struct bdi;
struct file;
struct inode;
struct kiocb;
struct mapping;
struct vma;
struct vm_fault_ctx;

enum wb_mode { WB_NONE, WB_ALL };
struct writeback_control {
	u64 start, end;			/* byte range, inclusive end */
	enum wb_mode mode;		/* WB_ALL: data integrity, wait */
	s64 nr_to_write;
};

/* mapping.flags */
#define MAPPING_NO_WRITEBACK	0x1u	/* memory files: folios are the only copy, never written or dropped */
#define MAPPING_UNEVICTABLE	0x2u
#define MAPPING_STABLE_WRITES	0x4u
#define MAPPING_MARK_DIRTY	XA_MARK_0
#define MAPPING_MARK_WRITEBACK	XA_MARK_1
#define MAPPING_LARGE		0x8u	/* folios of several pages are welcome */
#define MAPPING_RESERVED	0x10u	/* a memory file whose whole size was committed at once */
#define MAPPING_LOCKED		0x20u	/* a memory file whose pages do not go to swap (SHM_LOCK) */

/* A window to read ahead: folios are in the cache, locked, not uptodate, one reference held by the control. */
struct readahead_control {
	struct file *file;		/* NULL: nobody's */
	struct mapping *m;
	u64 index;			/* [o] of the next folio */
	u32 nr;				/* [o] pages not handed out yet */
};
/* The next folio of the window, to be unlocked by folio_end_read(); NULL: done. The reference goes to the caller. */
struct folio *readahead_next(struct readahead_control *ra);

/* What a file system does for its pages. All may sleep; folio locked on entry unless said. NULL: memory file. */
struct mapping_ops {
	/* Fill; unlock when done (also later, from an interrupt). 0 or -errno (then unlocked too). */
	int (*read_folio)(struct file *f, struct folio *folio);
	/* Read a window, in as few requests as it takes; NULL: read_folio one by one. Folios left over are read on demand. */
	void (*readahead)(struct readahead_control *ra);
	/* Write the dirty folios of the range: NULL: writepage one by one. */
	int (*writepages)(struct mapping *m, struct writeback_control *wbc);
	/* Write one dirty folio: clears dirty, sets writeback, unlocks; end by folio_end_writeback(). */
	int (*writepage)(struct folio *folio, struct writeback_control *wbc);
	/* Make [pos, pos+len) writable in the folio: read what is not overwritten, reserve blocks. Folio returned locked. */
	int (*write_begin)(struct file *f, struct mapping *m, loff_t pos, size_t len, struct folio **folio, void **fsdata);
	/* `copied` bytes came in; unlock and put the folio. Bytes accepted or -errno. */
	int (*write_end)(struct file *f, struct mapping *m, loff_t pos, size_t len, size_t copied,
		struct folio *folio, void *fsdata);
	/* Before a folio leaves the cache. False: it cannot (memory file). */
	bool (*release_folio)(struct folio *folio);
	void (*invalidate_folio)(struct folio *folio, size_t off, size_t len);
	ssize_t (*direct_io)(struct kiocb *k, struct iov_iter *i);
	/* folio_mark_dirty() for it: its own notes, then filemap_dirty_folio(). True if it was clean. NULL: just that. */
	bool (*dirty_folio)(struct mapping *m, struct folio *folio);
	/*
	 * Memory files: `pages` are about to come (> 0; -ENOSPC refuses) or went (< 0). Quota,
	 * inode->blocks. No locks but the folio's.
	 */
	int (*charge)(struct mapping *m, s64 pages);
};

struct mapping {
	struct inode *host;		/* [I] */
	struct xarray folios;		/* [lock; r] */
	spinlock_t lock;		/* class XARRAY */
	u32 flags;			/* [I] MAPPING_*; once in use; LOCKED [a] */
	u64 nr_pages;			/* [lock] */
	u64 nr_swapped;			/* [lock] of a memory file: pages in swap */
	u64 reserved;			/* [I] MAPPING_RESERVED: committed pages */
	const struct mapping_ops *ops;	/* [I] */
	struct rwsem invalidate_lock;
	struct rb_root_cached i_mmap;	/* [rmap_lock] vmas by pgoff */
	struct rwsem rmap_lock;
	atomic_t nr_writable;		/* shared writable mappings; < 0: such are refused (sealed) */
	u32 wb_err;			/* [a] error sequence: 1 bit seen, errno, counter */
	u32 cut_seq;			/* [a] raised before a truncation drops folios: cached extents are stale */
	gfp_t gfp;			/* [I] */
	struct bdi *bdi;		/* [I] the disk behind it; NULL: none */
	struct list_head swap_link;	/* [swapped_lock of mm/cache/shmem.c] memory files with pages in swap */
};

void mapping_init(struct mapping *m, struct inode *host, const struct mapping_ops *ops);

/* --- a folio's place; pages of a large one stand under each of their indexes. Stable while it is locked. --- */
#define FOLIO_MAX_ORDER		4u		/* of file folios */
static inline struct mapping *folio_mapping(const struct folio *f) { return READ_ONCE(f->mapping); }
static inline u64 folio_index(const struct folio *f) { return f->index; }
static inline u64 folio_pos(const struct folio *f) { return f->index << PAGE_SHIFT; }
static inline bool folio_is_at(const struct folio *f, const struct mapping *m, u64 index)
{
	return READ_ONCE(f->mapping) == m && index - f->index < folio_nr_pages(f);
}
/* The file system's note [folio lock]: whoever attaches it frees it in release_folio and invalidate_folio. */
static inline void *folio_private(const struct folio *f)
{
	return folio_test(f, FOLIO_PRIVATE) ? READ_ONCE(f->private) : NULL;
}
static inline void folio_attach_private(struct folio *f, void *p)
{
	WRITE_ONCE(f->private, p);
	folio_set(f, FOLIO_PRIVATE);
}
static inline void *folio_detach_private(struct folio *f)
{
	void *p = folio_private(f);

	folio_clear(f, FOLIO_PRIVATE);
	f->private = NULL;
	return p;
}

/* --- look-up. A returned folio is referenced and may be a large one that holds index. --- */
struct folio *filemap_get(struct mapping *m, u64 index);		/* NULL: not there */
/* The same for a memory file: also from swap. ERR_PTR: it cannot be read. May sleep. */
struct folio *filemap_get_memory(struct mapping *m, u64 index);
struct folio *filemap_lock_folio(struct mapping *m, u64 index);	/* locked; NULL */
/* Find or make: locked, referenced; not uptodate when fresh. ERR_PTR(-ENOMEM). */
__must_check struct folio *filemap_grab(struct mapping *m, u64 index, gfp_t gfp);
/* The same; a fresh one may be as large as fits into pages [index, last]. */
__must_check struct folio *filemap_grab_range(struct mapping *m, u64 index, u64 last, gfp_t gfp);
/* Read in if need be: referenced, uptodate, not locked. ERR_PTR. */
__must_check struct folio *filemap_read_folio(struct file *f, struct mapping *m, u64 index);
__must_check int filemap_add(struct mapping *m, struct folio *folio, u64 index, gfp_t gfp);
void filemap_remove(struct folio *folio);			/* locked */
__must_check bool filemap_remove_idle(struct folio *folio);	/* the same, clean and if nobody else has it */

/* Begin to read nr pages from `first` that are not there, as far as memory and file allow. */
void filemap_readahead(struct file *f, struct mapping *m, u64 first, u64 nr);

/* --- generic operations for file_ops and inode code --- */
ssize_t filemap_read(struct kiocb *k, struct iov_iter *to);
/* Inode lock held; checks were done. Advances k->pos. */
ssize_t filemap_write(struct kiocb *k, struct iov_iter *from);
int filemap_mmap(struct file *f, struct vma *v);		/* file_ops.mmap */
int filemap_fault(struct vm_fault_ctx *f);
int filemap_page_mkwrite(struct vm_fault_ctx *f);
/* Map pages around a read fault that are uptodate already. True if the page itself is mapped now. */
bool filemap_map_around(struct vm_fault_ctx *f);

/* Mark after changing the contents through kmap_local; true if it was clean. */
bool folio_mark_dirty(struct folio *folio);
/* The cache's part of it: flag, mark in the tree, counts, the inode among the dirty ones. */
bool filemap_dirty_folio(struct mapping *m, struct folio *folio);
/* For ->writepages: the next dirty folio of wbc's range from *index on: locked, referenced, clean now, not under write-back. */
struct folio *writeback_next(struct mapping *m, struct writeback_control *wbc, u64 *index);
/* It could not be written now: dirty again. Locked. */
void folio_redirty(struct folio *folio);
void folio_mark_accessed(struct folio *folio);
void folio_start_writeback(struct folio *folio);
void folio_end_writeback(struct folio *folio, int error);
void folio_end_read(struct folio *folio, int error);

/* Write by wbc, do not wait. */
int mapping_writepages(struct mapping *m, struct writeback_control *wbc);
void filemap_wait_range(struct mapping *m, u64 start, u64 end);		/* for write-back under way */
/* The first error of this very write; errors of requests still under way show in mapping_check_error(). */
int filemap_write_and_wait(struct mapping *m, loff_t start, loff_t end);
int filemap_flush(struct mapping *m);
/* Are there dirty folios? */
static inline bool mapping_is_dirty(const struct mapping *m) { return xa_marked(&m->folios, MAPPING_MARK_DIRTY); }
/* errseq: errors since *seen, reported once. */
int mapping_check_error(struct mapping *m, u32 *seen);
u32 mapping_error_sample(struct mapping *m);
void mapping_set_error(struct mapping *m, int error);	/* also for syncfs */
/* The same for a bare sequence. */
void errseq_set(u32 *seq, int error);
u32 errseq_sample(const u32 *seq);
int errseq_check(u32 *seq, u32 *seen);

/* --- truncation (inode lock held; size already set) --- */
void truncate_pagecache(struct mapping *m, loff_t newsize);
void truncate_range(struct mapping *m, loff_t start, loff_t end);	/* punch: bytes [start, end) */
/* The same, invalidate_lock held for writing: to be kept until the blocks of the range are freed. */
void truncate_range_locked(struct mapping *m, loff_t start, loff_t end);
void truncate_all(struct mapping *m);				/* inode goes */
/* Remove a clean, unmapped, idle folio; locked, the caller holds one reference. False: it is in use. */
bool folio_drop_clean(struct folio *f);
int invalidate_clean(struct mapping *m, u64 first, u64 last);	/* drop clean unmapped pages; count */
/* Drop pages, also mapped and referenced ones, for direct I/O behind the cache. -EBUSY: one is dirty or mapped again. */
__must_check int invalidate_range_sync(struct mapping *m, u64 first, u64 last);
void unmap_mapping_range(struct mapping *m, u64 first, u64 nr, bool even_private);

/* --- memory files: tmpfs, memfd, shared anonymous memory (mm/cache/shmem.c) --- */
extern const struct mapping_ops shmem_mapping_ops;
/* An unlinked memory file for MAP_SHARED|MAP_ANONYMOUS: implemented by tmpfs's kernel mount. ERR_PTR. */
struct file *shmem_file_create(const char *name, u64 size, u32 vmflags);
/* Commit the memory of a fresh one now, instead of page by page as it is used. -ENOMEM by policy. */
__must_check int shmem_reserve(struct mapping *m, u64 pages);
/* Begin to read what is in swap; send to swap what nobody maps. Pages [first, last]. */
void shmem_willneed(struct mapping *m, u64 first, u64 last);
void shmem_page_out(struct mapping *m, u64 first, u64 last);
/* Pages that are in memory stay there (SHM_LOCK). The caller serialises. */
void shmem_set_locked(struct mapping *m, bool on);

/* For /proc/sys/vm/drop_caches: 1 pages, 2 dentries and inodes, 3 both. */
void drop_caches(int what);

/* Shrinkers: caches above give objects back under pressure (dentries, inodes). */
struct shrinker {
	struct list_head link;
	const char *name;
	u64 (*count)(struct shrinker *s);
	u64 (*scan)(struct shrinker *s, u64 nr, gfp_t gfp);	/* objects freed */
};
void shrinker_register(struct shrinker *s);

#endif
