/* SPDX-License-Identifier: MPL-2.0 */
/*
 * AF_PACKET: frames as they come and go. Source: packet(7). Receive rings in shared memory are in ring.c.
 *
 * A bound socket has a tap (include/net/netdev.h), whose function queues a clone of each frame. The mutex guards what
 * the socket is bound to; the queue has a spinlock. Frames on their way out keep the socket's memory, not the socket.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/init.h>
#include <core/mutex.h>
#include <core/slab.h>
#include <fs/file.h>
#include <fs/poll.h>
#include <fs/procfs.h>
#include <kernel/cred.h>
#include <net/filter.h>
#include <net/netdev.h>
#include <net/scm.h>
#include <net/sock.h>
#include <net/sock_diag.h>
#include <net/socket.h>
#include <uapi/linux/ioctls.h>

#include "internal.h"

#define SOL_PACKET	263
#define FRAME_LINEAR	2048u

static DEFINE_MUTEX(all_lock, LEAF_MUTEX);
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

/* The tap's function: in an RCU section. p: ours, data at the link header. */
static void packet_tap(struct pkt_tap *t, struct net_device *dev, struct pkt *p)
{
	struct packet_sock *k = container_of(t, struct packet_sock, tap);
	struct frame_cb *cb = (struct frame_cb *)p->cb;
	struct sockaddr_ll from;
	u64 flags;
	u32 want;
	bool room;

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
	p->dev = NULL;		/* it may stay longer than the device */
	spin_lock_irqsave(&k->lock, flags);
	if (k->ring.blocks) {
		k->packets++;
		room = packet_ring_put(k, p, &from, cb->len);
		k->drops += !room;
		spin_unlock_irqrestore(&k->lock, flags);
		if (room)
			wake_up_poll(&k->wait, EPOLLIN | EPOLLRDNORM);
		pkt_free(p);
		return;
	}
	room = k->rmem + p->truesize <= READ_ONCE(k->c.rcvbuf);
	k->packets++;
	if (room) {
		pkt_list_add(&k->rxq, p);
		WRITE_ONCE(k->rmem, k->rmem + p->truesize);
	} else {
		k->drops++;
	}
	spin_unlock_irqrestore(&k->lock, flags);
	if (room)
		wake_up_poll(&k->wait, EPOLLIN | EPOLLRDNORM);
	else
		pkt_free(p);
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

static ssize_t packet_recvmsg(struct socket *s, struct msg *m, size_t len)
{
	struct packet_sock *k = pk(s);
	u64 deadline = sock_recv_deadline(&k->c, m->flags, s->file->flags);
	struct pkt *p;
	size_t n;
	ssize_t r;

	if (m->flags & ~(MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC | MSG_ERRQUEUE))
		return -EINVAL;
	if (m->flags & MSG_ERRQUEUE)
		return -EAGAIN;
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
	n = min_t(size_t, len, p->len);
	r = pkt_to_iter(p, 0, (u32)n, &m->iter) == n ? (ssize_t)n : -EFAULT;
	if (r >= 0 && n < p->len) {
		m->out_flags |= MSG_TRUNC;
		if (m->flags & MSG_TRUNC)
			r = p->len;
	}
	memcpy(&m->name, &((struct frame_cb *)p->cb)->from, sizeof(struct sockaddr_ll));
	m->namelen = sizeof(struct sockaddr_ll);
	if (r >= 0)
		give_auxdata(k, p, m);
	pkt_free(p);
	return r;
}

/* --- send --- */

static void sent(struct pkt *p)
{
	struct packet_sock *k = p->sk;

	atomic64_sub(&k->wmem, p->truesize);
	wake_up_poll(&k->wait, EPOLLOUT | EPOLLWRNORM);
	packet_put(k);
}

static bool writable(const struct packet_sock *k) { return (u64)atomic64_read(&k->wmem) < READ_ONCE(k->c.sndbuf); }

/* The frame of a message; its device and protocol are set. ERR_PTR. */
static struct pkt *build(struct packet_sock *k, struct net_device *dev, struct msg *m, size_t len, u16 protocol, const u8 *dst)
{
	u32 room = (u32)min_t(size_t, len, FRAME_LINEAR);
	struct pkt *p = pkt_alloc(PKT_HEADROOM, room, GFP_KERNEL);
	int err;

	if (!p)
		return ERR_PTR(-ENOBUFS);
	p->dev = dev;
	p->priority = k->c.priority;
	p->mark = k->c.mark;
	err = pkt_append_iter(p, &m->iter, (u32)len);
	if (!err && k->c.type == SOCK_DGRAM) {
		pkt_set_net(p);
		err = netdev_header(p, dev, protocol, dst);
	} else if (!err) {
		p->mac_len = dev->hard_header_len;
		p->protocol = to_be16(protocol);
		if (!protocol && dev->hard_header_len == ETH_HLEN)
			p->protocol = ((const struct eth_hdr *)p->data)->proto;
		pkt_set_mac(p);
		p->net_off = (u16)(p->mac_off + p->mac_len);
	}
	if (err) {
		pkt_free(p);
		return ERR_PTR(err);
	}
	p->trans_off = p->net_off;
	return p;
}

static ssize_t send_by(struct packet_sock *k, struct net_device *dev, struct msg *m, size_t len, u16 protocol, const u8 *dst)
{
	u64 deadline = sock_send_deadline(&k->c, m->flags, k->s->file->flags);
	u32 extra = k->c.type == SOCK_RAW ? dev->hard_header_len : 0;
	struct pkt *p;
	int err;

	if (!netdev_running(dev))
		return -ENETDOWN;
	if (len > READ_ONCE(dev->mtu) + extra)
		return -EMSGSIZE;
	if (k->c.type == SOCK_RAW && len < dev->hard_header_len)
		return -EINVAL;
	if (!writable(k)) {
		if (!deadline)
			return -EAGAIN;
		err = wait_event_interruptible_until(&k->wait, writable(k), deadline);
		if (err)
			return sock_wait_result(err, deadline);
	}
	p = build(k, dev, m, len, protocol, dst);
	if (IS_ERR(p))
		return PTR_ERR(p);
	ref_get(&k->ref);
	p->sk = k;
	p->destructor = sent;
	atomic64_add(&k->wmem, p->truesize);
	err = netdev_xmit(p);
	return err ? err : (ssize_t)len;
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
	if (k->hooked)
		pkt_tap_del(&k->tap);
	k->hooked = false;
}

/* mutex held; where it was. */
void packet_rehook(struct packet_sock *k)
{
	if (!k->protocol)
		return;
	k->tap = (struct pkt_tap){ .dev = k->dev, .ethertype = k->protocol, .fn = packet_tap };
	k->hooked = true;
	pkt_tap_add(&k->tap);
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
	packet_rehook(k);
	if (protocol && dev && !netdev_running(dev)) {
		WRITE_ONCE(k->c.err, ENETDOWN);
		wake_up_poll(&k->wait, EPOLLERR);
	}
}

static int packet_bind(struct socket *s, const struct sockaddr_storage *sa, int len)
{
	const struct sockaddr_ll *a = (const struct sockaddr_ll *)sa;
	struct packet_sock *k = pk(s);
	struct net_device *dev = NULL;
	u16 protocol;

	if (len < (int)sizeof(*a) || a->sll_family != AF_PACKET)
		return -EINVAL;
	if (a->sll_ifindex) {
		dev = netdev_get_by_index(k->net, a->sll_ifindex);
		if (!dev)
			return -ENODEV;
	}
	mutex_lock(&k->mutex);
	protocol = a->sll_protocol ? be16((be16_t){ a->sll_protocol }) : k->protocol;
	hook(k, dev, protocol);
	mutex_unlock(&k->mutex);
	return 0;
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

/* --- memberships: under rtnl --- */

static int join(struct net_device *dev, u16 type, const u8 *addr, bool in)
{
	switch (type) {
	case PACKET_MR_MULTICAST:
		return in ? netdev_mc_add(dev, addr) : netdev_mc_del(dev, addr);
	case PACKET_MR_PROMISC:
		netdev_set_promisc(dev, in ? 1 : -1);
		return 0;
	case PACKET_MR_ALLMULTI:
		netdev_set_allmulti(dev, in ? 1 : -1);
		return 0;
	}
	return -EINVAL;
}

static struct membership **find_member(struct packet_sock *k, const struct packet_mreq *r)
{
	struct membership **p;

	for (p = &k->members; *p; p = &(*p)->next)
		if ((*p)->dev->ifindex == r->mr_ifindex && (*p)->type == r->mr_type &&
		    !memcmp((*p)->addr, r->mr_address, min_t(size_t, r->mr_alen, sizeof(r->mr_address))))
			break;
	return p;
}

static int add_member(struct packet_sock *k, const struct packet_mreq *r)
{
	struct membership *m = *find_member(k, r);
	int err;

	if (m) {
		m->users++;
		return 0;
	}
	m = kzalloc(sizeof(*m), GFP_KERNEL);
	if (!m)
		return -ENOMEM;
	m->dev = netdev_get_by_index(k->net, r->mr_ifindex);
	if (!m->dev) {
		kfree(m);
		return -ENODEV;
	}
	m->type = r->mr_type;
	m->users = 1;
	memcpy(m->addr, r->mr_address, min_t(size_t, r->mr_alen, sizeof(m->addr)));
	err = r->mr_type == PACKET_MR_MULTICAST && r->mr_alen != m->dev->addr_len ? -EINVAL : join(m->dev, m->type, m->addr, true);
	if (err) {
		dev_put(m->dev);
		kfree(m);
		return err;
	}
	m->next = k->members;
	k->members = m;
	return 0;
}

static void leave(struct membership **p)
{
	struct membership *m = *p;

	*p = m->next;
	(void)join(m->dev, m->type, m->addr, false);
	dev_put(m->dev);
	kfree(m);
}

static int change_member(struct packet_sock *k, bool add, uaddr_t val, int len)
{
	struct packet_mreq r = { 0 };
	struct membership **p;
	int err = 0;

	if (len < (int)sizeof(r))
		return -EINVAL;
	if (copy_in_bytes(&r, val, sizeof(r)))
		return -EFAULT;
	if (r.mr_alen > sizeof(r.mr_address))
		return -EINVAL;
	rtnl_lock();
	p = find_member(k, &r);
	if (add)
		err = add_member(k, &r);
	else if (*p && --(*p)->users == 0)
		leave(p);
	rtnl_unlock();
	return err;	/* leaving what one never joined is no error, as on Linux */
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
		return change_member(k, opt == PACKET_ADD_MEMBERSHIP, val, len);
	if (opt == PACKET_RX_RING)
		return packet_set_ring(k, val, len);
	if (opt == PACKET_VERSION || opt == PACKET_RESERVE)
		return packet_ring_option(k, opt, val, len);
	flag = flag_of(k, opt);
	if (!flag)
		return -ENOPROTOOPT;
	if (len < (int)sizeof(v))
		return -EINVAL;
	if (copy_in_bytes(&v, val, sizeof(v)))
		return -EFAULT;
	if (opt == PACKET_IGNORE_OUTGOING && (v < 0 || v > 1))
		return -EINVAL;
	WRITE_ONCE(*flag, v != 0);
	return 0;
}

static int packet_getsockopt(struct socket *s, int level, int opt, uaddr_t val, uaddr_t ulen)
{
	struct packet_sock *k = pk(s);
	struct tpacket_stats st;
	u64 flags;
	bool *flag;
	int v;

	if (level == SOL_SOCKET)
		return sock_getsockopt(&k->c, opt, val, ulen);
	if (level != SOL_PACKET)
		return -ENOPROTOOPT;
	if (opt == PACKET_STATISTICS) {
		spin_lock_irqsave(&k->lock, flags);
		st = (struct tpacket_stats){ k->packets, k->drops };
		k->packets = k->drops = 0;
		spin_unlock_irqrestore(&k->lock, flags);
		return sockopt_out(val, ulen, &st, sizeof(st));
	}
	if (opt == PACKET_HDRLEN)
		return packet_ring_hdrlen(val, ulen);
	flag = flag_of(k, opt);
	if (opt == PACKET_VERSION)
		v = (int)READ_ONCE(k->ring.version);
	else if (opt == PACKET_RESERVE)
		v = (int)READ_ONCE(k->ring.reserve);
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
	if (READ_ONCE(k->c.err))
		events |= EPOLLERR;
	if (READ_ONCE(k->rmem) || packet_ring_ready(k))
		events |= EPOLLIN | EPOLLRDNORM;
	if (writable(k))
		events |= EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
	return events;
}

/* --- life --- */

static int packet_release(struct socket *s)
{
	struct packet_sock *k = pk(s);

	mutex_lock(&all_lock);
	list_del(&k->link);
	mutex_unlock(&all_lock);
	mutex_lock(&k->mutex);
	hook(k, NULL, 0);
	mutex_unlock(&k->mutex);
	rtnl_lock();
	while (k->members)
		leave(&k->members);
	rtnl_unlock();
	pkt_list_free(&k->rxq);	/* the tap is gone, and whoever ran it */
	packet_ring_free(&k->ring);
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
	s->sk = k;
	s->ops = &packet_ops;
	mutex_lock(&k->mutex);
	hook(k, NULL, be16((be16_t){ (u16)protocol }));
	mutex_unlock(&k->mutex);
	mutex_lock(&all_lock);
	list_add_tail(&k->link, &all);
	mutex_unlock(&all_lock);
	return 0;
}

/* A device that goes down is an error for who is bound to it. */
static void device_event(struct net_notifier *n, struct net *net, enum net_event ev, void *object)
{
	struct net_device *dev = object;
	struct packet_sock *k;

	(void)n, (void)net;
	if (ev != NETDEV_DOWN && ev != NETDEV_UNREGISTER)
		return;
	mutex_lock(&all_lock);
	list_for_each_entry(k, &all, link) {
		if (READ_ONCE(k->ifindex) != dev->ifindex)
			continue;
		WRITE_ONCE(k->c.err, ev == NETDEV_DOWN ? ENETDOWN : ENODEV);
		wake_up_poll(&k->wait, EPOLLERR);
	}
	mutex_unlock(&all_lock);
}

static int packet_show(struct seq_file *m, void *v)
{
	struct packet_sock *k;

	(void)v;
	seq_puts(m, "sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n");
	mutex_lock(&all_lock);
	list_for_each_entry(k, &all, link)
		seq_printf(m, "%p %-6d %-4d %04x   %-5d %1d %-6llu %-6u %-6llu\n", (void *)k, (int)ref_read(&k->ref), k->c.type,
			   READ_ONCE(k->protocol), READ_ONCE(k->ifindex), READ_ONCE(k->protocol) != 0,
			   (unsigned long long)READ_ONCE(k->rmem), from_kuid(&init_user_ns, k->uid),
			   (unsigned long long)(k->s->file ? k->s->file->inode->ino : 0));
	mutex_unlock(&all_lock);
	return 0;
}

/* --- sock_diag --- */

static void fill_groups(struct nlbuf *b, const struct packet_sock *k)
{
	u32 at = nl_nest(b, PACKET_DIAG_MCLIST);
	const struct membership *m;

	for (m = k->members; m; m = m->next) {
		struct packet_diag_mclist e = { .pdmc_index = (u32)m->dev->ifindex, .pdmc_count = m->users, .pdmc_type = m->type,
						.pdmc_alen = m->dev->addr_len };

		memcpy(e.pdmc_addr, m->addr, sizeof(m->addr));
		nl_append(b, &e, sizeof(e));
	}
	nl_nest_end(b, at);
}

/* all_lock and rtnl held. */
static void fill_diag(struct nlbuf *b, struct packet_sock *k, const struct nl_dump *d, u32 show)
{
	u32 at = nl_begin(b, d->portid, d->seq, SOCK_DIAG_BY_FAMILY, NLM_F_MULTI, sizeof(struct packet_diag_msg));
	struct packet_diag_info i = { .pdi_index = (u32)READ_ONCE(k->ifindex),
		.pdi_flags = (READ_ONCE(k->auxdata) ? PDI_AUXDATA : 0) | (READ_ONCE(k->origdev) ? PDI_ORIGDEV : 0) };
	struct packet_diag_msg *m = nl_header(b, at);

	if (m) {
		*m = (struct packet_diag_msg){ .pdiag_family = AF_PACKET, .pdiag_type = (u8)k->c.type,
			.pdiag_num = READ_ONCE(k->protocol), .pdiag_ino = k->s->file ? (u32)k->s->file->inode->ino : 0 };
		sock_diag_put_cookie(&k->c, m->pdiag_cookie);
	}
	if (show & PACKET_SHOW_INFO) {
		nl_put(b, PACKET_DIAG_INFO, &i, sizeof(i));
		nl_put_u32(b, PACKET_DIAG_UID, from_kuid(&init_user_ns, k->uid));
	}
	if (show & PACKET_SHOW_MCLIST)
		fill_groups(b, k);
	if (show & PACKET_SHOW_MEMINFO)
		sock_diag_put_mem(b, PACKET_DIAG_MEMINFO, &k->c, (u32)READ_ONCE(k->rmem), (u32)atomic64_read(&k->wmem), 0);
	nl_end(b, at);
}

/* args[0]: sockets that were told. */
static int packet_diag_dump(struct nl_dump *d, struct nlbuf *b)
{
	const struct packet_diag_req *q = nl_payload(d->request);
	struct packet_sock *k;
	u64 n = 0;
	u32 at = 0;

	rtnl_lock();
	mutex_lock(&all_lock);
	list_for_each_entry(k, &all, link) {
		if (n++ < d->args[0])
			continue;
		at = nlbuf_len(b);
		fill_diag(b, k, d, q->pdiag_show);
		if (b->err)
			break;
		d->args[0] = n;
	}
	mutex_unlock(&all_lock);
	rtnl_unlock();
	if (!b->err)
		return 0;
	nl_cancel(b, at);
	return NL_MORE;
}

static int packet_diag(struct nl_request *r, const struct nlmsghdr *h)
{
	const struct packet_diag_req *q = nl_payload(h);

	if (nl_payload_len(h) < sizeof(*q) || q->sdiag_protocol)
		return -EINVAL;
	return h->nlmsg_flags & NLM_F_DUMP ? nl_dump_start(r, h, packet_diag_dump, NULL, NULL) : -EOPNOTSUPP;
}

static struct sock_diag_handler diag_handler = { .family = AF_PACKET, .ask = packet_diag };
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
	sock_diag_register(&diag_handler);
	return proc_create("net/packet", 0444, packet_show, NULL);
}
INITCALL_DRIVER(packet_init);
