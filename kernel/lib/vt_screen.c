/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The grid of a terminal emulator: lines found through a ring of line numbers. Scrolling the whole screen
 * turns the ring, and the lines that leave at the top become the history; scrolling a part of it rotates
 * line numbers. A cell is written once and never moved but by inserting and deleting within a line.
 */
#include <base/math.h>
#include <base/string.h>
#include <base/vt_emul.h>

static bool size_ok(u32 cols, u32 rows, u32 history)
{
	return cols >= 2 && cols <= VT_MAX_COLS && rows >= 1 && rows <= VT_MAX_ROWS && history <= 0xffff - rows;
}

static size_t map_bytes(u32 lines)
{
	return ALIGN_UP(lines * sizeof(u16), 8);
}

size_t vt_mem_size(u32 cols, u32 rows, u32 history)
{
	size_t lines = rows + history;

	if (!size_ok(cols, rows, history))
		return 0;
	return ALIGN_UP((lines + rows) * cols * sizeof(vt_cell), 8) + map_bytes((u32)lines) + map_bytes(rows);
}

static void screen_clear(struct vt_screen *s, u32 cols, vt_cell blank)
{
	s->top = s->history = 0;
	for (u32 i = 0; i < s->total; i++)
		s->map[i] = (u16)i;
	for (size_t i = 0; i < (size_t)s->total * cols; i++)
		s->cells[i] = blank;
}

/* Both screens into mem, empty. */
static void screens_place(struct vt_screen s[2], void *mem, u32 cols, u32 rows, u32 history, vt_cell blank)
{
	u8 *p = mem;

	s[0].total = rows + history;
	s[1].total = rows;
	for (int i = 0; i < 2; i++) {
		s[i].cells = (vt_cell *)p;
		p += (size_t)s[i].total * cols * sizeof(vt_cell);
	}
	p = (u8 *)ALIGN_UP((u64)p, 8);
	for (int i = 0; i < 2; i++) {
		s[i].map = (u16 *)p;
		p += map_bytes(s[i].total);
		screen_clear(&s[i], cols, blank);
	}
}

bool vt_init(struct vt *v, void *mem, u32 cols, u32 rows, u32 history, const struct vt_ops *ops, void *owner)
{
	if (!size_ok(cols, rows, history))
		return false;
	memset(v, 0, sizeof(*v));
	v->ops = ops;
	v->owner = owner;
	v->cols = cols;
	v->rows = rows;
	v->pen_default = (struct vt_pen){ .ink = VT_INK_DEFAULT, .paper = VT_PAPER_DEFAULT };
	screens_place(v->screens, mem, cols, rows, history, ' ' | VT_INK_DEFAULT << 16);
	v->s = &v->screens[0];
	vt_reset(v, true);
	return true;
}

static vt_cell *screen_line(const struct vt_screen *s, u32 cols, u32 y)
{
	return s->cells + (size_t)s->map[(s->top + y) % s->total] * cols;
}

vt_cell *vt_line(struct vt *v, u32 y)
{
	return screen_line(v->s, v->cols, y);
}

vt_cell *vt_row_edit(struct vt *v, u32 y)
{
	vt_mark(v, y);
	return vt_line(v, y);
}

const vt_cell *vt_row(const struct vt *v, u32 y, u32 back)
{
	const struct vt_screen *s = v->s;

	back = min(back, s->history);
	return s->cells + (size_t)s->map[(s->top + s->total + y - back) % s->total] * v->cols;
}

void vt_mark(struct vt *v, u32 y)
{
	v->dirty[y] = v->dirty_any = true;
}

void vt_mark_all(struct vt *v)
{
	memset(v->dirty, 1, v->rows);
	v->dirty_any = true;
}

static void mark_range(struct vt *v, u32 from, u32 to)
{
	memset(v->dirty + from, 1, to - from);
	v->dirty_any = true;
}

static void line_clear(struct vt *v, u32 y)
{
	vt_cell *line = vt_line(v, y);

	for (u32 x = 0; x < v->cols; x++)
		line[x] = v->blank;
}

static u16 *map_at(struct vt_screen *s, u32 y)
{
	return &s->map[(s->top + y) % s->total];
}

static void reverse_lines(struct vt_screen *s, u32 a, u32 b)
{
	for (; a + 1 < b; a++, b--)
		swap(*map_at(s, a), *map_at(s, b - 1));
}

/* Lines [a, b): the first n go to the end. */
static void rotate_lines(struct vt_screen *s, u32 a, u32 b, u32 n)
{
	reverse_lines(s, a, a + n);
	reverse_lines(s, a + n, b);
	reverse_lines(s, a, b);
}

void vt_scroll_up(struct vt *v, u32 top, u32 bottom, u32 n)
{
	struct vt_screen *s = v->s;

	n = min(n, bottom - top);
	if (!n)
		return;
	if (top == 0 && bottom == v->rows) {
		s->top = (s->top + n) % s->total;
		s->history = min(s->history + n, s->total - v->rows);
	} else {
		rotate_lines(s, top, bottom, n);
	}
	for (u32 y = bottom - n; y < bottom; y++)
		line_clear(v, y);
	mark_range(v, top, bottom);
}

void vt_delete_lines(struct vt *v, u32 top, u32 bottom, u32 n)
{
	n = min(n, bottom - top);
	if (!n)
		return;
	rotate_lines(v->s, top, bottom, n);
	for (u32 y = bottom - n; y < bottom; y++)
		line_clear(v, y);
	mark_range(v, top, bottom);
}

void vt_scroll_down(struct vt *v, u32 top, u32 bottom, u32 n)
{
	n = min(n, bottom - top);
	if (!n)
		return;
	rotate_lines(v->s, top, bottom, bottom - top - n);
	for (u32 y = top; y < top + n; y++)
		line_clear(v, y);
	mark_range(v, top, bottom);
}

/* A wide character that loses a half at the border of [x, x + n) becomes blank there. */
static void split_wide(vt_cell *line, u32 cols, u32 x, u32 n)
{
	if (x > 0 && x < cols && line[x] & VT_CELL_TAIL) {
		line[x - 1] = (line[x - 1] & 0xff0000) | ' ';
		line[x] = (line[x] & 0xff0000) | ' ';
	}
	x += n;
	if (x > 0 && x < cols && line[x] & VT_CELL_TAIL) {
		line[x] = (line[x] & 0xff0000) | ' ';
		line[x - 1] = (line[x - 1] & 0xff0000) | ' ';
	}
}

void vt_erase(struct vt *v, u32 y, u32 x, u32 n)
{
	vt_cell *line = vt_line(v, y);

	n = min(n, v->cols - x);
	split_wide(line, v->cols, x, n);
	for (u32 i = 0; i < n; i++)
		line[x + i] = v->blank;
	vt_mark(v, y);
}

void vt_insert_cells(struct vt *v, u32 n)
{
	vt_cell *line = vt_line(v, v->y);

	n = min(n, v->cols - v->x);
	split_wide(line, v->cols, v->x, 0);
	split_wide(line, v->cols, v->cols - n, 0);
	memmove(line + v->x + n, line + v->x, (v->cols - v->x - n) * sizeof(*line));
	for (u32 i = 0; i < n; i++)
		line[v->x + i] = v->blank;
	vt_mark(v, v->y);
}

void vt_delete_cells(struct vt *v, u32 n)
{
	vt_cell *line = vt_line(v, v->y);

	n = min(n, v->cols - v->x);
	split_wide(line, v->cols, v->x, n);
	memmove(line + v->x, line + v->x + n, (v->cols - v->x - n) * sizeof(*line));
	for (u32 i = v->cols - n; i < v->cols; i++)
		line[i] = v->blank;
	vt_mark(v, v->y);
}

void vt_put_cell(struct vt *v, u32 c, u32 w)
{
	vt_cell *line = vt_line(v, v->y);

	split_wide(line, v->cols, v->x, w);
	line[v->x] = c | v->look | (w == 2 ? VT_CELL_WIDE : 0);
	if (w == 2)
		line[v->x + 1] = ' ' | v->look | VT_CELL_TAIL;
	vt_mark(v, v->y);
}

void vt_put_run(struct vt *v, const u8 *text, size_t n)
{
	vt_cell *line = vt_line(v, v->y);

	split_wide(line, v->cols, v->x, (u32)n);
	for (size_t i = 0; i < n; i++)
		line[v->x + i] = text[i] | v->look;
	vt_mark(v, v->y);
}

void vt_forget_history(struct vt *v)
{
	v->s->history = 0;
}

void vt_screen_select(struct vt *v, u32 which)
{
	v->s = &v->screens[which];
	vt_mark_all(v);
}

bool vt_resize(struct vt *v, void *mem, u32 cols, u32 rows, u32 history)
{
	struct vt_screen new[2], *old;
	/* What lies below the cursor goes first when there are fewer rows. */
	u32 skip = v->y >= rows ? v->y - rows + 1 : 0, n = min(cols, v->cols);

	if (!size_ok(cols, rows, history))
		return false;
	screens_place(new, mem, cols, rows, history, v->blank);
	for (int i = 0; i < 2; i++) {
		old = &v->screens[i];
		for (u32 y = 0; y < rows && y + skip < v->rows; y++) {
			vt_cell *line = screen_line(&new[i], cols, y);

			memcpy(line, screen_line(old, v->cols, y + skip), n * sizeof(*line));
			if (line[n - 1] & VT_CELL_WIDE)
				line[n - 1] = (line[n - 1] & 0xff0000) | ' ';
		}
	}
	v->screens[0] = new[0];
	v->screens[1] = new[1];
	v->cols = cols;
	v->rows = rows;
	v->top = 0;
	v->bottom = rows;
	v->x = min(v->x, cols - 1);
	v->y -= skip;
	v->saved.x = min(v->saved.x, cols - 1);
	v->saved.y = min(v->saved.y, rows - 1);
	v->saved_alt.x = min(v->saved_alt.x, cols - 1);
	v->saved_alt.y = min(v->saved_alt.y, rows - 1);
	v->wrap_next = false;
	vt_mark_all(v);
	return true;
}
