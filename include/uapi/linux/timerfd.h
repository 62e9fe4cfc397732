/* SPDX-License-Identifier: MPL-2.0 */
/* timerfd_create(2), timerfd_settime(2). */
#ifndef UAPI_LINUX_TIMERFD_H
#define UAPI_LINUX_TIMERFD_H

#include <uapi/linux/ioctl.h>
#include <uapi/linux/types.h>

#define TFD_TIMER_ABSTIME	(1 << 0)
#define TFD_TIMER_CANCEL_ON_SET	(1 << 1)
#define TFD_CLOEXEC		02000000
#define TFD_NONBLOCK		00004000
#define TFD_IOC_SET_TICKS	_IOW('T', 0, __u64)

#endif
