/* SPDX-License-Identifier: MPL-2.0 */
/* /proc/loadavg: waiting is no load, and nor are idle kernel threads. */
#include "ktest_user.h"

static double load(void)
{
	char text[128];

	CHECK(kt_try_get("/proc/loadavg", text, sizeof(text)));
	return strtod(text, NULL);
}

CASE(idle)
{
	double before = load(), after;

	sleep(11);
	after = load();
	/* Two samples: of ourselves, at the most, in the moments around. */
	if (after > before + 0.35)
		FAIL("%d/100 before, %d/100 after", (int)(before * 100), (int)(after * 100));
}
