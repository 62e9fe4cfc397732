/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Descriptors that name a process: pidfd_open, CLONE_PIDFD. The file holds a reference on the struct pid,
 * which stays the same process's even after its number is used again. It becomes readable when the process
 * has ended.
 */
#include <base/err.h>
#include <core/rcu.h>
#include <fs/file.h>
#include <fs/poll.h>
#include <fs/seq_file.h>
#include <kernel/syscall.h>
#include <uapi/linux/pidfd.h>
#include "internal.h"

static int pidfd_release(struct file *f, struct inode *inode)
{
	(void)inode;
	pid_put(f->private);
	return 0;
}

static bool process_ended(struct pid *pid)
{
	struct task *t;
	bool ended;

	rcu_read_lock();
	t = pid_task(pid, PIDTYPE_TGID);
	ended = !t || (READ_ONCE(t->exit_state) && READ_ONCE(t->proc->nr_threads) <= 1);
	rcu_read_unlock();
	return ended;
}

static u32 pidfd_poll(struct file *f, struct poll_table *pt)
{
	struct pid *pid = f->private;

	poll_wait(f, &pid->poll_wait, pt);
	return process_ended(pid) ? EPOLLIN | EPOLLRDNORM : 0;
}

static void pidfd_show_fdinfo(struct file *f, struct seq_file *s)
{
	struct pid *pid = f->private;
	int nr = pid_vnr(pid);

	rcu_read_lock();
	if (!pid_task(pid, PIDTYPE_TGID))
		nr = -1;
	rcu_read_unlock();
	seq_printf(s, "Pid:\t%d\nNSpid:\t%d\n", nr, nr);
}

static const struct file_ops pidfd_fops = {
	.release = pidfd_release, .poll = pidfd_poll, .show_fdinfo = pidfd_show_fdinfo, .llseek = noop_llseek,
};

int pidfd_prepare(struct pid *pid, u32 flags, struct file **fp)
{
	struct file *f;
	int fd;

	fd = fd_alloc(flags | O_CLOEXEC);
	if (fd < 0)
		return fd;
	f = file_anon("[pidfd]", &pidfd_fops, pid_get(pid), flags | O_RDWR);
	if (IS_ERR(f)) {
		pid_put(pid);
		fd_release(fd);
		return (int)PTR_ERR(f);
	}
	*fp = f;
	return fd;
}

struct pid *pidfd_get_pid(int fd, u32 *flags)
{
	struct file *f = fget(fd);
	struct pid *pid = ERR_PTR(-EBADF);

	if (!f)
		return pid;
	if (f->ops == &pidfd_fops) {
		pid = pid_get(f->private);
		if (flags)
			*flags = f->flags;
	}
	file_put(f);
	return pid;
}

long sys_pidfd_open(pid_t nr, unsigned int flags)
{
	struct file *f;
	struct pid *pid;
	bool leader;
	int fd;

	if (flags & ~PIDFD_NONBLOCK)
		return -EINVAL;
	if (nr <= 0)
		return -EINVAL;
	pid = pid_find_get(nr);
	if (!pid)
		return -ESRCH;
	rcu_read_lock();
	leader = pid_task(pid, PIDTYPE_TGID) != NULL;
	rcu_read_unlock();
	fd = leader ? pidfd_prepare(pid, flags & PIDFD_NONBLOCK ? O_NONBLOCK : 0, &f) : -EINVAL;
	pid_put(pid);
	if (fd >= 0)
		fd_install(fd, f);
	return fd;
}

struct pid *(*pid_of_file)(struct file *f);

/* An open directory /proc/PID stands for the process too. */
static struct pid *pid_by_directory(int fd)
{
	struct file *f = fget(fd);
	struct pid *pid = f && pid_of_file ? pid_of_file(f) : NULL;

	if (pid)
		pid_get(pid);
	if (f)
		file_put(f);
	return pid ? pid : ERR_PTR(-EBADF);
}

long sys_pidfd_send_signal(int pidfd, int sig, uin_siginfo info, unsigned int flags)
{
	const siginfo_t *send = SEND_NOINFO;
	siginfo_t si;
	struct task *t;
	struct pid *pid;
	long err;

	if (flags)
		return -EINVAL;
	pid = pidfd_get_pid(pidfd, NULL);
	if (IS_ERR(pid))
		pid = pid_by_directory(pidfd);
	if (IS_ERR(pid))
		return PTR_ERR(pid);
	if (!uptr_null(info)) {
		err = -EFAULT;
		if (copy_in(&si, info))
			goto out;
		err = -EINVAL;
		if (sig != si.si_signo)
			goto out;
		/* Only to itself may a process pretend that the kernel or tkill sent it. */
		err = -EPERM;
		if (pid != current->proc->pids[PIDTYPE_TGID] && (si.si_code >= 0 || si.si_code == SI_TKILL))
			goto out;
		send = &si;
	}
	err = -ESRCH;
	rcu_read_lock();
	t = pid_task(pid, PIDTYPE_TGID);
	if (t)
		err = signal_check_permission(t, sig, SEND_NOINFO);
	rcu_read_unlock();
	if (!err)
		err = signal_send_pid(pid, sig, send);
out:
	pid_put(pid);
	return err;
}

long sys_pidfd_getfd(int pidfd, int fd, unsigned int flags)
{
	struct pid *pid;
	struct task *t;
	struct file *f = NULL;
	long err = -ESRCH;

	if (flags)
		return -EINVAL;
	pid = pidfd_get_pid(pidfd, NULL);
	if (IS_ERR(pid))
		return PTR_ERR(pid);
	t = pid_task_get(pid, PIDTYPE_TGID);
	pid_put(pid);
	if (!t)
		return err;
	if (!ptrace_may_access(t, PTRACE_MODE_ATTACH | PTRACE_MODE_REALCREDS)) {
		err = -EPERM;
	} else {
		f = fget_task(t, fd);
		err = f ? 0 : t->flags & PF_EXITING ? -ESRCH : -EBADF;
	}
	task_put(t);
	return err ? err : fd_add(f, O_CLOEXEC);
}
