/* SPDX-License-Identifier: MPL-2.0 */
/* eventfd: counter and semaphore, blocking at both ends, overflow, poll, errors. */
#include "ktest_user.h"

CASE(counter)
{
	uint64_t v = 5;
	int fd = CHECK_OK(eventfd(3, EFD_NONBLOCK | EFD_CLOEXEC));

	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(fd, F_GETFL), O_RDWR | O_NONBLOCK);
	CHECK_EQ(write(fd, &v, 8), 8);
	CHECK_EQ(read(fd, &v, 8), 8);
	CHECK_EQ(v, 8);
	CHECK_ERR(read(fd, &v, 8), EAGAIN);
	CHECK_ERR(read(fd, &v, 7), EINVAL);
	CHECK_ERR(write(fd, &v, 4), EINVAL);
	v = -1ULL;
	CHECK_ERR(write(fd, &v, 8), EINVAL);
	v = -2ULL;
	CHECK_EQ(write(fd, &v, 8), 8);
	v = 1;
	CHECK_ERR(write(fd, &v, 8), EAGAIN);
	struct pollfd f = { fd, POLLIN | POLLOUT, 0 };
	CHECK_EQ(poll(&f, 1, 0), 1);
	CHECK_EQ(f.revents, POLLIN);
	char big[16];
	CHECK_EQ(read(fd, big, 16), 8);
	CHECK_EQ(poll(&f, 1, 0), 1);
	CHECK_EQ(f.revents, POLLOUT);
	v = 0;
	CHECK_EQ(write(fd, &v, 8), 8);
	CHECK_ERR(read(fd, &v, 8), EAGAIN);
}
CASE(semaphore)
{
	uint64_t v;
	int fd = CHECK_OK(eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK));

	CHECK_EQ(read(fd, &v, 8), 8);
	CHECK_EQ(v, 1);
	CHECK_EQ(read(fd, &v, 8), 8);
	CHECK_ERR(read(fd, &v, 8), EAGAIN);
}
CASE(blocks)
{
	uint64_t v = 7;
	int fd = CHECK_OK(eventfd(0, 0));
	pid_t p;

	CHILD(p) {
		CHECK_EQ(read(fd, &v, 8), 8);
		CHECK_EQ(v, 7);
	}
	WAIT_BLOCKED(p);
	CHECK_EQ(write(fd, &v, 8), 8);
	WAIT_EXIT(p, 0);
	v = -2ULL;
	CHECK_EQ(write(fd, &v, 8), 8);
	CHILD(p) {
		v = 2;
		CHECK_EQ(write(fd, &v, 8), 8);
	}
	WAIT_BLOCKED(p);
	CHECK_EQ(read(fd, &v, 8), 8);
	WAIT_EXIT(p, 0);
	CHECK_EQ(read(fd, &v, 8), 8);
	CHECK_EQ(v, 2);
}
CASE(errors)
{
	int fd = CHECK_OK(eventfd(1, 0));

	CHECK_ERR(eventfd(0, 0x100), EINVAL);
	CHECK_ERR(read(fd, (void *)8, 8), EFAULT);
	CHECK_ERR(write(fd, (void *)8, 8), EFAULT);
	CHECK_OK(syscall(SYS_eventfd, 5));
}
CASE(fdinfo)
{
	char path[64], buf[512];
	int fd = CHECK_OK(eventfd(0x1f, 0));

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	kt_get(path, buf, sizeof(buf));
	CHECK(strstr(buf, "eventfd-count:               1f\n"));
}
