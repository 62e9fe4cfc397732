/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The console of the first moments: the 16550 at 0x3f8, polled, and QEMU's debug port 0xe9 with
 * earlycon=debugcon. On with `earlycon`, and always until the real consoles have come, unless the
 * command line sends the console elsewhere (console= without ttyS0).
 */
#include <asm/boot.h>
#include <asm/cpu.h>
#include <base/string.h>
#include <core/init.h>
#include <core/printk.h>
#include "boot.h"

#define COM1	0x3f8

static bool present, debugcon;

static void put(u8 c)
{
	/* A UART that never gets ready (none there, flow control) must not stop us. */
	for (int i = 0; i < 100000 && !(inb(COM1 + 5) & 0x20); i++)
		__asm__ volatile("pause");
	outb(COM1, c);
}

void earlycon_write(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (debugcon)
			outb(0xe9, (u8)s[i]);
		if (!present)
			continue;
		if (s[i] == '\n')
			put('\r');
		put((u8)s[i]);
	}
}

static void early_write(struct console *c, const char *s, size_t n)
{
	(void)c;
	earlycon_write(s, n);
}

static struct console earlycon = { .name = "earlycon", .write = early_write, .early = true };

void __init earlycon_init(const char *cmdline)
{
	bool elsewhere = strstr(cmdline, "console=") && !strstr(cmdline, "console=ttyS0");

	if (elsewhere && !strstr(cmdline, "earlycon"))
		return;
	debugcon = strstr(cmdline, "earlycon=debugcon") != NULL;
	/* The scratch register keeps what is written only when there is a UART. */
	outb(COM1 + 7, 0x5a);
	present = inb(COM1 + 7) == 0x5a;
	if (present) {
		outb(COM1 + 1, 0);		/* no interrupts */
		outb(COM1 + 3, 0x80);
		outb(COM1 + 0, 1);		/* 115200 */
		outb(COM1 + 1, 0);
		outb(COM1 + 3, 0x03);		/* 8n1 */
		outb(COM1 + 2, 0x07);		/* FIFO on, cleared */
		outb(COM1 + 4, 0x0b);
	}
	if (present || debugcon)
		console_register(&earlycon);
}

/* Read above, before parameters are; here only so that it is known. */
static int __init earlycon_param(const char *v)
{
	return 0;
}
KPARAM("earlycon", earlycon_param);
