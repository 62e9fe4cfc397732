/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Trees of attributes in memory (fs/kernfs.c), shown as file systems: sysfs, later cgroup2. Nodes
 * are made and removed by their owners at any time; open files of a removed node answer -ENODEV.
 */
#ifndef FS_KERNFS_H
#define FS_KERNFS_H

#include <base/types.h>
#include <fs/seq_file.h>

struct kernfs_node;
struct kernfs_root;

struct kernfs_ops {
	/* One text, at most a page unless seq. */
	int (*show)(struct seq_file *s, void *priv);
	ssize_t (*store)(struct kernfs_node *n, void *priv, char *buf, size_t len);	/* NUL-terminated */
	ssize_t (*read_bin)(struct kernfs_node *n, void *priv, char *buf, size_t len, loff_t off);
	u32 (*poll)(struct file *f, void *priv, struct poll_table *pt);
};

struct kernfs_root *kernfs_create_root(const char *fs_name);		/* ERR_PTR */
struct kernfs_node *kernfs_root_node(struct kernfs_root *r);
struct kernfs_node *kernfs_mkdir(struct kernfs_node *parent, const char *name, umode_t mode, void *priv);	/* ERR_PTR */
struct kernfs_node *kernfs_create_file(struct kernfs_node *parent, const char *name, umode_t mode,
	u64 size, const struct kernfs_ops *ops, void *priv);
struct kernfs_node *kernfs_symlink(struct kernfs_node *parent, const char *name, struct kernfs_node *target);
struct kernfs_node *kernfs_find(struct kernfs_node *parent, const char *name);
void kernfs_remove(struct kernfs_node *n);		/* with all below; waits for users */
void *kernfs_priv(struct kernfs_node *n);
const char *kernfs_name(struct kernfs_node *n);
/* "/devices/virtual/net/lo" in the node's own tree; length, or -ENAMETOOLONG. */
__must_check int kernfs_path(struct kernfs_node *n, char *buf, size_t size);
/* Text or binary changed: poll on it wakes. */
void kernfs_notify(struct kernfs_node *n);

/* sysfs's tree: /sys. Made at INITCALL_FS; directories for the model. */
extern struct kernfs_node *sysfs_root, *sysfs_devices, *sysfs_bus, *sysfs_class, *sysfs_block,
	*sysfs_dev_char, *sysfs_dev_block, *sysfs_kernel, *sysfs_module, *sysfs_firmware, *sysfs_fs;

#endif
