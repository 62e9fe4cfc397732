/* SPDX-License-Identifier: MPL-2.0 */
/*
 * TCP by the number, the first process of a machine of its own (test/boot/netload.toml), client and server in one:
 *
 *   what=crowd nr=N active=A   N connections that do nothing cost the next ones nothing: what a connect, a round trip and a wait
 *                              take when they are there is compared with what they took before (under QEMU's -icount time is
 *                              instructions, so that this is no matter of luck); A of them talk; at the end all memory is back
 *   what=churn rate=R seconds=S  R connections a second come, say something and go; the kernel's memory does not grow
 */
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "pid1.h"

#define PROBES		200		/* operations that are measured together */
#define DEARER		1.5		/* what an operation may cost more in the crowd */
#define GROWTH_KB	1024		/* slab pages, the page allocator's caches, per-CPU lists */
#define TIME_WAIT_S	60

static struct sockaddr_in addr;
static int listener;

static void __attribute__((format(printf, 1, 2), noreturn)) die(const char *f, ...)
{
	va_list a;

	va_start(a, f);
	vprintf(f, a);
	va_end(a);
	printf(": %s\n", strerror(errno));
	_exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void listen_on_lo(void)
{
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	socklen_t len = sizeof(addr);

	listener = socket(AF_INET, SOCK_STREAM, 0);
	addr = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (listener < 0 || ioctl(listener, SIOCSIFFLAGS, &r) || bind(listener, (void *)&addr, sizeof(addr)) ||
	    listen(listener, 128) || getsockname(listener, (void *)&addr, &len))
		die("listen");
}

/* fd[0] connected, fd[1] accepted. hard: they end without TIME_WAIT. */
static void join(int fd[2], bool hard)
{
	struct linger l = { 1, 0 };

	fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (fd[0] < 0 || connect(fd[0], (void *)&addr, sizeof(addr)))
		die("connect");
	fd[1] = accept(listener, NULL, NULL);
	if (fd[1] < 0)
		die("accept");
	if (hard && setsockopt(fd[0], SOL_SOCKET, SO_LINGER, &l, sizeof(l)))
		die("SO_LINGER");
}

static void say(int from, int to, int size, unsigned seed)
{
	unsigned char out[1024], in[1024];

	for (int i = 0; i < size; i++)
		out[i] = (unsigned char)(seed + (unsigned)i * 7);
	if (write(from, out, (size_t)size) != size || recv(to, in, (size_t)size, MSG_WAITALL) != size)
		die("message");
	if (memcmp(in, out, (size_t)size)) {
		printf("message %u differs\n", seed);
		_exit(1);
	}
}

/* A figure of a file in /proc by the word before it. */
static long figure(const char *file, const char *line, const char *word)
{
	char text[512], *p;
	FILE *f = fopen(file, "r");
	long v = -1;

	while (f && v < 0 && fgets(text, sizeof(text), f)) {
		if (strncmp(text, line, strlen(line)))
			continue;
		p = strstr(text + strlen(line) - (word == line ? strlen(line) : 0), word);
		if (p)
			v = atol(p + strlen(word));
	}
	if (f)
		fclose(f);
	if (v < 0)
		die("%s: %s %s", file, line, word);
	return v;
}

static long sockets(const char *word)
{
	return figure("/proc/net/sockstat", "TCP:", word);
}

static long slab_kb(void)
{
	return figure("/proc/meminfo", "Slab:", "Slab:");
}

/* --- crowd --- */

struct cost { double connect, message, wait; };

static struct cost measure(int ep)
{
	struct cost c;
	struct epoll_event e = { .events = EPOLLIN };
	int fd[PROBES][2];
	double t = now();

	for (int i = 0; i < PROBES; i++)
		join(fd[i], true);
	c.connect = (now() - t) / PROBES;
	t = now();
	for (int i = 0; i < PROBES; i++)
		say(fd[i][0], fd[i][1], 64, (unsigned)i);
	c.message = (now() - t) / PROBES;
	t = now();
	for (int i = 0; i < PROBES; i++) {
		e.data.fd = fd[i][1];
		if (epoll_ctl(ep, EPOLL_CTL_ADD, fd[i][1], &e) || write(fd[i][0], "x", 1) != 1 ||
		    epoll_wait(ep, &e, 1, 1000) != 1 || e.data.fd != fd[i][1] || epoll_ctl(ep, EPOLL_CTL_DEL, fd[i][1], NULL))
			die("epoll");
	}
	c.wait = (now() - t) / PROBES;
	for (int i = 0; i < PROBES; i++) {
		close(fd[i][0]);
		close(fd[i][1]);
	}
	return c;
}

static int dearer(const char *what, double before, double after)
{
	printf("crowd: %s %.0f ns alone, %.0f ns in the crowd\n", what, before * 1e9, after * 1e9);
	return after > before * DEARER;
}

static int crowd(void)
{
	int nr = (int)pid1_number("nr", 20000), active = (int)pid1_number("active", 1000), ep = epoll_create1(0), bad = 0;
	int (*fd)[2] = calloc((size_t)nr, sizeof(*fd));
	struct rlimit many = { 100000, 100000 };
	struct epoll_event e = { .events = EPOLLIN };
	struct cost alone, among;
	long slab, after;

	if (!fd || ep < 0 || setrlimit(RLIMIT_NOFILE, &many))
		die("crowd");
	listen_on_lo();
	measure(ep);	/* warm */
	alone = measure(ep);
	slab = slab_kb();
	for (int i = 0; i < nr; i++) {
		join(fd[i], true);
		e.data.fd = fd[i][1];
		if (epoll_ctl(ep, EPOLL_CTL_ADD, fd[i][1], &e))
			die("epoll_ctl");
	}
	if (sockets("inuse") < 2 * nr)
		die("inuse %ld", sockets("inuse"));
	among = measure(ep);
	for (int round = 0; round < 5; round++)
		for (int i = 0; i < active; i++) {
			int *one = fd[(long)i * nr / active];

			say(one[0], one[1], 200 + i % 800, (unsigned)(i + round));
			say(one[1], one[0], 100, (unsigned)i);
		}
	bad |= dearer("connect", alone.connect, among.connect);
	bad |= dearer("message", alone.message, among.message);
	bad |= dearer("epoll", alone.wait, among.wait);
	for (int i = 0; i < nr; i++) {
		close(fd[i][0]);
		close(fd[i][1]);
	}
	measure(ep);
	after = slab_kb();
	printf("crowd: %d connections, slab %ld kB before, %ld kB after, %ld sockets left\n", nr, slab, after, sockets("inuse"));
	return bad || sockets("inuse") > 1 || after > slab + GROWTH_KB + nr / 10;
}

/* --- churn --- */

static int churn(void)
{
	long rate = pid1_number("rate", 200), seconds = pid1_number("seconds", 600), n = 0, slab = 0, tw = 0, early;
	double start, t = 0;
	int fd[2];

	listen_on_lo();
	early = seconds < 2 * TIME_WAIT_S ? seconds / 2 : TIME_WAIT_S + 10;
	start = now();
	while (t < (double)seconds) {
		struct timespec pace = { .tv_nsec = 1000000000 / rate };

		/* So many a second; a machine that is late has no more to do for it. */
		nanosleep(&pace, NULL);
		join(fd, false);
		say(fd[0], fd[1], 100, (unsigned)n);
		say(fd[1], fd[0], 700, (unsigned)n);
		close(fd[0]);
		close(fd[1]);
		n++;
		t = now() - start;
		if (!slab && t > (double)early) {
			slab = slab_kb();
			tw = sockets("tw");
		}
	}
	printf("churn: %ld connections in %.0f s, slab %ld kB at first and %ld at the end, in TIME_WAIT %ld and %ld\n", n, t, slab,
	       slab_kb(), tw, sockets("tw"));
	/* Before TIME_WAIT's end each one leaves something for a while. */
	return slab_kb() > slab + GROWTH_KB + (seconds < 2 * TIME_WAIT_S ? n / 2 : 0);
}

int main(void)
{
	const char *what;
	int bad = 1, st;

	pid1_mount("proc", "/proc", NULL);
	pid1_mount("devtmpfs", "/dev", NULL);
	pid1_console();
	what = pid1_param("what");
	fflush(stdout);
	if (!fork()) {
		int r = what && !strcmp(what, "crowd") ? crowd() : what && !strcmp(what, "churn") ? churn() : 1;

		fflush(stdout);
		_exit(r != 0);
	}
	bad = wait(&st) < 0 || st;
	printf("NETLOAD-%s\n", bad ? "BAD" : "FINE");
	fflush(stdout);
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}
