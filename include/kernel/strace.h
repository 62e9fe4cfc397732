/* SPDX-License-Identifier: MPL-2.0 */
/* Printing system calls as they happen (kernel/sys/strace.c): strace on the kernel command line. */
#ifndef KERNEL_STRACE_H
#define KERNEL_STRACE_H

#include <base/types.h>

struct pt_regs;

void strace_enter(struct pt_regs *regs);
void strace_exit(struct pt_regs *regs);
/* execve: does the list of names cover the new one? Sets or clears WORK_STRACE of current. */
void strace_exec(const char *comm);

#endif
