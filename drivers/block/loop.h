/* SPDX-License-Identifier: MPL-2.0 */
/* Loop devices: loop.c (life, I/O), loop_ioctl.c (set-up). */
#ifndef DRIVERS_BLOCK_LOOP_H
#define DRIVERS_BLOCK_LOOP_H

#include <base/list.h>
#include <core/mutex.h>
#include <core/wait.h>
#include <core/work.h>
#include <fs/disk.h>
#include <fs/file.h>
#include <uapi/linux/loop.h>

struct kernfs_node;

struct loop {
	struct list_head link;		/* [loops_lock] by number */
	u32 index;			/* [I] */
	struct disk *disk;		/* [I] */
	struct mutex lock;		/* class LOOP: set-up; inside the disk's open mutex */
	struct file *file;		/* [lock; stable while bios are under way] NULL: not bound */
	u64 offset, sizelimit;		/* [lock; as file] bytes */
	u32 flags;			/* [lock] LO_FLAGS_* */
	char name[LO_NAME_SIZE];	/* [lock] what SET_STATUS gave */
	char crypt_name[LO_NAME_SIZE];	/* [lock] the same */
	struct kernfs_node *dir;	/* [lock] loop/ in sysfs while bound */
	struct workqueue *wq;		/* [I] once made, at the first binding */
	struct work work;
	struct kvec *vecs;		/* [I] as wq; the worker's */
	spinlock_t queue_lock;		/* class OBJECT */
	struct bio *first, *last;	/* [queue_lock] */
	u32 waiting;			/* [queue_lock; a] bios in it */
	struct wait_queue room;
};

/* loop.c */
struct loop *loop_add(int index);		/* -1: the next free number. ERR_PTR: -EEXIST, ... */
/* All that was submitted so far is done. lock held. */
void loop_drain(struct loop *lo);
void loop_update_dio(struct loop *lo, bool want);	/* lock held, bound */
void loop_make_sysfs(struct loop *lo);
void loop_unbind(struct loop *lo);		/* lock held, bound */
u64 loop_capacity(const struct loop *lo, const struct file *f);	/* sectors */

/* loop_ioctl.c */
long loop_ioctl(struct block_device *b, u32 how, u32 cmd, u64 arg);

#endif
