/* SPDX-License-Identifier: MPL-2.0 */
/* SO_ATTACH_REUSEPORT_CBPF: a program says which socket of a group of SO_REUSEPORT gets a datagram or connection. */
#include "inet.h"
#include <linux/filter.h>
#include <poll.h>

#ifndef SO_ATTACH_REUSEPORT_CBPF
#define SO_ATTACH_REUSEPORT_CBPF 51
#endif
#ifndef SO_ATTACH_REUSEPORT_EBPF
#define SO_ATTACH_REUSEPORT_EBPF 52
#endif
#ifndef SO_DETACH_REUSEPORT_BPF
#define SO_DETACH_REUSEPORT_BPF 68
#endif

#define N	4

static int set(int fd, int opt, int v) { return setsockopt(fd, SOL_SOCKET, opt, &v, sizeof(v)); }

static int attach(int fd, struct sock_filter *f, int n)
{
	struct sock_fprog p = { (unsigned short)n, f };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &p, sizeof(p));
}

static int by_first_byte(int fd)
{
	struct sock_filter f[] = { BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0), BPF_STMT(BPF_RET | BPF_A, 0) };

	return attach(fd, f, 2);
}

static int always(int fd, unsigned i)
{
	struct sock_filter f[] = { BPF_STMT(BPF_RET | BPF_K, i) };

	return attach(fd, f, 1);
}

static int member(int type, int *port)
{
	lo_sa a = lo_addr(*port);
	socklen_t len = sizeof(a);
	int s = CHECK_OK(socket(LO_FAMILY, type, 0));

	CHECK_OK(set(s, SO_REUSEPORT, 1));
	CHECK_OK(bind(s, (void *)&a, sizeof(a)));
	CHECK_OK(getsockname(s, (void *)&a, &len));
	*port = sa_port(&a);
	return s;
}

/* Who gets a datagram that begins with `first`? */
static int got_by(const int *fd, int n, int port, unsigned char first)
{
	struct pollfd p[N];
	lo_sa to = lo_addr(port);
	int s = CHECK_OK(socket(LO_FAMILY, SOCK_DGRAM, 0)), who = -1;
	unsigned char c[4] = { first, 9, 9, 9 };

	CHECK_EQ(sendto(s, c, sizeof(c), 0, (void *)&to, sizeof(to)), 4);
	close(s);
	for (int i = 0; i < n; i++)
		p[i] = (struct pollfd){ .fd = fd[i], .events = POLLIN };
	CHECK_EQ(poll(p, (nfds_t)n, kt_wait_ms()), 1);
	for (int i = 0; i < n; i++) {
		if (!p[i].revents)
			continue;
		who = i;
		CHECK_EQ(recv(fd[i], c, sizeof(c), 0), 4);
	}
	return who;
}

CASE(who_may)
{
	struct sock_filter bad[] = { BPF_STMT(BPF_LD | BPF_IMM, 0) };
	int s, port = 0, p;
	char wide[8] = { 0 };

	lo_up();
	s = CHECK_OK(socket(LO_FAMILY, SOCK_DGRAM, 0));
	CHECK_ERR(always(s, 0), EINVAL);		/* shares nothing */
	CHECK_ERR(set(s, SO_DETACH_REUSEPORT_BPF, 0), EINVAL);
	CHECK_OK(set(s, SO_REUSEPORT, 1));
	CHECK_ERR(set(s, SO_DETACH_REUSEPORT_BPF, 0), ENOENT);
	CHECK_OK(always(s, 0));
	CHECK_OK(set(s, SO_DETACH_REUSEPORT_BPF, 0));
	CHECK_ERR(set(s, SO_DETACH_REUSEPORT_BPF, 0), ENOENT);
	CHECK_ERR(attach(s, bad, 1), EINVAL);		/* ends without an answer */
	CHECK_ERR(setsockopt(s, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, wide, sizeof(wide)), EINVAL);
	/* No descriptor, and one that is no program. */
	CHECK_ERR(set(s, SO_ATTACH_REUSEPORT_EBPF, 999), EBADF);
	CHECK_ERR(set(s, SO_ATTACH_REUSEPORT_EBPF, s), EINVAL);
	CHECK_ERR(setsockopt(s, SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF, wide, sizeof(wide)), EINVAL);
	/* Bound before it shared. */
	s = lo_sock(SOCK_DGRAM, &p);
	CHECK_OK(set(s, SO_REUSEPORT, 1));
	CHECK_ERR(always(s, 0), EINVAL);
	/* What is locked takes no program of this kind either. */
	s = member(SOCK_DGRAM, &port);
	CHECK_OK(set(s, SO_LOCK_FILTER, 1));
	CHECK_ERR(always(s, 0), EPERM);
}

CASE(datagrams)
{
	int fd[N], port = 0, who;

	lo_up();
	for (int i = 0; i < N; i++)
		fd[i] = member(SOCK_DGRAM, &port);
	CHECK_OK(by_first_byte(fd[2]));	/* through whichever */
	for (int i = 0; i < 3 * N; i++)
		CHECK_EQ(got_by(fd, N, port, (unsigned char)(i % N)), i % N);
	/* Nobody has that number: somebody gets it all the same. */
	who = got_by(fd, N, port, N);
	CHECK(who >= 0 && who < N);
	(void)got_by(fd, N, port, 255);
	/* Another program takes its place. */
	CHECK_OK(always(fd[0], 1));
	for (int i = 0; i < N; i++)
		CHECK_EQ(got_by(fd, N, port, (unsigned char)i), 1);
	/* The last takes the place of who leaves. */
	CHECK_OK(by_first_byte(fd[0]));
	close(fd[1]);
	fd[1] = fd[3];
	for (int i = 0; i < 3; i++)
		CHECK_EQ(got_by(fd, 3, port, (unsigned char)i), i);
	/* Without it they share again. */
	CHECK_OK(set(fd[1], SO_DETACH_REUSEPORT_BPF, 0));
	who = 0;
	for (int i = 0; i < 100; i++)
		who |= 1 << got_by(fd, 3, port, 0);
	CHECK_EQ(who, 7);
}

/* A load past the end ends the program with 0. */
CASE(short_datagram)
{
	struct sock_filter f[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 100), BPF_STMT(BPF_RET | BPF_K, 1) };
	int fd[2], port = 0;

	lo_up();
	fd[0] = member(SOCK_DGRAM, &port);
	fd[1] = member(SOCK_DGRAM, &port);
	CHECK_OK(attach(fd[0], f, 2));
	for (int i = 0; i < 8; i++)
		CHECK_EQ(got_by(fd, 2, port, 7), 0);
}

/* Given before bind(2): it is the group's when its socket begins one; who brings one can join no other's. */
CASE(before_bind)
{
	lo_sa a;
	socklen_t len = sizeof(a);
	int fd[3], port = 0;

	lo_up();
	fd[0] = CHECK_OK(socket(LO_FAMILY, SOCK_DGRAM, 0));
	CHECK_OK(set(fd[0], SO_REUSEPORT, 1));
	CHECK_OK(always(fd[0], 1));
	a = lo_addr(0);
	CHECK_OK(bind(fd[0], (void *)&a, sizeof(a)));
	CHECK_OK(getsockname(fd[0], (void *)&a, &len));
	port = sa_port(&a);
	CHECK_EQ(got_by(fd, 1, port, 0), 0);
	fd[1] = member(SOCK_DGRAM, &port);
	fd[2] = CHECK_OK(socket(LO_FAMILY, SOCK_DGRAM, 0));
	CHECK_OK(set(fd[2], SO_REUSEPORT, 1));
	CHECK_OK(always(fd[2], 2));
	CHECK_ERR(bind(fd[2], (void *)&a, sizeof(a)), EADDRINUSE);
	fd[2] = member(SOCK_DGRAM, &port);
	for (int i = 0; i < 8; i++)
		CHECK_EQ(got_by(fd, 3, port, 0), 1);
}

CASE(connections)
{
	int fd[N], port = 0;

	lo_up();
	for (int i = 0; i < N; i++)
		fd[i] = member(SOCK_STREAM, &port);
	/* Numbers are in the order of listen(2). */
	for (int i = N - 1; i >= 0; i--)
		CHECK_OK(listen(fd[i], 8));
	for (unsigned want = 0; want < N; want++) {
		CHECK_OK(always(fd[3], want));
		for (int i = 0; i < 5; i++) {
			struct pollfd p[N];
			lo_sa to = lo_addr(port);
			int c = CHECK_OK(socket(LO_FAMILY, SOCK_STREAM, 0)), got;

			CHECK_OK(connect(c, (void *)&to, sizeof(to)));
			for (int j = 0; j < N; j++)
				p[j] = (struct pollfd){ .fd = fd[j], .events = POLLIN };
			CHECK_EQ(poll(p, N, kt_wait_ms()), 1);
			CHECK(p[N - 1 - (int)want].revents & POLLIN);
			got = CHECK_OK(accept(fd[N - 1 - (int)want], NULL, NULL));
			/* A connection shares nothing. */
			CHECK_ERR(always(got, 0), EINVAL);
			CHECK_EQ(send(c, "x", 1, 0), 1);
			close(c);
			close(got);
		}
	}
}
