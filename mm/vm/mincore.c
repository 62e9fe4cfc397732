/* SPDX-License-Identifier: MPL-2.0 */
/* mincore(2) and msync(2): what of a mapping is in memory, and bringing file pages to their file. */
#include <fs/file.h>
#include <kernel/syscall.h>
#include <kernel/task.h>
#include <mm/swap.h>
#include "internal.h"
#include <uapi/linux/mman.h>

#define CHUNK	1024u		/* pages answered at a time */

static u8 cached(const struct vma *v, u64 addr)
{
	struct folio *f;
	u8 yes;

	if (!v->file || !v->file->mapping)
		return 0;
	if (!vma_file_ours(v))
		return 1;		/* what others read is nobody's business */
	f = filemap_get(v->file->mapping, vma_page_off(v, addr));
	if (!f)
		return 0;
	yes = folio_test(f, FOLIO_UPTODATE);
	folio_put(f);
	return yes;
}

/* In the swap cache, and read? */
static u8 swapped_in(pte_t e)
{
	struct folio *f = swap_cache_get(pte_swap_value(e));
	u8 yes;

	if (!f)
		return 0;
	yes = folio_test(f, FOLIO_UPTODATE);
	folio_put(f);
	return yes;
}

/* Fill vec for up to n pages from addr, within one vma; pages done or -ENOMEM. The range is held. */
static long mincore_vma(struct mm *mm, u64 addr, u64 n, u8 *vec)
{
	struct vma *v = vma_first_in(mm, addr, addr + 1);
	u64 end, skip;

	if (!v)
		return -ENOMEM;
	n = min(n, (v->end - addr) >> PAGE_SHIFT);
	end = addr + (n << PAGE_SHIFT);
	for (u64 a = addr; a < end;) {
		struct pt_cursor c;
		u64 stop;

		if (pt_cursor_open(&c, mm->pt, a, 0, &skip)) {
			for (stop = min(skip, end); a < stop; a += PAGE_SIZE)
				vec[(a - addr) >> PAGE_SHIFT] = cached(v, a);
			continue;
		}
		do {
			pte_t e = pt_cursor_read(&c);

			vec[(c.addr - addr) >> PAGE_SHIFT] = pte_present(e) ? 1 : pte_is_swap(e) ? swapped_in(e) : 2;
		} while (pt_cursor_next(&c, end));
		stop = c.addr;
		pt_cursor_close(&c);
		/* Not mapped here, perhaps cached: asked without the table's lock. */
		for (; a < stop; a += PAGE_SIZE)
			if (vec[(a - addr) >> PAGE_SHIFT] == 2)
				vec[(a - addr) >> PAGE_SHIFT] = cached(v, a);
	}
	return (long)n;
}

long sys_mincore(uaddr_t addr, size_t len, uout_void vec)
{
	struct mm *mm = current->mm;
	u64 at = addr.v, out = vec.addr, pages, n;
	struct range_req r;
	long res = 0;
	u8 *buf;

	if (at & ~PAGE_MASK)
		return -EINVAL;
	if (at > USER_END || len > USER_END - at)
		return -ENOMEM;
	pages = PAGE_ALIGN_UP(len) >> PAGE_SHIFT;
	if (!user_range_ok(uaddr(out), pages))
		return -EFAULT;
	buf = kmalloc(CHUNK, GFP_KERNEL);
	if (!buf)
		return -EAGAIN;
	while (pages) {
		n = min_t(u64, pages, CHUNK);
		mm_lock_read(mm, &r, at, at + (n << PAGE_SHIFT));
		res = mincore_vma(mm, at, n, buf);
		mm_unlock(mm, &r);
		if (res <= 0)
			break;
		if (copy_out_bytes(uaddr(out), buf, (size_t)res)) {
			res = -EFAULT;
			break;
		}
		pages -= (u64)res;
		out += (u64)res;
		at += (u64)res << PAGE_SHIFT;
		res = 0;
	}
	kfree(buf);
	return res;
}

/* The file part of [start, end) that the vma at start shows; *f is referenced or NULL. The range is locked here. */
static int msync_piece(struct mm *mm, u64 *start, u64 end, int flags, struct file **f, loff_t *from, loff_t *to,
		       bool *hole)
{
	struct range_req r;
	struct vma *v;
	int err = 0;

	*f = NULL;
	mm_lock_read(mm, &r, *start, end);
	v = vma_first_in(mm, *start, end);
	if (!v) {
		err = -ENOMEM;
		goto out;
	}
	if (v->start > *start) {
		*hole = true;
		*start = v->start;
	}
	if (flags & MS_INVALIDATE && v->flags & VM_LOCKED) {
		err = -EBUSY;
		goto out;
	}
	if (flags & MS_SYNC && v->file && v->flags & VM_SHARED) {
		*f = v->file;
		file_get(*f);
		*from = (loff_t)(vma_page_off(v, *start) << PAGE_SHIFT);
		*to = *from + (loff_t)(min(end, v->end) - *start) - 1;
	}
	*start = min(end, v->end);
out:
	mm_unlock(mm, &r);
	return err;
}

long sys_msync(uaddr_t addr, size_t len, int flags)
{
	u64 start = addr.v, end;
	bool hole = false;
	int err = 0;

	if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) || start & ~PAGE_MASK)
		return -EINVAL;
	if ((flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
		return -EINVAL;
	end = start + PAGE_ALIGN_UP(len);
	if (end < start || (len && !PAGE_ALIGN_UP(len)))
		return -ENOMEM;
	while (start < end && !err) {
		struct file *f;
		loff_t from, to;

		err = msync_piece(current->mm, &start, end, flags, &f, &from, &to, &hole);
		if (f) {
			err = file_op_fsync(f, from, to, true);
			file_put(f);
		}
	}
	return err ? err : hole ? -ENOMEM : 0;
}
