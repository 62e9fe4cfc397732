/* SPDX-License-Identifier: MPL-2.0 */
/*
 * virtio-net: Ethernet cards eth0, eth1, ... Source: virtio 1.2, section 5.1. This file has what the card is:
 * features, configuration, the control queue; net_queue.c moves the frames, net_hdr.c is their header.
 *
 * Checksums and TCP segments are left to the device where it offers that, both ways; several pairs of queues,
 * one a CPU, where it has them. Address, modes and offloads are changed through the control queue.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/cpumask.h>
#include <core/init.h>
#include <core/printk.h>
#include <core/slab.h>
#include <kernel/random.h>

#include "net.h"

#define VIRTIO_ID_NET		1
#define F_CSUM			0
#define F_GUEST_CSUM		1
#define F_CTRL_GUEST_OFFLOADS	2
#define F_MTU			3
#define F_MAC			5
#define F_GUEST_TSO4		7
#define F_GUEST_TSO6		8
#define F_GUEST_ECN		9
#define F_HOST_TSO4		11
#define F_HOST_TSO6		12
#define F_HOST_ECN		13
#define F_MRG_RXBUF		15
#define F_STATUS		16
#define F_CTRL_VQ		17
#define F_CTRL_RX		18
#define F_MQ			22
#define F_CTRL_MAC_ADDR		23
#define F_ANY_LAYOUT		27
#define F_SPEED_DUPLEX		63

#define GUEST_TSO	(BIT(F_GUEST_TSO4) | BIT(F_GUEST_TSO6) | BIT(F_GUEST_ECN))
#define HOST_TSO	(BIT(F_HOST_TSO4) | BIT(F_HOST_TSO6) | BIT(F_HOST_ECN))
#define NEED_CTRL	(BIT(F_CTRL_GUEST_OFFLOADS) | BIT(F_CTRL_RX) | BIT(F_MQ) | BIT(F_CTRL_MAC_ADDR))

enum { CFG_MAC = 0, CFG_STATUS = 6, CFG_MAX_PAIRS = 8, CFG_MTU = 10, CFG_SPEED = 12, CFG_DUPLEX = 16 };
#define STATUS_LINK_UP	1u

enum { CTRL_RX = 0, CTRL_MAC = 1, CTRL_MQ = 4, CTRL_OFFLOADS = 5 };
enum { RX_PROMISC = 0, RX_ALLMULTI = 1 };
enum { MAC_TABLE_SET = 0, MAC_ADDR_SET = 1 };
#define CTRL_OK		0u
#define CTRL_WAIT_NS	(2 * NSEC_PER_SEC)

#define MAX_PAIRS	16u
#define MAX_MC		64u		/* more: all multicast frames are taken */
#define MTU_MIN		68u
#define MTU_MAX		65535u
#define MTU_WHOLE	32000u		/* of frames that one buffer has to hold */

/* --- configuration --- */

static void cfg_read(struct virtio_dev *v, u32 off, void *to, u32 len)
{
	u32 gen;

	do {
		gen = v->ops->config_generation(v);
		v->ops->config_read(v, off, to, len);
	} while (gen != v->ops->config_generation(v));
}

static u16 cfg16(struct virtio_dev *v, u32 off)
{
	le16_t x;

	cfg_read(v, off, &x, 2);
	return le16(x);
}

static bool link_is_up(struct vnet *n)
{
	return !virtio_has(n->v, F_STATUS) || cfg16(n->v, CFG_STATUS) & STATUS_LINK_UP;
}

static void link_fn(struct work *w)
{
	struct vnet *n = container_of(w, struct vnet, link);

	netdev_carrier(n->dev, !READ_ONCE(n->v->broken) && link_is_up(n));
}

static void config_changed(struct virtio_dev *v)
{
	struct vnet *n = v->private;

	work_queue(system_wq, &n->link);
}

/* --- the control queue --- */

/* In memory of its own: a device that is late may still write the answer. */
struct ctrl_cmd {
	u8 class, cmd;
	u8 ack;
	u32 len;
	u8 data[];
};

static void ctrl_interrupt(struct virtqueue *q)
{
	struct vnet *n = virtqueue_dev(q)->private;
	u64 flags;

	spin_lock_irqsave(&n->ctrl_lock, flags);
	if (virtqueue_get(q, NULL))
		complete(&n->ctrl_done);
	spin_unlock_irqrestore(&n->ctrl_lock, flags);
}

static struct ctrl_cmd *ctrl_alloc(u8 class, u8 cmd, u32 len)
{
	struct ctrl_cmd *c = kzalloc(sizeof(*c) + len, GFP_KERNEL);

	if (c) {
		c->class = class;
		c->cmd = cmd;
		c->ack = 0xff;
		c->len = len;
	}
	return c;
}

/* Send and wait; c is freed. -EIO: refused, or no answer, after which nothing is asked any more. */
static int ctrl_send(struct vnet *n, struct ctrl_cmd *c)
{
	struct virtio_sg sg[3];
	u64 flags;
	int err;

	if (!c)
		return -ENOMEM;
	mutex_lock(&n->ctrl_mutex);
	if (n->ctrl_dead) {
		err = -EIO;
		goto out;
	}
	sg[0] = (struct virtio_sg){ dma_addr_of(&c->class), 2 };
	sg[1] = (struct virtio_sg){ dma_addr_of(c->data), c->len };
	sg[2] = (struct virtio_sg){ dma_addr_of(&c->ack), 1 };
	completion_init(&n->ctrl_done);
	spin_lock_irqsave(&n->ctrl_lock, flags);
	err = virtqueue_add(n->ctrl, sg, 2, 1, c);
	if (!err)
		virtqueue_kick(n->ctrl);
	spin_unlock_irqrestore(&n->ctrl_lock, flags);
	if (!err && wait_for_completion_until(&n->ctrl_done, clock_monotonic_ns() + CTRL_WAIT_NS)) {
		/* The memory stays the device's; vnet_remove() gets it back. */
		n->ctrl_dead = true;
		pr_err("%s: the control queue does not answer\n", n->v->dev.name);
		c = NULL;
		err = -EIO;
	} else if (!err && READ_ONCE(c->ack) != CTRL_OK) {
		err = -EIO;
	}
out:
	mutex_unlock(&n->ctrl_mutex);
	kfree(c);
	return err;
}

static int ctrl_byte(struct vnet *n, u8 class, u8 cmd, u8 value)
{
	struct ctrl_cmd *c = ctrl_alloc(class, cmd, 1);

	if (c)
		c->data[0] = value;
	return ctrl_send(n, c);
}

static int ctrl_pairs(struct vnet *n, u32 pairs)
{
	struct ctrl_cmd *c = ctrl_alloc(CTRL_MQ, 0, 2);
	le16_t v = to_le16((u16)pairs);

	if (c)
		memcpy(c->data, &v, 2);
	return ctrl_send(n, c);
}

static int ctrl_offloads(struct vnet *n, u64 offloads)
{
	struct ctrl_cmd *c = ctrl_alloc(CTRL_OFFLOADS, 0, 8);
	le64_t v = to_le64(offloads);

	if (c)
		memcpy(c->data, &v, 8);
	return ctrl_send(n, c);
}

/* Two tables: no further addresses of our own, and the multicast ones. False: too many, or no memory. */
static bool send_mac_table(struct vnet *n)
{
	struct ctrl_cmd *c = ctrl_alloc(CTRL_MAC, MAC_TABLE_SET, 8 + MAX_MC * ETH_ALEN);
	struct netdev_mcaddr *m;
	u32 nr = 0;
	le32_t v;

	if (!c)
		return false;
	spin_lock(&n->dev->mc_lock);
	list_for_each_entry(m, &n->dev->mc, link) {
		if (nr < MAX_MC)
			memcpy(c->data + 8 + nr * ETH_ALEN, m->addr, ETH_ALEN);
		nr++;
	}
	spin_unlock(&n->dev->mc_lock);
	if (nr > MAX_MC) {
		kfree(c);
		return false;
	}
	v = to_le32(nr);
	memcpy(c->data + 4, &v, 4);
	c->len = 8 + nr * ETH_ALEN;
	return ctrl_send(n, c) == 0;
}

/* --- the card's operations, under rtnl --- */

static void vnet_set_rx_mode(struct net_device *dev)
{
	struct vnet *n = to_vnet(dev);
	bool all = READ_ONCE(dev->allmulti);

	if (!virtio_has(n->v, F_CTRL_RX))
		return;		/* then the device lets everything in */
	if (!send_mac_table(n))
		all = true;
	if (ctrl_byte(n, CTRL_RX, RX_PROMISC, READ_ONCE(dev->promisc) != 0) ||
	    ctrl_byte(n, CTRL_RX, RX_ALLMULTI, all))
		pr_warn("%s: the device did not take the receive mode\n", dev->name);
}

static int vnet_set_mac(struct net_device *dev, const u8 *addr)
{
	struct vnet *n = to_vnet(dev);
	struct ctrl_cmd *c;

	if (virtio_has(n->v, F_CTRL_MAC_ADDR)) {
		c = ctrl_alloc(CTRL_MAC, MAC_ADDR_SET, ETH_ALEN);
		if (c)
			memcpy(c->data, addr, ETH_ALEN);
		return ctrl_send(n, c);
	}
	if (virtio_has(n->v, F_MAC) && !virtio_has(n->v, VIRTIO_F_VERSION_1)) {
		n->v->ops->config_write(n->v, CFG_MAC, addr, ETH_ALEN);
		return 0;
	}
	return virtio_has(n->v, F_MAC) ? -EOPNOTSUPP : 0;
}

static u64 guest_offloads(struct vnet *n, u32 features)
{
	u64 want = 0;

	if (features & NETIF_RXCSUM)
		want |= BIT(F_GUEST_CSUM);
	if (features & NETIF_LRO)
		want |= GUEST_TSO;
	return want & n->v->features;
}

static int vnet_set_features(struct net_device *dev, u32 features)
{
	struct vnet *n = to_vnet(dev);

	if (!((features ^ dev->features) & (NETIF_RXCSUM | NETIF_LRO)))
		return 0;
	if (!virtio_has(n->v, F_CTRL_GUEST_OFFLOADS))
		return -EOPNOTSUPP;
	return ctrl_offloads(n, guest_offloads(n, features));
}

static int vnet_stop(struct net_device *dev)
{
	struct vnet *n = to_vnet(dev);

	for (u32 i = 0; i < n->cur_pairs; i++)
		vnet_pair_stop(&n->pairs[i]);
	return 0;
}

static int vnet_open(struct net_device *dev)
{
	struct vnet *n = to_vnet(dev);

	for (u32 i = 0; i < n->cur_pairs; i++) {
		int err = vnet_pair_start(&n->pairs[i]);

		if (err) {
			(void)vnet_stop(dev);
			return err;
		}
	}
	netdev_carrier(dev, link_is_up(n));
	return 0;
}

/* The last reference: everything but the device's queues goes. */
static void vnet_destroy(struct net_device *dev)
{
	struct vnet *n = to_vnet(dev);

	kfree(n->pairs);
	kfree(n);
}

static const struct netdev_ops vnet_ops = {
	.open = vnet_open, .stop = vnet_stop, .xmit = vnet_xmit, .set_rx_mode = vnet_set_rx_mode,
	.set_mac = vnet_set_mac, .set_features = vnet_set_features, .destroy = vnet_destroy,
};

/* --- ethtool --- */

/*
 * Another number of pairs, under rtnl. The device learns of more when their threads are there, of fewer when nothing is sent
 * by the others any more; a queue that it gives up still has its frames taken out. It moves received flows by where we send.
 */
static int vnet_set_channels(struct net_device *dev, u32 want)
{
	struct vnet *n = to_vnet(dev);
	u32 was = n->cur_pairs, have = was;
	bool up = netdev_running(dev);
	int err = 0;

	while (up && have < want && !err) {
		err = vnet_pair_start(&n->pairs[have]);
		have += !err;
	}
	if (want < was)
		netdev_set_txqs(dev, want);
	for (u32 i = want; i < was && up; i++)
		vnet_pair_drain(&n->pairs[i]);
	if (!err && ctrl_pairs(n, want))
		err = -EINVAL;		/* as Linux says it */
	if (err)
		want = was;
	for (u32 i = want; i < have && up; i++)
		vnet_pair_stop(&n->pairs[i]);
	WRITE_ONCE(n->cur_pairs, want);
	netdev_set_txqs(dev, want);
	return err;
}

static const char *vnet_driver_name(struct net_device *dev)
{
	(void)dev;
	return "virtio_net";
}

static void vnet_bus_info(struct net_device *dev, char *buf, size_t size)
{
	struct device *d = to_vnet(dev)->v->dev.parent;

	strscpy(buf, d ? d->name : "", size);
}

static int vnet_get_speed(struct net_device *dev, u32 *mbit, u8 *duplex)
{
	struct vnet *n = to_vnet(dev);
	le32_t speed;

	*mbit = ~0u;
	*duplex = 0xff;
	if (virtio_has(n->v, F_SPEED_DUPLEX)) {
		cfg_read(n->v, CFG_SPEED, &speed, 4);
		cfg_read(n->v, CFG_DUPLEX, duplex, 1);
		*mbit = le32(speed);
	}
	return 0;
}

static void vnet_get_ring(struct net_device *dev, u32 *rx, u32 *tx, u32 *rx_max, u32 *tx_max)
{
	struct vnet *n = to_vnet(dev);

	*rx = *rx_max = virtqueue_size(n->pairs[0].rx);
	*tx = *tx_max = virtqueue_size(n->pairs[0].tx);
}

static void vnet_get_channels(struct net_device *dev, u32 *cur, u32 *max)
{
	*cur = to_vnet(dev)->cur_pairs;
	*max = to_vnet(dev)->nr_pairs;
}

static bool vnet_get_stat(struct net_device *dev, u32 i, const char **name, u64 *value)
{
	static const struct { const char *name; size_t at; } rx[] = {
		{ "packets", offsetof(struct vnet_pair, rx_packets) }, { "bytes", offsetof(struct vnet_pair, rx_bytes) },
		{ "drops", offsetof(struct vnet_pair, rx_drops) }, { "kicks", offsetof(struct vnet_pair, rx_kicks) },
		{ "no_memory", offsetof(struct vnet_pair, rx_no_memory) },
	}, tx[] = {
		{ "packets", offsetof(struct vnet_pair, tx_packets) }, { "bytes", offsetof(struct vnet_pair, tx_bytes) },
		{ "kicks", offsetof(struct vnet_pair, tx_kicks) },
	}, *s;
	struct vnet *n = to_vnet(dev);
	bool send = i >= n->cur_pairs * ARRAY_SIZE(rx);
	u32 each = send ? ARRAY_SIZE(tx) : ARRAY_SIZE(rx), pair;

	i -= send ? n->cur_pairs * ARRAY_SIZE(rx) : 0;
	pair = i / each;
	if (pair >= n->cur_pairs)
		return false;
	s = (send ? tx : rx) + i % each;
	snprintf(n->stat_name, sizeof(n->stat_name), "%s_queue_%u_%s", send ? "tx" : "rx", pair, s->name);
	*name = n->stat_name;
	*value = READ_ONCE(*(const u64 *)((const u8 *)&n->pairs[pair] + s->at));
	return true;
}

static const struct ethtool_ops vnet_ethtool = {
	.driver = vnet_driver_name, .bus_info = vnet_bus_info, .get_speed = vnet_get_speed, .get_ring = vnet_get_ring,
	.get_channels = vnet_get_channels, .set_channels = vnet_set_channels, .get_stat = vnet_get_stat,
};

/* --- life --- */

/* virtio 1.2, 5.1.3.1; and segments from the device want buffers that can be joined. */
static u64 fix_features(u64 f)
{
	if (!(f & BIT(F_GUEST_CSUM)) || !(f & BIT(F_MRG_RXBUF)))
		f &= ~GUEST_TSO;
	if (!(f & (BIT(F_GUEST_TSO4) | BIT(F_GUEST_TSO6))))
		f &= ~BIT(F_GUEST_ECN);
	if (!(f & BIT(F_CSUM)))
		f &= ~HOST_TSO;
	if (!(f & (BIT(F_HOST_TSO4) | BIT(F_HOST_TSO6))))
		f &= ~BIT(F_HOST_ECN);
	if (!(f & BIT(F_CTRL_VQ)))
		f &= ~NEED_CTRL;
	return f;
}

static void set_features(struct vnet *n)
{
	struct net_device *dev = n->dev;
	struct virtio_dev *v = n->v;

	dev->hw_features = NETIF_SG;
	if (virtio_has(v, F_CSUM))
		dev->hw_features |= NETIF_CSUM;
	if (virtio_has(v, F_HOST_TSO4))
		dev->hw_features |= NETIF_TSO4;
	if (virtio_has(v, F_HOST_TSO6))
		dev->hw_features |= NETIF_TSO6;
	if (virtio_has(v, F_HOST_ECN))
		dev->hw_features |= NETIF_TSO_ECN;
	dev->features = dev->hw_features;
	if (virtio_has(v, F_GUEST_CSUM))
		dev->features |= NETIF_RXCSUM;
	if (virtio_has(v, F_GUEST_TSO4) || virtio_has(v, F_GUEST_TSO6))
		dev->features |= NETIF_LRO;
	if (virtio_has(v, F_CTRL_GUEST_OFFLOADS))
		dev->hw_features |= dev->features & NETIF_LRO;
	dev->features |= NETIF_GRO;
	dev->hw_features |= NETIF_GRO;
}

static int set_address(struct vnet *n)
{
	struct net_device *dev = n->dev;

	if (virtio_has(n->v, F_MAC)) {
		cfg_read(n->v, CFG_MAC, dev->addr, ETH_ALEN);
	} else {
		random_bytes(dev->addr, ETH_ALEN);
		dev->addr[0] = (u8)((dev->addr[0] & 0xfe) | 2);	/* unicast, locally administered */
		dev->addr_assign_type = 1;
	}
	memcpy(dev->perm_addr, dev->addr, ETH_ALEN);
	return dev->addr[0] & 1 ? -EINVAL : 0;
}

static int set_mtu(struct vnet *n)
{
	struct net_device *dev = n->dev;
	u32 mtu;

	dev->min_mtu = MTU_MIN;
	dev->max_mtu = n->mergeable ? MTU_MAX : ETH_DATA_LEN;
	if (!virtio_has(n->v, F_MTU))
		return 0;
	mtu = cfg16(n->v, CFG_MTU);
	if (mtu < MTU_MIN || (!n->mergeable && mtu > MTU_WHOLE))
		return -EINVAL;
	dev->mtu = dev->max_mtu = mtu;
	n->rx_max = max(VNET_RX_MIN, ETH_HLEN + 4 + mtu);
	return 0;
}

static int setup_queues(struct vnet *n)
{
	void (*cb[2 * MAX_PAIRS + 1])(struct virtqueue *);
	struct virtqueue *vqs[2 * MAX_PAIRS + 1];
	const char *names[2 * MAX_PAIRS + 1];
	u32 nr = 2 * n->nr_pairs;	/* all: the control queue stands behind the last pair that the device has */
	int err;

	for (u32 i = 0; i < nr; i++) {
		cb[i] = i & 1 ? vnet_tx_interrupt : vnet_rx_interrupt;
		names[i] = i & 1 ? "virtio-net-tx" : "virtio-net-rx";
	}
	if (virtio_has(n->v, F_CTRL_VQ)) {
		cb[nr] = ctrl_interrupt;
		names[nr++] = "virtio-net-control";
	}
	n->v->queues_per_cpu = 2;
	err = n->v->ops->setup_queues(n->v, nr, vqs, cb, names);
	if (err)
		return err;
	for (u32 i = 0; i < n->nr_pairs; i++) {
		n->pairs[i].rx = vqs[2 * i];
		n->pairs[i].tx = vqs[2 * i + 1];
		err = vnet_pair_init(&n->pairs[i], n, i);
		if (err)
			return err;
	}
	n->ctrl = virtio_has(n->v, F_CTRL_VQ) ? vqs[nr - 1] : NULL;
	return 0;
}

static u32 count_pairs(struct virtio_dev *v)
{
	return virtio_has(v, F_MQ) ? cfg16(v, CFG_MAX_PAIRS) : 1;
}

static void free_queues(struct vnet *n)
{
	struct ctrl_cmd *c;

	for (u32 i = 0; i < n->nr_pairs; i++)
		vnet_pair_fini(&n->pairs[i]);
	while (n->ctrl && (c = virtqueue_detach(n->ctrl)) != NULL)
		kfree(c);
	n->v->ops->del_queues(n->v);
}

static struct vnet *make_card(struct virtio_dev *v, u32 pairs)
{
	struct vnet *n = kzalloc(sizeof(*n), GFP_KERNEL);

	if (!n)
		return NULL;
	n->v = v;
	n->nr_pairs = pairs;
	n->cur_pairs = 1;
	n->rx_max = VNET_RX_MIN;
	n->mergeable = virtio_has(v, F_MRG_RXBUF);
	n->any_layout = virtio_has(v, VIRTIO_F_VERSION_1) || virtio_has(v, F_ANY_LAYOUT);
	n->hdr_len = n->mergeable || virtio_has(v, VIRTIO_F_VERSION_1) ? sizeof(struct vnet_hdr) : VNET_HDR_LEGACY;
	mutex_init(&n->ctrl_mutex, LEAF_MUTEX);
	spin_lock_init(&n->ctrl_lock, DEVICE_IRQ);
	completion_init(&n->ctrl_done);
	work_init(&n->link, link_fn);
	n->pairs = kcalloc(pairs, sizeof(*n->pairs), GFP_KERNEL);
	if (n->pairs)
		return n;
	kfree(n);
	return NULL;
}

static int make_dev(struct vnet *n)
{
	struct net_device *dev = netdev_alloc(sizeof(struct vnet *), "eth%d", n->nr_pairs, n->nr_pairs);
	int err;

	if (!dev)
		return -ENOMEM;
	n->dev = dev;
	netdev_setup_ether(dev);
	*(struct vnet **)dev->priv = n;
	dev->ethtool = &vnet_ethtool;
	dev->parent = &n->v->dev;
	netdev_set_txqs(dev, n->cur_pairs);
	set_features(n);
	err = set_address(n);
	if (!err)
		err = set_mtu(n);
	if (err) {
		n->dev = NULL;
		dev_put(dev);
		return err;
	}
	dev->ops = &vnet_ops;	/* from now on its last reference frees n */
	return 0;
}

static void show(const struct vnet *n)
{
	const u8 *a = n->dev->addr;

	pr_info("%s: %02x:%02x:%02x:%02x:%02x:%02x, %u of %u queue pairs%s%s%s%s\n", n->dev->name, a[0], a[1], a[2], a[3],
		a[4], a[5], n->cur_pairs, n->nr_pairs, n->dev->features & NETIF_CSUM ? ", checksums" : "",
		n->dev->features & NETIF_TSO4 ? ", TSO" : "", n->dev->features & NETIF_LRO ? ", LRO" : "",
		n->mergeable ? ", mergeable buffers" : "");
}

/* The device was reset and is off: no carrier, and what was on its way is lost, so that nobody waits for it. */
static void vnet_broken(struct virtio_dev *v)
{
	struct vnet *n = v->private;

	netdev_carrier(n->dev, false);
	mutex_lock(&n->ctrl_mutex);
	n->ctrl_dead = true;
	mutex_unlock(&n->ctrl_mutex);
	for (u32 i = 0; i < n->nr_pairs; i++)
		vnet_pair_broken(&n->pairs[i]);
}

static int vnet_probe(struct virtio_dev *v)
{
	u32 pairs = count_pairs(v), use = min(pairs, (u32)cpumask_weight(&cpu_online_mask));
	struct vnet *n;
	int err;

	if (!pairs || pairs > MAX_PAIRS) {
		pr_err("%s: %u queue pairs, 1 to %u can be driven\n", v->dev.name, pairs, MAX_PAIRS);
		return -EINVAL;
	}
	n = make_card(v, pairs);
	if (!n)
		return -ENOMEM;
	v->private = n;
	err = setup_queues(n);
	if (err)
		goto out;
	virtio_ready(v);
	if (use > 1 && ctrl_pairs(n, use) == 0)
		n->cur_pairs = use;
	err = make_dev(n);
	if (err)
		goto out;
	v->config_changed = config_changed;
	err = netdev_register(n->dev);
	if (!err) {
		show(n);
		virtio_on_break(v, vnet_broken);
		return 0;
	}
	v->config_changed = NULL;
	(void)work_cancel_sync(&n->link);
out:
	v->ops->set_status(v, 0);
	free_queues(n);
	if (n->dev) {
		dev_put(n->dev);
	} else {
		kfree(n->pairs);
		kfree(n);
	}
	return err;
}

/* The device was reset: what it had is ours again. */
static void vnet_remove(struct virtio_dev *v)
{
	struct vnet *n = v->private;

	v->config_changed = NULL;
	(void)work_cancel_sync(&n->link);
	mutex_lock(&n->ctrl_mutex);
	n->ctrl_dead = true;
	mutex_unlock(&n->ctrl_mutex);
	netdev_unregister(n->dev);
	free_queues(n);
	dev_put(n->dev);
}

static struct virtio_driver vnet_driver = {
	.drv.name = "virtio_net",
	.device_id = VIRTIO_ID_NET,
	.features = BIT(F_CSUM) | BIT(F_GUEST_CSUM) | BIT(F_MTU) | BIT(F_MAC) | GUEST_TSO | HOST_TSO | BIT(F_MRG_RXBUF) |
		    BIT(F_STATUS) | BIT(F_CTRL_VQ) | NEED_CTRL | BIT(F_ANY_LAYOUT) | BIT(F_SPEED_DUPLEX),
	.fix_features = fix_features,
	.probe = vnet_probe,
	.remove = vnet_remove,
};

static int vnet_init(void)
{
	return virtio_driver_register(&vnet_driver);
}
INITCALL_DRIVER(vnet_init);
