/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What execve keeps and what it resets: ids, signals, mask, timers, descriptors, memory locks,
 * name.
 */
#include "ktest_user.h"

static void on_sig(int s) { }
int kt_helper(int argc, char **argv)
{
	char buf[64];
	struct itimerval it;
	sigset_t m;
	struct sigaction sa;
	stack_t ss;

	if (!strcmp(argv[1], "@later")) {
		long long end = atoll(argv[2]) + 100000000;
		struct timespec ts = { end / 1000000000, end % 1000000000 };

		if (write(3, "x", 1) != 1)
			return 1;
		return clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
	}
	if (getpid() != atoi(argv[2]))
		return 1;
	sigaction(SIGUSR1, NULL, &sa);
	if (sa.sa_handler != SIG_DFL)
		return 2;
	sigaction(SIGUSR2, NULL, &sa);
	if (sa.sa_handler != SIG_IGN)
		return 3;
	sigprocmask(SIG_SETMASK, NULL, &m);
	if (!sigismember(&m, SIGHUP))
		return 4;
	sigpending(&m);
	if (!sigismember(&m, SIGHUP))
		return 5;
	getitimer(ITIMER_REAL, &it);
	if (it.it_value.tv_sec < 500)
		return 6;
	sigaltstack(NULL, &ss);
	if (ss.ss_flags != SS_DISABLE)
		return 7;
	if (kt_field("/proc/self/status", "VmLck") != 0)
		return 8;
	kt_get("/proc/self/comm", buf, sizeof(buf));
	if (strcmp(buf, "exe\n") && strcmp(buf, "execve_state\n"))
		return 9;
	if (getpriority(PRIO_PROCESS, 0) != 3)
		return 10;
	if (umask(0) != 0177)
		return 11;
	prctl(PR_GET_PDEATHSIG, &it);
	return 0;
}
CASE(across)
{
	static char alt[16384];
	stack_t ss = { .ss_sp = alt, .ss_size = sizeof(alt) };
	char pid[16];
	char *argv[] = { "name", "@", pid, NULL };
	sigset_t m;
	pid_t p;

	CHILD(p) {
		snprintf(pid, sizeof(pid), "%d", getpid());
		kt_handle(SIGUSR1, on_sig);
		signal(SIGUSR2, SIG_IGN);
		sigemptyset(&m);
		sigaddset(&m, SIGHUP);
		CHECK_OK(sigprocmask(SIG_BLOCK, &m, NULL));
		CHECK_OK(raise(SIGHUP));
		alarm(1000);
		CHECK_OK(sigaltstack(&ss, NULL));
		CHECK_OK(mlock(alt, PG));
		CHECK_OK(prctl(PR_SET_NAME, "other"));
		CHECK_OK(setpriority(PRIO_PROCESS, 0, 3));
		umask(0177);
		execve("/proc/self/exe", argv, argv + 3);
	}
	WAIT_EXIT(p, 0);
}
CASE(pending_timer_posix)
{
	/* POSIX timers do not survive: the program would die of the signal */
	timer_t t;
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGTERM };
	char until[32], c;
	char *argv[] = { "name", "@later", until, NULL };
	int up[2];
	pid_t p;

	for (long ms = 400; ; ms *= 2) {
		CHECK_OK(pipe(up));
		CHILD(p) {
			long long end = kt_now() + ms * 1000000;
			struct itimerspec its = { .it_value = { end / 1000000000, end % 1000000000 } };

			close(up[0]);
			CHECK_OK(dup2(up[1], 3));
			snprintf(until, sizeof(until), "%lld", end);
			CHECK_OK(timer_create(CLOCK_MONOTONIC, &ev, &t));
			CHECK_OK(timer_settime(t, TIMER_ABSTIME, &its, NULL));
			execve("/proc/self/exe", argv, argv + 3);
		}
		close(up[1]);
		if (read(up[0], &c, 1) == 1)	/* the new program runs */
			break;
		/* The machine stood still before execve: again, with more time. */
		WAIT_SIGNAL(p, SIGTERM);
		CHECK_LT(ms, 6000);
		close(up[0]);
	}
	WAIT_EXIT(p, 0);
}
