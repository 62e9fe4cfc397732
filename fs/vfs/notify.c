/* SPDX-License-Identifier: MPL-2.0 */
/* Nobody can watch files before inotify is there; its definitions (fs/vfs/inotify.c) take the place of these. */
#include <fs/notify.h>

__weak atomic_t notify_watches;

__weak void notify_slow(struct inode *inode, u32 mask, const struct qstr *name, u32 cookie)
{
	(void)inode, (void)mask, (void)name, (void)cookie;
}

__weak void notify_dentry(struct dentry *d, u32 mask)
{
	(void)d, (void)mask;
}

__weak void notify_inode_gone(struct inode *inode)
{
	(void)inode;
}
