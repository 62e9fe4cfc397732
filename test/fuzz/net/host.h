/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The network's stack as a program on the host: net/inet, net/core and lwIP as they are, under ASan and UBSan, over stand-ins
 * for the kernel. One thread, its own clock: time passes only from one timer or frame to the next, so a run follows from its
 * seed alone, and ten seconds of a connection take a moment.
 *
 *   kern.c    memory (with failures), locks, timers, work; the clock
 *   link.c    devices: a "lo" that delays, loses, repeats and reorders; a "tap0" whose frames come from here
 *   packet.c  sums of packets built here
 *   sim.c     connections over a bad line: does every byte arrive, how fast
 *   frames.c  frames, mostly right, thrown at the stack
 *   window.c  a peer whose window is a few bytes
 *   main.c    the program (knows only the C library)
 */
#ifndef HOST_H
#define HOST_H

#include <base/list.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <fs/file.h>
#include <net/inet.h>
#include <net/netdev.h>
#include <net/socket.h>
#include <uapi/linux/socket.h>
#include "../common.h"
#include "run.h"

/* The C library, whose headers define the same types as ours. */
void *malloc(size_t n);
void *calloc(size_t n, size_t size);
void free(void *p);
int printf(const char *fmt, ...) __printf(1, 2);
__noreturn void abort(void);

/* --- kern.c --- */
extern u64 host_now;			/* ns */
extern long host_live, host_pages;	/* allocations, pages that were not given back */
extern u64 host_fail_every;		/* each n-th allocation that may fail does; 0: none */
void host_init(void);			/* runs the initcalls */
/* Work, RCU and timers that are due; then the clock goes to the next one, but not past `until`. False: nothing left. */
bool host_step(u64 until);
void host_settle(void);			/* work and RCU, no time passes */
u64 host_next_timer(void);

/* A call at a time to come. */
void host_at(u64 when, void (*fn)(void *arg), void *arg);

/* --- link.c --- */
struct law {				/* parts of 10,000; ns */
	u32 loss, dup, reorder;
	u64 delay, jitter, rate;	/* rate: bytes a second, 0: any */
};
extern struct law link_law;
extern u64 link_frames, link_lost;
extern u32 link_mtu;
extern void (*link_spy)(const struct pkt *p);	/* sees what goes out of tap0, or NULL */
struct net_device *tap_dev(void);
void link_init(void);
/* A frame comes in by tap0; its last byte lies before a page that may not be touched. */
void tap_frame(const u8 *data, u32 n, bool more);	/* more: it waits to be received with the next */

/* Bytes of a frame. */
static inline u16 get16(const u8 *p) { return (u16)(p[0] << 8 | p[1]); }
static inline u32 get32(const u8 *p) { return (u32)get16(p) << 16 | get16(p + 2); }
static inline void put16(u8 *p, u32 v) { p[0] = (u8)(v >> 8); p[1] = (u8)v; }
static inline void put32(u8 *p, u32 v) { put16(p, v >> 16); put16(p + 2, v); }

/* --- packet.c --- */
u16 packet_sum(const u8 *p, u32 n, u32 start);
void packet_seal(u8 *ip, u32 n);		/* length and sum of an IPv4 header, n bytes with what follows */
void packet_seal_transport(u8 *ip, u32 n, u32 csum_at);	/* the sum csum_at bytes into what follows the header */

/* --- sockets for sim.c and frames.c --- */
struct socket *host_socket(int family, int type);
void host_close(struct socket *s);
int host_bind(struct socket *s, u32 addr, u16 port);
int host_connect(struct socket *s, u32 addr, u16 port);
struct socket *host_accept(struct socket *s);	/* NULL: none */
ssize_t host_send(struct socket *s, const void *data, size_t n, u32 flags);
ssize_t host_recv(struct socket *s, void *data, size_t n, u32 flags);

#endif
