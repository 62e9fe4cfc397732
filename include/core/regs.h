/* SPDX-License-Identifier: MPL-2.0 */
/* The user (or interrupted kernel) registers as the entry code saves them; same order as ptrace's user_regs_struct. */
#ifndef CORE_REGS_H
#define CORE_REGS_H

#include <base/types.h>

struct pt_regs {
	u64 r15, r14, r13, r12, bp, bx;
	u64 r11, r10, r9, r8, ax, cx, dx, si, di;
	u64 orig_ax;		/* system call number; -1 for interrupts and exceptions; error code on entry */
	u64 ip, cs, flags, sp, ss;
};

static inline bool regs_from_user(const struct pt_regs *r) { return r->cs & 3; }
static inline u64 regs_syscall_nr(const struct pt_regs *r) { return r->orig_ax; }
static inline bool regs_in_syscall(const struct pt_regs *r) { return (s64)r->orig_ax >= 0; }
static inline long regs_result(const struct pt_regs *r) { return (long)r->ax; }
static inline void regs_set_result(struct pt_regs *r, long v) { r->ax = (u64)v; }
/* Make the task execute the same system call instruction again (signal restart). */
static inline void regs_restart_syscall(struct pt_regs *r) { r->ax = r->orig_ax; r->ip -= 2; }
static inline void regs_restart_block(struct pt_regs *r, u64 nr) { r->ax = nr; r->ip -= 2; }

#endif
