/* SPDX-License-Identifier: MPL-2.0 */
/* The system calls that make tasks: fork, vfork, clone, clone3, and set_tid_address. */
#include <base/math.h>
#include <base/string.h>
#include <kernel/syscall.h>
#include "internal.h"

long sys_fork(void)
{
	struct clone_args_k a = { .exit_signal = SIGCHLD };

	return task_clone(&a, current_user_regs());
}

long sys_vfork(void)
{
	struct clone_args_k a = { .flags = CLONE_VFORK | CLONE_VM, .exit_signal = SIGCHLD };

	return task_clone(&a, current_user_regs());
}

long sys_clone(u64 flags, uaddr_t stack, uout_s32 parent_tid, uaddr_t child_tid, u64 tls)
{
	struct clone_args_k a = {
		.flags = (u32)flags & ~(u64)CSIGNAL, .exit_signal = (int)(flags & CSIGNAL),
		.stack = stack.v, .tls = tls, .pidfd = parent_tid.addr,
		.child_tid = child_tid.v, .parent_tid = parent_tid.addr,
	};

	/* One argument cannot be both. */
	if ((a.flags & (CLONE_PIDFD | CLONE_PARENT_SETTID)) == (CLONE_PIDFD | CLONE_PARENT_SETTID))
		return -EINVAL;
	return task_clone(&a, current_user_regs());
}

#define CLONE_LEGACY	0xffffffffull

/* The user's struct may be of another age than ours: shorter is zero-filled, longer must be zero beyond. */
static int clone3_copy(struct clone_args *u, uin_clone_args args, size_t size)
{
	u8 rest[64];

	if (size > PAGE_SIZE)
		return -E2BIG;
	if (size < CLONE_ARGS_SIZE_VER0)
		return -EINVAL;
	memset(u, 0, sizeof(*u));
	if (copy_in_bytes(u, uptr_addr(args), min_t(size_t, size, sizeof(*u))))
		return -EFAULT;
	for (size_t off = sizeof(*u); off < size; off += sizeof(rest)) {
		size_t n = min_t(size_t, sizeof(rest), size - off);

		if (copy_in_bytes(rest, uaddr(args.addr + off), n))
			return -EFAULT;
		for (size_t i = 0; i < n; i++)
			if (rest[i])
				return -E2BIG;
	}
	return 0;
}

static int clone3_check(const struct clone_args *u)
{
	if (u->flags & ~(CLONE_LEGACY | CLONE_CLEAR_SIGHAND | CLONE_INTO_CGROUP))
		return -EINVAL;
	if (u->flags & (CLONE_DETACHED | (CSIGNAL & ~CLONE_NEWTIME)))
		return -EINVAL;
	if (u->exit_signal & ~(u64)CSIGNAL || u->exit_signal > _NSIG)
		return -EINVAL;
	if (u->flags & (CLONE_THREAD | CLONE_PARENT) && u->exit_signal)
		return -EINVAL;
	if (u->set_tid_size > 32 || (!u->set_tid && u->set_tid_size) || (u->set_tid && !u->set_tid_size))
		return -EINVAL;
	if (u->stack ? !u->stack_size || !user_range_ok(uaddr(u->stack), u->stack_size) : u->stack_size)
		return -EINVAL;
	return 0;
}

long sys_clone3(uin_clone_args args, size_t size)
{
	struct clone_args u;
	struct clone_args_k a;
	int err;

	err = clone3_copy(&u, args, size);
	if (!err)
		err = clone3_check(&u);
	if (err)
		return err;
	a = (struct clone_args_k){
		.flags = u.flags, .exit_signal = (int)u.exit_signal, .stack = u.stack, .stack_size = u.stack_size,
		.tls = u.tls, .pidfd = u.pidfd, .child_tid = u.child_tid, .parent_tid = u.parent_tid,
		.set_tid_size = u.set_tid_size, .cgroup = (int)u.cgroup,
	};
	if (u.set_tid && copy_in_bytes(a.set_tid, uaddr(u.set_tid), u.set_tid_size * sizeof(int)))
		return -EFAULT;
	return task_clone(&a, current_user_regs());
}

long sys_set_tid_address(uaddr_t tid)
{
	current->clear_child_tid = tid.v;
	return task_tid_vnr(current);
}
