/* SPDX-License-Identifier: MPL-2.0 */
/*
 * getrlimit, setrlimit, prlimit64: values, raising, other processes, RLIMIT_CPU, NPROC, errors.
 */
#include "ktest_user.h"

CASE(set_and_get)
{
	struct rlimit rl;

	for (int r = 0; r < 16; r++) {
		CHECK_OK(getrlimit(r, &rl));
		CHECK((unsigned long)rl.rlim_cur <= (unsigned long)rl.rlim_max);
		CHECK_OK(setrlimit(r, &rl));
	}
	CHECK_ERR(getrlimit(16, &rl), EINVAL);
	CHECK_ERR(setrlimit(-1, &rl), EINVAL);
	rl = (struct rlimit){ 10, 5 };
	CHECK_ERR(setrlimit(RLIMIT_CORE, &rl), EINVAL);
	CHECK_ERR(syscall(SYS_getrlimit, 0, 8), EFAULT);
	CHECK_ERR(syscall(SYS_prlimit64, 0, 0, 8, NULL), EFAULT);
}
CASE(defaults)
{
	struct rlimit rl;

	CHECK_OK(getrlimit(RLIMIT_NOFILE, &rl));
	CHECK_EQ(rl.rlim_cur, 1024);
	CHECK_EQ(rl.rlim_max, 4096);
	CHECK_OK(getrlimit(RLIMIT_STACK, &rl));
	CHECK_EQ(rl.rlim_cur, 8 << 20);
	CHECK_EQ(rl.rlim_max, RLIM_INFINITY);
	CHECK_OK(getrlimit(RLIMIT_CORE, &rl));
	CHECK_EQ(rl.rlim_cur, 0);
	CHECK_OK(getrlimit(RLIMIT_AS, &rl));
	CHECK_EQ(rl.rlim_cur, RLIM_INFINITY);
	CHECK_OK(getrlimit(RLIMIT_RTPRIO, &rl));
	CHECK_EQ(rl.rlim_max, 0);
}
CASE(raising_needs_privilege)
{
	struct rlimit rl = { 100, 200 };

	CHECK_OK(setrlimit(RLIMIT_NOFILE, &rl));
	rl.rlim_max = 300;
	CHECK_OK(setrlimit(RLIMIT_NOFILE, &rl));
	CHECK_OK(setresuid(1000, 1000, 1000));
	rl = (struct rlimit){ 300, 300 };
	CHECK_OK(setrlimit(RLIMIT_NOFILE, &rl));
	rl = (struct rlimit){ 50, 250 };
	CHECK_OK(setrlimit(RLIMIT_NOFILE, &rl));
	rl.rlim_max = 300;
	CHECK_ERR(setrlimit(RLIMIT_NOFILE, &rl), EPERM);
}
CASE(of_another_process)
{
	struct rlimit rl = { 33, 44 }, old;
	pid_t p;

	CHILD(p)
		for (;;)
			pause();
	CHECK_OK(prlimit(p, RLIMIT_NOFILE, &rl, &old));
	CHECK_EQ(old.rlim_cur, 1024);
	CHECK_OK(prlimit(p, RLIMIT_NOFILE, NULL, &old));
	CHECK_EQ(old.rlim_cur, 33);
	CHECK_EQ(old.rlim_max, 44);
	CHECK_OK(kill(p, SIGKILL));
	WAIT_SIGNAL(p, SIGKILL);
	CHECK_ERR(prlimit(4000000, RLIMIT_NOFILE, NULL, &old), ESRCH);
	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_ERR(prlimit(getppid(), RLIMIT_NOFILE, NULL, &old), EPERM);
	}
	WAIT_EXIT(p, 0);
}
CASE(processes)
{
	struct rlimit rl = { 5, 5 };
	pid_t p;

	CHILD(p) {
		CHECK_OK(setrlimit(RLIMIT_NPROC, &rl));
		kt_become(4321, 4321);
		int n = 0;
		pid_t c;
		while ((c = fork()) >= 0) {
			if (c == 0)
				for (;;)
					pause();
			n++;
			CHECK_LT(n, 10);
		}
		CHECK_EQ(errno, EAGAIN);
		CHECK_EQ(n, 4);
		signal(SIGTERM, SIG_IGN);
		kill(-1, SIGTERM);
		while (wait(NULL) > 0)
			;
	}
	WAIT_EXIT(p, 0);
}
CASE(cpu_time)
{
	struct rlimit rl = { 1, 1000 };
	pid_t p;

	/* Far apart: a machine that stands still may charge seconds at once. */
	CHILD(p) {
		CHECK_OK(setrlimit(RLIMIT_CPU, &rl));
		for (;;)
			;
	}
	WAIT_SIGNAL(p, SIGXCPU);
	rl.rlim_max = 2;
	CHILD(p) {
		CHECK_OK(setrlimit(RLIMIT_CPU, &rl));
		signal(SIGXCPU, SIG_IGN);
		for (;;)
			;
	}
	WAIT_SIGNAL(p, SIGKILL);
}
CASE(file_size)
{
	struct rlimit rl = { 4, 4 };
	pid_t p;

	CHILD(p) {
		CHECK_OK(setrlimit(RLIMIT_FSIZE, &rl));
		int fd = CHECK_OK(open("f", O_CREAT | O_WRONLY, 0644));
		CHECK_EQ(write(fd, "123456", 6), 4);
		write(fd, "x", 1);
	}
	WAIT_SIGNAL(p, SIGXFSZ);
}
CASE(limits_file)
{
	static char buf[4096];
	struct rlimit rl = { 123, 456 };

	CHECK_OK(setrlimit(RLIMIT_NOFILE, &rl));
	kt_get("/proc/self/limits", buf, sizeof(buf));
	CHECK(strstr(buf, "Limit                     Soft Limit           Hard Limit           Units     \n"));
	CHECK(strstr(buf, "Max open files            123                  456                  files     \n"));
	CHECK(strstr(buf, "Max cpu time              unlimited            unlimited            seconds   \n"));
}
