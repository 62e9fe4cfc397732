/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Directories: looking names up, adding and removing them, reading. Blocks are buffers; where the directory
 * is indexed, htree.c says which block.
 *
 * A name that goes while a newer name of the same file is not on the disk yet stays in its block until the
 * commit has written the newer one: a tomb remembers it, and everybody here looks past it.
 *
 * Locks: the directory's inode lock (VFS), within it ei->dir_sem, which the commit takes to bury.
 */
#include <base/hash.h>
#include <base/math.h>
#include <fs/file.h>
#include <fs/path.h>
#include <uapi/linux/dirent.h>
#include "ext2.h"

static inline struct ext2_dirent *dirent_at(struct buffer *bh, u32 off)
{
	return (struct ext2_dirent *)((char *)buffer_data(bh) + off);
}

u8 ext2_file_type(const struct ext2_sb *s, umode_t mode)
{
	static const u8 types[16] = { [1] = 5, [2] = 3, [4] = 2, [6] = 4, [8] = 1, [10] = 7, [12] = 6 };

	return s->l.incompat & EXT2_INCOMPAT_FILETYPE ? types[mode >> 12 & 15] : 0;
}

u32 ext2_dt_type(const struct ext2_sb *s, u8 type)
{
	static const u8 dt[8] = { DT_UNKNOWN, DT_REG, DT_DIR, DT_CHR, DT_BLK, DT_FIFO, DT_SOCK, DT_LNK };

	return s->l.incompat & EXT2_INCOMPAT_FILETYPE && type < 8 ? dt[type] : DT_UNKNOWN;
}

int ext2_dir_corrupt(struct inode *dir, u64 lblk, const char *why)
{
	return ext2_error(EXT2_SB(dir->sb), "directory %llu, block %llu: %s", (unsigned long long)dir->ino,
			  (unsigned long long)lblk, why);
}

static u64 dir_blocks(const struct inode *dir)
{
	return (u64)dir->size >> EXT2_SB(dir->sb)->l.block_bits;
}

/* --- tombs --- */

static struct list_head *tomb_chain(struct ext2_sb *s, const struct ext2_inode_info *dir, u64 lblk)
{
	return &s->tomb_hash[hash_u64(dir->vfs.ino * 31 + lblk, 8)];
}

bool ext2_entry_dead(struct inode *dir, u64 lblk, u32 off)
{
	struct ext2_inode_info *ei = EXT2_I(dir);
	struct ext2_sb *s = EXT2_SB(dir->sb);
	struct ext2_tomb *t;
	bool dead = false;

	if (likely(!READ_ONCE(ei->dir_tombs)))
		return false;
	spin_lock(&s->lock);
	list_for_each_entry(t, tomb_chain(s, ei, lblk), hash) {
		if (t->dir == ei && !t->set_ino && t->lblk == lblk && t->off == off) {
			dead = true;
			break;
		}
	}
	spin_unlock(&s->lock);
	return dead;
}

/*
 * The entry goes (set_ino 0) or gets set_ino at the end of the commit. victim: has a name there that counts until
 * then; NULL if its end comes before. False: no memory; then the change is made at once, and only its order is lost.
 */
static bool tomb_add(struct inode *dir, u64 lblk, u32 off, struct inode *victim, u32 set_ino)
{
	struct ext2_tomb *t = kmalloc(sizeof(*t), GFP_NOFS);
	struct ext2_sb *s = EXT2_SB(dir->sb);

	if (!t)
		return false;
	inode_get(dir);
	t->dir = EXT2_I(dir);
	t->victim = NULL;
	if (victim) {
		inode_get(victim);
		t->victim = EXT2_I(victim);
		t->victim->tombs++;
	}
	t->lblk = lblk;
	t->off = off;
	t->set_ino = set_ino;
	spin_lock(&s->lock);
	list_add_tail(&t->link, &s->tombs);
	list_add_tail(&t->hash, tomb_chain(s, t->dir, lblk));
	t->dir->dir_tombs++;
	s->nr_held++;
	spin_unlock(&s->lock);
	return true;
}

void ext2_bury(struct ext2_tomb *t)
{
	struct inode *dir = &t->dir->vfs;
	struct ext2_sb *s = EXT2_SB(dir->sb);
	struct buffer *bh;

	down_write(&t->dir->dir_sem);
	bh = ext2_dir_bread(dir, t->lblk);
	if (!IS_ERR(bh)) {
		ext2_hold(s, bh, BH_INPLACE);
		if (t->set_ino)
			dirent_at(bh, t->off)->ino = to_le32(t->set_ino);
		else if (!ext2_dirblock_remove(buffer_data(bh), s->l.block_size, t->off, s->l.inodes_count))
			(void)ext2_dir_corrupt(dir, t->lblk, "changed behind our back");
		buffer_put(bh);
	}
	spin_lock(&s->lock);
	list_del_init(&t->link);
	list_del_init(&t->hash);
	t->dir->dir_tombs--;
	s->nr_held--;
	spin_unlock(&s->lock);
	up_write(&t->dir->dir_sem);
}

/* --- looking up --- */

/* 1: found at *off; 0: not in this block; -EUCLEAN. dead: an entry that only the disk still has. */
static int search_block(struct inode *dir, struct buffer *bh, u64 lblk, const struct qstr *name, bool dead, u32 *where)
{
	struct ext2_sb *s = EXT2_SB(dir->sb);
	u32 size = s->l.block_size;

	for (u32 off = 0; off < size; off += le16(dirent_at(bh, off)->rec_len)) {
		const struct ext2_dirent *d = dirent_at(bh, off);
		const char *why = ext2_dirent_check(buffer_data(bh), size, off, s->l.inodes_count);

		if (unlikely(why != NULL))
			return ext2_dir_corrupt(dir, lblk, why);
		if (d->name_len == name->len && le32(d->ino) && !memcmp(d->name, name->name, name->len) &&
		    ext2_entry_dead(dir, lblk, off) == dead) {
			*where = off;
			return 1;
		}
	}
	return 0;
}

static struct buffer *find_linear(struct inode *dir, const struct qstr *name, bool dead, u64 *lblk, u32 *off)
{
	u64 n = dir_blocks(dir), first = EXT2_I(dir)->dir_hint < n ? EXT2_I(dir)->dir_hint : 0;

	for (u64 i = 0; i < n; i++) {
		struct buffer *bh;
		int r;

		*lblk = first + i < n ? first + i : first + i - n;
		bh = ext2_dir_bread(dir, *lblk);
		if (IS_ERR(bh))
			return bh;
		r = search_block(dir, bh, *lblk, name, dead, off);
		if (r == 1)
			return bh;
		buffer_put(bh);
		if (r < 0)
			return ERR_PTR(r);
		cond_resched();
	}
	return NULL;
}

static struct buffer *find_indexed(struct inode *dir, const struct qstr *name, bool dead, u64 *lblk, u32 *off)
{
	struct ext2_dx_walk w;
	struct buffer *bh = NULL;
	int err = ext2_dx_start(dir, name, &w);

	while (!err) {
		*lblk = ext2_dx_leaf(&w);
		bh = ext2_dir_bread(dir, *lblk);
		if (IS_ERR(bh)) {
			err = (int)PTR_ERR(bh);
			break;
		}
		err = search_block(dir, bh, *lblk, name, dead, off);
		if (err == 1) {
			ext2_dx_end(&w);
			return bh;
		}
		buffer_put(bh);
		if (!err) {
			err = ext2_dx_next(dir, &w, false, NULL);
			if (err == 0)
				break;
			err = err < 0 ? err : 0;
		}
	}
	ext2_dx_end(&w);
	return err ? ERR_PTR(err) : NULL;
}

/* The block with the entry, referenced; NULL: not there. dir_sem held. */
static struct buffer *find_any(struct inode *dir, const struct qstr *name, bool dead, u64 *lblk, u32 *off)
{
	if (name->len > EXT2_NAME_LEN)
		return NULL;
	return ext2_is_indexed(dir) ? find_indexed(dir, name, dead, lblk, off) : find_linear(dir, name, dead, lblk, off);
}

static struct buffer *find(struct inode *dir, const struct qstr *name, u64 *lblk, u32 *off)
{
	return find_any(dir, name, false, lblk, off);
}

/* Does the disk still have an entry of this name that is gone? Two of one name must not meet there. */
static int name_is_buried(struct inode *dir, const struct qstr *name)
{
	struct buffer *bh;
	u64 lblk;
	u32 off;

	if (likely(!EXT2_I(dir)->dir_tombs))
		return 0;
	bh = find_any(dir, name, true, &lblk, &off);
	if (!bh || IS_ERR(bh))
		return bh ? (int)PTR_ERR(bh) : 0;
	buffer_put(bh);
	return -EAGAIN;
}

int ext2_find_entry(struct inode *dir, const struct qstr *name, u32 *ino)
{
	struct ext2_inode_info *ei = EXT2_I(dir);
	struct buffer *bh;
	u64 lblk;
	u32 off;

	*ino = 0;
	down_read(&ei->dir_sem);
	bh = find(dir, name, &lblk, &off);
	if (bh && !IS_ERR(bh)) {
		*ino = le32(dirent_at(bh, off)->ino);
		buffer_put(bh);
	}
	up_read(&ei->dir_sem);
	return IS_ERR(bh) ? (int)PTR_ERR(bh) : 0;
}

/* --- adding --- */

static void dir_changed(struct inode *dir)
{
	dir->mtime = dir->ctime = inode_now(dir);
	dir->version++;
	ext2_dirty(dir);
}

/* A name for inode is in dir now; its block may go out only after the inode. */
static void note_added(struct inode *dir, struct inode *inode)
{
	struct ext2_inode_info *ei = EXT2_I(inode);
	struct ext2_sb *s = EXT2_SB(dir->sb);

	ei->add_batch = s->batch_id;
	if (ei->parent != (u32)dir->ino && test_bit(EI_NEW, &ei->state) && !S_ISDIR_I(inode))
		set_bit(EI_MANY, &ei->state);
	ei->parent = (u32)dir->ino;
}

/*
 * Would a change of the block where it is be whole on the disk, whichever of its sectors make it? Yes if
 * the new entry, and the one whose length changes for it, lie in one sector together.
 */
static bool one_sector(struct buffer *bh, u32 at, u32 len)
{
	const struct ext2_dirent *d = dirent_at(bh, at);
	u32 off = at + (le32(d->ino) ? EXT2_DIRENT_LEN(d->name_len) : 0);

	return at / SECTOR_SIZE == (off + EXT2_DIRENT_HEAD + len - 1) / SECTOR_SIZE;
}

struct buffer *ext2_dir_own(struct inode *dir, u64 lblk, struct buffer *bh, u32 at, u32 len)
{
	struct ext2_sb *s = EXT2_SB(dir->sb);
	struct buffer *copy;

	if (!(bh->state & BH_FRESH) && !one_sector(bh, at, len)) {
		copy = ext2_dir_cow(dir, lblk, bh);
		/* On a full disk it must do where it is. */
		if (!IS_ERR(copy) || PTR_ERR(copy) != -ENOSPC) {
			if (IS_ERR(copy))
				buffer_put(bh);
			return copy;
		}
	}
	ext2_hold(s, bh, BH_INPLACE);
	return bh;
}

/* 1: done; 0: no room in any block; -errno. */
static int add_linear(struct inode *dir, const struct qstr *name, u32 ino, u8 type)
{
	struct ext2_sb *s = EXT2_SB(dir->sb);
	struct ext2_inode_info *ei = EXT2_I(dir);
	u64 n = dir_blocks(dir), first = ei->dir_hint < n ? ei->dir_hint : 0;
	u32 need = EXT2_DIRENT_LEN(name->len), at;

	for (u64 i = 0; i < n; i++) {
		u64 lblk = first + i < n ? first + i : first + i - n;
		struct buffer *bh = ext2_dir_bread(dir, lblk);

		if (IS_ERR(bh))
			return (int)PTR_ERR(bh);
		at = ext2_dirblock_room(buffer_data(bh), s->l.block_size, need, s->l.inodes_count);
		if (at == EXT2_DIR_BAD) {
			buffer_put(bh);
			return ext2_dir_corrupt(dir, lblk, "malformed");
		}
		if (at < s->l.block_size) {
			bh = ext2_dir_own(dir, lblk, bh, at, name->len);
			if (IS_ERR(bh))
				return (int)PTR_ERR(bh);
			(void)ext2_dirblock_insert(buffer_data(bh), at, ino, name->name, name->len, type);
			buffer_put(bh);
			ei->dir_hint = (u32)lblk;
			return 1;
		}
		buffer_put(bh);
		cond_resched();
	}
	return 0;
}

static int add_block(struct inode *dir, const struct qstr *name, u32 ino, u8 type)
{
	struct ext2_sb *s = EXT2_SB(dir->sb);
	struct buffer *bh;
	u64 lblk;

	bh = ext2_dir_append(dir, &lblk);
	if (IS_ERR(bh))
		return (int)PTR_ERR(bh);
	ext2_dirblock_init(buffer_data(bh), s->l.block_size);
	(void)ext2_dirblock_insert(buffer_data(bh), 0, ino, name->name, name->len, type);
	buffer_put(bh);
	EXT2_I(dir)->dir_hint = (u32)lblk;
	return 0;
}

static int add_locked(struct inode *dir, const struct qstr *name, u32 ino, u8 type)
{
	struct ext2_sb *s = EXT2_SB(dir->sb);
	int r;

	if (ext2_is_indexed(dir))
		return ext2_dx_add(dir, name, ino, type);
	r = add_linear(dir, name, ino, type);
	if (r)
		return r < 0 ? r : 0;
	if ((s->l.compat & EXT2_COMPAT_DIR_INDEX) && dir_blocks(dir) == 1)
		return ext2_dx_make(dir, name, ino, type);
	EXT2_I(dir)->flags &= ~EXT2_INDEX_FL;
	return add_block(dir, name, ino, type);
}

int ext2_add_entry(struct inode *dir, const struct qstr *name, struct inode *inode)
{
	struct ext2_sb *s = EXT2_SB(dir->sb);
	int err;

	if (name->len > EXT2_NAME_LEN)
		return -ENAMETOOLONG;
	down_write(&EXT2_I(dir)->dir_sem);
	err = name_is_buried(dir, name);
	if (!err)
		err = add_locked(dir, name, (u32)inode->ino, ext2_file_type(s, inode->mode));
	up_write(&EXT2_I(dir)->dir_sem);
	if (err)
		return err;
	note_added(dir, inode);
	dir_changed(dir);
	return 0;
}

/* --- removing, changing --- */

/* It has a name less, at once: until the commit's names are on the disk it may be there with it. */
static void note_lost(struct inode *inode)
{
	if (!S_ISDIR_I(inode) && ext2_on_disk(inode))
		EXT2_I(inode)->lost++;
}

int ext2_delete_entry(struct inode *dir, const struct qstr *name, struct inode *victim)
{
	struct ext2_sb *s = EXT2_SB(dir->sb);
	struct ext2_inode_info *vi = EXT2_I(victim);
	/* Also when other names stay, so that this name cannot be made again beside it. */
	bool wait = (vi->add_batch > READ_ONCE(s->committed_id) || test_bit(EI_LATE_DIR, &vi->state) ||
		     (victim->nlink > 1 && !S_ISDIR_I(victim))) && ext2_on_disk(victim);
	struct buffer *bh;
	int err = 0;
	u64 lblk;
	u32 off;

	down_write(&EXT2_I(dir)->dir_sem);
	bh = find(dir, name, &lblk, &off);
	if (!bh || IS_ERR(bh)) {
		err = bh ? (int)PTR_ERR(bh) : -ENOENT;
		goto out;
	}
	if (le32(dirent_at(bh, off)->ino) != victim->ino) {
		err = ext2_dir_corrupt(dir, lblk, "entry names another inode");
	} else if (!wait || !tomb_add(dir, lblk, off, victim, 0)) {
		if (ext2_dirblock_remove(buffer_data(bh), s->l.block_size, off, s->l.inodes_count)) {
			ext2_hold(s, bh, BH_INPLACE);
			note_lost(victim);
		} else {
			err = ext2_dir_corrupt(dir, lblk, "malformed");
		}
	}
	buffer_put(bh);
out:
	up_write(&EXT2_I(dir)->dir_sem);
	if (!err)
		dir_changed(dir);
	return err;
}

int ext2_set_entry(struct inode *dir, const struct qstr *name, struct inode *inode, struct inode *old)
{
	struct ext2_sb *s = EXT2_SB(dir->sb);
	struct buffer *bh;
	int err = 0;
	u64 lblk;
	u32 off;

	down_write(&EXT2_I(dir)->dir_sem);
	bh = find(dir, name, &lblk, &off);
	if (!bh || IS_ERR(bh)) {
		err = bh ? (int)PTR_ERR(bh) : -ENOENT;
	} else {
		dirent_at(bh, off)->ino = to_le32((u32)inode->ino);
		dirent_at(bh, off)->type = ext2_file_type(s, inode->mode);
		ext2_hold(s, bh, BH_INPLACE);
		buffer_put(bh);
	}
	up_write(&EXT2_I(dir)->dir_sem);
	if (err)
		return err;
	note_lost(old);
	note_added(dir, inode);
	dir_changed(dir);
	return 0;
}

/* An entry, where it is. */
struct place {
	struct buffer *bh;
	u64 lblk;
	u32 off;
};

static int find_place(struct inode *dir, const struct qstr *name, struct place *p)
{
	p->bh = find(dir, name, &p->lblk, &p->off);
	if (!p->bh || IS_ERR(p->bh)) {
		int err = p->bh ? (int)PTR_ERR(p->bh) : -ENOENT;

		p->bh = NULL;
		return err;
	}
	return 0;
}

/*
 * Whatever makes it to the disk, both entries change or none: they lie in one sector, or both blocks are copies,
 * which the directory's inode switches to.
 */
static int own_pair(struct inode *dir, struct place *a, struct place *b)
{
	struct ext2_sb *s = EXT2_SB(dir->sb);
	struct place *p[2] = { a, b };

	if (a->bh == b->bh && !(a->bh->state & BH_FRESH) && a->off / SECTOR_SIZE == b->off / SECTOR_SIZE &&
	    (a->off + 7) / SECTOR_SIZE == (b->off + 7) / SECTOR_SIZE) {
		ext2_hold(s, a->bh, BH_INPLACE);
		return 0;
	}
	for (int i = 0; i < 2; i++) {
		struct buffer *old = p[i]->bh, *copy;

		if (old->state & BH_FRESH)
			continue;
		copy = ext2_dir_cow(dir, p[i]->lblk, old);
		if (IS_ERR(copy))
			return (int)PTR_ERR(copy);
		p[i]->bh = copy;
		if (p[!i]->bh == old) {
			/* The copy took one reference of the old block along; this is the other one. */
			buffer_put(old);
			buffer_hold(copy);
			p[!i]->bh = copy;
		}
	}
	return 0;
}

static void point_at(struct inode *dir, struct place *p, struct inode *inode)
{
	dirent_at(p->bh, p->off)->ino = to_le32((u32)inode->ino);
	dirent_at(p->bh, p->off)->type = ext2_file_type(EXT2_SB(dir->sb), inode->mode);
}

static int change_pair_locked(struct inode *dir, struct place *to, struct inode *to_inode, struct place *from,
			      struct inode *from_inode, bool bury)
{
	struct ext2_sb *s = EXT2_SB(dir->sb);
	int err = own_pair(dir, to, from);
	bool dying;

	if (err)
		return err;
	if (to_inode)
		point_at(dir, to, to_inode);
	dying = from_inode && (from_inode->nlink == 1 || S_ISDIR_I(from_inode));
	if (from_inode && (!bury || tomb_add(dir, from->lblk, from->off, dying ? NULL : from_inode, 0)))
		point_at(dir, from, from_inode);
	else if (from->bh->state & BH_FRESH)
		(void)!ext2_dirblock_remove(buffer_data(from->bh), s->l.block_size, from->off, s->l.inodes_count);
	else
		dirent_at(from->bh, from->off)->ino = to_le32(0);	/* nothing outside of this sector */
	return 0;
}

int ext2_change_pair(struct inode *dir, const struct qstr *to, struct inode *to_inode, const struct qstr *from,
		     struct inode *from_inode, bool bury)
{
	struct place a = { .bh = NULL }, b = { .bh = NULL };
	int err;

	down_write(&EXT2_I(dir)->dir_sem);
	err = find_place(dir, to, &a);
	if (!err)
		err = find_place(dir, from, &b);
	if (!err)
		err = change_pair_locked(dir, &a, to_inode, &b, from_inode, bury);
	buffer_put(a.bh);
	buffer_put(b.bh);
	up_write(&EXT2_I(dir)->dir_sem);
	if (err)
		return err;
	if (to_inode)
		note_added(dir, to_inode);
	if (from_inode && !bury)
		note_added(dir, from_inode);
	dir_changed(dir);
	return 0;
}

int ext2_make_empty(struct inode *inode, struct inode *parent)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	u8 type = ext2_file_type(s, S_IFDIR);
	struct ext2_dirent *d;
	struct buffer *bh;
	u64 lblk;

	down_write(&EXT2_I(inode)->dir_sem);
	bh = ext2_dir_append(inode, &lblk);
	up_write(&EXT2_I(inode)->dir_sem);
	if (IS_ERR(bh))
		return (int)PTR_ERR(bh);
	d = dirent_at(bh, 0);
	d->ino = to_le32((u32)inode->ino);
	d->rec_len = to_le16(EXT2_DIRENT_LEN(1));
	d->name_len = 1;
	d->type = type;
	memcpy(d->name, ".\0\0", 4);
	d = dirent_at(bh, EXT2_DIRENT_LEN(1));
	d->ino = to_le32((u32)parent->ino);
	d->rec_len = to_le16((u16)(s->l.block_size - EXT2_DIRENT_LEN(1)));
	d->name_len = 2;
	d->type = type;
	memcpy(d->name, "..\0", 4);
	buffer_put(bh);
	return 0;
}

static bool is_dots(const struct ext2_dirent *d)
{
	return d->name[0] == '.' && (d->name_len == 1 || (d->name_len == 2 && d->name[1] == '.'));
}

int ext2_dir_is_empty(struct inode *dir)
{
	struct ext2_sb *s = EXT2_SB(dir->sb);
	u64 n = dir_blocks(dir);
	int r = 1;

	down_read(&EXT2_I(dir)->dir_sem);
	for (u64 lblk = 0; lblk < n && r == 1; lblk++) {
		struct buffer *bh = ext2_dir_bread(dir, lblk);
		u32 size = s->l.block_size;

		if (IS_ERR(bh)) {
			r = (int)PTR_ERR(bh);
			break;
		}
		for (u32 off = 0; off < size && r == 1; off += le16(dirent_at(bh, off)->rec_len)) {
			const struct ext2_dirent *d = dirent_at(bh, off);
			const char *why = ext2_dirent_check(buffer_data(bh), size, off, s->l.inodes_count);

			if (why)
				r = ext2_dir_corrupt(dir, lblk, why);
			else if (le32(d->ino) && !is_dots(d) && !ext2_entry_dead(dir, lblk, off))
				r = 0;
		}
		buffer_put(bh);
	}
	up_read(&EXT2_I(dir)->dir_sem);
	return r;
}

int ext2_set_dotdot(struct inode *dir, struct inode *parent)
{
	static const struct qstr dotdot = { .len = 2, .name = ".." };
	struct ext2_sb *s = EXT2_SB(dir->sb);
	bool fresh = EXT2_I(dir)->state & (BIT(EI_NEW) | BIT(EI_STUB));
	struct buffer *bh;
	int r;
	u32 off;

	down_write(&EXT2_I(dir)->dir_sem);
	bh = ext2_dir_bread(dir, 0);
	r = (int)PTR_ERR_OR_ZERO(bh);
	if (!r) {
		r = search_block(dir, bh, 0, &dotdot, false, &off);
		if (r == 0)
			r = ext2_dir_corrupt(dir, 0, "no ..");
		/* The new name is not on the disk yet: the old way up holds until then. */
		if (r == 1 && (fresh || !tomb_add(dir, 0, off, NULL, (u32)parent->ino))) {
			dirent_at(bh, off)->ino = to_le32((u32)parent->ino);
			ext2_hold(s, bh, BH_INPLACE);
		}
		buffer_put(bh);
	}
	up_write(&EXT2_I(dir)->dir_sem);
	return r < 0 ? r : 0;
}

/* --- reading --- */

/* Number of the parent as the tree in memory has it: the disk may lag behind. */
static u64 parent_ino(struct file *f, u64 disk)
{
	struct dentry *p = dentry_get_parent(f->path.dentry);
	u64 ino = p->inode ? p->inode->ino : disk;

	dentry_put(p);
	return ino;
}

/* Entries of one block from byte `from` on. 1: all; 0: the buffer is full; -errno. */
static int emit_block(struct file *f, struct dir_context *c, struct buffer *bh, u64 lblk, u32 from)
{
	struct inode *dir = f->inode;
	struct ext2_sb *s = EXT2_SB(dir->sb);
	u32 size = s->l.block_size, off;

	for (off = 0; off < size; off += le16(dirent_at(bh, off)->rec_len)) {
		const struct ext2_dirent *d = dirent_at(bh, off);
		const char *why = ext2_dirent_check(buffer_data(bh), size, off, s->l.inodes_count);
		u64 ino = le32(d->ino);

		if (why) {
			c->pos = (loff_t)((lblk + 1) << s->l.block_bits);
			return ext2_dir_corrupt(dir, lblk, why);
		}
		if (off < from || !ino || !d->name_len || ext2_entry_dead(dir, lblk, off))
			continue;
		if (d->name_len == 2 && d->name[0] == '.' && d->name[1] == '.')
			ino = parent_ino(f, ino);
		c->pos = (loff_t)((lblk << s->l.block_bits) + off);
		if (!dir_emit(c, d->name, d->name_len, ino, ext2_dt_type(s, d->type)))
			return 0;
	}
	return 1;
}

int ext2_iterate(struct file *f, struct dir_context *c)
{
	struct inode *dir = f->inode;
	struct ext2_sb *s = EXT2_SB(dir->sb);
	u64 n = dir_blocks(dir);
	int r = 1;

	if (ext2_is_indexed(dir))
		return ext2_dx_iterate(f, c);
	down_read(&EXT2_I(dir)->dir_sem);
	while (r == 1 && (u64)c->pos >> s->l.block_bits < n) {
		u64 lblk = (u64)c->pos >> s->l.block_bits;
		struct buffer *bh = ext2_dir_bread(dir, lblk);

		if (IS_ERR(bh)) {
			r = (int)PTR_ERR(bh);
			c->pos = (loff_t)((lblk + 1) << s->l.block_bits);
			break;
		}
		r = emit_block(f, c, bh, lblk, (u32)((u64)c->pos & (s->l.block_size - 1)));
		buffer_put(bh);
		if (r == 1)
			c->pos = (loff_t)((lblk + 1) << s->l.block_bits);
	}
	up_read(&EXT2_I(dir)->dir_sem);
	return r < 0 ? r : 0;
}
