/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The scheduler (kernel/sched): a run queue per CPU, classes in order stop, deadline, real-time,
 * fair (virtual deadlines, EEVDF-like), idle. Wake-ups prefer an idle CPU with a warm cache; idle
 * CPUs pull; affinity moves a running task at once.
 */
#ifndef KERNEL_SCHED_H
#define KERNEL_SCHED_H

#include <base/list.h>
#include <base/rbtree.h>
#include <core/cpumask.h>
#include <uapi/linux/sched.h>

struct task;
struct sched_class;
struct rq;

#define MAX_RT_PRIO	100
#define NICE_0_WEIGHT	1024u

struct sched_entity {
	const struct sched_class *cls;	/* [rq lock] */
	bool on_rq;			/* [rq lock] */
	bool migrating;
	int policy;			/* [rq lock] SCHED_* */
	int static_nice;		/* [rq lock] -20..19 */
	int rt_priority;		/* [rq lock] 1..99, as the policy says */
	int pi_prio;			/* [rq lock] inherited from who waits for our locks; 0: none */
	int rt_eff;			/* [rq lock] priority in the real-time class, of the two the higher */
	bool reset_on_fork;
	u32 weight;			/* [rq lock] */
	/* fair */
	struct rb_node node;		/* [rq lock] by virtual deadline */
	u64 vruntime, deadline, min_vruntime;
	s64 vlag;
	u64 slice_ns;
	/* real time */
	struct list_head rt_link;	/* [rq lock] */
	u64 rr_left_ns;
	u64 rt_awake_ns;		/* [rq lock; racy reads] sum_exec_ns when it last woke: RLIMIT_RTTIME */
	/* deadline class */
	u64 dl_runtime, dl_deadline, dl_period, dl_flags, dl_abs_deadline;
	s64 dl_left;
	/* accounting */
	u64 exec_start;			/* [rq lock] sched clock when it came on or was last charged */
	u64 sum_exec_ns, prev_sum_exec_ns;	/* [rq lock] all; at the last wake-up */
	u64 avg_burst_ns;		/* [rq lock] mean run between wake-up and sleep */
	u64 nr_migrations, run_delay_ns, last_queued, nr_switches;
	struct cpumask affinity;	/* [rq lock] allowed CPUs */
	u32 nr_allowed;
	int wake_cpu, last_waker_cpu;
	u64 last_sleep;
};

/* Called by kernel/task. */
void sched_fork(struct task *child);			/* entity of a new task from current */
void sched_wake_new(struct task *child);		/* first start, placed on a CPU */
void sched_exit(struct task *t);
void sched_kept_cpu(void);				/* on the way to user mode, WORK_KEPT_CPU is set */
void sched_reset_new(struct task *t, int cpu);		/* new kernel thread: default policy; cpu -1: anywhere */
__noreturn void sched_dead(void);			/* current switches away for good; the switch drops its reference */
u64 task_cputime_ns(struct task *t);			/* exact CPU time of one task until now */
void sched_init(void);					/* boot CPU's queue; current = init_task */

/* In kernel terms, for syscalls. Permission is checked by the callers. */
int sched_set_scheduler(struct task *t, const struct sched_attr *attr);
int sched_set_affinity(struct task *t, const struct cpumask *mask);	/* -EINVAL: no CPU left. Returns after it moved */
void sched_get_affinity(struct task *t, struct cpumask *mask);
void sched_set_nice(struct task *t, int nice);
/* Priority inheritance (kernel/futex/pi.c): 0 for the fair class, 1..99 real time. PI_CHAIN held. */
int sched_pi_prio(const struct task *t);		/* with what it inherits */
void sched_boost(struct task *t, int prio);		/* it inherits this; 0: nothing any more */
int sched_task_nice(const struct task *t);
void sched_yield_do(void);
int sched_task_cpu(const struct task *t);
/* Who runs on a CPU now; the task may go at any time: under RCU. */
struct task *sched_cpu_curr(int cpu);
bool sched_task_on_cpu(const struct task *t);
/* Priority column of /proc/PID/stat. */
int sched_task_prio(const struct task *t);
int sched_cond_resched(void);
#define cond_resched()	sched_cond_resched()

/* Load averages (fixed point 11 bits), counts for /proc/stat and /proc/loadavg. */
void sched_loadavg(u64 avg[3]);
u64 sched_nr_running(void);
u64 sched_nr_switches(void);
struct cpu_times {
	u64 user, nice, system, idle, iowait, irq, softirq, steal, guest, guest_nice;	/* ns */
};
void sched_cpu_times(int cpu, struct cpu_times *t);
u64 sched_rq_running(int cpu);
void sched_show_tasks(void);				/* SysRq t */
extern int hung_task_timeout_secs;			/* 0: nobody looks */

/* Accounting at the kernel's border, by tick sampling: cheap. */
void io_schedule(void);

#endif
