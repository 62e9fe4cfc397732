/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Groups of SO_REUSEPORT: who shares an address, in the order in which they came, and the program that chooses among them
 * (SO_ATTACH_REUSEPORT_CBPF). UDP sockets are in one while they have a port, TCP's while they listen; a socket that was given a
 * program before has one to itself, and can join no other. Who leaves is replaced by the last, as on Linux.
 *
 * Groups and their tables are read under RCU and changed under group_lock, a table as a whole. Without a program, or where it
 * names nobody, the table of sockets chooses (udp.c, tcp_table.c).
 */
#include <base/err.h>
#include <base/string.h>
#include <core/slab.h>
#include <fs/file.h>
#include <net/filter.h>

#include "inet_impl.h"

struct members {
	struct rcu_head rcu;
	u32 nr;				/* [I] */
	struct inet_sock *sk[];		/* [I] */
};

struct reuse_group {
	struct rcu_head rcu;
	struct members *members;	/* [group_lock; r] */
	struct sock_filter_prog *prog;	/* [group_lock; r] NULL: none */
};

static DEFINE_SPINLOCK(group_lock, OBJECT);

/* A table for n sockets. */
static struct members *members_alloc(u32 n)
{
	struct members *m = kzalloc(sizeof(*m) + n * sizeof(m->sk[0]), GFP_ATOMIC);

	if (m)
		m->nr = n;
	return m;
}

/* group_lock held. */
static void set_members(struct reuse_group *g, struct members *m)
{
	struct members *old = g->members;

	rcu_assign_pointer(g->members, m);
	if (old)
		kfree_rcu(old, rcu);
}

static void group_free(struct reuse_group *g)
{
	set_members(g, NULL);
	sock_prog_free(g->prog);
	kfree_rcu(g, rcu);
}

static struct reuse_group *group_alone(struct inet_sock *sk)
{
	struct reuse_group *g = kzalloc(sizeof(*g), GFP_ATOMIC);

	if (!g)
		return NULL;
	g->members = members_alloc(1);
	if (!g->members) {
		kfree(g);
		return NULL;
	}
	g->members->sk[0] = sk;
	WRITE_ONCE(sk->reuse, g);
	return g;
}

static void leave(struct inet_sock *sk)
{
	struct reuse_group *g = sk->reuse;
	struct members *old, *m;
	u32 at = 0, others = 0;

	if (!g)
		return;
	WRITE_ONCE(sk->reuse, NULL);
	old = g->members;
	for (u32 i = 0; i < old->nr; i++) {
		if (old->sk[i] == sk)
			at = i;
		else
			others += old->sk[i] != NULL;
	}
	if (!others) {
		group_free(g);
		return;
	}
	m = members_alloc(old->nr - 1);
	if (m) {
		for (u32 i = 0; i < m->nr; i++)
			m->sk[i] = old->sk[i == at ? m->nr : i];
		set_members(g, m);
	} else {
		/* It is not found in its place; nobody else moves. */
		WRITE_ONCE(old->sk[at], NULL);
	}
}

bool inet_reuse_join(struct inet_sock *sk, struct inet_sock *other)
{
	struct reuse_group *g;
	struct members *m;
	bool ok = false;

	spin_lock(&group_lock);
	if (!other) {
		ok = sk->reuse || group_alone(sk);
		goto out;
	}
	g = other->reuse ? other->reuse : group_alone(other);
	m = g ? members_alloc(g->members->nr + 1) : NULL;
	if (!m)
		goto out;
	memcpy(m->sk, g->members->sk, g->members->nr * sizeof(m->sk[0]));
	m->sk[m->nr - 1] = sk;
	set_members(g, m);
	WRITE_ONCE(sk->reuse, g);
	ok = true;
out:
	spin_unlock(&group_lock);
	return ok;
}

bool inet_reuse_same(const struct inet_sock *a, const struct inet_sock *b)
{
	return a != b && a->c.reuseport && b->c.reuseport && a->net == b->net && a->lport == b->lport && a->uid.v == b->uid.v &&
		a->c.family == b->c.family && a->o.v6only == b->o.v6only && a->bound_if == b->bound_if &&
		ipaddr_eq(&a->laddr, &b->laddr);
}

void inet_reuse_leave(struct inet_sock *sk)
{
	spin_lock(&group_lock);
	leave(sk);
	spin_unlock(&group_lock);
}

struct inet_sock *inet_reuse_choose(struct inet_sock *sk, struct pkt *p, u32 hdr)
{
	const struct sock_filter_prog *prog;
	struct inet_sock *got = NULL;
	struct reuse_group *g;
	struct members *m;

	rcu_read_lock();
	g = READ_ONCE(sk->reuse);
	prog = g ? rcu_dereference(g->prog) : NULL;
	if (prog && pkt_pull_ok(p, hdr)) {
		u32 i;

		/* The program sees what lies behind the transport's header. */
		pkt_pull(p, hdr);
		i = sock_prog_run(prog, p);
		pkt_push(p, hdr);
		m = rcu_dereference(g->members);
		if (m && i < m->nr)
			got = READ_ONCE(m->sk[i]);
	}
	rcu_read_unlock();
	return got;
}

/* --- options --- */

static bool in_table(const struct inet_sock *sk)
{
	return sk->c.type == SOCK_STREAM ? sk->state != TCP_CLOSE : sk->lport != 0;
}

static int attach(struct inet_sock *sk, uaddr_t val, int len)
{
	struct sock_filter_prog *prog = sock_prog_load(&sk->c, val, len), *old = prog;
	int err = 0;

	if (IS_ERR(prog))
		return (int)PTR_ERR(prog);
	mutex_lock(&sk->lock);
	spin_lock(&group_lock);
	if (sk->c.protocol != IPPROTO_TCP && sk->c.protocol != IPPROTO_UDP)
		err = -EINVAL;
	else if (!sk->reuse && (in_table(sk) || !sk->c.reuseport))
		err = -EINVAL;
	else if (!sk->reuse && !group_alone(sk))
		err = -ENOMEM;
	if (!err) {
		old = sk->reuse->prog;
		rcu_assign_pointer(sk->reuse->prog, prog);
	}
	spin_unlock(&group_lock);
	mutex_unlock(&sk->lock);
	sock_prog_free(old);
	return err;
}

static int detach(struct inet_sock *sk)
{
	struct sock_filter_prog *old = NULL;
	int err = 0;

	spin_lock(&group_lock);
	if (!sk->reuse) {
		err = sk->c.reuseport ? -ENOENT : -EINVAL;
	} else {
		old = sk->reuse->prog;
		rcu_assign_pointer(sk->reuse->prog, NULL);
		err = old ? 0 : -ENOENT;
	}
	spin_unlock(&group_lock);
	sock_prog_free(old);
	return err;
}

/* There are no descriptors of programs: whatever it names is none. */
static int attach_fd(uaddr_t val, int len)
{
	struct fd f;
	int fd, err;

	if (len != (int)sizeof(fd))
		return -EINVAL;
	if (copy_in_bytes(&fd, val, sizeof(fd)))
		return -EFAULT;
	f = fdget(fd);
	err = f.file ? -EINVAL : -EBADF;
	fdput(f);
	return err;
}

int inet_reuse_option(struct inet_sock *sk, int opt, uaddr_t val, int len)
{
	int v;

	if (opt == SO_ATTACH_REUSEPORT_CBPF)
		return attach(sk, val, len);
	/* All that comes after the options of another form has an int. */
	if (len < (int)sizeof(v))
		return -EINVAL;
	if (copy_in_bytes(&v, val, sizeof(v)))
		return -EFAULT;
	return opt == SO_DETACH_REUSEPORT_BPF ? detach(sk) : attach_fd(val, len);
}
