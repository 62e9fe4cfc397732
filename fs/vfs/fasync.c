/* SPDX-License-Identifier: MPL-2.0 */
/*
 * O_ASYNC: an object (pipe, terminal, socket) keeps a queue of open files that want a signal when it
 * becomes ready; the signal goes to the owner set with F_SETOWN, as F_SETSIG says. Source: fcntl(2).
 *
 * An entry lives from F_SETFL until O_ASYNC is taken off or the file is closed. queue->lock is taken
 * in wake-up paths; the owner is read under the file's lock inside it.
 */
#include <base/err.h>
#include <core/rcu.h>
#include <core/slab.h>
#include <fs/fasync.h>
#include <fs/file.h>
#include <kernel/task.h>
#include <uapi/linux/signal.h>

struct fasync_entry {
	struct list_head link;
	struct file *file;		/* borrowed: the file takes the entry off before it goes */
	int fd;
};

void fasync_queue_init(struct fasync_queue *q)
{
	spin_lock_init(&q->lock, FASYNC);
	list_init(&q->entries);
}

/* lock held. */
static struct fasync_entry *find(struct fasync_queue *q, struct file *f)
{
	struct fasync_entry *e;

	list_for_each_entry(e, &q->entries, link)
		if (e->file == f)
			return e;
	return NULL;
}

int fasync_update(struct fasync_queue *q, struct file *f, int fd, bool on)
{
	struct fasync_entry *fresh = NULL, *e;
	u64 flags;

	if (on) {
		fresh = kmalloc(sizeof(*fresh), GFP_KERNEL);
		if (!fresh)
			return -ENOMEM;
		fresh->file = f;
		fresh->fd = fd;
	}
	spin_lock_irqsave(&q->lock, flags);
	e = find(q, f);
	if (on && e) {
		e->fd = fd;
	} else if (on) {
		list_add_tail(&fresh->link, &q->entries);
		fresh = NULL;
	} else if (e) {
		list_del(&e->link);
		fresh = e;
	}
	spin_unlock_irqrestore(&q->lock, flags);
	kfree(fresh);
	return 0;
}

static s64 band_of(int poll_code)
{
	switch (poll_code) {
	case POLL_IN:
		return EPOLLIN | EPOLLRDNORM;
	case POLL_OUT:
		return EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
	case POLL_MSG:
		return EPOLLIN | EPOLLRDNORM | EPOLLMSG;
	case POLL_PRI:
		return EPOLLPRI | EPOLLRDBAND;
	case POLL_HUP:
		return EPOLLHUP | EPOLLERR;
	default:
		return EPOLLERR;
	}
}

/* The owner must be one that the process which set it could have signalled. RCU held. */
static bool may_signal(const struct file *f, struct task *t)
{
	const struct cred *c = rcu_dereference(t->real_cred);

	return f->owner.euid.v == 0 || uid_eq(f->owner.euid, c->suid) || uid_eq(f->owner.euid, c->uid) ||
	       uid_eq(f->owner.uid, c->suid) || uid_eq(f->owner.uid, c->uid);
}

#define URGENT	(-1)	/* for poll_code: SIGURG */

static void send_to_task(const struct file *f, struct task *t, int fd, int poll_code, enum sig_target where)
{
	siginfo_t info = { .si_signo = f->owner.sig, .si_code = poll_code };

	if (!may_signal(f, t))
		return;
	if (poll_code == URGENT) {
		(void)signal_send(t, SIGURG, SEND_PRIV, where);
		return;
	}
	info.si_band = band_of(poll_code);
	info.si_fd = fd;
	/* A queue that is full, or no signal chosen: plain SIGIO. */
	if (!f->owner.sig || signal_send(t, f->owner.sig, &info, where))
		(void)signal_send(t, SIGIO, SEND_PRIV, where);
}

static void send_to_owner(const struct file *f, int fd, int poll_code)
{
	struct pid *pid = f->owner.pid;
	struct task *t;

	if (!pid)
		return;
	if (f->owner.type == PIDTYPE_PGID) {
		for_each_pid_task(t, pid, PIDTYPE_PGID)
			send_to_task(f, t, fd, poll_code, SIG_TO_PROCESS);
		return;
	}
	t = pid_task(pid, f->owner.type == PIDTYPE_TID ? PIDTYPE_TID : PIDTYPE_TGID);
	if (t)
		send_to_task(f, t, fd, poll_code, f->owner.type == PIDTYPE_TID ? SIG_TO_THREAD : SIG_TO_PROCESS);
}

void file_signal_owner(struct file *f, int fd, int poll_code)
{
	rcu_read_lock();
	send_to_owner(f, fd, poll_code);
	rcu_read_unlock();
}

void file_signal_urgent(struct file *f)
{
	file_signal_owner(f, -1, URGENT);
}

void fasync_send_slow(struct fasync_queue *q, int poll_code)
{
	struct fasync_entry *e;
	u64 flags;

	rcu_read_lock();
	spin_lock_irqsave(&q->lock, flags);
	list_for_each_entry(e, &q->entries, link)
		send_to_owner(e->file, e->fd, poll_code);
	spin_unlock_irqrestore(&q->lock, flags);
	rcu_read_unlock();
}
