/* SPDX-License-Identifier: MPL-2.0 */
/* What the files of the VFS share among themselves only. */
#ifndef FS_VFS_INTERNAL_H
#define FS_VFS_INTERNAL_H

#include <base/string.h>
#include <core/rcu.h>
#include <fs/file.h>
#include <fs/locks.h>
#include <fs/mount.h>
#include <fs/notify.h>
#include <fs/path.h>
#include <fs/super.h>
#include <kernel/cred.h>
#include <kernel/task.h>
#include <uapi/linux/fcntl.h>
#include <uapi/linux/fs.h>
#include <uapi/linux/inotify.h>
#include <uapi/linux/mount.h>
#include <uapi/linux/stat.h>

#define LOFF_MAX	((loff_t)0x7fffffffffffffffll)

/* --- inode.c --- */
void inode_note_ops(struct inode *inode);
/* A path was read through (readlink, directories, links followed): access time by the mount's rules. */
void path_accessed(const struct path *p, struct inode *inode);
/* Would that change it? Without a reference to the inode it must not: the file system would keep a dying one. */
bool path_access_due(const struct path *p, const struct inode *inode);
/* Unused inodes of an instance that shuts down; returns those still in use. */
u64 inodes_evict_sb(struct super_block *sb);
u64 inodes_in_use(struct super_block *sb);
int inode_write_now(struct inode *inode, bool wait);
/* A change of contents or owner takes file capabilities away. Inode lock held. */
__must_check int inode_kill_caps(struct inode *inode);

/* --- dcache.c --- */
extern struct seqcount rename_seq;	/* a name or parent changed somewhere: ref walks and path texts retry */
/* Under RCU: no reference; *seq for later checks. NULL: not cached or in motion. */
struct dentry *dentry_lookup_rcu(struct dentry *parent, const struct qstr *name, u32 *seq);
/* Take a reference if it is alive. */
bool dentry_try_get(struct dentry *d);
void dentry_shrink_tree(struct dentry *root);
u64 dentry_hash_seed(const struct dentry *parent);

/* Name hashing, a word at a time; the tail is padded with zero bytes. */
#define NAME_HASH_MULT	0x9e3779b97f4a7c15ull
static inline u64 name_hash_step(u64 h, u64 word)
{
	h = (h ^ word) * NAME_HASH_MULT;
	return h ^ (h >> 29);
}
static inline u32 name_hash_end(u64 h)
{
	return (u32)(h ^ (h >> 32));
}

/* --- walk.c: one walk under way --- */
#define WALK_EMBEDDED	2

struct walk_link {
	struct path path;		/* the link, referenced in ref mode */
	const char *rest;		/* what comes after it */
	struct delayed_put done;
};

enum last_type { LAST_NORM, LAST_ROOT, LAST_DOT, LAST_DOTDOT };

struct walk {
	struct path path;		/* where we are; referenced unless LOOKUP_RCU */
	struct inode *inode;		/* of path.dentry, steady under RCU */
	u32 seq;			/* of path.dentry (RCU) */
	u32 mseq, rseq;			/* mount_seq, rename_seq at the start */
	struct path root;		/* mnt NULL: not looked up yet */
	bool root_held;
	bool root_given;		/* not the task's */
	u8 last_type;
	u8 depth, nr_links;		/* frames in use; links met */
	u32 flags;
	u32 state;			/* WALK_* */
	struct qstr last;
	struct path next;		/* the link that walk_last() met, and its inode */
	struct inode *next_inode;
	u32 next_seq;
	umode_t dir_mode;		/* parent of the last component: sticky rules */
	kuid_t dir_uid;
	const char *name;
	int dirfd;
	bool padded;			/* name lies in a filename buffer: word reads past the end are fine */
	struct walk_link *stack;
	struct walk_link embedded[WALK_EMBEDDED];
};
#define WALK_JUMPED	0x1u
#define LOOKUP_SCOPED	(LOOKUP_BENEATH | LOOKUP_IN_ROOT)

/* Start; then walk_components(); then walk_end(). 0 or -errno. */
int walk_begin(struct walk *w, int dirfd, const char *name, bool padded, u32 flags, const struct path *root);
int walk_components(struct walk *w, const char *name);
/*
 * Resolve the last component. 0: w->path is it. 1: a link to follow, *text is its rest to walk.
 * nofollow: end on a link.
 */
int walk_last(struct walk *w, const char **text, bool nofollow);
/* Leave RCU mode with references on path (and root): -ECHILD if that cannot be done. */
int walk_legitimize(struct walk *w);
/* Whole path was walked: legitimize, scope checks. */
int walk_complete(struct walk *w);
void walk_end(struct walk *w);
static inline bool walk_trailing_slash(const struct walk *w)
{
	return w->last_type == LAST_NORM && w->last.name[w->last.len] != 0;
}
/* path moves to a child d of the same directory (reference consumed); crosses mounts. */
int walk_enter(struct walk *w, struct dentry *d, const char **text, bool nofollow);

/* --- namei.c --- */
__must_check int path_parent(int dirfd, const struct filename *name, struct path *parent, struct qstr *last,
			     enum last_type *type, u32 flags);
__must_check int may_create(struct inode *dir, struct dentry *d);
__must_check int may_delete(struct inode *dir, struct dentry *d, bool isdir);
__must_check int may_open(const struct path *p, u32 acc, u32 flags);
__must_check int dir_check_sticky(const struct inode *dir, const struct inode *inode);
extern int sysctl_protected_symlinks, sysctl_protected_hardlinks, sysctl_protected_fifos, sysctl_protected_regular;
struct open_flags {
	u32 flags;			/* O_* */
	umode_t mode;
	u32 acc;			/* MAY_* */
	u32 lookup;			/* LOOKUP_* */
};
__must_check int open_flags_build(u64 flags, u64 mode, u64 resolve, struct open_flags *op);
__must_check struct file *path_open(int dirfd, const char *name, bool padded, const struct open_flags *op,
				    const struct path *root);

/* --- fdtable.c --- */
struct fdtable {
	u32 max;			/* [I] multiple of 64 */
	struct file **fd;		/* [files lock; r] */
	unsigned long *open;		/* [files lock; r] */
	unsigned long *cloexec;		/* [files lock; r] */
	struct rcu_head rcu;
};

/* Slot of fd under RCU or the right of the only owner; the index is masked against speculation. */
static inline struct file *fdtable_slot(const struct fdtable *t, unsigned int fd)
{
	u64 mask;

	if (unlikely(fd >= t->max))
		return NULL;
	mask = (u64)((s64)((u64)fd - t->max) >> 63);
	return (struct file *)((u64)rcu_dereference(t->fd[fd & mask]) & mask);
}

/*
 * Look-ups of one call that visits many descriptors. A table that is current's alone stays so for the
 * whole call: nobody else can share, grow or empty it, and it keeps its files referenced.
 */
struct fd_visit {
	const struct fdtable *alone;	/* NULL: shared */
};

static inline struct fd_visit fd_visit_begin(void)
{
	struct files *fs = current->files;

	return (struct fd_visit){ ref_read(&fs->ref) == 1 ? fs->table : NULL };
}

static inline struct fd fd_visit_get(struct fd_visit v, int fd)
{
	struct fd r = { NULL, false, false };

	if (unlikely(!v.alone))
		return fdget(fd);
	r.file = fdtable_slot(v.alone, (unsigned int)fd);
	if (r.file && unlikely(r.file->mode & FMODE_PATH))
		r.file = NULL;
	return r;
}

/* --- file.c, open.c --- */
struct file *file_alloc_empty(u32 oflags);
void file_free_empty(struct file *f);
/* path's references are consumed by f, also on failure; checks done. */
__must_check int file_do_open(struct file *f, struct inode *inode);
void files_init(void);
void file_table_init(void);

/* --- mount.c --- */
extern struct rwsem namespace_sem;
extern spinlock_t mount_lock;		/* with mount_seq */
bool mount_legitimize(struct mount *m, u32 seq, bool *drop);
bool dentry_is_mountpoint_here(struct dentry *d);
void dentry_detach_mounts(struct dentry *d);
static inline bool mount_readonly(const struct mount *m)
{
	return (READ_ONCE(m->flags) & MNT_READONLY) || (READ_ONCE(m->sb->flags) & SB_RDONLY);
}
/* Steps of propagation and namespaces: namespace_sem held for writing. */
struct mount *mount_clone(struct mount *old, struct dentry *root, u32 how);
#define CLONE_PRIVATE	0x1u
#define CLONE_SLAVE	0x2u
#define CLONE_MAKE_SHARED 0x4u
#define CLONE_SHARED_TO_SLAVE 0x8u
#define CLONE_COPY_UNBINDABLE 0x10u
struct mount *mount_copy_tree(struct mount *m, struct dentry *root, u32 how);
void mount_attach_locked(struct mount *m, struct mount *parent, struct dentry *mp);
void mount_detach_locked(struct mount *m, struct path *where);
void mount_tree_lock(void);
void mount_tree_unlock(void);
#define NS_INTERNAL	((struct mnt_ns *)1)	/* kern_mount(): never put for good */
static inline bool ns_anonymous(const struct mnt_ns *ns) { return ns && ns != NS_INTERNAL && ns->anon; }
/* A copy of what lies at old, as for a bind mount. namespace_sem held for writing. ERR_PTR. */
struct mount *mount_copy_for_bind(const struct path *old, bool recurse);
/* at moves to the topmost mount there. */
__must_check int mount_move_path(const struct path *old, struct path *at);
/* The instance's flags and options. May change data. */
__must_check int super_reconfigure(struct super_block *sb, u32 sb_flags, char *data);
/* mount_fd.c: the descriptor of a detached tree is closed. */
void mount_dissolve(struct mount *m);
struct mount *mount_alloc(struct super_block *sb, struct dentry *root, const char *source);
void mount_set_ns(struct mount *root, struct mnt_ns *ns);
void mount_tree_discard(struct mount *top);
void mount_put_list(struct list_head *gone);
int mount_make_readonly(struct mount *m);
int super_hold_writers(struct super_block *sb);
void mount_tree_umount(struct mount *m, u32 how, struct list_head *gone);
#define UMOUNT_PROPAGATE 0x1u
#define UMOUNT_SYNC	0x2u
#define UMOUNT_CONNECTED 0x4u
struct mount *mount_next(struct mount *p, struct mount *root);
int propagate_mount(struct mount *dest, struct dentry *mp, struct mount *source, struct list_head *tree_list);
bool propagate_busy(struct mount *m, int refs);
void propagate_umount(struct list_head *list);
void mount_change_type(struct mount *m, u32 type);
int mount_make_groups(struct mount *m, bool recurse);
void mount_release_group(struct mount *m);
int mount_group_dominating(struct mount *m, const struct path *root);
s64 mount_count_sum(struct mount *m, int which);
void mnt_ns_touch(struct mnt_ns *ns);
static inline bool mount_is_shared(const struct mount *m) { return m->flags & MNT_SHARED; }

/* --- fs_struct.c --- */
void fs_replace_all(const struct path *from, const struct path *to);

/* --- super.c wrappers --- */
#define SOP(sb, op)	((sb)->ops ? (sb)->ops->op : NULL)

/* --- fcntl.c --- */
int file_set_fasync(struct file *f, int fd, bool on);
void file_set_default_owner(struct file *f);
/* F_NOTIFY, and a close that ends what it began in this table of descriptors. */
int dnotify_set(struct file *f, int fd, u32 arg);
void dnotify_flush(struct file *f, const void *owner);

/* --- xattr.c, sync.c --- */
void sync_sb(struct super_block *sb, bool wait);

#endif
