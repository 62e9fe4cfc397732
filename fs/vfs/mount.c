/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Mounts as objects: the table by (parent, mountpoint), references, attaching and detaching.
 * What mount(2) and its kin do with them is in mount_sys.c, shared subtrees in propagate.c,
 * namespaces and their text in mntns.c.
 *
 * A mount holds its instance, its root dentry, and while attached its parent and mountpoint. It is
 * counted per CPU. While it is in a namespace (m->ns set), which holds one count, a put cannot be
 * the last and only decrements; after it left, the sum decides under mount_lock. Leaving is followed
 * by a grace period before the namespace's count is dropped, so that a put that still saw m->ns
 * is over. A walk under RCU makes a reference good by mount_legitimize(): count, then check that the
 * tree did not change.
 *
 * Writers: mount_get_writer() counts per CPU with preemption off; a remount to read-only sets
 * MNT_WRITE_HOLD, waits for a grace period and then sums, so nobody who saw the old flags is missed.
 *
 * Locks: namespace_sem (the tree's shape), mount_lock with mount_seq (table, links, flags).
 */
#include "internal.h"
#include <base/hash.h>
#include <base/ida.h>
#include <core/init.h>
#include <core/percpu.h>
#include <core/slab.h>

#define MOUNT_BITS	10

DEFINE_RWSEM(namespace_sem, NAMESPACE);
DEFINE_SPINLOCK(mount_lock, MOUNT_HASH);
struct seqcount mount_seq;			/* [mount_lock] */
static struct kmem_cache *mount_cache;
static struct hlist_head mount_table[1 << MOUNT_BITS];	/* [mount_lock; r] by (parent, mountpoint) */
static struct hlist_head mp_table[1 << MOUNT_BITS];	/* [mount_lock] by mountpoint */
static DEFINE_MUTEX(id_mutex, LEAF_MUTEX);
static struct ida mount_ids = IDA_INIT;		/* [id_mutex] */

static inline struct hlist_head *mount_bucket(const struct mount *parent, const struct dentry *mp)
{
	return &mount_table[hash_u64((u64)parent + ((u64)mp >> 4), MOUNT_BITS)];
}

void mount_tree_lock(void)
{
	spin_lock(&mount_lock);
	write_seqbegin(&mount_seq);
}

void mount_tree_unlock(void)
{
	write_seqend(&mount_seq);
	spin_unlock(&mount_lock);
}

/* --- references --- */

static inline void count_add(struct mount *m, int which, s64 n)
{
	preempt_disable();
	percpu_this(m->count)[which] += n;
	preempt_enable();
}

s64 mount_count_sum(struct mount *m, int which)
{
	s64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(percpu_ptr(m->count, cpu)[which]);
	return sum;
}

void mount_get(struct mount *m)
{
	count_add(m, 0, 1);
}

static void mount_free_rcu(struct rcu_head *head)
{
	struct mount *m = container_of(head, struct mount, rcu);

	percpu_free(m->count);
	kfree((void *)m->source);
	kmem_cache_free(mount_cache, m);
}

static void mount_destroy(struct mount *m)
{
	mutex_lock(&id_mutex);
	ida_free(&mount_ids, (u32)m->id);
	mutex_unlock(&id_mutex);
	dentry_put(m->root);
	super_put_active(m->sb);
	call_rcu(&m->rcu, mount_free_rcu);
}

static __noinline void mount_put_slow(struct mount *m)
{
	mount_tree_lock();
	count_add(m, 0, -1);
	if (mount_count_sum(m, 0) != 0 || (m->flags & MNT_DOOMED)) {
		mount_tree_unlock();
		return;
	}
	m->flags |= MNT_DOOMED;
	list_del_init(&m->sb_link);
	mount_tree_unlock();
	mount_destroy(m);
}

void mount_put(struct mount *m)
{
	rcu_read_lock();
	if (likely(READ_ONCE(m->ns))) {
		percpu_this(m->count)[0]--;
		rcu_read_unlock();
		return;
	}
	rcu_read_unlock();
	mount_put_slow(m);
}

bool mount_legitimize(struct mount *m, u32 seq, bool *drop)
{
	*drop = false;
	if (unlikely(read_seqretry(&mount_seq, seq)))
		return false;
	percpu_this(m->count)[0]++;		/* RCU: no preemption */
	smp_mb();				/* the count before the look; pairs with mount_put_slow's lock */
	if (likely(!read_seqretry(&mount_seq, seq)))
		return true;
	spin_lock(&mount_lock);
	if (m->flags & MNT_DOOMED) {
		count_add(m, 0, -1);
		spin_unlock(&mount_lock);
		return false;
	}
	spin_unlock(&mount_lock);
	*drop = true;
	return false;
}

void path_get(const struct path *p)
{
	mount_get(p->mnt);
	dentry_get(p->dentry);
}

void path_put(const struct path *p)
{
	struct mount *m = p->mnt;

	dentry_put(p->dentry);
	mount_put(m);
}

/* --- write access --- */

int mount_get_writer(struct mount *m)
{
	for (;;) {
		preempt_disable();
		if (likely(!(READ_ONCE(m->flags) & (MNT_WRITE_HOLD | MNT_READONLY)) &&
			   !(READ_ONCE(m->sb->flags) & SB_RDONLY))) {
			percpu_this(m->count)[1]++;
			preempt_enable();
			return 0;
		}
		preempt_enable();
		if (!(READ_ONCE(m->flags) & MNT_WRITE_HOLD))
			return -EROFS;
		cond_resched();
	}
}

void mount_put_writer(struct mount *m)
{
	count_add(m, 1, -1);
}

int mount_want_write(struct mount *m)
{
	int err;

	super_start(m->sb, SB_FREEZE_WRITE);
	err = mount_get_writer(m);
	if (err)
		super_end(m->sb, SB_FREEZE_WRITE);
	return err;
}

void mount_drop_write(struct mount *m)
{
	mount_put_writer(m);
	super_end(m->sb, SB_FREEZE_WRITE);
}

/* Make it read-only unless somebody writes: -EBUSY. namespace_sem held for writing. */
int mount_make_readonly(struct mount *m)
{
	int err = 0;

	mount_tree_lock();
	m->flags |= MNT_WRITE_HOLD;
	mount_tree_unlock();
	synchronize_rcu();
	mount_tree_lock();
	if (mount_count_sum(m, 1) > 0)
		err = -EBUSY;
	else
		m->flags |= MNT_READONLY;
	m->flags &= ~MNT_WRITE_HOLD;
	mount_tree_unlock();
	return err;
}

/* The whole instance: all its mounts are held off. -EBUSY. sb->umount held for writing. */
int super_hold_writers(struct super_block *sb)
{
	struct mount *m;
	int err = 0;

	mount_tree_lock();
	list_for_each_entry(m, &sb->mounts, sb_link)
		if (!(m->flags & MNT_READONLY))
			m->flags |= MNT_WRITE_HOLD;
	mount_tree_unlock();
	synchronize_rcu();
	mount_tree_lock();
	list_for_each_entry(m, &sb->mounts, sb_link)
		if (mount_count_sum(m, 1) > 0)
			err = -EBUSY;
	if (!err)
		sb->flags |= SB_RDONLY;
	list_for_each_entry(m, &sb->mounts, sb_link)
		m->flags &= ~MNT_WRITE_HOLD;
	mount_tree_unlock();
	return err;
}

/* --- look-up --- */

struct mount *mount_lookup(struct mount *mnt, struct dentry *d)
{
	struct mount *m;

	hlist_for_each_entry_rcu(m, mount_bucket(mnt, d), hash)
		if (READ_ONCE(m->parent) == mnt && READ_ONCE(m->mountpoint) == d)
			return m;
	return NULL;
}

/* Is something mounted on d in current's namespace? */
bool dentry_is_mountpoint_here(struct dentry *d)
{
	struct mount *m;
	bool here = false;

	if (likely(!(READ_ONCE(d->flags) & DCACHE_MOUNTED)))
		return false;
	spin_lock(&mount_lock);
	hlist_for_each_entry(m, &mp_table[hash_ptr(d, MOUNT_BITS)], mp_hash)
		if (m->mountpoint == d && m->ns == current->nsproxy->mnt)
			here = true;
	spin_unlock(&mount_lock);
	return here;
}

/* --- making --- */

struct mount *mount_alloc(struct super_block *sb, struct dentry *root, const char *source)
{
	struct mount *m = kmem_cache_alloc(mount_cache, GFP_KERNEL | GFP_ZERO);

	if (!m)
		return NULL;
	memset(m, 0, sizeof(*m));
	m->count = percpu_alloc(2 * sizeof(s64), 16);
	m->source = source ? kstrdup(source, GFP_KERNEL) : NULL;
	if (!m->count || (source && !m->source))
		goto fail;
	mutex_lock(&id_mutex);
	m->id = ida_alloc(&mount_ids, 1, 0x7fffffff, GFP_KERNEL);
	mutex_unlock(&id_mutex);
	if (m->id < 0)
		goto fail;
	m->sb = sb;
	m->root = dentry_get(root);
	m->parent = m;
	m->mountpoint = root;
	list_init(&m->children);
	list_init(&m->child);
	list_init(&m->ns_link);
	list_init(&m->work_link);
	list_init(&m->prop_link);
	list_init(&m->peers);
	list_init(&m->slaves);
	list_init(&m->slave_link);
	count_add(m, 0, 1);
	mount_tree_lock();
	list_add_tail(&m->sb_link, &sb->mounts);
	mount_tree_unlock();
	return m;
fail:
	if (m->count)
		percpu_free(m->count);
	kfree((void *)m->source);
	kmem_cache_free(mount_cache, m);
	return NULL;
}

struct mount *mount_clone(struct mount *old, struct dentry *root, u32 how)
{
	struct mount *m;

	ref_get(&old->sb->active);
	m = mount_alloc(old->sb, root, old->source);
	if (!m) {
		super_put_active(old->sb);
		return ERR_PTR(-ENOMEM);
	}
	m->flags = old->flags & (MNT_USER_FLAGS | MNT_LOCKED);
	if (how & (CLONE_SLAVE | CLONE_PRIVATE))
		m->group_id = 0;
	else
		m->group_id = old->group_id;
	if ((how & CLONE_MAKE_SHARED) && !m->group_id) {
		int err = mount_make_groups(m, false);

		if (err) {
			mount_put(m);
			return ERR_PTR(err);
		}
	}
	mount_tree_lock();
	if ((how & CLONE_SLAVE) || ((how & CLONE_SHARED_TO_SLAVE) && mount_is_shared(old))) {
		m->flags &= ~MNT_SHARED;
		if (!(how & CLONE_MAKE_SHARED))
			m->group_id = 0;
		list_add(&m->slave_link, &old->slaves);
		m->master = old;
	} else if (!(how & CLONE_PRIVATE)) {
		if ((how & CLONE_MAKE_SHARED) || mount_is_shared(old))
			list_add(&m->peers, &old->peers);
		if (old->master) {
			list_add(&m->slave_link, &old->slave_link);
			m->master = old->master;
		}
		m->flags |= old->flags & MNT_SHARED;
	}
	if (how & CLONE_MAKE_SHARED)
		m->flags |= MNT_SHARED;
	mount_tree_unlock();
	return m;
}

/* --- the tree --- */

/* mount_lock held: links and counts only; not yet in the table. */
static void set_mountpoint(struct mount *m, struct mount *parent, struct dentry *mp)
{
	count_add(parent, 0, 1);
	m->parent = parent;
	m->mountpoint = dentry_get(mp);
	spin_lock(&mp->lock);
	mp->flags |= DCACHE_MOUNTED;
	spin_unlock(&mp->lock);
	hlist_add_head(&m->mp_hash, &mp_table[hash_ptr(mp, MOUNT_BITS)]);
}

void mount_attach_locked(struct mount *m, struct mount *parent, struct dentry *mp)
{
	set_mountpoint(m, parent, mp);
	hlist_add_head(&m->hash, mount_bucket(parent, mp));
	list_add_tail(&m->child, &parent->children);
}

/* mount_lock held: the parent's count and the mountpoint's are the caller's to put: path_put(where). */
void mount_detach_locked(struct mount *m, struct path *where)
{
	struct dentry *mp = m->mountpoint;
	struct mount *o;

	where->mnt = m->parent;
	where->dentry = mp;
	hlist_del_init_rcu(&m->hash);
	hlist_del_init(&m->mp_hash);
	list_del_init(&m->child);
	m->parent = m;
	m->mountpoint = m->root;
	hlist_for_each_entry(o, &mp_table[hash_ptr(mp, MOUNT_BITS)], mp_hash)
		if (o->mountpoint == mp)
			return;
	spin_lock(&mp->lock);
	mp->flags &= ~DCACHE_MOUNTED;
	spin_unlock(&mp->lock);
}

/* Next in the tree below root, parents first; NULL at the end. */
struct mount *mount_next(struct mount *p, struct mount *root)
{
	if (!list_empty(&p->children))
		return list_first_entry(&p->children, struct mount, child);
	while (p != root) {
		if (!list_is_last(&p->child, &p->parent->children))
			return list_next_entry(p, child);
		p = p->parent;
	}
	return NULL;
}

/* All of the tree belong to ns now. mount_lock and namespace_sem held. */
void mount_set_ns(struct mount *root, struct mnt_ns *ns)
{
	struct mount *p;

	for (p = root; p; p = mount_next(p, root)) {
		p->ns = ns;
		list_add_tail(&p->ns_link, &ns->mounts);
		ns->nr++;
	}
	mnt_ns_touch(ns);
}

/* Copy m and what is mounted below; the copies hang together, the top is unattached. ERR_PTR. */
struct mount *mount_copy_tree(struct mount *m, struct dentry *root, u32 how)
{
	struct mount *top, *dst_parent, *q, *s, *parent_src;

	if (!(how & CLONE_COPY_UNBINDABLE) && (m->flags & MNT_UNBINDABLE))
		return ERR_PTR(-EINVAL);
	top = mount_clone(m, root, how);
	if (IS_ERR(top))
		return top;
	dst_parent = top;
	parent_src = m;
	for (s = mount_next(m, m); s;) {
		struct mount *next = mount_next(s, m);

		/* not below the part that is copied, or unbindable: skip with all below */
		if ((s->parent == m && !dentry_is_ancestor(root, s->mountpoint)) ||
		    (!(how & CLONE_COPY_UNBINDABLE) && (s->flags & MNT_UNBINDABLE))) {
			while (next && next != s) {
				struct mount *u = next;

				while (u != m && u != s)
					u = u->parent;
				if (u != s)
					break;
				next = mount_next(next, m);
			}
			s = next;
			continue;
		}
		while (parent_src != s->parent) {
			parent_src = parent_src->parent;
			dst_parent = dst_parent->parent;
		}
		q = mount_clone(s, s->root, how);
		if (IS_ERR(q)) {
			mount_tree_discard(top);
			return q;
		}
		mount_tree_lock();
		mount_attach_locked(q, dst_parent, s->mountpoint);
		mount_tree_unlock();
		parent_src = s;
		dst_parent = q;
		s = next;
	}
	return top;
}

/* A tree that never came into a namespace: take it apart and put it. */
void mount_tree_discard(struct mount *top)
{
	LIST_HEAD(gone);

	mount_tree_umount(top, 0, &gone);
	mount_put_list(&gone);
}

/*
 * Take the tree of m out of its namespace, mount by mount (and with UMOUNT_PROPAGATE what other
 * mounts got by propagation). All are left on `gone` by work_link: mount_put_list() after
 * namespace_sem was dropped. namespace_sem held for writing, mount_lock not.
 */
void mount_tree_umount(struct mount *m, u32 how, struct list_head *gone)
{
	struct mount *p;
	LIST_HEAD(list);

	mount_tree_lock();
	for (p = m; p; p = mount_next(p, m))
		list_add_tail(&p->work_link, &list);
	if (how & UMOUNT_PROPAGATE)
		propagate_umount(&list);
	while (!list_empty(&list)) {
		struct path where;

		/* leaves last in, first out: children before parents */
		p = list_last_entry(&list, struct mount, work_link);
		list_move_tail(&p->work_link, gone);
		if (p->ns) {
			p->ns->nr--;
			mnt_ns_touch(p->ns);
			list_del_init(&p->ns_link);
			WRITE_ONCE(p->ns, NULL);
		}
		p->flags |= MNT_DETACHED;
		if (p->parent != p) {
			mount_detach_locked(p, &where);
			p->prop_src = where.mnt;	/* put with the list */
			p->mountpoint = where.dentry;
		} else {
			p->prop_src = NULL;
		}
		mount_change_type(p, MS_PRIVATE);
	}
	mount_tree_unlock();
}

void mount_put_list(struct list_head *gone)
{
	struct mount *m, *n;

	if (list_empty(gone))
		return;
	/* Puts that still saw m->ns, and walks that stand on the mounts, are over after this. */
	synchronize_rcu_expedited();
	list_for_each_entry_safe(m, n, gone, work_link) {
		struct mount *parent = m->prop_src;
		struct dentry *mp = m->mountpoint;

		list_del_init(&m->work_link);
		m->prop_src = NULL;
		m->mountpoint = m->root;
		if (parent) {
			dentry_put(mp);
			mount_put(parent);
		}
		mount_put(m);
	}
}

/* A removed name had mounts in other namespaces: they go. */
void dentry_detach_mounts(struct dentry *d)
{
	struct mount *m, *found;
	LIST_HEAD(gone);

	down_write(&namespace_sem);
	do {
		found = NULL;
		spin_lock(&mount_lock);
		hlist_for_each_entry(m, &mp_table[hash_ptr(d, MOUNT_BITS)], mp_hash)
			if (m->mountpoint == d) {
				found = m;
				break;
			}
		spin_unlock(&mount_lock);
		if (found)
			mount_tree_umount(found, UMOUNT_CONNECTED, &gone);
	} while (found);
	up_write(&namespace_sem);
	mount_put_list(&gone);
}

struct mount *kern_mount(struct fs_type *t)
{
	struct super_block *sb = t->mount(t, SB_KERNMOUNT, t->name, NULL);
	struct mount *m;

	if (IS_ERR(sb))
		return ERR_CAST(sb);
	m = mount_alloc(sb, sb->root, t->name);
	if (!m) {
		super_put_active(sb);
		return ERR_PTR(-ENOMEM);
	}
	m->flags |= MNT_INTERNAL;
	m->ns = NS_INTERNAL;
	return m;
}

static int mount_cache_init(void)
{
	mount_cache = kmem_cache_create("mnt_cache", sizeof(struct mount), 64, 0, NULL);
	if (!mount_cache)
		panic("no memory for mounts");
	return 0;
}
INITCALL_CORE(mount_cache_init);
