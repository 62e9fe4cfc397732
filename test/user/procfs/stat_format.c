/* SPDX-License-Identifier: MPL-2.0 */
/*
 * /proc/PID/stat and /proc/stat: number of fields and the meaning of those that programs read.
 */
#include "ktest_user.h"

static char buf[65536];
CASE(own_stat)
{
	char *s, state, comm[64];
	int pid, ppid, pgrp, sid, tty, n = 0;
	long v[60];
	struct timespec ts;

	CHECK_OK(prctl(PR_SET_NAME, "odd) name (x"));
	kt_get("/proc/self/stat", buf, sizeof(buf));
	CHECK_EQ(sscanf(buf, "%d", &pid), 1);
	CHECK_EQ(pid, getpid());
	snprintf(comm, sizeof(comm), "%d (odd) name (x) ", pid);
	CHECK(!strncmp(buf, comm, strlen(comm)));
	s = buf + strlen(comm);
	CHECK_EQ(sscanf(s, "%c %d %d %d %d", &state, &ppid, &pgrp, &sid, &tty), 5);
	CHECK_EQ(state, 'R');
	CHECK_EQ(ppid, getppid());
	CHECK_EQ(pgrp, getpgrp());
	CHECK_EQ(sid, getsid(0));
	s += 2;
	for (char *t = strtok(s, " \n"); t && n < 60; t = strtok(NULL, " \n"))
		v[n++] = strtol(t, NULL, 10);
	CHECK_EQ(n, 49);	/* 52 fields in all: pid, comm and state are before */
	CHECK_EQ(v[14], 20);	/* priority, field 18 */
	CHECK_EQ(v[15], 0);	/* nice */
	CHECK_EQ(v[16], 1);	/* threads */
	CHECK_OK(clock_gettime(CLOCK_BOOTTIME, &ts));
	CHECK_LE(labs(v[18] - (ts.tv_sec * 100 + ts.tv_nsec / 10000000)), 300);	/* start time in ticks */
	CHECK_GT(v[19], 4096);	/* vsize */
	CHECK_GT(v[20], 0);	/* rss */
	CHECK_EQ(v[34], SIGCHLD);	/* exit signal, field 38 */
}
CASE(times_grow)
{
	long u1, s1, u2, s2;
	struct rusage ru;

	do
		CHECK_OK(getrusage(RUSAGE_SELF, &ru));
	while (ru.ru_utime.tv_usec + ru.ru_stime.tv_usec < 50000);
	kt_get("/proc/self/stat", buf, sizeof(buf));
	CHECK_EQ(sscanf(strrchr(buf, ')') + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld", &u1, &s1), 2);
	CHECK_GE(u1 + s1, 4);
	(void)u2;
	(void)s2;
}
CASE(system_stat)
{
	unsigned long user, nice, sys_, idle, btime;
	char *p;
	int cpus = 0;

	kt_get("/proc/stat", buf, sizeof(buf));
	CHECK_EQ(sscanf(buf, "cpu  %lu %lu %lu %lu", &user, &nice, &sys_, &idle), 4);
	for (p = buf; (p = strstr(p, "\ncpu")); p++)
		cpus++;
	CHECK_EQ(cpus, sysconf(_SC_NPROCESSORS_ONLN));
	p = strstr(buf, "\nbtime ");
	CHECK(p);
	CHECK_EQ(sscanf(p, "\nbtime %lu", &btime), 1);
	struct timespec up;
	CHECK_OK(clock_gettime(CLOCK_BOOTTIME, &up));
	CHECK_LE(labs((long)btime + up.tv_sec - time(NULL)), 3);
	CHECK(strstr(buf, "\nctxt "));
	CHECK(strstr(buf, "\nprocesses "));
	CHECK(strstr(buf, "\nprocs_running "));
	CHECK(strstr(buf, "\nprocs_blocked "));
	CHECK(strstr(buf, "\nintr "));
}
CASE(idle_time_passes)
{
	unsigned long a, b, x;
	struct timespec ts = { 0, 100000000 };

	kt_get("/proc/stat", buf, sizeof(buf));
	CHECK_EQ(sscanf(buf, "cpu  %lu %lu %lu %lu", &x, &x, &x, &a), 4);
	CHECK_OK(nanosleep(&ts, NULL));
	kt_get("/proc/stat", buf, sizeof(buf));
	CHECK_EQ(sscanf(buf, "cpu  %lu %lu %lu %lu", &x, &x, &x, &b), 4);
	CHECK_GT(b, a);
}
