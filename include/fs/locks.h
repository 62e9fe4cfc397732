/* SPDX-License-Identifier: MPL-2.0 */
/* POSIX, OFD and flock locks (fs/vfs/locks.c). */
#ifndef FS_LOCKS_H
#define FS_LOCKS_H

#include <fs/file.h>

/* close(): drop POSIX locks that the process has on the file. */
void locks_remove_posix(struct file *f, void *owner);
/* Last fput: flock and OFD locks. */
void locks_remove_file(struct file *f);
void locks_free_context(struct inode *inode);
long fcntl_lock(struct file *f, int fd, u32 cmd, uaddr_t arg);	/* F_GETLK, F_SETLK(W), F_OFD_* */
void locks_show(struct seq_file *s);

#endif
