/* SPDX-License-Identifier: MPL-2.0 */
/* PACKET_VNET_HDR on lo: what is left to do of checksums and segments, told to readers and by senders; rings too. */
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <linux/virtio_net.h>
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

	while (poll(&p, 1, 1000) == 1) {
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

/* Frames with addresses of loopback that no socket of IP sent. */
static void believe_loopback(void)
{
	static const char *const files[] = { "/proc/sys/net/ipv4/conf/lo/route_localnet",
		"/proc/sys/net/ipv4/conf/lo/accept_local" };

	for (int i = 0; i < 2; i++) {
		int fd = CHECK_OK(open(files[i], O_WRONLY));

		CHECK_EQ(write(fd, "1", 1), 1);
		close(fd);
	}
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
	believe_loopback();
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
	struct pollfd p;
	char *m;

	lo_up();
	believe_loopback();
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
		p = (struct pollfd){ .fd = s, .events = POLLIN };
		CHECK_EQ(poll(&p, 1, 1000), 1);
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
}
