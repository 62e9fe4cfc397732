/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Indexed directories: block 0 is the root of a tree of hashes (one or two levels of index blocks), the
 * leaves are ordinary directory blocks. What rearranges entries (making the index, splitting a leaf or
 * an index block) works on fresh copies, so that the write of the directory's inode switches everything at
 * once; plain insertion and removal change a leaf where it is.
 *
 * Positions for readdir are hashes, so that an entry which a split moves is neither missed nor told twice.
 *
 * Locks: ei->dir_sem.
 */
#include <base/math.h>
#include <base/sort.h>
#include <fs/file.h>
#include <fs/path.h>
#include "ext2.h"

#define LEVELS_MAX	2u

struct leaf_entry {
	u32 hash, minor;
	u32 off, size;			/* within its block */
	u64 lblk;
};

static inline struct ext2_dirent *dirent_at(struct buffer *bh, u32 off)
{
	return (struct ext2_dirent *)((char *)buffer_data(bh) + off);
}

static u64 dir_blocks(const struct inode *dir)
{
	return (u64)dir->size >> EXT2_SB(dir->sb)->l.block_bits;
}

static struct ext2_dx_root_info *root_info(struct buffer *bh)
{
	return (void *)((char *)buffer_data(bh) + 24);
}

/* --- walking --- */

static int enter(struct inode *dir, struct ext2_dx_walk *w, u32 level, u64 lblk)
{
	struct ext2_sb *s = EXT2_SB(dir->sb);
	const char *why = "index points beyond the end";
	struct buffer *bh;

	if (level && (!lblk || lblk >= dir_blocks(dir)))
		return ext2_dir_corrupt(dir, lblk, why);
	bh = ext2_dir_bread(dir, lblk);
	if (IS_ERR(bh))
		return (int)PTR_ERR(bh);
	buffer_put(w->f[level].bh);
	w->f[level].bh = bh;
	w->f[level].lblk = lblk;
	w->f[level].e = ext2_dx_entries(buffer_data(bh), s->l.block_size, !level, &w->f[level].count, &w->f[level].limit, &why);
	if (!w->f[level].e)
		return ext2_dir_corrupt(dir, lblk, why);
	return 0;
}

static u64 child_of(const struct ext2_dx_walk *w, u32 level)
{
	return le32(w->f[level].e[w->f[level].at].block) & EXT2_DX_BLOCK_MASK;
}

u64 ext2_dx_leaf(const struct ext2_dx_walk *w)
{
	return child_of(w, w->levels - 1);
}

/* Down from `level`, whose `at` is set, to the leaves: by hash, or along the left edge. */
static int descend(struct inode *dir, struct ext2_dx_walk *w, u32 level, bool by_hash)
{
	int err = 0;

	for (u32 i = level + 1; i < w->levels && !err; i++) {
		err = enter(dir, w, i, child_of(w, i - 1));
		if (!err)
			w->f[i].at = by_hash ? ext2_dx_search(w->f[i].e, w->f[i].count, w->hash) : 0;
	}
	if (!err && (!ext2_dx_leaf(w) || ext2_dx_leaf(w) >= dir_blocks(dir)))
		err = ext2_dir_corrupt(dir, ext2_dx_leaf(w), "index points beyond the end");
	return err;
}

/* name NULL: w->hash is set already. */
static int start(struct inode *dir, const struct qstr *name, struct ext2_dx_walk *w)
{
	struct ext2_sb *s = EXT2_SB(dir->sb);
	const struct ext2_dx_root_info *info;
	int err;

	err = enter(dir, w, 0, 0);
	if (err)
		return err;
	info = root_info(w->f[0].bh);
	w->levels = info->indirect_levels + 1u;
	w->version = info->hash_version;
	if (w->levels > LEVELS_MAX || w->version > EXT2_HASH_TEA)
		return ext2_dir_corrupt(dir, 0, "unknown kind of index");
	if (s->hash_unsigned)
		w->version += EXT2_HASH_LEGACY_UNSIGNED;
	if (name && ext2_dirhash(name->name, name->len, w->version, s->hash_seed, &w->hash, &w->minor))
		return -EUCLEAN;
	w->f[0].at = ext2_dx_search(w->f[0].e, w->f[0].count, w->hash);
	return descend(dir, w, 0, true);
}

int ext2_dx_start(struct inode *dir, const struct qstr *name, struct ext2_dx_walk *w)
{
	memset(w, 0, sizeof(*w));
	return start(dir, name, w);
}

int ext2_dx_next(struct inode *dir, struct ext2_dx_walk *w, bool all, u32 *hash)
{
	s32 level = (s32)w->levels - 1;
	u32 h;
	int err;

	while (level >= 0 && w->f[level].at + 1 >= w->f[level].count)
		level--;
	if (level < 0)
		return 0;
	if (++w->seen > dir_blocks(dir))
		return ext2_dir_corrupt(dir, w->f[0].lblk, "index names blocks more than once");
	h = le32(w->f[level].e[w->f[level].at + 1].hash);
	if (!all && (h & ~1u) != w->hash)
		return 0;
	if (hash)
		*hash = h;
	w->f[level].at++;
	err = descend(dir, w, (u32)level, false);
	return err ? err : 1;
}

void ext2_dx_end(struct ext2_dx_walk *w)
{
	for (u32 i = 0; i < ARRAY_SIZE(w->f); i++)
		buffer_put(w->f[i].bh);
	memset(w->f, 0, sizeof(w->f));
}

/* --- the entries of a leaf --- */

static int cmp_entry(const void *a, const void *b)
{
	const struct leaf_entry *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	if (x->minor != y->minor)
		return x->minor < y->minor ? -1 : 1;
	if (x->lblk != y->lblk)
		return x->lblk < y->lblk ? -1 : 1;
	return x->off < y->off ? -1 : x->off > y->off;
}

/* Append the live entries of a leaf. How many there are then; -errno. */
static s64 collect(struct inode *dir, struct buffer *bh, u64 lblk, u32 version, struct leaf_entry *v, u32 n, u32 max)
{
	struct ext2_sb *s = EXT2_SB(dir->sb);
	u32 size = s->l.block_size;

	for (u32 off = 0; off < size; off += le16(dirent_at(bh, off)->rec_len)) {
		const struct ext2_dirent *d = dirent_at(bh, off);
		const char *why = ext2_dirent_check(buffer_data(bh), size, off, s->l.inodes_count);

		if (why)
			return ext2_dir_corrupt(dir, lblk, why);
		if (!le32(d->ino) || !d->name_len || ext2_entry_dead(dir, lblk, off) || n == max)
			continue;
		if (ext2_dirhash(d->name, d->name_len, version, s->hash_seed, &v[n].hash, &v[n].minor))
			return -EUCLEAN;
		v[n].off = off;
		v[n].size = EXT2_DIRENT_LEN(d->name_len);
		v[n].lblk = lblk;
		n++;
	}
	return n;
}

static u32 leaf_max(const struct ext2_sb *s)
{
	return s->l.block_size / EXT2_DIRENT_LEN(1);
}

/* Fill a block with entries taken from a copy of another. */
static void pack(struct ext2_sb *s, struct buffer *to, const char *from, const struct leaf_entry *v, u32 n)
{
	u32 off = 0, last = 0;

	ext2_dirblock_init(buffer_data(to), s->l.block_size);
	for (u32 i = 0; i < n; i++) {
		memcpy(dirent_at(to, off), from + v[i].off, v[i].size);
		dirent_at(to, off)->rec_len = to_le16((u16)v[i].size);
		last = off;
		off += v[i].size;
	}
	if (n)
		dirent_at(to, last)->rec_len = to_le16((u16)(s->l.block_size - last));
}

/* --- growing --- */

static void set_count(struct ext2_dx_entry *e, u32 limit, u32 count)
{
	struct ext2_dx_countlimit *cl = (void *)e;

	cl->limit = to_le16((u16)limit);
	cl->count = to_le16((u16)count);
}

/* The index block of a level, so that it may be changed: a fresh copy. */
static int own_level(struct inode *dir, struct ext2_dx_walk *w, u32 level)
{
	struct buffer *bh = ext2_dir_cow(dir, w->f[level].lblk, w->f[level].bh);

	if (IS_ERR(bh))
		return (int)PTR_ERR(bh);
	w->f[level].bh = bh;
	w->f[level].e = (void *)((char *)buffer_data(bh) + (level ? EXT2_DX_NODE_OFF : EXT2_DX_ROOT_OFF));
	return 0;
}

/* Behind entry `at` of the level. There is room. */
static void insert_index(struct ext2_dx_walk *w, u32 level, u32 hash, u64 lblk)
{
	struct ext2_dx_entry *e = w->f[level].e;
	u32 at = w->f[level].at + 1, count = w->f[level].count;

	memmove(&e[at + 1], &e[at], (count - at) * sizeof(*e));
	e[at].hash = to_le32(hash);
	e[at].block = to_le32((u32)lblk);
	w->f[level].count = count + 1;
	set_count(e, w->f[level].limit, count + 1);
}

static struct ext2_dx_entry *init_node(struct ext2_sb *s, struct buffer *bh, u32 *limit)
{
	memset(buffer_data(bh), 0, s->l.block_size);
	dirent_at(bh, 0)->rec_len = to_le16((u16)s->l.block_size);
	*limit = (s->l.block_size - EXT2_DX_NODE_OFF) / (u32)sizeof(struct ext2_dx_entry);
	return (void *)((char *)buffer_data(bh) + EXT2_DX_NODE_OFF);
}

/* The lowest index block is full: a second level, or two halves. Afterwards the walk starts anew. */
static int split_index(struct inode *dir, struct ext2_dx_walk *w)
{
	struct ext2_sb *s = EXT2_SB(dir->sb);
	u32 low = w->levels - 1, limit, half;
	struct ext2_dx_entry *e;
	struct buffer *bh;
	u64 lblk;
	int err;

	if (low && w->f[0].count >= w->f[0].limit) {
		pr_warn("EXT2-fs (%s): directory %llu: index full\n", s->vfs->id, (unsigned long long)dir->ino);
		return -ENOSPC;
	}
	err = own_level(dir, w, 0);
	if (!err && low)
		err = own_level(dir, w, low);
	if (err)
		return err;
	bh = ext2_dir_append(dir, &lblk);
	if (IS_ERR(bh))
		return (int)PTR_ERR(bh);
	e = init_node(s, bh, &limit);
	if (!low) {
		memcpy(e, w->f[0].e, w->f[0].count * sizeof(*e));
		set_count(e, limit, w->f[0].count);
		w->f[0].e[0].block = to_le32((u32)lblk);
		set_count(w->f[0].e, w->f[0].limit, 1);
		root_info(w->f[0].bh)->indirect_levels = 1;
	} else {
		half = w->f[low].count / 2;
		memcpy(e, &w->f[low].e[half], (w->f[low].count - half) * sizeof(*e));
		insert_index(w, 0, le32(w->f[low].e[half].hash), lblk);
		set_count(e, limit, w->f[low].count - half);
		set_count(w->f[low].e, w->f[low].limit, half);
	}
	buffer_put(bh);
	return 0;
}

/* Where to cut, so that both halves are about equally full; at least one entry on each side. */
static u32 cut_point(const struct ext2_sb *s, const struct leaf_entry *v, u32 n)
{
	u32 size = 0, i = n;

	while (i > 1) {
		if (size + v[i - 1].size / 2 > s->l.block_size / 2)
			break;
		size += v[--i].size;
	}
	return min(max(i, 1u), n - 1);
}

/* Split the leaf of the walk in two and put the name into the right one. */
static int split_leaf(struct inode *dir, struct ext2_dx_walk *w, struct buffer *leaf, u64 leaf_lblk, const struct qstr *name,
		      u32 ino, u8 type)
{
	struct ext2_sb *s = EXT2_SB(dir->sb);
	u32 low = w->levels - 1, cut, hash2, at, max = leaf_max(s);
	struct leaf_entry *v = kmalloc(max * sizeof(*v) + s->l.block_size, GFP_NOFS);
	char *old = (char *)(v + max);
	struct buffer *bh = NULL, *copy, *to;
	s64 n;
	int err;
	u64 lblk;

	if (!v) {
		buffer_put(leaf);
		return -ENOMEM;
	}
	n = collect(dir, leaf, leaf_lblk, w->version, v, 0, max);
	err = n < 0 ? (int)n : n < 2 ? -ENOSPC : 0;
	if (err)
		goto out;
	sort(v, (size_t)n, sizeof(*v), cmp_entry);
	memcpy(old, buffer_data(leaf), s->l.block_size);
	/* Copies first: up to the append nothing looks different. */
	err = own_level(dir, w, low);
	if (err)
		goto out;
	copy = ext2_dir_cow(dir, leaf_lblk, leaf);
	if (IS_ERR(copy)) {
		err = (int)PTR_ERR(copy);
		goto out;
	}
	/* The caller's reference went over to the copy. */
	leaf = copy;
	bh = ext2_dir_append(dir, &lblk);
	if (IS_ERR(bh)) {
		err = (int)PTR_ERR(bh);
		buffer_put(leaf);
		kfree(v);
		return err == -EAGAIN ? -EIO : err;
	}
	cut = cut_point(s, v, (u32)n);
	hash2 = v[cut].hash;
	pack(s, bh, old, v + cut, (u32)n - cut);
	pack(s, leaf, old, v, cut);
	/* Equal hashes on both sides: the lowest bit says that the second goes on. */
	insert_index(w, low, hash2 | (v[cut - 1].hash == hash2), lblk);
	to = w->hash >= hash2 ? bh : leaf;
	at = ext2_dirblock_room(buffer_data(to), s->l.block_size, EXT2_DIRENT_LEN(name->len), s->l.inodes_count);
	if (at >= s->l.block_size) {
		to = to == bh ? leaf : bh;
		err = -EAGAIN;			/* still no room: the caller walks and splits again */
	} else {
		(void)ext2_dirblock_insert(buffer_data(to), at, ino, name->name, name->len, type);
	}
	buffer_put(bh);
	buffer_put(leaf);
	kfree(v);
	return err;
out:
	buffer_put(leaf);
	kfree(v);
	return err;
}

int ext2_dx_add(struct inode *dir, const struct qstr *name, u32 ino, u8 type)
{
	struct ext2_sb *s = EXT2_SB(dir->sb);
	u32 need = EXT2_DIRENT_LEN(name->len);

	for (int tries = 0; tries < 8; tries++) {
		struct ext2_dx_walk w;
		struct buffer *leaf;
		u32 at = 0, low;
		u64 lblk;
		int err = ext2_dx_start(dir, name, &w);

		if (err)
			goto fail;
		lblk = ext2_dx_leaf(&w);
		leaf = ext2_dir_bread(dir, lblk);
		if (IS_ERR(leaf)) {
			err = (int)PTR_ERR(leaf);
			goto fail;
		}
		at = ext2_dirblock_room(buffer_data(leaf), s->l.block_size, need, s->l.inodes_count);
		if (at == EXT2_DIR_BAD) {
			err = ext2_dir_corrupt(dir, lblk, "malformed");
		} else if (at < s->l.block_size) {
			ext2_dx_end(&w);
			leaf = ext2_dir_own(dir, lblk, leaf, at, name->len);
			if (IS_ERR(leaf))
				return (int)PTR_ERR(leaf);
			(void)ext2_dirblock_insert(buffer_data(leaf), at, ino, name->name, name->len, type);
			buffer_put(leaf);
			return 0;
		} else if (EXT2_I(dir)->dir_tombs) {
			/* What is dead must be out before entries move. */
			buffer_put(leaf);
			ext2_dx_end(&w);
			return -EAGAIN;
		}
		low = w.levels - 1;
		if (!err && w.f[low].count >= w.f[low].limit) {
			buffer_put(leaf);
			err = split_index(dir, &w);
			ext2_dx_end(&w);
			if (err)
				return err;
			continue;
		}
		if (err)
			buffer_put(leaf);
		else
			err = split_leaf(dir, &w, leaf, lblk, name, ino, type);
		ext2_dx_end(&w);
		if (err != -EAGAIN)
			return err;
		continue;
fail:
		ext2_dx_end(&w);
		return err;
	}
	return -ENOSPC;
}

/* A directory of one full block gets an index: the entries move to a leaf. */
int ext2_dx_make(struct inode *dir, const struct qstr *name, u32 ino, u8 type)
{
	struct ext2_sb *s = EXT2_SB(dir->sb);
	struct ext2_inode_info *ei = EXT2_I(dir);
	u32 max = leaf_max(s), limit = (s->l.block_size - EXT2_DX_ROOT_OFF) / (u32)sizeof(struct ext2_dx_entry), up;
	struct buffer *root, *leaf;
	struct ext2_dx_root_info *info;
	struct leaf_entry *v;
	struct ext2_dx_entry *e;
	u64 lblk;
	s64 n;

	if (ei->dir_tombs)
		return -EAGAIN;
	v = kmalloc(max * sizeof(*v) + s->l.block_size, GFP_NOFS);
	if (!v)
		return -ENOMEM;
	root = ext2_dir_bread(dir, 0);
	n = PTR_ERR_OR_ZERO(root);
	if (n)
		goto out;
	n = collect(dir, root, 0, s->hash_version, v, 0, max);
	if (n >= 0 && (n < 2 || dirent_at(root, v[0].off)->name_len != 1 || dirent_at(root, v[1].off)->name_len != 2 ||
		       dirent_at(root, v[0].off)->name[0] != '.' || memcmp(dirent_at(root, v[1].off)->name, "..", 2)))
		n = ext2_dir_corrupt(dir, 0, "no . or ..");
	if (n < 0)
		goto out_put;
	memcpy(v + max, buffer_data(root), s->l.block_size);
	up = le32(dirent_at(root, v[1].off)->ino);
	leaf = ext2_dir_cow(dir, 0, root);
	if (IS_ERR(leaf)) {
		n = PTR_ERR(leaf);
		goto out_put;
	}
	root = leaf;
	leaf = ext2_dir_append(dir, &lblk);
	if (IS_ERR(leaf)) {
		n = PTR_ERR(leaf);
		goto out_put;
	}
	pack(s, leaf, (char *)(v + max), v + 2, (u32)n - 2);
	buffer_put(leaf);
	memset(buffer_data(root), 0, s->l.block_size);
	dirent_at(root, 0)->ino = to_le32((u32)dir->ino);
	dirent_at(root, 0)->rec_len = to_le16(12);
	dirent_at(root, 0)->name_len = 1;
	dirent_at(root, 0)->type = ext2_file_type(s, S_IFDIR);
	dirent_at(root, 0)->name[0] = '.';
	dirent_at(root, 12)->ino = to_le32(up);
	dirent_at(root, 12)->rec_len = to_le16((u16)(s->l.block_size - 12));
	dirent_at(root, 12)->name_len = 2;
	dirent_at(root, 12)->type = ext2_file_type(s, S_IFDIR);
	memcpy(dirent_at(root, 12)->name, "..", 2);
	info = root_info(root);
	info->hash_version = (u8)(s->hash_version % EXT2_HASH_LEGACY_UNSIGNED);
	info->info_length = 8;
	e = (void *)((char *)buffer_data(root) + EXT2_DX_ROOT_OFF);
	set_count(e, limit, 1);
	e[0].block = to_le32((u32)lblk);
	ei->flags |= EXT2_INDEX_FL;
	ext2_dirty_data(dir);
	buffer_put(root);
	kfree(v);
	return ext2_dx_add(dir, name, ino, type);
out_put:
	buffer_put(root);
out:
	kfree(v);
	return (int)n;
}

/* --- readdir --- */

/*
 * The position of an entry: 31 bits of hash, 24 of the minor hash, and its place among those that share them, so
 * that a damaged directory with many equal names has an end.
 */
static loff_t pos_of(u32 hash, u32 minor, u32 nth)
{
	u64 p = (u64)(hash >> 1) << 32 | (minor & 0xffffff00) | min(nth, 255u);

	return (loff_t)max_t(u64, p, 3);
}

static bool same_pos(const struct leaf_entry *a, const struct leaf_entry *b)
{
	return a->hash >> 1 == b->hash >> 1 && a->minor >> 8 == b->minor >> 8;
}

#define POS_END	((loff_t)0x7fffffffffffffffll)

/* All leaves that share hashes, from the walk's on, sorted. *next: hash where the following one begins; false: the last. */
static s64 collect_chain(struct inode *dir, struct ext2_dx_walk *w, struct leaf_entry **v, u32 *max, bool *more, u32 *next)
{
	s64 n = 0;

	for (;;) {
		u64 lblk = ext2_dx_leaf(w);
		struct buffer *bh = ext2_dir_bread(dir, lblk);
		u32 h;
		int r;

		if (IS_ERR(bh))
			return PTR_ERR(bh);
		n = collect(dir, bh, lblk, w->version, *v, (u32)n, *max);
		buffer_put(bh);
		if (n < 0)
			return n;
		r = ext2_dx_next(dir, w, true, &h);
		if (r < 0)
			return r;
		*more = r == 1;
		*next = h;
		if (!r || !(h & 1))
			break;
		if ((u32)n + leaf_max(EXT2_SB(dir->sb)) > *max) {
			u32 bigger = *max * 2;
			struct leaf_entry *p = bigger > 1u << 20 ? NULL : kvmalloc(bigger * sizeof(*p), GFP_NOFS);

			if (!p)
				return -ENOMEM;
			memcpy(p, *v, (size_t)n * sizeof(*p));
			kvfree(*v);
			*v = p;
			*max = bigger;
		}
	}
	sort(*v, (size_t)n, sizeof(**v), cmp_entry);
	return n;
}

/* 1: go on with the next chain; 0: the buffer is full; -errno. */
static int emit_chain(struct file *f, struct dir_context *c, const struct leaf_entry *v, u32 n)
{
	struct ext2_sb *s = EXT2_SB(f->inode->sb);
	struct buffer *bh = NULL;
	u64 have = ~0ull;
	u32 nth = 0;
	int r = 1;

	for (u32 i = 0; i < n && r == 1; i++) {
		const struct ext2_dirent *d;
		loff_t pos;

		nth = i && same_pos(&v[i], &v[i - 1]) ? nth + 1 : 0;
		pos = pos_of(v[i].hash, v[i].minor, nth);
		if (pos < c->pos || nth > 255)
			continue;
		if (have != v[i].lblk) {
			buffer_put(bh);
			bh = ext2_dir_bread(f->inode, v[i].lblk);
			if (IS_ERR(bh))
				return (int)PTR_ERR(bh);
			have = v[i].lblk;
		}
		d = dirent_at(bh, v[i].off);
		c->pos = pos;
		if (!dir_emit(c, d->name, d->name_len, le32(d->ino), ext2_dt_type(s, d->type)))
			r = 0;
	}
	buffer_put(bh);
	return r;
}

int ext2_dx_iterate(struct file *f, struct dir_context *c)
{
	struct inode *dir = f->inode;
	u32 max = leaf_max(EXT2_SB(dir->sb)) * 2, next = 0;
	struct leaf_entry *v;
	struct ext2_dx_walk w = { 0 };
	bool more = true;
	int r = 1;

	if (c->pos < 2 && !dir_emit_dots(f, c))
		return 0;
	if (c->pos >= POS_END)
		return 0;
	v = kvmalloc(max * sizeof(*v), GFP_NOFS);
	if (!v)
		return -ENOMEM;
	down_read(&EXT2_I(dir)->dir_sem);
	w.hash = (u32)((u64)c->pos >> 32) << 1;
	r = start(dir, NULL, &w);
	r = r ? r : 1;
	while (r == 1 && more) {
		s64 n = collect_chain(dir, &w, &v, &max, &more, &next);

		if (n < 0) {
			r = (int)n;
			break;
		}
		r = emit_chain(f, c, v, (u32)n);
		if (r == 1)
			c->pos = more ? max_t(loff_t, pos_of(next & ~1u, 0, 0), c->pos) : POS_END;
	}
	ext2_dx_end(&w);
	up_read(&EXT2_I(dir)->dir_sem);
	kvfree(v);
	return r < 0 ? r : 0;
}
