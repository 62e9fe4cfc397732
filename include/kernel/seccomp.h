/* SPDX-License-Identifier: MPL-2.0 */
/* Filters of system calls (kernel/security/seccomp.c). */
#ifndef KERNEL_SECCOMP_H
#define KERNEL_SECCOMP_H

#include <base/types.h>

struct pt_regs;
struct task;

/* Entry of a call with WORK_SECCOMP. False: it is not to run, its result is in regs. May end the task. */
__must_check bool seccomp_allows(struct pt_regs *regs);
/* A new task takes over what current has: under the sighand lock that TSYNC holds. */
void seccomp_fork(struct task *child);
/* The task is gone. May sleep. */
void seccomp_release(struct task *t);
/* prctl(PR_SET_SECCOMP) */
long seccomp_prctl(u64 mode, u64 filter);
u32 seccomp_filter_count(const struct task *t);

#endif
