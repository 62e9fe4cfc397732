/* SPDX-License-Identifier: MPL-2.0 */
/* chmod family: who may, set-id bits that are dropped, symlinks, fchmodat. */
#include "ktest_user.h"

CASE(modes)
{
	struct stat st;

	kt_put("f", "");
	for (int m = 0; m < 010000; m += 0137) {
		CHECK_OK(chmod("f", m));
		CHECK_OK(stat("f", &st));
		CHECK_EQ(st.st_mode, S_IFREG | m);
	}
	CHECK_OK(chmod("f", 0177777));
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_mode, S_IFREG | 07777);
	int fd = CHECK_OK(open("f", O_RDONLY));
	CHECK_OK(fchmod(fd, 0604));
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_mode & 07777, 0604);
}
CASE(errors)
{
	kt_put("f", "");
	CHECK_ERR(chmod("missing", 0), ENOENT);
	CHECK_ERR(chmod("f/x", 0), ENOTDIR);
	CHECK_ERR(chmod("", 0), ENOENT);
	CHECK_ERR(fchmod(-1, 0), EBADF);
	CHECK_ERR(syscall(SYS_chmod, 8, 0), EFAULT);
	CHECK_ERR(syscall(SYS_fchmodat, -1, "f", 0), EBADF);
	CHECK_OK(syscall(SYS_fchmodat, AT_FDCWD, "f", 0600));
}
CASE(follows_symlinks)
{
	struct stat st;

	kt_put("f", "");
	CHECK_OK(symlink("f", "l"));
	CHECK_OK(chmod("l", 0111));
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_mode & 07777, 0111);
	CHECK_OK(lstat("l", &st));
	CHECK_EQ(st.st_mode & 07777, 0777);
}
CASE(only_owner)
{
	struct stat st;
	pid_t p;

	kt_put("f", "");
	kt_put("g", "");
	CHECK_OK(chown("g", 1000, 5));
	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_ERR(chmod("f", 0777), EPERM);
		CHECK_OK(chmod("g", 0604));
		CHECK_OK(chmod("g", 06777));	/* not in group 5: setgid is dropped */
		CHECK_OK(stat("g", &st));
		CHECK_EQ(st.st_mode & 07777, 04777);
	}
	WAIT_EXIT(p, 0);
	CHECK_OK(chown("g", 1000, 1000));
	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_OK(chmod("g", 06777));
		CHECK_OK(stat("g", &st));
		CHECK_EQ(st.st_mode & 07777, 06777);
	}
	WAIT_EXIT(p, 0);
}
CASE(write_drops_set_id)
{
	struct stat st;
	pid_t p;

	kt_put("f", "");
	CHECK_OK(chown("f", 1000, 1000));
	CHECK_OK(chmod("f", 06777));
	CHILD(p) {
		kt_become(1000, 1000);
		int fd = CHECK_OK(open("f", O_WRONLY));
		CHECK_OK(stat("f", &st));
		CHECK_EQ(st.st_mode & 07777, 06777);
		CHECK_EQ(write(fd, "x", 1), 1);
		CHECK_OK(stat("f", &st));
		CHECK_EQ(st.st_mode & 07777, 0777);
		CHECK_OK(chmod("f", 06767));
		CHECK_OK(ftruncate(fd, 0));
		CHECK_OK(stat("f", &st));
		CHECK_EQ(st.st_mode & 07777, 02767);	/* no group exec: that was a lock mark */
	}
	WAIT_EXIT(p, 0);
}
