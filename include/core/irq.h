/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Device interrupts. Handlers run in hard interrupt context with interrupts off, are short, and
 * wake a thread or complete a request. A line may be shared by several handlers.
 */
#ifndef CORE_IRQ_H
#define CORE_IRQ_H

#include <base/compiler.h>
#include <base/types.h>

enum irq_result { IRQ_NONE, IRQ_HANDLED };
typedef enum irq_result (*irq_fn)(void *data);

enum irq_trigger { IRQ_EDGE_HIGH, IRQ_LEVEL_LOW, IRQ_LEVEL_HIGH, IRQ_TRIGGER_DEFAULT };

/* Message to program into an MSI or MSI-X entry. */
struct msi_msg {
	u64 addr;
	u32 data;
};

/* Connect a handler to a global system interrupt. Returns an irq number > 0 or -errno. May sleep. */
__must_check int irq_request_gsi(u32 gsi, enum irq_trigger trig, irq_fn fn, void *data, const char *name);
/* An ISA interrupt, with the MADT's overrides applied. */
__must_check int irq_request_isa(u32 isa, irq_fn fn, void *data, const char *name);
/* Allocate a vector on `cpu` (-1: any) and describe the message. irq number > 0 or -errno. */
__must_check int irq_request_msi(int cpu, irq_fn fn, void *data, const char *name, struct msi_msg *msg);
/* Disconnect; returns after a running handler has ended. May sleep. */
void irq_free(int irq, void *data);

/* For /proc/interrupts and /proc/stat: the i-th irq in use from *irq on; false at the end. */
struct irq_stat {
	int irq;
	const char *chip;
	const char *name;
	u64 count[64];
};
bool irq_stat_next(int *irq, struct irq_stat *st);
u64 irq_total(int cpu);

/* In a hard interrupt: did it come from user mode? (kernel/core/preempt.c) */
bool irq_interrupted_user(void);

#endif
