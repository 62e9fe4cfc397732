/* SPDX-License-Identifier: MPL-2.0 */
/* AF_UNIX: the life of a socket, and what stream, datagram and seqpacket sockets share. Source: unix(7). */
#include <base/err.h>
#include <base/string.h>
#include <core/init.h>
#include <core/slab.h>
#include <uapi/linux/ioctls.h>

#include "internal.h"

int unix_max_dgram_qlen = 10;
static struct kmem_cache *sock_cache;

struct unix_sock *unix_new(struct socket *s, int type)
{
	struct unix_sock *u = kmem_cache_alloc(sock_cache, GFP_KERNEL | GFP_ZERO);

	if (!u)
		return NULL;
	memset(u, 0, sizeof(*u));
	sock_common_init(&u->c, AF_UNIX, type, 0);
	u->dgram_max = (u32)READ_ONCE(unix_max_dgram_qlen);
	ref_init(&u->ref, 1);
	spin_lock_init(&u->lock, OBJECT);
	mutex_init(&u->read_mutex, SOCKET);
	mutex_init(&u->bind_mutex, SOCKET_NAME);
	wait_queue_init(&u->wait);
	list_init(&u->queue);
	list_init(&u->gc_link);
	u->state = SS_UNCONNECTED;
	u->user = current_cred()->user;
	ref_get(&u->user->ref);
	u->sock = s;
	u->uid = current_fsuid();
	unix_list_add(u);
	if (s) {
		s->sk = u;
		s->common = &u->c;
	}
	return u;
}

static void free_rcu(struct rcu_head *head)
{
	kmem_cache_free(sock_cache, container_of(head, struct unix_sock, rcu));
}

void unix_put(struct unix_sock *u)
{
	if (!u || !ref_put(&u->ref))
		return;
	unix_list_del(u);
	sock_common_fini(&u->c);
	user_put(u->user);
	pid_put(u->listen_pid);
	if (u->listen_cred)
		cred_put(u->listen_cred);
	if (u->addr)
		unix_addr_put(u->addr);
	wake_up_pollfree(&u->wait);
	call_rcu(&u->rcu, free_rcu);
}

void unix_lock_two(struct unix_sock *a, struct unix_sock *b)
{
	if (a > b) {
		struct unix_sock *t = a;

		a = b;
		b = t;
	}
	spin_lock(&a->lock);
	if (a != b)
		spin_lock_nested(&b->lock, 1);
}

void unix_unlock_two(struct unix_sock *a, struct unix_sock *b)
{
	spin_unlock(&a->lock);
	if (a != b)
		spin_unlock(&b->lock);
}

struct unix_sock *unix_peer_get(struct unix_sock *u)
{
	struct unix_sock *p;

	spin_lock(&u->lock);
	p = u->peer;
	if (p)
		unix_get(p);
	spin_unlock(&u->lock);
	return p;
}

void unix_set_peercred(struct unix_sock *u)
{
	u->c.peer_pid = pid_get(current->proc->pids[PIDTYPE_TGID]);
	u->c.peer_cred = cred_get(current_cred());
}

void unix_copy_peercred(struct unix_sock *u, struct unix_sock *listener)
{
	u->c.peer_pid = pid_get(listener->listen_pid);
	u->c.peer_cred = listener->listen_cred ? cred_get(listener->listen_cred) : NULL;
}

void unix_wake_readers(struct unix_sock *u)
{
	if (wait_queue_has_sleeper(&u->wait))
		wake_up_poll_all(&u->wait, EPOLLIN | EPOLLRDNORM | EPOLLRDHUP | EPOLLHUP);
	sock_async(&u->c, EPOLLIN);
}

static void wake_all(struct unix_sock *u)
{
	wake_up_poll_all(&u->wait, EPOLLIN | EPOLLOUT | EPOLLRDNORM | EPOLLWRNORM | EPOLLRDHUP | EPOLLHUP | EPOLLERR);
	fasync_send(&u->c.async, POLL_HUP);
}

/* Throw away what is queued; a connection nobody accepted is reset. */
static bool drop_queue(struct unix_sock *u)
{
	struct unix_packet *p;
	bool data = false;
	LIST_HEAD(list);

	spin_lock(&u->lock);
	list_splice_init(&u->queue, &list);
	WRITE_ONCE(u->qlen, 0);
	spin_unlock(&u->lock);
	while (!list_empty(&list)) {
		p = list_first_entry(&list, struct unix_packet, link);
		list_del_init(&p->link);
		if (p->conn)
			unix_release_sock(p->conn, true);
		else
			data = true;
		unix_packet_free(p);
	}
	return data;
}

/* The end of a socket, or of a connection that was never accepted. */
void unix_release_sock(struct unix_sock *u, bool embryo)
{
	struct unix_sock *peer;
	bool unread;

	unix_unbind(u);
	spin_lock(&u->lock);
	u->dead = true;
	u->shutdown = RCV_SHUTDOWN | SEND_SHUTDOWN;
	u->state = SS_DISCONNECTING;
	peer = u->peer;
	u->peer = NULL;
	spin_unlock(&u->lock);
	wake_all(u);
	unread = drop_queue(u);
	if (peer && u->c.type != SOCK_DGRAM) {
		spin_lock(&peer->lock);
		WRITE_ONCE(peer->shutdown, RCV_SHUTDOWN | SEND_SHUTDOWN);
		if (unread || embryo)
			WRITE_ONCE(peer->c.err, ECONNRESET);
		spin_unlock(&peer->lock);
		wake_all(peer);
	} else if (peer) {
		wake_all(peer);
	}
	unix_put(peer);
}

int unix_release(struct socket *s)
{
	struct unix_sock *u = unix_sk(s);

	if (!u)
		return 0;
	unix_list_socket(u, NULL);
	unix_release_sock(u, false);
	s->sk = NULL;
	unix_put(u);
	unix_gc_wake();
	return 0;
}

int unix_shutdown(struct socket *s, int how)
{
	u32 mode = (u32)how + 1, other = 0;
	struct unix_sock *u = unix_sk(s), *peer;

	spin_lock(&u->lock);
	WRITE_ONCE(u->shutdown, u->shutdown | mode);
	peer = u->peer;
	if (peer)
		unix_get(peer);
	spin_unlock(&u->lock);
	wake_all(u);
	if (peer && u->c.type != SOCK_DGRAM) {
		if (mode & RCV_SHUTDOWN)
			other |= SEND_SHUTDOWN;
		if (mode & SEND_SHUTDOWN)
			other |= RCV_SHUTDOWN;
		spin_lock(&peer->lock);
		WRITE_ONCE(peer->shutdown, peer->shutdown | other);
		spin_unlock(&peer->lock);
		wake_all(peer);
	}
	unix_put(peer);
	return 0;
}

/* Is the datagram peer's queue too long for us? */
static bool peer_full(struct unix_sock *u)
{
	struct unix_sock *peer = unix_peer_get(u);
	bool full = false;

	if (peer) {
		full = peer != u && READ_ONCE(peer->qlen) > peer->dgram_max;
		unix_put(peer);
	}
	return full;
}

u32 unix_poll(struct socket *s, struct file *f, struct poll_table *pt)
{
	struct unix_sock *u = unix_sk(s);
	u32 shut, events = 0;

	poll_wait(f, &u->wait, pt);
	shut = READ_ONCE(u->shutdown);
	if (READ_ONCE(u->c.err))
		events |= EPOLLERR;
	if (shut == (RCV_SHUTDOWN | SEND_SHUTDOWN))
		events |= EPOLLHUP;
	if (shut & RCV_SHUTDOWN)
		events |= EPOLLRDHUP | EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(u->qlen))
		events |= EPOLLIN | EPOLLRDNORM;
	if (u->c.type != SOCK_DGRAM && READ_ONCE(u->state) == SS_UNCONNECTED)
		events |= EPOLLHUP;
	if (READ_ONCE(u->state) != SS_LISTENING && unix_writable(u) && !(u->c.type == SOCK_DGRAM && peer_full(u)))
		events |= EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
	return events;
}

int unix_ioctl(struct socket *s, u32 cmd, u64 arg)
{
	struct unix_sock *u = unix_sk(s);
	struct unix_packet *p;
	int n = 0;

	switch (cmd) {
	case TIOCOUTQ:	/* SIOCOUTQ */
		n = (int)atomic64_read(&u->wmem);
		return copy_out_bytes(uaddr(arg), &n, sizeof(n));
	case FIONREAD:
		if (READ_ONCE(u->state) == SS_LISTENING)
			return -EINVAL;
		spin_lock(&u->lock);
		list_for_each_entry(p, &u->queue, link) {
			n += (int)(p->len - p->off);
			if (u->c.type == SOCK_DGRAM)
				break;
		}
		spin_unlock(&u->lock);
		return copy_out_bytes(uaddr(arg), &n, sizeof(n));
	default:
		return -ENOIOCTLCMD;
	}
}

int unix_setsockopt(struct socket *s, int level, int opt, uaddr_t val, int len)
{
	return level == SOL_SOCKET ? sock_setsockopt(&unix_sk(s)->c, opt, val, len) : -EOPNOTSUPP;
}

int unix_getsockopt(struct socket *s, int level, int opt, uaddr_t val, uaddr_t len)
{
	return level == SOL_SOCKET ? sock_getsockopt(&unix_sk(s)->c, opt, val, len) : -EOPNOTSUPP;
}

int unix_socketpair(struct socket *a, struct socket *b)
{
	struct unix_sock *x = unix_sk(a), *y = unix_sk(b);

	unix_get(x);
	unix_get(y);
	x->peer = y;
	y->peer = x;
	unix_set_peercred(x);
	unix_set_peercred(y);
	if (x->c.type != SOCK_DGRAM)
		x->state = y->state = SS_CONNECTED;
	return 0;
}

static int unix_create(struct net *net, struct socket *s, int protocol)
{
	(void)net;
	if (protocol && protocol != AF_UNIX)
		return -EPROTONOSUPPORT;
	switch (s->type) {
	case SOCK_STREAM:
		s->ops = &unix_stream_ops;
		break;
	case SOCK_RAW:	/* as Linux: an old name for datagrams */
		s->type = SOCK_DGRAM;
		fallthrough;
	case SOCK_DGRAM:
		s->ops = &unix_dgram_ops;
		break;
	case SOCK_SEQPACKET:
		s->ops = &unix_seqpacket_ops;
		break;
	default:
		return -ESOCKTNOSUPPORT;
	}
	return unix_new(s, s->type) ? 0 : -ENOMEM;
}

static const struct net_family unix_family = { AF_UNIX, unix_create };

static int unix_init(void)
{
	sock_cache = kmem_cache_create("unix_sock", sizeof(struct unix_sock), 64, 0, NULL);
	return sock_cache ? net_family_register(&unix_family) : -ENOMEM;
}
INITCALL_FS(unix_init);
