/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Tests that end the machine in ways that only this architecture knows; see kernel/core/fatal_test.c.
 */
#include <asm/desc.h>
#include <core/ktest.h>
#include <core/preempt.h>

/* No interrupt table, then an interrupt: the CPU shuts down, and QEMU ends with status 0 under -no-reboot. */
KTEST(fatal, triple_fault)
{
	static const struct {
		u16 limit;
		u64 base;
	} __attribute__((packed)) none;

	irq_disable();
	__asm__ volatile("lidt %0\n\tint3" : : "m"(none));
}
