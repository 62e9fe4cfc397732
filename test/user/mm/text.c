/* SPDX-License-Identifier: MPL-2.0 */
/* Program text: not writable, private when made so, shared by all its processes otherwise. */
#include "ktest_user.h"

static int __attribute__((noinline)) answer(void)
{
	asm volatile("");
	return 42;
}
CASE(read_only)
{
	pid_t p;

	CHILD(p)
		*(volatile char *)answer = 0x90;
	WAIT_SIGNAL(p, SIGSEGV);
	CHECK_EQ(answer(), 42);
}
CASE(private_copy)
{
	char *start = (char *)((uintptr_t)answer & -PG);
	pid_t p;

	CHILD(p) {
		CHECK_OK(mprotect(start, 2 * PG, PROT_READ | PROT_WRITE | PROT_EXEC));
		memcpy((char *)answer, "\xb8\x07\0\0\0\xc3", 6);
		CHECK_EQ(((int (*)(void))answer)(), 7);
	}
	WAIT_EXIT(p, 0);
	CHECK_EQ(answer(), 42);
	CHILD(p)
		CHECK_EQ(answer(), 42);
	WAIT_EXIT(p, 0);
}
CASE(constants)
{
	static const char text[] = "constant";
	pid_t p;

	CHILD(p)
		*(volatile char *)text = 'X';
	WAIT_SIGNAL(p, SIGSEGV);
}
