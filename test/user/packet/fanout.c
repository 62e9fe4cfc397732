/* SPDX-License-Identifier: MPL-2.0 */
/* PACKET_FANOUT on lo: sockets that share what comes, by flow, in turn, and to who has room. */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include "ktest_user.h"

static void lo_up(void)
{
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int s = CHECK_OK(socket(AF_UNIX, SOCK_DGRAM, 0));

	CHECK_OK(ioctl(s, SIOCSIFFLAGS, &r));
	close(s);
}
static int member(void)
{
	struct sockaddr_ll a = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = 1 };
	int s = CHECK_OK(socket(AF_PACKET, SOCK_DGRAM, 0)), one = 1;

	CHECK_OK(setsockopt(s, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)));
	CHECK_OK(bind(s, (void *)&a, sizeof(a)));
	return s;
}
static int fanout(int s, unsigned id, unsigned how)
{
	unsigned v = id | how << 16;

	return setsockopt(s, SOL_PACKET, PACKET_FANOUT, &v, sizeof(v));
}
static void send_udp(int from, int to)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int s = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0)), one = 1;

	CHECK_OK(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
	a.sin_port = htons(from);
	CHECK_OK(bind(s, (void *)&a, sizeof(a)));
	a.sin_port = htons(to);
	CHECK_EQ(sendto(s, "x", 1, 0, (void *)&a, sizeof(a)), 1);
	close(s);
}
/* Datagrams to port `to` that wait. */
static int drain(int s, int to)
{
	unsigned char b[2048];
	int n = 0, got = 0;

	while ((n = (int)recv(s, b, sizeof(b), MSG_DONTWAIT)) >= 0)
		got += n >= 24 && b[9] == 17 && (b[22] << 8 | b[23]) == to;
	CHECK_EQ(errno, EAGAIN);
	return got;
}
/* Until n of them came, to whichever: how many to each. */
static void collect(const int *s, int nr, int to, int n, int *got)
{
	int all = 0;

	memset(got, 0, (size_t)nr * sizeof(*got));
	for (long long end = 0; all < n; ) {
		for (int i = 0; i < nr; i++) {
			int k = drain(s[i], to);

			got[i] += k;
			all += k;
		}
		if (all < n && !kt_look_again(&end))
			FAIL("%d of %d came", all, n);
	}
	CHECK_EQ(all, n);
}
CASE(in_turn)
{
	int s[3], got[3], v;
	socklen_t n = sizeof(v);

	lo_up();
	for (int i = 0; i < 3; i++) {
		s[i] = member();
		CHECK_OK(fanout(s[i], 77, PACKET_FANOUT_LB));
	}
	CHECK_OK(getsockopt(s[0], SOL_PACKET, PACKET_FANOUT, &v, &n));
	CHECK_EQ(v, 77 | PACKET_FANOUT_LB << 16);
	for (int i = 0; i < 30; i++)
		send_udp(20000, 21000);
	collect(s, 3, 21000, 30, got);
	for (int i = 0; i < 3; i++) {
		CHECK_GE(got[i], 5);	/* between them come answers that the port is closed */
		CHECK_LE(got[i], 20);
	}
	close(s[0]);
	close(s[1]);
	for (int i = 0; i < 10; i++)
		send_udp(20000, 21000);
	collect(s + 2, 1, 21000, 10, got);
}
CASE(by_flow)
{
	int s[4], got[4], who = -1;

	lo_up();
	for (int i = 0; i < 4; i++) {
		s[i] = member();
		CHECK_OK(fanout(s[i], 78, PACKET_FANOUT_HASH));
	}
	for (int i = 0; i < 10; i++)
		send_udp(20001, 21001);
	collect(s, 4, 21001, 10, got);
	for (int i = 0; i < 4; i++) {
		if (got[i])
			who = i;
		CHECK(!got[i] || got[i] == 10);
	}
	/* The other way goes to the same one. */
	send_udp(21001, 20001);
	collect(s, 4, 20001, 1, got);
	CHECK_EQ(got[who], 1);
	/* Many flows find more than one. */
	for (int i = 0; i < 64; i++)
		send_udp(22000 + i, 21002);
	collect(s, 4, 21002, 64, got);
	who = 0;
	for (int i = 0; i < 4; i++)
		who += got[i] > 0;
	CHECK_GE(who, 2);
}
CASE(refused)
{
	struct sockaddr_ll a = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = 1 };
	int s, t, u, v;
	socklen_t n = sizeof(v);

	lo_up();
	s = CHECK_OK(socket(AF_PACKET, SOCK_DGRAM, 0));
	CHECK_ERR(fanout(s, 1, PACKET_FANOUT_LB), EINVAL);	/* hears nothing yet */
	s = member();
	t = member();
	u = member();
	CHECK_ERR(fanout(s, 1, 99), EINVAL);
	CHECK_ERR(fanout(s, 1, PACKET_FANOUT_ROLLOVER | PACKET_FANOUT_FLAG_ROLLOVER), EINVAL);
	CHECK_ERR(setsockopt(s, SOL_PACKET, PACKET_FANOUT, &v, 3), EINVAL);
	CHECK_OK(getsockopt(s, SOL_PACKET, PACKET_FANOUT, &v, &n));
	CHECK_EQ(v, 0);
	CHECK_OK(fanout(s, 1, PACKET_FANOUT_LB));
	CHECK_ERR(fanout(s, 2, PACKET_FANOUT_LB), EALREADY);
	CHECK_ERR(fanout(t, 1, PACKET_FANOUT_HASH), EINVAL);
	CHECK_ERR(fanout(t, 1, PACKET_FANOUT_LB | PACKET_FANOUT_FLAG_ROLLOVER), EINVAL);
	CHECK_ERR(bind(s, (void *)&a, sizeof(a)), EINVAL);
	CHECK_OK(fanout(t, 0, PACKET_FANOUT_LB | PACKET_FANOUT_FLAG_UNIQUEID));
	CHECK_OK(getsockopt(t, SOL_PACKET, PACKET_FANOUT, &v, &n));
	CHECK((v & 0xffff) != 1);
	CHECK_EQ(v >> 16, PACKET_FANOUT_LB);
	CHECK_ERR(fanout(u, 5, PACKET_FANOUT_LB | PACKET_FANOUT_FLAG_UNIQUEID), EINVAL);
	CHECK_ERR(getsockopt(s, SOL_PACKET, PACKET_ROLLOVER_STATS, &v, &n), EINVAL);
}
CASE(to_who_has_room)
{
	struct tpacket_rollover_stats st;
	int s[2], small = 1, first = 0, second = 0;
	socklen_t n = sizeof(st);

	lo_up();
	for (int i = 0; i < 2; i++) {
		s[i] = member();
		CHECK_OK(setsockopt(s[i], SOL_SOCKET, SO_RCVBUF, i ? &(int){ 200000 } : &small, sizeof(small)));
		CHECK_OK(fanout(s[i], 79, PACKET_FANOUT_ROLLOVER));
	}
	for (int i = 0; i < 40; i++)
		send_udp(20003, 21003);
	AWAIT((second += drain(s[1], 21003), second >= 10));
	AWAIT((first += drain(s[0], 21003), first >= 1));
	CHECK_OK(getsockopt(s[0], SOL_PACKET, PACKET_ROLLOVER_STATS, &st, &n));
	CHECK_GE(st.tp_all, 10);
}
