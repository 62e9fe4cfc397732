/* SPDX-License-Identifier: MPL-2.0 */
/* Unix domain addresses. */
#ifndef UAPI_LINUX_UN_H
#define UAPI_LINUX_UN_H

#include <uapi/linux/types.h>

#define UNIX_PATH_MAX	108

struct sockaddr_un {
	__u16 sun_family;
	char sun_path[UNIX_PATH_MAX];
};
UAPI_SIZE(struct sockaddr_un, 110);

#define SIOCUNIXFILE	0x89E0

#endif
