/* SPDX-License-Identifier: MPL-2.0 */
/*
 * AF_NETLINK: sockets to the kernel's configuration and to each other. Source: netlink(7).
 *
 * A socket lives as long as its file; who finds it through a table holds a reference. The table of a
 * protocol (ports, members of groups) is guarded by its lock, a socket's queue by the socket's. Requests and
 * dumps run in the caller's context: dump_mutex says who runs the one dump that a socket may have.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/init.h>
#include <core/mutex.h>
#include <core/slab.h>
#include <fs/file.h>
#include <fs/poll.h>
#include <kernel/cred.h>
#include <kernel/task.h>
#include <net/filter.h>
#include <net/scm.h>

#include "internal.h"

#define GROUPS_MAX	63u
#define DUMP_BYTES	8192u
#define DUMP_BYTES_MAX	32768u
#define DONE_BYTES	192u	/* the end of a dump, with words */

struct nl_table nl_tables[MAX_LINKS];
static atomic_t nl_inuse;			/* sockets, of all protocols */

static void sock_free(struct nl_sock *k)
{
	atomic_dec(&nl_inuse);
	sock_common_fini(&k->c);
	kfree(k);
}

static void nl_put_sock(struct nl_sock *k)
{
	if (ref_put(&k->ref))
		sock_free(k);
}

/* Table lock held. */
static struct nl_sock *by_port(struct nl_table *t, const struct net *net, u32 portid)
{
	struct nl_sock *k;

	list_for_each_entry(k, &t->socks, link)
		if (k->portid == portid && k->net == net)
			return k;
	return NULL;
}

/* --- queues --- */

static void packet_free(struct nl_packet *p)
{
	if (ref_put(&p->d->ref))
		kfree(p->d);
	pid_put(p->pid);
	kfree(p);
}

static u32 packet_cost(const struct nl_packet *p) { return p->d->len + (u32)sizeof(*p) + (u32)sizeof(*p->d); }

/* From: NULL: the kernel. Takes its own reference of d. NULL: no memory. */
static struct nl_packet *packet_new(struct nl_data *d, const struct nl_sock *from, u32 group, gfp_t gfp)
{
	struct nl_packet *p = kzalloc(sizeof(*p), gfp);

	if (!p)
		return NULL;
	ref_get(&d->ref);
	p->d = d;
	p->len = d->len;
	p->group = group;
	if (from) {
		p->portid = READ_ONCE(from->portid);
		p->pid = pid_get(current->proc->pids[PIDTYPE_TGID]);
		p->uid = from_kuid(&init_user_ns, current_cred()->uid);
		p->gid = from_kgid(&init_user_ns, current_cred()->gid);
	}
	return p;
}

static void overrun(struct nl_sock *k)
{
	if (READ_ONCE(k->no_enobufs) || xchg(&k->congested, true))
		return;
	WRITE_ONCE(k->c.err, ENOBUFS);
}

/* 0, or -ENOBUFS, -ECONNREFUSED with the packet still the caller's. */
static int enqueue(struct nl_sock *k, struct nl_packet *p, bool lossy)
{
	u64 flags;
	int err = 0;

	spin_lock_irqsave(&k->lock, flags);
	if (k->dead)
		err = -ECONNREFUSED;
	else if (k->rmem && k->rmem + packet_cost(p) > READ_ONCE(k->c.rcvbuf)) {
		err = -ENOBUFS;
		if (lossy)
			overrun(k);
	} else if (lossy && k->congested)
		err = -ENOBUFS;
	if (!err) {
		list_add_tail(&p->link, &k->queue);
		k->rmem += packet_cost(p);
	}
	spin_unlock_irqrestore(&k->lock, flags);
	if (err != -ECONNREFUSED) {
		wake_up_poll(&k->wait, EPOLLIN | EPOLLRDNORM | EPOLLRDBAND | (err ? EPOLLERR : 0));
		sock_async(&k->c, EPOLLIN | (err ? EPOLLERR : 0));
	}
	return err;
}

static int deliver(struct nl_sock *k, struct nl_data *d, const struct nl_sock *from, u32 group, gfp_t gfp, bool lossy)
{
	u32 want = sock_filter_run_bytes(&k->c, d->bytes, d->len);
	struct nl_packet *p;
	int err;

	if (!want)
		return 0;
	p = packet_new(d, from, group, gfp);
	if (!p)
		return -ENOBUFS;
	p->len = min(p->len, want);
	err = enqueue(k, p, lossy);
	if (err)
		packet_free(p);
	return err;
}

/* --- groups --- */

static int broadcast(const struct net *net, struct nl_table *t, struct nl_data *d, const struct nl_sock *from, u32 group, u32 but)
{
	struct nl_sock *k;
	int err = -ESRCH;

	spin_lock(&t->lock);
	list_for_each_entry(k, &t->socks, link) {
		int e;

		if (k == from || k->net != net || (but && k->portid == but) || !(k->groups >> (group - 1) & 1))
			continue;
		e = deliver(k, d, from, group, GFP_ATOMIC, true);
		if (e && READ_ONCE(k->broadcast_error))
			err = e;
		else if (!e && err == -ESRCH)
			err = 0;
	}
	spin_unlock(&t->lock);
	return err;
}

void nl_multicast(struct net *net, int protocol, u32 group, struct nlbuf *b, u32 but)
{
	if (!b->err && nlbuf_len(b) && nl_has_listeners(net, protocol, group))
		(void)broadcast(net, &nl_tables[protocol], b->d, NULL, group, but);
	nlbuf_free(b);
}

bool nl_has_listeners(struct net *net, int protocol, u32 group)
{
	struct nl_table *t = &nl_tables[protocol];
	struct nl_sock *k;
	bool yes = false;

	if (!READ_ONCE(t->members))
		return false;
	spin_lock(&t->lock);
	list_for_each_entry(k, &t->socks, link)
		if (k->net == net && k->groups >> (group - 1) & 1)
			yes = true;
	spin_unlock(&t->lock);
	return yes;
}

/* Table lock held. */
void nl_set_groups(struct nl_table *t, struct nl_sock *k, u64 groups)
{
	WRITE_ONCE(t->members, t->members + !!groups - !!k->groups);
	WRITE_ONCE(k->groups, groups);
}

bool nl_may_listen(const struct nl_sock *k)
{
	return k->proto->anyone_listens || ns_capable(current_cred(), k->net->user_ns, CAP_NET_ADMIN);
}

static bool may_send(const struct nl_sock *k)
{
	return k->proto->anyone_sends || ns_capable(current_cred(), k->net->user_ns, CAP_NET_ADMIN);
}

static u64 known_groups(const struct nl_sock *k) { return (1ull << k->proto->groups) - 1; }

/* --- names --- */

/* Table lock held. */
static int take_port(struct nl_table *t, struct nl_sock *k, u32 portid)
{
	if (k->portid)
		return k->portid == portid ? 0 : -EBUSY;
	if (by_port(t, k->net, portid))
		return -EADDRINUSE;
	WRITE_ONCE(k->portid, portid);
	return 0;
}

/* The process's number, or where that is taken a free one from above. */
static int autobind(struct nl_sock *k)
{
	struct nl_table *t = nl_table_of(k);
	u32 portid = (u32)task_tgid_vnr(current);
	static u32 rover = (u32)-4096;		/* [a] */
	int err;

	do {
		spin_lock(&t->lock);
		err = k->portid ? 0 : take_port(t, k, portid);
		spin_unlock(&t->lock);
		portid = __atomic_sub_fetch(&rover, 1, __ATOMIC_RELAXED);
		if ((s32)portid > -4097)
			WRITE_ONCE(rover, (u32)-4097);
	} while (err == -EADDRINUSE);
	return err;
}

static const struct sockaddr_nl *address(const struct sockaddr_storage *a, int len)
{
	const struct sockaddr_nl *n = (const struct sockaddr_nl *)a;

	return len < (int)sizeof(*n) || n->nl_family != AF_NETLINK ? NULL : n;
}

static int nl_bind(struct socket *s, const struct sockaddr_storage *a, int len)
{
	const struct sockaddr_nl *n = address(a, len);
	struct nl_sock *k = nl_sk(s);
	struct nl_table *t = nl_table_of(k);
	int err = 0;

	if (!n)
		return -EINVAL;
	if (n->nl_groups && !nl_may_listen(k))
		return -EPERM;
	if (READ_ONCE(k->portid)) {
		if (n->nl_pid != READ_ONCE(k->portid))
			return -EINVAL;
	} else if (n->nl_pid) {
		spin_lock(&t->lock);
		err = take_port(t, k, n->nl_pid);
		spin_unlock(&t->lock);
	} else {
		err = autobind(k);
	}
	if (err)
		return err == -EBUSY ? -EINVAL : err;
	spin_lock(&t->lock);
	nl_set_groups(t, k, (k->groups & ~0xffffffffull) | (n->nl_groups & known_groups(k)));
	spin_unlock(&t->lock);
	return 0;
}

static int nl_connect(struct socket *s, const struct sockaddr_storage *a, int len, u32 fflags)
{
	const struct sockaddr_nl *n;
	struct nl_sock *k = nl_sk(s);
	int err;

	(void)fflags;
	if (len < (int)sizeof(a->ss_family))
		return -EINVAL;
	if (a->ss_family == AF_UNSPEC) {
		s->state = SS_UNCONNECTED;
		WRITE_ONCE(k->dst_portid, 0);
		WRITE_ONCE(k->dst_groups, 0);
		return 0;
	}
	n = address(a, len);
	if (!n)
		return -EINVAL;
	if ((n->nl_groups || n->nl_pid) && !may_send(k))
		return -EPERM;
	err = READ_ONCE(k->portid) ? 0 : autobind(k);
	if (err)
		return err;
	s->state = SS_CONNECTED;
	WRITE_ONCE(k->dst_portid, n->nl_pid);
	WRITE_ONCE(k->dst_groups, n->nl_groups);
	return 0;
}

static int nl_getname(struct socket *s, struct sockaddr_storage *a, bool peer)
{
	struct sockaddr_nl *n = (struct sockaddr_nl *)a;
	struct nl_sock *k = nl_sk(s);

	*n = (struct sockaddr_nl){ .nl_family = AF_NETLINK };
	n->nl_pid = peer ? READ_ONCE(k->dst_portid) : READ_ONCE(k->portid);
	n->nl_groups = peer ? READ_ONCE(k->dst_groups) : (u32)READ_ONCE(k->groups);
	return sizeof(*n);
}

/* --- dumps --- */

/* dump_mutex held. */
static void dump_end(struct nl_sock *k)
{
	struct nl_dump *d = k->dump;

	k->dump = NULL;
	if (!d)
		return;
	if (d->done)
		d->done(d);
	kfree((void *)d->request);
	kfree(d);
}

static void put_done(const struct nl_sock *k, struct nl_dump *d, struct nlbuf *b, int err)
{
	bool words = err && d->x.why && READ_ONCE(k->ext_ack);
	u16 flags = (u16)(NLM_F_MULTI | d->answer_flags | (d->inconsistent ? NLM_F_DUMP_INTR : 0) | (words ? NLM_F_ACK_TLVS : 0));
	u32 at = nl_begin(b, d->portid, d->seq, NLMSG_DONE, flags, sizeof(s32));
	s32 *r = nl_header(b, at);

	if (r)
		*r = err;
	if (words)
		nl_put_str(b, NLMSGERR_ATTR_MSG, d->x.why);
	nl_end(b, at);
}

/* One piece more. dump_mutex held. */
static void dump_piece(struct nl_sock *k)
{
	u32 cap = clamp_t(u32, READ_ONCE(k->recv_max), DUMP_BYTES, DUMP_BYTES_MAX);
	struct nl_dump *d = k->dump;
	struct nlbuf b;
	int r;

	nlbuf_init(&b, cap + DONE_BYTES, true);	/* room for the end */
	if (b.err)
		return;		/* the next read tries again */
	b.cap = cap;
	r = d->next(d, &b);
	if (r != NL_MORE || !nlbuf_len(&b)) {
		b.cap = cap + DONE_BYTES;
		b.err = 0;
		put_done(k, d, &b, r == NL_MORE ? -EMSGSIZE : r);
		dump_end(k);
	}
	(void)deliver(k, b.d, NULL, 0, GFP_KERNEL, false);
	nlbuf_free(&b);
}

static void dump_continue(struct nl_sock *k)
{
	if (!READ_ONCE(k->dump))
		return;
	mutex_lock(&k->dump_mutex);
	while (k->dump && READ_ONCE(k->rmem) <= READ_ONCE(k->c.rcvbuf) / 2) {
		u32 before = READ_ONCE(k->rmem);

		dump_piece(k);
		if (READ_ONCE(k->rmem) > before)
			break;		/* one at a time: the reader may go away */
		if (k->dump)
			break;		/* no memory */
	}
	mutex_unlock(&k->dump_mutex);
}

int nl_dump_start(struct nl_request *r, const struct nlmsghdr *h, int (*next)(struct nl_dump *d, struct nlbuf *b),
		  void (*done)(struct nl_dump *d), const u64 args[8])
{
	struct nl_dump *d = kzalloc(sizeof(*d), GFP_KERNEL);
	struct nl_sock *k = r->sk;

	if (d)
		d->request = kmemdup(h, h->nlmsg_len, GFP_KERNEL);
	if (!d || !d->request) {
		kfree(d);
		return -ENOMEM;
	}
	d->net = r->net;
	d->portid = r->portid;
	d->strict = r->strict;
	d->seq = h->nlmsg_seq;
	d->next = next;
	d->done = done;
	if (args)
		memcpy(d->args, args, sizeof(d->args));
	mutex_lock(&k->dump_mutex);
	if (k->dump) {
		mutex_unlock(&k->dump_mutex);
		if (done)
			done(d);
		kfree((void *)d->request);
		kfree(d);
		return -EBUSY;
	}
	WRITE_ONCE(k->dump, d);
	dump_piece(k);
	mutex_unlock(&k->dump_mutex);
	return NL_NO_ACK;
}

/* --- requests --- */

bool nl_capable(const struct nl_request *r, int cap)
{
	const struct file *f = r->sk->s->file;

	return ns_capable(current_cred(), r->net->user_ns, cap) && f && ns_capable(f->cred, r->net->user_ns, cap);
}

int nl_reply(struct nl_request *r, struct nlbuf *b)
{
	int err = b->err;

	if (!err)
		err = deliver(r->sk, b->d, NULL, 0, GFP_KERNEL, false);
	nlbuf_free(b);
	return err;
}

static void acknowledge(struct nl_request *r, const struct nlmsghdr *h, int err)
{
	const struct nl_sock *k = r->sk;
	bool capped = !err || READ_ONCE(k->cap_ack), tlvs = READ_ONCE(k->ext_ack) && err && (r->x.why || r->x.bad);
	u16 flags = (u16)((capped ? NLM_F_CAPPED : 0) | (tlvs ? NLM_F_ACK_TLVS : 0));
	u32 extra = capped ? 0 : nl_payload_len(h), at;
	struct nlmsgerr *e;
	struct nlbuf b;

	nlbuf_init(&b, 128 + extra + (tlvs ? 128 : 0), false);
	at = nl_begin(&b, r->portid, h->nlmsg_seq, NLMSG_ERROR, flags, (u32)sizeof(*e) + extra);
	e = nl_header(&b, at);
	if (e) {
		e->error = err;
		memcpy(&e->msg, h, sizeof(*h) + extra);
	}
	if (tlvs && r->x.why)
		nl_put_str(&b, NLMSGERR_ATTR_MSG, r->x.why);
	if (tlvs && (const u8 *)r->x.bad > (const u8 *)h && (const u8 *)r->x.bad < (const u8 *)h + h->nlmsg_len)
		nl_put_u32(&b, NLMSGERR_ATTR_OFFS, (u32)((const u8 *)r->x.bad - (const u8 *)h));
	nl_end(&b, at);
	/* Nobody else tells the sender: at least it learns that something was lost. */
	if (nl_reply(r, &b) && !xchg(&r->sk->c.err, ENOBUFS))
		wake_up_poll(&r->sk->wait, EPOLLERR);
}

/* What a process sent to the kernel: one message after the other. */
static void to_kernel(struct nl_sock *k, const u8 *data, u32 len)
{
	struct nl_request r = { .net = k->net, .sk = k, .portid = READ_ONCE(k->portid), .strict = READ_ONCE(k->strict) };

	while (len >= NLMSG_HDRLEN) {
		const struct nlmsghdr *h = (const struct nlmsghdr *)data;
		int err = 0;
		u32 n;

		if (h->nlmsg_len < NLMSG_HDRLEN || h->nlmsg_len > len)
			return;
		r.x = (struct nl_extack){ 0 };
		if (h->nlmsg_flags & NLM_F_REQUEST) {
			if (h->nlmsg_type >= NLMSG_MIN_TYPE)
				err = k->proto->receive ? k->proto->receive(&r, h) : 0;
			if (err != NL_NO_ACK && (err || h->nlmsg_flags & NLM_F_ACK))
				acknowledge(&r, h, err);
		} else if (h->nlmsg_flags & NLM_F_ACK) {
			acknowledge(&r, h, 0);
		}
		n = min((h->nlmsg_len + 3) & ~3u, len);
		data += n;
		len -= n;
	}
}

/* Bytes that the receiver's filter lets through, as Linux counts them; all if it drops the message. */
static int to_port(struct nl_sock *k, struct nl_data *d, u32 portid, u32 msg_flags)
{
	struct nl_table *t = nl_table_of(k);
	u64 deadline = sock_send_deadline(&k->c, msg_flags, k->s->file->flags);
	struct nl_packet *p = NULL;
	struct nl_sock *to;
	int err = 0, sent = (int)d->len;
	u32 want;

	spin_lock(&t->lock);
	to = by_port(t, k->net, portid);
	if (to)
		ref_get(&to->ref);
	spin_unlock(&t->lock);
	if (!to)
		return -ECONNREFUSED;
	want = sock_filter_run_bytes(&to->c, d->bytes, d->len);
	if (!want)
		goto out;
	p = packet_new(d, k, 0, GFP_KERNEL);
	if (!p) {
		err = -ENOBUFS;
		goto out;
	}
	p->len = min(p->len, want);
	sent = (int)p->len;
	while ((err = enqueue(to, p, false)) == -ENOBUFS) {
		err = deadline ? wait_event_interruptible_until(&to->wait, READ_ONCE(to->rmem) <= READ_ONCE(to->c.rcvbuf) / 2 ||
								READ_ONCE(to->dead), deadline) : -EAGAIN;
		if (err) {
			err = sock_wait_result(err, deadline);
			break;
		}
	}
	if (err)
		packet_free(p);
out:
	nl_put_sock(to);
	return err ? err : sent;
}

/* --- messages --- */

static int destination(struct nl_sock *k, const struct msg *m, u32 *portid, u32 *groups)
{
	const struct sockaddr_nl *n;

	*portid = READ_ONCE(k->dst_portid);
	*groups = READ_ONCE(k->dst_groups);
	if (!m->namelen)
		return 0;
	n = address(&m->name, m->namelen);
	if (!n)
		return -EINVAL;
	*portid = n->nl_pid;
	*groups = n->nl_groups;
	return (*portid || *groups) && !may_send(k) ? -EPERM : 0;
}

static ssize_t nl_sendmsg(struct socket *s, struct msg *m, size_t len)
{
	struct nl_sock *k = nl_sk(s);
	u32 portid, groups;
	struct nlbuf b;
	int err;

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	err = destination(k, m, &portid, &groups);
	if (!err && !READ_ONCE(k->portid))
		err = autobind(k);
	if (err)
		return err;
	if (len > READ_ONCE(k->c.sndbuf) - 32)
		return -EMSGSIZE;
	nlbuf_init(&b, (u32)len, true);
	if (b.err)
		return -ENOBUFS;
	if (copy_from_iter(b.d->bytes, len, &m->iter) != len) {
		nlbuf_free(&b);
		return -EFAULT;
	}
	b.d->len = (u32)len;
	if (groups && (u32)__builtin_ffs((int)groups) <= k->proto->groups)
		(void)broadcast(k->net, nl_table_of(k), b.d, k, (u32)__builtin_ffs((int)groups), portid);
	/* And to a port, be it the kernel's: as on Linux, also what went to a group. */
	if (portid)
		err = to_port(k, b.d, portid, m->flags);
	else if (k->proto->receive)
		to_kernel(k, b.d->bytes, b.d->len);
	else
		err = -ECONNREFUSED;
	nlbuf_free(&b);
	return err ? err : (ssize_t)len;	/* to_port() counts itself */
}

/* The first packet; peek: it stays, and the caller gets a reference of its data alone. */
static struct nl_packet *take(struct nl_sock *k, bool peek)
{
	struct nl_packet *p, *copy = NULL;
	u64 flags;

	if (peek)
		copy = kzalloc(sizeof(*copy), GFP_KERNEL);
	spin_lock_irqsave(&k->lock, flags);
	p = list_first_entry_or_null(&k->queue, struct nl_packet, link);
	if (p && peek && copy) {
		*copy = *p;
		ref_get(&p->d->ref);
		(void)pid_get(p->pid);
	} else if (p && !peek) {
		list_del(&p->link);
		k->rmem -= packet_cost(p);
		if (list_empty(&k->queue))
			k->congested = false;
	}
	spin_unlock_irqrestore(&k->lock, flags);
	if (!peek)
		return p;
	if (p && copy)
		return copy;
	kfree(copy);
	return p ? ERR_PTR(-ENOMEM) : NULL;
}

static void give_control(struct nl_sock *k, struct nl_packet *p, struct msg *m)
{
	struct scm_cookie scm = { .uid = p->uid, .gid = p->gid, .has_creds = true };

	if (READ_ONCE(k->pktinfo)) {
		struct nl_pktinfo info = { p->group };

		(void)scm_put_cmsg(m, SOL_NETLINK, NETLINK_PKTINFO, &info, sizeof(info));
	}
	scm.pid = pid_get(p->pid);
	scm_recv(&scm, m, READ_ONCE(k->c.passcred));
}

static ssize_t nl_recvmsg(struct socket *s, struct msg *m, size_t len)
{
	struct nl_sock *k = nl_sk(s);
	u64 deadline = sock_recv_deadline(&k->c, m->flags, s->file->flags);
	struct sockaddr_nl *n = (struct sockaddr_nl *)&m->name;
	struct nl_packet *p;
	size_t bytes;
	ssize_t r;
	int err;

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (READ_ONCE(k->recv_max) < len)
		WRITE_ONCE(k->recv_max, (u32)min_t(size_t, len, DUMP_BYTES_MAX));
	for (;;) {
		err = sock_take_error(&k->c);
		if (err)
			return err;
		p = take(k, m->flags & MSG_PEEK);
		if (IS_ERR(p))
			return PTR_ERR(p);
		if (p)
			break;
		if (!deadline)
			return -EAGAIN;
		err = wait_event_interruptible_until(&k->wait, READ_ONCE(k->rmem) || READ_ONCE(k->c.err), deadline);
		if (err)
			return sock_wait_result(err, deadline);
	}
	bytes = min_t(size_t, len, p->len);
	r = copy_to_iter(p->d->bytes, bytes, &m->iter) == bytes ? (ssize_t)bytes : -EFAULT;
	if (r >= 0 && bytes < p->len) {
		m->out_flags |= MSG_TRUNC;
		if (m->flags & MSG_TRUNC)
			r = p->len;
	}
	*n = (struct sockaddr_nl){ .nl_family = AF_NETLINK, .nl_pid = p->portid };
	if (p->group && p->group <= 32)
		n->nl_groups = 1u << (p->group - 1);
	m->namelen = sizeof(*n);
	if (r >= 0)
		give_control(k, p, m);
	packet_free(p);
	wake_up_poll(&k->wait, EPOLLOUT);
	dump_continue(k);
	return r;
}

static u32 nl_poll(struct socket *s, struct file *f, struct poll_table *pt)
{
	struct nl_sock *k = nl_sk(s);
	u32 events = EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;

	poll_wait(f, &k->wait, pt);
	dump_continue(k);	/* a piece that found no memory */
	if (READ_ONCE(k->c.err))
		events |= EPOLLERR;
	if (READ_ONCE(k->rmem))
		events |= EPOLLIN | EPOLLRDNORM;
	return events;
}

/* --- life --- */

static int nl_release(struct socket *s)
{
	struct nl_sock *k = nl_sk(s);
	struct nl_table *t = nl_table_of(k);
	struct nl_packet *p, *n;
	LIST_HEAD(gone);
	u64 flags;

	spin_lock(&t->lock);
	nl_set_groups(t, k, 0);
	list_del(&k->link);
	spin_unlock(&t->lock);
	spin_lock_irqsave(&k->lock, flags);
	k->dead = true;
	list_splice_init(&k->queue, &gone);
	k->rmem = 0;
	spin_unlock_irqrestore(&k->lock, flags);
	list_for_each_entry_safe(p, n, &gone, link)
		packet_free(p);
	mutex_lock(&k->dump_mutex);
	dump_end(k);
	mutex_unlock(&k->dump_mutex);
	wake_up_all(&k->wait);
	s->sk = NULL;
	nl_put_sock(k);
	return 0;
}

static const struct proto_ops nl_ops = {
	.family = AF_NETLINK, .release = nl_release, .bind = nl_bind, .connect = nl_connect, .getname = nl_getname, .poll = nl_poll,
	.sendmsg = nl_sendmsg, .recvmsg = nl_recvmsg, .setsockopt = nl_setsockopt, .getsockopt = nl_getsockopt,
};

static int nl_create(struct net *net, struct socket *s, int protocol)
{
	struct nl_sock *k;

	if (s->type != SOCK_RAW && s->type != SOCK_DGRAM)
		return -ESOCKTNOSUPPORT;
	if (protocol < 0 || protocol >= MAX_LINKS || !READ_ONCE(nl_tables[protocol].proto))
		return -EPROTONOSUPPORT;
	k = kzalloc(sizeof(*k), GFP_KERNEL);
	if (!k)
		return -ENOMEM;
	sock_common_init(&k->c, AF_NETLINK, s->type, protocol);
	atomic_inc(&nl_inuse);
	ref_init(&k->ref, 1);
	k->net = net;
	k->s = s;
	k->proto = nl_tables[protocol].proto;
	spin_lock_init(&k->lock, SOCK_QUEUE);
	list_init(&k->queue);
	wait_queue_init(&k->wait);
	mutex_init(&k->dump_mutex, NETLINK_DUMP);
	s->sk = k;
	s->common = &k->c;
	s->ops = &nl_ops;
	spin_lock(&nl_tables[protocol].lock);
	list_add_tail(&k->link, &nl_tables[protocol].socks);
	spin_unlock(&nl_tables[protocol].lock);
	return 0;
}

/* --- datagrams made ready beforehand, for mq_notify(2) --- */

struct nl_cookie {
	struct nl_sock *to;		/* [I] referenced */
	struct nl_packet *p;		/* [I] */
};

struct nl_cookie *nl_cookie_new(struct file *f, u32 len)
{
	struct socket *s = file_socket(f);
	struct nl_cookie *c;
	struct nl_data *d;

	if (!s)
		return ERR_PTR(-ENOTSOCK);
	if (s->ops != &nl_ops)
		return ERR_PTR(-EINVAL);
	c = kzalloc(sizeof(*c), GFP_KERNEL);
	d = kzalloc(sizeof(*d) + len, GFP_KERNEL);
	if (!c || !d)
		goto out;
	ref_init(&d->ref, 1);
	d->len = len;
	c->p = packet_new(d, NULL, 0, GFP_KERNEL);
	if (!c->p)
		goto out;
	VERIFY(!ref_put(&d->ref));	/* the packet has its own */
	c->to = nl_sk(s);
	ref_get(&c->to->ref);
	return c;
out:
	kfree(d);
	kfree(c);
	return ERR_PTR(-ENOMEM);
}

u8 *nl_cookie_bytes(struct nl_cookie *c)
{
	return c->p->d->bytes;
}

static void cookie_end(struct nl_cookie *c, bool sent)
{
	if (!sent)
		packet_free(c->p);
	nl_put_sock(c->to);
	kfree(c);
}

void nl_cookie_send(struct nl_cookie *c)
{
	cookie_end(c, !enqueue(c->to, c->p, false));
}

void nl_cookie_drop(struct nl_cookie *c)
{
	cookie_end(c, false);
}

int nl_proto_register(const struct nl_proto *p)
{
	if (p->protocol < 0 || p->protocol >= MAX_LINKS || p->groups > GROUPS_MAX)
		return -EINVAL;
	WRITE_ONCE(nl_tables[p->protocol].proto, p);
	return 0;
}

static u32 inuse(const struct sock_proto *p)
{
	(void)p;
	return (u32)atomic_read(&nl_inuse);
}

static struct sock_proto nl_kind = { .name = "NETLINK", .size = sizeof(struct nl_sock), .inuse = inuse, .can = SOCK_CAN_CLOSE |
	SOCK_CAN_CONNECT | SOCK_CAN_SETSOCKOPT | SOCK_CAN_GETSOCKOPT | SOCK_CAN_SENDMSG | SOCK_CAN_RECVMSG };
static const struct net_family nl_family = { AF_NETLINK, nl_create };
static const struct nl_proto usersock = { .protocol = NETLINK_USERSOCK, .groups = 32, .anyone_sends = true };

static int netlink_init(void)
{
	int err;

	for (int i = 0; i < MAX_LINKS; i++) {
		spin_lock_init(&nl_tables[i].lock, OBJECT);
		list_init(&nl_tables[i].socks);
	}
	sock_proto_register(&nl_kind);
	err = nl_proto_register(&usersock);
	return err ? err : net_family_register(&nl_family);
}
INITCALL_BUS(netlink_init);
