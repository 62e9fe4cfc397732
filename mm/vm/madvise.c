/* SPDX-License-Identifier: MPL-2.0 */
/*
 * madvise(2). Three kinds of advice: those that change a vma's flags (range lock for writing), those
 * that act on pages (range lock for reading; faults go on), and population. Advice about features
 * that this kernel does not have (huge pages, merging, poison) is refused as Linux without them does.
 */
#include <fs/block.h>
#include <fs/file.h>
#include <kernel/pid.h>
#include <kernel/syscall.h>
#include <kernel/task.h>
#include <mm/swap.h>
#include "internal.h"
#include <uapi/linux/falloc.h>
#include <uapi/linux/mman.h>

enum advice_kind { ADVICE_UNKNOWN, ADVICE_FLAGS, ADVICE_PAGES, ADVICE_POPULATE };

static enum advice_kind advice_kind(int advice)
{
	switch (advice) {
	case MADV_NORMAL: case MADV_RANDOM: case MADV_SEQUENTIAL: case MADV_DONTFORK: case MADV_DOFORK:
	case MADV_DONTDUMP: case MADV_DODUMP: case MADV_WIPEONFORK: case MADV_KEEPONFORK:
		return ADVICE_FLAGS;
	case MADV_WILLNEED: case MADV_DONTNEED: case MADV_DONTNEED_LOCKED: case MADV_FREE: case MADV_REMOVE:
	case MADV_COLD: case MADV_PAGEOUT:
		return ADVICE_PAGES;
	case MADV_POPULATE_READ: case MADV_POPULATE_WRITE:
		return ADVICE_POPULATE;
	default:
		return ADVICE_UNKNOWN;
	}
}

static int advised_flags(const struct vma *v, int advice, u32 *fl)
{
	u32 f = v->flags;

	switch (advice) {
	case MADV_NORMAL: f &= ~(VM_SEQ_READ | VM_RAND_READ); break;
	case MADV_RANDOM: f = (f & ~VM_SEQ_READ) | VM_RAND_READ; break;
	case MADV_SEQUENTIAL: f = (f & ~VM_RAND_READ) | VM_SEQ_READ; break;
	case MADV_DONTFORK: f |= VM_DONTCOPY; break;
	case MADV_DOFORK:
		if (f & VM_SPECIAL)
			return -EINVAL;
		f &= ~VM_DONTCOPY;
		break;
	case MADV_DONTDUMP: f |= VM_DONTDUMP; break;
	case MADV_DODUMP:
		if (f & VM_SPECIAL)
			return -EINVAL;
		f &= ~VM_DONTDUMP;
		break;
	case MADV_WIPEONFORK:
		if (v->file || f & VM_SHARED || f & VM_SPECIAL)
			return -EINVAL;
		f |= VM_WIPEONFORK;
		break;
	case MADV_KEEPONFORK: f &= ~VM_WIPEONFORK; break;
	}
	*fl = f;
	return 0;
}

static int advise_flags(struct mm *mm, struct range_req *r, struct vma *v, u64 start, u64 end, int advice)
{
	u32 fl;
	int err = advised_flags(v, advice, &fl);

	if (err || fl == v->flags)
		return err;
	v = vma_isolate(mm, start, end);
	if (IS_ERR(v))
		return PTR_ERR(v) == -ENOMEM ? -EAGAIN : (int)PTR_ERR(v);
	vma_set_flags(v, fl);
	vma_merge_around(r, v);
	return 0;
}

static void drop_pages(struct mm *mm, u64 start, u64 end)
{
	struct pt_counts c = { { 0 } };
	struct tlb_gather g;

	tlb_gather_init(&g, mm->pt);
	pt_zap_range(mm->pt, start, end, 0, &g, &c);
	tlb_gather_finish(&g);
	counts_sub(mm, &c);
}

static void willneed(struct mm *mm, const struct vma *v, u64 start, u64 end)
{
	u64 first = vma_page_off(v, start), nr = (end - start) >> PAGE_SHIFT;

	if (!vma_is_shared(v) && mm_counter(mm, MM_SWAP))
		swapin_willneed(mm, start, end);
	if (v->file && v->file->mapping && v->file->mapping->flags & MAPPING_NO_WRITEBACK) {
		shmem_willneed(v->file->mapping, first, first + nr - 1);
		return;
	}
	if (v->file && v->file->mapping && v->file->mapping->ops)
		filemap_readahead(v->file, v->file->mapping, first, nr);
}

/* Entries from the cursor on that map the same folio as the first. */
static s32 run_of(struct pt_cursor c, const struct folio *f, u64 end)
{
	s32 n = 1;

	while (pt_cursor_next(&c, end)) {
		pte_t e = pt_cursor_read(&c);

		if (!pte_present(e) || pte_special(e) || pfn_folio(pte_pfn(e)) != f)
			break;
		n++;
	}
	return n;
}

/* The folio at the cursor, if nobody else maps it and all its entries stand from here to end; *run: how many. */
static struct folio *own_folio(const struct pt_cursor *c, u64 end, s32 *run)
{
	pte_t e = pt_cursor_read(c);
	struct folio *f;

	if (!pte_present(e) || pte_special(e))
		return NULL;
	f = pfn_folio(pte_pfn(e));
	*run = folio_order(f) ? run_of(*c, f, end) : 1;
	return atomic_read(&f->mapcount) == *run ? f : NULL;
}

#define COLD_BATCH	32u

/* Pages of the range that only we map were not used lately, as far as reclaim is concerned. */
static void make_cold(struct mm *mm, u64 start, u64 end)
{
	struct folio *batch[COLD_BATCH];
	u64 addr = start, skip;

	while (addr < end) {
		struct pt_cursor c;
		u32 n = 0;

		if (pt_cursor_open(&c, mm->pt, addr, 0, &skip)) {
			addr = skip;
			continue;
		}
		do {
			s32 run;
			struct folio *f = own_folio(&c, end, &run);

			if (!f)
				continue;
			for (; run > 1; run--) {
				(void)pt_cursor_test_clear_young(&c);
				(void)pt_cursor_next(&c, end);
			}
			(void)pt_cursor_test_clear_young(&c);
			folio_clear(f, FOLIO_REFERENCED);
			if (folio_test(f, FOLIO_ACTIVE)) {
				folio_get(f);
				batch[n++] = f;
			}
		} while (pt_cursor_next(&c, end) && n < COLD_BATCH);
		addr = c.addr;
		pt_cursor_close(&c);
		while (n) {
			lru_deactivate(batch[--n]);
			folio_put(batch[n]);
		}
	}
}

/* File pages that only we map: not mapped any more, so that they can be dropped if they are clean. */
static void file_pages_unmap(struct mm *mm, u64 start, u64 end)
{
	u64 addr = start, skip;
	struct tlb_gather g;

	while (addr < end) {
		struct pt_cursor c;
		u64 kinds[2] = { 0, 0 };

		if (pt_cursor_open(&c, mm->pt, addr, 0, &skip)) {
			addr = skip;
			continue;
		}
		tlb_gather_init(&g, mm->pt);
		do {
			s32 run;
			struct folio *f = own_folio(&c, end, &run);

			if (!f || folio_test(f, FOLIO_ANON))
				continue;
			kinds[folio_test(f, FOLIO_SWAPBACKED)] += (u64)run;
			for (; run > 1; run--) {
				(void)pt_cursor_clear(&c, &g);
				(void)pt_cursor_next(&c, end);
			}
			(void)pt_cursor_clear(&c, &g);
			/* Room for the largest one. */
		} while (pt_cursor_next(&c, end) && g.nr + BIT(FOLIO_MAX_ORDER) <= ARRAY_SIZE(g.batch));
		addr = c.addr;
		pt_cursor_close(&c);
		tlb_gather_finish(&g);
		mm_count(mm, MM_FILE, -(s64)kinds[0]);
		mm_count(mm, MM_SHMEM, -(s64)kinds[1]);
	}
}

bool vma_file_ours(const struct vma *v)
{
	return inode_owner_or_capable(v->file->inode) || !inode_permission(v->file->inode, MAY_WRITE);
}

/* Anonymous pages go to swap, file pages out of memory: those that nobody else uses. */
static void page_out(struct mm *mm, struct vma *v, u64 start, u64 end)
{
	u64 scanned = 0, gone = 0;
	struct blk_plug plug;

	if (v->file && !vma_file_ours(v))
		return;
	make_cold(mm, start, end);
	if (swap_free_pages()) {
		blk_plug_start(&plug);
		(void)swapout_range(mm, v, start, end, SWAPOUT_FORCE, &scanned, &gone);
		blk_plug_finish(&plug);
	}
	if (v->file && v->file->mapping) {
		file_pages_unmap(mm, start, end);
		invalidate_clean(v->file->mapping, vma_page_off(v, start), vma_page_off(v, end - 1));
		if (v->file->mapping->flags & MAPPING_NO_WRITEBACK)
			shmem_page_out(v->file->mapping, vma_page_off(v, start), vma_page_off(v, end - 1));
	}
}

/* The range is held for reading. */
static int advise_pages(struct mm *mm, struct vma *v, u64 start, u64 end, int advice)
{
	switch (advice) {
	case MADV_WILLNEED:
		willneed(mm, v, start, end);
		return 0;
	case MADV_DONTNEED:
		if (v->flags & (VM_LOCKED | VM_SPECIAL))
			return -EINVAL;
		drop_pages(mm, start, end);
		return 0;
	case MADV_DONTNEED_LOCKED:
		if (v->flags & VM_SPECIAL)
			return -EINVAL;
		drop_pages(mm, start, end);
		return 0;
	case MADV_FREE:
		/* The kernel may take the pages at any time from now on: it does at once. */
		if (!vma_is_anon(v) || v->flags & (VM_LOCKED | VM_SPECIAL))
			return -EINVAL;
		drop_pages(mm, start, end);
		return 0;
	case MADV_COLD:
		if (v->flags & (VM_LOCKED | VM_SPECIAL))
			return -EINVAL;
		make_cold(mm, start, end);
		return 0;
	case MADV_PAGEOUT:
		if (v->flags & (VM_LOCKED | VM_SPECIAL))
			return -EINVAL;
		page_out(mm, v, start, end);
		return 0;
	default:
		return -EINVAL;
	}
}

static int advise_walk(struct mm *mm, struct range_req *r, u64 start, u64 end, int advice, bool flags)
{
	struct vma *v = vma_first_in(mm, start, end);
	bool hole = false;
	int err = 0;

	while (start < end && !err) {
		u64 stop;

		if (!v)
			return -ENOMEM;		/* nothing up to the end */
		if (v->start > start) {
			hole = true;
			start = v->start;
		}
		stop = min(end, v->end);
		err = flags ? advise_flags(mm, r, v, start, stop, advice) : advise_pages(mm, v, start, stop, advice);
		start = stop;
		v = vma_first_in(mm, start, end);
	}
	return err ? err : hole ? -ENOMEM : 0;
}

/* MADV_REMOVE: punch holes into the files behind shared writable mappings. Locks are not held over the file's work. */
static int advise_remove(struct mm *mm, u64 start, u64 end)
{
	while (start < end) {
		struct range_req r;
		struct vma *v;
		struct file *f = NULL;
		u64 stop = end, off = 0;
		int err = 0;

		mm_lock_read(mm, &r, start, end);
		v = vma_first_in(mm, start, start + 1);
		if (!v) {
			err = -ENOMEM;
		} else if (v->flags & VM_LOCKED) {
			err = -EINVAL;
		} else if (!v->file || !v->file->mapping || !v->file->ops->fallocate) {
			err = -EINVAL;
		} else if ((v->flags & (VM_SHARED | VM_WRITE)) != (VM_SHARED | VM_WRITE)) {
			err = -EACCES;
		} else {
			stop = min(end, v->end);
			off = vma_page_off(v, start) << PAGE_SHIFT;
			f = v->file;
			file_get(f);
		}
		mm_unlock(mm, &r);
		if (!err) {
			err = (int)vfs_fallocate(f, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (loff_t)off,
						 (loff_t)(stop - start));
			file_put(f);
		}
		if (err)
			return err;
		start = stop;
	}
	return 0;
}

static int advise_populate(struct mm *mm, u64 start, u64 end, bool write)
{
	u64 addr = start;

	while (addr < end) {
		struct vma *v = vma_lock_read(mm, addr);
		bool major;
		u32 need = write ? VM_WRITE : VM_READ | VM_WRITE | VM_EXEC, flags;
		u64 stop;

		if (!v)
			return -ENOMEM;
		flags = v->flags;
		stop = v->start > addr ? 0 : min(end, v->end);
		vma_unlock_read(v);
		if (!stop)
			return -ENOMEM;
		if (flags & VM_SPECIAL || !(flags & need))
			return -EINVAL;
		for (; addr < stop; addr += PAGE_SIZE) {
			switch (mm_touch(mm, addr, write ? FAULT_WRITE : FAULT_READ, &major)) {
			case FR_OK: break;
			case FR_BUS: return -EFAULT;
			case FR_KILLED: return -EINTR;
			case FR_OOM: return -ENOMEM;
			default: return -ENOMEM;
			}
		}
	}
	return 0;
}

int madvise_do(struct mm *mm, u64 addr, u64 len, int advice)
{
	enum advice_kind kind = advice_kind(advice);
	struct range_req r;
	u64 end;
	int err;

	if (kind == ADVICE_UNKNOWN || addr & ~PAGE_MASK)
		return -EINVAL;
	end = addr + PAGE_ALIGN_UP(len);
	if ((len && !PAGE_ALIGN_UP(len)) || end < addr)
		return -EINVAL;
	if (end == addr)
		return 0;
	if (kind == ADVICE_POPULATE)
		return advise_populate(mm, addr, end, advice == MADV_POPULATE_WRITE);
	if (advice == MADV_REMOVE)
		return advise_remove(mm, addr, end);
	if (kind == ADVICE_FLAGS) {
		err = mm_lock_write(mm, &r, addr, end);
		if (err)
			return err;
	} else {
		mm_lock_read(mm, &r, addr, end);
	}
	err = advise_walk(mm, &r, addr, end, advice, kind == ADVICE_FLAGS);
	mm_unlock(mm, &r);
	return err;
}

long sys_madvise(uaddr_t addr, size_t len, int advice)
{
	return madvise_do(current->mm, addr.v, len, advice);
}
