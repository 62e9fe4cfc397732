/* SPDX-License-Identifier: MPL-2.0 */
/* Groups of IPv6 on lo: joining, leaving, source filters, loops, who hears what. */
#include "inet6.h"

#define GROUP "ff05::4711"

static int receiver(int *port)
{
	int fd;

	lo_up();
	fd = sock6(SOCK_DGRAM);
	CHECK_EQ(bind6(fd, "::", 0), 0);
	*port = ntohs(name_of(fd).sin6_port);
	return fd;
}
static int member(int fd, int opt, const char *group, int ifindex)
{
	struct ipv6_mreq r = { .ipv6mr_multiaddr = a6(group, 0).sin6_addr, .ipv6mr_interface = (unsigned)ifindex };

	return setsockopt(fd, IPPROTO_IPV6, opt, &r, sizeof(r));
}
static int join(int fd, const char *group) { return member(fd, IPV6_JOIN_GROUP, group, lo_index()); }
static int leave(int fd, const char *group) { return member(fd, IPV6_LEAVE_GROUP, group, lo_index()); }

/* Linux delivers no group over lo (it is not IFF_MULTICAST): these cases are skipped there. */
static void probe(int fd)
{
	int port, r = receiver(&port);
	struct pollfd p = { .fd = r, .events = POLLIN };

	CHECK_EQ(join(r, "ff05::1234"), 0);
	CHECK_EQ(sendto6(fd, "p", "ff05::1234", port), 1);
	if (poll(&p, 1, 500) != 1)
		SKIP("no group is heard over lo here");
	close(r);
}

/* Linux has no route to groups by lo unless somebody makes one. */
static int sender(void)
{
	struct { struct in6_addr dst, src, gw; unsigned type; unsigned short dlen, slen; unsigned metric; unsigned long info;
		unsigned flags; int ifindex; } r = {
		.dst.s6_addr = { 0xff }, .dlen = 8, .metric = 256, .flags = 1, .ifindex = lo_index() };
	int fd = sock6(SOCK_DGRAM);

	if (ioctl(fd, SIOCADDRT, &r) < 0)
		CHECK_EQ(errno, EEXIST);
	CHECK_EQ(set6(fd, IPV6_MULTICAST_IF, lo_index()), 0);
	probe(fd);
	return fd;
}
CASE(hears_what_it_joined)
{
	int port, r = receiver(&port), s = sender();
	struct sockaddr_in6 group = a6(GROUP, 0);
	struct in6_pktinfo *i;
	struct msg6 m;

	CHECK_EQ(join(r, GROUP), 0);
	CHECK_EQ(set6(r, IPV6_RECVPKTINFO, 1), 0);
	CHECK_EQ(set6(r, IPV6_RECVHOPLIMIT, 1), 0);
	CHECK_EQ(sendto6(s, "all", GROUP, port), 3);
	CHECK_EQ(get_msg(r, &m, 0), 3);
	CHECK(is6(&m.from, "::1"));
	i = ctl_of(&m, IPPROTO_IPV6, IPV6_PKTINFO, NULL);
	CHECK(i);
	CHECK(!memcmp(&i->ipi6_addr, &group.sin6_addr, 16));
	CHECK_EQ(ctl_int(&m, IPV6_HOPLIMIT), 1);
	CHECK_ERR(recv(r, m.data, 8, MSG_DONTWAIT), EAGAIN);	/* once */
	CHECK_EQ(set6(s, IPV6_MULTICAST_HOPS, 7), 0);
	CHECK_EQ(sendto6(s, "all", GROUP, port), 3);
	CHECK_EQ(get_msg(r, &m, 0), 3);
	CHECK_EQ(ctl_int(&m, IPV6_HOPLIMIT), 7);
	CHECK_EQ(leave(r, GROUP), 0);
}

CASE(errors)
{
	int port, r = receiver(&port), t = sock6(SOCK_STREAM);
	struct ipv6_mreq q = { 0 };

	CHECK_ERR(member(r, IPV6_JOIN_GROUP, GROUP, 4711), ENODEV);
	CHECK_ERR(member(r, IPV6_JOIN_GROUP, "::1", lo_index()), EINVAL);
	CHECK_ERR(member(r, IPV6_LEAVE_GROUP, "::1", lo_index()), EINVAL);
	CHECK_ERR(leave(r, GROUP), EADDRNOTAVAIL);
	CHECK_EQ(join(r, GROUP), 0);
	CHECK_ERR(join(r, GROUP), EADDRINUSE);
	CHECK_ERR(setsockopt(r, IPPROTO_IPV6, IPV6_JOIN_GROUP, &q, 19), EINVAL);
	CHECK_ERR(join(t, GROUP), EPROTO);
	CHECK_EQ(leave(r, GROUP), 0);
	CHECK_ERR(leave(r, GROUP), EADDRNOTAVAIL);
}

CASE(every_reader_gets_one)
{
	int port, a = sock6(SOCK_DGRAM), b = sock6(SOCK_DGRAM), c = sock6(SOCK_DGRAM), s = sender();
	char buf[8];

	lo_up();
	set_so(a, SO_REUSEADDR, 1);
	set_so(b, SO_REUSEADDR, 1);
	set_so(c, SO_REUSEADDR, 1);
	CHECK_EQ(bind6(a, "::", 0), 0);
	port = ntohs(name_of(a).sin6_port);
	CHECK_EQ(bind6(b, "::", port), 0);
	CHECK_EQ(bind6(c, GROUP, port), 0);
	CHECK_EQ(join(a, GROUP), 0);
	CHECK_EQ(sendto6(s, "m", GROUP, port), 1);
	CHECK_EQ(recv(a, buf, 8, 0), 1);
	CHECK_EQ(recv(b, buf, 8, 0), 1);	/* IPV6_MULTICAST_ALL is on */
	CHECK_EQ(recv(c, buf, 8, 0), 1);
	CHECK_EQ(set6(b, IPV6_MULTICAST_ALL, 0), 0);
	CHECK_EQ(sendto6(s, "m", GROUP, port), 1);
	CHECK_EQ(recv(a, buf, 8, 0), 1);
	CHECK_ERR(recv(b, buf, 8, MSG_DONTWAIT), EAGAIN);
}

static int req(int fd, int opt, const char *group, const char *source)
{
	struct group_source_req r = { .gsr_interface = (unsigned)lo_index() };
	struct sockaddr_in6 g = a6(group, 0), s = a6(source, 0);

	memcpy(&r.gsr_group, &g, sizeof(g));
	memcpy(&r.gsr_source, &s, sizeof(s));
	return setsockopt(fd, IPPROTO_IPV6, opt, &r, sizeof(r));
}

CASE(protocol_independent)
{
	struct group_req r = { .gr_interface = (unsigned)lo_index() };
	int port, fd = receiver(&port), s = sender();
	struct sockaddr_in6 g = a6(GROUP, 0);
	char buf[8];

	memcpy(&r.gr_group, &g, sizeof(g));
	CHECK_EQ(setsockopt(fd, IPPROTO_IPV6, MCAST_JOIN_GROUP, &r, sizeof(r)), 0);
	CHECK_ERR(setsockopt(fd, IPPROTO_IPV6, MCAST_JOIN_GROUP, &r, sizeof(r)), EADDRINUSE);
	CHECK_EQ(sendto6(s, "m", GROUP, port), 1);
	CHECK_EQ(recv(fd, buf, 8, 0), 1);
	CHECK_EQ(setsockopt(fd, IPPROTO_IPV6, MCAST_LEAVE_GROUP, &r, sizeof(r)), 0);
	r.gr_group.ss_family = AF_INET;
	CHECK_ERR(setsockopt(fd, IPPROTO_IPV6, MCAST_JOIN_GROUP, &r, sizeof(r)), EADDRNOTAVAIL);
}

CASE(sources)
{
	int port, fd = receiver(&port), s = sender();
	char buf[8];

	/* Not from there. */
	CHECK_EQ(join(fd, GROUP), 0);
	CHECK_EQ(req(fd, MCAST_BLOCK_SOURCE, GROUP, "::1"), 0);
	CHECK_ERR(req(fd, MCAST_BLOCK_SOURCE, GROUP, "::1"), EADDRNOTAVAIL);
	CHECK_EQ(sendto6(s, "m", GROUP, port), 1);
	CHECK_ERR(recv(fd, buf, 8, MSG_DONTWAIT), EAGAIN);
	CHECK_EQ(req(fd, MCAST_UNBLOCK_SOURCE, GROUP, "::1"), 0);
	CHECK_ERR(req(fd, MCAST_UNBLOCK_SOURCE, GROUP, "::1"), EADDRNOTAVAIL);
	CHECK_EQ(sendto6(s, "m", GROUP, port), 1);
	CHECK_EQ(recv(fd, buf, 8, 0), 1);
	CHECK_EQ(leave(fd, GROUP), 0);
	CHECK_ERR(req(fd, MCAST_BLOCK_SOURCE, GROUP, "::1"), EINVAL);
	/* Only from there. */
	CHECK_EQ(req(fd, MCAST_JOIN_SOURCE_GROUP, GROUP, "2001:db8::1"), 0);
	CHECK_EQ(sendto6(s, "m", GROUP, port), 1);
	CHECK_ERR(recv(fd, buf, 8, MSG_DONTWAIT), EAGAIN);
	CHECK_EQ(req(fd, MCAST_JOIN_SOURCE_GROUP, GROUP, "::1"), 0);
	CHECK_EQ(sendto6(s, "m", GROUP, port), 1);
	CHECK_EQ(recv(fd, buf, 8, 0), 1);
	CHECK_ERR(req(fd, MCAST_BLOCK_SOURCE, GROUP, "2001:db8::2"), EINVAL);
	CHECK_EQ(req(fd, MCAST_LEAVE_SOURCE_GROUP, GROUP, "::1"), 0);
	CHECK_EQ(req(fd, MCAST_LEAVE_SOURCE_GROUP, GROUP, "2001:db8::1"), 0);
	CHECK_ERR(leave(fd, GROUP), EADDRNOTAVAIL);	/* the last source was the membership */
}

CASE(filter_at_once)
{
	int port, fd = receiver(&port), s = sender();
	struct sockaddr_in6 g = a6(GROUP, 0), a = a6("::1", 0), b = a6("2001:db8::1", 0);
	struct { struct group_filter f; struct sockaddr_storage more[3]; } f = { .f = { .gf_interface = (unsigned)lo_index() } };
	socklen_t len;
	char buf[8];

	memcpy(&f.f.gf_group, &g, sizeof(g));
	memcpy(&f.f.gf_slist[0], &a, sizeof(a));
	memcpy(&f.f.gf_slist[1], &b, sizeof(b));
	f.f.gf_fmode = MCAST_EXCLUDE;
	f.f.gf_numsrc = 2;
	CHECK_ERR(setsockopt(fd, IPPROTO_IPV6, MCAST_MSFILTER, &f, GROUP_FILTER_SIZE(2)), EINVAL);	/* not a member */
	CHECK_EQ(join(fd, GROUP), 0);
	CHECK_ERR(setsockopt(fd, IPPROTO_IPV6, MCAST_MSFILTER, &f, GROUP_FILTER_SIZE(1)), EINVAL);
	CHECK_EQ(setsockopt(fd, IPPROTO_IPV6, MCAST_MSFILTER, &f, GROUP_FILTER_SIZE(2)), 0);
	CHECK_EQ(sendto6(s, "m", GROUP, port), 1);
	CHECK_ERR(recv(fd, buf, 8, MSG_DONTWAIT), EAGAIN);
	f.f.gf_fmode = MCAST_INCLUDE;
	CHECK_EQ(setsockopt(fd, IPPROTO_IPV6, MCAST_MSFILTER, &f, GROUP_FILTER_SIZE(2)), 0);
	CHECK_EQ(sendto6(s, "m", GROUP, port), 1);
	CHECK_EQ(recv(fd, buf, 8, 0), 1);
	memset(f.f.gf_slist, 0, 2 * sizeof(f.f.gf_slist[0]));
	f.f.gf_numsrc = 1;
	len = sizeof(f);
	CHECK_EQ(getsockopt(fd, IPPROTO_IPV6, MCAST_MSFILTER, &f, &len), 0);
	CHECK_EQ(f.f.gf_numsrc, 2);
	CHECK_EQ(f.f.gf_fmode, MCAST_INCLUDE);
	CHECK_EQ(((struct sockaddr_in6 *)&f.f.gf_slist[0])->sin6_family, AF_INET6);
	CHECK(is6((void *)&f.f.gf_slist[0], "::1"));
}

CASE(connected)
{
	int port, r = receiver(&port), s = sender();
	struct sockaddr_in6 a;
	char buf[8];

	CHECK_EQ(join(r, GROUP), 0);
	CHECK_EQ(connect6(s, GROUP, port), 0);
	a = peer_of(s);
	CHECK(is6(&a, GROUP));
	CHECK_EQ(send(s, "m", 1, 0), 1);
	CHECK_EQ(recv(r, buf, 8, 0), 1);
}

CASE(link_local_groups_have_a_device)
{
	int port, r = receiver(&port), s = sender();
	struct sockaddr_in6 to = a6("ff02::4711", port), from;
	socklen_t len = sizeof(from);
	char buf[8];

	CHECK_EQ(join(r, "ff02::4711"), 0);
	to.sin6_scope_id = (unsigned)lo_index();
	CHECK_EQ(sendto(s, "m", 1, 0, (void *)&to, sizeof(to)), 1);
	CHECK_EQ(recvfrom(r, buf, 8, 0, (void *)&from, &len), 1);
	CHECK_EQ(set6(s, IPV6_MULTICAST_IF, 0), 0);
	CHECK_ERR(connect6(s, "ff02::4711", port), EINVAL);
	CHECK_EQ(connect(s, (void *)&to, sizeof(to)), 0);
	from = peer_of(s);
	CHECK_EQ(from.sin6_scope_id, (unsigned)lo_index());
	CHECK_EQ(send(s, "m", 1, 0), 1);
	CHECK_EQ(recv(r, buf, 8, 0), 1);
}
