/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Page frames as objects: the frame array and the way between frames, numbers and addresses; the
 * folio lock and its kin; clearing and copying.
 *
 * The array lies at VMEMMAP_BASE, indexed by frame number; its pages exist for every 4 MiB block
 * (MAX_ORDER) that holds RAM, so buddy arithmetic never touches a hole. Frames that are no RAM,
 * or RAM that the boot took, are FOLIO_RESERVED; the former have no reference.
 *
 * Folio lock: FOLIO_LOCKED in flags. A sleeper sets FOLIO_WAITERS, which stays until the folio
 * is freed, so the waker looks at the shared wait table only for folios somebody ever waited for.
 */
#include <base/assert.h>
#include <base/math.h>
#include <base/string.h>
#include <core/mm_init.h>
#include <core/page.h>
#include <core/wait.h>
#include "frames.h"
#include "internal.h"
#include "kasan.h"

static u64 frames_end __ro_after_init;		/* numbers below may be valid */
static unsigned long *block_map __ro_after_init;	/* 4 MiB blocks with frames */

pfn_t folio_pfn(const struct folio *f)
{
	return pfn(frame_nr(f));
}

bool pfn_valid(pfn_t p)
{
	struct folio *f;

	if (p.v >= frames_end || !test_bit(p.v >> MAX_ORDER, block_map))
		return false;
	f = frame_of(p.v);
	return !folio_test(f, FOLIO_RESERVED) || atomic_read(&f->refcount) > 0;
}

struct folio *pfn_folio(pfn_t p)
{
	return pfn_valid(p) ? frame_head(frame_of(p.v)) : NULL;
}

struct folio *virt_folio(const void *p)
{
	ASSERT((u64)p >= direct_map_base && virt_phys(p) >> PAGE_SHIFT < frames_end);
	return frame_head(virt_frame(p));
}

void *kmap_local(const struct folio *f, u64 off)
{
	return (char *)frame_virt(f) + off;
}

/* --- boot --- */

static void frames_map_block(u64 block)
{
	u64 bytes = sizeof(struct folio) << MAX_ORDER;
	u64 va = VMEMMAP_BASE + block * bytes;
	u64 pa = memblock_alloc(bytes, PAGE_SIZE);

	if (!pa || kmap_range(va, pa, bytes, KPT_RW))
		panic("no memory for page frames");
	memset((void *)va, 0, bytes);
	for (u64 i = 0; i < 1ul << MAX_ORDER; i++)
		((struct folio *)va)[i].flags = BIT(FOLIO_RESERVED);
	bitmap_set_bit(block_map, block);
}

void frames_init(void)
{
	u64 base, size, blocks = (memblock_end() >> (PAGE_SHIFT + MAX_ORDER)) + 1;
	u64 pa = memblock_alloc(BITS_TO_LONGS(blocks) * 8, PAGE_SIZE);

	if (!pa)
		panic("no memory for the map of page frames");
	block_map = phys_virt(pa);
	memset(block_map, 0, BITS_TO_LONGS(blocks) * 8);
	frames_end = memblock_end() >> PAGE_SHIFT;
	for (unsigned int i = 0; memblock_region(i, &base, &size); i++) {
		u64 last = (base + size - 1) >> (PAGE_SHIFT + MAX_ORDER);

		for (u64 b = base >> (PAGE_SHIFT + MAX_ORDER); b <= last; b++)
			if (!test_bit(b, block_map))
				frames_map_block(b);
		for (u64 nr = base >> PAGE_SHIFT; nr < (base + size) >> PAGE_SHIFT; nr++)
			atomic_set(&frame_of(nr)->refcount, 1);
	}
}

void mm_core_init(void)
{
	kasan_init();
	frames_init();
	buddy_init();
	slab_init();
	vmalloc_init();
}

/* --- waiting --- */

void folio_wait_bit(struct folio *f, enum folio_bit b)
{
	might_sleep();
	while (folio_test(f, b)) {
		folio_set(f, FOLIO_WAITERS);
		wait_on_bit(&f->flags, (int)b, TASK_UNINTERRUPTIBLE);
	}
}

int folio_wait_bit_killable(struct folio *f, enum folio_bit b)
{
	might_sleep();
	while (folio_test(f, b)) {
		int err;

		folio_set(f, FOLIO_WAITERS);
		err = wait_on_bit_killable(&f->flags, (int)b);
		if (err)
			return err;
	}
	return 0;
}

/* Clear and, if somebody ever waited, wake: a full barrier stands between (fetch_and). */
void folio_clear_wake(struct folio *f, enum folio_bit b)
{
	u64 old = __atomic_fetch_and(&f->flags, ~BIT(b), __ATOMIC_SEQ_CST);

	if (unlikely(old & BIT(FOLIO_WAITERS)))
		wake_up_bit(&f->flags, (int)b);
}

void folio_lock(struct folio *f)
{
	might_sleep();
	while (unlikely(folio_test_set(f, FOLIO_LOCKED)))
		folio_wait_bit(f, FOLIO_LOCKED);
}

int folio_lock_killable(struct folio *f)
{
	might_sleep();
	while (unlikely(folio_test_set(f, FOLIO_LOCKED))) {
		int err = folio_wait_bit_killable(f, FOLIO_LOCKED);

		if (err)
			return err;
	}
	return 0;
}

bool folio_trylock(struct folio *f)
{
	return !folio_test_set(f, FOLIO_LOCKED);
}

void folio_unlock(struct folio *f)
{
	ASSERT(folio_test(f, FOLIO_LOCKED));
	folio_clear_wake(f, FOLIO_LOCKED);
}

/* --- contents --- */

void folio_zero(struct folio *f)
{
	page_clear(frame_virt(f), folio_size(f));
}

void folio_copy(struct folio *dst, const struct folio *src)
{
	ASSERT(folio_order(dst) >= folio_order(src));
	page_copy(frame_virt(dst), frame_virt(src), folio_size(src));
}

void folio_copy_page(struct folio *dst, const struct folio *src, u64 n)
{
	ASSERT(n < folio_nr_pages(src));
	page_copy(frame_virt(dst), frame_virt(src + n), PAGE_SIZE);
}
