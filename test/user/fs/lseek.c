/* SPDX-License-Identifier: MPL-2.0 */
/* lseek: every whence, holes and data, limits, and files that cannot seek. */
#include "ktest_user.h"

CASE(set_cur_end)
{
	int fd;

	kt_put("f", "0123456789");
	fd = CHECK_OK(open("f", O_RDWR));
	CHECK_EQ(lseek(fd, 4, SEEK_SET), 4);
	CHECK_EQ(lseek(fd, 3, SEEK_CUR), 7);
	CHECK_EQ(lseek(fd, -7, SEEK_CUR), 0);
	CHECK_EQ(lseek(fd, -2, SEEK_END), 8);
	CHECK_EQ(lseek(fd, 100, SEEK_END), 110);
	CHECK_ERR(lseek(fd, -111, SEEK_CUR), EINVAL);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 110);
	CHECK_ERR(lseek(fd, -1, SEEK_SET), EINVAL);
	CHECK_ERR(lseek(fd, 0, 99), EINVAL);
	CHECK_ERR(lseek(fd, -11, SEEK_END), EINVAL);
}
CASE(limits)
{
	int fd;

	kt_put("f", "0123456789");
	fd = CHECK_OK(open("f", O_RDWR));
	if (!kt_on_memory()) {
		/* A file system with a largest file. */
		CHECK_ERR(lseek(fd, LLONG_MAX, SEEK_SET), EINVAL);
		CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
		CHECK_ERR(pread(fd, &(char){ 0 }, 1, LLONG_MAX), EINVAL);
		CHECK_ERR(pwrite(fd, "x", 1, LLONG_MAX), EINVAL);
		CHECK_ERR(pwrite(fd, "x", 1, LLONG_MAX - 1), EFBIG);
		return;
	}
	CHECK_EQ(lseek(fd, LLONG_MAX, SEEK_SET), LLONG_MAX);
	CHECK_ERR(lseek(fd, 1, SEEK_CUR), EINVAL);
	CHECK_ERR(read(fd, &(char){ 0 }, 1), EINVAL);
	CHECK_ERR(write(fd, "x", 1), EINVAL);
}
CASE(holes_and_data)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));

	CHECK_EQ(pwrite(fd, "x", 1, 0), 1);
	CHECK_EQ(pwrite(fd, "y", 1, 64 * PG), 1);
	CHECK_EQ(lseek(fd, 0, SEEK_DATA), 0);
	CHECK_EQ(lseek(fd, 0, SEEK_HOLE), kt_block());
	CHECK_EQ(lseek(fd, PG, SEEK_DATA), 64 * PG);
	CHECK_EQ(lseek(fd, PG + 5, SEEK_HOLE), PG + 5);
	CHECK_EQ(lseek(fd, 64 * PG, SEEK_HOLE), 64 * PG + 1);	/* the end is a hole */
	CHECK_ERR(lseek(fd, 64 * PG + 1, SEEK_DATA), ENXIO);
	CHECK_ERR(lseek(fd, 64 * PG + 1, SEEK_HOLE), ENXIO);
}
CASE(unseekable)
{
	int p[2];

	CHECK_OK(pipe(p));
	CHECK_ERR(lseek(p[0], 0, SEEK_SET), ESPIPE);
	CHECK_ERR(lseek(CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), 0, SEEK_CUR), ESPIPE);
	CHECK_ERR(lseek(-1, 0, SEEK_SET), EBADF);
}
CASE(shared_by_dup_and_fork)
{
	int fd, fd2;
	pid_t p;

	kt_put("f", "0123456789");
	fd = CHECK_OK(open("f", O_RDWR));
	fd2 = CHECK_OK(dup(fd));
	CHECK_EQ(lseek(fd, 4, SEEK_SET), 4);
	CHECK_EQ(lseek(fd2, 0, SEEK_CUR), 4);
	CHILD(p)
		CHECK_EQ(lseek(fd, 7, SEEK_SET), 7);
	WAIT_EXIT(p, 0);
	CHECK_EQ(lseek(fd2, 0, SEEK_CUR), 7);
	CHECK_EQ(lseek(CHECK_OK(open("f", O_RDWR)), 0, SEEK_CUR), 0);
}
