/* SPDX-License-Identifier: MPL-2.0 */
/*
 * PACKET_ADD_MEMBERSHIP and its opposite: link addresses, promiscuous and all-multicast modes that a socket of AF_PACKET asks
 * devices for. All under rtnl. A membership holds its device until the socket leaves, closes, or the device goes.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/slab.h>

#include "internal.h"

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

int packet_join(struct packet_sock *k, const struct packet_mreq *r)
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

void packet_leave(struct packet_sock *k, const struct net_device *dev)
{
	struct membership **p = &k->members;

	while (*p) {
		if (!dev || (*p)->dev == dev)
			leave(p);
		else
			p = &(*p)->next;
	}
}

int packet_change_member(struct packet_sock *k, bool add, uaddr_t val, int len)
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
		err = packet_join(k, &r);
	else if (*p && --(*p)->users == 0)
		leave(p);
	rtnl_unlock();
	return err;	/* leaving what one never joined is no error, as on Linux */
}
