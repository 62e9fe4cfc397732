/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Mount namespaces: the first one with its root file system, copies for CLONE_NEWNS, and the text of
 * /proc/PID/{mounts,mountinfo,mountstats}.
 */
#include "internal.h"
#include <core/init.h>
#include <fs/seq_file.h>
#include <kernel/ns.h>

#define MNT_NS_INIT_INO	0xf0000000u

static struct mnt_ns first_ns = {
	.ref = REF_INIT(1),
	.mounts = LIST_HEAD_INIT(first_ns.mounts),
	.inum = MNT_NS_INIT_INO,
};
struct mnt_ns *init_mnt_ns = &first_ns;
static u64 next_inum = MNT_NS_INIT_INO + 1;	/* [namespace_sem] */
static u64 event_counter;			/* [mount_lock] */
DEFINE_WAIT_QUEUE(mnt_ns_wait);			/* poll on mounts files of any namespace */

void mnt_ns_touch(struct mnt_ns *ns)
{
	if (!ns)
		return;
	WRITE_ONCE(ns->seq, ++event_counter);
	wake_up_all(&mnt_ns_wait);
}

struct mnt_ns *mnt_ns_copy(struct mnt_ns *old, struct fs_struct *fs)
{
	struct mnt_ns *ns = kzalloc(sizeof(*ns), GFP_KERNEL);
	struct mount *top, *p, *q;
	struct path put[2];
	int nr_put = 0;

	if (!ns)
		return ERR_PTR(-ENOMEM);
	ref_init(&ns->ref, 1);
	list_init(&ns->mounts);
	down_write(&namespace_sem);
	ns->inum = next_inum++;
	top = mount_copy_tree(old->root, old->root->root, CLONE_COPY_UNBINDABLE);
	if (IS_ERR(top)) {
		up_write(&namespace_sem);
		kfree(ns);
		return ERR_CAST(top);
	}
	ns->root = top;
	mount_tree_lock();
	mount_set_ns(top, ns);
	mount_tree_unlock();
	/* Root and directory move to the copies of the mounts they are in. */
	for (p = old->root, q = top; p && q; p = mount_next(p, old->root), q = mount_next(q, top)) {
		if (!fs)
			break;
		spin_lock(&fs->lock);
		write_seqbegin(&fs->seq);
		if (fs->root.mnt == p) {
			put[nr_put].mnt = p;
			nr_put++;
			mount_get(q);
			fs->root.mnt = q;
		}
		if (fs->pwd.mnt == p) {
			put[nr_put].mnt = p;
			nr_put++;
			mount_get(q);
			fs->pwd.mnt = q;
		}
		write_seqend(&fs->seq);
		spin_unlock(&fs->lock);
		if (nr_put == 2)
			break;
	}
	up_write(&namespace_sem);
	while (nr_put--)
		mount_put(put[nr_put].mnt);
	return ns;
}

void mnt_ns_put(struct mnt_ns *ns)
{
	LIST_HEAD(gone);

	if (!ns || !ref_put(&ns->ref))
		return;
	down_write(&namespace_sem);
	mount_tree_umount(ns->root, 0, &gone);
	up_write(&namespace_sem);
	mount_put_list(&gone);
	kfree(ns);
}

/* rootfs: a tmpfs that is there before anything else, with / of the first task. */
void mount_init_root(void)
{
	struct fs_type *t = fs_type_find("rootfs");
	struct super_block *sb;
	struct mount *m;
	struct path p;

	if (first_ns.root)
		return;
	sb = t ? t->mount(t, 0, "rootfs", NULL) : ERR_PTR(-ENODEV);
	if (IS_ERR(sb))
		panic("no root file system: error %ld", PTR_ERR(sb));
	m = mount_alloc(sb, sb->root, "none");
	if (!m)
		panic("no memory for the root mount");
	down_write(&namespace_sem);
	first_ns.root = m;
	mount_tree_lock();
	mount_set_ns(m, &first_ns);
	mount_tree_unlock();
	up_write(&namespace_sem);
	p.mnt = m;
	p.dentry = m->root;
	fs_set_root(&init_fs, &p);
	fs_set_pwd(&init_fs, &p);
	init_nsproxy.mnt = &first_ns;
}

static int root_init(void)
{
	mount_init_root();
	return 0;
}
INITCALL_VFS(root_init);

/* --- text --- */

static void show_flags(struct seq_file *s, u32 f)
{
	static const struct { u32 flag; const char *text; } names[] = {
		{ MNT_NOSUID, ",nosuid" }, { MNT_NODEV, ",nodev" }, { MNT_NOEXEC, ",noexec" },
		{ MNT_NOATIME, ",noatime" }, { MNT_NODIRATIME, ",nodiratime" }, { MNT_RELATIME, ",relatime" },
		{ MNT_NOSYMFOLLOW, ",nosymfollow" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (f & names[i].flag)
			seq_puts(s, names[i].text);
}

static void show_sb_flags(struct seq_file *s, u32 f)
{
	if (f & SB_SYNCHRONOUS)
		seq_puts(s, ",sync");
	if (f & SB_DIRSYNC)
		seq_puts(s, ",dirsync");
	if (f & SB_MANDLOCK)
		seq_puts(s, ",mand");
}

static void show_sb_options(struct seq_file *s, struct mount *m)
{
	show_sb_flags(s, m->sb->flags);
	if (SOP(m->sb, show_options))
		m->sb->ops->show_options(s, m->root);
}

static void show_mounts_line(struct seq_file *s, struct mount *m, const struct path *root)
{
	struct path p = { m, m->root };

	seq_escape(s, m->source ? m->source : "none", " \t\n\\#");
	seq_putc(s, ' ');
	seq_path(s, &p, root);
	seq_putc(s, ' ');
	seq_escape(s, m->sb->type->name, " \t\n\\#");
	seq_puts(s, mount_readonly(m) ? " ro" : " rw");
	show_sb_flags(s, m->sb->flags);
	show_flags(s, m->flags);
	if (SOP(m->sb, show_options))
		m->sb->ops->show_options(s, m->root);
	seq_puts(s, " 0 0\n");
}

static void show_mountinfo_line(struct seq_file *s, struct mount *m, const struct path *root)
{
	struct path p = { m, m->root };
	char *buf = kmalloc(PATH_MAX, GFP_KERNEL), *text;
	int dom;

	seq_printf(s, "%d %d %u:%u ", m->id, m->parent->id, dev_major(m->sb->dev), dev_minor(m->sb->dev));
	text = buf ? dentry_text(m->root, buf, PATH_MAX) : ERR_PTR(-ENOMEM);
	seq_escape(s, IS_ERR(text) ? "?" : text, " \t\n\\");
	kfree(buf);
	seq_putc(s, ' ');
	seq_path(s, &p, root);
	seq_puts(s, m->flags & MNT_READONLY ? " ro" : " rw");
	show_flags(s, m->flags);
	if (mount_is_shared(m))
		seq_printf(s, " shared:%d", m->group_id);
	if (m->master) {
		seq_printf(s, " master:%d", m->master->group_id);
		dom = mount_group_dominating(m, root);
		if (dom && dom != m->master->group_id)
			seq_printf(s, " propagate_from:%d", dom);
	}
	if (m->flags & MNT_UNBINDABLE)
		seq_puts(s, " unbindable");
	seq_puts(s, " - ");
	seq_escape(s, m->sb->type->name, " \t\n\\#");
	seq_putc(s, ' ');
	seq_escape(s, m->source ? m->source : "none", " \t\n\\");
	seq_puts(s, m->sb->flags & SB_RDONLY ? " ro" : " rw");
	show_sb_options(s, m);
	seq_putc(s, '\n');
}

static void show_mountstats_line(struct seq_file *s, struct mount *m, const struct path *root)
{
	struct path p = { m, m->root };

	seq_puts(s, m->source ? "device " : "no device");
	if (m->source)
		seq_escape(s, m->source, " \t\n\\#");
	seq_puts(s, " mounted on ");
	seq_path(s, &p, root);
	seq_puts(s, " with fstype ");
	seq_escape(s, m->sb->type->name, " \t\n\\#");
	seq_putc(s, '\n');
}

/* Does the reader see this mount from its root? */
static bool visible(struct mount *m, const struct path *root)
{
	struct dentry *d = m->root;

	while (m != root->mnt && m->parent != m) {
		d = m->mountpoint;
		m = m->parent;
	}
	return m == root->mnt && dentry_is_ancestor(root->dentry, d);
}

/* which: 0 mounts, 1 mountinfo, 2 mountstats. */
void mounts_show(struct seq_file *s, struct mnt_ns *ns, const struct path *root, int which)
{
	struct mount *m;

	down_read(&namespace_sem);
	list_for_each_entry(m, &ns->mounts, ns_link) {
		if (!visible(m, root))
			continue;
		if (which == 0)
			show_mounts_line(s, m, root);
		else if (which == 1)
			show_mountinfo_line(s, m, root);
		else
			show_mountstats_line(s, m, root);
	}
	up_read(&namespace_sem);
}
