/* SPDX-License-Identifier: MPL-2.0 */
/* PACKET_VNET_HDR on lo: what is left to do of checksums and segments, told to readers and by senders; rings too. */
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <linux/virtio_net.h>
#include <net/route.h>
#include <poll.h>
#include <sys/mman.h>
#include "inet.h"

#ifndef SOL_PACKET
#define SOL_PACKET 263
#endif

struct frame {
	struct virtio_net_hdr h;
	unsigned char eth[14], ip[20], l4[20], data[8000];
} __attribute__((packed));

static int set(int fd, int opt, int v) { return setsockopt(fd, SOL_PACKET, opt, &v, sizeof(v)); }

static int tap(int vnet)
{
	struct sockaddr_ll a = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = 1 };
	int s = CHECK_OK(socket(AF_PACKET, SOCK_RAW, 0));

	if (vnet)
		CHECK_OK(set(s, PACKET_VNET_HDR, 1));
	CHECK_OK(bind(s, (void *)&a, sizeof(a)));
	return s;
}

/* The next frame that came in, of this protocol and to this port; its length with the header, 0: none. */
static int incoming(int s, int proto, int port, struct frame *f)
{
	struct pollfd p = { .fd = s, .events = POLLIN };

	while (poll(&p, 1, kt_wait_ms()) == 1) {
		struct sockaddr_ll from;
		socklen_t len = sizeof(from);
		int n = CHECK_OK((int)recvfrom(s, f, sizeof(*f), MSG_TRUNC, (void *)&from, &len));

		if (from.sll_pkttype == PACKET_HOST && f->ip[9] == proto && (f->l4[2] << 8 | f->l4[3]) == port)
			return n;
	}
	return 0;
}

static unsigned sum(const void *p, int n, unsigned s)
{
	const unsigned char *b = p;

	for (int i = 0; i + 1 < n; i += 2)
		s += (unsigned)(b[i] << 8 | b[i + 1]);
	if (n & 1)
		s += (unsigned)b[n - 1] << 8;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return s;
}

static void put16(unsigned char *p, unsigned v)
{
	p[0] = (unsigned char)(v >> 8);
	p[1] = (unsigned char)v;
}

/* Headers of a packet to 127.0.0.1 with n bytes of data; the sum of addresses stands where the checksum goes. */
static int build(struct frame *f, int proto, int port, int n)
{
	int l4 = proto == IPPROTO_UDP ? 8 : 20, len = 20 + l4 + n;
	unsigned char *data = f->l4 + l4;

	memset(f, 0, sizeof(f->h) + 34 + 20);
	f->eth[12] = 8;
	f->ip[0] = 0x45;
	put16(f->ip + 2, (unsigned)len);
	put16(f->ip + 4, 77);
	f->ip[8] = 64;
	f->ip[9] = (unsigned char)proto;
	f->ip[12] = f->ip[16] = 127;
	f->ip[15] = f->ip[19] = 1;
	put16(f->ip + 10, ~sum(f->ip, 20, 0) & 0xffff);
	put16(f->l4, 4000);
	put16(f->l4 + 2, (unsigned)port);
	if (proto == IPPROTO_UDP) {
		put16(f->l4 + 4, (unsigned)(8 + n));
	} else {
		f->l4[12] = 5 << 4;
		f->l4[13] = 0x18;	/* ACK, PSH */
	}
	put16(f->l4 + (proto == IPPROTO_UDP ? 6 : 16), sum(f->ip + 12, 8, (unsigned)(proto + l4 + n)));
	for (int i = 0; i < n; i++)
		data[i] = (unsigned char)i;
	f->h.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	f->h.csum_start = 34;
	f->h.csum_offset = proto == IPPROTO_UDP ? 6 : 16;
	return (int)sizeof(f->h) + 14 + len;
}

static int send_it(int s, const void *f, int n)
{
	struct sockaddr_ll a = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = 1, .sll_halen = 6 };

	return (int)sendto(s, f, (size_t)n, 0, (void *)&a, sizeof(a));
}

static struct frame f;

static void set_file(const char *path, int v)
{
	int fd = CHECK_OK(open(path, O_WRONLY));

	CHECK_EQ(write(fd, v ? "1" : "0", 1), 1);
	close(fd);
}

/* Frames with addresses of loopback that no socket of IP sent. */
static void believe_loopback(int on)
{
	set_file("/proc/sys/net/ipv4/conf/lo/route_localnet", on);
	set_file("/proc/sys/net/ipv4/conf/lo/accept_local", on);
}

CASE(option)
{
	struct tpacket_req r = { .tp_block_size = 4096, .tp_block_nr = 1, .tp_frame_size = 2048, .tp_frame_nr = 2 };
	socklen_t len = sizeof(int);
	int s, v = 9;

	s = CHECK_OK(socket(AF_PACKET, SOCK_DGRAM, 0));
	CHECK_ERR(set(s, PACKET_VNET_HDR, 1), EINVAL);
	s = CHECK_OK(socket(AF_PACKET, SOCK_RAW, 0));
	CHECK_ERR(setsockopt(s, SOL_PACKET, PACKET_VNET_HDR, &v, 2), EINVAL);
	CHECK_OK(getsockopt(s, SOL_PACKET, PACKET_VNET_HDR, &v, &len));
	CHECK_EQ(v, 0);
	CHECK_OK(set(s, PACKET_VNET_HDR, 5));
	CHECK_OK(getsockopt(s, SOL_PACKET, PACKET_VNET_HDR, &v, &len));
	CHECK_EQ(v, 1);
	CHECK_OK(setsockopt(s, SOL_PACKET, PACKET_RX_RING, &r, sizeof(r)));
	CHECK_ERR(set(s, PACKET_VNET_HDR, 0), EBUSY);
}

CASE(received)
{
	static char big[20000];
	int port, in, out, s, fd[2], n, mss = 1000, cut = 0;
	char small[40];
	lo_sa to;

	lo_up();
	s = tap(1);
	in = lo_sock(SOCK_DGRAM, &port);
	to = lo_addr(port);
	out = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	CHECK_EQ(sendto(out, "hello", 5, 0, (void *)&to, sizeof(to)), 5);
	CHECK_EQ(incoming(s, IPPROTO_UDP, port, &f), (int)sizeof(f.h) + 14 + 28 + 5);
	CHECK_EQ(f.h.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	CHECK_EQ(f.h.csum_start, 34);
	CHECK_EQ(f.h.csum_offset, 6);
	CHECK_EQ(f.h.gso_type | f.h.gso_size | f.h.hdr_len, 0);
	CHECK_EQ(sum(f.ip + 12, 8, IPPROTO_UDP + 13), (unsigned)(f.l4[6] << 8 | f.l4[7]));
	/* Too little room for the header: the frame is lost. */
	CHECK_EQ(sendto(out, "hello", 5, 0, (void *)&to, sizeof(to)), 5);
	CHECK_ERR(recv(s, small, 9, 0), EINVAL);
	while (recv(s, small, sizeof(small), MSG_DONTWAIT) >= 0)
		;
	CHECK_EQ(sendto(out, "hello", 5, 0, (void *)&to, sizeof(to)), 5);
	n = CHECK_OK((int)recv(s, small, sizeof(small), 0));
	CHECK_EQ(n, 40);
	while (recv(s, small, sizeof(small), MSG_DONTWAIT) >= 0)
		;
	/* A burst of TCP, in one frame. */
	in = lo_sock(SOCK_STREAM, &port);
	CHECK_OK(listen(in, 1));
	fd[0] = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	CHECK_OK(setsockopt(fd[0], SOL_TCP, TCP_MAXSEG, &mss, sizeof(mss)));
	to = lo_addr(port);
	CHECK_OK(connect(fd[0], (void *)&to, sizeof(to)));
	fd[1] = CHECK_OK(accept(in, NULL, NULL));
	CHECK_EQ(send(fd[0], big, sizeof(big), 0), (long)sizeof(big));
	for (int i = 0; i < 40 && !cut; i++) {
		n = incoming(s, IPPROTO_TCP, port, &f);
		CHECK(n > 0);
		CHECK_EQ(f.h.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
		CHECK_EQ(f.h.csum_start, 34);
		CHECK_EQ(f.h.csum_offset, 16);
		if (f.h.gso_type == VIRTIO_NET_HDR_GSO_NONE) {
			CHECK_EQ(f.h.gso_size, 0);
			continue;
		}
		cut = 1;
		CHECK_EQ(f.h.gso_type, VIRTIO_NET_HDR_GSO_TCPV4);
		CHECK(f.h.gso_size > 900 && f.h.gso_size <= 1000);
		CHECK(f.h.hdr_len >= 14 + 20 + 20);
		CHECK(n > (int)sizeof(f.h) + 14 + 20 + 20 + f.h.gso_size);
	}
	CHECK(cut);
}

CASE(sent)
{
	int port, in, s, n;
	unsigned char got[100];

	lo_up();
	believe_loopback(1);
	s = CHECK_OK(socket(AF_PACKET, SOCK_RAW, 0));
	CHECK_OK(set(s, PACKET_VNET_HDR, 1));
	in = lo_sock(SOCK_DGRAM, &port);
	n = build(&f, IPPROTO_UDP, port, 30);
	CHECK_EQ(send_it(s, &f, n), n);
	CHECK_EQ(recv(in, got, sizeof(got), 0), 30);
	CHECK(!memcmp(got, f.l4 + 8, 30));
	/* Without the flag what stands there is the checksum: it is wrong. */
	f.h.flags = 0;
	CHECK_EQ(send_it(s, &f, n), n);
	/* No header at all; one that claims more than there is; what nobody knows. */
	CHECK_ERR(send_it(s, &f, 9), EINVAL);
	f.h = (struct virtio_net_hdr){ .hdr_len = (unsigned short)(n - 9) };
	CHECK_ERR(send_it(s, &f, n), EINVAL);
	f.h = (struct virtio_net_hdr){ .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 60, .csum_offset = 60 };
	CHECK_ERR(send_it(s, &f, n), EINVAL);
	f.h = (struct virtio_net_hdr){ .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 65535, .csum_offset = 65535 };
	CHECK_ERR(send_it(s, &f, n), EINVAL);
	f.h = (struct virtio_net_hdr){ .gso_type = 99, .gso_size = 10 };
	CHECK_ERR(send_it(s, &f, n), EINVAL);
	f.h = (struct virtio_net_hdr){ .gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.csum_start = 34, .csum_offset = 16 };
	CHECK_ERR(send_it(s, &f, n), EINVAL);	/* segments of nothing */
	CHECK_ERR(recv(in, got, sizeof(got), MSG_DONTWAIT), EAGAIN);
	believe_loopback(0);
}

static void tso(int on)
{
	struct ethtool_value v = { .cmd = ETHTOOL_STSO, .data = (unsigned)on };
	struct ifreq r = { .ifr_name = "lo", .ifr_data = (void *)&v };
	int s = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));

	CHECK_OK(ioctl(s, SIOCETHTOOL, &r));
	close(s);
}

CASE(segments)
{
	int s, in, n;

	lo_up();
	s = CHECK_OK(socket(AF_PACKET, SOCK_RAW, 0));
	CHECK_OK(set(s, PACKET_VNET_HDR, 1));
	in = tap(1);
	n = build(&f, IPPROTO_TCP, 9, 4500);
	f.h.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	f.h.gso_size = 1000;
	f.h.hdr_len = 54;
	CHECK_EQ(send_it(s, &f, n), n);
	memset(&f, 0, sizeof(f));
	CHECK_EQ(incoming(in, IPPROTO_TCP, 9, &f), n);
	CHECK_EQ(f.h.gso_type, VIRTIO_NET_HDR_GSO_TCPV4);
	CHECK_EQ(f.h.gso_size, 1000);
	CHECK_EQ(f.h.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	CHECK_EQ(f.h.csum_start, 34);
	/* A device that cuts nothing gets five frames. */
	tso(0);
	for (int with_sum = 0; with_sum < 2; with_sum++) {
		unsigned at = 0;

		n = build(&f, IPPROTO_TCP, 9, 4500);
		f.h.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
		f.h.gso_size = 1000;
		f.h.hdr_len = 54;
		if (!with_sum)
			f.h.flags = 0, f.h.csum_start = f.h.csum_offset = 0;
		CHECK_EQ(send_it(s, &f, n), n);
		for (unsigned i = 0; i < 5; i++) {
			unsigned part = i < 4 ? 1000 : 500;

			CHECK_EQ(incoming(in, IPPROTO_TCP, 9, &f), (int)sizeof(f.h) + 54 + (int)part);
			CHECK_EQ(f.h.gso_type, 0);
			CHECK_EQ((unsigned)(f.ip[2] << 8 | f.ip[3]), 40 + part);
			CHECK_EQ((unsigned)(f.ip[4] << 8 | f.ip[5]), 77 + i);
			CHECK_EQ(sum(f.ip, 20, 0), 0xffff);
			CHECK_EQ((unsigned)(f.l4[6] << 8 | f.l4[7]), at);
			CHECK_EQ(f.l4[13], i < 4 ? 0x10 : 0x18);
			CHECK_EQ(f.data[1], (unsigned char)(at + 1));
			/* Whole, or with the rest to be added. */
			if (f.h.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
				CHECK_EQ(sum(f.ip + 12, 8, 6 + 20 + part), (unsigned)(f.l4[16] << 8 | f.l4[17]));
			else
				CHECK_EQ(sum(f.l4, 20 + (int)part, sum(f.ip + 12, 8, 6 + 20 + part)), 0xffff);
			at += part;
		}
	}
	tso(1);
}

CASE(rings)
{
	struct tpacket_req r = { .tp_block_size = 8192, .tp_block_nr = 1, .tp_frame_size = 4096, .tp_frame_nr = 2 };
	struct sockaddr_ll a = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = 1 };
	struct virtio_net_hdr *h;
	struct tpacket2_hdr *t;
	int port, in, s, out, n, plain;
	unsigned char got[100];
	unsigned net = 0;
	char *m;

	lo_up();
	believe_loopback(1);
	for (int vnet = 0; vnet < 2; vnet++) {
		s = CHECK_OK(socket(AF_PACKET, SOCK_RAW, 0));
		CHECK_OK(set(s, PACKET_VERSION, TPACKET_V2));
		CHECK_OK(set(s, PACKET_VNET_HDR, vnet));
		CHECK_OK(setsockopt(s, SOL_PACKET, PACKET_RX_RING, &r, sizeof(r)));
		m = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, s, 0);
		CHECK(m != MAP_FAILED);
		CHECK_OK(bind(s, (void *)&a, sizeof(a)));
		in = lo_sock(SOCK_DGRAM, &port);
		plain = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
		CHECK_EQ(sendto(plain, "hello", 5, 0, (void *)&(lo_sa[]){ lo_addr(port) }, sizeof(lo_sa)), 5);
		CHECK_EQ(WAIT_EVENTS(s, POLLIN), POLLIN);
		t = (void *)m;
		CHECK(t->tp_status & TP_STATUS_USER);
		CHECK_EQ(t->tp_len, 14 + 28 + 5);
		if (!vnet)
			net = t->tp_net;
		else
			CHECK_EQ(t->tp_net, net + 10);
		CHECK_EQ(t->tp_net, t->tp_mac + 14);
		if (vnet) {
			h = (void *)(m + t->tp_mac - 10);
			CHECK_EQ(h->flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
			CHECK_EQ(h->csum_start, 34);
			CHECK_EQ(h->csum_offset, 6);
		}
		close(s);
	}
	/* To send. */
	out = CHECK_OK(socket(AF_PACKET, SOCK_RAW, 0));
	CHECK_OK(set(out, PACKET_VERSION, TPACKET_V2));
	CHECK_OK(set(out, PACKET_VNET_HDR, 1));
	CHECK_OK(setsockopt(out, SOL_PACKET, PACKET_TX_RING, &r, sizeof(r)));
	m = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, out, 0);
	CHECK(m != MAP_FAILED);
	n = build(&f, IPPROTO_UDP, port, 30);
	memcpy(m + TPACKET2_HDRLEN - sizeof(struct sockaddr_ll), &f, (size_t)n);
	t = (void *)m;
	t->tp_len = (unsigned)n;
	t->tp_status = TP_STATUS_SEND_REQUEST;
	CHECK_EQ(recv(in, got, sizeof(got), 0), 5);
	CHECK_OK(send_it(out, NULL, 0));
	CHECK_EQ(recv(in, got, sizeof(got), 0), 30);
	CHECK(!memcmp(got, f.l4 + 8, 30));
	believe_loopback(0);
}

/* A checksum that would be written over the head of IP: nobody falls over it, also where fragments are joined. */
CASE(sum_in_the_head)
{
	static const unsigned char at[][2] = {
		{ 0, 0 }, { 14, 0 }, { 14, 2 }, { 14, 4 }, { 14, 6 }, { 14, 10 }, { 13, 1 }, { 33, 0 },
	};
	int s, in, n, port;
	char got[64];

	lo_up();
	believe_loopback(1);
	s = CHECK_OK(socket(AF_PACKET, SOCK_RAW, 0));
	CHECK_OK(set(s, PACKET_VNET_HDR, 1));
	in = lo_sock(SOCK_DGRAM, &port);
	for (unsigned i = 0; i < 8 * sizeof(at) / sizeof(at[0]); i++) {
		n = build(&f, IPPROTO_UDP, port, 8);
		put16(f.ip + 4, i);
		put16(f.ip + 6, i & 1 ? 0x2000 : 2);	/* the first piece or the last, other words each time */
		put16(f.ip + 10, 0);
		put16(f.ip + 10, ~sum(f.ip, 20, 0) & 0xffff);
		memset(f.l4 + 8, (int)(i * 37), 8);
		f.h.csum_start = at[i / 8][0];
		f.h.csum_offset = at[i / 8][1];
		(void)send_it(s, &f, n);
	}
	n = build(&f, IPPROTO_UDP, port, 30);
	CHECK_EQ(send_it(s, &f, n), n);
	CHECK_EQ(recv(in, got, sizeof(got), 0), 30);
	CHECK_ERR(recv(in, got, sizeof(got), MSG_DONTWAIT), EAGAIN);
	believe_loopback(0);
}

/* lo's feature by its name. */
static void feature(const char *name, int on)
{
	struct { struct ethtool_sset_info h; unsigned n; } info =
		{ .h = { .cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1 << ETH_SS_FEATURES } };
	struct { struct ethtool_gstrings h; char text[128][ETH_GSTRING_LEN]; } g = { .h = { .cmd = ETHTOOL_GSTRINGS } };
	struct { struct ethtool_sfeatures h; struct ethtool_set_features_block b[4]; } v =
		{ .h = { .cmd = ETHTOOL_SFEATURES } };
	struct ifreq r = { .ifr_name = "lo", .ifr_data = (void *)&info };
	int s = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	unsigned i;

	CHECK_OK(ioctl(s, SIOCETHTOOL, &r));
	CHECK(info.n <= 128);
	g.h.string_set = ETH_SS_FEATURES;
	g.h.len = info.n;
	r.ifr_data = (void *)&g;
	CHECK_OK(ioctl(s, SIOCETHTOOL, &r));
	for (i = 0; i < info.n && strcmp(g.text[i], name); i++)
		;
	CHECK(i < info.n);
	v.h.size = (info.n + 31) / 32;
	v.b[i / 32].valid = 1u << i % 32;
	v.b[i / 32].requested = on ? 1u << i % 32 : 0;
	r.ifr_data = (void *)&v;
	CHECK_EQ(ioctl(s, SIOCETHTOOL, &r), 0);
	close(s);
}

/* A burst that begins with CWR stays whole only where the device knows that the rest of it may not have it. */
CASE(congestion_marks)
{
	int s, in, n;

	lo_up();
	s = CHECK_OK(socket(AF_PACKET, SOCK_RAW, 0));
	CHECK_OK(set(s, PACKET_VNET_HDR, 1));
	in = tap(1);
	for (int whole = 1; whole >= 0; whole--) {
		feature("tx-tcp-ecn-segmentation", whole);
		n = build(&f, IPPROTO_TCP, 9, 2500);
		f.l4[13] = 0x90;	/* CWR, ACK */
		f.h.gso_type = VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN;
		f.h.gso_size = 1000;
		f.h.hdr_len = 54;
		CHECK_EQ(send_it(s, &f, n), n);
		for (int i = 0; i < (whole ? 1 : 3); i++) {
			CHECK_EQ(incoming(in, IPPROTO_TCP, 9, &f), whole ? n : (int)sizeof(f.h) + 54 + (i < 2 ? 1000 : 500));
			CHECK_EQ(f.h.gso_type, whole ? VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN : 0);
			CHECK_EQ(f.l4[13], i ? 0x10 : 0x90);
		}
	}
	feature("tx-tcp-ecn-segmentation", 1);
}

/* Segments of TCP behind another header of IPv6; and what is not TCP there, whatever its sender says. */
CASE(behind_options)
{
	struct sockaddr_ll a = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IPV6), .sll_ifindex = 1, .sll_halen = 6 };
	unsigned char *p = (unsigned char *)&f, *ip = p + 24, *l4 = ip + 48;
	int s, in, n = 10 + 14 + 48 + 20 + 2000, seen = 0;
	struct pollfd pf;

	lo_up();
	s = CHECK_OK(socket(AF_PACKET, SOCK_RAW, 0));
	CHECK_OK(set(s, PACKET_VNET_HDR, 1));
	in = CHECK_OK(socket(AF_PACKET, SOCK_RAW, 0));
	CHECK_OK(set(in, PACKET_VNET_HDR, 1));
	CHECK_OK(bind(in, (void *)&a, sizeof(a)));
	memset(p, 0, (size_t)n);
	f.h = (struct virtio_net_hdr){ .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .gso_type = VIRTIO_NET_HDR_GSO_TCPV6, .hdr_len = 82,
		.gso_size = 500, .csum_start = 62, .csum_offset = 16 };
	put16(p + 22, ETH_P_IPV6);
	ip[0] = 0x60;
	put16(ip + 4, 8 + 20 + 2000);
	ip[6] = 60;			/* options for the destination: none */
	ip[7] = 64;
	ip[23] = ip[39] = 1;
	ip[42] = 1;
	ip[43] = 4;
	put16(l4 + 2, 9);
	l4[12] = 5 << 4;
	l4[13] = 0x10;
	ip[40] = IPPROTO_ICMPV6;	/* EINVAL; Linux drops it later */
	CHECK_EQ(sendto(s, p, (size_t)n, 0, (void *)&a, sizeof(a)), -1);
	ip[40] = IPPROTO_TCP;
	CHECK_EQ(sendto(s, p, (size_t)n, 0, (void *)&a, sizeof(a)), n);
	pf = (struct pollfd){ .fd = in, .events = POLLIN };
	while (!seen && poll(&pf, 1, kt_wait_ms()) == 1) {
		int len = CHECK_OK((int)recv(in, p, sizeof(f), MSG_TRUNC));

		if (ip[6] != 60)
			continue;
		seen = 1;
		CHECK_EQ(ip[40], IPPROTO_TCP);
		CHECK_EQ(len, n);
		CHECK_EQ(f.h.gso_type, VIRTIO_NET_HDR_GSO_TCPV6);
		CHECK_EQ(f.h.gso_size, 500);
	}
	CHECK(seen);
}

/* --- what was joined and is sent on --- */

#define ROUTED	"\x0a\x63\0\1"	/* 10.99.0.1, behind lo */

static void route_by_lo(int there)
{
	struct rtentry r = { .rt_flags = RTF_UP, .rt_dev = "lo" };
	struct sockaddr_in *a = (void *)&r.rt_dst, *m = (void *)&r.rt_genmask;
	int s = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));

	a->sin_family = m->sin_family = AF_INET;
	a->sin_addr.s_addr = htonl(0x0a630000);
	m->sin_addr.s_addr = htonl(0xffff0000);
	CHECK_OK(ioctl(s, there ? SIOCADDRT : SIOCDELRT, &r));
	close(s);
}

static int lo_mtu(int mtu)
{
	struct ifreq r = { .ifr_name = "lo" };
	int s = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0)), was;

	CHECK_OK(ioctl(s, SIOCGIFMTU, &r));
	was = r.ifr_mtu;
	r.ifr_mtu = mtu;
	CHECK_OK(ioctl(s, SIOCSIFMTU, &r));
	close(s);
	return was;
}

/* TCP to 10.99.0.1 that has two stations before it. Where it comes from there is no way to: no errors come by. */
static int build_routed(int port, int n, int df)
{
	int len = build(&f, IPPROTO_TCP, port, n);

	memcpy(f.ip + 12, "\x0a\x62\0\2", 4);
	memcpy(f.ip + 16, ROUTED, 4);
	f.ip[6] = df ? 0x40 : 0;
	f.ip[8] = 2;
	put16(f.ip + 10, 0);
	put16(f.ip + 10, ~sum(f.ip, 20, 0) & 0xffff);
	put16(f.l4 + 16, sum(f.ip + 12, 8, (unsigned)(IPPROTO_TCP + 20 + n)));
	return len;
}

/* The next one that was sent on, as it comes in again; bytes of its IP packet. */
static int sent_on(int in)
{
	struct pollfd p = { .fd = in, .events = POLLIN };

	while (poll(&p, 1, kt_wait_ms()) == 1) {
		struct sockaddr_ll from;
		socklen_t len = sizeof(from);

		CHECK_OK((int)recvfrom(in, &f, sizeof(f), MSG_TRUNC, (void *)&from, &len));
		if (from.sll_pkttype == PACKET_HOST && !memcmp(f.ip + 16, ROUTED, 4) && f.ip[8] == 1)
			return f.ip[2] << 8 | f.ip[3];
	}
	FAIL("nothing was sent on");
}

CASE(sent_on_in_pieces)
{
	static const int want[] = { 20 + 1256, 20 + 764, 20 + 1256, 20 + 764, 20 + 1020 };
	unsigned tcp = 0;
	int s, in, n, was;

	lo_up();
	set_file("/proc/sys/net/ipv4/ip_forward", 1);
	route_by_lo(1);
	was = lo_mtu(1280);
	s = CHECK_OK(socket(AF_PACKET, SOCK_RAW, 0));
	CHECK_OK(set(s, PACKET_VNET_HDR, 1));
	in = tap(1);
	/* Segments of 2000: each is a packet of its own, and may be cut for an MTU of 1280. */
	n = build_routed(9, 5000, 0);
	f.h.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	f.h.gso_size = 2000;
	f.h.hdr_len = 54;
	CHECK_EQ(send_it(s, &f, n), n);
	for (int i = 0; i < 5; i++) {
		int len = sent_on(in), off = (f.ip[6] & 31) << 8 | f.ip[7];

		CHECK_EQ(len, want[i]);
		CHECK_EQ(f.h.gso_type, 0);
		CHECK_EQ(f.ip[4] << 8 | f.ip[5], 77 + i / 2);
		CHECK_EQ(off * 8, i == 1 || i == 3 ? 1256 : 0);
		CHECK_EQ(f.ip[6] >> 5, i == 0 || i == 2 ? 1 : 0);
		CHECK_EQ(sum(f.ip, 20, 0), 0xffff);
		if (i == 4)
			break;
		/* The sum of TCP over both pieces. */
		tcp = off ? tcp : sum(f.ip + 12, 8, IPPROTO_TCP + 20 + 2000);
		tcp = sum(f.l4, len - 20, tcp);
		if (off)
			CHECK_EQ(tcp, 0xffff);
	}
	/* None of it may be cut: it stays here, and the next one is sent on. */
	n = build_routed(9, 5000, 1);
	f.h.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	f.h.gso_size = 2000;
	f.h.hdr_len = 54;
	CHECK_EQ(send_it(s, &f, n), n);
	/* Whole, where each segment fits. */
	n = build_routed(10, 5000, 1);
	f.h.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	f.h.gso_size = 1000;
	f.h.hdr_len = 54;
	CHECK_EQ(send_it(s, &f, n), n);
	CHECK_EQ(sent_on(in), 5040);
	CHECK_EQ(f.l4[3], 10);
	CHECK_EQ(f.h.gso_type, VIRTIO_NET_HDR_GSO_TCPV4);
	CHECK_EQ(f.h.gso_size, 1000);
	lo_mtu(was);
	route_by_lo(0);
	set_file("/proc/sys/net/ipv4/ip_forward", 0);
}

/* --- nonsense --- */

static unsigned long long chance = 88172645463325252ull;
static unsigned below(unsigned n)
{
	chance ^= chance << 13, chance ^= chance >> 7, chance ^= chance << 17;
	return (unsigned)(chance >> 33) % n;
}

static int any_frame(void)
{
	static const unsigned char types[] = { 0, 1, 4, 1, 4, 3, 5, 0x81, 0x84, 0x80, 0xff };
	unsigned char *whole = (unsigned char *)&f;
	int proto = below(3) ? IPPROTO_TCP : IPPROTO_UDP, n = build(&f, proto, 9, (int)below(below(2) ? 100 : 7000));

	f.h.flags = (unsigned char)(below(8) ? below(4) : below(256));
	f.h.gso_type = types[below(sizeof(types))];
	f.h.gso_size = (unsigned short)(below(4) ? 100 + below(2000) : below(65536));
	f.h.hdr_len = (unsigned short)below(100);
	if (below(2))
		f.h.csum_start = (unsigned short)(below(8) ? below(80) : below(65536));
	if (!below(3))
		f.h.csum_offset = (unsigned short)(below(8) ? below(30) : below(65536));
	if (!below(3)) {
		memcpy(f.ip + 12, "\x0a\x63\0\2", 4);
		memcpy(f.ip + 16, ROUTED, 4);
		f.ip[8] = (unsigned char)(1 + below(3));
	}
	if (!below(3)) {
		f.ip[6] = (unsigned char)(below(3) ? 0x20 : below(256));
		f.ip[7] = (unsigned char)below(8);
		put16(f.ip + 4, below(4));
	}
	if (!below(8))
		f.ip[0] = (unsigned char)(0x40 + 5 + below(11));
	if (!below(8))
		f.l4[12] = (unsigned char)below(256);
	if (!below(16))
		put16(f.ip + 2, below(8000));
	if (!below(6)) {
		f.eth[12] = 0x86;
		f.eth[13] = 0xdd;
		f.ip[0] = 0x60;
		put16(f.ip + 4, (unsigned)n - 10 - 14 - 40);
		f.ip[6] = (unsigned char)(below(2) ? proto : below(3) ? 44 : 0);
		f.ip[7] = 2;
		memset(whole + 32, 0, 32);
		whole[24 + 23] = whole[24 + 39] = 1;
	}
	for (int i = below(6) ? 0 : 3; i; i--)
		whole[10 + below(80)] = (unsigned char)below(256);
	if (below(16)) {
		put16(f.ip + 10, 0);
		put16(f.ip + 10, ~sum(f.ip, (f.ip[0] & 15) * 4, 0) & 0xffff);
	}
	return below(8) ? n : (int)below((unsigned)n);
}

CASE(nonsense)
{
	int s, in, out, taken = 0, port, n;
	char got[64];

	lo_up();
	believe_loopback(1);
	set_file("/proc/sys/net/ipv4/ip_forward", 1);
	route_by_lo(1);
	s = CHECK_OK(socket(AF_PACKET, SOCK_RAW, 0));
	CHECK_OK(set(s, PACKET_VNET_HDR, 1));
	in = tap(1);
	for (int i = 0; i < 6000; i++) {
		if (i % 1000 == 0)
			tso(i / 1000 & 1);
		n = any_frame();
		taken += send_it(s, &f, n) == n;
		while (i % 16 == 0 && recv(in, &f, sizeof(f), MSG_DONTWAIT) >= 0)
			;
	}
	CHECK(taken > 500 && taken < 5900);
	tso(1);
	out = lo_sock(SOCK_DGRAM, &port);
	n = build(&f, IPPROTO_UDP, port, 30);
	CHECK_EQ(send_it(s, &f, n), n);
	CHECK_EQ(recv(out, got, sizeof(got), 0), 30);
	CHECK(!memcmp(got, f.l4 + 8, 30));
	believe_loopback(0);
	route_by_lo(0);
	set_file("/proc/sys/net/ipv4/ip_forward", 0);
}
