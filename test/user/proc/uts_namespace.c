/* SPDX-License-Identifier: MPL-2.0 */
/* CLONE_NEWUTS: a host name of one's own; skipped where namespaces are absent. */
#include "ktest_user.h"

CASE(own_name)
{
	struct utsname u, v;
	pid_t p;

	CHECK_OK(uname(&u));
	CHILD(p) {
		if (unshare(CLONE_NEWUTS)) {
			CHECK_EQ(errno, EINVAL);
			SKIP("no UTS namespaces");
		}
		CHECK_OK(sethostname("inside", 6));
		CHECK_OK(uname(&v));
		CHECK_STR(v.nodename, "inside");
	}
	WAIT_EXIT(p, 0);
	CHECK_OK(uname(&v));
	CHECK_STR(v.nodename, u.nodename);
}
