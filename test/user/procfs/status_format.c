/* SPDX-License-Identifier: MPL-2.0 */
/* /proc/PID/status: the lines in order, values of threads, signals, context switches. */
#include "ktest_user.h"

static char buf[8192];
CASE(order)
{
	static const char *const names[] = { "Name", "Umask", "State", "Tgid", "Ngid", "Pid", "PPid", "TracerPid", "Uid",
		"Gid", "FDSize", "Groups", "VmPeak", "VmSize", "VmLck", "VmHWM", "VmRSS", "VmData", "VmStk", "VmExe",
		"VmLib", "VmPTE", "VmSwap", "Threads", "SigQ", "SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt",
		"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Cpus_allowed", "Cpus_allowed_list",
		"voluntary_ctxt_switches", "nonvoluntary_ctxt_switches" };
	char want[64], *p = buf;

	kt_get("/proc/self/status", buf, sizeof(buf));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(want, sizeof(want), "%s%s:\t", i ? "\n" : "", names[i]);
		p = strstr(p, want);
		if (!p)
			FAIL("no %s in its place in\n%s", names[i], buf);
	}
}
CASE(values)
{
	char want[128];

	kt_get("/proc/self/status", buf, sizeof(buf));
	snprintf(want, sizeof(want), "\nTgid:\t%d\n", getpid());
	CHECK(strstr(buf, want));
	snprintf(want, sizeof(want), "\nPPid:\t%d\n", getppid());
	CHECK(strstr(buf, want));
	CHECK(strstr(buf, "State:\tR (running)\n"));
	CHECK(strstr(buf, "\nThreads:\t1\n"));
	CHECK(strstr(buf, "\nTracerPid:\t0\n"));
	CHECK(strstr(buf, "\nGroups:\t"));
}
CASE(states)
{
	char path[64];
	pid_t p;

	CHILD(p)
		for (;;)
			pause();
	WAIT_BLOCKED(p);
	snprintf(path, sizeof(path), "/proc/%d/status", p);
	kt_get(path, buf, sizeof(buf));
	CHECK(strstr(buf, "State:\tS (sleeping)\n"));
	CHECK_OK(kill(p, SIGSTOP));
	kt_wait_state(p, 0, "T");
	kt_get(path, buf, sizeof(buf));
	CHECK(strstr(buf, "State:\tT (stopped)\n"));
	CHECK_OK(kill(p, SIGKILL));
	kt_wait_state(p, 0, "Z");
	kt_get(path, buf, sizeof(buf));
	CHECK(strstr(buf, "State:\tZ (zombie)\n"));
	CHECK(!strstr(buf, "VmRSS"));
	WAIT_SIGNAL(p, SIGKILL);
	CHECK_ERR(open(path, O_RDONLY), ENOENT);
}
CASE(switches_grow)
{
	long a = kt_field("/proc/self/status", "voluntary_ctxt_switches");

	/* By each of its sleeps, but for those that are over before they begin. */
	AWAIT(kt_field("/proc/self/status", "voluntary_ctxt_switches") >= a + 5);
}
