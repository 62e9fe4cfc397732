/* SPDX-License-Identifier: MPL-2.0 */
/* How ioctl numbers are put together: direction, size, type, number. */
#ifndef UAPI_LINUX_IOCTL_H
#define UAPI_LINUX_IOCTL_H

#define _IOC_NRBITS	8
#define _IOC_TYPEBITS	8
#define _IOC_SIZEBITS	14
#define _IOC_DIRBITS	2
#define _IOC_NRSHIFT	0
#define _IOC_TYPESHIFT	8
#define _IOC_SIZESHIFT	16
#define _IOC_DIRSHIFT	30
#define _IOC_NONE	0U
#define _IOC_WRITE	1U
#define _IOC_READ	2U

#define _IOC(dir, type, nr, size)	(((dir) << _IOC_DIRSHIFT) | ((type) << _IOC_TYPESHIFT) | \
					 ((nr) << _IOC_NRSHIFT) | ((size) << _IOC_SIZESHIFT))
#define _IO(type, nr)		_IOC(_IOC_NONE, (type), (nr), 0)
#define _IOR(type, nr, t)	_IOC(_IOC_READ, (type), (nr), (unsigned int)sizeof(t))
#define _IOW(type, nr, t)	_IOC(_IOC_WRITE, (type), (nr), (unsigned int)sizeof(t))
#define _IOWR(type, nr, t)	_IOC(_IOC_READ | _IOC_WRITE, (type), (nr), (unsigned int)sizeof(t))

#define _IOC_DIR(nr)	(((nr) >> _IOC_DIRSHIFT) & 3)
#define _IOC_TYPE(nr)	(((nr) >> _IOC_TYPESHIFT) & 0xff)
#define _IOC_NR(nr)	(((nr) >> _IOC_NRSHIFT) & 0xff)
#define _IOC_SIZE(nr)	(((nr) >> _IOC_SIZESHIFT) & 0x3fff)

#endif
