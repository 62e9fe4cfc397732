/* SPDX-License-Identifier: MPL-2.0 */
/* Addresses of AF_INET6 sockets: bind, connect and names, both versions on one socket, who is in whose way, scopes, errors. */
#include "inet6.h"

CASE(names)
{
	int s;
	struct sockaddr_in6 a;

	lo_up();
	s = sock6(SOCK_DGRAM);
	a = name_of(s);
	CHECK(is6(&a, "::"));
	CHECK_EQ(a.sin6_port, 0);
	CHECK_EQ(bind6(s, "::1", 0), 0);
	a = name_of(s);
	CHECK(is6(&a, "::1"));
	CHECK_NE(a.sin6_port, 0);
	CHECK_EQ(a.sin6_scope_id, 0);
	CHECK_EQ(a.sin6_flowinfo, 0);
	CHECK_ERR(bind6(s, "::1", 0), EINVAL);
	CHECK_ERR(getpeername(s, (void *)&a, &(socklen_t){ sizeof(a) }), ENOTCONN);
	close(s);
	s = sock6(SOCK_DGRAM);
	CHECK_EQ(bind6(s, "::ffff:127.0.0.1", 0), 0);
	a = name_of(s);
	CHECK(is6(&a, "::ffff:127.0.0.1"));
	close(s);
	s = sock6(SOCK_STREAM);
	CHECK_EQ(bind6(s, "::", 0), 0);
	a = name_of(s);
	CHECK(is6(&a, "::"));
}

CASE(bind_errors)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };

	lo_up();
	for (int i = 0; i < 2; i++) {
		struct sockaddr_in6 a = a6("::1", 0);
		struct sockaddr_in b = a4("127.0.0.1", 0);
		int s = sock6(types[i]);

		CHECK_ERR(bind(s, (void *)&a, 23), EINVAL);
		CHECK_ERR(bind(s, (void *)&b, sizeof(b)), EINVAL);	/* too short comes first */
		CHECK_EQ(bind(s, (void *)&a, 24), 0);			/* RFC 2133's form */
		close(s);
		s = sock6(types[i]);
		a.sin6_family = AF_INET;
		CHECK_ERR(bind(s, (void *)&a, sizeof(a)), EAFNOSUPPORT);
		a.sin6_family = AF_UNSPEC;
		CHECK_ERR(bind(s, (void *)&a, sizeof(a)), EAFNOSUPPORT);
		CHECK_ERR(bind6(s, "2001:db8::1", 0), EADDRNOTAVAIL);
		CHECK_ERR(bind6(s, "::ffff:1.2.3.4", 0), EADDRNOTAVAIL);
		CHECK_ERR(bind6(s, "fe80::1", 0), EINVAL);		/* of which device? */
		a = a6("fe80::1", 0);
		a.sin6_scope_id = 4711;
		CHECK_ERR(bind(s, (void *)&a, sizeof(a)), ENODEV);
		close(s);
		s = sock6(types[i]);
		a.sin6_scope_id = (unsigned)lo_index();
		CHECK_ERR(bind(s, (void *)&a, sizeof(a)), EADDRNOTAVAIL);
		close(s);
		s = sock6(types[i]);
		CHECK_EQ(set6(s, IPV6_FREEBIND, 1), 0);
		CHECK_EQ(bind6(s, "2001:db8::1", 0), 0);
		close(s);
		s = sock6(types[i]);
		if (types[i] == SOCK_STREAM)
			CHECK_ERR(bind6(s, "ff0e::1", 0), EINVAL);
		else
			CHECK_EQ(bind6(s, "ff0e::1", 0), 0);
		close(s);
		s = sock6(types[i]);
		CHECK_EQ(set6(s, IPV6_V6ONLY, 1), 0);
		CHECK_ERR(bind6(s, "::ffff:127.0.0.1", 0), EINVAL);
		close(s);
	}
}

CASE(v6only)
{
	int s = sock6(SOCK_DGRAM);

	lo_up();
	CHECK_EQ(get6(s, IPV6_V6ONLY), 0);
	CHECK_EQ(set6(s, IPV6_V6ONLY, 1), 0);
	CHECK_EQ(get6(s, IPV6_V6ONLY), 1);
	CHECK_ERR(connect6(s, "::ffff:127.0.0.1", 9), ENETUNREACH);
	CHECK_ERR(connect4(s, "127.0.0.1", 9), EAFNOSUPPORT);
	CHECK_ERR(sendto6(s, "x", "::ffff:127.0.0.1", 9), ENETUNREACH);
	CHECK_ERR(sendto4(s, "x", "127.0.0.1", 9), ENETUNREACH);
	CHECK_ERR(set6(s, IPV6_V6ONLY, 0), EINVAL);	/* it has a port by now */
	close(s);
	s = sock6(SOCK_DGRAM);
	CHECK_EQ(set6(s, IPV6_V6ONLY, 1), 0);
	CHECK_EQ(set6(s, IPV6_V6ONLY, 0), 0);
	CHECK_EQ(bind6(s, "::", 0), 0);
	CHECK_ERR(set6(s, IPV6_V6ONLY, 1), EINVAL);
	close(s);
	/* Who binds an address of IPv6 is of IPv6 only from then on. */
	s = sock6(SOCK_DGRAM);
	CHECK_EQ(bind6(s, "::1", 0), 0);
	CHECK_EQ(get6(s, IPV6_V6ONLY), 1);
	CHECK_ERR(sendto6(s, "x", "::ffff:127.0.0.1", 9), ENETUNREACH);
	close(s);
	s = sock6(SOCK_STREAM);
	CHECK_EQ(set6(s, IPV6_V6ONLY, 1), 0);
	CHECK_ERR(connect6(s, "::ffff:127.0.0.1", 9), ENETUNREACH);
}

/* Somebody else of this machine may sit on the second one's address by chance: a few tries. */
static int clash(int type, const char *first, const char *second, int only, int opt);
static bool fits(int type, const char *first, const char *second, int only, int opt)
{
	for (int i = 0; i < 5; i++)
		if (!clash(type, first, second, only, opt))
			return true;
	return false;
}

/* Binding `second` when `first` has the port: the error, 0: fine. only: bit 0 the first, bit 1 the second is V6ONLY. */
static int clash(int type, const char *first, const char *second, int only, int opt)
{
	bool v4[2] = { !strchr(first, ':'), !strchr(second, ':') };
	const char *text[2] = { first, second };
	int fd[2], port = 0, err = 0;

	for (int i = 0; i < 2; i++) {
		fd[i] = v4[i] ? sock4(type) : sock6(type);
		if (!v4[i])
			CHECK_EQ(set6(fd[i], IPV6_V6ONLY, only >> i & 1), 0);
		if (opt)
			CHECK_EQ(set_so(fd[i], opt, 1), 0);
		if ((v4[i] ? bind4(fd[i], text[i], port) : bind6(fd[i], text[i], port)) < 0) {
			CHECK_EQ(i, 1);
			err = errno;
		}
		if (!i) {
			struct sockaddr_in6 a;

			CHECK_EQ(getsockname(fd[0], (void *)&a, &(socklen_t){ sizeof(a) }), 0);
			port = sa_port(&a);
		}
	}
	close(fd[0]);
	close(fd[1]);
	return err;
}

CASE(port_conflicts)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };
	static const struct { const char *a, *b; int only; bool busy; } t[] = {
		{ "::", "::", 0, true }, { "::", "::", 3, true }, { "::", "::", 1, true },
		{ "::", "0.0.0.0", 0, true }, { "0.0.0.0", "::", 0, true },
		{ "::", "0.0.0.0", 1, false }, { "0.0.0.0", "::", 2, false },
		{ "::", "127.0.0.1", 0, true }, { "127.0.0.1", "::", 0, true },
		{ "::", "127.0.0.1", 1, false }, { "127.0.0.1", "::", 2, false },
		{ "::", "::1", 0, true }, { "::1", "::", 0, true }, { "::", "::1", 3, true },
		{ "::1", "0.0.0.0", 0, false }, { "0.0.0.0", "::1", 0, false },
		{ "::1", "127.0.0.1", 0, false }, { "::1", "::1", 0, true },
		{ "::ffff:127.0.0.1", "127.0.0.1", 0, true }, { "127.0.0.1", "::ffff:127.0.0.1", 0, true },
		{ "::ffff:127.0.0.1", "0.0.0.0", 0, true }, { "::ffff:127.0.0.1", "127.0.0.2", 0, false },
		{ "::ffff:0.0.0.0", "0.0.0.0", 0, true }, { "::ffff:0.0.0.0", "::1", 0, false },
		{ "::ffff:0.0.0.0", "::", 0, true }, { "::ffff:0.0.0.0", "::", 2, false }, { "::ffff:127.0.0.1", "::", 2, false },
		{ "::ffff:127.0.0.1", "::", 0, true }, { "::ffff:127.0.0.1", "::1", 0, false },
	};

	lo_up();
	for (int k = 0; k < 2; k++) {
		for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
			if (fits(types[k], t[i].a, t[i].b, t[i].only, 0) == t[i].busy)
				FAIL("type %d: %s then %s (only %d)", types[k], t[i].a, t[i].b, t[i].only);
			CHECK(fits(types[k], t[i].a, t[i].b, t[i].only, SO_REUSEADDR));
			CHECK(fits(types[k], t[i].a, t[i].b, t[i].only, SO_REUSEPORT));
		}
	}
}

CASE(listeners_are_in_the_way)
{
	int a = sock6(SOCK_STREAM), b = sock4(SOCK_STREAM), port;

	lo_up();
	set_so(a, SO_REUSEADDR, 1);
	set_so(b, SO_REUSEADDR, 1);
	CHECK_EQ(bind6(a, "::", 0), 0);
	port = ntohs(name_of(a).sin6_port);
	CHECK_EQ(listen(a, 1), 0);
	CHECK_ERR(bind4(b, "0.0.0.0", port), EADDRINUSE);
	close(a);
	a = sock6(SOCK_STREAM);
	set_so(a, SO_REUSEADDR, 1);
	set6(a, IPV6_V6ONLY, 1);
	CHECK_EQ(bind6(a, "::", port), 0);
	CHECK_EQ(listen(a, 1), 0);
	CHECK_EQ(bind4(b, "0.0.0.0", port), 0);
	CHECK_EQ(listen(b, 1), 0);
}

CASE(connect_names)
{
	struct sockaddr_in6 a;
	int s, port, l;

	lo_up();
	l = lo_sock(SOCK_DGRAM, &port);
	s = sock6(SOCK_DGRAM);
	CHECK_EQ(connect6(s, "::", port), 0);		/* here */
	a = peer_of(s);
	CHECK(is6(&a, "::1"));
	CHECK_EQ(sa_port(&a), port);
	a = name_of(s);
	CHECK(is6(&a, "::1"));
	CHECK_EQ(send(s, "x", 1, 0), 1);
	CHECK_EQ(WAIT_EVENTS(l, POLLIN), POLLIN);
	a.sin6_family = AF_UNSPEC;
	CHECK_EQ(connect(s, (void *)&a, sizeof(a)), 0);
	CHECK_ERR(getpeername(s, (void *)&a, &(socklen_t){ sizeof(a) }), ENOTCONN);
	a = name_of(s);
	CHECK(is6(&a, "::"));
	CHECK_EQ(connect6(s, "::ffff:127.0.0.1", port), 0);
	a = peer_of(s);
	CHECK(is6(&a, "::ffff:127.0.0.1"));
	a = name_of(s);
	CHECK(is6(&a, "::ffff:127.0.0.1"));
	CHECK_ERR(connect6(s, "::1", port), EAFNOSUPPORT);	/* the source of the other version stays */
	close(s);
	s = sock6(SOCK_DGRAM);
	CHECK_EQ(connect4(s, "127.0.0.1", port), 0);	/* datagram sockets take the other form, too */
	a = peer_of(s);
	CHECK(is6(&a, "::ffff:127.0.0.1"));
	close(s);
	s = sock6(SOCK_DGRAM);
	CHECK_EQ(connect6(s, "::ffff:0.0.0.0", port), 0);
	a = peer_of(s);
	CHECK(is6(&a, "::ffff:127.0.0.1"));
	close(s);
	s = sock6(SOCK_DGRAM);
	CHECK_EQ(bind6(s, "::ffff:127.0.0.1", 0), 0);
	CHECK_EQ(connect6(s, "::", port), 0);
	a = peer_of(s);
	CHECK(is6(&a, "::ffff:127.0.0.1"));
}

CASE(connect_errors)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };

	lo_up();
	for (int i = 0; i < 2; i++) {
		bool tcp = types[i] == SOCK_STREAM;
		struct sockaddr_in6 a = a6("::1", 9);
		int s = sock6(types[i]);

		CHECK_ERR(connect(s, (void *)&a, 1), EINVAL);
		CHECK_ERR(connect(s, (void *)&a, 23), EINVAL);
		a.sin6_family = AF_UNIX;
		CHECK_ERR(connect(s, (void *)&a, sizeof(a)), EAFNOSUPPORT);
		if (tcp) {
			CHECK_ERR(connect4(s, "127.0.0.1", 9), EINVAL);	/* its length */
			a.sin6_family = AF_INET;
			CHECK_ERR(connect(s, (void *)&a, sizeof(a)), EAFNOSUPPORT);
			CHECK_ERR(connect6(s, "ff0e::1", 9), ENETUNREACH);
		}
		CHECK_ERR(connect6(s, "fe80::1", 9), EINVAL);
		CHECK_ERR(connect6(s, "2001:db8::1", 9), ENETUNREACH);
		CHECK_ERR(connect6(s, "::ffff:10.11.12.13", 9), ENETUNREACH);
		close(s);
		s = sock6(types[i]);
		CHECK_EQ(bind6(s, "::1", 0), 0);
		CHECK_ERR(connect6(s, "::ffff:127.0.0.1", 9), ENETUNREACH);
		close(s);
		s = sock6(types[i]);
		CHECK_EQ(bind6(s, "::ffff:127.0.0.1", 0), 0);
		CHECK_ERR(connect6(s, "::1", 9), EAFNOSUPPORT);
		close(s);
	}
}

CASE(sockets_that_are_not)
{
	CHECK_ERR(socket(AF_INET6, SOCK_SEQPACKET, 0), ESOCKTNOSUPPORT);
	CHECK_ERR(socket(AF_INET6, SOCK_STREAM, IPPROTO_UDP), EPROTONOSUPPORT);
	CHECK_ERR(socket(AF_INET6, SOCK_DGRAM, IPPROTO_TCP), EPROTONOSUPPORT);
	CHECK_ERR(socket(AF_INET6, SOCK_RAW, 0), EPROTONOSUPPORT);
	CHECK_ERR(socket(AF_INET6, SOCK_DGRAM, -1), EINVAL);
	CHECK_ERR(socketpair(AF_INET6, SOCK_STREAM, 0, (int[2]){ 0 }), EOPNOTSUPP);
}

CASE(becomes_ipv4)
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a);
	int s, port, l, v;

	lo_up();
	l = sock4(SOCK_DGRAM);
	CHECK_EQ(bind4(l, "127.0.0.1", 0), 0);
	CHECK_EQ(getsockname(l, (void *)&a, &len), 0);
	port = ntohs(a.sin_port);
	s = sock6(SOCK_DGRAM);
	CHECK_ERR(set6(s, IPV6_ADDRFORM, AF_INET), ENOTCONN);
	CHECK_EQ(connect6(s, "::1", port), 0);
	CHECK_ERR(set6(s, IPV6_ADDRFORM, AF_INET), EADDRNOTAVAIL);
	CHECK_ERR(set6(s, IPV6_ADDRFORM, AF_INET6), EINVAL);
	CHECK_EQ(get6(s, IPV6_ADDRFORM), AF_INET6);
	close(s);
	s = sock6(SOCK_DGRAM);
	CHECK_EQ(connect6(s, "::ffff:127.0.0.1", port), 0);
	CHECK_EQ(set6(s, IPV6_ADDRFORM, AF_INET), 0);
	len = sizeof(a);
	CHECK_EQ(getpeername(s, (void *)&a, &len), 0);
	CHECK_EQ(len, sizeof(a));
	CHECK_EQ(a.sin_family, AF_INET);
	CHECK_EQ(a.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	len = sizeof(v);
	CHECK_EQ(getsockopt(s, SOL_SOCKET, SO_DOMAIN, &v, &len), 0);
	CHECK_EQ(v, AF_INET);
	CHECK_ERR(set6(s, IPV6_V6ONLY, 0), ENOPROTOOPT);
	CHECK_EQ(send(s, "x", 1, 0), 1);
	CHECK_EQ(WAIT_EVENTS(l, POLLIN), POLLIN);
}

CASE(levels_of_the_other_family)
{
	int v = 1, s4 = sock4(SOCK_DGRAM), s6 = sock6(SOCK_DGRAM), r6 = CHECK_OK(socket(AF_INET6, SOCK_RAW, 200));
	socklen_t len = sizeof(v);

	CHECK_ERR(setsockopt(s4, IPPROTO_IPV6, IPV6_RECVPKTINFO, &v, sizeof(v)), ENOPROTOOPT);
	CHECK_ERR(getsockopt(s4, IPPROTO_IPV6, IPV6_RECVPKTINFO, &v, &len), EOPNOTSUPP);
	CHECK_EQ(setsockopt(s6, IPPROTO_IP, IP_PKTINFO, &v, sizeof(v)), 0);
	v = 0;
	CHECK_EQ(getsockopt(s6, IPPROTO_IP, IP_PKTINFO, &v, &len), 0);
	CHECK_EQ(v, 1);
	CHECK_ERR(setsockopt(r6, IPPROTO_IP, IP_PKTINFO, &v, sizeof(v)), ENOPROTOOPT);
	CHECK_ERR(getsockopt(r6, IPPROTO_IP, IP_PKTINFO, &v, &len), ENOPROTOOPT);
}
