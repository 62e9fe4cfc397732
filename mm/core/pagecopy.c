/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Clearing and copying whole pages. On real hardware the string instructions are the best there is;
 * under an emulator they cost one step for each word, so there wide vector stores serve. The
 * vector forms keep preemption off and give the registers back as they found them, so they may run
 * over whatever user state is in them; an interrupt in the middle does the same.
 *
 * Memory is page-aligned, n a multiple of PAGE_SIZE. Any context but NMI.
 */
#include <base/types.h>
#include <base/bits.h>
#include <core/init.h>
#include <core/preempt.h>
#include "internal.h"

enum copy_kind { COPY_STRING, COPY_SSE, COPY_AVX };
static enum copy_kind copy_kind __ro_after_init = COPY_STRING;
bool copy_is_wide __ro_after_init;

struct vec_save {
	u8 v[4][32];
} __aligned(32);

static void clear_sse(void *p, u64 n)
{
	struct vec_save s;
	char *d = p, *end = d + n;

	__asm__ volatile("movups %%xmm0, %0\n\tpxor %%xmm0, %%xmm0" : "=m"(s));
	for (; d < end; d += 256)
		__asm__ volatile(
			"movaps %%xmm0, (%0)\n\tmovaps %%xmm0, 16(%0)\n\t"
			"movaps %%xmm0, 32(%0)\n\tmovaps %%xmm0, 48(%0)\n\t"
			"movaps %%xmm0, 64(%0)\n\tmovaps %%xmm0, 80(%0)\n\t"
			"movaps %%xmm0, 96(%0)\n\tmovaps %%xmm0, 112(%0)\n\t"
			"movaps %%xmm0, 128(%0)\n\tmovaps %%xmm0, 144(%0)\n\t"
			"movaps %%xmm0, 160(%0)\n\tmovaps %%xmm0, 176(%0)\n\t"
			"movaps %%xmm0, 192(%0)\n\tmovaps %%xmm0, 208(%0)\n\t"
			"movaps %%xmm0, 224(%0)\n\tmovaps %%xmm0, 240(%0)"
			:: "r"(d) : "memory");
	__asm__ volatile("movups %0, %%xmm0" :: "m"(s));
}

static void clear_avx(void *p, u64 n)
{
	struct vec_save s;
	char *d = p, *end = d + n;

	__asm__ volatile("vmovdqa %%ymm0, %0\n\tvpxor %%xmm0, %%xmm0, %%xmm0" : "=m"(s));
	for (; d < end; d += 512)
		__asm__ volatile(
			"vmovdqa %%ymm0, (%0)\n\tvmovdqa %%ymm0, 32(%0)\n\t"
			"vmovdqa %%ymm0, 64(%0)\n\tvmovdqa %%ymm0, 96(%0)\n\t"
			"vmovdqa %%ymm0, 128(%0)\n\tvmovdqa %%ymm0, 160(%0)\n\t"
			"vmovdqa %%ymm0, 192(%0)\n\tvmovdqa %%ymm0, 224(%0)\n\t"
			"vmovdqa %%ymm0, 256(%0)\n\tvmovdqa %%ymm0, 288(%0)\n\t"
			"vmovdqa %%ymm0, 320(%0)\n\tvmovdqa %%ymm0, 352(%0)\n\t"
			"vmovdqa %%ymm0, 384(%0)\n\tvmovdqa %%ymm0, 416(%0)\n\t"
			"vmovdqa %%ymm0, 448(%0)\n\tvmovdqa %%ymm0, 480(%0)"
			:: "r"(d) : "memory");
	__asm__ volatile("vmovdqa %0, %%ymm0" :: "m"(s));
}

static void copy_sse(void *dst, const void *src, u64 n)
{
	struct vec_save s;
	char *d = dst, *end = d + n;
	const char *f = src;

	__asm__ volatile("movups %%xmm0, (%0)\n\tmovups %%xmm1, 32(%0)\n\t"
			 "movups %%xmm2, 64(%0)\n\tmovups %%xmm3, 96(%0)" :: "r"(&s) : "memory");
	for (; d < end; d += 128, f += 128)
		__asm__ volatile(
			"movaps (%1), %%xmm0\n\tmovaps 16(%1), %%xmm1\n\t"
			"movaps 32(%1), %%xmm2\n\tmovaps 48(%1), %%xmm3\n\t"
			"movaps %%xmm0, (%0)\n\tmovaps %%xmm1, 16(%0)\n\t"
			"movaps %%xmm2, 32(%0)\n\tmovaps %%xmm3, 48(%0)\n\t"
			"movaps 64(%1), %%xmm0\n\tmovaps 80(%1), %%xmm1\n\t"
			"movaps 96(%1), %%xmm2\n\tmovaps 112(%1), %%xmm3\n\t"
			"movaps %%xmm0, 64(%0)\n\tmovaps %%xmm1, 80(%0)\n\t"
			"movaps %%xmm2, 96(%0)\n\tmovaps %%xmm3, 112(%0)"
			:: "r"(d), "r"(f) : "memory");
	__asm__ volatile("movups (%0), %%xmm0\n\tmovups 32(%0), %%xmm1\n\t"
			 "movups 64(%0), %%xmm2\n\tmovups 96(%0), %%xmm3" :: "r"(&s) : "memory");
}

static void copy_avx(void *dst, const void *src, u64 n)
{
	struct vec_save s;
	char *d = dst, *end = d + n;
	const char *f = src;

	__asm__ volatile("vmovdqa %%ymm0, (%0)\n\tvmovdqa %%ymm1, 32(%0)\n\t"
			 "vmovdqa %%ymm2, 64(%0)\n\tvmovdqa %%ymm3, 96(%0)" :: "r"(&s) : "memory");
	for (; d < end; d += 256, f += 256)
		__asm__ volatile(
			"vmovdqa (%1), %%ymm0\n\tvmovdqa 32(%1), %%ymm1\n\t"
			"vmovdqa 64(%1), %%ymm2\n\tvmovdqa 96(%1), %%ymm3\n\t"
			"vmovdqa %%ymm0, (%0)\n\tvmovdqa %%ymm1, 32(%0)\n\t"
			"vmovdqa %%ymm2, 64(%0)\n\tvmovdqa %%ymm3, 96(%0)\n\t"
			"vmovdqa 128(%1), %%ymm0\n\tvmovdqa 160(%1), %%ymm1\n\t"
			"vmovdqa 192(%1), %%ymm2\n\tvmovdqa 224(%1), %%ymm3\n\t"
			"vmovdqa %%ymm0, 128(%0)\n\tvmovdqa %%ymm1, 160(%0)\n\t"
			"vmovdqa %%ymm2, 192(%0)\n\tvmovdqa %%ymm3, 224(%0)"
			:: "r"(d), "r"(f) : "memory");
	__asm__ volatile("vmovdqa (%0), %%ymm0\n\tvmovdqa 32(%0), %%ymm1\n\t"
			 "vmovdqa 64(%0), %%ymm2\n\tvmovdqa 96(%0), %%ymm3" :: "r"(&s) : "memory");
}

void page_clear(void *p, u64 n)
{
	u64 words = n / 8;

	if (copy_kind == COPY_STRING) {
		__asm__ volatile("rep stosq" : "+D"(p), "+c"(words) : "a"(0ul) : "memory");
		return;
	}
	preempt_disable();
	if (copy_kind == COPY_AVX)
		clear_avx(p, n);
	else
		clear_sse(p, n);
	preempt_enable();
}

void page_copy(void *dst, const void *src, u64 n)
{
	u64 words = n / 8;

	if (copy_kind == COPY_STRING) {
		__asm__ volatile("rep movsq" : "+D"(dst), "+S"(src), "+c"(words) :: "memory");
		return;
	}
	preempt_disable();
	if (copy_kind == COPY_AVX)
		copy_avx(dst, src, n);
	else
		copy_sse(dst, src, n);
	preempt_enable();
}

static void cpuid(u32 leaf, u32 sub, u32 *a, u32 *b, u32 *c, u32 *d)
{
	__asm__ volatile("cpuid" : "=a"(*a), "=b"(*b), "=c"(*c), "=d"(*d) : "a"(leaf), "c"(sub));
}

/* Runs when every CPU has its vector units on: XCR0 set, CR4.OSFXSR. */
static int pagecopy_select(void)
{
	u32 a, b, c, d, lo, hi;
	bool tcg;

	cpuid(0x40000000, 0, &a, &b, &c, &d);
	tcg = b == 0x54474354 && c == 0x43544743;	/* "TCGTCGTCGTCG" */
	cpuid(1, 0, &a, &b, &c, &d);
	if (!(c & BIT(31)))
		tcg = false;			/* no hypervisor: bare metal */
	if (!tcg)
		return 0;
	copy_kind = COPY_SSE;
	if ((c & BIT(27)) && (c & BIT(28))) {	/* OSXSAVE, AVX */
		__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
		if ((lo & 6) == 6)
			copy_kind = COPY_AVX;
		copy_is_wide = copy_kind == COPY_AVX;
	}
	return 0;
}
INITCALL_SMP(pagecopy_select);
