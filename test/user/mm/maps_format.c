/* SPDX-License-Identifier: MPL-2.0 */
/* /proc/self/maps, smaps, statm: line format, names, permissions, order. */
#include "ktest_user.h"

static char buf[1 << 18];
CASE(lines)
{
	unsigned long s, e, off, prev = 0;
	unsigned maj, min;
	char perm[8], *line, *next;
	unsigned long ino;
	int n;

	kt_get("/proc/self/maps", buf, sizeof(buf));
	for (line = buf; *line; line = next) {
		next = strchr(line, '\n') + 1;
		next[-1] = 0;
		if (!strncmp(line, "ffffffffff600000-", 17))
			continue;	/* [vsyscall] */
		CHECK_EQ(sscanf(line, "%lx-%lx %4s %lx %x:%x %lu%n", &s, &e, perm, &off, &maj, &min, &ino, &n), 7);
		CHECK_LT(s, e);
		CHECK_GE(s, prev);
		prev = e;
		CHECK_EQ(s % PG + e % PG + off % PG, 0);
		CHECK(strchr("r-", perm[0]) && strchr("w-", perm[1]) && strchr("x-", perm[2]) && strchr("ps", perm[3]));
		if (strlen(line) > (size_t)n + 1) {
			CHECK_EQ(line[72], ' ');
			CHECK_NE(line[73], ' ');
		}
	}
}
CASE(file_mapping)
{
	char want[256], cwd[128], *m, *p;
	struct stat st;
	int fd;

	CHECK(getcwd(cwd, sizeof(cwd)));
	kt_put("a file", "x");
	fd = CHECK_OK(open("a file", O_RDWR));
	m = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PG * 3);
	CHECK_OK(fstat(fd, &st));
	snprintf(want, sizeof(want), "%08lx-%08lx rw-s 00003000 %02x:%02x %lu ", (long)m, (long)m + PG,
		 major(st.st_dev), minor(st.st_dev), (unsigned long)st.st_ino);
	kt_get("/proc/self/maps", buf, sizeof(buf));
	p = strstr(buf, want);
	if (!p)
		FAIL("no \"%s\" in\n%s", want, buf);
	snprintf(want, sizeof(want), "%s/a file\n", cwd);
	CHECK(!strncmp(p + 73, want, strlen(want)));
	CHECK_OK(unlink("a file"));
	kt_get("/proc/self/maps", buf, sizeof(buf));
	snprintf(want, sizeof(want), "%s/a file (deleted)\n", cwd);
	CHECK(strstr(buf, want));
}
CASE(permissions_shown)
{
	char want[64], *m = kt_map(4, PROT_READ | PROT_WRITE);

	CHECK_OK(mprotect(m, PG, PROT_NONE));
	CHECK_OK(mprotect(m + 2 * PG, PG, PROT_READ | PROT_EXEC));
	kt_get("/proc/self/maps", buf, sizeof(buf));
	snprintf(want, sizeof(want), "%lx-%lx ---p 00000000 00:00 0", (long)m, (long)m + PG);
	CHECK(strstr(buf, want));
	snprintf(want, sizeof(want), "%lx-%lx r-xp 00000000 00:00 0", (long)m + 2 * PG, (long)m + 3 * PG);
	CHECK(strstr(buf, want));
}
CASE(statm_and_status)
{
	long size, rss, shared, text, lib, data, dt, rss2;
	char *m;

	kt_get("/proc/self/statm", buf, sizeof(buf));
	CHECK_EQ(sscanf(buf, "%ld %ld %ld %ld %ld %ld %ld", &size, &rss, &shared, &text, &lib, &data, &dt), 7);
	CHECK_GT(size, rss);
	CHECK_GT(rss, 0);
	CHECK_EQ(lib, 0);
	CHECK_EQ(dt, 0);
	m = kt_map(1000, PROT_READ | PROT_WRITE);
	memset(m, 1, 1000 * PG);
	long size2;
	kt_get("/proc/self/statm", buf, sizeof(buf));
	CHECK_EQ(sscanf(buf, "%ld %ld", &size2, &rss2), 2);
	CHECK_EQ(size2, size + 1000);
	CHECK_GE(rss2, rss + 900);
	CHECK_EQ(kt_field("/proc/self/status", "VmSize"), size2 * 4);
	CHECK_GE(kt_field("/proc/self/status", "VmRSS"), 3600);
	CHECK_OK(munmap(m, 1000 * PG));
	CHECK_GE(kt_field("/proc/self/status", "VmHWM"), 3600);
	CHECK_LT(kt_field("/proc/self/status", "VmRSS"), 3600);
	CHECK_GE(kt_field("/proc/self/status", "VmPeak"), size2 * 4);
}
CASE(smaps)
{
	char want[64], *m = kt_map(64, PROT_READ | PROT_WRITE), *p;
	FILE *f;
	long rss = -1, v;
	char line[256];
	bool in = false;

	/* neighbours with another protection keep this mapping apart */
	CHECK_OK(mprotect(m + 63 * PG, PG, PROT_NONE));
	CHECK_OK(mprotect(m, PG, PROT_NONE));
	m += PG;
	memset(m, 1, 10 * PG);
	snprintf(want, sizeof(want), "%lx-", (long)m);
	f = fopen("/proc/self/smaps", "r");
	if (!f)
		SKIP("no smaps");
	while (fgets(line, sizeof(line), f)) {
		p = strchr(line, '-');
		if (p && strchr(line, ' ') > p)
			in = !strncmp(line, want, strlen(want));
		else if (in && sscanf(line, "Rss: %ld kB", &v) == 1)
			rss = v;
	}
	CHECK_EQ(rss, 40);
}
