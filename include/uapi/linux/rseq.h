/* SPDX-License-Identifier: MPL-2.0 */
/* rseq(2): the area shared with user space, and a critical section. */
#ifndef UAPI_LINUX_RSEQ_H
#define UAPI_LINUX_RSEQ_H

#include <uapi/linux/types.h>

#define RSEQ_CPU_ID_UNINITIALIZED		-1
#define RSEQ_CPU_ID_REGISTRATION_FAILED		-2
#define RSEQ_FLAG_UNREGISTER			(1 << 0)

#define RSEQ_CS_FLAG_NO_RESTART_ON_PREEMPT_BIT	0
#define RSEQ_CS_FLAG_NO_RESTART_ON_SIGNAL_BIT	1
#define RSEQ_CS_FLAG_NO_RESTART_ON_MIGRATE_BIT	2
#define RSEQ_CS_FLAG_NO_RESTART_ON_PREEMPT	(1U << 0)
#define RSEQ_CS_FLAG_NO_RESTART_ON_SIGNAL	(1U << 1)
#define RSEQ_CS_FLAG_NO_RESTART_ON_MIGRATE	(1U << 2)

struct rseq_cs {
	__u32 version;
	__u32 flags;
	__u64 start_ip;
	__u64 post_commit_offset;
	__u64 abort_ip;
} __attribute__((aligned(32)));
UAPI_SIZE(struct rseq_cs, 32);

struct rseq {
	__u32 cpu_id_start;
	__u32 cpu_id;
	__u64 rseq_cs;		/* user address of a struct rseq_cs */
	__u32 flags;
} __attribute__((aligned(32)));
UAPI_SIZE(struct rseq, 32);

#endif
