/* SPDX-License-Identifier: MPL-2.0 */
/* Raw sockets of IPv6: echo with the kernel's checksum, filters, checksums elsewhere, whole headers, errors. */
#include <netinet/icmp6.h>
#include <netinet/ip6.h>
#include "inet6.h"
#include <linux/errqueue.h>

static int raw(int proto) { return CHECK_OK(socket(AF_INET6, SOCK_RAW, proto)); }

static void ping(int fd, int id)
{
	struct { struct icmp6_hdr h; char data[8]; } m = { .data = "payload" };
	struct sockaddr_in6 a = a6("::1", 0);

	m.h.icmp6_type = ICMP6_ECHO_REQUEST;
	m.h.icmp6_id = htons(id);
	m.h.icmp6_cksum = 0x1234;	/* the kernel's to set */
	CHECK_EQ(sendto(fd, &m, sizeof(m), 0, (void *)&a, sizeof(a)), sizeof(m));
}

/* Type of the next message with this id, waited for; flags MSG_DONTWAIT: -1: none. */
static int look(int fd, int id, int flags)
{
	struct { struct icmp6_hdr h; char data[100]; } m;
	struct sockaddr_in6 from;
	socklen_t len = sizeof(from);
	ssize_t n;

	while ((n = recvfrom(fd, &m, sizeof(m), flags, (void *)&from, &len)) >= 0) {
		if (m.h.icmp6_id != htons(id))
			continue;
		CHECK_EQ(n, 16);
		CHECK_MEM(m.data, "payload", 8);
		CHECK(is6(&from, "::1"));
		CHECK_EQ(from.sin6_port, 0);
		return m.h.icmp6_type;
	}
	CHECK_EQ(errno, EAGAIN);
	return -1;
}
static int next_type(int fd, int id) { return look(fd, id, 0); }

CASE(echo)
{
	int s;

	lo_up();
	s = raw(IPPROTO_ICMPV6);
	ping(s, 77);
	CHECK_EQ(next_type(s, 77), ICMP6_ECHO_REQUEST);
	CHECK_EQ(next_type(s, 77), ICMP6_ECHO_REPLY);
	CHECK_EQ(look(s, 77, MSG_DONTWAIT), -1);
}

CASE(filter)
{
	struct icmp6_filter f, g;
	socklen_t len = sizeof(g);
	int s, u;

	lo_up();
	s = raw(IPPROTO_ICMPV6);
	u = raw(200);
	ICMP6_FILTER_SETBLOCKALL(&f);
	ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &f);
	CHECK_EQ(setsockopt(s, IPPROTO_ICMPV6, ICMP6_FILTER, &f, sizeof(f)), 0);
	CHECK_EQ(getsockopt(s, IPPROTO_ICMPV6, ICMP6_FILTER, &g, &len), 0);
	CHECK_EQ(len, sizeof(g));
	CHECK_MEM(&f, &g, sizeof(f));
	ping(s, 78);
	CHECK_EQ(next_type(s, 78), ICMP6_ECHO_REPLY);
	CHECK_EQ(look(s, 78, MSG_DONTWAIT), -1);
	CHECK_ERR(setsockopt(u, IPPROTO_ICMPV6, ICMP6_FILTER, &f, sizeof(f)), EOPNOTSUPP);
	CHECK_ERR(setsockopt(s, IPPROTO_ICMPV6, 77, &f, sizeof(f)), ENOPROTOOPT);
}

CASE(of_a_protocol)
{
	struct sockaddr_in6 from;
	socklen_t len = sizeof(from);
	int a, b, other;
	char buf[16];

	lo_up();
	a = raw(200);
	b = raw(200);
	other = raw(201);
	CHECK_EQ(sendto6(a, "data", "::1", 0), 4);
	CHECK_EQ(recvfrom(b, buf, sizeof(buf), 0, (void *)&from, &len), 4);
	CHECK_MEM(buf, "data", 4);	/* no header, unlike IPv4 */
	CHECK_EQ(recv(a, buf, sizeof(buf), 0), 4);
	CHECK_ERR(recv(other, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
	CHECK_EQ(sendto6(a, "data", "::1", 200), 4);	/* the port names the protocol */
	CHECK_ERR(sendto6(a, "data", "::1", 201), EINVAL);
	CHECK_ERR(sendto6(a, "data", "::ffff:127.0.0.1", 0), ENETUNREACH);
	CHECK_ERR(sendto6(a, "data", "2001:db8::1", 0), ENETUNREACH);
	CHECK_ERR(send(a, "data", 4, 0), EDESTADDRREQ);
	CHECK_ERR(sendto4(a, "data", "127.0.0.1", 0), EINVAL);
	CHECK_EQ(connect6(a, "::1", 0), 0);
	CHECK_EQ(send(a, "more", 4, 0), 4);
}

CASE(names)
{
	struct sockaddr_in6 a;
	int s;

	lo_up();
	s = raw(200);
	a = a6("::1", 0);
	a.sin6_family = AF_INET;
	CHECK_ERR(bind(s, (void *)&a, sizeof(a)), EINVAL);
	CHECK_ERR(bind6(s, "::ffff:127.0.0.1", 0), EADDRNOTAVAIL);
	CHECK_ERR(bind6(s, "2001:db8::1", 0), EADDRNOTAVAIL);
	CHECK_ERR(bind6(s, "fe80::1", 0), EINVAL);
	CHECK_EQ(bind6(s, "::1", 0), 0);
	a = name_of(s);
	CHECK(is6(&a, "::1"));
	CHECK_ERR(listen(s, 1), EOPNOTSUPP);
}

CASE(checksum)
{
	unsigned char out[8] = { 1, 2, 3, 4, 0xff, 0xff, 5, 6 }, in[16];
	int a, b, v = 4, odd = 3;
	socklen_t len = sizeof(v);
	unsigned sum;

	lo_up();
	a = raw(200);
	b = raw(200);
	CHECK_EQ(getsockopt(a, IPPROTO_IPV6, IPV6_CHECKSUM, &v, &len), 0);
	CHECK_EQ(v, -1);
	CHECK_ERR(setsockopt(a, IPPROTO_IPV6, IPV6_CHECKSUM, &odd, sizeof(odd)), EINVAL);
	v = 4;
	CHECK_EQ(setsockopt(a, IPPROTO_IPV6, IPV6_CHECKSUM, &v, sizeof(v)), 0);
	struct sockaddr_in6 to = a6("::1", 0);
	CHECK_EQ(sendto(a, out, sizeof(out), 0, (void *)&to, sizeof(to)), sizeof(out));
	CHECK_EQ(recv(b, in, sizeof(in), 0), 8);
	/* The pseudo header of ::1 to ::1: both addresses, the length, the protocol. */
	sum = 1 + 1 + 8 + 200;
	for (int i = 0; i < 8; i += 2)
		sum += (unsigned)in[i] << 8 | in[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	CHECK_EQ(sum, 0xffff);
	CHECK_EQ(recv(a, in, sizeof(in), 0), 8);
	/* What comes with a wrong one is not for a socket that checks. */
	CHECK_EQ(sendto(b, out, sizeof(out), 0, (void *)&to, sizeof(to)), sizeof(out));
	CHECK_ERR(recv(a, in, sizeof(in), MSG_DONTWAIT), EAGAIN);
	CHECK_EQ(recv(b, in, sizeof(in), 0), 8);
	CHECK_ERR(sendto(a, out, 4, 0, (void *)&to, sizeof(to)), EINVAL);	/* no room for it */
	v = -1;
	CHECK_EQ(setsockopt(a, IPPROTO_IPV6, IPV6_CHECKSUM, &v, sizeof(v)), 0);
	a = raw(IPPROTO_ICMPV6);
	v = 2;
	CHECK_ERR(setsockopt(a, IPPROTO_IPV6, IPV6_CHECKSUM, &v, sizeof(v)), EINVAL);
	CHECK_EQ(getsockopt(a, IPPROTO_IPV6, IPV6_CHECKSUM, &v, &len), 0);
	CHECK_EQ(v, 2);
}

CASE(whole_header)
{
	struct { struct ip6_hdr h; char data[4]; } p = { .data = "abc" };
	struct sockaddr_in6 to;
	int a, b, v;
	socklen_t len = sizeof(v);
	char buf[16];

	lo_up();
	a = raw(IPPROTO_RAW);
	b = raw(200);
	CHECK_EQ(getsockopt(a, IPPROTO_IPV6, IPV6_HDRINCL, &v, &len), 0);
	CHECK_EQ(v, 1);
	p.h.ip6_vfc = 0x60;
	p.h.ip6_plen = htons(4);
	p.h.ip6_nxt = 200;
	p.h.ip6_hlim = 9;
	p.h.ip6_src = p.h.ip6_dst = in6addr_loopback;
	to = a6("::1", 0);
	CHECK_EQ(set6(b, IPV6_RECVHOPLIMIT, 1), 0);
	CHECK_EQ(sendto(a, &p, sizeof(p), 0, (void *)&to, sizeof(to)), sizeof(p));
	struct msg6 m;
	CHECK_EQ(get_msg(b, &m, 0), 4);
	CHECK_MEM(m.data, "abc", 4);
	CHECK_EQ(ctl_int(&m, IPV6_HOPLIMIT), 9);
	CHECK_ERR(sendto(a, &p, 39, 0, (void *)&to, sizeof(to)), EINVAL);
	(void)buf;
}

CASE(unknown_protocol_is_refused)
{
	struct sock_extended_err *e;
	struct msg6 m;
	int a;

	lo_up();
	a = CHECK_OK(socket(AF_INET6, SOCK_RAW, 203));
	CHECK_EQ(set6(a, IPV6_RECVERR, 1), 0);
	close(a);
	/* Nobody has 204: parameter problem, unrecognised next header. */
	struct { struct ip6_hdr h; char data[8]; } p = { .data = "abcdefg" };
	struct sockaddr_in6 to = a6("::1", 0);
	int i = raw(IPPROTO_ICMPV6), s = raw(IPPROTO_RAW);
	struct icmp6_hdr *h = (void *)m.data;
	ssize_t got;

	p.h.ip6_vfc = 0x60;
	p.h.ip6_plen = htons(8);
	p.h.ip6_nxt = 204;
	p.h.ip6_hlim = 9;
	p.h.ip6_src = p.h.ip6_dst = in6addr_loopback;
	CHECK_EQ(sendto(s, &p, sizeof(p), 0, (void *)&to, sizeof(to)), sizeof(p));
	do	/* reports of groups are none of ours */
		got = get_msg(i, &m, 0);
	while (h->icmp6_type & ICMP6_INFOMSG_MASK);
	CHECK_EQ(got, 8 + 48);
	CHECK_EQ(h->icmp6_type, ICMP6_PARAM_PROB);
	CHECK_EQ(h->icmp6_code, ICMP6_PARAMPROB_NEXTHEADER);
	CHECK_EQ(ntohl(h->icmp6_pptr), 6);
	(void)e;
}

CASE(needs_the_capability)
{
	int st;

	if (!fork()) {
		CHECK_OK(setuid(1000));
		CHECK_ERR(socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6), EPERM);
		_exit(0);
	}
	CHECK_OK(wait(&st));
	CHECK_EQ(st, 0);
}
