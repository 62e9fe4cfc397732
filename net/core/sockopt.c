/* SPDX-License-Identifier: MPL-2.0 */
/* SOL_SOCKET options, the same for every family. Source: socket(7). */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/wait.h>
#include <kernel/task.h>
#include <kernel/time.h>
#include <net/filter.h>
#include <net/scm.h>
#include <net/sock.h>
#include <net/socket.h>
#include <uapi/linux/eventpoll.h>
#include <uapi/linux/net_tstamp.h>
#include <uapi/linux/signal.h>
#include <uapi/linux/socket.h>

int sysctl_optmem_max = 20480;
int sysctl_rmem_max = 212992, sysctl_wmem_max = 212992;
int sysctl_rmem_default = 212992, sysctl_wmem_default = 212992;

void sock_common_init(struct sock_common *c, int family, int type, int protocol)
{
	static u64 cookies;

	memset(c, 0, sizeof(*c));
	c->family = family;
	c->type = (short)type;
	c->protocol = protocol;
	c->sndbuf = (u32)READ_ONCE(sysctl_wmem_default);
	c->rcvbuf = (u32)READ_ONCE(sysctl_rmem_default);
	c->sndtimeo_ns = c->rcvtimeo_ns = WAIT_FOREVER;
	c->rcvlowat = 1;
	c->peek_off = -1;
	fasync_queue_init(&c->async);
	c->cookie = __atomic_add_fetch(&cookies, 1, __ATOMIC_RELAXED);
}

void sock_common_fini(struct sock_common *c)
{
	pid_put(c->peer_pid);
	if (c->peer_cred)
		cred_put(c->peer_cred);
	sock_filter_drop(c);
}

void sock_async_slow(struct sock_common *c, u32 events)
{
	if (events & EPOLLERR)
		fasync_send(&c->async, POLL_ERR);
	else if (events & EPOLLIN)
		fasync_send(&c->async, POLL_IN);
	if (events & EPOLLOUT && READ_ONCE(c->nospace) && xchg(&c->nospace, false))
		fasync_send(&c->async, POLL_OUT);
}

int sock_take_error(struct sock_common *c)
{
	return READ_ONCE(c->err) ? -xchg(&c->err, 0) : 0;
}

static u64 deadline(u64 timeo, bool nowait)
{
	if (nowait)
		return 0;
	return timeo == WAIT_FOREVER ? WAIT_FOREVER : clock_monotonic_ns() + timeo;
}

u64 sock_send_deadline(const struct sock_common *c, u32 msg_flags, u32 file_flags)
{
	return deadline(READ_ONCE(c->sndtimeo_ns), msg_flags & MSG_DONTWAIT || file_flags & O_NONBLOCK);
}

u64 sock_recv_deadline(const struct sock_common *c, u32 msg_flags, u32 file_flags)
{
	return deadline(READ_ONCE(c->rcvtimeo_ns), msg_flags & MSG_DONTWAIT || file_flags & O_NONBLOCK);
}

/* --- setting --- */

static int set_timeo(u64 *timeo, uaddr_t val, int len)
{
	struct timeval tv;

	if (len < (int)sizeof(tv))
		return -EINVAL;
	if (copy_in_bytes(&tv, val, sizeof(tv)))
		return -EFAULT;
	if (tv.tv_usec < 0 || tv.tv_usec >= 1000000)
		return -EDOM;
	if (tv.tv_sec < 0)
		WRITE_ONCE(*timeo, 0);
	else if (!tv.tv_sec && !tv.tv_usec)
		WRITE_ONCE(*timeo, WAIT_FOREVER);
	else
		WRITE_ONCE(*timeo, (u64)min_t(s64, tv.tv_sec, 1000000000) * NSEC_PER_SEC + (u64)tv.tv_usec * 1000);
	return 0;
}

static int set_linger(struct sock_common *c, uaddr_t val, int len)
{
	struct linger l;

	if (len < (int)sizeof(l))
		return -EINVAL;
	if (copy_in_bytes(&l, val, sizeof(l)))
		return -EFAULT;
	c->linger = l.l_onoff != 0;
	c->linger_seconds = (u32)l.l_linger;
	return 0;
}

static int set_stamp(struct sock_common *c, int opt, bool on)
{
	bool fine = opt == SO_TIMESTAMPNS_OLD || opt == SO_TIMESTAMPNS_NEW;
	bool wide = opt == SO_TIMESTAMP_NEW || opt == SO_TIMESTAMPNS_NEW;

	if (on)
		WRITE_ONCE(c->stamp, (u8)(SOCK_STAMP_ON | (fine ? SOCK_STAMP_NS : 0) | (wide ? SOCK_STAMP_NEW : 0)));
	else
		WRITE_ONCE(c->stamp, c->stamp & SOCK_STAMP_NEW);
	return 0;
}

#define STAMP_SENDING	(SOF_TIMESTAMPING_TX_HARDWARE | SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_TX_SCHED | \
			 SOF_TIMESTAMPING_TX_ACK)

void sock_ask_stamp(struct sock_common *c, u32 want, struct pkt *p, void (*fn)(struct pkt *p, u32 kind))
{
	if (!(want & (STAMP_SENDING & ~(u32)SOF_TIMESTAMPING_TX_ACK)))
		return;
	if (want & SOF_TIMESTAMPING_OPT_ID)
		p->stamp_key = __atomic_fetch_add(&c->stamp_key, 1, __ATOMIC_RELAXED);
	p->stamp_want = (u8)((want & SOF_TIMESTAMPING_TX_SOFTWARE ? 1u << PKT_SENT : 0) |
			     (want & SOF_TIMESTAMPING_TX_SCHED ? 1u << PKT_SCHEDULED : 0));
	if (p->stamp_want)
		p->stamped = fn;
}

struct pkt *sock_stamped(const struct sock_common *c, struct pkt *p)
{
	bool only = READ_ONCE(c->stamping) & SOF_TIMESTAMPING_OPT_TSONLY;
	struct pkt *n = only ? pkt_alloc(0, 64, GFP_ATOMIC) : pkt_clone(p, GFP_ATOMIC);

	if (n) {
		n->dev = NULL;
		n->tstamp = (s64)clock_realtime_ns();
	}
	return n;
}

int sock_stamp_cmsg(u32 *want, uaddr_t data, size_t len)
{
	u32 v;

	if (len != sizeof(v))
		return -EINVAL;
	if (copy_in_bytes(&v, data, sizeof(v)))
		return -EFAULT;
	if (v & ~(u32)STAMP_SENDING)
		return -EINVAL;
	*want = (*want & ~(u32)STAMP_SENDING) | v;
	return 0;
}

static int set_stamping(struct sock_common *c, int opt, u32 want)
{
	if (want & ~(u32)SOF_TIMESTAMPING_MASK || (want & SOF_TIMESTAMPING_OPT_STATS && !(want & SOF_TIMESTAMPING_OPT_TSONLY)) ||
	    (want & SOF_TIMESTAMPING_OPT_ID_TCP && !(want & SOF_TIMESTAMPING_OPT_ID)))
		return -EINVAL;
	if (want & SOF_TIMESTAMPING_BIND_PHC)
		return -EOPNOTSUPP;
	if (want & SOF_TIMESTAMPING_OPT_ID && !(c->stamping & SOF_TIMESTAMPING_OPT_ID))
		WRITE_ONCE(c->stamp_key, 0);
	WRITE_ONCE(c->stamping, want);
	WRITE_ONCE(c->stamp, (u8)((c->stamp & ~SOCK_STAMP_NEW) | (opt == SO_TIMESTAMPING_NEW ? SOCK_STAMP_NEW : 0)));
	return 0;
}

static int set_zerocopy(struct sock_common *c, int val)
{
	bool inet = c->family == AF_INET || c->family == AF_INET6;

	if (!inet || (c->type != SOCK_STREAM && (c->type != SOCK_DGRAM || c->protocol != IPPROTO_UDP)))
		return -EOPNOTSUPP;
	if (val < 0 || val > 1)
		return -EINVAL;
	WRITE_ONCE(c->zerocopy, val);
	return 0;
}

void sock_put_stamp(const struct sock_common *c, struct msg *m, s64 ns)
{
	u32 how = READ_ONCE(c->stamp), want = READ_ONCE(c->stamping);
	struct { struct { s64 sec, part; } t[3]; } v = { 0 };	/* software; nothing; hardware */
	bool wide = how & SOCK_STAMP_NEW;

	if (!ns)
		ns = clock_realtime_ns();
	v.t[0].sec = ns / (s64)NSEC_PER_SEC;
	v.t[0].part = ns % (s64)NSEC_PER_SEC;
	if (how & SOCK_STAMP_NS) {
		(void)scm_put_cmsg(m, SOL_SOCKET, wide ? SO_TIMESTAMPNS_NEW : SO_TIMESTAMPNS_OLD, &v, sizeof(v.t[0]));
	} else if (how & SOCK_STAMP_ON) {
		v.t[0].part /= 1000;
		(void)scm_put_cmsg(m, SOL_SOCKET, wide ? SO_TIMESTAMP_NEW : SO_TIMESTAMP_OLD, &v, sizeof(v.t[0]));
		v.t[0].part = ns % (s64)NSEC_PER_SEC;
	}
	if (want & SOF_TIMESTAMPING_SOFTWARE)
		(void)scm_put_cmsg(m, SOL_SOCKET, wide ? SO_TIMESTAMPING_NEW : SO_TIMESTAMPING_OLD, &v, sizeof(v));
}

/* The kernel doubles what is asked for, to have room for its own bookkeeping; programs read that back. */
static u32 buf_size(int val, int most, u32 lowest)
{
	return max_t(u32, min_t(u32, (u32)val, min_t(u32, (u32)most, 0x3fffffffu)) * 2, lowest);
}

int sock_setsockopt(struct sock_common *c, int opt, uaddr_t uval, int len)
{
	int val;

	switch (opt) {
	case SO_LINGER:
		return set_linger(c, uval, len);
	case SO_RCVTIMEO:
	case SO_RCVTIMEO_NEW:
		return set_timeo(&c->rcvtimeo_ns, uval, len);
	case SO_SNDTIMEO:
	case SO_SNDTIMEO_NEW:
		return set_timeo(&c->sndtimeo_ns, uval, len);
	case SO_ATTACH_FILTER:
	case SO_DETACH_FILTER:
	case SO_LOCK_FILTER:
		return sock_filter_set(c, opt, uval, len);
	}
	if (len < (int)sizeof(val))
		return -EINVAL;
	if (copy_in_bytes(&val, uval, sizeof(val)))
		return -EFAULT;
	switch (opt) {
	case SO_REUSEADDR:
		c->reuseaddr = val != 0;
		return 0;
	case SO_REUSEPORT:
		c->reuseport = val != 0;
		return 0;
	case SO_TYPE:
	case SO_PROTOCOL:
	case SO_DOMAIN:
	case SO_ERROR:
		return -ENOPROTOOPT;
	case SO_DONTROUTE:
		c->dontroute = val != 0;
		return 0;
	case SO_BROADCAST:
		c->broadcast = val != 0;
		return 0;
	case SO_SNDBUF:
		WRITE_ONCE(c->sndbuf, buf_size(val, READ_ONCE(sysctl_wmem_max), SNDBUF_MIN));
		return 0;
	case SO_RCVBUF:
		WRITE_ONCE(c->rcvbuf, buf_size(val, READ_ONCE(sysctl_rmem_max), RCVBUF_MIN));
		return 0;
	case SO_SNDBUFFORCE:
	case SO_RCVBUFFORCE:
		if (!capable(CAP_NET_ADMIN))
			return -EPERM;
		if (opt == SO_SNDBUFFORCE)
			WRITE_ONCE(c->sndbuf, buf_size(max(val, 0), 0x3fffffff, SNDBUF_MIN));
		else
			WRITE_ONCE(c->rcvbuf, buf_size(max(val, 0), 0x3fffffff, RCVBUF_MIN));
		return 0;
	case SO_KEEPALIVE:
		c->keepalive = val != 0;
		return 0;
	case SO_OOBINLINE:
		c->oobinline = val != 0;
		return 0;
	case SO_PRIORITY:
		if ((val < 0 || val > 6) && !capable(CAP_NET_ADMIN))
			return -EPERM;
		c->priority = (u32)val;
		return 0;
	case SO_MARK:
		if (!capable(CAP_NET_ADMIN))
			return -EPERM;
		c->mark = (u32)val;
		return 0;
	case SO_PASSCRED:
		c->passcred = val != 0;
		return 0;
	case SO_PEEK_OFF:
		if (c->family != AF_UNIX)
			return -EOPNOTSUPP;
		WRITE_ONCE(c->peek_off, val);
		return 0;
	case SO_TIMESTAMP_OLD:
	case SO_TIMESTAMP_NEW:
	case SO_TIMESTAMPNS_OLD:
	case SO_TIMESTAMPNS_NEW:
		return set_stamp(c, opt, val != 0);
	case SO_TIMESTAMPING_OLD:
	case SO_TIMESTAMPING_NEW:
		return set_stamping(c, opt, (u32)val);
	case SO_ZEROCOPY:
		return set_zerocopy(c, val);
	case SO_RCVLOWAT:
		c->rcvlowat = val < 0 ? 0x7fffffff : val ? val : 1;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

/* --- asking --- */

int sockopt_out(uaddr_t val, uaddr_t ulen, const void *data, int size)
{
	int len;

	if (copy_in_bytes(&len, ulen, sizeof(len)))
		return -EFAULT;
	if (len < 0)
		return -EINVAL;
	len = min(len, size);
	if (copy_out_bytes(val, data, (size_t)len) || copy_out_bytes(ulen, &len, sizeof(len)))
		return -EFAULT;
	return 0;
}

static int get_timeo(u64 timeo, uaddr_t val, uaddr_t ulen)
{
	struct timeval tv = { 0 };

	if (timeo != WAIT_FOREVER) {
		tv.tv_sec = (s64)(timeo / NSEC_PER_SEC);
		tv.tv_usec = (s64)(timeo % NSEC_PER_SEC / 1000);
	}
	return sockopt_out(val, ulen, &tv, sizeof(tv));
}

static int get_peercred(struct sock_common *c, uaddr_t val, uaddr_t ulen)
{
	struct ucred u = { 0, ~0u, ~0u };

	if (c->peer_pid)
		u.pid = pid_vnr(c->peer_pid);
	if (c->peer_cred) {
		u.uid = c->peer_cred->euid.v;
		u.gid = c->peer_cred->egid.v;
	}
	return sockopt_out(val, ulen, &u, sizeof(u));
}

static int get_value(struct sock_common *c, int opt, int *val)
{
	switch (opt) {
	case SO_REUSEADDR: *val = c->reuseaddr; break;
	case SO_REUSEPORT: *val = c->reuseport; break;
	case SO_TYPE: *val = c->type; break;
	case SO_PROTOCOL: *val = c->protocol; break;
	case SO_DOMAIN: *val = c->family; break;
	case SO_ERROR: *val = -sock_take_error(c); break;
	case SO_DONTROUTE: *val = c->dontroute; break;
	case SO_BROADCAST: *val = c->broadcast; break;
	case SO_SNDBUF: *val = (int)c->sndbuf; break;
	case SO_RCVBUF: *val = (int)c->rcvbuf; break;
	case SO_KEEPALIVE: *val = c->keepalive; break;
	case SO_OOBINLINE: *val = c->oobinline; break;
	case SO_PRIORITY: *val = (int)c->priority; break;
	case SO_MARK: *val = (int)c->mark; break;
	case SO_PASSCRED: *val = c->passcred; break;
	case SO_RCVLOWAT: *val = c->rcvlowat; break;
	case SO_SNDLOWAT: *val = 1; break;
	case SO_PEEK_OFF: *val = c->peek_off; break;
	case SO_ZEROCOPY: *val = c->zerocopy; break;
	case SO_LOCK_FILTER: *val = READ_ONCE(c->filter_locked); break;
	case SO_TIMESTAMP_OLD: *val = c->stamp == SOCK_STAMP_ON; break;
	case SO_TIMESTAMPNS_OLD: *val = c->stamp == (SOCK_STAMP_ON | SOCK_STAMP_NS); break;
	case SO_TIMESTAMP_NEW: *val = (c->stamp & (SOCK_STAMP_ON | SOCK_STAMP_NEW)) == (SOCK_STAMP_ON | SOCK_STAMP_NEW); break;
	case SO_TIMESTAMPNS_NEW: *val = c->stamp == (SOCK_STAMP_ON | SOCK_STAMP_NS | SOCK_STAMP_NEW); break;
	case SO_ACCEPTCONN: *val = c->listening; break;
	default: return -ENOPROTOOPT;
	}
	return 0;
}

int sock_getsockopt(struct sock_common *c, int opt, uaddr_t uval, uaddr_t ulen)
{
	struct linger l = { c->linger, (s32)c->linger_seconds };
	struct so_timestamping stamping = { .flags = (int)READ_ONCE(c->stamping) };
	int val, err;

	switch (opt) {
	case SO_TIMESTAMPING_OLD:
		return sockopt_out(uval, ulen, &stamping, sizeof(stamping));
	case SO_LINGER:
		return sockopt_out(uval, ulen, &l, sizeof(l));
	case SO_RCVTIMEO:
	case SO_RCVTIMEO_NEW:
		return get_timeo(c->rcvtimeo_ns, uval, ulen);
	case SO_SNDTIMEO:
	case SO_SNDTIMEO_NEW:
		return get_timeo(c->sndtimeo_ns, uval, ulen);
	case SO_PEERCRED:
		return get_peercred(c, uval, ulen);
	case SO_GET_FILTER:
		if (copy_in_bytes(&val, ulen, sizeof(val)))
			return -EFAULT;
		return val < 0 ? -EINVAL : sock_filter_get(c, uval, ulen, val);
	case SO_COOKIE:
		return sockopt_out(uval, ulen, &c->cookie, sizeof(c->cookie));
	}
	err = get_value(c, opt, &val);
	return err ? err : sockopt_out(uval, ulen, &val, sizeof(val));
}
