/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The inode behind a block device: its mapping is the page cache that block special files, metadata
 * buffers of file systems and everybody else share. The inodes live in a file system of their own that
 * is never mounted, so that sync(2) finds them.
 */
#include <base/printf.h>
#include <core/init.h>
#include <core/panic.h>
#include <fs/iomap.h>
#include <fs/super.h>
#include <uapi/linux/fs.h>

#include "internal.h"

#define BDEVFS_MAGIC	0x62646576	/* "bdev" */

static struct super_block *bdev_sb;	/* [I] */

/* --- pages of a device: one extent, from its first byte to its last --- */

static int bdev_iomap_begin(struct inode *inode, loff_t pos, u64 length, u32 flags, struct iomap *out)
{
	struct block_device *b = inode->private;
	u64 size = bdev_bytes(b);

	if ((u64)pos >= size) {		/* it shrank */
		*out = (struct iomap){ .offset = size, .length = ~0ull >> 1, .addr = IOMAP_NULL_ADDR, .type = IOMAP_HOLE,
				       .bdev = b };
		return flags & IOMAP_WRITE ? -ENOSPC : 0;
	}
	*out = (struct iomap){ .length = size, .type = IOMAP_MAPPED, .bdev = b };
	return 0;
}

static int bdev_map_blocks(struct inode *inode, loff_t pos, u64 length, struct iomap *out)
{
	return bdev_iomap_begin(inode, pos, length, IOMAP_WRITE, out);
}

const struct iomap_ops bdev_iomap_ops = { .begin = bdev_iomap_begin, .map_blocks = bdev_map_blocks };

static int bdev_read_folio(struct file *file, struct folio *f)
{
	return iomap_read_folio(f, &bdev_iomap_ops);
}

static void bdev_readahead(struct readahead_control *ra)
{
	iomap_readahead(ra, &bdev_iomap_ops);
}

static int bdev_writepages(struct mapping *m, struct writeback_control *wbc)
{
	return iomap_writepages(m, wbc, &bdev_iomap_ops);
}

static ssize_t bdev_direct_io(struct kiocb *k, struct iov_iter *i)
{
	return i->dir == ITER_DEST ? iomap_dio_read(k, i, &bdev_iomap_ops) : iomap_dio_write(k, i, &bdev_iomap_ops);
}

const struct mapping_ops bdev_mapping_ops = {
	.read_folio = bdev_read_folio,
	.readahead = bdev_readahead,
	.writepages = bdev_writepages,
	.release_folio = iomap_release_folio,
	.invalidate_folio = iomap_invalidate_folio,
	.dirty_folio = iomap_dirty_folio,
	.direct_io = bdev_direct_io,
};

/*
 * Blocks of the mapping: whole pages, unless the device ends within one. Not what BLKBSZSET sets, which
 * nobody but the caller of BLKBSZGET sees.
 */
void bdev_inode_resize(struct block_device *b)
{
	u32 bits = bdev_bytes(b) & (PAGE_SIZE - 1) ? (u32)ilog2(b->disk->limits.logical_block) : PAGE_SHIFT;

	if (bits != b->inode->blkbits) {
		truncate_all(&b->inode->data);
		b->inode->blkbits = bits;
	}
	inode_set_size(b->inode, (loff_t)bdev_bytes(b));
}

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
	i->blkbits = PAGE_SHIFT;
	mapping_init(&i->data, i, &bdev_mapping_ops);
	rwsem_init(&i->data.invalidate_lock, BDEV_CACHE);
	i->data.bdi = &b->disk->bdi;
	i->data.gfp = GFP_NOFS | GFP_MOVABLE;	/* file systems read their metadata through it */
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

struct bdi *bdev_bdi(struct block_device *b)
{
	return &b->disk->bdi;
}

/* What is written through the device itself has a flusher from the first opening on. Open mutex held. */
void bdev_wb_start(struct block_device *b)
{
	char name[32];

	snprintf(name, sizeof(name), "flush-%s", disk_name(b->disk));
	bdi_wb_start(&b->disk->bdi, bdev_sb, name);
}

/* Data only: the inodes are nowhere else. */
static const struct super_ops bdev_super_ops = { .put_super = NULL };

static int bdev_fs_init(void)
{
	static struct fs_type type = { .name = "bdev", .flags = FS_NOMOUNT };

	bdev_sb = super_pseudo(&type, BDEVFS_MAGIC, &bdev_super_ops, NULL);
	if (IS_ERR(bdev_sb))
		panic("no memory for block devices");
	return 0;
}
INITCALL_FS(bdev_fs_init);
