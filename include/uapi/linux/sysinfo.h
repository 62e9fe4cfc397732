/* SPDX-License-Identifier: MPL-2.0 */
/* sysinfo(2). */
#ifndef UAPI_LINUX_SYSINFO_H
#define UAPI_LINUX_SYSINFO_H

#include <uapi/linux/types.h>

#define SI_LOAD_SHIFT	16

struct sysinfo {
	__s64 uptime;
	__u64 loads[3];		/* fixed point, SI_LOAD_SHIFT */
	__u64 totalram;
	__u64 freeram;
	__u64 sharedram;
	__u64 bufferram;
	__u64 totalswap;
	__u64 freeswap;
	__u16 procs;
	__u16 pad;
	__u64 totalhigh;
	__u64 freehigh;
	__u32 mem_unit;
};
UAPI_SIZE(struct sysinfo, 112);

#endif
