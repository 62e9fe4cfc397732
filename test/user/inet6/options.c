/* SPDX-License-Identifier: MPL-2.0 */
/* Options of SOL_IPV6: defaults, ranges, lengths, what is refused. */
#include "inet6.h"

static int get_raw(int fd, int opt, void *v, socklen_t *len) { return getsockopt(fd, IPPROTO_IPV6, opt, v, len); }

CASE(flags)
{
	static const struct { int opt; int first; } t[] = {
		{ IPV6_RECVPKTINFO, 0 }, { IPV6_RECVHOPLIMIT, 0 }, { IPV6_RECVRTHDR, 0 }, { IPV6_RECVHOPOPTS, 0 },
		{ IPV6_RECVDSTOPTS, 0 }, { IPV6_RECVTCLASS, 0 }, { IPV6_RECVPATHMTU, 0 }, { IPV6_RECVORIGDSTADDR, 0 },
		{ IPV6_RECVFRAGSIZE, 0 }, { IPV6_2292PKTINFO, 0 }, { IPV6_2292HOPLIMIT, 0 }, { IPV6_2292HOPOPTS, 0 },
		{ IPV6_2292DSTOPTS, 0 }, { IPV6_2292RTHDR, 0 }, { IPV6_FLOWINFO, 0 }, { IPV6_FLOWINFO_SEND, 0 },
		{ IPV6_RECVERR, 0 }, { IPV6_FREEBIND, 0 }, { IPV6_TRANSPARENT, 0 }, { IPV6_DONTFRAG, 0 },
		{ IPV6_AUTOFLOWLABEL, 1 }, { IPV6_MULTICAST_LOOP, 1 }, { IPV6_MULTICAST_ALL, 1 },
	};
	int s = sock6(SOCK_DGRAM);

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		int v = get6(s, t[i].opt);

		if (v != t[i].first)
			FAIL("option %d begins with %d", t[i].opt, v);
		CHECK_EQ(set6(s, t[i].opt, 1), 0);
		CHECK_EQ(get6(s, t[i].opt), 1);
		CHECK_EQ(set6(s, t[i].opt, 0), 0);
		CHECK_EQ(get6(s, t[i].opt), 0);
		if (t[i].opt != IPV6_DONTFRAG && t[i].opt != IPV6_AUTOFLOWLABEL && t[i].opt != IPV6_RECVFRAGSIZE)
			CHECK_ERR(setsockopt(s, IPPROTO_IPV6, t[i].opt, &v, 3), EINVAL);
		CHECK_ERR(setsockopt(s, IPPROTO_IPV6, t[i].opt, (void *)8, sizeof(int)), EFAULT);
	}
}

CASE(ranges)
{
	static const struct { int opt, low, high, type; } t[] = {
		{ IPV6_UNICAST_HOPS, -1, 255, 0 }, { IPV6_MULTICAST_HOPS, -1, 255, SOCK_DGRAM }, { IPV6_TCLASS, -1, 255, 0 },
		{ IPV6_MINHOPCOUNT, 0, 255, 0 }, { IPV6_MTU_DISCOVER, 0, 5, 0 },
	};

	for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
		int s = sock6(type);

		for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
			if (t[i].type && t[i].type != type)
				continue;
			CHECK_EQ(set6(s, t[i].opt, t[i].low), 0);
			CHECK_EQ(set6(s, t[i].opt, t[i].high), 0);
			CHECK_ERR(set6(s, t[i].opt, t[i].low - 1), EINVAL);
			CHECK_ERR(set6(s, t[i].opt, t[i].high + 1), EINVAL);
			CHECK_EQ(get6(s, t[i].opt), t[i].opt == IPV6_TCLASS && type == SOCK_STREAM ? 252 : t[i].high);
		}
		CHECK_ERR(set6(s, IPV6_MTU, 1279), EINVAL);
		CHECK_EQ(set6(s, IPV6_MTU, 1280), 0);
		CHECK_EQ(set6(s, IPV6_MTU, 0), 0);
		CHECK_ERR(set6(s, IPV6_MULTICAST_LOOP, 2), EINVAL);
		close(s);
	}
}

CASE(defaults)
{
	int s = sock6(SOCK_DGRAM), v;
	socklen_t len = sizeof(v);

	CHECK_EQ(get6(s, IPV6_UNICAST_HOPS), 64);
	CHECK_EQ(get6(s, IPV6_MULTICAST_HOPS), 1);
	CHECK_EQ(get6(s, IPV6_MULTICAST_IF), 0);
	CHECK_EQ(get6(s, IPV6_UNICAST_IF), 0);
	CHECK_EQ(get6(s, IPV6_TCLASS), 0);
	CHECK_EQ(get6(s, IPV6_MTU_DISCOVER), IPV6_PMTUDISC_WANT);
	CHECK_EQ(get6(s, IPV6_MINHOPCOUNT), 0);
	CHECK_ERR(get_raw(s, IPV6_MTU, &v, &len), ENOTCONN);
	CHECK_ERR(get_raw(s, IPV6_ADDRFORM, &v, &len), ENOTCONN);
	CHECK_ERR(get_raw(s, 250, &v, &len), ENOPROTOOPT);
	CHECK_ERR(set6(s, 250, 1), ENOPROTOOPT);
	CHECK_EQ(set6(s, IPV6_MULTICAST_HOPS, -1), 0);
	CHECK_EQ(get6(s, IPV6_MULTICAST_HOPS), 1);
	CHECK_EQ(set6(s, IPV6_UNICAST_HOPS, 0), 0);
	CHECK_EQ(get6(s, IPV6_UNICAST_HOPS), 0);
	CHECK_EQ(set6(s, IPV6_TCLASS, -1), 0);
	CHECK_EQ(get6(s, IPV6_TCLASS), 0);
	CHECK_ERR(get_raw(s, IPV6_V6ONLY, (void *)8, &len), EFAULT);
	/* As much as there is room for. */
	v = -1;
	len = 2;
	CHECK_EQ(get_raw(s, IPV6_UNICAST_HOPS, &v, &len), 0);
	CHECK_EQ(len, 2);
	CHECK_EQ(v, (int)0xffff0000);
}

CASE(streams)
{
	int s = sock6(SOCK_STREAM);

	CHECK_ERR(set6(s, IPV6_MULTICAST_HOPS, 1), ENOPROTOOPT);
	CHECK_ERR(set6(s, IPV6_MULTICAST_IF, 1), ENOPROTOOPT);
	CHECK_EQ(set6(s, IPV6_RECVPKTINFO, 1), 0);
	CHECK_EQ(set6(s, IPV6_TCLASS, 0x2f), 0);
	CHECK_EQ(get6(s, IPV6_TCLASS), 0x2c);	/* the bits of ECN are not the program's */
}

CASE(devices)
{
	int s = sock6(SOCK_DGRAM), lo = lo_index();

	lo_up();
	CHECK_ERR(set6(s, IPV6_MULTICAST_IF, 4711), ENODEV);
	CHECK_EQ(set6(s, IPV6_MULTICAST_IF, lo), 0);
	CHECK_EQ(get6(s, IPV6_MULTICAST_IF), lo);
	CHECK_EQ(set6(s, IPV6_MULTICAST_IF, 0), 0);
	CHECK_ERR(set6(s, IPV6_UNICAST_IF, (int)htonl(4711)), EADDRNOTAVAIL);
	CHECK_EQ(set6(s, IPV6_UNICAST_IF, (int)htonl(lo)), 0);
	CHECK_EQ(get6(s, IPV6_UNICAST_IF), (int)htonl(lo));
	CHECK_EQ(setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3), 0);
	CHECK_ERR(set6(s, IPV6_UNICAST_IF, (int)htonl(lo)), EINVAL);
	CHECK_EQ(set6(s, IPV6_UNICAST_IF, 0), 0);
	CHECK_EQ(get6(s, IPV6_UNICAST_IF), 0);
}

CASE(path_mtu)
{
	struct ip6_mtuinfo i;
	socklen_t len = sizeof(i);
	int s = sock6(SOCK_DGRAM);

	lo_up();
	CHECK_ERR(get_raw(s, IPV6_PATHMTU, &i, &len), ENOTCONN);
	CHECK_EQ(connect6(s, "::1", 9), 0);
	CHECK_EQ(get6(s, IPV6_MTU), 65536);
	len = sizeof(i);
	CHECK_EQ(get_raw(s, IPV6_PATHMTU, &i, &len), 0);
	CHECK_EQ(len, sizeof(i));
	CHECK_EQ(i.ip6m_mtu, 65536);
	len = 8;
	CHECK_ERR(get_raw(s, IPV6_PATHMTU, &i, &len), EINVAL);
}

CASE(sticky_headers)
{
	unsigned char opt[16] = { 0, 1, 1, 12 }, back[64];
	socklen_t len = sizeof(back);
	int s = sock6(SOCK_DGRAM);

	CHECK_EQ(get_raw(s, IPV6_HOPOPTS, back, &len), 0);
	CHECK_EQ(len, 0);
	CHECK_ERR(setsockopt(s, IPPROTO_IPV6, IPV6_HOPOPTS, opt, 7), EINVAL);
	CHECK_ERR(setsockopt(s, IPPROTO_IPV6, IPV6_HOPOPTS, opt, 8), EINVAL);	/* it says it is longer */
	CHECK_EQ(setsockopt(s, IPPROTO_IPV6, IPV6_HOPOPTS, opt, 16), 0);
	CHECK_EQ(setsockopt(s, IPPROTO_IPV6, IPV6_DSTOPTS, opt, 16), 0);
	len = sizeof(back);
	CHECK_EQ(get_raw(s, IPV6_HOPOPTS, back, &len), 0);
	CHECK_EQ(len, 16);
	CHECK_MEM(back + 1, opt + 1, 15);
	CHECK_EQ(setsockopt(s, IPPROTO_IPV6, IPV6_HOPOPTS, NULL, 0), 0);
	len = sizeof(back);
	CHECK_EQ(get_raw(s, IPV6_HOPOPTS, back, &len), 0);
	CHECK_EQ(len, 0);
	if (!fork()) {
		CHECK_OK(setuid(1000));
		CHECK_ERR(setsockopt(s, IPPROTO_IPV6, IPV6_HOPOPTS, opt, 16), EPERM);
		CHECK_ERR(set6(s, IPV6_TRANSPARENT, 1), EPERM);
		_exit(0);
	}
	int st;
	CHECK_OK(wait(&st));
	CHECK_EQ(st, 0);
}

CASE(sticky_pktinfo)
{
	struct in6_pktinfo i = { .ipi6_ifindex = (unsigned)lo_index() };
	int s = sock6(SOCK_DGRAM);

	lo_up();
	CHECK_ERR(setsockopt(s, IPPROTO_IPV6, IPV6_PKTINFO, &i, 0), EINVAL);
	CHECK_ERR(setsockopt(s, IPPROTO_IPV6, IPV6_PKTINFO, &i, sizeof(i) - 1), EINVAL);
	CHECK_EQ(setsockopt(s, IPPROTO_IPV6, IPV6_PKTINFO, &i, sizeof(i)), 0);
	CHECK_EQ(setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3), 0);
	i.ipi6_ifindex = 4711;
	CHECK_ERR(setsockopt(s, IPPROTO_IPV6, IPV6_PKTINFO, &i, sizeof(i)), EINVAL);
}
