/* SPDX-License-Identifier: MPL-2.0 */
/* Address spaces in the running kernel, looked at from outside: mm_access_remote() faults as a program would. */
#include <base/string.h>
#include <core/ktest.h>
#include <fs/file.h>
#include <kernel/task.h>
#include <mm/rmap.h>
#include "internal.h"
#include <uapi/linux/mman.h>

#define RW	(PROT_READ | PROT_WRITE)
#define ANON	(MAP_PRIVATE | MAP_ANONYMOUS)
#define AT	0x10000000ul

static bool poke(struct mm *mm, u64 addr, u64 v)
{
	return mm_access_remote(mm, addr, &v, sizeof(v), true, false) == sizeof(v);
}

static u64 peek(struct mm *mm, u64 addr)
{
	u64 v = ~0ul;

	return mm_access_remote(mm, addr, &v, sizeof(v), false, false) == sizeof(v) ? v : ~0ul;
}

static bool tree_good(struct mm *mm)
{
	struct range_req r;
	bool ok;

	mm_lock_read(mm, &r, 0, ~0ul);
	ok = vma_tree_check(mm);
	mm_unlock(mm, &r);
	return ok;
}

KTEST(vm, anonymous)
{
	struct mm *mm = mm_create();
	s64 anon = vm_counter_read(VM_ANON), committed = vm_counter_read(VM_COMMITTED);
	long a;

	KREQUIRE(!IS_ERR(mm));
	a = mmap_do(mm, NULL, 0, 64 * PAGE_SIZE, RW, ANON, 0);
	KREQUIRE(a > 0);
	KEXPECT_EQ(peek(mm, (u64)a), 0);
	KEXPECT_EQ(mm_counter(mm, MM_ANON), 0);
	for (u64 i = 0; i < 64; i++)
		KEXPECT(poke(mm, (u64)a + i * PAGE_SIZE, i + 1));
	for (u64 i = 0; i < 64; i++)
		KEXPECT_EQ(peek(mm, (u64)a + i * PAGE_SIZE), i + 1);
	KEXPECT_EQ(mm_counter(mm, MM_ANON), 64);
	KEXPECT_EQ(vm_counter_read(VM_ANON) - anon, 64);
	KEXPECT_EQ(vm_counter_read(VM_COMMITTED) - committed, 64);
	KEXPECT_EQ(madvise_do(mm, (u64)a, 32 * PAGE_SIZE, MADV_DONTNEED), 0);
	KEXPECT_EQ(mm_counter(mm, MM_ANON), 32);
	KEXPECT_EQ(peek(mm, (u64)a), 0);
	mm_put(mm);
	KEXPECT_EQ(vm_counter_read(VM_ANON), anon);
	KEXPECT_EQ(vm_counter_read(VM_COMMITTED), committed);
}

KTEST(vm, split_and_merge)
{
	struct mm *mm = mm_create();

	KREQUIRE(!IS_ERR(mm));
	KEXPECT_EQ(mmap_do(mm, NULL, AT, 16 * PAGE_SIZE, RW, ANON | MAP_FIXED, 0), AT);
	for (u64 i = 0; i < 16; i++)
		poke(mm, AT + i * PAGE_SIZE, i + 100);
	KEXPECT_EQ(mprotect_do(mm, AT + 4 * PAGE_SIZE, 4 * PAGE_SIZE, PROT_READ), 0);
	KEXPECT_EQ(mm->nr_vmas, 3);
	KEXPECT(!poke(mm, AT + 4 * PAGE_SIZE, 1));
	KEXPECT(poke(mm, AT + 3 * PAGE_SIZE, 103) && poke(mm, AT + 8 * PAGE_SIZE, 108));
	KEXPECT_EQ(mprotect_do(mm, AT + 4 * PAGE_SIZE, 4 * PAGE_SIZE, RW), 0);
	KEXPECT_EQ(mm->nr_vmas, 1);
	KEXPECT(poke(mm, AT + 4 * PAGE_SIZE, 104));
	KEXPECT_EQ(munmap_do(mm, AT + 6 * PAGE_SIZE, 2 * PAGE_SIZE), 0);
	KEXPECT_EQ(mm->nr_vmas, 2);
	KEXPECT_EQ(peek(mm, AT + 6 * PAGE_SIZE), ~0ul);
	KEXPECT_EQ(peek(mm, AT + 8 * PAGE_SIZE), 108);
	KEXPECT_EQ(mmap_do(mm, NULL, AT + 6 * PAGE_SIZE, 2 * PAGE_SIZE, RW, ANON | MAP_FIXED_NOREPLACE, 0), AT + 6 * PAGE_SIZE);
	KEXPECT_EQ(mm->nr_vmas, 1);
	KEXPECT_EQ(peek(mm, AT + 6 * PAGE_SIZE), 0);
	KEXPECT_EQ(mmap_do(mm, NULL, AT, PAGE_SIZE, RW, ANON | MAP_FIXED_NOREPLACE, 0), -EEXIST);
	KEXPECT(tree_good(mm));
	KEXPECT_EQ(munmap_do(mm, AT + PAGE_SIZE, PAGE_SIZE), 0);
	KEXPECT_EQ(munmap_do(mm, AT, 1ul << 30), 0);
	KEXPECT_EQ(mm->nr_vmas, 0);
	KEXPECT_EQ(atomic64_read(&mm->total_vm), 0);
	KEXPECT_EQ(pgtable_pages(mm->pt), 1);
	mm_put(mm);
}

static void fork_and_copy(void)
{
	struct mm *mm = mm_create(), *child;

	KREQUIRE(!IS_ERR(mm));
	KEXPECT_EQ(mmap_do(mm, NULL, AT, 600 * PAGE_SIZE, RW, ANON | MAP_FIXED, 0), AT);
	for (u64 i = 0; i < 600; i += 3)
		poke(mm, AT + i * PAGE_SIZE, i);
	child = mm_fork(mm, NULL);
	KREQUIRE(!IS_ERR(child));
	KEXPECT_EQ(mm_counter(child, MM_ANON), 200);
	for (u64 i = 0; i < 600; i += 3)
		KEXPECT_EQ(peek(child, AT + i * PAGE_SIZE), i);
	for (u64 i = 0; i < 600; i += 6)
		KEXPECT(poke(child, AT + i * PAGE_SIZE, i + 7));
	for (u64 i = 0; i < 600; i += 3) {
		KEXPECT_EQ(peek(mm, AT + i * PAGE_SIZE), i);
		KEXPECT_EQ(peek(child, AT + i * PAGE_SIZE), i % 6 ? i : i + 7);
	}
	for (u64 i = 0; i < 600; i += 3)
		KEXPECT(poke(mm, AT + i * PAGE_SIZE, i + 9));
	for (u64 i = 0; i < 600; i += 3)
		KEXPECT_EQ(peek(child, AT + i * PAGE_SIZE), i % 6 ? i : i + 7);
	mm_put(child);
	for (u64 i = 0; i < 600; i += 3)
		KEXPECT_EQ(peek(mm, AT + i * PAGE_SIZE), i + 9);
	mm_put(mm);
}

KTEST(vm, fork_copies_on_write)
{
	bool back = false;

	/* Others take memory too, but not each time. */
	for (int try = 0; try < 5 && !back; try++) {
		u64 free = mem_free_pages();

		fork_and_copy();
		back = mem_free_pages() + 64 >= free;
	}
	KEXPECT(back);
}

KTEST(vm, growing_stack)
{
	struct mm *mm = mm_create();

	KREQUIRE(!IS_ERR(mm));
	KEXPECT_EQ(mmap_do(mm, NULL, AT, 4 * PAGE_SIZE, RW, ANON | MAP_FIXED | MAP_GROWSDOWN, 0), AT);
	KEXPECT(poke(mm, AT - 40 * PAGE_SIZE, 5));
	KEXPECT_EQ(mm->first_vma->start, AT - 40 * PAGE_SIZE);
	KEXPECT_EQ(peek(mm, AT - 40 * PAGE_SIZE), 5);
	KEXPECT(tree_good(mm));
	mm_put(mm);
}

KTEST(vm, errors)
{
	struct mm *mm = mm_create();

	KREQUIRE(!IS_ERR(mm));
	KEXPECT_EQ(mmap_do(mm, NULL, 0, 0, RW, ANON, 0), -EINVAL);
	KEXPECT_EQ(mmap_do(mm, NULL, AT + 5, PAGE_SIZE, RW, ANON | MAP_FIXED, 0), -EINVAL);
	KEXPECT_EQ(mmap_do(mm, NULL, 0, ~0ul - PAGE_SIZE, RW, ANON, 0), -ENOMEM);
	KEXPECT_EQ(mmap_do(mm, NULL, 0, PAGE_SIZE, RW, MAP_ANONYMOUS, 0), -EINVAL);
	KEXPECT_EQ(munmap_do(mm, AT, 0), -EINVAL);
	KEXPECT_EQ(munmap_do(mm, AT + 1, PAGE_SIZE), -EINVAL);
	KEXPECT_EQ(munmap_do(mm, AT, PAGE_SIZE), 0);
	KEXPECT_EQ(mprotect_do(mm, AT, PAGE_SIZE, PROT_READ), -ENOMEM);
	KEXPECT_EQ(madvise_do(mm, AT, PAGE_SIZE, MADV_DONTNEED), -ENOMEM);
	KEXPECT_EQ(madvise_do(mm, AT, PAGE_SIZE, 12345), -EINVAL);
	mm_put(mm);
}

/* What the OOM killer's reaper takes is gone, and does not come back as zeros. */
KTEST(vm, reap)
{
	struct mm *mm = mm_create();
	s64 anon = vm_counter_read(VM_ANON);

	KREQUIRE(!IS_ERR(mm));
	KEXPECT_EQ(mmap_do(mm, NULL, AT, 64 * PAGE_SIZE, RW, ANON | MAP_FIXED, 0), AT);
	KEXPECT_EQ(mmap_do(mm, NULL, AT + 128 * PAGE_SIZE, 4 * PAGE_SIZE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, 0),
		   AT + 128 * PAGE_SIZE);
	for (u64 i = 0; i < 32; i++)
		poke(mm, AT + i * PAGE_SIZE, i + 1);
	KEXPECT(poke(mm, AT + 128 * PAGE_SIZE, 77));
	KEXPECT(mm_reap(mm));
	KEXPECT_EQ(mm_counter(mm, MM_ANON), 0);
	KEXPECT_EQ(vm_counter_read(VM_ANON), anon);
	KEXPECT_EQ(peek(mm, AT), ~0ul);
	KEXPECT(!poke(mm, AT + PAGE_SIZE, 1));
	KEXPECT_EQ(peek(mm, AT + 128 * PAGE_SIZE), 77);
	mm_put(mm);
}

static bool count_entry(struct pt_cursor *c, struct vma *v, struct tlb_gather *g, void *arg)
{
	(void)v, (void)g;
	*(u32 *)arg += pte_present(pt_cursor_read(c));
	return true;
}

/* Reclaim may be called by who holds the lock of the very mappings it would look at. */
KTEST(vm, reclaim_does_not_wait_for_rmap)
{
	struct mm *mm = mm_create();
	struct mapping *m;
	struct vma *v;
	u32 seen = 0;

	KREQUIRE(!IS_ERR(mm));
	KEXPECT_EQ(mmap_do(mm, NULL, AT, PAGE_SIZE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, 0), AT);
	KEXPECT(poke(mm, AT, 1));
	v = vma_find(mm, AT);
	KREQUIRE(v && v->file);
	m = v->file->mapping;
	down_write(&m->rmap_lock);
	KEXPECT(!rmap_try_walk_page(m, 0, count_entry, &seen));
	up_write(&m->rmap_lock);
	KEXPECT_EQ(seen, 0);
	KEXPECT(rmap_try_walk_page(m, 0, count_entry, &seen));
	KEXPECT_EQ(seen, 1);
	mm_put(mm);
}
