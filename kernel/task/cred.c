/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Credentials as objects. A task owns two references: cred, what it acts with, and real_cred, what others
 * judge it by; they differ only inside cred_override(). To change, prepare a copy, change that, commit it.
 * Readers of another task's credentials use RCU. User structs count what a user has; they are found by
 * uid in a small hash under its lock.
 */
#include <base/hash.h>
#include <base/math.h>
#include <core/init.h>
#include <core/rcu.h>
#include <core/slab.h>
#include <mm/mm.h>
#include "internal.h"

#define USER_HASH_BITS	6
static struct hlist_head user_hash[1 << USER_HASH_BITS];	/* [user_lock] */
static DEFINE_SPINLOCK(user_lock, CRED);
static struct kmem_cache *cred_cache;

static int cred_init(void)
{
	cred_cache = kmem_cache_create("cred", sizeof(struct cred), 8, 0, NULL);
	if (!cred_cache)
		return -ENOMEM;
	hlist_add_head(&root_user.hash, &user_hash[hash_u64(0, USER_HASH_BITS)]);
	return 0;
}
INITCALL_CORE(cred_init);

/* ---- users ---- */

/* user_lock held. */
static struct user_struct *user_find(kuid_t uid)
{
	struct user_struct *u;

	hlist_for_each_entry(u, &user_hash[hash_u64(uid.v, USER_HASH_BITS)], hash)
		if (uid_eq(u->uid, uid)) {
			ref_get(&u->ref);
			return u;
		}
	return NULL;
}

struct user_struct *user_get(kuid_t uid)
{
	struct user_struct *u, *fresh;
	u64 flags;

	spin_lock_irqsave(&user_lock, flags);
	u = user_find(uid);
	spin_unlock_irqrestore(&user_lock, flags);
	if (u)
		return u;
	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL);
	if (!fresh)
		return NULL;
	ref_init(&fresh->ref, 1);
	fresh->uid = uid;
	spin_lock_irqsave(&user_lock, flags);
	u = user_find(uid);
	if (!u)
		hlist_add_head(&fresh->hash, &user_hash[hash_u64(uid.v, USER_HASH_BITS)]);
	spin_unlock_irqrestore(&user_lock, flags);
	if (!u)
		return fresh;
	kfree(fresh);
	return u;
}

/* Any context but NMI: signals sent from interrupts are charged to a user. */
void user_put(struct user_struct *u)
{
	bool last;
	u64 flags;

	if (ref_read(&u->ref) > 1) {
		int v = ref_read(&u->ref);

		while (v > 1)
			if (__atomic_compare_exchange_n(&u->ref.v, &v, v - 1, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
				return;
	}
	spin_lock_irqsave(&user_lock, flags);
	last = ref_put(&u->ref);
	if (last)
		hlist_del_init(&u->hash);
	spin_unlock_irqrestore(&user_lock, flags);
	if (last)
		kfree(u);
}

/* ---- groups ---- */

static struct group_info *groups_get(struct group_info *g)
{
	ref_get(&g->ref);
	return g;
}

void groups_put(struct group_info *g)
{
	if (ref_put(&g->ref))
		kfree(g);
}

static bool groups_search(const struct group_info *g, kgid_t gid)
{
	u32 lo = 0, hi = g->nr;

	while (lo < hi) {
		u32 mid = (lo + hi) / 2;

		if (g->gid[mid].v == gid.v)
			return true;
		if (g->gid[mid].v < gid.v)
			lo = mid + 1;
		else
			hi = mid;
	}
	return false;
}

bool in_group(kgid_t gid)
{
	const struct cred *c = current_cred();

	return gid_eq(gid, c->fsgid) || groups_search(c->groups, gid);
}

bool in_egroup(kgid_t gid)
{
	const struct cred *c = current_cred();

	return gid_eq(gid, c->egid) || groups_search(c->groups, gid);
}

/* ---- life ---- */

const struct cred *current_cred(void)
{
	return current->cred;
}

const struct cred *cred_get(const struct cred *c)
{
	ref_get(&((struct cred *)c)->ref);
	return c;
}

static void cred_free(struct rcu_head *head)
{
	struct cred *c = container_of(head, struct cred, rcu);

	user_put(c->user);
	groups_put(c->groups);
	kmem_cache_free(cred_cache, c);
}

void cred_put(const struct cred *cc)
{
	struct cred *c = (struct cred *)cc;

	if (c && ref_put(&c->ref))
		call_rcu(&c->rcu, cred_free);
}

struct cred *cred_alloc_copy(const struct cred *old)
{
	struct cred *c = kmem_cache_alloc(cred_cache, GFP_KERNEL);

	if (!c)
		return NULL;
	*c = *old;
	ref_init(&c->ref, 1);
	ref_get(&c->user->ref);
	groups_get(c->groups);
	return c;
}

struct cred *cred_prepare(void)
{
	return cred_alloc_copy(current->cred);
}

void cred_abort(struct cred *c)
{
	cred_put(c);
}

static bool cap_subset(kcap_t a, kcap_t of)
{
	return !(a.v & ~of.v);
}

/* Has the user that t runs as more processes than its limit lets it have? Root and the mighty have none. */
bool user_over_nproc(const struct task *t)
{
	const struct cred *c = t->real_cred;

	if (uid_eq(c->uid, kuid(0)) || ns_capable(c, &init_user_ns, CAP_SYS_RESOURCE) ||
	    ns_capable(c, &init_user_ns, CAP_SYS_ADMIN))
		return false;
	return (u64)atomic64_read(&c->user->processes) > task_rlimit(t, RLIMIT_NPROC);
}

int cred_commit(struct cred *c)
{
	struct task *t = current;
	const struct cred *old = t->real_cred;

	ASSERT(t->cred == old);
	if (!uid_eq(old->euid, c->euid) || !gid_eq(old->egid, c->egid) || !uid_eq(old->fsuid, c->fsuid) ||
	    !gid_eq(old->fsgid, c->fsgid) || !cap_subset(c->permitted, old->permitted)) {
		if (t->mm)
			WRITE_ONCE(t->mm->dumpable, 0);
		t->pdeath_signal = 0;
		smp_wmb();		/* dumpable before the new identity: ptrace_may_access() */
	}
	if (c->user != old->user) {
		atomic64_inc(&c->user->processes);
		atomic64_dec(&old->user->processes);
	}
	ref_get(&c->ref);		/* cred and real_cred own one each */
	rcu_assign_pointer(t->real_cred, c);
	rcu_assign_pointer(t->cred, c);
	/* A limit that the new user exceeds is enforced by the next execve (a set*id call cannot fail so). */
	if (c->user != old->user) {
		if (user_over_nproc(t))
			t->flags |= PF_NPROC_EXCEEDED;
		else
			t->flags &= ~PF_NPROC_EXCEEDED;
	}
	cred_put(old);
	cred_put(old);
	return 0;
}

const struct cred *task_cred_get(struct task *t)
{
	const struct cred *c;

	rcu_read_lock();
	do {
		c = rcu_dereference(t->real_cred);
	} while (!ref_get_unless_zero(&((struct cred *)c)->ref));
	rcu_read_unlock();
	return c;
}

const struct cred *cred_override(const struct cred *c)
{
	const struct cred *old = current->cred;

	cred_get(c);
	rcu_assign_pointer(current->cred, c);
	return old;
}

void cred_revert(const struct cred *old)
{
	const struct cred *override = current->cred;

	rcu_assign_pointer(current->cred, old);
	cred_put(override);
}

/* ---- numbers of user space: there is only the initial user namespace ---- */

kuid_t make_kuid(struct user_ns *ns, u32 uid)
{
	(void)ns;
	return kuid(uid);
}

kgid_t make_kgid(struct user_ns *ns, u32 gid)
{
	(void)ns;
	return kgid(gid);
}

u32 from_kuid(struct user_ns *ns, kuid_t uid)
{
	(void)ns;
	return uid.v;
}

u32 from_kgid(struct user_ns *ns, kgid_t gid)
{
	(void)ns;
	return gid.v;
}
