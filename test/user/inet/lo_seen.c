/* SPDX-License-Identifier: MPL-2.0 */
/* What goes over lo between two sockets is counted and can be listened to, by whatever way it goes; and stops with lo. */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include "ktest_user.h"

#define ROUNDS	20
#define BYTES	100

static void lo_up(bool up)
{
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = up ? IFF_UP : 0 };
	int s = CHECK_OK(socket(AF_UNIX, SOCK_DGRAM, 0));

	CHECK_OK(ioctl(s, SIOCSIFFLAGS, &r));
	close(s);
}
struct counts { unsigned long rx_bytes, rx, tx_bytes, tx, in_receives, in_delivers, out_requests; };
static void look_at_counts(struct counts *c)
{
	char line[512];
	FILE *f = fopen("/proc/net/dev", "r");
	bool dev = false, ip = false;

	CHECK(f != NULL);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, " lo: %lu %lu %*u %*u %*u %*u %*u %*u %lu %lu", &c->rx_bytes, &c->rx, &c->tx_bytes,
			   &c->tx) == 4)
			dev = true;
	fclose(f);
	f = fopen("/proc/net/snmp", "r");
	CHECK(f != NULL);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "Ip: %*d %*d %lu %*u %*u %*u %*u %*u %lu %lu", &c->in_receives, &c->in_delivers,
			   &c->out_requests) == 3)
			ip = true;
	fclose(f);
	CHECK(dev && ip);
}
/* Nothing is under way: a packet counts as sent a moment before it counts as received. */
static void read_counts(struct counts *c)
{
	struct counts was;

	look_at_counts(c);
	do {
		was = *c;
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
		look_at_counts(c);
	} while (memcmp(&was, c, sizeof(was)));
}
static int bound(int type, struct sockaddr_in *a)
{
	int s = CHECK_OK(socket(AF_INET, type, 0));
	socklen_t n = sizeof(*a);

	*a = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	CHECK_OK(bind(s, (void *)a, sizeof(*a)));
	CHECK_OK(getsockname(s, (void *)a, &n));
	return s;
}
/* fd[0] sends to fd[1]. */
static void datagram_pair(int fd[2])
{
	struct sockaddr_in a, b;

	fd[0] = bound(SOCK_DGRAM, &a);
	fd[1] = bound(SOCK_DGRAM, &b);
	CHECK_OK(connect(fd[0], (void *)&b, sizeof(b)));
}
static void stream_pair(int fd[2])
{
	struct sockaddr_in a;
	int l = bound(SOCK_STREAM, &a);

	CHECK_OK(listen(l, 1));
	fd[0] = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	CHECK_OK(connect(fd[0], (void *)&a, sizeof(a)));
	fd[1] = CHECK_OK(accept(l, NULL, NULL));
	close(l);
}
static void pass(const int fd[2], int rounds)
{
	char out[BYTES], in[BYTES];

	for (int i = 0; i < rounds; i++) {
		memset(out, 'a' + i % 26, sizeof(out));
		CHECK_EQ(send(fd[0], out, sizeof(out), 0), BYTES);
		CHECK_EQ(recv(fd[1], in, sizeof(in), MSG_WAITALL), BYTES);
		CHECK_EQ(memcmp(in, out, BYTES), 0);
	}
}
CASE(datagrams_are_counted)
{
	struct counts a, b;
	int fd[2];

	lo_up(true);
	datagram_pair(fd);
	pass(fd, 2);
	read_counts(&a);
	pass(fd, ROUNDS);
	read_counts(&b);
	/* Something of an earlier test may still be sent again: not fewer, and each packet whole. */
	CHECK_GE(b.tx - a.tx, ROUNDS);
	CHECK_EQ(b.rx - a.rx, b.tx - a.tx);
	CHECK_GE(b.tx_bytes - a.tx_bytes, ROUNDS * (BYTES + 8 + 20));
	CHECK_EQ(b.rx_bytes - a.rx_bytes, b.tx_bytes - a.tx_bytes);
	if (b.tx - a.tx == ROUNDS)
		CHECK_EQ(b.tx_bytes - a.tx_bytes, ROUNDS * (BYTES + 8 + 20));
	CHECK_GE(b.in_receives - a.in_receives, ROUNDS);
	CHECK_GE(b.in_delivers - a.in_delivers, ROUNDS);
	CHECK_GE(b.out_requests - a.out_requests, ROUNDS);
}
CASE(streams_are_counted)
{
	struct counts a, b;
	int fd[2];

	lo_up(true);
	stream_pair(fd);
	pass(fd, 2);
	read_counts(&a);
	pass(fd, ROUNDS);
	read_counts(&b);
	CHECK_GE(b.tx - a.tx, ROUNDS);
	CHECK_EQ(b.tx - a.tx, b.rx - a.rx);
	CHECK_EQ(b.tx_bytes - a.tx_bytes, b.rx_bytes - a.rx_bytes);
	CHECK_GE(b.tx_bytes - a.tx_bytes, ROUNDS * (BYTES + 32 + 20));
	CHECK_GE(b.in_receives - a.in_receives, ROUNDS);
	CHECK_GE(b.in_delivers - a.in_delivers, ROUNDS);
}
/* Frames with the payload of one round that the socket hears within its time. */
static int heard(int tap, char letter, int want)
{
	struct pollfd p = { .fd = tap, .events = POLLIN };
	unsigned char frame[2048];
	int n = 0;

	while (n < want && poll(&p, 1, kt_wait_ms()) == 1) {
		ssize_t len = recv(tap, frame, sizeof(frame), 0);

		CHECK_GE(len, 14 + 20);
		if ((frame[12] << 8 | frame[13]) != ETHERTYPE_IP)
			continue;
		CHECK_EQ(frame[14] >> 4, 4);
		if (len >= 14 + 20 + 8 + BYTES && frame[len - 1] == letter && frame[len - BYTES] == letter)
			n++;
	}
	return n;
}
static void listened_to(const int fd[2])
{
	struct sockaddr_ll a = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex("lo") };
	int tap;

	pass(fd, 3);
	tap = CHECK_OK(socket(AF_PACKET, SOCK_RAW, 0));
	CHECK_OK(bind(tap, (void *)&a, sizeof(a)));
	pass(fd, 1);
	CHECK_EQ(heard(tap, 'a', 2), 2);	/* sent, and received */
	pass(fd, 1);
	CHECK_EQ(heard(tap, 'a', 2), 2);
	close(tap);
	pass(fd, 3);
}
CASE(taps_hear_datagrams)
{
	int fd[2];

	lo_up(true);
	datagram_pair(fd);
	listened_to(fd);
}
CASE(taps_hear_streams)
{
	int fd[2];

	lo_up(true);
	stream_pair(fd);
	listened_to(fd);
}
/* A route to lo for addresses that are not ours: what it sends there ends there, and is not sent round until its TTL ends. */
CASE(nobodys_goes_once)
{
	struct sockaddr_ll a = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex("lo") };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(0x0a020001) };
	struct rtentry r = { .rt_flags = RTF_UP, .rt_dev = "lo" };
	struct sockaddr_in *dst = (struct sockaddr_in *)&r.rt_dst, *mask = (struct sockaddr_in *)&r.rt_genmask;
	struct counts before, after;
	char buf[BYTES];
	int s, tap, mine[2];

	lo_up(true);
	s = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	dst->sin_family = mask->sin_family = AF_INET;
	dst->sin_addr.s_addr = htonl(0x0a020000);
	mask->sin_addr.s_addr = htonl(0xffff0000);
	CHECK_OK(ioctl(s, SIOCADDRT, &r));
	tap = CHECK_OK(socket(AF_PACKET, SOCK_RAW, 0));
	CHECK_OK(bind(tap, (void *)&a, sizeof(a)));
	datagram_pair(mine);
	read_counts(&before);
	memset(buf, 'n', sizeof(buf));
	CHECK_EQ(sendto(s, buf, sizeof(buf), 0, (void *)&to, sizeof(to)), BYTES);
	CHECK_EQ(heard(tap, 'n', 2), 2);	/* sent, and received */
	/* Behind it, so often that it would have come round. */
	for (int i = 0; i < ROUNDS; i++) {
		memset(buf, 'm', sizeof(buf));
		CHECK_EQ(send(mine[0], buf, sizeof(buf), 0), BYTES);
		CHECK_EQ(recv(mine[1], buf, sizeof(buf), 0), BYTES);
	}
	read_counts(&after);
	CHECK_LT(after.tx - before.tx, ROUNDS + 1 + ROUNDS / 2);
	CHECK_LT(after.in_receives - before.in_receives, ROUNDS + 1 + ROUNDS / 2);
	CHECK_OK(ioctl(s, SIOCDELRT, &r));
}
CASE(nothing_passes_when_lo_is_down)
{
	struct pollfd p = { .events = POLLIN };
	int d[2], s[2];
	char buf[BYTES] = { 0 };

	lo_up(true);
	datagram_pair(d);
	stream_pair(s);
	pass(d, 1);
	pass(s, 1);
	lo_up(false);
	CHECK_EQ(send(d[0], buf, sizeof(buf), 0), BYTES);	/* and is lost */
	p.fd = d[1];
	CHECK_EQ(poll(&p, 1, 50), 0);
	CHECK_EQ(send(s[0], buf, sizeof(buf), 0), BYTES);
	p.fd = s[1];
	CHECK_EQ(poll(&p, 1, 50), 0);
	lo_up(true);
	pass(d, 1);
	/* It is sent again in its time. */
	CHECK_EQ(recv(s[1], buf, sizeof(buf), MSG_WAITALL), BYTES);
}
