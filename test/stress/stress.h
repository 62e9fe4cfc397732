/* SPDX-License-Identifier: MPL-2.0 */
/* What the operations of the stress test share. */
#ifndef STRESS_H
#define STRESS_H

#include <stdint.h>
#include <sys/types.h>

#define BASE "/tmp/stress"
#define SHARED BASE "/shared"

/* Says worker, seed and what, and ends the worker. */
void fail(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
/* 0 ... below - 1, by the worker's seed. */
uint32_t rnd(uint32_t below);
/* fork() that may give -1 for want of memory or processes only. */
pid_t try_fork(void);
/* Waits for p; want >= 0: the exit status it must have. */
void reap(pid_t p, int want);

/* races.c: a tree in SHARED that all workers walk and change at once. */
void shared_make(void);
void shared_remove(void);
void op_walk(void);
void op_mounts(void);
void op_notify(void);
void op_terminals(void);
void op_timers(void);
void op_locks(void);

#endif
