/* SPDX-License-Identifier: MPL-2.0 */
/*
 * seccomp: strict mode, filters and every action, precedence, inheritance, TSYNC, what is refused.
 */
#include "ktest_user.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

static long seccomp_(unsigned op, unsigned flags, void *arg) { return syscall(SYS_seccomp, op, flags, arg); }

#define LOAD(field)	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RET(v)		BPF_STMT(BPF_RET | BPF_K, v)

/* A filter that answers `action` to call nr and allows the rest. */
static long deny(long nr, unsigned action, unsigned flags)
{
	struct sock_filter f[] = {
		LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		RET(action),
		RET(SECCOMP_RET_ALLOW),
	};
	struct sock_fprog p = { ARRAY_SIZE(f), f };

	return seccomp_(SECCOMP_SET_MODE_FILTER, flags, &p);
}
static void setup(void)
{
	uint32_t a = SECCOMP_RET_ALLOW;

	SKIP_IF_ENOSYS(seccomp_(SECCOMP_GET_ACTION_AVAIL, 0, &a));
	CHECK_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}
CASE(errno_action)
{
	setup();
	CHECK_OK(deny(SYS_getppid, SECCOMP_RET_ERRNO | 77, 0));
	CHECK_ERR(syscall(SYS_getppid), 77);
	CHECK_EQ(syscall(SYS_getpid), getpid());
	CHECK_EQ(prctl(PR_GET_SECCOMP), 2);
	CHECK_OK(deny(SYS_getuid, SECCOMP_RET_ERRNO, 0));
	CHECK_EQ(syscall(SYS_getuid), 0);
	CHECK_OK(deny(SYS_getgid, SECCOMP_RET_ERRNO | 5000, 0));
	CHECK_ERR(syscall(SYS_getgid), 4095);
	CHECK_EQ(kt_field("/proc/self/status", "Seccomp"), 2);
	CHECK_EQ(kt_field("/proc/self/status", "Seccomp_filters"), 3);
}
CASE(arguments_and_architecture)
{
	struct sock_filter f[] = {
		LOAD(arch),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
		RET(SECCOMP_RET_KILL_PROCESS),
		LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_dup2, 0, 3),
		LOAD(args[1]),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 99, 0, 1),
		RET(SECCOMP_RET_ERRNO | EXDEV),
		RET(SECCOMP_RET_ALLOW),
	};
	struct sock_fprog p = { ARRAY_SIZE(f), f };

	setup();
	CHECK_OK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p));
	CHECK_EQ(syscall(SYS_dup2, 1, 98), 98);
	CHECK_ERR(syscall(SYS_dup2, 1, 99), EXDEV);
}
CASE(the_most_severe_answer_counts)
{
	pid_t p;

	setup();
	CHECK_OK(deny(SYS_getppid, SECCOMP_RET_ERRNO | 10, 0));
	CHECK_OK(deny(SYS_getppid, SECCOMP_RET_LOG, 0));
	CHECK_ERR(syscall(SYS_getppid), 10);
	CHECK_OK(deny(SYS_getppid, SECCOMP_RET_ERRNO | 20, 0));
	CHECK_ERR(syscall(SYS_getppid), 20);	/* of equals the newest */
	CHECK_OK(deny(SYS_getppid, SECCOMP_RET_TRACE, 0));
	CHECK_ERR(syscall(SYS_getppid), 20);
	CHILD(p) {
		CHECK_OK(deny(SYS_getppid, SECCOMP_RET_KILL_PROCESS, 0));
		syscall(SYS_getppid);
	}
	WAIT_SIGNAL(p, SIGSYS);
}
CASE(trace_without_tracer_and_log)
{
	setup();
	CHECK_OK(deny(SYS_getppid, SECCOMP_RET_TRACE | 3, 0));
	CHECK_ERR(syscall(SYS_getppid), ENOSYS);
	CHECK_OK(deny(SYS_getuid, SECCOMP_RET_LOG, SECCOMP_FILTER_FLAG_LOG));
	CHECK_EQ(syscall(SYS_getuid), 0);
	CHECK_OK(deny(SYS_getgid, SECCOMP_RET_USER_NOTIF, 0));
	CHECK_ERR(syscall(SYS_getgid), ENOSYS);
}
static volatile int trapped;
static void on_sys(int sig, siginfo_t *si, void *uc)
{
	CHECK_EQ(si->si_signo, SIGSYS);
	CHECK_EQ(si->si_code, 1);
	CHECK_EQ(si->si_errno, 42);
	CHECK_EQ(si->si_syscall, SYS_getppid);
	CHECK_EQ(si->si_arch, AUDIT_ARCH_X86_64);
	CHECK(si->si_call_addr != NULL);
	CHECK_EQ(((ucontext_t *)uc)->uc_mcontext.gregs[REG_RAX], SYS_getppid);
	((ucontext_t *)uc)->uc_mcontext.gregs[REG_RAX] = 4242;
	trapped++;
}
CASE(trap)
{
	setup();
	kt_handle_info(SIGSYS, on_sys, SA_SIGINFO);
	CHECK_OK(deny(SYS_getppid, SECCOMP_RET_TRAP | 42, 0));
	CHECK_EQ(syscall(SYS_getppid), 4242);
	CHECK_EQ(trapped, 1);
}
static void *call_getppid(void *arg)
{
	syscall(SYS_getppid);
	return (void *)1;
}
CASE(kill_one_thread)
{
	pid_t p;
	pthread_t t;

	setup();
	CHILD(p) {
		CHECK_OK(deny(SYS_getppid, SECCOMP_RET_KILL_THREAD, 0));
		CHECK_EQ(pthread_create(&t, NULL, call_getppid, NULL), 0);
		/* it ends without a result; we live on */
		AWAIT(kt_field("/proc/self/status", "Threads") == 1);
		_exit(7);
	}
	WAIT_EXIT(p, 7);
	/* the last one takes the process with it */
	CHILD(p) {
		kt_handle_info(SIGSYS, on_sys, SA_SIGINFO);
		CHECK_OK(deny(SYS_getppid, SECCOMP_RET_KILL_THREAD, 0));
		syscall(SYS_getppid);
	}
	WAIT_SIGNAL(p, SIGSYS);
	/* an unknown action kills the process */
	CHILD(p) {
		CHECK_OK(deny(SYS_getppid, 0x00010000, 0));
		pthread_create(&t, NULL, call_getppid, NULL);
		for (;;)
			pause();
	}
	WAIT_SIGNAL(p, SIGSYS);
}
CASE(strict)
{
	pid_t p;

	setup();
	CHILD(p) {
		CHECK_OK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT));
		CHECK_EQ(syscall(SYS_write, 1, "", 0), 0);
		syscall(SYS_exit, 3);
	}
	WAIT_EXIT(p, 3);
	CHILD(p) {
		CHECK_OK(seccomp_(SECCOMP_SET_MODE_STRICT, 0, NULL));
		syscall(SYS_getpid);
	}
	WAIT_SIGNAL(p, SIGKILL);
	CHECK_ERR(seccomp_(SECCOMP_SET_MODE_STRICT, 1, NULL), EINVAL);
	CHECK_ERR(seccomp_(SECCOMP_SET_MODE_STRICT, 0, &p), EINVAL);
	CHECK_OK(deny(SYS_getppid, SECCOMP_RET_ERRNO | 1, 0));
	CHECK_ERR(seccomp_(SECCOMP_SET_MODE_STRICT, 0, NULL), EINVAL);
}
int kt_helper(int argc, char **argv)
{
	return syscall(SYS_getppid) == -1 && errno == 55 ? 0 : 1;
}
CASE(inherited_by_fork_and_exec)
{
	pid_t p;

	setup();
	CHECK_OK(deny(SYS_getppid, SECCOMP_RET_ERRNO | 55, 0));
	CHILD(p) {
		CHECK_ERR(syscall(SYS_getppid), 55);
		CHECK_OK(deny(SYS_getuid, SECCOMP_RET_ERRNO | 56, 0));
		execl("/proc/self/exe", "seccomp", "@", NULL);
	}
	WAIT_EXIT(p, 0);
	CHECK_EQ(syscall(SYS_getuid), 0);
}
static volatile int go, seen;
static volatile pid_t other;
static void *thread(void *arg)
{
	other = gettid();
	if (arg)
		CHECK_OK(deny(SYS_getgid, SECCOMP_RET_ERRNO | 3, 0));
	go = 1;
	while (go != 2)
		sched_yield();
	errno = 0;
	syscall(SYS_getppid);
	seen = errno;
	return NULL;
}
CASE(tsync)
{
	pthread_t t;

	setup();
	CHECK_EQ(pthread_create(&t, NULL, thread, NULL), 0);
	while (go != 1)
		sched_yield();
	CHECK_OK(deny(SYS_getppid, SECCOMP_RET_ERRNO | 61, SECCOMP_FILTER_FLAG_TSYNC));
	go = 2;
	pthread_join(t, NULL);
	CHECK_EQ(seen, 61);
	/* a thread with filters of its own is in the way */
	go = 0;
	CHECK_EQ(pthread_create(&t, NULL, thread, (void *)1), 0);
	while (go != 1)
		sched_yield();
	CHECK_EQ(deny(SYS_getuid, SECCOMP_RET_ERRNO | 62, SECCOMP_FILTER_FLAG_TSYNC), other);
	CHECK_ERR(deny(SYS_getuid, SECCOMP_RET_ERRNO | 62, SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH), ESRCH);
	CHECK_EQ(syscall(SYS_getuid), 0);
	go = 2;
	pthread_join(t, NULL);
}
CASE(refused)
{
	struct sock_filter f[] = { RET(SECCOMP_RET_ALLOW), RET(SECCOMP_RET_ALLOW) };
	struct sock_fprog p = { 1, f };
	uint32_t a = 0x12345678;
	pid_t c;

	CHILD(c) {
		kt_become(1000, 1000);
		CHECK_ERR(seccomp_(SECCOMP_SET_MODE_FILTER, 0, &p), EACCES);
	}
	WAIT_EXIT(c, 0);
	/* with the capability no_new_privs is not asked for */
	CHILD(c)
		CHECK_OK(seccomp_(SECCOMP_SET_MODE_FILTER, 0, &p));
	WAIT_EXIT(c, 0);
	setup();
	CHECK_ERR(seccomp_(99, 0, NULL), EINVAL);
	CHECK_ERR(seccomp_(SECCOMP_SET_MODE_FILTER, 0x100, &p), EINVAL);
	CHECK_ERR(seccomp_(SECCOMP_SET_MODE_FILTER, 0, (void *)8), EFAULT);
	CHECK_ERR(seccomp_(SECCOMP_GET_ACTION_AVAIL, 0, &a), EOPNOTSUPP);
	CHECK_ERR(seccomp_(SECCOMP_GET_ACTION_AVAIL, 1, &a), EINVAL);
	CHECK_ERR(seccomp_(SECCOMP_GET_ACTION_AVAIL, 0, (void *)8), EFAULT);
	CHECK_ERR(prctl(PR_SET_SECCOMP, 7), EINVAL);
	p.len = 0;
	CHECK_ERR(seccomp_(SECCOMP_SET_MODE_FILTER, 0, &p), EINVAL);
	p.len = 4097;
	CHECK_ERR(seccomp_(SECCOMP_SET_MODE_FILTER, 0, &p), EINVAL);
	p.len = 1;
	p.filter = (void *)8;
	CHECK_ERR(seccomp_(SECCOMP_SET_MODE_FILTER, 0, &p), EFAULT);
	p.filter = f;
	p.len = 2;
	f[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64);
	CHECK_ERR(seccomp_(SECCOMP_SET_MODE_FILTER, 0, &p), EINVAL);
	f[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 3);
	CHECK_ERR(seccomp_(SECCOMP_SET_MODE_FILTER, 0, &p), EINVAL);
	f[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0);
	CHECK_ERR(seccomp_(SECCOMP_SET_MODE_FILTER, 0, &p), EINVAL);
	f[0] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 3);
	CHECK_ERR(seccomp_(SECCOMP_SET_MODE_FILTER, 0, &p), EINVAL);
	f[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_MEM, 0);
	CHECK_ERR(seccomp_(SECCOMP_SET_MODE_FILTER, 0, &p), EINVAL);
	f[0] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 1);
	CHECK_ERR(seccomp_(SECCOMP_SET_MODE_FILTER, 0, &p), EINVAL);
}
