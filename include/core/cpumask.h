/* SPDX-License-Identifier: MPL-2.0 */
/* Sets of CPUs. */
#ifndef CORE_CPUMASK_H
#define CORE_CPUMASK_H

#include <base/bits.h>
#include <core/percpu.h>

struct cpumask {
	DECLARE_BITMAP(bits, MAX_CPUS);
};

extern struct cpumask cpu_possible_mask, cpu_online_mask;	/* online: [a], possible: [I] */
extern int nr_cpus;						/* possible CPUs, numbered 0..nr_cpus-1 [I] */

static inline bool cpumask_test(int cpu, const struct cpumask *m) { return test_bit((u64)cpu, m->bits); }
static inline void cpumask_set(int cpu, struct cpumask *m) { set_bit((u64)cpu, m->bits); }
static inline void cpumask_clear(int cpu, struct cpumask *m) { clear_bit((u64)cpu, m->bits); }
static inline bool cpumask_test_and_set(int cpu, struct cpumask *m) { return test_and_set_bit((u64)cpu, m->bits); }
static inline bool cpumask_test_and_clear(int cpu, struct cpumask *m) { return test_and_clear_bit((u64)cpu, m->bits); }
static inline void cpumask_zero(struct cpumask *m) { *m = (struct cpumask){ 0 }; }
static inline void cpumask_and(struct cpumask *r, const struct cpumask *a, const struct cpumask *b)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(r->bits); i++)
		r->bits[i] = a->bits[i] & b->bits[i];
}
static inline bool cpumask_empty(const struct cpumask *m)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(m->bits); i++)
		if (READ_ONCE(m->bits[i]))
			return false;
	return true;
}
/* First member after `cpu` (-1 to begin); MAX_CPUS when there is none. */
static inline int cpumask_next(int cpu, const struct cpumask *m)
{
	for (int i = cpu + 1; i < MAX_CPUS; i++) {
		unsigned long w = READ_ONCE(m->bits[i / 64]) >> (i % 64);

		if (w)
			return i + __builtin_ctzl(w);
		i |= 63;
	}
	return MAX_CPUS;
}
static inline int cpumask_first(const struct cpumask *m) { return cpumask_next(-1, m); }
int cpumask_weight(const struct cpumask *m);
#define for_each_cpu(cpu, m) \
	for ((cpu) = cpumask_first(m); (cpu) < MAX_CPUS; (cpu) = cpumask_next(cpu, m))
#define for_each_online_cpu(cpu)	for_each_cpu(cpu, &cpu_online_mask)
#define for_each_possible_cpu(cpu)	for_each_cpu(cpu, &cpu_possible_mask)

#endif
