/* SPDX-License-Identifier: MPL-2.0 */
/*
 * System V shared memory: a segment is a memory file without a name (tmpfs), mapped by shmat(2). Its pages go
 * to swap and count as shared memory like those of any such file. Source: shmget(2), shmop(2), shmctl(2).
 *
 * A segment lives until IPC_RMID and its last detach. Each mapping (vma) of it counts as an attach, also after fork
 * and mremap; shmat() holds one while it works. A mapping's private pointer names its segment and needs no
 * reference, because of that count. All state under shms.mutex, taken inside the locks of address spaces.
 */
#include "ipc.h"
#include <base/err.h>
#include <base/math.h>
#include <base/printf.h>
#include <core/init.h>
#include <core/page.h>
#include <core/slab.h>
#include <core/usercopy.h>
#include <fs/file.h>
#include <fs/procfs.h>
#include <fs/tmpfs.h>
#include <kernel/syscall.h>
#include <kernel/task.h>
#include <mm/filemap.h>
#include <mm/mm.h>
#include <uapi/linux/mman.h>
#include <uapi/linux/resource.h>
#include <uapi/linux/shm.h>

#define SHM_DEST	01000		/* in the mode: goes with its last detach */
#define SHM_LOCKED	02000		/* in the mode: not to swap */
#define NO_LIMIT	(~0ull - (1 << 24))

struct shm {
	struct ipc_perm perm;
	struct file *file;		/* [I] referenced */
	const struct file_ops *ops;	/* [I] the memory file's own */
	u64 size;			/* [I] bytes */
	u64 attaches;			/* [mutex] */
	s64 atime, dtime, ctime;	/* [mutex] */
	pid_t cpid, lpid;		/* [I], [mutex] */
};

static struct ipc_family shms = IPC_FAMILY_INIT(shms);
static u64 total_pages;			/* [shms.mutex] of all segments */
static u64 shmmax = NO_LIMIT, shmall = NO_LIMIT;	/* [a] */
static int shmmni = SHMMNI;		/* [a] */

static u64 pages_of(const struct shm *s)
{
	return PAGE_ALIGN_UP(s->size) >> PAGE_SHIFT;
}

/* Out of the table if nobody needs it any more: the caller frees it then, without the mutex. */
static bool shm_over(struct shm *s)
{
	if (s->attaches || !(s->perm.mode & SHM_DEST))
		return false;
	ipc_remove(&shms, &s->perm);
	total_pages -= pages_of(s);
	return true;
}

static void shm_free(struct shm *s)
{
	file_put(s->file);
	kfree(s);
}

/* --- mappings --- */

static void attach(struct shm *s)
{
	mutex_lock(&shms.mutex);
	s->attaches++;
	s->atime = ipc_now();
	s->lpid = task_tgid_vnr(current);
	mutex_unlock(&shms.mutex);
}

static void detach(struct shm *s)
{
	bool over;

	mutex_lock(&shms.mutex);
	s->attaches--;
	s->dtime = ipc_now();
	s->lpid = task_tgid_vnr(current);
	over = shm_over(s);
	mutex_unlock(&shms.mutex);
	if (over)
		shm_free(s);
}

static void shm_vma_open(struct vma *v)
{
	attach(v->private);
}

static void shm_vma_close(struct vma *v)
{
	detach(v->private);
}

/* As any mapping of a file, but for the count. */
static const struct vma_ops shm_vma_ops = {
	.open = shm_vma_open, .close = shm_vma_close, .fault = filemap_fault, .page_mkwrite = filemap_page_mkwrite,
};

static int shm_mmap(struct file *f, struct vma *v)
{
	struct shm *s = f->private;
	int err = s->ops->mmap(f, v);

	if (err)
		return err;
	/* Attached for reading: mprotect() does not change that. */
	if (!(v->flags & VM_WRITE))
		v->flags &= ~VM_MAYWRITE;
	v->ops = &shm_vma_ops;
	v->private = s;
	attach(s);
	return 0;
}

static int shm_fsync(struct file *f, loff_t start, loff_t end, bool datasync)
{
	struct shm *s = f->private;

	return s->ops->fsync(f, start, end, datasync);
}

static long shm_fallocate(struct file *f, int mode, loff_t off, loff_t len)
{
	struct shm *s = f->private;

	return s->ops->fallocate(f, mode, off, len);
}

static const struct file_ops shm_fops = { .mmap = shm_mmap, .fsync = shm_fsync, .fallocate = shm_fallocate };

/* --- shmget --- */

static struct shm *shm_create(s32 key, u64 size, u64 pages, u32 flags)
{
	struct shm *s = kzalloc(sizeof(*s), GFP_KERNEL);
	char name[16];
	int err;

	if (!s)
		return ERR_PTR(-ENOMEM);
	snprintf(name, sizeof(name), "SYSV%08x", (u32)key);
	s->file = shmem_file_create(name, size, 0);
	err = PTR_ERR_OR_ZERO(s->file);
	if (!err && (!(flags & SHM_NORESERVE) || overcommit_memory == OVERCOMMIT_NEVER)) {
		err = shmem_reserve(s->file->mapping, pages);
		if (err)
			file_put(s->file);
	}
	if (err) {
		kfree(s);
		return ERR_PTR(err);
	}
	s->ops = s->file->ops;
	s->file->ops = &shm_fops;
	s->file->private = s;
	s->size = size;
	s->cpid = task_tgid_vnr(current);
	s->ctime = ipc_now();
	return s;
}

static long new_segment(s32 key, u64 size, u32 flags)
{
	u64 pages = size / PAGE_SIZE + (size % PAGE_SIZE != 0);
	struct shm *s;
	int err;

	if (!size || size > READ_ONCE(shmmax))
		return -EINVAL;
	if (flags & SHM_HUGETLB)
		return -EINVAL;		/* a pool of no huge pages */
	if (total_pages + pages < total_pages || total_pages + pages > READ_ONCE(shmall))
		return -ENOSPC;
	s = shm_create(key, size, pages, flags);
	if (IS_ERR(s))
		return PTR_ERR(s) == -EINVAL ? -ENOMEM : PTR_ERR(s);
	err = ipc_add(&shms, &s->perm, key, (umode_t)flags, (u64)READ_ONCE(shmmni));
	if (err) {
		shm_free(s);
		return err;
	}
	s->file->inode->ino = (u64)s->perm.id;	/* as /proc/PID/maps shows it */
	total_pages += pages;
	return s->perm.id;
}

static long get_segment(struct shm *s, u64 size, u32 flags)
{
	int err;

	if ((flags & (IPC_CREAT | IPC_EXCL)) == (IPC_CREAT | IPC_EXCL))
		return -EEXIST;
	if (size > s->size)
		return -EINVAL;
	err = ipc_access(&s->perm, flags);
	return err ? err : s->perm.id;
}

long sys_shmget(int key, size_t size, int flags)
{
	struct ipc_perm *p;
	long res;

	mutex_lock(&shms.mutex);
	p = key == IPC_PRIVATE ? NULL : ipc_find_key(&shms, key);
	if (p)
		res = get_segment(container_of(p, struct shm, perm), size, (u32)flags);
	else if (key == IPC_PRIVATE || flags & IPC_CREAT)
		res = new_segment(key, size, (u32)flags);
	else
		res = -ENOENT;
	mutex_unlock(&shms.mutex);
	return res;
}

/* --- shmat, shmdt --- */

/* The segment, attached once for the caller. ERR_PTR. */
static struct shm *shm_hold(int id, u32 access)
{
	struct ipc_perm *p;
	struct shm *s;
	int err;

	mutex_lock(&shms.mutex);
	p = ipc_find_id(&shms, id);
	s = IS_ERR(p) ? ERR_CAST(p) : container_of(p, struct shm, perm);
	if (!IS_ERR(s)) {
		err = ipc_access(p, access);
		if (err)
			s = ERR_PTR(err);
		else
			s->attaches++;
	}
	mutex_unlock(&shms.mutex);
	return s;
}

static void shm_let_go(struct shm *s)
{
	bool over;

	mutex_lock(&shms.mutex);
	s->attaches--;
	over = shm_over(s);
	mutex_unlock(&shms.mutex);
	if (over)
		shm_free(s);
}

long sys_shmat(int id, uaddr_t uaddr_, int flags)
{
	u32 prot = PROT_READ | (flags & SHM_RDONLY ? 0 : PROT_WRITE) | (flags & SHM_EXEC ? PROT_EXEC : 0);
	u32 access = 0444 | (flags & SHM_RDONLY ? 0 : 0222) | (flags & SHM_EXEC ? 0111 : 0), map = MAP_SHARED;
	u64 addr = uaddr_.v;
	struct shm *s;
	long res;

	if (id < 0)
		return -EINVAL;
	if (addr) {
		if (addr & ~PAGE_MASK && !(flags & SHM_RND))
			return -EINVAL;
		addr &= PAGE_MASK;
		if (!addr && flags & SHM_REMAP)
			return -EINVAL;
		map |= flags & SHM_REMAP ? MAP_FIXED : MAP_FIXED_NOREPLACE;
	} else if (flags & SHM_REMAP) {
		return -EINVAL;
	}
	s = shm_hold(id, access);
	if (IS_ERR(s))
		return PTR_ERR(s);
	res = addr + s->size < addr ? -EINVAL : mmap_do(current->mm, s->file, addr, s->size, prot, map, 0);
	shm_let_go(s);
	return res == -EEXIST ? -EINVAL : res;
}

struct detach {
	u64 addr;
	struct file *file;
};

/* A part of the segment, where an attach at that address put it. */
static bool is_part(const struct vma *v, void *arg)
{
	const struct detach *d = arg;

	return v->file == d->file && v->ops == &shm_vma_ops && v->start - d->addr == v->pgoff << PAGE_SHIFT;
}

long sys_shmdt(uaddr_t addr)
{
	struct detach d = { .addr = addr.v };
	struct vma_info info;
	long n = 0;

	if (addr.v & ~PAGE_MASK)
		return -EINVAL;
	/* The first part of a segment that was attached there: the beginning may be gone. */
	for (u64 at = addr.v; !d.file && vma_info_next(current->mm, at, &info, false); at = info.end) {
		if (info.file && info.file->ops == &shm_fops && info.start >= d.addr &&
		    info.start - d.addr == info.pgoff << PAGE_SHIFT)
			d.file = info.file;
		else if (info.file)
			file_put(info.file);
	}
	if (!d.file)
		return -EINVAL;
	n = munmap_matching(current->mm, d.addr, PAGE_ALIGN_UP((u64)d.file->inode->size), is_part, &d);
	file_put(d.file);
	return n < 0 ? n : n ? 0 : -EINVAL;
}

/* --- shmctl --- */

static void shm_show(const struct shm *s, struct shmid64_ds *out)
{
	*out = (struct shmid64_ds){
		.shm_segsz = s->size, .shm_atime = s->atime, .shm_dtime = s->dtime, .shm_ctime = s->ctime,
		.shm_cpid = s->cpid, .shm_lpid = s->lpid, .shm_nattch = s->attaches,
	};
	ipc_show_perm(&s->perm, &out->shm_perm);
}

static long ctl_stat(int id, int cmd, uaddr_t buf)
{
	struct shmid64_ds out;
	struct ipc_perm *p;
	long res;

	mutex_lock(&shms.mutex);
	p = cmd == IPC_STAT ? ipc_find_id(&shms, id) : ipc_find_slot(&shms, id);
	res = IS_ERR(p) ? PTR_ERR(p) : cmd == SHM_STAT_ANY ? 0 : ipc_access(p, 0444);
	if (!res) {
		shm_show(container_of(p, struct shm, perm), &out);
		res = cmd == IPC_STAT ? 0 : p->id;
	}
	mutex_unlock(&shms.mutex);
	if (res >= 0 && copy_out_bytes(buf, &out, sizeof(out)))
		return -EFAULT;
	return res;
}

static long ctl_limits(uaddr_t buf)
{
	struct shminfo64 i = {
		.shmmax = READ_ONCE(shmmax), .shmmin = 1, .shmmni = (u64)READ_ONCE(shmmni), .shmseg = (u64)READ_ONCE(shmmni),
		.shmall = READ_ONCE(shmall),
	};
	int last;

	mutex_lock(&shms.mutex);
	last = ipc_last_slot(&shms);
	mutex_unlock(&shms.mutex);
	return copy_out_bytes(buf, &i, sizeof(i)) ? -EFAULT : last;
}

static long ctl_usage(uaddr_t buf)
{
	struct shm_info i = { 0 };
	struct ipc_perm *p;
	u64 slot;
	int last;

	mutex_lock(&shms.mutex);
	i.used_ids = (int)shms.nr;
	i.shm_tot = total_pages;
	xa_for_each(&shms.slots, slot, p)
		i.shm_rss += READ_ONCE(container_of(p, struct shm, perm)->file->mapping->nr_pages);
	last = ipc_last_slot(&shms);
	mutex_unlock(&shms.mutex);
	return copy_out_bytes(buf, &i, sizeof(i)) ? -EFAULT : last;
}

static int set_locked(struct shm *s, bool on)
{
	struct mapping *m = s->file->mapping;

	if (!capable(CAP_IPC_LOCK)) {
		if (!uid_eq(current_euid(), s->perm.uid) && !uid_eq(current_euid(), s->perm.cuid))
			return -EPERM;
		if (on && !rlimit_cur(RLIMIT_MEMLOCK))
			return -EPERM;
	}
	s->perm.mode = (umode_t)((s->perm.mode & ~SHM_LOCKED) | (on ? SHM_LOCKED : 0));
	WRITE_ONCE(m->flags, on ? m->flags | MAPPING_UNEVICTABLE : m->flags & ~MAPPING_UNEVICTABLE);
	return 0;
}

static int change(struct shm *s, int cmd, const struct shmid64_ds *in)
{
	int err = cmd == SHM_LOCK || cmd == SHM_UNLOCK ? 0 : ipc_may_change(&s->perm);

	if (err)
		return err;
	switch (cmd) {
	case IPC_RMID:
		s->perm.mode |= SHM_DEST;
		s->perm.key = IPC_PRIVATE;
		return 0;
	case IPC_SET:
		err = ipc_set_perm(&s->perm, &in->shm_perm);
		if (!err)
			s->ctime = ipc_now();
		return err;
	default:
		return set_locked(s, cmd == SHM_LOCK);
	}
}

static long ctl_change(int id, int cmd, uaddr_t buf)
{
	struct shmid64_ds in;
	struct ipc_perm *p;
	struct shm *s = NULL;
	bool over = false;
	int err;

	if (cmd == IPC_SET && copy_in_bytes(&in, buf, sizeof(in)))
		return -EFAULT;
	mutex_lock(&shms.mutex);
	p = ipc_find_id(&shms, id);
	err = IS_ERR(p) ? (int)PTR_ERR(p) : 0;
	if (!err) {
		s = container_of(p, struct shm, perm);
		err = change(s, cmd, &in);
		over = !err && shm_over(s);
	}
	mutex_unlock(&shms.mutex);
	if (over)
		shm_free(s);
	return err;
}

long sys_shmctl(int id, int cmd, uio_void ubuf)
{
	uaddr_t buf = uptr_addr(ubuf);

	if (cmd < 0 || id < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
		return ctl_limits(buf);
	case SHM_INFO:
		return ctl_usage(buf);
	case IPC_STAT: case SHM_STAT: case SHM_STAT_ANY:
		return ctl_stat(id, cmd, buf);
	case IPC_SET: case IPC_RMID: case SHM_LOCK: case SHM_UNLOCK:
		return ctl_change(id, cmd, buf);
	}
	return -EINVAL;
}

/* --- /proc --- */

static int shm_proc_show(struct seq_file *f, void *v)
{
	struct user_ns *ns = current_cred()->user_ns;
	struct ipc_perm *p;
	u64 slot;

	(void)v;
	seq_printf(f, "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime"
		      "      ctime                   rss                  swap\n");
	mutex_lock(&shms.mutex);
	xa_for_each(&shms.slots, slot, p) {
		const struct shm *s = container_of(p, struct shm, perm);

		seq_printf(f, "%10d %10d  %4o %21lu %5u %5u  %5lu %5u %5u %5u %5u %10ld %10ld %10ld %21lu %21lu\n", p->key, p->id,
			   p->mode, s->size, s->cpid, s->lpid, s->attaches, from_kuid(ns, p->uid), from_kgid(ns, p->gid),
			   from_kuid(ns, p->cuid), from_kgid(ns, p->cgid), s->atime, s->dtime, s->ctime,
			   READ_ONCE(s->file->mapping->nr_pages) << PAGE_SHIFT, 0ul);
	}
	mutex_unlock(&shms.mutex);
	return 0;
}

static const struct proc_sysctl limits[] = {
	{ .path = "kernel/shmmax", .mode = 0644, .kind = SYSCTL_U64, .data = &shmmax, .min = 0, .max = 0x7fffffffffffffff },
	{ .path = "kernel/shmall", .mode = 0644, .kind = SYSCTL_U64, .data = &shmall, .min = 0, .max = 0x7fffffffffffffff },
	{ .path = "kernel/shmmni", .mode = 0644, .kind = SYSCTL_INT, .data = &shmmni, .min = 0, .max = 1 << IPC_SLOT_BITS },
};

static int shm_init(void)
{
	int err = proc_create("sysvipc/shm", 0444, shm_proc_show, NULL);

	for (unsigned int i = 0; i < ARRAY_SIZE(limits) && !err; i++)
		err = proc_sysctl_register(&limits[i]);
	return err;
}
INITCALL_BUS(shm_init);
