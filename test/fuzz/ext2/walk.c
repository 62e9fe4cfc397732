/* SPDX-License-Identifier: MPL-2.0 */
/*
 * One image: mount, read all of it, change things at random, unmount; and what must hold whatever is on the
 * disk: every call ends, says one of a few errors, gives back its locks, and in the end all memory.
 */
#include <base/printf.h>
#include <fs/posix_acl.h>
#include <uapi/linux/falloc.h>
#include <uapi/linux/fs.h>
#include <uapi/linux/xattr.h>
#include "../../../fs/ext2/ext2.h"
#include "host.h"

#define DEPTH_MAX	40
#define ENTRIES_MAX	20000u
#define EXTENTS_MAX	300u
#define POOL_MAX	4000u

extern int host_verbose;
void __lsan_do_leak_check(void);

static struct run *run;
static struct super_block *sb;
static u32 entries;
static u64 longest;			/* readdir: entries seen of one directory */
static struct dentry *pool[POOL_MAX];	/* names found */
static u32 nr_pool;

/* Errors that a whole file system gives, and those of a damaged one. */
static bool damage(long e)
{
	return e == -EUCLEAN || e == -EIO || (e == -ENOMEM && run->fail_alloc);
}

static void check(const char *what, long e, long also1, long also2, long also3)
{
	if (host_verbose)
		printf("%s: %ld\n", what, e);
	if (host_locks)
		host_die("%s: %d locks are held afterwards", what, host_locks);
	if (preempt_count())
		host_die("%s: a spinlock is held afterwards", what);
	if (e >= 0 || (also1 && e == also1) || (also2 && e == also2) || (also3 && e == also3))
		return;
	if (!damage(e))
		host_die("%s: error %ld", what, -e);
	run->errors++;
	if (run->clean && !run->fail_alloc && !run->fail_read && !run->fail_write)
		host_die("%s: error %ld on a whole file system", what, -e);
}

/* --- reading --- */

struct names {
	struct dir_context c;
	u32 room, n;
	u32 size;
	char (*name)[256];
};

static bool emit(struct dir_context *c, const char *name, size_t len, loff_t pos, u64 ino, u32 type)
{
	struct names *v = container_of(c, struct names, c);

	if (!v->room)
		return false;
	if (len > 255 || !len)
		host_die("a name of %zu bytes", len);
	v->room--;
	longest++;
	if (memchr(name, '/', len) || memchr(name, 0, len))
		return true;
	if ((len == 1 && name[0] == '.') || (len == 2 && name[0] == '.' && name[1] == '.'))
		return true;
	if (v->n == v->size) {
		v->size = v->size ? v->size * 2 : 64;
		v->name = realloc(v->name, v->size * sizeof(*v->name));
	}
	memcpy(v->name[v->n], name, len);
	v->name[v->n++][len] = 0;
	return true;
}

static void read_names(struct dentry *d, struct names *v)
{
	struct file f = { .inode = d->inode, .path.dentry = d, .ops = d->inode->fops };
	u64 limit = (u64)d->inode->size / 6 + 1000;

	v->c.emit = emit;
	longest = 0;
	for (;;) {
		loff_t before = v->c.pos;
		int err;

		v->room = 1 + below(100);
		err = f.ops->iterate(&f, &v->c);
		check("readdir", err, 0, 0, 0);
		if (err)
			break;
		if (v->c.pos < before)
			host_die("readdir goes back: %lld, %lld", (long long)before, (long long)v->c.pos);
		if (v->room)
			break;
		if (longest > limit)
			host_die("readdir of inode %llu does not end: %llu entries in %lld bytes", (unsigned long long)f.inode->ino,
			    (unsigned long long)longest, (long long)f.inode->size);
	}
}

static void read_xattrs(struct inode *inode)
{
	static char list[8192], value[65536];
	ssize_t n = inode->ops->listxattr(inode, list, sizeof(list));

	check("listxattr", n, -ERANGE, 0, 0);
	for (ssize_t i = 0; i < n; i += (ssize_t)strlen(list + i) + 1) {
		ssize_t k;

		if (strstarts(list + i, "system."))
			continue;
		k = inode->ops->getxattr(inode, list + i, NULL, 0);
		check("getxattr", k, -ENODATA, -EINVAL, 0);
		if (k >= 0)
			check("getxattr", inode->ops->getxattr(inode, list + i, value, sizeof(value)), -ENODATA, 0, 0);
	}
	for (int t = 0; t < 2; t++) {
		struct posix_acl *a = inode->ops->get_acl(inode, t ? ACL_TYPE_DEFAULT : ACL_TYPE_ACCESS);

		check("get_acl", IS_ERR(a) ? PTR_ERR(a) : 0, 0, 0, 0);
		if (!IS_ERR(a))
			posix_acl_put(a);
	}
}

static void read_extents(struct inode *inode)
{
	u64 pos = 0, size = (u64)inode->size;
	u32 k = 0;

	while (pos < size && k++ < EXTENTS_MAX) {
		struct iomap m = { 0 };
		int err = ext2_iomap_ops.begin(inode, (loff_t)pos, size - pos, 0, &m);

		check("map", err, 0, 0, 0);
		if (err) {
			pos += 1ull << (12 + below(20));
			continue;
		}
		if (!m.length || pos < m.offset || pos >= m.offset + m.length)
			host_die("an extent that does not hold its byte");
		if (m.type == IOMAP_MAPPED && (m.addr >= dev.bytes || m.length > dev.bytes - m.addr))
			host_die("an extent beyond the device");
		if (m.type == IOMAP_MAPPED)
			for (u64 b = m.addr >> 10; b < (m.addr + m.length) >> 10; b++)
				if (dev.guard[b])
					host_die("metadata as file data: inode %llu, KiB %llu", (unsigned long long)inode->ino,
					    (unsigned long long)b);
		pos = m.offset + m.length;
	}
}

static void read_link(struct dentry *d)
{
	struct delayed_put done = { 0 };
	const char *s = d->inode->ops->get_link(d->inode, d, &done);

	check("readlink", IS_ERR(s) ? PTR_ERR(s) : 0, 0, 0, 0);
	if (!IS_ERR(s) && strlen(s) > 4096)
		host_die("a link of %zu bytes", strlen(s));
	if (done.fn)
		done.fn(done.arg);
}

static void walk(struct dentry *d, int depth)
{
	struct inode *inode = d->inode;
	struct names v = { 0 };
	struct kstat st;

	if (nr_pool < POOL_MAX)
		pool[nr_pool++] = d;
	check("getattr", inode->ops->getattr(inode, NULL, &st, ~0u), 0, 0, 0);
	read_xattrs(inode);
	if (S_ISREG_I(inode))
		read_extents(inode);
	if (S_ISLNK_I(inode))
		read_link(d);
	if (!S_ISDIR_I(inode) || depth > DEPTH_MAX)
		return;
	read_names(d, &v);
	for (u32 i = 0; i < v.n && entries < ENTRIES_MAX; i++) {
		struct dentry *c;

		if (host_child(d, v.name[i], strlen(v.name[i])))
			continue;
		c = host_lookup(d, v.name[i], strlen(v.name[i]));
		entries++;
		check("lookup", IS_ERR(c) ? PTR_ERR(c) : 0, 0, 0, 0);
		if (!IS_ERR(c) && c->inode)
			walk(c, depth + 1);
		else if (!IS_ERR(c) && run->clean && !run->fail_read && !run->fail_alloc)
			host_die("a name that readdir told is not found: %s", v.name[i]);
	}
	free(v.name);
}

static void guard(void)
{
	struct ext2_sb *s = EXT2_SB(sb);
	u32 bs = s->l.block_size;

	memset(dev.guard, 0, dev.bytes >> 10);
	dev_guard(buffer_block(s->sb_bh) * bs, bs);
	for (u32 i = 0; i < s->l.gdt_blocks; i++)
		dev_guard(buffer_block(s->gdt[i]) * bs, bs);
	for (u32 g = 0; g < s->l.nr_groups; g++) {
		const struct ext2_group *d = ext2_group_desc(s, g);

		dev_guard((u64)le32(d->block_bitmap) * bs, bs);
		dev_guard((u64)le32(d->inode_bitmap) * bs, bs);
		dev_guard((u64)le32(d->inode_table) * bs, (u64)s->l.itable_blocks * bs);
	}
}

/* --- changing --- */

static void pool_fill(struct dentry *d)
{
	struct dentry *c;

	if (nr_pool < POOL_MAX && d->inode)
		pool[nr_pool++] = d;
	list_for_each_entry(c, &d->children, child)
		pool_fill(c);
}

static struct dentry *pick(bool dir)
{
	for (int i = 0; i < 20 && nr_pool; i++) {
		struct dentry *d = pool[below(nr_pool)];

		if (d->inode && (!dir || S_ISDIR_I(d->inode)) && d->inode->nlink)
			return d;
	}
	return dir ? sb->root : NULL;
}

/* A name in a directory, mostly a new one. NULL: an error. */
static struct dentry *fresh(void)
{
	struct dentry *dir = pick(true), *d;
	char name[260];
	int n = snprintf(name, sizeof(name), "n%u", below(500));

	if (below(6) == 0)
		while (n < 250)
			name[n++] = (char)('a' + below(26));
	d = host_lookup(dir, name, (size_t)n);
	check("lookup", IS_ERR(d) ? PTR_ERR(d) : 0, 0, 0, 0);
	return IS_ERR(d) ? NULL : d;
}

static struct inode *dir_of(struct dentry *d)
{
	return d->parent->inode;
}

#define MAKE_ERRORS	-ENOSPC, -EROFS, -EMLINK

static void op_make(void)
{
	static char target[5000];
	struct dentry *d = fresh();
	struct inode *dir;
	u32 n, kind = below(6);
	int err;

	if (!d || d->inode)
		return;
	dir = dir_of(d);
	switch (kind) {
	case 0:
		err = dir->ops->mkdir(dir, d, 0755);
		break;
	case 1:
		n = below(3) ? below(70) + 1 : below(1000) + 1;
		memset(target, 'x', n);
		target[n] = 0;
		err = dir->ops->symlink(dir, d, target);
		break;
	case 2:
		err = dir->ops->mknod(dir, d, S_IFCHR | 0600, mkdev(below(300), below(70000)));
		break;
	default:
		err = dir->ops->create(dir, d, S_IFREG | 0644, true);
	}
	check("make", err, MAKE_ERRORS);
	if (!err && !d->inode)
		host_die("made and nothing there");
	if (!err && S_ISREG_I(d->inode) && below(2))
		check("write", data_write(d->inode, (loff_t)below(40) << 10, below(30000) + 1), -ENOSPC, -EROFS, 0);
	if (!err && nr_pool < POOL_MAX)
		pool[nr_pool++] = d;
}

static bool has_children(const struct dentry *d)
{
	const struct dentry *c;

	list_for_each_entry(c, &d->children, child)
		if (c->inode)
			return true;
	return false;
}

static void pool_rebuild(void)
{
	nr_pool = 0;
	pool_fill(sb->root);
}

static void op_remove(void)
{
	struct dentry *d = pick(false);
	struct inode *dir;
	int err;

	if (!d || d == sb->root)
		return;
	dir = dir_of(d);
	if (S_ISDIR_I(d->inode))
		err = dir->ops->rmdir(dir, d);
	else
		err = dir->ops->unlink(dir, d);
	check("remove", err, -ENOTEMPTY, -EROFS, run->clean ? 0 : -ENOENT);
	if (err == -ENOSPC)
		host_die("no room to remove");
	if (!err) {
		if (S_ISDIR_I(d->inode) && has_children(d) && run->clean)
			host_die("a directory with names was removed");
		host_remove(d);
		pool_rebuild();
	}
}

static bool is_below(const struct dentry *d, const struct dentry *top)
{
	for (; d != d->parent; d = d->parent)
		if (d == top)
			return true;
	return d == top;
}

static void op_rename(void)
{
	struct dentry *d = pick(false), *to = fresh();
	u32 flags = 0;
	int err;

	if (!d || !to || d == sb->root || d == to || is_below(to, d) || is_below(d, to))
		return;
	if (to->inode && S_ISDIR_I(to->inode) != S_ISDIR_I(d->inode))
		return;
	if (to->inode == d->inode)
		return;
	if (to->inode && below(3) == 0)
		flags = RENAME_EXCHANGE;
	if (!flags && below(10) == 0)
		flags = RENAME_WHITEOUT;
	err = dir_of(d)->ops->rename(dir_of(d), d, dir_of(to), to, flags);
	/* A name that readdir tells and a damaged index does not find. */
	check("rename", err == -ENOENT && !run->clean ? -EROFS : err, -ENOSPC, -EROFS, -ENOTEMPTY);
	if (!err || !run->clean) {
		/* What the names say now is looked up again. */
		host_forget(to);
		host_forget(d);
		pool_rebuild();
	}
}

static void op_link(void)
{
	struct dentry *old = pick(false), *d = fresh();
	int err;

	if (!old || !d || d->inode || S_ISDIR_I(old->inode))
		return;
	err = dir_of(d)->ops->link(dir_of(d), old, d);
	check("link", err, MAKE_ERRORS);
}

static void op_write(void)
{
	struct dentry *d = pick(false);
	u64 pos;
	int err;

	if (!d || !S_ISREG_I(d->inode))
		return;
	pos = below(3) ? below(200000) : below(4) ? (u64)d->inode->size : (u64)below(300) << 20;
	if (pos > 1ull << 40)
		return;
	err = data_write(d->inode, (loff_t)pos, below(20000) + 1);
	check("write", err, -ENOSPC, -EROFS, -EFBIG);
	if (below(3) == 0)
		check("fsync", d->inode->fops->fsync(&(struct file){ .inode = d->inode }, 0, 0x7fffffff, below(2)), -ENOSPC,
		      -EROFS, 0);
}

static void op_truncate(void)
{
	struct dentry *d = pick(false);
	struct iattr a = { .valid = ATTR_SIZE };
	int err;

	if (!d || !S_ISREG_I(d->inode))
		return;
	a.size = below(3) ? below(100000) : below(2) ? 0 : (loff_t)((u64)below(5000) << 20);
	if (host_verbose)
		printf("truncate of %llu, size %lld to %lld, %llu blocks\n", (unsigned long long)d->inode->ino,
		       (long long)d->inode->size, (long long)a.size, (unsigned long long)d->inode->blocks);
	err = d->inode->ops->setattr(d->inode, d, &a);
	check("truncate", err, -EROFS, -ENOSPC, -EFBIG);
}

static void op_fallocate(void)
{
	struct dentry *d = pick(false);
	struct file f = { 0 };
	bool hole = below(2);
	u64 len;
	long err;

	if (!d || !S_ISREG_I(d->inode))
		return;
	f.inode = d->inode;
	f.path.dentry = d;
	len = hole && below(2) ? 1ull << (10 + below(30)) : below(100000) + 1;
	if (host_verbose)
		printf("fallocate of %llu, size %lld, hole %d, len %llu\n", (unsigned long long)f.inode->ino,
		       (long long)f.inode->size, hole, (unsigned long long)len);
	err = ext2_fallocate(&f, hole ? FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE : 0, below(200000), (loff_t)len);
	check("fallocate", err, -EROFS, -ENOSPC, -EFBIG);
}

static void op_xattr(void)
{
	static u8 value[4096];
	struct dentry *d = pick(false);
	char name[300];
	int n;
	u32 size;
	long err;

	if (!d)
		return;
	n = snprintf(name, sizeof(name), "%s.a%u", below(2) ? "user" : "trusted", below(30));
	while (below(8) == 0 && n < 200)
		n += snprintf(name + n, 50, "%020u", below(10));
	size = below(4) ? below(60) : below(3000);
	memset(value, (int)below(256), size);
	if (below(3)) {
		err = d->inode->ops->setxattr(d->inode, name, value, size, 0);
		check("setxattr", err, -ENOSPC, -EROFS, -EOPNOTSUPP);
	} else {
		err = d->inode->ops->removexattr(d->inode, name);
		check("removexattr", err == -EOPNOTSUPP ? 0 : err, -ENODATA, -EROFS, -ENOSPC);
	}
}

static void op_acl(void)
{
	struct dentry *d = pick(false);
	struct posix_acl *a;
	int type;

	if (!d || S_ISLNK_I(d->inode))
		return;
	type = S_ISDIR_I(d->inode) && below(2) ? ACL_TYPE_DEFAULT : ACL_TYPE_ACCESS;
	a = posix_acl_alloc(5);
	if (!a)
		return;
	a->e[0] = (struct posix_acl_entry){ ACL_USER_OBJ, 7, ACL_UNDEFINED_ID };
	a->e[1] = (struct posix_acl_entry){ ACL_USER, 5, 1000 + below(5) };
	a->e[2] = (struct posix_acl_entry){ ACL_GROUP_OBJ, 5, ACL_UNDEFINED_ID };
	a->e[3] = (struct posix_acl_entry){ ACL_MASK, 5, ACL_UNDEFINED_ID };
	a->e[4] = (struct posix_acl_entry){ ACL_OTHER, 4, ACL_UNDEFINED_ID };
	if (posix_acl_valid(a))
		host_die("a bad list");
	check("set_acl", d->inode->ops->set_acl(d->inode, type, below(4) ? a : NULL, d->inode->mode), -ENOSPC, -EROFS,
	      -EOPNOTSUPP);
	posix_acl_put(a);
}

static void op_tmpfile(void)
{
	struct dentry *dir = pick(true), *d = fresh();
	int err;

	if (!d || d->inode)
		return;
	err = dir->inode->ops->tmpfile(dir->inode, d, 0600);
	check("tmpfile", err, -ENOSPC, -EROFS, 0);
	if (!err) {
		err = data_write(d->inode, 0, below(5000) + 1);
		check("write", err, -ENOSPC, -EROFS, 0);
		host_forget(d);
	}
}

static void op_other(void)
{
	struct dentry *d;
	struct kstatfs st;

	switch (below(8)) {
	case 0:
		check("sync", sb->ops->sync_fs(sb, true), -EROFS, -ENOSPC, 0);
		break;
	case 1:
		run_timer();
		check("timer", 0, 0, 0, 0);
		break;
	case 2:
		check("statfs", sb->ops->statfs(sb->root, &st), 0, 0, 0);
		break;
	case 3:
		d = pick(true);
		if (d != sb->root) {
			host_forget(d);
			pool_rebuild();
		}
		break;
	case 4:
		host_shrink(sb, false);
		check("shrink", 0, 0, 0, 0);
		break;
	case 5:
		d = pick(true);
		{
			struct names v = { 0 };

			read_names(d, &v);
			free(v.name);
		}
		break;
	case 6:
		if (below(6) == 0)
			check("freeze", sb->ops->freeze_fs(sb, true) ?: sb->ops->freeze_fs(sb, false), -EROFS, 0, 0);
		break;
	case 7:
		d = pick(false);
		if (d)
			read_xattrs(d->inode);
		break;
	}
}

static void change(void)
{
	static void (*const ops[])(void) = {
		op_make, op_make, op_make, op_remove, op_remove, op_rename, op_rename, op_link, op_write, op_write, op_write,
		op_truncate, op_fallocate, op_xattr, op_xattr, op_acl, op_tmpfile, op_other, op_other,
	};

	ops[below(ARRAY_SIZE(ops))]();
}

/* --- a rich tree for the base images --- */

static struct dentry *must_make(struct dentry *dir, const char *name, int kind, const char *target)
{
	struct dentry *d = host_lookup(dir, name, strlen(name));
	int err;

	if (IS_ERR(d) || d->inode)
		host_die("fill: %s", name);
	err = kind == 0 ? dir->inode->ops->mkdir(dir->inode, d, 0755) :
	      kind == 1 ? dir->inode->ops->symlink(dir->inode, d, target) :
			  dir->inode->ops->create(dir->inode, d, S_IFREG | 0644, true);
	if (err)
		host_die("fill: %s: %d", name, err);
	return d;
}

static void must(const char *what, long err)
{
	if (err)
		host_die("fill: %s: %ld", what, err);
}

static void fill(void)
{
	static char text[900];
	struct dentry *d, *dir = must_make(sb->root, "many", 0, NULL), *sub;
	u32 bs = sb->blocksize;
	char name[64];
	long err;

	for (u32 i = 0; i < 180; i++) {
		snprintf(name, sizeof(name), "a name of some length for the index %u", i);
		d = must_make(dir, name, i % 3 ? 2 : 1, "short");
	}
	dir = must_make(sb->root, "files", 0, NULL);
	d = must_make(dir, "indirect", 2, NULL);
	must("write", data_write(d->inode, 0, 40ull * bs));
	d = must_make(dir, "double", 2, NULL);
	must("write", data_write(d->inode, (loff_t)((12ull + bs / 4 + 5) * bs), 3ull * bs));
	d = must_make(dir, "triple", 2, NULL);
	must("write", data_write(d->inode, (loff_t)((12ull + bs / 4 + (u64)(bs / 4) * (bs / 4) + 9) * bs), 2ull * bs));
	d = must_make(dir, "small", 2, NULL);
	must("write", data_write(d->inode, 0, 100));
	memset(text, 't', sizeof(text) - 1);
	(void)must_make(dir, "long link", 1, text);
	(void)must_make(dir, "short link", 1, "files/small");
	for (u32 i = 0; i < 6; i++) {
		snprintf(name, sizeof(name), "x%u", i);
		d = must_make(dir, name, i & 1 ? 0 : 2, NULL);
		for (u32 k = 0; k < 3 + i; k++) {
			snprintf(name, sizeof(name), "user.attribute%u", k);
			err = d->inode->ops->setxattr(d->inode, name, text, 20 + k * 17, 0);
			must("setxattr", err == -EOPNOTSUPP ? 0 : err);
		}
	}
	sub = must_make(sb->root, "deep", 0, NULL);
	for (u32 i = 0; i < 6; i++) {
		d = must_make(sub, "file", 2, NULL);
		must("write", data_write(d->inode, 0, 5000));
		sub = must_make(sub, "sub", 0, NULL);
	}
	pool_rebuild();
	for (u32 i = 0; i < 12; i++)
		op_acl();
	must("sync", sb->ops->sync_fs(sb, true));
}

/* --- the whole --- */

void run_init(void)
{
	if (host_ext2_ext_init() || host_ext2_init())
		host_die("init");
}

static void end_checks(long live)
{
	check("unmount", 0, 0, 0, 0);
	if (dev_buffers())
		host_die("%ld buffers are in use after unmount", dev_buffers());
	if (host_inodes)
		host_die("%ld inodes are in use after unmount", host_inodes);
	if (host_live != live)
		__lsan_do_leak_check();		/* says where from, with ASAN_OPTIONS=detect_leaks=1 */
	if (host_live != live)
		host_die("%ld allocations were not given back", host_live - live);
}

/* Where the second super block should be, in KiB. */
static u32 backup(void)
{
	const struct ext2_super *es = (const void *)(dev.disk + 1024);

	return ((le32(es->first_data_block) + le32(es->blocks_per_group)) << (le32(es->log_block_size) & 3)) % 1000000;
}

/* What the tree looks like: the same after unmounting and mounting again. */
static u64 tree_sum(struct dentry *d)
{
	struct inode *i = d->inode;
	struct dentry *c;
	u64 sum;

	if (!i)
		return 0;
	sum = i->ino * 0x9e3779b97f4a7c15ull ^ (u64)i->size << 20 ^ (u64)i->nlink << 3 ^ (u64)i->mode << 44 ^ i->mtime.sec;
	for (u32 k = 0; k < d->name.len; k++)
		sum = sum * 31 + (u8)d->name.name[k];
	if (host_verbose)
		printf("tree %s %llu: size %lld, %u links, mode %o\n", d->name.name, (unsigned long long)i->ino, (long long)i->size,
		       i->nlink, i->mode);
	list_for_each_entry(c, &d->children, child)
		sum += tree_sum(c);
	return sum;
}

static void again(u64 sum)
{
	int err;

	sb = host_mount(SB_RDONLY, "errors=continue", &err);
	if (!sb)
		host_die("the second mount is refused: %d", err);
	guard();
	entries = nr_pool = 0;
	walk(sb->root, 0);
	if (tree_sum(sb->root) != sum)
		host_die("the tree is not what it was before the unmount");
	host_umount(sb);
}

void run_one(struct run *r)
{
	static u8 *guards;
	static u64 guards_size;
	long live = host_live;
	char options[64];
	u32 flags;
	int err, n;

	run = r;
	host_verbose = r->verbose;
	rnd_seed(r->seed);
	if (guards_size < r->bytes) {
		guards = realloc(guards, r->bytes >> 10);
		dev.cache = realloc(dev.cache, r->bytes);
		guards_size = r->bytes;
	}
	memset(guards, 0, r->bytes >> 10);
	memcpy(dev.cache, r->disk, r->bytes);
	dev.disk = r->disk;
	dev.bytes = r->bytes;
	dev.guard = guards;
	dev.reads = dev.writes = 0;
	dev.fail_read = r->fail_read;
	dev.fail_write = r->fail_write;
	host_fail_in = r->fail_alloc;
	host_fail_every = r->fail_every;
	entries = nr_pool = 0;
	r->errors = 0;
	flags = !r->clean && below(5) == 0 ? SB_RDONLY : 0;
	dev.read_only = flags && below(2);
	if (dev.read_only)
		dev.read_only = false;	/* a failed check is noted on the disk also of a file system mounted read-only */
	n = snprintf(options, sizeof(options), "errors=%s", below(2) ? "continue" : "remount-ro");
	if (!r->clean && below(12) == 0)
		snprintf(options + n, sizeof(options) - (size_t)n, ",sb=%u", backup());
	sb = host_mount(flags, options, &err);
	r->mount_err = err;
	check("mount", err, -EINVAL, -EROFS, 0);
	if (r->clean && err && !r->fail_alloc && !r->fail_read && !r->fail_write)
		host_die("the mount of a whole file system is refused: %d", err);
	if (sb) {
		bool whole = r->clean && !r->fill && !r->fail_alloc && !r->fail_read && !r->fail_write;
		struct kstatfs st;
		u64 sum = 0;

		guard();
		if (r->fill) {
			fill();
		} else {
			check("statfs", sb->ops->statfs(sb->root, &st), 0, 0, 0);
			walk(sb->root, 0);
			for (int i = 0; i < r->ops; i++) {
				if (i % 64 == 63)
					pool_rebuild();
				change();
			}
		}
		if (whole) {
			host_forget(sb->root);
			entries = nr_pool = 0;
			walk(sb->root, 0);
			sum = tree_sum(sb->root);
		}
		host_umount(sb);
		if (whole)
			again(sum);
	} else if (dev.writes > 1) {
		host_die("a refused mount writes");	/* but that there are errors */
	}
	host_fail_in = 0;
	end_checks(live);
}
