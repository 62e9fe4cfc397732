/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Congestion control: reno (RFC 5681) and cubic (RFC 9438), chosen for each socket by TCP_CONGESTION and for all by
 * net.ipv4.tcp_congestion_control. Windows in segments. Called by tcp_recovery.c, under the engine.
 */
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>

#include "tcp_impl.h"

#define CWND_MAX	65535u

u32 tcp_cc_slow_start(struct tcp_tx *x, u32 acked)
{
	u32 cwnd = min(x->cwnd + acked, x->ssthresh);

	acked -= cwnd - x->cwnd;
	x->cwnd = min(cwnd, CWND_MAX);
	return acked;
}

/* One segment more for each n that were acknowledged. */
static void additive(struct tcp_tx *x, u32 n, u32 acked)
{
	if (x->cwnd_acc >= n) {
		x->cwnd_acc = 0;
		x->cwnd++;
	}
	x->cwnd_acc += acked;
	if (x->cwnd_acc >= n) {
		u32 more = x->cwnd_acc / n;

		x->cwnd_acc -= more * n;
		x->cwnd += more;
	}
	x->cwnd = min(x->cwnd, CWND_MAX);
}

/* --- reno --- */

static u32 reno_ssthresh(struct tcp_tx *x)
{
	return max(x->cwnd / 2, 2u);
}

static void reno_avoid(struct tcp_tx *x, u32 acked, u64 now)
{
	(void)now;
	if (x->cwnd < x->ssthresh) {
		acked = tcp_cc_slow_start(x, acked);
		if (!acked)
			return;
	}
	additive(x, x->cwnd, acked);
}

/* --- cubic: W(t) = C (t - K)^3 + W_max, C = 0.4, beta = 0.7 --- */

#define BETA_1024	717u
#define OFFSET_MAX_MS	((u64)1000000)

static u32 cube_root(u64 v)
{
	u64 low = 0, high = 1u << 21;	/* 2^63 at most */

	while (low < high) {
		u64 mid = (low + high + 1) / 2;

		if (mid * mid * mid <= v)
			low = mid;
		else
			high = mid - 1;
	}
	return (u32)low;
}

static void cubic_init(struct tcp_tx *x)
{
	x->cubic = (struct cubic){ 0 };
}

static u32 cubic_ssthresh(struct tcp_tx *x)
{
	struct cubic *c = &x->cubic;

	c->epoch = 0;
	/* Fast convergence: who lost before it came back to its old height leaves room to others. */
	c->last_max = x->cwnd < c->last_max ? (u32)((u64)x->cwnd * (1024 + BETA_1024) / 2048) : x->cwnd;
	return max((u32)((u64)x->cwnd * BETA_1024 / 1024), 2u);
}

static void cubic_begin(struct tcp_tx *x, u64 now)
{
	struct cubic *c = &x->cubic;

	c->epoch = now;
	c->w_est = x->cwnd;
	c->est_acc = 0;
	if (c->last_max <= x->cwnd) {
		c->k_ms = 0;
		c->origin = x->cwnd;
	} else {
		/* K = cbrt((W_max - cwnd) / C), in ms: a second's cube is 10^9, 1 / 0.4 is 2.5. */
		c->k_ms = cube_root((u64)(c->last_max - x->cwnd) * 2500000000ull);
		c->origin = c->last_max;
	}
}

/* After how many acknowledged segments the window grows by one. */
static u32 cubic_count(struct tcp_tx *x, u32 acked, u64 now)
{
	struct cubic *c = &x->cubic;
	u64 t, off, delta, target;
	u32 n;

	if (!c->epoch)
		cubic_begin(x, now);
	t = (now - c->epoch) / NSEC_PER_MSEC + x->min_rtt_us / 1000;
	off = min(t < c->k_ms ? c->k_ms - t : t - c->k_ms, OFFSET_MAX_MS);
	delta = off * off / 1000 * off / 1000 * 4 / 10000;	/* 0.4 off^3, off in seconds */
	target = t < c->k_ms ? c->origin - min(delta, (u64)c->origin) : c->origin + delta;
	n = target > x->cwnd ? (u32)max(x->cwnd / (target - x->cwnd), (u64)1ull) : 100 * x->cwnd;
	if (!c->last_max && n > 20)
		n = 20;		/* nothing was lost yet */
	/* No slower than reno would be with this beta: 3 (1 - beta) / (1 + beta) = 0.53 segments a round trip, then one. */
	c->est_acc += acked * (c->w_est >= c->origin ? 1000u : 529u);
	while (c->est_acc >= x->cwnd * 1000u) {
		c->est_acc -= x->cwnd * 1000u;
		c->w_est++;
	}
	if (c->w_est > x->cwnd)
		n = min(n, max(x->cwnd / (c->w_est - x->cwnd), 1u));
	return max(n, 2u);
}

static void cubic_avoid(struct tcp_tx *x, u32 acked, u64 now)
{
	if (x->cwnd < x->ssthresh) {
		acked = tcp_cc_slow_start(x, acked);
		if (!acked)
			return;
	}
	additive(x, cubic_count(x, acked, now), acked);
}

static const struct tcp_cc controls[] = {
	{ .name = "cubic", .init = cubic_init, .ssthresh = cubic_ssthresh, .avoid = cubic_avoid, .lost = cubic_init },
	{ .name = "reno", .ssthresh = reno_ssthresh, .avoid = reno_avoid },
};

const char tcp_cc_names[] = "reno cubic";

const struct tcp_cc *tcp_cc_find(const char *name)
{
	for (u32 i = 0; i < sizeof(controls) / sizeof(controls[0]); i++)
		if (!strcmp(controls[i].name, name))
			return &controls[i];
	return NULL;
}

void tcp_cc_set(struct tcp_tx *x, const struct tcp_cc *cc)
{
	x->cc = cc;
	if (cc->init)
		cc->init(x);
}
