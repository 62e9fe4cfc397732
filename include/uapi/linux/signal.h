/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Signals: numbers, siginfo, the kernel's sigaction, and the frame that a handler finds on its
 * stack (ucontext, sigcontext, FPU area) on x86-64.
 */
#ifndef UAPI_LINUX_SIGNAL_H
#define UAPI_LINUX_SIGNAL_H

#include <uapi/linux/types.h>

#define SIGHUP		1
#define SIGINT		2
#define SIGQUIT		3
#define SIGILL		4
#define SIGTRAP		5
#define SIGABRT		6
#define SIGIOT		6
#define SIGBUS		7
#define SIGFPE		8
#define SIGKILL		9
#define SIGUSR1		10
#define SIGSEGV		11
#define SIGUSR2		12
#define SIGPIPE		13
#define SIGALRM		14
#define SIGTERM		15
#define SIGSTKFLT	16
#define SIGCHLD		17
#define SIGCONT		18
#define SIGSTOP		19
#define SIGTSTP		20
#define SIGTTIN		21
#define SIGTTOU		22
#define SIGURG		23
#define SIGXCPU		24
#define SIGXFSZ		25
#define SIGVTALRM	26
#define SIGPROF		27
#define SIGWINCH	28
#define SIGIO		29
#define SIGPOLL		SIGIO
#define SIGPWR		30
#define SIGSYS		31
#define SIGRTMIN	32
#define SIGRTMAX	64
#define _NSIG		64

/* One bit a signal, signal n at bit n - 1. */
typedef __u64 sigset_t;

#define SA_NOCLDSTOP	0x00000001u
#define SA_NOCLDWAIT	0x00000002u
#define SA_SIGINFO	0x00000004u
#define SA_UNSUPPORTED	0x00000400u
#define SA_EXPOSE_TAGBITS 0x00000800u
#define SA_RESTORER	0x04000000u
#define SA_ONSTACK	0x08000000u
#define SA_RESTART	0x10000000u
#define SA_NODEFER	0x40000000u
#define SA_NOMASK	SA_NODEFER
#define SA_RESETHAND	0x80000000u
#define SA_ONESHOT	SA_RESETHAND

#define SIG_DFL		0ul
#define SIG_IGN		1ul
#define SIG_ERR		(~0ul)

#define SIG_BLOCK	0
#define SIG_UNBLOCK	1
#define SIG_SETMASK	2

/* What rt_sigaction(2) passes. */
struct sigaction {
	__u64 sa_handler;	/* user address, SIG_DFL or SIG_IGN */
	__u64 sa_flags;
	__u64 sa_restorer;
	sigset_t sa_mask;
};
UAPI_SIZE(struct sigaction, 32);

#define SS_ONSTACK	1
#define SS_DISABLE	2
#define SS_AUTODISARM	(1u << 31)
#define SS_FLAG_BITS	SS_AUTODISARM
#define MINSIGSTKSZ	2048
#define SIGSTKSZ	8192

typedef struct sigaltstack {
	__u64 ss_sp;		/* user address */
	__s32 ss_flags;
	__s32 ss_pad;
	__u64 ss_size;
} stack_t;
UAPI_SIZE(stack_t, 24);

typedef union sigval {
	__s32 sival_int;
	__u64 sival_ptr;
} sigval_t;

#define SI_MAX_SIZE	128

/* The three groups overlap; si_code and si_signo say which one is filled. */
typedef struct siginfo {
	__s32 si_signo;
	__s32 si_errno;
	__s32 si_code;
	__s32 si_pad0;
	union {
		__s32 si_pad[28];
		/* kill, sigqueue, POSIX timers (tid, overrun), SIGCHLD (status, times) */
		struct {
			union { __s32 si_pid; __s32 si_tid; };
			union { __u32 si_uid; __s32 si_overrun; };
			union {
				sigval_t si_value;
				__s32 si_int;
				__u64 si_ptr;
				__s32 si_status;
			};
			__s64 si_utime;		/* USER_HZ ticks */
			__s64 si_stime;
		};
		/* SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP */
		struct {
			__u64 si_addr;
			union {
				__s32 si_trapno;
				__s16 si_addr_lsb;
				struct { __u64 si_bnd_pad; __u64 si_lower; __u64 si_upper; };
				struct { __u64 si_pkey_pad; __u32 si_pkey; };
				struct { __u64 si_perf_data; __u32 si_perf_type; __u32 si_perf_flags; };
			};
		};
		/* SIGIO */
		struct {
			__s64 si_band;
			__s32 si_fd;
		};
		/* SIGSYS */
		struct {
			__u64 si_call_addr;
			__s32 si_syscall;
			__u32 si_arch;
		};
	};
} siginfo_t;
UAPI_SIZE(siginfo_t, SI_MAX_SIZE);

/* si_code: from user space when <= 0. */
#define SI_USER		0
#define SI_KERNEL	0x80
#define SI_QUEUE	-1
#define SI_TIMER	-2
#define SI_MESGQ	-3
#define SI_ASYNCIO	-4
#define SI_SIGIO	-5
#define SI_TKILL	-6
#define SI_DETHREAD	-7
#define SI_ASYNCNL	-60

#define ILL_ILLOPC	1
#define ILL_ILLOPN	2
#define ILL_ILLADR	3
#define ILL_ILLTRP	4
#define ILL_PRVOPC	5
#define ILL_PRVREG	6
#define ILL_COPROC	7
#define ILL_BADSTK	8

#define FPE_INTDIV	1
#define FPE_INTOVF	2
#define FPE_FLTDIV	3
#define FPE_FLTOVF	4
#define FPE_FLTUND	5
#define FPE_FLTRES	6
#define FPE_FLTINV	7
#define FPE_FLTSUB	8
#define FPE_FLTUNK	14

#define SEGV_MAPERR	1
#define SEGV_ACCERR	2
#define SEGV_BNDERR	3
#define SEGV_PKUERR	4

#define BUS_ADRALN	1
#define BUS_ADRERR	2
#define BUS_OBJERR	3
#define BUS_MCEERR_AR	4
#define BUS_MCEERR_AO	5

#define TRAP_BRKPT	1
#define TRAP_TRACE	2
#define TRAP_BRANCH	3
#define TRAP_HWBKPT	4
#define TRAP_UNK	5
#define TRAP_PERF	6

#define CLD_EXITED	1
#define CLD_KILLED	2
#define CLD_DUMPED	3
#define CLD_TRAPPED	4
#define CLD_STOPPED	5
#define CLD_CONTINUED	6

#define POLL_IN		1
#define POLL_OUT	2
#define POLL_MSG	3
#define POLL_ERR	4
#define POLL_PRI	5
#define POLL_HUP	6

#define SYS_SECCOMP	1
#define SYS_USER_DISPATCH 2

/* How a timer or message queue tells of an event. */
#define SIGEV_SIGNAL	0
#define SIGEV_NONE	1
#define SIGEV_THREAD	2
#define SIGEV_THREAD_ID	4

#define SIGEV_MAX_SIZE	64

typedef struct sigevent {
	sigval_t sigev_value;
	__s32 sigev_signo;
	__s32 sigev_notify;
	union {
		__s32 sigev_pad[12];
		__s32 sigev_tid;	/* SIGEV_THREAD_ID */
		struct {
			__u64 sigev_function;
			__u64 sigev_attribute;
		};
	};
} sigevent_t;
UAPI_SIZE(sigevent_t, SIGEV_MAX_SIZE);

/* Registers as a signal frame holds them. */
struct sigcontext {
	__u64 r8, r9, r10, r11, r12, r13, r14, r15;
	__u64 di, si, bp, bx, dx, ax, cx, sp, ip, flags;
	__u16 cs, gs, fs, ss;
	__u64 err;
	__u64 trapno;
	__u64 oldmask;
	__u64 cr2;
	__u64 fpstate;		/* user address of struct fpstate, 0: none */
	__u64 reserved1[8];
};
UAPI_SIZE(struct sigcontext, 256);

#define UC_FP_XSTATE		0x1	/* the FPU area has the extended format */
#define UC_SIGCONTEXT_SS	0x2	/* the saved ss is real */
#define UC_STRICT_RESTORE_SS	0x4	/* and sigreturn restores it */

struct ucontext {
	__u64 uc_flags;
	__u64 uc_link;
	stack_t uc_stack;
	struct sigcontext uc_mcontext;
	sigset_t uc_sigmask;
};
UAPI_SIZE(struct ucontext, 304);

#define FP_XSTATE_MAGIC1	0x46505853u
#define FP_XSTATE_MAGIC2	0x46505845u
#define FP_XSTATE_MAGIC2_SIZE	4

/* Sits in the last bytes of the FXSAVE image and says how much follows. */
struct fpx_sw_bytes {
	__u32 magic1;		/* FP_XSTATE_MAGIC1 */
	__u32 extended_size;	/* whole area with the trailing magic2 */
	__u64 xfeatures;
	__u32 xstate_size;
	__u32 padding[7];
};
UAPI_SIZE(struct fpx_sw_bytes, 48);

struct fpstate {
	__u16 cwd, swd, twd, fop;
	__u64 rip, rdp;
	__u32 mxcsr, mxcsr_mask;
	__u32 st_space[32];
	__u32 xmm_space[64];
	__u32 reserved2[12];
	union {
		__u32 reserved3[12];
		struct fpx_sw_bytes sw_reserved;
	};
};
UAPI_SIZE(struct fpstate, 512);

#endif
