/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The PC's keyboard controller and the PS/2 keyboard behind it, in scan code set 1 (the controller translates).
 * A machine without one (microvm) answers 0xff on its ports and nothing is said. Commands to the keyboard
 * (its lamps) are sent one byte at a time, each after the last one's acknowledgement, from the interrupt.
 *
 * ctl.lock guards the ports and the queue of bytes to send; keys are handed on without it.
 */
#include <base/math.h>
#include <core/clock.h>
#include <core/init.h>
#include <core/io.h>
#include <core/irq.h>
#include <core/printk.h>
#include <core/spinlock.h>
#include <drivers/keyboard.h>

#define STATUS_OUT_FULL	0x01
#define STATUS_IN_FULL	0x02
#define STATUS_AUX	0x20
#define CTL_READ_CONFIG	0x20
#define CTL_WRITE_CONFIG 0x60
#define CTL_AUX_OFF	0xa7
#define CTL_SELF_TEST	0xaa
#define CTL_KBD_OFF	0xad
#define CTL_KBD_ON	0xae
#define CONFIG_KBD_IRQ	0x01
#define CONFIG_AUX_IRQ	0x02
#define CONFIG_KBD_OFF	0x10
#define CONFIG_AUX_OFF	0x20
#define CONFIG_TRANSLATE 0x40
#define KBD_SET_LEDS	0xed
#define KBD_ENABLE	0xf4
#define KBD_ACK		0xfa
#define KBD_RESEND	0xfe
#define QUEUE		16u
#define KEY_PAUSE	119u

static const struct ioport data_port = { 0x60, 1 }, command_port = { 0x64, 1 };

static struct {
	spinlock_t lock;	/* class DEVICE_IRQ */
	u8 queue[QUEUE];	/* [lock] bytes for the keyboard */
	u32 head, tail;		/* [lock] */
	bool waiting;		/* [lock] for the acknowledgement of queue[tail] */
	u32 resent;		/* [lock] how often */
	u64 sent_at;		/* [lock] */
	u8 prefix;		/* [lock] 0xe0, or steps of Pause's 0xe1 0x1d 0x45 */
} ctl = { .lock = SPINLOCK_INIT(DEVICE_IRQ) };

static u8 status(void) { return ioport_read8(command_port, 0); }

static bool wait_status(u8 mask, u8 want)
{
	for (int i = 0; i < 5000; i++) {
		if ((status() & mask) == want)
			return true;
		udelay(10);
	}
	return false;
}

static bool command(u8 c)
{
	if (!wait_status(STATUS_IN_FULL, 0))
		return false;
	ioport_write8(command_port, 0, c);
	return true;
}

static bool write_data(u8 v)
{
	if (!wait_status(STATUS_IN_FULL, 0))
		return false;
	ioport_write8(data_port, 0, v);
	return true;
}

static int read_data(void)
{
	return wait_status(STATUS_OUT_FULL, STATUS_OUT_FULL) ? ioport_read8(data_port, 0) : -1;
}

static void drain(void)
{
	for (int i = 0; i < 64 && status() & STATUS_OUT_FULL; i++)
		(void)ioport_read8(data_port, 0);
}

/* ---- to the keyboard ---- */

/* Send what is due. lock held. */
static void send_next(void)
{
	if (ctl.waiting || ctl.head == ctl.tail || status() & STATUS_IN_FULL)
		return;
	ctl.waiting = true;
	ctl.sent_at = clock_monotonic_ns();
	ioport_write8(data_port, 0, ctl.queue[ctl.tail % QUEUE]);
}

static void enqueue(const u8 *bytes, u32 n)
{
	u64 flags;

	spin_lock_irqsave(&ctl.lock, flags);
	/* A keyboard that never answered: start over. */
	if (ctl.waiting && clock_monotonic_ns() - ctl.sent_at > 500000000ull) {
		ctl.waiting = false;
		ctl.tail = ctl.head;
	}
	if (ctl.head - ctl.tail + n <= QUEUE)
		for (u32 i = 0; i < n; i++)
			ctl.queue[ctl.head++ % QUEUE] = bytes[i];
	send_next();
	spin_unlock_irqrestore(&ctl.lock, flags);
}

static void set_leds(u8 leds)
{
	enqueue((const u8[]){ KBD_SET_LEDS, leds & 7 }, 2);
}

/* An answer to a byte of ours; true if it was one. lock held. */
static bool take_answer(u8 v)
{
	if (!ctl.waiting || (v != KBD_ACK && v != KBD_RESEND))
		return false;
	ctl.waiting = false;
	if (v == KBD_ACK || ++ctl.resent > 3) {
		ctl.tail++;
		ctl.resent = 0;
	}
	send_next();
	return true;
}

/* ---- from the keyboard ---- */

/* Key codes of scan codes after 0xe0. */
static u32 extended_key(u8 code)
{
	static const struct { u8 code, key; } keys[] = {
		{ 0x1c, 96 }, { 0x1d, 97 }, { 0x35, 98 }, { 0x37, 99 }, { 0x38, 100 }, { 0x46, KEY_PAUSE },
		{ 0x47, 102 }, { 0x48, 103 },
		{ 0x49, 104 }, { 0x4b, 105 }, { 0x4d, 106 }, { 0x4f, 107 }, { 0x50, 108 }, { 0x51, 109 }, { 0x52, 110 },
		{ 0x53, 111 }, { 0x5b, 125 }, { 0x5c, 126 }, { 0x5d, 127 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].code == code)
			return keys[i].key;
	return 0;	/* shifts that the keyboard makes up around cursor keys, and what we do not know */
}

/* One byte: the key it ends, 0 for none yet. lock held. raw gets the bytes of the key. */
static u32 decode(u8 v, bool *down, u8 raw[3], u32 *n)
{
	u32 key;

	*down = !(v & 0x80);
	*n = 0;
	if (v == 0xe0 || v == 0xe1) {
		ctl.prefix = v;
		return 0;
	}
	switch (ctl.prefix) {
	case 0xe0:
		ctl.prefix = 0;
		raw[(*n)++] = 0xe0;
		raw[(*n)++] = v;
		return extended_key(v & 0x7f);
	case 0xe1:
		ctl.prefix = 0x1d;
		return 0;
	case 0x1d:
		ctl.prefix = 0;
		raw[(*n)++] = 0xe1;
		raw[(*n)++] = *down ? 0x1d : 0x9d;
		raw[(*n)++] = v;
		return (v & 0x7f) == 0x45 ? KEY_PAUSE : 0;
	}
	raw[(*n)++] = v;
	key = v & 0x7f;
	return key == 0x54 ? 99 : key <= 88 ? key : 0;
}

static enum irq_result interrupt(void *arg)
{
	enum irq_result res = IRQ_NONE;

	(void)arg;
	for (int i = 0; i < 16; i++) {
		bool down = false;
		u8 s, v, raw[3];
		u32 key = 0, n = 0;

		spin_lock(&ctl.lock);
		s = status();
		if (!(s & STATUS_OUT_FULL)) {
			send_next();
			spin_unlock(&ctl.lock);
			break;
		}
		v = ioport_read8(data_port, 0);
		if (!(s & STATUS_AUX) && !take_answer(v))
			key = decode(v, &down, raw, &n);
		spin_unlock(&ctl.lock);
		res = IRQ_HANDLED;
		if (key)
			keyboard_key(key, down, raw, n);
	}
	return res;
}

/* ---- set-up ---- */

/* Is there a controller that answers? Its configuration byte, else -1. */
static int probe(void)
{
	int config;

	if (status() == 0xff)
		return -1;
	if (!command(CTL_KBD_OFF) || !command(CTL_AUX_OFF))
		return -1;
	drain();
	if (!command(CTL_READ_CONFIG))
		return -1;
	config = read_data();
	if (config < 0 || !command(CTL_SELF_TEST) || read_data() != 0x55)
		return -1;
	return config;
}

static int i8042_init(void)
{
	static const struct keyboard kbd = { .set_leds = set_leds };
	int config = probe(), irq;

	if (config < 0)
		return 0;
	config = (config | CONFIG_KBD_IRQ | CONFIG_TRANSLATE | CONFIG_AUX_OFF) & ~(CONFIG_AUX_IRQ | CONFIG_KBD_OFF);
	if (!command(CTL_WRITE_CONFIG) || !write_data((u8)config) || !command(CTL_KBD_ON))
		return 0;
	drain();
	irq = irq_request_isa(1, interrupt, NULL, "i8042");
	if (irq < 0) {
		pr_warn("i8042: no interrupt (%d)\n", irq);
		return 0;
	}
	enqueue((const u8[]){ KBD_ENABLE }, 1);
	keyboard_register(&kbd);
	pr_info("i8042: keyboard at I/O 0x60, 0x64, irq 1\n");
	return 0;
}
INITCALL_DRIVER(i8042_init);
