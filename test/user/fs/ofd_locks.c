/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Open-file-description locks: owner is the open file, conflicts within a process, F_OFD_GETLK.
 */
#include "ktest_user.h"

static int ofd(int fd, int cmd, int type, off_t start, off_t len)
{
	struct flock l = { .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len };

	return fcntl(fd, cmd, &l);
}
CASE(between_open_files)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int a, b, d;

	kt_put("f", "");
	a = CHECK_OK(open("f", O_RDWR));
	b = CHECK_OK(open("f", O_RDWR));
	d = CHECK_OK(dup(a));
	CHECK_OK(ofd(a, F_OFD_SETLK, F_WRLCK, 0, 10));
	CHECK_ERR(ofd(b, F_OFD_SETLK, F_WRLCK, 5, 1), EAGAIN);
	CHECK_OK(ofd(d, F_OFD_SETLK, F_WRLCK, 5, 1));
	CHECK_OK(fcntl(b, F_OFD_GETLK, &l));
	CHECK_EQ(l.l_type, F_WRLCK);
	CHECK_EQ(l.l_pid, -1);
	CHECK_OK(close(a));
	CHECK_ERR(ofd(b, F_OFD_SETLK, F_RDLCK, 5, 1), EAGAIN);
	CHECK_OK(close(d));
	CHECK_OK(ofd(b, F_OFD_SETLK, F_RDLCK, 5, 1));
}
CASE(conflict_with_process_locks)
{
	int a, b;

	kt_put("f", "");
	a = CHECK_OK(open("f", O_RDWR));
	b = CHECK_OK(open("f", O_RDWR));
	CHECK_OK(ofd(a, F_OFD_SETLK, F_WRLCK, 0, 10));
	CHECK_ERR(ofd(b, F_SETLK, F_WRLCK, 0, 1), EAGAIN);
	CHECK_ERR(ofd(a, F_SETLK, F_WRLCK, 0, 1), EAGAIN);
}
CASE(pid_must_be_zero)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_pid = 1 };

	kt_put("f", "");
	CHECK_ERR(fcntl(CHECK_OK(open("f", O_RDWR)), F_OFD_SETLK, &l), EINVAL);
}
