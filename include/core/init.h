/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Things to do at boot, in levels; within a level in link order, so nothing may rely on it. Each
 * returns 0 or -errno, which is reported. All run in the first task, with interrupts on, may sleep.
 */
#ifndef CORE_INIT_H
#define CORE_INIT_H

#include <base/compiler.h>

typedef int (*initcall_fn)(void);

struct initcall {
	initcall_fn fn;
	const char *name;
};

#define INITCALL_AT(level, f) \
	static const struct initcall __concat(initcall_, f) __used \
	__section(".initcall." #level) __aligned(8) = { f, #f }

#define INITCALL_CORE(f)	INITCALL_AT(1, f)	/* object caches, tables of L2; other CPUs not up yet */
#define INITCALL_SMP(f)		INITCALL_AT(2, f)	/* all CPUs run; per-CPU threads */
#define INITCALL_VFS(f)		INITCALL_AT(3, f)	/* VFS core */
#define INITCALL_FS(f)		INITCALL_AT(4, f)	/* file systems register */
#define INITCALL_BUS(f)		INITCALL_AT(5, f)	/* device model, buses */
#define INITCALL_DRIVER(f)	INITCALL_AT(6, f)	/* drivers probe */
#define INITCALL_LATE(f)	INITCALL_AT(7, f)	/* before init starts: initramfs is unpacked here */

/* Kernel command line: name=value or name. Called early (before memory) if early. Value "" when there is none. */
struct kparam {
	const char *name;
	int (*set)(const char *value);	/* 0, or -EINVAL: reported */
	int early;
};
#define KPARAM_AT(n, f, e, id) \
	static const struct kparam __concat(kparam_, id) __used __section(".kparam") __aligned(8) = { n, f, e }
#define KPARAM(name, fn)	KPARAM_AT(name, fn, 0, fn)
#define EARLY_KPARAM(name, fn)	KPARAM_AT(name, fn, 1, fn)

/* kernel/core/cmdline.c: run one level of initcalls; failures are reported. */
void initcalls_run(int level);
/*
 * Run the KPARAMs that are not early. What nobody knows is for init: name=value into envp, bare words
 * into argv, at most `max` each; strings live for ever. A word "--" sends all that follows to argv.
 */
void cmdline_parse(const char *argv[], int *argc, const char *envp[], int *envc, int max);

/* The whole line as the boot loader gave it (/proc/cmdline). */
extern const char *boot_command_line;

#endif
