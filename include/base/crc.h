/* SPDX-License-Identifier: MPL-2.0 */
/*
 * CRC-32 as in gzip and Ethernet, CRC-32C as in ext4 (kernel/lib/crc32.c).
 */
#ifndef BASE_CRC_H
#define BASE_CRC_H

#include <base/types.h>

/* Continue from `crc` (0 to begin). */
u32 crc32(u32 crc, const void *p, size_t n);
/* Castagnoli; no inversion at the ends: pass ~0 and invert yourself where the format says so. */
u32 crc32c(u32 crc, const void *p, size_t n);
u16 crc16(u16 crc, const void *p, size_t n);

#endif
