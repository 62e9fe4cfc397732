/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Pseudo terminals. Opening /dev/ptmx makes a pair: the master (a program that plays the terminal)
 * and the slave /dev/pts/N (the terminal of others). What one side writes is the other's input.
 *
 * Life: both ttys are made together, share one count of references (master file, slave files, the
 * node in devpts) and go together. When the master's last file is closed the slave is hung up and
 * its node is gone.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/init.h>
#include <drivers/device.h>
#include <uapi/linux/ioctls.h>
#include <uapi/linux/major.h>

#include "internal.h"

#define PTMX_MINOR	2

static size_t pty_write(struct tty *t, const u8 *buf, size_t n)
{
	if (READ_ONCE(t->stopped) || !t->link)
		return 0;
	return tty_input(t->link, buf, NULL, n);
}

static size_t pty_write_room(struct tty *t)
{
	return t->link ? tty_input_room(t->link) : 0;
}

static void pty_flush_buffer(struct tty *t)
{
	struct tty *to = t->link;
	u64 flags;

	if (!to)
		return;
	tty_input_flush(to);
	if (to->packet) {
		spin_lock_irqsave(&t->ctrl_lock, flags);
		t->pkt_status |= TIOCPKT_FLUSHWRITE;
		spin_unlock_irqrestore(&t->ctrl_lock, flags);
		wake_up_poll_all(&to->read_wait, EPOLLIN | EPOLLPRI);
	}
}

/* Packet mode tells the master whether ^S and ^Q are the terminal's business. */
static void pts_set_termios(struct tty *t, const struct termios2 *old)
{
	struct tty *master = t->link;
	bool extproc = (old->c_lflag ^ t->termios.c_lflag) & EXTPROC;
	bool was, is;
	u8 status;

	if (!master || !master->packet)
		return;
	was = old->c_iflag & IXON && old->c_cc[VSTOP] == 19 && old->c_cc[VSTART] == 17;
	is = t->termios.c_iflag & IXON && t->termios.c_cc[VSTOP] == 19 && t->termios.c_cc[VSTART] == 17;
	if (was == is && !extproc)
		return;
	status = extproc ? TIOCPKT_IOCTL : 0;
	if (was != is)
		status |= is ? TIOCPKT_DOSTOP : TIOCPKT_NOSTOP;
	spin_lock_irq(&t->ctrl_lock);
	t->pkt_status = (u8)((t->pkt_status & ~(TIOCPKT_DOSTOP | TIOCPKT_NOSTOP)) | status);
	spin_unlock_irq(&t->ctrl_lock);
	wake_up_poll_all(&master->read_wait, EPOLLIN | EPOLLPRI);
}

static int pts_open(struct tty *t)
{
	if (t->pty_locked)
		return -EIO;
	WRITE_ONCE(t->link->other_closed, false);
	return 0;
}

/* Last file of the slave: the master reads EIO until it is opened again. */
static void pts_close(struct tty *t)
{
	struct tty *master = t->link;

	WRITE_ONCE(master->other_closed, true);
	wake_up_poll_all(&master->read_wait, EPOLLIN | EPOLLHUP);
	wake_up_poll_all(&master->write_wait, EPOLLOUT | EPOLLHUP);
}

static const struct tty_ops pts_ops = {
	.open = pts_open,
	.close = pts_close,
	.write = pty_write,
	.write_room = pty_write_room,
	.flush_buffer = pty_flush_buffer,
	.set_termios = pts_set_termios,
};

static void ptm_close(struct tty *t)
{
	struct tty *slave = t->link;

	devpts_remove_slave(t->devpts, (int)t->index);
	WRITE_ONCE(slave->other_closed, true);
	tty_hangup(slave);
	devpts_free_index(t->devpts, (int)t->index);
}

static const struct tty_ops ptm_ops = {
	.close = ptm_close,
	.write = pty_write,
	.write_room = pty_write_room,
	.flush_buffer = pty_flush_buffer,
};

/* --- ioctls of the master --- */

static long get_int(u64 arg, int *v)
{
	return copy_in_bytes(v, uaddr(arg), sizeof(*v));
}

static long put_int(u64 arg, int v)
{
	return copy_out_bytes(uaddr(arg), &v, sizeof(v));
}

static long open_peer(struct tty *t, struct file *f, u64 oflags)
{
	struct file *peer = devpts_open_slave(f, (int)t->index, (u32)oflags);

	return IS_ERR(peer) ? PTR_ERR(peer) : fd_add(peer, (u32)oflags);
}

long pty_ioctl(struct tty *t, struct file *f, u32 cmd, u64 arg)
{
	int v;

	switch (cmd) {
	case TIOCGPTN:
		return put_int(arg, (int)t->index);
	case TIOCSPTLCK:
		if (get_int(arg, &v))
			return -EFAULT;
		t->link->pty_locked = v != 0;
		return 0;
	case TIOCGPTLCK:
		return put_int(arg, t->link->pty_locked);
	case TIOCGPTPEER:
		return open_peer(t, f, arg);
	case TIOCPKT:
		if (get_int(arg, &v))
			return -EFAULT;
		spin_lock_irq(&t->ctrl_lock);
		if (v && !t->packet)
			t->link->pkt_status = 0;
		t->packet = v != 0;
		spin_unlock_irq(&t->ctrl_lock);
		return 0;
	case TIOCGPKT:
		return put_int(arg, t->packet);
	case TIOCSIG:
		if (arg < 1 || arg > NSIG || (arg != SIGINT && arg != SIGQUIT && arg != SIGTSTP))
			return -EINVAL;
		tty_signal_pgrp(t->link, (int)arg);
		return 0;
	default:
		return -ENOIOCTLCMD;
	}
}

/* --- /dev/ptmx --- */

static struct tty *pty_side(const char *name, u32 major, int index, const struct tty_ops *ops, void *instance)
{
	struct tty *t = tty_alloc(name, mkdev(major, (u32)index), ops, NULL);

	if (!t)
		return NULL;
	t->index = (u32)index;
	t->devpts = instance;
	return t;
}

static int pty_pair(int index, void *instance, struct tty **master)
{
	char name[24];
	struct tty *m, *s;

	scnprintf(name, sizeof(name), "pts/%d", index);
	m = pty_side("ptmx", UNIX98_PTY_MASTER_MAJOR, index, &ptm_ops, instance);
	s = pty_side(name, UNIX98_PTY_SLAVE_MAJOR, index, &pts_ops, instance);
	if (!m || !s) {
		tty_put(m);
		tty_put(s);
		return -ENOMEM;
	}
	m->is_ptm = true;
	s->is_pts = true;
	s->pty_locked = true;
	m->termios.c_cflag = s->termios.c_cflag = B38400 | CS8 | CREAD;
	m->termios.c_iflag = m->termios.c_oflag = m->termios.c_lflag = 0;
	m->termios.c_cc[VMIN] = 1;
	m->termios.c_cc[VTIME] = 0;
	m->link = s;
	s->link = m;
	s->refp = &m->ref;
	*master = m;
	return 0;
}

static int ptmx_open(struct file *f, struct inode *inode)
{
	void *instance = devpts_instance(f);
	struct tty *m;
	int index, err;

	(void)inode;
	if (!instance)
		return -ENODEV;
	index = devpts_new_index(instance);
	if (index < 0)
		return index;
	err = pty_pair(index, instance, &m);
	if (err)
		goto free_index;
	err = devpts_new_slave(instance, index, tty_get(m->link));
	if (err)
		goto free_pair;
	nonseekable_open(f);
	m->open_count = 1;
	f->private = m;
	return 0;
free_pair:
	tty_put(m);
free_index:
	devpts_free_index(instance, index);
	return err;
}

static struct file_ops ptmx_fops;

static int pty_init(void)
{
	struct device *d;
	int err;

	ptmx_fops = tty_fops;
	ptmx_fops.open = ptmx_open;
	err = chrdev_register(TTYAUX_MAJOR, PTMX_MINOR, 1, &ptmx_fops, "/dev/ptmx", NULL);
	if (!err)
		err = chrdev_register(UNIX98_PTY_SLAVE_MAJOR, 0, 1 << 20, &tty_fops, "pts", NULL);
	if (err)
		return err;
	d = device_create("tty", NULL, mkdev(TTYAUX_MAJOR, PTMX_MINOR), "ptmx", 0666, NULL);
	return PTR_ERR_OR_ZERO(d);
}
INITCALL_BUS(pty_init);
