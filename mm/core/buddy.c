/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The page allocator: zones (below 4 GiB, and the rest) with a buddy system each (buddy_zone.c), in
 * front of them one stack of single pages per CPU, behind them reclaim.
 *
 * A free page is in exactly one of: a zone's free lists, a CPU's stack. Single pages come from
 * and go to the stack without a lock: preemption is off and `busy` tells an interrupt that came in
 * the middle to go to the zone instead. A stack is filled with one block of 2^BATCH_ORDER pages when there is
 * one, so neighbours are handed out together, and emptied half at a time.
 *
 * Watermarks: below `low` the background reclaimer is woken; ordinary requests do not go below `min`;
 * GFP_HIGHPRI takes half of it, tasks being killed three quarters. A request that may wait reclaims
 * by itself for as long as that gets on (reclaim_again()), then calls the OOM killer (orders up to 3), then fails.
 *
 * Locks: zone lock (BUDDY), innermost but for printk. Any context but NMI for allocation without
 * GFP_WAIT and for freeing.
 */
#include <base/assert.h>
#include <base/math.h>
#include <base/string.h>
#include <core/cpumask.h>
#include <core/failpoint.h>
#include <core/irq.h>
#include <core/mm_init.h>
#include <core/page.h>
#include <core/printk.h>
#include <core/smp.h>
#include <core/spinlock.h>
#include <core/task_core.h>
#include <core/upcall.h>
#include <core/wait.h>
#include <core/clock.h>
#include "buddy_zone.h"
#include "frames.h"
#include "internal.h"
#include "kasan.h"

enum zone_id { ZONE_DMA32, ZONE_NORMAL, NR_ZONES };
#define DMA32_END	(1ul << (32 - PAGE_SHIFT))

#define BATCH_ORDER	5
#define BATCH		(1u << BATCH_ORDER)
#define PCP_MAX		128u
#define COSTLY_ORDER	3
#define RECLAIM_TRIES	16u

struct zone {
	spinlock_t lock;
	struct buddy_zone b;		/* [lock] */
	u64 managed;			/* pages ever given to it; [lock] */
	u64 wm_min, wm_low, wm_high;	/* [I] after boot but for mem_release() */
};

struct page_stack {
	u32 busy;			/* [o] somebody on this CPU is at it */
	u32 nr;				/* [o] */
	struct folio *pages[PCP_MAX];	/* [o] flags 0, refcount 0 */
};

static struct zone zones[NR_ZONES];
static DEFINE_PERCPU_ALIGNED(struct page_stack, page_stack);
static u32 stack_high __ro_after_init = BATCH;	/* a stack with that many gives half back */
static DEFINE_PERCPU(s64, vm_counts[VM_NR_COUNTERS]);
bool buddy_ready __ro_after_init;

/* One instruction, so interrupts and preemption do no harm. */
#define counter_add(c, n) \
	__asm__ volatile("addq %1, %%gs:%0" : "+m"(vm_counts[c]) : "er"((s64)(n)) : "cc")

void vm_count(enum vm_counter c, s64 n)
{
	counter_add(c, n);
}

s64 vm_counter_read(enum vm_counter c)
{
	s64 sum = 0;
	int cpu;

	if (c == VM_FREE)
		return (s64)mem_free_pages();
	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(vm_counts[0], cpu)[c]);
	return sum < 0 ? 0 : sum;
}

u64 mem_total_pages(void)
{
	return zones[ZONE_DMA32].managed + zones[ZONE_NORMAL].managed;
}

u64 mem_free_pages(void)
{
	u64 sum = 0;
	int cpu;

	for (int z = 0; z < NR_ZONES; z++)
		sum += READ_ONCE(zones[z].b.nr_free_pages);
	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(page_stack, cpu)->nr);
	return sum;
}

static struct zone *frame_zone(const struct folio *f)
{
	return &zones[frame_nr(f) < DMA32_END ? ZONE_DMA32 : ZONE_NORMAL];
}

/* --- zones --- */

enum wm_level { WM_LOW, WM_MIN, WM_HIGHPRI, WM_VICTIM, WM_NONE };

static u64 zone_floor(const struct zone *z, enum wm_level l)
{
	switch (l) {
	case WM_LOW: return z->wm_low;
	case WM_MIN: return z->wm_min;
	case WM_HIGHPRI: return z->wm_min / 2;
	case WM_VICTIM: return z->wm_min / 4;
	default: return 0;
	}
}

/* From the highest zone that the request may use and whose mark allows it. */
static struct folio *zones_take(unsigned int order, gfp_t gfp, enum wm_level level)
{
	for (int id = gfp & GFP_DMA32 ? ZONE_DMA32 : ZONE_NORMAL; id >= 0; id--) {
		struct zone *z = &zones[id];
		struct folio *f;
		u64 flags;

		if (READ_ONCE(z->b.nr_free_pages) < zone_floor(z, level) + (1ul << order))
			continue;
		spin_lock_irqsave(&z->lock, flags);
		f = buddy_zone_take(&z->b, order);
		spin_unlock_irqrestore(&z->lock, flags);
		if (f)
			return f;
	}
	return NULL;
}

static void zone_give(struct folio *f, unsigned int order)
{
	struct zone *z = frame_zone(f);
	u64 flags;

	spin_lock_irqsave(&z->lock, flags);
	buddy_zone_give(&z->b, f, order);
	spin_unlock_irqrestore(&z->lock, flags);
}

/* --- the CPU's stack; each with preemption off and busy set by the caller --- */

/* Fill by a block, or by smaller ones when memory is fragmented. */
static bool stack_refill(struct page_stack *s, enum wm_level level)
{
	for (unsigned int order = BATCH_ORDER;; order--) {
		struct folio *f = zones_take(order, 0, level);

		if (f) {
			/* Lowest address on top. */
			for (u32 i = 1u << order; i-- > 0;)
				s->pages[s->nr++] = f + i;
			return true;
		}
		if (order == 0)
			return false;
	}
}

static void stack_drain(struct page_stack *s, u32 keep)
{
	while (s->nr > keep) {
		struct zone *z = frame_zone(s->pages[s->nr - 1]);
		u64 flags;

		spin_lock_irqsave(&z->lock, flags);
		for (u32 i = 0; i < BATCH && s->nr > keep; i++) {
			struct folio *f = s->pages[s->nr - 1];

			if (frame_zone(f) != z)
				break;
			s->nr--;
			buddy_zone_give(&z->b, f, 0);
		}
		spin_unlock_irqrestore(&z->lock, flags);
	}
}

static void stack_drain_ipi(void *unused)
{
	struct page_stack *s = this_cpu_ptr(page_stack);

	(void)unused;
	if (s->busy)
		return;
	s->busy = 1;
	stack_drain(s, 0);
	s->busy = 0;
}

/* Bring all CPUs' single pages back, so that large blocks can form. May sleep. */
static void stacks_drain_all(void)
{
	smp_call_mask(&cpu_online_mask, stack_drain_ipi, NULL, true);
}

/* --- allocation --- */

static void frames_make_compound(struct folio *f, unsigned int order)
{
	f->flags = (u64)order << FOLIO_ORDER_SHIFT;
	for (u64 i = 1; i < 1ul << order; i++) {
		f[i].flags = BIT(FOLIO_TAIL);
		f[i].head = f;
		f[i].tail_nr = i;
	}
}

static struct folio *single_take(enum wm_level level)
{
	struct page_stack *s;
	struct folio *f = NULL;

	preempt_disable();
	s = this_cpu_ptr(page_stack);
	if (likely(!s->busy)) {
		s->busy = 1;
		barrier();
		if (likely(s->nr) || stack_refill(s, level))
			f = s->pages[--s->nr];
		barrier();
		s->busy = 0;
	} else {
		f = zones_take(0, 0, level);
	}
	preempt_enable();
	return f;
}

static struct folio *take(unsigned int order, gfp_t gfp, enum wm_level level)
{
	struct folio *f;

	if (order == 0 && !(gfp & GFP_DMA32))
		return single_take(level);
	f = zones_take(order, gfp, level);
	if (f && order)
		frames_make_compound(f, order);
	return f;
}

static void alloc_report(unsigned int order, gfp_t gfp)
{
	static u64 last;
	u64 now = clock_monotonic_ns();

	if (gfp & GFP_NOWARN || (last && now - last < 5 * NSEC_PER_SEC))
		return;
	last = now;
	pr_warn("page allocation failed: order %u, gfp 0x%x, free %lu of %lu pages\n", order, gfp,
		(unsigned long)mem_free_pages(), (unsigned long)mem_total_pages());
}

/* Below the low mark: wake the reclaimer, then reclaim ourselves, then kill, then give up. */
static __noinline struct folio *alloc_slow(unsigned int order, gfp_t gfp)
{
	struct task_core *me = current_core();
	u32 tries_max = gfp & GFP_NORETRY || order > COSTLY_ORDER ? RECLAIM_TRIES : order ? RECLAIM_TRIES << order : ~0u;
	struct reclaim_patience patience = { 0 };
	bool drained = false;
	struct folio *f;

	gfp &= ~me->alloc_scope;
	reclaim_wake();
	f = take(order, gfp, me->memalloc ? WM_NONE : gfp & GFP_HIGHPRI ? WM_HIGHPRI : WM_MIN);
	if (f || !(gfp & GFP_WAIT) || me->memalloc)
		goto out;
	might_sleep();
	for (unsigned int tries = 0;; tries++) {
		u64 freed = reclaim_pages(max_t(u64, BATCH, 1ul << order), order, gfp);

		f = take(order, gfp, WM_MIN);
		if (f)
			break;
		if (!drained && (order || !freed)) {
			stacks_drain_all();
			drained = true;
			continue;
		}
		if (signal_fatal_pending(me)) {
			f = take(order, gfp, WM_VICTIM);
			if (f || !freed || tries >= RECLAIM_TRIES)
				break;
			continue;
		}
		/* Pages come back, but not in one piece: larger blocks are not waited for as long. */
		if (tries < tries_max && reclaim_again(&patience, freed))
			continue;
		if (gfp & GFP_NORETRY || order > COSTLY_ORDER || !oom_kill(order, gfp))
			break;
		/* The victim needs the CPU to die. */
		set_current_state(TASK_KILLABLE);
		schedule_until(clock_monotonic_ns() + 5 * NSEC_PER_MSEC);
		drained = false;
		patience = (struct reclaim_patience){ 0 };
	}
out:
	if (!f)
		alloc_report(order, gfp);
	return f;
}

struct folio *folio_alloc(unsigned int order, gfp_t gfp)
{
	struct folio *f;

	ASSERT(order <= MAX_ORDER);
	if (failpoint("page_alloc"))
		return NULL;
	f = take(order, gfp, WM_LOW);
	if (unlikely(!f)) {
		f = alloc_slow(order, gfp);
		if (!f)
			return NULL;
	}
	ASSERT(atomic_read(&f->refcount) == 0 && f->mapping == NULL);
	kasan_unpoison(frame_virt(f), PAGE_SIZE << order);
	atomic_set(&f->refcount, 1);
	counter_add(VM_EV_ALLOC, 1);
	if (gfp & GFP_ZERO)
		folio_zero(f);
	return f;
}

/* --- freeing --- */

/* The frame is nobody's any more: any context but NMI. */
static void free_frames(struct folio *f, unsigned int order)
{
	struct page_stack *s;

	ASSERT_CMP(atomic_read(&f->mapcount), ==, 0);
	f->flags = 0;
	f->mapping = NULL;
	f->private = NULL;
	counter_add(VM_EV_FREE, 1);
	kasan_poison(frame_virt(f), PAGE_SIZE << order, KASAN_PAGE_FREE);
	if (unlikely(order)) {
		for (u64 i = 1; i < 1ul << order; i++)
			f[i].flags = 0;
		zone_give(f, order);
		return;
	}
	preempt_disable();
	s = this_cpu_ptr(page_stack);
	if (likely(!s->busy)) {
		s->busy = 1;
		barrier();
		if (unlikely(s->nr >= stack_high))
			stack_drain(s, stack_high / 2);
		s->pages[s->nr++] = f;
		barrier();
		s->busy = 0;
	} else {
		zone_give(f, 0);
	}
	preempt_enable();
}

/* What makes the last put of a folio more than giving the frame back. */
#define FLAGS_RELEASE	(BIT(FOLIO_LRU) | BIT(FOLIO_UNEVICTABLE) | BIT(FOLIO_MLOCKED) | \
			 BIT(FOLIO_SWAPCACHE) | BIT(FOLIO_PRIVATE))

void folio_free_last(struct folio *f)
{
	u64 flags = READ_ONCE(f->flags);

	VERIFY(!(flags & (BIT(FOLIO_TAIL) | BIT(FOLIO_BUDDY) | BIT(FOLIO_SLAB))));
	if (flags & BIT(FOLIO_RESERVED)) {
		WARN_ONCE(true);
		return;
	}
	if (unlikely(flags & FLAGS_RELEASE))
		folio_release(f);
	free_frames(f, (unsigned int)(flags >> FOLIO_ORDER_SHIFT));
}

/* --- kernel pages --- */

void *page_alloc(unsigned int order, gfp_t gfp)
{
	struct folio *f = folio_alloc(order, gfp);

	return f ? frame_virt(f) : NULL;
}

void page_free(void *p, unsigned int order)
{
	struct folio *f;

	if (!p)
		return;
	f = virt_frame(p);
	VERIFY(atomic_read(&f->refcount) > 0 && folio_order(f) == order);
	/* A look-up in the page cache may hold one for a moment, for a page that was here before. */
	folio_put(f);
}

/* --- boot --- */

static void zone_add_range(u64 start, u64 end)
{
	while (start < end) {
		unsigned int order = start ? min_t(unsigned int, (unsigned int)__builtin_ctzl(start), MAX_ORDER)
					   : MAX_ORDER;
		struct zone *z = frame_zone(frame_of(start));
		u64 flags;

		while (start + (1ul << order) > end)
			order--;
		for (u64 i = 0; i < 1ul << order; i++) {
			struct folio *f = frame_of(start + i);

			f->flags = 0;
			atomic_set(&f->refcount, 0);
		}
		spin_lock_irqsave(&z->lock, flags);
		z->managed += 1ul << order;
		buddy_zone_give(&z->b, frame_of(start), order);
		spin_unlock_irqrestore(&z->lock, flags);
		start += 1ul << order;
	}
}

static void marks_set(void)
{
	for (int i = 0; i < NR_ZONES; i++) {
		struct zone *z = &zones[i];
		u64 m = clamp_t(u64, z->managed / 128, z->managed / 32 < 64 ? z->managed / 32 : 64, 4096);

		z->wm_min = m;
		z->wm_low = m + m / 4;
		z->wm_high = m + m / 2;
	}
}

void buddy_init(void)
{
	u64 end = memblock_end() >> PAGE_SHIFT, from = 0;
	struct memblock_range r;

	for (int i = 0; i < NR_ZONES; i++)
		spin_lock_init(&zones[i].lock, BUDDY);
	buddy_zone_init(&zones[ZONE_DMA32].b, FRAMES, 0, min(end, DMA32_END));
	buddy_zone_init(&zones[ZONE_NORMAL].b, FRAMES, DMA32_END, max(end, DMA32_END));
	while (memblock_next_free(from, &r)) {
		zone_add_range(r.start >> PAGE_SHIFT, r.end >> PAGE_SHIFT);
		from = r.end;
	}
	marks_set();
	/* All CPUs' stacks together hold at most 1/64 of memory. */
	stack_high = clamp_t(u32, (u32)min_t(u64, mem_total_pages() / 64 / (u64)max(nr_cpus, 1), PCP_MAX),
			     BATCH / 2, PCP_MAX - BATCH);
	buddy_ready = true;
}

void mem_release(u64 start, u64 end)
{
	start = ALIGN_UP(start, PAGE_SIZE) >> PAGE_SHIFT;
	end = ALIGN_DOWN(end, PAGE_SIZE) >> PAGE_SHIFT;
	if (start >= end)
		return;
	zone_add_range(start, end);
	marks_set();
}

/* Pages that a reclaimer should still free to reach the high marks. */
u64 buddy_pages_wanted(void)
{
	u64 sum = 0;

	for (int i = 0; i < NR_ZONES; i++) {
		u64 free = READ_ONCE(zones[i].b.nr_free_pages);

		if (zones[i].managed && free < zones[i].wm_high)
			sum += zones[i].wm_high - free;
	}
	return sum;
}

bool buddy_check(void)
{
	bool ok = true;

	for (int i = 0; i < NR_ZONES; i++) {
		u64 flags;

		spin_lock_irqsave(&zones[i].lock, flags);
		ok &= buddy_zone_check(&zones[i].b);
		spin_unlock_irqrestore(&zones[i].lock, flags);
	}
	return ok;
}

/* The i-th order's free blocks of a zone, for /proc/buddyinfo; false: no such zone. */
bool buddy_info(unsigned int zone, const char **name, u64 nr_free[MAX_ORDER + 1])
{
	static const char *const names[NR_ZONES] = { "DMA32", "Normal" };

	if (zone >= NR_ZONES)
		return false;
	*name = names[zone];
	for (unsigned int o = 0; o <= MAX_ORDER; o++)
		nr_free[o] = READ_ONCE(zones[zone].b.nr_free[o]);
	return true;
}
