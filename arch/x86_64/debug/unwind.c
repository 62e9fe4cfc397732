/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Return addresses by the frame-pointer chain: all our C is built with frame pointers (leaf functions
 * without: the instruction pointer itself stands for them). Each step must lie higher on the same
 * stack; reads go through the exception table, so a broken chain ends the walk and nothing else.
 * The entry code points rbp at pt_regs' saved rbp, so the chain crosses interrupts; the word above
 * that is no return address and falls through the text check.
 * keel: no-sanitize
 */
#include <asm/cpu.h>
#include <asm/layout.h>
#include <asm/uaccess.h>
#include <core/hooks.h>
#include <core/panic.h>
#include <core/regs.h>
#include <core/task_core.h>

static bool is_code(u64 a)
{
	return (a >= (u64)_text && a < (u64)_etext) || (a >= (u64)__init_begin && a < (u64)__init_text_end);
}

/* A leaf function without a frame: its caller's address is on top of the stack, right behind a call. */
static bool leaf_caller(u64 sp, u64 *ip)
{
	u64 code;

	return !arch_kernel_read64(ip, (const void *)sp) && is_code(*ip) &&
	       !arch_kernel_read64(&code, (const void *)(*ip - 5)) && (code & 0xff) == 0xe8;
}

unsigned int arch_stack_walk(const struct pt_regs *regs, const struct task_core *t, u64 *ips, unsigned int max)
{
	unsigned int n = 0;
	u64 bp, ip, next, limit;

	if (!max)
		return 0;
	if (t) {
		/* switch_stacks() pushed rbp, rbx, r12..r15; the return address lies above. */
		if (arch_kernel_read64(&bp, (const void *)(t->ksp + 40)) || arch_kernel_read64(&ip, (const void *)(t->ksp + 48)))
			return 0;
		ips[n++] = ip;
	} else if (regs) {
		if (regs_from_user(regs))
			return 0;
		bp = regs->bp;
		ips[n++] = regs->ip;
		if (n < max && leaf_caller(regs->sp, &ip))
			ips[n++] = ip;
	} else {
		bp = (u64)__builtin_frame_address(0);
	}
	limit = bp + KSTACK_SIZE;
	while (n < max && (s64)bp < 0 && !(bp & 7)) {
		if (arch_kernel_read64(&next, (const void *)bp) || arch_kernel_read64(&ip, (const void *)(bp + 8)))
			break;
		if (is_code(ip) && !(n == 2 && regs && ips[1] == ip))
			ips[n++] = ip;
		if (next <= bp || next >= limit)
			break;
		bp = next;
	}
	return n;
}
