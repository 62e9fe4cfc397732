/* SPDX-License-Identifier: MPL-2.0 */
/* The rows of sockets on one machine, part of bench.c: TCP and UDP over loopback, unix sockets. A round trip is one operation. */
#ifndef BENCH_NET_H
#define BENCH_NET_H

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#define NET_CHUNK	65536
#define NET_FILE	(1 << 20)

static int net_fd, net_listener, net_chunk, net_file;
static pid_t net_peer;
static struct sockaddr_in net_addr;
static char net_buf[NET_CHUNK];

static void net_lo_up(void)
{
	struct ifreq r = { .ifr_name = "lo" };
	int s = MUST(socket(AF_INET, SOCK_DGRAM, 0));

	ioctl(s, SIOCGIFFLAGS, &r);
	r.ifr_flags |= IFF_UP;
	ioctl(s, SIOCSIFFLAGS, &r);
	close(s);
}

static int net_bound(int type)
{
	socklen_t len = sizeof(net_addr);
	int s = MUST(socket(AF_INET, type, 0));

	net_addr = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	MUST(bind(s, (void *)&net_addr, sizeof(net_addr)));
	MUST(getsockname(s, (void *)&net_addr, &len));
	return s;
}

static void net_pair(int family, int fd[2])
{
	int one = 1, l;

	if (family == AF_UNIX) {
		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
		return;
	}
	l = net_bound(SOCK_STREAM);
	MUST(listen(l, 8));
	fd[0] = MUST(socket(AF_INET, SOCK_STREAM, 0));
	MUST(connect(fd[0], (void *)&net_addr, sizeof(net_addr)));
	fd[1] = MUST(accept(l, NULL, NULL));
	for (int i = 0; i < 2; i++)
		MUST(setsockopt(fd[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)));
	close(l);
}

/* A child that gives back each byte, or (sink) throws all away. */
static void net_start(const int fd[2], int sink)
{
	static char b[NET_CHUNK];
	ssize_t n;

	net_fd = fd[0];
	net_peer = MUST(fork());
	if (net_peer) {
		close(fd[1]);
		return;
	}
	close(fd[0]);
	while ((n = read(fd[1], b, sink ? sizeof(b) : 1)) > 0)
		if (!sink)
			MUST(write(fd[1], b, (size_t)n));
	_exit(0);
}

static void net_stop(void)
{
	close(net_fd);
	kill(net_peer, SIGKILL);
	waitpid(net_peer, NULL, 0);
}

static long long net_lat(long n)
{
	char c = 0;

	while (n--) {
		MUST(write(net_fd, &c, 1));
		if (read(net_fd, &c, 1) != 1)
			die("read");
	}
	return 0;
}

/* 64 KiB an operation, in chunks. */
static long long net_stream(long n)
{
	while (n--)
		for (long at = 0; at < 65536; at += net_chunk)
			if (write(net_fd, net_buf, (size_t)net_chunk) != net_chunk)
				die("write");
	return 0;
}

/* 1 MiB an operation from a file in the cache. */
static long long net_sendfile(long n)
{
	while (n--)
		for (off_t at = 0; at < NET_FILE; )
			MUST(sendfile(net_fd, net_file, &at, (size_t)(NET_FILE - at)));
	return 0;
}

static long long net_write_1(long n)
{
	while (n--)
		if (write(net_fd, net_buf, 1) != 1)
			die("write");
	return 0;
}

/* A connection that both sides have, and its end without TIME_WAIT. */
static long long net_connect(long n)
{
	struct linger hard = { 1, 0 };

	while (n--) {
		int c = MUST(socket(AF_INET, SOCK_STREAM, 0)), s;

		MUST(connect(c, (void *)&net_addr, sizeof(net_addr)));
		s = MUST(accept(net_listener, NULL, NULL));
		setsockopt(c, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
		close(c);
		close(s);
	}
	return 0;
}

static void net_row(const char *name, int family, body_fn fn, int sink, int chunk)
{
	int fd[2];

	if (!wanted(name))
		return;
	net_pair(family, fd);
	net_start(fd, sink);
	net_chunk = chunk;
	if (chunk)
		row(name, 65536e3 / measure(fn, NO_LIMIT), "MB/s");
	else
		row(name, measure(fn, NO_LIMIT), "ns");
	net_stop();
}

static void net_sendfile_row(void)
{
	char name[] = "/tmp/sendfile.XXXXXX";
	int fd[2];

	if (!wanted("tcp_sendfile"))
		return;
	net_file = MUST(mkstemp(name));
	unlink(name);
	for (int at = 0; at < NET_FILE; at += NET_CHUNK)
		if (write(net_file, net_buf, NET_CHUNK) != NET_CHUNK)
			die("write");
	net_pair(AF_INET, fd);
	net_start(fd, 1);
	row("tcp_sendfile", NET_FILE * 1e3 / measure(net_sendfile, NO_LIMIT), "MB/s");
	net_stop();
	close(net_file);
}

static void net_udp_row(void)
{
	struct sockaddr_in a;
	int fd[2];

	if (!wanted("udp_lat"))
		return;
	fd[0] = net_bound(SOCK_DGRAM);
	a = net_addr;
	fd[1] = net_bound(SOCK_DGRAM);
	MUST(connect(fd[0], (void *)&net_addr, sizeof(net_addr)));
	MUST(connect(fd[1], (void *)&a, sizeof(a)));
	net_start(fd, 0);
	row("udp_lat", measure(net_lat, NO_LIMIT), "ns");
	net_stop();
}

static void rows_net(void)
{
	net_lo_up();
	net_row("tcp_lat", AF_INET, net_lat, 0, 0);
	net_row("tcp_write_1", AF_INET, net_write_1, 1, 0);
	net_row("tcp_bw_4k", AF_INET, net_stream, 1, 4096);
	net_row("tcp_bw_64k", AF_INET, net_stream, 1, 65536);
	net_sendfile_row();
	if (wanted("tcp_connect")) {
		net_listener = net_bound(SOCK_STREAM);
		MUST(listen(net_listener, 64));
		row("tcp_connect", measure(net_connect, NO_LIMIT), "ns");
		close(net_listener);
	}
	net_udp_row();
	net_row("unix_lat", AF_UNIX, net_lat, 0, 0);
	net_row("unix_bw_64k", AF_UNIX, net_stream, 1, 65536);
}

#endif
