/* SPDX-License-Identifier: MPL-2.0 */
/* ioctl(2): what holds for every file, then the file's own. */
#include "internal.h"
#include <kernel/syscall.h>
#include <uapi/linux/ioctls.h>

static long set_flag(struct file *f, uaddr_t arg, u32 flag)
{
	int on;
	int err = copy_in_bytes(&on, arg, sizeof(on));

	if (err)
		return err;
	spin_lock(&f->lock);
	f->flags = on ? f->flags | flag : f->flags & ~flag;
	spin_unlock(&f->lock);
	return 0;
}

static long set_async(struct file *f, int fd, uaddr_t arg)
{
	int on;
	int err = copy_in_bytes(&on, arg, sizeof(on));

	if (err)
		return err;
	if (((f->flags & FASYNC) != 0) == (on != 0))
		return 0;
	return f->ops->fasync ? file_set_fasync(f, fd, on) : -ENOTTY;
}

static long own_ioctl(struct file *f, u32 cmd, u64 arg)
{
	long r = file_op_ioctl(f, cmd, arg);

	return r == -ENOIOCTLCMD ? -ENOTTY : r;
}

static long ioctl_do(struct file *f, int fd, u32 cmd, u64 arg)
{
	struct inode *inode = f->inode;
	long r;
	int n;

	switch (cmd) {
	case FIOCLEX:
		fd_set_cloexec(fd, true);
		return 0;
	case FIONCLEX:
		fd_set_cloexec(fd, false);
		return 0;
	case FIONBIO:
		return set_flag(f, uaddr(arg), O_NONBLOCK);
	case FIOASYNC:
		return set_async(f, fd, uaddr(arg));
	case FIOQSIZE: {
		s64 size = inode_size(inode);

		if (S_ISDIR_I(inode) || S_ISREG_I(inode) || S_ISLNK_I(inode))
			return copy_out_bytes(uaddr(arg), &size, sizeof(size));
		return -ENOTTY;
	}
	case FIONREAD:
		if (!S_ISREG_I(inode))
			return own_ioctl(f, cmd, arg);
		n = (int)(inode_size(inode) - f->pos);
		return copy_out_bytes(uaddr(arg), &n, sizeof(n));
	case FIGETBSZ:
		if (!inode->sb->blocksize)
			return -EINVAL;
		n = (int)inode->sb->blocksize;
		return copy_out_bytes(uaddr(arg), &n, sizeof(n));
	case FIBMAP:
		if (!S_ISREG_I(inode))
			return own_ioctl(f, cmd, arg);
		if (!capable(CAP_SYS_RAWIO))
			return -EPERM;
		r = own_ioctl(f, cmd, arg);
		return r == -ENOTTY ? -EINVAL : r;
	case FIFREEZE:
		return capable(CAP_SYS_ADMIN) ? super_freeze(inode->sb) : -EPERM;
	case FITHAW:
		return capable(CAP_SYS_ADMIN) ? super_thaw(inode->sb) : -EPERM;
	case FICLONE: case FICLONERANGE:
		return -EOPNOTSUPP;
	}
	return own_ioctl(f, cmd, arg);
}

long sys_ioctl(int fd, unsigned int cmd, u64 arg)
{
	struct fd f = fdget(fd);
	long r;

	if (!f.file)
		return -EBADF;
	r = ioctl_do(f.file, fd, cmd, arg);
	fdput(f);
	return r;
}
