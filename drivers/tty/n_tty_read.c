/* SPDX-License-Identifier: MPL-2.0 */
/* The N_TTY line discipline, reading: lines in canonical mode, VMIN and VTIME otherwise, packet mode. */
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/upcall.h>

#include "internal.h"

#define MASK(i)		((i) & (N_TTY_BUF - 1))

static bool canonical(const struct tty *t)
{
	return READ_ONCE(t->termios.c_lflag) & ICANON;
}

static bool have_line(const struct n_tty *n)
{
	return READ_ONCE(n->canon) != READ_ONCE(n->tail);
}

u32 n_tty_readable(struct tty *t)
{
	struct n_tty *n = t->ldisc;
	u32 nr = 0;

	mutex_lock(&n->lock);
	if (!canonical(t))
		nr = n->head - n->tail;
	else
		for (u32 i = n->tail; i != n->canon; i++)
			nr += !test_bit(MASK(i), n->eof);
	mutex_unlock(&n->lock);
	return nr;
}

/* Is there enough for a reader with the given minimum? */
static bool enough(struct tty *t, u32 min_chars)
{
	struct n_tty *n = t->ldisc;

	if (canonical(t))
		return have_line(n);
	return READ_ONCE(n->head) - READ_ONCE(n->tail) >= max(min_chars, 1u);
}

bool n_tty_poll_readable(struct tty *t)
{
	u32 vmin = t->termios.c_cc[VTIME] ? 1 : t->termios.c_cc[VMIN];

	return enough(t, vmin);
}

/* Move one line (or its beginning) to buf. *eof: an EOF mark ended it. n->lock held. */
static u32 take_line(struct n_tty *n, u8 *buf, u32 max, bool *end)
{
	u32 got = 0;

	*end = false;
	while (n->tail != n->canon && !*end) {
		u32 i = MASK(n->tail);
		bool eof = test_bit(i, n->eof);

		/* An EOF mark right behind what fills the buffer belongs to this line. */
		if (got == max && !eof)
			break;
		*end = test_bit(i, n->eol);
		if (!eof)
			buf[got++] = n->buf[i];
		WRITE_ONCE(n->tail, n->tail + 1);
	}
	return got;
}

static u32 take_raw(struct n_tty *n, u8 *buf, u32 max)
{
	u32 got = 0;

	while (got < max && n->tail != n->head)
		buf[got++] = n->buf[MASK(n->tail++)];
	if (got)
		WRITE_ONCE(n->canon, n->tail);
	return got;
}

/* Copy what is there. Bytes or -EFAULT; *end: a canonical read is complete. */
static ssize_t take_some(struct tty *t, struct iov_iter *to, bool *end)
{
	struct n_tty *n = t->ldisc;
	u8 buf[256];
	ssize_t done = 0;
	u32 got;

	*end = false;
	do {
		u32 max = (u32)min_t(size_t, sizeof(buf), iov_iter_count(to));

		mutex_lock(&n->lock);
		got = canonical(t) ? take_line(n, buf, max, end) : take_raw(n, buf, max);
		n_tty_check_unthrottle(t);
		mutex_unlock(&n->lock);
		if (got && copy_to_iter(buf, got, to) != got)
			return done ? done : -EFAULT;
		done += got;
	} while (got && iov_iter_count(to) && !*end);
	return done;
}

/* Packet mode: a status byte in front. 1 if only that was given. */
static ssize_t packet_status(struct tty *t, struct iov_iter *to)
{
	u8 status;

	spin_lock_irq(&t->ctrl_lock);
	status = t->link->pkt_status;
	t->link->pkt_status = 0;
	spin_unlock_irq(&t->ctrl_lock);
	if (copy_to_iter(&status, 1, to) != 1)
		return -EFAULT;
	return status ? 1 : 0;
}

static bool other_side_closed(const struct tty *t)
{
	return READ_ONCE(t->other_closed);
}

/* Wait for input. 0: look again; else the read's result. */
static int wait_input(struct tty *t, struct kiocb *k, u32 min_chars, u64 deadline)
{
	DEFINE_WAIT(w);
	int res = 0;

	prepare_to_wait(&t->read_wait, &w, TASK_INTERRUPTIBLE);
	if (enough(t, min_chars) || (t->packet && READ_ONCE(t->link->pkt_status)))
		goto out;
	if (READ_ONCE(t->hung_up))
		res = 1;
	else if (other_side_closed(t) && !tty_input_pending(t))
		res = -EIO;
	else if (k->flags & (IOCB_NOWAIT | IOCB_NONBLOCK))
		res = -EAGAIN;
	else if (signal_pending())
		res = -ERESTARTSYS;
	else if (schedule_until(deadline) == 0)
		res = 1;
out:
	finish_wait(&t->read_wait, &w);
	return res;
}

ssize_t n_tty_read(struct tty *t, struct file *f, struct kiocb *k, struct iov_iter *to)
{
	u32 vmin = 1, vtime = 0, want = (u32)min_t(size_t, iov_iter_count(to), 0x7fffffff);
	u64 deadline = WAIT_FOREVER;
	ssize_t done = 0, got;
	bool end;
	int err;

	(void)f;
	err = tty_check_change(t, SIGTTIN);
	if (err)
		return err;
	if (!want)
		return 0;
	if (t->packet) {
		while (!enough(t, 1) && !READ_ONCE(t->link->pkt_status)) {
			err = wait_input(t, k, 1, WAIT_FOREVER);
			if (err)
				return err == 1 ? 0 : err;
		}
		got = packet_status(t, to);
		if (got || want == 1)
			return got < 0 ? got : 1;
		done = 1;
	}
	if (!canonical(t)) {
		vmin = t->termios.c_cc[VMIN];
		vtime = t->termios.c_cc[VTIME];
		if (!vmin && vtime)
			deadline = clock_monotonic_ns() + vtime * 100 * NSEC_PER_MSEC;
		else if (!vmin)
			deadline = 0;
	}
	for (;;) {
		got = take_some(t, to, &end);
		if (got < 0)
			return done ? done : got;
		done += got;
		/* Room in the buffer: what the driver still holds can come in. */
		if (got)
			work_queue(system_wq, &t->input_work);
		if (end || !iov_iter_count(to) || (t->packet && done > 1))
			return done;
		if (canonical(t) ? done > 0 : done && (u32)done >= max(vmin, 1u))
			return done;
		if (got && vmin && vtime)	/* the timer runs between characters */
			deadline = clock_monotonic_ns() + vtime * 100 * NSEC_PER_MSEC;
		err = wait_input(t, k, canonical(t) ? 1 : max(vmin, 1u) - (u32)done, deadline);
		if (err && enough(t, 1))
			continue;
		if (err)
			return done ? done : err == 1 ? 0 : err;
	}
}
