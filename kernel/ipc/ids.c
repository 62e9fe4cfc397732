/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Ids, keys and permissions of System V objects, and the namespace that holds them. See internal.h.
 *
 * Indexes are handed out in a circle that is a little larger than what is in use, so that the id of
 * a removed object does not come back soon; each turn of the circle raises the sequence number in
 * the upper bits of the ids.
 */
#include <base/math.h>
#include <core/init.h>
#include <core/slab.h>
#include <core/usercopy.h>
#include <kernel/cred.h>
#include "internal.h"
#include <uapi/linux/msg.h>
#include <uapi/linux/sem.h>
#include <uapi/linux/shm.h>
#include <uapi/linux/stat.h>

#define MIN_CIRCLE	64
#define SEQ_MAX		(0x7fffffff >> IPC_INDEX_BITS)
#define index_of(id)	((id) & (IPC_INDEX_MAX - 1))

#define IDS_INIT(kind) { .rwsem = RWSEM_INIT(init_ipc_ns.ids[kind].rwsem, IPC_IDS), .objects = XARRAY_INIT, \
	.keys = RB_ROOT, .max_index = -1, .last_index = -1, .next_id = -1 }

struct ipc_ns init_ipc_ns = {
	.ref = REF_INIT(1), .user_ns = &init_user_ns, .inum = 0xEFFFFFFFu,
	.ids = { [IPC_SEM] = IDS_INIT(IPC_SEM), [IPC_MSG] = IDS_INIT(IPC_MSG), [IPC_SHM] = IDS_INIT(IPC_SHM) },
	.sem_ctls = { SEMMSL, SEMMNS, SEMOPM, SEMMNI },
	.msg_max = MSGMAX, .msg_mnb = MSGMNB, .msg_mni = MSGMNI,
	.shm_max = ~0ull - (1u << 24), .shm_all = ~0ull - (1u << 24), .shm_mni = SHMMNI,
	.mq_queues_max = 256, .mq_msg_max = 10, .mq_msgsize_max = 8192, .mq_msg_default = 10, .mq_msgsize_default = 8192,
};

/* --- ids --- */

void ipc_object_init(struct ipc_object *o, const struct ipc_get *g)
{
	spin_lock_init(&o->lock, IPC_OBJECT);
	o->deleted = false;
	o->key = g->key;
	o->mode = (u32)g->flags & 0777;
	o->uid = o->cuid = current_euid();
	o->gid = o->cgid = current_cred()->egid;
}

/* A free index for o, stored there. */
static int index_alloc(struct ipc_ids *ids, struct ipc_object *o)
{
	int circle = max(ids->in_use * 3 / 2, MIN_CIRCLE), want = READ_ONCE(ids->next_id), err;
	u64 index;

	if (want >= 0) {
		err = xa_alloc(&ids->objects, &index, o, (u64)index_of(want), IPC_INDEX_MAX - 1, GFP_KERNEL);
		if (err)
			return err == -EBUSY ? -ENOSPC : err;
		WRITE_ONCE(ids->next_id, -1);
		o->seq = (u32)want >> IPC_INDEX_BITS;
		return (int)index;
	}
	circle = min(circle, IPC_INDEX_MAX);
	err = -EBUSY;
	if (ids->last_index + 1 < circle)
		err = xa_alloc(&ids->objects, &index, o, (u64)ids->last_index + 1, (u64)circle - 1, GFP_KERNEL);
	if (err == -EBUSY)
		err = xa_alloc(&ids->objects, &index, o, 0, (u64)circle - 1, GFP_KERNEL);
	if (err)
		return err == -EBUSY ? -ENOSPC : err;
	if ((int)index <= ids->last_index && ++ids->seq > SEQ_MAX)
		ids->seq = 0;
	ids->last_index = (int)index;
	o->seq = (u32)ids->seq;
	return (int)index;
}

static void key_insert(struct ipc_ids *ids, struct ipc_object *o)
{
	struct rb_node **link = &ids->keys.node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = o->key < rb_entry(parent, struct ipc_object, key_node)->key ? &parent->left : &parent->right;
	}
	rb_link_node(&o->key_node, parent, link);
	rb_insert(&o->key_node, &ids->keys);
}

static struct ipc_object *key_find(struct ipc_ids *ids, int key)
{
	struct rb_node *n = ids->keys.node;

	while (n) {
		struct ipc_object *o = rb_entry(n, struct ipc_object, key_node);

		if (o->key == key)
			return o;
		n = key < o->key ? n->left : n->right;
	}
	return NULL;
}

int ipc_add(struct ipc_ids *ids, struct ipc_object *o, int limit)
{
	int index;

	if (ids->in_use >= min(limit, IPC_INDEX_MAX))
		return -ENOSPC;
	/* Whoever finds it before it is whole waits here. */
	spin_lock(&o->lock);
	o->id = -1;
	o->deleted = true;
	spin_unlock(&o->lock);
	index = index_alloc(ids, o);
	if (index < 0)
		return index;
	spin_lock(&o->lock);
	WRITE_ONCE(o->id, (int)(o->seq << IPC_INDEX_BITS) + index);
	o->deleted = false;
	spin_unlock(&o->lock);
	WRITE_ONCE(ids->in_use, ids->in_use + 1);
	ids->max_index = max(ids->max_index, index);
	if (o->key != IPC_PRIVATE)
		key_insert(ids, o);
	return 0;
}

void ipc_forget_key(struct ipc_ids *ids, struct ipc_object *o)
{
	if (o->key != IPC_PRIVATE)
		rb_erase(&o->key_node, &ids->keys);
	o->key = IPC_PRIVATE;
}

void ipc_remove(struct ipc_ids *ids, struct ipc_object *o)
{
	int index = index_of(o->id);

	xa_erase(&ids->objects, (u64)index);
	ipc_forget_key(ids, o);
	WRITE_ONCE(ids->in_use, ids->in_use - 1);
	o->deleted = true;
	if (index == ids->max_index) {
		while (--index >= 0 && !xa_load(&ids->objects, (u64)index))
			;
		ids->max_index = index;
	}
}

struct ipc_object *ipc_find_index(struct ipc_ids *ids, int index)
{
	struct ipc_object *o = xa_load(&ids->objects, (u64)index_of(index));

	return o && READ_ONCE(o->id) >= 0 ? o : ERR_PTR(-EINVAL);
}

struct ipc_object *ipc_find(struct ipc_ids *ids, int id)
{
	struct ipc_object *o = ipc_find_index(ids, id);

	if (!IS_ERR(o) && READ_ONCE(o->id) != id)
		return ERR_PTR(-EINVAL);
	return o;
}

long ipc_stat(struct ipc_ns *ns, struct ipc_ids *ids, int id, const struct ipc_stat *how, uaddr_t buf)
{
	struct ipc_object *o;
	long res = -EIDRM;

	rcu_read_lock();
	o = how->by_index ? ipc_find_index(ids, id) : ipc_find(ids, id);
	if (IS_ERR(o)) {
		rcu_read_unlock();
		return PTR_ERR(o);
	}
	if (!how->any && !ipc_allowed(ns, o, 0444)) {
		rcu_read_unlock();
		return -EACCES;
	}
	spin_lock(&o->lock);
	if (!o->deleted) {
		how->fill(o, how->ds);
		res = how->by_index ? o->id : 0;
	}
	spin_unlock(&o->lock);
	rcu_read_unlock();
	if (res >= 0 && copy_out_bytes(buf, how->ds, how->size))
		return -EFAULT;
	return res;
}

struct ipc_object *ipc_lock_owned(struct ipc_ns *ns, struct ipc_ids *ids, int id)
{
	struct ipc_object *o = ipc_find(ids, id);
	int err;

	if (IS_ERR(o))
		return o;
	err = ipc_owner_check(ns, o);
	if (err)
		return ERR_PTR(err);
	spin_lock(&o->lock);
	return o;
}

static long get_by_key(struct ipc_ns *ns, struct ipc_ids *ids, const struct ipc_get_ops *ops, const struct ipc_get *g)
{
	struct ipc_object *o = key_find(ids, g->key);
	int err = 0;

	if (!o)
		return g->flags & IPC_CREAT ? ops->make(ns, g) : -ENOENT;
	if (g->flags & IPC_CREAT && g->flags & IPC_EXCL)
		return -EEXIST;
	if (ops->check)
		err = ops->check(o, g);
	if (!err && !ipc_allowed(ns, o, (u32)g->flags))
		err = -EACCES;
	return err ? err : o->id;
}

long ipc_get(struct ipc_ns *ns, struct ipc_ids *ids, const struct ipc_get_ops *ops, const struct ipc_get *g)
{
	long res;

	down_write(&ids->rwsem);
	res = g->key == IPC_PRIVATE ? ops->make(ns, g) : get_by_key(ns, ids, ops, g);
	up_write(&ids->rwsem);
	return res;
}

/* --- permissions --- */

bool ipc_allowed(const struct ipc_ns *ns, const struct ipc_object *o, u32 mode)
{
	kuid_t euid = current_euid();
	u32 want = (mode >> 6 | mode >> 3 | mode) & 07, have = READ_ONCE(o->mode);

	if (uid_eq(euid, o->cuid) || uid_eq(euid, o->uid))
		have >>= 6;
	else if (in_group(o->cgid) || in_group(o->gid))
		have >>= 3;
	return !(want & ~have) || ns_capable(current_cred(), ns->user_ns, CAP_IPC_OWNER);
}

int ipc_owner_check(const struct ipc_ns *ns, const struct ipc_object *o)
{
	kuid_t euid = current_euid();

	if (uid_eq(euid, o->cuid) || uid_eq(euid, o->uid) || ns_capable(current_cred(), ns->user_ns, CAP_SYS_ADMIN))
		return 0;
	return -EPERM;
}

int ipc_set_perm(struct ipc_object *o, const struct ipc64_perm *p)
{
	struct user_ns *ns = current_cred()->user_ns;
	kuid_t uid = make_kuid(ns, p->uid);
	kgid_t gid = make_kgid(ns, p->gid);

	if (!uid_valid(uid) || !gid_valid(gid))
		return -EINVAL;
	o->uid = uid;
	o->gid = gid;
	WRITE_ONCE(o->mode, (o->mode & ~0777u) | (p->mode & 0777));
	return 0;
}

void ipc_fill_perm(const struct ipc_object *o, struct ipc64_perm *p)
{
	struct user_ns *ns = current_cred()->user_ns;

	*p = (struct ipc64_perm){
		.key = o->key, .uid = from_kuid(ns, o->uid), .gid = from_kgid(ns, o->gid),
		.cuid = from_kuid(ns, o->cuid), .cgid = from_kgid(ns, o->cgid), .mode = o->mode, .seq = (u16)o->seq,
	};
}
