/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The integer types of the kernel, and the struct-wrapped addresses that the compiler keeps apart:
 * a user address, a physical address and a page frame number cannot be mixed, at no cost in code.
 */
#ifndef BASE_TYPES_H
#define BASE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;
typedef long ssize_t;
typedef s64 loff_t;
typedef int pid_t;
typedef unsigned short umode_t;
typedef u64 ino_t;
typedef u64 ktime_t_ns;		/* nanoseconds, where a name helps the reader */

/* Address in the running task's user space. Never dereferenced: copy_in(), copy_out(), iov_iter. */
typedef struct { u64 v; } uaddr_t;
/* Physical address. */
typedef struct { u64 v; } paddr_t;
/* Page frame number: physical address >> PAGE_SHIFT. */
typedef struct { u64 v; } pfn_t;
/* Identities as the kernel sees them (initial user namespace). */
typedef struct { u32 v; } kuid_t;
typedef struct { u32 v; } kgid_t;
/* Device number: major in the bits above 20, minor below, as Linux has it inside. */
typedef struct { u32 v; } dev_t;

/* Integers of a fixed byte order, on disk or on the wire. */
typedef struct { u16 raw; } le16_t;
typedef struct { u32 raw; } le32_t;
typedef struct { u64 raw; } le64_t;
typedef struct { u16 raw; } be16_t;
typedef struct { u32 raw; } be32_t;
typedef struct { u64 raw; } be64_t;

#define PAGE_SHIFT	12
#define PAGE_SIZE	4096UL
#define PAGE_MASK	(~(PAGE_SIZE - 1))

/* How an allocation may get its memory; see core/page.h. */
typedef u32 gfp_t;

static inline uaddr_t uaddr(u64 v) { return (uaddr_t){ v }; }
static inline uaddr_t uaddr_add(uaddr_t a, u64 n) { return (uaddr_t){ a.v + n }; }
static inline paddr_t paddr(u64 v) { return (paddr_t){ v }; }
static inline pfn_t pfn(u64 v) { return (pfn_t){ v }; }
static inline pfn_t paddr_pfn(paddr_t p) { return (pfn_t){ p.v >> PAGE_SHIFT }; }
static inline paddr_t pfn_paddr(pfn_t f) { return (paddr_t){ f.v << PAGE_SHIFT }; }

static inline dev_t mkdev(u32 major, u32 minor) { return (dev_t){ (major << 20) | minor }; }
static inline u32 dev_major(dev_t d) { return d.v >> 20; }
static inline u32 dev_minor(dev_t d) { return d.v & 0xfffff; }

#endif
