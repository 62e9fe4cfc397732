/* SPDX-License-Identifier: MPL-2.0 */
/* UDP over loopback: addresses, ports, connecting, errors, flags, options. */
#include "inet.h"

CASE(loopback_datagram)
{
	int pa, pb, a, b;
	struct sockaddr_in to, from;
	socklen_t len = sizeof(from);
	char buf[16];

	lo_up();
	a = lo_sock(SOCK_DGRAM, &pa);
	b = lo_sock(SOCK_DGRAM, &pb);
	to = lo_addr(pb);
	CHECK_EQ(sendto(a, "hello", 5, 0, (void *)&to, sizeof(to)), 5);
	CHECK_EQ(recvfrom(b, buf, sizeof(buf), 0, (void *)&from, &len), 5);
	CHECK_MEM(buf, "hello", 5);
	CHECK_EQ(len, sizeof(from));
	CHECK_EQ(from.sin_family, AF_INET);
	CHECK_EQ(ntohs(from.sin_port), pa);
	CHECK_EQ(from.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	CHECK_ERR(recv(b, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
}

CASE(refused_when_connected)
{
	int pb, a, b;
	struct sockaddr_in to;

	lo_up();
	b = lo_sock(SOCK_DGRAM, &pb);
	close(b);
	a = socket(AF_INET, SOCK_DGRAM, 0);
	to = lo_addr(pb);
	CHECK_EQ(connect(a, (void *)&to, sizeof(to)), 0);
	CHECK_EQ(send(a, "x", 1, 0), 1);
	CHECK(WAIT_EVENTS(a, POLLIN) & POLLERR);
	CHECK_ERR(send(a, "x", 1, 0), ECONNREFUSED);
	CHECK_EQ(send(a, "x", 1, 0), 1);
	WAIT_EVENTS(a, 0);
	CHECK_EQ(so_error(a), ECONNREFUSED);
	CHECK_EQ(so_error(a), 0);
}

CASE(large_is_fragmented_and_joined)
{
	static char out[65507], in[65507];
	int pb, a, b, big = 400000;
	struct sockaddr_in to;

	lo_up();
	b = lo_sock(SOCK_DGRAM, &pb);
	a = socket(AF_INET, SOCK_DGRAM, 0);
	setsockopt(b, SOL_SOCKET, SO_RCVBUF, &big, sizeof(big));
	to = lo_addr(pb);
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (char)(i * 7 + i / 251);
	CHECK_EQ(sendto(a, out, sizeof(out), 0, (void *)&to, sizeof(to)), (ssize_t)sizeof(out));
	CHECK_EQ(recv(b, in, sizeof(in), 0), (ssize_t)sizeof(in));
	CHECK_MEM(in, out, sizeof(in));
	CHECK_ERR(sendto(a, in, 65508, 0, (void *)&to, sizeof(to)), EMSGSIZE);
}

CASE(peek_and_trunc)
{
	int pb, a, b;
	struct sockaddr_in to;
	char buf[4];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	lo_up();
	b = lo_sock(SOCK_DGRAM, &pb);
	a = socket(AF_INET, SOCK_DGRAM, 0);
	to = lo_addr(pb);
	CHECK_EQ(sendto(a, "0123456789", 10, 0, (void *)&to, sizeof(to)), 10);
	CHECK_EQ(recv(b, buf, 4, MSG_PEEK), 4);
	CHECK_EQ(recv(b, buf, 4, MSG_PEEK | MSG_TRUNC), 10);
	CHECK_EQ(recvmsg(b, &m, 0), 4);
	CHECK(m.msg_flags & MSG_TRUNC);
	CHECK_ERR(recv(b, buf, 4, MSG_DONTWAIT), EAGAIN);
}

CASE(ports)
{
	int pa, a, b, one = 1;
	struct sockaddr_in x;

	lo_up();
	a = lo_sock(SOCK_DGRAM, &pa);
	b = socket(AF_INET, SOCK_DGRAM, 0);
	x = lo_addr(pa);
	CHECK_ERR(bind(b, (void *)&x, sizeof(x)), EADDRINUSE);
	x.sin_addr.s_addr = 0;
	CHECK_ERR(bind(b, (void *)&x, sizeof(x)), EADDRINUSE);
	x.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
	CHECK_EQ(bind(b, (void *)&x, sizeof(x)), 0);
	CHECK_ERR(bind(b, (void *)&x, sizeof(x)), EINVAL);
	close(b);
	b = socket(AF_INET, SOCK_DGRAM, 0);
	setsockopt(a, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(b, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	x = lo_addr(pa);
	CHECK_EQ(bind(b, (void *)&x, sizeof(x)), 0);
	close(b);
	b = socket(AF_INET, SOCK_DGRAM, 0);
	x.sin_addr.s_addr = htonl(0x01020304);
	CHECK_ERR(bind(b, (void *)&x, sizeof(x)), EADDRNOTAVAIL);
	CHECK_ERR(bind(b, (void *)&x, 8), EINVAL);
	x.sin_family = AF_UNIX;
	CHECK_ERR(bind(b, (void *)&x, sizeof(x)), EAFNOSUPPORT);
}

CASE(send_errors)
{
	int a;
	struct sockaddr_in to = lo_addr(0);

	lo_up();
	a = socket(AF_INET, SOCK_DGRAM, 0);
	CHECK_ERR(send(a, "x", 1, 0), EDESTADDRREQ);
	CHECK_ERR(sendto(a, "x", 1, 0, (void *)&to, sizeof(to)), EINVAL);
	to = lo_addr(9);
	to.sin_addr.s_addr = htonl(0x0a0b0c0d);
	CHECK_ERR(sendto(a, "x", 1, 0, (void *)&to, sizeof(to)), ENETUNREACH);
	to.sin_addr.s_addr = htonl(0x7fffffff);
	CHECK_ERR(sendto(a, "x", 1, 0, (void *)&to, sizeof(to)), EACCES);
	CHECK_ERR(listen(a, 1), EOPNOTSUPP);
	CHECK_ERR(accept(a, NULL, NULL), EOPNOTSUPP);
	CHECK_ERR(shutdown(a, SHUT_RDWR), ENOTCONN);
}

CASE(disconnect)
{
	int pb, a, b;
	struct sockaddr_in to, un = { .sin_family = AF_UNSPEC };
	socklen_t len = sizeof(to);

	lo_up();
	b = lo_sock(SOCK_DGRAM, &pb);
	a = socket(AF_INET, SOCK_DGRAM, 0);
	to = lo_addr(pb);
	CHECK_EQ(connect(a, (void *)&to, sizeof(to)), 0);
	CHECK_EQ(getpeername(a, (void *)&to, &len), 0);
	CHECK_EQ(ntohs(to.sin_port), pb);
	len = sizeof(to);
	CHECK_EQ(getsockname(a, (void *)&to, &len), 0);
	CHECK_EQ(to.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	CHECK_EQ(send(a, "x", 1, 0), 1);
	CHECK_EQ(WAIT_EVENTS(b, POLLIN), POLLIN);
	CHECK_EQ(connect(a, (void *)&un, sizeof(un)), 0);
	CHECK_ERR(getpeername(a, (void *)&to, &len), ENOTCONN);
	CHECK_ERR(send(a, "x", 1, 0), EDESTADDRREQ);
}

CASE(pktinfo_and_ttl)
{
	int pb, a, b, one = 1, ttl = 77;
	struct sockaddr_in to;
	char buf[4], ctl[256];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = ctl, .msg_controllen = sizeof(ctl) };
	bool info = false, got_ttl = false;

	lo_up();
	b = lo_sock(SOCK_DGRAM, &pb);
	a = socket(AF_INET, SOCK_DGRAM, 0);
	CHECK_EQ(setsockopt(b, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one)), 0);
	CHECK_EQ(setsockopt(b, IPPROTO_IP, IP_RECVTTL, &one, sizeof(one)), 0);
	CHECK_EQ(setsockopt(a, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl)), 0);
	to = lo_addr(pb);
	CHECK_EQ(sendto(a, "x", 1, 0, (void *)&to, sizeof(to)), 1);
	CHECK_EQ(recvmsg(b, &m, 0), 1);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo *i = (void *)CMSG_DATA(c);

			CHECK_EQ(i->ipi_addr.s_addr, htonl(INADDR_LOOPBACK));
			CHECK_EQ(i->ipi_ifindex, (int)if_nametoindex("lo"));
			info = true;
		}
		if (c->cmsg_type == IP_TTL) {
			CHECK_EQ(*(int *)CMSG_DATA(c), 77);
			got_ttl = true;
		}
	}
	CHECK(info && got_ttl);
}

CASE(more_makes_one_datagram)
{
	int pb, a, b;
	struct sockaddr_in to;

	lo_up();
	b = lo_sock(SOCK_DGRAM, &pb);
	a = socket(AF_INET, SOCK_DGRAM, 0);
	to = lo_addr(pb);
	CHECK_EQ(connect(a, (void *)&to, sizeof(to)), 0);
	udp_corks(a, b);
}

/* However small its parts are; one that is too large ends it. */
CASE(many_parts)
{
	static char buf[70000], in[70000];
	int pa, pb, a, b, on = 1, off = 0;
	struct sockaddr_in to;

	lo_up();
	a = lo_sock(SOCK_DGRAM, &pa);
	b = lo_sock(SOCK_DGRAM, &pb);
	to = lo_addr(pb);
	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (char)(i * 7 + (i >> 8));
	CHECK_OK(connect(a, (void *)&to, sizeof(to)));
	CHECK_OK(setsockopt(a, IPPROTO_UDP, UDP_CORK, &on, sizeof(on)));
	for (int i = 0; i < 6000; i += 60)
		CHECK_EQ(send(a, buf + i, 60, 0), 60);
	CHECK_EQ(send(a, buf + 6000, 9000, 0), 9000);
	for (int i = 15000; i < 18000; i += 100)
		CHECK_EQ(send(a, buf + i, 100, 0), 100);
	CHECK_OK(setsockopt(a, IPPROTO_UDP, UDP_CORK, &off, sizeof(off)));
	CHECK_EQ(recv(b, in, sizeof(in), 0), 18000);
	CHECK(!memcmp(in, buf, 18000));
	CHECK_EQ(send(a, buf, 40000, MSG_MORE), 40000);
	CHECK_ERR(send(a, buf, 40000, MSG_MORE), EMSGSIZE);
	CHECK_EQ(send(a, buf, 3, 0), 3);
	CHECK_EQ(recv(b, in, sizeof(in), 0), 3);
}

CASE(multicast_on_loopback)
{
	int a, b, pb;
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct ip_mreqn r = { 0 };
	socklen_t len = sizeof(to);
	char buf[8];

	lo_up();
	b = socket(AF_INET, SOCK_DGRAM, 0);
	CHECK_EQ(bind(b, (void *)&to, sizeof(to)), 0);
	CHECK_EQ(getsockname(b, (void *)&to, &len), 0);
	pb = ntohs(to.sin_port);
	r.imr_multiaddr.s_addr = htonl(0xe8010203);
	r.imr_address.s_addr = htonl(INADDR_LOOPBACK);
	CHECK_EQ(setsockopt(b, IPPROTO_IP, IP_ADD_MEMBERSHIP, &r, sizeof(r)), 0);
	CHECK_ERR(setsockopt(b, IPPROTO_IP, IP_ADD_MEMBERSHIP, &r, sizeof(r)), EADDRINUSE);
	a = socket(AF_INET, SOCK_DGRAM, 0);
	CHECK_EQ(setsockopt(a, IPPROTO_IP, IP_MULTICAST_IF, &r, sizeof(r)), 0);
	to.sin_port = htons(pb);
	to.sin_addr = r.imr_multiaddr;
	CHECK_EQ(sendto(a, "mc", 2, 0, (void *)&to, sizeof(to)), 2);
	CHECK_EQ(recv(b, buf, sizeof(buf), 0), 2);
	CHECK_EQ(setsockopt(b, IPPROTO_IP, IP_DROP_MEMBERSHIP, &r, sizeof(r)), 0);
	CHECK_ERR(setsockopt(b, IPPROTO_IP, IP_DROP_MEMBERSHIP, &r, sizeof(r)), EADDRNOTAVAIL);
}
