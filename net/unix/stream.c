/* SPDX-License-Identifier: MPL-2.0 */
/* Connections: listen, connect, accept, and the byte stream over them; seqpacket keeps boundaries. */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>

#include "internal.h"

#define STREAM_CHUNK	(32768u - 256u)

static int unix_listen(struct socket *s, int backlog)
{
	struct unix_sock *u = unix_sk(s);
	struct pid *old_pid;
	const struct cred *old_cred;
	int err = -EINVAL;

	if (!READ_ONCE(u->addr))
		return -EINVAL;
	spin_lock(&u->lock);
	old_pid = u->listen_pid;
	old_cred = u->listen_cred;
	if (u->state == SS_UNCONNECTED || u->state == SS_LISTENING) {
		u->backlog = backlog;
		u->state = SS_LISTENING;
		u->c.listening = true;
		u->listen_pid = pid_get(current->proc->pids[PIDTYPE_TGID]);
		u->listen_cred = cred_get(current_cred());
		err = 0;
	}
	spin_unlock(&u->lock);
	if (err)
		return err;
	wake_up_all(&u->wait);	/* a larger backlog lets waiting clients in */
	pid_put(old_pid);
	if (old_cred)
		cred_put(old_cred);
	return 0;
}

/* --- connect --- */

static bool backlog_full(const struct unix_sock *l)
{
	return READ_ONCE(l->state) == SS_LISTENING && READ_ONCE(l->qlen) > (u32)READ_ONCE(l->backlog);
}

/* Join u with the listener's new end. Both locks taken here. -EAGAIN: backlog full. */
static int join(struct unix_sock *u, struct unix_sock *l, struct unix_sock *n, struct unix_packet *p)
{
	int err = 0;

	unix_lock_two(u, l);
	if (u->state != SS_UNCONNECTED)
		err = u->state == SS_CONNECTED ? -EISCONN : -EINVAL;
	else if (l->state != SS_LISTENING || l->dead || l->shutdown & RCV_SHUTDOWN)
		err = -ECONNREFUSED;
	else if (l->qlen > (u32)l->backlog)
		err = -EAGAIN;
	if (!err) {
		unix_get(n);
		u->peer = n;
		u->state = SS_CONNECTED;
		unix_copy_peercred(u, l);
		unix_get(u);
		n->peer = u;
		n->state = SS_CONNECTED;
		n->addr = l->addr;
		ref_get(&l->addr->ref);
		list_add_tail(&p->link, &l->queue);
		WRITE_ONCE(l->qlen, l->qlen + 1);
	}
	unix_unlock_two(u, l);
	return err;
}

static int unix_connect(struct socket *s, const struct sockaddr_storage *a, int len, u32 fflags)
{
	struct unix_sock *u = unix_sk(s), *n, *l;
	u64 deadline = sock_send_deadline(&u->c, 0, fflags);
	struct unix_packet *p;
	int err;

	if (READ_ONCE(u->c.passcred) && !READ_ONCE(u->addr)) {
		err = unix_autobind(u);
		if (err)
			return err;
	}
	n = unix_new(NULL, u->c.type);
	if (!n)
		return -ENOMEM;
	unix_set_peercred(n);
	p = unix_packet_new(n, NULL, 0, &err);
	if (!p) {
		unix_put(n);
		return -ENOMEM;
	}
	p->conn = n;	/* the packet takes over our reference */
	for (;;) {
		l = unix_find(a, len, u->c.type);
		if (IS_ERR(l)) {
			err = (int)PTR_ERR(l);
			break;
		}
		err = join(u, l, n, p);
		if (!err)
			unix_wake_readers(l);
		if (err != -EAGAIN || !deadline) {
			unix_put(l);
			break;
		}
		err = wait_event_interruptible_until(&l->wait, !backlog_full(l), deadline);
		unix_put(l);
		if (err) {
			err = sock_wait_result(err, deadline);
			break;
		}
	}
	if (err)
		unix_packet_free(p);
	return err;
}

/* --- accept --- */

static struct unix_packet *take_first(struct unix_sock *u)
{
	struct unix_packet *p;

	spin_lock(&u->lock);
	p = list_first_entry_or_null(&u->queue, struct unix_packet, link);
	if (p) {
		list_del_init(&p->link);
		WRITE_ONCE(u->qlen, u->qlen - 1);
	}
	spin_unlock(&u->lock);
	return p;
}

static int unix_accept(struct socket *s, struct socket *newsock, u32 fflags)
{
	struct unix_sock *u = unix_sk(s), *unused = unix_sk(newsock);
	u64 deadline = sock_recv_deadline(&u->c, 0, fflags);
	struct unix_packet *p;
	int err;

	if (READ_ONCE(u->state) != SS_LISTENING)
		return -EINVAL;
	while (!(p = take_first(u))) {
		if (READ_ONCE(u->shutdown) & RCV_SHUTDOWN)
			return -EINVAL;
		if (!deadline)
			return -EAGAIN;
		err = wait_event_interruptible_until(&u->wait, READ_ONCE(u->qlen) || READ_ONCE(u->shutdown) & RCV_SHUTDOWN,
						     deadline);
		if (err)
			return sock_wait_result(err, deadline);
	}
	newsock->sk = p->conn;
	newsock->common = &p->conn->c;
	unix_list_socket(p->conn, newsock);
	p->conn = NULL;
	unix_packet_free(p);
	wake_up_poll_all(&u->wait, EPOLLOUT);	/* clients that wait for the backlog */
	unix_release_sock(unused, false);
	unix_put(unused);
	return 0;
}

/* --- sending --- */

/* Hand a packet to the peer. -EPIPE. The packet is freed on failure. */
static int queue_to_peer(struct unix_sock *u, struct unix_packet *p)
{
	struct unix_sock *peer = unix_peer_get(u);
	bool ok = false;

	if (peer) {
		spin_lock(&peer->lock);
		ok = !peer->dead && !(peer->shutdown & RCV_SHUTDOWN) && !(READ_ONCE(u->shutdown) & SEND_SHUTDOWN);
		if (ok) {
			list_add_tail(&p->link, &peer->queue);
			WRITE_ONCE(peer->qlen, peer->qlen + 1);
		}
		spin_unlock(&peer->lock);
		if (ok)
			unix_wake_readers(peer);
		unix_put(peer);
	}
	if (ok)
		return 0;
	unix_packet_free(p);
	return -EPIPE;
}

static int check_connected(struct unix_sock *u, struct msg *m)
{
	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (m->namelen)
		return READ_ONCE(u->state) == SS_CONNECTED ? -EISCONN : -EOPNOTSUPP;
	if (READ_ONCE(u->shutdown) & SEND_SHUTDOWN)
		return -EPIPE;
	return READ_ONCE(u->state) == SS_CONNECTED ? 0 : -ENOTCONN;
}

static ssize_t stream_sendmsg(struct socket *s, struct msg *m, size_t len)
{
	struct unix_sock *u = unix_sk(s);
	u64 deadline = sock_send_deadline(&u->c, m->flags, s->file->flags);
	size_t done = 0;
	int err = check_connected(u, m);

	if (err == -EPIPE)
		return unix_broken_pipe(m);
	while (!err && done < len) {
		size_t n = min_t(size_t, len - done, STREAM_CHUNK);
		struct unix_packet *p;

		n = min_t(size_t, n, max_t(size_t, u->c.sndbuf / 2, 256));
		err = unix_wait_send(u, deadline);
		if (err)
			break;
		p = unix_packet_new(u, m, n, &err);
		if (!p)
			break;
		err = queue_to_peer(u, p);
		if (err)
			break;
		done += n;
	}
	if (done)
		return (ssize_t)done;
	return err == -EPIPE ? unix_broken_pipe(m) : err;
}

/* --- receiving --- */

/* Wait for data. 0: look again; 1: end of stream; -errno. */
static int wait_data(struct unix_sock *u, u64 deadline)
{
	int err;

	if (READ_ONCE(u->qlen))
		return 0;
	err = sock_take_error(&u->c);
	if (err)
		return err;
	if (READ_ONCE(u->shutdown) & RCV_SHUTDOWN)
		return READ_ONCE(u->qlen) ? 0 : 1;
	if (!deadline)
		return -EAGAIN;
	err = wait_event_interruptible_until(&u->wait, READ_ONCE(u->qlen) || READ_ONCE(u->shutdown) & RCV_SHUTDOWN ||
					     READ_ONCE(u->c.err), deadline);
	return sock_wait_result(err, deadline);
}

static bool same_sender(const struct scm_cookie *a, const struct scm_cookie *b)
{
	return a->pid == b->pid && a->uid == b->uid && a->gid == b->gid;
}

/* What of the packets in the queue goes into this read, in read order. read_mutex held. */
struct stream_read {
	struct unix_sock *u;
	struct msg *m;
	struct scm_cookie first;	/* borrowed copy of the first packet's sender */
	size_t done, want, skip;	/* skip: bytes before SO_PEEK_OFF */
	bool peek, started, stop;
};

static int read_packet(struct stream_read *r, struct unix_packet *p, u32 off)
{
	size_t n = min_t(size_t, p->len - off, r->want - r->done), got;

	if (r->started && (p->scm.files || (READ_ONCE(r->u->c.passcred) && !same_sender(&r->first, &p->scm)))) {
		r->stop = true;
		return 0;
	}
	got = copy_to_iter(p->data + off, n, &r->m->iter);
	r->done += got;
	if (!r->started || p->scm.files) {
		bool files = p->scm.files;

		r->first = p->scm;
		if (!r->started)
			r->m->namelen = unix_addr_out(p->from, &r->m->name);
		unix_deliver_scm(r->u, p, r->m, r->peek);
		r->started = true;
		r->stop = files;
	}
	if (!r->peek)
		p->off = off + (u32)got;
	return got < n ? -EFAULT : 0;
}

/* Read what is there. 0 or -EFAULT. */
static int read_queue(struct stream_read *r)
{
	struct unix_packet *p;
	int err = 0;

	/* Only readers take packets off, and we hold the read mutex: p stays while the lock is dropped. */
	spin_lock(&r->u->lock);
	p = list_first_entry_or_null(&r->u->queue, struct unix_packet, link);
	while (p && r->done < r->want && !err && !r->stop) {
		struct unix_packet *next = NULL;

		if (r->skip >= p->len - p->off) {
			r->skip -= p->len - p->off;
		} else {
			spin_unlock(&r->u->lock);
			err = read_packet(r, p, p->off + (u32)r->skip);
			spin_lock(&r->u->lock);
			r->skip = 0;
		}
		if (r->peek) {
			if (!list_is_last(&p->link, &r->u->queue))
				next = list_next_entry(p, link);
			p = next;
			continue;
		}
		if (p->off < p->len)
			break;
		list_del_init(&p->link);
		WRITE_ONCE(r->u->qlen, r->u->qlen - 1);
		next = list_first_entry_or_null(&r->u->queue, struct unix_packet, link);
		spin_unlock(&r->u->lock);
		unix_packet_free(p);
		spin_lock(&r->u->lock);
		p = next;
	}
	spin_unlock(&r->u->lock);
	return err;
}

static ssize_t stream_recvmsg(struct socket *s, struct msg *m, size_t len)
{
	struct unix_sock *u = unix_sk(s);
	u64 deadline = sock_recv_deadline(&u->c, m->flags, s->file->flags);
	struct stream_read r = { .u = u, .m = m, .want = len, .peek = m->flags & MSG_PEEK };
	size_t lowat = min_t(size_t, (size_t)READ_ONCE(u->c.rcvlowat), len);
	int err = 0;

	if (READ_ONCE(u->state) != SS_CONNECTED)
		return -EINVAL;
	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	mutex_lock(&u->read_mutex);
	while (r.done < len && !r.stop) {
		if (r.peek && READ_ONCE(u->c.peek_off) > 0)
			r.skip = (size_t)u->c.peek_off;
		err = read_queue(&r);
		if (err || (r.done >= lowat && !(m->flags & MSG_WAITALL)) || r.done == len || r.stop || (r.peek && r.done))
			break;
		mutex_unlock(&u->read_mutex);
		err = wait_data(u, deadline);
		mutex_lock(&u->read_mutex);
		if (err)
			break;
	}
	if (READ_ONCE(u->c.peek_off) >= 0)
		WRITE_ONCE(u->c.peek_off, r.peek ? u->c.peek_off + (int)r.done : max(u->c.peek_off - (int)r.done, 0));
	mutex_unlock(&u->read_mutex);
	if (r.done || err == 1)
		return (ssize_t)r.done;
	return err;
}

/* --- seqpacket --- */

static ssize_t seqpacket_sendmsg(struct socket *s, struct msg *m, size_t len)
{
	struct unix_sock *u = unix_sk(s), *peer;
	int err = check_connected(u, m);
	ssize_t n;

	if (err == -EISCONN)
		err = 0;	/* an address is ignored here */
	if (err == -EPIPE)
		return unix_broken_pipe(m);
	if (err)
		return err;
	peer = unix_peer_get(u);
	if (!peer)
		return -ENOTCONN;
	n = unix_packet_send_to(u, peer, m, len, sock_send_deadline(&u->c, m->flags, s->file->flags));
	unix_put(peer);
	return n;
}

static ssize_t seqpacket_recvmsg(struct socket *s, struct msg *m, size_t len)
{
	if (READ_ONCE(unix_sk(s)->state) != SS_CONNECTED)
		return -ENOTCONN;
	return unix_packet_recvmsg(s, m, len);
}

const struct proto_ops unix_stream_ops = {
	.family = AF_UNIX, .release = unix_release, .bind = unix_bind, .connect = unix_connect,
	.socketpair = unix_socketpair, .accept = unix_accept, .listen = unix_listen, .shutdown = unix_shutdown,
	.getname = unix_getname, .poll = unix_poll, .ioctl = unix_ioctl, .sendmsg = stream_sendmsg,
	.recvmsg = stream_recvmsg, .setsockopt = unix_setsockopt, .getsockopt = unix_getsockopt,
};

const struct proto_ops unix_seqpacket_ops = {
	.family = AF_UNIX, .release = unix_release, .bind = unix_bind, .connect = unix_connect,
	.socketpair = unix_socketpair, .accept = unix_accept, .listen = unix_listen, .shutdown = unix_shutdown,
	.getname = unix_getname, .poll = unix_poll, .ioctl = unix_ioctl, .sendmsg = seqpacket_sendmsg,
	.recvmsg = seqpacket_recvmsg, .setsockopt = unix_setsockopt, .getsockopt = unix_getsockopt,
};
