/* SPDX-License-Identifier: MPL-2.0 */
/* Control messages of IPv6, both ways. */
#include <netinet/ip6.h>
#include "inet6.h"

static int receiver(int *port)
{
	int fd;

	lo_up();
	fd = sock6(SOCK_DGRAM);
	CHECK_EQ(bind6(fd, "::", 0), 0);
	*port = ntohs(name_of(fd).sin6_port);
	return fd;
}

CASE(what_came)
{
	struct sockaddr_in6 *orig;
	struct in6_pktinfo *i;
	int port, r = receiver(&port), s = sock6(SOCK_DGRAM);
	struct msg6 m;
	size_t len;

	CHECK_EQ(set6(r, IPV6_RECVPKTINFO, 1), 0);
	CHECK_EQ(set6(r, IPV6_RECVHOPLIMIT, 1), 0);
	CHECK_EQ(set6(r, IPV6_RECVTCLASS, 1), 0);
	CHECK_EQ(set6(r, IPV6_RECVORIGDSTADDR, 1), 0);
	CHECK_EQ(set6(s, IPV6_UNICAST_HOPS, 77), 0);
	CHECK_EQ(set6(s, IPV6_TCLASS, 0xb8), 0);
	CHECK_EQ(sendto6(s, "x", "::1", port), 1);
	CHECK_EQ(get_msg(r, &m, 0), 1);
	CHECK_EQ(m.h.msg_flags, 0);
	i = ctl_of(&m, IPPROTO_IPV6, IPV6_PKTINFO, &len);
	CHECK(i);
	CHECK_EQ(len, sizeof(*i));
	CHECK_EQ(i->ipi6_ifindex, (unsigned)lo_index());
	CHECK(!memcmp(&i->ipi6_addr, &in6addr_loopback, 16));
	CHECK_EQ(ctl_int(&m, IPV6_HOPLIMIT), 77);
	CHECK_EQ(ctl_int(&m, IPV6_TCLASS), 0xb8);
	orig = ctl_of(&m, IPPROTO_IPV6, IPV6_ORIGDSTADDR, &len);
	CHECK(orig);
	CHECK_EQ(len, sizeof(*orig));
	CHECK(is6(orig, "::1"));
	CHECK_EQ(sa_port(orig), port);
	CHECK(!ctl_of(&m, IPPROTO_IPV6, IPV6_2292PKTINFO, NULL));
}

CASE(as_in_1998)
{
	int port, r = receiver(&port), s = sock6(SOCK_DGRAM);
	struct in6_pktinfo *i;
	struct msg6 m;

	CHECK_EQ(set6(r, IPV6_2292PKTINFO, 1), 0);
	CHECK_EQ(set6(r, IPV6_2292HOPLIMIT, 1), 0);
	CHECK_EQ(sendto6(s, "x", "::1", port), 1);
	CHECK_EQ(get_msg(r, &m, 0), 1);
	i = ctl_of(&m, IPPROTO_IPV6, IPV6_2292PKTINFO, NULL);
	CHECK(i && !memcmp(&i->ipi6_addr, &in6addr_loopback, 16));
	CHECK_EQ(ctl_int(&m, IPV6_2292HOPLIMIT), 64);
	CHECK_EQ(ctl_int(&m, IPV6_HOPLIMIT), -1);
}

CASE(of_ipv4)
{
	int port, r = receiver(&port), s = sock4(SOCK_DGRAM), on = 1;
	struct in6_pktinfo *i;
	struct in_pktinfo *i4;
	struct in6_addr want;
	struct msg6 m;

	CHECK_EQ(set6(r, IPV6_RECVPKTINFO, 1), 0);
	CHECK_EQ(set6(r, IPV6_RECVHOPLIMIT, 1), 0);
	CHECK_EQ(set6(r, IPV6_RECVTCLASS, 1), 0);
	CHECK_EQ(sendto4(s, "x", "127.0.0.1", port), 1);
	CHECK_EQ(get_msg(r, &m, 0), 1);
	i = ctl_of(&m, IPPROTO_IPV6, IPV6_PKTINFO, NULL);
	inet_pton(AF_INET6, "::ffff:127.0.0.1", &want);
	CHECK(i && !memcmp(&i->ipi6_addr, &want, 16));
	CHECK_EQ(i->ipi6_ifindex, (unsigned)lo_index());
	CHECK_EQ(ctl_int(&m, IPV6_HOPLIMIT), -1);
	CHECK_EQ(ctl_int(&m, IPV6_TCLASS), -1);
	CHECK(!ctl_of(&m, IPPROTO_IP, IP_PKTINFO, NULL));
	CHECK_EQ(setsockopt(r, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)), 0);
	CHECK_EQ(setsockopt(r, IPPROTO_IP, IP_RECVTTL, &on, sizeof(on)), 0);
	CHECK_EQ(sendto4(s, "x", "127.0.0.1", port), 1);
	CHECK_EQ(get_msg(r, &m, 0), 1);
	i4 = ctl_of(&m, IPPROTO_IP, IP_PKTINFO, NULL);
	CHECK(i4);
	CHECK_EQ(i4->ipi_addr.s_addr, htonl(INADDR_LOOPBACK));
	CHECK(ctl_of(&m, IPPROTO_IP, IP_TTL, NULL));
}

CASE(hops_and_class_of_one_message)
{
	int port, r = receiver(&port), s = sock6(SOCK_DGRAM), v;
	struct msg6 m;

	CHECK_EQ(set6(r, IPV6_RECVHOPLIMIT, 1), 0);
	CHECK_EQ(set6(r, IPV6_RECVTCLASS, 1), 0);
	v = 5;
	CHECK_EQ(send_ctl(s, "::1", port, IPPROTO_IPV6, IPV6_HOPLIMIT, &v, sizeof(v)), 1);
	CHECK_EQ(get_msg(r, &m, 0), 1);
	CHECK_EQ(ctl_int(&m, IPV6_HOPLIMIT), 5);
	v = -1;
	CHECK_EQ(send_ctl(s, "::1", port, IPPROTO_IPV6, IPV6_2292HOPLIMIT, &v, sizeof(v)), 1);
	CHECK_EQ(get_msg(r, &m, 0), 1);
	CHECK_EQ(ctl_int(&m, IPV6_HOPLIMIT), 64);
	v = 256;
	CHECK_ERR(send_ctl(s, "::1", port, IPPROTO_IPV6, IPV6_HOPLIMIT, &v, sizeof(v)), EINVAL);
	CHECK_ERR(send_ctl(s, "::1", port, IPPROTO_IPV6, IPV6_HOPLIMIT, &v, 2), EINVAL);
	CHECK_ERR(send_ctl(s, "::1", port, IPPROTO_IPV6, IPV6_TCLASS, &v, sizeof(v)), EINVAL);
	v = 0x20;
	CHECK_EQ(send_ctl(s, "::1", port, IPPROTO_IPV6, IPV6_TCLASS, &v, sizeof(v)), 1);
	CHECK_EQ(get_msg(r, &m, 0), 1);
	CHECK_EQ(ctl_int(&m, IPV6_TCLASS), 0x20);
	CHECK_ERR(send_ctl(s, "::1", port, IPPROTO_IPV6, 250, &v, sizeof(v)), EINVAL);
	CHECK_EQ(send_ctl(s, "::1", port, 222, 250, &v, sizeof(v)), 1);	/* of a level that is none of ours */
	v = 2;
	CHECK_ERR(send_ctl(s, "::1", port, IPPROTO_IPV6, IPV6_DONTFRAG, &v, sizeof(v)), EINVAL);
}

CASE(source_of_one_message)
{
	struct in6_pktinfo i = { .ipi6_addr = IN6ADDR_LOOPBACK_INIT };
	int port, r = receiver(&port), s = sock6(SOCK_DGRAM);
	struct in6_addr mapped;
	struct msg6 m;

	CHECK_EQ(send_ctl(s, "::1", port, IPPROTO_IPV6, IPV6_PKTINFO, &i, sizeof(i)), 1);
	CHECK_EQ(get_msg(r, &m, 0), 1);
	CHECK(is6(&m.from, "::1"));
	i.ipi6_ifindex = (unsigned)lo_index();
	CHECK_EQ(send_ctl(s, "::1", port, IPPROTO_IPV6, IPV6_PKTINFO, &i, sizeof(i)), 1);
	CHECK_EQ(get_msg(r, &m, 0), 1);
	CHECK_ERR(send_ctl(s, "::1", port, IPPROTO_IPV6, IPV6_PKTINFO, &i, sizeof(i) - 4), EINVAL);
	i.ipi6_ifindex = 4711;
	CHECK_ERR(send_ctl(s, "::1", port, IPPROTO_IPV6, IPV6_PKTINFO, &i, sizeof(i)), ENODEV);
	i.ipi6_ifindex = 0;
	inet_pton(AF_INET6, "2001:db8::1", &i.ipi6_addr);
	CHECK_ERR(send_ctl(s, "::1", port, IPPROTO_IPV6, IPV6_PKTINFO, &i, sizeof(i)), EINVAL);	/* not ours */
	inet_pton(AF_INET6, "fe80::1", &i.ipi6_addr);
	CHECK_ERR(send_ctl(s, "::1", port, IPPROTO_IPV6, IPV6_PKTINFO, &i, sizeof(i)), EINVAL);
	/* To a mapped address: a mapped source. */
	inet_pton(AF_INET6, "::ffff:127.0.0.2", &i.ipi6_addr);
	CHECK_EQ(send_ctl(s, "::ffff:127.0.0.1", port, IPPROTO_IPV6, IPV6_PKTINFO, &i, sizeof(i)), 1);
	CHECK_EQ(get_msg(r, &m, 0), 1);
	inet_pton(AF_INET6, "::ffff:127.0.0.2", &mapped);
	CHECK(!memcmp(&m.from.sin6_addr, &mapped, 16));
	i.ipi6_addr = in6addr_loopback;
	CHECK_ERR(send_ctl(s, "::ffff:127.0.0.1", port, IPPROTO_IPV6, IPV6_PKTINFO, &i, sizeof(i)), EINVAL);
}

CASE(flow_labels)
{
	int port, r = receiver(&port), s = sock6(SOCK_DGRAM);
	struct sockaddr_in6 to;
	unsigned flow, *got;
	struct msg6 m;

	CHECK_EQ(set6(r, IPV6_FLOWINFO, 1), 0);
	CHECK_EQ(set6(s, IPV6_AUTOFLOWLABEL, 0), 0);
	CHECK_EQ(sendto6(s, "x", "::1", port), 1);
	CHECK_EQ(get_msg(r, &m, 0), 1);
	CHECK(!ctl_of(&m, IPPROTO_IPV6, IPV6_FLOWINFO, NULL));		/* none */
	CHECK_EQ(set6(s, IPV6_FLOWINFO_SEND, 1), 0);
	to = a6("::1", port);
	to.sin6_flowinfo = htonl(0x12345);
	CHECK_EQ(sendto(s, "x", 1, 0, (void *)&to, sizeof(to)), 1);
	CHECK_EQ(get_msg(r, &m, 0), 1);
	got = ctl_of(&m, IPPROTO_IPV6, IPV6_FLOWINFO, NULL);
	CHECK(got);
	CHECK_EQ(ntohl(*got), 0x12345);
	flow = htonl(0x54321);
	CHECK_EQ(send_ctl(s, "::1", port, IPPROTO_IPV6, IPV6_FLOWINFO, &flow, sizeof(flow)), 1);
	CHECK_EQ(get_msg(r, &m, 0), 1);
	got = ctl_of(&m, IPPROTO_IPV6, IPV6_FLOWINFO, NULL);
	CHECK(got);
	CHECK_EQ(ntohl(*got), 0x54321);
	/* By default the kernel makes one for each flow, and the same for all its packets. */
	close(s);
	s = sock6(SOCK_DGRAM);
	CHECK_EQ(sendto6(s, "x", "::1", port), 1);
	CHECK_EQ(get_msg(r, &m, 0), 1);
	got = ctl_of(&m, IPPROTO_IPV6, IPV6_FLOWINFO, NULL);
	CHECK(got);
	flow = *got;
	CHECK_NE(ntohl(flow) & 0xfffff, 0);
	CHECK_EQ(sendto6(s, "x", "::1", port), 1);
	CHECK_EQ(get_msg(r, &m, 0), 1);
	got = ctl_of(&m, IPPROTO_IPV6, IPV6_FLOWINFO, NULL);
	CHECK(got);
	CHECK_EQ(*got, flow);
}

#define AUTO	"/proc/sys/net/ipv6/auto_flowlabels"

static bool labelled(int s, int r, int port)
{
	struct msg6 m;

	CHECK_EQ(sendto6(s, "x", "::1", port), 1);
	CHECK_EQ(get_msg(r, &m, 0), 1);
	return ctl_of(&m, IPPROTO_IPV6, IPV6_FLOWINFO, NULL);
}

/* net.ipv6.auto_flowlabels: 0 never, 1 who does not refuse, 2 who asks, 3 always. Raw sockets, too. */
CASE(flow_labels_by_default)
{
	static const struct { const char *mode; bool silent, on, off; } t[] = {
		{ "0", false, false, false }, { "2", false, true, false }, { "3", true, true, true }, { "1", true, true, false },
	};
	int port, r = receiver(&port), rr;

	CHECK_EQ(set6(r, IPV6_FLOWINFO, 1), 0);
	for (int raw = 0; raw < 2; raw++) {
		rr = raw ? CHECK_OK(socket(AF_INET6, SOCK_RAW, 253)) : r;
		CHECK_EQ(set6(rr, IPV6_FLOWINFO, 1), 0);
		for (int i = 0; i < 4; i++) {
			int s;

			kt_put(AUTO, t[i].mode);
			s = raw ? CHECK_OK(socket(AF_INET6, SOCK_RAW, 253)) : sock6(SOCK_DGRAM);
			CHECK_EQ(labelled(s, rr, raw ? 0 : port), t[i].silent);
			CHECK_EQ(set6(s, IPV6_AUTOFLOWLABEL, 1), 0);
			CHECK_EQ(labelled(s, rr, raw ? 0 : port), t[i].on);
			CHECK_EQ(set6(s, IPV6_AUTOFLOWLABEL, 0), 0);
			CHECK_EQ(labelled(s, rr, raw ? 0 : port), t[i].off);
			close(s);
		}
	}
}

CASE(headers)
{
	unsigned char opt[16] = { 0, 1, 0x1e, 12 }, *got;	/* one that is to be skipped */
	int port, r = receiver(&port), s = sock6(SOCK_DGRAM);
	static char big[5000];
	struct sockaddr_in6 to;
	struct msg6 m;
	size_t len;

	CHECK_EQ(set6(r, IPV6_RECVHOPOPTS, 1), 0);
	CHECK_EQ(set6(r, IPV6_RECVDSTOPTS, 1), 0);
	CHECK_EQ(send_ctl(s, "::1", port, IPPROTO_IPV6, IPV6_DSTOPTS, opt, sizeof(opt)), 1);
	CHECK_EQ(get_msg(r, &m, 0), 1);
	got = ctl_of(&m, IPPROTO_IPV6, IPV6_DSTOPTS, &len);
	CHECK(got);
	CHECK_EQ(len, 16);
	CHECK_EQ(got[0], IPPROTO_UDP);
	CHECK_MEM(got + 1, opt + 1, 15);
	CHECK(!ctl_of(&m, IPPROTO_IPV6, IPV6_HOPOPTS, NULL));
	/* Sticky ones are on every message. */
	CHECK_EQ(setsockopt(s, IPPROTO_IPV6, IPV6_HOPOPTS, opt, 16), 0);
	CHECK_EQ(sendto6(s, "x", "::1", port), 1);
	CHECK_EQ(get_msg(r, &m, 0), 1);
	got = ctl_of(&m, IPPROTO_IPV6, IPV6_HOPOPTS, &len);
	CHECK(got);
	CHECK_EQ(len, 16);
	CHECK_EQ(send_ctl(s, "::1", port, IPPROTO_IPV6, IPV6_DSTOPTS, opt, sizeof(opt)), 1);
	CHECK_EQ(get_msg(r, &m, 0), 1);
	CHECK(ctl_of(&m, IPPROTO_IPV6, IPV6_DSTOPTS, NULL));
	/* And with fragments. */
	to = a6("::1", port);
	CHECK_EQ(set6(s, IPV6_MTU, 1280), 0);
	CHECK_EQ(sendto(s, big, sizeof(big), 0, (void *)&to, sizeof(to)), (ssize_t)sizeof(big));
	CHECK_EQ(get_msg(r, &m, 0), (ssize_t)sizeof(m.data));
	CHECK(ctl_of(&m, IPPROTO_IPV6, IPV6_HOPOPTS, NULL));
	CHECK_EQ(setsockopt(s, IPPROTO_IPV6, IPV6_HOPOPTS, NULL, 0), 0);
	CHECK_EQ(sendto6(s, "x", "::1", port), 1);
	CHECK_EQ(get_msg(r, &m, 0), 1);
	CHECK(!ctl_of(&m, IPPROTO_IPV6, IPV6_HOPOPTS, NULL));
	CHECK_ERR(send_ctl(s, "::1", port, IPPROTO_IPV6, IPV6_DSTOPTS, opt, 8), EINVAL);
}

CASE(room_runs_out)
{
	int port, r = receiver(&port), s = sock6(SOCK_DGRAM);
	char data[4], ctl[24];
	struct iovec iov = { data, sizeof(data) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = ctl, .msg_controllen = sizeof(ctl) };

	CHECK_EQ(set6(r, IPV6_RECVPKTINFO, 1), 0);
	CHECK_EQ(sendto6(s, "x", "::1", port), 1);
	CHECK_EQ(recvmsg(r, &m, 0), 1);
	CHECK(m.msg_flags & MSG_CTRUNC);
}

CASE(sticky_source)
{
	struct in6_pktinfo i = { .ipi6_addr = IN6ADDR_LOOPBACK_INIT, .ipi6_ifindex = (unsigned)lo_index() };
	int port, r = receiver(&port), s = sock6(SOCK_DGRAM);
	struct msg6 m;

	CHECK_EQ(setsockopt(s, IPPROTO_IPV6, IPV6_PKTINFO, &i, sizeof(i)), 0);
	CHECK_EQ(sendto6(s, "x", "::1", port), 1);
	CHECK_EQ(get_msg(r, &m, 0), 1);
	CHECK(is6(&m.from, "::1"));
}
