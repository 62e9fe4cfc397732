/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Robust futexes: a list in user memory of the locks that a thread holds. At its end each gets
 * FUTEX_OWNER_DIED and one waiter is woken (of PI locks by pi_exit()). The list is user data: it may be cyclic, broken or
 * unmapped; the walk is bounded and stops at the first fault.
 */
#include <base/err.h>
#include <core/rcu.h>
#include <kernel/syscall.h>
#include <uapi/linux/futex.h>

#include "internal.h"

static int read_user_u64(u64 *val, u64 addr)
{
	return copy_in_bytes(val, uaddr(addr), sizeof(*val));
}

/* The lock word at addr may be ours. */
static int lock_owner_died(u64 addr, bool pi, bool pending)
{
	u32 tid = (u32)task_tid_vnr(current), old, val;
	int err;

	if (addr % sizeof(u32) || !user_range_ok(uaddr(addr), sizeof(u32)))
		return -1;
	if (copy_in_bytes(&old, uaddr(addr), sizeof(old)))
		return -1;
	/* Died between the unlock and the wake-up: a waiter may sleep for ever. */
	if (pending && !pi && !old) {
		(void)futex_wake(addr, FLAGS_SHARED, 1, FUTEX_BITSET_MATCH_ANY);
		return 0;
	}
	for (;;) {
		if ((old & FUTEX_TID_MASK) != tid)
			return 0;
		val = (old & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
		err = user_cmpxchg32_nofault(uaddr(addr), &old, val);
		if (!err)
			break;
		if (err == -EFAULT && fault_in_writeable(uaddr(addr), sizeof(u32)))
			return -1;
	}
	if (!pi && val & FUTEX_WAITERS)
		(void)futex_wake(addr, FLAGS_SHARED, 1, FUTEX_BITSET_MATCH_ANY);
	return 0;
}

static void walk_robust_list(struct task *t)
{
	u64 head = t->robust_list, entry, next, pending;
	s64 offset;

	t->robust_list = 0;
	if (!head || read_user_u64(&entry, head) ||
	    read_user_u64((u64 *)&offset, head + offsetof(struct robust_list_head, futex_offset)) ||
	    read_user_u64(&pending, head + offsetof(struct robust_list_head, list_op_pending)))
		return;
	for (int limit = ROBUST_LIST_LIMIT; (entry & ~1ul) != head && limit; limit--) {
		/* The entry may be gone as soon as its lock is released. */
		int err = read_user_u64(&next, entry & ~1ul);

		if (entry != pending && lock_owner_died((entry & ~1ul) + (u64)offset, entry & 1, false))
			return;
		if (err)
			return;
		entry = next;
		sched_cond_resched();
	}
	if (pending)
		(void)lock_owner_died((pending & ~1ul) + (u64)offset, pending & 1, true);
}

void futex_exit_task(struct task *t)
{
	pi_exit_begin(t);
	walk_robust_list(t);
	pi_exit(t, t->flags & PF_EXITING);
}

long sys_set_robust_list(uaddr_t head, size_t len)
{
	if (len != sizeof(struct robust_list_head))
		return -EINVAL;
	current->robust_list = head.v;
	return 0;
}

long sys_get_robust_list(int pid, uout_u64 head_ptr, uout_u64 len_ptr)
{
	u64 len = sizeof(struct robust_list_head), head;
	struct task *t;
	int err = 0;

	rcu_read_lock();
	t = pid ? task_find(pid) : current;
	if (!t)
		err = -ESRCH;
	else if (!ptrace_may_access(t, PTRACE_MODE_READ | PTRACE_MODE_REALCREDS))
		err = -EPERM;
	else
		head = t->robust_list;
	rcu_read_unlock();
	if (err)
		return err;
	if (copy_out(len_ptr, &len) || copy_out(head_ptr, &head))
		return -EFAULT;
	return 0;
}
