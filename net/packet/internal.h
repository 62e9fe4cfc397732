/* SPDX-License-Identifier: MPL-2.0 */
/* Between the files of AF_PACKET. */
#ifndef NET_PACKET_INTERNAL_H
#define NET_PACKET_INTERNAL_H

#include <core/mutex.h>
#include <core/page.h>
#include <mm/mm.h>
#include <net/netdev.h>
#include <net/sock.h>
#include <net/socket.h>
#include <uapi/linux/if_packet.h>

/* Frames in memory that user space maps: the kernel fills the next one when its status says that it is the kernel's. */
struct packet_ring {
	struct folio **blocks;		/* [packet_sock.lock; mutex] NULL: no ring */
	u32 nr_blocks, order;		/* [packet_sock.mutex] */
	u32 per_block, nr, frame;	/* [packet_sock.lock] frames of a block, of all, bytes of one */
	u32 head;			/* [packet_sock.lock] the next to fill */
	u32 version, reserve;		/* [packet_sock.mutex; a] TPACKET_V1 or V2; room that the user asked for in each frame */
	bool mapped;			/* [packet_sock.mutex] once mapped it stays until the socket goes */
};

struct membership {
	struct membership *next;	/* [rtnl] */
	struct net_device *dev;		/* [I] referenced */
	u32 users;			/* [rtnl] */
	u16 type;			/* [I] PACKET_MR_* */
	u8 addr[8];			/* [I] */
};

/* In pkt.cb of a queued frame. */
struct frame_cb {
	struct sockaddr_ll from;
	u32 len;			/* before the filter cut it */
};
static_assert(sizeof(struct frame_cb) <= PKT_CB, "pkt.cb");

struct packet_sock {
	struct sock_common c;		/* [a] its fields */
	struct ref ref;			/* the socket, and each frame on its way out */
	struct net *net;		/* [I] */
	kuid_t uid;			/* [I] maker's */
	struct socket *s;		/* [I] while the file is open */
	struct mutex mutex;		/* class SOCKET */
	struct pkt_tap tap;		/* [mutex] */
	bool hooked;			/* [mutex] the tap is in place */
	u16 protocol;			/* [mutex; a] host order; 0: receives nothing */
	int ifindex;			/* [mutex; a] 0: all devices */
	struct net_device *dev;		/* [mutex] referenced; NULL: all */
	struct membership *members;	/* [rtnl] */
	bool auxdata, origdev, ignore_outgoing;	/* [a] */
	spinlock_t lock;		/* class SOCK_QUEUE */
	struct pkt_list rxq;		/* [lock] */
	u64 rmem;			/* [lock; a] */
	u32 packets, drops;		/* [lock] since PACKET_STATISTICS was read */
	struct packet_ring ring;	/* [S] its fields have their own */
	atomic64_t wmem;
	struct wait_queue wait;
	struct list_head link;		/* [all_lock] */
};

static inline struct packet_sock *pk(const struct socket *s) { return s->sk; }

/* The tap out and in again, in af_packet.c. The mutex is held. */
void packet_unhook(struct packet_sock *k);
void packet_rehook(struct packet_sock *k);

/* ring.c */
int packet_set_ring(struct packet_sock *k, uaddr_t val, int len);
int packet_ring_option(struct packet_sock *k, int opt, uaddr_t val, int len);
int packet_ring_hdrlen(uaddr_t val, uaddr_t ulen);
bool packet_ring_put(struct packet_sock *k, const struct pkt *p, const struct sockaddr_ll *from, u32 whole);	/* lock held */
bool packet_ring_ready(struct packet_sock *k);
int packet_mmap(struct socket *s, struct vma *v);
void packet_ring_free(struct packet_ring *r);

#endif
