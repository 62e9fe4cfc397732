/* SPDX-License-Identifier: MPL-2.0 */
/* Rings of AF_PACKET on lo: versions 1 to 3, both ways, statistics, what is refused. */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include "ktest_user.h"

#define PROTO 0x88b5	/* for experiments */
#define BLOCK 4096
#define FRAME 2048
#define FRAMES 4
#define BLOCKS 2

static void lo_up(void)
{
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int s = CHECK_OK(socket(AF_UNIX, SOCK_DGRAM, 0));

	CHECK_OK(ioctl(s, SIOCSIFFLAGS, &r));
	close(s);
}
static int sock(int type, int proto)
{
	return CHECK_OK(socket(AF_PACKET, type, htons(proto)));
}
static void send_text(const char *text)
{
	struct sockaddr_ll a = { .sll_family = AF_PACKET, .sll_protocol = htons(PROTO), .sll_ifindex = 1, .sll_halen = 6 };
	int fd = sock(SOCK_DGRAM, 0);

	CHECK_EQ(sendto(fd, text, strlen(text), 0, (void *)&a, sizeof(a)), (long)strlen(text));
	close(fd);
}
static char *ring(int fd, int version, int opt)
{
	struct tpacket_req q = { BLOCK, BLOCKS, FRAME, FRAMES };
	char *p;

	CHECK_OK(setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)));
	CHECK_OK(setsockopt(fd, SOL_PACKET, opt, &q, sizeof(q)));
	p = mmap(NULL, BLOCK * BLOCKS, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	return p;
}
/* The other side writes it. */
static unsigned status(const void *frame)
{
	return __atomic_load_n(&((const struct tpacket2_hdr *)frame)->tp_status, __ATOMIC_ACQUIRE);
}
static bool readable(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1 && p.revents & POLLIN;
}
CASE(header_sizes)
{
	int fd = sock(SOCK_RAW, 0), v;
	const int want[] = { sizeof(struct tpacket_hdr), sizeof(struct tpacket2_hdr), sizeof(struct tpacket3_hdr) };
	socklen_t n;

	for (int i = 0; i < 3; i++) {
		v = i;
		n = sizeof(v);
		CHECK_OK(getsockopt(fd, SOL_PACKET, PACKET_HDRLEN, &v, &n));
		CHECK_EQ(v, want[i]);
	}
	v = 3;
	CHECK_ERR(getsockopt(fd, SOL_PACKET, PACKET_HDRLEN, &v, &n), EINVAL);
	CHECK_ERR(setsockopt(fd, SOL_PACKET, PACKET_VERSION, &v, sizeof(v)), EINVAL);
}
CASE(refused)
{
	int fd = sock(SOCK_RAW, 0), v = TPACKET_V2;
	struct tpacket_req q = { BLOCK, BLOCKS, FRAME, FRAMES }, bad;

	CHECK_OK(setsockopt(fd, SOL_PACKET, PACKET_VERSION, &v, sizeof(v)));
	CHECK(mmap(NULL, BLOCK, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EINVAL);
	bad = q, bad.tp_block_size = 1000;
	CHECK_ERR(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &bad, sizeof(bad)), EINVAL);
	bad = q, bad.tp_frame_size = 40;
	CHECK_ERR(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &bad, sizeof(bad)), EINVAL);
	bad = q, bad.tp_frame_size = 2040;
	CHECK_ERR(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &bad, sizeof(bad)), EINVAL);
	bad = q, bad.tp_frame_nr = 5;
	CHECK_ERR(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &bad, sizeof(bad)), EINVAL);
	bad = q, bad.tp_block_nr = 0;
	CHECK_ERR(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &bad, sizeof(bad)), EINVAL);
	CHECK_OK(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &q, sizeof(q)));
	CHECK_ERR(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &q, sizeof(q)), EBUSY);
	CHECK_ERR(setsockopt(fd, SOL_PACKET, PACKET_VERSION, &v, sizeof(v)), EBUSY);
	CHECK(mmap(NULL, BLOCK, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EINVAL);
	q.tp_block_nr = q.tp_frame_nr = 0;
	CHECK_OK(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &q, sizeof(q)));
	CHECK_OK(setsockopt(fd, SOL_PACKET, PACKET_VERSION, &v, sizeof(v)));
}
CASE(version_1)
{
	int fd;
	struct sockaddr_ll *from;
	struct tpacket_hdr *h;
	char *p;

	lo_up();
	fd = sock(SOCK_DGRAM, PROTO);
	p = ring(fd, TPACKET_V1, PACKET_RX_RING);
	CHECK(!readable(fd, 0));
	send_text("one");
	CHECK(readable(fd, kt_wait_ms()));
	h = (void *)p;
	CHECK(h->tp_status & TP_STATUS_USER);
	CHECK_EQ(h->tp_len, 3);
	CHECK_EQ(h->tp_snaplen, 3);
	CHECK_EQ(h->tp_mac, h->tp_net);
	CHECK(!memcmp(p + h->tp_mac, "one", 3));
	from = (void *)(p + TPACKET_ALIGN(sizeof(*h)));
	CHECK_EQ(from->sll_protocol, htons(PROTO));
	CHECK_EQ(from->sll_ifindex, 1);
	CHECK(h->tp_sec > 0);
	h->tp_status = TP_STATUS_KERNEL;
	CHECK(!readable(fd, 0));
}
CASE(version_2)
{
	struct tpacket_stats st = { 0 };
	unsigned packets = 0, drops = 0;
	socklen_t n = sizeof(st);
	struct tpacket2_hdr *h;
	int fd;
	char *p;

	lo_up();
	fd = sock(SOCK_RAW, PROTO);
	p = ring(fd, TPACKET_V2, PACKET_RX_RING);
	for (int i = 0; i < FRAMES + 2; i++)
		send_text(i % 2 ? "odd" : "even");
	for (int i = 0; i < FRAMES; i++) {
		h = (void *)(p + i * FRAME);
		AWAIT(status(h) & TP_STATUS_USER);
		CHECK_EQ(h->tp_len, 14 + (i % 2 ? 3 : 4));
		CHECK_EQ(h->tp_net - h->tp_mac, 14);
		CHECK_EQ(h->tp_net % 16, 0);
		CHECK(!memcmp((char *)h + h->tp_net, i % 2 ? "odd" : "even", 3));
	}
	/* Asked for, they begin anew. */
	AWAIT((getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &st, &n), packets += st.tp_packets, drops += st.tp_drops,
	       packets >= FRAMES + 2));
	CHECK_EQ(packets, FRAMES + 2);
	CHECK_EQ(drops, 2);
	h = (void *)p;
	h->tp_status = TP_STATUS_KERNEL;
	send_text("again");
	AWAIT(status(h) & TP_STATUS_USER);
	CHECK(!memcmp(p + h->tp_net, "again", 5));
}
CASE(version_3)
{
	struct tpacket_req3 q = { .tp_block_size = BLOCK, .tp_block_nr = BLOCKS, .tp_frame_size = FRAME, .tp_frame_nr = FRAMES,
		.tp_retire_blk_tov = 20, .tp_sizeof_priv = 16 };
	int fd, v = TPACKET_V3;
	struct tpacket_block_desc *b;
	unsigned packets = 0, drops = 0, freezes = 0;
	struct tpacket_stats_v3 st = { 0 };
	socklen_t n = sizeof(st);
	struct tpacket3_hdr *h;
	char *p;

	lo_up();
	fd = sock(SOCK_RAW, PROTO);
	CHECK_OK(setsockopt(fd, SOL_PACKET, PACKET_VERSION, &v, sizeof(v)));
	CHECK_OK(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &q, sizeof(q)));
	p = mmap(NULL, BLOCK * BLOCKS, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	send_text("first");
	send_text("second");
	CHECK(readable(fd, kt_wait_ms()));	/* the timer gives the block away */
	b = (void *)p;
	CHECK(b->hdr.bh1.block_status & TP_STATUS_USER);
	CHECK_GE(b->hdr.bh1.num_pkts, 1);
	CHECK_EQ(b->hdr.bh1.seq_num, 1);
	CHECK_EQ(b->offset_to_priv, 48);
	CHECK_EQ(b->hdr.bh1.offset_to_first_pkt, 64);
	h = (void *)(p + b->hdr.bh1.offset_to_first_pkt);
	CHECK_EQ(h->tp_len, 14 + 5);
	CHECK(!memcmp((char *)h + h->tp_net, "first", 5));
	if (b->hdr.bh1.num_pkts == 2) {
		h = (void *)((char *)h + h->tp_next_offset);
		CHECK(!memcmp((char *)h + h->tp_net, "second", 6));
		CHECK_EQ(h->tp_next_offset, 0);
	}
	/* Nobody gives the blocks back: packets are lost. */
	for (int i = 0; i < 200; i++)
		send_text("more and more of the same");
	AWAIT((getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &st, &n), packets += st.tp_packets, drops += st.tp_drops,
	       freezes += st.tp_freeze_q_cnt, packets >= 202));
	CHECK_EQ(n, sizeof(st));
	CHECK_EQ(packets, 202);
	CHECK_GE(drops, 1);
	CHECK_GE(freezes, 1);
}
CASE(sending)
{
	struct sockaddr_ll a = { .sll_family = AF_PACKET, .sll_protocol = htons(PROTO), .sll_ifindex = 1 };
	int tx, in;
	char *p, buf[100];

	lo_up();
	in = sock(SOCK_DGRAM, PROTO);
	tx = sock(SOCK_RAW, 0);
	p = ring(tx, TPACKET_V2, PACKET_TX_RING);
	CHECK_OK(bind(tx, (void *)&a, sizeof(a)));
	for (int i = 0; i < 2; i++) {
		struct tpacket2_hdr *h = (void *)(p + i * FRAME);
		char *data = (char *)h + TPACKET_ALIGN(sizeof(*h));

		memset(data, 0, 14);
		data[12] = (char)(PROTO >> 8);
		data[13] = (char)(PROTO & 255);
		memcpy(data + 14, i ? "two" : "one", 3);
		h->tp_len = 17;
		h->tp_status = TP_STATUS_SEND_REQUEST;
	}
	CHECK_EQ(send(tx, NULL, 0, 0), 34);
	CHECK_EQ(recv(in, buf, sizeof(buf), 0), 3);
	CHECK(!memcmp(buf, "one", 3));
	CHECK_EQ(recv(in, buf, sizeof(buf), 0), 3);
	CHECK(!memcmp(buf, "two", 3));
	AWAIT(status(p) == TP_STATUS_AVAILABLE);
	CHECK_EQ(send(tx, NULL, 0, 0), 0);
}
CASE(what_cannot_be_sent)
{
	struct sockaddr_ll a = { .sll_family = AF_PACKET, .sll_protocol = htons(PROTO), .sll_ifindex = 1 };
	int tx = sock(SOCK_RAW, 0), one = 1;
	struct tpacket2_hdr *h, *g;
	char *p;

	lo_up();
	p = ring(tx, TPACKET_V2, PACKET_TX_RING);
	CHECK_OK(bind(tx, (void *)&a, sizeof(a)));
	h = (void *)p;
	g = (void *)(p + FRAME);
	h->tp_len = FRAME;
	h->tp_status = TP_STATUS_SEND_REQUEST;
	CHECK_ERR(send(tx, NULL, 0, 0), EMSGSIZE);
	CHECK_EQ(h->tp_status, TP_STATUS_WRONG_FORMAT);
	/* It goes on where it stopped: with this frame. */
	h->tp_len = 60;
	g->tp_len = 60;
	h->tp_status = g->tp_status = TP_STATUS_SEND_REQUEST;
	CHECK_EQ(send(tx, NULL, 0, MSG_DONTWAIT), 120);
	AWAIT(status(h) == TP_STATUS_AVAILABLE);
	CHECK_ERR(setsockopt(tx, SOL_PACKET, PACKET_LOSS, &one, sizeof(one)), EBUSY);
	close(tx);
	CHECK_OK(munmap(p, BLOCK * BLOCKS));
	tx = sock(SOCK_RAW, 0);
	CHECK_OK(setsockopt(tx, SOL_PACKET, PACKET_LOSS, &one, sizeof(one)));
	p = ring(tx, TPACKET_V2, PACKET_TX_RING);
	CHECK_OK(bind(tx, (void *)&a, sizeof(a)));
	h = (void *)p;
	g = (void *)(p + FRAME);
	h->tp_len = FRAME;
	g->tp_len = 60;
	h->tp_status = g->tp_status = TP_STATUS_SEND_REQUEST;
	CHECK_EQ(send(tx, NULL, 0, 0), 60);
	AWAIT(status(h) == TP_STATUS_AVAILABLE);
	AWAIT(status(g) == TP_STATUS_AVAILABLE);
}
CASE(both_rings_in_one_mapping)
{
	struct sockaddr_ll a = { .sll_family = AF_PACKET, .sll_protocol = htons(PROTO), .sll_ifindex = 1 };
	struct tpacket_req q = { BLOCK, BLOCKS, FRAME, FRAMES }, none = { 0 };
	int fd = sock(SOCK_DGRAM, 0), v = TPACKET_V2;
	struct tpacket2_hdr *h;
	char *p;

	lo_up();
	CHECK_OK(setsockopt(fd, SOL_PACKET, PACKET_VERSION, &v, sizeof(v)));
	CHECK_OK(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &q, sizeof(q)));
	CHECK_OK(setsockopt(fd, SOL_PACKET, PACKET_TX_RING, &q, sizeof(q)));
	CHECK(mmap(NULL, BLOCK * BLOCKS, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EINVAL);
	p = mmap(NULL, 2 * BLOCK * BLOCKS, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	CHECK_OK(bind(fd, (void *)&a, sizeof(a)));
	h = (void *)(p + BLOCK * BLOCKS);
	memcpy((char *)h + TPACKET_ALIGN(sizeof(*h)), "there and back", 14);
	h->tp_len = 14;
	h->tp_status = TP_STATUS_SEND_REQUEST;
	CHECK_EQ(send(fd, NULL, 0, 0), 14);
	CHECK(readable(fd, kt_wait_ms()));
	h = (void *)p;
	CHECK(!memcmp(p + h->tp_mac, "there and back", 14));
	/* While it is mapped, also by a part or a child, the rings stay. */
	CHECK_ERR(setsockopt(fd, SOL_PACKET, PACKET_TX_RING, &none, sizeof(none)), EBUSY);
	CHECK_OK(munmap(p, BLOCK));
	CHECK_ERR(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &none, sizeof(none)), EBUSY);
	CHECK_OK(munmap(p + BLOCK, 2 * BLOCK * BLOCKS - BLOCK));
	CHECK_OK(setsockopt(fd, SOL_PACKET, PACKET_TX_RING, &none, sizeof(none)));
	CHECK_OK(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &none, sizeof(none)));
	CHECK(mmap(NULL, BLOCK, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EINVAL);
}
CASE(version_3_refuses)
{
	struct tpacket_req3 bad, q = { .tp_block_size = BLOCK, .tp_block_nr = BLOCKS, .tp_frame_size = FRAME,
		.tp_frame_nr = FRAMES };
	int fd = sock(SOCK_RAW, 0), v = TPACKET_V3;

	CHECK_OK(setsockopt(fd, SOL_PACKET, PACKET_VERSION, &v, sizeof(v)));
	CHECK_ERR(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &q, 16), EINVAL);
	bad = q, bad.tp_sizeof_priv = BLOCK - 60;
	CHECK_ERR(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &bad, sizeof(bad)), EINVAL);
	bad = q, bad.tp_retire_blk_tov = 10;
	CHECK_ERR(setsockopt(fd, SOL_PACKET, PACKET_TX_RING, &bad, sizeof(bad)), EINVAL);
	CHECK_OK(setsockopt(fd, SOL_PACKET, PACKET_TX_RING, &q, sizeof(q)));
}
/* A socket that is bound to a device which goes down is told, and hears again when it is up. */
CASE(device_down_and_up)
{
	struct sockaddr_ll a = { .sll_family = AF_PACKET, .sll_protocol = htons(PROTO), .sll_ifindex = 1 };
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = 0 };
	int fd = sock(SOCK_DGRAM, 0), s = CHECK_OK(socket(AF_UNIX, SOCK_DGRAM, 0));
	char buf[20];

	lo_up();
	CHECK_OK(bind(fd, (void *)&a, sizeof(a)));
	CHECK_OK(ioctl(s, SIOCSIFFLAGS, &r));
	CHECK_ERR(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), ENETDOWN);
	CHECK_ERR(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
	CHECK_OK(bind(fd, (void *)&a, sizeof(a)));
	lo_up();
	send_text("up again");
	CHECK_EQ(recv(fd, buf, sizeof(buf), 0), 8);
}
