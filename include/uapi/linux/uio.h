/* SPDX-License-Identifier: MPL-2.0 */
/* readv(2), writev(2), preadv2(2), process_vm_readv(2). */
#ifndef UAPI_LINUX_UIO_H
#define UAPI_LINUX_UIO_H

#include <uapi/linux/types.h>

struct iovec {
	__u64 iov_base;		/* user address */
	__u64 iov_len;
};
UAPI_SIZE(struct iovec, 16);

#define UIO_MAXIOV	1024

#endif
