/* SPDX-License-Identifier: MPL-2.0 */
/* TCP over IPv6: what inet6/tcp.c (the cases that both versions share) does not have. One listener for both, names, options. */
#include "inet6.h"

static int listener(const char *text, int *port)
{
	int l;

	lo_up();
	l = sock6(SOCK_STREAM);
	CHECK_EQ(bind6(l, text, 0), 0);
	CHECK_EQ(listen(l, 8), 0);
	*port = ntohs(name_of(l).sin6_port);
	return l;
}

CASE(one_listener_for_both)
{
	int port, l = listener("::", &port), c, a;
	struct sockaddr_in6 from;
	struct sockaddr_in n4;
	socklen_t len;
	char buf[8];

	c = sock4(SOCK_STREAM);
	CHECK_EQ(connect4(c, "127.0.0.1", port), 0);
	len = sizeof(from);
	a = CHECK_OK(accept(l, (void *)&from, &len));
	CHECK_EQ(len, sizeof(from));
	CHECK(is6(&from, "::ffff:127.0.0.1"));
	from = name_of(a);
	CHECK(is6(&from, "::ffff:127.0.0.1"));
	CHECK_EQ(sa_port(&from), port);
	CHECK_EQ(write(c, "four", 4), 4);
	CHECK_EQ(read(a, buf, 8), 4);
	CHECK_EQ(write(a, "ruof", 4), 4);
	CHECK_EQ(read(c, buf, 8), 4);
	len = sizeof(n4);
	CHECK_EQ(getpeername(c, (void *)&n4, &len), 0);
	CHECK_EQ(n4.sin_family, AF_INET);
	/* An accepted mapped connection may become one of AF_INET. */
	CHECK_EQ(set6(a, IPV6_ADDRFORM, AF_INET), 0);
	len = sizeof(n4);
	CHECK_EQ(getsockname(a, (void *)&n4, &len), 0);
	CHECK_EQ(len, sizeof(n4));
	CHECK_EQ(n4.sin_family, AF_INET);
	CHECK_EQ(write(c, "five", 4), 4);
	CHECK_EQ(read(a, buf, 8), 4);
	close(a);
	close(c);
	c = sock6(SOCK_STREAM);
	CHECK_EQ(connect6(c, "::1", port), 0);
	len = sizeof(from);
	a = CHECK_OK(accept(l, (void *)&from, &len));
	CHECK(is6(&from, "::1"));
	CHECK_ERR(set6(a, IPV6_ADDRFORM, AF_INET), EADDRNOTAVAIL);
	close(a);
	close(c);
	c = sock6(SOCK_STREAM);
	CHECK_EQ(connect6(c, "::ffff:127.0.0.1", port), 0);
	from = name_of(c);
	CHECK(is6(&from, "::ffff:127.0.0.1"));
	a = CHECK_OK(accept(l, NULL, NULL));
	close(c);
	c = sock6(SOCK_STREAM);
	CHECK_EQ(connect6(c, "::", port), 0);
	from = peer_of(c);
	CHECK(is6(&from, "::1"));
}

CASE(v6only_listener)
{
	int port, l, c = sock4(SOCK_STREAM);

	lo_up();
	l = sock6(SOCK_STREAM);
	CHECK_EQ(set6(l, IPV6_V6ONLY, 1), 0);
	CHECK_EQ(bind6(l, "::", 0), 0);
	CHECK_EQ(listen(l, 8), 0);
	port = ntohs(name_of(l).sin6_port);
	CHECK_ERR(connect4(c, "127.0.0.1", port), ECONNREFUSED);
	close(c);
	c = sock6(SOCK_STREAM);
	CHECK_EQ(connect6(c, "::1", port), 0);
}

CASE(two_listeners)
{
	int port, l6 = sock6(SOCK_STREAM), l4 = sock4(SOCK_STREAM), c, a;

	lo_up();
	CHECK_EQ(set6(l6, IPV6_V6ONLY, 1), 0);
	CHECK_EQ(bind6(l6, "::", 0), 0);
	port = ntohs(name_of(l6).sin6_port);
	CHECK_EQ(bind4(l4, "0.0.0.0", port), 0);
	CHECK_EQ(listen(l6, 8), 0);
	CHECK_EQ(listen(l4, 8), 0);
	c = sock6(SOCK_STREAM);
	CHECK_EQ(connect6(c, "::1", port), 0);
	a = CHECK_OK(accept4(l6, NULL, NULL, SOCK_NONBLOCK));
	close(a);
	close(c);
	c = sock6(SOCK_STREAM);
	CHECK_EQ(connect6(c, "::ffff:127.0.0.1", port), 0);
	a = CHECK_OK(accept(l4, NULL, NULL));
	fcntl(l6, F_SETFL, O_NONBLOCK);
	CHECK_ERR(accept(l6, NULL, NULL), EAGAIN);
}

CASE(segment_size)
{
	int port, l = listener("::", &port), c = sock6(SOCK_STREAM), a, v;
	socklen_t len = sizeof(v);

	CHECK_EQ(connect6(c, "::1", port), 0);
	a = CHECK_OK(accept(l, NULL, NULL));
	CHECK_EQ(getsockopt(c, IPPROTO_TCP, TCP_MAXSEG, &v, &len), 0);
	CHECK_GT(v, 32000);
	CHECK_LE(v, 65536 - 60);
	CHECK_EQ(get6(c, IPV6_MTU), 65536);
	CHECK_EQ(get6(a, IPV6_V6ONLY), 0);
}

CASE(options_go_to_the_child)
{
	int port, l = listener("::", &port), c = sock6(SOCK_STREAM), a;

	CHECK_EQ(set6(l, IPV6_TCLASS, 0x40), 0);
	CHECK_EQ(set6(l, IPV6_UNICAST_HOPS, 33), 0);
	CHECK_EQ(connect6(c, "::1", port), 0);
	a = CHECK_OK(accept(l, NULL, NULL));
	CHECK_EQ(get6(a, IPV6_UNICAST_HOPS), 33);
	CHECK_EQ(get6(a, IPV6_TCLASS), 0x40);
}

CASE(bound_source)
{
	int port, l = listener("::", &port), c = sock6(SOCK_STREAM);
	struct sockaddr_in6 from;
	socklen_t len = sizeof(from);

	CHECK_EQ(bind6(c, "::ffff:127.0.0.3", 0), 0);
	CHECK_EQ(connect6(c, "::ffff:127.0.0.1", port), 0);
	CHECK_OK(accept(l, (void *)&from, &len));
	CHECK(is6(&from, "::ffff:127.0.0.3"));
}

CASE(refused)
{
	int port, l = listener("::1", &port), c = sock6(SOCK_STREAM);

	CHECK_ERR(connect6(c, "::ffff:127.0.0.1", port), ECONNREFUSED);
	close(c);
	close(l);
	c = sock6(SOCK_STREAM);
	CHECK_ERR(connect6(c, "::1", port), ECONNREFUSED);
}
