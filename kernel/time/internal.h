/* SPDX-License-Identifier: MPL-2.0 */
/* What the files of kernel/time share. */
#ifndef KERNEL_TIME_INTERNAL_H
#define KERNEL_TIME_INTERNAL_H

#include <base/types.h>

struct cputime;
struct task;

/* Next expiry after now of a timer that was due at `expires`: 0 without interval; *missed: periods skipped. */
u64 timer_forward(u64 expires, u64 interval, u64 now, u64 *missed);
/* posix_timer.c: CPU-time timers of t's process. Interrupt context. */
void posix_cpu_timers_check(struct task *t, const struct cputime *ct);

#endif
