/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What net.c (the card: features, configuration, control queue) and net_queue.c (its queues: frames) share.
 *
 * Each pair of queues has a thread while the device is up. The thread alone touches the receive queue and
 * its buffers; the transmit queue belongs to who holds tx_lock: netdev's transmitter, one at a time, and the
 * thread, which frees what was sent when nobody sends more. Interrupts only wake the thread.
 */
#ifndef DRIVERS_VIRTIO_NET_H
#define DRIVERS_VIRTIO_NET_H

#include <core/mutex.h>
#include <core/wait.h>
#include <core/work.h>
#include <net/netdev.h>

#include "internal.h"
#include "net_hdr.h"

struct vnet;

#define VNET_RX_MIN	((u32)(ETH_HLEN + 4 + ETH_DATA_LEN))

/* A piece of a folio that the device may write. */
struct vnet_rx_buf {
	struct folio *folio;		/* one reference; NULL: free */
	u32 off, len;
};

struct vnet_pair {
	struct vnet *n;			/* [I] */
	u32 index;			/* [I] */
	struct virtqueue *rx;		/* [thread] */
	struct virtqueue *tx;		/* [tx_lock] */
	struct wait_queue wait;		/* the thread's */
	struct task_core *thread;	/* [rtnl] NULL: down */
	bool kicked;			/* [a] an interrupt came */
	struct vnet_rx_buf *bufs;	/* [thread] one for each entry of the queue */
	u32 *free_bufs;			/* [thread] nr_free numbers of those */
	u32 nr_free;			/* [thread] */
	u32 avg_len;			/* [thread] of frames, moving, scaled by 64 */
	struct frag_cache cache;	/* [thread] */
	u64 rx_kicks, rx_no_memory;	/* [thread] */
	u64 rx_packets, rx_bytes, rx_drops;	/* [thread] */
	spinlock_t tx_lock;		/* class OBJECT */
	bool tx_full;			/* [tx_lock] netdev waits for room */
	u64 tx_kicks, tx_packets, tx_bytes;	/* [tx_lock] */
} __cacheline_aligned;

struct vnet {
	struct virtio_dev *v;		/* [I] */
	struct net_device *dev;		/* [I] */
	struct vnet_pair *pairs;	/* [I] */
	u32 nr_pairs;			/* [I] that the device has */
	u32 cur_pairs;			/* [rtnl; a] of them in use */
	u32 hdr_len;			/* [I] bytes in front of each frame */
	u32 rx_max;			/* [I] bytes of the largest frame, where one buffer has to hold it */
	bool mergeable, any_layout;	/* [I] */
	struct work link;		/* the configuration changed */
	struct mutex ctrl_mutex;	/* class LEAF_MUTEX: one command at a time */
	struct virtqueue *ctrl;		/* [ctrl_lock] or NULL */
	spinlock_t ctrl_lock;		/* class DEVICE_IRQ */
	struct completion ctrl_done;
	char stat_name[32];		/* [rtnl] the one ethtool asks for */
	bool ctrl_dead;			/* [ctrl_mutex] it did not answer once, or is gone */
};

static inline struct vnet *to_vnet(const struct net_device *dev) { return *(struct vnet **)dev->priv; }

/* net_queue.c */
__must_check int vnet_pair_init(struct vnet_pair *p, struct vnet *n, u32 index);
void vnet_pair_fini(struct vnet_pair *p);	/* the device has forgotten its queues */
void vnet_pair_broken(struct vnet_pair *p);
__must_check int vnet_pair_start(struct vnet_pair *p);
void vnet_pair_drain(struct vnet_pair *p);	/* what was given to transmit is out, or a second went by */
void vnet_pair_stop(struct vnet_pair *p);
void vnet_rx_interrupt(struct virtqueue *q);
void vnet_tx_interrupt(struct virtqueue *q);
void vnet_xmit(struct net_device *dev, u32 queue, struct pkt_list *batch);

#endif
