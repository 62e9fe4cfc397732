/* SPDX-License-Identifier: MPL-2.0 */
/* Groups and sources of a device: what many sockets want together, in /proc/net/{igmp,mcfilter}{,6}, and who hears what. */
#include "inet.h"
#include <netinet/in.h>
#include <poll.h>

#define GROUP	0xe8010203u	/* 232.1.2.3 */

static int find(const char *path, const char *word)
{
	static char buf[65536];
	int fd = CHECK_OK(open(path, O_RDONLY)), n = 0, k;

	while ((k = (int)read(fd, buf + n, sizeof(buf) - 1 - (size_t)n)) > 0)
		n += k;
	buf[n] = 0;
	close(fd);
	return strstr(buf, word) != NULL;
}
static int filter(unsigned source, int inc, int exc)
{
	char line[100];

	snprintf(line, sizeof(line), "%3d %6.6s 0x%08x 0x%08x %6d %6d\n", 1, "lo", GROUP, source, inc, exc);
	return find("/proc/net/mcfilter", line);
}
static int users(int n)
{
	char line[100];

	snprintf(line, sizeof(line), "\t\t\t\t%08X %5d 0:00000000\t\t0\n", htonl(GROUP), n);
	return find("/proc/net/igmp", line);
}
static struct ip_mreq_source src(unsigned a)
{
	return (struct ip_mreq_source){ .imr_multiaddr.s_addr = htonl(GROUP), .imr_interface.s_addr = htonl(INADDR_LOOPBACK),
		.imr_sourceaddr.s_addr = htonl(a) };
}
CASE(headers)
{
	lo_up();
	CHECK(find("/proc/net/igmp", "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n1\tlo        : "));
	CHECK(find("/proc/net/igmp", "      V3\n\t\t\t\t010000E0     1 0:00000000\t\t0\n"));
	CHECK(find("/proc/net/mcfilter", "Idx Device        MCA        SRC    INC    EXC\n"));
	CHECK(find("/proc/net/mcfilter6",
		   "Idx Device                Multicast Address                   Source Address    INC    EXC\n"));
	CHECK(find("/proc/net/igmp6", "1    lo              ff020000000000000000000000000001     1 0000000"));
}
CASE(sources_of_many)
{
	struct ip_mreq all = { .imr_multiaddr.s_addr = htonl(GROUP), .imr_interface.s_addr = htonl(INADDR_LOOPBACK) };
	struct ip_mreq_source a = src(0x7f000001), b = src(0x7f000002);
	int s[3];

	lo_up();
	for (int i = 0; i < 3; i++)
		s[i] = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	CHECK_OK(setsockopt(s[0], SOL_IP, IP_ADD_SOURCE_MEMBERSHIP, &a, sizeof(a)));
	CHECK(users(1));
	CHECK(filter(0x7f000001, 1, 0));
	CHECK_OK(setsockopt(s[0], SOL_IP, IP_ADD_SOURCE_MEMBERSHIP, &b, sizeof(b)));
	CHECK_OK(setsockopt(s[1], SOL_IP, IP_ADD_SOURCE_MEMBERSHIP, &b, sizeof(b)));
	CHECK(users(2));
	CHECK(filter(0x7f000002, 2, 0));
	CHECK_OK(setsockopt(s[2], SOL_IP, IP_ADD_MEMBERSHIP, &all, sizeof(all)));
	CHECK_OK(setsockopt(s[2], SOL_IP, IP_BLOCK_SOURCE, &b, sizeof(b)));
	CHECK(users(3));
	CHECK(filter(0x7f000002, 2, 1));
	CHECK_ERR(setsockopt(s[2], SOL_IP, IP_BLOCK_SOURCE, &b, sizeof(b)), EADDRNOTAVAIL);
	CHECK_OK(setsockopt(s[2], SOL_IP, IP_UNBLOCK_SOURCE, &b, sizeof(b)));
	CHECK(filter(0x7f000002, 2, 0));
	CHECK_OK(setsockopt(s[2], SOL_IP, IP_DROP_MEMBERSHIP, &all, sizeof(all)));
	CHECK_OK(setsockopt(s[1], SOL_IP, IP_DROP_SOURCE_MEMBERSHIP, &b, sizeof(b)));
	CHECK(users(1));
	CHECK(filter(0x7f000002, 1, 0));
	close(s[0]);
	CHECK(!filter(0x7f000001, 1, 0));
	CHECK(!users(1));
}
CASE(device_hears_what_somebody_wants)
{
	struct ip_mreq_source a = src(0x7f000001), b = src(0x7f000002);
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(GROUP), .sin_port = htons(7777) };
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(7777) };
	struct in_addr out = { htonl(INADDR_LOOPBACK) };
	int in, s, one = 1;
	struct pollfd p;

	lo_up();
	in = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	s = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	CHECK_OK(setsockopt(in, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
	CHECK_OK(bind(in, (void *)&any, sizeof(any)));
	CHECK_OK(setsockopt(s, SOL_IP, IP_MULTICAST_IF, &out, sizeof(out)));
	CHECK_OK(setsockopt(in, SOL_IP, IP_ADD_SOURCE_MEMBERSHIP, &b, sizeof(b)));
	CHECK_EQ(sendto(s, "x", 1, 0, (void *)&to, sizeof(to)), 1);
	p = (struct pollfd){ .fd = in, .events = POLLIN };
	CHECK_EQ(poll(&p, 1, 200), 0);		/* it comes from 127.0.0.1 */
	CHECK_OK(setsockopt(in, SOL_IP, IP_ADD_SOURCE_MEMBERSHIP, &a, sizeof(a)));
	CHECK_EQ(sendto(s, "y", 1, 0, (void *)&to, sizeof(to)), 1);
	CHECK_EQ(poll(&p, 1, kt_wait_ms()), 1);
}
CASE(six)
{
	struct group_source_req q = { .gsr_interface = 1 };
	struct sockaddr_in6 *g = (void *)&q.gsr_group, *a = (void *)&q.gsr_source;
	int s, one = 1;

	lo_up();
	s = CHECK_OK(socket(AF_INET6, SOCK_DGRAM, 0));
	(void)one;
	g->sin6_family = a->sin6_family = AF_INET6;
	CHECK_EQ(inet_pton(AF_INET6, "ff35::8000:1", &g->sin6_addr), 1);
	CHECK_EQ(inet_pton(AF_INET6, "fd00::7", &a->sin6_addr), 1);
	CHECK_OK(setsockopt(s, SOL_IPV6, MCAST_JOIN_SOURCE_GROUP, &q, sizeof(q)));
	CHECK(find("/proc/net/mcfilter6", "  1     lo ff350000000000000000000080000001 fd000000000000000000000000000007      1      0\n"));
	CHECK_OK(setsockopt(s, SOL_IPV6, MCAST_LEAVE_SOURCE_GROUP, &q, sizeof(q)));
	CHECK(!find("/proc/net/mcfilter6", "ff350000000000000000000080000001"));
	CHECK(!find("/proc/net/igmp6", "ff350000000000000000000080000001"));
}
