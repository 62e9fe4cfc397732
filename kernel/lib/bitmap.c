/* SPDX-License-Identifier: MPL-2.0 */
/* Searches in and changes of arrays of bits, a word at a time. Not atomic: the caller serialises changes. */
#include <base/bits.h>
#include <base/math.h>

/* Next bit that differs from those of `invert` (0: next set, ~0: next clear). */
static inline u64 find_next(const unsigned long *map, u64 size, u64 from, unsigned long invert)
{
	u64 i;
	unsigned long w;

	if (from >= size)
		return size;
	i = from / 64;
	w = (READ_ONCE(map[i]) ^ invert) & (~0ul << (from % 64));
	while (!w) {
		if (++i * 64 >= size)
			return size;
		w = READ_ONCE(map[i]) ^ invert;
	}
	return min(i * 64 + (u64)__builtin_ctzl(w), size);
}

u64 bitmap_find_next(const unsigned long *map, u64 size, u64 from)
{
	return find_next(map, size, from, 0);
}

u64 bitmap_find_next_zero(const unsigned long *map, u64 size, u64 from)
{
	return find_next(map, size, from, ~0ul);
}

u64 bitmap_find_zero_area(const unsigned long *map, u64 size, u64 from, u64 n)
{
	for (;;) {
		u64 start = bitmap_find_next_zero(map, size, from), end;

		if (start >= size || size - start < n)
			return size;
		end = bitmap_find_next(map, start + n, start);
		if (end == start + n)
			return start;
		from = end + 1;
	}
}

/* Bits lo..hi-1 of one word, 0 <= lo < hi <= 64. */
static inline unsigned long word_mask(u64 lo, u64 hi)
{
	return (~0ul << lo) & (~0ul >> (64 - hi));
}

void bitmap_set(unsigned long *map, u64 from, u64 n)
{
	for (u64 end = from + n; from < end; from = (from / 64 + 1) * 64)
		map[from / 64] |= word_mask(from % 64, min(end - from / 64 * 64, 64ul));
}

void bitmap_clear(unsigned long *map, u64 from, u64 n)
{
	for (u64 end = from + n; from < end; from = (from / 64 + 1) * 64)
		map[from / 64] &= ~word_mask(from % 64, min(end - from / 64 * 64, 64ul));
}

/* No popcnt instruction on the oldest x86-64, and the compiler's helper is not linked. */
static inline u64 count_bits(unsigned long w)
{
	w -= (w >> 1) & 0x5555555555555555ul;
	w = (w & 0x3333333333333333ul) + ((w >> 2) & 0x3333333333333333ul);
	w = (w + (w >> 4)) & 0x0f0f0f0f0f0f0f0ful;
	return (w * 0x0101010101010101ul) >> 56;
}

u64 bitmap_weight(const unsigned long *map, u64 size)
{
	u64 n = 0, i;

	for (i = 0; i < size / 64; i++)
		n += count_bits(map[i]);
	if (size % 64)
		n += count_bits(map[i] & word_mask(0, size % 64));
	return n;
}
