/* SPDX-License-Identifier: MPL-2.0 */
/*
 * tmpfs: files whose only copy is the page cache, names whose only copy is the dentry cache. It is the
 * root file system (type "rootfs"), what `mount -t tmpfs` gives, and through a mount inside the
 * kernel the memory behind memfd_create() and shared anonymous mappings.
 *
 * Pages are charged to the instance by mapping_ops.charge when they enter the cache; inodes when
 * they are made. A dentry with an inode carries DCACHE_PERSIST; unlink turns that off, and the last
 * reference frees everything.
 */
#include <base/list.h>
#include <base/math.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/init.h>
#include <core/printk.h>
#include <core/rcu.h>
#include <core/slab.h>
#include <fs/fs_parse.h>
#include <fs/mount.h>
#include <fs/path.h>
#include <fs/posix_acl.h>
#include <fs/seq_file.h>
#include <fs/super.h>
#include <fs/tmpfs.h>
#include <fs/xattr.h>
#include <kernel/cred.h>
#include <kernel/ns.h>
#include <kernel/sched.h>
#include <kernel/task.h>
#include <mm/mm.h>
#include <uapi/linux/falloc.h>
#include <uapi/linux/fs.h>
#include <uapi/linux/limits.h>
#include <uapi/linux/magic.h>
#include <uapi/linux/xattr.h>

#define DIRENT_SIZE	20		/* what a name adds to its directory's size, as Linux has it */
#define LINK_INLINE	56

struct tmpfs_sb {
	u64 max_blocks;			/* [sb->umount] pages; 0: no limit */
	u64 max_inodes;			/* [sb->umount] 0: no limit */
	atomic64_t used_blocks, used_inodes;
	umode_t mode;			/* [I] of the root */
	kuid_t uid;
	kgid_t gid;
};

struct tmpfs_inode {
	struct inode vfs;
	struct simple_xattrs xattrs;	/* [vfs.rwsem] */
	u32 seals;			/* [vfs.rwsem] F_SEAL_* */
	char link[LINK_INLINE];		/* [I] short symbolic links */
};

static struct kmem_cache *tmpfs_inodes;
static struct mount *kernel_mount;
static const struct super_ops tmpfs_super_ops;
static const struct inode_ops tmpfs_file_iops, tmpfs_dir_iops, tmpfs_special_iops, tmpfs_link_iops;
static const struct file_ops tmpfs_fops;
static const struct mapping_ops tmpfs_mapping_ops;

static inline struct tmpfs_sb *tsb(const struct super_block *sb)
{
	return sb->private;
}

static inline struct tmpfs_inode *ti(struct inode *inode)
{
	return container_of(inode, struct tmpfs_inode, vfs);
}

/* --- accounting --- */

static u64 default_blocks(void)
{
	return mem_total_pages() / 2;
}

/* mapping_ops.charge: a page comes (n 1) or went (n -1). */
static int tmpfs_charge(struct mapping *m, s64 n)
{
	struct inode *inode = m->host;
	struct tmpfs_sb *s = tsb(inode->sb);

	if (n > 0) {
		u64 max = READ_ONCE(s->max_blocks);

		if ((u64)atomic64_add_return(&s->used_blocks, n) > max && max) {
			atomic64_sub(&s->used_blocks, n);
			return -ENOSPC;
		}
	} else {
		atomic64_add(&s->used_blocks, n);
	}
	return 0;
}

static int charge_inode(struct super_block *sb)
{
	struct tmpfs_sb *s = tsb(sb);
	u64 max = READ_ONCE(s->max_inodes);

	if ((u64)atomic64_add_return(&s->used_inodes, 1) > max && max) {
		atomic64_dec(&s->used_inodes);
		return -ENOSPC;
	}
	return 0;
}

/* --- inodes --- */

static struct inode *tmpfs_alloc_inode(struct super_block *sb)
{
	struct tmpfs_inode *t = kmem_cache_alloc(tmpfs_inodes, GFP_KERNEL);

	if (!t)
		return NULL;
	simple_xattrs_init(&t->xattrs);
	t->seals = F_SEAL_SEAL;
	return &t->vfs;
}

static void tmpfs_free_inode(struct inode *inode)
{
	if (S_ISLNK_I(inode) && inode->link != ti(inode)->link)
		kfree((void *)inode->link);
	kmem_cache_free(tmpfs_inodes, ti(inode));
}

static void tmpfs_evict_inode(struct inode *inode)
{
	if (S_ISREG_I(inode))
		truncate_all(&inode->data);
	simple_xattrs_free(&ti(inode)->xattrs);
	atomic64_dec(&tsb(inode->sb)->used_inodes);
}

static struct inode *tmpfs_new(struct super_block *sb, const struct inode *dir, umode_t mode, dev_t dev)
{
	struct inode *inode;
	int err = charge_inode(sb);

	if (err)
		return ERR_PTR(err);
	inode = inode_new(sb);
	if (!inode) {
		atomic64_dec(&tsb(sb)->used_inodes);
		return ERR_PTR(-ENOMEM);
	}
	inode_init_owner(inode, dir, mode);
	mode = inode->mode;
	switch (mode & S_IFMT) {
	case S_IFREG:
		inode->ops = &tmpfs_file_iops;
		inode->fops = &tmpfs_fops;
		mapping_init(&inode->data, inode, &tmpfs_mapping_ops);
		break;
	case S_IFDIR:
		inode->ops = &tmpfs_dir_iops;
		inode->fops = &simple_dir_fops;
		inode->nlink = 2;
		inode->size = 2 * DIRENT_SIZE;
		break;
	case S_IFLNK:
		inode->ops = &tmpfs_link_iops;
		break;
	default:
		inode->ops = &tmpfs_special_iops;
		inode_set_special(inode, mode, dev);
		break;
	}
	inode->acl[ACL_TYPE_ACCESS] = inode->acl[ACL_TYPE_DEFAULT] = NULL;
	err = dir ? posix_acl_init_memory(inode, (struct inode *)dir) : 0;
	if (err) {
		inode->nlink = 0;
		inode_put(inode);
		return ERR_PTR(err);
	}
	return inode;
}

static u64 tmpfs_blocks(const struct inode *inode)
{
	return (inode->data.nr_pages + inode->data.nr_swapped) * (PAGE_SIZE / 512);
}

static int tmpfs_getattr(struct inode *inode, const struct path *p, struct kstat *st, u32 mask)
{
	int err = simple_getattr(inode, p, st, mask);

	st->blocks = S_ISREG_I(inode) ? tmpfs_blocks(inode) : S_ISLNK_I(inode) && inode->size >= LINK_INLINE ? 8 : 0;
	st->attributes_mask |= STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND | STATX_ATTR_NODUMP;
	if (inode->flags & S_IMMUTABLE)
		st->attributes |= STATX_ATTR_IMMUTABLE;
	if (inode->flags & S_APPEND)
		st->attributes |= STATX_ATTR_APPEND;
	st->btime = inode->btime;
	st->result_mask |= STATX_BTIME;
	return err;
}

static int tmpfs_setattr(struct inode *inode, struct dentry *d, struct iattr *attr)
{
	int err = setattr_prepare(inode, attr);

	if (err)
		return err;
	if ((attr->valid & ATTR_SIZE) && S_ISREG_I(inode)) {
		loff_t old = inode->size;
		u32 seals = ti(inode)->seals;

		if ((attr->size < old && (seals & F_SEAL_SHRINK)) || (attr->size > old && (seals & F_SEAL_GROW)))
			return -EPERM;
		if (attr->size != old) {
			inode_set_size(inode, attr->size);
			inode->ctime = inode->mtime = current_time64();
			if (attr->size < old)
				truncate_pagecache(&inode->data, attr->size);
		}
	}
	setattr_copy(inode, attr);
	return 0;
}

/* --- names --- */

static void dir_changed(struct inode *dir, s64 size)
{
	inode_set_size(dir, dir->size + size);
	dir->ctime = dir->mtime = current_time64();
	dir->version++;
}

static int tmpfs_mknod(struct inode *dir, struct dentry *d, umode_t mode, dev_t dev)
{
	struct inode *inode = tmpfs_new(dir->sb, dir, mode, dev);

	if (IS_ERR(inode))
		return (int)PTR_ERR(inode);
	dir_changed(dir, DIRENT_SIZE);
	dentry_instantiate(d, inode);
	dentry_persist(d);
	return 0;
}

static int tmpfs_create(struct inode *dir, struct dentry *d, umode_t mode, bool excl)
{
	return tmpfs_mknod(dir, d, mode | S_IFREG, mkdev(0, 0));
}

static int tmpfs_mkdir(struct inode *dir, struct dentry *d, umode_t mode)
{
	int err = tmpfs_mknod(dir, d, mode | S_IFDIR, mkdev(0, 0));

	if (!err)
		inode_inc_link(dir);
	return err;
}

static int tmpfs_symlink(struct inode *dir, struct dentry *d, const char *target)
{
	size_t len = strlen(target);
	struct inode *inode;
	char *text;

	if (len >= PAGE_SIZE)
		return -ENAMETOOLONG;
	inode = tmpfs_new(dir->sb, dir, S_IFLNK | 0777, mkdev(0, 0));
	if (IS_ERR(inode))
		return (int)PTR_ERR(inode);
	text = ti(inode)->link;
	if (len >= LINK_INLINE) {
		text = kmalloc(len + 1, GFP_KERNEL);
		if (!text) {
			inode->link = ti(inode)->link;
			inode->nlink = 0;
			inode_put(inode);
			return -ENOMEM;
		}
	}
	memcpy(text, target, len + 1);
	inode->link = text;
	inode->size = (loff_t)len;
	dir_changed(dir, DIRENT_SIZE);
	dentry_instantiate(d, inode);
	dentry_persist(d);
	return 0;
}

static int tmpfs_link(struct inode *dir, struct dentry *old, struct dentry *d)
{
	/* Each further name is charged like an inode, so that names are bounded. A tmpfile's first is free. */
	if (old->inode->nlink) {
		int err = charge_inode(dir->sb);

		if (err)
			return err;
	}
	dir_changed(dir, DIRENT_SIZE);
	return simple_link(dir, old, d);
}

static int tmpfs_unlink(struct inode *dir, struct dentry *d)
{
	struct inode *inode = d->inode;

	if (inode->nlink > 1 && !S_ISDIR_I(inode))
		atomic64_dec(&tsb(dir->sb)->used_inodes);
	dir_changed(dir, -DIRENT_SIZE);
	inode->ctime = dir->ctime;
	inode_drop_link(inode);
	return 0;
}

static int tmpfs_rmdir(struct inode *dir, struct dentry *d)
{
	if (!simple_empty(d))
		return -ENOTEMPTY;
	inode_drop_link(d->inode);
	inode_drop_link(dir);
	return tmpfs_unlink(dir, d);
}

static int tmpfs_whiteout(struct inode *dir, struct dentry *old)
{
	struct qstr q = old->name;
	struct dentry *w = dentry_alloc(old->parent, &q);
	int err;

	if (!w)
		return -ENOMEM;
	err = tmpfs_mknod(dir, w, S_IFCHR, mkdev(0, 0));
	if (!err)
		dentry_hash_add(w);
	dentry_put(w);
	return err;
}

static int tmpfs_rename(struct inode *dir, struct dentry *d, struct inode *newdir, struct dentry *newd, u32 flags)
{
	bool isdir = S_ISDIR_I(d->inode);
	int err;

	if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT))
		return -EINVAL;
	if (flags & RENAME_EXCHANGE)
		return simple_rename(dir, d, newdir, newd, flags);
	if (newd->inode && S_ISDIR_I(newd->inode) && !simple_empty(newd))
		return -ENOTEMPTY;
	if (flags & RENAME_WHITEOUT) {
		/* The old name is taken over by a whiteout; the dentry moves away from it right after. */
		err = tmpfs_whiteout(dir, d);
		if (err)
			return err;
	}
	if (newd->inode) {
		(void)tmpfs_unlink(newdir, newd);
		if (isdir) {
			inode_drop_link(newd->inode);
			inode_drop_link(dir);
		}
	} else if (isdir) {
		inode_drop_link(dir);
		inode_inc_link(newdir);
	}
	dir_changed(dir, -DIRENT_SIZE);
	dir_changed(newdir, DIRENT_SIZE);
	d->inode->ctime = dir->ctime;
	return 0;
}

static int tmpfs_tmpfile(struct inode *dir, struct dentry *d, umode_t mode)
{
	struct inode *inode = tmpfs_new(dir->sb, dir, mode, mkdev(0, 0));

	if (IS_ERR(inode))
		return (int)PTR_ERR(inode);
	inode->nlink = 0;
	dentry_instantiate(d, inode);
	return 0;
}

/* --- reading and writing --- */

static ssize_t tmpfs_write_iter(struct file *f, struct kiocb *k, struct iov_iter *from)
{
	struct inode *inode = f->inode;
	u32 seals;
	ssize_t n;

	inode_lock(inode);
	n = generic_write_checks(k, from);
	if (n <= 0)
		goto out;
	seals = ti(inode)->seals;
	if (unlikely(seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE | F_SEAL_GROW))) {
		loff_t whole = inode->size & ~(loff_t)(PAGE_SIZE - 1);

		if (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) {
			n = -EPERM;
			goto out;
		}
		/* Whole pages below the end go in; the page that would grow the file is refused. */
		if (k->pos + n > inode->size) {
			if (k->pos >= whole) {
				n = -EPERM;
				goto out;
			}
			iov_iter_truncate(from, (size_t)(whole - k->pos));
		}
	}
	n = file_update_for_write(f);
	if (!n)
		n = filemap_write(k, from);
out:
	inode_unlock(inode);
	return n;
}

static ssize_t tmpfs_read_iter(struct file *f, struct kiocb *k, struct iov_iter *to)
{
	ssize_t n = filemap_read(k, to);

	file_accessed(f);
	return n;
}

/* Next offset at or after off that holds a page (data) or does not (hole), below end. */
static loff_t seek_extent(struct mapping *m, loff_t off, loff_t end, bool data)
{
	u64 index = (u64)off >> PAGE_SHIFT, last = (u64)(end - 1) >> PAGE_SHIFT;

	rcu_read_lock();
	if (data) {
		if (!xa_find(&m->folios, &index, last))
			index = last + 1;
	} else {
		while (index <= last && xa_load(&m->folios, index))
			index++;
	}
	rcu_read_unlock();
	if (index > last)
		return data ? -ENXIO : end;
	return max_t(loff_t, off, (loff_t)(index << PAGE_SHIFT));
}

static loff_t tmpfs_llseek(struct file *f, loff_t off, int whence)
{
	struct inode *inode = f->inode;
	loff_t size;

	if (whence != SEEK_DATA && whence != SEEK_HOLE)
		return generic_llseek_size(f, off, whence, (loff_t)inode->sb->maxbytes, inode_size(inode));
	inode_lock_shared(inode);
	size = inode->size;
	if (off < 0 || off >= size)
		off = -ENXIO;
	else
		off = seek_extent(&inode->data, off, size, whence == SEEK_DATA);
	if (off >= 0)
		f->pos = off;
	inode_unlock_shared(inode);
	return off;
}

static int tmpfs_fsync(struct file *f, loff_t start, loff_t end, bool datasync)
{
	return 0;
}

static int tmpfs_mmap(struct file *f, struct vma *v)
{
	u32 seals = READ_ONCE(ti(f->inode)->seals);

	if ((v->flags & VM_SHARED) && (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))) {
		if (v->flags & VM_WRITE)
			return -EPERM;
		v->flags &= ~VM_MAYWRITE;
	}
	return filemap_mmap(f, v);
}

/* --- fallocate --- */

/* Take out what an unfinished allocation put in: pages without contents. */
static void undo_allocate(struct mapping *m, u64 first, u64 end)
{
	for (u64 i = first; i < end; i++) {
		struct folio *f = filemap_lock_folio(m, i);

		if (!f)
			continue;
		if (!folio_test(f, FOLIO_UPTODATE))
			filemap_remove(f);
		folio_unlock(f);
		folio_put(f);
	}
}

static int allocate_range(struct inode *inode, u64 first, u64 end)
{
	struct mapping *m = &inode->data;
	struct tmpfs_sb *s = tsb(inode->sb);
	struct folio *f;
	u64 i;

	if (s->max_blocks && end - first > s->max_blocks)
		return -ENOSPC;
	for (i = first; i < end; i++) {
		int err = signal_pending() ? -EINTR : 0;

		f = err ? ERR_PTR(err) : filemap_grab(m, i, m->gfp | GFP_NORETRY);
		if (IS_ERR(f)) {
			undo_allocate(m, first, i);
			return (int)PTR_ERR(f);
		}
		folio_unlock(f);
		folio_put(f);
		cond_resched();
	}
	/* All are there: give them their contents. */
	for (i = first; i < end; i++) {
		f = filemap_lock_folio(m, i);
		if (!f)
			continue;
		if (!folio_test(f, FOLIO_UPTODATE)) {
			folio_zero(f);
			folio_set(f, FOLIO_UPTODATE);
			folio_set(f, FOLIO_DIRTY);
		}
		folio_unlock(f);
		folio_put(f);
		cond_resched();
	}
	return 0;
}

static int punch(struct inode *inode, loff_t off, loff_t len)
{
	if (ti(inode)->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		return -EPERM;
	if (off < inode->size)
		truncate_range(&inode->data, off, off + len);
	return 0;
}

static long tmpfs_fallocate(struct file *f, int mode, loff_t off, loff_t len)
{
	struct inode *inode = f->inode;
	u64 limit = rlimit_cur(RLIMIT_FSIZE);
	int err;

	if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE))
		return -EOPNOTSUPP;
	inode_lock(inode);
	if (mode & FALLOC_FL_PUNCH_HOLE) {
		err = punch(inode, off, len);
		goto out;
	}
	if (off + len > inode->size && limit != RLIM_INFINITY && (u64)(off + len) > limit) {
		signal_send(current, SIGXFSZ, SEND_NOINFO, SIG_TO_THREAD);
		err = -EFBIG;
		goto out;
	}
	if ((ti(inode)->seals & F_SEAL_GROW) && off + len > inode->size) {
		err = -EPERM;
		goto out;
	}
	err = allocate_range(inode, (u64)off >> PAGE_SHIFT, (u64)(off + len + (loff_t)PAGE_SIZE - 1) >> PAGE_SHIFT);
	if (!err && !(mode & FALLOC_FL_KEEP_SIZE) && off + len > inode->size)
		inode_set_size(inode, off + len);
out:
	if (!err)
		err = file_update_for_write(f);
	inode_unlock(inode);
	return err;
}

/* --- seals --- */

static int add_seals(struct inode *inode, struct file *f, u32 add)
{
	struct tmpfs_inode *t = ti(inode);
	int v = 0;

	if (!(f->mode & FMODE_WRITE))
		return -EPERM;
	if (add & ~(u32)(F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		return -EINVAL;
	if (t->seals & F_SEAL_SEAL)
		return -EPERM;
	/* No writable mapping may be there, nor come. */
	if ((add & F_SEAL_WRITE) && !(t->seals & F_SEAL_WRITE) &&
	    !try_cmpxchg(&inode->data.nr_writable.v, &v, -1))
		return -EBUSY;
	t->seals |= add;
	return 0;
}

static long tmpfs_fcntl(struct file *f, u32 cmd, u64 arg)
{
	struct inode *inode = f->inode;
	long r;

	switch (cmd) {
	case F_GET_SEALS:
		return READ_ONCE(ti(inode)->seals);
	case F_ADD_SEALS:
		if (arg > ~0u)
			return -EINVAL;
		inode_lock(inode);
		r = add_seals(inode, f, (u32)arg);
		inode_unlock(inode);
		return r;
	}
	return -EINVAL;
}

/* --- extended attributes: security.* and trusted.*, as Linux 6.1 --- */

static bool xattr_known(const char *name)
{
	return strstarts(name, XATTR_SECURITY_PREFIX) || strstarts(name, XATTR_TRUSTED_PREFIX);
}

static ssize_t tmpfs_getxattr(struct inode *inode, const char *name, void *buf, size_t size)
{
	return xattr_known(name) ? simple_xattr_get(&ti(inode)->xattrs, name, buf, size) : -EOPNOTSUPP;
}

static int tmpfs_setxattr(struct inode *inode, const char *name, const void *v, size_t size, int flags)
{
	int err = xattr_known(name) ? simple_xattr_set(&ti(inode)->xattrs, name, v, size, flags) : -EOPNOTSUPP;

	if (!err)
		inode_touch_ctime(inode);
	return err;
}

static int tmpfs_removexattr(struct inode *inode, const char *name)
{
	int err = xattr_known(name) ? simple_xattr_remove(&ti(inode)->xattrs, name) : -EOPNOTSUPP;

	if (!err)
		inode_touch_ctime(inode);
	return err;
}

static ssize_t tmpfs_listxattr(struct inode *inode, char *buf, size_t size)
{
	ssize_t at = posix_acl_list_memory(inode, buf, size);
	return at < 0 ? at : simple_xattr_list_from(&ti(inode)->xattrs, buf, size, at);
}

/* --- tables --- */

#define XATTR_OPS	.listxattr = tmpfs_listxattr, .getxattr = tmpfs_getxattr, \
			.setxattr = tmpfs_setxattr, .removexattr = tmpfs_removexattr, .set_acl = posix_acl_set_memory

static const char *tmpfs_get_link(struct inode *inode, struct dentry *d, struct delayed_put *done)
{
	return inode->link;
}

static const struct mapping_ops tmpfs_mapping_ops = { .charge = tmpfs_charge };

static const struct inode_ops tmpfs_file_iops = { .getattr = tmpfs_getattr, .setattr = tmpfs_setattr, XATTR_OPS };

static const struct inode_ops tmpfs_special_iops = { .getattr = tmpfs_getattr, .setattr = tmpfs_setattr, XATTR_OPS };

static const struct inode_ops tmpfs_link_iops = {
	.get_link = tmpfs_get_link, .getattr = tmpfs_getattr, .setattr = tmpfs_setattr, XATTR_OPS
};

static const struct inode_ops tmpfs_dir_iops = {
	.create = tmpfs_create,
	.lookup = simple_lookup,
	.link = tmpfs_link,
	.unlink = tmpfs_unlink,
	.symlink = tmpfs_symlink,
	.mkdir = tmpfs_mkdir,
	.rmdir = tmpfs_rmdir,
	.mknod = tmpfs_mknod,
	.rename = tmpfs_rename,
	.tmpfile = tmpfs_tmpfile,
	.getattr = tmpfs_getattr,
	.setattr = tmpfs_setattr,
	XATTR_OPS
};

static int tmpfs_open(struct file *f, struct inode *inode)
{
	f->mode |= FMODE_NOWAIT;
	return 0;
}

static const struct file_ops tmpfs_fops = {
	.open = tmpfs_open,
	.read_iter = tmpfs_read_iter,
	.write_iter = tmpfs_write_iter,
	.llseek = tmpfs_llseek,
	.mmap = tmpfs_mmap,
	.fsync = tmpfs_fsync,
	.fallocate = tmpfs_fallocate,
	.fcntl = tmpfs_fcntl,
};

/* --- instances --- */

enum { OPT_SIZE_ID, OPT_NR_BLOCKS, OPT_NR_INODES, OPT_MODE, OPT_UID, OPT_GID, OPT_INODE32, OPT_INODE64, OPT_HUGE, OPT_MPOL };

static const struct opt_spec tmpfs_opts[] = {
	{ "size", OPT_SIZE_ID, OPT_STR },	{ "nr_blocks", OPT_NR_BLOCKS, OPT_SIZE },
	{ "nr_inodes", OPT_NR_INODES, OPT_SIZE }, { "mode", OPT_MODE, OPT_OCT },
	{ "uid", OPT_UID, OPT_U64 },		{ "gid", OPT_GID, OPT_U64 },
	{ "inode32", OPT_INODE32, OPT_NONE },	{ "inode64", OPT_INODE64, OPT_NONE },
	{ "huge", OPT_HUGE, OPT_STR },		{ "mpol", OPT_MPOL, OPT_STR },
};

struct tmpfs_want {
	bool has_size, has_inodes;
	u64 blocks, inodes;
	umode_t mode;
	kuid_t uid;
	kgid_t gid;
};

static int parse_size(const char *text, u64 *blocks)
{
	char *end;
	u64 n = memparse(text, &end);

	if (end == text)
		return -EINVAL;
	if (*end == '%') {
		n = (n << PAGE_SHIFT) * mem_total_pages() / 100;
		end++;
	}
	if (*end)
		return -EINVAL;
	*blocks = DIV_ROUND_UP(n, PAGE_SIZE);
	return 0;
}

static int parse_one(int id, const struct opt_value *v, void *arg)
{
	struct tmpfs_want *w = arg;

	switch (id) {
	case OPT_SIZE_ID:
		w->has_size = true;
		return parse_size(v->str, &w->blocks);
	case OPT_NR_BLOCKS:
		w->has_size = true;
		w->blocks = v->num;
		return 0;
	case OPT_NR_INODES:
		w->has_inodes = true;
		w->inodes = v->num;
		return 0;
	case OPT_MODE:
		w->mode = (umode_t)(v->num & 07777);
		return 0;
	case OPT_UID:
		w->uid = make_kuid(current_cred()->user_ns, (u32)v->num);
		return v->num <= ~0u && uid_valid(w->uid) ? 0 : -EINVAL;
	case OPT_GID:
		w->gid = make_kgid(current_cred()->user_ns, (u32)v->num);
		return v->num <= ~0u && gid_valid(w->gid) ? 0 : -EINVAL;
	case OPT_INODE64:
		return 0;
	case OPT_HUGE:
		return streq(v->str, "never") ? 0 : -EINVAL;
	case OPT_MPOL:
		return streq(v->str, "default") ? 0 : -EINVAL;
	}
	return -EINVAL;			/* inode32: numbers here are 64 bits wide */
}

static const struct fs_options tmpfs_options = { "tmpfs", tmpfs_opts, ARRAY_SIZE(tmpfs_opts), parse_one };

static int tmpfs_fill(struct super_block *sb, const char *options)
{
	struct tmpfs_want w = { .mode = S_ISVTX | 0777, .uid = current_fsuid(), .gid = current_fsgid() };
	struct tmpfs_sb *s;
	struct inode *root;
	int err;

	w.blocks = w.inodes = sb->flags & SB_KERNMOUNT ? 0 : default_blocks();
	err = fs_options_parse(&tmpfs_options, options, &w);
	if (err)
		return err;
	s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		return -ENOMEM;
	s->max_blocks = w.blocks;
	s->max_inodes = w.inodes;
	s->mode = w.mode;
	s->uid = w.uid;
	s->gid = w.gid;
	sb->private = s;
	sb->ops = &tmpfs_super_ops;
	sb->magic = TMPFS_MAGIC;
	sb->flags |= SB_POSIXACL;
	root = tmpfs_new(sb, NULL, S_IFDIR | w.mode, mkdev(0, 0));
	if (IS_ERR(root))
		return (int)PTR_ERR(root);
	root->uid = w.uid;
	root->gid = w.gid;
	sb->root = dentry_make_root(root);
	return sb->root ? 0 : -ENOMEM;
}

static void tmpfs_put_super(struct super_block *sb)
{
	kfree(sb->private);
	sb->private = NULL;
}

static int tmpfs_statfs(struct dentry *root, struct kstatfs *st)
{
	struct tmpfs_sb *s = tsb(root->sb);
	u64 used = (u64)atomic64_read(&s->used_blocks), inodes = (u64)atomic64_read(&s->used_inodes);

	st->type = TMPFS_MAGIC;
	st->bsize = PAGE_SIZE;
	st->namelen = NAME_MAX;
	if (s->max_blocks) {
		st->blocks = s->max_blocks;
		st->bavail = st->bfree = s->max_blocks - min(used, s->max_blocks);
	}
	if (s->max_inodes) {
		st->files = s->max_inodes;
		st->ffree = s->max_inodes - min(inodes, s->max_inodes);
	}
	return 0;
}

static int tmpfs_remount(struct super_block *sb, u32 sb_flags, const char *options)
{
	struct tmpfs_sb *s = tsb(sb);
	struct tmpfs_want w = { .blocks = s->max_blocks, .inodes = s->max_inodes };
	int err = fs_options_parse(&tmpfs_options, options, &w);

	if (err)
		return err;
	/* A limit cannot come where there was none, nor fall below what is in use. */
	if (w.has_size && w.blocks) {
		if (!s->max_blocks || (u64)atomic64_read(&s->used_blocks) > w.blocks)
			return -EINVAL;
	}
	if (w.has_inodes && w.inodes) {
		if (!s->max_inodes || (u64)atomic64_read(&s->used_inodes) > w.inodes)
			return -EINVAL;
	}
	WRITE_ONCE(s->max_blocks, w.blocks);
	WRITE_ONCE(s->max_inodes, w.inodes);
	return 0;
}

static void tmpfs_show_options(struct seq_file *m, struct dentry *root)
{
	struct tmpfs_sb *s = tsb(root->sb);

	if (s->max_blocks != default_blocks())
		seq_printf(m, ",size=%lluk", (unsigned long long)(s->max_blocks << (PAGE_SHIFT - 10)));
	if (s->max_inodes != default_blocks())
		seq_printf(m, ",nr_inodes=%llu", (unsigned long long)s->max_inodes);
	if (s->mode != (S_ISVTX | 0777))
		seq_printf(m, ",mode=%03o", s->mode);
	if (s->uid.v)
		seq_printf(m, ",uid=%u", from_kuid(&init_user_ns, s->uid));
	if (s->gid.v)
		seq_printf(m, ",gid=%u", from_kgid(&init_user_ns, s->gid));
	seq_puts(m, ",inode64");
}

static const struct super_ops tmpfs_super_ops = {
	.alloc_inode = tmpfs_alloc_inode,
	.free_inode = tmpfs_free_inode,
	.evict_inode = tmpfs_evict_inode,
	.statfs = tmpfs_statfs,
	.remount = tmpfs_remount,
	.put_super = tmpfs_put_super,
	.show_options = tmpfs_show_options,
};

static struct super_block *tmpfs_mount(struct fs_type *t, u32 flags, const char *source, const char *options)
{
	return super_get_nodev(t, flags, tmpfs_fill, options);
}

struct super_block *tmpfs_get_single(struct fs_type *t, u32 flags, const char *options)
{
	return super_get_single(t, flags, tmpfs_fill, options);
}

static int tmpfs_check(const char *options)
{
	struct tmpfs_want w = { 0 };

	return fs_options_check(&tmpfs_options, options, &w);
}

static struct fs_type tmpfs_type = {
	.name = "tmpfs", .flags = FS_USERNS_MOUNT, .mount = tmpfs_mount, .check_options = tmpfs_check,
};

static struct super_block *rootfs_mount(struct fs_type *t, u32 flags, const char *source, const char *options)
{
	return super_get_nodev(t, flags, tmpfs_fill, "mode=755");
}

static struct fs_type rootfs_type = { .name = "rootfs", .flags = FS_NOMOUNT, .mount = rootfs_mount };

/* --- memory files without a name --- */

static int tmpfs_dname(struct dentry *d, char *buf, size_t size)
{
	int n = snprintf(buf, size, "/%s (deleted)", d->name.name);

	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : n;
}

static const struct dentry_ops memory_dops = { .dname = tmpfs_dname };

struct file *tmpfs_file_create(const char *name, u64 size, u32 seals)
{
	struct path p = { .mnt = kernel_mount };
	struct inode *inode;
	struct file *f;

	if (size > (u64)0x7fffffffffffffff)
		return ERR_PTR(-EINVAL);
	p.dentry = dentry_alloc_pseudo(kernel_mount->sb, name, &memory_dops);
	if (!p.dentry)
		return ERR_PTR(-ENOMEM);
	inode = tmpfs_new(kernel_mount->sb, NULL, S_IFREG | 0777, mkdev(0, 0));
	if (IS_ERR(inode)) {
		dentry_put(p.dentry);
		return ERR_CAST(inode);
	}
	inode->nlink = 0;
	inode->size = (loff_t)size;
	ti(inode)->seals = seals;
	dentry_instantiate(p.dentry, inode);
	f = file_alloc(&p, O_RDWR | O_LARGEFILE, &tmpfs_fops);
	if (!IS_ERR(f))
		f->mode |= FMODE_ATOMIC_POS | FMODE_NOWAIT;
	dentry_put(p.dentry);
	return f;
}

struct file *shmem_file_create(const char *name, u64 size, u32 vmflags)
{
	return tmpfs_file_create(name, size, F_SEAL_SEAL);
}

/* Before the root file system is made at INITCALL_VFS. */
static int tmpfs_register(void)
{
	tmpfs_inodes = kmem_cache_create("shmem_inode_cache", sizeof(struct tmpfs_inode), 64, SLAB_RECLAIMABLE, NULL);
	if (!tmpfs_inodes || fs_register(&tmpfs_type) || fs_register(&rootfs_type))
		panic("no memory for tmpfs");
	return 0;
}
INITCALL_CORE(tmpfs_register);

static int tmpfs_init(void)
{
	kernel_mount = kern_mount(&tmpfs_type);
	return PTR_ERR_OR_ZERO(kernel_mount);
}
INITCALL_VFS(tmpfs_init);
