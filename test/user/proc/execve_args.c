/* SPDX-License-Identifier: MPL-2.0 */
/* Arguments and environment: counts, sizes, limits, E2BIG, empty argv, /proc/self/cmdline. */
#include "ktest_user.h"

extern char **environ;
int kt_helper(int argc, char **argv)
{
	char buf[64] = { 0 };
	int fd;

	if (!strcmp(argv[1], "@count")) {
		long total = 0;

		for (int i = 2; i < argc; i++)
			total += strlen(argv[i]);
		for (char **e = environ; *e; e++)
			total += strlen(*e);
		return total == atol(getenv("TOTAL") ?: "0") + (long)strlen("TOTAL=") +
				(long)strlen(getenv("TOTAL") ?: "") ? 0 : 1;
	}
	fd = open("/proc/self/cmdline", O_RDONLY);
	if (read(fd, buf, 63) != 16 || memcmp(buf, "argv0\0@cmd\0\0a b\0", 16))
		return 1;
	fd = open("/proc/self/environ", O_RDONLY);
	if (read(fd, buf, 63) != 8 || memcmp(buf, "A=1\0B=2\0", 8))
		return 2;
	return 0;
}
CASE(proc_files)
{
	char *argv[] = { "argv0", "@cmd", "", "a b", NULL }, *envp[] = { "A=1", "B=2", NULL };
	pid_t p;

	CHILD(p)
		execve("/proc/self/exe", argv, envp);
	WAIT_EXIT(p, 0);
}
CASE(many_and_long)
{
	enum { N = 10000 };
	static char *argv[N + 3], *envp[3];
	static char big[100001];
	char total[32];
	pid_t p;

	argv[0] = "x";
	argv[1] = "@count";
	for (int i = 0; i < N; i++)
		argv[2 + i] = "argument";
	memset(big, 'e', 100000);
	envp[0] = big;
	snprintf(total, sizeof(total), "TOTAL=%d", N * 8 + 100000);
	envp[1] = total;
	CHILD(p)
		execve("/proc/self/exe", argv, envp);
	WAIT_EXIT(p, 0);
}
CASE(too_big)
{
	static char big[200001];
	static char *argv[40] = { "x" };

	memset(big, 'a', 200000);
	argv[1] = big;
	CHECK_ERR(execve("/test/aux/static", argv, argv + 39), E2BIG);	/* one string: 128 KiB */
	big[131072 - 1] = 0;
	for (int i = 1; i < 30; i++)
		argv[i] = big;	/* together more than a quarter of the 8 MiB stack */
	CHECK_ERR(execve("/test/aux/static", argv, argv + 39), E2BIG);
}
CASE(empty_argv)
{
	int fds[2];
	char buf[16], *none[] = { NULL };
	pid_t p;

	CHECK_OK(pipe(fds));
	CHILD(p) {
		CHECK_OK(dup2(fds[1], 1));
		execve("/test/aux/static", none, none);
	}
	WAIT_EXIT(p, 0);	/* Linux 5.18 and later pass one empty string */
	CHILD(p)
		syscall(SYS_execve, "/test/aux/static", NULL, NULL);
	WAIT_EXIT(p, 0);
	(void)buf;
}
