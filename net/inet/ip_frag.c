/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Reassembly. A packet's fragments wait in a queue, sorted; one that overlaps another kills the queue (RFC 5722, and Linux for
 * IPv4 too), an exact copy is dropped. Memory is limited by ipfrag_high_thresh: the oldest queues go first; time by ipfrag_time.
 * Locks: frags.lock (class INET_DEV) for everything; ICMP is sent after it is released.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/slab.h>
#include <core/work.h>

#include "ip_impl.h"
#include "mib6.h"
#include "route_impl.h"

#define FRAG_HASH	256u


struct frag_queue {
	struct hlist_node hash;		/* [lock] */
	struct list_head age;		/* [lock] oldest first */
	struct frag_key key;
	struct pkt *first;		/* [lock] by offset; pkt.csum_start holds it, see put_off */
	u32 total;			/* [lock] payload bytes; 0: last not seen */
	u32 have;			/* [lock] */
	u32 mem;			/* [lock] */
	u32 max_len;			/* [lock] largest fragment with header */
	u64 expires;
};

struct ip_frags {
	spinlock_t lock;		/* class INET_DEV */
	struct hlist_head hash[FRAG_HASH];	/* [lock] */
	struct list_head age;		/* [lock] */
	u64 mem;			/* [lock; a] */
	u32 nr;				/* [lock; a] */
	struct delayed_work work;
	struct net *net;		/* [I] */
};

static void put_off(struct pkt *p, u32 off) { p->csum = off; }
static u32 get_off(const struct pkt *p) { return p->csum; }

static u32 key_hash(const struct frag_key *k)
{
	return ipaddr_hash(&k->src, ipaddr_hash(&k->dst, k->id * 31 + k->proto)) % FRAG_HASH;
}

static void queue_drop(struct ip_frags *f, struct frag_queue *q, struct pkt_list *dead)
{
	struct pkt *p;

	hlist_del_init(&q->hash);
	list_del(&q->age);
	f->mem -= q->mem;
	f->nr--;
	while ((p = q->first) != NULL) {
		q->first = p->next;
		pkt_list_add(dead, p);
	}
	kfree(q);
}

static struct frag_queue *queue_get(struct ip_frags *f, const struct frag_key *k)
{
	struct hlist_head *h = &f->hash[key_hash(k)];
	const struct inet_sysctl *s = &net_inet(f->net)->sysctl;
	struct frag_queue *q;

	hlist_for_each_entry(q, h, hash)
		if (q->key.id == k->id && q->key.proto == k->proto && q->key.iif == k->iif && q->key.family == k->family &&
		    ipaddr_eq(&q->key.src, &k->src) && ipaddr_eq(&q->key.dst, &k->dst))
			return q;
	q = kzalloc(sizeof(*q), GFP_ATOMIC);
	if (!q)
		return NULL;
	q->key = *k;
	q->expires = clock_monotonic_ns() + (u64)max(k->family == AF_INET ? s->ipfrag_time : s->v6_ip6frag_time,
		1) * NSEC_PER_SEC;
	hlist_add_head(&q->hash, h);
	list_add_tail(&q->age, &f->age);
	f->nr++;
	return q;
}

void ip_frag_stat(struct net *net, u8 family, u32 *nr, u64 *mem)
{
	struct ip_frags *f = net_inet(net)->frags;
	const struct frag_queue *q;

	*nr = 0;
	*mem = 0;
	spin_lock(&f->lock);
	list_for_each_entry(q, &f->age, age) {
		if (q->key.family != family)
			continue;
		(*nr)++;
		*mem += q->mem;
	}
	spin_unlock(&f->lock);
}

/* Put p in its place. 0, -EEXIST (a copy), -EINVAL (overlap or nonsense: the queue is to die). */
static int queue_insert(struct frag_queue *q, struct pkt *p, u32 off, bool more)
{
	u32 end = off + p->len;
	struct pkt **at = &q->first, *prev = NULL;

	if (!more) {
		if (q->total && q->total != end)
			return -EINVAL;
		q->total = end;
	}
	if (q->total && end > q->total)
		return -EINVAL;
	while (*at && get_off(*at) < off) {
		prev = *at;
		at = &(*at)->next;
	}
	if (*at && get_off(*at) == off && (*at)->len == p->len)
		return -EEXIST;
	if ((prev && get_off(prev) + prev->len > off) || (*at && get_off(*at) < end))
		return -EINVAL;
	if (!more) {
		struct pkt *last = *at;

		if (last)
			return -EINVAL;
	}
	put_off(p, off);
	p->next = *at;
	*at = p;
	q->have += p->len;
	return 0;
}

/* All is there: one packet of header and payload. */
static struct pkt *join(struct frag_queue *q)
{
	struct pkt *first = q->first, *n, *p;
	u32 hl = (u32)(first->data - (first->head + first->net_off));

	if (q->total + (q->key.family == AF_INET ? hl : 0) > 65535)
		return NULL;
	n = pkt_alloc(PKT_HEADROOM, hl + q->total, GFP_ATOMIC);
	if (!n)
		return NULL;
	memcpy(pkt_put(n, hl), first->head + first->net_off, hl);
	for (p = first; p; p = p->next) {
		if (pkt_read(p, 0, pkt_put(n, p->len), p->len)) {
			pkt_free(n);
			return NULL;
		}
	}
	pkt_set_net(n);
	n->mac_off = n->net_off;
	n->protocol = first->protocol;
	n->type = first->type;
	n->dev = first->dev;
	n->tstamp = first->tstamp;
	n->local = first->local;
	n->mark = first->mark;
	memcpy(n->cb, first->cb, sizeof(n->cb));
	ip_cb(n)->frag_max = (u16)min(q->max_len, 65535u);
	return n;
}

struct pkt *frag_add(struct net *net, const struct frag_key *key, struct pkt *p, u32 off, bool more)
{
	struct ip_frags *f = net_inet(net)->frags;
	const struct inet_sysctl *s = &net_inet(net)->sysctl;
	struct pkt_list dead = PKT_LIST_INIT;
	struct frag_queue *q;
	struct pkt *whole = NULL;
	int err = -ENOMEM;
	u32 size = p->truesize, len = p->len + (u32)(p->data - (p->head + p->net_off));
	bool armed, v6 = key->family == AF_INET6;
	struct net_device *dev = p->dev;	/* its batch keeps it */

	if (!p->len || (more && p->len % 8) || off + p->len > 65535) {
		pkt_free(p);
		return NULL;
	}
	spin_lock(&f->lock);
	while (f->mem > (u64)(v6 ? s->v6_ip6frag_high_thresh : s->ipfrag_high_thresh) && !list_empty(&f->age))
		queue_drop(f, list_first_entry(&f->age, struct frag_queue, age), &dead);
	q = queue_get(f, key);
	if (q) {
		pkt_orphan(p);
		pkt_hold_dev(p);
		err = queue_insert(q, p, off, more);
	}
	if (err) {
		if (err == -EINVAL)
			queue_drop(f, q, &dead);
		pkt_list_add(&dead, p);
	} else {
		q->mem += size;
		f->mem += size;
		q->max_len = max(q->max_len, len);
		if (q->total && q->have == q->total) {
			whole = join(q);
			queue_drop(f, q, &dead);
			if (!whole)
				err = -ENOMEM;
		}
	}
	armed = f->nr != 0;
	spin_unlock(&f->lock);
	if (err && err != -EEXIST && v6)
		IP6_INC(net, dev, IP6_REASMFAILS);
	else if (err && err != -EEXIST)
		NET_INC(net, IP_REASMFAILS);
	if (armed)
		(void)delayed_work_queue(system_wq, &f->work, NSEC_PER_SEC);
	pkt_list_free(&dead);
	return whole;
}

struct pkt *ip_reassemble(struct net *net, struct pkt *p)
{
	struct ip_hdr *h = (struct ip_hdr *)p->data;
	u16 fo = be16(h->frag_off);
	struct frag_key k = { .src = ip_cb(p)->src, .dst = ip_cb(p)->dst, .id = h->id.raw, .proto = h->proto, .family = AF_INET,
		.iif = p->dev->flags & IFF_LOOPBACK ? 0 : p->dev->ifindex };
	struct net_device *dev = p->dev;

	NET_INC(net, IP_REASMREQDS);
	if (pkt_csum_help(p)) {
		pkt_free(p);
		return NULL;
	}
	h = (struct ip_hdr *)p->data;
	pkt_pull(p, ip_hdr_len(h));
	p = frag_add(net, &k, p, (u32)(fo & IP_OFFMASK) * 8, fo & IP_MF);
	if (!p)
		return NULL;
	p->dev = dev;
	NET_INC(net, IP_REASMOKS);
	h = (struct ip_hdr *)p->data;
	h->tot_len = to_be16((u16)p->len);
	h->frag_off.raw = 0;
	h->csum.raw = 0;
	h->csum = csum_fold(csum_partial(h, ip_hdr_len(h), 0));
	return p;
}

static void frag_tick(struct work *w)
{
	struct ip_frags *f = container_of(container_of(w, struct delayed_work, work), struct ip_frags, work);
	struct pkt_list dead = PKT_LIST_INIT, tell = PKT_LIST_INIT;
	struct frag_queue *q, *n;
	u64 now = clock_monotonic_ns();
	struct pkt *p;
	u32 left;

	spin_lock(&f->lock);
	list_for_each_entry_safe(q, n, &f->age, age) {
		if (q->expires > now)
			continue;
		if (q->key.family == AF_INET) {
			NET_INC(f->net, IP_REASMTIMEOUT);
			NET_INC(f->net, IP_REASMFAILS);
		} else {
			const struct net_device *dev = q->first ? q->first->dev : NULL;

			IP6_INC(f->net, dev, IP6_REASMTIMEOUT);
			IP6_INC(f->net, dev, IP6_REASMFAILS);
		}
		p = q->first;
		if (p && !get_off(p)) {		/* RFC 792, 8200: only when the first one came */
			q->first = p->next;
			pkt_list_add(&tell, p);
		}
		queue_drop(f, q, &dead);
	}
	left = f->nr;
	spin_unlock(&f->lock);
	pkt_list_free(&dead);
	while ((p = pkt_list_pop(&tell)) != NULL) {
		u32 hl = (u32)(p->data - (p->head + p->net_off));

		p->data -= hl;
		p->len += hl;
		if (ip_cb(p)->family == AF_INET)
			icmp_send(f->net, p, ICMP_TIME_EXCEEDED, ICMP_EXC_FRAGTIME, 0);
		else if (icmp6_send_hook)
			icmp6_send_hook(f->net, p, 3, ICMP_EXC_FRAGTIME, 0);
		pkt_free(p);
	}
	if (left)
		(void)delayed_work_queue(system_wq, &f->work, NSEC_PER_SEC);
}

int ip_frag_init(struct net *net)
{
	struct ip_frags *f = kzalloc(sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	spin_lock_init(&f->lock, INET_DEV);
	list_init(&f->age);
	f->net = net;
	delayed_work_init(&f->work, frag_tick);
	net_inet(net)->frags = f;
	return 0;
}
