/* SPDX-License-Identifier: MPL-2.0 */
/*
 * shmat(2) and shmdt(2). Each attachment has an open file of its own over the segment's memory; its
 * mappings count as attached: the first one, what fork copies and what splits, by vma_ops.open and close.
 * So detaching needs no bookkeeping: munmap, execve and exit unmap, and the last mapping to go is the
 * last detach.
 */
#include <fs/inode.h>
#include <kernel/syscall.h>
#include <mm/filemap.h>
#include <mm/mm.h>
#include <uapi/linux/mman.h>
#include "shm.h"

/* --- mappings --- */

static inline struct shm *vma_shm(const struct vma *v)
{
	return v->file->private;
}

static void shm_open(struct vma *v)
{
	struct shm *s = vma_shm(v);

	spin_lock(&s->o.lock);
	s->atime = ipc_now();
	s->lpid = ipc_my_pid();
	s->nattch++;
	spin_unlock(&s->o.lock);
}

static void shm_close(struct vma *v)
{
	shm_detached(vma_shm(v), true);
}

static const struct vma_ops shm_vma_ops = { .open = shm_open, .close = shm_close, .fault = filemap_fault,
	.page_mkwrite = filemap_page_mkwrite,
};

static int shm_mmap(struct file *f, struct vma *v)
{
	int err = filemap_mmap(f, v);

	if (err)
		return err;
	v->ops = &shm_vma_ops;
	shm_open(v);
	return 0;
}

static int shm_release(struct file *f, struct inode *inode)
{
	(void)inode;
	shm_put(f->private);
	return 0;
}

static int shm_fsync(struct file *f, loff_t start, loff_t end, bool datasync)
{
	return 0;
}

static const struct file_ops shm_fops = {
	.mmap = shm_mmap, .release = shm_release, .fsync = shm_fsync, .llseek = noop_llseek,
};

/* --- shmat --- */

struct attach {
	u64 addr;
	u32 prot, flags, oflags, need;
};

/* Where and how, from shmat's arguments. */
static int attach_decode(struct attach *a, u64 addr, int flags)
{
	*a = (struct attach){ .addr = addr, .prot = PROT_READ, .flags = MAP_SHARED, .oflags = O_RDONLY, .need = 0444 };
	if (addr) {
		if (addr & ~PAGE_MASK) {
			if (!(flags & SHM_RND))
				return -EINVAL;
			a->addr &= PAGE_MASK;
			if (!a->addr && flags & SHM_REMAP)
				return -EINVAL;
		}
		a->flags |= flags & SHM_REMAP ? MAP_FIXED : MAP_FIXED_NOREPLACE;
	} else if (flags & SHM_REMAP) {
		return -EINVAL;
	}
	if (!(flags & SHM_RDONLY)) {
		a->prot |= PROT_WRITE;
		a->oflags = O_RDWR;
		a->need |= 0222;
	}
	if (flags & SHM_EXEC) {
		a->prot |= PROT_EXEC;
		a->need |= 0111;
	}
	return 0;
}

/* The segment, referenced and counted as attached, with its memory referenced too. */
static struct shm *segment_pin(struct ipc_ns *ns, int id, u32 need, struct file **memory)
{
	struct shm *s;
	int err = 0;

	rcu_read_lock();
	s = shm_find(ns, id);
	if (IS_ERR(s)) {
		rcu_read_unlock();
		return s;
	}
	if (!ipc_allowed(ns, &s->o, need)) {
		rcu_read_unlock();
		return ERR_PTR(-EACCES);
	}
	spin_lock(&s->o.lock);
	if (s->o.deleted) {
		err = -EIDRM;
	} else {
		ref_get(&s->ref);
		file_get(s->file);
		*memory = s->file;
		s->nattch++;
	}
	spin_unlock(&s->o.lock);
	rcu_read_unlock();
	return err ? ERR_PTR(err) : s;
}

static long attach_map(struct file *f, const struct attach *a, u64 size)
{
	long res;

	if (a->flags & MAP_FIXED_NOREPLACE && a->addr + size < a->addr)
		return -EINVAL;
	res = mmap_do(current->mm, f, a->addr, size, a->prot, a->flags, 0);
	return res == -EEXIST ? -EINVAL : res;
}

long sys_shmat(int id, uaddr_t addr, int flags)
{
	struct file *memory, *f;
	struct attach a;
	struct shm *s;
	long res;

	if (id < 0)
		return -EINVAL;
	res = attach_decode(&a, addr.v, flags);
	if (res)
		return res;
	s = segment_pin(ipc_ns_current(), id, a.need, &memory);
	if (IS_ERR(s))
		return PTR_ERR(s);
	f = file_alloc(&memory->path, a.oflags, &shm_fops);
	if (IS_ERR(f)) {
		res = PTR_ERR(f);
	} else {
		ref_get(&s->ref);
		f->private = s;
		res = attach_map(f, &a, s->size);
		file_put(f);
	}
	file_put(memory);
	shm_detached(s, false);
	shm_put(s);
	return res;
}

long sys_shmdt(uaddr_t addr)
{
	if (addr.v & ~PAGE_MASK)
		return -EINVAL;
	return munmap_attached(current->mm, addr.v, &shm_vma_ops);
}
