/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The system call tracer of the kernel command line: `strace` prints the calls of all programs,
 * `strace=sh,ls` (patterns allowed) those of the named ones. It knows the kinds of arguments from the
 * generated table, and reads strings from user memory as far as they are there.
 */
#include <base/cmdline.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/init.h>
#include <core/printk.h>
#include <core/syscall_table.h>
#include <core/usercopy.h>
#include <kernel/strace.h>
#include <kernel/task.h>

static const char *strace_list __ro_after_init;	/* NULL: off, "": all */

static int set_strace(const char *v)
{
	strace_list = v;
	return 0;
}
KPARAM("strace", set_strace);

void strace_exec(const char *comm)
{
	if (likely(!strace_list))
		return;
	if (!*strace_list || name_list_has(strace_list, comm))
		task_work_set(&current->core, WORK_STRACE);
	else
		task_work_clear(&current->core, WORK_STRACE);
}

static size_t put_string(char *out, size_t size, u64 addr)
{
	char s[48];
	size_t n = sizeof(s) - 1 - copy_in_partial(s, uaddr(addr), sizeof(s) - 1), len, at;

	if (!addr)
		return (size_t)scnprintf(out, size, "NULL");
	if (!n)
		return (size_t)scnprintf(out, size, "%#lx", addr);
	len = strnlen(s, n);
	for (size_t i = 0; i < len; i++)
		if (!isprint(s[i]))
			s[i] = '.';
	s[len] = 0;
	at = (size_t)scnprintf(out, size, "\"%s\"%s", s, len == n ? "..." : "");
	return at;
}

static size_t put_arg(char *out, size_t size, u8 kind, u64 v)
{
	switch (kind) {
	case SYSARG_INT:
	case SYSARG_SIG:
		return (size_t)scnprintf(out, size, "%d", (int)v);
	case SYSARG_UINT:
		return (size_t)scnprintf(out, size, "%u", (u32)v);
	case SYSARG_LONG:
		return (size_t)scnprintf(out, size, "%ld", v);
	case SYSARG_SIZE:
		return (size_t)scnprintf(out, size, "%lu", v);
	case SYSARG_OCTAL:
		return (size_t)scnprintf(out, size, "%#o", (u32)v);
	case SYSARG_FD:
		if ((int)v == -100)
			return (size_t)scnprintf(out, size, "AT_FDCWD");
		return (size_t)scnprintf(out, size, "%d", (int)v);
	case SYSARG_STR:
		return put_string(out, size, v);
	default:
		return (size_t)scnprintf(out, size, v ? "%#lx" : "NULL", v);
	}
}

static size_t put_call(char *out, size_t size, const struct pt_regs *r)
{
	u64 args[6] = { r->di, r->si, r->dx, r->r10, r->r8, r->r9 };
	const struct syscall_info *info;
	size_t n;

	if (r->orig_ax >= SYSCALL_TABLE_SIZE || !syscall_infos[r->orig_ax].name)
		return (size_t)scnprintf(out, size, "syscall_%ld(", r->orig_ax);
	info = &syscall_infos[r->orig_ax];
	n = (size_t)scnprintf(out, size, "%s(", info->name);
	for (u8 i = 0; i < info->nargs; i++) {
		if (i)
			n += (size_t)scnprintf(out + n, size - n, ", ");
		n += put_arg(out + n, size - n, info->kind[i], args[i]);
	}
	return n;
}

/* Calls that end or replace the program are printed on the way in, all others with their result. */
void strace_enter(struct pt_regs *regs)
{
	const struct syscall_info *info;
	char line[320];

	if (regs->orig_ax >= SYSCALL_TABLE_SIZE)
		return;
	info = &syscall_infos[regs->orig_ax];
	if (!info->name || !(info->flags & (SYSCALL_NO_RETURN | SYSCALL_MAY_BLOCK)))
		return;
	put_call(line, sizeof(line), regs);
	printk(LOG_INFO, "%s[%d] %s) ...\n", current->comm, current->tid, line);
}

void strace_exit(struct pt_regs *regs)
{
	char line[320];
	long res = regs_result(regs);

	if (!regs_in_syscall(regs))
		return;		/* execve or rt_sigreturn: the registers are another context's */
	put_call(line, sizeof(line), regs);
	if (res < 0 && res >= -4095)
		printk(LOG_INFO, "%s[%d] %s) = -%ld\n", current->comm, current->tid, line, -res);
	else
		printk(LOG_INFO, "%s[%d] %s) = %#lx\n", current->comm, current->tid, line, (u64)res);
}
