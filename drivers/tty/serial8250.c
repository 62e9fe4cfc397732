/* SPDX-License-Identifier: MPL-2.0 */
/*
 * 16550 serial ports at the four PC addresses, interrupt-driven: ttyS0..ttyS3. The same port can be
 * a console: that path polls, so that it works in a panic. Source: National Semiconductor PC16550D.
 *
 * port->lock guards the registers and the transmit ring.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/printf.h>
#include <core/clock.h>
#include <core/init.h>
#include <core/io.h>
#include <core/irq.h>
#include <core/panic.h>
#include <core/printk.h>
#include <core/sysrq.h>
#include <uapi/linux/ioctls.h>
#include <uapi/linux/major.h>

#include "internal.h"

enum { UART_DATA = 0, UART_IER = 1, UART_IIR = 2, UART_FCR = 2, UART_LCR = 3, UART_MCR = 4, UART_LSR = 5, UART_MSR = 6 };
#define IER_RX		0x01
#define IER_TX		0x02
#define IER_LINE	0x04
#define IIR_NONE	0x01
#define FCR_ENABLE_CLEAR 0x07
#define LCR_8N1		0x03
#define LCR_BREAK	0x40
#define LCR_DLAB	0x80
#define MCR_DTR		0x01
#define MCR_RTS		0x02
#define MCR_OUT2	0x08
#define MCR_LOOP	0x10
#define LSR_DATA	0x01
#define LSR_OVERRUN	0x02
#define LSR_PARITY	0x04
#define LSR_FRAME	0x08
#define LSR_BREAK	0x10
#define LSR_TX_EMPTY	0x20
#define LSR_IDLE	0x40

#define TX_RING		4096u
#define FIFO_SIZE	16
#define UART_CLOCK	115200u

struct port {
	struct ioport io;		/* [I] */
	u32 isa_irq;			/* [I] */
	spinlock_t lock;		/* class DEVICE_IRQ */
	u32 head, tail;			/* [lock] transmit ring */
	u8 ring[TX_RING];		/* [lock] */
	u8 ier;				/* [lock] */
	bool present, started;		/* [I] after probe; [lock] */
	bool break_seen;		/* [lock] a break: the next character is a SysRq key */
	struct tty *tty;		/* [I] after registration */
	struct console console;		/* [printk: console_owner] */
};

static struct port ports[4] = {
	{ .io = { 0x3f8, 8 }, .isa_irq = 4, .lock = SPINLOCK_INIT(DEVICE_IRQ) },
	{ .io = { 0x2f8, 8 }, .isa_irq = 3, .lock = SPINLOCK_INIT(DEVICE_IRQ) },
	{ .io = { 0x3e8, 8 }, .isa_irq = 4, .lock = SPINLOCK_INIT(DEVICE_IRQ) },
	{ .io = { 0x2e8, 8 }, .isa_irq = 3, .lock = SPINLOCK_INIT(DEVICE_IRQ) },
};

static u8 reg_read(struct port *p, u16 reg) { return ioport_read8(p->io, reg); }
static void reg_write(struct port *p, u16 reg, u8 v) { ioport_write8(p->io, reg, v); }

/* --- transmit --- */

static u32 ring_used(const struct port *p) { return p->head - p->tail; }

/* Fill the FIFO if it is empty. lock held. */
static void transmit(struct port *p)
{
	if (!(reg_read(p, UART_LSR) & LSR_TX_EMPTY))
		return;
	for (int i = 0; i < FIFO_SIZE && ring_used(p); i++)
		reg_write(p, UART_DATA, p->ring[p->tail++ % TX_RING]);
}

/* The transmit interrupt is on while there is something to send. lock held. */
static void update_ier(struct port *p)
{
	u8 ier = IER_RX | IER_LINE | (ring_used(p) ? IER_TX : 0);

	if (ier != p->ier) {
		p->ier = ier;
		reg_write(p, UART_IER, ier);
	}
}

static size_t serial_write(struct tty *t, const u8 *buf, size_t n)
{
	struct port *p = t->driver_data;
	u64 flags;

	spin_lock_irqsave(&p->lock, flags);
	n = min_t(size_t, n, TX_RING - ring_used(p));
	for (size_t i = 0; i < n; i++)
		p->ring[p->head++ % TX_RING] = buf[i];
	if (!READ_ONCE(t->flow_stopped))
		transmit(p);
	update_ier(p);
	spin_unlock_irqrestore(&p->lock, flags);
	return n;
}

static size_t serial_write_room(struct tty *t)
{
	struct port *p = t->driver_data;

	return TX_RING - (READ_ONCE(p->head) - READ_ONCE(p->tail));
}

static size_t serial_chars_in_buffer(struct tty *t)
{
	struct port *p = t->driver_data;

	return READ_ONCE(p->head) - READ_ONCE(p->tail);
}

static void serial_flush_buffer(struct tty *t)
{
	struct port *p = t->driver_data;
	u64 flags;

	spin_lock_irqsave(&p->lock, flags);
	p->tail = p->head;
	update_ier(p);
	spin_unlock_irqrestore(&p->lock, flags);
}

static void serial_start(struct tty *t)
{
	(void)serial_write(t, NULL, 0);
}

/* --- receive --- */

static u8 line_flag(u8 lsr)
{
	if (lsr & LSR_BREAK)
		return TTY_BREAK;
	if (lsr & LSR_PARITY)
		return TTY_PARITY;
	return lsr & LSR_FRAME ? TTY_FRAME : TTY_NORMAL;
}

/* One character; true if it is to go to the terminal. lock held. */
static bool receive_one(struct port *p, u8 lsr, u8 c, char *sysrq)
{
	if (lsr & LSR_BREAK) {
		p->break_seen = !p->break_seen;
		return !p->break_seen;
	}
	if (p->break_seen) {
		p->break_seen = false;
		*sysrq = (char)c;
		return false;
	}
	return true;
}

/* What the UART has for us now. */
static void serial_serve(struct port *p)
{
	u8 buf[64], flags[64], lsr;
	size_t n = 0;
	char sysrq = 0;
	bool sent;

	spin_lock(&p->lock);
	while (n < sizeof(buf) && (lsr = reg_read(p, UART_LSR)) & (LSR_DATA | LSR_BREAK)) {
		u8 c = reg_read(p, UART_DATA);

		if (!receive_one(p, lsr, c, &sysrq))
			continue;
		buf[n] = c;
		flags[n++] = line_flag(lsr);
	}
	sent = ring_used(p);
	if (!p->tty || !READ_ONCE(p->tty->flow_stopped))
		transmit(p);
	sent = sent && ring_used(p) < TX_RING / 2;
	update_ier(p);
	spin_unlock(&p->lock);
	if (sysrq)
		sysrq_key_console(sysrq);
	if (p->tty && n)
		(void)tty_input(p->tty, buf, flags, n);
	if (p->tty && sent)
		tty_wakeup(p->tty);
}

/*
 * The line is edge-triggered, and one line for all causes: if a second cause comes before the first is
 * served, the line stays up and no further interrupt comes, ever. So: until none is left.
 */
static enum irq_result serial_interrupt(void *data)
{
	struct port *p = data;
	enum irq_result ret = IRQ_NONE;

	for (int i = 0; i < 256 && !(reg_read(p, UART_IIR) & IIR_NONE); i++) {
		serial_serve(p);
		ret = IRQ_HANDLED;
	}
	return ret;
}

/* --- set-up --- */

static bool probe(struct port *p)
{
	u8 old = reg_read(p, UART_IER), seen;

	reg_write(p, UART_IER, 0x0f);
	seen = reg_read(p, UART_IER) & 0x0f;
	reg_write(p, UART_IER, 0);
	if (seen != 0x0f)
		return false;
	seen = reg_read(p, UART_IER);
	(void)old;
	return seen == 0;
}

static void set_speed(struct port *p, u32 baud)
{
	u32 divisor = baud ? max_t(u32, UART_CLOCK / baud, 1) : 1;

	reg_write(p, UART_LCR, LCR_DLAB | LCR_8N1);
	reg_write(p, UART_DATA, (u8)divisor);
	reg_write(p, UART_IER, (u8)(divisor >> 8));
	reg_write(p, UART_LCR, LCR_8N1);
}

static void serial_set_termios(struct tty *t, const struct termios2 *old)
{
	struct port *p = t->driver_data;
	u64 flags;

	if (old->c_ospeed == t->termios.c_ospeed)
		return;
	spin_lock_irqsave(&p->lock, flags);
	set_speed(p, t->termios.c_ospeed);
	reg_write(p, UART_IER, p->ier);
	spin_unlock_irqrestore(&p->lock, flags);
}

static int serial_tiocmget(struct tty *t)
{
	struct port *p = t->driver_data;
	u8 mcr = reg_read(p, UART_MCR), msr = reg_read(p, UART_MSR);

	return (mcr & MCR_DTR ? TIOCM_DTR : 0) | (mcr & MCR_RTS ? TIOCM_RTS : 0) | (msr & 0x10 ? TIOCM_CTS : 0) |
	       (msr & 0x20 ? TIOCM_DSR : 0) | (msr & 0x40 ? TIOCM_RNG : 0) | (msr & 0x80 ? TIOCM_CAR : 0);
}

static int serial_tiocmset(struct tty *t, u32 set, u32 clear)
{
	struct port *p = t->driver_data;
	u64 flags;
	u8 mcr;

	spin_lock_irqsave(&p->lock, flags);
	mcr = reg_read(p, UART_MCR);
	if (clear & TIOCM_DTR)
		mcr &= (u8)~MCR_DTR;
	if (clear & TIOCM_RTS)
		mcr &= (u8)~MCR_RTS;
	if (set & TIOCM_DTR)
		mcr |= MCR_DTR;
	if (set & TIOCM_RTS)
		mcr |= MCR_RTS;
	reg_write(p, UART_MCR, mcr);
	spin_unlock_irqrestore(&p->lock, flags);
	return 0;
}

static const struct tty_ops serial_ops = {
	.write = serial_write,
	.write_room = serial_write_room,
	.chars_in_buffer = serial_chars_in_buffer,
	.flush_buffer = serial_flush_buffer,
	.set_termios = serial_set_termios,
	.start = serial_start,
	.tiocmget = serial_tiocmget,
	.tiocmset = serial_tiocmset,
};

/* --- console: polled, in any context --- */

static void put_polled(struct port *p, u8 c)
{
	for (int i = 0; i < 100000 && !(reg_read(p, UART_LSR) & LSR_TX_EMPTY); i++)
		cpu_relax();
	reg_write(p, UART_DATA, c);
}

static void serial_console_write(struct console *c, const char *s, size_t n)
{
	struct port *p = container_of(c, struct port, console);
	bool locked = true;
	u64 flags = irq_save();

	/* In a panic the holder may never let go. */
	if (READ_ONCE(panic_in_progress))
		locked = spin_trylock(&p->lock);
	else
		spin_lock(&p->lock);
	/* What programs wrote before comes first. */
	while (locked && ring_used(p))
		put_polled(p, p->ring[p->tail++ % TX_RING]);
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\n')
			put_polled(p, '\r');
		put_polled(p, (u8)s[i]);
	}
	if (locked)
		spin_unlock(&p->lock);
	irq_restore(flags);
}

static int port_start(struct port *p, u32 index)
{
	char name[8];
	int irq;

	scnprintf(name, sizeof(name), "ttyS%u", index);
	p->tty = tty_alloc(name, mkdev(TTY_MAJOR, 64 + index), &serial_ops, p);
	if (!p->tty)
		return -ENOMEM;
	p->tty->termios.c_cflag = (p->tty->termios.c_cflag & ~CBAUD) | B115200;
	p->tty->termios.c_ispeed = p->tty->termios.c_ospeed = 115200;
	reg_write(p, UART_FCR, FCR_ENABLE_CLEAR);
	set_speed(p, 115200);
	reg_write(p, UART_MCR, MCR_DTR | MCR_RTS | MCR_OUT2);
	irq = irq_request_isa(p->isa_irq, serial_interrupt, p, p->tty->name);
	if (irq < 0)
		pr_warn("%s: no interrupt (%d)\n", p->tty->name, irq);
	spin_lock_irq(&p->lock);
	update_ier(p);
	spin_unlock_irq(&p->lock);
	pr_info("%s at I/O 0x%x (irq = %u) is a 16550A\n", p->tty->name, p->io.base, p->isa_irq);
	return tty_register(p->tty);
}

static int serial_init(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(ports); i++) {
		struct port *p = &ports[i];
		int err;

		if (!probe(p))
			continue;
		err = port_start(p, i);
		if (err)
			return err;
		p->console.name = p->tty->name;
		p->console.write = serial_console_write;
		console_register(&p->console);
		tty_console_offer(p->tty);
	}
	return 0;
}
INITCALL_DRIVER(serial_init);
