/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What programs send: copied from their memory without the engine, then queued inside it; what sendfile and splice bring
 * is referenced where it lies.
 * Source: tcp(7), send(2).
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/slab.h>
#include <kernel/signal.h>
#include <kernel/task.h>

#include "tcp_impl.h"

#define CHUNK_MAX	65536u

static void sigpipe(const struct msg *m, ssize_t err)
{
	if (err == -EPIPE && !(m->flags & MSG_NOSIGNAL))
		(void)signal_send(current, SIGPIPE, SEND_NOINFO, SIG_TO_THREAD);
}

/* Copy up to n bytes into pieces chained at *list. Bytes copied, or -errno if none. wr held. */
static ssize_t copy_in_frags(struct tcp_sock *tp, struct iov_iter *from, u32 n, struct tx_frag **list)
{
	struct frag_cache *c = &tp->page;
	struct tx_frag **at = list;
	u32 done = 0;

	while (done < n) {
		struct tx_frag *f;
		u32 k;

		if (c->folio && c->off == c->size) {
			folio_put(c->folio);
			*c = (struct frag_cache){ 0 };
		}
		if (!c->folio) {
			c->folio = folio_alloc(3, (GFP_KERNEL & ~GFP_WAIT) | GFP_NORETRY | GFP_NOWARN);
			if (!c->folio)
				c->folio = folio_alloc(0, GFP_KERNEL);
			if (!c->folio)
				return done ? (ssize_t)done : -ENOMEM;
			c->off = 0;
			c->size = (u32)folio_size(c->folio);
		}
		k = min(n - done, c->size - c->off);
		f = kmalloc(sizeof(*f), GFP_KERNEL);
		if (!f)
			return done ? (ssize_t)done : -ENOMEM;
		k = (u32)copy_from_iter(kmap_local(c->folio, c->off), k, from);
		if (!k) {
			kfree(f);
			return done ? (ssize_t)done : -EFAULT;
		}
		folio_get(c->folio);
		*f = (struct tx_frag){ .folio = c->folio, .off = c->off, .len = k };
		c->off += k;
		*at = f;
		at = &f->next;
		done += k;
	}
	return done;
}

/* Less of a folio is copied: the queue's limit is in bytes, and each byte here would keep a folio. */
#define REF_MIN		1024u

/* The same with references, as long as the pieces are worth it. wr held. */
static ssize_t ref_frags(struct iov_iter *from, u32 n, struct tx_frag **list)
{
	struct tx_frag **at = list;
	u32 done = 0;

	while (done < n) {
		struct tx_frag *f;
		struct folio *fo;
		void *data;
		u32 k;

		k = (u32)min_t(size_t, n - done, iov_iter_kpiece(from, &data));
		if (k < REF_MIN)
			break;
		fo = virt_folio(data);
		f = kmalloc(sizeof(*f), GFP_KERNEL);
		if (!f)
			return done ? (ssize_t)done : -ENOMEM;
		folio_get(fo);
		*f = (struct tx_frag){ .folio = fo, .off = (u32)((u8 *)data - (u8 *)kmap_local(fo, 0)), .len = k };
		iov_iter_advance(from, k);
		*at = f;
		at = &f->next;
		done += k;
	}
	return done;
}

static void frags_drop(struct tx_frag *f)
{
	while (f) {
		struct tx_frag *n = f->next;

		folio_put(f->folio);
		kfree(f);
		f = n;
	}
}

/* Engine held: the pieces join the queue. */
static void enqueue(struct tcp_sock *tp, struct tx_frag *list)
{
	while (list) {
		struct tx_frag *f = list, *last = tp->tx_last;

		list = f->next;
		f->next = NULL;
		atomic64_add(&tp->tx_bytes, f->len);
		WRITE_ONCE(tp->tx_unfed, tp->tx_unfed + f->len);
		if (last && last->folio == f->folio && last->off + last->len == f->off && last->len + f->len <= CHUNK_MAX) {
			if (!tp->tx_feed) {
				tp->tx_feed = last;
				tp->feed_off = last->len;
			}
			last->len += f->len;
			folio_put(f->folio);
			kfree(f);
			continue;
		}
		if (last)
			last->next = f;
		else
			tp->txq = f;
		tp->tx_last = f;
		if (!tp->tx_feed) {
			tp->tx_feed = f;
			tp->feed_off = 0;
		}
	}
}

static bool can_send(const struct inet_sock *sk)
{
	u8 s = READ_ONCE(sk->state);

	return (s == TCP_ESTABLISHED || s == TCP_CLOSE_WAIT || s == TCP_SYN_RECV) && !(READ_ONCE(sk->shutdown) & SEND_SHUTDOWN) &&
		!READ_ONCE(sk->c.err);
}

static bool has_space(struct tcp_sock *tp)
{
	u32 low = READ_ONCE(tp->notsent_lowat);

	return atomic64_read(&tp->tx_bytes) < (s64)READ_ONCE(tp->inet.c.sndbuf) && (!low || READ_ONCE(tp->notsent) < low);
}

/*
 * The caller gives no more after all, or (wait) not before some of it went: what was held back for that goes. Who waits does not
 * keep even what TCP_CORK holds.
 */
static void flush_partial(struct tcp_sock *tp, bool wait)
{
	struct tcp_net *t = tcp_net(tp->inet.net);

	tcp_engine_lock(t);
	tp->more = false;
	if (tp->pcb) {
		tcp_enter(tp);
		if (wait)
			tcp_push_all(tp);
		else
			tcp_push_pending(tp);
		tcp_leave(tp);
	}
	tcp_engine_unlock(t);
}

/* 0 when there is room, or why not. some: bytes were taken, so an error stays for the next call. */
static int wait_space(struct tcp_sock *tp, u64 deadline, bool some)
{
	struct inet_sock *sk = &tp->inet;
	int err;

	for (;;) {
		if (!can_send(sk)) {
			if (READ_ONCE(sk->state) != TCP_SYN_SENT || READ_ONCE(sk->c.err)) {
				err = some ? 0 : sock_take_error(&sk->c);
				return err ? err : -EPIPE;
			}
		} else if (has_space(tp)) {
			return 0;
		}
		WRITE_ONCE(sk->c.nospace, true);
		if (!deadline)
			return -EAGAIN;
		if (some && READ_ONCE(tp->notsent_lowat))
			flush_partial(tp, true);
		err = WAIT_EVENT(&sk->wait,
			(READ_ONCE(sk->state) != TCP_SYN_SENT && (!can_send(sk) || has_space(tp))) || READ_ONCE(sk->c.err),
			TASK_INTERRUPTIBLE, 0, deadline);
		if (err)
			return sock_wait_result(err, deadline);
	}
}

ssize_t tcp_sendmsg(struct inet_sock *sk, struct msg *m, size_t len)
{
	u64 deadline = sock_send_deadline(&sk->c, m->flags, sk->socket->file->flags);
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_net *t = tcp_net(sk->net);
	bool special = unlikely(tcp_may_ask(tp, m));
	struct tcp_ask ask = { 0 };
	size_t done = 0;
	ssize_t err = 0;

	if (m->flags & MSG_FASTOPEN)
		return -EOPNOTSUPP;
	do {
		struct tx_frag *list = NULL;
		ssize_t n;
		s64 space;
		u32 most;

		err = wait_space(tp, deadline, done);
		if (!err && special && !done && !tcp_asks(&ask))
			err = tcp_ask(tp, m, &ask);
		if (err || !len)
			break;
		space = (s64)READ_ONCE(sk->c.sndbuf) - atomic64_read(&tp->tx_bytes);
		mutex_lock(&tp->wr);
		most = (u32)min(len - done, (size_t)min(max(space, (s64)2048), (s64)CHUNK_MAX));
		n = m->pages ? ref_frags(&m->iter, most, &list) : 0;
		if (!n)
			n = copy_in_frags(tp, &m->iter, m->pages ? min(most, REF_MIN) : most, &list);
		if (n < 0) {
			err = n;
			frags_drop(list);
			mutex_unlock(&tp->wr);
			break;
		}
		tcp_engine_lock(t);
		if (can_send(sk) && tp->pcb) {
			enqueue(tp, list);
			if (tp->last_rcv && clock_monotonic_ns() - tp->last_rcv < DELACK_NS)
				tp->pingpong = true;
			if (m->flags & MSG_OOB) {
				tp->urg_mode = true;
				tp->snd_up = tp->pcb->snd_lbb + tp->tx_unfed;
			}
			tp->more = m->flags & MSG_MORE;
			if ((tp->more || tp->corked) && !tp->cork_until)
				tp->cork_until = clock_monotonic_ns() + CORK_NS;
			if (done + (size_t)n < len)
				tp->more = true;
			else if (special && tcp_asks(&ask))
				tcp_note(tp, &ask, (u32)len, false);
			tcp_enter(tp);
			tcp_push_pending(tp);
			tcp_leave(tp);
			done += (size_t)n;
		} else {
			frags_drop(list);
		}
		tcp_engine_unlock(t);
		mutex_unlock(&tp->wr);
	} while (done < len);
	if (special && tcp_asks(&ask)) {	/* the call ends early */
		tcp_engine_lock(t);
		if (done)
			tcp_note(tp, &ask, (u32)done, true);
		tcp_engine_unlock(t);
		tcp_ask_drop(&ask);
	}
	if (done) {
		if (done < len && !(m->flags & MSG_MORE))
			flush_partial(tp, false);
		return (ssize_t)done;
	}
	sigpipe(m, err);
	return err;
}
