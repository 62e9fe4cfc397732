/* SPDX-License-Identifier: MPL-2.0 */
/* The end of the road, and stack walks (kernel/core/panic.c, arch/x86_64/debug/unwind.c). panic() itself is in base/assert.h. */
#ifndef CORE_PANIC_H
#define CORE_PANIC_H

#include <base/assert.h>
#include <base/types.h>

struct pt_regs;
struct task_core;

/* Fatal exception in the kernel: registers, stack, held locks; then as panic(). */
__noreturn void die(const char *what, const struct pt_regs *regs);
/* Print the stack of the current context (regs NULL) or of an exception, or of a task that does not run. */
void stack_print(const struct pt_regs *regs);
void stack_print_task(struct task_core *t);
/* Return addresses of the current stack; number stored. */
unsigned int stack_save(u64 *ips, unsigned int max);
/* The same of a task that does not run, and is kept from being freed. */
unsigned int stack_save_task(struct task_core *t, u64 *ips, unsigned int max);
/* Name and offset of a kernel code address; "?" if unknown. */
const char *symbol_lookup(u64 addr, u64 *offset, u64 *size);
extern int panic_in_progress;		/* [a] */
extern int panic_timeout;		/* panic=: seconds before reboot, <0 at once, 0 never */
/* Statuses for machine_exit_status(): what the test runner looks for. */
#define EXIT_STATUS_PANIC	0x31
#define EXIT_STATUS_TESTS_OK	0x10
#define EXIT_STATUS_TESTS_FAILED	0x11

#endif
