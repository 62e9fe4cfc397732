/* SPDX-License-Identifier: MPL-2.0 */
/* clone3: sizes, flags, set_tid refused to users, stack, exit signal, errors. */
#include "ktest_user.h"

struct args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
		set_tid_size, cgroup;
};
static long clone3(struct args *a, size_t n) { return syscall(SYS_clone3, a, n); }
CASE(like_fork)
{
	struct args a = { .exit_signal = SIGCHLD };
	long p = clone3(&a, sizeof(a));

	if (p == 0)
		_exit(4);
	if (p < 0 && errno == ENOSYS)
		SKIP("no clone3");
	WAIT_EXIT(p, 4);
	p = clone3(&a, 64);
	if (p == 0)
		_exit(5);
	WAIT_EXIT(CHECK_OK(p), 5);
}
CASE(errors)
{
	struct { struct args a; uint64_t more[4]; } b = { .a = { .exit_signal = SIGCHLD } };
	struct args a;

	if (clone3(&b.a, 8) < 0 && errno == ENOSYS)
		SKIP("no clone3");
	CHECK_ERR(clone3(&b.a, 8), EINVAL);
	CHECK_ERR(clone3(&b.a, 8192), E2BIG);
	b.more[0] = 1;
	CHECK_ERR(clone3(&b.a, sizeof(b)), E2BIG);
	CHECK_ERR(clone3((void *)8, sizeof(a)), EFAULT);
	a = (struct args){ .exit_signal = 100 };
	CHECK_ERR(clone3(&a, sizeof(a)), EINVAL);
	a = (struct args){ .flags = CLONE_THREAD };
	CHECK_ERR(clone3(&a, sizeof(a)), EINVAL);
	a = (struct args){ .flags = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, .exit_signal = SIGCHLD };
	CHECK_ERR(clone3(&a, sizeof(a)), EINVAL);
	a = (struct args){ .flags = 1ULL << 40, .exit_signal = SIGCHLD };
	CHECK_ERR(clone3(&a, sizeof(a)), EINVAL);
	a = (struct args){ .flags = 0xff, .exit_signal = SIGCHLD };
	CHECK_ERR(clone3(&a, sizeof(a)), EINVAL);	/* CSIGNAL bits belong in exit_signal */
	a = (struct args){ .stack = 4096, .exit_signal = SIGCHLD };
	CHECK_ERR(clone3(&a, sizeof(a)), EINVAL);	/* stack without size */
	a = (struct args){ .set_tid = 8, .exit_signal = SIGCHLD };
	CHECK_ERR(clone3(&a, sizeof(a)), EINVAL);
}
CASE(tids_and_clear_sighand)
{
	int ptid = 0, ctid = 0;
	struct args a = { .exit_signal = SIGCHLD, .flags = CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | 0x100000000ULL,
			  .parent_tid = (uint64_t)&ptid, .child_tid = (uint64_t)&ctid };
	struct sigaction sa;
	long p;

	signal(SIGUSR1, (void (*)(int))0x1234567);
	signal(SIGUSR2, SIG_IGN);
	p = clone3(&a, sizeof(a));
	if (p == 0) {
		sigaction(SIGUSR1, NULL, &sa);
		if (sa.sa_handler != SIG_DFL)
			_exit(1);
		sigaction(SIGUSR2, NULL, &sa);
		_exit(sa.sa_handler != SIG_IGN || ctid != getpid());
	}
	if (p < 0 && errno == ENOSYS)
		SKIP("no clone3");
	CHECK_OK(p);
	CHECK_EQ(ptid, p);
	WAIT_EXIT(p, 0);
}
