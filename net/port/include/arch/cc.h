/* SPDX-License-Identifier: MPL-2.0 */
/* The compiler and the kernel as lwIP asks for them. */
#ifndef KEEL_LWIP_CC_H
#define KEEL_LWIP_CC_H

#include <base/assert.h>
#include <base/types.h>
#include <kernel/random.h>

#define LWIP_NO_STDDEF_H	1
#define LWIP_NO_STDINT_H	1
#define LWIP_NO_INTTYPES_H	1
#define LWIP_NO_LIMITS_H	1
#define LWIP_NO_CTYPE_H		1
#define LWIP_NO_UNISTD_H	1
typedef u8 u8_t;
typedef s8 s8_t;
typedef u16 u16_t;
typedef s16 s16_t;
typedef u32 u32_t;
typedef s32 s32_t;
typedef uintptr_t mem_ptr_t;
typedef u32 sys_prot_t;
#define X8_F	"02x"
#define U16_F	"u"
#define S16_F	"d"
#define X16_F	"x"
#define U32_F	"u"
#define S32_F	"d"
#define X32_F	"x"
#define SZT_F	"zu"
#define SSIZE_MAX	0x7fffffffL

#define BYTE_ORDER	LITTLE_ENDIAN
#define LWIP_RAND()	((u32_t)random_u64())
#define LWIP_PLATFORM_DIAG(x)	do { } while (0)
#define LWIP_PLATFORM_ASSERT(x)	do { ASSERT(!x); } while (0)
#define LWIP_NOASSERT	1
#define lwip_htons(x)	((u16_t)__builtin_bswap16(x))
#define lwip_htonl(x)	((u32_t)__builtin_bswap32(x))
#define LWIP_DONT_PROVIDE_BYTEORDER_FUNCTIONS	1

#endif
