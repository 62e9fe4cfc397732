/* SPDX-License-Identifier: MPL-2.0 */
/* Futexes (kernel/futex). */
#ifndef KERNEL_FUTEX_H
#define KERNEL_FUTEX_H

#include <base/types.h>

struct task;

long futex_do(u64 uaddr, int op, u32 val, u64 deadline_ns, u64 uaddr2, u32 val2, u32 val3);
/* Wake waiters on a word of current's (CLONE_CHILD_CLEARTID). */
int futex_wake_addr(u64 uaddr, int nr);
/* exit and exec: robust list, PI ownership. */
void futex_exit_task(struct task *t);
/* The scheduling parameters of t changed: so does what others inherit through it. */
void futex_pi_update(struct task *t);

#endif
