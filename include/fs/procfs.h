/* SPDX-License-Identifier: MPL-2.0 */
/* /proc entries that other parts add (fs/procfs). */
#ifndef FS_PROCFS_H
#define FS_PROCFS_H

#include <fs/seq_file.h>

/* A text file below /proc, made by one show function; path may have directories that exist or are made. */
int proc_create(const char *path, umode_t mode, int (*show)(struct seq_file *s, void *v), void *private);
int proc_create_fops(const char *path, umode_t mode, const struct file_ops *ops, void *private);
int proc_mkdir(const char *path);
int proc_symlink(const char *path, const char *target);
/* Take an entry and all below it out of the tree. Open files keep what they have: show and store functions must find for
   themselves that their object is gone. */
void proc_remove(const char *path);

/* Integer or string settings below /proc/sys. */
struct proc_sysctl {
	const char *path;		/* "kernel/pid_max" */
	umode_t mode;
	/* INTS: maxlen of them, each within min and max; fewer may be written. */
	enum { SYSCTL_INT, SYSCTL_U64, SYSCTL_STRING, SYSCTL_INTS, SYSCTL_FN } kind;
	void *data;
	s64 min, max;
	size_t maxlen;
	int (*show)(struct seq_file *s, void *data);
	int (*store)(const char *text, void *data);	/* SYSCTL_FN */
};
int proc_sysctl_register(const struct proc_sysctl *t);	/* *t is copied, what it points at is not */

#endif
