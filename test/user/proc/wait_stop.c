/* SPDX-License-Identifier: MPL-2.0 */
/* WUNTRACED, WCONTINUED, WSTOPPED: stop and continue as the parent sees them. */
#include "ktest_user.h"

CASE(stop_and_continue)
{
	int st;
	pid_t p;

	CHILD(p)
		for (;;)
			pause();
	CHECK_OK(kill(p, SIGSTOP));
	CHECK_EQ(waitpid(p, &st, WUNTRACED), p);
	CHECK(WIFSTOPPED(st));
	CHECK_EQ(WSTOPSIG(st), SIGSTOP);
	CHECK_EQ(st, 0x137f);
	CHECK_EQ(waitpid(p, &st, WUNTRACED | WNOHANG), 0);	/* reported once */
	CHECK_OK(kill(p, SIGCONT));
	CHECK_EQ(waitpid(p, &st, WCONTINUED), p);
	CHECK(WIFCONTINUED(st));
	CHECK_EQ(st, 0xffff);
	CHECK_EQ(waitpid(p, &st, WCONTINUED | WNOHANG), 0);
	/* a group of its own with its parent in the session: not orphaned, so SIGTSTP stops it */
	CHECK_OK(setpgid(p, p));
	CHECK_OK(kill(p, SIGTSTP));
	CHECK_EQ(waitpid(p, &st, WUNTRACED), p);
	CHECK_EQ(WSTOPSIG(st), SIGTSTP);
	CHECK_OK(kill(p, SIGKILL));	/* kills a stopped process */
	WAIT_SIGNAL(p, SIGKILL);
}
CASE(without_untraced_it_is_not_seen)
{
	int st;
	pid_t p;

	CHILD(p)
		for (;;)
			pause();
	CHECK_OK(kill(p, SIGSTOP));
	kt_wait_state(p, 0, "T");
	CHECK_EQ(waitpid(p, &st, WNOHANG), 0);
	CHECK_EQ(waitpid(p, &st, WNOHANG | WUNTRACED), p);
	CHECK_OK(kill(p, SIGTERM));	/* stays pending until it is continued */
	CHECK_EQ(waitpid(p, &st, WNOHANG), 0);
	CHECK_OK(kill(p, SIGCONT));
	WAIT_SIGNAL(p, SIGTERM);
}
CASE(waitid_forms)
{
	siginfo_t si;
	pid_t p;

	CHILD(p)
		for (;;)
			pause();
	CHECK_OK(kill(p, SIGSTOP));
	memset(&si, 0, sizeof(si));
	CHECK_OK(waitid(P_PID, p, &si, WSTOPPED | WNOWAIT));
	CHECK_EQ(si.si_code, CLD_STOPPED);
	CHECK_EQ(si.si_status, SIGSTOP);
	CHECK_OK(waitid(P_PID, p, &si, WSTOPPED));
	CHECK_OK(kill(p, SIGCONT));
	CHECK_OK(waitid(P_PID, p, &si, WCONTINUED));
	CHECK_EQ(si.si_code, CLD_CONTINUED);
	CHECK_EQ(si.si_status, SIGCONT);
	CHECK_OK(kill(p, SIGKILL));
	CHECK_OK(waitid(P_PID, p, &si, WEXITED));
	CHECK_EQ(si.si_code, CLD_KILLED);
	CHECK_EQ(si.si_status, SIGKILL);
}
static volatile sig_atomic_t codes[8], n;
static void on_chld(int s, siginfo_t *si, void *c)
{
	if (n < 8)
		codes[n++] = si->si_code;
}
CASE(sigchld_for_stops)
{
	sigset_t m, old;
	pid_t p;

	kt_handle_info(SIGCHLD, on_chld, 0);
	sigemptyset(&m);
	sigaddset(&m, SIGCHLD);
	CHECK_OK(sigprocmask(SIG_BLOCK, &m, &old));
	CHILD(p)
		for (;;)
			pause();
	CHECK_OK(kill(p, SIGSTOP));
	sigsuspend(&old);
	CHECK_OK(kill(p, SIGCONT));
	sigsuspend(&old);
	CHECK_OK(kill(p, SIGKILL));
	sigsuspend(&old);
	CHECK_EQ(n, 3);
	CHECK_EQ(codes[0], CLD_STOPPED);
	CHECK_EQ(codes[1], CLD_CONTINUED);
	CHECK_EQ(codes[2], CLD_KILLED);
	WAIT_SIGNAL(p, SIGKILL);
	/* SA_NOCLDSTOP: only the death is reported */
	n = 0;
	kt_handle_info(SIGCHLD, on_chld, SA_NOCLDSTOP);
	CHILD(p)
		for (;;)
			pause();
	int st;
	CHECK_OK(kill(p, SIGSTOP));
	CHECK_EQ(waitpid(p, &st, WUNTRACED), p);
	CHECK_OK(kill(p, SIGCONT));
	CHECK_EQ(waitpid(p, &st, WCONTINUED), p);
	CHECK_OK(kill(p, SIGKILL));
	sigsuspend(&old);
	CHECK_EQ(n, 1);
	CHECK_EQ(codes[0], CLD_KILLED);
}
static void *spin(void *x)
{
	for (;;)
		++*(_Atomic long *)x;
	return NULL;
}
CASE(stops_all_threads)
{
	_Atomic long *count = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_t t;
	int st;
	pid_t p;

	CHILD(p) {
		CHECK_EQ(pthread_create(&t, NULL, spin, (void *)count), 0);
		for (;;)
			pause();
	}
	while (*count < 1000)
		sched_yield();
	CHECK_OK(kill(p, SIGSTOP));
	CHECK_EQ(waitpid(p, &st, WUNTRACED), p);
	long v = *count;
	for (int i = 0; i < 100; i++)
		sched_yield();
	CHECK_EQ(*count, v);
	CHECK_OK(kill(p, SIGCONT));
	while (*count == v)
		sched_yield();
	CHECK_OK(kill(p, SIGKILL));
	WAIT_SIGNAL(p, SIGKILL);
}
