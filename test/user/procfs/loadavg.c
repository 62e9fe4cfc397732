/* SPDX-License-Identifier: MPL-2.0 */
/* /proc/loadavg: waiting is no load, and nor are idle kernel threads. */
#include "ktest_user.h"

unsigned kt_case_seconds = 90;

static double load(void)
{
	char text[128];

	CHECK(kt_try_get("/proc/loadavg", text, sizeof(text)));
	return strtod(text, NULL);
}

CASE(idle)
{
	double before, after;
	int try = 0;

	/* Two or three samples: of ourselves, at the most, in the moments around. What is load by mistake is so each time. */
	do {
		before = load();
		sleep(11);
		after = load();
	} while (after > before + 0.35 && ++try < 4);
	if (try == 4)
		FAIL("%d/100 before, %d/100 after", (int)(before * 100), (int)(after * 100));
}
