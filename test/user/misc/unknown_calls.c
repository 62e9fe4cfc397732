/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Numbers without a call, and calls that were removed, give ENOSYS; extra bits in the number
 * too.
 */
#include "ktest_user.h"

CASE(numbers)
{
	static const long nr[] = { 500, 600, 1000, 5000, 0x40000000, 0x7fffffff, -1, -2, 174, 177, 178, 180, 181, 182, 183,
		184, 185, 214, 215, 236, 335, 400, 0x100000000L + 600 };

	for (size_t i = 0; i < ARRAY_SIZE(nr); i++) {
		errno = 0;
		long r = syscall(nr[i], 0, 0, 0, 0, 0, 0);

		if (r != -1 || errno != ENOSYS)
			FAIL("call %ld gives %ld errno %d", nr[i], r, errno);
	}
}
CASE(registers_are_kept)
{
	unsigned long rdi, rsi, rdx, r10, r8, r9, rax;

	asm volatile("mov $1, %%rdi; mov $2, %%rsi; mov $3, %%rdx; mov $4, %%r10; mov $5, %%r8; mov $6, %%r9\n"
		     "mov $39, %%eax; syscall\n"
		     "mov %%rdi, %0; mov %%rsi, %1; mov %%rdx, %2; mov %%r10, %3; mov %%r8, %4; mov %%r9, %5"
		     : "=m"(rdi), "=m"(rsi), "=m"(rdx), "=m"(r10), "=m"(r8), "=m"(r9), "=&a"(rax)
		     : : "rdi", "rsi", "rdx", "r10", "r8", "r9", "rcx", "r11", "memory");
	CHECK_EQ(rax, getpid());
	CHECK_EQ(rdi, 1);
	CHECK_EQ(rsi, 2);
	CHECK_EQ(rdx, 3);
	CHECK_EQ(r10, 4);
	CHECK_EQ(r8, 5);
	CHECK_EQ(r9, 6);
}
CASE(flags_are_kept)
{
	unsigned long a, b;

	/* direction flag and arithmetic flags come back as they were */
	asm volatile("std; stc; mov $39, %%eax; syscall; pushf; pop %0; cld\n"
		     "clc; mov $39, %%eax; syscall; pushf; pop %1"
		     : "=r"(a), "=r"(b) : : "rax", "rcx", "r11", "memory", "cc");
	CHECK_EQ(a & 0x401, 0x401);
	CHECK_EQ(b & 0x401, 0);
}
CASE(no_kernel_addresses_in_registers)
{
	unsigned long rcx, r11, here;

	asm volatile("mov $39, %%eax; syscall; 1: mov %%rcx, %0; mov %%r11, %1; lea 1b(%%rip), %2"
		     : "=r"(rcx), "=r"(r11), "=r"(here) : : "rax", "rcx", "r11", "memory");
	CHECK_EQ(rcx, here);
	CHECK_LT(r11, 1UL << 22);
}
