/* SPDX-License-Identifier: MPL-2.0 */
/* What the files of kernel/task share. */
#ifndef KERNEL_TASK_INTERNAL_H
#define KERNEL_TASK_INTERNAL_H

#include <base/err.h>
#include <kernel/task.h>

struct file;
struct filename;

extern struct user_struct root_user;
extern struct sighand init_sighand;

/* pid.c: give back a pid that no task was attached to. */
void pid_discard(struct pid *pid);

/* fork.c */
void process_get(struct process *p);
void process_put(struct process *p);
extern int max_threads;

/* exit.c */
/* The address space of current goes: wake who waits for it (vfork, CLEARTID), robust futexes. */
void task_mm_release(struct task *t);
/* Leave the group of threads' lists; TASKLIST and sighand lock held. */
/* exec.c, exit.c: kill the other threads and wait until they are gone; current becomes the leader. -EAGAIN: group exit. */
__must_check int task_dethread(void);

/* cred.c */
struct cred *cred_alloc_copy(const struct cred *old);
bool user_over_nproc(const struct task *t);

/* pidfd.c: a descriptor for pid, not yet installed: *fp to be installed or put. fd or -errno. */
__must_check int pidfd_prepare(struct pid *pid, u32 flags, struct file **fp);
/* pid behind a pidfd, referenced. -EBADF. */
__must_check struct pid *pidfd_get_pid(int fd, u32 *flags);

/* wait.c */
struct rusage;
void rusage_get(struct task *t, int who, struct rusage *r);

/* ioprio.c: CLONE_IO shares. -ENOMEM. */
struct io_context;
__must_check int io_context_clone(struct task *t, bool share);
void io_context_put(struct io_context *c);

#endif
