/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Network devices: registration, names, flags, addresses, multicast filter, statistics. Everything that changes a
 * device happens under rtnl and is told to the notifiers; look-ups run under RCU.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/cpumask.h>
#include <core/panic.h>
#include <core/rcu.h>
#include <core/seqlock.h>
#include <core/slab.h>

#include "internal_dev.h"

struct link_work {
	struct work work;
	struct net_device *dev;
};

/* --- looking up --- */

struct net_device *netdev_by_index(struct net *net, int ifindex)
{
	struct net_device *dev;

	for_each_netdev_rcu(dev, net)
		if (dev->ifindex == ifindex)
			return dev;
	return NULL;
}

struct net_device *netdev_by_name(struct net *net, const char *name)
{
	struct net_device *dev;

	for_each_netdev_rcu(dev, net)
		if (!strncmp(dev->name, name, IFNAMSIZ))
			return dev;
	return NULL;
}

struct net_device *netdev_get_by_index(struct net *net, int ifindex)
{
	struct net_device *dev;

	rcu_read_lock();
	dev = netdev_by_index(net, ifindex);
	if (dev && !ref_get_unless_zero(&dev->ref))
		dev = NULL;
	rcu_read_unlock();
	return dev;
}

struct net_device *netdev_get_by_name(struct net *net, const char *name)
{
	struct net_device *dev;

	rcu_read_lock();
	dev = netdev_by_name(net, name);
	if (dev && !ref_get_unless_zero(&dev->ref))
		dev = NULL;
	rcu_read_unlock();
	return dev;
}

void netdev_name(struct net_device *dev, char name[IFNAMSIZ])
{
	memcpy(name, dev->name, IFNAMSIZ);
	name[IFNAMSIZ - 1] = 0;
}

/* --- life --- */

static void link_changed(struct work *w)
{
	struct net_device *dev = container_of(w, struct link_work, work)->dev;

	rtnl_lock();
	if (dev->registered)
		net_notify(dev->net, NETDEV_CHANGE, dev);
	rtnl_unlock();
	dev_put(dev);
}

static void netdev_free(struct net_device *dev)
{
	struct netdev_mcaddr *m, *n;

	if (dev->ops && dev->ops->destroy)
		dev->ops->destroy(dev);
	list_for_each_entry_safe(m, n, &dev->mc, link)
		kfree(m);
	kfree(dev->txq);
	if (dev->stats)
		percpu_free(dev->stats);
	if (dev->link_work)
		kfree(container_of(dev->link_work, struct link_work, work));
	kfree(dev);
}

void dev_put(struct net_device *dev)
{
	if (ref_put(&dev->ref))
		netdev_free(dev);
}

struct net_device *netdev_alloc(size_t priv_size, const char *name, u32 nr_txq, u32 nr_rxq)
{
	size_t size = (sizeof(struct net_device) + 63) & ~63ul;
	struct net_device *dev = kzalloc(size + priv_size, GFP_KERNEL);
	struct link_work *lw = kzalloc(sizeof(*lw), GFP_KERNEL);

	nr_txq = max(min(nr_txq, (u32)NETDEV_MAX_QUEUES), 1u);
	if (!dev || !lw) {
		kfree(lw);
		kfree(dev);
		return NULL;
	}
	ref_init(&dev->ref, 1);
	(void)strscpy(dev->name, name, IFNAMSIZ);
	dev->priv = (u8 *)dev + size;
	dev->link_work = &lw->work;
	work_init(&lw->work, link_changed);
	lw->dev = dev;
	spin_lock_init(&dev->mc_lock, OBJECT);
	list_init(&dev->mc);
	list_init(&dev->taps);
	dev->net = &init_net;
	dev->nr_txq = dev->real_txq = nr_txq;
	dev->nr_rxq = max(nr_rxq, 1u);
	dev->txqueuelen = 1000;
	dev->mtu = dev->max_mtu = 1500;
	dev->min_mtu = 68;
	dev->txq = kcalloc(nr_txq, sizeof(*dev->txq), GFP_KERNEL);
	dev->stats = percpu_alloc(sizeof(*dev->stats), 8);
	if (!dev->txq || !dev->stats) {
		dev_put(dev);
		return NULL;
	}
	for (u32 i = 0; i < nr_txq; i++)
		netdev_queue_init(&dev->txq[i], dev, i);
	return dev;
}

void netdev_setup_ether(struct net_device *dev)
{
	dev->type = ARPHRD_ETHER;
	dev->addr_len = ETH_ALEN;
	dev->hard_header_len = ETH_HLEN;
	dev->mtu = ETH_DATA_LEN;
	dev->max_mtu = 65535;
	dev->flags = IFF_BROADCAST | IFF_MULTICAST;
	memset(dev->broadcast, 0xff, ETH_ALEN);
}

/* A name without slash, colon or blank that fits. */
static bool name_ok(const char *name)
{
	size_t n = strnlen(name, IFNAMSIZ);

	if (!n || n >= IFNAMSIZ || !strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	for (; *name; name++)
		if (*name == '/' || *name == ':' || *name == ' ' || (*name >= '\t' && *name <= '\r'))
			return false;
	return true;
}

/* "eth%d" becomes the first free one. */
static int name_choose(struct net *net, const char *pattern, char out[IFNAMSIZ])
{
	const char *d = strstr(pattern, "%d");

	if (!d) {
		if (strchr(pattern, '%') || !name_ok(pattern))
			return -EINVAL;
		(void)strscpy(out, pattern, IFNAMSIZ);
		return netdev_by_name(net, out) ? -EEXIST : 0;
	}
	if (strchr(d + 2, '%'))
		return -EINVAL;
	for (int i = 0; i < 32768; i++) {
		scnprintf(out, IFNAMSIZ, "%.*s%d%s", (int)(d - pattern), pattern, i, d + 2);
		if (!name_ok(out))
			return -EINVAL;
		if (!netdev_by_name(net, out))
			return 0;
	}
	return -ENFILE;
}

int netdev_register(struct net_device *dev)
{
	struct net *net = dev->net;
	char name[IFNAMSIZ];
	int err;

	rtnl_lock();
	err = name_choose(net, dev->name, name);
	if (err)
		goto out;
	memcpy(dev->name, name, IFNAMSIZ);
	memcpy(dev->perm_addr, dev->addr, NETDEV_MAX_ADDR);
	dev->ifindex = ++net->last_ifindex;
	dev->registered = true;
	dev->wanted_features = dev->features;
	net->dev_seq++;
	dev_get(dev);
	list_add_tail(&dev->link, &net->devs);
	net_notify(net, NETDEV_REGISTER, dev);
out:
	rtnl_unlock();
	return err;
}

static int dev_close(struct net_device *dev)
{
	net_notify(dev->net, NETDEV_GOING_DOWN, dev);
	WRITE_ONCE(dev->flags, dev->flags & ~(u32)IFF_UP);
	netdev_queues_stop(dev);
	if (dev->ops->stop)
		(void)dev->ops->stop(dev);
	synchronize_rcu();
	net_notify(dev->net, NETDEV_DOWN, dev);
	return 0;
}

static int dev_open(struct net_device *dev)
{
	int err = dev->ops->open ? dev->ops->open(dev) : 0;

	if (err)
		return err;
	WRITE_ONCE(dev->flags, dev->flags | IFF_UP);
	netdev_queues_start(dev);
	if (dev->ops->set_rx_mode)
		dev->ops->set_rx_mode(dev);
	net_notify(dev->net, NETDEV_UP, dev);
	return 0;
}

void netdev_unregister(struct net_device *dev)
{
	rtnl_lock();
	if (dev->registered) {
		if (netdev_running(dev))
			(void)dev_close(dev);
		list_del_rcu(&dev->link);
		dev->net->dev_seq++;
		dev->registered = false;
		net_notify(dev->net, NETDEV_UNREGISTER, dev);
		rtnl_unlock();
		synchronize_rcu();
		dev_put(dev);
		return;
	}
	rtnl_unlock();
}

/* --- changes --- */

void netdev_carrier(struct net_device *dev, bool on)
{
	if (xchg(&dev->carrier, on) == on)
		return;
	__atomic_fetch_add(&dev->carrier_changes, 1, __ATOMIC_RELAXED);
	dev_get(dev);
	if (!work_queue(system_wq, dev->link_work))
		dev_put(dev);
}

u32 netdev_get_flags(const struct net_device *dev)
{
	u32 f = READ_ONCE(dev->flags) & ~(u32)(IFF_PROMISC | IFF_ALLMULTI | IFF_RUNNING | IFF_LOWER_UP);

	/* What the administrator asked for; sockets that want it do not show. */
	f |= READ_ONCE(dev->flags) & (IFF_PROMISC | IFF_ALLMULTI);
	if ((f & IFF_UP) && READ_ONCE(dev->carrier))
		f |= IFF_RUNNING | IFF_LOWER_UP;
	return f;
}

u8 netdev_operstate(const struct net_device *dev)
{
	if (!netdev_running(dev))
		return 2;
	if (dev->type == ARPHRD_LOOPBACK)
		return 0;
	return READ_ONCE(dev->carrier) ? 6 : 2;
}

static void rx_mode(struct net_device *dev)
{
	if (netdev_running(dev) && dev->ops->set_rx_mode)
		dev->ops->set_rx_mode(dev);
}

void netdev_set_promisc(struct net_device *dev, int inc)
{
	ASSERT(rtnl_is_locked());
	dev->promisc += (u32)inc;
	rx_mode(dev);
}

void netdev_set_allmulti(struct net_device *dev, int inc)
{
	ASSERT(rtnl_is_locked());
	dev->allmulti += (u32)inc;
	rx_mode(dev);
}

int netdev_change_flags(struct net_device *dev, u32 flags, u32 mask)
{
	const u32 plain = IFF_DEBUG | IFF_NOTRAILERS | IFF_NOARP | IFF_MULTICAST;
	u32 old = dev->flags, diff = (old ^ flags) & mask;
	int err = 0;

	ASSERT(rtnl_is_locked());
	WRITE_ONCE(dev->flags, old ^ (diff & plain));
	if (diff & IFF_PROMISC) {
		WRITE_ONCE(dev->flags, dev->flags ^ IFF_PROMISC);
		netdev_set_promisc(dev, flags & IFF_PROMISC ? 1 : -1);
	}
	if (diff & IFF_ALLMULTI) {
		WRITE_ONCE(dev->flags, dev->flags ^ IFF_ALLMULTI);
		netdev_set_allmulti(dev, flags & IFF_ALLMULTI ? 1 : -1);
	}
	if (diff & IFF_UP)
		err = flags & IFF_UP ? dev_open(dev) : dev_close(dev);
	if (diff & (plain | IFF_PROMISC | IFF_ALLMULTI))
		net_notify(dev->net, NETDEV_CHANGE, dev);
	return err;
}

int netdev_set_mtu(struct net_device *dev, u32 mtu)
{
	int err = 0;

	ASSERT(rtnl_is_locked());
	if (mtu == dev->mtu)
		return 0;
	if ((s32)mtu < 0 || mtu < dev->min_mtu || (dev->max_mtu && mtu > dev->max_mtu))
		return -EINVAL;
	if (dev->ops->change_mtu)
		err = dev->ops->change_mtu(dev, mtu);
	if (err)
		return err;
	WRITE_ONCE(dev->mtu, mtu);
	net_notify(dev->net, NETDEV_CHANGEMTU, dev);
	return 0;
}

int netdev_set_mac(struct net_device *dev, const u8 *addr)
{
	int err;

	ASSERT(rtnl_is_locked());
	if (!dev->ops->set_mac)
		return -EOPNOTSUPP;
	if (dev->type == ARPHRD_ETHER && ((addr[0] & 1) || !memcmp(addr, "\0\0\0\0\0", ETH_ALEN)))
		return -EADDRNOTAVAIL;
	err = dev->ops->set_mac(dev, addr);
	if (err)
		return err;
	memcpy(dev->addr, addr, dev->addr_len);
	net_notify(dev->net, NETDEV_CHANGEADDR, dev);
	return 0;
}

int netdev_rename(struct net_device *dev, const char *name)
{
	char fresh[IFNAMSIZ];
	int err;

	ASSERT(rtnl_is_locked());
	if (netdev_running(dev))
		return -EBUSY;
	if (!strncmp(dev->name, name, IFNAMSIZ))
		return 0;
	err = name_choose(dev->net, name, fresh);
	if (err)
		return err;
	memcpy(dev->name, fresh, IFNAMSIZ);
	net_notify(dev->net, NETDEV_CHANGENAME, dev);
	return 0;
}

/* Without what others need those are off, too; they are on again with it (wanted_features). */
static u32 features_fix(u32 want)
{
	if (!(want & NETIF_CSUM) || !(want & NETIF_SG))
		want &= ~(NETIF_TSO4 | NETIF_TSO6 | NETIF_UFO_L4);
	if (!(want & (NETIF_TSO4 | NETIF_TSO6)))
		want &= ~NETIF_TSO_ECN;
	if (!(want & NETIF_RXCSUM))
		want &= ~NETIF_LRO;
	return want;
}

int netdev_set_features(struct net_device *dev, u32 features)
{
	u32 want;
	int err = 0;

	ASSERT(rtnl_is_locked());
	dev->wanted_features = (dev->wanted_features & ~dev->hw_features) | (features & dev->hw_features);
	want = features_fix(dev->wanted_features);
	if (want == dev->features)
		return 0;
	if (dev->ops->set_features)
		err = dev->ops->set_features(dev, want);
	if (err)
		return err;
	WRITE_ONCE(dev->features, want);
	net_notify(dev->net, NETDEV_FEATURES, dev);
	return 0;
}

/* --- multicast filter --- */

int netdev_mc_add(struct net_device *dev, const u8 *addr)
{
	struct netdev_mcaddr *m, *n = kzalloc(sizeof(*n), GFP_KERNEL);

	if (!n)
		return -ENOMEM;
	memcpy(n->addr, addr, dev->addr_len);
	n->users = 1;
	spin_lock(&dev->mc_lock);
	list_for_each_entry(m, &dev->mc, link) {
		if (!memcmp(m->addr, addr, dev->addr_len)) {
			m->users++;
			spin_unlock(&dev->mc_lock);
			kfree(n);
			return 0;
		}
	}
	list_add_tail(&n->link, &dev->mc);
	spin_unlock(&dev->mc_lock);
	rx_mode(dev);
	return 0;
}

int netdev_mc_del(struct net_device *dev, const u8 *addr)
{
	struct netdev_mcaddr *m, *gone = NULL;
	int err = -ENOENT;

	spin_lock(&dev->mc_lock);
	list_for_each_entry(m, &dev->mc, link) {
		if (memcmp(m->addr, addr, dev->addr_len))
			continue;
		err = 0;
		if (--m->users == 0) {
			list_del(&m->link);
			gone = m;
		}
		break;
	}
	spin_unlock(&dev->mc_lock);
	if (gone)
		rx_mode(dev);
	kfree(gone);
	return err;
}

/* --- statistics --- */

void netdev_get_stats(struct net_device *dev, struct netdev_stats *s)
{
	u64 *sum = (u64 *)s;
	int cpu;

	memset(s, 0, sizeof(*s));
	for_each_possible_cpu(cpu) {
		const u64 *v = (const u64 *)percpu_ptr(dev->stats, cpu);

		for (size_t i = 0; i < sizeof(*s) / sizeof(u64); i++)
			sum[i] += READ_ONCE(v[i]);
	}
	for (u32 i = 0; i < dev->nr_txq; i++)
		s->tx_dropped += READ_ONCE(dev->txq[i].drops);
	if (dev->ops->get_stats)
		dev->ops->get_stats(dev, s);
}
