/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Ready-made operations for file systems whose names live in the dentry cache only (DCACHE_PERSIST):
 * tmpfs, devtmpfs and small pseudo file systems.
 *
 * Reading a directory goes along the parent's list of children, which is ordered by `cookie`; the
 * position of the open directory is the cookie of the next child. Between two calls file->private
 * holds a reference on that child, so that going on is cheap.
 */
#include "internal.h"
#include <base/math.h>
#include <uapi/linux/dirent.h>

struct dentry *simple_lookup(struct inode *dir, struct dentry *d, u32 flags)
{
	if (d->name.len > NAME_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	return dentry_splice(d, NULL);
}

/* --- directories --- */

static u32 dirent_type(const struct inode *inode)
{
	return (inode->mode & S_IFMT) >> 12;
}

/* Directory's lock held: first child at or after the position. The hint is consumed. */
static struct dentry *first_from(struct dentry *dir, struct dentry *hint, loff_t pos)
{
	struct dentry *d;

	if (hint && hint->parent == dir && hint->cookie >= (u64)pos && !list_empty(&hint->child)) {
		/* what came before the hint and is new has a cookie above it: nothing is missed */
		return hint;
	}
	list_for_each_entry(d, &dir->children, child)
		if (d->cookie >= (u64)pos)
			return d;
	return NULL;
}

static int simple_iterate(struct file *f, struct dir_context *c)
{
	struct dentry *dir = f->path.dentry, *d, *hint = f->private, *stop = NULL;
	u64 end = dir->next_cookie;

	if (!dir_emit_dots(f, c))
		return 0;
	f->private = NULL;
	spin_lock(&dir->lock);
	d = first_from(dir, hint, c->pos);
	while (d && &d->child != &dir->children) {
		struct inode *inode = READ_ONCE(d->inode);

		c->pos = (loff_t)d->cookie;
		if (inode && !dentry_unhashed(d) &&
		    !dir_emit(c, d->name.name, d->name.len, inode->ino, dirent_type(inode))) {
			if (dentry_try_get(d))
				stop = d;
			break;
		}
		d = list_next_entry(d, child);
	}
	if (!d || &d->child == &dir->children)
		c->pos = (loff_t)max(end, (u64)c->pos + 1);
	spin_unlock(&dir->lock);
	f->private = stop;
	dentry_put(hint);
	return 0;
}

static loff_t simple_dir_llseek(struct file *f, loff_t off, int whence)
{
	struct dentry *hint;

	switch (whence) {
	case SEEK_CUR:
		off += f->pos;
		break;
	case SEEK_SET:
		break;
	default:
		return -EINVAL;
	}
	if (off < 0)
		return -EINVAL;
	inode_lock_shared(f->inode);
	if (off != f->pos) {
		hint = f->private;
		f->private = NULL;
		f->pos = off;
		dentry_put(hint);
	}
	inode_unlock_shared(f->inode);
	return off;
}

static int simple_dir_release(struct file *f, struct inode *inode)
{
	dentry_put(f->private);
	return 0;
}

static int simple_fsync(struct file *f, loff_t start, loff_t end, bool datasync)
{
	return 0;
}

static ssize_t dir_read(struct file *f, struct kiocb *k, struct iov_iter *to)
{
	return -EISDIR;
}

const struct file_ops simple_dir_fops = {
	.read_iter = dir_read,
	.iterate = simple_iterate,
	.llseek = simple_dir_llseek,
	.release = simple_dir_release,
	.fsync = simple_fsync,
};

const struct inode_ops simple_dir_inode_ops = {
	.lookup = simple_lookup,
};

static const char *simple_get_link(struct inode *inode, struct dentry *d, struct delayed_put *done)
{
	return inode->link;
}

const struct inode_ops simple_symlink_inode_ops = {
	.get_link = simple_get_link,
};

/* --- names --- */

int simple_link(struct inode *dir, struct dentry *old, struct dentry *d)
{
	struct inode *inode = old->inode;

	inode->ctime = dir->ctime = dir->mtime = current_time64();
	inode_inc_link(inode);
	inode_get(inode);
	dentry_instantiate(d, inode);
	dentry_persist(d);
	return 0;
}

bool simple_empty(struct dentry *d)
{
	struct dentry *c;
	bool empty = true;

	spin_lock(&d->lock);
	list_for_each_entry(c, &d->children, child)
		if (c->inode && !dentry_unhashed(c)) {
			empty = false;
			break;
		}
	spin_unlock(&d->lock);
	return empty;
}

int simple_unlink(struct inode *dir, struct dentry *d)
{
	struct inode *inode = d->inode;

	inode->ctime = dir->ctime = dir->mtime = current_time64();
	inode_drop_link(inode);
	return 0;
}

int simple_rmdir(struct inode *dir, struct dentry *d)
{
	if (!simple_empty(d))
		return -ENOTEMPTY;
	inode_drop_link(d->inode);
	(void)simple_unlink(dir, d);
	inode_drop_link(dir);
	return 0;
}

static int simple_exchange(struct inode *dir, struct dentry *d, struct inode *newdir, struct dentry *newd)
{
	bool a = S_ISDIR_I(d->inode), b = S_ISDIR_I(newd->inode);

	if (dir != newdir && a != b) {
		if (a) {
			inode_drop_link(dir);
			inode_inc_link(newdir);
		} else {
			inode_drop_link(newdir);
			inode_inc_link(dir);
		}
	}
	dir->ctime = dir->mtime = newdir->ctime = newdir->mtime = d->inode->ctime = newd->inode->ctime = current_time64();
	return 0;
}

int simple_rename(struct inode *dir, struct dentry *d, struct inode *newdir, struct dentry *newd, u32 flags)
{
	bool isdir = S_ISDIR_I(d->inode);

	if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	if (flags & RENAME_EXCHANGE)
		return simple_exchange(dir, d, newdir, newd);
	if (newd->inode && S_ISDIR_I(newd->inode) && !simple_empty(newd))
		return -ENOTEMPTY;
	if (newd->inode) {
		(void)simple_unlink(newdir, newd);
		if (isdir) {
			inode_drop_link(newd->inode);
			inode_drop_link(dir);
		}
	} else if (isdir) {
		inode_drop_link(dir);
		inode_inc_link(newdir);
	}
	dir->ctime = dir->mtime = newdir->ctime = newdir->mtime = d->inode->ctime = current_time64();
	return 0;
}

/* --- small virtual files --- */

ssize_t simple_read_from_buffer(struct iov_iter *to, loff_t *pos, const void *from, size_t avail)
{
	size_t n;

	if (*pos < 0)
		return -EINVAL;
	if ((u64)*pos >= avail || !iov_iter_count(to))
		return 0;
	n = min(avail - (size_t)*pos, iov_iter_count(to));
	n = copy_to_iter((const char *)from + *pos, n, to);
	if (!n)
		return -EFAULT;
	*pos += (loff_t)n;
	return (ssize_t)n;
}

/* --- a file that cannot be used --- */

static int bad_open(struct file *f, struct inode *inode)
{
	return -EIO;
}

const struct file_ops bad_fops = { .open = bad_open };

/* A socket's name in the file system is not opened. */
static int sock_open(struct file *f, struct inode *inode)
{
	return -ENXIO;
}

const struct file_ops sock_nofile_fops = { .open = sock_open };
