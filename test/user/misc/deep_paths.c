/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Deep directories, long link chains, and file trees removed from inside: no kernel stack is
 * used up.
 */
#include "ktest_user.h"

CASE(deep_tree)
{
	for (int i = 0; i < 1500; i++) {
		CHECK_OK(mkdir("d", 0755));
		CHECK_OK(chdir("d"));
	}
	struct stat st;
	CHECK_OK(stat("..", &st));
	static char path[PATH_MAX];
	for (int i = 0; i < 1300; i++)
		strcpy(path + 3 * i, "../");
	strcat(path, "..");
	CHECK_OK(access(path, F_OK));
	for (int i = 0; i < 1500; i++) {
		CHECK_OK(chdir(".."));
		CHECK_OK(rmdir("d"));
	}
}
CASE(nested_links)
{
	char a[32], b[64];

	/* each link leads through the one before: depth counts together */
	CHECK_OK(mkdir("d0", 0755));
	for (int i = 1; i <= 45; i++) {
		snprintf(a, sizeof(a), "d%d", i);
		snprintf(b, sizeof(b), "d%d/.", i - 1);
		CHECK_OK(symlink(b, a));
	}
	CHECK_OK(access("d40", F_OK));
	CHECK_ERR(access("d41", F_OK), ELOOP);
}
CASE(nested_bind_mounts)
{
	char p[1000] = "m";

	CHECK_OK(mkdir("m", 0755));
	for (int i = 0; i < 20; i++) {
		CHECK_OK(mount("none", p, "tmpfs", 0, NULL));
		strcat(p, "/m");
		CHECK_OK(mkdir(p, 0755));
	}
	CHECK_OK(umount2("m", MNT_DETACH));
}
CASE(nested_sockets)
{
	/* descriptors in flight inside descriptors in flight */
	int prev = -1;

	for (int i = 0; i < 12; i++) {
		int s[2];
		char buf[CMSG_SPACE(4)] = { 0 };
		struct iovec v = { "x", 1 };
		struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = buf, .msg_controllen = sizeof(buf) };
		struct cmsghdr *c = (void *)buf;

		CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(4);
		if (prev >= 0) {
			memcpy(CMSG_DATA(c), &prev, 4);
			if (sendmsg(s[0], &m, 0) < 0) {
				CHECK_EQ(errno, ETOOMANYREFS);
				CHECK_GE(i, 4);
				return;
			}
			close(prev);
		}
		close(s[0]);
		prev = s[1];
	}
}
