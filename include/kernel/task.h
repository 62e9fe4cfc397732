/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Tasks (threads) and processes (thread groups). A task shares or owns mm, files, fs, sighand,
 * namespaces and credentials, each a counted object. The TASKLIST lock guards the process tree:
 * parents, children, thread lists, pid links; RCU readers may walk them.
 *
 * Life: task_clone() -> runs -> do_exit() -> zombie -> reaped by wait or by itself -> freed by RCU
 * when the last reference (the run queue's, the tree's, look-ups') goes.
 */
#ifndef KERNEL_TASK_H
#define KERNEL_TASK_H

#include <base/uptr.h>
#include <core/cpumask.h>
#include <core/rcu.h>
#include <core/seqlock.h>
#include <core/task_core.h>
#include <core/timer.h>
#include <core/wait.h>
#include <kernel/cred.h>
#include <kernel/ns.h>
#include <kernel/pid.h>
#include <kernel/sched.h>
#include <kernel/signal.h>
#include <uapi/linux/resource.h>

struct blk_plug;
struct files;
struct io_context;
struct fs_struct;
struct mm;
struct tty;
struct pi_waiter;
struct posix_timers;
struct sem_undo_list;
struct robust_list_head;

#define TASK_COMM_LEN	16

/* task.flags: written by the task itself only */
#define PF_EXITING	0x0001u
#define PF_KTHREAD	0x0002u
#define PF_FORKNOEXEC	0x0004u		/* has not called execve since fork */
#define PF_SUPERPRIV	0x0008u
#define PF_DUMPCORE	0x0010u
#define PF_SIGNALED	0x0020u
#define PF_MEMALLOC	0x0040u		/* works for reclaim: may use reserves */
#define PF_IDLE		0x0080u
#define PF_VFORK	0x0100u		/* made by vfork: the parent sleeps at once */
#define PF_NPROC_EXCEEDED 0x0200u	/* set*id to a user over its limit: the next execve fails */
#define PF_OOM_ORIGIN	0x0400u		/* in swapoff: the first to go when memory does not suffice */

/* process.flags [sighand lock] */
#define PROC_GROUP_EXIT		0x01u	/* all threads are to exit with group_exit_code */
#define PROC_STOP_STOPPED	0x02u	/* job control stop completed */
#define PROC_STOP_CONTINUED	0x04u	/* SIGCONT not yet waited for */
#define PROC_CLD_STOPPED	0x08u	/* parent to be told */
#define PROC_CLD_CONTINUED	0x10u
#define PROC_UNKILLABLE		0x20u	/* init of a pid namespace */
#define PROC_CHILD_SUBREAPER	0x40u
#define PROC_HAS_SUBREAPER	0x80u
#define PROC_STOP_PENDING	0x100u	/* threads are asked to stop */

struct cputime {
	u64 utime_ns, stime_ns;
};

struct task_io {
	u64 rchar, wchar, syscr, syscw;
	u64 read_bytes;			/* from disks, on behalf of the task */
	u64 write_bytes, cancelled;	/* made dirty or written directly; dirty pages that it removed */
};

struct itimer {
	struct timer timer;
	u64 interval_ns;
};

/* One process: what its threads share beyond sighand. */
struct process {
	struct ref ref;			/* its tasks and look-ups */
	struct task *leader;		/* [TASKLIST; r] changes at exec by another thread */
	struct list_head threads;	/* [TASKLIST, r] task.thread_link */
	int nr_threads;			/* [sighand lock] */
	atomic_t live;			/* threads that have not begun to exit */
	struct process *parent;		/* [TASKLIST, r] who waits for us */
	struct list_head children;	/* [TASKLIST] process.sibling */
	struct list_head sibling;
	struct pid *pids[PIDTYPE_MAX];	/* [TASKLIST; r] TGID, PGID, SID; referenced */
	u32 flags;			/* [sighand lock] PROC_* */
	struct sigpending shared_pending;	/* [sighand lock] */
	struct task *curr_target;	/* [sighand lock] where to look first for a receiver */
	int group_exit_code;		/* [sighand lock] */
	struct task *group_exec_task;	/* [sighand lock] thread that wants the others gone */
	int notify_count;		/* [sighand lock] threads it still waits for */
	int group_stop_count;		/* [sighand lock] threads still to stop */
	struct wait_queue wait_chldexit;	/* wait4 and kin */
	struct tty *tty;		/* [a, r] controlling terminal, referenced; exchanged as a whole */
	bool session_leader;		/* [sighand lock] */
	struct pid *tty_old_pgrp;
	struct rlimit rlim[RLIM_NLIMITS];	/* [TASKLIST or group leader's lock; atomic reads] */
	struct itimer real_timer;	/* ITIMER_REAL */
	struct { u64 expires_ns, interval_ns; } cpu_itimer[2];	/* [sighand lock] VIRTUAL, PROF */
	u32 cpu_timers;			/* [a] CPU-time timers, itimers and limits that are armed */
	struct list_head cpu_sleepers;	/* [kernel/time/cpu_sleep.c] who waits for our CPU clocks */
	struct posix_timers *posix_timers;	/* kernel/time; NULL until used */
	struct cputime dead_time;	/* [sighand lock] of threads that are gone */
	struct cputime child_time;	/* [sighand lock] of waited-for children */
	u64 min_flt, maj_flt, cmin_flt, cmaj_flt, nvcsw, nivcsw, cnvcsw, cnivcsw, maxrss, cmaxrss;
	struct task_io io;
	int oom_score_adj;		/* [a] */
	int exit_signal_group;
	struct rcu_head rcu;
};

struct task {
	struct task_core core;		/* [its own keys] must be first */
	struct ref ref;
	u32 flags;			/* [own] PF_* */
	int exit_state;			/* [TASKLIST] 0, EXIT_ZOMBIE, EXIT_DEAD */
	int exit_code, exit_signal;	/* [TASKLIST] exit_signal -1: not the leader */
	int pdeath_signal;		/* own */
	int tid;			/* [I] number in the initial namespace, for messages */
	char comm[TASK_COMM_LEN];	/* [a-ish: task_set_comm] */

	struct sched_entity se;		/* [run-queue lock] kernel/sched.h */

	struct process *proc;		/* [I] but in exec; referenced */
	struct list_head thread_link;	/* [TASKLIST; r] */
	struct task *real_creator;	/* [TASKLIST] thread that made us: PDEATHSIG; NULL when gone */
	struct list_head all_link;	/* [TASKLIST; r] every task, leaders and threads */
	struct pid *pid;		/* [TASKLIST] thread id, referenced */
	struct hlist_node pid_links[PIDTYPE_MAX];	/* [TASKLIST; r] leaders link TGID, PGID, SID too */

	struct mm *mm;			/* [alloc_lock; own reads] NULL: kernel thread or exited */
	struct mm *lazy_mm;		/* [own] kernel thread runs on these tables; referenced */
	struct fs_struct *fs;		/* [alloc_lock] */
	struct files *files;		/* [alloc_lock] */
	struct nsproxy *nsproxy;	/* [alloc_lock] */
	struct sighand *sighand;	/* [r] changed under its lock at exec, exit */
	const struct cred *cred;	/* own: acts with */
	const struct cred *real_cred;	/* [r] others see */
	spinlock_t alloc_lock;		/* class TASK_ALLOC: mm, fs, files, nsproxy, comm against other tasks */

	struct sigpending pending;	/* [sighand lock] */
	u64 blocked;			/* [sighand lock to write; own reads] */
	u64 real_blocked, saved_mask;	/* own; sigtimedwait and sigsuspend */
	u64 sas_sp, sas_size;		/* own: alternate stack */
	u32 sas_flags;			/* [own] */
	u32 jobctl;			/* [sighand lock] JOBCTL_* of kernel/signal */
	struct restart_block restart;	/* own */

	u64 set_child_tid, clear_child_tid;	/* own: CLONE_CHILD_SETTID, _CLEARTID */
	u64 robust_list;		/* own: head's user address */
	struct list_head pi_state_list;	/* [PI_CHAIN] contended PI futexes that it owns */
	struct pi_waiter *pi_blocked;	/* [PI_CHAIN] the one that it waits for */
	u32 futex_state;		/* [PI_CHAIN; racy reads] FUTEX_STATE_* of kernel/futex: may it still own futexes? */
	struct completion *vfork_done;	/* [alloc_lock] parent of a vfork waits here */
	struct { u64 addr; u32 len, sig; bool event; } rseq;	/* [own; event by its CPU, preemption off] */
	struct sem_undo_list *sem_undo;	/* own: System V semaphore adjustments, shared by CLONE_SYSVSEM; NULL: none */
	struct list_head shm_made;	/* [IPC_IDS of shm] segments that it made; only it adds */
	struct io_context *io_context;	/* [alloc_lock] counted; NULL: priority as nice says */

	struct cputime time;		/* [a] own, exact at switch and syscall border when asked */
	u64 time_stamp;			/* [own] last accounting */
	u64 start_ns, start_boot_ns;	/* [I] */
	u64 min_flt, maj_flt, nvcsw, nivcsw;	/* [own; others read] */
	u32 dirtied;			/* [own] pieces written since it last looked at the dirty limits */
	struct task_io io;		/* [own; others read] */
	u64 timer_slack_ns, default_timer_slack_ns;	/* [own] */

	struct list_head work_list;	/* task work: run on return to user [a: pushed by cmpxchg on work_head] */
	struct task_work *work_head;	/* [a] */
	struct list_head put_files;	/* own: files whose last reference it dropped */
	struct blk_plug *plug;		/* own: bios held back; flushed when it sleeps */
	struct list_head *xmit_queues;	/* own: it runs a device queue; those that it finds idle meanwhile (net/core/xmit.c) */

	u32 personality;		/* own */
	u32 login;			/* own: login uid + 1 for /proc/PID/loginuid; 0: never set. Inherited */
	u32 login_session;		/* own: number of the login; 0: none. Inherited */
	bool no_new_privs;		/* own; once set stays */
	bool in_execve, did_exec;	/* [own] */
	u8 dumpable_ignored;		/* [own] */
	struct seccomp_filter *seccomp;	/* [sighand lock to write; own reads] newest filter, referenced */
	u32 seccomp_mode;		/* [sighand lock to write; own reads] SECCOMP_MODE_* */
	u32 ptrace;			/* [TASKLIST] flags; 0: not traced */
	struct task *tracer;		/* [TASKLIST] */
	struct list_head traced_link;	/* [TASKLIST] in tracer's list */
	struct list_head traced;	/* [TASKLIST] whom we trace */
	struct ptrace_state *ptrace_state;	/* [TASKLIST] */
	void *journal_info;		/* [own] file systems */
	int (*kthread_fn)(void *);	/* [I] kernel threads */
	void *kthread_arg;		/* [I] */
	void *kthread_data;		/* [I] kernel/core/kthread.c: stop flag, result */
	u64 sessionid;			/* [I] */
	struct rcu_head rcu;
};
static_assert(offsetof(struct task, core) == 0, "core sees only the first member");

#define EXIT_ZOMBIE	1
#define EXIT_DEAD	2

static __always_inline struct task *current_task(void) { return (struct task *)current_core(); }
#define current current_task()
static inline struct task *core_task(struct task_core *c) { return (struct task *)c; }

extern spinlock_t tasklist_lock;	/* class TASKLIST; interrupts stay on: not taken in interrupts */
extern struct list_head task_list;	/* [TASKLIST; r] all_link */
extern struct task init_task;		/* the first context: boot CPU's idle task */
extern struct process init_process;
extern u64 total_forks;
extern int max_threads;		/* /proc/sys/kernel/threads-max */
extern atomic_t nr_threads_total;

static inline void task_get(struct task *t) { ref_get(&t->ref); }
void task_put(struct task *t);		/* any context: memory goes by RCU */
/* Under RCU: by thread id in current's namespace; NULL. */
struct task *task_find(int tid);
struct task *task_find_get(int tid);
static inline bool task_is_leader(const struct task *t) { return t->exit_signal >= 0; }
static inline int task_tid_vnr(const struct task *t) { return pid_vnr(t->pid); }
static inline int task_tgid_vnr(const struct task *t) { return pid_vnr(t->proc->pids[PIDTYPE_TGID]); }
static inline bool task_same_process(const struct task *a, const struct task *b) { return a->proc == b->proc; }
#define for_each_thread(p, t)	list_for_each_entry_rcu(t, &(p)->threads, thread_link)
void task_set_comm(struct task *t, const char *name);
void task_get_comm(struct task *t, char buf[TASK_COMM_LEN]);
/* 'R', 'S', ... as /proc/PID/stat shows. */
char task_state_char(const struct task *t);

/* --- making and ending --- */
struct clone_args_k {
	u64 flags;			/* CLONE_*, without the signal */
	int exit_signal;
	u64 stack, stack_size, tls;
	u64 pidfd, child_tid, parent_tid;	/* user addresses */
	int set_tid[32];
	size_t set_tid_size;
	int cgroup;
};
/* The new task's id in current's namespace, or -errno. */
long task_clone(const struct clone_args_k *args, const struct pt_regs *regs);
__noreturn void do_exit(int code);		/* this thread */
__noreturn void do_group_exit(int code);	/* the whole process */
void task_store_child_tid(void);		/* CLONE_CHILD_SETTID, first thing in the child */
struct task *task_create_idle(int cpu);	/* ERR_PTR; stack only, not in any list */
/* Reap a zombie: TASKLIST not held. */
void task_release(struct task *t);
/* kernel/task/init_user.c: pid 1 turns into the first user program; tries the list; panics with advice when none runs. */
__noreturn void init_exec_user(char **argv, char **envp, const char *rdinit, const char *init);

/* --- task work: run fn in t's context before it returns to user space --- */
struct task_work {
	struct task_work *next;
	void (*fn)(struct task_work *w);
};
__must_check int task_work_add(struct task *t, struct task_work *w);	/* -ESRCH: it exits */
void task_work_run(void);

/* --- limits --- */
static inline u64 rlimit_cur(unsigned int which) { return READ_ONCE(current->proc->rlim[which].rlim_cur); }
static inline u64 task_rlimit(const struct task *t, unsigned int which) { return READ_ONCE(t->proc->rlim[which].rlim_cur); }

/* --- sessions (kernel/task/session.c) --- */
static inline struct pid *task_pgrp(const struct task *t) { return t->proc->pids[PIDTYPE_PGID]; }
static inline struct pid *task_session(const struct task *t) { return t->proc->pids[PIDTYPE_SID]; }
bool pgrp_is_orphaned(struct pid *pgrp, struct process *ignored);	/* TASKLIST held */
/* Process tree walk in /proc: children of a process. */

/*
 * What a session needs of its terminal; drivers/tty registers it, NULL until then. TASKLIST is not held.
 */
struct task_tty_ops {
	void (*inherit)(struct process *child);		/* child->tty becomes current's, referenced */
	void (*release)(struct process *p);		/* p lets go of its terminal: exit, setsid */
	void (*disassociate)(bool on_exit);		/* current, a session leader, gives the terminal up */
};
extern const struct task_tty_ops *task_tty_ops;

/* --- execve (kernel/task/exec.c) --- */
int execve_do(int dirfd, uin_str name, uin_argv argv, uin_argv envp, u32 flags);
int execve_kernel(const char *path, char *const argv[], char *const envp[]);

/* CPU times of a task or a whole process, now. */
void task_cputime(struct task *t, struct cputime *ct);
void process_cputime(struct process *p, struct cputime *ct);

#endif
