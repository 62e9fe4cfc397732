/* SPDX-License-Identifier: MPL-2.0 */
/* Resource limits, usage and priorities. */
#ifndef UAPI_LINUX_RESOURCE_H
#define UAPI_LINUX_RESOURCE_H

#include <uapi/linux/time.h>
#include <uapi/linux/types.h>

#define RLIMIT_CPU		0	/* seconds */
#define RLIMIT_FSIZE		1
#define RLIMIT_DATA		2
#define RLIMIT_STACK		3
#define RLIMIT_CORE		4
#define RLIMIT_RSS		5
#define RLIMIT_NPROC		6
#define RLIMIT_NOFILE		7
#define RLIMIT_MEMLOCK		8
#define RLIMIT_AS		9
#define RLIMIT_LOCKS		10
#define RLIMIT_SIGPENDING	11
#define RLIMIT_MSGQUEUE		12
#define RLIMIT_NICE		13
#define RLIMIT_RTPRIO		14
#define RLIMIT_RTTIME		15	/* microseconds */
#define RLIM_NLIMITS		16
#define RLIM_INFINITY		(~0ul)
#define RLIM64_INFINITY		(~0ull)

struct rlimit {
	__u64 rlim_cur;
	__u64 rlim_max;
};
UAPI_SIZE(struct rlimit, 16);

struct rlimit64 {
	__u64 rlim_cur;
	__u64 rlim_max;
};
UAPI_SIZE(struct rlimit64, 16);

#define RUSAGE_SELF	0
#define RUSAGE_CHILDREN	(-1)
#define RUSAGE_BOTH	(-2)
#define RUSAGE_THREAD	1

struct rusage {
	struct timeval ru_utime;
	struct timeval ru_stime;
	__s64 ru_maxrss;	/* KiB */
	__s64 ru_ixrss;
	__s64 ru_idrss;
	__s64 ru_isrss;
	__s64 ru_minflt;
	__s64 ru_majflt;
	__s64 ru_nswap;
	__s64 ru_inblock;
	__s64 ru_oublock;
	__s64 ru_msgsnd;
	__s64 ru_msgrcv;
	__s64 ru_nsignals;
	__s64 ru_nvcsw;
	__s64 ru_nivcsw;
};
UAPI_SIZE(struct rusage, 144);

#define PRIO_MIN	(-20)
#define PRIO_MAX	20
#define PRIO_PROCESS	0
#define PRIO_PGRP	1
#define PRIO_USER	2

#define IOPRIO_CLASS_SHIFT	13
#define IOPRIO_CLASS_NONE	0
#define IOPRIO_CLASS_RT		1
#define IOPRIO_CLASS_BE		2
#define IOPRIO_CLASS_IDLE	3
#define IOPRIO_WHO_PROCESS	1
#define IOPRIO_WHO_PGRP		2
#define IOPRIO_WHO_USER		3

#endif
