/* SPDX-License-Identifier: MPL-2.0 */
/* kcmp(2). */
#ifndef UAPI_LINUX_KCMP_H
#define UAPI_LINUX_KCMP_H

enum kcmp_type {
	KCMP_FILE,
	KCMP_VM,
	KCMP_FILES,
	KCMP_FS,
	KCMP_SIGHAND,
	KCMP_IO,
	KCMP_SYSVSEM,
	KCMP_EPOLL_TFD,
	KCMP_TYPES,
};

#endif
