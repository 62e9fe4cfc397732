/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Vectors whose lengths add up to more than a call can move: refused or cut, never wrapped.
 */
#include "ktest_user.h"

CASE(sums)
{
	char b[16];
	struct iovec v[3] = { { b, SSIZE_MAX }, { b, 1 }, { b, 1 } };
	int fd = CHECK_OK(open("/dev/zero", O_RDWR)), p[2];

	v[0].iov_len = -1UL;
	CHECK_ERR(syscall(SYS_readv, fd, v, 2), EINVAL);
	CHECK_ERR(syscall(SYS_writev, fd, v, 2), EINVAL);
	CHECK_OK(pipe(p));
	CHECK_ERR(syscall(SYS_writev, p[1], v, 2), EINVAL);
}
CASE(one_call_moves_2_gib_at_most)
{
	size_t n = 3UL << 30;
	char *m = mmap(NULL, n, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int fd = CHECK_OK(open("/dev/null", O_WRONLY));

	if (m == MAP_FAILED)
		SKIP("no address space");
	CHECK_EQ(syscall(SYS_write, fd, m, n), 0x7ffff000);
}
