/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A working directory that moves: getcwd, dot-dot and relative names follow it; its parents
 * too.
 */
#include "ktest_user.h"

CASE(moves_along)
{
	char a[256], b[256];

	CHECK_OK(mkdir("x", 0755));
	CHECK_OK(mkdir("x/y", 0755));
	CHECK_OK(mkdir("z", 0755));
	kt_put("z/marker", "");
	CHECK(getcwd(a, sizeof(a)));
	CHECK_OK(chdir("x/y"));
	CHECK_OK(rename("../../x/y", "../../z/w"));
	CHECK(getcwd(b, sizeof(b)));
	strcat(a, "/z/w");
	CHECK_STR(b, a);
	CHECK_OK(access("../marker", F_OK));
	CHECK_OK(rename("../../z", "../../q"));
	CHECK(getcwd(b, sizeof(b)));
	CHECK(strstr(b, "/q/w"));
	kt_put("here", "");
	CHECK_OK(access("../w/here", F_OK));
}
