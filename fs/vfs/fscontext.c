/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Configuring a file system by descriptor: fsopen(2), fspick(2), fsconfig(2), and reading what went
 * wrong. A context collects parameters; CREATE makes the instance of them, and fsmount() (mount_fd.c)
 * a mount of that; afterwards, or after fspick(), RECONFIGURE applies new ones.
 *
 * File systems take their options as one text, as mount(2) hands it on. What a parameter is worth is
 * asked at once where the type can tell without an instance (fs_type.check_options), else by CREATE.
 *
 * Locks: the context's own, over everything below.
 */
#include "internal.h"
#include "fscontext.h"
#include <base/printf.h>
#include <core/slab.h>
#include <kernel/syscall.h>
#include <uapi/linux/limits.h>

#define NAME_LIMIT	256u
#define BLOB_LIMIT	(1024 * 1024)

/* --- messages --- */

/* text: "e " for an error, then who and what; consumed; NULL when there was no memory for it. */
static void context_log(struct fs_context *c, char *text)
{
	u32 at = c->log_next % FSC_LOG_LINES;

	if (!text)
		return;
	kfree(c->log[at]);
	c->log[at] = text;
	c->log_next++;
	if (c->log_next - c->log_first > FSC_LOG_LINES)
		c->log_first = c->log_next - FSC_LOG_LINES;
}

static ssize_t context_read_iter(struct file *f, struct kiocb *k, struct iov_iter *to)
{
	struct fs_context *c = f->private;
	ssize_t res = -ENODATA;
	char *text = NULL;
	size_t n;

	(void)k;
	if (mutex_lock_interruptible(&c->lock))
		return -ERESTARTSYS;
	if (c->log_first != c->log_next) {
		text = c->log[c->log_first % FSC_LOG_LINES];
		n = strlen(text);
		res = -EMSGSIZE;
		if (n <= iov_iter_count(to)) {
			c->log[c->log_first++ % FSC_LOG_LINES] = NULL;
			res = copy_to_iter(text, n, to) == n ? (ssize_t)n : -EFAULT;
			kfree(text);
		}
	}
	mutex_unlock(&c->lock);
	return res;
}

/* --- life --- */

/* Parameters are used up; the next round begins. */
void fs_context_clean(struct fs_context *c)
{
	if (c->sb)
		super_put_active(c->sb);
	c->sb = NULL;
	kfree(c->source);
	c->source = NULL;
	kfree(c->options);
	c->options = NULL;
	c->options_len = 0;
	c->sb_flags = c->sb_mask = 0;
	c->phase = FSC_AWAIT_RECONF;
}

static int context_release(struct file *f, struct inode *inode)
{
	struct fs_context *c = f->private;

	(void)inode;
	if (c->sb)
		super_put_active(c->sb);
	if (c->target)
		super_put_active(c->target);
	for (u32 i = 0; i < FSC_LOG_LINES; i++)
		kfree(c->log[i]);
	kfree(c->source);
	kfree(c->options);
	kfree(c);
	return 0;
}

const struct file_ops fscontext_fops = {
	.read_iter = context_read_iter,
	.release = context_release,
};

static struct fs_context *context_alloc(struct fs_type *t, enum fs_phase phase)
{
	struct fs_context *c = kzalloc(sizeof(*c), GFP_KERNEL);

	if (!c)
		return NULL;
	mutex_init(&c->lock, FS_CONTEXT);
	c->type = t;
	c->phase = phase;
	return c;
}

static int context_fd(struct fs_context *c, u32 oflags)
{
	struct file *f = file_anon("[fscontext]", &fscontext_fops, c, O_RDWR | oflags);

	if (IS_ERR(f)) {
		if (c->target)
			super_put_active(c->target);
		kfree(c);
		return (int)PTR_ERR(f);
	}
	return fd_add(f, oflags);
}

long sys_fsopen(uin_str uname, unsigned int flags)
{
	struct fs_context *c;
	struct fs_type *t;
	char *name;
	ssize_t n;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (flags & ~FSOPEN_CLOEXEC)
		return -EINVAL;
	name = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!name)
		return -ENOMEM;
	n = strncpy_in(name, uname, PAGE_SIZE);
	t = n < 0 ? NULL : fs_type_find(name);
	kfree(name);
	if (n < 0)
		return n == -ENAMETOOLONG ? -EINVAL : n;
	if (!t || t->flags & FS_NOMOUNT)
		return -ENODEV;
	c = context_alloc(t, FSC_CREATE_PARAMS);
	return c ? context_fd(c, flags & FSOPEN_CLOEXEC ? O_CLOEXEC : 0) : -ENOMEM;
}

long sys_fspick(int dirfd, uin_str path, unsigned int flags)
{
	u32 lookup = (flags & FSPICK_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) |
		     (flags & FSPICK_EMPTY_PATH ? LOOKUP_EMPTY : 0);
	struct fs_context *c;
	struct path p;
	int err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (flags & ~(FSPICK_CLOEXEC | FSPICK_SYMLINK_NOFOLLOW | FSPICK_NO_AUTOMOUNT | FSPICK_EMPTY_PATH))
		return -EINVAL;
	err = user_path_at(dirfd, path, lookup, &p);
	if (err)
		return err;
	err = -EINVAL;
	if (p.mnt->root != p.dentry)
		goto out;
	c = context_alloc(p.mnt->sb->type, FSC_RECONF_PARAMS);
	err = -ENOMEM;
	if (!c)
		goto out;
	c->target = p.mnt->sb;
	ref_get(&c->target->active);
	err = context_fd(c, flags & FSPICK_CLOEXEC ? O_CLOEXEC : 0);
out:
	path_put(&p);
	return err;
}

/* --- parameters --- */

/* Options of the instance that every type has. 1: it was one. */
static int flag_param(struct fs_context *c, const char *key)
{
	static const struct { const char *name; u32 flag; bool set; } flags[] = {
		{ "dirsync", SB_DIRSYNC, true }, { "lazytime", MS_LAZYTIME, true }, { "mand", SB_MANDLOCK, true },
		{ "ro", SB_RDONLY, true }, { "sync", SB_SYNCHRONOUS, true },
		{ "async", SB_SYNCHRONOUS, false }, { "nolazytime", MS_LAZYTIME, false },
		{ "nomand", SB_MANDLOCK, false }, { "rw", SB_RDONLY, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		if (!streq(flags[i].name, key))
			continue;
		c->sb_flags = (c->sb_flags & ~flags[i].flag) | (flags[i].set ? flags[i].flag : 0);
		c->sb_mask |= flags[i].flag;
		return 1;
	}
	return 0;
}

static int option_param(struct fs_context *c, const char *key, const char *value)
{
	char *one = value ? kasprintf(GFP_KERNEL, "%s=%s", key, value) : kstrdup(key, GFP_KERNEL), *all;
	int err = 0;

	if (!one)
		return -ENOMEM;
	if (strchr(one, ',')) {
		context_log(c, kasprintf(GFP_KERNEL, "e %s: Option containing comma\n", c->type->name));
		err = -EINVAL;
	} else if (c->type->check_options) {
		err = c->type->check_options(one);
		if (err == -ENOPARAM)
			context_log(c, kasprintf(GFP_KERNEL, "e %s: Unknown parameter '%s'\n", c->type->name, key));
		else if (err == -EINVAL)
			context_log(c, kasprintf(GFP_KERNEL, "e %s: Bad value for '%s'\n", c->type->name, key));
		err = err == -ENOPARAM ? -EINVAL : err;
	}
	if (!err && c->options_len + strlen(one) + 2 > PAGE_SIZE)
		err = -EINVAL;
	if (err)
		goto out;
	all = c->options ? kasprintf(GFP_KERNEL, "%s,%s", c->options, one) : kstrdup(one, GFP_KERNEL);
	if (!all) {
		err = -ENOMEM;
		goto out;
	}
	kfree(c->options);
	c->options = all;
	c->options_len = strlen(all);
out:
	kfree(one);
	return err;
}

static int source_param(struct fs_context *c, const char *value)
{
	if (!value) {
		context_log(c, kasprintf(GFP_KERNEL, "e %s: Non-string source\n", c->type->name));
		return -EINVAL;
	}
	if (c->source) {
		context_log(c, kasprintf(GFP_KERNEL, "e %s: Multiple sources\n", c->type->name));
		return -EINVAL;
	}
	c->source = kstrdup(value, GFP_KERNEL);
	return c->source ? 0 : -ENOMEM;
}

static int context_set(struct fs_context *c, const char *key, const char *value)
{
	if (c->phase != FSC_CREATE_PARAMS && c->phase != FSC_RECONF_PARAMS)
		return -EBUSY;
	if (flag_param(c, key))
		return 0;
	return streq(key, "source") ? source_param(c, value) : option_param(c, key, value);
}

/* --- actions --- */

static int context_create(struct fs_context *c)
{
	struct super_block *sb;

	if (c->phase != FSC_CREATE_PARAMS)
		return -EBUSY;
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	sb = c->type->mount(c->type, c->sb_flags, c->source, c->options);
	if (IS_ERR(sb)) {
		c->phase = FSC_FAILED;
		return (int)PTR_ERR(sb);
	}
	c->sb = sb;
	if (!c->target) {
		c->target = sb;
		ref_get(&sb->active);
	}
	c->phase = FSC_AWAIT_MOUNT;
	return 0;
}

static int context_reconfigure(struct fs_context *c)
{
	int err;

	if (c->phase != FSC_RECONF_PARAMS)
		return -EBUSY;
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	err = super_reconfigure(c->target, (c->target->flags & ~c->sb_mask) | (c->sb_flags & c->sb_mask), c->options);
	if (err)
		c->phase = FSC_FAILED;
	else
		fs_context_clean(c);
	return err;
}

static int context_do(struct fs_context *c, u32 cmd, const char *key, const char *value)
{
	int err;

	if (mutex_lock_interruptible(&c->lock))
		return -ERESTARTSYS;
	if (c->phase == FSC_AWAIT_RECONF)
		c->phase = FSC_RECONF_PARAMS;
	if (cmd == FSCONFIG_CMD_CREATE)
		err = context_create(c);
	else if (cmd == FSCONFIG_CMD_RECONFIGURE)
		err = context_reconfigure(c);
	else
		err = context_set(c, key, value);
	mutex_unlock(&c->lock);
	return err;
}

/* Which arguments a command has. 0 or -EINVAL, -EOPNOTSUPP. */
static int check_args(u32 cmd, bool key, bool value, int aux)
{
	bool ok;

	switch (cmd) {
	case FSCONFIG_SET_FLAG:
		ok = key && !value && !aux;
		break;
	case FSCONFIG_SET_STRING:
		ok = key && value && !aux;
		break;
	case FSCONFIG_SET_BINARY:
		ok = key && value && aux > 0 && aux <= BLOB_LIMIT;
		break;
	case FSCONFIG_SET_PATH:
	case FSCONFIG_SET_PATH_EMPTY:
		ok = key && value && (aux == AT_FDCWD || aux >= 0);
		break;
	case FSCONFIG_SET_FD:
		ok = key && !value && aux >= 0;
		break;
	case FSCONFIG_CMD_CREATE:
	case FSCONFIG_CMD_RECONFIGURE:
		ok = !key && !value && !aux;
		break;
	default:
		return -EOPNOTSUPP;
	}
	return ok ? 0 : -EINVAL;
}

static char *short_string(uaddr_t u)
{
	char *s = kmalloc(NAME_LIMIT, GFP_KERNEL);
	ssize_t n;

	if (!s)
		return ERR_PTR(-ENOMEM);
	n = strncpy_in(s, (uin_str){ .addr = u.v }, NAME_LIMIT);
	if (n >= 0)
		return s;
	kfree(s);
	return ERR_PTR(n == -ENAMETOOLONG ? -EINVAL : (int)n);
}

long sys_fsconfig(int fd, unsigned int cmd, uin_str ukey, uin_void uvalue, int aux)
{
	char *key = NULL, *value = NULL;
	struct fd f;
	long err;

	if (fd < 0)
		return -EINVAL;
	err = check_args(cmd, ukey.addr, uvalue.addr, aux);
	if (err)
		return err;
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	err = -EINVAL;
	if (f.file->ops != &fscontext_fops)
		goto out;
	/* No type here takes anything but text. */
	err = -EOPNOTSUPP;
	if (cmd == FSCONFIG_SET_BINARY || cmd == FSCONFIG_SET_PATH || cmd == FSCONFIG_SET_PATH_EMPTY ||
	    cmd == FSCONFIG_SET_FD)
		goto out;
	if (ukey.addr) {
		key = short_string(uaddr(ukey.addr));
		err = PTR_ERR(key);
		if (IS_ERR(key)) {
			key = NULL;
			goto out;
		}
	}
	if (uvalue.addr) {
		value = short_string(uaddr(uvalue.addr));
		err = PTR_ERR(value);
		if (IS_ERR(value)) {
			value = NULL;
			goto out;
		}
	}
	err = context_do(f.file->private, cmd, key, value);
out:
	kfree(key);
	kfree(value);
	fdput(f);
	return err;
}
