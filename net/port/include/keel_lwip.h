/* SPDX-License-Identifier: MPL-2.0 */
/* Between net/port and net/inet's TCP: all under the engine lock but for freeing pbufs of one's own. */
#ifndef KEEL_LWIP_H
#define KEEL_LWIP_H

/* Names that lwIP's headers and ours both use: lwIP's are set aside. */
#define ip_hdr		lwip_ip_hdr
#define ip6_hdr		lwip_ip6_hdr
#define tcp_state	lwip_tcp_state
#define tcp_poll	lwip_tcp_poll

#include <lwip/opt.h>

#include <lwip/ip.h>
#include <lwip/netif.h>
#include <lwip/pbuf.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/tcp.h>

#undef ip_hdr
#undef ip6_hdr
#undef tcp_state
#undef tcp_poll
#undef IP_DF
#undef IP_MF
#undef IP_OFFMASK
#undef IP_RF
#undef ip_output
#undef ip_input
#undef ip_route
#undef icmp_port_unreach

/* What memp_malloc() gives for a segment: what our sender knows of it lies behind (net/inet/tcp_tx.h). */
struct tx_seg {
	struct tcp_seg seg;
	u64 sent_ns;			/* when it was sent last */
	u32 flags;			/* SEG_* */
};

/* net/inet: send what may go now. */
err_t keel_tcp_output(struct tcp_pcb *pcb);
/* net/inet: a segment goes down (the pbuf stays lwIP's). ERR_OK, ERR_MEM, ERR_RTE. */
err_t keel_tcp_segment_out(struct pbuf *p, const ip_addr_t *src, const ip_addr_t *dst, u8_t ttl, u8_t tos);
/* net/inet: lwIP frees this PCB. */
void keel_tcp_pcb_freed(struct tcp_pcb *pcb);
/* The only interface that lwIP knows. */
extern struct netif keel_netif;

#endif
