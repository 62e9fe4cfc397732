/* SPDX-License-Identifier: MPL-2.0 */
/*
 * SysRq: keys for when nothing else works. Subsystems register theirs; those that core can answer
 * itself are here. Registering happens at boot, keys come from interrupts: the list only grows.
 */
#include <base/errno.h>
#include <base/math.h>
#include <base/printf.h>
#include <core/clock.h>
#include <core/hooks.h>
#include <core/init.h>
#include <core/machine.h>
#include <core/panic.h>
#include <core/printk.h>
#include <core/smp.h>
#include <core/spinlock.h>
#include <core/sysrq.h>
#include "internal.h"

static LIST_HEAD(sysrq_ops);		/* [sysrq_lock] to add; read without */
static DEFINE_SPINLOCK(sysrq_lock, OBJECT_IRQ);
int sysrq_mask = 1;			/* [a] kernel.sysrq: 0 nothing, 1 everything, else SYSRQ_* bits */
static bool always_enabled;		/* [I] */

static struct sysrq_op *sysrq_find(char key)
{
	struct sysrq_op *op;

	list_for_each_entry_rcu(op, &sysrq_ops, link)
		if (op->key == key)
			return op;
	return NULL;
}

int sysrq_register(struct sysrq_op *op)
{
	int err = 0;
	u64 flags;

	spin_lock_irqsave(&sysrq_lock, flags);
	if (sysrq_find(op->key))
		err = -EBUSY;
	else
		list_add_tail(&op->link, &sysrq_ops);
	spin_unlock_irqrestore(&sysrq_lock, flags);
	return err;
}

static void sysrq_help(void)
{
	char line[512] = "";
	struct sysrq_op *op;
	size_t n = 0;

	list_for_each_entry_rcu(op, &sysrq_ops, link)
		if (op->help)
			n += (size_t)scnprintf(line + n, sizeof(line) - n, " %s", op->help);
	pr_info("sysrq: HELP :%s\n", line);
}

/* privileged: the caller proved its right in another way, the mask does not count. */
static void handle(char key, bool privileged)
{
	int shown = console_loglevel, mask = READ_ONCE(sysrq_mask);
	struct sysrq_op *op = sysrq_find(key);

	/* What was asked for is to be seen. */
	console_loglevel = max(shown, LOG_INFO + 1);
	if (!op) {
		sysrq_help();
	} else if (!privileged && !always_enabled && mask != 1 && !(mask & op->mask)) {
		pr_info("sysrq: This sysrq operation is disabled.\n");
	} else {
		pr_info("sysrq: %s\n", op->what);
		/* Not for a function that sets the level itself, or prints much. */
		console_loglevel = shown;
		op->fn(key);
		return;
	}
	console_loglevel = shown;
}

void sysrq_key(char key)
{
	handle(key, true);
}

void sysrq_key_console(char key)
{
	if (READ_ONCE(sysrq_mask) || always_enabled)
		handle(key, false);
}

static int __init set_always(const char *value)
{
	always_enabled = true;
	return 0;
}
KPARAM("sysrq_always_enabled", set_always);

static void do_reboot(char key) { machine_restart(); }
static void do_off(char key) { machine_power_off(); }
static void do_crash(char key) { panic("sysrq triggered crash"); }

static void show_one_stack(void *arg)
{
	pr_info("CPU %d:\n", this_cpu_id());
	stack_print(this_cpu_read(percpu_irq_regs));
}

/* Asynchronous: we may be in an interrupt. */
static void do_stacks(char key)
{
	smp_call_mask(&cpu_online_mask, show_one_stack, NULL, false);
}

static void do_loglevel(char key)
{
	console_loglevel = key - '0';
	pr_notice("Loglevel set to %d\n", console_loglevel);
}

static void do_registers(char key)
{
	const struct pt_regs *regs = this_cpu_read(percpu_irq_regs);

	pr_info("CPU %d:\n", this_cpu_id());
	if (regs)
		arch_regs_print(regs);
	stack_print(regs);
}

static struct sysrq_op core_ops[] = {
	{ .key = 'b', .mask = SYSRQ_BOOT, .help = "reboot(b)", .what = "Resetting", .fn = do_reboot },
	{ .key = 'o', .mask = SYSRQ_BOOT, .help = "poweroff(o)", .what = "Power Off", .fn = do_off },
	{ .key = 'c', .mask = SYSRQ_DUMP, .help = "crash(c)", .what = "Trigger a crash", .fn = do_crash },
	{ .key = 'l', .mask = SYSRQ_DUMP, .help = "show-backtrace-all-active-cpus(l)",
	  .what = "Show backtrace of all active CPUs", .fn = do_stacks },
	{ .key = 'p', .mask = SYSRQ_DUMP, .help = "show-registers(p)", .what = "Show Regs", .fn = do_registers },
};

static struct sysrq_op level_ops[10];

static int __init sysrq_init(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(core_ops); i++)
		if (sysrq_register(&core_ops[i]))
			return -EBUSY;
	for (unsigned int i = 0; i < ARRAY_SIZE(level_ops); i++) {
		level_ops[i] = (struct sysrq_op){ .key = (char)('0' + i), .mask = SYSRQ_LOG, .help = i ? NULL : "loglevel(0-9)",
						  .what = "Changing Loglevel", .fn = do_loglevel };
		if (sysrq_register(&level_ops[i]))
			return -EBUSY;
	}
	return 0;
}
INITCALL_CORE(sysrq_init);
