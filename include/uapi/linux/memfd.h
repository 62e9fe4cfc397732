/* SPDX-License-Identifier: MPL-2.0 */
/* memfd_create(2). */
#ifndef UAPI_LINUX_MEMFD_H
#define UAPI_LINUX_MEMFD_H

#define MFD_CLOEXEC		0x0001U
#define MFD_ALLOW_SEALING	0x0002U
#define MFD_HUGETLB		0x0004U
#define MFD_HUGE_SHIFT		26
#define MFD_HUGE_MASK		0x3f

#endif
