/* SPDX-License-Identifier: MPL-2.0 */
/* What sockets of every family have: buffer limits, timeouts, flags, pending error (net/core/sockopt.c). */
#ifndef NET_SOCK_H
#define NET_SOCK_H

#include <base/types.h>
#include <core/usercopy.h>
#include <core/wait.h>
#include <fs/fasync.h>

struct cred;
struct msg;
struct pid;
struct socket;
struct sock_filter_prog;
struct pkt;

#define SNDBUF_MIN	4608u
#define RCVBUF_MIN	2304u

/* net.core.*: [a]. optmem_max: bytes of control messages and options that one call may bring. */
extern int sysctl_somaxconn, sysctl_rmem_max, sysctl_wmem_max, sysctl_rmem_default, sysctl_wmem_default, sysctl_optmem_max;

struct sock_common {
	int family, protocol;		/* [I] */
	short type;			/* [I] */
	u32 sndbuf, rcvbuf;		/* [a] bytes */
	u64 sndtimeo_ns, rcvtimeo_ns;	/* [a] WAIT_FOREVER: none */
	int rcvlowat;			/* [a] */
	u32 priority, mark;		/* [a] */
	bool reuseaddr, reuseport, keepalive, broadcast, passcred, dontroute, oobinline;	/* [a] */
	bool linger;			/* [a] */
	u32 linger_seconds;
	int err;			/* [a] pending, given once */
	bool listening;			/* [a] */
	u8 stamp;			/* [a] SOCK_STAMP_*: SO_TIMESTAMP and its kin */
	u32 stamping;			/* [a] SOF_TIMESTAMPING_*: SO_TIMESTAMPING */
	u32 stamp_key;			/* [a] SOF_TIMESTAMPING_OPT_ID: the next message's number; TCP: the byte that is number 0 */
	bool zerocopy;			/* [a] SO_ZEROCOPY: calls with MSG_ZEROCOPY are told when their memory is free again */
	u32 zc_key;			/* [a] number of the next of these */
	int peek_off;			/* [a] SO_PEEK_OFF: where MSG_PEEK goes on; -1: off */
	struct pid *peer_pid;		/* [family's lock] referenced: SO_PEERCRED */
	const struct cred *peer_cred;
	u64 cookie;
	struct fasync_queue async;	/* SIGIO; own lock */
	bool nospace;			/* [a] a writer met a full buffer: room is news */
	struct sock_filter_prog *filter;	/* [filter_mutex of filter.c; r] */
	bool filter_locked;		/* [filter_mutex] SO_LOCK_FILTER */
};

/* A kind of socket, for /proc/net/protocols. `can`: a bit for each column there, in its order. */
#define SOCK_CAN_CLOSE		0x1u
#define SOCK_CAN_CONNECT	0x2u
#define SOCK_CAN_DISCONNECT	0x4u
#define SOCK_CAN_ACCEPT		0x8u
#define SOCK_CAN_IOCTL		0x10u
#define SOCK_CAN_INIT		0x20u
#define SOCK_CAN_DESTROY	0x40u
#define SOCK_CAN_SHUTDOWN	0x80u
#define SOCK_CAN_SETSOCKOPT	0x100u
#define SOCK_CAN_GETSOCKOPT	0x200u
#define SOCK_CAN_SENDMSG	0x400u
#define SOCK_CAN_RECVMSG	0x800u
#define SOCK_CAN_GET_PORT	0x20000u
struct sock_proto {
	struct sock_proto *next;	/* [I] once registered */
	const char *name;		/* [I], like all that follows */
	u32 size, max_header, can;
	u32 (*inuse)(const struct sock_proto *p);
	long (*pages)(const struct sock_proto *p);	/* of data in their queues; NULL: not counted */
};
void sock_proto_register(struct sock_proto *p);	/* for ever */

void sock_common_init(struct sock_common *c, int family, int type, int protocol);
void sock_common_fini(struct sock_common *c);
/* SOL_SOCKET options. -ENOPROTOOPT: not known. */
int sock_setsockopt(struct sock_common *c, int opt, uaddr_t val, int len);
int sock_getsockopt(struct sock_common *c, int opt, uaddr_t val, uaddr_t ulen);
/* Copy an option's value out as getsockopt does: at most *ulen bytes, *ulen becomes what was given. */
int sockopt_out(uaddr_t val, uaddr_t ulen, const void *data, int size);
/* Does this socket ask when its messages came? Then their time is taken exactly. */
#define SOCK_STAMP_ON	1u
#define SOCK_STAMP_NS	2u
#define SOCK_STAMP_NEW	4u
static inline bool sock_wants_stamp(const struct sock_common *c)
{
	return __atomic_load_n(&c->stamp, __ATOMIC_RELAXED) & SOCK_STAMP_ON || __atomic_load_n(&c->stamping, __ATOMIC_RELAXED);
}
/* The control messages that tell it. ns: of CLOCK_REALTIME; 0: not known, now stands for it. */
/* Is the time of sending to be taken of p? want: c->stamping, or what the message says instead. p->sk is the socket's. */
void sock_ask_stamp(struct sock_common *c, u32 want, struct pkt *p, void (*fn)(struct pkt *p, u32 kind));
/* A copy of p, which is sent now, for the error queue; NULL: not to be had. Nothing but the time if SO_TIMESTAMPING says so. */
struct pkt *sock_stamped(const struct sock_common *c, struct pkt *p);
/* The control message by which a sender chooses: -EINVAL. */
__must_check int sock_stamp_cmsg(u32 *want, uaddr_t data, size_t len);
void sock_put_stamp(const struct sock_common *c, struct msg *m, s64 ns);
/* SIGIO for who asked for it (O_ASYNC): EPOLL* events, as pollers are woken. No lock inside FASYNC held. */
void sock_async_slow(struct sock_common *c, u32 events);
static inline void sock_async(struct sock_common *c, u32 events)
{
	if (unlikely(!list_empty(&c->async.entries)))
		sock_async_slow(c, events);
}
/* Take the pending error: 0 or -errno. */
int sock_take_error(struct sock_common *c);
/* Absolute deadline for a blocking operation. */
u64 sock_send_deadline(const struct sock_common *c, u32 msg_flags, u32 file_flags);
/* How a wait ended, for the caller: -EAGAIN at the deadline; a call with a time limit is not restarted. */
static inline int sock_wait_result(int err, u64 deadline)
{
	if (err == -ETIMEDOUT)
		return -EAGAIN;
	return err == -ERESTARTSYS && deadline != WAIT_FOREVER ? -EINTR : err;
}
u64 sock_recv_deadline(const struct sock_common *c, u32 msg_flags, u32 file_flags);

#endif
