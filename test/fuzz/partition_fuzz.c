/* SPDX-License-Identifier: MPL-2.0 */
/* A disk whose first and last blocks are the input; the first byte says how large its blocks are and which read fails. */
#include <base/errno.h>
#include <base/partition.h>
#include <base/string.h>
#include "fuzz.h"

#define BLOCKS 4096u

static struct {
	const u8 *p;
	size_t n;
	u32 bs, reads, fail, found;
} disk;

static int disk_read(void *arg, u64 lba, u32 count, void *buf)
{
	u8 *to = buf;

	FUZZ_CHECK(lba < BLOCKS && count && count <= BLOCKS - lba && count * disk.bs <= PART_SCRATCH);
	if (++disk.reads == disk.fail)
		return -EIO;
	FUZZ_CHECK(disk.reads < 10000);
	memset(buf, 0, (size_t)count * disk.bs);
	for (u32 i = 0; i < count; i++) {
		/* The second half of the disk is a mirror of the first, as the two copies of a GPT are. */
		u64 b = lba + i < BLOCKS / 2 ? lba + i : BLOCKS - 1 - (lba + i), at = b * disk.bs;

		if (at < disk.n)
			memcpy(to + (size_t)i * disk.bs, disk.p + at, disk.n - at < disk.bs ? disk.n - at : disk.bs);
	}
	return 0;
}

static int found(void *arg, const struct part_info *p)
{
	FUZZ_CHECK(p->blocks && p->start < BLOCKS && p->blocks <= BLOCKS - p->start);
	FUZZ_CHECK(strlen(p->label) < PART_LABEL_MAX && strlen(p->uuid) < PART_UUID_MAX && strlen(p->type_uuid) < PART_UUID_MAX);
	FUZZ_CHECK(++disk.found < 10000);
	return 0;
}

static void note(void *arg, const char *text)
{
	FUZZ_CHECK(*text);
}

int LLVMFuzzerTestOneInput(const u8 *p, size_t n)
{
	static u8 scratch[PART_SCRATCH];
	struct part_source s = { .nr_blocks = BLOCKS, .read = disk_read, .found = found, .note = note };

	if (n < 2)
		return 0;
	s.block_size = disk.bs = 512u << (p[0] & 3);
	disk.fail = p[0] >> 2;
	disk.reads = disk.found = 0;
	disk.p = p + 1;
	disk.n = n - 1;
	(void)!partitions_read(&s, scratch);
	return 0;
}
