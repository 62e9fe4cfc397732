/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Text files made on the fly (fs/vfs/seq_file.c): /proc, /sys. Either one show function for the
 * whole text, or an iterator whose records are never cut between two reads.
 */
#ifndef FS_SEQ_FILE_H
#define FS_SEQ_FILE_H

#include <fs/file.h>

struct seq_file;
struct seq_ops {
	void *(*start)(struct seq_file *s, loff_t *pos);	/* record number *pos; NULL: end; ERR_PTR */
	void (*stop)(struct seq_file *s, void *v);
	void *(*next)(struct seq_file *s, void *v, loff_t *pos);
	int (*show)(struct seq_file *s, void *v);		/* 0, -errno, 1: skip this record */
};

struct seq_file {
	char *buf;			/* [lock] */
	size_t size, from, count;	/* [lock] text is buf[from .. from+count) */
	loff_t index;			/* [lock] next record */
	loff_t read_pos;		/* [lock] */
	struct mutex lock;		/* class LEAF_MUTEX... taken outside what show() takes: class FILE_POS */
	const struct seq_ops *ops;	/* [I] */
	struct file *file;		/* [I] */
	void *private;			/* [I] the opener's */
	bool full;			/* [lock] text did not fit: grow and show again */
};

int seq_open(struct file *f, const struct seq_ops *ops, void *private);
/* One show(s, NULL) for all; private in s->private. */
int seq_open_single(struct file *f, int (*show)(struct seq_file *s, void *v), void *private);
ssize_t seq_read_iter(struct file *f, struct kiocb *k, struct iov_iter *to);
loff_t seq_llseek(struct file *f, loff_t off, int whence);
int seq_release(struct file *f, struct inode *inode);

__printf(2, 3) void seq_printf(struct seq_file *s, const char *fmt, ...);
void seq_puts(struct seq_file *s, const char *text);
void seq_putc(struct seq_file *s, char c);
void seq_write(struct seq_file *s, const void *data, size_t n);
/* Path with blanks, tabs, newlines and backslashes as \ooo. */
void seq_path(struct seq_file *s, const struct path *p, const struct path *root);
/* The same with a choice of what is escaped: /proc/PID/maps escapes only newlines. */
void seq_path_escape(struct seq_file *s, const struct path *p, const struct path *root, const char *esc);
void seq_escape(struct seq_file *s, const char *text, const char *what);
/* Spaces up to column `width` of the running record (as /proc/PID/maps pads). */
void seq_pad_to(struct seq_file *s, size_t start, size_t width);

#endif
