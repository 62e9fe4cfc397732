/* SPDX-License-Identifier: MPL-2.0 */
/* The counters of /proc/net/snmp, netstat and snmp6, per CPU, from include/net/mib.def. */
#ifndef NET_MIB_H
#define NET_MIB_H

#include <base/types.h>
#include <core/percpu.h>
#include <core/preempt.h>

enum mib_item {
#define MIB(id, group, name)	MIB_##id,
#include <net/mib.def>
#undef MIB
	MIB_COUNT
};

struct mib {
	u64 v[MIB_COUNT];	/* [o] */
};

#endif
