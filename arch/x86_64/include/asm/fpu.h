/* SPDX-License-Identifier: MPL-2.0 */
/* User state of a task that the kernel does not use itself: FPU and vector registers, segments. */
#ifndef ASM_FPU_H
#define ASM_FPU_H

#include <asm/trap.h>
#include <base/compiler.h>
#include <base/types.h>

struct fpu_state {
	int last_cpu;			/* CPU whose registers may still hold this state; -1: none */
	u16 ds, es, fs, gs;		/* selectors while switched out */
	struct fault_info fault;	/* [o task] last exception in user mode */
	u8 area[] __aligned(64);	/* XSAVE (standard format) or FXSAVE image */
};

struct task_core;

extern u32 xstate_size;			/* [I] bytes of the area */
extern u64 xstate_mask;			/* [I] XCR0; 3 without XSAVE */
extern u32 mxcsr_mask;			/* [I] bits of MXCSR that exist */

/* Size and offset of the parts of struct xsave */
#define XSAVE_LEGACY	512
#define XSAVE_HEADER	64

/* Current's live registers into its own area. Any context where current is a user task. */
void fpu_save_current(void);
/* The same with parts in their initial state written out as well: for others to read. */
void fpu_save_full(void);
/* The initial state into area and registers. Preemption off. */
void fpu_load_init_current(void);
/* Load current's registers from an area that the kernel made or checked. 0, or -EINVAL: bad bits; then the state is initial. */
__must_check int fpu_load_current(void);
/* The frame words of an area that a user's bytes were copied to, as they must be. */
void fpu_area_seal(struct fpu_state *f);
/* The initial state into an area. */
void fpu_init_area(struct fpu_state *f);
/* The context switch: put away, take out. Interrupts off. */
void fpu_switch_out(struct task_core *prev);
void fpu_switch_in(struct task_core *next);
struct fpu_state *fpu_alloc(void);
void fpu_free(struct fpu_state *f);

int fxrstor_safe(const void *area);
int xrstor_safe(const void *area, u64 mask);

#endif
