/* SPDX-License-Identifier: MPL-2.0 */
/* rtnetlink(7): questions about lo, dumps, acknowledgements, changes and who hears of them. */
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include "ktest_user.h"

static char buf[32768] __attribute__((aligned(8)));
static struct {
	struct nlmsghdr h;
	struct ifinfomsg i;
	char attrs[256];
} req;

static int nl(unsigned groups)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK, .nl_groups = groups };
	int fd = CHECK_OK(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));

	CHECK_OK(bind(fd, (void *)&a, sizeof(a)));
	return fd;
}
static void begin(int type, int flags, int index)
{
	memset(&req, 0, sizeof(req));
	req.h = (struct nlmsghdr){ NLMSG_LENGTH(sizeof(req.i)), type, NLM_F_REQUEST | flags, 42, 0 };
	req.i.ifi_index = index;
}
static void put(int type, const void *data, int len)
{
	struct rtattr *a = (void *)((char *)&req + NLMSG_ALIGN(req.h.nlmsg_len));

	a->rta_type = type;
	a->rta_len = RTA_LENGTH(len);
	memcpy(RTA_DATA(a), data, len);
	req.h.nlmsg_len = NLMSG_ALIGN(req.h.nlmsg_len) + RTA_ALIGN(a->rta_len);
}
static struct nlmsghdr *ask(int fd)
{
	ssize_t n;

	CHECK_EQ(send(fd, &req, req.h.nlmsg_len, 0), req.h.nlmsg_len);
	n = CHECK_OK(recv(fd, buf, sizeof(buf), 0));
	CHECK(NLMSG_OK((struct nlmsghdr *)buf, n));
	return (void *)buf;
}
static int error_of(int fd)
{
	struct nlmsghdr *h = ask(fd);
	struct nlmsgerr *e = NLMSG_DATA(h);

	CHECK_EQ(h->nlmsg_type, NLMSG_ERROR);
	CHECK_EQ(h->nlmsg_seq, 42);
	CHECK_EQ(e->msg.nlmsg_type, req.h.nlmsg_type);
	return -e->error;
}
static void *attr(struct nlmsghdr *h, int type, int *len)
{
	struct ifinfomsg *i = NLMSG_DATA(h);
	int left = h->nlmsg_len - NLMSG_LENGTH(sizeof(*i));

	for (struct rtattr *a = IFLA_RTA(i); RTA_OK(a, left); a = RTA_NEXT(a, left))
		if (a->rta_type == type) {
			*len = RTA_PAYLOAD(a);
			return RTA_DATA(a);
		}
	FAIL("attribute %d is missing", type);
	return NULL;
}
static void check_lo(struct nlmsghdr *h)
{
	struct ifinfomsg *i = NLMSG_DATA(h);
	int n;

	CHECK_EQ(h->nlmsg_type, RTM_NEWLINK);
	CHECK_EQ(i->ifi_index, 1);
	CHECK_EQ(i->ifi_type, 772);
	CHECK(i->ifi_flags & IFF_LOOPBACK);
	CHECK(!strcmp(attr(h, IFLA_IFNAME, &n), "lo"));
	CHECK_EQ(n, 3);
	CHECK_EQ(*(unsigned *)attr(h, IFLA_MTU, &n), 65536);
	CHECK_EQ(*(unsigned *)attr(h, IFLA_TXQLEN, &n), 1000);
	CHECK(!memcmp(attr(h, IFLA_ADDRESS, &n), "\0\0\0\0\0\0", 6));
	CHECK_EQ(n, 6);
	CHECK(!strncmp(attr(h, IFLA_QDISC, &n), "no", 2));
	attr(h, IFLA_STATS64, &n);
	CHECK_GE(n, 24 * 8);
	attr(h, IFLA_STATS, &n);
	CHECK_GE(n, 24 * 4);
	attr(h, IFLA_MAP, &n);
	CHECK_EQ(n, sizeof(struct rtnl_link_ifmap));
}
CASE(one)
{
	int fd = nl(0);

	begin(RTM_GETLINK, 0, 1);
	check_lo(ask(fd));
	CHECK_EQ(((struct nlmsghdr *)buf)->nlmsg_seq, 42);
	CHECK_EQ(((struct nlmsghdr *)buf)->nlmsg_flags, 0);
	begin(RTM_GETLINK, 0, 0);
	put(IFLA_IFNAME, "lo", 3);
	check_lo(ask(fd));
	/* With an acknowledgement behind it. */
	begin(RTM_GETLINK, NLM_F_ACK, 1);
	check_lo(ask(fd));
	CHECK_OK(recv(fd, buf, sizeof(buf), 0));
	CHECK_EQ(((struct nlmsghdr *)buf)->nlmsg_type, NLMSG_ERROR);
	CHECK_EQ(((struct nlmsgerr *)NLMSG_DATA(buf))->error, 0);
	CHECK_EQ(((struct nlmsghdr *)buf)->nlmsg_len, NLMSG_LENGTH(sizeof(struct nlmsgerr)));
}
CASE(dump)
{
	int fd = nl(0), seen = 0, done = 0;

	begin(RTM_GETLINK, NLM_F_DUMP, 0);
	CHECK_EQ(send(fd, &req, req.h.nlmsg_len, 0), req.h.nlmsg_len);
	while (!done) {
		int n = CHECK_OK(recv(fd, buf, sizeof(buf), 0));

		for (struct nlmsghdr *h = (void *)buf; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
			CHECK(h->nlmsg_flags & NLM_F_MULTI);
			CHECK_EQ(h->nlmsg_seq, 42);
			if (h->nlmsg_type == NLMSG_DONE) {
				CHECK_EQ(*(int *)NLMSG_DATA(h), 0);
				done = 1;
			} else if (((struct ifinfomsg *)NLMSG_DATA(h))->ifi_index == 1) {
				check_lo(h);
				seen++;
			}
		}
	}
	CHECK_EQ(seen, 1);
	CHECK_ERR(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
}
CASE(errors)
{
	int fd = nl(0);

	begin(RTM_GETLINK, 0, 4711);
	CHECK_EQ(error_of(fd), ENODEV);
	begin(RTM_GETLINK, 0, 0);
	CHECK_EQ(error_of(fd), EINVAL);
	begin(RTM_SETLINK, 0, 4711);
	CHECK_EQ(error_of(fd), ENODEV);
	begin(RTM_NEWLINK, NLM_F_EXCL | NLM_F_CREATE, 1);
	CHECK_EQ(error_of(fd), EEXIST);
	begin(RTM_DELLINK, 0, 1);
	CHECK_EQ(error_of(fd), EOPNOTSUPP);
	begin(RTM_SETLINK, 0, 1);
	put(IFLA_MTU, "ab", 2);
	CHECK_EQ(error_of(fd), ERANGE);
	begin(RTM_SETLINK, 0, 1);
	put(IFLA_IFNAME, "a-name-that-is-too-long", 24);
	CHECK_EQ(error_of(fd), ERANGE);
	begin(999, 0, 1);
	CHECK_EQ(error_of(fd), EOPNOTSUPP);
	/* Not a request: no answer. A message that is cut off: none either. */
	begin(RTM_GETLINK, 0, 4711);
	req.h.nlmsg_flags = 0;
	CHECK_EQ(send(fd, &req, req.h.nlmsg_len, 0), req.h.nlmsg_len);
	begin(RTM_GETLINK, 0, 4711);
	CHECK_EQ(send(fd, &req, req.h.nlmsg_len - 4, 0), req.h.nlmsg_len - 4);
	CHECK_EQ(send(fd, &req, 7, 0), 7);
	CHECK_ERR(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
}
CASE(names_and_groups)
{
	unsigned mtu = 1500, group = 0;
	int fd = nl(0);

	for (int up = 0; up < 2; up++) {	/* one that is up takes no name, good or bad */
		begin(RTM_SETLINK, NLM_F_ACK, 1);
		req.i.ifi_change = IFF_UP;
		req.i.ifi_flags = up ? IFF_UP : 0;
		CHECK_EQ(error_of(fd), 0);
		begin(RTM_SETLINK, 0, 1);
		put(IFLA_MTU, &mtu, 4);
		put(IFLA_IFNAME, "bad/name", 9);
		CHECK_EQ(error_of(fd), up ? EBUSY : EINVAL);
	}
	mtu = 65536;
	begin(RTM_SETLINK, NLM_F_ACK, 1);
	put(IFLA_MTU, &mtu, 4);
	put(IFLA_GROUP, &group, 4);	/* the group that it is in */
	CHECK_EQ(error_of(fd), 0);
}
CASE(two_in_one)
{
	static char two[2 * sizeof(req)];
	int fd = nl(0), len;

	begin(RTM_GETLINK, 0, 4711);
	len = req.h.nlmsg_len;
	memcpy(two, &req, len);
	begin(RTM_GETLINK, 0, 4712);
	memcpy(two + len, &req, len);
	CHECK_EQ(send(fd, two, 2 * len, 0), 2 * len);
	for (int i = 0; i < 2; i++) {
		CHECK_OK(recv(fd, buf, sizeof(buf), 0));
		CHECK_EQ(((struct nlmsghdr *)buf)->nlmsg_type, NLMSG_ERROR);
		CHECK_EQ(((struct nlmsgerr *)NLMSG_DATA(buf))->error, -ENODEV);
	}
}
CASE(changes_are_told)
{
	int fd = nl(0), ear = nl(RTMGRP_LINK), n;
	unsigned mtu = 1500;

	begin(RTM_NEWLINK, NLM_F_ACK, 1);
	put(IFLA_MTU, &mtu, 4);
	CHECK_EQ(error_of(fd), 0);
	CHECK_OK(recv(ear, buf, sizeof(buf), 0));
	CHECK_EQ(((struct nlmsghdr *)buf)->nlmsg_type, RTM_NEWLINK);
	CHECK_EQ(((struct nlmsghdr *)buf)->nlmsg_pid, 0);
	CHECK_EQ(*(unsigned *)attr((void *)buf, IFLA_MTU, &n), 1500);
	mtu = 65536;
	begin(RTM_SETLINK, NLM_F_ACK, 1);
	put(IFLA_MTU, &mtu, 4);
	req.i.ifi_flags = IFF_UP;
	req.i.ifi_change = IFF_UP;
	CHECK_EQ(error_of(fd), 0);
	begin(RTM_GETLINK, 0, 1);
	check_lo(ask(fd));
	CHECK(((struct ifinfomsg *)NLMSG_DATA(buf))->ifi_flags & IFF_UP);
	CHECK_EQ(*(unsigned char *)attr((void *)buf, IFLA_OPERSTATE, &n), 0);
	begin(RTM_SETLINK, NLM_F_ACK, 1);
	req.i.ifi_change = IFF_UP;
	CHECK_EQ(error_of(fd), 0);
}
CASE(privilege)
{
	int fd;

	kt_become(1000, 1000);
	fd = nl(0);
	begin(RTM_GETLINK, 0, 1);
	check_lo(ask(fd));
	begin(RTM_SETLINK, 0, 1);
	CHECK_EQ(error_of(fd), EPERM);
	begin(RTM_DELLINK, 0, 4711);
	CHECK_EQ(error_of(fd), EPERM);
}
/* Nonsense from somebody without privileges: answers or silence, and the socket still works. */
CASE(garbage)
{
	unsigned seed = 12345;
	int fd;

	kt_become(1000, 1000);
	fd = nl(0);
	for (int i = 0; i < 3000; i++) {
		unsigned char *p = (void *)&req;
		int len = 16 + (seed >> 8) % 64;

		for (unsigned k = 0; k < sizeof(req); k++) {
			seed = seed * 1103515245 + 12345;
			p[k] = seed >> 16;
		}
		req.h.nlmsg_len = seed & 1 ? (unsigned)len : seed >> 20;
		req.h.nlmsg_type = RTM_GETLINK;
		req.h.nlmsg_flags = NLM_F_REQUEST | (seed & 2 ? NLM_F_DUMP : 0);
		req.i.ifi_family = 0;
		send(fd, &req, len, 0);
		while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0)
			;
	}
	close(fd);
	fd = nl(0);
	begin(RTM_GETLINK, 0, 1);
	check_lo(ask(fd));
}
