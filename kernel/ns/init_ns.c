/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The initial namespaces and the object that a task holds all its namespaces by. Mount namespaces can be
 * unshared (fs/vfs/mntns.c); of the other kinds only the initial one exists, and a request for a new one
 * gets -EINVAL, as from a Linux built without it.
 */
#include <base/err.h>
#include <core/init.h>
#include <core/slab.h>
#include <fs/mount.h>
#include <kernel/task.h>

struct user_ns init_user_ns = { .ref = REF_INIT(1), .inum = 0xEFFFFFFDu };
struct pid_ns init_pid_ns = {
	.ref = REF_INIT(1), .pids = XARRAY_INIT, .lock = SPINLOCK_INIT(PID),
	.user_ns = &init_user_ns, .inum = 0xEFFFFFFCu,
};
struct uts_ns init_uts_ns = {
	.ref = REF_INIT(1), .lock = SPINLOCK_INIT(OBJECT), .user_ns = &init_user_ns, .inum = 0xEFFFFFFEu,
	/* The release says which Linux's interface this is, for programs that ask for a minimum. */
	.name = {
		.sysname = "Linux", .nodename = "(none)", .release = "6.1.0-keel",
		.version = "#1 SMP PREEMPT Keel", .machine = "x86_64", .domainname = "(none)",
	},
};
struct time_ns init_time_ns = { .ref = REF_INIT(1), .inum = 0xEFFFFFFAu };
struct cgroup_ns init_cgroup_ns = { .ref = REF_INIT(1), .inum = 0xEFFFFFFBu };
/* fs/vfs and net/core fill in mnt and net when they come up. */
struct nsproxy init_nsproxy = {
	.ref = REF_INIT(1), .uts = &init_uts_ns, .ipc = &init_ipc_ns, .pid_for_children = &init_pid_ns,
	.time = &init_time_ns, .cgroup = &init_cgroup_ns,
};

#define CLONE_NEW_ALL	(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | \
	CLONE_NEWNET | CLONE_NEWCGROUP | CLONE_NEWTIME)

void nsproxy_put(struct nsproxy *n)
{
	if (!ref_put(&n->ref))
		return;
	if (n->mnt)
		mnt_ns_put(n->mnt);
	kfree(n);
}

struct nsproxy *nsproxy_copy(u64 clone_flags, struct nsproxy *old, struct fs_struct *fs)
{
	struct nsproxy *n;
	struct mnt_ns *mnt;

	if (likely(!(clone_flags & CLONE_NEW_ALL))) {
		nsproxy_get(old);
		return old;
	}
	if (!capable(CAP_SYS_ADMIN))
		return ERR_PTR(-EPERM);
	if (clone_flags & CLONE_NEW_ALL & ~CLONE_NEWNS)
		return ERR_PTR(-EINVAL);
	n = kmemdup(old, sizeof(*old), GFP_KERNEL);
	if (!n)
		return ERR_PTR(-ENOMEM);
	ref_init(&n->ref, 1);
	mnt = mnt_ns_copy(old->mnt, fs);
	if (IS_ERR(mnt)) {
		kfree(n);
		return ERR_CAST(mnt);
	}
	n->mnt = mnt;
	return n;
}
