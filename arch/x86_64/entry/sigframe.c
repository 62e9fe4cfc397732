/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The frame that a signal handler finds on its stack, and the way back (core/sigframe.h).
 *
 *   higher   FPU state: FXSAVE image, XSAVE header and the rest, FP_XSTATE_MAGIC2      64-aligned
 *            siginfo
 *            ucontext
 *   lower    return address: the restorer                                  here rsp: 8 below 16-aligned
 *
 * The FPU area's own last bytes of the FXSAVE image say how long it is and which features it holds.
 * sigreturn believes nothing: flags are masked, selectors get user privilege, an FPU image that the
 * CPU refuses is -EFAULT. Addresses need no check: leaving by IRET turns a bad one into a signal.
 */
#include <asm/cpu.h>
#include <asm/features.h>
#include <asm/fpu.h>
#include <base/errno.h>
#include <base/string.h>
#include <core/preempt.h>
#include <core/regs.h>
#include <core/sigframe.h>
#include <core/task_core.h>
#include <core/usercopy.h>

#define RED_ZONE	128
#define FLAGS_RESTORED	(FLAG_AC | FLAG_OF | FLAG_DF | FLAG_TF | FLAG_SF | FLAG_ZF | FLAG_AF | FLAG_PF | FLAG_CF | FLAG_RF)

struct rt_sigframe {
	u64 restorer;
	struct ucontext uc;
	siginfo_t info;
};
static_assert(sizeof(struct rt_sigframe) == 440, "signal frame");

struct xsave_header {
	u64 xstate_bv, xcomp_bv, reserved[6];
};
static_assert(sizeof(struct xsave_header) == XSAVE_HEADER, "XSAVE header");

#define SW_OFFSET	offsetof(struct fpstate, sw_reserved)

static bool extended(void) { return cpu_has(X86_XSAVE); }
static u32 frame_fpu_size(void) { return xstate_size + (extended() ? FP_XSTATE_MAGIC2_SIZE : 0); }

static int fpu_to_frame(u64 at)
{
	/* A switch in the middle of the copy saves the same registers to the same place. */
	fpu_save_full();
	return copy_out_bytes(uaddr(at), current_core()->fpu->area, frame_fpu_size());
}

static void context_save(struct sigcontext *sc, const struct pt_regs *r)
{
	const struct fault_info *fi = current_fault_info();

	sc->r8 = r->r8;
	sc->r9 = r->r9;
	sc->r10 = r->r10;
	sc->r11 = r->r11;
	sc->r12 = r->r12;
	sc->r13 = r->r13;
	sc->r14 = r->r14;
	sc->r15 = r->r15;
	sc->di = r->di;
	sc->si = r->si;
	sc->bp = r->bp;
	sc->bx = r->bx;
	sc->dx = r->dx;
	sc->ax = r->ax;
	sc->cx = r->cx;
	sc->sp = r->sp;
	sc->ip = r->ip;
	sc->flags = r->flags;
	sc->cs = (u16)r->cs;
	sc->ss = (u16)r->ss;
	sc->err = fi->error;
	sc->trapno = fi->trapno;
	sc->cr2 = fi->cr2;
}

int sigframe_setup(struct pt_regs *regs, const struct sigframe_args *a)
{
	u64 sp = a->stack_top ? a->stack_top : regs->sp - RED_ZONE, fpu, at;
	struct rt_sigframe f;
	size_t len = a->flags & SA_SIGINFO ? sizeof(f) : offsetof(struct rt_sigframe, info);

	if (!(a->flags & SA_RESTORER))
		return -EFAULT;
	fpu = (sp - frame_fpu_size()) & ~63ul;
	at = ((fpu - sizeof(f)) & ~15ul) - 8;
	if (at > sp || !user_range_ok(uaddr(at), sp - at) || fpu_to_frame(fpu))
		return -EFAULT;
	memset(&f.uc, 0, sizeof(f.uc));
	f.restorer = a->restorer;
	f.uc.uc_flags = (extended() ? UC_FP_XSTATE : 0) | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS;
	f.uc.uc_stack = a->altstack;
	context_save(&f.uc.uc_mcontext, regs);
	f.uc.uc_mcontext.oldmask = a->mask;
	f.uc.uc_mcontext.fpstate = fpu;
	f.uc.uc_sigmask = a->mask;
	f.info = a->info;
	if (copy_out_bytes(uaddr(at), &f, len))
		return -EFAULT;

	regs->di = (u64)a->sig;
	regs->si = at + offsetof(struct rt_sigframe, info);
	regs->dx = at + offsetof(struct rt_sigframe, uc);
	regs->ax = 0;
	regs->sp = at;
	regs->ip = a->handler;
	regs->cs = USER_CS;
	regs->ss = USER_DS;
	regs->flags &= ~(u64)(FLAG_DF | FLAG_RF | FLAG_TF);
	regs->orig_ax = ~0ul;
	/* The handler begins with a fresh FPU. */
	preempt_disable();
	fpu_load_init_current();
	preempt_enable();
	return 0;
}

/* How much of the user's area is to be believed: all of it, or (false) the FXSAVE image only. */
static bool frame_is_extended(u64 at)
{
	struct fpx_sw_bytes sw;
	u32 magic2;

	return extended() && copy_in_bytes(&sw, uaddr(at + SW_OFFSET), sizeof(sw)) == 0 &&
	       sw.magic1 == FP_XSTATE_MAGIC1 && sw.xstate_size >= XSAVE_LEGACY + XSAVE_HEADER &&
	       sw.xstate_size <= xstate_size && sw.xstate_size <= sw.extended_size &&
	       copy_in_bytes(&magic2, uaddr(at + sw.xstate_size), sizeof(magic2)) == 0 && magic2 == FP_XSTATE_MAGIC2 &&
	       sw.xstate_size == xstate_size;
}

/* Into the live registers. The area may not be seen half-written by a context switch: preemption off. */
static int fpu_from_frame(u64 at)
{
	struct fpu_state *f = current_core()->fpu;
	struct xsave_header *h = (void *)(f->area + XSAVE_LEGACY);
	bool all = frame_is_extended(at);
	size_t n = all ? xstate_size : XSAVE_LEGACY;
	int err, tries = 0;

	for (;;) {
		preempt_disable();
		if (copy_in_nofault(f->area, uaddr(at), n) == 0)
			break;
		if (extended())
			*h = (struct xsave_header){ 0 };	/* saving does not write its reserved words */
		fpu_save_full();	/* put back what the copy began to overwrite */
		preempt_enable();
		if (fault_in_readable(uaddr(at), n) || ++tries > 100)
			return -EFAULT;
	}
	if (extended()) {
		if (!all)
			*h = (struct xsave_header){ .xstate_bv = 3 };
		h->xstate_bv &= xstate_mask;
		fpu_area_seal(f);
	}
	err = fpu_load_current();
	if (err) {
		/* What the CPU refused must not stay in the area: a context switch would load it again. */
		memset(f->area, 0, extended() ? XSAVE_LEGACY + XSAVE_HEADER : XSAVE_LEGACY);
		*(u16 *)f->area = 0x37f;
		*(u32 *)(f->area + 24) = 0x1f80;	/* MXCSR */
		if (extended())
			fpu_area_seal(f);
		VERIFY(fpu_load_current() == 0);
	}
	preempt_enable();
	return err ? -EFAULT : 0;
}

static void context_restore(struct pt_regs *r, const struct sigcontext *sc)
{
	r->r8 = sc->r8;
	r->r9 = sc->r9;
	r->r10 = sc->r10;
	r->r11 = sc->r11;
	r->r12 = sc->r12;
	r->r13 = sc->r13;
	r->r14 = sc->r14;
	r->r15 = sc->r15;
	r->di = sc->di;
	r->si = sc->si;
	r->bp = sc->bp;
	r->bx = sc->bx;
	r->dx = sc->dx;
	r->ax = sc->ax;
	r->cx = sc->cx;
	r->sp = sc->sp;
	r->ip = sc->ip;
	r->flags = (r->flags & ~(u64)FLAGS_RESTORED) | (sc->flags & FLAGS_RESTORED);
	r->cs = sc->cs | 3;
	r->ss = sc->ss | 3;
	r->orig_ax = ~0ul;
}

int sigframe_restore(struct pt_regs *regs, u64 *mask, stack_t *altstack)
{
	u64 at = regs->sp - 8;
	struct ucontext uc;

	if (copy_in_bytes(&uc, uaddr(at + offsetof(struct rt_sigframe, uc)), sizeof(uc)))
		return -EFAULT;
	task_work_set(current_core(), WORK_FULL_REGS);
	if (uc.uc_mcontext.fpstate) {
		if (!user_range_ok(uaddr(uc.uc_mcontext.fpstate), frame_fpu_size()) ||
		    fpu_from_frame(uc.uc_mcontext.fpstate))
			return -EFAULT;
	} else {
		preempt_disable();
		fpu_load_init_current();
		preempt_enable();
	}
	context_restore(regs, &uc.uc_mcontext);
	*mask = uc.uc_sigmask;
	*altstack = uc.uc_stack;
	return 0;
}
