/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Page faults: decode and send on. User addresses go to vm_fault() of mm/vm with interrupts on, from
 * user mode or from a user copy in the kernel; what that cannot serve becomes a signal or the fixup.
 * Everything else in the kernel is a fixup or a bug.
 */
#include <asm/cpu.h>
#include <asm/desc.h>
#include <asm/features.h>
#include <asm/trap.h>
#include <core/hooks.h>
#include <core/page.h>
#include <core/panic.h>
#include <core/regs.h>
#include <core/task_core.h>
#include <core/upcall.h>
#include <core/usercopy.h>
#include <uapi/linux/signal.h>

#define PF_PRESENT	0x01
#define PF_WRITE	0x02
#define PF_USER		0x04
#define PF_RESERVED	0x08
#define PF_FETCH	0x10
#define PF_PKEY		0x20

static void kernel_side(struct pt_regs *regs, u64 error, u64 addr)
{
	u64 fix = extable_fixup(regs->ip);
	const char *what = "page fault";

	if (fix) {
		regs->ip = fix;
		return;
	}
	if (error & PF_FETCH)
		what = addr < USER_END ? "execution of user memory" : "execution of data";
	else if (addr < PAGE_SIZE)
		what = "null pointer access";
	else if (addr < USER_END)
		what = "user memory access outside of copy functions";
	kernel_fault(regs, what, error, addr);
}

void page_fault(struct pt_regs *regs, u64 error)
{
	u64 addr = read_cr2();
	bool user = regs_from_user(regs);
	enum fault_access access = error & PF_FETCH ? FAULT_EXEC : error & PF_WRITE ? FAULT_WRITE : FAULT_READ;
	int sig = SIGSEGV, code = SEGV_MAPERR, err;

	if (error & PF_RESERVED)
		kernel_fault(regs, "broken page table", error, addr);
	if (unlikely(addr >= USER_END)) {
		if (!user)
			return kernel_side(regs, error, addr);
		/* Non-canonical and kernel addresses look the same to user space: nothing mapped there. */
		error |= PF_PRESENT;
		goto signal;
	}
	if (!user) {
		/* Only the copy functions may touch user memory, and not where faults are off or impossible. */
		if (unlikely(in_irq() || current_core()->fault_disabled || !(regs->flags & FLAG_IF) ||
			     !current_core()->pt || !extable_fixup(regs->ip)))
			return kernel_side(regs, error, addr);
	}
	irq_enable();
	err = vm_fault(addr, access, (user ? FAULT_FROM_USER : 0) | (error & PF_PRESENT ? FAULT_PRESENT : 0), &sig, &code);
	irq_disable();
	if (likely(!err))
		return;
	if (!user)
		return kernel_side(regs, error, addr);
signal:
	user_fault_info_set(VEC_PF, error | PF_USER, addr);
	irq_enable();
	signal_force_fault(sig, code, addr, VEC_PF, error | PF_USER);
	irq_disable();
}
