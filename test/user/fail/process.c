/* SPDX-License-Identifier: MPL-2.0 */
/* Processes, threads, programs, namespaces, timers and signals when memory fails. */
#include "failnth.h"
#include <sys/timex.h>
#include <linux/futex.h>

unsigned kt_case_seconds = 330;

static long forking(void)
{
	pid_t p = (pid_t)syscall(SYS_fork);

	if (!p)
		_exit(0);
	return p;
}
static void reap(long p)
{
	int st;

	CHECK_EQ(waitpid((pid_t)p, &st, __WALL), p);
}
static long vforking(void)
{
	/* The child says by its status what execve said. */
	static char *const argv[] = { "/proc/self/exe", "@ok", NULL }, *const envp[] = { NULL };
	pid_t p = vfork();

	if (!p) {
		execve("/proc/self/exe", argv, envp);
		_exit(3);
	}
	return p;
}
int kt_helper(int argc, char **argv) { return 0; }

/* It comes back, or the new program runs; between the two stands SIGKILL, as on Linux. */
static long exec_in_child(unsigned n)
{
	static char *const argv[] = { "/proc/self/exe", "@ok", NULL }, *const envp[] = { NULL };
	pid_t p = kt_fork();
	int st;

	if (!p) {
		fail_open();
		fail_arm(n);
		execve("/proc/self/exe", argv, envp);
		_exit(fail_hit() ? errno == ENOMEM ? 10 : errno : 200);
	}
	CHECK_EQ(waitpid(p, &st, 0), p);
	if (WIFSIGNALED(st) && (WTERMSIG(st) == SIGKILL || WTERMSIG(st) == SIGSEGV))
		return 1;
	if (!WIFEXITED(st) || (WEXITSTATUS(st) != 10 && WEXITSTATUS(st)))
		FAIL("execve, allocation %u failed: status %#x", n, st);
	return WEXITSTATUS(st) == 10;
}
/* The program's own allocations count, too: so for as many as there are, not until none fails. */
static long exec_each(void)
{
	fail_pause();
	for (unsigned n = 1; n < 120; n++)
		(void)exec_in_child(n);
	return 0;
}

static int thread_fn(void *x)
{
	syscall(SYS_exit, 0);
	return 0;
}
static char stack[65536] __attribute__((aligned(16)));
static long thread(void)
{
	return clone(thread_fn, stack + sizeof(stack), CLONE_VM | CLONE_FS | CLONE_FILES | SIGCHLD, NULL);
}
static long in_namespaces(void)
{
	return clone(thread_fn, stack + sizeof(stack), CLONE_NEWNS | SIGCHLD, NULL);
}
static long pidfd_clone(void)
{
	static int fd;
	long p = clone(thread_fn, stack + sizeof(stack), CLONE_PIDFD | SIGCHLD, NULL, &fd);

	fail_pause();
	if (p > 0)
		CHECK_OK(close(fd));
	return p;
}
#define UNSHARE(name, flag) static long unshare_##name(void) { return unshare(flag); }
UNSHARE(ns, CLONE_NEWNS)
UNSHARE(uts, CLONE_NEWUTS)
UNSHARE(ipc, CLONE_NEWIPC)
UNSHARE(pid, CLONE_NEWPID)
UNSHARE(net, CLONE_NEWNET)
UNSHARE(user, CLONE_NEWUSER)
UNSHARE(files, CLONE_FILES | CLONE_FS)
static int uts_fd;
static long set_ns(void) { return setns(uts_fd, 0); }

CASE(processes)
{
	static const struct fail_call calls[] = {
		{ "fork", forking, reap, { EAGAIN } },
		{ "vfork and execve", vforking, reap, { EAGAIN } },
		{ "execve", exec_each, NULL, { 0 } },
		{ "clone, one memory", thread, reap, { EAGAIN } },
		{ "clone with a mount namespace", in_namespaces, reap, { EAGAIN } },
		{ "clone with a pidfd", pidfd_clone, reap, { EAGAIN, ENFILE } },
		{ "unshare, files", unshare_files, NULL, { 0 }, .apart = true },
	};

	FAIL_GROUP(calls);
}

CASE(namespaces)
{
	static const struct fail_call calls[] = {
		{ "unshare, mounts", unshare_ns, NULL, { 0 }, .apart = true },
		{ "unshare, names of the system", unshare_uts, NULL, { EINVAL }, .apart = true, .loose = true },
		{ "unshare, IPC", unshare_ipc, NULL, { EINVAL }, .apart = true, .loose = true },
		{ "unshare, processes", unshare_pid, NULL, { EINVAL }, .apart = true, .loose = true },
		{ "unshare, users", unshare_user, NULL, { EINVAL, EPERM }, .apart = true, .loose = true },
		{ "setns", set_ns, NULL, { EBADF, EINVAL, ENOSYS }, .apart = true, .loose = true },
	};

	uts_fd = open("/proc/self/ns/uts", O_RDONLY);
	FAIL_GROUP(calls);
}
CASE(network_namespace)
{
	static const struct fail_call calls[] = {
		{ "unshare, network", unshare_net, NULL, { EINVAL, EPERM }, .apart = true, .loose = true },
	};

	FAIL_GROUP(calls);
}

/* --- timers, signals, the rest of a process --- */

static timer_t made;
static long timer_new(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };

	return syscall(SYS_timer_create, CLOCK_MONOTONIC, &ev, &made);
}
static void timer_del(long r) { CHECK_OK(syscall(SYS_timer_delete, *(int *)&made)); }
static long queue(void)
{
	siginfo_t i = { .si_signo = SIGRTMIN + 1, .si_code = SI_QUEUE };

	return syscall(SYS_rt_sigqueueinfo, getpid(), SIGRTMIN + 1, &i);
}
static void dequeue(long r)
{
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, SIGRTMIN + 1);
	CHECK_EQ(sigtimedwait(&s, NULL, &(struct timespec){ 0, 0 }), SIGRTMIN + 1);
}
/* A signal of the old kind comes always. */
static long kill_self(void) { return kill(getpid(), SIGUSR2); }
static void kill_taken(long r)
{
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, SIGUSR2);
	CHECK_EQ(sigtimedwait(&s, NULL, &(struct timespec){ 0, 0 }), SIGUSR2);
}
static long set_groups(void)
{
	static gid_t g[100];

	for (int i = 0; i < 100; i++)
		g[i] = (gid_t)(100 - i);
	return setgroups(100, g);
}
static void no_groups(long r) { CHECK_OK(setgroups(0, NULL)); }
static long set_uid(void) { return setresuid(0, 0, 0); }
static long affinity(void)
{
	static unsigned long mask[16] = { 1 };

	return syscall(SYS_sched_setaffinity, 0, sizeof(mask), mask) < 0 ? -1 : 0;
}
static void affinity_back(long r)
{
	static unsigned long mask[16] = { ~0ul };

	CHECK_OK(syscall(SYS_sched_setaffinity, 0, sizeof(mask), mask));
}
static long policy(void)
{
	struct sched_param p = { .sched_priority = 0 };

	return syscall(SYS_sched_setscheduler, 0, SCHED_BATCH, &p);
}
static void policy_back(long r)
{
	struct sched_param p = { .sched_priority = 0 };

	CHECK_OK(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &p));
}
static uint32_t word;
static long pi_lock(void) { return syscall(SYS_futex, &word, FUTEX_LOCK_PI, 0, NULL, NULL, 0); }
static void pi_unlock(long r) { CHECK_OK(syscall(SYS_futex, &word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0)); }
static long futex_wait(void)
{
	static uint32_t w;

	return syscall(SYS_futex, &w, FUTEX_WAIT, 0, &(struct timespec){ 0, 1000000 }, NULL, 0);
}
static long comm(void) { return prctl(PR_SET_NAME, "failing"); }
static long session(void)
{
	pid_t p = forking();

	fail_pause();
	if (p > 0)
		reap(p);
	return p < 0 ? -1 : 0;
}
static long get_groups(void)
{
	static gid_t g[128];

	return getgroups(128, g);
}
static long sec(void)
{
	/* Allow everything: a filter of one instruction. */
	struct { unsigned short code; unsigned char jt, jf; unsigned k; } ins = { 6, 0, 0, 0x7fff0000 };
	struct { unsigned short len; void *f; } prog = { 1, &ins };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return prctl(22 /* PR_SET_SECCOMP */, 2, &prog);
}

CASE(signals)
{
	static const struct fail_call calls[] = {
		{ "timer_create", timer_new, timer_del, { EAGAIN } },
		{ "rt_sigqueueinfo", queue, dequeue, { EAGAIN } },
		{ "kill", kill_self, kill_taken, { 0 } },
		{ "setgroups", set_groups, no_groups, { 0 } },
		{ "getgroups", get_groups, NULL, { 0 } },
		{ "setresuid", set_uid, NULL, { EAGAIN } },
		{ "sched_setaffinity", affinity, affinity_back, { 0 } },
		{ "sched_setscheduler", policy, policy_back, { 0 } },
		{ "FUTEX_LOCK_PI", pi_lock, pi_unlock, { 0 } },
		{ "FUTEX_WAIT", futex_wait, NULL, { ETIMEDOUT }, .loose = true },
		{ "PR_SET_NAME", comm, NULL, { 0 } },
		{ "a child", session, NULL, { EAGAIN } },
		{ "seccomp", sec, NULL, { EINVAL, ENOSYS }, .apart = true, .loose = true },
	};
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, SIGRTMIN + 1);
	sigaddset(&s, SIGUSR2);
	CHECK_OK(sigprocmask(SIG_BLOCK, &s, NULL));
	FAIL_GROUP(calls);
}
