/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Extended attributes: tmpfs as Linux has it (trusted works, user does not), ext2 (both work), names,
 * sizes, errors.
 */
#include "ktest_user.h"
#include <sys/xattr.h>

CASE(trusted)
{
	char buf[64];

	kt_put("f", "");
	if (setxattr("f", "trusted.a", "value", 5, 0) && errno == EOPNOTSUPP)
		SKIP("no trusted attributes on tmpfs");
	CHECK_EQ(getxattr("f", "trusted.a", NULL, 0), 5);
	CHECK_EQ(getxattr("f", "trusted.a", buf, 64), 5);
	CHECK_MEM(buf, "value", 5);
	CHECK_ERR(getxattr("f", "trusted.a", buf, 3), ERANGE);
	CHECK_ERR(setxattr("f", "trusted.a", "x", 1, XATTR_CREATE), EEXIST);
	CHECK_ERR(setxattr("f", "trusted.b", "x", 1, XATTR_REPLACE), ENODATA);
	CHECK_OK(setxattr("f", "trusted.b", "", 0, XATTR_CREATE));
	CHECK_EQ(listxattr("f", NULL, 0), 20);
	CHECK_EQ(listxattr("f", buf, 64), 20);
	CHECK_OK(removexattr("f", "trusted.a"));
	CHECK_ERR(removexattr("f", "trusted.a"), ENODATA);
	CHECK_EQ(listxattr("f", buf, 64), 10);
	CHECK_STR(buf, "trusted.b");
}
CASE(refusals)
{
	char buf[64];

	kt_put("f", "");
	if (kt_on_memory()) {
		CHECK_ERR(setxattr("f", "user.a", "v", 1, 0), EOPNOTSUPP);
		CHECK_ERR(getxattr("f", "user.a", buf, 64), EOPNOTSUPP);
	} else {
		CHECK_ERR(getxattr("f", "user.a", buf, 64), ENODATA);
	}
	CHECK_ERR(setxattr("f", "nonsense", "v", 1, 0), EOPNOTSUPP);
	CHECK_ERR(getxattr("missing", "user.a", buf, 64), ENOENT);
	CHECK_ERR(fgetxattr(-1, "user.a", buf, 64), EBADF);
	CHECK_ERR(setxattr("f", "trusted.a", "v", 1, 0x100), EINVAL);
	CHECK_ERR(setxattr("f", "", "v", 1, 0), ERANGE);
	CHECK_ERR(syscall(SYS_getxattr, "f", 8, buf, 64), EFAULT);
	CHECK_EQ(listxattr("f", buf, 64), 0);
	CHECK_EQ(llistxattr("f", buf, 64), 0);
	CHECK_EQ(flistxattr(CHECK_OK(open("f", O_RDONLY)), buf, 64), 0);
	char name[300];
	memset(name, 'a', 299);
	name[299] = 0;
	memcpy(name, "trusted.", 8);
	CHECK_ERR(setxattr("f", name, "v", 1, 0), ERANGE);
	CHECK_ERR(setxattr("f", "trusted.big", buf, 65537, 0), E2BIG);
}
/* Disks have user attributes, for files and directories only. */
CASE(user)
{
	char buf[64], *big = calloc(1, 65536);
	int fd;

	if (kt_on_memory())
		SKIP("none on tmpfs");
	kt_put("f", "");
	CHECK_OK(setxattr("f", "user.a", "value", 5, 0));
	CHECK_EQ(getxattr("f", "user.a", buf, 64), 5);
	CHECK_MEM(buf, "value", 5);
	CHECK_OK(setxattr("f", "user.empty", "", 0, 0));
	CHECK_EQ(getxattr("f", "user.empty", buf, 64), 0);
	CHECK_ERR(setxattr("f", "user.a", "x", 1, XATTR_CREATE), EEXIST);
	CHECK_ERR(setxattr("f", "user.b", "x", 1, XATTR_REPLACE), ENODATA);
	CHECK_EQ(listxattr("f", NULL, 0), 18);
	/* More than a block holds: refused, what was there stays. */
	CHECK_ERR(setxattr("f", "user.big", big, 65536, 0), ENOSPC);
	CHECK_ERR(setxattr("f", "user.a", big, (size_t)kt_block() * 5 / 4, 0), ENOSPC);
	CHECK_EQ(getxattr("f", "user.a", buf, 64), 5);
	CHECK_OK(setxattr("f", "user.a", big, (size_t)kt_block() * 3 / 4, 0));
	CHECK_EQ(getxattr("f", "user.a", NULL, 0), kt_block() * 3 / 4);
	fd = CHECK_OK(open("f", O_RDWR));
	CHECK_OK(fsync(fd));
	CHECK_OK(fremovexattr(fd, "user.a"));
	CHECK_EQ(flistxattr(fd, NULL, 0), 11);
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(setxattr("d", "user.a", "v", 1, 0));
	CHECK_OK(symlink("f", "l"));
	CHECK_ERR(lsetxattr("l", "user.a", "v", 1, 0), EPERM);
	CHECK_OK(lsetxattr("l", "trusted.a", "v", 1, 0));
	CHECK_EQ(lgetxattr("l", "trusted.a", buf, 64), 1);
	CHECK_OK(mkfifo("p", 0644));
	CHECK_ERR(setxattr("p", "user.a", "v", 1, 0), EPERM);
	CHECK_OK(chmod("f", 0600));
	kt_become(1000, 1000);
	CHECK_ERR(getxattr("f", "user.empty", buf, 64), EACCES);
	CHECK_ERR(setxattr("f", "user.empty", "x", 1, 0), EACCES);
	CHECK_ERR(getxattr("f", "trusted.a", buf, 64), ENODATA);
	free(big);
}
