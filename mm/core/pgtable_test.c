/* SPDX-License-Identifier: MPL-2.0 */
/* Cursors and bulk operations on page tables that no CPU runs. */
#include <base/errno.h>
#include <core/ktest.h>
#include <core/pgtable.h>
#include <core/usercopy.h>

#define VA	0x10000000ul
#define RIGHTS	(PT_READ | PT_WRITE | PT_USER)

static struct folio *page_new(void)
{
	struct folio *f = folio_alloc(0, GFP_KERNEL | GFP_ZERO);

	if (f)
		f->flags |= BIT(FOLIO_ANON);
	return f;
}

static bool map_one(struct pgtable *pt, u64 addr, struct folio *f, u32 prot)
{
	struct pt_cursor c;

	if (pt_cursor_open(&c, pt, addr, PT_ALLOC, NULL))
		return false;
	pt_cursor_map(&c, f, 0, prot);
	pt_cursor_close(&c);
	return true;
}

static pte_t read_one(struct pgtable *pt, u64 addr)
{
	struct pt_cursor c;
	pte_t e = { 0 };

	if (!pt_cursor_open(&c, pt, addr, 0, NULL)) {
		e = pt_cursor_read(&c);
		pt_cursor_close(&c);
	}
	return e;
}

static void clear_all(struct pgtable *pt, u64 start, u64 end, struct pt_counts *n)
{
	struct tlb_gather g;

	tlb_gather_init(&g, pt);
	g.dead = true;
	pt_zap_range(pt, start, end, 0, &g, n);
	pt_free_tables(&g, start, end, 0, 1ul << 47);
	tlb_gather_finish(&g);
}

KTEST(pgtable, map_unmap)
{
	struct pgtable *pt = pgtable_create();
	struct pt_counts n = { { 0 } };
	struct folio *f = page_new();
	u64 skip = 0;
	struct pt_cursor c;

	KREQUIRE(pt && f);
	KEXPECT_EQ(pt_cursor_open(&c, pt, VA, 0, &skip), -ENOENT);
	KEXPECT_EQ(skip, 1ul << 39);
	folio_get(f);
	KREQUIRE(map_one(pt, VA, f, RIGHTS));
	KEXPECT(pte_present(read_one(pt, VA)) && pte_writable(read_one(pt, VA)) && !pte_executable(read_one(pt, VA)));
	KEXPECT_EQ(pte_pfn(read_one(pt, VA)).v, folio_pfn(f).v);
	KEXPECT_EQ(atomic_read(&f->mapcount), 1);
	KEXPECT_EQ(pgtable_pages(pt), 4);
	clear_all(pt, VA, VA + PAGE_SIZE, &n);
	KEXPECT_EQ(n.n[0], 1);
	KEXPECT_EQ(atomic_read(&f->mapcount), 0);
	KEXPECT_EQ(folio_refcount(f), 1);
	KEXPECT_EQ(pgtable_pages(pt), 1);
	folio_put(f);
	pgtable_destroy(pt);
}

static void map_and_zap(struct pgtable *pt)
{
	struct pt_counts n = { { 0 } };
	u64 nr = 1500;

	for (u64 i = 0; i < nr; i++) {
		struct folio *f = page_new();

		KREQUIRE(f && map_one(pt, VA + i * PAGE_SIZE, f, RIGHTS));
	}
	KEXPECT_EQ(pt_next_present(pt, 0, 1ul << 40), VA);
	clear_all(pt, VA, VA + nr * PAGE_SIZE, &n);
	KEXPECT_EQ(n.n[0], nr);
}

KTEST(pgtable, zap_many)
{
	struct pgtable *pt = pgtable_create();
	bool back = false;

	KREQUIRE(pt != NULL);
	/* Others take memory too, but not each time. */
	for (int try = 0; try < 5 && !back; try++) {
		u64 before = mem_free_pages();

		map_and_zap(pt);
		back = mem_free_pages() + 128 > before;
	}
	KEXPECT(back);
	pgtable_destroy(pt);
}

KTEST(pgtable, copy_on_write)
{
	struct pgtable *a = pgtable_create(), *b = pgtable_create();
	struct pt_counts n = { { 0 } };
	struct folio *f = page_new();
	bool flush = false;

	KREQUIRE(a && b && f);
	folio_get(f);
	KREQUIRE(map_one(a, VA, f, RIGHTS | PT_DIRTY));
	KEXPECT_EQ(pt_copy_range(b, a, VA - PAGE_SIZE, VA + PAGE_SIZE, PT_COPY_COW, &n, &flush), 0);
	KEXPECT(flush && n.n[0] == 1);
	KEXPECT(!pte_writable(read_one(a, VA)) && !pte_writable(read_one(b, VA)));
	KEXPECT_EQ(folio_refcount(f), 3);
	KEXPECT_EQ(atomic_read(&f->mapcount), 2);
	clear_all(a, VA, VA + PAGE_SIZE, &n);
	clear_all(b, VA, VA + PAGE_SIZE, &n);
	KEXPECT_EQ(folio_refcount(f), 1);
	folio_put(f);
	pgtable_destroy(a);
	pgtable_destroy(b);
}

KTEST(pgtable, protect_and_move)
{
	struct pgtable *pt = pgtable_create();
	struct pt_counts n = { { 0 } };
	u64 to = VA + (5ul << 30) + 0x7000;
	struct tlb_gather g;

	KREQUIRE(pt != NULL);
	for (u64 i = 0; i < 600; i++) {
		struct folio *f = page_new();

		KREQUIRE(f && map_one(pt, VA + i * PAGE_SIZE, f, RIGHTS));
	}
	tlb_gather_init(&g, pt);
	g.dead = true;
	pt_protect_range(pt, VA, VA + 300 * PAGE_SIZE, PT_USER, true, &g);
	KEXPECT(pte_present(read_one(pt, VA)) && !pte_accessible(read_one(pt, VA)));
	pt_protect_range(pt, VA, VA + 300 * PAGE_SIZE, PT_USER | PT_READ, true, &g);
	KEXPECT(pte_accessible(read_one(pt, VA)) && !pte_writable(read_one(pt, VA)));
	KEXPECT(pte_writable(read_one(pt, VA + 300 * PAGE_SIZE)));
	KEXPECT_EQ(pt_make_tables(pt, to, to + 600 * PAGE_SIZE), 0);
	pt_move_range(pt, VA, to, 600 * PAGE_SIZE, &g);
	tlb_gather_finish(&g);
	KEXPECT(pte_none(read_one(pt, VA)) && pte_present(read_one(pt, to + 599 * PAGE_SIZE)));
	clear_all(pt, VA, to + 600 * PAGE_SIZE, &n);
	KEXPECT_EQ(n.n[0], 600);
	pgtable_destroy(pt);
}

KTEST(pgtable, swap_values)
{
	for (u64 v = 0; v < 1ul << 58; v = v * 3 + 1) {
		pte_t e = pte_mk_swap(v);

		KEXPECT(pte_is_swap(e) && !pte_present(e) && !pte_none(e));
		KEXPECT_EQ(pte_swap_value(e), v);
	}
}
