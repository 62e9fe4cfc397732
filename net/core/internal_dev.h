/* SPDX-License-Identifier: MPL-2.0 */
/* What the files of net/core that make up devices share. */
#ifndef NET_CORE_INTERNAL_DEV_H
#define NET_CORE_INTERNAL_DEV_H

#include <core/work.h>
#include <net/netdev.h>

/* Show p to the taps: received ones with data at the network header, sent ones at the link header. Does not consume. */
void net_taps_receive(struct net_device *dev, struct pkt *p);
void net_taps_transmit(struct net_device *dev, struct pkt *p);
/* The queues take packets again, or drop what they have and what comes (waits until no xmit runs). */
void netdev_queues_start(struct net_device *dev);
void netdev_queues_stop(struct net_device *dev);
/* Segments that follow each other become one packet; data at the network header. May drop none. */
void net_gro(struct pkt_list *batch);
void netdev_queue_init(struct netdev_queue *q, struct net_device *dev, u32 index);

#endif
