/* SPDX-License-Identifier: MPL-2.0 */
/* UDP over IPv6 and over both versions with one socket: data, sizes, refusals and the error queue, segments. */
#include "inet6.h"
#include <linux/errqueue.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#define UDP_GRO 104
#endif

CASE(datagram)
{
	struct sockaddr_in6 from;
	socklen_t len = sizeof(from);
	int pa, pb, a, b;
	char buf[16];

	lo_up();
	a = lo_sock(SOCK_DGRAM, &pa);
	b = lo_sock(SOCK_DGRAM, &pb);
	CHECK_EQ(sendto6(a, "hello", "::1", pb), 5);
	CHECK_EQ(recvfrom(b, buf, sizeof(buf), 0, (void *)&from, &len), 5);
	CHECK_MEM(buf, "hello", 5);
	CHECK_EQ(len, sizeof(from));
	CHECK(is6(&from, "::1"));
	CHECK_EQ(sa_port(&from), pa);
	CHECK_EQ(from.sin6_scope_id, 0);
	CHECK_EQ(sendto6(a, "again", "::", pb), 5);	/* nobody in particular: here */
	CHECK_EQ(recv(b, buf, sizeof(buf), 0), 5);
	CHECK_EQ(sendto6(a, "", "::1", pb), 0);
	CHECK_EQ(recv(b, buf, sizeof(buf), 0), 0);
}

CASE(both_versions)
{
	struct sockaddr_in6 from;
	socklen_t len = sizeof(from);
	int port, s = sock6(SOCK_DGRAM), c4 = sock4(SOCK_DGRAM), c6 = sock6(SOCK_DGRAM);
	struct sockaddr_in f4;
	char buf[16];

	lo_up();
	CHECK_EQ(bind6(s, "::", 0), 0);
	port = ntohs(name_of(s).sin6_port);
	CHECK_EQ(sendto4(c4, "four", "127.0.0.1", port), 4);
	CHECK_EQ(recvfrom(s, buf, sizeof(buf), 0, (void *)&from, &len), 4);
	CHECK(is6(&from, "::ffff:127.0.0.1"));
	CHECK_EQ(sendto(s, "back", 4, 0, (void *)&from, sizeof(from)), 4);
	len = sizeof(f4);
	CHECK_EQ(recvfrom(c4, buf, sizeof(buf), 0, (void *)&f4, &len), 4);
	CHECK_EQ(f4.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	CHECK_EQ(ntohs(f4.sin_port), port);
	CHECK_EQ(sendto6(c6, "six", "::1", port), 3);
	len = sizeof(from);
	CHECK_EQ(recvfrom(s, buf, sizeof(buf), 0, (void *)&from, &len), 3);
	CHECK(is6(&from, "::1"));
	CHECK_EQ(sendto6(c6, "mapped", "::ffff:127.0.0.1", port), 6);
	len = sizeof(from);
	CHECK_EQ(recvfrom(s, buf, sizeof(buf), 0, (void *)&from, &len), 6);
	CHECK(is6(&from, "::ffff:127.0.0.1"));
	CHECK_EQ(sendto4(c6, "plain", "127.0.0.1", port), 5);
	CHECK_EQ(recv(s, buf, sizeof(buf), 0), 5);
	/* IPV6_V6ONLY hears nothing of IPv4. */
	close(s);
	s = sock6(SOCK_DGRAM);
	CHECK_EQ(set6(s, IPV6_V6ONLY, 1), 0);
	CHECK_EQ(bind6(s, "::", port), 0);
	CHECK_EQ(sendto4(c4, "four", "127.0.0.1", port), 4);
	CHECK_ERR(recv(s, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
	CHECK_EQ(sendto6(c6, "six", "::1", port), 3);
	CHECK_EQ(recv(s, buf, sizeof(buf), 0), 3);
}

CASE(the_better_match_gets_it)
{
	int port, any = sock6(SOCK_DGRAM), one = sock6(SOCK_DGRAM), four = sock4(SOCK_DGRAM), c = sock6(SOCK_DGRAM);
	char buf[4];

	lo_up();
	for (int i = 0; i < 3; i++)
		set_so((int[]){ any, one, four }[i], SO_REUSEADDR, 1);
	CHECK_EQ(bind6(any, "::", 0), 0);
	port = ntohs(name_of(any).sin6_port);
	CHECK_EQ(bind6(one, "::1", port), 0);
	CHECK_EQ(bind4(four, "0.0.0.0", port), 0);
	CHECK_EQ(sendto6(c, "1", "::1", port), 1);
	CHECK_EQ(recv(one, buf, 4, 0), 1);
	CHECK_EQ(sendto6(c, "2", "::ffff:127.0.0.1", port), 1);
	CHECK_EQ(recv(four, buf, 4, 0), 1);
	CHECK_ERR(recv(any, buf, 4, MSG_DONTWAIT), EAGAIN);
}

CASE(send_errors)
{
	struct sockaddr_in6 a = a6("::1", 9);
	int s = sock6(SOCK_DGRAM);
	static char big[65536];

	lo_up();
	CHECK_ERR(send(s, "x", 1, 0), EDESTADDRREQ);
	CHECK_ERR(sendto6(s, "x", "::1", 0), EINVAL);
	CHECK_ERR(sendto(s, "x", 1, 0, (void *)&a, 23), EINVAL);
	a.sin6_family = AF_UNIX;
	CHECK_ERR(sendto(s, "x", 1, 0, (void *)&a, sizeof(a)), EINVAL);
	a.sin6_family = AF_UNSPEC;
	CHECK_ERR(sendto(s, "x", 1, 0, (void *)&a, sizeof(a)), EDESTADDRREQ);
	CHECK_ERR(sendto6(s, "x", "2001:db8::1", 9), ENETUNREACH);
	CHECK_ERR(sendto6(s, "x", "::ffff:10.11.12.13", 9), ENETUNREACH);
	a = a6("::1", 9);
	CHECK_ERR(sendto(s, big, sizeof(big), 0, (void *)&a, sizeof(a)), EMSGSIZE);
	CHECK_ERR(listen(s, 1), EOPNOTSUPP);
	CHECK_ERR(shutdown(s, SHUT_RDWR), ENOTCONN);
	/* Connected: AF_UNSPEC is the peer. */
	close(s);
	s = sock6(SOCK_DGRAM);
	CHECK_EQ(connect6(s, "::1", 9), 0);
	a.sin6_family = AF_UNSPEC;
	CHECK_EQ(sendto(s, "x", 1, 0, (void *)&a, sizeof(a)), 1);
}

CASE(large_is_fragmented_and_joined)
{
	static char out[65527], in[65527];
	struct sockaddr_in6 to;
	int pb, a, b, big = 400000;

	lo_up();
	b = lo_sock(SOCK_DGRAM, &pb);
	a = sock6(SOCK_DGRAM);
	setsockopt(b, SOL_SOCKET, SO_RCVBUF, &big, sizeof(big));
	to = a6("::1", pb);
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (char)(i * 7 + i / 251);
	CHECK_EQ(sendto(a, out, sizeof(out), 0, (void *)&to, sizeof(to)), (ssize_t)sizeof(out));
	CHECK_EQ(recv(b, in, sizeof(in), 0), (ssize_t)sizeof(in));
	CHECK_MEM(in, out, sizeof(in));
	/* Smaller pieces for who asks. */
	CHECK_EQ(set6(a, IPV6_MTU, 1280), 0);
	CHECK_EQ(set6(b, IPV6_RECVFRAGSIZE, 1), 0);
	CHECK_EQ(sendto(a, out, 5000, 0, (void *)&to, sizeof(to)), 5000);
	memset(in, 0, sizeof(in));
	CHECK_EQ(recv(b, in, sizeof(in), 0), 5000);
	CHECK_MEM(in, out, 5000);
	CHECK_EQ(set6(a, IPV6_DONTFRAG, 1), 0);
	CHECK_ERR(sendto(a, out, 5000, 0, (void *)&to, sizeof(to)), EMSGSIZE);
	CHECK_EQ(sendto(a, out, 1232, 0, (void *)&to, sizeof(to)), 1232);
	CHECK_EQ(recv(b, in, sizeof(in), 0), 1232);
}

CASE(fragment_size_is_told)
{
	static char out[65500];
	struct sockaddr_in6 to;
	int pb, a, b, size;
	struct msg6 m;

	lo_up();
	b = lo_sock(SOCK_DGRAM, &pb);
	set_so(b, SO_RCVBUF, 400000);
	a = sock6(SOCK_DGRAM);
	to = a6("::1", pb);
	CHECK_EQ(set6(a, IPV6_MTU, 1280), 0);
	CHECK_EQ(set6(b, IPV6_RECVFRAGSIZE, 1), 0);
	CHECK_EQ(sendto(a, out, sizeof(out), 0, (void *)&to, sizeof(to)), (ssize_t)sizeof(out));
	CHECK_EQ(get_msg(b, &m, 0), (ssize_t)sizeof(m.data));
	CHECK(m.h.msg_flags & MSG_TRUNC);
	size = ctl_int(&m, IPV6_RECVFRAGSIZE);
	CHECK_GT(size, 1200);
	CHECK_LE(size, 1280);
	CHECK_EQ(sendto(a, out, 10, 0, (void *)&to, sizeof(to)), 10);
	CHECK_EQ(get_msg(b, &m, 0), 10);
	CHECK_EQ(ctl_int(&m, IPV6_RECVFRAGSIZE), -1);
}

CASE(refused_when_connected)
{
	int pb, a, b;

	lo_up();
	b = lo_sock(SOCK_DGRAM, &pb);
	close(b);
	a = sock6(SOCK_DGRAM);
	CHECK_EQ(connect6(a, "::1", pb), 0);
	CHECK_EQ(send(a, "x", 1, 0), 1);
	CHECK(WAIT_EVENTS(a, POLLIN) & POLLERR);
	CHECK_ERR(send(a, "x", 1, 0), ECONNREFUSED);
	CHECK_EQ(send(a, "x", 1, 0), 1);
	WAIT_EVENTS(a, 0);
	CHECK_EQ(so_error(a), ECONNREFUSED);
	CHECK_EQ(so_error(a), 0);
	/* Not connected: nobody is told, */
	close(a);
	a = sock6(SOCK_DGRAM);
	CHECK_EQ(sendto6(a, "x", "::1", pb), 1);
	CHECK_EQ(poll_now(a, POLLIN), 0);
	/* but who asks for errors is. */
	CHECK_EQ(set6(a, IPV6_RECVERR, 1), 0);
	CHECK_EQ(sendto6(a, "x", "::1", pb), 1);
	CHECK(WAIT_EVENTS(a, POLLIN) & POLLERR);
	CHECK_EQ(so_error(a), ECONNREFUSED);
}

CASE(error_queue)
{
	struct sock_extended_err *e;
	struct sockaddr_in6 *off;
	struct msg6 m;
	int pb, a, b;
	size_t len;

	lo_up();
	b = lo_sock(SOCK_DGRAM, &pb);
	close(b);
	a = sock6(SOCK_DGRAM);
	CHECK_EQ(set6(a, IPV6_RECVERR, 1), 0);
	CHECK_ERR(get_msg(a, &m, MSG_ERRQUEUE), EAGAIN);
	CHECK_EQ(sendto6(a, "lost", "::1", pb), 4);
	WAIT_EVENTS(a, 0);
	CHECK_EQ(get_msg(a, &m, MSG_ERRQUEUE), 4);
	CHECK_MEM(m.data, "lost", 4);
	CHECK(m.h.msg_flags & MSG_ERRQUEUE);
	CHECK(is6(&m.from, "::1"));
	CHECK_EQ(sa_port(&m.from), pb);
	e = ctl_of(&m, IPPROTO_IPV6, IPV6_RECVERR, &len);
	CHECK(e);
	CHECK_EQ(len, sizeof(*e) + sizeof(*off));
	CHECK_EQ(e->ee_errno, ECONNREFUSED);
	CHECK_EQ(e->ee_origin, SO_EE_ORIGIN_ICMP6);
	CHECK_EQ(e->ee_type, 1);
	CHECK_EQ(e->ee_code, 4);
	off = (void *)SO_EE_OFFENDER(e);
	CHECK(is6(off, "::1"));
	CHECK_EQ(so_error(a), 0);
	CHECK_ERR(get_msg(a, &m, MSG_ERRQUEUE), EAGAIN);
	/* Taking it back empties the queue. */
	CHECK_EQ(sendto6(a, "lost", "::1", pb), 4);
	WAIT_EVENTS(a, 0);
	CHECK_EQ(set6(a, IPV6_RECVERR, 0), 0);
	CHECK_ERR(get_msg(a, &m, MSG_ERRQUEUE), EAGAIN);
}

CASE(error_queue_of_mapped)
{
	struct sock_extended_err *e;
	struct sockaddr_in6 *off;
	int pb, a, b, on = 1;
	struct msg6 m;
	size_t len;

	lo_up();
	b = sock6(SOCK_DGRAM);
	CHECK_EQ(bind6(b, "::", 0), 0);
	pb = ntohs(name_of(b).sin6_port);
	close(b);
	a = sock6(SOCK_DGRAM);
	CHECK_EQ(setsockopt(a, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)), 0);
	CHECK_EQ(sendto6(a, "lost", "::ffff:127.0.0.1", pb), 4);
	WAIT_EVENTS(a, 0);
	CHECK_EQ(get_msg(a, &m, MSG_ERRQUEUE), 4);
	CHECK(is6(&m.from, "::ffff:127.0.0.1"));
	e = ctl_of(&m, IPPROTO_IPV6, IPV6_RECVERR, &len);
	CHECK(e);
	CHECK_EQ(e->ee_errno, ECONNREFUSED);
	CHECK_EQ(e->ee_origin, SO_EE_ORIGIN_ICMP);
	CHECK_EQ(e->ee_type, 3);
	CHECK_EQ(e->ee_code, 3);
	off = (void *)SO_EE_OFFENDER(e);
	CHECK(is6(off, "::ffff:127.0.0.1"));
}

CASE(too_large_is_told)
{
	struct sock_extended_err *e;
	static char big[3000];
	struct sockaddr_in6 to;
	struct ip6_mtuinfo *i;
	struct msg6 m;
	int pb, a;

	lo_up();
	(void)lo_sock(SOCK_DGRAM, &pb);
	to = a6("::1", pb);
	a = sock6(SOCK_DGRAM);
	CHECK_EQ(set6(a, IPV6_RECVERR, 1), 0);
	CHECK_EQ(set6(a, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO), 0);
	CHECK_EQ(set6(a, IPV6_MTU, 1280), 0);
	CHECK_ERR(sendto(a, big, sizeof(big), 0, (void *)&to, sizeof(to)), EMSGSIZE);
	CHECK_EQ(get_msg(a, &m, MSG_ERRQUEUE), 0);
	e = ctl_of(&m, IPPROTO_IPV6, IPV6_RECVERR, NULL);
	CHECK(e);
	CHECK_EQ(e->ee_errno, EMSGSIZE);
	CHECK_EQ(e->ee_origin, SO_EE_ORIGIN_LOCAL);
	CHECK_EQ(e->ee_info, 1280);
	close(a);
	/* As RFC 3542 has it. */
	a = sock6(SOCK_DGRAM);
	CHECK_EQ(set6(a, IPV6_RECVPATHMTU, 1), 0);
	CHECK_EQ(set6(a, IPV6_DONTFRAG, 1), 0);
	CHECK_EQ(set6(a, IPV6_MTU, 1280), 0);
	CHECK_ERR(sendto(a, big, sizeof(big), 0, (void *)&to, sizeof(to)), EMSGSIZE);
	CHECK_EQ(get_msg(a, &m, MSG_DONTWAIT), 0);
	i = ctl_of(&m, IPPROTO_IPV6, IPV6_PATHMTU, NULL);
	CHECK(i);
	CHECK_EQ(i->ip6m_mtu, 1280);
	CHECK(is6(&i->ip6m_addr, "::1"));
	CHECK_ERR(get_msg(a, &m, MSG_DONTWAIT), EAGAIN);
}

CASE(corked)
{
	int pb, a, b;

	lo_up();
	b = lo_sock(SOCK_DGRAM, &pb);
	a = sock6(SOCK_DGRAM);
	CHECK_EQ(connect6(a, "::1", pb), 0);
	udp_corks(a, b);
}

CASE(segments)
{
	static char out[5000], in[5000];
	int pb, a, b, size = 1200, v;
	struct sockaddr_in6 to;
	socklen_t len = sizeof(v);
	struct msg6 m;
	size_t n;

	lo_up();
	b = lo_sock(SOCK_DGRAM, &pb);
	a = sock6(SOCK_DGRAM);
	to = a6("::1", pb);
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (char)(i * 13);
	CHECK_EQ(setsockopt(a, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size)), 0);
	CHECK_EQ(sendto(a, out, 5000, 0, (void *)&to, sizeof(to)), 5000);
	for (int i = 0; i < 5; i++) {
		CHECK_EQ(recv(b, in, sizeof(in), 0), i < 4 ? 1200 : 200);
		CHECK_MEM(in, out + i * 1200, i < 4 ? 1200 : 200);
	}
	CHECK_ERR(recv(b, in, sizeof(in), MSG_DONTWAIT), EAGAIN);
	/* Who asks gets them in one piece. */
	v = 1;
	CHECK_EQ(setsockopt(b, IPPROTO_UDP, UDP_GRO, &v, sizeof(v)), 0);
	v = 0;
	CHECK_EQ(getsockopt(b, IPPROTO_UDP, UDP_GRO, &v, &len), 0);
	CHECK_EQ(v, 1);
	CHECK_EQ(sendto(a, out, 2000, 0, (void *)&to, sizeof(to)), 2000);
	CHECK_EQ(get_msg(b, &m, 0), 2000);
	CHECK_MEM(m.data, out, 2000);
	int *g = ctl_of(&m, IPPROTO_UDP, UDP_GRO, &n);
	CHECK(g);
	CHECK_EQ(n, sizeof(int));
	CHECK_EQ(*g, 1200);
}

CASE(disconnect_keeps_the_bound_name)
{
	struct sockaddr_in6 a, un = { .sin6_family = AF_UNSPEC };
	int s = sock6(SOCK_DGRAM), port, pb;

	lo_up();
	(void)lo_sock(SOCK_DGRAM, &pb);
	CHECK_EQ(bind6(s, "::", 0), 0);
	port = ntohs(name_of(s).sin6_port);
	CHECK_EQ(connect6(s, "::1", pb), 0);
	a = name_of(s);
	CHECK(is6(&a, "::1"));
	CHECK_EQ(connect(s, (void *)&un, sizeof(un)), 0);
	a = name_of(s);
	CHECK(is6(&a, "::"));
	(void)port;
	CHECK_ERR(send(s, "x", 1, 0), EDESTADDRREQ);
}
