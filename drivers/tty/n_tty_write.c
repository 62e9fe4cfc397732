/* SPDX-License-Identifier: MPL-2.0 */
/* The N_TTY line discipline, writing: output processing and waiting for room. */
#include <base/math.h>
#include <base/string.h>
#include <core/upcall.h>

#include "internal.h"

static bool give(struct tty *t, const char *s, size_t n)
{
	if (t->ops->write_room(t) < n)
		return false;
	return t->ops->write(t, (const u8 *)s, n) == n;
}

static bool output_tab(struct tty *t, struct n_tty *n)
{
	u32 spaces = 8 - (n->column & 7);

	if (O_FLAG(t, TABDLY) == XTABS) {
		if (!give(t, "        ", spaces))
			return false;
	} else if (!give(t, "\t", 1)) {
		return false;
	}
	n->column += spaces;
	return true;
}

static bool output_newline(struct tty *t, struct n_tty *n)
{
	if (O_FLAG(t, ONLCR)) {
		if (!give(t, "\r\n", 2))
			return false;
		n->column = 0;
		return true;
	}
	if (!give(t, "\n", 1))
		return false;
	if (O_FLAG(t, ONLRET))
		n->column = 0;
	return true;
}

static bool output_return(struct tty *t, struct n_tty *n)
{
	if (O_FLAG(t, ONOCR) && n->column == 0)
		return true;
	if (O_FLAG(t, OCRNL)) {
		if (!give(t, "\n", 1))
			return false;
		if (O_FLAG(t, ONLRET))
			n->column = 0;
		return true;
	}
	if (!give(t, "\r", 1))
		return false;
	n->column = 0;
	return true;
}

/* out_lock and termios_lock held. */
bool n_tty_output(struct tty *t, u8 c)
{
	struct n_tty *n = t->ldisc;
	char ch = (char)c;

	if (!O_FLAG(t, OPOST))
		return give(t, &ch, 1);
	switch (c) {
	case '\n':
		return output_newline(t, n);
	case '\r':
		return output_return(t, n);
	case '\t':
		return output_tab(t, n);
	case '\b':
		if (!give(t, &ch, 1))
			return false;
		n->column -= n->column > 0;
		return true;
	}
	if (O_FLAG(t, OLCUC))
		ch = (char)toupper(c);
	if (!give(t, &ch, 1))
		return false;
	if (c >= 0x20 && c != 0x7f && !(I_FLAG(t, IUTF8) && (c & 0xc0) == 0x80))
		n->column++;
	return true;
}

static bool plain(u8 c)
{
	return c >= 0x20 && c < 0x7f;
}

#define LINE_MAX	256u

/*
 * A line of ordinary characters with its end, in one piece: on a console nothing of the kernel's comes between the
 * text and its end. How many characters of buf went; 0: it is no such line, or there is no room for
 * all of it.
 */
static size_t output_line(struct tty *t, const u8 *buf, size_t run)
{
	struct n_tty *n = t->ldisc;
	u8 line[LINE_MAX + 2];
	size_t took;

	if (run > LINE_MAX || !O_FLAG(t, ONLCR) || t->ops->write_room(t) < run + 2)
		return 0;
	memcpy(line, buf, run);
	line[run] = '\r';
	line[run + 1] = '\n';
	took = t->ops->write(t, line, run + 2);
	n->column = took == run + 2 ? 0 : n->column + (u32)min(took, run);
	return took == run + 2 ? run + 1 : min(took, run);
}

/* Put bytes through; how many went. termios_lock held. */
static size_t output_some(struct tty *t, const u8 *buf, size_t len)
{
	struct n_tty *n = t->ldisc;
	bool fast = !O_FLAG(t, OLCUC);
	size_t i = 0, line;

	mutex_lock_nested(&n->out_lock, 1);
	if (!O_FLAG(t, OPOST)) {
		i = t->ops->write(t, buf, len);
		mutex_unlock(&n->out_lock);
		return i;
	}
	while (i < len) {
		size_t run = 0;

		/* Runs of ordinary characters go in one piece. */
		while (fast && i + run < len && plain(buf[i + run]))
			run++;
		line = run && i + run < len && buf[i + run] == '\n' ? output_line(t, buf + i, run) : 0;
		if (line) {
			i += line;
		} else if (run) {
			size_t took = t->ops->write(t, buf + i, run);

			n->column += (u32)took;
			i += took;
			if (took < run)
				break;
		} else if (n_tty_output(t, buf[i])) {
			i++;
		} else {
			break;
		}
	}
	mutex_unlock(&n->out_lock);
	return i;
}

/* Wait for room. 0: try again. */
static int wait_room(struct tty *t, struct kiocb *k)
{
	DEFINE_WAIT(w);
	int res = 0;

	prepare_to_wait(&t->write_wait, &w, TASK_INTERRUPTIBLE);
	if (READ_ONCE(t->hung_up) || READ_ONCE(t->other_closed))
		res = -EIO;
	else if (t->ops->write_room(t) >= 8 && !READ_ONCE(t->flow_stopped))
		res = 0;
	else if (k->flags & (IOCB_NOWAIT | IOCB_NONBLOCK))
		res = -EAGAIN;
	else if (signal_pending())
		res = -ERESTARTSYS;
	else
		schedule();
	finish_wait(&t->write_wait, &w);
	return res;
}

/* One piece in kernel memory: bytes written, with *err why it is short. */
static size_t write_piece(struct tty *t, struct kiocb *k, const u8 *buf, size_t len, int *err)
{
	size_t done = 0;

	*err = 0;
	while (done < len) {
		size_t n = 0;

		down_read(&t->termios_lock);
		if (READ_ONCE(t->hung_up) || READ_ONCE(t->other_closed))
			*err = -EIO;
		else if (!READ_ONCE(t->flow_stopped))
			n = output_some(t, buf + done, len - done);
		up_read(&t->termios_lock);
		done += n;
		if (*err || done == len)
			break;
		if (!n)
			*err = wait_room(t, k);
		if (*err)
			break;
	}
	return done;
}

ssize_t n_tty_write(struct tty *t, struct file *f, struct kiocb *k, struct iov_iter *from)
{
	ssize_t done = 0;
	u8 buf[512];
	int err;

	(void)f;
	if (READ_ONCE(t->termios.c_lflag) & TOSTOP) {
		err = tty_check_change(t, SIGTTOU);
		if (err)
			return err;
	}
	err = mutex_lock_interruptible(&t->write_mutex);
	if (err)
		return err;
	while (iov_iter_count(from)) {
		size_t n = min_t(size_t, sizeof(buf), iov_iter_count(from)), put;

		if (copy_from_iter(buf, n, from) != n) {
			err = -EFAULT;
			break;
		}
		put = write_piece(t, k, buf, n, &err);
		done += (ssize_t)put;
		if (put < n) {
			iov_iter_revert(from, n - put);
			break;
		}
	}
	mutex_unlock(&t->write_mutex);
	/* The other side of a pty sees it, and we its echo, before we return; no lock is held. */
	if (t->link && done) {
		n_tty_receive_work(&t->link->input_work);
		if (tty_input_pending(t))
			n_tty_receive_work(&t->input_work);
	}
	return done ? done : err;
}
