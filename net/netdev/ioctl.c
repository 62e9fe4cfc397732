/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The ioctls of network devices, which a socket of any family answers: netdevice(7). Addresses (SIOCGIFADDR and
 * its kin, SIOCGIFCONF) belong to the Internet family. Questions run under RCU, changes under rtnl.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/init.h>
#include <core/rcu.h>
#include <uapi/linux/if.h>
#include <core/usercopy.h>
#include <kernel/cred.h>

#include "internal.h"

#define IFR_INT(ifr)	((ifr)->ifr_ifru.ifru_ivalue)
#define IFR_SA(ifr)	((ifr)->ifr_ifru.ifru_addr)

static_assert(ETH_ALEN <= sizeof(((struct sockaddr *)0)->sa_data), "a link address fits");

/* --- questions --- */

static int get_hwaddr(const struct net_device *dev, struct ifreq *ifr)
{
	IFR_SA(ifr).sa_family = dev->type;
	memcpy(IFR_SA(ifr).sa_data, dev->addr, min_t(size_t, dev->addr_len, sizeof(IFR_SA(ifr).sa_data)));
	return 0;
}

/* In an RCU section. */
static int answer(const struct net_device *dev, u32 cmd, struct ifreq *ifr)
{
	switch (cmd) {
	case SIOCGIFFLAGS:
		ifr->ifr_ifru.ifru_flags = (__s16)netdev_get_flags(dev);
		return 0;
	case SIOCGIFMETRIC:
		IFR_INT(ifr) = 0;
		return 0;
	case SIOCGIFMTU:
		IFR_INT(ifr) = (__s32)READ_ONCE(dev->mtu);
		return 0;
	case SIOCGIFHWADDR:
		return get_hwaddr(dev, ifr);
	case SIOCGIFMAP:
		ifr->ifr_ifru.ifru_map = (struct ifmap){ 0 };
		return 0;
	case SIOCGIFINDEX:
		IFR_INT(ifr) = dev->ifindex;
		return 0;
	case SIOCGIFTXQLEN:
		IFR_INT(ifr) = (__s32)READ_ONCE(dev->txqueuelen);
		return 0;
	case SIOCGIFSLAVE:
		return -EINVAL;
	}
	return -ENOTTY;
}

static int get_name(struct net *net, struct ifreq *ifr)
{
	struct net_device *dev;

	rcu_read_lock();
	dev = netdev_by_index(net, IFR_INT(ifr));
	if (dev)
		netdev_name(dev, ifr->ifr_ifrn.ifrn_name);
	rcu_read_unlock();
	return dev ? 0 : -ENODEV;
}

/* --- changes, under rtnl --- */

static int set_hwaddr(struct net_device *dev, const struct ifreq *ifr)
{
	if (IFR_SA(ifr).sa_family != dev->type)
		return -EINVAL;
	return netdev_set_mac(dev, (const u8 *)IFR_SA(ifr).sa_data);
}

static int set_broadcast(struct net_device *dev, const struct ifreq *ifr)
{
	if (IFR_SA(ifr).sa_family != dev->type)
		return -EINVAL;
	memcpy(dev->broadcast, IFR_SA(ifr).sa_data, dev->addr_len);
	net_notify(dev->net, NETDEV_CHANGEADDR, dev);
	return 0;
}

static int set_multicast(struct net_device *dev, u32 cmd, const struct ifreq *ifr)
{
	const u8 *addr = (const u8 *)IFR_SA(ifr).sa_data;

	if (!dev->ops->set_rx_mode || IFR_SA(ifr).sa_family != AF_UNSPEC)
		return -EINVAL;
	if (cmd == SIOCADDMULTI)
		return netdev_mc_add(dev, addr);
	return netdev_mc_del(dev, addr) ? 0 : -ENOENT;
}

static int dev_set(struct net_device *dev, u32 cmd, struct ifreq *ifr)
{
	switch (cmd) {
	case SIOCSIFFLAGS:
		return netdev_change_flags(dev, (u16)ifr->ifr_ifru.ifru_flags, 0xffff);
	case SIOCSIFMTU:
		return netdev_set_mtu(dev, (u32)IFR_INT(ifr));
	case SIOCSIFHWADDR:
		return set_hwaddr(dev, ifr);
	case SIOCSIFHWBROADCAST:
		return set_broadcast(dev, ifr);
	case SIOCADDMULTI:
	case SIOCDELMULTI:
		return set_multicast(dev, cmd, ifr);
	case SIOCSIFTXQLEN:
		if (IFR_INT(ifr) < 0)
			return -EINVAL;
		WRITE_ONCE(dev->txqueuelen, (u32)IFR_INT(ifr));
		return 0;
	case SIOCSIFNAME:
		ifr->ifr_ifru.ifru_newname[IFNAMSIZ - 1] = '\0';
		return netdev_rename(dev, ifr->ifr_ifru.ifru_newname);
	}
	return -EOPNOTSUPP;	/* SIOCSIFMETRIC, SIOCSIFMAP: no device here has either */
}

static int change(struct net *net, u32 cmd, struct ifreq *ifr)
{
	struct net_device *dev;
	int err;

	if (!ns_capable(current_cred(), net->user_ns, CAP_NET_ADMIN))
		return -EPERM;
	err = rtnl_lock_killable();
	if (err)
		return err;
	dev = netdev_by_name(net, ifr->ifr_ifrn.ifrn_name);
	err = dev ? dev_set(dev, cmd, ifr) : -ENODEV;
	rtnl_unlock();
	return err;
}

/* --- the call --- */

static bool is_question(u32 cmd)
{
	switch (cmd) {
	case SIOCGIFFLAGS: case SIOCGIFMETRIC: case SIOCGIFMTU: case SIOCGIFHWADDR: case SIOCGIFMAP: case SIOCGIFINDEX:
	case SIOCGIFTXQLEN: case SIOCGIFSLAVE: case SIOCGIFMEM:
		return true;
	}
	return false;
}

static bool is_change(u32 cmd)
{
	switch (cmd) {
	case SIOCSIFFLAGS: case SIOCSIFMETRIC: case SIOCSIFMTU: case SIOCSIFHWADDR: case SIOCSIFMAP: case SIOCSIFHWBROADCAST:
	case SIOCADDMULTI: case SIOCDELMULTI: case SIOCSIFTXQLEN: case SIOCSIFNAME:
		return true;
	}
	return false;
}

static long ioctl_ifreq(struct net *net, u32 cmd, uaddr_t arg)
{
	struct net_device *dev;
	struct ifreq ifr;
	char *colon;
	int err = copy_in_bytes(&ifr, arg, sizeof(ifr));

	if (err)
		return err;
	ifr.ifr_ifrn.ifrn_name[IFNAMSIZ - 1] = '\0';
	if (cmd == SIOCGIFNAME) {
		err = get_name(net, &ifr);
		return err ? err : copy_out_bytes(arg, &ifr, sizeof(ifr));
	}
	if (cmd == SIOCETHTOOL)
		return netdev_ethtool(net, &ifr);
	if (is_change(cmd))
		return change(net, cmd, &ifr);
	/* eth0:1 asks about eth0, and the answer carries the name that was asked for. */
	colon = strchr(ifr.ifr_ifrn.ifrn_name, ':');
	if (colon)
		*colon = '\0';
	rcu_read_lock();
	dev = netdev_by_name(net, ifr.ifr_ifrn.ifrn_name);
	err = dev ? answer(dev, cmd, &ifr) : -ENODEV;
	rcu_read_unlock();
	if (colon)
		*colon = ':';
	return err ? err : copy_out_bytes(arg, &ifr, sizeof(ifr));
}

static long dev_ioctl(struct net *net, u32 cmd, uaddr_t arg)
{
	if (cmd == SIOCGIFNAME || cmd == SIOCETHTOOL || is_question(cmd) || is_change(cmd))
		return ioctl_ifreq(net, cmd, arg);
	return -ENOIOCTLCMD;
}

static int netdev_ioctl_init(void)
{
	netdev_ioctl = dev_ioctl;
	return 0;
}
INITCALL_DRIVER(netdev_ioctl_init);
