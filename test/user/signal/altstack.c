/* SPDX-License-Identifier: MPL-2.0 */
/* sigaltstack: SA_ONSTACK, nested use, refused changes, SS_AUTODISARM, sizes. */
#include "ktest_user.h"

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1U << 31)
#endif
static char alt[32768] __attribute__((aligned(16)));
static volatile sig_atomic_t on_alt, flags_inside, change;
static char *volatile sp;
static void on_sig(int s)
{
	char here;
	stack_t ss, other = { .ss_sp = alt, .ss_size = sizeof(alt) };

	sp = &here;
	on_alt = &here >= alt && &here < alt + sizeof(alt);
	sigaltstack(NULL, &ss);
	flags_inside = ss.ss_flags;
	errno = 0;
	change = sigaltstack(&other, NULL) ? errno : 0;
}
CASE(used_only_with_onstack)
{
	stack_t ss = { .ss_sp = alt, .ss_size = sizeof(alt) }, old;
	struct sigaction sa = { .sa_handler = on_sig };

	CHECK_OK(sigaltstack(&ss, &old));
	CHECK_EQ(old.ss_flags, SS_DISABLE);
	CHECK_OK(sigaction(SIGUSR1, &sa, NULL));
	CHECK_OK(raise(SIGUSR1));
	CHECK_EQ(on_alt, 0);
	CHECK_EQ(flags_inside, 0);
	sa.sa_flags = SA_ONSTACK;
	CHECK_OK(sigaction(SIGUSR1, &sa, NULL));
	CHECK_OK(raise(SIGUSR1));
	CHECK_EQ(on_alt, 1);
	CHECK_EQ(flags_inside, SS_ONSTACK);
	CHECK_EQ(change, EPERM);	/* not while it is in use */
	CHECK_OK(sigaltstack(NULL, &old));
	CHECK_EQ(old.ss_flags, 0);
	CHECK_EQ(old.ss_sp, alt);
	CHECK_EQ(old.ss_size, sizeof(alt));
}
CASE(disable)
{
	stack_t ss = { .ss_sp = alt, .ss_size = sizeof(alt) };
	struct sigaction sa = { .sa_handler = on_sig, .sa_flags = SA_ONSTACK };

	CHECK_OK(sigaltstack(&ss, NULL));
	ss.ss_flags = SS_DISABLE;
	CHECK_OK(sigaltstack(&ss, NULL));
	CHECK_OK(sigaction(SIGUSR1, &sa, NULL));
	CHECK_OK(raise(SIGUSR1));
	CHECK_EQ(on_alt, 0);
}
static void outer(int s)
{
	char here;

	raise(SIGUSR2);
	/* the inner frame goes below this one */
	CHECK((uintptr_t)sp < (uintptr_t)&here && (uintptr_t)sp > (uintptr_t)&here - sizeof(alt));
}
CASE(nested_on_the_same_stack)
{
	stack_t ss = { .ss_sp = alt, .ss_size = sizeof(alt) };
	struct sigaction sa = { .sa_handler = outer, .sa_flags = SA_ONSTACK };

	CHECK_OK(sigaltstack(&ss, NULL));
	CHECK_OK(sigaction(SIGUSR1, &sa, NULL));
	sa.sa_handler = on_sig;
	CHECK_OK(sigaction(SIGUSR2, &sa, NULL));
	CHECK_OK(raise(SIGUSR1));
	CHECK_EQ(on_alt, 1);
}
CASE(errors)
{
	stack_t ss = { .ss_sp = alt, .ss_size = 100 };

	CHECK_ERR(sigaltstack(&ss, NULL), ENOMEM);
	ss.ss_size = sizeof(alt);
	ss.ss_flags = 0x10;
	CHECK_ERR(syscall(SYS_sigaltstack, &ss, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_sigaltstack, 8, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_sigaltstack, NULL, 8), EFAULT);
	ss.ss_flags = SS_ONSTACK;
	CHECK_OK(syscall(SYS_sigaltstack, &ss, NULL));
}
CASE(autodisarm)
{
	stack_t ss = { .ss_sp = alt, .ss_size = sizeof(alt), .ss_flags = SS_AUTODISARM }, now;
	struct sigaction sa = { .sa_handler = on_sig, .sa_flags = SA_ONSTACK };

	CHECK_OK(syscall(SYS_sigaltstack, &ss, NULL));
	CHECK_OK(sigaction(SIGUSR1, &sa, NULL));
	CHECK_OK(raise(SIGUSR1));
	CHECK_EQ(on_alt, 1);
	CHECK_EQ(flags_inside, SS_DISABLE);
	CHECK_EQ(change, 0);
	CHECK_OK(syscall(SYS_sigaltstack, NULL, &now));
	CHECK_EQ((unsigned)now.ss_flags, SS_AUTODISARM);	/* sigreturn restores it */
}
CASE(per_thread_and_fork)
{
	stack_t ss = { .ss_sp = alt, .ss_size = sizeof(alt) }, now;
	pid_t p;

	CHECK_OK(sigaltstack(&ss, NULL));
	CHILD(p) {
		CHECK_OK(sigaltstack(NULL, &now));
		CHECK_EQ(now.ss_sp, alt);
	}
	WAIT_EXIT(p, 0);
}
static void *thread(void *x)
{
	stack_t now;

	CHECK_OK(sigaltstack(NULL, &now));
	CHECK_EQ(now.ss_flags, SS_DISABLE);
	return NULL;
}
CASE(threads_start_without)
{
	stack_t ss = { .ss_sp = alt, .ss_size = sizeof(alt) };
	pthread_t t;

	CHECK_OK(sigaltstack(&ss, NULL));
	CHECK_EQ(pthread_create(&t, NULL, thread, NULL), 0);
	pthread_join(t, NULL);
}
CASE(no_room_kills)
{
	char *tiny = kt_map(3, PROT_READ | PROT_WRITE);
	stack_t ss = { .ss_sp = tiny, .ss_size = 2 * PG };
	struct sigaction sa = { .sa_handler = on_sig, .sa_flags = SA_ONSTACK };
	pid_t p;

	CHILD(p) {
		CHECK_OK(sigaltstack(&ss, NULL));
		CHECK_OK(mprotect(tiny, 3 * PG, PROT_READ));
		CHECK_OK(sigaction(SIGUSR1, &sa, NULL));
		raise(SIGUSR1);
	}
	WAIT_SIGNAL(p, SIGSEGV);
}
