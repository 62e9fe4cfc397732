/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Terminals as files. A tty is found by its device number; opening counts it, and what is done with
 * the file goes to the line discipline. A hang-up marks it: readers get end of file, writers EIO.
 *
 * Life: the driver makes a tty (tty_alloc, tty_register) and holds one reference; each open file
 * holds another, as do controlling-terminal pointers of processes.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/parse.h>
#include <base/string.h>
#include <core/init.h>
#include <core/printk.h>
#include <core/slab.h>
#include <drivers/device.h>
#include <uapi/linux/major.h>

#include "vt.h"

#define CONSOLE_MINOR	1

/* A terminal as a person expects it. */
struct termios2 tty_std_termios = {
	.c_iflag = ICRNL | IXON,
	.c_oflag = OPOST | ONLCR,
	.c_cflag = B38400 | CS8 | CREAD | HUPCL,
	.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
	.c_cc = { [VINTR] = 3, [VQUIT] = 28, [VERASE] = 127, [VKILL] = 21, [VEOF] = 4, [VMIN] = 1,
		  [VSTART] = 17, [VSTOP] = 19, [VSUSP] = 26, [VREPRINT] = 18, [VDISCARD] = 15,
		  [VWERASE] = 23, [VLNEXT] = 22 },
	.c_ispeed = 38400,
	.c_ospeed = 38400,
};

static DEFINE_MUTEX(table_lock, DEVICE);
static LIST_HEAD(table);		/* [table_lock] registered, by device number */
static struct tty *console_tty;		/* [table_lock] referenced; what /dev/console opens */

struct tty *tty_get(struct tty *t)
{
	if (t)
		ref_get(t->refp);
	return t;
}

struct tty *tty_alloc(const char *name, dev_t devt, const struct tty_ops *ops, void *driver_data)
{
	struct tty *t = kzalloc(sizeof(*t), GFP_KERNEL);

	if (!t)
		return NULL;
	t->input = kvmalloc(sizeof(*t->input), GFP_KERNEL | GFP_ZERO);
	if (!t->input)
		goto fail;
	spin_lock_init(&t->input->lock, DEVICE_IRQ);
	ref_init(&t->ref, 1);
	t->refp = &t->ref;
	strscpy(t->name, name, sizeof(t->name));
	t->devt = devt;
	t->ops = ops;
	t->driver_data = driver_data;
	mutex_init(&t->mutex, TTY_MUTEX);
	mutex_init(&t->write_mutex, TTY_READ);
	rwsem_init(&t->termios_lock, TTY_LDISC);
	spin_lock_init(&t->ctrl_lock, TTY_CTRL);
	wait_queue_init(&t->read_wait);
	wait_queue_init(&t->write_wait);
	fasync_queue_init(&t->async);
	list_init(&t->link_table);
	t->termios = tty_std_termios;
	work_init(&t->input_work, n_tty_receive_work);
	if (n_tty_create(t))
		goto fail;
	return t;
fail:
	kvfree(t->input);
	kfree(t);
	return NULL;
}

static void tty_free_one(struct tty *t)
{
	wake_up_pollfree(&t->read_wait);
	wake_up_pollfree(&t->write_wait);
	n_tty_destroy(t);
	kvfree(t->input);
	pid_put(t->session);
	pid_put(t->pgrp);
	kfree_rcu(t, rcu);	/* wait-queue heads may still be looked at */
}

static void tty_free_work(struct work *w)
{
	struct tty *t = container_of(w, struct tty, free_work), *other = t->link;

	/* Each side's worker looks at the other: stop both before either goes. */
	work_cancel_sync(&t->input_work);
	if (other) {
		work_cancel_sync(&other->input_work);
		work_cancel_sync(&t->input_work);
		tty_free_one(other);
	}
	tty_free_one(t);
}

void tty_put(struct tty *t)
{
	if (!t || !ref_put(t->refp))
		return;
	work_init(&t->free_work, tty_free_work);
	work_queue(system_wq, &t->free_work);
}

int tty_register(struct tty *t)
{
	struct device *d;

	mutex_lock(&table_lock);
	list_add_tail(&t->link_table, &table);
	mutex_unlock(&table_lock);
	d = device_create("tty", NULL, t->devt, t->name, 0620, t);
	return PTR_ERR_OR_ZERO(d);
}

void tty_unregister(struct tty *t)
{
	mutex_lock(&table_lock);
	list_del_init(&t->link_table);
	mutex_unlock(&table_lock);
	tty_put(t);
}

void tty_console_offer(struct tty *t)
{
	const char *want = console_preferred();

	mutex_lock(&table_lock);
	if (!console_tty || (want && streq(want, t->name))) {
		tty_put(console_tty);
		console_tty = tty_get(t);
	}
	mutex_unlock(&table_lock);
}

static struct tty *table_find(dev_t devt)
{
	struct tty *t, *found = NULL;

	mutex_lock(&table_lock);
	list_for_each_entry(t, &table, link_table)
		if (t->devt.v == devt.v)
			found = tty_get(t);
	mutex_unlock(&table_lock);
	return found;
}

/* What /dev/console means: the terminal of the last console=, a virtual one too. */
static struct tty *console_open_tty(void)
{
	const char *want = console_preferred();
	struct tty *t;
	u64 index;

	if (want && !strncmp(want, "tty", 3) && !kstrtou64(want + 3, 10, &index) && index <= MAX_NR_CONSOLES)
		return vt_open_tty((u32)index);
	mutex_lock(&table_lock);
	t = tty_get(console_tty);
	mutex_unlock(&table_lock);
	return t ? t : ERR_PTR(-ENODEV);
}

/* The terminal that an inode means, referenced. ERR_PTR. */
static struct tty *inode_tty(struct inode *inode)
{
	struct tty *t;

	if (inode->rdev.v == mkdev(TTYAUX_MAJOR, 0).v) {
		t = tty_current_get();
		return t ? t : ERR_PTR(-ENXIO);
	}
	if (inode->rdev.v == mkdev(TTYAUX_MAJOR, CONSOLE_MINOR).v)
		return console_open_tty();
	if (dev_major(inode->rdev) == TTY_MAJOR && dev_minor(inode->rdev) <= MAX_NR_CONSOLES)
		return vt_open_tty(dev_minor(inode->rdev));
	t = tty_get(devpts_slave(inode));
	if (!t)
		t = table_find(inode->rdev);
	return t ? t : ERR_PTR(-ENXIO);
}

struct tty *file_tty(struct file *f)
{
	return f->private;
}

static int tty_open_locked(struct tty *t, struct file *f)
{
	int err = 0;

	if (t->exclusive && t->open_count && !capable(CAP_SYS_ADMIN))
		return -EBUSY;
	if (t->hung_up && t->link)
		return -EIO;	/* a pty whose other side went away stays dead */
	if (t->ops->open)
		err = t->ops->open(t);
	if (err)
		return err;
	t->hung_up = false;
	t->open_count++;
	f->private = t;
	return 0;
}

static int tty_open(struct file *f, struct inode *inode)
{
	bool is_console = inode->rdev.v == mkdev(TTYAUX_MAJOR, CONSOLE_MINOR).v;
	bool is_current = inode->rdev.v == mkdev(TTYAUX_MAJOR, 0).v;
	struct tty *t = inode_tty(inode);
	int err;

	if (IS_ERR(t))
		return (int)PTR_ERR(t);
	nonseekable_open(f);
	mutex_lock(&t->mutex);
	err = tty_open_locked(t, f);
	mutex_unlock(&t->mutex);
	if (err) {
		tty_put(t);
		return err;
	}
	if (!(f->flags & O_NOCTTY) && !is_console && !is_current && !t->is_ptm && f->mode & FMODE_READ)
		tty_take_controlling(t);
	return 0;
}

static int tty_release(struct file *f, struct inode *inode)
{
	struct tty *t = file_tty(f);

	(void)inode;
	if (!t)
		return 0;
	mutex_lock(&t->mutex);
	if (--t->open_count == 0) {
		if (t->ops->close)
			t->ops->close(t);
		t->exclusive = false;
	}
	mutex_unlock(&t->mutex);
	tty_put(t);
	return 0;
}

static ssize_t tty_read_iter(struct file *f, struct kiocb *k, struct iov_iter *to)
{
	struct tty *t = file_tty(f);
	ssize_t res;

	if (READ_ONCE(t->hung_up))
		return 0;
	res = n_tty_read(t, f, k, to);
	if (res > 0)
		f->inode->atime = current_time64();
	return res;
}

static ssize_t tty_write_iter(struct file *f, struct kiocb *k, struct iov_iter *from)
{
	struct tty *t = file_tty(f);
	ssize_t res;

	if (READ_ONCE(t->hung_up))
		return -EIO;
	res = n_tty_write(t, f, k, from);
	if (res > 0)
		f->inode->mtime = current_time64();
	return res;
}

static u32 tty_poll(struct file *f, struct poll_table *pt)
{
	struct tty *t = file_tty(f);
	u32 events = 0;

	poll_wait(f, &t->read_wait, pt);
	poll_wait(f, &t->write_wait, pt);
	if (n_tty_poll_readable(t))
		events |= EPOLLIN | EPOLLRDNORM;
	if (t->packet && READ_ONCE(t->link->pkt_status))
		events |= EPOLLPRI | EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(t->hung_up))
		return EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLRDNORM | EPOLLWRNORM;
	if (READ_ONCE(t->other_closed))
		events |= EPOLLHUP;
	else if (!READ_ONCE(t->flow_stopped) && t->ops->write_room(t) >= 8)
		events |= EPOLLOUT | EPOLLWRNORM;
	return events;
}

static int tty_fasync(struct file *f, int fd, bool on)
{
	struct tty *t = file_tty(f);

	return t ? fasync_update(&t->async, f, fd, on) : 0;
}

const struct file_ops tty_fops = {
	.open = tty_open,
	.release = tty_release,
	.read_iter = tty_read_iter,
	.write_iter = tty_write_iter,
	.poll = tty_poll,
	.ioctl = tty_ioctl,
	.fasync = tty_fasync,
};

/* The line is gone: wake everyone, tell the session. May sleep. */
void tty_hangup(struct tty *t)
{
	mutex_lock_nested(&t->mutex, t->is_pts);	/* the end of a master hangs its slave up */
	WRITE_ONCE(t->hung_up, true);
	if (t->ops->hangup)
		t->ops->hangup(t);
	mutex_unlock(&t->mutex);
	n_tty_flush_input(t);
	tty_vhangup_session(t);
	wake_up_poll_all(&t->read_wait, EPOLLIN | EPOLLHUP);
	wake_up_poll_all(&t->write_wait, EPOLLOUT | EPOLLHUP);
	fasync_send(&t->async, POLL_HUP);
}

static int tty_init(void)
{
	int err = chrdev_register(TTYAUX_MAJOR, 0, 2, &tty_fops, "/dev/tty", NULL);
	struct device *d;

	if (!err)
		err = chrdev_register(TTY_MAJOR, 0, 256, &tty_fops, "ttyS", NULL);
	if (!err)
		err = chrdev_register(HVC_MAJOR, 0, 64, &tty_fops, "hvc", NULL);
	if (err)
		return err;
	d = device_create("tty", NULL, mkdev(TTYAUX_MAJOR, 0), "tty", 0666, NULL);
	if (!IS_ERR(d))
		d = device_create("tty", NULL, mkdev(TTYAUX_MAJOR, CONSOLE_MINOR), "console", 0600, NULL);
	return PTR_ERR_OR_ZERO(d);
}
INITCALL_BUS(tty_init);
