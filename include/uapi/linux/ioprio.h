/* SPDX-License-Identifier: MPL-2.0 */
/* ioprio_get(2), ioprio_set(2). */
#ifndef UAPI_LINUX_IOPRIO_H
#define UAPI_LINUX_IOPRIO_H

#define IOPRIO_CLASS_SHIFT	13
#define IOPRIO_PRIO_MASK	((1UL << IOPRIO_CLASS_SHIFT) - 1)
#define IOPRIO_PRIO_CLASS(v)	((v) >> IOPRIO_CLASS_SHIFT)
#define IOPRIO_PRIO_VALUE(c, d)	((c) << IOPRIO_CLASS_SHIFT | (d))

#define IOPRIO_CLASS_NONE	0
#define IOPRIO_CLASS_RT		1
#define IOPRIO_CLASS_BE		2
#define IOPRIO_CLASS_IDLE	3

#define IOPRIO_NR_LEVELS	8
#define IOPRIO_BE_NORM		4

#define IOPRIO_WHO_PROCESS	1
#define IOPRIO_WHO_PGRP		2
#define IOPRIO_WHO_USER		3

#endif
