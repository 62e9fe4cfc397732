/* SPDX-License-Identifier: MPL-2.0 */
/* /proc/self/mountinfo and mounts: fields, order, escaping. */
#include "ktest_user.h"

CASE(mountinfo_fields)
{
	static char buf[65536];
	char cwd[128], want[256], *p, *line;
	int id, parent, maj, min, n = 0;
	struct stat st;

	CHECK(getcwd(cwd, sizeof(cwd)));
	CHECK_OK(mkdir("m", 0755));
	CHECK_OK(mount("src", "m", "tmpfs", MS_NOSUID, "size=64k"));
	CHECK_OK(stat("m", &st));
	kt_get("/proc/self/mountinfo", buf, sizeof(buf));
	snprintf(want, sizeof(want), " / %s/m rw,nosuid,relatime", cwd);
	p = strstr(buf, want);
	if (!p)
		FAIL("no \"%s\" in:\n%s", want, buf);
	for (line = p; line > buf && line[-1] != '\n'; line--)
		;
	CHECK_EQ(sscanf(line, "%d %d %d:%d%n", &id, &parent, &maj, &min, &n), 4);
	CHECK_EQ(line + n, p);
	CHECK_EQ(makedev(maj, min), st.st_dev);
	p = strstr(p, " - tmpfs src rw,size=64k");
	CHECK(p);
	CHECK_OK(umount2("m", 0));
	kt_get("/proc/self/mountinfo", buf, sizeof(buf));
	CHECK(!strstr(buf, want));
}
CASE(mounts_lines)
{
	static char buf[65536];

	kt_get("/proc/mounts", buf, sizeof(buf));
	CHECK(strstr(buf, "proc /proc proc rw,relatime 0 0\n"));
	CHECK(strstr(buf, "sysfs /sys sysfs rw,relatime 0 0\n"));
		CHECK(strstr(buf, "tmpfs /tmp tmpfs rw,relatime"));
	CHECK(strstr(buf, "devpts /dev/pts devpts rw,relatime,gid=5,mode=620,ptmxmode=666 0 0\n"));
	CHECK(strstr(buf, " /dev devtmpfs rw,relatime"));
}
CASE(poll_reports_changes)
{
	struct pollfd p;
	char buf[4096];

	p.fd = CHECK_OK(open("/proc/self/mounts", O_RDONLY));
	p.events = POLLPRI;
	while (read(p.fd, buf, sizeof(buf)) > 0)
		;
	CHECK_EQ(poll(&p, 1, 0), 0);
	CHECK_OK(mkdir("m", 0755));
	CHECK_OK(mount("src", "m", "tmpfs", 0, NULL));
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents & (POLLERR | POLLPRI), POLLERR | POLLPRI);
	CHECK_OK(umount2("m", 0));
}
