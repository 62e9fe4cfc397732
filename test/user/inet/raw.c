/* SPDX-License-Identifier: MPL-2.0 */
/* raw(7) over loopback: echo requests and their replies, headers of one's own, filters, errors. */
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include "inet.h"

static struct sockaddr_in here(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}
static unsigned short sum(const void *data, int n)
{
	const unsigned char *p = data;
	unsigned s = 0;

	for (int i = 0; i + 1 < n; i += 2)
		s += p[i] | p[i + 1] << 8;
	if (n & 1)
		s += p[n - 1];
	s = (s & 0xffff) + (s >> 16);
	return ~(s + (s >> 16));
}
static int raw(int proto) { return CHECK_OK(socket(AF_INET, SOCK_RAW, proto)); }
/* An echo request with eight bytes; what of its answers comes: the number of those of this id that were seen. */
static void ping(int fd, int id)
{
	struct sockaddr_in a = here();
	struct { struct icmphdr h; char data[8]; } m = { { .type = ICMP_ECHO, .un.echo.id = htons(id) }, "payload" };

	m.h.checksum = sum(&m, sizeof(m));
	CHECK_EQ(sendto(fd, &m, sizeof(m), 0, (void *)&a, sizeof(a)), sizeof(m));
}
static int next_type(int fd, int id)
{
	unsigned char buf[128];
	struct sockaddr_in from;
	socklen_t n = sizeof(from);

	for (;;) {
		int got = recvfrom(fd, buf, sizeof(buf), 0, (void *)&from, &n), hl = (buf[0] & 15) * 4;
		struct icmphdr *h = (void *)(buf + hl);

		CHECK_OK(got);
		CHECK_EQ(from.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
		CHECK_EQ(buf[0] >> 4, 4);
		CHECK_EQ(buf[9], IPPROTO_ICMP);
		if (h->un.echo.id != htons(id))
			continue;
		CHECK_EQ(got, hl + 16);
		CHECK(!memcmp(h + 1, "payload", 8));
		return h->type;
	}
}
CASE(echo)
{
	int fd;

	lo_up();
	fd = raw(IPPROTO_ICMP);
	ping(fd, 77);
	CHECK_EQ(next_type(fd, 77), ICMP_ECHO);		/* one hears oneself */
	CHECK_EQ(next_type(fd, 77), ICMP_ECHOREPLY);
}
CASE(filtered_types)
{
	unsigned mask = 1 << ICMP_ECHO, got = 0;
	socklen_t n = sizeof(got);
	int fd;

	lo_up();
	fd = raw(IPPROTO_ICMP);
	CHECK_OK(setsockopt(fd, 255, 1, &mask, sizeof(mask)));
	CHECK_OK(getsockopt(fd, 255, 1, &got, &n));
	CHECK_EQ(got, mask);
	ping(fd, 78);
	CHECK_EQ(next_type(fd, 78), ICMP_ECHOREPLY);
	CHECK_ERR(setsockopt(raw(IPPROTO_UDP), 255, 1, &mask, sizeof(mask)), EOPNOTSUPP);
	CHECK_ERR(setsockopt(fd, 255, 2, &mask, sizeof(mask)), ENOPROTOOPT);
}
CASE(own_header)
{
	struct { struct iphdr ip; char data[4]; } m = { { .ihl = 5, .version = 4, .ttl = 9, .protocol = 253 }, "abc" };
	struct sockaddr_in a = here();
	unsigned char buf[64];
	int in, out, on = 1;

	lo_up();
	in = raw(253);
	out = raw(253);
	CHECK_OK(setsockopt(out, IPPROTO_IP, IP_HDRINCL, &on, sizeof(on)));
	m.ip.daddr = a.sin_addr.s_addr;
	CHECK_EQ(sendto(out, &m, sizeof(m), 0, (void *)&a, sizeof(a)), sizeof(m));
	CHECK_EQ(recv(in, buf, sizeof(buf), 0), sizeof(m));
	CHECK_EQ(buf[8], 9);
	CHECK_EQ(((struct iphdr *)buf)->tot_len, htons(sizeof(m)));
	CHECK_EQ(((struct iphdr *)buf)->saddr, htonl(INADDR_LOOPBACK));	/* filled in */
	CHECK_EQ(sum(buf, 20), 0);
	CHECK(!memcmp(buf + 20, "abc", 4));
	CHECK_ERR(sendto(out, &m, 10, 0, (void *)&a, sizeof(a)), EINVAL);
}
CASE(connected)
{
	struct sockaddr_in a = here(), other = here();
	char buf[64];
	int fd, from;

	lo_up();
	fd = raw(253);
	from = raw(253);
	CHECK_ERR(send(fd, "x", 1, 0), EDESTADDRREQ);
	other.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
	CHECK_OK(connect(fd, (void *)&other, sizeof(other)));	/* hears 127.0.0.2 only */
	CHECK_EQ(sendto(from, "not", 3, 0, (void *)&a, sizeof(a)), 3);
	CHECK_ERR(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
	CHECK_OK(connect(fd, (void *)&a, sizeof(a)));
	CHECK_EQ(sendto(from, "yes", 3, 0, (void *)&a, sizeof(a)), 3);
	CHECK_EQ(recv(fd, buf, sizeof(buf), 0), 23);
	CHECK_EQ(send(fd, "z", 1, 0), 1);
}
CASE(errors)
{
	char c;

	CHECK_ERR(socket(AF_INET, SOCK_RAW, 0), EPROTONOSUPPORT);
	lo_up();
	CHECK_ERR(recv(raw(253), &c, 1, MSG_OOB), EOPNOTSUPP);
	CHECK_ERR(recv(raw(253), &c, 1, MSG_DONTWAIT), EAGAIN);
	CHECK_ERR(listen(raw(253), 1), EOPNOTSUPP);
	kt_become(1000, 1000);
	CHECK_ERR(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), EPERM);
}
