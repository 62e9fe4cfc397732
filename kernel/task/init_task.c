/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The first task, made by the linker: the context in which the boot CPU enters kernel_start(), later that
 * CPU's idle task. It has number 0, is in no list, and is the ancestor of everything. Its process is the
 * parent of pid 1 and of the kernel threads; its sighand is shared by all kernel threads.
 */
#include <fs/file.h>
#include <fs/path.h>
#include <kernel/task.h>
#include "internal.h"

struct pid init_struct_pid = {
	.ref = REF_INIT(1), .level = 0, .hashed = true,
	.poll_wait = WAIT_QUEUE_INIT(init_struct_pid.poll_wait),
	.numbers = { { 0, &init_pid_ns } },
};

struct user_struct root_user = { .ref = REF_INIT(2), .uid = { 0 }, .processes = { 1 } };
static struct group_info init_groups = { .ref = REF_INIT(1), .nr = 0 };
struct cred init_cred = {
	.ref = REF_INIT(4),
	.permitted = { (1ull << (CAP_LAST_CAP + 1)) - 1 },
	.effective = { (1ull << (CAP_LAST_CAP + 1)) - 1 },
	.bset = { (1ull << (CAP_LAST_CAP + 1)) - 1 },
	.user = &root_user, .user_ns = &init_user_ns, .groups = &init_groups,
};

struct sighand init_sighand = {
	.ref = REF_INIT(1), .lock = SPINLOCK_INIT(SIGHAND),
	.signalfd_wait = WAIT_QUEUE_INIT(init_sighand.signalfd_wait),
};

struct process init_process = {
	.ref = REF_INIT(1), .leader = &init_task,
	.threads = LIST_HEAD_INIT(init_process.threads), .nr_threads = 1, .live = ATOMIC_INIT(1),
	.parent = &init_process,
	.children = LIST_HEAD_INIT(init_process.children), .sibling = LIST_HEAD_INIT(init_process.sibling),
	.pids = { [PIDTYPE_TGID] = &init_struct_pid, [PIDTYPE_PGID] = &init_struct_pid, [PIDTYPE_SID] = &init_struct_pid },
	.shared_pending = { .queue = LIST_HEAD_INIT(init_process.shared_pending.queue) },
	.wait_chldexit = WAIT_QUEUE_INIT(init_process.wait_chldexit),
	.rlim = {
		[RLIMIT_CPU ... RLIMIT_DATA] = { RLIM_INFINITY, RLIM_INFINITY },
		[RLIMIT_STACK] = { 8 * 1024 * 1024, RLIM_INFINITY },
		[RLIMIT_CORE] = { 0, RLIM_INFINITY },
		[RLIMIT_RSS] = { RLIM_INFINITY, RLIM_INFINITY },
		[RLIMIT_NOFILE] = { 1024, 4096 },
		[RLIMIT_MEMLOCK] = { 8 * 1024 * 1024, 8 * 1024 * 1024 },
		[RLIMIT_AS ... RLIMIT_LOCKS] = { RLIM_INFINITY, RLIM_INFINITY },
		[RLIMIT_MSGQUEUE] = { 819200, 819200 },
		[RLIMIT_NICE ... RLIMIT_RTPRIO] = { 0, 0 },
		[RLIMIT_RTTIME] = { RLIM_INFINITY, RLIM_INFINITY },
		/* NPROC and SIGPENDING depend on memory: task_limits_init() */
	},
};

/* kernel threads open no descriptors; the table is only there so that nobody has to ask */
struct task init_task = {
	.core = { .state = TASK_RUNNING, .on_cpu = 1, .kthread = true },
	.ref = REF_INIT(2), .flags = PF_KTHREAD | PF_IDLE, .exit_signal = 0, .comm = "swapper/0",
	.se = { .policy = SCHED_NORMAL, .weight = NICE_0_WEIGHT },
	.proc = &init_process,
	.thread_link = LIST_HEAD_INIT(init_task.thread_link), .all_link = LIST_HEAD_INIT(init_task.all_link),
	.pid = &init_struct_pid,
	.fs = &init_fs, .nsproxy = &init_nsproxy, .sighand = &init_sighand,
	.cred = &init_cred, .real_cred = &init_cred,
	.alloc_lock = SPINLOCK_INIT(TASK_ALLOC),
	.pending = { .queue = LIST_HEAD_INIT(init_task.pending.queue) },
	.blocked = ~0ull, .restart = { .fn = restart_block_none },
	.pi_state_list = LIST_HEAD_INIT(init_task.pi_state_list), .shm_made = LIST_HEAD_INIT(init_task.shm_made),
	.timer_slack_ns = 50000, .default_timer_slack_ns = 50000,
	.work_list = LIST_HEAD_INIT(init_task.work_list), .put_files = LIST_HEAD_INIT(init_task.put_files),
	.traced_link = LIST_HEAD_INIT(init_task.traced_link), .traced = LIST_HEAD_INIT(init_task.traced),
};

DEFINE_SPINLOCK(tasklist_lock, TASKLIST);
struct list_head task_list = LIST_HEAD_INIT(task_list);
u64 total_forks;
atomic_t nr_threads_total;
