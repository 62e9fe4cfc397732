/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Partition tables made here and read back: MBR with a chain of logical ones, GPT whole and broken in each
 * way, tables that lie (circles, ends past the disk, sizes that overflow), and random bytes.
 */
#include <base/alloc.h>
#include <base/byteorder.h>
#include <base/crc.h>
#include <base/errno.h>
#include <base/partition.h>
#include <base/string.h>
#include <core/ktest.h>

#define BLOCKS	512u
#define MAX_FOUND 300

struct disk_image {
	u32 bs;
	u8 *data;			/* BLOCKS of bs bytes */
	u8 *scratch;
	u64 fail_lba;			/* reads of it fail */
	int nr, notes;
	struct part_info found[MAX_FOUND];
};

static int image_read(void *arg, u64 lba, u32 count, void *buf)
{
	struct disk_image *d = arg;

	KEXPECT(lba < BLOCKS && count <= BLOCKS - lba);
	if (lba >= BLOCKS || count > BLOCKS - lba)
		return -EINVAL;
	if (d->fail_lba >= lba && d->fail_lba < lba + count)
		return -EIO;
	memcpy(buf, d->data + lba * d->bs, (size_t)count * d->bs);
	return 0;
}

static int image_found(void *arg, const struct part_info *p)
{
	struct disk_image *d = arg;

	KEXPECT(p->blocks && p->start < BLOCKS && p->blocks <= BLOCKS - p->start);
	KEXPECT(d->nr < MAX_FOUND);
	if (d->nr < MAX_FOUND)
		d->found[d->nr++] = *p;
	return 0;
}

static void image_note(void *arg, const char *text)
{
	struct disk_image *d = arg;

	KEXPECT(*text);
	d->notes++;
}

static struct disk_image *image_new(u32 bs)
{
	struct disk_image *d = kzalloc(sizeof(*d), GFP_KERNEL);

	if (!d)
		return NULL;
	d->bs = bs;
	d->fail_lba = ~0ull;
	d->data = kvmalloc((size_t)BLOCKS * bs, GFP_KERNEL);
	d->scratch = kmalloc(PART_SCRATCH, GFP_KERNEL);
	if (d->data && d->scratch) {
		memset(d->data, 0, (size_t)BLOCKS * bs);
		return d;
	}
	kvfree(d->data);
	kfree(d->scratch);
	kfree(d);
	return NULL;
}

static void image_free(struct disk_image *d)
{
	kvfree(d->data);
	kfree(d->scratch);
	kfree(d);
}

static int image_parse(struct disk_image *d)
{
	struct part_source s = { .block_size = d->bs, .nr_blocks = BLOCKS, .read = image_read, .arg = d, .found = image_found,
				 .note = image_note };

	d->nr = d->notes = 0;
	return partitions_read(&s, d->scratch);
}

static void put32(u8 *p, u32 v)
{
	p[0] = (u8)v;
	p[1] = (u8)(v >> 8);
	p[2] = (u8)(v >> 16);
	p[3] = (u8)(v >> 24);
}

static void mbr_put(struct disk_image *d, u64 lba, u32 i, u8 type, u32 start, u32 count)
{
	u8 *b = d->data + lba * d->bs, *e = b + 446 + i * 16;

	b[510] = 0x55;
	b[511] = 0xaa;
	e[4] = type;
	put32(e + 8, start);
	put32(e + 12, count);
}

static void expect_part(const struct disk_image *d, int i, u32 number, u64 start, u64 blocks)
{
	KEXPECT(i < d->nr);
	if (i >= d->nr)
		return;
	KEXPECT_EQ(d->found[i].number, number);
	KEXPECT_EQ(d->found[i].start, start);
	KEXPECT_EQ(d->found[i].blocks, blocks);
}

KTEST(partition, mbr)
{
	struct disk_image *d = image_new(512);

	KREQUIRE(d);
	KEXPECT_EQ(image_parse(d), PART_TABLE_NONE);
	put32(d->data + 440, 0x1234abcd);
	mbr_put(d, 0, 0, 0x83, 8, 100);
	mbr_put(d, 0, 1, 0x05, 200, 300);
	mbr_put(d, 0, 3, 0x82, 120, 40);
	/* Two logical ones: each table holds its partition and the link. */
	mbr_put(d, 200, 0, 0x83, 2, 50);
	mbr_put(d, 200, 1, 0x05, 100, 100);
	mbr_put(d, 300, 0, 0x83, 4, 60);
	KEXPECT_EQ(image_parse(d), PART_TABLE_MBR);
	KEXPECT_EQ(d->nr, 5);
	KEXPECT_EQ(d->notes, 0);
	expect_part(d, 0, 1, 8, 100);
	expect_part(d, 1, 2, 200, 2);
	expect_part(d, 2, 5, 202, 50);
	expect_part(d, 3, 6, 304, 60);
	expect_part(d, 4, 4, 120, 40);
	KEXPECT(streq(d->found[0].uuid, "1234abcd-01"));
	KEXPECT(streq(d->found[3].uuid, "1234abcd-06"));
	KEXPECT_EQ(d->found[4].mbr_type, 0x82);
	/* A boot sector of a file system: entries that make no sense. */
	d->data[446] = 'x';
	KEXPECT_EQ(image_parse(d), PART_TABLE_NONE);
	image_free(d);
}

KTEST(partition, mbr_lies)
{
	struct disk_image *d = image_new(4096);

	KREQUIRE(d);
	mbr_put(d, 0, 0, 0x83, 500, 100);		/* ends past the disk: cut */
	mbr_put(d, 0, 1, 0x83, 600, 1);			/* begins past it */
	mbr_put(d, 0, 2, 0x83, 0xffffffff, 0xffffffff);
	mbr_put(d, 0, 3, 0x0f, 10, 400);
	mbr_put(d, 10, 0, 0x83, 0xffffffff, 0xffffffff);	/* lies outside */
	mbr_put(d, 10, 1, 0x05, 20, 10);
	mbr_put(d, 30, 0, 0x83, 1, 5);
	mbr_put(d, 30, 1, 0x05, 20, 10);		/* and back to itself */
	KEXPECT_EQ(image_parse(d), PART_TABLE_MBR);
	KEXPECT_EQ(d->nr, 3);
	expect_part(d, 0, 1, 500, 12);
	expect_part(d, 2, 5, 31, 5);
	KEXPECT(d->notes >= 3);
	/* A circle of two. */
	mbr_put(d, 30, 1, 0x05, 50, 10);
	mbr_put(d, 60, 0, 0x83, 1, 5);
	mbr_put(d, 60, 1, 0x05, 20, 10);
	KEXPECT_EQ(image_parse(d), PART_TABLE_MBR);
	KEXPECT(d->nr > 10 && d->nr < 110);
	d->fail_lba = 60;
	KEXPECT_EQ(image_parse(d), -EIO);
	image_free(d);
}

/* --- GPT --- */

static void put64(u8 *p, u64 v)
{
	put32(p, (u32)v);
	put32(p + 4, (u32)(v >> 32));
}

static u64 entries_at(const struct disk_image *d, bool backup)
{
	u64 blocks = 128 * 128 / d->bs;

	return backup ? BLOCKS - 1 - blocks : 2;
}

static void gpt_seal(struct disk_image *d, bool backup)
{
	u64 lba = backup ? BLOCKS - 1 : 1;
	u8 *h = d->data + lba * d->bs;

	memcpy(h, "EFI PART", 8);
	put32(h + 8, 0x10000);
	put32(h + 12, 92);
	put64(h + 24, lba);
	put64(h + 32, backup ? 1 : BLOCKS - 1);
	put64(h + 40, 40);
	put64(h + 48, BLOCKS - 40);
	put64(h + 72, entries_at(d, backup));
	put32(h + 80, 128);
	put32(h + 84, 128);
	put32(h + 88, crc32(0, d->data + entries_at(d, backup) * d->bs, 128 * 128));
	put32(h + 16, 0);
	put32(h + 16, crc32(0, h, 92));
}

static void gpt_entry(struct disk_image *d, bool backup, u32 i, u64 first, u64 last, const char *name)
{
	u8 *e = d->data + entries_at(d, backup) * d->bs + i * 128;

	for (u32 k = 0; k < 16; k++) {
		e[k] = (u8)(0xa0 + k);
		e[16 + k] = (u8)(k * 16 + i);
	}
	put64(e + 32, first);
	put64(e + 40, last);
	for (u32 k = 0; name[k] && k < 36; k++)
		e[56 + 2 * k] = (u8)name[k];
}

static struct disk_image *gpt_make(u32 bs)
{
	struct disk_image *d = image_new(bs);

	if (!d)
		return NULL;
	mbr_put(d, 0, 0, 0xee, 1, BLOCKS - 1);
	for (int backup = 0; backup < 2; backup++) {
		gpt_entry(d, backup, 0, 40, 99, "first");
		gpt_entry(d, backup, 4, 100, 200, "fifth");
		gpt_seal(d, backup);
	}
	return d;
}

static void expect_gpt(struct disk_image *d, int notes)
{
	KEXPECT_EQ(image_parse(d), PART_TABLE_GPT);
	KEXPECT_EQ(d->nr, 2);
	KEXPECT_EQ(d->notes, notes);
	expect_part(d, 0, 1, 40, 60);
	expect_part(d, 1, 5, 100, 101);
	KEXPECT(streq(d->found[0].label, "first"));
	KEXPECT(streq(d->found[0].type_uuid, "a3a2a1a0-a5a4-a7a6-a8a9-aaabacadaeaf"));
	KEXPECT(streq(d->found[1].uuid, "34241404-5444-7464-8494-a4b4c4d4e4f4"));
}

KTEST(partition, gpt)
{
	for (u32 bs = 512; bs <= 4096; bs *= 8) {
		struct disk_image *d = gpt_make(bs);

		KREQUIRE(d);
		expect_gpt(d, 0);
		/* A bit of the primary entries, then of its header: the backup speaks. */
		d->data[entries_at(d, false) * bs + 77] ^= 1;
		expect_gpt(d, 1);
		d->data[entries_at(d, false) * bs + 77] ^= 1;
		d->data[bs + 40] ^= 1;
		expect_gpt(d, 1);
		d->data[bs + 40] ^= 1;
		d->fail_lba = 1;
		expect_gpt(d, 1);
		d->fail_lba = ~0ull;
		/* Both. */
		d->data[bs + 40] ^= 1;
		d->data[(u64)(BLOCKS - 1) * bs + 88] ^= 1;
		KEXPECT_EQ(image_parse(d), -EUCLEAN);
		KEXPECT_EQ(d->nr, 0);
		image_free(d);
	}
}

KTEST(partition, gpt_lies)
{
	struct disk_image *d = gpt_make(512);
	u8 *h;

	KREQUIRE(d);
	/* Entries outside of the usable blocks, reversed, overflowing; the checksum is right. */
	gpt_entry(d, false, 1, 10, 20, "before");
	gpt_entry(d, false, 2, 300, 250, "reversed");
	gpt_entry(d, false, 3, 0, ~0ull, "all");
	gpt_entry(d, false, 6, 210, 220, "a name of the full length of 36 unit");
	gpt_seal(d, false);
	KEXPECT_EQ(image_parse(d), PART_TABLE_GPT);
	KEXPECT_EQ(d->nr, 3);
	KEXPECT_EQ(d->notes, 3);
	KEXPECT_EQ(strlen(d->found[2].label), 36);
	/* Headers with sizes and places of their own. */
	h = d->data + 512;
	for (u32 i = 0; i < 6; i++) {
		static const struct { u32 off, val; } lies[6] = {
			{ 12, 4096 }, { 72, 0xfffffff0 }, { 80, 0xffffffff }, { 84, 130 }, { 84, 0 }, { 48, 0xffffffff },
		};

		gpt_seal(d, false);
		put32(h + lies[i].off, lies[i].val);
		put32(h + 16, 0);
		put32(h + 16, crc32(0, h, 92));
		KEXPECT_EQ(image_parse(d), PART_TABLE_GPT);	/* the backup */
		KEXPECT_EQ(d->nr, 2);
	}
	image_free(d);
}

KTEST(partition, random)
{
	struct disk_image *d = gpt_make(512), *m = image_new(512);
	u64 x = 0x9e3779b97f4a7c15ull;

	KREQUIRE(d && m);
	for (int run = 0; run < 3000; run++) {
		struct disk_image *i = run & 1 ? d : m;

		for (int k = 0; k < 8; k++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			/* Mostly where tables are. */
			i->data[x & 0x8000 ? (x >> 16) % (BLOCKS * 512) : 440 + (x >> 16) % 2000] = (u8)(x >> 40);
		}
		i->data[510] = 0x55;
		i->data[511] = 0xaa;
		for (int k = 0; k < 4; k++)
			i->data[446 + 16 * k] = 0;
		if (run & 1) {
			i->data[450] = 0xee;
			gpt_seal(i, run & 2);
		}
		(void)!image_parse(i);
	}
	image_free(d);
	image_free(m);
}
