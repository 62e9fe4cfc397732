/* SPDX-License-Identifier: MPL-2.0 */
/* The terminal emulator: what console_codes(4) promises, function by function, on a screen of 10 by 4. */
#include <base/math.h>
#include <base/string.h>
#include <base/utf8.h>
#include <base/vt_emul.h>
#include <core/ktest.h>

#define COLS	10u
#define ROWS	4u
#define HISTORY	6u

static struct vt v;
static u64 mem[200];
static char said[64];
static u32 bells, led_state, switched_to;

static void on_reply(struct vt *t, const char *s, size_t n)
{
	size_t have = strlen(said);

	n = min(n, sizeof(said) - 1 - have);
	memcpy(said + have, s, n);
	said[have + n] = '\0';
}

static void on_bell(struct vt *t) { bells++; }
static void on_leds(struct vt *t, u32 leds) { led_state = leds; }
static void on_request(struct vt *t, enum vt_request what, u32 arg) { switched_to = what == VT_REQ_SWITCH ? arg : 0; }

static const struct vt_ops ops = { on_reply, on_bell, on_leds, on_request };

static void put(const char *s)
{
	vt_write(&v, (const u8 *)s, strlen(s));
}

static void fresh(const char *s)
{
	said[0] = '\0';
	bells = led_state = switched_to = 0;
	KEXPECT(vt_mem_size(COLS, ROWS, HISTORY) <= sizeof(mem));
	KEXPECT(vt_init(&v, mem, COLS, ROWS, HISTORY, &ops, NULL));
	put(s);
}

/* Is row y this text, blanks at the end left out? */
static bool row_is(u32 y, u32 back, const char *want)
{
	const vt_cell *line = vt_row(&v, y, back);
	char text[COLS * 4 + 1];
	size_t n = 0;

	for (u32 x = 0; x < COLS; x++)
		if (!(line[x] & VT_CELL_TAIL))
			n += (size_t)utf8_encode(vt_cell_char(line[x]), text + n);
	while (n && text[n - 1] == ' ')
		n--;
	text[n] = '\0';
	return streq(text, want);
}

#define ROW(y, want)	KEXPECT(row_is(y, 0, want))
#define AT(cx, cy)	do { KEXPECT_EQ(v.x, cx); KEXPECT_EQ(v.y, cy); } while (0)

KTEST(vt, text_wraps_late)
{
	fresh("0123456789");
	AT(9, 0);
	put("\r\nx");
	ROW(0, "0123456789");
	ROW(1, "x");
	fresh("0123456789ab");
	ROW(1, "ab");
	fresh("\33[?7l0123456789ab");
	ROW(0, "012345678b");
}

KTEST(vt, controls)
{
	fresh("ab\bc\tX\7\r-\n=");
	ROW(0, "-c      X");
	ROW(1, " =");
	KEXPECT_EQ(bells, 1);
	fresh("\33[20ha\nb");
	ROW(1, "b");
	fresh("a\33[2\rb;3Hc");	/* controls act inside a sequence */
	ROW(0, ";3Hc");
	fresh("a\33[2;\r3Hc");
	ROW(1, "  c");
	fresh("a\33[2\x18""3Hb");	/* CAN ends it */
	ROW(0, "a3Hb");
}

KTEST(vt, cursor_moves)
{
	fresh("\33[2;3Hx");
	AT(3, 1);
	put("\33[A");
	AT(3, 0);
	put("\33[99B");
	AT(3, 3);
	put("\33[2A\33[4C");
	AT(7, 1);
	put("\33[99C");
	AT(9, 1);
	put("\33[3D");
	AT(6, 1);
	put("\33[G");
	AT(0, 1);
	put("\33[5`");
	AT(4, 1);
	put("\33[4d");
	AT(4, 3);
	put("\33[2F");
	AT(0, 1);
	put("\33[E\33[2e\33[3a");
	AT(3, 3);
	put("\33[0;0H");
	AT(0, 0);
	put("\33[99;99f");
	AT(9, 3);
	put("\33[s\33[H\33[u");
	AT(9, 3);
	put("\33" "7\33[H\33" "8");
	AT(9, 3);
}

KTEST(vt, erase)
{
	fresh("aaaaaaaaaa\r\nbbbbbbbbbb\r\ncccccccccc\r\ndddddddddd\33[2;4H\33[K");
	ROW(1, "bbb");
	put("\33[1K");
	ROW(1, "");
	put("\33[3;4H\33[J");
	ROW(2, "ccc");
	ROW(3, "");
	put("\33[1J");
	ROW(0, "");
	ROW(2, "");
	fresh("abcdef\33[1;2H\33[3X");
	ROW(0, "a   ef");
	fresh("ab\33[44m\33[2J");
	KEXPECT_EQ(vt_cell_paper(vt_row(&v, 3, 0)[9]), 4);
	AT(2, 0);
}

KTEST(vt, insert_and_delete)
{
	fresh("abcdef\33[1;3H\33[2@");
	ROW(0, "ab  cdef");
	put("\33[3P");
	ROW(0, "abdef");
	fresh("abc\r\33[4hX\33[4lY");
	ROW(0, "XYbc");
	fresh("1\r\n2\r\n3\r\n4\33[2H\33[L");
	ROW(1, "");
	ROW(2, "2");
	ROW(3, "3");
	put("\33[2M");
	ROW(1, "3");
	ROW(2, "");
	KEXPECT_EQ(vt_history(&v), 0);
}

KTEST(vt, regions)
{
	fresh("1\r\n2\r\n3\r\n4\33[2;3r");
	AT(0, 0);
	put("\33[3H\n");
	ROW(0, "1");
	ROW(1, "3");
	ROW(2, "");
	ROW(3, "4");
	put("\33[2H\33M");
	ROW(1, "");
	ROW(2, "3");
	put("\33[?6h");
	AT(0, 1);
	put("\33[6n");
	KEXPECT(streq(said, "\33[1;1R"));
	put("\33[9;2H");
	AT(1, 2);
	put("\33[?6l\33[r\33[4H\n");
	ROW(3, "");
	KEXPECT_EQ(vt_history(&v), 1);
	put("\33[3;2r");	/* upside down: refused */
	KEXPECT_EQ(v.top, 0);
}

KTEST(vt, history)
{
	fresh("1\r\n2\r\n3\r\n4\r\n5\r\n6");
	ROW(0, "3");
	KEXPECT_EQ(vt_history(&v), 2);
	KEXPECT(row_is(0, 2, "1"));
	KEXPECT(row_is(3, 1, "5"));
	KEXPECT(row_is(0, 99, "1"));
	for (int i = 0; i < 40; i++)
		put("\r\nx");
	KEXPECT_EQ(vt_history(&v), HISTORY);
	put("\33[3J");
	KEXPECT_EQ(vt_history(&v), 0);
}

static void look(const char *sgr, u32 ink, u32 paper)
{
	const vt_cell *c;

	fresh(sgr);
	put("x");
	c = vt_row(&v, 0, 0);
	KEXPECT_EQ(vt_cell_ink(*c), ink);
	KEXPECT_EQ(vt_cell_paper(*c), paper);
}

KTEST(vt, colours)
{
	look("", 7, 0);
	look("\33[31m", 1, 0);
	look("\33[1;31;44m", 9, 4);
	look("\33[1;31m\33[22m", 1, 0);
	look("\33[7m", 0, 7);
	look("\33[7;27m", 7, 0);
	look("\33[95;103m", 13, 11);
	look("\33[31;39;42;49m", 7, 0);
	look("\33[35m\33[m", 7, 0);
	look("\33[2m", 8, 0);
	look("\33[3m", 2, 0);
	look("\33[38;5;9;48;5;4m", 9, 4);
	look("\33[38;5;196m", 1, 0);		/* the cube's pure red */
	look("\33[38;5;232m", 0, 0);
	look("\33[38;2;0;0;170;48;2;255;255;255m", 4, 15);
	look("\33[38;2;0m", 7, 0);		/* cut short */
	look("\33[38;5;300m", 7, 0);
	look("\33]P1ff0000\33[31m", 1, 0);
	KEXPECT_EQ(v.palette[1], 0xff0000);
	put("\33]R");
	KEXPECT_EQ(v.palette[1], 0xaa0000);
	look("\33[34;43m\33[8]\33[m", 4, 3);
	fresh("\33[4;5mx");
	KEXPECT(vt_row(&v, 0, 0)[0] & VT_CELL_UNDERLINE && vt_row(&v, 0, 0)[0] & VT_CELL_BLINK);
}

KTEST(vt, utf8)
{
	fresh("\xc3\xa9\xe2\x94\x80z");
	ROW(0, "é─z");
	fresh("a\xff""b\xc3(\xe2\x94");
	ROW(0, "a\xef\xbf\xbd""b\xef\xbf\xbd(");
	put("c");
	ROW(0, "a\xef\xbf\xbd""b\xef\xbf\xbd(\xef\xbf\xbd""c");
	fresh("\xf0\x9f\x98\x80|");		/* beyond the plane that we keep: wide */
	ROW(0, "\xef\xbf\xbd|");
	AT(3, 0);
	fresh("e\xcc\x81x");			/* combining: dropped */
	ROW(0, "ex");
	fresh("\xed\xa0\x80|\xc0\xaf");		/* a surrogate, an overlong form */
	KEXPECT_EQ(vt_cell_char(vt_row(&v, 0, 0)[0]), 0xfffd);
	fresh("\33%@\xe9\33%G\xc3\xa9");
	ROW(0, "éé");
}

KTEST(vt, wide)
{
	fresh("\xe4\xb8\xad\xe6\x96\x87");
	AT(4, 0);
	KEXPECT(vt_row(&v, 0, 0)[0] & VT_CELL_WIDE && vt_row(&v, 0, 0)[1] & VT_CELL_TAIL);
	put("\33[1;2Hx");			/* half of it is overwritten: the other half goes */
	ROW(0, " x文");
	fresh("\33[1;10H\xe4\xb8\xad");
	ROW(0, "");
	ROW(1, "中");
	fresh("中\33[1;2H\33[P");
	ROW(0, "");
}

KTEST(vt, charsets)
{
	fresh("\33)0a\16qx\17q");
	ROW(0, "a─│q");
	fresh("\33(0lqk\33(Blqk");
	ROW(0, "┌─┐lqk");
	fresh("\33[11m\xc4\xb3\33[10mA");	/* code page 437, as terminfo's linux draws lines */
	ROW(0, "─│A");
	fresh("\33[12mD\33[10m");
	ROW(0, "─");
}

KTEST(vt, reports)
{
	fresh("\33[5n\33[3;4H\33[6n\33[c\33Z");
	KEXPECT(streq(said, "\33[0n\33[3;4R\33[?6c\33[?6c"));
	fresh("\33[>c\33[?5n");
	KEXPECT(streq(said, ""));
}

KTEST(vt, strings_are_swallowed)
{
	fresh("a\33]0;a title\7b\33]2;x\33\\c\33P+q544e\33\\d\33_app\33\\e\33^pm\33\\f");
	ROW(0, "abcdef");
	KEXPECT_EQ(bells, 0);
	fresh("\33[[A\33[>1;2qa\33[1;2$zb\33[?1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17;18hc");
	ROW(0, "abc");
}

KTEST(vt, tabs)
{
	fresh("\33[3g\33[1;4H\33H\rx\ty");
	ROW(0, "x  y");
	fresh("\33[1;9H\33[g\r\tz");
	ROW(0, "         z");
}

KTEST(vt, modes)
{
	fresh("\33[?1h\33=\33[?25l\33[?5h\33[?1000h\33[3q\33[?4c");
	KEXPECT(v.app_cursor && v.app_keypad && !v.cursor_on && v.reverse_screen && v.mouse == 1000);
	KEXPECT_EQ(led_state, 4);
	KEXPECT_EQ(v.cursor_shape, 4);
	put("\33c");
	KEXPECT(!v.app_cursor && !v.app_keypad && v.cursor_on && !v.reverse_screen && !v.mouse && !v.cursor_shape);
	put("\33[12;3]");
	KEXPECT_EQ(switched_to, 3);
	put("\33#8");
	ROW(3, "EEEEEEEEEE");
}

KTEST(vt, alternate_screen)
{
	fresh("main\33[?1049h\33[Halt");
	ROW(0, "alt");
	put("\n\n\n\n\n\n");
	KEXPECT_EQ(vt_history(&v), 0);
	put("\33[?1049l");
	ROW(0, "main");
	AT(4, 0);
	put("\33[?47hx\33[?47l");
	ROW(0, "main");
}

KTEST(vt, resize)
{
	static u64 other[400];

	fresh("one\r\ntwo\r\nthree\r\nfour");
	KREQUIRE(vt_mem_size(20, 2, 0) <= sizeof(other));
	KREQUIRE(vt_resize(&v, other, 20, 2, 0));
	AT(4, 1);
	KEXPECT_EQ(vt_cell_char(vt_row(&v, 0, 0)[2]), 'r');
	KEXPECT_EQ(vt_cell_char(vt_row(&v, 1, 0)[0]), 'f');
	put("\33[99;99Hx");
	KEXPECT_EQ(vt_cell_char(vt_row(&v, 1, 0)[19]), 'x');
	KEXPECT(!vt_resize(&v, other, 1, 2, 0));
	KEXPECT_EQ(vt_mem_size(VT_MAX_COLS + 1, 2, 0), 0);
}

KTEST(vt, cp437)
{
	KEXPECT_EQ(cp437_find('A'), 'A');
	KEXPECT_EQ(cp437_find(0x2500), 0xc4);
	KEXPECT_EQ(cp437_find(0xe9), 0x82);
	KEXPECT_EQ(cp437_find(0x4e2d), -1);
}
