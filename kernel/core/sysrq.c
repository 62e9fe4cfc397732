/* SPDX-License-Identifier: MPL-2.0 */
/*
 * SysRq: keys for when nothing else works. Subsystems register theirs; those that core can answer
 * itself are here. Registering happens at boot, keys come from interrupts: the list only grows.
 */
#include <base/errno.h>
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
	struct sysrq_op *op;

	pr_info("sysrq: keys:\n");
	list_for_each_entry_rcu(op, &sysrq_ops, link)
		pr_info("sysrq:   %s\n", op->help);
}

void sysrq_key(char key)
{
	struct sysrq_op *op = sysrq_find(key);

	if (!op) {
		sysrq_help();
		return;
	}
	pr_info("sysrq: %s\n", op->help);
	op->fn(key);
}

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
	pr_info("console log level %d\n", console_loglevel);
}

static struct sysrq_op core_ops[] = {
	{ .key = 'b', .help = "reboot(b)", .fn = do_reboot },
	{ .key = 'o', .help = "poweroff(o)", .fn = do_off },
	{ .key = 'c', .help = "crash(c)", .fn = do_crash },
	{ .key = 'l', .help = "show-stacks-of-cpus(l)", .fn = do_stacks },
	{ .key = '0', .help = "loglevel(0-9)", .fn = do_loglevel },
	{ .key = '4', .help = "loglevel(4)", .fn = do_loglevel },
	{ .key = '7', .help = "loglevel(7)", .fn = do_loglevel },
	{ .key = '9', .help = "loglevel(9)", .fn = do_loglevel },
};

static int __init sysrq_init(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(core_ops); i++)
		if (sysrq_register(&core_ops[i]))
			return -EBUSY;
	return 0;
}
INITCALL_CORE(sysrq_init);
