/* SPDX-License-Identifier: MPL-2.0 */
/* A listener under a flood of SYNs that nobody will ever finish: who means it gets through. Segments out of nowhere do no harm. */
#include "inet.h"
#include "net_counter.h"
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/route.h>

struct seg {
	uint8_t ver, tos;
	uint16_t len, id, off;
	uint8_t ttl, proto;
	uint16_t sum;
	uint32_t src, dst;
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint8_t doff, flags;
	uint16_t wnd, csum, urg;
} __attribute__((packed));

static uint32_t add(const void *p, size_t n, uint32_t sum)
{
	const uint8_t *b = p;

	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)(b[i] << 8 | b[i + 1]);
	return sum;
}

static void seg_send(int raw, uint32_t src, int sport, int dport, uint8_t flags, uint32_t seq, uint32_t ack)
{
	struct seg s = { .ver = 0x45, .len = htons(40), .ttl = 64, .proto = 6, .src = htonl(src), .dst = htonl(0x7f000001),
		.sport = htons((uint16_t)sport), .dport = htons((uint16_t)dport), .seq = htonl(seq), .ack = htonl(ack),
		.doff = 0x50, .flags = flags, .wnd = htons(1000) };
	struct sockaddr_in to = lo_addr(0);
	uint32_t sum = add(&s.src, 8, 6 + 20);

	sum = add(&s.sport, 20, sum);
	sum = (sum & 0xffff) + (sum >> 16);
	s.csum = htons((uint16_t)~(sum + (sum >> 16)));
	CHECK_EQ(sendto(raw, &s, sizeof(s), 0, (void *)&to, sizeof(to)), 40);
}

static int raw_socket(void)
{
	return socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
}

/* What is sent to these goes nowhere, and no answer comes. */
static void route_to_nowhere(void)
{
	struct rtentry r = { .rt_flags = RTF_UP, .rt_dev = "lo" };
	struct sockaddr_in *a = (struct sockaddr_in *)&r.rt_dst, *m = (struct sockaddr_in *)&r.rt_genmask;
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	a->sin_family = m->sin_family = AF_INET;
	a->sin_addr.s_addr = htonl(0x0a010000);
	m->sin_addr.s_addr = htonl(0xffff0000);
	if (ioctl(s, SIOCADDRT, &r) && errno != EEXIST)
		CHECK_EQ(errno, 0);
	close(s);
}

static int tap_lo(void)
{
	struct sockaddr_ll a = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP),
		.sll_ifindex = (int)if_nametoindex("lo") };
	int tap = CHECK_OK(socket(AF_PACKET, SOCK_DGRAM, 0)), big = 8 << 20;

	CHECK_OK(setsockopt(tap, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big)));
	CHECK_OK(bind(tap, (void *)&a, sizeof(a)));
	return tap;
}

/* A cookie's timestamp is not ahead of those behind it, which the peer would refuse as older: all that was heard. */
static void stamps_grow(int tap, int from, int to)
{
	unsigned char p[2048];
	uint32_t last = 0, ts;
	int n, seen = 0;

	while ((n = (int)recv(tap, p, sizeof(p), MSG_DONTWAIT)) >= 40) {
		if (p[9] != IPPROTO_TCP || (p[20] << 8 | p[21]) != from || (p[22] << 8 | p[23]) != to)
			continue;
		for (int i = 40; i + 10 <= 20 + (p[32] >> 4) * 4 && p[i]; i += p[i] == 1 ? 1 : p[i + 1]) {
			if (p[i] != 8)
				continue;
			memcpy(&ts, p + i + 2, 4);
			if (seen++)
				CHECK_GE((int32_t)(ntohl(ts) - last), 0);
			last = ntohl(ts);
			break;
		}
	}
	CHECK_GE(seen, 2);
}

CASE(honest_traffic_goes_on)
{
	long long old = tcpext_counter("PAWSEstab");
	int raw, port, l, slow = 0;
	char b[8];

	lo_up();
	route_to_nowhere();
	raw = raw_socket();
	CHECK(raw >= 0);
	l = lo_sock(SOCK_STREAM, &port);
	CHECK_EQ(listen(l, 16), 0);
	for (int round = 0; round < 5; round++) {
		struct sockaddr_in a = lo_addr(port);
		struct timespec t, u;
		socklen_t len = sizeof(a);
		int c, s, tap;

		for (int i = 0; i < 400; i++)
			seg_send(raw, 0x0a010001u + (uint32_t)(round * 400 + i), 1024 + i, port, 0x02, (uint32_t)i * 77777u, 0);
		tap = round % 2 ? tap_lo() : -1;	/* with a tap all goes lo's long way */
		clock_gettime(CLOCK_MONOTONIC, &t);
		c = socket(AF_INET, SOCK_STREAM, 0);
		CHECK_EQ(connect(c, (void *)&a, sizeof(a)), 0);
		CHECK_EQ(write(c, "honest", 6), 6);
		s = accept(l, NULL, NULL);
		CHECK(s >= 0);
		CHECK_EQ(recv(s, b, 6, MSG_WAITALL), 6);
		CHECK(!memcmp(b, "honest", 6));
		CHECK_EQ(write(s, "yes", 3), 3);
		CHECK_EQ(recv(c, b, 3, MSG_WAITALL), 3);
		clock_gettime(CLOCK_MONOTONIC, &u);
		slow += u.tv_sec - t.tv_sec >= 3;	/* once: a guest that stood still */
		CHECK_LE(slow, 1);
		CHECK_OK(getsockname(c, (void *)&a, &len));
		if (tap >= 0) {
			stamps_grow(tap, port, sa_port(&a));
			close(tap);
		}
		close(c);
		close(s);
	}
	/* The time in a SYN cookie was not ahead of what came after it. One may have overtaken another. */
	CHECK_GE(1, tcpext_counter("PAWSEstab") - old);
}

CASE(segments_out_of_nowhere)
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a);
	int fd[2], raw, sport, dport;
	char b[16];

	/* Resets and data that do not fit leave a connection alone. */
	lo_up();
	tcp_pair(fd);
	raw = raw_socket();
	CHECK_EQ(getsockname(fd[0], (void *)&a, &len), 0);
	sport = ntohs(a.sin_port);
	CHECK_EQ(getpeername(fd[0], (void *)&a, &len), 0);
	dport = ntohs(a.sin_port);
	for (uint32_t i = 0; i < 400; i++) {
		static const uint8_t flags[] = { 0x04, 0x14, 0x10, 0x18, 0x11, 0x02, 0x12, 0x00, 0x3f };

		/* A window is 1/65536 of the numbers: these miss it. */
		seg_send(raw, 0x7f000001, sport, dport, flags[i % sizeof(flags)], i * 10737418u + 7, i * 99999999u);
	}
	CHECK_EQ(write(fd[0], "still", 5), 5);
	/* By chance one of 400 may fit: then not. */
	if (!(WAIT_EVENTS(fd[1], POLLIN) & POLLERR) && recv(fd[1], b, sizeof(b), MSG_DONTWAIT) == 5)
		CHECK(!memcmp(b, "still", 5));
	CHECK_EQ(write(fd[1], "there", 5), 5);
	CHECK_EQ(recv(fd[0], b, sizeof(b), 0), 5);
}
