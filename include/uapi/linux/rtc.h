/* SPDX-License-Identifier: MPL-2.0 */
/* The real-time clock, /dev/rtc0: rtc(4). */
#ifndef UAPI_LINUX_RTC_H
#define UAPI_LINUX_RTC_H

#include <uapi/linux/ioctl.h>
#include <uapi/linux/types.h>

/* As struct tm: months from 0, years from 1900. */
struct rtc_time {
	__s32 tm_sec, tm_min, tm_hour;
	__s32 tm_mday, tm_mon, tm_year;
	__s32 tm_wday, tm_yday, tm_isdst;
};

struct rtc_wkalrm {
	__u8 enabled, pending;
	struct rtc_time time;
};

#define RTC_AIE_ON	_IO('p', 0x01)
#define RTC_AIE_OFF	_IO('p', 0x02)
#define RTC_UIE_ON	_IO('p', 0x03)
#define RTC_UIE_OFF	_IO('p', 0x04)
#define RTC_ALM_SET	_IOW('p', 0x07, struct rtc_time)
#define RTC_ALM_READ	_IOR('p', 0x08, struct rtc_time)
#define RTC_RD_TIME	_IOR('p', 0x09, struct rtc_time)
#define RTC_SET_TIME	_IOW('p', 0x0a, struct rtc_time)
#define RTC_WKALM_SET	_IOW('p', 0x0f, struct rtc_wkalrm)
#define RTC_WKALM_RD	_IOR('p', 0x10, struct rtc_wkalrm)

#endif
