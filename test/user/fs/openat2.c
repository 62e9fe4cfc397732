/* SPDX-License-Identifier: MPL-2.0 */
/* openat2: size checks, refused flags, and every RESOLVE_ flag. */
#include "ktest_user.h"
#include <linux/openat2.h>

static long openat2_(int d, const char *p, uint64_t flags, uint64_t mode, uint64_t resolve)
{
	struct open_how h = { .flags = flags, .mode = mode, .resolve = resolve };

	return syscall(SYS_openat2, d, p, &h, sizeof(h));
}
CASE(plain)
{
	struct stat st;

	SKIP_IF_ENOSYS(openat2_(AT_FDCWD, ".", O_RDONLY, 0, 0));
	CHECK_OK(openat2_(AT_FDCWD, "f", O_CREAT | O_RDWR, 0604, 0));
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_mode & 07777, 0604);
}
CASE(strictness)
{
	struct { struct open_how h; uint64_t more; } big = { .h = { .flags = O_RDONLY } };

	SKIP_IF_ENOSYS(openat2_(AT_FDCWD, ".", O_RDONLY, 0, 0));
	CHECK_ERR(openat2_(AT_FDCWD, ".", 1ULL << 40, 0, 0), EINVAL);
	CHECK_ERR(openat2_(AT_FDCWD, ".", O_RDONLY, 0600, 0), EINVAL);
	CHECK_ERR(openat2_(AT_FDCWD, "f", O_CREAT | O_RDWR, 010000, 0), EINVAL);
	CHECK_ERR(openat2_(AT_FDCWD, ".", O_RDONLY, 0, 1 << 20), EINVAL);
	CHECK_ERR(openat2_(AT_FDCWD, ".", O_PATH | O_RDWR, 0, 0), EINVAL);
	CHECK_ERR(openat2_(AT_FDCWD, ".", O_RDONLY, 0, 0x08 | 0x10), EINVAL);
	CHECK_ERR(syscall(SYS_openat2, AT_FDCWD, ".", &big, 8), EINVAL);
	CHECK_OK(syscall(SYS_openat2, AT_FDCWD, ".", &big, sizeof(big)));
	big.more = 1;
	CHECK_ERR(syscall(SYS_openat2, AT_FDCWD, ".", &big, sizeof(big)), E2BIG);
	CHECK_ERR(syscall(SYS_openat2, AT_FDCWD, ".", &big, 8192), E2BIG);
	CHECK_ERR(syscall(SYS_openat2, AT_FDCWD, ".", (void *)8, sizeof(big.h)), EFAULT);
}
CASE(resolve)
{
	int d;

	SKIP_IF_ENOSYS(openat2_(AT_FDCWD, ".", O_RDONLY, 0, 0));
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(mkdir("d/sub", 0755));
	kt_put("d/f", "inside");
	kt_put("f", "outside");
	CHECK_OK(symlink("/f", "d/abs"));
	CHECK_OK(symlink("../f", "d/up"));
	CHECK_OK(symlink("f", "d/in"));
	d = CHECK_OK(open("d", O_RDONLY));
	CHECK_ERR(openat2_(d, "../f", O_RDONLY, 0, RESOLVE_BENEATH), EXDEV);
	CHECK_ERR(openat2_(d, "up", O_RDONLY, 0, RESOLVE_BENEATH), EXDEV);
	CHECK_ERR(openat2_(d, "abs", O_RDONLY, 0, RESOLVE_BENEATH), EXDEV);
	CHECK_ERR(openat2_(d, "/tmp", O_RDONLY, 0, RESOLVE_BENEATH), EXDEV);
	CHECK_OK(openat2_(d, "in", O_RDONLY, 0, RESOLVE_BENEATH));
	CHECK_OK(openat2_(d, "sub/../f", O_RDONLY, 0, RESOLVE_BENEATH));
	CHECK_OK(openat2_(d, "up", O_RDONLY, 0, RESOLVE_IN_ROOT));
	CHECK_OK(openat2_(d, "abs", O_RDONLY, 0, RESOLVE_IN_ROOT));
	CHECK_OK(openat2_(d, "/f", O_RDONLY, 0, RESOLVE_IN_ROOT));
	CHECK_ERR(openat2_(d, "in", O_RDONLY, 0, RESOLVE_NO_SYMLINKS), ELOOP);
	CHECK_OK(openat2_(d, "f", O_RDONLY, 0, RESOLVE_NO_SYMLINKS));
	CHECK_ERR(openat2_(AT_FDCWD, "/proc/self/exe", O_RDONLY, 0, RESOLVE_NO_MAGICLINKS), ELOOP);
	CHECK_ERR(openat2_(AT_FDCWD, "/proc", O_RDONLY, 0, RESOLVE_NO_XDEV), EXDEV);
	CHECK_OK(openat2_(d, "sub", O_RDONLY, 0, RESOLVE_NO_XDEV));
}
