/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Tests that end the kernel: `ktest=all` leaves them out, `ktest=fatal.panic` runs one. Whoever starts
 * the machine looks at what it printed and at its exit status.
 */
#include <core/clock.h>
#include <core/ktest.h>
#include <core/panic.h>
#include <core/printk.h>
#include <core/smp.h>
#include <core/spinlock.h>
#include <core/task_core.h>
#include "internal.h"

KTEST(fatal, panic)
{
	panic("a test asked for it: %d", 42);
}

KTEST(fatal, verify)
{
	VERIFY_CMP(preempt_count() + 1, ==, 7u);
}

/* Volatile, so that the compiler does not see what they are. */
static u64 *volatile no_address = NULL;
static u64 *volatile odd_address = (u64 *)0x5555000011112222ull;

KTEST(fatal, null_pointer)
{
	pr_info("read %llx\n", (unsigned long long)*no_address);
}

KTEST(fatal, non_canonical)
{
	pr_info("read %llx\n", (unsigned long long)*odd_address);
}

KTEST(fatal, write_text)
{
	*(volatile u8 *)(u64)ktest_run = 0xcc;
	ktest_fail(__FILE__, __LINE__, "text is read-only", 0, 0);
}

static u8 code_in_data[16] = { 0xc3 };

KTEST(fatal, execute_data)
{
	void (*volatile fn)(void) = (void (*)(void))(u64)code_in_data;

	fn();
	ktest_fail(__FILE__, __LINE__, "data is not executable", 0, 0);
}

static __noinline u64 recurse(u64 n)
{
	volatile u64 pad[32];

	pad[n % 32] = n;
	return n ? recurse(n + 1) + pad[n % 32] : 0;
}

KTEST(fatal, stack_overflow)
{
	pr_info("%llu\n", (unsigned long long)recurse(1));
}

KTEST(fatal, panic_with_lock_in_interrupts_off)
{
	static DEFINE_SPINLOCK(l, OBJECT_IRQ);
	u64 flags;

	spin_lock_irqsave(&l, flags);
	panic("under a lock");
	spin_unlock_irqrestore(&l, flags);
}

/* Twenty seconds without a switch: a report, then the machine goes on. */
KTEST(fatal, soft_lockup)
{
	u64 end = clock_monotonic_ns() + 26 * NSEC_PER_SEC;

	preempt_disable();
	while (clock_monotonic_ns() < end)
		cpu_relax();
	preempt_enable();
}

static void hang(void *arg)
{
	u64 end = clock_monotonic_ns() + 40 * NSEC_PER_SEC;

	while (clock_monotonic_ns() < end)
		cpu_relax();
}

/* Another CPU with interrupts off: its neighbour reports it. */
KTEST(fatal, hard_lockup)
{
	int here = this_cpu_id(), cpu = cpumask_next(here, &cpu_online_mask);

	if (cpu >= MAX_CPUS)
		cpu = cpumask_first(&cpu_online_mask);
	if (cpu == here) {
		ktest_skip("needs two CPUs");
		return;
	}
	smp_call_one(cpu, hang, NULL, false);
	hang(NULL);
}
