/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Classic BPF: the check of a program and its execution. Two registers, sixteen words of memory, loads
 * from the data, arithmetic, forward jumps, return. The check walks the program once; a word of memory
 * counts as written only if it is on every way that leads to a place.
 *
 * Pure; the program is the caller's and may not change between check and run.
 */
#include <base/alloc.h>
#include <base/bpf.h>
#include <base/errno.h>
#include <base/string.h>

/* What may stand where, by class: bits of the code that no instruction has are refused. */
static bool opcode_known(u16 code)
{
	if (code & 0xff00)
		return false;
	switch (BPF_CLASS(code)) {
	case BPF_LD:
		switch (BPF_MODE(code)) {
		case BPF_ABS:
		case BPF_IND:
			return BPF_SIZE(code) != 0x18;
		case BPF_IMM:
		case BPF_MEM:
		case BPF_LEN:
			return BPF_SIZE(code) == BPF_W;
		}
		return false;
	case BPF_LDX:
		switch (BPF_MODE(code)) {
		case BPF_IMM:
		case BPF_MEM:
		case BPF_LEN:
			return BPF_SIZE(code) == BPF_W;
		case BPF_MSH:
			return BPF_SIZE(code) == BPF_B;
		}
		return false;
	case BPF_ST:
	case BPF_STX:
		return !(code & 0xf8);
	case BPF_ALU:
		return BPF_OP(code) == BPF_NEG ? !BPF_SRC(code) : BPF_OP(code) <= BPF_XOR;
	case BPF_JMP:
		return BPF_OP(code) == BPF_JA ? !BPF_SRC(code) : BPF_OP(code) <= BPF_JSET;
	case BPF_RET:
		return !(code & 0xe0) && (BPF_RVAL(code) == BPF_K || BPF_RVAL(code) == BPF_A);
	default:
		return BPF_MISCOP(code) == BPF_TAX || BPF_MISCOP(code) == BPF_TXA;
	}
}

static bool uses_memory(u16 code)
{
	u32 cls = BPF_CLASS(code);

	return cls == BPF_ST || cls == BPF_STX || ((cls == BPF_LD || cls == BPF_LDX) && BPF_MODE(code) == BPF_MEM);
}

/* One instruction by itself, and where it can jump to. */
static int check_one(const struct sock_filter *i, u32 pc, u32 len)
{
	u32 after = len - pc - 1;	/* instructions behind this one */

	if (!opcode_known(i->code))
		return -EINVAL;
	if (uses_memory(i->code) && i->k >= BPF_MEMWORDS)
		return -EINVAL;
	if (BPF_CLASS(i->code) == BPF_ALU && BPF_SRC(i->code) == BPF_K) {
		u32 op = BPF_OP(i->code);

		if ((op == BPF_DIV || op == BPF_MOD) && !i->k)
			return -EINVAL;
		if ((op == BPF_LSH || op == BPF_RSH) && i->k >= 32)
			return -EINVAL;
	}
	if (BPF_CLASS(i->code) == BPF_JMP) {
		if (BPF_OP(i->code) == BPF_JA)
			return i->k < after ? 0 : -EINVAL;
		if (i->jt >= after || i->jf >= after)
			return -EINVAL;
	}
	return 0;
}

/*
 * No word of memory may be read that is not surely written: masks[] collects, for each place, what holds
 * on all jumps to it. They lie ahead, so one pass does.
 */
static int check_memory(const struct sock_filter *f, u32 len)
{
	u16 *masks = kmalloc(len * sizeof(*masks), GFP_KERNEL), valid = 0;
	int err = 0;

	if (!masks)
		return -ENOMEM;
	memset(masks, 0xff, len * sizeof(*masks));
	for (u32 pc = 0; pc < len && !err; pc++) {
		const struct sock_filter *i = &f[pc];

		valid &= masks[pc];
		switch (BPF_CLASS(i->code)) {
		case BPF_ST:
		case BPF_STX:
			valid |= (u16)(1u << i->k);
			break;
		case BPF_LD:
		case BPF_LDX:
			if (BPF_MODE(i->code) == BPF_MEM && !(valid & 1u << i->k))
				err = -EINVAL;
			break;
		case BPF_JMP:
			if (BPF_OP(i->code) == BPF_JA) {
				masks[pc + 1 + i->k] &= valid;
			} else {
				masks[pc + 1 + i->jt] &= valid;
				masks[pc + 1 + i->jf] &= valid;
			}
			valid = 0xffff;		/* what comes next is reached by jumps only */
			break;
		case BPF_RET:
			valid = 0xffff;
			break;
		}
	}
	kfree(masks);
	return err;
}

int bpf_check(const struct sock_filter *f, u32 len)
{
	if (!len || len > BPF_MAXINSNS)
		return -EINVAL;
	for (u32 pc = 0; pc < len; pc++)
		if (check_one(&f[pc], pc, len))
			return -EINVAL;
	if (BPF_CLASS(f[len - 1].code) != BPF_RET)
		return -EINVAL;
	return check_memory(f, len);
}

int bpf_check_words(const struct sock_filter *f, u32 len, u32 size)
{
	int err = bpf_check(f, len);

	for (u32 pc = 0; pc < len && !err; pc++) {
		u16 code = f[pc].code;

		switch (BPF_CLASS(code)) {
		case BPF_LD:
			if (BPF_MODE(code) == BPF_IND || BPF_SIZE(code) != BPF_W)
				err = -EINVAL;
			else if (BPF_MODE(code) == BPF_ABS && (f[pc].k >= size || f[pc].k % 4))
				err = -EINVAL;
			break;
		case BPF_LDX:
			if (BPF_MODE(code) == BPF_MSH)
				err = -EINVAL;
			break;
		case BPF_ALU:
			if (BPF_OP(code) == BPF_MOD)
				err = -EINVAL;
			break;
		}
	}
	return err;
}

static bool jump_taken(u16 code, u32 a, u32 v)
{
	switch (BPF_OP(code)) {
	case BPF_JEQ:
		return a == v;
	case BPF_JGT:
		return a > v;
	case BPF_JGE:
		return a >= v;
	default:
		return a & v;
	}
}

/* Division by zero was dealt with. */
static u32 alu(u16 code, u32 a, u32 v)
{
	switch (BPF_OP(code)) {
	case BPF_ADD:
		return a + v;
	case BPF_SUB:
		return a - v;
	case BPF_MUL:
		return a * v;
	case BPF_DIV:
		return a / v;
	case BPF_MOD:
		return a % v;
	case BPF_OR:
		return a | v;
	case BPF_AND:
		return a & v;
	case BPF_XOR:
		return a ^ v;
	case BPF_LSH:
		return a << (v & 31);
	case BPF_RSH:
		return a >> (v & 31);
	default:
		return -a;
	}
}

static u32 size_of(u16 code)
{
	return BPF_SIZE(code) == BPF_W ? 4 : BPF_SIZE(code) == BPF_H ? 2 : 1;
}

/* load(): what a program may read; inlined, so that seccomp pays for a copy of four bytes only. */
typedef bool (*load_fn)(const void *data, u32 off, u32 size, u32 a, u32 x, u32 *value);

static __always_inline u32 run(const struct sock_filter *f, const void *data, u32 len, load_fn load)
{
	u32 a = 0, x = 0, v, mem[BPF_MEMWORDS];

	for (;; f++) {
		switch (BPF_CLASS(f->code)) {
		case BPF_LD:
			switch (BPF_MODE(f->code)) {
			case BPF_ABS:
				if (!load(data, f->k, size_of(f->code), a, x, &a))
					return 0;
				break;
			case BPF_IND:
				if (!load(data, x + f->k, size_of(f->code), a, x, &a))
					return 0;
				break;
			case BPF_IMM:
				a = f->k;
				break;
			case BPF_MEM:
				a = mem[f->k];
				break;
			default:
				a = len;
				break;
			}
			break;
		case BPF_LDX:
			switch (BPF_MODE(f->code)) {
			case BPF_MSH:	/* the length of an IPv4 header */
				if (!load(data, f->k, 1, a, x, &v))
					return 0;
				x = (v & 15) * 4;
				break;
			case BPF_IMM:
				x = f->k;
				break;
			case BPF_MEM:
				x = mem[f->k];
				break;
			default:
				x = len;
				break;
			}
			break;
		case BPF_ST:
			mem[f->k] = a;
			break;
		case BPF_STX:
			mem[f->k] = x;
			break;
		case BPF_ALU:
			v = BPF_SRC(f->code) == BPF_X ? x : f->k;
			/* A division by zero ends the program with 0. */
			if (!v && (BPF_OP(f->code) == BPF_DIV || BPF_OP(f->code) == BPF_MOD))
				return 0;
			a = alu(f->code, a, v);
			break;
		case BPF_JMP:
			if (BPF_OP(f->code) == BPF_JA)
				f += f->k;
			else
				f += jump_taken(f->code, a, BPF_SRC(f->code) == BPF_X ? x : f->k) ? f->jt : f->jf;
			break;
		case BPF_RET:
			return BPF_RVAL(f->code) == BPF_A ? a : f->k;
		default:
			if (BPF_MISCOP(f->code) == BPF_TAX)
				x = a;
			else
				a = x;
			break;
		}
	}
}

static __always_inline bool load_word(const void *data, u32 off, u32 size, u32 a, u32 x, u32 *value)
{
	(void)size, (void)a, (void)x;
	memcpy(value, (const u8 *)data + off, sizeof(*value));
	return true;
}

u32 bpf_run_words(const struct sock_filter *f, const void *data, u32 size)
{
	return run(f, data, size, load_word);
}

static bool load_packet(const void *data, u32 off, u32 size, u32 a, u32 x, u32 *value)
{
	const struct bpf_packet *p = data;

	return p->load(p, off, size, a, x, value);
}

u32 bpf_run_packet(const struct sock_filter *f, const struct bpf_packet *p)
{
	return run(f, p, p->len, load_packet);
}
