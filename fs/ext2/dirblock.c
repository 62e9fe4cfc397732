/* SPDX-License-Identifier: MPL-2.0 */
/*
 * One block of a directory: a chain of entries that fills it. Pure. Nothing here trusts the block:
 * each entry is checked before it is used, so a reader ends after at most size / 12 steps.
 */
#include <base/string.h>
#include "format.h"

static inline struct ext2_dirent *at(const void *block, u32 off)
{
	return (struct ext2_dirent *)((char *)block + off);
}

const char *ext2_dirent_check(const void *block, u32 size, u32 off, u32 max_ino)
{
	const struct ext2_dirent *d = at(block, off);
	u32 n;

	if (off & 3 || off + EXT2_DIRENT_LEN(1) > size)
		return "entry crosses the end of the block";
	n = le16(d->rec_len);
	if (n < EXT2_DIRENT_LEN(1))
		return "rec_len is smaller than minimal";
	if (n & 3)
		return "rec_len is not a multiple of 4";
	if (n > size - off)
		return "directory entry across blocks";
	if (n < EXT2_DIRENT_LEN(d->name_len))
		return "rec_len is too small for name_len";
	if (le32(d->ino) > max_ino)
		return "inode out of bounds";
	return NULL;
}

const char *ext2_dirblock_check(const void *block, u32 size, u32 max_ino)
{
	for (u32 off = 0; off < size; off += le16(at(block, off)->rec_len)) {
		const char *why = ext2_dirent_check(block, size, off, max_ino);

		if (why)
			return why;
	}
	return NULL;
}

u32 ext2_dirblock_find(const void *block, u32 size, const char *name, u32 len, u32 max_ino)
{
	for (u32 off = 0; off < size; off += le16(at(block, off)->rec_len)) {
		const struct ext2_dirent *d = at(block, off);

		if (ext2_dirent_check(block, size, off, max_ino))
			return EXT2_DIR_BAD;
		if (d->name_len == len && le32(d->ino) && !memcmp(d->name, name, len))
			return off;
	}
	return size;
}

static u32 used_len(const struct ext2_dirent *d)
{
	return le32(d->ino) ? EXT2_DIRENT_LEN(d->name_len) : 0;
}

u32 ext2_dirblock_room(const void *block, u32 size, u32 need, u32 max_ino)
{
	for (u32 off = 0; off < size; off += le16(at(block, off)->rec_len)) {
		if (ext2_dirent_check(block, size, off, max_ino))
			return EXT2_DIR_BAD;
		if (le16(at(block, off)->rec_len) - used_len(at(block, off)) >= need)
			return off;
	}
	return size;
}

u32 ext2_dirblock_insert(void *block, u32 off, u32 ino, const char *name, u32 len, u8 type)
{
	struct ext2_dirent *d = at(block, off);
	u32 used = used_len(d), whole = le16(d->rec_len);

	if (used) {
		off += used;
		at(block, off)->rec_len = to_le16((u16)(whole - used));
		at(block, off)->ino = to_le32(0);
	}
	memcpy(at(block, off)->name, name, len);
	at(block, off)->name_len = (u8)len;
	at(block, off)->type = type;
	at(block, off)->ino = to_le32(ino);
	/* Last, so that a reader in between goes on over the old, longer entry. */
	if (used)
		d->rec_len = to_le16((u16)used);
	return off;
}

bool ext2_dirblock_remove(void *block, u32 size, u32 off, u32 max_ino)
{
	u32 prev = size, i;

	for (i = 0; i < off; i += le16(at(block, i)->rec_len)) {
		if (ext2_dirent_check(block, size, i, max_ino))
			return false;
		prev = i;
	}
	if (i != off || ext2_dirent_check(block, size, off, max_ino))
		return false;
	at(block, off)->ino = to_le32(0);
	if (prev != size)
		at(block, prev)->rec_len = to_le16((u16)(le16(at(block, prev)->rec_len) + le16(at(block, off)->rec_len)));
	return true;
}

void ext2_dirblock_init(void *block, u32 size)
{
	memset(block, 0, size);
	at(block, 0)->rec_len = to_le16((u16)size);
}

bool ext2_dirblock_empty(const void *block, u32 size, u32 max_ino)
{
	for (u32 off = 0; off < size; off += le16(at(block, off)->rec_len)) {
		const struct ext2_dirent *d = at(block, off);

		if (ext2_dirent_check(block, size, off, max_ino))
			return false;
		if (!le32(d->ino))
			continue;
		if (!(d->name_len == 1 && d->name[0] == '.') && !(d->name_len == 2 && d->name[0] == '.' && d->name[1] == '.'))
			return false;
	}
	return true;
}
