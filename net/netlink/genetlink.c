/* SPDX-License-Identifier: MPL-2.0 */
/*
 * NETLINK_GENERIC: families by name, and nlctrl, which tells their numbers. The list of families grows at boot only:
 * nobody locks it.
 */
#include <base/errno.h>
#include <base/math.h>
#include <base/string.h>
#include <core/init.h>
#include <kernel/cred.h>
#include <net/genetlink.h>

#define GROUPS		32
#define MAXATTR		63
#define CTRL_MAX	CTRL_ATTR_OP
#define ID_LAST		0x3ff

static struct genl_family *families;	/* [I] after boot */
static u16 last_id = GENL_ID_CTRL;
static u32 last_group = GENL_ID_CTRL;	/* nlctrl's; others follow */

/* --- families --- */

static struct genl_family *by_id(u16 id)
{
	struct genl_family *f;

	for (f = families; f && f->id != id; f = f->next)
		;
	return f;
}

static struct genl_family *by_name(const char *name)
{
	struct genl_family *f;

	for (f = families; f && strcmp(f->name, name); f = f->next)
		;
	return f;
}

int genl_family_register(struct genl_family *f)
{
	struct genl_family **p = &families;

	if (by_name(f->name))
		return -EEXIST;
	if (last_id == ID_LAST || last_group + f->nr_groups > GROUPS || f->maxattr > MAXATTR)
		return -ENOSPC;
	if (f->id != GENL_ID_CTRL) {
		f->id = ++last_id;
		f->first_group = last_group + 1;
		last_group += f->nr_groups;
	} else {
		f->first_group = GENL_ID_CTRL;
	}
	while (*p)
		p = &(*p)->next;
	*p = f;
	return 0;
}

u32 genl_begin(struct nlbuf *b, const struct genl_family *f, u32 portid, u32 seq, u16 flags, u8 cmd)
{
	u32 at = nl_begin(b, portid, seq, f->id, flags, sizeof(struct genlmsghdr));
	struct genlmsghdr *g = nl_header(b, at);

	if (g) {
		g->cmd = cmd;
		g->version = f->version;
	}
	return at;
}

static const struct genl_op *op_of(const struct genl_family *f, u8 cmd)
{
	for (u32 i = 0; i < f->nr_ops; i++)
		if (f->ops[i].cmd == cmd)
			return &f->ops[i];
	return NULL;
}

static int receive(struct nl_request *r, const struct nlmsghdr *h)
{
	const struct genl_family *f = by_id(h->nlmsg_type);
	const struct genlmsghdr *g = nl_payload(h);
	const struct nlattr *tb[MAXATTR + 1];
	const struct genl_op *op;
	u64 args[8] = { 0 };
	bool dump = (h->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	int err;

	if (!f)
		return -ENOENT;
	if (nl_payload_len(h) < sizeof(*g))
		return -EINVAL;
	op = op_of(f, g->cmd);
	if (!op)
		return -EOPNOTSUPP;
	if (op->flags & GENL_ADMIN_PERM && !nl_capable(r, CAP_NET_ADMIN))
		return -EPERM;
	if (dump ? !op->dump : !op->doit)
		return -EOPNOTSUPP;
	err = nl_parse_ext(h, sizeof(*g), tb, f->maxattr, f->policy, false, &r->x);
	if (err)
		return err;
	if (!dump)
		return op->doit(r, h, tb);
	err = op->start ? op->start(r, h, tb, args) : 0;
	return err ? err : nl_dump_start(r, h, op->dump, NULL, args);
}

/* --- nlctrl --- */

static void fill_ops(struct nlbuf *b, const struct genl_family *f)
{
	u32 all = nl_nest(b, CTRL_ATTR_OPS);

	for (u32 i = 0; i < f->nr_ops; i++) {
		const struct genl_op *op = &f->ops[i];
		u32 one = nl_nest(b, (u16)(i + 1));

		nl_put_u32(b, CTRL_ATTR_OP_ID, op->cmd);
		nl_put_u32(b, CTRL_ATTR_OP_FLAGS, (u32)(op->flags | (op->doit ? GENL_CMD_CAP_DO : 0) |
							(op->dump ? GENL_CMD_CAP_DUMP : 0) |
							(f->policy ? GENL_CMD_CAP_HASPOL : 0)));
		nl_nest_end(b, one);
	}
	nl_nest_end(b, all);
}

static void fill_groups(struct nlbuf *b, const struct genl_family *f)
{
	u32 all = nl_nest(b, CTRL_ATTR_MCAST_GROUPS);

	for (u32 i = 0; i < f->nr_groups; i++) {
		u32 one = nl_nest(b, (u16)(i + 1));

		nl_put_u32(b, CTRL_ATTR_MCAST_GRP_ID, f->first_group + i);
		nl_put_str(b, CTRL_ATTR_MCAST_GRP_NAME, f->groups[i]);
		nl_nest_end(b, one);
	}
	nl_nest_end(b, all);
}

static struct genl_family nlctrl;

static void fill_family(struct nlbuf *b, const struct genl_family *f, u32 portid, u32 seq, u16 flags)
{
	u32 at = genl_begin(b, &nlctrl, portid, seq, flags, CTRL_CMD_NEWFAMILY);

	nl_put_str(b, CTRL_ATTR_FAMILY_NAME, f->name);
	nl_put_u16(b, CTRL_ATTR_FAMILY_ID, f->id);
	nl_put_u32(b, CTRL_ATTR_VERSION, f->version);
	nl_put_u32(b, CTRL_ATTR_HDRSIZE, 0);
	nl_put_u32(b, CTRL_ATTR_MAXATTR, f->maxattr);
	if (f->nr_ops)
		fill_ops(b, f);
	if (f->nr_groups)
		fill_groups(b, f);
	nl_end(b, at);
}

/* The family that a request names. -EINVAL: none, -ENOENT. */
static int named(const struct nlattr *const *tb, struct genl_family **out)
{
	char name[GENL_NAMSIZ];

	*out = NULL;
	if (!tb[CTRL_ATTR_FAMILY_ID] && !tb[CTRL_ATTR_FAMILY_NAME])
		return -EINVAL;
	if (tb[CTRL_ATTR_FAMILY_ID])
		*out = by_id(nla_u16(tb[CTRL_ATTR_FAMILY_ID]));
	if (tb[CTRL_ATTR_FAMILY_NAME] && !nla_string(tb[CTRL_ATTR_FAMILY_NAME], name, sizeof(name)))
		*out = by_name(name);
	return *out ? 0 : -ENOENT;
}

static int get_family(struct nl_request *r, const struct nlmsghdr *h, const struct nlattr *const *tb)
{
	struct genl_family *f;
	struct nlbuf b;
	int err = named(tb, &f);

	if (err)
		return err;
	nlbuf_init(&b, 512, false);
	fill_family(&b, f, r->portid, h->nlmsg_seq, 0);
	return nl_reply(r, &b);
}

/* args[0]: families that were told. */
static int dump_families(struct nl_dump *d, struct nlbuf *b)
{
	struct genl_family *f = families;

	for (u64 i = 0; i < d->args[0]; i++)
		f = f->next;
	for (; f; f = f->next, d->args[0]++) {
		u32 at = nlbuf_len(b);

		fill_family(b, f, d->portid, d->seq, NLM_F_MULTI);
		if (b->err) {
			nl_cancel(b, at);
			return NL_MORE;
		}
	}
	return 0;
}

/* --- policies: what each attribute must be --- */

static int start_policy(struct nl_request *r, const struct nlmsghdr *h, const struct nlattr *const *tb, u64 args[8])
{
	struct genl_family *f;
	int err = named(tb, &f);

	(void)h;
	if (err)
		return err;
	if (!f->policy)
		return -ENODATA;
	if (tb[CTRL_ATTR_OP]) {
		const struct genl_op *op = op_of(f, (u8)min(nla_u32(tb[CTRL_ATTR_OP]), 255u));

		if (!op || nla_u32(tb[CTRL_ATTR_OP]) > 255)
			return nl_refuse_at(&r->x, -ENOENT, tb[CTRL_ATTR_OP], NULL);
		args[2] = 1 + op->cmd;
	}
	args[0] = f->id;
	return 0;
}

static u32 type_of(const struct nl_policy *p)
{
	switch (p->kind) {
	case NLP_STRING:
		return NL_ATTR_TYPE_NUL_STRING;
	case NLP_NESTED:
		return NL_ATTR_TYPE_NESTED;
	case NLP_MIN:
	case NLP_EXACT:
		return p->len == 1 ? NL_ATTR_TYPE_U8 : p->len == 2 ? NL_ATTR_TYPE_U16 : p->len == 4 ? NL_ATTR_TYPE_U32 :
		       p->len == 8 ? NL_ATTR_TYPE_U64 : NL_ATTR_TYPE_BINARY;
	default:
		return NL_ATTR_TYPE_BINARY;
	}
}

static void fill_attr(struct nlbuf *b, const struct nl_policy *p, u16 attr)
{
	u32 policy = nl_nest(b, CTRL_ATTR_POLICY), set = nl_nest(b, 0), one = nl_nest(b, attr);

	nl_put_u32(b, NL_POLICY_TYPE_ATTR_TYPE, type_of(p));
	if (p->kind == NLP_STRING && p->len)
		nl_put_u32(b, NL_POLICY_TYPE_ATTR_MAX_LENGTH, p->len - 1u);
	nl_nest_end(b, one);
	nl_nest_end(b, set);
	nl_nest_end(b, policy);
}

static void fill_op(struct nlbuf *b, const struct genl_op *op)
{
	u32 all = nl_nest(b, CTRL_ATTR_OP_POLICY), one = nl_nest(b, op->cmd);

	if (op->doit)
		nl_put_u32(b, CTRL_ATTR_POLICY_DO, 0);
	if (op->dump)
		nl_put_u32(b, CTRL_ATTR_POLICY_DUMP, 0);
	nl_nest_end(b, one);
	nl_nest_end(b, all);
}

/* args[0]: the family; args[1]: steps that are through: one for each operation, then one for each attribute; args[2]: 1 + cmd. */
static int dump_policy(struct nl_dump *d, struct nlbuf *b)
{
	const struct genl_family *f = by_id((u16)d->args[0]);

	for (; d->args[1] < f->nr_ops + (u64)f->maxattr; d->args[1]++) {
		u64 i = d->args[1];
		u32 begin = nlbuf_len(b), at;

		if (i < f->nr_ops ? d->args[2] && f->ops[i].cmd != d->args[2] - 1 : f->policy[i - f->nr_ops + 1].kind == NLP_ANY)
			continue;
		at = genl_begin(b, &nlctrl, d->portid, d->seq, NLM_F_MULTI, CTRL_CMD_GETPOLICY);
		nl_put_u16(b, CTRL_ATTR_FAMILY_ID, f->id);
		if (i < f->nr_ops)
			fill_op(b, &f->ops[i]);
		else
			fill_attr(b, &f->policy[i - f->nr_ops + 1], (u16)(i - f->nr_ops + 1));
		nl_end(b, at);
		if (b->err) {
			nl_cancel(b, begin);
			return NL_MORE;
		}
	}
	return 0;
}

static const struct nl_policy ctrl_policy[CTRL_MAX + 1] = {
	[CTRL_ATTR_FAMILY_ID] = { NLP_MIN, 2 }, [CTRL_ATTR_FAMILY_NAME] = { NLP_STRING, GENL_NAMSIZ },
	[CTRL_ATTR_OP] = { NLP_MIN, 4 },
};
static const struct genl_op ctrl_ops[] = {
	{ .cmd = CTRL_CMD_GETFAMILY, .doit = get_family, .dump = dump_families },
	{ .cmd = CTRL_CMD_GETPOLICY, .start = start_policy, .dump = dump_policy },
};
static const char *const ctrl_groups[] = { "notify" };
static struct genl_family nlctrl = {
	.name = "nlctrl", .version = 2, .id = GENL_ID_CTRL, .maxattr = CTRL_MAX, .policy = ctrl_policy, .ops = ctrl_ops,
	.nr_ops = ARRAY_SIZE(ctrl_ops), .groups = ctrl_groups, .nr_groups = ARRAY_SIZE(ctrl_groups),
};

static const struct nl_proto generic = {
	.protocol = NETLINK_GENERIC, .groups = GROUPS, .anyone_listens = true, .receive = receive,
};

static int genetlink_init(void)
{
	int err = genl_family_register(&nlctrl);

	return err ? err : nl_proto_register(&generic);
}
INITCALL_FS(genetlink_init);
