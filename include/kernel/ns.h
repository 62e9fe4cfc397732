/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Namespaces: every task points to one of each kind from its first line on. Only the initial ones
 * exist until their issue; unshare and clone flags for the others give what Linux gives without
 * the feature (EINVAL), mount namespaces excepted.
 */
#ifndef KERNEL_NS_H
#define KERNEL_NS_H

#include <base/ref.h>
#include <base/types.h>
#include <base/xarray.h>
#include <core/spinlock.h>
#include <uapi/linux/utsname.h>

struct cred;
struct ipc_ns;			/* kernel/ipc.h */
struct mnt_ns;
struct net;
struct task;

struct user_ns {
	struct ref ref;
	struct user_ns *parent;
	kuid_t owner;
	u64 inum;
};

struct pid_ns {
	struct ref ref;
	struct pid_ns *parent;		/* [I] */
	u32 level;			/* [I] */
	struct xarray pids;		/* [lock; r] number -> struct pid */
	spinlock_t lock;		/* class PID */
	int last_pid;			/* [lock] */
	u32 nr;				/* [lock] ids in use */
	struct task *child_reaper;	/* [TASKLIST] */
	struct user_ns *user_ns;	/* [I] */
	u64 inum;			/* [I] */
};

struct uts_ns {
	struct ref ref;
	spinlock_t lock;		/* class OBJECT */
	struct new_utsname name;	/* [lock] */
	struct user_ns *user_ns;	/* [I] */
	u64 inum;			/* [I] */
};

struct time_ns { struct ref ref; s64 monotonic_off, boottime_off; u64 inum; };
struct cgroup_ns { struct ref ref; u64 inum; };

/* What a task shares with others of the same set; replaced as a whole. */
struct nsproxy {
	struct ref ref;
	struct uts_ns *uts;
	struct ipc_ns *ipc;
	struct mnt_ns *mnt;
	struct pid_ns *pid_for_children;
	struct net *net;
	struct time_ns *time;
	struct cgroup_ns *cgroup;
};

extern struct user_ns init_user_ns;
extern struct pid_ns init_pid_ns;
extern struct uts_ns init_uts_ns;
extern struct ipc_ns init_ipc_ns;
extern struct time_ns init_time_ns;
extern struct cgroup_ns init_cgroup_ns;
extern struct nsproxy init_nsproxy;
extern struct net init_net;

static inline void nsproxy_get(struct nsproxy *n) { ref_get(&n->ref); }
void nsproxy_put(struct nsproxy *n);
/* For clone and unshare: a shared reference, or a copy with the flagged ones new. ERR_PTR. */
struct fs_struct;
__must_check struct nsproxy *nsproxy_copy(u64 clone_flags, struct nsproxy *old, struct fs_struct *fs);

#endif
