/* SPDX-License-Identifier: MPL-2.0 */
/*
 * POSIX access control lists, acl(5): what they allow, how they are inherited, how mode and list follow
 * each other, and the form user space knows (system.posix_acl_access and _default).
 *
 * A list is immutable. The inode's pointers are read under RCU and changed under state_lock; lists are
 * freed by RCU.
 */
#include "internal.h"
#include <base/byteorder.h>
#include <core/slab.h>
#include <fs/posix_acl.h>
#include <uapi/linux/xattr.h>

#define XATTR_ACL_VERSION	2u

struct xattr_acl_entry {
	le16_t tag, perm;
	le32_t id;
};

struct posix_acl *posix_acl_alloc(u32 n)
{
	struct posix_acl *a = kzalloc(sizeof(*a) + n * sizeof(a->e[0]), GFP_NOFS);

	if (a) {
		ref_init(&a->ref, 1);
		a->n = n;
	}
	return a;
}

static void acl_free_rcu(struct rcu_head *h)
{
	kfree(container_of(h, struct posix_acl, rcu));
}

void posix_acl_put(struct posix_acl *a)
{
	if (a && ref_put(&a->ref))
		call_rcu(&a->rcu, acl_free_rcu);
}

static struct posix_acl *acl_clone(const struct posix_acl *a)
{
	struct posix_acl *c = posix_acl_alloc(a->n);

	if (c)
		memcpy(c->e, a->e, a->n * sizeof(a->e[0]));
	return c;
}

int posix_acl_valid(const struct posix_acl *a)
{
	u32 last = 0, seen = 0;
	bool need_mask = false;

	for (u32 i = 0; i < a->n; i++) {
		u32 tag = a->e[i].tag;

		if (a->e[i].perm & ~7u || tag < last)
			return -EINVAL;
		switch (tag) {
		case ACL_USER: case ACL_GROUP:
			if (a->e[i].id == ACL_UNDEFINED_ID)
				return -EINVAL;
			need_mask = true;
			break;
		case ACL_USER_OBJ: case ACL_GROUP_OBJ: case ACL_MASK: case ACL_OTHER:
			if (seen & tag)
				return -EINVAL;
			break;
		default:
			return -EINVAL;
		}
		seen |= tag;
		last = tag;
	}
	if ((seen & (ACL_USER_OBJ | ACL_GROUP_OBJ | ACL_OTHER)) != (ACL_USER_OBJ | ACL_GROUP_OBJ | ACL_OTHER))
		return -EINVAL;
	return need_mask && !(seen & ACL_MASK) ? -EINVAL : 0;
}

/* --- the cache --- */

static inline bool has_acls(const struct inode *inode)
{
	return inode->sb->flags & SB_POSIXACL && !S_ISLNK_I(inode);
}

void posix_acl_cache(struct inode *inode, int type, struct posix_acl *a)
{
	struct posix_acl *old;

	if (a)
		ref_get(&a->ref);
	spin_lock(&inode->state_lock);
	old = inode->acl[type];
	rcu_assign_pointer(inode->acl[type], a);
	spin_unlock(&inode->state_lock);
	if (old != ACL_NOT_READ)
		posix_acl_put(old);
}

void posix_acl_drop_cache(struct inode *inode)
{
	for (int type = 0; type < 2; type++) {
		struct posix_acl *a = inode->acl[type];

		inode->acl[type] = NULL;
		if (a != ACL_NOT_READ)
			posix_acl_put(a);
	}
}

static struct posix_acl *cached(struct inode *inode, int type)
{
	struct posix_acl *a;

	rcu_read_lock();
	do
		a = rcu_dereference(inode->acl[type]);
	while (a && a != ACL_NOT_READ && !ref_get_unless_zero(&a->ref));
	rcu_read_unlock();
	return a;
}

struct posix_acl *posix_acl_get(struct inode *inode, int type)
{
	struct posix_acl *a;

	if (!has_acls(inode))
		return NULL;
	a = cached(inode, type);
	if (a != ACL_NOT_READ)
		return a;
	a = inode_get_acl(inode, type);
	if (IS_ERR(a))
		return a;
	spin_lock(&inode->state_lock);
	/* Unless somebody set another one meanwhile. */
	if (inode->acl[type] == ACL_NOT_READ) {
		if (a)
			ref_get(&a->ref);
		rcu_assign_pointer(inode->acl[type], a);
		spin_unlock(&inode->state_lock);
		return a;
	}
	spin_unlock(&inode->state_lock);
	posix_acl_put(a);
	return posix_acl_get(inode, type);
}

/* --- permission --- */

static bool allows(const struct posix_acl *a, const struct posix_acl_entry *e, u32 want)
{
	if (e->tag != ACL_USER_OBJ && e->tag != ACL_OTHER) {
		for (u32 i = 0; i < a->n; i++)
			if (a->e[i].tag == ACL_MASK)
				return (e->perm & a->e[i].perm & want) == want;
	}
	return (e->perm & want) == want;
}

static int check(const struct inode *inode, const struct posix_acl *a, u32 want)
{
	bool in_some_group = false;

	for (u32 i = 0; i < a->n; i++) {
		const struct posix_acl_entry *e = &a->e[i];
		bool match;

		switch (e->tag) {
		case ACL_USER_OBJ:
			if (uid_eq(inode->uid, current_fsuid()))
				return allows(a, e, want) ? 0 : -EACCES;
			break;
		case ACL_USER:
			if (uid_eq(kuid(e->id), current_fsuid()))
				return allows(a, e, want) ? 0 : -EACCES;
			break;
		case ACL_GROUP_OBJ: case ACL_GROUP:
			match = in_group(e->tag == ACL_GROUP ? kgid(e->id) : inode->gid);
			if (match && allows(a, e, want))
				return 0;
			in_some_group |= match;
			break;
		case ACL_OTHER:
			return !in_some_group && allows(a, e, want) ? 0 : -EACCES;
		}
	}
	return -EIO;
}

int posix_acl_permission(struct inode *inode, int mask)
{
	struct posix_acl *a;
	int r;

	if (!has_acls(inode))
		return -EAGAIN;
	rcu_read_lock();
	a = rcu_dereference(inode->acl[ACL_TYPE_ACCESS]);
	if (a != ACL_NOT_READ) {
		r = a ? check(inode, a, (u32)mask & 7) : -EAGAIN;
		rcu_read_unlock();
		return r;
	}
	rcu_read_unlock();
	if (mask & MAY_NOT_BLOCK)
		return -ECHILD;
	a = posix_acl_get(inode, ACL_TYPE_ACCESS);
	if (IS_ERR(a))
		return (int)PTR_ERR(a);
	r = a ? check(inode, a, (u32)mask & 7) : -EAGAIN;
	posix_acl_put(a);
	return r;
}

/* --- mode and list --- */

/* The mode that says as much as the list. 0: it says all; 1: the list says more. */
static int to_mode(const struct posix_acl *a, umode_t *mode)
{
	umode_t m = 0;
	int more = 0;

	for (u32 i = 0; i < a->n; i++) {
		umode_t p = a->e[i].perm & 7;

		switch (a->e[i].tag) {
		case ACL_USER_OBJ:
			m |= (umode_t)(p << 6);
			break;
		case ACL_GROUP_OBJ:
			m |= (umode_t)(p << 3);
			break;
		case ACL_OTHER:
			m |= p;
			break;
		case ACL_MASK:
			m = (umode_t)((m & ~S_IRWXG) | p << 3);
			more = 1;
			break;
		default:
			more = 1;
		}
	}
	*mode = (umode_t)((*mode & ~S_IRWXUGO) | m);
	return more;
}

/* Where the group bits of a mode live. */
static struct posix_acl_entry *group_entry(struct posix_acl *a)
{
	struct posix_acl_entry *g = NULL;

	for (u32 i = 0; i < a->n; i++) {
		if (a->e[i].tag == ACL_MASK)
			return &a->e[i];
		if (a->e[i].tag == ACL_GROUP_OBJ)
			g = &a->e[i];
	}
	return g;
}

/* Both lose what the other does not grant. 1: the list says more than the mode. */
static int narrow(struct posix_acl *a, umode_t *mode)
{
	struct posix_acl_entry *g = group_entry(a);
	umode_t m = *mode, ignored = 0;

	for (u32 i = 0; i < a->n; i++) {
		struct posix_acl_entry *e = &a->e[i];
		u32 shift;

		if (e->tag == ACL_USER_OBJ)
			shift = 6;
		else if (e->tag == ACL_OTHER)
			shift = 0;
		else if (e == g)
			shift = 3;
		else
			continue;
		e->perm &= m >> shift & 7;
		m &= (umode_t)(e->perm << shift | ~(7u << shift));
	}
	*mode = m;
	return to_mode(a, &ignored);
}

umode_t posix_acl_umask(struct inode *dir, umode_t mode)
{
	umode_t masked = mode & (umode_t)~(READ_ONCE(current->fs->umask) & S_IRWXUGO);
	struct posix_acl *a;

	if (!(dir->sb->flags & SB_POSIXACL))
		return masked;
	a = posix_acl_get(dir, ACL_TYPE_DEFAULT);
	if (!a || IS_ERR(a))
		return masked;
	posix_acl_put(a);
	return mode;
}

int posix_acl_inherit(struct inode *dir, umode_t *mode, struct posix_acl **acl, struct posix_acl **deflt)
{
	struct posix_acl *d, *c;

	*acl = *deflt = NULL;
	if (!dir || S_ISLNK(*mode))
		return 0;
	d = posix_acl_get(dir, ACL_TYPE_DEFAULT);
	if (!d || IS_ERR(d))
		return d ? (int)PTR_ERR(d) : 0;
	c = acl_clone(d);
	if (!c) {
		posix_acl_put(d);
		return -ENOMEM;
	}
	if (narrow(c, mode))
		*acl = c;
	else
		posix_acl_put(c);
	if (S_ISDIR(*mode))
		*deflt = d;
	else
		posix_acl_put(d);
	return 0;
}

static int set_acl(struct inode *inode, int type, struct posix_acl *a, umode_t mode)
{
	int err = inode_set_acl(inode, type, a, mode);

	if (!err)
		posix_acl_cache(inode, type, a);
	return err;
}

int posix_acl_chmod(struct inode *inode)
{
	struct posix_acl *a = posix_acl_get(inode, ACL_TYPE_ACCESS), *c;
	umode_t mode = inode->mode;
	int err;

	if (!a || IS_ERR(a))
		return a ? (int)PTR_ERR(a) : 0;
	c = acl_clone(a);
	posix_acl_put(a);
	if (!c)
		return -ENOMEM;
	for (u32 i = 0; i < c->n; i++) {
		if (c->e[i].tag == ACL_USER_OBJ)
			c->e[i].perm = mode >> 6 & 7;
		else if (c->e[i].tag == ACL_OTHER)
			c->e[i].perm = mode & 7;
	}
	group_entry(c)->perm = mode >> 3 & 7;
	err = set_acl(inode, ACL_TYPE_ACCESS, c, mode);
	posix_acl_put(c);
	return err;
}

/* --- for memory file systems: the cached lists are the only ones --- */

int posix_acl_init_memory(struct inode *inode, struct inode *dir)
{
	struct posix_acl *acl, *deflt;
	umode_t mode = inode->mode;
	int err = posix_acl_inherit(dir, &mode, &acl, &deflt);

	if (err)
		return err;
	inode->mode = mode;
	posix_acl_cache(inode, ACL_TYPE_ACCESS, acl);
	posix_acl_cache(inode, ACL_TYPE_DEFAULT, deflt);
	posix_acl_put(acl);
	posix_acl_put(deflt);
	return 0;
}

int posix_acl_set_memory(struct inode *inode, int type, struct posix_acl *acl, umode_t mode)
{
	WRITE_ONCE(inode->mode, mode);
	inode_touch_ctime(inode);
	return 0;
}

ssize_t posix_acl_list_memory(struct inode *inode, char *buf, size_t size)
{
	static const char *const names[2] = { XATTR_NAME_POSIX_ACL_ACCESS, XATTR_NAME_POSIX_ACL_DEFAULT };
	ssize_t at = 0;

	for (int i = 0; i < 2; i++) {
		size_t len = strlen(names[i]) + 1;

		if (!READ_ONCE(inode->acl[i]))
			continue;
		if (size) {
			if ((size_t)at + len > size)
				return -ERANGE;
			memcpy(buf + at, names[i], len);
		}
		at += (ssize_t)len;
	}
	return at;
}

/* --- as extended attributes --- */

bool posix_acl_name(const char *name, int *type)
{
	if (streq(name, XATTR_NAME_POSIX_ACL_ACCESS))
		*type = ACL_TYPE_ACCESS;
	else if (streq(name, XATTR_NAME_POSIX_ACL_DEFAULT))
		*type = ACL_TYPE_DEFAULT;
	else
		return false;
	return true;
}

ssize_t posix_acl_getxattr(struct inode *inode, int type, void *buf, size_t size)
{
	struct user_ns *ns = current_cred()->user_ns;
	struct posix_acl *a;
	u8 *p = buf;
	size_t n;

	if (!has_acls(inode))
		return -EOPNOTSUPP;
	a = posix_acl_get(inode, type);
	if (!a || IS_ERR(a))
		return a ? PTR_ERR(a) : -ENODATA;
	n = 4 + a->n * sizeof(struct xattr_acl_entry);
	if (size && size < n) {
		posix_acl_put(a);
		return -ERANGE;
	}
	if (size) {
		le32_t version = to_le32(XATTR_ACL_VERSION);

		memcpy(p, &version, 4);
		for (u32 i = 0; i < a->n; i++) {
			struct xattr_acl_entry e = { to_le16(a->e[i].tag), to_le16(a->e[i].perm), to_le32(a->e[i].id) };

			if (a->e[i].tag == ACL_USER)
				e.id = to_le32(from_kuid(ns, kuid(a->e[i].id)));
			else if (a->e[i].tag == ACL_GROUP)
				e.id = to_le32(from_kgid(ns, kgid(a->e[i].id)));
			memcpy(p + 4 + i * sizeof(e), &e, sizeof(e));
		}
	}
	posix_acl_put(a);
	return (ssize_t)n;
}

/* NULL: the empty list. */
static struct posix_acl *parse(const u8 *p, size_t size)
{
	struct user_ns *ns = current_cred()->user_ns;
	struct posix_acl *a;
	le32_t version;
	u32 n;

	if (size < 4)
		return ERR_PTR(-EINVAL);
	memcpy(&version, p, 4);
	if (le32(version) != XATTR_ACL_VERSION)
		return ERR_PTR(-EOPNOTSUPP);
	if ((size - 4) % sizeof(struct xattr_acl_entry))
		return ERR_PTR(-EINVAL);
	n = (u32)((size - 4) / sizeof(struct xattr_acl_entry));
	if (!n)
		return NULL;
	a = posix_acl_alloc(n);
	if (!a)
		return ERR_PTR(-ENOMEM);
	for (u32 i = 0; i < n; i++) {
		struct xattr_acl_entry e;

		memcpy(&e, p + 4 + i * sizeof(e), sizeof(e));
		a->e[i].tag = le16(e.tag);
		a->e[i].perm = le16(e.perm);
		a->e[i].id = ACL_UNDEFINED_ID;
		if (a->e[i].tag == ACL_USER)
			a->e[i].id = make_kuid(ns, le32(e.id)).v;
		else if (a->e[i].tag == ACL_GROUP)
			a->e[i].id = make_kgid(ns, le32(e.id)).v;
	}
	if (posix_acl_valid(a)) {
		posix_acl_put(a);
		return ERR_PTR(-EINVAL);
	}
	return a;
}

int posix_acl_setxattr(struct inode *inode, int type, const void *v, size_t size)
{
	struct posix_acl *a = NULL;
	umode_t mode = inode->mode;
	int err;

	if (!has_acls(inode))
		return -EOPNOTSUPP;
	if (v && size) {
		a = parse(v, size);
		if (IS_ERR(a))
			return (int)PTR_ERR(a);
	}
	err = -EPERM;
	if (!inode_owner_or_capable(inode))
		goto out;
	if (type == ACL_TYPE_DEFAULT && !S_ISDIR_I(inode)) {
		err = a ? -EACCES : 0;
		goto out;
	}
	if (type == ACL_TYPE_ACCESS && a) {
		if (!to_mode(a, &mode)) {
			posix_acl_put(a);
			a = NULL;
		}
		if (!in_group(inode->gid) && !capable(CAP_FSETID))
			mode &= ~S_ISGID;
	}
	err = set_acl(inode, type, a, mode);
out:
	posix_acl_put(a);
	return err;
}
