/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A terminal emulator as pure code (kernel/lib/vt_emul.c, vt_screen.c): bytes in, a grid of cells out. It
 * knows what console_codes(4) lists for TERM=linux, and an alternate screen. It draws nothing and takes no
 * lock: its owner serialises the calls, looks at the rows marked dirty and puts them on a display.
 */
#ifndef BASE_VT_EMUL_H
#define BASE_VT_EMUL_H

#include <base/bits.h>
#include <base/types.h>

#define VT_MAX_COLS	512u
#define VT_MAX_ROWS	256u
#define VT_MAX_PARAMS	16u

/* A cell: character (of the basic plane) in bits 0..15, ink in 16..19, paper in 20..23, and flags. */
typedef u32 vt_cell;
#define VT_CELL_UNDERLINE	BIT(24)
#define VT_CELL_BLINK		BIT(25)
#define VT_CELL_WIDE		BIT(26)		/* the left half of a wide character */
#define VT_CELL_TAIL		BIT(27)		/* and its right half */
#define VT_CELL_LOOK		(~(vt_cell)0xffff)
static inline u32 vt_cell_char(vt_cell c) { return c & 0xffff; }
static inline u32 vt_cell_ink(vt_cell c) { return c >> 16 & 15; }
static inline u32 vt_cell_paper(vt_cell c) { return c >> 20 & 15; }
static inline vt_cell vt_cell_swap(vt_cell c)
{
	return (c & ~0xff0000u) | (c >> 4 & 0x0f0000) | (c << 4 & 0xf00000);
}

/* Colour numbers are those of ANSI: 1 red, 2 green, 4 blue, 8 bright. */
#define VT_INK_DEFAULT		7u
#define VT_PAPER_DEFAULT	0u

struct vt;

enum vt_request { VT_REQ_SWITCH, VT_REQ_PREVIOUS, VT_REQ_UNBLANK };

struct vt_ops {
	void (*reply)(struct vt *v, const char *s, size_t n);	/* the terminal answers: to its input */
	void (*bell)(struct vt *v);
	void (*leds)(struct vt *v, u32 leds);			/* 1 scroll, 2 num, 4 caps */
	void (*request)(struct vt *v, enum vt_request what, u32 arg);
};

/* Lines of cells, found through a ring of line numbers, so that scrolling moves numbers only. */
struct vt_screen {
	vt_cell *cells;		/* total lines of cols cells */
	u16 *map;		/* ring of total line numbers */
	u32 total;		/* rows + history */
	u32 top;		/* ring index of the screen's first row */
	u32 history;		/* lines above it that hold something */
};

enum vt_charset { VT_SET_LATIN1, VT_SET_GRAPHICS, VT_SET_CP437, VT_SET_USER };

/* What a program sets by SGR. */
struct vt_pen {
	u8 ink, paper;
	bool bold, half, italic, underline, blink, reverse;
};

struct vt_saved {
	u32 x, y;
	struct vt_pen pen;
	u8 sets[2], shift;
	bool origin;
};

struct vt {
	const struct vt_ops *ops;
	void *owner;
	u32 cols, rows;
	struct vt_screen screens[2];	/* main, alternate */
	struct vt_screen *s;		/* the one shown */
	u32 x, y;
	bool wrap_next;			/* the last column was written: the next character wraps first */
	u32 top, bottom;		/* scroll region, bottom excluded */
	struct vt_pen pen, pen_default;
	vt_cell look, blank;		/* of the pen: upper bits of a cell; an erased cell */
	u8 half_ink;
	struct vt_saved saved, saved_alt;
	u8 sets[2], shift;		/* enum vt_charset of G0 and G1; which is in use */
	bool utf8, show_controls, meta_bit, cp437;	/* SGR 11 and 12 */
	/* modes */
	bool autowrap, origin, insert, newline, cursor_on, reverse_screen, app_cursor, app_keypad, autorepeat;
	u32 mouse;			/* 0, 9, 1000 */
	u8 cursor_shape;		/* 0 default, 1 none, 2 underline, 3 third, 4 half, 5 two thirds, 6 block */
	u8 leds;
	u32 bell_hz, bell_ms, blank_minutes;
	u32 tabs[VT_MAX_COLS / 32];
	u32 palette[16];		/* 0xrrggbb */
	bool palette_changed;
	/* parser */
	u8 state;
	u8 prefix;			/* of a CSI sequence: '?', '>', '=' */
	bool ignore;
	u32 npar, par[VT_MAX_PARAMS];
	u32 osc_len, osc_value;
	u8 osc_kind;
	u32 utf_left, utf_cp, utf_min;
	u32 last_char;
	/* what changed */
	bool dirty_any;
	bool dirty[VT_MAX_ROWS];
};

/* Memory that a terminal of this size needs; 0 for a size that cannot be. */
size_t vt_mem_size(u32 cols, u32 rows, u32 history);
/* mem: that much, 8-aligned. False for a size that cannot be. */
bool vt_init(struct vt *v, void *mem, u32 cols, u32 rows, u32 history, const struct vt_ops *ops, void *owner);
void vt_reset(struct vt *v, bool clear);
void vt_write(struct vt *v, const u8 *buf, size_t n);
/* Another size in new memory: the text around the cursor stays. The old memory is the caller's to free. */
bool vt_resize(struct vt *v, void *mem, u32 cols, u32 rows, u32 history);
/* Row y of the screen as it is to be shown when scrolled back by `back` lines. */
const vt_cell *vt_row(const struct vt *v, u32 y, u32 back);
/* To write cells directly (/dev/vcsa). */
vt_cell *vt_row_edit(struct vt *v, u32 y);
static inline u32 vt_history(const struct vt *v) { return v->s->history; }
void vt_palette_default(u32 palette[16]);
/* The palette's nearest to a colour. */
u32 vt_nearest_colour(const struct vt *v, u32 rgb);

extern const u16 cp437_unicode[256];
/* Place of a character in code page 437, or -1. */
int cp437_find(u32 c);

/* For vt_emul.c, from vt_screen.c. */
vt_cell *vt_line(struct vt *v, u32 y);
void vt_mark(struct vt *v, u32 y);
void vt_mark_all(struct vt *v);
void vt_scroll_up(struct vt *v, u32 top, u32 bottom, u32 n);
/* As scrolling up, but what leaves does not become history. */
void vt_delete_lines(struct vt *v, u32 top, u32 bottom, u32 n);
void vt_scroll_down(struct vt *v, u32 top, u32 bottom, u32 n);
/* Cells [x, x + n) of row y become blank. */
void vt_erase(struct vt *v, u32 y, u32 x, u32 n);
void vt_insert_cells(struct vt *v, u32 n);
void vt_delete_cells(struct vt *v, u32 n);
/* One character of w columns at the cursor, which stays. */
void vt_put_cell(struct vt *v, u32 c, u32 w);
/* n characters of one column that fit on the line. */
void vt_put_run(struct vt *v, const u8 *text, size_t n);
void vt_forget_history(struct vt *v);
void vt_screen_select(struct vt *v, u32 which);

#endif
