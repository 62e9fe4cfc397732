/* SPDX-License-Identifier: MPL-2.0 */
/* Ping sockets: who may have one, identifiers, echo over loopback, control messages, errors of others. */
#include "inet.h"
#include <grp.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

static void range(const char *text)
{
	int fd = CHECK_OK(open("/proc/sys/net/ipv4/ping_group_range", O_WRONLY));

	CHECK_EQ(write(fd, text, strlen(text)), (long)strlen(text));
	close(fd);
}
static struct sockaddr_in6 lo6(int port)
{
	return (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
}
CASE(who_may)
{
	range("1 0");
	CHECK_ERR(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP), EACCES);
	range("0 0");
	CHECK_OK(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP));
	CHECK_ERR(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMPV6), EPROTONOSUPPORT);
	CHECK_ERR(socket(AF_INET6, SOCK_DGRAM, IPPROTO_ICMP), EPROTONOSUPPORT);
	CHECK_ERR(socket(AF_INET, SOCK_STREAM, IPPROTO_ICMP), EPROTONOSUPPORT);
	range("100 200");
	CHECK_ERR(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP), EACCES);
	if (!fork()) {
		gid_t g = 150;

		CHECK_OK(setgroups(1, &g));
		CHECK_OK(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP));
		_exit(0);
	}
	int st;
	CHECK(wait(&st) > 0);
	CHECK_EQ(st, 0);
	range("1 0");
}
struct echo {
	struct icmphdr h;
	char data[24];
};
CASE(echo)
{
	struct echo q = { .h.type = ICMP_ECHO, .h.un.echo.sequence = htons(5), .data = "ping" }, r;
	struct sockaddr_in a = lo_addr(0), from;
	socklen_t len = sizeof(from);
	int s, on = 1;
	struct pollfd p;

	lo_up();
	range("0 0");
	s = CHECK_OK(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP));
	p = (struct pollfd){ .fd = s, .events = POLLIN };
	CHECK_OK(setsockopt(s, SOL_IP, IP_RECVTTL, &on, sizeof(on)));
	CHECK_ERR(send(s, &q, sizeof(q), 0), EDESTADDRREQ);
	CHECK_ERR(sendto(s, &q, 7, 0, (void *)&a, sizeof(a)), EINVAL);
	q.h.type = ICMP_ECHOREPLY;
	CHECK_ERR(sendto(s, &q, sizeof(q), 0, (void *)&a, sizeof(a)), EINVAL);
	q.h.type = ICMP_ECHO;
	CHECK_EQ(sendto(s, &q, sizeof(q), 0, (void *)&a, sizeof(a)), sizeof(q));
	CHECK_EQ(poll(&p, 1, kt_wait_ms()), 1);
	/* The identifier is the socket's, the checksum right, nobody asked for either. */
	CHECK_OK(getsockname(s, (void *)&from, &len));
	CHECK(from.sin_port != 0);
	{
		char control[200];
		struct iovec io = { &r, sizeof(r) };
		struct sockaddr_in name;
		struct msghdr m = { .msg_name = &name, .msg_namelen = sizeof(name), .msg_iov = &io, .msg_iovlen = 1,
			.msg_control = control, .msg_controllen = sizeof(control) };
		struct cmsghdr *c;

		CHECK_EQ(recvmsg(s, &m, 0), sizeof(r));
		CHECK_EQ(name.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
		CHECK_EQ(name.sin_port, 0);
		c = CMSG_FIRSTHDR(&m);
		CHECK(c);
		CHECK_EQ(c->cmsg_type, IP_TTL);
		CHECK_EQ(*(int *)CMSG_DATA(c), 64);
	}
	CHECK_EQ(r.h.type, ICMP_ECHOREPLY);
	CHECK_EQ(r.h.un.echo.id, from.sin_port);
	CHECK_EQ(ntohs(r.h.un.echo.sequence), 5);
	CHECK(!memcmp(r.data, q.data, sizeof(r.data)));
	CHECK_ERR(recv(s, &r, sizeof(r), MSG_DONTWAIT), EAGAIN);
	/* Connected: no address needed. */
	CHECK_OK(connect(s, (void *)&a, sizeof(a)));
	CHECK_EQ(send(s, &q, 8, 0), 8);
	CHECK_EQ(recv(s, &r, sizeof(r), 0), 8);
	range("1 0");
}
CASE(identifiers)
{
	struct sockaddr_in a = lo_addr(4711), from;
	struct echo q = { .h.type = ICMP_ECHO, .h.un.echo.id = 99 }, r;
	socklen_t len = sizeof(from);
	int s, t, off = 0;

	lo_up();
	range("0 0");
	s = CHECK_OK(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP));
	t = CHECK_OK(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP));
	CHECK_OK(bind(s, (void *)&a, sizeof(a)));
	CHECK_OK(getsockname(s, (void *)&from, &len));
	CHECK_EQ(ntohs(from.sin_port), 4711);
	/* Ping sockets are made with SO_REUSEADDR. */
	CHECK_OK(getsockopt(t, SOL_SOCKET, SO_REUSEADDR, &off, &(socklen_t){ sizeof(off) }));
	CHECK_EQ(off, 1);
	off = 0;
	CHECK_OK(setsockopt(t, SOL_SOCKET, SO_REUSEADDR, &off, sizeof(off)));
	CHECK_ERR(bind(t, (void *)&a, sizeof(a)), EADDRINUSE);
	CHECK_EQ(sendto(s, &q, sizeof(q), 0, (void *)&a, sizeof(a)), sizeof(q));
	CHECK_EQ(recv(s, &r, sizeof(r), 0), sizeof(r));
	CHECK_EQ(ntohs(r.h.un.echo.id), 4711);
	CHECK_ERR(recv(t, &r, sizeof(r), MSG_DONTWAIT), EAGAIN);
	a.sin_addr.s_addr = htonl(0xc0000201);
	CHECK_ERR(bind(t, (void *)&a, sizeof(a)), EADDRNOTAVAIL);
	range("1 0");
}
CASE(six)
{
	struct { struct icmp6_hdr h; char data[16]; } q = { .h.icmp6_type = ICMP6_ECHO_REQUEST, .data = "six" }, r;
	struct sockaddr_in6 a = lo6(0), from;
	socklen_t len = sizeof(from);
	int s;

	lo_up();
	range("0 0");
	s = CHECK_OK(socket(AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6));
	CHECK_EQ(sendto(s, &q, sizeof(q), 0, (void *)&a, sizeof(a)), sizeof(q));
	CHECK_EQ(recvfrom(s, &r, sizeof(r), 0, (void *)&from, &len), sizeof(r));
	CHECK_EQ(r.h.icmp6_type, ICMP6_ECHO_REPLY);
	CHECK(!memcmp(r.data, q.data, sizeof(r.data)));
	CHECK_EQ(from.sin6_family, AF_INET6);
	CHECK(!memcmp(&from.sin6_addr, &in6addr_loopback, 16));
	CHECK_OK(getsockname(s, (void *)&from, &len));
	CHECK_EQ(r.h.icmp6_id, from.sin6_port);
	range("1 0");
}
CASE(refused)
{
	struct sockaddr_in a = lo_addr(5);
	struct sockaddr_in6 a6 = lo6(7);
	struct echo q = { .h.type = ICMP_ECHO, .h.code = 1 };
	int s, s6, n;

	lo_up();
	range("0 0");
	s = CHECK_OK(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP));
	s6 = CHECK_OK(socket(AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6));
	CHECK_ERR(sendto(s, &q, sizeof(q), 0, (void *)&a, sizeof(a)), EINVAL);
	q.h.code = 0;
	CHECK_ERR(sendto(s, &q, sizeof(q), 0, (void *)&a6, sizeof(a6)), EAFNOSUPPORT);
	CHECK_ERR(sendto(s, &q, sizeof(q), 0, (void *)&a, 8), EINVAL);
	CHECK_ERR(sendto(s, &q, sizeof(q), MSG_OOB, (void *)&a, sizeof(a)), EOPNOTSUPP);
	q.h.type = 128;
	CHECK_ERR(sendto(s6, &q, sizeof(q), 0, (void *)&a, sizeof(a)), EINVAL);
	a6.sin6_addr.s6_addr[0] = 0xfe, a6.sin6_addr.s6_addr[1] = 0x80;
	CHECK_ERR(sendto(s6, &q, sizeof(q), 0, (void *)&a6, sizeof(a6)), EINVAL);
	/* No ioctl of its own; addresses of this machine only. */
	CHECK_ERR(ioctl(s, FIONREAD, &n), ENOTTY);
	a.sin_addr.s_addr = htonl(0xe0000001);
	s = CHECK_OK(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP));
	s6 = CHECK_OK(socket(AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6));
	CHECK_ERR(bind(s, (void *)&a, sizeof(a)), EADDRNOTAVAIL);
	a6.sin6_addr = in6addr_any;
	a6.sin6_addr.s6_addr[0] = 0xff, a6.sin6_addr.s6_addr[1] = 0x05, a6.sin6_addr.s6_addr[15] = 1;
	CHECK_ERR(bind(s6, (void *)&a6, sizeof(a6)), EINVAL);
	CHECK_ERR(getpeername(s, (void *)&a, &(socklen_t){ sizeof(a) }), ENOTCONN);
	CHECK_ERR(listen(s, 1), EOPNOTSUPP);
	range("1 0");
}
/* Identifiers are no ports of services: low ones are for everybody. */
CASE(low_identifier_without_rights)
{
	struct sockaddr_in a = lo_addr(80);
	int st;

	lo_up();
	range("0 0");
	if (!fork()) {
		int s;

		CHECK_OK(setuid(1000));
		s = CHECK_OK(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP));
		CHECK_OK(bind(s, (void *)&a, sizeof(a)));
		_exit(0);
	}
	CHECK(wait(&st) > 0);
	CHECK_EQ(st, 0);
	range("1 0");
}
CASE(peeking_and_truncation)
{
	struct echo q = { .h.type = ICMP_ECHO, .data = "peek" }, r;
	struct sockaddr_in a = lo_addr(9), b;
	socklen_t len = sizeof(b);
	int s;

	lo_up();
	range("0 0");
	s = CHECK_OK(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP));
	CHECK_OK(connect(s, (void *)&a, sizeof(a)));
	CHECK_OK(getpeername(s, (void *)&b, &len));
	CHECK_EQ(b.sin_port, htons(9));
	CHECK_EQ(send(s, &q, sizeof(q), 0), sizeof(q));
	CHECK_EQ(recv(s, &r, 4, MSG_PEEK | MSG_TRUNC), 4);
	CHECK_EQ(recv(s, &r, sizeof(r), 0), sizeof(r));
	CHECK(!memcmp(r.data, "peek", 5));
	range("1 0");
}
