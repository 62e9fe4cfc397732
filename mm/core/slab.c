/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Object caches. A slab is one folio cut into equal objects; a cache owns slabs; each CPU keeps a
 * magazine (a small stack of free objects) per cache, so the usual allocation and free take no lock.
 *
 *	kmem_cache_alloc -> magazine -> (empty: half a magazine at once) partial slabs -> new slab
 *	kmem_cache_free  -> magazine -> (full: half of it at once) its slab -> empty slabs -> pages
 *
 * A free object is in exactly one of: a magazine, its slab's free list (linked through the object, or
 * behind it where the contents must stay: constructors, SLAB_TYPESAFE_RCU), DEBUG's quarantine. A slab
 * is on `partial` if it has free and used objects, on `empty` if all are free, on no list when
 * none is. The magazine is touched with preemption off; `busy` sends an interrupt that came in
 * between to the slabs. The slab's folio: mapping holds the cache, index the free list, priv_u64
 * the objects taken out of it (in use or in a magazine).
 *
 * DEBUG: freed objects are filled with a pattern that is checked when they are handed out again, a
 * red zone behind each object shows overruns and double frees, and a ring of freed objects puts
 * their reuse off. KASAN sees both through its shadow.
 *
 * keel: no-sanitize (it reads and links free objects)
 *
 * Locks: cache->lock (SLAB_NODE) for lists and slabs; caches_lock (mutex) for the list of caches.
 */
#include <base/assert.h>
#include <base/errno.h>
#include <base/math.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/cpumask.h>
#include <core/failpoint.h>
#include <core/mutex.h>
#include <core/page.h>
#include <core/percpu.h>
#include <core/printk.h>
#include <core/rcu.h>
#include <core/slab.h>
#include <core/smp.h>
#include <core/task_core.h>
#include "frames.h"
#include "internal.h"
#include "kasan.h"

#define MAG_MAX		32u
#define EMPTY_KEEP	2u	/* empty slabs that a cache keeps */
#define REDZONE		16u	/* DEBUG: bytes behind each object */
#define RZ_FREE		0xbbbbbbbbbbbbbbbbul
#define RZ_USED		0xccccccccccccccccul
#define POISON_FREE	0x6b

struct magazine {
	u32 busy;			/* [o] */
	u32 nr;				/* [o] */
	void *objs[MAG_MAX];		/* [o] */
};

struct kmem_cache {
	struct magazine *mags;		/* [I] per-CPU */
	u32 mag_size;			/* [I] */
	u32 size;			/* [I] bytes that the user may use */
	u32 stride;			/* [I] distance of objects */
	u32 link_off;			/* [I] where a free object's link is */
	u32 flags;			/* [I] SLAB_* */
	u32 order;			/* [I] preferred size of slabs */
	void (*ctor)(void *);		/* [I] */
	spinlock_t lock;		/* class SLAB_NODE */
	struct list_head partial;	/* [lock] folio.lru */
	struct list_head empty;		/* [lock] */
	u32 nr_empty;			/* [lock] */
	u64 nr_slabs, nr_objs, nr_out;	/* [lock] slabs; objects; taken out of slabs */
	u64 nr_pages;			/* [lock] */
	const char *name;		/* [I] */
	struct list_head link;		/* [caches_lock] */
	bool dying;			/* [caches_lock] */
};

static struct kmem_cache cache_cache;
static LIST_HEAD(caches);			/* [caches_lock] */
static DEFINE_MUTEX(caches_lock, SLAB_CACHES);
bool slab_ready __ro_after_init;

static inline void **obj_link(const struct kmem_cache *c, void *obj)
{
	return (void **)((char *)obj + c->link_off);
}

static inline struct folio *obj_slab(const void *obj) { return frame_head(virt_frame(obj)); }
static inline struct kmem_cache *slab_cache(const struct folio *f) { return (struct kmem_cache *)f->mapping; }
static inline u32 slab_objs(const struct kmem_cache *c, const struct folio *f)
{
	return (u32)(folio_size(f) / c->stride);
}

/* --- DEBUG checks --- */

static inline u64 *obj_redzone(const struct kmem_cache *c, void *obj)
{
	return (u64 *)((char *)obj + ALIGN_UP(c->size, 8u));
}

static inline bool cache_poisons(const struct kmem_cache *c)
{
	return !c->ctor && !(c->flags & SLAB_TYPESAFE_RCU);
}

static void debug_bad(const struct kmem_cache *c, const void *obj, const char *what)
{
	panic("slab: %s in cache %s, object %p", what, c->name, obj);
}

static void debug_on_alloc(const struct kmem_cache *c, void *obj)
{
	u64 *rz = obj_redzone(c, obj);
	const u8 *p = obj;

	if (rz[0] != RZ_FREE || rz[1] != RZ_FREE)
		debug_bad(c, obj, "red zone of a free object overwritten");
	if (cache_poisons(c))
		for (u32 i = 8; i < c->size; i++)
			if (p[i] != POISON_FREE)
				debug_bad(c, obj, "write after free");
	rz[0] = rz[1] = RZ_USED;
}

static void debug_on_free(const struct kmem_cache *c, void *obj)
{
	const struct folio *f = obj_slab(obj);
	u64 *rz = obj_redzone(c, obj);

	if (((u64)obj - (u64)frame_virt(f)) % c->stride)
		debug_bad(c, obj, "free of a pointer into the middle");
	if (rz[0] == RZ_FREE)
		debug_bad(c, obj, "double free");
	if (rz[0] != RZ_USED || rz[1] != RZ_USED)
		debug_bad(c, obj, "overrun");
	rz[0] = rz[1] = RZ_FREE;
	if (cache_poisons(c))
		memset(obj, POISON_FREE, c->size);
}

#define QUARANTINE	512u
static DEFINE_SPINLOCK(quarantine_lock, SLAB_NODE);
static void *quarantine[IS_DEBUG ? QUARANTINE : 1];	/* [quarantine_lock] ring of freed objects */
static u32 quarantine_pos;

/* Put obj in, take the oldest out: that one is really freed now. NULL while the ring fills. */
static void *quarantine_swap(void *obj)
{
	void *old;
	u64 flags;

	spin_lock_irqsave(&quarantine_lock, flags);
	old = quarantine[quarantine_pos];
	quarantine[quarantine_pos] = obj;
	quarantine_pos = (quarantine_pos + 1) % ARRAY_SIZE(quarantine);
	spin_unlock_irqrestore(&quarantine_lock, flags);
	return old;
}

/* --- slabs --- */

static struct folio *slab_create(struct kmem_cache *c, gfp_t gfp)
{
	gfp_t g = (gfp & ~(GFP_ZERO | GFP_MOVABLE)) & (GFP_KERNEL | GFP_HIGHPRI | GFP_NOWARN | GFP_NORETRY | GFP_DMA32);
	struct folio *f = folio_alloc(c->order, c->order ? g | GFP_NOWARN | GFP_NORETRY : g);
	void *head = NULL;
	u32 n;
	char *base;

	if (!f && c->order && PAGE_SIZE >= c->stride)
		f = folio_alloc(0, g);
	else if (!f && c->order)
		f = folio_alloc(size_order(c->stride), g);
	if (!f)
		return NULL;
	base = frame_virt(f);
	n = slab_objs(c, f);
	while (n-- > 0) {
		void *obj = base + (u64)n * c->stride;

		if (IS_DEBUG) {
			u64 *rz = obj_redzone(c, obj);

			if (cache_poisons(c))
				memset(obj, POISON_FREE, c->size);
			rz[0] = rz[1] = RZ_FREE;
		}
		if (c->ctor)
			c->ctor(obj);
		*obj_link(c, obj) = head;
		head = obj;
	}
	if (!(c->flags & SLAB_TYPESAFE_RCU))
		kasan_poison(base, folio_size(f), KASAN_SLAB_FREE);
	f->mapping = (struct mapping *)c;
	f->index = (u64)head;
	f->priv_u64 = 0;
	folio_set(f, FOLIO_SLAB);
	vm_count(c->flags & SLAB_RECLAIMABLE ? VM_SLAB_RECLAIMABLE : VM_SLAB, (s64)folio_nr_pages(f));
	return f;
}

static void slab_free_now(struct folio *f)
{
	struct kmem_cache *c = slab_cache(f);

	vm_count(c->flags & SLAB_RECLAIMABLE ? VM_SLAB_RECLAIMABLE : VM_SLAB, -(s64)folio_nr_pages(f));
	kasan_unpoison(frame_virt(f), folio_size(f));
	folio_clear(f, FOLIO_SLAB);
	f->mapping = NULL;
	folio_put(f);
}

static void slab_free_rcu(struct rcu_head *h)
{
	slab_free_now(container_of((struct list_head *)h, struct folio, lru));
}

/* f is on no list, all its objects are free. Cache lock not held. */
static void slab_destroy(struct kmem_cache *c, struct folio *f)
{
	static_assert(sizeof(struct rcu_head) == sizeof(struct list_head), "the head lies in folio.lru");
	if (c->flags & SLAB_TYPESAFE_RCU)
		call_rcu((struct rcu_head *)&f->lru, slab_free_rcu);
	else
		slab_free_now(f);
}

/* Cache lock held: take up to n objects out of the slab, which is on a list. */
static u32 slab_take(struct kmem_cache *c, struct folio *f, void **objs, u32 n)
{
	void *obj = (void *)f->index;
	u32 got = 0;

	while (got < n && obj) {
		objs[got++] = obj;
		obj = *obj_link(c, obj);
	}
	f->index = (u64)obj;
	if (f->priv_u64 == 0) {
		c->nr_empty--;
		list_move(&f->lru, &c->partial);
	}
	f->priv_u64 += got;
	c->nr_out += got;
	if (!obj)
		list_del(&f->lru);
	return got;
}

/* Cache lock held: one object goes back into its slab. The slab if it should be destroyed, else NULL. */
static struct folio *slab_give(struct kmem_cache *c, void *obj)
{
	struct folio *f = obj_slab(obj);

	VERIFY(slab_cache(f) == c);
	if (!f->index)
		list_add(&f->lru, &c->partial);
	*obj_link(c, obj) = (void *)f->index;
	f->index = (u64)obj;
	c->nr_out--;
	if (--f->priv_u64)
		return NULL;
	if (c->nr_empty < EMPTY_KEEP) {
		list_move(&f->lru, &c->empty);
		c->nr_empty++;
		return NULL;
	}
	list_del(&f->lru);
	c->nr_slabs--;
	c->nr_objs -= slab_objs(c, f);
	c->nr_pages -= folio_nr_pages(f);
	return f;
}

/* Up to n objects from the slabs; at least one unless memory is out. May sleep if gfp says so. */
static u32 node_take(struct kmem_cache *c, void **objs, u32 n, gfp_t gfp)
{
	struct folio *fresh = NULL;
	u32 got = 0;
	u64 flags;

again:
	spin_lock_irqsave(&c->lock, flags);
	if (fresh) {
		c->nr_slabs++;
		c->nr_objs += slab_objs(c, fresh);
		c->nr_pages += folio_nr_pages(fresh);
		c->nr_empty++;
		list_add(&fresh->lru, &c->empty);
	}
	while (got < n) {
		struct list_head *l = !list_empty(&c->partial) ? &c->partial : &c->empty;

		if (list_empty(l))
			break;
		got += slab_take(c, list_first_entry(l, struct folio, lru), objs + got, n - got);
	}
	spin_unlock_irqrestore(&c->lock, flags);
	if (got || fresh)
		return got;
	fresh = slab_create(c, gfp);
	if (!fresh)
		return 0;
	goto again;
}

static void node_give(struct kmem_cache *c, void **objs, u32 n)
{
	struct folio *dead[MAG_MAX];
	u32 nr_dead = 0;
	u64 flags;

	spin_lock_irqsave(&c->lock, flags);
	for (u32 i = 0; i < n; i++) {
		struct folio *f = slab_give(c, objs[i]);

		if (f)
			dead[nr_dead++] = f;
	}
	spin_unlock_irqrestore(&c->lock, flags);
	while (nr_dead)
		slab_destroy(c, dead[--nr_dead]);
}

/* --- the magazine --- */

/*
 * The magazine is empty, or in use by what we interrupted. New slabs are made with preemption on,
 * so the objects come into a local array first.
 */
static __noinline void *alloc_slow(struct kmem_cache *c, gfp_t gfp)
{
	void *objs[MAG_MAX / 2];
	struct magazine *m;
	u32 n = node_take(c, objs, max(c->mag_size / 2, 1u), gfp);
	void *obj;

	if (!n)
		return NULL;
	obj = objs[--n];
	if (!n)
		return obj;
	preempt_disable();
	m = percpu_this(c->mags);
	if (!m->busy) {
		m->busy = 1;
		barrier();
		while (n && m->nr < c->mag_size)
			m->objs[m->nr++] = objs[--n];
		barrier();
		m->busy = 0;
	}
	preempt_enable();
	if (n)
		node_give(c, objs, n);
	return obj;
}

void *kmem_cache_alloc(struct kmem_cache *c, gfp_t gfp)
{
	struct magazine *m;
	void *obj = NULL;

	if (failpoint("kmalloc"))
		return NULL;
	preempt_disable();
	m = percpu_this(c->mags);
	if (likely(!m->busy)) {
		m->busy = 1;
		barrier();
		if (likely(m->nr))
			obj = m->objs[--m->nr];
		barrier();
		m->busy = 0;
	}
	preempt_enable();
	if (unlikely(!obj)) {
		if (IS_DEBUG && gfp & GFP_WAIT)
			might_sleep();
		obj = alloc_slow(c, gfp);
		if (!obj)
			return NULL;
	}
	kasan_unpoison(obj, c->size);
	if (IS_DEBUG)
		debug_on_alloc(c, obj);
	if (gfp & GFP_ZERO)
		memset(obj, 0, c->size);
	return obj;
}

static __noinline void free_slow(struct kmem_cache *c, void *obj)
{
	void *objs[MAG_MAX];
	struct magazine *m;
	u32 n = 0;

	objs[n++] = obj;
	preempt_disable();
	m = percpu_this(c->mags);
	if (!m->busy) {
		m->busy = 1;
		barrier();
		while (m->nr > c->mag_size / 2 && n < MAG_MAX)
			objs[n++] = m->objs[--m->nr];
		barrier();
		m->busy = 0;
	}
	preempt_enable();
	node_give(c, objs, n);
}

static void free_object(struct kmem_cache *c, void *obj)
{
	struct magazine *m;

	preempt_disable();
	m = percpu_this(c->mags);
	if (likely(!m->busy && m->nr < c->mag_size)) {
		m->busy = 1;
		barrier();
		m->objs[m->nr++] = obj;
		barrier();
		m->busy = 0;
		preempt_enable();
		return;
	}
	preempt_enable();
	free_slow(c, obj);
}

void kmem_cache_free(struct kmem_cache *c, void *obj)
{
	if (IS_DEBUG) {
		VERIFY(slab_cache(obj_slab(obj)) == c);
		debug_on_free(c, obj);
		if (!(c->flags & SLAB_TYPESAFE_RCU))
			kasan_poison(obj, c->size, KASAN_SLAB_FREE);
		obj = quarantine_swap(obj);
		if (!obj)
			return;
		c = slab_cache(obj_slab(obj));
	}
	free_object(c, obj);
}

static void mag_drain(struct kmem_cache *c)
{
	struct magazine *m;
	void *objs[MAG_MAX];
	u32 n = 0;

	preempt_disable();
	m = percpu_this(c->mags);
	if (!m->busy) {
		m->busy = 1;
		barrier();
		while (m->nr)
			objs[n++] = m->objs[--m->nr];
		barrier();
		m->busy = 0;
	}
	preempt_enable();
	node_give(c, objs, n);
}

static void mag_drain_ipi(void *arg)
{
	mag_drain(arg);
}

static void quarantine_drain(void)
{
	if (!IS_DEBUG)
		return;
	for (u32 i = 0; i < ARRAY_SIZE(quarantine); i++) {
		void *old = quarantine_swap(NULL);

		if (old)
			free_object(slab_cache(obj_slab(old)), old);
	}
}

/* Destroy the empty slabs that a cache keeps; pages freed. */
static u64 cache_shrink(struct kmem_cache *c)
{
	LIST_HEAD(dead);
	struct folio *f, *n;
	u64 pages = 0, flags;

	smp_call_mask(&cpu_online_mask, mag_drain_ipi, c, true);
	spin_lock_irqsave(&c->lock, flags);
	list_for_each_entry(f, &c->empty, lru) {
		c->nr_slabs--;
		c->nr_objs -= slab_objs(c, f);
		c->nr_pages -= folio_nr_pages(f);
		pages += folio_nr_pages(f);
	}
	c->nr_empty = 0;
	list_splice_init(&c->empty, &dead);
	spin_unlock_irqrestore(&c->lock, flags);
	list_for_each_entry_safe(f, n, &dead, lru)
		slab_destroy(c, f);
	return pages;
}

u64 slab_shrink_all(void)
{
	struct kmem_cache *c;
	u64 pages = 0;

	tables_trim();
	task_stacks_trim();
	vmalloc_trim();
	quarantine_drain();
	mutex_lock(&caches_lock);
	list_for_each_entry(c, &caches, link)
		pages += cache_shrink(c);
	mutex_unlock(&caches_lock);
	return pages;
}

/* --- caches --- */

/* Smallest order with at least eight objects, or little waste. */
static u32 pick_order(u32 stride)
{
	u32 order = size_order(stride);

	while (order < 3) {
		u64 bytes = PAGE_SIZE << order;

		if (bytes / stride >= 8 && bytes % stride <= bytes / 8)
			break;
		if (bytes / stride >= 4 && bytes % stride <= bytes / 16)
			break;
		order++;
	}
	return order;
}

static int cache_setup(struct kmem_cache *c, const char *name, size_t size, size_t align, u32 flags,
		       void (*ctor)(void *))
{
	bool keep = ctor || flags & SLAB_TYPESAFE_RCU;
	u32 end = (u32)ALIGN_UP(max_t(size_t, size, 8), 8);

	if (flags & SLAB_CACHELINE)
		align = max_t(size_t, align, 64);
	align = max_t(size_t, align, 8);
	c->name = name;
	c->size = (u32)max_t(size_t, size, 8);
	c->flags = flags;
	c->ctor = ctor;
	if (IS_DEBUG)
		end += REDZONE;
	c->link_off = keep ? end : 0;
	if (keep)
		end += 8;
	c->stride = (u32)ALIGN_UP((size_t)end, align);
	c->order = pick_order(c->stride);
	c->mag_size = c->stride <= 256 ? MAG_MAX : c->stride <= 1024 ? MAG_MAX / 2 :
		      c->stride <= 4096 ? 8 : 4;
	spin_lock_init(&c->lock, SLAB_NODE);
	list_init(&c->partial);
	list_init(&c->empty);
	c->mags = percpu_alloc(sizeof(struct magazine) - (MAG_MAX - c->mag_size) * sizeof(void *), 8);
	return c->mags ? 0 : -ENOMEM;
}

struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align, u32 flags,
				     void (*ctor)(void *))
{
	struct kmem_cache *c = kmem_cache_alloc(&cache_cache, GFP_KERNEL | GFP_ZERO);

	if (!c)
		return NULL;
	if (cache_setup(c, name, size, align, flags, ctor)) {
		kmem_cache_free(&cache_cache, c);
		return NULL;
	}
	mutex_lock(&caches_lock);
	list_add_tail(&c->link, &caches);
	mutex_unlock(&caches_lock);
	return c;
}

void kmem_cache_destroy(struct kmem_cache *c)
{
	if (!c)
		return;
	if (c->flags & SLAB_TYPESAFE_RCU)
		rcu_barrier();
	quarantine_drain();
	mutex_lock(&caches_lock);
	list_del(&c->link);
	mutex_unlock(&caches_lock);
	cache_shrink(c);
	if (c->nr_out) {
		pr_err("slab: cache %s destroyed with %lu objects in use\n", c->name, (unsigned long)c->nr_out);
		WARN_ONCE(true);
		return;		/* leaks: better than reuse */
	}
	if (c->flags & SLAB_TYPESAFE_RCU)
		rcu_barrier();
	percpu_free(c->mags);
	kmem_cache_free(&cache_cache, c);
}

bool slab_info(unsigned int i, struct slab_info *info)
{
	struct kmem_cache *c;
	bool found = false;

	mutex_lock(&caches_lock);
	list_for_each_entry(c, &caches, link) {
		u64 cached = 0;
		int cpu;

		if (i--)
			continue;
		for_each_possible_cpu(cpu)
			cached += READ_ONCE(percpu_ptr(c->mags, cpu)->nr);
		info->name = c->name;
		info->total = READ_ONCE(c->nr_objs);
		info->active = READ_ONCE(c->nr_out) > cached ? c->nr_out - cached : 0;
		info->size = c->stride;
		info->per_slab = (u32)((PAGE_SIZE << c->order) / c->stride);
		info->pages_per_slab = 1u << c->order;
		found = true;
		break;
	}
	mutex_unlock(&caches_lock);
	return found;
}

/* --- kmalloc --- */

static const struct { u16 size; const char *name; } ladder[] = {
	{ 8, "kmalloc-8" }, { 16, "kmalloc-16" }, { 32, "kmalloc-32" }, { 64, "kmalloc-64" },
	{ 96, "kmalloc-96" }, { 128, "kmalloc-128" }, { 192, "kmalloc-192" }, { 256, "kmalloc-256" },
	{ 512, "kmalloc-512" }, { 1024, "kmalloc-1k" }, { 2048, "kmalloc-2k" }, { 4096, "kmalloc-4k" },
	{ 8192, "kmalloc-8k" },
	{ 576, "kmalloc-576" },		/* nodes of the xarray: seven in a page, not four */
};
#define RUNG_576	13
#define KMALLOC_SLAB_MAX	8192u
static struct kmem_cache kmalloc_caches[ARRAY_SIZE(ladder)];
/* [I] rung for sizes up to 256 by (size - 1) / 8; above by the highest bit. */
static u8 small_rung[32] __ro_after_init;

static struct kmem_cache *kmalloc_cache(size_t size)
{
	if (size <= 256)
		return &kmalloc_caches[small_rung[(size - 1) / 8]];
	if (size > 512 && size <= 576)
		return &kmalloc_caches[RUNG_576];
	return &kmalloc_caches[ilog2(size - 1)];	/* 257..512: bit 8, rung 8 */
}

static __noinline void *kmalloc_large(size_t size, gfp_t gfp)
{
	unsigned int order;
	struct folio *f;

	if (failpoint("kmalloc"))
		return NULL;
	if (size > PAGE_SIZE << MAX_ORDER)
		return NULL;
	order = size_order(size);
	f = folio_alloc(order, gfp & ~GFP_MOVABLE);
	if (!f)
		return NULL;
	folio_set(f, FOLIO_LARGE_KMALLOC);
	vm_count(VM_KERNEL_MISC, 1l << order);
	return frame_virt(f);
}

void *kmalloc(size_t size, gfp_t gfp)
{
	if (unlikely(size > KMALLOC_SLAB_MAX))
		return kmalloc_large(size, gfp);
	if (unlikely(!size))
		size = 1;
	return kmem_cache_alloc(kmalloc_cache(size), gfp);
}

void *kzalloc(size_t size, gfp_t gfp)
{
	return kmalloc(size, gfp | GFP_ZERO);
}

void *kcalloc(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	if (check_mul(n, size, &bytes))
		return NULL;
	return kmalloc(bytes, gfp | GFP_ZERO);
}

void kfree(void *p)
{
	struct folio *f;

	if (!p)
		return;
	f = obj_slab(p);
	if (likely(f->flags & BIT(FOLIO_SLAB))) {
		kmem_cache_free(slab_cache(f), p);
		return;
	}
	VERIFY(f->flags & BIT(FOLIO_LARGE_KMALLOC) && p == frame_virt(f));
	vm_count(VM_KERNEL_MISC, -(s64)folio_nr_pages(f));
	folio_put(f);
}

static size_t kmalloc_usable(const void *p)
{
	const struct folio *f = obj_slab(p);

	return f->flags & BIT(FOLIO_SLAB) ? slab_cache(f)->size : folio_size(f);
}

void *krealloc(void *p, size_t size, gfp_t gfp)
{
	size_t old;
	void *n;

	if (!p)
		return kmalloc(size, gfp);
	old = kmalloc_usable(p);
	if (size <= old && size > old / 2)
		return p;
	n = kmalloc(size, gfp);
	if (!n)
		return size <= old ? p : NULL;
	memcpy(n, p, min(old, size));
	kfree(p);
	return n;
}

char *kstrndup(const char *s, size_t max, gfp_t gfp)
{
	size_t n;
	char *p;

	if (!s)
		return NULL;
	n = strnlen(s, max);
	p = kmalloc(n + 1, gfp);
	if (p) {
		memcpy(p, s, n);
		p[n] = 0;
	}
	return p;
}

char *kstrdup(const char *s, gfp_t gfp)
{
	return kstrndup(s, SIZE_MAX, gfp);
}

void *kmemdup(const void *src, size_t n, gfp_t gfp)
{
	void *p = kmalloc(n, gfp);

	if (p)
		memcpy(p, src, n);
	return p;
}

char *kasprintf(gfp_t gfp, const char *fmt, ...)
{
	va_list ap, again;
	char *p;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	p = kmalloc((size_t)n + 1, gfp);
	if (p)
		vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	va_end(ap);
	return p;
}

void *kvmalloc(size_t size, gfp_t gfp)
{
	void *p = kmalloc(size, size > PAGE_SIZE ? gfp | GFP_NOWARN | GFP_NORETRY : gfp);

	if (p || size <= PAGE_SIZE)
		return p;
	return vmalloc(size, gfp);
}

void kvfree(void *p)
{
	if ((u64)p >= VMALLOC_START && (u64)p < VMALLOC_END)
		vfree(p);
	else
		kfree(p);
}

void slab_init(void)
{
	unsigned int rung = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(small_rung); i++) {
		while (ladder[rung].size < (i + 1) * 8)
			rung++;
		small_rung[i] = (u8)rung;
	}
	if (cache_setup(&cache_cache, "kmem_cache", sizeof(struct kmem_cache), 64, 0, NULL))
		panic("no per-CPU memory for the slab allocator");
	list_add_tail(&cache_cache.link, &caches);
	for (unsigned int i = 0; i < ARRAY_SIZE(ladder); i++) {
		u32 size = ladder[i].size;

		if (cache_setup(&kmalloc_caches[i], ladder[i].name, size, is_pow2(size) ? min(size, 64u) : 8,
				0, NULL))
			panic("no per-CPU memory for the slab allocator");
		list_add_tail(&kmalloc_caches[i].link, &caches);
	}
	slab_ready = true;
}
