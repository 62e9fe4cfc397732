/* SPDX-License-Identifier: MPL-2.0 */
/* /proc/net/dev_snmp6/DEV: what of IPv6 passed one device; ICMPv6 by type there and in /proc/net/snmp6. */
#include "inet6.h"
#include <netinet/icmp6.h>

static const char *const kept[] = {
	"Ip6InReceives", "Ip6InDelivers", "Ip6OutRequests", "Ip6InOctets", "Ip6OutOctets", "Ip6InNoECTPkts", "Ip6InECT1Pkts",
	"Ip6InECT0Pkts", "Ip6InCEPkts", "Icmp6InMsgs", "Icmp6OutMsgs", "Icmp6InDestUnreachs", "Icmp6OutDestUnreachs",
	"Icmp6InEchos",
	"Icmp6OutEchos", "Icmp6InEchoReplies", "Icmp6OutEchoReplies", "Icmp6InCsumErrors",
};
#define N	(sizeof(kept) / sizeof(kept[0]))
static long long before[2][N];
static char text[65536];

static long long value(const char *path, const char *name)
{
	char want[80], *l;

	snprintf(want, sizeof(want), "%-32s\t", name);
	kt_get(path, text, sizeof(text));
	l = strstr(text, want);
	return l ? atoll(l + strlen(want)) : -1;
}

static const char *const path[] = { "/proc/net/dev_snmp6/lo", "/proc/net/snmp6" };

static void mark(void)
{
	for (int f = 0; f < 2; f++)
		for (unsigned i = 0; i < N; i++)
			CHECK((before[f][i] = value(path[f], kept[i])) >= 0);
}

/* Since mark() this item grew by n, at the device and in all. What was sent may still be on its way. */
static void grew(const char *name, long long n)
{
	for (int f = 0; f < 2; f++)
		for (unsigned i = 0; i < N; i++)
			if (!strcmp(kept[i], name)) {
				AWAIT(value(path[f], name) - before[f][i] >= n);
				CHECK_EQ(value(path[f], name) - before[f][i], n);
			}
}

CASE(form)
{
	struct ifreq r = { .ifr_name = "lo" };
	char want[80];
	int s = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));

	CHECK_OK(ioctl(s, SIOCGIFINDEX, &r));
	kt_get(path[0], text, sizeof(text));
	snprintf(want, sizeof(want), "%-32s\t%d\n%-32s\t", "ifIndex", r.ifr_ifindex, "Ip6InReceives");
	CHECK(!strncmp(text, want, strlen(want)));
	CHECK(strstr(text, "\nIp6InCEPkts                     \t"));
	CHECK(strstr(text, "\nIcmp6InMLDv2Reports             \t"));
	CHECK(!strstr(text, "Udp6"));
	CHECK(open("/proc/net/dev_snmp6/nosuchdev", O_RDONLY) < 0);
}

CASE(datagrams)
{
	int in, out, tclass = 2;
	char b[200] = { 0 };

	lo_up();
	in = sock6(SOCK_DGRAM);
	CHECK_EQ(bind6(in, "::1", 0), 0);
	out = sock6(SOCK_DGRAM);
	CHECK_EQ(connect6(out, "::1", ntohs(name_of(in).sin6_port)), 0);
	mark();
	for (int i = 0; i < 10; i++) {
		CHECK_EQ(send(out, b, 100, 0), 100);
		CHECK_EQ(recv(in, b, sizeof(b), 0), 100);
	}
	CHECK_OK(setsockopt(out, SOL_IPV6, IPV6_TCLASS, &tclass, sizeof(tclass)));
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(send(out, b, 10, 0), 10);
		CHECK_EQ(recv(in, b, sizeof(b), 0), 10);
	}
	grew("Ip6InReceives", 13);
	grew("Ip6InDelivers", 13);
	grew("Ip6OutRequests", 13);
	grew("Ip6InOctets", 10 * 148 + 3 * 58);
	grew("Ip6OutOctets", 10 * 148 + 3 * 58);
	grew("Ip6InNoECTPkts", 10);
	grew("Ip6InECT0Pkts", 3);
	grew("Ip6InECT1Pkts", 0);
	grew("Ip6InCEPkts", 0);
	grew("Icmp6InMsgs", 0);
}

CASE(messages)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct icmp6_hdr h = { .icmp6_type = ICMP6_ECHO_REQUEST };
	int s, u;

	lo_up();
	s = CHECK_OK(socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6));
	u = sock6(SOCK_DGRAM);
	CHECK_EQ(connect6(u, "::1", 9), 0);
	mark();
	CHECK_EQ(sendto(s, &h, sizeof(h), 0, (void *)&to, sizeof(to)), sizeof(h));
	CHECK_EQ(send(u, "x", 1, 0), 1);
	CHECK_ERR(recv(u, &h, sizeof(h), 0), ECONNREFUSED);
	grew("Icmp6InMsgs", 3);
	grew("Icmp6OutMsgs", 3);
	grew("Icmp6InEchos", 1);
	grew("Icmp6OutEchos", 1);
	grew("Icmp6InEchoReplies", 1);
	grew("Icmp6OutEchoReplies", 1);
	grew("Icmp6InDestUnreachs", 1);
	grew("Icmp6OutDestUnreachs", 1);
	grew("Icmp6InCsumErrors", 0);
	grew("Ip6InReceives", 4);
	CHECK(value(path[0], "Icmp6InType128") >= 1);
	CHECK(value(path[0], "Icmp6OutType1") >= 1);
	CHECK_EQ(value(path[0], "Icmp6InType77"), -1);
}
