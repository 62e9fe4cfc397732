/* SPDX-License-Identifier: MPL-2.0 */
/* signalfd(2): pending signals of the reading task, read as records. */
#include <base/err.h>
#include <base/string.h>
#include <core/slab.h>
#include <core/upcall.h>
#include <fs/poll.h>
#include <fs/seq_file.h>
#include <kernel/syscall.h>
#include <kernel/task.h>
#include <uapi/linux/signalfd.h>

struct signalfd {
	u64 mask;			/* [a] signals it takes */
};

static void to_record(struct signalfd_siginfo *r, const siginfo_t *info)
{
	memset(r, 0, sizeof(*r));
	r->ssi_signo = (u32)info->si_signo;
	r->ssi_errno = info->si_errno;
	r->ssi_code = info->si_code;
	if (info->si_code == SI_TIMER) {
		r->ssi_tid = (u32)info->si_tid;
		r->ssi_overrun = (u32)info->si_overrun;
		r->ssi_ptr = info->si_ptr;
		r->ssi_int = info->si_int;
	} else if (info->si_code > 0 && info->si_signo == SIGIO) {
		r->ssi_band = (u32)info->si_band;
		r->ssi_fd = info->si_fd;
	} else if (info->si_code > 0 && info->si_code != SI_KERNEL && info->si_signo != SIGCHLD) {
		r->ssi_addr = info->si_addr;
	} else {
		r->ssi_pid = (u32)info->si_pid;
		r->ssi_uid = info->si_uid;
		r->ssi_status = info->si_status;
		if (info->si_signo == SIGCHLD && info->si_code > 0) {
			r->ssi_utime = (u64)info->si_utime;
			r->ssi_stime = (u64)info->si_stime;
		} else {
			r->ssi_ptr = info->si_ptr;
			r->ssi_int = info->si_int;
		}
	}
}

/* Next signal of the set; 0: none. */
static int take(struct signalfd *s, siginfo_t *info)
{
	int sig;

	spin_lock_irq(&current->sighand->lock);
	sig = signal_dequeue(current, ~READ_ONCE(s->mask), info);
	spin_unlock_irq(&current->sighand->lock);
	return sig;
}

static ssize_t signalfd_read(struct file *f, struct kiocb *k, struct iov_iter *to)
{
	struct signalfd_siginfo rec;
	struct signalfd *s = f->private;
	ssize_t done = 0;
	siginfo_t info;

	if (iov_iter_count(to) < sizeof(rec))
		return -EINVAL;
	while (iov_iter_count(to) >= sizeof(rec)) {
		if (!take(s, &info)) {
			if (done)
				break;
			if (k->flags & (IOCB_NOWAIT | IOCB_NONBLOCK))
				return -EAGAIN;
			if (wait_event_interruptible(&current->sighand->signalfd_wait,
						     signal_pending_set(current) & READ_ONCE(s->mask)))
				return -ERESTARTSYS;
			continue;
		}
		to_record(&rec, &info);
		if (copy_to_iter(&rec, sizeof(rec), to) != sizeof(rec))
			return done ? done : -EFAULT;
		done += (ssize_t)sizeof(rec);
	}
	return done;
}

static u32 signalfd_poll(struct file *f, struct poll_table *pt)
{
	struct signalfd *s = f->private;

	poll_wait(f, &current->sighand->signalfd_wait, pt);
	return signal_pending_set(current) & READ_ONCE(s->mask) ? EPOLLIN : 0;
}

static int signalfd_release(struct file *f, struct inode *inode)
{
	(void)inode;
	kfree(f->private);
	return 0;
}

static void signalfd_show(struct file *f, struct seq_file *m)
{
	seq_printf(m, "sigmask:\t%016llx\n", (unsigned long long)READ_ONCE(((struct signalfd *)f->private)->mask));
}

static const struct file_ops signalfd_fops = {
	.read_iter = signalfd_read,
	.poll = signalfd_poll,
	.release = signalfd_release,
	.llseek = noop_llseek,
	.show_fdinfo = signalfd_show,
};

static long signalfd_change(int fd, u64 mask)
{
	struct fd f = fdget(fd);
	long res = -EINVAL;

	if (!f.file)
		return -EBADF;
	if (f.file->ops == &signalfd_fops) {
		WRITE_ONCE(((struct signalfd *)f.file->private)->mask, mask);
		wake_up_all(&current->sighand->signalfd_wait);
		res = fd;
	}
	fdput(f);
	return res;
}

long sys_signalfd4(int fd, uin_sigset umask, size_t size, int flags)
{
	struct signalfd *s;
	struct file *f;
	u64 mask;

	if (size != sizeof(mask) || flags & ~(SFD_CLOEXEC | SFD_NONBLOCK))
		return -EINVAL;
	if (copy_in_bytes(&mask, uptr_addr(umask), sizeof(mask)))
		return -EFAULT;
	mask &= ~SIG_KERNEL_ONLY;
	if (fd != -1)
		return signalfd_change(fd, mask);
	s = kmalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		return -ENOMEM;
	s->mask = mask;
	f = file_anon("[signalfd]", &signalfd_fops, s, O_RDWR | ((u32)flags & (O_CLOEXEC | O_NONBLOCK)));
	if (IS_ERR(f)) {
		kfree(s);
		return PTR_ERR(f);
	}
	return fd_add(f, (u32)flags);
}

long sys_signalfd(int fd, uin_sigset mask, size_t size)
{
	return sys_signalfd4(fd, mask, size, 0);
}
