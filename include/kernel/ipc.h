/* SPDX-License-Identifier: MPL-2.0 */
/*
 * System V IPC and POSIX message queues (kernel/ipc): what the rest of the kernel sees. All objects and
 * limits belong to a struct ipc_ns.
 */
#ifndef KERNEL_IPC_H
#define KERNEL_IPC_H

#include <base/rbtree.h>
#include <base/ref.h>
#include <base/xarray.h>
#include <core/mutex.h>

struct task;
struct user_ns;

#define IPC_INDEX_BITS	15u
#define IPC_INDEX_MAX	(1 << IPC_INDEX_BITS)	/* objects of a kind at most */

/* The objects of one kind. An id is seq << IPC_INDEX_BITS | index. */
struct ipc_ids {
	struct rwsem rwsem;		/* class IPC_IDS */
	struct xarray objects;		/* [rwsem to write; r] index -> struct ipc_object */
	struct rb_root keys;		/* [rwsem] of those that are not IPC_PRIVATE */
	int in_use;			/* [rwsem to write; a] */
	int max_index;			/* [rwsem] highest in use; -1: none */
	int last_index;			/* [rwsem] of the newest */
	int seq;			/* [rwsem] of the newest */
	int next_id;			/* [a] what the next one is to be called; -1: any */
};

enum ipc_kind { IPC_SEM, IPC_MSG, IPC_SHM, IPC_KINDS };

struct ipc_ns {
	struct ref ref;
	struct user_ns *user_ns;	/* [I] */
	u64 inum;			/* [I] */
	struct ipc_ids ids[IPC_KINDS];
	/* Limits: [a] /proc/sys/kernel */
	int sem_ctls[4];		/* of an array, of all, of an operation, arrays */
	int msg_max, msg_mnb, msg_mni;
	u64 shm_max, shm_all;		/* bytes of one, pages of all */
	int shm_mni;
	int shm_rmid_forced;		/* segments go with their last user */
	u64 shm_tot;			/* [rwsem of shm] pages */
	int used_sems;			/* [rwsem of sem] */
	atomic64_t msg_bytes, msg_hdrs;
	/* POSIX message queues: [a] /proc/sys/fs/mqueue */
	int mq_queues_max, mq_msg_max, mq_msgsize_max, mq_msg_default, mq_msgsize_default;
	atomic_t mq_count;
};

extern struct ipc_ns init_ipc_ns;

/* clone: share the undo list or begin without one. -ENOMEM. Undone by ipc_exit_sem(child). */
__must_check int ipc_fork(struct task *child, u64 clone_flags);
/* Semaphore adjustments of t, which is current or was never started: also unshare(CLONE_SYSVSEM). */
void ipc_exit_sem(struct task *t);
/* Segments that t made have no maker any more. */
void ipc_exit_shm(struct task *t);

#endif
