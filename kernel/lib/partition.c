/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Partition tables. An MBR (block 0) has four entries; an extended one among them holds a chain of
 * small tables, each with one logical partition and a link to the next. A GPT stands behind a protective
 * MBR: a header in block 1 with a checksum over itself and one over the array of entries, and a copy of
 * both at the end of the disk, which counts when the first is broken. Source: UEFI 2.10, chapter 5.
 */
#include <base/byteorder.h>
#include <base/crc.h>
#include <base/errno.h>
#include <base/math.h>
#include <base/partition.h>
#include <base/printf.h>
#include <base/string.h>

#define MBR_TABLE	446u
#define MBR_SIGNATURE	440u
#define MBR_EXTENDED	0x05
#define MBR_EXTENDED_LBA 0x0f
#define MBR_LINUX_EXTENDED 0x85
#define MBR_PROTECTIVE	0xee
#define MAX_LOGICAL	100u		/* links of a chain that we follow: it may be a circle */

struct mbr_entry {
	u8 boot, chs_first[3], type, chs_last[3];
	u8 start[4], count[4];		/* little-endian, at odd addresses */
};
static_assert(sizeof(struct mbr_entry) == 16, "MBR entry");

struct gpt_header {
	u8 signature[8];
	le32_t revision, size, crc, zero;
	le64_t my_lba, alternate_lba, first_usable, last_usable;
	u8 disk_guid[16];
	le64_t entries_lba;
	le32_t nr_entries, entry_size, entries_crc;
};
#define GPT_HEADER_BYTES	92u
static_assert(offsetof(struct gpt_header, entries_crc) == 88, "UEFI 5.3.2");

struct gpt_entry {
	u8 type[16], id[16];
	le64_t first, last, flags;
	le16_t name[36];
};
static_assert(sizeof(struct gpt_entry) == 128, "UEFI 5.3.3");

static u32 get32(const u8 *p) { return (u32)p[0] | (u32)p[1] << 8 | (u32)p[2] << 16 | (u32)p[3] << 24; }

static void note(const struct part_source *s, const char *text)
{
	if (s->note)
		s->note(s->arg, text);
}

static bool has_mark(const u8 *block) { return block[510] == 0x55 && block[511] == 0xaa; }

static bool is_extended(u8 type)
{
	return type == MBR_EXTENDED || type == MBR_EXTENDED_LBA || type == MBR_LINUX_EXTENDED;
}

/* --- MBR --- */

/* A boot sector of a file system without a table has the mark as well, but other bytes where ours has 0 or 0x80. */
static bool mbr_plausible(const struct mbr_entry *e)
{
	for (int i = 0; i < 4; i++)
		if (e[i].boot != 0 && e[i].boot != 0x80)
			return false;
	return true;
}

static int mbr_found(const struct part_source *s, u32 number, u64 start, u64 count, u8 type, u32 disk_id)
{
	struct part_info p = { .number = number, .start = start, .blocks = count, .mbr_type = type };

	if (disk_id)
		snprintf(p.uuid, sizeof(p.uuid), "%08x-%02x", disk_id, number);
	return s->found(s->arg, &p);
}

/* One link of the chain at `here`: its logical partition, and where the next one is (0: the end). */
static int mbr_link(const struct part_source *s, u8 *block, u64 first, u64 here, u64 end, u32 *number, u32 disk_id, u64 *next)
{
	const struct mbr_entry *e = (const struct mbr_entry *)(block + MBR_TABLE);
	int err = s->read(s->arg, here, 1, block);

	*next = 0;
	if (err)
		return err;
	if (!has_mark(block))
		return 0;
	/* Usually entry 0 is the partition, entry 1 the link; others are data left over. */
	for (int i = 0; i < 4; i++) {
		u64 start = here + get32(e[i].start), count = get32(e[i].count);

		if (!count || is_extended(e[i].type))
			continue;
		if (i >= 2 && (start < first || start + count > end))
			continue;
		if (start >= s->nr_blocks || count > s->nr_blocks - start) {
			note(s, "a logical partition ends past the disk");
			continue;
		}
		err = mbr_found(s, (*number)++, start, count, e[i].type, disk_id);
		if (err)
			return err;
	}
	for (int i = 0; i < 4; i++) {
		if (!get32(e[i].count) || !is_extended(e[i].type))
			continue;
		*next = first + get32(e[i].start);
		break;
	}
	return 0;
}

static int mbr_extended(const struct part_source *s, u8 *block, u64 first, u64 count, u32 *number, u32 disk_id)
{
	u64 here = first, next;

	for (u32 i = 0; i < MAX_LOGICAL; i++) {
		int err;

		if (here >= s->nr_blocks)
			return 0;
		err = mbr_link(s, block, first, here, first + count, number, disk_id, &next);
		if (err || !next)
			return err;
		if (next <= first || next == here) {
			note(s, "the chain of logical partitions goes in a circle");
			return 0;
		}
		here = next;
	}
	note(s, "too many logical partitions: the chain may be a circle");
	return 0;
}

static int mbr_read(const struct part_source *s, u8 *block)
{
	struct mbr_entry e[4];
	u32 disk_id = get32(block + MBR_SIGNATURE), logical = 5;
	int err;

	memcpy(e, block + MBR_TABLE, sizeof(e));	/* the chain reuses the block */
	for (u32 i = 0; i < 4; i++) {
		u64 start = get32(e[i].start), count = get32(e[i].count);

		if (!count)
			continue;
		if (start >= s->nr_blocks) {
			note(s, "a partition begins past the disk");
			continue;
		}
		if (count > s->nr_blocks - start) {
			note(s, "a partition ends past the disk: cut");
			count = s->nr_blocks - start;
		}
		if (!is_extended(e[i].type)) {
			err = mbr_found(s, i + 1, start, count, e[i].type, disk_id);
		} else {
			/* The extended one itself is a device of two blocks, for boot loaders; never over what lies in it. */
			err = mbr_found(s, i + 1, start, min_t(u64, count, max_t(u64, 1024 / s->block_size, 1)), e[i].type,
					disk_id);
			if (!err)
				err = mbr_extended(s, block, start, count, &logical, disk_id);
		}
		if (err)
			return err;
	}
	return PART_TABLE_MBR;
}

/* --- GPT --- */

/* The first three fields of a GUID are little-endian, the rest are bytes. */
static void guid_text(const u8 *g, char *out)
{
	snprintf(out, PART_UUID_MAX, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", g[3], g[2], g[1],
		 g[0], g[5], g[4], g[7], g[6], g[8], g[9], g[10], g[11], g[12], g[13], g[14], g[15]);
}

static u32 put_utf8(char *out, u32 c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* Lone surrogates and control characters become '!'. 36 units give at most 108 bytes. */
static void label_text(const le16_t *name, char *out)
{
	u32 n = 0;

	for (u32 i = 0; i < 36; i++) {
		u32 c = le16(name[i]), low = i + 1 < 36 ? le16(name[i + 1]) : 0;

		if (!c)
			break;
		if (c >= 0xd800 && c < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
			i++;
		} else if ((c >= 0xd800 && c < 0xe000) || c < 0x20 || c == 0x7f) {
			c = '!';
		}
		n += put_utf8(out + n, c);
	}
	out[n] = '\0';
}

static bool all_zero(const u8 *p, u32 n)
{
	while (n--)
		if (*p++)
			return false;
	return true;
}

/* Header at lba in `block`: is it one that says it belongs there? */
static bool gpt_header_good(const struct part_source *s, u8 *block, u64 lba)
{
	struct gpt_header *h = (struct gpt_header *)block;
	u32 size = le32(h->size), crc = le32(h->crc), entry = le32(h->entry_size);
	bool good;

	if (memcmp(h->signature, "EFI PART", 8) || size < GPT_HEADER_BYTES || size > s->block_size)
		return false;
	h->crc = to_le32(0);
	good = crc32(0, block, size) == crc;
	h->crc = to_le32(crc);
	if (!good || le64(h->my_lba) != lba)
		return false;
	if (entry < 128 || entry > 4096 || entry & (entry - 1) || !le32(h->nr_entries) || le32(h->nr_entries) > 16384)
		return false;
	return le64(h->first_usable) <= le64(h->last_usable) && le64(h->last_usable) < s->nr_blocks;
}

struct gpt_walk {
	const struct part_source *s;
	u8 *buf;			/* PART_SCRATCH less a header */
	u64 lba;
	u32 nr, entry, chunk;		/* chunk: bytes read at a time */
	u64 first, last;		/* usable */
};

static int gpt_entry_found(const struct gpt_walk *w, u32 i, const struct gpt_entry *e)
{
	u64 first = le64(e->first), last = le64(e->last);
	struct part_info p = { .number = i + 1, .start = first, .blocks = last - first + 1, .gpt_flags = le64(e->flags) };

	if (all_zero(e->type, 16))
		return 0;
	if (first < w->first || last > w->last || first > last) {
		note(w->s, "a partition lies outside of the usable blocks");
		return 0;
	}
	guid_text(e->type, p.type_uuid);
	guid_text(e->id, p.uuid);
	label_text(e->name, p.label);
	return w->s->found(w->s->arg, &p);
}

/* All entries, a chunk at a time: their checksum, or (crc NULL) their contents. */
static int gpt_entries(const struct gpt_walk *w, u32 *crc)
{
	u64 left = (u64)w->nr * w->entry, lba = w->lba;
	u32 index = 0;

	while (left) {
		u32 n = (u32)min_t(u64, left, w->chunk), blocks = (n + w->s->block_size - 1) / w->s->block_size;
		int err;

		if (lba >= w->s->nr_blocks || blocks > w->s->nr_blocks - lba)
			return -EUCLEAN;
		err = w->s->read(w->s->arg, lba, blocks, w->buf);
		if (err)
			return err;
		if (crc)
			*crc = crc32(*crc, w->buf, n);
		for (u32 at = 0; !crc && at + w->entry <= n && !err; at += w->entry)
			err = gpt_entry_found(w, index++, (const struct gpt_entry *)(w->buf + at));
		if (err)
			return err;
		lba += blocks;
		left -= n;
	}
	return 0;
}

/* The table whose header is at lba. -EUCLEAN: it is none, or broken. */
static int gpt_try(const struct part_source *s, u64 lba, u8 *scratch)
{
	const struct gpt_header *h = (const struct gpt_header *)scratch;
	struct gpt_walk w = { .s = s, .buf = scratch + 4096, .chunk = PART_SCRATCH - 4096 };
	u32 crc = 0;
	int err = s->read(s->arg, lba, 1, scratch);

	if (err)
		return err;
	if (!gpt_header_good(s, scratch, lba))
		return -EUCLEAN;
	w.lba = le64(h->entries_lba);
	w.nr = le32(h->nr_entries);
	w.entry = le32(h->entry_size);
	w.first = le64(h->first_usable);
	w.last = le64(h->last_usable);
	err = gpt_entries(&w, &crc);
	if (err)
		return err;
	if (crc != le32(h->entries_crc))
		return -EUCLEAN;
	err = gpt_entries(&w, NULL);
	return err ? err : PART_TABLE_GPT;
}

static int gpt_read(const struct part_source *s, u8 *scratch)
{
	int err = gpt_try(s, 1, scratch);

	if (err >= 0 || (err != -EUCLEAN && err != -EIO))
		return err;
	err = gpt_try(s, s->nr_blocks - 1, scratch);
	if (err >= 0)
		note(s, "the primary GPT is broken, the backup at the end of the disk is used");
	else if (err == -EUCLEAN)
		note(s, "both copies of the GPT are broken: no partitions");
	return err;
}

int partitions_read(const struct part_source *s, void *scratch)
{
	u8 *block = scratch;
	const struct mbr_entry *e = (const struct mbr_entry *)(block + MBR_TABLE);
	int err;

	if (s->block_size < 512 || s->block_size > 4096 || s->nr_blocks < 4)
		return PART_TABLE_NONE;
	err = s->read(s->arg, 0, 1, block);
	if (err)
		return err;
	if (!has_mark(block) || !mbr_plausible(e))
		return PART_TABLE_NONE;
	for (int i = 0; i < 4; i++)
		if (e[i].type == MBR_PROTECTIVE)
			return gpt_read(s, block);
	return mbr_read(s, block);
}
