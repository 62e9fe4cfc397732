/* SPDX-License-Identifier: MPL-2.0 */
/* /dev/null, zero, full, random, urandom, tty, and the links that programs expect. */
#include "ktest_user.h"

CASE(null)
{
	char c;
	int fd = CHECK_OK(open("/dev/null", O_RDWR));

	CHECK_EQ(read(fd, &c, 1), 0);
	CHECK_EQ(write(fd, "abc", 3), 3);
	CHECK_EQ(lseek(fd, 100, SEEK_SET), 0);
	CHECK_OK(ftruncate(fd, 0) == -1 && errno == EINVAL ? 0 : -1);
	struct pollfd p = { fd, POLLIN | POLLOUT, 0 };
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLIN | POLLOUT);
	CHECK_OK(close(CHECK_OK(open("/dev/null", O_WRONLY | O_CREAT | O_TRUNC, 0644))));
}
CASE(zero)
{
	char buf[5000], z[5000] = { 0 };
	char *m;
	int fd = CHECK_OK(open("/dev/zero", O_RDWR));

	memset(buf, 1, sizeof(buf));
	CHECK_EQ(read(fd, buf, sizeof(buf)), sizeof(buf));
	CHECK_MEM(buf, z, sizeof(buf));
	CHECK_EQ(write(fd, "abc", 3), 3);
	m = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK(m != MAP_FAILED);
	CHECK_EQ(m[5], 0);
	m[5] = 1;
	m = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(m != MAP_FAILED);
	m[0] = 7;
	pid_t p;
	CHILD(p)
		m[0]++;
	WAIT_EXIT(p, 0);
	CHECK_EQ(m[0], 8);
}
CASE(full)
{
	char c = 1;
	int fd = CHECK_OK(open("/dev/full", O_RDWR));

	CHECK_ERR(write(fd, "abc", 3), ENOSPC);
	CHECK_EQ(read(fd, &c, 1), 1);
	CHECK_EQ(c, 0);
}
CASE(random)
{
	unsigned char a[64], b[64];
	int fd = CHECK_OK(open("/dev/urandom", O_RDWR));

	CHECK_EQ(read(fd, a, 64), 64);
	CHECK_EQ(read(fd, b, 64), 64);
	CHECK(memcmp(a, b, 64));
	CHECK_EQ(write(fd, a, 64), 64);
	fd = CHECK_OK(open("/dev/random", O_RDONLY | O_NONBLOCK));
	CHECK_EQ(read(fd, a, 16), 16);
}
CASE(tty_without_terminal)
{
	pid_t p;

	CHILD(p) {
		CHECK_OK(setsid());
		CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
	}
	WAIT_EXIT(p, 0);
}
CASE(numbers)
{
	static const struct { const char *name; int major, minor; } t[] = {
		{ "/dev/null", 1, 3 }, { "/dev/zero", 1, 5 }, { "/dev/full", 1, 7 },
		{ "/dev/random", 1, 8 }, { "/dev/urandom", 1, 9 }, { "/dev/kmsg", 1, 11 },
		{ "/dev/tty", 5, 0 }, { "/dev/console", 5, 1 }, { "/dev/ptmx", 5, 2 },
		{ "/dev/ttyS0", 4, 64 },
	};
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		if (stat(t[i].name, &st))
			FAIL("%s: errno %d", t[i].name, errno);
		if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(t[i].major, t[i].minor))
			FAIL("%s is %o %d:%d", t[i].name, st.st_mode, major(st.st_rdev),
			     minor(st.st_rdev));
	}
}
