/* SPDX-License-Identifier: MPL-2.0 */
/* Between ipconfig.c and its DHCP client. */
#ifndef NET_INET_IPCONFIG_H
#define NET_INET_IPCONFIG_H

#include <base/dhcp.h>
#include <net/netdev.h>

#define IPCONFIG_DEVS	16

/* Ask by each of n devices, which are up, until one is answered: its index, and *r is what to set. bootp: without DHCP's
   types. -ETIMEDOUT. May sleep long; no rtnl. */
__must_check int dhcp_ask(struct net_device *const *dev, int n, bool bootp, const char *host, struct dhcp_reply *r);

#endif
