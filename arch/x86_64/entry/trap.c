/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Exceptions. In user mode each becomes a signal (signal_force_fault upcall) with the code and
 * address that Linux gives. In the kernel the exception table may name a place to go on; otherwise it
 * is a bug and the machine stops with a report. Entered with interrupts off.
 */
#include <asm/alternative.h>
#include <asm/boot.h>
#include <asm/cpu.h>
#include <asm/desc.h>
#include <asm/layout.h>
#include <asm/trap.h>
#include <base/string.h>
#include <core/hooks.h>
#include <core/panic.h>
#include <core/printk.h>
#include <core/regs.h>
#include <core/task_core.h>
#include <core/upcall.h>
#include <uapi/linux/signal.h>

extern const struct extable_entry __extable_start[], __extable_end[];

u64 extable_fixup(u64 ip)
{
	/* A few dozen entries, and only failing accesses come here. */
	for (const struct extable_entry *e = __extable_start; e < __extable_end; e++)
		if ((u64)&e->insn + (u64)(s64)e->insn == ip)
			return (u64)&e->fixup + (u64)(s64)e->fixup;
	return 0;
}

static const char *const names[32] = {
	"divide error", "debug trap", "NMI", "breakpoint", "overflow", "bound range", "invalid opcode",
	"device not available", "double fault", "coprocessor overrun", "invalid TSS", "segment not present",
	"stack fault", "general protection fault", "page fault", "exception 15", "x87 error",
	"alignment check", "machine check", "SIMD error", "virtualization exception", "control protection",
};

__noreturn void kernel_fault(const struct pt_regs *regs, const char *what, u64 error, u64 addr)
{
	printk(LOG_EMERG, "%s in the kernel, error code %#llx, address %#llx\n", what,
	       (unsigned long long)error, (unsigned long long)addr);
	die(what, regs);
}

static void user_signal(struct pt_regs *regs, int sig, int code, u64 addr, unsigned int vector, u64 error)
{
	user_fault_info_set((int)vector, error, current_fault_info()->cr2);
	irq_enable();
	signal_force_fault(sig, code, addr, (int)vector, error);
	irq_disable();
}

/* Which of the floating-point errors it is: unmasked flags of the status word. */
static int fpe_code(unsigned int vector)
{
	u32 mxcsr;
	u16 cw, sw;
	u32 err;

	if (vector == VEC_XM) {
		__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
		err = ~(mxcsr >> 7) & mxcsr;
	} else {
		__asm__ volatile("fnstcw %0; fnstsw %1" : "=m"(cw), "=m"(sw));
		err = ~(u32)cw & sw;
	}
	if (err & 0x01)
		return FPE_FLTINV;
	if (err & 0x04)
		return FPE_FLTDIV;
	if (err & 0x08)
		return FPE_FLTOVF;
	if (err & 0x12)
		return FPE_FLTUND;
	if (err & 0x20)
		return FPE_FLTRES;
	return FPE_FLTUNK;
}

static u64 debug_status(void)
{
	u64 dr6;

	__asm__ volatile("mov %%dr6, %0" : "=r"(dr6));
	__asm__ volatile("mov %0, %%dr6" :: "r"(0xffff0ff0ul));
	return dr6 ^ 0xffff0ff0ul;
}

static void user_exception(struct pt_regs *regs, unsigned int vector, u64 error)
{
	u64 dr6;

	switch (vector) {
	case VEC_DE:
		return user_signal(regs, SIGFPE, FPE_INTDIV, regs->ip, vector, error);
	case VEC_DB:
		dr6 = debug_status();
		if (dr6 & (1ul << 14))
			task_work_clear(current_core(), WORK_SINGLESTEP);
		return user_signal(regs, SIGTRAP, dr6 & (1ul << 14) ? TRAP_TRACE : TRAP_BRKPT, regs->ip, vector, error);
	case VEC_BP:
		return user_signal(regs, SIGTRAP, SI_KERNEL, 0, vector, error);
	case VEC_OF:
	case VEC_BR:
		return user_signal(regs, SIGSEGV, SI_KERNEL, 0, vector, error);
	case VEC_UD:
		return user_signal(regs, SIGILL, ILL_ILLOPN, regs->ip, vector, error);
	case VEC_MF:
	case VEC_XM:
		return user_signal(regs, SIGFPE, fpe_code(vector), regs->ip, vector, error);
	case VEC_AC:
		return user_signal(regs, SIGBUS, BUS_ADRALN, 0, vector, error);
	case VEC_NP:
	case VEC_SS:
		return user_signal(regs, SIGBUS, SI_KERNEL, 0, vector, error);
	default:
		return user_signal(regs, SIGSEGV, SI_KERNEL, 0, vector, error);
	}
}

/* Stack overflow shows as a double fault on the guard page: say so. */
static void double_fault(struct pt_regs *regs, u64 error)
{
	u64 cr2 = read_cr2(), stack = (u64)current_core()->stack;

	if (cr2 < stack && stack - cr2 <= PAGE_SIZE)
		kernel_fault(regs, "kernel stack overflow", error, cr2);
	kernel_fault(regs, names[VEC_DF], error, cr2);
}

static void nmi(struct pt_regs *regs)
{
	this_cpu_add(preempt_word, NMI_UNIT);
	smp_nmi(regs);
	this_cpu_sub(preempt_word, NMI_UNIT);
}

void exception_entry(struct pt_regs *regs, unsigned int vector)
{
	u64 error = regs->orig_ax, fix;

	regs->orig_ax = ~0ul;
	switch (vector) {
	case VEC_PF:
		return page_fault(regs, error);
	case VEC_NMI:
		return nmi(regs);
	case VEC_DF:
		return double_fault(regs, error);
	case VEC_MC:
		kernel_fault(regs, names[VEC_MC], error, 0);
	}
	if (regs_from_user(regs))
		return user_exception(regs, vector, error);
	if (vector == VEC_DB) {
		/* A watchpoint or a single step that leaked in: nothing of ours; go on without it. */
		debug_status();
		regs->flags &= ~(u64)FLAG_TF;
		return;
	}
	fix = extable_fixup(regs->ip);
	if (fix) {
		regs->ip = fix;
		return;
	}
	kernel_fault(regs, names[vector & 31] ? names[vector & 31] : "unknown exception", error, 0);
}

/*
 * IRET to user mode faulted: `fault` is that exception's frame, its sp points to the frame that IRET
 * read. The user's other registers are live, so they are in `fault`: join the two at the stack's top.
 */
struct pt_regs *fix_bad_iret(struct pt_regs *fault)
{
	struct pt_regs *regs = task_user_regs(current_core());

	memmove(regs, fault, offsetof(struct pt_regs, orig_ax));
	regs->orig_ax = ~0ul;
	return regs;
}

void bad_iret_signal(struct pt_regs *regs)
{
	/* Whatever was wrong with them, a handler must be able to start. */
	regs->cs = USER_CS;
	regs->ss = USER_DS;
	user_signal(regs, SIGSEGV, SI_KERNEL, 0, VEC_GP, 0);
}

void arch_regs_here(struct pt_regs *r)
{
	/* rdi is r itself. */
	__asm__ volatile(
		"movq %%r15, 0(%0)\n\tmovq %%r14, 8(%0)\n\tmovq %%r13, 16(%0)\n\tmovq %%r12, 24(%0)\n\t"
		"movq %%rbp, 32(%0)\n\tmovq %%rbx, 40(%0)\n\tmovq %%r11, 48(%0)\n\tmovq %%r10, 56(%0)\n\t"
		"movq %%r9, 64(%0)\n\tmovq %%r8, 72(%0)\n\tmovq %%rax, 80(%0)\n\tmovq %%rcx, 88(%0)\n\t"
		"movq %%rdx, 96(%0)\n\tmovq %%rsi, 104(%0)\n\tmovq %%rdi, 112(%0)\n\t"
		"pushfq\n\tpopq 144(%0)\n\tmovq %%rsp, 152(%0)"
		: : "D"(r) : "memory");
	r->orig_ax = -1ul;
	r->ip = 0;
	r->cs = KERNEL_CS;
	r->ss = KERNEL_DS;
}

void arch_regs_print(const struct pt_regs *r)
{
	printk(LOG_EMERG, "rip %016llx cs %llx rflags %08llx rsp %016llx ss %llx\n", (unsigned long long)r->ip,
	       (unsigned long long)r->cs, (unsigned long long)r->flags, (unsigned long long)r->sp, (unsigned long long)r->ss);
	printk(LOG_EMERG, "rax %016llx rbx %016llx rcx %016llx rdx %016llx\n", (unsigned long long)r->ax,
	       (unsigned long long)r->bx, (unsigned long long)r->cx, (unsigned long long)r->dx);
	printk(LOG_EMERG, "rsi %016llx rdi %016llx rbp %016llx r8  %016llx\n", (unsigned long long)r->si,
	       (unsigned long long)r->di, (unsigned long long)r->bp, (unsigned long long)r->r8);
	printk(LOG_EMERG, "r9  %016llx r10 %016llx r11 %016llx r12 %016llx\n", (unsigned long long)r->r9,
	       (unsigned long long)r->r10, (unsigned long long)r->r11, (unsigned long long)r->r12);
	printk(LOG_EMERG, "r13 %016llx r14 %016llx r15 %016llx\n", (unsigned long long)r->r13,
	       (unsigned long long)r->r14, (unsigned long long)r->r15);
	printk(LOG_EMERG, "cr0 %llx cr2 %016llx cr3 %llx cr4 %llx gs %016llx slide %llx\n",
	       (unsigned long long)read_cr0(), (unsigned long long)read_cr2(), (unsigned long long)read_cr3(),
	       (unsigned long long)read_cr4(), (unsigned long long)this_cpu_read(percpu_this_offset),
	       (unsigned long long)kernel_slide);
}
