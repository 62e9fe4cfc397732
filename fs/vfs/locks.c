/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Record locks (POSIX: owned by the descriptor table, that is the process; OFD: by the open file)
 * and flock locks (whole file, owned by the open file).
 *
 * An inode gets a file_lock_context with its first lock. Its lists are sorted by owner and start, no
 * two entries of one owner overlap. All lists and waiters of all files are under one spinlock,
 * file_lock_lock: it is short, and the search for a cycle of waiters needs a frozen picture.
 * A blocked request waits on the context's queue and tries again from the start when something was
 * released.
 *
 * Deadlock (POSIX only): each owner that sleeps is in `blocked`; if following "waits for a lock of"
 * from the owner that stands in our way comes back to us: -EDEADLK.
 */
#include "internal.h"
#include <base/math.h>
#include <core/slab.h>
#include <core/init.h>
#include <core/wait.h>
#include <fs/seq_file.h>
#include <kernel/pid.h>
#include <kernel/syscall.h>

enum lock_kind { LK_POSIX, LK_OFD, LK_FLOCK };

struct file_lock {
	struct list_head link;		/* [file_lock_lock] */
	struct list_head all_link;	/* [file_lock_lock] /proc/locks */
	void *owner;			/* files_struct, or file */
	struct file *file;		/* through which it came; borrowed: goes before the file does */
	struct inode *inode;
	loff_t start, end;		/* inclusive */
	enum lock_kind kind;
	int type;			/* F_RDLCK, F_WRLCK, F_UNLCK */
	int pid;			/* of the process, as the first namespace sees it; -1: OFD */
};

struct file_lock_context {
	struct list_head posix, flock;	/* [file_lock_lock] struct file_lock */
	struct wait_queue wait;
};

/* A POSIX request that sleeps. */
struct blocked_owner {
	struct list_head link;		/* [file_lock_lock] in blocked_owners */
	void *owner;
	void *waits_for;
};

static DEFINE_SPINLOCK(file_lock_lock, FILE_LOCKS);
static LIST_HEAD(blocked_owners);
static LIST_HEAD(all_locks);
static struct kmem_cache *lock_cache;

static struct file_lock_context *context_get(struct inode *inode, bool make)
{
	struct file_lock_context *c = smp_load_acquire(&inode->locks), *old = NULL;

	if (c || !make)
		return c;
	c = kmalloc(sizeof(*c), GFP_KERNEL);
	if (!c)
		return NULL;
	list_init(&c->posix);
	list_init(&c->flock);
	wait_queue_init(&c->wait);
	if (!try_cmpxchg(&inode->locks, &old, c)) {
		kfree(c);
		return old;
	}
	return c;
}

void locks_free_context(struct inode *inode)
{
	kfree(inode->locks);
	inode->locks = NULL;
}

static struct file_lock *lock_alloc(void)
{
	return kmem_cache_alloc(lock_cache, GFP_KERNEL);
}

static void lock_unlink(struct file_lock *l, struct list_head *dead)
{
	list_del(&l->all_link);
	list_move(&l->link, dead);
}

static void free_list(struct list_head *dead)
{
	struct file_lock *l, *n;

	list_for_each_entry_safe(l, n, dead, link)
		kmem_cache_free(lock_cache, l);
}

static inline bool overlap(const struct file_lock *a, const struct file_lock *b)
{
	return a->start <= b->end && b->start <= a->end;
}

/* The first lock of somebody else that stands in the way of `req`. */
static struct file_lock *posix_conflict(struct file_lock_context *c, const struct file_lock *req)
{
	struct file_lock *l;

	list_for_each_entry(l, &c->posix, link)
		if (l->owner != req->owner && overlap(l, req) && (l->type == F_WRLCK || req->type == F_WRLCK))
			return l;
	return NULL;
}

/* Would waiting for `holder` close a circle back to `me`? */
static bool would_deadlock(void *me, void *holder)
{
	struct blocked_owner *b;

	for (int hops = 0; hops < 10; hops++) {
		bool found = false;

		if (holder == me)
			return true;
		list_for_each_entry(b, &blocked_owners, link)
			if (b->owner == holder) {
				holder = b->waits_for;
				found = true;
				break;
			}
		if (!found)
			return false;
	}
	return false;
}

/*
 * Put `req` into the list: own locks below it are cut, merged or removed. `spare` are two fresh
 * locks for what is left of a cut one and for the new one; unused ones stay with the caller.
 * True if something was released or weakened (waiters may go on).
 */
static bool posix_apply(struct file_lock_context *c, const struct file_lock *req, struct file_lock *spare[2],
			struct list_head *dead)
{
	struct file_lock *l, *n, *mine = NULL;
	struct list_head *at = &c->posix;
	struct file_lock want = *req;
	bool released = false;

	list_for_each_entry_safe(l, n, &c->posix, link) {
		if (l->owner != req->owner)
			continue;
		if (l->type == want.type && want.type != F_UNLCK) {
			/* same kind, touching: grow into one */
			if ((l->start && l->start - 1 > want.end) || (want.start && want.start - 1 > l->end))
				continue;
			want.start = min(want.start, l->start);
			want.end = max(want.end, l->end);
			if (mine)
				lock_unlink(l, dead);
			else
				mine = l;
			continue;
		}
		if (!overlap(l, &want))
			continue;
		released = true;
		if (l->start < want.start && l->end > want.end) {
			/* a hole in the middle: the tail is a lock of its own */
			struct file_lock *tail = spare[1];

			spare[1] = NULL;
			*tail = *l;
			tail->start = want.end + 1;
			l->end = want.start - 1;
			list_add(&tail->link, &l->link);
			list_add_tail(&tail->all_link, &all_locks);
		} else if (l->start < want.start) {
			l->end = want.start - 1;
		} else if (l->end > want.end) {
			l->start = want.end + 1;
		} else {
			lock_unlink(l, dead);
		}
	}
	if (want.type == F_UNLCK)
		return released;
	if (mine) {
		mine->start = want.start;
		mine->end = want.end;
		return released;
	}
	list_for_each_entry(l, &c->posix, link)
		if (l->owner == want.owner && l->start > want.start) {
			at = &l->link;
			break;
		}
	*spare[0] = want;
	list_add_tail(&spare[0]->link, at);
	list_add_tail(&spare[0]->all_link, &all_locks);
	spare[0] = NULL;
	return released;
}

/* One attempt. 0; -EAGAIN with *holder: somebody is in the way. */
static int posix_try(struct file_lock_context *c, const struct file_lock *req, struct file_lock *spare[2], void **holder)
{
	struct file_lock *other;
	LIST_HEAD(dead);
	bool wake;

	if (req->type != F_UNLCK) {
		other = posix_conflict(c, req);
		if (other) {
			*holder = other->owner;
			return -EAGAIN;
		}
	}
	wake = posix_apply(c, req, spare, &dead);
	spin_unlock(&file_lock_lock);
	free_list(&dead);
	if (wake)
		wake_up_all(&c->wait);
	spin_lock(&file_lock_lock);
	return 0;
}

static int posix_lock(struct file_lock_context *c, const struct file_lock *req, bool wait)
{
	struct file_lock *spare[2] = { lock_alloc(), lock_alloc() };
	struct blocked_owner me = { .owner = req->owner };
	DEFINE_WAIT(we);
	void *holder;
	int err;

	if (!spare[0] || !spare[1]) {
		err = -ENOLCK;
		goto out;
	}
	for (;;) {
		if (wait)
			prepare_to_wait(&c->wait, &we, TASK_INTERRUPTIBLE);
		spin_lock(&file_lock_lock);
		err = posix_try(c, req, spare, &holder);
		if (!err || !wait) {
			spin_unlock(&file_lock_lock);
			break;
		}
		if (req->kind == LK_POSIX && would_deadlock(req->owner, holder)) {
			spin_unlock(&file_lock_lock);
			err = -EDEADLK;
			break;
		}
		if (signal_pending()) {
			spin_unlock(&file_lock_lock);
			err = -ERESTARTSYS;
			break;
		}
		me.waits_for = holder;
		list_add(&me.link, &blocked_owners);
		spin_unlock(&file_lock_lock);
		schedule_until(WAIT_FOREVER);
		spin_lock(&file_lock_lock);
		list_del(&me.link);
		spin_unlock(&file_lock_lock);
	}
	if (wait)
		finish_wait(&c->wait, &we);
out:
	for (int i = 0; i < 2; i++)
		if (spare[i])
			kmem_cache_free(lock_cache, spare[i]);
	return err;
}

/* --- fcntl --- */

static int range_from_user(struct file *f, const struct flock *fl, struct file_lock *req)
{
	loff_t base, start, end;

	switch (fl->l_whence) {
	case SEEK_SET:
		base = 0;
		break;
	case SEEK_CUR:
		base = f->pos;
		break;
	case SEEK_END:
		base = inode_size(f->inode);
		break;
	default:
		return -EINVAL;
	}
	if (check_add(base, fl->l_start, &start))
		return -EOVERFLOW;
	if (start < 0)
		return -EINVAL;
	if (fl->l_len > 0) {
		if (check_add(start, fl->l_len - 1, &end))
			return -EOVERFLOW;
	} else if (fl->l_len < 0) {
		end = start - 1;
		start += fl->l_len;
		if (start < 0)
			return -EINVAL;
	} else {
		end = LOFF_MAX;
	}
	req->start = start;
	req->end = end;
	return 0;
}

static bool is_ofd(u32 cmd)
{
	return cmd == F_OFD_GETLK || cmd == F_OFD_SETLK || cmd == F_OFD_SETLKW;
}

static int pid_for_user(int pid)
{
	struct pid *p;
	int nr = 0;

	if (pid <= 0)
		return pid;
	rcu_read_lock();
	p = pid_find_ns(pid, &init_pid_ns);
	if (p)
		nr = pid_vnr(p);
	rcu_read_unlock();
	return nr;
}

static long get_lock(struct file_lock_context *c, const struct file_lock *req, struct flock *fl)
{
	struct file_lock *l = NULL;

	spin_lock(&file_lock_lock);
	if (c)
		l = posix_conflict(c, req);
	if (l) {
		fl->l_type = (s16)l->type;
		fl->l_whence = SEEK_SET;
		fl->l_start = l->start;
		fl->l_len = l->end == LOFF_MAX ? 0 : l->end - l->start + 1;
		fl->l_pid = l->kind == LK_OFD ? -1 : l->pid;
	} else {
		fl->l_type = F_UNLCK;
	}
	spin_unlock(&file_lock_lock);
	if (l)
		fl->l_pid = pid_for_user(fl->l_pid);
	return 0;
}

/* A close in another thread between our look-up and the lock left a lock nobody would remove. */
static void undo_if_closed(struct file *f, int fd, struct file_lock *req)
{
	struct file *now = fget_raw(fd);

	if (now != f && req->type != F_UNLCK && req->kind == LK_POSIX) {
		struct file_lock un = *req;
		struct file_lock_context *c = context_get(f->inode, false);

		un.type = F_UNLCK;
		if (c)
			(void)posix_lock(c, &un, false);
	}
	if (now)
		file_put(now);
}

long fcntl_lock(struct file *f, int fd, u32 cmd, uaddr_t arg)
{
	bool ofd = is_ofd(cmd), get = cmd == F_GETLK || cmd == F_OFD_GETLK;
	struct file_lock_context *c;
	struct file_lock req = { 0 };
	struct flock fl;
	int err = copy_in_bytes(&fl, arg, sizeof(fl));

	if (err)
		return err;
	if (ofd && fl.l_pid)
		return -EINVAL;
	if (get && fl.l_type != F_RDLCK && fl.l_type != F_WRLCK)
		return -EINVAL;
	err = range_from_user(f, &fl, &req);
	if (err)
		return err;
	req.type = fl.l_type;
	req.kind = ofd ? LK_OFD : LK_POSIX;
	req.owner = ofd ? (void *)f : (void *)current->files;
	req.file = f;
	req.inode = f->inode;
	req.pid = ofd ? -1 : pid_nr(current->proc->pids[PIDTYPE_TGID]);
	if (get) {
		err = (int)get_lock(context_get(f->inode, false), &req, &fl);
		return err ? err : copy_out_bytes(arg, &fl, sizeof(fl));
	}
	switch (req.type) {
	case F_RDLCK:
		if (!(f->mode & FMODE_READ))
			return -EBADF;
		break;
	case F_WRLCK:
		if (!(f->mode & FMODE_WRITE))
			return -EBADF;
		break;
	case F_UNLCK:
		break;
	default:
		return -EINVAL;
	}
	c = context_get(f->inode, req.type != F_UNLCK);
	if (!c)
		return req.type == F_UNLCK ? 0 : -ENOLCK;
	err = posix_lock(c, &req, cmd == F_SETLKW || cmd == F_OFD_SETLKW);
	if (!err)
		undo_if_closed(f, fd, &req);
	return err;
}

/* --- flock --- */

static int flock_try(struct file_lock_context *c, struct file *f, int type, struct file_lock **spare)
{
	struct file_lock *l, *mine = NULL;

	list_for_each_entry(l, &c->flock, link) {
		if (l->owner == f)
			mine = l;
	}
	if (mine && mine->type == type)
		return 0;
	/* A change of kind first gives up the old lock, as flock(2) says: not atomic. */
	if (mine) {
		LIST_HEAD(dead);

		lock_unlink(mine, &dead);
		spin_unlock(&file_lock_lock);
		free_list(&dead);
		wake_up_all(&c->wait);
		spin_lock(&file_lock_lock);
	}
	if (type == F_UNLCK)
		return 0;
	list_for_each_entry(l, &c->flock, link)
		if (l->owner != f && (l->type == F_WRLCK || type == F_WRLCK))
			return -EAGAIN;
	l = *spare;
	*spare = NULL;
	*l = (struct file_lock){ .owner = f, .file = f, .inode = f->inode, .end = LOFF_MAX, .kind = LK_FLOCK, .type = type,
				 .pid = pid_nr(current->proc->pids[PIDTYPE_TGID]) };
	list_add_tail(&l->link, &c->flock);
	list_add_tail(&l->all_link, &all_locks);
	return 0;
}

static long flock_do(struct file *f, int type, bool wait)
{
	struct file_lock_context *c = context_get(f->inode, type != F_UNLCK);
	struct file_lock *spare;
	DEFINE_WAIT(we);
	int err;

	if (!c)
		return type == F_UNLCK ? 0 : -ENOMEM;
	spare = lock_alloc();
	if (!spare)
		return -ENOMEM;
	for (;;) {
		if (wait)
			prepare_to_wait(&c->wait, &we, TASK_INTERRUPTIBLE);
		spin_lock(&file_lock_lock);
		err = flock_try(c, f, type, &spare);
		spin_unlock(&file_lock_lock);
		if (err != -EAGAIN || !wait)
			break;
		if (signal_pending()) {
			err = -ERESTARTSYS;
			break;
		}
		schedule_until(WAIT_FOREVER);
	}
	if (wait)
		finish_wait(&c->wait, &we);
	if (spare)
		kmem_cache_free(lock_cache, spare);
	return err;
}

long sys_flock(int fd, unsigned int op)
{
	struct fd f;
	int type;
	long err;

	if (op & LOCK_MAND)
		return 0;		/* since 5.16 it does nothing, with a warning */
	switch (op & ~LOCK_NB) {
	case LOCK_SH:
		type = F_RDLCK;
		break;
	case LOCK_EX:
		type = F_WRLCK;
		break;
	case LOCK_UN:
		type = F_UNLCK;
		break;
	default:
		return -EINVAL;
	}
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	if (type != F_UNLCK && !(f.file->mode & (FMODE_READ | FMODE_WRITE)))
		err = -EBADF;
	else
		err = flock_do(f.file, type, !(op & LOCK_NB) && type != F_UNLCK);
	fdput(f);
	return err;
}

/* --- closing --- */

static void remove_matching(struct file_lock_context *c, struct list_head *list, void *owner)
{
	struct file_lock *l, *n;
	LIST_HEAD(dead);

	spin_lock(&file_lock_lock);
	list_for_each_entry_safe(l, n, list, link)
		if (l->owner == owner)
			lock_unlink(l, &dead);
	spin_unlock(&file_lock_lock);
	if (list_empty(&dead))
		return;
	free_list(&dead);
	wake_up_all(&c->wait);
}

/* Any close of the file by a process drops all its POSIX locks on it: so says POSIX. */
void locks_remove_posix(struct file *f, void *owner)
{
	struct file_lock_context *c = context_get(f->inode, false);

	if (c && !list_empty(&c->posix))
		remove_matching(c, &c->posix, owner);
}

void locks_remove_file(struct file *f)
{
	struct file_lock_context *c = context_get(f->inode, false);

	if (!c)
		return;
	remove_matching(c, &c->flock, f);
	remove_matching(c, &c->posix, f);
}

/* /proc/locks */
void locks_show(struct seq_file *s)
{
	static const char *const kinds[] = { "POSIX ", "OFDLCK", "FLOCK " };
	struct file_lock *l;
	int n = 0;

	spin_lock(&file_lock_lock);
	list_for_each_entry(l, &all_locks, all_link) {
		dev_t dev = l->inode->sb->dev;

		seq_printf(s, "%d: %s ADVISORY  %s %d %02x:%02x:%llu %lld ", ++n, kinds[l->kind],
			   l->type == F_WRLCK ? "WRITE" : "READ ", l->pid, dev_major(dev), dev_minor(dev),
			   (unsigned long long)l->inode->ino, (long long)l->start);
		if (l->end == LOFF_MAX)
			seq_puts(s, "EOF\n");
		else
			seq_printf(s, "%lld\n", (long long)l->end);
	}
	spin_unlock(&file_lock_lock);
}

static int locks_init(void)
{
	lock_cache = kmem_cache_create("file_lock_cache", sizeof(struct file_lock), 8, 0, NULL);
	if (!lock_cache)
		panic("no memory for file locks");
	return 0;
}
INITCALL_CORE(locks_init);
