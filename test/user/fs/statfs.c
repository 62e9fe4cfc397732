/* SPDX-License-Identifier: MPL-2.0 */
/* statfs, fstatfs, statvfs: types of the pseudo file systems and the errors. */
#include "ktest_user.h"

CASE(types)
{
	struct statfs s;

	CHECK_OK(statfs("/proc", &s));
	CHECK_EQ(s.f_type, 0x9fa0);
	CHECK_EQ(s.f_bsize, PG);
	CHECK_OK(statfs("/sys", &s));
	CHECK_EQ(s.f_type, 0x62656572);
	CHECK_OK(statfs("/dev/pts", &s));
	CHECK_EQ(s.f_type, 0x1cd1);
	CHECK_OK(statfs(".", &s));
	CHECK_EQ(s.f_type, 0x01021994);
	CHECK_GT(s.f_blocks, 0);
	CHECK_LE(s.f_bfree, s.f_blocks);
	CHECK_OK(fstatfs(CHECK_OK(open("/proc", O_RDONLY)), &s));
	CHECK_EQ(s.f_type, 0x9fa0);
	int p[2];
	CHECK_OK(pipe(p));
	CHECK_OK(fstatfs(p[0], &s));
	CHECK_EQ(s.f_type, 0x50495045);
}
CASE(errors)
{
	struct statfs s;

	CHECK_ERR(statfs("missing", &s), ENOENT);
	CHECK_ERR(fstatfs(-1, &s), EBADF);
	CHECK_ERR(syscall(SYS_statfs, ".", 8), EFAULT);
	CHECK_ERR(syscall(SYS_statfs, 8, &s), EFAULT);
	kt_put("f", "");
	CHECK_ERR(statfs("f/x", &s), ENOTDIR);
}
