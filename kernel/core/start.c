/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Brings up what this directory needs before anything else: called by arch on the boot CPU as soon as
 * all per-CPU areas are in place, interrupts off. Needs no memory allocator.
 */
#include <core/hooks.h>
#include "internal.h"

void core_early_init(void)
{
	int cpu;

	spinlock_init();
	wait_init();
	for_each_possible_cpu(cpu)
		timer_cpu_init(cpu);
	rcu_init();
}
