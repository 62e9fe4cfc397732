/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Open files: allocation, the last put, files without a path of their own.
 *
 * struct file memory is type-stable under RCU (SLAB_TYPESAFE_RCU): fget() may look at a file that was
 * freed and given out again, raise its count only if that is not zero, and then checks that the
 * descriptor still names it. The last put closes: at once in file_put_sync(), else as task work on
 * the way to user space, or by a worker for kernel threads and tasks that exit.
 */
#include "internal.h"
#include <base/math.h>
#include <core/init.h>
#include <core/page.h>
#include <core/percpu.h>
#include <core/slab.h>
#include <core/work.h>
#include <core/printk.h>
#include <fs/poll.h>
#include <base/printf.h>
#include <uapi/linux/magic.h>

static_assert(sizeof(((struct file *)0)->put_work) == sizeof(struct task_work), "room for the put's task work");

u64 files_max;					/* /proc/sys/fs/file-max */
static struct percpu_counter nr_files;
static struct kmem_cache *file_cache;
static struct file *delayed_puts;		/* [a] pushed by cmpxchg; through put_work.next */

u64 files_open_count(void)
{
	s64 n = percpu_counter_sum(&nr_files);

	return n < 0 ? 0 : (u64)n;
}

static void file_ctor(void *p)
{
	struct file *f = p;

	memset(f, 0, sizeof(*f));
	mutex_init(&f->pos_lock, FILE_POS);
	spin_lock_init(&f->lock, OBJECT);
	list_init(&f->epoll_links);
}

static DEFINE_PERCPU(u32, file_check);		/* [o] allocations since the limit was last looked at */

/* The sum is dear: look now and then; the limit is for emergencies. */
static bool too_many_files(void)
{
	this_cpu_inc(file_check);
	if (likely(this_cpu_read(file_check) & 63))
		return false;
	return files_open_count() >= READ_ONCE(files_max) && !capable(CAP_SYS_ADMIN);
}

struct file *file_alloc_empty(u32 oflags)
{
	struct file *f;

	if (unlikely(too_many_files())) {
		pr_warn_once("fs: file-max limit %llu reached\n", (unsigned long long)files_max);
		return ERR_PTR(-ENFILE);
	}
	f = kmem_cache_alloc(file_cache, GFP_KERNEL);
	if (!f)
		return ERR_PTR(-ENOMEM);
	f->mode = 0;
	f->flags = oflags;
	f->ops = NULL;
	f->path.mnt = NULL;
	f->path.dentry = NULL;
	f->inode = NULL;
	f->mapping = NULL;
	f->pos = 0;
	f->private = NULL;
	f->cred = cred_get(current_cred());
	memset(&f->owner, 0, sizeof(f->owner));
	f->wb_err = f->sb_err = 0;
	memset(&f->ra, 0, sizeof(f->ra));
	atomic64_set_release(&f->ref, 1);
	percpu_counter_add(&nr_files, 1);
	return f;
}

static void file_free(struct file *f)
{
	cred_put(f->cred);
	if (f->owner.pid)
		pid_put(f->owner.pid);
	percpu_counter_add(&nr_files, -1);
	kmem_cache_free(file_cache, f);
}

void file_free_empty(struct file *f)
{
	atomic64_set(&f->ref, 0);
	if (f->path.mnt)
		path_put(&f->path);
	file_free(f);
}

/* f->path, inode and ops are set: what reading and writing need follows from them. */
static void file_set_modes(struct file *f)
{
	if ((f->mode & FMODE_READ) && f->ops->read_iter)
		f->mode |= FMODE_PREAD;
	if ((f->mode & FMODE_WRITE) && f->ops->write_iter)
		f->mode |= FMODE_PWRITE;
	if (f->ops->llseek)
		f->mode |= FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE;
	if (!f->ops->llseek)
		f->mode &= ~(FMODE_PREAD | FMODE_PWRITE);
}

static u32 mode_of_flags(u32 oflags)
{
	u32 acc = oflags & O_ACCMODE;

	/* 3 asks for the right to both and gives neither: only ioctl works (open(2)) */
	static const u32 modes[] = { FMODE_READ, FMODE_WRITE, FMODE_READ | FMODE_WRITE, 0 };

	return modes[acc];
}

struct file *file_alloc(const struct path *p, u32 oflags, const struct file_ops *ops)
{
	struct file *f = file_alloc_empty(oflags);

	if (IS_ERR(f))
		return f;
	path_get(p);
	f->path = *p;
	f->inode = p->dentry->inode;
	f->mapping = f->inode->mapping;
	f->ops = ops;
	f->mode = mode_of_flags(oflags) | FMODE_OPENED;
	file_set_modes(f);
	return f;
}

/* Take write access on inode and mount for a regular file or directory opened for writing. */
static int file_get_writer(struct file *f, struct inode *inode)
{
	umode_t fmt = inode->mode & S_IFMT;
	int err;

	if (fmt != S_IFREG && fmt != S_IFDIR && fmt != S_IFLNK)
		return 0;
	err = get_write_access(inode);
	if (err)
		return err;
	err = mount_get_writer(f->path.mnt);
	if (err) {
		put_write_access(inode);
		return err;
	}
	f->mode |= FMODE_WRITER;
	return 0;
}

static const struct file_ops path_fops;		/* O_PATH: nothing works on it */

int file_do_open(struct file *f, struct inode *inode)
{
	umode_t fmt = inode->mode & S_IFMT;
	int err;

	f->inode = inode;
	f->mapping = inode->mapping;
	/* A block device wants to know of O_EXCL, a terminal of O_NOCTTY. */
	f->flags &= ~(O_CREAT | O_TRUNC | O_CLOEXEC | (fmt == S_IFBLK ? 0 : O_EXCL));
	if (unlikely(f->flags & O_PATH)) {
		f->flags &= ~O_NOCTTY;
		f->mode |= FMODE_PATH | FMODE_OPENED;
		f->ops = &path_fops;
		return 0;
	}
	f->mode |= mode_of_flags(f->flags);
	if (f->mode & FMODE_WRITE) {
		err = file_get_writer(f, inode);
		if (err)
			return err;
	}
	if (fmt == S_IFREG || fmt == S_IFDIR)
		f->mode |= FMODE_ATOMIC_POS;
	f->wb_err = mapping_error_sample(f->mapping);
	f->sb_err = errseq_sample(&f->inode->sb->wb_err);
	f->ops = inode->fops;
	file_set_modes(f);
	f->mode |= FMODE_OPENED;
	if (f->ops->open) {
		err = f->ops->open(f, inode);
		if (err) {
			f->mode &= ~FMODE_OPENED;
			if (f->mode & FMODE_WRITER) {
				put_write_access(inode);
				mount_put_writer(f->path.mnt);
			}
			return err;
		}
	}
	f->flags &= ~O_NOCTTY;
	if ((f->flags & O_DIRECT) && !(f->mapping->ops && f->mapping->ops->direct_io)) {
		f->flags &= ~O_DIRECT;
		if (fmt == S_IFREG || fmt == S_IFBLK)
			return -EINVAL;		/* the caller closes it */
	}
	if (atomic_read(&notify_watches) && !(f->mode & FMODE_NONOTIFY))
		notify_dentry(f->path.dentry, IN_OPEN);
	return 0;
}

void file_replace_ops(struct file *f, const struct file_ops *ops)
{
	f->ops = ops;
	f->mode &= ~(FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE);
	file_set_modes(f);
}

int nonseekable_open(struct file *f)
{
	f->mode &= ~(FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE);
	return 0;
}

int stream_open(struct file *f)
{
	f->mode &= ~(FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE | FMODE_ATOMIC_POS);
	f->mode |= FMODE_STREAM;
	return 0;
}

/* --- the last put --- */

static void file_close(struct file *f)
{
	struct inode *inode = f->inode;

	might_sleep();
	if (likely(f->mode & FMODE_OPENED)) {
		if (atomic_read(&notify_watches) && !(f->mode & (FMODE_PATH | FMODE_NONOTIFY)))
			notify_dentry(f->path.dentry, f->mode & FMODE_WRITE ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE);
		if (unlikely(!list_empty(&f->epoll_links)))
			epoll_release_file(f);
		if (unlikely(READ_ONCE(inode->locks) != NULL))
			locks_remove_file(f);
		if (unlikely(f->flags & FASYNC) && f->ops->fasync)
			f->ops->fasync(f, -1, false);
		if (f->ops->release)
			f->ops->release(f, inode);
		if (f->mode & FMODE_WRITER) {
			put_write_access(inode);
			mount_put_writer(f->path.mnt);
		}
	}
	if (unlikely(f->mode & FMODE_UNMOUNT))
		mount_dissolve(f->path.mnt);
	if (f->path.mnt)
		path_put(&f->path);
	file_free(f);
}

void file_put_sync(struct file *f)
{
	if (atomic64_dec_and_test(&f->ref))
		file_close(f);
}

static void put_work_fn(struct task_work *w)
{
	file_close(container_of((void *)w, struct file, put_work));
}

static void delayed_fn(struct work *w)
{
	struct file *f = xchg(&delayed_puts, NULL), *next;

	for (; f; f = next) {
		next = f->put_work.next;
		file_close(f);
	}
}

static struct work delayed_work_item;

static __noinline void file_put_last(struct file *f)
{
	struct task_work *tw = (struct task_work *)&f->put_work;
	struct file *head;

	if (!in_irq() && !(current->flags & PF_KTHREAD)) {
		tw->fn = put_work_fn;
		if (task_work_add(current, tw) == 0)
			return;
	}
	head = READ_ONCE(delayed_puts);
	do {
		f->put_work.next = head;
	} while (!try_cmpxchg(&delayed_puts, &head, f));
	work_queue(system_wq, &delayed_work_item);
}

void file_put(struct file *f)
{
	if (atomic64_dec_and_test(&f->ref))
		file_put_last(f);
}

/* --- nameless files --- */

static struct mount *anon_mount;
static struct inode *anon_inode;		/* the one that eventfd, epoll and the like share */

static int anon_dname(struct dentry *d, char *buf, size_t size)
{
	return snprintf(buf, size, "anon_inode:%s", d->name.name);
}

static const struct dentry_ops anon_dops = { .dname = anon_dname };
static const struct inode_ops anon_iops;

static struct super_block *anon_mount_fn(struct fs_type *t, u32 flags, const char *source, const char *options)
{
	static const struct super_ops ops = { .statfs = simple_statfs };

	return super_pseudo(t, ANON_INODE_FS_MAGIC, &ops, &anon_dops);
}

static struct fs_type anon_fs = { .name = "anon_inodefs", .flags = FS_NOMOUNT, .mount = anon_mount_fn };

struct file *file_anon(const char *name, const struct file_ops *ops, void *private, u32 oflags)
{
	struct path p = { .mnt = anon_mount };
	struct file *f;

	p.dentry = dentry_alloc_pseudo(anon_mount->sb, name, &anon_dops);
	if (!p.dentry)
		return ERR_PTR(-ENOMEM);
	inode_get(anon_inode);
	dentry_instantiate(p.dentry, anon_inode);
	f = file_alloc(&p, oflags & ~(u32)O_CLOEXEC, ops);
	dentry_put(p.dentry);
	if (!IS_ERR(f))
		f->private = private;
	return f;
}

static int anon_init(void)
{
	anon_mount = kern_mount(&anon_fs);
	if (IS_ERR(anon_mount))
		return (int)PTR_ERR(anon_mount);
	anon_inode = inode_new(anon_mount->sb);
	if (!anon_inode)
		return -ENOMEM;
	anon_inode->mode = S_IRUSR | S_IWUSR;
	anon_inode->flags |= S_PRIVATE;
	anon_inode->ops = &anon_iops;
	return 0;
}
INITCALL_VFS(anon_init);

static int file_cache_init(void)
{
	file_cache = kmem_cache_create("filp", sizeof(struct file), 64, SLAB_TYPESAFE_RCU, file_ctor);
	if (!file_cache || percpu_counter_init(&nr_files))
		panic("no memory for files");
	/* A tenth of memory at 1 KiB a file, as Linux counts it. */
	files_max = max_t(u64, mem_total_pages() * 4 / 10, 8192);
	work_init(&delayed_work_item, delayed_fn);
	return 0;
}
INITCALL_CORE(file_cache_init);
