/* SPDX-License-Identifier: MPL-2.0 */
/*
 * AF_PACKET: frames as they come and go. Source: packet(7). Rings in shared memory are in ring.c.
 *
 * A bound socket has a tap (include/net/netdev.h), whose function queues a clone of each frame. The mutex guards what
 * the socket is bound to; the queue has a spinlock. Frames on their way out keep the socket's memory, not the socket.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/init.h>
#include <core/mutex.h>
#include <core/slab.h>
#include <fs/file.h>
#include <fs/poll.h>
#include <kernel/cred.h>
#include <net/filter.h>
#include <net/netdev.h>
#include <net/scm.h>
#include <net/sock.h>
#include <net/socket.h>
#include <uapi/linux/errqueue.h>
#include <uapi/linux/ioctls.h>
#include <uapi/linux/net_tstamp.h>

#include "internal.h"

#define ERRQ_MAX	64u

/* Its rank: below rtnl, above a socket. */
static DEFINE_MUTEX(all_lock, SOCKET_NAME);
static LIST_HEAD(all);			/* [all_lock] */

static void packet_put(struct packet_sock *k)
{
	if (ref_put(&k->ref))
		kfree(k);
}

/* --- receive --- */

static void describe(struct net_device *dev, const struct pkt *p, struct sockaddr_ll *a)
{
	*a = (struct sockaddr_ll){ .sll_family = AF_PACKET, .sll_protocol = p->protocol.raw, .sll_ifindex = dev->ifindex,
				   .sll_hatype = dev->type, .sll_pkttype = p->type };
	if (dev->hard_header_len >= ETH_HLEN && pkt_linear(p) >= ETH_HLEN) {
		a->sll_halen = ETH_ALEN;
		memcpy(a->sll_addr, ((const struct eth_hdr *)p->data)->src, ETH_ALEN);
	}
}

/* Consumes p, which is what the socket is to see. */
static void queue_frame(struct packet_sock *k, struct pkt *p)
{
	struct frame_cb *cb = (struct frame_cb *)p->cb;
	bool room, wake = true;
	u64 flags;

	spin_lock_irqsave(&k->lock, flags);
	k->packets++;
	if (k->ring.blocks) {
		room = packet_ring_put(k, p, &cb->from, cb->len, &wake);
	} else {
		room = k->rmem + p->truesize <= READ_ONCE(k->c.rcvbuf);
		wake = room;
	}
	k->drops += !room;
	if (room && !k->ring.blocks) {
		p->dev = NULL;		/* it may stay longer than the device */
		pkt_list_add(&k->rxq, p);
		WRITE_ONCE(k->rmem, k->rmem + p->truesize);
		p = NULL;
	}
	spin_unlock_irqrestore(&k->lock, flags);
	if (wake) {
		wake_up_poll(&k->wait, EPOLLIN | EPOLLRDNORM);
		sock_async(&k->c, EPOLLIN);
	}
	pkt_free(p);
}

bool packet_has_room(struct packet_sock *k, const struct pkt *p)
{
	bool room;
	u64 flags;

	spin_lock_irqsave(&k->lock, flags);
	room = k->ring.blocks ? packet_ring_has_room(k) : k->rmem + p->truesize <= READ_ONCE(k->c.rcvbuf);
	spin_unlock_irqrestore(&k->lock, flags);
	return room;
}

void packet_deliver(struct packet_sock *k, struct net_device *dev, struct pkt *p)
{
	struct frame_cb *cb = (struct frame_cb *)p->cb;
	struct sockaddr_ll from;
	u32 want;

	if (p->type == PKT_OUTGOING && READ_ONCE(k->ignore_outgoing)) {
		pkt_free(p);
		return;
	}
	describe(dev, p, &from);
	if (k->c.type == SOCK_DGRAM)
		pkt_advance(p, p->mac_len);
	want = sock_filter_run(&k->c, p);
	if (!want) {
		pkt_free(p);
		return;
	}
	cb->from = from;
	cb->len = p->len;
	if (want < p->len)
		pkt_trim(p, want);
	queue_frame(k, p);
}

static void packet_tap(struct pkt_tap *t, struct net_device *dev, struct pkt *p)
{
	packet_deliver(container_of(t, struct packet_sock, tap), dev, p);
}

static struct pkt *take(struct packet_sock *k, bool peek)
{
	struct pkt *p;
	u64 flags;

	spin_lock_irqsave(&k->lock, flags);
	p = k->rxq.first;
	if (p && peek) {
		struct pkt *c = pkt_clone(p, GFP_ATOMIC);

		if (c)
			memcpy(c->cb, p->cb, sizeof(p->cb));
		p = c ? c : ERR_PTR(-ENOMEM);
	} else if (p) {
		p = pkt_list_pop(&k->rxq);
		WRITE_ONCE(k->rmem, k->rmem - p->truesize);
	}
	spin_unlock_irqrestore(&k->lock, flags);
	return p;
}

static void give_auxdata(struct packet_sock *k, const struct pkt *p, struct msg *m)
{
	const struct frame_cb *cb = (const struct frame_cb *)p->cb;
	struct tpacket_auxdata aux = { .tp_status = TP_STATUS_USER, .tp_len = cb->len, .tp_snaplen = p->len };

	if (!READ_ONCE(k->auxdata))
		return;
	if (p->csum_state == CSUM_PARTIAL)
		aux.tp_status |= TP_STATUS_CSUMNOTREADY;
	else if (p->csum_state == CSUM_UNNECESSARY && p->type != PKT_OUTGOING)
		aux.tp_status |= TP_STATUS_CSUM_VALID;
	aux.tp_net = (u16)(k->c.type == SOCK_DGRAM ? 0 : p->mac_len);
	(void)scm_put_cmsg(m, SOL_PACKET, PACKET_AUXDATA, &aux, sizeof(aux));
}

static ssize_t recv_errqueue(struct packet_sock *k, struct msg *m, size_t len)
{
	struct sock_extended_err e;
	struct pkt *p;
	ssize_t r;
	u64 flags;
	u32 n;

	spin_lock_irqsave(&k->lock, flags);
	p = pkt_list_pop(&k->errq);
	spin_unlock_irqrestore(&k->lock, flags);
	if (!p)
		return -EAGAIN;
	memcpy(&e, p->cb, sizeof(e));
	n = (u32)min_t(size_t, len, p->len);
	if (n < p->len)
		m->out_flags |= MSG_TRUNC;
	r = pkt_to_iter(p, 0, n, &m->iter) == n ? (ssize_t)n : -EFAULT;
	if (r >= 0) {
		if (sock_wants_stamp(&k->c))
			sock_put_stamp(&k->c, m, p->tstamp);
		(void)scm_put_cmsg(m, SOL_PACKET, PACKET_TX_TIMESTAMP, &e, sizeof(e));
		m->out_flags |= MSG_ERRQUEUE;
	}
	pkt_free(p);
	return r;
}

static int give_vnet(const struct pkt *p, struct msg *m, size_t *len)
{
	struct packet_vnet h;

	if (*len < sizeof(h))
		return -EINVAL;
	*len -= sizeof(h);
	packet_vnet_of(p, &h);
	return copy_to_iter(&h, sizeof(h), &m->iter) == sizeof(h) ? 0 : -EFAULT;
}

static ssize_t packet_recvmsg(struct socket *s, struct msg *m, size_t len)
{
	struct packet_sock *k = pk(s);
	u64 deadline = sock_recv_deadline(&k->c, m->flags, s->file->flags);
	u32 vnet = 0;
	struct pkt *p;
	size_t n;
	ssize_t r;

	if (m->flags & ~(MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC | MSG_ERRQUEUE))
		return -EINVAL;
	if (m->flags & MSG_ERRQUEUE)
		return recv_errqueue(k, m, len);
	while (!(p = take(k, m->flags & MSG_PEEK))) {
		int err = sock_take_error(&k->c);

		if (err)
			return err;
		if (!deadline)
			return -EAGAIN;
		err = wait_event_interruptible_until(&k->wait, READ_ONCE(k->rmem) || READ_ONCE(k->c.err), deadline);
		if (err)
			return sock_wait_result(err, deadline);
	}
	if (IS_ERR(p))
		return PTR_ERR(p);
	if (READ_ONCE(k->vnet)) {
		r = give_vnet(p, m, &len);
		if (r) {
			pkt_free(p);
			return r;
		}
		vnet = PACKET_VNET_LEN;
	}
	n = min_t(size_t, len, p->len);
	r = pkt_to_iter(p, 0, (u32)n, &m->iter) == n ? (ssize_t)(vnet + n) : -EFAULT;
	if (r >= 0 && n < p->len) {
		m->out_flags |= MSG_TRUNC;
		if (m->flags & MSG_TRUNC)
			r = vnet + p->len;
	}
	memcpy(&m->name, &((struct frame_cb *)p->cb)->from, sizeof(struct sockaddr_ll));
	m->namelen = sizeof(struct sockaddr_ll);
	if (r >= 0) {
		if (sock_wants_stamp(&k->c))
			sock_put_stamp(&k->c, m, p->tstamp);
		give_auxdata(k, p, m);
	}
	pkt_free(p);
	return r;
}

/* --- send --- */

static void sent(struct pkt *p)
{
	struct packet_sock *k = p->sk;

	atomic64_sub(&k->wmem, p->charged);
	wake_up_poll(&k->wait, EPOLLOUT | EPOLLWRNORM);
	packet_put(k);
}

bool packet_writable(const struct packet_sock *k)
{
	return (u64)atomic64_read(&k->wmem) < READ_ONCE(k->c.sndbuf);
}

int packet_finish(struct packet_sock *k, struct net_device *dev, struct pkt *p, u16 protocol, const u8 *dst)
{
	int err = 0;

	p->dev = dev;
	p->priority = k->c.priority;
	p->mark = k->c.mark;
	if (k->c.type == SOCK_DGRAM) {
		pkt_set_net(p);
		err = netdev_header(p, dev, protocol, dst);
	} else if (!pkt_pull_ok(p, dev->hard_header_len)) {
		err = -EINVAL;
	} else {
		p->mac_len = dev->hard_header_len;
		p->protocol = to_be16(protocol);
		if (!protocol && dev->hard_header_len == ETH_HLEN)
			p->protocol = ((const struct eth_hdr *)p->data)->proto;
		pkt_set_mac(p);
		p->net_off = (u16)(p->mac_off + p->mac_len);
	}
	if (err)
		pkt_free(p);
	else
		p->trans_off = p->net_off;
	return err;
}

/* The sender asked when; k is there as long as p. */
static void tx_stamped(struct pkt *p, u32 kind)
{
	struct packet_sock *k = p->sk;
	struct sock_extended_err *e;
	struct pkt *c = sock_stamped(&k->c, p);
	u64 flags;
	bool room;

	if (!c)
		return;
	e = (struct sock_extended_err *)c->cb;
	*e = (struct sock_extended_err){ .ee_errno = ENOMSG, .ee_origin = SO_EE_ORIGIN_TIMESTAMPING, .ee_info = kind };
	if (READ_ONCE(k->c.stamping) & SOF_TIMESTAMPING_OPT_ID)
		e->ee_data = p->stamp_key;
	spin_lock_irqsave(&k->lock, flags);
	room = !k->closed && k->errq.n < ERRQ_MAX;
	if (room)
		pkt_list_add(&k->errq, c);
	spin_unlock_irqrestore(&k->lock, flags);
	if (room)
		wake_up_poll(&k->wait, EPOLLERR);
	else
		pkt_free(c);
}

int packet_transmit(struct packet_sock *k, struct pkt *p)
{
	ref_get(&k->ref);
	p->sk = k;
	p->destructor = sent;
	p->charged = p->truesize;
	atomic64_add(&k->wmem, p->charged);
	if (READ_ONCE(k->c.stamping))
		sock_ask_stamp(&k->c, READ_ONCE(k->c.stamping), p, tx_stamped);
	return netdev_xmit(p);
}

static int take_vnet(struct msg *m, size_t *len, struct packet_vnet *h)
{
	if (*len < sizeof(*h))
		return -EINVAL;
	*len -= sizeof(*h);
	if (copy_from_iter(h, sizeof(*h), &m->iter) != sizeof(*h))
		return -EFAULT;
	return packet_vnet_check(h, (u32)min_t(size_t, *len, PACKET_GSO_MAX));
}

static ssize_t send_by(struct packet_sock *k, struct net_device *dev, struct msg *m, size_t len, u16 protocol, const u8 *dst)
{
	u64 deadline = sock_send_deadline(&k->c, m->flags, k->s->file->flags);
	u32 extra = k->c.type == SOCK_RAW ? dev->hard_header_len : 0, vnet = READ_ONCE(k->vnet) ? PACKET_VNET_LEN : 0;
	struct packet_vnet h = { 0 };
	struct pkt *p;
	int err;

	if (!netdev_running(dev))
		return -ENETDOWN;
	if (READ_ONCE(k->tx.blocks))
		return packet_ring_send(k, dev, protocol, dst, deadline);
	err = vnet ? take_vnet(m, &len, &h) : 0;
	if (err)
		return err;
	if (len > (h.gso_type ? PACKET_GSO_MAX : READ_ONCE(dev->mtu) + extra))
		return -EMSGSIZE;
	if (k->c.type == SOCK_RAW && len < dev->hard_header_len)
		return -EINVAL;
	if (!packet_writable(k)) {
		if (!deadline)
			return -EAGAIN;
		err = wait_event_interruptible_until(&k->wait, packet_writable(k), deadline);
		if (err)
			return sock_wait_result(err, deadline);
	}
	p = pkt_alloc(PKT_HEADROOM, (u32)min_t(size_t, len, FRAME_LINEAR), GFP_KERNEL);
	if (!p)
		return -ENOBUFS;
	err = pkt_append_iter(p, &m->iter, (u32)len);
	if (err) {
		pkt_free(p);
		return err;
	}
	err = packet_finish(k, dev, p, protocol, dst);
	if (err)
		return err;
	if (vnet) {
		err = packet_vnet_apply(p, &h);
		if (err) {
			pkt_free(p);
			return err;
		}
	}
	err = packet_transmit(k, p);
	return err ? err : (ssize_t)(vnet + len);
}

static ssize_t packet_sendmsg(struct socket *s, struct msg *m, size_t len)
{
	const struct sockaddr_ll *a = (const struct sockaddr_ll *)&m->name;
	struct packet_sock *k = pk(s);
	struct net_device *dev = NULL;
	const u8 *dst = NULL;
	u16 protocol;
	ssize_t r;

	if (m->namelen) {
		if (m->namelen < (int)sizeof(*a) || a->sll_family != AF_PACKET)
			return -EINVAL;
		protocol = be16((be16_t){ a->sll_protocol });
		dev = netdev_get_by_index(k->net, a->sll_ifindex);
		if (k->c.type == SOCK_DGRAM && dev && a->sll_halen < dev->addr_len) {
			dev_put(dev);
			return -EINVAL;
		}
		dst = a->sll_addr;
	} else {
		mutex_lock(&k->mutex);
		protocol = k->protocol;
		dev = k->dev;
		if (dev)
			dev_get(dev);
		mutex_unlock(&k->mutex);
	}
	if (!dev)
		return -ENXIO;
	r = send_by(k, dev, m, len, protocol, dst);
	dev_put(dev);
	return r;
}

/* --- names --- */

/* mutex held. */
void packet_unhook(struct packet_sock *k)
{
	if (k->hooked && k->fanout)
		packet_fanout_unlink(k);
	else if (k->hooked)
		pkt_tap_del(&k->tap);
	WRITE_ONCE(k->hooked, false);
}

/* mutex held; where it was. */
void packet_rehook(struct packet_sock *k)
{
	if (!k->protocol)
		return;
	WRITE_ONCE(k->hooked, true);
	if (k->fanout) {
		packet_fanout_link(k);
		return;
	}
	k->tap = (struct pkt_tap){ .dev = k->dev, .ethertype = k->protocol, .fn = packet_tap };
	pkt_tap_add(&k->tap);
}

static void net_down(struct packet_sock *k)
{
	WRITE_ONCE(k->c.err, ENETDOWN);
	wake_up_poll(&k->wait, EPOLLERR);
}

/* dev: a reference that becomes the socket's; NULL: all. mutex held. */
static void hook(struct packet_sock *k, struct net_device *dev, u16 protocol)
{
	packet_unhook(k);
	if (k->dev)
		dev_put(k->dev);
	k->dev = dev;
	WRITE_ONCE(k->ifindex, dev ? dev->ifindex : 0);
	WRITE_ONCE(k->protocol, protocol);
	if (protocol && dev && !netdev_running(dev))
		net_down(k);		/* it hears from when the device comes up */
	else
		packet_rehook(k);
}

static int packet_bind(struct socket *s, const struct sockaddr_storage *sa, int len)
{
	const struct sockaddr_ll *a = (const struct sockaddr_ll *)sa;
	struct packet_sock *k = pk(s);
	struct net_device *dev = NULL;
	u16 protocol;
	int err = 0;

	if (len < (int)sizeof(*a) || a->sll_family != AF_PACKET)
		return -EINVAL;
	rtnl_lock();		/* the device does not go between the look-up and hook() */
	if (a->sll_ifindex) {
		dev = netdev_get_by_index(k->net, a->sll_ifindex);
		if (!dev) {
			rtnl_unlock();
			return -ENODEV;
		}
	}
	mutex_lock(&k->mutex);
	protocol = a->sll_protocol ? be16((be16_t){ a->sll_protocol }) : k->protocol;
	if (k->fanout)
		err = -EINVAL;
	else
		hook(k, dev, protocol);
	mutex_unlock(&k->mutex);
	rtnl_unlock();
	if (err && dev)
		dev_put(dev);
	return err;
}

static int packet_getname(struct socket *s, struct sockaddr_storage *sa, bool peer)
{
	struct sockaddr_ll *a = (struct sockaddr_ll *)sa;
	struct packet_sock *k = pk(s);

	if (peer)
		return -EOPNOTSUPP;
	*a = (struct sockaddr_ll){ .sll_family = AF_PACKET };
	mutex_lock(&k->mutex);
	a->sll_ifindex = k->ifindex;
	a->sll_protocol = to_be16(k->protocol).raw;
	if (k->dev) {
		a->sll_hatype = k->dev->type;
		a->sll_halen = k->dev->addr_len;
		memcpy(a->sll_addr, k->dev->addr, min_t(size_t, k->dev->addr_len, sizeof(a->sll_addr)));
	}
	mutex_unlock(&k->mutex);
	return (int)(a->sll_halen > sizeof(a->sll_addr) ? sizeof(*a) : offsetof(struct sockaddr_ll, sll_addr) + a->sll_halen);
}

/* --- options --- */

static bool *flag_of(struct packet_sock *k, int opt)
{
	switch (opt) {
	case PACKET_AUXDATA:
		return &k->auxdata;
	case PACKET_ORIGDEV:
		return &k->origdev;
	case PACKET_IGNORE_OUTGOING:
		return &k->ignore_outgoing;
	case PACKET_QDISC_BYPASS:
		return &k->bypass;
	}
	return NULL;
}

static int packet_setsockopt(struct socket *s, int level, int opt, uaddr_t val, int len)
{
	struct packet_sock *k = pk(s);
	bool *flag;
	int v;

	if (level == SOL_SOCKET)
		return sock_setsockopt(&k->c, opt, val, len);
	if (level != SOL_PACKET)
		return -ENOPROTOOPT;
	if (opt == PACKET_ADD_MEMBERSHIP || opt == PACKET_DROP_MEMBERSHIP)
		return packet_change_member(k, opt == PACKET_ADD_MEMBERSHIP, val, len);
	if (opt == PACKET_RX_RING || opt == PACKET_TX_RING)
		return packet_set_ring(k, opt == PACKET_TX_RING, val, len);
	if (opt == PACKET_VNET_HDR && k->c.type != SOCK_RAW)
		return -EINVAL;
	if (opt == PACKET_VERSION || opt == PACKET_RESERVE || opt == PACKET_LOSS || opt == PACKET_VNET_HDR)
		return packet_ring_option(k, opt, val, len);
	if (opt == PACKET_FANOUT)
		return packet_fanout_set(k, val, len);
	flag = flag_of(k, opt);
	if (!flag && opt != PACKET_TIMESTAMP)
		return -ENOPROTOOPT;
	if (opt == PACKET_TIMESTAMP && len != (int)sizeof(v))
		return -EINVAL;
	if (len < (int)sizeof(v))
		return -EINVAL;
	if (copy_in_bytes(&v, val, sizeof(v)))
		return -EFAULT;
	if (opt == PACKET_IGNORE_OUTGOING && (v < 0 || v > 1))
		return -EINVAL;
	if (flag)
		WRITE_ONCE(*flag, v != 0);
	else
		WRITE_ONCE(k->stamp, v);
	return 0;
}

/* Counters are read and begin anew. */
static int statistics(struct packet_sock *k, uaddr_t val, uaddr_t ulen)
{
	struct tpacket_stats_v3 st;
	u64 flags;

	spin_lock_irqsave(&k->lock, flags);
	st = (struct tpacket_stats_v3){ k->packets, k->drops, k->ring.freezes };
	k->packets = k->drops = k->ring.freezes = 0;
	spin_unlock_irqrestore(&k->lock, flags);
	return sockopt_out(val, ulen, &st, READ_ONCE(k->version) == TPACKET_V3 ? sizeof(st) : sizeof(struct tpacket_stats));
}

static int packet_getsockopt(struct socket *s, int level, int opt, uaddr_t val, uaddr_t ulen)
{
	struct packet_sock *k = pk(s);
	bool *flag;
	int v;

	if (level == SOL_SOCKET)
		return sock_getsockopt(&k->c, opt, val, ulen);
	if (level != SOL_PACKET)
		return -ENOPROTOOPT;
	if (opt == PACKET_STATISTICS)
		return statistics(k, val, ulen);
	if (opt == PACKET_HDRLEN)
		return packet_ring_hdrlen(val, ulen);
	if (opt == PACKET_ROLLOVER_STATS) {
		struct tpacket_rollover_stats r = { READ_ONCE(k->rolled), 0, READ_ONCE(k->roll_failed) };

		return packet_fanout_rolls(k) ? sockopt_out(val, ulen, &r, sizeof(r)) : -EINVAL;
	}
	flag = flag_of(k, opt);
	if (opt == PACKET_VERSION)
		v = (int)READ_ONCE(k->version);
	else if (opt == PACKET_RESERVE)
		v = (int)READ_ONCE(k->reserve);
	else if (opt == PACKET_LOSS)
		v = READ_ONCE(k->loss);
	else if (opt == PACKET_VNET_HDR)
		v = READ_ONCE(k->vnet);
	else if (opt == PACKET_TIMESTAMP)
		v = READ_ONCE(k->stamp);
	else if (opt == PACKET_FANOUT)
		v = packet_fanout_get(k);
	else if (flag)
		v = READ_ONCE(*flag);
	else
		return -ENOPROTOOPT;
	return sockopt_out(val, ulen, &v, sizeof(v));
}

static int packet_ioctl(struct socket *s, u32 cmd, u64 arg)
{
	struct packet_sock *k = pk(s);
	u64 flags;
	int v;

	switch (cmd) {
	case TIOCOUTQ:
		v = (int)atomic64_read(&k->wmem);
		break;
	case FIONREAD:
		spin_lock_irqsave(&k->lock, flags);
		v = k->rxq.first ? (int)k->rxq.first->len : 0;
		spin_unlock_irqrestore(&k->lock, flags);
		break;
	default:
		return -ENOIOCTLCMD;
	}
	return copy_out_bytes(uaddr(arg), &v, sizeof(v));
}

static u32 packet_poll(struct socket *s, struct file *f, struct poll_table *pt)
{
	struct packet_sock *k = pk(s);
	u32 events = 0;

	poll_wait(f, &k->wait, pt);
	if (READ_ONCE(k->c.err) || READ_ONCE(k->errq.first))
		events |= EPOLLERR;
	if (READ_ONCE(k->rmem))
		events |= EPOLLIN | EPOLLRDNORM;
	if (packet_writable(k))
		events |= EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
	return events | packet_ring_events(k);
}

/* --- life --- */

static int packet_release(struct socket *s)
{
	struct packet_sock *k = pk(s);
	u64 flags;

	mutex_lock(&all_lock);
	list_del(&k->link);
	mutex_unlock(&all_lock);
	mutex_lock(&k->mutex);
	hook(k, NULL, 0);
	packet_fanout_leave(k);
	mutex_unlock(&k->mutex);
	rtnl_lock();
	packet_leave(k, NULL);
	rtnl_unlock();
	spin_lock_irqsave(&k->lock, flags);
	k->closed = true;
	pkt_list_join(&k->rxq, &k->errq);
	spin_unlock_irqrestore(&k->lock, flags);
	pkt_list_free(&k->rxq);	/* the tap is gone, and whoever ran it */
	packet_rings_free(k);
	sock_common_fini(&k->c);
	s->sk = NULL;
	packet_put(k);
	return 0;
}

static const struct proto_ops packet_ops = {
	.family = AF_PACKET, .release = packet_release, .bind = packet_bind, .getname = packet_getname, .poll = packet_poll,
	.ioctl = packet_ioctl, .sendmsg = packet_sendmsg, .recvmsg = packet_recvmsg, .setsockopt = packet_setsockopt,
	.getsockopt = packet_getsockopt, .mmap = packet_mmap,
};

static int packet_create(struct net *net, struct socket *s, int protocol)
{
	struct packet_sock *k;

	if (!ns_capable(current_cred(), net->user_ns, CAP_NET_RAW))
		return -EPERM;
	if (s->type != SOCK_RAW && s->type != SOCK_DGRAM)
		return -ESOCKTNOSUPPORT;
	k = kzalloc(sizeof(*k), GFP_KERNEL);
	if (!k)
		return -ENOMEM;
	sock_common_init(&k->c, AF_PACKET, s->type, protocol);
	ref_init(&k->ref, 1);
	k->net = net;
	k->uid = current_fsuid();
	k->s = s;
	mutex_init(&k->mutex, SOCKET);
	spin_lock_init(&k->lock, SOCK_QUEUE);
	wait_queue_init(&k->wait);
	delayed_work_init(&k->retire, packet_retire);
	s->sk = k;
	s->common = &k->c;
	s->ops = &packet_ops;
	mutex_lock(&k->mutex);
	hook(k, NULL, be16((be16_t){ (u16)protocol }));
	mutex_unlock(&k->mutex);
	mutex_lock(&all_lock);
	list_add_tail(&k->link, &all);
	mutex_unlock(&all_lock);
	return 0;
}

int packet_walk(int (*fn)(struct packet_sock *k, void *arg), void *arg)
{
	struct packet_sock *k;
	int err = 0;

	mutex_lock(&all_lock);
	list_for_each_entry(k, &all, link) {
		err = fn(k, arg);
		if (err)
			break;
	}
	mutex_unlock(&all_lock);
	return err;
}

/* The device is down: nothing is heard of it until it is up again; gone: never, and the socket lets it go. */
static void device_down(struct packet_sock *k, struct net_device *dev, bool gone)
{
	mutex_lock(&k->mutex);
	if (k->dev == dev) {
		if (k->hooked) {
			packet_unhook(k);
			net_down(k);
		}
		if (gone) {
			k->dev = NULL;
			WRITE_ONCE(k->ifindex, -1);
			dev_put(dev);
		}
	}
	mutex_unlock(&k->mutex);
}

static void device_up(struct packet_sock *k, struct net_device *dev)
{
	mutex_lock(&k->mutex);
	if (k->dev == dev && !k->hooked)
		packet_rehook(k);
	mutex_unlock(&k->mutex);
}

/* Under rtnl. */
static void device_event(struct net_notifier *n, struct net *net, enum net_event ev, void *object)
{
	struct net_device *dev = object;
	struct packet_sock *k;

	(void)n, (void)net;
	if (ev != NETDEV_DOWN && ev != NETDEV_UNREGISTER && ev != NETDEV_UP)
		return;
	mutex_lock(&all_lock);
	list_for_each_entry(k, &all, link) {
		if (ev == NETDEV_UP)
			device_up(k, dev);
		else
			device_down(k, dev, ev == NETDEV_UNREGISTER);
		if (ev == NETDEV_UNREGISTER)
			packet_leave(k, dev);
	}
	mutex_unlock(&all_lock);
}

static struct net_notifier packet_notifier = { .fn = device_event };
static const struct net_family packet_family = { AF_PACKET, packet_create };

static int packet_init(void)
{
	int err = net_family_register(&packet_family);

	if (err)
		return err;
	rtnl_lock();
	net_notifier_register(&packet_notifier);
	rtnl_unlock();
	return packet_diag_init();
}
INITCALL_DRIVER(packet_init);
