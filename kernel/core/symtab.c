/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Names of code addresses, from the table that tools/mktables.py links in:
 *     u32 count, u32 offset[count] (from _text, ascending), u32 name[count], char names[]
 * Read-only, no locks, any context.
 */
#include <core/hooks.h>
#include <core/panic.h>
#include "internal.h"

bool symbol_is_text(u64 addr)
{
	return (addr >= (u64)_text && addr < (u64)_etext) ||
	       (addr >= (u64)__init_begin && addr < (u64)__init_text_end);
}

const char *symbol_lookup(u64 addr, u64 *offset, u64 *size)
{
	const u32 *tab = keel_symtab;
	u32 n = tab[0], lo = 0, hi = n, want;
	const u32 *at = tab + 1, *name = tab + 1 + n;

	*offset = addr;
	*size = 0;
	if (!n || !symbol_is_text(addr))
		return "?";
	want = (u32)(addr - (u64)_text);
	if (want < at[0])
		return "?";
	/* Invariant: at[lo] <= want < at[hi]. */
	while (hi - lo > 1) {
		u32 mid = lo + (hi - lo) / 2;

		if (at[mid] <= want)
			lo = mid;
		else
			hi = mid;
	}
	*offset = want - at[lo];
	*size = lo + 1 < n ? at[lo + 1] - at[lo] : 0;
	return (const char *)(name + n) + name[lo];
}
