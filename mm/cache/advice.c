/* SPDX-License-Identifier: MPL-2.0 */
/* readahead(2) and posix_fadvise(2): what a program knows about its next reads. */
#include <fs/file.h>
#include <kernel/syscall.h>
#include "internal.h"
#include <uapi/linux/fadvise.h>

long sys_readahead(int fd, loff_t offset, size_t count)
{
	struct file *f = fget(fd);
	long err = -EBADF;

	if (!f)
		return -EBADF;
	if (!(f->mode & FMODE_READ))
		goto out;
	err = -EINVAL;
	if (!f->mapping || !S_ISREG_I(f->inode) || offset < 0)
		goto out;
	filemap_readahead(f, f->mapping, (u64)offset >> PAGE_SHIFT, (count + PAGE_SIZE - 1) >> PAGE_SHIFT);
	err = 0;
out:
	file_put(f);
	return err;
}

static long fadvise_do(struct file *f, loff_t offset, loff_t len, int advice)
{
	struct mapping *m = f->mapping;
	u64 first, last, end;

	if ((f->inode->mode & S_IFMT) == S_IFIFO)
		return -ESPIPE;
	if (!m || len < 0)
		return -EINVAL;
	end = len && offset + len > offset ? (u64)(offset + len) : ~0ul >> 1;
	switch (advice) {
	case POSIX_FADV_NORMAL:
		f->ra.mode = RA_NORMAL;
		return 0;
	case POSIX_FADV_RANDOM:
		f->ra.mode = RA_RANDOM;
		return 0;
	case POSIX_FADV_SEQUENTIAL:
		f->ra.mode = RA_SEQUENTIAL;
		return 0;
	case POSIX_FADV_NOREUSE:
		return 0;
	case POSIX_FADV_WILLNEED:
		filemap_readahead(f, m, (u64)offset >> PAGE_SHIFT, (end - (u64)offset + PAGE_SIZE - 1) >> PAGE_SHIFT);
		return 0;
	case POSIX_FADV_DONTNEED:
		(void)filemap_flush(m);
		/* Whole pages only; the last partial one counts if the file ends in it. */
		first = ((u64)offset + PAGE_SIZE - 1) >> PAGE_SHIFT;
		last = end >> PAGE_SHIFT;
		if (end < (u64)inode_size(f->inode) && last)
			last--;
		if (last >= first)
			invalidate_clean(m, first, last);
		return 0;
	default:
		return -EINVAL;
	}
}

long sys_fadvise64(int fd, loff_t offset, size_t len, int advice)
{
	struct file *f = fget(fd);
	long err;

	if (!f)
		return -EBADF;
	err = fadvise_do(f, offset, (loff_t)len, advice);
	file_put(f);
	return err;
}
