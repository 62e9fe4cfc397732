/* SPDX-License-Identifier: MPL-2.0 */
/* The interrupt flag of this CPU, and the pause hint for spinning. */
#ifndef ARCH_IRQFLAGS_H
#define ARCH_IRQFLAGS_H

#include <base/compiler.h>
#include <base/types.h>

#define X86_EFLAGS_IF	0x200ul

static __always_inline u64 irq_flags(void)
{
	u64 f;

	__asm__ volatile("pushfq; popq %0" : "=rm"(f) :: "memory");
	return f;
}

static __always_inline void irq_disable(void) { __asm__ volatile("cli" ::: "memory"); }
static __always_inline void irq_enable(void) { __asm__ volatile("sti" ::: "memory"); }
static __always_inline bool irqs_disabled(void) { return !(irq_flags() & X86_EFLAGS_IF); }

/* Disable and return what must be given back to irq_restore(). */
static __always_inline u64 irq_save(void)
{
	u64 f = irq_flags();

	irq_disable();
	return f;
}

static __always_inline void irq_restore(u64 flags)
{
	if (flags & X86_EFLAGS_IF)
		irq_enable();
}

static __always_inline void cpu_relax(void) { __asm__ volatile("pause" ::: "memory"); }

#endif
