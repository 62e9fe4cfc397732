/* SPDX-License-Identifier: MPL-2.0 */
/* What the files of net/netdev share. */
#ifndef NET_NETDEV_INTERNAL_H
#define NET_NETDEV_INTERNAL_H

#include <net/netdev.h>

/* SIOCETHTOOL. ifr: in kernel memory, its data pointer is the user's. */
long netdev_ethtool(struct net *net, const struct ifreq *ifr);

#endif
