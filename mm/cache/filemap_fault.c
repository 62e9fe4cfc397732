/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Mappings of files: the vma operations that serve any file whose data lies in the page cache.
 *
 * filemap_map_around() maps what is cached around a read fault without any folio lock: a page that
 * truncation drops at the same time either is seen as dropped (folio->mapping, tested under the page-table
 * lock) or is mapped before truncation's second unmapping, which then finds it.
 */
#include <core/pgtable.h>
#include <core/rcu.h>
#include <mm/mm.h>
#include "internal.h"

#define AROUND_PAGES	16u

int filemap_fault(struct vm_fault_ctx *ctx)
{
	struct file *file = ctx->vma->file;
	struct mapping *m = file->mapping;
	struct folio *f;

	if (ctx->pgoff >= mapping_size_pages(m))
		return -EFAULT;
	f = filemap_get(m, ctx->pgoff);
	if (likely(f && folio_test(f, FOLIO_UPTODATE))) {
		folio_lock(f);
		if (likely(folio_is_at(f, m, ctx->pgoff) && folio_test(f, FOLIO_UPTODATE))) {
			if (file->ra.mmap_miss)
				file->ra.mmap_miss--;
			goto locked;
		}
		folio_unlock(f);
	}
	if (f)
		folio_put(f);
	ctx->major = !mapping_is_memory(m);
	/* Truncation and hole punching keep new pages out while they drop old ones. */
	down_read(&m->invalidate_lock);
	if (ctx->major)
		readahead_fault(file, m, ctx->pgoff, ctx->vma->flags);
	f = filemap_read_locked(file, m, ctx->pgoff);
	up_read(&m->invalidate_lock);
	if (IS_ERR(f))
		return PTR_ERR(f) == -ENOMEM || PTR_ERR(f) == -EINTR ? (int)PTR_ERR(f) : -EFAULT;
locked:
	if (unlikely(ctx->pgoff >= mapping_size_pages(m))) {
		folio_unlock(f);
		folio_put(f);
		return -EFAULT;
	}
	ctx->folio = f;
	ctx->page_nr = ctx->pgoff - f->index;
	return 0;
}

/* Map page `index` at the open cursor if it is cached and nothing is there yet. */
static bool map_cached(struct mapping *m, u64 index, struct pt_cursor *c, u32 prot)
{
	struct folio *f = xa_load(&m->folios, index);

	if (!f || xa_is_value(f) || !folio_test(f, FOLIO_UPTODATE) || !folio_try_get(f))
		return false;
	if (!folio_is_at(f, m, index)) {
		/* Not the last reference in all likelihood; freeing under the lock is allowed all the same. */
		folio_put(f);
		return false;
	}
	pt_cursor_map(c, f, index - f->index, prot);
	return true;
}

bool filemap_map_around(struct vm_fault_ctx *ctx)
{
	struct vma *v = ctx->vma;
	struct mapping *m = v->file->mapping;
	u64 window = AROUND_PAGES << PAGE_SHIFT, start = ALIGN_DOWN(ctx->addr, window), end = start + window;
	u64 size = mapping_size_pages(m), index;
	u32 prot = (v->flags & (VM_READ | VM_EXEC)) | PT_USER | PT_YOUNG;
	struct pt_cursor c;
	bool hit = false;
	s64 n = 0;

	start = max(start, v->start);
	end = min(end, v->end);
	/* The window does not cross a last-level table: it is aligned. */
	if (v->flags & VM_RAND_READ)
		start = ctx->addr, end = start + PAGE_SIZE;
	if (ctx->pgoff >= size || pt_cursor_open(&c, v->mm->pt, start, PT_ALLOC, NULL))
		return false;
	if (v->flags & VM_SHARED && m->flags & MAPPING_NO_WRITEBACK)
		prot |= v->flags & VM_WRITE;
	index = v->pgoff + ((start - v->start) >> PAGE_SHIFT);
	do {
		if (index >= size)
			break;
		if (pte_none(pt_cursor_read(&c))) {
			if (map_cached(m, index, &c, prot)) {
				n++;
				hit |= c.addr == ctx->addr;
			}
		} else {
			hit |= c.addr == ctx->addr;
		}
		index++;
	} while (pt_cursor_next(&c, end));
	pt_cursor_close(&c);
	if (n)
		mm_count(v->mm, mapping_is_memory(m) ? MM_SHMEM : MM_FILE, n);
	return hit;
}

/* A shared page becomes writable: it counts as dirty from now on. */
int filemap_page_mkwrite(struct vm_fault_ctx *ctx)
{
	folio_mark_dirty(ctx->folio);
	return 0;
}

static const struct vma_ops filemap_vma_ops = {
	.fault = filemap_fault,
	.page_mkwrite = filemap_page_mkwrite,
};

int filemap_mmap(struct file *f, struct vma *v)
{
	if (!f->mapping)
		return -ENODEV;
	v->ops = &filemap_vma_ops;
	file_accessed(f);
	return 0;
}
