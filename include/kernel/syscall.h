/* SPDX-License-Identifier: MPL-2.0 */
/* What every file with system calls includes: prototypes made from syscalls.tbl, and user copies. */
#ifndef KERNEL_SYSCALL_H
#define KERNEL_SYSCALL_H

#include <base/err.h>
#include <core/regs.h>
#include <core/task_core.h>
#include <core/usercopy.h>
#include <kernel/syscall_types.h>
#include <generated/syscall_protos.h>

/* The user registers of the running system call. */
static inline struct pt_regs *current_user_regs(void)
{
	return task_user_regs(current_core());
}

#endif
