/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The directory cache: names, positive and negative, found by (parent, name).
 *
 * Life: dentry_alloc() makes a child with one reference, which holds a reference on its parent.
 * `ref` counts users; at zero a hashed dentry stays as a cached name on the LRU (lazily: one that is
 * used again is only skipped by the shrinker), another is killed. DCACHE_PERSIST keeps names whose only
 * copy is here (memory file systems) until they are deleted or the instance goes. Killing is the step from 0 to
 * DENTRY_DEAD by compare-and-swap under parent's and own lock; whoever raises the count first wins.
 * Memory is freed by RCU, so walks without references may stand on a dead dentry: they find out
 * when they try to take a reference.
 *
 * Readers without locks: hash chains under RCU; d->seq guards name, parent and inode; rename_seq says
 * that any name moved. Names longer than DNAME_INLINE are separate, counted and freed by RCU.
 *
 * Locks: rename_lock, parent's lock, child's lock (subclass 1), chain lock, LRU lock, inode state_lock.
 */
#include "internal.h"
#include <base/hash.h>
#include <base/math.h>
#include <core/init.h>
#include <core/page.h>
#include <core/slab.h>
#include <kernel/random.h>

#define DENTRY_DEAD	(-0x40000000)
#define DENTRY_LOCKS	256

struct long_name {
	struct rcu_head rcu;
	atomic_t ref;
	char text[];
};

struct seqcount rename_seq;			/* [rename_lock] */
static DEFINE_SPINLOCK(rename_lock, MOUNT_HASH);
static struct kmem_cache *dentry_cache;
static struct hlist_head *dentry_table;		/* [dentry_locks of the bucket; r] */
static unsigned int dentry_bits;
static spinlock_t dentry_locks[DENTRY_LOCKS];
static u64 name_secret __ro_after_init;
static DEFINE_SPINLOCK(lru_lock, DCACHE_LIST);
static LIST_HEAD(dentry_lru);			/* [lru_lock] oldest first */
static u64 nr_unused;				/* [lru_lock] entries on the list */

u64 dentry_hash_seed(const struct dentry *parent)
{
	return ((u64)parent >> 6) ^ name_secret;
}

u32 dentry_hash_name(const struct dentry *parent, const char *name, size_t len)
{
	u64 h = dentry_hash_seed(parent), w;

	for (; len >= 8; name += 8, len -= 8) {
		__builtin_memcpy(&w, name, 8);
		h = name_hash_step(h, w);
	}
	if (len) {
		w = 0;
		for (size_t i = 0; i < len; i++)
			w |= (u64)(u8)name[i] << (8 * i);
		h = name_hash_step(h, w);
	}
	return name_hash_end(h);
}

void dentry_init_name(struct qstr *q, const char *name, size_t len, const struct dentry *parent)
{
	q->name = name;
	q->len = (u32)len;
	q->hash = dentry_hash_name(parent, name, len);
}

static inline struct hlist_head *dentry_bucket(u32 hash)
{
	return &dentry_table[hash >> (32 - dentry_bits)];
}

static inline spinlock_t *bucket_lock(u32 hash)
{
	return &dentry_locks[(hash >> (32 - dentry_bits)) % DENTRY_LOCKS];
}

/* --- references --- */

struct dentry *dentry_get(struct dentry *d)
{
	__atomic_fetch_add(&d->ref, 1, __ATOMIC_RELAXED);
	return d;
}

bool dentry_try_get(struct dentry *d)
{
	int v = READ_ONCE(d->ref);

	do {
		if (v < 0)
			return false;
	} while (!__atomic_compare_exchange_n(&d->ref, &v, v + 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
	return true;
}

struct dentry *dentry_get_parent(struct dentry *d)
{
	struct dentry *p;

	rcu_read_lock();
	for (;;) {
		p = rcu_dereference(d->parent);
		if (dentry_try_get(p)) {
			if (likely(READ_ONCE(d->parent) == p))
				break;
			rcu_read_unlock();
			dentry_put(p);
			rcu_read_lock();
		}
	}
	rcu_read_unlock();
	return p;
}

static void name_free_rcu(struct rcu_head *head)
{
	kfree(container_of(head, struct long_name, rcu));
}

static inline bool name_is_long(const struct dentry *d)
{
	return d->name.name != d->iname;
}

static void name_put(const char *text)
{
	struct long_name *ln = container_of((char *)text, struct long_name, text[0]);

	if (atomic_dec_and_test(&ln->ref))
		call_rcu(&ln->rcu, name_free_rcu);
}

static void dentry_free_rcu(struct rcu_head *head)
{
	kmem_cache_free(dentry_cache, container_of(head, struct dentry, rcu));
}

/* d->lock held. */
static void lru_add(struct dentry *d)
{
	d->flags |= DCACHE_LRU;
	spin_lock(&lru_lock);
	list_add_tail(&d->lru, &dentry_lru);
	nr_unused++;
	spin_unlock(&lru_lock);
}

static void lru_del(struct dentry *d)
{
	if (!(d->flags & DCACHE_LRU))
		return;
	d->flags &= ~(DCACHE_LRU | DCACHE_REFERENCED);
	spin_lock(&lru_lock);
	list_del_init(&d->lru);
	nr_unused--;
	spin_unlock(&lru_lock);
}

/* d->lock held. */
static void unhash_locked(struct dentry *d)
{
	spinlock_t *l;

	d->flags |= DCACHE_UNHASHED;
	if (hlist_unhashed(&d->hash))
		return;
	l = bucket_lock(d->name.hash);
	spin_lock(l);
	hlist_del_init_rcu(&d->hash);
	spin_unlock(l);
}

static void hash_locked(struct dentry *d)
{
	spinlock_t *l = bucket_lock(d->name.hash);

	d->flags &= ~DCACHE_UNHASHED;
	spin_lock(l);
	hlist_add_head(&d->hash, dentry_bucket(d->name.hash));
	spin_unlock(l);
}

static void alias_del(struct dentry *d, struct inode *inode)
{
	spin_lock(&inode->state_lock);
	hlist_del_init(&d->alias);
	spin_unlock(&inode->state_lock);
}

/* RCU held: lock d and its parent (if it has one), whose tie cannot change then. Returns the parent or NULL. */
static struct dentry *lock_with_parent(struct dentry *d)
{
	struct dentry *p;

	for (;;) {
		p = rcu_dereference(d->parent);
		if (p == d) {
			spin_lock(&d->lock);
			if (likely(d->parent == d))
				return NULL;
			spin_unlock(&d->lock);
			continue;
		}
		spin_lock(&p->lock);
		if (likely(READ_ONCE(d->parent) == p)) {
			spin_lock_nested(&d->lock, 1);
			return p;
		}
		spin_unlock(&p->lock);
	}
}

/*
 * RCU held, d maybe unused: kill it if it is. Leaves RCU. Returns the parent, whose reference the
 * caller must drop; NULL: not killed or no parent. *killed may be NULL.
 */
static struct dentry *dentry_kill(struct dentry *d, bool *killed)
{
	struct dentry *p = lock_with_parent(d);
	struct inode *inode;
	int zero = 0;

	if (!__atomic_compare_exchange_n(&d->ref, &zero, DENTRY_DEAD, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
		spin_unlock(&d->lock);
		if (p)
			spin_unlock(&p->lock);
		rcu_read_unlock();
		return NULL;
	}
	d->flags |= DCACHE_DEAD;
	unhash_locked(d);
	lru_del(d);
	inode = d->inode;
	if (inode)
		alias_del(d, inode);
	if (p)
		list_del_init(&d->child);
	spin_unlock(&d->lock);
	if (p)
		spin_unlock(&p->lock);
	rcu_read_unlock();
	if (killed)
		*killed = true;
	if (d->ops && d->ops->release)
		d->ops->release(d);
	if (inode)
		notify_dentry_released(inode);
	inode_put(inode);
	if (name_is_long(d))
		name_put(d->name.name);
	call_rcu(&d->rcu, dentry_free_rcu);
	return p;
}

/* Should an unused dentry stay as a cached name? d->lock held. */
static bool dentry_keeps(const struct dentry *d)
{
	if (d->flags & (DCACHE_UNHASHED | DCACHE_DONTCACHE))
		return false;
	return !((d->flags & DCACHE_OP_DELETE) && d->ops->delete(d));
}

/* The count just fell to zero, RCU held. Returns a parent to put. */
static __noinline struct dentry *dentry_put_zero(struct dentry *d)
{
	spin_lock(&d->lock);
	if (READ_ONCE(d->ref) != 0) {
		spin_unlock(&d->lock);
		rcu_read_unlock();
		return NULL;
	}
	if (dentry_keeps(d)) {
		if (d->flags & DCACHE_PERSIST)
			;
		else if (!(d->flags & DCACHE_LRU))
			lru_add(d);
		else
			d->flags |= DCACHE_REFERENCED;
		spin_unlock(&d->lock);
		rcu_read_unlock();
		return NULL;
	}
	spin_unlock(&d->lock);
	return dentry_kill(d, NULL);
}

/* Nothing to do for one that became unused: it is kept, and the shrinker knows it. */
static inline bool stays_cached(u32 f)
{
	if (f & (DCACHE_UNHASHED | DCACHE_DONTCACHE | DCACHE_OP_DELETE))
		return false;
	return (f & DCACHE_PERSIST) || (f & (DCACHE_LRU | DCACHE_REFERENCED)) == (DCACHE_LRU | DCACHE_REFERENCED);
}

void dentry_put(struct dentry *d)
{
	while (d) {
		int left;

		rcu_read_lock();
		left = __atomic_sub_fetch(&d->ref, 1, __ATOMIC_ACQ_REL);
		if (likely(left > 0)) {
			rcu_read_unlock();
			return;
		}
		/* From here on a walk may have taken a reference again. */
		ASSERT(left == 0);
		if (likely(stays_cached(READ_ONCE(d->flags)))) {
			rcu_read_unlock();
			return;
		}
		d = dentry_put_zero(d);
	}
}

/* --- making --- */

static int name_set(struct dentry *d, const struct qstr *name)
{
	char *text = d->iname;

	if (name->len >= DNAME_INLINE) {
		struct long_name *ln = kmalloc(sizeof(*ln) + name->len + 1, GFP_KERNEL);

		if (!ln)
			return -ENOMEM;
		atomic_set(&ln->ref, 1);
		text = ln->text;
	}
	memcpy(text, name->name, name->len);
	text[name->len] = 0;
	d->name.name = text;
	d->name.len = name->len;
	d->name.hash = name->hash;
	return 0;
}

static struct dentry *dentry_new(struct super_block *sb, const struct qstr *name, const struct dentry_ops *ops)
{
	struct dentry *d = kmem_cache_alloc(dentry_cache, GFP_KERNEL);

	if (!d)
		return NULL;
	if (name_set(d, name) != 0) {
		kmem_cache_free(dentry_cache, d);
		return NULL;
	}
	d->flags = DCACHE_UNHASHED;
	d->seq.seq = 0;
	hlist_node_init(&d->hash);
	d->parent = d;
	d->inode = NULL;
	spin_lock_init(&d->lock, DENTRY);
	d->ref = 1;
	d->ops = ops;
	if (ops && ops->revalidate)
		d->flags |= DCACHE_NEED_REVALIDATE;
	if (ops && ops->delete)
		d->flags |= DCACHE_OP_DELETE;
	d->sb = sb;
	d->private = NULL;
	list_init(&d->lru);
	list_init(&d->child);
	list_init(&d->children);
	d->cookie = 0;
	d->next_cookie = 2;
	hlist_node_init(&d->alias);
	return d;
}

struct dentry *dentry_alloc(struct dentry *parent, const struct qstr *name)
{
	struct dentry *d = dentry_new(parent->sb, name, parent->sb->dops);

	if (!d)
		return NULL;
	d->parent = dentry_get(parent);
	spin_lock(&parent->lock);
	d->cookie = parent->next_cookie++;
	list_add_tail(&d->child, &parent->children);
	spin_unlock(&parent->lock);
	return d;
}

struct dentry *dentry_make_root(struct inode *inode)
{
	static const struct qstr slash = { .name = "/", .len = 1 };
	struct dentry *d;

	if (!inode)
		return NULL;
	d = dentry_new(inode->sb, &slash, inode->sb->dops);
	if (!d) {
		inode_put(inode);
		return NULL;
	}
	d->flags &= ~DCACHE_UNHASHED;
	dentry_instantiate(d, inode);
	return d;
}

struct dentry *dentry_alloc_pseudo(struct super_block *sb, const char *name, const struct dentry_ops *ops)
{
	struct qstr q = { .name = name, .len = (u32)strlen(name) };
	struct dentry *d = dentry_new(sb, &q, ops);

	if (d)
		d->flags |= DCACHE_DISCONNECTED | DCACHE_DONTCACHE;
	return d;
}

/* d->lock held. */
static void attach_inode(struct dentry *d, struct inode *inode)
{
	if (!(READ_ONCE(inode->opflags) & IOP_READY))
		inode_note_ops(inode);
	spin_lock(&inode->state_lock);
	hlist_add_head(&d->alias, &inode->aliases);
	spin_unlock(&inode->state_lock);
	write_seqbegin(&d->seq);
	rcu_assign_pointer(d->inode, inode);
	write_seqend(&d->seq);
}

void dentry_instantiate(struct dentry *d, struct inode *inode)
{
	ASSERT(!d->inode);
	if (!inode)
		return;
	spin_lock(&d->lock);
	attach_inode(d, inode);
	spin_unlock(&d->lock);
}

void dentry_hash_add(struct dentry *d)
{
	spin_lock(&d->lock);
	if (hlist_unhashed(&d->hash))
		hash_locked(d);
	spin_unlock(&d->lock);
}

void dentry_persist(struct dentry *d)
{
	spin_lock(&d->lock);
	d->flags |= DCACHE_PERSIST;
	spin_unlock(&d->lock);
}

void dentry_unhash(struct dentry *d)
{
	spin_lock(&d->lock);
	d->flags &= ~DCACHE_PERSIST;
	unhash_locked(d);
	spin_unlock(&d->lock);
}

static inline bool name_matches(const struct dentry *d, const struct qstr *q)
{
	return d->name.hash == q->hash && d->name.len == q->len && memcmp(d->name.name, q->name, q->len) == 0;
}

/* d is hashed already: of two look-ups that bring the directory in by different names, one at least sees the other. */
static bool has_other_name(const struct dentry *d, struct inode *inode)
{
	struct dentry *other;
	bool has = false;

	spin_lock(&inode->state_lock);
	hlist_for_each_entry(other, &inode->aliases, alias)
		has |= other != d && !(READ_ONCE(other->flags) & DCACHE_UNHASHED);
	spin_unlock(&inode->state_lock);
	return has;
}

struct dentry *dentry_splice(struct dentry *d, struct inode *inode)
{
	struct dentry *p = d->parent, *other, *found = NULL;
	spinlock_t *l = bucket_lock(d->name.hash);

	if (IS_ERR(inode))
		return ERR_CAST(inode);
	/* Two look-ups of one name may have run side by side: the first to come here wins. */
	spin_lock(&p->lock);
	spin_lock(l);
	hlist_for_each_entry(other, dentry_bucket(d->name.hash), hash) {
		if (other != d && other->parent == p && name_matches(other, &d->name) && dentry_try_get(other)) {
			found = other;
			break;
		}
	}
	spin_unlock(l);
	if (!found) {
		spin_lock_nested(&d->lock, 1);
		if (inode)
			attach_inode(d, inode);
		if (hlist_unhashed(&d->hash))
			hash_locked(d);
		spin_unlock(&d->lock);
	}
	spin_unlock(&p->lock);
	if (found) {
		inode_put(inode);
	} else if (inode && S_ISDIR_I(inode) && (d->sb->type->flags & FS_REQUIRES_DEV) && has_other_name(d, inode)) {
		/* On a damaged disk: a tree with such a loop would lock one inode twice. */
		dentry_unhash(d);
		return ERR_PTR(-EUCLEAN);
	}
	return found;
}

void dentry_delete(struct dentry *d)
{
	struct inode *inode;

	spin_lock(&d->lock);
	inode = d->inode;
	d->flags &= ~DCACHE_PERSIST;
	if (READ_ONCE(d->ref) != 1 || !inode) {
		unhash_locked(d);
		spin_unlock(&d->lock);
		return;
	}
	/*
	 * References are taken without the lock: who takes one checks d->seq after it, we look at the
	 * count after the sequence is odd. One of us sees the other.
	 */
	write_seqbegin(&d->seq);
	if (unlikely(READ_ONCE(d->ref) != 1)) {
		unhash_locked(d);
		write_seqend(&d->seq);
		spin_unlock(&d->lock);
		return;
	}
	WRITE_ONCE(d->inode, NULL);
	write_seqend(&d->seq);
	alias_del(d, inode);
	spin_unlock(&d->lock);
	notify_dentry_released(inode);
	inode_put(inode);
}

/* --- look-up --- */

struct dentry *dentry_lookup_rcu(struct dentry *parent, const struct qstr *name, u32 *seqp)
{
	u32 hash = name->hash, len = name->len;
	struct dentry *d;

	hlist_for_each_entry_rcu(d, dentry_bucket(hash), hash) {
		const char *text;
		u32 seq, dlen;

		if (READ_ONCE(d->name.hash) != hash)
			continue;
		seq = smp_load_acquire(&d->seq.seq);
		if (READ_ONCE(d->parent) != parent)
			continue;
		dlen = READ_ONCE(d->name.len);
		text = READ_ONCE(d->name.name);
		/* Length and text belong together only if nothing moved; an odd count never passes later. */
		if (dlen != len || read_seqretry(&d->seq, seq))
			continue;
		if (memcmp(text, name->name, len) != 0)
			continue;
		*seqp = seq;
		return d;
	}
	return NULL;
}

struct dentry *dentry_lookup(struct dentry *parent, const struct qstr *name)
{
	struct dentry *d;
	u32 rs, seq;

	for (;;) {
		rs = read_seqbegin(&rename_seq);
		rcu_read_lock();
		d = dentry_lookup_rcu(parent, name, &seq);
		if (d && dentry_try_get(d)) {
			bool same = true;

			rcu_read_unlock();
			if (unlikely(read_seqretry(&d->seq, seq))) {
				/* it changes: wait until that is over, then see what it is */
				spin_lock(&d->lock);
				same = d->parent == parent && !dentry_unhashed(d) && name_matches(d, name);
				spin_unlock(&d->lock);
			}
			if (likely(same))
				return d;
			dentry_put(d);
			continue;
		}
		rcu_read_unlock();
		/* A dead one is on its way out of the chain; a rename may have hidden the one we want. */
		if (!read_seqretry(&rename_seq, rs))
			return NULL;
	}
}

struct dentry *dentry_lookup_locked(struct dentry *parent, const struct qstr *name, u32 flags)
{
	struct inode *dir = parent->inode;
	struct dentry *d = dentry_lookup(parent, name), *other;

	if (d && (d->flags & DCACHE_NEED_REVALIDATE)) {
		int ok = d->ops->revalidate(d, flags & ~LOOKUP_RCU);

		if (ok <= 0) {
			if (ok == 0)
				dentry_invalidate(d);
			dentry_put(d);
			if (ok < 0)
				return ERR_PTR(ok);
			d = NULL;
		}
	}
	if (d)
		return d;
	if (dir->flags & S_DEAD)
		return ERR_PTR(-ENOENT);
	d = dentry_alloc(parent, name);
	if (!d)
		return ERR_PTR(-ENOMEM);
	other = inode_lookup(dir, d, flags);
	if (!other)
		return d;
	dentry_put(d);
	return other;
}

/* --- moving --- */

/* rename_lock and both locks held. d takes target's name as its own. */
static void name_copy(struct dentry *d, struct dentry *target)
{
	const char *old = name_is_long(d) ? d->name.name : NULL;

	if (name_is_long(target)) {
		atomic_inc(&container_of((char *)target->name.name, struct long_name, text[0])->ref);
		d->name = target->name;
	} else {
		memcpy(d->iname, target->iname, target->name.len + 1);
		d->name.hash = target->name.hash;
		d->name.len = target->name.len;
		d->name.name = d->iname;
	}
	if (old)
		name_put(old);
}

static void name_swap(struct dentry *a, struct dentry *b)
{
	struct qstr qa = a->name, qb = b->name;
	char tmp[DNAME_INLINE];
	bool la = name_is_long(a), lb = name_is_long(b);

	memcpy(tmp, a->iname, DNAME_INLINE);
	memcpy(a->iname, b->iname, DNAME_INLINE);
	memcpy(b->iname, tmp, DNAME_INLINE);
	a->name = qb;
	b->name = qa;
	if (!lb)
		a->name.name = a->iname;
	if (!la)
		b->name.name = b->iname;
}

bool dentry_is_ancestor(const struct dentry *anc, const struct dentry *d)
{
	bool found = false;
	u32 rs;

	do {
		const struct dentry *p;

		rs = read_seqbegin(&rename_seq);
		rcu_read_lock();
		for (p = d;; p = READ_ONCE(p->parent)) {
			found = p == anc;
			if (found || READ_ONCE(p->parent) == p)
				break;
		}
		rcu_read_unlock();
	} while (read_seqretry(&rename_seq, rs));
	return found;
}

/* rename_lock held: no tie changes. */
static bool is_ancestor_locked(const struct dentry *anc, const struct dentry *d)
{
	for (; d->parent != d; d = d->parent)
		if (d->parent == anc)
			return true;
	return false;
}

/* Both parents (one only if they are the same), then the two children; never child before parent. */
static void lock_for_move(struct dentry *pa, struct dentry *pb, struct dentry *a, struct dentry *b)
{
	if (pa == pb) {
		spin_lock(&pa->lock);
	} else if (is_ancestor_locked(pb, pa)) {
		spin_lock(&pb->lock);
		spin_lock_nested(&pa->lock, 1);
	} else {
		spin_lock(&pa->lock);
		spin_lock_nested(&pb->lock, 1);
	}
	/* target may be the old parent's own child or a parent of nothing; a is never an ancestor of pb */
	if (a < b) {
		spin_lock_nested(&a->lock, 2);
		spin_lock_nested(&b->lock, 3);
	} else {
		spin_lock_nested(&b->lock, 2);
		spin_lock_nested(&a->lock, 3);
	}
}

static void unlock_after_move(struct dentry *pa, struct dentry *pb, struct dentry *a, struct dentry *b)
{
	spin_unlock(&a->lock);
	spin_unlock(&b->lock);
	if (pa != pb)
		spin_unlock(&pb->lock);
	spin_unlock(&pa->lock);
}

static void child_to(struct dentry *d, struct dentry *parent)
{
	list_del(&d->child);
	rcu_assign_pointer(d->parent, parent);
	d->cookie = parent->next_cookie++;
	list_add_tail(&d->child, &parent->children);
}

static void do_move(struct dentry *d, struct dentry *target, bool exchange)
{
	struct dentry *pa, *pb;

	spin_lock(&rename_lock);
	write_seqbegin(&rename_seq);
	pa = d->parent;
	pb = target->parent;
	lock_for_move(pa, pb, d, target);
	write_seqbegin(&d->seq);
	write_seqbegin(&target->seq);
	unhash_locked(d);
	unhash_locked(target);
	if (exchange)
		name_swap(d, target);
	else
		name_copy(d, target);
	if (pa != pb || !exchange)
		child_to(d, pb);
	if (pa != pb) {
		if (exchange) {
			child_to(target, pa);
		} else {
			dentry_get(pb);		/* d's tie; pa's is dropped below */
		}
	}
	/* Hashes depend on the parent: names were hashed for the places they have now. */
	hash_locked(d);
	if (exchange)
		hash_locked(target);
	else
		target->flags &= ~DCACHE_PERSIST;
	write_seqend(&target->seq);
	write_seqend(&d->seq);
	unlock_after_move(pa, pb, d, target);
	write_seqend(&rename_seq);
	spin_unlock(&rename_lock);
	if (pa != pb && !exchange)
		dentry_put(pa);
}

void dentry_move(struct dentry *d, struct dentry *target)
{
	do_move(d, target, false);
}

void dentry_exchange(struct dentry *a, struct dentry *b)
{
	do_move(a, b, true);
}

/* --- giving back --- */

/* One pass over the tree below root: kill what is unused. True if something went. */
static bool shrink_pass(struct dentry *root)
{
	struct dentry *p = dentry_get(root), *from = NULL, *d, *up;
	bool any = false;

	for (;;) {
		struct dentry *down = NULL, *victim = NULL;
		struct list_head *pos;

		spin_lock(&p->lock);
		/* `from` is referenced; it is no longer our child only if it was moved away. */
		pos = from && from->parent == p ? from->child.next : p->children.next;
		for (; pos != &p->children; pos = pos->next) {
			d = list_entry(pos, struct dentry, child);
			if (READ_ONCE(d->ref) == 0) {	/* has no children: they would refer to it */
				victim = d;
				break;
			}
			if (!list_empty(&d->children) && dentry_try_get(d)) {
				down = d;
				break;
			}
		}
		if (victim)
			rcu_read_lock();
		spin_unlock(&p->lock);
		if (victim) {
			bool killed = false;

			up = dentry_kill(victim, &killed);
			any |= killed;
			dentry_put(up);
			continue;
		}
		dentry_put(from);
		from = NULL;
		if (down) {
			dentry_put(p);
			p = down;
			continue;
		}
		if (p == root || p->parent == p) {
			dentry_put(p);
			return any;
		}
		from = p;
		p = dentry_get_parent(from);
	}
}

/* Drop every unused dentry below root: each pass uncovers directories. May sleep. */
void dentry_shrink_tree(struct dentry *root)
{
	while (shrink_pass(root))
		cond_resched();
}

/* Isolate one from the LRU: referenced ones get a second round. RCU held on success. */
static struct dentry *lru_take(struct super_block *sb, u64 *budget)
{
	struct dentry *d;

	rcu_read_lock();
	spin_lock(&lru_lock);
	while (*budget && !list_empty(&dentry_lru)) {
		(*budget)--;
		d = list_first_entry(&dentry_lru, struct dentry, lru);
		if (!spin_trylock(&d->lock)) {		/* d->lock stands above lru_lock */
			list_move_tail(&d->lru, &dentry_lru);
			continue;
		}
		if (sb && d->sb != sb) {
			list_move_tail(&d->lru, &dentry_lru);
			spin_unlock(&d->lock);
			continue;
		}
		/* In use: comes back at its last put. A memory file's only name: was negative when it got here. */
		if (READ_ONCE(d->ref) > 0 || (!sb && d->flags & DCACHE_PERSIST)) {
			d->flags &= ~(DCACHE_LRU | DCACHE_REFERENCED);
			list_del_init(&d->lru);
			nr_unused--;
			spin_unlock(&d->lock);
			continue;
		}
		if (!sb && (d->flags & DCACHE_REFERENCED)) {
			d->flags &= ~DCACHE_REFERENCED;
			list_move_tail(&d->lru, &dentry_lru);
			spin_unlock(&d->lock);
			continue;
		}
		spin_unlock(&d->lock);
		spin_unlock(&lru_lock);
		return d;
	}
	spin_unlock(&lru_lock);
	rcu_read_unlock();
	return NULL;
}

static u64 shrink_lru(struct super_block *sb, u64 nr)
{
	struct dentry *d, *p;
	u64 freed = 0;

	while ((d = lru_take(sb, &nr)) != NULL) {
		bool killed = false;

		p = dentry_kill(d, &killed);
		freed += killed;
		if (p)
			dentry_put(p);
	}
	return freed;
}

u64 dentry_shrink_sb(struct super_block *sb)
{
	u64 freed = 0, n;

	do {
		n = shrink_lru(sb, READ_ONCE(nr_unused));
		freed += n;
	} while (n);
	return freed;
}

void dentry_invalidate(struct dentry *d)
{
	dentry_unhash(d);
	if (!list_empty(&d->children))
		dentry_shrink_tree(d);
	if (READ_ONCE(d->flags) & DCACHE_MOUNTED)
		dentry_detach_mounts(d);
}

struct dentry *dentry_find_alias(struct inode *inode)
{
	struct dentry *d, *found = NULL;

	rcu_read_lock();
	spin_lock(&inode->state_lock);
	hlist_for_each_entry(d, &inode->aliases, alias) {
		if (S_ISDIR_I(inode) || !dentry_unhashed(d)) {
			if (dentry_try_get(d)) {
				found = d;
				break;
			}
		}
	}
	spin_unlock(&inode->state_lock);
	rcu_read_unlock();
	if (found) {
		bool still;

		/* dentry_delete() may have been under way when we raised the count */
		spin_lock(&found->lock);
		still = found->inode == inode;
		spin_unlock(&found->lock);
		if (!still) {
			dentry_put(found);
			found = NULL;
		}
	}
	return found;
}

static u64 dentry_count(struct shrinker *s)
{
	return READ_ONCE(nr_unused);
}

static u64 dentry_scan(struct shrinker *s, u64 nr, gfp_t gfp)
{
	return (gfp & GFP_FS) ? shrink_lru(NULL, nr) : 0;
}

static struct shrinker dentry_shrinker = {
	.name = "dentries",
	.count = dentry_count,
	.scan = dentry_scan,
};

static int dcache_init(void)
{
	u64 want = clamp_t(u64, roundup_pow2(mem_total_pages() / 4), 1024, 1ull << 20);

	dentry_bits = (unsigned int)ilog2(want);
	dentry_table = kvmalloc(sizeof(*dentry_table) << dentry_bits, GFP_KERNEL | GFP_ZERO);
	dentry_cache = kmem_cache_create("dentry", sizeof(struct dentry), 64, SLAB_RECLAIMABLE, NULL);
	if (!dentry_table || !dentry_cache)
		panic("no memory for the dentry table");
	for (unsigned int i = 0; i < DENTRY_LOCKS; i++)
		spin_lock_init(&dentry_locks[i], DCACHE_HASH);
	random_bytes(&name_secret, sizeof(name_secret));
	shrinker_register(&dentry_shrinker);
	return 0;
}
INITCALL_CORE(dcache_init);
