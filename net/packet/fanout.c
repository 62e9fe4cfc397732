/* SPDX-License-Identifier: MPL-2.0 */
/*
 * PACKET_FANOUT: sockets of AF_PACKET that share what comes. A group has one tap; its function chooses the member that gets
 * a packet. A group is of one protocol and device, and lives as long as it has members; a member whose device is down is one,
 * but not in arr. Members come and go under fanout_mutex (inside packet_sock.mutex); the tap's function reads arr under RCU,
 * and who takes a member out waits for it. Source: packet(7).
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/rcu.h>
#include <core/slab.h>
#include <kernel/random.h>

#include "internal.h"

#define MEMBERS_MAX	256u

struct packet_fanout {
	struct list_head link;		/* [fanout_mutex] */
	struct pkt_tap tap;		/* [fanout_mutex] in place while nr is not 0 */
	struct net *net;		/* [I] */
	u16 id;				/* [I] */
	u8 type, flags;			/* [I] flags: the upper byte of type_flags */
	u32 most;			/* [I] members */
	u32 members;			/* [fanout_mutex] */
	u32 next;			/* [a] PACKET_FANOUT_LB */
	u32 nr;				/* [fanout_mutex; r] in arr */
	struct packet_sock *arr[MEMBERS_MAX];	/* [fanout_mutex; r] */
};

static DEFINE_MUTEX(fanout_mutex, LEAF_MUTEX);
static LIST_HEAD(groups);		/* [fanout_mutex] */

static bool has_flag(const struct packet_fanout *f, u32 flag) { return (u32)f->flags << 8 & flag; }

/* --- choosing: in an RCU section --- */

static u32 mix(u32 h, u32 v)
{
	h = (h ^ v) * 0x9e3779b1u;
	return h ^ h >> 15;
}

static u32 word(const u8 *p)
{
	u32 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* The same for both directions of a flow. Fragments: by addresses. */
static u32 flow_hash(const struct pkt *p)
{
	const u8 *n = p->head + p->net_off, *ports = NULL;
	u32 have = n < p->tail ? (u32)(p->tail - n) : 0, a = 0, b = 0, h, proto = 0;

	if (be16(p->protocol) == ETH_P_IP && have >= 20) {
		a = word(n + 12);
		b = word(n + 16);
		proto = n[9];
		if (!((n[6] << 8 | n[7]) & (IP_MF | IP_OFFMASK)) && have >= (n[0] & 15u) * 4 + 4)
			ports = n + (n[0] & 15u) * 4;
	} else if (be16(p->protocol) == ETH_P_IPV6 && have >= 40) {
		for (u32 i = 0; i < 16; i += 4) {
			a = mix(a, word(n + 8 + i));
			b = mix(b, word(n + 24 + i));
		}
		proto = n[6];
		ports = have >= 44 ? n + 40 : NULL;
	}
	h = mix(mix(mix(0, a ^ b), a + b), proto | (u32)p->protocol.raw << 16);
	if (ports && (proto == 6 || proto == 17 || proto == 132 || proto == 136))
		h = mix(h, (u32)(ports[0] << 8 | ports[1]) + (u32)(ports[2] << 8 | ports[3]));
	return h;
}

/* A member with room: the one chosen, if it may be, else the next that has some. */
static u32 roll(struct packet_fanout *f, const struct pkt *p, u32 i, u32 nr)
{
	struct packet_sock *k = READ_ONCE(f->arr[i]);

	if (!k || packet_has_room(k, p))
		return i;
	for (u32 n = 1; n < nr; n++) {
		u32 j = (i + n) % nr;
		struct packet_sock *o = READ_ONCE(f->arr[j]);

		if (o && packet_has_room(o, p)) {
			__atomic_fetch_add(&k->rolled, 1, __ATOMIC_RELAXED);
			return j;
		}
	}
	__atomic_fetch_add(&k->roll_failed, 1, __ATOMIC_RELAXED);
	return i;
}

static u32 choose(struct packet_fanout *f, const struct pkt *p, u32 nr)
{
	u32 i = 0;

	switch (f->type) {
	case PACKET_FANOUT_HASH:
		i = (u32)((u64)flow_hash(p) * nr >> 32);
		break;
	case PACKET_FANOUT_LB:
		i = __atomic_fetch_add(&f->next, 1, __ATOMIC_RELAXED) % nr;
		break;
	case PACKET_FANOUT_CPU:
		i = (u32)this_cpu_id() % nr;
		break;
	case PACKET_FANOUT_RND:
		i = random_u32_below(nr);
		break;
	case PACKET_FANOUT_QM:
		i = p->queue % nr;
		break;
	case PACKET_FANOUT_ROLLOVER:
		return roll(f, p, 0, nr);
	}
	return has_flag(f, PACKET_FANOUT_FLAG_ROLLOVER) ? roll(f, p, i, nr) : i;
}

static void fanout_tap(struct pkt_tap *t, struct net_device *dev, struct pkt *p)
{
	struct packet_fanout *f = container_of(t, struct packet_fanout, tap);
	u32 nr = READ_ONCE(f->nr);
	struct packet_sock *k = NULL;

	if (nr && !(p->type == PKT_OUTGOING && has_flag(f, PACKET_FANOUT_FLAG_IGNORE_OUTGOING)))
		k = READ_ONCE(f->arr[choose(f, p, nr)]);
	if (k)
		packet_deliver(k, dev, p);
	else
		pkt_free(p);
}

/* --- members: packet_sock.mutex held --- */

void packet_fanout_link(struct packet_sock *k)
{
	struct packet_fanout *f = k->fanout;

	mutex_lock(&fanout_mutex);
	WRITE_ONCE(f->arr[f->nr], k);
	smp_store_release(&f->nr, f->nr + 1);
	if (f->nr == 1) {
		f->tap = (struct pkt_tap){ .dev = k->dev, .ethertype = k->protocol, .fn = fanout_tap };
		pkt_tap_add(&f->tap);
	}
	mutex_unlock(&fanout_mutex);
}

void packet_fanout_unlink(struct packet_sock *k)
{
	struct packet_fanout *f = k->fanout;
	u32 i;

	mutex_lock(&fanout_mutex);
	for (i = 0; i < f->nr && f->arr[i] != k; i++)
		;
	if (i < f->nr) {
		WRITE_ONCE(f->arr[i], f->arr[f->nr - 1]);	/* what is behind nr stays readable till the end of this */
		WRITE_ONCE(f->nr, f->nr - 1);
		if (f->nr)
			synchronize_rcu();
		else
			pkt_tap_del(&f->tap);
		WRITE_ONCE(f->arr[f->nr], NULL);
	}
	mutex_unlock(&fanout_mutex);
}

void packet_fanout_leave(struct packet_sock *k)
{
	struct packet_fanout *f = k->fanout;

	if (!f)
		return;
	mutex_lock(&fanout_mutex);
	WRITE_ONCE(k->fanout, NULL);
	if (!--f->members) {
		list_del(&f->link);
		kfree(f);	/* its tap is gone, and whoever ran it */
	}
	mutex_unlock(&fanout_mutex);
}

static struct packet_fanout *find(const struct net *net, u16 id)
{
	struct packet_fanout *f;

	list_for_each_entry(f, &groups, link)
		if (f->id == id && f->net == net)
			return f;
	return NULL;
}

static int free_id(const struct net *net, u16 *id)
{
	for (u32 i = 0; i < 65536; i++) {
		*id = (u16)(*id + 1);
		if (!find(net, *id))
			return 0;
	}
	return -ENOMEM;
}

/* fanout_mutex held. The group to join; a new one has no members. ERR_PTR. */
static struct packet_fanout *group(struct packet_sock *k, const struct fanout_args *a)
{
	static u16 last;
	struct packet_fanout *f;
	u32 flags = a->type_flags & 0xff00;
	u16 id = a->id;

	if (flags & PACKET_FANOUT_FLAG_UNIQUEID) {
		if (id)
			return ERR_PTR(-EINVAL);
		if (free_id(k->net, &last))
			return ERR_PTR(-ENOMEM);
		id = last;
		flags &= ~(u32)PACKET_FANOUT_FLAG_UNIQUEID;
	}
	f = find(k->net, id);
	if (f)
		return f->flags != flags >> 8 || (a->max_num_members && a->max_num_members != f->most) ? ERR_PTR(-EINVAL) : f;
	if (a->max_num_members > MEMBERS_MAX)
		return ERR_PTR(-EINVAL);
	f = kzalloc(sizeof(*f), GFP_KERNEL);
	if (!f)
		return ERR_PTR(-ENOMEM);
	f->net = k->net;
	f->id = id;
	f->type = (u8)a->type_flags;
	f->flags = (u8)(flags >> 8);
	f->most = a->max_num_members ? a->max_num_members : MEMBERS_MAX;
	f->tap = (struct pkt_tap){ .dev = k->dev, .ethertype = k->protocol };
	list_add_tail(&f->link, &groups);
	return f;
}

/* packet_sock.mutex held. */
static int join(struct packet_sock *k, const struct fanout_args *a)
{
	struct packet_fanout *f;
	int err = 0;

	if (k->fanout)
		return -EALREADY;
	mutex_lock(&fanout_mutex);
	f = group(k, a);
	if (IS_ERR(f)) {
		mutex_unlock(&fanout_mutex);
		return (int)PTR_ERR(f);
	}
	if (!k->hooked || f->type != (u8)a->type_flags || f->tap.ethertype != k->protocol || f->tap.dev != k->dev)
		err = -EINVAL;
	else if (f->members >= f->most)
		err = -ENOSPC;
	else
		f->members++;
	if (err && !f->members) {
		list_del(&f->link);
		kfree(f);
	}
	mutex_unlock(&fanout_mutex);
	if (err)
		return err;
	packet_unhook(k);
	WRITE_ONCE(k->fanout, f);
	packet_rehook(k);
	return 0;
}

int packet_fanout_set(struct packet_sock *k, uaddr_t val, int len)
{
	struct fanout_args a = { 0 };
	u32 type;
	int err;

	if (len != (int)sizeof(u32) && len != (int)sizeof(a))
		return -EINVAL;
	if (copy_in_bytes(&a, val, (size_t)len))
		return -EFAULT;
	type = a.type_flags & 0xff;
	/* By program, and fragments joined before: not there. */
	if (type > PACKET_FANOUT_QM || a.type_flags & PACKET_FANOUT_FLAG_DEFRAG)
		return -EINVAL;
	if (type == PACKET_FANOUT_ROLLOVER && a.type_flags & PACKET_FANOUT_FLAG_ROLLOVER)
		return -EINVAL;
	mutex_lock(&k->mutex);
	err = join(k, &a);
	mutex_unlock(&k->mutex);
	return err;
}

int packet_fanout_get(struct packet_sock *k)
{
	const struct packet_fanout *f;
	u32 v = 0;

	mutex_lock(&k->mutex);
	f = k->fanout;
	if (f)
		v = f->id | (u32)f->type << 16 | (u32)f->flags << 24;
	mutex_unlock(&k->mutex);
	return (int)v;
}

bool packet_fanout_rolls(struct packet_sock *k)
{
	const struct packet_fanout *f;
	bool rolls;

	mutex_lock(&k->mutex);
	f = k->fanout;
	rolls = f && (f->type == PACKET_FANOUT_ROLLOVER || has_flag(f, PACKET_FANOUT_FLAG_ROLLOVER));
	mutex_unlock(&k->mutex);
	return rolls;
}
