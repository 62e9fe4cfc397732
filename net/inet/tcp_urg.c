/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Urgent data (RFC 6093, with the pointer as BSD has it: behind the urgent byte). lwIP knows nothing of it: the receiver looks
 * at each segment before lwIP does, the sender writes flag and pointer into headers on their way out.
 *
 * One urgent byte at a time: urg_seq says where it stands in the stream, urg_data whether it came (with the byte) or was read.
 * Without SO_OOBINLINE readers of the stream stop before it and then pass over it.
 */
#include <base/err.h>
#include <base/string.h>
#include <fs/fasync.h>
#include <net/socket.h>

#include "tcp_impl.h"

/* Engine held: the file lives as long as the socket is no orphan. */
static void tell_owner(struct tcp_sock *tp)
{
	struct socket *s = READ_ONCE(tp->inet.socket);

	if (s && !tp->orphan && s->file)
		file_signal_urgent(s->file);
}

/* The pointer of a segment. Between enter and leave, before lwIP sees it. */
static void new_mark(struct tcp_sock *tp, u32 at)
{
	u64 flags;

	if (TCP_SEQ_GT(tp->copied_seq, at) || TCP_SEQ_LT(at, tp->pcb->rcv_nxt))
		return;		/* read or received already */
	if (tp->urg_data && TCP_SEQ_LEQ(at, tp->urg_seq))
		return;
	tell_owner(tp);
	spin_lock_irqsave(&tp->inet.qlock, flags);
	WRITE_ONCE(tp->urg_seq, at);
	smp_wmb();
	WRITE_ONCE(tp->urg_data, URG_NOT_YET);
	spin_unlock_irqrestore(&tp->inet.qlock, flags);
}

void tcp_urg_receive(struct tcp_sock *tp, const struct tcp_in *in, const struct pkt *p, u32 hl)
{
	u32 off;
	u8 byte;

	if (in->flags & TCPF_URG && in->urg)
		new_mark(tp, in->seq + in->urg - 1);
	if (READ_ONCE(tp->urg_data) != URG_NOT_YET)
		return;
	off = tp->urg_seq - in->seq;
	if (off >= p->len - hl || pkt_read(p, hl + off, &byte, 1))
		return;
	WRITE_ONCE(tp->urg_data, (u16)(URG_VALID | byte));
	inet_sock_wake(&tp->inet, EPOLLPRI | EPOLLIN);
}

/* recv(MSG_OOB). */
ssize_t tcp_recv_urgent(struct tcp_sock *tp, struct msg *m, size_t len)
{
	struct inet_sock *sk = &tp->inet;
	u16 d = READ_ONCE(tp->urg_data);
	u8 byte = (u8)d;

	if (READ_ONCE(sk->c.oobinline) || !d || d == URG_READ)
		return -EINVAL;
	if (d & URG_VALID) {
		if (!(m->flags & MSG_PEEK))
			(void)cmpxchg(&tp->urg_data, d, (u16)URG_READ);
		m->out_flags |= MSG_OOB;
		if (!len) {
			m->out_flags |= MSG_TRUNC;
			return 0;
		}
		return m->flags & MSG_TRUNC || copy_to_iter(&byte, 1, &m->iter) == 1 ? 1 : -EFAULT;
	}
	return READ_ONCE(sk->state) == TCP_CLOSE || READ_ONCE(sk->shutdown) & RCV_SHUTDOWN ? 0 : -EAGAIN;
}

/* SIOCATMARK */
bool tcp_at_mark(const struct tcp_sock *tp)
{
	return READ_ONCE(tp->urg_data) && READ_ONCE(tp->urg_seq) == READ_ONCE(tp->copied_seq);
}

/* Of n bytes that stand at pos: how many may be read in one go; 0 with *skip: the urgent byte is next and to be passed over. */
u32 tcp_urg_limit(const struct tcp_sock *tp, u32 pos, u32 n, bool *skip)
{
	u32 off = READ_ONCE(tp->urg_seq) - pos;

	*skip = false;
	if (off >= n)
		return n;
	if (off)
		return off;
	if (READ_ONCE(tp->inet.c.oobinline))
		return n;
	*skip = true;
	return 0;
}

/* Flag and pointer of a segment on its way out. */
void tcp_urg_send(const struct tcp_sock *tp, struct tcp_hdr_wire *h, u32 seq)
{
	u32 ahead = tp->snd_up - seq;

	h->flags &= (u8)~TCPF_URG;
	h->urg.raw = 0;
	if (!tp->urg_mode || !TCP_SEQ_LT(seq, tp->snd_up))
		return;
	h->flags |= TCPF_URG;
	h->urg = to_be16(ahead < 0x10000 ? (u16)ahead : 0xffff);
}
