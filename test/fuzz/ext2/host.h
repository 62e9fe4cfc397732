/* SPDX-License-Identifier: MPL-2.0 */
/*
 * fs/ext2 as a program on the host: the driver is compiled as it is, under ASan and UBSan, over stand-ins
 * for what it needs of the kernel. One thread, so a lock that is taken twice is a deadlock and ends the run.
 *
 *   kern.c  memory (with failures), locks, work, credentials
 *   vfs.c   super blocks, inodes, dentries
 *   dev.c   the device, buffers; a checker of what is written where
 *   data.c  file data: which blocks are dirty
 *   walk.c  reads everything, then changes things at random
 *   main.c  the program: images, seeds, children (knows only the C library)
 */
#ifndef HOST_H
#define HOST_H

#include <base/list.h>
#include <base/math.h>
#include <base/string.h>
#include <fs/buffer.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <fs/iomap.h>
#include <fs/path.h>
#include <fs/super.h>
#include <kernel/cred.h>
#include "../common.h"
#include "run.h"

/* The C library, whose headers define the same types as ours. */
void *malloc(size_t n);
void *calloc(size_t n, size_t size);
void *realloc(void *p, size_t n);
void free(void *p);
int printf(const char *fmt, ...) __printf(1, 2);
__noreturn void abort(void);

/* --- kern.c --- */
extern long host_live;			/* allocations that were not given back */
extern int host_locks;			/* locks held */
extern u64 host_fail_in, host_fail_every;	/* memory: the next failure, and the distance of those that follow */
extern bool host_timer;			/* delayed work was queued */
void run_timer(void);

/* --- dev.c --- */
struct dev {
	u8 *disk, *cache;		/* what is on it; what buffers of it said last */
	u8 *guard;			/* one byte a KiB: metadata that file data must not touch */
	u64 bytes;
	bool read_only;
	u64 reads, fail_read;		/* so many reads; the one that fails (0: none) */
	u64 writes, fail_write;
};
extern struct dev dev;
void dev_data_write(u64 byte, u64 n);
void dev_guard(u64 byte, u64 n);
long dev_buffers(void);

/* --- vfs.c --- */
extern struct fs_type *host_type;
extern long host_inodes;
struct super_block *host_mount(u32 flags, const char *options, int *err);
int host_umount(struct super_block *sb);
struct dentry *host_lookup(struct dentry *parent, const char *name, size_t len);	/* kept in the tree; may be negative */
struct dentry *host_child(struct dentry *parent, const char *name, size_t len);
void host_forget(struct dentry *d);	/* and all below */
void host_shrink(struct super_block *sb, bool all);	/* unused inodes go */
void host_remove(struct dentry *d);	/* after unlink, rmdir */
void host_move(struct dentry *d, struct dentry *target);

/* --- data.c --- */
int data_write(struct inode *inode, loff_t pos, u64 len);
void data_forget(struct inode *inode, loff_t from, loff_t to);
int data_flush(struct inode *inode);

/* --- super_host.c, extent_host.c: the driver's own files, with their beginning --- */
int host_ext2_init(void);
int host_ext2_ext_init(void);

#endif
