/* SPDX-License-Identifier: MPL-2.0 */
/*
 * rt_sigreturn: registers come back, changed contexts are honoured, hostile frames only kill
 * the program.
 */
#include "ktest_user.h"
#include <ucontext.h>

static volatile sig_atomic_t n;
static void on_sig(int s, siginfo_t *si, void *c) { n++; }
CASE(registers_survive)
{
	unsigned long a, b, c, d, f1, f2;

	kt_handle_info(SIGUSR1, on_sig, 0);
	asm volatile(
		"mov $0x1111, %%rbx; mov $0x2222, %%r12; mov $0x3333, %%r13; mov $0x4444, %%r14\n"
		"stc; pushf; pop %[f1]\n"
		"mov %[pid], %%edi; mov $10, %%esi; mov $62, %%eax; syscall\n"	/* kill(getpid(), SIGUSR1) */
		"mov %%rbx, %[a]; mov %%r12, %[b]; mov %%r13, %[c]; mov %%r14, %[d]\n"
		"stc; pushf; pop %[f2]\n"
		: [a] "=m"(a), [b] "=m"(b), [c] "=m"(c), [d] "=m"(d), [f1] "=m"(f1), [f2] "=m"(f2)
		: [pid] "m"((int){ getpid() })
		: "rbx", "r12", "r13", "r14", "rax", "rdi", "rsi", "rcx", "r11", "memory", "cc");
	CHECK_EQ(n, 1);
	CHECK_EQ(a, 0x1111);
	CHECK_EQ(b, 0x2222);
	CHECK_EQ(c, 0x3333);
	CHECK_EQ(d, 0x4444);
	CHECK_EQ(f1 & 0xfff, f2 & 0xfff);
}
static void skip_insn(int s, siginfo_t *si, void *ctx)
{
	ucontext_t *uc = ctx;

	uc->uc_mcontext.gregs[REG_RIP] += 2;	/* ud2 */
	uc->uc_mcontext.gregs[REG_RAX] = 0x1234;
	n++;
}
CASE(changed_context)
{
	unsigned long v;

	kt_handle_info(SIGILL, skip_insn, 0);
	asm volatile("xor %%eax, %%eax; ud2" : "=a"(v));
	CHECK_EQ(v, 0x1234);
	CHECK_EQ(n, 1);
}
static void change_mask(int s, siginfo_t *si, void *ctx)
{
	ucontext_t *uc = ctx;

	sigaddset(&uc->uc_sigmask, SIGUSR2);
}
CASE(mask_comes_from_the_frame)
{
	sigset_t m;

	kt_handle_info(SIGUSR1, change_mask, 0);
	CHECK_OK(raise(SIGUSR1));
	CHECK_OK(sigprocmask(SIG_SETMASK, NULL, &m));
	CHECK_EQ(sigismember(&m, SIGUSR2), 1);
	CHECK_EQ(sigismember(&m, SIGUSR1), 0);
}
static int what;
static void hostile(int s, siginfo_t *si, void *ctx)
{
	ucontext_t *uc = ctx;
	greg_t *r = uc->uc_mcontext.gregs;

	switch (what) {
	case 0:
		r[REG_RIP] = 0xffffffff81000000;
		break;
	case 1:
		r[REG_RIP] = 0x800000000000;	/* not canonical */
		break;
	case 2:
		r[REG_RSP] = 0x800000000000;
		r[REG_RIP] = 0x10;
		break;
	case 3:
		r[REG_CSGSFS] = 0x0010 | (r[REG_CSGSFS] & ~0xffffL);	/* a kernel code segment */
		break;
	case 4:
		r[REG_CSGSFS] = 0xffff | (r[REG_CSGSFS] & ~0xffffL);
		break;
	case 5:
		r[REG_EFL] = -1;	/* IOPL, VM, NT, ...: must not be taken over */
		r[REG_EFL] &= ~0x100;
		break;
	case 6:
		r[REG_CSGSFS] = (r[REG_CSGSFS] & 0xffffffffffffL) | 0xffffUL << 48;	/* SS */
		break;
	case 7:
		uc->uc_mcontext.fpregs = (void *)8;
		break;
	case 8:
		uc->uc_mcontext.fpregs = (void *)0xffffffff81000000;
		break;
	case 9:
		memset(uc->uc_mcontext.fpregs, 0xff, 512);	/* reserved MXCSR bits */
		break;
	case 10:
		memset((char *)uc->uc_mcontext.fpregs + 512, 0xff, 64);	/* XSAVE header */
		break;
	case 11:
		uc->uc_flags = -1UL;
		break;
	case 12:
		r[REG_CSGSFS] = 0;
		break;
	}
}
CASE(hostile_frames)
{
	for (what = 0; what <= 12; what++) {
		int st;
		pid_t p;

		CHILD(p) {
			kt_handle_info(SIGUSR1, hostile, 0);
			raise(SIGUSR1);
			if (what == 5) {
				unsigned long f;

				asm volatile("pushf; pop %0" : "=r"(f));
				_exit(f & 0x3000 ? 1 : 0);	/* IOPL */
			}
		}
		CHECK_EQ(waitpid(p, &st, 0), p);
		if (what <= 4)
			CHECK(WIFSIGNALED(st) && (WTERMSIG(st) == SIGSEGV || WTERMSIG(st) == SIGBUS));
		else
			CHECK((WIFEXITED(st) && WEXITSTATUS(st) == 0) || (WIFSIGNALED(st) && WTERMSIG(st) == SIGSEGV));
		if (what == 5 || what == 11)
			CHECK(WIFEXITED(st) && WEXITSTATUS(st) == 0);
	}
}
CASE(without_a_frame)
{
	pid_t p;

	CHILD(p)
		syscall(SYS_rt_sigreturn);
	WAIT_SIGNAL(p, SIGSEGV);
	CHILD(p)
		asm volatile("mov $8, %%rsp; mov $15, %%eax; syscall" : : : "memory", "rax");
	WAIT_SIGNAL(p, SIGSEGV);
	CHILD(p)
		asm volatile("mov $-4096, %%rsp; mov $15, %%eax; syscall" : : : "memory", "rax");
	WAIT_SIGNAL(p, SIGSEGV);
}
CASE(no_room_for_the_frame)
{
	pid_t p;

	CHILD(p) {
		kt_handle_info(SIGUSR1, on_sig, 0);
		int pid = getpid();
		asm volatile("mov %0, %%edi; mov $10, %%esi; mov $62, %%eax; mov $8, %%rsp; syscall; hlt"
			     : : "r"(pid) : "rdi", "rsi", "rax", "memory");
	}
	WAIT_SIGNAL(p, SIGSEGV);
}
CASE(frame_layout)
{
	char *p;

	/* handlers start with a stack aligned for SSE: (rsp + 8) % 16 == 0 */
	kt_handle_info(SIGUSR1, on_sig, 0);
	for (int i = 0; i < 16; i++) {
		p = __builtin_alloca(i + 1);
		*(volatile char *)p = 0;
		CHECK_OK(raise(SIGUSR1));
	}
	CHECK_EQ(n, 16);
}
static volatile unsigned long misaligned;
static void aligned(int s, siginfo_t *si, void *c)
{
	misaligned |= ((unsigned long)__builtin_frame_address(0)) & 15;
	misaligned |= ((unsigned long)c) & 7;
}
CASE(alignment)
{
	kt_handle_info(SIGUSR1, aligned, 0);
	CHECK_OK(raise(SIGUSR1));
	CHECK_EQ(misaligned, 0);
}
