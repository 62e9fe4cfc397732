/* SPDX-License-Identifier: MPL-2.0 */
/* times(2). */
#ifndef UAPI_LINUX_TIMES_H
#define UAPI_LINUX_TIMES_H

#include <uapi/linux/types.h>

/* In ticks of USER_HZ = 100. */
struct tms {
	__s64 tms_utime;
	__s64 tms_stime;
	__s64 tms_cutime;
	__s64 tms_cstime;
};
UAPI_SIZE(struct tms, 32);

#define USER_HZ		100

#endif
