/* SPDX-License-Identifier: MPL-2.0 */
/* personality: default, query, set, inheritance. */
#include "ktest_user.h"
#include <sys/personality.h>
CASE(values)
{
	pid_t p;

	CHECK_EQ(personality(0xffffffff), 0);
	CHECK_EQ(personality(ADDR_NO_RANDOMIZE), 0);
	CHECK_EQ(personality(0xffffffff), ADDR_NO_RANDOMIZE);
	CHILD(p)
		CHECK_EQ(personality(0xffffffff), ADDR_NO_RANDOMIZE);
	WAIT_EXIT(p, 0);
	char buf[32];
	kt_get("/proc/self/personality", buf, sizeof(buf));
	CHECK_STR(buf, "00040000\n");
}
