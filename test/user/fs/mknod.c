/* SPDX-License-Identifier: MPL-2.0 */
/* mknod: kinds, permissions, and names that exist. */
#include "ktest_user.h"

CASE(kinds)
{
	struct stat st;
	char c;

	CHECK_OK(mknod("reg", 0644, 0));
	CHECK_OK(stat("reg", &st));
	CHECK(S_ISREG(st.st_mode));
	CHECK_OK(mknod("sock", S_IFSOCK | 0644, 0));
	CHECK_OK(stat("sock", &st));
	CHECK(S_ISSOCK(st.st_mode));
	CHECK_OK(mknod("null", S_IFCHR | 0666, makedev(1, 3)));
	int fd = CHECK_OK(open("null", O_RDWR));
	CHECK_EQ(write(fd, "x", 1), 1);
	CHECK_EQ(read(fd, &c, 1), 0);
	CHECK_OK(mknod("zero", S_IFCHR | 0666, makedev(1, 5)));
	fd = CHECK_OK(open("zero", O_RDWR));
	CHECK_EQ(read(fd, &c, 1), 1);
	CHECK_EQ(c, 0);
}
CASE(errors)
{
	pid_t p;

	CHECK_ERR(mknod("d", S_IFDIR | 0755, 0), EPERM);
	CHECK_ERR(mknod("l", S_IFLNK | 0755, 0), EINVAL);
	CHECK_ERR(mknod("x", 0170000 | 0755, 0), EINVAL);
	CHECK_OK(mknod("f", S_IFIFO | 0644, 0));
	CHECK_ERR(mknod("f", S_IFIFO | 0644, 0), EEXIST);
	CHECK_ERR(mknod("missing/f", S_IFIFO | 0644, 0), ENOENT);
	CHECK_ERR(mknodat(-1, "f", S_IFIFO | 0644, 0), EBADF);
	CHECK_OK(chmod(".", 0777));
	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_ERR(mknod("c", S_IFCHR | 0644, makedev(1, 3)), EPERM);
		CHECK_ERR(mknod("b", S_IFBLK | 0644, makedev(1, 3)), EPERM);
		CHECK_OK(mknod("mine", S_IFIFO | 0644, 0));
		CHECK_OK(mknod("r", S_IFREG | 0644, 0));
	}
	WAIT_EXIT(p, 0);
}
