/* SPDX-License-Identifier: MPL-2.0 */
/* Stand-ins for the VFS: one super block, inodes by number, a tree of dentries. */
#include <fs/block.h>
#include <fs/mount.h>
#include <fs/posix_acl.h>
#include <fs/seq_file.h>
#include "host.h"

struct fs_type *host_type;
long host_inodes;
static struct block_device *const the_bdev = (struct block_device *)0x1000;
static LIST_HEAD(inodes);		/* all, by sb_link */
static LIST_HEAD(unused);		/* by lru: no reference */

int fs_register(struct fs_type *t)
{
	host_type = t;
	return 0;
}

void fs_probe_register(struct fs_probe *p) { }

/* --- inodes --- */

static const struct inode_ops empty_ops;
static const struct file_ops empty_fops;

static void evict(struct inode *inode)
{
	inode->state |= I_FREEING;
	list_del_init(&inode->lru);
	inode->sb->ops->evict_inode(inode);
	data_forget(inode, 0, (loff_t)(~0ull >> 1));
	list_del(&inode->sb_link);
	posix_acl_drop_cache(inode);
	inode->sb->ops->free_inode(inode);
	host_inodes--;
}

struct inode *inode_get_locked(struct super_block *sb, u64 ino)
{
	struct inode *i;

	list_for_each_entry(i, &inodes, sb_link) {
		if (i->ino != ino || i->sb != sb || hlist_unhashed(&i->hash))
			continue;
		if (i->state & (I_NEW | I_FREEING))
			host_die("inode %llu is waited for by who makes or frees it", (unsigned long long)ino);
		if (i->ref.v++ == 0)
			list_del_init(&i->lru);
		return i;
	}
	i = sb->ops->alloc_inode(sb);
	if (!i)
		return ERR_PTR(-ENOMEM);
	i->sb = sb;
	i->ino = ino;
	i->ops = &empty_ops;
	i->fops = &empty_fops;
	i->blkbits = sb->blkbits;
	i->nlink = 1;
	i->state = I_NEW;
	i->mapping = &i->data;
	if (sb->flags & SB_POSIXACL)
		i->acl[0] = i->acl[1] = ACL_NOT_READ;
	ref_init(&i->ref, 1);
	list_init(&i->lru);
	spin_lock_init(&i->state_lock, INODE_STATE);
	rwsem_init(&i->rwsem, INODE);
	rwsem_init(&i->data.invalidate_lock, INODE);
	i->hash.pprev = &i->hash.next;			/* not "unhashed" */
	list_add(&i->sb_link, &inodes);
	host_inodes++;
	return i;
}

void inode_unlock_new(struct inode *inode)
{
	if (!(inode->state & I_NEW))
		host_die("an inode is ready twice");
	inode->state &= ~I_NEW;
}

void inode_fail_new(struct inode *inode)
{
	inode->hash.pprev = NULL;
	inode->nlink = 0;
	inode->state &= ~I_NEW;
	inode_put(inode);
}

void inode_put(struct inode *inode)
{
	if (!inode)
		return;
	if (inode->ref.v <= 0)
		host_die("inode %llu is given back twice", (unsigned long long)inode->ino);
	if (preempt_count())
		host_die("an inode is put under a spinlock");
	if (inode->ref.v > 1) {
		inode->ref.v--;
		return;
	}
	/* What it has of dirty data goes out first, with a reference as write-back has it. */
	if (inode->nlink && !hlist_unhashed(&inode->hash))
		(void)data_flush(inode);
	if (--inode->ref.v)
		return;
	if (!inode->nlink || hlist_unhashed(&inode->hash) || !(inode->sb->flags & SB_ACTIVE))
		evict(inode);
	else
		list_add_tail(&inode->lru, &unused);
}

void host_shrink(struct super_block *sb, bool all)
{
	while (!list_empty(&unused)) {
		struct inode *i = list_first_entry(&unused, struct inode, lru);

		if (!all && below(4) == 0)
			return;
		evict(i);
	}
}

void inode_init_owner(struct inode *inode, const struct inode *dir, umode_t mode)
{
	inode->mode = mode;
	inode->uid = kuid(0);
	inode->gid = dir && (dir->mode & S_ISGID) ? dir->gid : kgid(0);
}

void inode_mark_dirty(struct inode *inode)
{
	inode->sb->ops->dirty_inode(inode, I_DIRTY);
}

void inode_set_nlink(struct inode *inode, u32 n) { inode->nlink = n; }
void inode_inc_link(struct inode *inode) { inode->nlink++; inode_mark_dirty(inode); }
struct timespec64 inode_now(const struct inode *inode) { return current_time64(); }
void inode_update_times(struct inode *inode) { inode_mark_dirty(inode); }
void inode_touch_ctime(struct inode *inode) { inode->ctime = current_time64(); inode_mark_dirty(inode); }
void inode_set_special(struct inode *inode, umode_t mode, dev_t rdev) { }
bool inode_owner_or_capable(const struct inode *inode) { return true; }
int setattr_prepare(struct inode *inode, struct iattr *attr) { return 0; }
void file_accessed(struct file *f) { inode_mark_dirty(f->inode); }
int file_update_for_write(struct file *f) { inode_mark_dirty(f->inode); return 0; }
int mount_want_write(struct mount *m) { return 0; }
void mount_drop_write(struct mount *m) { }

void setattr_copy(struct inode *inode, const struct iattr *attr)
{
	if (attr->valid & ATTR_MODE)
		inode->mode = attr->mode;
	if (attr->valid & ATTR_UID)
		inode->uid = attr->uid;
}

int simple_getattr(struct inode *inode, const struct path *path, struct kstat *st, u32 mask)
{
	memset(st, 0, sizeof(*st));
	st->ino = inode->ino;
	st->size = inode->size;
	st->blocks = inode->blocks;
	return 0;
}

/* --- dentries: a child is kept until it is forgotten --- */

static struct dentry *d_new(struct dentry *parent, const char *name, size_t len)
{
	struct dentry *d = kzalloc(sizeof(*d), GFP_KERNEL);
	char *copy = malloc(len + 1);

	if (!d) {
		free(copy);
		return NULL;
	}
	memcpy(copy, name, len);
	copy[len] = 0;
	d->name = (struct qstr){ .len = (u32)len, .name = copy };
	d->parent = parent ? parent : d;
	d->sb = parent ? parent->sb : NULL;
	d->ref = 1;
	list_init(&d->children);
	list_init(&d->child);
	spin_lock_init(&d->lock, DENTRY);
	return d;
}

static void d_free(struct dentry *d)
{
	struct inode *inode = d->inode;

	list_del_init(&d->child);
	free((char *)d->name.name);
	kfree(d);
	inode_put(inode);
}

struct dentry *dentry_make_root(struct inode *inode)
{
	struct dentry *d = d_new(NULL, "", 0);

	if (!d) {
		inode_put(inode);
		return NULL;
	}
	d->sb = inode->sb;
	d->inode = inode;
	return d;
}

void dentry_put(struct dentry *d) { }
struct dentry *dentry_get_parent(struct dentry *d) { return d->parent; }

static bool below_has(struct dentry *d, const struct inode *inode)
{
	struct dentry *c;

	if (d->inode == inode)
		return true;
	list_for_each_entry(c, &d->children, child)
		if (below_has(c, inode))
			return true;
	return false;
}

/* A directory has one name: fs/vfs/dcache.c. */
struct dentry *dentry_splice(struct dentry *d, struct inode *inode)
{
	if (inode && S_ISDIR_I(inode) && below_has(inode->sb->root, inode)) {
		inode_put(inode);
		return ERR_PTR(-EUCLEAN);
	}
	d->inode = inode;
	return NULL;
}

void dentry_instantiate(struct dentry *d, struct inode *inode)
{
	if (d->inode)
		host_die("a name has an inode already");
	d->inode = inode;
}

struct dentry *host_child(struct dentry *parent, const char *name, size_t len)
{
	struct dentry *c;

	list_for_each_entry(c, &parent->children, child)
		if (c->name.len == len && !memcmp(c->name.name, name, len))
			return c;
	return NULL;
}

struct dentry *host_lookup(struct dentry *parent, const char *name, size_t len)
{
	struct dentry *d = host_child(parent, name, len), *other;

	if (d)
		return d;
	d = d_new(parent, name, len);
	if (!d)
		return ERR_PTR(-ENOMEM);
	other = parent->inode->ops->lookup(parent->inode, d, 0);
	if (IS_ERR(other)) {
		d_free(d);
		return other;
	}
	list_add_tail(&d->child, &parent->children);
	return d;
}

void host_forget(struct dentry *d)
{
	struct dentry *c, *next;

	list_for_each_entry_safe(c, next, &d->children, child)
		host_forget(c);
	if (d != d->parent)
		d_free(d);
}

void host_remove(struct dentry *d)
{
	host_forget(d);
}

void host_move(struct dentry *d, struct dentry *target)
{
	struct dentry *parent = target->parent;
	struct qstr name = target->name;

	target->name = d->name;
	d->name = name;
	list_del_init(&d->child);
	d->parent = parent;
	list_add_tail(&d->child, &parent->children);
	host_remove(target);
}

bool dir_emit_dots(struct file *f, struct dir_context *c)
{
	if (c->pos == 0) {
		if (!dir_emit(c, ".", 1, f->inode->ino, 4))
			return false;
		c->pos = 1;
	}
	if (c->pos == 1) {
		if (!dir_emit(c, "..", 2, f->path.dentry->parent->inode->ino, 4))
			return false;
		c->pos = 2;
	}
	return true;
}

/* --- instances --- */

int super_set_blocksize(struct super_block *sb, u32 size)
{
	if (size < 512 || size > PAGE_SIZE)
		return -EINVAL;
	sb->blocksize = size;
	sb->blkbits = (u32)__builtin_ctz(size);
	return 0;
}

static void shutdown(struct super_block *sb)
{
	struct dentry *root = sb->root;

	if (root) {
		struct inode *i;

		list_for_each_entry(i, &inodes, sb_link)
			if (i->ref.v > 0)
				(void)data_flush(i);
		(void)sb->ops->sync_fs(sb, true);
		sb->flags &= ~SB_ACTIVE;
		host_forget(root);
		sb->root = NULL;
		d_free(root);
	}
	host_shrink(sb, true);
	if (sb->ops)
		sb->ops->put_super(sb);
	kfree(sb);
}

struct super_block *super_get_bdev(struct fs_type *t, u32 flags, const char *source,
				   int (*fill)(struct super_block *sb, const char *options), const char *options)
{
	struct super_block *sb = kzalloc(sizeof(*sb), GFP_KERNEL);
	int err;

	if (!sb)
		return ERR_PTR(-ENOMEM);
	sb->flags = flags;
	sb->type = t;
	sb->bdev = the_bdev;
	sb->maxbytes = ~0ull >> 1;
	memcpy(sb->id, "disk", 5);
	err = super_set_blocksize(sb, 512);
	if (!err)
		err = fill(sb, options);
	if (err) {
		shutdown(sb);
		return ERR_PTR(err);
	}
	sb->flags |= SB_ACTIVE;
	return sb;
}

struct super_block *host_mount(u32 flags, const char *options, int *err)
{
	struct super_block *sb = host_type->mount(host_type, flags, "disk", options);

	*err = IS_ERR(sb) ? (int)PTR_ERR(sb) : 0;
	return IS_ERR(sb) ? NULL : sb;
}

int host_umount(struct super_block *sb)
{
	shutdown(sb);
	return 0;
}

/* --- not used by the walk --- */

void seq_printf(struct seq_file *m, const char *fmt, ...) { }
void seq_puts(struct seq_file *m, const char *s) { }

/* Nothing is frozen here. */
void super_start(struct super_block *sb, u32 level) { (void)sb, (void)level; }
void super_end(struct super_block *sb, u32 level) { (void)sb, (void)level; }
