/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the files of fs/procfs share: the static tree of entries and the entries of a process.
 *
 * Static entries (root.c) are counted: the tree holds one reference, each inode one. Those of devices go
 * with them (proc_remove).
 * Inodes of a process hold its struct pid; every access looks the task up anew and answers
 * ESRCH when it has gone.
 */
#ifndef FS_PROCFS_INTERNAL_H
#define FS_PROCFS_INTERNAL_H

#include <base/ref.h>
#include <core/rcu.h>
#include <fs/procfs.h>
#include <fs/super.h>
#include <kernel/task.h>

struct proc_entry {
	const char *name;		/* [I] */
	umode_t mode;			/* [I] with type */
	u64 ino;			/* [I] */
	struct proc_entry *parent;	/* [I] */
	struct ref ref;			/* the tree's and each inode's */
	struct rcu_head rcu;
	struct list_head children;	/* [entries lock; r] */
	struct list_head sibling;	/* [entries lock; r] */
	bool dead;			/* [entries lock; a] taken out of the tree */
	u32 pos, next_pos;		/* [I], [entries lock] where the entry stands in its directory's listing */
	int (*show)(struct seq_file *s, void *v);	/* text */
	const struct file_ops *fops;	/* or own operations */
	const char *target;		/* symbolic link */
	struct proc_sysctl sysctl;	/* [I] of a file below sys/ */
	void *priv;
};

/* What the new entry is to hold; its show, fops, target, sysctl and priv are taken. NULL: no memory or taken. */
struct proc_entry *proc_entry_make(const char *path, umode_t mode, const struct proc_entry *like);
extern struct proc_entry proc_root;
bool proc_entry_dead(const struct inode *inode);	/* of a static entry's inode */

/* What stands in a process's or thread's directory. */
enum pid_kind { PID_FILE, PID_LINK, PID_DIR };
struct pid_entry {
	const char *name;
	umode_t mode;			/* permission bits */
	enum pid_kind kind;
	bool process_only;		/* not in /proc/PID/task/TID */
	int (*show)(struct seq_file *s, struct task *t);
	ssize_t (*store)(struct task *t, const char *text);
	const struct file_ops *fops;
	int (*link)(struct task *t, struct path *res);
	const struct inode_ops *dir_iops;
	const struct file_ops *dir_fops;
};

#define PROC_PID_GENERATION 0x70696400u	/* inode.generation of those that own a pid_inode */
struct pid_inode {
	struct pid *pid;		/* [I] referenced */
	const struct pid_entry *entry;	/* [I] NULL: the directory itself */
	bool thread;			/* [I] below task/ */
	int fd;				/* [I] entries of fd/, fdinfo/ */
};
static inline struct pid_inode *pid_inode(const struct inode *inode) { return inode->private; }
/* The inode's task, referenced; NULL: gone. */
struct task *proc_task_get(const struct inode *inode);
/* The text of a magic link (->follow_magic): ->get_link of those. */
struct delayed_put;
const char *proc_magic_readlink(struct inode *inode, struct dentry *d, struct delayed_put *done);
/* A fresh inode for an entry of a task. NULL: no memory. */
struct inode *proc_pid_inode_new(struct super_block *sb, struct task *t, const struct pid_entry *e, bool thread,
				 umode_t mode);
extern const struct dentry_ops proc_pid_dops;

/* pid.c */
struct dentry *proc_pid_lookup(struct inode *dir, struct dentry *d);
int proc_pid_iterate(struct file *f, struct dir_context *ctx);
/* status.c */
int proc_show_stat(struct seq_file *s, struct task *t);
int proc_show_status(struct seq_file *s, struct task *t);
int proc_show_statm(struct seq_file *s, struct task *t);
int proc_show_limits(struct seq_file *s, struct task *t);
int proc_show_io(struct seq_file *s, struct task *t);
int proc_show_schedstat(struct seq_file *s, struct task *t);
/* mem.c */
extern const struct file_ops proc_maps_fops, proc_smaps_fops, proc_mem_fops, proc_environ_fops, proc_clear_refs_fops,
	proc_pagemap_fops;
int proc_show_smaps_rollup(struct seq_file *s, struct task *t);
int proc_show_cmdline(struct seq_file *s, struct task *t);
int proc_show_auxv(struct seq_file *s, struct task *t);
/* fd.c */
extern const struct inode_ops proc_fd_dir_iops, proc_fdinfo_dir_iops;
extern const struct file_ops proc_fd_dir_fops, proc_fdinfo_dir_fops;

#endif
