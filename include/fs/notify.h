/* SPDX-License-Identifier: MPL-2.0 */
/* Events on files for inotify (fs/vfs/inotify.c) and F_NOTIFY (fs/vfs/dnotify.c). Cheap when nobody watches: one load. */
#ifndef FS_NOTIFY_H
#define FS_NOTIFY_H

#include <fs/inode.h>

struct qstr;
void notify_slow(struct inode *inode, u32 mask, const struct qstr *name, u32 cookie);
/* An event on the inode itself, or on a name in directory `inode`. mask IN_*. */
static inline void notify_inode(struct inode *inode, u32 mask, const struct qstr *name, u32 cookie)
{
	if (unlikely(READ_ONCE(inode->notify) != NULL))
		notify_slow(inode, mask, name, cookie);
}
/* An event on an open or named file: to its own watchers and its directory's. */
void notify_dentry(struct dentry *d, u32 mask);
/* A name changed within a directory: the one event that only F_NOTIFY knows (fs/vfs/dnotify.c). */
void dnotify_renamed(struct inode *dir);
extern atomic_t notify_watches;		/* 0: skip all */
/*
 * The ends of a watched inode. A dentry lets go of it and no link is left: IN_DELETE_SELF; its file system
 * is shut down: IN_UNMOUNT for all of them (dentries are gone, inodes not yet). May sleep, reference held.
 */
void notify_inode_unlinked(struct inode *inode);
void notify_unmount(struct super_block *sb);
/* It leaves memory; inode->notify is not NULL. */
void notify_inode_gone(struct inode *inode);
static inline void notify_dentry_released(struct inode *inode)
{
	if (unlikely(READ_ONCE(inode->notify) != NULL) && READ_ONCE(inode->nlink) == 0)
		notify_inode_unlinked(inode);
}

#endif
