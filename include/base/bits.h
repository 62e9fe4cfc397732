/* SPDX-License-Identifier: MPL-2.0 */
/* Single bits in words and in arrays of words. The atomic forms say so. */
#ifndef BASE_BITS_H
#define BASE_BITS_H

#include <base/compiler.h>
#include <base/types.h>

#define BIT(n)			(1ul << (n))
#define BITS_PER_LONG		64
#define BITS_TO_LONGS(n)	(((n) + 63) / 64)
#define DECLARE_BITMAP(name, n)	unsigned long name[BITS_TO_LONGS(n)]

static inline bool test_bit(u64 nr, const unsigned long *map)
{
	return (READ_ONCE(map[nr / 64]) >> (nr % 64)) & 1;
}

/* Atomic; the test forms are full barriers. */
static inline void set_bit(u64 nr, unsigned long *map)
{
	__atomic_fetch_or(&map[nr / 64], BIT(nr % 64), __ATOMIC_RELAXED);
}

static inline void clear_bit(u64 nr, unsigned long *map)
{
	__atomic_fetch_and(&map[nr / 64], ~BIT(nr % 64), __ATOMIC_RELAXED);
}

static inline bool test_and_set_bit(u64 nr, unsigned long *map)
{
	return (__atomic_fetch_or(&map[nr / 64], BIT(nr % 64), __ATOMIC_SEQ_CST) >> (nr % 64)) & 1;
}

static inline bool test_and_clear_bit(u64 nr, unsigned long *map)
{
	return (__atomic_fetch_and(&map[nr / 64], ~BIT(nr % 64), __ATOMIC_SEQ_CST) >> (nr % 64)) & 1;
}

/* Not atomic: the caller serialises. */
static inline void bitmap_set_bit(unsigned long *map, u64 nr) { map[nr / 64] |= BIT(nr % 64); }
static inline void bitmap_clear_bit(unsigned long *map, u64 nr) { map[nr / 64] &= ~BIT(nr % 64); }

/* First set or clear bit at or after `from`; `size` when there is none (kernel/lib/bitmap.c). */
u64 bitmap_find_next(const unsigned long *map, u64 size, u64 from);
u64 bitmap_find_next_zero(const unsigned long *map, u64 size, u64 from);
/* First run of n clear bits; `size` when there is none. */
u64 bitmap_find_zero_area(const unsigned long *map, u64 size, u64 from, u64 n);
void bitmap_set(unsigned long *map, u64 from, u64 n);
void bitmap_clear(unsigned long *map, u64 from, u64 n);
u64 bitmap_weight(const unsigned long *map, u64 size);

#define for_each_set_bit(nr, map, size) \
	for ((nr) = bitmap_find_next(map, size, 0); (nr) < (size); \
	     (nr) = bitmap_find_next(map, size, (nr) + 1))

#endif
