/* SPDX-License-Identifier: MPL-2.0 */
/* Keys that ask the kernel itself for help (kernel/core/sysrq.c): SysRq on a console, /proc/sysrq-trigger. */
#ifndef CORE_SYSRQ_H
#define CORE_SYSRQ_H

#include <base/list.h>

struct sysrq_op {
	char key;			/* 'a' to 'z', '0' to '9' */
	const char *help;		/* "show-tasks(t)" */
	/* Hard interrupt context when the key came from a console. */
	void (*fn)(char key);
	struct list_head link;		/* sysrq.c's */
};

/* -EBUSY if the key is taken. The op stays registered for ever. */
int sysrq_register(struct sysrq_op *op);
/* SysRq key from a console. Hard interrupt context allowed. */
void sysrq_key(char key);

#endif
