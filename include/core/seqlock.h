/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Sequence counts: readers take no lock and retry when a writer came between. The writer holds a
 * lock of its own with preemption off. Data read inside may be torn until read_retry says no.
 */
#ifndef CORE_SEQLOCK_H
#define CORE_SEQLOCK_H

#include <arch/irqflags.h>
#include <base/atomic.h>

struct seqcount {
	u32 seq;	/* [a] odd while a writer is at work */
};

#define SEQCOUNT_INIT	{ 0 }

static inline u32 read_seqbegin(const struct seqcount *s)
{
	u32 v;

	while ((v = __atomic_load_n(&s->seq, __ATOMIC_ACQUIRE)) & 1)
		cpu_relax();
	return v;
}

static inline bool read_seqretry(const struct seqcount *s, u32 start)
{
	smp_rmb();
	return unlikely(READ_ONCE(s->seq) != start);
}

static inline void write_seqbegin(struct seqcount *s)
{
	WRITE_ONCE(s->seq, s->seq + 1);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static inline void write_seqend(struct seqcount *s)
{
	__atomic_store_n(&s->seq, s->seq + 1, __ATOMIC_RELEASE);
}

#endif
