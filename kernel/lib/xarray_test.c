/* SPDX-License-Identifier: MPL-2.0 */
/* xarray and ida against plain arrays, with clustered and far indexes, marks, and failing allocations. */
#include <base/err.h>
#include <base/ida.h>
#include <base/xarray.h>
#include <core/failpoint.h>
#include <core/ktest.h>

#define N 400

static struct {
	u64 index;
	void *entry;
	bool mark[XA_NR_MARKS];
} model[N];

static u32 state = 1;

static u32 next_random(u32 n)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % n;
}

/* Sorted indexes: a dense start, groups of pages, and the far end. */
static void make_indexes(void)
{
	u64 v = 0;

	for (int i = 0; i < N; i++) {
		model[i].index = v;
		model[i].entry = NULL;
		for (int m = 0; m < XA_NR_MARKS; m++)
			model[i].mark[m] = false;
		if (i == N - 2)
			v = ~0ull;
		else
			v += i < 150 ? 1 : i % 10 ? 1 + next_random(3) : (u64)next_random(1u << 20) << next_random(34);
		if (i < N - 2 && v <= model[i].index)
			v = model[i].index + 1;
	}
}

static bool agrees(struct xarray *xa)
{
	u64 index = 0;
	bool any[XA_NR_MARKS] = { false, false, false };
	int i = 0;
	void *e;

	xa_for_each(xa, index, e) {
		while (i < N && !model[i].entry)
			i++;
		if (i == N || model[i].index != index || model[i].entry != e)
			return false;
		i++;
	}
	while (i < N && !model[i].entry)
		i++;
	if (i != N)
		return false;
	for (i = 0; i < N; i++)
		for (int m = 0; m < XA_NR_MARKS; m++) {
			any[m] |= model[i].mark[m];
			if (xa_get_mark(xa, model[i].index, m) != model[i].mark[m])
				return false;
		}
	for (int m = 0; m < XA_NR_MARKS; m++) {
		u64 at = 0;

		if (xa_marked(xa, m) != any[m])
			return false;
		for (i = 0; i < N; i++) {
			if (!model[i].mark[m])
				continue;
			if (!xa_find_marked(xa, &at, ~0ull, m) || at != model[i].index)
				return false;
			if (at == ~0ull)
				break;
			at++;
		}
	}
	return true;
}

static void clear_model(struct xarray *xa)
{
	for (int i = 0; i < N; i++)
		xa_erase(xa, model[i].index);
	KEXPECT(xa_empty(xa));
	KEXPECT_EQ(xa->levels, 0);
	KEXPECT_EQ(xa->marks, 0);
}

static void random_step(struct xarray *xa, int round)
{
	int i = (int)next_random(N), m = (int)next_random(XA_NR_MARKS);
	u64 at = model[i].index;
	void *e = xa_mk_value(next_random(1u << 30));

	switch (next_random(round < 3000 ? 6 : 12)) {
	case 0: case 1:
		KEXPECT(xa_store(xa, at, e, GFP_KERNEL) == model[i].entry);
		model[i].entry = e;
		break;
	case 2:
		if (model[i].entry) {
			KEXPECT_EQ(xa_insert(xa, at, e, GFP_KERNEL), -EBUSY);
		} else {
			KEXPECT_EQ(xa_insert(xa, at, e, GFP_KERNEL), 0);
			model[i].entry = e;
		}
		break;
	case 3:
		xa_set_mark(xa, at, m);
		model[i].mark[m] = model[i].entry != NULL;
		break;
	case 4:
		xa_clear_mark(xa, at, m);
		model[i].mark[m] = false;
		break;
	default:
		KEXPECT(xa_erase(xa, at) == model[i].entry);
		model[i].entry = NULL;
		for (m = 0; m < XA_NR_MARKS; m++)
			model[i].mark[m] = false;
	}
	KEXPECT(xa_load(xa, at) == model[i].entry);
}

KTEST(xarray, against_model)
{
	struct xarray xa = XARRAY_INIT;

	make_indexes();
	for (int round = 0; round < 6000; round++) {
		random_step(&xa, round);
		if (round % 50 == 0)
			KREQUIRE(agrees(&xa));
	}
	clear_model(&xa);
}

KTEST(xarray, failing_allocations)
{
	struct xarray xa = XARRAY_INIT;
	int failed = 0;

	make_indexes();
	for (int i = N - 1; i >= 0; i--) {
		void *e = xa_mk_value((u64)i), *old;

		failpoint_arm("kmalloc", false, 1 + next_random(4), 3);
		old = xa_store(&xa, model[i].index, e, GFP_KERNEL);
		failpoint_disarm("kmalloc");
		if (IS_ERR(old)) {
			KEXPECT_EQ(PTR_ERR(old), -ENOMEM);
			failed++;
		} else {
			model[i].entry = e;
		}
		KREQUIRE(agrees(&xa));
	}
#ifdef KEEL_HOST
	KEXPECT(failed > 0);
#endif
	clear_model(&xa);
}

KTEST(xarray, reserve)
{
	struct xarray xa = XARRAY_INIT;
	u64 at = 0;

	KEXPECT_EQ(xa_reserve(&xa, 1000, GFP_KERNEL), 0);
	KEXPECT_EQ(xa_reserve(&xa, 0, GFP_KERNEL), 0);
	KEXPECT(!xa_load(&xa, 1000) && !xa_load(&xa, 0));
	KEXPECT(!xa_find(&xa, &at, ~0ull));
	xa_set_mark(&xa, 1000, XA_MARK_0);
	KEXPECT(!xa_marked(&xa, XA_MARK_0));
	failpoint_arm("kmalloc", false, 1, 1);
	KEXPECT(xa_store(&xa, 1000, xa_mk_value(1), GFP_NOWAIT) == NULL);
	failpoint_disarm("kmalloc");
	KEXPECT(xa_load(&xa, 1000) == xa_mk_value(1));
	xa_erase(&xa, 1000);
	xa_erase(&xa, 0);
	KEXPECT(xa_empty(&xa));
}

KTEST(xarray, alloc_lowest)
{
	struct xarray xa = XARRAY_INIT;
	static bool taken[5000];
	u64 at;

	for (int i = 0; i < 5000; i++)
		taken[i] = false;
	for (int round = 0; round < 12000; round++) {
		u64 want = 1;

		if (round > 6000 && next_random(2)) {
			at = next_random(5000);
			if (taken[at])
				KEXPECT(xa_erase(&xa, at) != NULL);
			taken[at] = false;
			continue;
		}
		while (want < 5000 && taken[want])
			want++;
		if (want == 5000) {
			KEXPECT_EQ(xa_alloc(&xa, &at, xa_mk_value(1), 1, 4999, GFP_KERNEL), -EBUSY);
			continue;
		}
		KREQUIRE(xa_alloc(&xa, &at, xa_mk_value(1), 1, 4999, GFP_KERNEL) == 0);
		KREQUIRE(at == want);
		taken[at] = true;
	}
	/* A hole at 0, and a free place far up. */
	KEXPECT(xa_alloc(&xa, &at, xa_mk_value(1), 0, 4999, GFP_KERNEL) == 0 && at == 0);
	KEXPECT(xa_alloc(&xa, &at, xa_mk_value(1), ~0ull, ~0ull, GFP_KERNEL) == 0 && at == ~0ull);
	KEXPECT_EQ(xa_alloc(&xa, &at, xa_mk_value(1), ~0ull, ~0ull, GFP_KERNEL), -EBUSY);
	xa_destroy(&xa);
	KEXPECT(xa_empty(&xa));
}

KTEST(xarray, single_entry_needs_no_node)
{
	struct xarray xa = XARRAY_INIT;
	u64 at = 0;

	failpoint_arm("kmalloc", false, 1, 1);
	KEXPECT(xa_store(&xa, 0, &xa, GFP_KERNEL) == NULL);
	failpoint_disarm("kmalloc");
	xa_set_mark(&xa, 0, XA_MARK_1);
	KEXPECT(xa_find_marked(&xa, &at, ~0ull, XA_MARK_1) == &xa);
	KEXPECT(!xa_find_marked(&xa, &at, ~0ull, XA_MARK_0));
	/* Growing keeps the mark, shrinking brings it back. */
	KEXPECT(xa_store(&xa, 70000, &at, GFP_KERNEL) == NULL);
	KEXPECT(xa_get_mark(&xa, 0, XA_MARK_1));
	KEXPECT(xa_erase(&xa, 70000) == &at);
	KEXPECT_EQ(xa.levels, 0);
	KEXPECT(xa_get_mark(&xa, 0, XA_MARK_1) && xa_marked(&xa, XA_MARK_1));
	KEXPECT(xa_erase(&xa, 0) == &xa);
}

KTEST(ida, lowest_first)
{
	struct ida ida = IDA_INIT;

	for (int i = 0; i < 2000; i++)
		KREQUIRE(ida_alloc(&ida, 3, 5000, GFP_KERNEL) == i + 3);
	ida_free(&ida, 1500);
	ida_free(&ida, 3);
	KEXPECT_EQ(ida_alloc(&ida, 4, 5000, GFP_KERNEL), 1500);
	KEXPECT_EQ(ida_alloc(&ida, 0, 5000, GFP_KERNEL), 0);
	KEXPECT_EQ(ida_alloc(&ida, 0, 5000, GFP_KERNEL), 1);
	KEXPECT(ida_used(&ida, 1500) && !ida_used(&ida, 3) && !ida_used(&ida, 4000));
	KEXPECT_EQ(ida_alloc(&ida, 100, 200, GFP_KERNEL), -ENOSPC);
	KEXPECT_EQ(ida_alloc(&ida, 0, 3, GFP_KERNEL), 2);
	for (int i = 0; i < 2003; i++)
		if (ida_used(&ida, (u32)i))
			ida_free(&ida, (u32)i);
	KEXPECT(xa_empty(&ida.xa));
	failpoint_arm("kmalloc", false, 1, 0);
	KEXPECT_EQ(ida_alloc(&ida, 0, 9, GFP_KERNEL), -ENOMEM);
	failpoint_disarm("kmalloc");
	KEXPECT_EQ(ida_alloc(&ida, 700, 900, GFP_KERNEL), 700);
	ida_destroy(&ida);
}
