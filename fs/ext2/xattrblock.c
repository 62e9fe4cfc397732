/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A set of extended attributes in a block or behind an inode: entries grow from the front, values from
 * the end, four zero bytes between. Pure. ext2_xattr_check() comes before everything else.
 */
#include <base/errno.h>
#include <base/string.h>
#include "format.h"

static inline struct ext2_xattr_entry *entry_at(const struct ext2_xattr_area *a, u32 off)
{
	return (struct ext2_xattr_entry *)((char *)a->base + off);
}

static inline u32 off_of(const struct ext2_xattr_area *a, const struct ext2_xattr_entry *e)
{
	return (u32)((const char *)e - (const char *)a->base);
}

static inline bool is_last(const struct ext2_xattr_entry *e)
{
	u32 w;

	memcpy(&w, e, 4);
	return !w;
}

/* Taking a value out moves those below it: no two may share a byte. used: a bit for each four bytes. */
static bool mark(u8 *used, u32 v, u32 n)
{
	for (u32 i = v / 4; i < (v + n + 3) / 4; i++) {
		if (ext2_bit(used, i))
			return false;
		ext2_bit_set(used, i);
	}
	return true;
}

const char *ext2_xattr_check(const struct ext2_xattr_area *a)
{
	u8 used[EXT2_XATTR_AREA_MAX / 4 / 8] = { 0 };
	u32 off = a->first, low = a->end;

	if (a->end > EXT2_XATTR_AREA_MAX)
		return "attribute area too large";
	/* First the names, then the values, which must lie behind them. */
	for (;;) {
		const struct ext2_xattr_entry *e = entry_at(a, off);

		if (off + 4 > a->end)
			return "attribute list has no end";
		if (is_last(e))
			break;
		if (off + sizeof(*e) > a->end || off + EXT2_XATTR_LEN(e->name_len) + 4 > a->end)
			return "attribute name beyond the end";
		if (le32(e->value_block))
			return "attribute value in another block";
		if (le32(e->value_size)) {
			u32 v = le16(e->value_offs), n = le32(e->value_size);

			if (v & 3 || v >= a->end || n > a->end - v || EXT2_XATTR_PAD(n) > a->end - v)
				return "attribute value beyond the end";
			low = v < low ? v : low;
			if (!mark(used, v, n))
				return "attribute values overlap";
		}
		if (memchr(e->name, 0, e->name_len))
			return "attribute name with a zero byte";
		off += EXT2_XATTR_LEN(e->name_len);
	}
	if (low < off + 4)
		return "attribute value within the names";
	return NULL;
}

struct ext2_xattr_entry *ext2_xattr_next(const struct ext2_xattr_area *a, const struct ext2_xattr_entry *prev)
{
	struct ext2_xattr_entry *e = entry_at(a, prev ? off_of(a, prev) + EXT2_XATTR_LEN(prev->name_len) : a->first);

	return is_last(e) ? NULL : e;
}

struct ext2_xattr_entry *ext2_xattr_find(const struct ext2_xattr_area *a, u8 index, const char *name, u32 len)
{
	struct ext2_xattr_entry *e = NULL;

	while ((e = ext2_xattr_next(a, e)) != NULL)
		if (e->name_index == index && e->name_len == len && !memcmp(e->name, name, len))
			return e;
	return NULL;
}

/* Where the entries end (their terminator) and where the values begin. */
static void extent(const struct ext2_xattr_area *a, u32 *last, u32 *low)
{
	struct ext2_xattr_entry *e = NULL;

	*last = a->first;
	*low = a->end;
	while ((e = ext2_xattr_next(a, e)) != NULL) {
		*last = off_of(a, e) + EXT2_XATTR_LEN(e->name_len);
		if (le32(e->value_size) && le16(e->value_offs) < *low)
			*low = le16(e->value_offs);
	}
}

static void take_out(struct ext2_xattr_area *a, struct ext2_xattr_entry *victim)
{
	u32 last, low, size = EXT2_XATTR_PAD(le32(victim->value_size)), at = le16(victim->value_offs);
	u32 len = EXT2_XATTR_LEN(victim->name_len), off = off_of(a, victim);
	struct ext2_xattr_entry *e = NULL;
	char *base = a->base;

	extent(a, &last, &low);
	if (size) {
		memmove(base + low + size, base + low, at - low);
		memset(base + low, 0, size);
		while ((e = ext2_xattr_next(a, e)) != NULL)
			if (e != victim && le32(e->value_size) && le16(e->value_offs) < at)
				e->value_offs = to_le16((u16)(le16(e->value_offs) + size));
	}
	memmove(base + off, base + off + len, last - off - len);
	memset(base + last - len, 0, len);
}

static bool before(const struct ext2_xattr_entry *e, u8 index, const char *name, u32 len)
{
	if (e->name_index != index)
		return e->name_index < index;
	if (e->name_len != len)
		return e->name_len < len;
	return memcmp(e->name, name, len) < 0;
}

int ext2_xattr_set(struct ext2_xattr_area *a, u8 index, const char *name, u32 len, const void *value, u32 size, bool sorted)
{
	struct ext2_xattr_entry *old = ext2_xattr_find(a, index, name, len), *e = NULL, *next = NULL;
	u32 last, low, need = EXT2_XATTR_LEN(len) + EXT2_XATTR_PAD(size), have, off;
	char *base = a->base;

	if (!value) {
		if (!old)
			return -ENODATA;
		take_out(a, old);
		return 0;
	}
	extent(a, &last, &low);
	have = low - last - 4;
	if (old)
		have += EXT2_XATTR_LEN(len) + EXT2_XATTR_PAD(le32(old->value_size));
	if (size > a->end || need > have)
		return -ENOSPC;
	if (old)
		take_out(a, old);
	extent(a, &last, &low);
	off = last;
	if (sorted) {
		while ((e = ext2_xattr_next(a, e)) != NULL && before(e, index, name, len))
			next = e;
		off = next ? off_of(a, next) + EXT2_XATTR_LEN(next->name_len) : a->first;
	}
	memmove(base + off + EXT2_XATTR_LEN(len), base + off, last - off);
	e = entry_at(a, off);
	memset(e, 0, EXT2_XATTR_LEN(len));
	e->name_len = (u8)len;
	e->name_index = index;
	memcpy(e->name, name, len);
	if (size) {
		low -= EXT2_XATTR_PAD(size);
		memset(base + low, 0, EXT2_XATTR_PAD(size));
		memcpy(base + low, value, size);
		e->value_offs = to_le16((u16)low);
		e->value_size = to_le32(size);
	}
	return 0;
}

void ext2_xattr_rehash(struct ext2_xattr_area *a)
{
	struct ext2_xattr_header *h = a->base;
	struct ext2_xattr_entry *e = NULL;
	u32 all = 0;
	bool none = false;

	while ((e = ext2_xattr_next(a, e)) != NULL) {
		u32 v = 0;

		for (u32 i = 0; i < e->name_len; i++)
			v = v << 5 ^ v >> 27 ^ (u8)e->name[i];
		for (u32 i = 0; i < EXT2_XATTR_PAD(le32(e->value_size)); i += 4) {
			u32 w;

			memcpy(&w, (char *)a->base + le16(e->value_offs) + i, 4);
			v = v << 16 ^ v >> 16 ^ w;
		}
		e->hash = to_le32(v);
		none |= !v;
		all = all << 16 ^ all >> 16 ^ v;
	}
	h->hash = to_le32(none ? 0 : all);
}
