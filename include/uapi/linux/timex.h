/* SPDX-License-Identifier: MPL-2.0 */
/* adjtimex(2), clock_adjtime(2). */
#ifndef UAPI_LINUX_TIMEX_H
#define UAPI_LINUX_TIMEX_H

#include <uapi/linux/time.h>
#include <uapi/linux/types.h>

struct timex {
	__u32 modes;
	__s64 offset;
	__s64 freq;
	__s64 maxerror;
	__s64 esterror;
	__s32 status;
	__s64 constant;
	__s64 precision;
	__s64 tolerance;
	struct timeval time;
	__s64 tick;
	__s64 ppsfreq;
	__s64 jitter;
	__s32 shift;
	__s64 stabil;
	__s64 jitcnt;
	__s64 calcnt;
	__s64 errcnt;
	__s64 stbcnt;
	__s32 tai;
	__s32 __reserved[11];
};
UAPI_SIZE(struct timex, 208);

#define ADJ_OFFSET		0x0001
#define ADJ_FREQUENCY		0x0002
#define ADJ_MAXERROR		0x0004
#define ADJ_ESTERROR		0x0008
#define ADJ_STATUS		0x0010
#define ADJ_TIMECONST		0x0020
#define ADJ_TAI			0x0080
#define ADJ_SETOFFSET		0x0100
#define ADJ_MICRO		0x1000
#define ADJ_NANO		0x2000
#define ADJ_TICK		0x4000
#define ADJ_OFFSET_SINGLESHOT	0x8001
#define ADJ_OFFSET_SS_READ	0xa001

#define STA_PLL		0x0001
#define STA_PPSFREQ	0x0002
#define STA_PPSTIME	0x0004
#define STA_FLL		0x0008
#define STA_INS		0x0010
#define STA_DEL		0x0020
#define STA_UNSYNC	0x0040
#define STA_FREQHOLD	0x0080
#define STA_PPSSIGNAL	0x0100
#define STA_PPSJITTER	0x0200
#define STA_PPSWANDER	0x0400
#define STA_PPSERROR	0x0800
#define STA_CLOCKERR	0x1000
#define STA_NANO	0x2000
#define STA_MODE	0x4000
#define STA_CLK		0x8000

#define TIME_OK		0
#define TIME_INS	1
#define TIME_DEL	2
#define TIME_OOP	3
#define TIME_WAIT	4
#define TIME_ERROR	5

#endif
