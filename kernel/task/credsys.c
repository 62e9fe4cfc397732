/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The system calls on identity: user and group ids, supplementary groups, capability sets
 * (credentials(7), capabilities(7)). Each makes a copy, checks, commits.
 */
#include <base/math.h>
#include <base/string.h>
#include <core/rcu.h>
#include <kernel/syscall.h>
#include <uapi/linux/limits.h>
#include "internal.h"

#define NO_ID	(~0u)

long sys_getuid(void) { return from_kuid(&init_user_ns, current_cred()->uid); }
long sys_geteuid(void) { return from_kuid(&init_user_ns, current_cred()->euid); }
long sys_getgid(void) { return from_kgid(&init_user_ns, current_cred()->gid); }
long sys_getegid(void) { return from_kgid(&init_user_ns, current_cred()->egid); }

/* ---- user ids ---- */

/* Capabilities follow the user ids unless securebits say otherwise (capabilities(7), "Effect of user ID changes"). */
static void fixup_caps(struct cred *n, const struct cred *old)
{
	bool had_root = !old->uid.v || !old->euid.v || !old->suid.v;
	bool has_root = !n->uid.v || !n->euid.v || !n->suid.v;

	if (n->securebits & (1u << SECURE_NO_SETUID_FIXUP))
		return;
	if (had_root && !has_root) {
		if (!(n->securebits & (1u << SECURE_KEEP_CAPS))) {
			n->permitted = CAP_NONE;
			n->effective = CAP_NONE;
		}
		n->ambient = CAP_NONE;
	}
	if (!old->euid.v && n->euid.v)
		n->effective = CAP_NONE;
	if (old->euid.v && !n->euid.v)
		n->effective = n->permitted;
}

static int change_user(struct cred *n)
{
	struct user_struct *u;

	if (uid_eq(n->uid, n->user->uid))
		return 0;
	u = user_get(n->uid);
	if (!u)
		return -EAGAIN;
	user_put(n->user);
	n->user = u;
	return 0;
}

static long commit_ids(struct cred *n)
{
	int err = change_user(n);

	if (err) {
		cred_abort(n);
		return err;
	}
	fixup_caps(n, current_cred());
	return cred_commit(n);
}

static bool is_mine(const struct cred *c, kuid_t id)
{
	return uid_eq(id, c->uid) || uid_eq(id, c->euid) || uid_eq(id, c->suid);
}

static bool is_my_group(const struct cred *c, kgid_t id)
{
	return gid_eq(id, c->gid) || gid_eq(id, c->egid) || gid_eq(id, c->sgid);
}

long sys_setuid(u32 uid)
{
	const struct cred *old = current_cred();
	struct cred *n;
	kuid_t id = kuid(uid);

	if (!uid_valid(id))
		return -EINVAL;
	n = cred_prepare();
	if (!n)
		return -ENOMEM;
	if (capable(CAP_SETUID)) {
		n->uid = id;
		n->suid = id;
	} else if (!uid_eq(id, old->uid) && !uid_eq(id, old->suid)) {
		cred_abort(n);
		return -EPERM;
	}
	n->euid = id;
	n->fsuid = id;
	return commit_ids(n);
}

long sys_setreuid(u32 ruid, u32 euid)
{
	const struct cred *old = current_cred();
	bool mighty = capable(CAP_SETUID);
	struct cred *n = cred_prepare();

	if (!n)
		return -ENOMEM;
	if (ruid != NO_ID) {
		n->uid = kuid(ruid);
		if (!mighty && !uid_eq(n->uid, old->uid) && !uid_eq(n->uid, old->euid))
			goto eperm;
	}
	if (euid != NO_ID) {
		n->euid = kuid(euid);
		if (!mighty && !is_mine(old, n->euid))
			goto eperm;
	}
	if (ruid != NO_ID || (euid != NO_ID && !uid_eq(n->euid, old->uid)))
		n->suid = n->euid;
	n->fsuid = n->euid;
	return commit_ids(n);
eperm:
	cred_abort(n);
	return -EPERM;
}

long sys_setresuid(u32 ruid, u32 euid, u32 suid)
{
	const struct cred *old = current_cred();
	struct cred *n;

	if (!capable(CAP_SETUID) &&
	    ((ruid != NO_ID && !is_mine(old, kuid(ruid))) || (euid != NO_ID && !is_mine(old, kuid(euid))) ||
	     (suid != NO_ID && !is_mine(old, kuid(suid)))))
		return -EPERM;
	n = cred_prepare();
	if (!n)
		return -ENOMEM;
	if (ruid != NO_ID)
		n->uid = kuid(ruid);
	if (euid != NO_ID)
		n->euid = kuid(euid);
	if (suid != NO_ID)
		n->suid = kuid(suid);
	n->fsuid = n->euid;
	return commit_ids(n);
}

static long put3(uout_u32 a, uout_u32 b, uout_u32 c, u32 va, u32 vb, u32 vc)
{
	if (copy_out(a, &va) || copy_out(b, &vb) || copy_out(c, &vc))
		return -EFAULT;
	return 0;
}

long sys_getresuid(uout_u32 ruid, uout_u32 euid, uout_u32 suid)
{
	const struct cred *c = current_cred();

	return put3(ruid, euid, suid, c->uid.v, c->euid.v, c->suid.v);
}

/* The old one is the result, whether it changed or not. */
long sys_setfsuid(u32 uid)
{
	const struct cred *old = current_cred();
	u32 was = old->fsuid.v;
	struct cred *n;
	u64 fs_caps = CAP_BIT(CAP_CHOWN) | CAP_BIT(CAP_MKNOD) | CAP_BIT(CAP_DAC_OVERRIDE) |
		CAP_BIT(CAP_DAC_READ_SEARCH) | CAP_BIT(CAP_FOWNER) | CAP_BIT(CAP_FSETID) |
		CAP_BIT(CAP_LINUX_IMMUTABLE) | CAP_BIT(CAP_MAC_OVERRIDE);

	if (uid == NO_ID || uid == was ||
	    (!is_mine(old, kuid(uid)) && !uid_eq(kuid(uid), old->fsuid) && !capable(CAP_SETUID)))
		return was;
	n = cred_prepare();
	if (!n)
		return was;
	n->fsuid = kuid(uid);
	if (!(n->securebits & (1u << SECURE_NO_SETUID_FIXUP))) {
		if (!was && uid)
			n->effective.v &= ~fs_caps;
		else if (was && !uid)
			n->effective.v |= n->permitted.v & fs_caps;
	}
	(void)cred_commit(n);
	return was;
}

/* ---- group ids ---- */

long sys_setgid(u32 gid)
{
	const struct cred *old = current_cred();
	kgid_t id = kgid(gid);
	struct cred *n;

	if (!gid_valid(id))
		return -EINVAL;
	n = cred_prepare();
	if (!n)
		return -ENOMEM;
	if (capable(CAP_SETGID)) {
		n->gid = id;
		n->sgid = id;
	} else if (!gid_eq(id, old->gid) && !gid_eq(id, old->sgid)) {
		cred_abort(n);
		return -EPERM;
	}
	n->egid = id;
	n->fsgid = id;
	return cred_commit(n);
}

long sys_setregid(u32 rgid, u32 egid)
{
	const struct cred *old = current_cred();
	bool mighty = capable(CAP_SETGID);
	struct cred *n = cred_prepare();

	if (!n)
		return -ENOMEM;
	if (rgid != NO_ID) {
		n->gid = kgid(rgid);
		if (!mighty && !gid_eq(n->gid, old->gid) && !gid_eq(n->gid, old->egid))
			goto eperm;
	}
	if (egid != NO_ID) {
		n->egid = kgid(egid);
		if (!mighty && !is_my_group(old, n->egid))
			goto eperm;
	}
	if (rgid != NO_ID || (egid != NO_ID && !gid_eq(n->egid, old->gid)))
		n->sgid = n->egid;
	n->fsgid = n->egid;
	return cred_commit(n);
eperm:
	cred_abort(n);
	return -EPERM;
}

long sys_setresgid(u32 rgid, u32 egid, u32 sgid)
{
	const struct cred *old = current_cred();
	struct cred *n;

	if (!capable(CAP_SETGID) &&
	    ((rgid != NO_ID && !is_my_group(old, kgid(rgid))) || (egid != NO_ID && !is_my_group(old, kgid(egid))) ||
	     (sgid != NO_ID && !is_my_group(old, kgid(sgid)))))
		return -EPERM;
	n = cred_prepare();
	if (!n)
		return -ENOMEM;
	if (rgid != NO_ID)
		n->gid = kgid(rgid);
	if (egid != NO_ID)
		n->egid = kgid(egid);
	if (sgid != NO_ID)
		n->sgid = kgid(sgid);
	n->fsgid = n->egid;
	return cred_commit(n);
}

long sys_getresgid(uout_u32 rgid, uout_u32 egid, uout_u32 sgid)
{
	const struct cred *c = current_cred();

	return put3(rgid, egid, sgid, c->gid.v, c->egid.v, c->sgid.v);
}

long sys_setfsgid(u32 gid)
{
	const struct cred *old = current_cred();
	u32 was = old->fsgid.v;
	struct cred *n;

	if (gid == NO_ID || gid == was ||
	    (!is_my_group(old, kgid(gid)) && !gid_eq(kgid(gid), old->fsgid) && !capable(CAP_SETGID)))
		return was;
	n = cred_prepare();
	if (!n)
		return was;
	n->fsgid = kgid(gid);
	(void)cred_commit(n);
	return was;
}

/* ---- supplementary groups ---- */

long sys_getgroups(int size, uout_u32 list)
{
	const struct group_info *g = current_cred()->groups;

	if (size < 0)
		return -EINVAL;
	if (!size)
		return (long)g->nr;
	if ((u32)size < g->nr)
		return -EINVAL;
	for (u32 i = 0; i < g->nr; i++)
		if (copy_out(uout_index(list, i), &g->gid[i].v))
			return -EFAULT;
	return (long)g->nr;
}

/* Shell sort: small and without recursion. */
static void sort_groups(struct group_info *g)
{
	u32 gap = 1;

	while (gap < g->nr / 3)
		gap = gap * 3 + 1;
	for (; gap; gap /= 3)
		for (u32 i = gap; i < g->nr; i++) {
			kgid_t v = g->gid[i];
			u32 j = i;

			for (; j >= gap && g->gid[j - gap].v > v.v; j -= gap)
				g->gid[j] = g->gid[j - gap];
			g->gid[j] = v;
		}
}

long sys_setgroups(int size, uin_u32 list)
{
	struct group_info *g;
	struct cred *n;

	if (!capable(CAP_SETGID))
		return -EPERM;
	if ((u32)size > NGROUPS_MAX)
		return -EINVAL;
	g = kmalloc(sizeof(*g) + (size_t)size * sizeof(kgid_t), GFP_KERNEL);
	if (!g)
		return -ENOMEM;
	ref_init(&g->ref, 1);
	g->nr = (u32)size;
	for (u32 i = 0; i < g->nr; i++) {
		if (copy_in(&g->gid[i].v, uin_index(list, i))) {
			kfree(g);
			return -EFAULT;
		}
		if (!gid_valid(g->gid[i])) {
			kfree(g);
			return -EINVAL;
		}
	}
	sort_groups(g);
	n = cred_prepare();
	if (!n) {
		kfree(g);
		return -ENOMEM;
	}
	groups_put(n->groups);
	n->groups = g;
	return cred_commit(n);
}

/* ---- capability sets ---- */

/* How many 32-bit words a version has; an unknown one is answered with ours. */
static int cap_words(uio_cap_header header, struct __user_cap_header_struct *h, u32 *words)
{
	u32 ours = _LINUX_CAPABILITY_VERSION_3;

	if (copy_in(h, header))
		return -EFAULT;
	switch (h->version) {
	case _LINUX_CAPABILITY_VERSION_1:
		*words = _LINUX_CAPABILITY_U32S_1;
		return 0;
	case _LINUX_CAPABILITY_VERSION_2:
	case _LINUX_CAPABILITY_VERSION_3:
		*words = _LINUX_CAPABILITY_U32S_2;
		return 0;
	default:
		if (copy_out_bytes(uptr_addr(header), &ours, sizeof(ours)))
			return -EFAULT;
		return -EINVAL;
	}
}

long sys_capget(uio_cap_header header, uout_cap_data data)
{
	struct __user_cap_header_struct h;
	struct __user_cap_data_struct d[2];
	const struct cred *c;
	struct task *t;
	u32 words;
	int err;

	err = cap_words(header, &h, &words);
	if (err)	/* asking for the version with no data is fine */
		return err == -EINVAL && uptr_null(data) ? 0 : err;
	if (h.pid < 0)
		return -EINVAL;
	rcu_read_lock();
	t = h.pid ? task_find(h.pid) : current;
	if (!t) {
		rcu_read_unlock();
		return -ESRCH;
	}
	c = rcu_dereference(t->real_cred);
	for (int i = 0; i < 2; i++) {
		d[i].effective = (u32)(c->effective.v >> (32 * i));
		d[i].permitted = (u32)(c->permitted.v >> (32 * i));
		d[i].inheritable = (u32)(c->inheritable.v >> (32 * i));
	}
	rcu_read_unlock();
	if (uptr_null(data))
		return -EFAULT;
	return copy_out_n(data, d, words);
}

long sys_capset(uio_cap_header header, uin_cap_data data)
{
	struct __user_cap_header_struct h;
	struct __user_cap_data_struct d[2] = { { 0 }, { 0 } };
	const struct cred *old = current_cred();
	u64 effective, permitted, inheritable;
	struct cred *n;
	u32 words;
	int err;

	err = cap_words(header, &h, &words);
	if (err)
		return err;
	if (h.pid && h.pid != task_tid_vnr(current))
		return -EPERM;
	if (copy_in_n(d, data, words))
		return -EFAULT;
	effective = (d[0].effective | (u64)d[1].effective << 32) & CAP_FULL.v;
	permitted = (d[0].permitted | (u64)d[1].permitted << 32) & CAP_FULL.v;
	inheritable = (d[0].inheritable | (u64)d[1].inheritable << 32) & CAP_FULL.v;
	if ((inheritable & ~(old->inheritable.v | old->permitted.v) && !capable(CAP_SETPCAP)) ||
	    inheritable & ~(old->inheritable.v | old->bset.v) || permitted & ~old->permitted.v ||
	    effective & ~permitted)
		return -EPERM;
	n = cred_prepare();
	if (!n)
		return -ENOMEM;
	n->effective.v = effective;
	n->permitted.v = permitted;
	n->inheritable.v = inheritable;
	n->ambient.v &= permitted & inheritable;
	return cred_commit(n);
}
