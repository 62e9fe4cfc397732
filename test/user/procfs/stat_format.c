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
	CHECK_GT(v[19], 4096);	/* vsize */
	CHECK_GT(v[20], 0);	/* rss */
	CHECK_EQ(v[34], SIGCHLD);	/* exit signal, field 38 */
}
/* Ticks since boot. */
static long ticks(void)
{
	struct timespec ts;

	CHECK_OK(clock_gettime(CLOCK_BOOTTIME, &ts));
	return ts.tv_sec * 100 + ts.tv_nsec / 10000000;
}
CASE(start_time)
{
	long before = ticks(), start;
	pid_t p;

	CHILD(p) {
		kt_get("/proc/self/stat", buf, sizeof(buf));
		CHECK_EQ(sscanf(strrchr(buf, ')') + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %ld",
				&start), 1);
		CHECK_GE(start, before);
		CHECK_LE(start, ticks());
	}
	WAIT_EXIT(p, 0);
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
	time_t before, after;
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
	before = time(NULL);
	CHECK_OK(clock_gettime(CLOCK_BOOTTIME, &up));
	after = time(NULL);
	CHECK_GE((long)btime + up.tv_sec, before - 3);
	CHECK_LE((long)btime + up.tv_sec, after + 3);
	CHECK(strstr(buf, "\nctxt "));
	CHECK(strstr(buf, "\nprocesses "));
	CHECK(strstr(buf, "\nprocs_running "));
	CHECK(strstr(buf, "\nprocs_blocked "));
	CHECK(strstr(buf, "\nintr "));
}
static unsigned long idle_ticks(void)
{
	unsigned long x, idle;

	kt_get("/proc/stat", buf, sizeof(buf));
	CHECK_EQ(sscanf(buf, "cpu  %lu %lu %lu %lu", &x, &x, &x, &idle), 4);
	return idle;
}
CASE(idle_time_passes)
{
	unsigned long a = idle_ticks();

	/* A sleep may be over before it began, and leave nobody idle. */
	AWAIT(idle_ticks() > a);
}
