/* SPDX-License-Identifier: MPL-2.0 */
/* What test/net/tap.c's parts are made of: cards, connections to the server of tools/tap.py, flows, ethtool. */
#ifndef TAP_H
#define TAP_H

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "pid1.h"

#define PORT		7000
#define UDP_PORT	7001
#define PATIENCE	60		/* s without a byte, then a flow is broken */
#define PIECE		65536
#define ETH_HEADER	14
#define MAX_FLOWS	32
#define MAX_QUEUES	16
#define BIG		2000		/* mean bytes of a frame: only segments above the MTU make it */

struct in6_ifreq_abi { struct in6_addr addr; uint32_t prefixlen; int ifindex; };

static int bad;

static void __attribute__((format(printf, 1, 2))) wrong(const char *f, ...)
{
	va_list a;

	va_start(a, f);
	printf("WRONG: ");
	vprintf(f, a);
	printf("\n");
	va_end(a);
	__atomic_store_n(&bad, 1, __ATOMIC_RELAXED);
}

static void __attribute__((format(printf, 1, 2), noreturn)) die(const char *f, ...)
{
	va_list a;

	va_start(a, f);
	printf("WRONG: ");
	vprintf(f, a);
	va_end(a);
	printf(": %s\n", strerror(errno));
	fflush(stdout);
	_exit(1);
}

static void pause_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint32_t crc_table[256];

static void crc_init(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int k = 0; k < 8; k++)
			c = c & 1 ? 0xedb88320u ^ c >> 1 : c >> 1;
		crc_table[i] = c;
	}
}

static uint32_t crc32(uint32_t crc, const unsigned char *p, size_t n)
{
	crc = ~crc;
	while (n--)
		crc = crc_table[(crc ^ *p++) & 255] ^ crc >> 8;
	return ~crc;
}

/* --- cards --- */

static void ifname(char name[IFNAMSIZ], int card)
{
	snprintf(name, IFNAMSIZ, "eth%d", card);
}

static int if_ioctl(int card, unsigned long req, struct ifreq *r)
{
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err;

	ifname(r->ifr_name, card);
	err = ioctl(s, req, r);
	close(s);
	return err;
}

static int ethtool(int card, void *cmd)
{
	struct ifreq r = { .ifr_data = cmd };

	return if_ioctl(card, SIOCETHTOOL, &r);
}

static int set_address(int card, unsigned long req, const char *a)
{
	struct ifreq r = { 0 };
	struct sockaddr_in *in = (void *)&r.ifr_addr;

	in->sin_family = AF_INET;
	inet_pton(AF_INET, a, &in->sin_addr);
	return if_ioctl(card, req, &r);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		write(fd, text, strlen(text));
	close(fd);
}

static long read_number(const char *f, int card)
{
	char path[128], text[64] = "";
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), f, card);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	close(fd);
	return n < 0 ? -1 : atol(text);
}

/* Is the card's second address there, and proved its own? */
static bool address6_ready(int card)
{
	char a[64], dev[64], want[64];
	unsigned index, len, scope, flags;
	FILE *f = fopen("/proc/net/if_inet6", "r");
	bool ready = false;

	snprintf(want, sizeof(want), "fd09%04x000000000000000000000002", card);
	while (f && fscanf(f, "%63s %x %x %x %x %63s", a, &index, &len, &scope, &flags, dev) == 6)
		ready |= !strcmp(a, want) && !(flags & 0x40);
	if (f)
		fclose(f);
	return ready;
}

static void card_up(int card)
{
	struct ifreq r = { 0 };
	struct in6_ifreq_abi in6 = { .prefixlen = 64 };
	char text[64];
	int s, err = -1;

	snprintf(text, sizeof(text), "10.9.%d.2", card);
	for (int i = 0; i < 200 && err; i++) {		/* a driver may still be looking for it */
		err = set_address(card, SIOCSIFADDR, text);
		if (err)
			pause_ms(50);
	}
	if (err || set_address(card, SIOCSIFNETMASK, "255.255.255.0"))
		die("eth%d", card);
	snprintf(text, sizeof(text), "/proc/sys/net/ipv6/conf/eth%d/accept_dad", card);
	write_file(text, "0");
	snprintf(text, sizeof(text), "/proc/sys/net/ipv6/conf/eth%d/dad_transmits", card);
	write_file(text, "0");
	if (if_ioctl(card, SIOCGIFFLAGS, &r))
		die("flags");
	r.ifr_flags |= IFF_UP;
	if (if_ioctl(card, SIOCSIFFLAGS, &r) || if_ioctl(card, SIOCGIFINDEX, &r))
		die("eth%d up", card);
	snprintf(text, sizeof(text), "fd09:%x::2", card);
	inet_pton(AF_INET6, text, &in6.addr);
	in6.ifindex = r.ifr_ifindex;
	s = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (ioctl(s, SIOCSIFADDR, &in6) && errno != EEXIST)
		die("eth%d: %s", card, text);
	close(s);
	for (int i = 0; i < 200 && !address6_ready(card); i++)
		pause_ms(50);
	if (!address6_ready(card))
		wrong("eth%d: %s does not become ready", card, text);
}

/* --- connections to the server --- */

static socklen_t host_address(struct sockaddr_storage *to, int card, bool v6, int port)
{
	struct sockaddr_in *in = (void *)to;
	struct sockaddr_in6 *in6 = (void *)to;
	char text[64];

	memset(to, 0, sizeof(*to));
	if (v6) {
		snprintf(text, sizeof(text), "fd09:%x::1", card);
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons((uint16_t)port);
		inet_pton(AF_INET6, text, &in6->sin6_addr);
		return sizeof(*in6);
	}
	snprintf(text, sizeof(text), "10.9.%d.1", card);
	in->sin_family = AF_INET;
	in->sin_port = htons((uint16_t)port);
	inet_pton(AF_INET, text, &in->sin_addr);
	return sizeof(*in);
}

static int join(int card, bool v6, int type, int port)
{
	struct timeval patience = { PATIENCE, 0 };
	struct sockaddr_storage to;
	socklen_t len = host_address(&to, card, v6, port);
	int s = socket(to.ss_family, type | SOCK_CLOEXEC, 0);

	if (s < 0 || setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) || connect(s, (void *)&to, len)) {
		wrong("eth%d: connect by IPv%d: %s", card, v6 ? 6 : 4, strerror(errno));
		close(s);
		return -1;
	}
	return s;
}

/* False, and it was said: not all went. */
static bool put(int s, const void *p, size_t n)
{
	const char *at = p;

	while (n) {
		ssize_t k = send(s, at, n, MSG_NOSIGNAL);

		if (k <= 0) {
			wrong("send: %s", k ? strerror(errno) : "nothing went");
			return false;
		}
		at += k;
		n -= (size_t)k;
	}
	return true;
}

static bool get(int s, void *p, size_t n)
{
	ssize_t k = recv(s, p, n, MSG_WAITALL);

	if (k == (ssize_t)n)
		return true;
	wrong("receive: %zd of %zu bytes: %s", k, n, k < 0 ? strerror(errno) : "the end came");
	return false;
}

static bool ask(int card, char *answer, size_t size, const char *f, ...)
{
	char line[64];
	size_t n = 0;
	ssize_t k = 1;
	va_list a;
	int s = join(card, false, SOCK_STREAM, PORT);

	va_start(a, f);
	vsnprintf(line, sizeof(line), f, a);
	va_end(a);
	if (s < 0 || !put(s, line, strlen(line)))
		k = -1;
	while (k > 0 && n < size - 1 && (k = recv(s, answer + n, size - 1 - n, 0)) > 0)
		n += (size_t)k;
	answer[n] = 0;
	close(s);
	return k >= 0 && n;
}

struct host_stats { long rx_bytes, rx_packets, tx_bytes, tx_packets, csum, tso; };

static struct host_stats host_stats(int card)
{
	struct host_stats h = { 0 };
	char line[256] = "";

	if (!ask(card, line, sizeof(line), "stats %d\n", card) ||
	    sscanf(line, "%ld %ld %ld %ld %ld %ld", &h.rx_bytes, &h.rx_packets, &h.tx_bytes, &h.tx_packets, &h.csum, &h.tso) != 6)
		wrong("no figures of tap%d: %s", card, line);
	return h;
}

static void set_host_mtu(int card, int mtu)
{
	char line[64] = "";

	if (!ask(card, line, sizeof(line), "mtu %d %d\n", card, mtu) || strcmp(line, "ok\n"))
		wrong("MTU of tap%d: %s", card, line);
}

/* n bytes to the server. */
static bool send_bytes(int card, bool v6, long n)
{
	unsigned char *b = malloc(PIECE), sum[4];
	uint64_t x = ((uint64_t)(uintptr_t)b ^ (uint64_t)(now() * 1e9)) | 1;
	uint32_t crc = 0;
	char line[64];
	int s = join(card, v6, SOCK_STREAM, PORT);
	bool ok = s >= 0;

	snprintf(line, sizeof(line), "pull %ld\n", n);
	ok = ok && put(s, line, strlen(line));
	for (long left = n; ok && left;) {
		size_t k = left < PIECE ? (size_t)left : PIECE;

		for (size_t i = 0; i < k; i++) {
			x ^= x << 13, x ^= x >> 7, x ^= x << 17;
			b[i] = (unsigned char)(x >> 32);
		}
		crc = crc32(crc, b, k);
		ok = put(s, b, k);
		left -= (long)k;
	}
	for (int i = 0; i < 4; i++)
		sum[i] = (unsigned char)(crc >> (24 - 8 * i));
	memset(line, 0, sizeof(line));
	ok = ok && put(s, sum, 4);
	if (ok && (recv(s, line, sizeof(line) - 1, 0) <= 0 || strcmp(line, "ok\n"))) {
		wrong("eth%d: %ld bytes to the host by IPv%d: %s", card, n, v6 ? 6 : 4, line[0] ? line : strerror(errno));
		ok = false;
	}
	close(s);
	free(b);
	return ok;
}

/* n bytes from the server. */
static bool take_bytes(int card, bool v6, long n)
{
	unsigned char *b = malloc(PIECE), sum[4];
	uint32_t crc = 0;
	char line[64];
	int s = join(card, v6, SOCK_STREAM, PORT);
	bool ok = s >= 0;

	snprintf(line, sizeof(line), "push %ld\n", n);
	ok = ok && put(s, line, strlen(line));
	for (long left = n; ok && left;) {
		ssize_t k = recv(s, b, left < PIECE ? (size_t)left : PIECE, 0);

		if (k <= 0) {
			wrong("eth%d: %ld of %ld bytes came by IPv%d: %s", card, n - left, n, v6 ? 6 : 4,
			      k ? strerror(errno) : "the end");
			ok = false;
			break;
		}
		crc = crc32(crc, b, (size_t)k);
		left -= k;
	}
	ok = ok && get(s, sum, 4);
	if (ok && ((uint32_t)sum[0] << 24 | sum[1] << 16 | sum[2] << 8 | sum[3]) != crc) {
		wrong("eth%d: the sum of %ld bytes from the host by IPv%d differs", card, n, v6 ? 6 : 4);
		ok = false;
	}
	close(s);
	free(b);
	return ok;
}

/* A datagram there and back. */
static bool datagram(int card, bool v6, size_t n)
{
	static unsigned char out[65536], in[65536];
	struct timeval wait = { 2, 0 };
	int s = join(card, v6, SOCK_DGRAM, UDP_PORT);
	ssize_t k = -1;

	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	for (size_t i = 0; i < n; i++)
		out[i] = (unsigned char)(i * 7 + n);
	for (int try = 0; s >= 0 && try < 5 && k < 0; try++) {
		if (send(s, out, n, 0) != (ssize_t)n)
			wrong("eth%d: datagram of %zu: %s", card, n, strerror(errno));
		k = recv(s, in, sizeof(in), 0);
	}
	close(s);
	if (k == (ssize_t)n && !memcmp(in, out, n))
		return true;
	wrong("eth%d: a datagram of %zu by IPv%d came back as %zd%s", card, n, v6 ? 6 : 4, k, k == (ssize_t)n ? ", changed" : "");
	return false;
}

/* --- flows beside each other --- */

struct flow {
	pthread_t thread;
	int card, cpu;			/* cpu -1: any */
	bool v6;
	long out, in;			/* bytes; both 0: echoes until `stop` */
	long done;			/* [a] echoes: rounds */
	bool ok;
};
static bool stop;			/* [a] */

static bool echo_round(int s, unsigned char *b, unsigned char *back, uint32_t n)
{
	size_t k = 1 + (n * 2654435761u >> 16) % 8000;

	for (size_t i = 0; i < k; i++)
		b[i] = (unsigned char)(n + i * 13);
	if (!put(s, b, k) || !get(s, back, k))
		return false;
	if (memcmp(b, back, k)) {
		wrong("round %u came back changed", n);
		return false;
	}
	return true;
}

static bool echoes(struct flow *f)
{
	unsigned char *b = malloc(16384);
	int s = join(f->card, f->v6, SOCK_STREAM, PORT);
	bool ok = s >= 0 && put(s, "echo\n", 5);

	for (uint32_t n = 0; ok && !__atomic_load_n(&stop, __ATOMIC_RELAXED); n++) {
		ok = echo_round(s, b, b + 8192, n);
		__atomic_fetch_add(&f->done, ok, __ATOMIC_RELAXED);
	}
	close(s);
	free(b);
	return ok;
}

static void *run_flow(void *arg)
{
	struct flow *f = arg;
	cpu_set_t set;

	if (f->cpu >= 0) {
		CPU_ZERO(&set);
		CPU_SET(f->cpu, &set);
		sched_setaffinity(0, sizeof(set), &set);
	}
	if (!f->out && !f->in)
		f->ok = echoes(f);
	else
		f->ok = (!f->out || send_bytes(f->card, f->v6, f->out)) && (!f->in || take_bytes(f->card, f->v6, f->in));
	return NULL;
}

static void start_flow(struct flow *f)
{
	if (pthread_create(&f->thread, NULL, run_flow, f))
		die("thread");
}

static void end_flows(struct flow *f, int n)
{
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (int i = 0; i < n; i++) {
		pthread_join(f[i].thread, NULL);
		if (!f[i].ok)
			wrong("flow %d ended badly", i);
	}
	__atomic_store_n(&stop, false, __ATOMIC_RELAXED);
}

/* Every echo goes on. */
static void flows_move(struct flow *f, int n, const char *when)
{
	long was[MAX_FLOWS];
	double end = now() + PATIENCE;

	for (int i = 0; i < n; i++)
		was[i] = __atomic_load_n(&f[i].done, __ATOMIC_RELAXED);
	for (int i = 0; i < n && !bad; i++) {
		while (__atomic_load_n(&f[i].done, __ATOMIC_RELAXED) < was[i] + 3 && now() < end && !bad)
			pause_ms(10);
		if (__atomic_load_n(&f[i].done, __ATOMIC_RELAXED) < was[i] + 3)
			wrong("flow %d stands still %s", i, when);
	}
}

/* --- ethtool --- */

static uint32_t set_size(int card, uint32_t set)
{
	struct { struct ethtool_sset_info h; uint32_t n; } info = { .h = { .cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ull << set } };

	return ethtool(card, &info) || !info.h.sset_mask ? 0 : info.n;
}

/* The number of a string in a set; -1: not there. */
static int find_string(int card, uint32_t set, const char *name)
{
	uint32_t n = set_size(card, set);
	struct ethtool_gstrings *g = calloc(1, sizeof(*g) + (n + 256) * ETH_GSTRING_LEN);	/* there may be more by now */
	int at = -1;

	g->cmd = ETHTOOL_GSTRINGS;
	g->string_set = set;
	g->len = n;
	if (!ethtool(card, g))
		for (uint32_t i = 0; i < g->len && at < 0; i++)
			if (!strncmp((char *)g->data + i * ETH_GSTRING_LEN, name, ETH_GSTRING_LEN))
				at = (int)i;
	free(g);
	return at;
}

#define BLOCKS	4
/* 1 on, 0 off, -1 no such feature; *can: it can be switched. */
static int feature(int card, const char *name, bool *can)
{
	struct { struct ethtool_gfeatures h; struct ethtool_get_features_block b[BLOCKS]; } g =
		{ .h = { .cmd = ETHTOOL_GFEATURES, .size = BLOCKS } };
	int i = find_string(card, ETH_SS_FEATURES, name);

	if (i < 0 || ethtool(card, &g))
		return -1;
	if (can)
		*can = (g.b[i / 32].available & ~g.b[i / 32].never_changed) >> i % 32 & 1;
	return g.b[i / 32].active >> i % 32 & 1;
}

static void switch_feature(int card, const char *name, bool on)
{
	struct { struct ethtool_sfeatures h; struct ethtool_set_features_block b[BLOCKS]; } s =
		{ .h = { .cmd = ETHTOOL_SFEATURES } };
	struct { struct ethtool_gfeatures h; struct ethtool_get_features_block b[BLOCKS]; } g =
		{ .h = { .cmd = ETHTOOL_GFEATURES, .size = BLOCKS } };
	int i = find_string(card, ETH_SS_FEATURES, name);

	if (i < 0 || ethtool(card, &g))
		die("no feature %s", name);
	s.h.size = g.h.size;
	s.b[i / 32].valid = 1u << i % 32;
	s.b[i / 32].requested = on ? 1u << i % 32 : 0;
	if (ethtool(card, &s))
		wrong("%s %s: %s", name, on ? "on" : "off", strerror(errno));
	if (feature(card, name, NULL) != on)
		wrong("%s is not %s", name, on ? "on" : "off");
}

static int get_channels(int card, struct ethtool_channels *c)
{
	*c = (struct ethtool_channels){ .cmd = ETHTOOL_GCHANNELS };
	return ethtool(card, c);
}

static int set_channels(int card, uint32_t combined, uint32_t rx)
{
	struct ethtool_channels c = { .cmd = ETHTOOL_SCHANNELS, .combined_count = combined, .rx_count = rx };

	return ethtool(card, &c) ? -errno : 0;
}

struct queue_stats { uint64_t rx[MAX_QUEUES], tx[MAX_QUEUES]; int figures; };

static struct queue_stats queue_stats(int card, int queues)
{
	static uint64_t v[1024];
	struct ethtool_stats *s = (void *)v;
	struct queue_stats q = { 0 };

	memset(v, 0, sizeof(v));
	s->cmd = ETHTOOL_GSTATS;
	s->n_stats = set_size(card, ETH_SS_STATS);	/* exactly: newer kernels insist */
	if (ethtool(card, s))
		die("ethtool -S");
	for (int i = 0; i < 2 * queues; i++) {
		char name[40];
		int at;

		snprintf(name, sizeof(name), "%s_queue_%d_packets", i & 1 ? "tx" : "rx", i / 2);
		at = find_string(card, ETH_SS_STATS, name);
		/* A queue that is not in use has none. */
		(i & 1 ? q.tx : q.rx)[i / 2] = at < 0 ? 0 : s->data[at];
		q.figures += at >= 0;
	}
	return q;
}

#endif
