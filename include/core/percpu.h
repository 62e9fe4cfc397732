/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Per-CPU variables. DEFINE_PERCPU(int, x) makes one copy a CPU. this_cpu_read(x) and its like (see
 * arch/percpu.h) act on the running CPU's copy in one instruction; per_cpu(x, cpu) names another's.
 * Key [o] in a struct: owned by this CPU, touched only by it with preemption (or interrupts) off.
 */
#ifndef CORE_PERCPU_H
#define CORE_PERCPU_H

#include <arch/percpu.h>

#define MAX_CPUS	64

#define DEFINE_PERCPU(type, name)	__section(".data..percpu") __typeof__(type) name
#define DEFINE_PERCPU_ALIGNED(type, name) \
	__section(".data..percpu..aligned") __typeof__(type) name __cacheline_aligned
#define DECLARE_PERCPU(type, name)	extern __typeof__(type) name

/* Distance of each CPU's area from the image's. [I] after that CPU was set up. */
extern u64 percpu_offset[MAX_CPUS];
extern u32 percpu_cpu_id;		/* per-CPU: own number */

#define per_cpu_ptr(var, cpu)	((__typeof__(&(var)))((u64)&(var) + percpu_offset[cpu]))
#define per_cpu(var, cpu)	(*per_cpu_ptr(var, cpu))
/* Number of the running CPU; stable only while preemption is off. */
#define this_cpu_id()		((int)this_cpu_read(percpu_cpu_id))

/* Dynamic per-CPU memory (mm/core/percpu.c): `size` zeroed bytes on each possible CPU. NULL if none. May sleep. */
void *percpu_alloc(size_t size, size_t align);
void percpu_free(void *p);
#define percpu_ptr(p, cpu)	((__typeof__(p))((u64)(p) + percpu_offset[cpu]))
#define percpu_this(p)		((__typeof__(p))((u64)(p) + this_cpu_read(percpu_this_offset)))

/* A counter that is cheap to change and dear to sum. */
struct percpu_counter {
	s64 *pcp;	/* [o] each CPU's share */
};
__must_check int percpu_counter_init(struct percpu_counter *c);
void percpu_counter_destroy(struct percpu_counter *c);
void percpu_counter_add(struct percpu_counter *c, s64 n);
s64 percpu_counter_sum(const struct percpu_counter *c);

#endif
