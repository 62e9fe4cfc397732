/* SPDX-License-Identifier: MPL-2.0 */
/* arch_prctl: FS and GS bases, bad addresses, per thread and over fork. */
#include "ktest_user.h"
#include <asm/prctl.h>

CASE(gs)
{
	static unsigned long block[4] = { 111, 222 };
	unsigned long v;
	pid_t p;

	CHECK_OK(syscall(SYS_arch_prctl, ARCH_SET_GS, block));
	CHECK_OK(syscall(SYS_arch_prctl, ARCH_GET_GS, &v));
	CHECK_EQ(v, (unsigned long)block);
	asm volatile("mov %%gs:8, %0" : "=r"(v));
	CHECK_EQ(v, 222);
	sched_yield();
	CHILD(p) {
		asm volatile("mov %%gs:0, %0" : "=r"(v));
		CHECK_EQ(v, 111);
	}
	WAIT_EXIT(p, 0);
}
CASE(fs)
{
	unsigned long v, self;

	CHECK_OK(syscall(SYS_arch_prctl, ARCH_GET_FS, &v));
	asm volatile("mov %%fs:0, %0" : "=r"(self));
	CHECK_EQ(v, self);
	CHECK_OK(syscall(SYS_arch_prctl, ARCH_SET_FS, v));
}
CASE(errors)
{
	CHECK_ERR(syscall(SYS_arch_prctl, ARCH_SET_GS, 0xffff800000000000UL), EPERM);
	CHECK_ERR(syscall(SYS_arch_prctl, ARCH_SET_FS, -1L), EPERM);
	CHECK_ERR(syscall(SYS_arch_prctl, ARCH_GET_FS, 8), EFAULT);
	CHECK_ERR(syscall(SYS_arch_prctl, 0x9999, 0), EINVAL);
}
CASE(switches_keep_it)
{
	static unsigned long a[2] = { 1 }, b[2] = { 2 };
	unsigned long v;
	pid_t p;

	CHILD(p) {
		CHECK_OK(syscall(SYS_arch_prctl, ARCH_SET_GS, a));
		for (int i = 0; i < 2000; i++) {
			sched_yield();
			asm volatile("mov %%gs:0, %0" : "=r"(v));
			CHECK_EQ(v, 1);
		}
	}
	CHECK_OK(syscall(SYS_arch_prctl, ARCH_SET_GS, b));
	for (int i = 0; i < 2000; i++) {
		sched_yield();
		asm volatile("mov %%gs:0, %0" : "=r"(v));
		CHECK_EQ(v, 2);
	}
	WAIT_EXIT(p, 0);
}
