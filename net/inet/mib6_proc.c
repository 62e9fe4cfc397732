/* SPDX-License-Identifier: MPL-2.0 */
/*
 * /proc/net/dev_snmp6/DEV and what of ICMPv6's types /proc/net/snmp6 shows. A device's file comes, goes and changes its
 * name with it.
 */
#include <base/printf.h>
#include <base/string.h>
#include <core/cpumask.h>
#include <core/init.h>
#include <core/slab.h>
#include <fs/procfs.h>

#include "ip6_impl.h"

static const struct { u16 item; const char *name; } items[] = {
#define MIB(id, group, name)	{ MIB_##id, name },
#include <net/mib.def>
#undef MIB
};

/* Those that are always shown. */
static const struct { u8 type; const char *name; } named[] = {
	{ 1, "DestUnreachs" }, { 2, "PktTooBigs" }, { 3, "TimeExcds" }, { 4, "ParmProblems" }, { 128, "Echos" },
	{ 129, "EchoReplies" },
	{ 130, "GroupMembQueries" }, { 131, "GroupMembResponses" }, { 132, "GroupMembReductions" }, { 133, "RouterSolicits" },
	{ 134, "RouterAdvertisements" }, { 135, "NeighborSolicits" }, { 136, "NeighborAdvertisements" }, { 137, "Redirects" },
	{ 143, "MLDv2Reports" },
};

static void line(struct seq_file *m, const char *name, u64 v) { seq_printf(m, "%-32s\t%llu\n", name, (unsigned long long)v); }

void mib6_show_types(struct seq_file *m, const struct inet_dev *id)
{
	char name[48];

	for (u32 out = 0; out < 512; out += 256) {
		for (u32 i = 0; i < ARRAY_SIZE(named); i++) {
			scnprintf(name, sizeof(name), "Icmp6%s%s", out ? "Out" : "In", named[i].name);
			line(m, name, mib6_type_count(id, out + named[i].type));
		}
	}
	/* By number what there was. */
	for (u32 i = 0; i < 512; i++) {
		u64 n = mib6_type_count(id, i);

		if (!n)
			continue;
		scnprintf(name, sizeof(name), "Icmp6%sType%u", i & 256 ? "Out" : "In", i & 255);
		line(m, name, n);
	}
}

static int dev_show(struct seq_file *m, void *v)
{
	struct net_device *dev = netdev_get_by_index(&init_net, (int)(long)v);
	struct inet_dev *id;

	if (!dev)
		return 0;
	line(m, "ifIndex", (u64)dev->ifindex);
	rtnl_lock();		/* it does not go meanwhile */
	id = dev_inet(dev);
	for (u32 i = 0; id && i < ARRAY_SIZE(items); i++) {
		u64 n = 0;
		int cpu;

		if (items[i].item < MIB6_FIRST || items[i].item >= MIB6_FIRST + MIB6_COUNT)
			continue;
		for_each_possible_cpu(cpu)
			n += READ_ONCE(id->mib6[cpu].v[items[i].item - MIB6_FIRST]);
		line(m, items[i].name, n);
	}
	if (id)
		mib6_show_types(m, id);
	rtnl_unlock();
	dev_put(dev);
	return 0;
}

/* --- the files --- */

struct dev_file {
	struct list_head link;		/* [rtnl] */
	int ifindex;
	char name[IFNAMSIZ];		/* [rtnl] */
};

static LIST_HEAD(files);		/* [rtnl] */

static void file_make(struct dev_file *f, struct net_device *dev)
{
	char path[64];

	netdev_name(dev, f->name);
	scnprintf(path, sizeof(path), "net/dev_snmp6/%s", f->name);
	(void)proc_create(path, 0444, dev_show, (void *)(long)f->ifindex);
}

static void file_remove(const struct dev_file *f)
{
	char path[64];

	scnprintf(path, sizeof(path), "net/dev_snmp6/%s", f->name);
	proc_remove(path);
}

static void dev_event(struct net_notifier *n, struct net *net, enum net_event ev, void *object)
{
	struct net_device *dev = object;
	struct dev_file *f, *next;

	(void)n, (void)net;
	if (ev == NETDEV_REGISTER) {
		f = kzalloc(sizeof(*f), GFP_KERNEL);
		if (!f)
			return;
		f->ifindex = dev->ifindex;
		list_add_tail(&f->link, &files);
		file_make(f, dev);
	}
	if (ev != NETDEV_UNREGISTER && ev != NETDEV_CHANGENAME)
		return;
	list_for_each_entry_safe(f, next, &files, link) {
		if (f->ifindex != dev->ifindex)
			continue;
		file_remove(f);
		if (ev == NETDEV_CHANGENAME) {
			file_make(f, dev);
			continue;
		}
		list_del(&f->link);
		kfree(f);
	}
}

static struct net_notifier dev_notifier = { .fn = dev_event };

static int mib6_files_init(void)
{
	struct net_device *dev;
	int err = proc_mkdir("net/dev_snmp6");

	if (err)
		return err;
	rtnl_lock();
	net_notifier_register(&dev_notifier);
	for_each_netdev(dev, &init_net)
		dev_event(&dev_notifier, &init_net, NETDEV_REGISTER, dev);
	rtnl_unlock();
	return 0;
}
INITCALL_DRIVER(mib6_files_init);
