/* SPDX-License-Identifier: MPL-2.0 */
/* Bytes on their way from a driver's interrupt to the line discipline's worker. */
#include <base/math.h>
#include <base/string.h>

#include "internal.h"

static u32 room(const struct tty_input_buf *b)
{
	return TTY_INPUT_BUF - (b->head - b->tail);
}

static void flag_set(struct tty_input_buf *b, u32 i, u8 flag)
{
	u32 shift = i % 4 * 2;
	u8 *p = &b->flags[i / 4];

	*p = (u8)((*p & ~(3u << shift)) | (u32)(flag & 3) << shift);
}

size_t tty_input(struct tty *t, const u8 *buf, const u8 *flags, size_t n)
{
	struct tty_input_buf *b = t->input;
	u64 irq;

	spin_lock_irqsave(&b->lock, irq);
	n = min_t(size_t, n, room(b));
	for (size_t i = 0; i < n; i++) {
		u32 at = b->head++ % TTY_INPUT_BUF;

		b->data[at] = buf[i];
		flag_set(b, at, flags ? min_t(u8, flags[i], 3) : TTY_NORMAL);
	}
	spin_unlock_irqrestore(&b->lock, irq);
	if (n)
		work_queue(system_wq, &t->input_work);
	return n;
}

size_t tty_input_room(struct tty *t)
{
	struct tty_input_buf *b = t->input;
	size_t n;
	u64 irq;

	spin_lock_irqsave(&b->lock, irq);
	n = room(b);
	spin_unlock_irqrestore(&b->lock, irq);
	return n;
}

bool tty_input_pending(struct tty *t)
{
	return tty_input_room(t) != TTY_INPUT_BUF;
}

u32 tty_input_take(struct tty *t, u8 *buf, u8 *flags, u32 n)
{
	struct tty_input_buf *b = t->input;
	bool was_full;
	u64 irq;

	spin_lock_irqsave(&b->lock, irq);
	was_full = room(b) < TTY_INPUT_BUF / 2;
	n = min(n, b->head - b->tail);
	for (u32 i = 0; i < n; i++) {
		u32 at = b->tail++ % TTY_INPUT_BUF;

		buf[i] = b->data[at];
		flags[i] = b->flags[at / 4] >> at % 4 * 2 & 3;
	}
	was_full = was_full && room(b) >= TTY_INPUT_BUF / 2;
	spin_unlock_irqrestore(&b->lock, irq);
	/* The other side of a pty may have waited for room. */
	if (was_full && t->link)
		tty_wakeup(t->link);
	return n;
}

void tty_input_flush(struct tty *t)
{
	struct tty_input_buf *b = t->input;
	u64 irq;

	spin_lock_irqsave(&b->lock, irq);
	b->tail = b->head;
	spin_unlock_irqrestore(&b->lock, irq);
	if (t->link)
		tty_wakeup(t->link);
}

void tty_wakeup(struct tty *t)
{
	struct n_tty *n = t->ldisc;

	if (wait_queue_has_sleeper(&t->write_wait))
		wake_up_poll_all(&t->write_wait, EPOLLOUT | EPOLLWRNORM);
	/* Echo that found no room. */
	if (READ_ONCE(n->echo_head) != READ_ONCE(n->echo_tail))
		work_queue(system_wq, &t->input_work);
}
