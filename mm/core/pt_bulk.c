/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Whole ranges of page tables at once: what munmap, exit, fork and mprotect do to every entry, as
 * tight loops over last-level tables. Same locks and rules as cursors (pt_cursor.c).
 */
#include <base/assert.h>
#include <base/errno.h>
#include <base/math.h>
#include <core/upcall.h>
#include "pgtable.h"

/* End of the part of [addr, end) that one last-level table covers. */
static inline u64 table_end(u64 addr, u64 end)
{
	u64 b = (addr & ~(PT_LEVEL_SIZE(2) - 1)) + PT_LEVEL_SIZE(2);

	return min(b, end);
}

static inline u64 skip_missing(u64 addr, unsigned int level, u64 end)
{
	u64 b = (addr & ~(PT_LEVEL_SIZE(level) - 1)) + PT_LEVEL_SIZE(level);

	return min(b, end);
}

static inline struct folio *entry_folio(u64 e)
{
	return frame_head(frame_of((e & PTE_PFN_MASK) >> PAGE_SHIFT));
}

/*
 * Entries of one table, lock held; returns where it stopped: because the gather is full, or at
 * `end`. Without other CPUs on the table (dead) entries need no atomic exchange.
 */
static u64 zap_entries(u64 *e, u64 addr, u64 end, u32 flags, struct tlb_gather *g, struct pt_counts *n)
{
	u64 first = ~0ul, last = 0;

	for (; addr < end; addr += PAGE_SIZE, e++) {
		u64 old = READ_ONCE(*e);
		struct folio *f;

		if (!old)
			continue;
		if (unlikely(!pte_present((pte_t){ old }))) {
			if (flags & PT_ZAP_KEEP_ANON)
				continue;
			*e = 0;
			swap_entry_put(pte_swap_value((pte_t){ old }));
			n->n[3]++;
			continue;
		}
		if (unlikely(old & _PAGE_SPECIAL)) {
			*e = 0;
			gather_range(g, addr, addr + PAGE_SIZE);
			continue;
		}
		f = entry_folio(old);
		if (unlikely(flags & PT_ZAP_KEEP_ANON) && f->flags & BIT(FOLIO_ANON))
			continue;
		if (unlikely(g->nr == ARRAY_SIZE(g->batch)) && tlb_gather_full(g))
			break;
		if (g->dead)
			*e = 0;
		else
			(void)xchg(e, 0ul);
		n->n[folio_kind(f)]++;
		gather_add(g, f);
		first = min(first, addr);
		last = addr;
	}
	if (first != ~0ul)
		gather_range(g, first, last + PAGE_SIZE);
	return addr;
}

void pt_zap_range(struct pgtable *pt, u64 start, u64 end, u32 flags, struct tlb_gather *g,
		  struct pt_counts *removed)
{
	u64 addr = start;

	while (addr < end) {
		unsigned int level;
		u64 *t = table_find(pt, addr, &level), stop, done;

		if (!t) {
			addr = skip_missing(addr, level, end);
			continue;
		}
		stop = table_end(addr, end);
		spin_lock(table_lock(t));
		done = zap_entries(&t[PT_INDEX(addr, 1)], addr, stop, flags, g, removed);
		spin_unlock(table_lock(t));
		if (done < stop)
			tlb_gather_finish(g);
		addr = done;
	}
}

static bool copy_entries(u64 *d, u64 *s, u64 addr, u64 end, u32 flags, struct pt_counts *n)
{
	bool lost = false;

	for (; addr < end; addr += PAGE_SIZE, s++, d++) {
		u64 e = READ_ONCE(*s);
		struct folio *f;

		if (!e)
			continue;
		if (unlikely(!pte_present((pte_t){ e }))) {
			swap_entry_get(pte_swap_value((pte_t){ e }));
			*d = e;
			n->n[3]++;
			continue;
		}
		if (flags & PT_COPY_COW && e & _PAGE_RW) {
			__atomic_fetch_and(s, ~_PAGE_RW, __ATOMIC_RELAXED);
			e &= ~_PAGE_RW;
			lost = true;
		}
		if (likely(!(e & _PAGE_SPECIAL))) {
			f = entry_folio(e);
			folio_map_get(f);
			n->n[folio_kind(f)]++;
		}
		*d = e & ~_PAGE_ACCESSED;
	}
	return lost;
}

/* Does a table hold anything in [addr, end)? Without the lock: the caller's mapping is quiet. */
static bool entries_any(const u64 *e, u64 addr, u64 end)
{
	u64 n = (end - addr) >> PAGE_SHIFT;

	for (; n >= 4; n -= 4, e += 4)
		if (e[0] | e[1] | e[2] | e[3])
			return true;
	for (; n; n--, e++)
		if (*e)
			return true;
	return false;
}

int pt_copy_range(struct pgtable *dst, struct pgtable *src, u64 start, u64 end, u32 flags,
		  struct pt_counts *added, bool *src_flush)
{
	u64 addr = start;

	while (addr < end) {
		unsigned int level;
		u64 *s = table_find(src, addr, &level), *d, stop;

		if (!s) {
			addr = skip_missing(addr, level, end);
			continue;
		}
		stop = table_end(addr, end);
		if (entries_any(&s[PT_INDEX(addr, 1)], addr, stop)) {
			d = table_find(dst, addr, &level);
			if (!d)
				d = table_make(dst, addr);
			if (!d)
				return -ENOMEM;
			/* Nobody else knows dst yet, but lock order is the same everywhere: source first. */
			spin_lock(table_lock(s));
			spin_lock_nested(table_lock(d), 1);
			if (copy_entries(&d[PT_INDEX(addr, 1)], &s[PT_INDEX(addr, 1)], addr, stop, flags, added))
				*src_flush = true;
			spin_unlock(table_lock(d));
			spin_unlock(table_lock(s));
		}
		addr = stop;
	}
	return 0;
}

#define KEEP_BITS	(PTE_PFN_MASK | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_SPECIAL | _PAGE_PCD | _PAGE_PWT)

static void protect_entries(u64 *e, u64 addr, u64 end, u64 bits, bool keep_ro, struct tlb_gather *g)
{
	for (; addr < end; addr += PAGE_SIZE, e++) {
		u64 old = READ_ONCE(*e), n;

		if (!pte_present((pte_t){ old }))
			continue;
		do {
			n = (old & KEEP_BITS) | bits;
			if (keep_ro && !(old & _PAGE_RW))
				n &= ~_PAGE_RW;
		} while (n != old && !try_cmpxchg(e, &old, n));
		if (old & _PAGE_PRESENT && (!(n & _PAGE_PRESENT) || old & ~n & _PAGE_RW || n & ~old & _PAGE_NX))
			gather_range(g, addr, addr + PAGE_SIZE);
	}
}

void pt_protect_range(struct pgtable *pt, u64 start, u64 end, u32 prot, bool keep_ro, struct tlb_gather *g)
{
	u64 addr = start, bits = prot_bits(prot);

	while (addr < end) {
		unsigned int level;
		u64 *t = table_find(pt, addr, &level), stop;

		if (!t) {
			addr = skip_missing(addr, level, end);
			continue;
		}
		stop = table_end(addr, end);
		spin_lock(table_lock(t));
		protect_entries(&t[PT_INDEX(addr, 1)], addr, stop, bits, keep_ro, g);
		spin_unlock(table_lock(t));
		addr = stop;
	}
}

u64 pt_next_present(struct pgtable *pt, u64 addr, u64 end)
{
	while (addr < end) {
		unsigned int level;
		u64 *t = table_find(pt, addr, &level), stop;

		if (!t) {
			addr = skip_missing(addr, level, end);
			continue;
		}
		for (stop = table_end(addr, end); addr < stop; addr += PAGE_SIZE)
			if (READ_ONCE(t[PT_INDEX(addr, 1)]))
				return addr;
	}
	return end;
}

int pt_make_tables(struct pgtable *pt, u64 start, u64 end)
{
	for (u64 addr = start; addr < end; addr = table_end(addr, end))
		if (!table_make(pt, addr))
			return -ENOMEM;
	return 0;
}

static void move_entries(u64 *d, u64 *s, u64 addr, u64 n, struct tlb_gather *g)
{
	for (; n; n--, s++, d++, addr += PAGE_SIZE) {
		u64 old = *s ? xchg(s, 0ul) : 0;

		if (!old)
			continue;
		if (old & _PAGE_PRESENT)
			gather_range(g, addr, addr + PAGE_SIZE);
		WRITE_ONCE(*d, old);
	}
}

void pt_move_range(struct pgtable *pt, u64 from, u64 to, u64 len, struct tlb_gather *g)
{
	u64 end = from + len;

	while (from < end) {
		unsigned int level;
		u64 *s = table_find(pt, from, &level), *d = table_find(pt, to, &level), *lo, *hi;
		u64 n = min(table_end(from, end) - from, table_end(to, to + (end - from)) - to);

		if (s && d) {
			lo = from < to ? s : d;
			hi = from < to ? d : s;
			spin_lock(table_lock(lo));
			if (lo != hi)
				spin_lock_nested(table_lock(hi), 1);
			move_entries(&d[PT_INDEX(to, 1)], &s[PT_INDEX(from, 1)], from, n >> PAGE_SHIFT, g);
			if (lo != hi)
				spin_unlock(table_lock(hi));
			spin_unlock(table_lock(lo));
		}
		from += n;
		to += n;
	}
}
