/* SPDX-License-Identifier: MPL-2.0 */
/* The interrupt descriptor table: one for all CPUs, read-only after boot. Stubs are in entry/entry.S. */
#include <asm/cpu.h>
#include <asm/desc.h>
#include <base/compiler.h>
#include <core/init.h>

static struct idt_gate idt[256] __aligned(4096) __ro_after_init;
extern const u64 exception_stubs[32], irq_stubs[224];

#define GATE_INTERRUPT	0x8e
#define GATE_USER	0xee

static void gate_set(unsigned int v, u64 fn, u8 ist, u8 type)
{
	idt[v] = (struct idt_gate){
		.off_low = (u16)fn, .sel = KERNEL_CS, .ist = ist, .type = type,
		.off_mid = (u16)(fn >> 16), .off_high = (u32)(fn >> 32),
	};
}

void idt_cpu_load(void)
{
	struct desc_ptr p = { sizeof(idt) - 1, (u64)idt };

	__asm__ volatile("lidt %0" :: "m"(p));
}

void __init idt_init_early(void)
{
	for (unsigned int v = 0; v < 32; v++)
		gate_set(v, exception_stubs[v], 0, v == VEC_BP || v == VEC_OF ? GATE_USER : GATE_INTERRUPT);
	for (unsigned int v = 32; v < 256; v++)
		gate_set(v, irq_stubs[v - 32], 0, GATE_INTERRUPT);
	idt_cpu_load();
}

/* All CPUs that run have their IST stacks now. */
void idt_use_ist(void)
{
	idt[VEC_NMI].ist = IST_NMI;
	idt[VEC_DF].ist = IST_DF;
	idt[VEC_MC].ist = IST_MC;
	idt[VEC_DB].ist = IST_DB;
}
