/* SPDX-License-Identifier: MPL-2.0 */
/* Unix sockets when memory fails: names, connections, data, descriptors and credentials on their way. */
#include "failnth.h"

unsigned kt_case_seconds = 330;
static int listener, dgram, stream[2], packets[2], passed;
static struct sockaddr_un there = { .sun_family = AF_UNIX, .sun_path = "listener" };
static struct sockaddr_un dthere = { .sun_family = AF_UNIX, .sun_path = "dgram" };
static char block[60000];

static long socket_stream(void) { return socket(AF_UNIX, SOCK_STREAM, 0); }
static long socket_dgram(void) { return socket(AF_UNIX, SOCK_DGRAM, 0); }
static long pair(void)
{
	static int f[2];

	return socketpair(AF_UNIX, SOCK_SEQPACKET, 0, f) ? -1 : f[0] << 16 | f[1];
}
static void pair_back(long r)
{
	CHECK_OK(close((int)(r >> 16)));
	CHECK_OK(close((int)(r & 0xffff)));
}
/* Closes on the way out and keeps errno. */
static long closing(int fd, bool ok)
{
	int e = errno;

	fail_pause();
	if (fd >= 0)
		CHECK_OK(close(fd));
	errno = e;
	return ok ? 0 : -1;
}
static long bind_path(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "name" };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	bool ok = fd >= 0 && !bind(fd, (struct sockaddr *)&a, sizeof(a));
	long r = closing(fd, ok);
	int e = errno;

	/* A name that stayed without a socket would be found by the next one. */
	if (unlink("name") && ok)
		FAIL("bind left no name");
	errno = e;
	return r;
}
static long bind_abstract(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "\0fail-abstract" };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	return closing(fd, fd >= 0 && !bind(fd, (struct sockaddr *)&a, sizeof(a)));
}
static long bind_auto(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	return closing(fd, fd >= 0 && !bind(fd, (struct sockaddr *)&a, sizeof(sa_family_t)));
}
static long connecting(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), e;
	bool ok = fd >= 0 && !connect(fd, (struct sockaddr *)&there, sizeof(there));

	e = errno;
	fail_pause();
	if (ok)
		CHECK_OK(close(CHECK_OK(accept(listener, NULL, NULL))));
	errno = e;
	return closing(fd, ok);
}
static int waiting;
static long accepting(void)
{
	struct sockaddr_un a;
	socklen_t n = sizeof(a);

	return accept(listener, (struct sockaddr *)&a, &n);
}
static void connect_next(void)
{
	waiting = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	CHECK_OK(connect(waiting, (struct sockaddr *)&there, sizeof(there)));
}
/* What failed to be accepted is still there, or gone; both ends are closed. */
static long accept_one(void)
{
	long fd;
	int e;

	fail_pause();
	connect_next();
	fail_resume();
	fd = accepting();
	e = errno;
	fail_pause();
	CHECK_OK(close(waiting));
	if (fd < 0) {
		int left;

		CHECK_OK(fcntl(listener, F_SETFL, O_NONBLOCK));
		left = accept(listener, NULL, NULL);
		if (left >= 0)
			close(left);
		CHECK_OK(fcntl(listener, F_SETFL, 0));
	}
	errno = e;
	return fd;
}
static void stream_read(long n)
{
	while (n > 0) {
		ssize_t r = CHECK_OK(read(stream[1], block, (size_t)n));

		CHECK_GT(r, 0);
		n -= r;
	}
}
static long send_byte(void) { return send(stream[0], "x", 1, 0); }
static long send_much(void) { return send(stream[0], block, sizeof(block), MSG_DONTWAIT); }
static long send_packet(void) { return send(packets[0], block, 5000, 0); }
static void packet_read(long n) { CHECK_EQ(recv(packets[1], block, sizeof(block), 0), n); }
static long send_oob(void) { return send(stream[0], "x", 1, MSG_OOB); }
static void oob_read(long n)
{
	char c;

	CHECK_EQ(recv(stream[1], &c, 1, MSG_OOB), 1);
	(void)recv(stream[1], &c, 1, MSG_DONTWAIT);
}
static long send_to(void) { return sendto(stream[0] ? dgram : -1, block, 100, 0, (struct sockaddr *)&dthere, sizeof(dthere)); }
static void dgram_read(long n) { CHECK_EQ(recv(dgram, block, sizeof(block), 0), n); }

static long send_rights(void)
{
	union { struct cmsghdr h; char c[CMSG_SPACE(3 * sizeof(int))]; } u = {
		.h = { .cmsg_len = CMSG_LEN(3 * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
	struct iovec v = { "r", 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &u, .msg_controllen = sizeof(u) };
	int fds[3] = { passed, passed, stream[0] };

	memcpy(CMSG_DATA(&u.h), fds, sizeof(fds));
	return sendmsg(packets[0], &m, 0);
}
static int rights_take(bool count)
{
	union { struct cmsghdr h; char c[CMSG_SPACE(3 * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))]; } u = { 0 };
	char c;
	struct iovec v = { &c, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &u, .msg_controllen = sizeof(u) };
	int fds[3], n = 0;

	if (recvmsg(packets[1], &m, MSG_DONTWAIT) < 0)
		return -1;
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
		if (h->cmsg_type != SCM_RIGHTS)
			continue;
		n = (int)((h->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(fds, CMSG_DATA(h), (size_t)n * sizeof(int));
		for (int i = 0; i < n; i++)
			CHECK_OK(close(fds[i]));
	}
	if (count)
		CHECK_EQ(n, 3);
	return n;
}
static void rights_back(long r) { (void)rights_take(true); }
static long rights_receive(void)
{
	int r, e;

	fail_pause();
	CHECK_EQ(send_rights(), 1);
	fail_resume();
	r = rights_take(false);
	e = errno;
	fail_pause();
	if (r < 0)	/* it is still in the queue, or gone */
		while (rights_take(false) >= 0)
			;
	errno = e;
	return r;
}
/* On their way when both ends are closed: by the collector of cycles, here a socket that is in itself. */
static long rights_cycle(void)
{
	union { struct cmsghdr h; char c[CMSG_SPACE(sizeof(int))]; } u = {
		.h = { .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
	struct iovec v = { "r", 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &u, .msg_controllen = sizeof(u) };
	int f[2], e;
	long r;

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, f))
		return -1;
	memcpy(CMSG_DATA(&u.h), &f[1], sizeof(int));
	r = sendmsg(f[0], &m, 0);
	e = errno;
	fail_pause();
	close(f[0]);
	close(f[1]);
	errno = e;
	return r;
}
static long option(void)
{
	int one = 1, zero = 0, r = setsockopt(packets[1], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one));

	(void)setsockopt(packets[1], SOL_SOCKET, SO_PASSCRED, &zero, sizeof(zero));
	return r;
}
static long groups(void)
{
	static gid_t g[64];
	socklen_t n = sizeof(g);

	return getsockopt(stream[0], SOL_SOCKET, SO_PEERGROUPS, g, &n);
}
static long listing(void)
{
	static char buf[16384];
	int fd = open("/proc/net/unix", O_RDONLY);
	bool ok = fd >= 0 && read(fd, buf, sizeof(buf)) >= 0;

	return closing(fd, ok);
}

CASE(sockets)
{
	static const struct fail_call calls[] = {
		{ "socket", socket_stream, fail_close, { ENFILE } },
		{ "socket, datagrams", socket_dgram, fail_close, { ENFILE } },
		{ "socketpair", pair, pair_back, { ENFILE } },
		{ "bind to a path", bind_path, NULL, { ENFILE } },
		{ "bind, abstract", bind_abstract, NULL, { ENFILE } },
		{ "bind, any", bind_auto, NULL, { ENFILE } },
		{ "connect", connecting, NULL, { ENFILE } },
		{ "accept", accept_one, fail_close, { ENFILE } },
		{ "send of a byte", send_byte, stream_read, { ENOBUFS } },
		{ "send of much", send_much, stream_read, { ENOBUFS } },
		{ "send of a packet", send_packet, packet_read, { ENOBUFS } },
		{ "send MSG_OOB", send_oob, oob_read, { ENOBUFS, EOPNOTSUPP }, .loose = true },
		{ "sendto", send_to, dgram_read, { ENOBUFS } },
		{ "sendmsg SCM_RIGHTS", send_rights, rights_back, { ENOBUFS, ETOOMANYREFS } },
		{ "recvmsg SCM_RIGHTS", rights_receive, NULL, { ENOBUFS } },
		{ "a cycle of SCM_RIGHTS", rights_cycle, NULL, { ENOBUFS, ENFILE } },
		{ "SO_PASSCRED", option, NULL, { 0 } },
		{ "SO_PEERGROUPS", groups, NULL, { ERANGE, ENOPROTOOPT }, .loose = true },
		{ "/proc/net/unix", listing, NULL, { ENFILE } },
	};

	fail_open();
	memset(block, 1, sizeof(block));
	listener = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	CHECK_OK(bind(listener, (struct sockaddr *)&there, sizeof(there)));
	CHECK_OK(listen(listener, 8));
	dgram = CHECK_OK(socket(AF_UNIX, SOCK_DGRAM, 0));
	CHECK_OK(bind(dgram, (struct sockaddr *)&dthere, sizeof(dthere)));
	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, stream));
	CHECK_OK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, packets));
	passed = CHECK_OK(open("passed", O_RDWR | O_CREAT, 0600));
	FAIL_GROUP(calls);
}
