/* SPDX-License-Identifier: MPL-2.0 */
/* setuid family: root and ordinary users, saved ids, -1, groups, errors. */
#include "ktest_user.h"

static void three(uid_t r, uid_t e, uid_t s, int line)
{
	uid_t a, b, c;

	if (getresuid(&a, &b, &c) || a != r || b != e || c != s)
		kt_fail(__FILE__, line, "ids are %d %d %d, expected %d %d %d", a, b, c, r, e, s);
}
#define IDS(r, e, s) three(r, e, s, __LINE__)
CASE(root_setuid_sets_all)
{
	CHECK_OK(setuid(1000));
	IDS(1000, 1000, 1000);
	CHECK_ERR(setuid(0), EPERM);
	CHECK_ERR(seteuid(0), EPERM);
	CHECK_OK(setuid(1000));
}
CASE(saved_id)
{
	CHECK_OK(setresuid(1000, 1001, 1002));
	CHECK_OK(setuid(1002));
	IDS(1000, 1002, 1002);
	CHECK_OK(seteuid(1000));
	IDS(1000, 1000, 1002);
	CHECK_ERR(seteuid(1001), EPERM);
	CHECK_ERR(setuid(1001), EPERM);
}
CASE(seteuid_and_back)
{
	CHECK_OK(seteuid(1000));
	IDS(0, 1000, 0);
	CHECK_OK(seteuid(0));
	IDS(0, 0, 0);
}
CASE(setreuid)
{
	CHECK_OK(setreuid(1000, 1001));
	IDS(1000, 1001, 1001);
	CHECK_OK(setreuid(1001, 1000));
	IDS(1001, 1000, 1000);
	CHECK_ERR(setreuid(5, -1), EPERM);
	CHECK_OK(setreuid(-1, -1));
	CHECK_OK(setreuid(-1, 1001));
	IDS(1001, 1001, 1000);
}
CASE(setresuid)
{
	CHECK_OK(setresuid(-1, -1, 5));
	IDS(0, 0, 5);
	CHECK_OK(setresuid(1, 2, 3));
	CHECK_OK(setresuid(2, 3, 1));
	IDS(2, 3, 1);
	CHECK_ERR(setresuid(2, 3, 4), EPERM);
	CHECK_OK(setresuid(-1, -1, -1));
	CHECK_ERR(syscall(SYS_getresuid, 8, 8, 8), EFAULT);
}
CASE(invalid)
{
	CHECK_ERR(setuid(-1), EINVAL);
	CHECK_ERR(setgid(-1), EINVAL);
}
CASE(gids)
{
	gid_t r, e, s;

	CHECK_OK(setresgid(5, 6, 7));
	CHECK_OK(setegid(7));
	CHECK_OK(getresgid(&r, &e, &s));
	CHECK_EQ(r, 5);
	CHECK_EQ(e, 7);
	CHECK_EQ(s, 7 == s ? 7 : 7);
	CHECK_OK(setresuid(1000, 1000, 1000));
	CHECK_ERR(setgid(9), EPERM);
	CHECK_ERR(setresgid(9, -1, -1), EPERM);
	CHECK_OK(setgid(5));
	CHECK_OK(setregid(-1, 5));
}
CASE(groups)
{
	gid_t g[3] = { 5, 3, 9 }, out[8];
	pid_t p;

	CHECK_OK(syscall(SYS_setgroups, 3, g));
	CHECK_EQ(getgroups(0, NULL), 3);
	CHECK_EQ(getgroups(8, out), 3);
	CHECK_EQ(out[0] + out[1] + out[2], 17);
	CHECK_ERR(getgroups(2, out), EINVAL);
	CHECK_ERR(syscall(SYS_getgroups, -1, out), EINVAL);
	CHECK_ERR(syscall(SYS_setgroups, 65537, g), EINVAL);
	CHECK_ERR(syscall(SYS_setgroups, 3, 8), EFAULT);
	CHILD(p) {
		CHECK_EQ(getgroups(0, NULL), 3);
		CHECK_OK(setresuid(1000, 1000, 1000));
		CHECK_ERR(syscall(SYS_setgroups, 0, NULL), EPERM);
	}
	WAIT_EXIT(p, 0);
	kt_put("f", "");
	CHECK_OK(chmod("f", 0640));
	CHECK_OK(chown("f", 0, 9));
	CHILD(p) {
		CHECK_OK(setresgid(1000, 1000, 1000));
		CHECK_OK(setresuid(1000, 1000, 1000));
		CHECK_OK(open("f", O_RDONLY));
		CHECK_ERR(open("f", O_RDWR), EACCES);
	}
	WAIT_EXIT(p, 0);
}
CASE(status_lines)
{
	static char buf[4096];

	CHECK_OK(setresgid(5, 6, 7));
	CHECK_OK(setresuid(1, 2, 3));
	kt_get("/proc/self/status", buf, sizeof(buf));
	CHECK(strstr(buf, "\nUid:\t1\t2\t3\t2\n"));
	CHECK(strstr(buf, "\nGid:\t5\t6\t7\t6\n"));
}
