/* SPDX-License-Identifier: MPL-2.0 */
/* MS_MOVE: the tree goes along; what cannot be moved. */
#include "ktest_user.h"

CASE(moves)
{
	CHECK_OK(mkdir("a", 0755));
	CHECK_OK(mkdir("b", 0755));
	CHECK_OK(mount("none", "a", "tmpfs", 0, NULL));
	CHECK_OK(mount(NULL, "a", NULL, MS_PRIVATE, NULL));
	kt_put("a/f", "");
	CHECK_OK(mkdir("a/sub", 0755));
	CHECK_OK(mount("none", "a/sub", "tmpfs", 0, NULL));
	kt_put("a/sub/g", "");
	int fd = CHECK_OK(open("a/f", O_RDONLY));
	CHECK_OK(mount("a", "b", NULL, MS_MOVE, NULL));
	CHECK_ERR(access("a/f", F_OK), ENOENT);
	CHECK_OK(access("b/f", F_OK));
	CHECK_OK(access("b/sub/g", F_OK));
	CHECK_OK(close(fd));
	CHECK_ERR(mount("b", "b/sub", NULL, MS_MOVE, NULL), ELOOP);
	CHECK_ERR(mount("a", "b", NULL, MS_MOVE, NULL), EINVAL);	/* not a mount */
	CHECK_OK(umount2("b/sub", 0));
	CHECK_OK(umount2("b", 0));
}
