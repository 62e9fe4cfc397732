/* SPDX-License-Identifier: MPL-2.0 */
/* Boot information: the first byte chooses multiboot2 or PVH, the rest is the loader's memory. */
#include <base/bootinfo.h>
#include <base/string.h>
#include "fuzz.h"

static u8 mem[8192] __aligned(8);
static u64 size;

static const void *map(u64 pa, u64 n)
{
	/* Addresses of all sizes lead into the memory, so that the fuzzer gets somewhere. */
	pa &= 0x1fff;
	return n <= size && pa <= size - n ? mem + pa : NULL;
}

int LLVMFuzzerTestOneInput(const u8 *p, size_t n)
{
	static struct boot_info bi;
	u32 total, magic = 0x336ec578;
	int err;

	if (n < 17 || n > sizeof(mem))
		return 0;
	memcpy(mem, p + 1, n - 1);
	size = total = (u32)n - 1;
	if (p[0] & 1) {
		memcpy(mem, &total, 4);
		/* Exactly as large as it says: a read beyond is seen. */
		u8 *copy = __builtin_malloc(total);

		memcpy(copy, mem, total);
		err = mb2_parse(copy, 0x1000, &bi);
		__builtin_free(copy);
	} else {
		memcpy(mem, &magic, 4);
		err = pvh_parse(0, map, &bi);
	}
	FUZZ_CHECK(err || bi.nr_regions);
	FUZZ_CHECK(bi.nr_regions <= BOOT_MAX_REGIONS && bi.nr_modules <= BOOT_MAX_MODULES);
	FUZZ_CHECK(strnlen(bi.cmdline, sizeof(bi.cmdline)) < sizeof(bi.cmdline));
	for (u32 i = 0; i < bi.nr_regions; i++)
		FUZZ_CHECK(bi.regions[i].size && bi.regions[i].base + bi.regions[i].size >= bi.regions[i].base);
	return 0;
}
