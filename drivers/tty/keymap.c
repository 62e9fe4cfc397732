/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the keys mean: the US layout, a table for each set of modifiers, in the coding of KDGKBENT (type in the
 * upper byte, value in the lower). The tables are filled from strings once; KDSKBENT changes single entries.
 */
#include <base/errno.h>
#include <base/math.h>
#include <base/string.h>
#include <core/init.h>

#include "keymap.h"
#include "vt.h"

#define TABLES	16u	/* shift 1, AltGr 2, control 4, Alt 8 */
#define KEYS	128u

static u16 maps[TABLES][KEYS];			/* [a] */
static const u8 present[] = { 0, 1, 2, 4, 5, 8, 12 };

/* Rows of keys, from their first key code on: plain and shifted. */
static const struct {
	u8 first;
	const char *plain, *shift;
} rows[] = {
	{ 2, "1234567890-=", "!@#$%^&*()_+" }, { 16, "qwertyuiop[]", "QWERTYUIOP{}" }, { 30, "asdfghjkl;'`", "ASDFGHJKL:\"~" },
	{ 43, "\\zxcvbnm,./", "|ZXCVBNM<>?" }, { 57, " ", " " }, { 86, "<", ">" },
};

static const struct {
	u8 key;
	u16 code;
} same_everywhere[] = {
	{ 1, K(KT_LATIN, 27) }, { 15, K(KT_LATIN, 9) }, { 28, K_ENTER }, { 29, K_CTRL }, { 42, K_SHIFT }, { 54, K_SHIFT },
	{ 55, K(KT_PAD, 12) }, { 56, K_ALT }, { 58, K_CAPS }, { 69, K_NUM }, { 70, K_HOLD }, { 71, K(KT_PAD, 7) },
	{ 72, K(KT_PAD, 8) }, { 73, K(KT_PAD, 9) }, { 74, K(KT_PAD, 11) }, { 75, K(KT_PAD, 4) }, { 76, K(KT_PAD, 5) },
	{ 77, K(KT_PAD, 6) }, { 78, K(KT_PAD, 10) }, { 79, K(KT_PAD, 1) }, { 80, K(KT_PAD, 2) }, { 81, K(KT_PAD, 3) },
	{ 82, K(KT_PAD, 0) }, { 83, K(KT_PAD, 16) }, { 96, K(KT_PAD, 14) }, { 97, K_CTRL }, { 98, K(KT_PAD, 13) },
	{ 99, K(KT_LATIN, 28) }, { 100, K_ALTGR }, { 102, K(KT_FN, 20) }, { 103, K(KT_CUR, 3) }, { 104, K(KT_FN, 24) },
	{ 105, K(KT_CUR, 1) }, { 106, K(KT_CUR, 2) }, { 107, K(KT_FN, 23) }, { 108, K(KT_CUR, 0) }, { 109, K(KT_FN, 25) },
	{ 110, K(KT_FN, 21) }, { 111, K(KT_FN, 22) }, { 119, K(KT_FN, 29) }, { 127, K(KT_FN, 28) },
};

/* Control with a printable character; 0xffff: nothing. */
static u16 control_of(u8 c)
{
	if (c >= 'a' && c <= 'z')
		return K(KT_LATIN, c & 0x1f);
	if (c >= '3' && c <= '7')
		return K(KT_LATIN, c - '3' + 27);
	switch (c) {
	case ' ': case '2': case '@': case '`': return K(KT_LATIN, 0);
	case '8': case '/': case '?': return K(KT_LATIN, 127);
	case '[': return K(KT_LATIN, 27);
	case '\\': return K(KT_LATIN, 28);
	case ']': return K(KT_LATIN, 29);
	case '-': case '_': return K(KT_LATIN, 31);
	case '\'': return K(KT_LATIN, 7);
	default: return K_HOLE;
	}
}

static u16 meta_of(u16 code)
{
	return KTYP(code) == KT_LATIN || KTYP(code) == KT_LETTER ? K(KT_META, KVAL(code)) : code;
}

static void fill_printable(u32 key, u8 plain, u8 shift)
{
	u32 type = plain >= 'a' && plain <= 'z' ? KT_LETTER : KT_LATIN;
	u16 ctrl = control_of(plain);

	maps[0][key] = maps[2][key] = K(type, plain);
	maps[1][key] = K(type, shift);
	maps[4][key] = ctrl;
	maps[5][key] = shift == '_' || shift == '@' || shift == '?' ? control_of(shift) : type == KT_LETTER ? ctrl : K_HOLE;
	maps[8][key] = K(KT_META, plain);
	maps[12][key] = ctrl == K_HOLE ? K_HOLE : meta_of(ctrl);
}

static void fill_function_keys(void)
{
	for (u32 i = 0; i < 12; i++) {
		u32 key = i < 10 ? 59 + i : 77 + i;

		for (unsigned int t = 0; t < ARRAY_SIZE(present); t++)
			maps[present[t]][key] = K(KT_FN, i);
		maps[1][key] = i < 8 ? K(KT_FN, 12 + i) : K(KT_FN, i);
		maps[8][key] = maps[12][key] = K(KT_CONS, i);
	}
}

static int keymap_init(void)
{
	for (u32 t = 0; t < TABLES; t++)
		for (u32 i = 0; i < KEYS; i++)
			maps[t][i] = K_HOLE;
	for (unsigned int r = 0; r < ARRAY_SIZE(rows); r++)
		for (u32 i = 0; rows[r].plain[i]; i++)
			fill_printable(rows[r].first + i, (u8)rows[r].plain[i], (u8)rows[r].shift[i]);
	for (unsigned int t = 0; t < ARRAY_SIZE(present); t++)
		for (unsigned int i = 0; i < ARRAY_SIZE(same_everywhere); i++)
			maps[present[t]][same_everywhere[i].key] = same_everywhere[i].code;
	fill_function_keys();
	for (unsigned int t = 0; t < ARRAY_SIZE(present); t++)
		maps[present[t]][14] = K(KT_LATIN, present[t] & 4 ? 8 : 127);
	for (u32 i = 1; i < 16; i++)
		maps[8][i] = meta_of(maps[8][i]);
	maps[8][28] = K(KT_META, 13);
	maps[1][104] = K_SCROLLBACK;
	maps[1][109] = K_SCROLLFORW;
	maps[1][70] = K(KT_SPEC, 3);
	maps[2][70] = K(KT_SPEC, 2);
	maps[4][70] = K(KT_SPEC, 4);
	maps[8][105] = K_DECRCONSOLE;
	maps[8][106] = K_INCRCONSOLE;
	maps[12][111] = maps[12][83] = K_BOOT;
	/* Alt and the keypad's digits spell a character's number. */
	for (u32 i = 71; i <= 82; i++)
		if (KTYP(maps[8][i]) == KT_PAD && KVAL(maps[8][i]) < 10)
			maps[8][i] = K(KT_ASCII, KVAL(maps[8][i]));
	return 0;
}
INITCALL_BUS(keymap_init);

static bool table_present(u32 table)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(present); i++)
		if (present[i] == table)
			return true;
	return false;
}

u16 keymap_entry(u32 table, u32 keycode)
{
	if (keycode >= KEYS || !table_present(table))
		return table_present(table) ? K_HOLE : K_NOSUCHMAP;
	return READ_ONCE(maps[table][keycode]);
}

int keymap_set(u32 table, u32 keycode, u16 value)
{
	if (keycode >= KEYS || !keycode || !table_present(table) || KTYP(value) > KT_LETTER)
		return -EINVAL;
	WRITE_ONCE(maps[table][keycode], value);
	return 0;
}

const char *keymap_string(u32 n)
{
	static const char *const strings[30] = {
		"\33[[A", "\33[[B", "\33[[C", "\33[[D", "\33[[E", "\33[17~", "\33[18~", "\33[19~", "\33[20~", "\33[21~",
		"\33[23~", "\33[24~", "\33[25~", "\33[26~", "\33[28~", "\33[29~", "\33[31~", "\33[32~", "\33[33~", "\33[34~",
		"\33[1~", "\33[2~", "\33[3~", "\33[4~", "\33[5~", "\33[6~", "\33[M", NULL, NULL, "\33[P",
	};

	return n < ARRAY_SIZE(strings) ? strings[n] : NULL;
}
