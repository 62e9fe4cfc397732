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
