/* SPDX-License-Identifier: MPL-2.0 */
/* netlink(7): names, messages between processes' sockets, groups, options, errors. */
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>
#include "ktest_user.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

static int nl(int protocol) { return CHECK_OK(socket(AF_NETLINK, SOCK_RAW, protocol)); }
static struct sockaddr_nl name(int fd)
{
	struct sockaddr_nl a;
	socklen_t n = sizeof(a);

	memset(&a, 0xff, sizeof(a));
	CHECK_OK(getsockname(fd, (void *)&a, &n));
	CHECK_EQ(n, 12);
	CHECK_EQ(a.nl_family, AF_NETLINK);
	return a;
}
static int bind_to(int fd, unsigned pid, unsigned groups)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK, .nl_pid = pid, .nl_groups = groups };

	return bind(fd, (void *)&a, sizeof(a));
}
static ssize_t send_to(int fd, unsigned pid, unsigned groups, const void *data, size_t len)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK, .nl_pid = pid, .nl_groups = groups };

	return sendto(fd, data, len, 0, (void *)&a, sizeof(a));
}
CASE(making)
{
	CHECK_ERR(socket(AF_NETLINK, SOCK_STREAM, 0), ESOCKTNOSUPPORT);
	CHECK_ERR(socket(AF_NETLINK, SOCK_RAW, 32), EPROTONOSUPPORT);
	CHECK_ERR(socket(AF_NETLINK, SOCK_RAW, -1), EPROTONOSUPPORT);
	CHECK_ERR(socket(AF_NETLINK, SOCK_RAW, 14), EPROTONOSUPPORT);
	CHECK_OK(socket(AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE));
}
CASE(names)
{
	int a = nl(NETLINK_USERSOCK), b = nl(NETLINK_USERSOCK), c = nl(NETLINK_USERSOCK);

	CHECK_EQ(name(a).nl_pid, 0);
	CHECK_OK(bind_to(a, 0, 0));
	CHECK_EQ(name(a).nl_pid, getpid());
	CHECK_OK(bind_to(b, 0, 0));
	CHECK(name(b).nl_pid != 0 && name(b).nl_pid != (unsigned)getpid());
	CHECK_ERR(bind_to(c, getpid(), 0), EADDRINUSE);
	CHECK_OK(bind_to(c, 777, 5));
	CHECK_EQ(name(c).nl_groups, 5);
	CHECK_ERR(bind_to(c, 778, 0), EINVAL);
	CHECK_OK(bind_to(c, 777, 2));
	CHECK_EQ(name(c).nl_groups, 2);
	CHECK_ERR(bind(c, (void *)&(struct sockaddr_nl){ .nl_family = AF_NETLINK }, 11), EINVAL);
	CHECK_ERR(bind(c, (void *)&(struct sockaddr_nl){ .nl_family = AF_UNIX }, 12), EINVAL);
	/* Another protocol has ports of its own. */
	CHECK_OK(bind_to(nl(NETLINK_ROUTE), 777, 0));
}
CASE(to_another)
{
	int a = nl(NETLINK_USERSOCK), b = nl(NETLINK_USERSOCK);
	struct sockaddr_nl from;
	socklen_t n = sizeof(from);
	struct pollfd p = { .fd = b, .events = POLLIN };
	char buf[32];

	CHECK_OK(bind_to(a, 100, 0));
	CHECK_OK(bind_to(b, 200, 0));
	CHECK_ERR(recv(b, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
	CHECK_EQ(poll(&p, 1, 0), 0);
	CHECK_EQ(send_to(a, 200, 0, "hello", 5), 5);
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(recv(b, buf, 2, MSG_PEEK), 2);
	CHECK_EQ(recv(b, buf, 2, MSG_PEEK | MSG_TRUNC), 5);
	CHECK_EQ(recvfrom(b, buf, sizeof(buf), 0, (void *)&from, &n), 5);
	CHECK(!memcmp(buf, "hello", 5));
	CHECK_EQ(n, 12);
	CHECK_EQ(from.nl_pid, 100);
	CHECK_EQ(from.nl_groups, 0);
	CHECK_ERR(send_to(a, 201, 0, "x", 1), ECONNREFUSED);
	CHECK_ERR(sendto(a, "x", 1, MSG_OOB, NULL, 0), EOPNOTSUPP);
	CHECK_ERR(recv(a, buf, 1, MSG_OOB), EOPNOTSUPP);
}
CASE(connected)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_pid = 300 }, peer;
	int a = nl(NETLINK_USERSOCK), b = nl(NETLINK_USERSOCK);
	socklen_t n = sizeof(peer);
	char c;

	CHECK_OK(bind_to(b, 300, 0));
	CHECK_OK(connect(a, (void *)&to, sizeof(to)));
	CHECK(name(a).nl_pid != 0);
	CHECK_OK(getpeername(a, (void *)&peer, &n));
	CHECK_EQ(peer.nl_pid, 300);
	CHECK_EQ(send(a, "y", 1, 0), 1);
	CHECK_EQ(recv(b, &c, 1, 0), 1);
	CHECK_EQ(c, 'y');
	CHECK_ERR(listen(a, 1), EOPNOTSUPP);
	CHECK_ERR(accept(a, NULL, NULL), EOPNOTSUPP);
	CHECK_ERR(shutdown(a, SHUT_RD), EOPNOTSUPP);
}
CASE(groups)
{
	int a = nl(NETLINK_USERSOCK), b = nl(NETLINK_USERSOCK), c = nl(NETLINK_USERSOCK), g;
	struct sockaddr_nl from;
	socklen_t n = sizeof(from);
	unsigned list[4];
	char buf[8];

	CHECK_OK(bind_to(b, 0, 1 << 2));
	CHECK_OK(bind_to(c, 0, 0));
	g = 3;
	CHECK_OK(setsockopt(c, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &g, sizeof(g)));
	/* The group gets it, and then the port: nobody in the kernel listens there. */
	CHECK_ERR(send_to(a, 0, 1 << 2, "all", 3), ECONNREFUSED);
	CHECK_EQ(recvfrom(b, buf, sizeof(buf), 0, (void *)&from, &n), 3);
	CHECK_EQ(from.nl_groups, 1 << 2);
	CHECK_EQ(recv(c, buf, sizeof(buf), 0), 3);
	n = sizeof(list);
	CHECK_OK(getsockopt(c, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, list, &n));
	CHECK_EQ(n, 4);
	CHECK_EQ(list[0], 4);
	CHECK_OK(setsockopt(c, SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, &g, sizeof(g)));
	CHECK_ERR(send_to(a, 0, 1 << 2, "one", 3), ECONNREFUSED);
	CHECK_EQ(recv(b, buf, sizeof(buf), 0), 3);
	CHECK_ERR(recv(c, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
	g = 0;
	CHECK_ERR(setsockopt(c, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &g, sizeof(g)), EINVAL);
	g = 33;
	CHECK_ERR(setsockopt(c, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &g, sizeof(g)), EINVAL);
}
CASE(overrun)
{
	int a = nl(NETLINK_USERSOCK), b = nl(NETLINK_USERSOCK), small = 0, n = 0;
	static char big[1000];

	CHECK_OK(setsockopt(b, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)));
	CHECK_OK(bind_to(b, 0, 1));
	for (int i = 0; i < 50; i++)
		CHECK_ERR(send_to(a, 0, 1, big, sizeof(big)), ECONNREFUSED);
	CHECK_ERR(recv(b, big, sizeof(big), 0), ENOBUFS);
	while (recv(b, big, sizeof(big), MSG_DONTWAIT) > 0)
		n++;
	CHECK(n > 0 && n < 50);
	CHECK_EQ(errno, EAGAIN);
}
CASE(options)
{
	int fd = nl(NETLINK_USERSOCK), v = 1;
	socklen_t n = sizeof(v);
	static const int flags[] = { NETLINK_PKTINFO, NETLINK_BROADCAST_ERROR, NETLINK_NO_ENOBUFS, NETLINK_CAP_ACK,
				     NETLINK_EXT_ACK };

	for (unsigned i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		v = 9;
		CHECK_OK(getsockopt(fd, SOL_NETLINK, flags[i], &v, &n));
		CHECK_EQ(v, 0);
		v = 5;
		CHECK_OK(setsockopt(fd, SOL_NETLINK, flags[i], &v, sizeof(v)));
		CHECK_OK(getsockopt(fd, SOL_NETLINK, flags[i], &v, &n));
		CHECK_EQ(v, 1);
	}
	CHECK_ERR(setsockopt(fd, SOL_NETLINK, 99, &v, sizeof(v)), ENOPROTOOPT);
	CHECK_ERR(getsockopt(fd, SOL_NETLINK, 99, &v, &n), ENOPROTOOPT);
	n = 2;
	CHECK_ERR(getsockopt(fd, SOL_NETLINK, NETLINK_PKTINFO, &v, &n), EINVAL);
	CHECK_ERR(setsockopt(fd, SOL_NETLINK, NETLINK_PKTINFO, (void *)8, sizeof(v)), EFAULT);
}
CASE(privilege)
{
	int r = nl(NETLINK_ROUTE), u = nl(NETLINK_USERSOCK);

	kt_become(1000, 1000);
	CHECK_OK(bind_to(r, 0, 1));
	CHECK_ERR(send_to(r, 5, 0, "x", 1), EPERM);
	CHECK_ERR(send_to(r, 0, 1, "x", 1), EPERM);
	CHECK_ERR(bind_to(u, 0, 1), EPERM);
	CHECK_OK(bind_to(u, 0, 0));
	CHECK_ERR(send_to(u, 54321, 0, "x", 1), ECONNREFUSED);
}
