/* SPDX-License-Identifier: MPL-2.0 */
/* MSG_PEEK, MSG_WAITALL, MSG_DONTWAIT, MSG_NOSIGNAL, MSG_OOB refused, recvmmsg, sendmmsg. */
#include "ktest_user.h"

CASE(peek)
{
	char b[8];
	int s[2];

	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	CHECK_EQ(write(s[0], "abcd", 4), 4);
	CHECK_EQ(recv(s[1], b, 2, MSG_PEEK), 2);
	CHECK_EQ(recv(s[1], b, 8, MSG_PEEK), 4);
	CHECK_EQ(recv(s[1], b, 8, 0), 4);
	CHECK_MEM(b, "abcd", 4);
}
CASE(waitall)
{
	char b[8];
	int s[2];
	pid_t p;

	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	CHECK_EQ(write(s[0], "ab", 2), 2);
	CHILD(p)
		CHECK_EQ(recv(s[1], b, 4, MSG_WAITALL), 4);
	WAIT_BLOCKED(p);
	CHECK_EQ(write(s[0], "cd", 2), 2);
	WAIT_EXIT(p, 0);
	CHECK_EQ(write(s[0], "ef", 2), 2);
	CHECK_OK(close(s[0]));
	CHECK_EQ(recv(s[1], b, 4, MSG_WAITALL), 2);	/* end of file ends it */
}
CASE(dontwait)
{
	char b[8];
	static char big[1 << 20];
	int s[2];
	ssize_t n, total = 0;

	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	CHECK_ERR(recv(s[0], b, 8, MSG_DONTWAIT), EAGAIN);
	while ((n = send(s[0], big, sizeof(big), MSG_DONTWAIT)) > 0)
		total += n;
	CHECK_EQ(errno, EAGAIN);
	CHECK_GT(total, 50000);
	struct pollfd p = { s[0], POLLOUT, 0 };
	CHECK_EQ(poll(&p, 1, 0), 0);
	while (total > 0)
		total -= CHECK_OK(recv(s[1], big, sizeof(big), 0));
	CHECK_EQ(poll(&p, 1, 0), 1);
}
CASE(nosignal)
{
	int s[2];
	pid_t p;

	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	CHECK_OK(close(s[1]));
	CHECK_ERR(send(s[0], "x", 1, MSG_NOSIGNAL), EPIPE);
	CHILD(p)
		send(s[0], "x", 1, 0);
	WAIT_SIGNAL(p, SIGPIPE);
}
CASE(several_messages)
{
	char b[3][8];
	struct iovec v[3], w[3] = { { "a", 1 }, { "bb", 2 }, { "ccc", 3 } };
	struct mmsghdr m[3], o[3];
	int s[2];

	memset(m, 0, sizeof(m));
	memset(o, 0, sizeof(o));
	CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
	for (int i = 0; i < 3; i++) {
		v[i] = (struct iovec){ b[i], 8 };
		m[i].msg_hdr.msg_iov = &v[i];
		m[i].msg_hdr.msg_iovlen = 1;
		o[i].msg_hdr.msg_iov = &w[i];
		o[i].msg_hdr.msg_iovlen = 1;
	}
	CHECK_EQ(syscall(SYS_sendmmsg, s[0], o, 3, 0), 3);
	CHECK_EQ(o[1].msg_len, 2);
	CHECK_EQ(syscall(SYS_recvmmsg, s[1], m, 3, 0, NULL), 3);
	CHECK_EQ(m[2].msg_len, 3);
	CHECK_MEM(b[2], "ccc", 3);
	CHECK_ERR(syscall(SYS_recvmmsg, s[1], m, 3, MSG_DONTWAIT, NULL), EAGAIN);
}
CASE(scatter_gather_limits)
{
	static struct iovec v[1025];
	struct msghdr m = { .msg_iov = v, .msg_iovlen = 1025 };
	int s[2];

	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	CHECK_ERR(syscall(SYS_sendmsg, s[0], &m, 0), EMSGSIZE);
	m.msg_iovlen = 1;
	v[0].iov_base = (void *)8;
	v[0].iov_len = 10;
	CHECK_ERR(syscall(SYS_sendmsg, s[0], &m, 0), EFAULT);
	CHECK_ERR(syscall(SYS_sendmsg, s[0], 8, 0), EFAULT);
	CHECK_ERR(syscall(SYS_recvmsg, s[0], 8, 0), EFAULT);
}
