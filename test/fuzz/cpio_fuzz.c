/* SPDX-License-Identifier: MPL-2.0 */
/* A cpio archive in pieces: the first byte says how large they are, and which allocation fails. */
#include <base/cpio.h>
#include <base/string.h>
#include <uapi/linux/stat.h>
#include "fuzz.h"

static u64 left;
static bool open_file;

static int entry(void *ctx, const struct cpio_entry *e)
{
	FUZZ_CHECK(!open_file);
	FUZZ_CHECK(strlen(e->name) > 0 || e->name[0] == '\0');
	FUZZ_CHECK(!e->target || strlen(e->target) > 0);
	FUZZ_CHECK(S_ISREG(e->mode) || !e->size);
	open_file = true;
	left = e->size;
	return 0;
}

static int linked(void *ctx, const struct cpio_entry *e, const char *first)
{
	FUZZ_CHECK(strlen(first) < 4096);
	return entry(ctx, e);
}

static int data(void *ctx, const void *p, size_t n)
{
	volatile u8 sum = 0;

	FUZZ_CHECK(open_file && n <= left && n);
	for (size_t i = 0; i < n; i++)
		sum = (u8)(sum + ((const u8 *)p)[i]);
	left -= n;
	return 0;
}

static int end(void *ctx, const struct cpio_entry *e)
{
	FUZZ_CHECK(open_file && !left);
	open_file = false;
	return 0;
}

static const struct cpio_ops ops = { entry, linked, data, end };

int LLVMFuzzerTestOneInput(const u8 *p, size_t n)
{
	static struct cpio c;
	size_t piece;
	int err = 0;

	if (!n)
		return 0;
	piece = (p[0] & 63) + 1u;
	fuzz_fail_in = p[0] >> 6;
	open_file = false;
	cpio_init(&c, &ops, NULL);
	for (size_t off = 1; off < n && !err; off += piece)
		err = cpio_feed(&c, p + off, piece < n - off ? piece : n - off);
	if (err)
		cpio_fini(&c);
	else
		err = cpio_finish(&c);
	FUZZ_CHECK(!c.links);
	fuzz_fail_in = 0;
	return 0;
}
