/* SPDX-License-Identifier: MPL-2.0 */
/* A whole initramfs image: archives, gzip members, zeros. An error must come with a reason. */
#include <base/cpio.h>
#include "fuzz.h"

static u64 total;

static int entry(void *ctx, const struct cpio_entry *e) { return 0; }
static int linked(void *ctx, const struct cpio_entry *e, const char *first) { return 0; }

static int data(void *ctx, const void *p, size_t n)
{
	total += n;
	/* A decompression bomb is the file system's business; here it only takes time. */
	return total > (1u << 20) ? -28 : 0;
}

static const struct cpio_ops ops = { entry, linked, data, NULL };

int LLVMFuzzerTestOneInput(const u8 *p, size_t n)
{
	struct initramfs_result res;
	int err;

	total = 0;
	err = initramfs_unpack(p, n, &ops, NULL, &res);
	FUZZ_CHECK((err != 0) == (res.error != NULL));
	FUZZ_CHECK(res.offset <= n);
	return 0;
}
