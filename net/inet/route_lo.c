/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Packets that come by lo were routed on their way out; that they are for this machine is found out again, once for each pair
 * of addresses: each CPU remembers the last answers. An answer holds no references and is good while route_gen has not moved.
 */
#include <base/string.h>
#include <core/percpu.h>
#include <core/preempt.h>

#include "route_impl.h"

#define SLOTS	4u

struct lo_route {
	struct net *net;		/* all: [this CPU, preemption off] */
	struct ipaddr src, dst;
	u32 mark, gen;
	int local_ifindex;
	u8 tos;
};
struct lo_routes { struct lo_route slot[SLOTS]; };
static DEFINE_PERCPU(struct lo_routes, lo_routes);

static u32 slot_of(const struct ipaddr *src, const struct ipaddr *dst)
{
	u32 x = src->w[3].raw ^ dst->w[3].raw ^ dst->w[3].raw >> 16;

	return (x ^ x >> 8 ^ x >> 24) % SLOTS;
}

bool lo_route_find(struct net *net, const struct ipaddr *src, const struct ipaddr *dst, u8 tos, u32 mark, int *owner)
{
	const struct lo_route *e;
	bool hit;

	preempt_disable();
	e = &this_cpu_ptr(lo_routes)->slot[slot_of(src, dst)];
	hit = e->net == net && e->gen == READ_ONCE(net_inet(net)->route_gen) && e->mark == mark && e->tos == tos &&
		ipaddr_eq(&e->dst, dst) && ipaddr_eq(&e->src, src);
	if (hit)
		*owner = e->local_ifindex;
	preempt_enable();
	return hit;
}

void lo_route_keep(struct net *net, const struct flow *f, const struct route *r, u32 gen)
{
	if (r->type != RTN_LOCAL || r->has_gw || r->dev || r->fib || f->oif)
		return;
	preempt_disable();
	this_cpu_ptr(lo_routes)->slot[slot_of(&f->src, &f->dst)] = (struct lo_route){ .net = net, .src = f->src, .dst = f->dst,
		.mark = f->mark, .gen = gen, .local_ifindex = r->local_ifindex, .tos = f->tos };
	preempt_enable();
}
