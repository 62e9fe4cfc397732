/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Sleeping calls and signals: nanosleep's remainder, never restarted ones, stop and continue in
 * a sleep.
 */
#include "ktest_user.h"

static volatile sig_atomic_t n;
static void on_sig(int s) { n++; }
static void arm(bool restart)
{
	struct sigaction sa = { .sa_handler = on_sig, .sa_flags = restart ? SA_RESTART : 0 };

	CHECK_OK(sigaction(SIGUSR1, &sa, NULL));
}
#define NEVER_RESTARTED(name, call)			\
	CASE(name)					\
	{						\
		pid_t p;				\
							\
		CHILD(p) {				\
			arm(true);			\
			CHECK_ERR(call, EINTR);		\
			CHECK_EQ(n, 1);			\
		}					\
		WAIT_BLOCKED(p);			\
		CHECK_OK(kill(p, SIGUSR1));		\
		WAIT_EXIT(p, 0);			\
	}
static struct timespec hour = { 3600, 0 }, rem;
static sigset_t empty;
NEVER_RESTARTED(pause_, pause())
NEVER_RESTARTED(nanosleep_, nanosleep(&hour, &rem))
NEVER_RESTARTED(sigsuspend_, sigsuspend(&empty))
NEVER_RESTARTED(poll_, poll(NULL, 0, 1000000))
NEVER_RESTARTED(select_, select(0, NULL, NULL, NULL, NULL))
NEVER_RESTARTED(clock_nanosleep_, syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &hour, &rem))
NEVER_RESTARTED(sigtimedwait_, syscall(SYS_rt_sigtimedwait, &empty, NULL, &hour, 8))
NEVER_RESTARTED(epoll_, epoll_wait(epoll_create1(0), &(struct epoll_event){ 0 }, 1, 1000000))
CASE(remainder)
{
	pid_t p;

	CHILD(p) {
		struct timespec r = { 0, 0 };
		arm(false);
		CHECK_ERR(nanosleep(&hour, &r), EINTR);
		CHECK_GE(r.tv_sec, 3580);
		CHECK_LT(r.tv_sec, 3600);
	}
	WAIT_BLOCKED(p);
	CHECK_OK(kill(p, SIGUSR1));
	WAIT_EXIT(p, 0);
}
CASE(stop_does_not_end_a_sleep)
{
	struct timespec ts = { 1, 0 };
	int st;
	pid_t p;

	for (int try = 0; ; try++) {
		CHILD(p) {
			long long t = kt_now();
			CHECK_OK(nanosleep(&ts, NULL));
			CHECK_GE(kt_now() - t, 1000000000);
		}
		kt_wait_state(p, 0, "SZ");
		CHECK_OK(kill(p, SIGSTOP));
		CHECK_EQ(waitpid(p, &st, WUNTRACED), p);
		if (WIFSTOPPED(st))
			break;
		/* We stood still for longer than it slept. */
		CHECK_EQ(st, 0);
		CHECK_LT(try, 10);
	}
	CHECK_OK(kill(p, SIGCONT));
	WAIT_EXIT(p, 0);
}
CASE(sleep_counts_while_stopped)
{
	struct timespec ts = { 2, 0 }, left;
	int st;
	pid_t p;

	CHILD(p) {
		arm(false);
		CHECK_ERR(nanosleep(&hour, &left), EINTR);
		CHECK_LE(left.tv_sec, 3598);	/* begun anew, more would be left */
	}
	kt_wait_state(p, 0, "S");
	CHECK_OK(kill(p, SIGSTOP));
	CHECK_EQ(waitpid(p, &st, WUNTRACED), p);
	CHECK(WIFSTOPPED(st));
	CHECK_OK(nanosleep(&ts, NULL));
	CHECK_OK(kill(p, SIGCONT));
	WAIT_BLOCKED(p);
	CHECK_OK(kill(p, SIGUSR1));
	WAIT_EXIT(p, 0);
	/* An end that came meanwhile is an end. */
	ts.tv_sec = 1;
	CHILD(p)
		CHECK_OK(nanosleep(&ts, NULL));
	kt_wait_state(p, 0, "SZ");
	CHECK_OK(kill(p, SIGSTOP));
	CHECK_OK(nanosleep(&ts, NULL));
	CHECK_OK(kill(p, SIGCONT));
	WAIT_EXIT(p, 0);
}
