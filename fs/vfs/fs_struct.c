/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Root, working directory and umask of a task, shared by CLONE_FS. A walk under RCU reads the paths
 * by the sequence count and needs no reference.
 */
#include "internal.h"
#include <core/init.h>
#include <core/slab.h>
#include <kernel/syscall.h>

struct fs_struct init_fs = {
	.ref = REF_INIT(1),
	.lock = SPINLOCK_INIT(FS_STRUCT),
	.umask = 0022,
};

static struct kmem_cache *fs_cache;

struct fs_struct *fs_struct_copy(struct fs_struct *old)
{
	struct fs_struct *fs = kmem_cache_alloc(fs_cache, GFP_KERNEL);

	if (!fs)
		return NULL;
	ref_init(&fs->ref, 1);
	spin_lock_init(&fs->lock, FS_STRUCT);
	fs->seq.seq = 0;
	fs->in_exec = false;
	spin_lock(&old->lock);
	fs->umask = old->umask;
	fs->root = old->root;
	fs->pwd = old->pwd;
	if (fs->root.mnt) {
		path_get(&fs->root);
		path_get(&fs->pwd);
	}
	spin_unlock(&old->lock);
	return fs;
}

void fs_struct_put(struct fs_struct *fs)
{
	if (!fs || !ref_put(&fs->ref))
		return;
	if (fs->root.mnt) {
		path_put(&fs->root);
		path_put(&fs->pwd);
	}
	kmem_cache_free(fs_cache, fs);
}

void fs_get_root(struct fs_struct *fs, struct path *p)
{
	spin_lock(&fs->lock);
	*p = fs->root;
	path_get(p);
	spin_unlock(&fs->lock);
}

void fs_get_pwd(struct fs_struct *fs, struct path *p)
{
	spin_lock(&fs->lock);
	*p = fs->pwd;
	path_get(p);
	spin_unlock(&fs->lock);
}

static void fs_set(struct fs_struct *fs, struct path *where, const struct path *p)
{
	struct path old;

	path_get(p);
	spin_lock(&fs->lock);
	write_seqbegin(&fs->seq);
	old = *where;
	*where = *p;
	write_seqend(&fs->seq);
	spin_unlock(&fs->lock);
	if (old.mnt)
		path_put(&old);
}

void fs_set_root(struct fs_struct *fs, const struct path *p)
{
	fs_set(fs, &fs->root, p);
}

void fs_set_pwd(struct fs_struct *fs, const struct path *p)
{
	fs_set(fs, &fs->pwd, p);
}

/* One task's: what was replaced is counted, to be put later. */
static int fs_replace_one(struct fs_struct *fs, const struct path *from, const struct path *to)
{
	int puts = 0;

	spin_lock(&fs->lock);
	write_seqbegin(&fs->seq);
	if (path_equal(&fs->root, from)) {
		path_get(to);
		fs->root = *to;
		puts++;
	}
	if (path_equal(&fs->pwd, from)) {
		path_get(to);
		fs->pwd = *to;
		puts++;
	}
	write_seqend(&fs->seq);
	spin_unlock(&fs->lock);
	return puts;
}

/* Every task whose root or directory is `from` goes to `to` (pivot_root). */
void fs_replace_all(const struct path *from, const struct path *to)
{
	struct fs_struct *fs, *dead;
	struct task *t;
	int puts = 0;

	do {
		dead = NULL;
		spin_lock(&tasklist_lock);
		list_for_each_entry(t, &task_list, all_link) {
			spin_lock(&t->alloc_lock);
			fs = t->fs;
			if (fs)
				ref_get(&fs->ref);
			spin_unlock(&t->alloc_lock);
			if (!fs)
				continue;
			puts += fs_replace_one(fs, from, to);
			/* The task let go of it meanwhile: freeing sleeps, so leave the list first. */
			if (ref_read(&fs->ref) == 1) {
				dead = fs;
				break;
			}
			(void)!ref_put(&fs->ref);
		}
		spin_unlock(&tasklist_lock);
		fs_struct_put(dead);
	} while (dead);
	while (puts--)
		path_put(from);
}

long sys_umask(int mask)
{
	return (long)xchg(&current->fs->umask, (u32)mask & S_IRWXUGO);
}

static int fs_struct_init(void)
{
	fs_cache = kmem_cache_create("fs_cache", sizeof(struct fs_struct), 64, 0, NULL);
	if (!fs_cache)
		panic("no memory for fs_struct");
	return 0;
}
INITCALL_CORE(fs_struct_init);
