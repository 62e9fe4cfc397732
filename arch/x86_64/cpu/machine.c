/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The machine as a whole: power off, reset, exit status for the test runner, power button, CMOS
 * clock, random numbers, ports. `reboot=` takes words as on Linux, of which the first letter counts: acpi, kbd,
 * triple, pci choose the way (bios and efi need firmware calls that we do not make), warm and cold whether the
 * firmware is told to skip its memory test.
 */
#include <asm/apic.h>
#include <asm/boot.h>
#include <asm/cpu.h>
#include <asm/desc.h>
#include <asm/features.h>
#include <asm/fixmap.h>
#include <base/errno.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/hooks.h>
#include <core/init.h>
#include <core/io.h>
#include <core/irq.h>
#include <core/machine.h>
#include <core/panic.h>
#include <core/printk.h>
#include <core/smp.h>
#include <core/spinlock.h>
#include <core/upcall.h>

static char reboot_way __ro_after_init;
static bool reboot_warm __ro_after_init;

static int __init reboot_param(const char *v)
{
	int err = 0;

	for (;;) {
		char c = *v;

		if (c && strchr("aktp", c))
			reboot_way = c;
		else if (c == 'w' || c == 'c')
			reboot_warm = c == 'w';
		else if (c != 'h')		/* hard: what we do */
			err = -EINVAL;
		v = strchr(v, ',');
		if (!v)
			return err;
		v++;
	}
}
KPARAM("reboot", reboot_param);

__noreturn void machine_halt(void)
{
	smp_stop_others();
	for (;;) {
		irq_disable();
		halt_cpu();
	}
}

static void gas_write(const struct acpi_gas *g, u32 v)
{
	if (g->space == ACPI_SPACE_IO) {
		if (g->bits == 32)
			outl((u16)g->address, v);
		else if (g->bits == 16)
			outw((u16)g->address, (u16)v);
		else
			outb((u16)g->address, (u8)v);
	} else if (g->space == ACPI_SPACE_MEMORY && g->address) {
		*(volatile u8 *)fixmap_set(FIX_SLEEP, g->address) = (u8)v;
	}
}

#define SLP_EN		(1u << 13)
#define SCI_EN		1u

/* From the firmware's hands into ours: until then PM1 registers do nothing. */
static void acpi_mode_enter(void)
{
	u16 cnt = (u16)acpi.pm1a_control.address;

	if (!acpi.smi_command || !acpi.acpi_enable || (inw(cnt) & SCI_EN))
		return;
	outb((u16)acpi.smi_command, acpi.acpi_enable);
	for (int i = 0; i < 300 && !(inw(cnt) & SCI_EN); i++)
		tsc_udelay(1000);
}

static void pm1_sleep(const struct acpi_gas *control, u8 slp_typ)
{
	u16 port = (u16)control->address;

	if (port)
		outw(port, (u16)((inw(port) & ~0x3c00u) | (u32)slp_typ << 10 | SLP_EN));
}

static void acpi_power_off(void)
{
	if (!acpi.has_s5)
		return;
	if (acpi.hw_reduced) {
		if (acpi.sleep_control.address)
			gas_write(&acpi.sleep_control, (u32)acpi.slp_typ_a << 2 | 0x20);
		return;
	}
	if (!acpi.pm1a_control.address)
		return;
	acpi_mode_enter();
	pm1_sleep(&acpi.pm1a_control, acpi.slp_typ_a);
	pm1_sleep(&acpi.pm1b_control, acpi.slp_typ_b);
}

/* The byte in flight of a polled UART must leave before the machine goes: Bochs loses it otherwise. */
static void drain_uart(void)
{
	for (int i = 0; i < 100000 && !(inb(0x3fd) & 0x40); i++)
		cpu_relax();
}

__noreturn void machine_power_off(void)
{
	irq_disable();
	smp_stop_others();
	drain_uart();
	acpi_power_off();
	tsc_udelay(100000);
	/* QEMU's q35 and pc put PM1a at these ports when ACPI tables are switched off; Bochs has a port of its own. */
	outw(0x604, 0x2000);
	outw(0xb004, 0x2000);
	for (const char *s = "Shutdown"; *s; s++)
		outb(0x8900, (u8)*s);
	if (!acpi_present) {
		pr_emerg("this machine has no way to power off; resetting\n");
		machine_restart();
	}
	pr_emerg("power off did not work; halted\n");
	machine_halt();
}

static __noreturn void triple_fault(void)
{
	struct desc_ptr none = { 0, 0 };

	__asm__ volatile("lidt %0; int3" :: "m"(none));
	for (;;)
		halt_cpu();
}

__noreturn void machine_restart(void)
{
	irq_disable();
	smp_stop_others();
	drain_uart();
	/* The BIOS data area's reset flag: 0x1234 is a warm start. */
	*(volatile u16 *)fixmap_set(FIX_SLEEP, 0x472) = reboot_warm ? 0x1234 : 0;
	if (!reboot_way || reboot_way == 'a') {
		if (acpi.reset.address) {
			gas_write(&acpi.reset, acpi.reset_value);
			tsc_udelay(50000);
		}
	}
	if (!reboot_way || reboot_way == 'k') {
		for (int i = 0; i < 10; i++) {
			for (int j = 0; j < 10000 && (inb(0x64) & 2); j++)
				cpu_relax();
			outb(0x64, 0xfe);
			tsc_udelay(5000);
		}
	}
	if (!reboot_way || reboot_way == 'p') {
		u8 v = inb(0xcf9) & (u8)~6;

		outb(0xcf9, v | 2);
		tsc_udelay(50);
		outb(0xcf9, v | 6);
		tsc_udelay(50000);
	}
	triple_fault();
}

__noreturn void machine_exit_status(u8 status)
{
	irq_disable();
	drain_uart();
	outl(0xf4, status);
	machine_halt();
}

/* ---- power button ---- */

static enum irq_result sci_interrupt(void *data)
{
	enum irq_result r = IRQ_NONE;
	u64 evt[2] = { acpi.pm1a_event.address, acpi.pm1b_event.address };

	(void)data;
	for (int i = 0; i < 2; i++) {
		u16 sts;

		if (!evt[i])
			continue;
		sts = inw((u16)evt[i]);
		if (sts)
			outw((u16)evt[i], sts);
		if (sts & 0x100) {
			power_button_pressed();
			r = IRQ_HANDLED;
		}
	}
	/* General-purpose events have no handlers here: acknowledge, or the line stays up. */
	for (u32 i = 0; i < acpi.gpe0_len / 2; i++) {
		u8 sts = inb((u16)(acpi.gpe0.address + i));

		if (sts) {
			outb((u16)(acpi.gpe0.address + i), sts);
			r = IRQ_HANDLED;
		}
	}
	return r;
}

static int __init power_button_init(void)
{
	u16 flags;
	int irq;

	if (!acpi_present || acpi.hw_reduced || !acpi.pm1a_event.address || !acpi.sci_irq)
		return 0;
	acpi_mode_enter();
	for (u32 i = 0; i < acpi.gpe0_len / 2; i++)
		outb((u16)(acpi.gpe0.address + acpi.gpe0_len / 2 + i), 0);
	if (acpi.sci_irq < 16 && (acpi_irq_gsi(&acpi, (u8)acpi.sci_irq, &flags), flags))
		irq = irq_request_isa(acpi.sci_irq, sci_interrupt, NULL, "acpi");
	else
		irq = irq_request_gsi(acpi.sci_irq, IRQ_LEVEL_LOW, sci_interrupt, NULL, "acpi");
	if (irq < 0)
		return irq;
	outw((u16)acpi.pm1a_event.address, 0xffff);
	outw((u16)(acpi.pm1a_event.address + acpi.pm1_event_len / 2), 0x100);
	return 0;
}
INITCALL_BUS(power_button_init);

/* ---- CMOS clock ---- */

static DEFINE_SPINLOCK(cmos_lock, CLOCK);

static u8 cmos_read(u8 reg)
{
	outb(0x70, reg | 0x80);
	return inb(0x71);
}

static void cmos_write(u8 reg, u8 v)
{
	outb(0x70, reg | 0x80);
	outb(0x71, v);
}

struct cmos_time {
	u8 s, m, h, day, mon, year, century;
};

static struct cmos_time cmos_get(void)
{
	return (struct cmos_time){ cmos_read(0), cmos_read(2), cmos_read(4), cmos_read(7), cmos_read(8), cmos_read(9),
				   cmos_read(0x32) };
}

static u32 bcd(u32 v) { return (v >> 4) * 10 + (v & 15); }
static u8 to_bcd(u32 v) { return (u8)(v / 10 << 4 | v % 10); }

/* Days since 1970-01-01 of a date in the Gregorian calendar. */
static s64 days_of(s64 y, u32 m, u32 d)
{
	s64 era;
	u32 yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = (u32)(y - era * 400);
	doy = (153 * (m + (m > 2 ? -3u : 9u)) + 2) / 5 + d - 1;
	return era * 146097 + (s64)(yoe * 365 + yoe / 4 - yoe / 100 + doy) - 719468;
}

s64 rtc_read(void)
{
	struct cmos_time a, b;
	u32 year, h;
	u8 status;
	u64 flags;

	spin_lock_irqsave(&cmos_lock, flags);
	status = cmos_read(0xb);
	/* Read until two reads agree: no update came in between. */
	a = cmos_get();
	for (int i = 0; i < 10; i++) {
		for (int j = 0; j < 10000 && (cmos_read(0xa) & 0x80); j++)
			cpu_relax();
		b = a;
		a = cmos_get();
		if (!memcmp(&a, &b, sizeof(a)))
			break;
	}
	spin_unlock_irqrestore(&cmos_lock, flags);
	h = a.h & 0x7f;
	if (!(status & 4)) {
		a.s = (u8)bcd(a.s);
		a.m = (u8)bcd(a.m);
		h = bcd(h);
		a.day = (u8)bcd(a.day);
		a.mon = (u8)bcd(a.mon);
		a.year = (u8)bcd(a.year);
		a.century = (u8)bcd(a.century);
	}
	if (!(status & 2)) {
		h %= 12;
		if (a.h & 0x80)
			h += 12;
	}
	year = a.year + (a.century >= 19 && a.century < 30 ? a.century * 100u : a.year < 70 ? 2000u : 1900u);
	if (a.mon < 1 || a.mon > 12 || a.day < 1 || a.day > 31 || a.s > 60)
		return 0;	/* no clock there */
	return days_of(year, a.mon, a.day) * 86400 + h * 3600 + a.m * 60u + a.s;
}

int rtc_write(s64 t)
{
	s64 days = t / 86400, z = days + 719468, era = z / 146097;
	u32 sec = (u32)(t % 86400), doe = (u32)(z - era * 146097);
	u32 yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365, doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	u32 mp = (5 * doy + 2) / 153, day = doy - (153 * mp + 2) / 5 + 1, mon = mp < 10 ? mp + 3 : mp - 9;
	u32 year = (u32)(yoe + era * 400) + (mon <= 2);
	u64 flags;
	u8 status;

	if (t < 0 || year > 2999)
		return -EINVAL;
	spin_lock_irqsave(&cmos_lock, flags);
	status = cmos_read(0xb);
	cmos_write(0xb, status | 0x80);		/* hold updates */
#define PUT(reg, v)	cmos_write(reg, status & 4 ? (u8)(v) : to_bcd(v))
	PUT(0, sec % 60);
	PUT(2, sec / 60 % 60);
	if (status & 2)
		PUT(4, sec / 3600);
	else
		cmos_write(4, (u8)((status & 4 ? (sec / 3600 + 11) % 12 + 1 : to_bcd((sec / 3600 + 11) % 12 + 1)) |
				   (sec / 3600 >= 12 ? 0x80 : 0)));
	PUT(7, day);
	PUT(8, mon);
	PUT(9, year % 100);
	PUT(0x32, year / 100);
#undef PUT
	cmos_write(0xb, status & (u8)~0x80);
	spin_unlock_irqrestore(&cmos_lock, flags);
	return 0;
}

/* ---- random numbers ---- */

bool arch_random_u64(u64 *v)
{
	u8 ok;

	if (!cpu_has(X86_RDRAND))
		return false;
	for (int i = 0; i < 10; i++) {
		__asm__ volatile("rdrand %0; setc %1" : "=r"(*v), "=qm"(ok) :: "cc");
		if (ok)
			return true;
	}
	return false;
}

u64 arch_entropy_u64(void)
{
	static u64 state;	/* [a] any mix will do */
	u64 v = 0, s;

	(void)arch_random_u64(&v);
	s = __atomic_add_fetch(&state, rdtsc() * 0x9e3779b97f4a7c15ul + 0x632be59bd9b4e019ul, __ATOMIC_RELAXED);
	s ^= (u64)&v ^ this_cpu_read(percpu_this_offset);
	s = (s ^ s >> 30) * 0xbf58476d1ce4e5b9ul;
	s = (s ^ s >> 27) * 0x94d049bb133111ebul;
	return v ^ s ^ s >> 31;
}

/* ---- ports ---- */

u8 ioport_read8(struct ioport p, u16 off) { return inb((u16)(p.base + off)); }
u16 ioport_read16(struct ioport p, u16 off) { return inw((u16)(p.base + off)); }
u32 ioport_read32(struct ioport p, u16 off) { return inl((u16)(p.base + off)); }
void ioport_write8(struct ioport p, u16 off, u8 v) { outb((u16)(p.base + off), v); }
void ioport_write16(struct ioport p, u16 off, u16 v) { outw((u16)(p.base + off), v); }
void ioport_write32(struct ioport p, u16 off, u32 v) { outl((u16)(p.base + off), v); }

void init_memory_free(void)
{
	arch_protect_ro_after_init();
	arch_free_init();
}
