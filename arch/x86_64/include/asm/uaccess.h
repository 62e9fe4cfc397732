/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Accesses to memory that may not be there, with a fixup (arch/x86_64/entry/usercopy.S), on which
 * mm/core/usercopy.c stands. The caller has checked the user range and decided about faults: these
 * open SMAP's gate themselves.
 *
 * Who does what inside layer 1, where core/hooks.h does not say:
 *   arch:    pgtable_switch, pgtable_drop_lazy, tlb_flush_*; irq_* of core/irq.h (cpu/irq.c); all of
 *            core/machine.h, core/sigframe.h and core/vdso.h; task_core_* of task_core.h; ioport_*, mmio_read*,
 *            mmio_write*; smp_send_reschedule, smp_stop_others; percpu_offset[], percpu_cpu_id, nr_cpus, masks;
 *            current, preempt_word's per-CPU definitions are core's
 *   mm/core: pgtable_create, pgtable_destroy, pte_*, cursors and gathers; copy_in_* and so on; mmio_map,
 *            mmio_unmap, dma_*
 */
#ifndef ASM_UACCESS_H
#define ASM_UACCESS_H

#include <base/compiler.h>
#include <base/types.h>

/* Bytes not copied (0: all). */
__must_check size_t arch_copy_from_user(void *dst, u64 src, size_t n);
__must_check size_t arch_copy_to_user(u64 dst, const void *src, size_t n);
__must_check size_t arch_clear_user(u64 dst, size_t n);
/* Copy up to n bytes of a string with its NUL: length without NUL; n if there was none; -EFAULT. */
__must_check ssize_t arch_strncpy_from_user(char *dst, u64 src, size_t n);
__must_check ssize_t arch_strnlen_user(u64 src, size_t n);
/* One access: 0 or -EFAULT. */
__must_check int arch_user_read8(u8 *val, u64 addr);
__must_check int arch_user_read32(u32 *val, u64 addr);
__must_check int arch_user_read64(u64 *val, u64 addr);
/* n > 0 words, one every eight bytes. 0 or -EFAULT. */
__must_check int arch_user_write16_each8(u64 dst, const void *src, size_t n);
__must_check int arch_user_write8(u8 val, u64 addr);
__must_check int arch_user_write32(u32 val, u64 addr);
__must_check int arch_user_write64(u64 val, u64 addr);
/* *old: expected, then found. 0 stored, -EAGAIN differed, -EFAULT. */
__must_check int arch_user_cmpxchg32(u64 addr, u32 *old, u32 val);
/* A kernel address that may not be mapped: 0 or -EFAULT. */
__must_check int arch_kernel_read64(u64 *val, const void *addr);

#endif
