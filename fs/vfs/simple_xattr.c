/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Extended attributes in memory: a list per inode, newest first, changed and read under the inode's
 * lock. A new value is complete before the old one goes.
 */
#include <base/alloc.h>
#include <base/errno.h>
#include <base/string.h>
#include <fs/xattr.h>
#include <kernel/cred.h>
#include <uapi/linux/xattr.h>

struct simple_xattr {
	struct list_head link;		/* [the inode's rwsem] */
	size_t size;			/* [I] */
	char *name;			/* [I] */
	u8 value[];
};

static void xattr_free(struct simple_xattr *x)
{
	kfree(x->name);
	kvfree(x);
}

void simple_xattrs_free(struct simple_xattrs *xs)
{
	struct simple_xattr *x, *n;

	list_for_each_entry_safe(x, n, &xs->list, link)
		xattr_free(x);
	list_init(&xs->list);
}

static struct simple_xattr *find(struct simple_xattrs *xs, const char *name)
{
	struct simple_xattr *x;

	list_for_each_entry(x, &xs->list, link)
		if (streq(x->name, name))
			return x;
	return NULL;
}

ssize_t simple_xattr_get(struct simple_xattrs *xs, const char *name, void *buf, size_t size)
{
	struct simple_xattr *x = find(xs, name);

	if (!x)
		return -ENODATA;
	if (!buf || !size)
		return (ssize_t)x->size;
	if (size < x->size)
		return -ERANGE;
	memcpy(buf, x->value, x->size);
	return (ssize_t)x->size;
}

int simple_xattr_set(struct simple_xattrs *xs, const char *name, const void *v, size_t size, int flags)
{
	struct simple_xattr *old = find(xs, name), *x;

	if (old && (flags & XATTR_CREATE))
		return -EEXIST;
	if (!old && (flags & XATTR_REPLACE))
		return -ENODATA;
	x = kvmalloc(sizeof(*x) + size, GFP_KERNEL);
	if (!x)
		return -ENOMEM;
	x->name = kstrdup(name, GFP_KERNEL);
	if (!x->name) {
		kvfree(x);
		return -ENOMEM;
	}
	x->size = size;
	if (size)
		memcpy(x->value, v, size);
	list_add(&x->link, &xs->list);
	if (old) {
		list_del(&old->link);
		xattr_free(old);
	}
	return 0;
}

int simple_xattr_remove(struct simple_xattrs *xs, const char *name)
{
	struct simple_xattr *x = find(xs, name);

	if (!x)
		return -ENODATA;
	list_del(&x->link);
	xattr_free(x);
	return 0;
}

ssize_t simple_xattr_list(struct simple_xattrs *xs, char *buf, size_t size)
{
	bool trusted = capable(CAP_SYS_ADMIN);
	struct simple_xattr *x;
	size_t used = 0;

	list_for_each_entry(x, &xs->list, link) {
		size_t n = strlen(x->name) + 1;

		if (!trusted && strstarts(x->name, XATTR_TRUSTED_PREFIX))
			continue;
		if (buf && size) {
			if (size - used < n)
				return -ERANGE;
			memcpy(buf + used, x->name, n);
		}
		used += n;
	}
	return (ssize_t)used;
}

ssize_t simple_xattr_list_from(struct simple_xattrs *x, char *buf, size_t size, ssize_t at)
{
	ssize_t n;

	/* Nothing more fits: only whether there is more matters. */
	if (size && (size_t)at == size)
		n = simple_xattr_list(x, NULL, 0) ? -ERANGE : 0;
	else
		n = simple_xattr_list(x, size ? buf + at : NULL, size ? size - (size_t)at : 0);
	return n < 0 ? n : n + at;
}
