/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Packet buffers (net/core/pkt.c).
 *
 *   head          data              tail        end
 *    |  headroom   |  linear bytes    |  tailroom |   then frag[0], frag[1], ...: pieces of folios
 *
 * A pkt has one owner, who may write its fields. Memory is shared by folio references: the linear
 * part is a piece of a folio too. pkt_clone() gives a second pkt over the same bytes and marks both
 * `shared`; who wants to write bytes calls pkt_writable() (headers) or pkt_unshare() (all) first and
 * gets a private copy when needed. Received bytes may be read by anybody who holds a clone, so a
 * handler never edits headers in place without that call.
 *
 * Protocol code reads headers through pkt_pull_ok(p, n): the first n bytes behind data are linear
 * afterwards. pkt_free: thread context, no spinlock of class INET_HASH or below held (a destructor may end a socket): drivers
 * collect what was sent and free it in their thread, not in the interrupt.
 */
#ifndef NET_PKT_H
#define NET_PKT_H

#include <base/csum.h>
#include <base/list.h>
#include <base/ref.h>
#include <core/page.h>
#include <net/wire.h>

struct net_device;
struct iov_iter;
struct pkt;
struct sock_common;

#define PKT_FRAGS	17	/* 64 KiB from 4 KiB pages and one more */
#define PKT_HEADROOM	128	/* link, IPv6 with options, TCP with options: what alloc leaves in front */
#define PKT_CB		64

/* What is known about the transport checksum. */
enum pkt_csum {
	CSUM_NONE,		/* rx: check it; tx: it is in place */
	CSUM_UNNECESSARY,	/* rx: the device (or loopback) vouches for it */
	CSUM_PARTIAL,		/* tx, and rx from a local sender: from csum_start to the end, stored at csum_start + csum_offset,
				   where the pseudo header's sum stands already */
	CSUM_COMPLETE,		/* rx: csum is the sum of all bytes from the network header on */
};

/* Whom a received frame is for; the values of sockaddr_ll.sll_pkttype. */
enum pkt_type { PKT_HOST, PKT_BROADCAST, PKT_MULTICAST, PKT_OTHERHOST, PKT_OUTGOING, PKT_LOOPBACK };

#define GSO_TCPV4	0x1u
#define GSO_TCPV6	0x2u
#define GSO_UDP_L4	0x4u	/* UDP_SEGMENT */
#define GSO_ECN		0x8u

/* Moments of sending; the numbers are those of SCM_TSTAMP_*. */
#define PKT_SENT	0u
#define PKT_SCHEDULED	1u

struct pkt_frag {
	struct folio *folio;	/* referenced */
	u32 off, len;
};

struct pkt {
	struct pkt *next;		/* in a pkt_list */
	u8 *head, *data, *tail, *end;
	struct folio *folio;		/* of the linear part; referenced */
	u32 len;			/* linear and fragments */
	u32 data_len;			/* in fragments */
	u32 truesize;			/* memory it keeps alive: what socket buffers are charged */
	u8 nr_frags;
	u8 csum_state;			/* enum pkt_csum */
	u8 type;			/* enum pkt_type */
	u8 gso_type;			/* GSO_*; 0: one packet */
	u16 gso_size;			/* payload bytes of each segment */
	u16 gso_segs;
	u16 mac_off, net_off, trans_off;	/* from head */
	u16 mac_len;
	u16 csum_start, csum_offset;	/* start from head */
	u32 csum;
	be16_t protocol;		/* ETH_P_* behind the link header */
	u16 queue;			/* rx: device queue it came by */
	bool shared;			/* somebody else reads the same bytes */
	bool hash_valid;
	bool local;			/* made on this machine, came by loopback */
	u8 ip_summed_bad;		/* rx: checksum was found wrong */
	u32 hash;			/* of the flow: queue choice, spreading */
	u32 mark, priority;
	u16 vlan_tci;
	bool has_vlan;
	struct net_device *dev;		/* borrowed: rx, came by; tx,
		goes by. Alive while a packet of it is in netdev_receive, and
					   as long as a reference is held by who queues the pkt beyond that (pkt_hold_dev) */
	bool dev_held;
	s64 tstamp;			/* realtime ns; 0: not taken */
	/* Called when the pkt dies: returns what was charged. May be NULL. */
	void (*destructor)(struct pkt *p);
	void *sk;			/* the destructor's; keeps what it needs by itself */
	/* The sender wants to know when: called with PKT_SCHEDULED, PKT_SENT as stamp_want says, data at the link header, sk still
	   there. NULL: nobody asks. Not of clones. */
	void (*stamped)(struct pkt *p, u32 kind);
	u32 stamp_key;			/* the sender's number for it */
	u8 stamp_want;			/* 1 << PKT_SCHEDULED | 1 << PKT_SENT */
	u32 charged;			/* bytes that the destructor gives back; truesize may change meanwhile */
	u8 cb[PKT_CB] __aligned(8);	/* the layer's that holds the pkt now */
	struct pkt_frag frag[PKT_FRAGS];
};

struct pkt_list {
	struct pkt *first, *last;
	u32 n;
};
#define PKT_LIST_INIT	{ NULL, NULL, 0 }

static inline void pkt_list_init(struct pkt_list *l) { *l = (struct pkt_list)PKT_LIST_INIT; }
static inline bool pkt_list_empty(const struct pkt_list *l) { return !l->first; }
static inline void pkt_list_add(struct pkt_list *l, struct pkt *p)
{
	p->next = NULL;
	if (l->last)
		l->last->next = p;
	else
		l->first = p;
	l->last = p;
	l->n++;
}
static inline void pkt_list_add_head(struct pkt_list *l, struct pkt *p)
{
	p->next = l->first;
	l->first = p;
	if (!l->last)
		l->last = p;
	l->n++;
}
static inline struct pkt *pkt_list_pop(struct pkt_list *l)
{
	struct pkt *p = l->first;

	if (p) {
		l->first = p->next;
		if (!l->first)
			l->last = NULL;
		p->next = NULL;
		l->n--;
	}
	return p;
}
/* `from` is left empty. */
static inline void pkt_list_join(struct pkt_list *to, struct pkt_list *from)
{
	if (!from->first)
		return;
	if (to->last)
		to->last->next = from->first;
	else
		to->first = from->first;
	to->last = from->last;
	to->n += from->n;
	pkt_list_init(from);
}
void pkt_list_free(struct pkt_list *l);

/* --- life --- */

/* Linear room for `size` bytes behind `headroom`; len is 0. NULL: no memory. GFP_ATOMIC or GFP_KERNEL. */
__must_check struct pkt *pkt_alloc(u32 headroom, u32 size, gfp_t gfp);
/* Over memory that is there: `room` bytes of folio from off on (one reference taken over), data starts at off +
   headroom, length len. */
__must_check struct pkt *pkt_from_folio(struct folio *f, u32 off, u32 room, u32 headroom, u32 len, gfp_t gfp);
/* Another pkt over the same bytes; no destructor, no dev reference. */
__must_check struct pkt *pkt_clone(struct pkt *p, gfp_t gfp);
/* All bytes in a fresh linear buffer with `headroom` in front (at least what p has in use before data is NOT copied). */
__must_check struct pkt *pkt_copy(const struct pkt *p, u32 headroom, gfp_t gfp);
void pkt_free(struct pkt *p);		/* NULL is fine */
/* Call the destructor now: the sender's charge ends where the packet leaves its socket's care (receive queues). */
void pkt_orphan(struct pkt *p);
/* Keep p->dev alive until pkt_free. */
void pkt_hold_dev(struct pkt *p);

static inline void pkt_tell_stamp(struct pkt *p, u32 kind)
{
	if (likely(!p->stamped))
		return;
	if (p->stamp_want & 1u << kind)
		p->stamped(p, kind);
	if (kind == PKT_SENT)
		p->stamped = NULL;	/* once */
}

/* --- geometry --- */

static inline u32 pkt_headroom(const struct pkt *p) { return (u32)(p->data - p->head); }
static inline u32 pkt_tailroom(const struct pkt *p) { return p->nr_frags ? 0 : (u32)(p->end - p->tail); }
static inline u32 pkt_linear(const struct pkt *p) { return (u32)(p->tail - p->data); }
/* n more bytes at the end of the linear part / in front; the caller made sure there is room and no fragment (put). */
static inline u8 *pkt_put(struct pkt *p, u32 n)
{
	u8 *t = p->tail;

	ASSERT(!p->nr_frags && n <= (u32)(p->end - p->tail));
	p->tail += n;
	p->len += n;
	return t;
}
static inline u8 *pkt_push(struct pkt *p, u32 n)
{
	ASSERT(n <= pkt_headroom(p));
	p->data -= n;
	p->len += n;
	return p->data;
}
/* Take n linear bytes off the front. */
static inline u8 *pkt_pull(struct pkt *p, u32 n)
{
	ASSERT(n <= pkt_linear(p));
	p->data += n;
	p->len -= n;
	return p->data;
}
/* Make the first n bytes linear (reads). False: the packet is shorter, or no memory. */
__must_check bool pkt_make_linear(struct pkt *p, u32 n);
static inline __must_check bool pkt_pull_ok(struct pkt *p, u32 n)
{
	return pkt_linear(p) >= n || pkt_make_linear(p, n);
}
/* Cut to len bytes. */
void pkt_trim(struct pkt *p, u32 len);
/* Take n bytes off the front, also out of fragments. n <= len. */
void pkt_advance(struct pkt *p, u32 n);
/* The linear bytes are ours to write, with at least `headroom` in front. -ENOMEM. */
__must_check int pkt_writable(struct pkt *p, u32 headroom, gfp_t gfp);
/* Add a piece; takes over the folio reference. False: full (reference stays the caller's). Joins with the last
   if it follows it. */
__must_check bool pkt_add_frag(struct pkt *p, struct folio *f, u32 off, u32 len);

static inline void pkt_set_mac(struct pkt *p) { p->mac_off = (u16)(p->data - p->head); }
static inline void pkt_set_net(struct pkt *p) { p->net_off = (u16)(p->data - p->head); }
static inline void pkt_set_trans(struct pkt *p) { p->trans_off = (u16)(p->data - p->head); }
static inline void *pkt_mac(const struct pkt *p) { return p->head + p->mac_off; }
static inline void *pkt_net(const struct pkt *p) { return p->head + p->net_off; }
static inline void *pkt_trans(const struct pkt *p) { return p->head + p->trans_off; }

/* --- bytes --- */

/* From offset off behind data. 0, -EFAULT (pkt_to_iter: user memory), -EINVAL (beyond the end). */
__must_check int pkt_read(const struct pkt *p, u32 off, void *dst, u32 n);
/* Bytes copied, short when user memory faulted. May sleep: no spinlock held. */
size_t pkt_to_iter(const struct pkt *p, u32 off, u32 n, struct iov_iter *to);
/* Append n bytes: to the tail if there is room, else in fresh page fragments. May sleep. -EFAULT, -ENOMEM, -EMSGSIZE. */
__must_check int pkt_append_iter(struct pkt *p, struct iov_iter *from, u32 n);
__must_check int pkt_append(struct pkt *p, const void *src, u32 n, gfp_t gfp);

/* --- checksums (ones' complement) --- */

u32 pkt_csum(const struct pkt *p, u32 off, u32 n, u32 sum);
/* Resolve CSUM_PARTIAL into bytes. -ENOMEM (headers were shared). */
__must_check int pkt_csum_help(struct pkt *p);

/* Cut a GSO packet in segments (headers from mac to transport are repeated and corrected). p is consumed; -errno: freed. */
__must_check int pkt_gso_segment(struct pkt *p, struct pkt_list *out);
/* Bytes of its longest segment (of p, if it is one packet), from the network header on, where data is; 0: it is broken. */
__must_check u32 pkt_segment_len(struct pkt *p);

/* The rest of a page from which small pieces are cut; one per user, who serialises. Zero to begin. */
struct frag_cache {
	struct folio *folio;
	u32 off, size;
};
/* Up to `want` bytes (at least min): *off is where; a reference for the caller. NULL: no memory. */
__must_check struct folio *frag_alloc(struct frag_cache *c, u32 min, u32 want, u32 *off, u32 *got, gfp_t gfp);
void frag_cache_fini(struct frag_cache *c);

#endif
