/* SPDX-License-Identifier: MPL-2.0 */
/* Mounts: instances placed in the tree of a mount namespace (fs/vfs/mount.c). */
#ifndef FS_MOUNT_H
#define FS_MOUNT_H

#include <base/list.h>
#include <base/ref.h>
#include <fs/path.h>

struct mnt_ns;
struct super_block;
struct seq_file;
struct wait_queue;

#define MNT_NOSUID	0x01u
#define MNT_NODEV	0x02u
#define MNT_NOEXEC	0x04u
#define MNT_NOATIME	0x08u
#define MNT_NODIRATIME	0x10u
#define MNT_RELATIME	0x20u
#define MNT_READONLY	0x40u
#define MNT_NOSYMFOLLOW	0x80u
#define MNT_SHARED	0x1000u
#define MNT_UNBINDABLE	0x2000u
#define MNT_INTERNAL	0x4000u
#define MNT_DETACHED	0x8000u		/* umount -l: gone from the tree */
#define MNT_WRITE_HOLD	0x10000u	/* becomes read-only: writers wait */
#define MNT_DOOMED	0x20000u	/* last reference is gone [mount hash lock] */
#define MNT_EXPIRE_MARK	0x40000u	/* umount2(MNT_EXPIRE) was here; cleared by use */
#define MNT_LOCKED	0x80000u	/* from a more privileged namespace: not to be taken apart */
#define MNT_JUST_RDONLY	0x100000u	/* mount_setattr(2) under way [namespace lock] */
#define MNT_USER_FLAGS	0xffu		/* what mount(2) sets */

struct mount {
	struct super_block *sb;		/* [I] active reference */
	struct dentry *root;		/* [I] referenced */
	struct mount *parent;		/* [mount hash lock; r] itself when not attached */
	struct dentry *mountpoint;	/* [mount hash lock; r] referenced */
	u32 flags;			/* [namespace lock; atomic reads] MNT_* */
	int id;				/* [I] */
	s64 *count;			/* [o] per CPU: [0] references, [1] writers; summed by umount, remount */
	struct hlist_node hash;		/* [mount hash lock; r] by (parent, mountpoint) */
	struct hlist_node mp_hash;	/* [mount hash lock] by mountpoint */
	struct list_head sb_link;	/* [mount hash lock] sb->mounts */
	struct list_head work_link;	/* [namespace lock] of the operation under way */
	struct list_head children;	/* [mount hash lock] */
	struct list_head child;
	struct list_head ns_link;	/* [namespace lock] in mount order */
	struct mnt_ns *ns;		/* [namespace lock] */
	struct list_head peers;		/* [namespace lock] shared subtree group */
	struct list_head slaves, slave_link;
	struct mount *master;
	int group_id;
	u64 prop_mark;			/* [namespace lock] last propagation that came by */
	struct mount *prop_src;		/* [namespace lock] what that one copies from */
	struct list_head prop_link;	/* [namespace lock] its queue */
	const char *source;		/* [I] device name as given */
	struct rcu_head rcu;
};

struct mnt_ns {
	struct ref ref;
	struct mount *root;
	struct list_head mounts;	/* [namespace lock] */
	u64 nr;
	u64 seq;			/* [a] poll on /proc/mounts */
	u64 inum;
	bool anon;			/* [I] of a detached tree, without tasks */
};
extern struct mnt_ns *init_mnt_ns;
extern struct wait_queue mnt_ns_wait;	/* woken by every change of any namespace */
struct mnt_ns *mnt_ns_copy(struct mnt_ns *old, struct fs_struct *fs);	/* ERR_PTR */
void mnt_ns_put(struct mnt_ns *ns);

void mount_get(struct mount *m);
void mount_put(struct mount *m);			/* may sleep */
/* Mounted at (mnt, dentry)? Under RCU, no reference; NULL. */
struct mount *mount_lookup(struct mount *mnt, struct dentry *d);
/* Write access for an operation: -EROFS. Waits while the file system is frozen. */
__must_check int mount_want_write(struct mount *m);
void mount_drop_write(struct mount *m);
/* For as long as a file is open for writing: the operations on it ask for themselves. */
__must_check int mount_get_writer(struct mount *m);
void mount_put_writer(struct mount *m);
/* The root file system: rootfs (tmpfs) as first mount; called by kernel/init. */
void mount_init_root(void);
/* /proc/PID/{mounts,mountinfo,mountstats} */
void mounts_show(struct seq_file *s, struct mnt_ns *ns, const struct path *root, int which);
extern struct seqcount mount_seq;			/* RCU walk checks it */

#endif
