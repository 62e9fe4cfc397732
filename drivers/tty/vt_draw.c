/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What virtual terminals look like: on the linear framebuffer that the boot loader left (VBE, GOP), or in VGA
 * text mode. Writers only change cells; a worker compares the shown terminal's changed rows with what is on
 * the display and draws the difference, at most so often that drawing takes a third of a CPU. So a burst of
 * output that scrolls a thousand lines costs one drawing. In a panic the same code runs at once.
 *
 * `drawing` is the right to draw: it guards the shadow (what is on the display) and the line buffers.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/init.h>
#include <core/io.h>
#include <core/machine.h>
#include <core/panic.h>
#include <core/printk.h>
#include <core/slab.h>
#include <generated/vt_font.h>

#include "vt.h"

#define GLYPH_W		8u
#define GLYPH_H		16u
#define FRAME_NS	16000000ull
/* In the shadow only: the cursor stands here, its shape above. */
#define CELL_CURSOR	BIT(28)
#define CURSOR_SHIFT	29
#define SHADOW_UNKNOWN	0xffffffffu
#define VGA_MEMORY	0xb8000

struct display {
	const char *name;
	u32 cols, rows;
	/* Cells [x, x + n) of row y. The right to draw is held. */
	void (*draw)(u32 y, u32 x, const vt_cell *cells, u32 n);
	void (*palette)(const u32 *rgb);
};

static const struct display *display __ro_after_init;
static struct mmio_region screen __ro_after_init;
static struct boot_framebuffer fb __ro_after_init;
static u32 drawing;				/* [a] 1: somebody draws */
static vt_cell *shadow __ro_after_init;		/* [drawing] */
static vt_cell line[VT_MAX_COLS];		/* [drawing] */
static u8 dots[VT_MAX_COLS * GLYPH_W * 4];	/* [drawing] one scan line of a run */
static u32 pixel[16];				/* [drawing] the palette in the framebuffer's format */
static bool forget;				/* [vt_lock] the shadow says nothing any more */
static u64 next_draw;				/* [a] not before */

static void draw_fn(struct work *w);
static struct delayed_work draw_work;

/* ---- glyphs ---- */

static const u8 *glyph(u32 c)
{
	u32 low = 0, high = VT_FONT_GLYPHS;

	if (c >= 0x20 && c < 0x7f)
		return vt_font_dots[c - 0x20];	/* the table starts with these */
	while (low < high) {
		u32 mid = (low + high) / 2;

		if (vt_font_codes[mid] == c)
			return vt_font_dots[mid];
		if (vt_font_codes[mid] < c)
			low = mid + 1;
		else
			high = mid;
	}
	return c == 0xfffd ? vt_font_dots[0] : glyph(0xfffd);
}

/* First scan line of a cursor's block. */
static u32 cursor_top(u32 shape)
{
	static const u8 tops[8] = { 14, 16, 14, 11, 8, 5, 0, 14 };

	return tops[shape & 7];
}

/* ---- linear framebuffer ---- */

static u32 component(u32 v, u32 pos, u32 size)
{
	return size >= 8 ? v << pos : v >> (8 - size) << pos;
}

static void fb_palette(const u32 *rgb)
{
	for (u32 i = 0; i < 16; i++)
		pixel[i] = component(rgb[i] >> 16 & 255, fb.red_pos, fb.red_size) |
			   component(rgb[i] >> 8 & 255, fb.green_pos, fb.green_size) |
			   component(rgb[i] & 255, fb.blue_pos, fb.blue_size);
}

/* Eight dots of one scan line of a cell, in 2, 3 or 4 bytes each. */
static u8 *put_dots(u8 *p, u32 bits, u32 ink, u32 paper)
{
	for (u32 i = 0; i < GLYPH_W; i++, bits <<= 1) {
		u32 v = bits & 0x80 ? ink : paper;

		if (fb.bpp > 24) {
			memcpy(p, &v, 4);
			p += 4;
		} else if (fb.bpp > 16) {
			p[0] = (u8)v;
			p[1] = (u8)(v >> 8);
			p[2] = (u8)(v >> 16);
			p += 3;
		} else {
			p[0] = (u8)v;
			p[1] = (u8)(v >> 8);
			p += 2;
		}
	}
	return p;
}

static u32 cell_bits(vt_cell c, u32 y)
{
	u32 bits = c & VT_CELL_TAIL ? 0 : glyph(vt_cell_char(c))[y];

	if (c & VT_CELL_UNDERLINE && y == GLYPH_H - 2)
		bits = 0xff;
	if (c & CELL_CURSOR && y >= cursor_top(c >> CURSOR_SHIFT))
		bits = ~bits & 0xff;
	return bits;
}

static void fb_draw(u32 y, u32 x, const vt_cell *cells, u32 n)
{
	u32 bytes = (fb.bpp + 7) / 8;

	for (u32 row = 0; row < GLYPH_H; row++) {
		u8 *p = dots;

		for (u32 i = 0; i < n; i++)
			p = put_dots(p, cell_bits(cells[i], row), pixel[vt_cell_ink(cells[i])], pixel[vt_cell_paper(cells[i])]);
		mmio_write_block(&screen, (u64)(y * GLYPH_H + row) * fb.pitch + (u64)x * GLYPH_W * bytes, dots, (size_t)(p - dots));
	}
}

/* What lies outside of the whole cells. */
static void fb_clear(void)
{
	memset(dots, 0, sizeof(dots));
	for (u32 y = 0; y < fb.height; y++)
		for (u32 at = 0; at < fb.width * ((fb.bpp + 7) / 8); at += sizeof(dots))
			mmio_write_block(&screen, (u64)y * fb.pitch + at, dots,
					 min_t(u32, sizeof(dots), fb.width * ((fb.bpp + 7) / 8) - at));
}

static struct display fb_display __ro_after_init = { .name = "framebuffer", .draw = fb_draw, .palette = fb_palette };

static bool fb_find(void)
{
	if (!fb.addr.v || fb.text || mmio_map_wc(&screen, fb.addr, (u64)fb.pitch * fb.height))
		return false;
	fb_display.cols = min(fb.width / GLYPH_W, VT_MAX_COLS);
	fb_display.rows = min(fb.height / GLYPH_H, VT_MAX_ROWS);
	if (fb_display.cols < 20 || fb_display.rows < 5)
		return false;
	fb_clear();
	display = &fb_display;
	pr_info("vt: framebuffer %ux%u, %u bits a pixel: %u columns, %u rows\n", fb.width, fb.height, fb.bpp,
		fb_display.cols, fb_display.rows);
	return true;
}

/* ---- VGA text mode ---- */

static const struct ioport crtc = { 0x3d4, 2 }, graphics_regs = { 0x3ce, 2 }, attribute_regs = { 0x3c0, 32 };

static u32 vga_colour(u32 ansi)
{
	return (ansi & 10) | (ansi & 1) << 2 | (ansi & 4) >> 2;
}

static void crtc_write(u8 reg, u8 v)
{
	ioport_write8(crtc, 0, reg);
	ioport_write8(crtc, 1, v);
}

static void vga_cursor(u32 y, u32 x, u32 shape)
{
	u32 at = y * 80 + x;

	crtc_write(0x0a, (u8)cursor_top(shape));
	crtc_write(0x0b, 15);
	crtc_write(0x0e, (u8)(at >> 8));
	crtc_write(0x0f, (u8)at);
}

static void vga_draw(u32 y, u32 x, const vt_cell *cells, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		vt_cell c = cells[i];
		int ch = c & VT_CELL_TAIL ? ' ' : cp437_find(vt_cell_char(c));
		u32 look = vga_colour(vt_cell_ink(c)) | vga_colour(vt_cell_paper(c) & 7) << 4 | (c & VT_CELL_BLINK ? 0x80 : 0);

		mmio_write16(&screen, 2 * (y * 80 + x + i), (u16)(look << 8 | (u32)(ch < 0 ? 0xfe : ch)));
		if (c & CELL_CURSOR)
			vga_cursor(y, x + i, c >> CURSOR_SHIFT);
	}
}

static void vga_palette(const u32 *rgb)
{
	(void)rgb;	/* the adapter's own */
}

static const struct display vga_display = { "VGA text", 80, 25, vga_draw, vga_palette };

/* The loader says so, or nobody said anything and the adapter shows text at 0xb8000. */
static bool vga_find(void)
{
	u8 misc;

	if (!fb.text) {
		ioport_write8(graphics_regs, 0, 6);
		misc = ioport_read8(graphics_regs, 1);
		if (fb.addr.v || misc == 0xff || (misc & 0x0d) != 0x0c)
			return false;
		(void)ioport_read8(attribute_regs, 0x1a);
	}
	if (mmio_map(&screen, paddr(VGA_MEMORY), 80 * 25 * 2))
		return false;
	display = &vga_display;
	pr_info("vt: VGA text, 80 columns, 25 rows\n");
	return true;
}

void vt_display_find(void)
{
	delayed_work_init(&draw_work, draw_fn);
	if (!boot_framebuffer(&fb))
		memset(&fb, 0, sizeof(fb));
	if (!fb_find() && !vga_find())
		return;
	shadow = kvmalloc((size_t)display->cols * display->rows * sizeof(*shadow), GFP_KERNEL);
	if (!shadow)
		display = NULL;
	forget = true;
}

bool vt_display_present(void)
{
	return display;
}

void vt_display_size(u32 *cols, u32 *rows, bool *fixed)
{
	*cols = display ? display->cols : 80;
	*rows = display ? display->rows : 25;
	*fixed = display;
}

/* ---- from cells to the display ---- */

void vt_draw_forget(void)
{
	forget = true;
}

/* Row y of the shown terminal into `line`. False: nothing to do. vt_lock held. */
static bool fetch_row(struct vt_console *c, u32 y)
{
	struct vt *v = &c->emul;
	const vt_cell *from;
	u32 n;

	if (c->graphics)
		return false;
	if (y >= v->rows) {
		n = 0;
	} else {
		if (!v->dirty[y])
			return false;
		v->dirty[y] = false;
		from = vt_row(v, y, c->back);
		n = min(v->cols, display->cols);
		for (u32 x = 0; x < n; x++)
			line[x] = v->reverse_screen ? vt_cell_swap(from[x]) : from[x];
		if (v->y == y && v->cursor_on && v->cursor_shape != 1 && !c->back && v->x < n)
			line[v->x] |= (vt_cell)CELL_CURSOR | (vt_cell)v->cursor_shape << CURSOR_SHIFT;
	}
	for (; n < display->cols; n++)
		line[n] = ' ' | VT_INK_DEFAULT << 16;
	return true;
}

static void draw_row(u32 y)
{
	vt_cell *have = shadow + (size_t)y * display->cols;

	for (u32 x = 0; x < display->cols; ) {
		u32 n = 0;

		while (x + n < display->cols && line[x + n] != have[x + n])
			n++;
		if (n) {
			memcpy(have + x, line + x, n * sizeof(*have));
			display->draw(y, x, line + x, n);
		}
		x += n + 1;
	}
}

/* vt_lock held. The palette or the size is another: nothing on the display can stay. */
static void start_over(struct vt_console *c)
{
	if (!forget && !c->emul.palette_changed)
		return;
	forget = c->emul.palette_changed = false;
	display->palette(c->emul.palette);
	for (size_t i = 0; i < (size_t)display->cols * display->rows; i++)
		shadow[i] = SHADOW_UNKNOWN;
	vt_mark_all(&c->emul);
}

/* The right to draw is held. `locks`: the emulator is whole. */
static void draw_all(bool locks)
{
	struct vt_console *c;
	u64 flags = 0;
	bool any;

	for (u32 y = 0; y < display->rows; y++) {
		if (locks)
			spin_lock_irqsave(&vt_lock, flags);
		c = vt_shown();
		if (c && y == 0)
			start_over(c);
		any = c && fetch_row(c, y);
		if (locks)
			spin_unlock_irqrestore(&vt_lock, flags);
		if (any)
			draw_row(y);
	}
}

static void draw_fn(struct work *w)
{
	u64 start = clock_monotonic_ns(), took;

	(void)w;
	while (xchg(&drawing, 1)) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		schedule_until(clock_monotonic_ns() + NSEC_PER_MSEC);
	}
	draw_all(true);
	took = clock_monotonic_ns() - start;
	WRITE_ONCE(next_draw, start + took + max_t(u64, FRAME_NS, 2 * took));
	smp_store_release(&drawing, 0);
}

void vt_draw_soon(void)
{
	u64 now, next;

	if (!display)
		return;
	if (READ_ONCE(panic_in_progress)) {
		vt_draw_now();
		return;
	}
	now = clock_monotonic_ns();
	next = READ_ONCE(next_draw);
	(void)delayed_work_queue(system_wq, &draw_work, next > now ? next - now : 0);
}

void vt_draw_now(void)
{
	bool panicking = READ_ONCE(panic_in_progress), own = false;
	u64 flags;

	if (!display)
		return;
	for (int i = 0; i < 1000 && !(own = !xchg(&drawing, 1)); i++) {
		if (!panicking)
			return;		/* who draws now is a worker: it sees the rows or runs again */
		udelay(10);
	}
	flags = irq_save();
	draw_all(!panicking);
	irq_restore(flags);
	smp_store_release(&drawing, 0);
}
