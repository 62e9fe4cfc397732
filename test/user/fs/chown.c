/* SPDX-License-Identifier: MPL-2.0 */
/* chown family: -1 leaves alone, set-id bits fall, groups, symlinks, fchownat flags. */
#include "ktest_user.h"

CASE(ids)
{
	struct stat st;

	kt_put("f", "");
	CHECK_OK(chown("f", 5, 6));
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_uid, 5);
	CHECK_EQ(st.st_gid, 6);
	CHECK_OK(chown("f", -1, 7));
	CHECK_OK(chown("f", 8, -1));
	CHECK_OK(chown("f", -1, -1));
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_uid, 8);
	CHECK_EQ(st.st_gid, 7);
}
CASE(drops_set_id)
{
	struct stat st;

	kt_put("f", "");
	CHECK_OK(chmod("f", 06755));
	CHECK_OK(chown("f", 1, 1));
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_mode & 07777, 0755);
	CHECK_OK(chmod("f", 02644));
	CHECK_OK(chown("f", 2, 2));
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_mode & 07777, 02644);
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(chmod("d", 06755));
	CHECK_OK(chown("d", 1, 1));
	CHECK_OK(stat("d", &st));
	CHECK_EQ(st.st_mode & 07777, 06755);
}
CASE(ordinary_user)
{
	gid_t groups[2] = { 50, 60 };
	pid_t p;

	kt_put("f", "");
	CHECK_OK(chown("f", 1000, 1000));
	CHILD(p) {
		CHECK_OK(syscall(SYS_setgroups, 2, groups));
		CHECK_OK(setresgid(1000, 1000, 1000));
		CHECK_OK(setresuid(1000, 1000, 1000));
		CHECK_ERR(chown("f", 1001, -1), EPERM);
		CHECK_OK(chown("f", 1000, 60));
		CHECK_OK(chown("f", -1, 1000));
		CHECK_ERR(chown("f", -1, 61), EPERM);
		CHECK_ERR(chown("/tmp", -1, 1000), EPERM);
	}
	WAIT_EXIT(p, 0);
}
CASE(symlinks_and_flags)
{
	struct stat st;
	int fd;

	kt_put("f", "");
	CHECK_OK(symlink("f", "l"));
	CHECK_OK(lchown("l", 3, 4));
	CHECK_OK(lstat("l", &st));
	CHECK_EQ(st.st_uid, 3);
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_uid, 0);
	CHECK_OK(fchownat(AT_FDCWD, "l", 9, 9, 0));
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_uid, 9);
	fd = CHECK_OK(open("f", O_RDONLY));
	CHECK_OK(fchownat(fd, "", 10, 10, AT_EMPTY_PATH));
	CHECK_OK(fchown(fd, 11, -1));
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_uid, 11);
	CHECK_EQ(st.st_gid, 10);
	CHECK_ERR(fchownat(fd, "", 10, 10, 0), ENOENT);
	CHECK_ERR(fchownat(AT_FDCWD, "f", 1, 1, 0x8000), EINVAL);
	CHECK_ERR(fchown(-1, 1, 1), EBADF);
	CHECK_ERR(chown("missing", 1, 1), ENOENT);
}
