/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the files of net/unix share.
 *
 * A unix_sock outlives its socket while a peer, a queued packet or a connection in a backlog holds
 * it. `lock` guards state, peer, queue and flags; a pair is locked in address order. Packets are
 * charged to their sender until they are read or dropped.
 */
#ifndef NET_UNIX_INTERNAL_H
#define NET_UNIX_INTERNAL_H

#include <base/list.h>
#include <base/ref.h>
#include <core/mutex.h>
#include <fs/poll.h>
#include <kernel/task.h>
#include <net/scm.h>
#include <net/sock.h>
#include <net/socket.h>
#include <uapi/linux/un.h>

#define RCV_SHUTDOWN	1u
#define SEND_SHUTDOWN	2u
extern int unix_max_dgram_qlen;		/* [a] net.unix.max_dgram_qlen, for sockets made from now on */

struct unix_addr {
	struct ref ref;
	int len;			/* of the sockaddr_un in use */
	u32 hash;
	struct sockaddr_un name;
	char nul;			/* behind a path that fills the name */
};

struct unix_sock {
	struct sock_common c;		/* [a] its fields */
	kuid_t uid;			/* [I] maker's */
	struct user_struct *user;	/* [I] referenced: maker's, charged for files in flight */
	struct ref ref;
	spinlock_t lock;		/* class OBJECT; second of a pair: subclass 1 */
	struct mutex read_mutex;	/* class SOCKET: one reader of a byte stream at a time */
	struct wait_queue wait;		/* readers, writers, pollers */
	enum socket_state state;	/* [lock] */
	u32 shutdown;			/* [lock; a] *_SHUTDOWN */
	bool dead;			/* [lock] released: nothing is queued any more */
	struct unix_sock *peer;		/* [lock] referenced */
	struct list_head queue;		/* [lock] unix_packet */
	u32 qlen;			/* [lock; a] packets, or waiting connections */
	int backlog;			/* [lock] */
	u32 dgram_max;			/* [I] datagrams that others than the peer may leave in the queue */
	atomic64_t wmem;		/* bytes of ours that are not read yet */
	struct unix_addr *addr;		/* [bind_mutex, table lock] set once; referenced */
	struct path path;		/* [bind_mutex] of a bound file; dentry NULL: none */
	struct hlist_node hash;		/* [table lock] */
	struct mutex bind_mutex;	/* class NAMESPACE: taken outside path operations */
	struct pid *listen_pid;		/* [lock] referenced: who called listen */
	const struct cred *listen_cred;	/* [lock] */
	int inflight, gc_refs, gc_state;	/* [gc_mutex] gc.c: messages that hold our file; marks */
	struct file *gc_file;		/* [gc_mutex] borrowed while inflight > 0 */
	struct list_head gc_link;	/* [gc_mutex] */
	struct list_head list;		/* [list_lock of proc.c] of all */
	struct socket *sock;		/* [list_lock of proc.c] NULL: not accepted yet, or closed */
	struct rcu_head rcu;
};

struct unix_packet {
	struct list_head link;		/* [receiver's lock] */
	struct unix_sock *owner;	/* referenced: who is charged */
	struct unix_sock *conn;		/* referenced: a connection that waits for accept; then no data */
	struct unix_addr *from;		/* referenced; NULL: sender has no name */
	struct scm_cookie scm;
	s64 tstamp;			/* 0: not taken */
	u32 len, off;
	u32 charge;
	u8 data[];
};

static inline struct unix_sock *unix_sk(const struct socket *s) { return s->sk; }
static inline void unix_get(struct unix_sock *u) { ref_get(&u->ref); }
void unix_put(struct unix_sock *u);
/* proc.c: who is there, and behind which open socket. */
void unix_list_add(struct unix_sock *u);
void unix_list_del(struct unix_sock *u);
void unix_list_socket(struct unix_sock *u, struct socket *s);
u64 unix_list_ino(struct unix_sock *u);				/* of its file; 0: none */
struct unix_sock *unix_list_get(u64 n, u64 *ino);		/* the nth, referenced, and its number; NULL: fewer */
__must_check struct unix_sock *unix_new(struct socket *s, int type);	/* NULL */
/* embryo: a connection that was never accepted; its client sees a reset. */
void unix_release_sock(struct unix_sock *u, bool embryo);
void unix_set_peercred(struct unix_sock *u);			/* from current; lock held or not yet visible */
void unix_copy_peercred(struct unix_sock *u, struct unix_sock *listener);
void unix_lock_two(struct unix_sock *a, struct unix_sock *b);
void unix_unlock_two(struct unix_sock *a, struct unix_sock *b);
struct unix_sock *unix_peer_get(struct unix_sock *u);		/* referenced; NULL */

/* name.c */
int unix_bind(struct socket *s, const struct sockaddr_storage *a, int len);
int unix_autobind(struct unix_sock *u);
/* Who is bound there: referenced; ERR_PTR(-ECONNREFUSED, -EPROTOTYPE, -EACCES, ...). */
struct unix_sock *unix_find(const struct sockaddr_storage *a, int len, int type);
void unix_unbind(struct unix_sock *u);
int unix_getname(struct socket *s, struct sockaddr_storage *a, bool peer);
void unix_addr_put(struct unix_addr *a);
int unix_addr_out(struct unix_addr *a, struct sockaddr_storage *out);

/* packet.c */
__must_check struct unix_packet *unix_packet_new(struct unix_sock *owner, struct msg *m, size_t len, int *err);
void unix_packet_free(struct unix_packet *p);
/* Wait until the sender may have more in flight. 0 or -errno. */
int unix_wait_send(struct unix_sock *u, u64 deadline);
bool unix_writable(const struct unix_sock *u);
void unix_wake_readers(struct unix_sock *u);
/* Receive side: what a message brings besides bytes. */
void unix_deliver_scm(struct unix_sock *u, struct unix_packet *p, struct msg *m, bool peek);

/* gc.c: files go into messages, come out of them; a socket was closed. May sleep. */
void unix_files_sent(const struct scm_files *f);
void unix_files_taken(const struct scm_files *f);
void unix_gc_wake(void);

/* stream.c, dgram.c */
extern const struct proto_ops unix_stream_ops, unix_seqpacket_ops, unix_dgram_ops;
u32 unix_poll(struct socket *s, struct file *f, struct poll_table *pt);
int unix_release(struct socket *s);
int unix_shutdown(struct socket *s, int how);
int unix_ioctl(struct socket *s, u32 cmd, u64 arg);
int unix_setsockopt(struct socket *s, int level, int opt, uaddr_t val, int len);
int unix_getsockopt(struct socket *s, int level, int opt, uaddr_t val, uaddr_t len);
int unix_socketpair(struct socket *a, struct socket *b);
ssize_t unix_packet_recvmsg(struct socket *s, struct msg *m, size_t len);
ssize_t unix_packet_send_to(struct unix_sock *u, struct unix_sock *to, struct msg *m, size_t len, u64 deadline);
ssize_t unix_broken_pipe(struct msg *m);

#endif
