/* SPDX-License-Identifier: MPL-2.0 */
/*
 * /proc/sys/net/ipv4 and ipv6: what has an effect, with Linux's names and ranges (Linux: Documentation/networking/ip-sysctl).
 *
 * The directories of a device (conf/DEV, neigh/DEV) come and go with it and follow its name. A file names its device by
 * index and looks for it at each access, so one that stays open after the device has gone answers ENODEV. Locks: writers
 * of conf and neigh take rtnl; `dirs` is guarded by rtnl.
 */
#include <base/err.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/init.h>
#include <core/slab.h>
#include <fs/procfs.h>
#include <kernel/task.h>

#include "route_impl.h"

#define WHICH_DEFAULT	0
#define WHICH_ALL	(-1)
#define S32_MIN_	(-2147483647 - 1)
#define S32_MAX_	0x7fffffff

enum set { CONF4, CONF6, NEIGH4, NEIGH6 };

/* An int of inet_conf4, inet_conf6 or neigh_parms. unit: what is stored for each one that is written. */
struct knob {
	const char *name;
	u16 off;
	u16 unit;
	s8 item;			/* enum inet_conf6_item: IPv6 is to be asked and told; -1: no */
	int min, max;
};

#define C4(f)	{ #f, offsetof(struct inet_conf4, f), 1, -1, S32_MIN_, S32_MAX_ }
static const struct knob conf4_knobs[] = {
	C4(forwarding), C4(rp_filter), C4(accept_local), C4(accept_redirects), C4(send_redirects), C4(secure_redirects),
	C4(shared_media), C4(arp_ignore), C4(arp_announce), C4(arp_filter), C4(arp_accept), C4(arp_notify),
	C4(drop_gratuitous_arp), C4(drop_unicast_in_l2_multicast), C4(log_martians), C4(proxy_arp), C4(proxy_arp_pvlan),
	C4(promote_secondaries), C4(route_localnet), C4(src_valid_mark),
};
#define C6X(n, f, i, lo, hi)	{ n, offsetof(struct inet_conf6, f), 1, i, lo, hi }
#define C6(f)	C6X(#f, f, -1, S32_MIN_, S32_MAX_)
static const struct knob conf6_knobs[] = {
	C6X("forwarding", forwarding, CONF6_FORWARDING, S32_MIN_, S32_MAX_), C6X("hop_limit", hop_limit, -1, 1, 255),
	C6X("mtu", mtu, CONF6_MTU, S32_MIN_, S32_MAX_), C6(accept_ra), C6(accept_redirects), C6(autoconf), C6(dad_transmits),
	C6X("router_solicitations", router_solicitations, -1, -1, S32_MAX_),
	C6X("router_solicitation_interval", router_solicitation_interval, -1, 0, S32_MAX_ / 1000),
	C6X("router_solicitation_delay", router_solicitation_delay, -1, 0, S32_MAX_ / 1000),
	C6X("use_tempaddr", use_tempaddr, CONF6_USE_TEMPADDR, S32_MIN_, S32_MAX_), C6(accept_ra_defrtr), C6(accept_ra_pinfo),
	C6(accept_ra_mtu), C6X("disable_ipv6", disable_ipv6, CONF6_DISABLE_IPV6, S32_MIN_, S32_MAX_), C6(accept_dad),
	C6X("addr_gen_mode", addr_gen_mode, CONF6_ADDR_GEN_MODE, S32_MIN_, S32_MAX_), C6(ndisc_notify),
	C6X("ra_defrtr_metric", ra_metric, -1, 1, S32_MAX_),
};
#define NP(n, f, u)	{ n, offsetof(struct neigh_parms, f), u, -1, 0, S32_MAX_ / (u) }
static const struct knob neigh_knobs[] = {
	NP("mcast_solicit", mcast_probes, 1), NP("ucast_solicit", ucast_probes, 1), NP("retrans_time_ms", retrans_ms, 1),
	NP("retrans_time", retrans_ms, 10), NP("base_reachable_time_ms", reachable_ms, 1),
	NP("base_reachable_time", reachable_ms, 1000), NP("delay_first_probe_time", delay_ms, 1000),
	NP("gc_stale_time", gc_stale_s, 1), NP("unres_qlen_bytes", queue_bytes, 1), NP("locktime", locktime_ms, 10),
};
static const struct knob *const knobs_of[] = { conf4_knobs, conf6_knobs, neigh_knobs, neigh_knobs };
static const u32 nr_knobs[] = { ARRAY_SIZE(conf4_knobs), ARRAY_SIZE(conf6_knobs), ARRAY_SIZE(neigh_knobs),
	ARRAY_SIZE(neigh_knobs) };
static const char *const set_path[] = { "ipv4/conf", "ipv6/conf", "ipv4/neigh", "ipv6/neigh" };

/* What a file is about, in its data pointer. */
static void *encode(enum set set, int which, u32 knob)
{
	return (void *)((u64)(u32)which << 16 | (u64)set << 8 | knob);
}
static enum set set_of(void *data) { return (enum set)((u64)data >> 8 & 255); }
static int which_of(void *data) { return (int)((u64)data >> 16); }
static const struct knob *knob_of(void *data) { return &knobs_of[set_of(data)][(u64)data & 255]; }

/* The struct of a set for all, default or a device, and the bits of what was set there. RCU or rtnl. NULL: no such device. */
static void *values(struct net *net, enum set set, int which, u64 **bits)
{
	struct inet_net *in = net_inet(net);
	struct net_device *dev = which > 0 ? netdev_by_index(net, which) : NULL;
	struct inet_dev *id = dev ? dev_inet(dev) : NULL;

	*bits = NULL;
	if (which > 0 && !id)
		return NULL;
	switch (set) {
	case CONF4:
		*bits = id ? &id->conf4_set : NULL;
		return id ? &id->conf4 : which == WHICH_ALL ? &in->conf4_all : &in->conf4_default;
	case CONF6:
		*bits = id ? &id->conf6_set : NULL;
		return id ? &id->conf6 : which == WHICH_ALL ? &in->conf6_all : &in->conf6_default;
	case NEIGH4:
		*bits = id ? &id->parms4_set : NULL;
		return id ? &id->parms4 : &in->parms4_default;
	default:
		*bits = id ? &id->parms6_set : NULL;
		return id ? &id->parms6 : &in->parms6_default;
	}
}

static int *value_at(void *base, const struct knob *k) { return (int *)((u8 *)base + k->off); }
static u64 bit_of(const struct knob *k) { return 1ull << (k->off / sizeof(int)); }

static int knob_show(struct seq_file *m, void *data)
{
	const struct knob *k = knob_of(data);
	void *base;
	u64 *bits;
	int v = 0;

	rcu_read_lock();
	base = values(&init_net, set_of(data), which_of(data), &bits);
	if (base)
		v = READ_ONCE(*value_at(base, k)) / (int)k->unit;
	rcu_read_unlock();
	if (!base)
		return -ENODEV;
	seq_printf(m, "%d\n", v);
	return 0;
}

/* conf/all decides for everybody: a router believes no redirects. */
static void forward_all(struct net *net, int v)
{
	struct inet_net *in = net_inet(net);
	struct net_device *dev;

	WRITE_ONCE(in->conf4_all.forwarding, v);
	WRITE_ONCE(in->conf4_all.accept_redirects, !v);
	WRITE_ONCE(in->conf4_default.forwarding, v);
	WRITE_ONCE(in->sysctl.ip_forward, v);
	for_each_netdev(dev, net)
		if (dev_inet(dev))
			WRITE_ONCE(dev_inet(dev)->conf4.forwarding, v);
}

/* default's new value is everybody's who has none of his own. rtnl held. */
static void spread(struct net *net, enum set set, const struct knob *k, int v)
{
	struct net_device *dev;

	for_each_netdev(dev, net) {
		u64 *bits;
		void *base = values(net, set, dev->ifindex, &bits);

		if (base && !(*bits & bit_of(k)))
			WRITE_ONCE(*value_at(base, k), v);
	}
}

static int knob_set(struct net *net, void *data, int v)
{
	const struct knob *k = knob_of(data);
	enum set set = set_of(data);
	int which = which_of(data), old, err;
	struct net_device *dev = which > 0 ? netdev_by_index(net, which) : NULL;
	void *base;
	u64 *bits;

	base = values(net, set, which, &bits);
	if (!base)
		return -ENODEV;
	err = k->item >= 0 ? inet_conf6_check(dev, (enum inet_conf6_item)k->item, v) : 0;
	if (err)
		return err;
	old = *value_at(base, k);
	if (bits)
		*bits |= bit_of(k);
	if (set == CONF4 && which == WHICH_ALL && k->off == offsetof(struct inet_conf4, forwarding)) {
		if (old != v)
			forward_all(net, v);
	} else {
		WRITE_ONCE(*value_at(base, k), v);
	}
	if (which == WHICH_DEFAULT && set != CONF6 && !(set == CONF4 && k->off == offsetof(struct inet_conf4, forwarding)))
		spread(net, set, k, v);
	if (old != v && k->item >= 0 && which != WHICH_DEFAULT)
		inet_conf6_changed(net, dev, (enum inet_conf6_item)k->item);
	if (old != v && (set == CONF4 || set == CONF6))
		route_cache_bump(net);
	return 0;
}

static int knob_store(const char *text, void *data)
{
	const struct knob *k = knob_of(data);
	int v, err;

	if (kstrtoint(text, 10, &v) || v < k->min || v > k->max)
		return -EINVAL;
	rtnl_lock();
	err = knob_set(&init_net, data, v * (int)k->unit);
	rtnl_unlock();
	return err;
}

static int dir_make(enum set set, int which, const char *name)
{
	int err = 0;

	for (u32 i = 0; i < nr_knobs[set] && !err; i++) {
		char path[80];
		struct proc_sysctl t = { .path = path, .mode = 0644, .kind = SYSCTL_FN, .show = knob_show, .store = knob_store,
			.data = encode(set, which, i) };

		scnprintf(path, sizeof(path), "net/%s/%s/%s", set_path[set], name, knobs_of[set][i].name);
		err = proc_sysctl_register(&t);
	}
	return err;
}

/* --- devices --- */

struct dev_dir {
	struct list_head link;		/* [rtnl] dirs */
	int ifindex;			/* [I] */
	char name[IFNAMSIZ];		/* [rtnl] under which its directories stand */
};
static LIST_HEAD(dirs);			/* [rtnl] */

static void dirs_make(const struct dev_dir *d)
{
	for (enum set s = CONF4; s <= NEIGH6; s++)
		(void)dir_make(s, d->ifindex, d->name);
}

static void dirs_remove(const struct dev_dir *d)
{
	for (enum set s = CONF4; s <= NEIGH6; s++) {
		char path[64];

		scnprintf(path, sizeof(path), "sys/net/%s/%s", set_path[s], d->name);
		proc_remove(path);
	}
}

static void dev_new(struct net_device *dev)
{
	struct dev_dir *d = kzalloc(sizeof(*d), GFP_KERNEL);

	if (!d)
		return;
	d->ifindex = dev->ifindex;
	netdev_name(dev, d->name);
	list_add_tail(&d->link, &dirs);
	dirs_make(d);
}

static void dev_event(struct net_notifier *n, struct net *net, enum net_event ev, void *object)
{
	struct net_device *dev = object;
	struct dev_dir *d, *next;

	(void)n, (void)net;
	if (ev == NETDEV_REGISTER)
		dev_new(dev);
	if (ev != NETDEV_UNREGISTER && ev != NETDEV_CHANGENAME)
		return;
	list_for_each_entry_safe(d, next, &dirs, link) {
		if (d->ifindex != dev->ifindex)
			continue;
		dirs_remove(d);
		if (ev == NETDEV_CHANGENAME) {
			netdev_name(dev, d->name);
			dirs_make(d);
		} else {
			list_del(&d->link);
			kfree(d);
		}
	}
}

static struct net_notifier dev_notifier = { .fn = dev_event };

/* --- one for all --- */

static int forward_show(struct seq_file *m, void *data)
{
	(void)data;
	seq_printf(m, "%d\n", READ_ONCE(net_inet(&init_net)->conf4_all.forwarding));
	return 0;
}

static int forward_store(const char *text, void *data)
{
	(void)data;
	return knob_store(text, encode(CONF4, WHICH_ALL, 0));
}

/* Two numbers in a pair of ints that stand beside each other. */
static int parse_pair(const char *text, int v[2])
{
	char buf[64], *p;
	size_t n;

	if (strscpy(buf, text, sizeof(buf)) < 0)
		return -EINVAL;
	n = strcspn(buf, " \t");
	if (!buf[n])
		return -EINVAL;
	buf[n] = '\0';
	p = buf + n + 1;
	p += strspn(p, " \t");
	return kstrtoint(buf, 10, &v[0]) || kstrtoint(p, 10, &v[1]) ? -EINVAL : 0;
}

static int pair_show(struct seq_file *m, void *data)
{
	seq_printf(m, "%d\t%d\n", READ_ONCE(((int *)data)[0]), READ_ONCE(((int *)data)[1]));
	return 0;
}

static int ports_store(const char *text, void *data)
{
	struct inet_sysctl *s = &net_inet(&init_net)->sysctl;
	int v[2];

	(void)data;
	if (parse_pair(text, v) || v[0] < 1 || v[1] > 65535 || v[0] > v[1] || v[0] < READ_ONCE(s->ip_unprivileged_port_start))
		return -EINVAL;
	WRITE_ONCE(s->ip_local_port_min, v[0]);
	WRITE_ONCE(s->ip_local_port_max, v[1]);
	return 0;
}

static int unprivileged_show(struct seq_file *m, void *data)
{
	seq_printf(m, "%d\n", READ_ONCE(*(int *)data));
	return 0;
}

static int unprivileged_store(const char *text, void *data)
{
	int v;

	if (kstrtoint(text, 10, &v) || v < 0 || v > 65535 || v > READ_ONCE(net_inet(&init_net)->sysctl.ip_local_port_min))
		return -EINVAL;
	WRITE_ONCE(*(int *)data, v);
	return 0;
}

/* Groups whose members may make ping sockets; "1 0": none. */
static int groups_store(const char *text, void *data)
{
	int v[2];

	if (parse_pair(text, v) || v[0] < 0 || v[1] < 0)
		return -EINVAL;
	if (v[1] < v[0]) {
		v[0] = 1;
		v[1] = 0;
	}
	WRITE_ONCE(((int *)data)[0], v[0]);
	WRITE_ONCE(((int *)data)[1], v[1]);
	return 0;
}

static int flush_store(const char *text, void *data)
{
	int v;

	(void)data;
	if (kstrtoint(text, 10, &v))
		return -EINVAL;
	pmtu_flush(&init_net);
	return 0;
}

struct row {
	const char *name;
	u16 off;
	s64 min, max;
};
#define INT(f, lo, hi)		{ "ipv4/" #f, offsetof(struct inet_sysctl, f), lo, hi }
#define ANY(f)			INT(f, S32_MIN_, S32_MAX_)
#define AS(n, f, lo, hi)	{ n, offsetof(struct inet_sysctl, f), lo, hi }
static const struct row rows[] = {
	INT(ip_default_ttl, 1, 255), INT(ip_no_pmtu_disc, 0, 255), INT(ip_nonlocal_bind, 0, 255),
	INT(icmp_echo_ignore_all, 0, 1), INT(icmp_echo_ignore_broadcasts, 0, 1), INT(icmp_errors_use_inbound_ifaddr, 0, 1),
	INT(icmp_ratelimit, 0, S32_MAX_), ANY(icmp_ratemask),
	INT(icmp_msgs_per_sec, 0, S32_MAX_), INT(icmp_msgs_burst, 0, S32_MAX_),
	INT(ipfrag_high_thresh, 0, S32_MAX_), INT(ipfrag_time, 0, S32_MAX_ / 1000),
	ANY(igmp_max_memberships), ANY(igmp_max_msf),
	INT(tcp_syn_retries, 1, 127), INT(tcp_synack_retries, 0, 255), INT(tcp_retries2, 0, 255), INT(tcp_orphan_retries, 0, 255),
	INT(tcp_keepalive_time, 0, 32767 * 60), INT(tcp_keepalive_probes, 0, 255), INT(tcp_keepalive_intvl, 0, 32767 * 60),
	ANY(tcp_max_syn_backlog), ANY(tcp_max_tw_buckets), INT(tcp_moderate_rcvbuf, 0, 255),
	AS("ipv4/route/mtu_expires", mtu_expires, 0, S32_MAX_ / 1000), AS("ipv4/route/min_pmtu", min_pmtu, 68, S32_MAX_),
	AS("ipv4/route/redirect_number", redirect_number, S32_MIN_, S32_MAX_),
	AS("ipv4/neigh/default/gc_thresh1", neigh_gc_thresh[0], 0, S32_MAX_),
	AS("ipv4/neigh/default/gc_thresh2", neigh_gc_thresh[1], 0, S32_MAX_),
	AS("ipv4/neigh/default/gc_thresh3", neigh_gc_thresh[2], 0, S32_MAX_),
};
static const struct row rows6[] = {
	AS("ipv6/bindv6only", v6_bindv6only, 0, 255), AS("ipv6/auto_flowlabels", v6_auto_flowlabels, 0, 3),
	AS("ipv6/ip6frag_high_thresh", v6_ip6frag_high_thresh, 0, S32_MAX_),
	AS("ipv6/ip6frag_time", v6_ip6frag_time, 0, S32_MAX_ / 1000),
	AS("ipv6/neigh/default/gc_thresh1", neigh6_gc_thresh[0], 0, S32_MAX_),
	AS("ipv6/neigh/default/gc_thresh2", neigh6_gc_thresh[1], 0, S32_MAX_),
	AS("ipv6/neigh/default/gc_thresh3", neigh6_gc_thresh[2], 0, S32_MAX_),
};

static int rows_make(const struct row *r, u32 n)
{
	int err = 0;

	for (; n-- && !err; r++) {
		char path[64];
		struct proc_sysctl t = { .path = path, .mode = 0644, .kind = SYSCTL_INT, .min = r->min, .max = r->max,
			.data = (u8 *)&net_inet(&init_net)->sysctl + r->off };

		scnprintf(path, sizeof(path), "net/%s", r->name);
		err = proc_sysctl_register(&t);
	}
	return err;
}

static int specials_make(struct inet_sysctl *s)
{
	const struct proc_sysctl t[] = {
		{ .path = "net/ipv4/ip_forward", .mode = 0644, .kind = SYSCTL_FN, .show = forward_show, .store = forward_store },
		{ .path = "net/ipv4/ip_local_port_range", .mode = 0644, .kind = SYSCTL_FN, .show = pair_show, .store = ports_store,
		  .data = &s->ip_local_port_min },
		{ .path = "net/ipv4/ip_unprivileged_port_start", .mode = 0644, .kind = SYSCTL_FN, .show = unprivileged_show,
		  .store = unprivileged_store, .data = &s->ip_unprivileged_port_start },
		{ .path = "net/ipv4/ping_group_range", .mode = 0644, .kind = SYSCTL_FN, .show = pair_show, .store = groups_store,
		  .data = &s->ping_group_min },
		{ .path = "net/ipv4/route/flush", .mode = 0200, .kind = SYSCTL_FN, .store = flush_store },
		{ .path = "net/ipv4/tcp_rmem", .mode = 0644, .kind = SYSCTL_INTS, .data = s->tcp_rmem, .maxlen = 3, .min = 1,
		  .max = S32_MAX_ },
		{ .path = "net/ipv4/tcp_wmem", .mode = 0644, .kind = SYSCTL_INTS, .data = s->tcp_wmem, .maxlen = 3, .min = 1,
		  .max = S32_MAX_ },
	};
	int err = 0;

	for (u32 i = 0; i < ARRAY_SIZE(t) && !err; i++)
		err = proc_sysctl_register(&t[i]);
	return err;
}

static int inet_sysctl_init(void)
{
	struct net_device *dev;
	int err = rows_make(rows, ARRAY_SIZE(rows));

	err = err ? err : specials_make(&net_inet(&init_net)->sysctl);
	err = err ? err : rows_make(rows6, ARRAY_SIZE(rows6));
	if (err)
		return err;
	rtnl_lock();
	for (enum set s = CONF4; s <= NEIGH6; s++) {
		(void)dir_make(s, WHICH_DEFAULT, "default");
		if (s == CONF4 || s == CONF6)
			(void)dir_make(s, WHICH_ALL, "all");
	}
	net_notifier_register(&dev_notifier);
	for_each_netdev(dev, &init_net)
		dev_new(dev);
	rtnl_unlock();
	return 0;
}
INITCALL_DRIVER(inet_sysctl_init);
