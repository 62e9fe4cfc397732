/* SPDX-License-Identifier: MPL-2.0 */
/* packet(7) on lo: what is sent, what is seen, filters, statistics, memberships, errors. */
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include "ktest_user.h"

#define PROTO 0x88b5	/* for experiments */

static void lo_up(bool up)
{
	struct ifreq r = { .ifr_name = "lo" };
	int s = CHECK_OK(socket(AF_UNIX, SOCK_DGRAM, 0));

	r.ifr_flags = up ? IFF_UP : 0;
	CHECK_OK(ioctl(s, SIOCSIFFLAGS, &r));
	close(s);
}
static int packet(int type, int proto)
{
	return CHECK_OK(socket(AF_PACKET, type, htons(proto)));
}
static struct sockaddr_ll to_lo(int proto)
{
	struct sockaddr_ll a = { .sll_family = AF_PACKET, .sll_protocol = htons(proto), .sll_ifindex = 1, .sll_halen = 6 };

	return a;
}
static void send_frame(int fd, const char *text)
{
	struct sockaddr_ll a = to_lo(PROTO);

	CHECK_EQ(sendto(fd, text, strlen(text), 0, (void *)&a, sizeof(a)), (long)strlen(text));
}
CASE(datagrams)
{
	int out = packet(SOCK_DGRAM, 0), in = packet(SOCK_DGRAM, PROTO);
	struct sockaddr_ll from;
	socklen_t n = sizeof(from);
	struct pollfd p = { .fd = in, .events = POLLIN };
	char buf[64];

	lo_up(true);
	CHECK_EQ(poll(&p, 1, 0), 0);
	send_frame(out, "hello");
	CHECK_EQ(poll(&p, 1, kt_wait_ms()), 1);
	CHECK_EQ(recv(in, buf, 3, MSG_PEEK | MSG_TRUNC), 5);
	CHECK_EQ(recvfrom(in, buf, sizeof(buf), 0, (void *)&from, &n), 5);
	CHECK(!memcmp(buf, "hello", 5));
	CHECK_GE(n, 18);
	CHECK_EQ(from.sll_family, AF_PACKET);
	CHECK_EQ(from.sll_protocol, htons(PROTO));
	CHECK_EQ(from.sll_ifindex, 1);
	CHECK_EQ(from.sll_hatype, 772);
	CHECK_EQ(from.sll_pkttype, PACKET_HOST);
	CHECK_EQ(from.sll_halen, 6);
	/* One protocol: only what comes in. */
	CHECK_ERR(recv(in, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
}
CASE(raw_frames)
{
	int out = packet(SOCK_RAW, 0), in = packet(SOCK_RAW, PROTO);
	struct sockaddr_ll a = to_lo(PROTO);
	unsigned char frame[64] = { 0 }, buf[128];

	lo_up(true);
	frame[12] = PROTO >> 8;
	frame[13] = PROTO & 0xff;
	memcpy(frame + 14, "payload", 7);
	CHECK_EQ(sendto(out, frame, 21, 0, (void *)&a, sizeof(a)), 21);
	CHECK_EQ(recv(in, buf, sizeof(buf), 0), 21);
	CHECK(!memcmp(buf, frame, 21));
	a.sll_ifindex = 4711;
	CHECK_ERR(sendto(out, frame, 21, 0, (void *)&a, sizeof(a)), ENXIO);
	CHECK_ERR(sendto(out, frame, 21, 0, (void *)&a, 10), EINVAL);
	CHECK_ERR(send(out, frame, 21, 0), ENXIO);
	/* Bound: no address needed. */
	a = to_lo(0);
	CHECK_OK(bind(out, (void *)&a, sizeof(a)));
	CHECK_EQ(send(out, frame, 21, 0), 21);
	CHECK_EQ(recv(in, buf, sizeof(buf), 0), 21);
}
CASE(everything_is_seen_twice)
{
	int out = packet(SOCK_DGRAM, 0), in = packet(SOCK_DGRAM, ETH_P_ALL), seen[2] = { 0 };
	struct sockaddr_ll from, a = to_lo(ETH_P_ALL);
	socklen_t n;
	char buf[64];

	lo_up(true);
	CHECK_OK(bind(in, (void *)&a, sizeof(a)));
	while (recv(in, buf, sizeof(buf), MSG_DONTWAIT) >= 0)
		;
	send_frame(out, "both");
	while (!seen[0] || !seen[1]) {
		n = sizeof(from);
		CHECK_OK(recvfrom(in, buf, sizeof(buf), 0, (void *)&from, &n));
		if (from.sll_protocol != htons(PROTO))
			continue;
		CHECK(from.sll_pkttype == PACKET_OUTGOING || from.sll_pkttype == PACKET_HOST);
		seen[from.sll_pkttype == PACKET_OUTGOING]++;
	}
	CHECK_EQ(seen[0], 1);
	CHECK_EQ(seen[1], 1);
}
CASE(names)
{
	int fd = packet(SOCK_RAW, PROTO);
	struct sockaddr_ll a;
	socklen_t n = sizeof(a);

	CHECK_OK(getsockname(fd, (void *)&a, &n));
	CHECK_EQ(a.sll_ifindex, 0);
	CHECK_EQ(a.sll_protocol, htons(PROTO));
	a = to_lo(0);
	CHECK_OK(bind(fd, (void *)&a, sizeof(a)));
	n = sizeof(a);
	CHECK_OK(getsockname(fd, (void *)&a, &n));
	CHECK_EQ(n, 18);
	CHECK_EQ(a.sll_ifindex, 1);
	CHECK_EQ(a.sll_protocol, htons(PROTO));
	CHECK_EQ(a.sll_hatype, 772);
	CHECK_EQ(a.sll_halen, 6);
	CHECK_ERR(getpeername(fd, (void *)&a, &n), EOPNOTSUPP);
	a.sll_ifindex = 4711;
	CHECK_ERR(bind(fd, (void *)&a, sizeof(a)), ENODEV);
	CHECK_ERR(bind(fd, (void *)&a, 12), EINVAL);
	CHECK_ERR(connect(fd, (void *)&a, sizeof(a)), EOPNOTSUPP);
	CHECK_ERR(listen(fd, 1), EOPNOTSUPP);
}
CASE(filtered)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 'y', 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 2), BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = { 4, f };
	int out = packet(SOCK_DGRAM, 0), in = packet(SOCK_DGRAM, PROTO);
	char buf[16];

	lo_up(true);
	CHECK_OK(setsockopt(in, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)));
	send_frame(out, "no");
	send_frame(out, "yes");
	CHECK_EQ(recv(in, buf, sizeof(buf), 0), 2);
	CHECK(!memcmp(buf, "ye", 2));
	/* Ancillary data: the protocol. */
	f[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_H | BPF_ABS, SKF_AD_OFF + SKF_AD_PROTOCOL);
	f[1].k = PROTO;
	CHECK_OK(setsockopt(in, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)));
	send_frame(out, "abc");
	CHECK_EQ(recv(in, buf, sizeof(buf), 0), 2);
}
CASE(statistics)
{
	int out = packet(SOCK_DGRAM, 0), in = packet(SOCK_DGRAM, PROTO), small = 0, n = 0;
	struct tpacket_stats st = { 0 };
	socklen_t len = sizeof(st);
	unsigned packets = 0, drops = 0;
	static char big[1200];

	lo_up(true);
	CHECK_OK(setsockopt(in, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)));
	memset(big, 'x', sizeof(big) - 1);
	for (int i = 0; i < 20; i++)
		send_frame(out, big);
	/* Asked for, they begin anew. */
	AWAIT((getsockopt(in, SOL_PACKET, PACKET_STATISTICS, &st, &len), packets += st.tp_packets, drops += st.tp_drops,
	       packets >= 20));
	CHECK_EQ(packets, 20);
	while (recv(in, big, sizeof(big), MSG_DONTWAIT) > 0)
		n++;
	CHECK_EQ(drops, 20 - n);
	CHECK(n > 0 && n < 20);
	CHECK_OK(getsockopt(in, SOL_PACKET, PACKET_STATISTICS, &st, &len));
	CHECK_EQ(st.tp_packets, 0);
}
CASE(memberships)
{
	struct packet_mreq r = { .mr_ifindex = 1, .mr_type = PACKET_MR_PROMISC };
	int fd = packet(SOCK_RAW, 0);

	CHECK_OK(setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &r, sizeof(r)));
	CHECK_OK(setsockopt(fd, SOL_PACKET, PACKET_DROP_MEMBERSHIP, &r, sizeof(r)));
	CHECK_OK(setsockopt(fd, SOL_PACKET, PACKET_DROP_MEMBERSHIP, &r, sizeof(r)));
	r.mr_ifindex = 4711;
	CHECK_ERR(setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &r, sizeof(r)), ENODEV);
	CHECK_ERR(setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &r, 4), EINVAL);
	CHECK_ERR(setsockopt(fd, SOL_PACKET, 999, &r, sizeof(r)), ENOPROTOOPT);
}
CASE(auxiliary_data)
{
	int out = packet(SOCK_DGRAM, 0), in = packet(SOCK_RAW, PROTO), on = 1;
	char buf[64], control[128];
	struct iovec iov = { buf, 16 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c;
	struct tpacket_auxdata *aux;

	lo_up(true);
	CHECK_OK(setsockopt(in, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)));
	send_frame(out, "something");
	CHECK_EQ(recvmsg(in, &m, 0), 16);
	CHECK(m.msg_flags & MSG_TRUNC);
	c = CMSG_FIRSTHDR(&m);
	CHECK(c && c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA);
	aux = (void *)CMSG_DATA(c);
	CHECK(aux->tp_status & TP_STATUS_USER);
	CHECK_EQ(aux->tp_len, 23);
	CHECK_EQ(aux->tp_snaplen, 23);
	CHECK_EQ(aux->tp_net, 14);
}
CASE(down)
{
	int in = packet(SOCK_RAW, 0), out = packet(SOCK_DGRAM, 0);
	struct sockaddr_ll a = to_lo(PROTO);
	char c;

	lo_up(false);
	CHECK_ERR(sendto(out, "x", 1, 0, (void *)&a, sizeof(a)), ENETDOWN);
	CHECK_OK(bind(in, (void *)&a, sizeof(a)));
	CHECK_ERR(recv(in, &c, 1, 0), ENETDOWN);
	lo_up(true);
	lo_up(false);
	CHECK_ERR(recv(in, &c, 1, 0), ENETDOWN);
}
CASE(privilege)
{
	kt_become(1000, 1000);
	CHECK_ERR(socket(AF_PACKET, SOCK_RAW, htons(PROTO)), EPERM);
	CHECK_ERR(socket(AF_PACKET, SOCK_STREAM, 0), EPERM);
}
CASE(kinds)
{
	CHECK_ERR(socket(AF_PACKET, SOCK_STREAM, 0), ESOCKTNOSUPPORT);
	CHECK_ERR(recv(packet(SOCK_RAW, PROTO), NULL, 0, MSG_OOB), EINVAL);
}
