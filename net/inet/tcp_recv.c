/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What programs receive: copied to their memory without the engine; it is entered to open the window.
 * Source: tcp(7), recv(2).
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/slab.h>
#include <kernel/signal.h>
#include <kernel/task.h>

#include "tcp_impl.h"

static void chunks_free(struct rx_chunk *c)
{
	while (c) {
		struct rx_chunk *n = c->next;

		if (c->pbuf)
			pbuf_free(c->pbuf);	/* the chunk lies in it */
		else
			kfree(c);
		c = n;
	}
}

void tcp_rx_drop(struct tcp_sock *tp)
{
	struct rx_chunk *c;

	spin_lock_irq(&tp->inet.qlock);
	c = tp->rxq;
	tp->rxq = tp->rx_last = NULL;
	tp->rx_bytes = 0;
	spin_unlock_irq(&tp->inet.qlock);
	chunks_free(c);
}

void tcp_rx_release_all(struct tcp_sock *tp)
{
	chunks_free(tp->rxq);
	chunks_free(tp->rx_new);
}

/* The reader took n bytes: open the window when it pays. rd held. */
static void open_window(struct tcp_sock *tp, u32 n)
{
	struct tcp_net *t = tcp_net(tp->inet.net);
	u32 most = (u32)net_inet(tp->inet.net)->sysctl.tcp_rmem[2] / 2;

	if (tp->wnd_clamp)
		most = min(most, tp->wnd_clamp);
	tp->rx_credit += n;
	tp->rx_total += n;
	if (tp->rx_credit < min(tp->wnd_max / 4, 65536u))
		return;
	tcp_engine_lock(t);
	if (tp->pcb) {
		u32 credit = tp->rx_credit;

		/* A reader that takes a window's worth quickly gets a larger one. */
		if (!tp->rcvbuf_locked && net_inet(tp->inet.net)->sysctl.tcp_moderate_rcvbuf && tp->wnd_max < most &&
		    tp->rx_total - tp->rx_mark >= tp->wnd_max) {
			u32 more = min(tp->wnd_max, most - tp->wnd_max);

			if (clock_monotonic_ns() - tp->rx_mark_ns < NSEC_PER_SEC && tp->pcb->flags & TF_WND_SCALE) {
				tp->wnd_max += more;
				tp->inet.c.rcvbuf = max(tp->inet.c.rcvbuf, min(tp->wnd_max * 2, most * 2));
				credit += more;
			}
			tp->rx_mark = tp->rx_total;
			tp->rx_mark_ns = clock_monotonic_ns();
		}
		tcp_enter(tp);
		while (credit && tp->pcb) {
			u32 k = min(credit, 65535u);

			tcp_recved(tp->pcb, (u16)k);
			credit -= k;
		}
		tcp_leave(tp);
	}
	tp->rx_credit = 0;
	tcp_engine_unlock(t);
}

/* Take n bytes off the front of the queue: they were read. rd held. The chunk that is at the front then. */
static struct rx_chunk *consume(struct tcp_sock *tp, struct rx_chunk *c, u32 n)
{
	struct inet_sock *sk = &tp->inet;
	struct rx_chunk *gone = NULL;

	spin_lock_irq(&sk->qlock);
	c->off += n;
	WRITE_ONCE(tp->rx_bytes, tp->rx_bytes - n);
	WRITE_ONCE(tp->copied_seq, tp->copied_seq + n);
	if (unlikely(tp->urg_data) && TCP_SEQ_GT(tp->copied_seq, tp->urg_seq))
		WRITE_ONCE(tp->urg_data, 0);
	if (c->off == c->len) {
		gone = c;
		tp->rxq = c->next;
		if (!tp->rxq)
			tp->rx_last = NULL;
		c = tp->rxq;
		gone->next = NULL;
	}
	spin_unlock_irq(&sk->qlock);
	chunks_free(gone);
	return c;
}

/* Copy up to n bytes from the queue. rd held. *passed: urgent bytes that were left out. */
static ssize_t read_queue(struct tcp_sock *tp, struct msg *m, size_t n, bool peek, size_t skip, u32 *passed)
{
	struct rx_chunk *c = smp_load_acquire(&tp->rxq);
	u32 pos = tp->copied_seq;
	size_t done = 0;

	while (c && done < n) {
		u32 have = c->len - c->off, k, got;

		if (skip >= have) {
			skip -= have;
			pos += have;
			c = READ_ONCE(c->next);
			continue;
		}
		k = (u32)min((size_t)have - skip, n - done);
		if (unlikely(READ_ONCE(tp->urg_data))) {
			bool over;

			if (done && READ_ONCE(tp->urg_seq) == pos + (u32)skip)
				break;
			k = tcp_urg_limit(tp, pos + (u32)skip, k, &over);
			*passed += over;
			if (over && peek) {
				skip++;
				continue;
			}
			if (over) {
				c = consume(tp, c, 1);
				pos++;
				continue;
			}
		}
		got = m->flags & MSG_TRUNC ? k : (u32)copy_to_iter(c->data + c->off + skip, k, &m->iter);
		if (!got && !done)
			return -EFAULT;
		done += got;
		if (peek) {
			skip += got;
		} else {
			c = consume(tp, c, got);
			pos += got;
		}
		if (got < k)
			break;
	}
	return (ssize_t)done;
}

ssize_t tcp_recvmsg(struct inet_sock *sk, struct msg *m, size_t len)
{
	u64 deadline = sock_recv_deadline(&sk->c, m->flags, sk->socket->file->flags);
	struct tcp_sock *tp = tcp_sk(sk);
	bool peek = m->flags & MSG_PEEK;
	u32 passed;
	size_t ahead = 0;	/* who only looks: what was seen, urgent bytes too */
	size_t done = 0, target = m->flags & MSG_WAITALL ? len : min((size_t)max(READ_ONCE(sk->c.rcvlowat), 1), len);
	ssize_t n = 0;

	if (m->flags & MSG_ERRQUEUE)
		return inet_recv_errqueue(sk, m, len);
	if (sk->state == TCP_LISTEN)
		return -ENOTCONN;
	if (m->flags & MSG_OOB)
		return tcp_recv_urgent(tp, m, len);
	m->namelen = 0;
	for (;;) {
		int err;

		mutex_lock(&tp->rd);
		passed = 0;
		n = read_queue(tp, m, len - done, peek, ahead, &passed);
		if (n > 0)
			done += (size_t)n;
		if (n >= 0 && peek)
			ahead += (size_t)n + passed;
		if (n >= 0 && !peek && n + passed)
			open_window(tp, (u32)n + passed);
		mutex_unlock(&tp->rd);
		/* A read ends at the urgent mark. */
		if (n < 0 || done >= target || (done && READ_ONCE(tp->urg_data) && tp->urg_seq == tp->copied_seq + (u32)ahead))
			break;
		if (READ_ONCE(tp->rx_bytes) > ahead)
			continue;
		n = 0;
		if (done && (READ_ONCE(sk->c.err) || !deadline))
			break;
		err = done ? 0 : sock_take_error(&sk->c);
		if (err) {
			n = err;
			break;
		}
		if (READ_ONCE(sk->shutdown) & RCV_SHUTDOWN) {
			if (READ_ONCE(tp->rx_bytes) > ahead)
				continue;
			break;
		}
		if (READ_ONCE(sk->state) == TCP_CLOSE) {
			n = -ENOTCONN;
			break;
		}
		if (!deadline) {
			n = -EAGAIN;
			break;
		}
		err = WAIT_EVENT(&sk->wait, READ_ONCE(tp->rx_bytes) > ahead || READ_ONCE(sk->c.err) ||
			READ_ONCE(sk->shutdown) & RCV_SHUTDOWN || READ_ONCE(sk->state) == TCP_CLOSE, TASK_INTERRUPTIBLE,
				0, deadline);
		if (err) {
			n = sock_wait_result(err, deadline);
			break;
		}
	}
	if (done && sock_wants_stamp(&sk->c))
		sock_put_stamp(&sk->c, m, READ_ONCE(sk->last_stamp));
	return done ? (ssize_t)done : n;
}
