/* SPDX-License-Identifier: MPL-2.0 */
/* close_range(2). */
#ifndef UAPI_LINUX_CLOSE_RANGE_H
#define UAPI_LINUX_CLOSE_RANGE_H

#define CLOSE_RANGE_UNSHARE	(1U << 1)
#define CLOSE_RANGE_CLOEXEC	(1U << 2)

#endif
