/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A peer by hand. Its window is never more than a few bytes, with times in its options and without: the stack must send it all,
 * no more at a time than the window holds, and must not cut what it has to send into more pieces than it can soon use. And it
 * says again what the stack holds out of order: nothing of that may go. Its machine or the stack's stands still for a while: a
 * connection that is to end when the peer is silent does not end for that.
 */
#include "host.h"
#include <uapi/linux/tcp.h>

#define US		0x0a000001u
#define THEM		0x0a000002u
#define BYTES		3000u
#define FIRST		100000u		/* the peer's first sequence number */
#define PIECES		16384		/* allocations */

static struct {
	u16 port, window;
	bool times;
	u32 next;			/* of the stack's bytes, the next one we want */
	u32 una, edge;			/* acknowledged; una + window as it was last said */
	u32 behind;			/* of what has come, so many bytes are not acknowledged yet */
	u32 got, largest, acked;
	bool synack, fin, arp, news, reset;
	u64 reset_at;
} peer;

static u8 byte_at(u32 at)
{
	return (u8)(at * 31 + at / 251);
}

static void ether(u8 *f, u16 proto)
{
	static const u8 us[6] = { 2, 0, 0, 0, 0, 1 };

	memcpy(f, us, 6);
	memcpy(f + 6, us, 6);
	f[11] = 2;
	put16(f + 12, proto);
}

static void answer_arp(void)
{
	u8 f[42];

	if (!peer.arp)
		return;
	peer.arp = false;
	memset(f, 0, sizeof(f));
	ether(f, 0x0806);
	put16(f + 14, 1);
	put16(f + 16, 0x0800);
	f[18] = 6;
	f[19] = 4;
	put16(f + 20, 2);
	memcpy(f + 22, f + 6, 6);
	put32(f + 28, THEM);
	memcpy(f + 32, f, 6);
	put32(f + 38, US);
	tap_frame(f, sizeof(f), false);
}

/* bytes of the peer's stream, `from` on: byte_at() says which. */
static void say_bytes(u8 flags, u32 seq, u32 from, u32 bytes)
{
	static u8 f[14 + 20 + 20 + 12 + 1448];
	u8 *ip = f + 14, *t = ip + 20;
	u32 n = peer.times ? 12 : 0;

	memset(f, 0, sizeof(f));
	ether(f, 0x0800);
	ip[0] = 0x45;
	ip[8] = 64;
	ip[9] = 6;
	put32(ip + 12, THEM);
	put32(ip + 16, US);
	put16(t, peer.port);
	put16(t + 2, 80);
	put32(t + 4, seq);
	put32(t + 8, flags & 2 ? 0 : peer.next - peer.behind);
	t[12] = (u8)((5 + n / 4) << 4);
	t[13] = flags;
	put16(t + 14, peer.window);
	if (n) {
		t[20] = t[21] = 1;
		t[22] = 8;
		t[23] = 10;
		put32(t + 24, (u32)(host_now / 1000000));
	}
	for (u32 i = 0; i < bytes; i++)
		t[20 + n + i] = byte_at(from + i);
	packet_seal_transport(ip, 40 + n + bytes, 16);
	packet_seal(ip, 40 + n + bytes);
	peer.una = peer.next - peer.behind;
	peer.edge = peer.una + peer.window;
	tap_frame(f, 54 + n + bytes, false);
}

static void say(u8 flags, u32 seq)
{
	say_bytes(flags, seq, 0, 0);
}

static void segment(const u8 *t, u32 seq, const u8 *data, u32 n)
{
	/* A byte past the edge is a window probe. */
	if ((s32)(seq + n - peer.edge) > 1)
		host_die("window %u: bytes to %u of %u that fit", peer.window, seq + n - peer.una, peer.window);
	peer.largest = max(peer.largest, n);
	peer.news = true;
	if (seq != peer.next || (s32)(seq + n - peer.edge) > 0)
		return;
	for (u32 i = 0; i < n; i++)
		if (data[i] != byte_at(peer.got++))
			host_die("window %u: byte %u is wrong", peer.window, peer.got - 1);
	peer.next += n;
	if (t[13] & 1) {
		peer.next++;
		peer.fin = true;
	}
}

static void spy(const struct pkt *p)
{
	u8 b[2048], *t = b + 34;
	u32 head;

	if (p->len > sizeof(b) || pkt_read(p, 0, b, p->len))
		host_die("a frame of %u bytes", p->len);
	if (get16(b + 12) == 0x0806)
		peer.arp = true;
	if (get16(b + 12) != 0x0800 || b[23] != 6 || get16(t + 2) != peer.port)
		return;
	head = 4u * (t[12] >> 4);
	peer.acked = get32(t + 8);
	if (t[13] & 2) {
		peer.next = get32(t + 4) + 1;
		peer.synack = true;
	} else if (t[13] & 4) {
		peer.reset = peer.news = true;
		peer.reset_at = host_now;
	} else {
		segment(t, get32(t + 4), t + head, get16(b + 16) - 20 - head);
	}
}

/* Time passes until *what. */
static void await(const bool *what, const char *name)
{
	u64 end = host_now + 3600ull * 1000000000;

	while (!*what) {
		answer_arp();
		if (!*what && !host_step(end) && host_now >= end)
			host_die("window %u%s: no %s in an hour", peer.window, peer.times ? " with times" : "", name);
	}
}

static struct socket *meet(u16 window, bool times, struct socket *listener)
{
	u16 port = (u16)(peer.port + 1);
	struct socket *s;

	memset(&peer, 0, sizeof(peer));
	peer.port = port < 2000 ? 2000 : port;
	peer.window = window;
	peer.times = times;
	say(2, FIRST);
	await(&peer.synack, "answer");
	say(0x10, FIRST + 1);
	host_settle();
	s = host_accept(listener);
	if (!s)
		host_die("window %u: not connected", window);
	return s;
}

static void talk(u16 window, bool times, struct socket *listener)
{
	struct socket *s = meet(window, times, listener);
	static u8 data[BYTES];
	long before;

	for (u32 i = 0; i < BYTES; i++)
		data[i] = byte_at(i);
	before = host_live;
	if (host_send(s, data, BYTES, 0) != BYTES)
		host_die("window %u: the socket takes less than %u bytes", window, BYTES);
	if (host_live - before > PIECES)
		host_die("window %u: %ld allocations for %u bytes", window, host_live - before, BYTES);
	host_close(s);
	while (!peer.fin) {
		await(&peer.news, "segment");
		peer.news = false;
		if (peer.got < BYTES || peer.fin)
			say(0x10, FIRST + 1);
	}
	if (peer.got != BYTES)
		host_die("window %u: %u bytes came", window, peer.got);
	say(0x14, FIRST + 1);
	host_settle();
}

static void say_again(bool times, struct socket *listener)
{
	struct socket *s = meet(10000, times, listener);
	static const u16 pieces[][2] = { { 100, 1300 }, { 400, 100 }, { 100, 50 }, { 1350, 50 }, { 0, 100 } };
	static u8 data[2000];
	ssize_t n;

	for (u32 i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
		say_bytes(0x10, FIRST + 1 + pieces[i][0], pieces[i][0], pieces[i][1]);
	host_settle();
	n = host_recv(s, data, sizeof(data), 0);
	if (n != 1400 || peer.acked != FIRST + 1 + 1400)
		host_die("%zd bytes of 1400 are there, %u acknowledged", n, peer.acked - FIRST - 1);
	for (u32 i = 0; i < 1400; i++)
		if (data[i] != byte_at(i))
			host_die("byte %u is wrong", i);
	host_close(s);
	say(0x14, FIRST + 1 + 1400);
	host_settle();
}

static void set(struct socket *s, int level, int name, int v)
{
	if (s->ops->setsockopt(s, level, name, uaddr((u64)&v), sizeof(v)))
		host_die("option %d", name);
}

/* The timers come ten seconds late. The peer is still there: it is asked, and its answer counts. */
static void stand_still(struct socket *s, const char *what)
{
	peer.news = false;
	host_now += 10000000000ull;
	await(&peer.news, "segment");
	if (peer.reset)
		host_die("%s: given up after a pause", what);
	say(0x10, FIRST + 1);
	host_settle();
}

/* The peer is silent from now on: that ends it. */
static void fall_silent(struct socket *s, const char *what)
{
	u64 since = host_now;
	u8 b;

	await(&peer.reset, "end");
	if (peer.reset_at - since < 700000000 || peer.reset_at - since > 3000000000)
		host_die("%s: ended after %llu ms", what, (unsigned long long)(peer.reset_at - since) / 1000000);
	if (host_recv(s, &b, 1, 0) != -ETIMEDOUT)
		host_die("%s: not ETIMEDOUT", what);
	host_close(s);
	host_settle();
}

static void pauses(struct socket *listener)
{
	struct socket *s = meet(1000, false, listener);
	static u8 data[40 * 10];

	for (u32 i = 0; i < sizeof(data); i++)
		data[i] = byte_at(i);
	set(s, SOL_TCP, TCP_KEEPIDLE, 1);
	set(s, SOL_TCP, TCP_KEEPINTVL, 1);
	set(s, SOL_TCP, TCP_KEEPCNT, 1);
	set(s, SOL_SOCKET, SO_KEEPALIVE, 1);
	stand_still(s, "keepalive");
	stand_still(s, "keepalive");
	fall_silent(s, "keepalive");

	s = meet(1000, false, listener);
	set(s, SOL_TCP, TCP_NODELAY, 1);
	set(s, SOL_TCP, TCP_USER_TIMEOUT, 700);
	/* There is always something that is not acknowledged yet, but never the same. */
	for (u32 i = 0; i < 40; i++) {
		u64 end = host_now + 100000000;

		ssize_t sent = host_send(s, data + 10 * i, 10, 0);

		if (sent != 10)
			host_die("user timeout: %d, though the peer answered", (int)sent);
		do
			answer_arp();
		while (host_step(end));
		peer.behind = 10;
		say(0x10, FIRST + 1);
		peer.behind = 0;
		host_settle();
	}
	stand_still(s, "user timeout");
	peer.got = 0;
	if (host_send(s, data, 10, 0) != 10)
		host_die("user timeout: ended after a pause");
	stand_still(s, "user timeout");
	peer.got = 0;
	(void)host_send(s, data, 10, 0);
	fall_silent(s, "user timeout");
}

int window_run(void)
{
	struct socket *listener = host_socket(AF_INET, SOCK_STREAM);
	long live;

	link_spy = spy;
	if (host_bind(listener, 0, 80) || listener->ops->listen(listener, 16))
		host_die("no listener");
	talk(1000, true, listener);
	say_again(true, listener);
	pauses(listener);
	live = host_live;
	say_again(false, listener);
	for (u16 w = 1; w <= 64; w++) {
		talk(w, false, listener);
		talk(w, true, listener);
	}
	if (host_live > live + 100)
		host_die("%ld allocations, %ld before", host_live, live);
	host_close(listener);
	return 0;
}
