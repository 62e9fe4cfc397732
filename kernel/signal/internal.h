/* SPDX-License-Identifier: MPL-2.0 */
/* What the files of kernel/signal share. */
#ifndef KERNEL_SIGNAL_INTERNAL_H
#define KERNEL_SIGNAL_INTERNAL_H

#include <kernel/task.h>

/* task.jobctl [sighand lock] */
#define JOBCTL_STOP_PENDING	0x1u	/* is asked to take part in a group stop */
#define JOBCTL_STOPPED		0x2u	/* sleeps in TASK_STOPPED */

#define SIG_DEFAULT_IGNORE	(SIGMASK(SIGCONT) | SIGMASK(SIGCHLD) | SIGMASK(SIGWINCH) | SIGMASK(SIGURG))
#define SIG_COREDUMP	(SIGMASK(SIGQUIT) | SIGMASK(SIGILL) | SIGMASK(SIGTRAP) | SIGMASK(SIGABRT) | \
	SIGMASK(SIGFPE) | SIGMASK(SIGSEGV) | SIGMASK(SIGBUS) | SIGMASK(SIGSYS) | SIGMASK(SIGXCPU) | \
	SIGMASK(SIGXFSZ))

static inline bool sig_in(int sig, u64 set) { return set & SIGMASK(sig); }

/* Default action ends the process: neither ignored nor a stop. */
static inline bool sig_default_fatal(int sig)
{
	return !sig_in(sig, SIG_DEFAULT_IGNORE | SIG_STOPS);
}

/* send.c: wake t for a signal; `fatal` also out of killable sleeps and stops. sighand lock held. */
void signal_wake(struct task *t, bool fatal);
/* queue.c: take all signals of `mask` off a queue. sighand lock held. */
void sigpending_flush_mask(struct sigpending *p, u64 mask);
int sigpending_add(struct task *t, struct sigpending *p, int sig, const siginfo_t *info);
/* Take the first synchronous fault signal of current, if one is queued for its thread. */
int signal_dequeue_synchronous(siginfo_t *info);
/* stop.c */
void signal_prepare_stop(struct process *p);
void signal_prepare_continue(struct process *p);
bool signal_do_stop(int sig);
bool signal_report_continue(void);

#endif
