/* SPDX-License-Identifier: MPL-2.0 */
/* /proc/PID/fd and fdinfo: the open files of a process. */
#include <base/err.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/slab.h>
#include <fs/mount.h>
#include <uapi/linux/dirent.h>

#include "internal.h"

static struct file *inode_file(const struct inode *inode)
{
	struct task *t = proc_task_get(inode);
	struct file *f;

	if (!t)
		return NULL;
	f = fget_task(t, pid_inode(inode)->fd);
	task_put(t);
	return f;
}

static int fd_follow(struct inode *inode, struct path *res)
{
	struct file *f = inode_file(inode);

	if (!f)
		return -ENOENT;
	*res = f->path;
	path_get(res);
	file_put(f);
	return 0;
}

static const struct inode_ops fd_link_iops = { .get_link = proc_magic_readlink, .follow_magic = fd_follow };

/* --- fdinfo/N --- */

static int fdinfo_show(struct seq_file *s, void *v)
{
	struct inode *inode = s->private;
	struct file *f = inode_file(inode);
	struct task *t;
	u32 flags;

	(void)v;
	if (!f)
		return -ENOENT;
	flags = f->flags;
	t = proc_task_get(inode);
	if (t && t == current && fd_cloexec(pid_inode(inode)->fd))
		flags |= O_CLOEXEC;
	if (t)
		task_put(t);
	seq_printf(s, "pos:\t%lli\nflags:\t0%o\nmnt_id:\t%i\nino:\t%llu\n", (long long)f->pos, flags, f->path.mnt->id,
		   (unsigned long long)f->inode->ino);
	file_op_show_fdinfo(f, s);
	file_put(f);
	return 0;
}

static int fdinfo_open(struct file *f, struct inode *inode)
{
	return seq_open_single(f, fdinfo_show, inode);
}

static const struct inode_ops fdinfo_iops = { .setattr = NULL };
static const struct file_ops fdinfo_fops = {
	.open = fdinfo_open, .read_iter = seq_read_iter, .llseek = seq_llseek, .release = seq_release,
};

/* --- the directories --- */

static int name_to_fd(const struct dentry *d)
{
	int fd = 0;

	if (d->name.len > 9 || (d->name.name[0] == '0' && d->name.len > 1))
		return -1;
	for (u32 i = 0; i < d->name.len; i++) {
		if (!isdigit(d->name.name[i]))
			return -1;
		fd = fd * 10 + (d->name.name[i] - '0');
	}
	return fd;
}

static struct dentry *lookup(struct inode *dir, struct dentry *d, bool info)
{
	struct task *t = proc_task_get(dir);
	int fd = name_to_fd(d);
	struct inode *inode = NULL;
	struct file *f = NULL;
	umode_t mode;

	if (!t)
		return ERR_PTR(-ENOENT);
	if (!ptrace_may_access(t, PTRACE_MODE_READ | PTRACE_MODE_FSCREDS)) {
		task_put(t);
		return ERR_PTR(-EACCES);
	}
	if (fd >= 0)
		f = fget_task(t, fd);
	if (f) {
		/* The link's mode tells how the file is open. */
		mode = info ? S_IFREG | 0400 : (umode_t)(S_IFLNK | (f->mode & FMODE_READ ? 0500 : 0) |
							 (f->mode & FMODE_WRITE ? 0300 : 0));
		file_put(f);
		inode = proc_pid_inode_new(dir->sb, t, NULL, pid_inode(dir)->thread, mode);
		if (!inode) {
			task_put(t);
			return ERR_PTR(-ENOMEM);
		}
		pid_inode(inode)->fd = fd;
		inode->ops = info ? &fdinfo_iops : &fd_link_iops;
		inode->fops = info ? &fdinfo_fops : NULL;
		if (!info)
			inode_set_size(inode, 64);
	}
	task_put(t);
	return inode ? dentry_splice(d, inode) : ERR_PTR(-ENOENT);
}

static struct dentry *fd_lookup(struct inode *dir, struct dentry *d, u32 flags)
{
	(void)flags;
	return lookup(dir, d, false);
}

static struct dentry *fdinfo_lookup(struct inode *dir, struct dentry *d, u32 flags)
{
	(void)flags;
	return lookup(dir, d, true);
}

static int iterate(struct file *file, struct dir_context *ctx, u32 type)
{
	struct task *t = proc_task_get(file->inode);
	u32 fd;

	if (!t)
		return -ENOENT;
	if (!dir_emit_dots(file, ctx))
		goto out;
	for (fd = (u32)ctx->pos - 2;; fd++) {
		struct file *f = files_next(t, &fd);
		char name[12];
		int len;

		if (!f)
			break;
		file_put(f);
		len = scnprintf(name, sizeof(name), "%u", fd);
		ctx->pos = fd + 2;
		if (!dir_emit(ctx, name, (size_t)len, fd + 0x3000000, type))
			goto out;
		ctx->pos = fd + 3;
	}
out:
	task_put(t);
	return 0;
}

static int fd_iterate(struct file *f, struct dir_context *ctx) { return iterate(f, ctx, DT_LNK); }
static int fdinfo_iterate(struct file *f, struct dir_context *ctx) { return iterate(f, ctx, DT_REG); }

/* One's own descriptors may be looked at even after the process changed its ids. */
static int fd_permission(struct inode *inode, int mask)
{
	struct task *t = proc_task_get(inode);
	int err = mask & MAY_NOT_BLOCK ? -ECHILD : generic_permission(inode, mask);

	if (t) {
		if (err && err != -ECHILD && task_same_process(t, current))
			err = 0;
		task_put(t);
	}
	return err;
}

const struct inode_ops proc_fd_dir_iops = { .lookup = fd_lookup, .permission = fd_permission };
const struct inode_ops proc_fdinfo_dir_iops = { .lookup = fdinfo_lookup, .permission = fd_permission };
const struct file_ops proc_fd_dir_fops = { .iterate = fd_iterate, .llseek = generic_llseek };
const struct file_ops proc_fdinfo_dir_fops = { .iterate = fdinfo_iterate, .llseek = generic_llseek };
