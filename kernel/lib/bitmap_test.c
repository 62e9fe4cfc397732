/* SPDX-License-Identifier: MPL-2.0 */
/* Bitmaps against an array of bools. */
#include <base/bits.h>
#include <core/ktest.h>

#define BITS 200

static DECLARE_BITMAP(map, BITS);
static bool model[BITS];

static u32 state = 1;

static u32 next_random(u32 n)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % n;
}

static u64 model_next(u64 size, u64 from, bool want)
{
	for (u64 i = from; i < size; i++)
		if (model[i] == want)
			return i;
	return size;
}

static u64 model_area(u64 size, u64 from, u64 n)
{
	for (u64 i = from; i + n <= size; i++)
		if (model_next(i + n, i, true) == i + n)
			return i;
	return size;
}

KTEST(bitmap, against_model)
{
	for (int round = 0; round < 3000; round++) {
		u64 from = next_random(BITS), n = next_random((u32)(BITS - from) + 1), size = 1 + next_random(BITS);
		bool set = next_random(2);
		u64 weight = 0;

		if (set)
			bitmap_set(map, from, n);
		else
			bitmap_clear(map, from, n);
		for (u64 i = from; i < from + n; i++)
			model[i] = set;
		from = next_random(BITS);
		KREQUIRE(bitmap_find_next(map, size, from) == (from < size ? model_next(size, from, true) : size));
		KREQUIRE(bitmap_find_next_zero(map, size, from) == (from < size ? model_next(size, from, false) : size));
		n = 1 + next_random(70);
		KREQUIRE(bitmap_find_zero_area(map, size, from, n) == model_area(size, from, n));
		for (u64 i = 0; i < size; i++)
			weight += model[i];
		KREQUIRE(bitmap_weight(map, size) == weight);
	}
}

KTEST(bitmap, atomic_bits)
{
	unsigned long m[2] = { 0, 0 };
	u64 nr, seen = 0;

	KEXPECT(!test_and_set_bit(70, m));
	KEXPECT(test_and_set_bit(70, m));
	set_bit(3, m);
	KEXPECT(test_bit(3, m) && !test_bit(4, m));
	for_each_set_bit(nr, m, 128)
		seen += nr;
	KEXPECT_EQ(seen, 73);
	KEXPECT(test_and_clear_bit(70, m));
	clear_bit(3, m);
	KEXPECT_EQ(m[0] | m[1], 0);
}
