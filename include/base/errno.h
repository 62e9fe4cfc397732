/* SPDX-License-Identifier: MPL-2.0 */
/* Error numbers: Linux's own, and the internal ones that never reach user space (signal restart). */
#ifndef BASE_ERRNO_H
#define BASE_ERRNO_H

#include <uapi/linux/errno.h>

/* A call that a signal interrupted; how signal delivery treats it (signal(7)). */
#define ERESTARTSYS		512	/* restart if SA_RESTART, else EINTR */
#define ERESTARTNOINTR		513	/* restart always */
#define ERESTARTNOHAND		514	/* restart if no handler ran, else EINTR */
#define ERESTART_RESTARTBLOCK	516	/* restart through sys_restart_syscall */
#define ENOIOCTLCMD		515	/* the driver does not know this ioctl: ENOTTY to user space */
#define ENOPARAM		519	/* internal: an option that the file system does not know */
#define ETOOSMALL	525	/* reaches user space from ETHTOOL_GPERMADDR, as on Linux */
#define EIOCBQUEUED		529	/* internal: under way, kiocb.complete comes */
#define EPROBE_AGAIN		517	/* internal: the lock-free attempt failed, take the slow path */

#endif
