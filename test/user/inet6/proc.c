/* SPDX-License-Identifier: MPL-2.0 */
/* /proc/net of IPv6. */
#include "inet6.h"

/* The line of a file that has this text; NULL: none. */
static char *line_with(const char *path, const char *text)
{
	static char line[512];
	FILE *f = fopen(path, "r");

	CHECK(f);
	while (fgets(line, sizeof(line), f)) {
		if (strstr(line, text)) {
			fclose(f);
			return line;
		}
	}
	fclose(f);
	return NULL;
}

CASE(sockets)
{
	unsigned st, tx, rx, port, uid;
	char want[80], *l;
	struct sockaddr_in6 a;
	unsigned long ino;
	struct stat s;
	int u, t, c;

	lo_up();
	u = sock6(SOCK_DGRAM);
	CHECK_EQ(bind6(u, "::1", 0), 0);
	snprintf(want, sizeof(want), " 00000000000000000000000001000000:%04X 00000000000000000000000000000000:0000 07 ",
		 ntohs(name_of(u).sin6_port));
	l = line_with("/proc/net/udp6", want);
	CHECK(l);
	t = sock6(SOCK_STREAM);
	CHECK_EQ(bind6(t, "::", 0), 0);
	CHECK_EQ(listen(t, 5), 0);
	a = name_of(t);
	snprintf(want, sizeof(want), ": 00000000000000000000000000000000:%04X 00000000000000000000000000000000:0000 0A ",
		 ntohs(a.sin6_port));
	l = line_with("/proc/net/tcp6", want);
	CHECK(l);
	CHECK_OK(fstat(t, &s));
	CHECK_EQ(sscanf(l, "%*d: %*32[0-9A-F]:%x %*32[0-9A-F]:%*x %x %x:%x %*x:%*x %*x %u %*d %lu", &port, &st, &tx, &rx, &uid, &ino), 6);
	CHECK_EQ(st, 10);
	CHECK_EQ(ino, s.st_ino);
	c = sock6(SOCK_STREAM);
	CHECK_EQ(connect6(c, "::ffff:127.0.0.1", ntohs(a.sin6_port)), 0);
	snprintf(want, sizeof(want), " 0000000000000000FFFF00000100007F:%04X 01 ", ntohs(a.sin6_port));
	CHECK(line_with("/proc/net/tcp6", want));
	CHECK_OK(socket(AF_INET6, SOCK_RAW, 199));
	CHECK(line_with("/proc/net/raw6", ": 00000000000000000000000000000000:00C7 "));
	CHECK(line_with("/proc/net/tcp6", "  sl  local_address                         remote_address "));
	CHECK(line_with("/proc/net/udp6", " inode ref pointer drops"));
}

CASE(addresses)
{
	char *l, want[64];

	lo_up();
	l = line_with("/proc/net/if_inet6", "00000000000000000000000000000001 ");
	CHECK(l);
	snprintf(want, sizeof(want), "00000000000000000000000000000001 %02x 80 10 80       lo\n", lo_index());
	CHECK_STR(l, want);
	l = line_with("/proc/net/ipv6_route", "00000000000000000000000000000001 80 ");
	CHECK(l);
	CHECK(strstr(l, " 80200001       lo\n"));
}

CASE(counters)
{
	unsigned long long before, after;
	int pb, s;
	char *l;

	lo_up();
	(void)lo_sock(SOCK_DGRAM, &pb);
	s = sock6(SOCK_DGRAM);
	l = line_with("/proc/net/snmp6", "Udp6OutDatagrams ");
	CHECK(l);
	CHECK_EQ(sscanf(l, "Udp6OutDatagrams %llu", &before), 1);
	CHECK_EQ(sendto6(s, "x", "::1", pb), 1);
	l = line_with("/proc/net/snmp6", "Udp6OutDatagrams ");
	CHECK_EQ(sscanf(l, "Udp6OutDatagrams %llu", &after), 1);
	CHECK_EQ(after, before + 1);
	CHECK(line_with("/proc/net/snmp6", "Ip6InReceives                   \t"));
	CHECK(line_with("/proc/net/snmp6", "Icmp6InMsgs                     \t"));
}

CASE(groups)
{
	struct ipv6_mreq r = { .ipv6mr_multiaddr = a6("ff05::77", 0).sin6_addr, .ipv6mr_interface = (unsigned)lo_index() };
	int s = sock6(SOCK_DGRAM);
	char *l, name[32], g[40];
	unsigned i, users;

	lo_up();
	CHECK_EQ(setsockopt(s, IPPROTO_IPV6, IPV6_JOIN_GROUP, &r, sizeof(r)), 0);
	l = line_with("/proc/net/igmp6", "ff050000000000000000000000000077 ");
	CHECK(l);
	CHECK_EQ(sscanf(l, "%u %31s %39s %u", &i, name, g, &users), 4);
	CHECK_EQ(i, (unsigned)lo_index());
	CHECK_STR(name, "lo");
	CHECK_EQ(users, 1);
}
