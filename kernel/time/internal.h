/* SPDX-License-Identifier: MPL-2.0 */
/* What the files of kernel/time share. */
#ifndef KERNEL_TIME_INTERNAL_H
#define KERNEL_TIME_INTERNAL_H

#include <base/types.h>

struct cputime;
struct task;

/*
 * A negative id names the CPU clock of a process or thread: bits 3 and up are the complement of its
 * pid, bit 2 says thread, bits 0-1 which time (0 user+system by tick, 1 user, 2 exact).
 */
#define CPUCLOCK_PID(id)	(~(id) >> 3)
#define CPUCLOCK_THREAD(id)	((id) & 4)
#define CPUCLOCK_WHICH(id)	((id) & 3)

u64 cpu_clock_pick(const struct cputime *ct, int which);
/* Whose clock it is, referenced; NULL: no such, or not ours to ask. */
struct task *cpu_clock_task(int id, bool *thread);
/* cpu_sleep.c */
long cpu_nanosleep(int clockid, bool absolute, s64 ns, u64 rmtp);
/* Tick of t, whose process has used ct: wake who waits for that. Interrupt context. */
void cpu_sleepers_check(struct task *t, const struct cputime *ct);
/* Next expiry after now of a timer that was due at `expires`: 0 without interval; *missed: periods skipped. */
u64 timer_forward(u64 expires, u64 interval, u64 now, u64 *missed);
/* posix_timer.c: CPU-time timers of t's process. Interrupt context. */
void posix_cpu_timers_check(struct task *t, const struct cputime *ct);

#endif
