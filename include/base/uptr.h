/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Typed pointers into user memory. They hold an address and, as a phantom member of size zero, the
 * type that lies there; they cannot be dereferenced. UPTR_DEF(stat, struct stat) makes
 *   uin_stat   the kernel reads it      copy_in(&k, u)
 *   uout_stat  the kernel writes it     copy_out(u, &k)
 *   uio_stat   both
 * copy_in() and copy_out() (core/usercopy.h) check type and direction at compile time.
 */
#ifndef BASE_UPTR_H
#define BASE_UPTR_H

#include <base/compiler.h>
#include <base/types.h>

#define UPTR_DEF(name, type) \
	typedef struct { u64 addr; type *_in[0]; } uin_##name; \
	typedef struct { u64 addr; type *_out[0]; } uout_##name; \
	typedef struct { u64 addr; type *_in[0]; type *_out[0]; } uio_##name

UPTR_DEF(void, u8);
UPTR_DEF(s32, int);
UPTR_DEF(u32, u32);
UPTR_DEF(s64, s64);
UPTR_DEF(u64, u64);
/* A NUL-terminated string; an array of such, ended by NULL (execve). */
typedef struct { u64 addr; const char *_str[0]; } uin_str;
typedef struct { u64 addr; const char *_argv[0]; } uin_argv;

#define uptr_null(u)		((u).addr == 0)
#define uptr_addr(u)		uaddr((u).addr)
/* Make a typed pointer from an address: uptr_at(uout_stat, a). */
#define uptr_at(utype, uaddr_)	((utype){ .addr = (uaddr_).v })
/* The i-th element after u. */
#define uin_index(u, i)		((__typeof__(u)){ .addr = (u).addr + (u64)(i) * sizeof(**(u)._in) })
#define uout_index(u, i)	((__typeof__(u)){ .addr = (u).addr + (u64)(i) * sizeof(**(u)._out) })

#endif
