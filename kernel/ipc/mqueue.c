/* SPDX-License-Identifier: MPL-2.0 */
/*
 * POSIX message queues: sending, receiving, being told, and the operations of their files.
 *
 * A sender hands its message to the first receiver that waits; a receiver that makes room takes in the message of
 * the first sender that waits. Waiters are served by scheduling priority, then in the order in which they came. Who
 * sleeps has the file open, so the queue stays. One process may ask to be told, once, when the queue stops being
 * empty while nobody waits to receive: by a signal, or (for a thread of its C library) by 32 bytes at a netlink
 * socket.
 */
#include <base/printf.h>
#include <base/string.h>
#include <core/slab.h>
#include <core/upcall.h>
#include <fs/poll.h>
#include <fs/super.h>
#include <kernel/sched.h>
#include <kernel/syscall.h>
#include <kernel/time.h>
#include <net/netlink.h>
#include "mqueue.h"

#define TEXT_SIZE	80
#define COOKIE_LEN	32u
/* Its last byte: a message came; the request ended without one. */
#define NOTIFY_WOKENUP	1
#define NOTIFY_REMOVED	2

struct mq_wait {
	struct list_head link;		/* [queue's lock] */
	struct task *task;		/* [I] */
	int prio;			/* [I] smaller is served first */
	struct mq_msg *msg;		/* [queue's lock until done] to send, or received */
	bool done;			/* [a] off the list: msg was taken, or is there */
};

/* --- messages, by priority --- */

static void msg_insert(struct mq *q, struct mq_msg *m)
{
	struct rb_node **link = &q->messages.node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = m->prio > rb_entry(parent, struct mq_msg, node)->prio ? &parent->right : &parent->left;
	}
	rb_link_node(&m->node, parent, link);
	rb_insert(&m->node, &q->messages);
	q->nr++;
	q->bytes += m->size;
}

/* The oldest of the highest priority; there is one. */
static struct mq_msg *msg_take(struct mq *q)
{
	struct mq_msg *m = rb_entry(rb_last(&q->messages), struct mq_msg, node);

	rb_erase(&m->node, &q->messages);
	q->nr--;
	q->bytes -= m->size;
	return m;
}

void mq_free_messages(struct mq *q)
{
	while (q->nr) {
		kvfree(msg_take(q));
		if (need_resched())
			cond_resched();
	}
	/* Of a process that went while others kept its descriptors. */
	pid_put(q->notify_owner);
	q->notify_owner = NULL;
	if (q->cookie)
		nl_cookie_drop(q->cookie);
	q->cookie = NULL;
}

void mq_init(struct mq *q)
{
	spin_lock_init(&q->lock, IPC_OBJECT);
	list_init(&q->receivers);
	list_init(&q->senders);
	wait_queue_init(&q->poll);
	q->messages = (struct rb_root)RB_ROOT;
	q->nr = 0;
	q->bytes = 0;
	q->notify_owner = NULL;
	q->cookie = NULL;
	q->user = NULL;
	q->charged = 0;
}

/* --- being told --- */

/* A request that ended, to be given back without the lock. */
struct told {
	struct pid *owner;		/* referenced, or NULL */
	struct nl_cookie *cookie;	/* or NULL */
	u8 how;				/* last byte of the cookie */
};

/* Locked. */
static struct told notify_end(struct mq *q, u8 how)
{
	struct told t = { q->notify_owner, q->cookie, how };

	q->notify_owner = NULL;
	q->cookie = NULL;
	return t;
}

static void told_finish(struct told *t)
{
	if (t->cookie) {
		nl_cookie_bytes(t->cookie)[COOKIE_LEN - 1] = t->how;
		nl_cookie_send(t->cookie);
	}
	pid_put(t->owner);
}

/* A message came and nobody waited for it. Locked. */
static struct told notify(struct mq *q)
{
	struct told t = { 0 };
	siginfo_t info;

	if (q->notify_owner && q->nr == 1) {
		if (q->notify.sigev_notify == SIGEV_SIGNAL && q->notify.sigev_signo) {
			memset(&info, 0, sizeof(info));
			info.si_signo = q->notify.sigev_signo;
			info.si_code = SI_MESGQ;
			info.si_value = q->notify.sigev_value;
			info.si_pid = task_tgid_vnr(current);
			info.si_uid = from_kuid(&init_user_ns, current_uid());
			(void)signal_send_pid(q->notify_owner, info.si_signo, &info);
		}
		t = notify_end(q, NOTIFY_WOKENUP);
	}
	wake_up_poll_all(&q->poll, EPOLLIN | EPOLLRDNORM);
	return t;
}

/* ev NULL: current's request ends. The cookie is consumed. */
static int notify_set(struct mq *q, const struct sigevent *ev, struct nl_cookie *cookie)
{
	struct pid *me = current->proc->pids[PIDTYPE_TGID];
	struct told t = { NULL, NULL, NOTIFY_REMOVED };
	bool changed = true;
	int err = 0;

	spin_lock(&q->lock);
	if (!ev) {
		changed = q->notify_owner == me;
		if (changed)
			t = notify_end(q, NOTIFY_REMOVED);
	} else if (q->notify_owner) {
		err = -EBUSY;
		changed = false;
	} else {
		q->notify = *ev;
		q->notify_owner = pid_get(me);
		q->cookie = cookie;
	}
	spin_unlock(&q->lock);
	if (changed)
		inode_touch_ctime(&q->vfs);
	told_finish(&t);
	return err;
}

/* --- waiting --- */

static void waiter_add(struct list_head *list, struct mq_wait *w)
{
	struct mq_wait *o;

	list_for_each_entry(o, list, link)
		if (o->prio > w->prio) {
			list_add_tail(&w->link, &o->link);
			return;
		}
	list_add_tail(&w->link, list);
}

static struct mq_wait *waiter_first(struct list_head *list)
{
	return list_first_entry_or_null(list, struct mq_wait, link);
}

/* Its task is freed by RCU, and the queue's lock keeps us inside a reader's section. */
static void waiter_done(struct mq_wait *w)
{
	struct task *t = w->task;

	list_del(&w->link);
	smp_store_release(&w->done, true);
	sched_wake(&t->core, TASK_NORMAL);
}

/* The queue is locked; unlocks. deadline: of the wall clock. 0, -ERESTARTSYS, -ETIMEDOUT. */
static int waiter_sleep(struct mq *q, struct list_head *list, struct mq_wait *w, u64 deadline)
{
	int err = 0;

	waiter_add(list, w);
	set_current_state(TASK_INTERRUPTIBLE);
	spin_unlock(&q->lock);
	while (!smp_load_acquire(&w->done)) {
		if (signal_pending())
			err = -ERESTARTSYS;
		else if (deadline == WAIT_FOREVER)
			schedule();
		else if (schedule_until_clock(TIMER_REALTIME, deadline) == 0)
			err = -ETIMEDOUT;
		if (err)
			break;
		set_current_state(TASK_INTERRUPTIBLE);
	}
	set_current_state_relaxed(TASK_RUNNING);
	if (!err)
		return 0;
	spin_lock(&q->lock);
	if (w->done)
		err = 0;
	else
		list_del(&w->link);
	spin_unlock(&q->lock);
	return err;
}

/* --- the calls --- */

/* The queue behind a descriptor that may do `mode`; fdput() f. NULL: -EBADF. */
static struct mq *mq_get(int fd, u32 mode, struct fd *f)
{
	*f = fdget(fd);
	if (!f->file)
		return NULL;
	if (f->file->ops == &mq_fops && (f->file->mode & mode) == mode)
		return mq_of(f->file->inode);
	fdput(*f);
	return NULL;
}

static int deadline_get(uin_timespec timeout, u64 *deadline)
{
	struct timespec ts;

	*deadline = WAIT_FOREVER;
	if (uptr_null(timeout))
		return 0;
	if (copy_in(&ts, timeout))
		return -EFAULT;
	if (!timespec_valid(&ts))
		return -EINVAL;
	*deadline = (u64)timespec_to_ns(&ts);
	return 0;
}

static int send(struct mq *q, struct mq_msg *m, bool block, u64 deadline)
{
	struct mq_wait w = { .task = current, .prio = sched_task_prio(current), .msg = m }, *r;
	struct told t = { 0 };

	spin_lock(&q->lock);
	if (q->nr == q->max_msgs) {
		if (block)
			return waiter_sleep(q, &q->senders, &w, deadline);
		spin_unlock(&q->lock);
		return -EAGAIN;
	}
	r = waiter_first(&q->receivers);
	if (r) {
		r->msg = m;
		waiter_done(r);
	} else {
		msg_insert(q, m);
		t = notify(q);
	}
	spin_unlock(&q->lock);
	told_finish(&t);
	inode_touch_mtime(&q->vfs);
	return 0;
}

static struct mq_msg *receive(struct mq *q, bool block, u64 deadline)
{
	struct mq_wait w = { .task = current, .prio = sched_task_prio(current) }, *s;
	struct mq_msg *m;
	int err;

	spin_lock(&q->lock);
	if (!q->nr) {
		if (block) {
			err = waiter_sleep(q, &q->receivers, &w, deadline);
			return err ? ERR_PTR(err) : w.msg;
		}
		spin_unlock(&q->lock);
		return ERR_PTR(-EAGAIN);
	}
	m = msg_take(q);
	s = waiter_first(&q->senders);
	if (s) {
		msg_insert(q, s->msg);
		waiter_done(s);
	} else {
		wake_up_poll_all(&q->poll, EPOLLOUT | EPOLLWRNORM);
	}
	spin_unlock(&q->lock);
	inode_touch_ctime(&q->vfs);
	return m;
}

static struct mq_msg *msg_from_user(uaddr_t from, size_t len, u32 prio)
{
	struct mq_msg *m = kvmalloc(sizeof(*m) + len, GFP_KERNEL);

	if (!m)
		return ERR_PTR(-ENOMEM);
	m->prio = prio;
	m->size = len;
	if (copy_in_bytes(m->data, from, len)) {
		kvfree(m);
		return ERR_PTR(-EFAULT);
	}
	return m;
}

long sys_mq_timedsend(int fd, uin_void msg, size_t len, unsigned int prio, uin_timespec timeout)
{
	struct mq_msg *m;
	struct fd f;
	struct mq *q;
	u64 deadline;
	long err = deadline_get(timeout, &deadline);

	if (err)
		return err;
	if (prio >= MQ_PRIO_MAX)
		return -EINVAL;
	q = mq_get(fd, FMODE_WRITE, &f);
	if (!q)
		return -EBADF;
	m = len > (u64)q->msg_size ? ERR_PTR(-EMSGSIZE) : msg_from_user(uaddr(msg.addr), len, prio);
	if (IS_ERR(m)) {
		err = PTR_ERR(m);
	} else {
		err = send(q, m, !(READ_ONCE(f.file->flags) & O_NONBLOCK), deadline);
		if (err)
			kvfree(m);
	}
	fdput(f);
	return err;
}

long sys_mq_timedreceive(int fd, uout_void msg, size_t len, uout_u32 uprio, uin_timespec timeout)
{
	struct mq_msg *m;
	struct fd f;
	struct mq *q;
	u64 deadline;
	long res = deadline_get(timeout, &deadline);

	if (res)
		return res;
	q = mq_get(fd, FMODE_READ, &f);
	if (!q)
		return -EBADF;
	m = len < (u64)q->msg_size ? ERR_PTR(-EMSGSIZE) :
		receive(q, !(READ_ONCE(f.file->flags) & O_NONBLOCK), deadline);
	fdput(f);
	if (IS_ERR(m))
		return PTR_ERR(m);
	res = (long)m->size;
	if ((!uptr_null(uprio) && copy_out(uprio, &m->prio)) || copy_out_bytes(uaddr(msg.addr), m->data, m->size))
		res = -EFAULT;
	kvfree(m);
	return res;
}

/* SIGEV_THREAD as libraries have it: 32 bytes of theirs, the last one set by us, come to a netlink socket. */
static struct nl_cookie *cookie_get(const struct sigevent *ev)
{
	struct nl_cookie *c;
	u8 bytes[COOKIE_LEN];
	struct fd f;

	if (copy_in_bytes(bytes, uaddr((u64)ev->sigev_value.sival_ptr), sizeof(bytes)))
		return ERR_PTR(-EFAULT);
	f = fdget(ev->sigev_signo);
	if (!f.file)
		return ERR_PTR(-EBADF);
	c = nl_cookie_new(f.file, sizeof(bytes));
	fdput(f);
	if (!IS_ERR(c))
		memcpy(nl_cookie_bytes(c), bytes, sizeof(bytes));
	return c;
}

long sys_mq_notify(int fd, uin_sigevent uev)
{
	struct nl_cookie *cookie = NULL;
	struct sigevent ev;
	struct fd f;
	struct mq *q;
	long err = -EBADF;

	if (!uptr_null(uev)) {
		if (copy_in(&ev, uev))
			return -EFAULT;
		if (ev.sigev_notify != SIGEV_NONE && ev.sigev_notify != SIGEV_SIGNAL && ev.sigev_notify != SIGEV_THREAD)
			return -EINVAL;
		if (ev.sigev_notify == SIGEV_SIGNAL && (u32)ev.sigev_signo > NSIG)
			return -EINVAL;
		if (ev.sigev_notify == SIGEV_THREAD)
			cookie = cookie_get(&ev);
		if (IS_ERR(cookie))
			return PTR_ERR(cookie);
	}
	q = mq_get(fd, 0, &f);
	if (q) {
		err = notify_set(q, uptr_null(uev) ? NULL : &ev, cookie);
		fdput(f);
	}
	if (err && cookie)
		nl_cookie_drop(cookie);
	return err;
}

long sys_mq_getsetattr(int fd, uin_mq_attr uattr, uout_mq_attr uold)
{
	struct mq_attr attr, old = { 0 };
	struct fd f;
	struct mq *q;

	if (!uptr_null(uattr)) {
		if (copy_in(&attr, uattr))
			return -EFAULT;
		if (attr.mq_flags & ~(s64)O_NONBLOCK)
			return -EINVAL;
	}
	q = mq_get(fd, 0, &f);
	if (!q)
		return -EBADF;
	old.mq_maxmsg = q->max_msgs;
	old.mq_msgsize = q->msg_size;
	old.mq_curmsgs = READ_ONCE(q->nr);
	spin_lock(&f.file->lock);
	old.mq_flags = f.file->flags & O_NONBLOCK;
	if (!uptr_null(uattr))
		f.file->flags = (f.file->flags & ~O_NONBLOCK) | (u32)attr.mq_flags;
	spin_unlock(&f.file->lock);
	fdput(f);
	return !uptr_null(uold) && copy_out(uold, &old) ? -EFAULT : 0;
}

/* --- files --- */

static ssize_t mq_read(struct file *f, struct kiocb *k, struct iov_iter *to)
{
	struct mq *q = mq_of(f->inode);
	char text[TEXT_SIZE];
	ssize_t n;

	spin_lock(&q->lock);
	snprintf(text, sizeof(text), "QSIZE:%-10llu NOTIFY:%-5d SIGNO:%-5d NOTIFY_PID:%-6d\n", (unsigned long long)q->bytes,
		 q->notify_owner ? q->notify.sigev_notify : 0,
		 q->notify_owner && q->notify.sigev_notify == SIGEV_SIGNAL ? q->notify.sigev_signo : 0,
		 q->notify_owner ? pid_vnr(q->notify_owner) : 0);
	spin_unlock(&q->lock);
	text[TEXT_SIZE - 1] = '\0';
	n = simple_read_from_buffer(to, &k->pos, text, strlen(text));
	if (n > 0)
		inode_touch_ctime(f->inode);
	return n;
}

static u32 mq_poll(struct file *f, struct poll_table *pt)
{
	struct mq *q = mq_of(f->inode);
	u32 events = 0;
	s64 nr;

	poll_wait(f, &q->poll, pt);
	nr = READ_ONCE(q->nr);
	if (nr)
		events = EPOLLIN | EPOLLRDNORM;
	if (nr < q->max_msgs)
		events |= EPOLLOUT | EPOLLWRNORM;
	return events;
}

/* A process that closes a descriptor is not told any more. */
static int mq_flush(struct file *f)
{
	return notify_set(mq_of(f->inode), NULL, NULL);
}

const struct file_ops mq_fops = {
	.read_iter = mq_read, .poll = mq_poll, .flush = mq_flush, .llseek = generic_llseek,
};
