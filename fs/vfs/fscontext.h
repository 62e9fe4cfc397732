/* SPDX-License-Identifier: MPL-2.0 */
/* A file-system context: what fsopen() and fspick() give, between fscontext.c and mount_fd.c. */
#ifndef FS_VFS_FSCONTEXT_H
#define FS_VFS_FSCONTEXT_H

#include <core/mutex.h>
#include <fs/file.h>
#include <fs/super.h>

enum fs_phase {
	FSC_CREATE_PARAMS,	/* fsopen: parameters come */
	FSC_AWAIT_MOUNT,	/* the instance is there */
	FSC_AWAIT_RECONF,	/* mounted, or reconfigured: a new round may begin */
	FSC_RECONF_PARAMS,	/* parameters for a change come */
	FSC_FAILED,
};

#define FSC_LOG_LINES	8u

struct fs_context {
	struct mutex lock;		/* class FS_CONTEXT */
	enum fs_phase phase;		/* [lock] */
	struct fs_type *type;		/* [I] */
	struct super_block *sb;		/* [lock] made, not mounted yet: active reference */
	struct super_block *target;	/* [lock] what RECONFIGURE changes: active reference */
	char *source, *options;		/* [lock] owned; NULL: none given */
	size_t options_len;		/* [lock] */
	u32 sb_flags, sb_mask;		/* [lock] SB_*: values, and which were named */
	char *log[FSC_LOG_LINES];	/* [lock] owned */
	u32 log_first, log_next;	/* [lock] free running */
};

extern const struct file_ops fscontext_fops;
/* Lock held: as after a mount or a change, ready for the next one. */
void fs_context_clean(struct fs_context *c);

#endif
