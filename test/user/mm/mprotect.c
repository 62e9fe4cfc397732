/* SPDX-License-Identifier: MPL-2.0 */
/* mprotect: every protection, faults with the right code, splitting, merging, errors. */
#include "ktest_user.h"

CASE(read_write_none)
{
	char *m = kt_map(1, PROT_READ | PROT_WRITE);
	int code;

	m[0] = 1;
	CHECK_OK(mprotect(m, PG, PROT_READ));
	CHECK_EQ(m[0], 1);
	CHECK_EQ(kt_fault(m, true, &code), SIGSEGV);
	CHECK_EQ(code, SEGV_ACCERR);
	CHECK_OK(mprotect(m, PG, PROT_NONE));
	CHECK_EQ(kt_fault(m, false, &code), SIGSEGV);
	CHECK_EQ(code, SEGV_ACCERR);
	CHECK_OK(mprotect(m, PG, PROT_READ | PROT_WRITE));
	CHECK_EQ(m[0], 1);
	m[0] = 2;
	CHECK_OK(mprotect(m, PG, PROT_WRITE));
	CHECK_EQ(m[0], 2);	/* x86 has no write-only pages */
}
CASE(execute)
{
	unsigned char *m = kt_map(1, PROT_READ | PROT_WRITE);
	int (*fn)(void) = (void *)m;
	pid_t p;

	memcpy(m, "\xb8\x2a\0\0\0\xc3", 6);	/* mov eax, 42; ret */
	CHILD(p)
		fn();
	WAIT_SIGNAL(p, SIGSEGV);
	CHECK_OK(mprotect(m, PG, PROT_READ | PROT_EXEC));
	CHECK_EQ(fn(), 42);
	CHECK_OK(mprotect(m, PG, PROT_READ));
	CHILD(p)
		fn();
	WAIT_SIGNAL(p, SIGSEGV);
	CHECK_OK(mprotect(m, PG, PROT_EXEC | PROT_READ | PROT_WRITE));
	m[1] = 43;
	CHECK_EQ(fn(), 43);
}
CASE(part)
{
	char *m = kt_map(5, PROT_READ | PROT_WRITE);

	CHECK_OK(mprotect(m + PG, 3 * PG, PROT_READ));
	CHECK_EQ(kt_fault(m, true, NULL), 0);
	CHECK_EQ(kt_fault(m + PG, true, NULL), SIGSEGV);
	CHECK_EQ(kt_fault(m + 4 * PG - 1, true, NULL), SIGSEGV);
	CHECK_EQ(kt_fault(m + 4 * PG, true, NULL), 0);
}
CASE(merges_again)
{
	static char buf[65536];
	char want[64], *m = kt_map(5, PROT_READ | PROT_WRITE);

	/* neighbours with other protections make the borders of this mapping visible */
	CHECK_OK(mprotect(m, PG, PROT_NONE));
	CHECK_OK(mprotect(m + 4 * PG, PG, PROT_NONE));
	CHECK_OK(mprotect(m + 2 * PG, PG, PROT_READ));
	CHECK_OK(mprotect(m + 2 * PG, PG, PROT_READ | PROT_WRITE));
	snprintf(want, sizeof(want), "%lx-%lx rw-p", (long)m + PG, (long)m + 4 * PG);
	kt_get("/proc/self/maps", buf, sizeof(buf));
	CHECK(strstr(buf, want));
}
CASE(errors)
{
	char *m = kt_map(3, PROT_READ);

	CHECK_ERR(syscall(SYS_mprotect, m + 1, PG, PROT_READ), EINVAL);
	CHECK_ERR(mprotect(m, PG, 0x100), EINVAL);
	CHECK_ERR(mprotect(m, PG, PROT_READ | PROT_GROWSDOWN), EINVAL);
	CHECK_ERR(mprotect(m, PG, PROT_GROWSDOWN | PROT_GROWSUP), EINVAL);
	CHECK_OK(mprotect(m, 0, PROT_READ));
	CHECK_OK(munmap(m + PG, PG));
	CHECK_ERR(mprotect(m, 3 * PG, PROT_READ | PROT_WRITE), ENOMEM);
	CHECK_EQ(kt_fault(m, true, NULL), 0);	/* what came before the hole was changed */
}
CASE(after_fork_is_private)
{
	char *m = kt_map(1, PROT_READ | PROT_WRITE);
	pid_t p;

	m[0] = 1;
	CHILD(p) {
		CHECK_OK(mprotect(m, PG, PROT_READ));
		CHECK_EQ(kt_fault(m, true, NULL), SIGSEGV);
	}
	WAIT_EXIT(p, 0);
	m[0] = 2;
}
static char *page;
static _Atomic int *stage;
static void *touch(void *x)
{
	page[0] = 1;
	*stage = 1;
	while (*stage != 2)
		sched_yield();
	page[0] = 2;	/* must fault */
	return NULL;
}
CASE(other_threads_see_it)
{
	page = kt_map(1, PROT_READ | PROT_WRITE);
	/* the page is writable in another CPU's TLB when protection is taken away */
	for (int i = 0; i < 20; i++) {
		pid_t p;

		stage = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

		CHILD(p) {
			pthread_t t;

			CHECK_EQ(pthread_create(&t, NULL, touch, NULL), 0);
			while (*stage != 1)
				sched_yield();
			CHECK_OK(mprotect(page, PG, PROT_READ));
			*stage = 2;
			pthread_join(t, NULL);
		}
		WAIT_SIGNAL(p, SIGSEGV);
		CHECK_OK(munmap((void *)stage, PG));
	}
}
