/* SPDX-License-Identifier: MPL-2.0 */
/*
 * ioctls of virtual terminals: ioctl_console(2). What needs a font or a Unicode map of the hardware's is not
 * there and says ENOTTY, as on a Linux whose console has none.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/usercopy.h>
#include <drivers/keyboard.h>
#include <kernel/cred.h>
#include <uapi/linux/ioctls.h>
#include <uapi/linux/signal.h>

#include "vt.h"

#define PIT_HZ		1193182u
#define GPFIRST		0x3b4u
#define GPLAST		0x3dfu

static long put_char(u64 arg, u8 v) { return copy_out_bytes(uaddr(arg), &v, sizeof(v)); }
static long put_int(u64 arg, int v) { return copy_out_bytes(uaddr(arg), &v, sizeof(v)); }

/* Changing a terminal takes that it is one's own, or privilege. */
static bool may_change(const struct tty *t)
{
	return READ_ONCE(current->proc->tty) == t || capable(CAP_SYS_TTY_CONFIG);
}

/* ---- display and sound ---- */

static long set_display_mode(struct vt_console *c, u64 arg)
{
	if (arg != KD_TEXT && arg != KD_GRAPHICS && arg != 2 && arg != 3)
		return -EINVAL;
	spin_lock_irq(&vt_lock);
	if (c->graphics != (arg == KD_GRAPHICS)) {
		c->graphics = arg == KD_GRAPHICS;
		vt_mark_all(&c->emul);
		vt_draw_forget();
	}
	spin_unlock_irq(&vt_lock);
	vt_draw_soon();
	return 0;
}

static void make_sound(u32 divisor, u32 ms)
{
	speaker_beep(divisor ? PIT_HZ / divisor : 0, ms);
}

static long colour_map(struct vt_console *c, u32 cmd, u64 arg)
{
	u8 map[48];
	long err;

	if (cmd == PIO_CMAP) {
		err = copy_in_bytes(map, uaddr(arg), sizeof(map));
		if (err)
			return err;
	}
	spin_lock_irq(&vt_lock);
	for (int i = 0; i < 16; i++) {
		u32 *rgb = &c->emul.palette[i];

		if (cmd == PIO_CMAP) {
			*rgb = (u32)map[3 * i] << 16 | (u32)map[3 * i + 1] << 8 | map[3 * i + 2];
			continue;
		}
		map[3 * i] = (u8)(*rgb >> 16);
		map[3 * i + 1] = (u8)(*rgb >> 8);
		map[3 * i + 2] = (u8)*rgb;
	}
	c->emul.palette_changed = true;
	spin_unlock_irq(&vt_lock);
	vt_draw_soon();
	return cmd == GIO_CMAP ? copy_out_bytes(uaddr(arg), map, sizeof(map)) : 0;
}

static long display_ioctl(struct vt_console *c, u32 cmd, u64 arg, bool perm)
{
	switch (cmd) {
	case KIOCSOUND:
		if (!perm)
			return -EPERM;
		make_sound((u32)arg, 0);
		return 0;
	case KDMKTONE:
		if (!perm)
			return -EPERM;
		make_sound((u32)arg & 0xffff, (u32)arg >> 16);
		return 0;
	case KDADDIO:
	case KDDELIO:
		return arg < GPFIRST || arg > GPLAST ? -EINVAL : -ENXIO;	/* ports are not handed out */
	case KDENABIO:
	case KDDISABIO:
		return -ENXIO;
	case KDSETMODE:
		return perm ? set_display_mode(c, arg) : -EPERM;
	case KDGETMODE:
		return put_int(arg, READ_ONCE(c->graphics) ? KD_GRAPHICS : KD_TEXT);
	case KDMAPDISP:
	case KDUNMAPDISP:
		return -EINVAL;
	case GIO_CMAP:
		return colour_map(c, cmd, arg);
	case PIO_CMAP:
		return perm ? colour_map(c, cmd, arg) : -EPERM;
	case KDFONTOP:
		return -ENOSYS;
	default:
		return -ENOIOCTLCMD;
	}
}

/* ---- keyboard ---- */

static long set_kb_mode(struct vt_console *c, u64 arg)
{
	if (arg > K_OFF)
		return -EINVAL;
	spin_lock_irq(&vt_lock);
	c->kb_mode = (u8)arg;
	keyboard_mode_changed();
	spin_unlock_irq(&vt_lock);
	return 0;
}

static long set_kb_meta(struct vt_console *c, u64 arg)
{
	if (arg != K_METABIT && arg != K_ESCPREFIX)
		return -EINVAL;
	WRITE_ONCE(c->meta_bit, arg == K_METABIT);
	return 0;
}

static long set_locks(struct vt_console *c, u64 arg)
{
	if (arg & ~0x77ull)
		return -EINVAL;
	spin_lock_irq(&vt_lock);
	c->locks = arg & 7;
	c->locks_default = arg >> 4 & 7;
	keyboard_leds_changed();
	spin_unlock_irq(&vt_lock);
	return 0;
}

/* The lamps show arg, or with a value that cannot be, the locks again. */
static void set_leds(struct vt_console *c, u64 arg)
{
	spin_lock_irq(&vt_lock);
	c->leds_by_program = !(arg & ~7ull);
	c->leds = arg & 7;
	keyboard_leds_changed();
	spin_unlock_irq(&vt_lock);
}

static u8 shown_leds(struct vt_console *c)
{
	return c->leds_by_program ? c->leds : c->locks;
}

static long key_entry(u32 cmd, u64 arg)
{
	struct kbentry e;
	long err = copy_in_bytes(&e, uaddr(arg), sizeof(e));

	if (err)
		return err;
	if (cmd == KDSKBENT)
		return capable(CAP_SYS_TTY_CONFIG) ? keymap_set(e.kb_table, e.kb_index, e.kb_value) : -EPERM;
	e.kb_value = keymap_entry(e.kb_table, e.kb_index);
	return copy_out_bytes(uaddr(arg), &e, sizeof(e));
}

/* struct kbsentry: a number and a string of at most 512 bytes. */
static long key_string(u64 arg)
{
	const char *s;
	u8 n;
	long err = copy_in_bytes(&n, uaddr(arg), 1);

	if (err)
		return err;
	s = keymap_string(n);
	return copy_out_bytes(uaddr(arg + 1), s ? s : "", s ? strlen(s) + 1 : 1);
}

static long keyboard_ioctl(struct vt_console *c, u32 cmd, u64 arg, bool perm)
{
	switch (cmd) {
	case KDGKBTYPE:
		return put_char(arg, KB_101);
	case KDSKBMODE:
		return perm ? set_kb_mode(c, arg) : -EPERM;
	case KDGKBMODE:
		return put_int(arg, READ_ONCE(c->kb_mode));
	case KDSKBMETA:
		return set_kb_meta(c, arg);
	case KDGKBMETA:
		return put_int(arg, READ_ONCE(c->meta_bit) ? K_METABIT : K_ESCPREFIX);
	case KDGKBENT:
	case KDSKBENT:
		return key_entry(cmd, arg);
	case KDGKBSENT:
		return key_string(arg);
	case KDGKBDIACR:
		return put_int(arg, 0);		/* no dead keys, so no table for them */
	case KDGKBLED:
		return put_char(arg, (u8)(READ_ONCE(c->locks) | READ_ONCE(c->locks_default) << 4));
	case KDSKBLED:
		return perm ? set_locks(c, arg) : -EPERM;
	case KDGETLED:
		return put_char(arg, shown_leds(c));
	case KDSETLED:
		if (!perm)
			return -EPERM;
		set_leds(c, arg);
		return 0;
	default:
		return -ENOIOCTLCMD;
	}
}

/* ---- switching ---- */

static long set_mode(struct vt_console *c, u64 arg)
{
	struct vt_mode m;
	long err = copy_in_bytes(&m, uaddr(arg), sizeof(m));

	if (err)
		return err;
	if (m.mode != VT_AUTO && m.mode != VT_PROCESS)
		return -EINVAL;
	vt_owner_set(c, &m, m.mode == VT_PROCESS ? current->proc->pids[PIDTYPE_TGID] : NULL);
	return 0;
}

static long get_mode(struct vt_console *c, u64 arg)
{
	struct vt_mode m;

	spin_lock_irq(&vt_lock);
	m = c->mode;
	spin_unlock_irq(&vt_lock);
	return copy_out_bytes(uaddr(arg), &m, sizeof(m));
}

/* Bit n: terminal n is open; bit 0, /dev/tty0, always. */
static long get_state(u64 arg)
{
	struct vt_stat s = { .v_active = (u16)vt_shown_index(), .v_state = 1 };

	for (u32 i = 1; i < 16; i++)
		if (vt_in_use(i))
			s.v_state |= (u16)(1u << i);
	return copy_out_bytes(uaddr(arg), &s, sizeof(s));
}

static int first_free(void)
{
	for (u32 i = 1; i <= MAX_NR_CONSOLES; i++)
		if (!vt_in_use(i))
			return (int)i;
	return -1;
}

static long activate(u64 arg)
{
	struct vt_console *c;

	if (!arg || arg > MAX_NR_CONSOLES)
		return -ENXIO;
	c = vt_make((u32)arg);
	if (IS_ERR(c))
		return PTR_ERR(c);
	(void)vt_switch((u32)arg);	/* a locked switch is no error */
	return 0;
}

static long set_activate(u64 arg)
{
	struct { u32 console; struct vt_mode mode; } v;
	struct vt_console *c;
	long err = copy_in_bytes(&v, uaddr(arg), sizeof(v));

	if (err)
		return err;
	if (!v.console || v.console > MAX_NR_CONSOLES)
		return -ENXIO;
	c = vt_make(v.console);
	if (IS_ERR(c))
		return PTR_ERR(c);
	vt_owner_set(c, &v.mode, current->proc->pids[PIDTYPE_TGID]);
	(void)vt_switch(v.console);
	return 0;
}

static long disallocate(u64 arg)
{
	if (arg > MAX_NR_CONSOLES)
		return -ENXIO;
	if (arg)
		return vt_disallocate((u32)arg);
	for (u32 i = 1; i <= MAX_NR_CONSOLES; i++)
		(void)vt_disallocate(i);
	return 0;
}

static long resize_all(u64 arg)
{
	struct vt_sizes s;
	long err = copy_in_bytes(&s, uaddr(arg), sizeof(s));

	for (u32 i = 1; i <= MAX_NR_CONSOLES && !err; i++) {
		struct vt_console *c = vt_find(i);

		if (c)
			err = vt_console_resize(c, s.v_cols ? s.v_cols : c->emul.cols, s.v_rows ? s.v_rows : c->emul.rows);
	}
	return err;
}

static long switch_ioctl(struct vt_console *c, u32 cmd, u64 arg, bool perm)
{
	switch (cmd) {
	case VT_SETMODE:
		return perm ? set_mode(c, arg) : -EPERM;
	case VT_GETMODE:
		return get_mode(c, arg);
	case VT_GETSTATE:
		return get_state(arg);
	case VT_OPENQRY:
		return put_int(arg, first_free());
	case VT_ACTIVATE:
		return perm ? activate(arg) : -EPERM;
	case VT_SETACTIVATE:
		return perm ? set_activate(arg) : -EPERM;
	case VT_WAITACTIVE:
		if (!perm)
			return -EPERM;
		if (!arg || arg > MAX_NR_CONSOLES)
			return -ENXIO;
		return wait_event_interruptible(&vt_switched, vt_shown_index() == arg) ? -EINTR : 0;
	case VT_RELDISP:
		return perm ? vt_release_answer(c, (u32)arg) : -EPERM;
	case VT_DISALLOCATE:
		return disallocate(arg);
	case VT_RESIZE:
		return perm ? resize_all(arg) : -EPERM;
	case VT_LOCKSWITCH:
	case VT_UNLOCKSWITCH:
		if (!capable(CAP_SYS_TTY_CONFIG))
			return -EPERM;
		WRITE_ONCE(vt_switch_locked, cmd == VT_LOCKSWITCH);
		return 0;
	case VT_GETHIFONTMASK:
		return copy_out_bytes(uaddr(arg), &(u16){ 0 }, sizeof(u16));
	default:
		return -ENOIOCTLCMD;
	}
}

/* TIOCLINUX: the first byte at arg says what; see ioctl_console(2). */
static long linux_ioctl(struct tty *t, u64 arg)
{
	s32 lines;
	u8 what;

	if (READ_ONCE(current->proc->tty) != t && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (copy_in_bytes(&what, uaddr(arg), 1))
		return -EFAULT;
	switch (what) {
	case 6:
		return put_char(arg, (u8)keyboard_shift_state());
	case 12:
		return (long)vt_shown_index() - 1;
	case 13:
		if (copy_in_bytes(&lines, uaddr(arg + 4), sizeof(lines)))
			return -EFAULT;
		vt_scroll_history(-max(min(lines, 10000), -10000));
		return 0;
	default:
		return -EINVAL;
	}
}

long vt_ioctl(struct tty *t, u32 cmd, u64 arg)
{
	struct vt_console *c = t->driver_data;
	bool perm = may_change(t);
	long res;

	if (cmd == TIOCLINUX)
		return linux_ioctl(t, arg);
	res = display_ioctl(c, cmd, arg, perm);
	if (res == -ENOIOCTLCMD)
		res = keyboard_ioctl(c, cmd, arg, perm);
	if (res == -ENOIOCTLCMD)
		res = switch_ioctl(c, cmd, arg, perm);
	return res;
}
