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
	CHECK_EQ(s.f_type, kt_on_memory() ? 0x01021994 : 0xef53);
	CHECK_GT(s.f_blocks, 0);
	CHECK_LE(s.f_bfree, s.f_blocks);
	CHECK_OK(fstatfs(CHECK_OK(open("/proc", O_RDONLY)), &s));
	CHECK_EQ(s.f_type, 0x9fa0);
	int p[2];
	CHECK_OK(pipe(p));
	CHECK_OK(fstatfs(p[0], &s));
	CHECK_EQ(s.f_type, 0x50495045);
}
/* Space and inodes go and come with files. False: by other numbers. */
static bool counts(void)
{
	static char p[256 * PG];
	struct statfs a, b;
	bool right;
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));

	memset(p, 'x', 256 * PG);
	CHECK_OK(fstatfs(fd, &a));
	CHECK_EQ(write(fd, p, 256 * PG), 256 * (ssize_t)PG);
	CHECK_OK(fsync(fd));
	CHECK_OK(fstatfs(fd, &b));
	right = (long long)(a.f_bfree - b.f_bfree) * (long long)b.f_bsize >= 256 * (long long)PG &&
		(long long)(a.f_bfree - b.f_bfree) * (long long)b.f_bsize <= 300 * (long long)PG;
	CHECK_LE(b.f_bavail, b.f_bfree);
	CHECK_OK(mkdir("d", 0755));
	kt_put("d/g", "");
	CHECK_OK(statfs(".", &a));
	right &= b.f_ffree - a.f_ffree == 2;
	CHECK_OK(unlink("d/g"));
	CHECK_OK(rmdir("d"));
	CHECK_OK(unlink("f"));
	CHECK_OK(close(fd));
	AWAIT(statfs(".", &a) == 0 && a.f_ffree >= b.f_ffree + 1);
	right &= (long long)(a.f_bfree - b.f_bfree) * (long long)b.f_bsize >= 256 * (long long)PG;
	return right && a.f_ffree == b.f_ffree + 1;
}
/* What others removed before may still be going: then once more. */
CASE(counts)
{
	AWAIT(counts());
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
