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

struct growth {
	const char *name;
	long long n;
};

static long long grown(int f, const char *name)
{
	for (unsigned i = 0; i < N; i++)
		if (!strcmp(kept[i], name))
			return value(path[f], name) - before[f][i];
	FAIL("%s is not kept", name);
}

static long long multicasts(void)
{
	return value(path[0], "Ip6InMcastPkts") * 1000000 + value(path[0], "Ip6OutMcastPkts");
}

/*
 * By this traffic each item grows by so much, at the device and in all. What was sent may still be on its way; and the
 * reports of groups that others joined or left come at random times: what had one in between is done again.
 */
static void grows(void (*traffic)(void), const struct growth *want, unsigned n)
{
	static long long got[2][N];
	long long quiet;

	do {
		quiet = multicasts();
		for (int f = 0; f < 2; f++)
			for (unsigned i = 0; i < N; i++)
				CHECK((before[f][i] = value(path[f], kept[i])) >= 0);
		traffic();
		for (int f = 0; f < 2; f++)
			for (unsigned i = 0; i < n; i++)
				AWAIT(grown(f, want[i].name) >= want[i].n);
		for (int f = 0; f < 2; f++)
			for (unsigned i = 0; i < n; i++)
				got[f][i] = grown(f, want[i].name);
	} while (multicasts() != quiet);
	for (int f = 0; f < 2; f++)
		for (unsigned i = 0; i < n; i++)
			if (got[f][i] != want[i].n)
				FAIL("%s: %s grew by %lld, not %lld", path[f], want[i].name, got[f][i], want[i].n);
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

static int in, out;

static void send_datagrams(void)
{
	int tclass = 2;
	char b[200] = { 0 };

	for (int i = 0; i < 13; i++) {
		int n = i < 10 ? 100 : 10;

		if (i == 10)
			CHECK_OK(setsockopt(out, SOL_IPV6, IPV6_TCLASS, &tclass, sizeof(tclass)));
		CHECK_EQ(send(out, b, n, 0), n);
		CHECK_EQ(recv(in, b, sizeof(b), 0), n);
	}
	tclass = 0;
	CHECK_OK(setsockopt(out, SOL_IPV6, IPV6_TCLASS, &tclass, sizeof(tclass)));
}

CASE(datagrams)
{
	static const struct growth g[] = {
		{ "Ip6InReceives", 13 }, { "Ip6InDelivers", 13 }, { "Ip6OutRequests", 13 }, { "Ip6InOctets", 10 * 148 + 3 * 58 },
		{ "Ip6OutOctets", 10 * 148 + 3 * 58 }, { "Ip6InNoECTPkts", 10 }, { "Ip6InECT0Pkts", 3 }, { "Ip6InECT1Pkts", 0 },
		{ "Ip6InCEPkts", 0 }, { "Icmp6InMsgs", 0 },
	};

	lo_up();
	in = sock6(SOCK_DGRAM);
	CHECK_EQ(bind6(in, "::1", 0), 0);
	out = sock6(SOCK_DGRAM);
	CHECK_EQ(connect6(out, "::1", ntohs(name_of(in).sin6_port)), 0);
	grows(send_datagrams, g, ARRAY_SIZE(g));
}

static void send_messages(void)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct icmp6_hdr h = { .icmp6_type = ICMP6_ECHO_REQUEST };

	CHECK_EQ(sendto(in, &h, sizeof(h), 0, (void *)&to, sizeof(to)), sizeof(h));
	CHECK_EQ(send(out, "x", 1, 0), 1);
	CHECK_ERR(recv(out, &h, sizeof(h), 0), ECONNREFUSED);
}

CASE(messages)
{
	static const struct growth g[] = {
		{ "Icmp6InMsgs", 3 }, { "Icmp6OutMsgs", 3 }, { "Icmp6InEchos", 1 }, { "Icmp6OutEchos", 1 },
		{ "Icmp6InEchoReplies", 1 }, { "Icmp6OutEchoReplies", 1 }, { "Icmp6InDestUnreachs", 1 },
		{ "Icmp6OutDestUnreachs", 1 }, { "Icmp6InCsumErrors", 0 }, { "Ip6InReceives", 4 },
	};

	lo_up();
	in = CHECK_OK(socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6));
	out = sock6(SOCK_DGRAM);
	CHECK_EQ(connect6(out, "::1", 9), 0);
	grows(send_messages, g, ARRAY_SIZE(g));
	CHECK(value(path[0], "Icmp6InType128") >= 1);
	CHECK(value(path[0], "Icmp6OutType1") >= 1);
	CHECK_EQ(value(path[0], "Icmp6InType77"), -1);
}
