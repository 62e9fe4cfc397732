/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Signals (kernel/signal). One lock, sighand->lock, guards a thread group's actions, pending
 * queues, job control and group exit. Delivery happens on the way to user space (WORK_SIGNAL).
 */
#ifndef KERNEL_SIGNAL_H
#define KERNEL_SIGNAL_H

#include <base/alloc.h>
#include <base/list.h>
#include <base/ref.h>
#include <core/regs.h>
#include <core/spinlock.h>
#include <core/wait.h>
#include <uapi/linux/signal.h>

struct pid;
struct task;
struct process;
struct user_struct;
struct cred;

#define NSIG		64
#define SIGMASK(s)	(1ull << ((s) - 1))
#define SIG_KERNEL_ONLY	(SIGMASK(SIGKILL) | SIGMASK(SIGSTOP))
#define SIG_STOPS	(SIGMASK(SIGSTOP) | SIGMASK(SIGTSTP) | SIGMASK(SIGTTIN) | SIGMASK(SIGTTOU))
#define SIG_SYNCHRONOUS	(SIGMASK(SIGSEGV) | SIGMASK(SIGBUS) | SIGMASK(SIGILL) | SIGMASK(SIGTRAP) | \
	SIGMASK(SIGFPE) | SIGMASK(SIGSYS))

struct ksigaction {
	u64 handler;			/* user address, or SIG_DFL, SIG_IGN */
	u64 flags;			/* SA_* */
	u64 restorer;
	u64 mask;
};

struct sighand {
	struct ref ref;
	spinlock_t lock;		/* class SIGHAND */
	struct wait_queue signalfd_wait;
	struct ksigaction action[NSIG];	/* [lock] index sig - 1 */
	struct rcu_head rcu;
};

#define SIGQUEUE_PREALLOC	0x1u	/* sigqueue.flags: a POSIX timer's own entry */

struct sigqueue {
	struct list_head link;		/* [sighand lock] */
	u32 flags;			/* [sighand lock] SIGQUEUE_* */
	siginfo_t info;
	struct user_struct *user;	/* counted against RLIMIT_SIGPENDING */
};

struct sigpending {
	struct list_head queue;		/* [sighand lock] struct sigqueue */
	u64 mask;			/* [sighand lock; atomic reads] */
};

/* Where a signal goes. */
enum sig_target { SIG_TO_THREAD, SIG_TO_PROCESS };
#define SEND_PRIV	((siginfo_t *)1)	/* from the kernel: si_code SI_KERNEL */
#define SEND_NOINFO	((siginfo_t *)0)	/* from current by kill: SI_USER */

/* Any context (interrupts for the _irq-safe senders: timers, tty). 0, -EAGAIN (queue full, RT), -ESRCH. */
int signal_send(struct task *t, int sig, const siginfo_t *info, enum sig_target where);
int signal_send_process(struct process *p, int sig, const siginfo_t *info);
/* To every member of a group or session leader's ...: TASKLIST taken inside. */
int signal_send_pgrp(struct pid *pgrp, int sig, const siginfo_t *info);
int signal_send_pid(struct pid *pid, int sig, const siginfo_t *info);
/* As if it could not be blocked or ignored (synchronous faults): current. */
void signal_force(int sig, const siginfo_t *info);
void signal_force_sigsegv(int sig);
/* Permission of current to signal t (kill(2)). */
int signal_check_permission(struct task *t, int sig, const siginfo_t *info);

/* current's mask: sets pending work right. */
void signal_set_mask(u64 mask);
/* For ppoll, sigsuspend...: temporary mask; the saved one comes back on the way to user space (or signal_restore_mask). */
void signal_set_temp_mask(u64 mask);
void signal_restore_mask(void);
/* copy a sigset argument in and set it temporarily; size must be 8. */
__must_check int signal_set_user_mask(uaddr_t set, size_t size);
void signal_restore_mask_unless(bool interrupted);
/* Recompute WORK_SIGNAL for a task. sighand lock held. */
void signal_recalc(struct task *t);
/* Next deliverable signal for current among ~mask: number and info, or 0. sighand lock held. */
int signal_dequeue(struct task *t, u64 blocked, siginfo_t *info);
bool signal_is_ignored(struct task *t, int sig);
u64 signal_pending_set(struct task *t);		/* thread + process pending */

/* Life. */
__must_check struct sighand *sighand_copy(struct sighand *old, bool share, bool clear);	/* NULL */
void sighand_put(struct sighand *s);
__must_check int signal_unshare_exec(void);	/* own sighand, handlers to default */
void sigpending_init(struct sigpending *p);
void sigpending_flush(struct sigpending *p);
/* Lock the sighand of a task that may exit meanwhile; NULL when it is gone. */
struct sighand *sighand_lock(struct task *t, u64 *flags);
void sighand_unlock(struct sighand *s, u64 flags);

/* POSIX timers' preallocated entries. */
struct sigqueue *sigqueue_alloc(void);
void sigqueue_free(struct sigqueue *q);
/* 0: sent, or still pending from before (then q->link was not empty); 1: ignored; -ESRCH. Interrupt context allowed. */
int sigqueue_send(struct sigqueue *q, struct pid *pid, enum sig_target where);

/* A thread is to die (its pending mask has SIGKILL): out of every sleep it can be got out of. sighand lock held. */
void signal_wake_fatal(struct task *t);
/* Group-wide: exit_group and fatal signals mark all threads. sighand lock held. */
void signal_group_kill(struct process *p, int exit_code);
/* Job control, in current's context: stop here if asked to (returns after SIGCONT). */
void signal_handle_stop(void);
/*
 * A thread begins to exit: it no longer counts in a group stop. sighand lock held; true: tell
 * the parent (signal_notify_parent_stop).
 */
bool signal_exit_stop(struct task *t);
/* A new thread of a process that is stopping. sighand lock held. */
void signal_join_stop(struct task *child);
/* On the way to user space with WORK_SIGNAL or WORK_RESTORE_MASK set: handlers, default actions, restarts. */
void signal_deliver(struct pt_regs *regs);
/* Tell the parent about stop, continue, exit (SIGCHLD). TASKLIST held. */
void signal_notify_parent_stop(struct task *t, int why);
bool signal_notify_parent_exit(struct task *t, int sig);

/* The restart block of a task: how sys_restart_syscall goes on. */
struct restart_block {
	long (*fn)(struct restart_block *r);
	union {
		struct { u64 expires; u64 rmtp; int clock; } nanosleep;
		struct { u64 fds; u32 nfds; bool has_timeout; u64 expires; } poll;
		struct { u64 addr; u32 val, flags, bitset; u64 expires; } futex;
	};
};
long restart_block_none(struct restart_block *r);	/* -EINTR */

#endif
