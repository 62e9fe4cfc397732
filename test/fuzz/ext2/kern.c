/* SPDX-License-Identifier: MPL-2.0 */
/* Stand-ins for the core: memory, locks, work, time, credentials, messages. */
#include <core/clock.h>
#include <core/failpoint.h>
#include <core/mutex.h>
#include <core/page.h>
#include <core/slab.h>
#include <core/usercopy.h>
#include <core/work.h>
#include <base/printf.h>
#include <kernel/ns.h>
#include <kernel/random.h>
#include <kernel/sched.h>
#include <kernel/signal.h>
#include <kernel/task.h>
#include "host.h"

int posix_memalign(void **p, size_t align, size_t n);

/* --- chance --- */

u64 random_u64(void)
{
	return rnd();
}

u32 random_u32_below(u32 n)
{
	return below(n);
}

u64 arch_entropy_u64(void)
{
	return 1;
}

/* --- memory --- */

long host_live;
u64 host_fail_in, host_fail_every;
bool failpoints_armed;

bool failpoint_hit(const char *site)
{
	return false;
}

static bool fails(void)
{
	if (!host_fail_in || --host_fail_in)
		return false;
	host_fail_in = host_fail_every;
	return true;
}

void *kmalloc(size_t size, gfp_t gfp)
{
	void *p;

	if (size > 1ull << 28 || fails())
		return NULL;
	p = malloc(size ? size : 1);
	if (!p)
		return NULL;
	host_live++;
	memset(p, gfp & GFP_ZERO ? 0 : 0xa5, size);
	return p;
}

void *kzalloc(size_t size, gfp_t gfp)
{
	return kmalloc(size, gfp | GFP_ZERO);
}

void kfree(void *p)
{
	if (p)
		host_live--;
	free(p);
}

void *kvmalloc(size_t size, gfp_t gfp)
{
	return kmalloc(size, gfp);
}

void kvfree(void *p)
{
	kfree(p);
}

char *kstrdup(const char *s, gfp_t gfp)
{
	size_t n = strlen(s) + 1;
	char *p = kmalloc(n, gfp);

	return p ? memcpy(p, s, n) : NULL;
}

void *page_alloc(unsigned int order, gfp_t gfp)
{
	return kmalloc(PAGE_SIZE << order, gfp);
}

void page_free(void *p, unsigned int order)
{
	kfree(p);
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

void *kmem_cache_alloc(struct kmem_cache *c, gfp_t gfp)
{
	return kmalloc(c->size, gfp);
}

void kmem_cache_free(struct kmem_cache *c, void *obj)
{
	kfree(obj);
}

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head))
{
	func(head);
}

/* --- locks --- */

int host_locks;
u32 preempt_word = PREEMPT_NO_RESCHED;
u64 percpu_this_offset;
u32 percpu_cpu_id;
static struct fs_struct the_fs;
static struct process the_process = { .rlim = { [RLIMIT_FSIZE] = { RLIM_INFINITY, RLIM_INFINITY } } };
static struct task the_task = { .proc = &the_process, .fs = &the_fs };
struct task_core *percpu_current = &the_task.core;

void preempt_resched(void) { }
void lockdep_release(struct lockdep_map *m, void *lock) { }
bool lockdep_held(void *lock) { return true; }
void might_sleep_check(const char *file, int line) { }
int sched_cond_resched(void) { return 0; }

void lockdep_acquire(struct lockdep_map *m, void *lock, unsigned int subclass, bool try, bool shared)
{
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
	host_locks++;
}

void mutex_unlock(struct mutex *m)
{
	if (!m->owner)
		host_die("a mutex is given back twice");
	m->owner = 0;
	host_locks--;
}

void rwsem_init_class(struct rwsem *s, enum lock_class c)
{
	s->count = 0;
}

/* Readers too: with a writer between them they would wait for ever. */
void down_write(struct rwsem *s)
{
	if (s->count)
		host_die("a semaphore is taken twice");
	if (preempt_count())
		host_die("a semaphore under a spinlock");
	s->count = 1;
	host_locks++;
}

void down_read(struct rwsem *s)
{
	down_write(s);
}

void up_write(struct rwsem *s)
{
	if (!s->count)
		host_die("a semaphore is given back twice");
	s->count = 0;
	host_locks--;
}

void up_read(struct rwsem *s)
{
	up_write(s);
}

/* --- work: the timer rings when walk.c says --- */

struct workqueue *system_wq;
bool host_timer;
static struct delayed_work *timer_work;

void delayed_work_init(struct delayed_work *w, work_fn fn)
{
	w->work.fn = fn;
}

bool delayed_work_queue(struct workqueue *wq, struct delayed_work *w, u64 delay_ns)
{
	timer_work = w;
	host_timer = true;
	return true;
}

bool delayed_work_cancel_sync(struct delayed_work *w)
{
	bool was = host_timer;

	host_timer = false;
	return was;
}

void run_timer(void)
{
	if (!host_timer)
		return;
	host_timer = false;
	timer_work->work.fn(&timer_work->work);
}

/* --- time and who asks --- */

s64 clock_realtime_coarse_ns(void)
{
	static s64 now = 1700000000ull * 1000000000;

	return now += 1000000;
}

struct timespec64 current_time64(void)
{
	s64 ns = clock_realtime_coarse_ns();

	return (struct timespec64){ (s64)(ns / 1000000000), (u32)(ns % 1000000000) };
}

struct user_ns init_user_ns;
static struct cred root_cred = { .user_ns = &init_user_ns };

const struct cred *current_cred(void)
{
	return &root_cred;
}

kuid_t make_kuid(struct user_ns *ns, u32 uid) { return kuid(uid); }
kgid_t make_kgid(struct user_ns *ns, u32 gid) { return kgid(gid); }
u32 from_kuid(struct user_ns *ns, kuid_t uid) { return uid.v; }
u32 from_kgid(struct user_ns *ns, kgid_t gid) { return gid.v; }
bool capable(int cap) { return true; }
bool in_group(kgid_t gid) { return false; }
bool signal_pending_state(u32 state) { return false; }

int signal_send(struct task *t, int sig, const siginfo_t *info, enum sig_target where)
{
	return 0;
}

int copy_in_bytes(void *to, uaddr_t from, size_t n) { return -EFAULT; }
int copy_out_bytes(uaddr_t to, const void *from, size_t n) { return -EFAULT; }

const char *symbol_lookup(u64 addr, u64 *offset, u64 *size)
{
	*offset = *size = 0;
	return "?";
}
