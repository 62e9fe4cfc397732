/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Open files. With cache=none and cache=mmap reads and writes go to the server, through pages of our own;
 * the page cache serves mappings only, and is dropped where a write went past it. With cache=loose all goes
 * through the page cache, which is written at close.
 *
 * Locks handed to the server after the VFS granted them among its own tasks would need ->lock: see p9_lock_call.
 */
#include <kernel/sched.h>
#include <kernel/task.h>
#include <mm/mm.h>
#include <uapi/linux/fs.h>
#include "internal.h"

#define LAST_BYTE	((loff_t)(~0ull >> 1))

/* --- opening --- */

static struct p9_fid *take_fresh(struct inode *inode)
{
	struct p9_session *s = p9_ses(inode->sb);
	struct p9_inode *pi = p9_i(inode);
	struct p9_fid *f = NULL;

	if (!READ_ONCE(pi->fresh))
		return NULL;
	spin_lock(&s->lock);
	if (pi->fresh_for == current) {
		f = pi->fresh;
		pi->fresh = NULL;
		pi->fresh_for = NULL;
	}
	spin_unlock(&s->lock);
	return f;
}

static struct p9_fid *open_fid(struct dentry *d, u32 flags)
{
	struct p9_fid *f = p9_fid_clone(d);
	int err;

	if (IS_ERR(f))
		return f;
	err = p9_lopen(f, flags);
	if (!err)
		return f;
	p9_fid_put(f);
	return ERR_PTR(err);
}

struct p9_fid *p9_wb_fid(struct inode *inode)
{
	struct p9_session *s = p9_ses(inode->sb);
	struct p9_fid *f;

	spin_lock(&s->lock);
	f = p9_i(inode)->wb_fid;
	if (f)
		p9_fid_get(f);
	spin_unlock(&s->lock);
	return f;
}

/* Pages written through the cache need a fid that outlives this open file; best one that reads too. */
static void need_wb_fid(struct file *f, struct p9_fid *mine)
{
	struct p9_session *s = p9_ses(f->inode->sb);
	struct p9_inode *pi = p9_i(f->inode);
	struct p9_fid *w;

	if (READ_ONCE(pi->wb_fid))
		return;
	w = mine->mode == O_RDWR ? p9_fid_get(mine) : open_fid(f->path.dentry, O_RDWR | O_LARGEFILE);
	if (IS_ERR(w))
		w = p9_fid_get(mine);
	spin_lock(&s->lock);
	if (!pi->wb_fid) {
		pi->wb_fid = w;
		w = NULL;
	}
	spin_unlock(&s->lock);
	p9_fid_put(w);
}

void p9_cache_check(struct inode *inode)
{
	struct p9_session *s = p9_ses(inode->sb);
	struct p9_inode *pi = p9_i(inode);
	bool same;

	spin_lock(&s->lock);
	same = pi->seen_size == inode->size && pi->seen_mtime.sec == inode->mtime.sec &&
	       pi->seen_mtime.nsec == inode->mtime.nsec;
	pi->seen_size = inode->size;
	pi->seen_mtime = inode->mtime;
	spin_unlock(&s->lock);
	if (same || !inode->data.nr_pages)
		return;
	(void)filemap_write_and_wait(&inode->data, 0, LAST_BYTE);
	unmap_mapping_range(&inode->data, 0, ~0ull, false);
	(void)invalidate_clean(&inode->data, 0, ~0ull);
}

int p9_open(struct file *f, struct inode *inode)
{
	struct p9_session *s = p9_ses(inode->sb);
	struct p9_file *pf = kzalloc(sizeof(*pf), GFP_KERNEL);
	u32 flags = (f->flags & O_ACCMODE) | O_LARGEFILE;
	struct p9_attr a;
	int err;

	if (!pf)
		return -ENOMEM;
	if (S_ISDIR_I(inode))
		flags |= O_DIRECTORY;
	else if (s->cache == P9_CACHE_NONE)
		flags |= f->flags & O_APPEND;
	pf->fid = take_fresh(inode);
	if (!pf->fid)
		pf->fid = open_fid(f->path.dentry, flags);
	if (IS_ERR(pf->fid)) {
		err = (int)PTR_ERR(pf->fid);
		kfree(pf);
		return err;
	}
	f->private = pf;
	if (!S_ISREG_I(inode))
		return 0;
	if (s->cache != P9_CACHE_NONE && (f->mode & FMODE_WRITE))
		need_wb_fid(f, pf->fid);
	if (s->cache != P9_CACHE_LOOSE) {
		if (inode->data.nr_pages && !p9_getattr(pf->fid, P9_ATTR_BASIC, &a))
			p9_inode_update(inode, &a);
		p9_cache_check(inode);
	}
	return 0;
}

static int p9_flush(struct file *f)
{
	if (!(f->mode & FMODE_WRITE) || p9_ses(f->inode->sb)->cache == P9_CACHE_NONE)
		return 0;
	return filemap_write_and_wait(&f->inode->data, 0, LAST_BYTE);
}

int p9_release(struct file *f, struct inode *inode)
{
	struct p9_file *pf = p9_f(f);

	if (S_ISREG_I(inode) && (f->mode & FMODE_WRITE) && inode->data.nr_pages)
		(void)filemap_write_and_wait(&inode->data, 0, LAST_BYTE);
	p9_fid_put(pf->fid);
	kfree(pf->dirents);
	kfree(pf);
	return 0;
}

/* --- reading and writing past the page cache --- */

/* Pages to bring data through: as many together as there are, up to `want` bytes. NULL: none at all. */
static void *bounce_get(u32 want, unsigned int *order, u32 *size)
{
	void *p = NULL;

	for (*order = 0; *order < 5 && (PAGE_SIZE << *order) < want; ++*order)
		;
	for (;;) {
		p = page_alloc(*order, *order ? GFP_KERNEL | GFP_NORETRY | GFP_NOWARN : GFP_KERNEL);
		if (p || !*order)
			break;
		--*order;
	}
	*size = (u32)min_t(u64, want, PAGE_SIZE << *order);
	return p;
}

static ssize_t read_past(struct file *f, struct kiocb *k, struct iov_iter *to)
{
	struct p9_fid *fid = p9_f(f)->fid;
	unsigned int order;
	ssize_t done = 0, n = 0;
	u32 size;
	void *buf;

	if (!iov_iter_count(to))
		return 0;
	buf = bounce_get((u32)min_t(u64, iov_iter_count(to), p9_io_max(fid)), &order, &size);
	if (!buf)
		return -ENOMEM;
	while (iov_iter_count(to)) {
		u32 want = (u32)min_t(u64, iov_iter_count(to), size);
		size_t got;

		n = p9_io_buf(fid, P9_TREAD, (u64)k->pos, buf, want);
		if (n <= 0)
			break;
		got = copy_to_iter(buf, (size_t)n, to);
		k->pos += (loff_t)got;
		done += (ssize_t)got;
		if (got < (size_t)n)
			n = -EFAULT;
		if (n < (ssize_t)want)
			break;
	}
	page_free(buf, order);
	return done ? done : min_t(ssize_t, n, 0);
}

static ssize_t p9_read_iter(struct file *f, struct kiocb *k, struct iov_iter *to)
{
	struct inode *inode = f->inode;
	int err;

	if (p9_ses(inode->sb)->cache == P9_CACHE_LOOSE && !(k->flags & IOCB_DIRECT))
		return filemap_read(k, to);
	if (inode->data.nr_pages) {
		err = filemap_write_and_wait(&inode->data, k->pos, LAST_BYTE);
		if (err)
			return err;
	}
	return read_past(f, k, to);
}

static ssize_t write_past(struct file *f, struct kiocb *k, struct iov_iter *from)
{
	struct p9_fid *fid = p9_f(f)->fid;
	struct inode *inode = f->inode;
	loff_t start = k->pos;
	unsigned int order;
	ssize_t done = 0, n = 0;
	u32 size;
	void *buf;

	buf = bounce_get((u32)min_t(u64, iov_iter_count(from), p9_io_max(fid)), &order, &size);
	if (!buf)
		return -ENOMEM;
	while (iov_iter_count(from)) {
		size_t want = copy_from_iter(buf, min_t(size_t, iov_iter_count(from), size), from);

		n = want ? p9_io_buf(fid, P9_TWRITE, (u64)k->pos, buf, (u32)want) : -EFAULT;
		if (n <= 0)
			break;
		k->pos += n;
		done += n;
		if (k->pos > inode->size)
			inode_set_size(inode, k->pos);
		if ((size_t)n < want)
			break;
	}
	page_free(buf, order);
	if (done && inode->data.nr_pages) {
		u64 first = (u64)start >> PAGE_SHIFT, last = (u64)(k->pos - 1) >> PAGE_SHIFT;

		unmap_mapping_range(&inode->data, first, last - first + 1, false);
		(void)invalidate_clean(&inode->data, first, last);
	}
	return done ? done : n < 0 ? n : -EIO;
}

static ssize_t p9_write_iter(struct file *f, struct kiocb *k, struct iov_iter *from)
{
	struct inode *inode = f->inode;
	bool cached = p9_ses(inode->sb)->cache == P9_CACHE_LOOSE && !(k->flags & IOCB_DIRECT);
	struct p9_attr a;
	ssize_t n;

	inode_lock(inode);
	/* The end may have moved on the host. */
	if ((k->flags & IOCB_APPEND) && !cached && !p9_getattr(p9_f(f)->fid, P9_ATTR_BASIC, &a))
		p9_inode_update(inode, &a);
	n = generic_write_checks(k, from);
	if (n <= 0)
		goto out;
	n = file_update_for_write(f);
	if (!n && !cached && inode->data.nr_pages)
		n = filemap_write_and_wait(&inode->data, k->pos, k->pos + (loff_t)iov_iter_count(from) - 1);
	if (!n)
		n = cached ? filemap_write(k, from) : write_past(f, k, from);
out:
	inode_unlock(inode);
	return n;
}

/* --- the rest --- */

static loff_t p9_llseek(struct file *f, loff_t off, int whence)
{
	struct inode *inode = f->inode;
	struct p9_attr a;

	if (whence != SEEK_SET && whence != SEEK_CUR && p9_ses(inode->sb)->cache != P9_CACHE_LOOSE &&
	    !p9_getattr(p9_f(f)->fid, P9_ATTR_BASIC, &a))
		p9_inode_update(inode, &a);
	return generic_llseek(f, off, whence);
}

static int p9_fsync_op(struct file *f, loff_t start, loff_t end, bool datasync)
{
	int err = filemap_write_and_wait(f->mapping, start, end), e;

	e = p9_fsync(p9_f(f)->fid, datasync);
	err = err ? err : e;
	e = mapping_check_error(f->mapping, &f->wb_err);
	return err ? err : e;
}

/* Shared and writable needs pages that are written back: not with cache=none. */
static int p9_mmap(struct file *f, struct vma *v)
{
	if (p9_ses(f->inode->sb)->cache == P9_CACHE_NONE && (v->flags & VM_SHARED)) {
		if (v->flags & VM_WRITE)
			return -EINVAL;
		v->flags &= ~VM_MAYWRITE;
	}
	return filemap_mmap(f, v);
}

const struct file_ops p9_file_fops = {
	.open = p9_open, .flush = p9_flush, .release = p9_release, .read_iter = p9_read_iter,
	.write_iter = p9_write_iter, .llseek = p9_llseek, .fsync = p9_fsync_op, .mmap = p9_mmap,
};
