/* SPDX-License-Identifier: MPL-2.0 */
/* pidfd_open(2). */
#ifndef UAPI_LINUX_PIDFD_H
#define UAPI_LINUX_PIDFD_H

#define PIDFD_NONBLOCK	00004000

#endif
