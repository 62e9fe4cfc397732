/* SPDX-License-Identifier: MPL-2.0 */
/* AF_UNIX stream sockets: connect, accept, data, end of file, shutdown, errors, backlog. */
#include "ktest_user.h"

static struct sockaddr_un addr = { .sun_family = AF_UNIX, .sun_path = "sock" };
static int server(void)
{
	int s = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));

	CHECK_OK(bind(s, (void *)&addr, sizeof(addr)));
	CHECK_OK(listen(s, 5));
	return s;
}
CASE(connect_and_talk)
{
	char buf[16];
	int s = server(), c = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), a;
	struct stat st;

	CHECK_OK(stat("sock", &st));
	CHECK(S_ISSOCK(st.st_mode));
	CHECK_EQ(st.st_mode & 0777, 0755);
	CHECK_OK(connect(c, (void *)&addr, sizeof(addr)));	/* does not wait for accept */
	CHECK_EQ(write(c, "early", 5), 5);
	a = CHECK_OK(accept(s, NULL, NULL));
	CHECK_EQ(read(a, buf, 16), 5);
	CHECK_EQ(write(a, "ab", 2), 2);
	CHECK_EQ(write(a, "cd", 2), 2);
	CHECK_EQ(read(c, buf, 3), 3);	/* a stream has no borders */
	CHECK_EQ(read(c, buf, 16), 1);
	CHECK_OK(close(a));
	CHECK_EQ(read(c, buf, 16), 0);
	signal(SIGPIPE, SIG_IGN);
	CHECK_ERR(write(c, "x", 1), EPIPE);
}
CASE(errors)
{
	int s = server(), c = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), t;
	struct sockaddr_un other = { .sun_family = AF_UNIX, .sun_path = "missing" };

	CHECK_ERR(connect(c, (void *)&other, sizeof(other)), ENOENT);
	kt_put("plain", "");
	strcpy(other.sun_path, "plain");
	CHECK_ERR(connect(c, (void *)&other, sizeof(other)), ECONNREFUSED);
	t = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	strcpy(other.sun_path, "quiet");
	CHECK_OK(bind(t, (void *)&other, sizeof(other)));
	CHECK_ERR(connect(c, (void *)&other, sizeof(other)), ECONNREFUSED);	/* does not listen */
	CHECK_ERR(bind(c, (void *)&addr, sizeof(addr)), EADDRINUSE);
	strcpy(other.sun_path, "another");
	CHECK_ERR(bind(t, (void *)&other, sizeof(other)), EINVAL);	/* bound already */
	CHECK_ERR(accept(c, NULL, NULL), EINVAL);
	CHECK_ERR(listen(c, 1), EINVAL);	/* not bound */
	CHECK_ERR(listen(0, 1), ENOTSOCK);
	CHECK_ERR(read(c, &t, 1), EINVAL);
	CHECK_ERR(send(c, "x", 1, MSG_NOSIGNAL), ENOTCONN);
	CHECK_OK(connect(c, (void *)&addr, sizeof(addr)));
	CHECK_ERR(connect(c, (void *)&addr, sizeof(addr)), EISCONN);
	CHECK_OK(close(s));
	c = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	CHECK_ERR(connect(c, (void *)&addr, sizeof(addr)), ECONNREFUSED);
	other.sun_family = AF_INET;
	CHECK_ERR(connect(c, (void *)&other, sizeof(other)), EINVAL);
	CHECK_ERR(connect(c, (void *)&addr, 1), EINVAL);
	CHECK_ERR(connect(c, (void *)&addr, 200), EINVAL);
	CHECK_ERR(syscall(SYS_connect, c, 8, sizeof(addr)), EFAULT);
	CHECK_ERR(connect(-1, (void *)&addr, sizeof(addr)), EBADF);
}
CASE(socket_errors)
{
	CHECK_ERR(socket(AF_UNIX, 8, 0), ESOCKTNOSUPPORT);
	CHECK_ERR(socket(AF_UNIX, SOCK_STREAM, 77), EPROTONOSUPPORT);
	CHECK_ERR(socket(AF_UNIX, SOCK_STREAM | 0x100000, 0), EINVAL);
	CHECK_ERR(socket(99, SOCK_STREAM, 0), EAFNOSUPPORT);
	CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 1));
	int fd = CHECK_OK(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
}
CASE(permission_of_the_file)
{
	int s = server();
	pid_t p;

	CHECK_OK(chmod("sock", 0600));
	CHILD(p) {
		int c = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
		kt_become(1000, 1000);
		CHECK_ERR(connect(c, (void *)&addr, sizeof(addr)), EACCES);
	}
	WAIT_EXIT(p, 0);
	(void)s;
}
CASE(backlog)
{
	int s = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), c[4], i;

	CHECK_OK(bind(s, (void *)&addr, sizeof(addr)));
	CHECK_OK(listen(s, 1));
	for (i = 0; i < 4; i++) {
		c[i] = CHECK_OK(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
		if (connect(c[i], (void *)&addr, sizeof(addr)))
			break;
	}
	CHECK_EQ(errno, EAGAIN);
	CHECK_EQ(i, 2);
	CHECK_OK(accept(s, NULL, NULL));
	CHECK_OK(connect(c[2], (void *)&addr, sizeof(addr)));
}
CASE(connect_waits_for_room)
{
	int s = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), c;
	pid_t p;

	CHECK_OK(bind(s, (void *)&addr, sizeof(addr)));
	CHECK_OK(listen(s, 0));
	c = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	CHECK_OK(connect(c, (void *)&addr, sizeof(addr)));
	CHILD(p) {
		c = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
		CHECK_OK(connect(c, (void *)&addr, sizeof(addr)));
	}
	WAIT_BLOCKED(p);
	CHECK_OK(accept(s, NULL, NULL));
	WAIT_EXIT(p, 0);
}
CASE(shutdown_)
{
	int s[2];
	char b[8];

	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	CHECK_EQ(write(s[0], "abc", 3), 3);
	CHECK_OK(shutdown(s[0], SHUT_WR));
	CHECK_EQ(read(s[1], b, 8), 3);
	CHECK_EQ(read(s[1], b, 8), 0);
	CHECK_EQ(write(s[1], "d", 1), 1);
	CHECK_EQ(read(s[0], b, 8), 1);
	CHECK_ERR(send(s[0], "x", 1, MSG_NOSIGNAL), EPIPE);
	CHECK_OK(shutdown(s[0], SHUT_RD));
	CHECK_ERR(send(s[1], "x", 1, MSG_NOSIGNAL), EPIPE);
	CHECK_EQ(read(s[0], b, 8), 0);
	CHECK_ERR(shutdown(s[0], 7), EINVAL);
	int u = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	CHECK_OK(shutdown(u, SHUT_RDWR));
	CHECK_ERR(shutdown(0, SHUT_RD), ENOTSOCK);
}
CASE(names)
{
	struct sockaddr_un a;
	socklen_t n = sizeof(a);
	int s = server(), c = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), f;

	CHECK_OK(getsockname(s, (void *)&a, &n));
	CHECK_EQ(n, 2 + 4 + 1);
	CHECK_STR(a.sun_path, "sock");
	n = sizeof(a);
	CHECK_OK(getsockname(c, (void *)&a, &n));
	CHECK_EQ(n, 2);
	CHECK_OK(connect(c, (void *)&addr, sizeof(addr)));
	n = sizeof(a);
	CHECK_OK(getpeername(c, (void *)&a, &n));
	CHECK_STR(a.sun_path, "sock");
	n = sizeof(a);
	f = CHECK_OK(accept(s, (void *)&a, &n));
	CHECK_EQ(n, 2);
	CHECK_EQ(a.sun_family, AF_UNIX);
	n = 4;
	CHECK_OK(getsockname(f, (void *)&a, &n));
	CHECK_EQ(n, 7);		/* the true length, though cut */
	CHECK_ERR(getpeername(s, (void *)&a, &n), ENOTCONN);
	CHECK_ERR(getsockname(0, (void *)&a, &n), ENOTSOCK);
	n = -1;
	CHECK_ERR(getsockname(f, (void *)&a, &n), EINVAL);
}
CASE(accept4_)
{
	int s = server(), c = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), a;

	CHECK_OK(connect(c, (void *)&addr, sizeof(addr)));
	CHECK_ERR(syscall(SYS_accept4, s, NULL, NULL, 0x100), EINVAL);
	a = CHECK_OK(accept4(s, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
	CHECK_EQ(fcntl(a, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(a, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	CHECK_OK(fcntl(s, F_SETFL, O_NONBLOCK));
	CHECK_ERR(accept(s, NULL, NULL), EAGAIN);
}
CASE(reset_of_pending_connections)
{
	char b;
	int s = server(), c = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));

	CHECK_OK(connect(c, (void *)&addr, sizeof(addr)));
	CHECK_OK(close(s));
	CHECK_ERR(read(c, &b, 1), ECONNRESET);
	CHECK_EQ(read(c, &b, 1), 0);
}
CASE(unread_data_resets)
{
	char b;
	int s[2];

	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	CHECK_EQ(write(s[0], "x", 1), 1);
	CHECK_OK(close(s[1]));
	CHECK_ERR(read(s[0], &b, 1), ECONNRESET);
}
