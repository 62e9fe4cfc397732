/* SPDX-License-Identifier: MPL-2.0 */
/* PACKET_RX_RING as libpcap uses it: version 2, frames of lo in shared memory. */
#include "inet.h"
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <sys/mman.h>

#define BLOCK	16384u
#define FRAME	2048u
#define NR	32u

static unsigned state(unsigned char *ring, unsigned i)
{
	return __atomic_load_n(&((struct tpacket2_hdr *)(ring + i * FRAME))->tp_status, __ATOMIC_ACQUIRE);
}

static void send_to(int s, int port, const char *text)
{
	struct sockaddr_in a = lo_addr(port);

	CHECK_EQ(sendto(s, text, strlen(text), 0, (void *)&a, sizeof(a)), strlen(text));
}

static int ring_options(int s)
{
	struct tpacket_req bad[] = {
		{ 100, 4, FRAME, NR }, { BLOCK, 4, 16, 4096 }, { BLOCK, 4, 2050, 28 }, { BLOCK, 4, FRAME, NR - 1 }, { 0, 0, 0, 1 },
		{ 4096, 4, 8192, 2 },
	};
	struct tpacket_req r = { BLOCK, 4, FRAME, NR };
	int v = TPACKET_V2;
	socklen_t len = sizeof(v);

	CHECK_EQ(getsockopt(s, SOL_PACKET, PACKET_HDRLEN, &v, &len), 0);
	CHECK_EQ(v, sizeof(struct tpacket2_hdr));
	v = 77;
	CHECK_ERR(getsockopt(s, SOL_PACKET, PACKET_HDRLEN, &v, &len), EINVAL);
	CHECK_ERR(setsockopt(s, SOL_PACKET, PACKET_VERSION, &v, sizeof(v)), EINVAL);
	CHECK_ERR(mmap(NULL, BLOCK, PROT_READ, MAP_SHARED, s, 0) == MAP_FAILED ? -1 : 0, EINVAL);
	v = TPACKET_V2;
	CHECK_EQ(setsockopt(s, SOL_PACKET, PACKET_VERSION, &v, sizeof(v)), 0);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_ERR(setsockopt(s, SOL_PACKET, PACKET_RX_RING, &bad[i], sizeof(bad[i])), EINVAL);
	CHECK_EQ(setsockopt(s, SOL_PACKET, PACKET_RX_RING, &r, sizeof(r)), 0);
	CHECK_ERR(setsockopt(s, SOL_PACKET, PACKET_RX_RING, &r, sizeof(r)), EBUSY);
	CHECK_ERR(setsockopt(s, SOL_PACKET, PACKET_VERSION, &v, sizeof(v)), EBUSY);
	CHECK_ERR(mmap(NULL, BLOCK, PROT_READ, MAP_SHARED, s, 0) == MAP_FAILED ? -1 : 0, EINVAL);
	return 0;
}

static int find_frame(unsigned char *ring)
{
	for (unsigned i = 0; i < NR; i++) {
		struct tpacket2_hdr *h = (void *)(ring + i * FRAME);

		if (state(ring, i) & TP_STATUS_USER && h->tp_len == 14 + 20 + 8 + 9 &&
		    !memcmp((char *)h + h->tp_mac + 42, "in a ring", 9))
			return (int)i;
	}
	return -1;
}

/* Asked for, they begin anew. */
static void add_counts(int s, unsigned *packets, unsigned *drops)
{
	struct tpacket_stats st;
	socklen_t len = sizeof(st);

	CHECK_EQ(getsockopt(s, SOL_PACKET, PACKET_STATISTICS, &st, &len), 0);
	*packets += st.tp_packets;
	*drops += st.tp_drops;
}

CASE(frames_in_a_ring)
{
	int port, u, one = 1, s = socket(AF_PACKET, SOCK_RAW, 0), got = -1;
	struct sockaddr_ll a = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP) };
	struct pollfd p = { .fd = s, .events = POLLIN };
	unsigned packets = 0, drops = 0;
	struct tpacket2_hdr *h;
	struct sockaddr_ll *from;
	unsigned char *ring;

	lo_up();
	CHECK(s >= 0);
	ring_options(s);
	ring = mmap(NULL, 4 * BLOCK, PROT_READ | PROT_WRITE, MAP_SHARED, s, 0);
	CHECK(ring != MAP_FAILED);
	CHECK_EQ(setsockopt(s, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)), 0);
	a.sll_ifindex = (int)if_nametoindex("lo");
	CHECK_EQ(bind(s, (void *)&a, sizeof(a)), 0);
	u = lo_sock(SOCK_DGRAM, &port);
	send_to(u, port, "in a ring");
	CHECK_EQ(poll(&p, 1, kt_wait_ms()), 1);
	CHECK_EQ(p.revents, POLLIN);
	AWAIT((got = find_frame(ring)) >= 0);	/* behind others', perhaps */
	h = (void *)(ring + (unsigned)got * FRAME);
	CHECK_EQ(h->tp_snaplen, h->tp_len);
	CHECK_EQ(h->tp_net - h->tp_mac, 14);
	CHECK_EQ(h->tp_net, 80);
	CHECK(h->tp_sec > 1500000000u && h->tp_nsec < 1000000000u);
	from = (void *)((char *)h + 32);
	CHECK_EQ(from->sll_family, AF_PACKET);
	CHECK_EQ(from->sll_ifindex, a.sll_ifindex);
	CHECK_EQ(from->sll_protocol, htons(ETH_P_IP));
	/* None is given back: the ring fills, and what comes then is counted as lost. */
	for (unsigned i = 0; i < NR + 8; i++)
		send_to(u, port, "more");
	AWAIT((add_counts(s, &packets, &drops), packets >= NR + 9));
	CHECK(drops >= 9);
	for (unsigned i = 0; i < NR; i++)
		CHECK(state(ring, i) & TP_STATUS_USER);
	/* Given back, it goes on where it stopped. */
	for (unsigned i = 0; i < NR; i++)
		__atomic_store_n(&((struct tpacket2_hdr *)(ring + i * FRAME))->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	send_to(u, port, "again");
	CHECK_EQ(poll(&p, 1, kt_wait_ms()), 1);
	/* The ring stays for the mapping when the descriptor goes. */
	close(s);
	CHECK_EQ(ring[0] | 1, ring[0] | 1);
	CHECK_EQ(munmap(ring, 4 * BLOCK), 0);
}
