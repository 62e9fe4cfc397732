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
	CHECK_EQ(counter("snmp", "Udp", "NoPorts") - none, 1);
	CHECK_GE(counter("snmp", "Udp", "InDatagrams") - in, 0);
	CHECK_EQ(counter("snmp", "Icmp", "OutDestUnreachs") - udp, 1);
	CHECK_GE(counter("snmp", "Ip", "InReceives") - rcv, 5);
	CHECK_GE(counter("snmp", "Ip", "InDelivers") - del, 5);
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
	CHECK_EQ(counter("snmp", "Tcp", "CurrEstab") - est, 2);
	CHECK_EQ(counter("snmp", "Tcp", "ActiveOpens") - act, 1);
	CHECK_EQ(counter("snmp", "Tcp", "PassiveOpens") - pas, 1);
}
CASE(netstat)
{
	long long bytes;
	struct sockaddr_in a;
	int s, port;

	lo_up();
	bytes = counter("netstat", "IpExt", "OutOctets");
	s = lo_sock(SOCK_DGRAM, &port);
	a = lo_addr(port);
	CHECK_EQ(sendto(s, buf, 1000, 0, (void *)&a, sizeof(a)), 1000);
	CHECK_EQ(counter("netstat", "IpExt", "OutOctets") - bytes, 1028);
	CHECK_GE(counter("netstat", "TcpExt", "TW"), 0);
}
CASE(sockstat)
{
	long long all, udp, tcp, raw;
	int fd[2];

	lo_up();
	all = used("sockstat", "sockets:", "used ");
	udp = used("sockstat", "UDP:", "inuse ");
	tcp = used("sockstat", "TCP:", "inuse ");
	raw = used("sockstat", "RAW:", "inuse ");
	CHECK(used("sockstat", "FRAG:", "memory ") >= 0);
	lo_sock(SOCK_DGRAM, NULL);
	tcp_pair(fd);
	CHECK_OK(socket(AF_INET, SOCK_RAW, IPPROTO_TCP));
	CHECK_EQ(used("sockstat", "sockets:", "used ") - all, 4);
	CHECK_EQ(used("sockstat", "UDP:", "inuse ") - udp, 1);
	CHECK_EQ(used("sockstat", "TCP:", "inuse ") - tcp, 2);
	CHECK_EQ(used("sockstat", "RAW:", "inuse ") - raw, 1);
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

CASE(protocols)
{
	static const struct { const char *name; int family, type, protocol; } t[] = {
		{ "UDP", AF_INET, SOCK_DGRAM, 0 }, { "UDPv6", AF_INET6, SOCK_DGRAM, 0 }, { "RAW", AF_INET, SOCK_RAW, IPPROTO_ICMP },
		{ "RAWv6", AF_INET6, SOCK_RAW, IPPROTO_ICMPV6 }, { "PACKET", AF_PACKET, SOCK_DGRAM, 0 },
		{ "NETLINK", AF_NETLINK, SOCK_RAW, 0 }, { "UNIX", AF_UNIX, SOCK_DGRAM, 0 },
		{ "UNIX-STREAM", AF_UNIX, SOCK_STREAM, 0 },
	};
	int size, was, port, fd[2];

	lo_up();
	for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct sockaddr_storage a = { .ss_family = (sa_family_t)t[i].family };
		int s;

		was = sockets(t[i].name, &size);
		CHECK(size > 100 && size < 10000);
		s = CHECK_OK(socket(t[i].family, t[i].type, t[i].protocol));
		if (t[i].family == AF_INET || t[i].family == AF_INET6)	/* Linux counts those that have a port */
			CHECK_OK(bind(s, (void *)&a, t[i].family == AF_INET ? 16 : 28));
		CHECK_EQ(sockets(t[i].name, &size), was + 1);
		close(s);
		AWAIT(sockets(t[i].name, &size) == was);	/* the last of it goes a grace period later */
	}
	was = sockets("TCP", &size);
	CHECK_OK(listen(lo_sock(SOCK_STREAM, &port), 1));
	tcp_pair(fd);
	CHECK_EQ(sockets("TCP", &size), was + 3);
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
