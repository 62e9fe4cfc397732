/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Restartable sequences: registration and its errors, the CPU number, restart after preemption and at a
 * signal, wrong areas, fork and exec.
 */
#include "ktest_user.h"

#define SIG	0x53053053u

struct area { uint32_t cpu_id_start, cpu_id; uint64_t cs; uint32_t flags; } __attribute__((aligned(32)));
struct section { uint32_t version, flags; uint64_t start, len, abort; } __attribute__((aligned(32)));

static _Alignas(32) struct area a;

static long reg(void *p, unsigned len, int flags, unsigned sig)
{
	return syscall(SYS_rseq, p, len, flags, sig);
}
static void setup(void)
{
	SKIP_IF_ENOSYS(reg(&a, 32, 0, SIG));
}
CASE(registration)
{
	static _Alignas(32) struct area b;

	CHECK_ERR(reg((char *)&a + 8, 32, 0, SIG), EINVAL);
	CHECK_ERR(reg(&a, 31, 0, SIG), EINVAL);
	CHECK_ERR(reg(&a, 32, 2, SIG), EINVAL);
	CHECK_ERR(reg(&a, 32, 1, SIG), EINVAL);
	CHECK_ERR(reg((void *)(~0ul << 8), 32, 0, SIG), EFAULT);
	setup();
	CHECK_ERR(reg(&a, 32, 0, SIG), EBUSY);
	CHECK_ERR(reg(&a, 32, 0, SIG + 1), EPERM);
	CHECK_ERR(reg(&b, 32, 0, SIG), EINVAL);
	CHECK_ERR(reg(&b, 32, 1, SIG), EINVAL);
	CHECK_ERR(reg(&a, 64, 1, SIG), EINVAL);
	CHECK_ERR(reg(&a, 32, 1, SIG + 1), EPERM);
	CHECK_ERR(reg(&a, 32, 3, SIG), EINVAL);
	CHECK_OK(reg(&a, 32, 1, SIG));
	CHECK_EQ(a.cpu_id, (uint32_t)-1);
	CHECK_EQ(a.cpu_id_start, 0);
	CHECK_OK(reg(&b, 32, 0, SIG));
}
CASE(cpu_number)
{
	cpu_set_t s, all;

	setup();
	CHECK_OK(sched_getaffinity(0, sizeof(all), &all));
	for (int c = 0; c < CPU_SETSIZE; c++) {
		if (!CPU_ISSET(c, &all))
			continue;
		CPU_ZERO(&s);
		CPU_SET(c, &s);
		CHECK_OK(sched_setaffinity(0, sizeof(s), &s));
		CHECK_EQ(*(volatile uint32_t *)&a.cpu_id, c);
		CHECK_EQ(*(volatile uint32_t *)&a.cpu_id_start, c);
	}
}
/* A section that only ends by being aborted: 1 when it was. */
static int spin_until_aborted(void)
{
	int res;

	__asm__ volatile(
		".pushsection .data.rseq_cs, \"aw\"\n"
		".balign 32\n"
		"9:	.long 0, 0\n"
		"	.quad 1f, 2f - 1f, 4f\n"
		".popsection\n"
		"	leaq 9b(%%rip), %%rax\n"
		"	movq %%rax, %[cs]\n"
		"1:	jmp 1b\n"
		"2:	movl $0, %[res]\n"
		"	jmp 5f\n"
		".pushsection .text.rseq_abort, \"ax\"\n"
		"	.byte 0x0f, 0xb9, 0x3d\n"
		"	.long 0x53053053\n"
		"4:	movl $1, %[res]\n"
		"	jmp 5f\n"
		".popsection\n"
		"5:\n"
		: [cs] "=m"(a.cs), [res] "=&r"(res) :: "rax", "memory");
	return res;
}
CASE(preemption_restarts)
{
	pid_t p;
	cpu_set_t s;

	setup();
	CPU_ZERO(&s);
	CPU_SET(0, &s);
	CHECK_OK(sched_setaffinity(0, sizeof(s), &s));
	/* somebody to be preempted by */
	CHILD(p)
		for (;;)
			;
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(spin_until_aborted(), 1);
		CHECK_EQ(a.cs, 0);
	}
	CHECK_OK(kill(p, SIGKILL));
	WAIT_SIGNAL(p, SIGKILL);
}
static volatile int handled;
static volatile uint64_t seen_ip;
static void on_alarm(int sig, siginfo_t *si, void *uc)
{
	handled++;
	CHECK_EQ(a.cs, 0);
}
CASE(signal_restarts)
{
	/* Again and again: the first may come before the section begins, and nobody else may want our CPU. */
	struct itimerval it = { { 0, 20000 }, { 0, 20000 } };

	setup();
	kt_handle_info(SIGALRM, on_alarm, 0);
	CHECK_OK(setitimer(ITIMER_REAL, &it, NULL));
	for (int i = 0; i < 3; i++)
		CHECK_EQ(spin_until_aborted(), 1);
	while (!handled)
		;
	it = (struct itimerval){ { 0, 0 }, { 0, 0 } };
	CHECK_OK(setitimer(ITIMER_REAL, &it, NULL));
}
CASE(left_section_is_cleared)
{
	static struct section cs = { .start = 0x1000, .len = 16, .abort = 0x2000 };
	static uint32_t sig_word[2] = { SIG, 0 };

	setup();
	cs.abort = (uint64_t)&sig_word[1];
	__atomic_store_n(&a.cs, (uint64_t)&cs, __ATOMIC_SEQ_CST);
	/* Who sleeps meanwhile lets another task run. */
	AWAIT(*(volatile uint64_t *)&a.cs == 0);
}
CASE(wrong_areas_are_fatal)
{
	static struct section cs = { .start = 0x1000, .len = 16, .abort = 0x2000 };
	static uint32_t sig_word[2] = { SIG, 0 };
	pid_t p;

	setup();
	for (int i = 0; i < 6; i++) {
		CHILD(p) {
			struct section c = cs;

			c.abort = (uint64_t)&sig_word[1];
			if (i == 0)
				c.version = 1;
			else if (i == 1)
				c.abort = c.start + 4;
			else if (i == 2)
				sig_word[0]++;
			else if (i == 4)
				c.start = ~0ul << 10;
			else if (i == 5)
				c.len = ~0ul;
			/* Named when it is whole: one that is right and left behind would be cleared at any switch. */
			__atomic_store_n(&a.cs, i == 3 ? 8 : (uint64_t)&c, __ATOMIC_SEQ_CST);
			/* It is looked at when we come back from another task: here, the first time. */
			for (int k = 0; k < 100; k++)
				usleep(1000);
		}
		WAIT_SIGNAL(p, SIGSEGV);
	}
}
static void *thread(void *arg)
{
	static _Alignas(32) struct area b;

	/* a thread begins without */
	CHECK_ERR(reg(&b, 32, 1, SIG), EINVAL);
	CHECK_OK(reg(&b, 32, 0, SIG));
	CHECK_LT(*(volatile uint32_t *)&b.cpu_id, 4096);
	return NULL;
}
CASE(fork_keeps_threads_do_not)
{
	pthread_t t;
	pid_t p;

	setup();
	CHILD(p) {
		CHECK_ERR(reg(&a, 32, 0, SIG), EBUSY);
		CHECK_OK(reg(&a, 32, 1, SIG));
	}
	WAIT_EXIT(p, 0);
	CHECK_EQ(pthread_create(&t, NULL, thread, NULL), 0);
	CHECK_EQ(pthread_join(t, NULL), 0);
}
int kt_helper(int argc, char **argv)
{
	return reg(&a, 32, 0, SIG) == 0 ? 0 : 1;
}
CASE(exec_begins_without)
{
	pid_t p;

	setup();
	CHILD(p) {
		execl("/proc/self/exe", "rseq", "@", NULL);
		FAIL("exec");
	}
	WAIT_EXIT(p, 0);
}
CASE(membarrier_restarts_others)
{
	CHECK_GE(syscall(SYS_membarrier, 0, 0, 0), 0);
	if (!(syscall(SYS_membarrier, 0, 0, 0) & 1 << 7))
		SKIP("no such barrier");
	CHECK_ERR(syscall(SYS_membarrier, 1 << 7, 0, 0), EPERM);
	CHECK_OK(syscall(SYS_membarrier, 1 << 8, 0, 0));
	CHECK_OK(syscall(SYS_membarrier, 1 << 7, 0, 0));
	CHECK_OK(syscall(SYS_membarrier, 1 << 7, 1, 0));
	CHECK_ERR(syscall(SYS_membarrier, 1 << 7, 2, 0), EINVAL);
}
