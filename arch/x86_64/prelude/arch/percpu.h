/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Access to this CPU's copy of a per-CPU variable: one instruction with a GS prefix, so it needs no
 * protection from preemption by itself. The GS base holds the distance between this CPU's area and
 * the one in the image. Through assembly, not gcc's __seg_gs: gcc 12 instruments that wrongly.
 */
#ifndef ARCH_PERCPU_H
#define ARCH_PERCPU_H

#include <base/compiler.h>
#include <base/types.h>

void percpu_bad_size(void) __attribute__((error("per-CPU access of an odd size")));

#define PERCPU_READ_AS(type, insn, var) ({ type _r; \
	__asm__ volatile(insn " %%gs:%a1, %0" : "=r"(_r) : "i"(&(var)) : "memory"); _r; })
#define PERCPU_READ1(var) ({ u8 _r; \
	__asm__ volatile("movb %%gs:%a1, %0" : "=q"(_r) : "i"(&(var)) : "memory"); _r; })

#define this_cpu_read(var) ((__typeof__(var))( \
	sizeof(var) == 8 ? PERCPU_READ_AS(u64, "movq", var) : \
	sizeof(var) == 4 ? PERCPU_READ_AS(u32, "movl", var) : \
	sizeof(var) == 2 ? PERCPU_READ_AS(u16, "movw", var) : PERCPU_READ1(var)))

#define PERCPU_OP(op, var, val) do { \
	switch (sizeof(var)) { \
	case 8: __asm__ volatile(op "q %0, %%gs:%a1" :: "er"((u64)(val)), "i"(&(var)) : "memory", "cc"); break; \
	case 4: __asm__ volatile(op "l %0, %%gs:%a1" :: "ri"((u32)(u64)(val)), "i"(&(var)) : "memory", "cc"); break; \
	case 2: __asm__ volatile(op "w %0, %%gs:%a1" :: "ri"((u16)(u64)(val)), "i"(&(var)) : "memory", "cc"); break; \
	case 1: __asm__ volatile(op "b %0, %%gs:%a1" :: "qi"((u8)(u64)(val)), "i"(&(var)) : "memory", "cc"); break; \
	default: percpu_bad_size(); \
	} } while (0)

#define this_cpu_write(var, val)	PERCPU_OP("mov", var, val)
#define this_cpu_add(var, val)		PERCPU_OP("add", var, val)
#define this_cpu_sub(var, val)		PERCPU_OP("sub", var, val)
#define this_cpu_or(var, val)		PERCPU_OP("or", var, val)
#define this_cpu_and(var, val)		PERCPU_OP("and", var, val)
#define this_cpu_inc(var)		this_cpu_add(var, 1)
#define this_cpu_dec(var)		this_cpu_sub(var, 1)

/* Distance between this CPU's area and the image's, itself stored per CPU. */
extern u64 percpu_this_offset;

/* Address of this CPU's copy; the caller keeps itself on this CPU. */
#define this_cpu_ptr(var) ((__typeof__(&(var)))((u64)&(var) + this_cpu_read(percpu_this_offset)))

#endif
