/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Extended attributes: behind the inode where it has room, else in one block. A block that the disk knows is
 * never changed: a fresh copy takes its place and the inode switches over. Blocks are not shared by
 * us; those that are (refcount above one) lose us as a user.
 *
 * Locks: ei->dir_sem, since access control lists are read without the inode lock; setting has that too.
 */
#include <base/math.h>
#include <fs/posix_acl.h>
#include <uapi/linux/xattr.h>
#include "ext2.h"

static const struct {
	const char *prefix;
	u8 index;
} prefixes[] = {
	{ XATTR_USER_PREFIX, XATTR_INDEX_USER }, { XATTR_TRUSTED_PREFIX, XATTR_INDEX_TRUSTED },
	{ XATTR_SECURITY_PREFIX, XATTR_INDEX_SECURITY },
};

/* --- where they are --- */

static u32 ixattr_room(const struct ext2_sb *s, const struct ext2_inode_info *ei)
{
	u32 used = EXT2_INODE_SMALL + ei->extra_isize;

	return s->l.inode_size > used + 24 ? s->l.inode_size - used : 0;
}

static struct ext2_xattr_area inode_area(struct ext2_inode_info *ei)
{
	return (struct ext2_xattr_area){ ei->ixattr + 4, 0, ei->ixattr_size - 4 };
}

static struct ext2_xattr_area block_area(struct ext2_sb *s, struct buffer *bh)
{
	return (struct ext2_xattr_area){ buffer_data(bh), sizeof(struct ext2_xattr_header), s->l.block_size };
}

/* Bring what stands behind the inode into memory, once. */
static int load_inode_area(struct inode *inode)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	struct ext2_inode_info *ei = EXT2_I(inode);
	u32 room = ixattr_room(s, ei);
	struct ext2_xattr_area a;
	struct ext2_inode *raw;
	struct buffer *bh;
	const char *why;
	u8 *copy;

	if (test_bit(EI_XATTR, &ei->state) || !room)
		return 0;
	bh = ext2_itable_read(s, (u32)inode->ino, &raw);
	if (IS_ERR(bh))
		return (int)PTR_ERR(bh);
	copy = kmalloc(room, GFP_NOFS);
	if (copy)
		memcpy(copy, (char *)raw + EXT2_INODE_SMALL + ei->extra_isize, room);
	buffer_put(bh);
	if (!copy)
		return -ENOMEM;
	if (le32(*(le32_t *)copy) != EXT2_XATTR_MAGIC) {
		kfree(copy);
		set_bit(EI_XATTR, &ei->state);
		return 0;
	}
	a = (struct ext2_xattr_area){ copy + 4, 0, room - 4 };
	why = ext2_xattr_check(&a);
	if (why) {
		kfree(copy);
		return ext2_error(s, "inode %llu: %s", (unsigned long long)inode->ino, why);
	}
	ei->ixattr_size = room;
	WRITE_ONCE(ei->ixattr, copy);
	set_bit(EI_XATTR, &ei->state);
	return 0;
}

static struct buffer *read_block(struct inode *inode)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	struct ext2_inode_info *ei = EXT2_I(inode);
	const struct ext2_xattr_header *h;
	struct ext2_xattr_area a;
	const char *why = "bad header";
	struct buffer *bh = ext2_bread(s, ei->file_acl);

	if (IS_ERR(bh)) {
		ext2_io_error(s, ei->file_acl);
		return bh;
	}
	h = buffer_data(bh);
	a = block_area(s, bh);
	if (le32(h->magic) == EXT2_XATTR_MAGIC && le32(h->blocks) == 1)
		why = ext2_xattr_check(&a);
	if (why) {
		buffer_put(bh);
		return ERR_PTR(ext2_error(s, "inode %llu, attribute block %u: %s", (unsigned long long)inode->ino,
					  ei->file_acl, why));
	}
	return bh;
}

/* --- reading --- */

static ssize_t value_out(const struct ext2_xattr_area *a, const struct ext2_xattr_entry *e, void *buf, size_t size)
{
	u32 n = le32(e->value_size);

	if (size && n > size)
		return -ERANGE;
	if (size)
		memcpy(buf, (char *)a->base + le16(e->value_offs), n);
	return n;
}

static ssize_t load_locked(struct inode *inode, u8 index, const char *name, void *buf, size_t size)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	struct ext2_inode_info *ei = EXT2_I(inode);
	u32 len = (u32)strlen(name);
	const struct ext2_xattr_entry *e;
	struct ext2_xattr_area a;
	struct buffer *bh;
	ssize_t n;

	if (ei->ixattr) {
		a = inode_area(ei);
		e = ext2_xattr_find(&a, index, name, len);
		if (e)
			return value_out(&a, e, buf, size);
	}
	if (!ei->file_acl)
		return -ENODATA;
	bh = read_block(inode);
	if (IS_ERR(bh))
		return PTR_ERR(bh);
	a = block_area(s, bh);
	e = ext2_xattr_find(&a, index, name, len);
	n = e ? value_out(&a, e, buf, size) : -ENODATA;
	buffer_put(bh);
	return n;
}

/* dir_sem for reading with the inode's own attributes loaded. */
static int lock_loaded(struct inode *inode)
{
	struct ext2_inode_info *ei = EXT2_I(inode);
	int err;

	if (!test_bit(EI_XATTR, &ei->state)) {
		down_write(&ei->dir_sem);
		err = load_inode_area(inode);
		up_write(&ei->dir_sem);
		if (err)
			return err;
	}
	down_read(&ei->dir_sem);
	return 0;
}

ssize_t ext2_xattr_load(struct inode *inode, u8 index, const char *name, void *buf, size_t size)
{
	ssize_t n = lock_loaded(inode);

	if (n)
		return n;
	n = load_locked(inode, index, name, buf, size);
	up_read(&EXT2_I(inode)->dir_sem);
	return n;
}

/* --- changing --- */

static struct ext2_xattr_entry *find_inode(struct ext2_inode_info *ei, u8 index, const char *name, u32 len)
{
	struct ext2_xattr_area a;

	if (!ei->ixattr)
		return NULL;
	a = inode_area(ei);
	return ext2_xattr_find(&a, index, name, len);
}

static void account(struct inode *inode, int blocks)
{
	s64 n = (s64)blocks * (EXT2_SB(inode->sb)->l.block_size >> SECTOR_SHIFT);

	spin_lock(&inode->state_lock);
	inode->blocks = (s64)inode->blocks + n < 0 ? 0 : (u64)((s64)inode->blocks + n);
	spin_unlock(&inode->state_lock);
}

/* The inode no longer uses its block. Consumes bh. */
static void drop_block(struct inode *inode, struct buffer *bh)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	struct ext2_xattr_header *h = buffer_data(bh);
	bool fresh = bh->state & BH_FRESH;
	u64 b = buffer_block(bh);

	EXT2_I(inode)->file_acl = 0;
	account(inode, -1);
	if (le32(h->refcount) > 1) {
		h->refcount = to_le32(le32(h->refcount) - 1);
		ext2_hold(s, bh, BH_INPLACE);
		buffer_put(bh);
		return;
	}
	ext2_unhold(s, bh);
	buffer_forget(bh);
	ext2_free_blocks(s, b, 1, fresh);
}

/* A fresh block with the contents of old (NULL: none). */
static struct buffer *fresh_block(struct inode *inode, struct buffer *old)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	struct ext2_xattr_header *h;
	struct buffer *bh;
	u64 b, goal = old ? buffer_block(old) + 1 : ext2_goal(inode, 0);
	u32 got;
	int err = ext2_alloc_blocks(s, inode, goal, 1, 0, &b, &got);

	if (err)
		return ERR_PTR(err);
	bh = buffer_get_zeroed(s->bdev, b, s->l.block_size);
	if (IS_ERR(bh)) {
		ext2_free_blocks(s, b, 1, true);
		return bh;
	}
	ext2_hold(s, bh, BH_FRESH);
	if (old)
		memcpy(buffer_data(bh), buffer_data(old), s->l.block_size);
	h = buffer_data(bh);
	h->magic = to_le32(EXT2_XATTR_MAGIC);
	h->refcount = h->blocks = to_le32(1);
	return bh;
}

/* Set or remove in the inode's block. */
static int store_block(struct inode *inode, u8 index, const char *name, u32 len, const void *v, u32 size)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	struct ext2_inode_info *ei = EXT2_I(inode);
	struct buffer *old = NULL, *bh;
	struct ext2_xattr_area a;
	int err;

	if (ei->file_acl) {
		old = read_block(inode);
		if (IS_ERR(old))
			return (int)PTR_ERR(old);
	} else if (!v) {
		return -ENODATA;
	}
	bh = old;
	if (!old || !(old->state & BH_FRESH)) {
		bh = fresh_block(inode, old);
		if (IS_ERR(bh)) {
			buffer_put(old);
			return (int)PTR_ERR(bh);
		}
	}
	a = block_area(s, bh);
	err = ext2_xattr_set(&a, index, name, len, v, size, true);
	if (err) {
		if (bh != old) {
			u64 b = buffer_block(bh);

			ext2_unhold(s, bh);
			buffer_forget(bh);
			ext2_free_blocks(s, b, 1, true);
		}
		buffer_put(old);
		return err;
	}
	if (old && old != bh)
		drop_block(inode, old);
	if (!ext2_xattr_next(&a, NULL)) {
		if (bh != old)
			account(inode, 1);
		drop_block(inode, bh);
		return 0;
	}
	ext2_xattr_rehash(&a);
	if (bh != old)
		account(inode, 1);
	ei->file_acl = (u32)buffer_block(bh);
	buffer_put(bh);
	return 0;
}

static int store_inode(struct inode *inode, u8 index, const char *name, u32 len, const void *v, u32 size)
{
	struct ext2_inode_info *ei = EXT2_I(inode);
	u32 room = ixattr_room(EXT2_SB(inode->sb), ei);
	struct ext2_xattr_area a;

	if (!room)
		return -ENOSPC;
	if (!ei->ixattr) {
		u8 *p;

		if (!v)
			return -ENODATA;
		p = kzalloc(room, GFP_NOFS);
		if (!p)
			return -ENOMEM;
		*(le32_t *)p = to_le32(EXT2_XATTR_MAGIC);
		ei->ixattr_size = room;
		ei->ixattr = p;
	}
	a = inode_area(ei);
	return ext2_xattr_set(&a, index, name, len, v, size, false);
}

static int store_locked(struct inode *inode, u8 index, const char *name, const void *v, size_t size, int flags)
{
	struct ext2_inode_info *ei = EXT2_I(inode);
	u32 len = (u32)strlen(name);
	bool in_inode;
	ssize_t have;
	int err = load_inode_area(inode);

	if (err)
		return err;
	have = load_locked(inode, index, name, NULL, 0);
	if (have < 0 && have != -ENODATA)
		return (int)have;
	if (flags & XATTR_CREATE && have >= 0)
		return -EEXIST;
	if ((flags & XATTR_REPLACE || !v) && have < 0)
		return -ENODATA;
	in_inode = find_inode(ei, index, name, len);
	if (!v)
		return in_inode ? store_inode(inode, index, name, len, NULL, 0) : store_block(inode, index, name, len, NULL, 0);
	err = store_inode(inode, index, name, len, v, (u32)size);
	if (!err) {
		/* It may have lived in the block before. */
		if (!in_inode && have >= 0)
			err = store_block(inode, index, name, len, NULL, 0);
		return err;
	}
	if (err != -ENOSPC)
		return err;
	err = store_block(inode, index, name, len, v, (u32)size);
	if (!err && in_inode)
		err = store_inode(inode, index, name, len, NULL, 0);
	return err;
}

int ext2_xattr_store(struct inode *inode, u8 index, const char *name, const void *v, size_t size, int flags)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	struct ext2_inode_info *ei = EXT2_I(inode);
	int err;

	if (s->l.rev == 0)
		return -EOPNOTSUPP;		/* no way to say in the super block that there are some */
	if (strlen(name) > EXT2_NAME_LEN)
		return -ERANGE;
	if (size > s->l.block_size)
		return -ENOSPC;
	down_write(&ei->dir_sem);
	err = store_locked(inode, index, name, v, size, flags);
	up_write(&ei->dir_sem);
	if (err)
		return err;
	if (!(s->l.compat & EXT2_COMPAT_EXT_ATTR)) {
		mutex_lock(&s->alloc);
		s->l.compat |= EXT2_COMPAT_EXT_ATTR;
		s->es->feature_compat = to_le32(s->l.compat);
		mutex_unlock(&s->alloc);
		ext2_hold(s, s->sb_bh, BH_MAP);
	}
	inode->ctime = inode_now(inode);
	ext2_dirty_data(inode);			/* it may point to a new block of them */
	return 0;
}

/* The inode goes. Within a batch. */
void ext2_xattr_delete(struct inode *inode)
{
	struct buffer *bh;

	if (!EXT2_I(inode)->file_acl)
		return;
	bh = read_block(inode);
	if (!IS_ERR(bh))
		drop_block(inode, bh);
}

/* --- the VFS's operations --- */

/* Which name space, and the name in it. */
static int split_name(const struct inode *inode, const char *name, u8 *index, const char **rest)
{
	const struct ext2_sb *s = EXT2_SB(inode->sb);

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		if (!strstarts(name, prefixes[i].prefix))
			continue;
		*index = prefixes[i].index;
		*rest = name + strlen(prefixes[i].prefix);
		if (!**rest)
			return -EINVAL;
		if (*index == XATTR_INDEX_USER && !(s->opts & MOPT_XATTR_USER))
			return -EOPNOTSUPP;
		return 0;
	}
	return -EOPNOTSUPP;
}

ssize_t ext2_getxattr(struct inode *inode, const char *name, void *buf, size_t size)
{
	const char *rest;
	u8 index;
	int err = split_name(inode, name, &index, &rest);

	return err ? err : ext2_xattr_load(inode, index, rest, buf, size);
}

static int change(struct inode *inode, u8 index, const char *name, const void *v, size_t size, int flags)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	int err = 0;

	for (int tries = 0; tries < 2; tries++) {
		err = ext2_begin(s);
		if (err)
			return err;
		err = ext2_xattr_store(inode, index, name, v, size, flags);
		ext2_end(s);
		if (err != -ENOSPC || !ext2_has_pending(s) || ext2_commit(s))
			break;
	}
	if (!err && ((inode->flags & S_SYNC) || (s->vfs->flags & SB_SYNCHRONOUS)))
		err = ext2_commit(s);
	return err;
}

int ext2_setxattr(struct inode *inode, const char *name, const void *v, size_t size, int flags)
{
	const char *rest;
	u8 index;
	int err = split_name(inode, name, &index, &rest);

	return err ? err : change(inode, index, rest, v ? v : "", size, flags);
}

int ext2_removexattr(struct inode *inode, const char *name)
{
	const char *rest;
	u8 index;
	int err = split_name(inode, name, &index, &rest);

	return err ? err : change(inode, index, rest, NULL, 0, XATTR_REPLACE);
}

static const char *prefix_of(const struct inode *inode, u8 index)
{
	u32 opts = EXT2_SB(inode->sb)->opts;

	if (index == XATTR_INDEX_TRUSTED && !capable(CAP_SYS_ADMIN))
		return NULL;
	if (index == XATTR_INDEX_USER && !(opts & MOPT_XATTR_USER))
		return NULL;
	if (index == XATTR_INDEX_ACL)
		return opts & MOPT_ACL ? XATTR_NAME_POSIX_ACL_ACCESS : NULL;
	if (index == XATTR_INDEX_ACL_DEFAULT)
		return opts & MOPT_ACL ? XATTR_NAME_POSIX_ACL_DEFAULT : NULL;
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (prefixes[i].index == index)
			return prefixes[i].prefix;
	return NULL;
}

static ssize_t list_area(struct inode *inode, const struct ext2_xattr_area *a, char *buf, size_t size, ssize_t at)
{
	struct ext2_xattr_entry *e = NULL;

	while ((e = ext2_xattr_next(a, e)) != NULL) {
		const char *prefix = prefix_of(inode, e->name_index);
		size_t n, pl;

		if (!prefix)
			continue;
		pl = strlen(prefix);
		n = pl + e->name_len + 1;
		if (size) {
			if ((size_t)at + n > size)
				return -ERANGE;
			memcpy(buf + at, prefix, pl);
			memcpy(buf + at + pl, e->name, e->name_len);
			buf[(size_t)at + n - 1] = 0;
		}
		at += (ssize_t)n;
	}
	return at;
}

ssize_t ext2_listxattr(struct inode *inode, char *buf, size_t size)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	struct ext2_inode_info *ei = EXT2_I(inode);
	struct ext2_xattr_area a;
	ssize_t n = lock_loaded(inode);

	if (n)
		return n;
	if (ei->ixattr) {
		a = inode_area(ei);
		n = list_area(inode, &a, buf, size, 0);
	}
	if (n >= 0 && ei->file_acl) {
		struct buffer *bh = read_block(inode);

		if (IS_ERR(bh)) {
			n = PTR_ERR(bh);
		} else {
			a = block_area(s, bh);
			n = list_area(inode, &a, buf, size, n);
			buffer_put(bh);
		}
	}
	up_read(&ei->dir_sem);
	return n;
}

/* --- access control lists: shorter on the disk than for user space --- */

struct disk_acl_entry {
	le16_t tag, perm;
	le32_t id;			/* only of named users and groups */
};
#define DISK_ACL_VERSION	1u

static bool has_id(u16 tag)
{
	return tag == ACL_USER || tag == ACL_GROUP;
}

static u8 acl_index(int type)
{
	return type == ACL_TYPE_ACCESS ? XATTR_INDEX_ACL : XATTR_INDEX_ACL_DEFAULT;
}

static struct posix_acl *acl_from_disk(struct inode *inode, const u8 *p, size_t n)
{
	struct posix_acl *acl = posix_acl_alloc((u32)(n / 4));
	u32 k = 0;

	if (!acl)
		return ERR_PTR(-ENOMEM);
	for (size_t off = 4; off < n;) {
		struct disk_acl_entry e = { 0 };
		size_t size;

		if (n - off < 4)
			goto bad;
		memcpy(&e, p + off, 4);
		size = has_id(le16(e.tag)) ? 8 : 4;
		if (n - off < size)
			goto bad;
		memcpy(&e, p + off, size);
		acl->e[k].tag = le16(e.tag);
		acl->e[k].perm = le16(e.perm);
		acl->e[k++].id = has_id(le16(e.tag)) ? le32(e.id) : ACL_UNDEFINED_ID;
		off += size;
	}
	acl->n = k;
	if (!posix_acl_valid(acl))
		return acl;
bad:
	posix_acl_put(acl);
	return ERR_PTR(ext2_error(EXT2_SB(inode->sb), "inode %llu: malformed access control list", (unsigned long long)inode->ino));
}

struct posix_acl *ext2_get_acl(struct inode *inode, int type)
{
	struct posix_acl *acl;
	ssize_t n;
	u8 *buf;

	if (!(EXT2_SB(inode->sb)->opts & MOPT_ACL))
		return NULL;
	buf = kmalloc(PAGE_SIZE, GFP_NOFS);
	if (!buf)
		return ERR_PTR(-ENOMEM);
	n = ext2_xattr_load(inode, acl_index(type), "", buf, PAGE_SIZE);
	if (n < 0)
		acl = n == -ENODATA ? NULL : ERR_PTR(n);
	else if (n < 4 || le32(*(le32_t *)buf) != DISK_ACL_VERSION)
		acl = ERR_PTR(ext2_error(EXT2_SB(inode->sb), "inode %llu: unknown access control list",
					 (unsigned long long)inode->ino));
	else
		acl = acl_from_disk(inode, buf, (size_t)n);
	kfree(buf);
	return acl;
}

/* Within a batch. acl NULL: none. */
static int store_acl(struct inode *inode, int type, const struct posix_acl *acl)
{
	size_t n = 4;
	u8 *buf;
	int err;

	if (!acl) {
		err = ext2_xattr_store(inode, acl_index(type), "", NULL, 0, 0);
		return err == -ENODATA ? 0 : err;
	}
	buf = kzalloc(4 + 8ul * acl->n, GFP_NOFS);
	if (!buf)
		return -ENOMEM;
	*(le32_t *)buf = to_le32(DISK_ACL_VERSION);
	for (u32 i = 0; i < acl->n; i++) {
		struct disk_acl_entry e = { to_le16(acl->e[i].tag), to_le16(acl->e[i].perm), to_le32(acl->e[i].id) };
		size_t size = has_id(acl->e[i].tag) ? 8 : 4;

		memcpy(buf + n, &e, size);
		n += size;
	}
	err = ext2_xattr_store(inode, acl_index(type), "", buf, n, 0);
	kfree(buf);
	return err;
}

int ext2_set_acl(struct inode *inode, int type, struct posix_acl *acl, umode_t mode)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	int err = -EOPNOTSUPP;

	if (!(s->opts & MOPT_ACL))
		return -EOPNOTSUPP;
	for (int tries = 0; tries < 2; tries++) {
		err = ext2_begin(s);
		if (err)
			return err;
		err = store_acl(inode, type, acl);
		if (!err && inode->mode != mode) {
			WRITE_ONCE(inode->mode, mode);
			inode->ctime = inode_now(inode);
			ext2_dirty(inode);
		}
		ext2_end(s);
		if (err != -ENOSPC || !ext2_has_pending(s) || ext2_commit(s))
			break;
	}
	return err;
}

int ext2_init_acl(struct inode *inode, struct inode *dir)
{
	struct posix_acl *acl, *deflt;
	umode_t mode = inode->mode;
	int err = posix_acl_inherit(dir, &mode, &acl, &deflt);

	if (err)
		return err;
	inode->mode = mode;
	if (deflt)
		err = store_acl(inode, ACL_TYPE_DEFAULT, deflt);
	if (!err && acl)
		err = store_acl(inode, ACL_TYPE_ACCESS, acl);
	posix_acl_cache(inode, ACL_TYPE_ACCESS, err ? NULL : acl);
	posix_acl_cache(inode, ACL_TYPE_DEFAULT, err ? NULL : deflt);
	posix_acl_put(acl);
	posix_acl_put(deflt);
	return err;
}
