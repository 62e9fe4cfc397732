/* SPDX-License-Identifier: MPL-2.0 */
/* /proc/net/{igmp,igmp6,mcfilter,mcfilter6}: groups and their sources as Linux prints them. */
#include <base/string.h>
#include <core/clock.h>
#include <core/init.h>
#include <core/rcu.h>
#include <fs/procfs.h>
#include <net/netdev.h>

#include "igmp_impl.h"
#include "ip6_impl.h"

#define TICK_NS	(NSEC_PER_SEC / 100)

/* IPv6's flags of a group. */
#define TIMER_RUNNING	0x01u
#define LAST_REPORTER	0x02u
#define LOADED		0x04u

static void hex(struct seq_file *m, const struct ipaddr *a)
{
	seq_printf(m, "%08x%08x%08x%08x", be32(a->w[0]), be32(a->w[1]), be32(a->w[2]), be32(a->w[3]));
}

/* Ticks until something of the group is told; *running: is that so? */
static u64 left(const struct ip_mc_dev *g, bool old, bool *running)
{
	u64 at = READ_ONCE(g->query_ns), now = clock_monotonic_ns();

	if (!at && old)
		at = READ_ONCE(g->report_ns);
	*running = at != 0;
	return at > now ? (at - now) / TICK_NS : 0;
}

/* fn for each device, in an RCU section. */
static void each_dev(struct seq_file *m, void (*fn)(struct seq_file *m, struct net_device *dev, struct inet_dev *id))
{
	struct net_device *dev;

	rtnl_lock();
	rcu_read_lock();
	for_each_netdev(dev, &init_net)
		if (dev_inet(dev))
			fn(m, dev, dev_inet(dev));
	rcu_read_unlock();
	rtnl_unlock();
}

static void igmp_of(struct seq_file *m, struct net_device *dev, struct inet_dev *id)
{
	static const char *const names[] = { "NONE", "V1", "V2", "V3" };
	int v = igmp_version(id);
	struct ip_mc_dev *g;
	bool running;
	u32 n = 0;

	list_for_each_entry_rcu(g, &id->mc4, link)
		n++;
	if (n)
		seq_printf(m, "%d\t%-10s: %5u %7s\n", dev->ifindex, dev->name, n, names[v > 3 ? 3 : v]);
	list_for_each_entry_rcu(g, &id->mc4, link) {
		u64 ticks = left(g, v < 3, &running);

		seq_printf(m, "\t\t\t\t%08X %5u %d:%08llX\t\t%d\n", g->group.w[3].raw, READ_ONCE(g->users), running,
			   (unsigned long long)ticks, READ_ONCE(g->reporter));
	}
}

static int igmp_show(struct seq_file *m, void *v)
{
	(void)v;
	seq_puts(m, "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n");
	each_dev(m, igmp_of);
	return 0;
}

static void igmp6_of(struct seq_file *m, struct net_device *dev, struct inet_dev *id)
{
	bool old = clock_monotonic_ns() < READ_ONCE(id->mld.v1_until), running;
	struct ip_mc_dev *g;

	list_for_each_entry_rcu(g, &id->mc6, link) {
		u64 ticks = left(g, old, &running);

		seq_printf(m, "%-4d %-15s ", dev->ifindex, dev->name);
		hex(m, &g->group);
		seq_printf(m, " %5u %08X %llu\n", READ_ONCE(g->users),
			   LOADED | (running ? TIMER_RUNNING : 0) | (READ_ONCE(g->reporter) ? LAST_REPORTER : 0),
			   (unsigned long long)ticks);
	}
}

static int igmp6_show(struct seq_file *m, void *v)
{
	(void)v;
	each_dev(m, igmp6_of);
	return 0;
}

static void filter_of(struct seq_file *m, struct net_device *dev, struct inet_dev *id)
{
	struct ip_mc_src *s;
	struct ip_mc_dev *g;

	list_for_each_entry_rcu(g, &id->mc4, link)
		list_for_each_entry_rcu(s, &g->srcs, link)
			seq_printf(m, "%3d %6.6s 0x%08x 0x%08x %6u %6u\n", dev->ifindex, dev->name, be32(g->group.w[3]),
				   be32(s->addr.w[3]), READ_ONCE(s->count[MC_INCLUDE]), READ_ONCE(s->count[MC_EXCLUDE]));
}

static int filter_show(struct seq_file *m, void *v)
{
	(void)v;
	seq_puts(m, "Idx Device        MCA        SRC    INC    EXC\n");
	each_dev(m, filter_of);
	return 0;
}

static void filter6_of(struct seq_file *m, struct net_device *dev, struct inet_dev *id)
{
	struct ip_mc_src *s;
	struct ip_mc_dev *g;

	list_for_each_entry_rcu(g, &id->mc6, link)
		list_for_each_entry_rcu(s, &g->srcs, link) {
			seq_printf(m, "%3d %6.6s ", dev->ifindex, dev->name);
			hex(m, &g->group);
			seq_putc(m, ' ');
			hex(m, &s->addr);
			seq_printf(m, " %6u %6u\n", READ_ONCE(s->count[MC_INCLUDE]), READ_ONCE(s->count[MC_EXCLUDE]));
		}
}

static int filter6_show(struct seq_file *m, void *v)
{
	(void)v;
	seq_puts(m, "Idx Device                Multicast Address                   Source Address    INC    EXC\n");
	each_dev(m, filter6_of);
	return 0;
}

static int mc_proc_init(void)
{
	static const struct { const char *path; int (*show)(struct seq_file *m, void *v); } files[] = {
		{ "net/igmp", igmp_show }, { "net/igmp6", igmp6_show }, { "net/mcfilter", filter_show },
		{ "net/mcfilter6", filter6_show },
	};
	int err = 0;

	for (u32 i = 0; i < ARRAY_SIZE(files) && !err; i++)
		err = proc_create(files[i].path, 0444, files[i].show, NULL);
	return err;
}
INITCALL_DRIVER(mc_proc_init);
