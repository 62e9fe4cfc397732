/* SPDX-License-Identifier: MPL-2.0 */
/* O_DIRECTORY takes directories only, and follows symbolic links to them. */
#include "ktest_user.h"

CASE(only_directories)
{
	CHECK_OK(mkdir("d", 0755));
	kt_put("f", "");
	CHECK_OK(symlink("d", "ld"));
	CHECK_OK(symlink("f", "lf"));
	CHECK_OK(mkfifo("p", 0644));
	CHECK_OK(open("d", O_RDONLY | O_DIRECTORY));
	CHECK_OK(open("ld", O_RDONLY | O_DIRECTORY));
	CHECK_OK(open("d/", O_RDONLY | O_DIRECTORY));
	CHECK_ERR(open("f", O_RDONLY | O_DIRECTORY), ENOTDIR);
	CHECK_ERR(open("lf", O_RDONLY | O_DIRECTORY), ENOTDIR);
	CHECK_ERR(open("p", O_RDONLY | O_DIRECTORY), ENOTDIR);	/* and does not block */
	CHECK_ERR(open("missing", O_RDONLY | O_DIRECTORY), ENOENT);
	CHECK_ERR(open("ld", O_RDONLY | O_DIRECTORY | O_NOFOLLOW), ENOTDIR);
}
CASE(trailing_slash_means_directory)
{
	kt_put("f", "");
	CHECK_OK(symlink("f", "lf"));
	CHECK_ERR(open("f/", O_RDONLY), ENOTDIR);
	CHECK_ERR(open("lf/", O_RDONLY), ENOTDIR);
	CHECK_ERR(open("f/.", O_RDONLY), ENOTDIR);
	CHECK_ERR(open("f/..", O_RDONLY), ENOTDIR);
	CHECK_OK(open("///tmp///", O_RDONLY));
}
CASE(shown_by_getfl)
{
	CHECK_OK(mkdir("d", 0755));
	int fd = CHECK_OK(open("d", O_RDONLY | O_DIRECTORY));
	CHECK_EQ(fcntl(fd, F_GETFL) & (O_DIRECTORY | 3), O_DIRECTORY | O_RDONLY);
}
