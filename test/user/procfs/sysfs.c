/* SPDX-License-Identifier: MPL-2.0 */
/*
 * sysfs: CPU topology, DMI where there is one, class and kernel directories that programs read.
 */
#include "ktest_user.h"

static char buf[8192];
CASE(cpus)
{
	struct stat st;
	int n = sysconf(_SC_NPROCESSORS_CONF), last = -1;

	kt_get("/sys/devices/system/cpu/online", buf, sizeof(buf));
	if (n == 1)
		CHECK_STR(buf, "0\n");
	else {
		CHECK_EQ(sscanf(buf, "0-%d", &last), 1);
		CHECK_EQ(last, n - 1);
	}
	CHECK_OK(stat("/sys/devices/system/cpu/cpu0", &st));
	CHECK(S_ISDIR(st.st_mode));
	kt_get("/sys/devices/system/cpu/possible", buf, sizeof(buf));
	kt_get("/sys/devices/system/cpu/present", buf, sizeof(buf));
	kt_get("/sys/devices/system/cpu/cpu0/topology/physical_package_id", buf, sizeof(buf));
	CHECK_STR(buf, "0\n");
	kt_get("/sys/devices/system/cpu/cpu0/topology/core_id", buf, sizeof(buf));
	CHECK_STR(buf, "0\n");
}
CASE(directories)
{
	static const char *const d[] = { "/sys/class", "/sys/devices", "/sys/kernel", "/sys/bus", "/sys/dev/char",
		"/sys/class/tty", "/sys/class/mem" };
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(d); i++)
		if (stat(d[i], &st) || !S_ISDIR(st.st_mode))
			FAIL("%s is no directory", d[i]);
}
CASE(device_links)
{
	char b[32];

	kt_get("/sys/class/mem/null/dev", b, sizeof(b));
	CHECK_STR(b, "1:3\n");
	CHECK_OK(access("/sys/dev/char/1:3/uevent", F_OK));
	kt_get("/sys/dev/char/1:3/uevent", buf, sizeof(buf));
	CHECK(strstr(buf, "MAJOR=1\nMINOR=3\nDEVNAME=null\n"));
}
CASE(read_only_names)
{
	CHECK_ERR(mkdir("/sys/x", 0755), EPERM);
	CHECK_ERR(open("/sys/x", O_CREAT | O_RDWR, 0644), EACCES);
	CHECK_ERR(access("/sys/kernel/missing", F_OK), ENOENT);
}
