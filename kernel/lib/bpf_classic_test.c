/* SPDX-License-Identifier: MPL-2.0 */
/* Classic BPF: programs that run, and programs that must not get that far. */
#include <base/bpf.h>
#include <base/errno.h>
#include <base/string.h>
#include <core/ktest.h>

#define I(c, kk)	{ .code = (c), .k = (kk) }
#define J(c, kk, t, f)	{ .code = (c), .jt = (t), .jf = (f), .k = (kk) }
#define RUN(...) ({ \
	static const struct sock_filter p_[] = { __VA_ARGS__ }; \
	KREQUIRE(bpf_check_words(p_, sizeof(p_) / sizeof(p_[0]), sizeof(words)) == 0); \
	bpf_run_words(p_, words, sizeof(words)); })
#define CHECK_(...) ({ \
	static const struct sock_filter p_[] = { __VA_ARGS__ }; \
	bpf_check(p_, sizeof(p_) / sizeof(p_[0])); })
#define WORDS_(...) ({ \
	static const struct sock_filter p_[] = { __VA_ARGS__ }; \
	bpf_check_words(p_, sizeof(p_) / sizeof(p_[0]), 16); })

static const u32 words[4] = { 7, 0x80000000, 3, 0xffffffff };

KTEST(bpf, arithmetic)
{
	KEXPECT_EQ(RUN(I(BPF_RET | BPF_K, 42)), 42);
	KEXPECT_EQ(RUN(I(BPF_LD | BPF_W | BPF_ABS, 8), I(BPF_RET | BPF_A, 0)), 3);
	KEXPECT_EQ(RUN(I(BPF_LD | BPF_W | BPF_LEN, 0), I(BPF_RET | BPF_A, 0)), 16);
	KEXPECT_EQ(RUN(I(BPF_LD | BPF_IMM, 9), I(BPF_LDX | BPF_IMM, 4), I(BPF_ALU | BPF_SUB | BPF_X, 0),
		       I(BPF_ALU | BPF_MUL | BPF_K, 6), I(BPF_RET | BPF_A, 0)), 30);
	KEXPECT_EQ(RUN(I(BPF_LD | BPF_IMM, 1), I(BPF_ALU | BPF_NEG, 0), I(BPF_ALU | BPF_RSH | BPF_K, 28),
		       I(BPF_RET | BPF_A, 0)), 15);
	KEXPECT_EQ(RUN(I(BPF_LD | BPF_IMM, 5), I(BPF_ST, 3), I(BPF_LDX | BPF_MEM, 3), I(BPF_MISC | BPF_TXA, 0),
		       I(BPF_ALU | BPF_ADD | BPF_X, 0), I(BPF_RET | BPF_A, 0)), 10);
	/* a division by a zero that only shows at run time ends with 0 */
	KEXPECT_EQ(RUN(I(BPF_LD | BPF_IMM, 5), I(BPF_LDX | BPF_IMM, 0), I(BPF_ALU | BPF_DIV | BPF_X, 0),
		       I(BPF_RET | BPF_K, 1)), 0);
}

KTEST(bpf, jumps)
{
	KEXPECT_EQ(RUN(I(BPF_LD | BPF_W | BPF_ABS, 0), J(BPF_JMP | BPF_JEQ | BPF_K, 7, 1, 0), I(BPF_RET | BPF_K, 1),
		       I(BPF_RET | BPF_K, 2)), 2);
	KEXPECT_EQ(RUN(I(BPF_LD | BPF_W | BPF_ABS, 4), J(BPF_JMP | BPF_JGT | BPF_K, 0x7fffffff, 0, 1),
		       I(BPF_RET | BPF_K, 1), I(BPF_RET | BPF_K, 2)), 1);
	KEXPECT_EQ(RUN(I(BPF_JMP | BPF_JA, 1), I(BPF_RET | BPF_K, 1), I(BPF_RET | BPF_K, 2)), 2);
	KEXPECT_EQ(RUN(I(BPF_LD | BPF_IMM, 6), J(BPF_JMP | BPF_JSET | BPF_K, 1, 0, 1), I(BPF_RET | BPF_K, 1),
		       I(BPF_RET | BPF_K, 2)), 2);
}

KTEST(bpf, refused)
{
	static struct sock_filter big[BPF_MAXINSNS + 1];

	KEXPECT_EQ(bpf_check(big, 0), -EINVAL);
	KEXPECT_EQ(bpf_check(big, BPF_MAXINSNS + 1), -EINVAL);
	KEXPECT_EQ(CHECK_(I(BPF_LD | BPF_IMM, 0)), -EINVAL);			/* does not return */
	KEXPECT_EQ(CHECK_(I(BPF_JMP | BPF_JA, 0)), -EINVAL);
	KEXPECT_EQ(CHECK_(I(BPF_JMP | BPF_JA, 1), I(BPF_RET, 0)), -EINVAL);
	KEXPECT_EQ(CHECK_(I(BPF_JMP | BPF_JA, ~0u), I(BPF_RET, 0)), -EINVAL);	/* backwards by wrapping */
	KEXPECT_EQ(CHECK_(J(BPF_JMP | BPF_JEQ, 0, 1, 0), I(BPF_RET, 0)), -EINVAL);
	KEXPECT_EQ(CHECK_(J(BPF_JMP | BPF_JEQ, 0, 0, 255), I(BPF_RET, 0)), -EINVAL);
	KEXPECT_EQ(CHECK_(I(BPF_ALU | BPF_DIV | BPF_K, 0), I(BPF_RET, 0)), -EINVAL);
	KEXPECT_EQ(CHECK_(I(BPF_ALU | BPF_LSH | BPF_K, 32), I(BPF_RET, 0)), -EINVAL);
	KEXPECT_EQ(CHECK_(I(BPF_ST, 16), I(BPF_RET, 0)), -EINVAL);
	KEXPECT_EQ(CHECK_(I(BPF_LD | BPF_MEM, 0), I(BPF_RET, 0)), -EINVAL);	/* never written */
	KEXPECT_EQ(CHECK_(I(BPF_ST, 0), I(BPF_LD | BPF_MEM, 0), I(BPF_RET, 0)), 0);
	/* written on one way only */
	KEXPECT_EQ(CHECK_(J(BPF_JMP | BPF_JEQ, 0, 0, 1), I(BPF_ST, 0), I(BPF_LD | BPF_MEM, 0), I(BPF_RET, 0)), -EINVAL);
	KEXPECT_EQ(CHECK_(I(BPF_RET | BPF_X, 0)), -EINVAL);
	KEXPECT_EQ(CHECK_(I(0x100, 0), I(BPF_RET, 0)), -EINVAL);
	KEXPECT_EQ(CHECK_(I(BPF_LD | BPF_W | BPF_MSH, 0), I(BPF_RET, 0)), -EINVAL);
	KEXPECT_EQ(CHECK_(I(BPF_LD | BPF_B | BPF_ABS, 0), I(BPF_RET, 0)), 0);
	KEXPECT_EQ(WORDS_(I(BPF_LD | BPF_B | BPF_ABS, 0), I(BPF_RET, 0)), -EINVAL);
	KEXPECT_EQ(WORDS_(I(BPF_LD | BPF_W | BPF_ABS, 12), I(BPF_RET, 0)), 0);
	KEXPECT_EQ(WORDS_(I(BPF_LD | BPF_W | BPF_ABS, 16), I(BPF_RET, 0)), -EINVAL);
	KEXPECT_EQ(WORDS_(I(BPF_LD | BPF_W | BPF_ABS, 2), I(BPF_RET, 0)), -EINVAL);
	KEXPECT_EQ(WORDS_(I(BPF_LD | BPF_W | BPF_IND, 0), I(BPF_RET, 0)), -EINVAL);
	KEXPECT_EQ(WORDS_(I(BPF_ALU | BPF_MOD | BPF_K, 3), I(BPF_RET, 0)), -EINVAL);
}

/* A jump further than the walk's ring may not make an unwritten word look written. */
KTEST(bpf, far_jumps)
{
	static struct sock_filter p[1500];

	for (u32 i = 0; i < 1500; i++)
		p[i] = (struct sock_filter)I(BPF_LD | BPF_IMM, 0);
	p[0] = (struct sock_filter)I(BPF_JMP | BPF_JA, 1200);
	p[1] = (struct sock_filter)I(BPF_ST, 5);
	p[1300] = (struct sock_filter)I(BPF_LD | BPF_MEM, 5);
	p[1499] = (struct sock_filter)I(BPF_RET | BPF_A, 0);
	KEXPECT_EQ(bpf_check(p, 1500), -EINVAL);
	p[1250] = (struct sock_filter)I(BPF_ST, 5);
	KEXPECT_EQ(bpf_check(p, 1500), 0);
}
