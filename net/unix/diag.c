/* SPDX-License-Identifier: MPL-2.0 */
/*
 * sock_diag of AF_UNIX. Sockets are found by number in the list of all; the one at hand is referenced, and its own lock
 * is taken for what is asked of its queue. Numbers of files are read under the list's lock (proc.c).
 */
#include <base/math.h>
#include <core/init.h>
#include <core/slab.h>
#include <fs/super.h>
#include <kernel/cred.h>
#include <net/sock_diag.h>

#include "internal.h"

#define STATE_ESTABLISHED	1
#define STATE_CLOSE		7
#define STATE_LISTEN		10
#define ICONS_MAX		512u

static u8 state_of(const struct unix_sock *u)
{
	if (READ_ONCE(u->c.listening))
		return STATE_LISTEN;
	if (u->c.type == SOCK_DGRAM)
		return READ_ONCE(u->peer) ? STATE_ESTABLISHED : STATE_CLOSE;
	return READ_ONCE(u->state) == SS_CONNECTED ? STATE_ESTABLISHED : STATE_CLOSE;
}

static void put_vfs(struct nlbuf *b, struct unix_sock *u)
{
	struct unix_diag_vfs v;
	bool there;

	mutex_lock(&u->bind_mutex);
	there = u->path.dentry && u->path.dentry->inode;
	if (there) {
		v.udiag_vfs_ino = (u32)u->path.dentry->inode->ino;
		v.udiag_vfs_dev = (u32)u->path.dentry->inode->sb->dev.v;
	}
	mutex_unlock(&u->bind_mutex);
	if (there)
		nl_put(b, UNIX_DIAG_VFS, &v, sizeof(v));
}

static void put_peer(struct nlbuf *b, struct unix_sock *u)
{
	struct unix_sock *peer = unix_peer_get(u);

	if (!peer)
		return;
	nl_put_u32(b, UNIX_DIAG_PEER, (u32)unix_list_ino(peer));
	unix_put(peer);
}

/* The clients that wait to be accepted. */
static void put_waiting(struct nlbuf *b, struct unix_sock *u)
{
	struct unix_sock **conns = kmalloc(ICONS_MAX * sizeof(*conns), GFP_KERNEL);
	struct unix_packet *p;
	u32 *inos, n = 0;

	if (!conns)
		return;
	spin_lock(&u->lock);
	list_for_each_entry(p, &u->queue, link) {
		if (!p->conn || n == ICONS_MAX)
			continue;
		unix_get(p->conn);
		conns[n++] = p->conn;
	}
	spin_unlock(&u->lock);
	inos = (u32 *)conns;		/* no longer than what is read */
	for (u32 i = 0; i < n; i++) {
		struct unix_sock *c = conns[i], *client = unix_peer_get(c);
		u32 ino = client ? (u32)unix_list_ino(client) : 0;

		if (client)
			unix_put(client);
		unix_put(c);
		inos[i] = ino;
	}
	nl_put(b, UNIX_DIAG_ICONS, inos, n * (u32)sizeof(*inos));
	kfree(conns);
}

static void put_queues(struct nlbuf *b, struct unix_sock *u)
{
	struct unix_diag_rqlen q = { 0 };
	struct unix_packet *p;

	spin_lock(&u->lock);
	if (state_of(u) == STATE_LISTEN) {
		q.udiag_rqueue = u->qlen;
		q.udiag_wqueue = (u32)u->backlog;
	} else {
		q.udiag_wqueue = (u32)atomic64_read(&u->wmem);
		list_for_each_entry(p, &u->queue, link) {
			q.udiag_rqueue += p->len - p->off;
			if (u->c.type == SOCK_DGRAM)
				break;
		}
	}
	spin_unlock(&u->lock);
	nl_put(b, UNIX_DIAG_RQLEN, &q, sizeof(q));
}

static void fill(struct nlbuf *b, struct unix_sock *u, u64 ino, u32 show, u32 portid, u32 seq, u16 flags)
{
	u32 at = nl_begin(b, portid, seq, SOCK_DIAG_BY_FAMILY, flags, sizeof(struct unix_diag_msg));
	const struct unix_addr *a = READ_ONCE(u->addr);
	struct unix_diag_msg *m = nl_header(b, at);

	if (m) {
		*m = (struct unix_diag_msg){ .udiag_family = AF_UNIX, .udiag_type = (u8)u->c.type, .udiag_state = state_of(u),
					     .udiag_ino = (u32)ino };
		sock_diag_put_cookie(&u->c, m->udiag_cookie);
	}
	if (show & UDIAG_SHOW_NAME && a)
		nl_put(b, UNIX_DIAG_NAME, a->name.sun_path, (u32)a->len - (u32)offsetof(struct sockaddr_un, sun_path));
	if (show & UDIAG_SHOW_VFS)
		put_vfs(b, u);
	if (show & UDIAG_SHOW_PEER)
		put_peer(b, u);
	if (show & UDIAG_SHOW_ICONS && state_of(u) == STATE_LISTEN)
		put_waiting(b, u);
	if (show & UDIAG_SHOW_RQLEN)
		put_queues(b, u);
	if (show & UDIAG_SHOW_MEMINFO)
		sock_diag_put_mem(b, UNIX_DIAG_MEMINFO, &u->c, 0, (u32)atomic64_read(&u->wmem), 0);
	nl_put_u8(b, UNIX_DIAG_SHUTDOWN, (u8)READ_ONCE(u->shutdown));
	if (show & UDIAG_SHOW_UID)
		nl_put_u32(b, UNIX_DIAG_UID, from_kuid(&init_user_ns, u->uid));
	nl_end(b, at);
}

/* args[0]: sockets that were looked at. */
static int dump(struct nl_dump *d, struct nlbuf *b)
{
	const struct unix_diag_req *q = nl_payload(d->request);
	struct unix_sock *u;
	u64 ino;

	while ((u = unix_list_get(d->args[0], &ino)) != NULL) {
		u32 at = nlbuf_len(b);

		if (!READ_ONCE(u->dead) && q->udiag_states & 1u << state_of(u))
			fill(b, u, ino, q->udiag_show, d->portid, d->seq, NLM_F_MULTI);
		unix_put(u);
		if (b->err) {
			nl_cancel(b, at);
			return NL_MORE;
		}
		d->args[0]++;
	}
	return 0;
}

static int one(struct nl_request *r, const struct nlmsghdr *h)
{
	const struct unix_diag_req *q = nl_payload(h);
	struct unix_sock *u;
	struct nlbuf b;
	u64 ino, n = 0;
	int err;

	if (!q->udiag_ino)
		return -EINVAL;
	while ((u = unix_list_get(n++, &ino)) != NULL && (u32)ino != q->udiag_ino)
		unix_put(u);
	if (!u)
		return -ENOENT;
	err = sock_diag_check_cookie(u->c.cookie, q->udiag_cookie);
	if (!err) {
		nlbuf_init(&b, 512, false);
		fill(&b, u, ino, q->udiag_show, r->portid, h->nlmsg_seq, 0);
		err = nl_reply(r, &b);
	}
	unix_put(u);
	return err;
}

static int ask(struct nl_request *r, const struct nlmsghdr *h)
{
	if (nl_payload_len(h) < sizeof(struct unix_diag_req))
		return -EINVAL;
	return h->nlmsg_flags & NLM_F_DUMP ? nl_dump_start(r, h, dump, NULL, NULL) : one(r, h);
}

static struct sock_diag_handler handler = { .family = AF_UNIX, .ask = ask };

static int unix_diag_init(void)
{
	sock_diag_register(&handler);
	return 0;
}
INITCALL_DRIVER(unix_diag_init);
