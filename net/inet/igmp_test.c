/* SPDX-License-Identifier: MPL-2.0 */
/* What IGMP says on the wire, with a card that is not there: changes, answers to queries of each version, wrong messages. */
#include <base/err.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/ktest.h>
#include <core/rcu.h>
#include <core/slab.h>

#include "igmp_impl.h"
#include "ip6_impl.h"

struct catch {
	spinlock_t lock;		/* class OBJECT */
	struct pkt_list out;		/* [lock] */
};

static const struct ipaddr g1 = { { { 0 }, { 0 }, { 0xffff0000u }, { 0x030201e8u } } };	/* 232.1.2.3 */

static void card_xmit(struct net_device *dev, u32 queue, struct pkt_list *l)
{
	struct catch *c = dev->priv;
	struct pkt *p;

	(void)queue;
	while ((p = pkt_list_pop(l)) != NULL) {
		bool ours = p->len >= 14 + 24 + 8 && p->data[12] == 8 && !p->data[13] && p->data[14 + 9] == IPPROTO_IGMP;

		if (!ours) {
			pkt_free(p);
			continue;
		}
		spin_lock(&c->lock);
		pkt_list_add(&c->out, p);
		spin_unlock(&c->lock);
	}
}

static const struct netdev_ops card_ops = { .xmit = card_xmit };

static struct net_device *card(void)
{
	struct net_device *dev = netdev_alloc(sizeof(struct catch), "ktig", 1, 1);
	int err;

	if (!dev)
		return NULL;
	netdev_setup_ether(dev);
	dev->addr[0] = 2;
	dev->ops = &card_ops;
	dev->carrier = true;
	spin_lock_init(&((struct catch *)dev->priv)->lock, OBJECT);
	if (netdev_register(dev)) {
		dev_put(dev);
		return NULL;
	}
	rtnl_lock();
	err = netdev_change_flags(dev, dev->flags | IFF_UP, IFF_UP);
	rtnl_unlock();
	KEXPECT_EQ(err, 0);
	return dev;
}

static struct pkt *pop(struct net_device *dev)
{
	struct catch *c = dev->priv;
	struct pkt *p;

	spin_lock(&c->lock);
	p = pkt_list_pop(&c->out);
	spin_unlock(&c->lock);
	return p;
}

/* The next message, data at its type; within 15 s. */
static struct pkt *said(struct net_device *dev)
{
	for (int i = 0; i < 1500; i++) {
		struct pkt *p = pop(dev);

		if (p && pkt_pull_ok(p, p->len)) {
			const struct ip_hdr *h = (const struct ip_hdr *)(p->data + 14);

			KEXPECT_EQ(h->ttl, 1);
			KEXPECT_EQ(h->ver_ihl, 0x46);
			KEXPECT(!csum_fold(csum_partial(h, 24, 0)).raw);
			pkt_pull(p, 14 + 24);
			KEXPECT(!csum_fold(pkt_csum(p, 0, p->len, 0)).raw);
			return p;
		}
		pkt_free(p);
		set_current_state(TASK_UNINTERRUPTIBLE);
		(void)schedule_until(clock_monotonic_ns() + 10 * NSEC_PER_MSEC);
	}
	return NULL;
}

static void quiet(struct net_device *dev, u32 ms)
{
	struct pkt *p;

	set_current_state(TASK_UNINTERRUPTIBLE);
	(void)schedule_until(clock_monotonic_ns() + ms * NSEC_PER_MSEC);
	while ((p = pop(dev)) != NULL)
		pkt_free(p);
}

/* A version 3 message with one record for g1: of that type with that many sources. */
static bool is_record(struct pkt *p, u8 type, u8 nr)
{
	return p && p->len == 16u + nr * 4u && p->data[0] == 0x22 && p->data[7] == 1 && p->data[8] == type && p->data[11] == nr &&
	       !memcmp(p->data + 12, &g1.w[3], 4);
}

static void change(struct net_device *dev, const struct mc_filter *from, const struct mc_filter *to)
{
	int err;

	rtnl_lock();
	err = inet_mc_filter(dev, &g1, from, to);
	rtnl_unlock();
	KEXPECT_EQ(err, 0);
}

static void hear(struct net_device *dev, const u8 *msg, u32 n)
{
	struct pkt *p = pkt_alloc(PKT_HEADROOM, 256, GFP_KERNEL);
	struct pkt_list l = PKT_LIST_INIT;
	struct eth_hdr *e;
	struct ip_hdr *h;
	be16_t sum;
	u8 *m;

	if (!p)
		return;
	e = (struct eth_hdr *)pkt_put(p, ETH_HLEN);
	*e = (struct eth_hdr){ .dst = { 1, 0, 0x5e, 0, 0, 1 }, .src = { 2, 2 }, .proto = to_be16(ETH_P_IP) };
	h = (struct ip_hdr *)pkt_put(p, sizeof(*h));
	*h = (struct ip_hdr){ .ver_ihl = 0x45, .tot_len = to_be16((u16)(20 + n)), .ttl = 1, .proto = IPPROTO_IGMP,
		.src = to_be32(0x0a090001), .dst = to_be32(0xe0000001) };
	h->csum = csum_fold(csum_partial(h, sizeof(*h), 0));
	m = pkt_put(p, n);
	memcpy(m, msg, n);
	if (n >= 4) {
		memset(m + 2, 0, 2);
		sum = csum_fold(csum_partial(m, n, 0));
		memcpy(m + 2, &sum, 2);
	}
	pkt_list_add(&l, p);
	netdev_receive(dev, 0, &l);
}

static const struct ipaddr a1 = { { { 0 }, { 0 }, { 0xffff0000u }, { 0x0100000au } } };
static const struct mc_filter none, all = { .member = true }, only = { .member = true, .include = true, .src = &a1, .nr = 1 };

static void version3(struct net_device *dev)
{
	static const u8 query[12] = { 0x11, 5, 0, 0, 0, 0, 0, 0, 2, 125 };
	u8 group[16] = { 0x11, 5, 0, 0, 232, 1, 2, 3, 2, 125, 0, 1, 10, 0, 0, 1 };
	struct pkt *p;

	/* A source is wanted: told twice; then everything; then nothing. */
	change(dev, &none, &only);
	for (int i = 0; i < 2; i++) {
		p = said(dev);
		KEXPECT(is_record(p, ALLOW_NEW, 1));
		pkt_free(p);
	}
	hear(dev, query, sizeof(query));
	p = said(dev);
	KEXPECT(is_record(p, MODE_IS_INCLUDE, 1));
	pkt_free(p);
	change(dev, &only, &all);
	for (int i = 0; i < 2; i++) {
		p = said(dev);
		KEXPECT(is_record(p, TO_EXCLUDE, 0));
		pkt_free(p);
	}
	hear(dev, group, sizeof(group));	/* of a source: it is heard, as all are */
	change(dev, &all, &(struct mc_filter){ .member = true, .src = &a1, .nr = 1 });
	p = said(dev);
	if (is_record(p, MODE_IS_INCLUDE, 1)) {	/* on a slow machine the answer may have come before the change */
		pkt_free(p);
		p = said(dev);
	}
	for (int i = 0; i < 2; i++) {
		KEXPECT(is_record(p, BLOCK_OLD, 1));
		pkt_free(p);
		p = i ? NULL : said(dev);
	}
	hear(dev, group, 12);	/* it claims a source that is not there; an answer would come within half a second */
	set_current_state(TASK_UNINTERRUPTIBLE);
	(void)schedule_until(clock_monotonic_ns() + 1500 * NSEC_PER_MSEC);
	p = pop(dev);
	KEXPECT(!p);
	pkt_free(p);
	group[11] = 0;
	hear(dev, group, 12);
	p = said(dev);
	KEXPECT(is_record(p, MODE_IS_EXCLUDE, 1));
	pkt_free(p);
	change(dev, &(struct mc_filter){ .member = true, .src = &a1, .nr = 1 }, &none);
	for (int i = 0; i < 2; i++) {
		p = said(dev);
		KEXPECT(is_record(p, TO_INCLUDE, 0));
		pkt_free(p);
	}
}

static void version2(struct net_device *dev)
{
	static const u8 query[8] = { 0x11, 5 };
	struct pkt *p;

	hear(dev, query, sizeof(query));
	change(dev, &none, &all);
	p = said(dev);
	KEXPECT(p && p->len == 8 && p->data[0] == 0x16 && !memcmp(p->data + 4, &g1.w[3], 4));
	pkt_free(p);
	change(dev, &all, &none);
	p = said(dev);
	if (p && p->data[0] == 0x16) {	/* on a slow machine the report may have been repeated before */
		pkt_free(p);
		p = said(dev);
	}
	KEXPECT(p && p->len == 8 && p->data[0] == 0x17 && !memcmp(p->data + 4, &g1.w[3], 4));
	pkt_free(p);
}

static void wrong(struct net_device *dev)
{
	u32 seed = 7;
	u8 b[40];

	for (u32 i = 0; i < 3000; i++) {
		for (u32 k = 0; k < sizeof(b); k++) {
			seed = seed * 1664525u + 1013904223u;
			b[k] = (u8)(seed >> 16);
		}
		b[0] = seed >> 8 & 3 ? 0x11 : 0x16;
		if (seed >> 11 & 1)
			memcpy(b + 4, &g1.w[3], 4);
		hear(dev, b, seed >> 20 & 3 ? 8 + (seed >> 24) % 32 : (seed >> 24) % 12);
	}
}

KTEST(inet, igmp)
{
	struct net_device *dev = card();

	KREQUIRE(dev);
	quiet(dev, 100);
	version3(dev);
	quiet(dev, 100);
	version2(dev);
	wrong(dev);
	netdev_unregister(dev);
	quiet(dev, 0);
	dev_put(dev);
}
