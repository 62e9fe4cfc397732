/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Descriptor tables. A table is an array of file pointers with two bitmaps (open, close-on-exec) in
 * one allocation; it grows by being replaced, and the old one is freed by RCU. Readers look under
 * RCU and take a reference; fdget() needs none while the table belongs to one task only, because
 * then nobody else can take the descriptor away.
 *
 * files->lock guards changes. A reserved descriptor has its open bit set and a NULL pointer.
 */
#include "internal.h"
#include <base/math.h>
#include <core/init.h>
#include <core/page.h>
#include <core/slab.h>
#include <kernel/syscall.h>
#include <uapi/linux/close_range.h>
#include <uapi/linux/resource.h>

#define FDTABLE_MIN	64u
#define FD_HARD_MAX	(1u << 20)		/* sysctl fs.nr_open */

u32 sysctl_nr_open = FD_HARD_MAX;
static struct kmem_cache *files_cache, *small_tables;

static size_t table_bytes(u32 max)
{
	return sizeof(struct fdtable) + max * sizeof(struct file *) + 2 * (max / 8);
}

static struct fdtable *table_alloc(u32 max)
{
	size_t size = table_bytes(max);
	struct fdtable *t = max == FDTABLE_MIN ? kmem_cache_alloc(small_tables, GFP_KERNEL) :
						 kvmalloc(size, GFP_KERNEL);

	if (!t)
		return NULL;
	t->max = max;
	t->fd = (struct file **)(t + 1);
	t->open = (unsigned long *)(t->fd + max);
	t->cloexec = t->open + max / 64;
	return t;
}

static void table_free(struct fdtable *t)
{
	if (t->max == FDTABLE_MIN)
		kmem_cache_free(small_tables, t);
	else
		kvfree(t);
}

static void table_free_rcu(struct rcu_head *head)
{
	table_free(container_of(head, struct fdtable, rcu));
}

/* Copy what is below `n` (a multiple of 64), clear the rest. */
static void table_copy(struct fdtable *dst, const struct fdtable *src, u32 n)
{
	memcpy(dst->fd, src->fd, n * sizeof(struct file *));
	memcpy(dst->open, src->open, n / 8);
	memcpy(dst->cloexec, src->cloexec, n / 8);
	memset(dst->fd + n, 0, (dst->max - n) * sizeof(struct file *));
	memset(dst->open + n / 64, 0, (dst->max - n) / 8);
	memset(dst->cloexec + n / 64, 0, (dst->max - n) / 8);
}

/* Lock held on entry and return, dropped meanwhile: make room for descriptor nr. 0, -ENOMEM. */
static int table_grow(struct files *fs, u32 nr)
{
	struct fdtable *t, *old;
	u32 max = (u32)max_t(u64, roundup_pow2((u64)nr + 1), FDTABLE_MIN * 4);

	spin_unlock(&fs->lock);
	t = table_alloc(max);
	spin_lock(&fs->lock);
	if (!t)
		return -ENOMEM;
	old = fs->table;
	if (old->max > nr) {			/* somebody else was faster */
		table_free(t);
		return 0;
	}
	table_copy(t, old, old->max);
	rcu_assign_pointer(fs->table, t);
	call_rcu(&old->rcu, table_free_rcu);
	return 0;
}

/* --- life --- */

struct files *files_create(void)
{
	struct files *fs = kmem_cache_alloc(files_cache, GFP_KERNEL);

	if (!fs)
		return ERR_PTR(-ENOMEM);
	ref_init(&fs->ref, 1);
	spin_lock_init(&fs->lock, FDTABLE);
	fs->next_fd = 0;
	fs->table = table_alloc(FDTABLE_MIN);
	if (!fs->table) {
		kmem_cache_free(files_cache, fs);
		return ERR_PTR(-ENOMEM);
	}
	memset(fs->table->fd, 0, table_bytes(FDTABLE_MIN) - sizeof(struct fdtable));
	return fs;
}

/* Descriptors in use below max, rounded up to words. Lock held. */
static u32 table_used(const struct fdtable *t, u32 max)
{
	u32 words = min(t->max, ALIGN_UP(max, 64u)) / 64;

	if (max > t->max)
		words = t->max / 64;
	while (words > 0 && t->open[words - 1] == 0)
		words--;
	return words * 64;
}

struct files *files_copy(struct files *old, u32 max_fd)
{
	struct files *fs = kmem_cache_alloc(files_cache, GFP_KERNEL);
	struct fdtable *t = NULL, *src;
	u32 used;

	if (!fs)
		return ERR_PTR(-ENOMEM);
	ref_init(&fs->ref, 1);
	spin_lock_init(&fs->lock, FDTABLE);
	spin_lock(&old->lock);
	for (;;) {
		u32 want;

		src = old->table;
		used = table_used(src, max_fd);
		want = max(used, FDTABLE_MIN);
		if (t && t->max >= want)
			break;
		spin_unlock(&old->lock);
		if (t)
			table_free(t);
		t = table_alloc((u32)roundup_pow2(want));
		if (!t) {
			kmem_cache_free(files_cache, fs);
			return ERR_PTR(-ENOMEM);
		}
		spin_lock(&old->lock);
	}
	table_copy(t, src, used);
	fs->next_fd = min(old->next_fd, used);
	for (u32 w = 0; w < used / 64; w++) {
		unsigned long bits = t->open[w];

		while (bits) {
			u32 fd = w * 64 + (u32)__builtin_ctzl(bits);
			struct file *f = t->fd[fd];

			bits &= bits - 1;
			if (f && fd < max_fd) {
				file_get(f);
				continue;
			}
			/* reserved by an open under way in another thread, or beyond the bound */
			t->fd[fd] = NULL;
			bitmap_clear_bit(t->open, fd);
			fs->next_fd = min(fs->next_fd, fd);
		}
	}
	spin_unlock(&old->lock);
	fs->table = t;
	return fs;
}

static int filp_close(struct file *f, struct files *fs)
{
	int err = 0;

	if (f->ops->flush)
		err = f->ops->flush(f);
	if (unlikely(READ_ONCE(f->inode->locks) != NULL) && !(f->mode & FMODE_PATH))
		locks_remove_posix(f, fs);
	if (unlikely(READ_ONCE(f->inode->notify) != NULL) && !(f->mode & FMODE_PATH))
		dnotify_flush(f, fs);
	file_put_sync(f);
	return err;
}

void files_put(struct files *fs)
{
	struct fdtable *t;

	if (!fs || !ref_put(&fs->ref))
		return;
	t = fs->table;
	for (u32 w = 0; w < t->max / 64; w++) {
		unsigned long bits = t->open[w];

		while (bits) {
			u32 fd = w * 64 + (u32)__builtin_ctzl(bits);
			struct file *f = t->fd[fd];

			bits &= bits - 1;
			if (f) {
				/* procfs may still look through a reference it took on the task's table */
				WRITE_ONCE(t->fd[fd], NULL);
				filp_close(f, fs);
				cond_resched();
			}
		}
	}
	call_rcu(&t->rcu, table_free_rcu);
	kmem_cache_free(files_cache, fs);
}

/* --- look-up --- */

static struct file *fget_files(struct files *fs, int fd, u32 without)
{
	struct file *f;

	rcu_read_lock();
	for (;;) {
		f = fdtable_slot(rcu_dereference(fs->table), (unsigned int)fd);
		if (!f || (f->mode & without)) {
			f = NULL;
			break;
		}
		if (likely(atomic64_inc_not_zero(&f->ref))) {
			/* The memory may have become another file meanwhile. */
			if (likely(fdtable_slot(rcu_dereference(fs->table), (unsigned int)fd) == f) &&
			    likely(!(f->mode & without)))
				break;
			rcu_read_unlock();
			file_put(f);
			rcu_read_lock();
		}
	}
	rcu_read_unlock();
	return f;
}

struct file *fget(int fd)
{
	return fget_files(current->files, fd, FMODE_PATH);
}

struct file *fget_raw(int fd)
{
	return fget_files(current->files, fd, 0);
}

struct file *fget_task(struct task *t, int fd)
{
	struct file *f = NULL;

	spin_lock(&t->alloc_lock);
	if (t->files)
		f = fget_files(t->files, fd, 0);
	spin_unlock(&t->alloc_lock);
	return f;
}

static inline struct fd fdget_mode(int fd, u32 without)
{
	struct files *fs = current->files;
	struct fd r = { NULL, false, false };

	if (likely(ref_read(&fs->ref) == 1)) {
		r.file = fdtable_slot(fs->table, (unsigned int)fd);
		if (r.file && unlikely(r.file->mode & without))
			r.file = NULL;
		return r;
	}
	r.file = fget_files(fs, fd, without);
	r.put = r.file != NULL;
	return r;
}

struct fd fdget(int fd)
{
	return fdget_mode(fd, FMODE_PATH);
}

struct fd fdget_raw(int fd)
{
	return fdget_mode(fd, 0);
}

struct fd fdget_pos(int fd)
{
	struct fd r = fdget_mode(fd, FMODE_PATH);

	/* Alone with the file: nobody else can move its position. */
	if (r.file && (r.file->mode & FMODE_ATOMIC_POS) && (r.put || atomic64_read(&r.file->ref) > 1)) {
		mutex_lock(&r.file->pos_lock);
		r.pos_locked = true;
	}
	return r;
}

void fdput_pos(struct fd f)
{
	if (f.pos_locked)
		mutex_unlock(&f.file->pos_lock);
	fdput(f);
}

/* --- reserving and installing --- */

/* Lock held. Lowest free descriptor at or after from, below end; table grown as needed. */
static int fd_find(struct files *fs, u32 from, u32 end)
{
	struct fdtable *t;
	u64 fd;
	int err;

	for (;;) {
		t = fs->table;
		fd = max(from, fs->next_fd);
		if (fd < t->max) {
			unsigned long w = ~t->open[fd / 64] >> (fd % 64);

			if (likely(w))
				fd += (u32)__builtin_ctzl(w);
			else
				fd = bitmap_find_next_zero(t->open, t->max, (fd | 63) + 1);
		}
		if (fd >= end)
			return -EMFILE;
		if (fd < t->max)
			return (int)fd;
		err = table_grow(fs, (u32)fd);
		if (err)
			return err;
	}
}

int fd_alloc_from(u32 from, u32 oflags)
{
	struct files *fs = current->files;
	u64 limit = min_t(u64, rlimit_cur(RLIMIT_NOFILE), sysctl_nr_open);
	int fd;

	spin_lock(&fs->lock);
	fd = fd_find(fs, from, (u32)limit);
	if (likely(fd >= 0)) {
		struct fdtable *t = fs->table;

		if (from <= fs->next_fd)
			fs->next_fd = (u32)fd + 1;
		bitmap_set_bit(t->open, (u32)fd);
		if (oflags & O_CLOEXEC)
			bitmap_set_bit(t->cloexec, (u32)fd);
		else
			bitmap_clear_bit(t->cloexec, (u32)fd);
	}
	spin_unlock(&fs->lock);
	return fd;
}

int fd_alloc(u32 oflags)
{
	return fd_alloc_from(0, oflags);
}

void fd_install(int fd, struct file *f)
{
	struct files *fs = current->files;

	/* The table may be replaced while we write into it only if another task shares it. */
	if (likely(ref_read(&fs->ref) == 1)) {
		rcu_assign_pointer(fs->table->fd[fd], f);
		return;
	}
	spin_lock(&fs->lock);
	rcu_assign_pointer(fs->table->fd[fd], f);
	spin_unlock(&fs->lock);
}

/* Lock held. */
static void fd_clear(struct files *fs, u32 fd)
{
	bitmap_clear_bit(fs->table->open, fd);
	if (fd < fs->next_fd)
		fs->next_fd = fd;
}

void fd_release(int fd)
{
	struct files *fs = current->files;

	spin_lock(&fs->lock);
	fd_clear(fs, (u32)fd);
	spin_unlock(&fs->lock);
}

int fd_add(struct file *f, u32 oflags)
{
	int fd = fd_alloc(oflags);

	if (fd < 0)
		file_put(f);
	else
		fd_install(fd, f);
	return fd;
}

/* Lock held: take the file out of its slot; NULL: not open. */
static struct file *fd_take(struct files *fs, u32 fd)
{
	struct fdtable *t = fs->table;
	struct file *f;

	if (fd >= t->max)
		return NULL;
	f = t->fd[fd];
	if (!f)
		return NULL;
	WRITE_ONCE(t->fd[fd], NULL);
	fd_clear(fs, fd);
	return f;
}

int fd_close(int fd)
{
	struct files *fs = current->files;
	struct file *f;

	spin_lock(&fs->lock);
	f = fd_take(fs, (unsigned int)fd);
	spin_unlock(&fs->lock);
	return f ? filp_close(f, fs) : -EBADF;
}

int fd_dup2(struct file *f, int newfd, u32 oflags)
{
	struct files *fs = current->files;
	struct file *old;
	struct fdtable *t;
	int err;

	if ((u32)newfd >= min_t(u64, rlimit_cur(RLIMIT_NOFILE), sysctl_nr_open))
		return -EBADF;
	spin_lock(&fs->lock);
	while (fs->table->max <= (u32)newfd) {
		err = table_grow(fs, (u32)newfd);
		if (err) {
			spin_unlock(&fs->lock);
			return err == -ENOMEM ? -EMFILE : err;
		}
	}
	t = fs->table;
	old = t->fd[newfd];
	/* Reserved by an open under way in another thread. */
	if (!old && test_bit((u64)newfd, t->open)) {
		spin_unlock(&fs->lock);
		return -EBUSY;
	}
	file_get(f);
	rcu_assign_pointer(t->fd[newfd], f);
	bitmap_set_bit(t->open, (u32)newfd);
	if (oflags & O_CLOEXEC)
		bitmap_set_bit(t->cloexec, (u32)newfd);
	else
		bitmap_clear_bit(t->cloexec, (u32)newfd);
	spin_unlock(&fs->lock);
	if (old)
		filp_close(old, fs);
	return newfd;
}

bool fd_cloexec(int fd)
{
	struct fdtable *t;
	bool on;

	rcu_read_lock();
	t = rcu_dereference(current->files->table);
	on = (u32)fd < t->max && test_bit((u64)fd, t->cloexec);
	rcu_read_unlock();
	return on;
}

void fd_set_cloexec(int fd, bool on)
{
	struct files *fs = current->files;

	spin_lock(&fs->lock);
	if ((u32)fd < fs->table->max) {
		if (on)
			bitmap_set_bit(fs->table->cloexec, (u32)fd);
		else
			bitmap_clear_bit(fs->table->cloexec, (u32)fd);
	}
	spin_unlock(&fs->lock);
}

/* --- whole tables --- */

/* Replace current's shared table by a copy of what is below max_fd. */
static int files_unshare(u32 max_fd)
{
	struct files *old = current->files, *fs;

	if (ref_read(&old->ref) == 1)
		return 0;
	fs = files_copy(old, max_fd);
	if (IS_ERR(fs))
		return (int)PTR_ERR(fs);
	spin_lock(&current->alloc_lock);
	current->files = fs;
	spin_unlock(&current->alloc_lock);
	files_put(old);
	return 0;
}

static void close_on_exec(struct files *fs)
{
	for (u32 w = 0;; w++) {
		unsigned long bits;
		struct fdtable *t;

		spin_lock(&fs->lock);
		t = fs->table;
		if (w >= t->max / 64) {
			spin_unlock(&fs->lock);
			return;
		}
		bits = t->cloexec[w] & t->open[w];
		t->cloexec[w] = 0;
		while (bits) {
			struct file *f = fd_take(fs, w * 64 + (u32)__builtin_ctzl(bits));

			bits &= bits - 1;
			if (!f)
				continue;
			spin_unlock(&fs->lock);
			filp_close(f, fs);
			spin_lock(&fs->lock);
		}
		spin_unlock(&fs->lock);
	}
}

int files_unshare_exec(void)
{
	int err = files_unshare(FD_HARD_MAX);

	if (!err)
		close_on_exec(current->files);
	return err;
}

struct file *files_next(struct task *t, u32 *fd)
{
	struct file *f = NULL;

	spin_lock(&t->alloc_lock);
	if (t->files) {
		struct fdtable *tab;

		rcu_read_lock();
		tab = rcu_dereference(t->files->table);
		for (; *fd < tab->max; (*fd)++) {
			f = fget_files(t->files, (int)*fd, 0);
			if (f)
				break;
		}
		rcu_read_unlock();
	}
	spin_unlock(&t->alloc_lock);
	return f;
}

u32 files_table_size(struct task *t)
{
	u32 n = 0;

	spin_lock(&t->alloc_lock);
	if (t->files) {
		rcu_read_lock();
		n = rcu_dereference(t->files->table)->max;
		rcu_read_unlock();
	}
	spin_unlock(&t->alloc_lock);
	return n;
}

/* --- system calls --- */

long sys_close(int fd)
{
	int err = fd_close(fd);

	/* The descriptor is gone: a restart would close another one. */
	if (unlikely(err == -ERESTARTSYS || err == -ERESTARTNOINTR || err == -ERESTARTNOHAND ||
		     err == -ERESTART_RESTARTBLOCK))
		err = -EINTR;
	return err;
}

long sys_dup(int oldfd)
{
	struct file *f = fget_raw(oldfd);

	return f ? fd_add(f, 0) : -EBADF;
}

long sys_dup3(int oldfd, int newfd, int flags)
{
	struct file *f;
	int err;

	if (flags & ~O_CLOEXEC)
		return -EINVAL;
	if (oldfd == newfd)
		return -EINVAL;
	if ((u32)newfd >= rlimit_cur(RLIMIT_NOFILE))
		return -EBADF;
	f = fget_raw(oldfd);
	if (!f)
		return -EBADF;
	err = fd_dup2(f, newfd, (u32)flags);
	file_put(f);
	return err;
}

long sys_dup2(int oldfd, int newfd)
{
	if (unlikely(oldfd == newfd)) {
		struct fd f = fdget_raw(oldfd);

		if (!f.file)
			return -EBADF;
		fdput(f);
		return newfd;
	}
	return sys_dup3(oldfd, newfd, 0);
}

static void range_close(struct files *fs, u32 first, u32 last)
{
	for (u64 fd = first; fd <= last; fd++) {
		struct file *f;

		spin_lock(&fs->lock);
		fd = bitmap_find_next(fs->table->open, fs->table->max, fd);
		if (fd >= fs->table->max || fd > last) {
			spin_unlock(&fs->lock);
			return;
		}
		f = fd_take(fs, (u32)fd);
		spin_unlock(&fs->lock);
		if (f)
			filp_close(f, fs);
		cond_resched();
	}
}

static void range_cloexec(struct files *fs, u32 first, u32 last)
{
	spin_lock(&fs->lock);
	last = min(last, fs->table->max - 1);
	for (u64 fd = first; fd <= last; fd++)
		if (test_bit(fd, fs->table->open))
			bitmap_set_bit(fs->table->cloexec, fd);
	spin_unlock(&fs->lock);
}

long sys_close_range(unsigned int first, unsigned int last, unsigned int flags)
{
	int err;

	if (flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC))
		return -EINVAL;
	if (first > last)
		return -EINVAL;
	if (flags & CLOSE_RANGE_UNSHARE) {
		/* What is to be closed at the end anyway is not even copied. */
		u32 keep = !(flags & CLOSE_RANGE_CLOEXEC) && last >= FD_HARD_MAX - 1 ? first : FD_HARD_MAX;

		err = files_unshare(keep);
		if (err)
			return err;
	}
	if (flags & CLOSE_RANGE_CLOEXEC)
		range_cloexec(current->files, first, last);
	else
		range_close(current->files, first, last);
	return 0;
}

static int fdtable_init(void)
{
	files_cache = kmem_cache_create("files_cache", sizeof(struct files), 64, 0, NULL);
	small_tables = kmem_cache_create("fdtable", table_bytes(FDTABLE_MIN), 64, 0, NULL);
	if (!files_cache || !small_tables)
		panic("no memory for descriptor tables");
	return 0;
}
INITCALL_CORE(fdtable_init);
