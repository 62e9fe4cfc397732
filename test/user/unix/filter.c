/* SPDX-License-Identifier: MPL-2.0 */
/* SO_ATTACH_FILTER on datagrams of AF_UNIX and netlink: what is dropped, what is cut, the options' errors. */
#include <linux/filter.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include "ktest_user.h"

#ifndef SO_LOCK_FILTER
#define SO_LOCK_FILTER 44
#endif

/* Only what begins with 'a', and of that three bytes. */
static struct sock_filter only_a[] = {
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 'a', 0, 1),
	BPF_STMT(BPF_RET | BPF_K, 3),
	BPF_STMT(BPF_RET | BPF_K, 0),
};
static int attach(int fd, struct sock_filter *f, int n)
{
	struct sock_fprog p = { n, f };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &p, sizeof(p));
}
CASE(datagrams)
{
	char buf[16];
	int s[2];

	CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
	CHECK_OK(attach(s[1], only_a, 4));
	CHECK_EQ(send(s[0], "before", 6, 0), 6);
	CHECK_EQ(send(s[0], "abcdef", 6, 0), 6);
	CHECK_EQ(send(s[0], "a", 1, 0), 1);
	CHECK_EQ(send(s[0], "", 0, 0), 0);	/* no first byte: dropped */
	CHECK_EQ(recv(s[1], buf, sizeof(buf), 0), 3);
	CHECK(!memcmp(buf, "abc", 3));
	CHECK_EQ(recv(s[1], buf, sizeof(buf), 0), 1);
	CHECK_ERR(recv(s[1], buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
	CHECK_OK(setsockopt(s[1], SOL_SOCKET, SO_DETACH_FILTER, &s[0], sizeof(s[0])));
	CHECK_EQ(send(s[0], "zzzzz", 5, 0), 5);
	CHECK_EQ(recv(s[1], buf, sizeof(buf), 0), 5);
}
CASE(netlink)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK, .nl_pid = 9999 };
	int to = CHECK_OK(socket(AF_NETLINK, SOCK_RAW, NETLINK_USERSOCK)), from;
	char buf[16];

	from = CHECK_OK(socket(AF_NETLINK, SOCK_RAW, NETLINK_USERSOCK));
	CHECK_OK(bind(to, (void *)&a, sizeof(a)));
	CHECK_OK(attach(to, only_a, 4));
	sendto(from, "bbbb", 4, 0, (void *)&a, sizeof(a));
	CHECK_EQ(sendto(from, "axxxx", 5, 0, (void *)&a, sizeof(a)), 3);	/* what the filter lets through */
	CHECK_EQ(recv(to, buf, sizeof(buf), MSG_DONTWAIT), 3);
	CHECK(!memcmp(buf, "axx", 3));
}
CASE(reading_back)
{
	struct sock_filter f[8];
	socklen_t n = 0;
	int s[2];

	CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
	CHECK_OK(getsockopt(s[0], SOL_SOCKET, SO_GET_FILTER, f, &n));
	CHECK_EQ(n, 0);
	CHECK_OK(attach(s[0], only_a, 4));
	n = 0;
	CHECK_OK(getsockopt(s[0], SOL_SOCKET, SO_GET_FILTER, f, &n));
	CHECK_EQ(n, 4);
	n = 3;
	CHECK_ERR(getsockopt(s[0], SOL_SOCKET, SO_GET_FILTER, f, &n), EINVAL);
	n = 8;
	CHECK_OK(getsockopt(s[0], SOL_SOCKET, SO_GET_FILTER, f, &n));
	CHECK_EQ(n, 4);
	CHECK(!memcmp(f, only_a, sizeof(only_a)));
}
CASE(locking)
{
	int s[2], on = 1, off = 0, v = 9;
	socklen_t n = sizeof(v);

	CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
	CHECK_ERR(setsockopt(s[0], SOL_SOCKET, SO_DETACH_FILTER, &on, sizeof(on)), ENOENT);
	CHECK_OK(attach(s[0], only_a, 4));
	CHECK_OK(setsockopt(s[0], SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof(on)));
	CHECK_OK(getsockopt(s[0], SOL_SOCKET, SO_LOCK_FILTER, &v, &n));
	CHECK_EQ(v, 1);
	CHECK_ERR(attach(s[0], only_a, 4), EPERM);
	CHECK_ERR(setsockopt(s[0], SOL_SOCKET, SO_DETACH_FILTER, &on, sizeof(on)), EPERM);
	CHECK_ERR(setsockopt(s[0], SOL_SOCKET, SO_LOCK_FILTER, &off, sizeof(off)), EPERM);
	CHECK_OK(setsockopt(s[0], SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof(on)));
}
CASE(errors)
{
	static struct sock_filter endless[] = { BPF_STMT(BPF_JMP | BPF_JA, -1) };
	static struct sock_filter no_end[] = { BPF_STMT(BPF_LD | BPF_IMM, 1) };
	static struct sock_filter special[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + 36), BPF_STMT(BPF_RET | BPF_K, 9) };
	static struct sock_filter unknown[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + 99), BPF_STMT(BPF_RET | BPF_K, 0) };
	struct sock_fprog p = { 4, only_a };
	int s[2];

	CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
	CHECK_ERR(attach(s[0], endless, 1), EINVAL);
	CHECK_ERR(attach(s[0], no_end, 1), EINVAL);
	CHECK_ERR(attach(s[0], unknown, 2), EINVAL);
	CHECK_ERR(attach(s[0], only_a, 0), EINVAL);
	CHECK_ERR(attach(s[0], (void *)8, 4), EFAULT);
	CHECK_ERR(attach(s[0], NULL, 4), EINVAL);
	CHECK_ERR(setsockopt(s[0], SOL_SOCKET, SO_ATTACH_FILTER, &p, 4), EINVAL);
	CHECK_ERR(setsockopt(s[0], SOL_SOCKET, SO_ATTACH_FILTER, (void *)8, sizeof(p)), EFAULT);
	CHECK_OK(attach(s[0], special, 2));
}
