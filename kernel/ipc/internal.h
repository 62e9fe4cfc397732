/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What semaphores, message queues and shared memory have in common.
 *
 * Life of an object: made, published by ipc_add() under its kind's rwsem; found under RCU by
 * ipc_find(); locked, and then looked at for `deleted`; taken out by ipc_remove() under rwsem and lock;
 * freed by RCU. So whoever found one under RCU and sees it not deleted under its lock may use it
 * until it drops the lock.
 *
 * Order: ids->rwsem (IPC_IDS), object (IPC_OBJECT), undo list (OBJECT).
 */
#ifndef KERNEL_IPC_INTERNAL_H
#define KERNEL_IPC_INTERNAL_H

#include <base/err.h>
#include <core/clock.h>
#include <core/rcu.h>
#include <core/spinlock.h>
#include <kernel/ipc.h>
#include <kernel/task.h>
#include <uapi/linux/ipc.h>

struct seq_file;

struct ipc_object {
	spinlock_t lock;		/* class IPC_OBJECT */
	bool deleted;			/* [lock] */
	int id;				/* [I] once published */
	int key;			/* [ids rwsem and lock to write] IPC_PRIVATE: none */
	kuid_t uid, cuid;		/* [lock to write; racy reads] owner; [I] creator */
	kgid_t gid, cgid;		/* [as uid] */
	u32 mode;			/* [lock to write; racy reads] and the kind's own bits */
	u32 seq;			/* [I] */
	struct rb_node key_node;	/* [ids rwsem] */
	struct rcu_head rcu;
};

struct ipc_get {
	int key, flags;
	size_t size;			/* bytes or semaphores */
};

struct ipc_get_ops {
	int (*make)(struct ipc_ns *ns, const struct ipc_get *g);	/* rwsem held for writing; id or -errno */
	int (*check)(const struct ipc_object *o, const struct ipc_get *g);	/* more than permissions; NULL */
};

static inline s64 ipc_now(void) { return (s64)clock_realtime_ns() / 1000000000; }
static inline int ipc_my_pid(void) { return pid_nr(current->proc->pids[PIDTYPE_TGID]); }
static inline struct ipc_ns *ipc_ns_current(void) { return current->nsproxy->ipc; }

/* Owner current, mode by flags; not published yet. */
void ipc_object_init(struct ipc_object *o, const struct ipc_get *g);
/* Publish, at most `limit` of them: 0, -ENOSPC, -ENOMEM. rwsem held for writing. */
__must_check int ipc_add(struct ipc_ids *ids, struct ipc_object *o, int limit);
/* rwsem held for writing, and the object's lock. */
void ipc_remove(struct ipc_ids *ids, struct ipc_object *o);
/* It stays, but its key may name another. The same locks. */
void ipc_forget_key(struct ipc_ids *ids, struct ipc_object *o);
/* Under RCU or rwsem: ERR_PTR(-EINVAL). */
struct ipc_object *ipc_find(struct ipc_ids *ids, int id);
struct ipc_object *ipc_find_index(struct ipc_ids *ids, int index);
/* shmget(2), semget(2), msgget(2): id or -errno. */
long ipc_get(struct ipc_ns *ns, struct ipc_ids *ids, const struct ipc_get_ops *ops, const struct ipc_get *g);

/* May current do what the permission bits in mode say (any of the three places)? */
bool ipc_allowed(const struct ipc_ns *ns, const struct ipc_object *o, u32 mode);
/* IPC_SET, IPC_RMID: owner, creator or CAP_SYS_ADMIN; else -EPERM. */
__must_check int ipc_owner_check(const struct ipc_ns *ns, const struct ipc_object *o);
/* IPC_SET: -EINVAL. Locked. */
__must_check int ipc_set_perm(struct ipc_object *o, const struct ipc64_perm *p);
void ipc_fill_perm(const struct ipc_object *o, struct ipc64_perm *p);
/*
 * IPC_STAT and *_STAT of shmctl, semctl and msgctl: `fill` describes the object in ds under its lock, ds is copied out.
 * by_index: `id` is a place in the table, and the object's id is returned; else 0. any: also for those who may not read it.
 */
struct ipc_stat {
	bool by_index, any;
	void (*fill)(const struct ipc_object *o, void *ds);
	void *ds;
	size_t size;
};
long ipc_stat(struct ipc_ns *ns, struct ipc_ids *ids, int id, const struct ipc_stat *how, uaddr_t buf);
/* For IPC_SET and IPC_RMID, rwsem held for writing: locked, and current owns it; ERR_PTR. */
struct ipc_object *ipc_lock_owned(struct ipc_ns *ns, struct ipc_ids *ids, int id);
/* What the INFO commands return. */
static inline int ipc_highest(const struct ipc_ids *ids) { return ids->max_index < 0 ? 0 : ids->max_index; }

/* shm.c, for sysctl.c: the limit fell or shm_rmid_forced was set. */
void shm_destroy_orphans(struct ipc_ns *ns);
/* /proc/sysvipc */
int shm_proc_show(struct seq_file *s, void *v);
int sem_proc_show(struct seq_file *s, void *v);
int msg_proc_show(struct seq_file *s, void *v);

#endif
