/* SPDX-License-Identifier: MPL-2.0 */
/*
 * fcntl(2): descriptor flags, file flags, duplication, the owner for SIGIO, and the doors to locks,
 * pipe sizes and seals.
 */
#include "internal.h"
#include <fs/pipe.h>
#include <kernel/pid.h>
#include <kernel/syscall.h>
#include <uapi/linux/ioctls.h>

#define SETFL_MASK	(O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME)

int file_set_fasync(struct file *f, int fd, bool on)
{
	int err = 0;

	if (!f->ops->fasync)
		return 0;
	if (((f->flags & FASYNC) != 0) == on)
		return 0;
	err = f->ops->fasync(f, fd, on);
	if (err >= 0) {
		spin_lock(&f->lock);
		f->flags = on ? f->flags | FASYNC : f->flags & ~FASYNC;
		spin_unlock(&f->lock);
		err = 0;
	}
	return err;
}

static long set_flags(struct file *f, int fd, u32 arg)
{
	struct inode *inode = f->inode;
	int err;

	/* an append-only file stays so */
	if (((arg ^ f->flags) & O_APPEND) && (inode->flags & S_APPEND))
		return -EPERM;
	if ((arg & O_NOATIME) && !(f->flags & O_NOATIME) && !inode_owner_or_capable(inode))
		return -EPERM;
	if (arg & O_DIRECT) {
		if (S_ISFIFO(inode->mode))
			;
		else if (!f->mapping->ops || !f->mapping->ops->direct_io)
			return -EINVAL;
	}
	err = file_op_check_flags(f, arg);
	if (err)
		return err;
	if ((arg ^ f->flags) & FASYNC) {
		err = file_set_fasync(f, fd, arg & FASYNC);
		if (err)
			return err;
	}
	spin_lock(&f->lock);
	f->flags = (arg & SETFL_MASK) | (f->flags & ~SETFL_MASK);
	spin_unlock(&f->lock);
	return 0;
}

/* --- owner --- */

static void set_owner(struct file *f, struct pid *pid, int type)
{
	struct pid *old;

	pid_get(pid);
	spin_lock(&f->lock);
	old = f->owner.pid;
	f->owner.pid = pid;
	f->owner.type = type;
	f->owner.uid = current_uid();
	f->owner.euid = current_euid();
	spin_unlock(&f->lock);
	if (old)
		pid_put(old);
}

/* The calling process, unless there is an owner. */
void file_set_default_owner(struct file *f)
{
	if (!READ_ONCE(f->owner.pid))
		set_owner(f, current->proc->pids[PIDTYPE_TGID], PIDTYPE_TGID);
}

long file_set_owner(struct file *f, int who)
{
	struct pid *pid = NULL;
	int type = PIDTYPE_TGID;

	if (who < 0) {
		if (who == (int)0x80000000)
			return -EINVAL;
		type = PIDTYPE_PGID;
		who = -who;
	}
	if (who) {
		pid = pid_find_get(who);
		if (!pid)
			return -ESRCH;
	}
	set_owner(f, pid, type);
	if (pid)
		pid_put(pid);
	return 0;
}

int file_get_owner(struct file *f)
{
	int nr;

	rcu_read_lock();
	nr = f->owner.pid ? pid_vnr(f->owner.pid) : 0;
	if (f->owner.type == PIDTYPE_PGID)
		nr = -nr;
	rcu_read_unlock();
	return nr;
}

static long set_owner_ex(struct file *f, uaddr_t arg)
{
	static const int types[] = { PIDTYPE_TID, PIDTYPE_TGID, PIDTYPE_PGID };
	struct f_owner_ex o;
	struct pid *pid = NULL;
	int err = copy_in_bytes(&o, arg, sizeof(o));

	if (err)
		return err;
	if ((u32)o.type > F_OWNER_PGRP)
		return -EINVAL;
	if (o.pid) {
		pid = pid_find_get(o.pid);
		if (!pid)
			return -ESRCH;
	}
	set_owner(f, pid, types[o.type]);
	if (pid)
		pid_put(pid);
	return 0;
}

static long get_owner_ex(struct file *f, uaddr_t arg)
{
	struct f_owner_ex o;

	rcu_read_lock();
	o.pid = f->owner.pid ? pid_vnr(f->owner.pid) : 0;
	o.type = f->owner.type == PIDTYPE_TID ? F_OWNER_TID : f->owner.type == PIDTYPE_PGID ? F_OWNER_PGRP : F_OWNER_PID;
	rcu_read_unlock();
	return copy_out_bytes(arg, &o, sizeof(o));
}

static long get_owner_uids(struct file *f, uaddr_t arg)
{
	u32 ids[2] = { from_kuid(current_cred()->user_ns, f->owner.uid), from_kuid(current_cred()->user_ns, f->owner.euid) };

	return copy_out_bytes(arg, ids, sizeof(ids));
}

/* --- the rest --- */

static long dup_fd(struct file *f, u64 from, u32 oflags)
{
	int fd;

	if (from >= rlimit_cur(RLIMIT_NOFILE))
		return -EINVAL;
	fd = fd_alloc_from((u32)from, oflags);
	if (fd < 0)
		return fd;
	file_get(f);
	fd_install(fd, f);
	return fd;
}

static long rw_hint(struct file *f, u32 cmd, uaddr_t arg)
{
	u64 h = RWH_WRITE_LIFE_NOT_SET;
	int err;

	if (cmd == F_GET_RW_HINT || cmd == F_GET_FILE_RW_HINT)
		return copy_out_bytes(arg, &h, sizeof(h));
	err = copy_in_bytes(&h, arg, sizeof(h));
	if (err)
		return err;
	/* Nothing below uses hints: only the neutral one can be kept. */
	return h == RWH_WRITE_LIFE_NOT_SET ? 0 : -EINVAL;
}

static long fcntl_do(struct file *f, int fd, u32 cmd, u64 arg)
{
	switch (cmd) {
	case F_DUPFD:
		return dup_fd(f, (u32)arg, 0);
	case F_DUPFD_CLOEXEC:
		return dup_fd(f, (u32)arg, O_CLOEXEC);
	case F_GETFD:
		return fd_cloexec(fd) ? FD_CLOEXEC : 0;
	case F_SETFD:
		fd_set_cloexec(fd, arg & FD_CLOEXEC);
		return 0;
	case F_GETFL:
		return f->flags;
	}
	/* O_PATH descriptors know only the above. */
	if (f->mode & FMODE_PATH)
		return -EBADF;
	switch (cmd) {
	case F_SETFL:
		return set_flags(f, fd, (u32)arg);
	case F_GETLK: case F_SETLK: case F_SETLKW:
	case F_OFD_GETLK: case F_OFD_SETLK: case F_OFD_SETLKW:
		return fcntl_lock(f, fd, cmd, uaddr(arg));
	case F_GETOWN:
		return file_get_owner(f);
	case F_SETOWN:
		return file_set_owner(f, (int)arg);
	case F_GETOWN_EX:
		return get_owner_ex(f, uaddr(arg));
	case F_SETOWN_EX:
		return set_owner_ex(f, uaddr(arg));
	case F_GETOWNER_UIDS:
		return get_owner_uids(f, uaddr(arg));
	case F_GETSIG:
		return f->owner.sig;
	case F_SETSIG:
		if (arg > NSIG)
			return -EINVAL;
		f->owner.sig = (int)arg;
		return 0;
	case F_GETLEASE:
		return F_UNLCK;
	case F_SETLEASE:
		return (u32)arg == F_UNLCK ? -EAGAIN : -EINVAL;
	case F_NOTIFY:
		return dnotify_set(f, fd, (u32)arg);
	case F_SETPIPE_SZ: case F_GETPIPE_SZ:
		return pipe_fcntl(f, cmd, arg);
	case F_ADD_SEALS: case F_GET_SEALS:
		return file_op_fcntl(f, cmd, arg);
	case F_GET_RW_HINT: case F_SET_RW_HINT: case F_GET_FILE_RW_HINT: case F_SET_FILE_RW_HINT:
		return rw_hint(f, cmd, uaddr(arg));
	}
	return -EINVAL;
}

long sys_fcntl(int fd, unsigned int cmd, u64 arg)
{
	struct fd f = fdget_raw(fd);
	long r;

	if (!f.file)
		return -EBADF;
	r = fcntl_do(f.file, fd, cmd, arg);
	fdput(f);
	return r;
}
