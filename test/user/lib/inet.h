/* SPDX-License-Identifier: MPL-2.0 */
/* For tests of Internet sockets: loopback up, addresses, pairs. */
#ifndef INET_H
#define INET_H

#include "ktest_user.h"
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>

/* Test machines start with lo down. */
static inline void lo_up(void)
{
	struct ifreq r = { 0 };
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	CHECK(s >= 0);
	strcpy(r.ifr_name, "lo");
	CHECK_EQ(ioctl(s, SIOCGIFFLAGS, &r), 0);
	r.ifr_flags |= IFF_UP;
	CHECK_EQ(ioctl(s, SIOCSIFFLAGS, &r), 0);
	close(s);
}

/*
 * The family of lo_sock() and its kin. A file of cases for AF_INET runs over IPv6 (or mapped addresses) when another file
 * includes it behind inet6_names.h.
 */
#ifndef LO_FAMILY
#define LO_FAMILY AF_INET
#endif
#if LO_FAMILY == AF_INET
typedef struct sockaddr_in lo_sa;
#else
typedef struct sockaddr_in6 lo_sa;
#endif

static inline lo_sa lo_addr(int port)
{
#if LO_FAMILY == AF_INET
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
#elif defined(LO_MAPPED)
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	inet_pton(AF_INET6, "::ffff:127.0.0.1", &a.sin6_addr);
	return a;
#else
	return (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
#endif
}

static inline bool lo_is(const lo_sa *a)
{
	lo_sa want = lo_addr(0);

#if LO_FAMILY == AF_INET
	return a->sin_family == AF_INET && a->sin_addr.s_addr == want.sin_addr.s_addr;
#else
	return a->sin6_family == AF_INET6 && !memcmp(&a->sin6_addr, &want.sin6_addr, 16);
#endif
}

static inline int sa_port(const void *a)
{
	return ntohs(((const struct sockaddr_in *)a)->sin_port);	/* of either family: it lies in the same place */
}

/* A socket bound to loopback, port of the kernel's choice in *port. */
static inline int lo_sock(int type, int *port)
{
	lo_sa a = lo_addr(0);
	socklen_t len = sizeof(a);
	int s = socket(LO_FAMILY, type, 0);

	CHECK(s >= 0);
	CHECK_EQ(bind(s, (void *)&a, sizeof(a)), 0);
	CHECK_EQ(getsockname(s, (void *)&a, &len), 0);
	if (port)
		*port = sa_port(&a);
	return s;
}

/* A connected pair of TCP sockets over loopback. */
static inline void tcp_pair(int fd[2])
{
	lo_sa a;
	int port, l = lo_sock(SOCK_STREAM, &port);

	CHECK_EQ(listen(l, 8), 0);
	fd[0] = socket(LO_FAMILY, SOCK_STREAM, 0);
	a = lo_addr(port);
	CHECK_EQ(connect(fd[0], (void *)&a, sizeof(a)), 0);
	fd[1] = accept(l, NULL, NULL);
	CHECK(fd[1] >= 0);
	close(l);
}

/* MSG_MORE and UDP_CORK: what a is given in pieces reaches b as one. a is connected to b. */
static inline void udp_corks(int a, int b)
{
	int on = 1, off = 0;
	char buf[16];

	CHECK_EQ(send(a, "abc", 3, MSG_MORE), 3);
	CHECK_ERR(recv(b, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
	CHECK_EQ(send(a, "def", 3, 0), 3);
	CHECK_EQ(recv(b, buf, sizeof(buf), 0), 6);
	CHECK_MEM(buf, "abcdef", 6);
	CHECK_EQ(setsockopt(a, IPPROTO_UDP, UDP_CORK, &on, sizeof(on)), 0);
	CHECK_EQ(send(a, "12", 2, 0), 2);
	CHECK_EQ(send(a, "34", 2, 0), 2);
	CHECK_ERR(recv(b, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
	CHECK_EQ(setsockopt(a, IPPROTO_UDP, UDP_CORK, &off, sizeof(off)), 0);
	CHECK_EQ(recv(b, buf, sizeof(buf), 0), 4);
}

static inline int so_error(int fd)
{
	int e = -1;
	socklen_t len = sizeof(e);

	CHECK_EQ(getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &len), 0);
	return e;
}

static inline int poll_now(int fd, int events)
{
	struct pollfd p = { .fd = fd, .events = (short)events };

	CHECK(poll(&p, 1, 0) >= 0);
	return p.revents;
}

/* Segments under way. That they were acknowledged wakes nobody. */
static inline unsigned tcp_unacked(int fd)
{
	struct tcp_info i;
	socklen_t len = sizeof(i);

	CHECK_EQ(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &i, &len), 0);
	return i.tcpi_unacked;
}

/*
 * Fills a connection whose peer reads nothing, in writes of this size (65536 at most); fd stays O_NONBLOCK. In the end
 * nothing is under way and no byte more is taken: one EAGAIN alone says only that what was sent has not arrived yet.
 */
static inline size_t tcp_fill(int fd, size_t chunk)
{
	static char junk[65536];
	size_t n = 0, before;
	ssize_t k;

	CHECK_EQ(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	do {
		before = n;
		while ((k = write(fd, junk, chunk)) > 0)
			n += (size_t)k;
		CHECK_EQ(errno, EAGAIN);
		CHECK_LT(n, 64u << 20);
		AWAIT(!tcp_unacked(fd));
	} while (n != before);
	return n;
}

/* Until the peer's reset is there: poll() may see the error a moment before the end, as it takes no lock. */
static inline void wait_reset(int fd)
{
	WAIT_EVENTS(fd, 0);
	AWAIT(poll_now(fd, 0) == (POLLERR | POLLHUP));
}

#endif
