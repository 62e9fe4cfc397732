/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The inode behind a block device: its mapping is the page cache that block special files, metadata
 * buffers of file systems and everybody else share. The inodes live in a file system of their own that
 * is never mounted, so that sync(2) finds them.
 */
#include <core/init.h>
#include <core/panic.h>
#include <fs/super.h>
#include <uapi/linux/fs.h>

#include "internal.h"

#define BDEVFS_MAGIC	0x62646576	/* "bdev" */

static struct super_block *bdev_sb;	/* [I] */

/* --- pages of a device: where they lie is no question --- */

static void read_done(struct bio *b)
{
	for (u32 i = 0; i < b->nr_vecs; i++)
		folio_end_read(b->vecs[i].folio, b->status);
	bio_put(b);
}

/* The part of a folio that the device has; the rest of the last one is zeros. */
static u32 folio_valid(const struct block_device *bdev, struct folio *f, u64 pos)
{
	u64 size = bdev_bytes(bdev), n = pos < size ? min(size - pos, folio_size(f)) : 0;

	if (n < folio_size(f)) {
		char *p = kmap_local(f, n);

		memset(p, 0, folio_size(f) - n);
		kunmap_local(p);
	}
	return (u32)n;
}

static int bdev_read_folio(struct file *file, struct folio *f)
{
	struct block_device *bdev = inode_bdev(folio_mapping(f)->host);
	u64 pos = folio_pos(f);
	u32 len = folio_valid(bdev, f, pos);
	struct bio *b;

	if (!len) {
		folio_end_read(f, 0);
		return 0;
	}
	b = bio_alloc(bdev, 1, BIO_READ, GFP_NOIO);
	b->sector = pos >> SECTOR_SHIFT;
	b->end_io = read_done;
	if (!bio_add(b, f, 0, len)) {
		bio_put(b);
		folio_end_read(f, -EIO);
		return -EIO;
	}
	bio_submit(b);
	return 0;
}

static void write_done(struct bio *b)
{
	for (u32 i = 0; i < b->nr_vecs; i++)
		folio_end_writeback(b->vecs[i].folio, b->status);
	bio_put(b);
}

static int bdev_writepage(struct folio *f, struct writeback_control *wbc)
{
	struct block_device *bdev = inode_bdev(folio_mapping(f)->host);
	u64 pos = folio_pos(f);
	u32 len = folio_valid(bdev, f, pos);
	struct bio *b;

	folio_start_writeback(f);
	folio_unlock(f);
	if (!len) {
		folio_end_writeback(f, 0);
		return 0;
	}
	b = bio_alloc(bdev, 1, BIO_WRITE | (wbc->mode == WB_ALL ? BIO_SYNC : 0), GFP_NOIO);
	b->sector = pos >> SECTOR_SHIFT;
	b->end_io = write_done;
	if (!bio_add(b, f, 0, len)) {
		bio_put(b);
		folio_end_writeback(f, -EIO);
		return -EIO;
	}
	bio_submit(b);
	return 0;
}

/* The whole page is read unless all of it is written. */
static int bdev_write_begin(struct file *file, struct mapping *m, loff_t pos, size_t len, struct folio **out, void **fsdata)
{
	struct folio *f;

	if (len == PAGE_SIZE && !PAGE_OFFSET_IN((u64)pos)) {
		f = filemap_grab(m, (u64)pos >> PAGE_SHIFT, m->gfp);
		if (IS_ERR(f))
			return (int)PTR_ERR(f);
	} else {
		for (;;) {
			f = filemap_read_folio(file, m, (u64)pos >> PAGE_SHIFT);
			if (IS_ERR(f))
				return (int)PTR_ERR(f);
			folio_lock(f);
			if (folio_mapping(f) == m && folio_test(f, FOLIO_UPTODATE))
				break;
			folio_unlock(f);
			folio_put(f);
		}
	}
	folio_wait_bit(f, FOLIO_WRITEBACK);
	*out = f;
	return 0;
}

static int bdev_write_end(struct file *file, struct mapping *m, loff_t pos, size_t len, size_t copied, struct folio *f,
			  void *fsdata)
{
	/* A page that was to be written whole and was not: what is missing was never read. Again. */
	if (!folio_test(f, FOLIO_UPTODATE)) {
		if (copied < len)
			copied = 0;
		else
			folio_set(f, FOLIO_UPTODATE);
	}
	if (copied)
		folio_mark_dirty(f);
	folio_unlock(f);
	folio_put(f);
	return (int)copied;
}

const struct mapping_ops bdev_mapping_ops = {
	.read_folio = bdev_read_folio,
	.writepage = bdev_writepage,
	.write_begin = bdev_write_begin,
	.write_end = bdev_write_end,
};

/* --- inodes --- */

struct inode *bdev_inode_new(struct block_device *b)
{
	struct inode *i = inode_new(bdev_sb);

	if (!i)
		return NULL;
	i->mode = S_IFBLK | 0600;
	i->rdev = b->dev;
	i->ino = inode_next_ino();
	i->private = b;
	i->blkbits = SECTOR_SHIFT;
	mapping_init(&i->data, i, &bdev_mapping_ops);
	i->data.gfp = GFP_NOFS | GFP_MOVABLE;
	i->mapping = &i->data;
	return i;
}

void bdev_inode_gone(struct block_device *b)
{
	truncate_all(&b->inode->data);
	inode_set_nlink(b->inode, 0);
	inode_put(b->inode);
}

struct block_device *inode_bdev(const struct inode *i)
{
	struct block_device *b;

	if (i->sb == bdev_sb)
		return i->private;
	if (!S_ISBLK(i->mode))
		return NULL;
	/* Whoever has it open holds a reference. */
	b = bdev_get_by_dev(i->rdev);
	bdev_put(b);
	return b;
}

/* Data only: the inode itself is nowhere else. */
static int bdev_write_inode(struct inode *i, bool wait)
{
	return 0;
}

static const struct super_ops bdev_super_ops = { .write_inode = bdev_write_inode };

static int bdev_fs_init(void)
{
	static struct fs_type type = { .name = "bdev", .flags = FS_NOMOUNT };

	bdev_sb = super_pseudo(&type, BDEVFS_MAGIC, &bdev_super_ops, NULL);
	if (IS_ERR(bdev_sb))
		panic("no memory for block devices");
	return 0;
}
INITCALL_FS(bdev_fs_init);
