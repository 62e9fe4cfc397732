/* SPDX-License-Identifier: MPL-2.0 */
/* What inotify (inotify.c) and dnotify (dnotify.c) share: the watchers of an inode. */
#ifndef FS_VFS_NOTIFY_INTERNAL_H
#define FS_VFS_NOTIFY_INTERNAL_H

#include <base/list.h>
#include <core/spinlock.h>
#include <fs/inode.h>

/* What hangs on inode->notify: made with the first watch, lives as long as the inode. */
struct notify_conn {
	struct list_head marks;		/* [marks_lock] inotify's */
	struct list_head dirs;		/* [marks_lock] dnotify's */
	struct list_head link;		/* [marks_lock] in all_conns */
	struct inode *inode;		/* [I] it dies with the inode */
	u32 mask;			/* [marks_lock; atomic reads] all that somebody wants */
};

extern spinlock_t marks_lock;		/* class NOTIFY */

static inline struct notify_conn *inode_conn(const struct inode *inode)
{
	return smp_load_acquire(&inode->notify);
}

/* Made when there is none; NULL: no memory. May sleep, the inode referenced. */
struct notify_conn *conn_get(struct inode *inode);
void conn_recompute(struct notify_conn *c);		/* the mask; marks_lock held */

/* What dnotify wants of it, marks_lock held; an event for those who do. */
u32 dnotify_mask(const struct notify_conn *c);
void dnotify_send(struct notify_conn *c, u32 mask);

#endif
