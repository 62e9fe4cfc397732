/* SPDX-License-Identifier: MPL-2.0 */
/* Semaphore arrays, between sem.c (operations), semctl.c (commands) and semundo.c (SEM_UNDO). */
#ifndef KERNEL_IPC_SEM_H
#define KERNEL_IPC_SEM_H

#include <core/work.h>
#include "internal.h"
#include <uapi/linux/sem.h>

struct sem {
	int val;			/* [array's lock] */
	int pid;			/* [array's lock] who changed it last */
	struct list_head alter;		/* [array's lock] struct sem_wait of one operation that changes it */
	struct list_head zero;		/* [array's lock] of one operation that waits for zero */
};

struct sem_array {
	struct ipc_object o;		/* [its own keys] */
	s64 otime, ctime;		/* [o.lock] */
	struct list_head alter;		/* [o.lock] several operations, some change; while there are such, all that change */
	struct list_head zero;		/* [o.lock] several operations that only wait for zero */
	u32 nr_complex;			/* [o.lock] waiters with several operations */
	struct list_head undos;		/* [o.lock] struct sem_undo.array_link */
	u32 nsems;			/* [I] */
	struct work free_work;
	struct sem sems[];		/* [o.lock] */
};

/* Somebody who waits. On its stack; gone as soon as status is set. */
struct sem_wait {
	struct list_head link;		/* [array's lock] */
	struct task *task;		/* [I] */
	const struct sembuf *ops;	/* [I] */
	const struct sembuf *blocking;	/* [array's lock] the operation that cannot be done */
	u32 nr;				/* [I] operations */
	bool alters;			/* [I] */
	bool global;			/* [array's lock] on a list of the array, not of a semaphore */
	struct sem_undo *undo;		/* [array's lock; NULL once it went] */
	int pid;			/* [I] */
	int status;			/* [a] SEM_WAITING, then what semop returns */
};
#define SEM_WAITING	1

/* One process's adjustments for one array. */
struct sem_undo {
	struct list_head list_link;	/* [list's lock; r] in sem_undo_list.undos */
	struct list_head array_link;	/* [array's lock] */
	struct sem_undo_list *list;	/* [I] */
	int semid;			/* [list's and array's lock to write] -1: the array went */
	struct rcu_head rcu;
	s16 adj[];			/* [array's lock] */
};

/* The adjustments of tasks that share them (CLONE_SYSVSEM). */
struct sem_undo_list {
	struct ref ref;
	spinlock_t lock;		/* class OBJECT, inside an array's */
	struct list_head undos;		/* [lock; r] */
};

static inline struct ipc_ids *sem_ids(struct ipc_ns *ns) { return &ns->ids[IPC_SEM]; }
/* Under RCU: ERR_PTR(-EINVAL). */
static inline struct sem_array *sem_find(struct ipc_ns *ns, int id)
{
	struct ipc_object *o = ipc_find(sem_ids(ns), id);

	return IS_ERR(o) ? ERR_CAST(o) : container_of(o, struct sem_array, o);
}

/* sem.c; the array is locked. */
/* Values changed: by these operations, or (NULL) anyhow. Let go on who can. */
void sem_update(struct sem_array *a, const struct sembuf *ops, u32 nr);
/* Everybody's call ends with this; the array is to be removed. */
void sem_wake_all(struct sem_array *a, int status);

/* semundo.c */
/* current's adjustments for an array, made if need be. RCU is held for reading when it succeeds. ERR_PTR. */
struct sem_undo *sem_undo_get(struct ipc_ns *ns, int semid);
/* The array goes: locked. */
void sem_undo_drop_all(struct sem_array *a);

#endif
