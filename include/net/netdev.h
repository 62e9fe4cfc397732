/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Network devices (net/core/{netdev,xmit,receive,loopback}.c).
 *
 * Life: a driver allocates (netdev_alloc), fills in, registers under no lock of its own, later
 * unregisters (which takes it down, tells everyone, waits for packets in flight and RCU) and puts its
 * reference; the memory goes with the last reference. dev_get()/dev_put() may be called anywhere.
 *
 * Receive: each queue of a device has a thread of the driver's; it collects a batch of frames (data at
 * the link header, len without FCS; csum and gso fields as the device said) and calls
 *
 *     netdev_receive(dev, queue, &batch);	thread context, no spinlock held, consumes the batch
 *
 * which counts, gives copies to taps and runs the protocols to the end:
 * sockets are filled, replies are sent from the same thread. It never blocks on a socket.
 *
 * Transmit: netdev_xmit() picks a queue, puts the packet on its list and, unless somebody does so
 * already, runs the queue: dev->ops->xmit(dev, queue, &list) is called in thread context with no
 * spinlock held, by one thread at a time for each queue. The driver takes packets from the front
 * and leaves the rest when its ring is full; it then calls netdev_tx_wake(dev, queue) from a thread
 * when there is room. Having taken packets it kicks the device once at the end.
 *
 * Locks: rtnl for registration, names, flags, addresses; netdev_queue.lock (class NET_XMIT) for its list.
 */
#ifndef NET_NETDEV_H
#define NET_NETDEV_H

#include <base/list.h>
#include <base/ref.h>
#include <core/percpu.h>
#include <core/spinlock.h>
#include <net/net.h>
#include <net/pkt.h>
#include <uapi/linux/if.h>

struct device;
struct ethtool_ops;
struct net_device;
struct netdev_queue;
struct seq_file;

#define NETDEV_MAX_ADDR	32
#define NETDEV_MAX_QUEUES	64

/* Features: what a packet may leave undone when it is given to xmit, and what the device does on receive. */
#define NETIF_CSUM	0x01u	/* CSUM_PARTIAL */
#define NETIF_SG	0x02u	/* fragments */
#define NETIF_TSO4	0x04u
#define NETIF_TSO6	0x08u
#define NETIF_UFO_L4	0x10u	/* GSO_UDP_L4 */
#define NETIF_RXCSUM	0x20u	/* gives CSUM_UNNECESSARY */
#define NETIF_GRO	0x40u	/* received segments are merged by us (net/core/gro.c) */
#define NETIF_LRO	0x80u	/* the device merges */
#define NETIF_TSO_ECN	0x100u
#define NETIF_NO_TAP_COPY	0x200u

struct netdev_stats {		/* the order of rtnl_link_stats64 */
	u64 rx_packets, tx_packets, rx_bytes, tx_bytes, rx_errors, tx_errors, rx_dropped, tx_dropped, multicast, collisions;
	u64 rx_length_errors, rx_over_errors, rx_crc_errors, rx_frame_errors, rx_fifo_errors, rx_missed_errors;
	u64 tx_aborted_errors, tx_carrier_errors, tx_fifo_errors, tx_heartbeat_errors, tx_window_errors;
	u64 rx_compressed, tx_compressed, rx_nohandler;
};

struct netdev_ops {
	/* All but xmit: under rtnl, may sleep. 0 or -errno; NULL: nothing to do, or -EOPNOTSUPP where said. */
	int (*open)(struct net_device *dev);
	int (*stop)(struct net_device *dev);		/* afterwards no xmit runs and no receive comes */
	/* See above. Never fails: a packet it cannot send is dropped, freed and counted. */
	void (*xmit)(struct net_device *dev, u32 queue, struct pkt_list *batch);
	void (*set_rx_mode)(struct net_device *dev);	/* flags (PROMISC, ALLMULTI), mc list changed */
	int (*set_mac)(struct net_device *dev, const u8 *addr);	/* NULL: -EOPNOTSUPP */
	int (*change_mtu)(struct net_device *dev, u32 mtu);	/* NULL: any within min_mtu, max_mtu */
	int (*set_features)(struct net_device *dev, u32 features);	/* ethtool -K */
	/* Add what the device counts itself. */
	void (*get_stats)(struct net_device *dev, struct netdev_stats *s);
	void (*destroy)(struct net_device *dev);	/* last reference: free what priv holds; core frees dev */
};

/* For the ethtool ioctl and sysfs; all optional, under rtnl. */
struct ethtool_ops {
	const char *(*driver)(struct net_device *dev);
	void (*bus_info)(struct net_device *dev, char *buf, size_t n);
	int (*get_speed)(struct net_device *dev, u32 *mbit, u8 *duplex);	/* -1: unknown */
	void (*get_ring)(struct net_device *dev, u32 *rx, u32 *tx, u32 *rx_max, u32 *tx_max);
	void (*get_channels)(struct net_device *dev, u32 *cur, u32 *max);
	int (*set_channels)(struct net_device *dev, u32 n);		/* 1 to max */
	/* The i-th private statistic: name, value; false: no more. */
	bool (*get_stat)(struct net_device *dev, u32 i, const char **name, u64 *value);
};

/* An address that the device shall receive besides its own. */
struct netdev_mcaddr {
	struct list_head link;		/* [mc_lock] in net_device.mc */
	u8 addr[NETDEV_MAX_ADDR];	/* [I] */
	u32 users;			/* [mc_lock] */
};

struct netdev_queue {
	spinlock_t lock;		/* class NET_XMIT */
	struct net_device *dev;		/* [I] */
	u32 index;			/* [I] */
	struct pkt_list list;		/* [lock] waiting */
	bool running;			/* [lock] somebody is in ops->xmit, or about to be */
	struct list_head nested;	/* [who runs it] in its task's xmit_queues */
	bool stopped;			/* [lock] the device is full */
	bool woken;			/* [lock] it said it is not, while xmit ran */
	bool dead;			/* [lock] down: packets are dropped */
	u64 drops;			/* [lock] */
} __cacheline_aligned;

struct net_device {
	struct list_head link;		/* [rtnl; r] */
	struct ref ref;
	char name[IFNAMSIZ];		/* [rtnl; may be read torn-free under rtnl only] */
	int ifindex;			/* [I] */
	struct net *net;		/* [I] */
	u16 type;			/* [I] ARPHRD_* */
	u8 addr_len;			/* [I] */
	u8 hard_header_len;		/* [I] */
	u8 unseen_len;			/* [I] bytes of a packet that the statistics leave out: lo's link header */
	u32 flags;			/* [rtnl; a] IFF_*; UP and RUNNING are core's */
	u32 promisc, allmulti;		/* [rtnl] how many want it */
	u32 mtu, min_mtu, max_mtu;	/* [rtnl; a] */
	u32 features, hw_features;	/* [rtnl; a] now; can be switched */
	u32 wanted_features;		/* [rtnl] by the administrator; what another one lacks may be missing in features */
	u32 gso_max;			/* [I] bytes of a GSO packet the device takes; 0: 65535 */
	u8 addr[NETDEV_MAX_ADDR];	/* [rtnl; a] */
	u8 broadcast[NETDEV_MAX_ADDR];	/* [I] */
	u8 perm_addr[NETDEV_MAX_ADDR];	/* [I] */
	u8 addr_assign_type;		/* [I] NET_ADDR_PERM 0, RANDOM 1 */
	bool carrier;			/* [a] */
	bool registered;		/* [rtnl] */
	u32 txqueuelen;			/* [rtnl; a] packets; 1000 */
	bool no_queue;			/* [I] txqueuelen is for show: nothing is dropped */
	u32 nr_txq, nr_rxq;		/* [I] */
	u32 real_txq;			/* [rtnl; a] of them in use, from the first on */
	struct netdev_queue *txq;	/* [I] */
	const struct netdev_ops *ops;	/* [I] */
	const struct ethtool_ops *ethtool;	/* [I] or NULL */
	struct device *parent;		/* [I] the bus device, for /sys/class/net/NAME/device; or NULL */
	struct device *class_dev;	/* [rtnl] sysfs part's */
	struct netdev_stats *stats;	/* [o] per CPU */
	spinlock_t mc_lock;		/* class OBJECT */
	struct list_head mc;		/* [mc_lock] netdev_mcaddr */
	struct list_head taps;		/* [tap lock; r] pkt_tap on this device alone */
	struct inet_dev *inet;		/* [rtnl; r] IPv4 and IPv6 settings, addresses: include/net/inet.h */
	u32 carrier_changes;		/* [a] */
	u64 trans_start;		/* [a] monotonic ns of the last xmit */
	struct work *link_work;		/* [I] core's: carrier changes become events */
	void *priv;			/* [I] the driver's, `priv_size` bytes behind this struct */
};

/* --- for drivers --- */

/* name may hold %d. NULL: no memory. One reference. ether: Ethernet defaults are filled in. */
__must_check struct net_device *netdev_alloc(size_t priv_size, const char *name, u32 nr_txq, u32 nr_rxq);
void netdev_setup_ether(struct net_device *dev);
/* May sleep; takes rtnl. -EEXIST, -ENOMEM. */
__must_check int netdev_register(struct net_device *dev);
void netdev_unregister(struct net_device *dev);
static inline void dev_get(struct net_device *dev) { ref_get(&dev->ref); }
void dev_put(struct net_device *dev);
/* Link up or down. Any context. */
void netdev_carrier(struct net_device *dev, bool on);
void netdev_receive(struct net_device *dev, u32 queue, struct pkt_list *batch);
void netdev_tx_wake(struct net_device *dev, u32 queue);
/*
 * Packets go to the first n transmit queues from now on, 1 <= n <= nr_txq. Under rtnl, or before netdev_register(). When it
 * returns ops->xmit runs for none of the others, and what waited there waits in another one.
 */
void netdev_set_txqs(struct net_device *dev, u32 n);
#define DEV_STAT_ADD(dev, field, n)	do { \
	preempt_disable(); \
	percpu_this((dev)->stats)->field += (n); \
	preempt_enable(); \
	} while (0)

/* --- for protocols --- */

/* Send; p->dev is set, data at the link header (mac_off set). Consumes p. Thread context,
	no spinlock held (class NET_ENGINE and below).
   0, or -ENOBUFS (queue full), -ENETDOWN: for statistics and UDP senders. */
int netdev_xmit(struct pkt *p);
/* A burst, each as above; all for their own p->dev. */
void netdev_xmit_list(struct pkt_list *l);
/* Build the link header in front of data: dst NULL is broadcast. -ENOMEM when there is no room to be had. */
__must_check int netdev_header(struct pkt *p, struct net_device *dev, u16 proto, const u8 *dst);

/* Who handles a network protocol: IPv4, ARP, IPv6. fn consumes the list: data at the network header, net_off set, p->type set. */
struct net_proto {
	u16 ethertype;
	void (*receive)(struct net_device *dev, struct pkt_list *batch);
};
int net_proto_register(const struct net_proto *p);

/* A tap sees every packet of one device or all, both ways, before protocols and after them (PKT_OUTGOING). */
struct pkt_tap {
	struct list_head link;		/* [tap lock; r] */
	struct net_device *dev;		/* [I] referenced; NULL: all */
	u16 ethertype;			/* [I] ETH_P_ALL: both directions; else received ones of that type */
	/* RCU section: may not sleep. p is a clone of its own (consume it): data at the link header, net_off set. */
	void (*fn)(struct pkt_tap *t, struct net_device *dev, struct pkt *p);
	/* Say first whether it wants the packet (filter, fanout); NULL: yes. p is not to be changed. */
	bool (*want)(struct pkt_tap *t, struct net_device *dev, const struct pkt *p);
	void *ignore;			/* [I] packets whose p->sk is this are not shown (PACKET_IGNORE_OUTGOING is the tap's) */
};
void pkt_tap_add(struct pkt_tap *t);
void pkt_tap_del(struct pkt_tap *t);	/* waits for readers; may sleep */
int net_ptype_show(struct seq_file *m, void *v);	/* /proc/net/ptype */
/* lo (loopback.c): p, data at the network header, is as received by it; false: the long way (taps, features, down). */
bool loopback_pass(struct net_device *dev, struct pkt *p);
bool net_taps_active(const struct net_device *dev);

/* The ioctls of devices, which every socket answers (net/netdev/ioctl.c). -ENOIOCTLCMD: not one of them. NULL: not built. */
extern long (*netdev_ioctl)(struct net *net, u32 cmd, uaddr_t arg);	/* [I] after boot */

/* --- looking up --- */

/* Under rtnl or in an RCU section, no reference; NULL: none. */
struct net_device *netdev_by_index(struct net *net, int ifindex);
struct net_device *netdev_by_name(struct net *net, const char *name);
/* With a reference. */
struct net_device *netdev_get_by_index(struct net *net, int ifindex);
struct net_device *netdev_get_by_name(struct net *net, const char *name);
#define for_each_netdev(dev, net_)	list_for_each_entry(dev, &(net_)->devs, link)
#define for_each_netdev_rcu(dev, net_)	list_for_each_entry_rcu(dev, &(net_)->devs, link)
void netdev_name(struct net_device *dev, char name[IFNAMSIZ]);	/* any context */

/* --- changing: under rtnl, may sleep, notify --- */

/* What SIOCSIFFLAGS and rtnetlink may set: UP, PROMISC, ALLMULTI, DEBUG, NOARP, ... */
__must_check int netdev_change_flags(struct net_device *dev, u32 flags, u32 mask);
/* Flags as user space sees them, with RUNNING, LOWER_UP, UP. */
u32 netdev_get_flags(const struct net_device *dev);
__must_check int netdev_set_mtu(struct net_device *dev, u32 mtu);
__must_check int netdev_set_mac(struct net_device *dev, const u8 *addr);
__must_check int netdev_rename(struct net_device *dev, const char *name);	/* -EINVAL, -EEXIST, -EBUSY (up) */
__must_check int netdev_set_features(struct net_device *dev, u32 features);
void netdev_set_promisc(struct net_device *dev, int inc);
void netdev_set_allmulti(struct net_device *dev, int inc);
__must_check int netdev_mc_add(struct net_device *dev, const u8 *addr);	/* counted. No rtnl needed */
int netdev_mc_del(struct net_device *dev, const u8 *addr);	/* -ENOENT */
/* Sum of all CPUs and the driver's own. */
void netdev_get_stats(struct net_device *dev, struct netdev_stats *s);
static inline bool netdev_running(const struct net_device *dev) { return READ_ONCE(dev->flags) & IFF_UP; }
/* RFC 2863: 0 unknown, 2 down, 6 up. */
u8 netdev_operstate(const struct net_device *dev);

#endif
