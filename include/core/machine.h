/* SPDX-License-Identifier: MPL-2.0 */
/* What the machine as a whole can do and tell (arch/x86_64). */
#ifndef CORE_MACHINE_H
#define CORE_MACHINE_H

#include <base/compiler.h>
#include <base/types.h>

/* Power off, reset, halt; do not return. Any context, other CPUs are stopped first. `reboot=` chooses the way. */
__noreturn void machine_power_off(void);
__noreturn void machine_restart(void);
__noreturn void machine_halt(void);
/* End the emulator with a status the test runner knows (isa-debug-exit), else like halt. */
__noreturn void machine_exit_status(u8 status);

/* Seconds since 1970 from the CMOS clock, and setting it. */
s64 rtc_read(void);
int rtc_write(s64 seconds);
/* Hardware random number; false where there is none. */
bool arch_random_u64(u64 *v);
/* A poor but never failing mix of cycle counters and addresses, for seeding. */
u64 arch_entropy_u64(void);

/* What CPUID says, for /proc/cpuinfo and auxv. */
struct cpu_info {
	char vendor[13], model_name[49];
	u32 family, model, stepping, microcode;
	u32 mhz, cache_kb, physical_id, core_id, cores, siblings, apicid;
	u32 phys_bits, virt_bits, clflush_size;
	const char *flags;	/* names separated by blanks */
	const char *bugs;
};
void cpu_info_get(int cpu, struct cpu_info *info);
u64 arch_hwcap(void);
u64 arch_hwcap2(void);
u64 arch_minsigstksz(void);

/* System description for /sys/class/dmi/id: "sys_vendor", "product_name"...; NULL: not known. */
const char *dmi_string(const char *name);

/* The boot loader's modules: initramfs. In direct map, read-only; NULL when there is no i-th. */
const void *boot_module(unsigned int i, size_t *size);
/* Give their memory and the kernel's init sections back; what is __ro_after_init cannot be written from then on. */
void boot_modules_free(void);
void init_memory_free(void);

/* PCI configuration space (ECAM or ports); -1 where nothing answers. */
u32 pci_config_read(u16 seg, u8 bus, u8 devfn, u16 off, u8 size);
void pci_config_write(u16 seg, u8 bus, u8 devfn, u16 off, u8 size, u32 v);
bool pci_present(void);
/* i-th virtio-mmio device that ACPI names (microvm); those of the command line are the driver's. */
bool platform_virtio_mmio(unsigned int i, u64 *base, u64 *size, u32 *gsi);
/* Framebuffer from the boot loader: direct colour, or (text) VGA text of width columns and height rows. */
struct boot_framebuffer {
	paddr_t addr;
	u32 width, height, pitch, bpp;
	u8 red_pos, red_size, green_pos, green_size, blue_pos, blue_size;
	bool text;
};
bool boot_framebuffer(struct boot_framebuffer *fb);
/* The time stamp of the first kernel instruction, ns before clock_monotonic's zero point is 0. */
u64 boot_time_to_now_ns(void);

#endif
