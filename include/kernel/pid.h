/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Process ids (kernel/task/pid.c). A struct pid is one id as seen in its PID namespace and all
 * ancestors; threads, process groups and sessions are named by it. Look-up is under RCU.
 */
#ifndef KERNEL_PID_H
#define KERNEL_PID_H

#include <base/alloc.h>
#include <base/list.h>
#include <base/ref.h>
#include <core/wait.h>

struct file;
struct task;
struct pid_ns;

enum pid_type { PIDTYPE_TID, PIDTYPE_TGID, PIDTYPE_PGID, PIDTYPE_SID, PIDTYPE_MAX };

struct pid_number {
	int nr;
	struct pid_ns *ns;
};

struct pid {
	struct ref ref;
	u32 level;				/* [I] depth of the namespace */
	struct hlist_head tasks[PIDTYPE_MAX];	/* [TASKLIST lock; r] by task.pid_links[type] */
	struct wait_queue poll_wait;		/* pidfd pollers */
	struct rcu_head rcu;
	bool hashed;				/* [ns lock] the numbers are taken */
	struct pid_number numbers[];		/* [I] level + 1 of them */
};

extern int pid_max;				/* /proc/sys/kernel/pid_max */

/* ERR_PTR(-EAGAIN, -ENOMEM, -EEXIST) */
__must_check struct pid *pid_alloc(struct pid_ns *ns, const int *set_tid, size_t set_tid_size);
static inline struct pid *pid_get(struct pid *pid) { if (pid) ref_get(&pid->ref); return pid; }
void pid_put(struct pid *pid);
/* Number in a namespace; 0 when not visible there. */
int pid_nr_ns(const struct pid *pid, const struct pid_ns *ns);
int pid_nr(const struct pid *pid);		/* in the initial namespace */
int pid_vnr(const struct pid *pid);		/* in current's */
/* Under RCU: NULL if there is none. */
struct pid *pid_find_ns(int nr, struct pid_ns *ns);
struct pid *pid_find(int nr);			/* in current's namespace */
struct pid *pid_find_get(int nr);		/* referenced */
/* Next id at or above nr that is in use in ns (procfs readdir), referenced; NULL. */
struct pid *pid_next(int nr, struct pid_ns *ns);
/* A task with this id in this role, under RCU or TASKLIST; NULL. */
struct task *pid_task(struct pid *pid, enum pid_type type);
struct task *pid_task_get(struct pid *pid, enum pid_type type);	/* referenced */
/*
 * TASKLIST lock held. The tasks that are attached to an id own one reference together; when the last one
 * detaches, the number may be used again and that reference goes.
 */
void pid_attach(struct task *t, enum pid_type type, struct pid *pid);
void pid_detach(struct task *t, enum pid_type type);
void pid_change(struct task *t, enum pid_type type, struct pid *pid);

extern struct pid init_struct_pid;		/* number 0: idle tasks */
/* A file that stands for a process though no pidfd: procfs says for a directory /proc/PID. Borrowed; NULL: none. */
extern struct pid *(*pid_of_file)(struct file *f);
/* pidfd pollers of a process that has ended. */
void pid_notify_exit(struct pid *pid);

#define for_each_pid_task(t, pid, type) \
	hlist_for_each_entry(t, &(pid)->tasks[type], pid_links[type])

#endif
