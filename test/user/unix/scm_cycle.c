/* SPDX-License-Identifier: MPL-2.0 */
/* Sockets in flight that nobody but their own queues holds are found and freed with what they carry. */
#include "ktest_user.h"

static int send_fds(int s, const int *fds, int n, const char *data)
{
	char buf[CMSG_SPACE(sizeof(int) * 300)];
	struct iovec v = { (void *)data, strlen(data) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = buf };
	struct cmsghdr *c = (void *)buf;

	m.msg_controllen = CMSG_SPACE(sizeof(int) * n);
	memset(buf, 0, m.msg_controllen);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int) * n);
	memcpy(CMSG_DATA(c), fds, sizeof(int) * n);
	return syscall(SYS_sendmsg, s, &m, 0);	/* musl limits the control data */
}
CASE(cycle_is_collected)
{
	/* a socket in flight to itself, then closed: only the collector can free it; a pipe's end that
	   went along must be closed by it */
	int p[2];
	char c;

	CHECK_OK(pipe(p));
	for (int i = 0; i < 20; i++) {
		int s[2], fds[3];

		CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
		fds[0] = s[0];
		fds[1] = s[1];
		fds[2] = p[1];
		CHECK_EQ(send_fds(s[0], fds, 3, "x"), 1);
		CHECK_EQ(send_fds(s[1], fds, 3, "x"), 1);
		CHECK_OK(close(s[0]));
		CHECK_OK(close(s[1]));
	}
	CHECK_OK(close(p[1]));
	/* the next use of unix sockets runs the collector at the latest */
	for (int i = 0; i < 3; i++) {
		int s[2];

		CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
		CHECK_EQ(send_fds(s[0], &s[0], 1, "x"), 1);
		CHECK_OK(close(s[0]));
		CHECK_OK(close(s[1]));
	}
	struct pollfd f = { p[0], POLLIN, 0 };
	CHECK_EQ(poll(&f, 1, kt_wait_ms()), 1);
	CHECK_EQ(read(p[0], &c, 1), 0);
}
