/* SPDX-License-Identifier: MPL-2.0 */
/* NETLINK_SOCK_DIAG: hands questions about sockets to their families; those about netlink's own are answered here. */
#include <base/math.h>
#include <core/init.h>
#include <kernel/cred.h>
#include <net/sock_diag.h>

#include "internal.h"

static const struct sock_diag_handler *handlers;	/* [I] after boot */

void sock_diag_register(struct sock_diag_handler *h)
{
	h->next = handlers;
	handlers = h;
}

static int receive(struct nl_request *r, const struct nlmsghdr *h)
{
	const struct sock_diag_req *q = nl_payload(h);
	const struct sock_diag_handler *f;
	u8 family;

	switch (h->nlmsg_type) {
	case TCPDIAG_GETSOCK:
	case DCCPDIAG_GETSOCK:
		family = AF_INET;
		break;
	case SOCK_DIAG_BY_FAMILY:
	case SOCK_DESTROY:
		if (nl_payload_len(h) < sizeof(*q) || q->sdiag_family >= AF_MAX)
			return -EINVAL;
		family = q->sdiag_family;
		break;
	default:
		return -EINVAL;
	}
	for (f = handlers; f && f->family != family; f = f->next)
		;
	if (!f)
		return -ENOENT;
	if (h->nlmsg_type == SOCK_DESTROY)
		return f->destroy ? f->destroy(r, h) : -EOPNOTSUPP;
	return f->ask(r, h);
}

/* --- netlink's own sockets --- */

static u32 flags_of(const struct nl_sock *k)
{
	return (READ_ONCE(k->dump) ? NDIAG_FLAG_CB_RUNNING : 0) | (READ_ONCE(k->pktinfo) ? NDIAG_FLAG_PKTINFO : 0) |
	       (READ_ONCE(k->broadcast_error) ? NDIAG_FLAG_BROADCAST_ERROR : 0) |
	       (READ_ONCE(k->no_enobufs) ? NDIAG_FLAG_NO_ENOBUFS : 0) |
	       (READ_ONCE(k->all_nsid) ? NDIAG_FLAG_LISTEN_ALL_NSID : 0) | (READ_ONCE(k->cap_ack) ? NDIAG_FLAG_CAP_ACK : 0);
}

/* k NULL: the kernel's own of the protocol. Table lock held; b is fixed. */
static void fill_netlink(struct nlbuf *b, const struct nl_dump *d, int protocol, const struct nl_sock *k, u32 show)
{
	u32 at = nl_begin(b, d->portid, d->seq, SOCK_DIAG_BY_FAMILY, NLM_F_MULTI, sizeof(struct netlink_diag_msg));
	struct netlink_diag_msg *m = nl_header(b, at);
	u64 groups = k ? READ_ONCE(k->groups) : 0;
	struct sock_common none = { 0 };

	if (m) {
		*m = (struct netlink_diag_msg){ .ndiag_family = AF_NETLINK, .ndiag_type = (u8)(k ? k->c.type : SOCK_RAW),
						.ndiag_protocol = (u8)protocol, .ndiag_state = 7 };
		if (k) {
			m->ndiag_state = k->s->state == SS_CONNECTED ? 1 : 0;
			m->ndiag_portid = k->portid;
			m->ndiag_dst_portid = READ_ONCE(k->dst_portid);
			m->ndiag_dst_group = (u32)__builtin_ffs((int)READ_ONCE(k->dst_groups));
			m->ndiag_ino = k->s->file ? (u32)k->s->file->inode->ino : 0;
			sock_diag_put_cookie(&k->c, m->ndiag_cookie);
		}
	}
	if (show & NDIAG_SHOW_GROUPS && k)
		nl_put(b, NETLINK_DIAG_GROUPS, &groups, sizeof(groups));
	if (show & NDIAG_SHOW_MEMINFO)
		sock_diag_put_mem(b, NETLINK_DIAG_MEMINFO, k ? &k->c : &none, k ? READ_ONCE(k->rmem) : 0, 0, 0);
	if (show & NDIAG_SHOW_FLAGS)
		nl_put_u32(b, NETLINK_DIAG_FLAGS, k ? flags_of(k) : 0);
	nl_end(b, at);
}

/* One protocol: args[1] of its sockets were told, the kernel's first. 0 or NL_MORE. */
static int dump_protocol(struct nl_dump *d, struct nlbuf *b, int protocol, u32 show)
{
	struct nl_table *t = &nl_tables[protocol];
	const struct nl_sock *k;
	u32 at = nlbuf_len(b);
	u64 n = 0;

	if (!READ_ONCE(t->proto))
		return 0;
	spin_lock(&t->lock);
	if (n++ >= d->args[1] && t->proto->receive)
		fill_netlink(b, d, protocol, NULL, show);
	list_for_each_entry(k, &t->socks, link) {
		if (b->err)
			break;
		d->args[1] = max(d->args[1], n);
		if (n++ < d->args[1] || k->net != d->net)
			continue;
		at = nlbuf_len(b);
		fill_netlink(b, d, protocol, k, show);
	}
	spin_unlock(&t->lock);
	if (b->err) {
		nl_cancel(b, at);
		return NL_MORE;
	}
	d->args[1] = 0;
	return 0;
}

/* args[0]: protocols that are through. */
static int dump_netlink(struct nl_dump *d, struct nlbuf *b)
{
	const struct netlink_diag_req *q = nl_payload(d->request);

	if (q->sdiag_protocol != NDIAG_PROTO_ALL && q->sdiag_protocol >= MAX_LINKS)
		return -ENOENT;
	for (; d->args[0] < MAX_LINKS; d->args[0]++)
		if (q->sdiag_protocol == NDIAG_PROTO_ALL || q->sdiag_protocol == d->args[0])
			if (dump_protocol(d, b, (int)d->args[0], q->ndiag_show))
				return NL_MORE;
	return 0;
}

static int ask_netlink(struct nl_request *r, const struct nlmsghdr *h)
{
	if (nl_payload_len(h) < sizeof(struct netlink_diag_req))
		return -EINVAL;
	if (!(h->nlmsg_flags & NLM_F_DUMP))
		return -EOPNOTSUPP;
	return nl_dump_start(r, h, dump_netlink, NULL, NULL);
}

static struct sock_diag_handler netlink_handler = { .family = AF_NETLINK, .ask = ask_netlink };
static const struct nl_proto sock_diag = { .protocol = NETLINK_SOCK_DIAG, .groups = 4, .receive = receive };

static int sock_diag_init(void)
{
	sock_diag_register(&netlink_handler);
	return nl_proto_register(&sock_diag);
}
INITCALL_FS(sock_diag_init);
