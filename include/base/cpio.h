/* SPDX-License-Identifier: MPL-2.0 */
/*
 * cpio archives in the newc format, fed in pieces of any size (kernel/lib/cpio.c), and a whole
 * initramfs: several archives one after the other, plain or gzip, zero padding between them
 * (kernel/lib/initramfs.c). The input is hostile: nothing in it can do more than make an error.
 */
#ifndef BASE_CPIO_H
#define BASE_CPIO_H

#include <base/compiler.h>
#include <base/types.h>
#include <uapi/linux/limits.h>

struct cpio_entry {
	const char *name;		/* as in the archive; may start with '/', './' or contain '..' */
	const char *target;		/* of a symbolic link, else NULL */
	umode_t mode;
	u32 uid, gid, nlink;
	u32 mtime;
	u64 size;			/* of a regular file, else 0 */
	u32 rdev_major, rdev_minor;
};

/* Each returns 0, or -errno, which ends the parse with that error. */
struct cpio_ops {
	/* A file of any kind begins; for regular files data() follows until size bytes came, then end(). */
	int (*entry)(void *ctx, const struct cpio_entry *e);
	/* Like entry(), but the file is another name of `first`, which came before. Data may follow. */
	int (*link)(void *ctx, const struct cpio_entry *e, const char *first);
	int (*data)(void *ctx, const void *p, size_t n);
	int (*end)(void *ctx, const struct cpio_entry *e);
};

struct cpio_link;

struct cpio {
	const struct cpio_ops *ops;
	void *ctx;
	const char *error;		/* what was wrong, in words; NULL */
	u64 entries;
	/* private */
	int state;
	u32 want, have;			/* bytes of the current header, name or target */
	u32 skip;			/* padding after it */
	u64 left;			/* file data still to come */
	u64 pos;			/* in this archive, for padding */
	u32 ino, dev_major, dev_minor;
	struct cpio_entry e;
	struct cpio_link *links;
	char head[110];
	char name[PATH_MAX];
	char target[PATH_MAX];
};

void cpio_init(struct cpio *c, const struct cpio_ops *ops, void *ctx);
/* 0; -EINVAL malformed (c->error says how); -ENOMEM; what a callback returned. After an error: cpio_fini. */
__must_check int cpio_feed(struct cpio *c, const void *p, size_t n);
/* The input is at its end: 0, or -EINVAL when that is in the middle of an entry. Frees. */
__must_check int cpio_finish(struct cpio *c);
void cpio_fini(struct cpio *c);
/* Between two archives: after a trailer (zeros may follow) or before the first header. */
bool cpio_between(const struct cpio *c);
/* Bytes of file data that must come before anything else. */
u64 cpio_data_left(const struct cpio *c);

struct initramfs_result {
	const char *error;		/* one clear phrase, or NULL */
	u64 offset;			/* in the image, where it was seen */
	u64 entries;
};

/* Unpack a whole image. 0 or -errno with res->error set. Allocates about 60 KiB meanwhile. */
__must_check int initramfs_unpack(const void *image, size_t len, const struct cpio_ops *ops, void *ctx,
				  struct initramfs_result *res);

#endif
