/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The kernel log. Records are numbered; record n lies in descriptor n mod LOG_RECORDS, its text
 * somewhere in a ring of bytes. A writer, in any context, reserves both with one atomic addition each,
 * fills them and marks the descriptor as complete. Nobody waits for anybody: a reader that was overtaken
 * (the descriptor's state or the text position tell) goes on with the oldest record still there.
 *
 * Text gets to the consoles through one thread. Before it runs, with log_sync on the command line, and in
 * a panic the writer itself shows it, if no other CPU does so right now (that one then sees the new
 * record before it stops). The right to show is console_owner; it also guards the list of consoles.
 *
 * A writer may hold any lock, so it wakes the thread and readers only when none is held; else irq work
 * does it soon.
 */
#include <base/atomic.h>
#include <base/err.h>
#include <base/errno.h>
#include <base/math.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/hooks.h>
#include <core/init.h>
#include <core/panic.h>
#include <core/printk.h>
#include <core/task_core.h>
#include <core/upcall.h>
#include <core/wait.h>
#include <core/work.h>
#include "internal.h"

#define LOG_RECORDS	2048u
#define LOG_TEXT_SIZE	(128u * 1024)
#define LOG_LINE_MAX	976u
#define MAX_CONSOLE_NAMES	8

struct log_desc {
	u64 state;			/* [a] 2 seq + 1: being written, 2 seq + 2: complete */
	u64 time_ns;
	u64 pos;			/* of the text, counted from the first byte ever written */
	u32 caller;
	u16 len;
	u8 level, facility;
};

static struct log_desc log_descs[LOG_RECORDS];
static char log_text[LOG_TEXT_SIZE];
static u64 log_next, log_text_next;	/* [a] */

struct wait_queue log_wait = WAIT_QUEUE_INIT(log_wait);
int console_loglevel = LOG_DEBUG;
static bool ignore_loglevel, log_sync;
static struct task_core *console_thread;	/* [a] NULL until it runs */

static u32 console_owner;		/* [a] 1: somebody writes to consoles */
static LIST_HEAD(consoles);		/* [console_owner] */
static char console_names[MAX_CONSOLE_NAMES][16];	/* [I] after boot: console= */
static int nr_console_names;

/* ---- the ring ---- */

static void text_copy_in(u64 pos, const char *s, size_t len)
{
	size_t at = pos % LOG_TEXT_SIZE, n = min(len, (size_t)LOG_TEXT_SIZE - at);

	memcpy(log_text + at, s, n);
	memcpy(log_text, s + n, len - n);
}

static void text_copy_out(char *d, u64 pos, size_t len)
{
	size_t at = pos % LOG_TEXT_SIZE, n = min(len, (size_t)LOG_TEXT_SIZE - at);

	memcpy(d, log_text + at, n);
	memcpy(d + n, log_text, len - n);
}

static u32 log_caller(void)
{
	if (in_irq() || !threads_running() || !current_core())
		return 0x80000000u | (u32)this_cpu_id();
	return task_core_id(current_core());
}

static void log_store(u8 facility, u8 level, const char *text, size_t len)
{
	u64 flags = irq_save();
	u64 seq = __atomic_fetch_add(&log_next, 1, __ATOMIC_RELAXED);
	u64 pos = __atomic_fetch_add(&log_text_next, ALIGN_UP(len, 8), __ATOMIC_RELAXED);
	struct log_desc *d = &log_descs[seq % LOG_RECORDS];

	__atomic_store_n(&d->state, 2 * seq + 1, __ATOMIC_RELAXED);
	smp_wmb();
	d->time_ns = clock_monotonic_nmi_ns();
	d->pos = pos;
	d->caller = log_caller();
	d->len = (u16)len;
	d->level = level;
	d->facility = facility;
	text_copy_in(pos, text, len);
	smp_store_release(&d->state, 2 * seq + 2);
	irq_restore(flags);
}

static bool text_overwritten(u64 pos)
{
	return __atomic_load_n(&log_text_next, __ATOMIC_RELAXED) - pos > LOG_TEXT_SIZE;
}

/* 0, -EAGAIN: not complete yet, -ENOENT: overwritten. */
static int log_get(u64 seq, struct log_record *r)
{
	struct log_desc *d = &log_descs[seq % LOG_RECORDS];
	u64 state = smp_load_acquire(&d->state), pos;

	if (state > 2 * seq + 2)
		return -ENOENT;
	if (state != 2 * seq + 2)
		return seq < READ_ONCE(log_next) && READ_ONCE(log_next) - seq > LOG_RECORDS ? -ENOENT : -EAGAIN;
	pos = d->pos;
	r->seq = seq;
	r->time_ns = d->time_ns;
	r->level = d->level;
	r->facility = d->facility;
	r->caller = d->caller;
	r->len = min(d->len, (u16)LOG_LINE_MAX);
	text_copy_out(r->text, pos, r->len);
	r->text[r->len] = '\0';
	smp_rmb();
	if (READ_ONCE(d->state) != 2 * seq + 2 || text_overwritten(pos))
		return -ENOENT;
	return 0;
}

u64 log_next_seq(void)
{
	return __atomic_load_n(&log_next, __ATOMIC_ACQUIRE);
}

u64 log_first_seq(void)
{
	u64 next = log_next_seq(), seq = next > LOG_RECORDS ? next - LOG_RECORDS : 0;

	for (; seq < next; seq++) {
		struct log_desc *d = &log_descs[seq % LOG_RECORDS];

		if (smp_load_acquire(&d->state) <= 2 * seq + 2 && !text_overwritten(READ_ONCE(d->pos)))
			break;
	}
	return seq;
}

int log_read(u64 *seq, struct log_record *rec)
{
	for (;;) {
		int err;

		if (*seq >= log_next_seq())
			return -EAGAIN;
		err = log_get(*seq, rec);
		if (err == -EAGAIN)
			return err;
		if (err == 0) {
			(*seq)++;
			return 0;
		}
		*seq = max(*seq + 1, log_first_seq());
	}
}

u64 log_buf_size(void)
{
	return LOG_TEXT_SIZE;
}

/* ---- consoles ---- */

static bool console_try_own(void)
{
	return !xchg(&console_owner, 1);
}

static void console_disown(void)
{
	smp_store_release(&console_owner, 0);
}

/* n of 0: only what programs wrote before and still waits in the driver. */
static void console_write(struct console *c, const char *s, size_t n)
{
	c->write(c, s, n);
}

/* "[    0.123456] text\n", the stamp before each line of the text. */
static void console_show(struct console *c, const struct log_record *r)
{
	static char line[LOG_LINE_MAX + 32];	/* [console_owner] */
	u64 us = r->time_ns / 1000;
	size_t at = 0;

	do {
		const char *nl = memchr(r->text + at, '\n', r->len - at);
		size_t len = nl ? (size_t)(nl - r->text) - at : r->len - at;
		int n = scnprintf(line, sizeof(line), "[%5llu.%06llu] ", (unsigned long long)(us / 1000000),
				  (unsigned long long)(us % 1000000));

		memcpy(line + n, r->text + at, len);
		line[(size_t)n + len] = '\n';
		console_write(c, line, (size_t)n + len + 1);
		at += len + 1;
	} while (at < r->len);
}

static bool level_visible(u8 level)
{
	return ignore_loglevel || level < READ_ONCE(console_loglevel);
}

/*
 * Show what console c has not shown. Owner. In a panic, records that never got complete are left out. A record counts as
 * shown when it is, not before: console_flush() asks without owning the consoles, and the machine may end after it.
 */
static void console_catch_up(struct console *c)
{
	static struct log_record rec;		/* [console_owner] */

	while (c->seq < log_next_seq()) {
		u64 want = c->seq, next = want;

		if (log_read(&next, &rec)) {
			if (!panic_in_progress)
				return;
			WRITE_ONCE(c->seq, want + 1);
			continue;
		}
		if (rec.seq != want && want) {
			static const char lost[] = "** log records lost **\n";

			console_write(c, lost, sizeof(lost) - 1);
		}
		if (rec.facility == 0 && level_visible(rec.level))
			console_show(c, &rec);
		smp_store_release(&c->seq, next);
	}
}

static bool consoles_behind(void)
{
	struct console *c;
	bool behind = false;

	list_for_each_entry(c, &consoles, link)
		behind |= c->enabled && smp_load_acquire(&c->seq) < log_next_seq();
	return behind;
}

static void consoles_catch_up(void)
{
	struct console *c;

	list_for_each_entry(c, &consoles, link)
		if (c->enabled)
			console_catch_up(c);
}

/* Show everything if nobody else is at it; who is will see our record too. */
static void console_try_flush(void)
{
	u64 seen;

	do {
		if (!console_try_own())
			return;
		seen = log_next_seq();
		consoles_catch_up();
		console_disown();
		smp_mb();
	} while (seen != log_next_seq());
}

static void log_wake_fn(struct irq_work *w)
{
	wake_up_all(&log_wait);
}
static struct irq_work log_wake = IRQ_WORK_INIT(log_wake_fn);

static void log_added(void)
{
	bool thread = READ_ONCE(console_thread);

	if ((!thread || log_sync || panic_in_progress) && !in_nmi())
		console_try_flush();
	if (!thread || panic_in_progress || !wait_queue_has_sleeper(&log_wait))
		return;
	if (preemptible())
		wake_up_all(&log_wait);
	else
		irq_work_queue(&log_wake);
}

void printk(enum log_level level, const char *fmt, ...)
{
	char buf[LOG_LINE_MAX];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vscnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	if (n > 0 && buf[n - 1] == '\n')
		n--;
	log_store(0, (u8)level, buf, (size_t)max(n, 0));
	log_added();
}

void log_store_user(u8 facility, u8 level, const char *text, size_t len)
{
	len = min(len, (size_t)LOG_LINE_MAX - 1);
	if (len && text[len - 1] == '\n')
		len--;
	log_store(facility ? facility : 1, level & 7, text, len);
	log_added();
}

/* ---- registration ---- */

static bool console_wanted(const struct console *c)
{
	struct console *other;

	for (int i = 0; i < nr_console_names; i++)
		if (streq(console_names[i], c->name))
			return true;
	if (nr_console_names)
		return false;
	/* None was asked for: the first real one. */
	list_for_each_entry(other, &consoles, link)
		if (other->enabled && !other->early)
			return false;
	return true;
}

/* The early consoles end; the record that they would have shown next, 0 when there was none. */
static u64 early_end(void)
{
	struct console *old, *n;
	u64 seq = 0;

	list_for_each_entry_safe(old, n, &consoles, link) {
		if (!old->early || !old->enabled)
			continue;
		console_catch_up(old);
		seq = max(seq, old->seq);
		old->enabled = false;
		/* klogd may look at the list without owning it: leave it the way on. */
		list_del_rcu(&old->link);
	}
	return seq;
}

void console_register(struct console *c)
{
	while (!console_try_own())
		cpu_relax();
	c->seq = 0;
	c->enabled = c->early || console_wanted(c);
	/* The early console writes on the same line: its successor goes on where it stops. Others show all from the start. */
	if (c->enabled && streq(c->name, "ttyS0"))
		c->seq = early_end();
	list_add_tail(&c->link, &consoles);
	console_disown();
	if (c->enabled && !c->early)
		pr_info("console: %s enabled\n", c->name);
}

const char *console_preferred(void)
{
	struct console *c;
	const char *name = NULL;

	if (nr_console_names)
		return console_names[nr_console_names - 1];
	while (!console_try_own())
		cpu_relax();
	list_for_each_entry(c, &consoles, link) {
		if (!c->early) {
			name = c->name;
			break;
		}
	}
	console_disown();
	return name;
}

bool console_enabled(int i, char *name, size_t size, bool *preferred)
{
	const char *want = console_preferred();
	struct console *c;
	bool found = false;

	while (!console_try_own())
		cpu_relax();
	list_for_each_entry(c, &consoles, link) {
		if (!c->enabled || i--)
			continue;
		strscpy(name, c->name, size);
		*preferred = want && streq(want, c->name);
		found = true;
		break;
	}
	console_disown();
	return found;
}

bool console_named(const char *name)
{
	for (int i = 0; i < nr_console_names; i++)
		if (streq(console_names[i], name))
			return true;
	return false;
}

/* All drivers were there: a real console, on whatever line, ends the early ones. */
static int __init early_consoles_done(void)
{
	struct console *c;
	bool real = false;

	while (!console_try_own())
		cpu_relax();
	list_for_each_entry(c, &consoles, link)
		real |= c->enabled && !c->early;
	if (real)
		(void)early_end();
	console_disown();
	return 0;
}
INITCALL_LATE(early_consoles_done);

/* The owner may be stopped for good: ask for a while, then go ahead. */
void console_write_atomic(const char *s, size_t n)
{
	struct console *c;
	bool own = false;

	for (int i = 0; i < 10000 && !(own = console_try_own()); i++)
		udelay(10);
	list_for_each_entry(c, &consoles, link)
		if (c->enabled)
			console_write(c, s, n);
	if (own)
		console_disown();
}

/* Panic, after the other CPUs were stopped: whoever owned the consoles does not run any more. */
void printk_panic_flush(void)
{
	for (int i = 0; i < 1000 && !console_try_own(); i++)
		udelay(100);
	consoles_catch_up();
	console_disown();
}

static int console_main(void *arg)
{
	for (;;) {
		wait_event(&log_wait, consoles_behind());
		console_try_flush();
		/* A record that is not complete yet: its writer runs or was preempted by us. */
		if (consoles_behind()) {
			set_current_state(TASK_UNINTERRUPTIBLE);
			schedule_until(clock_monotonic_ns() + NSEC_PER_MSEC);
		}
	}
	return 0;
}

static int __init console_thread_start(void)
{
	struct task_core *t = kthread_run(console_main, NULL, -1, "klogd");

	if (IS_ERR(t))
		return (int)PTR_ERR(t);
	WRITE_ONCE(console_thread, t);
	return 0;
}
INITCALL_SMP(console_thread_start);

void console_flush(void)
{
	/* Also on the way down, when a CPU may have been stopped in the middle of setting the clock. */
	u64 end = clock_monotonic_nmi_ns() + 2 * NSEC_PER_SEC;

	while (consoles_behind() && clock_monotonic_nmi_ns() < end) {
		console_try_flush();
		if (!consoles_behind())
			break;
		if (threads_running() && preemptible()) {
			set_current_state(TASK_UNINTERRUPTIBLE);
			schedule_until(clock_monotonic_ns() + NSEC_PER_MSEC);
		} else {
			cpu_relax();
		}
	}
}

/* ---- parameters ---- */

static int set_console(const char *value)
{
	size_t n = strcspn(value, ",");

	if (!n || n >= sizeof(console_names[0]))
		return -EINVAL;
	/* Named twice: the last place counts. */
	for (int i = 0; i < nr_console_names; i++) {
		if (strlen(console_names[i]) == n && !memcmp(console_names[i], value, n)) {
			for (; i + 1 < nr_console_names; i++)
				memcpy(console_names[i], console_names[i + 1], sizeof(console_names[0]));
			nr_console_names--;
		}
	}
	if (nr_console_names == MAX_CONSOLE_NAMES)
		return -EINVAL;
	memcpy(console_names[nr_console_names], value, n);
	console_names[nr_console_names++][n] = '\0';
	return 0;
}
EARLY_KPARAM("console", set_console);

static int set_loglevel(const char *value)
{
	int n;

	if (kstrtoint(value, 0, &n) || n < 0)
		return -EINVAL;
	console_loglevel = min(n, 15);
	return 0;
}
EARLY_KPARAM("loglevel", set_loglevel);

static int set_quiet(const char *value)
{
	console_loglevel = LOG_WARNING;
	return 0;
}
EARLY_KPARAM("quiet", set_quiet);

static int set_debug(const char *value)
{
	console_loglevel = 10;
	return 0;
}
EARLY_KPARAM("debug", set_debug);

static int set_ignore_loglevel(const char *value)
{
	ignore_loglevel = true;
	return 0;
}
EARLY_KPARAM("ignore_loglevel", set_ignore_loglevel);

static int set_log_sync(const char *value)
{
	log_sync = true;
	return 0;
}
EARLY_KPARAM("log_sync", set_log_sync);
