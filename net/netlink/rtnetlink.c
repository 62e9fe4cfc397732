/* SPDX-License-Identifier: MPL-2.0 */
/* NETLINK_ROUTE: hands messages to those who registered for them. */
#include <base/errno.h>
#include <core/init.h>
#include <kernel/cred.h>
#include <net/rtnetlink.h>
#include <uapi/linux/socket.h>

#define RTM_FIRST	RTM_NEWLINK
#define RTM_LAST	RTM_GETRULE
#define RTNL_GROUPS	36
#define NOTE_BYTES	1024

enum { KIND_NEW, KIND_DEL, KIND_GET, KIND_SET };

static struct rtnl_handler *handlers[RTM_LAST - RTM_FIRST + 1];	/* [I] after boot */

void rtnl_handler_register(struct rtnl_handler *h)
{
	struct rtnl_handler **p = &handlers[h->type - RTM_FIRST];

	while (*p)
		p = &(*p)->next;
	*p = h;
}

static struct rtnl_handler *find(u16 type, u8 family)
{
	struct rtnl_handler *h, *any = NULL;

	for (h = handlers[type - RTM_FIRST]; h; h = h->next) {
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
	struct rtnl_handler *handler = find(h->nlmsg_type, family);

	if (family == AF_UNSPEC && !handler && handlers[h->nlmsg_type - RTM_FIRST])
		return nl_dump_start(r, h, dump_all, NULL, NULL);
	if (!handler || !handler->dump)
		return -EOPNOTSUPP;
	return nl_dump_start(r, h, handler->dump, NULL, NULL);
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
	handler = find(h->nlmsg_type, family);
	if (!handler || !handler->doit)
		return -EOPNOTSUPP;
	err = rtnl_lock_killable();
	if (err)
		return err;
	err = handler->doit(r, h);
	rtnl_unlock();
	return err;
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

static const struct nl_proto route = {
	.protocol = NETLINK_ROUTE, .groups = RTNL_GROUPS, .anyone_listens = true, .receive = receive,
};

static int rtnetlink_init(void)
{
	return nl_proto_register(&route);
}
INITCALL_FS(rtnetlink_init);
