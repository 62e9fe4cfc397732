/* SPDX-License-Identifier: MPL-2.0 */
/* Generic netlink: nlctrl finds families by name and number, tells them all, and their policies. */
#include <linux/genetlink.h>
#include "nl.h"

#define HDR sizeof(struct genlmsghdr)
#ifndef CTRL_CMD_GETPOLICY
#define CTRL_CMD_GETPOLICY 10
#endif

static void ctrl(int cmd, int flags)
{
	struct genlmsghdr g = { .cmd = cmd, .version = 1 };

	nl_begin(GENL_ID_CTRL, flags, &g, sizeof(g));
}
static void check_nlctrl(struct nlmsghdr *h)
{
	struct genlmsghdr *g = NLMSG_DATA(h);
	int len;

	CHECK_EQ(h->nlmsg_type, GENL_ID_CTRL);
	CHECK_EQ(g->cmd, CTRL_CMD_NEWFAMILY);
	CHECK_EQ(g->version, 2);
	CHECK(!strcmp(nl_need(h, HDR, CTRL_ATTR_FAMILY_NAME), "nlctrl"));
	CHECK_EQ(*(unsigned short *)nl_need(h, HDR, CTRL_ATTR_FAMILY_ID), GENL_ID_CTRL);
	CHECK_EQ(nl_get32(h, HDR, CTRL_ATTR_VERSION), 2);
	CHECK_EQ(nl_get32(h, HDR, CTRL_ATTR_HDRSIZE), 0);
	nl_need(h, HDR, CTRL_ATTR_MAXATTR);
	CHECK(nl_find(h, HDR, CTRL_ATTR_OPS, &len) != NULL);
	CHECK_EQ(len, 2 * (4 + 8 + 8));
	CHECK(nl_find(h, HDR, CTRL_ATTR_MCAST_GROUPS, &len) != NULL);
}
static void look(struct nlmsghdr *h, void *arg)
{
	if (!strcmp(nl_need(h, HDR, CTRL_ATTR_FAMILY_NAME), "nlctrl")) {
		check_nlctrl(h);
		++*(int *)arg;
	}
}
CASE(families)
{
	int fd = nl_open(NETLINK_GENERIC), n = 0;
	unsigned short id = GENL_ID_CTRL;

	ctrl(CTRL_CMD_GETFAMILY, 0);
	nl_str(CTRL_ATTR_FAMILY_NAME, "nlctrl");
	check_nlctrl(nl_ask(fd));
	ctrl(CTRL_CMD_GETFAMILY, 0);
	nl_attr(CTRL_ATTR_FAMILY_ID, &id, 2);
	check_nlctrl(nl_ask(fd));
	ctrl(CTRL_CMD_GETFAMILY, 0);
	CHECK_EQ(nl_dump(fd, look, &n), 0);
	CHECK_EQ(n, 1);
}
CASE(errors)
{
	int fd = nl_open(NETLINK_GENERIC);
	unsigned short id = 999;
	struct genlmsghdr g = { .cmd = 1 };

	ctrl(CTRL_CMD_GETFAMILY, 0);
	CHECK_EQ(nl_do(fd), EINVAL);
	ctrl(CTRL_CMD_GETFAMILY, 0);
	nl_str(CTRL_ATTR_FAMILY_NAME, "no-such-family");
	CHECK_EQ(nl_do(fd), ENOENT);
	ctrl(CTRL_CMD_GETFAMILY, 0);
	nl_str(CTRL_ATTR_FAMILY_NAME, "nl80211");
	CHECK_EQ(nl_do(fd), ENOENT);
	ctrl(CTRL_CMD_GETFAMILY, 0);
	nl_attr(CTRL_ATTR_FAMILY_ID, &id, 2);
	CHECK_EQ(nl_do(fd), ENOENT);
	ctrl(CTRL_CMD_GETFAMILY, 0);
	nl_attr(CTRL_ATTR_FAMILY_ID, &id, 1);
	CHECK_EQ(nl_do(fd), ERANGE);
	ctrl(99, 0);
	CHECK_EQ(nl_do(fd), EOPNOTSUPP);
	ctrl(CTRL_CMD_GETPOLICY, 0);
	CHECK_EQ(nl_do(fd), EOPNOTSUPP);
	nl_begin(999, 0, &g, sizeof(g));
	CHECK_EQ(nl_do(fd), ENOENT);
	nl_begin(GENL_ID_CTRL, 0, &g, 0);
	CHECK_EQ(nl_do(fd), EINVAL);
}
static void policy(struct nlmsghdr *h, void *arg)
{
	CHECK_EQ(*(unsigned short *)nl_need(h, HDR, CTRL_ATTR_FAMILY_ID), GENL_ID_CTRL);
	*(int *)arg += nl_find(h, HDR, 8, NULL) != NULL;	/* CTRL_ATTR_POLICY */
}
CASE(policies)
{
	int fd = nl_open(NETLINK_GENERIC), n = 0;

	ctrl(CTRL_CMD_GETPOLICY, 0);
	nl_str(CTRL_ATTR_FAMILY_NAME, "nlctrl");
	CHECK_EQ(nl_dump(fd, policy, &n), 0);
	CHECK_GE(n, 2);
	ctrl(CTRL_CMD_GETPOLICY, 0);
	nl_str(CTRL_ATTR_FAMILY_NAME, "no-such-family");
	CHECK_EQ(nl_dump(fd, NULL, NULL), ENOENT);
}
CASE(anyone)
{
	int fd, n = 0;

	kt_become(1000, 1000);
	fd = nl_open(NETLINK_GENERIC);
	ctrl(CTRL_CMD_GETFAMILY, 0);
	CHECK_EQ(nl_dump(fd, look, &n), 0);
	CHECK_EQ(n, 1);
	nl_join(fd, 16);
}
