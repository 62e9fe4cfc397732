/* SPDX-License-Identifier: MPL-2.0 */
/* Deflate and gzip: each kind of block, long distances, damage at every byte, failing output. */
#include <base/alloc.h>
#include <base/crc.h>
#include <base/errno.h>
#include <base/inflate.h>
#include <base/string.h>
#include <core/failpoint.h>
#include <core/ktest.h>
#include "inflate_test_data.h"

static const char phrase[] =
	"It is a long way to the end of the line, and the line is longer than the way to the end. ";

static u8 out[1024];
static size_t got;
static int stop_after;

static int take(void *ctx, const void *p, size_t n)
{
	(void)ctx;
	if (stop_after && !--stop_after)
		return -ENOSPC;
	if (got + n <= sizeof(out))
		memcpy(out + got, p, n);
	got += n;
	return 0;
}

static bool is_text(size_t from)
{
	size_t n = sizeof(phrase) - 1;

	return memcmp(out + from, phrase, n) == 0 && memcmp(out + from + n, phrase, n) == 0 &&
	       memcmp(out + from + 2 * n, phrase, n) == 0;
}

#define TEXT	(3 * (sizeof(phrase) - 1))

static int run_raw(const u8 *p, size_t n, size_t *used)
{
	got = 0;
	return inflate(p, n, used, take, NULL);
}

KTEST(inflate, kinds_of_block)
{
	size_t used;

	KEXPECT_EQ(run_raw(deflate_fixed, sizeof(deflate_fixed), &used), 0);
	KEXPECT(used == sizeof(deflate_fixed) && got == TEXT && is_text(0));
	KEXPECT_EQ(run_raw(deflate_dynamic, sizeof(deflate_dynamic), &used), 0);
	KEXPECT(used == sizeof(deflate_dynamic) && got == 2 * TEXT + 256 && is_text(0) && is_text(TEXT + 256));
	for (int i = 0; i < 256; i++)
		KEXPECT_EQ(out[TEXT + (u32)i], i);
	KEXPECT_EQ(run_raw(deflate_stored, sizeof(deflate_stored), &used), 0);
	KEXPECT(used == sizeof(deflate_stored) && got == 100 && memcmp(out, phrase, 89) == 0);
}

/* 50 times 3,000 pseudo-random bytes and a counter. */
static u32 big_pos, big_bad;
static u8 big_block[3000];

static int check_big(void *ctx, const void *p, size_t n)
{
	(void)ctx;
	for (size_t i = 0; i < n; i++, big_pos++) {
		u8 want = big_pos % 3001 == 3000 ? (u8)(big_pos / 3001) : big_block[big_pos % 3001];

		big_bad += ((const u8 *)p)[i] != want;
	}
	return 0;
}

KTEST(inflate, more_than_the_buffer)
{
	size_t used;
	u32 state = 7;

	for (int i = 0; i < 3000; i++) {
		state = state * 1664525 + 1013904223;
		big_block[i] = (u8)(state >> 24 & 0x3f);
	}
	big_pos = big_bad = 0;
	KEXPECT_EQ(inflate(deflate_big, sizeof(deflate_big), &used, check_big, NULL), 0);
	KEXPECT(used == sizeof(deflate_big) && big_pos == 50 * 3001 && !big_bad);
}

KTEST(inflate, gzip)
{
	size_t used;
	u8 copy[sizeof(gzip_plain) + 5];

	got = 0;
	memcpy(copy, gzip_plain, sizeof(gzip_plain));
	memcpy(copy + sizeof(gzip_plain), "after", 5);
	KEXPECT_EQ(gunzip(copy, sizeof(copy), &used, take, NULL), 0);
	KEXPECT(used == sizeof(gzip_plain) && got == TEXT && is_text(0));
	got = 0;
	KEXPECT_EQ(gunzip(gzip_fields, sizeof(gzip_fields), &used, take, NULL), 0);
	KEXPECT(used == sizeof(gzip_fields) && got == TEXT && is_text(0));
	/* Wrong checksum, wrong length. */
	copy[sizeof(gzip_plain) - 8] ^= 1;
	KEXPECT_EQ(gunzip(copy, sizeof(gzip_plain), &used, take, NULL), -EINVAL);
	copy[sizeof(gzip_plain) - 8] ^= 1;
	copy[sizeof(gzip_plain) - 1] ^= 1;
	KEXPECT_EQ(gunzip(copy, sizeof(gzip_plain), &used, take, NULL), -EINVAL);
	copy[2] = 7;
	KEXPECT_EQ(gunzip(copy, sizeof(gzip_plain), &used, take, NULL), -EINVAL);
}

KTEST(inflate, cut_short)
{
	size_t used;

	for (size_t n = 0; n < sizeof(gzip_fields); n++) {
		u8 *copy = kmemdup(gzip_fields, n + !n, GFP_KERNEL);

		KREQUIRE(copy);
		KEXPECT_EQ(gunzip(copy, n, &used, take, NULL), -ENODATA);
		KEXPECT(used <= n);
		kfree(copy);
	}
}

KTEST(inflate, damaged)
{
	static u8 copy[sizeof(deflate_dynamic)];
	size_t used;

	for (size_t i = 0; i < sizeof(copy); i++)
		for (int bit = 0; bit < 8; bit++) {
			memcpy(copy, deflate_dynamic, sizeof(copy));
			copy[i] ^= (u8)(1 << bit);
			run_raw(copy, sizeof(copy), &used);
			KEXPECT(used <= sizeof(copy));
		}
}

KTEST(inflate, failures_come_through)
{
	size_t used;

	stop_after = 1;
	KEXPECT_EQ(run_raw(deflate_fixed, sizeof(deflate_fixed), &used), -ENOSPC);
	stop_after = 0;
	failpoint_arm("kmalloc", false, 1, 1);
	KEXPECT_EQ(run_raw(deflate_fixed, sizeof(deflate_fixed), &used), -ENOMEM);
	failpoint_disarm("kmalloc");
}

KTEST(crc, known_values)
{
	static const char digits[] = "123456789";

	KEXPECT_EQ(crc32(0, digits, 9), 0xcbf43926u);
	KEXPECT_EQ(crc32(crc32(0, digits, 4), digits + 4, 5), 0xcbf43926u);
	KEXPECT_EQ(crc32c(~0u, digits, 9) ^ ~0u, 0xe3069283u);
	KEXPECT_EQ(crc16(0, digits, 9), 0xbb3d);
}
