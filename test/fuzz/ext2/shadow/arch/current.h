/* SPDX-License-Identifier: MPL-2.0 */
/* The one task of a program on the host. */
#ifndef ARCH_CURRENT_H
#define ARCH_CURRENT_H

#include <arch/percpu.h>

struct task_core;
extern struct task_core *percpu_current;
static inline struct task_core *current_core(void) { return percpu_current; }

#endif
