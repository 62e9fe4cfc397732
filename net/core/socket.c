/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Sockets as files: the families' registry, the socket file system, read, write, poll and close of
 * a socket descriptor.
 *
 * Life: a struct socket lives as long as its file; release() of the family ends its own part.
 */
#include <base/err.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/init.h>
#include <core/mutex.h>
#include <core/slab.h>
#include <fs/fasync.h>
#include <fs/mount.h>
#include <fs/poll.h>
#include <fs/super.h>
#include <kernel/task.h>
#include <net/net.h>
#include <net/sock.h>
#include <net/socket.h>
#include <uapi/linux/ioctls.h>
#include <uapi/linux/magic.h>

#include "internal.h"

static const struct net_family *families[AF_MAX];	/* [a] set once */
static struct mount *sock_mnt;
atomic_t sockets_used;

int net_family_register(const struct net_family *f)
{
	if (f->family < 0 || f->family >= AF_MAX)
		return -EINVAL;
	return cmpxchg(&families[f->family], NULL, f) ? -EEXIST : 0;
}

struct socket *file_socket(struct file *f)
{
	return f->ops == &socket_fops ? f->private : NULL;
}

/* --- file operations --- */

static ssize_t socket_read_iter(struct file *f, struct kiocb *k, struct iov_iter *to)
{
	struct socket *s = f->private;
	struct msg m = { .iter = *to };
	ssize_t n;

	if (k->pos)
		return -ESPIPE;
	if (!iov_iter_count(to))
		return 0;
	if (k->flags & (IOCB_NOWAIT | IOCB_NONBLOCK))
		m.flags = MSG_DONTWAIT;
	n = s->ops->recvmsg ? s->ops->recvmsg(s, &m, iov_iter_count(to)) : -EOPNOTSUPP;
	if (n > 0)
		iov_iter_advance(to, (size_t)n);
	return n;
}

static ssize_t socket_write_iter(struct file *f, struct kiocb *k, struct iov_iter *from)
{
	struct socket *s = f->private;
	struct msg m = { .iter = *from, .pages = k->flags & IOCB_PAGES };
	ssize_t n;

	if (k->pos)
		return -ESPIPE;
	if (k->flags & IOCB_MORE)
		m.flags |= MSG_MORE;
	if (k->flags & (IOCB_NOWAIT | IOCB_NONBLOCK))
		m.flags |= MSG_DONTWAIT;
	if (s->type == SOCK_SEQPACKET)
		m.flags |= MSG_EOR;
	n = s->ops->sendmsg ? s->ops->sendmsg(s, &m, iov_iter_count(from)) : -EOPNOTSUPP;
	if (n > 0)
		iov_iter_advance(from, (size_t)n);
	return n;
}

static u32 socket_poll(struct file *f, struct poll_table *pt)
{
	struct socket *s = f->private;

	return s->ops->poll ? s->ops->poll(s, f, pt) : 0;
}

long (*netdev_ioctl)(struct net *net, u32 cmd, uaddr_t arg);

static long set_owner(struct file *f, u64 arg)
{
	int who;

	return copy_in_bytes(&who, uaddr(arg), sizeof(who)) ? -EFAULT : file_set_owner(f, who);
}

static long socket_ioctl(struct file *f, u32 cmd, u64 arg)
{
	struct socket *s = f->private;
	int who;
	long r;

	switch (cmd) {
	case FIOSETOWN:
	case SIOCSPGRP:
		return set_owner(f, arg);
	case FIOGETOWN:
	case SIOCGPGRP:
		who = file_get_owner(f);
		return copy_out_bytes(uaddr(arg), &who, sizeof(who));
	}
	r = s->ops->ioctl ? s->ops->ioctl(s, cmd, arg) : -ENOIOCTLCMD;
	if (r == -ENOIOCTLCMD && netdev_ioctl)
		r = netdev_ioctl(s->net, cmd, uaddr(arg));
	return r;
}

static void socket_free(struct socket *s)
{
	atomic_dec(&sockets_used);
	wake_up_pollfree(&s->wait);
	kfree_rcu(s, rcu);
}

static int socket_release(struct file *f, struct inode *inode)
{
	struct socket *s = f->private;

	(void)inode;
	if (s->ops && s->ops->release)
		s->ops->release(s);
	socket_free(s);
	return 0;
}

static void socket_show_fdinfo(struct file *f, struct seq_file *m)
{
	struct socket *s = f->private;

	if (s->ops->show_fdinfo)
		s->ops->show_fdinfo(s, m);
}

static int socket_mmap(struct file *f, struct vma *v)
{
	struct socket *s = f->private;

	return s->ops->mmap ? s->ops->mmap(s, v) : -ENODEV;
}

static int socket_fasync(struct file *f, int fd, bool on)
{
	struct socket *s = f->private;

	return s->common ? fasync_update(&s->common->async, f, fd, on) : -EINVAL;
}

const struct file_ops socket_fops = {
	.read_iter = socket_read_iter,
	.write_iter = socket_write_iter,
	.poll = socket_poll,
	.ioctl = socket_ioctl,
	.mmap = socket_mmap,
	.fasync = socket_fasync,
	.release = socket_release,
	.show_fdinfo = socket_show_fdinfo,
};

/* --- making --- */

struct socket *socket_create(int family, int type, int protocol)
{
	const struct net_family *fam;
	struct socket *s;
	int err;

	if (family < 0 || family >= AF_MAX)
		return ERR_PTR(-EAFNOSUPPORT);
	if (type < 0 || type >= SOCK_MAX)
		return ERR_PTR(-EINVAL);
	fam = READ_ONCE(families[family]);
	if (!fam)
		return ERR_PTR(-EAFNOSUPPORT);
	s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		return ERR_PTR(-ENOMEM);
	wait_queue_init(&s->wait);
	s->type = (short)type;
	s->protocol = protocol;
	s->net = &init_net;
	err = fam->create(s->net, s, protocol);
	if (err) {
		kfree(s);
		return ERR_PTR(err);
	}
	atomic_inc(&sockets_used);
	return s;
}

/* Give a socket its file; the socket is consumed, also on failure. */
struct file *socket_file(struct socket *s, u32 oflags)
{
	struct inode *inode = inode_new(sock_mnt->sb);
	struct path path = { sock_mnt, NULL };
	struct file *f = ERR_PTR(-ENFILE);

	if (!inode)
		goto fail;
	inode->ino = inode_next_ino();
	inode->mode = S_IFSOCK | 0777;
	inode->uid = current_fsuid();
	inode->gid = current_fsgid();
	path.dentry = dentry_alloc_pseudo(sock_mnt->sb, "", sock_mnt->sb->dops);
	if (!path.dentry) {
		inode_put(inode);
		goto fail;
	}
	mount_get(sock_mnt);
	dentry_instantiate(path.dentry, inode);
	f = file_alloc(&path, O_RDWR | (oflags & O_NONBLOCK), &socket_fops);
	path_put(&path);
	if (IS_ERR(f))
		goto fail;
	f->mode = FMODE_READ | FMODE_WRITE | FMODE_STREAM | FMODE_OPENED | FMODE_NOWAIT;
	if (s->type == SOCK_STREAM)
		f->mode |= FMODE_PAGES;
	f->private = s;
	s->file = f;
	return f;
fail:
	if (s->ops && s->ops->release)
		s->ops->release(s);
	socket_free(s);
	return f;
}

static int sock_dname(struct dentry *d, char *buf, size_t size)
{
	return scnprintf(buf, size, "socket:[%llu]", (unsigned long long)d->inode->ino);
}

static const struct dentry_ops sock_dops = { .dname = sock_dname };

static struct super_block *sockfs_mount(struct fs_type *t, u32 flags, const char *source, const char *options)
{
	(void)flags, (void)source, (void)options;
	return super_pseudo(t, SOCKFS_MAGIC, NULL, &sock_dops);
}

static struct fs_type sockfs_type = { .name = "sockfs", .flags = FS_NOMOUNT, .mount = sockfs_mount };

static int socket_init(void)
{
	sock_mnt = kern_mount(&sockfs_type);
	return PTR_ERR_OR_ZERO(sock_mnt);
}
INITCALL_FS(socket_init);
