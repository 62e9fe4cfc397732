/* SPDX-License-Identifier: MPL-2.0 */
/* /proc/net/{if_inet6,ipv6_route}: addresses and routes of IPv6 as Linux prints them. */
#include <core/init.h>
#include <core/rcu.h>
#include <fs/procfs.h>

#include "route_impl.h"

#define RTF_UP		0x1u
#define RTF_GATEWAY	0x2u
#define RTF_REJECT	0x200u
#define RTF_EXPIRES	0x400000u
#define RTF_NONEXTHOP	0x200000u
#define RTF_LOCAL	0x80000000u

/* --- addresses --- */

static void hex(struct seq_file *m, const struct ipaddr *a)
{
	seq_printf(m, "%08x%08x%08x%08x", be32(a->w[0]), be32(a->w[1]), be32(a->w[2]), be32(a->w[3]));
}

/* The numbers that this file has for scopes. */
static u32 scope_number(u8 scope)
{
	return scope == RT_SCOPE_HOST ? 0x10 : scope == RT_SCOPE_LINK ? 0x20 : scope == RT_SCOPE_SITE ? 0x40 : 0;
}

static int addrs_show(struct seq_file *m, void *v)
{
	struct net_device *dev;
	struct net_ifaddr *a;

	(void)v;
	rtnl_lock();
	for_each_netdev(dev, &init_net) {
		struct inet_dev *id = dev_inet(dev);

		if (!id)
			continue;
		list_for_each_entry(a, &id->addrs6, link) {
			hex(m, &a->local);
			seq_printf(m, " %02x %02x %02x %02x %8s\n", (u32)dev->ifindex, a->prefixlen, scope_number(a->scope),
				   a->flags & 0xff, dev->name);
		}
	}
	rtnl_unlock();
	return 0;
}

/* --- routes --- */

static int route_row(struct fib_route *r, void *arg)
{
	const struct fib_nh *nh = r->nr_nh ? &r->nh[0] : NULL;
	struct ipaddr none = { 0 };
	struct seq_file *m = arg;
	u32 flags = RTF_UP;

	if (nh && nh->has_gw)
		flags |= RTF_GATEWAY;
	if (r->expires_ns)
		flags |= RTF_EXPIRES;
	if (r->type == RTN_LOCAL || r->type == RTN_ANYCAST)
		flags |= RTF_NONEXTHOP | (r->type == RTN_LOCAL ? RTF_LOCAL : 0);
	else if (r->type != RTN_UNICAST && r->type != RTN_MULTICAST)
		flags |= RTF_REJECT;
	hex(m, &r->dst);
	seq_printf(m, " %02x ", r->dst_len);
	hex(m, &none);
	seq_puts(m, " 00 ");
	hex(m, nh && nh->has_gw ? &nh->gw : &none);
	seq_printf(m, " %08x %08x %08x %08x %8s\n", r->priority, 1u, 0u, flags, nh && nh->dev ? nh->dev->name : "lo");
	return 0;
}

static int route_show(struct seq_file *m, void *v)
{
	(void)v;
	rtnl_lock();
	(void)fib_walk(&init_net, AF_INET6, 0, route_row, m);
	rtnl_unlock();
	return 0;
}

static int inet_proc6_init(void)
{
	static const struct { const char *path; int (*show)(struct seq_file *m, void *v); } files[] = {
		{ "net/if_inet6", addrs_show }, { "net/ipv6_route", route_show },
	};
	int err = 0;

	for (u32 i = 0; i < ARRAY_SIZE(files) && !err; i++)
		err = proc_create(files[i].path, 0444, files[i].show, NULL);
	return err;
}
INITCALL_DRIVER(inet_proc6_init);
