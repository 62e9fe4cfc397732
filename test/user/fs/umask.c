/* SPDX-License-Identifier: MPL-2.0 */
/*
 * umask: returned value, mask of its argument, inheritance by fork and use by mknod and open.
 */
#include "ktest_user.h"

CASE(value)
{
	umask(0123);
	CHECK_EQ(umask(0777777), 0123);
	CHECK_EQ(umask(0), 0777);
}
CASE(inherited_and_private)
{
	pid_t p;

	umask(0111);
	CHILD(p) {
		CHECK_EQ(umask(0222), 0111);
		CHECK_EQ(umask(0222), 0222);
	}
	WAIT_EXIT(p, 0);
	CHECK_EQ(umask(0), 0111);
}
CASE(applies)
{
	struct stat st;

	umask(0137);
	CHECK_OK(mkfifo("p", 0666));
	CHECK_OK(stat("p", &st));
	CHECK_EQ(st.st_mode & 0777, 0640);
	CHECK_OK(mknod("f", S_IFREG | 0777, 0));
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_mode & 0777, 0640);
}
CASE(in_proc_status)
{
	umask(0157);
	char buf[4096];
	kt_get("/proc/self/status", buf, sizeof(buf));
	CHECK(strstr(buf, "\nUmask:\t0157\n"));
}
