/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Reading directories. The position is the server's cookie. An open directory keeps the last answer, so
 * that small getdents calls do not ask again; rewinding drops it.
 */
#include <uapi/linux/limits.h>
#include "internal.h"

#define DIR_BYTES	8192u

/* An answer from the position on. 0: there is something (dir_len 0: the end). */
static int fill(struct p9_file *pf, loff_t pos)
{
	ssize_t n;

	if (!pf->dirents) {
		pf->dirents = kmalloc(DIR_BYTES, GFP_KERNEL);
		if (!pf->dirents)
			return -ENOMEM;
	}
	n = p9_io_buf(pf->fid, P9_TREADDIR, (u64)pos, pf->dirents, min(DIR_BYTES, p9_io_max(pf->fid)));
	pf->dir_at = 0;
	pf->dir_len = n < 0 ? 0 : (u32)n;
	pf->dir_pos = pos;
	return n < 0 ? (int)n : 0;
}

static int p9_iterate(struct file *f, struct dir_context *c)
{
	struct p9_file *pf = p9_f(f);
	struct p9_dirent e;
	char name[NAME_MAX + 1];
	int err;

	for (;;) {
		u32 at;

		if (pf->dir_pos != c->pos || pf->dir_at >= pf->dir_len) {
			err = fill(pf, c->pos);
			if (err || !pf->dir_len)
				return err;
		}
		at = pf->dir_at;
		err = p9_dirent_next(pf->dirents, pf->dir_len, &at, &e);
		if (err <= 0)
			return err;
		memcpy(name, e.name, e.len);
		name[e.len] = '\0';
		if (!dir_emit(c, name, e.len, e.qid.path, e.type))
			return 0;
		pf->dir_at = at;
		/* A cookie that does not move would never end. */
		if ((loff_t)e.offset == c->pos)
			return -EIO;
		pf->dir_pos = c->pos = (loff_t)e.offset;
	}
}

static loff_t p9_dir_llseek(struct file *f, loff_t off, int whence)
{
	struct p9_file *pf = p9_f(f);

	if (whence == SEEK_CUR)
		off += f->pos;
	else if (whence != SEEK_SET)
		return -EINVAL;
	if (off < 0)
		return -EINVAL;
	pf->dir_len = 0;
	f->pos = off;
	return off;
}

static ssize_t p9_dir_read(struct file *f, struct kiocb *k, struct iov_iter *to)
{
	return -EISDIR;
}

static int p9_dir_fsync(struct file *f, loff_t start, loff_t end, bool datasync)
{
	return p9_fsync(p9_f(f)->fid, datasync);
}

const struct file_ops p9_dir_fops = {
	.open = p9_open, .release = p9_release, .iterate = p9_iterate, .llseek = p9_dir_llseek,
	.read_iter = p9_dir_read, .fsync = p9_dir_fsync,
};
