/* SPDX-License-Identifier: MPL-2.0 */
/* The BSD socket layer (net/core) and what a family gives it. */
#ifndef NET_SOCKET_H
#define NET_SOCKET_H

#include <core/iov_iter.h>
#include <core/wait.h>
#include <fs/file.h>
#include <uapi/linux/socket.h>

struct net;
struct scm_cookie;
struct sock_common;
struct socket;

#define SOCK_ADDR_MAX	128

/* One message under way; addresses and control data in kernel memory. */
struct msg {
	struct sockaddr_storage name;
	int namelen;			/* in: of a destination; out: of the source */
	struct iov_iter iter;
	bool pages;			/* send, an ITER_KVEC: each piece lies in a folio, which may be kept by reference */
	u64 control;			/* user address. Receive: of the room. Send: of what came, already checked by scm_send */
	size_t controllen;		/* bytes there */
	struct scm_cookie *scm;		/* passed files and credentials */
	u32 flags;			/* MSG_* in */
	u32 out_flags;
};

/* All may sleep unless MSG_DONTWAIT; NULL: -EOPNOTSUPP. */
struct proto_ops {
	int family;
	int (*release)(struct socket *s);
	int (*bind)(struct socket *s, const struct sockaddr_storage *a, int len);
	int (*connect)(struct socket *s, const struct sockaddr_storage *a, int len, u32 fflags);
	int (*socketpair)(struct socket *a, struct socket *b);
	int (*accept)(struct socket *s, struct socket *newsock, u32 fflags);
	int (*listen)(struct socket *s, int backlog);
	int (*shutdown)(struct socket *s, int how);
	int (*getname)(struct socket *s, struct sockaddr_storage *a, bool peer);	/* length */
	u32 (*poll)(struct socket *s, struct file *f, struct poll_table *pt);
	int (*ioctl)(struct socket *s, u32 cmd, u64 arg);
	ssize_t (*sendmsg)(struct socket *s, struct msg *m, size_t len);
	ssize_t (*recvmsg)(struct socket *s, struct msg *m, size_t len);
	int (*setsockopt)(struct socket *s, int level, int opt, uaddr_t val, int len);
	int (*getsockopt)(struct socket *s, int level, int opt, uaddr_t val, uaddr_t len);
	void (*show_fdinfo)(struct socket *s, struct seq_file *m);
	int (*mmap)(struct socket *s, struct vma *v);	/* NULL: -ENODEV */
};

struct net_family {
	int family;
	int (*create)(struct net *net, struct socket *s, int protocol);
};
__must_check int net_family_register(const struct net_family *f);

enum socket_state { SS_UNCONNECTED, SS_CONNECTING, SS_CONNECTED, SS_LISTENING, SS_DISCONNECTING };

struct socket {
	enum socket_state state;	/* [family's lock] */
	short type;			/* [I] SOCK_STREAM ... */
	int protocol;			/* [I] */
	const struct proto_ops *ops;	/* [I] after create */
	struct file *file;		/* [I] */
	void *sk;			/* the family's */
	struct sock_common *common;	/* [I] after create or accept: its part that all have */
	struct wait_queue wait;
	struct net *net;
	struct rcu_head rcu;
};
__must_check struct socket *socket_create(int family, int type, int protocol);	/* ERR_PTR */
extern atomic_t sockets_used;		/* how many there are, of all families */
struct socket *file_socket(struct file *f);	/* NULL: not a socket */
extern struct net init_net;

#endif
