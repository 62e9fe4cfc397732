/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Multicast memberships of devices, both families: what the members of a group want together, and what of it routers have
 * still to be told. A group excludes sources if some member does: then those that all who exclude name and nobody includes;
 * else it includes those that somebody names. Each change is told as often as the robustness says (RFC 3376, 5.1; RFC
 * 3810, 6.1), by igmp_msg.c and mld6.c. Locks: rtnl for changes by members, inet_dev.mc_lock inside; readers by RCU.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/rcu.h>
#include <core/slab.h>
#include <kernel/random.h>

#include "igmp_impl.h"
#include "ip6_impl.h"

#define FIRST_NS	(NSEC_PER_SEC / 10)
#define GONE_MAX	64u
#define ROBUSTNESS	2u

struct mc_gone {
	struct list_head link;		/* [mc_lock] mc_querier.gone */
	struct ipaddr group;
	bool excluded, reporter;
	u32 left;			/* [mc_lock] reports to send */
	u64 at;				/* [mc_lock] */
	u32 nr;
	struct ipaddr src[];		/* those that were wanted */
};

static struct list_head *groups(struct inet_dev *id, bool v4) { return v4 ? &id->mc4 : &id->mc6; }
static bool excludes(const struct ip_mc_dev *m) { return m->count[MC_EXCLUDE] > 0; }

static bool listed(const struct ip_mc_dev *m, const struct ip_mc_src *s)
{
	return excludes(m) ? s->count[MC_EXCLUDE] == m->count[MC_EXCLUDE] && !s->count[MC_INCLUDE] : s->count[MC_INCLUDE] > 0;
}

/* All hosts, and what never leaves the node, are nobody's business (RFC 3376, 5; RFC 3810, 6). */
static bool told(const struct inet_dev *id, const struct ipaddr *g)
{
	u32 v4 = be32(g->w[3]);

	if (id->dev->flags & IFF_LOOPBACK)
		return false;
	if (ipaddr_is4(g))
		return v4 != 0xe0000001u && (v4 >> 8 != 0xe00000u ||
			READ_ONCE(net_inet(id->dev->net)->sysctl.igmp_link_local_mcast_reports));
	return ip6_mc_scope(g) > 1 && !(be32(g->w[0]) == 0xff020000u && !(g->w[1].raw | g->w[2].raw) && be32(g->w[3]) == 1);
}

static u64 within(u64 now, u64 max_ns) { return now + (max_ns ? random_u64() % max_ns : 0); }
static u64 sooner(u64 a, u64 b) { return !a || (b && b < a) ? b : a; }

static u8 robustness(struct inet_dev *id, bool v4)
{
	u32 n = mc_querier(id, v4)->robustness;

	return (u8)(n ? min(n, 7u) : v4 ? (u32)clamp_t(int, READ_ONCE(net_inet(id->dev->net)->sysctl.igmp_qrv), 1, 7) : ROBUSTNESS);
}

static void group_mac(const struct ipaddr *g, u8 mac[NETDEV_MAX_ADDR])
{
	u32 low = be32(g->w[3]);
	u8 m4[6] = { 1, 0, 0x5e, (u8)(low >> 16 & 0x7f), (u8)(low >> 8), (u8)low };
	u8 m6[6] = { 0x33, 0x33, (u8)(low >> 24), (u8)(low >> 16), (u8)(low >> 8), (u8)low };

	memset(mac, 0, NETDEV_MAX_ADDR);
	memcpy(mac, ipaddr_is4(g) ? m4 : m6, 6);
}

static struct ip_mc_dev *find(struct inet_dev *id, const struct ipaddr *g)
{
	struct ip_mc_dev *m;

	list_for_each_entry_rcu(m, groups(id, ipaddr_is4(g)), link)
		if (ipaddr_eq(&m->group, g))
			return m;
	return NULL;
}

static struct ip_mc_src *find_src(struct ip_mc_dev *m, const struct ipaddr *a)
{
	struct ip_mc_src *s;

	list_for_each_entry_rcu(s, &m->srcs, link)
		if (ipaddr_eq(&s->addr, a))
			return s;
	return NULL;
}

/* --- changes; mc_lock held --- */

static void prune(struct ip_mc_dev *m)
{
	struct ip_mc_src *s, *n;

	list_for_each_entry_safe(s, n, &m->srcs, link) {
		if (s->count[0] | s->count[1] | s->left)
			continue;
		list_del_rcu(&s->link);
		kfree_rcu(s, rcu);
	}
}

static int make_sources(struct ip_mc_dev *m, const struct mc_filter *f)
{
	for (u32 i = 0; i < f->nr; i++) {
		struct ip_mc_src *s;

		if (find_src(m, &f->src[i]))
			continue;
		s = kzalloc(sizeof(*s), GFP_ATOMIC);
		if (!s)
			return -ENOMEM;
		s->addr = f->src[i];
		list_add_tail(&s->link, &m->srcs);
	}
	return 0;
}

static void count(struct ip_mc_dev *m, const struct mc_filter *f, u32 n)
{
	u32 how = f->include ? MC_INCLUDE : MC_EXCLUDE;

	if (!f->member)
		return;
	WRITE_ONCE(m->users, m->users + n);
	WRITE_ONCE(m->count[how], m->count[how] + n);
	for (u32 i = 0; i < f->nr; i++) {
		struct ip_mc_src *s = find_src(m, &f->src[i]);

		if (s)
			WRITE_ONCE(s->count[how], s->count[how] + n);
	}
}

/* What there is to tell after a change. */
static void note(struct inet_dev *id, struct ip_mc_dev *m, bool was_excluding)
{
	u8 times = robustness(id, ipaddr_is4(&m->group));
	bool mode = excludes(m) != was_excluding, any = mode;
	struct ip_mc_src *s;

	list_for_each_entry(s, &m->srcs, link) {
		if (mode)
			s->left = 0;
		else if (listed(m, s) != s->was)
			s->left = times, any = true;
	}
	if (mode)
		m->mode_left = times;
	prune(m);
	if (any && told(id, &m->group))
		WRITE_ONCE(m->report_ns, within(clock_monotonic_ns(), FIRST_NS));
}

static void forget_gone(struct mc_querier *q, const struct ipaddr *g)
{
	struct mc_gone *x, *n;

	list_for_each_entry_safe(x, n, &q->gone, link) {
		if (!g || ipaddr_eq(&x->group, g)) {
			list_del(&x->link);
			kfree(x);
		}
	}
}

/* Nobody is left in the group; it is off the list. */
static void part(struct inet_dev *id, const struct ip_mc_dev *m, bool was_excluding)
{
	struct mc_querier *q = mc_querier(id, ipaddr_is4(&m->group));
	struct ip_mc_src *s;
	struct mc_gone *x, *o;
	u32 n = 0, gone = 0;

	if (!told(id, &m->group) || !netdev_running(id->dev))
		return;
	list_for_each_entry(s, &m->srcs, link)
		n += s->was;
	list_for_each_entry(o, &q->gone, link)
		gone++;
	x = gone < GONE_MAX ? kzalloc(sizeof(*x) + n * sizeof(x->src[0]), GFP_ATOMIC) : NULL;
	if (!x)
		return;		/* the router's next query finds out */
	x->group = m->group;
	x->excluded = was_excluding;
	x->reporter = m->reporter;
	x->left = robustness(id, ipaddr_is4(&m->group));
	x->at = clock_monotonic_ns();
	list_for_each_entry(s, &m->srcs, link)
		if (s->was && !was_excluding && x->nr < n)
			x->src[x->nr++] = s->addr;
	list_add_tail(&x->link, &q->gone);
}

static void free_group(struct ip_mc_dev *m)
{
	struct ip_mc_src *s, *n;

	list_for_each_entry_safe(s, n, &m->srcs, link) {
		list_del_rcu(&s->link);
		kfree_rcu(s, rcu);
	}
	kfree_rcu(m, rcu);
}

/* --- by members --- */

/* The group, there already or *fresh. mc_lock held. */
static struct ip_mc_dev *enter(struct inet_dev *id, const struct ipaddr *g, struct ip_mc_dev **fresh)
{
	struct ip_mc_dev *m = find(id, g);

	if (m || !*fresh)
		return m;
	m = *fresh;
	*fresh = NULL;
	m->group = *g;
	list_init(&m->srcs);
	forget_gone(mc_querier(id, ipaddr_is4(g)), g);
	list_add_tail(&m->link, groups(id, ipaddr_is4(g)));
	return m;
}

/* mc_lock held. 1: the group came, -1: it went, 0. Or -ENOMEM. */
static int change(struct inet_dev *id, struct ip_mc_dev *m, const struct mc_filter *from, const struct mc_filter *to, int *moved)
{
	bool was = excludes(m), fresh = !m->users;
	struct ip_mc_src *s;
	int err;

	list_for_each_entry(s, &m->srcs, link)
		s->was = listed(m, s);
	err = make_sources(m, to);
	if (err) {
		prune(m);
		if (fresh) {
			list_del_rcu(&m->link);
			free_group(m);
		}
		return err;
	}
	count(m, to, 1);
	count(m, from, -1u);
	*moved = fresh - !m->users;
	if (m->users) {
		note(id, m, was);
		return 0;
	}
	list_del_rcu(&m->link);
	part(id, m, was);
	free_group(m);
	return 0;
}

int inet_mc_filter(struct net_device *dev, const struct ipaddr *g, const struct mc_filter *from, const struct mc_filter *to)
{
	struct ip_mc_dev *m, *fresh = to->member ? kzalloc(sizeof(*fresh), GFP_KERNEL) : NULL;
	struct inet_dev *id = dev_inet(dev);
	u8 mac[NETDEV_MAX_ADDR];
	int err, moved = 0;

	if (!id || (to->member && !fresh)) {
		kfree(fresh);
		return id ? -ENOMEM : to->member ? -ENODEV : 0;
	}
	spin_lock(&id->mc_lock);
	m = enter(id, g, &fresh);
	err = m ? change(id, m, from, to, &moved) : 0;
	spin_unlock(&id->mc_lock);
	kfree(fresh);
	if (err)
		return err;
	ip6_kick(dev->net, clock_monotonic_ns());
	group_mac(g, mac);
	if (moved < 0)
		netdev_mc_del(dev, mac);
	return moved > 0 ? netdev_mc_add(dev, mac) : 0;
}

static const struct mc_filter nobody, everything = { .member = true };

int inet_mc_dev_join(struct net_device *dev, const struct ipaddr *g)
{
	return inet_mc_filter(dev, g, &nobody, &everything);
}

void inet_mc_dev_leave(struct net_device *dev, const struct ipaddr *g)
{
	if (dev_inet(dev) && inet_mc_filter(dev, g, &everything, &nobody))
		return;
}

void inet_mc_dev_flush(struct inet_dev *id)
{
	struct ip_mc_dev *m, *n;

	spin_lock(&id->mc_lock);
	for (u32 i = 0; i < 2; i++) {
		forget_gone(mc_querier(id, i), NULL);
		list_for_each_entry_safe(m, n, groups(id, i), link) {
			list_del_rcu(&m->link);
			free_group(m);
		}
	}
	spin_unlock(&id->mc_lock);
}

bool inet_mc_member(struct net_device *dev, const struct ipaddr *group, const struct ipaddr *src)
{
	struct inet_dev *id;
	struct ip_mc_dev *m;
	bool wanted = false;

	if (ipaddr_is4(group) && be32(group->w[3]) == 0xe0000001u)
		return true;	/* all hosts */
	rcu_read_lock();
	id = dev_inet(dev);
	m = id ? find(id, group) : NULL;
	if (m) {
		const struct ip_mc_src *s = src && !ipaddr_any(src) ? find_src(m, src) : NULL;

		wanted = !src || ipaddr_any(src) || READ_ONCE(m->count[MC_EXCLUDE]);
		if (s)
			wanted = READ_ONCE(s->count[MC_INCLUDE]) ||
				READ_ONCE(s->count[MC_EXCLUDE]) != READ_ONCE(m->count[MC_EXCLUDE]);
	}
	rcu_read_unlock();
	return wanted;
}

/* --- what is to be told --- */

void mc_tell_all(struct inet_dev *id, bool v4)
{
	u64 now = clock_monotonic_ns();
	struct ip_mc_dev *m;

	spin_lock(&id->mc_lock);
	list_for_each_entry(m, groups(id, v4), link) {
		if (!told(id, &m->group))
			continue;
		if (excludes(m)) {
			m->mode_left = robustness(id, v4);
			WRITE_ONCE(m->report_ns, now);
		} else {
			WRITE_ONCE(m->query_ns, now);
			m->by_source = false;
		}
	}
	spin_unlock(&id->mc_lock);
	ip6_kick(id->dev->net, now);
}

void mc_flush(struct inet_dev *id, bool v4)
{
	struct mc_querier *q = mc_querier(id, v4);
	struct ip_mc_dev *m;

	spin_lock(&id->mc_lock);
	forget_gone(q, NULL);
	list_for_each_entry(m, groups(id, v4), link) {
		m->mode_left = excludes(m) ? robustness(id, v4) : 0;	/* said again when it comes up */
		WRITE_ONCE(m->report_ns, 0);
		WRITE_ONCE(m->query_ns, 0);
	}
	q->general_ns = 0;
	WRITE_ONCE(q->v1_until, 0);
	WRITE_ONCE(q->v2_until, 0);
	spin_unlock(&id->mc_lock);
}

/* Room for one more record with n sources: how many of these fit. False: not even the record. */
static bool room(const struct mc_report *rep, bool v4, u32 *n)
{
	u32 head = v4 ? 8 : 20, each = v4 ? 4 : 16;

	if (rep->nr == REPORT_RECORDS || rep->bytes + head + (*n ? each : 0) > REPORT_BYTES)
		return false;
	*n = min(*n, min((REPORT_BYTES - rep->bytes - head) / each, REPORT_SOURCES - rep->nr_src));
	return true;
}

static struct mc_record *begin(struct mc_report *rep, u8 type, const struct ipaddr *g)
{
	struct mc_record *r = &rep->r[rep->nr++];

	*r = (struct mc_record){ .type = type, .group = *g, .first = rep->nr_src };
	rep->bytes += ipaddr_is4(g) ? 8 : 20;
	return r;
}

static void add(struct mc_report *rep, struct mc_record *r, const struct ipaddr *a)
{
	rep->src[rep->nr_src++] = *a;
	rep->bytes += ipaddr_is4(&r->group) ? 4 : 16;
	r->nr++;
}

static u32 nr_listed(const struct ip_mc_dev *m)
{
	const struct ip_mc_src *s;
	u32 n = 0;

	list_for_each_entry(s, &m->srcs, link)
		n += listed(m, s);
	return n;
}

/* The state as it is. A list that does not fit is cut: of excluded ones too much is heard, of included ones the next query
   brings the rest, as they are told by their changes. False: no room. */
static bool state_record(struct mc_report *rep, const struct ip_mc_dev *m, u8 type)
{
	const struct ip_mc_src *s;
	u32 n = nr_listed(m);
	struct mc_record *r;

	if (!room(rep, ipaddr_is4(&m->group), &n))
		return false;
	r = begin(rep, type, &m->group);
	list_for_each_entry(s, &m->srcs, link)
		if (listed(m, s) && r->nr < n)
			add(rep, r, &s->addr);
	return true;
}

/* An answer to a query for the group, or for sources of it. */
static bool answer(struct mc_report *rep, struct ip_mc_dev *m)
{
	struct mc_record *r = NULL;
	struct ip_mc_src *s;
	u32 n = 1;

	if (!m->by_source)
		return (!excludes(m) && !nr_listed(m)) || state_record(rep, m, excludes(m) ? MODE_IS_EXCLUDE : MODE_IS_INCLUDE);
	list_for_each_entry(s, &m->srcs, link) {
		bool tell = s->asked && listed(m, s) != excludes(m);

		s->asked = false;
		if (!tell || !room(rep, ipaddr_is4(&m->group), &n) || !n)
			continue;
		if (!r)
			r = begin(rep, MODE_IS_INCLUDE, &m->group);
		add(rep, r, &s->addr);
	}
	return true;
}

/* Sources that came (or went). */
static void source_records(struct mc_report *rep, struct ip_mc_dev *m, bool came)
{
	struct mc_record *r = NULL;
	struct ip_mc_src *s;

	list_for_each_entry(s, &m->srcs, link) {
		u32 n = 1;

		if (!s->left || (listed(m, s) != excludes(m)) != came || !room(rep, ipaddr_is4(&m->group), &n) || !n)
			continue;
		if (!r)
			r = begin(rep, came ? ALLOW_NEW : BLOCK_OLD, &m->group);
		add(rep, r, &s->addr);
		s->left--;
	}
}

/* Changes of a group; is there more to tell? */
static bool changes(struct mc_report *rep, struct ip_mc_dev *m)
{
	bool more = false;
	struct ip_mc_src *s;

	if (m->mode_left) {
		if (state_record(rep, m, excludes(m) ? TO_EXCLUDE : TO_INCLUDE))
			m->mode_left--;
		return m->mode_left;
	}
	source_records(rep, m, true);
	source_records(rep, m, false);
	list_for_each_entry(s, &m->srcs, link)
		more |= s->left > 0;
	prune(m);
	return more;
}

static u64 gone_records(struct mc_querier *q, bool v4, u64 now, u64 interval, struct mc_report *rep)
{
	struct mc_gone *x, *n;
	u64 next = 0;

	list_for_each_entry_safe(x, n, &q->gone, link) {
		u32 fits = x->nr;

		if (now >= x->at && room(rep, v4, &fits)) {
			struct mc_record *r = begin(rep, x->excluded ? TO_INCLUDE : BLOCK_OLD, &x->group);

			r->gone = true;
			r->reporter = x->reporter;
			for (u32 i = 0; i < fits; i++)
				add(rep, r, &x->src[i]);
			x->at = within(now, interval);
			if (!--x->left) {
				list_del(&x->link);
				kfree(x);
				continue;
			}
		}
		next = sooner(next, x->at);
	}
	return next;
}

u64 mc_collect(struct inet_dev *id, bool v4, u64 now, u64 interval, struct mc_report *rep)
{
	struct mc_querier *q = mc_querier(id, v4);
	bool general = q->general_ns && now >= q->general_ns;
	struct ip_mc_dev *m;
	u64 next = 0;

	list_for_each_entry(m, groups(id, v4), link) {
		if (!told(id, &m->group))
			continue;
		if (general && !m->query_ns) {
			WRITE_ONCE(m->query_ns, now);
			m->by_source = false;
		}
		if (m->report_ns && now >= m->report_ns) {
			WRITE_ONCE(m->report_ns, changes(rep, m) ? within(now, interval) : 0);
			m->reporter |= rep->old;
		}
		if (m->query_ns && now >= m->query_ns && answer(rep, m)) {
			WRITE_ONCE(m->query_ns, 0);
			m->reporter |= rep->old;
		}
		next = sooner(next, sooner(m->report_ns, m->query_ns));
	}
	if (general)
		q->general_ns = 0;
	return sooner(sooner(next, q->general_ns), gone_records(q, v4, now, interval, rep));
}

/* --- questions --- */

static void ask(struct ip_mc_dev *m, const u8 *src, u32 n, u64 at)
{
	struct ip_mc_src *s;

	if (n && m->query_ns && !m->by_source)
		return;		/* all of it is going to be told */
	m->by_source = n > 0;
	list_for_each_entry(s, &m->srcs, link) {
		for (u32 i = 0; i < n; i++)
			s->asked |= ipaddr_is4(&m->group) ? !memcmp(&s->addr.w[3], src + 4 * i, 4) :
				!memcmp(&s->addr, src + 16 * i, 16);
	}
	WRITE_ONCE(m->query_ns, sooner(m->query_ns, at));
}

void mc_query(struct inet_dev *id, bool v4, const struct ipaddr *g, const u8 *src, u32 n, u64 max_ns)
{
	u64 at = within(clock_monotonic_ns(), max_ns);
	struct mc_querier *q = mc_querier(id, v4);
	struct ip_mc_dev *m;

	spin_lock(&id->mc_lock);
	if (ipaddr_any(g)) {
		q->general_ns = sooner(q->general_ns, at);
	} else {
		m = find(id, g);
		if (m && told(id, g))
			ask(m, src, n, at);
	}
	spin_unlock(&id->mc_lock);
	ip6_kick(id->dev->net, at);
}

void mc_heard(struct inet_dev *id, const struct ipaddr *g)
{
	struct ip_mc_dev *m;

	spin_lock(&id->mc_lock);
	m = find(id, g);
	if (m && !m->mode_left) {
		WRITE_ONCE(m->query_ns, 0);
		WRITE_ONCE(m->report_ns, 0);
		m->reporter = false;
	}
	spin_unlock(&id->mc_lock);
}
