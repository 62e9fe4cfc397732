/* SPDX-License-Identifier: MPL-2.0 */
/* The network namespace, the configuration lock, events and counters. Locks: rtnl guards the notifiers. */
#include <base/errno.h>
#include <core/cpumask.h>
#include <core/init.h>
#include <kernel/ns.h>
#include <net/net.h>

struct net init_net = {
	.ref = REF_INIT(1),
	.user_ns = &init_user_ns,
	.inum = 0xf0000075u,
	.devs = LIST_HEAD_INIT(init_net.devs),
};

static DEFINE_MUTEX(rtnl, RTNL);
static LIST_HEAD(notifiers);		/* [rtnl] */

void rtnl_lock(void)
{
	mutex_lock(&rtnl);
}

void rtnl_unlock(void)
{
	mutex_unlock(&rtnl);
}

int rtnl_lock_killable(void)
{
	return mutex_lock_killable(&rtnl);
}

bool rtnl_trylock(void)
{
	return mutex_trylock(&rtnl);
}

bool rtnl_is_locked(void)
{
	return mutex_is_locked(&rtnl);
}

void net_notifier_register(struct net_notifier *n)
{
	ASSERT(rtnl_is_locked());
	list_add_tail(&n->link, &notifiers);
}

void net_notifier_unregister(struct net_notifier *n)
{
	ASSERT(rtnl_is_locked());
	list_del(&n->link);
}

/* Neighbours change without rtnl: those who listen are registered at boot and stay, so the walk is safe. */
void net_notify(struct net *net, enum net_event ev, void *object)
{
	struct net_notifier *n;

	list_for_each_entry(n, &notifiers, link)
		n->fn(n, net, ev, object);
}

u64 net_mib_sum(const struct net *net, enum mib_item i)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(percpu_ptr(net->mib, cpu)->v[i]);
	return sum;
}

static int net_init(void)
{
	init_net.mib = percpu_alloc(sizeof(struct mib), 8);
	return init_net.mib ? 0 : -ENOMEM;
}
INITCALL_CORE(net_init);
