/* SPDX-License-Identifier: MPL-2.0 */
/* Per-CPU variables of the one CPU that a program on the host is. */
#ifndef ARCH_PERCPU_H
#define ARCH_PERCPU_H

#include <base/compiler.h>
#include <base/types.h>

#define this_cpu_read(var)		(var)
#define this_cpu_write(var, val)	((void)((var) = (val)))
#define this_cpu_add(var, val)		((void)((var) += (val)))
#define this_cpu_sub(var, val)		((void)((var) -= (val)))
#define this_cpu_or(var, val)		((void)((var) |= (val)))
#define this_cpu_and(var, val)		((void)((var) &= (val)))
#define this_cpu_inc(var)		this_cpu_add(var, 1)
#define this_cpu_dec(var)		this_cpu_sub(var, 1)
#define this_cpu_ptr(var)		(&(var))
extern u64 percpu_this_offset;

#endif
