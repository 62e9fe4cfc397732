/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Anonymous memory: first touch and copy on write.
 *
 *   entry            access   what happens
 *   none             read     the shared page of zeros, read-only, uncounted
 *   none             write    a fresh page of zeros
 *   zeros, read-only write    a fresh page of zeros takes its place
 *   anon, read-only  write    nobody else has it: made writable; else copied
 *   file, read-only  write    (private mapping) copied to an anonymous page
 *
 * "Nobody else has it" means the entry's reference is the only one. It is decided under the
 * page-table lock; fork raises the count under that lock, so the answer stays true until it is used.
 * New pages are allocated and filled before the lock is taken; if the entry changed meanwhile the fault
 * is simply repeated.
 */
#include <core/init.h>
#include <fs/file.h>
#include <fs/super.h>
#include <kernel/task.h>
#include "internal.h"

struct folio *zero_folio __ro_after_init;

static int zero_folio_init(void)
{
	zero_folio = folio_alloc(0, GFP_KERNEL | GFP_ZERO);
	return zero_folio ? 0 : -ENOMEM;
}
INITCALL_CORE(zero_folio_init);

struct folio *anon_folio_alloc(bool zero)
{
	struct folio *f = folio_alloc(0, zero ? GFP_USER | GFP_ZERO : GFP_USER);

	if (likely(f))
		f->flags = BIT(FOLIO_ANON) | BIT(FOLIO_SWAPBACKED) | BIT(FOLIO_UPTODATE);
	return f;
}

static void anon_counted(struct fault *f)
{
	if (unlikely(!f->v->has_anon))
		WRITE_ONCE(f->v->has_anon, true);
	mm_count(f->mm, MM_ANON, 1);
	vm_count(VM_ANON, 1);
}

/* First touch. */
enum fault_result fault_anon(struct fault *f)
{
	struct folio *folio = NULL;
	struct pt_cursor c;
	bool write = f->access == FAULT_WRITE;

	if (likely(write)) {
		folio = anon_folio_alloc(true);
		if (unlikely(!folio))
			return FR_OOM;
	}
	if (unlikely(pt_cursor_open(&c, f->mm->pt, f->addr, PT_ALLOC, NULL))) {
		if (folio)
			folio_put(folio);
		return FR_OOM;
	}
	if (unlikely(!pte_none(pt_cursor_read(&c)))) {
		pt_cursor_close(&c);
		if (folio)
			folio_put(folio);
		return FR_OK;		/* somebody was faster; if it does not suffice, we fault again */
	}
	if (mm_reaped(f->mm)) {
		pt_cursor_close(&c);
		if (folio)
			folio_put(folio);
		return FR_KILLED;
	}
	if (likely(write)) {
		pt_cursor_map(&c, folio, 0, vma_prot(f->v) | PT_DIRTY | PT_YOUNG);
		pt_cursor_close(&c);
		anon_counted(f);
	} else {
		pt_cursor_map_special(&c, folio_pfn(zero_folio), (vma_prot(f->v) & ~PT_WRITE) | PT_YOUNG);
		pt_cursor_close(&c);
		/* fork must copy nothing for it: it reads as zeros again. */
	}
	return FR_OK;
}

/* Put `fresh` where entry `old` is now; consumed. */
static enum fault_result replace_entry(struct fault *f, pte_t old, struct folio *fresh)
{
	struct tlb_gather g;
	struct pt_cursor c;
	unsigned int kind;

	tlb_gather_init(&g, f->mm->pt);
	if (pt_cursor_open(&c, f->mm->pt, f->addr, 0, NULL)) {
		folio_put(fresh);
		return FR_RETRY;
	}
	/* Accessed and dirty may have changed; the frame and the rights may not. */
	if (pt_cursor_read(&c).v >> PAGE_SHIFT != old.v >> PAGE_SHIFT || pte_writable(pt_cursor_read(&c))) {
		pt_cursor_close(&c);
		folio_put(fresh);
		return FR_RETRY;
	}
	pt_cursor_replace(&c, fresh, 0, vma_prot(f->v) | PT_DIRTY | PT_YOUNG, &g);
	pt_cursor_close(&c);
	if (pte_special(old)) {
		anon_counted(f);
	} else {
		struct folio *o = g.nr ? g.batch[0] : NULL;

		if (o && !folio_test(o, FOLIO_ANON)) {
			kind = folio_test(o, FOLIO_SWAPBACKED) ? MM_SHMEM : MM_FILE;
			mm_count(f->mm, kind, -1);
			anon_counted(f);
		}
	}
	tlb_gather_finish(&g);
	return FR_OK;
}

/* A write to a present, read-only entry of a private mapping. Cursor c is open; closed here. */
static enum fault_result cow_private(struct fault *f, struct pt_cursor *c, pte_t e)
{
	struct folio *old, *fresh;
	enum fault_result r;

	if (pte_special(e)) {
		pt_cursor_close(c);
		if (pte_pfn(e).v != folio_pfn(zero_folio).v)
			return FR_BUS;
		fresh = anon_folio_alloc(true);
		return fresh ? replace_entry(f, e, fresh) : FR_OOM;
	}
	old = pfn_folio(pte_pfn(e));
	if (folio_test(old, FOLIO_ANON) && folio_refcount(old) == 1) {
		pt_cursor_upgrade(c, vma_prot(f->v));
		pt_cursor_close(c);
		return FR_OK;
	}
	folio_get(old);
	pt_cursor_close(c);
	if (unlikely(folio_test(old, FOLIO_SWAPCACHE) && swap_make_private(old))) {
		folio_put(old);
		return FR_OK;		/* the next fault finds it alone */
	}
	fresh = anon_folio_alloc(false);
	if (!fresh) {
		folio_put(old);
		return FR_OOM;
	}
	folio_copy_page(fresh, old, pte_pfn(e).v - folio_pfn(old).v);
	folio_put(old);
	r = replace_entry(f, e, fresh);
	return r;
}

/* A write to a page of a shared file mapping that is not writable yet: tell the file system. */
static enum fault_result make_shared_writable(struct fault *f, struct pt_cursor *c, pte_t e)
{
	struct vma *v = f->v;
	struct vm_fault_ctx ctx = { .vma = v, .addr = f->addr, .pgoff = vma_page_off(v, f->addr), .write = true };
	struct super_block *sb = v->file && v->ops->page_mkwrite ? v->file->inode->sb : NULL;
	enum fault_result r;
	struct folio *folio;

	if (pte_special(e)) {
		pt_cursor_upgrade(c, vma_prot(v) | PT_SPECIAL);
		pt_cursor_close(c);
		return FR_OK;
	}
	folio = pfn_folio(pte_pfn(e));
	folio_get(folio);
	pt_cursor_close(c);
	if (sb)
		super_start(sb, SB_FREEZE_PAGEFAULT);
	folio_lock(folio);
	if (folio->mapping != vma_mapping(v)) {
		r = FR_RETRY;			/* truncated: the entry goes away */
		goto out;
	}
	ctx.folio = folio;
	ctx.page_nr = pte_pfn(e).v - folio_pfn(folio).v;
	r = fault_mkwrite(&ctx);
	if (r == FR_OK && !pt_cursor_open(c, f->mm->pt, f->addr, 0, NULL)) {
		pte_t now = pt_cursor_read(c);

		if (pte_present(now) && pte_pfn(now).v == pte_pfn(e).v)
			pt_cursor_upgrade(c, vma_prot(v));
		pt_cursor_close(c);
	}
out:
	folio_unlock(folio);
	folio_put(folio);
	if (r == FR_RETRY)
		fault_wait_cut(v);
	if (sb)
		super_end(sb, SB_FREEZE_PAGEFAULT);
	return r;
}

enum fault_result fault_write_protected(struct fault *f, bool *spurious)
{
	struct pt_cursor c;
	pte_t e;

	*spurious = false;
	if (pt_cursor_open(&c, f->mm->pt, f->addr, 0, NULL)) {
		*spurious = true;
		return FR_OK;
	}
	e = pt_cursor_read(&c);
	if (unlikely(!pte_accessible(e))) {
		/* Gone in the meantime: the next fault finds it missing. */
		pt_cursor_close(&c);
		*spurious = true;
		return FR_OK;
	}
	if (unlikely(pte_writable(e))) {
		pt_cursor_upgrade(&c, vma_prot(f->v) | (pte_special(e) ? PT_SPECIAL : 0));
		pt_cursor_close(&c);
		*spurious = true;
		return FR_OK;
	}
	if (vma_is_shared(f->v))
		return make_shared_writable(f, &c, e);
	return cow_private(f, &c, e);
}

/* First write to a page of a private file mapping that is not mapped yet: a copy of src. */
enum fault_result fault_cow_from(struct fault *f, struct folio *src, u64 src_page)
{
	struct folio *fresh = anon_folio_alloc(false);
	struct pt_cursor c;

	if (!fresh)
		return FR_OOM;
	folio_copy_page(fresh, src, src_page);
	if (pt_cursor_open(&c, f->mm->pt, f->addr, PT_ALLOC, NULL)) {
		folio_put(fresh);
		return FR_OOM;
	}
	if (!pte_none(pt_cursor_read(&c)) || mm_reaped(f->mm)) {
		pt_cursor_close(&c);
		folio_put(fresh);
		return mm_reaped(f->mm) ? FR_KILLED : FR_OK;
	}
	pt_cursor_map(&c, fresh, 0, vma_prot(f->v) | PT_DIRTY | PT_YOUNG);
	pt_cursor_close(&c);
	anon_counted(f);
	return FR_OK;
}
