/* SPDX-License-Identifier: MPL-2.0 */
/*
 * RTM_*ROUTE: routes of both families, told, added, replaced and deleted. The tables are those of net/inet/route.c. A dump
 * makes a sorted list of what it shows at its first call, in the order of Linux; it holds references until it ends.
 */
#include <base/math.h>
#include <base/sort.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/init.h>
#include <core/slab.h>

#include "rt_route.h"

#define RTN_LAST	11
#define RTF_REJECT	0x0200u
#define PREF_SHIFT	27
#define PRIO_USER6	1024u

const struct nl_policy rt_route_policy4[RTA_LAST + 1] = {
	[RTA_DST] = { NLP_MIN, 4 }, [RTA_SRC] = { NLP_MIN, 4 }, [RTA_IIF] = { NLP_MIN, 4 }, [RTA_OIF] = { NLP_MIN, 4 },
	[RTA_GATEWAY] = { NLP_MIN, 4 }, [RTA_PRIORITY] = { NLP_MIN, 4 }, [RTA_PREFSRC] = { NLP_MIN, 4 },
	[RTA_METRICS] = { NLP_NESTED, 0 }, [RTA_MULTIPATH] = { NLP_MIN, sizeof(struct rtnexthop) }, [RTA_FLOW] = { NLP_MIN, 4 },
	[RTA_ENCAP_TYPE] = { NLP_MIN, 2 }, [RTA_ENCAP] = { NLP_NESTED, 0 }, [RTA_UID] = { NLP_MIN, 4 }, [RTA_MARK] = { NLP_MIN, 4 },
	[RTA_TABLE] = { NLP_MIN, 4 }, [RTA_IP_PROTO] = { NLP_MIN, 1 }, [RTA_SPORT] = { NLP_MIN, 2 }, [RTA_DPORT] = { NLP_MIN, 2 },
	[RTA_NH_ID] = { NLP_MIN, 4 },
};
const struct nl_policy rt_route_policy6[RTA_LAST + 1] = {
	[RTA_GATEWAY] = { NLP_MIN, 16 }, [RTA_PREFSRC] = { NLP_MIN, 16 }, [RTA_OIF] = { NLP_MIN, 4 }, [RTA_IIF] = { NLP_MIN, 4 },
	[RTA_PRIORITY] = { NLP_MIN, 4 }, [RTA_METRICS] = { NLP_NESTED, 0 }, [RTA_MULTIPATH] = { NLP_MIN, sizeof(struct rtnexthop) },
	[RTA_PREF] = { NLP_MIN, 1 }, [RTA_ENCAP_TYPE] = { NLP_MIN, 2 }, [RTA_ENCAP] = { NLP_NESTED, 0 },
	[RTA_EXPIRES] = { NLP_MIN, 4 }, [RTA_UID] = { NLP_MIN, 4 }, [RTA_MARK] = { NLP_MIN, 4 }, [RTA_TABLE] = { NLP_MIN, 4 },
	[RTA_IP_PROTO] = { NLP_MIN, 1 }, [RTA_SPORT] = { NLP_MIN, 2 }, [RTA_DPORT] = { NLP_MIN, 2 }, [RTA_NH_ID] = { NLP_MIN, 4 },
};

/* Which metric of a route an RTAX_* is; -1: none of ours. */
static int metric_of(u32 type)
{
	switch (type) {
	case RTAX_MTU: return FIB_METRIC_MTU;
	case RTAX_ADVMSS: return FIB_METRIC_ADVMSS;
	case RTAX_WINDOW: return FIB_METRIC_WINDOW;
	case RTAX_RTT: return FIB_METRIC_RTT;
	case RTAX_HOPLIMIT: return FIB_METRIC_HOPLIMIT;
	case RTAX_INITCWND: return FIB_METRIC_INITCWND;
	case RTAX_INITRWND: return FIB_METRIC_INITRWND;
	case RTAX_QUICKACK: return FIB_METRIC_QUICKACK;
	default: return -1;
	}
}

/* --- telling --- */

void rt_fill_metrics(struct nlbuf *b, const u32 metrics[FIB_METRIC_COUNT], bool mtu_locked)
{
	u32 at, none = nlbuf_len(b);
	bool any = mtu_locked;

	at = nl_nest(b, RTA_METRICS);
	if (mtu_locked)
		nl_put_u32(b, RTAX_LOCK, 1u << RTAX_MTU);
	for (u32 type = 1; type <= RTAX_MAX; type++) {
		int k = metric_of(type);

		if (k < 0 || !metrics[k])
			continue;
		nl_put_u32(b, (u16)type, metrics[k]);
		any = true;
	}
	if (any)
		nl_nest_end(b, at);
	else if (!b->err)
		b->d->len = none;
}

static u32 hop_flags(const struct fib_nh *nh)
{
	return (nh->flags & (RTNH_F_DEAD | RTNH_F_ONLINK)) | (nh->dev && !READ_ONCE(nh->dev->carrier) ? RTNH_F_LINKDOWN : 0);
}

static void fill_multipath(struct nlbuf *b, const struct fib_route *r)
{
	u32 at = nl_nest(b, RTA_MULTIPATH);

	for (u32 i = 0; i < r->nr_nh; i++) {
		const struct fib_nh *nh = &r->nh[i];
		struct rtnexthop h = { .rtnh_flags = (u8)hop_flags(nh), .rtnh_hops = (u8)(nh->weight - 1),
				       .rtnh_ifindex = nh->dev ? nh->dev->ifindex : 0 };
		u32 gw = nh->has_gw ? NLA_HDRLEN + rt_addr_len(r->family) : 0;

		h.rtnh_len = (u16)(sizeof(h) + gw);
		nl_append(b, &h, sizeof(h));
		if (nh->has_gw)
			nl_put_ipaddr(b, RTA_GATEWAY, r->family, &nh->gw);
	}
	nl_nest_end(b, at);
}

static u32 fill_hops(struct nlbuf *b, const struct fib_route *r)
{
	u32 flags = 0;

	if (r->nr_nh > 1) {
		fill_multipath(b, r);
		return 0;
	}
	if (r->nr_nh) {
		flags = hop_flags(&r->nh[0]);
		if (r->nh[0].has_gw)
			nl_put_ipaddr(b, RTA_GATEWAY, r->family, &r->nh[0].gw);
		if (r->nh[0].dev)
			nl_put_u32(b, RTA_OIF, (u32)r->nh[0].dev->ifindex);
	}
	return flags;
}

static void fill_end6(struct nlbuf *b, const struct fib_route *r)
{
	u64 now = clock_monotonic_ns();
	struct rta_cacheinfo ci = { .rta_expires = r->expires_ns > now ? rt_ticks(r->expires_ns - now) : 0 };

	nl_put(b, RTA_CACHEINFO, &ci, sizeof(ci));
	nl_put_u8(b, RTA_PREF, (u8)(r->flags >> PREF_SHIFT & 3));
}

/* dst: a route that was asked for, to be shown as the way to this address (IPv6); or NULL. */
void rt_fill_route_to(struct nlbuf *b, const struct fib_route *r, const struct rt_msg *m, const struct ipaddr *dst,
		      const struct ipaddr *src)
{
	u32 at = nl_begin(b, m->portid, m->seq, m->type, m->flags, sizeof(struct rtmsg)), flags;
	struct rtmsg *h;

	nl_put_u32(b, RTA_TABLE, r->table);
	if (dst || r->dst_len)
		nl_put_ipaddr(b, RTA_DST, r->family, dst ? dst : &r->dst);
	if (r->priority && r->family == AF_INET)
		nl_put_u32(b, RTA_PRIORITY, r->priority);
	if (src)
		nl_put_ipaddr(b, RTA_PREFSRC, r->family, src);
	else if (r->family == AF_INET6 && r->has_prefsrc)
		nl_put_ipaddr(b, RTA_PREFSRC, AF_INET6, &r->prefsrc);
	rt_fill_metrics(b, r->metrics, r->mtu_locked);
	if (r->family == AF_INET && r->has_prefsrc)
		nl_put_ipaddr(b, RTA_PREFSRC, AF_INET, &r->prefsrc);
	if (r->family == AF_INET6)
		nl_put_u32(b, RTA_PRIORITY, r->priority);
	flags = fill_hops(b, r);
	if (r->family == AF_INET6)
		fill_end6(b, r);
	h = nl_header(b, at);
	if (h)
		*h = (struct rtmsg){ .rtm_family = r->family, .rtm_dst_len = dst ? (u8)(rt_addr_len(r->family) * 8) : r->dst_len,
			.rtm_tos = r->tos, .rtm_table = (u8)(r->table < 256 ? r->table : RT_TABLE_COMPAT),
			.rtm_protocol = r->protocol, .rtm_scope = r->family == AF_INET ? r->scope : RT_SCOPE_UNIVERSE,
			.rtm_type = r->type, .rtm_flags = flags };
	nl_end(b, at);
}

static void fill_route(struct nlbuf *b, const void *object, const struct rt_msg *m)
{
	rt_fill_route_to(b, object, m, NULL, NULL);
}

/* --- dumps --- */

struct route_filter {
	u32 table, protocol, type, index;	/* 0: all */
	bool nothing;
};

struct route_row {
	struct fib_route *r;		/* referenced */
	u32 n;				/* in the order of the walk: that of one prefix is kept */
};

struct route_rows {
	struct route_filter f;
	struct route_row *rows;
	u32 nr, room;
};

static bool uses_dev(const struct fib_route *r, u32 index)
{
	for (u32 i = 0; i < r->nr_nh; i++)
		if (r->nh[i].dev && (u32)r->nh[i].dev->ifindex == index)
			return true;
	return false;
}

/* Under rtnl. */
static int pick_route(struct fib_route *r, void *arg)
{
	struct route_rows *rows = arg;
	const struct route_filter *f = &rows->f;

	if ((f->protocol && r->protocol != f->protocol) || (f->type && r->type != f->type) || (f->index && !uses_dev(r, f->index)))
		return 0;
	if (r->expires_ns && clock_monotonic_ns() > r->expires_ns)
		return 0;
	if (rows->nr == rows->room) {
		u32 room = max(rows->room * 2, 32u);
		struct route_row *p = kvmalloc(room * sizeof(*p), GFP_KERNEL);

		if (!p)
			return -ENOMEM;
		if (rows->nr)
			memcpy(p, rows->rows, rows->nr * sizeof(*p));
		kvfree(rows->rows);
		rows->rows = p;
		rows->room = room;
	}
	ref_get(&r->ref);
	rows->rows[rows->nr] = (struct route_row){ r, rows->nr };
	rows->nr++;
	return 0;
}

static int compare_keys(const struct fib_route *a, const struct fib_route *b, u32 bits)
{
	u32 from = a->family == AF_INET ? 3 : 0;

	for (u32 i = from; i < 4 && bits; i++) {
		u32 n = min(bits, 32u), mask = (u32)(0xffffffffull << (32 - n));
		u32 x = be32(a->dst.w[i]) & mask, y = be32(b->dst.w[i]) & mask;

		if (x != y)
			return x < y ? -1 : 1;
		bits -= n;
	}
	return 0;
}

/* Tables by their last byte; IPv4 by address, longer first; IPv6 what lies below a prefix before it. */
static int compare_rows(const void *pa, const void *pb)
{
	const struct route_row *x = pa, *y = pb;
	const struct fib_route *a = x->r, *b = y->r;
	int c;

	if (a->table != b->table) {
		u32 ta = a->table & 255, tb = b->table & 255;

		return ta != tb ? (ta < tb ? -1 : 1) : a->table > b->table ? -1 : 1;
	}
	c = compare_keys(a, b, a->family == AF_INET ? 32 : min(a->dst_len, b->dst_len));
	if (c)
		return c;
	if (a->dst_len != b->dst_len)
		return a->dst_len > b->dst_len ? -1 : 1;
	return x->n < y->n ? -1 : x->n > y->n;
}

static void put_route(void *object) { fib_route_put(object); }

static int list_routes(struct nl_dump *d, u8 family, const struct route_filter *f)
{
	struct route_rows rows = { .f = *f };
	int err;

	rtnl_lock();
	err = fib_walk(d->net, family, f->table, pick_route, &rows);
	rtnl_unlock();
	sort(rows.rows, rows.nr, sizeof(rows.rows[0]), compare_rows);
	for (u32 i = 0; i < rows.nr; i++) {
		err = err ? err : rt_list_add(d->priv, rows.rows[i].r);
		if (err)
			fib_route_put(rows.rows[i].r);
	}
	kvfree(rows.rows);
	return err;
}

static int check_dump_strict(struct nl_dump *d, u8 family, struct route_filter *f)
{
	const struct rtmsg *h = nl_payload(d->request);
	const struct nlattr *tb[RTA_LAST + 1];
	int err;

	if (nl_payload_len(d->request) < sizeof(*h))
		return nl_refuse(&d->x, -EINVAL, "Invalid header for FIB dump request");
	if (h->rtm_dst_len || h->rtm_src_len || h->rtm_tos || h->rtm_scope)
		return nl_refuse(&d->x, -EINVAL, "Invalid values in header for FIB dump request");
	if (h->rtm_flags & ~(u32)(RTM_F_CLONED | RTM_F_PREFIX))
		return nl_refuse(&d->x, -EINVAL, "Invalid flags for FIB dump request");
	*f = (struct route_filter){ .table = h->rtm_table, .protocol = h->rtm_protocol, .type = h->rtm_type,
				    .nothing = h->rtm_flags & (RTM_F_CLONED | RTM_F_PREFIX) };
	err = nl_parse_ext(d->request, sizeof(*h), tb, RTA_LAST, family == AF_INET ? rt_route_policy4 : rt_route_policy6, true,
			   &d->x);
	if (err)
		return err;
	for (u32 i = 0; i <= RTA_LAST; i++) {
		if (!tb[i])
			continue;
		if (i == RTA_TABLE)
			f->table = nla_u32(tb[i]);
		else if (i == RTA_OIF)
			f->index = nla_u32(tb[i]);
		else
			return nl_refuse(&d->x, -EINVAL, "Unsupported attribute in dump request");
	}
	if (f->table || f->protocol || f->type || f->index || h->rtm_flags)
		d->answer_flags = NLM_F_DUMP_FILTERED;
	return 0;
}

static int check_dump(struct nl_dump *d, u8 family, struct route_filter *f)
{
	const struct rtmsg *h = nl_payload(d->request);
	struct net_device *dev = NULL;
	bool there;
	int err;

	if (!d->strict) {
		if (nl_payload_len(d->request) >= sizeof(*h))
			f->nothing = h->rtm_flags & (RTM_F_CLONED | RTM_F_PREFIX);
		return 0;
	}
	err = check_dump_strict(d, family, f);
	if (err)
		return err;
	rcu_read_lock();
	dev = f->index ? netdev_by_index(d->net, (int)f->index) : NULL;
	there = !f->table || fib_table_exists(d->net, family, f->table);
	rcu_read_unlock();
	if (f->index && !dev)
		return -ENODEV;
	if (there)
		return 0;
	if (h->rtm_family != family) {
		f->nothing = true;
		return 0;
	}
	return nl_refuse(&d->x, -ENOENT, family == AF_INET ? "ipv4: FIB table does not exist" : "FIB table does not exist");
}

static int dump_routes(struct nl_dump *d, struct nlbuf *b, u8 family)
{
	struct route_filter f = { 0 };
	int err;

	if (!d->priv) {
		err = check_dump(d, family, &f);
		if (!err)
			err = rt_list_new(d, put_route);
		if (!err && !f.nothing)
			err = list_routes(d, family, &f);
		if (err)
			return err;
	}
	return rt_list_tell(d, b, fill_route, RTM_NEWROUTE);
}

static int dump4(struct nl_dump *d, struct nlbuf *b) { return dump_routes(d, b, AF_INET); }
static int dump6(struct nl_dump *d, struct nlbuf *b) { return dump_routes(d, b, AF_INET6); }

/* --- reading a route from a request --- */

static int read_metrics(struct nl_extack *x, const struct nlattr *nest, struct fib_route *r)
{
	const struct nlattr *a;
	u32 left;

	if (!nest)
		return 0;
	for (a = nla_first(nla_data(nest), nla_len(nest), &left); a; a = nla_next(a, &left)) {
		int k = metric_of(nla_type(a));
		u32 v;

		if (!nla_type(a))
			continue;
		if (nla_type(a) > RTAX_MAX)
			return nl_refuse_at(x, -EINVAL, a, "Invalid metric type");
		if (nla_type(a) == RTAX_CC_ALGO)
			return nl_refuse_at(x, -EOPNOTSUPP, a, "not there: congestion control of a route");
		if (nla_len(a) != sizeof(v))
			return nl_refuse_at(x, -EINVAL, a, "Invalid attribute in metrics");
		v = nla_u32(a);
		if (nla_type(a) == RTAX_LOCK) {
			if (v & ~(1u << RTAX_MTU))
				return nl_refuse_at(x, -EOPNOTSUPP, a, "not there: locks of metrics but the MTU");
			r->mtu_locked = v != 0;
			continue;
		}
		if (k < 0 && v)
			return nl_refuse_at(x, -EOPNOTSUPP, a, "not there: this metric");
		if (k < 0)
			continue;
		if (k == FIB_METRIC_ADVMSS)
			v = min(v, 65535u - 40);
		if (k == FIB_METRIC_MTU)
			v = min(v, 65535u - 15);
		if (k == FIB_METRIC_HOPLIMIT)
			v = min(v, 255u);
		r->metrics[k] = v;
	}
	return 0;
}

static const struct rtnexthop *next_hop(const struct rtnexthop *h, u32 *left)
{
	u32 n = (h->rtnh_len + 3u) & ~3u;

	*left -= min(n, *left);
	return (const struct rtnexthop *)((const u8 *)h + n);
}

static bool hop_ok(const struct rtnexthop *h, u32 left)
{
	return left >= sizeof(*h) && h->rtnh_len >= sizeof(*h) && h->rtnh_len <= left;
}

/* 0: malformed. */
static u32 count_hops(const struct nlattr *mp)
{
	const struct rtnexthop *h = nla_data(mp);
	u32 left = nla_len(mp), n = 0;

	for (; hop_ok(h, left); h = next_hop(h, &left))
		n++;
	return left ? 0 : n;
}

static int hop_dev(struct nl_request *r, struct fib_nh *nh, u32 index)
{
	if (!index)
		return 0;
	nh->dev = netdev_get_by_index(r->net, (int)index);
	return nh->dev ? 0 : -ENODEV;
}

static void hop_gateway(struct fib_nh *nh, u8 family, const struct nlattr *a)
{
	if (!a)
		return;
	nh->gw = nla_ipaddr(a, family);
	nh->has_gw = !rt_addr_unset(family, &nh->gw);
}

static int read_hops(struct nl_request *r, const struct nlattr *mp, struct fib_route *f)
{
	const struct rtnexthop *h = nla_data(mp);
	u32 left = nla_len(mp), i = 0;

	for (; hop_ok(h, left); h = next_hop(h, &left), i++) {
		const struct nlattr *tb[RTA_LAST + 1];
		struct fib_nh *nh = &f->nh[i];
		int err;

		if (h->rtnh_flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN))
			return nl_refuse(&r->x, -EINVAL, "Invalid flags for nexthop - can not contain DEAD or LINKDOWN");
		err = nla_parse(tb, RTA_LAST, h + 1, h->rtnh_len - (u32)sizeof(*h), f->family == AF_INET ? rt_route_policy4 :
				rt_route_policy6);
		if (err)
			return -EINVAL;
		if (tb[RTA_ENCAP] || tb[RTA_VIA])
			return nl_refuse(&r->x, -EOPNOTSUPP, "not there: encapsulation, gateways of the other family");
		err = hop_dev(r, nh, (u32)h->rtnh_ifindex);
		if (err)
			return err;
		nh->flags = h->rtnh_flags & RTNH_F_ONLINK;
		nh->weight = h->rtnh_hops + 1u;
		hop_gateway(nh, f->family, tb[RTA_GATEWAY]);
	}
	return 0;
}

static bool is_error_type(u8 type)
{
	return type == RTN_BLACKHOLE || type == RTN_UNREACHABLE || type == RTN_PROHIBIT || type == RTN_THROW;
}

/* What Linux refuses of a new IPv4 route before it looks at its hops. */
static int check4(struct nl_request *r, const struct nlattr *const *tb, const struct rtmsg *h)
{
	static const u8 least[] = { RT_SCOPE_NOWHERE, RT_SCOPE_UNIVERSE, RT_SCOPE_HOST, RT_SCOPE_LINK, RT_SCOPE_LINK,
		RT_SCOPE_UNIVERSE, RT_SCOPE_UNIVERSE, RT_SCOPE_UNIVERSE, RT_SCOPE_UNIVERSE, RT_SCOPE_UNIVERSE, RT_SCOPE_NOWHERE,
		RT_SCOPE_NOWHERE };

	if (least[h->rtm_type] > h->rtm_scope)
		return nl_refuse(&r->x, -EINVAL, "Invalid scope");
	if (h->rtm_flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN))
		return nl_refuse(&r->x, -EINVAL, "Invalid rtm_flags - can not contain DEAD or LINKDOWN");
	if (is_error_type(h->rtm_type)) {
		if ((tb[RTA_GATEWAY] && nla_u32(tb[RTA_GATEWAY])) || (tb[RTA_OIF] && nla_u32(tb[RTA_OIF])) || tb[RTA_MULTIPATH])
			return nl_refuse(&r->x, -EINVAL, "Gateway, device and multipath can not be specified for this route type");
		return 0;
	}
	if (!h->rtm_type || h->rtm_type > RTN_MULTICAST)
		return nl_refuse(&r->x, -EINVAL, "Invalid route type");
	return h->rtm_scope > RT_SCOPE_HOST ? nl_refuse(&r->x, -EINVAL, "Invalid scope") : 0;
}

/* What both new and delete read: 0 and *out, which the caller puts. */
static int check_common(struct nl_request *r, const struct nlmsghdr *h, const struct nlattr **tb)
{
	const struct rtmsg *m = nl_payload(h);
	bool v4;
	int err;

	if (nl_payload_len(h) < sizeof(*m))
		return -EINVAL;
	v4 = m->rtm_family == AF_INET;
	err = nl_parse_ext(h, sizeof(*m), tb, RTA_LAST, v4 ? rt_route_policy4 : rt_route_policy6, false, &r->x);
	if (err)
		return err;
	if (v4 && m->rtm_tos & 3)
		return nl_refuse(&r->x, -EINVAL, "Invalid dsfield (tos): ECN bits must be 0");
	if (m->rtm_type > RTN_LAST)
		return nl_refuse(&r->x, -EINVAL, "Invalid route type");
	if (m->rtm_dst_len > (v4 ? 32 : 128))
		return nl_refuse(&r->x, -EINVAL, "Invalid prefix length");
	if (!v4 && m->rtm_src_len)
		return nl_refuse(&r->x, -EINVAL, "Specifying source address requires IPV6_SUBTREES to be enabled");
	if (!v4 && tb[RTA_DST] && nla_len(tb[RTA_DST]) < (m->rtm_dst_len + 7u) / 8)
		return -EINVAL;
	if (tb[RTA_NH_ID] && nla_u32(tb[RTA_NH_ID]))
		return nl_refuse(&r->x, -EINVAL, "Nexthop id does not exist");
	if (tb[RTA_VIA] || tb[RTA_ENCAP] || (tb[RTA_FLOW] && nla_u32(tb[RTA_FLOW])))
		return nl_refuse(&r->x, -EOPNOTSUPP, "not there: encapsulation, realms, gateways of the other family");
	return 0;
}

static void read_keys(const struct rtmsg *m, const struct nlattr *const *tb, struct fib_route *f)
{
	f->family = m->rtm_family;
	f->dst_len = m->rtm_dst_len;
	f->tos = m->rtm_family == AF_INET ? m->rtm_tos : 0;
	f->type = m->rtm_type;
	f->scope = m->rtm_scope;
	f->protocol = m->rtm_protocol;
	f->table = tb[RTA_TABLE] ? nla_u32(tb[RTA_TABLE]) : m->rtm_table;
	if (!f->table)
		f->table = RT_TABLE_MAIN;
	f->dst = f->family == AF_INET ? ipaddr_v4((be32_t){ 0 }) : (struct ipaddr){ 0 };
	if (tb[RTA_DST] && f->family == AF_INET)
		f->dst = nla_ipaddr(tb[RTA_DST], AF_INET);
	else if (tb[RTA_DST])
		memcpy(&f->dst, nla_data(tb[RTA_DST]), min(nla_len(tb[RTA_DST]), (m->rtm_dst_len + 7u) / 8));
	f->priority = tb[RTA_PRIORITY] ? nla_u32(tb[RTA_PRIORITY]) : 0;
	if (tb[RTA_PREFSRC]) {
		f->prefsrc = nla_ipaddr(tb[RTA_PREFSRC], f->family);
		f->has_prefsrc = !rt_addr_unset(f->family, &f->prefsrc);
	}
	if (f->family == AF_INET6) {
		u8 pref = tb[RTA_PREF] ? nla_u8(tb[RTA_PREF]) : 0;

		f->flags = (u32)(pref == 1 || pref == 3 ? pref : 0) << PREF_SHIFT;
		if (tb[RTA_EXPIRES] && nla_u32(tb[RTA_EXPIRES]))
			f->expires_ns = clock_monotonic_ns() + (u64)nla_u32(tb[RTA_EXPIRES]) * NSEC_PER_SEC;
	}
}

/* The hops of a request: none for those types that have none. */
static int read_route(struct nl_request *r, const struct nlmsghdr *h, const struct nlattr *const *tb, struct fib_route **out)
{
	const struct rtmsg *m = nl_payload(h);
	const struct nlattr *mp = tb[RTA_MULTIPATH];
	struct fib_route *f;
	u32 n = 1;
	int err;

	if (mp && nla_len(mp)) {
		n = count_hops(mp);
		if (!n)
			return nl_refuse(&r->x, -EINVAL, "Invalid nexthop configuration - extra data after nexthops");
		if (n > FIB_MAX_NH)
			return nl_refuse(&r->x, -EOPNOTSUPP, "too many nexthops");
	} else if (is_error_type(m->rtm_type) && m->rtm_family == AF_INET && h->nlmsg_type == RTM_NEWROUTE) {
		n = 0;
	}
	f = fib_route_alloc(n, GFP_KERNEL);
	if (!f)
		return -ENOBUFS;
	read_keys(m, tb, f);
	err = read_metrics(&r->x, tb[RTA_METRICS], f);
	if (!err && mp && nla_len(mp)) {
		err = read_hops(r, mp, f);
	} else if (!err && n) {
		f->nh[0].flags = (u8)(m->rtm_flags & RTNH_F_ONLINK);
		hop_gateway(&f->nh[0], f->family, tb[RTA_GATEWAY]);
		err = hop_dev(r, &f->nh[0], tb[RTA_OIF] ? nla_u32(tb[RTA_OIF]) : 0);
	}
	if (err)
		fib_route_put(f);
	else
		*out = f;
	return err;
}

/* What IPv6 has for a hop where there is nothing to go to. */
static void reject6(struct net *net, struct fib_route *f)
{
	if (f->nh[0].dev)
		dev_put(f->nh[0].dev);
	f->nh[0].dev = net->lo;
	dev_get(net->lo);
	f->nh[0].has_gw = false;
	f->flags |= RTF_REJECT;
}

static int new_route(struct nl_request *r, const struct nlmsghdr *h)
{
	const struct rtmsg *m = nl_payload(h);
	const struct nlattr *tb[RTA_LAST + 1];
	struct fib_route *f;
	int err = check_common(r, h, tb);

	if (!err && m->rtm_family == AF_INET)
		err = check4(r, tb, m);
	if (!err)
		err = read_route(r, h, tb, &f);
	if (err)
		return err;
	if (f->family == AF_INET6) {
		f->scope = RT_SCOPE_UNIVERSE;
		f->type = f->type ? f->type : RTN_UNICAST;
		f->protocol = f->protocol ? f->protocol : RTPROT_BOOT;
		f->priority = f->priority ? f->priority : PRIO_USER6;
		ipaddr_cut(&f->dst, f->dst_len);
		if (is_error_type(f->type))
			reject6(r->net, f);
	}
	err = fib_route_add(r->net, f, h->nlmsg_flags & (NLM_F_CREATE | NLM_F_EXCL | NLM_F_REPLACE | NLM_F_APPEND));
	return err ? nl_refuse(&r->x, err, fib_why) : 0;
}

static int del_route(struct nl_request *r, const struct nlmsghdr *h)
{
	const struct nlattr *tb[RTA_LAST + 1];
	struct fib_route *f;
	struct ipaddr cut;
	int err = check_common(r, h, tb);

	if (!err)
		err = read_route(r, h, tb, &f);
	if (err)
		return err;
	cut = f->dst;
	ipaddr_cut(&cut, f->family == AF_INET ? f->dst_len + 96u : f->dst_len);
	if (f->family == AF_INET6) {
		f->dst = cut;
		f->type = RTN_UNSPEC;
	}
	if (ipaddr_eq(&cut, &f->dst))
		err = fib_route_del(r->net, f);
	else
		err = nl_refuse(&r->x, -EINVAL, "Invalid prefix for given prefix length");
	if (err == -ESRCH)
		r->x.why = fib_why;
	fib_route_put(f);
	return err;
}

/* --- notices --- */

static void route_event(struct net_notifier *n, struct net *net, enum net_event ev, void *object)
{
	const struct fib_route *r = object;
	u16 type = RTM_NEWROUTE, flags = 0;

	(void)n;
	if (ev == NET_ROUTE_ADD)
		flags = NLM_F_CREATE | (rtnl_request_flags(RTM_NEWROUTE) & NLM_F_APPEND ? NLM_F_APPEND : NLM_F_EXCL);
	else if (ev == NET_ROUTE_REPLACE)
		flags = NLM_F_REPLACE;
	else if (ev == NET_ROUTE_DEL)
		type = RTM_DELROUTE;
	else
		return;
	if (r->family == AF_INET && r->flags & RTNH_F_DEAD)
		return;		/* went with its device: Linux leaves that to the event of the link */
	rtnl_event(net, r->family == AF_INET ? RTNLGRP_IPV4_ROUTE : RTNLGRP_IPV6_ROUTE, type, flags, fill_route, r);
}

static struct net_notifier notifier = { .fn = route_event };
static struct rtnl_handler handlers[] = {
	{ .type = RTM_NEWROUTE, .family = AF_INET, .doit = new_route },
	{ .type = RTM_DELROUTE, .family = AF_INET, .doit = del_route },
	{ .type = RTM_GETROUTE, .family = AF_INET, .doit = rt_get_route, .dump = dump4 },
	{ .type = RTM_NEWROUTE, .family = AF_INET6, .doit = new_route },
	{ .type = RTM_DELROUTE, .family = AF_INET6, .doit = del_route },
	{ .type = RTM_GETROUTE, .family = AF_INET6, .doit = rt_get_route, .dump = dump6 },
};

static int rt_route_init(void)
{
	rtnl_part_register(handlers, ARRAY_SIZE(handlers), &notifier);
	return 0;
}
INITCALL_DRIVER(rt_route_init);
