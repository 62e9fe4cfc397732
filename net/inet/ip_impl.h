/* SPDX-License-Identifier: MPL-2.0 */
/* What the IPv4 files share. */
#ifndef NET_INET_IP_IMPL_H
#define NET_INET_IP_IMPL_H

#include "inet_impl.h"

void ip_receive(struct net_device *dev, struct pkt_list *l);
void ip_input_init(void);
/* p: a fragment, data at its IP header. The whole packet, data at its header, or NULL. */
struct pkt *ip_reassemble(struct net *net, struct pkt *p);
/* p has its IP header; fragments if need be and sends by r. o may be NULL. Consumes p. */
int ip_transmit(struct net *net, const struct route *r, struct pkt *p, const struct ip_out *o);

/*
 * Reassembly for both families (ip_frag.c). A fragment's payload [off, off + len of p) of the packet `key`; p: data at the
 * payload, consumed. NULL: not complete (or refused). Else a fresh packet: linear, `head` of the first fragment's network
 * header (its bytes from net_off up to the payload, data pointing at it) followed by the payload.
 */
struct frag_key {
	struct ipaddr src, dst;
	u32 id;
	int iif;
	u8 proto, family;
};
/* How many packets of a family are incomplete, and the memory they take. */
void ip_frag_stat(struct net *net, u8 family, u32 *nr, u64 *mem);
struct pkt *frag_add(struct net *net, const struct frag_key *key, struct pkt *p, u32 off, bool more);

bool icmp_allowed(struct net *net);		/* the rate limit of errors, both families (icmp.c) */

/* Called by TCP's owner of the burst. */
void tcp_receive_flush(struct net *net);
/* ip_lo.c: p (data at its IP header, protocol set) is delivered here and consumed; false: it must go by the device. */
bool ip_lo_deliver(struct net *net, const struct route *r, struct pkt *p, const struct ip_out *o);

#endif
