/* SPDX-License-Identifier: MPL-2.0 */
/* O_APPEND writes at the end always, also with several writers and after F_SETFL. */
#include "ktest_user.h"

CASE(end_of_file)
{
	char buf[32];
	int fd;

	kt_put("f", "abc");
	fd = CHECK_OK(open("f", O_RDWR | O_APPEND));
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
	CHECK_EQ(write(fd, "de", 2), 2);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 5);
	CHECK_EQ(lseek(fd, 1, SEEK_SET), 1);
	CHECK_EQ(write(fd, "f", 1), 1);
	CHECK_EQ(pread(fd, buf, sizeof(buf), 0), 6);
	CHECK_MEM(buf, "abcdef", 6);
}
CASE(pwrite_appends_too)
{
	char buf[32];
	int fd;

	kt_put("f", "abc");
	fd = CHECK_OK(open("f", O_RDWR | O_APPEND));
	CHECK_EQ(pwrite(fd, "X", 1, 0), 1);	/* Linux appends, whatever the offset */
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
	CHECK_EQ(pread(fd, buf, sizeof(buf), 0), 4);
	CHECK_MEM(buf, "abcX", 4);
}
CASE(two_writers_lose_nothing)
{
	enum { N = 2000 };
	struct stat st;
	int count[2] = { 0 };
	char *buf;
	pid_t p[2];
	int fd;

	CHECK_OK(close(CHECK_OK(open("f", O_CREAT | O_WRONLY, 0644))));
	for (int i = 0; i < 2; i++)
		CHILD(p[i]) {
			char rec[8];

			fd = CHECK_OK(open("f", O_WRONLY | O_APPEND));
			memset(rec, 'a' + i, 8);
			for (int k = 0; k < N; k++)
				CHECK_EQ(write(fd, rec, 8), 8);
		}
	WAIT_EXIT(p[0], 0);
	WAIT_EXIT(p[1], 0);
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_size, 2 * N * 8);
	buf = malloc(st.st_size);
	fd = CHECK_OK(open("f", O_RDONLY));
	CHECK_EQ(read(fd, buf, st.st_size), st.st_size);
	for (int k = 0; k < 2 * N; k++) {
		for (int j = 1; j < 8; j++)
			CHECK_EQ(buf[k * 8 + j], buf[k * 8]);
		count[buf[k * 8] - 'a']++;
	}
	CHECK_EQ(count[0], N);
	CHECK_EQ(count[1], N);
}
CASE(set_and_cleared_by_fcntl)
{
	int fd;

	kt_put("f", "abc");
	fd = CHECK_OK(open("f", O_RDWR));
	CHECK_OK(fcntl(fd, F_SETFL, O_APPEND));
	CHECK_EQ(fcntl(fd, F_GETFL) & O_APPEND, O_APPEND);
	CHECK_EQ(write(fd, "d", 1), 1);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 4);
	CHECK_OK(fcntl(fd, F_SETFL, 0));
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	CHECK_EQ(write(fd, "X", 1), 1);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 1);
}
