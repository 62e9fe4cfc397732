/* SPDX-License-Identifier: MPL-2.0 */
/*
 * SIGSEGV and SIGBUS: si_code, si_addr, error code and trap number, for every kind of bad
 * access.
 */
#include "ktest_user.h"
#include <ucontext.h>

static volatile char *volatile bad = (void *)8;
static siginfo_t info;
static greg_t err, trapno, cr2;
static sigjmp_buf back;
static void on_fault(int s, siginfo_t *si, void *c)
{
	ucontext_t *uc = c;

	info = *si;
	err = uc->uc_mcontext.gregs[REG_ERR];
	trapno = uc->uc_mcontext.gregs[REG_TRAPNO];
	cr2 = uc->uc_mcontext.gregs[REG_CR2];
	siglongjmp(back, 1);
}
static void arm(void)
{
	kt_handle_info(SIGSEGV, on_fault, 0);
	kt_handle_info(SIGBUS, on_fault, 0);
	kt_handle_info(SIGFPE, on_fault, 0);
	kt_handle_info(SIGILL, on_fault, 0);
	kt_handle_info(SIGTRAP, on_fault, 0);
}
CASE(null_read)
{
	arm();
	if (!sigsetjmp(back, 1)) {
		(void)*bad;
		FAIL("no fault");
	}
	CHECK_EQ(info.si_signo, SIGSEGV);
	CHECK_EQ(info.si_code, SEGV_MAPERR);
	CHECK_EQ(info.si_addr, 8);
	CHECK_EQ(trapno, 14);
	CHECK_EQ(cr2, 8);
	CHECK_EQ(err, 4);	/* user, read, not present */
}
CASE(write_to_read_only)
{
	char *m = kt_map(1, PROT_READ);

	arm();
	(void)*(volatile char *)m;
	if (!sigsetjmp(back, 1)) {
		*(volatile char *)(m + 5) = 1;
		FAIL("no fault");
	}
	CHECK_EQ(info.si_code, SEGV_ACCERR);
	CHECK_EQ(info.si_addr, m + 5);
	CHECK_EQ(err, 7);	/* user, write, present */
}
CASE(kernel_address)
{
	arm();
	if (!sigsetjmp(back, 1)) {
		(void)*(volatile char *)0xffffffff81000000UL;
		FAIL("no fault");
	}
	CHECK_EQ(info.si_signo, SIGSEGV);
	CHECK_EQ(info.si_code, SEGV_MAPERR);
	CHECK_EQ(info.si_addr, 0xffffffff81000000UL);
}
CASE(non_canonical_address)
{
	arm();
	if (!sigsetjmp(back, 1)) {
		(void)*(volatile char *)0x7f00000000000000UL;
		FAIL("no fault");
	}
	CHECK_EQ(info.si_signo, SIGSEGV);
	CHECK_EQ(info.si_code, SI_KERNEL);
	CHECK_EQ(info.si_addr, 0);
	CHECK_EQ(trapno, 13);
}
CASE(divide)
{
	volatile int zero = 0;

	arm();
	if (!sigsetjmp(back, 1)) {
		asm volatile("mov $1, %%eax; xor %%edx, %%edx; divl %0" : : "m"(zero) : "eax", "edx");
		FAIL("no fault");
	}
	CHECK_EQ(info.si_signo, SIGFPE);
	CHECK_EQ(info.si_code, FPE_INTDIV);
	CHECK_NE(info.si_addr, 0);
	CHECK_EQ(trapno, 0);
}
CASE(illegal_instruction)
{
	arm();
	if (!sigsetjmp(back, 1)) {
		asm volatile("here: ud2");
		FAIL("no fault");
	}
	CHECK_EQ(info.si_signo, SIGILL);
	CHECK_EQ(info.si_code, ILL_ILLOPN);
	CHECK_NE(info.si_addr, 0);
	CHECK_EQ(trapno, 6);
}
CASE(breakpoint)
{
	arm();
	if (!sigsetjmp(back, 1)) {
		asm volatile("int3");
		FAIL("no fault");
	}
	CHECK_EQ(info.si_signo, SIGTRAP);
	CHECK_EQ(info.si_code, SI_KERNEL);
}
CASE(privileged_instruction)
{
	arm();
	if (!sigsetjmp(back, 1)) {
		asm volatile("hlt");
		FAIL("no fault");
	}
	CHECK_EQ(info.si_signo, SIGSEGV);
	CHECK_EQ(info.si_code, SI_KERNEL);
	CHECK_EQ(trapno, 13);
	if (!sigsetjmp(back, 1)) {
		asm volatile("in $0x60, %%al" : : : "al");
		FAIL("no fault");
	}
	CHECK_EQ(info.si_signo, SIGSEGV);
	if (!sigsetjmp(back, 1)) {
		asm volatile("cli");
		FAIL("no fault");
	}
	CHECK_EQ(info.si_signo, SIGSEGV);
	if (!sigsetjmp(back, 1)) {
		asm volatile("mov %%cr3, %%rax" : : : "rax");
		FAIL("no fault");
	}
	CHECK_EQ(info.si_signo, SIGSEGV);
}
CASE(single_step_flag)
{
	arm();
	if (!sigsetjmp(back, 1)) {
		asm volatile("pushf; orl $0x100, (%%rsp); popf; nop; nop" : : : "memory", "cc");
		FAIL("no trap");
	}
	CHECK_EQ(info.si_signo, SIGTRAP);
	CHECK_EQ(info.si_code, TRAP_TRACE);
}
CASE(simd_exception)
{
	unsigned mxcsr = 0x1f80 & ~(1 << 9);	/* divide by zero unmasked */
	volatile double one = 1, zero = 0;

	arm();
	if (!sigsetjmp(back, 1)) {
		asm volatile("ldmxcsr %0" : : "m"(mxcsr));
		asm volatile("movsd %0, %%xmm0; divsd %1, %%xmm0" : : "m"(one), "m"(zero) : "xmm0");
		SKIP("the emulator does not raise SIMD exceptions");
	}
	CHECK_EQ(info.si_signo, SIGFPE);
	CHECK_EQ(info.si_code, FPE_FLTDIV);
}
CASE(x87_exception)
{
	unsigned short cw = 0x37f & ~4;
	volatile double one = 1, zero = 0;

	arm();
	if (!sigsetjmp(back, 1)) {
		asm volatile("fninit; fldcw %0; fldl %1; fdivl %2; fwait" : : "m"(cw), "m"(one), "m"(zero));
		FAIL("no fault");
	}
	CHECK_EQ(info.si_signo, SIGFPE);
	CHECK_EQ(info.si_code, FPE_FLTDIV);
	CHECK_EQ(trapno, 16);
}
CASE(blocked_fault_kills)
{
	sigset_t m;
	pid_t p;

	CHILD(p) {
		arm();
		sigfillset(&m);
		CHECK_OK(sigprocmask(SIG_BLOCK, &m, NULL));
		(void)*bad;
	}
	WAIT_SIGNAL(p, SIGSEGV);
	CHILD(p) {
		signal(SIGSEGV, SIG_IGN);
		(void)*bad;
	}
	WAIT_SIGNAL(p, SIGSEGV);
}
CASE(fetch_from_nowhere)
{
	void (*fn)(void) = (void *)0x10;

	arm();
	if (!sigsetjmp(back, 1)) {
		fn();
		FAIL("no fault");
	}
	CHECK_EQ(info.si_code, SEGV_MAPERR);
	CHECK_EQ(info.si_addr, 0x10);
	CHECK_EQ(err, 0x14);
}
