/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Linux AIO: io_setup(2) and its kin. A context belongs to an address space, which sees its ring of events
 * mapped; the address is its name. Requests for O_DIRECT come back from the device's interrupt
 * (kiocb.complete); fsync runs in a worker; IOCB_CMD_POLL waits on the file's queue; all else is done
 * before io_submit returns, as on Linux.
 *
 * An event is written where the request ends, in any context. What it still holds (pinned pages, files) is
 * let go later, by whoever submits or reads events next, or a worker: the list `reap`. A request dies when both have let
 * go of it, its submitter and its reaper. A context dies when nothing of it is under way: whoever
 * destroys it waits for that.
 *
 * Room: events in the ring and requests under way together are fewer than its slots. The user may write
 * what he likes into the ring; only his own events suffer.
 */
#include <base/err.h>
#include <base/math.h>
#include <core/cpumask.h>
#include <core/init.h>
#include <core/iov_iter.h>
#include <core/slab.h>
#include <core/upcall.h>
#include <core/wait.h>
#include <core/work.h>
#include <fs/block.h>
#include <fs/eventfd.h>
#include <fs/poll.h>
#include <fs/procfs.h>
#include <kernel/sched.h>
#include <kernel/signal.h>
#include <kernel/syscall.h>
#include <kernel/task.h>
#include <kernel/time.h>
#include <mm/filemap.h>
#include <mm/mm.h>
#include <uapi/linux/aio_abi.h>
#include <uapi/linux/mman.h>
#include <uapi/linux/poll.h>

#define RING_MAGIC	0xa10a10a1u
#define REAP_LATER	(20 * NSEC_PER_MSEC)
#define PER_PAGE	(PAGE_SIZE / sizeof(struct io_event))

/* First in the mapping, one event long: libaio looks at it. */
struct ring_head {
	u32 id, nr, head, tail, magic, compat, incompat, header_length;
};
static_assert(sizeof(struct ring_head) == sizeof(struct io_event), "an event never crosses a page");

struct aio_ctx {
	struct mm *mm;			/* [I] */
	u64 id;				/* [I] address of the ring */
	u32 nr, max, pages;		/* [I] slots, what was asked for, pages of the ring */
	u32 refs;			/* [aio_lock] */
	struct list_head link;		/* [aio_lock] in the list of its mm */
	spinlock_t lock;		/* class OBJECT_IRQ */
	u32 tail, in_flight;		/* [lock] */
	bool dead;			/* [lock; a] */
	struct list_head reap;		/* [lock] ended requests */
	struct delayed_work reaper;	/* when nobody else comes */
	struct list_head polls;		/* [lock] what can be cancelled */
	struct wait_queue wait;		/* for events, and for the end of all requests */
	struct mutex read_lock;		/* class AIO: one reader of the ring */
	struct folio **folios;		/* [I] referenced */
};

struct aio_req {
	struct kiocb k;
	struct aio_ctx *ctx;		/* [I] until its event is written */
	u64 obj, data;			/* [I] */
	struct file *eventfd;		/* [I] ref or NULL */
	atomic_t refs;			/* submitter and reaper */
	struct list_head link;		/* [ctx->lock] reap or polls */
	struct work work;		/* fsync, poll */
	bool datasync;			/* [I] */
	/* IOCB_CMD_POLL */
	u32 events;			/* [I] */
	bool cancelled;			/* [a] */
	struct wait_queue *queue;	/* [r] NULL: none, or it died */
	struct wait_entry entry;	/* [queue->lock]; whoever takes it off ends the request */
};

static DEFINE_SPINLOCK(aio_lock, OBJECT);
static u64 aio_nr, aio_max_nr = 65536;	/* [aio_lock; a] */
static struct workqueue *aio_wq;

/* --- the ring --- */

static struct ring_head *ring_head(const struct aio_ctx *c)
{
	return kmap_local(c->folios[0], 0);
}

static struct io_event *ring_slot(const struct aio_ctx *c, u32 i)
{
	return (struct io_event *)kmap_local(c->folios[(i + 1) / PER_PAGE], 0) + (i + 1) % PER_PAGE;
}

static u32 ring_count(const struct aio_ctx *c)
{
	return (READ_ONCE(c->tail) + c->nr - READ_ONCE(ring_head(c)->head) % c->nr) % c->nr;
}

static void ring_free(struct aio_ctx *c)
{
	for (u32 i = 0; i < c->pages && c->folios; i++)
		if (c->folios[i])
			folio_put(c->folios[i]);
	kvfree(c->folios);
}

/* The ring as a memory file, its pages held, mapped into current's address space. */
static int ring_make(struct aio_ctx *c)
{
	struct file *f = shmem_file_create("[aio]", (u64)c->pages << PAGE_SHIFT, 0);
	long at;

	if (IS_ERR(f))
		return PTR_ERR(f);
	at = -ENOMEM;
	c->folios = kvmalloc(c->pages * sizeof(*c->folios), GFP_KERNEL | GFP_ZERO);
	for (u32 i = 0; i < c->pages && c->folios; i++) {
		struct folio *fo = filemap_read_folio(NULL, f->mapping, i);

		if (IS_ERR(fo)) {
			at = PTR_ERR(fo);
			goto out;
		}
		c->folios[i] = fo;
	}
	if (!c->folios)
		goto out;
	*ring_head(c) = (struct ring_head){ .nr = c->nr, .magic = RING_MAGIC, .compat = 1,
					    .header_length = sizeof(struct ring_head) };
	at = mmap_do(current->mm, f, 0, (u64)c->pages << PAGE_SHIFT, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	if (at > 0)
		c->id = (u64)at;
out:
	file_put(f);
	return at > 0 ? 0 : (int)at;
}

/* --- requests --- */

/* Thread context. */
static void req_put(struct aio_req *r)
{
	if (!atomic_dec_and_test(&r->refs))
		return;
	iomap_dio_release(&r->k);
	file_put(r->k.file);
	if (r->eventfd)
		file_put(r->eventfd);
	kfree(r);
}

static void reap(struct aio_ctx *c)
{
	LIST_HEAD(ended);

	if (list_empty(&c->reap))
		return;
	spin_lock_irq(&c->lock);
	list_splice_init(&c->reap, &ended);
	spin_unlock_irq(&c->lock);
	while (!list_empty(&ended)) {
		struct aio_req *r = list_first_entry(&ended, struct aio_req, link);

		list_del_init(&r->link);
		req_put(r);
	}
}

/* Its event, and no more is heard of it. Any context. */
static void finish(struct aio_req *r, s64 res)
{
	struct aio_ctx *c = r->ctx;
	struct ring_head *head;
	u64 flags;

	spin_lock_irqsave(&c->lock, flags);
	list_del_init(&r->link);
	*ring_slot(c, c->tail) = (struct io_event){ .data = r->data, .obj = r->obj, .res = res };
	WRITE_ONCE(c->tail, (c->tail + 1) % c->nr);
	head = ring_head(c);
	smp_store_release(&head->tail, c->tail);
	if (unlikely(r->eventfd)) {
		/* Out of the lock, and before the reaper may have it. */
		spin_unlock_irqrestore(&c->lock, flags);
		eventfd_signal(r->eventfd, 1);
		spin_lock_irqsave(&c->lock, flags);
	}
	c->in_flight--;
	if (list_empty(&c->reap))
		(void)delayed_work_queue(aio_wq, &c->reaper, REAP_LATER);
	list_add_tail(&r->link, &c->reap);
	/* Under the lock: whoever destroys the context takes it once more before he frees it. */
	if (wait_queue_has_sleeper(&c->wait))
		wake_up_all(&c->wait);
	spin_unlock_irqrestore(&c->lock, flags);
}

/* Who reads events from the mapped ring does not come by: files are not to stay open, nor pages pinned, for that. */
static void reaper_fn(struct work *w)
{
	reap(container_of(container_of(w, struct delayed_work, work), struct aio_ctx, reaper));
}

static void rw_complete(struct kiocb *k, ssize_t n)
{
	finish(container_of(k, struct aio_req, k), n);
}

/* --- read and write --- */

static int submit_rw(struct aio_req *r, const struct iocb *cb, bool write, bool vector)
{
	struct file *f = r->k.file;
	struct iovec fast[UIO_FASTIOV], *heap = NULL;
	struct iov_iter i;
	ssize_t n;
	int err = kiocb_init(&r->k, f, cb->aio_offset, cb->aio_rw_flags, write);

	if (!err)
		err = vfs_rw_check(f, write, 0, 0);
	if (err)
		return err;
	if (vector) {
		n = iov_iter_import(&i, write ? ITER_SOURCE : ITER_DEST, uaddr(cb->aio_buf), cb->aio_nbytes, fast, &heap);
		if (n < 0)
			return (int)n;
	} else {
		n = (ssize_t)min_t(u64, cb->aio_nbytes, MAX_RW_COUNT);
		if (!user_range_ok(uaddr(cb->aio_buf), (u64)n))
			return -EFAULT;
		iov_iter_ubuf(&i, write ? ITER_SOURCE : ITER_DEST, uaddr(cb->aio_buf), (size_t)n);
	}
	err = vfs_rw_check(f, write, cb->aio_offset, (size_t)n);
	if (!err) {
		r->k.complete = rw_complete;
		n = write ? vfs_write_iter(f, &r->k, &i) : vfs_read_iter(f, &r->k, &i);
		/* Not to be restarted: others of the list may be under way. */
		if (n == -ERESTARTSYS || n == -ERESTARTNOINTR || n == -ERESTARTNOHAND || n == -ERESTART_RESTARTBLOCK)
			n = -EINTR;
		if (n != -EIOCBQUEUED)
			finish(r, n);
	}
	kfree(heap);
	return err;
}

/* --- fsync --- */

static void fsync_work(struct work *w)
{
	struct aio_req *r = container_of(w, struct aio_req, work);
	struct file *f = r->k.file;

	finish(r, f->ops->fsync(f, 0, (loff_t)(~0ull >> 1), r->datasync));
}

static int submit_fsync(struct aio_req *r, const struct iocb *cb, bool datasync)
{
	if (cb->aio_buf || cb->aio_offset || cb->aio_nbytes || cb->aio_rw_flags || !r->k.file->ops->fsync)
		return -EINVAL;
	r->datasync = datasync;
	work_init(&r->work, fsync_work);
	work_queue(aio_wq, &r->work);
	return 0;
}

/* --- poll --- */

struct poll_req_table {
	struct poll_table pt;		/* must be first */
	struct aio_req *r;
	int error;
};

/* Take the entry off its queue. True: it was there, so ending the request is ours. */
static bool poll_take(struct aio_req *r)
{
	struct wait_queue *q;
	bool was = false;
	u64 flags;

	rcu_read_lock();
	q = smp_load_acquire(&r->queue);
	if (q) {
		spin_lock_irqsave(&q->lock, flags);
		was = !list_empty(&r->entry.link);
		list_del_init(&r->entry.link);
		spin_unlock_irqrestore(&q->lock, flags);
	}
	rcu_read_unlock();
	return was;
}

/* Under the queue's lock. The worker looks again and ends it. */
static bool poll_wake(struct wait_entry *e, unsigned int states, u32 key)
{
	struct aio_req *r = container_of(e, struct aio_req, entry);

	(void)states;
	if (!(key & WAKE_POLLFREE) && key && !(key & r->events))
		return false;
	list_del_init(&e->link);
	if (key & WAKE_POLLFREE) {
		WRITE_ONCE(r->cancelled, true);
		smp_store_release(&r->queue, NULL);
	}
	work_queue(aio_wq, &r->work);
	return true;
}

static void poll_queue(struct file *f, struct wait_queue *q, struct poll_table *pt)
{
	struct poll_req_table *t = (struct poll_req_table *)pt;
	struct aio_req *r = t->r;

	(void)f;
	if (r->queue) {			/* as Linux: files with two queues are not for this */
		t->error = -EINVAL;
		return;
	}
	WRITE_ONCE(r->queue, q);
	wait_queue_add(q, &r->entry);
}

static void poll_work(struct work *w)
{
	struct aio_req *r = container_of(w, struct aio_req, work);
	struct poll_table ask = { .events = r->events };
	struct wait_queue *q;
	u32 mask;

	for (;;) {
		mask = vfs_poll(r->k.file, &ask) & r->events;
		if (mask || READ_ONCE(r->cancelled))
			break;
		/* For nothing: wait again, and look once more now that we are heard. */
		rcu_read_lock();
		q = smp_load_acquire(&r->queue);
		if (q)
			wait_queue_add(q, &r->entry);
		rcu_read_unlock();
		smp_mb();
		mask = vfs_poll(r->k.file, &ask) & r->events;
		if ((!mask && !READ_ONCE(r->cancelled)) || !poll_take(r))
			return;		/* whoever takes it off comes here again */
	}
	finish(r, mask);
}

static int submit_poll(struct aio_req *r, const struct iocb *cb)
{
	struct poll_req_table t = { .pt.queue = poll_queue, .r = r };
	struct aio_ctx *c = r->ctx;
	u32 mask;

	if (cb->aio_buf != (u16)cb->aio_buf || cb->aio_offset || cb->aio_nbytes || cb->aio_rw_flags)
		return -EINVAL;
	r->events = (u32)cb->aio_buf | EPOLLERR | EPOLLHUP;
	r->entry = (struct wait_entry){ .wake = poll_wake };
	list_init(&r->entry.link);
	work_init(&r->work, poll_work);
	/* Before it can end. */
	spin_lock_irq(&c->lock);
	list_add_tail(&r->link, &c->polls);
	spin_unlock_irq(&c->lock);
	t.pt.events = r->events;
	mask = vfs_poll(r->k.file, &t.pt) & r->events;
	if (t.error) {
		if (r->queue && !poll_take(r)) {
			WRITE_ONCE(r->cancelled, true);
			return 0;	/* it fired already: an event all the same */
		}
		spin_lock_irq(&c->lock);
		list_del_init(&r->link);
		spin_unlock_irq(&c->lock);
		return t.error;
	}
	if (!r->queue || (mask && poll_take(r)))
		finish(r, mask);
	return 0;
}

/* A poll request that is not ending yet ends now, with what is ready. */
static bool poll_cancel(struct aio_req *r)
{
	WRITE_ONCE(r->cancelled, true);
	if (!poll_take(r))
		return false;
	work_queue(aio_wq, &r->work);
	return true;
}

/* --- contexts --- */

static void ctx_put(struct aio_ctx *c)
{
	bool last;

	spin_lock(&aio_lock);
	last = --c->refs == 0;
	spin_unlock(&aio_lock);
	if (!last)
		return;
	(void)delayed_work_cancel_sync(&c->reaper);
	reap(c);
	ring_free(c);
	kfree(c);
}

static struct aio_ctx *ctx_get(u64 id)
{
	struct aio_ctx *c, *found = NULL;

	spin_lock(&aio_lock);
	list_for_each_entry(c, mm_aio_list(current->mm), link) {
		if (c->id != id)
			continue;
		c->refs++;
		found = c;
		break;
	}
	spin_unlock(&aio_lock);
	return found;
}

/* Off its list already: no more requests, those that wait for ever are cancelled, the rest waited for. */
static void ctx_kill(struct aio_ctx *c)
{
	struct aio_req *r, *n;

	spin_lock_irq(&c->lock);
	WRITE_ONCE(c->dead, true);
	list_for_each_entry_safe(r, n, &c->polls, link)
		(void)poll_cancel(r);
	wake_up_all(&c->wait);
	spin_unlock_irq(&c->lock);
	wait_event(&c->wait, !READ_ONCE(c->in_flight));
	spin_lock_irq(&c->lock);
	spin_unlock_irq(&c->lock);
	ctx_put(c);
}

/* The address space goes: nobody runs in it any more. */
static void exit_mm(struct mm *mm)
{
	for (;;) {
		struct aio_ctx *c;

		spin_lock(&aio_lock);
		c = list_first_entry_or_null(mm_aio_list(mm), struct aio_ctx, link);
		if (c) {
			list_del_init(&c->link);
			aio_nr -= c->max;
		}
		spin_unlock(&aio_lock);
		if (!c)
			return;
		ctx_kill(c);
	}
}

static struct aio_ctx *ctx_new(u32 max)
{
	struct aio_ctx *c = kzalloc(sizeof(*c), GFP_KERNEL);
	u64 slots = max_t(u64, max, 4 * (u64)nr_cpus) * 2 + 2;

	if (!c)
		return ERR_PTR(-ENOMEM);
	c->mm = current->mm;
	c->max = max;
	c->pages = (u32)DIV_ROUND_UP(slots + 1, PER_PAGE);
	c->nr = c->pages * (u32)PER_PAGE - 1;
	c->refs = 1;
	spin_lock_init(&c->lock, OBJECT_IRQ);
	mutex_init(&c->read_lock, AIO);
	list_init(&c->link);
	list_init(&c->reap);
	list_init(&c->polls);
	delayed_work_init(&c->reaper, reaper_fn);
	wait_queue_init(&c->wait);
	return c;
}

long sys_io_setup(unsigned int nr_events, uio_u64 uctx)
{
	struct aio_ctx *c;
	u64 id;
	int err;

	if (copy_in_bytes(&id, uptr_addr(uctx), sizeof(id)))
		return -EFAULT;
	if (id || !nr_events || nr_events > 0x10000000u / sizeof(struct io_event))
		return -EINVAL;
	if (nr_events > READ_ONCE(aio_max_nr))
		return -EAGAIN;
	c = ctx_new(nr_events);
	if (IS_ERR(c))
		return PTR_ERR(c);
	err = ring_make(c);
	if (!err && copy_out_bytes(uptr_addr(uctx), &c->id, sizeof(c->id)))
		err = -EFAULT;
	if (!err) {
		spin_lock(&aio_lock);
		if (aio_nr + nr_events > aio_max_nr) {
			err = -EAGAIN;
		} else {
			aio_nr += nr_events;
			list_add_tail(&c->link, mm_aio_list(current->mm));
		}
		spin_unlock(&aio_lock);
	}
	if (err) {
		if (c->id)
			(void)!munmap_do(current->mm, c->id, (u64)c->pages << PAGE_SHIFT);
		ctx_put(c);
	}
	return err;
}

long sys_io_destroy(u64 id)
{
	struct aio_ctx *c, *found = NULL;
	u64 len;

	spin_lock(&aio_lock);
	list_for_each_entry(c, mm_aio_list(current->mm), link) {
		if (c->id != id)
			continue;
		list_del_init(&c->link);
		aio_nr -= c->max;
		found = c;
		break;
	}
	spin_unlock(&aio_lock);
	if (!found)
		return -EINVAL;
	len = (u64)found->pages << PAGE_SHIFT;
	ctx_kill(found);
	(void)!munmap_do(current->mm, id, len);
	return 0;
}

/* --- submitting --- */

static bool take_slot(struct aio_ctx *c)
{
	bool ok;

	spin_lock_irq(&c->lock);
	ok = !c->dead && c->in_flight + ring_count(c) + 1 < c->nr;
	if (ok)
		c->in_flight++;
	spin_unlock_irq(&c->lock);
	return ok;
}

/* It never was. */
static void give_slot(struct aio_ctx *c)
{
	spin_lock_irq(&c->lock);
	c->in_flight--;
	wake_up_all(&c->wait);
	spin_unlock_irq(&c->lock);
}

static int start(struct aio_req *r, const struct iocb *cb)
{
	switch (cb->aio_lio_opcode) {
	case IOCB_CMD_PREAD:
		return submit_rw(r, cb, false, false);
	case IOCB_CMD_PWRITE:
		return submit_rw(r, cb, true, false);
	case IOCB_CMD_PREADV:
		return submit_rw(r, cb, false, true);
	case IOCB_CMD_PWRITEV:
		return submit_rw(r, cb, true, true);
	case IOCB_CMD_FSYNC:
		return submit_fsync(r, cb, false);
	case IOCB_CMD_FDSYNC:
		return submit_fsync(r, cb, true);
	case IOCB_CMD_POLL:
		return submit_poll(r, cb);
	}
	return -EINVAL;
}

/* The event file of a request; NULL when it wants none. */
static struct file *event_file(const struct iocb *cb)
{
	struct file *f;

	if (!(cb->aio_flags & IOCB_FLAG_RESFD))
		return NULL;
	f = fget((int)cb->aio_resfd);
	if (!f)
		return ERR_PTR(-EBADF);
	if (!is_eventfd(f)) {
		file_put(f);
		return ERR_PTR(-EINVAL);
	}
	return f;
}

static int submit_one(struct aio_ctx *c, u64 user)
{
	struct aio_req *r;
	u32 key = 0;
	struct iocb cb;
	int err;

	if (copy_in_bytes(&cb, uaddr(user), sizeof(cb)))
		return -EFAULT;
	if (cb.aio_reserved2 || (s64)cb.aio_nbytes < 0)
		return -EINVAL;
	if (!take_slot(c)) {
		reap(c);
		return READ_ONCE(c->dead) ? -EINVAL : -EAGAIN;
	}
	r = kzalloc(sizeof(*r), GFP_KERNEL);
	err = -EAGAIN;
	if (!r)
		goto out_slot;
	r->ctx = c;
	r->obj = user;
	r->data = cb.aio_data;
	list_init(&r->link);
	atomic_set(&r->refs, 2);
	r->k.file = fget((int)cb.aio_fildes);
	err = -EBADF;
	if (!r->k.file)
		goto out_req;
	r->eventfd = event_file(&cb);
	err = PTR_ERR_OR_ZERO(r->eventfd);
	if (!err && copy_out_bytes(uaddr(user + offsetof(struct iocb, aio_key)), &key, sizeof(key)))
		err = -EFAULT;
	if (err) {
		if (!IS_ERR_OR_NULL(r->eventfd))
			file_put(r->eventfd);
		file_put(r->k.file);
		goto out_req;
	}
	err = start(r, &cb);
	if (err)
		req_put(r);		/* the reaper's: it will not come */
	req_put(r);
	if (err)
		give_slot(c);
	return err;
out_req:
	kfree(r);
out_slot:
	give_slot(c);
	return err;
}

long sys_io_submit(u64 id, s64 nr, uin_u64 iocbs)
{
	struct aio_ctx *c;
	struct blk_plug plug;
	long done = 0;
	int err = 0;

	if (nr < 0)
		return -EINVAL;
	c = ctx_get(id);
	if (!c)
		return -EINVAL;
	nr = min_t(s64, nr, c->nr);
	reap(c);
	/* A few at a time are as fast alone. */
	if (nr > 2)
		blk_plug_start(&plug);
	for (; done < nr && !err; done += !err) {
		u64 user;

		err = copy_in_bytes(&user, uaddr(uptr_addr(iocbs).v + (u64)done * sizeof(user)), sizeof(user));
		if (!err)
			err = submit_one(c, user);
	}
	if (nr > 2)
		blk_plug_finish(&plug);
	ctx_put(c);
	return done ? done : err;
}

long sys_io_cancel(u64 id, uin_iocb iocb, uout_io_event result)
{
	struct aio_ctx *c;
	struct aio_req *r;
	long err = -EINVAL;
	u32 key;

	(void)result;
	if (copy_in_bytes(&key, uaddr(uptr_addr(iocb).v + offsetof(struct iocb, aio_key)), sizeof(key)))
		return -EFAULT;
	if (key)
		return -EINVAL;
	c = ctx_get(id);
	if (!c)
		return -EINVAL;
	spin_lock_irq(&c->lock);
	list_for_each_entry(r, &c->polls, link) {
		if (r->obj != uptr_addr(iocb).v)
			continue;
		(void)poll_cancel(r);
		err = -EINPROGRESS;	/* its event comes as any other */
		break;
	}
	spin_unlock_irq(&c->lock);
	ctx_put(c);
	return err;
}

/* --- events --- */

/* Up to nr of them to the user. How many, or -EFAULT if not even one. */
static long read_ring(struct aio_ctx *c, u64 events, s64 nr)
{
	struct ring_head *h = ring_head(c);
	long got = 0;
	u32 head, tail;

	mutex_lock(&c->read_lock);
	head = READ_ONCE(h->head) % c->nr;
	tail = smp_load_acquire(&c->tail);
	while (got < nr && head != tail) {
		u32 n = head < tail ? tail - head : c->nr - head;

		n = min(n, (u32)(PER_PAGE - (head + 1) % PER_PAGE));
		n = (u32)min_t(s64, n, nr - got);
		if (copy_out_bytes(uaddr(events + (u64)got * sizeof(struct io_event)), ring_slot(c, head),
				   n * sizeof(struct io_event))) {
			got = got ? got : -EFAULT;
			break;
		}
		got += n;
		head = (head + n) % c->nr;
	}
	if (got > 0)
		smp_store_release(&h->head, head);
	mutex_unlock(&c->read_lock);
	return got;
}

static long read_events(u64 id, s64 min_nr, s64 nr, u64 events, u64 deadline)
{
	struct aio_ctx *c = ctx_get(id);
	long got = 0, n;
	int err = 0;

	if (!c)
		return -EINVAL;
	if (min_nr < 0 || min_nr > nr) {
		ctx_put(c);
		return -EINVAL;
	}
	for (;;) {
		n = read_ring(c, events + (u64)got * sizeof(struct io_event), nr - got);
		if (n < 0) {
			got = got ? got : n;
			break;
		}
		got += n;
		if (got >= min_nr || err || deadline == 0)
			break;
		if (READ_ONCE(c->dead)) {
			got = got ? got : -EINVAL;
			break;
		}
		err = wait_event_interruptible_until(&c->wait, ring_count(c) || READ_ONCE(c->dead), deadline);
		if (err == -ERESTARTSYS && !ring_count(c)) {
			got = got ? got : -EINTR;
			break;
		}
	}
	if (!got && err == -ERESTARTSYS)
		got = -EINTR;
	reap(c);
	ctx_put(c);
	return got;
}

static int user_deadline(uaddr_t uts, u64 *deadline)
{
	struct timespec ts;

	if (uts.v && !copy_in_bytes(&ts, uts, sizeof(ts)) && !ts.tv_sec && !ts.tv_nsec) {
		*deadline = 0;
		return 0;
	}
	return deadline_from_user_timespec(uts, deadline);
}

long sys_io_getevents(u64 id, s64 min_nr, s64 nr, uout_io_event events, uio_timespec timeout)
{
	u64 deadline;
	int err = user_deadline(uptr_addr(timeout), &deadline);

	return err ? err : read_events(id, min_nr, nr, uptr_addr(events).v, deadline);
}

long sys_io_pgetevents(u64 id, s64 min_nr, s64 nr, uout_io_event events, uio_timespec timeout, uin_sigset_argpack sig)
{
	struct sigset_argpack pack = { 0 };
	u64 deadline;
	long res = user_deadline(uptr_addr(timeout), &deadline);

	if (res)
		return res;
	if (!uptr_null(sig) && copy_in(&pack, sig))
		return -EFAULT;
	res = signal_set_user_mask(uaddr(pack.p), pack.size);
	if (res)
		return res;
	res = read_events(id, min_nr, nr, uptr_addr(events).v, deadline);
	signal_restore_mask_unless(res == -EINTR);
	return res == -EINTR ? -ERESTARTNOHAND : res;
}

static const struct proc_sysctl limits[] = {
	{ .path = "fs/aio-nr", .mode = 0444, .kind = SYSCTL_U64, .data = &aio_nr },
	{ .path = "fs/aio-max-nr", .mode = 0644, .kind = SYSCTL_U64, .data = &aio_max_nr },
};

static int aio_init(void)
{
	int err = 0;

	aio_wq = workqueue_create("aio", 0);
	if (!aio_wq)
		return -ENOMEM;
	mm_exit_aio = exit_mm;
	for (unsigned int i = 0; i < ARRAY_SIZE(limits) && !err; i++)
		err = proc_sysctl_register(&limits[i]);
	return err;
}
INITCALL_FS(aio_init);
