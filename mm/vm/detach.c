/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Unmapping what shmat(2) mapped, by its address alone: pieces of it may be gone or split, and other
 * mappings may stand in the holes. A piece belongs to the attachment at addr when it has the
 * attachment's operations and lies where its offset in the file says.
 */
#include <fs/file.h>
#include <fs/inode.h>
#include "internal.h"

static bool is_piece(const struct vma *v, u64 addr, const struct vma_ops *ops)
{
	return v->ops == ops && v->start >= addr && (v->start - addr) >> PAGE_SHIFT == v->pgoff;
}

static int unmap_pieces(struct mm *mm, struct range_req *r, u64 addr, const struct vma_ops *ops)
{
	struct vma *v = vma_first_in(mm, addr, USER_END), *next;
	struct file *file;
	u64 size;
	int err = 0;

	while (v && !is_piece(v, addr, ops))
		v = vma_next_in(v, USER_END);
	if (!v)
		return -EINVAL;
	/* One attachment, one open file. */
	file = v->file;
	file_get(file);
	size = PAGE_ALIGN_UP((u64)inode_size(file->inode));
	for (; v && !err; v = next) {
		next = vma_next_in(v, USER_END);
		if (v->end - addr > size)
			break;
		if (v->file == file && is_piece(v, addr, ops))
			err = munmap_locked(mm, r, v->start, v->end);
	}
	file_put(file);
	return err;
}

int munmap_attached(struct mm *mm, u64 addr, const struct vma_ops *ops)
{
	struct range_req r;
	int err = mm_lock_write(mm, &r, 0, ~0ul);

	if (err)
		return err;
	err = unmap_pieces(mm, &r, addr, ops);
	mm_unlock(mm, &r);
	return err;
}
