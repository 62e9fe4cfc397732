/* SPDX-License-Identifier: MPL-2.0 */
/* The Internet checksum (kernel/lib/csum.c). */
#ifndef BASE_CSUM_H
#define BASE_CSUM_H

#include <base/types.h>

/*
 * Sums are 32-bit accumulators of 16-bit words in network order; csum_fold gives what stands in a header. A stretch
 * that begins at an odd offset of the whole must have its sum rotated by 8 bits before it is added.
 */
u32 csum_partial(const void *p, size_t n, u32 sum);
static inline be16_t csum_fold(u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (be16_t){ (u16)~sum };
}
static inline u32 csum_add(u32 a, u32 b)
{
	a += b;
	return a + (a < b);
}

#endif
