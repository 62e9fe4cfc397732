/* SPDX-License-Identifier: MPL-2.0 */
/* Bringing data to where it is safe: sync, syncfs, fsync, fdatasync, sync_file_range. */
#include "internal.h"
#include <base/math.h>
#include <kernel/sched.h>
#include <kernel/syscall.h>
#include <mm/writeback.h>

/* The next inode of the list after prev (referenced) with something to write or under way, grabbed. */
static struct inode *next_unsafe(struct super_block *sb, struct inode *prev)
{
	struct inode *i;

	spin_lock(&sb->inode_list_lock);
	i = prev ? list_next_entry(prev, sb_link) : list_first_entry(&sb->inodes, struct inode, sb_link);
	for (; &i->sb_link != &sb->inodes; i = list_next_entry(i, sb_link)) {
		if (!(READ_ONCE(i->state) & (I_DIRTY_ANY | I_SYNC)) && !mapping_is_dirty(&i->data) &&
		    !xa_marked(&i->data.folios, MAPPING_MARK_WRITEBACK))
			continue;
		/* The state lock stands above the list's: only try, and for as long as it takes. */
		while (!inode_trygrab(i)) {
			if (READ_ONCE(i->state) & I_FREEING)
				break;
			cpu_relax();
		}
		if (READ_ONCE(i->state) & I_FREEING)
			continue;	/* written by its eviction */
		spin_unlock(&sb->inode_list_lock);
		return i;
	}
	spin_unlock(&sb->inode_list_lock);
	return NULL;
}

static int sync_inodes(struct super_block *sb, bool wait)
{
	struct inode *i = NULL, *next;
	int err = 0, e;

	if (!SOP(sb, write_inode))
		return 0;
	while ((next = next_unsafe(sb, i))) {
		if (i)
			inode_put(i);
		i = next;
		e = inode_write_now(i, wait);
		err = err ? err : e;
		cond_resched();
	}
	if (i)
		inode_put(i);
	return err;
}

int super_sync(struct super_block *sb, bool wait)
{
	int err = 0, e;

	if (sb->flags & SB_RDONLY)
		return 0;
	/* Begin all, so that the devices have much to choose from; then wait. */
	if (wait && !wb_start_all(sb))
		(void)sync_inodes(sb, false);
	err = sync_inodes(sb, wait);
	e = SOP(sb, sync_fs) ? sb->ops->sync_fs(sb, wait) : 0;
	return err ? err : e;
}

void sync_sb(struct super_block *sb, bool wait)
{
	(void)super_sync(sb, wait);
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
	e = errseq_check(&sb->wb_err, &f.file->sb_err);
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

/* Data of a range, without the inode and without a flush of the device. */
static int sync_range(struct file *f, u64 start, u64 end, unsigned int flags)
{
	bool all = (flags & SFR_KNOWN) == SFR_KNOWN;
	struct writeback_control wbc = { start, end, all ? WB_ALL : WB_NONE, (s64)(~0ul >> 1) };
	struct mapping *m = f->mapping;
	int err = 0;

	if (m->flags & MAPPING_NO_WRITEBACK)
		return 0;
	if (flags & SYNC_FILE_RANGE_WAIT_BEFORE) {
		filemap_wait_range(m, start, end);
		err = mapping_check_error(m, &f->wb_err);
	}
	if (!err && flags & SYNC_FILE_RANGE_WRITE)
		err = mapping_writepages(m, &wbc);
	if (!err && flags & SYNC_FILE_RANGE_WAIT_AFTER) {
		filemap_wait_range(m, start, end);
		err = mapping_check_error(m, &f->wb_err);
	}
	return err;
}


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
	err = sync_range(f.file, (u64)offset, (u64)end, flags);
out:
	fdput(f);
	return err;
}
