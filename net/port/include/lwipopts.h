/* SPDX-License-Identifier: MPL-2.0 */
/*
 * lwIP's options: only the TCP machine of one connection is used (docs/network.md). What differs between connections is a
 * variable that tcp_enter() sets before each call: window, segment size, retries.
 */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

#include <base/types.h>

extern u32 keel_tcp_fin_ms, keel_tcp_wnd, keel_tcp_mss, keel_tcp_maxrtx, keel_tcp_synmaxrtx;

#define NO_SYS			1
#define SYS_LIGHTWEIGHT_PROT	0
#define LWIP_TIMERS		0
#define LWIP_IPV4		1
#define LWIP_IPV6		1
/* Devices of link-local addresses are routing's, that is ours: lwIP compares addresses only. */
#define LWIP_IPV6_SCOPES	0
#define LWIP_TCP		1
#define LWIP_UDP		0
#define LWIP_RAW		0
#define LWIP_ICMP		0
#define LWIP_ICMP6		0
#define LWIP_IGMP		0
#define LWIP_IPV6_MLD		0
#define LWIP_ARP		0
#define LWIP_ETHERNET		0
#define LWIP_DHCP		0
#define LWIP_DNS		0
#define LWIP_SOCKET		0
#define LWIP_NETCONN		0
#define IP_REASSEMBLY		0
#define IP_FRAG			0
#define LWIP_IPV6_FRAG		0
#define LWIP_IPV6_REASS		0
#define LWIP_IPV6_DHCP6		0
#define LWIP_ND6_NUM_NEIGHBORS	1
#define LWIP_ND6_TCP_REACHABILITY_HINTS	0
#define LWIP_STATS		0
#define MIB2_STATS		0

#define MEM_LIBC_MALLOC		1
#define MEMP_MEM_MALLOC		1
#define MEM_ALIGNMENT		8
#define LWIP_SUPPORT_CUSTOM_PBUF 1
#define PBUF_LINK_HLEN		0
#define PBUF_POOL_SIZE		0
/* References of a pbuf: many clones may exist. */
#define LWIP_PBUF_REF_T		u16_t

/* A tick is 4 ms and only counts: see tcp_engine.c. Times below are in ms. */
#define TCP_TMR_INTERVAL	2
#define LWIP_TCP_RTO_TIME	1000
#define TCP_MSL			30000UL
#define TCP_FIN_WAIT_TIMEOUT	keel_tcp_fin_ms
#define TCP_SYN_RCVD_TIMEOUT	63000UL
#define TCP_OOSEQ_TIMEOUT	1000U
#define TCP_MAXRTX		keel_tcp_maxrtx
#define TCP_SYNMAXRTX		keel_tcp_synmaxrtx
#define LWIP_TCP_KEEPALIVE	1

#define LWIP_WND_SCALE		1
#define TCP_RCV_SCALE		7
#define TCP_WND			keel_tcp_wnd
#define TCP_MSS			keel_tcp_mss
#define TCP_SND_BUF		0x3fffffffU
#define TCP_SND_QUEUELEN	0xfff0U
#define TCP_SNDLOWAT		2048
#define TCP_SNDQUEUELOWAT	16
#define TCP_WND_UPDATE_THRESHOLD	(keel_tcp_wnd / 4)
#define TCP_OVERSIZE		0
#define TCP_QUEUE_OOSEQ		1
#define TCP_OOSEQ_MAX_PBUFS	4096
#define LWIP_TCP_TIMESTAMPS	1
#define LWIP_TCP_SACK_OUT	1
#define LWIP_TCP_MAX_SACK_NUM	4
#define TCP_CALCULATE_EFF_SEND_MSS	0
#define TCP_LISTEN_BACKLOG	0
#define LWIP_CALLBACK_API	1
#define SO_REUSE		0
#define LWIP_DISABLE_TCP_SANITY_CHECKS	1

/* The device, or tcp_output's caller, makes and checks sums. */
#define CHECKSUM_GEN_IP		0
#define CHECKSUM_GEN_TCP	0
#define CHECKSUM_CHECK_IP	0
#define CHECKSUM_CHECK_TCP	0
#define LWIP_CHECKSUM_ON_COPY	0

struct tcp_pcb;
s8 keel_tcp_output(struct tcp_pcb *pcb);
#define LWIP_HOOK_TCP_OUTPUT(pcb)	keel_tcp_output(pcb)

u32 keel_tcp_isn(const void *local_ip, u16 local_port, const void *remote_ip, u16 remote_port);
#define LWIP_HOOK_TCP_ISN(lip, lport, rip, rport)	keel_tcp_isn(lip, lport, rip, rport)

#endif
