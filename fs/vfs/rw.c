/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Reading, writing, seeking: read, write, pread, pwrite, readv, writev, preadv2 and their kin, lseek,
 * and the same from kernel code. Checks that hold for every kind of file are here; moving the
 * data is the file's business (->read_iter, ->write_iter).
 *
 * The position of regular files and directories is guarded by pos_lock while the open file can be
 * used by more than one task (fdget_pos); streams have none.
 */
#include "internal.h"
#include <base/math.h>
#include <kernel/syscall.h>

/* --- checks --- */

/* The position must stay in range over n bytes. */
static inline int range_ok(const struct file *f, loff_t pos, size_t n)
{
	if (unlikely(pos < 0 || (loff_t)((u64)pos + n) < 0)) {
		if (pos < 0)
			return -EINVAL;
		return (f->mode & FMODE_STREAM) ? 0 : -EINVAL;
	}
	return 0;
}

static inline int read_allowed(const struct file *f)
{
	if (unlikely(!(f->mode & FMODE_READ)))
		return -EBADF;
	if (unlikely(!f->ops->read_iter))
		return S_ISDIR_I(f->inode) ? -EISDIR : -EINVAL;
	return 0;
}

static inline int write_allowed(const struct file *f)
{
	if (unlikely(!(f->mode & FMODE_WRITE)))
		return -EBADF;
	return unlikely(!f->ops->write_iter) ? -EINVAL : 0;
}

static inline u32 kiocb_flags(const struct file *f)
{
	u32 fl = f->flags, r = 0;

	if (likely(!(fl & (O_NONBLOCK | O_APPEND | O_DIRECT | O_SYNC))))
		return 0;
	/* Files on disks are always "ready": only RWF_NOWAIT keeps a read of them from waiting. */
	if ((fl & O_NONBLOCK) && !S_ISREG_I(f->inode) && !S_ISBLK(f->inode->mode))
		r |= IOCB_NONBLOCK | IOCB_NOWAIT;
	if (fl & O_APPEND)
		r |= IOCB_APPEND;
	if (fl & O_DIRECT)
		r |= IOCB_DIRECT;
	if (fl & O_DSYNC)
		r |= IOCB_DSYNC;
	if (fl & __O_SYNC)
		r |= IOCB_SYNC;
	return r;
}

static inline void account(ssize_t n, bool write)
{
	struct task_io *io = &current->io;

	if (write) {
		io->syscw++;
		io->wchar += n > 0 ? (u64)n : 0;
	} else {
		io->syscr++;
		io->rchar += n > 0 ? (u64)n : 0;
	}
}

static inline void notify_rw(struct file *f, u32 event)
{
	if (unlikely(atomic_read(&notify_watches)) && !(f->mode & FMODE_NONOTIFY))
		notify_dentry(f->path.dentry, event);
}

/* --- the step that all share --- */

static ssize_t do_read(struct file *f, loff_t *pos, struct iov_iter *to, u32 extra)
{
	struct kiocb k = { .file = f, .pos = pos ? *pos : 0, .flags = kiocb_flags(f) | extra };
	ssize_t n = f->ops->read_iter(f, &k, to);

	if (pos)
		*pos = k.pos;
	if (n > 0)
		notify_rw(f, IN_ACCESS);
	account(n, false);
	return n;
}

/* O_SYNC and O_DSYNC: the call returns when the data is safe. */
static ssize_t write_sync(struct file *f, const struct kiocb *k, ssize_t n)
{
	int err;

	if (n <= 0 || !S_ISREG_I(f->inode) || !f->ops->fsync)
		return n;
	if (likely(!(k->flags & (IOCB_DSYNC | IOCB_SYNC)) && !(f->inode->flags & S_SYNC) &&
		   !(f->inode->sb->flags & SB_SYNCHRONOUS)))
		return n;
	err = f->ops->fsync(f, k->pos - n, k->pos - 1, !(k->flags & IOCB_SYNC));
	return err ? err : n;
}

static ssize_t do_write(struct file *f, loff_t *pos, struct iov_iter *from, u32 extra)
{
	struct kiocb k = { .file = f, .pos = pos ? *pos : 0, .flags = kiocb_flags(f) | extra };
	ssize_t n;

	file_start_write(f);
	n = f->ops->write_iter(f, &k, from);
	if (pos)
		*pos = k.pos;
	if (n > 0) {
		notify_rw(f, IN_MODIFY);
		n = write_sync(f, &k, n);
	}
	file_end_write(f);
	account(n, true);
	return n;
}

ssize_t vfs_read_iter(struct file *f, struct kiocb *k, struct iov_iter *to)
{
	int err = read_allowed(f);
	ssize_t n;

	if (err)
		return err;
	err = range_ok(f, k->pos, iov_iter_count(to));
	if (err)
		return err;
	n = f->ops->read_iter(f, k, to);
	if (n > 0)
		notify_rw(f, IN_ACCESS);
	account(n, false);
	return n;
}

ssize_t vfs_write_iter(struct file *f, struct kiocb *k, struct iov_iter *from)
{
	int err = write_allowed(f);
	ssize_t n;

	if (err)
		return err;
	err = range_ok(f, k->pos, iov_iter_count(from));
	if (err)
		return err;
	file_start_write(f);
	n = f->ops->write_iter(f, k, from);
	if (n > 0) {
		notify_rw(f, IN_MODIFY);
		n = write_sync(f, k, n);
	}
	file_end_write(f);
	account(n, true);
	return n;
}

static ssize_t read_user(struct file *f, uaddr_t buf, size_t n, loff_t *pos)
{
	struct iov_iter i;
	int err = read_allowed(f);

	if (err)
		return err;
	if (unlikely(!user_range_ok(buf, n)))
		return -EFAULT;
	if (pos) {
		err = range_ok(f, *pos, n);
		if (err)
			return err;
	}
	iov_iter_ubuf(&i, ITER_DEST, buf, min_t(size_t, n, MAX_RW_COUNT));
	return do_read(f, pos, &i, 0);
}

static ssize_t write_user(struct file *f, uaddr_t buf, size_t n, loff_t *pos)
{
	struct iov_iter i;
	int err = write_allowed(f);

	if (err)
		return err;
	if (unlikely(!user_range_ok(buf, n)))
		return -EFAULT;
	if (pos) {
		err = range_ok(f, *pos, n);
		if (err)
			return err;
	}
	iov_iter_ubuf(&i, ITER_SOURCE, buf, min_t(size_t, n, MAX_RW_COUNT));
	return do_write(f, pos, &i, 0);
}

static inline loff_t *pos_of(struct file *f)
{
	return (f->mode & FMODE_STREAM) ? NULL : &f->pos;
}

/* --- system calls --- */

long sys_read(int fd, uout_void buf, size_t count)
{
	struct fd f = fdget_pos(fd);
	ssize_t n;

	if (unlikely(!f.file))
		return -EBADF;
	n = read_user(f.file, uaddr(buf.addr), count, pos_of(f.file));
	fdput_pos(f);
	return n;
}

long sys_write(int fd, uin_void buf, size_t count)
{
	struct fd f = fdget_pos(fd);
	ssize_t n;

	if (unlikely(!f.file))
		return -EBADF;
	n = write_user(f.file, uaddr(buf.addr), count, pos_of(f.file));
	fdput_pos(f);
	return n;
}

long sys_pread64(int fd, uout_void buf, size_t count, loff_t pos)
{
	struct fd f;
	ssize_t n = -ESPIPE;

	if (pos < 0)
		return -EINVAL;
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	if ((f.file->mode & FMODE_PREAD) || !(f.file->mode & FMODE_READ))
		n = read_user(f.file, uaddr(buf.addr), count, &pos);
	fdput(f);
	return n;
}

long sys_pwrite64(int fd, uin_void buf, size_t count, loff_t pos)
{
	struct fd f;
	ssize_t n = -ESPIPE;

	if (pos < 0)
		return -EINVAL;
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	if ((f.file->mode & FMODE_PWRITE) || !(f.file->mode & FMODE_WRITE))
		n = write_user(f.file, uaddr(buf.addr), count, &pos);
	fdput(f);
	return n;
}

/* RWF_* of one call; -errno. */
static int rwf_flags(const struct file *f, int flags, bool write, u32 *extra)
{
	*extra = 0;
	if (likely(!flags))
		return 0;
	if (flags & ~RWF_SUPPORTED)
		return -EOPNOTSUPP;
	if (flags & RWF_NOWAIT) {
		if (!(f->mode & FMODE_NOWAIT))
			return -EOPNOTSUPP;
		*extra |= IOCB_NOWAIT;
	}
	if (flags & RWF_HIPRI)
		*extra |= IOCB_HIPRI;
	if (flags & RWF_DSYNC)
		*extra |= IOCB_DSYNC;
	if (flags & RWF_SYNC)
		*extra |= IOCB_DSYNC | IOCB_SYNC;
	if ((flags & RWF_APPEND) && write)
		*extra |= IOCB_APPEND;
	return 0;
}

int vfs_rw_check(const struct file *f, bool write, loff_t pos, size_t n)
{
	int err = write ? write_allowed(f) : read_allowed(f);

	return err ? err : range_ok(f, pos, n);
}

int kiocb_init(struct kiocb *k, struct file *f, loff_t pos, int rwf, bool write)
{
	u32 extra;
	int err = rwf_flags(f, rwf, write, &extra);

	*k = (struct kiocb){ .file = f, .pos = pos, .flags = kiocb_flags(f) | extra };
	return err;
}

static ssize_t vector_io(struct file *f, uaddr_t vec, u64 nr, loff_t *pos, int flags, bool write)
{
	struct iovec fast[UIO_FASTIOV], *heap = NULL;
	struct iov_iter i;
	ssize_t total, n;
	u32 extra;
	int err;

	err = write ? (f->mode & FMODE_WRITE ? 0 : -EBADF) : (f->mode & FMODE_READ ? 0 : -EBADF);
	if (err)
		return err;
	total = iov_iter_import(&i, write ? ITER_SOURCE : ITER_DEST, vec, nr, fast, &heap);
	if (total < 0)
		return total;
	n = write ? write_allowed(f) : read_allowed(f);
	if (!n)
		n = rwf_flags(f, flags, write, &extra);
	if (!n && pos)
		n = range_ok(f, *pos, (size_t)total);
	if (!n && total)
		n = write ? do_write(f, pos, &i, extra) : do_read(f, pos, &i, extra);
	kfree(heap);
	return n;
}

static long vector_pos(int fd, uaddr_t vec, u64 nr, int flags, bool write)
{
	struct fd f = fdget_pos(fd);
	ssize_t n;

	if (!f.file)
		return -EBADF;
	n = vector_io(f.file, vec, nr, pos_of(f.file), flags, write);
	fdput_pos(f);
	return n;
}

static long vector_at(int fd, uaddr_t vec, u64 nr, loff_t pos, int flags, bool write)
{
	struct fd f;
	ssize_t n = -ESPIPE;

	if (pos < 0)
		return -EINVAL;
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	if (f.file->mode & (write ? FMODE_PWRITE : FMODE_PREAD) || !(f.file->mode & (write ? FMODE_WRITE : FMODE_READ)))
		n = vector_io(f.file, vec, nr, &pos, flags, write);
	fdput(f);
	return n;
}

long sys_readv(int fd, uin_iovec iov, u64 nr_iov)
{
	return vector_pos(fd, uaddr(iov.addr), nr_iov, 0, false);
}

long sys_writev(int fd, uin_iovec iov, u64 nr_iov)
{
	return vector_pos(fd, uaddr(iov.addr), nr_iov, 0, true);
}

/* 64-bit callers pass the whole position in the low half. */
long sys_preadv(int fd, uin_iovec iov, u64 nr_iov, u64 pos_low, u64 pos_high)
{
	return vector_at(fd, uaddr(iov.addr), nr_iov, (loff_t)pos_low, 0, false);
}

long sys_pwritev(int fd, uin_iovec iov, u64 nr_iov, u64 pos_low, u64 pos_high)
{
	return vector_at(fd, uaddr(iov.addr), nr_iov, (loff_t)pos_low, 0, true);
}

long sys_preadv2(int fd, uin_iovec iov, u64 nr_iov, u64 pos_low, u64 pos_high, int flags)
{
	if ((loff_t)pos_low == -1)
		return vector_pos(fd, uaddr(iov.addr), nr_iov, flags, false);
	return vector_at(fd, uaddr(iov.addr), nr_iov, (loff_t)pos_low, flags, false);
}

long sys_pwritev2(int fd, uin_iovec iov, u64 nr_iov, u64 pos_low, u64 pos_high, int flags)
{
	if ((loff_t)pos_low == -1)
		return vector_pos(fd, uaddr(iov.addr), nr_iov, flags, true);
	return vector_at(fd, uaddr(iov.addr), nr_iov, (loff_t)pos_low, flags, true);
}

/* --- from kernel code --- */

ssize_t kernel_read(struct file *f, void *buf, size_t n, loff_t *pos)
{
	struct kvec v = { buf, min_t(size_t, n, MAX_RW_COUNT) };
	struct iov_iter i;
	int err = read_allowed(f);

	if (err)
		return err;
	iov_iter_kvec(&i, ITER_DEST, &v, 1, v.len);
	return do_read(f, pos, &i, 0);
}

ssize_t kernel_write(struct file *f, const void *buf, size_t n, loff_t *pos)
{
	struct kvec v = { (void *)buf, min_t(size_t, n, MAX_RW_COUNT) };
	struct iov_iter i;
	int err = write_allowed(f);

	if (err)
		return err;
	iov_iter_kvec(&i, ITER_SOURCE, &v, 1, v.len);
	return do_write(f, pos, &i, 0);
}

/* --- generic file operations over the page cache --- */

ssize_t generic_write_checks(struct kiocb *k, struct iov_iter *from)
{
	struct file *f = k->file;
	struct inode *inode = f->inode;
	u64 limit;

	if (inode->flags & S_SWAPFILE)
		return -ETXTBSY;
	if (!iov_iter_count(from))
		return 0;
	if (k->flags & IOCB_APPEND)
		k->pos = inode->size;
	limit = rlimit_cur(RLIMIT_FSIZE);
	if (unlikely(limit != RLIM_INFINITY)) {
		if ((u64)k->pos >= limit) {
			signal_send(current, SIGXFSZ, SEND_NOINFO, SIG_TO_THREAD);
			return -EFBIG;
		}
		iov_iter_truncate(from, limit - (u64)k->pos);
	}
	if (unlikely(k->pos >= (loff_t)inode->sb->maxbytes))
		return -EFBIG;
	iov_iter_truncate(from, inode->sb->maxbytes - (u64)k->pos);
	return (ssize_t)iov_iter_count(from);
}

ssize_t generic_file_read_iter(struct file *f, struct kiocb *k, struct iov_iter *to)
{
	if (unlikely(k->flags & IOCB_DIRECT) && f->mapping->ops && f->mapping->ops->direct_io)
		return f->mapping->ops->direct_io(k, to);
	return filemap_read(k, to);
}

ssize_t generic_file_write_iter(struct file *f, struct kiocb *k, struct iov_iter *from)
{
	struct inode *inode = f->inode;
	ssize_t n;

	inode_lock(inode);
	n = generic_write_checks(k, from);
	if (n > 0) {
		int err = file_update_for_write(f);

		if (err)
			n = err;
		else if (unlikely(k->flags & IOCB_DIRECT) && f->mapping->ops && f->mapping->ops->direct_io)
			n = f->mapping->ops->direct_io(k, from);
		else
			n = filemap_write(k, from);
	}
	inode_unlock(inode);
	return n;
}

/* --- seeking --- */

loff_t generic_llseek_size(struct file *f, loff_t off, int whence, loff_t max, loff_t eof)
{
	switch (whence) {
	case SEEK_SET:
		break;
	case SEEK_CUR:
		if (off == 0)
			return f->pos;
		if (check_add(f->pos, off, &off))
			return -EINVAL;
		break;
	case SEEK_END:
		if (check_add(eof, off, &off))
			return -EINVAL;
		break;
	case SEEK_DATA:
		if ((u64)off >= (u64)eof)
			return -ENXIO;
		break;
	case SEEK_HOLE:		/* one at the end, as everywhere */
		if ((u64)off >= (u64)eof)
			return -ENXIO;
		off = eof;
		break;
	default:
		return -EINVAL;
	}
	if (off < 0 || off > max)
		return -EINVAL;
	f->pos = off;
	return off;
}

loff_t generic_llseek(struct file *f, loff_t off, int whence)
{
	return generic_llseek_size(f, off, whence, (loff_t)f->inode->sb->maxbytes, inode_size(f->inode));
}

loff_t noop_llseek(struct file *f, loff_t off, int whence)
{
	return f->pos;
}

long sys_lseek(int fd, loff_t offset, unsigned int whence)
{
	struct fd f = fdget_pos(fd);
	loff_t r = -EINVAL;

	if (!f.file)
		return -EBADF;
	if (whence <= SEEK_MAX)
		r = f.file->mode & FMODE_LSEEK ? f.file->ops->llseek(f.file, offset, (int)whence) : -ESPIPE;
	fdput_pos(f);
	return r;
}
