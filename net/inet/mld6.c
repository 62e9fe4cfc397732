/* SPDX-License-Identifier: MPL-2.0 */
/*
 * MLD: routers hear which groups a device listens to. Version 2, and version 1 as long as a querier of that was heard.
 * What is to be told is kept by mc_dev.c; the worker of addrconf6.c asks for messages. Locks: inet_dev.mc_lock.
 * Sources: RFC 3810, 2710.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/slab.h>

#include "igmp_impl.h"
#include "ip6_impl.h"

#define UNSOLICITED_NS	NSEC_PER_SEC
#define V1_NS		(260 * NSEC_PER_SEC)	/* 2 * 125 s + 10 s */

struct wire_record {
	u8 type, aux;
	be16_t nr_sources;
	be32_t group[4];
} __packed;
static_assert(sizeof(struct wire_record) == 20, "wire");

void mld_report_all(struct net *net, struct inet_dev *id)
{
	(void)net;
	mc_tell_all(id, false);
}

void mld_flush(struct inet_dev *id) { mc_flush(id, false); }

/* --- messages --- */

static void send_v2(struct net_device *dev, const struct ipaddr *src, const struct mc_report *rep, struct pkt_list *out)
{
	struct ipaddr dst = IP6_ADDR(0xff020000u, 0, 0, 0x16);
	struct pkt *p = pkt_alloc(PKT_HEADROOM, 8 + rep->bytes, GFP_KERNEL);
	be16_t nr = to_be16((u16)rep->nr);
	u8 *h;

	if (!p)
		return;
	h = pkt_put(p, 8);
	memset(h, 0, 8);
	h[0] = ICMP6_MLD2_REPORT;
	memcpy(h + 6, &nr, 2);
	for (u32 i = 0; i < rep->nr; i++) {
		const struct mc_record *r = &rep->r[i];
		struct wire_record *w = (struct wire_record *)pkt_put(p, sizeof(*w));

		*w = (struct wire_record){ .type = r->type, .nr_sources = to_be16(r->nr) };
		memcpy(w->group, &r->group, 16);
		memcpy(pkt_put(p, r->nr * 16u), &rep->src[r->first], r->nr * 16u);
	}
	ip6_ctl_finish(dev, p, src, &dst, true);
	pkt_list_add(out, p);
}

static void send_v1(struct net_device *dev, const struct ipaddr *src, const struct mc_record *r, struct pkt_list *out)
{
	struct ipaddr dst = r->gone ? IP6_ADDR(0xff020000u, 0, 0, 2) : r->group;
	struct pkt *p;
	u8 *h;

	if (r->gone ? !r->reporter : r->type == TO_INCLUDE || r->type == BLOCK_OLD)
		return;
	p = pkt_alloc(PKT_HEADROOM, 24, GFP_KERNEL);
	if (!p)
		return;
	h = pkt_put(p, 24);
	memset(h, 0, 8);
	h[0] = r->gone ? ICMP6_MLD_DONE : ICMP6_MLD_REPORT;
	memcpy(h + 8, &r->group, 16);
	ip6_ctl_finish(dev, p, src, &dst, true);
	pkt_list_add(out, p);
}

u64 mld_tick(struct net *net, struct inet_dev *id, u64 now, struct pkt_list *out)
{
	struct ip6_dev *d = ip6_dev(id);
	struct ipaddr src = { 0 };
	struct mc_report *rep;
	u64 next;

	(void)net;
	if (!d->up || id->dev->flags & IFF_LOOPBACK)
		return 0;
	rep = kzalloc(sizeof(*rep), GFP_KERNEL);
	if (!rep)
		return now + NSEC_PER_SEC;
	rcu_read_lock();
	(void)ip6_linklocal(id->dev, &src);
	rcu_read_unlock();
	spin_lock(&id->mc_lock);
	rep->old = now < id->mld.v1_until;
	next = mc_collect(id, false, now, UNSOLICITED_NS, rep);
	spin_unlock(&id->mc_lock);
	if (rep->nr && !rep->old)
		send_v2(id->dev, &src, rep, out);
	for (u32 i = 0; rep->old && i < rep->nr; i++)
		send_v1(id->dev, &src, &rep->r[i], out);
	kfree(rep);
	return next;
}

/* --- questions --- */

/* n bytes at h. */
static void query(struct inet_dev *id, const u8 *h, u32 n)
{
	bool v1 = n == 24;
	u32 code = (u32)h[4] << 8 | h[5], nr = v1 ? 0 : (u32)h[26] << 8 | h[27];
	struct ipaddr g = ip6_addr(h + 8);

	if ((!ipaddr_any(&g) && !ipaddr_multicast(&g)) || nr > (n - 24) / 16 || (nr && ipaddr_any(&g)))
		return;
	spin_lock(&id->mc_lock);
	if (v1) {
		WRITE_ONCE(id->mld.v1_until, clock_monotonic_ns() + V1_NS);
	} else {
		id->mld.robustness = h[24] & 7;
		id->mld.interval_ns = mc_float(h[25], 4) * NSEC_PER_SEC;
	}
	spin_unlock(&id->mc_lock);
	mc_query(id, false, &g, h + 28, nr, (v1 ? code : mc_float(code, 12)) * NSEC_PER_MSEC);
}

void mld_receive(struct net *net, struct pkt *p)
{
	struct ip_cb *cb = ip_cb(p);
	struct inet_dev *id;
	struct ipaddr g;

	(void)net;
	if (p->len < 24 || !pkt_pull_ok(p, p->len) || cb->ttl != 1 || !ipaddr_linklocal6(&cb->src) || p->dev->flags & IFF_LOOPBACK)
		return;
	rcu_read_lock();
	id = dev_inet(p->dev);
	g = ip6_addr(p->data + 8);
	if (id && ip6_dev(id) && p->data[0] == ICMP6_MLD_QUERY && (p->len == 24 || p->len >= 28))
		query(id, p->data, p->len);
	else if (id && ip6_dev(id) && p->data[0] == ICMP6_MLD_REPORT && clock_monotonic_ns() < READ_ONCE(id->mld.v1_until))
		mc_heard(id, &g);	/* version 1: somebody else has answered for the group */
	rcu_read_unlock();
}
