/* SPDX-License-Identifier: MPL-2.0 */
/* Sockets of AF_PACKET let go of a device that goes: with a card that is not there. */
#include <base/err.h>
#include <base/string.h>
#include <core/ktest.h>
#include <core/printk.h>
#include <core/slab.h>

#include "internal.h"

static void drop(struct net_device *dev, u32 queue, struct pkt_list *l)
{
	(void)dev, (void)queue;
	pkt_list_free(l);
}

static const struct netdev_ops card_ops = { .xmit = drop };

static struct net_device *card(void)
{
	struct net_device *dev = netdev_alloc(0, "ktpk", 1, 1);

	if (!dev)
		return NULL;
	netdev_setup_ether(dev);
	dev->addr[0] = 2;
	dev->ops = &card_ops;
	dev->carrier = true;
	if (netdev_register(dev)) {
		dev_put(dev);
		return NULL;
	}
	rtnl_lock();
	if (netdev_change_flags(dev, dev->flags | IFF_UP, IFF_UP))
		pr_err("ktpk: not up\n");
	rtnl_unlock();
	return dev;
}

KTEST(packet, device_goes)
{
	struct net_device *dev = card();
	struct socket *s = socket_create(AF_PACKET, SOCK_RAW, 0);
	struct packet_mreq r = { .mr_type = PACKET_MR_PROMISC };
	struct sockaddr_storage name = { 0 };
	struct sockaddr_ll *a = (struct sockaddr_ll *)&name;
	struct packet_sock *k;

	KEXPECT(dev && !IS_ERR(s));
	if (!dev || IS_ERR(s))
		return;
	k = pk(s);
	r.mr_ifindex = dev->ifindex;
	*a = (struct sockaddr_ll){ .sll_family = AF_PACKET, .sll_protocol = to_be16(ETH_P_ALL).raw, .sll_ifindex = dev->ifindex };
	KEXPECT_EQ(s->ops->bind(s, &name, sizeof(*a)), 0);
	rtnl_lock();
	KEXPECT_EQ(packet_join(k, &r), 0);
	rtnl_unlock();
	KEXPECT(k->hooked && k->dev == dev && k->members);
	/* It waits for who holds the card: forever, if a socket did. */
	netdev_unregister(dev);
	KEXPECT(!k->hooked && !k->dev && !k->members);
	KEXPECT_EQ(k->ifindex, -1);
	KEXPECT_EQ(sock_take_error(&k->c), -ENETDOWN);
	dev_put(dev);
	s->ops->release(s);
	kfree(s);
}
