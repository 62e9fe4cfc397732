/* SPDX-License-Identifier: MPL-2.0 */
/* O_NOFOLLOW refuses a symbolic link in the last component only. */
#include "ktest_user.h"

CASE(last_component)
{
	kt_put("f", "");
	CHECK_OK(symlink("f", "l"));
	CHECK_ERR(open("l", O_RDONLY | O_NOFOLLOW), ELOOP);
	CHECK_ERR(open("l", O_RDWR | O_CREAT | O_NOFOLLOW, 0644), ELOOP);
	CHECK_OK(open("f", O_RDONLY | O_NOFOLLOW));
}
CASE(earlier_components_follow)
{
	CHECK_OK(mkdir("d", 0755));
	kt_put("d/f", "");
	CHECK_OK(symlink("d", "l"));
	CHECK_OK(open("l/f", O_RDONLY | O_NOFOLLOW));
	CHECK_OK(open("l/", O_RDONLY | O_NOFOLLOW));	/* the slash follows it */
}
CASE(dangling)
{
	CHECK_OK(symlink("nowhere", "l"));
	CHECK_ERR(open("l", O_RDONLY | O_NOFOLLOW), ELOOP);
	CHECK_ERR(open("l", O_RDONLY), ENOENT);
}
