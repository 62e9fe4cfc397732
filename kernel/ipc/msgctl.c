/* SPDX-License-Identifier: MPL-2.0 */
/* msgget(2), msgctl(2), /proc/sysvipc/msg: making, removing and describing message queues. */
#include <core/slab.h>
#include <fs/seq_file.h>
#include <kernel/sched.h>
#include <kernel/syscall.h>
#include "msg.h"

/* get_ops.make */
static int queue_make(struct ipc_ns *ns, const struct ipc_get *g)
{
	struct msg_queue *q = kzalloc(sizeof(*q), GFP_KERNEL);
	int err;

	if (!q)
		return -ENOMEM;
	ipc_object_init(&q->o, g);
	q->ctime = ipc_now();
	q->max_bytes = (u64)READ_ONCE(ns->msg_mnb);
	list_init(&q->messages);
	list_init(&q->receivers);
	list_init(&q->senders);
	err = ipc_add(msg_ids(ns), &q->o, READ_ONCE(ns->msg_mni));
	if (err) {
		kfree(q);
		return err;
	}
	return q->o.id;
}

long sys_msgget(int key, int flags)
{
	static const struct ipc_get_ops ops = { queue_make, NULL };
	const struct ipc_get g = { key, flags, 0 };
	struct ipc_ns *ns = ipc_ns_current();

	return ipc_get(ns, msg_ids(ns), &ops, &g);
}

/* --- looking --- */

static long ctl_info(struct ipc_ns *ns, int cmd, uaddr_t buf)
{
	struct msginfo i = {
		.msgpool = MSGPOOL, .msgmap = MSGMAP, .msgmax = READ_ONCE(ns->msg_max), .msgmnb = READ_ONCE(ns->msg_mnb),
		.msgmni = READ_ONCE(ns->msg_mni), .msgssz = MSGSSZ, .msgtql = MSGTQL, .msgseg = MSGSEG,
	};
	int highest;

	down_read(&msg_ids(ns)->rwsem);
	if (cmd == MSG_INFO) {
		i.msgpool = msg_ids(ns)->in_use;
		i.msgmap = (int)atomic64_read(&ns->msg_hdrs);
		i.msgtql = (int)atomic64_read(&ns->msg_bytes);
	}
	highest = ipc_highest(msg_ids(ns));
	up_read(&msg_ids(ns)->rwsem);
	return copy_out_bytes(buf, &i, sizeof(i)) ? -EFAULT : highest;
}

static void fill_ds(const struct ipc_object *o, void *to)
{
	const struct msg_queue *q = container_of(o, struct msg_queue, o);
	struct msqid64_ds *ds = to;

	ipc_fill_perm(o, &ds->msg_perm);
	ds->msg_stime = q->stime;
	ds->msg_rtime = q->rtime;
	ds->msg_ctime = q->ctime;
	ds->msg_cbytes = q->bytes;
	ds->msg_qnum = q->nr;
	ds->msg_qbytes = q->max_bytes;
	ds->msg_lspid = q->lspid;
	ds->msg_lrpid = q->lrpid;
}

static long ctl_stat(struct ipc_ns *ns, int id, int cmd, uaddr_t buf)
{
	struct msqid64_ds ds = { { 0 } };
	const struct ipc_stat how = { cmd != IPC_STAT, cmd == MSG_STAT_ANY, fill_ds, &ds, sizeof(ds) };

	return ipc_stat(ns, msg_ids(ns), id, &how, buf);
}

/* --- changing --- */

static int queue_set(struct ipc_ns *ns, struct msg_queue *q, const struct msqid64_ds *ds)
{
	int err;

	if (ds->msg_qbytes > (u64)READ_ONCE(ns->msg_mnb) && !ns_capable(current_cred(), ns->user_ns, CAP_SYS_RESOURCE))
		return -EPERM;
	err = ipc_set_perm(&q->o, &ds->msg_perm);
	if (err)
		return err;
	q->max_bytes = ds->msg_qbytes;
	q->ctime = ipc_now();
	/* Whether they still may, and whether there is room now: let them look. */
	msg_wake_receivers(q, -EAGAIN);
	msg_wake_senders(q, -EAGAIN);
	return 0;
}

static long ctl_set(struct ipc_ns *ns, int id, uaddr_t buf)
{
	struct ipc_ids *ids = msg_ids(ns);
	struct msqid64_ds ds;
	struct ipc_object *o;
	int err;

	if (copy_in_bytes(&ds, buf, sizeof(ds)))
		return -EFAULT;
	down_write(&ids->rwsem);
	o = ipc_lock_owned(ns, ids, id);
	err = PTR_ERR_OR_ZERO(o);
	if (!err) {
		err = queue_set(ns, container_of(o, struct msg_queue, o), &ds);
		spin_unlock(&o->lock);
	}
	up_write(&ids->rwsem);
	return err;
}

static void messages_free(struct ipc_ns *ns, struct list_head *list)
{
	struct msg *m, *n;

	list_for_each_entry_safe(m, n, list, link) {
		atomic64_sub(&ns->msg_bytes, (s64)m->size);
		atomic64_dec(&ns->msg_hdrs);
		kvfree(m);
		if (need_resched())
			cond_resched();
	}
}

static long ctl_remove(struct ipc_ns *ns, int id)
{
	struct ipc_ids *ids = msg_ids(ns);
	struct msg_queue *q = NULL;
	struct ipc_object *o;
	LIST_HEAD(messages);

	down_write(&ids->rwsem);
	o = ipc_lock_owned(ns, ids, id);
	if (!IS_ERR(o)) {
		q = container_of(o, struct msg_queue, o);
		msg_wake_receivers(q, -EIDRM);
		msg_wake_senders(q, -EIDRM);
		list_splice_init(&q->messages, &messages);
		ipc_remove(ids, o);
		spin_unlock(&o->lock);
	}
	up_write(&ids->rwsem);
	if (!q)
		return PTR_ERR(o);
	messages_free(ns, &messages);
	kfree_rcu(q, o.rcu);
	return 0;
}

long sys_msgctl(int id, int cmd, uio_void buf)
{
	struct ipc_ns *ns = ipc_ns_current();
	uaddr_t at = uaddr(buf.addr);

	if (id < 0 || cmd < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
	case MSG_INFO:
		return ctl_info(ns, cmd, at);
	case IPC_STAT:
	case MSG_STAT:
	case MSG_STAT_ANY:
		return ctl_stat(ns, id, cmd, at);
	case IPC_SET:
		return ctl_set(ns, id, at);
	case IPC_RMID:
		return ctl_remove(ns, id);
	default:
		return -EINVAL;
	}
}

/* --- /proc/sysvipc/msg --- */

int msg_proc_show(struct seq_file *f, void *v)
{
	struct ipc_ids *ids = msg_ids(ipc_ns_current());
	struct ipc_object *o;
	u64 index;

	(void)v;
	seq_puts(f, "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid"
		    "      stime      rtime      ctime\n");
	down_read(&ids->rwsem);
	xa_for_each(&ids->objects, index, o) {
		struct msqid64_ds d = { { 0 } };

		spin_lock(&o->lock);
		fill_ds(o, &d);
		spin_unlock(&o->lock);
		seq_printf(f, "%10d %10d  %4o  %10llu %10llu %5u %5u %5u %5u %5u %5u %10lld %10lld %10lld\n",
			   d.msg_perm.key, o->id, d.msg_perm.mode, (unsigned long long)d.msg_cbytes,
			   (unsigned long long)d.msg_qnum, (u32)d.msg_lspid, (u32)d.msg_lrpid, d.msg_perm.uid,
			   d.msg_perm.gid, d.msg_perm.cuid, d.msg_perm.cgid, (long long)d.msg_stime,
			   (long long)d.msg_rtime, (long long)d.msg_ctime);
	}
	up_read(&ids->rwsem);
	return 0;
}
