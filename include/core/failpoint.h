/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Injected failures: `if (failpoint("kmalloc")) return NULL;`. Armed by the failpoint= parameter or
 * by tests: site, optional task, every n-th call. Free in kernels where none is armed. In DEBUG kernels programs
 * make their own allocations fail, one after the other, by /proc/PID/fail-nth.
 */
#ifndef CORE_FAILPOINT_H
#define CORE_FAILPOINT_H

#include <base/compiler.h>
#include <base/types.h>

extern bool failpoints_armed;
bool failpoint_hit(const char *site);
#define failpoint(site)	(unlikely(READ_ONCE(failpoints_armed)) && failpoint_hit(site))
/* Arm `site` for the current task (or all): fail the n-th call from now, then every `interval`-th (0: once). */
void failpoint_arm(const char *site, bool all_tasks, u32 nth, u32 interval);
void failpoint_disarm(const char *site);

struct task_core;
#if IS_DEBUG
/* /proc/PID/fail-nth: the task's n-th allocation from now on fails; 0: none. What is left to count; 0: it failed. */
void failpoint_set_nth(struct task_core *t, u32 n);
u32 failpoint_nth(const struct task_core *t);
#endif

#endif
