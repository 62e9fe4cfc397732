/* SPDX-License-Identifier: MPL-2.0 */
/* eventfd2(2). */
#ifndef UAPI_LINUX_EVENTFD_H
#define UAPI_LINUX_EVENTFD_H

#define EFD_SEMAPHORE	(1 << 0)
#define EFD_CLOEXEC	02000000
#define EFD_NONBLOCK	00004000

#endif
