/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the System V families share: tables of objects with keys, ids and permissions (ipc.c).
 *
 * An object stands in its family's table from creation to removal, found by a slot; its id is the slot with
 * a sequence number above, so that an old id does not name a new object. Everything under the family's mutex.
 */
#ifndef KERNEL_IPC_IPC_H
#define KERNEL_IPC_IPC_H

#include <base/xarray.h>
#include <core/mutex.h>
#include <kernel/cred.h>
#include <uapi/linux/ipc.h>

#define IPC_SLOT_BITS	15
#define IPC_MAX_SEQ	0xffff

struct ipc_perm {
	s32 key;			/* [family mutex] IPC_PRIVATE: found by id only */
	int id;				/* [I] */
	kuid_t uid, cuid;		/* [family mutex], [I] */
	kgid_t gid, cgid;		/* [family mutex], [I] */
	umode_t mode;			/* [family mutex] nine bits, and the family's flags above */
};

struct ipc_family {
	struct mutex mutex;		/* class LEAF_MUTEX */
	struct xarray slots;		/* [mutex] of ipc_perm */
	u64 nr, next_slot;		/* [mutex] */
	u16 seq;			/* [mutex] */
};

#define IPC_FAMILY_INIT(name)	{ .mutex = MUTEX_INIT(name.mutex, LEAF_MUTEX), .slots = XARRAY_INIT }

/* All with the mutex held. */

/* Fill in owner, mode and id of a new object and put it into the table; at most max of them. -ENOSPC, -ENOMEM. */
__must_check int ipc_add(struct ipc_family *f, struct ipc_perm *p, s32 key, umode_t mode, u64 max);
void ipc_remove(struct ipc_family *f, struct ipc_perm *p);
/* By id: -EINVAL where nothing is, -EIDRM when something else is there now. */
struct ipc_perm *ipc_find_id(struct ipc_family *f, int id);
struct ipc_perm *ipc_find_slot(struct ipc_family *f, int slot);	/* -EINVAL */
struct ipc_perm *ipc_find_key(struct ipc_family *f, s32 key);	/* NULL */
int ipc_last_slot(struct ipc_family *f);			/* highest in use; 0 when none */
/* Do the mode bits allow what flags ask for (any of the three groups)? -EACCES. */
__must_check int ipc_access(const struct ipc_perm *p, u32 flags);
/* Owner, creator, or mighty: -EPERM. */
__must_check int ipc_may_change(const struct ipc_perm *p);
__must_check int ipc_set_perm(struct ipc_perm *p, const struct ipc64_perm *in);
void ipc_show_perm(const struct ipc_perm *p, struct ipc64_perm *out);

s64 ipc_now(void);	/* seconds since 1970 */

#endif
