/* SPDX-License-Identifier: MPL-2.0 */
/*
 * epoll(7). An instance holds an item per watched (file, descriptor) in a tree. Each item hangs on
 * the wait queues of its file; a wake-up puts it on the ready list and wakes the sleepers. A wait
 * takes items off the list, asks each file again what is ready, and puts level-triggered ones back.
 *
 *   watched file's queue --poll_callback--> ready list --> epoll_wait, or pollers of the epoll file
 *
 * Locks: close_mutex (files and instances that go away, and nesting) > ep->mutex (items, the scan)
 * > the watched queue's lock > ep->ready_lock. An item holds no reference on its file: the last put
 * of a file calls epoll_release_file() first. Instances nest at most four deep, without cycles.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/rbtree.h>
#include <core/init.h>
#include <core/mutex.h>
#include <core/slab.h>
#include <core/upcall.h>
#include <fs/poll.h>
#include <fs/seq_file.h>
#include <fs/super.h>
#include <kernel/syscall.h>
#include <kernel/task.h>
#include <kernel/time.h>

#define EP_MAX_NESTS	4
#define EP_PRIVATE_BITS	(EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE)
#define EP_EXCLUSIVE_OK	(EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLRDNORM | EPOLLWRNORM | \
	EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE)

struct eventpoll {
	struct mutex mutex;		/* class EPOLL */
	struct wait_queue wait;		/* sleepers in epoll_wait */
	struct wait_queue poll_wait;	/* who polls the epoll file itself */
	spinlock_t ready_lock;		/* class EPOLL_READY */
	struct list_head ready;		/* [ready_lock] epitem.ready_link */
	struct rb_root items;		/* [mutex] by file and descriptor */
	u32 depth;			/* [close_mutex] of instances inside */
	struct user_struct *user;	/* [I] charged for the watches */
	struct file *file;		/* [I] borrowed: ours */
	struct rcu_head rcu;
};

/* Registration on one wait queue; most files have one. */
struct ep_wait {
	struct wait_entry wait;
	struct wait_queue *queue;	/* [a] NULL: the queue is gone (POLLFREE) */
	struct epitem *item;
	struct ep_wait *next;
};

struct epitem {
	struct rb_node node;		/* [ep->mutex] */
	struct list_head ready_link;	/* [ep->ready_lock] */
	struct list_head file_link;	/* [close_mutex, file->lock] in file->epoll_links */
	struct eventpoll *ep;		/* [I] */
	struct file *file;		/* [I] borrowed */
	int fd;				/* [I] */
	struct epoll_event event;	/* [ep->mutex; callback reads events] */
	struct ep_wait first;
	struct ep_wait *waits;		/* [ep->mutex] */
	struct rcu_head rcu;
};

s64 epoll_max_user_watches = 1 << 20;	/* /proc/sys/fs/epoll/max_user_watches [a] */

static DEFINE_MUTEX(close_mutex, EPOLL_CLOSE);
static struct kmem_cache *item_cache, *wait_cache;
static const struct file_ops epoll_fops;

static struct eventpoll *file_ep(struct file *f)
{
	return f->ops == &epoll_fops ? f->private : NULL;
}

/* --- wake-up --- */

/* Under the watched queue's lock, interrupts off. */
static bool poll_callback(struct wait_entry *w, unsigned int states, u32 key)
{
	struct ep_wait *ew = container_of(w, struct ep_wait, wait);
	struct epitem *it = ew->item;
	struct eventpoll *ep = it->ep;
	u32 events = READ_ONCE(it->event.events);
	bool added = false;

	(void)states;
	if (key & WAKE_POLLFREE) {
		list_del_init(&w->link);
		smp_store_release(&ew->queue, NULL);
	}
	/* A one-shot that has fired is deaf until it is armed anew. */
	if (!(events & ~EP_PRIVATE_BITS) || (key & ~WAKE_POLLFREE && !(key & events)))
		return false;
	spin_lock(&ep->ready_lock);
	if (list_empty(&it->ready_link)) {
		list_add_tail(&it->ready_link, &ep->ready);
		added = true;
	}
	spin_unlock(&ep->ready_lock);
	if (wait_queue_has_sleeper(&ep->wait))
		wake_up(&ep->wait);
	if (added && wait_queue_active(&ep->poll_wait))
		wake_up_poll(&ep->poll_wait, EPOLLIN | EPOLLRDNORM);
	return true;
}

struct ep_table {
	struct poll_table pt;		/* must be first */
	struct epitem *item;
	int error;
};

static void ep_queue(struct file *f, struct wait_queue *q, struct poll_table *pt)
{
	struct ep_table *t = (struct ep_table *)pt;
	struct epitem *it = t->item;
	struct ep_wait *ew = &it->first;

	(void)f;
	if (it->waits) {
		ew = kmem_cache_alloc(wait_cache, GFP_KERNEL);
		if (!ew) {
			t->error = -ENOMEM;
			return;
		}
	}
	ew->wait = (struct wait_entry){ .wake = poll_callback, .task = NULL };
	list_init(&ew->wait.link);
	ew->queue = q;
	ew->item = it;
	ew->next = it->waits;
	it->waits = ew;
	if (it->event.events & EPOLLEXCLUSIVE)
		wait_queue_add_exclusive(q, &ew->wait);
	else
		wait_queue_add(q, &ew->wait);
}

/* What of the item's events is ready now. ep->mutex held. */
static u32 item_poll(struct epitem *it, struct poll_table *pt)
{
	pt->events = it->event.events;
	return vfs_poll(it->file, pt) & it->event.events;
}

/* --- items --- */

static int item_compare(const struct file *f, int fd, const struct epitem *it)
{
	if (f != it->file)
		return f < it->file ? -1 : 1;
	return fd - it->fd;
}

static struct epitem *item_find(struct eventpoll *ep, struct file *f, int fd)
{
	struct rb_node *n = ep->items.node;

	while (n) {
		struct epitem *it = rb_entry(n, struct epitem, node);
		int c = item_compare(f, fd, it);

		if (!c)
			return it;
		n = c < 0 ? n->left : n->right;
	}
	return NULL;
}

static void item_link(struct eventpoll *ep, struct epitem *it)
{
	struct rb_node **link = &ep->items.node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = item_compare(it->file, it->fd, rb_entry(parent, struct epitem, node)) < 0 ?
			&parent->left : &parent->right;
	}
	rb_link_node(&it->node, parent, link);
	rb_insert(&it->node, &ep->items);
}

static void item_free_rcu(struct rcu_head *head)
{
	kmem_cache_free(item_cache, container_of(head, struct epitem, rcu));
}

static void item_unregister(struct epitem *it)
{
	struct ep_wait *ew = it->waits, *next;

	for (; ew; ew = next) {
		struct wait_queue *q;

		next = ew->next;
		/* A queue that dies (POLLFREE) is freed by RCU: ours to lock while we read it here. */
		rcu_read_lock();
		q = smp_load_acquire(&ew->queue);
		if (q)
			wait_queue_remove(q, &ew->wait);
		rcu_read_unlock();
		if (ew != &it->first)
			kmem_cache_free(wait_cache, ew);
	}
	it->waits = NULL;
}

/* ep->mutex held. */
static void item_remove(struct epitem *it)
{
	struct eventpoll *ep = it->ep;
	u64 flags;

	item_unregister(it);
	spin_lock(&it->file->lock);
	list_del(&it->file_link);
	spin_unlock(&it->file->lock);
	rb_erase(&it->node, &ep->items);
	spin_lock_irqsave(&ep->ready_lock, flags);
	list_del_init(&it->ready_link);
	spin_unlock_irqrestore(&ep->ready_lock, flags);
	atomic64_dec(&ep->user->epoll_watches);
	call_rcu(&it->rcu, item_free_rcu);
}

/* Put on the ready list if it is ready now. ep->mutex held. */
static void item_check_ready(struct epitem *it)
{
	struct poll_table pt = { .queue = NULL };
	struct eventpoll *ep = it->ep;
	u64 flags;

	if (!item_poll(it, &pt))
		return;
	spin_lock_irqsave(&ep->ready_lock, flags);
	if (list_empty(&it->ready_link))
		list_add_tail(&it->ready_link, &ep->ready);
	spin_unlock_irqrestore(&ep->ready_lock, flags);
	wake_up(&ep->wait);
	wake_up_poll(&ep->poll_wait, EPOLLIN | EPOLLRDNORM);
}

static int item_insert(struct eventpoll *ep, const struct epoll_event *ev, struct file *f, int fd)
{
	struct ep_table t = { .pt = { .queue = ep_queue } };
	struct epitem *it;

	if (atomic64_inc_return(&ep->user->epoll_watches) > READ_ONCE(epoll_max_user_watches)) {
		atomic64_dec(&ep->user->epoll_watches);
		return -ENOSPC;
	}
	it = kmem_cache_alloc(item_cache, GFP_KERNEL);
	if (!it) {
		atomic64_dec(&ep->user->epoll_watches);
		return -ENOMEM;
	}
	*it = (struct epitem){ .ep = ep, .file = f, .fd = fd, .event = *ev };
	list_init(&it->ready_link);
	spin_lock(&f->lock);
	list_add_tail(&it->file_link, &f->epoll_links);
	spin_unlock(&f->lock);
	item_link(ep, it);
	t.item = it;
	(void)item_poll(it, &t.pt);
	if (t.error) {
		item_remove(it);
		return t.error;
	}
	item_check_ready(it);
	return 0;
}

static int item_modify(struct epitem *it, const struct epoll_event *ev)
{
	if (it->event.events & EPOLLEXCLUSIVE || ev->events & EPOLLEXCLUSIVE)
		return -EINVAL;
	WRITE_ONCE(it->event.events, ev->events);
	it->event.data = ev->data;
	smp_mb();	/* the callback sees the new events, or we see what it reported */
	item_check_ready(it);
	return 0;
}

/* --- epoll_ctl --- */

/* Depth below ep; > EP_MAX_NESTS for too deep, or when `target` is found: a cycle. close_mutex held. */
static u32 nest_depth(struct eventpoll *ep, struct eventpoll *target, u32 level)
{
	struct rb_node *n;
	u32 deepest = 0;

	if (ep == target || level > EP_MAX_NESTS)
		return EP_MAX_NESTS + 1;
	mutex_lock_nested(&ep->mutex, level + 1);
	for (n = rb_first(&ep->items); n; n = rb_next(n)) {
		struct eventpoll *inner = file_ep(rb_entry(n, struct epitem, node)->file);
		u32 d = inner ? nest_depth(inner, target, level + 1) + 1 : 0;

		deepest = max(deepest, d);
		if (deepest > EP_MAX_NESTS)
			break;
	}
	mutex_unlock(&ep->mutex);
	return deepest;
}

/* How many instances watch ep, one above the other. close_mutex held. */
static u32 nest_height(struct eventpoll *ep, u32 level)
{
	struct epitem *it;
	u32 highest = 0;

	if (level > EP_MAX_NESTS)
		return level;
	list_for_each_entry(it, &ep->file->epoll_links, file_link)
		highest = max(highest, nest_height(it->ep, level + 1) + 1);
	return highest;
}

static void set_depth(struct eventpoll *ep, u32 depth)
{
	struct epitem *it;

	if (ep->depth >= depth || depth > EP_MAX_NESTS)
		return;
	ep->depth = depth;
	lockdep_set(&ep->poll_wait.lock, LC_EPOLL_POLL0 + depth);
	list_for_each_entry(it, &ep->file->epoll_links, file_link)
		set_depth(it->ep, depth + 1);
}

/* May `inner` be watched by ep? close_mutex held. */
static int nest_check(struct eventpoll *ep, struct eventpoll *inner)
{
	u32 below = nest_depth(inner, ep, 0);

	if (below + 1 + nest_height(ep, 0) > EP_MAX_NESTS)
		return -ELOOP;
	set_depth(ep, max(below, inner->depth) + 1);
	return 0;
}

static int check_exclusive(int op, const struct epoll_event *ev, struct eventpoll *inner)
{
	if (!(ev->events & EPOLLEXCLUSIVE))
		return 0;
	if (op == EPOLL_CTL_MOD || inner || ev->events & ~EP_EXCLUSIVE_OK)
		return -EINVAL;
	return 0;
}

static int ctl_locked(struct eventpoll *ep, int op, struct file *f, int fd, struct epoll_event *ev)
{
	struct epitem *it = item_find(ep, f, fd);

	ev->events |= EPOLLERR | EPOLLHUP;
	switch (op) {
	case EPOLL_CTL_ADD:
		return it ? -EEXIST : item_insert(ep, ev, f, fd);
	case EPOLL_CTL_DEL:
		if (!it)
			return -ENOENT;
		item_remove(it);
		return 0;
	case EPOLL_CTL_MOD:
		return it ? item_modify(it, ev) : -ENOENT;
	default:
		return -EINVAL;
	}
}

static int ctl_do(struct file *epf, int op, struct file *f, int fd, struct epoll_event *ev)
{
	struct eventpoll *ep = file_ep(epf), *inner = file_ep(f);
	bool nesting = op == EPOLL_CTL_ADD && inner;
	int err;

	if (!f->ops->poll)
		return -EPERM;
	if (!ep || f == epf)
		return -EINVAL;
	if (op != EPOLL_CTL_DEL) {
		err = check_exclusive(op, ev, inner);
		if (err)
			return err;
	}
	if (nesting) {
		mutex_lock(&close_mutex);
		err = nest_check(ep, inner);
		if (err) {
			mutex_unlock(&close_mutex);
			return err;
		}
	}
	mutex_lock(&ep->mutex);
	err = ctl_locked(ep, op, f, fd, ev);
	mutex_unlock(&ep->mutex);
	if (nesting)
		mutex_unlock(&close_mutex);
	return err;
}

long sys_epoll_ctl(int epfd, int op, int fd, uin_epoll_event uev)
{
	struct epoll_event ev = { 0 };
	struct fd e, f;
	long err = -EBADF;

	if (op != EPOLL_CTL_DEL && copy_in(&ev, uev))
		return -EFAULT;
	if (!(ev.events & EPOLLEXCLUSIVE))
		ev.events &= ~EPOLLWAKEUP | (capable(CAP_BLOCK_SUSPEND) ? EPOLLWAKEUP : 0);
	e = fdget(epfd);
	if (!e.file)
		return -EBADF;
	f = fdget(fd);
	if (f.file) {
		err = ctl_do(e.file, op, f.file, fd, &ev);
		fdput(f);
	}
	fdput(e);
	return err;
}

/* --- epoll_wait --- */

/* Copy out up to max events. Count, or -EFAULT when none could be given. */
static int send_events(struct eventpoll *ep, u64 uevents, int max)
{
	struct poll_table pt = { .queue = NULL };
	LIST_HEAD(batch);
	u64 flags;
	int n = 0, err = 0;

	mutex_lock(&ep->mutex);
	spin_lock_irqsave(&ep->ready_lock, flags);
	list_splice_init(&ep->ready, &batch);
	while (n < max && !err && !list_empty(&batch)) {
		struct epitem *it = list_first_entry(&batch, struct epitem, ready_link);
		struct epoll_event out;

		/* Off the list before the question: news that come meanwhile put it back. */
		list_del_init(&it->ready_link);
		spin_unlock_irqrestore(&ep->ready_lock, flags);
		out.events = item_poll(it, &pt);
		out.data = it->event.data;
		if (out.events) {
			err = copy_out_bytes(uaddr(uevents + (u64)n * sizeof(out)), &out, sizeof(out));
			n += !err;
		}
		spin_lock_irqsave(&ep->ready_lock, flags);
		if (err || (out.events && !(it->event.events & (EPOLLET | EPOLLONESHOT)))) {
			if (list_empty(&it->ready_link))
				list_add_tail(&it->ready_link, &ep->ready);
		} else if (out.events && it->event.events & EPOLLONESHOT) {
			WRITE_ONCE(it->event.events, it->event.events & EP_PRIVATE_BITS);
		}
	}
	/* What was not looked at stays in front. */
	list_splice_init(&batch, &ep->ready);
	spin_unlock_irqrestore(&ep->ready_lock, flags);
	mutex_unlock(&ep->mutex);
	return n ? n : err;
}

static bool ep_ready(const struct eventpoll *ep)
{
	return !list_empty(&ep->ready);
}

static long wait_do(struct eventpoll *ep, u64 uevents, int max, u64 deadline)
{
	bool over = deadline == 0;
	long n;

	for (;;) {
		DEFINE_WAIT(w);

		n = ep_ready(ep) ? send_events(ep, uevents, max) : 0;
		if (n || over)
			return n;
		if (signal_pending())
			return -EINTR;
		prepare_to_wait_exclusive(&ep->wait, &w, TASK_INTERRUPTIBLE);
		if (!ep_ready(ep) && !signal_pending())
			over = schedule_until_slack(deadline, current->timer_slack_ns) == 0;
		finish_wait(&ep->wait, &w);
	}
}

static long epoll_wait_file(int epfd, u64 uevents, int max, u64 deadline)
{
	struct eventpoll *ep;
	long res = -EINVAL;
	struct fd f;

	if (max <= 0 || (u64)max > 0x7fffffffu / sizeof(struct epoll_event))
		return -EINVAL;
	if (!user_range_ok(uaddr(uevents), (u64)max * sizeof(struct epoll_event)))
		return -EFAULT;
	f = fdget(epfd);
	if (!f.file)
		return -EBADF;
	ep = file_ep(f.file);
	if (ep)
		res = wait_do(ep, uevents, max, deadline);
	fdput(f);
	return res;
}

static u64 deadline_from_ms(int ms)
{
	u64 deadline = WAIT_FOREVER;

	if (ms >= 0)
		(void)!deadline_from_ns((s64)ms * 1000000, &deadline);
	return deadline;
}

long sys_epoll_wait(int epfd, uout_epoll_event events, int maxevents, int timeout_ms)
{
	return epoll_wait_file(epfd, events.addr, maxevents, deadline_from_ms(timeout_ms));
}

static long pwait_do(int epfd, u64 uevents, int max, u64 deadline, uin_sigset mask, size_t size)
{
	long res = signal_set_user_mask(uptr_addr(mask), size);

	if (res)
		return res;
	res = epoll_wait_file(epfd, uevents, max, deadline);
	signal_restore_mask_unless(res == -EINTR);
	return res;
}

long sys_epoll_pwait(int epfd, uout_epoll_event events, int maxevents, int timeout_ms, uin_sigset mask,
		     size_t sigsetsize)
{
	return pwait_do(epfd, events.addr, maxevents, deadline_from_ms(timeout_ms), mask, sigsetsize);
}

long sys_epoll_pwait2(int epfd, uout_epoll_event events, int maxevents, uin_timespec timeout, uin_sigset mask,
		      size_t sigsetsize)
{
	u64 deadline;
	int err = deadline_from_user_timespec(uptr_addr(timeout), &deadline);

	return err ? err : pwait_do(epfd, events.addr, maxevents, deadline, mask, sigsetsize);
}

/* --- the epoll file --- */

static u32 epoll_poll(struct file *f, struct poll_table *pt)
{
	struct poll_table ask = { .queue = NULL };
	struct eventpoll *ep = f->private;
	struct rb_node *n;
	u32 res = 0;

	poll_wait(f, &ep->poll_wait, pt);
	if (!ep_ready(ep))
		return 0;
	/* Listed items may have been served otherwise: only what is ready now counts. */
	mutex_lock_nested(&ep->mutex, EP_MAX_NESTS + 2 - ep->depth);
	for (n = rb_first(&ep->items); n && !res; n = rb_next(n)) {
		struct epitem *it = rb_entry(n, struct epitem, node);

		if (!list_empty(&it->ready_link) && item_poll(it, &ask))
			res = EPOLLIN | EPOLLRDNORM;
	}
	mutex_unlock(&ep->mutex);
	return res;
}

static int epoll_release(struct file *f, struct inode *inode)
{
	struct eventpoll *ep = f->private;
	struct rb_node *n;

	(void)inode;
	mutex_lock(&close_mutex);
	mutex_lock(&ep->mutex);
	while ((n = rb_first(&ep->items)))
		item_remove(rb_entry(n, struct epitem, node));
	mutex_unlock(&ep->mutex);
	mutex_unlock(&close_mutex);
	user_put(ep->user);
	kfree_rcu(ep, rcu);	/* callbacks that run now still look at it */
	return 0;
}

void epoll_release_file(struct file *f)
{
	if (likely(list_empty(&f->epoll_links)))
		return;
	mutex_lock(&close_mutex);
	while (!list_empty(&f->epoll_links)) {
		struct epitem *it = list_first_entry(&f->epoll_links, struct epitem, file_link);
		struct eventpoll *ep = it->ep;

		mutex_lock(&ep->mutex);
		item_remove(it);
		mutex_unlock(&ep->mutex);
	}
	mutex_unlock(&close_mutex);
}

static void epoll_show_fdinfo(struct file *f, struct seq_file *s)
{
	struct eventpoll *ep = f->private;
	struct rb_node *n;

	mutex_lock(&ep->mutex);
	for (n = rb_first(&ep->items); n; n = rb_next(n)) {
		struct epitem *it = rb_entry(n, struct epitem, node);

		seq_printf(s, "tfd: %8d events: %8x data: %16llx  pos:%lli ino:%llx sdev:%x\n", it->fd,
			   it->event.events, (unsigned long long)it->event.data, (long long)it->file->pos,
			   (unsigned long long)it->file->inode->ino, it->file->inode->sb->dev.v);
	}
	mutex_unlock(&ep->mutex);
}

static const struct file_ops epoll_fops = {
	.poll = epoll_poll,
	.release = epoll_release,
	.llseek = noop_llseek,
	.show_fdinfo = epoll_show_fdinfo,
};

static long epoll_create_do(u32 flags)
{
	struct eventpoll *ep;
	struct file *f;

	if (flags & ~(u32)EPOLL_CLOEXEC)
		return -EINVAL;
	ep = kzalloc(sizeof(*ep), GFP_KERNEL);
	if (!ep)
		return -ENOMEM;
	mutex_init(&ep->mutex, EPOLL);
	wait_queue_init(&ep->wait);
	lockdep_set(&ep->wait.lock, LC_EPOLL_WAITQ);
	wait_queue_init(&ep->poll_wait);
	lockdep_set(&ep->poll_wait.lock, LC_EPOLL_POLL0);
	spin_lock_init(&ep->ready_lock, EPOLL_READY);
	list_init(&ep->ready);
	ep->user = current_cred()->user;
	ref_get(&ep->user->ref);
	f = file_anon("[eventpoll]", &epoll_fops, ep, O_RDWR | flags);
	if (IS_ERR(f)) {
		user_put(ep->user);
		kfree(ep);
		return PTR_ERR(f);
	}
	ep->file = f;
	return fd_add(f, flags);
}

long sys_epoll_create1(int flags)
{
	return epoll_create_do((u32)flags);
}

long sys_epoll_create(int size)
{
	return size <= 0 ? -EINVAL : epoll_create_do(0);
}

static int epoll_init(void)
{
	item_cache = kmem_cache_create("epitem", sizeof(struct epitem), 64, 0, NULL);
	wait_cache = kmem_cache_create("epwait", sizeof(struct ep_wait), 8, 0, NULL);
	return item_cache && wait_cache ? 0 : -ENOMEM;
}
INITCALL_VFS(epoll_init);
