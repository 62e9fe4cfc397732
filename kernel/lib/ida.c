/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Small unique numbers: bitmaps of 512 numbers in an xarray. Mark 0 is on those that have a free bit,
 * so that a full one is passed without a look into it.
 */
#include <base/assert.h>
#include <base/bits.h>
#include <base/err.h>
#include <base/ida.h>

#define IDA_BITS	512
#define HAS_FREE	XA_MARK_0

struct ida_chunk {
	DECLARE_BITMAP(map, IDA_BITS);
};

void ida_init(struct ida *ida)
{
	xa_init(&ida->xa);
}

/*
 * The first chunk number >= *n, up to last, that has a free bit or does not exist; false: none. A run
 * of full chunks is passed one by one: 512 numbers a step.
 */
static bool next_chunk(struct ida *ida, u64 *n, u64 last, struct ida_chunk **chunk)
{
	for (; *n <= last; (*n)++) {
		*chunk = xa_load(&ida->xa, *n);
		if (!*chunk || xa_get_mark(&ida->xa, *n, HAS_FREE))
			return true;
	}
	return false;
}

static int new_chunk(struct ida *ida, u64 n, struct ida_chunk **chunk, gfp_t gfp)
{
	int err;

	*chunk = kzalloc(sizeof(**chunk), gfp);
	if (!*chunk)
		return -ENOMEM;
	err = xa_insert(&ida->xa, n, *chunk, gfp);
	if (err) {
		kfree(*chunk);
		return err;
	}
	xa_set_mark(&ida->xa, n, HAS_FREE);
	return 0;
}

int ida_alloc(struct ida *ida, u32 lo, u32 hi, gfp_t gfp)
{
	u64 n = lo / IDA_BITS, last = hi / IDA_BITS;
	struct ida_chunk *chunk;

	for (; next_chunk(ida, &n, last, &chunk); n++) {
		u64 end = n == last ? hi % IDA_BITS + 1 : IDA_BITS;
		u64 bit = n == lo / IDA_BITS ? lo % IDA_BITS : 0;
		int err;

		if (chunk)
			bit = bitmap_find_next_zero(chunk->map, end, bit);
		if (bit >= end)
			continue;
		if (!chunk) {
			err = new_chunk(ida, n, &chunk, gfp);
			if (err)
				return err;
		}
		bitmap_set_bit(chunk->map, bit);
		if (bitmap_find_next_zero(chunk->map, IDA_BITS, 0) == IDA_BITS)
			xa_clear_mark(&ida->xa, n, HAS_FREE);
		return (int)(n * IDA_BITS + bit);
	}
	return -ENOSPC;
}

void ida_free(struct ida *ida, u32 id)
{
	u64 n = id / IDA_BITS;
	struct ida_chunk *chunk = xa_load(&ida->xa, n);

	if (WARN_ONCE(!chunk || !test_bit(id % IDA_BITS, chunk->map)))
		return;
	bitmap_clear_bit(chunk->map, id % IDA_BITS);
	if (bitmap_find_next(chunk->map, IDA_BITS, 0) == IDA_BITS) {
		xa_erase(&ida->xa, n);
		kfree(chunk);
	} else {
		xa_set_mark(&ida->xa, n, HAS_FREE);
	}
}

bool ida_used(const struct ida *ida, u32 id)
{
	const struct ida_chunk *chunk = xa_load(&ida->xa, id / IDA_BITS);

	return chunk && test_bit(id % IDA_BITS, chunk->map);
}

void ida_destroy(struct ida *ida)
{
	struct ida_chunk *chunk;
	u64 n;

	xa_for_each(&ida->xa, n, chunk)
		kfree(chunk);
	xa_destroy(&ida->xa);
}
