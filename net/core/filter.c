/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Filters of sockets: programs of classic BPF, checked when they are attached, run for each packet in an RCU section.
 * A socket's filter is replaced under filter_mutex and freed after a grace period.
 */
#include <base/bpf.h>
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/mutex.h>
#include <core/percpu.h>
#include <core/rcu.h>
#include <core/slab.h>
#include <core/usercopy.h>
#include <kernel/cred.h>
#include <kernel/random.h>
#include <net/filter.h>
#include <net/netdev.h>

struct sock_filter_prog {
	struct rcu_head rcu;
	u32 len;			/* [I] */
	struct sock_filter f[];		/* [I] */
};

static DEFINE_MUTEX(filter_mutex, LEAF_MUTEX);

/* Offsets that mean more than bytes. */
#define SKF_AD_OFF	0xfffff000u
#define SKF_NET_OFF	0xfff00000u
#define SKF_LL_OFF	0xffe00000u
enum {
	AD_PROTOCOL = 0, AD_PKTTYPE = 4, AD_IFINDEX = 8, AD_MARK = 20, AD_QUEUE = 24, AD_HATYPE = 28, AD_RXHASH = 32, AD_CPU = 36,
	AD_ALU_XOR_X = 40, AD_VLAN_TAG = 44, AD_VLAN_TAG_PRESENT = 48, AD_RANDOM = 56,
};

/* --- running --- */

struct filter_packet {
	struct bpf_packet b;
	const struct pkt *p;
};

static bool ancillary(const struct pkt *p, u32 what, u32 a, u32 x, u32 *value)
{
	switch (what) {
	case AD_PROTOCOL:
		*value = be16(p->protocol);
		return true;
	case AD_PKTTYPE:
		*value = p->type;
		return true;
	case AD_IFINDEX:
		*value = p->dev ? (u32)p->dev->ifindex : 0;
		return p->dev != NULL;
	case AD_MARK:
		*value = p->mark;
		return true;
	case AD_QUEUE:
		*value = p->queue;
		return true;
	case AD_HATYPE:
		*value = p->dev ? p->dev->type : 0;
		return p->dev != NULL;
	case AD_RXHASH:
		*value = p->hash_valid ? p->hash : 0;
		return true;
	case AD_CPU:
		*value = (u32)this_cpu_id();
		return true;
	case AD_ALU_XOR_X:
		*value = a ^ x;
		return true;
	case AD_VLAN_TAG:
		*value = p->vlan_tci;
		return true;
	case AD_VLAN_TAG_PRESENT:
		*value = p->has_vlan;
		return true;
	case AD_RANDOM:
		random_bytes(value, sizeof(*value));
		return true;
	}
	return false;
}

static u32 number(const u8 *b, u32 size)
{
	u32 v = 0;

	for (u32 i = 0; i < size; i++)
		v = v << 8 | b[i];
	return v;
}

static bool bytes_at(const struct pkt *p, u32 off, u32 size, u32 *value)
{
	u8 b[4];

	if (off >= BPF_SPECIAL || pkt_read(p, off, b, size))
		return false;
	*value = number(b, size);
	return true;
}

static bool load(const struct bpf_packet *b, u32 off, u32 size, u32 a, u32 x, u32 *value)
{
	const struct pkt *p = ((const struct filter_packet *)b)->p;
	u32 data = (u32)(p->data - p->head);

	if (off < BPF_SPECIAL)
		return bytes_at(p, off, size, value);
	if (off >= SKF_AD_OFF)
		return ancillary(p, off - SKF_AD_OFF, a, x, value);
	/* From the network or link header on, which may lie before data. */
	if (off >= SKF_NET_OFF)
		off += p->net_off - SKF_NET_OFF;
	else if (off >= SKF_LL_OFF)
		off += p->mac_off - SKF_LL_OFF;
	else
		return false;
	if (off >= data)
		return bytes_at(p, off - data, size, value);
	if (size > data - off)
		return false;
	*value = number(p->head + off, size);
	return true;
}

u32 sock_prog_run(const struct sock_filter_prog *prog, const struct pkt *p)
{
	struct filter_packet fp = { { p->len, load }, p };

	return bpf_run_packet(prog->f, &fp.b);
}

u32 sock_filter_run(const struct sock_common *c, const struct pkt *p)
{
	const struct sock_filter_prog *prog;
	u32 n = ~0u;

	if (likely(!READ_ONCE(c->filter)))
		return n;
	rcu_read_lock();
	prog = rcu_dereference(((struct sock_common *)c)->filter);
	if (prog)
		n = sock_prog_run(prog, p);
	rcu_read_unlock();
	return n;
}

struct filter_bytes {
	struct bpf_packet b;
	const u8 *data;
};

static bool load_bytes(const struct bpf_packet *b, u32 off, u32 size, u32 a, u32 x, u32 *value)
{
	static const struct pkt none;
	const u8 *data = ((const struct filter_bytes *)b)->data;

	if (off >= SKF_AD_OFF)
		return ancillary(&none, off - SKF_AD_OFF, a, x, value);
	if (off >= SKF_NET_OFF)
		off -= SKF_NET_OFF;
	else if (off >= SKF_LL_OFF)
		off -= SKF_LL_OFF;
	if (off > b->len || size > b->len - off)
		return false;
	*value = number(data + off, size);
	return true;
}

u32 sock_filter_run_bytes(const struct sock_common *c, const void *data, u32 len)
{
	const struct sock_filter_prog *prog;
	u32 n = ~0u;

	if (likely(!READ_ONCE(c->filter)))
		return n;
	rcu_read_lock();
	prog = rcu_dereference(((struct sock_common *)c)->filter);
	if (prog) {
		struct filter_bytes fb = { { len, load_bytes }, data };

		n = bpf_run_packet(prog->f, &fb.b);
	}
	rcu_read_unlock();
	return n;
}

/* --- attaching --- */

/* A load of something that we do not have is refused here, not answered with 0 for ever. */
static bool known_loads(const struct sock_filter *f, u32 len)
{
	for (u32 i = 0; i < len; i++) {
		u32 what = f[i].k - SKF_AD_OFF;

		if (BPF_CLASS(f[i].code) != BPF_LD || BPF_MODE(f[i].code) != BPF_ABS || f[i].k < SKF_AD_OFF)
			continue;
		switch (what) {
		case AD_PROTOCOL: case AD_PKTTYPE: case AD_IFINDEX: case AD_MARK: case AD_QUEUE: case AD_HATYPE: case AD_RXHASH:
		case AD_CPU: case AD_ALU_XOR_X: case AD_VLAN_TAG: case AD_VLAN_TAG_PRESENT: case AD_RANDOM:
			continue;
		}
		return false;
	}
	return true;
}

static void replace(struct sock_common *c, struct sock_filter_prog *prog)
{
	struct sock_filter_prog *old = c->filter;

	rcu_assign_pointer(c->filter, prog);
	if (old)
		kfree_rcu(old, rcu);
}

struct sock_filter_prog *sock_prog_load(const struct sock_common *c, uaddr_t val, int len)
{
	struct sock_filter_prog *prog;
	struct sock_fprog in;
	int err;

	if (len != (int)sizeof(in))
		return ERR_PTR(-EINVAL);
	if (copy_in_bytes(&in, val, sizeof(in)))
		return ERR_PTR(-EFAULT);
	if (READ_ONCE(c->filter_locked))
		return ERR_PTR(-EPERM);
	if (!in.filter || !in.len || in.len > BPF_MAXINSNS)
		return ERR_PTR(-EINVAL);
	prog = kmalloc(sizeof(*prog) + in.len * sizeof(prog->f[0]), GFP_KERNEL);
	if (!prog)
		return ERR_PTR(-ENOMEM);
	prog->len = in.len;
	err = copy_in_bytes(prog->f, uaddr(in.filter), in.len * sizeof(prog->f[0]));
	if (!err)
		err = bpf_check(prog->f, in.len);
	if (!err && !known_loads(prog->f, in.len))
		err = -EINVAL;
	if (err) {
		kfree(prog);
		return ERR_PTR(err);
	}
	return prog;
}

void sock_prog_free(struct sock_filter_prog *prog)
{
	if (prog)
		kfree_rcu(prog, rcu);
}

static int attach(struct sock_common *c, uaddr_t val, int len)
{
	struct sock_filter_prog *prog = sock_prog_load(c, val, len);
	int err = 0;

	if (IS_ERR(prog))
		return (int)PTR_ERR(prog);
	mutex_lock(&filter_mutex);
	if (c->filter_locked)
		err = -EPERM;
	else
		replace(c, prog);
	mutex_unlock(&filter_mutex);
	if (err)
		kfree(prog);
	return err;
}

static int detach(struct sock_common *c)
{
	int err = 0;

	mutex_lock(&filter_mutex);
	if (c->filter_locked)
		err = -EPERM;
	else if (!c->filter)
		err = -ENOENT;
	else
		replace(c, NULL);
	mutex_unlock(&filter_mutex);
	return err;
}

static int lock_filter(struct sock_common *c, uaddr_t val, int len)
{
	int on, err = 0;

	if (len < (int)sizeof(on))
		return -EINVAL;
	if (copy_in_bytes(&on, val, sizeof(on)))
		return -EFAULT;
	mutex_lock(&filter_mutex);
	if (c->filter_locked && !on)
		err = -EPERM;
	else
		c->filter_locked = on != 0;
	mutex_unlock(&filter_mutex);
	return err;
}

int sock_filter_set(struct sock_common *c, int opt, uaddr_t val, int len)
{
	switch (opt) {
	case SO_ATTACH_FILTER:
		return attach(c, val, len);
	case SO_DETACH_FILTER:
		return detach(c);
	case SO_LOCK_FILTER:
		return lock_filter(c, val, len);
	}
	return -ENOPROTOOPT;
}

/* len counts instructions, in and out; 0 asks how many there are. */
int sock_filter_get(struct sock_common *c, uaddr_t val, uaddr_t ulen, int len)
{
	const struct sock_filter_prog *prog;
	int n = 0, err = 0;

	mutex_lock(&filter_mutex);
	prog = c->filter;
	if (prog) {
		n = (int)prog->len;
		if (len && len < n)
			err = -EINVAL;
		else if (len)
			err = copy_out_bytes(val, prog->f, (size_t)n * sizeof(prog->f[0]));
	}
	mutex_unlock(&filter_mutex);
	return err ? err : copy_out_bytes(ulen, &n, sizeof(n));
}

/* to is new and nobody else's. */
int sock_filter_inherit(struct sock_common *to, const struct sock_common *from)
{
	const struct sock_filter_prog *prog;
	int err = 0;

	if (likely(!READ_ONCE(from->filter)))
		return 0;
	rcu_read_lock();
	prog = rcu_dereference(((struct sock_common *)from)->filter);
	if (prog) {
		to->filter = kmemdup(prog, sizeof(*prog) + prog->len * sizeof(prog->f[0]), GFP_ATOMIC);
		err = to->filter ? 0 : -ENOMEM;
	}
	rcu_read_unlock();
	to->filter_locked = READ_ONCE(from->filter_locked);
	return err;
}

/* The last reference: nobody attaches any more, and the caller may hold a spinlock. */
void sock_filter_drop(struct sock_common *c)
{
	replace(c, NULL);
}
