/* SPDX-License-Identifier: MPL-2.0 */
/*
 * SYN cookies (RFC 4987): when a listener's queue of half-open connections is full, the answer to a SYN is our only memory of
 * it. The sequence number says when, with which MSS, and proves by a keyed hash that we sent it; the rest of the options lies in
 * the low bits of the timestamp, which the peer gives back. Under the engine.
 *
 *   sequence number:  minute (5 bits) | MSS (3 bits) | hash (24 bits)
 *   timestamp:        ... | SACK (1 bit) | window scaling (4 bits, 15: none)
 */
#include <base/hash.h>
#include <base/string.h>
#include <core/clock.h>
#include <kernel/random.h>

#include "tcp_impl.h"

#define MINUTES_VALID	2u
#define NO_SCALE	15u
#define TS_BITS		31u

static const u16 sizes[8] = { 216, 536, 1200, 1360, 1440, 1452, 1460, 8940 };
static struct siphash_key key;
static bool have_key;

static u32 minute(void)
{
	return (u32)(clock_monotonic_ns() / (60 * NSEC_PER_SEC)) & 31;
}

static u32 hash(const struct tcp_ent *e, u32 irs, u32 top)
{
	struct { struct ipaddr l, r; u16 lport, rport; u32 irs, top, zero; } k = { 0 };

	if (!have_key) {
		random_bytes(&key, sizeof(key));
		have_key = true;
	}
	k.l = e->laddr;
	k.r = e->raddr;
	k.lport = e->lport;
	k.rport = e->rport;
	k.irs = irs;
	k.top = top;
	return (u32)siphash(&k, sizeof(k), &key) & 0xffffff;
}

void tcp_cookie_make(struct tcp_req *q)
{
	u32 i = 7, top;

	while (i && sizes[i] > q->peer_mss)
		i--;
	top = minute() << 3 | i;
	q->iss = top << 24 | hash(&q->ent, q->irs, top);
	if (!q->has_ts)
		q->has_ws = q->has_sack = false;	/* nobody would remember them */
	q->ts_bits = (u32)(q->has_sack ? 16 : 0) | (q->has_ws ? q->wscale : NO_SCALE);
	q->cookie = true;
}

u32 tcp_cookie_ts(const struct tcp_req *q)
{
	u32 now = tcp_now_ts(), ts = (now & ~TS_BITS) | q->ts_bits;

	/* Never ahead of the clock: what follows would look older than this (PAWS). */
	return (s32)(ts - now) > 0 ? ts - (TS_BITS + 1) : ts;
}

bool tcp_cookie_check(struct tcp_req *q, const struct tcp_in *in)
{
	u32 top;

	q->irs = in->seq - 1;
	q->iss = in->ack - 1;
	top = q->iss >> 24;
	if (((minute() - (top >> 3)) & 31) > MINUTES_VALID || (q->iss & 0xffffff) != hash(&q->ent, q->irs, top))
		return false;
	q->peer_mss = sizes[top & 7];
	q->wnd = in->wnd;
	if (in->has_ts) {
		q->has_ts = true;
		q->ts_recent = in->tsval;
		q->has_sack = in->tsecr & 16;
		q->wscale = in->tsecr & 15;
		q->has_ws = q->wscale != NO_SCALE;
		q->wscale = q->has_ws && q->wscale > 14 ? 14 : q->wscale;
	}
	return true;
}
