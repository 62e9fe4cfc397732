/* SPDX-License-Identifier: MPL-2.0 */
/* /proc/net/{dev,dev_mcast,ptype,softnet_stat} (proc(5)). The list is read under rtnl: a device stays while it is shown. */
#include <core/cpumask.h>
#include <core/init.h>
#include <fs/procfs.h>
#include <net/netdev.h>

static int dev_show(struct seq_file *m, void *v)
{
	struct net_device *dev;
	struct netdev_stats s;

	(void)v;
	seq_puts(m, "Inter-|   Receive                                                |  Transmit\n"
		    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls "
		    "carrier compressed\n");
	rtnl_lock();
	for_each_netdev(dev, &init_net) {
		netdev_get_stats(dev, &s);
		seq_printf(m, "%6s: %7llu %7llu %4llu %4llu %4llu %5llu %10llu %9llu %8llu %7llu %4llu %4llu %4llu %5llu %7llu "
			   "%10llu\n", dev->name, (unsigned long long)s.rx_bytes, (unsigned long long)s.rx_packets,
			   (unsigned long long)s.rx_errors, (unsigned long long)(s.rx_dropped + s.rx_missed_errors),
			   (unsigned long long)s.rx_fifo_errors,
			   (unsigned long long)(s.rx_length_errors + s.rx_over_errors + s.rx_crc_errors + s.rx_frame_errors),
			   (unsigned long long)s.rx_compressed, (unsigned long long)s.multicast,
			   (unsigned long long)s.tx_bytes, (unsigned long long)s.tx_packets,
			   (unsigned long long)s.tx_errors, (unsigned long long)s.tx_dropped,
			   (unsigned long long)s.tx_fifo_errors, (unsigned long long)s.collisions,
			   (unsigned long long)(s.tx_carrier_errors + s.tx_aborted_errors + s.tx_window_errors +
						s.tx_heartbeat_errors), (unsigned long long)s.tx_compressed);
	}
	rtnl_unlock();
	return 0;
}

static int mcast_show(struct seq_file *m, void *v)
{
	struct netdev_mcaddr *a;
	struct net_device *dev;

	(void)v;
	rtnl_lock();
	for_each_netdev(dev, &init_net) {
		spin_lock(&dev->mc_lock);
		list_for_each_entry(a, &dev->mc, link) {
			seq_printf(m, "%-4d %-15s %-5u %-5d ", dev->ifindex, dev->name, a->users, 0);
			for (u32 i = 0; i < dev->addr_len; i++)
				seq_printf(m, "%02x", a->addr[i]);
			seq_puts(m, "\n");
		}
		spin_unlock(&dev->mc_lock);
	}
	rtnl_unlock();
	return 0;
}

/* What each CPU received. Nothing is queued between driver and protocols, so the other columns are what they are. */
static int softnet_show(struct seq_file *m, void *v)
{
	int cpu;

	(void)v;
	rtnl_lock();
	for_each_online_cpu(cpu) {
		struct net_device *dev;
		u64 n = 0;

		for_each_netdev(dev, &init_net)
			n += READ_ONCE(percpu_ptr(dev->stats, cpu)->rx_packets);
		seq_printf(m, "%08x", (u32)n);
		for (int i = 0; i < 11; i++)
			seq_puts(m, " 00000000");
		seq_printf(m, " %08x\n", (u32)cpu);
	}
	rtnl_unlock();
	return 0;
}

static int netdev_proc_init(void)
{
	int err = proc_create("net/dev", 0444, dev_show, NULL);

	err = err ? err : proc_create("net/ptype", 0444, net_ptype_show, NULL);
	err = err ? err : proc_create("net/softnet_stat", 0444, softnet_show, NULL);
	return err ? err : proc_create("net/dev_mcast", 0444, mcast_show, NULL);
}
INITCALL_DRIVER(netdev_proc_init);
