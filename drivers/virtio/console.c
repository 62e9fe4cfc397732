/* SPDX-License-Identifier: MPL-2.0 */
/*
 * virtio-console: hvc0, hvc1, ... as terminals and consoles, one port a device (the multiport feature
 * is not taken: port 0 is the console). The host's window size is followed. Source: virtio 1.2, 5.3.
 *
 * Output goes through a ring of bytes, of which the device has one stretch at a time. Input comes in
 * RX_BUFS buffers; when the terminal has no room the buffer is kept and tried again later, so that the
 * host waits. port->lock guards both; the printk path takes it too, or tries to in a panic.
 */
#include <base/bits.h>
#include <base/err.h>
#include <base/math.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/init.h>
#include <core/panic.h>
#include <core/printk.h>
#include <core/slab.h>
#include <core/work.h>
#include <drivers/tty.h>
#include <uapi/linux/major.h>

#include "internal.h"

#define VIRTIO_ID_CONSOLE	3
#define VIRTIO_CONSOLE_F_SIZE	0
#define HVC_MAX			8
#define TX_RING			8192u
#define RX_BUFS			4
#define RX_BYTES		1024u
#define RETRY_NS		10000000ull
#define POLL_LIMIT		20000000	/* turns of a panic's wait for the host */

enum { VQ_RX, VQ_TX };

struct rx_buf {
	u8 data[RX_BYTES];
	u32 len, done;			/* [lock] received; handed to the terminal */
	struct list_head link;		/* [lock] in stalled */
};

struct port {
	struct virtio_dev *v;		/* [I] */
	struct virtqueue *vqs[2];	/* [lock] */
	spinlock_t lock;		/* class OBJECT_IRQ */
	u8 *ring;			/* [lock] TX_RING bytes */
	u32 head, tail;			/* [lock] */
	u32 in_flight;			/* [lock] bytes from tail on that the device has */
	struct rx_buf *rx[RX_BUFS];	/* [I] */
	struct list_head stalled;	/* [lock] received, the terminal had no room; oldest first */
	struct delayed_work retry;
	struct work resize;
	struct tty *tty;		/* [I] after registration */
	struct console console;		/* [printk: console_owner] */
};

static u32 ring_used(const struct port *p) { return READ_ONCE(p->head) - READ_ONCE(p->tail); }

/* --- transmit --- */

/* Take back what the device has sent. lock held. True if room was made. */
static bool tx_reap(struct port *p)
{
	if (!p->in_flight || !virtqueue_get(p->vqs[VQ_TX], NULL))
		return false;
	p->tail += p->in_flight;
	p->in_flight = 0;
	return true;
}

/* Give the device the next stretch if it has none. lock held. */
static void tx_send(struct port *p)
{
	struct virtio_sg sg;
	u32 at;

	if (p->in_flight || p->head == p->tail)
		return;
	at = p->tail % TX_RING;
	sg.len = min(p->head - p->tail, TX_RING - at);
	sg.addr = dma_addr_of(p->ring + at);
	if (virtqueue_add(p->vqs[VQ_TX], &sg, 1, 0, p) == 0) {
		p->in_flight = sg.len;
		virtqueue_kick(p->vqs[VQ_TX]);
	} else {
		p->tail = p->head;	/* the queue is broken: output is lost, nobody waits for it */
	}
}

/* What programs wrote stays while ^S holds it; the kernel's own lines push it out. lock held. */
static bool tx_advance(struct port *p, bool force)
{
	bool freed = tx_reap(p);

	if (force || !p->tty || !READ_ONCE(p->tty->flow_stopped))
		tx_send(p);
	return freed;
}

/* lock held. */
static size_t tx_put(struct port *p, const u8 *buf, size_t n)
{
	n = min_t(size_t, n, TX_RING - ring_used(p));
	for (size_t i = 0; i < n; ) {
		u32 at = p->head % TX_RING, run = (u32)min_t(size_t, n - i, TX_RING - at);

		memcpy(p->ring + at, buf + i, run);
		p->head += run;
		i += run;
	}
	return n;
}

static void tx_done(struct virtqueue *q)
{
	struct port *p = virtqueue_dev(q)->private;
	bool wake;
	u64 flags;

	spin_lock_irqsave(&p->lock, flags);
	wake = tx_advance(p, false) && ring_used(p) < TX_RING / 2;
	spin_unlock_irqrestore(&p->lock, flags);
	if (wake && p->tty)
		tty_wakeup(p->tty);
}

static size_t hvc_write(struct tty *t, const u8 *buf, size_t n)
{
	struct port *p = t->driver_data;
	u64 flags;

	spin_lock_irqsave(&p->lock, flags);
	n = tx_put(p, buf, n);
	(void)tx_advance(p, false);
	spin_unlock_irqrestore(&p->lock, flags);
	return n;
}

static void hvc_start(struct tty *t)
{
	(void)hvc_write(t, NULL, 0);
}

static size_t hvc_write_room(struct tty *t)
{
	return TX_RING - ring_used(t->driver_data);
}

static size_t hvc_chars_in_buffer(struct tty *t)
{
	return ring_used(t->driver_data);
}

static void hvc_flush_buffer(struct tty *t)
{
	struct port *p = t->driver_data;
	u64 flags;

	spin_lock_irqsave(&p->lock, flags);
	p->head = p->tail + p->in_flight;
	spin_unlock_irqrestore(&p->lock, flags);
}

static const struct tty_ops hvc_ops = {
	.write = hvc_write,
	.write_room = hvc_write_room,
	.chars_in_buffer = hvc_chars_in_buffer,
	.flush_buffer = hvc_flush_buffer,
	.start = hvc_start,
};

/* --- receive --- */

/* lock held. */
static void rx_post(struct port *p, struct rx_buf *b)
{
	struct virtio_sg sg = { .addr = dma_addr_of(b->data), .len = RX_BYTES };

	b->len = b->done = 0;
	(void)virtqueue_add(p->vqs[VQ_RX], &sg, 0, 1, b);	/* fails on a broken queue only */
}

/* Hand stalled input to the terminal. lock held. */
static void rx_deliver(struct port *p)
{
	struct rx_buf *b, *n;

	list_for_each_entry_safe(b, n, &p->stalled, link) {
		if (p->tty)
			b->done += (u32)tty_input(p->tty, b->data + b->done, NULL, b->len - b->done);
		if (p->tty && b->done < b->len) {
			(void)delayed_work_queue(system_wq, &p->retry, RETRY_NS);
			break;
		}
		list_del(&b->link);
		rx_post(p, b);
	}
	virtqueue_kick(p->vqs[VQ_RX]);
}

static void rx_done(struct virtqueue *q)
{
	struct port *p = virtqueue_dev(q)->private;
	struct rx_buf *b;
	u64 flags;
	u32 len;

	spin_lock_irqsave(&p->lock, flags);
	while ((b = virtqueue_get(q, &len)) != NULL) {
		b->len = len;
		list_add_tail(&b->link, &p->stalled);
	}
	rx_deliver(p);
	spin_unlock_irqrestore(&p->lock, flags);
}

static void retry_fn(struct work *w)
{
	struct port *p = container_of(container_of(w, struct delayed_work, work), struct port, retry);

	spin_lock_irq(&p->lock);
	rx_deliver(p);
	spin_unlock_irq(&p->lock);
}

/* --- console of the kernel log --- */

/* Wait for room (all: until everything went out) without interrupts; a dead host does not hold us for ever. */
static void tx_poll(struct port *p, bool all)
{
	for (int i = 0; i < POLL_LIMIT && (all ? ring_used(p) : ring_used(p) == TX_RING); i++) {
		(void)tx_advance(p, true);
		cpu_relax();
	}
	if (ring_used(p) == TX_RING)
		p->head = p->tail + p->in_flight;
}

static void tx_put_polled(struct port *p, const u8 *s, size_t n)
{
	for (size_t done = 0; done < n; ) {
		size_t k = tx_put(p, s + done, n - done);

		done += k;
		if (!k)
			tx_poll(p, false);
	}
}

static void hvc_console_write(struct console *c, const char *s, size_t n)
{
	struct port *p = container_of(c, struct port, console);
	bool panicking = READ_ONCE(panic_in_progress), locked = true;
	u64 flags = irq_save();

	if (panicking)
		locked = spin_trylock(&p->lock);
	else
		spin_lock(&p->lock);
	for (size_t from = 0; from < n; ) {
		const char *nl = memchr(s + from, '\n', n - from);
		size_t run = nl ? (size_t)(nl - (s + from)) : n - from;

		tx_put_polled(p, (const u8 *)s + from, run);
		from += run;
		if (nl) {
			tx_put_polled(p, (const u8 *)"\r\n", 2);
			from++;
		}
	}
	(void)tx_advance(p, true);
	if (panicking)
		tx_poll(p, true);
	if (locked)
		spin_unlock(&p->lock);
	irq_restore(flags);
}

/* --- size --- */

static void resize_fn(struct work *w)
{
	struct port *p = container_of(w, struct port, resize);
	struct winsize ws = { 0 };
	le16_t size[2];
	u32 gen;

	do {
		gen = p->v->ops->config_generation(p->v);
		p->v->ops->config_read(p->v, 0, size, sizeof(size));
	} while (gen != p->v->ops->config_generation(p->v));
	ws.ws_col = le16(size[0]);
	ws.ws_row = le16(size[1]);
	tty_resize(p->tty, &ws);
}

static void config_changed(struct virtio_dev *v)
{
	struct port *p = v->private;

	if (virtio_has(v, VIRTIO_CONSOLE_F_SIZE) && READ_ONCE(p->tty))
		work_queue(system_wq, &p->resize);
}

/* --- life --- */

static void port_free(struct port *p)
{
	for (int i = 0; i < RX_BUFS; i++)
		kfree(p->rx[i]);
	kfree(p->ring);
	kfree(p);
}

static struct port *port_alloc(struct virtio_dev *v)
{
	struct port *p = kzalloc(sizeof(*p), GFP_KERNEL);
	bool ok = p;

	if (!p)
		return NULL;
	p->v = v;
	spin_lock_init(&p->lock, OBJECT_IRQ);	/* above the terminal's input buffer */
	list_init(&p->stalled);
	delayed_work_init(&p->retry, retry_fn);
	work_init(&p->resize, resize_fn);
	p->ring = kmalloc(TX_RING, GFP_KERNEL);
	ok = p->ring;
	for (int i = 0; i < RX_BUFS; i++) {
		p->rx[i] = kzalloc(sizeof(*p->rx[i]), GFP_KERNEL);
		ok = ok && p->rx[i];
	}
	if (ok)
		return p;
	port_free(p);
	return NULL;
}

static int port_start(struct port *p, u32 index)
{
	char name[8];
	int err;

	scnprintf(name, sizeof(name), "hvc%u", index);
	p->tty = tty_alloc(name, mkdev(HVC_MAJOR, index), &hvc_ops, p);
	if (!p->tty)
		return -ENOMEM;
	err = tty_register(p->tty);
	if (err)
		return err;
	if (virtio_has(p->v, VIRTIO_CONSOLE_F_SIZE))
		resize_fn(&p->resize);
	spin_lock_irq(&p->lock);
	for (int i = 0; i < RX_BUFS; i++)
		rx_post(p, p->rx[i]);
	virtqueue_kick(p->vqs[VQ_RX]);
	spin_unlock_irq(&p->lock);
	p->console.name = p->tty->name;
	p->console.write = hvc_console_write;
	console_register(&p->console);
	tty_console_offer(p->tty);
	pr_info("%s is %s\n", p->tty->name, p->v->dev.name);
	return 0;
}

/* Terminals and consoles stay for ever: there is no remove. */
static int console_probe(struct virtio_dev *v)
{
	static void (*const cb[])(struct virtqueue *) = { [VQ_RX] = rx_done, [VQ_TX] = tx_done };
	static const char *const names[] = { [VQ_RX] = "virtio-console-rx", [VQ_TX] = "virtio-console-tx" };
	static atomic_t next_index;
	u32 index = (u32)atomic_fetch_add(&next_index, 1);
	struct port *p;
	int err;

	if (index >= HVC_MAX)
		return -ENOSPC;
	p = port_alloc(v);
	if (!p)
		return -ENOMEM;
	v->private = p;
	err = v->ops->setup_queues(v, 2, p->vqs, cb, names);
	if (err) {
		v->private = NULL;
		port_free(p);
		return err;
	}
	v->config_changed = config_changed;
	virtio_ready(v);
	return port_start(p, index);
}

static struct virtio_driver console_driver = {
	.drv.name = "virtio_console",
	.device_id = VIRTIO_ID_CONSOLE,
	.features = BIT(VIRTIO_CONSOLE_F_SIZE),
	.probe = console_probe,
};

static int console_init(void)
{
	return virtio_driver_register(&console_driver);
}
INITCALL_DRIVER(console_init);
