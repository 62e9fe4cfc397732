/* SPDX-License-Identifier: MPL-2.0 */
/* The range lock in the running kernel: threads that change neighbouring parts of one address space. */
#include <base/string.h>
#include <core/clock.h>
#include <core/ktest.h>
#include <core/wait.h>
#include <core/work.h>
#include <kernel/sched.h>
#include "internal.h"
#include <uapi/linux/mman.h>

#define RW	(PROT_READ | PROT_WRITE)
#define ANON	(MAP_PRIVATE | MAP_ANONYMOUS)
#define AT	0x20000000ul
#define NT	6u
#define SLICE	16u
#define ROUNDS	150u

struct worker {
	struct mm *mm;
	u64 at, seed;
	u32 bad;
	struct completion *done;
};

static u64 rnd(struct worker *w)
{
	w->seed = w->seed * 6364136223846793005ull + 1442695040888963407ull;
	return w->seed >> 33;
}

/* A thread owns SLICE pages: page i, if mapped, holds what `want` says. */
static int change(void *arg)
{
	struct worker *w = arg;
	u64 want[SLICE];
	bool mapped[SLICE], writable[SLICE];

	memset(want, 0, sizeof(want));
	memset(mapped, 0, sizeof(mapped));
	memset(writable, 0, sizeof(writable));
	for (u64 step = 0; step < ROUNDS; step++) {
		u64 i = rnd(w) % SLICE, n = 1 + rnd(w) % (SLICE - i), a = w->at + i * PAGE_SIZE, v;

		switch (rnd(w) % 4) {
		case 0:
			w->bad += munmap_do(w->mm, a, n * PAGE_SIZE) != 0;
			memset(mapped + i, 0, n);
			memset(writable + i, 0, n);
			break;
		case 1:
			w->bad += mmap_do(w->mm, NULL, a, n * PAGE_SIZE, RW, ANON | MAP_FIXED, 0) != (long)a;
			memset(mapped + i, 1, n);
			memset(writable + i, 1, n);
			memset(want + i, 0, n * sizeof(u64));
			break;
		case 2:
			if (!mapped[i])
				break;
			writable[i] = !writable[i];
			w->bad += mprotect_do(w->mm, a, PAGE_SIZE, writable[i] ? RW : PROT_READ) != 0;
			break;
		default:
			if (writable[i]) {
				want[i] = step + 1;
				w->bad += mm_access_remote(w->mm, a, &want[i], 8, true, false) != 8;
			}
		}
		for (i = 0; i < SLICE; i++) {
			bool ok = mm_access_remote(w->mm, w->at + i * PAGE_SIZE, &v, 8, false, false) == 8;

			w->bad += ok != mapped[i] || (ok && v != want[i]);
		}
	}
	complete(w->done);
	return 0;
}

KTEST(mm_lock, neighbours)
{
	static struct completion done;
	static struct worker w[NT];
	struct mm *mm = mm_create();
	struct range_req r;

	KREQUIRE(!IS_ERR(mm));
	completion_init(&done);
	for (u32 i = 0; i < NT; i++) {
		w[i] = (struct worker){ mm, AT + i * SLICE * PAGE_SIZE, i + 1, 0, &done };
		KREQUIRE(!IS_ERR(kthread_run(change, &w[i], -1, "mm_lock")));
	}
	/* Meanwhile the whole is taken now and then, as by fork. */
	for (u32 i = 0; i < 20; i++) {
		mm_lock_write_wait(mm, &r, 0, ~0ul);
		KEXPECT(vma_tree_check(mm));
		mm_unlock(mm, &r);
		cond_resched();
	}
	for (u32 i = 0; i < NT; i++)
		wait_for_completion(&done);
	for (u32 i = 0; i < NT; i++)
		KEXPECT_EQ(w[i].bad, 0);
	KEXPECT(list_empty(&mm->ranges.reqs));
	KEXPECT_EQ(munmap_do(mm, AT, NT * SLICE * PAGE_SIZE), 0);
	KEXPECT_EQ(mm->nr_vmas, 0);
	KEXPECT_EQ(atomic64_read(&mm->total_vm), 0);
	KEXPECT_EQ(atomic64_read(&mm->data_vm), 0);
	KEXPECT_EQ(mm_counter(mm, MM_ANON), 0);
	mm_put(mm);
}

/* A place that somebody holds is not given to anybody else, and is free again afterwards. */
KTEST(mm_lock, places)
{
	struct mm *mm = mm_create();
	struct range_req a, b, c;
	u64 x, y, z;

	KREQUIRE(!IS_ERR(mm));
	x = mm_lock_place(mm, &a, 0, 4 * PAGE_SIZE, 0);
	y = mm_lock_place(mm, &b, 0, 2 * PAGE_SIZE, 0);
	KEXPECT_EQ(y + 2 * PAGE_SIZE, x);
	mm_unlock(mm, &a);
	z = mm_lock_place(mm, &c, 0, 4 * PAGE_SIZE, 0);
	KEXPECT_EQ(z, x);
	mm_unlock(mm, &b);
	mm_unlock(mm, &c);
	mm_put(mm);
}
