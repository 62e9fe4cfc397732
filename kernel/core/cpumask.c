/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The sets of CPUs that everybody asks for. arch fills cpu_possible_mask and nr_cpus while the other
 * CPUs sleep, and adds a CPU to cpu_online_mask when it can take interrupts and cross calls.
 */
#include <core/cpumask.h>

/* CPU 0 is there from the start. */
struct cpumask cpu_possible_mask = { { 1 } };
struct cpumask cpu_online_mask = { { 1 } };
int nr_cpus = 1;

int cpumask_weight(const struct cpumask *m)
{
	int n = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(m->bits); i++)
		n += __builtin_popcountl(READ_ONCE(m->bits[i]));
	return n;
}
