/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Names of AF_UNIX sockets: files, found by their inode, and abstract names, found by their bytes.
 * One table holds both; table_lock guards it.
 */
#include <base/err.h>
#include <base/hash.h>
#include <base/math.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/slab.h>
#include <fs/mount.h>
#include <fs/posix_acl.h>

#include "internal.h"

#define HASH_BITS	8
#define NAME_OFF	offsetof(struct sockaddr_un, sun_path)

static DEFINE_SPINLOCK(table_lock, OBJECT);
static struct hlist_head table[1 << HASH_BITS];

void unix_addr_put(struct unix_addr *a)
{
	if (a && ref_put(&a->ref))
		kfree(a);
}

int unix_addr_out(struct unix_addr *a, struct sockaddr_storage *out)
{
	static_assert(sizeof(struct sockaddr_un) <= sizeof(struct sockaddr_storage), "fits");
	memset(out, 0, sizeof(*out));
	out->ss_family = AF_UNIX;
	if (!a)
		return sizeof(out->ss_family);
	static_assert(offsetof(struct unix_addr, nul) == offsetof(struct unix_addr, name) + sizeof(a->name), "one text");
	memcpy(out, (const char *)a + offsetof(struct unix_addr, name), (size_t)a->len);
	return a->len;
}

/* Check an address. 0; *abstract; *len cut to a path's NUL. */
static int check_name(const struct sockaddr_un *n, int *len, bool *abstract)
{
	if (*len <= (int)NAME_OFF || *len > (int)sizeof(*n) || n->sun_family != AF_UNIX)
		return -EINVAL;
	*abstract = !n->sun_path[0];
	if (!*abstract)
		*len = (int)(NAME_OFF + strnlen(n->sun_path, (size_t)*len - NAME_OFF) + 1);
	return 0;
}

static u32 abstract_hash(const struct sockaddr_un *n, int len, int type)
{
	u32 h = hash_name(n->sun_path, (size_t)len - NAME_OFF, (u64)type);

	return h & ((1 << HASH_BITS) - 1);
}

static struct unix_addr *addr_new(const struct sockaddr_un *n, int len)
{
	struct unix_addr *a = kzalloc(sizeof(*a), GFP_KERNEL);

	if (!a)
		return NULL;
	ref_init(&a->ref, 1);
	a->len = min_t(int, len, sizeof(a->name) + 1);
	memcpy(&a->name, n, min_t(size_t, (size_t)a->len, sizeof(a->name)));
	return a;
}

/* table_lock held. */
static struct unix_sock *find_abstract(const struct sockaddr_un *n, int len, int type)
{
	struct unix_sock *u;

	hlist_for_each_entry(u, &table[abstract_hash(n, len, type)], hash)
		if (u->c.type == type && !u->path.dentry && u->addr->len == len && !memcmp(&u->addr->name, n, (size_t)len))
			return u;
	return NULL;
}

static int bind_abstract(struct unix_sock *u, struct unix_addr *a)
{
	int err = 0;

	spin_lock(&table_lock);
	if (find_abstract(&a->name, a->len, u->c.type)) {
		err = -EADDRINUSE;
	} else {
		u->addr = a;
		hlist_add_head(&u->hash, &table[abstract_hash(&a->name, a->len, u->c.type)]);
	}
	spin_unlock(&table_lock);
	return err;
}

static int make_node(const char *path, struct path *res)
{
	struct filename *name = filename_kernel(path);
	umode_t mode;
	struct path parent;
	struct dentry *d;
	int err;

	if (IS_ERR(name))
		return (int)PTR_ERR(name);
	d = path_create(AT_FDCWD, name, 0, false, &parent);
	filename_put(name);
	if (IS_ERR(d))
		return PTR_ERR(d) == -EEXIST ? -EADDRINUSE : (int)PTR_ERR(d);
	mode = posix_acl_umask(parent.dentry->inode, S_IFSOCK | 0777);
	err = vfs_mknod(parent.dentry->inode, d, mode, mkdev(0, 0));
	if (!err) {
		res->mnt = parent.mnt;
		res->dentry = d;
		path_get(res);
	}
	path_create_done(&parent, d);
	return err;
}

static int bind_path(struct unix_sock *u, struct unix_addr *a)
{
	char path[sizeof(a->name.sun_path) + 1];
	size_t n = (size_t)a->len - NAME_OFF;
	struct path p;
	int err;

	memcpy(path, a->name.sun_path, min_t(size_t, n, sizeof(path) - 1));
	path[min_t(size_t, n, sizeof(path) - 1)] = '\0';
	err = make_node(path, &p);
	if (err)
		return err;
	spin_lock(&table_lock);
	u->path = p;
	u->addr = a;
	hlist_add_head(&u->hash, &table[hash_ptr(p.dentry->inode, HASH_BITS)]);
	spin_unlock(&table_lock);
	return 0;
}

int unix_bind(struct socket *s, const struct sockaddr_storage *sa, int len)
{
	const struct sockaddr_un *n = (const struct sockaddr_un *)sa;
	struct unix_sock *u = unix_sk(s);
	struct unix_addr *a;
	bool abstract;
	int err;

	if (len == (int)NAME_OFF && n->sun_family == AF_UNIX)
		return unix_autobind(u);
	err = check_name(n, &len, &abstract);
	if (err)
		return err;
	a = addr_new(n, len);
	if (!a)
		return -ENOMEM;
	mutex_lock(&u->bind_mutex);
	if (u->addr)
		err = -EINVAL;
	else
		err = abstract ? bind_abstract(u, a) : bind_path(u, a);
	mutex_unlock(&u->bind_mutex);
	if (err)
		unix_addr_put(a);
	return err;
}

/* A free abstract name of five hexadecimal digits. */
int unix_autobind(struct unix_sock *u)
{
	struct sockaddr_un n = { .sun_family = AF_UNIX };
	static u32 next;
	struct unix_addr *a;
	int err = 0;

	mutex_lock(&u->bind_mutex);
	for (u32 tries = 0; !u->addr && tries < 0x100000; tries++) {
		char digits[8];

		scnprintf(digits, sizeof(digits), "%05x", __atomic_fetch_add(&next, 1, __ATOMIC_RELAXED) & 0xfffff);
		memcpy(n.sun_path + 1, digits, 5);
		a = addr_new(&n, (int)NAME_OFF + 6);
		err = a ? bind_abstract(u, a) : -ENOMEM;
		if (err)
			unix_addr_put(a);
		if (err != -EADDRINUSE)
			break;
	}
	mutex_unlock(&u->bind_mutex);
	return err == -EADDRINUSE ? -ENOSPC : err;
}

void unix_unbind(struct unix_sock *u)
{
	struct path p;

	mutex_lock(&u->bind_mutex);
	spin_lock(&table_lock);
	hlist_del_init(&u->hash);
	p = u->path;
	u->path = (struct path){ NULL, NULL };
	spin_unlock(&table_lock);
	mutex_unlock(&u->bind_mutex);
	if (p.dentry)
		path_put(&p);
}

static struct unix_sock *find_path(const char *path, int type)
{
	struct unix_sock *u, *found = NULL;
	struct inode *inode;
	struct path p;
	int err = kern_path(path, LOOKUP_FOLLOW, &p);

	if (err)
		return ERR_PTR(err);
	inode = p.dentry->inode;
	err = inode_check_permission(inode, MAY_WRITE);
	if (err)
		goto out;
	err = -ECONNREFUSED;
	if ((inode->mode & S_IFMT) != S_IFSOCK)
		goto out;
	spin_lock(&table_lock);
	hlist_for_each_entry(u, &table[hash_ptr(inode, HASH_BITS)], hash)
		if (u->path.dentry && u->path.dentry->inode == inode) {
			found = u;
			unix_get(u);
			break;
		}
	spin_unlock(&table_lock);
	if (found && found->c.type != type) {
		unix_put(found);
		found = NULL;
		err = -EPROTOTYPE;
	}
out:
	path_put(&p);
	return found ? found : ERR_PTR(err);
}

struct unix_sock *unix_find(const struct sockaddr_storage *sa, int len, int type)
{
	const struct sockaddr_un *n = (const struct sockaddr_un *)sa;
	char path[sizeof(n->sun_path) + 1];
	struct unix_sock *u;
	bool abstract;
	int err = check_name(n, &len, &abstract);

	if (err)
		return ERR_PTR(err);
	if (!abstract) {
		size_t l = strnlen(n->sun_path, sizeof(n->sun_path));

		memcpy(path, n->sun_path, l);
		path[l] = '\0';
		return find_path(path, type);
	}
	spin_lock(&table_lock);
	u = find_abstract(n, len, type);
	if (u)
		unix_get(u);
	spin_unlock(&table_lock);
	return u ? u : ERR_PTR(-ECONNREFUSED);
}

int unix_getname(struct socket *s, struct sockaddr_storage *a, bool peer)
{
	struct unix_sock *u = unix_sk(s);
	int len;

	if (peer) {
		u = unix_peer_get(u);
		if (!u)
			return -ENOTCONN;
	}
	len = unix_addr_out(READ_ONCE(u->addr), a);
	if (peer)
		unix_put(u);
	return len;
}
