/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Receive: from a driver's batch to protocols; taps. Runs in the driver's thread for the queue. The link header is read
 * here (Ethernet and loopback have the same), runs of packets of one protocol are handed over together.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/init.h>
#include <core/rcu.h>
#include <core/spinlock.h>
#include <fs/seq_file.h>

#include "internal_dev.h"

#define PROTO_MAX	8

static const struct net_proto *protos[PROTO_MAX];	/* [a] set once */
static DEFINE_SPINLOCK(tap_lock, OBJECT);
static LIST_HEAD(taps_all);				/* [tap_lock; r] */
static atomic_t nr_taps;

int net_proto_register(const struct net_proto *p)
{
	for (int i = 0; i < PROTO_MAX; i++)
		if (!cmpxchg(&protos[i], NULL, p))
			return 0;
	return -ENOSPC;
}

static const struct net_proto *proto_find(u16 ethertype)
{
	for (int i = 0; i < PROTO_MAX; i++) {
		const struct net_proto *p = READ_ONCE(protos[i]);

		if (!p)
			break;
		if (p->ethertype == ethertype)
			return p;
	}
	return NULL;
}

/* --- taps --- */

void pkt_tap_add(struct pkt_tap *t)
{
	spin_lock(&tap_lock);
	list_add_tail(&t->link, t->dev ? &t->dev->taps : &taps_all);
	atomic_inc(&nr_taps);
	spin_unlock(&tap_lock);
}

void pkt_tap_del(struct pkt_tap *t)
{
	spin_lock(&tap_lock);
	list_del_rcu(&t->link);
	atomic_dec(&nr_taps);
	spin_unlock(&tap_lock);
	synchronize_rcu();
}

bool net_taps_active(const struct net_device *dev)
{
	return atomic_read(&nr_taps) && (!list_empty(&taps_all) || !list_empty(&dev->taps));
}

static void tap_one(struct pkt_tap *t, struct net_device *dev, struct pkt *p, bool out)
{
	struct pkt *c;

	if (out ? t->ethertype != ETH_P_ALL : t->ethertype != ETH_P_ALL && t->ethertype != be16(p->protocol))
		return;
	if ((t->ignore && t->ignore == p->sk) || (t->want && !t->want(t, dev, p)))
		return;
	c = pkt_clone(p, GFP_ATOMIC);
	if (!c)
		return;
	c->dev = dev;
	if (!out) {	/* data goes back to the link header */
		u32 back = (u32)(c->data - c->head) - c->mac_off;

		c->data -= back;
		c->len += back;
	} else {
		c->type = PKT_OUTGOING;
		c->net_off = (u16)(c->mac_off + c->mac_len);
	}
	if (out && !c->tstamp)
		c->tstamp = (s64)clock_realtime_ns();
	t->fn(t, dev, c);
}

static void taps_run(struct net_device *dev, struct pkt *p, bool out)
{
	struct pkt_tap *t;

	rcu_read_lock();
	list_for_each_entry_rcu(t, &taps_all, link)
		tap_one(t, dev, p, out);
	list_for_each_entry_rcu(t, &dev->taps, link)
		tap_one(t, dev, p, out);
	rcu_read_unlock();
}

void net_taps_receive(struct net_device *dev, struct pkt *p)
{
	taps_run(dev, p, false);
}

void net_taps_transmit(struct net_device *dev, struct pkt *p)
{
	taps_run(dev, p, true);
}

/* /proc/net/ptype: who receives which protocol. */
static void tap_show(struct seq_file *m, const struct pkt_tap *t)
{
	if (t->ethertype == ETH_P_ALL)
		seq_puts(m, "ALL ");
	else
		seq_printf(m, "%04x", t->ethertype);
	seq_printf(m, " %-8s %ps\n", t->dev ? t->dev->name : "", (void *)t->fn);
}

int net_ptype_show(struct seq_file *m, void *v)
{
	struct net_device *dev;
	struct pkt_tap *t;

	(void)v;
	seq_puts(m, "Type Device      Function\n");
	rcu_read_lock();
	list_for_each_entry_rcu(t, &taps_all, link)
		tap_show(m, t);
	for_each_netdev_rcu(dev, &init_net)
		list_for_each_entry_rcu(t, &dev->taps, link)
			tap_show(m, t);
	rcu_read_unlock();
	for (int i = 0; i < PROTO_MAX && READ_ONCE(protos[i]); i++)
		seq_printf(m, "%04x %-8s %ps\n", protos[i]->ethertype, "", (void *)protos[i]->receive);
	return 0;
}

/* --- receive --- */

/* Read the link header; false: too short. */
static bool link_header(struct net_device *dev, struct pkt *p)
{
	struct eth_hdr *h;

	p->dev = dev;
	pkt_set_mac(p);
	if (!dev->hard_header_len) {
		p->mac_len = 0;
		pkt_set_net(p);
		return true;
	}
	if (!pkt_pull_ok(p, ETH_HLEN))
		return false;
	h = (struct eth_hdr *)p->data;
	p->mac_len = ETH_HLEN;
	p->protocol = be16(h->proto) >= ETH_P_802_3_MIN ? h->proto : to_be16(ETH_P_802_2);
	if (h->dst[0] & 1)
		p->type = memcmp(h->dst, dev->broadcast, ETH_ALEN) ? PKT_MULTICAST : PKT_BROADCAST;
	else
		p->type = memcmp(h->dst, dev->addr, ETH_ALEN) ? PKT_OTHERHOST : PKT_HOST;
	pkt_pull(p, ETH_HLEN);
	pkt_set_net(p);
	return true;
}

static void hand_over(struct net_device *dev, const struct net_proto *proto, struct pkt_list *run)
{
	if (pkt_list_empty(run))
		return;
	if (proto) {
		if (run->n > 1 && dev->features & NETIF_GRO && (proto->ethertype == ETH_P_IP || proto->ethertype == ETH_P_IPV6))
			net_gro(run);
		proto->receive(dev, run);
	} else {
		DEV_STAT_ADD(dev, rx_nohandler, run->n);
		pkt_list_free(run);
	}
	pkt_list_init(run);
}

void netdev_receive(struct net_device *dev, u32 queue, struct pkt_list *batch)
{
	const struct net_proto *proto = NULL;
	struct pkt_list run = PKT_LIST_INIT;
	u64 bytes = 0, packets = 0, multicast = 0;
	be16_t last = { 0 };
	struct pkt *p;

	if (!netdev_running(dev)) {
		DEV_STAT_ADD(dev, rx_dropped, batch->n);
		pkt_list_free(batch);
		return;
	}
	while ((p = pkt_list_pop(batch)) != NULL) {
		bytes += p->len - min(p->len, (u32)dev->unseen_len);
		packets++;
		p->queue = (u16)queue;
		if (!link_header(dev, p)) {
			DEV_STAT_ADD(dev, rx_length_errors, 1);
			DEV_STAT_ADD(dev, rx_errors, 1);
			pkt_free(p);
			continue;
		}
		if (p->type == PKT_MULTICAST)
			multicast++;
		if (net_taps_active(dev))
			net_taps_receive(dev, p);
		if (p->type == PKT_OTHERHOST) {	/* promiscuous: taps only */
			pkt_free(p);
			continue;
		}
		if (p->protocol.raw != last.raw) {
			hand_over(dev, proto, &run);
			last = p->protocol;
			proto = proto_find(be16(last));
		}
		pkt_list_add(&run, p);
	}
	hand_over(dev, proto, &run);
	DEV_STAT_ADD(dev, rx_packets, packets);
	DEV_STAT_ADD(dev, rx_bytes, bytes);
	if (multicast)
		DEV_STAT_ADD(dev, multicast, multicast);
}
