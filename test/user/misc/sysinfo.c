/* SPDX-License-Identifier: MPL-2.0 */
/* sysinfo and /proc/meminfo, uptime, loadavg agree with each other. */
#include "ktest_user.h"

CASE(values)
{
	struct sysinfo si;
	struct timespec ts;
	double up;
	char buf[256];
	long long total;
	long before;

	CHECK_OK(clock_gettime(CLOCK_BOOTTIME, &ts));
	before = ts.tv_sec;
	CHECK_OK(sysinfo(&si));
	CHECK_EQ(si.mem_unit, 1);
	CHECK_GT(si.totalram, 16 << 20);
	CHECK_LT(si.freeram, si.totalram);
	CHECK_GT(si.procs, 1);
	total = kt_field("/proc/meminfo", "MemTotal");
	CHECK_EQ(total, si.totalram / 1024);
	CHECK_GT(kt_field("/proc/meminfo", "MemFree"), 0);
	CHECK_GT(kt_field("/proc/meminfo", "MemAvailable"), 0);
	CHECK_LE(kt_field("/proc/meminfo", "MemAvailable"), total);
	CHECK_GE(kt_field("/proc/meminfo", "Cached"), 0);
	CHECK_GE(kt_field("/proc/meminfo", "SwapTotal"), 0);
	kt_get("/proc/uptime", buf, sizeof(buf));
	CHECK_EQ(sscanf(buf, "%lf", &up), 1);
	CHECK_OK(clock_gettime(CLOCK_BOOTTIME, &ts));
	/* One of them may round up. */
	CHECK_GE((long)si.uptime, before);
	CHECK_LE((long)si.uptime, (long)up + 1);
	CHECK_LE((long)up, ts.tv_sec);
	CHECK_ERR(syscall(SYS_sysinfo, 8), EFAULT);
}
/* Of 24 MiB at least half, unless others give as much back meanwhile. */
static bool use_shows(void)
{
	struct sysinfo a, b;
	size_t n = 24 << 20;
	char *m = kt_map(n / PG, PROT_READ | PROT_WRITE);

	CHECK_OK(sysinfo(&a));
	memset(m, 1, n);
	CHECK_OK(sysinfo(&b));
	CHECK_OK(munmap(m, n));
	return (long)(b.freeram - a.freeram) < -(long)(n / 2);
}
CASE(memory_use_shows)
{
	AWAIT(use_shows());
}
CASE(loadavg)
{
	double a, b, c;
	int run, all, last;
	char buf[128];

	kt_get("/proc/loadavg", buf, sizeof(buf));
	CHECK_EQ(sscanf(buf, "%lf %lf %lf %d/%d %d", &a, &b, &c, &run, &all, &last), 6);
	CHECK_GE(run, 1);
	CHECK_GE(all, run);
	CHECK_GE(last, getpid());
}
