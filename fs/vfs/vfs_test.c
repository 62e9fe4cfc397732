/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Tests of the VFS on the root file system, before the first program: names and walks, the dentry cache,
 * descriptor tables, seq files. What user space sees is tested by test/user/fs.
 */
#include "internal.h"
#include <base/printf.h>
#include <core/ktest.h>
#include <core/rcu.h>
#include <fs/seq_file.h>
#include <fs/tmpfs.h>

#define BASE	"/vfs-test"

static int base_make(void)
{
	int err = kern_mkdir(BASE, 0755);

	return err == -EEXIST ? 0 : err;
}

static int touch(const char *path)
{
	struct file *f = file_open(path, O_RDWR | O_CREAT, 0644);

	if (IS_ERR(f))
		return (int)PTR_ERR(f);
	file_put_sync(f);
	return 0;
}

static int exists(const char *path)
{
	struct path p;
	int err = kern_path(path, 0, &p);

	if (!err)
		path_put(&p);
	return err;
}

/* --- names --- */

KTEST(vfs, hash_forms_agree)
{
	static const char text[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	struct path root;
	struct walk w;

	/* The walk hashes words at a time in its own buffers and bytes elsewhere: one name, one hash. */
	fs_get_root(current->fs, &root);
	for (u32 len = 1; len < 36; len++) {
		u32 want = dentry_hash_name(root.dentry, text, len);

		for (int padded = 0; padded < 2; padded++) {
			char buf[64] = { 0 };

			memcpy(buf, text, len);
			buf[len] = '/';
			memset(buf + len + 1, 'x', 8);
			KREQUIRE(walk_begin(&w, AT_FDCWD, buf, padded, 0, &root) == 0);
			/* fails at the missing directory, after the first component was hashed */
			KEXPECT_EQ(walk_components(&w, buf), -ENOENT);
			KEXPECT_EQ(w.last.len, len);
			KEXPECT_EQ(w.last.hash, want);
			walk_end(&w);
		}
	}
	path_put(&root);
}

KTEST(vfs, create_rename_unlink)
{
	struct path p;

	KREQUIRE(base_make() == 0);
	KEXPECT_EQ(touch(BASE "/a"), 0);
	KEXPECT_EQ(kern_link(BASE "/a", BASE "/b"), 0);
	KEXPECT_EQ(kern_path(BASE "/b", 0, &p), 0);
	KEXPECT_EQ(p.dentry->inode->nlink, 2);
	path_put(&p);
	KEXPECT_EQ(kern_unlink(BASE "/a"), 0);
	KEXPECT_EQ(exists(BASE "/a"), -ENOENT);
	KEXPECT_EQ(exists(BASE "/b"), 0);
	KEXPECT_EQ(kern_mkdir(BASE "/b", 0755), -EEXIST);
	KEXPECT_EQ(kern_unlink(BASE "/b"), 0);
	KEXPECT_EQ(exists(BASE "/b/c"), -ENOENT);
}

KTEST(vfs, links_are_followed)
{
	struct path p, q;

	KREQUIRE(base_make() == 0);
	KEXPECT_EQ(kern_mkdir(BASE "/d", 0755), 0);
	KEXPECT_EQ(touch(BASE "/d/f"), 0);
	KEXPECT_EQ(kern_symlink("d", BASE "/l1"), 0);
	KEXPECT_EQ(kern_symlink(BASE "/l1/", BASE "/l2"), 0);
	KEXPECT_EQ(kern_symlink("l2/../l2/f", BASE "/l3"), 0);
	KREQUIRE(kern_path(BASE "/d/f", 0, &p) == 0);
	/* ".." from the directory behind the link */
	KEXPECT_EQ(kern_path(BASE "/l3", LOOKUP_FOLLOW, &q), 0);
	KEXPECT(path_equal(&p, &q));
	path_put(&q);
	KEXPECT_EQ(kern_path(BASE "/l2/f", LOOKUP_FOLLOW, &q), 0);
	KEXPECT(path_equal(&p, &q));
	path_put(&q);
	path_put(&p);
	KEXPECT_EQ(kern_symlink("loop", BASE "/loop"), 0);
	KEXPECT_EQ(kern_path(BASE "/loop", LOOKUP_FOLLOW, &p), -ELOOP);
	KEXPECT_EQ(kern_unlink(BASE "/loop"), 0);
	KEXPECT_EQ(kern_unlink(BASE "/l3"), 0);
	KEXPECT_EQ(kern_unlink(BASE "/l2"), 0);
	KEXPECT_EQ(kern_unlink(BASE "/l1"), 0);
	KEXPECT_EQ(kern_unlink(BASE "/d/f"), 0);
	KEXPECT_EQ(kern_unlink(BASE "/d"), 0);
}

KTEST(vfs, path_text)
{
	char buf[64];
	struct path p;
	char *t;

	KREQUIRE(base_make() == 0);
	KREQUIRE(touch(BASE "/name") == 0);
	KREQUIRE(kern_path(BASE "/name", 0, &p) == 0);
	t = path_text_current(&p, buf, sizeof(buf));
	KREQUIRE(!IS_ERR(t));
	KEXPECT(streq(t, BASE "/name"));
	KEXPECT_EQ(PTR_ERR(path_text_current(&p, buf, 8)), -ENAMETOOLONG);
	KEXPECT_EQ(kern_unlink(BASE "/name"), 0);
	t = path_text_current(&p, buf, sizeof(buf));
	KREQUIRE(!IS_ERR(t));
	KEXPECT(streq(t, BASE "/name (deleted)"));
	path_put(&p);
}

/* --- the dentry cache --- */

KTEST(vfs, negative_names_are_cached_and_given_back)
{
	struct dentry *d;
	struct path p;
	struct qstr q;

	KREQUIRE(base_make() == 0);
	KEXPECT_EQ(exists(BASE "/nothing"), -ENOENT);
	KREQUIRE(kern_path(BASE, 0, &p) == 0);
	dentry_init_name(&q, "nothing", 7, p.dentry);
	d = dentry_lookup(p.dentry, &q);
	KEXPECT(d != NULL);
	if (d) {
		KEXPECT(dentry_negative(d));
		dentry_put(d);
	}
	(void)dentry_shrink_sb(p.dentry->sb);
	d = dentry_lookup(p.dentry, &q);
	KEXPECT(d == NULL);
	path_put(&p);
}

KTEST(vfs, long_names_survive_renames)
{
	char path[300], name[256];
	struct path dir, p;
	struct dentry *d;
	struct qstr q;

	KREQUIRE(base_make() == 0);
	memset(name, 'n', 255);
	name[255] = 0;
	snprintf(path, sizeof(path), BASE "/%s", name);
	KREQUIRE(touch(path) == 0);
	KEXPECT_EQ(exists(path), 0);
	/* by the cache's own steps: the long name is given to a short one and back */
	KREQUIRE(kern_path(BASE, 0, &dir) == 0);
	KREQUIRE(kern_path(path, 0, &p) == 0);
	dentry_init_name(&q, "short", 5, dir.dentry);
	inode_lock(dir.dentry->inode);
	d = dentry_lookup_locked(dir.dentry, &q, 0);
	if (!IS_ERR(d)) {
		KEXPECT_EQ(vfs_rename(dir.dentry->inode, p.dentry, dir.dentry->inode, d, 0), 0);
		dentry_put(d);
	}
	inode_unlock(dir.dentry->inode);
	path_put(&p);
	path_put(&dir);
	KEXPECT_EQ(exists(path), -ENOENT);
	KEXPECT_EQ(exists(BASE "/short"), 0);
	KEXPECT_EQ(kern_unlink(BASE "/short"), 0);
	path[strlen(path) + 1] = 0;
	path[strlen(path)] = 'x';
	KEXPECT_EQ(touch(path), -ENAMETOOLONG);
}

/* --- descriptors --- */

KTEST(vfs, descriptor_table)
{
	struct files *old = current->files, *fs = files_create();
	struct file *f;
	int fd[100];

	KREQUIRE(!IS_ERR(fs));
	f = tmpfs_file_create("fd-test", 0, 0);
	KREQUIRE(!IS_ERR(f));
	current->files = fs;
	/* lowest first, past the first table's 64 */
	for (int i = 0; i < 100; i++) {
		fd[i] = fd_alloc(i & 1 ? O_CLOEXEC : 0);
		KEXPECT_EQ(fd[i], i);
		file_get(f);
		fd_install(fd[i], f);
	}
	KEXPECT_EQ(fd_close(50), 0);
	KEXPECT_EQ(fd_close(50), -EBADF);
	KEXPECT_EQ(fd_close(7), 0);
	KEXPECT_EQ(fd_alloc(0), 7);
	KEXPECT_EQ(fd_alloc_from(20, 0), 50);
	fd_release(50);
	fd_release(7);
	KEXPECT(fd_cloexec(9) && !fd_cloexec(10));
	KEXPECT(fdget(100).file == NULL && fdget(-1).file == NULL);
	KEXPECT_EQ(atomic64_read(&f->ref), 99);
	KEXPECT_EQ(files_unshare_exec(), 0);
	KEXPECT_EQ(atomic64_read(&f->ref), 1 + 49);
	current->files = old;
	files_put(fs);
	KEXPECT_EQ(atomic64_read(&f->ref), 1);
	file_put_sync(f);
}

/* --- file data --- */

KTEST(vfs, holes_and_limits_of_memory_files)
{
	struct file *f = tmpfs_file_create("hole-test", 0, 0);
	char buf[16];
	loff_t pos = 3 * PAGE_SIZE + 5;

	KREQUIRE(!IS_ERR(f));
	KEXPECT_EQ(kernel_write(f, "hello", 5, &pos), 5);
	KEXPECT_EQ(inode_size(f->inode), 3 * PAGE_SIZE + 10);
	KEXPECT_EQ(f->mapping->nr_pages, 1);
	pos = PAGE_SIZE - 4;
	memset(buf, 'x', sizeof(buf));
	KEXPECT_EQ(kernel_read(f, buf, 8, &pos), 8);
	KEXPECT(memcmp(buf, "\0\0\0\0\0\0\0\0", 8) == 0);
	KEXPECT_EQ(f->mapping->nr_pages, 1);
	KEXPECT_EQ(f->ops->llseek(f, 0, SEEK_DATA), 3 * PAGE_SIZE);
	KEXPECT_EQ(f->ops->llseek(f, 3 * PAGE_SIZE, SEEK_HOLE), 3 * PAGE_SIZE + 10);
	file_put_sync(f);
}

static int show_numbers(struct seq_file *s, void *v)
{
	for (int i = 0; i < 5000; i++)
		seq_printf(s, "%d\n", i);
	return 0;
}

static int numbers_open(struct file *f, struct inode *inode)
{
	return seq_open_single(f, show_numbers, NULL);
}

KTEST(vfs, seq_file_grows_and_seeks)
{
	static const struct file_ops ops = {
		.open = numbers_open, .read_iter = seq_read_iter, .llseek = seq_llseek, .release = seq_release,
	};
	struct file *f = file_anon("numbers", &ops, NULL, O_RDONLY);
	char buf[8] = "";
	loff_t pos = 0;
	size_t total = 0;
	char *big = kmalloc(1000, GFP_KERNEL);
	ssize_t n;

	KREQUIRE(!IS_ERR(f) && big);
	KREQUIRE(numbers_open(f, f->inode) == 0);
	while ((n = kernel_read(f, big, 1000, &pos)) > 0)
		total += (size_t)n;
	KEXPECT_EQ(total, 10 * 2 + 90 * 3 + 900 * 4 + 4000 * 5);
	pos = 20;				/* after the ten one-digit numbers */
	KEXPECT_EQ(kernel_read(f, buf, 6, &pos), 6);
	KEXPECT(memcmp(buf, "10\n11\n", 6) == 0);
	kfree(big);
	file_put_sync(f);
}
