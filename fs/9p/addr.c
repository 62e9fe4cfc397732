/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The page cache of 9P files. Pages come and go without a copy of ours in between: their own memory is
 * what the message points at.
 */
#include "internal.h"

/* A fid that can read: the open file's, or the one kept for write-back. Referenced. NULL: none. */
static struct p9_fid *read_fid(struct file *f, struct inode *inode)
{
	if (f && f->inode == inode && p9_f(f) && p9_f(f)->fid->mode != O_WRONLY)
		return p9_fid_get(p9_f(f)->fid);
	return p9_wb_fid(inode);
}

static int read_page(struct file *file, struct folio *folio)
{
	struct inode *inode = folio_mapping(folio)->host;
	u32 size = (u32)folio_size(folio), got = 0;
	struct p9_fid *f = read_fid(file, inode);
	u64 off = folio_pos(folio);
	char *p;

	if (!f)
		return -EIO;
	while (got < size) {
		struct p9_piece piece = { .addr = dma_addr_folio(folio, got), .len = min(size - got, p9_io_max(f)) };
		ssize_t n = p9_io(f, P9_TREAD, off + got, piece.len, &piece, 1);

		if (n < 0) {
			p9_fid_put(f);
			return (int)n;
		}
		if (!n)
			break;
		got += (u32)n;
	}
	p9_fid_put(f);
	if (got < size) {
		p = kmap_local(folio, got);
		memset(p, 0, size - got);
		kunmap_local(p);
	}
	return 0;
}

static int p9_read_folio(struct file *file, struct folio *folio)
{
	int err = read_page(file, folio);

	folio_end_read(folio, err);
	return err;
}

static int write_page(struct inode *inode, struct folio *folio, loff_t size)
{
	u64 off = folio_pos(folio);
	u32 len = (u32)min_t(u64, folio_size(folio), (u64)size - off), done = 0;
	struct p9_fid *f = p9_wb_fid(inode);

	if (!f)
		return -EIO;
	while (done < len) {
		struct p9_piece piece = { .addr = dma_addr_folio(folio, done), .len = min(len - done, p9_io_max(f)) };
		ssize_t n = p9_io(f, P9_TWRITE, off + done, piece.len, &piece, 1);

		if (n <= 0) {
			p9_fid_put(f);
			return n < 0 ? (int)n : -EIO;
		}
		done += (u32)n;
	}
	p9_fid_put(f);
	return 0;
}

static int p9_writepage(struct folio *folio, struct writeback_control *wbc)
{
	struct inode *inode = folio_mapping(folio)->host;
	loff_t size = inode_size(inode);
	int err = 0;

	folio_start_writeback(folio);
	folio_unlock(folio);
	if ((u64)size > folio_pos(folio))
		err = write_page(inode, folio, size);
	folio_end_writeback(folio, err);
	return err;
}

static int p9_write_begin(struct file *f, struct mapping *m, loff_t pos, size_t len, struct folio **res, void **fsdata)
{
	u64 index = (u64)pos >> PAGE_SHIFT, off = (u64)pos & (PAGE_SIZE - 1);
	struct folio *folio = filemap_grab(m, index, m->gfp);
	int err = 0;

	if (IS_ERR(folio))
		return (int)PTR_ERR(folio);
	if (!folio_test(folio, FOLIO_UPTODATE) && (off || len < PAGE_SIZE)) {
		if ((u64)inode_size(m->host) <= index << PAGE_SHIFT)
			folio_zero(folio);
		else
			err = read_page(f, folio);
		if (!err)
			folio_set(folio, FOLIO_UPTODATE);
	}
	if (err) {
		folio_unlock(folio);
		folio_put(folio);
		return err;
	}
	*res = folio;
	return 0;
}

static int p9_write_end(struct file *f, struct mapping *m, loff_t pos, size_t len, size_t copied, struct folio *folio,
			void *fsdata)
{
	/* A whole page that did not come in whole is not valid yet. */
	if (!folio_test(folio, FOLIO_UPTODATE)) {
		if (copied < len)
			copied = 0;
		else
			folio_set(folio, FOLIO_UPTODATE);
	}
	if (copied) {
		if (pos + (loff_t)copied > inode_size(m->host))
			inode_set_size(m->host, pos + (loff_t)copied);
		(void)folio_mark_dirty(folio);
	}
	folio_unlock(folio);
	folio_put(folio);
	return (int)copied;
}

const struct mapping_ops p9_mapping_ops = {
	.read_folio = p9_read_folio, .writepage = p9_writepage, .write_begin = p9_write_begin, .write_end = p9_write_end,
};
