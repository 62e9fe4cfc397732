/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The system call table. Everything here is generated from arch/x86_64/syscalls.tbl: a wrapper for
 * each call that takes its arguments out of the registers, the table of the wrappers, and what the
 * tracer needs to print them. A call that the list does not call absent and nobody wrote does not link.
 */
#include <base/errno.h>
#include <core/syscall_table.h>
#include <kernel/syscall.h>

static long syscall_none(const struct pt_regs *regs)
{
	return -ENOSYS;
}

#include <generated/syscall_table.inc>
