/* SPDX-License-Identifier: MPL-2.0 */
/* Segment and interrupt descriptors, the task state segment, vectors. */
#ifndef ASM_DESC_H
#define ASM_DESC_H

/* Exceptions. */
#define VEC_DE	0
#define VEC_DB	1
#define VEC_NMI	2
#define VEC_BP	3
#define VEC_OF	4
#define VEC_BR	5
#define VEC_UD	6
#define VEC_NM	7
#define VEC_DF	8
#define VEC_TS	10
#define VEC_NP	11
#define VEC_SS	12
#define VEC_GP	13
#define VEC_PF	14
#define VEC_MF	16
#define VEC_AC	17
#define VEC_MC	18
#define VEC_XM	19
#define VEC_CP	21

/* Interrupts: devices from 0x30, our own at the top, higher is more urgent. */
#define VEC_LEGACY_PIC	0x20		/* the 8259s are pointed here and masked: only spurious ones come */
#define VEC_DEVICE_FIRST 0x30
#define VEC_DEVICE_LAST	0xeb
#define VEC_RESCHEDULE	0xf0
#define VEC_CALL	0xf1
#define VEC_TIMER	0xf2
#define VEC_STOP	0xf3
#define VEC_ERROR	0xfe
#define VEC_SPURIOUS	0xff

#define IST_NMI	1
#define IST_DF	2
#define IST_MC	3
#define IST_DB	4
#define NR_IST	4
#define IST_STACK_SIZE	8192

#ifndef __ASSEMBLY__
#include <base/compiler.h>
#include <base/types.h>
#include <core/percpu.h>

struct tss {
	u32 reserved0;
	u64 rsp[3];
	u64 reserved1;
	u64 ist[7];		/* IST n is ist[n - 1] */
	u64 reserved2;
	u16 reserved3;
	u16 iomap_base;
} __packed;
static_assert(sizeof(struct tss) == 104, "task state segment");

struct idt_gate {
	u16 off_low, sel;
	u8 ist, type;
	u16 off_mid;
	u32 off_high, reserved;
};
static_assert(sizeof(struct idt_gate) == 16, "interrupt gate");

struct desc_ptr {
	u16 limit;
	u64 base;
} __packed;

DECLARE_PERCPU(u64, percpu_canary);	/* of current, for the stack protector */
DECLARE_PERCPU(u64, percpu_kstack_top);	/* where SYSCALL and interrupts from user mode put pt_regs */
DECLARE_PERCPU(u64, percpu_canary);	/* of current, for the stack protector */

/* Gates for all vectors, no IST yet; works before memory does. */
void idt_init_early(void);
/* Load GDT, TSS, IDT and the SYSCALL registers of this CPU. */
void gdt_cpu_init(int cpu);
/* Stacks with guard pages for NMI, double fault, machine check and debug; needs vmalloc. 0 or -ENOMEM. */
void gdt_alloc_ist(int cpu);
void idt_cpu_load(void);
/* From now on NMI, DF, MC and DB switch to their stacks: the boot CPU has them, others before they load the table. */
void idt_use_ist(void);
/* Set the stack that kernel entries from user mode of the current task use. */
void set_kstack_top(u64 top);

struct pt_regs;
/* Handler of one of the vectors from 0x20 on: between irq_enter() and irq_exit(). */
typedef void (*vector_fn)(unsigned int vector);
void vector_set(unsigned int vector, vector_fn fn);
#endif
#endif
