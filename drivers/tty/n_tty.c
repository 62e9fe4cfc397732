/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The N_TTY line discipline, input side: what a received character does. In canonical mode lines
 * are edited here (erase, kill, word erase, reprint, literal next) and become readable as a whole;
 * otherwise characters are readable at once. Signals, flow control and echo are done on the way.
 * Source: termios(3), POSIX chapter 11.
 *
 * Runs in a worker, under termios_lock (shared) and n->lock.
 */
#include <base/math.h>
#include <base/string.h>
#include <core/slab.h>

#include "internal.h"

#define MASK(i)		((i) & (N_TTY_BUF - 1))
#define DISABLED	0	/* _POSIX_VDISABLE */

static u32 used(const struct n_tty *n) { return n->head - n->tail; }

int n_tty_create(struct tty *t)
{
	struct n_tty *n = kvmalloc(sizeof(*n), GFP_KERNEL | GFP_ZERO);

	if (!n)
		return -ENOMEM;
	mutex_init(&n->lock, LEAF_MUTEX);
	mutex_init(&n->out_lock, LEAF_MUTEX);
	t->ldisc = n;
	return 0;
}

void n_tty_destroy(struct tty *t)
{
	kvfree(t->ldisc);
	t->ldisc = NULL;
}

/* --- echo --- */

static void echo_byte(struct n_tty *n, u8 c)
{
	if (n->echo_head - n->echo_tail < N_TTY_ECHO)
		n->echo[n->echo_head++ % N_TTY_ECHO] = c;
}

static void echo_text(struct n_tty *n, const char *s)
{
	while (*s)
		echo_byte(n, (u8)*s++);
}

static bool is_control(u8 c)
{
	return c < 0x20 || c == 0x7f;
}

static void echo_char(struct tty *t, u8 c)
{
	struct n_tty *n = t->ldisc;

	if (L_FLAG(t, ECHOCTL) && is_control(c) && c != '\t' && c != '\n') {
		echo_byte(n, '^');
		echo_byte(n, c ^ 0x40);
	} else {
		echo_byte(n, c);
	}
}

static void finish_erasing(struct n_tty *n)
{
	if (n->erasing) {
		echo_byte(n, '/');
		n->erasing = false;
	}
}

void n_tty_flush_echo(struct tty *t)
{
	struct n_tty *n = t->ldisc;

	mutex_lock_nested(&n->out_lock, 1);
	while (n->echo_tail != n->echo_head && n_tty_output(t, n->echo[n->echo_tail % N_TTY_ECHO]))
		n->echo_tail++;
	mutex_unlock(&n->out_lock);
}

/* --- the buffer --- */

static void put_char(struct n_tty *n, u8 c)
{
	u32 i = MASK(n->head);

	n->buf[i] = c;
	bitmap_clear_bit(n->eol, i);
	bitmap_clear_bit(n->eof, i);
	WRITE_ONCE(n->head, n->head + 1);
}

static void put_line_end(struct n_tty *n, u8 c, bool eof)
{
	u32 i = MASK(n->head);

	n->buf[i] = c;
	bitmap_set_bit(n->eol, i);
	if (eof)
		bitmap_set_bit(n->eof, i);
	else
		bitmap_clear_bit(n->eof, i);
	WRITE_ONCE(n->head, n->head + 1);
	WRITE_ONCE(n->canon, n->head);
}

/* --- editing --- */

/* Columns that a character of the input line takes on the screen when it begins at `col`. */
static u32 char_width(struct tty *t, u8 c, u32 col)
{
	if (c == '\t')
		return 8 - (col & 7);
	if (is_control(c))
		return L_FLAG(t, ECHOCTL) ? 2 : 0;
	if (I_FLAG(t, IUTF8) && (c & 0xc0) == 0x80)
		return 0;
	return 1;
}

/* Column where character `i` of the line being edited begins. */
static u32 column_of(struct tty *t, u32 i)
{
	struct n_tty *n = t->ldisc;
	u32 col = n->canon_column;

	for (u32 j = n->canon; j != i; j++)
		col += char_width(t, n->buf[MASK(j)], col);
	return col;
}

static void echo_erased(struct tty *t, u32 i, u8 c)
{
	struct n_tty *n = t->ldisc;
	u32 width;

	if (L_FLAG(t, ECHOPRT)) {
		if (!n->erasing) {
			echo_byte(n, '\\');
			n->erasing = true;
		}
		echo_char(t, c);
		return;
	}
	if (!L_FLAG(t, ECHOE)) {
		echo_char(t, TTY_CC(t, VERASE));
		return;
	}
	width = char_width(t, c, c == '\t' ? column_of(t, i) : 0);
	while (width--)
		echo_text(n, c == '\t' ? "\b" : "\b \b");
}

/* Remove the last character of the unfinished line (with UTF-8, all its bytes). */
static void erase_char(struct tty *t)
{
	struct n_tty *n = t->ldisc;
	u32 i = n->head;

	do
		i--;
	while (I_FLAG(t, IUTF8) && i != n->canon && (n->buf[MASK(i)] & 0xc0) == 0x80);
	WRITE_ONCE(n->head, i);
	if (L_FLAG(t, ECHO))
		echo_erased(t, i, n->buf[MASK(i)]);
}

static bool is_word_char(u8 c)
{
	return isalnum(c) || c == '_' || c >= 0x80;
}

static void erase_word(struct tty *t)
{
	struct n_tty *n = t->ldisc;

	while (n->head != n->canon && !is_word_char(n->buf[MASK(n->head - 1)]))
		erase_char(t);
	while (n->head != n->canon && is_word_char(n->buf[MASK(n->head - 1)]))
		erase_char(t);
}

static void kill_line(struct tty *t)
{
	struct n_tty *n = t->ldisc;

	if (!L_FLAG(t, ECHO) || (L_FLAG(t, ECHOK) && L_FLAG(t, ECHOKE) && L_FLAG(t, ECHOE))) {
		while (n->head != n->canon)
			erase_char(t);
		return;
	}
	WRITE_ONCE(n->head, n->canon);
	finish_erasing(n);
	echo_char(t, TTY_CC(t, VKILL));
	if (L_FLAG(t, ECHOK))
		echo_byte(n, '\n');
}

static void reprint_line(struct tty *t)
{
	struct n_tty *n = t->ldisc;

	finish_erasing(n);
	echo_char(t, TTY_CC(t, VREPRINT));
	echo_byte(n, '\n');
	for (u32 i = n->canon; i != n->head; i++)
		echo_char(t, n->buf[MASK(i)]);
}

/* Canonical editing. True: c was a command and is used up. */
static bool edit(struct tty *t, u8 c)
{
	struct n_tty *n = t->ldisc;
	bool have = n->head != n->canon;

	if (c == DISABLED)
		return false;
	if (c == TTY_CC(t, VERASE)) {
		if (have)
			erase_char(t);
		return true;
	}
	if (c == TTY_CC(t, VKILL)) {
		if (have)
			kill_line(t);
		return true;
	}
	if (!L_FLAG(t, IEXTEN))
		return false;
	if (c == TTY_CC(t, VWERASE)) {
		erase_word(t);
		return true;
	}
	if (c == TTY_CC(t, VLNEXT)) {
		n->lnext = true;
		if (L_FLAG(t, ECHO)) {
			finish_erasing(n);
			if (L_FLAG(t, ECHOCTL))
				echo_text(n, "^\b");
		}
		return true;
	}
	if (c == TTY_CC(t, VREPRINT) && L_FLAG(t, ECHO)) {
		reprint_line(t);
		return true;
	}
	return false;
}

/* Does c end a line? Then it is put into the buffer. */
static bool end_line(struct tty *t, u8 c)
{
	struct n_tty *n = t->ldisc;

	if (c == '\n') {
		if (L_FLAG(t, ECHO | ECHONL))
			echo_byte(n, '\n');
		put_line_end(n, c, false);
		return true;
	}
	if (c == DISABLED)
		return false;
	if (c == TTY_CC(t, VEOF)) {
		put_line_end(n, 0, true);
		return true;
	}
	if (c == TTY_CC(t, VEOL) || (c == TTY_CC(t, VEOL2) && L_FLAG(t, IEXTEN))) {
		if (L_FLAG(t, ECHO))
			echo_char(t, c);
		put_line_end(n, c, false);
		return true;
	}
	return false;
}

/* --- characters --- */

static void input_signal(struct tty *t, u8 c, int sig)
{
	struct n_tty *n = t->ldisc;

	if (!L_FLAG(t, NOFLSH)) {
		WRITE_ONCE(n->tail, n->head);
		WRITE_ONCE(n->canon, n->head);
		n->echo_tail = n->echo_head;
		if (t->ops->flush_buffer)
			t->ops->flush_buffer(t);
	}
	if (t->flow_stopped && !I_FLAG(t, IXON))
		tty_flow_start(t);
	if (L_FLAG(t, ECHO)) {
		finish_erasing(n);
		echo_char(t, c);
	}
	tty_signal_pgrp(t, sig);
}

/* VINTR, VQUIT, VSUSP. */
static bool check_signal(struct tty *t, u8 c)
{
	if (!L_FLAG(t, ISIG) || c == DISABLED)
		return false;
	if (c == TTY_CC(t, VINTR))
		input_signal(t, c, SIGINT);
	else if (c == TTY_CC(t, VQUIT))
		input_signal(t, c, SIGQUIT);
	else if (c == TTY_CC(t, VSUSP))
		input_signal(t, c, SIGTSTP);
	else
		return false;
	return true;
}

/* ^S and ^Q. */
static bool check_flow(struct tty *t, u8 c)
{
	if (!I_FLAG(t, IXON) || c == DISABLED)
		return false;
	if (c == TTY_CC(t, VSTART)) {
		tty_flow_start(t);
		return true;
	}
	if (c == TTY_CC(t, VSTOP)) {
		tty_flow_stop(t);
		return true;
	}
	if (t->flow_stopped && I_FLAG(t, IXANY))
		tty_flow_start(t);
	return false;
}

static void bell(struct tty *t)
{
	if (I_FLAG(t, IMAXBEL))
		echo_byte(t->ldisc, '\a');
}

static void store(struct tty *t, u8 c)
{
	struct n_tty *n = t->ldisc;
	bool canon = L_FLAG(t, ICANON);

	/* One place is kept for the end of the line. */
	if (used(n) >= N_TTY_BUF - 1) {
		bell(t);
		return;
	}
	if (L_FLAG(t, ECHO)) {
		finish_erasing(n);
		if (n->head == n->canon && canon)
			n->canon_column = n->column;
		echo_char(t, c);
	}
	if (I_FLAG(t, PARMRK) && c == 0xff)
		put_char(n, c);
	put_char(n, c);
}

static void receive_normal(struct tty *t, u8 c)
{
	struct n_tty *n = t->ldisc;

	if (I_FLAG(t, ISTRIP))
		c &= 0x7f;
	if (I_FLAG(t, IUCLC) && L_FLAG(t, IEXTEN))
		c = (u8)tolower(c);
	if (n->lnext) {
		n->lnext = false;
		store(t, c);
		return;
	}
	if (check_flow(t, c) || check_signal(t, c))
		return;
	if (c == '\r') {
		if (I_FLAG(t, IGNCR))
			return;
		if (I_FLAG(t, ICRNL))
			c = '\n';
	} else if (c == '\n' && I_FLAG(t, INLCR)) {
		c = '\r';
	}
	if (L_FLAG(t, ICANON) && (edit(t, c) || (used(n) < N_TTY_BUF && end_line(t, c))))
		return;
	store(t, c);
}

static void receive_break(struct tty *t)
{
	struct n_tty *n = t->ldisc;

	if (I_FLAG(t, IGNBRK))
		return;
	if (I_FLAG(t, BRKINT)) {
		input_signal(t, TTY_CC(t, VINTR), SIGINT);
		return;
	}
	if (I_FLAG(t, PARMRK)) {
		put_char(n, 0xff);
		put_char(n, 0);
	}
	put_char(n, 0);
}

static void receive_parity_error(struct tty *t, u8 c)
{
	struct n_tty *n = t->ldisc;

	if (I_FLAG(t, INPCK)) {
		if (I_FLAG(t, IGNPAR))
			return;
		if (I_FLAG(t, PARMRK)) {
			put_char(n, 0xff);
			put_char(n, 0);
			put_char(n, c);
			return;
		}
		c = 0;
	}
	receive_normal(t, c);
}

static void receive(struct tty *t, u8 c, u8 flag)
{
	switch (flag) {
	case TTY_NORMAL:
		receive_normal(t, c);
		break;
	case TTY_BREAK:
		receive_break(t);
		break;
	default:
		receive_parity_error(t, c);
		break;
	}
}

/* --- throttling: XOFF to the sender, or the driver's own way --- */

static void throttle(struct tty *t)
{
	struct n_tty *n = t->ldisc;

	if (n->throttled || used(n) < N_TTY_BUF - 128 || (L_FLAG(t, ICANON) && n->canon == n->tail))
		return;
	n->throttled = true;
	if (I_FLAG(t, IXOFF) && TTY_CC(t, VSTOP)) {
		u8 c = TTY_CC(t, VSTOP);

		(void)t->ops->write(t, &c, 1);
	}
	if (t->ops->throttle)
		t->ops->throttle(t);
}

void n_tty_check_unthrottle(struct tty *t)
{
	struct n_tty *n = t->ldisc;

	if (!n->throttled || used(n) > 128)
		return;
	n->throttled = false;
	if (I_FLAG(t, IXOFF) && TTY_CC(t, VSTART)) {
		u8 c = TTY_CC(t, VSTART);

		(void)t->ops->write(t, &c, 1);
	}
	if (t->ops->unthrottle)
		t->ops->unthrottle(t);
}

/* May more be taken from the driver? In canonical mode an overlong line is cut, not held back. */
static u32 room(struct tty *t)
{
	struct n_tty *n = t->ldisc;
	u32 left = N_TTY_BUF - 1 - used(n);

	left = I_FLAG(t, PARMRK) ? left / 3 : left;
	if (!left && L_FLAG(t, ICANON) && n->canon == n->tail)
		return 1;
	return left;
}

void n_tty_receive_work(struct work *w)
{
	struct tty *t = container_of(w, struct tty, input_work);
	struct n_tty *n = t->ldisc;
	u8 buf[128], flags[128];
	u32 got;

	down_read(&t->termios_lock);
	mutex_lock(&n->lock);
	while ((got = tty_input_take(t, buf, flags, min_t(u32, sizeof(buf), room(t)))) > 0)
		for (u32 i = 0; i < got; i++)
			receive(t, buf[i], flags[i]);
	throttle(t);
	n_tty_flush_echo(t);
	mutex_unlock(&n->lock);
	up_read(&t->termios_lock);
	if (wait_queue_has_sleeper(&t->read_wait))
		wake_up_poll_all(&t->read_wait, EPOLLIN | EPOLLRDNORM);
	if (n_tty_poll_readable(t))
		fasync_send(&t->async, POLL_IN);
}

/* --- changes from above --- */

void n_tty_flush_input(struct tty *t)
{
	struct n_tty *n = t->ldisc;

	tty_input_flush(t);
	mutex_lock(&n->lock);
	WRITE_ONCE(n->tail, n->head);
	WRITE_ONCE(n->canon, n->head);
	n->lnext = false;
	n->erasing = false;
	n_tty_check_unthrottle(t);
	mutex_unlock(&n->lock);
}

/* termios_lock held for writing. */
void n_tty_termios_changed(struct tty *t, const struct termios2 *old)
{
	struct n_tty *n = t->ldisc;

	if ((old->c_lflag ^ t->termios.c_lflag) & ICANON) {
		mutex_lock(&n->lock);
		memset(n->eol, 0, sizeof(n->eol));
		memset(n->eof, 0, sizeof(n->eof));
		if (L_FLAG(t, ICANON) && used(n)) {
			/* What was typed before counts as a line. */
			bitmap_set_bit(n->eol, MASK(n->head - 1));
			WRITE_ONCE(n->canon, n->head);
		} else {
			WRITE_ONCE(n->canon, n->tail);
		}
		n->erasing = false;
		n->lnext = false;
		mutex_unlock(&n->lock);
	}
	if (t->flow_stopped && old->c_iflag & IXON && !I_FLAG(t, IXON))
		tty_flow_start(t);
	wake_up_poll_all(&t->read_wait, EPOLLIN | EPOLLRDNORM);
	wake_up_poll_all(&t->write_wait, EPOLLOUT | EPOLLWRNORM);
}
