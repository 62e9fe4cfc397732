/* SPDX-License-Identifier: MPL-2.0 */
/* poll(2), ppoll(2), select(2). */
#ifndef UAPI_LINUX_POLL_H
#define UAPI_LINUX_POLL_H

#include <uapi/linux/types.h>

#define POLLIN		0x0001
#define POLLPRI		0x0002
#define POLLOUT		0x0004
#define POLLERR		0x0008
#define POLLHUP		0x0010
#define POLLNVAL	0x0020
#define POLLRDNORM	0x0040
#define POLLRDBAND	0x0080
#define POLLWRNORM	0x0100
#define POLLWRBAND	0x0200
#define POLLMSG		0x0400
#define POLLREMOVE	0x1000
#define POLLRDHUP	0x2000

struct pollfd {
	__s32 fd;
	__s16 events;
	__s16 revents;
};
UAPI_SIZE(struct pollfd, 8);

/* The sixth argument of pselect6(2). */
struct sigset_argpack {
	__u64 p;		/* user address of the set */
	__u64 size;
};
UAPI_SIZE(struct sigset_argpack, 16);

#define FD_SETSIZE	1024

#endif
