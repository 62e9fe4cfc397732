/* SPDX-License-Identifier: MPL-2.0 */
/* What the root file system holds after boot: modes, symlinks, writable, big files intact. */
#include "ktest_user.h"

CASE(contents)
{
	struct stat st;

	CHECK_OK(stat("/test/run", &st));
	CHECK_EQ(st.st_mode, S_IFREG | 0755);
	CHECK_EQ(st.st_uid, 0);
	CHECK_OK(lstat("/init", &st));
	CHECK(S_ISLNK(st.st_mode));
	CHECK_OK(stat("/test/bin/fs", &st));
	CHECK(S_ISDIR(st.st_mode));
	CHECK_OK(stat("/", &st));
	CHECK(S_ISDIR(st.st_mode));
	kt_put("/scratch", "abc");
	CHECK_OK(unlink("/scratch"));
}
