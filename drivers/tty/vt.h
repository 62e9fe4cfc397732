/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Virtual terminals, between the files vt.c (terminals, switching, the kernel's console), vt_draw.c (what is
 * on the display), vt_ioctl.c, vcs.c, keyboard.c and keymap.c.
 *
 * vt_lock guards every terminal's emulator and modes, and which one is shown. It is taken in interrupts and
 * by printk, so nothing under it sleeps or prints; it stands above the terminals' input buffers (replies).
 */
#ifndef DRIVERS_TTY_VT_H
#define DRIVERS_TTY_VT_H

#include <base/vt_emul.h>
#include <uapi/linux/kd.h>
#include <uapi/linux/vt.h>

#include "internal.h"

#define VT_HISTORY	200u

/* Locks of the keyboard, a terminal's own: KDGKBLED's bits. */
#define LOCK_SCROLL	1u
#define LOCK_NUM	2u
#define LOCK_CAPS	4u

struct vt_console {
	u32 index;			/* [I] 1..63 */
	struct tty *tty;		/* [I] */
	struct vt emul;			/* [vt_lock] */
	void *mem;			/* [vt_lock] the emulator's */
	bool allocated;			/* [vt_lock] opened or activated, and not given back since */
	u32 back;			/* [vt_lock] lines the display is scrolled back */
	bool graphics;			/* [vt_lock] KD_GRAPHICS: a program draws */
	u8 kb_mode;			/* [vt_lock] K_XLATE, ... */
	bool meta_bit;			/* [vt_lock] K_METABIT: Alt sets bit 7 instead of sending ESC first */
	u8 locks, locks_default;	/* [vt_lock] LOCK_* */
	bool leds_by_program;		/* [vt_lock] KDSETLED or DECLL: lamps do not follow the locks */
	u8 leds;			/* [vt_lock] then they show this */
	struct vt_mode mode;		/* [vt_lock] VT_PROCESS: its owner is asked before a switch */
	struct pid *owner;		/* [vt_lock] referenced */
	u32 switching_to;		/* [vt_lock] asked to release; 0: not */
};

extern spinlock_t vt_lock;
extern struct wait_queue vt_switched;	/* woken after each switch */

/* vt.c */
struct vt_console *vt_find(u32 index);			/* NULL: never used */
__must_check struct vt_console *vt_make(u32 index);	/* ERR_PTR; may sleep */
struct vt_console *vt_shown(void);			/* vt_lock held; NULL before the first */
u32 vt_shown_index(void);
bool vt_in_use(u32 index);
/* Show another terminal, soon, from any context. It must be allocated. -ENXIO. */
int vt_switch(u32 index);
void vt_switch_relative(int step);
void vt_switch_last(void);
/* The owner answers to the release signal: 0 refused, 1 go ahead, VT_ACKACQ. */
int vt_release_answer(struct vt_console *c, u32 answer);
void vt_owner_set(struct vt_console *c, const struct vt_mode *mode, struct pid *owner);
int vt_disallocate(u32 index);
extern bool vt_switch_locked;				/* [a] VT_LOCKSWITCH */
int vt_console_resize(struct vt_console *c, u32 cols, u32 rows);
/* Lines up (positive) in the history of the one shown. */
void vt_scroll_history(int lines);
/* What the keyboard typed, for the one shown: any context. */
void vt_type(const char *s, size_t n);
long vt_ioctl(struct tty *t, u32 cmd, u64 arg);
/* tty.c opens these. */
struct tty *vt_open_tty(u32 minor);			/* referenced, ERR_PTR */

/* vt_draw.c */
void vt_display_find(void);
bool vt_display_present(void);
void vt_display_size(u32 *cols, u32 *rows, bool *fixed);
/* Something of the shown terminal changed: bring it to the display soon. Any context. */
void vt_draw_soon(void);
/* Now, from any context at all. */
void vt_draw_now(void);
/* vt_lock held: all of it, whatever is thought to be there. */
void vt_draw_forget(void);

/* keyboard.c; vt_lock held */
void keyboard_leds_changed(void);
void keyboard_mode_changed(void);
/* keymap.c */
u16 keymap_entry(u32 table, u32 keycode);		/* as KDGKBENT tells it */
const char *keymap_string(u32 n);			/* of function key n; NULL */
int keymap_set(u32 table, u32 keycode, u16 value);	/* -EINVAL */

/* speaker.c */
void speaker_beep(u32 hz, u32 ms);			/* 0 Hz: silence; 0 ms: until told otherwise */

/* vcs.c */
int vcs_init(void);
void vcs_add(u32 index);				/* nodes of a new terminal; 0: of the one shown */

#endif
