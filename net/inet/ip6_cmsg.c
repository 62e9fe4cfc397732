/* SPDX-License-Identifier: MPL-2.0 */
/*
 * IPv6's control messages both ways, and the extension headers that a sender may put in front of its datagrams.
 * Sources: ipv6(7), RFC 3542, RFC 2292 for the older names.
 *
 * Received headers are read where they lie: between the network header and the transport header. Headers to send are either
 * sticky (inet_sock.tx6, under sk->lock, copied for each message) or come with the message; send_ctl.ext holds those
 * of one message, already linked to each other.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/rcu.h>
#include <core/slab.h>
#include <kernel/task.h>
#include <net/scm.h>
#include <uapi/linux/capability.h>
#include <uapi/linux/in6.h>

#include "inet_impl.h"

#define EXT_MAX		(8 * 255)

/* Sticky headers. A routing header is never sent, so IPV6_RTHDRDSTOPTS has no use: it is kept and told, no more. */
enum { TX_HOP, TX_DST0, TX_DST1, TX_COUNT };
struct ip6_txopts {
	u8 *hdr[TX_COUNT];		/* owned */
	u16 len[TX_COUNT];
};

/* --- received --- */

/* Each extension header of p in turn. *at: offset from the network header, 0 to begin; *type: of the one given. */
static const u8 *next_ext(const struct pkt *p, u32 *at, u8 *next, u8 *type, u32 *len)
{
	const u8 *net = pkt_net(p), *h;
	u32 end;

	if (p->net_off + sizeof(struct ip6_hdr) > p->trans_off)
		return NULL;
	end = (u32)p->trans_off - p->net_off;
	if (!*at) {
		*at = sizeof(struct ip6_hdr);
		*next = ((const struct ip6_hdr *)net)->next_hdr;
	}
	if (*at + 8 > end)
		return NULL;
	if (*next != IPPROTO_HOPOPTS && *next != IPPROTO_DSTOPTS && *next != IPPROTO_ROUTING && *next != IPPROTO_FRAGMENT)
		return NULL;
	h = net + *at;
	*type = *next;
	*len = *type == IPPROTO_FRAGMENT ? 8 : (h[1] + 1u) * 8;
	if (*at + *len > end)
		return NULL;
	*next = h[0];
	*at += *len;
	return h;
}

static void put_ext(struct inet_sock *sk, struct msg *m, const struct pkt *p)
{
	static const struct { u8 type; u32 want, old; int name, old_name; } kinds[] = {
		{ IPPROTO_HOPOPTS, CMSG6_HOPOPTS, CMSG6_OHOPOPTS, IPV6_HOPOPTS, IPV6_2292HOPOPTS },
		{ IPPROTO_DSTOPTS, CMSG6_DSTOPTS, CMSG6_ODSTOPTS, IPV6_DSTOPTS, IPV6_2292DSTOPTS },
		{ IPPROTO_ROUTING, CMSG6_RTHDR, CMSG6_ORTHDR, IPV6_RTHDR, IPV6_2292RTHDR },
	};
	u32 want = sk->o.cmsg, at = 0, len;
	u8 next = 0, type;
	const u8 *h;

	while ((h = next_ext(p, &at, &next, &type, &len)) != NULL) {
		for (u32 i = 0; i < ARRAY_SIZE(kinds); i++) {
			if (kinds[i].type != type)
				continue;
			if (want & kinds[i].want)
				(void)scm_put_cmsg(m, SOL_IPV6, kinds[i].name, h, len);
			if (want & kinds[i].old)
				(void)scm_put_cmsg(m, SOL_IPV6, kinds[i].old_name, h, len);
		}
	}
}

static void put_int(struct msg *m, int type, int v)
{
	(void)scm_put_cmsg(m, SOL_IPV6, type, &v, sizeof(v));
}

static void put_flow(struct inet_sock *sk, struct msg *m, const struct pkt *p)
{
	const struct ip6_hdr *h = pkt_net(p);
	u32 word;

	if (p->net_off + sizeof(*h) > p->trans_off)
		return;
	word = be32(h->ver_tc_flow) & IPV6_FLOWINFO_MASK;
	if (word) {
		be32_t v = to_be32(word);

		(void)scm_put_cmsg(m, SOL_IPV6, IPV6_FLOWINFO, &v, sizeof(v));
	}
}

void ip6_cmsg_recv(struct inet_sock *sk, struct msg *m, const struct pkt *p)
{
	const struct ip_cb *cb = ip_cb(p);
	struct in6_pktinfo info = { .ipi6_ifindex = cb->iif };
	u32 want = sk->o.cmsg;

	ipaddr_to6(&cb->dst, &info.ipi6_addr);
	if (want & CMSG6_PKTINFO)
		(void)scm_put_cmsg(m, SOL_IPV6, IPV6_PKTINFO, &info, sizeof(info));
	if (cb->family != AF_INET6)
		return;		/* the others are not in an IPv4 packet */
	if (want & CMSG6_HOPLIMIT)
		put_int(m, IPV6_HOPLIMIT, cb->ttl);
	if (want & CMSG6_TCLASS)
		put_int(m, IPV6_TCLASS, cb->tos);
	if (want & CMSG6_FLOWINFO)
		put_flow(sk, m, p);
	if (want & (CMSG6_HOPOPTS | CMSG6_DSTOPTS | CMSG6_RTHDR | CMSG6_OHOPOPTS | CMSG6_ODSTOPTS | CMSG6_ORTHDR))
		put_ext(sk, m, p);
	if (want & CMSG6_OPKTINFO)
		(void)scm_put_cmsg(m, SOL_IPV6, IPV6_2292PKTINFO, &info, sizeof(info));
	if (want & CMSG6_OHOPLIMIT)
		put_int(m, IPV6_2292HOPLIMIT, cb->ttl);
	if (want & CMSG6_ORIGDST && inet_has_ports(p)) {
		struct sockaddr_in6 a = { .sin6_family = AF_INET6 };

		memcpy(&a.sin6_port, (const u8 *)pkt_trans(p) + 2, 2);
		ipaddr_to6(&cb->dst, &a.sin6_addr);
		if (inet_needs_scope(&cb->dst))
			a.sin6_scope_id = (u32)cb->iif;
		(void)scm_put_cmsg(m, SOL_IPV6, IPV6_ORIGDSTADDR, &a, sizeof(a));
	}
	if (want & CMSG6_FRAGSIZE && cb->frag_max)
		put_int(m, IPV6_RECVFRAGSIZE, cb->frag_max);
}

/* --- a path turned out to be narrow --- */

void ip6_pathmtu_note(struct inet_sock *sk, const struct ipaddr *dst, u16 port, u32 mtu)
{
	u64 flags;

	if (!(READ_ONCE(sk->o.cmsg) & CMSG6_PATHMTU))
		return;
	spin_lock_irqsave(&sk->qlock, flags);
	sk->rxpmtu = (struct ip6_rxpmtu){ .dst = *dst, .port = port, .mtu = mtu };
	spin_unlock_irqrestore(&sk->qlock, flags);
}

int ip6_pathmtu_recv(struct inet_sock *sk, struct msg *m)
{
	struct ip6_mtuinfo i = { .ip6m_addr.sin6_family = AF_INET6 };
	struct ip6_rxpmtu got;
	u64 flags;

	if (!READ_ONCE(sk->rxpmtu.mtu) || !(READ_ONCE(sk->o.cmsg) & CMSG6_PATHMTU))
		return 0;
	spin_lock_irqsave(&sk->qlock, flags);
	got = sk->rxpmtu;
	sk->rxpmtu.mtu = 0;
	spin_unlock_irqrestore(&sk->qlock, flags);
	if (!got.mtu)
		return 0;
	ipaddr_to6(&got.dst, &i.ip6m_addr.sin6_addr);
	i.ip6m_mtu = got.mtu;
	m->namelen = inet_addr_out(sk, &got.dst, got.port, 0, &m->name);
	(void)scm_put_cmsg(m, SOL_IPV6, IPV6_PATHMTU, &i, sizeof(i));
	return 1;
}

/* --- sticky headers --- */

static int slot(int opt)
{
	return opt == IPV6_HOPOPTS ? TX_HOP : opt == IPV6_RTHDRDSTOPTS ? TX_DST0 : TX_DST1;
}

int ip6_txopts_set(struct inet_sock *sk, int opt, uaddr_t val, int len)
{
	int i = slot(opt), err = 0;
	u8 *h = NULL, *old = NULL;

	if (!capable(CAP_NET_RAW))
		return -EPERM;
	if (len) {
		if (len < 8 || len & 7 || len > EXT_MAX)
			return -EINVAL;
		h = kmalloc((size_t)len, GFP_KERNEL);
		if (!h)
			return -ENOMEM;
		if (copy_in_bytes(h, val, (size_t)len))
			err = -EFAULT;
		else if ((h[1] + 1) * 8 > len)
			err = -EINVAL;
		if (err)
			goto out;
	}
	mutex_lock(&sk->lock);
	if (!sk->tx6 && h)
		sk->tx6 = kzalloc(sizeof(*sk->tx6), GFP_KERNEL);
	if (sk->tx6) {
		old = sk->tx6->hdr[i];
		sk->tx6->hdr[i] = h;
		sk->tx6->len[i] = h ? (u16)((h[1] + 1) * 8) : 0;
		h = NULL;
	} else if (h) {
		err = -ENOMEM;
	}
	mutex_unlock(&sk->lock);
	kfree(old);
out:
	kfree(h);
	return err;
}

int ip6_txopts_get(struct inet_sock *sk, int opt, uaddr_t val, uaddr_t ulen)
{
	int i = slot(opt), err;
	u8 *copy = NULL;
	u16 n = 0;

	mutex_lock(&sk->lock);
	if (sk->tx6 && sk->tx6->hdr[i]) {
		n = sk->tx6->len[i];
		copy = kmemdup(sk->tx6->hdr[i], n, GFP_KERNEL);
	}
	mutex_unlock(&sk->lock);
	if (n && !copy)
		return -ENOMEM;
	err = sockopt_out(val, ulen, copy, n);
	kfree(copy);
	return err;
}

void ip6_txopts_free(struct inet_sock *sk)
{
	if (!sk->tx6)
		return;
	for (int i = 0; i < TX_COUNT; i++)
		kfree(sk->tx6->hdr[i]);
	kfree(sk->tx6);
	sk->tx6 = NULL;
}

/* --- sent --- */

void send_ctl_fini(struct send_ctl *c)
{
	kfree(c->ext);
	c->ext = NULL;
}

/* A header behind those that are there. Takes over h. */
static int ext_add(struct send_ctl *c, u8 type, const u8 *h, u32 len)
{
	u8 *n = kmalloc(c->ext_len + len, GFP_KERNEL);

	if (!n)
		return -ENOMEM;
	if (c->ext_len) {
		memcpy(n, c->ext, c->ext_len);
		n[c->ext_last] = type;
	} else {
		c->ext_proto = type;
	}
	memcpy(n + c->ext_len, h, len);
	kfree(c->ext);
	c->ext = n;
	c->ext_last = c->ext_len;
	c->ext_len = (u16)(c->ext_len + len);
	return 0;
}

/* Headers that came with one message. */
struct msg_ext {
	u8 *hop, *dst;			/* owned */
};

static int take_ext(u8 **to, uaddr_t data, size_t len)
{
	u8 head[8], *h;
	size_t n;

	if (*to || len < sizeof(struct { u8 next, len; }))
		return -EINVAL;
	if (!capable(CAP_NET_RAW))
		return -EPERM;
	if (copy_in_bytes(head, data, 2))
		return -EFAULT;
	n = (head[1] + 1u) * 8;
	if (n > len)
		return -EINVAL;
	h = kmalloc(n, GFP_KERNEL);
	if (!h)
		return -ENOMEM;
	if (copy_in_bytes(h, data, n)) {
		kfree(h);
		return -EFAULT;
	}
	h[1] = head[1];		/* what was measured */
	*to = h;
	return 0;
}

static int take_pktinfo(struct inet_sock *sk, struct send_ctl *c, uaddr_t data, size_t len)
{
	struct net_device *dev = NULL;
	struct in6_pktinfo info;
	struct net_ifaddr *ifa;
	struct ipaddr a;
	int err = 0;

	if (len < sizeof(info))
		return -EINVAL;
	if (copy_in_bytes(&info, data, sizeof(info)))
		return -EFAULT;
	if (info.ipi6_ifindex) {
		int is = c->oif ? c->oif : READ_ONCE(sk->bound_if);

		if (is && is != info.ipi6_ifindex)
			return -EINVAL;
		c->oif = info.ipi6_ifindex;
	}
	a = ipaddr_v6(&info.ipi6_addr);
	rcu_read_lock();
	if (c->oif || READ_ONCE(sk->bound_if)) {
		dev = netdev_by_index(sk->net, c->oif ? c->oif : READ_ONCE(sk->bound_if));
		if (!dev)
			err = -ENODEV;
	} else if (ipaddr_linklocal6(&a)) {
		err = -EINVAL;
	}
	if (!err && !ipaddr_any(&a)) {
		bool strict = ipaddr_linklocal6(&a);

		/* An address of ours; a link-local one of that device. */
		if (!sk->o.freebind && !sk->o.transparent) {
			ifa = ipaddr_is4(&a) || ipaddr_multicast(&a) ? NULL : inet_addr_find(sk->net, &a, strict ? dev : NULL);
			if (!ifa || ifa->flags & IFA_F_TENTATIVE)
				err = -EINVAL;
		}
		if (!err)
			c->src = a;
	}
	rcu_read_unlock();
	return err;
}

static int take_int(uaddr_t data, size_t len, int low, int high, int *v)
{
	if (len != sizeof(*v))
		return -EINVAL;
	if (copy_in_bytes(v, data, sizeof(*v)))
		return -EFAULT;
	return *v < low || *v > high ? -EINVAL : 0;
}

static int one_cmsg(struct inet_sock *sk, struct send_ctl *c, struct msg_ext *x, const struct cmsghdr *h, uaddr_t data)
{
	size_t len = h->cmsg_len - sizeof(*h);
	int v = 0, err;
	be32_t label;

	switch (h->cmsg_type) {
	case IPV6_PKTINFO:
	case IPV6_2292PKTINFO:
		return take_pktinfo(sk, c, data, len);
	case IPV6_HOPLIMIT:
	case IPV6_2292HOPLIMIT:
		err = take_int(data, len, -1, 255, &v);
		if (!err)
			c->ttl = v;
		return err;
	case IPV6_TCLASS:
		err = take_int(data, len, -1, 255, &v);
		if (!err)
			c->tos = v;
		return err;
	case IPV6_DONTFRAG:
		err = take_int(data, len, 0, 1, &v);
		if (!err)
			c->dontfrag = v != 0;
		return err;
	case IPV6_FLOWINFO:
		if (len < sizeof(label))
			return -EINVAL;
		if (copy_in_bytes(&label, data, sizeof(label)))
			return -EFAULT;
		c->flowlabel = be32(label) & IPV6_FLOWLABEL_MASK;
		return 0;
	case IPV6_HOPOPTS:
	case IPV6_2292HOPOPTS:
		return take_ext(&x->hop, data, len);
	case IPV6_DSTOPTS:
	case IPV6_2292DSTOPTS:
		return take_ext(&x->dst, data, len);
	default:
		return -EINVAL;
	}
}

/* The message's own headers, or the socket's. */
static int collect_ext(struct inet_sock *sk, struct send_ctl *c, const struct msg_ext *x)
{
	const struct ip6_txopts *t;
	const u8 *hop, *dst;
	int err = 0;

	mutex_lock(&sk->lock);
	t = sk->tx6;
	hop = x->hop ? x->hop : t ? t->hdr[TX_HOP] : NULL;
	dst = x->dst ? x->dst : t ? t->hdr[TX_DST1] : NULL;
	if (hop)
		err = ext_add(c, IPPROTO_HOPOPTS, hop, (hop[1] + 1u) * 8);
	if (!err && dst)
		err = ext_add(c, IPPROTO_DSTOPTS, dst, (dst[1] + 1u) * 8);
	mutex_unlock(&sk->lock);
	return err;
}

int ip6_cmsg_send(struct inet_sock *sk, struct msg *m, struct send_ctl *c)
{
	struct msg_ext x = { NULL, NULL };
	struct cmsghdr h;
	size_t off = 0;
	uaddr_t data;
	int err = 0;

	while (m->control && (err = inet_cmsg_next(m, &off, &h, &data)) > 0) {
		err = inet_cmsg_common(sk, c, &h, data);
		if (err > 0)
			err = h.cmsg_level == SOL_IPV6 ? one_cmsg(sk, c, &x, &h, data) : 0;
		if (err)
			break;
	}
	if (!err && (READ_ONCE(sk->tx6) || x.hop || x.dst))
		err = collect_ext(sk, c, &x);
	kfree(x.hop);
	kfree(x.dst);
	if (err)
		send_ctl_fini(c);
	return err;
}
