/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Text files made on the fly. A read fills the buffer with whole records and hands them out; what is
 * left stays for the next read. A record that does not fit makes the buffer double and is shown
 * again. Reading at a position other than the last one's end starts from the beginning.
 */
#include <base/math.h>
#include <base/printf.h>
#include <base/string.h>
#include <base/err.h>
#include <core/printk.h>
#include <fs/mount.h>
#include <fs/seq_file.h>
#include <uapi/linux/fs.h>

#define SEQ_FIRST	PAGE_SIZE

static void *single_start(struct seq_file *s, loff_t *pos)
{
	return *pos ? NULL : (void *)1;
}

static void *single_next(struct seq_file *s, void *v, loff_t *pos)
{
	(*pos)++;
	return NULL;
}

static void single_stop(struct seq_file *s, void *v)
{
}

/* For seq_open_single(): an ops table of its own, because show differs. */
struct seq_single {
	struct seq_file s;
	struct seq_ops ops;
};

static void seq_setup(struct seq_file *s, struct file *f, const struct seq_ops *ops, void *private)
{
	memset(s, 0, sizeof(*s));
	mutex_init(&s->lock, FILE_POS);
	s->ops = ops;
	s->file = f;
	s->private = private;
	f->private = s;
	f->mode &= ~FMODE_PWRITE;
}

int seq_open(struct file *f, const struct seq_ops *ops, void *private)
{
	struct seq_file *s = kmalloc(sizeof(*s), GFP_KERNEL);

	if (!s)
		return -ENOMEM;
	seq_setup(s, f, ops, private);
	return 0;
}

int seq_open_single(struct file *f, int (*show)(struct seq_file *s, void *v), void *private)
{
	struct seq_single *ss = kmalloc(sizeof(*ss), GFP_KERNEL);

	if (!ss)
		return -ENOMEM;
	ss->ops = (struct seq_ops){ .start = single_start, .stop = single_stop, .next = single_next, .show = show };
	seq_setup(&ss->s, f, &ss->ops, private);
	return 0;
}

int seq_release(struct file *f, struct inode *inode)
{
	struct seq_file *s = f->private;

	if (s) {
		kvfree(s->buf);
		kfree(s);
	}
	return 0;
}

/* Room for a bigger record; contents are given up. */
static int seq_grow(struct seq_file *s)
{
	size_t want = s->size ? s->size * 2 : SEQ_FIRST;
	char *b = kvmalloc(want, GFP_KERNEL);

	if (!b)
		return -ENOMEM;
	kvfree(s->buf);
	s->buf = b;
	s->size = want;
	s->from = s->count = 0;
	return 0;
}

/* Put records into the empty buffer, up to about `want` bytes. 0 also at the end (count 0). */
static int seq_fill(struct seq_file *s, size_t want)
{
	loff_t index;
	size_t done = 0;
	void *v;
	int err;

	if (!s->buf) {
		err = seq_grow(s);
		if (err)
			return err;
	}
again:
	s->from = s->count = 0;
	index = s->index;
	err = 0;
	v = s->ops->start(s, &index);
	while (v && !IS_ERR(v)) {
		s->full = false;
		err = s->ops->show(s, v);
		if (err < 0)
			break;
		if (err == 1 || s->full)
			s->count = done;	/* skipped, or cut */
		err = 0;
		if (s->full) {
			if (done)
				break;		/* comes with the next read */
			s->ops->stop(s, v);
			err = seq_grow(s);
			if (err)
				return err;
			goto again;
		}
		done = s->count;
		v = s->ops->next(s, v, &index);
		s->index = index;
		if (done >= want)
			break;
	}
	if (IS_ERR(v))
		err = (int)PTR_ERR(v);
	if (!v)
		s->index = index;
	s->ops->stop(s, v);
	s->count = done;
	return done ? 0 : err;
}

/* Go to byte `pos`: show from the start and drop what comes before. */
static int seq_seek(struct seq_file *s, loff_t pos)
{
	int err;

	s->index = 0;
	s->from = s->count = 0;
	s->read_pos = 0;
	while (s->read_pos < pos) {
		err = seq_fill(s, (size_t)min_t(loff_t, pos - s->read_pos, 1 << 20));
		if (err)
			return err;
		if (!s->count)
			break;
		if (s->read_pos + (loff_t)s->count > pos) {
			s->from = (size_t)(pos - s->read_pos);
			s->count -= s->from;
			s->read_pos = pos;
			break;
		}
		s->read_pos += (loff_t)s->count;
		s->count = 0;
	}
	return 0;
}

ssize_t seq_read_iter(struct file *f, struct kiocb *k, struct iov_iter *to)
{
	struct seq_file *s = f->private;
	size_t copied = 0, n;
	int err = 0;

	if (!iov_iter_count(to))
		return 0;
	mutex_lock_nested(&s->lock, 1);	/* inside the file's own position lock */
	if (k->pos != s->read_pos || k->pos == 0) {
		err = seq_seek(s, k->pos);
		if (err)
			goto out;
	}
	for (;;) {
		if (s->count) {
			n = min(s->count, iov_iter_count(to));
			n = copy_to_iter(s->buf + s->from, n, to);
			s->from += n;
			s->count -= n;
			copied += n;
			if (s->count) {		/* the reader is full, or faulted */
				if (!copied)
					err = -EFAULT;
				break;
			}
		}
		if (!iov_iter_count(to))
			break;
		err = seq_fill(s, iov_iter_count(to));
		if (err || !s->count)
			break;
	}
out:
	if (copied) {
		k->pos += (loff_t)copied;
		s->read_pos = k->pos;
		err = 0;
	}
	mutex_unlock(&s->lock);
	return copied ? (ssize_t)copied : err;
}

loff_t seq_llseek(struct file *f, loff_t off, int whence)
{
	struct seq_file *s = f->private;
	int err = 0;

	mutex_lock_nested(&s->lock, 1);	/* inside the file's own position lock */
	if (whence == SEEK_CUR)
		off += f->pos;
	else if (whence != SEEK_SET)
		err = -EINVAL;
	if (!err && off < 0)
		err = -EINVAL;
	if (!err) {
		if (off != s->read_pos)
			err = seq_seek(s, off);
		if (!err)
			f->pos = off;
	}
	mutex_unlock(&s->lock);
	return err ? err : off;
}

/* --- writing records --- */

void seq_write(struct seq_file *s, const void *data, size_t n)
{
	if (s->count + n > s->size) {
		s->full = true;
		return;
	}
	memcpy(s->buf + s->count, data, n);
	s->count += n;
}

void seq_puts(struct seq_file *s, const char *text)
{
	seq_write(s, text, strlen(text));
}

void seq_putc(struct seq_file *s, char c)
{
	seq_write(s, &c, 1);
}

void seq_printf(struct seq_file *s, const char *fmt, ...)
{
	size_t room = s->size - s->count;
	va_list ap;
	int n;

	if (s->full)
		return;
	va_start(ap, fmt);
	n = vsnprintf(s->buf + s->count, room, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room)
		s->full = true;
	else
		s->count += (size_t)n;
}

void seq_escape(struct seq_file *s, const char *text, const char *what)
{
	for (; *text; text++) {
		if (strchr(what, *text))
			seq_printf(s, "\\%03o", (unsigned int)(u8)*text);
		else
			seq_putc(s, *text);
	}
}

void seq_path_escape(struct seq_file *s, const struct path *p, const struct path *root, const char *esc)
{
	char *buf = kmalloc(PATH_MAX, GFP_KERNEL), *t;

	if (!buf) {
		seq_puts(s, "?");
		return;
	}
	t = root ? path_text(p, root, buf, PATH_MAX) : path_text_current(p, buf, PATH_MAX);
	seq_escape(s, IS_ERR(t) ? "?" : t, esc);
	kfree(buf);
}

void seq_path(struct seq_file *s, const struct path *p, const struct path *root)
{
	seq_path_escape(s, p, root, " \t\n\\");
}

void seq_pad_to(struct seq_file *s, size_t start, size_t width)
{
	while (!s->full && s->count - start < width)
		seq_putc(s, ' ');
}
