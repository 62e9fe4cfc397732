/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The dispatch table of system calls, made from arch/x86_64/syscalls.tbl and linked in by
 * kernel/sys/syscall_table.c. The entry code bounds and masks the number, then calls the entry;
 * numbers without a call hold a function that returns -ENOSYS, so the table has no holes.
 */
#ifndef CORE_SYSCALL_TABLE_H
#define CORE_SYSCALL_TABLE_H

#include <base/types.h>
#include <core/regs.h>

/* Entries of the table; a power of two, so that `nr & (SYSCALL_TABLE_SIZE - 1)` is a safe index. */
#define SYSCALL_TABLE_SIZE	512

typedef long (*syscall_fn)(const struct pt_regs *regs);

extern const syscall_fn syscall_table[SYSCALL_TABLE_SIZE];

/* What the tracer (strace=) knows about a call. */
enum syscall_arg {
	SYSARG_INT,		/* signed 32 bit */
	SYSARG_UINT,		/* unsigned 32 bit */
	SYSARG_LONG,		/* signed 64 bit */
	SYSARG_HEX,		/* flags, addresses, 64 bit */
	SYSARG_OCTAL,		/* file mode */
	SYSARG_FD,		/* file descriptor; AT_FDCWD is named */
	SYSARG_STR,		/* user string */
	SYSARG_ARGV,		/* user array of strings */
	SYSARG_PTR_IN,		/* user pointer, read by the kernel */
	SYSARG_PTR_OUT,		/* user pointer, written by the kernel */
	SYSARG_SIZE,		/* byte count */
	SYSARG_SIG,		/* signal number */
};

#define SYSCALL_MAY_BLOCK	0x01
#define SYSCALL_RESTARTS	0x02
#define SYSCALL_NO_RETURN	0x04
#define SYSCALL_ABSENT		0x08	/* answers -ENOSYS */

struct syscall_info {
	const char *name;		/* NULL: no such call */
	u8 nargs;
	u8 flags;			/* SYSCALL_* */
	u8 kind[6];			/* enum syscall_arg */
};

extern const struct syscall_info syscall_infos[SYSCALL_TABLE_SIZE];

#endif
