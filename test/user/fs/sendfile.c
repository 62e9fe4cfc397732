/* SPDX-License-Identifier: MPL-2.0 */
/* sendfile: offset pointer, file offset, pipes and sockets, short ends, errors. */
#include "ktest_user.h"

CASE(file_to_file_and_pipe)
{
	char buf[32];
	off_t off = 2;
	int a, b, p[2];

	kt_put("f", "0123456789");
	a = CHECK_OK(open("f", O_RDONLY));
	b = CHECK_OK(open("g", O_CREAT | O_RDWR, 0644));
	CHECK_EQ(sendfile(b, a, &off, 4), 4);
	CHECK_EQ(off, 6);
	CHECK_EQ(lseek(a, 0, SEEK_CUR), 0);
	CHECK_EQ(lseek(b, 0, SEEK_CUR), 4);
	CHECK_EQ(sendfile(b, a, NULL, 100), 10);
	CHECK_EQ(lseek(a, 0, SEEK_CUR), 10);
	CHECK_EQ(sendfile(b, a, NULL, 100), 0);
	CHECK_EQ(pread(b, buf, 32, 0), 14);
	CHECK_MEM(buf, "23450123456789", 14);
	CHECK_OK(pipe(p));
	off = 0;
	CHECK_EQ(sendfile(p[1], a, &off, 3), 3);
	CHECK_EQ(read(p[0], buf, 32), 3);
	CHECK_MEM(buf, "012", 3);
}
CASE(large)
{
	size_t n = 1 << 20;
	char *m = malloc(n), *r = malloc(n);
	int a = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), s[2];
	size_t got = 0;
	pid_t p;

	for (size_t i = 0; i < n; i++)
		m[i] = i * 31 + (i >> 12);
	CHECK_EQ(write(a, m, n), n);
	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	CHILD(p) {
		off_t off = 0;
		close(s[1]);
		while (off < (off_t)n)
			CHECK_GT(sendfile(s[0], a, &off, n - off), 0);
	}
	close(s[0]);
	while (got < n) {
		ssize_t k = CHECK_OK(read(s[1], r + got, n - got));
		CHECK_GT(k, 0);
		got += k;
	}
	CHECK_MEM(m, r, n);
	WAIT_EXIT(p, 0);
}
CASE(errors)
{
	off_t off = -1;
	int a, b, p[2];

	kt_put("f", "0123456789");
	a = CHECK_OK(open("f", O_RDONLY));
	b = CHECK_OK(open("g", O_CREAT | O_RDWR, 0644));
	CHECK_ERR(sendfile(b, a, &off, 4), EINVAL);
	CHECK_ERR(sendfile(a, b, NULL, 4), EBADF);
	CHECK_ERR(sendfile(-1, a, NULL, 4), EBADF);
	CHECK_ERR(sendfile(b, -1, NULL, 4), EBADF);
	CHECK_ERR(syscall(SYS_sendfile, b, a, 8, 4), EFAULT);
	CHECK_OK(pipe(p));
	off = 0;
	CHECK_ERR(sendfile(b, p[0], &off, 4), ESPIPE);
	CHECK_ERR(sendfile(b, CHECK_OK(open(".", O_RDONLY)), NULL, 4), EINVAL);
	CHECK_OK(fcntl(b, F_SETFL, O_APPEND));
	CHECK_ERR(sendfile(b, a, NULL, 4), EINVAL);
	CHECK_EQ(sendfile(p[1], a, NULL, 0), 0);
}
