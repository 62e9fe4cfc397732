/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The kernel log (kernel/core/printk.c): a lock-free ring of records written from any context, a
 * thread that brings it to the consoles, and readers (syslog, /dev/kmsg). Synchronous only before
 * that thread runs and in a panic.
 */
#ifndef CORE_PRINTK_H
#define CORE_PRINTK_H

#include <base/compiler.h>
#include <base/list.h>
#include <base/types.h>

enum log_level { LOG_EMERG, LOG_ALERT, LOG_CRIT, LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG };

__printf(2, 3) void printk(enum log_level level, const char *fmt, ...);
#ifndef pr_fmt
#define pr_fmt(fmt) fmt
#endif
#define pr_emerg(fmt, ...)	printk(LOG_EMERG, pr_fmt(fmt), ##__VA_ARGS__)
#define pr_err(fmt, ...)	printk(LOG_ERR, pr_fmt(fmt), ##__VA_ARGS__)
#define pr_warn(fmt, ...)	printk(LOG_WARNING, pr_fmt(fmt), ##__VA_ARGS__)
#define pr_notice(fmt, ...)	printk(LOG_NOTICE, pr_fmt(fmt), ##__VA_ARGS__)
#define pr_info(fmt, ...)	printk(LOG_INFO, pr_fmt(fmt), ##__VA_ARGS__)
#define pr_debug(fmt, ...)	printk(LOG_DEBUG, pr_fmt(fmt), ##__VA_ARGS__)
#define pr_warn_once(fmt, ...)	do { static bool _once; \
	if (!_once) { _once = true; pr_warn(fmt, ##__VA_ARGS__); } } while (0)

/* Something that can show log text. write(): any context, no locks that printk's callers may hold. */
struct console {
	const char *name;		/* "ttyS0", "hvc0", "tty0": matched with console= */
	void (*write)(struct console *c, const char *s, size_t n);	/* polled, works in panic */
	bool early;			/* dropped when a real one registers */
	struct list_head link;		/* [console owner] */
	bool enabled;			/* [console owner] */
	u64 seq;			/* [console owner] next record to show; read by all */
};
void console_register(struct console *c);
/* Write straight to all consoles: panic and the debugger. */
void console_write_atomic(const char *s, size_t n);
/* Name of the console that /dev/console means: last console= given, else the first registered. NULL: none. */
const char *console_preferred(void);
/* The i-th console that shows the log; false: no more. */
bool console_enabled(int i, char *name, size_t size, bool *preferred);
/* Does the command line name it (console=)? */
bool console_named(const char *name);
extern int console_loglevel;		/* messages below this level are shown */
/* Let the console thread finish: before power-off and exec of init. May sleep. */
void console_flush(void);

/* One record as readers see it. */
struct log_record {
	u64 seq;
	u64 time_ns;
	u8 level;
	u8 facility;
	u16 len;
	u32 caller;			/* task id, or 0x80000000 | cpu */
	char text[1024];
};
/* Read the record *seq (or the first still there after it), advance *seq past it. 0; -EAGAIN none yet. */
__must_check int log_read(u64 *seq, struct log_record *rec);
u64 log_first_seq(void);
u64 log_next_seq(void);
/* A record from user space (/dev/kmsg). */
void log_store_user(u8 facility, u8 level, const char *text, size_t len);
struct wait_queue;
extern struct wait_queue log_wait;	/* woken when a record was added */
u64 log_buf_size(void);

#endif
