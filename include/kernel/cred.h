/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Credentials: immutable objects, replaced as a whole (kernel/task/cred.c). current->cred is what
 * current acts with, real_cred what others act on. A file keeps its opener's.
 */
#ifndef KERNEL_CRED_H
#define KERNEL_CRED_H

#include <base/list.h>
#include <base/ref.h>
#include <base/alloc.h>
#include <base/types.h>
#include <kernel/ns.h>
#include <uapi/linux/capability.h>

struct task;

typedef struct { u64 v; } kcap_t;
#define CAP_BIT(c)		(1ull << (c))
#define CAP_FULL		((kcap_t){ (1ull << (CAP_LAST_CAP + 1)) - 1 })
#define CAP_NONE		((kcap_t){ 0 })

struct group_info {
	struct ref ref;
	u32 nr;
	kgid_t gid[];		/* sorted */
};

/* Per-user counts: processes, signals, locked memory, pipes, inotify. */
struct user_struct {
	struct ref ref;
	kuid_t uid;
	atomic64_t processes, sigpending, locked_pages, pipe_pages, inotify_instances,
		inotify_watches, epoll_watches, unix_inflight, mq_bytes;
	struct hlist_node hash;
};

struct cred {
	struct ref ref;
	kuid_t uid, euid, suid, fsuid;
	kgid_t gid, egid, sgid, fsgid;
	u32 securebits;
	kcap_t inheritable, permitted, effective, bset, ambient;
	struct user_struct *user;	/* of uid, referenced */
	struct user_ns *user_ns;
	struct group_info *groups;	/* referenced */
	struct rcu_head rcu;
};

extern struct cred init_cred;

/* A private copy of current's to change; ERR_PTR-free: NULL on no memory. Then cred_commit or cred_abort. */
__must_check struct cred *cred_prepare(void);
int cred_commit(struct cred *c);		/* consumes; sets dumpable, counts processes; 0 or -EAGAIN */
void cred_abort(struct cred *c);
const struct cred *cred_get(const struct cred *c);
void cred_put(const struct cred *c);
/* Another task's real credentials, referenced. */
const struct cred *task_cred_get(struct task *t);
/* Act with others for a scope (faccessat). Returns the old; give it back. */
const struct cred *cred_override(const struct cred *c);
void cred_revert(const struct cred *old);

const struct cred *current_cred(void);
#define current_uid()	(current_cred()->uid)
#define current_euid()	(current_cred()->euid)
#define current_fsuid()	(current_cred()->fsuid)
#define current_fsgid()	(current_cred()->fsgid)

static inline kuid_t kuid(u32 v) { return (kuid_t){ v }; }
static inline kgid_t kgid(u32 v) { return (kgid_t){ v }; }
static inline bool uid_eq(kuid_t a, kuid_t b) { return a.v == b.v; }
static inline bool gid_eq(kgid_t a, kgid_t b) { return a.v == b.v; }
/* Between user space's numbers (in a user namespace) and ours; invalid: ~0. */
kuid_t make_kuid(struct user_ns *ns, u32 uid);
kgid_t make_kgid(struct user_ns *ns, u32 gid);
u32 from_kuid(struct user_ns *ns, kuid_t uid);
u32 from_kgid(struct user_ns *ns, kgid_t gid);
static inline bool uid_valid(kuid_t u) { return u.v != ~0u; }
static inline bool gid_valid(kgid_t g) { return g.v != ~0u; }

bool ns_capable(const struct cred *c, const struct user_ns *ns, int cap);
/* current, in the initial namespace. */
bool capable(int cap);
bool in_group(kgid_t gid);			/* fsgid or supplementary */
bool in_egroup(kgid_t gid);
/* May current look into or trace t? ptrace's rules (mode PTRACE_MODE_*). */
bool ptrace_may_access(struct task *t, u32 mode);
#define PTRACE_MODE_READ	0x01u
#define PTRACE_MODE_ATTACH	0x02u
#define PTRACE_MODE_FSCREDS	0x08u
#define PTRACE_MODE_REALCREDS	0x10u

bool ptrace_tracer_capable(void);		/* current is not traced, or by one with CAP_SYS_PTRACE */

/* execve: set-id bits, file capabilities, ambient (kernel/security/exec_caps.c). secure: AT_SECURE. May sleep. */
struct file;
__must_check int cred_for_exec(struct cred *c, struct file *f, bool *secure);

void groups_put(struct group_info *g);
struct user_struct *user_get(kuid_t uid);	/* NULL: no memory */
void user_put(struct user_struct *u);

#endif
