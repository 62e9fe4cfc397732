/* SPDX-License-Identifier: MPL-2.0 */
/* What a program's system calls are called by tracers and filters. */
#ifndef UAPI_LINUX_AUDIT_H
#define UAPI_LINUX_AUDIT_H

#define AUDIT_ARCH_X86_64	0xc000003eU
#define AUDIT_ARCH_I386		0x40000003U

#endif
