/* SPDX-License-Identifier: MPL-2.0 */
/*
 * mmap(2) and munmap(2): where a mapping goes, whether it may exist, and making it. The checks come
 * first, in Linux's order of errors; then the old mappings in the way go (MAP_FIXED), memory is
 * committed, and a neighbour grows or a new vma is linked. See mmap(2) of Linux 6.1.
 */
#include <fs/file.h>
#include <fs/super.h>
#include <fs/mount.h>
#include <kernel/syscall.h>
#include <kernel/task.h>
#include <mm/vma_frames.h>
#include "internal.h"
#include <uapi/linux/mman.h>

#define PERSONALITY_READ_IMPLIES_EXEC	0x0400000u
/* What MAP_SHARED_VALIDATE knows. */
#define MAP_KNOWN	(MAP_SHARED | MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_DENYWRITE | MAP_EXECUTABLE | \
			 MAP_GROWSDOWN | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK | \
			 MAP_HUGETLB | MAP_32BIT | MAP_UNINITIALIZED | (MAP_HUGE_MASK << MAP_HUGE_SHIFT))

/* --- limits --- */

bool may_expand(struct mm *mm, u32 flags, u64 pages)
{
	if (vm_pages(&mm->total_vm) + pages > rlimit_cur(RLIMIT_AS) >> PAGE_SHIFT)
		return false;
	if (flags_data(flags) && !(flags & VM_GROWSDOWN) &&
	    vm_pages(&mm->data_vm) + pages > rlimit_cur(RLIMIT_DATA) >> PAGE_SHIFT)
		return false;
	return true;
}

bool mlock_capable(void)
{
	return rlimit_cur(RLIMIT_MEMLOCK) != 0 || capable(CAP_IPC_LOCK);
}

bool mlock_allowed(struct mm *mm, u64 more_pages)
{
	return vm_pages(&mm->locked_vm) + more_pages <= rlimit_cur(RLIMIT_MEMLOCK) >> PAGE_SHIFT || capable(CAP_IPC_LOCK);
}

/* --- rights --- */

static u32 prot_flags(u32 prot)
{
	return (prot & PROT_READ ? VM_READ : 0) | (prot & PROT_WRITE ? VM_WRITE : 0) | (prot & PROT_EXEC ? VM_EXEC : 0);
}

/* Vma flags for a file mapping, or -errno. */
static int file_flags(struct file *f, u32 prot, u32 flags, u32 *vmf)
{
	switch (flags & MAP_TYPE) {
	case MAP_SHARED_VALIDATE:
		if (flags & ~(MAP_KNOWN | MAP_FIXED_NOREPLACE | MAP_SHARED_VALIDATE))
			return -EOPNOTSUPP;
		fallthrough;
	case MAP_SHARED:
		if (prot & PROT_WRITE && !(f->mode & FMODE_WRITE))
			return -EACCES;
		if (prot & PROT_WRITE && f->inode->flags & S_SWAPFILE)
			return -ETXTBSY;
		if (f->mode & FMODE_WRITE && f->inode->flags & S_APPEND)
			return -EACCES;
		*vmf |= VM_SHARED | VM_MAYSHARE;
		if (!(f->mode & FMODE_WRITE))
			*vmf &= ~(VM_MAYWRITE | VM_SHARED);
		break;
	case MAP_PRIVATE:
		break;
	default:
		return -EINVAL;
	}
	if (!(f->mode & FMODE_READ))
		return -EACCES;
	if (f->path.mnt && f->path.mnt->flags & MNT_NOEXEC) {
		if (*vmf & VM_EXEC)
			return -EPERM;
		*vmf &= ~VM_MAYEXEC;
	}
	if (!f->ops->mmap)
		return -ENODEV;
	if (*vmf & VM_GROWSDOWN)
		return -EINVAL;
	/* A sealed memory file: no new shared mapping that could write. */
	if (*vmf & VM_SHARED && atomic_read(&f->mapping->nr_writable) < 0) {
		if (*vmf & VM_WRITE)
			return -EPERM;
		*vmf &= ~(VM_MAYWRITE | VM_SHARED);
	}
	return 0;
}

static int anon_flags(u32 flags, u32 *vmf)
{
	switch (flags & MAP_TYPE) {
	case MAP_SHARED:
		if (*vmf & VM_GROWSDOWN)
			return -EINVAL;
		*vmf |= VM_SHARED | VM_MAYSHARE;
		return 0;
	case MAP_PRIVATE:
		return 0;
	default:
		return -EINVAL;
	}
}

/* --- making it --- */

/* Link a vma for the range; everything was checked, the range is free and held. */
static int map_region(struct mm *mm, struct range_req *r, const struct vma_shape *want)
{
	struct vma_shape s = *want;
	u64 pages = (s.end - s.start) >> PAGE_SHIFT;
	struct vma *v;
	int err;

	if (flags_accountable(s.flags)) {
		err = mem_commit(mm, (s64)pages);
		if (err)
			return err;
		s.flags |= VM_ACCOUNT;
	}
	if (!s.file && vma_try_extend(mm, r, &s))
		return 0;
	err = -ENOMEM;
	v = vma_alloc(mm);
	if (!v)
		goto out_uncommit;
	v->start = s.start;
	v->end = s.end;
	v->pgoff = s.pgoff;
	v->flags = s.flags;
	if (s.file) {
		file_get(s.file);
		v->file = s.file;
		err = file_op_mmap(s.file, v);
		if (err)
			goto out_free;
	}
	vma_link(mm, v);
	return 0;
out_free:
	file_put(v->file);
	vma_free(v);
out_uncommit:
	if (s.flags & VM_ACCOUNT)
		mem_uncommit(mm, (s64)pages);
	return err;
}

static u64 pages_in(struct mm *mm, u64 start, u64 end)
{
	u64 n = 0;

	for (struct vma *v = vma_first_in(mm, start, end); v; v = vma_next_in(v, end))
		n += (min(end, v->end) - max(start, v->start)) >> PAGE_SHIFT;
	return n;
}

/* Where it goes: the place is held for writing. Address or -errno. */
static u64 mmap_place(struct mm *mm, struct range_req *r, struct file *file, u64 addr, u64 len, u32 flags, u64 pgoff)
{
	int err;

	if (!(flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))) {
		if (file && file->ops->get_unmapped_area) {
			addr = file_op_get_unmapped_area(file, addr, len, pgoff, flags);
			if (IS_ERR_VALUE(addr))
				return addr;
		}
		return mm_lock_place(mm, r, addr, len, flags);
	}
	if (addr & ~PAGE_MASK)
		return (u64)-EINVAL;
	if (addr > USER_END - len)
		return (u64)-ENOMEM;
	err = mm_lock_write(mm, r, addr, addr + len);
	if (err)
		return (u64)err;
	if (flags & MAP_FIXED_NOREPLACE && vma_first_in(mm, addr, addr + len)) {
		mm_unlock(mm, r);
		return (u64)-EEXIST;
	}
	return addr;
}

/* The place is held for writing (r). The address or -errno. */
static long mmap_locked(struct mm *mm, struct range_req *r, struct file *file, u64 addr, u64 len, u32 prot, u32 flags,
			u64 pgoff, u32 *vmflags)
{
	u32 vmf = prot_flags(prot) | mm->def_flags | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
	struct vma_shape s;
	long err;

	if (addr < MMAP_MIN_ADDR && !capable(CAP_SYS_RAWIO))
		return -EPERM;
	if (flags & MAP_GROWSDOWN)
		vmf |= VM_GROWSDOWN;
	if (flags & MAP_LOCKED) {
		if (!mlock_capable())
			return -EPERM;
		vmf |= VM_LOCKED;
	}
	if (vmf & VM_LOCKED && !mlock_allowed(mm, len >> PAGE_SHIFT))
		return -EAGAIN;
	err = file ? file_flags(file, prot, flags, &vmf) : anon_flags(flags, &vmf);
	if (err)
		return err;
	if (!file)
		pgoff = flags & MAP_SHARED ? 0 : addr >> PAGE_SHIFT;
	if (flags & MAP_NORESERVE && overcommit_memory != OVERCOMMIT_NEVER)
		vmf |= VM_NORESERVE;
	if (!may_expand(mm, vmf, (len >> PAGE_SHIFT) - pages_in(mm, addr, addr + len)))
		return -ENOMEM;
	if (!(file) && flags & MAP_SHARED) {
		file = shmem_file_create("dev/zero", len, vmf);
		if (IS_ERR(file))
			return PTR_ERR(file);
		err = vmf & VM_NORESERVE ? 0 : shmem_reserve(file->mapping, len >> PAGE_SHIFT);
		if (err)
			goto out;
	} else if (file) {
		file_get(file);
	}
	err = munmap_locked(mm, r, addr, addr + len);
	if (err)
		goto out;
	s = (struct vma_shape){ addr, addr + len, pgoff, vmf, file, NULL, NULL };
	err = map_region(mm, r, &s);
	*vmflags = vmf;
out:
	if (file)
		file_put(file);
	return err ? err : (long)addr;
}

long mmap_do(struct mm *mm, struct file *file, u64 addr, u64 len, u32 prot, u32 flags, u64 pgoff)
{
	struct range_req r;
	u32 vmf = 0;
	long res;

	if (!len)
		return -EINVAL;
	if (prot & PROT_READ && current->personality & PERSONALITY_READ_IMPLIES_EXEC &&
	    !(file && file->path.mnt && file->path.mnt->flags & MNT_NOEXEC))
		prot |= PROT_EXEC;
	len = PAGE_ALIGN_UP(len);
	if (!len || len > USER_END)
		return -ENOMEM;
	if (pgoff + (len >> PAGE_SHIFT) < pgoff)
		return -EOVERFLOW;
	/* a regular file's pages end where its largest offset is */
	if (file && S_ISREG_I(file->inode) && pgoff > (u64)(file->inode->sb->maxbytes - len) >> PAGE_SHIFT)
		return -EOVERFLOW;
	if (flags & MAP_HUGETLB)
		return file ? -EINVAL : -ENOMEM;	/* a pool of no huge pages */
	if (READ_ONCE(mm->nr_vmas) > MAX_MAP_COUNT)
		return -ENOMEM;
	addr = mmap_place(mm, &r, file, addr, len, flags, pgoff);
	if (IS_ERR_VALUE(addr))
		return (long)addr;
	res = mmap_locked(mm, &r, file, addr, len, prot, flags, pgoff, &vmf);
	mm_unlock(mm, &r);
	if (!IS_ERR_VALUE((u64)res) && (flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE)
		vmf |= VM_LOCKED;
	if (!IS_ERR_VALUE((u64)res) && vmf & VM_LOCKED && mm == current->mm && !(vmf & VM_LOCKONFAULT))
		(void)mm_populate(mm, (u64)res, (u64)res + len, false);
	return res;
}

long sys_mmap(uaddr_t addr, size_t len, u64 prot, u64 flags, int fd, u64 offset)
{
	struct file *f = NULL;
	long res;

	if (offset & ~PAGE_MASK)
		return -EINVAL;
	if (!(flags & MAP_ANONYMOUS)) {
		f = fget(fd);
		if (!f)
			return -EBADF;
	}
	res = mmap_do(current->mm, f, addr.v, len, (u32)prot, (u32)flags, offset >> PAGE_SHIFT);
	if (f)
		file_put(f);
	return res;
}

long sys_munmap(uaddr_t addr, size_t len)
{
	return munmap_do(current->mm, addr.v, len);
}

/* --- special mappings --- */

int vma_map_frames_at(struct vma *v, u64 page, pfn_t first, u64 nr, bool uncached)
{
	u64 start = v->start + (page << PAGE_SHIFT), addr = start, end = start + (nr << PAGE_SHIFT);
	struct pgtable *pt = current->mm->pt;

	if (page > vma_pages(v) || nr > vma_pages(v) - page)
		return -EINVAL;
	v->flags |= VM_SPECIAL | VM_DONTEXPAND | VM_DONTDUMP | (uncached ? VM_UNCACHED : 0);
	while (addr < end) {
		struct pt_cursor c;
		int err = pt_cursor_open(&c, pt, addr, PT_ALLOC, NULL);

		if (err)
			return err;	/* the caller's failure path clears the range */
		do {
			pt_cursor_map_special(&c, pfn(first.v + ((c.addr - start) >> PAGE_SHIFT)), vma_prot(v));
		} while (pt_cursor_next(&c, end));
		addr = c.addr;
		pt_cursor_close(&c);
	}
	return 0;
}

int vma_map_frames(struct vma *v, pfn_t first, u64 nr, bool uncached)
{
	return vma_map_frames_at(v, 0, first, nr, uncached);
}
