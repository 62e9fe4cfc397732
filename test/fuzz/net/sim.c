/* SPDX-License-Identifier: MPL-2.0 */
/* Connections over the bad lo: each sends numbered bytes one way, which are checked where they come out. */
#include <base/err.h>
#include <base/printf.h>
#include <uapi/linux/tcp.h>
#include "host.h"

#define BLOCK	8192

struct talk {
	struct socket *listener, *from, *to;
	u64 sent, got;
	u64 start, end;
	bool fin, done, bad;
};

static u8 byte_at(u64 at)
{
	u32 x = (u32)(at >> 2) * 2654435761u;

	x ^= x >> 15;
	return (u8)(x >> (8 * (at & 3)));
}

static void tell(const struct talk *f)
{
	struct tcp_info i;
	int n = sizeof(i);

	if (f->from->ops->getsockopt(f->from, SOL_TCP, TCP_INFO, uaddr((u64)&i), uaddr((u64)&n)))
		return;
	printf("%8.3f s sent %llu got %llu cwnd %u ssthresh %d rtt %u var %u rto %u retrans %u unacked %u sacked %u lost %u ca %u\n",
		(double)(host_now - f->start) / 1e9, (unsigned long long)f->sent, (unsigned long long)f->got, i.tcpi_snd_cwnd,
		(int)i.tcpi_snd_ssthresh, i.tcpi_rtt, i.tcpi_rttvar, i.tcpi_rto, i.tcpi_total_retrans, i.tcpi_unacked,
		i.tcpi_sacked, i.tcpi_lost, i.tcpi_ca_state);
}

static void push(struct talk *f, u64 bytes)
{
	u8 b[BLOCK];

	while (f->sent < bytes) {
		u32 n = (u32)min((u64)BLOCK, bytes - f->sent);
		ssize_t w;

		for (u32 i = 0; i < n; i++)
			b[i] = byte_at(f->sent + i);
		w = host_send(f->from, b, n, 0);
		if (w <= 0) {
			if (w != -EAGAIN && w != -EPIPE)
				f->bad = f->done = true;
			return;
		}
		f->sent += (u64)w;
	}
	if (!f->fin) {
		f->fin = true;
		(void)f->from->ops->shutdown(f->from, 1);
	}
}

static void pull(struct talk *f)
{
	u8 b[BLOCK];

	for (;;) {
		ssize_t n = host_recv(f->to, b, sizeof(b), 0);

		if (n <= 0) {
			if (n == 0) {
				f->done = true;
				f->end = host_now;
			} else if (n != -EAGAIN) {
				printf("receive: %d\n", (int)n);
				f->bad = f->done = true;
			}
			return;
		}
		for (ssize_t i = 0; i < n; i++)
			if (b[i] != byte_at(f->got + (u64)i)) {
				printf("byte %llu is wrong\n", (unsigned long long)(f->got + (u64)i));
				f->bad = f->done = true;
				return;
			}
		f->got += (u64)n;
	}
}

static void turn(struct talk *f, u64 bytes)
{
	if (!f->to)
		f->to = host_accept(f->listener);
	push(f, bytes);
	if (f->to)
		pull(f);
}

static void start(struct talk *f, u16 port, const char *cong)
{
	f->listener = host_socket(AF_INET, SOCK_STREAM);
	if (host_bind(f->listener, 0x7f000001, port) || f->listener->ops->listen(f->listener, 8))
		host_die("no listener");
	f->from = host_socket(AF_INET, SOCK_STREAM);
	if (cong && f->from->ops->setsockopt(f->from, SOL_TCP, TCP_CONGESTION, uaddr((u64)cong), (int)strlen(cong)))
		host_die("no congestion control %s", cong);
	f->start = host_now;
	(void)host_connect(f->from, 0x7f000001, port);
}

static u16 next_port = 1000;

double sim_run(const struct sim_options *o)
{
	struct talk *f = calloc((size_t)o->flows, sizeof(*f));
	double sum = 0;
	u64 told = host_now;
	int left = o->flows;

	rnd_seed(o->seed);
	link_law = (struct law){ .loss = (u32)(o->loss * 100), .dup = (u32)(o->dup * 100), .reorder = (u32)(o->reorder * 100),
		.delay = (u64)(o->delay_ms * 1e6), .jitter = (u64)(o->jitter_ms * 1e6), .rate = (u64)(o->rate * 1000) };
	for (int i = 0; i < o->flows; i++)
		start(&f[i], next_port++, o->cong);
	while (left) {
		if (!host_step(~0ull - 1))
			break;
		host_settle();
		for (int i = 0; i < o->flows; i++) {
			if (f[i].done)
				continue;
			turn(&f[i], o->bytes);
			left -= f[i].done;
		}
		if (o->verbose && host_now - told > 500000000) {
			tell(&f[0]);
			told = host_now;
		}
		if (host_now - f[0].start > 3600ull * 1000000000) {
			printf("seed %llu: an hour is over, %llu of %llu bytes\n", o->seed, (unsigned long long)f[0].got, o->bytes);
			break;
		}
	}
	if (o->verbose)
		tell(&f[0]);
	for (int i = 0; i < o->flows; i++) {
		if (f[i].bad || f[i].got != o->bytes)
			sum = -1e30;
		else
			sum += (double)o->bytes * 1e9 / (double)(f[i].end - f[i].start);
		if (f[i].to)
			host_close(f[i].to);
		host_close(f[i].from);
		host_close(f[i].listener);
	}
	for (u64 end = host_now + 200ull * 1000000000; host_step(end); )
		;
	free(f);
	return sum < 0 ? -1 : sum / o->flows;
}
