/* SPDX-License-Identifier: MPL-2.0 */
/* devtmpfs: one instance everywhere, nodes may be made and removed, directories too. */
#include "ktest_user.h"

CASE(shared_instance)
{
	struct stat st;

	CHECK_OK(mkdir("dev", 0755));
	CHECK_OK(mount("none", "dev", "devtmpfs", 0, NULL));
	CHECK_OK(stat("dev/null", &st));
	CHECK_EQ(st.st_rdev, makedev(1, 3));
	CHECK_OK(mknod("dev/mine", S_IFCHR | 0600, makedev(1, 5)));
	CHECK_OK(stat("/dev/mine", &st));	/* the same file system */
	CHECK_EQ(st.st_rdev, makedev(1, 5));
	CHECK_OK(unlink("/dev/mine"));
	CHECK_ERR(access("dev/mine", F_OK), ENOENT);
	CHECK_OK(mkdir("dev/dir", 0755));
	CHECK_OK(symlink("null", "dev/dir/l"));
	CHECK_OK(unlink("dev/dir/l"));
	CHECK_OK(rmdir("dev/dir"));
	CHECK_OK(umount2("dev", 0));
}
