/* SPDX-License-Identifier: MPL-2.0 */
/* The terminal emulator out of any bytes, with sizes from the first three of them and a resize in the middle. */
#include <base/string.h>
#include <base/vt_emul.h>
#include "fuzz.h"

static u32 replies;

static void on_reply(struct vt *v, const char *s, size_t n)
{
	replies += (u32)n;
	FUZZ_CHECK(n < 32);
}

static const struct vt_ops ops = { .reply = on_reply };

static void check(const struct vt *v)
{
	FUZZ_CHECK(v->x < v->cols && v->y < v->rows);
	FUZZ_CHECK(v->top < v->bottom && v->bottom <= v->rows);
	FUZZ_CHECK(v->s->history <= v->s->total - v->rows);
	for (u32 y = 0; y < v->rows; y++) {
		const vt_cell *line = vt_row(v, y, y);

		for (u32 x = 0; x < v->cols; x++) {
			FUZZ_CHECK(!(line[x] & VT_CELL_WIDE) || (x + 1 < v->cols && line[x + 1] & VT_CELL_TAIL));
			FUZZ_CHECK(!(line[x] & VT_CELL_TAIL) || (x > 0 && line[x - 1] & VT_CELL_WIDE));
		}
	}
}

int LLVMFuzzerTestOneInput(const u8 *p, size_t n)
{
	u32 cols, rows, history;
	void *mem, *mem2;
	struct vt v;

	if (n < 3)
		return 0;
	cols = p[0] % 40 + 2;
	rows = p[1] % 12 + 1;
	history = p[2] % 20;
	mem = __builtin_malloc(vt_mem_size(cols, rows, history));
	mem2 = __builtin_malloc(vt_mem_size(rows + 1, cols, 1));
	FUZZ_CHECK(vt_init(&v, mem, cols, rows, history, &ops, NULL));
	vt_write(&v, p + 3, (n - 3) / 2);
	check(&v);
	FUZZ_CHECK(vt_resize(&v, mem2, rows + 1, cols, 1));
	__builtin_free(mem);
	check(&v);
	vt_write(&v, p + 3 + (n - 3) / 2, n - 3 - (n - 3) / 2);
	check(&v);
	__builtin_free(mem2);
	return 0;
}
