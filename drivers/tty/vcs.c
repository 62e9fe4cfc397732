/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What stands on a virtual terminal, as files: /dev/vcsN has the characters, /dev/vcsaN a header (rows, columns,
 * cursor) and characters with attributes, /dev/vcsuN the characters in UTF-32. N of none or 0 is the one shown.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/slab.h>
#include <drivers/device.h>
#include <fs/file.h>
#include <kernel/task.h>
#include <uapi/linux/fs.h>

#include "vt.h"

#define VCS_MAJOR	7
#define KIND_UNICODE	64u
#define KIND_ATTR	128u
#define HEADER		4u

static struct vt_console *file_console(struct file *f)
{
	u32 index = dev_minor(f->inode->rdev) & 63;

	return index ? vt_find(index) : vt_shown();
}

static u32 file_kind(struct file *f)
{
	return dev_minor(f->inode->rdev) & (KIND_UNICODE | KIND_ATTR);
}

static int vcs_open(struct file *f, struct inode *inode)
{
	struct vt_console *c = file_console(f);

	(void)inode;
	if (file_kind(f) == (KIND_UNICODE | KIND_ATTR))
		return -ENXIO;
	if (!c || !READ_ONCE(c->allocated))
		return -ENXIO;
	return 0;
}

static size_t vcs_size(const struct vt_console *c, u32 kind)
{
	size_t cells = (size_t)c->emul.cols * c->emul.rows;

	return kind == KIND_ATTR ? HEADER + 2 * cells : kind == KIND_UNICODE ? 4 * cells : cells;
}

/* ANSI's colour order to VGA's. */
static u8 vga_attr(vt_cell c)
{
	static const u8 order[8] = { 0, 4, 2, 6, 1, 5, 3, 7 };
	u32 ink = vt_cell_ink(c), paper = vt_cell_paper(c);

	return (u8)(order[ink & 7] | (ink & 8) | order[paper & 7] << 4 | (paper & 8 || c & VT_CELL_BLINK ? 0x80 : 0));
}

static vt_cell cell_look(u8 attr)
{
	static const u8 order[8] = { 0, 4, 2, 6, 1, 5, 3, 7 };

	return (u32)(order[attr & 7] | (attr & 8)) << 16 | (u32)order[attr >> 4 & 7] << 20 |
	       (u32)(attr & 0x80 ? VT_CELL_BLINK : 0);
}

static u8 cell_byte(vt_cell c)
{
	u32 ch = vt_cell_char(c);

	return ch < 256 ? (u8)ch : '?';
}

/* The whole screen as the file has it. vt_lock held. */
static void render(struct vt_console *c, u32 kind, u8 *p)
{
	struct vt *v = &c->emul;

	if (kind == KIND_ATTR) {
		*p++ = (u8)min(v->rows, 255u);
		*p++ = (u8)min(v->cols, 255u);
		*p++ = (u8)min(v->x, 255u);
		*p++ = (u8)min(v->y, 255u);
	}
	for (u32 y = 0; y < v->rows; y++) {
		const vt_cell *row = vt_row(v, y, 0);

		for (u32 x = 0; x < v->cols; x++) {
			u32 ch = vt_cell_char(row[x]);

			if (kind == KIND_UNICODE) {
				memcpy(p, &ch, 4);
				p += 4;
				continue;
			}
			*p++ = cell_byte(row[x]);
			if (kind == KIND_ATTR)
				*p++ = vga_attr(row[x]);
		}
	}
}

/* A picture of the screen in fresh memory. */
static u8 *snapshot(struct vt_console *c, u32 kind, size_t *size)
{
	for (;;) {
		size_t n = vcs_size(c, kind);
		u8 *p = kvmalloc(n, GFP_KERNEL);

		if (!p)
			return NULL;
		spin_lock_irq(&vt_lock);
		if (vcs_size(c, kind) == n) {
			render(c, kind, p);
			spin_unlock_irq(&vt_lock);
			*size = n;
			return p;
		}
		spin_unlock_irq(&vt_lock);
		kvfree(p);
	}
}

static ssize_t vcs_read(struct file *f, struct kiocb *k, struct iov_iter *to)
{
	struct vt_console *c = file_console(f);
	u32 kind = file_kind(f);
	ssize_t res = 0;
	size_t size, n;
	u8 *p;

	if (!c)
		return -ENXIO;
	if (k->pos < 0)
		return -EINVAL;
	if (kind == KIND_UNICODE && (k->pos | (loff_t)iov_iter_count(to)) & 3)
		return -EINVAL;
	p = snapshot(c, kind, &size);
	if (!p)
		return -ENOMEM;
	if ((size_t)k->pos < size) {
		n = min(size - (size_t)k->pos, iov_iter_count(to));
		res = (ssize_t)copy_to_iter(p + k->pos, n, to);
		if (!res && n)
			res = -EFAULT;
		else
			k->pos += res;
	}
	kvfree(p);
	return res;
}

/* One byte of the file changes. vt_lock held. */
static void poke(struct vt_console *c, u32 kind, size_t at, u8 b)
{
	struct vt *v = &c->emul;
	vt_cell *cell;
	size_t i;

	if (kind == KIND_ATTR && at < HEADER) {
		vt_mark(v, v->y);
		if (at == 2)
			v->x = min((u32)b, v->cols - 1);
		else if (at == 3)
			v->y = min((u32)b, v->rows - 1);
		v->wrap_next = false;
		vt_mark(v, v->y);
		return;
	}
	i = kind == KIND_ATTR ? (at - HEADER) / 2 : at;
	cell = vt_row_edit(v, (u32)(i / v->cols)) + i % v->cols;
	if (kind == KIND_ATTR && (at - HEADER) % 2)
		*cell = vt_cell_char(*cell) | cell_look(b);
	else
		*cell = (*cell & VT_CELL_LOOK & ~(vt_cell)(VT_CELL_WIDE | VT_CELL_TAIL)) | b;
}

static ssize_t vcs_write(struct file *f, struct kiocb *k, struct iov_iter *from)
{
	struct vt_console *c = file_console(f);
	u32 kind = file_kind(f);
	ssize_t done = 0;
	u8 buf[256];

	if (!c)
		return -ENXIO;
	if (kind == KIND_UNICODE)
		return -EOPNOTSUPP;
	if (k->pos < 0)
		return -EINVAL;
	while (iov_iter_count(from)) {
		size_t n = min(sizeof(buf), iov_iter_count(from)), put = 0;

		if ((size_t)k->pos >= vcs_size(c, kind))
			break;
		if (copy_from_iter(buf, n, from) != n)
			return done ? done : -EFAULT;
		spin_lock_irq(&vt_lock);
		for (; put < n && (size_t)k->pos < vcs_size(c, kind); put++)
			poke(c, kind, (size_t)k->pos++, buf[put]);
		spin_unlock_irq(&vt_lock);
		done += (ssize_t)put;
		if (put < n)
			break;
	}
	if (c->index == vt_shown_index())
		vt_draw_soon();
	return done;
}

static loff_t vcs_llseek(struct file *f, loff_t off, int whence)
{
	struct vt_console *c = file_console(f);
	loff_t size;

	if (!c)
		return -ENXIO;
	size = (loff_t)vcs_size(c, file_kind(f));
	if (whence == SEEK_CUR)
		off += f->pos;
	else if (whence == SEEK_END)
		off += size;
	else if (whence != SEEK_SET)
		return -EINVAL;
	if (off < 0 || off > size)
		return -EINVAL;
	f->pos = off;
	return off;
}

static const struct file_ops vcs_fops = {
	.open = vcs_open, .read_iter = vcs_read, .write_iter = vcs_write, .llseek = vcs_llseek,
};

void vcs_add(u32 index)
{
	static const struct { const char *name; u32 kind; } kinds[] = {
		{ "vcs", 0 }, { "vcsu", KIND_UNICODE }, { "vcsa", KIND_ATTR },
	};
	char name[12];

	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++) {
		scnprintf(name, sizeof(name), index ? "%s%u" : "%s", kinds[i].name, index);
		if (IS_ERR(device_create("vc", NULL, mkdev(VCS_MAJOR, kinds[i].kind + index), name, 0600, NULL)))
			return;
	}
}

int vcs_init(void)
{
	int err = chrdev_register(VCS_MAJOR, 0, 192, &vcs_fops, "vcs", NULL);

	if (!err)
		vcs_add(0);
	return err;
}
