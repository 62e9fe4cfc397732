/* SPDX-License-Identifier: MPL-2.0 */
/* Between the CPU's integers and the fixed-order ones of disks and wires. x86-64 is little endian. */
#ifndef BASE_BYTEORDER_H
#define BASE_BYTEORDER_H

#include <base/types.h>

static inline u16 le16(le16_t v) { return v.raw; }
static inline u32 le32(le32_t v) { return v.raw; }
static inline u64 le64(le64_t v) { return v.raw; }
static inline le16_t to_le16(u16 v) { return (le16_t){ v }; }
static inline le32_t to_le32(u32 v) { return (le32_t){ v }; }
static inline le64_t to_le64(u64 v) { return (le64_t){ v }; }
static inline u16 be16(be16_t v) { return __builtin_bswap16(v.raw); }
static inline u32 be32(be32_t v) { return __builtin_bswap32(v.raw); }
static inline u64 be64(be64_t v) { return __builtin_bswap64(v.raw); }
static inline be16_t to_be16(u16 v) { return (be16_t){ __builtin_bswap16(v) }; }
static inline be32_t to_be32(u32 v) { return (be32_t){ __builtin_bswap32(v) }; }
static inline be64_t to_be64(u64 v) { return (be64_t){ __builtin_bswap64(v) }; }

#endif
