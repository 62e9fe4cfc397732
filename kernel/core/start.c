/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Brings up what this directory needs before anything else: called by arch on the boot CPU as soon as
 * its per-CPU area is in place, interrupts off. Needs no memory allocator.
 */
#include <core/hooks.h>
#include "internal.h"

void core_early_init(void)
{
	spinlock_init();
	wait_init();
	timer_cpu_init(0);
	rcu_init();
}
