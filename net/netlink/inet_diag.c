/* SPDX-License-Identifier: MPL-2.0 */
/*
 * sock_diag of AF_INET and AF_INET6: TCP, UDP and raw sockets, one or all that a filter wants. A filter is a small program
 * of comparisons and jumps forward (ss(8) writes them); it is checked once, then run on each socket.
 */
#include <base/math.h>
#include <base/string.h>
#include <core/init.h>
#include <kernel/cred.h>
#include <net/inet.h>
#include <net/sock_diag.h>
#include <uapi/linux/tcp.h>

#define STATE_LISTEN	10
#define STATE_CLOSE	7

struct filter {
	const u8 *code;			/* NULL: none */
	u32 len;
};

struct ask {
	const struct inet_diag_req_v2 *q;
	u8 protocol;
	struct filter f;
	bool admin;
};

/* --- filters --- */

static u32 need_of(u8 code, const u8 *at, u32 len)
{
	const struct inet_diag_hostcond *c = (const void *)(at + sizeof(struct inet_diag_bc_op));
	u32 n = sizeof(struct inet_diag_bc_op), bits;

	switch (code) {
	case INET_DIAG_BC_S_COND:
	case INET_DIAG_BC_D_COND:
		n += sizeof(*c);
		if (len < n)
			return 0;
		bits = c->family == AF_INET ? 32 : c->family == AF_INET6 ? 128 : 0;
		if ((c->family && !bits) || c->prefix_len > bits)
			return 0;
		return n + bits / 8;
	case INET_DIAG_BC_DEV_COND:
	case INET_DIAG_BC_S_GE:
	case INET_DIAG_BC_S_LE:
	case INET_DIAG_BC_D_GE:
	case INET_DIAG_BC_D_LE:
	case INET_DIAG_BC_S_EQ:
	case INET_DIAG_BC_D_EQ:
		return n + 4;
	case INET_DIAG_BC_MARK_COND:
	case INET_DIAG_BC_CGROUP_COND:
		return n + 8;
	case INET_DIAG_BC_AUTO:
	case INET_DIAG_BC_JMP:
	case INET_DIAG_BC_NOP:
		return n;
	default:
		return 0;
	}
}

/* Is `left` bytes before the end where an instruction begins? */
static bool is_place(const struct filter *f, u32 left)
{
	u32 at = f->len;

	while (at > left) {
		const struct inet_diag_bc_op *op = (const void *)(f->code + (f->len - at));

		if (op->yes < 4 || op->yes & 3 || op->yes > at)
			return false;
		at -= op->yes;
	}
	return at == left;
}

static int check_filter(const struct filter *f, bool admin)
{
	u32 left = f->len;

	while (left) {
		const struct inet_diag_bc_op *op = (const void *)(f->code + (f->len - left));
		u32 n = left < sizeof(*op) ? 0 : need_of(op->code, (const u8 *)op, left);

		if (!n || n > left)
			return -EINVAL;
		if (op->code == INET_DIAG_BC_MARK_COND && !admin)
			return -EPERM;
		if (op->code != INET_DIAG_BC_NOP) {
			if (op->no < n || op->no > left + 4 || op->no & 3)
				return -EINVAL;
			if (op->no < left && !is_place(f, left - op->no))
				return -EINVAL;
		}
		if (op->yes < n || op->yes > left + 4 || op->yes & 3)
			return -EINVAL;
		if (op->yes > left)
			return -EINVAL;
		left -= op->yes;
	}
	return 0;
}

static bool host_matches(const struct inet_sock_info *i, const struct inet_diag_hostcond *c, bool src)
{
	const struct ipaddr *a = src ? &i->src : &i->dst;
	u32 bits = c->prefix_len, skip = 0;

	if (c->port != -1 && c->port != (src ? i->sport : i->dport))
		return false;
	if (c->family == AF_INET) {
		if (!ipaddr_is4(a) && !(i->family == AF_INET && ipaddr_any(a)))
			return false;
		skip = 3;
	} else if (c->family == AF_INET6 && i->family != AF_INET6) {
		return false;
	}
	for (u32 k = 0; k < 4 && bits; k++) {
		u32 n = min(bits, 32u), diff = be32(a->w[k + skip]) ^ be32((be32_t){ c->addr[k] });

		if (diff >> (32 - n))
			return false;
		bits -= n;
	}
	return true;
}

static bool op_matches(const struct inet_sock_info *i, const struct inet_diag_bc_op *op)
{
	const void *arg = op + 1;

	switch (op->code) {
	case INET_DIAG_BC_JMP: return false;
	case INET_DIAG_BC_S_EQ: return i->sport == op[1].no;
	case INET_DIAG_BC_S_GE: return i->sport >= op[1].no;
	case INET_DIAG_BC_S_LE: return i->sport <= op[1].no;
	case INET_DIAG_BC_D_EQ: return i->dport == op[1].no;
	case INET_DIAG_BC_D_GE: return i->dport >= op[1].no;
	case INET_DIAG_BC_D_LE: return i->dport <= op[1].no;
	case INET_DIAG_BC_AUTO: return !i->bound_port;
	case INET_DIAG_BC_S_COND:
	case INET_DIAG_BC_D_COND: return host_matches(i, arg, op->code == INET_DIAG_BC_S_COND);
	case INET_DIAG_BC_DEV_COND: return (u32)i->ifindex == *(const u32 *)arg;
	case INET_DIAG_BC_MARK_COND: {
		const struct inet_diag_markcond *m = arg;

		return (i->mark & m->mask) == m->mark;
	}
	case INET_DIAG_BC_CGROUP_COND: return false;	/* no socket knows its group */
	default: return true;
	}
}

static bool wanted(const struct inet_sock_info *i, const struct filter *f)
{
	u32 left = f->code ? f->len : 0;

	while (left && left <= f->len) {
		const struct inet_diag_bc_op *op = (const void *)(f->code + (f->len - left));
		u32 step = op_matches(i, op) ? op->yes : op->no;

		if (step > left)
			return false;	/* 4 beyond the end: no */
		left -= step;
	}
	return true;
}

/* --- telling --- */

static void put_address(const struct inet_sock_info *i, const struct ipaddr *a, __be32 out[4])
{
	if (i->family == AF_INET)
		out[0] = a->w[3].raw;
	else
		memcpy(out, a, 16);
}

static void fill_header(const struct inet_sock_info *i, struct inet_diag_msg *m)
{
	m->idiag_family = i->family;
	m->idiag_state = i->state;
	m->idiag_timer = i->timer;
	m->idiag_retrans = (u8)(i->timer == 1 ? i->retransmits : i->timer ? i->probes : 0);
	m->id.idiag_sport = to_be16(i->sport).raw;
	m->id.idiag_dport = to_be16(i->dport).raw;
	put_address(i, &i->src, m->id.idiag_src);
	put_address(i, &i->dst, m->id.idiag_dst);
	m->id.idiag_if = (u32)i->ifindex;
	m->id.idiag_cookie[0] = (u32)i->cookie;
	m->id.idiag_cookie[1] = (u32)(i->cookie >> 32);
	m->idiag_expires = (u32)(i->timer_left_ns / 1000000);
	m->idiag_rqueue = i->state == STATE_LISTEN && i->is_icsk ? i->backlog : i->rx_queue;
	m->idiag_wqueue = i->state == STATE_LISTEN && i->is_icsk ? i->backlog_max : i->tx_queue;
	m->idiag_uid = i->uid;
	m->idiag_inode = (u32)i->ino;
}

static void put_memory(struct nlbuf *b, const struct inet_sock_info *i, u8 ext)
{
	struct inet_diag_meminfo m = { .idiag_rmem = i->rmem, .idiag_wmem = i->wmem, .idiag_tmem = i->wmem };
	struct sock_common c = { .rcvbuf = i->rcvbuf, .sndbuf = i->sndbuf };

	if (ext & 1u << (INET_DIAG_MEMINFO - 1))
		nl_put(b, INET_DIAG_MEMINFO, &m, sizeof(m));
	if (ext & 1u << (INET_DIAG_SKMEMINFO - 1))
		sock_diag_put_mem(b, INET_DIAG_SKMEMINFO, &c, i->rmem, i->wmem, i->drops);
}

static void put_options(struct nlbuf *b, const struct inet_sock_info *i)
{
	u8 o[2] = { (u8)(i->recverr | i->is_icsk << 1 | i->freebind << 2 | i->hdrincl << 3 | i->mc_loop << 4 |
			 i->transparent << 5 | i->mc_all << 6), i->bind_no_port };

	nl_put(b, INET_DIAG_SOCKOPT, o, sizeof(o));
}

static void put_tcp(struct nlbuf *b, const struct inet_sock_info *i, u8 ext)
{
	struct tcp_info info;

	if (ext & 1u << (INET_DIAG_INFO - 1) && inet_sock_tcp_info(i, &info))
		nl_put(b, INET_DIAG_INFO, &info, sizeof(info));
	if (ext & 1u << (INET_DIAG_CONG - 1) && i->cong)
		nl_put_str(b, INET_DIAG_CONG, i->cong);
}

static void fill_sock(struct nlbuf *b, const struct inet_sock_info *i, const struct ask *a, u32 portid, u32 seq, u16 flags,
		      u16 type)
{
	u32 at = nl_begin(b, portid, seq, type, flags, sizeof(struct inet_diag_msg));
	struct inet_diag_msg *m = nl_header(b, at);
	u8 ext = a->q->idiag_ext;

	if (m)
		fill_header(i, m);
	if (i->sk) {			/* of what is no socket any more, or not yet, there is no more to say */
		nl_put_u8(b, INET_DIAG_SHUTDOWN, i->shutdown);
		if (ext & 1u << (INET_DIAG_TOS - 1))
			nl_put_u8(b, INET_DIAG_TOS, i->tos);
		if (i->family == AF_INET6 && ext & 1u << (INET_DIAG_TCLASS - 1))
			nl_put_u8(b, INET_DIAG_TCLASS, i->tclass);
		if (i->family == AF_INET6 && (i->state == STATE_LISTEN || i->state == STATE_CLOSE))
			nl_put_u8(b, INET_DIAG_SKV6ONLY, i->v6only);
		if (a->admin)
			nl_put_u32(b, INET_DIAG_MARK, i->mark);
		if (ext & 1u << (INET_DIAG_TCLASS - 1))
			nl_put_u32(b, INET_DIAG_CLASS_ID, i->priority);
		put_options(b, i);
		put_memory(b, i, ext);
		if (a->protocol == IPPROTO_RAW)
			nl_put_u8(b, INET_DIAG_PROTOCOL, i->protocol);
		if (a->protocol == IPPROTO_TCP)
			put_tcp(b, i, ext);
	}
	nl_end(b, at);
}

/* --- dumps --- */

struct walk {
	const struct ask *a;
	struct nl_dump *d;
	struct nlbuf *b;
	u64 at;				/* sockets that were passed */
};

static bool shown(const struct inet_sock_info *i, const struct ask *a)
{
	const struct inet_diag_req_v2 *q = a->q;

	/* TCP shows who listens or is connected, UDP who has a port. */
	if (a->protocol == IPPROTO_TCP ? i->state == STATE_CLOSE : a->protocol == IPPROTO_UDP && !i->sport)
		return false;
	if (!(q->idiag_states & 1u << i->state))
		return false;
	if (q->sdiag_family && i->family != q->sdiag_family)
		return false;
	if ((q->id.idiag_sport && q->id.idiag_sport != to_be16(i->sport).raw) ||
	    (q->id.idiag_dport && q->id.idiag_dport != to_be16(i->dport).raw))
		return false;
	return wanted(i, &a->f);
}

static int tell(const struct inet_sock_info *i, void *arg)
{
	struct walk *w = arg;
	u32 at = nlbuf_len(w->b);

	if (w->at++ < w->d->args[0])
		return 0;
	if (shown(i, w->a))
		fill_sock(w->b, i, w->a, w->d->portid, w->d->seq, NLM_F_MULTI, w->d->request->nlmsg_type);
	if (w->b->err) {
		nl_cancel(w->b, at);
		return NL_MORE;
	}
	w->d->args[0] = w->at;
	return 0;
}

static bool known(u8 protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_RAW;
}

/* The old form of the question: TCP only. */
static void from_old(const struct nlmsghdr *h, struct inet_diag_req_v2 *q)
{
	const struct inet_diag_req *o = nl_payload(h);

	*q = (struct inet_diag_req_v2){ .sdiag_family = o->idiag_family, .sdiag_protocol = IPPROTO_TCP, .idiag_ext = o->idiag_ext,
					.idiag_states = o->idiag_states, .id = o->id };
}

static int read_ask(const struct nlmsghdr *h, struct ask *a, struct inet_diag_req_v2 *old, struct nl_extack *x)
{
	static const struct nl_policy policy[INET_DIAG_REQ_PROTOCOL + 1] = { [INET_DIAG_REQ_PROTOCOL] = { NLP_MIN, 4 } };
	bool old_form = h->nlmsg_type != SOCK_DIAG_BY_FAMILY && h->nlmsg_type != SOCK_DESTROY;
	u32 hdr = old_form ? sizeof(struct inet_diag_req) : sizeof(*a->q);
	const struct nlattr *tb[ARRAY_SIZE(policy)];
	int err;

	if (nl_payload_len(h) < hdr)
		return -EINVAL;
	err = nl_parse_ext(h, hdr, tb, INET_DIAG_REQ_PROTOCOL, policy, false, x);
	if (err)
		return err;
	a->q = nl_payload(h);
	if (old_form) {
		from_old(h, old);
		a->q = old;
	}
	a->protocol = a->q->sdiag_protocol;
	if (tb[INET_DIAG_REQ_PROTOCOL])
		a->protocol = nla_u32(tb[INET_DIAG_REQ_PROTOCOL]) < 256 ? (u8)nla_u32(tb[INET_DIAG_REQ_PROTOCOL]) : IPPROTO_IP;
	a->f = (struct filter){ NULL, 0 };
	if (tb[INET_DIAG_REQ_BYTECODE])
		a->f = (struct filter){ nla_data(tb[INET_DIAG_REQ_BYTECODE]), nla_len(tb[INET_DIAG_REQ_BYTECODE]) };
	return 0;
}

/* args[0]: sockets that were looked at; args[1]: an administrator asks. */
static int dump(struct nl_dump *d, struct nlbuf *b)
{
	struct ask a = { .admin = d->args[1] };
	struct walk w = { .a = &a, .d = d, .b = b };
	struct inet_diag_req_v2 old;
	int err = read_ask(d->request, &a, &old, &d->x);

	if (err)
		return err;
	if (!known(a.protocol))
		return -ENOENT;
	return inet_sock_walk(d->net, a.q->sdiag_family, a.protocol, tell, &w);
}

/* --- one --- */

struct search {
	const struct ask *a;
	struct nl_request *r;
	const struct nlmsghdr *h;
	struct ipaddr local, remote;
	bool destroy;
	int best, err;			/* how well the best one fits; what became of it */
	u64 found;			/* its cookie */
	bool tell;			/* second round: the one with that cookie */
};

static struct ipaddr id_addr(const struct inet_diag_req_v2 *q, const __be32 a[4])
{
	struct ipaddr r;

	if (q->sdiag_family == AF_INET)
		return ipaddr_v4((be32_t){ a[0] });
	memcpy(&r, a, 16);
	return r;
}

/* As a packet to (local, port) from (remote, port) would find it: connected before listening, named before not. */
static int fit(const struct inet_sock_info *i, const struct search *s)
{
	const struct inet_diag_sockid *id = &s->a->q->id;

	if (to_be16(i->sport).raw != id->idiag_sport || i->state == STATE_CLOSE + (s->a->protocol == IPPROTO_TCP ? 0 : 100))
		return 0;
	if (i->ifindex && i->ifindex != (int)id->idiag_if)
		return 0;
	if (i->dport || !ipaddr_any(&i->dst)) {
		if (to_be16(i->dport).raw != id->idiag_dport || !ipaddr_eq(&i->dst, &s->remote) || !ipaddr_eq(&i->src, &s->local))
			return 0;
		return 3;
	}
	if (s->a->q->sdiag_family != i->family && (i->family == AF_INET || i->v6only))
		return 0;
	if (ipaddr_any(&i->src))
		return 1;
	return ipaddr_eq(&i->src, &s->local) ? 2 : 0;
}

static int one(const struct inet_sock_info *i, void *arg)
{
	struct search *s = arg;
	struct nlbuf b;
	int n = fit(i, s);

	if (!s->tell) {
		if (n > s->best) {
			s->best = n;
			s->found = i->cookie;
		}
		return 0;
	}
	if (!n || n != s->best || i->cookie != s->found)
		return 0;
	s->err = sock_diag_check_cookie(i->cookie, s->a->q->id.idiag_cookie);
	if (s->err && s->a->protocol == IPPROTO_TCP)
		s->err = -ENOENT;
	if (!s->err && s->destroy && !s->a->admin)
		s->err = -EPERM;
	if (!s->err && s->destroy) {
		s->err = inet_sock_abort(i);
	} else if (!s->err) {
		nlbuf_init(&b, 512, false);
		fill_sock(&b, i, s->a, s->r->portid, s->h->nlmsg_seq, 0, s->h->nlmsg_type);
		s->err = nl_reply(s->r, &b);
	}
	return 1;
}

static int exact(struct nl_request *r, const struct nlmsghdr *h, const struct ask *a, bool destroy)
{
	const struct inet_diag_req_v2 *q = a->q;
	struct search s = { .a = a, .r = r, .h = h, .destroy = destroy, .err = -ENOENT };

	if (!known(a->protocol))
		return -ENOENT;
	if (q->sdiag_family != AF_INET && q->sdiag_family != AF_INET6)
		return -EINVAL;
	s.local = id_addr(q, q->id.idiag_src);
	s.remote = id_addr(q, q->id.idiag_dst);
	(void)inet_sock_walk(r->net, 0, a->protocol, one, &s);
	if (!s.best)
		return -ENOENT;
	s.tell = true;
	(void)inet_sock_walk(r->net, 0, a->protocol, one, &s);
	return s.err;
}

/* --- questions --- */

static int ask(struct nl_request *r, const struct nlmsghdr *h)
{
	struct ask a = { .admin = nl_capable(r, CAP_NET_ADMIN) };
	u64 args[8] = { 0, a.admin };
	struct inet_diag_req_v2 old;
	int err = read_ask(h, &a, &old, &r->x);

	if (err)
		return err;
	if (!(h->nlmsg_flags & NLM_F_DUMP))
		return exact(r, h, &a, false);
	if (a.f.code && a.f.len < sizeof(struct inet_diag_bc_op))
		return -EINVAL;
	err = a.f.code ? check_filter(&a.f, a.admin) : 0;
	return err ? err : nl_dump_start(r, h, dump, NULL, args);
}

static int destroy(struct nl_request *r, const struct nlmsghdr *h)
{
	struct inet_diag_req_v2 old;
	struct ask a = { .admin = nl_capable(r, CAP_NET_ADMIN) };
	int err = read_ask(h, &a, &old, &r->x);

	return err ? err : exact(r, h, &a, true);
}

static struct sock_diag_handler handler4 = { .family = AF_INET, .ask = ask, .destroy = destroy };
static struct sock_diag_handler handler6 = { .family = AF_INET6, .ask = ask, .destroy = destroy };

static int inet_diag_init(void)
{
	sock_diag_register(&handler4);
	sock_diag_register(&handler6);
	return 0;
}
INITCALL_DRIVER(inet_diag_init);
