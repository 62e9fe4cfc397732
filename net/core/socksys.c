/* SPDX-License-Identifier: MPL-2.0 */
/* The socket system calls: descriptors, addresses and messages in and out of user space. */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/slab.h>
#include <kernel/syscall.h>
#include <kernel/task.h>
#include <kernel/time.h>
#include <net/scm.h>
#include <net/sock.h>

#include "internal.h"


/* The socket of a descriptor; *f is to be put. ERR_PTR(-EBADF, -ENOTSOCK). */
static struct socket *fd_socket(int fd, struct fd *f)
{
	struct socket *s;

	*f = fdget(fd);
	if (!f->file)
		return ERR_PTR(-EBADF);
	s = file_socket(f->file);
	if (!s) {
		fdput(*f);
		return ERR_PTR(-ENOTSOCK);
	}
	return s;
}

/* An op with a socket at hand; NULL op: -EOPNOTSUPP. */
#define WITH_SOCKET(fd_, op, call) ({ \
	struct fd _f; \
	struct socket *s = fd_socket(fd_, &_f); \
	long _r; \
	if (IS_ERR(s)) { _r = PTR_ERR(s); } \
	else { _r = s->ops->op ? (call) : -EOPNOTSUPP; fdput(_f); } \
	_r; })

static int addr_in(struct sockaddr_storage *a, uaddr_t u, int len)
{
	if (len < 0 || len > (int)sizeof(*a))
		return -EINVAL;
	memset(a, 0, sizeof(*a));
	return len ? copy_in_bytes(a, u, (size_t)len) : 0;
}

/* At most *ulen bytes; *ulen becomes the whole length. */
static int addr_out(const struct sockaddr_storage *a, int len, uaddr_t u, uaddr_t ulen)
{
	int room;

	if (copy_in_bytes(&room, ulen, sizeof(room)))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	if (copy_out_bytes(u, a, (size_t)min(room, len)) || copy_out_bytes(ulen, &len, sizeof(len)))
		return -EFAULT;
	return 0;
}

static int split_type(int *type, u32 *oflags)
{
	if (*type & ~(SOCK_TYPE_MASK | SOCK_CLOEXEC | SOCK_NONBLOCK))
		return -EINVAL;
	*oflags = (*type & SOCK_CLOEXEC ? O_CLOEXEC : 0) | (*type & SOCK_NONBLOCK ? O_NONBLOCK : 0);
	*type &= SOCK_TYPE_MASK;
	return 0;
}

long sys_socket(int family, int type, int protocol)
{
	struct socket *s;
	struct file *f;
	u32 oflags;
	int err = split_type(&type, &oflags);

	if (err)
		return err;
	s = socket_create(family, type, protocol);
	if (IS_ERR(s))
		return PTR_ERR(s);
	f = socket_file(s, oflags);
	return IS_ERR(f) ? PTR_ERR(f) : fd_add(f, oflags);
}

/* Two connected files. */
static int socket_pair(int family, int type, int protocol, u32 oflags, struct file *f[2])
{
	struct socket *a, *b;
	int err;

	a = socket_create(family, type, protocol);
	if (IS_ERR(a))
		return (int)PTR_ERR(a);
	f[0] = socket_file(a, oflags);
	if (IS_ERR(f[0]))
		return (int)PTR_ERR(f[0]);
	b = socket_create(family, type, protocol);
	f[1] = IS_ERR(b) ? ERR_CAST(b) : socket_file(b, oflags);
	if (IS_ERR(f[1])) {
		file_put(f[0]);
		return (int)PTR_ERR(f[1]);
	}
	err = a->ops->socketpair ? a->ops->socketpair(a, b) : -EOPNOTSUPP;
	if (err) {
		file_put(f[0]);
		file_put(f[1]);
	}
	return err;
}

long sys_socketpair(int family, int type, int protocol, uout_s32 ufds)
{
	struct file *f[2] = { NULL, NULL };
	int fds[2], err;
	u32 oflags;

	err = split_type(&type, &oflags);
	if (!err)
		err = socket_pair(family, type, protocol, oflags, f);
	if (err)
		return err;
	fds[0] = fd_alloc(oflags);
	fds[1] = fds[0] < 0 ? fds[0] : fd_alloc(oflags);
	err = fds[1] < 0 ? fds[1] : copy_out_n(ufds, fds, 2);
	if (!err) {
		fd_install(fds[0], f[0]);
		fd_install(fds[1], f[1]);
		return 0;
	}
	if (fds[0] >= 0)
		fd_release(fds[0]);
	if (fds[1] >= 0)
		fd_release(fds[1]);
	file_put(f[0]);
	file_put(f[1]);
	return err;
}

long sys_bind(int fd, uin_void uaddr_, int len)
{
	struct sockaddr_storage a;
	int err = addr_in(&a, uptr_addr(uaddr_), len);

	return WITH_SOCKET(fd, bind, err ? err : s->ops->bind(s, &a, len));
}

long sys_connect(int fd, uin_void uaddr_, int len)
{
	struct sockaddr_storage a;
	int err = addr_in(&a, uptr_addr(uaddr_), len);

	return WITH_SOCKET(fd, connect, err ? err : s->ops->connect(s, &a, len, s->file->flags));
}

long sys_listen(int fd, int backlog)
{
	return WITH_SOCKET(fd, listen, s->ops->listen(s, (int)min((u32)backlog, (u32)READ_ONCE(sysctl_somaxconn))));
}

static long accept_do(struct socket *s, uaddr_t uaddr_, uaddr_t ulen, u32 oflags)
{
	struct sockaddr_storage a;
	struct socket *n;
	struct file *f;
	int err, len;

	n = socket_create(s->ops->family, s->type, s->protocol);
	if (IS_ERR(n))
		return PTR_ERR(n);
	f = socket_file(n, oflags);
	if (IS_ERR(f))
		return PTR_ERR(f);
	err = s->ops->accept(s, n, s->file->flags);
	if (!err && uaddr_.v) {
		len = n->ops->getname(n, &a, true);
		err = len < 0 ? -ECONNABORTED : addr_out(&a, len, uaddr_, ulen);
	}
	if (err) {
		file_put(f);
		return err;
	}
	return fd_add(f, oflags);
}

long sys_accept4(int fd, uout_void uaddr_, uio_s32 ulen, int flags)
{
	u32 oflags = (flags & SOCK_CLOEXEC ? O_CLOEXEC : 0) | (flags & SOCK_NONBLOCK ? O_NONBLOCK : 0);

	if (flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK))
		return -EINVAL;
	return WITH_SOCKET(fd, accept, accept_do(s, uptr_addr(uaddr_), uptr_addr(ulen), oflags));
}

long sys_accept(int fd, uout_void uaddr_, uio_s32 ulen)
{
	return sys_accept4(fd, uaddr_, ulen, 0);
}

static long getname_do(struct socket *s, uaddr_t u, uaddr_t ulen, bool peer)
{
	struct sockaddr_storage a;
	int len = s->ops->getname(s, &a, peer);

	return len < 0 ? len : addr_out(&a, len, u, ulen);
}

long sys_getsockname(int fd, uout_void u, uio_s32 ulen)
{
	return WITH_SOCKET(fd, getname, getname_do(s, uptr_addr(u), uptr_addr(ulen), false));
}

long sys_getpeername(int fd, uout_void u, uio_s32 ulen)
{
	return WITH_SOCKET(fd, getname, getname_do(s, uptr_addr(u), uptr_addr(ulen), true));
}

long sys_shutdown(int fd, int how)
{
	if (how < SHUT_RD || how > SHUT_RDWR)
		return WITH_SOCKET(fd, shutdown, -EINVAL);
	return WITH_SOCKET(fd, shutdown, s->ops->shutdown(s, how));
}

long sys_setsockopt(int fd, int level, int opt, uin_void val, int len)
{
	if (len < 0)
		return WITH_SOCKET(fd, setsockopt, -EINVAL);
	return WITH_SOCKET(fd, setsockopt, s->ops->setsockopt(s, level, opt, uptr_addr(val), len));
}

long sys_getsockopt(int fd, int level, int opt, uout_void val, uio_s32 len)
{
	return WITH_SOCKET(fd, getsockopt, s->ops->getsockopt(s, level, opt, uptr_addr(val), uptr_addr(len)));
}

/* --- messages --- */

static ssize_t send_one(struct socket *s, struct msg *m)
{
	if (!s->ops->sendmsg)
		return -EOPNOTSUPP;
	return s->ops->sendmsg(s, m, iov_iter_count(&m->iter));
}

static ssize_t recv_one(struct socket *s, struct msg *m)
{
	if (!s->ops->recvmsg)
		return -EOPNOTSUPP;
	return s->ops->recvmsg(s, m, iov_iter_count(&m->iter));
}

long sys_sendto(int fd, uin_void buf, size_t len, unsigned int flags, uin_void uaddr_, int addrlen)
{
	struct msg m = { .flags = flags };
	int err = 0;

	len = min_t(size_t, len, MAX_RW_COUNT);
	if (!user_range_ok(uptr_addr(buf), len))
		return -EFAULT;
	iov_iter_ubuf(&m.iter, ITER_SOURCE, uptr_addr(buf), len);
	if (!uptr_null(uaddr_)) {
		err = addr_in(&m.name, uptr_addr(uaddr_), addrlen);
		m.namelen = addrlen;
	}
	return WITH_SOCKET(fd, sendmsg, err ? err : send_one(s, &m));
}

long sys_recvfrom(int fd, uout_void buf, size_t len, unsigned int flags, uout_void uaddr_, uio_s32 ulen)
{
	struct msg m = { .flags = flags };
	ssize_t n;

	len = min_t(size_t, len, MAX_RW_COUNT);
	if (!user_range_ok(uptr_addr(buf), len))
		return -EFAULT;
	iov_iter_ubuf(&m.iter, ITER_DEST, uptr_addr(buf), len);
	n = WITH_SOCKET(fd, recvmsg, recv_one(s, &m));
	if (n >= 0 && !uptr_null(uaddr_)) {
		int err = addr_out(&m.name, m.namelen, uptr_addr(uaddr_), uptr_addr(ulen));

		if (err)
			return err;
	}
	return n;
}

/* A msghdr of user space, its iovec and address imported. */
struct msg_import {
	struct msg m;
	struct user_msghdr hdr;
	struct iovec fast[UIO_FASTIOV], *heap;
	struct scm_cookie scm;
};

static int msg_import(struct msg_import *i, uaddr_t umsg, enum iov_dir dir, u32 flags)
{
	ssize_t total;
	int err;

	memset(&i->m, 0, sizeof(i->m));
	i->heap = NULL;
	if (copy_in_bytes(&i->hdr, umsg, sizeof(i->hdr)))
		return -EFAULT;
	if (i->hdr.msg_iovlen > 1024)
		return -EMSGSIZE;
	if (i->hdr.msg_name && i->hdr.msg_namelen < 0)
		return -EINVAL;
	i->m.flags = flags;
	if (dir == ITER_SOURCE && i->hdr.msg_name && i->hdr.msg_namelen) {
		i->m.namelen = min_t(int, i->hdr.msg_namelen, sizeof(i->m.name));
		err = addr_in(&i->m.name, uaddr(i->hdr.msg_name), i->m.namelen);
		if (err)
			return err;
	}
	total = iov_iter_import(&i->m.iter, dir, uaddr(i->hdr.msg_iov), i->hdr.msg_iovlen, i->fast, &i->heap);
	return total < 0 ? (int)total : 0;
}

static ssize_t sendmsg_do(struct socket *s, uaddr_t umsg, u32 flags)
{
	struct msg_import i;
	ssize_t n = msg_import(&i, umsg, ITER_SOURCE, flags);

	if (n)
		return n;
	if (i.hdr.msg_controllen > (u64)READ_ONCE(sysctl_optmem_max)) {
		kfree(i.heap);
		return -ENOBUFS;
	}
	n = scm_send(&i.scm, s->ops->family, uaddr(i.hdr.msg_control), i.hdr.msg_controllen);
	if (!n) {
		i.m.scm = &i.scm;
		i.m.control = i.hdr.msg_control;
		i.m.controllen = i.hdr.msg_controllen;
		n = send_one(s, &i.m);
		scm_destroy(&i.scm);
	}
	kfree(i.heap);
	return n;
}

static int recv_results(struct msg_import *i, uaddr_t umsg)
{
	u64 used = i->hdr.msg_controllen - i->m.controllen;
	u32 out = i->m.out_flags | (i->m.flags & MSG_CMSG_CLOEXEC);
	int len = i->m.namelen;

	if (i->hdr.msg_name) {
		if (copy_out_bytes(uaddr(i->hdr.msg_name), &i->m.name, (size_t)min(len, i->hdr.msg_namelen)) ||
		    copy_out_bytes(uaddr_add(umsg, offsetof(struct user_msghdr, msg_namelen)), &len, sizeof(len)))
			return -EFAULT;
	}
	if (copy_out_bytes(uaddr_add(umsg, offsetof(struct user_msghdr, msg_flags)), &out, sizeof(out)) ||
	    copy_out_bytes(uaddr_add(umsg, offsetof(struct user_msghdr, msg_controllen)), &used, sizeof(used)))
		return -EFAULT;
	return 0;
}

static ssize_t recvmsg_do(struct socket *s, uaddr_t umsg, u32 flags)
{
	struct msg_import i;
	ssize_t n = msg_import(&i, umsg, ITER_DEST, flags);
	int err;

	if (n)
		return n;
	i.m.control = i.hdr.msg_control;
	i.m.controllen = i.hdr.msg_controllen;
	n = recv_one(s, &i.m);
	kfree(i.heap);
	if (n < 0)
		return n;
	err = recv_results(&i, umsg);
	return err ? err : n;
}

long sys_sendmsg(int fd, uin_user_msghdr msg, unsigned int flags)
{
	return WITH_SOCKET(fd, sendmsg, sendmsg_do(s, uptr_addr(msg), flags));
}

long sys_recvmsg(int fd, uio_user_msghdr msg, unsigned int flags)
{
	return WITH_SOCKET(fd, recvmsg, recvmsg_do(s, uptr_addr(msg), flags));
}

/* --- several at once --- */

static uaddr_t mmsg_at(uio_mmsghdr u, u32 i)
{
	return uaddr(u.addr + (u64)i * sizeof(struct mmsghdr));
}

static int mmsg_len_out(uaddr_t at, ssize_t n)
{
	u32 len = (u32)n;

	return copy_out_bytes(uaddr_add(at, offsetof(struct mmsghdr, msg_len)), &len, sizeof(len));
}

static long sendmmsg_do(struct socket *s, uio_mmsghdr msgs, u32 nr, u32 flags)
{
	ssize_t n = 0;
	u32 i;

	for (i = 0; i < nr; i++) {
		n = sendmsg_do(s, mmsg_at(msgs, i), flags);
		if (n >= 0)
			n = mmsg_len_out(mmsg_at(msgs, i), n);
		if (n < 0)
			break;
		if (signal_pending())
			return i + 1;
	}
	return i ? (long)i : n;
}

long sys_sendmmsg(int fd, uio_mmsghdr msgs, unsigned int nr, unsigned int flags)
{
	return WITH_SOCKET(fd, sendmsg, sendmmsg_do(s, msgs, min(nr, 1024u), flags));
}

static long recvmmsg_do(struct socket *s, uio_mmsghdr msgs, u32 nr, u32 flags, u64 deadline)
{
	ssize_t n = 0;
	u32 i;

	for (i = 0; i < nr; i++) {
		n = recvmsg_do(s, mmsg_at(msgs, i), flags & ~(u32)MSG_WAITFORONE);
		if (n >= 0)
			n = mmsg_len_out(mmsg_at(msgs, i), n);
		if (n < 0)
			break;
		if (flags & MSG_WAITFORONE)
			flags |= MSG_DONTWAIT;
		if (deadline != WAIT_FOREVER && clock_monotonic_ns() >= deadline) {
			i++;
			break;
		}
	}
	return i ? (long)i : n;
}

long sys_recvmmsg(int fd, uio_mmsghdr msgs, unsigned int nr, unsigned int flags, uio_timespec timeout)
{
	u64 deadline;
	long res = deadline_from_user_timespec(uptr_addr(timeout), &deadline);

	if (res)
		return res;
	res = WITH_SOCKET(fd, recvmsg, recvmmsg_do(s, msgs, min(nr, 1024u), flags, deadline));
	if (res > 0 && deadline_rest_to_user(deadline, uptr_addr(timeout), false))
		return -EFAULT;
	return res;
}
