/* SPDX-License-Identifier: MPL-2.0 */
/*
 * ext2 in memory, shared by the files of fs/ext2. docs/ext2.md explains the order on the disk.
 *
 * Locks, outermost first: the inode lock (VFS), folio locks, sb->batch (operations that change metadata
 * hold it shared, the commit exclusively), ei->dir_sem (blocks of a directory), ei->map_sem (block map),
 * sb->alloc (bitmaps, groups), then the spinlock sb->lock (lists of what the batch changed).
 */
#ifndef FS_EXT2_EXT2_H
#define FS_EXT2_EXT2_H

#include <base/rbtree.h>
#include <base/string.h>
#include <core/printk.h>
#include <core/slab.h>
#include <core/work.h>
#include <fs/buffer.h>
#include <fs/inode.h>
#include <fs/iomap.h>
#include <fs/super.h>
#include <kernel/cred.h>
#include <kernel/sched.h>
#include "format.h"

/* Mount options. */
#define MOPT_ACL	0x01u
#define MOPT_XATTR_USER	0x02u
#define MOPT_MINIXDF	0x04u
#define MOPT_GRPID	0x08u
#define MOPT_NOUID32	0x10u
#define MOPT_DISCARD	0x20u

/* Run of blocks, used for what waits to be freed. */
struct ext2_run {
	u64 first;
	u32 n;
};
#define RUNS_PER_PAGE	((u32)((PAGE_SIZE - 16) / sizeof(struct ext2_run)))
struct ext2_runs {
	struct ext2_runs *next;
	u32 n;
	struct ext2_run run[RUNS_PER_PAGE];
};

struct ext2_group_info {
	struct buffer *bb, *ib;		/* bitmaps, once read and checked */
	bool bad;			/* a bitmap is corrupt: nothing is allocated or freed here */
	u32 debts;			/* directories against files, for the spread */
};

#define TOMB_HASH	256u

struct ext2_sb {
	struct super_block *vfs;	/* [I] */
	struct block_device *bdev;	/* [I] */
	struct ext2_layout l;		/* [I] */
	u32 sb_where;			/* [I] block of the super block in use */
	struct buffer *sb_bh;		/* [I] */
	struct ext2_super *es;		/* [alloc] in sb_bh */
	struct buffer **gdt;		/* [I] the array; contents [alloc] */
	struct ext2_group_info *groups;	/* [I] the array; contents [alloc] */
	u32 opts;			/* [vfs->umount] MOPT_* */
	u32 errors;			/* [vfs->umount] EXT2_ERRORS_* */
	kuid_t resuid;			/* [vfs->umount] */
	kgid_t resgid;			/* [vfs->umount] */
	u32 hash_seed[4];		/* [I] */
	u32 hash_version;		/* [I] default, with signedness */
	bool hash_unsigned;		/* [I] */
	bool begun;			/* [vfs->umount] the disk says that it is in use */
	bool was_valid;			/* [vfs->umount] clean when it was mounted for writing */
	bool failed;			/* [a] an error was seen: state says so */
	bool aborted;			/* [a] nothing is written any more */
	bool no_reuse;			/* [batch, exclusively] a write failed: what is freed stays unused */
	bool discard;			/* [I] the device can */
	bool settling;			/* [vfs->umount] an orphan is read */
	u32 overhead;			/* [I] blocks of metadata, for bsddf */

	struct mutex alloc;		/* class FS_ALLOC */
	s64 free_blocks;		/* [alloc] clear bits */
	s64 reserved;			/* [alloc] of them promised to dirty pages */
	s64 free_inodes;		/* [alloc] */
	u64 dirs;			/* [alloc] */
	struct rb_root windows;		/* [alloc] reservation windows of inodes */
	u64 pending_blocks;		/* [alloc] freed, not to be used before the commit */
	struct ext2_runs *freed;	/* [alloc] what they are */
	u32 *freed_inodes;		/* [alloc] inode numbers freed in this batch; high bit: directory */
	u32 nr_freed_inodes, max_freed_inodes;	/* [alloc] */

	struct mutex commit;		/* class FS_COMMIT: one at a time */
	struct rwsem batch;		/* class FS_BATCH */
	u64 batch_id;			/* [batch; a] grows with each commit */
	u64 committed_id;		/* [a] last one that is on the medium */
	int batch_err;			/* [commit] of the last one */
	spinlock_t lock;		/* class OBJECT */
	struct list_head fresh;		/* [lock] buffers nothing on the disk points to yet */
	struct list_head inplace;	/* [lock] changed directory blocks */
	struct list_head maps;		/* [lock] bitmaps, descriptors, super block: no order needed */
	struct list_head dirty;		/* [lock] ext2_inode_info.dirty_link, each with a reference */
	struct list_head orphans;	/* [lock] unlinked and still open, no reference */
	struct list_head deleted;	/* [lock] struct ext2_deleted */
	struct list_head tombs;		/* [lock] struct ext2_tomb */
	struct list_head tomb_hash[TOMB_HASH];	/* [lock] the same by directory and block */
	u32 nr_held;			/* [lock] buffers on the lists, and tombs */
	bool data_done;			/* [a] data reached the device since the last flush */
	struct buffer **array;		/* [commit] room for WRITE_MAX pointers */
	struct delayed_work timer;	/* commits what is left alone */
};
#define WRITE_MAX	512u

/* Part of a file that has no pointer on the disk yet. */
struct ext2_ext {
	struct rb_node node;
	u64 lblk;
	u64 pblk;			/* 0: only promised */
	u32 n;
};

struct ext2_window {
	struct rb_node node;		/* [alloc] */
	u64 first;			/* [alloc] */
	u32 n;				/* [alloc] 0: none */
	u32 size;			/* [alloc] wanted next time */
};

/* state bits */
#define EI_DIRTY	0		/* on the dirty list */
#define EI_NEW		1		/* nothing of it on the disk */
#define EI_STUB		2		/* the disk has an empty or unlinked image of it */
#define EI_ORPHAN	3		/* on the orphan list */
#define EI_ORPHANED	4		/* the disk knows that it has no link */
#define EI_XATTR	5		/* in-inode attributes were looked for */
#define EI_MANY		6		/* has had names in more than one directory in this batch */
#define EI_REPLACED	8		/* lost all names, one to another file in the same batch: its end comes after that */
#define EI_LATE_DIR	9		/* removed with tombs in it: stays until its former files have new names */
#define EI_COMMITTING	7		/* on the commit's list, which has the reference */

struct ext2_inode_info {
	struct inode vfs;		/* [its own] */
	le32_t block[EXT2_NBLOCKS];	/* [map_sem] */
	char link_end;			/* [I] ends a fast link of 60 bytes */
	u32 flags;			/* [vfs.rwsem] EXT2_*_FL */
	u32 file_acl;			/* [vfs.rwsem] */
	u16 extra_isize;		/* [I] */
	u64 disksize;			/* [map_sem] size that the disk may show */
	struct rwsem map_sem;		/* class FS_META */
	struct rwsem dir_sem;		/* class FS_DIR */
	struct rb_root exts;		/* [map_sem] struct ext2_ext */
	u64 promised;			/* [map_sem] blocks of exts without a place */
	u32 nr_exts, meta_promised;	/* [map_sem] */
	struct ext2_window window;	/* [sb alloc] */
	u64 goal;			/* [map_sem] */
	unsigned long state;		/* [a] EI_* */
	struct list_head dirty_link;	/* [sb lock] */
	struct list_head orphan_link;	/* [sb lock] */
	u32 disk_links;			/* [batch] what the disk says */
	u32 tombs;			/* [batch] names of it that wait to be removed */
	u32 lost;			/* [batch, inode lock] names of it (..) that went since a commit got through */
	u32 guests;			/* [batch, inode lock] directories with a name here whose .. is another's yet */
	u32 dir_tombs;			/* [dir_sem, sb lock] entries of this directory that are gone already */
	u64 add_batch;			/* [batch] when a name of it was last added */
	u64 replaced_batch;		/* [batch] when another file last took a name of it */
	u32 parent;			/* [batch] directory of that name */
	u32 dir_hint;			/* [dir_sem] block where the last entry went */
	u64 sync_id, datasync_id;	/* [a] batch that has its last change */
	u8 *ixattr;			/* [vfs.rwsem] attributes behind the inode, as they will be written */
	u32 ixattr_size;		/* [vfs.rwsem] */
};

/* An entry that the disk still has and nobody shall see; or a change of an entry that comes last. */
struct ext2_tomb {
	struct list_head link, hash;	/* sb->tombs, tomb_hash */
	struct ext2_inode_info *dir;	/* referenced */
	struct ext2_inode_info *victim;	/* referenced; NULL: a change, or its inode ends before */
	u64 lblk;
	u32 off;
	u32 set_ino;			/* not 0: the entry gets this inode (..) */
};

/* The inode is gone; its place in the table must say so. */
struct ext2_deleted {
	struct list_head link;
	u32 ino, dtime;
	int phase;			/* of the commit */
};

#define BH_FRESH	1u
#define BH_INPLACE	2u
#define BH_MAP		4u
#define BH_COLLECTED	8u
#define BH_WAS_SHIFT	8u		/* while it is being written: what it was held as */

static inline struct ext2_sb *EXT2_SB(const struct super_block *sb) { return sb->private; }
static inline struct ext2_inode_info *EXT2_I(const struct inode *i) { return container_of(i, struct ext2_inode_info, vfs); }
/* Does the disk know it, more than an empty image? */
static inline bool ext2_on_disk(const struct inode *inode)
{
	return !(EXT2_I(inode)->state & (BIT(EI_NEW) | BIT(EI_STUB)));
}

/* --- super.c --- */
/* Something on the disk is wrong: say it, remember it in the super block, obey errors=. Returns -EUCLEAN. */
__printf(2, 3) int ext2_error(struct ext2_sb *s, const char *fmt, ...);
void ext2_io_error(struct ext2_sb *s, u64 block);
static inline struct buffer *ext2_bread(struct ext2_sb *s, u64 block)
{
	return buffer_read(s->bdev, block, s->l.block_size);
}
static inline bool ext2_block_valid(const struct ext2_sb *s, u64 b)
{
	return b > s->l.first_data_block && b < s->l.blocks_count;
}
struct ext2_group *ext2_group_desc(struct ext2_sb *s, u32 g);
/* Is one of the blocks metadata of the file system: bitmaps, tables, super blocks? All are valid. */
bool ext2_run_is_system(struct ext2_sb *s, u64 first, u64 n);
static inline bool ext2_block_is_system(struct ext2_sb *s, u64 b) { return ext2_run_is_system(s, b, 1); }

/* --- batch.c --- */
/* Around every change of metadata. May sleep; -EROFS once aborted. Not nested, no inode may be put within. */
__must_check int ext2_begin(struct ext2_sb *s);
void ext2_end(struct ext2_sb *s);
/* As begin, never refused: for giving up what is in memory only. */
void ext2_begin_always(struct ext2_sb *s);
void ext2_hold(struct ext2_sb *s, struct buffer *bh, u32 kind);	/* takes a reference of its own */
void ext2_unhold(struct ext2_sb *s, struct buffer *bh);
void ext2_dirty(struct inode *inode);			/* the image must be written */
void ext2_dirty_data(struct inode *inode);		/* size or map changed: fdatasync too */
/* Everything that changed up to now to the medium. 0 or the error. */
int ext2_commit(struct ext2_sb *s);
int ext2_commit_upto(struct ext2_sb *s, u64 id);
int ext2_flush(struct ext2_sb *s);			/* sb->commit held */
void ext2_timer_fn(struct work *w);
void ext2_dirty_inode_op(struct inode *inode, u32 flags);
int ext2_phase_of_end(const struct ext2_inode_info *ei);
void ext2_link_gone(struct inode *inode);		/* nlink fell to zero */
bool ext2_needs_commit(struct ext2_sb *s);
void ext2_batch_discard(struct ext2_sb *s);		/* aborted or umount: let go of everything */

/* --- balloc.c --- */
int ext2_balloc_init(struct ext2_sb *s);
void ext2_balloc_fini(struct ext2_sb *s);
#define ALLOC_RESERVED	0x1u		/* was promised before */
#define ALLOC_META	0x2u
/* Up to want blocks in a row near goal; *got of them. -ENOSPC, -EIO, -EUCLEAN. */
__must_check int ext2_alloc_blocks(struct ext2_sb *s, struct inode *inode, u64 goal, u32 want, u32 how, u64 *first, u32 *got);
/* now: nothing on the disk ever pointed to them. */
void ext2_free_blocks(struct ext2_sb *s, u64 first, u64 n, bool now);
/* Promise n blocks (n < 0: give back). -ENOSPC. */
__must_check int ext2_reserve(struct ext2_sb *s, s64 n);
void ext2_unreserve(struct ext2_sb *s, s64 n);
void ext2_window_discard(struct ext2_sb *s, struct ext2_inode_info *ei);
/* The batch is on the medium: what it freed may be used again. */
void ext2_release_freed(struct ext2_sb *s);
int ext2_group_bitmaps(struct ext2_sb *s, u32 g);	/* alloc held: read and check */
s64 ext2_available(struct ext2_sb *s);
bool ext2_has_pending(struct ext2_sb *s);
long ext2_trim(struct ext2_sb *s, u64 start, u64 len, u64 minlen, u64 *trimmed);

/* --- ialloc.c --- */
/* A new inode (I_NEW is set, owner and mode filled in). ERR_PTR. Within a batch. */
__must_check struct inode *ext2_new_inode(struct inode *dir, umode_t mode, const struct qstr *name);
void ext2_free_inode_number(struct ext2_sb *s, u32 ino, bool dir, bool now);

/* --- orphan.c --- */
/* What the orphan list names is freed or cut. When it becomes writable. */
__must_check int ext2_settle_orphans(struct ext2_sb *s);

/* --- inode.c --- */
__must_check struct inode *ext2_iget(struct super_block *sb, u32 ino);
void ext2_set_ops(struct inode *inode);
void ext2_set_vfs_flags(struct inode *inode);
struct buffer *ext2_itable_read(struct ext2_sb *s, u32 ino, struct ext2_inode **raw);
enum ext2_image { IMAGE_FULL, IMAGE_STUB, IMAGE_TIMES };	/* TIMES: full, with pointers as they were */
void ext2_fill_image(struct ext2_inode_info *ei, struct ext2_inode *raw, enum ext2_image what, u32 links);
void ext2_evict_inode(struct inode *inode);
int ext2_setattr(struct inode *inode, struct dentry *d, struct iattr *attr);
int ext2_getattr(struct inode *inode, const struct path *p, struct kstat *st, u32 mask);
extern const struct mapping_ops ext2_mapping_ops;

/* --- map.c, extent.c, truncate.c --- */
extern const struct iomap_ops ext2_iomap_ops;
/* The block behind lblk and how many follow it in a row (up to max); *pblk 0: a hole that long. map_sem held. */
__must_check int ext2_map_lookup(struct inode *inode, u64 lblk, u32 max, u64 *pblk, u32 *n);
/* Point n blocks from lblk at pblk. Within a batch, map_sem held for writing. */
__must_check int ext2_map_install(struct inode *inode, u64 lblk, u64 pblk, u32 n, u32 how);
/* Free everything from block `first` up to, not including, `end`. Within a batch, map_sem held for writing. */
__must_check int ext2_map_free(struct inode *inode, u64 first, u64 end);
/* A directory's or link's block: read, or made (fresh). */
__must_check struct buffer *ext2_dir_bread(struct inode *inode, u64 lblk);
__must_check struct buffer *ext2_dir_append(struct inode *inode, u64 *lblk);
/* A fresh copy in place of block lblk. Consumes bh on success. */
__must_check struct buffer *ext2_dir_cow(struct inode *inode, u64 lblk, struct buffer *bh);
u64 ext2_goal(struct inode *inode, u64 lblk);
struct ext2_ext *ext2_ext_find(struct ext2_inode_info *ei, u64 lblk);	/* holds lblk, or the next one above; NULL */
__must_check int ext2_ext_insert(struct ext2_inode_info *ei, u64 lblk, u64 pblk, u32 n);
/* Take [lblk, lblk + n) out; fn for each piece. */
__must_check int ext2_ext_remove(struct ext2_inode_info *ei, u64 lblk, u64 n,
				 void (*fn)(struct ext2_inode_info *ei, u64 l, u64 p, u32 n));
void ext2_ext_drop(struct inode *inode, u64 lblk, u64 end);	/* with what they hold */
int ext2_truncate(struct inode *inode, loff_t size);
long ext2_fallocate(struct file *f, int mode, loff_t off, loff_t len);

/* --- file.c, ioctl.c --- */
extern const struct file_ops ext2_fops, ext2_dir_fops;
int ext2_fsync_inode(struct inode *inode, bool datasync);
int ext2_fsync(struct file *f, loff_t start, loff_t end, bool datasync);
long ext2_ioctl(struct file *f, u32 cmd, u64 arg);

/* --- dir.c, htree.c --- */
/* 0: *ino found (0: not there). dir's lock held. */
int ext2_find_entry(struct inode *dir, const struct qstr *name, u32 *ino);
/* Add a name; -EAGAIN: commit first, then again. Within a batch. */
int ext2_add_entry(struct inode *dir, const struct qstr *name, struct inode *inode);
/* The entry of victim called name goes: now, or last if a newer name of it must come first. */
int ext2_delete_entry(struct inode *dir, const struct qstr *name, struct inode *victim);
/* The entry called name, which is old's, gets another inode. */
int ext2_set_entry(struct inode *dir, const struct qstr *name, struct inode *inode, struct inode *old);
/*
 * Two names of one directory change at once on the disk: `to` gets to_inode (NULL: it was just added), `from` gets
 * from_inode or (NULL) goes. bury: from_inode ends, and then its entry goes too. -ENOSPC: no room for copies, and
 * nothing was changed.
 */
int ext2_change_pair(struct inode *dir, const struct qstr *to, struct inode *to_inode, const struct qstr *from,
		     struct inode *from_inode, bool bury);
int ext2_make_empty(struct inode *inode, struct inode *parent);
int ext2_dir_is_empty(struct inode *dir);		/* 1, 0, -errno */
int ext2_set_dotdot(struct inode *dir, struct inode *parent);
int ext2_iterate(struct file *f, struct dir_context *c);
/* The block, so that an entry for a name of len may be put at `at`: as it is or a copy. Consumes bh. */
struct buffer *ext2_dir_own(struct inode *dir, u64 lblk, struct buffer *bh, u32 at, u32 len);
void ext2_bury(struct ext2_tomb *t);			/* at commit */
bool ext2_entry_dead(struct inode *dir, u64 lblk, u32 off);
static inline bool ext2_is_indexed(const struct inode *dir)
{
	return (EXT2_I(dir)->flags & EXT2_INDEX_FL) && (EXT2_SB(dir->sb)->l.compat & EXT2_COMPAT_DIR_INDEX);
}
int ext2_dir_corrupt(struct inode *dir, u64 lblk, const char *why);
/* htree.c: block that may hold name, or -ENOENT at the end of the chain of equal hashes. */
struct ext2_dx_walk {
	u32 levels;			/* of index blocks: 1..3 */
	struct {
		struct buffer *bh;
		u64 lblk;
		u32 at, count, limit;
		struct ext2_dx_entry *e;
	} f[3];
	u32 hash, minor, version;
	u64 seen;			/* leaves: a sane index has no more than the directory has blocks */
};
int ext2_dx_start(struct inode *dir, const struct qstr *name, struct ext2_dx_walk *w);
u64 ext2_dx_leaf(const struct ext2_dx_walk *w);
/* The next leaf that may hold the same hash: 1, 0: none, -errno. all: whatever the hash. */
int ext2_dx_next(struct inode *dir, struct ext2_dx_walk *w, bool all, u32 *hash);
void ext2_dx_end(struct ext2_dx_walk *w);
int ext2_dx_add(struct inode *dir, const struct qstr *name, u32 ino, u8 type);
int ext2_dx_make(struct inode *dir, const struct qstr *name, u32 ino, u8 type);
int ext2_dx_iterate(struct file *f, struct dir_context *c);
u8 ext2_file_type(const struct ext2_sb *s, umode_t mode);
u32 ext2_dt_type(const struct ext2_sb *s, u8 type);

/* --- namei.c --- */
extern const struct inode_ops ext2_dir_iops, ext2_file_iops, ext2_link_iops, ext2_special_iops;

/* --- xattr.c --- */
/* The ACL that a new inode takes over from its directory. Within a batch. */
int ext2_init_acl(struct inode *inode, struct inode *dir);
struct posix_acl *ext2_get_acl(struct inode *inode, int type);
int ext2_set_acl(struct inode *inode, int type, struct posix_acl *acl, umode_t mode);
ssize_t ext2_getxattr(struct inode *inode, const char *name, void *buf, size_t size);
ssize_t ext2_listxattr(struct inode *inode, char *buf, size_t size);
int ext2_setxattr(struct inode *inode, const char *name, const void *v, size_t size, int flags);
int ext2_removexattr(struct inode *inode, const char *name);
/* The same within a batch, without name-space rules. value NULL: remove. */
int ext2_xattr_store(struct inode *inode, u8 index, const char *name, const void *v, size_t size, int flags);
ssize_t ext2_xattr_load(struct inode *inode, u8 index, const char *name, void *buf, size_t size);
void ext2_xattr_delete(struct inode *inode);
#define XATTR_INDEX_USER	1u
#define XATTR_INDEX_ACL		2u
#define XATTR_INDEX_ACL_DEFAULT	3u
#define XATTR_INDEX_TRUSTED	4u
#define XATTR_INDEX_SECURITY	6u

#endif
