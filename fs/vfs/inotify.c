/* SPDX-License-Identifier: MPL-2.0 */
/*
 * inotify(7). An instance (group) is an open file with a queue of events. A watch (mark) ties a group
 * to an inode with a mask; it holds a reference on both, so a watched inode stays in memory until it
 * loses its last name, its file system is unmounted, or the watch is removed.
 *
 * Life of a mark: alive while it stands in its group's table of watch descriptors, which owns one
 * reference. mark_destroy() takes it off both sides once, whoever comes first (inotify_rm_watch, the
 * inode's end, IN_ONESHOT, close of the group), and queues IN_IGNORED. An inode's list head (conn) is
 * made with its first watch and lives as long as the inode.
 *
 * Locks: group->mutex (LEAF_MUTEX; table and life of its marks), then marks_lock (NOTIFY; lists of
 * inodes, masks), then group->wait.lock (the queue). Events are allocated with none of them held:
 * the walk along an inode's marks stands on a referenced one meanwhile. The callers of notify_*() may
 * hold inode locks; they may sleep.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <base/xarray.h>
#include <core/init.h>
#include <core/page.h>
#include <core/rcu.h>
#include <core/slab.h>
#include <core/wait.h>
#include <fs/fasync.h>
#include <fs/file.h>
#include <fs/notify.h>
#include <fs/path.h>
#include <fs/poll.h>
#include <fs/procfs.h>
#include <fs/seq_file.h>
#include <fs/super.h>
#include <kernel/cred.h>
#include <kernel/syscall.h>
#include <kernel/task.h>
#include <uapi/linux/inotify.h>
#include <uapi/linux/ioctls.h>
#include "notify_internal.h"

#define USER_EVENTS	IN_ALL_EVENTS
#define MARK_FLAGS	(IN_EXCL_UNLINK | IN_ONESHOT)
#define KNOWN_BITS	(IN_ALL_EVENTS | IN_UNMOUNT | IN_Q_OVERFLOW | IN_IGNORED | IN_ONLYDIR | IN_DONT_FOLLOW | \
			 IN_EXCL_UNLINK | IN_MASK_CREATE | IN_MASK_ADD | IN_ISDIR | IN_ONESHOT)
/* Events that come from an open file: those that IN_EXCL_UNLINK may silence. */
#define FILE_EVENTS	(IN_ACCESS | IN_MODIFY | IN_OPEN | IN_CLOSE)

struct event {
	struct list_head link;		/* [group wait.lock] empty: not queued */
	s32 wd;				/* [I] */
	u32 mask, cookie;		/* [I] */
	u32 name_len;			/* [I] without NUL; 0: no name */
	char name[];
};

struct group {
	struct ref ref;			/* the file's and each mark's */
	struct wait_queue wait;
	struct fasync_queue async;	/* [its own lock] SIGIO */
	struct list_head events;	/* [wait.lock] */
	u32 nr_events, max_events;	/* [wait.lock], [I] */
	bool closed;			/* [mutex] no new marks */
	struct event overflow;		/* [wait.lock] the one that says that some are lost */
	struct mutex mutex;		/* class LEAF_MUTEX */
	struct xarray wds;		/* [mutex] watch descriptor -> mark */
	u64 next_wd;			/* [mutex] */
	struct user_struct *user;	/* [I] charged, referenced */
	struct rcu_head rcu;
};

struct mark {
	struct ref ref;			/* the table's and walkers' */
	struct group *group;		/* [I] referenced */
	struct inode *inode;		/* [I] referenced while alive */
	struct list_head link;		/* [marks_lock] in conn.marks */
	u64 seq;			/* [I] order of making: the list is sorted by it */
	u32 mask, flags;		/* [marks_lock; atomic reads] IN_ events; IN_ONESHOT, IN_EXCL_UNLINK */
	s32 wd;				/* [I] */
	bool alive;			/* [group mutex; atomic reads] */
};

DEFINE_SPINLOCK(marks_lock, NOTIFY);
static LIST_HEAD(all_conns);		/* [marks_lock] */
static u64 next_seq;			/* [marks_lock] */
atomic_t notify_watches = ATOMIC_INIT(0);

static u64 max_queued_events = 16384;	/* [a] */
static u64 max_user_instances = 128;	/* [a] */
static u64 max_user_watches = 8192;	/* [a] more with more memory, see inotify_init_limits */

static void group_free(struct rcu_head *head)
{
	kfree(container_of(head, struct group, rcu));
}

static void group_put(struct group *g)
{
	struct event *e, *n;

	if (!ref_put(&g->ref))
		return;
	list_for_each_entry_safe(e, n, &g->events, link)
		if (e != &g->overflow)
			kfree(e);
	xa_destroy(&g->wds);
	user_put(g->user);
	call_rcu(&g->rcu, group_free);
}

static void mark_put(struct mark *m)
{
	if (!ref_put(&m->ref))
		return;
	group_put(m->group);
	kfree(m);
}

/* --- the queue --- */

/* The last event says the same already: nothing is added. wait.lock held. */
static bool event_merges(const struct group *g, const struct event *e)
{
	const struct event *last;

	if (list_empty(&g->events))
		return false;
	last = list_last_entry(&g->events, struct event, link);
	return !(last->mask & IN_IGNORED) && last->mask == e->mask && last->wd == e->wd &&
	       last->name_len == e->name_len && !memcmp(last->name, e->name, e->name_len);
}

/* e NULL: there was no memory for it. True if the queue owns it now. */
static bool queue_event(struct group *g, struct event *e)
{
	bool taken = false;

	spin_lock_irq(&g->wait.lock);
	if (!e || g->nr_events >= g->max_events) {
		e = list_empty(&g->overflow.link) ? &g->overflow : NULL;
	} else if (event_merges(g, e)) {
		e = NULL;
	} else {
		taken = true;
	}
	if (e) {
		list_add_tail(&e->link, &g->events);
		g->nr_events++;
		wake_up_key_locked(&g->wait, TASK_NORMAL, 0, EPOLLIN | EPOLLRDNORM);
	}
	spin_unlock_irq(&g->wait.lock);
	if (e)
		fasync_send(&g->async, POLL_IN);
	return taken;
}

static void send_event(struct group *g, s32 wd, u32 mask, const struct qstr *name, u32 cookie)
{
	u32 len = name ? name->len : 0;
	struct event *e = kmalloc(sizeof(*e) + len + 1, GFP_KERNEL | GFP_NORETRY | GFP_NOWARN);

	if (e) {
		e->wd = wd;
		e->mask = mask;
		e->cookie = cookie;
		e->name_len = len;
		if (len)
			memcpy(e->name, name->name, len);
		e->name[len] = '\0';
	}
	if (!queue_event(g, e))
		kfree(e);
}

/* --- marks --- */

void conn_recompute(struct notify_conn *c)
{
	u32 mask = dnotify_mask(c);
	struct mark *m;

	list_for_each_entry(m, &c->marks, link)
		mask |= m->mask;
	WRITE_ONCE(c->mask, mask);
}

/* Take it off both sides and tell the group; the caller holds a reference. May sleep. */
static void mark_destroy(struct mark *m)
{
	struct group *g = m->group;
	struct inode *inode = m->inode;

	mutex_lock(&g->mutex);
	if (!m->alive) {
		mutex_unlock(&g->mutex);
		return;
	}
	WRITE_ONCE(m->alive, false);
	(void)xa_erase(&g->wds, (u64)m->wd);
	spin_lock(&marks_lock);
	list_del_init(&m->link);
	conn_recompute(inode->notify);
	spin_unlock(&marks_lock);
	mutex_unlock(&g->mutex);
	send_event(g, m->wd, IN_IGNORED, NULL, 0);
	atomic64_dec(&g->user->inotify_watches);
	atomic_dec(&notify_watches);
	inode_put(inode);
	mark_put(m);
}

/* The first mark made after `seq`, referenced; NULL. at: the mark with that number if it is still there. */
static struct mark *mark_next(struct notify_conn *c, const struct mark *at, u64 seq)
{
	struct list_head *p;
	struct mark *m, *found = NULL;

	spin_lock(&marks_lock);
	p = at && !list_empty(&at->link) ? at->link.next : c->marks.next;
	for (; p != &c->marks; p = p->next) {
		m = list_entry(p, struct mark, link);
		if (m->seq > seq) {
			ref_get(&m->ref);
			found = m;
			break;
		}
	}
	spin_unlock(&marks_lock);
	return found;
}

#define for_each_mark(m, c) \
	for (m = mark_next(c, NULL, 0); m; m = mark_step(c, m))

static struct mark *mark_step(struct notify_conn *c, struct mark *m)
{
	struct mark *next = mark_next(c, m, m->seq);

	mark_put(m);
	return next;
}

/* d: the dentry of an event about an open file; NULL otherwise. */
static void send_to_marks(struct inode *inode, u32 mask, const struct qstr *name, u32 cookie, const struct dentry *d)
{
	struct notify_conn *c = inode_conn(inode);
	struct mark *m;

	if (!c || !(READ_ONCE(c->mask) & mask & (IN_ALL_EVENTS | IN_UNMOUNT)))
		return;
	dnotify_send(c, mask);
	for_each_mark(m, c) {
		u32 want = READ_ONCE(m->mask), flags = READ_ONCE(m->flags);

		if (!(want & mask & (IN_ALL_EVENTS | IN_UNMOUNT)))
			continue;
		if ((flags & IN_EXCL_UNLINK) && d && !dentry_is_root(d) && dentry_unhashed(d))
			continue;
		send_event(m->group, m->wd, mask, name, cookie);
		if (flags & IN_ONESHOT)
			mark_destroy(m);
	}
}

void notify_slow(struct inode *inode, u32 mask, const struct qstr *name, u32 cookie)
{
	if (!name && (mask & IN_ATTRIB) && S_ISDIR_I(inode))
		mask |= IN_ISDIR;
	send_to_marks(inode, mask, name, cookie, NULL);
}

/* Name and directory of d if somebody watches there for mask: the directory's inode, referenced. */
static struct inode *watched_parent(struct dentry *d, u32 mask, char *buf, struct qstr *name)
{
	struct inode *dir = NULL;
	struct notify_conn *c;

	spin_lock(&d->lock);
	if (!dentry_is_root(d)) {
		/* The child's reference keeps the parent and, with it, the parent's inode. */
		dir = READ_ONCE(d->parent->inode);
		c = dir ? inode_conn(dir) : NULL;
		if (!c || !(READ_ONCE(c->mask) & mask & IN_ALL_EVENTS)) {
			dir = NULL;
		} else {
			inode_get(dir);
			name->len = d->name.len;
			name->hash = d->name.hash;
			name->name = buf;
			memcpy(buf, d->name.name, d->name.len + 1);
		}
	}
	spin_unlock(&d->lock);
	return dir;
}

void notify_dentry(struct dentry *d, u32 mask)
{
	struct inode *inode = dentry_inode(d), *dir;
	const struct dentry *open = mask & FILE_EVENTS ? d : NULL;
	char buf[NAME_MAX + 1];
	struct qstr name;

	if (!inode)
		return;
	if (S_ISDIR_I(inode))
		mask |= IN_ISDIR;
	dir = watched_parent(d, mask, buf, &name);
	if (dir) {
		send_to_marks(dir, mask, &name, 0, open);
		inode_put(dir);
	}
	if (READ_ONCE(inode->notify))
		send_to_marks(inode, mask, NULL, 0, open);
}

/* --- ends of inodes --- */

static void destroy_marks(struct inode *inode, u32 mask)
{
	struct notify_conn *c = inode_conn(inode);
	u32 shown = mask == IN_UNMOUNT && S_ISDIR_I(inode) ? mask | IN_ISDIR : mask;
	struct mark *m;

	for_each_mark(m, c) {
		if (READ_ONCE(m->mask) & mask)
			send_event(m->group, m->wd, shown, NULL, 0);
		mark_destroy(m);
	}
}

void notify_inode_unlinked(struct inode *inode)
{
	destroy_marks(inode, IN_DELETE_SELF);
}

void notify_inode_gone(struct inode *inode)
{
	struct notify_conn *c = inode->notify;

	WARN_ONCE(!list_empty(&c->marks) || !list_empty(&c->dirs));
	spin_lock(&marks_lock);
	list_del(&c->link);
	spin_unlock(&marks_lock);
	inode->notify = NULL;
	kfree(c);
}

/* An inode of sb that has marks, referenced; NULL. */
static struct inode *watched_inode_of(const struct super_block *sb)
{
	struct inode *inode = NULL;
	struct notify_conn *c;

	spin_lock(&marks_lock);
	list_for_each_entry(c, &all_conns, link) {
		if (c->inode->sb == sb && !list_empty(&c->marks)) {
			inode = c->inode;
			inode_get(inode);	/* the marks hold one */
			break;
		}
	}
	spin_unlock(&marks_lock);
	return inode;
}

void notify_unmount(struct super_block *sb)
{
	struct inode *inode;

	if (!atomic_read(&notify_watches))
		return;
	while ((inode = watched_inode_of(sb)) != NULL) {
		destroy_marks(inode, IN_UNMOUNT | (S_ISDIR_I(inode) ? IN_ISDIR : 0));
		inode_put(inode);
	}
}

/* --- watches --- */

struct notify_conn *conn_get(struct inode *inode)
{
	struct notify_conn *c = inode_conn(inode), *fresh;

	if (c)
		return c;
	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL);
	if (!fresh)
		return NULL;
	list_init(&fresh->marks);
	list_init(&fresh->dirs);
	fresh->inode = inode;
	spin_lock(&marks_lock);
	c = inode->notify;
	if (!c) {
		c = fresh;
		list_add_tail(&c->link, &all_conns);
		smp_store_release(&inode->notify, (void *)c);
		fresh = NULL;
	}
	spin_unlock(&marks_lock);
	kfree(fresh);
	return c;
}

/* group->mutex held: its marks stay. */
static struct mark *mark_find(struct group *g, struct notify_conn *c)
{
	struct mark *m, *found = NULL;

	spin_lock(&marks_lock);
	list_for_each_entry(m, &c->marks, link) {
		if (m->group == g) {
			found = m;
			break;
		}
	}
	spin_unlock(&marks_lock);
	return found;
}

static int mark_update(struct mark *m, struct notify_conn *c, u32 arg)
{
	u32 mask = (arg & USER_EVENTS) | IN_UNMOUNT, flags = arg & MARK_FLAGS;

	if (arg & IN_MASK_CREATE)
		return -EEXIST;
	spin_lock(&marks_lock);
	if (arg & IN_MASK_ADD) {
		mask |= m->mask;
		flags |= m->flags;
	}
	WRITE_ONCE(m->mask, mask);
	WRITE_ONCE(m->flags, flags);
	conn_recompute(c);
	spin_unlock(&marks_lock);
	return m->wd;
}

/* Descriptors go up; only after 2^31 - 1 are old ones used again. */
static int wd_alloc(struct group *g, struct mark *m)
{
	u64 wd;
	int err = xa_alloc(&g->wds, &wd, m, g->next_wd, 0x7fffffff, GFP_KERNEL);

	if (err == -EBUSY)
		err = xa_alloc(&g->wds, &wd, m, 1, 0x7fffffff, GFP_KERNEL);
	if (err)
		return err == -EBUSY ? -ENOSPC : err;
	m->wd = (s32)wd;
	g->next_wd = wd == 0x7fffffff ? 1 : wd + 1;
	return 0;
}

/* group->mutex held. */
static int mark_create(struct group *g, struct inode *inode, struct notify_conn *c, u32 arg)
{
	struct mark *m;
	int err;

	if ((u64)atomic64_add_return(&g->user->inotify_watches, 1) > READ_ONCE(max_user_watches)) {
		err = -ENOSPC;
		goto out_uncharge;
	}
	err = -ENOMEM;
	m = kzalloc(sizeof(*m), GFP_KERNEL);
	if (!m)
		goto out_uncharge;
	ref_init(&m->ref, 1);
	m->group = g;
	m->inode = inode;
	m->mask = (arg & USER_EVENTS) | IN_UNMOUNT;
	m->flags = arg & MARK_FLAGS;
	m->alive = true;
	err = wd_alloc(g, m);
	if (err)
		goto out_free;
	ref_get(&g->ref);
	inode_get(inode);
	atomic_inc(&notify_watches);
	spin_lock(&marks_lock);
	m->seq = ++next_seq;
	list_add_tail(&m->link, &c->marks);
	conn_recompute(c);
	spin_unlock(&marks_lock);
	return m->wd;
out_free:
	kfree(m);
out_uncharge:
	atomic64_dec(&g->user->inotify_watches);
	return err;
}

static int watch_add(struct group *g, struct inode *inode, u32 arg)
{
	struct notify_conn *c = conn_get(inode);
	struct mark *m;
	int res;

	if (!c)
		return -ENOMEM;
	mutex_lock(&g->mutex);
	m = mark_find(g, c);
	res = m ? mark_update(m, c, arg) : mark_create(g, inode, c, arg);
	mutex_unlock(&g->mutex);
	return res;
}

/* --- the file --- */

static u32 name_room(const struct event *e)
{
	return e->name_len ? (u32)ALIGN_UP(e->name_len + 1, sizeof(struct inotify_event)) : 0;
}

/* Next event off the queue; NULL: none; ERR_PTR(-EINVAL): it does not fit into `room` bytes. */
static struct event *event_take(struct group *g, size_t room)
{
	struct event *e;

	spin_lock_irq(&g->wait.lock);
	e = list_first_entry_or_null(&g->events, struct event, link);
	if (e && sizeof(struct inotify_event) + name_room(e) > room) {
		e = ERR_PTR(-EINVAL);
	} else if (e) {
		list_del_init(&e->link);
		g->nr_events--;
	}
	spin_unlock_irq(&g->wait.lock);
	return e;
}

static void event_free(struct group *g, struct event *e)
{
	if (e != &g->overflow)
		kfree(e);
}

/* Bytes or -EFAULT. The name is padded with NULs. */
static ssize_t event_copy(const struct event *e, struct iov_iter *to)
{
	struct inotify_event u = { .wd = e->wd, .mask = e->mask, .cookie = e->cookie, .len = name_room(e) };

	if (copy_to_iter(&u, sizeof(u), to) != sizeof(u))
		return -EFAULT;
	if (copy_to_iter(e->name, e->name_len, to) != e->name_len)
		return -EFAULT;
	if (iov_iter_zero(to, u.len - e->name_len) != u.len - e->name_len)
		return -EFAULT;
	return (ssize_t)(sizeof(u) + u.len);
}

static ssize_t inotify_read(struct file *f, struct kiocb *k, struct iov_iter *to)
{
	struct group *g = f->private;
	ssize_t done = 0, n;
	struct event *e;

	for (;;) {
		e = event_take(g, iov_iter_count(to));
		if (IS_ERR(e))
			return done ? done : PTR_ERR(e);
		if (e) {
			n = event_copy(e, to);
			event_free(g, e);
			if (n < 0)
				return n;
			done += n;
			continue;
		}
		if (done)
			return done;
		if (k->flags & (IOCB_NOWAIT | IOCB_NONBLOCK))
			return -EAGAIN;
		if (wait_event_interruptible(&g->wait, !list_empty(&g->events)))
			return -ERESTARTSYS;
	}
}

static u32 inotify_poll(struct file *f, struct poll_table *pt)
{
	struct group *g = f->private;

	poll_wait(f, &g->wait, pt);
	return list_empty(&g->events) ? 0 : EPOLLIN | EPOLLRDNORM;
}

static long inotify_ioctl(struct file *f, u32 cmd, u64 arg)
{
	struct group *g = f->private;
	struct event *e;
	int bytes = 0;

	if (cmd != FIONREAD)
		return -ENOTTY;
	spin_lock_irq(&g->wait.lock);
	list_for_each_entry(e, &g->events, link)
		bytes += (int)(sizeof(struct inotify_event) + name_room(e));
	spin_unlock_irq(&g->wait.lock);
	return copy_out(uptr_at(uout_s32, uaddr(arg)), &bytes);
}

static void inotify_show_fdinfo(struct file *f, struct seq_file *s)
{
	struct group *g = f->private;
	struct mark *m;
	u64 wd;

	mutex_lock(&g->mutex);
	xa_for_each(&g->wds, wd, m)
		seq_printf(s, "inotify wd:%x ino:%llx sdev:%x mask:%x ignored_mask:0 \n", m->wd,
			   (unsigned long long)m->inode->ino, m->inode->sb->dev.v, m->mask & IN_ALL_EVENTS);
	mutex_unlock(&g->mutex);
}

static int inotify_release(struct file *f, struct inode *inode)
{
	struct group *g = f->private;
	struct mark *m;
	u64 wd;

	(void)inode;
	for (;;) {
		mutex_lock(&g->mutex);
		wd = 0;
		m = xa_find(&g->wds, &wd, ~0ull);
		if (m)
			ref_get(&m->ref);
		mutex_unlock(&g->mutex);
		if (!m)
			break;
		mark_destroy(m);
		mark_put(m);
	}
	/* A notifier may still stand on a mark and queue: the events go with the group's memory. */
	atomic64_dec(&g->user->inotify_instances);
	wake_up_pollfree(&g->wait);
	group_put(g);
	return 0;
}

static int inotify_fasync(struct file *f, int fd, bool on)
{
	struct group *g = f->private;

	return fasync_update(&g->async, f, fd, on);
}

static const struct file_ops inotify_fops = {
	.read_iter = inotify_read,
	.poll = inotify_poll,
	.ioctl = inotify_ioctl,
	.release = inotify_release,
	.fasync = inotify_fasync,
	.llseek = noop_llseek,
	.show_fdinfo = inotify_show_fdinfo,
};

/* --- system calls --- */

static struct group *group_create(void)
{
	struct group *g = kzalloc(sizeof(*g), GFP_KERNEL);

	if (!g)
		return ERR_PTR(-ENOMEM);
	g->user = user_get(current_uid());
	if (!g->user) {
		kfree(g);
		return ERR_PTR(-ENOMEM);
	}
	if ((u64)atomic64_add_return(&g->user->inotify_instances, 1) > READ_ONCE(max_user_instances)) {
		atomic64_dec(&g->user->inotify_instances);
		user_put(g->user);
		kfree(g);
		return ERR_PTR(-EMFILE);
	}
	ref_init(&g->ref, 1);
	wait_queue_init(&g->wait);
	fasync_queue_init(&g->async);
	list_init(&g->events);
	list_init(&g->overflow.link);
	g->max_events = (u32)READ_ONCE(max_queued_events);
	g->overflow.wd = -1;
	g->overflow.mask = IN_Q_OVERFLOW;
	mutex_init(&g->mutex, LEAF_MUTEX);
	xa_init(&g->wds);
	g->next_wd = 1;
	return g;
}

long sys_inotify_init1(int flags)
{
	struct group *g;
	struct file *f;

	if (flags & ~(IN_CLOEXEC | IN_NONBLOCK))
		return -EINVAL;
	g = group_create();
	if (IS_ERR(g))
		return PTR_ERR(g);
	f = file_anon("inotify", &inotify_fops, g, O_RDONLY | (u32)flags);
	if (IS_ERR(f)) {
		atomic64_dec(&g->user->inotify_instances);
		group_put(g);
		return PTR_ERR(f);
	}
	return fd_add(f, (u32)flags);
}

long sys_inotify_init(void)
{
	return sys_inotify_init1(0);
}

/* The inode must be readable for whoever wants to see what happens to it. */
static int watch_path(struct group *g, uin_str upath, u32 mask)
{
	u32 lookup = (mask & IN_DONT_FOLLOW ? 0 : LOOKUP_FOLLOW) | (mask & IN_ONLYDIR ? LOOKUP_DIRECTORY : 0);
	struct path p;
	int res;

	res = user_path_at(AT_FDCWD, upath, lookup, &p);
	if (res)
		return res;
	res = inode_check_permission(p.dentry->inode, MAY_READ);
	if (!res)
		res = watch_add(g, p.dentry->inode, mask);
	path_put(&p);
	return res;
}

long sys_inotify_add_watch(int fd, uin_str path, u32 mask)
{
	struct fd f;
	long res = -EINVAL;

	if (!(mask & KNOWN_BITS))
		return -EINVAL;
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	if (!((mask & IN_MASK_ADD) && (mask & IN_MASK_CREATE)) && f.file->ops == &inotify_fops)
		res = watch_path(f.file->private, path, mask);
	fdput(f);
	return res;
}

static int watch_remove(struct group *g, int wd)
{
	struct mark *m;

	mutex_lock(&g->mutex);
	m = wd > 0 ? xa_load(&g->wds, (u64)wd) : NULL;
	if (m)
		ref_get(&m->ref);
	mutex_unlock(&g->mutex);
	if (!m)
		return -EINVAL;
	mark_destroy(m);
	mark_put(m);
	return 0;
}

long sys_inotify_rm_watch(int fd, int wd)
{
	struct fd f = fdget(fd);
	long res = -EINVAL;

	if (!f.file)
		return -EBADF;
	if (f.file->ops == &inotify_fops)
		res = watch_remove(f.file->private, wd);
	fdput(f);
	return res;
}

/* --- settings --- */

static const struct proc_sysctl limits[] = {
	{ .path = "fs/inotify/max_queued_events", .mode = 0644, .kind = SYSCTL_U64, .data = &max_queued_events,
	  .min = 0, .max = 0x7fffffff },
	{ .path = "fs/inotify/max_user_instances", .mode = 0644, .kind = SYSCTL_U64, .data = &max_user_instances,
	  .min = 0, .max = 0x7fffffff },
	{ .path = "fs/inotify/max_user_watches", .mode = 0644, .kind = SYSCTL_U64, .data = &max_user_watches,
	  .min = 0, .max = 0x7fffffff },
};

/* Watches pin inodes: at most one percent of memory for one user's. */
static int inotify_init_limits(void)
{
	u64 cost = sizeof(struct mark) + 2 * sizeof(struct inode), n = (mem_total_pages() << PAGE_SHIFT) / 100 / cost;
	int err = 0;

	max_user_watches = clamp_t(u64, n, 8192, 1048576);
	for (unsigned int i = 0; i < ARRAY_SIZE(limits) && !err; i++)
		err = proc_sysctl_register(&limits[i]);
	return err;
}
INITCALL_BUS(inotify_init_limits);
