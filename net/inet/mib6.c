/* SPDX-License-Identifier: MPL-2.0 */
/* The counters of IPv6 of one device, and ICMPv6's by type, of one and of all: each CPU's own, read without a lock. */
#include <core/cpumask.h>
#include <core/slab.h>

#include "ip6_impl.h"

static u64 all_types[512];		/* [a] */

void icmp6_count(struct net *net, const struct net_device *dev, u8 type, bool out)
{
	u32 i = type + (out ? 256u : 0u);
	struct inet_dev *id;

	if (out)
		IP6_INC(net, dev, ICMP6_OUTMSGS);
	__atomic_fetch_add(&all_types[i], 1, __ATOMIC_RELAXED);
	preempt_disable();
	id = dev ? dev_inet(dev) : NULL;
	if (id)
		id->mib6[this_cpu_id()].type[i]++;
	preempt_enable();
}

int mib6_attach(struct inet_dev *id)
{
	id->mib6 = kzalloc((size_t)nr_cpus * sizeof(*id->mib6), GFP_KERNEL);
	return id->mib6 ? 0 : -ENOMEM;
}

u64 mib6_type_count(const struct inet_dev *id, u32 i)
{
	u64 n = 0;
	int cpu;

	if (!id)
		return __atomic_load_n(&all_types[i], __ATOMIC_RELAXED);
	for_each_possible_cpu(cpu)
		n += READ_ONCE(id->mib6[cpu].type[i]);
	return n;
}
