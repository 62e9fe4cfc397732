/* SPDX-License-Identifier: MPL-2.0 */
/*
 * MLD: routers hear which groups a device listens to. Version 2, and version 1 as long as a querier of that was heard.
 * A device listens to all sources of its groups (filters are the sockets'), so there are three records: is there,
 * came, went. Messages are made by the worker of addrconf6.c. Locks: inet_dev.mc_lock. Sources: RFC 3810, 2710.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/slab.h>
#include <kernel/random.h>

#include "igmp_impl.h"
#include "ip6_impl.h"

#define ROBUSTNESS	2u
#define UNSOLICITED_NS	NSEC_PER_SEC
#define V1_NS		(260 * NSEC_PER_SEC)	/* 2 * 125 s + 10 s */
#define RECORDS		60u			/* of one report: it fits in 1280 bytes */
#define GONE_MAX	64u

#define MODE_IS_EXCLUDE	2
#define TO_INCLUDE	3
#define TO_EXCLUDE	4

struct mld_gone {
	struct list_head link;		/* [mc_lock] ip6_dev.gone */
	struct ipaddr group;
	u32 left;			/* [mc_lock] reports to send */
	u64 at;				/* [mc_lock] */
};

struct mld_record {
	u8 type, aux;
	be16_t nr_sources;
	be32_t group[4];
} __packed;
static_assert(sizeof(struct mld_record) == 20, "wire");

struct records {
	u32 nr;
	struct mld_record r[RECORDS];
};

/* All nodes, and what never leaves the node, are nobody's business (RFC 3810, 6). */
static bool told(const struct net_device *dev, const struct ipaddr *g)
{
	return !(dev->flags & IFF_LOOPBACK) && ip6_mc_scope(g) > 1 &&
	       !(be32(g->w[0]) == 0xff020000u && !(g->w[1].raw | g->w[2].raw) && be32(g->w[3]) == 1);
}

static u64 within(u64 now, u64 max_ns)
{
	return now + (max_ns ? random_u64() % max_ns : 0);
}

static u64 sooner(u64 a, u64 b)
{
	return !a || (b && b < a) ? b : a;
}

/* --- joins and leaves --- */

static void forget_gone(struct ip6_dev *d, const struct ipaddr *g)
{
	struct mld_gone *x, *n;

	list_for_each_entry_safe(x, n, &d->gone, link) {
		if (ipaddr_eq(&x->group, g)) {
			list_del(&x->link);
			kfree(x);
		}
	}
}

void mld_joined(struct net_device *dev, const struct ipaddr *g)
{
	struct inet_dev *id = dev_inet(dev);
	u64 now = clock_monotonic_ns();
	struct ip_mc_dev *m;

	if (!id || !ip6_dev(id) || !told(dev, g))
		return;
	spin_lock(&id->mc_lock);
	forget_gone(ip6_dev(id), g);
	list_for_each_entry(m, &id->mc6, link) {
		if (ipaddr_eq(&m->group, g)) {
			m->reports_left = ROBUSTNESS;
			m->report_ns = within(now, UNSOLICITED_NS / 10);
		}
	}
	spin_unlock(&id->mc_lock);
	ip6_kick(dev->net, now);
}

void mld_left(struct net_device *dev, const struct ipaddr *g)
{
	struct inet_dev *id = dev_inet(dev);
	struct mld_gone *x, *o;
	u32 n = 0;

	if (!id || !ip6_dev(id) || !ip6_dev(id)->up || !told(dev, g))
		return;
	x = kzalloc(sizeof(*x), GFP_KERNEL);
	if (!x)
		return;		/* the router's next query finds out */
	x->group = *g;
	x->left = ROBUSTNESS;
	x->at = clock_monotonic_ns();
	spin_lock(&id->mc_lock);
	list_for_each_entry(o, &ip6_dev(id)->gone, link)
		n++;
	if (n < GONE_MAX) {
		list_add_tail(&x->link, &ip6_dev(id)->gone);
		x = NULL;
	}
	spin_unlock(&id->mc_lock);
	kfree(x);
	ip6_kick(dev->net, clock_monotonic_ns());
}

void mld_report_all(struct net *net, struct inet_dev *id)
{
	u64 now = clock_monotonic_ns();
	struct ip_mc_dev *m;

	spin_lock(&id->mc_lock);
	list_for_each_entry(m, &id->mc6, link) {
		if (!told(id->dev, &m->group))
			continue;
		m->reports_left = ROBUSTNESS;
		m->report_ns = now;
	}
	spin_unlock(&id->mc_lock);
	ip6_kick(net, now);
}

void mld_flush(struct inet_dev *id)
{
	struct ip6_dev *d = ip6_dev(id);
	struct mld_gone *x, *n;
	struct ip_mc_dev *m;

	spin_lock(&id->mc_lock);
	list_for_each_entry_safe(x, n, &d->gone, link) {
		list_del(&x->link);
		kfree(x);
	}
	list_for_each_entry(m, &id->mc6, link) {
		m->reports_left = ROBUSTNESS;	/* said again when it comes up */
		m->report_ns = 0;
	}
	d->general_ns = d->v1_until = 0;
	spin_unlock(&id->mc_lock);
}

/* --- messages --- */

static void record(struct records *rs, u8 type, const struct ipaddr *g)
{
	struct mld_record *r = &rs->r[rs->nr++];

	*r = (struct mld_record){ .type = type };
	memcpy(r->group, g, 16);
}

static void send_v2(struct net_device *dev, const struct ipaddr *src, const struct records *rs, struct pkt_list *out)
{
	struct ipaddr dst = IP6_ADDR(0xff020000u, 0, 0, 0x16);
	u32 n = rs->nr * (u32)sizeof(rs->r[0]);
	struct pkt *p = pkt_alloc(PKT_HEADROOM, 8 + n, GFP_KERNEL);
	be16_t nr = to_be16((u16)rs->nr);
	u8 *h;

	if (!p)
		return;
	h = pkt_put(p, 8);
	memset(h, 0, 8);
	h[0] = ICMP6_MLD2_REPORT;
	memcpy(h + 6, &nr, 2);
	memcpy(pkt_put(p, n), rs->r, n);
	ip6_ctl_finish(dev, p, src, &dst, true);
	pkt_list_add(out, p);
}

static void send_v1(struct net_device *dev, const struct ipaddr *src, const struct mld_record *r, struct pkt_list *out)
{
	struct ipaddr g = ip6_addr(r->group), dst = r->type == TO_INCLUDE ? IP6_ADDR(0xff020000u, 0, 0, 2) : g;
	struct pkt *p = pkt_alloc(PKT_HEADROOM, 24, GFP_KERNEL);
	u8 *h;

	if (!p)
		return;
	h = pkt_put(p, 24);
	memset(h, 0, 8);
	h[0] = r->type == TO_INCLUDE ? ICMP6_MLD_DONE : ICMP6_MLD_REPORT;
	memcpy(h + 8, &g, 16);
	ip6_ctl_finish(dev, p, src, &dst, true);
	pkt_list_add(out, p);
}

/* What is due, at most one report's worth; the next time. mc_lock held. */
static u64 collect(struct inet_dev *id, u64 now, struct records *rs)
{
	struct ip6_dev *d = ip6_dev(id);
	bool general = d->general_ns && now >= d->general_ns;
	struct mld_gone *x, *n;
	struct ip_mc_dev *m;
	u64 next = 0;

	list_for_each_entry(m, &id->mc6, link) {
		if (!told(id->dev, &m->group))
			continue;
		if (general && !m->report_ns)
			m->report_ns = now;
		if (m->report_ns && now >= m->report_ns && rs->nr < RECORDS) {
			record(rs, m->reports_left ? TO_EXCLUDE : MODE_IS_EXCLUDE, &m->group);
			m->reports_left -= m->reports_left > 0;
			m->report_ns = m->reports_left ? within(now, UNSOLICITED_NS) : 0;
		}
		next = sooner(next, m->report_ns);
	}
	if (general)
		d->general_ns = 0;
	list_for_each_entry_safe(x, n, &d->gone, link) {
		if (now >= x->at && rs->nr < RECORDS) {
			record(rs, TO_INCLUDE, &x->group);
			x->at = within(now, UNSOLICITED_NS);
			if (!--x->left) {
				list_del(&x->link);
				kfree(x);
				continue;
			}
		}
		next = sooner(next, x->at);
	}
	return sooner(next, d->general_ns);
}

u64 mld_tick(struct net *net, struct inet_dev *id, u64 now, struct pkt_list *out)
{
	struct ip6_dev *d = ip6_dev(id);
	struct ipaddr src = { 0 };
	struct records *rs;
	u64 next;
	bool v1;

	(void)net;
	if (!d->up || id->dev->flags & IFF_LOOPBACK)
		return 0;
	rs = kzalloc(sizeof(*rs), GFP_KERNEL);
	if (!rs)
		return now + NSEC_PER_SEC;
	rcu_read_lock();
	(void)ip6_linklocal(id->dev, &src);
	rcu_read_unlock();
	spin_lock(&id->mc_lock);
	next = collect(id, now, rs);
	v1 = now < d->v1_until;
	spin_unlock(&id->mc_lock);
	if (rs->nr && !v1)
		send_v2(id->dev, &src, rs, out);
	for (u32 i = 0; v1 && i < rs->nr; i++)
		send_v1(id->dev, &src, &rs->r[i], out);
	kfree(rs);
	return next;
}

/* --- questions --- */

/* Milliseconds to answer in: version 2 has a floating form (RFC 3810, 5.1.3). */
static u64 max_delay(const u8 *h, bool v1)
{
	u32 code = (u32)h[4] << 8 | h[5];

	return v1 || code < 32768 ? code : (u64)((code & 0xfff) | 0x1000) << ((code >> 12 & 7) + 3);
}

static void query(struct net *net, struct inet_dev *id, const u8 *h, bool v1)
{
	u64 now = clock_monotonic_ns(), at = within(now, max_delay(h, v1) * NSEC_PER_MSEC);
	struct ipaddr g = ip6_addr(h + 8);
	struct ip6_dev *d = ip6_dev(id);
	struct ip_mc_dev *m;

	if (!ipaddr_any(&g) && !ipaddr_multicast(&g))
		return;
	spin_lock(&id->mc_lock);
	if (v1)
		d->v1_until = now + V1_NS;
	if (ipaddr_any(&g)) {
		d->general_ns = sooner(d->general_ns, at);
	} else {
		list_for_each_entry(m, &id->mc6, link)
			if (ipaddr_eq(&m->group, &g) && told(id->dev, &g))
				m->report_ns = sooner(m->report_ns, at);
	}
	spin_unlock(&id->mc_lock);
	ip6_kick(net, at);
}

/* Version 1: somebody else has answered for the group. */
static void heard(struct inet_dev *id, const u8 *h)
{
	struct ipaddr g = ip6_addr(h + 8);
	struct ip_mc_dev *m;

	spin_lock(&id->mc_lock);
	if (clock_monotonic_ns() < ip6_dev(id)->v1_until)
		list_for_each_entry(m, &id->mc6, link)
			if (ipaddr_eq(&m->group, &g) && !m->reports_left)
				m->report_ns = 0;
	spin_unlock(&id->mc_lock);
}

void mld_receive(struct net *net, struct pkt *p)
{
	struct ip_cb *cb = ip_cb(p);
	struct inet_dev *id;

	if (p->len < 24 || !pkt_pull_ok(p, 24) || cb->ttl != 1 || !ipaddr_linklocal6(&cb->src) || p->dev->flags & IFF_LOOPBACK)
		return;
	rcu_read_lock();
	id = dev_inet(p->dev);
	if (id && ip6_dev(id) && p->data[0] == ICMP6_MLD_QUERY && (p->len == 24 || p->len >= 28))
		query(net, id, p->data, p->len == 24);
	else if (id && ip6_dev(id) && p->data[0] == ICMP6_MLD_REPORT)
		heard(id, p->data);
	rcu_read_unlock();
}
