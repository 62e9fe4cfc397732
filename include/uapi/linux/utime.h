/* SPDX-License-Identifier: MPL-2.0 */
/* utime(2). */
#ifndef UAPI_LINUX_UTIME_H
#define UAPI_LINUX_UTIME_H

#include <uapi/linux/types.h>

struct utimbuf {
	__s64 actime;
	__s64 modtime;
};
UAPI_SIZE(struct utimbuf, 16);

#endif
