/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The system call table. Everything here is generated from arch/x86_64/syscalls.tbl: a wrapper for
 * each call that takes its arguments out of the registers, the table of the wrappers, and what the
 * tracer needs to print them. A call that the list does not call absent and nobody wrote does not link.
 * `log_enosys` on the command line logs the first use of each call that is not there: what a new program misses.
 */
#include <base/cmdline.h>
#include <base/errno.h>
#include <core/init.h>
#include <core/printk.h>
#include <core/regs.h>
#include <core/syscall_table.h>
#include <kernel/syscall.h>
#include <kernel/task.h>

static bool log_enosys __ro_after_init;
static u8 logged[SYSCALL_TABLE_SIZE];	/* [a] */

static int set_log_enosys(const char *v)
{
	(void)v;
	log_enosys = true;
	return 0;
}
KPARAM("log_enosys", set_log_enosys);

static long syscall_none(const struct pt_regs *regs);

#include <generated/syscall_table.inc>

static long syscall_none(const struct pt_regs *regs)
{
	u64 nr = regs->orig_ax;

	if (unlikely(log_enosys) && nr < SYSCALL_TABLE_SIZE && !__atomic_exchange_n(&logged[nr], 1, __ATOMIC_RELAXED))
		printk(LOG_INFO, "%s[%d] uses %s (%lu), which is not there\n", current->comm, current->tid,
		       syscall_infos[nr].name ? syscall_infos[nr].name : "a call", nr);
	return -ENOSYS;
}
