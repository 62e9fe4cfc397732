/* SPDX-License-Identifier: MPL-2.0 */
/* ioctl(2) on files of ext2: flags, version, where a file lies, discarding free space. */
#include <base/math.h>
#include <fs/file.h>
#include <fs/mount.h>
#include <core/usercopy.h>
#include <uapi/linux/fs.h>
#include <uapi/linux/fiemap.h>
#include "ext2.h"

static long get_flags(struct inode *inode, u64 arg)
{
	u32 f = EXT2_I(inode)->flags & EXT2_USER_VISIBLE;

	return copy_out_bytes(uaddr(arg), &f, sizeof(f));
}

static long set_flags_locked(struct inode *inode, u32 flags)
{
	struct ext2_inode_info *ei = EXT2_I(inode);
	struct ext2_sb *s = EXT2_SB(inode->sb);
	u32 old = ei->flags;
	int err;

	if (!inode_owner_or_capable(inode))
		return -EACCES;
	/* Only directories have all; plain files not those of directories, others only these two. */
	if (!S_ISDIR_I(inode))
		flags &= ~(EXT2_DIRSYNC_FL | EXT2_TOPDIR_FL);
	if (!S_ISDIR_I(inode) && !S_ISREG_I(inode))
		flags &= EXT2_NODUMP_FL | EXT2_NOATIME_FL;
	if (((flags ^ old) & (EXT2_APPEND_FL | EXT2_IMMUTABLE_FL)) && !capable(CAP_LINUX_IMMUTABLE))
		return -EPERM;
	if ((flags ^ old) & EXT2_USER_VISIBLE & ~EXT2_USER_HONOURED)
		return -EOPNOTSUPP;
	/* What was written up to now stays writable no longer. */
	if (S_ISREG_I(inode) && (flags & EXT2_IMMUTABLE_FL) && !(old & EXT2_IMMUTABLE_FL)) {
		err = filemap_write_and_wait(&inode->data, 0, (loff_t)(~0ull >> 1));
		if (err)
			return err;
	}
	err = ext2_begin(s);
	if (err)
		return err;
	ei->flags = (flags & EXT2_USER_HONOURED) | (old & ~EXT2_USER_HONOURED);
	ext2_set_vfs_flags(inode);
	inode->ctime = inode_now(inode);
	ext2_dirty(inode);
	ext2_end(s);
	return 0;
}

static long set_flags(struct file *f, u64 arg)
{
	u32 flags;
	long err;

	if (copy_in_bytes(&flags, uaddr(arg), sizeof(flags)))
		return -EFAULT;
	err = mount_want_write(f->path.mnt);
	if (err)
		return err;
	inode_lock(f->inode);
	err = set_flags_locked(f->inode, flags);
	inode_unlock(f->inode);
	mount_drop_write(f->path.mnt);
	return err;
}

static long get_version(struct inode *inode, u64 arg)
{
	u32 v = inode->generation;

	return copy_out_bytes(uaddr(arg), &v, sizeof(v));
}

static long set_version(struct file *f, u64 arg)
{
	struct inode *inode = f->inode;
	struct ext2_sb *s = EXT2_SB(inode->sb);
	u32 v;
	long err;

	if (!inode_owner_or_capable(inode))
		return -EPERM;
	err = mount_want_write(f->path.mnt);
	if (err)
		return err;
	if (copy_in_bytes(&v, uaddr(arg), sizeof(v))) {
		err = -EFAULT;
		goto out;
	}
	inode_lock(inode);
	err = ext2_begin(s);
	if (!err) {
		inode->generation = v;
		inode->ctime = inode_now(inode);
		ext2_dirty(inode);
		ext2_end(s);
	}
	inode_unlock(inode);
out:
	mount_drop_write(f->path.mnt);
	return err;
}

static long trim(struct file *f, u64 arg)
{
	struct ext2_sb *s = EXT2_SB(f->inode->sb);
	struct fstrim_range r;
	u32 bits = s->l.block_bits;
	u64 trimmed = 0;
	long err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (!s->discard)
		return -EOPNOTSUPP;
	if (s->vfs->flags & SB_RDONLY)
		return -EROFS;
	if (copy_in_bytes(&r, uaddr(arg), sizeof(r)))
		return -EFAULT;
	if (r.minlen > (u64)s->l.blocks_per_group << bits || r.start >= s->l.blocks_count << bits || r.len < s->l.block_size)
		return -EINVAL;
	err = ext2_trim(s, r.start >> bits, min_t(u64, r.len >> bits, s->l.blocks_count), (r.minlen + s->l.block_size - 1) >> bits,
			&trimmed);
	if (err)
		return err;
	r.len = trimmed << bits;
	return copy_out_bytes(uaddr(arg), &r, sizeof(r));
}

static long bmap(struct file *f, u64 arg)
{
	int block;
	u64 b;

	if (!capable(CAP_SYS_RAWIO))
		return -EPERM;
	if (copy_in_bytes(&block, uaddr(arg), sizeof(block)))
		return -EFAULT;
	if (block < 0)
		return -EINVAL;
	b = iomap_bmap(f->inode, (u64)block, &ext2_iomap_ops);
	block = (int)b;
	return copy_out_bytes(uaddr(arg), &block, sizeof(block));
}

long ext2_ioctl(struct file *f, u32 cmd, u64 arg)
{
	struct inode *inode = f->inode;

	switch (cmd) {
	case FS_IOC_GETFLAGS:
		return get_flags(inode, arg);
	case FS_IOC_SETFLAGS:
		return set_flags(f, arg);
	case FS_IOC_GETVERSION:
		return get_version(inode, arg);
	case FS_IOC_SETVERSION:
		return set_version(f, arg);
	case FITRIM:
		return trim(f, arg);
	case FIBMAP:
		return S_ISREG_I(inode) ? bmap(f, arg) : -ENOTTY;
	case FS_IOC_FIEMAP:
		return S_ISREG_I(inode) ? iomap_fiemap(f, arg, &ext2_iomap_ops) : -EOPNOTSUPP;
	}
	return -ENOIOCTLCMD;
}
