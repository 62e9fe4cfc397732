/* SPDX-License-Identifier: MPL-2.0 */
/* Between the files of AF_PACKET. */
#ifndef NET_PACKET_INTERNAL_H
#define NET_PACKET_INTERNAL_H

#include <core/mutex.h>
#include <core/page.h>
#include <core/work.h>
#include <mm/mm.h>
#include <net/netdev.h>
#include <net/sock.h>
#include <net/socket.h>
#include <uapi/linux/if_packet.h>

#define SOL_PACKET	263
#define FRAME_LINEAR	2048u

struct msg;
struct packet_fanout;
struct seq_file;

/*
 * Memory that user space maps. Receiving with heads of version 1 or 2 and sending: frames, each with a status word that says
 * whose it is. Receiving with version 3: blocks, in each as many packets as fit, given away as a whole.
 */
struct packet_ring {
	/* Changed under both locks while there are no mappings; read under either, or by who is or makes a mapping. */
	struct folio **blocks;		/* [packet_sock.lock, mutex, maps] NULL: no ring */
	u32 nr_blocks, order, pages;	/* [packet_sock.lock, mutex, maps] order of a block's folio; pages of it that are shown */
	u32 block;			/* [packet_sock.lock] bytes of a block */
	u32 per_block, nr, frame;	/* [packet_sock.lock] frames of a block, of all, bytes of one */
	u32 head;			/* [packet_sock.lock; sending: mutex, a] next frame (version 3: block) to fill or send */
	/* Version 3, receiving. */
	u32 priv, tov_ms, feature;	/* [packet_sock.lock] program's room in each block, time limit of one, TP_FT_REQ_* */
	u32 next, prev, count;		/* [packet_sock.lock] in the open block: place of the next packet, of the last; how many */
	u32 freezes;			/* [packet_sock.lock] times that no block was free, since PACKET_STATISTICS was read */
	bool open, frozen, idle;	/* [packet_sock.lock] one is being filled; none is free; none closed since the timer ran */
	u64 seq;			/* [packet_sock.lock] of blocks */
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
	bool hooked;			/* [mutex; a] the tap is in place */
	u16 protocol;			/* [mutex; a] host order; 0: receives nothing */
	int ifindex;			/* [mutex; a] 0: all devices; -1: the device is gone */
	struct net_device *dev;		/* [mutex] referenced; NULL: all */
	struct membership *members;	/* [rtnl] */
	bool auxdata, origdev, ignore_outgoing;	/* [a] */
	bool loss;			/* [mutex; a] PACKET_LOSS: frames that cannot be sent are passed over */
	bool vnet;			/* [mutex; a] PACKET_VNET_HDR */
	bool bypass;			/* [a] PACKET_QDISC_BYPASS: there is no discipline to pass by */
	spinlock_t lock;		/* class SOCK_QUEUE */
	struct pkt_list rxq;		/* [lock] */
	struct pkt_list errq;		/* [lock] when frames were sent: sock_extended_err in cb */
	bool closed;			/* [lock] nobody reads any more */
	u64 rmem;			/* [lock; a] */
	u32 packets, drops;		/* [lock] since PACKET_STATISTICS was read */
	struct packet_ring ring, tx;	/* [S] their fields have their own */
	u32 version, reserve;		/* [mutex; a] TPACKET_V*; room that the program asked for in each frame */
	int stamp;			/* [a] PACKET_TIMESTAMP: only software's are there */
	int maps;			/* [lock] mappings of the rings: they stay as they are */
	struct delayed_work retire;	/* closes a block of version 3 that takes too long */
	struct packet_fanout *fanout;	/* [mutex; a] NULL: hears by itself */
	u64 rolled, roll_failed;	/* [a] packets that others got, for which nobody had room */
	atomic64_t wmem;
	struct wait_queue wait;
	struct list_head link;		/* [all_lock] */
};

static inline struct packet_sock *pk(const struct socket *s) { return s->sk; }

/* --- af_packet.c --- */

/* The tap out and in again. The mutex is held. */
void packet_unhook(struct packet_sock *k);
void packet_rehook(struct packet_sock *k);
bool packet_writable(const struct packet_sock *k);
/* p: the frame, or what lies behind its link header; that is made or checked. Consumes p when it fails. */
__must_check int packet_finish(struct packet_sock *k, struct net_device *dev, struct pkt *p, u16 protocol, const u8 *dst);
/* Charged to the socket and sent. Consumes p. No mutex. */
int packet_transmit(struct packet_sock *k, struct pkt *p);

/* In an RCU section. p: ours, data at the link header; consumed. */
void packet_deliver(struct packet_sock *k, struct net_device *dev, struct pkt *p);
bool packet_has_room(struct packet_sock *k, const struct pkt *p);

/* --- fanout.c --- */

int packet_fanout_set(struct packet_sock *k, uaddr_t val, int len);
int packet_fanout_get(struct packet_sock *k);
bool packet_fanout_rolls(struct packet_sock *k);
/* Instead of the tap's coming and going; the socket leaves its group. mutex held. */
void packet_fanout_link(struct packet_sock *k);
void packet_fanout_unlink(struct packet_sock *k);
void packet_fanout_leave(struct packet_sock *k);

/* --- member.c --- */

int packet_change_member(struct packet_sock *k, bool add, uaddr_t val, int len);
/* Under rtnl. packet_leave: of a device, NULL: all. */
int packet_join(struct packet_sock *k, const struct packet_mreq *r);
void packet_leave(struct packet_sock *k, const struct net_device *dev);

/* --- diag.c --- */

/* With all_lock and rtnl held for each socket; fn returns non-zero to end. */
int packet_walk(int (*fn)(struct packet_sock *k, void *arg), void *arg);
__must_check int packet_diag_init(void);

/* --- vnet.c: PACKET_VNET_HDR --- */

/* struct virtio_net_hdr before virtio 1.0, as little endian. */
struct packet_vnet {
	u8 flags, gso_type;
	le16_t hdr_len, gso_size, csum_start, csum_offset;
};
static_assert(sizeof(struct packet_vnet) == 10, "ABI");
#define PACKET_VNET_LEN	((u32)sizeof(struct packet_vnet))
#define PACKET_GSO_MAX	(65535u + ETH_HLEN)
/* Before a frame of len bytes is made: -EINVAL. Once it is: what it says becomes p's. -EINVAL. */
__must_check int packet_vnet_check(struct packet_vnet *h, u32 len);
__must_check int packet_vnet_apply(struct pkt *p, const struct packet_vnet *h);
void packet_vnet_of(const struct pkt *p, struct packet_vnet *h);

/* --- ring.c: making, versions 1 and 2 --- */

int packet_set_ring(struct packet_sock *k, bool tx, uaddr_t val, int len);
int packet_ring_option(struct packet_sock *k, int opt, uaddr_t val, int len);
int packet_ring_hdrlen(uaddr_t val, uaddr_t ulen);
/* lock held. False: no room. *wake: there is something to read now. */
bool packet_ring_put(struct packet_sock *k, const struct pkt *p, const struct sockaddr_ll *from, u32 whole, bool *wake);
u32 packet_ring_events(struct packet_sock *k);
bool packet_ring_has_room(const struct packet_sock *k);	/* lock held */
int packet_mmap(struct socket *s, struct vma *v);
void packet_rings_free(struct packet_sock *k);
/* Where in a frame the link and the network header of p go; false: there is no such place. Status bits of p. */
bool packet_frame_place(const struct packet_sock *k, const struct pkt *p, u32 *mac, u32 *net);
u32 packet_frame_status(const struct pkt *p);
u64 packet_frame_time(const struct pkt *p);	/* ns */
static inline u32 tp_align(u32 n) { return (n + TPACKET_ALIGNMENT - 1) & ~(TPACKET_ALIGNMENT - 1); }
static inline u32 packet_head_size(u32 version)
{
	return version == TPACKET_V3 ? (u32)sizeof(struct tpacket3_hdr) : (u32)sizeof(struct tpacket2_hdr);
}
static inline u8 *packet_block_at(const struct packet_ring *r, u32 i) { return (u8 *)kmap_local(r->blocks[i], 0); }
static inline u8 *packet_frame_at(const struct packet_ring *r, u32 i)
{
	return packet_block_at(r, i / r->per_block) + (u64)(i % r->per_block) * r->frame;
}

/* --- ring3.c: blocks of version 3; lock held --- */

void packet_blocks_start(struct packet_ring *r, const struct tpacket_req3 *q);
bool packet_block_put(struct packet_sock *k, const struct pkt *p, const struct sockaddr_ll *from, u32 whole, bool *wake);
void packet_retire(struct work *w);
#define PACKET_BLOCK_HEAD	((u32)sizeof(struct tpacket_block_desc))
static inline u32 packet_priv_size(u64 asked) { return ((u32)asked + 7) & ~7u; }

/* --- ring_tx.c --- */

/* Send the frames that the program marked: bytes, or -errno. deadline 0: does not wait. */
ssize_t packet_ring_send(struct packet_sock *k, struct net_device *dev, u16 protocol, const u8 *dst, u64 deadline);
u32 *packet_tx_status(u32 version, u8 *frame);

#endif
