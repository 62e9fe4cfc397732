/* SPDX-License-Identifier: MPL-2.0 */
/* The page that the kernel writes and the vDSO's code reads, in every process at [vvar]. */
#ifndef ASM_VDSO_DATA_H
#define ASM_VDSO_DATA_H

#include <base/types.h>

#define VDSO_NR_CLOCKS	12

struct vdso_data {
	u32 seq;		/* [a] odd while the kernel writes */
	u32 usable;		/* 0: the clock cannot be read from user space, use the system call */
	u64 cycle_last, mult, raw_mult;	/* as struct clock_params (core/hooks.h) */
	u64 mono_frac;
	u64 raw_ns, raw_frac;
	u64 base[VDSO_NR_CLOCKS];	/* ns at cycle_last, by clock id */
};

#endif
