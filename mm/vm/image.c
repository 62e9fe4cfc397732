/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What execve needs of a fresh address space besides mmap_do(): the first stack with the argument pages
 * in it, and the vDSO.
 */
#include <core/vdso.h>
#include <kernel/random.h>
#include <kernel/task.h>
#include "internal.h"

#define STACK_INITIAL	(128ul << 10)	/* reserved at once, the rest by growth */

static void folios_put(struct folio **pages, u64 nr)
{
	for (u64 i = 0; i < nr; i++)
		if (pages[i])
			folio_put(pages[i]);
}

int mm_map_stack(struct mm *mm, struct folio **pages, u64 nr, bool exec, u64 *where)
{
	bool randomize = !(current->personality & 0x0040000);
	u64 top = PAGE_ALIGN_DOWN(aslr_stack_top(randomize)), bottom = top - (nr << PAGE_SHIFT);
	u64 start = min(bottom, top - STACK_INITIAL);
	struct vma *v = vma_alloc(mm);
	struct range_req r;
	int err = -ENOMEM;

	if (!v)
		goto out_put;
	v->start = start;
	v->end = top;
	v->flags = VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC | VM_GROWSDOWN | VM_STACK | VM_ACCOUNT |
		   (exec ? VM_EXEC : 0);
	v->pgoff = start >> PAGE_SHIFT;
	v->has_anon = true;
	err = mem_commit(mm, (s64)vma_pages(v));
	if (err) {
		vma_free(v);
		goto out_put;
	}
	mm_lock_write_wait(mm, &r, start, top);
	vma_link(mm, v);
	for (u64 i = 0; i < nr; i++) {
		struct folio *f = pages[i];
		struct pt_cursor c;

		if (!f)
			continue;
		err = pt_cursor_open(&c, mm->pt, bottom + (i << PAGE_SHIFT), PT_ALLOC, NULL);
		if (err)
			break;
		f->flags |= BIT(FOLIO_ANON) | BIT(FOLIO_SWAPBACKED) | BIT(FOLIO_UPTODATE);
		pt_cursor_map(&c, f, 0, vma_prot(v) | PT_DIRTY | PT_YOUNG);
		pt_cursor_close(&c);
		pages[i] = NULL;
		mm_count(mm, MM_ANON, 1);
		vm_count(VM_ANON, 1);
	}
	mm_unlock(mm, &r);
	*where = bottom;
	mm->start_stack = bottom;
out_put:
	folios_put(pages, nr);
	return err;
}

/* One special mapping at addr; all is held. */
static int map_special(struct mm *mm, u64 addr, u64 nr, u32 flags, const char *name, pfn_t (*frame)(u64))
{
	struct vma *v = vma_alloc(mm);
	u64 end = addr + (nr << PAGE_SHIFT);

	if (!v)
		return -ENOMEM;
	v->start = addr;
	v->end = end;
	v->flags = flags | VM_SPECIAL | VM_DONTEXPAND;
	v->name = name;
	vma_link(mm, v);
	for (u64 i = 0; i < nr; i++) {
		struct pt_cursor c;
		int err = pt_cursor_open(&c, mm->pt, addr + (i << PAGE_SHIFT), PT_ALLOC, NULL);

		if (err)
			return err;
		pt_cursor_map_special(&c, frame(i), vma_prot(v) | PT_YOUNG);
		pt_cursor_close(&c);
	}
	return 0;
}

int mm_map_vdso(struct mm *mm)
{
	u64 data = vdso_data_pages(), image = vdso_image_pages(), len = (data + image) << PAGE_SHIFT, hint = 0, addr;
	struct range_req r;
	int err;

	if (!image)
		return 0;
	/* A fresh image: nobody else is at work in it. */
	mm_lock_write_wait(mm, &r, 0, ~0ul);
	/* Somewhere above the stack if there is room, as Linux does; else where mmap would put it. */
	if (mm->last_vma && USER_END - mm->last_vma->end > len + (2ul << 20))
		hint = mm->last_vma->end + (randomize_va_space ? (random_u64() % 256) << PAGE_SHIFT : 0);
	addr = unmapped_area(mm, hint, len, 0);
	err = IS_ERR_VALUE(addr) ? (int)addr : 0;
	if (!err && data)
		err = map_special(mm, addr, data, VM_READ | VM_MAYREAD | VM_DONTDUMP, "[vvar]", vdso_data_pfn);
	if (!err) {
		mm->vdso_base = addr + (data << PAGE_SHIFT);
		err = map_special(mm, mm->vdso_base, image,
				  VM_READ | VM_EXEC | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC, "[vdso]", vdso_image_pfn);
	}
	mm_unlock(mm, &r);
	return err;
}
