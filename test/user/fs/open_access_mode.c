/* SPDX-License-Identifier: MPL-2.0 */
/* The access mode of open decides what read, write and mmap may do. */
#include "ktest_user.h"

CASE(read_only)
{
	int fd;
	char c;

	kt_put("f", "abc");
	fd = CHECK_OK(open("f", O_RDONLY));
	CHECK_EQ(read(fd, &c, 1), 1);
	CHECK_ERR(write(fd, "x", 1), EBADF);
	CHECK_ERR(write(fd, "x", 0), EBADF);
	CHECK_ERR(pwrite(fd, "x", 1, 0), EBADF);
	CHECK_ERR(ftruncate(fd, 0), EINVAL);
}
CASE(write_only)
{
	int fd;
	char c;

	kt_put("f", "abc");
	fd = CHECK_OK(open("f", O_WRONLY));
	CHECK_EQ(write(fd, "x", 1), 1);
	CHECK_ERR(read(fd, &c, 1), EBADF);
	CHECK_ERR(pread(fd, &c, 1, 0), EBADF);
	CHECK_ERR(mmap(NULL, PG, PROT_READ, MAP_PRIVATE, fd, 0), EACCES);
}
CASE(mode_three_is_for_ioctl_only)
{
	int fd;
	char c;

	kt_put("f", "abc");
	fd = CHECK_OK(open("f", 3));
	CHECK_ERR(read(fd, &c, 1), EBADF);
	CHECK_ERR(write(fd, "x", 1), EBADF);
	CHECK_EQ(fcntl(fd, F_GETFL) & 3, 3);
}
CASE(directories_are_read_only)
{
	CHECK_OK(mkdir("d", 0755));
	CHECK_ERR(open("d", O_WRONLY), EISDIR);
	CHECK_ERR(open("d", O_RDWR), EISDIR);
	int fd = CHECK_OK(open("d", O_RDONLY));
	char c;
	CHECK_ERR(read(fd, &c, 1), EISDIR);
	CHECK_ERR(pread(fd, &c, 1, 0), EISDIR);
}
CASE(permissions_of_file)
{
	pid_t p;

	kt_put("r", "");
	CHECK_OK(chmod("r", 0444));
	kt_put("w", "");
	CHECK_OK(chmod("w", 0222));
	kt_put("own", "");
	CHECK_OK(chown("own", 1000, 1000));
	CHECK_OK(chmod("own", 0077));
	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_OK(open("r", O_RDONLY));
		CHECK_ERR(open("r", O_WRONLY), EACCES);
		CHECK_ERR(open("r", O_RDWR), EACCES);
		CHECK_OK(open("w", O_WRONLY));
		CHECK_ERR(open("w", O_RDONLY), EACCES);
		CHECK_ERR(open("own", O_RDONLY), EACCES);	/* the owner's bits, not others' */
		CHECK_ERR(open("r", 3), EACCES);		/* needs both */
	}
	WAIT_EXIT(p, 0);
	CHECK_OK(open("r", O_RDWR));	/* root may */
}
