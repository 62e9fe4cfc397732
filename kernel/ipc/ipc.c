/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Keys, ids and permissions of System V IPC. Source: sysvipc(7), svipc(7).
 */
#include "ipc.h"
#include <base/err.h>
#include <core/clock.h>

static int slot_of(int id)
{
	return id & ((1 << IPC_SLOT_BITS) - 1);
}

s64 ipc_now(void)
{
	return clock_realtime_coarse_ns() / (s64)NSEC_PER_SEC;
}

/* Slots go round, so that the sequence number changes seldom and an id stays unused for long. */
static int take_slot(struct ipc_family *f, struct ipc_perm *p, u64 max, u64 *slot)
{
	u64 first = f->next_slot < max ? f->next_slot : 0;
	int err = xa_alloc(&f->slots, slot, p, first, max - 1, GFP_KERNEL);

	if (err == -EBUSY && first)
		err = xa_alloc(&f->slots, slot, p, 0, first - 1, GFP_KERNEL);
	if (err)
		return err == -EBUSY ? -ENOSPC : err;
	if (*slot < f->next_slot)
		f->seq = f->seq == IPC_MAX_SEQ ? 0 : f->seq + 1;
	f->next_slot = *slot + 1;
	return 0;
}

int ipc_add(struct ipc_family *f, struct ipc_perm *p, s32 key, umode_t mode, u64 max)
{
	u64 slot;
	int err;

	if (!max || f->nr >= max)
		return -ENOSPC;
	p->key = key;
	p->mode = mode & 0777;
	p->uid = p->cuid = current_euid();
	p->gid = p->cgid = current_cred()->egid;
	err = take_slot(f, p, max, &slot);
	if (err)
		return err;
	p->id = (int)(f->seq << IPC_SLOT_BITS | slot);
	f->nr++;
	return 0;
}

void ipc_remove(struct ipc_family *f, struct ipc_perm *p)
{
	(void)xa_erase(&f->slots, (u64)slot_of(p->id));
	f->nr--;
}

struct ipc_perm *ipc_find_slot(struct ipc_family *f, int slot)
{
	struct ipc_perm *p = slot < 0 || slot_of(slot) != slot ? NULL : xa_load(&f->slots, (u64)slot);

	return p ? p : ERR_PTR(-EINVAL);
}

struct ipc_perm *ipc_find_id(struct ipc_family *f, int id)
{
	struct ipc_perm *p = id < 0 ? NULL : xa_load(&f->slots, (u64)slot_of(id));

	if (!p)
		return ERR_PTR(-EINVAL);
	return p->id == id ? p : ERR_PTR(-EIDRM);
}

struct ipc_perm *ipc_find_key(struct ipc_family *f, s32 key)
{
	struct ipc_perm *p;
	u64 i;

	xa_for_each(&f->slots, i, p)
		if (p->key == key && key != IPC_PRIVATE)
			return p;
	return NULL;
}

int ipc_last_slot(struct ipc_family *f)
{
	struct ipc_perm *p;
	u64 i, last = 0;

	xa_for_each(&f->slots, i, p)
		last = i;
	return (int)last;
}

int ipc_access(const struct ipc_perm *p, u32 flags)
{
	u32 want = (flags >> 6 | flags >> 3 | flags) & 7, have = p->mode;
	kuid_t uid = current_euid();

	if (uid_eq(uid, p->uid) || uid_eq(uid, p->cuid))
		have >>= 6;
	else if (in_egroup(p->gid) || in_egroup(p->cgid))
		have >>= 3;
	return want & ~have && !capable(CAP_IPC_OWNER) ? -EACCES : 0;
}

int ipc_may_change(const struct ipc_perm *p)
{
	kuid_t uid = current_euid();

	return uid_eq(uid, p->uid) || uid_eq(uid, p->cuid) || capable(CAP_SYS_ADMIN) ? 0 : -EPERM;
}

int ipc_set_perm(struct ipc_perm *p, const struct ipc64_perm *in)
{
	kuid_t uid = make_kuid(current_cred()->user_ns, in->uid);
	kgid_t gid = make_kgid(current_cred()->user_ns, in->gid);

	if (!uid_valid(uid) || !gid_valid(gid))
		return -EINVAL;
	p->uid = uid;
	p->gid = gid;
	p->mode = (umode_t)((p->mode & ~0777) | (in->mode & 0777));
	return 0;
}

void ipc_show_perm(const struct ipc_perm *p, struct ipc64_perm *out)
{
	struct user_ns *ns = current_cred()->user_ns;

	*out = (struct ipc64_perm){
		.key = p->key, .uid = from_kuid(ns, p->uid), .gid = from_kgid(ns, p->gid), .cuid = from_kuid(ns, p->cuid),
		.cgid = from_kgid(ns, p->cgid), .mode = p->mode, .seq = (u16)(p->id >> IPC_SLOT_BITS),
	};
}
