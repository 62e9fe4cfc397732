/* SPDX-License-Identifier: MPL-2.0 */
/* A program on the host has no interrupts. */
#ifndef ARCH_IRQFLAGS_H
#define ARCH_IRQFLAGS_H

#include <base/compiler.h>
#include <base/types.h>

static inline void irq_disable(void) { }
static inline void irq_enable(void) { }
static inline bool irqs_disabled(void) { return false; }
static inline u64 irq_save(void) { return 0; }
static inline void irq_restore(u64 flags) { (void)flags; }
static inline void cpu_relax(void) { }

#endif
