/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The stack: growth on demand, the limit, deep recursion is SIGSEGV, MAP_GROWSDOWN, no
 * execution.
 */
#include "ktest_user.h"

static int __attribute__((noinline)) deep(int n)
{
	volatile char pad[2000];

	pad[0] = n;
	return n ? deep(n - 1) + pad[0] - pad[0] : 0;
}
CASE(grows)
{
	CHECK_EQ(deep(3000), 0);	/* about 6 MiB of the usual 8 */
}
static int __attribute__((noinline)) forever(volatile int *p)
{
	volatile int x[100];

	x[0] = *p;
	if (x[0] == 12345)	/* never, but the compiler does not know */
		return 0;
	return forever(x) + x[0];
}
CASE(overflow_is_sigsegv)
{
	volatile int x = 0;
	pid_t p;

	CHILD(p)
		forever(&x);
	WAIT_SIGNAL(p, SIGSEGV);
}
CASE(limit)
{
	struct rlimit rl;
	pid_t p;

	CHECK_OK(getrlimit(RLIMIT_STACK, &rl));
	CHECK_EQ(rl.rlim_cur, 8 << 20);
	CHILD(p) {
		rl.rlim_cur = 1 << 20;
		CHECK_OK(setrlimit(RLIMIT_STACK, &rl));
		deep(400);
		deep(3000);
	}
	WAIT_SIGNAL(p, SIGSEGV);
	CHILD(p) {
		rl.rlim_cur = 32 << 20;
		CHECK_OK(setrlimit(RLIMIT_STACK, &rl));
		deep(10000);
	}
	WAIT_EXIT(p, 0);
}
static volatile sig_atomic_t code;
static char alt[16384];
static void on_segv(int s, siginfo_t *si, void *c)
{
	code = si->si_code;
	_exit(40);
}
CASE(overflow_is_caught_on_the_alternate_stack)
{
	stack_t ss = { .ss_sp = alt, .ss_size = sizeof(alt) };
	volatile int x = 0;
	pid_t p;

	CHILD(p) {
		CHECK_OK(sigaltstack(&ss, NULL));
		kt_handle_info(SIGSEGV, on_segv, SA_ONSTACK);
		forever(&x);
	}
	WAIT_EXIT(p, 40);
}
CASE(not_executable)
{
	unsigned char buf[16] = { 0xc3 };
	void (*fn)(void) = (void *)buf;
	pid_t p;

	CHILD(p)
		fn();
	WAIT_SIGNAL(p, SIGSEGV);
}
CASE(mappings_below_stop_it)
{
	char here;
	pid_t p;

	CHILD(p) {
		char *wall = (char *)(((uintptr_t)&here & -PG) - 512 * 1024);
		CHECK(mmap(wall, PG, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == wall);
		deep(3000);
	}
	WAIT_SIGNAL(p, SIGSEGV);
}
CASE(growsdown)
{
	char *m = kt_map(600, PROT_NONE), *g;

	CHECK_OK(munmap(m, 600 * PG));
	g = mmap(m + 598 * PG, PG, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
	CHECK_EQ(g, m + 598 * PG);
	g[0] = 1;
	for (int i = 1; i < 20; i++)
		CHECK_EQ(kt_fault(g - i * PG, true, NULL), 0);
}
CASE(in_maps)
{
	static char buf[65536];

	kt_get("/proc/self/maps", buf, sizeof(buf));
	CHECK(strstr(buf, "[stack]\n"));
	CHECK(strstr(buf, "[vdso]\n"));
}
