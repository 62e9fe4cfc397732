/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Inodes in memory: their life, the table by (super block, number), the list of unused ones, link
 * counts and time stamps.
 *
 * An inode is made by inode_new() (memory file systems keep it alive through their dentries) or
 * found by inode_get_locked(). Its last reference is dropped under state_lock, which decides: gone
 * (no links, or the instance does not keep inodes), or kept unused on the LRU with a count of zero,
 * from where a look-up under the same lock brings it back. Memory is given back by RCU, so that a
 * walk without references may look at an inode that is going.
 *
 * Locks: hash bucket (class INODE_STATE), then state_lock (subclass 1), then list_lock (INODE_LIST).
 */
#include "internal.h"
#include <mm/writeback.h>
#include <core/init.h>
#include <core/page.h>
#include <core/slab.h>
#include <core/wait.h>
#include <base/hash.h>
#include <fs/posix_acl.h>
#include <base/math.h>
#include <core/clock.h>
#include <uapi/linux/xattr.h>

#define INODE_LOCKS	64

static struct kmem_cache *inode_cache;
static struct hlist_head *inode_table;		/* [inode_locks of the bucket] */
static unsigned int inode_table_bits;
static spinlock_t inode_locks[INODE_LOCKS];
static DEFINE_SPINLOCK(lru_lock, INODE_LIST);
static LIST_HEAD(inode_lru);			/* [lru_lock] unused, oldest first */
static u64 inode_nr_unused;			/* [lru_lock] */
/* Those who wait for I_NEW or I_FREEING to go, of any inode: rare. */
static DEFINE_WAIT_QUEUE(inode_wait);
static atomic64_t next_ino = ATOMIC_INIT(1);

static struct hlist_head *inode_bucket(struct super_block *sb, u64 ino, spinlock_t **lock)
{
	u32 h = hash_u64(ino ^ ((u64)sb >> 6), inode_table_bits);

	*lock = &inode_locks[h % INODE_LOCKS];
	return &inode_table[h];
}

u64 inode_next_ino(void)
{
	return (u64)atomic64_fetch_add(&next_ino, 1);
}

/* What the walk wants to know about the operations; the same answer each time, so racing is fine. */
void inode_note_ops(struct inode *inode)
{
	u16 f = IOP_READY;

	if (inode->ops->permission)
		f |= IOP_PERM;
	if (inode->ops->lookup && (inode->mode & S_IFMT) == S_IFDIR)
		f |= IOP_LOOKUP;
	if ((inode->mode & S_IFMT) == S_IFLNK) {
		f |= IOP_LINK;
		if (inode->ops->follow_magic)
			f |= IOP_MAGIC;
	}
	WRITE_ONCE(inode->opflags, f);
}

static const struct inode_ops empty_inode_ops;

void inode_init_once(struct inode *inode)
{
	memset(inode, 0, sizeof(*inode));
	spin_lock_init(&inode->state_lock, INODE_STATE);
	rwsem_init(&inode->rwsem, INODE);
	list_init(&inode->sb_link);
	list_init(&inode->lru);
	list_init(&inode->wb_link);
}

struct inode *inode_alloc_plain(struct super_block *sb)
{
	return kmem_cache_alloc(inode_cache, GFP_KERNEL);
}

void inode_free_plain(struct inode *inode)
{
	kmem_cache_free(inode_cache, inode);
}

void inode_evict_plain(struct inode *inode)
{
	truncate_all(&inode->data);
}

static struct inode *inode_alloc(struct super_block *sb)
{
	struct inode *inode = SOP(sb, alloc_inode) ? sb->ops->alloc_inode(sb) : inode_alloc_plain(sb);

	if (!inode)
		return NULL;
	inode_init_once(inode);
	inode->sb = sb;
	inode->ops = &empty_inode_ops;
	inode->fops = &bad_fops;
	inode->blkbits = sb->blkbits;
	inode->nlink = 1;
	ref_init(&inode->ref, 1);
	if (sb->flags & SB_POSIXACL)
		inode->acl[0] = inode->acl[1] = ACL_NOT_READ;
	mapping_init(&inode->data, inode, NULL);
	inode->mapping = &inode->data;
	return inode;
}

static void inode_sb_add(struct inode *inode)
{
	struct super_block *sb = inode->sb;

	spin_lock(&sb->inode_list_lock);
	list_add(&inode->sb_link, &sb->inodes);
	spin_unlock(&sb->inode_list_lock);
}

struct inode *inode_new(struct super_block *sb)
{
	struct inode *inode = inode_alloc(sb);

	if (!inode)
		return NULL;
	inode->ino = inode_next_ino();
	inode->atime = inode->mtime = inode->ctime = inode->btime = current_time64();
	inode_sb_add(inode);
	return inode;
}

static void inode_free_rcu(struct rcu_head *head)
{
	struct inode *inode = container_of(head, struct inode, rcu);

	if (SOP(inode->sb, free_inode))
		inode->sb->ops->free_inode(inode);
	else
		inode_free_plain(inode);
}

static void inode_free(struct inode *inode)
{
	if (inode->locks)
		locks_free_context(inode);
	posix_acl_drop_cache(inode);
	call_rcu(&inode->rcu, inode_free_rcu);
}

static void inode_unhash(struct inode *inode)
{
	spinlock_t *lock;

	if (hlist_unhashed(&inode->hash))
		return;
	inode_bucket(inode->sb, inode->ino, &lock);
	spin_lock(lock);
	hlist_del_init_rcu(&inode->hash);
	spin_unlock(lock);
}

/* I_FREEING is set: nobody finds it any more. Remove what it holds. May sleep. */
static void inode_evict(struct inode *inode)
{
	struct super_block *sb = inode->sb;
	bool hashed = !hlist_unhashed(&inode->hash);

	if (unlikely(READ_ONCE(inode->notify) != NULL))
		notify_inode_gone(inode);
	spin_lock(&sb->inode_list_lock);
	list_del_init(&inode->sb_link);
	spin_unlock(&sb->inode_list_lock);
	wb_forget(inode);
	if (SOP(sb, evict_inode))
		sb->ops->evict_inode(inode);
	else
		inode_evict_plain(inode);
	if (hashed) {
		inode_unhash(inode);
		wake_up_all(&inode_wait);
	}
	inode_free(inode);
}

static bool inode_drops(struct inode *inode)
{
	struct super_block *sb = inode->sb;

	if (hlist_unhashed(&inode->hash))
		return true;
	return SOP(sb, drop_inode) ? sb->ops->drop_inode(inode) : inode->nlink == 0;
}

static void lru_add(struct inode *inode)
{
	inode->state |= I_LRU;
	spin_lock(&lru_lock);
	list_add_tail(&inode->lru, &inode_lru);
	inode_nr_unused++;
	spin_unlock(&lru_lock);
}

static void lru_del(struct inode *inode)
{
	if (!(inode->state & I_LRU))
		return;
	inode->state &= ~I_LRU;
	spin_lock(&lru_lock);
	list_del_init(&inode->lru);
	inode_nr_unused--;
	spin_unlock(&lru_lock);
}

/* state_lock held. */
static bool grab_locked(struct inode *inode)
{
	if (inode->state & I_FREEING)
		return false;
	if (ref_read(&inode->ref) == 0) {
		lru_del(inode);
		ref_init(&inode->ref, 1);
	} else {
		ref_get(&inode->ref);
	}
	return true;
}

bool inode_grab(struct inode *inode)
{
	bool mine;

	spin_lock(&inode->state_lock);
	mine = grab_locked(inode);
	spin_unlock(&inode->state_lock);
	return mine;
}

bool inode_trygrab(struct inode *inode)
{
	bool mine;

	if (!spin_trylock(&inode->state_lock))
		return false;
	mine = grab_locked(inode);
	spin_unlock(&inode->state_lock);
	return mine;
}

/* The last reference, perhaps: state_lock decides against look-ups. */
static __noinline void inode_put_last(struct inode *inode)
{
	might_sleep();
	spin_lock(&inode->state_lock);
	if (!ref_put(&inode->ref)) {
		spin_unlock(&inode->state_lock);
		return;
	}
	if (!inode_drops(inode) && (inode->sb->flags & SB_ACTIVE)) {
		lru_add(inode);
		spin_unlock(&inode->state_lock);
		return;
	}
	inode->state |= I_FREEING;
	if (inode->nlink && (inode->state & I_DIRTY_ANY)) {
		spin_unlock(&inode->state_lock);
		(void)inode_write_now(inode, true);
		spin_lock(&inode->state_lock);
	}
	spin_unlock(&inode->state_lock);
	inode_evict(inode);
}

void inode_put(struct inode *inode)
{
	int v;

	if (!inode)
		return;
	v = ref_read(&inode->ref);
	while (v > 1) {
		if (__atomic_compare_exchange_n(&inode->ref.v, &v, v - 1, false, __ATOMIC_ACQ_REL,
						__ATOMIC_RELAXED))
			return;
	}
	inode_put_last(inode);
}

/* --- the table --- */

/* Bucket lock held. NULL: none. A reference is taken; *busy: it is going, wait for that. */
static struct inode *inode_find_locked(struct hlist_head *head, struct super_block *sb, u64 ino, bool *busy)
{
	struct inode *i;

	hlist_for_each_entry(i, head, hash) {
		if (i->ino != ino || i->sb != sb)
			continue;
		spin_lock_nested(&i->state_lock, 1);
		if (i->state & I_FREEING) {
			*busy = true;
			spin_unlock(&i->state_lock);
			return NULL;
		}
		if (ref_read(&i->ref) == 0) {
			lru_del(i);
			ref_init(&i->ref, 1);
		} else {
			ref_get(&i->ref);
		}
		spin_unlock(&i->state_lock);
		return i;
	}
	return NULL;
}

struct inode *inode_get_locked(struct super_block *sb, u64 ino)
{
	struct inode *inode, *fresh = NULL;
	struct hlist_head *head;
	spinlock_t *lock;
	bool busy;

	head = inode_bucket(sb, ino, &lock);
	for (;;) {
		busy = false;
		spin_lock(lock);
		inode = inode_find_locked(head, sb, ino, &busy);
		if (!inode && !busy && fresh) {
			fresh->ino = ino;
			fresh->state = I_NEW;
			hlist_add_head(&fresh->hash, head);
			spin_unlock(lock);
			inode_sb_add(fresh);
			return fresh;
		}
		spin_unlock(lock);
		if (inode)
			break;
		if (busy) {
			/* Woken by any evict; the loop looks again. */
			DEFINE_WAIT(we);

			prepare_to_wait(&inode_wait, &we, TASK_UNINTERRUPTIBLE);
			busy = false;
			spin_lock(lock);
			inode = inode_find_locked(head, sb, ino, &busy);
			spin_unlock(lock);
			if (!inode && busy)
				schedule_until(WAIT_FOREVER);
			finish_wait(&inode_wait, &we);
			if (inode)
				break;
			continue;
		}
		fresh = inode_alloc(sb);
		if (!fresh)
			return ERR_PTR(-ENOMEM);
	}
	if (fresh)
		inode_free(fresh);
	wait_event(&inode_wait, !(READ_ONCE(inode->state) & I_NEW));
	if (hlist_unhashed(&inode->hash)) {		/* its reader failed */
		inode_put(inode);
		return inode_get_locked(sb, ino);
	}
	return inode;
}

void inode_unlock_new(struct inode *inode)
{
	spin_lock(&inode->state_lock);
	inode->state &= ~I_NEW;
	spin_unlock(&inode->state_lock);
	wake_up_all(&inode_wait);
}

void inode_fail_new(struct inode *inode)
{
	inode_unhash(inode);
	inode->nlink = 0;
	inode_unlock_new(inode);
	inode_put(inode);
}

/* --- unused ones --- */

static u64 inode_lru_count(struct shrinker *s)
{
	return READ_ONCE(inode_nr_unused);
}

/* Take one unused inode for freeing; NULL: none left to look at. */
static struct inode *inode_lru_take(u64 *budget)
{
	struct inode *inode;

	while (*budget) {
		spin_lock(&lru_lock);
		inode = list_first_entry_or_null(&inode_lru, struct inode, lru);
		if (!inode) {
			spin_unlock(&lru_lock);
			return NULL;
		}
		(*budget)--;
		/* state_lock stands above lru_lock: only try. */
		if (!spin_trylock(&inode->state_lock)) {
			list_move_tail(&inode->lru, &inode_lru);
			spin_unlock(&lru_lock);
			continue;
		}
		list_del_init(&inode->lru);
		inode_nr_unused--;
		spin_unlock(&lru_lock);
		inode->state &= ~I_LRU;
		if (inode->state & I_DIRTY_ANY) {	/* written first, by sync or write-back */
			lru_add(inode);
			spin_unlock(&inode->state_lock);
			continue;
		}
		inode->state |= I_FREEING;
		spin_unlock(&inode->state_lock);
		return inode;
	}
	return NULL;
}

static u64 inode_lru_scan(struct shrinker *s, u64 nr, gfp_t gfp)
{
	struct inode *inode;
	u64 freed = 0;

	if (!(gfp & GFP_FS))
		return 0;
	while ((inode = inode_lru_take(&nr)) != NULL) {
		inode_evict(inode);
		freed++;
	}
	return freed;
}

static struct shrinker inode_shrinker = {
	.name = "inodes",
	.count = inode_lru_count,
	.scan = inode_lru_scan,
};

u64 inodes_evict_sb(struct super_block *sb)
{
	struct inode *i, *n;
	LIST_HEAD(gone);
	u64 busy = 0;

	spin_lock(&sb->inode_list_lock);
	list_for_each_entry_safe(i, n, &sb->inodes, sb_link) {
		if (ref_read(&i->ref) > 0) {
			busy++;
			continue;
		}
		list_move(&i->sb_link, &gone);
	}
	spin_unlock(&sb->inode_list_lock);
	list_for_each_entry_safe(i, n, &gone, sb_link) {
		spin_lock(&i->state_lock);
		lru_del(i);
		i->state |= I_FREEING;
		spin_unlock(&i->state_lock);
		if (i->nlink && (i->state & I_DIRTY_ANY))
			(void)inode_write_now(i, true);
		inode_evict(i);
	}
	return busy;
}

u64 inodes_in_use(struct super_block *sb)
{
	struct inode *i;
	u64 n = 0;

	spin_lock(&sb->inode_list_lock);
	list_for_each_entry(i, &sb->inodes, sb_link)
		n++;
	spin_unlock(&sb->inode_list_lock);
	return n;
}

/* --- contents common to all --- */

void inode_init_owner(struct inode *inode, const struct inode *dir, umode_t mode)
{
	const struct cred *c = current_cred();

	inode->uid = c->fsuid;
	if (dir && (dir->mode & S_ISGID)) {
		inode->gid = dir->gid;
		if (S_ISDIR(mode))
			mode |= S_ISGID;
		else if ((mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) && !in_group(dir->gid) &&
			 !capable(CAP_FSETID))
			mode &= ~S_ISGID;
	} else {
		inode->gid = c->fsgid;
	}
	inode->mode = mode;
}

void inode_set_special(struct inode *inode, umode_t mode, dev_t rdev)
{
	inode->mode = mode;
	if (S_ISCHR(mode)) {
		inode->fops = &chrdev_fops;
		inode->rdev = rdev;
	} else if (S_ISBLK(mode)) {
		inode->fops = &blkdev_fops;
		inode->rdev = rdev;
	} else if (S_ISFIFO(mode)) {
		inode->fops = &fifo_fops;
	} else if (S_ISSOCK(mode)) {
		inode->fops = &sock_nofile_fops;
	}
}

void inode_inc_link(struct inode *inode)
{
	WRITE_ONCE(inode->nlink, inode->nlink + 1);
	inode_mark_dirty(inode);
}

void inode_drop_link(struct inode *inode)
{
	if (!WARN_ONCE(inode->nlink == 0))
		WRITE_ONCE(inode->nlink, inode->nlink - 1);
	inode_mark_dirty(inode);
}

void inode_set_nlink(struct inode *inode, u32 n)
{
	WRITE_ONCE(inode->nlink, n);
}

struct timespec64 current_time64(void)
{
	s64 ns = clock_realtime_coarse_ns();
	struct timespec64 t = { .sec = ns / 1000000000, .nsec = (u32)(ns % 1000000000) };

	return t;
}

struct timespec64 inode_fit_time(const struct inode *inode, struct timespec64 t)
{
	const struct super_block *sb = inode->sb;

	if (unlikely(t.sec <= sb->time_min || t.sec >= sb->time_max))
		return (struct timespec64){ .sec = t.sec <= sb->time_min ? sb->time_min : sb->time_max };
	if (sb->time_gran > 1)
		t.nsec = 0;
	return t;
}

struct timespec64 inode_now(const struct inode *inode)
{
	return inode_fit_time(inode, current_time64());
}

static inline bool time_equal(const struct timespec64 *a, const struct timespec64 *b)
{
	return a->sec == b->sec && a->nsec == b->nsec;
}

void inode_touch_mtime(struct inode *inode)
{
	inode->mtime = inode->ctime = inode_now(inode);
	inode->version++;
	inode_mark_dirty(inode);
}

void inode_touch_ctime(struct inode *inode)
{
	inode->ctime = inode_now(inode);
	inode_mark_dirty(inode);
}

static inline s64 time_cmp(const struct timespec64 *a, const struct timespec64 *b)
{
	return a->sec != b->sec ? a->sec - b->sec : (s64)a->nsec - (s64)b->nsec;
}

/* relatime: the stamp moves when it is not after the last change, or a day old. */
static bool atime_due(const struct inode *inode, u32 mflags, const struct timespec64 *now)
{
	if (time_equal(&inode->atime, now))
		return false;
	if (!(mflags & MNT_RELATIME))
		return true;
	return time_cmp(&inode->mtime, &inode->atime) >= 0 || time_cmp(&inode->ctime, &inode->atime) >= 0 ||
	       now->sec - inode->atime.sec >= 24 * 60 * 60;
}

/* Would the stamp move, to *now? Also under RCU, without a reference. */
static bool access_due(const struct path *p, const struct inode *inode, struct timespec64 *now)
{
	u32 mflags = READ_ONCE(p->mnt->flags);

	if ((mflags & (MNT_NOATIME | MNT_READONLY)) || (inode->flags & S_NOATIME) ||
	    (inode->sb->flags & (SB_RDONLY | SB_NOATIME)))
		return false;
	if ((mflags & MNT_NODIRATIME) && S_ISDIR_I(inode))
		return false;
	/* The common case, a file read twice, must not ask for the time. */
	if ((mflags & MNT_RELATIME) && time_cmp(&inode->mtime, &inode->atime) < 0 &&
	    time_cmp(&inode->ctime, &inode->atime) < 0 &&
	    clock_realtime_coarse_ns() < (inode->atime.sec + 24 * 60 * 60) * 1000000000)
		return false;
	*now = inode_now(inode);
	return atime_due(inode, mflags, now);
}

bool path_access_due(const struct path *p, const struct inode *inode)
{
	struct timespec64 now;

	return access_due(p, inode, &now);
}

void path_accessed(const struct path *p, struct inode *inode)
{
	struct timespec64 now;

	if (!access_due(p, inode, &now) || !super_try_start(inode->sb, SB_FREEZE_WRITE))
		return;
	inode->atime = now;
	inode_mark_dirty(inode);
	super_end(inode->sb, SB_FREEZE_WRITE);
}

void file_accessed(struct file *f)
{
	if (!(f->flags & O_NOATIME))
		path_accessed(&f->path, f->inode);
}

int inode_kill_caps(struct inode *inode)
{
	int err = 0;

	if (inode->flags & S_NOSEC)
		return 0;
	if (inode_getxattr(inode, XATTR_NAME_CAPS, NULL, 0) >= 0)
		err = inode_removexattr(inode, XATTR_NAME_CAPS);
	if (!err)
		inode->flags |= S_NOSEC;
	return err;
}

void inode_update_times(struct inode *inode)
{
	struct timespec64 now;

	if (inode->flags & S_NOCMTIME)
		return;
	now = inode_now(inode);
	if (time_equal(&inode->mtime, &now) && time_equal(&inode->ctime, &now))
		return;
	inode->mtime = inode->ctime = now;
	inode->version++;
	inode_mark_dirty(inode);
}

int file_update_for_write(struct file *f)
{
	struct inode *inode = f->inode;

	if (unlikely(!(inode->flags & S_NOSEC))) {
		int err = inode_kill_caps(inode);

		if (err)
			return err;
	}
	if (unlikely(inode->mode & (S_ISUID | S_ISGID))) {
		struct iattr attr = { .valid = ATTR_FORCE };

		if (inode->mode & S_ISUID)
			attr.valid |= ATTR_KILL_SUID;
		if ((inode->mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
			attr.valid |= ATTR_KILL_SGID;
		if (attr.valid != ATTR_FORCE && !capable(CAP_FSETID)) {
			int err = inode_change_attr(f->path.dentry, &attr);

			if (err)
				return err;
		}
	}
	inode_update_times(inode);
	return 0;
}

/* --- writers against executors --- */

int get_write_access(struct inode *inode)
{
	int v = atomic_read(&inode->writecount);

	do {
		if (v < 0)
			return -ETXTBSY;
	} while (!try_cmpxchg(&inode->writecount.v, &v, v + 1));
	return 0;
}

void put_write_access(struct inode *inode)
{
	atomic_dec(&inode->writecount);
}

int deny_write(struct inode *inode)
{
	int v = atomic_read(&inode->writecount);

	do {
		if (v > 0)
			return -ETXTBSY;
	} while (!try_cmpxchg(&inode->writecount.v, &v, v - 1));
	return 0;
}

void allow_write(struct inode *inode)
{
	atomic_inc(&inode->writecount);
}

static int inode_cache_init(void)
{
	u64 want = clamp_t(u64, roundup_pow2(mem_total_pages() / 8), 256, 1ull << 19);

	inode_table_bits = (unsigned int)ilog2(want);
	inode_table = kvmalloc(sizeof(*inode_table) << inode_table_bits, GFP_KERNEL | GFP_ZERO);
	inode_cache = kmem_cache_create("inode_cache", sizeof(struct inode), 64, SLAB_RECLAIMABLE, NULL);
	if (!inode_table || !inode_cache)
		panic("no memory for the inode table");
	for (unsigned int i = 0; i < INODE_LOCKS; i++)
		spin_lock_init(&inode_locks[i], INODE_STATE);
	shrinker_register(&inode_shrinker);
	return 0;
}
INITCALL_CORE(inode_cache_init);
