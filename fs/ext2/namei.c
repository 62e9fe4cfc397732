/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Operations on names. Each is one batch operation; the helpers below begin it again after a commit when
 * freed blocks are what is missing, or when entries that wait for burial are in the way.
 *
 * Locks: the VFS holds the directories' inode locks, and that of the file that loses or changes a name.
 */
#include <base/math.h>
#include <base/printf.h>
#include <fs/file.h>
#include <fs/path.h>
#include <uapi/linux/fs.h>
#include "ext2.h"

/* Should the operation be tried again? The batch has ended. */
static bool retry(struct ext2_sb *s, int err, int *tries)
{
	if (*tries >= 3 || !(err == -EAGAIN || (err == -ENOSPC && !*tries && ext2_has_pending(s))))
		return false;
	++*tries;
	return ext2_commit(s) == 0;
}

static int finish(struct inode *dir, int err)
{
	struct ext2_sb *s = EXT2_SB(dir->sb);

	if (err)
		return err == -EAGAIN ? -ENOSPC : err;
	if ((s->vfs->flags & (SB_SYNCHRONOUS | SB_DIRSYNC)) || (dir->flags & S_SYNC) ||
	    (EXT2_I(dir)->flags & EXT2_DIRSYNC_FL))
		return ext2_commit(s);
	return 0;
}

static struct dentry *ext2_lookup(struct inode *dir, struct dentry *d, u32 flags)
{
	struct inode *inode = NULL;
	struct dentry *other;
	u32 ino;
	int err;

	if (d->name.len > EXT2_NAME_LEN)
		return ERR_PTR(-ENAMETOOLONG);
	err = ext2_find_entry(dir, &d->name, &ino);
	if (err)
		return ERR_PTR(err);
	if (ino) {
		inode = ext2_iget(dir->sb, ino);
		if (IS_ERR(inode)) {
			if (PTR_ERR(inode) == -ESTALE)
				return ERR_PTR(ext2_error(EXT2_SB(dir->sb), "directory %llu names deleted inode %u",
							  (unsigned long long)dir->ino, ino));
			return ERR_CAST(inode);
		}
		if (inode == dir) {
			inode_put(inode);
			return ERR_PTR(ext2_error(EXT2_SB(dir->sb), "directory %llu contains itself",
						  (unsigned long long)dir->ino));
		}
	}
	other = dentry_splice(d, inode);
	if (IS_ERR(other) && PTR_ERR(other) == -EUCLEAN)
		(void)ext2_error(EXT2_SB(dir->sb), "directory %llu names directory %u, which has another name",
				 (unsigned long long)dir->ino, ino);
	return other;
}

/* --- making --- */

/* The new inode did not get its name. Within the batch; put it afterwards. */
static void abandon(struct inode *inode)
{
	inode_set_nlink(inode, 0);
	ext2_link_gone(inode);
	inode_unlock_new(inode);
}

static int write_link(struct inode *inode, const char *target, size_t len)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	struct ext2_inode_info *ei = EXT2_I(inode);
	struct buffer *bh;
	u64 lblk;

	if (len < sizeof(ei->block)) {
		memcpy(ei->block, target, len + 1);
		inode->size = (loff_t)len;
		inode->link = (const char *)ei->block;
		return 0;
	}
	if (len >= s->l.block_size)
		return -ENAMETOOLONG;
	bh = ext2_dir_append(inode, &lblk);
	if (IS_ERR(bh))
		return (int)PTR_ERR(bh);
	memcpy(buffer_data(bh), target, len + 1);
	buffer_put(bh);
	inode->size = (loff_t)len;
	return 0;
}

struct making {
	umode_t mode;
	dev_t dev;
	const char *target;		/* of a symbolic link */
};

/* One attempt. *made is the inode to put when it failed. */
static int make_once(struct inode *dir, struct dentry *d, const struct making *m, struct inode **made)
{
	struct inode *inode = ext2_new_inode(dir, m->mode, &d->name);
	int err;

	*made = NULL;
	if (IS_ERR(inode))
		return (int)PTR_ERR(inode);
	*made = inode;
	inode->rdev = m->dev;
	err = ext2_init_acl(inode, dir);
	if (!err && m->target)
		err = write_link(inode, m->target, strlen(m->target));
	if (!err && S_ISDIR(m->mode)) {
		inode->nlink = 2;
		err = ext2_make_empty(inode, dir);
	}
	if (!err) {
		ext2_set_ops(inode);
		err = ext2_add_entry(dir, &d->name, inode);
	}
	if (err) {
		abandon(inode);
		return err;
	}
	if (S_ISDIR(m->mode))
		inode_inc_link(dir);
	ext2_dirty_data(inode);
	inode_unlock_new(inode);
	return 0;
}

static int make(struct inode *dir, struct dentry *d, const struct making *m)
{
	struct ext2_sb *s = EXT2_SB(dir->sb);
	struct inode *inode;
	int err, tries = 0;

	do {
		err = ext2_begin(s);
		if (err)
			return err;
		err = make_once(dir, d, m, &inode);
		ext2_end(s);
		if (err)
			inode_put(inode);
		else
			dentry_instantiate(d, inode);
	} while (err && retry(s, err, &tries));
	return finish(dir, err);
}

static int ext2_create(struct inode *dir, struct dentry *d, umode_t mode, bool excl)
{
	struct making m = { .mode = (umode_t)((mode & S_IALLUGO) | S_IFREG) };

	return make(dir, d, &m);
}

static int ext2_mknod(struct inode *dir, struct dentry *d, umode_t mode, dev_t dev)
{
	struct making m = { .mode = mode, .dev = dev };

	return make(dir, d, &m);
}

static int ext2_mkdir(struct inode *dir, struct dentry *d, umode_t mode)
{
	struct making m = { .mode = (umode_t)((mode & S_IALLUGO) | S_IFDIR) };

	if (dir->nlink >= EXT2_MAX_LINKS)
		return -EMLINK;
	return make(dir, d, &m);
}

static int ext2_symlink(struct inode *dir, struct dentry *d, const char *target)
{
	struct making m = { .mode = S_IFLNK | 0777, .target = target };

	if (strlen(target) >= min_t(size_t, EXT2_SB(dir->sb)->l.block_size, PAGE_SIZE))
		return -ENAMETOOLONG;
	return make(dir, d, &m);
}

static int ext2_tmpfile(struct inode *dir, struct dentry *d, umode_t mode)
{
	struct ext2_sb *s = EXT2_SB(dir->sb);
	struct inode *inode;
	int err, tries = 0;

	do {
		err = ext2_begin(s);
		if (err)
			return err;
		inode = ext2_new_inode(dir, (umode_t)((mode & S_IALLUGO) | S_IFREG), &d->name);
		err = (int)PTR_ERR_OR_ZERO(inode);
		if (!err) {
			err = ext2_init_acl(inode, dir);
			ext2_set_ops(inode);
			abandon(inode);
		}
		ext2_end(s);
		if (err && !IS_ERR(inode))
			inode_put(inode);
	} while (err && retry(s, err, &tries));
	if (!err)
		dentry_instantiate(d, inode);
	return err;
}

static int link_once(struct inode *dir, struct dentry *d, struct inode *inode)
{
	struct ext2_inode_info *ei = EXT2_I(inode);
	struct ext2_sb *s = EXT2_SB(dir->sb);
	bool tmpfile = !inode->nlink;
	int err = ext2_begin(s);

	if (err)
		return err;
	if (tmpfile) {
		/* Its first name: one of those that the commit looks after again. */
		spin_lock(&s->lock);
		list_del_init(&ei->orphan_link);
		clear_bit(EI_ORPHAN, &ei->state);
		spin_unlock(&s->lock);
		ei->parent = (u32)dir->ino;
	}
	err = ext2_add_entry(dir, &d->name, inode);
	if (!err) {
		inode_set_nlink(inode, inode->nlink + 1);
		inode->ctime = inode_now(inode);
		ext2_dirty_data(inode);
	} else if (tmpfile) {
		ext2_link_gone(inode);
	}
	ext2_end(s);
	return err;
}

static int ext2_link(struct inode *dir, struct dentry *old, struct dentry *d)
{
	struct inode *inode = old->inode;
	int err, tries = 0;

	if (inode->nlink >= EXT2_MAX_LINKS)
		return -EMLINK;
	do
		err = link_once(dir, d, inode);
	while (err && retry(EXT2_SB(dir->sb), err, &tries));
	if (!err) {
		inode_get(inode);
		dentry_instantiate(d, inode);
	}
	return finish(dir, err);
}

/* --- removing --- */

/* A name of it is gone. */
static void drop_link(struct inode *inode, const struct inode *dir)
{
	inode->ctime = dir->ctime;
	if (inode->nlink)
		inode_set_nlink(inode, inode->nlink - 1);
	if (inode->nlink) {
		ext2_dirty_data(inode);
		return;
	}
	if (EXT2_I(inode)->replaced_batch > READ_ONCE(EXT2_SB(inode->sb)->committed_id))
		set_bit(EI_REPLACED, &EXT2_I(inode)->state);
	ext2_link_gone(inode);
}

static int ext2_unlink(struct inode *dir, struct dentry *d)
{
	struct ext2_sb *s = EXT2_SB(dir->sb);
	int err = ext2_begin(s);

	if (err)
		return err;
	err = ext2_delete_entry(dir, &d->name, d->inode);
	if (!err)
		drop_link(d->inode, dir);
	ext2_end(s);
	return finish(dir, err);
}

/* One directory less below dir; a count that was wrong on the disk must not fall to "removed". */
static void drop_subdir(struct inode *dir)
{
	if (dir->nlink > 2)
		inode_set_nlink(dir, dir->nlink - 1);
}

/*
 * A directory below dir moves away or ends: on the disk its ".." names dir up to the last phases of the commit, when
 * those that come have been there for long. (Where it may end earlier, one more is no harm.)
 */
static void dotdot_goes(struct inode *dir, const struct inode *child)
{
	if (ext2_on_disk(child))
		EXT2_I(dir)->lost++;
}

static int ext2_rmdir(struct inode *dir, struct dentry *d)
{
	struct inode *inode = d->inode;
	struct ext2_sb *s = EXT2_SB(dir->sb);
	int err = ext2_dir_is_empty(inode);

	if (err <= 0)
		return err ? err : -ENOTEMPTY;
	err = ext2_begin(s);
	if (err)
		return err;
	/* Files that moved out of it in this batch are still found through it on the disk. */
	if (EXT2_I(inode)->dir_tombs)
		set_bit(EI_LATE_DIR, &EXT2_I(inode)->state);
	err = ext2_delete_entry(dir, &d->name, inode);
	if (!err) {
		inode->ctime = dir->ctime;
		inode_set_nlink(inode, 0);
		ext2_link_gone(inode);
		if (test_bit(EI_LATE_DIR, &EXT2_I(inode)->state))
			dotdot_goes(dir, inode);
		drop_subdir(dir);
		ext2_dirty_data(dir);
	}
	ext2_end(s);
	return finish(dir, err);
}

/* --- renaming --- */

/*
 * What a cut leaves of a rename is the old state or the new one. In one directory two entries change at once
 * (ext2_change_pair()). A file that is replaced is not let go by that: it gets the old name of the other, which goes
 * when its inode has ended, so that at no moment a file of the disk is without a name. Between directories, whose
 * inodes cannot be written at once, the file first gets a name beside the one that it is to take; that one is made up.
 * A file that the disk does not know yet is committed first: no empty file takes another's place.
 */
struct renaming {
	struct inode *dir, *newdir, *inode, *target;	/* target: NULL or what had the new name */
	const struct qstr *from, *to;
	u32 flags;
	struct inode *whiteout;
};

static void moved(struct renaming *r)
{
	r->inode->ctime = inode_now(r->inode);
	ext2_dirty(r->inode);
	ext2_dirty_data(r->dir);
	if (r->newdir != r->dir)
		ext2_dirty_data(r->newdir);
}

/* One name more or less beside those that users know. Directories do not count theirs. */
static void count_name(struct inode *inode, int n)
{
	if (S_ISDIR_I(inode))
		return;
	inode_set_nlink(inode, inode->nlink + (u32)n);
	ext2_dirty_data(inode);
}

/* The target has lost its name, at once on the disk (replaced: only once its end is written). */
static void drop_target(struct renaming *r, bool replaced)
{
	if (S_ISDIR_I(r->target))
		inode_set_nlink(r->target, 1);
	if (replaced)
		EXT2_I(r->target)->replaced_batch = EXT2_SB(r->target->sb)->batch_id;
	drop_link(r->target, r->newdir);
}

/* `to` and what stands at `from` in the same directory change places, or `to` is taken over. */
static int take_place(struct renaming *r, struct inode *dir, const struct qstr *from)
{
	struct inode *t = r->target;
	/* Also when it has other names: one more may come in this batch, before this one is gone for certain. */
	bool bury = ext2_on_disk(t);
	int err = ext2_change_pair(dir, r->to, r->inode, from, bury ? t : NULL, bury);

	if (err == -ENOSPC) {
		/* No room for copies: in order at least. */
		err = ext2_set_entry(dir, r->to, r->inode, r->target);
		if (!err)
			err = ext2_delete_entry(dir, from, r->inode);
	}
	if (!err)
		drop_target(r, true);
	return err;
}

/* The old name goes, or a whiteout takes it. */
static int give_name(struct renaming *r, const struct qstr *from)
{
	return r->whiteout ? ext2_set_entry(r->dir, from, r->whiteout, r->inode) : ext2_delete_entry(r->dir, from, r->inode);
}

/* The name goes over within one directory. */
static int rename_here(struct renaming *r)
{
	int err;

	if (r->target && !r->whiteout)
		return take_place(r, r->dir, r->from);
	err = r->target ? ext2_set_entry(r->dir, r->to, r->inode, r->target) : ext2_add_entry(r->dir, r->to, r->inode);
	if (err)
		return err;
	err = ext2_change_pair(r->dir, r->to, NULL, r->from, r->whiteout, false);
	if (err == -ENOSPC)
		err = give_name(r, r->from);
	if (!err && r->target)
		drop_target(r, false);
	return err;
}

/* To another directory where nothing has the name, or what the disk does not know; or of what it does not know. */
static int rename_there(struct renaming *r)
{
	int err = r->target ? ext2_set_entry(r->newdir, r->to, r->inode, r->target) : ext2_add_entry(r->newdir, r->to, r->inode);

	if (!err)
		err = give_name(r, r->from);
	if (!err && r->target)
		drop_target(r, false);
	return err;
}

/* Parents of a directory that moved or replaced one. */
static int settle_parents(struct renaming *r)
{
	int err = 0;

	if (!S_ISDIR_I(r->inode))
		return 0;
	if (r->target)
		dotdot_goes(r->newdir, r->target);
	if (r->dir != r->newdir) {
		err = ext2_set_dotdot(r->inode, r->newdir);
		if (err)
			return err;
		dotdot_goes(r->dir, r->inode);
		drop_subdir(r->dir);
		if (!r->target)
			inode_set_nlink(r->newdir, r->newdir->nlink + 1);
	} else if (r->target) {
		drop_subdir(r->dir);
	}
	return 0;
}

static int rename_once(struct renaming *r)
{
	int err;

	if (r->target && ext2_on_disk(r->target) && !ext2_on_disk(r->inode))
		return -EAGAIN;
	err = r->dir == r->newdir && ext2_on_disk(r->inode) ? rename_here(r) : rename_there(r);
	if (!err)
		err = settle_parents(r);
	if (!err)
		moved(r);
	return err;
}

static int exchange_once(struct renaming *r)
{
	int err;

	if (!ext2_on_disk(r->inode) || !ext2_on_disk(r->target))
		return -EAGAIN;
	err = ext2_change_pair(r->dir, r->to, r->inode, r->from, r->target, false);
	if (err == -ENOSPC) {
		err = ext2_set_entry(r->dir, r->to, r->inode, r->target);
		if (!err)
			err = ext2_set_entry(r->dir, r->from, r->target, r->inode);
	}
	if (err)
		return err;
	r->target->ctime = inode_now(r->target);
	ext2_dirty(r->target);
	moved(r);
	return 0;
}

/* A character device 0:0 takes the old name. */
static int make_whiteout(struct renaming *r)
{
	struct inode *w = ext2_new_inode(r->dir, S_IFCHR, r->from);

	if (IS_ERR(w))
		return (int)PTR_ERR(w);
	ext2_set_ops(w);
	ext2_dirty_data(w);
	r->whiteout = w;
	return 0;
}

/* One operation of a rename; with a whiteout if want. */
static int rename_try(struct renaming *r, int (*once)(struct renaming *r), bool whiteout)
{
	struct ext2_sb *s = EXT2_SB(r->dir->sb);
	int err, tries = 0;

	do {
		err = ext2_begin(s);
		if (err)
			return err;
		r->whiteout = NULL;
		if (whiteout)
			err = make_whiteout(r);
		if (!err)
			err = once(r);
		if (r->whiteout) {
			if (err)
				abandon(r->whiteout);
			else
				inode_unlock_new(r->whiteout);
		}
		ext2_end(s);
		inode_put(r->whiteout);
	} while (err && retry(s, err, &tries));
	return err;
}

/* --- renaming between directories, in steps with a commit after each but the last --- */

/*
 * A directory with a name in the new one, while its ".." still names the old one. After a cut e2fsck takes one of both
 * for its parent, which then must have counted it.
 */
static void guest_comes(struct renaming *r)
{
	if (S_ISDIR_I(r->inode)) {
		EXT2_I(r->newdir)->guests++;
		ext2_dirty_data(r->newdir);
	}
}

/* It is at home there, or gone. */
static void guest_goes(struct renaming *r)
{
	if (S_ISDIR_I(r->inode)) {
		EXT2_I(r->newdir)->guests--;
		EXT2_I(r->newdir)->lost++;
		ext2_dirty_data(r->newdir);
	}
}

/* The first step, and what undoes it: one more name in the new directory. */
static int name_comes(struct renaming *r, const struct qstr *name)
{
	int err = ext2_add_entry(r->newdir, name, r->inode);

	if (!err) {
		count_name(r->inode, 1);
		guest_comes(r);
	}
	return err;
}

static int name_goes(struct renaming *r, const struct qstr *name)
{
	int err = ext2_delete_entry(r->newdir, name, r->inode);

	if (!err) {
		count_name(r->inode, -1);
		guest_goes(r);
	}
	return err;
}

/* The last step: the old name goes, or a whiteout takes it. */
static int old_name_goes(struct renaming *r, const struct qstr *from)
{
	int err = give_name(r, from);

	if (err)
		return err;
	count_name(r->inode, -1);
	guest_goes(r);
	err = settle_parents(r);
	if (!err)
		moved(r);
	return err;
}

static int via_add(struct renaming *r)
{
	return name_comes(r, r->from);
}

static int via_remove(struct renaming *r)
{
	return name_goes(r, r->from);
}

/* struct renaming of the whole and the made-up name; r->from is that name while a step runs. */
struct crossing {
	struct renaming r;		/* first: the steps are called with it */
	const struct qstr *from, *via;
};

static struct crossing *crossing_of(struct renaming *r)
{
	return container_of(r, struct crossing, r);
}

/* The last step of a replacement: the made-up name takes the place, the old name goes. */
static int via_replace(struct renaming *r)
{
	struct crossing *c = crossing_of(r);
	int err = take_place(r, r->newdir, c->via);

	return err ? err : old_name_goes(r, c->from);
}

static int via_swap(struct renaming *r)
{
	return ext2_change_pair(r->newdir, r->to, r->inode, r->from, r->target, false);
}

/* The last step of an exchange: the target, which has the made-up name, takes the old one. */
static int via_exchange(struct renaming *r)
{
	bool d1 = S_ISDIR_I(r->inode), d2 = S_ISDIR_I(r->target);
	struct crossing *c = crossing_of(r);
	int err = ext2_set_entry(r->dir, c->from, r->target, r->inode);

	if (!err)
		err = ext2_delete_entry(r->newdir, c->via, r->target);
	if (err)
		return err;
	count_name(r->inode, -1);
	guest_goes(r);
	if (d1)
		err = ext2_set_dotdot(r->inode, r->newdir);
	if (!err && d2)
		err = ext2_set_dotdot(r->target, r->dir);
	if (err)
		return err;
	if (d1)
		dotdot_goes(r->dir, r->inode);
	if (d2)
		dotdot_goes(r->newdir, r->target);
	if (d1 != d2) {
		struct inode *more = d2 ? r->dir : r->newdir, *less = d2 ? r->newdir : r->dir;

		inode_set_nlink(more, more->nlink + 1);
		drop_subdir(less);
	}
	r->target->ctime = inode_now(r->target);
	ext2_dirty(r->target);
	moved(r);
	return 0;
}

/* A name that nobody has there. */
static int make_up_name(const struct renaming *r, char *buf, size_t size, struct qstr *q)
{
	u32 taken = 0;

	for (u32 n = 0; n < 1000; n++) {
		int err;

		memset(q, 0, sizeof(*q));
		q->name = buf;
		q->len = (u32)snprintf(buf, size, ".rename-%llu-%u", (unsigned long long)r->inode->ino, n);
		err = ext2_find_entry(r->newdir, q, &taken);
		if (err || !taken)
			return err;
	}
	return -EEXIST;
}

static int rename_between(struct renaming *r)
{
	struct ext2_sb *s = EXT2_SB(r->dir->sb);
	bool swap = r->flags & RENAME_EXCHANGE, whiteout = r->flags & RENAME_WHITEOUT;
	struct crossing c = { .r = *r, .from = r->from };
	struct qstr via;
	char name[48];
	int err = make_up_name(r, name, sizeof(name), &via);

	if (err)
		return err;
	c.via = c.r.from = &via;
	err = rename_try(&c.r, via_add, false);
	if (err)
		return err;
	err = ext2_commit(s);
	if (!err && !swap)
		err = rename_try(&c.r, via_replace, whiteout);
	if (!err && swap) {
		err = rename_try(&c.r, via_swap, false);
		if (!err) {
			/* From here on there is no way back but an aborted file system. */
			err = ext2_commit(s);
			return err ? err : rename_try(&c.r, via_exchange, false);
		}
	}
	if (err)
		(void)!rename_try(&c.r, via_remove, false);
	return err;
}

/* Between directories with a whiteout: it takes the old name when the disk has the new one. */
static int whiteout_add(struct renaming *r)
{
	return name_comes(r, r->to);
}

static int whiteout_finish(struct renaming *r)
{
	return old_name_goes(r, r->from);
}

static int whiteout_undo(struct renaming *r)
{
	return name_goes(r, r->to);
}

static int rename_with_whiteout(struct renaming *r)
{
	int err = rename_try(r, whiteout_add, false);

	if (err)
		return err;
	err = ext2_commit(EXT2_SB(r->dir->sb));
	if (!err)
		err = rename_try(r, whiteout_finish, true);
	if (err)
		(void)!rename_try(r, whiteout_undo, false);
	return err;
}

static int rename_any(struct renaming *r)
{
	bool same = r->dir == r->newdir, whiteout = r->flags & RENAME_WHITEOUT;
	struct ext2_sb *s = EXT2_SB(r->dir->sb);
	int err;

	if (r->flags & RENAME_EXCHANGE)
		return same ? rename_try(r, exchange_once, false) : rename_between(r);
	/* What replaces a file has its contents on the disk, as far as they were written. */
	if (r->target && S_ISREG_I(r->inode)) {
		if (EXT2_I(r->inode)->nr_exts || EXT2_I(r->inode)->disksize < (u64)inode_size(r->inode))
			(void)filemap_write_and_wait(&r->inode->data, 0, (loff_t)(~0ull >> 1));
		/* Written, but for the commit: how the disk knows the file is what it would show. */
		if (ext2_on_disk(r->target) && EXT2_I(r->inode)->datasync_id > READ_ONCE(s->committed_id)) {
			err = ext2_commit(s);
			if (err)
				return err;
		}
	}
	if (r->target && ext2_on_disk(r->target) && (!same || whiteout))
		return rename_between(r);
	if (whiteout && !same)
		return rename_with_whiteout(r);
	return rename_try(r, rename_once, whiteout);
}

static int ext2_rename(struct inode *dir, struct dentry *d, struct inode *newdir, struct dentry *newd, u32 flags)
{
	struct renaming r = {
		.dir = dir, .newdir = newdir, .inode = d->inode, .target = newd->inode, .from = &d->name, .to = &newd->name,
		.flags = flags,
	};
	bool isdir = S_ISDIR_I(d->inode);
	int err;

	if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT))
		return -EINVAL;
	if (!(flags & RENAME_EXCHANGE)) {
		if (isdir && r.target) {
			err = ext2_dir_is_empty(r.target);
			if (err <= 0)
				return err ? err : -ENOTEMPTY;
		}
		if (isdir && !r.target && dir != newdir && newdir->nlink >= EXT2_MAX_LINKS)
			return -EMLINK;
	}
	err = finish(newdir, rename_any(&r));
	return err ? err : finish(dir, 0);
}

/* --- links --- */

static void link_done(void *text)
{
	kfree(text);
}

static const char *ext2_get_link(struct inode *inode, struct dentry *d, struct delayed_put *done)
{
	struct buffer *bh;
	size_t n = (size_t)inode->size;
	char *text;

	if (inode->link)
		return inode->link;
	if (!d)
		return ERR_PTR(-ECHILD);
	bh = ext2_dir_bread(inode, 0);
	if (IS_ERR(bh))
		return ERR_CAST(bh);
	text = kmalloc(n + 1, GFP_NOFS);
	if (text) {
		memcpy(text, buffer_data(bh), n);
		text[n] = 0;
	}
	buffer_put(bh);
	if (!text)
		return ERR_PTR(-ENOMEM);
	done->fn = link_done;
	done->arg = text;
	return text;
}

#define COMMON_OPS	.getattr = ext2_getattr, .setattr = ext2_setattr, .listxattr = ext2_listxattr, \
			.getxattr = ext2_getxattr, .setxattr = ext2_setxattr, .removexattr = ext2_removexattr, \
			.get_acl = ext2_get_acl, .set_acl = ext2_set_acl

const struct inode_ops ext2_dir_iops = {
	.lookup = ext2_lookup,
	.create = ext2_create,
	.link = ext2_link,
	.unlink = ext2_unlink,
	.symlink = ext2_symlink,
	.mkdir = ext2_mkdir,
	.rmdir = ext2_rmdir,
	.mknod = ext2_mknod,
	.rename = ext2_rename,
	.tmpfile = ext2_tmpfile,
	COMMON_OPS
};

const struct inode_ops ext2_file_iops = { COMMON_OPS };
const struct inode_ops ext2_special_iops = { COMMON_OPS };
const struct inode_ops ext2_link_iops = { .get_link = ext2_get_link, COMMON_OPS };
