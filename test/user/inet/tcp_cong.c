/* SPDX-License-Identifier: MPL-2.0 */
/* The sender: which congestion control, what TCP_INFO tells of it, the first round trips. */
#include "inet.h"

static struct tcp_info get_info(int fd)
{
	struct tcp_info i = { 0 };
	socklen_t len = sizeof(i);

	CHECK_EQ(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &i, &len), 0);
	return i;
}

static void control_is(int fd, const char *want)
{
	char name[16] = "";
	socklen_t len = sizeof(name);

	CHECK_EQ(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &len), 0);
	CHECK(!strcmp(name, want));
}

CASE(names)
{
	struct sockaddr_in a;
	int port, l, c, s;

	lo_up();
	l = lo_sock(SOCK_STREAM, &port);
	control_is(l, "cubic");
	CHECK_EQ(setsockopt(l, IPPROTO_TCP, TCP_CONGESTION, "reno", 4), 0);
	control_is(l, "reno");
	CHECK_ERR(setsockopt(l, IPPROTO_TCP, TCP_CONGESTION, "", 0), EINVAL);
	CHECK_ERR(setsockopt(l, IPPROTO_TCP, TCP_CONGESTION, "cubicle", 7), ENOENT);
	CHECK_EQ(listen(l, 4), 0);
	c = socket(AF_INET, SOCK_STREAM, 0);
	a = lo_addr(port);
	CHECK_EQ(connect(c, (void *)&a, sizeof(a)), 0);
	s = accept(l, NULL, NULL);
	control_is(c, "cubic");
	control_is(s, "reno");		/* the listener's */
	CHECK_EQ(setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5), 0);
	control_is(s, "cubic");
	CHECK_EQ(write(c, "x", 1), 1);
}

static int sys_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), n;

	if (fd < 0)
		return -errno;
	n = (int)write(fd, text, strlen(text));
	n = n < 0 ? -errno : 0;
	close(fd);
	return n;
}

CASE(default_by_sysctl)
{
	const char *path = "/proc/sys/net/ipv4/tcp_congestion_control";
	char text[64] = "";
	int fd = open("/proc/sys/net/ipv4/tcp_available_congestion_control", O_RDONLY);

	CHECK(fd >= 0);
	CHECK(read(fd, text, sizeof(text) - 1) > 0);
	CHECK(strstr(text, "reno") && strstr(text, "cubic"));
	close(fd);
	CHECK_EQ(sys_write(path, "nothing"), -ENOENT);
	CHECK_EQ(sys_write(path, "reno"), 0);
	control_is(socket(AF_INET, SOCK_STREAM, 0), "reno");
	CHECK_EQ(sys_write(path, "cubic"), 0);
	control_is(socket(AF_INET, SOCK_STREAM, 0), "cubic");
}

CASE(window_grows)
{
	static char b[65536];
	struct tcp_info i;
	int fd[2];
	long left = 8 << 20;
	long long took;

	lo_up();
	tcp_pair(fd);
	i = get_info(fd[0]);
	CHECK_EQ(i.tcpi_state, TCP_ESTABLISHED);
	CHECK_EQ(i.tcpi_snd_cwnd, 10);
	CHECK_EQ(i.tcpi_ca_state, 0);
	CHECK(i.tcpi_snd_ssthresh >= 0x7fffffff);
	CHECK_EQ(i.tcpi_unacked, 0);
	took = kt_now();
	if (!fork()) {
		while (left > 0) {
			ssize_t n = write(fd[0], b, sizeof(b));

			if (n <= 0)
				_exit(1);
			left -= n;
		}
		_exit(0);
	}
	while (left > 0) {
		ssize_t n = read(fd[1], b, sizeof(b));

		CHECK(n > 0);
		left -= n;
	}
	/* The last acknowledgement wakes nobody who could be asked. */
	AWAIT(!(i = get_info(fd[0])).tcpi_unacked);
	/* No round trip was longer than all of it; four times as much is the most that they can vary by. */
	took = (kt_now() - took) / 1000 + 1000;
	CHECK(i.tcpi_rtt > 0 && i.tcpi_rtt < took);
	CHECK(i.tcpi_rto >= 200000 && i.tcpi_rto < 400000 + 5 * took);
	CHECK_EQ(i.tcpi_unacked, 0);
	CHECK_EQ(i.tcpi_lost, 0);
	CHECK_EQ(i.tcpi_bytes_acked, (8 << 20) + 1);	/* and the SYN */
	CHECK(i.tcpi_snd_cwnd >= 10 || i.tcpi_total_retrans);	/* a guest that stood still for 200 ms */
	i = get_info(fd[1]);
	CHECK_EQ(i.tcpi_bytes_received, 8 << 20);
}

/* ms that 5 exchanges of two writes each take on a new connection. */
static long long five_exchanges(void)
{
	long long start;
	int fd[2];
	char c;

	tcp_pair(fd);
	start = kt_now();
	for (int i = 0; i < 5; i++) {
		CHECK_EQ(write(fd[0], "a", 1), 1);
		CHECK_EQ(write(fd[0], "b", 1), 1);
		CHECK_EQ(read(fd[1], &c, 1), 1);
		CHECK_EQ(read(fd[1], &c, 1), 1);
	}
	start = (kt_now() - start) / 1000000;
	close(fd[0]);
	close(fd[1]);
	return start;
}

/* The first acknowledgements go at once: not 40 ms each time. A guest that stood still tries again. */
CASE(answer_is_not_delayed)
{
	lo_up();
	AWAIT(five_exchanges() < 150);
}

CASE(nagle)
{
	int fd[2], one = 1, v;
	char b[16];

	/* A small one goes out while nothing small is under way, and all of them with TCP_NODELAY. */
	lo_up();
	tcp_pair(fd);
	CHECK_EQ(write(fd[0], "1", 1), 1);
	CHECK_EQ(WAIT_EVENTS(fd[1], POLLIN), POLLIN);
	CHECK_EQ(read(fd[1], b, sizeof(b)), 1);
	CHECK_EQ(setsockopt(fd[0], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)), 0);
	for (int i = 0; i < 4; i++) {
		CHECK_EQ(write(fd[0], "2", 1), 1);
		CHECK_EQ(WAIT_EVENTS(fd[1], POLLIN), POLLIN);
		CHECK_EQ(ioctl(fd[1], FIONREAD, &v), 0);
		CHECK_EQ(v, 1);
		CHECK_EQ(read(fd[1], b, sizeof(b)), 1);
	}
}
