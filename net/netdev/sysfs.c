/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Network devices in sysfs: /sys/class/net/NAME, below the card's own directory or in devices/virtual/net. Source:
 * Documentation/ABI/testing/sysfs-class-net*.
 *
 * The directory comes and goes with the device's registration, under rtnl; removal waits for readers and
 * writers, so those may not wait for rtnl: lock_device().
 */
#include <base/err.h>
#include <base/parse.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/init.h>
#include <core/slab.h>
#include <drivers/device.h>
#include <fs/kernfs.h>
#include <kernel/cred.h>
#include <kernel/sched.h>
#include <kernel/signal.h>
#include <net/netdev.h>

/* In the order of struct netdev_stats. */
static const char *const stat_names[] = {
	"rx_packets", "tx_packets", "rx_bytes", "tx_bytes", "rx_errors", "tx_errors", "rx_dropped", "tx_dropped", "multicast",
	"collisions", "rx_length_errors", "rx_over_errors", "rx_crc_errors", "rx_frame_errors", "rx_fifo_errors",
	"rx_missed_errors", "tx_aborted_errors", "tx_carrier_errors", "tx_fifo_errors", "tx_heartbeat_errors",
	"tx_window_errors", "rx_compressed", "tx_compressed", "rx_nohandler",
};
static_assert(sizeof(struct netdev_stats) == sizeof(u64) * ARRAY_SIZE(stat_names), "a name for each");

struct stat_priv {
	struct net_device *nd;		/* [I] the node goes before it */
	u32 index;			/* [I] */
};

struct class_dev {
	struct device dev;
	struct stat_priv stats[ARRAY_SIZE(stat_names)];	/* [I] */
};

static struct net_device *to_nd(struct device *d) { return d->private; }

/* --- reading --- */

static ssize_t show_hex(const u8 *a, u32 n, char *buf, size_t size)
{
	int len = 0;

	for (u32 i = 0; i < n; i++)
		len += scnprintf(buf + len, size - (size_t)len, "%s%02x", i ? ":" : "", a[i]);
	return len + scnprintf(buf + len, size - (size_t)len, "\n");
}

static ssize_t address_show(struct device *d, char *buf, size_t n) { return show_hex(to_nd(d)->addr, to_nd(d)->addr_len, buf, n); }
static ssize_t broadcast_show(struct device *d, char *buf, size_t n)
{
	return show_hex(to_nd(d)->broadcast, to_nd(d)->addr_len, buf, n);
}

#define SHOW(name, fmt, value) \
	static ssize_t name##_show(struct device *d, char *buf, size_t n) \
	{ \
		const struct net_device *nd = to_nd(d); \
		\
		(void)nd; \
		return scnprintf(buf, n, fmt "\n", value); \
	}
SHOW(addr_assign_type, "%u", nd->addr_assign_type)
SHOW(addr_len, "%u", nd->addr_len)
SHOW(carrier_changes, "%u", READ_ONCE(nd->carrier_changes))
SHOW(carrier_up_count, "%u", (READ_ONCE(nd->carrier_changes) + READ_ONCE(nd->carrier)) / 2)
SHOW(carrier_down_count, "%u", (READ_ONCE(nd->carrier_changes) + !READ_ONCE(nd->carrier)) / 2)
SHOW(dev_id, "0x%x", 0)
SHOW(dev_port, "%d", 0)
SHOW(flags, "0x%x", READ_ONCE(nd->flags))
SHOW(ifindex, "%d", nd->ifindex)
SHOW(iflink, "%d", nd->ifindex)
SHOW(link_mode, "%d", 0)
SHOW(mtu, "%u", READ_ONCE(nd->mtu))
SHOW(netdev_group, "%d", 0)
SHOW(tx_queue_len, "%u", READ_ONCE(nd->txqueuelen))
SHOW(type, "%u", nd->type)

/* What only a device that is up can tell. */
#define SHOW_UP(name, fmt, value) \
	static ssize_t name##_show(struct device *d, char *buf, size_t n) \
	{ \
		const struct net_device *nd = to_nd(d); \
		\
		return netdev_running(nd) ? scnprintf(buf, n, fmt "\n", value) : -EINVAL; \
	}
SHOW_UP(carrier, "%d", READ_ONCE(nd->carrier))
SHOW_UP(dormant, "%d", 0)
SHOW_UP(testing, "%d", 0)

static ssize_t name_assign_type_show(struct device *d, char *buf, size_t n)
{
	(void)d;
	return scnprintf(buf, n, "%d\n", 1);	/* NET_NAME_ENUM: counted by the kernel */
}

static ssize_t operstate_show(struct device *d, char *buf, size_t n)
{
	static const char *const names[] = { "unknown", "notpresent", "down", "lowerlayerdown", "testing", "dormant", "up" };
	u8 state = netdev_operstate(to_nd(d));

	return scnprintf(buf, n, "%s\n", names[state < ARRAY_SIZE(names) ? state : 0]);
}

static int link_settings(struct net_device *nd, u32 *mbit, u8 *duplex)
{
	if (!netdev_running(nd) || !nd->ethtool || !nd->ethtool->get_speed)
		return -EINVAL;
	return nd->ethtool->get_speed(nd, mbit, duplex);
}

static ssize_t speed_show(struct device *d, char *buf, size_t n)
{
	u32 mbit;
	u8 duplex;
	int err = link_settings(to_nd(d), &mbit, &duplex);

	return err ? err : scnprintf(buf, n, "%d\n", (int)mbit);
}

static ssize_t duplex_show(struct device *d, char *buf, size_t n)
{
	u32 mbit;
	u8 duplex;
	int err = link_settings(to_nd(d), &mbit, &duplex);

	return err ? err : scnprintf(buf, n, "%s\n", duplex == 0 ? "half" : duplex == 1 ? "full" : "unknown");
}

/* --- writing --- */

/* rtnl, unless the device goes meanwhile: whoever removes it holds rtnl and waits for us. */
static int lock_device(struct net_device *nd)
{
	while (!rtnl_trylock()) {
		if (!READ_ONCE(nd->registered))
			return -ENODEV;
		if (signal_pending())
			return -EINTR;
		schedule_until(clock_monotonic_ns() + NSEC_PER_MSEC);
	}
	if (nd->registered)
		return 0;
	rtnl_unlock();
	return -ENODEV;
}

static ssize_t store_number(struct device *d, const char *buf, size_t n, int (*set)(struct net_device *nd, u32 value))
{
	char *end;
	u64 v = simple_strtoull(buf, &end, 0);
	int err;

	if (!capable(CAP_NET_ADMIN))
		return -EPERM;
	if (end == buf || (*end && *end != '\n') || v > ~0u)
		return -EINVAL;
	err = lock_device(to_nd(d));
	if (err)
		return err;
	err = set(to_nd(d), (u32)v);
	rtnl_unlock();
	return err ? err : (ssize_t)n;
}

static int set_flags(struct net_device *nd, u32 v) { return netdev_change_flags(nd, v, ~0u); }
static int set_txqlen(struct net_device *nd, u32 v)
{
	if (v > 0x7fffffff)
		return -ERANGE;
	WRITE_ONCE(nd->txqueuelen, v);
	return 0;
}

static ssize_t mtu_store(struct device *d, const char *buf, size_t n) { return store_number(d, buf, n, netdev_set_mtu); }
static ssize_t flags_store(struct device *d, const char *buf, size_t n) { return store_number(d, buf, n, set_flags); }
static ssize_t tx_queue_len_store(struct device *d, const char *buf, size_t n) { return store_number(d, buf, n, set_txqlen); }

#define RO(name)	{ #name, 0444, name##_show, NULL }
static const struct dev_attr net_attrs[] = {
	RO(addr_assign_type), RO(address), RO(addr_len), RO(broadcast), RO(carrier), RO(carrier_changes), RO(carrier_down_count),
	RO(carrier_up_count), RO(dev_id), RO(dev_port), RO(dormant), RO(duplex), { "flags", 0644, flags_show, flags_store },
	RO(ifindex), RO(iflink), RO(link_mode), { "mtu", 0644, mtu_show, mtu_store }, RO(name_assign_type), RO(netdev_group),
	RO(operstate), RO(speed), RO(testing), { "tx_queue_len", 0644, tx_queue_len_show, tx_queue_len_store }, RO(type),
	{ NULL, 0, NULL, NULL },
};

/* --- statistics/ --- */

static int stat_show(struct seq_file *m, void *priv)
{
	const struct stat_priv *p = priv;
	struct netdev_stats s;

	netdev_get_stats(p->nd, &s);
	seq_printf(m, "%llu\n", (unsigned long long)((const u64 *)&s)[p->index]);
	return 0;
}

static const struct kernfs_ops stat_ops = { .show = stat_show };

static void make_statistics(struct class_dev *c, struct net_device *nd)
{
	struct kernfs_node *dir = kernfs_mkdir(c->dev.node, "statistics", 0755, NULL);

	if (IS_ERR(dir))
		return;
	for (u32 i = 0; i < ARRAY_SIZE(stat_names); i++) {
		c->stats[i] = (struct stat_priv){ nd, i };
		(void)kernfs_create_file(dir, stat_names[i], 0444, PAGE_SIZE, &stat_ops, &c->stats[i]);
	}
}

/* --- life: all under rtnl --- */

static int net_uevent(struct device *d, char *buf, size_t n)
{
	return scnprintf(buf, n, "INTERFACE=%s\nIFINDEX=%d\n", d->name, to_nd(d)->ifindex);
}

static void class_release(struct device *d)
{
	kfree(container_of(d, struct class_dev, dev));
}

static void class_add(struct net_device *nd)
{
	struct class_dev *c = kzalloc(sizeof(*c), GFP_KERNEL);

	if (!c)
		return;
	ref_init(&c->dev.ref, 1);
	strscpy(c->dev.name, nd->name, sizeof(c->dev.name));
	c->dev.class_name = "net";
	c->dev.parent = nd->parent;
	c->dev.attrs = net_attrs;
	c->dev.uevent = net_uevent;
	c->dev.release = class_release;
	c->dev.private = nd;
	if (device_register(&c->dev)) {
		kfree(c);
		return;
	}
	nd->class_dev = &c->dev;
	make_statistics(c, nd);
	if (nd->parent)
		(void)kernfs_symlink(c->dev.node, "device", nd->parent->node);
}

static void class_remove(struct net_device *nd)
{
	if (nd->class_dev)
		device_unregister(nd->class_dev);
	nd->class_dev = NULL;
}

static void class_event(struct net_notifier *n, struct net *net, enum net_event ev, void *object)
{
	(void)n, (void)net;
	switch (ev) {
	case NETDEV_CHANGENAME:
		class_remove(object);
		fallthrough;
	case NETDEV_REGISTER:
		class_add(object);
		break;
	case NETDEV_UNREGISTER:
		class_remove(object);
		break;
	default:
		break;
	}
}

static struct net_notifier class_notifier = { .fn = class_event };

static int netdev_sysfs_init(void)
{
	struct net_device *dev;

	rtnl_lock();
	for_each_netdev(dev, &init_net)
		class_add(dev);
	net_notifier_register(&class_notifier);
	rtnl_unlock();
	return 0;
}
INITCALL_DRIVER(netdev_sysfs_init);
