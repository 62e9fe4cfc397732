/* SPDX-License-Identifier: MPL-2.0 */
/* remap_file_pages(2): deprecated, and emulated as Linux does since 4.0: a fixed shared mapping over the old one. */
#include <fs/file.h>
#include <kernel/syscall.h>
#include <kernel/task.h>
#include "internal.h"
#include <uapi/linux/mman.h>

long sys_remap_file_pages(uaddr_t addr, size_t size, u64 prot, u64 pgoff, u64 flags)
{
	struct mm *mm = current->mm;
	u64 start = PAGE_ALIGN_DOWN(addr.v), end;
	u32 vmf = 0, mflags = MAP_SHARED | MAP_FIXED | MAP_POPULATE;
	struct file *f = NULL;
	struct range_req r;
	struct vma *v, *n;
	long res;

	size = PAGE_ALIGN_DOWN(size);
	end = start + size;
	if (prot || end <= start || pgoff + (size >> PAGE_SHIFT) < pgoff)
		return -EINVAL;
	mm_lock_read(mm, &r, start, end);
	v = vma_first_in(mm, start, start + 1);
	/* The whole range must be of one file, shared, with the same rights. */
	if (v && v->flags & VM_SHARED && v->file) {
		vmf = v->flags;
		f = v->file;
		while (f && v->end < end) {
			n = vma_next_in(v, end);
			if (!n || n->start != v->end || n->file != f || n->flags != vmf)
				f = NULL;
			v = n;
		}
		if (f)
			file_get(f);
	}
	mm_unlock(mm, &r);
	if (!f)
		return -EINVAL;
	mflags |= (u32)flags & MAP_NONBLOCK;
	if (vmf & VM_LOCKED)
		mflags |= MAP_LOCKED;
	res = mmap_do(mm, f, start, size,
		      (vmf & VM_READ ? PROT_READ : 0) | (vmf & VM_WRITE ? PROT_WRITE : 0) |
		      (vmf & VM_EXEC ? PROT_EXEC : 0), mflags, pgoff);
	file_put(f);
	return IS_ERR_VALUE((u64)res) ? res : 0;
}
