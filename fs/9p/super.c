/* SPDX-License-Identifier: MPL-2.0 */
/*
 * mount -t 9p -o trans=virtio,version=9p2000.L,... TAG DIR: options, the session's life, statfs. Transports
 * register by name.
 */
#include <core/init.h>
#include <core/printk.h>
#include <fs/fs_parse.h>
#include <fs/seq_file.h>
#include <uapi/linux/limits.h>
#include <uapi/linux/magic.h>
#include "internal.h"

#define MSIZE_DEFAULT	(128u << 10)
#define MSIZE_MIN	4096u

static DEFINE_MUTEX(transports_lock, LEAF_MUTEX);
static LIST_HEAD(transports);			/* [transports_lock] */
static struct kmem_cache *p9_inodes;

void p9_transport_register(struct p9_transport *t)
{
	mutex_lock(&transports_lock);
	list_add_tail(&t->link, &transports);
	mutex_unlock(&transports_lock);
}

static struct p9_transport *transport_find(const char *name)
{
	struct p9_transport *t, *found = NULL;

	mutex_lock(&transports_lock);
	list_for_each_entry(t, &transports, link)
		if (!found && streq(t->name, name))
			found = t;
	mutex_unlock(&transports_lock);
	return found;
}

/* --- options --- */

enum { O_TRANS, O_VERSION, O_MSIZE, O_ACCESS, O_CACHE, O_UNAME, O_ANAME, O_DFLTUID, O_DFLTGID };

static const struct opt_spec p9_opts[] = {
	{ "trans", O_TRANS, OPT_STR },	 { "version", O_VERSION, OPT_STR }, { "msize", O_MSIZE, OPT_U64 },
	{ "access", O_ACCESS, OPT_STR }, { "cache", O_CACHE, OPT_STR },	    { "uname", O_UNAME, OPT_STR },
	{ "aname", O_ANAME, OPT_STR },	 { "dfltuid", O_DFLTUID, OPT_U64 }, { "dfltgid", O_DFLTGID, OPT_U64 },
};

struct p9_want {
	struct p9_session *s;
	char trans[32];
	u32 msize;
};

static int parse_access(struct p9_session *s, const char *v)
{
	u64 uid;

	if (streq(v, "client"))
		s->access = P9_ACCESS_CLIENT;
	else if (streq(v, "user"))
		s->access = P9_ACCESS_USER;
	else if (streq(v, "any"))
		s->access = P9_ACCESS_ANY;
	else if (!kstrtou64(v, 10, &uid) && uid < ~0u) {
		s->access = P9_ACCESS_SINGLE;
		s->uid = make_kuid(&init_user_ns, (u32)uid);
	} else
		return -EINVAL;
	return 0;
}

static int parse_cache(struct p9_session *s, const char *v)
{
	if (streq(v, "none"))
		s->cache = P9_CACHE_NONE;
	else if (streq(v, "mmap"))
		s->cache = P9_CACHE_MMAP;
	else if (streq(v, "loose"))
		s->cache = P9_CACHE_LOOSE;
	else
		return -EINVAL;		/* fscache: there is none */
	return 0;
}

static int parse_name(char **name, const char *v)
{
	char *n;

	if (strlen(v) >= 256)
		return -ENAMETOOLONG;
	n = kstrdup(v, GFP_KERNEL);
	if (!n)
		return -ENOMEM;
	kfree(*name);
	*name = n;
	return 0;
}

static int parse_one(int id, const struct opt_value *v, void *arg)
{
	struct p9_want *w = arg;
	struct p9_session *s = w->s;

	switch (id) {
	case O_TRANS:
		if (strlen(v->str) >= sizeof(w->trans))
			return -EINVAL;
		(void)strscpy(w->trans, v->str, sizeof(w->trans));
		return 0;
	case O_VERSION:
		return streq(v->str, "9p2000.L") ? 0 : -EINVAL;
	case O_MSIZE:
		if (v->num < MSIZE_MIN || v->num > ~0u)
			return -EINVAL;
		w->msize = (u32)v->num;
		return 0;
	case O_ACCESS:
		return parse_access(s, v->str);
	case O_CACHE:
		return parse_cache(s, v->str);
	case O_UNAME:
		return parse_name(&s->uname, v->str);
	case O_ANAME:
		return parse_name(&s->aname, v->str);
	case O_DFLTUID:
		s->dfltuid = (u32)v->num;
		return v->num < ~0u ? 0 : -EINVAL;
	case O_DFLTGID:
		s->dfltgid = (u32)v->num;
		return v->num < ~0u ? 0 : -EINVAL;
	}
	return -EINVAL;
}

static const struct fs_options p9_options = { "9p", p9_opts, ARRAY_SIZE(p9_opts), parse_one };

/* --- sessions --- */

static void session_free(struct p9_session *s)
{
	if (s->chan)
		s->trans->close(s->chan);
	ida_destroy(&s->tags);
	ida_destroy(&s->fids);
	kfree(s->uname);
	kfree(s->aname);
	kfree(s->source);
	kfree(s);
}

static struct p9_session *session_open(const char *source, const char *options)
{
	struct p9_session *s = kzalloc(sizeof(*s), GFP_KERNEL);
	struct p9_want w = { .s = s, .trans = "virtio", .msize = MSIZE_DEFAULT };
	u32 max_msize = 0;
	int err;

	if (!s)
		return ERR_PTR(-ENOMEM);
	spin_lock_init(&s->lock, OBJECT);
	mutex_init(&s->ida_lock, LEAF_MUTEX);
	rwsem_init(&s->names_lock, FS_META);
	ida_init(&s->tags);
	ida_init(&s->fids);
	s->uid = make_kuid(&init_user_ns, ~0u - 1);
	s->dfltuid = s->dfltgid = ~0u - 1;
	s->uname = kstrdup("nobody", GFP_KERNEL);
	s->aname = kstrdup("", GFP_KERNEL);
	s->source = kstrdup(source, GFP_KERNEL);
	err = !s->uname || !s->aname || !s->source ? -ENOMEM : fs_options_parse(&p9_options, options, &w);
	if (err)
		goto out;
	if (s->access == P9_ACCESS_ANY)
		s->uid = make_kuid(&init_user_ns, s->dfltuid);
	s->trans = transport_find(w.trans);
	if (!s->trans) {
		pr_info("9p: there is no transport '%s'\n", w.trans);
		err = -EINVAL;
		goto out;
	}
	s->chan = s->trans->open(source, &max_msize);
	if (IS_ERR(s->chan)) {
		err = (int)PTR_ERR(s->chan);
		s->chan = NULL;
		pr_info("9p: %s channel '%s' %s\n", w.trans, source, err == -EBUSY ? "is mounted already" : "is not there");
		goto out;
	}
	err = p9_handshake(s, min(w.msize, max_msize));
	if (!err)
		return s;
out:
	session_free(s);
	return ERR_PTR(err);
}

/* --- super block --- */

static struct inode *p9_alloc_inode(struct super_block *sb)
{
	struct p9_inode *pi = kmem_cache_alloc(p9_inodes, GFP_KERNEL);

	if (!pi)
		return NULL;
	memset(pi, 0, sizeof(*pi));
	return &pi->vfs;
}

static void p9_free_inode(struct inode *inode)
{
	kmem_cache_free(p9_inodes, p9_i(inode));
}

static void p9_evict_inode(struct inode *inode)
{
	struct p9_inode *pi = p9_i(inode);

	truncate_all(&inode->data);
	p9_fid_put(pi->wb_fid);
	p9_fid_put(pi->fresh);
	pi->wb_fid = pi->fresh = NULL;
}

static bool p9_drop_inode(struct inode *inode)
{
	return inode->nlink == 0 || p9_ses(inode->sb)->cache != P9_CACHE_LOOSE;
}

/* The pages were written by the caller, and the server keeps the inode. */
static int p9_write_inode(struct inode *inode, bool wait)
{
	return 0;
}

static int p9_statfs_op(struct dentry *d, struct kstatfs *st)
{
	struct p9_fid *f = p9_fid_of(d);
	struct p9_statfs r;
	int err;

	if (IS_ERR(f))
		return (int)PTR_ERR(f);
	err = p9_statfs_call(f, &r);
	p9_fid_put(f);
	if (err)
		return err;
	st->type = r.type;
	st->bsize = r.bsize;
	st->blocks = r.blocks;
	st->bfree = r.bfree;
	st->bavail = r.bavail;
	st->files = r.files;
	st->ffree = r.ffree;
	st->fsid = r.fsid;
	st->namelen = r.namelen;
	return 0;
}

static void p9_show_options(struct seq_file *m, struct dentry *root)
{
	static const char *const caches[] = { NULL, "mmap", "loose" };
	static const char *const accesses[] = { "client", "user", "any" };
	struct p9_session *s = p9_ses(root->sb);

	if (s->dfltuid != ~0u - 1)
		seq_printf(m, ",dfltuid=%u", s->dfltuid);
	if (s->dfltgid != ~0u - 1)
		seq_printf(m, ",dfltgid=%u", s->dfltgid);
	if (!streq(s->uname, "nobody"))
		seq_printf(m, ",uname=%s", s->uname);
	if (*s->aname)
		seq_printf(m, ",aname=%s", s->aname);
	if (s->cache != P9_CACHE_NONE)
		seq_printf(m, ",cache=%s", caches[s->cache]);
	if (s->access == P9_ACCESS_SINGLE)
		seq_printf(m, ",access=%u", from_kuid(&init_user_ns, s->uid));
	else
		seq_printf(m, ",access=%s", accesses[s->access]);
	if (s->msize != MSIZE_DEFAULT)
		seq_printf(m, ",msize=%u", s->msize);
	seq_printf(m, ",trans=%s", s->trans->name);
}

static void p9_put_super(struct super_block *sb)
{
	struct p9_session *s = p9_ses(sb);

	if (s)
		session_free(s);
	sb->private = NULL;
}

static const struct super_ops p9_super_ops = {
	.alloc_inode = p9_alloc_inode, .free_inode = p9_free_inode, .evict_inode = p9_evict_inode,
	.drop_inode = p9_drop_inode, .write_inode = p9_write_inode, .statfs = p9_statfs_op,
	.put_super = p9_put_super, .show_options = p9_show_options,
};

/* The session is the super block's from here on, whatever comes. */
static int p9_fill(struct super_block *sb, struct p9_session *s)
{
	struct inode *root;
	struct p9_attr a;
	struct p9_fid *f;
	int err;

	sb->private = s;
	sb->ops = &p9_super_ops;
	sb->dops = s->cache == P9_CACHE_LOOSE ? &p9_loose_dops : &p9_dops;
	sb->magic = V9FS_MAGIC;
	f = p9_attach(s, s->access == P9_ACCESS_ANY || s->access == P9_ACCESS_SINGLE ? s->uid : current_fsuid(), s->uname);
	if (IS_ERR(f))
		return (int)PTR_ERR(f);
	err = p9_getattr(f, P9_ATTR_BASIC, &a);
	if (!err && (a.mode & S_IFMT) != S_IFDIR)
		err = -EIO;
	root = err ? ERR_PTR(err) : p9_inode_get(sb, &a);
	if (IS_ERR(root)) {
		p9_fid_put(f);
		return (int)PTR_ERR(root);
	}
	sb->root = dentry_make_root(root);
	if (!sb->root) {
		p9_fid_put(f);
		return -ENOMEM;
	}
	p9_fid_attach(sb->root, f);
	return 0;
}

static struct super_block *p9_mount(struct fs_type *t, u32 flags, const char *source, const char *options)
{
	struct p9_session *s;
	struct super_block *sb;
	int err;

	if (!source)
		return ERR_PTR(-EINVAL);
	s = session_open(source, options);
	if (IS_ERR(s))
		return ERR_CAST(s);
	sb = super_create(t, flags, NULL);
	if (IS_ERR(sb)) {
		session_free(s);
		return sb;
	}
	err = p9_fill(sb, s);
	super_activate(sb);
	if (err) {
		super_put_active(sb);
		return ERR_PTR(err);
	}
	return sb;
}

static struct fs_type p9_type = { .name = "9p", .mount = p9_mount };

static int p9_init(void)
{
	p9_inodes = kmem_cache_create("9p_inode_cache", sizeof(struct p9_inode), 64, SLAB_RECLAIMABLE, NULL);
	return p9_inodes ? fs_register(&p9_type) : -ENOMEM;
}
INITCALL_FS(p9_init);
