/* SPDX-License-Identifier: MPL-2.0 */
/*
 * POSIX access control lists (fs/vfs/posix_acl.c): acl(5). An inode caches its two lists, read from the
 * file system when first needed; a list is immutable and counted. A file system takes part by
 * SB_POSIXACL in sb->flags and the operations get_acl and set_acl.
 */
#ifndef FS_POSIX_ACL_H
#define FS_POSIX_ACL_H

#include <base/ref.h>
#include <core/rcu.h>
#include <fs/inode.h>

#define ACL_TYPE_ACCESS		0
#define ACL_TYPE_DEFAULT	1

#define ACL_USER_OBJ		0x01u
#define ACL_USER		0x02u
#define ACL_GROUP_OBJ		0x04u
#define ACL_GROUP		0x08u
#define ACL_MASK		0x10u
#define ACL_OTHER		0x20u
#define ACL_UNDEFINED_ID	(~0u)

struct posix_acl_entry {
	u16 tag, perm;
	u32 id;				/* as the kernel counts: initial user namespace */
};

struct posix_acl {
	struct ref ref;
	struct rcu_head rcu;
	u32 n;
	struct posix_acl_entry e[];
};

/* What inode->acl[] holds before the file system was asked. */
#define ACL_NOT_READ		((struct posix_acl *)1)

/* Room for n entries, reference 1. NULL. */
__must_check struct posix_acl *posix_acl_alloc(u32 n);
void posix_acl_put(struct posix_acl *a);		/* NULL is fine */
/* Right order and all that must be there? 0 or -EINVAL. */
__must_check int posix_acl_valid(const struct posix_acl *a);
/* An inode's list, referenced; NULL: none. ERR_PTR. May sleep. */
__must_check struct posix_acl *posix_acl_get(struct inode *inode, int type);
/* The inode has this list from now on (a reference is taken). */
void posix_acl_cache(struct inode *inode, int type, struct posix_acl *a);
void posix_acl_drop_cache(struct inode *inode);		/* the inode goes */
/* May current do it (MAY_*)? 0, -EACCES; -EAGAIN: no list, mode bits decide; -ECHILD under MAY_NOT_BLOCK. */
int posix_acl_permission(struct inode *inode, int mask);
/*
 * What a new file of *mode in dir gets: *mode changed by the default list or the umask; lists referenced
 * or NULL. 0 or -errno.
 */
__must_check int posix_acl_inherit(struct inode *dir, umode_t *mode, struct posix_acl **acl, struct posix_acl **deflt);
/* The mode without the bits of current's umask, for which a default list of dir stands in. May sleep. */
umode_t posix_acl_umask(struct inode *dir, umode_t mode);
/* Memory file systems, where the cache is all there is: a new inode's lists, ->set_acl, names for ->listxattr. */
__must_check int posix_acl_init_memory(struct inode *inode, struct inode *dir);
int posix_acl_set_memory(struct inode *inode, int type, struct posix_acl *acl, umode_t mode);
__must_check ssize_t posix_acl_list_memory(struct inode *inode, char *buf, size_t size);
/* chmod: the access list follows the new mode. Inode lock held, after the mode was set. */
__must_check int posix_acl_chmod(struct inode *inode);
/* system.posix_acl_*: 1 when the name is one of these, *type says which. */
bool posix_acl_name(const char *name, int *type);
ssize_t posix_acl_getxattr(struct inode *inode, int type, void *buf, size_t size);
__must_check int posix_acl_setxattr(struct inode *inode, int type, const void *v, size_t size);

#endif
