/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Names: the directory cache (fs/vfs/dcache.c). A dentry is one name in one directory, positive
 * (has an inode) or negative. Look-up walks hash chains under RCU and checks d->seq; a reference
 * is taken only at the end of a walk. Parents are referenced by children.
 */
#ifndef FS_DENTRY_H
#define FS_DENTRY_H

#include <base/list.h>
#include <core/seqlock.h>
#include <core/spinlock.h>
#include <fs/inode.h>

struct qstr {
	u32 hash;
	u32 len;
	const char *name;
};

#define DNAME_INLINE	40

/* dentry.flags [lock] */
#define DCACHE_MOUNTED		0x01u	/* something may be mounted here */
#define DCACHE_UNHASHED		0x02u
#define DCACHE_DISCONNECTED	0x04u	/* pseudo file: no parent in the tree */
#define DCACHE_LRU		0x08u
#define DCACHE_REFERENCED	0x10u
#define DCACHE_DEAD		0x20u
#define DCACHE_NEED_REVALIDATE	0x40u	/* ops->revalidate is there */
#define DCACHE_DONTCACHE	0x80u	/* drop at last put (proc) */
#define DCACHE_NORCU		0x100u
#define DCACHE_PERSIST		0x400u	/* stays although unused: the only copy of the name */
#define DCACHE_OP_DELETE	0x200u	/* ops->delete is there */

struct dentry_ops {
	/* Still right? 1 yes, 0 no: dropped and looked up anew; -ECHILD under MAY_NOT_BLOCK. */
	int (*revalidate)(struct dentry *d, u32 flags);
	/* At the last put: true means do not keep it cached. */
	bool (*delete)(const struct dentry *d);
	void (*release)(struct dentry *d);
	/* Name for pseudo files ("pipe:[123]"); writes into buf, returns length or -ENAMETOOLONG. */
	int (*dname)(struct dentry *d, char *buf, size_t size);
};

struct dentry {
	u32 flags;			/* [lock] */
	struct seqcount seq;		/* name, parent, inode: readers retry */
	struct hlist_node hash;		/* [chain lock; r] */
	struct dentry *parent;		/* [lock, rename; r] referenced; itself for a root */
	struct qstr name;		/* [rename; seq] */
	struct inode *inode;		/* [lock; r] referenced; NULL: negative */
	char iname[DNAME_INLINE];	/* [as name] short names live here; long ones are RCU-freed */
	spinlock_t lock;		/* class DENTRY */
	int ref;			/* [a under lock for 0 -> 1] < 0 dead */
	const struct dentry_ops *ops;	/* [I] */
	struct super_block *sb;		/* [I] */
	void *private;			/* [I] once visible */
	struct list_head lru;		/* [lru lock] */
	struct list_head child;		/* [parent's lock] in parent's children */
	struct list_head children;	/* [lock] oldest first */
	u64 cookie;			/* [parent's lock] place in parent's directory: rises along the list */
	u64 next_cookie;		/* [lock] for the next child */
	struct hlist_node alias;	/* [inode state_lock] */
	struct rcu_head rcu;
};

struct dentry *dentry_get(struct dentry *d);
void dentry_put(struct dentry *d);			/* may sleep */
struct dentry *dentry_get_parent(struct dentry *d);
static inline bool dentry_negative(const struct dentry *d) { return !READ_ONCE(d->inode); }
static inline bool dentry_unhashed(const struct dentry *d) { return READ_ONCE(d->flags) & DCACHE_UNHASHED; }
static inline struct inode *dentry_inode(const struct dentry *d) { return READ_ONCE(d->inode); }
static inline bool dentry_is_root(const struct dentry *d) { return d->parent == d; }

/* New, negative, not hashed, reference 1, child of parent. NULL. */
__must_check struct dentry *dentry_alloc(struct dentry *parent, const struct qstr *name);
/* Root of a tree; consumes the inode reference also on failure. NULL. */
__must_check struct dentry *dentry_make_root(struct inode *inode);
/* Pseudo: for pipes, sockets, anonymous inodes. */
__must_check struct dentry *dentry_alloc_pseudo(struct super_block *sb, const char *name, const struct dentry_ops *ops);
void dentry_init_name(struct qstr *q, const char *name, size_t len, const struct dentry *parent);
u32 dentry_hash_name(const struct dentry *parent, const char *name, size_t len);

/* Give a negative dentry its inode (reference consumed). */
void dentry_instantiate(struct dentry *d, struct inode *inode);
/*
 * The same for one that is hashed already or not: for ->lookup: adds (also negative, inode
 * NULL) to the hash. Returns NULL, the alias to use, or ERR_PTR (inode reference consumed). A directory on a
 * disk that has a name already: -EUCLEAN.
 */
struct dentry *dentry_splice(struct dentry *d, struct inode *inode);
void dentry_hash_add(struct dentry *d);
/* Memory file systems: keep the name although nobody uses it; ended by dentry_delete, unhash, umount. */
void dentry_persist(struct dentry *d);
void dentry_unhash(struct dentry *d);
/* After unlink and rmdir: become negative, or unhash if others hold it. */
void dentry_delete(struct dentry *d);
/* After rename: d takes target's name and place. Both directories locked, rename lock held. */
void dentry_move(struct dentry *d, struct dentry *target);
void dentry_exchange(struct dentry *a, struct dentry *b);
/* Drop all unused below and unhash d (proc of a dead task, rmdir). */
void dentry_invalidate(struct dentry *d);
/* Look in the cache only: referenced or NULL. */
struct dentry *dentry_lookup(struct dentry *parent, const struct qstr *name);
/* Inode's lock (shared or exclusive) of parent held: cache, then ->lookup. ERR_PTR; may be negative. */
__must_check struct dentry *dentry_lookup_locked(struct dentry *parent, const struct qstr *name, u32 flags);
bool dentry_is_ancestor(const struct dentry *anc, const struct dentry *d);
u64 dentry_shrink_sb(struct super_block *sb);
/* Any alias of an inode, referenced; NULL. */
struct dentry *dentry_find_alias(struct inode *inode);

struct path;
/* Text of a path from root, at the end of buf; pointer into buf or ERR_PTR(-ENAMETOOLONG). " (deleted)" appended as Linux does. */
char *path_text(const struct path *p, const struct path *root, char *buf, size_t size);
char *path_text_current(const struct path *p, char *buf, size_t size);
char *dentry_text(struct dentry *d, char *buf, size_t size);

#endif
