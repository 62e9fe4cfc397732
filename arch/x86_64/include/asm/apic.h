/* SPDX-License-Identifier: MPL-2.0 */
/* Interrupt controllers, other CPUs and clocks, as the files of arch/x86_64/cpu see each other. */
#ifndef ASM_APIC_H
#define ASM_APIC_H

#include <base/acpi.h>
#include <base/compiler.h>
#include <base/types.h>
#include <core/cpumask.h>
#include <core/irq.h>

/* ---- acpi.c: what ACPI (or the MP table, or the defaults) says ---- */
extern struct acpi_info acpi;		/* [I] after boot */
extern bool acpi_present;		/* [I] tables were found */

/* ---- apic.c ---- */
void apic_init(void);			/* boot CPU: mask the 8259s, find and set up local APIC and IOAPICs */
void apic_cpu_init(void);		/* this CPU's local APIC and timer */
extern bool apic_up;			/* [I] IPIs work */
u32 apic_read_id(void);
void apic_eoi(void);
/* All by APIC id. */
void apic_send_ipi(u32 apic_id, u32 vector);
void apic_send_nmi(u32 apic_id);
void apic_send_init(u32 apic_id);
void apic_send_startup(u32 apic_id, u32 page);
u32 cpu_apic_id(int cpu);
void apic_timer_calibrate(void);
bool x2apic_active(void);

/* ---- ioapic.c ---- */
void ioapic_init(void);
/* Route a global interrupt to a vector on a CPU, masked. 0 or -EINVAL when no IOAPIC has it. */
__must_check int ioapic_route(u32 gsi, u32 vector, u32 apic_id, bool level, bool active_low);
void ioapic_mask(u32 gsi, bool mask);
bool ioapic_present(void);

/* ---- ipi.c ---- */
void ipi_init(void);

/* ---- irq.c ---- */
void irq_vectors_init(void);
/* From the vector of a device. */
void irq_handle_vector(unsigned int vector);

/* ---- smp.c ---- */
void cpu_topology(int cpu, u32 *package, u32 *core, u32 *cores, u32 *siblings);
extern u32 cpu_apic_ids[MAX_CPUS];	/* [I] */

/* ---- tsc.c and friends ---- */
u64 tsc_khz(void);
u64 tsc_hz(void);
bool tsc_works(void);
/* On an AP with the boot CPU in step: do the counters ever run backwards between us? */
void tsc_warp_source(void);
void tsc_warp_target(void);
void tsc_warp_verdict(void);
bool hpet_init(void);
bool pmtimer_init(void);
bool kvmclock_init(void);
u64 hpet_read_raw(void);
u32 pmtimer_read_raw(void);
extern u64 hpet_hz;
void tsc_udelay(u64 us);

#endif
