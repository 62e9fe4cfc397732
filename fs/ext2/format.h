/* SPDX-License-Identifier: MPL-2.0 */
/*
 * ext2 as it lies on the disk, and the arithmetic on it that needs nothing but bytes: layout of groups,
 * block paths, directory blocks, hashes of names. All of it is pure: built for the host too (format.c,
 * dirblock.c, dirhash.c, xattrblock.c), where tests and the fuzzer feed it hostile images.
 */
#ifndef FS_EXT2_FORMAT_H
#define FS_EXT2_FORMAT_H

#include <base/byteorder.h>
#include <base/types.h>

#define EXT2_SUPER_OFFSET	1024u
#define EXT2_SUPER_SIZE		1024u
#define EXT2_MAGIC		0xef53
#define EXT2_NAME_LEN		255u
#define EXT2_BAD_INO		1u
#define EXT2_ROOT_INO		2u
#define EXT2_RESIZE_INO		7u
#define EXT2_MAX_LINKS		32000u
#define EXT2_MAX_BLOCK_BITS	12u	/* 4 KiB */
#define EXT2_MIN_BLOCK_BITS	10u

#define EXT2_VALID_FS		1u
#define EXT2_ERROR_FS		2u
#define EXT2_ORPHAN_FS		4u
#define EXT2_ERRORS_CONTINUE	1u
#define EXT2_ERRORS_RO		2u
#define EXT2_ERRORS_PANIC	3u

#define EXT2_COMPAT_DIR_PREALLOC 0x0001u
#define EXT2_COMPAT_HAS_JOURNAL	0x0004u
#define EXT2_COMPAT_EXT_ATTR	0x0008u
#define EXT2_COMPAT_RESIZE_INODE 0x0010u
#define EXT2_COMPAT_DIR_INDEX	0x0020u
#define EXT2_RO_SPARSE_SUPER	0x0001u
#define EXT2_RO_LARGE_FILE	0x0002u
#define EXT2_RO_EXTRA_ISIZE	0x0040u
#define EXT2_INCOMPAT_FILETYPE	0x0002u
#define EXT2_INCOMPAT_RECOVER	0x0004u
#define EXT2_INCOMPAT_META_BG	0x0010u
#define EXT2_RO_KNOWN		(EXT2_RO_SPARSE_SUPER | EXT2_RO_LARGE_FILE | EXT2_RO_EXTRA_ISIZE)
#define EXT2_INCOMPAT_KNOWN	(EXT2_INCOMPAT_FILETYPE | EXT2_INCOMPAT_META_BG)

#define EXT2_FLAG_SIGNED_HASH	1u
#define EXT2_FLAG_UNSIGNED_HASH	2u
#define EXT2_DEFM_XATTR_USER	0x0004u
#define EXT2_DEFM_ACL		0x0008u
#define EXT2_DEFM_BSDGROUPS	0x0002u
#define EXT2_DEFM_UID16		0x0010u

struct ext2_super {
	le32_t inodes_count, blocks_count, r_blocks_count, free_blocks_count, free_inodes_count;
	le32_t first_data_block, log_block_size, log_frag_size;
	le32_t blocks_per_group, frags_per_group, inodes_per_group;
	le32_t mtime, wtime;
	le16_t mnt_count, max_mnt_count, magic, state, errors, minor_rev_level;
	le32_t lastcheck, checkinterval, creator_os, rev_level;
	le16_t def_resuid, def_resgid;
	le32_t first_ino;
	le16_t inode_size, block_group_nr;
	le32_t feature_compat, feature_incompat, feature_ro_compat;
	u8 uuid[16];
	char volume_name[16], last_mounted[64];
	le32_t algorithm_usage_bitmap;
	u8 prealloc_blocks, prealloc_dir_blocks;
	le16_t reserved_gdt_blocks;
	u8 journal_uuid[16];
	le32_t journal_inum, journal_dev, last_orphan;
	le32_t hash_seed[4];
	u8 def_hash_version, jnl_backup_type;
	le16_t desc_size;
	le32_t default_mount_opts, first_meta_bg, mkfs_time;
	le32_t jnl_blocks[17];
	le32_t blocks_count_hi, r_blocks_count_hi, free_blocks_hi;
	le16_t min_extra_isize, want_extra_isize;
	le32_t flags;
	u8 rest[1024 - 0x164];
};
static_assert(sizeof(struct ext2_super) == 1024, "ext2 super block");

struct ext2_group {
	le32_t block_bitmap, inode_bitmap, inode_table;
	le16_t free_blocks, free_inodes, used_dirs, flags;
	le32_t unused[3];
};
static_assert(sizeof(struct ext2_group) == 32, "ext2 group descriptor");

#define EXT2_NDIR	12u
#define EXT2_IND	12u
#define EXT2_DIND	13u
#define EXT2_TIND	14u
#define EXT2_NBLOCKS	15u

struct ext2_inode {
	le16_t mode, uid;
	le32_t size, atime, ctime, mtime, dtime;
	le16_t gid, links;
	le32_t blocks, flags, version;
	le32_t block[EXT2_NBLOCKS];
	le32_t generation, file_acl, size_high, faddr;
	u8 frag, fsize;
	le16_t file_acl_high, uid_high, gid_high;
	le32_t reserved2;
	/* From here on only in inodes of more than 128 bytes, as far as extra_isize says. */
	le16_t extra_isize, checksum_hi;
	le32_t ctime_extra, mtime_extra, atime_extra, crtime, crtime_extra, version_hi, projid;
};
static_assert(sizeof(struct ext2_inode) == 160, "ext2 inode");
#define EXT2_INODE_SMALL	128u

/* inode flags */
#define EXT2_SECRM_FL		0x00000001u
#define EXT2_SYNC_FL		0x00000008u
#define EXT2_IMMUTABLE_FL	0x00000010u
#define EXT2_APPEND_FL		0x00000020u
#define EXT2_NODUMP_FL		0x00000040u
#define EXT2_NOATIME_FL		0x00000080u
#define EXT2_INDEX_FL		0x00001000u
#define EXT2_DIRSYNC_FL		0x00010000u
#define EXT2_TOPDIR_FL		0x00020000u
#define EXT2_EXTENTS_FL		0x00080000u
#define EXT2_USER_VISIBLE	0x000bdfffu
#define EXT2_USER_SETTABLE	0x000b80ffu
/* What this driver gives effect to; the rest of the settable ones is refused. */
#define EXT2_USER_HONOURED	(EXT2_SYNC_FL | EXT2_IMMUTABLE_FL | EXT2_APPEND_FL | EXT2_NODUMP_FL | EXT2_NOATIME_FL | \
				 EXT2_DIRSYNC_FL | EXT2_TOPDIR_FL)

struct ext2_dirent {
	le32_t ino;
	le16_t rec_len;
	u8 name_len, type;		/* type only with the file-type feature */
	char name[];
};
#define EXT2_DIRENT_HEAD	8u
#define EXT2_DIRENT_LEN(n)	(((n) + EXT2_DIRENT_HEAD + 3u) & ~3u)

/* --- format.c --- */

struct ext2_layout {
	u32 block_bits, block_size;
	u32 inode_size, inodes_per_block, inodes_per_group, itable_blocks;
	u32 blocks_per_group, nr_groups, descs_per_block, gdt_blocks;
	u32 first_data_block, first_ino;
	u32 inodes_count;
	u64 blocks_count;
	u32 compat, incompat, ro_compat, first_meta_bg, rev;
	bool sparse;
};

/* Check a super block against a device of dev_bytes. 0, -EINVAL, or -EUCLEAN; *why says what is wrong. */
__must_check int ext2_layout_init(struct ext2_layout *l, const struct ext2_super *s, u64 dev_bytes, const char **why);
static inline u64 ext2_group_first(const struct ext2_layout *l, u32 g)
{
	return l->first_data_block + (u64)g * l->blocks_per_group;
}
/* Blocks in group g: the last one may be short. */
u32 ext2_group_blocks(const struct ext2_layout *l, u32 g);
bool ext2_group_has_super(const struct ext2_layout *l, u32 g);
/* Does a super block, the first one or a copy, belong in this block? */
bool ext2_super_place(const struct ext2_layout *l, u64 block);
/* Block number of descriptor block i; sb_block: where the super block in use stands. */
u64 ext2_gdt_block(const struct ext2_layout *l, u32 i, u64 sb_block);
/* Is the descriptor within its file system? (its three places) */
bool ext2_group_valid(const struct ext2_layout *l, u32 g, const struct ext2_group *d);
/* Names of the features in bits that are not known; for messages. */
const char *ext2_feature_name(int kind, u32 bit);	/* kind: 0 compat, 1 incompat, 2 ro_compat */

/* Slots from the inode down to block `lblk`: depth 1..4, 0: beyond the largest file. */
struct ext2_path {
	u32 depth;
	u32 slot[4];
	u32 left;		/* further blocks in the last one after this slot */
};
void ext2_block_path(u32 block_bits, u64 lblk, struct ext2_path *p);
/* First logical block past the range of the subtree at level `depth` of the path. */
u64 ext2_max_bytes(u32 block_bits, bool large);

/* --- bits of on-disk bitmaps, in any byte alignment --- */
static inline bool ext2_bit(const void *map, u32 n) { return ((const u8 *)map)[n >> 3] >> (n & 7) & 1; }
static inline void ext2_bit_set(void *map, u32 n) { ((u8 *)map)[n >> 3] |= (u8)(1u << (n & 7)); }
static inline void ext2_bit_clear(void *map, u32 n) { ((u8 *)map)[n >> 3] &= (u8)~(1u << (n & 7)); }
/* First clear (set) bit in [from, end); end: none. */
u32 ext2_next_zero(const void *map, u32 end, u32 from);
u32 ext2_next_set(const void *map, u32 end, u32 from);
u32 ext2_count_zero(const void *map, u32 nbits);

/* Times: 34 bits of seconds and 30 of nanoseconds. */
static inline s64 ext2_time_sec(u32 lo, u32 extra) { return (s64)(s32)lo + ((s64)(extra & 3) << 32); }
static inline u32 ext2_time_extra(s64 sec, u32 nsec) { return (u32)((((u64)sec - (u64)(s64)(s32)sec) >> 32) & 3) | nsec << 2; }

/* --- dirblock.c --- */
/* Is the entry at off well formed? max_ino: largest inode number. NULL or what is wrong. */
const char *ext2_dirent_check(const void *block, u32 size, u32 off, u32 max_ino);
/* The whole block. */
const char *ext2_dirblock_check(const void *block, u32 size, u32 max_ino);
/* Offset of a live entry called name; size: not there. Stops with -1 (as u32) at a malformed entry. */
#define EXT2_DIR_BAD	(~0u)
u32 ext2_dirblock_find(const void *block, u32 size, const char *name, u32 len, u32 max_ino);
/* Room for `need` bytes: offset of the entry to split or reuse; size: none. */
u32 ext2_dirblock_room(const void *block, u32 size, u32 need, u32 max_ino);
/* Put an entry where ext2_dirblock_room() said; its offset. */
u32 ext2_dirblock_insert(void *block, u32 at, u32 ino, const char *name, u32 len, u8 type);
/* Take the entry at off out. False: the block is malformed. */
bool ext2_dirblock_remove(void *block, u32 size, u32 off, u32 max_ino);
/* A fresh block with one empty entry. */
void ext2_dirblock_init(void *block, u32 size);
/* Has it no live entry but . and ..? */
bool ext2_dirblock_empty(const void *block, u32 size, u32 max_ino);

/* --- dirhash.c --- */
#define EXT2_HASH_LEGACY	0u
#define EXT2_HASH_HALF_MD4	1u
#define EXT2_HASH_TEA		2u
#define EXT2_HASH_LEGACY_UNSIGNED 3u
#define EXT2_HASH_HALF_MD4_UNSIGNED 4u
#define EXT2_HASH_TEA_UNSIGNED	5u
/* Hash of a name, lowest bit clear; *minor for the order of equal ones. 0 or -EINVAL: unknown version. */
__must_check int ext2_dirhash(const char *name, u32 len, u32 version, const u32 seed[4], u32 *major, u32 *minor);

/* Index blocks. */
struct ext2_dx_entry {
	le32_t hash, block;
};
struct ext2_dx_countlimit {
	le16_t limit, count;
};
struct ext2_dx_root_info {
	le32_t reserved;
	u8 hash_version, info_length, indirect_levels, unused;
};
#define EXT2_DX_ROOT_OFF	32u	/* of the entries in the root: two dirents of 12, then the info */
#define EXT2_DX_NODE_OFF	8u	/* behind one empty entry */
#define EXT2_DX_BLOCK_MASK	0x0fffffffu
/* Entries of the index block; NULL and *why when malformed. *count of them, *limit. */
struct ext2_dx_entry *ext2_dx_entries(void *block, u32 size, bool root, u32 *count, u32 *limit, const char **why);
/* Which entry covers the hash. */
u32 ext2_dx_search(const struct ext2_dx_entry *e, u32 count, u32 hash);

/* --- xattrblock.c --- */
#define EXT2_XATTR_MAGIC	0xea020000u
struct ext2_xattr_header {
	le32_t magic, refcount, blocks, hash, reserved[4];
};
static_assert(sizeof(struct ext2_xattr_header) == 32, "ext2 xattr header");
struct ext2_xattr_entry {
	u8 name_len, name_index;
	le16_t value_offs;
	le32_t value_block, value_size, hash;
	char name[];
};
#define EXT2_XATTR_AREA_MAX	4096u
#define EXT2_XATTR_PAD(n)	(((n) + 3u) & ~3u)
#define EXT2_XATTR_LEN(n)	EXT2_XATTR_PAD((u32)sizeof(struct ext2_xattr_entry) + (n))

/* A set of attributes: entries at `first`, values with offsets from `base`, all before `end`. */
struct ext2_xattr_area {
	void *base;
	u32 first, end;			/* from base */
};
/* NULL, or what is wrong. */
const char *ext2_xattr_check(const struct ext2_xattr_area *a);
/* On checked areas. NULL: none. prev NULL: the first. */
struct ext2_xattr_entry *ext2_xattr_next(const struct ext2_xattr_area *a, const struct ext2_xattr_entry *prev);
struct ext2_xattr_entry *ext2_xattr_find(const struct ext2_xattr_area *a, u8 index, const char *name, u32 len);
/* Set (value NULL: remove). 0, -ENOSPC, -ENODATA. sorted: by index, length, name, as blocks have it. */
__must_check int ext2_xattr_set(struct ext2_xattr_area *a, u8 index, const char *name, u32 len, const void *value, u32 size,
				bool sorted);
/* Hashes of a block's entries and of the block. */
void ext2_xattr_rehash(struct ext2_xattr_area *block);

#endif
