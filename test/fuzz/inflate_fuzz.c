/* SPDX-License-Identifier: MPL-2.0 */
/* A bare deflate stream, so that no checksum stands between the fuzzer and the decoder; and gzip. */
#include <base/inflate.h>
#include "fuzz.h"

static u64 total;

static int take(void *ctx, const void *p, size_t n)
{
	volatile u8 sum = 0;

	for (size_t i = 0; i < n; i += 61)
		sum = (u8)(sum + ((const u8 *)p)[i]);
	total += n;
	return total > (4u << 20) ? -28 : 0;
}

int LLVMFuzzerTestOneInput(const u8 *p, size_t n)
{
	size_t used;

	total = 0;
	(void)!inflate(p, n, &used, take, NULL);
	FUZZ_CHECK(used <= n);
	total = 0;
	(void)!gunzip(p, n, &used, take, NULL);
	FUZZ_CHECK(used <= n);
	return 0;
}
