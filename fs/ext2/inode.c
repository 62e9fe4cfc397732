/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Inodes between the disk and memory: reading and checking one, its image for the table, its end, and
 * its attributes.
 */
#include <base/math.h>
#include <core/clock.h>
#include <kernel/ns.h>
#include "ext2.h"

#define ITABLE_AHEAD	32u	/* blocks of a table that are read at once */

struct buffer *ext2_itable_read(struct ext2_sb *s, u32 ino, struct ext2_inode **raw)
{
	u32 g = (ino - 1) / s->l.inodes_per_group, i = (ino - 1) % s->l.inodes_per_group;
	u64 table = le32(ext2_group_desc(s, g)->inode_table), at = i / s->l.inodes_per_block, b = table + at;
	u64 first = at & ~(u64)(ITABLE_AHEAD - 1);
	struct buffer *bh;

	buffer_readahead_from(s->bdev, b, table + first, (u32)min_t(u64, ITABLE_AHEAD, s->l.itable_blocks - first),
			      s->l.block_size);
	bh = ext2_bread(s, b);
	if (IS_ERR(bh)) {
		ext2_io_error(s, b);
		return bh;
	}
	*raw = (void *)((char *)buffer_data(bh) + i % s->l.inodes_per_block * s->l.inode_size);
	return bh;
}

static bool has_extra(const struct ext2_sb *s, const struct ext2_inode_info *ei, size_t end)
{
	return s->l.inode_size > EXT2_INODE_SMALL && EXT2_INODE_SMALL + ei->extra_isize >= end;
}
#define HAS(s, ei, field) has_extra(s, ei, offsetofend(struct ext2_inode, field))
#ifndef offsetofend
#define offsetofend(t, f) (offsetof(t, f) + sizeof(((t *)0)->f))
#endif

void ext2_set_vfs_flags(struct inode *inode)
{
	u32 f = EXT2_I(inode)->flags, v = inode->flags & ~(S_SYNC | S_APPEND | S_IMMUTABLE | S_NOATIME);

	v |= f & EXT2_SYNC_FL ? S_SYNC : 0;
	v |= f & EXT2_APPEND_FL ? S_APPEND : 0;
	v |= f & EXT2_IMMUTABLE_FL ? S_IMMUTABLE : 0;
	v |= f & EXT2_NOATIME_FL ? S_NOATIME : 0;
	inode->flags = v;
}

static bool is_fast_link(const struct ext2_sb *s, const struct inode *inode)
{
	u64 acl = EXT2_I((struct inode *)inode)->file_acl ? s->l.block_size >> SECTOR_SHIFT : 0;

	return S_ISLNK_I(inode) && inode->blocks <= acl;
}

static u32 old_dev_decode(u32 v)
{
	return v;
}

/* Numbers of a device: small ones in 16 bits in the first slot, large ones in 32 in the second. */
static dev_t read_rdev(const struct ext2_inode *raw)
{
	u32 v = old_dev_decode(le32(raw->block[0]));

	if (v)
		return mkdev(v >> 8 & 0xff, v & 0xff);
	v = le32(raw->block[1]);
	return mkdev(v >> 8 & 0xfff, (v & 0xff) | (v >> 12 & 0xfff00));
}

static void write_rdev(struct ext2_inode *raw, dev_t d)
{
	u32 major = dev_major(d), minor = dev_minor(d);

	memset(raw->block, 0, sizeof(raw->block));
	if (major < 256 && minor < 256)
		raw->block[0] = to_le32(major << 8 | minor);
	else
		raw->block[1] = to_le32((minor & 0xff) | major << 8 | (minor & ~0xffu) << 12);
}

void ext2_set_ops(struct inode *inode)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);

	switch (inode->mode & S_IFMT) {
	case S_IFREG:
		inode->ops = &ext2_file_iops;
		inode->fops = &ext2_fops;
		mapping_init(&inode->data, inode, &ext2_mapping_ops);
		inode->data.gfp &= ~GFP_FS;
		inode->data.flags |= MAPPING_LARGE;
		break;
	case S_IFDIR:
		inode->ops = &ext2_dir_iops;
		inode->fops = &ext2_dir_fops;
		break;
	case S_IFLNK:
		inode->ops = &ext2_link_iops;
		if (is_fast_link(s, inode))
			inode->link = (const char *)EXT2_I(inode)->block;
		break;
	default:
		inode->ops = &ext2_special_iops;
		inode_set_special(inode, inode->mode, inode->rdev);
		break;
	}
}

/* --- reading --- */

static void read_time(struct timespec64 *t, le32_t lo, u32 extra, bool has)
{
	t->sec = has ? ext2_time_sec(le32(lo), extra) : (s32)le32(lo);
	t->nsec = has ? min_t(u32, extra >> 2, 999999999) : 0;
}

static void read_times(struct ext2_sb *s, struct ext2_inode_info *ei, const struct ext2_inode *raw)
{
	struct inode *inode = &ei->vfs;

	read_time(&inode->atime, raw->atime, HAS(s, ei, atime_extra) ? le32(raw->atime_extra) : 0, HAS(s, ei, atime_extra));
	read_time(&inode->mtime, raw->mtime, HAS(s, ei, mtime_extra) ? le32(raw->mtime_extra) : 0, HAS(s, ei, mtime_extra));
	read_time(&inode->ctime, raw->ctime, HAS(s, ei, ctime_extra) ? le32(raw->ctime_extra) : 0, HAS(s, ei, ctime_extra));
	if (HAS(s, ei, crtime_extra))
		read_time(&inode->btime, raw->crtime, le32(raw->crtime_extra), true);
}

static const char *check_inode(struct ext2_sb *s, const struct inode *inode, const struct ext2_inode *raw)
{
	const struct ext2_inode_info *ei = EXT2_I((struct inode *)inode);

	if (s->l.inode_size > EXT2_INODE_SMALL &&
	    (EXT2_INODE_SMALL + ei->extra_isize > s->l.inode_size || ei->extra_isize & 3))
		return "bad extra size";
	if (ei->flags & EXT2_EXTENTS_FL)
		return "extents";
	if (inode->size < 0 || (u64)inode->size > ext2_max_bytes(s->l.block_bits, true))
		return "bad size";
	if (ei->file_acl && (!ext2_block_valid(s, ei->file_acl) || ext2_block_is_system(s, ei->file_acl)))
		return "bad attribute block";
	switch (inode->mode & S_IFMT) {
	case S_IFDIR:
		if (!inode->size || inode->size & (s->l.block_size - 1) || (u64)inode->size > 0x7fffffff)
			return "bad directory size";
		break;
	case S_IFLNK:
		if (is_fast_link(s, inode)) {
			if (inode->size >= (loff_t)sizeof(ei->block) || !inode->size ||
			    strnlen((const char *)raw->block, sizeof(raw->block)) != (size_t)inode->size)
				return "bad symbolic link";
		} else if (!inode->size || inode->size >= s->l.block_size || inode->size >= (loff_t)PAGE_SIZE) {
			return "bad symbolic link";
		}
		break;
	case S_IFREG: case S_IFCHR: case S_IFBLK: case S_IFIFO: case S_IFSOCK:
		break;
	default:
		return "bad type";
	}
	return NULL;
}

static int read_inode(struct inode *inode, const struct ext2_inode *raw)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	struct ext2_inode_info *ei = EXT2_I(inode);
	const char *why;
	u32 uid = le16(raw->uid), gid = le16(raw->gid);

	if (!le16(raw->links) && (!le16(raw->mode) || (le32(raw->dtime) && !s->settling)))
		return -ESTALE;			/* deleted */
	if (!(s->opts & MOPT_NOUID32)) {
		uid |= (u32)le16(raw->uid_high) << 16;
		gid |= (u32)le16(raw->gid_high) << 16;
	}
	inode->mode = le16(raw->mode);
	inode->uid = kuid(uid);
	inode->gid = kgid(gid);
	inode->nlink = le16(raw->links);
	inode->blocks = le32(raw->blocks);
	inode->generation = le32(raw->generation);
	ei->disk_links = inode->nlink;
	ei->flags = le32(raw->flags);
	ei->file_acl = le32(raw->file_acl);
	ei->extra_isize = s->l.inode_size > EXT2_INODE_SMALL ? le16(raw->extra_isize) : 0;
	inode->size = (loff_t)le32(raw->size);
	if (S_ISREG_I(inode))
		inode->size |= (loff_t)((u64)le32(raw->size_high) << 32);
	ei->disksize = (u64)inode->size;
	memcpy(ei->block, raw->block, sizeof(ei->block));
	if (S_ISCHR(inode->mode) || S_ISBLK(inode->mode))
		inode->rdev = read_rdev(raw);
	why = check_inode(s, inode, raw);
	if (why)
		return ext2_error(s, "inode %llu: %s", (unsigned long long)inode->ino, why);
	read_times(s, ei, raw);
	if (!inode->nlink && !s->settling)
		return -ESTALE;
	ext2_set_vfs_flags(inode);
	ext2_set_ops(inode);
	return 0;
}

struct inode *ext2_iget(struct super_block *sb, u32 ino)
{
	struct ext2_sb *s = EXT2_SB(sb);
	struct ext2_inode *raw;
	struct inode *inode;
	struct buffer *bh;
	int err;

	if (ino != EXT2_ROOT_INO && (ino < s->l.first_ino || ino > s->l.inodes_count))
		return ERR_PTR(ext2_error(s, "bad inode number: %u", ino));
	inode = inode_get_locked(sb, ino);
	if (IS_ERR(inode) || !(READ_ONCE(inode->state) & I_NEW))
		return inode;
	bh = ext2_itable_read(s, ino, &raw);
	err = (int)PTR_ERR_OR_ZERO(bh);
	if (!err) {
		err = read_inode(inode, raw);
		buffer_put(bh);
	}
	if (err) {
		/* Never was one: eviction must not touch the disk. */
		set_bit(EI_NEW, &EXT2_I(inode)->state);
		inode->mode = 0;
		inode_fail_new(inode);
		return ERR_PTR(err);
	}
	inode_unlock_new(inode);
	return inode;
}

/* --- writing --- */

static void put_time(le32_t *lo, le32_t *extra, const struct timespec64 *t)
{
	*lo = to_le32((u32)t->sec);
	if (extra)
		*extra = to_le32(ext2_time_extra(t->sec, t->nsec));
}

static void fill_times(struct ext2_sb *s, const struct ext2_inode_info *ei, struct ext2_inode *raw)
{
	const struct inode *inode = &ei->vfs;

	put_time(&raw->atime, HAS(s, ei, atime_extra) ? &raw->atime_extra : NULL, &inode->atime);
	put_time(&raw->mtime, HAS(s, ei, mtime_extra) ? &raw->mtime_extra : NULL, &inode->mtime);
	put_time(&raw->ctime, HAS(s, ei, ctime_extra) ? &raw->ctime_extra : NULL, &inode->ctime);
	if (HAS(s, ei, crtime_extra))
		put_time(&raw->crtime, &raw->crtime_extra, &inode->btime);
}

static void fill_owner(struct ext2_sb *s, const struct inode *inode, struct ext2_inode *raw)
{
	u32 uid = inode->uid.v, gid = inode->gid.v;

	if (s->opts & MOPT_NOUID32) {
		raw->uid = to_le16(uid > 0xffff ? 65534 : (u16)uid);
		raw->gid = to_le16(gid > 0xffff ? 65534 : (u16)gid);
		raw->uid_high = raw->gid_high = to_le16(0);
		return;
	}
	raw->uid = to_le16((u16)uid);
	raw->gid = to_le16((u16)gid);
	raw->uid_high = to_le16((u16)(uid >> 16));
	raw->gid_high = to_le16((u16)(gid >> 16));
}

void ext2_fill_image(struct ext2_inode_info *ei, struct ext2_inode *raw, enum ext2_image what, u32 links)
{
	struct inode *inode = &ei->vfs;
	struct ext2_sb *s = EXT2_SB(inode->sb);
	u64 size = S_ISREG_I(inode) ? ei->disksize : (u64)inode->size;

	if (test_bit(EI_NEW, &ei->state))
		memset(raw, 0, s->l.inode_size);
	if (s->l.inode_size > EXT2_INODE_SMALL)
		raw->extra_isize = to_le16(ei->extra_isize);
	raw->mode = to_le16(inode->mode);
	raw->links = to_le16((u16)links);
	raw->dtime = to_le32(0);
	raw->flags = to_le32(ei->flags);
	raw->generation = to_le32(inode->generation);
	fill_owner(s, inode, raw);
	fill_times(s, ei, raw);
	if (what == IMAGE_STUB) {
		raw->flags = to_le32(ei->flags & ~EXT2_INDEX_FL);
		raw->size = raw->size_high = raw->blocks = raw->file_acl = to_le32(0);
		memset(raw->block, 0, sizeof(raw->block));
		return;
	}
	raw->size = to_le32((u32)size);
	raw->size_high = to_le32(S_ISREG_I(inode) ? (u32)(size >> 32) : 0);
	raw->blocks = to_le32((u32)inode->blocks);
	raw->file_acl = to_le32(ei->file_acl);
	if (S_ISCHR(inode->mode) || S_ISBLK(inode->mode))
		write_rdev(raw, inode->rdev);
	else
		memcpy(raw->block, ei->block, sizeof(raw->block));
	if (ei->ixattr)
		memcpy((char *)raw + EXT2_INODE_SMALL + ei->extra_isize, ei->ixattr, ei->ixattr_size);
}

/* --- the end --- */

static void remember_deleted(struct ext2_sb *s, u32 ino, int phase)
{
	struct ext2_deleted *d = kmalloc(sizeof(*d), GFP_NOFS);

	if (!d)
		return;			/* the disk keeps an inode without links: e2fsck takes it away */
	d->ino = ino;
	d->phase = phase;
	d->dtime = (u32)(clock_realtime_coarse_ns() / 1000000000);
	spin_lock(&s->lock);
	list_add_tail(&d->link, &s->deleted);
	spin_unlock(&s->lock);
}

static bool has_map(const struct inode *inode)
{
	return S_ISREG_I(inode) || S_ISDIR_I(inode) || (S_ISLNK_I(inode) && !inode->link);
}

/* No name and no user is left: blocks and number are free after the next commit. */
static void delete_inode(struct inode *inode)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	struct ext2_inode_info *ei = EXT2_I(inode);
	bool fresh = test_bit(EI_NEW, &ei->state);

	ext2_begin_always(s);
	spin_lock(&s->lock);
	set_bit(EI_ORPHAN, &ei->state);		/* what follows makes nothing dirty */
	list_del_init(&ei->orphan_link);
	spin_unlock(&s->lock);
	if (!READ_ONCE(s->aborted) && !(s->vfs->flags & SB_RDONLY)) {
		down_write(&ei->map_sem);
		ext2_ext_drop(inode, 0, ~0ull);
		if (has_map(inode) && inode->blocks)
			(void)!ext2_map_free(inode, 0, ~0ull >> 1);
		up_write(&ei->map_sem);
		ext2_xattr_delete(inode);
		if (!fresh)
			remember_deleted(s, (u32)inode->ino, ext2_phase_of_end(ei));
		ext2_free_inode_number(s, (u32)inode->ino, S_ISDIR_I(inode), fresh);
	}
	ext2_end(s);
}

void ext2_evict_inode(struct inode *inode)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	struct ext2_inode_info *ei = EXT2_I(inode);

	truncate_all(&inode->data);
	if (!inode->nlink && inode->mode)
		delete_inode(inode);
	if (ei->nr_exts) {
		/* Written, and yet something without a pointer: the write failed. */
		ext2_begin_always(s);
		down_write(&ei->map_sem);
		ext2_ext_drop(inode, 0, ~0ull);
		up_write(&ei->map_sem);
		ext2_end(s);
	}
	ext2_window_discard(s, ei);
	kfree(ei->ixattr);
	ei->ixattr = NULL;
}

/* --- attributes --- */

int ext2_getattr(struct inode *inode, const struct path *p, struct kstat *st, u32 mask)
{
	struct ext2_inode_info *ei = EXT2_I(inode);
	int err = simple_getattr(inode, p, st, mask);

	st->attributes_mask |= STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND | STATX_ATTR_NODUMP;
	st->attributes |= ei->flags & EXT2_IMMUTABLE_FL ? STATX_ATTR_IMMUTABLE : 0;
	st->attributes |= ei->flags & EXT2_APPEND_FL ? STATX_ATTR_APPEND : 0;
	st->attributes |= ei->flags & EXT2_NODUMP_FL ? STATX_ATTR_NODUMP : 0;
	if (inode->btime.sec) {
		st->btime = inode->btime;
		st->result_mask |= STATX_BTIME;
	}
	/* What is only promised counts: du after a write must not say nothing. */
	if (READ_ONCE(ei->nr_exts))
		st->blocks += READ_ONCE(ei->promised) << (inode->blkbits - SECTOR_SHIFT);
	return err;
}

int ext2_setattr(struct inode *inode, struct dentry *d, struct iattr *attr)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	int err = setattr_prepare(inode, attr);

	if (err)
		return err;
	if ((attr->valid & ATTR_SIZE) && attr->size != inode->size) {
		if (!S_ISREG_I(inode))
			return S_ISDIR_I(inode) ? -EISDIR : -EINVAL;
		err = ext2_truncate(inode, attr->size);
		if (err)
			return err;
	}
	if ((attr->valid & ATTR_SIZE) && !(attr->valid & ATTR_MTIME)) {
		attr->valid |= ATTR_MTIME;
		attr->mtime = inode_now(inode);
	}
	err = ext2_begin(s);
	if (err)
		return err;
	setattr_copy(inode, attr);
	ext2_dirty(inode);
	ext2_end(s);
	if ((inode->flags & S_SYNC) || (s->vfs->flags & SB_SYNCHRONOUS))
		err = ext2_commit(s);
	return err;
}
