/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Mounting ext2: the super block and its checks, options, remount, statfs, the state that says whether it
 * was left in order, and what happens when something on the disk is wrong.
 */
#include <base/math.h>
#include <base/printf.h>
#include <core/clock.h>
#include <core/init.h>
#include <core/panic.h>
#include <fs/fs_parse.h>
#include <fs/seq_file.h>
#include <kernel/ns.h>
#include <uapi/linux/magic.h>
#include "ext2.h"

#define EXT2_SUPER_MAGIC_VALUE	0xef53

static struct kmem_cache *inode_slab;

/* --- errors --- */

static void write_super_now(struct ext2_sb *s)
{
	if (!(s->vfs->flags & SB_RDONLY) || s->sb_bh->state & BH_MAP)
		(void)buffer_write_sync(s->sb_bh);
}

static void note_error(struct ext2_sb *s)
{
	bool first = !READ_ONCE(s->failed);

	WRITE_ONCE(s->failed, true);
	if (first && !(s->vfs->flags & SB_RDONLY)) {
		s->es->state = to_le16((u16)(le16(s->es->state) | EXT2_ERROR_FS));
		write_super_now(s);
	}
	if (s->errors == EXT2_ERRORS_PANIC)
		panic("EXT2-fs (%s): panic forced after error", s->vfs->id);
	if (s->errors == EXT2_ERRORS_RO && !(s->vfs->flags & SB_RDONLY)) {
		pr_err("EXT2-fs (%s): Remounting filesystem read-only\n", s->vfs->id);
		WRITE_ONCE(s->aborted, true);
		s->vfs->flags |= SB_RDONLY;
	}
}

int ext2_error(struct ext2_sb *s, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	pr_err("EXT2-fs error (device %s): %s\n", s->vfs->id, text);
	note_error(s);
	return -EUCLEAN;
}

void ext2_io_error(struct ext2_sb *s, u64 block)
{
	pr_err("EXT2-fs error (device %s): unable to read block %llu\n", s->vfs->id, (unsigned long long)block);
	note_error(s);
}

/* --- options --- */

enum {
	OPT_BSDDF, OPT_MINIXDF, OPT_GRPID, OPT_NOGRPID, OPT_RESUID, OPT_RESGID, OPT_SB, OPT_ERRORS, OPT_NOUID32, OPT_IGNORE,
	OPT_USER_XATTR, OPT_NOUSER_XATTR, OPT_ACL, OPT_NOACL, OPT_DISCARD, OPT_NODISCARD, OPT_CHECK, OPT_QUOTA,
};

static const struct opt_spec ext2_opts[] = {
	{ "bsddf", OPT_BSDDF, OPT_NONE },	{ "minixdf", OPT_MINIXDF, OPT_NONE },
	{ "grpid", OPT_GRPID, OPT_NONE },	{ "bsdgroups", OPT_GRPID, OPT_NONE },
	{ "nogrpid", OPT_NOGRPID, OPT_NONE },	{ "sysvgroups", OPT_NOGRPID, OPT_NONE },
	{ "resuid", OPT_RESUID, OPT_U64 },	{ "resgid", OPT_RESGID, OPT_U64 },
	{ "sb", OPT_SB, OPT_U64 },		{ "errors", OPT_ERRORS, OPT_STR },
	{ "nouid32", OPT_NOUID32, OPT_NONE },	{ "debug", OPT_IGNORE, OPT_NONE },
	{ "user_xattr", OPT_USER_XATTR, OPT_NONE }, { "nouser_xattr", OPT_NOUSER_XATTR, OPT_NONE },
	{ "acl", OPT_ACL, OPT_NONE },		{ "noacl", OPT_NOACL, OPT_NONE },
	{ "discard", OPT_DISCARD, OPT_NONE },	{ "nodiscard", OPT_NODISCARD, OPT_NONE },
	{ "check", OPT_CHECK, OPT_STR },	{ "nocheck", OPT_IGNORE, OPT_NONE },
	{ "oldalloc", OPT_IGNORE, OPT_NONE },	{ "orlov", OPT_IGNORE, OPT_NONE },
	{ "reservation", OPT_IGNORE, OPT_NONE }, { "nobh", OPT_IGNORE, OPT_NONE },
	{ "rw", OPT_IGNORE, OPT_NONE },		{ "noquota", OPT_IGNORE, OPT_NONE },
	{ "quota", OPT_QUOTA, OPT_NONE },	{ "usrquota", OPT_QUOTA, OPT_NONE },
	{ "grpquota", OPT_QUOTA, OPT_NONE },
};

struct ext2_want {
	u32 opts, errors, sb;
	kuid_t resuid;
	kgid_t resgid;
	bool has_uid, has_gid;
};

static int parse_one(int id, const struct opt_value *v, void *arg)
{
	struct ext2_want *w = arg;

	switch (id) {
	case OPT_BSDDF:
		w->opts &= ~MOPT_MINIXDF;
		return 0;
	case OPT_MINIXDF:
		w->opts |= MOPT_MINIXDF;
		return 0;
	case OPT_GRPID:
		w->opts |= MOPT_GRPID;
		return 0;
	case OPT_NOGRPID:
		w->opts &= ~MOPT_GRPID;
		return 0;
	case OPT_RESUID:
		w->resuid = make_kuid(current_cred()->user_ns, (u32)v->num);
		w->has_uid = true;
		return v->num <= ~0u && uid_valid(w->resuid) ? 0 : -EINVAL;
	case OPT_RESGID:
		w->resgid = make_kgid(current_cred()->user_ns, (u32)v->num);
		w->has_gid = true;
		return v->num <= ~0u && gid_valid(w->resgid) ? 0 : -EINVAL;
	case OPT_SB:
		w->sb = (u32)v->num;
		return v->num && v->num <= ~0u ? 0 : -EINVAL;
	case OPT_ERRORS:
		w->errors = streq(v->str, "continue") ? EXT2_ERRORS_CONTINUE : streq(v->str, "remount-ro") ? EXT2_ERRORS_RO :
			    streq(v->str, "panic") ? EXT2_ERRORS_PANIC : 0;
		return w->errors ? 0 : -EINVAL;
	case OPT_NOUID32:
		w->opts |= MOPT_NOUID32;
		return 0;
	case OPT_USER_XATTR:
		w->opts |= MOPT_XATTR_USER;
		return 0;
	case OPT_NOUSER_XATTR:
		w->opts &= ~MOPT_XATTR_USER;
		return 0;
	case OPT_ACL:
		w->opts |= MOPT_ACL;
		return 0;
	case OPT_NOACL:
		w->opts &= ~MOPT_ACL;
		return 0;
	case OPT_DISCARD:
		w->opts |= MOPT_DISCARD;
		return 0;
	case OPT_NODISCARD:
		w->opts &= ~MOPT_DISCARD;
		return 0;
	case OPT_CHECK:
		return streq(v->str, "none") ? 0 : -EINVAL;
	case OPT_IGNORE:
		return 0;
	}
	return -EINVAL;			/* quotas, which we do not have */
}

static const struct fs_options ext2_options = { "ext2", ext2_opts, ARRAY_SIZE(ext2_opts), parse_one };

/* Before there is an instance. */
static int ext2_check_options(const char *options)
{
	struct ext2_want w = { 0 };

	return fs_options_check(&ext2_options, options, &w);
}

static void default_options(const struct ext2_super *es, struct ext2_want *w)
{
	u32 d = le32(es->default_mount_opts);

	/* As Linux's ext4 driver mounts ext2: attributes and lists are on. */
	w->opts = MOPT_XATTR_USER | MOPT_ACL;
	w->opts |= d & EXT2_DEFM_BSDGROUPS ? MOPT_GRPID : 0;
	w->opts |= d & EXT2_DEFM_UID16 ? MOPT_NOUID32 : 0;
	w->errors = le16(es->errors);
	if (w->errors < EXT2_ERRORS_CONTINUE || w->errors > EXT2_ERRORS_PANIC)
		w->errors = EXT2_ERRORS_CONTINUE;
	w->resuid = kuid(le16(es->def_resuid));
	w->resgid = kgid(le16(es->def_resgid));
}

static void take_options(struct ext2_sb *s, const struct ext2_want *w)
{
	s->opts = w->opts;
	s->errors = w->errors;
	s->resuid = w->resuid;
	s->resgid = w->resgid;
	if (s->opts & MOPT_ACL)
		s->vfs->flags |= SB_POSIXACL;
	else
		s->vfs->flags &= ~SB_POSIXACL;
}

static void ext2_show_options(struct seq_file *m, struct dentry *root)
{
	const struct ext2_sb *s = EXT2_SB(root->sb);
	static const char *const names[] = { "continue", "remount-ro", "panic" };

	if (s->opts & MOPT_MINIXDF)
		seq_puts(m, ",minixdf");
	if (s->opts & MOPT_GRPID)
		seq_puts(m, ",grpid");
	if (s->resuid.v != le16(s->es->def_resuid))
		seq_printf(m, ",resuid=%u", from_kuid(&init_user_ns, s->resuid));
	if (s->resgid.v != le16(s->es->def_resgid))
		seq_printf(m, ",resgid=%u", from_kgid(&init_user_ns, s->resgid));
	if (s->errors != le16(s->es->errors))
		seq_printf(m, ",errors=%s", names[s->errors - 1]);
	if (s->opts & MOPT_NOUID32)
		seq_puts(m, ",nouid32");
	if (!(s->opts & MOPT_XATTR_USER))
		seq_puts(m, ",nouser_xattr");
	if (!(s->opts & MOPT_ACL))
		seq_puts(m, ",noacl");
	if (s->opts & MOPT_DISCARD)
		seq_puts(m, ",discard");
}

/* --- features and state --- */

static void name_features(const struct super_block *sb, int kind, u32 bits)
{
	for (u32 i = 0; i < 32; i++)
		if (bits & 1u << i)
			pr_err("EXT2-fs (%s): feature \"%s\" is not supported\n", sb->id, ext2_feature_name(kind, 1u << i));
}

static int check_features(struct super_block *sb, const struct ext2_layout *l, bool write)
{
	u32 bad = l->incompat & ~EXT2_INCOMPAT_KNOWN;

	if (bad) {
		pr_err("EXT2-fs (%s): error: couldn't mount because of unsupported optional features (%x)\n", sb->id, bad);
		name_features(sb, 1, bad);
		return -EINVAL;
	}
	bad = l->ro_compat & ~EXT2_RO_KNOWN;
	if (write && bad) {
		pr_err("EXT2-fs (%s): error: couldn't mount RDWR because of unsupported optional features (%x)\n", sb->id, bad);
		name_features(sb, 2, bad);
		return -EROFS;
	}
	return 0;
}

/* It becomes writable: say on the disk that it is not in order until it is unmounted. */
static int begin_writing(struct ext2_sb *s)
{
	struct ext2_super *es = s->es;
	u16 state = le16(es->state), count = le16(es->mnt_count), max = le16(es->max_mnt_count);
	s64 now = clock_realtime_coarse_ns() / 1000000000;
	int err;

	if (!(state & EXT2_VALID_FS))
		pr_warn("EXT2-fs (%s): warning: mounting unchecked fs, running e2fsck is recommended\n", s->vfs->id);
	else if (state & EXT2_ERROR_FS)
		pr_warn("EXT2-fs (%s): warning: mounting fs with errors, running e2fsck is recommended\n", s->vfs->id);
	else if ((s16)max > 0 && count >= max)
		pr_warn("EXT2-fs (%s): warning: maximal mount count reached, running e2fsck is recommended\n", s->vfs->id);
	else if (le32(es->checkinterval) && (s64)le32(es->lastcheck) + le32(es->checkinterval) <= now)
		pr_warn("EXT2-fs (%s): warning: checktime reached, running e2fsck is recommended\n", s->vfs->id);
	s->was_valid = state & EXT2_VALID_FS;
	if (state & EXT2_ERROR_FS)
		s->failed = true;
	es->state = to_le16((u16)(state & ~EXT2_VALID_FS));
	es->mnt_count = to_le16((u16)(count + 1));
	es->mtime = to_le32((u32)now);
	err = buffer_write_sync(s->sb_bh);
	if (!err)
		err = bdev_flush(s->bdev);
	if (err) {
		es->state = to_le16(state);
		es->mnt_count = to_le16(count);
		return err;
	}
	s->begun = true;
	return 0;
}

static int end_writing(struct ext2_sb *s)
{
	int err = 0;

	/* Freed blocks show in the bitmaps only after a commit, and those are changes of their own. */
	for (int i = 0; i < 4 && !err && ext2_needs_commit(s); i++)
		err = ext2_commit(s);
	if (err || s->aborted)
		return err ? err : -EIO;
	if (s->was_valid)
		s->es->state = to_le16((u16)(le16(s->es->state) | EXT2_VALID_FS));
	s->es->wtime = to_le32((u32)(clock_realtime_coarse_ns() / 1000000000));
	err = buffer_write_sync(s->sb_bh);
	return err ? err : bdev_flush(s->bdev);
}

/* --- mounting --- */

static struct buffer *read_super(struct super_block *sb, u32 where_kib, const struct ext2_super **es, u32 size)
{
	u64 byte = (u64)where_kib << 10;
	struct buffer *bh = buffer_read(sb->bdev, byte / size, size);

	if (!IS_ERR(bh))
		*es = (void *)((char *)buffer_data(bh) + byte % size);
	return bh;
}

static int read_layout(struct super_block *sb, struct ext2_sb *s, u32 where, struct ext2_want *w)
{
	const struct ext2_super *es;
	const char *why = "";
	struct buffer *bh = read_super(sb, where, &es, EXT2_SUPER_SIZE);
	int err;

	if (IS_ERR(bh)) {
		pr_err("EXT2-fs (%s): error: unable to read superblock\n", sb->id);
		return PTR_ERR(bh) == -EIO ? -EIO : -EINVAL;
	}
	if (le16(es->magic) == EXT2_MAGIC && le32(es->rev_level) > 0) {
		s->l.incompat = le32(es->feature_incompat);
		s->l.ro_compat = le32(es->feature_ro_compat);
		err = check_features(sb, &s->l, !(sb->flags & SB_RDONLY));
		if (err)
			goto out;
	}
	err = ext2_layout_init(&s->l, es, bdev_bytes(sb->bdev), &why);
	if (err) {
		pr_err("EXT2-fs (%s): error: %s\n", sb->id, why);
		goto out;
	}
	if (s->l.block_size < bdev_logical_block_size(sb->bdev)) {
		pr_err("EXT2-fs (%s): error: block size smaller than the device's\n", sb->id);
		err = -EINVAL;
		goto out;
	}
	default_options(es, w);
out:
	buffer_put(bh);
	return err;
}

static int read_descriptors(struct ext2_sb *s)
{
	s->gdt = kvmalloc(s->l.gdt_blocks * sizeof(*s->gdt), GFP_KERNEL | GFP_ZERO);
	s->groups = kvmalloc(s->l.nr_groups * sizeof(*s->groups), GFP_KERNEL | GFP_ZERO);
	if (!s->gdt || !s->groups)
		return -ENOMEM;
	for (u32 i = 0; i < s->l.gdt_blocks; i++) {
		u64 b = ext2_gdt_block(&s->l, i, s->sb_where);

		s->gdt[i] = ext2_bread(s, b);
		if (IS_ERR(s->gdt[i])) {
			int err = (int)PTR_ERR(s->gdt[i]);

			s->gdt[i] = NULL;
			pr_err("EXT2-fs (%s): error: unable to read group descriptors\n", s->vfs->id);
			return err == -EINVAL ? -EUCLEAN : err;
		}
	}
	return ext2_balloc_init(s);
}

static void init_hash(struct ext2_sb *s)
{
	for (u32 i = 0; i < 4; i++)
		s->hash_seed[i] = le32(s->es->hash_seed[i]);
	s->hash_unsigned = le32(s->es->flags) & EXT2_FLAG_UNSIGNED_HASH;
	s->hash_version = s->es->def_hash_version;
	if (s->hash_version > EXT2_HASH_TEA)
		s->hash_version = EXT2_HASH_HALF_MD4;
	if (s->hash_unsigned)
		s->hash_version += EXT2_HASH_LEGACY_UNSIGNED;
}

static void init_locks(struct ext2_sb *s)
{
	mutex_init(&s->alloc, FS_ALLOC);
	mutex_init(&s->commit, FS_COMMIT);
	rwsem_init(&s->batch, FS_BATCH);
	spin_lock_init(&s->lock, OBJECT);
	list_init(&s->fresh);
	list_init(&s->inplace);
	list_init(&s->maps);
	list_init(&s->dirty);
	list_init(&s->orphans);
	list_init(&s->deleted);
	list_init(&s->tombs);
	for (u32 i = 0; i < TOMB_HASH; i++)
		list_init(&s->tomb_hash[i]);
	s->batch_id = 1;
	delayed_work_init(&s->timer, ext2_timer_fn);
}

static const struct super_ops ext2_super_ops;

static int get_root(struct super_block *sb)
{
	struct inode *root = ext2_iget(sb, EXT2_ROOT_INO);

	if (IS_ERR(root)) {
		pr_err("EXT2-fs (%s): error: get root inode failed\n", sb->id);
		return PTR_ERR(root) == -ESTALE ? -EUCLEAN : (int)PTR_ERR(root);
	}
	if (!S_ISDIR_I(root) || !root->size || !root->blocks) {
		inode_put(root);
		pr_err("EXT2-fs (%s): error: corrupt root inode, run e2fsck\n", sb->id);
		return -EUCLEAN;
	}
	sb->root = dentry_make_root(root);
	return sb->root ? 0 : -ENOMEM;
}

static int ext2_fill(struct super_block *sb, const char *options)
{
	struct ext2_want w = { .sb = 1 };
	struct ext2_sb *s = kzalloc(sizeof(*s), GFP_KERNEL);
	const struct ext2_super *es;
	int err;

	if (!s)
		return -ENOMEM;
	init_locks(s);
	s->vfs = sb;
	s->bdev = sb->bdev;
	sb->private = s;
	sb->ops = &ext2_super_ops;
	sb->magic = EXT2_SUPER_MAGIC_VALUE;
	/* Only sb= matters yet; the rest again, over the disk's defaults. */
	err = fs_options_parse(&ext2_options, options, &w);
	if (!err)
		err = read_layout(sb, s, w.sb, &w);
	if (!err)
		err = fs_options_parse(&ext2_options, options, &w);
	if (err)
		return err;
	s->sb_where = (u32)(((u64)w.sb << 10) >> s->l.block_bits);
	if (!ext2_super_place(&s->l, s->sb_where)) {
		pr_err("EXT2-fs (%s): error: no copy of the super block belongs at sb=%u\n", sb->id, w.sb);
		return -EINVAL;
	}
	s->sb_bh = read_super(sb, w.sb, &es, s->l.block_size);
	if (IS_ERR(s->sb_bh)) {
		err = (int)PTR_ERR(s->sb_bh);
		s->sb_bh = NULL;
		return err;
	}
	s->es = (struct ext2_super *)es;
	s->array = page_alloc(2, GFP_KERNEL);
	if (!s->array)
		return -ENOMEM;
	take_options(s, &w);
	init_hash(s);
	s->discard = bdev_max_discard(s->bdev) != 0;
	err = super_set_blocksize(sb, s->l.block_size);
	if (err)
		return err;
	sb->maxbytes = ext2_max_bytes(s->l.block_bits, true);
	sb->time_gran = s->l.inode_size > EXT2_INODE_SMALL ? 1 : 1000000000;
	sb->time_min = -0x80000000ll;
	sb->time_max = 0x7fffffffll + (s->l.inode_size > EXT2_INODE_SMALL ? 3ll << 32 : 0);
	err = read_descriptors(s);
	if (!err)
		err = get_root(sb);
	if (!err && !(sb->flags & SB_RDONLY)) {
		err = begin_writing(s);
		if (!err)
			err = ext2_settle_orphans(s);
	}
	return err;
}

static void ext2_put_super(struct super_block *sb)
{
	struct ext2_sb *s = EXT2_SB(sb);

	if (!s)
		return;
	(void)delayed_work_cancel_sync(&s->timer);
	if (s->sb_bh && s->array && s->gdt) {
		if (s->begun && !(sb->flags & SB_RDONLY) && s->committed_id + 1 == s->batch_id)
			(void)end_writing(s);
		(void)delayed_work_cancel_sync(&s->timer);
		ext2_batch_discard(s);
	}
	ext2_balloc_fini(s);
	if (s->gdt) {
		for (u32 i = 0; i < s->l.gdt_blocks; i++)
			buffer_put(s->gdt[i]);
		kvfree(s->gdt);
	}
	buffer_put(s->sb_bh);
	if (s->array)
		page_free(s->array, 2);
	buffers_drop(s->bdev);
	kfree(s);
	sb->private = NULL;
}

static int ext2_sync_fs(struct super_block *sb, bool wait)
{
	struct ext2_sb *s = EXT2_SB(sb);

	if (READ_ONCE(s->aborted)) {
		ext2_batch_discard(s);
		return -EIO;
	}
	if (!wait) {
		if (ext2_needs_commit(s))
			(void)delayed_work_queue(system_wq, &s->timer, 0);
		return 0;
	}
	return ext2_commit(s);
}

static int ext2_freeze_fs(struct super_block *sb, bool freeze)
{
	struct ext2_sb *s = EXT2_SB(sb);
	int err = 0;

	if (!freeze)
		return begin_writing(s);
	for (int i = 0; i < 4 && !err && ext2_needs_commit(s); i++)
		err = ext2_commit(s);
	return err ? err : end_writing(s);
}

static int ext2_remount(struct super_block *sb, u32 sb_flags, const char *options)
{
	struct ext2_sb *s = EXT2_SB(sb);
	struct ext2_want w = { .opts = s->opts, .errors = s->errors, .resuid = s->resuid, .resgid = s->resgid };
	int err = fs_options_parse(&ext2_options, options, &w);

	if (err)
		return err;
	if (!(sb_flags & SB_RDONLY) && (sb->flags & SB_RDONLY)) {
		if (s->aborted) {
			pr_err("EXT2-fs (%s): was set read-only after an error: unmount, run e2fsck\n", sb->id);
			return -EROFS;
		}
		if (bdev_read_only(s->bdev))
			return -EROFS;
		err = check_features(sb, &s->l, true);
		if (!err)
			err = begin_writing(s);
		if (!err) {
			sb->flags &= ~SB_RDONLY;
			err = ext2_settle_orphans(s);
			sb->flags |= SB_RDONLY;
			if (!err && READ_ONCE(s->aborted))
				err = -EROFS;
		}
	} else if ((sb_flags & SB_RDONLY) && !s->aborted && s->batch_id > s->committed_id) {
		err = end_writing(s);
	}
	if (!err)
		take_options(s, &w);
	return err;
}

static int ext2_statfs(struct dentry *root, struct kstatfs *st)
{
	struct ext2_sb *s = EXT2_SB(root->sb);
	u64 lo, hi;
	s64 left;

	st->type = EXT2_SUPER_MAGIC_VALUE;
	st->bsize = s->l.block_size;
	st->namelen = EXT2_NAME_LEN;
	mutex_lock(&s->alloc);
	st->blocks = s->l.blocks_count - (s->opts & MOPT_MINIXDF ? 0 : s->overhead);
	left = s->free_blocks + (s64)s->pending_blocks - s->reserved;
	st->bfree = (u64)max_t(s64, left, 0);
	left -= le32(s->es->r_blocks_count);
	st->bavail = (u64)max_t(s64, left, 0);
	st->files = s->l.inodes_count;
	st->ffree = (u64)max_t(s64, s->free_inodes, 0) + s->nr_freed_inodes;
	mutex_unlock(&s->alloc);
	memcpy(&lo, s->es->uuid, 8);
	memcpy(&hi, s->es->uuid + 8, 8);
	st->fsid = lo ^ hi;
	return 0;
}

/* --- inodes in memory --- */

static struct inode *ext2_alloc_inode(struct super_block *sb)
{
	struct ext2_inode_info *ei = kmem_cache_alloc(inode_slab, GFP_NOFS);

	if (!ei)
		return NULL;
	memset(ei, 0, sizeof(*ei));
	rwsem_init(&ei->map_sem, FS_META);
	rwsem_init(&ei->dir_sem, FS_DIR);
	list_init(&ei->dirty_link);
	list_init(&ei->orphan_link);
	return &ei->vfs;
}

static void ext2_free_inode(struct inode *inode)
{
	kmem_cache_free(inode_slab, EXT2_I(inode));
}

/* inode->state I_DIRTY is of no use to us: what must be written is on the batch's list. */
static int ext2_write_inode(struct inode *inode, bool wait)
{
	return 0;
}

static const struct super_ops ext2_super_ops = {
	.alloc_inode = ext2_alloc_inode,
	.free_inode = ext2_free_inode,
	.evict_inode = ext2_evict_inode,
	.write_inode = ext2_write_inode,
	.dirty_inode = ext2_dirty_inode_op,
	.sync_fs = ext2_sync_fs,
	.freeze_fs = ext2_freeze_fs,
	.statfs = ext2_statfs,
	.remount = ext2_remount,
	.put_super = ext2_put_super,
	.show_options = ext2_show_options,
};

/* --- the type --- */

static struct super_block *ext2_mount(struct fs_type *t, u32 flags, const char *source, const char *options)
{
	return super_get_bdev(t, flags, source, ext2_fill, options);
}

static struct fs_type ext2_type = { .name = "ext2", .flags = FS_REQUIRES_DEV, .mount = ext2_mount,
				   .check_options = ext2_check_options };

static bool ext2_probe(const u8 *data, u8 uuid[16], char label[64])
{
	const struct ext2_super *es = (const void *)data;

	if (le16(es->magic) != EXT2_MAGIC)
		return false;
	if (le32(es->rev_level) > 0 && (le32(es->feature_incompat) & ~EXT2_INCOMPAT_KNOWN))
		return false;
	memcpy(uuid, es->uuid, 16);
	memset(label, 0, 64);
	memcpy(label, es->volume_name, sizeof(es->volume_name));
	return true;
}

static struct fs_probe ext2_fs_probe = {
	.fstype = "ext2", .offset = EXT2_SUPER_OFFSET, .len = EXT2_SUPER_SIZE, .probe = ext2_probe,
};

static int ext2_init(void)
{
	inode_slab = kmem_cache_create("ext2_inode_cache", sizeof(struct ext2_inode_info), 64, SLAB_RECLAIMABLE, NULL);
	if (!inode_slab || fs_register(&ext2_type))
		return -ENOMEM;
	fs_probe_register(&ext2_fs_probe);
	return 0;
}
INITCALL_FS(ext2_init);
