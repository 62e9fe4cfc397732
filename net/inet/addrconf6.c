/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Addresses of IPv6 by themselves: loopback's. Link-local and advertised ones are to come.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/slab.h>

#include "ip6_impl.h"

void addrconf6_attach(struct inet_dev *id)
{
	id->ndisc = kzalloc(sizeof(struct ip6_dev), GFP_KERNEL);
}

void addrconf6_detach(struct inet_dev *id)
{
	kfree(id->ndisc);
	id->ndisc = NULL;
}

void addrconf6_up(struct net *net, struct inet_dev *id)
{
	struct net_ifaddr lo = { .family = AF_INET6, .prefixlen = 128, .scope = RT_SCOPE_HOST,
		.valid_lft = INFINITY_LIFE, .preferred_lft = INFINITY_LIFE };

	if (!(id->dev->flags & IFF_LOOPBACK) || id->conf6.disable_ipv6)
		return;
	lo.local = lo.peer = IP6_ADDR(0, 0, 0, 1);
	(void)inet_addr_add(net, id->dev, &lo);
}

void addrconf6_down(struct net *net, struct inet_dev *id)
{
	inet_addrs_flush(net, &id->addrs6);
}

void addrconf6_change(struct net *net, struct inet_dev *id) { (void)net, (void)id; }
void addrconf6_newaddr(struct net *net, struct inet_dev *id) { (void)net, (void)id; }
void addrconf6_removed(struct net *net, struct net_ifaddr *a) { (void)net, (void)a; }
void addrconf6_added(struct net *net, struct net_ifaddr *a) { (void)net, (void)a; }

void addrconf6_newmtu(struct net *net, struct inet_dev *id)
{
	(void)net;
	id->conf6.mtu = (int)id->dev->mtu;
}

int addrconf6_adding(struct inet_dev *id, struct net_ifaddr *a)
{
	(void)a;
	return id->conf6.disable_ipv6 ? -EACCES : 0;
}

void ndisc_send_redirect(struct net *net, struct pkt *p, const struct route *r) { (void)net, (void)p, (void)r; }
void ndisc_receive(struct net *net, struct pkt *p) { (void)net, (void)p; }
void mld_receive(struct net *net, struct pkt *p) { (void)net, (void)p; }

int ip6_net_init(struct net *net)
{
	(void)net;
	return 0;
}

int ip6_init(struct net *net)
{
	(void)net;
	ip6_output_init();
	icmp6_init();
	ip6_input_init();
	return inet6_family_enable();
}
