/* SPDX-License-Identifier: MPL-2.0 */
/* The Internet checksum: ones' complement sum of 16-bit words. Source: RFC 1071. Pure code. */
#include <base/csum.h>

static inline u64 load64(const u8 *p) { u64 v; __builtin_memcpy(&v, p, 8); return v; }
static inline u32 load32(const u8 *p) { u32 v; __builtin_memcpy(&v, p, 4); return v; }
static inline u16 load16(const u8 *p) { u16 v; __builtin_memcpy(&v, p, 2); return v; }

/* Words are added as they lie in memory: the sum of swapped words is the swapped sum. */
u32 csum_partial(const void *src, size_t n, u32 sum)
{
	const u8 *p = src;
	u64 a = sum, b = 0;

	for (; n >= 32; n -= 32, p += 32) {
		u64 x = load64(p), y = load64(p + 8), z = load64(p + 16), w = load64(p + 24);

		a += (x & 0xffffffffu) + (x >> 32) + (y & 0xffffffffu) + (y >> 32);
		b += (z & 0xffffffffu) + (z >> 32) + (w & 0xffffffffu) + (w >> 32);
	}
	for (; n >= 4; n -= 4, p += 4)
		a += load32(p);
	if (n & 2) {
		b += load16(p);
		p += 2;
	}
	if (n & 1)
		b += *p;
	a = (a & 0xffffffffu) + (a >> 32) + (b & 0xffffffffu) + (b >> 32);
	a = (a & 0xffffffffu) + (a >> 32);
	return (u32)((a & 0xffffffffu) + (a >> 32));
}
