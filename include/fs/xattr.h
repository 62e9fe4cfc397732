/* SPDX-License-Identifier: MPL-2.0 */
/* Extended attributes kept in memory (fs/vfs/simple_xattr.c), for file systems that are memory only. */
#ifndef FS_XATTR_H
#define FS_XATTR_H

#include <base/list.h>
#include <base/types.h>

struct simple_xattrs {
	struct list_head list;		/* [the inode's rwsem] */
};

static inline void simple_xattrs_init(struct simple_xattrs *x) { list_init(&x->list); }
void simple_xattrs_free(struct simple_xattrs *x);
/* As the inode operations of the same names; the name space was checked. */
__must_check ssize_t simple_xattr_get(struct simple_xattrs *x, const char *name, void *buf, size_t size);
__must_check int simple_xattr_set(struct simple_xattrs *x, const char *name, const void *v, size_t size, int flags);
__must_check int simple_xattr_remove(struct simple_xattrs *x, const char *name);
/* trusted.* shows to CAP_SYS_ADMIN only. */
__must_check ssize_t simple_xattr_list(struct simple_xattrs *x, char *buf, size_t size);
/* The same behind `at` bytes that are in buf already; the whole length. */
__must_check ssize_t simple_xattr_list_from(struct simple_xattrs *x, char *buf, size_t size, ssize_t at);

#endif
