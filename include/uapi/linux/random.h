/* SPDX-License-Identifier: MPL-2.0 */
/* getrandom(2) and the ioctls of /dev/random. */
#ifndef UAPI_LINUX_RANDOM_H
#define UAPI_LINUX_RANDOM_H

#include <uapi/linux/ioctl.h>
#include <uapi/linux/types.h>

#define GRND_NONBLOCK	0x0001
#define GRND_RANDOM	0x0002
#define GRND_INSECURE	0x0004

#define RNDGETENTCNT	_IOR('R', 0x00, int)
#define RNDADDTOENTCNT	_IOW('R', 0x01, int)
#define RNDGETPOOL	_IOR('R', 0x02, int[2])
#define RNDADDENTROPY	_IOW('R', 0x03, int[2])
#define RNDZAPENTCNT	_IO('R', 0x04)
#define RNDCLEARPOOL	_IO('R', 0x06)
#define RNDRESEEDCRNG	_IO('R', 0x07)

/* RNDADDENTROPY: buf_size bytes follow. */
struct rand_pool_info {
	__s32 entropy_count;
	__s32 buf_size;
	__u32 buf[];
};
UAPI_SIZE(struct rand_pool_info, 8);

#endif
