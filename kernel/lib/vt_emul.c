/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The control functions of a terminal as TERM=linux has them: console_codes(4), which follows ECMA-48 and
 * DEC's VT102. A state machine takes one byte at a time; in UTF-8 mode bytes above 127 are gathered to a
 * character first, and what is no UTF-8 shows as U+FFFD. Every number in a sequence is bounded, so any
 * bytes at all are safe.
 */
#include <base/compiler.h>
#include <base/math.h>
#include <base/printf.h>
#include <base/string.h>
#include <base/utf8.h>
#include <base/vt_emul.h>

enum {
	ST_GROUND, ST_ESC, ST_CSI, ST_CSI_SKIP, ST_FUNCTION, ST_PERCENT, ST_HASH, ST_SET_G0, ST_SET_G1, ST_SET_OTHER,
	ST_OSC, ST_OSC_PALETTE, ST_STRING,
};

#define REPLACEMENT	0xfffdu
#define PARAM_MAX	9999u
/* Executed even while control characters are shown: BS, LF, FF, CR, SO, SI, ESC. */
#define ALWAYS_CONTROLS	0x0800f501u

void vt_palette_default(u32 palette[16])
{
	for (u32 i = 0; i < 16; i++) {
		u32 on = i & 8 ? 0xff : 0xaa, off = i & 8 ? 0x55 : 0;

		palette[i] = (i & 1 ? on : off) << 16 | (i & 2 ? on : off) << 8 | (i & 4 ? on : off);
	}
	palette[3] = 0xaa5500;	/* brown */
}

/* ---- the pen ---- */

static void pen_changed(struct vt *v)
{
	const struct vt_pen *p = &v->pen;
	u32 ink = p->ink, paper = p->paper;

	if (p->italic)
		ink = 2;
	else if (p->half)
		ink = v->half_ink;
	if (p->bold)
		ink |= 8;
	if (p->reverse)
		swap(ink, paper);
	v->look = ink << 16 | paper << 20 | (u32)(p->underline ? VT_CELL_UNDERLINE : 0) | (u32)(p->blink ? VT_CELL_BLINK : 0);
	v->blank = (u32)' ' | (u32)p->ink << 16 | (u32)p->paper << 20;
}

static u32 square(u32 a, u32 b)
{
	return (a - b) * (a - b);
}

u32 vt_nearest_colour(const struct vt *v, u32 rgb)
{
	u32 best = 0, least = ~0u;

	for (u32 i = 0; i < 16; i++) {
		u32 c = v->palette[i];
		u32 d = square(c >> 16 & 255, rgb >> 16 & 255) + square(c >> 8 & 255, rgb >> 8 & 255) + square(c & 255, rgb & 255);

		if (d < least) {
			least = d;
			best = i;
		}
	}
	return best;
}

/* One of xterm's 256: the 16, a cube of 6 steps each, 24 greys. */
static u32 colour_256(const struct vt *v, u32 i)
{
	static const u8 steps[6] = { 0, 95, 135, 175, 215, 255 };
	u32 grey;

	if (i < 16)
		return i;
	if (i < 232) {
		i -= 16;
		return vt_nearest_colour(v, (u32)steps[i / 36] << 16 | (u32)steps[i / 6 % 6] << 8 | steps[i % 6]);
	}
	grey = 8 + 10 * (i - 232);
	return vt_nearest_colour(v, grey << 16 | grey << 8 | grey);
}

/* 38 or 48 at par[i], and what follows: 5;N or 2;R;G;B. Index of the last parameter taken. */
static u32 colour_extended(struct vt *v, u32 i, u8 *colour)
{
	const u32 *p = v->par;

	if (i + 2 < v->npar && p[i + 1] == 5) {
		if (p[i + 2] < 256)
			*colour = (u8)colour_256(v, p[i + 2]);
		return i + 2;
	}
	if (i + 4 < v->npar && p[i + 1] == 2) {
		*colour = (u8)vt_nearest_colour(v, min(p[i + 2], 255u) << 16 | min(p[i + 3], 255u) << 8 | min(p[i + 4], 255u));
		return i + 4;
	}
	return i + 1 < v->npar ? i + 1 : i;
}

static void charset_by_sgr(struct vt *v, bool cp437, bool meta)
{
	v->cp437 = v->show_controls = cp437;
	v->meta_bit = meta;
}

static void sgr_attribute(struct vt *v, u32 n)
{
	struct vt_pen *p = &v->pen;

	switch (n) {
	case 0: *p = v->pen_default; break;
	case 1: p->bold = true; p->half = false; break;
	case 2: p->half = true; p->bold = false; break;
	case 3: p->italic = true; break;
	case 4: case 21: p->underline = true; break;
	case 5: p->blink = true; break;
	case 7: p->reverse = true; break;
	case 10: charset_by_sgr(v, false, false); break;
	case 11: charset_by_sgr(v, true, false); break;
	case 12: charset_by_sgr(v, true, true); break;
	case 22: p->bold = p->half = false; break;
	case 23: p->italic = false; break;
	case 24: p->underline = false; break;
	case 25: p->blink = false; break;
	case 27: p->reverse = false; break;
	case 30 ... 37: p->ink = (u8)(n - 30); break;
	case 39: p->ink = v->pen_default.ink; break;
	case 40 ... 47: p->paper = (u8)(n - 40); break;
	case 49: p->paper = v->pen_default.paper; break;
	case 90 ... 97: p->ink = (u8)(n - 90 + 8); break;
	case 100 ... 107: p->paper = (u8)(n - 100 + 8); break;
	}
}

static void csi_sgr(struct vt *v)
{
	for (u32 i = 0; i < v->npar; i++) {
		if (v->par[i] == 38)
			i = colour_extended(v, i, &v->pen.ink);
		else if (v->par[i] == 48)
			i = colour_extended(v, i, &v->pen.paper);
		else
			sgr_attribute(v, v->par[i]);
	}
	pen_changed(v);
}

/* ---- the cursor ---- */

/* To column x and row y, which counts from the region's top in origin mode. Negative values stop at 0. */
static void go_to(struct vt *v, s64 x, s64 y)
{
	s64 low = 0, high = v->rows;

	if (v->origin) {
		y += v->top;
		low = v->top;
		high = v->bottom;
	}
	vt_mark(v, v->y);
	v->x = (u32)max(min(x, (s64)v->cols - 1), (s64)0);
	v->y = (u32)max(min(y, high - 1), low);
	v->wrap_next = false;
	vt_mark(v, v->y);
}

static void go_row(struct vt *v, s64 y)
{
	go_to(v, v->x, v->origin ? y - v->top : y);
}

static void line_feed(struct vt *v)
{
	vt_mark(v, v->y);
	if (v->y + 1 == v->bottom)
		vt_scroll_up(v, v->top, v->bottom, 1);
	else if (v->y + 1 < v->rows)
		v->y++;
	v->wrap_next = false;
	vt_mark(v, v->y);
}

static void reverse_line_feed(struct vt *v)
{
	vt_mark(v, v->y);
	if (v->y == v->top)
		vt_scroll_down(v, v->top, v->bottom, 1);
	else if (v->y > 0)
		v->y--;
	v->wrap_next = false;
	vt_mark(v, v->y);
}

static void carriage_return(struct vt *v)
{
	v->x = 0;
	v->wrap_next = false;
	vt_mark(v, v->y);
}

static void tabulate(struct vt *v)
{
	while (v->x < v->cols - 1) {
		v->x++;
		if (v->tabs[v->x / 32] >> (v->x % 32) & 1)
			break;
	}
	v->wrap_next = false;
	vt_mark(v, v->y);
}

static void cursor_save(struct vt *v)
{
	v->saved = (struct vt_saved){ .x = v->x, .y = v->y, .pen = v->pen, .sets = { v->sets[0], v->sets[1] },
				      .shift = v->shift, .origin = v->origin };
}

static void cursor_restore(struct vt *v)
{
	const struct vt_saved *s = &v->saved;

	vt_mark(v, v->y);
	v->x = min(s->x, v->cols - 1);
	v->y = min(s->y, v->rows - 1);
	v->pen = s->pen;
	v->sets[0] = s->sets[0];
	v->sets[1] = s->sets[1];
	v->shift = s->shift;
	v->origin = s->origin;
	v->wrap_next = false;
	pen_changed(v);
	vt_mark(v, v->y);
}

/* ---- reset ---- */

static void tabs_default(struct vt *v)
{
	for (u32 i = 0; i < ARRAY_SIZE(v->tabs); i++)
		v->tabs[i] = 0x01010101;
}

void vt_reset(struct vt *v, bool clear)
{
	v->top = 0;
	v->bottom = v->rows;
	v->state = ST_GROUND;
	v->utf_left = 0;
	v->sets[0] = VT_SET_LATIN1;
	v->sets[1] = VT_SET_GRAPHICS;
	v->shift = 0;
	v->utf8 = v->autowrap = v->cursor_on = v->autorepeat = true;
	v->show_controls = v->meta_bit = v->cp437 = false;
	v->origin = v->insert = v->newline = v->reverse_screen = v->app_cursor = v->app_keypad = false;
	v->mouse = 0;
	v->cursor_shape = 0;
	v->half_ink = 8;
	v->bell_hz = 750;
	v->bell_ms = 125;
	v->pen_default = (struct vt_pen){ .ink = VT_INK_DEFAULT, .paper = VT_PAPER_DEFAULT };
	v->pen = v->pen_default;
	vt_palette_default(v->palette);
	v->palette_changed = true;
	tabs_default(v);
	pen_changed(v);
	vt_screen_select(v, 0);
	v->wrap_next = false;
	if (clear) {
		v->x = v->y = 0;
		for (u32 y = 0; y < v->rows; y++)
			vt_erase(v, y, 0, v->cols);
	}
	cursor_save(v);
	v->saved_alt = v->saved;
	if (v->leds && v->ops && v->ops->leds)
		v->ops->leds(v, 0);
	v->leds = 0;
}

/* ---- erasing ---- */

static void erase_rows(struct vt *v, u32 from, u32 to)
{
	for (u32 y = from; y < to; y++)
		vt_erase(v, y, 0, v->cols);
}

static void erase_display(struct vt *v, u32 what)
{
	switch (what) {
	case 0:
		vt_erase(v, v->y, v->x, v->cols);
		erase_rows(v, v->y + 1, v->rows);
		break;
	case 1:
		erase_rows(v, 0, v->y);
		vt_erase(v, v->y, 0, v->x + 1);
		break;
	case 3:
		vt_forget_history(v);
		fallthrough;
	case 2:
		erase_rows(v, 0, v->rows);
		break;
	default:
		return;
	}
	v->wrap_next = false;
}

static void erase_line(struct vt *v, u32 what)
{
	switch (what) {
	case 0:
		vt_erase(v, v->y, v->x, v->cols);
		break;
	case 1:
		vt_erase(v, v->y, 0, v->x + 1);
		break;
	case 2:
		vt_erase(v, v->y, 0, v->cols);
		break;
	default:
		return;
	}
	v->wrap_next = false;
}

/* DEC's alignment test: the screen full of E. */
static void fill_with_e(struct vt *v)
{
	for (u32 y = 0; y < v->rows; y++) {
		vt_cell *line = vt_row_edit(v, y);

		for (u32 x = 0; x < v->cols; x++)
			line[x] = (v->blank & VT_CELL_LOOK) | 'E';
	}
	go_to(v, 0, 0);
}

static void insert_lines(struct vt *v, u32 n)
{
	if (v->y < v->top || v->y >= v->bottom)
		return;
	vt_scroll_down(v, v->y, v->bottom, n);
	v->wrap_next = false;
}

static void delete_lines(struct vt *v, u32 n)
{
	if (v->y < v->top || v->y >= v->bottom)
		return;
	vt_delete_lines(v, v->y, v->bottom, n);
	v->wrap_next = false;
}

/* ---- modes ---- */

static void reply(struct vt *v, const char *s)
{
	if (v->ops && v->ops->reply)
		v->ops->reply(v, s, strlen(s));
}

static void alternate_screen(struct vt *v, u32 mode, bool on)
{
	bool is_alt = v->s == &v->screens[1];

	if (on == is_alt)
		return;
	if (on && mode == 1049) {
		cursor_save(v);
		v->saved_alt = v->saved;
	}
	vt_screen_select(v, on);
	if (on && mode != 47)
		erase_rows(v, 0, v->rows);
	if (!on && mode == 1049) {
		v->saved = v->saved_alt;
		cursor_restore(v);
	}
	v->wrap_next = false;
}

static void dec_mode(struct vt *v, u32 mode, bool on)
{
	switch (mode) {
	case 1: v->app_cursor = on; break;
	case 5:
		if (v->reverse_screen != on)
			vt_mark_all(v);
		v->reverse_screen = on;
		break;
	case 6:
		v->origin = on;
		go_to(v, 0, 0);
		break;
	case 7: v->autowrap = on; break;
	case 8: v->autorepeat = on; break;
	case 9: v->mouse = on ? 9 : 0; break;
	case 25:
		v->cursor_on = on;
		vt_mark(v, v->y);
		break;
	case 1000: v->mouse = on ? 1000 : 0; break;
	case 47: case 1047: case 1049:
		alternate_screen(v, mode, on);
		break;
	case 1048:
		if (on)
			cursor_save(v);
		else
			cursor_restore(v);
		break;
	}
}

static void ansi_mode(struct vt *v, u32 mode, bool on)
{
	switch (mode) {
	case 3: v->show_controls = on; break;
	case 4: v->insert = on; break;
	case 20: v->newline = on; break;
	}
}

static void set_modes(struct vt *v, bool on)
{
	for (u32 i = 0; i < v->npar; i++) {
		if (v->prefix == '?')
			dec_mode(v, v->par[i], on);
		else if (!v->prefix)
			ansi_mode(v, v->par[i], on);
	}
}

static void status_report(struct vt *v)
{
	char text[32];

	if (v->par[0] == 5) {
		reply(v, "\33[0n");
	} else if (v->par[0] == 6) {
		scnprintf(text, sizeof(text), "\33[%u;%uR", (v->origin ? v->y - v->top : v->y) + 1, v->x + 1);
		reply(v, text);
	}
}

static void set_region(struct vt *v)
{
	u32 top = max(v->par[0], 1u) - 1, bottom = v->par[1] ? v->par[1] : v->rows;

	if (top + 1 >= bottom || bottom > v->rows)
		return;
	v->top = top;
	v->bottom = bottom;
	go_to(v, 0, 0);
}

static void clear_tabs(struct vt *v)
{
	if (v->par[0] == 0)
		v->tabs[v->x / 32] &= ~(1u << (v->x % 32));
	else if (v->par[0] == 3 || v->par[0] == 5)
		memset(v->tabs, 0, sizeof(v->tabs));
}

static void set_leds(struct vt *v)
{
	static const u8 bits[4] = { 0, 1, 2, 4 };

	if (v->par[0] >= ARRAY_SIZE(bits))
		return;
	v->leds = v->par[0] ? v->leds | bits[v->par[0]] : 0;
	if (v->ops && v->ops->leds)
		v->ops->leds(v, v->leds);
}

static void request(struct vt *v, enum vt_request what, u32 arg)
{
	if (v->ops && v->ops->request)
		v->ops->request(v, what, arg);
}

/* Linux's own: CSI n ; arg ] */
static void linux_private(struct vt *v)
{
	u32 arg = v->par[1];

	switch (v->par[0]) {
	case 2:
		if (arg < 16)
			v->half_ink = (u8)arg;
		pen_changed(v);
		break;
	case 8:
		v->pen_default = (struct vt_pen){ .ink = v->pen.ink, .paper = v->pen.paper };
		break;
	case 9: v->blank_minutes = min(arg, 60u); break;
	case 10: v->bell_hz = v->npar > 1 ? arg : 750; break;
	case 11: v->bell_ms = v->npar > 1 ? min(arg, 2000u) : 125; break;
	case 12: request(v, VT_REQ_SWITCH, arg); break;
	case 13: request(v, VT_REQ_UNBLANK, 0); break;
	case 15: request(v, VT_REQ_PREVIOUS, 0); break;
	}
}

/* ---- control sequences ---- */

static void csi_move(struct vt *v, u32 final)
{
	s64 n = max(v->par[0], 1u), x = v->x;
	/* A cursor inside the region stops at its borders, one outside at the screen's. */
	s64 low = v->y >= v->top ? v->top : 0, high = v->y < v->bottom ? v->bottom - 1 : v->rows - 1;

	switch (final) {
	case 'A': case 'F':
		go_row(v, max((s64)v->y - n, low));
		break;
	case 'B': case 'E': case 'e':
		go_row(v, min((s64)v->y + n, high));
		break;
	case 'C': case 'a':
		go_row(v, v->y);
		v->x = (u32)min(x + n, (s64)v->cols - 1);
		break;
	case 'D':
		go_row(v, v->y);
		v->x = (u32)max(x - n, (s64)0);
		break;
	}
	if (final == 'E' || final == 'F')
		v->x = 0;
}

static void csi_final(struct vt *v, u32 c)
{
	u32 n = max(v->par[0], 1u);

	switch (c) {
	case 'h': set_modes(v, true); return;
	case 'l': set_modes(v, false); return;
	case 'c':
		if (v->prefix == '?') {
			v->cursor_shape = (v->par[0] & 15) > 6 ? 0 : v->par[0] & 15;
			vt_mark(v, v->y);
		} else if (!v->prefix && !v->par[0]) {
			reply(v, "\33[?6c");
		}
		return;
	}
	if (v->prefix)
		return;
	switch (c) {
	case 'G': case '`': go_row(v, v->y); v->x = min(n, v->cols) - 1; break;
	case 'A': case 'B': case 'C': case 'D': case 'E': case 'F': case 'a': case 'e': csi_move(v, c); break;
	case 'd': go_to(v, v->x, (s64)n - 1); break;
	case 'H': case 'f': go_to(v, (s64)max(v->par[1], 1u) - 1, (s64)n - 1); break;
	case 'J': erase_display(v, v->par[0]); break;
	case 'K': erase_line(v, v->par[0]); break;
	case 'L': insert_lines(v, n); break;
	case 'M': delete_lines(v, n); break;
	case 'P': vt_delete_cells(v, n); v->wrap_next = false; break;
	case '@': vt_insert_cells(v, n); v->wrap_next = false; break;
	case 'X': vt_erase(v, v->y, v->x, n); v->wrap_next = false; break;
	case 'g': clear_tabs(v); break;
	case 'm': csi_sgr(v); break;
	case 'n': status_report(v); break;
	case 'q': set_leds(v); break;
	case 'r': set_region(v); break;
	case 's': cursor_save(v); break;
	case 'u': cursor_restore(v); break;
	case ']': linux_private(v); break;
	}
}

static void csi_start(struct vt *v)
{
	v->state = ST_CSI;
	v->prefix = 0;
	v->npar = 0;
	memset(v->par, 0, sizeof(v->par));
}

/* In ST_CSI: a parameter's digit, a separator, a prefix at the start, or the end. */
static void csi_char(struct vt *v, u32 c)
{
	if (c >= '0' && c <= '9') {
		u32 i = v->npar ? v->npar - 1 : 0;

		v->npar = i + 1;
		v->par[i] = min(v->par[i] * 10 + (c - '0'), PARAM_MAX);
	} else if (c == ';') {
		if (!v->npar)
			v->npar = 1;
		if (v->npar < VT_MAX_PARAMS)
			v->npar++;
		else
			v->state = ST_CSI_SKIP;
	} else if (c >= '<' && c <= '?' && !v->npar && !v->prefix) {
		v->prefix = (u8)c;
	} else if (c == '[' && !v->npar && !v->prefix) {
		v->state = ST_FUNCTION;
	} else if (c >= '@' && c <= '~') {
		v->state = ST_GROUND;
		if (!v->npar)
			v->npar = 1;
		csi_final(v, c);
	} else {
		v->state = ST_CSI_SKIP;
	}
}

/* ---- escape sequences ---- */

static void esc_char(struct vt *v, u32 c)
{
	v->state = ST_GROUND;
	switch (c) {
	case '[': csi_start(v); break;
	case ']': v->state = ST_OSC; break;
	case 'P': case '_': case '^': case 'X': v->state = ST_STRING; break;
	case '%': v->state = ST_PERCENT; break;
	case '#': v->state = ST_HASH; break;
	case '(': v->state = ST_SET_G0; break;
	case ')': v->state = ST_SET_G1; break;
	case '*': case '+': case ' ': v->state = ST_SET_OTHER; break;
	case 'E': carriage_return(v); line_feed(v); break;
	case 'D': line_feed(v); break;
	case 'M': reverse_line_feed(v); break;
	case 'H': v->tabs[v->x / 32] |= 1u << (v->x % 32); break;
	case 'Z': reply(v, "\33[?6c"); break;
	case '7': cursor_save(v); break;
	case '8': cursor_restore(v); break;
	case 'c': vt_reset(v, true); break;
	case '>': v->app_keypad = false; break;
	case '=': v->app_keypad = true; break;
	}
}

static void choose_set(struct vt *v, u32 which, u32 c)
{
	v->state = ST_GROUND;
	switch (c) {
	case '0': v->sets[which] = VT_SET_GRAPHICS; break;
	case 'B': v->sets[which] = VT_SET_LATIN1; break;
	case 'U': v->sets[which] = VT_SET_CP437; break;
	case 'K': v->sets[which] = VT_SET_USER; break;
	}
}

static void osc_char(struct vt *v, u32 c)
{
	if (c == 'P') {
		v->state = ST_OSC_PALETTE;
		v->osc_len = v->osc_value = 0;
	} else if (c == 'R') {
		vt_palette_default(v->palette);
		v->palette_changed = true;
		vt_mark_all(v);
		v->state = ST_GROUND;
	} else {
		v->state = c >= '0' && c <= '9' ? ST_STRING : ST_GROUND;
	}
}

/* ESC ] P n rr gg bb, in hexadecimal, with no end mark. */
static void osc_palette_char(struct vt *v, u32 c)
{
	u32 digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : 16;

	if (digit == 16) {
		v->state = ST_GROUND;
		return;
	}
	v->osc_value = v->osc_value << 4 | digit;
	if (++v->osc_len < 7)
		return;
	v->palette[v->osc_value >> 24 & 15] = v->osc_value & 0xffffff;
	v->palette_changed = true;
	vt_mark_all(v);
	v->state = ST_GROUND;
}

/* ---- characters ---- */

/* DEC's special graphics: 0x5f to 0x7e. */
static const u16 graphics[32] = {
	0x00a0, 0x25c6, 0x2592, 0x2409, 0x240c, 0x240d, 0x240a, 0x00b0,
	0x00b1, 0x2424, 0x240b, 0x2518, 0x2510, 0x250c, 0x2514, 0x253c,
	0x23ba, 0x23bb, 0x2500, 0x23bc, 0x23bd, 0x251c, 0x2524, 0x2534,
	0x252c, 0x2502, 0x2264, 0x2265, 0x03c0, 0x2260, 0x00a3, 0x00b7,
};

/* What a byte (or, in UTF-8 mode, an ASCII character) means in the set in use. */
static u32 translate(const struct vt *v, u32 c)
{
	u8 set = v->sets[v->shift];

	if (v->cp437)
		return cp437_unicode[(c | (v->meta_bit ? 0x80 : 0)) & 0xff];
	if (set == VT_SET_GRAPHICS && c >= 0x5f && c <= 0x7e)
		return graphics[c - 0x5f];
	if (set == VT_SET_CP437 && !v->utf8)
		return cp437_unicode[c & 0xff];
	return c;
}

static void wrap_line(struct vt *v)
{
	carriage_return(v);
	line_feed(v);
}

static void put_char(struct vt *v, u32 c)
{
	int w = c < 0x300 ? 1 : utf8_width(c);
	u32 cols;

	if (w == 0)
		return;
	cols = w == 2 && v->cols >= 2 ? 2 : 1;
	if (c > 0xffff)
		c = REPLACEMENT;
	if (v->wrap_next && v->autowrap)
		wrap_line(v);
	if (v->x + cols > v->cols) {
		/* No room for a wide one in the last column. */
		if (v->autowrap)
			wrap_line(v);
		else
			v->x = v->cols - cols;
	}
	if (v->insert)
		vt_insert_cells(v, cols);
	vt_put_cell(v, c, cols);
	v->x += cols;
	if (v->x >= v->cols) {
		v->x = v->cols - 1;
		v->wrap_next = v->autowrap;
	}
}

/* Control characters, obeyed in the middle of a sequence as well. */
static void control(struct vt *v, u32 c)
{
	switch (c) {
	case 7:
		if (v->state == ST_STRING || v->state == ST_OSC || v->state == ST_OSC_PALETTE)
			v->state = ST_GROUND;
		else if (v->ops && v->ops->bell)
			v->ops->bell(v);
		return;
	case 0x18: case 0x1a:
		v->state = ST_GROUND;
		return;
	case 0x1b:
		v->state = ST_ESC;
		return;
	case 0x9b:
		csi_start(v);
		return;
	}
	if (v->state == ST_STRING)
		return;
	switch (c) {
	case 8:
		if (v->x > 0 && !v->wrap_next)
			v->x--;
		v->wrap_next = false;
		vt_mark(v, v->y);
		break;
	case 9: tabulate(v); break;
	case 10: case 11: case 12:
		line_feed(v);
		if (v->newline)
			carriage_return(v);
		break;
	case 13: carriage_return(v); break;
	case 14: v->shift = 1; v->show_controls = true; break;
	case 15: v->shift = 0; v->show_controls = false; break;
	}
}

static void sequence_char(struct vt *v, u32 c)
{
	switch (v->state) {
	case ST_ESC: esc_char(v, c); break;
	case ST_CSI: csi_char(v, c); break;
	case ST_CSI_SKIP:
		if (c >= '@' && c <= '~')
			v->state = ST_GROUND;
		break;
	case ST_PERCENT:
		v->state = ST_GROUND;
		if (c == '@')
			v->utf8 = false;
		else if (c == 'G' || c == '8')
			v->utf8 = true;
		break;
	case ST_HASH:
		v->state = ST_GROUND;
		if (c == '8')
			fill_with_e(v);
		break;
	case ST_SET_G0: choose_set(v, 0, c); break;
	case ST_SET_G1: choose_set(v, 1, c); break;
	case ST_OSC: osc_char(v, c); break;
	case ST_OSC_PALETTE: osc_palette_char(v, c); break;
	case ST_STRING: break;
	default: v->state = ST_GROUND; break;	/* ST_FUNCTION, ST_SET_OTHER: one character is swallowed */
	}
}

static bool is_control(const struct vt *v, u32 c)
{
	if (c >= 0x20)
		return c == 0x7f ? !v->cp437 : c == 0x9b && !v->cp437;
	if (v->show_controls && v->state == ST_GROUND && (v->cp437 || !v->utf8))
		return ALWAYS_CONTROLS >> c & 1;
	return true;
}

/* One character; `raw`: it did not come as UTF-8, so the set in use has its say. */
static void take(struct vt *v, u32 c, bool raw)
{
	if (is_control(v, c)) {
		if (c != 0x7f)
			control(v, c);
		return;
	}
	if (v->state != ST_GROUND) {
		sequence_char(v, c);
		return;
	}
	if (c >= 0x80 && c < 0xa0 && !v->cp437 && !(raw && v->sets[v->shift] == VT_SET_CP437))
		return;
	put_char(v, raw ? translate(v, c) : c);
}

/* ---- UTF-8 ---- */

static void utf8_broken(struct vt *v)
{
	v->utf_left = 0;
	take(v, REPLACEMENT, false);
}

static void utf8_start(struct vt *v, u8 b)
{
	if (b >= 0xc2 && b < 0xe0) {
		v->utf_left = 1, v->utf_cp = b & 0x1f, v->utf_min = 0x80;
	} else if (b >= 0xe0 && b < 0xf0) {
		v->utf_left = 2, v->utf_cp = b & 0x0f, v->utf_min = 0x800;
	} else if (b >= 0xf0 && b < 0xf5) {
		v->utf_left = 3, v->utf_cp = b & 0x07, v->utf_min = 0x10000;
	} else {
		utf8_broken(v);
	}
}

static void utf8_byte(struct vt *v, u8 b)
{
	if (v->utf_left && !utf8_is_cont(b))
		utf8_broken(v);
	if (b < 0x80) {
		take(v, b, true);
	} else if (!v->utf_left) {
		utf8_start(v, b);
	} else {
		u32 c = v->utf_cp = v->utf_cp << 6 | (b & 0x3f);

		if (--v->utf_left)
			return;
		if (c < v->utf_min || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
			c = REPLACEMENT;
		take(v, c, false);
	}
}

/* Ordinary text within one line goes in one piece: how much of it there is here. */
static size_t plain_run(const struct vt *v, const u8 *buf, size_t n)
{
	size_t i = 0, room = v->cols - 1 - v->x;

	if (v->state != ST_GROUND || v->utf_left || v->cp437 || v->insert || v->wrap_next ||
	    v->sets[v->shift] == VT_SET_GRAPHICS)
		return 0;
	for (n = min(n, room); i < n && buf[i] >= 0x20 && buf[i] < 0x7f; i++)
		;
	return i;
}

void vt_write(struct vt *v, const u8 *buf, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t run = plain_run(v, buf + i, n - i);
		u8 b;

		if (run) {
			vt_put_run(v, buf + i, run);
			v->x += (u32)run;
			i += run - 1;
			continue;
		}
		b = buf[i];
		if (v->utf8 && !v->cp437)
			utf8_byte(v, b);
		else
			take(v, b, true);
	}
}
