/* SPDX-License-Identifier: MPL-2.0 */
/* SO_ATTACH_FILTER: programs of classic BPF that choose what a socket receives (net/core/filter.c). Source: socket(7). */
#ifndef NET_FILTER_H
#define NET_FILTER_H

#include <net/pkt.h>
#include <net/sock.h>

/*
 * How many bytes of p the socket wants: all (~0) without a filter, none (0): drop it. Offset 0 of the program is
 * p's data. Any thread context, takes no lock.
 */
u32 sock_filter_run(const struct sock_common *c, const struct pkt *p);

/* The same for a message of a family that has no pkt. */
u32 sock_filter_run_bytes(const struct sock_common *c, const void *data, u32 len);

/*
 * A program by itself, as SO_ATTACH_FILTER brings one: for who chooses by it. ERR_PTR. Run in an RCU section; freed after those
 * that see it. NULL is fine.
 */
struct sock_filter_prog *sock_prog_load(const struct sock_common *c, uaddr_t val, int len);
u32 sock_prog_run(const struct sock_filter_prog *prog, const struct pkt *p);
void sock_prog_free(struct sock_filter_prog *prog);

/* The options of it, for sock_setsockopt() and sock_getsockopt(). */
int sock_filter_set(struct sock_common *c, int opt, uaddr_t val, int len);
int sock_filter_get(struct sock_common *c, uaddr_t val, uaddr_t ulen, int len);
/* A connection has its listener's. Takes no lock. */
__must_check int sock_filter_inherit(struct sock_common *to, const struct sock_common *from);
void sock_filter_drop(struct sock_common *c);	/* the last reference goes; any context */

#endif
