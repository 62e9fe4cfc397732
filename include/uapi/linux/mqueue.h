/* SPDX-License-Identifier: MPL-2.0 */
/* POSIX message queues. */
#ifndef UAPI_LINUX_MQUEUE_H
#define UAPI_LINUX_MQUEUE_H

#include <uapi/linux/types.h>

struct mq_attr {
	__s64 mq_flags;
	__s64 mq_maxmsg;
	__s64 mq_msgsize;
	__s64 mq_curmsgs;
	__s64 __reserved[4];
};
UAPI_SIZE(struct mq_attr, 64);

#endif
