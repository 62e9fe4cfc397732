/* SPDX-License-Identifier: MPL-2.0 */
/* /proc/net/{route,arp,tcp,udp,raw} and {tcp,udp,raw}6: routes, neighbours and sockets as proc(5) has them. */
#include <core/init.h>
#include <core/rcu.h>
#include <fs/procfs.h>
#include <net/inet.h>
#include <uapi/linux/in.h>
#include <uapi/linux/tcp.h>

#include "route_impl.h"

#define RTF_UP		0x1u
#define RTF_GATEWAY	0x2u
#define RTF_HOST	0x4u
#define RTF_REJECT	0x200u
#define NO_SSTHRESH	0x7fffffffu	/* no loss yet */

/* --- route --- */

static int route_row(struct fib_route *r, void *arg)
{
	const struct fib_nh *nh = r->nr_nh ? &r->nh[0] : NULL;
	bool reject = r->type == RTN_UNREACHABLE || r->type == RTN_PROHIBIT;
	u32 flags = RTF_UP, mask = r->dst_len ? to_be32(~0u << (32 - r->dst_len)).raw : 0;
	struct seq_file *m = arg;

	if (r->table != RT_TABLE_MAIN || r->type == RTN_BROADCAST || r->type == RTN_MULTICAST)
		return 0;
	if (nh && nh->has_gw)
		flags |= RTF_GATEWAY;
	if (r->dst_len == 32)
		flags |= RTF_HOST;
	if (reject)
		flags |= RTF_REJECT;
	seq_printf(m, "%s\t%08X\t%08X\t%04X\t%d\t%u\t%u\t%08X\t%d\t%u\t%u\n", nh && nh->dev ? nh->dev->name : "*",
		   r->dst.w[3].raw, nh && nh->has_gw ? nh->gw.w[3].raw : 0, flags, 0, 0u, r->priority, mask,
		   (int)r->metrics[FIB_METRIC_ADVMSS], r->metrics[FIB_METRIC_WINDOW], 0u);
	return 0;
}

static int route_show(struct seq_file *m, void *v)
{
	(void)v;
	seq_puts(m, "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n");
	rtnl_lock();
	(void)fib_walk(&init_net, AF_INET, RT_TABLE_MAIN, route_row, m);
	rtnl_unlock();
	return 0;
}

/* --- arp --- */

struct arp_row {
	struct ipaddr addr;
	u8 ha[ETH_ALEN], state;
	char dev[IFNAMSIZ];
};

static int arp_one(struct neigh *n, void *arg)
{
	struct seq_file *m = arg;
	struct arp_row r;
	char ip[48];

	spin_lock(&n->lock);
	r.addr = n->addr;
	r.state = n->state;
	memcpy(r.ha, n->ha, ETH_ALEN);
	spin_unlock(&n->lock);
	if (r.state == NUD_NOARP || n->dev->type != ARPHRD_ETHER)
		return 0;
	netdev_name(n->dev, r.dev);
	ipaddr_str(&r.addr, ip, sizeof(ip));
	seq_printf(m, "%-16s 0x%-10x0x%-10x%02x:%02x:%02x:%02x:%02x:%02x     *        %s\n", ip, n->dev->type,
		   r.state & NUD_PERMANENT ? 6u : r.state & NUD_VALID ? 2u : 0u, r.ha[0], r.ha[1], r.ha[2], r.ha[3], r.ha[4],
		   r.ha[5], r.dev);
	return 0;
}

static int arp_show(struct seq_file *m, void *v)
{
	(void)v;
	seq_puts(m, "IP address       HW type     Flags       HW address            Mask     Device\n");
	rcu_read_lock();
	(void)neigh_walk(&init_net, AF_INET, arp_one, m);
	rcu_read_unlock();
	return 0;
}

/* --- sockets --- */

struct sock_rows {
	struct seq_file *m;
	u32 n;
};

static void put_name(struct seq_file *m, u8 family, const struct ipaddr *a, u16 port)
{
	for (u32 i = family == AF_INET ? 3 : 0; i < 4; i++)
		seq_printf(m, "%08X", a->w[i].raw);
	seq_printf(m, ":%04X ", port);
}

static int sock_row(const struct inet_sock_info *i, void *arg)
{
	struct sock_rows *s = arg;
	struct tcp_info t;

	seq_printf(s->m, "%4u: ", s->n++);
	put_name(s->m, i->family, &i->src, i->sport);
	put_name(s->m, i->family, &i->dst, i->dport);
	seq_printf(s->m, "%02X %08X:%08X %02X:%08llX %08X %5u %8d %llu %d %p", i->state, i->tx_queue, i->rx_queue, i->timer,
		   (unsigned long long)(i->timer_left_ns / 10000000), i->retransmits, i->uid, (int)i->probes,
		   (unsigned long long)i->ino, i->refs, i->sk);
	if (i->protocol == IPPROTO_TCP && inet_sock_tcp_info(i, &t))	/* the timers in hundredths of a second */
		seq_printf(s->m, " %u %u %u %u %d\n", t.tcpi_rto / 10000, t.tcpi_ato / 10000, 0u, t.tcpi_snd_cwnd,
			   t.tcpi_snd_ssthresh >= NO_SSTHRESH ? -1 : (int)t.tcpi_snd_ssthresh);
	else
		seq_printf(s->m, " %u\n", i->drops);
	return 0;
}

#define COLUMNS	"st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
static int socks_show(struct seq_file *m, u8 family, u8 protocol)
{
	struct sock_rows s = { m, 0 };

	if (family == AF_INET6)
		seq_puts(m, "  sl  local_address                         remote_address                        " COLUMNS);
	else
		seq_puts(m, protocol == IPPROTO_TCP ? "  sl  local_address rem_address   " COLUMNS :
			 "   sl  local_address rem_address   " COLUMNS);
	seq_puts(m, protocol == IPPROTO_TCP ? "\n" : " ref pointer drops\n");
	return inet_sock_walk(&init_net, family, protocol, sock_row, &s);
}

#define SHOW(name, family, protocol) \
	static int name(struct seq_file *m, void *v) { (void)v; return socks_show(m, family, protocol); }
SHOW(tcp_show, AF_INET, IPPROTO_TCP)
SHOW(udp_show, AF_INET, IPPROTO_UDP)
SHOW(raw_show, AF_INET, IPPROTO_RAW)
SHOW(tcp6_show, AF_INET6, IPPROTO_TCP)
SHOW(udp6_show, AF_INET6, IPPROTO_UDP)
SHOW(raw6_show, AF_INET6, IPPROTO_RAW)
SHOW(icmp_show, AF_INET, IPPROTO_ICMP)
SHOW(icmp6_show, AF_INET6, IPPROTO_ICMPV6)

static int inet_proc_init(void)
{
	static const struct { const char *path; int (*show)(struct seq_file *m, void *v); } files[] = {
		{ "net/route", route_show }, { "net/arp", arp_show }, { "net/tcp", tcp_show }, { "net/udp", udp_show },
		{ "net/raw", raw_show }, { "net/tcp6", tcp6_show }, { "net/udp6", udp6_show }, { "net/raw6", raw6_show },
		{ "net/icmp", icmp_show }, { "net/icmp6", icmp6_show },
	};
	int err = 0;

	for (u32 i = 0; i < ARRAY_SIZE(files) && !err; i++)
		err = proc_create(files[i].path, 0444, files[i].show, NULL);
	return err;
}
INITCALL_DRIVER(inet_proc_init);
