/* SPDX-License-Identifier: MPL-2.0 */
/*
 * From the end of core's start to the first user program.
 *
 *   kernel_start(), in what becomes the idle task of CPU 0: scheduler, parameters, INITCALL_CORE;
 *   makes pid 1 and goes idle. Preemption is off, so nothing here may really sleep.
 *
 *   init_main(), pid 1, a thread until init_exec_user(): the other CPUs, the remaining levels in order,
 *   the kernel's tests if ktest= asks, the root file system if it is on a disk (rootfs.c), then the first program.
 */
#include <base/err.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/init.h>
#include <core/ktest.h>
#include <core/machine.h>
#include <core/panic.h>
#include <core/printk.h>
#include <core/smp.h>
#include <core/upcall.h>
#include <core/work.h>
#include <fs/path.h>
#include <kernel/sched.h>
#include <kernel/signal.h>
#include <kernel/task.h>

#include "internal.h"

#define MAX_INIT_STRINGS	32
#define RUN_SMP			2
#define RUN_LAST		7

static const char *init_argv[MAX_INIT_STRINGS + 2] = { "init" };
static const char *init_envp[MAX_INIT_STRINGS + 3] = { "HOME=/", "TERM=linux" };
static const char *init_path, *rdinit_path, *ktest_which;
static struct task *init_thread;	/* [I] once set: pid 1 */

static int set_init(const char *value)
{
	if (!*value)
		return -EINVAL;
	init_path = value;
	return 0;
}
KPARAM("init", set_init);

static int set_rdinit(const char *value)
{
	if (!*value)
		return -EINVAL;
	rdinit_path = value;
	return 0;
}
KPARAM("rdinit", set_rdinit);

static int set_ktest(const char *value)
{
	ktest_which = value;
	return 0;
}
KPARAM("ktest", set_ktest);

static __noreturn void run_tests(void)
{
	int failed = ktest_run(ktest_which);

	console_flush();
	machine_exit_status(failed ? EXIT_STATUS_TESTS_FAILED : EXIT_STATUS_TESTS_OK);
}

static bool have_file(const char *path)
{
	struct path p;

	if (kern_path(path, LOOKUP_FOLLOW, &p))
		return false;
	path_put(&p);
	return true;
}

static int init_main(void *arg)
{
	bool on_disk;
	u64 us;

	smp_boot_aps();
	for (int level = RUN_SMP; level <= RUN_LAST; level++)
		initcalls_run(level);
	if (ktest_which)
		run_tests();
	boot_modules_free();
	/* An initramfs that has its own init takes care of root= itself. */
	on_disk = rootfs_wanted() && !have_file(rdinit_path ? rdinit_path : "/init");
	if (on_disk)
		rootfs_mount();
	init_memory_free();
	us = clock_monotonic_ns() / NSEC_PER_USEC;
	pr_notice("starting init %llu.%03llu ms after the first instruction, %d CPUs\n",
		  (unsigned long long)(us / 1000), (unsigned long long)(us % 1000),
		  cpumask_weight(&cpu_online_mask));
	console_flush();
	init_exec_user((char **)init_argv, (char **)init_envp, on_disk ? NULL : rdinit_path ? rdinit_path : "/init", init_path);
}

void kernel_start(void)
{
	int argc = 1, envc = 2;
	struct task_core *t;

	preempt_disable();
	sched_init();
	irq_enable();
	cmdline_parse(init_argv, &argc, init_envp, &envc, MAX_INIT_STRINGS);
	initcalls_run(1);
	t = task_create_kthread(init_main, NULL, -1, "init");
	if (IS_ERR(t))
		panic("no memory for the first process");
	init_thread = container_of(t, struct task, core);
	sched_wake(t, TASK_NEW);
	sched_cpu_start();
}

/* BusyBox's init takes SIGUSR2 for power-off; one that has no handler ignores it, as pid 1 does. */
static void power_work_fn(struct work *w)
{
	if (!init_thread)
		machine_power_off();
	pr_notice("power button: asking init to shut down\n");
	if (signal_send(init_thread, SIGUSR2, SEND_PRIV, SIG_TO_PROCESS))
		pr_warn("power button: init cannot be told\n");
}

void power_button_pressed(void)
{
	static struct work power_work = { .link = LIST_HEAD_INIT(power_work.link), .fn = power_work_fn };

	if (system_wq)
		work_queue(system_wq, &power_work);
}
