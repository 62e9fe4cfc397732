/* SPDX-License-Identifier: MPL-2.0 */
/* Extended attributes: read through a fid that Txattrwalk makes, written through a clone that Txattrcreate turns. */
#include <uapi/linux/limits.h>
#include "internal.h"

static ssize_t read_value(struct inode *inode, const char *name, void *buf, size_t size)
{
	struct p9_fid *f = p9_fid_of_inode(inode), *x;
	ssize_t n = 0;
	u64 have = 0;
	size_t done = 0;
	void *tmp;

	if (IS_ERR(f))
		return PTR_ERR(f);
	x = p9_xattrwalk(f, name, &have);
	p9_fid_put(f);
	if (IS_ERR(x))
		return PTR_ERR(x);
	if (have > XATTR_SIZE_MAX) {
		n = -EIO;
		goto out;
	}
	if (!size || !have) {
		n = (ssize_t)have;
		goto out;
	}
	if (have > size) {
		n = -ERANGE;
		goto out;
	}
	tmp = kmalloc(have, GFP_KERNEL);
	n = tmp ? 0 : -ENOMEM;
	while (!n && done < have) {
		ssize_t got = p9_io_buf(x, P9_TREAD, done, (char *)tmp + done, (u32)min_t(u64, have - done, p9_io_max(x)));

		if (got <= 0)
			n = got ? got : -EIO;
		else
			done += (size_t)got;
	}
	if (!n) {
		memcpy(buf, tmp, have);
		n = (ssize_t)have;
	}
	kfree(tmp);
out:
	p9_fid_put(x);
	return n;
}

ssize_t p9_listxattr(struct inode *inode, char *buf, size_t size)
{
	return read_value(inode, "", buf, size);
}

ssize_t p9_getxattr(struct inode *inode, const char *name, void *buf, size_t size)
{
	return read_value(inode, name, buf, size);
}

/* size 0 with flags 0 and XATTR_REPLACE is how the protocol removes one. */
static int write_value(struct inode *inode, const char *name, const void *v, size_t size, u32 flags)
{
	struct p9_fid *f = p9_fid_of_inode(inode), *x;
	void *tmp = NULL;
	size_t done = 0;
	int err, e;

	if (IS_ERR(f))
		return (int)PTR_ERR(f);
	x = p9_walk(f, NULL, 0);
	p9_fid_put(f);
	if (IS_ERR(x))
		return (int)PTR_ERR(x);
	err = p9_xattrcreate(x, name, size, flags);
	if (!err && size) {
		tmp = kmalloc(size, GFP_KERNEL);
		err = tmp ? 0 : -ENOMEM;
		if (tmp)
			memcpy(tmp, v, size);
	}
	while (!err && done < size) {
		ssize_t n = p9_io_buf(x, P9_TWRITE, done, (char *)tmp + done, (u32)min_t(u64, size - done, p9_io_max(x)));

		if (n <= 0)
			err = n ? (int)n : -EIO;
		else
			done += (size_t)n;
	}
	kfree(tmp);
	/* The value takes effect when the fid goes. */
	e = p9_clunk(x);
	return err ? err : e;
}

int p9_setxattr(struct inode *inode, const char *name, const void *v, size_t size, int flags)
{
	return write_value(inode, name, v, size, (u32)flags);
}

int p9_removexattr(struct inode *inode, const char *name)
{
	return write_value(inode, name, NULL, 0, 0);
}
