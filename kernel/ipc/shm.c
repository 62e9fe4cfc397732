/* SPDX-License-Identifier: MPL-2.0 */
/*
 * System V shared memory: making, removing and describing segments. The memory of a segment is an
 * unlinked memory file (tmpfs); attaching maps it (shm_map.c).
 *
 * A segment is destroyed when it is removed and nobody has it attached, whatever comes last. With
 * shm_rmid_forced every segment counts as removed once its maker is gone or it was detached. A segment in
 * destruction has lost its id; files of mappings that are just being torn down still refer to it.
 */
#include <base/printf.h>
#include <core/slab.h>
#include <fs/inode.h>
#include <fs/seq_file.h>
#include <kernel/syscall.h>
#include <mm/mm.h>
#include <mm/filemap.h>
#include <uapi/linux/mman.h>
#include "shm.h"

/* --- life --- */

void shm_put(struct shm *s)
{
	if (ref_put(&s->ref))
		kfree_rcu(s, o.rcu);
}

/* SHM_LOCK: the pages stay in memory, and count against its user. */
static int memory_lock(struct shm *s)
{
	struct user_struct *u = current_cred()->user;
	s64 pages = (s64)shm_pages(s);

	if (s->locker)
		return 0;
	if ((u64)atomic64_add_return(&u->locked_pages, pages) > rlimit_cur(RLIMIT_MEMLOCK) >> PAGE_SHIFT &&
	    !capable(CAP_IPC_LOCK)) {
		atomic64_sub(&u->locked_pages, pages);
		return -ENOMEM;
	}
	ref_get(&u->ref);
	s->locker = u;
	shmem_set_locked(s->file->mapping, true);
	WRITE_ONCE(s->o.mode, s->o.mode | SHM_LOCKED);
	return 0;
}

static void memory_unlock(struct shm *s)
{
	struct user_struct *u = s->locker;

	if (!u)
		return;
	s->locker = NULL;
	shmem_set_locked(s->file->mapping, false);
	WRITE_ONCE(s->o.mode, s->o.mode & ~(u32)SHM_LOCKED);
	atomic64_sub(&u->locked_pages, (s64)shm_pages(s));
	user_put(u);
}

/* rwsem and lock held; the lock is dropped. */
static void destroy(struct shm *s)
{
	struct file *f = s->file;

	memory_unlock(s);
	ipc_remove(shm_ids(s->ns), &s->o);
	spin_unlock(&s->o.lock);
	s->ns->shm_tot -= shm_pages(s);
	s->maker = NULL;
	list_del_init(&s->made_link);
	file_put(f);
	shm_put(s);
}

static bool may_destroy(const struct shm *s)
{
	return !s->nattch && !s->o.deleted && (s->o.mode & SHM_DEST || READ_ONCE(s->ns->shm_rmid_forced));
}

void shm_detached(struct shm *s, bool note)
{
	struct ipc_ids *ids = shm_ids(s->ns);

	down_write(&ids->rwsem);
	spin_lock(&s->o.lock);
	if (note) {
		s->lpid = ipc_my_pid();
		s->dtime = ipc_now();
	}
	s->nattch--;
	if (may_destroy(s))
		destroy(s);
	else
		spin_unlock(&s->o.lock);
	up_write(&ids->rwsem);
}

void shm_destroy_orphans(struct ipc_ns *ns)
{
	struct ipc_ids *ids = shm_ids(ns);
	struct ipc_object *o;
	u64 index;

	down_write(&ids->rwsem);
	xa_for_each(&ids->objects, index, o) {
		struct shm *s = container_of(o, struct shm, o);

		if (s->maker)
			continue;
		spin_lock(&o->lock);
		if (may_destroy(s))
			destroy(s);
		else
			spin_unlock(&o->lock);
	}
	up_write(&ids->rwsem);
}

void ipc_exit_shm(struct task *t)
{
	struct ipc_ids *ids;

	/* Others only take away from the list. */
	if (list_empty(&t->shm_made))
		return;
	ids = shm_ids(t->nsproxy->ipc);
	down_write(&ids->rwsem);
	while (!list_empty(&t->shm_made)) {
		struct shm *s = list_first_entry(&t->shm_made, struct shm, made_link);

		list_del_init(&s->made_link);
		s->maker = NULL;
		if (!READ_ONCE(s->ns->shm_rmid_forced))
			continue;
		spin_lock(&s->o.lock);
		if (may_destroy(s))
			destroy(s);
		else
			spin_unlock(&s->o.lock);
	}
	up_write(&ids->rwsem);
}

/* --- shmget --- */

/* Linux without reserved huge pages: a size that the processor has is not to be had, others are not known. */
static int hugetlb_error(int flags)
{
	u32 log = (u32)flags >> SHM_HUGE_SHIFT & SHM_HUGE_MASK;

	return log == 0 || log == 21 || log == 30 ? -ENOMEM : -EINVAL;
}

static struct file *memory_create(const struct ipc_get *g, u64 pages)
{
	char name[16];
	struct file *f;
	int err;

	snprintf(name, sizeof(name), "SYSV%08x", (u32)g->key);
	f = shmem_file_create(name, g->size, 0);
	if (IS_ERR(f) || (g->flags & SHM_NORESERVE && READ_ONCE(overcommit_memory) != OVERCOMMIT_NEVER))
		return f;
	err = shmem_reserve(f->mapping, pages);
	if (!err)
		return f;
	file_put(f);
	return ERR_PTR(err);
}

/* get_ops.make */
static int segment_make(struct ipc_ns *ns, const struct ipc_get *g)
{
	u64 pages = (g->size >> PAGE_SHIFT) + (g->size & (PAGE_SIZE - 1) ? 1 : 0), sum;
	struct shm *s;
	int err;

	if (g->size < SHMMIN || g->size > READ_ONCE(ns->shm_max))
		return -EINVAL;
	if (pages << PAGE_SHIFT < g->size)
		return -ENOSPC;
	sum = ns->shm_tot + pages;
	if (sum < ns->shm_tot || sum > READ_ONCE(ns->shm_all))
		return -ENOSPC;
	if (g->size > 0x7fffffffffffffffull)
		return -EINVAL;
	if (g->flags & SHM_HUGETLB)
		return hugetlb_error(g->flags);
	s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		return -ENOMEM;
	ipc_object_init(&s->o, g);
	ref_init(&s->ref, 1);
	s->ns = ns;
	s->size = g->size;
	s->cpid = ipc_my_pid();
	s->ctime = ipc_now();
	s->file = memory_create(g, pages);
	if (IS_ERR(s->file)) {
		err = (int)PTR_ERR(s->file);
		goto out_free;
	}
	s->maker = current;
	list_add(&s->made_link, &current->shm_made);
	err = ipc_add(shm_ids(ns), &s->o, READ_ONCE(ns->shm_mni));
	if (err)
		goto out_file;
	/* What /proc/PID/maps shows; nobody has mapped it yet. */
	s->file->inode->ino = (u64)s->o.id;
	ns->shm_tot = sum;
	return s->o.id;
out_file:
	list_del_init(&s->made_link);
	file_put(s->file);
out_free:
	/* ipc_add() may have shown it to readers under RCU. */
	shm_put(s);
	return err;
}

static int segment_check(const struct ipc_object *o, const struct ipc_get *g)
{
	return container_of(o, struct shm, o)->size < g->size ? -EINVAL : 0;
}

long sys_shmget(int key, size_t size, int flags)
{
	static const struct ipc_get_ops ops = { segment_make, segment_check };
	const struct ipc_get g = { key, flags, size };
	struct ipc_ns *ns = ipc_ns_current();

	return ipc_get(ns, shm_ids(ns), &ops, &g);
}

/* --- shmctl --- */

static u64 swapped_pages(const struct shm *s)
{
	return READ_ONCE(s->file->mapping->nr_swapped);
}

static long ctl_ipc_info(struct ipc_ns *ns, uaddr_t buf)
{
	struct shminfo64 i = {
		.shmmax = READ_ONCE(ns->shm_max), .shmmin = SHMMIN, .shmmni = (u64)READ_ONCE(ns->shm_mni),
		.shmseg = (u64)READ_ONCE(ns->shm_mni), .shmall = READ_ONCE(ns->shm_all),
	};
	int highest;

	if (copy_out_bytes(buf, &i, sizeof(i)))
		return -EFAULT;
	down_read(&shm_ids(ns)->rwsem);
	highest = ipc_highest(shm_ids(ns));
	up_read(&shm_ids(ns)->rwsem);
	return highest;
}

static long ctl_shm_info(struct ipc_ns *ns, uaddr_t buf)
{
	struct ipc_ids *ids = shm_ids(ns);
	struct shm_info i = { 0 };
	struct ipc_object *o;
	int highest;
	u64 index;

	down_read(&ids->rwsem);
	i.used_ids = ids->in_use;
	i.shm_tot = ns->shm_tot;
	xa_for_each(&ids->objects, index, o) {
		struct shm *s = container_of(o, struct shm, o);

		i.shm_rss += READ_ONCE(s->file->mapping->nr_pages);
		i.shm_swp += swapped_pages(s);
	}
	highest = ipc_highest(ids);
	up_read(&ids->rwsem);
	return copy_out_bytes(buf, &i, sizeof(i)) ? -EFAULT : highest;
}

static void fill_ds(const struct ipc_object *o, void *to)
{
	const struct shm *s = container_of(o, struct shm, o);
	struct shmid64_ds *ds = to;

	ipc_fill_perm(o, &ds->shm_perm);
	ds->shm_segsz = s->size;
	ds->shm_atime = s->atime;
	ds->shm_dtime = s->dtime;
	ds->shm_ctime = s->ctime;
	ds->shm_cpid = s->cpid;
	ds->shm_lpid = s->lpid;
	ds->shm_nattch = s->nattch;
}

static long ctl_stat(struct ipc_ns *ns, int id, int cmd, uaddr_t buf)
{
	struct shmid64_ds ds = { { 0 } };
	const struct ipc_stat how = { cmd != IPC_STAT, cmd == SHM_STAT_ANY, fill_ds, &ds, sizeof(ds) };

	return ipc_stat(ns, shm_ids(ns), id, &how, buf);
}

static void remove_segment(struct shm *s)
{
	if (!s->nattch) {
		destroy(s);
		return;
	}
	WRITE_ONCE(s->o.mode, s->o.mode | SHM_DEST);
	ipc_forget_key(shm_ids(s->ns), &s->o);
	spin_unlock(&s->o.lock);
}

static long ctl_change(struct ipc_ns *ns, int id, int cmd, uaddr_t buf)
{
	struct ipc_ids *ids = shm_ids(ns);
	struct shmid64_ds ds;
	struct ipc_object *o;
	int err;

	if (cmd == IPC_SET && copy_in_bytes(&ds, buf, sizeof(ds)))
		return -EFAULT;
	down_write(&ids->rwsem);
	o = ipc_lock_owned(ns, ids, id);
	err = PTR_ERR_OR_ZERO(o);
	if (!err && cmd == IPC_RMID) {
		remove_segment(container_of(o, struct shm, o));
	} else if (!err) {
		err = ipc_set_perm(o, &ds.shm_perm);
		if (!err)
			container_of(o, struct shm, o)->ctime = ipc_now();
		spin_unlock(&o->lock);
	}
	up_write(&ids->rwsem);
	return err;
}

static int lock_permission(const struct ipc_ns *ns, const struct ipc_object *o, int cmd)
{
	kuid_t euid = current_euid();

	if (ns_capable(current_cred(), ns->user_ns, CAP_IPC_LOCK))
		return 0;
	if (!uid_eq(euid, o->uid) && !uid_eq(euid, o->cuid))
		return -EPERM;
	return cmd == SHM_LOCK && !rlimit_cur(RLIMIT_MEMLOCK) ? -EPERM : 0;
}

static long ctl_lock(struct ipc_ns *ns, int id, int cmd)
{
	struct shm *s;
	int err;

	rcu_read_lock();
	s = shm_find(ns, id);
	if (IS_ERR(s)) {
		rcu_read_unlock();
		return PTR_ERR(s);
	}
	spin_lock(&s->o.lock);
	err = s->o.deleted ? -EIDRM : lock_permission(ns, &s->o, cmd);
	if (!err && cmd == SHM_LOCK)
		err = memory_lock(s);
	else if (!err)
		memory_unlock(s);
	spin_unlock(&s->o.lock);
	rcu_read_unlock();
	return err;
}

long sys_shmctl(int id, int cmd, uio_void buf)
{
	struct ipc_ns *ns = ipc_ns_current();
	uaddr_t at = uaddr(buf.addr);

	if (cmd < 0 || id < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
		return ctl_ipc_info(ns, at);
	case SHM_INFO:
		return ctl_shm_info(ns, at);
	case IPC_STAT:
	case SHM_STAT:
	case SHM_STAT_ANY:
		return ctl_stat(ns, id, cmd, at);
	case IPC_SET:
	case IPC_RMID:
		return ctl_change(ns, id, cmd, at);
	case SHM_LOCK:
	case SHM_UNLOCK:
		return ctl_lock(ns, id, cmd);
	default:
		return -EINVAL;
	}
}

/* --- /proc/sysvipc/shm --- */

int shm_proc_show(struct seq_file *f, void *v)
{
	struct ipc_ids *ids = shm_ids(ipc_ns_current());
	struct ipc_object *o;
	u64 index;

	(void)v;
	seq_puts(f, "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid"
		    "      atime      dtime      ctime                   rss                  swap\n");
	down_read(&ids->rwsem);
	xa_for_each(&ids->objects, index, o) {
		const struct shm *s = container_of(o, struct shm, o);
		struct shmid64_ds d = { { 0 } };

		spin_lock(&o->lock);
		fill_ds(o, &d);
		spin_unlock(&o->lock);
		seq_printf(f, "%10d %10d  %4o %21llu %5u %5u  %5llu %5u %5u %5u %5u %10lld %10lld %10lld %21llu %21llu\n",
			   d.shm_perm.key, o->id, d.shm_perm.mode, (unsigned long long)d.shm_segsz, (u32)d.shm_cpid,
			   (u32)d.shm_lpid, (unsigned long long)d.shm_nattch, d.shm_perm.uid, d.shm_perm.gid,
			   d.shm_perm.cuid, d.shm_perm.cgid, (long long)d.shm_atime, (long long)d.shm_dtime,
			   (long long)d.shm_ctime,
			   (unsigned long long)READ_ONCE(s->file->mapping->nr_pages) << PAGE_SHIFT,
			   (unsigned long long)swapped_pages(s) << PAGE_SHIFT);
	}
	up_read(&ids->rwsem);
	return 0;
}
