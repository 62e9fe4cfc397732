/* SPDX-License-Identifier: MPL-2.0 */
/*
 * timerfd(2): expirations of a timer, read as a count. The wait queue's lock guards the state. A
 * timer on the wall clock with TFD_TIMER_CANCEL_ON_SET is on a list that setting the clock walks.
 */
#include <base/err.h>
#include <core/slab.h>
#include <core/timer.h>
#include <core/upcall.h>
#include <fs/poll.h>
#include <fs/seq_file.h>
#include <kernel/syscall.h>
#include <kernel/task.h>
#include <kernel/time.h>
#include <uapi/linux/ioctls.h>
#include <uapi/linux/timerfd.h>

struct timerfd {
	struct wait_queue wait;
	struct timer timer;
	struct timer relative;		/* relative times on the wall clock: setting that does not move them */
	struct timer *armed;		/* [wait.lock] the one of the two that expires counts for */
	int clockid;			/* [I] */
	u64 expires, interval;		/* [wait.lock] 0: not armed, no period */
	u64 ticks;			/* [wait.lock; a] */
	bool canceled;			/* [wait.lock] the clock was set: ECANCELED once */
	bool cancel_on_set;		/* [wait.lock] */
	int settime_flags;		/* [wait.lock] */
	struct list_head cancel_link;	/* [cancel_lock] */
	struct rcu_head rcu;
};

static DEFINE_SPINLOCK(cancel_lock, OBJECT_IRQ);
static LIST_HEAD(cancel_list);

static u64 expired(struct timerfd *tf, const struct timer *t)
{
	u64 now = timer_clock_now(t->clock), n = 1, next = 0;

	spin_lock(&tf->wait.lock);
	if (tf->interval) {
		next = tf->expires + tf->interval;
		if (next <= now) {
			u64 missed = (now - next) / tf->interval + 1;

			n += missed;
			next += missed * tf->interval;
		}
	}
	tf->expires = next;
	WRITE_ONCE(tf->ticks, tf->ticks + n);
	wake_up_key_locked(&tf->wait, TASK_NORMAL, 0, EPOLLIN);
	spin_unlock(&tf->wait.lock);
	return next;
}

static u64 timerfd_fire(struct timer *t)
{
	return expired(container_of(t, struct timerfd, timer), t);
}

static u64 timerfd_fire_relative(struct timer *t)
{
	return expired(container_of(t, struct timerfd, relative), t);
}

void timerfd_clock_was_set(void)
{
	struct timerfd *tf;
	u64 flags;

	spin_lock_irqsave(&cancel_lock, flags);
	list_for_each_entry(tf, &cancel_list, cancel_link) {
		spin_lock(&tf->wait.lock);
		tf->canceled = true;
		WRITE_ONCE(tf->ticks, tf->ticks + 1);
		wake_up_key_locked(&tf->wait, TASK_NORMAL, 0, EPOLLIN);
		spin_unlock(&tf->wait.lock);
	}
	spin_unlock_irqrestore(&cancel_lock, flags);
}

/* Ticks, 0 for none, -ECANCELED. */
static s64 take(struct timerfd *tf)
{
	s64 n;

	spin_lock_irq(&tf->wait.lock);
	n = (s64)tf->ticks;
	WRITE_ONCE(tf->ticks, 0);
	if (n && tf->canceled) {
		tf->canceled = false;
		n = -ECANCELED;
	}
	spin_unlock_irq(&tf->wait.lock);
	return n;
}

static ssize_t timerfd_read(struct file *f, struct kiocb *k, struct iov_iter *to)
{
	struct timerfd *tf = f->private;
	s64 n;

	if (iov_iter_count(to) < sizeof(n))
		return -EINVAL;
	while ((n = take(tf)) == 0) {
		if (k->flags & (IOCB_NOWAIT | IOCB_NONBLOCK))
			return -EAGAIN;
		if (wait_event_interruptible(&tf->wait, READ_ONCE(tf->ticks)))
			return -ERESTARTSYS;
	}
	if (n < 0)
		return n;
	return copy_to_iter(&n, sizeof(n), to) == sizeof(n) ? (ssize_t)sizeof(n) : -EFAULT;
}

static u32 timerfd_poll(struct file *f, struct poll_table *pt)
{
	struct timerfd *tf = f->private;

	poll_wait(f, &tf->wait, pt);
	return READ_ONCE(tf->ticks) ? EPOLLIN : 0;
}

static void cancel_list_set(struct timerfd *tf, bool on)
{
	u64 flags;

	spin_lock_irqsave(&cancel_lock, flags);
	if (on && list_empty(&tf->cancel_link))
		list_add(&tf->cancel_link, &cancel_list);
	else if (!on && !list_empty(&tf->cancel_link))
		list_del_init(&tf->cancel_link);
	spin_unlock_irqrestore(&cancel_lock, flags);
}

static int timerfd_release(struct file *f, struct inode *inode)
{
	struct timerfd *tf = f->private;

	(void)inode;
	cancel_list_set(tf, false);
	timer_cancel(&tf->timer);
	timer_cancel(&tf->relative);
	wake_up_pollfree(&tf->wait);
	kfree_rcu(tf, rcu);
	return 0;
}

static void setting(struct timerfd *tf, struct itimerspec *it)
{
	u64 now, expires;

	spin_lock_irq(&tf->wait.lock);
	now = timer_clock_now(tf->armed->clock);
	expires = tf->expires;
	it->it_interval = ns_to_timespec((s64)tf->interval);
	spin_unlock_irq(&tf->wait.lock);
	it->it_value = ns_to_timespec(!expires ? 0 : expires > now ? (s64)(expires - now) : 1);
}

static long timerfd_ioctl(struct file *f, u32 cmd, u64 arg)
{
	struct timerfd *tf = f->private;
	u64 ticks;

	if (cmd != TFD_IOC_SET_TICKS)
		return -ENOTTY;
	if (copy_in_bytes(&ticks, uaddr(arg), sizeof(ticks)))
		return -EFAULT;
	if (!ticks)
		return -EINVAL;
	spin_lock_irq(&tf->wait.lock);
	WRITE_ONCE(tf->ticks, ticks);
	wake_up_key_locked(&tf->wait, TASK_NORMAL, 0, EPOLLIN);
	spin_unlock_irq(&tf->wait.lock);
	return 0;
}

static void timerfd_show(struct file *f, struct seq_file *s)
{
	struct timerfd *tf = f->private;
	struct itimerspec it;

	setting(tf, &it);
	seq_printf(s, "clockid: %d\nticks: %llu\nsettime flags: 0%o\nit_value: (%llu, %llu)\nit_interval: (%llu, %llu)\n",
		   tf->clockid, (unsigned long long)tf->ticks, (unsigned int)tf->settime_flags,
		   (unsigned long long)it.it_value.tv_sec, (unsigned long long)it.it_value.tv_nsec,
		   (unsigned long long)it.it_interval.tv_sec, (unsigned long long)it.it_interval.tv_nsec);
}

static const struct file_ops timerfd_fops = {
	.read_iter = timerfd_read,
	.poll = timerfd_poll,
	.release = timerfd_release,
	.llseek = noop_llseek,
	.ioctl = timerfd_ioctl,
	.show_fdinfo = timerfd_show,
};

static int clock_of(int clockid, enum timer_clock *clock)
{
	switch (clockid) {
	case CLOCK_MONOTONIC:
		*clock = TIMER_MONOTONIC;
		return 0;
	case CLOCK_REALTIME:
		*clock = TIMER_REALTIME;
		return 0;
	case CLOCK_BOOTTIME:
		*clock = TIMER_BOOTTIME;
		return 0;
	case CLOCK_REALTIME_ALARM:
	case CLOCK_BOOTTIME_ALARM:
		if (!capable(CAP_WAKE_ALARM))
			return -EPERM;
		*clock = clockid == CLOCK_REALTIME_ALARM ? TIMER_REALTIME : TIMER_BOOTTIME;
		return 0;
	default:
		return -EINVAL;
	}
}

long sys_timerfd_create(int clockid, int flags)
{
	enum timer_clock clock;
	struct timerfd *tf;
	struct file *f;
	int err;

	if (flags & ~(TFD_CLOEXEC | TFD_NONBLOCK))
		return -EINVAL;
	err = clock_of(clockid, &clock);
	if (err)
		return err;
	tf = kzalloc(sizeof(*tf), GFP_KERNEL);
	if (!tf)
		return -ENOMEM;
	wait_queue_init(&tf->wait);
	timer_init(&tf->timer, clock, timerfd_fire);
	timer_init(&tf->relative, TIMER_MONOTONIC, timerfd_fire_relative);
	tf->armed = &tf->timer;
	list_init(&tf->cancel_link);
	tf->clockid = clockid;
	f = file_anon("[timerfd]", &timerfd_fops, tf, O_RDWR | ((u32)flags & (O_CLOEXEC | O_NONBLOCK)));
	if (IS_ERR(f)) {
		kfree(tf);
		return PTR_ERR(f);
	}
	return fd_add(f, (u32)flags);
}

static void timerfd_set(struct timerfd *tf, int flags, const struct itimerspec *it)
{
	bool on_set = flags & TFD_TIMER_CANCEL_ON_SET && flags & TFD_TIMER_ABSTIME && tf->timer.clock == TIMER_REALTIME;
	struct timer *t = !(flags & TFD_TIMER_ABSTIME) && tf->timer.clock == TIMER_REALTIME ? &tf->relative : &tf->timer;
	u64 value = (u64)timespec_to_ns(&it->it_value);

	timer_cancel(&tf->timer);
	timer_cancel(&tf->relative);
	cancel_list_set(tf, on_set);
	spin_lock_irq(&tf->wait.lock);
	tf->interval = (u64)timespec_to_ns(&it->it_interval);
	WRITE_ONCE(tf->ticks, 0);
	tf->canceled = false;
	tf->settime_flags = flags;
	tf->armed = t;
	tf->expires = !value ? 0 : flags & TFD_TIMER_ABSTIME ? value : timer_clock_now(t->clock) + value;
	value = tf->expires;
	spin_unlock_irq(&tf->wait.lock);
	if (value)
		timer_start(t, value);
}

long sys_timerfd_settime(int fd, int flags, uin_itimerspec unew, uout_itimerspec uold)
{
	struct itimerspec it, old;
	struct fd f;

	if (copy_in(&it, unew))
		return -EFAULT;
	if (flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET) || !timespec_valid(&it.it_value) ||
	    !timespec_valid(&it.it_interval))
		return -EINVAL;
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	if (f.file->ops != &timerfd_fops) {
		fdput(f);
		return -EINVAL;
	}
	setting(f.file->private, &old);
	timerfd_set(f.file->private, flags, &it);
	fdput(f);
	return uptr_null(uold) ? 0 : copy_out(uold, &old);
}

long sys_timerfd_gettime(int fd, uout_itimerspec ucur)
{
	struct itimerspec it;
	struct fd f = fdget(fd);
	long res = -EINVAL;

	if (!f.file)
		return -EBADF;
	if (f.file->ops == &timerfd_fops) {
		setting(f.file->private, &it);
		res = copy_out(ucur, &it);
	}
	fdput(f);
	return res;
}
