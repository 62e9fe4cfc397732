/* SPDX-License-Identifier: MPL-2.0 */
/* Steps of the boot that files of arch give each other, in the order of boot/start.c. */
#ifndef ASM_BOOT_H
#define ASM_BOOT_H

#define AP_TRAMPOLINE_PHYS	0x8000	/* where other CPUs begin, in real mode: below 1 MiB */

#ifndef __ASSEMBLY__
#include <base/compiler.h>
#include <base/types.h>

void features_apply_switches(void);	/* no<feature> of the command line */
void acpi_init(u64 rsdp_pa, const void *rsdp_copy, u32 copy_len);
void smp_find_cpus(void);		/* MADT or MP table: nr_cpus, APIC ids */
void percpu_areas_init(void);
void arch_protect_image(void);		/* W^X for the image's mappings; again after boot for ro-after-init */
void fpu_init(void);			/* boot CPU; fpu_cpu_init() on each */
void fpu_cpu_init(void);
void clocks_init(void);
void earlycon_write(const char *s, size_t n);
void arch_free_init(void);
void arch_protect_ro_after_init(void);
/* Tables of the kernel half as CR3 wants them. */
u64 kernel_root_phys(void);
extern u64 boot_tsc_start;
#endif

#endif
