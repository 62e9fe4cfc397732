/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Included before everything in the layers above core: first the headers whose inline functions
 * need assembly, then the poison: from there on `asm` does not compile.
 */
#ifndef CORE_PRELUDE_H
#define CORE_PRELUDE_H

#include <arch/current.h>
#include <arch/irqflags.h>
#include <arch/percpu.h>
#include <base/assert.h>
#include <base/atomic.h>
#include <core/percpu.h>
#include <core/preempt.h>

#pragma GCC poison asm __asm __asm__

#endif
