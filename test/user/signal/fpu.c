/* SPDX-License-Identifier: MPL-2.0 */
/*
 * FPU, SSE and AVX state: kept over signals, switches and fork; fresh in handlers; visible in
 * the frame.
 */
#include "ktest_user.h"
#include <cpuid.h>
#include <ucontext.h>

static volatile sig_atomic_t n;
static void clobber(int s)
{
	n++;
	asm volatile("pxor %%xmm0, %%xmm0; pcmpeqb %%xmm5, %%xmm5; pxor %%xmm15, %%xmm15; fninit; fld1; fldpi"
		     : : : "xmm0", "xmm5", "xmm15");
}
static bool have_avx(void)
{
	unsigned a, b, c, d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE) || !(c & bit_AVX))
		return false;
	asm volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
	return (a & 6) == 6;
}
CASE(sse_over_a_signal)
{
	double in[2] = { 1.5, -2.5 }, out0[2], out5[2], out15[2];
	unsigned csr = 0x1f80 | 0x6000, csr2;
	unsigned short cw = 0x27f, cw2;
	double st;

	kt_handle(SIGUSR1, clobber);
	asm volatile(
		"movupd %[in], %%xmm0; movupd %[in], %%xmm5; movupd %[in], %%xmm15\n"
		"ldmxcsr %[csr]; fninit; fldcw %[cw]; fldl %[in]\n"
		"mov %[pid], %%edi; mov $10, %%esi; mov $62, %%eax; syscall\n"
		"movupd %%xmm0, %[o0]; movupd %%xmm5, %[o5]; movupd %%xmm15, %[o15]\n"
		"stmxcsr %[csr2]; fnstcw %[cw2]; fstpl %[st]; fninit\n"
		: [o0] "=m"(out0), [o5] "=m"(out5), [o15] "=m"(out15), [csr2] "=m"(csr2), [cw2] "=m"(cw2), [st] "=m"(st)
		: [in] "m"(in), [csr] "m"(csr), [cw] "m"(cw), [pid] "m"((int){ getpid() })
		: "xmm0", "xmm5", "xmm15", "rax", "rcx", "r11", "rdi", "rsi", "memory");
	CHECK_EQ(n, 1);
	CHECK_MEM(out0, in, 16);
	CHECK_MEM(out5, in, 16);
	CHECK_MEM(out15, in, 16);
	CHECK_EQ(csr2 & ~0x3f, csr);
	CHECK_EQ(cw2, cw);
	CHECK_EQ((long long)(st * 10), 15);
}
static volatile unsigned handler_csr;
static void read_csr(int s)
{
	unsigned v;

	asm volatile("stmxcsr %0" : "=m"(v));
	handler_csr = v;
}
CASE(avx_over_a_signal)
{
	unsigned char in[32], out[32];

	if (!have_avx())
		SKIP("no AVX");
	for (int i = 0; i < 32; i++)
		in[i] = i * 3 + 1;
	kt_handle(SIGUSR1, clobber);
	asm volatile(
		"vmovdqu %[in], %%ymm7\n"
		"mov %[pid], %%edi; mov $10, %%esi; mov $62, %%eax; syscall\n"
		"vmovdqu %%ymm7, %[out]; vzeroupper\n"
		: [out] "=m"(out)
		: [in] "m"(in), [pid] "m"((int){ getpid() })
		: "xmm7", "rax", "rcx", "r11", "rdi", "rsi", "memory");
	CHECK_MEM(out, in, 32);
}
CASE(over_switches)
{
	pid_t p[3];

	for (int k = 0; k < 3; k++)
		CHILD(p[k])
			for (int i = 0; i < 1500; i++) {
				unsigned long v[2] = { k * 1000 + i, ~i }, o[2];

				asm volatile("movdqu %1, %%xmm9; mov $24, %%eax; syscall; movdqu %%xmm9, %0"
					     : "=m"(o) : "m"(v) : "xmm9", "rax", "rcx", "r11", "memory");
				CHECK_EQ(o[0], v[0]);
				CHECK_EQ(o[1], v[1]);
			}
	for (int k = 0; k < 3; k++)
		WAIT_EXIT(p[k], 0);
}
CASE(avx_over_preemption)
{
	pid_t p[4];

	if (!have_avx())
		SKIP("no AVX");
	for (int k = 0; k < 4; k++)
		CHILD(p[k]) {
			unsigned char in[32], out[32];

			memset(in, 0x11 * (k + 1), 32);
			for (int i = 0; i < 20; i++) {
				asm volatile("vmovdqu %1, %%ymm3; mov $300000, %%ecx; 1: dec %%ecx; jnz 1b; vmovdqu %%ymm3, %0; vzeroupper"
					     : "=m"(out) : "m"(in) : "xmm3", "ecx", "memory");
				CHECK_MEM(out, in, 32);
			}
		}
	for (int k = 0; k < 4; k++)
		WAIT_EXIT(p[k], 0);
}
CASE(fork_copies)
{
	unsigned long v[2] = { 0x1122334455667788, 0x99aabbccddeeff00 }, o[2];
	long pid;
	int st;

	asm volatile("movdqu %2, %%xmm11; mov $57, %%eax; syscall; movdqu %%xmm11, %0"
		     : "=m"(o), "=a"(pid) : "m"(v) : "xmm11", "rcx", "r11", "memory");
	if (pid == 0)
		_exit(memcmp(o, v, 16) ? 1 : 0);
	CHECK_EQ(waitpid(pid, &st, 0), pid);
	CHECK_EQ(st, 0);
	CHECK_MEM(o, v, 16);
}
int kt_helper(int argc, char **argv)
{
	unsigned csr;
	unsigned short cw;

	asm volatile("stmxcsr %0; fnstcw %1" : "=m"(csr), "=m"(cw));
	return csr != 0x1f80 || cw != 0x37f;
}
CASE(execve_resets)
{
	unsigned csr = 0x1f80 | 0x2000;
	pid_t p;

	CHILD(p) {
		asm volatile("ldmxcsr %0" : : "m"(csr));
		execl("/proc/self/exe", "x", "@", NULL);
	}
	WAIT_EXIT(p, 0);
}
static void change_xmm(int s, siginfo_t *si, void *ctx)
{
	ucontext_t *uc = ctx;
	unsigned *x = (unsigned *)((char *)uc->uc_mcontext.fpregs + 160);	/* XMM0 in the FXSAVE image */

	n = x[0] == 0xaabbccdd;
	x[0] = 0x12345678;
}
CASE(frame_holds_it)
{
	unsigned in[4] = { 0xaabbccdd, 2, 3, 4 }, out[4];

	kt_handle_info(SIGUSR1, change_xmm, 0);
	asm volatile(
		"movdqu %[in], %%xmm0; mov %[pid], %%edi; mov $10, %%esi; mov $62, %%eax; syscall; movdqu %%xmm0, %[out]"
		: [out] "=m"(out) : [in] "m"(in), [pid] "m"((int){ getpid() })
		: "xmm0", "rax", "rcx", "r11", "rdi", "rsi", "memory");
	CHECK_EQ(n, 1);
	CHECK_EQ(out[0], 0x12345678);
	CHECK_EQ(out[3], 4);
}
CASE(handler_starts_with_defaults)
{
	unsigned csr = 0x1f80 | 0x6000;

	kt_handle(SIGUSR1, read_csr);
	asm volatile("ldmxcsr %0" : : "m"(csr));
	CHECK_OK(raise(SIGUSR1));
	CHECK_EQ(handler_csr, 0x1f80);
	csr = 0x1f80;
	asm volatile("ldmxcsr %0" : : "m"(csr));
}
