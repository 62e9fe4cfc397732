/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The orphan list that another driver left: a chain from the super block through the inodes' deletion times, of
 * files without a name (freed here) and of files that were being cut (cut here at their size). This driver makes
 * no such list: inodes without links say so themselves.
 *
 * From the end: whichever cut comes, what is left of the chain is one. A file without a name leaves it before it
 * is freed, one to be cut after that.
 *
 * Context: mounting for writing; nobody else is there.
 */
#include <base/math.h>
#include "ext2.h"

#define MAX_ORPHANS	65536u

/* Its successor, checked. */
static int next_of(struct ext2_sb *s, u32 ino, u32 *next)
{
	struct ext2_inode *raw;
	struct buffer *bh;

	if (ino < s->l.first_ino || ino > s->l.inodes_count)
		return ext2_error(s, "bad inode number %u in the orphan list", ino);
	bh = ext2_itable_read(s, ino, &raw);
	if (IS_ERR(bh))
		return (int)PTR_ERR(bh);
	*next = le32(raw->dtime);
	buffer_put(bh);
	return 0;
}

/* The chain ends with the one before number i. */
static int cut_chain(struct ext2_sb *s, const u32 *list, u32 i)
{
	struct ext2_inode *raw;
	struct buffer *bh;
	int err;

	if (!i) {
		s->es->last_orphan = to_le32(0);
		err = buffer_write_sync(s->sb_bh);
	} else {
		bh = ext2_itable_read(s, list[i - 1], &raw);
		if (IS_ERR(bh))
			return (int)PTR_ERR(bh);
		raw->dtime = to_le32(0);
		err = buffer_write_sync(bh);
		buffer_put(bh);
	}
	return err ? err : bdev_flush(s->bdev);
}

/* Whoever was cutting it may not have come to zero what its last block has behind the end. */
static int cut_again(struct ext2_sb *s, struct inode *inode)
{
	loff_t size = inode->size, bs = s->l.block_size;
	int err;

	inode_lock(inode);
	inode_set_size(inode, (size + bs - 1) & ~(bs - 1));
	err = ext2_truncate(inode, size);
	if (err)
		inode_set_size(inode, size);
	else
		err = filemap_write_and_wait(&inode->data, 0, (loff_t)(~0ull >> 1));
	inode_unlock(inode);
	return err;
}

static int settle(struct ext2_sb *s, const u32 *list, u32 i, u32 *freed, u32 *cut)
{
	struct inode *inode;
	int err;

	s->settling = true;
	inode = ext2_iget(s->vfs, list[i]);
	s->settling = false;
	if (IS_ERR(inode))
		return (int)PTR_ERR(inode);
	if (inode->nlink) {
		++*cut;
		err = S_ISREG_I(inode) ? cut_again(s, inode) : 0;
		if (!err)
			err = ext2_commit(s);
		if (!err)
			err = cut_chain(s, list, i);
	} else {
		++*freed;
		err = cut_chain(s, list, i);
	}
	inode_put(inode);
	return err;
}

int ext2_settle_orphans(struct ext2_sb *s)
{
	u32 ino = le32(s->es->last_orphan), n = 0, freed = 0, cut = 0, *list;
	int err = 0;

	if (!ino)
		return 0;
	if (le16(s->es->state) & EXT2_ERROR_FS) {
		pr_info("EXT2-fs (%s): errors on the file system, the orphan list is dropped\n", s->vfs->id);
		return cut_chain(s, NULL, 0);
	}
	list = kvmalloc(MAX_ORPHANS * sizeof(*list), GFP_KERNEL);
	if (!list)
		return -ENOMEM;
	while (ino && !err) {
		if (n == min_t(u32, MAX_ORPHANS, s->l.inodes_count)) {
			err = ext2_error(s, "the orphan list has no end");
			break;
		}
		list[n++] = ino;
		err = next_of(s, ino, &ino);
	}
	for (u32 i = n; i && !err; i--)
		err = settle(s, list, i - 1, &freed, &cut);
	kvfree(list);
	/* A list that is damaged is e2fsck's; the mount goes on as errors= says, which may be read-only. */
	if (err == -EUCLEAN || err == -ESTALE)
		err = READ_ONCE(s->aborted) ? 0 : cut_chain(s, NULL, 0);
	if (!err && !READ_ONCE(s->aborted))
		err = ext2_commit(s);
	if (freed)
		pr_info("EXT2-fs (%s): %u orphan inode%s deleted\n", s->vfs->id, freed, freed == 1 ? "" : "s");
	if (cut)
		pr_info("EXT2-fs (%s): %u truncate%s cleaned up\n", s->vfs->id, cut, cut == 1 ? "" : "s");
	return err;
}
