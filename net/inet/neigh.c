/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Neighbours of both families: who has which link address. The states are those of RFC 4861; ARP and ND give the
 * questions (neigh_ops.solicit) and bring the answers (neigh_update).
 *
 * Life: the table holds a reference, and so does the timer while it runs, which it does only in states that end by time.
 * Above the first threshold what was not used for long is forgotten now and then. n->lock guards an entry; packets wait in it
 * and are sent after it is released.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/slab.h>
#include <core/work.h>

#include "route_impl.h"

#define NEIGH_HASH	1024u
#define GC_EVERY_NS	(5 * NSEC_PER_SEC)	/* how often a table above its second threshold is swept */

struct neigh_table {
	spinlock_t lock;		/* class NEIGH_TABLE */
	u32 nr[2];			/* [lock; a] of IPv4 and of IPv6 */
	u64 swept_ns;			/* [a] */
	struct hlist_head hash[NEIGH_HASH];	/* [lock; r] */
	struct delayed_work gc;
	struct net *net;		/* [I] */
};

static struct kmem_cache *neigh_cache;
static const struct neigh_ops *ops4, *ops6;	/* [a] set once */

void neigh_ops_register(const struct neigh_ops *ops)
{
	WRITE_ONCE(*(ops->family == AF_INET ? &ops4 : &ops6), ops);
}

static const struct neigh_ops *neigh_ops(const struct neigh *n)
{
	return READ_ONCE(*(n->family == AF_INET ? &ops4 : &ops6));
}

static u64 ms_ns(int ms)
{
	return (u64)max(ms, 1) * NSEC_PER_MSEC;
}

struct neigh_parms neigh_parms_of(struct net *net, const struct net_device *dev, u8 family)
{
	struct inet_net *in = net_inet(net);
	bool v4 = family == AF_INET;
	struct neigh_parms p;
	struct inet_dev *id;

	rcu_read_lock();
	id = dev ? dev_inet(dev) : NULL;
	p = id ? (v4 ? id->parms4 : id->parms6) : v4 ? in->parms4_default : in->parms6_default;
	rcu_read_unlock();
	return p;
}

static struct neigh_parms parms_of(const struct neigh *n)
{
	return neigh_parms_of(n->dev->net, n->dev, n->family);
}

/* --- table --- */

static struct hlist_head *head_of(struct neigh_table *t, const struct net_device *dev, const struct ipaddr *addr)
{
	return &t->hash[ipaddr_hash(addr, (u32)dev->ifindex) % NEIGH_HASH];
}

static struct neigh *find(struct neigh_table *t, const struct net_device *dev, const struct ipaddr *addr)
{
	struct neigh *n;

	hlist_for_each_entry_rcu(n, head_of(t, dev, addr), hash)
		if (n->dev == dev && ipaddr_eq(&n->addr, addr))
			return n;
	return NULL;
}

static void neigh_rcu(struct rcu_head *h)
{
	kmem_cache_free(neigh_cache, container_of(h, struct neigh, rcu));
}

void neigh_put(struct neigh *n)
{
	if (!ref_put(&n->ref))
		return;
	pkt_list_free(&n->queue);
	dev_put(n->dev);
	call_rcu(&n->rcu, neigh_rcu);
}

static bool room_for_one(struct neigh_table *t, int v6);
static bool crowded(const struct neigh_table *t, int v6);
static void neigh_timer(struct work *w);

struct neigh *neigh_get(struct net *net, struct net_device *dev, const struct ipaddr *addr, bool create)
{
	struct neigh_table *t = net_inet(net)->neigh;
	struct neigh *n, *fresh;

	rcu_read_lock();
	n = find(t, dev, addr);
	if (n && !ref_get_unless_zero(&n->ref))
		n = NULL;
	rcu_read_unlock();
	if (n || !create)
		return n;
	if (!room_for_one(t, !ipaddr_is4(addr)))
		return NULL;
	fresh = kmem_cache_alloc(neigh_cache, GFP_ATOMIC | GFP_ZERO);
	if (!fresh)
		return NULL;
	ref_init(&fresh->ref, 2);
	fresh->dev = dev;
	dev_get(dev);
	fresh->addr = *addr;
	fresh->family = ipaddr_is4(addr) ? AF_INET : AF_INET6;
	fresh->used_ns = fresh->updated_ns = clock_monotonic_ns();
	fresh->confirmed_ns = fresh->used_ns - min(fresh->used_ns, 2 * ms_ns(parms_of(fresh).reachable_ms));
	spin_lock_init(&fresh->lock, NEIGH);
	delayed_work_init(&fresh->timer, neigh_timer);
	spin_lock(&t->lock);
	n = find(t, dev, addr);
	if (n && ref_get_unless_zero(&n->ref)) {
		spin_unlock(&t->lock);
		dev_put(dev);
		kmem_cache_free(neigh_cache, fresh);
		return n;
	}
	hlist_add_head(&fresh->hash, head_of(t, dev, addr));
	WRITE_ONCE(t->nr[fresh->family != AF_INET], t->nr[fresh->family != AF_INET] + 1);
	spin_unlock(&t->lock);
	if (crowded(t, fresh->family != AF_INET))
		(void)delayed_work_queue(system_wq, &t->gc, GC_EVERY_NS);
	return fresh;
}

/* --- the timer: lock held --- */

static void arm(struct neigh *n, u64 when)
{
	u64 now = clock_monotonic_ns();

	n->next_ns = when;
	if (delayed_work_mod(system_wq, &n->timer, when > now ? when - now : 0))
		ref_get(&n->ref);
}

static void set_state(struct neigh *n, u8 state, u64 now)
{
	struct neigh_parms parms = parms_of(n);

	n->state = state;
	if (state == NUD_REACHABLE)
		arm(n, now + ms_ns(parms.reachable_ms));
	else if (state == NUD_DELAY)
		arm(n, now + ms_ns(parms.delay_ms));
	else if (state & (NUD_PROBE | NUD_INCOMPLETE))
		arm(n, n->probes ? now + ms_ns(parms.retrans_ms) : now);
	else if (delayed_work_try_cancel(&n->timer))
		neigh_put(n);		/* not the last: the caller has one */
}

/* --- off the table --- */

/* Off the table; the table's reference goes. */
static void unlink_neigh(struct neigh_table *t, struct neigh *n)
{
	struct pkt_list drop = PKT_LIST_INIT;
	bool ours;

	spin_lock(&t->lock);
	ours = !hlist_unhashed(&n->hash);
	if (ours) {
		hlist_del_init_rcu(&n->hash);
		WRITE_ONCE(t->nr[n->family != AF_INET], t->nr[n->family != AF_INET] - 1);
	}
	spin_unlock(&t->lock);
	if (!ours)
		return;
	spin_lock(&n->lock);
	n->dead = true;
	set_state(n, NUD_FAILED, 0);
	pkt_list_join(&drop, &n->queue);
	spin_unlock(&n->lock);
	pkt_list_free(&drop);
	net_notify(t->net, NET_NEIGH_DEL, n);
	neigh_put(n);
}

/* All that are wanted off the table go. */
static void unlink_all(struct neigh_table *t, bool (*wanted)(const struct neigh *n, const void *arg), const void *arg)
{
	struct neigh *n, *hold[16];
	u32 nr;

	for (u32 i = 0; i < NEIGH_HASH; i++) {
		do {
			nr = 0;
			rcu_read_lock();
			hlist_for_each_entry_rcu(n, &t->hash[i], hash) {
				if (wanted(n, arg) && ref_get_unless_zero(&n->ref))
					hold[nr++] = n;
				if (nr == ARRAY_SIZE(hold))
					break;
			}
			rcu_read_unlock();
			for (u32 k = 0; k < nr; k++) {
				unlink_neigh(t, hold[k]);
				neigh_put(hold[k]);
			}
		} while (nr == ARRAY_SIZE(hold));
	}
}

/* Nobody refers to it, nobody set it by hand, it is not known to be right. */
static bool dispensable(const struct neigh *n)
{
	return ref_read(&n->ref) == 1 && !(READ_ONCE(n->state) & (NUD_PERMANENT | NUD_REACHABLE | NUD_INCOMPLETE)) &&
		!(READ_ONCE(n->flags) & NTF_EXT_LEARNED);
}

static bool dispensable_of(const struct neigh *n, const void *family)
{
	return n->family == *(const u8 *)family && dispensable(n);
}

static bool unused_long(const struct neigh *n, const void *table)
{
	const struct neigh_table *t = table;
	u64 stale_ns = (u64)max(parms_of(n).gc_stale_s, 0) * NSEC_PER_SEC;

	return crowded(t, n->family != AF_INET) && dispensable(n) && READ_ONCE(n->state) != NUD_NOARP &&
		clock_monotonic_ns() > READ_ONCE(n->used_ns) + stale_ns;
}

static bool of_device(const struct neigh *n, const void *dev)
{
	return n->dev == dev;
}

/* gc_thresh1: below it nothing is forgotten. */
static bool crowded(const struct neigh_table *t, int v6)
{
	const struct inet_sysctl *s = &net_inet(t->net)->sysctl;

	return READ_ONCE(t->nr[v6]) > (u32)READ_ONCE((v6 ? s->neigh6_gc_thresh : s->neigh_gc_thresh)[0]);
}

static void gc(struct work *w)
{
	struct neigh_table *t = container_of(container_of(w, struct delayed_work, work), struct neigh_table, gc);

	unlink_all(t, unused_long, t);
	if (crowded(t, 0) || crowded(t, 1))
		(void)delayed_work_queue(system_wq, &t->gc, GC_EVERY_NS);
}

/* gc_thresh2: sweep now and then; gc_thresh3: sweep, and refuse if that does not help. */
static bool room_for_one(struct neigh_table *t, int v6)
{
	const struct inet_sysctl *s = &net_inet(t->net)->sysctl;
	const int *limit = v6 ? s->neigh6_gc_thresh : s->neigh_gc_thresh;
	u32 nr = READ_ONCE(t->nr[v6]), most = (u32)READ_ONCE(limit[2]);
	u8 family = v6 ? AF_INET6 : AF_INET;
	u64 now = clock_monotonic_coarse_ns();

	if (nr < most && (nr < (u32)READ_ONCE(limit[1]) || now < READ_ONCE(t->swept_ns) + GC_EVERY_NS))
		return true;
	WRITE_ONCE(t->swept_ns, now);
	unlink_all(t, dispensable_of, &family);
	return READ_ONCE(t->nr[v6]) < most;
}

/* --- sending --- */

static int send_to(struct neigh *n, struct pkt *p, const u8 *ha)
{
	if (netdev_header(p, n->dev, n->family == AF_INET ? ETH_P_IP : ETH_P_IPV6, ha)) {
		pkt_free(p);
		return -ENOMEM;
	}
	return netdev_xmit(p);
}

static void flush(struct neigh *n, struct pkt_list *l, const u8 *ha)
{
	struct pkt *p;

	while ((p = pkt_list_pop(l)) != NULL)
		(void)send_to(n, p, ha);
}

/* Where a packet goes whose next hop needs no question. True: ha is set. */
static bool mapped(const struct net_device *dev, const struct ipaddr *hop, const struct pkt *p, u8 *ha)
{
	u32 low = be32(hop->w[3]);

	if (dev->flags & (IFF_LOOPBACK | IFF_NOARP) || !dev->addr_len) {
		memcpy(ha, dev->addr, ETH_ALEN);
		return true;
	}
	if (p->type == PKT_BROADCAST || (ipaddr_is4(hop) && low == INADDR_BROADCAST)) {
		memcpy(ha, dev->broadcast, ETH_ALEN);
		return true;
	}
	if (!ipaddr_multicast(hop))
		return false;
	if (ipaddr_is4(hop)) {
		u8 m[ETH_ALEN] = { 1, 0, 0x5e, (u8)(low >> 16 & 0x7f), (u8)(low >> 8), (u8)low };

		memcpy(ha, m, ETH_ALEN);
	} else {
		u8 m[ETH_ALEN] = { 0x33, 0x33, (u8)(low >> 24), (u8)(low >> 16), (u8)(low >> 8), (u8)low };

		memcpy(ha, m, ETH_ALEN);
	}
	return true;
}

/* lock held. True: the caller asks when it has released it. */
static bool begin_question(struct neigh *n)
{
	if (n->state & NUD_INCOMPLETE)
		return false;
	n->probes = 1;
	set_state(n, NUD_INCOMPLETE, clock_monotonic_ns());
	return true;
}

void neigh_use(struct neigh *n)
{
	const struct neigh_ops *ops = neigh_ops(n);
	bool ask = false;

	WRITE_ONCE(n->used_ns, clock_monotonic_coarse_ns());
	spin_lock(&n->lock);
	/* An old address is used, and asked for if nobody confirms it meanwhile. */
	if (n->state == NUD_STALE)
		set_state(n, NUD_DELAY, clock_monotonic_ns());
	else if (!(n->state & NUD_VALID) && !n->dead && ops)
		ask = begin_question(n);
	spin_unlock(&n->lock);
	if (ask)
		ops->solicit(n, false);
}

/* Queue until the address is known. lock held, released. */
static int wait_for(struct neigh *n, struct pkt *p)
{
	const struct neigh_ops *ops = neigh_ops(n);
	struct neigh_parms parms = parms_of(n);
	struct pkt_list old = PKT_LIST_INIT;
	u64 bytes = 0;
	bool ask;

	if (n->dead || !ops) {
		spin_unlock(&n->lock);
		pkt_free(p);
		return -EHOSTUNREACH;
	}
	ask = begin_question(n);
	for (const struct pkt *q = n->queue.first; q; q = q->next)
		bytes += q->truesize;
	while (n->queue.first && bytes + p->truesize > (u64)max(parms.queue_bytes, 0)) {
		bytes -= n->queue.first->truesize;
		pkt_list_add(&old, pkt_list_pop(&n->queue));
	}
	pkt_hold_dev(p);
	pkt_list_add(&n->queue, p);
	spin_unlock(&n->lock);
	pkt_list_free(&old);
	if (ask)
		ops->solicit(n, false);
	return 0;
}

int neigh_output(struct net *net, struct net_device *dev, const struct ipaddr *hop, struct pkt *p)
{
	u8 ha[NETDEV_MAX_ADDR] = { 0 };
	struct neigh *n;
	int err;

	p->dev = dev;
	if (mapped(dev, hop, p, ha)) {
		if (netdev_header(p, dev, ipaddr_is4(hop) ? ETH_P_IP : ETH_P_IPV6, ha)) {
			pkt_free(p);
			return -ENOMEM;
		}
		return netdev_xmit(p);
	}
	n = neigh_get(net, dev, hop, true);
	if (!n) {
		pkt_free(p);
		return -ENOBUFS;
	}
	WRITE_ONCE(n->used_ns, clock_monotonic_coarse_ns());
	spin_lock(&n->lock);
	if (n->state & NUD_VALID) {
		if (n->state == NUD_STALE)
			set_state(n, NUD_DELAY, clock_monotonic_ns());
		memcpy(ha, n->ha, sizeof(ha));
		spin_unlock(&n->lock);
		err = send_to(n, p, ha);
	} else {
		err = wait_for(n, p);
	}
	neigh_put(n);
	return err;
}

/* --- learning --- */

int neigh_update(struct neigh *n, const u8 *ha, u8 state, u32 flags)
{
	struct pkt_list ready = PKT_LIST_INIT, drop = PKT_LIST_INIT;
	u64 now = clock_monotonic_ns();
	u8 out[NETDEV_MAX_ADDR];
	bool changed, notify;
	u8 old;

	spin_lock(&n->lock);
	old = n->state;
	if (n->dead || (!(flags & NEIGH_ADMIN) && old & (NUD_NOARP | NUD_PERMANENT))) {
		spin_unlock(&n->lock);
		return -EPERM;
	}
	changed = ha && memcmp(ha, n->ha, n->dev->addr_len);
	if (changed && old & NUD_VALID && !(flags & (NEIGH_OVERRIDE | NEIGH_ADMIN))) {
		/* Somebody else claims it: doubt, but keep. */
		if (old == NUD_REACHABLE)
			set_state(n, NUD_STALE, now);
		spin_unlock(&n->lock);
		return 0;
	}
	if (flags & NEIGH_IS_ROUTER)
		n->flags |= NTF_ROUTER;
	if (flags & NEIGH_NOT_ROUTER)
		n->flags &= (u8)~NTF_ROUTER;
	if (ha)
		memcpy(n->ha, ha, n->dev->addr_len);
	else if (state & NUD_VALID && !(old & NUD_VALID))
		state = old;
	n->updated_ns = now;
	n->probes = 0;
	if (state & (NUD_REACHABLE | NUD_PERMANENT))
		n->confirmed_ns = now;
	/* News of the same address does not make a confirmed one doubtful. */
	if (!(state == NUD_STALE && old & (NUD_REACHABLE | NUD_DELAY | NUD_PROBE) && !changed && !(flags & NEIGH_ADMIN)))
		set_state(n, state, now);
	notify = n->state != old || changed;
	if (n->state & NUD_VALID) {
		pkt_list_join(&ready, &n->queue);
		memcpy(out, n->ha, sizeof(out));
	} else if (n->state & NUD_FAILED) {
		pkt_list_join(&drop, &n->queue);
	}
	spin_unlock(&n->lock);
	pkt_list_free(&drop);
	flush(n, &ready, out);
	if (notify)
		net_notify(n->dev->net, NET_NEIGH_UPDATE, n);
	return 0;
}

void neigh_confirm(struct net *net, struct net_device *dev, const struct ipaddr *addr)
{
	struct neigh *n = neigh_get(net, dev, addr, false);

	if (!n)
		return;
	spin_lock(&n->lock);
	n->confirmed_ns = clock_monotonic_ns();
	if (n->state & (NUD_STALE | NUD_DELAY | NUD_PROBE) && !n->dead)
		set_state(n, NUD_REACHABLE, n->confirmed_ns);
	spin_unlock(&n->lock);
	neigh_put(n);
}

int neigh_delete(struct net *net, struct net_device *dev, const struct ipaddr *addr)
{
	struct neigh *n = neigh_get(net, dev, addr, false);

	if (!n)
		return -ENOENT;
	unlink_neigh(net_inet(net)->neigh, n);
	neigh_put(n);
	return 0;
}

/* --- time --- */

enum neigh_act { ACT_NONE, ACT_ASK, ACT_ASK_UNICAST, ACT_GIVE_UP };

/* One step of the machine. lock held. */
static enum neigh_act step(struct neigh *n, u64 now)
{
	struct neigh_parms s = parms_of(n);
	u64 known_until = n->confirmed_ns + ms_ns(s.reachable_ms);
	u32 most = (u32)(n->state == NUD_INCOMPLETE ? s.mcast_probes : s.ucast_probes);

	switch (n->state) {
	case NUD_REACHABLE:
		if (now < known_until)
			arm(n, known_until);
		else
			set_state(n, now < n->used_ns + ms_ns(s.delay_ms) ? NUD_DELAY : NUD_STALE, now);
		break;
	case NUD_DELAY:
		if (now < n->next_ns) {
			arm(n, n->next_ns);
			break;
		}
		n->state = NUD_PROBE;
		n->probes = 0;
		fallthrough;
	case NUD_PROBE:
	case NUD_INCOMPLETE:
		if (now < n->next_ns && n->probes) {
			arm(n, n->next_ns);
			break;
		}
		if (n->probes >= most) {
			n->state = NUD_FAILED;
			return ACT_GIVE_UP;
		}
		n->probes++;
		arm(n, now + ms_ns(s.retrans_ms));
		return n->state == NUD_PROBE ? ACT_ASK_UNICAST : ACT_ASK;
	default:
		break;
	}
	return ACT_NONE;
}

static void give_up(struct neigh *n)
{
	const struct neigh_ops *ops = neigh_ops(n);
	struct pkt_list l = PKT_LIST_INIT;
	struct pkt *p;

	spin_lock(&n->lock);
	pkt_list_join(&l, &n->queue);
	spin_unlock(&n->lock);
	while ((p = pkt_list_pop(&l)) != NULL) {
		if (ops && ops->error)
			ops->error(n, p);
		else
			pkt_free(p);
	}
	net_notify(n->dev->net, NET_NEIGH_UPDATE, n);
}

static void neigh_timer(struct work *w)
{
	struct neigh *n = container_of(container_of(w, struct delayed_work, work), struct neigh, timer);
	enum neigh_act what;

	spin_lock(&n->lock);
	what = n->dead ? ACT_NONE : step(n, clock_monotonic_ns());
	spin_unlock(&n->lock);
	if (what == ACT_GIVE_UP)
		give_up(n);
	else if (what != ACT_NONE && neigh_ops(n))
		neigh_ops(n)->solicit(n, what == ACT_ASK_UNICAST);
	neigh_put(n);
}

void neigh_flush_dev(struct net *net, struct net_device *dev)
{
	unlink_all(net_inet(net)->neigh, of_device, dev);
}

int neigh_walk(struct net *net, u8 family, int (*fn)(struct neigh *n, void *arg), void *arg)
{
	struct neigh_table *t = net_inet(net)->neigh;

	for (u32 i = 0; i < NEIGH_HASH; i++) {
		struct neigh *n;

		hlist_for_each_entry_rcu(n, &t->hash[i], hash) {
			int err = family && n->family != family ? 0 : fn(n, arg);

			if (err)
				return err;
		}
	}
	return 0;
}

int neigh_init(struct net *net)
{
	struct neigh_table *t = kzalloc(sizeof(*t), GFP_KERNEL);

	if (!neigh_cache)
		neigh_cache = kmem_cache_create("neigh", sizeof(struct neigh), 8, 0, NULL);
	if (!t || !neigh_cache) {
		kfree(t);
		return -ENOMEM;
	}
	spin_lock_init(&t->lock, NEIGH_TABLE);
	t->net = net;
	delayed_work_init(&t->gc, gc);
	net_inet(net)->neigh = t;
	return 0;
}
