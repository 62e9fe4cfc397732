/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Integer types that the ABI headers are written in. The 64-bit ones are `long`, the type that
 * <stdint.h> gives uint64_t here, so that kernel u64 and ABI __u64 are one type to the compiler.
 */
#ifndef UAPI_LINUX_TYPES_H
#define UAPI_LINUX_TYPES_H

#ifndef __ASSEMBLY__

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long __u64;
typedef signed char __s8;
typedef short __s16;
typedef int __s32;
typedef long __s64;

/* Network byte order, as the socket addresses have it. */
typedef __u16 __be16;
typedef __u32 __be32;

#define UAPI_SIZE(type, size) _Static_assert(sizeof(type) == (size), "ABI size of " #type)

#endif
#endif
