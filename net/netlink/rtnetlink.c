/* SPDX-License-Identifier: MPL-2.0 */
/* NETLINK_ROUTE: hands messages to those who registered for them. */
#include <base/errno.h>
#include <base/math.h>
#include <base/string.h>
#include <core/init.h>
#include <core/slab.h>
#include <kernel/cred.h>
#include <kernel/task.h>
#include <uapi/linux/socket.h>

#include "rt_impl.h"

#define RTM_FIRST	RTM_NEWLINK
#define RTM_LAST	123		/* the highest that Linux knows */
#define NLM_F_BULK	0x200
#define RTNL_GROUPS	36
#define NOTE_BYTES	1024

enum { KIND_NEW, KIND_DEL, KIND_GET, KIND_SET };

static struct rtnl_handler *handlers[RTM_LAST - RTM_FIRST + 1];	/* [I] after boot */

/* The request whose doit() runs. */
static struct {
	struct nl_request *r;		/* [rtnl] */
	const struct nlmsghdr *h;	/* [rtnl] */
	struct task *task;		/* [rtnl; a] who runs it; NULL: nobody */
} doing;

void rtnl_handler_register(struct rtnl_handler *h)
{
	struct rtnl_handler **p = &handlers[h->type - RTM_FIRST];

	while (*p)
		p = &(*p)->next;
	*p = h;
}

void rtnl_part_register(struct rtnl_handler *h, u32 n, struct net_notifier *notifier)
{
	while (n--)
		rtnl_handler_register(h++);
	rtnl_lock();
	net_notifier_register(notifier);
	rtnl_unlock();
}

/* The family's own, if it has what is asked for; else what answers for all. */
static struct rtnl_handler *find(u16 type, u8 family, bool dump)
{
	struct rtnl_handler *h, *any = NULL;

	for (h = handlers[type - RTM_FIRST]; h; h = h->next) {
		if (dump ? !h->dump : !h->doit)
			continue;
		if (h->family == family)
			return h;
		if (h->family == AF_UNSPEC)
			any = h;
	}
	return any;
}

/* The dumps of all families, one after the other: args[7] counts those that are through. */
static int dump_all(struct nl_dump *d, struct nlbuf *b)
{
	struct rtnl_handler *h = handlers[d->request->nlmsg_type - RTM_FIRST];

	for (u64 skip = d->args[7]; h && skip; skip--)
		h = h->next;
	for (; h; h = h->next) {
		int r = h->dump ? h->dump(d, b) : 0;

		if (r)
			return r;
		for (int i = 0; i < 7; i++)
			d->args[i] = 0;
		d->gen = 0;
		d->args[7]++;
	}
	return 0;
}

static int start_dump(struct nl_request *r, const struct nlmsghdr *h, u8 family)
{
	struct rtnl_handler *handler = find(h->nlmsg_type, family, true);

	if (!handler && handlers[h->nlmsg_type - RTM_FIRST])	/* as Linux: also for families that nobody knows */
		return nl_dump_start(r, h, dump_all, NULL, NULL);
	return handler ? nl_dump_start(r, h, handler->dump, NULL, NULL) : -EOPNOTSUPP;
}

static int receive(struct nl_request *r, const struct nlmsghdr *h)
{
	u32 kind = (h->nlmsg_type - RTM_FIRST) & 3;
	struct rtnl_handler *handler;
	u8 family;
	int err;

	if (h->nlmsg_type < RTM_FIRST || h->nlmsg_type > RTM_LAST)
		return -EOPNOTSUPP;
	if (nl_payload_len(h) < sizeof(struct rtgenmsg))
		return 0;
	family = *(const u8 *)nl_payload(h);
	if (kind != KIND_GET && !nl_capable(r, CAP_NET_ADMIN))
		return -EPERM;
	if (kind == KIND_GET && (h->nlmsg_flags & NLM_F_DUMP))
		return start_dump(r, h, family);
	handler = find(h->nlmsg_type, family, false);
	if (!handler)
		return -EOPNOTSUPP;
	if (kind == KIND_DEL && h->nlmsg_flags & NLM_F_BULK)
		return nl_refuse(&r->x, -EOPNOTSUPP, "Bulk delete is not supported");
	err = rtnl_lock_killable();
	if (err)
		return err;
	doing.r = r;
	doing.h = h;
	WRITE_ONCE(doing.task, current);
	err = handler->doit(r, h);
	WRITE_ONCE(doing.task, NULL);
	rtnl_unlock();
	return err;
}

/* --- events --- */

/* This thread's request if it is of the kind (new, delete, get of one thing) of type. */
static const struct nlmsghdr *request_of(u16 type)
{
	return READ_ONCE(doing.task) == current && (doing.h->nlmsg_type & ~3) == (type & ~3) ? doing.h : NULL;
}

u16 rtnl_request_flags(u16 type)
{
	const struct nlmsghdr *h = request_of(type);

	return h ? h->nlmsg_flags : 0;
}

/* A copy for the sender, who asked for it. */
static void echo(struct nl_request *r, const struct nlbuf *b)
{
	struct nlbuf copy = *b;

	if (b->err || !b->d)
		return;
	ref_get(&b->d->ref);
	(void)nl_reply(r, &copy);
}

void rtnl_event(struct net *net, u32 group, u16 type, u16 flags, void (*fill)(struct nlbuf *b, const void *object,
		const struct rt_msg *m), const void *object)
{
	const struct nlmsghdr *h = request_of(type);
	struct rt_msg m = { .type = type, .flags = flags };
	bool copy = h && h->nlmsg_flags & NLM_F_ECHO;
	struct nlbuf b;

	if (!copy && !nl_has_listeners(net, NETLINK_ROUTE, group))
		return;
	if (h) {
		m.portid = doing.r->portid;
		m.seq = h->nlmsg_seq;
	}
	nlbuf_init(&b, NOTE_BYTES, false);
	fill(&b, object, &m);
	if (copy)
		echo(doing.r, &b);
	nl_multicast(net, NETLINK_ROUTE, group, &b, copy ? doing.r->portid : 0);
}

void rtnl_notify(struct net *net, u32 group, u32 but, void (*fill)(struct nlbuf *b, const void *object, u16 type),
		 const void *object, u16 type)
{
	struct nlbuf b;

	if (!nl_has_listeners(net, NETLINK_ROUTE, group))
		return;
	nlbuf_init(&b, NOTE_BYTES, false);
	fill(&b, object, type);
	nl_multicast(net, NETLINK_ROUTE, group, &b, but);
}

/* --- dumps of lists --- */

static void list_free(struct rt_list *l)
{
	for (u32 i = 0; i < l->nr; i++)
		l->put(l->p[i]);
	kvfree(l->p);
	kfree(l);
}

static void list_done(struct nl_dump *d)
{
	if (d->priv)
		list_free(d->priv);
	d->priv = NULL;
}

int rt_list_new(struct nl_dump *d, void (*put)(void *object))
{
	struct rt_list *l = kzalloc(sizeof(*l), GFP_KERNEL);

	if (!l)
		return -ENOMEM;
	l->put = put;
	list_done(d);		/* another family's, of a dump of all */
	d->priv = l;
	d->done = list_done;
	return 0;
}

int rt_list_add(struct rt_list *l, void *object)
{
	if (l->nr == l->room) {
		u32 room = max(l->room * 2, 64u);
		void **p = kvmalloc(room * sizeof(*p), GFP_KERNEL);

		if (!p)
			return -ENOMEM;
		if (l->nr)
			memcpy(p, l->p, l->nr * sizeof(*p));
		kvfree(l->p);
		l->p = p;
		l->room = room;
	}
	l->p[l->nr++] = object;
	return 0;
}

int rt_list_tell(struct nl_dump *d, struct nlbuf *b, void (*fill)(struct nlbuf *b, const void *object, const struct rt_msg *m),
		 u16 type)
{
	struct rt_msg m = { .portid = d->portid, .seq = d->seq, .type = type, .flags = (u16)(NLM_F_MULTI | d->answer_flags) };
	struct rt_list *l = d->priv;

	for (; d->args[0] < l->nr; d->args[0]++) {
		u32 at = nlbuf_len(b);

		fill(b, l->p[d->args[0]], &m);
		if (b->err) {
			nl_cancel(b, at);
			return NL_MORE;
		}
	}
	list_done(d);
	return 0;
}

static const struct nl_proto route = {
	.protocol = NETLINK_ROUTE, .groups = RTNL_GROUPS, .anyone_listens = true, .receive = receive,
};

static int rtnetlink_init(void)
{
	return nl_proto_register(&route);
}
INITCALL_FS(rtnetlink_init);
