/* SPDX-License-Identifier: MPL-2.0 */
/* setfsuid and setfsgid govern file access alone. */
#include "ktest_user.h"
#include <sys/fsuid.h>

CASE(access_by_fsuid)
{
	struct stat st;

	kt_put("f", "");
	CHECK_OK(chmod("f", 0600));
	CHECK_OK(chmod(".", 0777));
	CHECK_EQ(setfsuid(1000), 0);
	CHECK_EQ(setfsuid(-1), 1000);
	CHECK_EQ(setfsgid(1001), 0);
	CHECK_EQ(setfsgid(-1), 1001);
	CHECK_EQ(geteuid(), 0);
	CHECK_ERR(open("f", O_RDONLY), EACCES);	/* the file capabilities went with fsuid 0 */
	CHECK_OK(close(CHECK_OK(open("g", O_CREAT | O_RDWR, 0644))));
	CHECK_OK(stat("g", &st));
	CHECK_EQ(st.st_uid, 1000);
	CHECK_EQ(st.st_gid, 1001);
	CHECK_EQ(setfsuid(0), 1000);
	CHECK_OK(open("f", O_RDONLY));
}
CASE(follows_euid)
{
	CHECK_OK(seteuid(1000));
	CHECK_EQ(setfsuid(-1), 1000);
	CHECK_EQ(setfsuid(77), 1000);	/* refused, silently */
	CHECK_EQ(setfsuid(-1), 1000);
	CHECK_OK(seteuid(0));
	CHECK_EQ(setfsuid(-1), 0);
}
