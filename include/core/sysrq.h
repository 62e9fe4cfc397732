/* SPDX-License-Identifier: MPL-2.0 */
/* Keys that ask the kernel itself for help (kernel/core/sysrq.c): SysRq on a console, /proc/sysrq-trigger. */
#ifndef CORE_SYSRQ_H
#define CORE_SYSRQ_H

#include <base/list.h>

/* kernel.sysrq's bits: what a console may ask for. */
#define SYSRQ_LOG	0x02
#define SYSRQ_KEYBOARD	0x04
#define SYSRQ_DUMP	0x08
#define SYSRQ_SYNC	0x10
#define SYSRQ_REMOUNT	0x20
#define SYSRQ_SIGNAL	0x40
#define SYSRQ_BOOT	0x80
#define SYSRQ_RTNICE	0x100

struct sysrq_op {
	char key;			/* 'a' to 'z', '0' to '9' */
	int mask;			/* SYSRQ_* */
	const char *help;		/* "show-task-states(t)"; NULL: not in the list */
	const char *what;		/* "Show State" */
	/* Hard interrupt context when the key came from a console. */
	void (*fn)(char key);
	struct list_head link;		/* sysrq.c's */
};

/* -EBUSY if the key is taken. The op stays registered for ever. */
int sysrq_register(struct sysrq_op *op);
/* Any context but NMI. From a console, where kernel.sysrq decides; else from someone with the right to. */
void sysrq_key_console(char key);
void sysrq_key(char key);
extern int sysrq_mask;

#endif
