/* SPDX-License-Identifier: MPL-2.0 */
/* Small integer arithmetic: bounds, rounding, powers of two, checked sums and products. */
#ifndef BASE_MATH_H
#define BASE_MATH_H

#include <base/compiler.h>
#include <base/types.h>

/* Each expansion has names of its own, so that they nest. */
#define min_named(a, b, x, y)	({ __typeof__(a) x = (a); __typeof__(b) y = (b); \
	(void)(&x == &y); x < y ? x : y; })
#define max_named(a, b, x, y)	({ __typeof__(a) x = (a); __typeof__(b) y = (b); \
	(void)(&x == &y); x > y ? x : y; })
#define min(a, b)	min_named(a, b, __concat(_min_a, __COUNTER__), __concat(_min_b, __COUNTER__))
#define max(a, b)	max_named(a, b, __concat(_max_a, __COUNTER__), __concat(_max_b, __COUNTER__))
#define min_t(t, a, b)	min((t)(a), (t)(b))
#define max_t(t, a, b)	max((t)(a), (t)(b))
#define clamp_t(t, x, lo, hi)	min_t(t, max_t(t, x, lo), hi)
#define swap(a, b)	do { __typeof__(a) _t = (a); (a) = (b); (b) = _t; } while (0)

/* Alignments are powers of two. */
#define ALIGN_DOWN(x, a)	((x) & ~((__typeof__(x))(a) - 1))
#define ALIGN_UP(x, a)		(((x) + ((__typeof__(x))(a) - 1)) & ~((__typeof__(x))(a) - 1))
#define IS_ALIGNED(x, a)	(((x) & ((__typeof__(x))(a) - 1)) == 0)
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#define PAGE_ALIGN_UP(x)	ALIGN_UP(x, PAGE_SIZE)
#define PAGE_ALIGN_DOWN(x)	ALIGN_DOWN(x, PAGE_SIZE)
#define PAGE_OFFSET_IN(x)	((x) & (PAGE_SIZE - 1))

static inline bool is_pow2(u64 n) { return n && !(n & (n - 1)); }
/* Index of the highest set bit; n > 0. */
static inline int ilog2(u64 n) { return 63 - __builtin_clzll(n); }
static inline u64 roundup_pow2(u64 n) { return n <= 1 ? 1 : 1ull << (ilog2(n - 1) + 1); }
/* Page order that holds `size` bytes; size > 0. */
static inline unsigned int size_order(u64 size)
{
	u64 pages = (size + PAGE_SIZE - 1) >> PAGE_SHIFT;

	return pages <= 1 ? 0 : (unsigned int)ilog2(pages - 1) + 1;
}

/* Return true on overflow, as the builtins do. */
#define check_add(a, b, res)	__builtin_add_overflow(a, b, res)
#define check_sub(a, b, res)	__builtin_sub_overflow(a, b, res)
#define check_mul(a, b, res)	__builtin_mul_overflow(a, b, res)

/* a * mul / div without losing the upper half. */
static inline u64 mul_div_u64(u64 a, u64 mul, u64 div)
{
	return (u64)((unsigned __int128)a * mul / div);
}

static inline u64 mul_shift_u64(u64 a, u64 mul, unsigned int shift)
{
	return (u64)(((unsigned __int128)a * mul) >> shift);
}

#endif
