/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What routers told us about a destination: its path's MTU, a nearer router. It is remembered for route/mtu_expires seconds. Read
 * under RCU; changes replace the entry under hints.lock.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/slab.h>

#include "route_impl.h"

#define PMTU_HASH	256u
#define PMTU_MAX	4096u

struct pmtu {
	struct hlist_node hash;		/* [lock; r] */
	struct ipaddr dst;		/* [I] */
	u32 mtu;			/* [lock; a] 0: unknown */
	u64 expires;			/* [lock; a] of mtu and of the redirect */
	struct ipaddr old, gw;		/* [I] redirect: use gw where the route says old */
	bool has_gw;			/* [I] */
	struct rcu_head rcu;
};

struct hints {
	spinlock_t lock;		/* class INET_DEV */
	struct hlist_head hash[PMTU_HASH];	/* [lock; r] */
	u32 nr;				/* [lock; a] */
};

static struct pmtu *pmtu_find(struct hints *t, const struct ipaddr *dst)
{
	struct pmtu *p;

	hlist_for_each_entry_rcu(p, &t->hash[ipaddr_hash(dst, 7) % PMTU_HASH], hash)
		if (ipaddr_eq(&p->dst, dst))
			return p;
	return NULL;
}

u32 pmtu_get(struct net *net, const struct ipaddr *dst)
{
	struct hints *t = net_inet(net)->hints;
	struct pmtu *p;
	u32 mtu = 0;

	if (!READ_ONCE(t->nr))
		return 0;
	rcu_read_lock();
	p = pmtu_find(t, dst);
	if (p && clock_monotonic_ns() < READ_ONCE(p->expires))
		mtu = READ_ONCE(p->mtu);
	rcu_read_unlock();
	return mtu;
}

/* The router that another router named for dst. In an RCU section. */
void route_redirected(struct net *net, const struct ipaddr *dst, struct ipaddr *gw)
{
	struct hints *t = net_inet(net)->hints;
	struct pmtu *p;

	if (!READ_ONCE(t->nr))
		return;
	p = pmtu_find(t, dst);
	if (p && p->has_gw && ipaddr_eq(&p->old, gw) && clock_monotonic_ns() < READ_ONCE(p->expires))
		*gw = p->gw;
}

/* Room for one more: forget what lies in its chain. lock held. */
static void pmtu_prune(struct hints *t, struct hlist_head *h)
{
	struct hlist_node *n;
	struct pmtu *p;

	hlist_for_each_entry_safe(p, n, h, hash) {
		hlist_del_init_rcu(&p->hash);
		kfree_rcu(p, rcu);
		t->nr--;
	}
}

/* What is now known of dst replaces what was; mtu 0 and gw NULL: as it was. */
static void learn(struct net *net, const struct ipaddr *dst, u32 mtu, const struct ipaddr *old, const struct ipaddr *gw)
{
	struct hints *t = net_inet(net)->hints;
	struct hlist_head *h = &t->hash[ipaddr_hash(dst, 7) % PMTU_HASH];
	struct pmtu *p, *fresh = kzalloc(sizeof(*fresh), GFP_ATOMIC);

	if (!fresh)
		return;
	fresh->dst = *dst;
	fresh->mtu = mtu;
	fresh->expires = clock_monotonic_ns() + (u64)READ_ONCE(net_inet(net)->sysctl.mtu_expires) * NSEC_PER_SEC;
	if (gw) {
		fresh->has_gw = true;
		fresh->old = *old;
		fresh->gw = *gw;
	}
	spin_lock(&t->lock);
	p = pmtu_find(t, dst);
	if (p) {
		if (!mtu)
			fresh->mtu = p->mtu;
		if (!gw && p->has_gw) {
			fresh->has_gw = true;
			fresh->old = p->old;
			fresh->gw = p->gw;
		}
		hlist_del_init_rcu(&p->hash);
		kfree_rcu(p, rcu);
		t->nr--;
	} else if (t->nr >= PMTU_MAX) {
		pmtu_prune(t, h);
	}
	hlist_add_head(&fresh->hash, h);
	WRITE_ONCE(t->nr, t->nr + 1);
	spin_unlock(&t->lock);
	route_cache_bump(net);
}

void pmtu_update(struct net *net, const struct ipaddr *dst, u32 mtu)
{
	u32 lowest = ipaddr_is4(dst) ? (u32)READ_ONCE(net_inet(net)->sysctl.min_pmtu) : 1280;

	learn(net, dst, max(mtu, lowest), NULL, NULL);
}

void route_redirect(struct net *net, const struct ipaddr *dst, const struct ipaddr *old, const struct ipaddr *gw)
{
	learn(net, dst, 0, old, gw);
}

void pmtu_flush(struct net *net)
{
	struct hints *t = net_inet(net)->hints;

	for (u32 i = 0; i < PMTU_HASH; i++) {
		spin_lock(&t->lock);
		pmtu_prune(t, &t->hash[i]);
		spin_unlock(&t->lock);
	}
	route_cache_bump(net);
}

int route_hint_init(struct net *net)
{
	struct hints *t = kzalloc(sizeof(*t), GFP_KERNEL);

	if (!t)
		return -ENOMEM;
	spin_lock_init(&t->lock, INET_DEV);
	net_inet(net)->hints = t;
	return 0;
}
