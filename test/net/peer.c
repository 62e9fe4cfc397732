/* SPDX-License-Identifier: MPL-2.0 */
/*
 * One end of tools/netloss.py: pid 1 of a guest with one card, on Keel or on Linux. The kernel command line says
 * net=server|client, flows=N, bytes=B, port=P. The client opens N connections at once to ports P, P+1, ...; each carries B
 * bytes whose value follows from port and offset, and is answered by the server with their count and a sum; both ways are
 * checked. Lines:
 *
 *     FLOW PORT BYTES USEC ok|WHY     (client: connect to answer)
 *     PEER-READY		(the client begins when it is told a line)
 *     PEER-DONE		(both end when they are told another)
 *
 * damage=1 (tools/netdamage.py): times are short after which the kernel gives up on what was begun, and at each line "mem" comes
 *
 *     PEER-STAT NAME KB	(each line of /proc/meminfo, each slab cache)
 *     PEER-MEM SLAB_KB FREE_KB
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MAX_FLOWS	64
#define BLOCK		16384

static int flows = 1, port = 5000, server, verbose, damage;
static long bytes = 65536;
static char cong[16];
static int listeners[MAX_FLOWS];

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* The byte of a flow at an offset: no run of it equals another one nearby. */
static unsigned char byte_at(int p, long at)
{
	uint32_t x = (uint32_t)(at >> 2) * 2654435761u + (uint32_t)p * 40503u;

	x ^= x >> 15;
	return (unsigned char)(x >> (8 * (at & 3)));
}

static void fill(unsigned char *b, int p, long at, long n)
{
	for (long i = 0; i < n; i++)
		b[i] = byte_at(p, at + i);
}

static void load_modules(void)
{
	char name[64];

	for (int i = 0; i < 16; i++) {
		snprintf(name, sizeof(name), "/modules/%d.ko", i);
		int fd = open(name, O_RDONLY);

		if (fd < 0)
			return;
		if (syscall(SYS_finit_module, fd, "", 0))
			printf("PEER module %d: %s\n", i, strerror(errno));
		close(fd);
	}
}

static int set_addr(int s, const char *ifname, unsigned long req, uint32_t addr)
{
	struct ifreq r;
	struct sockaddr_in *a = (struct sockaddr_in *)&r.ifr_addr;

	memset(&r, 0, sizeof(r));
	strcpy(r.ifr_name, ifname);
	a->sin_family = AF_INET;
	a->sin_addr.s_addr = htonl(addr);
	return ioctl(s, req, &r);
}

static void net_up(void)
{
	int s = socket(AF_INET, SOCK_DGRAM, 0), err = -1;
	struct ifreq r;

	for (int i = 0; i < 100 && err; i++) {
		err = set_addr(s, "eth0", SIOCSIFADDR, server ? 0x0a090002 : 0x0a090001);
		if (err)
			usleep(100000);
	}
	if (err || set_addr(s, "eth0", SIOCSIFNETMASK, 0xffffff00))
		printf("PEER no card: %s\n", strerror(errno));
	memset(&r, 0, sizeof(r));
	strcpy(r.ifr_name, "eth0");
	ioctl(s, SIOCGIFFLAGS, &r);
	r.ifr_flags |= IFF_UP;
	if (ioctl(s, SIOCSIFFLAGS, &r))
		printf("PEER not up: %s\n", strerror(errno));
	close(s);
}

static void set_cong(int s)
{
	if (cong[0] && setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, cong, strlen(cong)))
		printf("PEER %s: %s\n", cong, strerror(errno));
}

static void tell(const char *who, int s, int p)
{
	struct tcp_info i;
	socklen_t n = sizeof(i);

	if (!verbose || getsockopt(s, IPPROTO_TCP, TCP_INFO, &i, &n))
		return;
	printf("INFO %s %d cwnd %u ssthresh %d rtt %u var %u rto %u retrans %u lost %u sacked %u unacked %u reord %u\n", who, p,
		i.tcpi_snd_cwnd, (int)i.tcpi_snd_ssthresh, i.tcpi_rtt, i.tcpi_rttvar, i.tcpi_rto, i.tcpi_total_retrans,
		i.tcpi_lost, i.tcpi_sacked, i.tcpi_unacked, i.tcpi_reordering);
}

static void *serve(void *arg)
{
	int n = (int)(intptr_t)arg, p = port + n, c = accept(listeners[n], NULL, NULL);
	static __thread unsigned char b[BLOCK], want[BLOCK];
	uint64_t answer[2] = { 0, 0 };
	long at = 0;
	ssize_t k;

	while (at < bytes && (k = read(c, b, sizeof(b))) > 0) {
		fill(want, p, at, k);
		if (memcmp(b, want, (size_t)k)) {
			printf("FLOW %d %ld 0 bytes-differ\n", p, at);
			break;
		}
		at += k;
	}
	answer[0] = (uint64_t)at;
	answer[1] = 0x4b65656cu;
	if (write(c, answer, sizeof(answer)) != sizeof(answer))
		printf("FLOW %d %ld 0 answer-not-sent:%s\n", p, at, strerror(errno));
	/* The other side ends it, and its end comes as one. */
	k = read(c, b, 1);
	if (k)
		printf("FLOW %d %ld 0 no-end:%s\n", p, at, k < 0 ? strerror(errno) : "more");
	tell("server", c, p);
	close(c);
	return NULL;
}

static void *send_flow(void *arg)
{
	int n = (int)(intptr_t)arg, p = port + n, s = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)p), .sin_addr = { htonl(0x0a090002) } };
	static __thread unsigned char b[BLOCK];
	uint64_t answer[2] = { 0, 0 }, start = now_us(), told = start;
	const char *why = "ok";
	long at = 0;

	set_cong(s);
	if (connect(s, (void *)&a, sizeof(a))) {
		printf("FLOW %d 0 0 connect:%s\n", p, strerror(errno));
		return NULL;
	}
	while (at < bytes) {
		long k = bytes - at < BLOCK ? bytes - at : BLOCK, done = 0;

		fill(b, p, at, k);
		while (done < k) {
			ssize_t w = write(s, b + done, (size_t)(k - done));

			if (w <= 0) {
				printf("FLOW %d %ld 0 write:%s\n", p, at, strerror(errno));
				return NULL;
			}
			done += w;
		}
		at += k;
		if (verbose && now_us() - told > 500000) {
			tell("client", s, p);
			told = now_us();
		}
	}
	if (recv(s, answer, sizeof(answer), MSG_WAITALL) != sizeof(answer))
		why = "no-answer";
	else if (answer[0] != (uint64_t)bytes || answer[1] != 0x4b65656cu)
		why = "wrong-answer";
	printf("FLOW %d %ld %llu %s\n", p, at, (unsigned long long)(now_us() - start), why);
	tell("client", s, p);
	close(s);
	return NULL;
}

static void arguments(void)
{
	char line[2048] = "", *save = NULL;
	int fd;

	mkdir("/proc", 0755);
	mount("proc", "/proc", "proc", 0, "");
	fd = open("/proc/cmdline", O_RDONLY);
	if (fd >= 0) {
		read(fd, line, sizeof(line) - 1);
		close(fd);
	}
	for (char *w = strtok_r(line, " \n", &save); w; w = strtok_r(NULL, " \n", &save)) {
		if (!strcmp(w, "net=server"))
			server = 1;
		sscanf(w, "flows=%d", &flows);
		sscanf(w, "bytes=%ld", &bytes);
		sscanf(w, "port=%d", &port);
		sscanf(w, "cong=%15s", cong);
		sscanf(w, "verbose=%d", &verbose);
		sscanf(w, "damage=%d", &damage);
	}
}

static void start_listening(void)
{
	for (int i = 0; i < flows; i++) {
		struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)(port + i)) };

		listeners[i] = socket(AF_INET, SOCK_STREAM, 0);
		if (bind(listeners[i], (void *)&a, sizeof(a)) || listen(listeners[i], 5))
			printf("PEER listen: %s\n", strerror(errno));
	}
}

static void put(const char *file, const char *value)
{
	int fd = open(file, O_WRONLY);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		printf("PEER no %s: %s\n", file, strerror(errno));
	close(fd);
}

static void tell_memory(void)
{
	long slab = -1, left = -1, n, size;
	char line[256], name[64];
	FILE *f = fopen("/proc/slabinfo", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%63[^# :] %*d %ld %ld", name, &n, &size) == 3)
			printf("PEER-STAT %s %ld\n", name, n * size / 1024);
	if (f)
		fclose(f);
	f = fopen("/proc/meminfo", "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63[^:]: %ld", name, &n) == 2)
			printf("PEER-STAT %s %ld\n", name, n);
		sscanf(line, "Slab: %ld", &slab);
		sscanf(line, "MemFree: %ld", &left);
	}
	if (f)
		fclose(f);
	printf("PEER-MEM %ld %ld\n", slab, left);
}

/* What the program outside asks. */
static void *control(void *arg)
{
	char line[16];

	while (fgets(line, sizeof(line), stdin)) {
		if (strncmp(line, "mem", 3)) {
			reboot(RB_POWER_OFF);
			break;
		}
		tell_memory();
	}
	return arg;
}

int main(void)
{
	pthread_t t[MAX_FLOWS];
	char line[16];

	setvbuf(stdout, NULL, _IOLBF, 0);
	arguments();
	load_modules();
	net_up();
	if (server)
		start_listening();
	if (damage) {
		pthread_t c;

		put("/proc/sys/net/ipv4/ipfrag_time", "1");
		put("/proc/sys/net/ipv6/ip6frag_time", "1");
		put("/proc/sys/net/ipv4/tcp_synack_retries", "1");
		pthread_create(&c, NULL, control, NULL);
	}
	printf("PEER-READY\n");
	/* Both are ready: the other side says so. */
	if (!server && !fgets(line, sizeof(line), stdin))
		return 1;
	for (int i = 0; i < flows; i++)
		pthread_create(&t[i], NULL, server ? serve : send_flow, (void *)(intptr_t)i);
	for (int i = 0; i < flows; i++)
		pthread_join(t[i], NULL);
	printf("PEER-DONE\n");
	if (damage)
		pause();
	/* What the other side still sends again is answered until it is done, too. */
	if (!fgets(line, sizeof(line), stdin))
		return 1;
	reboot(RB_POWER_OFF);
	return 0;
}
