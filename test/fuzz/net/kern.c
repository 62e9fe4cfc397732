/* SPDX-License-Identifier: MPL-2.0 */
/* Stand-ins for the core: memory, locks, timers and the clock, work, credentials, messages. */
#include <base/printf.h>
#include <core/cpumask.h>
#include <core/failpoint.h>
#include <core/init.h>
#include <core/iov_iter.h>
#include <core/mutex.h>
#include <core/page.h>
#include <core/rcu.h>
#include <core/slab.h>
#include <core/timer.h>
#include <core/work.h>
#include <fs/fasync.h>
#include <fs/file.h>
#include <kernel/cred.h>
#include <kernel/ns.h>
#include <kernel/random.h>
#include <kernel/signal.h>
#include <kernel/task.h>
#include <net/scm.h>
#include "host.h"

int posix_memalign(void **p, size_t align, size_t n);
void __asan_poison_memory_region(const volatile void *p, size_t n);
void __asan_unpoison_memory_region(const volatile void *p, size_t n);

const char *symbol_lookup(u64 addr, u64 *offset, u64 *size)
{
	*offset = *size = 0;
	return "?";
}

/* --- chance --- */

/* The kernel's own chance is another stream: what it draws does not move ours. */
static u64 kernel_state = 99;

u64 random_u64(void) { return rnd_next(&kernel_state); }
u32 random_u32_below(u32 n) { return n ? (u32)(rnd_next(&kernel_state) % n) : 0; }

void random_bytes(void *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((u8 *)p)[i] = (u8)rnd_next(&kernel_state);
}

/* --- memory --- */

long host_live, host_pages;
u64 host_fail_every;
bool failpoints_armed;

bool failpoint_hit(const char *site)
{
	return false;
}

static bool fails(gfp_t gfp)
{
	static u64 count;

	(void)gfp;
	return host_fail_every && ++count % host_fail_every == 0;
}

static void *take(size_t size, gfp_t gfp)
{
	void *p;

	if (size > 1ull << 28 || fails(gfp))
		return NULL;
	if (posix_memalign(&p, 64, size ? size : 1))
		return NULL;
	host_live++;
	memset(p, gfp & GFP_ZERO ? 0 : 0xa5, size);
	return p;
}

void *kmalloc(size_t size, gfp_t gfp) { return take(size, gfp); }
void *kzalloc(size_t size, gfp_t gfp) { return take(size, gfp | GFP_ZERO); }
void *kcalloc(size_t n, size_t size, gfp_t gfp) { return take(n * size, gfp | GFP_ZERO); }
void *kvmalloc(size_t size, gfp_t gfp) { return take(size, gfp); }

void kfree(void *p)
{
	if (p)
		host_live--;
	free(p);
}

void kvfree(void *p) { kfree(p); }

void *kmemdup(const void *src, size_t n, gfp_t gfp)
{
	void *p = take(n, gfp);

	return p ? memcpy(p, src, n) : NULL;
}

struct kmem_cache {
	size_t size;
};

struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align, u32 flags, void (*ctor)(void *))
{
	struct kmem_cache *c = malloc(sizeof(*c));

	c->size = size;
	return c;
}

void *kmem_cache_alloc(struct kmem_cache *c, gfp_t gfp) { return take(c->size, gfp); }
void kmem_cache_free(struct kmem_cache *c, void *obj) { kfree(obj); }

void *percpu_alloc(size_t size, size_t align) { return calloc(1, size); }
void percpu_free(void *p) { free(p); }

/* Folios: pieces of an arena, so that an address tells its folio. Free ones are poisoned. */
#define ARENA_PAGES	65536u
static u8 *arena;
static struct folio *folios;		/* one per page of the arena */
static u32 arena_used, free_list[MAX_ORDER + 1];	/* page + 1; links in free_next */
static u32 *free_next;

static void arena_init(void)
{
	void *p;

	if (arena)
		return;
	if (posix_memalign(&p, PAGE_SIZE << MAX_ORDER, (size_t)ARENA_PAGES * PAGE_SIZE))
		abort();
	arena = p;
	folios = calloc(ARENA_PAGES, sizeof(*folios));
	free_next = calloc(ARENA_PAGES, sizeof(*free_next));
	__asan_poison_memory_region(arena, (size_t)ARENA_PAGES * PAGE_SIZE);
}

struct folio *folio_alloc(unsigned int order, gfp_t gfp)
{
	struct folio *f;
	u32 n = 1u << order, at;

	if (order > MAX_ORDER || fails(gfp))
		return NULL;
	if (free_list[order]) {
		at = free_list[order] - 1;
		free_list[order] = free_next[at];
	} else {
		at = (arena_used + n - 1) & ~(n - 1);
		if (at + n + 1 > ARENA_PAGES)
			return NULL;
		arena_used = at + n + 1;	/* and a page that stays poisoned */
	}
	f = &folios[at];
	memset(f, 0, sizeof(*f));
	f->flags = (unsigned long)order << FOLIO_ORDER_SHIFT;
	atomic_set(&f->refcount, 1);
	for (u32 i = 0; i < n; i++)
		folios[at + i].head = f;
	__asan_unpoison_memory_region(arena + (size_t)at * PAGE_SIZE, (size_t)n * PAGE_SIZE);
	memset(arena + (size_t)at * PAGE_SIZE, gfp & GFP_ZERO ? 0 : 0x5a, (size_t)n * PAGE_SIZE);
	host_pages += n;
	return f;
}

void folio_free_last(struct folio *f)
{
	u32 at = (u32)(f - folios), order = folio_order(f);

	__asan_poison_memory_region(arena + (size_t)at * PAGE_SIZE, PAGE_SIZE << order);
	free_next[at] = free_list[order];
	free_list[order] = at + 1;
	host_pages -= 1 << order;
}

void *kmap_local(const struct folio *f, u64 off) { return arena + (size_t)(f - folios) * PAGE_SIZE + off; }

struct folio *virt_folio(const void *p)
{
	size_t at = (size_t)((const u8 *)p - arena) / PAGE_SIZE;

	if (at >= ARENA_PAGES)
		host_die("no folio is at %p", p);
	return folios[at].head;
}

/* --- RCU: between two events --- */

static struct rcu_head *rcu_first;

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head))
{
	head->func = func;
	head->next = rcu_first;
	rcu_first = head;
}

void synchronize_rcu(void) { }

/* --- locks --- */

u32 preempt_word = PREEMPT_NO_RESCHED;
u64 percpu_this_offset, percpu_offset[MAX_CPUS];
int nr_cpus = 1;
u32 percpu_cpu_id;
struct cpumask cpu_possible_mask = { { 1 } };
static struct process the_process;
static struct task the_task = { .proc = &the_process };
struct task_core *percpu_current = &the_task.core;

void preempt_resched(void) { }
void lockdep_release(struct lockdep_map *m, void *lock) { }
bool lockdep_held(void *lock) { return true; }
void lockdep_acquire(struct lockdep_map *m, void *lock, unsigned int subclass, bool try, bool shared) { }

void might_sleep_check(const char *file, int line)
{
	if (preempt_count())
		host_die("%s:%d may sleep, under a spinlock", file, line);
}

void spin_lock_slow(spinlock_t *l)
{
	host_die("a spinlock is taken twice");
}

void mutex_init_class(struct mutex *m, enum lock_class c)
{
	m->owner = 0;
}

void mutex_lock_nested(struct mutex *m, unsigned int subclass)
{
	if (m->owner)
		host_die("a mutex is taken twice");
	if (preempt_count())
		host_die("a mutex under a spinlock");
	m->owner = 1;
}

void mutex_unlock(struct mutex *m)
{
	if (!m->owner)
		host_die("a mutex is given back twice");
	m->owner = 0;
}

int mutex_lock_killable(struct mutex *m)
{
	mutex_lock_nested(m, 0);
	return 0;
}

bool mutex_trylock(struct mutex *m)
{
	if (m->owner)
		return false;
	m->owner = 1;
	return true;
}

void wait_queue_init(struct wait_queue *q)
{
	spin_lock_init(&q->lock, WAITQ);
	list_init(&q->entries);
}

void wake_up_key(struct wait_queue *q, unsigned int states, int nr_exclusive, u32 key) { }
void wake_up_pollfree(struct wait_queue *q) { }
bool wake_fn_autoremove(struct wait_entry *e, unsigned int states, u32 key) { return true; }
void prepare_to_wait(struct wait_queue *q, struct wait_entry *e, unsigned int state) { host_die("something waits"); }
void prepare_to_wait_exclusive(struct wait_queue *q, struct wait_entry *e, unsigned int state) { host_die("something waits"); }
void finish_wait(struct wait_queue *q, struct wait_entry *e) { }
int schedule_until(u64 deadline) { host_die("something sleeps"); }
bool signal_pending_state(u32 state) { return false; }

/* --- timers and the clock --- */

u64 host_now = 5ull * 1000000000;

u64 clock_monotonic_ns(void) { return host_now; }
u64 clock_monotonic_coarse_ns(void) { return host_now; }
s64 clock_realtime_ns(void) { return 1700000000ll * 1000000000 + (s64)host_now; }
s64 clock_realtime_coarse_ns(void) { return clock_realtime_ns(); }

#define HEAP_MAX	65536u
/* A timer or a call, by time and then in the order of starting. */
static struct event {
	u64 when, order;
	struct timer *timer;
	void (*fn)(void *arg);
	void *arg;
} heap[HEAP_MAX];
static u32 heap_n;
static u64 heap_order;

static bool before(const struct event *a, const struct event *b)
{
	return a->when != b->when ? a->when < b->when : a->order < b->order;
}

static void heap_up(u32 i)
{
	while (i && before(&heap[i], &heap[(i - 1) / 2])) {
		struct event t = heap[i];

		heap[i] = heap[(i - 1) / 2];
		heap[(i - 1) / 2] = t;
		i = (i - 1) / 2;
	}
}

static void heap_down(u32 i)
{
	for (;;) {
		u32 least = i;
		struct event t;

		for (u32 c = 2 * i + 1; c <= 2 * i + 2 && c < heap_n; c++)
			if (before(&heap[c], &heap[least]))
				least = c;
		if (least == i)
			return;
		t = heap[i];
		heap[i] = heap[least];
		heap[least] = t;
		i = least;
	}
}

static void heap_add(struct event e)
{
	if (heap_n == HEAP_MAX)
		host_die("too many timers");
	e.order = heap_order++;
	heap[heap_n] = e;
	heap_up(heap_n++);
}

static void heap_del(u32 i)
{
	heap[i] = heap[--heap_n];
	if (i < heap_n) {
		heap_up(i);
		heap_down(i);
	}
}

void host_at(u64 when, void (*fn)(void *arg), void *arg)
{
	heap_add((struct event){ .when = when, .fn = fn, .arg = arg });
}

void timer_init(struct timer *t, enum timer_clock clock, timer_fn fn)
{
	memset(t, 0, sizeof(*t));
	t->fn = fn;
}

int timer_try_cancel(struct timer *t)
{
	if (!t->state)
		return 0;
	for (u32 i = 0; i < heap_n; i++)
		if (heap[i].timer == t) {
			heap_del(i);
			t->state = 0;
			return 1;
		}
	host_die("a timer is lost");
}

void timer_start(struct timer *t, u64 expires)
{
	(void)timer_try_cancel(t);
	t->state = 1;
	t->expires = expires;
	heap_add((struct event){ .when = expires, .timer = t });
}

u64 host_next_timer(void)
{
	return heap_n ? heap[0].when : ~0ull;
}

/* --- work --- */

struct workqueue {
	int nothing;
};
static struct workqueue the_wq;
struct workqueue *system_wq = &the_wq;
static LIST_HEAD(works);

struct workqueue *workqueue_create(const char *name, u32 flags)
{
	return &the_wq;
}

bool work_queue(struct workqueue *wq, struct work *w)
{
	if (w->pending)
		return false;
	w->pending = 1;
	list_add_tail(&w->link, &works);
	return true;
}

static u64 delayed_fn(struct timer *t)
{
	struct delayed_work *w = container_of(t, struct delayed_work, timer);

	w->work.pending = 0;
	(void)work_queue(system_wq, &w->work);
	return 0;
}

void delayed_work_init(struct delayed_work *w, work_fn fn)
{
	work_init(&w->work, fn);
	timer_init(&w->timer, TIMER_MONOTONIC, delayed_fn);
}

bool delayed_work_queue(struct workqueue *wq, struct delayed_work *w, u64 delay_ns)
{
	if (w->work.pending)
		return false;
	w->work.pending = 1;
	timer_start(&w->timer, host_now + delay_ns);
	return true;
}

bool delayed_work_mod(struct workqueue *wq, struct delayed_work *w, u64 delay_ns)
{
	bool waited = timer_try_cancel(&w->timer) == 1;

	if (!waited && w->work.pending)
		return false;
	w->work.pending = 1;
	w->wq = wq;
	timer_start(&w->timer, host_now + delay_ns);
	return !waited;
}

bool delayed_work_try_cancel(struct delayed_work *w)
{
	if (timer_try_cancel(&w->timer) != 1)
		return false;
	w->work.pending = 0;
	return true;
}

bool delayed_work_cancel_sync(struct delayed_work *w)
{
	bool was = w->work.pending;

	if (!timer_try_cancel(&w->timer) && was)
		list_del_init(&w->work.link);
	w->work.pending = 0;
	return was;
}

bool work_cancel_sync(struct work *w)
{
	bool was = w->pending;

	if (was)
		list_del_init(&w->link);
	w->pending = 0;
	return was;
}

/* The only kernel thread is TCP's for timers: it is asked by name. */
extern bool tcp_timers_run(void *net);
static void *tcp_thread_arg;

struct task_core *kthread_run(int (*fn)(void *), void *arg, int cpu, const char *name)
{
	if (strcmp(name, "ktcp"))
		host_die("thread %s", name);
	tcp_thread_arg = arg;
	return &the_task.core;
}

void host_settle(void)
{
	for (bool again = true; again; ) {
		again = false;
		while (!list_empty(&works)) {
			struct work *w = list_first_entry(&works, struct work, link);

			list_del_init(&w->link);
			w->pending = 0;
			w->fn(w);
			again = true;
		}
		while (tcp_timers_run(tcp_thread_arg))
			again = true;
		while (rcu_first) {
			struct rcu_head *h = rcu_first;

			rcu_first = h->next;
			/* kfree_rcu() says where the object begins instead. */
			if ((u64)h->func < 4096)
				kfree((u8 *)h - (u64)h->func);
			else
				h->func(h);
			again = true;
		}
		if (preempt_count())
			host_die("a spinlock is held at the end");
	}
}

bool host_step(u64 until)
{
	struct event e;

	host_settle();
	if (!heap_n || heap[0].when > until) {
		host_now = max(host_now, until);
		return false;
	}
	e = heap[0];
	heap_del(0);
	host_now = max(host_now, e.when);
	if (e.timer) {
		u64 again;

		e.timer->state = 0;
		again = e.timer->fn(e.timer);
		if (again)
			timer_start(e.timer, again);
	} else {
		e.fn(e.arg);
	}
	return true;
}

/* --- user memory: the options' values lie in ours --- */

int copy_in_bytes(void *to, uaddr_t from, size_t n)
{
	memcpy(to, (void *)from.v, n);
	return 0;
}

int copy_out_bytes(uaddr_t to, const void *from, size_t n)
{
	memcpy((void *)to.v, from, n);
	return 0;
}

size_t copy_to_iter(const void *src, size_t n, struct iov_iter *i)
{
	n = min(n, i->count);
	memcpy((void *)(i->ubuf + i->off), src, n);
	i->off += n;
	i->count -= n;
	return n;
}

size_t copy_from_iter(void *dst, size_t n, struct iov_iter *i)
{
	n = min(n, i->count);
	memcpy(dst, (void *)(i->ubuf + i->off), n);
	i->off += n;
	i->count -= n;
	return n;
}

void iov_iter_advance(struct iov_iter *i, size_t n)
{
	i->off += n;
	i->count -= n;
}

/* Nothing comes by sendfile here. */
size_t iov_iter_kpiece(struct iov_iter *i, void **base) { return 0; }

/* --- files: there are none --- */

struct fd fdget(int fd) { return (struct fd){ 0 }; }
void file_put(struct file *f) { }

int scm_put_cmsg(struct msg *m, int level, int type, const void *data, size_t len) { return 0; }

/* --- who asks --- */

struct user_ns init_user_ns;
static struct cred root_cred = { .user_ns = &init_user_ns };

const struct cred *current_cred(void) { return &root_cred; }
const struct cred *cred_get(const struct cred *c) { return c; }
void cred_put(const struct cred *c) { }
void pid_put(struct pid *p) { }
int pid_vnr(const struct pid *p) { return 1; }
bool capable(int cap) { return true; }
int signal_send(struct task *t, int sig, const siginfo_t *info, enum sig_target where) { return 0; }
void fasync_queue_init(struct fasync_queue *q) { }
void fasync_send_slow(struct fasync_queue *q, int poll_code) { }

/* --- the beginning --- */

#define LEVELS(x)	x(1) x(3) x(4) x(5)
#define DECLARE(n)	extern const struct initcall __start_initcall##n[] __attribute__((weak)), \
				__stop_initcall##n[] __attribute__((weak));
LEVELS(DECLARE)

static void run_level(const struct initcall *from, const struct initcall *to)
{
	for (; from < to; from++)
		if (from->fn())
			host_die("%s", from->name);
}

void host_init(void)
{
	arena_init();
#define RUN(n)	run_level(__start_initcall##n, __stop_initcall##n);
	LEVELS(RUN)
	link_init();
}

/* string.c is left out: the C library's functions serve, which the sanitizers know. */
ssize_t strscpy(char *dst, const char *src, size_t size)
{
	size_t n = strlen(src);

	if (!size)
		return -E2BIG;
	memcpy(dst, src, min(n, size - 1));
	dst[min(n, size - 1)] = 0;
	return n < size ? (ssize_t)n : -E2BIG;
}

void file_signal_urgent(struct file *f) { }

/* What /proc shows is asked by nobody. */
void seq_printf(struct seq_file *m, const char *fmt, ...) { }
void seq_puts(struct seq_file *m, const char *s) { }
