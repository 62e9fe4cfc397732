/* SPDX-License-Identifier: MPL-2.0 */
/* semget(2), semctl(2), /proc/sysvipc/sem: making, removing, reading and setting semaphore arrays. */
#include <core/slab.h>
#include <fs/seq_file.h>
#include <kernel/syscall.h>
#include "sem.h"

/* --- life --- */

/* kvfree may sleep, an RCU callback may not. */
static void array_free_work(struct work *w)
{
	kvfree(container_of(w, struct sem_array, free_work));
}

static void array_free_rcu(struct rcu_head *head)
{
	struct sem_array *a = container_of(head, struct sem_array, o.rcu);

	work_queue(system_wq, &a->free_work);
}

/* get_ops.make */
static int array_make(struct ipc_ns *ns, const struct ipc_get *g)
{
	u32 n = (u32)g->size;
	struct sem_array *a;
	int err;

	if (!n)
		return -EINVAL;
	if (ns->used_sems + (int)n > READ_ONCE(ns->sem_ctls[1]))
		return -ENOSPC;
	a = kvmalloc(sizeof(*a) + n * sizeof(a->sems[0]), GFP_KERNEL | GFP_ZERO);
	if (!a)
		return -ENOMEM;
	ipc_object_init(&a->o, g);
	list_init(&a->alter);
	list_init(&a->zero);
	list_init(&a->undos);
	work_init(&a->free_work, array_free_work);
	a->nsems = n;
	a->ctime = ipc_now();
	for (u32 i = 0; i < n; i++) {
		list_init(&a->sems[i].alter);
		list_init(&a->sems[i].zero);
	}
	err = ipc_add(sem_ids(ns), &a->o, READ_ONCE(ns->sem_ctls[3]));
	if (err) {
		kvfree(a);	/* not published: nobody has seen it */
		return err;
	}
	ns->used_sems += (int)n;
	return a->o.id;
}

/* rwsem and lock held; the lock is dropped. */
static void array_destroy(struct ipc_ns *ns, struct sem_array *a)
{
	sem_undo_drop_all(a);
	sem_wake_all(a, -EIDRM);
	ipc_remove(sem_ids(ns), &a->o);
	spin_unlock(&a->o.lock);
	ns->used_sems -= (int)a->nsems;
	call_rcu(&a->o.rcu, array_free_rcu);
}

static int array_check(const struct ipc_object *o, const struct ipc_get *g)
{
	return container_of(o, struct sem_array, o)->nsems < g->size ? -EINVAL : 0;
}

long sys_semget(int key, int nsems, int flags)
{
	static const struct ipc_get_ops ops = { array_make, array_check };
	const struct ipc_get g = { key, flags, (size_t)nsems };
	struct ipc_ns *ns = ipc_ns_current();

	if (nsems < 0 || nsems > READ_ONCE(ns->sem_ctls[0]))
		return -EINVAL;
	return ipc_get(ns, sem_ids(ns), &ops, &g);
}

/* --- looking --- */

static long ctl_info(struct ipc_ns *ns, int cmd, uaddr_t buf)
{
	struct seminfo i = {
		.semmap = SEMMAP, .semmni = READ_ONCE(ns->sem_ctls[3]), .semmns = READ_ONCE(ns->sem_ctls[1]),
		.semmnu = SEMMNU, .semmsl = READ_ONCE(ns->sem_ctls[0]), .semopm = READ_ONCE(ns->sem_ctls[2]),
		.semume = SEMUME, .semusz = SEMUSZ, .semvmx = SEMVMX, .semaem = SEMAEM,
	};
	int highest;

	down_read(&sem_ids(ns)->rwsem);
	if (cmd == SEM_INFO) {
		i.semusz = sem_ids(ns)->in_use;
		i.semaem = ns->used_sems;
	}
	highest = ipc_highest(sem_ids(ns));
	up_read(&sem_ids(ns)->rwsem);
	return copy_out_bytes(buf, &i, sizeof(i)) ? -EFAULT : highest;
}

static void fill_ds(const struct ipc_object *o, void *to)
{
	const struct sem_array *a = container_of(o, struct sem_array, o);
	struct semid64_ds *ds = to;

	ipc_fill_perm(o, &ds->sem_perm);
	ds->sem_otime = a->otime;
	ds->sem_ctime = a->ctime;
	ds->sem_nsems = a->nsems;
}

static long ctl_stat(struct ipc_ns *ns, int id, int cmd, uaddr_t buf)
{
	struct semid64_ds ds = { { 0 } };
	const struct ipc_stat how = { cmd != IPC_STAT, cmd == SEM_STAT_ANY, fill_ds, &ds, sizeof(ds) };

	return ipc_stat(ns, sem_ids(ns), id, &how, buf);
}

static int count_queue(const struct list_head *queue, u32 num, bool zero)
{
	const struct sem_wait *w;
	int n = 0;

	list_for_each_entry(w, queue, link) {
		const struct sembuf *op = w->blocking;

		n += op->sem_num == num && (zero ? !op->sem_op : op->sem_op < 0);
	}
	return n;
}

/* Who waits for this semaphore at the moment, to rise or to be zero. */
static int count_waiters(const struct sem_array *a, u32 num, bool zero)
{
	return count_queue(zero ? &a->sems[num].zero : &a->sems[num].alter, num, zero) +
	       count_queue(&a->alter, num, zero) + count_queue(&a->zero, num, zero);
}

static long value_of(const struct sem_array *a, u32 num, int cmd)
{
	switch (cmd) {
	case GETVAL:
		return a->sems[num].val;
	case GETPID:
		return a->sems[num].pid;
	default:
		return count_waiters(a, num, cmd == GETZCNT);
	}
}

/*
 * The array, locked, if current may do `mode` to it; ERR_PTR. num: must be one of its semaphores, or -1. The
 * order of errors is the callers': num_first.
 */
static struct sem_array *array_lock(struct ipc_ns *ns, int id, int num, u32 mode, bool num_first)
{
	struct sem_array *a;
	int err = 0;

	rcu_read_lock();
	a = sem_find(ns, id);
	if (IS_ERR(a)) {
		rcu_read_unlock();
		return a;
	}
	if (num_first && (num < 0 || (u32)num >= a->nsems))
		err = -EINVAL;
	else if (!ipc_allowed(ns, &a->o, mode))
		err = -EACCES;
	else if (!num_first && (num < -1 || (num >= 0 && (u32)num >= a->nsems)))
		err = -EINVAL;
	if (!err) {
		spin_lock(&a->o.lock);
		if (!a->o.deleted) {
			rcu_read_unlock();
			return a;
		}
		spin_unlock(&a->o.lock);
		err = -EIDRM;
	}
	rcu_read_unlock();
	return ERR_PTR(err);
}

static long ctl_get(struct ipc_ns *ns, int id, int num, int cmd)
{
	struct sem_array *a = array_lock(ns, id, num < 0 ? -2 : num, 0444, false);
	long res;

	if (IS_ERR(a))
		return PTR_ERR(a);
	res = value_of(a, (u32)num, cmd);
	spin_unlock(&a->o.lock);
	return res;
}

/* Room for the values of an array of this many semaphores; *n as of now. NULL: no memory; ERR_PTR. */
static u16 *values_alloc(struct ipc_ns *ns, int id, u32 mode, u32 *n)
{
	struct sem_array *a = array_lock(ns, id, -1, mode, false);
	u16 *vals;

	if (IS_ERR(a))
		return ERR_CAST(a);
	*n = a->nsems;
	spin_unlock(&a->o.lock);
	vals = kvmalloc(*n * sizeof(*vals), GFP_KERNEL);
	return vals ? vals : ERR_PTR(-ENOMEM);
}

static long ctl_getall(struct ipc_ns *ns, int id, uaddr_t buf)
{
	struct sem_array *a;
	long err = 0;
	u16 *vals;
	u32 n;

	vals = values_alloc(ns, id, 0444, &n);
	if (IS_ERR(vals))
		return PTR_ERR(vals);
	a = array_lock(ns, id, -1, 0444, false);
	if (IS_ERR(a) || a->nsems != n) {
		if (!IS_ERR(a))
			spin_unlock(&a->o.lock);
		err = -EIDRM;
	} else {
		for (u32 i = 0; i < n; i++)
			vals[i] = (u16)a->sems[i].val;
		spin_unlock(&a->o.lock);
		if (copy_out_bytes(buf, vals, n * sizeof(*vals)))
			err = -EFAULT;
	}
	kvfree(vals);
	return err;
}

/* --- setting --- */

/* A value was set by hand: nobody's adjustment of it counts any more. */
static void value_set(struct sem_array *a, u32 num, int val, int pid)
{
	struct sem_undo *u;

	list_for_each_entry(u, &a->undos, array_link)
		u->adj[num] = 0;
	a->sems[num].val = val;
	a->sems[num].pid = pid;
}

static long ctl_setval(struct ipc_ns *ns, int id, int num, int val)
{
	/* For sem_update(): this one may have risen, or be zero. */
	const struct sembuf changed = { .sem_num = (u16)num, .sem_op = 1 };
	struct sem_array *a;

	if (val < 0 || val > SEMVMX)
		return -ERANGE;
	a = array_lock(ns, id, num, 0222, true);
	if (IS_ERR(a))
		return PTR_ERR(a);
	value_set(a, (u32)num, val, ipc_my_pid());
	a->ctime = ipc_now();
	sem_update(a, &changed, 1);
	spin_unlock(&a->o.lock);
	return 0;
}

static long ctl_setall(struct ipc_ns *ns, int id, uaddr_t buf)
{
	struct sem_array *a;
	long err = 0;
	u16 *vals;
	u32 n;

	vals = values_alloc(ns, id, 0222, &n);
	if (IS_ERR(vals))
		return PTR_ERR(vals);
	if (copy_in_bytes(vals, buf, n * sizeof(*vals)))
		err = -EFAULT;
	for (u32 i = 0; i < n && !err; i++)
		if (vals[i] > SEMVMX)
			err = -ERANGE;
	if (err)
		goto out;
	a = array_lock(ns, id, -1, 0222, false);
	if (IS_ERR(a) || a->nsems != n) {
		if (!IS_ERR(a))
			spin_unlock(&a->o.lock);
		err = -EIDRM;
		goto out;
	}
	for (u32 i = 0; i < n; i++)
		value_set(a, i, vals[i], ipc_my_pid());
	a->ctime = ipc_now();
	sem_update(a, NULL, 0);
	spin_unlock(&a->o.lock);
out:
	kvfree(vals);
	return err;
}

static long ctl_change(struct ipc_ns *ns, int id, int cmd, uaddr_t buf)
{
	struct ipc_ids *ids = sem_ids(ns);
	struct semid64_ds ds;
	struct ipc_object *o;
	int err;

	if (cmd == IPC_SET && copy_in_bytes(&ds, buf, sizeof(ds)))
		return -EFAULT;
	down_write(&ids->rwsem);
	o = ipc_lock_owned(ns, ids, id);
	err = PTR_ERR_OR_ZERO(o);
	if (!err && cmd == IPC_RMID) {
		array_destroy(ns, container_of(o, struct sem_array, o));
	} else if (!err) {
		err = ipc_set_perm(o, &ds.sem_perm);
		if (!err)
			container_of(o, struct sem_array, o)->ctime = ipc_now();
		spin_unlock(&o->lock);
	}
	up_write(&ids->rwsem);
	return err;
}

long sys_semctl(int id, int num, int cmd, u64 arg)
{
	struct ipc_ns *ns = ipc_ns_current();

	if (id < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
	case SEM_INFO:
		return ctl_info(ns, cmd, uaddr(arg));
	case IPC_STAT:
	case SEM_STAT:
	case SEM_STAT_ANY:
		return ctl_stat(ns, id, cmd, uaddr(arg));
	case GETALL:
		return ctl_getall(ns, id, uaddr(arg));
	case GETVAL:
	case GETPID:
	case GETNCNT:
	case GETZCNT:
		return ctl_get(ns, id, num, cmd);
	case SETALL:
		return ctl_setall(ns, id, uaddr(arg));
	case SETVAL:
		return ctl_setval(ns, id, num, (int)arg);
	case IPC_SET:
	case IPC_RMID:
		return ctl_change(ns, id, cmd, uaddr(arg));
	default:
		return -EINVAL;
	}
}

/* --- /proc/sysvipc/sem --- */

int sem_proc_show(struct seq_file *f, void *v)
{
	struct ipc_ids *ids = sem_ids(ipc_ns_current());
	struct ipc_object *o;
	u64 index;

	(void)v;
	seq_puts(f, "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n");
	down_read(&ids->rwsem);
	xa_for_each(&ids->objects, index, o) {
		struct semid64_ds d = { { 0 } };

		spin_lock(&o->lock);
		fill_ds(o, &d);
		spin_unlock(&o->lock);
		seq_printf(f, "%10d %10d  %4o %10llu %5u %5u %5u %5u %10lld %10lld\n", d.sem_perm.key, o->id, d.sem_perm.mode,
			   (unsigned long long)d.sem_nsems, d.sem_perm.uid, d.sem_perm.gid, d.sem_perm.cuid, d.sem_perm.cgid,
			   (long long)d.sem_otime, (long long)d.sem_ctime);
	}
	up_read(&ids->rwsem);
	return 0;
}
