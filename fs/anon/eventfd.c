/* SPDX-License-Identifier: MPL-2.0 */
/* eventfd(2): a counter that is waited for. One lock, the wait queue's, guards it. */
#include <base/err.h>
#include <core/slab.h>
#include <core/upcall.h>
#include <fs/eventfd.h>
#include <fs/poll.h>
#include <fs/seq_file.h>
#include <kernel/syscall.h>
#include <kernel/task.h>
#include <uapi/linux/eventfd.h>

struct eventfd {
	struct wait_queue wait;
	u64 count;			/* [wait.lock; a] */
	bool semaphore;			/* [I] */
	struct rcu_head rcu;
};

static bool take(struct eventfd *e, u64 *val)
{
	bool got;

	spin_lock_irq(&e->wait.lock);
	got = e->count != 0;
	*val = e->semaphore ? 1 : e->count;
	if (got) {
		WRITE_ONCE(e->count, e->count - *val);
		if (wait_queue_active(&e->wait))
			wake_up_key_locked(&e->wait, TASK_NORMAL, 1, EPOLLOUT | EPOLLWRNORM);
	}
	spin_unlock_irq(&e->wait.lock);
	return got;
}

static bool give(struct eventfd *e, u64 val)
{
	bool room;
	u64 flags;

	spin_lock_irqsave(&e->wait.lock, flags);
	room = ~0ull - e->count > val;
	if (room) {
		WRITE_ONCE(e->count, e->count + val);
		if (val && wait_queue_active(&e->wait))
			wake_up_key_locked(&e->wait, TASK_NORMAL, 1, EPOLLIN | EPOLLRDNORM);
	}
	spin_unlock_irqrestore(&e->wait.lock, flags);
	return room;
}

static ssize_t eventfd_read(struct file *f, struct kiocb *k, struct iov_iter *to)
{
	struct eventfd *e = f->private;
	u64 val;

	if (iov_iter_count(to) < sizeof(val))
		return -EINVAL;
	while (!take(e, &val)) {
		if (k->flags & (IOCB_NOWAIT | IOCB_NONBLOCK))
			return -EAGAIN;
		if (wait_event_interruptible(&e->wait, READ_ONCE(e->count)))
			return -ERESTARTSYS;
	}
	return copy_to_iter(&val, sizeof(val), to) == sizeof(val) ? (ssize_t)sizeof(val) : -EFAULT;
}

static ssize_t eventfd_write(struct file *f, struct kiocb *k, struct iov_iter *from)
{
	struct eventfd *e = f->private;
	u64 val;

	if (iov_iter_count(from) < sizeof(val))
		return -EINVAL;
	if (!copy_from_iter_full(&val, sizeof(val), from))
		return -EFAULT;
	if (val == ~0ull)
		return -EINVAL;
	while (!give(e, val)) {
		if (k->flags & (IOCB_NOWAIT | IOCB_NONBLOCK))
			return -EAGAIN;
		if (wait_event_interruptible(&e->wait, ~0ull - READ_ONCE(e->count) > val))
			return -ERESTARTSYS;
	}
	return sizeof(val);
}

static u32 eventfd_poll(struct file *f, struct poll_table *pt)
{
	struct eventfd *e = f->private;
	u32 events = 0;
	u64 count;

	poll_wait(f, &e->wait, pt);
	count = READ_ONCE(e->count);
	if (count > 0)
		events |= EPOLLIN;
	if (count < ~0ull - 1)
		events |= EPOLLOUT;
	if (count == ~0ull)
		events |= EPOLLERR;
	return events;
}

static int eventfd_release(struct file *f, struct inode *inode)
{
	struct eventfd *e = f->private;

	(void)inode;
	wake_up_pollfree(&e->wait);
	kfree_rcu(e, rcu);
	return 0;
}

static void eventfd_show(struct file *f, struct seq_file *s)
{
	seq_printf(s, "eventfd-count: %16llx\n", (unsigned long long)READ_ONCE(((struct eventfd *)f->private)->count));
}

static const struct file_ops eventfd_fops = {
	.read_iter = eventfd_read,
	.write_iter = eventfd_write,
	.poll = eventfd_poll,
	.release = eventfd_release,
	.llseek = noop_llseek,
	.show_fdinfo = eventfd_show,
};

bool is_eventfd(const struct file *f)
{
	return f->ops == &eventfd_fops;
}

void eventfd_signal(struct file *f, u64 n)
{
	(void)give(f->private, n);
}

long sys_eventfd2(unsigned int count, int flags)
{
	struct eventfd *e;
	struct file *f;

	if (flags & ~(EFD_SEMAPHORE | EFD_CLOEXEC | EFD_NONBLOCK))
		return -EINVAL;
	e = kzalloc(sizeof(*e), GFP_KERNEL);
	if (!e)
		return -ENOMEM;
	wait_queue_init(&e->wait);
	e->count = count;
	e->semaphore = flags & EFD_SEMAPHORE;
	f = file_anon("[eventfd]", &eventfd_fops, e, O_RDWR | ((u32)flags & (O_CLOEXEC | O_NONBLOCK)));
	if (IS_ERR(f)) {
		kfree(e);
		return PTR_ERR(f);
	}
	return fd_add(f, (u32)flags);
}

long sys_eventfd(unsigned int count)
{
	return sys_eventfd2(count, 0);
}
