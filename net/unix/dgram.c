/* SPDX-License-Identifier: MPL-2.0 */
/* Datagrams: whole messages to a connected or named peer. */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <net/filter.h>

#include "internal.h"

/* A connected socket takes messages of its peer only. */
static bool may_send(const struct unix_sock *from, const struct unix_sock *to)
{
	return !to->peer || to->peer == from || to->c.type != SOCK_DGRAM;
}

static bool queue_full(const struct unix_sock *from, const struct unix_sock *to)
{
	return to->c.type == SOCK_DGRAM && from != to && READ_ONCE(to->peer) != from &&
	       READ_ONCE(to->qlen) > to->dgram_max;
}

/* 0: queued; -EAGAIN: the queue is full; other -errno. The packet stays the caller's on failure. */
static int try_queue(struct unix_sock *u, struct unix_sock *to, struct unix_packet *p)
{
	int err = 0;

	spin_lock(&to->lock);
	if (to->dead)
		err = -ECONNREFUSED;
	else if (to->shutdown & RCV_SHUTDOWN)
		err = -EPIPE;
	else if (!may_send(u, to))
		err = -EPERM;
	else if (queue_full(u, to))
		err = -EAGAIN;
	if (!err) {
		list_add_tail(&p->link, &to->queue);
		WRITE_ONCE(to->qlen, to->qlen + 1);
	}
	spin_unlock(&to->lock);
	return err;
}

ssize_t unix_packet_send_to(struct unix_sock *u, struct unix_sock *to, struct msg *m, size_t len, u64 deadline)
{
	struct unix_packet *p;
	u32 want;
	int err;

	if (len > READ_ONCE(u->c.sndbuf) - 32)
		return -EMSGSIZE;
	err = unix_wait_send(u, deadline);
	if (err)
		return err;
	if (READ_ONCE(u->shutdown) & SEND_SHUTDOWN)
		return unix_broken_pipe(m);
	p = unix_packet_new(u, m, len, &err);
	if (!p)
		return err;
	want = sock_filter_run_bytes(&to->c, p->data, p->len);
	if (!want) {		/* the sender does not hear of it */
		unix_packet_free(p);
		return (ssize_t)len;
	}
	p->len = min(p->len, want);
	if (sock_wants_stamp(&to->c))
		p->tstamp = clock_realtime_ns();
	while ((err = try_queue(u, to, p)) == -EAGAIN && deadline) {
		err = wait_event_interruptible_until(&to->wait, !queue_full(u, to) || READ_ONCE(to->dead) ||
						     READ_ONCE(to->shutdown) & RCV_SHUTDOWN, deadline);
		if (err)
			break;
	}
	if (!err) {
		unix_wake_readers(to);
		return (ssize_t)len;
	}
	unix_packet_free(p);
	if (err == -EPIPE)
		return unix_broken_pipe(m);
	return sock_wait_result(err, deadline);
}

static void disconnect(struct unix_sock *u, struct unix_sock *dead)
{
	bool was = false;

	spin_lock(&u->lock);
	if (u->peer == dead) {
		u->peer = NULL;
		was = true;
	}
	spin_unlock(&u->lock);
	if (was)
		unix_put(dead);
}

static ssize_t dgram_sendmsg(struct socket *s, struct msg *m, size_t len)
{
	struct unix_sock *u = unix_sk(s), *to;
	ssize_t n;

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (READ_ONCE(u->c.passcred) && !READ_ONCE(u->addr)) {
		n = unix_autobind(u);
		if (n)
			return n;
	}
	if (m->namelen) {
		to = unix_find(&m->name, m->namelen, SOCK_DGRAM);
		if (IS_ERR(to))
			return PTR_ERR(to);
	} else {
		to = unix_peer_get(u);
		if (!to)
			return -ENOTCONN;
	}
	n = unix_packet_send_to(u, to, m, len, sock_send_deadline(&u->c, m->flags, s->file->flags));
	if (n == -ECONNREFUSED && !m->namelen)
		disconnect(u, to);
	unix_put(to);
	return n;
}

static int dgram_connect(struct socket *s, const struct sockaddr_storage *a, int len, u32 fflags)
{
	struct unix_sock *u = unix_sk(s), *to = NULL, *old;
	int err = 0;

	(void)fflags;
	if (len < (int)sizeof(a->ss_family))
		return -EINVAL;
	if (a->ss_family != AF_UNSPEC) {
		if (READ_ONCE(u->c.passcred) && !READ_ONCE(u->addr))
			err = unix_autobind(u);
		if (err)
			return err;
		to = unix_find(a, len, SOCK_DGRAM);
		if (IS_ERR(to))
			return (int)PTR_ERR(to);
		spin_lock(&to->lock);
		err = may_send(u, to) ? 0 : -EPERM;
		spin_unlock(&to->lock);
		if (err) {
			unix_put(to);
			return err;
		}
	}
	spin_lock(&u->lock);
	old = u->peer;
	u->peer = to;
	u->state = to ? SS_CONNECTED : SS_UNCONNECTED;
	spin_unlock(&u->lock);
	unix_put(old);
	return 0;
}

static struct unix_packet *take_packet(struct unix_sock *u, bool peek)
{
	struct unix_packet *p;

	spin_lock(&u->lock);
	p = list_first_entry_or_null(&u->queue, struct unix_packet, link);
	if (p && !peek) {
		list_del_init(&p->link);
		WRITE_ONCE(u->qlen, u->qlen - 1);
	}
	spin_unlock(&u->lock);
	return p;
}

static int wait_packet(struct unix_sock *u, u64 deadline)
{
	int err = sock_take_error(&u->c);

	if (err)
		return err;
	if (READ_ONCE(u->shutdown) & RCV_SHUTDOWN)
		return u->c.type == SOCK_SEQPACKET || READ_ONCE(u->shutdown) ? 1 : 0;
	if (!deadline)
		return -EAGAIN;
	err = wait_event_interruptible_until(&u->wait, READ_ONCE(u->qlen) || READ_ONCE(u->shutdown) & RCV_SHUTDOWN ||
					     READ_ONCE(u->c.err), deadline);
	return sock_wait_result(err, deadline);
}

ssize_t unix_packet_recvmsg(struct socket *s, struct msg *m, size_t len)
{
	struct unix_sock *u = unix_sk(s);
	u64 deadline = sock_recv_deadline(&u->c, m->flags, s->file->flags);
	bool peek = m->flags & MSG_PEEK;
	struct unix_packet *p;
	size_t n;
	ssize_t res;
	int err;

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	mutex_lock(&u->read_mutex);
	while (!(p = take_packet(u, peek))) {
		mutex_unlock(&u->read_mutex);
		err = wait_packet(u, deadline);
		if (err)
			return err == 1 ? 0 : err;
		mutex_lock(&u->read_mutex);
	}
	n = min_t(size_t, p->len, len);
	m->namelen = unix_addr_out(p->from, &m->name);
	if (!p->from)
		m->namelen = 0;
	res = copy_to_iter(p->data, n, &m->iter) == n ? (ssize_t)n : -EFAULT;
	if (p->len > len)
		m->out_flags |= MSG_TRUNC;
	if (u->c.type == SOCK_SEQPACKET)
		m->out_flags |= MSG_EOR;
	if (res >= 0) {
		if (READ_ONCE(u->c.stamp) & SOCK_STAMP_ON)
			sock_put_stamp(&u->c, m, p->tstamp);
		unix_deliver_scm(u, p, m, peek);
		if (m->flags & MSG_TRUNC)
			res = (ssize_t)p->len;
	}
	mutex_unlock(&u->read_mutex);
	if (!peek) {
		unix_packet_free(p);
		/* Senders that found the queue full. */
		if (wait_queue_has_sleeper(&u->wait))
			wake_up_poll_all(&u->wait, EPOLLOUT | EPOLLWRNORM);
	}
	return res;
}

const struct proto_ops unix_dgram_ops = {
	.family = AF_UNIX, .release = unix_release, .bind = unix_bind, .connect = dgram_connect,
	.socketpair = unix_socketpair, .shutdown = unix_shutdown, .getname = unix_getname, .poll = unix_poll,
	.ioctl = unix_ioctl, .sendmsg = dgram_sendmsg, .recvmsg = unix_packet_recvmsg,
	.setsockopt = unix_setsockopt, .getsockopt = unix_getsockopt,
};
