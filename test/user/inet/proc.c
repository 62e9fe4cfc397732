/* SPDX-License-Identifier: MPL-2.0 */
/* Counters: /proc/net/{snmp,netstat,snmp6,sockstat,sockstat6,softnet_stat,ptype,rt_cache} move as traffic does. */
#include "inet.h"
#include "net_counter.h"

static long long used(const char *file, const char *line, const char *word)
{
	char path[64], *p;

	snprintf(path, sizeof(path), "/proc/net/%s", file);
	kt_get(path, buf, sizeof(buf));
	p = strstr(buf, line);
	CHECK(p);
	p = strstr(p, word);
	CHECK(p);
	return atoll(p + strlen(word));
}
CASE(snmp)
{
	long long in, out, none, rcv, udp, del;
	int port, s, t;
	struct sockaddr_in a;

	lo_up();
	CHECK_EQ(counter("snmp", "Ip", "DefaultTTL"), 64);
	CHECK_EQ(counter("snmp", "Tcp", "RtoMin"), 200);
	CHECK_EQ(counter("snmp", "UdpLite", "InDatagrams"), 0);
	rcv = counter("snmp", "Ip", "InReceives");
	del = counter("snmp", "Ip", "InDelivers");
	in = counter("snmp", "Udp", "InDatagrams");
	out = counter("snmp", "Udp", "OutDatagrams");
	none = counter("snmp", "Udp", "NoPorts");
	udp = counter("snmp", "Icmp", "OutDestUnreachs");
	s = lo_sock(SOCK_DGRAM, &port);
	t = lo_sock(SOCK_DGRAM, NULL);
	a = lo_addr(port);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(sendto(t, "x", 1, 0, (void *)&a, sizeof(a)), 1);
	close(s);
	CHECK_EQ(sendto(t, "x", 1, 0, (void *)&a, sizeof(a)), 1);
	CHECK_EQ(counter("snmp", "Udp", "OutDatagrams") - out, 4);
	AWAIT(counter("snmp", "Udp", "NoPorts") > none && counter("snmp", "Icmp", "OutDestUnreachs") > udp);
	CHECK_EQ(counter("snmp", "Udp", "NoPorts") - none, 1);
	CHECK_GE(counter("snmp", "Udp", "InDatagrams") - in, 0);
	CHECK_EQ(counter("snmp", "Icmp", "OutDestUnreachs") - udp, 1);
	AWAIT(counter("snmp", "Ip", "InReceives") - rcv >= 5);
	AWAIT(counter("snmp", "Ip", "InDelivers") - del >= 5);
	CHECK_GE(counter("snmp", "IcmpMsg", "OutType3"), 1);
}
CASE(tcp_counts)
{
	long long est, act, pas;
	int fd[2];

	lo_up();
	est = counter("snmp", "Tcp", "CurrEstab");
	act = counter("snmp", "Tcp", "ActiveOpens");
	pas = counter("snmp", "Tcp", "PassiveOpens");
	tcp_pair(fd);
	CHECK_EQ(counter("snmp", "Tcp", "CurrEstab") - est, 2);	/* what others closed is counted no more */
	CHECK_EQ(counter("snmp", "Tcp", "ActiveOpens") - act, 1);
	CHECK_EQ(counter("snmp", "Tcp", "PassiveOpens") - pas, 1);
}
/* The bytes of one datagram. What an earlier test left behind may send something, too. */
static long long octets_of_one(int s, int port)
{
	long long bytes = counter("netstat", "IpExt", "OutOctets");
	struct sockaddr_in a = lo_addr(port);

	CHECK_EQ(sendto(s, buf, 1000, 0, (void *)&a, sizeof(a)), 1000);
	bytes = counter("netstat", "IpExt", "OutOctets") - bytes;
	CHECK_GE(bytes, 1028);
	return bytes;
}
CASE(netstat)
{
	int s, port;

	lo_up();
	s = lo_sock(SOCK_DGRAM, &port);
	AWAIT(octets_of_one(s, port) == 1028);
	CHECK_GE(counter("netstat", "TcpExt", "TW"), 0);
}
/* Four more sockets; false: by other numbers, for those of an earlier test go when they are through. */
static bool four_more(void)
{
	long long all = used("sockstat", "sockets:", "used "), udp = used("sockstat", "UDP:", "inuse ");
	long long tcp = used("sockstat", "TCP:", "inuse "), raw = used("sockstat", "RAW:", "inuse ");
	struct linger l = { 1, 0 };
	int fd[4];
	bool right;

	fd[2] = lo_sock(SOCK_DGRAM, NULL);
	tcp_pair(fd);
	CHECK_EQ(setsockopt(fd[0], SOL_SOCKET, SO_LINGER, &l, sizeof(l)), 0);
	fd[3] = CHECK_OK(socket(AF_INET, SOCK_RAW, IPPROTO_TCP));
	right = used("sockstat", "sockets:", "used ") - all == 4 && used("sockstat", "UDP:", "inuse ") - udp == 1 &&
		used("sockstat", "TCP:", "inuse ") - tcp == 2 && used("sockstat", "RAW:", "inuse ") - raw == 1;
	for (int i = 0; i < 4; i++)
		close(fd[i]);
	return right;
}
CASE(sockstat)
{
	lo_up();
	CHECK(used("sockstat", "FRAG:", "memory ") >= 0);
	AWAIT(four_more());
	CHECK(used("sockstat6", "FRAG6:", "memory ") >= 0);
}
/* The second number of a protocol's line: how many sockets; *size: of one. */
static int sockets(const char *name, int *size)
{
	char want[32], got[32];
	int n = -1;

	kt_get("/proc/net/protocols", buf, sizeof(buf));
	CHECK(!strncmp(buf, "protocol  size sockets  memory press maxhdr  slab module     "
		"cl co di ac io in de sh ss gs se re sp bi br ha uh gp em\n", 118));
	for (char *l = buf; (l = strchr(l, '\n')) != NULL && l[1]; ) {
		l++;
		if (sscanf(l, "%31s %d %d", got, size, &n) == 3 && !strcmp(got, name))
			return n;
	}
	snprintf(want, sizeof(want), "no %s", name);
	CHECK(!want[0]);
	return -1;
}

struct kind { const char *name; int family, type, protocol; };

/* One more of the kind; false: by another number, for the last of an earlier one goes a grace period later. */
static bool one_more(const struct kind *t)
{
	struct sockaddr_storage a = { .ss_family = (sa_family_t)t->family };
	int size, was = sockets(t->name, &size), s = CHECK_OK(socket(t->family, t->type, t->protocol)), now;

	CHECK(size > 100 && size < 10000);
	if (t->family == AF_INET || t->family == AF_INET6)	/* Linux counts those that have a port */
		CHECK_OK(bind(s, (void *)&a, t->family == AF_INET ? 16 : 28));
	now = sockets(t->name, &size);
	close(s);
	return now == was + 1;
}
static bool three_more(void)
{
	int size, was = sockets("TCP", &size), port, fd[3], now;
	struct linger l = { 1, 0 };

	fd[2] = lo_sock(SOCK_STREAM, &port);
	CHECK_OK(listen(fd[2], 1));
	tcp_pair(fd);
	CHECK_EQ(setsockopt(fd[0], SOL_SOCKET, SO_LINGER, &l, sizeof(l)), 0);
	now = sockets("TCP", &size);
	for (int i = 0; i < 3; i++)
		close(fd[i]);
	return now == was + 3;
}

CASE(protocols)
{
	static const struct kind t[] = {
		{ "UDP", AF_INET, SOCK_DGRAM, 0 }, { "UDPv6", AF_INET6, SOCK_DGRAM, 0 }, { "RAW", AF_INET, SOCK_RAW, IPPROTO_ICMP },
		{ "RAWv6", AF_INET6, SOCK_RAW, IPPROTO_ICMPV6 }, { "PACKET", AF_PACKET, SOCK_DGRAM, 0 },
		{ "NETLINK", AF_NETLINK, SOCK_RAW, 0 }, { "UNIX", AF_UNIX, SOCK_DGRAM, 0 },
		{ "UNIX-STREAM", AF_UNIX, SOCK_STREAM, 0 },
	};
	int size, was;

	lo_up();
	for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		was = sockets(t[i].name, &size);
		for (int k = 0; k < 3; k++)
			AWAIT(one_more(&t[i]));
		AWAIT(sockets(t[i].name, &size) <= was);	/* and those that are closed go */
	}
	AWAIT(three_more());
}
CASE(others)
{
	char *line;
	int n = 0;

	kt_get("/proc/net/softnet_stat", buf, sizeof(buf));
	for (line = buf; *line; line = strchr(line, '\n') + 1)
		n++;
	CHECK_EQ(n, sysconf(_SC_NPROCESSORS_ONLN));
	kt_get("/proc/net/rt_cache", buf, sizeof(buf));
	CHECK(strstr(buf, "Iface\tDestination\tGateway \tFlags\t\tRefCnt\tUse\tMetric\tSource\t\tMTU\tWindow\tIRTT\tTOS\t") == buf);
	CHECK_EQ(strlen(buf), 128);
	kt_get("/proc/net/ptype", buf, sizeof(buf));
	CHECK(!strncmp(buf, "Type Device      Function\n", 26));
	CHECK(strstr(buf, "\n0800 "));
	CHECK(strstr(buf, "\n0806 "));
	kt_get("/proc/net/snmp6", buf, sizeof(buf));
	CHECK(!strncmp(buf, "Ip6InReceives                   \t", 33));
	CHECK(strstr(buf, "\nUdp6InDatagrams "));
}
