/* SPDX-License-Identifier: MPL-2.0 */
/* poll, select and epoll on unix sockets: listening, connecting, hang-up, write room. */
#include "ktest_user.h"

CASE(states)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "sock" };
	int s = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), c = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), f;
	struct pollfd p = { s, POLLIN | POLLOUT | POLLRDHUP, 0 };
	char b;

	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLOUT | POLLHUP);	/* unconnected */
	CHECK_OK(bind(s, (void *)&a, sizeof(a)));
	CHECK_OK(listen(s, 1));
	CHECK_EQ(poll(&p, 1, 0), 0);
	CHECK_OK(connect(c, (void *)&a, sizeof(a)));
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLIN);
	f = CHECK_OK(accept(s, NULL, NULL));
	p.fd = f;
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLOUT);
	CHECK_EQ(write(c, "x", 1), 1);
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLIN | POLLOUT);
	CHECK_EQ(read(f, &b, 1), 1);
	CHECK_OK(shutdown(c, SHUT_WR));
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLIN | POLLOUT | POLLRDHUP);
	CHECK_OK(close(c));
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
}
CASE(accept_wakes_a_poller)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "sock" };
	int s = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), c = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	pid_t p;

	CHECK_OK(bind(s, (void *)&a, sizeof(a)));
	CHECK_OK(listen(s, 1));
	CHILD(p) {
		struct pollfd f = { s, POLLIN, 0 };
		CHECK_EQ(poll(&f, 1, -1), 1);
	}
	WAIT_BLOCKED(p);
	CHECK_OK(connect(c, (void *)&a, sizeof(a)));
	WAIT_EXIT(p, 0);
}
CASE(writer_is_woken_by_room)
{
	static char big[1 << 20];
	int s[2];
	pid_t p;

	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	while (send(s[0], big, sizeof(big), MSG_DONTWAIT) > 0)
		;
	CHILD(p) {
		struct pollfd f = { s[0], POLLOUT, 0 };
		CHECK_EQ(poll(&f, 1, -1), 1);
		CHECK_EQ(write(s[0], "x", 1), 1);
	}
	WAIT_BLOCKED(p);
	while (recv(s[1], big, sizeof(big), MSG_DONTWAIT) > 0)
		;
	WAIT_EXIT(p, 0);
}
