/* SPDX-License-Identifier: MPL-2.0 */
/* Segments, between shm.c (objects, commands) and shm_map.c (attaching). */
#ifndef KERNEL_IPC_SHM_H
#define KERNEL_IPC_SHM_H

#include <fs/file.h>
#include "internal.h"
#include <uapi/linux/shm.h>

struct shm {
	struct ipc_object o;		/* [its own keys] */
	struct ref ref;			/* one while it has an id, one for each attached file */
	struct ipc_ns *ns;		/* [I] */
	struct file *file;		/* [I] the memory; referenced while it has an id */
	u64 size;			/* [I] bytes, as asked for */
	u64 nattch;			/* [o.lock] */
	s64 atime, dtime, ctime;	/* [o.lock] */
	int cpid, lpid;			/* [o.lock] in the initial pid namespace */
	struct user_struct *locker;	/* [o.lock] who paid for SHM_LOCK, referenced; NULL: not locked */
	struct task *maker;		/* [ids rwsem] NULL: it exited */
	struct list_head made_link;	/* [ids rwsem] of task.shm_made */
};

static inline u64 shm_pages(const struct shm *s) { return (s->size + PAGE_SIZE - 1) >> PAGE_SHIFT; }
static inline struct ipc_ids *shm_ids(struct ipc_ns *ns) { return &ns->ids[IPC_SHM]; }
void shm_put(struct shm *s);
/* One attachment less, or one that failed. Destroys it where it was only waiting for that. */
void shm_detached(struct shm *s, bool note);
/* Under RCU: ERR_PTR(-EINVAL). */
static inline struct shm *shm_find(struct ipc_ns *ns, int id)
{
	struct ipc_object *o = ipc_find(shm_ids(ns), id);

	return IS_ERR(o) ? ERR_CAST(o) : container_of(o, struct shm, o);
}

#endif
