/* SPDX-License-Identifier: MPL-2.0 */
/* What others see of sockets of AF_PACKET: /proc/net/packet and sock_diag. */
#include <base/err.h>
#include <base/string.h>
#include <fs/file.h>
#include <fs/procfs.h>
#include <kernel/cred.h>
#include <net/sock_diag.h>

#include "internal.h"

/* --- /proc/net/packet --- */

static int show_one(struct packet_sock *k, void *arg)
{
	seq_printf(arg, "%p %-6d %-4d %04x   %-5d %1d %-6llu %-6u %-6llu\n", (void *)k, (int)ref_read(&k->ref), k->c.type,
		   READ_ONCE(k->protocol), READ_ONCE(k->ifindex), READ_ONCE(k->hooked),
		   (unsigned long long)READ_ONCE(k->rmem), from_kuid(&init_user_ns, k->uid),
		   (unsigned long long)(k->s->file ? k->s->file->inode->ino : 0));
	return 0;
}

static int packet_show(struct seq_file *m, void *v)
{
	(void)v;
	seq_puts(m, "sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n");
	return packet_walk(show_one, m);
}

/* --- sock_diag --- */

static void fill_groups(struct nlbuf *b, const struct packet_sock *k)
{
	u32 at = nl_nest(b, PACKET_DIAG_MCLIST);
	const struct membership *m;

	for (m = k->members; m; m = m->next) {
		struct packet_diag_mclist e = { .pdmc_index = (u32)m->dev->ifindex, .pdmc_count = m->users, .pdmc_type = m->type,
						.pdmc_alen = m->dev->addr_len };

		memcpy(e.pdmc_addr, m->addr, sizeof(m->addr));
		nl_append(b, &e, sizeof(e));
	}
	nl_nest_end(b, at);
}

/* In a walk, rtnl held. */
static void fill_diag(struct nlbuf *b, struct packet_sock *k, const struct nl_dump *d, u32 show)
{
	u32 at = nl_begin(b, d->portid, d->seq, SOCK_DIAG_BY_FAMILY, NLM_F_MULTI, sizeof(struct packet_diag_msg));
	struct packet_diag_info i = { .pdi_index = (u32)READ_ONCE(k->ifindex), .pdi_version = READ_ONCE(k->version),
		.pdi_reserve = READ_ONCE(k->reserve), .pdi_tstamp = (u32)READ_ONCE(k->stamp),
		.pdi_flags = (READ_ONCE(k->hooked) ? PDI_RUNNING : 0) | (READ_ONCE(k->auxdata) ? PDI_AUXDATA : 0) |
			     (READ_ONCE(k->origdev) ? PDI_ORIGDEV : 0) | (READ_ONCE(k->vnet) ? PDI_VNETHDR : 0) |
			     (READ_ONCE(k->loss) ? PDI_LOSS : 0) };
	struct packet_diag_msg *m = nl_header(b, at);

	if (m) {
		*m = (struct packet_diag_msg){ .pdiag_family = AF_PACKET, .pdiag_type = (u8)k->c.type,
			.pdiag_num = READ_ONCE(k->protocol), .pdiag_ino = k->s->file ? (u32)k->s->file->inode->ino : 0 };
		sock_diag_put_cookie(&k->c, m->pdiag_cookie);
	}
	if (show & PACKET_SHOW_INFO) {
		nl_put(b, PACKET_DIAG_INFO, &i, sizeof(i));
		nl_put_u32(b, PACKET_DIAG_UID, from_kuid(&init_user_ns, k->uid));
	}
	if (show & PACKET_SHOW_MCLIST)
		fill_groups(b, k);
	if (show & PACKET_SHOW_MEMINFO)
		sock_diag_put_mem(b, PACKET_DIAG_MEMINFO, &k->c, (u32)READ_ONCE(k->rmem), (u32)atomic64_read(&k->wmem), 0);
	nl_end(b, at);
}

struct dump {
	struct nl_dump *d;
	struct nlbuf *b;
	u64 n;
	u32 at;
};

static int dump_one(struct packet_sock *k, void *arg)
{
	struct dump *w = arg;
	const struct packet_diag_req *q = nl_payload(w->d->request);

	if (w->n++ < w->d->args[0])
		return 0;
	w->at = nlbuf_len(w->b);
	fill_diag(w->b, k, w->d, q->pdiag_show);
	if (w->b->err)
		return 1;
	w->d->args[0] = w->n;
	return 0;
}

/* args[0]: sockets that were told. */
static int packet_diag_dump(struct nl_dump *d, struct nlbuf *b)
{
	struct dump w = { d, b, 0, 0 };

	rtnl_lock();
	(void)packet_walk(dump_one, &w);
	rtnl_unlock();
	if (!b->err)
		return 0;
	nl_cancel(b, w.at);
	return NL_MORE;
}

static int packet_diag(struct nl_request *r, const struct nlmsghdr *h)
{
	const struct packet_diag_req *q = nl_payload(h);

	if (nl_payload_len(h) < sizeof(*q) || q->sdiag_protocol)
		return -EINVAL;
	return h->nlmsg_flags & NLM_F_DUMP ? nl_dump_start(r, h, packet_diag_dump, NULL, NULL) : -EOPNOTSUPP;
}

static struct sock_diag_handler diag_handler = { .family = AF_PACKET, .ask = packet_diag };

static int count_one(struct packet_sock *k, void *arg)
{
	(void)k;
	++*(u32 *)arg;
	return 0;
}

static u32 packet_inuse(const struct sock_proto *p)
{
	u32 n = 0;

	(void)p;
	(void)packet_walk(count_one, &n);
	return n;
}

static struct sock_proto packet_kind = { .name = "PACKET", .size = sizeof(struct packet_sock), .inuse = packet_inuse,
	.can = SOCK_CAN_CLOSE | SOCK_CAN_IOCTL | SOCK_CAN_SETSOCKOPT | SOCK_CAN_GETSOCKOPT | SOCK_CAN_SENDMSG | SOCK_CAN_RECVMSG };

int packet_diag_init(void)
{
	sock_proto_register(&packet_kind);
	sock_diag_register(&diag_handler);
	return proc_create("net/packet", 0444, packet_show, NULL);
}
