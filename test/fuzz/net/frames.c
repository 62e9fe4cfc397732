/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Frames, mostly right, thrown at the stack by tap0: segments of connections it has (what it sends is read, so that numbers fit
 * or just do not), SYNs, datagrams, fragments in any order and overlap, ICMP about what it sent, ARP, IPv6, noise. Programs with
 * sockets use them meanwhile, time passes, memory fails if asked. Between, a connection over lo must work as ever.
 */
#include <base/csum.h>
#include <base/err.h>
#include <net/wire.h>
#include "host.h"

#define US	0x0a000001u
#define THEM	0x0a000002u		/* and the next few */
#define PEERS	4u
#define FLOWS	64u
#define SOCKS	48u

/* What a peer would know of a connection: from what the stack sent. */
struct known {
	u32 peer;
	u16 ours, theirs;
	u32 next, ack;			/* what we would acknowledge; what it expects of us */
	bool has_ts;
	u32 ts;
};

static struct known known[FLOWS];
static u32 nr_known, known_at;
static u8 frame[4096];
static u32 len;
static u32 arp_asked;

static bool one_in(u32 n) { return !below(n); }

/* --- what goes out --- */

static void learn(const u8 *ip, u32 n)
{
	const u8 *t = ip + 4 * (ip[0] & 15);
	u32 dst = get32(ip + 16), payload = n - (u32)(t - ip) - 4u * (t[12] >> 4);
	struct known *k = NULL;

	for (u32 i = 0; i < nr_known; i++)
		if (known[i].peer == dst && known[i].ours == get16(t) && known[i].theirs == get16(t + 2))
			k = &known[i];
	if (!k) {
		k = &known[nr_known < FLOWS ? nr_known++ : known_at++ % FLOWS];
		*k = (struct known){ .peer = dst, .ours = get16(t), .theirs = get16(t + 2) };
	}
	k->next = get32(t + 4) + payload + !!(t[13] & 1) + !!(t[13] & 2);
	if (t[13] & 16)
		k->ack = get32(t + 8);
}

static void spy(const struct pkt *p)
{
	u8 b[128];
	u32 n = min(p->len, (u32)sizeof(b));

	if (pkt_read(p, 0, b, n) || n < 34)
		return;
	if (get16(b + 12) == 0x0806 && get16(b + 20) == 1)
		arp_asked = get32(b + 38);
	if (get16(b + 12) == 0x0800 && b[23] == 6 && n >= 54 && p->len <= 4000)
		learn(b + 14, get16(b + 16));
}

/* --- building --- */

static void ether(u32 peer, u16 proto)
{
	static const u8 mac[6] = { 2, 0, 0, 0, 0, 1 };

	memcpy(frame, mac, 6);
	if (one_in(40))
		memset(frame, 0xff, 6);
	else if (one_in(40))
		memcpy(frame, "\x33\x33\0\0\0\1", 6);
	memcpy(frame + 6, mac, 6);
	frame[11] = (u8)peer;
	put16(frame + 12, proto);
	len = 14;
}

static void random_bytes_to(u32 n)
{
	n = min(n, (u32)sizeof(frame) - len);
	for (u32 i = 0; i < n; i++)
		frame[len + i] = (u8)rnd();
	len += n;
}

static void ip4(u32 peer, u8 proto)
{
	u8 *h = frame + 14;

	ether(peer, 0x0800);
	memset(h, 0, 20);
	h[0] = 0x45;
	put16(h + 4, (u32)rnd());
	h[8] = one_in(30) ? (u8)below(3) : 64;
	h[9] = proto;
	put32(h + 12, peer);
	put32(h + 16, one_in(50) ? (u32)rnd() : one_in(50) ? 0x0a0000ff : US);
	len = 34;
	if (one_in(30)) {	/* options */
		u32 n = 4 * (1 + below(10));

		h[0] = (u8)(0x45 + n / 4);
		random_bytes_to(n);
	}
}

static void seal_ip(void)
{
	packet_seal(frame + 14, len - 14);
}

static u32 options(u8 *o, const struct known *k)
{
	u32 n = 0;

	while (n < 28 && !one_in(3)) {
		switch (below(7)) {
		case 0:
			o[n] = 8, o[n + 1] = 10, put32(o + n + 2, k->ts + below(1000));
			put32(o + n + 6, (u32)rnd() % 100000), n += 10;
			break;
		case 1:
			o[n] = 5, o[n + 1] = 10, put32(o + n + 2, k->next - below(20000));
			put32(o + n + 6, k->next - below(10000)), n += 10;
			break;
		case 2: o[n] = 2, o[n + 1] = 4, put16(o + n + 2, one_in(3) ? (u32)rnd() : 1460), n += 4; break;
		case 3: o[n] = 3, o[n + 1] = 3, o[n + 2] = (u8)rnd(), n += 3; break;
		case 4: o[n] = 4, o[n + 1] = 2, n += 2; break;
		case 5: o[n++] = 1; break;
		default: o[n] = (u8)rnd(), o[n + 1] = (u8)below(12), n += 2; break;
		}
	}
	while (n % 4)
		o[n++] = (u8)below(2);
	return min(n, 40u);
}

static void tcp_frame(void)
{
	static const u8 usual[] = { 0x10, 0x10, 0x18, 0x18, 0x11, 0x12, 0x02, 0x02, 0x04, 0x14, 0x30, 0x38 };
	struct known fresh = { .peer = THEM + below(PEERS), .ours = one_in(4) ? (u16)rnd() : 80, .theirs = (u16)rnd(),
		.next = (u32)rnd(), .ack = (u32)rnd() };
	struct known *k = nr_known && !one_in(5) ? &known[below(nr_known)] : &fresh;
	u32 at, n;
	u8 *t;

	ip4(k->peer, 6);
	at = len;
	t = frame + at;
	memset(t, 0, 20);
	put16(t, k->theirs);
	put16(t + 2, k->ours);
	put32(t + 4, k->ack + (one_in(3) ? below(8000) - 2000u : 0));
	put32(t + 8, k->next - (one_in(3) ? below(20000) : 0));
	t[13] = k == &fresh && !one_in(4) ? 2 : one_in(10) ? (u8)rnd() : usual[below(sizeof(usual))];
	put16(t + 14, one_in(8) ? below(3) : (u32)rnd());
	put16(t + 18, one_in(4) ? (u32)rnd() : below(20));
	n = one_in(2) ? options(t + 20, k) : 0;
	t[12] = (u8)((5 + n / 4) << 4);
	len += 20 + n;
	k->ts += below(20);
	if (!(t[13] & 2) && one_in(2))
		random_bytes_to(one_in(3) ? 1400 : below(200));
	packet_seal_transport(frame + 14, len - 14, 16);
	seal_ip();
	/* A burst: the next ones follow this one. */
	if (one_in(2) && len > at + 20 + n)
		k->ack = get32(t + 4) + len - at - 20 - n;
}

static void udp_frame(void)
{
	u32 at;

	ip4(THEM + below(PEERS), 17);
	at = len;
	put16(frame + at, (u32)rnd());
	put16(frame + at + 2, one_in(3) ? (u32)rnd() : 53);
	len += 8;
	random_bytes_to(below(1400));
	put16(frame + at + 4, one_in(20) ? (u32)rnd() : len - at);
	packet_seal_transport(frame + 14, len - 14, 6);
	seal_ip();
}

static void icmp_frame(void)
{
	static const u8 types[] = { 0, 3, 3, 3, 4, 5, 8, 8, 11, 12, 13 };
	const struct known *k = nr_known ? &known[below(nr_known)] : NULL;
	u32 at;
	u16 s;
	u8 *q;

	ip4(THEM + below(PEERS), 1);
	at = len;
	frame[at] = one_in(20) ? (u8)rnd() : types[below(sizeof(types))];
	frame[at + 1] = (u8)below(16);
	put32(frame + at + 4, one_in(2) ? below(1500) : (u32)rnd());
	len += 8;
	q = frame + len;
	if (k && frame[at] != 8 && !one_in(5)) {
		memset(q, 0, 40);
		q[0] = 0x45;
		put16(q + 2, 60);
		q[8] = 60;
		q[9] = one_in(6) ? 17 : 6;
		put32(q + 12, US);
		put32(q + 16, k->peer);
		put16(q + 20, k->ours);
		put16(q + 22, k->theirs);
		put32(q + 24, k->next - below(3000));
		len += 28 + below(13);
	} else {
		random_bytes_to(below(300));
	}
	frame[at + 2] = frame[at + 3] = 0;
	s = packet_sum(frame + at, len - at, 0);
	memcpy(frame + at + 2, &s, 2);
	seal_ip();
}

static void fragment_frame(void)
{
	u32 off = 8 * below(one_in(10) ? 8192 : 200), more = one_in(3) ? 0 : 0x2000;

	ip4(THEM + below(PEERS), one_in(2) ? 17 : one_in(2) ? 1 : 6);
	put16(frame + 18, below(5));
	put16(frame + 20, more | off / 8);
	random_bytes_to(more ? 8 * (1 + below(150)) : 1 + below(1200));
	seal_ip();
}

static void arp_frame(void)
{
	u32 peer = arp_asked ? arp_asked : THEM + below(PEERS);
	u8 *a = frame + 14;

	ether(peer, 0x0806);
	put16(a, 1);
	put16(a + 2, 0x0800);
	a[4] = 6;
	a[5] = 4;
	put16(a + 6, one_in(3) ? 1 : 2);
	memcpy(a + 8, frame + 6, 6);
	put32(a + 14, peer);
	memcpy(a + 18, frame, 6);
	put32(a + 24, US);
	len = 42;
	arp_asked = 0;
}

static void ip6_frame(void)
{
	static const u8 next[] = { 58, 58, 58, 6, 17, 0, 43, 44, 60 };
	static const u8 types[] = { 1, 2, 3, 4, 128, 129, 130, 133, 134, 135, 136, 137 };
	u8 *h = frame + 14;

	ether(THEM + below(PEERS), 0x86dd);
	memset(h, 0, 40);
	h[0] = 0x60;
	h[6] = next[below(sizeof(next))];
	h[7] = one_in(2) ? 255 : 64;
	h[8] = 0xfe, h[9] = 0x80, h[23] = (u8)(2 + below(PEERS));
	h[24] = 0xfe, h[25] = 0x80, h[39] = 1;
	if (one_in(2))
		memcpy(h + 24, "\xff\2\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	len = 54;
	random_bytes_to(4 + below(200));
	if (h[6] == 58) {
		u8 pseudo[40];
		u16 s;

		h[40] = types[below(sizeof(types))];
		h[41] = 0;
		memcpy(pseudo, h + 8, 32);
		put32(pseudo + 32, len - 54);
		put32(pseudo + 36, 58);
		h[42] = h[43] = 0;
		s = packet_sum(h + 40, len - 54, csum_partial(pseudo, 40, 0));
		memcpy(h + 42, &s, 2);
	}
	put16(h + 4, len - 54);
}

static void build(void)
{
	u32 c = below(100);

	if (arp_asked && one_in(3))
		arp_frame();
	else if (c < 55)
		tcp_frame();
	else if (c < 65)
		udp_frame();
	else if (c < 75)
		icmp_frame();
	else if (c < 85)
		fragment_frame();
	else if (c < 88)
		arp_frame();
	else if (c < 95)
		ip6_frame();
	else
		ether(THEM, one_in(2) ? 0x0800 : (u32)rnd() & 0xffff), random_bytes_to(below(1500));
	if (one_in(5)) {	/* and then something happened to it */
		switch (below(3)) {
		case 0:
			for (u32 n = 1 + below(4); n; n--)
				frame[below(len)] ^= (u8)(1u << below(8));
			break;
		case 1:
			len = below(len + 1);
			break;
		default:
			random_bytes_to(below(100));
			break;
		}
	}
}

/* --- the programs --- */

static struct socket *listener, *dgram, *socks[SOCKS];

static void use(u32 i)
{
	static u8 b[8192];
	struct socket *s = socks[i];
	int one = (int)below(2);

	switch (below(12)) {
	case 0: case 1: case 2:
		(void)host_recv(s, b, below(sizeof(b)), one_in(4) ? MSG_PEEK : one_in(6) ? MSG_OOB : 0);
		break;
	case 3: case 4: case 5: case 6:
		(void)host_send(s, b, below(one_in(3) ? sizeof(b) : 200), one_in(10) ? MSG_OOB : one_in(4) ? MSG_MORE : 0);
		break;
	case 7:
		(void)s->ops->shutdown(s, (int)below(3));
		break;
	case 8:
		(void)s->ops->setsockopt(s, one_in(2) ? SOL_SOCKET : SOL_TCP, (int)below(40), uaddr((u64)&one), sizeof(one));
		break;
	default:
		if (one_in(3)) {
			host_close(s);
			socks[i] = NULL;
		}
		break;
	}
}

static void programs(void)
{
	u32 i = below(SOCKS);
	u8 b[2048];

	if (socks[i]) {
		use(i);
		return;
	}
	if (one_in(2)) {
		socks[i] = host_accept(listener);
	} else if (one_in(4)) {
		socks[i] = host_socket(AF_INET, SOCK_STREAM);
		(void)host_connect(socks[i], THEM + below(PEERS), (u16)(1 + below(3)));
	} else {
		(void)host_recv(dgram, b, sizeof(b), 0);
	}
}

/* Meanwhile everybody else goes on. */
static void honest(u64 seed)
{
	struct sim_options o = { .seed = seed, .bytes = 20000, .delay_ms = 1, .flows = 1 };

	if (sim_run(&o) < 0)
		host_die("honest traffic does not get through");
	rnd_seed(seed);
}

void run_init(unsigned long long seed)
{
	rnd_seed(seed);
	host_init();
}

static void open_all(void)
{
	listener = host_socket(AF_INET, SOCK_STREAM);
	if (host_bind(listener, 0, 80) || listener->ops->listen(listener, 16))
		host_die("no listener");
	dgram = host_socket(AF_INET, SOCK_DGRAM);
	if (host_bind(dgram, 0, 53))
		host_die("no datagram socket");
}

static void close_all(void)
{
	for (u32 i = 0; i < SOCKS; i++)
		if (socks[i]) {
			host_close(socks[i]);
			socks[i] = NULL;
		}
	host_close(listener);
	host_close(dgram);
	for (u64 end = host_now + 4000ull * 1000000000; host_step(end); )
		;
}

int frames_run(unsigned long long seed, unsigned long long count, int fail, int verbose)
{
	long live, pages;

	link_spy = spy;
	open_all();
	close_all();
	live = host_live;
	pages = host_pages;
	open_all();
	for (u64 i = 0; i < count; i++) {
		host_fail_every = (u64)fail;
		build();
		tap_frame(frame, len, i + 1 < count && one_in(2));
		host_fail_every = 0;
		if (one_in(2))
			programs();
		host_settle();
		if (one_in(8))
			for (u64 end = host_now + rnd() % 300000000; host_step(end); )
				;
		if (i % 10000 == 9999) {
			honest(seed + i);
			if (verbose)
				printf("%llu: %ld allocations, %ld pages, %u connections seen\n", (unsigned long long)i, host_live,
				host_pages, nr_known);
		}
	}
	close_all();
	/* What stays: neighbours, hints of routes, a cached block. */
	if (host_live > live + 2000 || host_pages > pages + 64)
		host_die("%ld allocations and %ld pages, %ld and %ld before", host_live, host_pages, live, pages);
	return 0;
}
