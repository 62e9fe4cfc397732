/* SPDX-License-Identifier: MPL-2.0 */
/*
 * SIOCETHTOOL: ethtool(8). Each command begins with its number in user memory; a structure follows, in some a
 * table behind that. Commands that no device here can answer are -EOPNOTSUPP, as on Linux without the driver's
 * function. Everything runs under rtnl.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/slab.h>
#include <core/usercopy.h>
#include <kernel/cred.h>
#include <uapi/linux/ethtool.h>

#include "internal.h"

/* Features by Linux's names, in the order of the bits that user space sees. */
static const struct {
	const char *name;
	u32 bit;
} features[] = {
	{ "tx-scatter-gather", NETIF_SG }, { "tx-checksum-ip-generic", NETIF_CSUM }, { "tx-tcp-segmentation", NETIF_TSO4 },
	{ "tx-tcp6-segmentation", NETIF_TSO6 }, { "tx-tcp-ecn-segmentation", NETIF_TSO_ECN },
	{ "tx-udp-segmentation", NETIF_UFO_L4 }, { "rx-checksum", NETIF_RXCSUM }, { "rx-gro", NETIF_GRO },
	{ "rx-gro-hw", NETIF_LRO },
};
#define FEATURE_BLOCKS	((ARRAY_SIZE(features) + 31) / 32)

static u32 feature_word(u32 bits)
{
	u32 w = 0;

	for (u32 i = 0; i < ARRAY_SIZE(features); i++)
		if (bits & features[i].bit)
			w |= 1u << i;
	return w;
}

static u32 feature_bits(u32 word)
{
	u32 bits = 0;

	for (u32 i = 0; i < ARRAY_SIZE(features); i++)
		if (word & 1u << i)
			bits |= features[i].bit;
	return bits;
}

static u32 nr_stats(struct net_device *dev)
{
	const char *name;
	u64 value;
	u32 n = 0;

	if (dev->ethtool && dev->ethtool->get_stat)
		while (dev->ethtool->get_stat(dev, n, &name, &value))
			n++;
	return n;
}

/* --- what the device is --- */

static int get_drvinfo(struct net_device *dev, uaddr_t u)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };

	if (!dev->ethtool || !dev->ethtool->driver)
		return -EOPNOTSUPP;
	strscpy(info.driver, dev->ethtool->driver(dev), sizeof(info.driver));
	if (dev->ethtool->bus_info)
		dev->ethtool->bus_info(dev, info.bus_info, sizeof(info.bus_info));
	info.n_stats = nr_stats(dev);
	return copy_out_bytes(u, &info, sizeof(info));
}

static int get_speed(struct net_device *dev, u32 *mbit, u8 *duplex)
{
	if (!dev->ethtool || !dev->ethtool->get_speed)
		return -EOPNOTSUPP;
	return dev->ethtool->get_speed(dev, mbit, duplex);
}

static int get_settings(struct net_device *dev, uaddr_t u)
{
	struct ethtool_cmd c = { .cmd = ETHTOOL_GSET, .port = PORT_OTHER };
	u32 mbit;
	int err = get_speed(dev, &mbit, &c.duplex);

	if (err)
		return err;
	c.speed = (u16)mbit;
	c.speed_hi = (u16)(mbit >> 16);
	return copy_out_bytes(u, &c, sizeof(c));
}

/* The first call asks how many words the masks of link modes have; we have one, and nothing in it. */
static int get_link_settings(struct net_device *dev, uaddr_t u)
{
	struct { struct ethtool_link_settings s; u32 masks[3]; } o;
	s8 words;
	int err = copy_in_bytes(&o.s, u, sizeof(o.s));

	if (err)
		return err;
	words = o.s.link_mode_masks_nwords;
	memset(&o, 0, sizeof(o));
	o.s.cmd = ETHTOOL_GLINKSETTINGS;
	if (words != 1) {
		o.s.link_mode_masks_nwords = -1;
		return copy_out_bytes(u, &o.s, sizeof(o.s));
	}
	err = get_speed(dev, &o.s.speed, &o.s.duplex);
	if (err)
		return err;
	o.s.port = PORT_OTHER;
	o.s.link_mode_masks_nwords = 1;
	return copy_out_bytes(u, &o, sizeof(o));
}

static int get_value(uaddr_t u, u32 cmd, u32 v)
{
	struct ethtool_value out = { cmd, v };

	return copy_out_bytes(u, &out, sizeof(out));
}

static int get_ring(struct net_device *dev, uaddr_t u)
{
	struct ethtool_ringparam r = { .cmd = ETHTOOL_GRINGPARAM };

	if (!dev->ethtool || !dev->ethtool->get_ring)
		return -EOPNOTSUPP;
	dev->ethtool->get_ring(dev, &r.rx_pending, &r.tx_pending, &r.rx_max_pending, &r.tx_max_pending);
	return copy_out_bytes(u, &r, sizeof(r));
}

static int get_channels(struct net_device *dev, uaddr_t u)
{
	struct ethtool_channels c = { .cmd = ETHTOOL_GCHANNELS };

	if (!dev->ethtool || !dev->ethtool->get_channels)
		return -EOPNOTSUPP;
	dev->ethtool->get_channels(dev, &c.combined_count, &c.max_combined);
	return copy_out_bytes(u, &c, sizeof(c));
}

/* A number of queues both ways is all that can be changed. */
static int set_channels(struct net_device *dev, uaddr_t u)
{
	struct ethtool_channels c;
	u32 cur, max;
	int err = copy_in_bytes(&c, u, sizeof(c));

	if (err)
		return err;
	if (!dev->ethtool || !dev->ethtool->get_channels || !dev->ethtool->set_channels)
		return -EOPNOTSUPP;
	dev->ethtool->get_channels(dev, &cur, &max);
	if (c.rx_count || c.tx_count || c.other_count || !c.combined_count || c.combined_count > max)
		return -EINVAL;
	return c.combined_count == cur ? 0 : dev->ethtool->set_channels(dev, c.combined_count);
}

static int get_perm_addr(struct net_device *dev, uaddr_t u)
{
	struct ethtool_perm_addr p;
	int err = copy_in_bytes(&p, u, sizeof(p));

	if (err)
		return err;
	if (p.size < dev->addr_len)
		return -ETOOSMALL;
	p.size = dev->addr_len;
	err = copy_out_bytes(u, &p, sizeof(p));
	return err ? err : copy_out_bytes(uaddr_add(u, sizeof(p)), dev->perm_addr, dev->addr_len);
}

/* --- tables --- */

static int set_size(struct net_device *dev, u32 set)
{
	switch (set) {
	case ETH_SS_STATS:
		return (int)nr_stats(dev);
	case ETH_SS_FEATURES:
		return ARRAY_SIZE(features);
	}
	return -EOPNOTSUPP;
}

static int get_sset_info(struct net_device *dev, uaddr_t u)
{
	struct { struct ethtool_sset_info i; u32 n[64]; } o;
	u64 asked;
	u32 k = 0;
	int err = copy_in_bytes(&o.i, u, sizeof(o.i));

	if (err)
		return err;
	asked = o.i.sset_mask;
	o.i.reserved = 0;
	o.i.sset_mask = 0;
	for (u32 set = 0; set < 64; set++) {
		int n = asked >> set & 1 ? set_size(dev, set) : -1;

		if (n < 0)
			continue;
		o.i.sset_mask |= 1ull << set;
		o.n[k++] = (u32)n;
	}
	return copy_out_bytes(u, &o, sizeof(o.i) + k * sizeof(o.n[0]));
}

static const char *set_string(struct net_device *dev, u32 set, u32 i)
{
	const char *name = "";
	u64 value;

	if (set == ETH_SS_FEATURES)
		return features[i].name;
	(void)dev->ethtool->get_stat(dev, i, &name, &value);
	return name;
}

static int get_strings(struct net_device *dev, uaddr_t u)
{
	struct ethtool_gstrings h;
	int n, err = copy_in_bytes(&h, u, sizeof(h));

	if (err)
		return err;
	n = set_size(dev, h.string_set);
	if (n < 0)
		return n;
	h.len = (u32)n;
	err = copy_out_bytes(u, &h, sizeof(h));
	for (u32 i = 0; i < (u32)n && !err; i++) {
		char text[ETH_GSTRING_LEN] = "";

		strscpy(text, set_string(dev, h.string_set, i), sizeof(text));
		err = copy_out_bytes(uaddr_add(u, sizeof(h) + (u64)i * ETH_GSTRING_LEN), text, sizeof(text));
	}
	return err;
}

static int get_stats(struct net_device *dev, uaddr_t u)
{
	struct ethtool_stats h = { ETHTOOL_GSTATS, nr_stats(dev) };
	int err;

	if (!h.n_stats)
		return -EOPNOTSUPP;
	err = copy_out_bytes(u, &h, sizeof(h));
	for (u32 i = 0; i < h.n_stats && !err; i++) {
		const char *name;
		u64 value = 0;

		(void)dev->ethtool->get_stat(dev, i, &name, &value);
		err = copy_out_bytes(uaddr_add(u, sizeof(h) + (u64)i * sizeof(value)), &value, sizeof(value));
	}
	return err;
}

/* --- features --- */

static int get_features(struct net_device *dev, uaddr_t u)
{
	struct { struct ethtool_gfeatures h; struct ethtool_get_features_block b[FEATURE_BLOCKS]; } o;
	u32 room;
	int err = copy_in_bytes(&o.h, u, sizeof(o.h));

	if (err)
		return err;
	room = o.h.size;
	o.h = (struct ethtool_gfeatures){ ETHTOOL_GFEATURES, FEATURE_BLOCKS };
	o.b[0].available = feature_word(dev->hw_features);
	o.b[0].requested = feature_word(dev->wanted_features);
	o.b[0].active = feature_word(dev->features);
	o.b[0].never_changed = 0;
	return copy_out_bytes(u, &o, sizeof(o.h) + min_t(u32, room, FEATURE_BLOCKS) * sizeof(o.b[0]));
}

#define ETHTOOL_F_UNSUPPORTED	1
#define ETHTOOL_F_WISH		2

static int set_features(struct net_device *dev, uaddr_t u)
{
	struct { struct ethtool_gfeatures h; struct ethtool_set_features_block b[FEATURE_BLOCKS]; } in;
	u32 known = (u32)((1ull << ARRAY_SIZE(features)) - 1), valid, want;
	int result = 0, err = copy_in_bytes(&in, u, sizeof(in));

	if (err)
		return err;
	if (in.h.size != FEATURE_BLOCKS || (in.b[0].valid & ~known))
		return -EINVAL;
	valid = feature_bits(in.b[0].valid);
	want = feature_bits(in.b[0].requested);
	if (valid & ~dev->hw_features) {
		valid &= dev->hw_features;
		result |= ETHTOOL_F_UNSUPPORTED;
	}
	err = netdev_set_features(dev, (dev->wanted_features & ~valid) | (want & valid));
	if (err)
		return err;
	if ((dev->features ^ want) & valid)
		result |= ETHTOOL_F_WISH;
	return result;
}

/* The older commands, one feature each. */
static u32 old_feature(u32 cmd)
{
	switch (cmd) {
	case ETHTOOL_GRXCSUM: case ETHTOOL_SRXCSUM:
		return NETIF_RXCSUM;
	case ETHTOOL_GTXCSUM: case ETHTOOL_STXCSUM:
		return NETIF_CSUM;
	case ETHTOOL_GSG: case ETHTOOL_SSG:
		return NETIF_SG;
	case ETHTOOL_GTSO: case ETHTOOL_STSO:
		return NETIF_TSO4 | NETIF_TSO6 | NETIF_TSO_ECN;
	case ETHTOOL_GGRO: case ETHTOOL_SGRO:
		return NETIF_GRO;
	}
	return 0;
}

static int set_old_feature(struct net_device *dev, u32 cmd, uaddr_t u)
{
	u32 bits = old_feature(cmd) & dev->hw_features;
	struct ethtool_value v;
	int err = copy_in_bytes(&v, u, sizeof(v));

	if (err)
		return err;
	if (!bits)
		return -EOPNOTSUPP;
	return netdev_set_features(dev, v.data ? dev->wanted_features | bits : dev->wanted_features & ~bits);
}

/* --- the call --- */

static int ethtool_do(struct net_device *dev, u32 cmd, uaddr_t u)
{
	switch (cmd) {
	case ETHTOOL_GSET:
		return get_settings(dev, u);
	case ETHTOOL_GDRVINFO:
		return get_drvinfo(dev, u);
	case ETHTOOL_GLINK:
		return get_value(u, cmd, netdev_running(dev) && READ_ONCE(dev->carrier));
	case ETHTOOL_GRINGPARAM:
		return get_ring(dev, u);
	case ETHTOOL_GCHANNELS:
		return get_channels(dev, u);
	case ETHTOOL_SCHANNELS:
		return set_channels(dev, u);
	case ETHTOOL_GPERMADDR:
		return get_perm_addr(dev, u);
	case ETHTOOL_GSSET_INFO:
		return get_sset_info(dev, u);
	case ETHTOOL_GSTRINGS:
		return get_strings(dev, u);
	case ETHTOOL_GSTATS:
		return get_stats(dev, u);
	case ETHTOOL_GLINKSETTINGS:
		return get_link_settings(dev, u);
	case ETHTOOL_GFEATURES:
		return get_features(dev, u);
	case ETHTOOL_SFEATURES:
		return set_features(dev, u);
	case ETHTOOL_GRXCSUM: case ETHTOOL_GTXCSUM: case ETHTOOL_GSG: case ETHTOOL_GTSO: case ETHTOOL_GGRO:
		return get_value(u, cmd, (dev->features & old_feature(cmd)) != 0);
	case ETHTOOL_SRXCSUM: case ETHTOOL_STXCSUM: case ETHTOOL_SSG: case ETHTOOL_STSO: case ETHTOOL_SGRO:
		return set_old_feature(dev, cmd, u);
	}
	return -EOPNOTSUPP;
}

/* What everybody may ask; the rest wants CAP_NET_ADMIN. */
static bool for_everybody(u32 cmd)
{
	switch (cmd) {
	case ETHTOOL_GSET: case ETHTOOL_GDRVINFO: case ETHTOOL_GLINK: case ETHTOOL_GRXCSUM: case ETHTOOL_GTXCSUM: case ETHTOOL_GSG:
	case ETHTOOL_GSSET_INFO: case ETHTOOL_GSTRINGS: case ETHTOOL_GSTATS: case ETHTOOL_GTSO: case ETHTOOL_GPERMADDR:
	case ETHTOOL_GGRO: case ETHTOOL_GFEATURES: case ETHTOOL_GCHANNELS: case ETHTOOL_GLINKSETTINGS:
		return true;
	}
	return false;
}

long netdev_ethtool(struct net *net, const struct ifreq *ifr)
{
	uaddr_t u = uaddr(ifr->ifr_ifru.ifru_data);
	struct net_device *dev;
	u32 cmd;
	int err = copy_in_bytes(&cmd, u, sizeof(cmd));

	if (err)
		return err;
	if (!for_everybody(cmd) && !ns_capable(current_cred(), net->user_ns, CAP_NET_ADMIN))
		return -EPERM;
	err = rtnl_lock_killable();
	if (err)
		return err;
	dev = netdev_by_name(net, ifr->ifr_ifrn.ifrn_name);
	err = dev ? ethtool_do(dev, cmd, u) : -ENODEV;
	rtnl_unlock();
	return err;
}
