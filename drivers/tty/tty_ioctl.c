/* SPDX-License-Identifier: MPL-2.0 */
/* ioctls of terminals: termios in its three forms, flow control, flushing, window size. See tty_ioctl(4). */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/upcall.h>
#include <kernel/syscall.h>
#include <uapi/linux/ioctls.h>

#include "internal.h"

static const u32 baud_table[] = { 0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400 };
static const u32 baud_table_ex[] = { 0, 57600, 115200, 230400, 460800, 500000, 576000, 921600, 1000000, 1152000,
	1500000, 2000000, 2500000, 3000000, 3500000, 4000000 };

/* Speed that the CBAUD bits mean; `custom` for BOTHER. */
static u32 baud_decode(u32 cflag, u32 custom)
{
	u32 code = cflag & CBAUD;

	if (code == BOTHER)
		return custom;
	if (code & CBAUDEX)
		return (code & 15) < ARRAY_SIZE(baud_table_ex) ? baud_table_ex[code & 15] : 38400;
	return baud_table[code];
}

int tty_set_termios(struct tty *t, const struct termios2 *new)
{
	struct termios2 old;

	down_write(&t->termios_lock);
	old = t->termios;
	t->termios = *new;
	if (t->is_ptm || t->is_pts)
		t->termios.c_cflag = (t->termios.c_cflag & ~(CSIZE | PARENB)) | CS8 | CREAD;
	if (t->ops->set_termios)
		t->ops->set_termios(t, &old);
	n_tty_termios_changed(t, &old);
	up_write(&t->termios_lock);
	return 0;
}

/* Until the driver has sent all, a signal comes or the deadline passes. */
void tty_wait_sent(struct tty *t, u64 deadline)
{
	if (t->ops->chars_in_buffer)
		(void)wait_event_interruptible_until(&t->write_wait, !t->ops->chars_in_buffer(t), deadline);
}

enum { WHEN_NOW, WHEN_DRAINED, WHEN_FLUSHED };

static long set_termios_when(struct tty *t, const struct termios2 *new, int when)
{
	int err = tty_check_change(t, SIGTTOU);

	if (err)
		return err;
	if (when == WHEN_FLUSHED)
		n_tty_flush_input(t);
	if (when != WHEN_NOW) {
		tty_wait_sent(t, WAIT_FOREVER);
		if (signal_pending())
			return -ERESTARTSYS;
	}
	return tty_set_termios(t, new);
}

static long set_from_termios(struct tty *t, u64 arg, int when)
{
	struct termios2 new = t->termios;
	struct termios in;

	if (copy_in_bytes(&in, uaddr(arg), sizeof(in)))
		return -EFAULT;
	memcpy(&new, &in, sizeof(in));
	new.c_ispeed = new.c_ospeed = baud_decode(in.c_cflag, t->termios.c_ospeed);
	return set_termios_when(t, &new, when);
}

static long set_from_termios2(struct tty *t, u64 arg, int when)
{
	struct termios2 new;

	if (copy_in_bytes(&new, uaddr(arg), sizeof(new)))
		return -EFAULT;
	new.c_ospeed = baud_decode(new.c_cflag, new.c_ospeed);
	new.c_ispeed = new.c_cflag & CIBAUD ? baud_decode(new.c_cflag >> IBSHIFT, new.c_ispeed) : new.c_ospeed;
	return set_termios_when(t, &new, when);
}

static long set_from_termio(struct tty *t, u64 arg, int when)
{
	struct termios2 new = t->termios;
	struct termio in;

	if (copy_in_bytes(&in, uaddr(arg), sizeof(in)))
		return -EFAULT;
	new.c_iflag = (new.c_iflag & 0xffff0000u) | in.c_iflag;
	new.c_oflag = (new.c_oflag & 0xffff0000u) | in.c_oflag;
	new.c_cflag = (new.c_cflag & 0xffff0000u) | in.c_cflag;
	new.c_lflag = (new.c_lflag & 0xffff0000u) | in.c_lflag;
	memcpy(new.c_cc, in.c_cc, NCC);
	return set_termios_when(t, &new, when);
}

static long get_termios(struct tty *t, u32 cmd, u64 arg)
{
	struct termios2 cur;
	struct termio old;

	down_read(&t->termios_lock);
	cur = t->termios;
	up_read(&t->termios_lock);
	if (cmd == TCGETS)
		return copy_out_bytes(uaddr(arg), &cur, sizeof(struct termios));
	if (cmd == TCGETS2)
		return copy_out_bytes(uaddr(arg), &cur, sizeof(cur));
	memset(&old, 0, sizeof(old));
	old.c_iflag = (u16)cur.c_iflag;
	old.c_oflag = (u16)cur.c_oflag;
	old.c_cflag = (u16)cur.c_cflag;
	old.c_lflag = (u16)cur.c_lflag;
	old.c_line = cur.c_line;
	memcpy(old.c_cc, cur.c_cc, NCC);
	return copy_out_bytes(uaddr(arg), &old, sizeof(old));
}

/* --- flow control --- */

static void packet_event(struct tty *t, u8 set, u8 clear)
{
	u64 flags;

	if (!t->is_pts || !t->link || !t->link->packet)
		return;
	spin_lock_irqsave(&t->ctrl_lock, flags);
	t->pkt_status = (u8)((t->pkt_status & ~clear) | set);
	spin_unlock_irqrestore(&t->ctrl_lock, flags);
	wake_up_poll_all(&t->link->read_wait, EPOLLIN | EPOLLPRI);
}

void tty_flow_stop(struct tty *t)
{
	WRITE_ONCE(t->flow_stopped, true);
	packet_event(t, TIOCPKT_STOP, TIOCPKT_START);
	if (t->ops->stop)
		t->ops->stop(t);
}

void tty_flow_start(struct tty *t)
{
	if (!READ_ONCE(t->flow_stopped))
		return;
	WRITE_ONCE(t->flow_stopped, false);
	packet_event(t, TIOCPKT_START, TIOCPKT_STOP);
	if (t->ops->start)
		t->ops->start(t);
	tty_wakeup(t);
}

static void send_char(struct tty *t, u8 c)
{
	if (c)
		(void)t->ops->write(t, &c, 1);
}

static long flow_ioctl(struct tty *t, u64 arg)
{
	int err = tty_check_change(t, SIGTTOU);

	if (err)
		return err;
	switch (arg) {
	case TCOOFF:
		tty_flow_stop(t);
		return 0;
	case TCOON:
		tty_flow_start(t);
		return 0;
	case TCIOFF:
		send_char(t, t->termios.c_cc[VSTOP]);
		return 0;
	case TCION:
		send_char(t, t->termios.c_cc[VSTART]);
		return 0;
	default:
		return -EINVAL;
	}
}

static long flush_ioctl(struct tty *t, u64 arg)
{
	int err = tty_check_change(t, SIGTTOU);

	if (err)
		return err;
	if (arg > TCIOFLUSH)
		return -EINVAL;
	if (arg != TCOFLUSH) {
		n_tty_flush_input(t);
		packet_event(t, TIOCPKT_FLUSHREAD, 0);
	}
	if (arg != TCIFLUSH) {
		if (t->ops->flush_buffer)
			t->ops->flush_buffer(t);
		packet_event(t, TIOCPKT_FLUSHWRITE, 0);
		tty_wakeup(t);
	}
	return 0;
}

static long break_ioctl(struct tty *t, u32 cmd, u64 arg)
{
	int err = tty_check_change(t, SIGTTOU);

	if (err)
		return err;
	tty_wait_sent(t, WAIT_FOREVER);
	if (signal_pending())
		return -ERESTARTSYS;
	/* tcsendbreak(fd, 0) comes as TCSBRK with 0; TCSBRK with another value is tcdrain. */
	if (t->ops->send_break && (cmd == TCSBRKP || !arg))
		t->ops->send_break(t, cmd == TCSBRKP && arg ? (int)min_t(u64, arg, 100) * 100 : 250);
	return 0;
}

/* --- window size --- */

static bool winsize_equal(const struct winsize *a, const struct winsize *b)
{
	return !memcmp(a, b, sizeof(*a));
}

void tty_resize(struct tty *t, const struct winsize *ws)
{
	struct tty *pair[2] = { t, t->link };
	bool changed;

	spin_lock_irq(&t->ctrl_lock);
	changed = !winsize_equal(ws, &t->winsize);
	t->winsize = *ws;
	spin_unlock_irq(&t->ctrl_lock);
	if (!changed)
		return;
	for (int i = 0; i < 2; i++) {
		if (!pair[i])
			continue;
		pair[i]->winsize = *ws;
		tty_signal_pgrp(pair[i], SIGWINCH);
	}
}

static long set_winsize(struct tty *t, u64 arg)
{
	struct winsize ws;

	if (copy_in_bytes(&ws, uaddr(arg), sizeof(ws)))
		return -EFAULT;
	if (t->ops->resize)
		return t->ops->resize(t, &ws);
	tty_resize(t, &ws);
	return 0;
}

static long get_winsize(struct tty *t, u64 arg)
{
	struct winsize ws;

	spin_lock_irq(&t->ctrl_lock);
	ws = t->winsize;
	spin_unlock_irq(&t->ctrl_lock);
	return copy_out_bytes(uaddr(arg), &ws, sizeof(ws));
}

/* --- the rest --- */

static long put_int(u64 arg, int v)
{
	return copy_out_bytes(uaddr(arg), &v, sizeof(v));
}

/* Type a character as if it had been received: only on one's own terminal. */
static long simulate_input(struct tty *t, u64 arg)
{
	u8 c;

	if (READ_ONCE(current->proc->tty) != t && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (copy_in_bytes(&c, uaddr(arg), 1))
		return -EFAULT;
	return tty_input(t, &c, NULL, 1) == 1 ? 0 : -EAGAIN;
}

static long modem_ioctl(struct tty *t, u32 cmd, u64 arg)
{
	int val;

	if (!t->ops->tiocmget)
		return -ENOTTY;
	if (cmd == TIOCMGET)
		return put_int(arg, t->ops->tiocmget(t));
	if (!t->ops->tiocmset)
		return -ENOTTY;
	if (copy_in_bytes(&val, uaddr(arg), sizeof(val)))
		return -EFAULT;
	return t->ops->tiocmset(t, cmd == TIOCMBIC ? 0 : (u32)val,
				cmd == TIOCMBIS ? 0 : cmd == TIOCMBIC ? (u32)val : ~(u32)val);
}

static long termios_ioctl(struct tty *t, u32 cmd, u64 arg)
{
	/* The master's termios calls speak of the slave, as programs expect. */
	if (t->is_ptm)
		t = t->link;
	switch (cmd) {
	case TCGETS:
	case TCGETS2:
	case TCGETA:
		return get_termios(t, cmd, arg);
	case TCSETS:
		return set_from_termios(t, arg, WHEN_NOW);
	case TCSETSW:
		return set_from_termios(t, arg, WHEN_DRAINED);
	case TCSETSF:
		return set_from_termios(t, arg, WHEN_FLUSHED);
	case TCSETS2:
		return set_from_termios2(t, arg, WHEN_NOW);
	case TCSETSW2:
		return set_from_termios2(t, arg, WHEN_DRAINED);
	case TCSETSF2:
		return set_from_termios2(t, arg, WHEN_FLUSHED);
	case TCSETA:
		return set_from_termio(t, arg, WHEN_NOW);
	case TCSETAW:
		return set_from_termio(t, arg, WHEN_DRAINED);
	case TCSETAF:
		return set_from_termio(t, arg, WHEN_FLUSHED);
	default:
		return -ENOIOCTLCMD;
	}
}

static long line_ioctl(struct tty *t, u32 cmd, u64 arg)
{
	int val;

	switch (cmd) {
	case TCXONC:
		return flow_ioctl(t, arg);
	case TCFLSH:
		return flush_ioctl(t, arg);
	case TCSBRK:
	case TCSBRKP:
		return break_ioctl(t, cmd, arg);
	case TIOCGWINSZ:
		return get_winsize(t, arg);
	case TIOCSWINSZ:
		return set_winsize(t, arg);
	case FIONREAD:
		return put_int(arg, (int)n_tty_readable(t));
	case TIOCOUTQ:
		return put_int(arg, t->ops->chars_in_buffer ? (int)t->ops->chars_in_buffer(t) : 0);
	case TIOCSTI:
		return simulate_input(t, arg);
	case TIOCEXCL:
		t->exclusive = true;
		return 0;
	case TIOCNXCL:
		t->exclusive = false;
		return 0;
	case TIOCGEXCL:
		return put_int(arg, t->exclusive);
	case TIOCGETD:
		return put_int(arg, N_TTY);
	case TIOCSETD:
		if (copy_in_bytes(&val, uaddr(arg), sizeof(val)))
			return -EFAULT;
		return val == N_TTY ? 0 : -EINVAL;
	case TIOCGDEV:
		return put_int(arg, (int)(dev_minor(t->devt) & 0xff) | (int)(dev_major(t->devt) << 8));
	case TIOCVHANGUP:
		if (!capable(CAP_SYS_ADMIN))
			return -EPERM;
		tty_hangup(t);
		return 0;
	case TIOCMGET:
	case TIOCMSET:
	case TIOCMBIS:
	case TIOCMBIC:
		return modem_ioctl(t, cmd, arg);
	default:
		return -ENOIOCTLCMD;
	}
}

long tty_ioctl(struct file *f, u32 cmd, u64 arg)
{
	struct tty *t = file_tty(f);
	long res;

	if (READ_ONCE(t->hung_up) && cmd != TIOCSPGRP)
		return cmd == TIOCGSID || cmd == TIOCGPGRP ? -ENOTTY : -EIO;
	res = termios_ioctl(t, cmd, arg);
	if (res == -ENOIOCTLCMD)
		res = tty_job_ioctl(t, f, cmd, arg);
	if (res == -ENOIOCTLCMD)
		res = line_ioctl(t, cmd, arg);
	if (res == -ENOIOCTLCMD && t->is_ptm)
		res = pty_ioctl(t, f, cmd, arg);
	if (res == -ENOIOCTLCMD && t->ops->ioctl)
		res = t->ops->ioctl(t, cmd, arg);
	return res == -ENOIOCTLCMD ? -ENOTTY : res;
}
