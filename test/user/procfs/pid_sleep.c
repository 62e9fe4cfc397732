/* SPDX-License-Identifier: MPL-2.0 */
/* /proc/PID/wchan, stack and syscall: where a process sleeps, and that one that runs has no such place. */
#include "ktest_user.h"

static const char *file(pid_t p, const char *name)
{
	static char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", p, name);
	return path;
}
static char buf[4096];
/* It may be on its way to sleep, or awake for a moment: whoever runs has no such place. */
static bool says(pid_t p, const char *name, const char *what)
{
	return kt_try_get(file(p, name), buf, sizeof(buf)) && strstr(buf, what);
}
CASE(of_a_sleeper)
{
	int fd[2];
	pid_t p;
	unsigned long nr, a0, a2;

	CHECK_OK(pipe(fd));
	CHILD(p) {
		CHECK_EQ(read(fd[0], buf, 77), 1);
	}
	WAIT_BLOCKED(p);
	AWAIT(says(p, "wchan", "pipe"));
	CHECK(!strchr(buf, '\n'));
	AWAIT(says(p, "stack", "pipe_read"));
	CHECK(strstr(buf, "[<0>] ") == buf);
	AWAIT(says(p, "syscall", "") && strncmp(buf, "running", 7));
	CHECK_EQ(sscanf(buf, "%lu 0x%lx 0x%*x 0x%lx", &nr, &a0, &a2), 3);
	CHECK_EQ(nr, SYS_read);
	CHECK_EQ(a0, fd[0]);
	CHECK_EQ(a2, 77);
	CHECK_EQ(write(fd[1], "x", 1), 1);
	WAIT_EXIT(p, 0);
}
CASE(of_one_that_runs)
{
	char buf[4096];
	unsigned long nr;

	kt_get("/proc/self/wchan", buf, sizeof(buf));
	CHECK_STR(buf, "0");
	kt_get("/proc/self/syscall", buf, sizeof(buf));
	CHECK_EQ(sscanf(buf, "%lu ", &nr), 1);
	CHECK(nr == SYS_read || nr == SYS_readv || nr == SYS_pread64);
}
CASE(who_may_look)
{
	char buf[256];
	int fd[2];
	pid_t p;

	CHECK_OK(pipe(fd));
	CHILD(p)
		CHECK_EQ(read(fd[0], buf, 1), 1);
	WAIT_BLOCKED(p);
	kt_become(1000, 1000);
	kt_get(file(p, "wchan"), buf, sizeof(buf));
	CHECK_STR(buf, "0");
	CHECK_ERR(open(file(p, "stack"), O_RDONLY), EACCES);
	CHECK_ERR(open(file(p, "syscall"), O_RDONLY), EACCES);
	CHECK_EQ(write(fd[1], "x", 1), 1);
}
