/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Virtual terminals: /dev/tty1 to /dev/tty63, of which one is shown, and the kernel's console on them. A
 * terminal is made when it is first opened or activated and stays; /dev/tty0 means the one shown. Switching
 * runs in a worker, which asks the owner of a VT_PROCESS terminal first. See vt.h for the locks.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/init.h>
#include <core/panic.h>
#include <core/printk.h>
#include <core/rcu.h>
#include <core/slab.h>
#include <core/sysrq.h>
#include <drivers/device.h>
#include <kernel/signal.h>
#include <kernel/task.h>
#include <uapi/linux/major.h>

#include "vt.h"

#define NR_NODES	64u

DEFINE_SPINLOCK(vt_lock, OBJECT_IRQ);	/* above the terminals' input buffers */
struct wait_queue vt_switched = WAIT_QUEUE_INIT(vt_switched);
bool vt_switch_locked;
static DEFINE_MUTEX(make_lock, DEVICE);
static struct vt_console *vts[MAX_NR_CONSOLES + 1];	/* [make_lock; atomic reads] by index */
static u32 shown = 1, last_shown = 1;			/* [vt_lock] */
static u32 wanted;					/* [vt_lock] to be shown next; 0: none */

static void switch_fn(struct work *w);
static struct work switch_work = { .link = LIST_HEAD_INIT(switch_work.link), .fn = switch_fn };

struct vt_console *vt_find(u32 index)
{
	return index && index <= MAX_NR_CONSOLES ? smp_load_acquire(&vts[index]) : NULL;
}

struct vt_console *vt_shown(void)
{
	return vt_find(READ_ONCE(shown));
}

u32 vt_shown_index(void)
{
	return READ_ONCE(shown);
}

bool vt_in_use(u32 index)
{
	struct vt_console *c = vt_find(index);

	return c && READ_ONCE(c->tty->open_count) > 0;
}

/* ---- what the emulator asks for; vt_lock held ---- */

static void on_reply(struct vt *v, const char *s, size_t n)
{
	struct vt_console *c = v->owner;

	(void)tty_input(c->tty, (const u8 *)s, NULL, n);
}

static void on_bell(struct vt *v)
{
	if (v->bell_hz > 20 && v->bell_hz < 20000 && v->bell_ms)
		speaker_beep(v->bell_hz, v->bell_ms);
}

static void on_leds(struct vt *v, u32 leds)
{
	struct vt_console *c = v->owner;

	c->leds_by_program = leds != 0;
	c->leds = (u8)leds;
	keyboard_leds_changed();
}

static void want(u32 index)
{
	struct vt_console *c = vt_find(index);

	if (!c || !c->allocated || READ_ONCE(vt_switch_locked))
		return;
	wanted = index;
	work_queue(system_wq, &switch_work);
}

static void on_request(struct vt *v, enum vt_request what, u32 arg)
{
	if (what == VT_REQ_SWITCH)
		want(arg);
	else if (what == VT_REQ_PREVIOUS)
		want(last_shown);
}

static const struct vt_ops emul_ops = { .reply = on_reply, .bell = on_bell, .leds = on_leds, .request = on_request };

/* ---- output ---- */

/* Output brings the display back to the present. vt_lock held; was it the shown one? */
static bool touched(struct vt_console *c)
{
	if (c->back) {
		c->back = 0;
		vt_mark_all(&c->emul);
	}
	return c->index == shown;
}

static size_t vt_tty_write(struct tty *t, const u8 *buf, size_t n)
{
	struct vt_console *c = t->driver_data;
	bool visible;
	u64 flags;

	spin_lock_irqsave(&vt_lock, flags);
	vt_write(&c->emul, buf, n);
	visible = touched(c);
	spin_unlock_irqrestore(&vt_lock, flags);
	if (visible)
		vt_draw_soon();
	return n;
}

static size_t vt_tty_room(struct tty *t)
{
	(void)t;
	return 4096;
}

static int vt_tty_resize(struct tty *t, const struct winsize *ws)
{
	struct vt_console *c = t->driver_data;

	return vt_console_resize(c, ws->ws_col ? ws->ws_col : c->emul.cols, ws->ws_row ? ws->ws_row : c->emul.rows);
}

static const struct tty_ops vt_tty_ops = {
	.write = vt_tty_write,
	.write_room = vt_tty_room,
	.ioctl = vt_ioctl,
	.resize = vt_tty_resize,
};

int vt_console_resize(struct vt_console *c, u32 cols, u32 rows)
{
	struct winsize ws = { .ws_col = (u16)cols, .ws_row = (u16)rows };
	u32 max_cols, max_rows;
	void *mem, *old = NULL;
	bool fixed;
	size_t size;

	vt_display_size(&max_cols, &max_rows, &fixed);
	size = vt_mem_size(cols, rows, VT_HISTORY);
	if (!size || (fixed && (cols > max_cols || rows > max_rows)))
		return -EINVAL;
	mem = kvmalloc(size, GFP_KERNEL);
	if (!mem)
		return -ENOMEM;
	spin_lock_irq(&vt_lock);
	if (vt_resize(&c->emul, mem, cols, rows, VT_HISTORY)) {
		old = c->mem;
		c->mem = mem;
		c->back = 0;
		vt_draw_forget();
	}
	spin_unlock_irq(&vt_lock);
	kvfree(old ? old : mem);
	tty_resize(c->tty, &ws);
	vt_draw_soon();
	return 0;
}

/* ---- making one ---- */

static void console_defaults(struct vt_console *c)
{
	c->kb_mode = K_UNICODE;
	c->locks = c->locks_default = 0;
	c->graphics = c->leds_by_program = c->meta_bit = false;
	c->mode = (struct vt_mode){ .mode = VT_AUTO };
}

static struct vt_console *console_alloc(u32 index)
{
	struct vt_console *c = kzalloc(sizeof(*c), GFP_KERNEL);
	u32 cols, rows;
	char name[8];
	bool fixed;

	if (!c)
		return NULL;
	vt_display_size(&cols, &rows, &fixed);
	c->index = index;
	c->mem = kvmalloc(vt_mem_size(cols, rows, VT_HISTORY), GFP_KERNEL);
	if (!c->mem || !vt_init(&c->emul, c->mem, cols, rows, VT_HISTORY, &emul_ops, c))
		goto fail;
	console_defaults(c);
	scnprintf(name, sizeof(name), "tty%u", index);
	c->tty = tty_alloc(name, mkdev(TTY_MAJOR, index), &vt_tty_ops, c);
	if (!c->tty)
		goto fail;
	c->tty->termios.c_iflag |= IUTF8;
	c->tty->winsize.ws_col = (u16)cols;
	c->tty->winsize.ws_row = (u16)rows;
	return c;
fail:
	kvfree(c->mem);
	kfree(c);
	return NULL;
}

struct vt_console *vt_make(u32 index)
{
	struct vt_console *c;
	bool fresh = false;

	if (!index || index > MAX_NR_CONSOLES)
		return ERR_PTR(-ENXIO);
	mutex_lock(&make_lock);
	c = vt_find(index);
	if (!c) {
		c = console_alloc(index);
		fresh = c;
		if (c)
			smp_store_release(&vts[index], c);
	}
	mutex_unlock(&make_lock);
	if (!c)
		return ERR_PTR(-ENOMEM);
	if (fresh)
		vcs_add(index);
	spin_lock_irq(&vt_lock);
	c->allocated = true;
	spin_unlock_irq(&vt_lock);
	return c;
}

struct tty *vt_open_tty(u32 minor)
{
	struct vt_console *c = vt_make(minor ? minor : vt_shown_index());

	return IS_ERR(c) ? ERR_PTR(PTR_ERR(c)) : tty_get(c->tty);
}

int vt_disallocate(u32 index)
{
	struct vt_console *c = vt_find(index);
	struct pid *owner = NULL;
	int err = 0;

	if (!c)
		return 0;
	spin_lock_irq(&vt_lock);
	if (index == shown || index == 1 || vt_in_use(index)) {
		err = -EBUSY;
	} else if (c->allocated) {
		c->allocated = false;
		vt_forget_history(&c->emul);
		vt_reset(&c->emul, true);
		console_defaults(c);
		owner = c->owner;
		c->owner = NULL;
	}
	spin_unlock_irq(&vt_lock);
	pid_put(owner);
	return err;
}

/* ---- switching ---- */

int vt_switch(u32 index)
{
	struct vt_console *c = vt_find(index);
	int err = 0;
	u64 flags;

	spin_lock_irqsave(&vt_lock, flags);
	if (!c || !c->allocated || READ_ONCE(vt_switch_locked))
		err = -ENXIO;
	else
		want(index);
	spin_unlock_irqrestore(&vt_lock, flags);
	return err;
}

void vt_switch_relative(int step)
{
	u64 flags;

	spin_lock_irqsave(&vt_lock, flags);
	for (u32 i = 1, at = wanted ? wanted : shown; i <= MAX_NR_CONSOLES; i++) {
		struct vt_console *c;

		at = (at + MAX_NR_CONSOLES - 1 + (u32)step) % MAX_NR_CONSOLES + 1;
		c = vt_find(at);
		if (c && c->allocated) {
			want(at);
			break;
		}
	}
	spin_unlock_irqrestore(&vt_lock, flags);
}

void vt_switch_last(void)
{
	(void)vt_switch(READ_ONCE(last_shown));
}

/* Tell a terminal's owner; if it is gone, the terminal falls back to VT_AUTO. True if it was told. */
static bool tell_owner(struct vt_console *c, bool acquire)
{
	struct pid *owner = NULL;
	int sig = 0;

	spin_lock_irq(&vt_lock);
	if (c->mode.mode == VT_PROCESS) {
		owner = pid_get(c->owner);
		sig = acquire ? c->mode.acqsig : c->mode.relsig;
	}
	spin_unlock_irq(&vt_lock);
	if (!owner)
		return false;
	if (!signal_send_pid(owner, sig, SEND_PRIV)) {
		pid_put(owner);
		return true;
	}
	vt_owner_set(c, &(struct vt_mode){ .mode = VT_AUTO }, NULL);
	pid_put(owner);
	return false;
}

/* The moment of change. */
static void show(struct vt_console *c)
{
	struct vt_console *old;

	spin_lock_irq(&vt_lock);
	old = vt_shown();
	if (old && old != c) {
		old->switching_to = 0;
		if (old->back)
			vt_mark_all(&old->emul);
		old->back = 0;
	}
	if (shown != c->index)
		last_shown = shown;
	WRITE_ONCE(shown, c->index);
	vt_mark_all(&c->emul);
	c->emul.palette_changed = true;
	keyboard_mode_changed();
	spin_unlock_irq(&vt_lock);
	vt_draw_soon();
	(void)tell_owner(c, true);
	wake_up_all(&vt_switched);
}

static void switch_fn(struct work *w)
{
	struct vt_console *old, *c;
	bool graphics;

	(void)w;
	spin_lock_irq(&vt_lock);
	c = vt_find(wanted);
	wanted = 0;
	old = vt_shown();
	graphics = old && old->graphics;
	spin_unlock_irq(&vt_lock);
	if (!c || c == old) {
		wake_up_all(&vt_switched);
		return;
	}
	if (old && old->mode.mode == VT_PROCESS) {
		spin_lock_irq(&vt_lock);
		old->switching_to = c->index;
		spin_unlock_irq(&vt_lock);
		if (tell_owner(old, false))
			return;		/* VT_RELDISP goes on */
		graphics = false;
	}
	/* A program that draws without being asked keeps the display. */
	if (graphics)
		return;
	show(c);
}

int vt_release_answer(struct vt_console *c, u32 answer)
{
	struct vt_console *next;
	u32 to;

	spin_lock_irq(&vt_lock);
	if (c->mode.mode != VT_PROCESS) {
		spin_unlock_irq(&vt_lock);
		return -EINVAL;
	}
	to = c->switching_to;
	if (to)
		c->switching_to = 0;
	spin_unlock_irq(&vt_lock);
	if (!to)
		return answer == VT_ACKACQ ? 0 : -EINVAL;
	if (!answer)
		return 0;
	next = vt_make(to);
	if (IS_ERR(next))
		return (int)PTR_ERR(next);
	show(next);
	return 0;
}

void vt_owner_set(struct vt_console *c, const struct vt_mode *mode, struct pid *owner)
{
	struct pid *old;

	spin_lock_irq(&vt_lock);
	c->mode = *mode;
	c->mode.frsig = 0;
	old = c->owner;
	c->owner = pid_get(owner);
	c->switching_to = 0;
	spin_unlock_irq(&vt_lock);
	pid_put(old);
}

/* ---- the keyboard's side ---- */

void vt_type(const char *s, size_t n)
{
	struct vt_console *c;
	bool scrolled = false;
	u64 flags;

	spin_lock_irqsave(&vt_lock, flags);
	c = vt_shown();
	if (c) {
		scrolled = c->back;
		(void)touched(c);
		(void)tty_input(c->tty, (const u8 *)s, NULL, n);
	}
	spin_unlock_irqrestore(&vt_lock, flags);
	if (scrolled)
		vt_draw_soon();
}

void vt_scroll_history(int lines)
{
	struct vt_console *c;
	u64 flags;

	spin_lock_irqsave(&vt_lock, flags);
	c = vt_shown();
	if (c) {
		s64 back = (s64)c->back + lines;

		c->back = (u32)max(min(back, (s64)vt_history(&c->emul)), (s64)0);
		vt_mark_all(&c->emul);
	}
	spin_unlock_irqrestore(&vt_lock, flags);
	vt_draw_soon();
}

/* ---- the kernel's console ---- */

struct vt_kernel_console {
	struct console console;
	u32 index;			/* 0: the one shown */
	char name[8];
};

/* Log text goes in between what a program writes, so it leaves the emulator's parser as it was. */
static void print_plain(struct vt *v, const char *s, size_t n)
{
	u8 state = v->state, shift = v->shift;
	u32 utf_left = v->utf_left;
	bool cp437 = v->cp437;

	v->state = 0;
	v->utf_left = v->shift = 0;
	v->cp437 = false;
	for (size_t i = 0, run; i < n; i += run) {
		for (run = 0; i + run < n && (u8)s[i + run] >= 0x20; run++)
			;
		if (run) {
			vt_write(v, (const u8 *)s + i, run);
			continue;
		}
		run = 1;
		if (s[i] == '\n')
			vt_write(v, (const u8 *)"\r\n", 2);
		else if (s[i] == '\t')
			vt_write(v, (const u8 *)"\t", 1);
	}
	v->state = state;
	v->utf_left = utf_left;
	v->shift = shift;
	v->cp437 = cp437;
}

static void log_write(struct console *con, const char *s, size_t n)
{
	struct vt_kernel_console *k = container_of(con, struct vt_kernel_console, console);
	bool panicking = READ_ONCE(panic_in_progress), locked = true, visible = false;
	struct vt_console *c;
	u64 flags = irq_save();

	/* In a panic the holder may never let go. */
	if (panicking)
		locked = spin_trylock(&vt_lock);
	else
		spin_lock(&vt_lock);
	c = vt_find(k->index ? k->index : shown);
	if (c) {
		if (!locked)
			c->emul.x = min(c->emul.x, c->emul.cols - 1);
		if (panicking)
			c->graphics = false;
		print_plain(&c->emul, s, n);
		visible = touched(c);
	}
	if (locked)
		spin_unlock(&vt_lock);
	irq_restore(flags);
	if (!visible)
		return;
	if (panicking || !preemptible())
		vt_draw_now();
	else
		vt_draw_soon();
}

static int offer_console(u32 index)
{
	struct vt_kernel_console *k = kzalloc(sizeof(*k), GFP_KERNEL);
	struct vt_console *c = vt_make(index ? index : vt_shown_index());

	if (!k || IS_ERR(c)) {
		kfree(k);
		return -ENOMEM;
	}
	k->index = index;
	scnprintf(k->name, sizeof(k->name), "tty%u", index);
	k->console.name = k->name;
	k->console.write = log_write;
	console_register(&k->console);
	return 0;
}

/* ---- SysRq ---- */

/* Every process that has the shown terminal as its own: who logs in then talks to nobody else. */
static void sak_fn(struct work *w)
{
	struct vt_console *c = vt_find(vt_shown_index());
	struct task *t;

	(void)w;
	if (!c)
		return;
	rcu_read_lock();
	list_for_each_entry_rcu(t, &task_list, all_link)
		if (task_is_leader(t) && READ_ONCE(t->proc->tty) == c->tty)
			(void)signal_send(t, SIGKILL, SEND_PRIV, SIG_TO_PROCESS);
	rcu_read_unlock();
}

static void do_sak(char key)
{
	static struct work sak_work = { .link = LIST_HEAD_INIT(sak_work.link), .fn = sak_fn };

	(void)key;
	work_queue(system_wq, &sak_work);
}

static void do_unraw(char key)
{
	struct vt_console *c;
	u64 flags;

	(void)key;
	spin_lock_irqsave(&vt_lock, flags);
	c = vt_shown();
	if (c)
		c->kb_mode = K_XLATE;
	spin_unlock_irqrestore(&vt_lock, flags);
}

static struct sysrq_op sysrq_ops[] = {
	{ .key = 'k', .mask = SYSRQ_KEYBOARD, .help = "sak(k)", .what = "SAK", .fn = do_sak },
	{ .key = 'r', .mask = SYSRQ_KEYBOARD, .help = "unraw(r)", .what = "Keyboard mode set to system default", .fn = do_unraw },
};

static int make_nodes(void)
{
	char name[8];

	for (u32 i = 0; i < NR_NODES; i++) {
		struct device *d;

		scnprintf(name, sizeof(name), "tty%u", i);
		d = device_create("tty", NULL, mkdev(TTY_MAJOR, i), name, 0620, NULL);
		if (IS_ERR(d))
			return (int)PTR_ERR(d);
	}
	return 0;
}

static int vt_start(void)
{
	char name[8];
	int err;

	for (unsigned int i = 0; i < ARRAY_SIZE(sysrq_ops); i++)
		if (sysrq_register(&sysrq_ops[i]))
			return -EBUSY;
	vt_display_find();
	err = make_nodes();
	if (!err)
		err = vcs_init();
	/* Without a display the terminals are there, but the kernel writes on them only when it is told to. */
	if (!err && (vt_display_present() || console_named("tty0")))
		err = offer_console(0);
	for (u32 i = 1; i <= MAX_NR_CONSOLES && !err; i++) {
		scnprintf(name, sizeof(name), "tty%u", i);
		if (console_named(name))
			err = offer_console(i);
	}
	return err;
}
INITCALL_BUS(vt_start);
