/* SPDX-License-Identifier: MPL-2.0 */
/* /proc/net/{snmp,netstat,snmp6,sockstat,sockstat6,rt_cache}: counters as proc(5) has them, read by netstat, nstat and ss. */
#include <base/printf.h>
#include <base/string.h>
#include <core/init.h>
#include <core/page.h>
#include <fs/procfs.h>

#include "ip_impl.h"
#include "mib6.h"
#include "route_impl.h"

static const struct { const char *group, *name; } items[] = {
#define MIB(id, group, name)	{ group, name },
#include <net/mib.def>
#undef MIB
};

static int count_established(const struct inet_sock_info *i, void *arg)
{
	*(u64 *)arg += i->state == TCP_ESTABLISHED || i->state == TCP_CLOSE_WAIT;
	return 0;
}

static unsigned long long sum(u32 i)
{
	u64 n = 0;

	if (i != MIB_TCP_CURRESTAB)
		return (unsigned long long)net_mib_sum(&init_net, (enum mib_item)i);
	(void)inet_sock_walk(&init_net, 0, IPPROTO_TCP, count_established, &n);
	return (unsigned long long)n;
}

/* A line of names and one of numbers, each begun by head. */
static void group_show(struct seq_file *m, const char *group, const char *names, const char *numbers)
{
	seq_printf(m, "%s:%s", group, names);
	for (u32 i = 0; i < ARRAY_SIZE(items); i++)
		if (!strcmp(items[i].group, group))
			seq_printf(m, " %s", items[i].name);
	seq_printf(m, "\n%s:%s", group, numbers);
	for (u32 i = 0; i < ARRAY_SIZE(items); i++)
		if (!strcmp(items[i].group, group))
			seq_printf(m, " %llu", sum(i));
	seq_puts(m, "\n");
}

/* ICMP by the type's number: only what came or went. */
static void icmp_types_show(struct seq_file *m)
{
	static const struct { u8 type; bool out; u16 item; } t[] = {
		{ 0, false, MIB_ICMP_INECHOREPS }, { 3, false, MIB_ICMP_INDESTUNREACHS }, { 4, false, MIB_ICMP_INSRCQUENCHS },
		{ 5, false, MIB_ICMP_INREDIRECTS }, { 8, false, MIB_ICMP_INECHOS }, { 11, false, MIB_ICMP_INTIMEEXCDS },
		{ 12, false, MIB_ICMP_INPARMPROBS }, { 13, false, MIB_ICMP_INTIMESTAMPS },
		{ 14, false, MIB_ICMP_INTIMESTAMPREPS },
		{ 17, false, MIB_ICMP_INADDRMASKS }, { 18, false, MIB_ICMP_INADDRMASKREPS }, { 0, true, MIB_ICMP_OUTECHOREPS },
		{ 3, true, MIB_ICMP_OUTDESTUNREACHS }, { 4, true, MIB_ICMP_OUTSRCQUENCHS }, { 5, true, MIB_ICMP_OUTREDIRECTS },
		{ 8, true, MIB_ICMP_OUTECHOS }, { 11, true, MIB_ICMP_OUTTIMEEXCDS }, { 12, true, MIB_ICMP_OUTPARMPROBS },
		{ 13, true, MIB_ICMP_OUTTIMESTAMPS }, { 14, true, MIB_ICMP_OUTTIMESTAMPREPS },
		{ 17, true, MIB_ICMP_OUTADDRMASKS }, { 18, true, MIB_ICMP_OUTADDRMASKREPS },
	};
	unsigned long long v[ARRAY_SIZE(t)];
	bool any = false;

	for (u32 i = 0; i < ARRAY_SIZE(t); i++) {
		v[i] = sum(t[i].item);
		any |= v[i] != 0;
	}
	if (!any)
		return;
	seq_puts(m, "IcmpMsg:");
	for (u32 i = 0; i < ARRAY_SIZE(t); i++)
		if (v[i])
			seq_printf(m, " %sType%u", t[i].out ? "Out" : "In", t[i].type);
	seq_puts(m, "\nIcmpMsg:");
	for (u32 i = 0; i < ARRAY_SIZE(t); i++)
		if (v[i])
			seq_printf(m, " %llu", v[i]);
	seq_puts(m, "\n");
}

static int snmp_show(struct seq_file *m, void *v)
{
	const char *lite = " InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors IgnoredMulti MemErrors";
	struct inet_net *in = net_inet(&init_net);
	char ip[32];

	(void)v;
	scnprintf(ip, sizeof(ip), " %d %d", READ_ONCE(in->conf4_all.forwarding) ? 1 : 2, READ_ONCE(in->sysctl.ip_default_ttl));
	group_show(m, "Ip", " Forwarding DefaultTTL", ip);
	group_show(m, "Icmp", "", "");
	icmp_types_show(m);
	group_show(m, "Tcp", " RtoAlgorithm RtoMin RtoMax MaxConn", " 1 200 120000 -1");
	group_show(m, "Udp", "", "");
	seq_printf(m, "UdpLite:%s\nUdpLite: 0 0 0 0 0 0 0 0 0\n", lite);
	return 0;
}

static int netstat_show(struct seq_file *m, void *v)
{
	(void)v;
	group_show(m, "TcpExt", "", "");
	group_show(m, "IpExt", "", "");
	return 0;
}

static void snmp6_line(struct seq_file *m, u32 i)
{
	seq_printf(m, "%-32s\t%llu\n", items[i].name, sum(i));
	if (i == MIB_ICMP6_INCSUMERRORS)	/* the last of ICMPv6 */
		mib6_show_types(m, NULL);
}

static int snmp6_show(struct seq_file *m, void *v)
{
	(void)v;
	for (u32 i = 0; i < ARRAY_SIZE(items); i++)
		if (items[i].group[strlen(items[i].group) - 1] == '6')
			snmp6_line(m, i);
	return 0;
}

/* --- sockets --- */

struct usage {
	u32 nr;
	u64 bytes;
};

static int count_one(const struct inet_sock_info *i, void *arg)
{
	struct usage *u = arg;

	u->nr++;
	u->bytes += (u64)i->rx_queue + i->tx_queue;
	return 0;
}

static struct usage usage(u8 family, u8 protocol)
{
	struct usage u = { 0 };

	(void)inet_sock_walk(&init_net, family, protocol, count_one, &u);
	return u;
}

static unsigned long pages(u64 bytes) { return (unsigned long)((bytes + PAGE_SIZE - 1) / PAGE_SIZE); }

static int sockstat_show(struct seq_file *m, void *v)
{
	struct usage tcp = usage(AF_INET, IPPROTO_TCP), udp = usage(AF_INET, IPPROTO_UDP), raw = usage(AF_INET, IPPROTO_RAW);
	struct inet_sockstat s;

	(void)v;
	inet_sockstat(&init_net, &s);
	ip_frag_stat(&init_net, AF_INET, &s.frag_inuse, &s.frag_mem);
	seq_printf(m, "sockets: used %d\n", atomic_read(&sockets_used));
	seq_printf(m, "TCP: inuse %u orphan %u tw %u alloc %u mem %lu\n", tcp.nr, s.tcp_orphan, s.tcp_tw, s.tcp_alloc,
		   pages(tcp.bytes));
	seq_printf(m, "UDP: inuse %u mem %lu\n", udp.nr, pages(udp.bytes));
	seq_puts(m, "UDPLITE: inuse 0\n");
	seq_printf(m, "RAW: inuse %u\n", raw.nr);
	seq_printf(m, "FRAG: inuse %u memory %llu\n", s.frag_inuse, (unsigned long long)s.frag_mem);
	return 0;
}

static int sockstat6_show(struct seq_file *m, void *v)
{
	u32 frags;
	u64 mem;

	(void)v;
	ip_frag_stat(&init_net, AF_INET6, &frags, &mem);
	seq_printf(m, "TCP6: inuse %u\nUDP6: inuse %u\nUDPLITE6: inuse 0\nRAW6: inuse %u\nFRAG6: inuse %u memory %llu\n",
		   usage(AF_INET6, IPPROTO_TCP).nr, usage(AF_INET6, IPPROTO_UDP).nr, usage(AF_INET6, IPPROTO_RAW).nr, frags,
		   (unsigned long long)mem);
	return 0;
}

/* --- /proc/net/protocols --- */

#define KINDS	8

static struct kind {
	struct sock_proto p;
	u8 family, protocol;		/* [I] */
	int type;			/* [I] */
} kinds[KINDS] = {
	{ .p.name = "PINGv6", .family = AF_INET6, .protocol = IPPROTO_ICMPV6, .type = SOCK_DGRAM },
	{ .p.name = "RAWv6", .family = AF_INET6, .protocol = IPPROTO_RAW, .type = SOCK_RAW },
	{ .p.name = "UDPv6", .family = AF_INET6, .protocol = IPPROTO_UDP, .type = SOCK_DGRAM },
	{ .p.name = "TCPv6", .family = AF_INET6, .protocol = IPPROTO_TCP, .type = SOCK_STREAM, .p.max_header = PKT_HEADROOM },
	{ .p.name = "PING", .family = AF_INET, .protocol = IPPROTO_ICMP, .type = SOCK_DGRAM },
	{ .p.name = "RAW", .family = AF_INET, .protocol = IPPROTO_RAW, .type = SOCK_RAW },
	{ .p.name = "UDP", .family = AF_INET, .protocol = IPPROTO_UDP, .type = SOCK_DGRAM },
	{ .p.name = "TCP", .family = AF_INET, .protocol = IPPROTO_TCP, .type = SOCK_STREAM, .p.max_header = PKT_HEADROOM },
};

static u32 kind_inuse(const struct sock_proto *p)
{
	const struct kind *k = (const struct kind *)p;

	return usage(k->family, k->protocol).nr;
}

/* Of both families together, as the limits that Linux has are. */
static long kind_pages(const struct sock_proto *p)
{
	return (long)pages(usage(0, ((const struct kind *)p)->protocol).bytes);
}

static void kind_register(struct kind *k, const struct inet_proto *p)
{
	k->p.size = (u32)p->size;
	k->p.can = SOCK_CAN_CLOSE | SOCK_CAN_SENDMSG | SOCK_CAN_RECVMSG | (p->connect ? SOCK_CAN_CONNECT : 0) |
		(p->disconnect ? SOCK_CAN_DISCONNECT : 0) | (p->accept ? SOCK_CAN_ACCEPT : 0) | (p->ioctl ? SOCK_CAN_IOCTL : 0) |
		(p->init ? SOCK_CAN_INIT : 0) | (p->destroy ? SOCK_CAN_DESTROY : 0) | (p->shutdown ? SOCK_CAN_SHUTDOWN : 0) |
		(p->setsockopt ? SOCK_CAN_SETSOCKOPT : 0) | (p->getsockopt ? SOCK_CAN_GETSOCKOPT : 0) |
		(p->get_port ? SOCK_CAN_GET_PORT : 0);
	k->p.inuse = kind_inuse;
	k->p.pages = k->protocol == IPPROTO_TCP || k->protocol == IPPROTO_UDP ? kind_pages : NULL;
	sock_proto_register(&k->p);
}

static void kinds_register(void)
{
	const struct inet_proto *p;

	for (u32 i = 0; i < KINDS; i++) {
		for (u32 n = 0; (p = inet_proto_nth(n)) != NULL; n++) {
			/* The one of raw sockets stands for all protocols. */
			if (p->type != kinds[i].type || (p->type != SOCK_RAW && p->protocol != kinds[i].protocol))
				continue;
			kind_register(&kinds[i], p);
			break;
		}
	}
}

/* There is no cache of routes: its head is what is left, on Linux too. */
static int rt_cache_show(struct seq_file *m, void *v)
{
	(void)v;
	seq_printf(m, "%-127s\n", "Iface\tDestination\tGateway \tFlags\t\tRefCnt\tUse\tMetric\tSource\t\tMTU\tWindow\tIRTT\tTOS\tHHRef\t"
		   "HHUptod\tSpecDst");
	return 0;
}

static int inet_stat_init(void)
{
	static const struct { const char *path; int (*show)(struct seq_file *m, void *v); } files[] = {
		{ "net/snmp", snmp_show }, { "net/netstat", netstat_show }, { "net/snmp6", snmp6_show },
		{ "net/sockstat", sockstat_show }, { "net/sockstat6", sockstat6_show }, { "net/rt_cache", rt_cache_show },
	};
	int err = 0;

	kinds_register();
	for (u32 i = 0; i < ARRAY_SIZE(files) && !err; i++)
		err = proc_create(files[i].path, 0444, files[i].show, NULL);
	return err;
}
INITCALL_DRIVER(inet_stat_init);
