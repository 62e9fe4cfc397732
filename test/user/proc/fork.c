/* SPDX-License-Identifier: MPL-2.0 */
/* fork: return values, ids, descriptors, limits, pending signals and timers of the child. */
#include "ktest_user.h"

CASE(ids)
{
	pid_t me = getpid(), p;

	CHILD(p) {
		CHECK_NE(getpid(), me);
		CHECK_EQ(getppid(), me);
		CHECK_EQ(getpgrp(), getpgid(me));
		CHECK_EQ(getsid(0), getsid(me));
		CHECK_EQ(gettid(), getpid());
	}
	CHECK_GT(p, 0);
	WAIT_EXIT(p, 0);
	CHECK_ERR(kill(p, 0), ESRCH);
}
static void on_sig(int s) { }
CASE(signals_of_the_child)
{
	sigset_t m, pend;
	struct sigaction sa;
	pid_t p;

	kt_handle(SIGUSR1, on_sig);
	signal(SIGUSR2, SIG_IGN);
	sigemptyset(&m);
	sigaddset(&m, SIGHUP);
	CHECK_OK(sigprocmask(SIG_BLOCK, &m, NULL));
	CHECK_OK(raise(SIGHUP));
	CHILD(p) {
		CHECK_OK(sigpending(&pend));
		CHECK_EQ(sigismember(&pend, SIGHUP), 0);	/* pending signals are not inherited */
		CHECK_OK(sigprocmask(SIG_SETMASK, NULL, &m));
		CHECK_EQ(sigismember(&m, SIGHUP), 1);
		CHECK_OK(sigaction(SIGUSR1, NULL, &sa));
		CHECK_EQ(sa.sa_handler, on_sig);
		CHECK_OK(sigaction(SIGUSR2, NULL, &sa));
		CHECK_EQ(sa.sa_handler, SIG_IGN);
	}
	WAIT_EXIT(p, 0);
}
CASE(timers_are_not_inherited)
{
	struct itimerval it;
	pid_t p;

	alarm(1000);
	p = fork();
	if (p == 0) {
		getitimer(ITIMER_REAL, &it);
		_exit(it.it_value.tv_sec != 0 || alarm(0) != 0);
	}
	WAIT_EXIT(p, 0);
	CHECK_GE(alarm(0), 900);
}
CASE(times_start_at_zero)
{
	struct rusage ru;
	struct tms t;
	long long used, since;
	pid_t p;

	do {
		CHECK_OK(getrusage(RUSAGE_SELF, &ru));
		used = ru.ru_utime.tv_usec + ru.ru_stime.tv_usec + (ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1000000;
	} while (used < 200000);
	since = kt_now();
	CHILD(p) {
		times(&t);
		/* Without the parent's 20 ticks or more: it has not run for longer than it is there. */
		CHECK_LE(t.tms_utime + t.tms_stime, (kt_now() - since) / 10000000 + 2);
		CHECK_EQ(t.tms_cutime + t.tms_cstime, 0);
	}
	WAIT_EXIT(p, 0);
}
CASE(limits_and_misc_inherited)
{
	struct rlimit rl = { 333, 444 };
	pid_t p;

	CHECK_OK(setrlimit(RLIMIT_NOFILE, &rl));
	CHECK_OK(setpriority(PRIO_PROCESS, 0, 7));
	umask(0135);
	CHILD(p) {
		CHECK_OK(getrlimit(RLIMIT_NOFILE, &rl));
		CHECK_EQ(rl.rlim_cur, 333);
		CHECK_EQ(rl.rlim_max, 444);
		CHECK_EQ(getpriority(PRIO_PROCESS, 0), 7);
		CHECK_EQ(umask(0), 0135);
	}
	WAIT_EXIT(p, 0);
}
CASE(only_the_calling_thread)
{
	pid_t p;

	CHILD(p) {
		DIR *d = opendir("/proc/self/task");
		struct dirent *e;
		int n = 0;

		CHECK(d);
		while ((e = readdir(d)))
			n += e->d_name[0] != '.';
		CHECK_EQ(n, 1);
	}
	WAIT_EXIT(p, 0);
}
CASE(many)
{
	enum { N = 100 };
	pid_t p[N];
	int go[2];
	char c;

	CHECK_OK(pipe(go));
	for (int i = 0; i < N; i++)
		CHILD(p[i]) {
			close(go[1]);
			read(go[0], &c, 1);
			_exit(i);
		}
	close(go[1]);
	for (int i = 0; i < N; i++)
		WAIT_EXIT(p[i], i);
}
