/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Functions that the compiler calls for what the processor has no single instruction for: 128-bit
 * division and counting bits. Pure.
 */
#ifndef KEEL_HOST
#include <base/types.h>

typedef unsigned __int128 u128;
typedef __int128 s128;

u128 __udivti3(u128 n, u128 d);
u128 __umodti3(u128 n, u128 d);
s128 __divti3(s128 n, s128 d);
s128 __modti3(s128 n, s128 d);
int __popcountdi2(u64 v);

/*
 * (hi:lo) / d with hi < d: two digits of base 2^32, the divisor shifted so that its top bit is set. An
 * estimate of a digit from the top half of the divisor is at most two too large.
 */
static u64 div_two_by_one(u64 hi, u64 lo, u64 d, u64 *rem)
{
	int s = __builtin_clzll(d);
	u64 part[2], q = 0, r, d1, d0;

	d <<= s;
	r = s ? hi << s | lo >> (64 - s) : hi;
	lo <<= s;
	part[0] = lo >> 32;
	part[1] = lo & 0xffffffff;
	d1 = d >> 32;
	d0 = d & 0xffffffff;
	for (int i = 0; i < 2; i++) {
		u64 digit = r / d1, left = r % d1;

		while (digit >> 32 || digit * d0 > (left << 32 | part[i])) {
			digit--;
			left += d1;
			if (left >> 32)
				break;
		}
		r = (r << 32 | part[i]) - digit * d;
		q = q << 32 | digit;
	}
	*rem = r >> s;
	return q;
}

static u128 divide(u128 n, u128 d, u128 *rem)
{
	u64 nh = (u64)(n >> 64), dh = (u64)(d >> 64), r64;
	u128 q = 0, r = 0;

	if (!dh) {
		u64 dl = (u64)d, qh = nh / dl, ql = div_two_by_one(nh % dl, (u64)n, dl, &r64);

		*rem = r64;
		return (u128)qh << 64 | ql;
	}
	/* The quotient has at most 64 bits. */
	r = nh;
	for (int i = 63; i >= 0; i--) {
		bool carry = (u64)(r >> 64) >> 63;

		r = r << 1 | ((u64)n >> i & 1);
		q <<= 1;
		if (carry || r >= d) {
			r -= d;
			q |= 1;
		}
	}
	*rem = r;
	return q;
}

u128 __udivti3(u128 n, u128 d)
{
	u128 rem;

	return divide(n, d, &rem);
}

u128 __umodti3(u128 n, u128 d)
{
	u128 rem;

	divide(n, d, &rem);
	return rem;
}

s128 __divti3(s128 n, s128 d)
{
	u128 rem, q = divide(n < 0 ? -(u128)n : (u128)n, d < 0 ? -(u128)d : (u128)d, &rem);

	return (n < 0) != (d < 0) ? (s128)-q : (s128)q;
}

s128 __modti3(s128 n, s128 d)
{
	u128 rem;

	divide(n < 0 ? -(u128)n : (u128)n, d < 0 ? -(u128)d : (u128)d, &rem);
	return n < 0 ? (s128)-rem : (s128)rem;
}

int __popcountdi2(u64 v)
{
	v -= v >> 1 & 0x5555555555555555ull;
	v = (v & 0x3333333333333333ull) + (v >> 2 & 0x3333333333333333ull);
	v = (v + (v >> 4)) & 0x0f0f0f0f0f0f0f0full;
	return (int)(v * 0x0101010101010101ull >> 56);
}
#endif
