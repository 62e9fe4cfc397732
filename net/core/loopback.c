/* SPDX-License-Identifier: MPL-2.0 */
/*
 * lo: what is sent is received by the thread that sends it. The queue's runner (xmit.c) is the only one that
 * calls lo_xmit for that queue, so replies which the protocols send from in here are queued behind and not nested.
 */
#include <base/err.h>
#include <base/string.h>
#include <core/init.h>
#include <net/netdev.h>

#define LO_QUEUES	64
#define LO_MTU		65536

#define LO_FEATURES	(NETIF_CSUM | NETIF_SG | NETIF_TSO4 | NETIF_TSO6 | NETIF_UFO_L4)

/* Sent becomes received. */
static inline void turn(struct pkt *p)
{
	pkt_orphan(p);
	p->local = true;
	p->tstamp = 0;
}

/*
 * The short way: what the queue, the link header's reading and the search for its protocol would do to a packet that nobody
 * else may see.
 */
bool loopback_pass(struct net_device *dev, struct pkt *p)
{
	u32 bytes = p->len;
	struct eth_hdr *h = (struct eth_hdr *)(p->data - ETH_HLEN);

	if (!netdev_running(dev) || net_taps_active(dev) || (READ_ONCE(dev->features) & LO_FEATURES) != LO_FEATURES ||
	    p->data - p->head < ETH_HLEN)
		return false;
	memcpy(h->dst, dev->addr, ETH_ALEN);
	memcpy(h->src, dev->addr, ETH_ALEN);
	h->proto = p->protocol;
	p->dev = dev;
	p->mac_off = (u16)(p->data - p->head - ETH_HLEN);
	p->mac_len = ETH_HLEN;
	p->type = PKT_HOST;
	DEV_STAT_ADD(dev, tx_packets, 1);
	DEV_STAT_ADD(dev, tx_bytes, bytes);
	DEV_STAT_ADD(dev, rx_packets, 1);
	DEV_STAT_ADD(dev, rx_bytes, bytes);
	turn(p);
	return true;
}

static void lo_xmit(struct net_device *dev, u32 queue, struct pkt_list *batch)
{
	for (struct pkt *p = batch->first; p; p = p->next)
		turn(p);
	netdev_receive(dev, queue, batch);
}

static const struct netdev_ops lo_ops = { .xmit = lo_xmit };

static int loopback_init(void)
{
	struct net_device *dev = netdev_alloc(0, "lo", LO_QUEUES, LO_QUEUES);
	int err;

	if (!dev)
		return -ENOMEM;
	dev->type = ARPHRD_LOOPBACK;
	dev->addr_len = ETH_ALEN;
	dev->hard_header_len = ETH_HLEN;
	dev->unseen_len = ETH_HLEN;
	dev->flags = IFF_LOOPBACK;
	dev->mtu = LO_MTU;
	dev->min_mtu = 0;
	dev->max_mtu = 0;
	dev->no_queue = true;
	dev->features = LO_FEATURES | NETIF_TSO_ECN | NETIF_RXCSUM;
	dev->hw_features = NETIF_SG | NETIF_TSO4 | NETIF_TSO6 | NETIF_TSO_ECN | NETIF_UFO_L4;
	dev->carrier = true;
	dev->ops = &lo_ops;
	err = netdev_register(dev);
	if (err) {
		dev_put(dev);
		return err;
	}
	init_net.lo = dev;
	return 0;
}
INITCALL_BUS(loopback_init);
