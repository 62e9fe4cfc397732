/* SPDX-License-Identifier: MPL-2.0 */
/*
 * From keys to what they type on the terminal shown: modifiers, locks, the keypad, function and cursor keys,
 * Alt-F1 to Alt-F12, the history, Ctrl-Alt-Del, and Alt-SysRq with a letter. A key is looked up with vt_lock
 * held; what it asks for is done after that, since switching, typing and the kernel's own functions take locks.
 */
#include <base/math.h>
#include <base/string.h>
#include <core/sysrq.h>
#include <drivers/keyboard.h>
#include <kernel/reboot.h>

#include "keymap.h"
#include "vt.h"

#define KEY_SYSRQ	99u
#define MOD_SHIFT	0u
#define MOD_CTRL	2u
#define MOD_ALT		3u
#define NR_MODS		4u

/* What is to be done once vt_lock is free. */
struct effect {
	enum { NOTHING, TYPE, SWITCH, SWITCH_STEP, SWITCH_LAST, HISTORY, REBOOT, SYSRQ, HOLD, TASKS, MEMORY, REGS } what;
	int arg;
	size_t n;
	char text[12];
};

static const struct keyboard *lamps;		/* [vt_lock] */
static u8 held[NR_MODS];			/* [vt_lock] keys that are down, a modifier */
static u64 down_keys[2];			/* [vt_lock] */
static bool sysrq_on;				/* [vt_lock] Alt-SysRq went down, Alt is still held */
static u64 sysrq_keys[2];			/* [vt_lock] keys taken as SysRq letters: their release is ours too */
static int number = -1;				/* [vt_lock] Alt and keypad digits so far */

void keyboard_register(const struct keyboard *k)
{
	spin_lock_irq(&vt_lock);
	lamps = k;
	keyboard_leds_changed();
	spin_unlock_irq(&vt_lock);
}

void keyboard_leds_changed(void)
{
	const struct vt_console *c = vt_shown();

	if (lamps && c)
		lamps->set_leds(c->leds_by_program ? c->leds : c->locks);
}

/* Another terminal is shown, or this one translates otherwise: what was held is not known to it. */
void keyboard_mode_changed(void)
{
	number = -1;
	keyboard_leds_changed();
}

static u32 shift_state(void)
{
	u32 s = 0;

	for (u32 i = 0; i < NR_MODS; i++)
		s |= (u32)(held[i] != 0) << i;
	return s;
}

u32 keyboard_shift_state(void)
{
	return shift_state();
}

static bool test_and_set(u64 *set, u32 key)
{
	bool was = set[key / 64] >> (key % 64) & 1;

	set[key / 64] |= 1ull << (key % 64);
	return was;
}

static bool test_and_clear(u64 *set, u32 key)
{
	bool was = set[key / 64] >> (key % 64) & 1;

	set[key / 64] &= ~(1ull << (key % 64));
	return was;
}

/* ---- what a key types ---- */

static void type(struct effect *e, const char *s, size_t n)
{
	e->what = TYPE;
	n = min(n, sizeof(e->text) - e->n);
	memcpy(e->text + e->n, s, n);
	e->n += n;
}

static void type_char(struct effect *e, char c)
{
	type(e, &c, 1);
}

/* ESC O x in application mode, ESC [ x else. */
static void type_cursor(struct effect *e, char c, bool application)
{
	type(e, application ? "\33O" : "\33[", 2);
	type_char(e, c);
}

static void type_function(struct effect *e, u32 n)
{
	const char *s = keymap_string(n);

	if (s)
		type(e, s, strlen(s));
}

static void type_enter(struct effect *e, const struct vt *v)
{
	type_char(e, '\r');
	if (v->newline)
		type_char(e, '\n');
}

static void key_cursor(struct effect *e, const struct vt_console *c, u32 n)
{
	static const char names[4] = { 'B', 'D', 'C', 'A' };

	if (n < sizeof(names))
		type_cursor(e, names[n], c->emul.app_cursor);
}

static void key_pad(struct effect *e, const struct vt_console *c, u32 n)
{
	static const char plain[] = "0123456789+-*/\r,.", application[] = "pqrstuvwxylSRQMnn";
	/* Without NumLock, digit by digit: function key, or cursor key + 32. */
	static const u8 moves[10] = { 21, 23, 32, 25, 33, 255, 34, 20, 35, 24 };

	if (n >= sizeof(plain) - 1)
		return;
	if (c->emul.app_keypad && !held[MOD_SHIFT]) {
		type_cursor(e, application[n], true);
	} else if (!(c->locks & LOCK_NUM) && (n < 10 || n >= 15)) {
		u32 m = n < 10 ? moves[n] : 22;

		if (m == 255)
			type_cursor(e, 'G', c->emul.app_cursor);
		else if (m >= 32)
			key_cursor(e, c, m - 32);
		else
			type_function(e, m);
	} else if (n == 14) {
		type_enter(e, &c->emul);
	} else {
		type_char(e, plain[n]);
	}
}

static void key_meta(struct effect *e, const struct vt_console *c, u32 ch)
{
	if (c->meta_bit) {
		type_char(e, (char)(ch | 0x80));
	} else {
		type_char(e, 27);
		type_char(e, (char)ch);
	}
}

static void toggle_lock(struct vt_console *c, u32 lock, bool repeats)
{
	if (repeats)
		return;
	c->locks ^= (u8)lock;
	keyboard_leds_changed();
}

static void effect_set(struct effect *e, int what, int arg)
{
	e->what = (__typeof__(e->what))what;
	e->arg = arg;
}

static void key_special(struct effect *e, struct vt_console *c, u16 code, bool repeats)
{
	switch (code) {
	case K_ENTER: type_enter(e, &c->emul); break;
	case K_CAPS: toggle_lock(c, LOCK_CAPS, repeats); break;
	case K_NUM:
		if (c->emul.app_keypad)
			type_cursor(e, 'P', true);
		else
			toggle_lock(c, LOCK_NUM, repeats);
		break;
	case K_HOLD:
		toggle_lock(c, LOCK_SCROLL, repeats);
		if (!repeats)
			effect_set(e, HOLD, c->locks & LOCK_SCROLL);
		break;
	case K_SCROLLBACK: effect_set(e, HISTORY, (int)c->emul.rows / 2); break;
	case K_SCROLLFORW: effect_set(e, HISTORY, -(int)c->emul.rows / 2); break;
	case K_CONS_LAST: effect_set(e, SWITCH_LAST, 0); break;
	case K_DECRCONSOLE: effect_set(e, SWITCH_STEP, -1); break;
	case K_INCRCONSOLE: effect_set(e, SWITCH_STEP, 1); break;
	case K_BOOT: effect_set(e, REBOOT, 0); break;
	case K(KT_SPEC, 2): effect_set(e, REGS, 0); break;
	case K(KT_SPEC, 3): effect_set(e, MEMORY, 0); break;
	case K(KT_SPEC, 4): effect_set(e, TASKS, 0); break;
	}
}

/* A modifier goes down or up; the number typed with Alt is complete when Alt is let go. */
static void key_modifier(struct effect *e, struct vt_console *c, u32 mod, bool down, bool repeats)
{
	if (mod >= NR_MODS || repeats)
		return;
	if (down) {
		held[mod]++;
		return;
	}
	if (held[mod])
		held[mod]--;
	if (mod != MOD_ALT || held[mod])
		return;
	sysrq_on = false;
	if (number >= 0 && c && c->kb_mode != K_RAW)
		type_char(e, (char)number);
	number = -1;
}

static void key_code(struct effect *e, struct vt_console *c, u16 code, bool repeats)
{
	switch (KTYP(code)) {
	case KT_LATIN: case KT_LETTER: type_char(e, (char)KVAL(code)); break;
	case KT_META: key_meta(e, c, KVAL(code)); break;
	case KT_FN: type_function(e, KVAL(code)); break;
	case KT_SPEC: key_special(e, c, code, repeats); break;
	case KT_PAD: key_pad(e, c, KVAL(code)); break;
	case KT_CUR: key_cursor(e, c, KVAL(code)); break;
	case KT_CONS: effect_set(e, SWITCH, KVAL(code) + 1); break;
	case KT_ASCII:
		if (KVAL(code) < 10)
			number = max(number, 0) * 10 + KVAL(code) > 255 ? 255 : max(number, 0) * 10 + KVAL(code);
		break;
	}
}

/* ---- SysRq ---- */

/* True if the key was for us. */
static bool key_sysrq(struct effect *e, u32 keycode, bool down, bool repeats)
{
	if (keycode == KEY_SYSRQ && held[MOD_ALT]) {
		sysrq_on |= down;
		return true;
	}
	if (!down)
		return test_and_clear(sysrq_keys, keycode);
	if (sysrq_on && KTYP(keymap_entry(0, keycode)) != KT_SHIFT) {
		u16 code = keymap_entry(held[MOD_SHIFT] != 0, keycode);

		(void)test_and_set(sysrq_keys, keycode);
		if ((KTYP(code) == KT_LATIN || KTYP(code) == KT_LETTER) && !repeats)
			effect_set(e, SYSRQ, KVAL(code));
		return true;
	}
	return false;
}

/* ---- one key ---- */

static void look_up(struct effect *e, struct vt_console *c, u32 keycode, bool down, bool repeats)
{
	u32 state = shift_state();
	u16 code = keymap_entry(state, keycode);

	/* A modifier is one under any other modifier; a combination without a table types nothing. */
	if (KTYP(keymap_entry(0, keycode)) == KT_SHIFT) {
		key_modifier(e, c, KVAL(keymap_entry(0, keycode)), down, repeats);
		return;
	}
	if (!down || !c || c->kb_mode == K_RAW || c->kb_mode == K_MEDIUMRAW || c->kb_mode == K_OFF)
		return;
	if (code == K_NOSUCHMAP || (repeats && !c->emul.autorepeat))
		return;
	if (KTYP(code) == KT_LETTER && c->locks & LOCK_CAPS)
		code = keymap_entry(state ^ 1, keycode);
	key_code(e, c, code, repeats);
}

static void hold_output(bool on)
{
	struct vt_console *c = vt_find(vt_shown_index());

	if (c && on)
		tty_flow_stop(c->tty);
	else if (c)
		tty_flow_start(c->tty);
}

static void perform(const struct effect *e)
{
	switch (e->what) {
	case TYPE: vt_type(e->text, e->n); break;
	case SWITCH: (void)vt_switch((u32)e->arg); break;
	case SWITCH_STEP: vt_switch_relative(e->arg); break;
	case SWITCH_LAST: vt_switch_last(); break;
	case HISTORY: vt_scroll_history(e->arg); break;
	case REBOOT: ctrl_alt_del(); break;
	case SYSRQ: sysrq_key_console((char)e->arg); break;
	case HOLD: hold_output(e->arg); break;
	case TASKS: sysrq_key('t'); break;
	case MEMORY: sysrq_key('m'); break;
	case REGS: sysrq_key('p'); break;
	case NOTHING: break;
	}
}

void keyboard_key(u32 keycode, bool down, const u8 *raw, u32 n)
{
	struct effect e = { .what = NOTHING };
	struct vt_console *c;
	bool repeats;
	u64 flags;

	if (keycode > KEY_MAX_CODE)
		return;
	spin_lock_irqsave(&vt_lock, flags);
	c = vt_shown();
	repeats = down ? test_and_set(down_keys, keycode) : (test_and_clear(down_keys, keycode), false);
	if (!key_sysrq(&e, keycode, down, repeats)) {
		look_up(&e, c, keycode, down, repeats);
		if (c && c->kb_mode == K_RAW) {
			e.n = 0;
			type(&e, (const char *)raw, n);
		} else if (c && c->kb_mode == K_MEDIUMRAW) {
			e.n = 0;
			type_char(&e, (char)(keycode | (down ? 0 : 0x80)));
		}
	}
	spin_unlock_irqrestore(&vt_lock, flags);
	perform(&e);
}
