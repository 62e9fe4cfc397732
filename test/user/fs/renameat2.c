/* SPDX-License-Identifier: MPL-2.0 */
/* renameat2: RENAME_NOREPLACE, RENAME_EXCHANGE, refused combinations. */
#include "ktest_user.h"

#define NOREPLACE 1
#define EXCHANGE 2
#define WHITEOUT 4

static long rn2(const char *a, const char *b, unsigned flags)
{
	return syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, flags);
}
CASE(noreplace)
{
	kt_put("f", "");
	kt_put("g", "");
	CHECK_ERR(rn2("f", "g", NOREPLACE), EEXIST);
	CHECK_OK(rn2("f", "h", NOREPLACE));
	CHECK_OK(access("h", F_OK));
	CHECK_ERR(rn2("h", "h", NOREPLACE), EEXIST);
}
CASE(exchange)
{
	char buf[8];
	struct stat st;

	kt_put("f", "1");
	kt_put("g", "2");
	CHECK_OK(rn2("f", "g", EXCHANGE));
	kt_get("f", buf, 8);
	CHECK_STR(buf, "2");
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(mkdir("d/e", 0755));
	CHECK_OK(rn2("f", "d/e", EXCHANGE));
	CHECK_OK(stat("f", &st));
	CHECK(S_ISDIR(st.st_mode));
	CHECK_OK(stat("d", &st));
	CHECK_EQ(st.st_nlink, 2);
	CHECK_ERR(rn2("f", "missing", EXCHANGE), ENOENT);
	CHECK_ERR(rn2("d", "d/e", EXCHANGE), EINVAL);
	CHECK_ERR(rn2("d/e", "d", EXCHANGE), EINVAL);
}
CASE(flags)
{
	kt_put("f", "1");
	kt_put("g", "2");
	CHECK_ERR(rn2("f", "g", NOREPLACE | EXCHANGE), EINVAL);
	CHECK_ERR(rn2("f", "g", WHITEOUT | EXCHANGE), EINVAL);
	CHECK_ERR(rn2("f", "g", 0x100), EINVAL);
	CHECK_OK(rn2("f", "g", 0));
	CHECK_OK(renameat(AT_FDCWD, "g", AT_FDCWD, "h"));
	CHECK_ERR(renameat(-1, "g", AT_FDCWD, "h"), EBADF);
}
