/* SPDX-License-Identifier: MPL-2.0 */
/* RTM_GETROUTE of one destination: what route_output() and route_input() would say. Under rtnl. */
#include <base/math.h>
#include <base/string.h>
#include <kernel/cred.h>
#include <kernel/task.h>

#include "rt_route.h"

struct question {
	struct flow f;
	bool has_src, fib_match, lookup_table;
	u32 uid;			/* ~0: none */
	struct net_device *iif;		/* NULL: output */
};

static int check_strict(struct nl_request *r, const struct rtmsg *m, const struct nlattr *const *tb)
{
	u8 full = (u8)(rt_addr_len(m->rtm_family) * 8);
	static const u8 known[] = { RTA_IIF, RTA_OIF, RTA_SRC, RTA_DST, RTA_IP_PROTO, RTA_SPORT, RTA_DPORT, RTA_MARK, RTA_UID };

	if ((m->rtm_src_len && m->rtm_src_len != full) || (m->rtm_dst_len && m->rtm_dst_len != full) || m->rtm_table ||
	    m->rtm_protocol || m->rtm_scope || m->rtm_type)
		return nl_refuse(&r->x, -EINVAL, m->rtm_family == AF_INET ? "ipv4: Invalid values in header for route get request" :
				 "Invalid values in header for get route request");
	if (m->rtm_flags & ~(u32)(RTM_F_NOTIFY | RTM_F_LOOKUP_TABLE | RTM_F_FIB_MATCH))
		return nl_refuse(&r->x, -EINVAL, m->rtm_family == AF_INET ? "ipv4: Unsupported rtm_flags for route get request" :
				 "Invalid flags for get route request");
	if ((tb[RTA_SRC] && !m->rtm_src_len) || (tb[RTA_DST] && !m->rtm_dst_len))
		return nl_refuse(&r->x, -EINVAL, m->rtm_family == AF_INET ?
				 "ipv4: rtm_src_len and rtm_dst_len must be 32 for IPv4" :
				 "rtm_src_len and rtm_dst_len must be 128 for IPv6");
	for (u32 i = 0; i <= RTA_LAST; i++)
		if (tb[i] && !memchr(known, (int)i, sizeof(known)))
			return nl_refuse(&r->x, -EINVAL, m->rtm_family == AF_INET ?
					 "ipv4: Unsupported attribute in route get request" :
					 "Unsupported attribute in get route request");
	return 0;
}

/* IPv6 wants the whole of it. */
static int read_address(const struct nlattr *a, u8 family, struct ipaddr *out)
{
	*out = family == AF_INET ? ipaddr_v4((be32_t){ 0 }) : (struct ipaddr){ 0 };
	if (!a)
		return 0;
	if (nla_len(a) < rt_addr_len(family))
		return -EINVAL;
	*out = nla_ipaddr(a, family);
	return 0;
}

static int read_question(struct nl_request *r, const struct nlmsghdr *h, struct question *q)
{
	const struct rtmsg *m = nl_payload(h);
	const struct nlattr *tb[RTA_LAST + 1];
	int err;

	if (nl_payload_len(h) < sizeof(*m))
		return nl_refuse(&r->x, -EINVAL, "ipv4: Invalid header for route get request");
	err = nl_parse_ext(h, sizeof(*m), tb, RTA_LAST, m->rtm_family == AF_INET ? rt_route_policy4 : rt_route_policy6, r->strict,
			   &r->x);
	if (!err && r->strict)
		err = check_strict(r, m, tb);
	*q = (struct question){ .has_src = tb[RTA_SRC] != NULL, .fib_match = m->rtm_flags & RTM_F_FIB_MATCH,
				.lookup_table = m->rtm_flags & RTM_F_LOOKUP_TABLE };
	if (!err)
		err = read_address(tb[RTA_DST], m->rtm_family, &q->f.dst);
	if (!err)
		err = read_address(tb[RTA_SRC], m->rtm_family, &q->f.src);
	if (err)
		return err;
	q->f.family = m->rtm_family;
	q->f.tos = m->rtm_tos;
	q->f.oif = tb[RTA_OIF] ? (int)nla_u32(tb[RTA_OIF]) : 0;
	q->f.mark = tb[RTA_MARK] ? nla_u32(tb[RTA_MARK]) : 0;
	q->f.proto = tb[RTA_IP_PROTO] ? nla_u8(tb[RTA_IP_PROTO]) : IPPROTO_UDP;
	q->uid = tb[RTA_UID] ? nla_u32(tb[RTA_UID]) : tb[RTA_IIF] ? ~0u : from_kuid(&init_user_ns, current_cred()->uid);
	q->f.uid = make_kuid(&init_user_ns, q->uid);
	if (tb[RTA_IIF] && nla_u32(tb[RTA_IIF])) {
		q->iif = netdev_by_index(r->net, (int)nla_u32(tb[RTA_IIF]));
		if (!q->iif)
			return -ENODEV;
	}
	return 0;
}

static u32 type_flags(const struct route *way, const struct ipaddr *dst)
{
	switch (way->type) {
	case RTN_LOCAL: return RTCF_LOCAL;
	case RTN_BROADCAST: return RTCF_BROADCAST | RTCF_LOCAL;
	case RTN_MULTICAST: return RTCF_MULTICAST | (way->dev && inet_mc_member(way->dev, dst, &way->src) ? RTCF_LOCAL : 0);
	default: return 0;
	}
}

/* IPv4: the way itself, not what is written in the tables. */
static void fill_way(struct nlbuf *b, struct net *net, const struct question *q, const struct route *way, const struct rt_msg *m)
{
	u32 at = nl_begin(b, m->portid, m->seq, m->type, m->flags, sizeof(struct rtmsg)), pmtu = pmtu_get(net, &q->f.dst);
	/* Linux keeps local routes with those of main: they are found there. */
	u32 table = !q->lookup_table || (way->fib && way->fib->table == RT_TABLE_LOCAL) ? RT_TABLE_MAIN :
		way->fib ? way->fib->table : 0;
	const struct net_device *out = way->dev ? way->dev : net->lo;
	u32 metrics[FIB_METRIC_COUNT] = { 0 };
	struct rta_cacheinfo ci = { 0 };
	struct rtmsg *h = nl_header(b, at);

	if (h)
		*h = (struct rtmsg){ .rtm_family = AF_INET, .rtm_dst_len = 32,
			.rtm_src_len = q->has_src && be32(q->f.src.w[3]) ? 32 : 0,
			.rtm_tos = q->f.tos, .rtm_table = (u8)(table < 256 ? table : RT_TABLE_COMPAT), .rtm_type = way->type,
			.rtm_flags = type_flags(way, &q->f.dst) | RTM_F_CLONED };
	nl_put_u32(b, RTA_TABLE, table);
	nl_put_ipaddr(b, RTA_DST, AF_INET, &q->f.dst);
	if (q->has_src && be32(q->f.src.w[3]))
		nl_put_ipaddr(b, RTA_SRC, AF_INET, &q->f.src);
	nl_put_u32(b, RTA_OIF, (u32)out->ifindex);
	if (!q->iif && !ipaddr_eq(&way->src, &q->f.src))
		nl_put_ipaddr(b, RTA_PREFSRC, AF_INET, &way->src);
	if (way->has_gw)
		nl_put_ipaddr(b, RTA_GATEWAY, AF_INET, &way->gw);
	if (way->fib)
		memcpy(metrics, way->fib->metrics, sizeof(metrics));
	if (pmtu)
		metrics[FIB_METRIC_MTU] = pmtu;
	rt_fill_metrics(b, metrics, way->fib && way->fib->mtu_locked);
	if (q->f.mark)
		nl_put_u32(b, RTA_MARK, q->f.mark);
	if (q->uid != ~0u)
		nl_put_u32(b, RTA_UID, q->uid);
	if (q->iif)
		nl_put_u32(b, RTA_IIF, (u32)q->iif->ifindex);
	nl_put(b, RTA_CACHEINFO, &ci, sizeof(ci));
	nl_end(b, at);
}

static int find_way(struct nl_request *r, const struct question *q, struct route *way)
{
	int err;

	if (!q->iif)
		return route_output(r->net, &q->f, way);
	err = route_input(r->net, q->iif, &q->f.src, &q->f.dst, q->f.tos, q->f.mark, way);
	if (!err && way->type == RTN_UNICAST && !READ_ONCE(dev_inet(q->iif)->conf4.forwarding)) {
		route_put(way);
		err = -EHOSTUNREACH;
	}
	return err;
}

int rt_get_route(struct nl_request *r, const struct nlmsghdr *h)
{
	struct rt_msg m = { .portid = r->portid, .seq = h->nlmsg_seq, .type = RTM_NEWROUTE };
	struct question q;
	struct route way;
	struct nlbuf b;
	int err = read_question(r, h, &q);

	if (!err)
		err = find_way(r, &q, &way);
	if (err)
		return err;
	nlbuf_init(&b, 256, false);
	if (q.fib_match && way.fib)
		rt_fill_route_to(&b, way.fib, &m, NULL, NULL);
	else if (q.f.family == AF_INET6 && way.fib)
		rt_fill_route_to(&b, way.fib, &m, &q.f.dst, way.fib->has_prefsrc || ipaddr_any(&way.src) ? NULL : &way.src);
	else if (q.f.family == AF_INET && !q.fib_match)
		fill_way(&b, r->net, &q, &way, &m);
	else
		err = -EHOSTUNREACH;
	route_put(&way);
	if (!err)
		return nl_reply(r, &b);
	nlbuf_free(&b);
	return err;
}
