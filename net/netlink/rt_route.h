/* SPDX-License-Identifier: MPL-2.0 */
/* What the route files of rtnetlink share. */
#ifndef NET_NETLINK_RT_ROUTE_H
#define NET_NETLINK_RT_ROUTE_H

#include "rt_impl.h"

#define RTA_LAST	RTA_NH_ID
extern const struct nl_policy rt_route_policy4[RTA_LAST + 1], rt_route_policy6[RTA_LAST + 1];

void rt_fill_metrics(struct nlbuf *b, const u32 metrics[FIB_METRIC_COUNT], bool mtu_locked);
/* A route; with dst: as the way to there, src: from there (or NULL). */
void rt_fill_route_to(struct nlbuf *b, const struct fib_route *r, const struct rt_msg *m, const struct ipaddr *dst,
		      const struct ipaddr *src);
/* RTM_GETROUTE without NLM_F_DUMP: rt_get.c. */
int rt_get_route(struct nl_request *r, const struct nlmsghdr *h);

#endif
