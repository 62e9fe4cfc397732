/* SPDX-License-Identifier: MPL-2.0 */
/*
 * From keyboard drivers to the virtual terminals (drivers/tty/keyboard.c). Key codes are those of Linux's input
 * layer: up to 88 the codes of scan code set 1.
 */
#ifndef DRIVERS_KEYBOARD_H
#define DRIVERS_KEYBOARD_H

#include <base/types.h>

#define KEY_MAX_CODE	127u

struct keyboard {
	void (*set_leds)(u8 leds);	/* 1 scroll, 2 num, 4 caps; any context */
};

/* One is enough: a later one takes the lamps over. k lives for ever. */
void keyboard_register(const struct keyboard *k);
/* A key went down, up, or (down again) repeats; raw: the scan codes it sent. Any context, one call at a time a keyboard. */
void keyboard_key(u32 keycode, bool down, const u8 *raw, u32 n);
/* Which modifiers are held: bit 0 shift, 1 AltGr, 2 control, 3 Alt. */
u32 keyboard_shift_state(void);

#endif
