/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Passing descriptors: what arrives, flags, limits, peek, lost ones closed.
 */
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
static int recv_fds(int s, int *fds, int max, int flags, int *mflags)
{
	char buf[CMSG_SPACE(sizeof(int) * 300)], data[64];
	struct iovec v = { data, sizeof(data) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = buf,
			    .msg_controllen = max ? CMSG_LEN(sizeof(int) * max) : 0 };
	struct cmsghdr *c;
	int n = 0;

	CHECK_OK(syscall(SYS_recvmsg, s, &m, flags));
	if (mflags)
		*mflags = m.msg_flags;
	c = CMSG_FIRSTHDR(&m);
	if (c) {
		CHECK_EQ(c->cmsg_level, SOL_SOCKET);
		CHECK_EQ(c->cmsg_type, SCM_RIGHTS);
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(c), n * sizeof(int));
	}
	return n;
}
CASE(shares_the_open_file)
{
	int s[2], fd, got[4];
	pid_t p;

	kt_put("f", "0123456789");
	fd = CHECK_OK(open("f", O_RDONLY));
	CHECK_EQ(lseek(fd, 3, SEEK_SET), 3);
	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	CHECK_EQ(send_fds(s[0], &fd, 1, "x"), 1);
	CHILD(p) {
		close(fd);
		CHECK_EQ(recv_fds(s[1], got, 4, 0, NULL), 1);
		CHECK_EQ(lseek(got[0], 0, SEEK_CUR), 3);
		CHECK_EQ(lseek(got[0], 7, SEEK_SET), 7);
		CHECK_EQ(fcntl(got[0], F_GETFD), 0);
	}
	WAIT_EXIT(p, 0);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 7);
}
CASE(several_and_cloexec)
{
	int s[2], fds[3], got[4], p[2];

	CHECK_OK(pipe(p));
	CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
	fds[0] = p[0];
	fds[1] = p[1];
	fds[2] = 0;
	CHECK_EQ(send_fds(s[0], fds, 3, "x"), 1);
	CHECK_EQ(recv_fds(s[1], got, 4, MSG_CMSG_CLOEXEC, NULL), 3);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(fcntl(got[i], F_GETFD), FD_CLOEXEC);
	CHECK_EQ(write(got[1], "z", 1), 1);
	char c;
	CHECK_EQ(read(got[0], &c, 1), 1);
}
CASE(no_room_closes_and_says_so)
{
	int s[2], p[2], got[4], flags, before;
	char c;

	CHECK_OK(pipe(p));
	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	before = kt_nfds();
	CHECK_EQ(send_fds(s[0], p, 2, "x"), 1);
	CHECK_EQ(recv_fds(s[1], got, 0, 0, &flags), 0);
	CHECK_EQ(flags & MSG_CTRUNC, MSG_CTRUNC);
	CHECK_EQ(kt_nfds(), before);
	CHECK_EQ(send_fds(s[0], p, 2, "x"), 1);
	CHECK_EQ(recv_fds(s[1], got, 1, 0, &flags), 1);
	CHECK_EQ(flags & MSG_CTRUNC, MSG_CTRUNC);
	CHECK_EQ(kt_nfds(), before + 1);
	CHECK_OK(close(got[0]));
	CHECK_EQ(send_fds(s[0], &p[1], 1, "x"), 1);
	CHECK_OK(close(p[1]));
	CHECK_OK(close(s[0]));
	CHECK_OK(close(s[1]));	/* the descriptor in flight dies with the queue */
	CHECK_EQ(read(p[0], &c, 1), 0);
}
CASE(stream_reads_stop_at_descriptors)
{
	int s[2], got[4];
	char b[16];

	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	CHECK_EQ(write(s[0], "abc", 3), 3);
	CHECK_EQ(send_fds(s[0], &s[0], 1, "def"), 3);
	CHECK_EQ(write(s[0], "ghi", 3), 3);
	CHECK_EQ(read(s[1], b, 3), 3);
	CHECK_EQ(recv_fds(s[1], got, 4, 0, NULL), 1);
	CHECK_EQ(read(s[1], b, 16), 3);
	CHECK_MEM(b, "ghi", 3);
}
CASE(peek_duplicates)
{
	int s[2], got[4];

	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	CHECK_EQ(send_fds(s[0], &s[0], 1, "x"), 1);
	CHECK_EQ(recv_fds(s[1], got, 4, MSG_PEEK, NULL), 1);
	CHECK_OK(fcntl(got[0], F_GETFD));
	CHECK_EQ(recv_fds(s[1], got, 4, 0, NULL), 1);
}
CASE(errors)
{
	int s[2], bad = 999, many[254];

	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	CHECK_ERR(send_fds(s[0], &bad, 1, "x"), EBADF);
	for (int i = 0; i < 254; i++)
		many[i] = 0;
	CHECK_EQ(send_fds(s[0], many, 253, "x"), 1);
	CHECK_ERR(send_fds(s[0], many, 254, "x"), EINVAL);
	char buf[64] = { 0 };
	struct iovec v = { "x", 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = buf, .msg_controllen = CMSG_SPACE(4) };
	struct cmsghdr *c = (void *)buf;
	c->cmsg_len = 3;	/* shorter than its own header */
	CHECK_ERR(syscall(SYS_sendmsg, s[0], &m, 0), EINVAL);
	c->cmsg_len = 1000;
	CHECK_ERR(syscall(SYS_sendmsg, s[0], &m, 0), EINVAL);
	c->cmsg_len = CMSG_LEN(4);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = 77;
	CHECK_ERR(syscall(SYS_sendmsg, s[0], &m, 0), EINVAL);
	c->cmsg_level = 99;
	CHECK_OK(syscall(SYS_sendmsg, s[0], &m, 0));	/* other levels are passed over */
}
