/* SPDX-License-Identifier: MPL-2.0 */
/* Socket options: types, buffers, time-outs, errors, levels, lengths. */
#include "ktest_user.h"

static int get(int s, int opt)
{
	int v = -77;
	socklen_t n = sizeof(v);

	CHECK_OK(getsockopt(s, SOL_SOCKET, opt, &v, &n));
	CHECK_EQ(n, sizeof(v));
	return v;
}
CASE(queries)
{
	int s = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "sock" };

	CHECK_EQ(get(s, SO_TYPE), SOCK_STREAM);
	CHECK_EQ(get(s, SO_DOMAIN), AF_UNIX);
	CHECK_EQ(get(s, SO_PROTOCOL), 0);
	CHECK_EQ(get(s, SO_ACCEPTCONN), 0);
	CHECK_OK(bind(s, (void *)&a, sizeof(a)));
	CHECK_OK(listen(s, 1));
	CHECK_EQ(get(s, SO_ACCEPTCONN), 1);
	CHECK_EQ(get(s, SO_ERROR), 0);
	CHECK_EQ(get(s, SO_PASSCRED), 0);
}
CASE(buffers)
{
	int s[2], v = 10000;

	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	CHECK_EQ(get(s[0], SO_SNDBUF), 212992);
	CHECK_EQ(get(s[0], SO_RCVBUF), 212992);
	CHECK_OK(setsockopt(s[0], SOL_SOCKET, SO_SNDBUF, &v, sizeof(v)));
	CHECK_EQ(get(s[0], SO_SNDBUF), 20000);	/* doubled */
	v = 1;
	CHECK_OK(setsockopt(s[0], SOL_SOCKET, SO_SNDBUF, &v, sizeof(v)));
	CHECK_GE(get(s[0], SO_SNDBUF), 2048);
}
CASE(timeouts)
{
	struct timeval tv = { 0, 20000 }, r;
	socklen_t n = sizeof(r);
	char c;
	long long t;
	int s[2];

	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	CHECK_OK(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	CHECK_OK(getsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &r, &n));
	CHECK_EQ(r.tv_usec, 20000);
	t = kt_now();
	CHECK_ERR(read(s[0], &c, 1), EAGAIN);
	CHECK_GE(kt_now() - t, 19000000);
	CHECK_OK(setsockopt(s[0], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	static char big[1 << 20];
	CHECK_GT(write(s[0], big, sizeof(big)), 0);
	CHECK_ERR(write(s[0], big, sizeof(big)), EAGAIN);
	tv.tv_usec = 1000000;
	CHECK_ERR(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), EDOM);
}
CASE(errors)
{
	int s = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), v = 1;
	socklen_t n = 4;

	CHECK_ERR(getsockopt(s, SOL_SOCKET, 9999, &v, &n), ENOPROTOOPT);
	CHECK_ERR(setsockopt(s, SOL_SOCKET, 9999, &v, 4), ENOPROTOOPT);
	CHECK_ERR(setsockopt(s, 6, 1, &v, 4), EOPNOTSUPP);
	CHECK_ERR(getsockopt(s, 6, 1, &v, &n), EOPNOTSUPP);
	CHECK_ERR(setsockopt(s, SOL_SOCKET, SO_SNDBUF, &v, 2), EINVAL);
	CHECK_ERR(syscall(SYS_setsockopt, s, SOL_SOCKET, SO_SNDBUF, 8, 4), EFAULT);
	CHECK_ERR(syscall(SYS_getsockopt, s, SOL_SOCKET, SO_TYPE, 8, &n), EFAULT);
	CHECK_ERR(syscall(SYS_getsockopt, s, SOL_SOCKET, SO_TYPE, &v, 8), EFAULT);
	CHECK_ERR(getsockopt(0, SOL_SOCKET, SO_TYPE, &v, &n), ENOTSOCK);
	CHECK_ERR(getsockopt(-1, SOL_SOCKET, SO_TYPE, &v, &n), EBADF);
	n = -1;
	CHECK_ERR(getsockopt(s, SOL_SOCKET, SO_TYPE, &v, &n), EINVAL);
	CHECK_ERR(setsockopt(s, SOL_SOCKET, SO_TYPE, &v, 4), ENOPROTOOPT);
	CHECK_ERR(pread(s, &v, 1, 0), ESPIPE);
	CHECK_ERR(ioctl(s, TIOCGWINSZ, &v), ENOTTY);
}
CASE(ioctls)
{
	int s[2], n;

	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	CHECK_EQ(write(s[0], "abc", 3), 3);
	CHECK_OK(ioctl(s[1], FIONREAD, &n));
	CHECK_EQ(n, 3);
	CHECK_OK(ioctl(s[0], TIOCOUTQ, &n));
	CHECK_GT(n, 0);
}
