/* SPDX-License-Identifier: MPL-2.0 */
/*
 * IGMP: routers (and switches that listen) hear which groups a device wants. Version 3, and 2 or 1 as long as a querier of
 * that was heard or force_igmp_version says so. What is to be told is kept by mc_dev.c; messages are made and sent by the
 * worker of addrconf6.c. Locks: inet_dev.mc_lock. Sources: RFC 3376, 2236, 1112.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/printk.h>
#include <core/rcu.h>
#include <core/slab.h>

#include "igmp_impl.h"
#include "ip6_impl.h"
#include "ip_impl.h"

#define QUERY		0x11
#define V1_REPORT	0x12
#define V2_REPORT	0x16
#define V2_LEAVE	0x17
#define V3_REPORT	0x22

#define ALL_HOSTS	0xe0000001u
#define ALL_ROUTERS	0xe0000002u
#define V3_ROUTERS	0xe0000016u

#define QUERY_INTERVAL	(125 * NSEC_PER_SEC)
#define RESPONSE_MAX	(10 * NSEC_PER_SEC)
#define TENTH		(NSEC_PER_SEC / 10)

struct wire_record {
	u8 type, aux;
	be16_t nr_sources;
	be32_t group;
} __packed;
static_assert(sizeof(struct wire_record) == 8, "wire");

static int version(const struct inet_dev *id, u64 now)
{
	int forced = READ_ONCE(net_inet(id->dev->net)->conf4_all.force_igmp_version);

	if (!forced)
		forced = READ_ONCE(id->conf4.force_igmp_version);
	if (forced)
		return forced;
	return now < READ_ONCE(id->igmp.v1_until) ? 1 : now < READ_ONCE(id->igmp.v2_until) ? 2 : 3;
}

int igmp_version(const struct inet_dev *id) { return version(id, clock_monotonic_ns()); }

/* --- down --- */

/* Sum and IP header for p, whose data is the message; onto the list. */
static void finish(struct net_device *dev, struct pkt *p, u32 to, struct pkt_list *out)
{
	struct ipaddr src = ipaddr_v4((be32_t){ 0 }), dst = ipaddr_v4(to_be32(to));
	static const u8 alert[4] = { 0x94, 4, 0, 0 };
	be16_t sum = { 0 };
	struct ip_hdr *h;

	memcpy(p->data + 2, &sum, 2);
	sum = csum_fold(pkt_csum(p, 0, p->len, 0));
	memcpy(p->data + 2, &sum, 2);
	pkt_set_trans(p);
	memcpy(pkt_push(p, sizeof(alert)), alert, sizeof(alert));
	h = (struct ip_hdr *)pkt_push(p, sizeof(*h));
	rcu_read_lock();
	(void)inet_select_addr(dev->net, dev, &dst, RT_SCOPE_LINK, &src);
	rcu_read_unlock();
	*h = (struct ip_hdr){ .ver_ihl = 0x46, .tos = 0xc0, .tot_len = to_be16((u16)p->len), .frag_off = to_be16(IP_DF), .ttl = 1,
		.proto = IPPROTO_IGMP, .src = src.w[3], .dst = dst.w[3] };
	h->csum = csum_fold(csum_partial(h, 24, 0));
	pkt_set_net(p);
	p->protocol = to_be16(ETH_P_IP);
	p->type = PKT_MULTICAST;
	p->dev = dev;
	pkt_hold_dev(p);
	pkt_list_add(out, p);
}

static void send_v3(struct net_device *dev, const struct mc_report *rep, struct pkt_list *out)
{
	struct pkt *p = pkt_alloc(PKT_HEADROOM, 8 + rep->bytes, GFP_KERNEL);
	be16_t nr = to_be16((u16)rep->nr);
	u8 *h;

	if (!p)
		return;
	h = pkt_put(p, 8);
	memset(h, 0, 8);
	h[0] = V3_REPORT;
	memcpy(h + 6, &nr, 2);
	for (u32 i = 0; i < rep->nr; i++) {
		const struct mc_record *r = &rep->r[i];
		struct wire_record *w = (struct wire_record *)pkt_put(p, sizeof(*w));

		*w = (struct wire_record){ .type = r->type, .nr_sources = to_be16(r->nr), .group = r->group.w[3] };
		for (u32 k = 0; k < r->nr; k++)
			memcpy(pkt_put(p, 4), &rep->src[r->first + k].w[3], 4);
	}
	finish(dev, p, V3_ROUTERS, out);
}

/* One group, in the old way. */
static void send_old(struct net_device *dev, int v, const struct mc_record *r, struct pkt_list *out)
{
	struct pkt *p;
	u8 *h;

	if (r->gone ? v == 1 || !r->reporter : r->type == TO_INCLUDE || r->type == BLOCK_OLD)
		return;
	p = pkt_alloc(PKT_HEADROOM, 8, GFP_KERNEL);
	if (!p)
		return;
	h = pkt_put(p, 8);
	memset(h, 0, 8);
	h[0] = r->gone ? V2_LEAVE : v == 1 ? V1_REPORT : V2_REPORT;
	memcpy(h + 4, &r->group.w[3], 4);
	finish(dev, p, r->gone ? ALL_ROUTERS : be32(r->group.w[3]), out);
}

u64 igmp_tick(struct inet_dev *id, u64 now, struct pkt_list *out)
{
	struct mc_report *rep;
	int v = version(id, now), ms;
	u64 next;

	if (!netdev_running(id->dev) || id->dev->flags & IFF_LOOPBACK)
		return 0;
	rep = kzalloc(sizeof(*rep), GFP_KERNEL);
	if (!rep)
		return now + NSEC_PER_SEC;
	rep->old = v < 3;
	ms = v < 3 ? READ_ONCE(id->conf4.igmpv2_unsolicited_report_interval) :
		READ_ONCE(id->conf4.igmpv3_unsolicited_report_interval);
	spin_lock(&id->mc_lock);
	next = mc_collect(id, true, now, (u64)max(ms, 0) * NSEC_PER_MSEC, rep);
	spin_unlock(&id->mc_lock);
	if (rep->nr && v == 3)
		send_v3(id->dev, rep, out);
	for (u32 i = 0; v < 3 && i < rep->nr; i++)
		send_old(id->dev, v, &rep->r[i], out);
	kfree(rep);
	return next;
}

void igmp_up(struct inet_dev *id)
{
	struct ipaddr all = ipaddr_v4(to_be32(ALL_HOSTS));

	if (inet_mc_dev_join(id->dev, &all))
		pr_warn("%s: not in the group of all hosts\n", id->dev->name);
	mc_tell_all(id, true);
}

void igmp_down(struct inet_dev *id)
{
	struct ipaddr all = ipaddr_v4(to_be32(ALL_HOSTS));

	inet_mc_dev_leave(id->dev, &all);
	mc_flush(id, true);
}

/* --- up --- */

/* An older querier: its version is spoken for a while, and what was to be told of sources is void. */
static u64 old_query(struct inet_dev *id, u8 code)
{
	struct mc_querier *q = &id->igmp;
	u64 robust = q->robustness ? q->robustness : 2, until;

	until = clock_monotonic_ns() + robust * (q->interval_ns ? q->interval_ns : QUERY_INTERVAL) + RESPONSE_MAX;
	spin_lock(&id->mc_lock);
	if (code)
		WRITE_ONCE(q->v2_until, until);
	else
		WRITE_ONCE(q->v1_until, until);
	spin_unlock(&id->mc_lock);
	return code ? code * TENTH : RESPONSE_MAX;
}

/* h: n linear bytes. */
static void query(struct inet_dev *id, const u8 *h, u32 n)
{
	struct ipaddr g = ipaddr_v4((be32_t){ 0 });
	u64 delay = max(mc_float(h[1], 4), (u64)1) * TENTH;
	u32 nr = 0;
	int v;

	memcpy(&g.w[3], h + 4, 4);
	if (n == 8) {
		delay = old_query(id, h[1]);
	} else if (n < 12) {
		return;
	} else {
		nr = (u32)h[10] << 8 | h[11];
		if (nr > (n - 12) / 4)
			return;
	}
	v = min(igmp_version(id), n == 8 ? 2 : 3);
	if (v == 1) {
		g = ipaddr_v4((be32_t){ 0 });
		delay = RESPONSE_MAX;
	}
	if (v < 3) {
		nr = 0;
	} else {
		spin_lock(&id->mc_lock);
		id->igmp.robustness = h[8] & 7;
		id->igmp.interval_ns = mc_float(h[9], 4) * NSEC_PER_SEC;
		spin_unlock(&id->mc_lock);
		if (nr && ipaddr_any(&g))
			return;
	}
	if (ipaddr_any(&g) || ipaddr_multicast(&g))
		mc_query(id, true, &g, h + 12, nr, delay);
}

static void one(struct pkt *p)
{
	struct inet_dev *id;
	struct ipaddr g = ipaddr_v4((be32_t){ 0 });

	if (p->len < 8 || !pkt_pull_ok(p, p->len) || p->dev->flags & IFF_LOOPBACK ||
	    (p->csum_state != CSUM_UNNECESSARY && csum_fold(pkt_csum(p, 0, p->len, 0)).raw))
		return;
	memcpy(&g.w[3], p->data + 4, 4);
	rcu_read_lock();
	id = dev_inet(p->dev);
	if (id && p->data[0] == QUERY)
		query(id, p->data, p->len);
	else if (id && (p->data[0] == V1_REPORT || p->data[0] == V2_REPORT) && igmp_version(id) < 3 && !ip_cb(p)->broadcast &&
		 !p->local)
		mc_heard(id, &g);	/* somebody else told of the group */
	rcu_read_unlock();
}

static void igmp_receive(struct net *net, struct pkt_list *l)
{
	struct pkt *p;

	(void)net;
	while ((p = pkt_list_pop(l)) != NULL) {
		one(p);
		pkt_free(p);
	}
}

static const struct inet_transport igmp_transport = { .proto = IPPROTO_IGMP, .receive = igmp_receive };

void igmp_msg_init(void)
{
	inet_transport_register(&igmp_transport);
}
