/* SPDX-License-Identifier: MPL-2.0 */
/* Bringing data to where it is safe: sync, syncfs, fsync, fdatasync, sync_file_range. */
#include "internal.h"
#include <base/math.h>
#include <kernel/syscall.h>

/* Dirty inodes of an instance; one that goes meanwhile is written by its eviction. */
static void sync_inodes(struct super_block *sb, bool wait)
{
	struct inode *i, *prev = NULL;

	if (!SOP(sb, write_inode))
		return;
	spin_lock(&sb->inode_list_lock);
	list_for_each_entry(i, &sb->inodes, sb_link) {
		if (!(READ_ONCE(i->state) & I_DIRTY) && !i->data.nr_pages)
			continue;
		if (!ref_get_unless_zero(&i->ref))
			continue;
		spin_unlock(&sb->inode_list_lock);
		inode_put(prev);
		(void)inode_write_now(i, wait);
		prev = i;
		spin_lock(&sb->inode_list_lock);
	}
	spin_unlock(&sb->inode_list_lock);
	inode_put(prev);
}

void sync_sb(struct super_block *sb, bool wait)
{
	sync_inodes(sb, wait);
	if (SOP(sb, sync_fs))
		(void)sb->ops->sync_fs(sb, wait);
}

int super_sync(struct super_block *sb, bool wait)
{
	if (sb->flags & SB_RDONLY)
		return 0;
	sync_inodes(sb, wait);
	return SOP(sb, sync_fs) ? sb->ops->sync_fs(sb, wait) : 0;
}

static void sync_one(struct super_block *sb, void *arg)
{
	(void)super_sync(sb, *(bool *)arg);
}

void sync_all(void)
{
	bool wait = false;

	super_for_each(sync_one, &wait);
	wait = true;
	super_for_each(sync_one, &wait);
}

long sys_sync(void)
{
	sync_all();
	return 0;
}

long sys_syncfs(int fd)
{
	struct fd f = fdget(fd);
	struct super_block *sb;
	int err, e;

	if (!f.file)
		return -EBADF;
	sb = f.file->path.dentry->sb;
	down_read(&sb->umount);
	err = super_sync(sb, true);
	up_read(&sb->umount);
	e = mapping_check_error(f.file->mapping, &f.file->sb_err);
	fdput(f);
	return err ? err : e;
}

static long fsync_do(int fd, bool datasync)
{
	struct fd f = fdget(fd);
	int err;

	if (!f.file)
		return -EBADF;
	err = file_op_fsync(f.file, 0, LOFF_MAX, datasync);
	fdput(f);
	return err;
}

long sys_fsync(int fd)
{
	return fsync_do(fd, false);
}

long sys_fdatasync(int fd)
{
	return fsync_do(fd, true);
}

#define SFR_KNOWN (SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER)

long sys_sync_file_range(int fd, loff_t offset, loff_t nbytes, unsigned int flags)
{
	loff_t end;
	struct fd f;
	int err = 0;

	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	if (flags & ~SFR_KNOWN || offset < 0 || nbytes < 0 || check_add(offset, nbytes, &end)) {
		err = -EINVAL;
		goto out;
	}
	end = nbytes ? end - 1 : LOFF_MAX;
	if (!S_ISREG_I(f.file->inode) && !S_ISBLK(f.file->inode->mode) && !S_ISDIR_I(f.file->inode) && !S_ISLNK_I(f.file->inode)) {
		err = -ESPIPE;
		goto out;
	}
	if (flags && !(f.file->mapping->flags & MAPPING_NO_WRITEBACK))
		err = filemap_write_and_wait(f.file->mapping, offset, end);
out:
	fdput(f);
	return err;
}
