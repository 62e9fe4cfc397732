/* SPDX-License-Identifier: MPL-2.0 */
/* Events of IPv6 are counted for the namespace and for the device where they happen: /proc/net/snmp6, dev_snmp6 (mib6.c). */
#ifndef NET_INET_MIB6_H
#define NET_INET_MIB6_H

#include <net/inet.h>

#define MIB6_FIRST	MIB_IP6_INRECEIVES
#define MIB6_COUNT	(MIB_ICMP6_INCSUMERRORS + 1 - MIB6_FIRST)

struct mib6_dev {
	u64 v[MIB6_COUNT];		/* [o] */
	u64 type[512];			/* [o] ICMPv6 messages by type: that came, that went (from 256 on) */
} __aligned(64);

static inline void mib6_add(const struct net_device *dev, u32 item, u64 n)
{
	struct inet_dev *id;

	preempt_disable();
	id = dev ? dev_inet(dev) : NULL;
	if (likely(id))
		id->mib6[this_cpu_id()].v[item - MIB6_FIRST] += n;
	preempt_enable();
}

/* dev: NULL where it is not known which. */
#define IP6_ADD(net, dev, item, n)	do { \
	NET_ADD(net, item, n); \
	mib6_add(dev, MIB_##item, n); \
	} while (0)
#define IP6_INC(net, dev, item)	IP6_ADD(net, dev, item, 1)

/* n packets came with this traffic class: what it says of congestion. */
static inline void mib6_ecn(struct net *net, const struct net_device *dev, u8 tclass, u32 n)
{
	switch (tclass & 3) {
	case 0:
		IP6_ADD(net, dev, IP6_INNOECTPKTS, n);
		break;
	case 1:
		IP6_ADD(net, dev, IP6_INECT1PKTS, n);
		break;
	case 2:
		IP6_ADD(net, dev, IP6_INECT0PKTS, n);
		break;
	default:
		IP6_ADD(net, dev, IP6_INCEPKTS, n);
	}
}

/* A message of ICMPv6 of this type came or went. */
void icmp6_count(struct net *net, const struct net_device *dev, u8 type, bool out);

/* Under rtnl; the memory goes with the rest of id. */
__must_check int mib6_attach(struct inet_dev *id);
u64 mib6_type_count(const struct inet_dev *id, u32 i);	/* i: the type, 256 more when sent; NULL: of all */
void mib6_show_types(struct seq_file *m, const struct inet_dev *id);	/* NULL: of all */

#endif
