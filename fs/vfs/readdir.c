/* SPDX-License-Identifier: MPL-2.0 */
/*
 * getdents, getdents64. Records are built in a kernel buffer and copied out in pieces, so ->iterate
 * may emit under a spinlock and never faults. When the copy fails the position stays before the piece.
 */
#include "internal.h"
#include <base/math.h>
#include <kernel/syscall.h>
#include <uapi/linux/dirent.h>

#define DIR_PIECE	PAGE_SIZE

struct getdents {
	struct dir_context ctx;
	char *buf;
	size_t size, used;		/* of this piece */
	u64 *last_off;			/* d_off of the last record: the position after it */
	bool old;			/* struct linux_dirent */
	bool overflow;			/* the next record does not fit */
	int error;
};

static size_t record_size(bool old, size_t len)
{
	size_t n = old ? offsetof(struct linux_dirent, d_name) + len + 2 :
			 offsetof(struct linux_dirent64, d_name) + len + 1;

	return ALIGN_UP(n, 8);
}

static bool emit_record(struct dir_context *c, const char *name, size_t len, loff_t pos, u64 ino, u32 type)
{
	struct getdents *g = container_of(c, struct getdents, ctx);
	size_t n = record_size(g->old, len);
	char *p = g->buf + g->used;

	if (unlikely(!len || len > PATH_MAX || memchr(name, '/', len))) {
		g->error = -EIO;
		return false;
	}
	if (n > g->size - g->used) {
		g->overflow = true;
		return false;
	}
	if (g->last_off)
		*g->last_off = (u64)pos;
	/* the padding's last word first: no stale bytes go out */
	*(u64 *)(p + n - 8) = 0;
	if (g->old) {
		struct linux_dirent *d = (struct linux_dirent *)p;

		d->d_ino = ino;
		d->d_reclen = (u16)n;
		memcpy(d->d_name, name, len);
		d->d_name[len] = 0;
		p[n - 1] = (char)type;
		g->last_off = &d->d_off;
	} else {
		struct linux_dirent64 *d = (struct linux_dirent64 *)p;

		d->d_ino = ino;
		d->d_reclen = (u16)n;
		d->d_type = (u8)type;
		memcpy(d->d_name, name, len);
		d->d_name[len] = 0;
		g->last_off = (u64 *)&d->d_off;
	}
	g->used += n;
	return true;
}

int vfs_iterate(struct file *f, struct dir_context *c)
{
	struct inode *inode = f->inode;
	int err;

	if (!f->ops->iterate)
		return -ENOTDIR;
	inode_lock_shared(inode);
	err = -ENOENT;
	if (!(inode->flags & S_DEAD)) {
		c->pos = f->pos;
		err = f->ops->iterate(f, c);
		f->pos = c->pos;
		file_accessed(f);
	}
	inode_unlock_shared(inode);
	return err;
}

static long getdents_do(struct file *f, uaddr_t ubuf, size_t count, bool old)
{
	struct getdents g = { .ctx.emit = emit_record, .old = old };
	size_t done = 0;
	long err = 0;

	if (!f->ops->iterate)
		return -ENOTDIR;
	g.buf = kmalloc(DIR_PIECE, GFP_KERNEL);
	if (!g.buf)
		return -ENOMEM;
	for (;;) {
		loff_t before = f->pos;

		g.used = 0;
		g.size = min(count - done, DIR_PIECE);
		g.last_off = NULL;
		g.overflow = false;
		err = vfs_iterate(f, &g.ctx);
		if (!err)
			err = g.error;
		if (!g.used)
			break;
		*g.last_off = (u64)f->pos;
		if (copy_out_bytes(uaddr_add(ubuf, done), g.buf, g.used)) {
			f->pos = before;
			err = -EFAULT;
			break;
		}
		done += g.used;
		/* At the end, or the user's buffer is what is full. */
		if (err || !g.overflow || g.size < DIR_PIECE)
			break;
	}
	if (atomic_read(&notify_watches) && done)
		notify_dentry(f->path.dentry, IN_ACCESS);
	kfree(g.buf);
	if (done)
		return (long)done;
	/* a record that alone does not fit */
	return err ? err : g.overflow ? -EINVAL : 0;
}

static long getdents_fd(int fd, uaddr_t buf, size_t count, bool old)
{
	struct fd f = fdget_pos(fd);
	long r;

	if (!f.file)
		return -EBADF;
	r = getdents_do(f.file, buf, min_t(size_t, count, 0x7fffffff), old);
	fdput_pos(f);
	return r;
}

long sys_getdents64(int fd, uout_void buf, unsigned int count)
{
	return getdents_fd(fd, uaddr(buf.addr), count, false);
}

long sys_getdents(int fd, uout_void buf, unsigned int count)
{
	return getdents_fd(fd, uaddr(buf.addr), count, true);
}

bool dir_emit_dots(struct file *f, struct dir_context *c)
{
	struct dentry *d = f->path.dentry;

	if (c->pos == 0) {
		if (!dir_emit(c, ".", 1, f->inode->ino, DT_DIR))
			return false;
		c->pos = 1;
	}
	if (c->pos == 1) {
		struct dentry *p = dentry_get_parent(d);
		bool ok = dir_emit(c, "..", 2, p->inode ? p->inode->ino : f->inode->ino, DT_DIR);

		dentry_put(p);
		if (!ok)
			return false;
		c->pos = 2;
	}
	return true;
}
