/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Terminals (drivers/tty). A tty couples a driver (serial, virtio console, pty) with the line
 * discipline N_TTY. Input: driver -> tty_input() (any context) -> worker -> ldisc -> readers.
 */
#ifndef DRIVERS_TTY_H
#define DRIVERS_TTY_H

#include <base/ref.h>
#include <core/mutex.h>
#include <core/wait.h>
#include <core/work.h>
#include <fs/fasync.h>
#include <fs/file.h>
#include <uapi/linux/termios.h>

struct n_tty;
struct process;
struct tty;

struct tty_ops {
	int (*open)(struct tty *t);
	void (*close)(struct tty *t);
	/* Take up to n bytes for output; bytes taken. Any context, may not sleep. */
	size_t (*write)(struct tty *t, const u8 *buf, size_t n);
	size_t (*write_room)(struct tty *t);
	size_t (*chars_in_buffer)(struct tty *t);
	void (*set_termios)(struct tty *t, const struct termios2 *old);
	void (*throttle)(struct tty *t);
	void (*unthrottle)(struct tty *t);
	void (*stop)(struct tty *t);
	void (*start)(struct tty *t);
	void (*hangup)(struct tty *t);
	void (*flush_buffer)(struct tty *t);
	void (*send_break)(struct tty *t, int ms);
	int (*tiocmget)(struct tty *t);
	int (*tiocmset)(struct tty *t, u32 set, u32 clear);
	long (*ioctl)(struct tty *t, u32 cmd, u64 arg);		/* -ENOIOCTLCMD */
	int (*resize)(struct tty *t, const struct winsize *ws);
};

struct tty_input_buf;

struct tty {
	struct ref ref;			/* through refp: both sides of a pty share the master's */
	struct ref *refp;		/* [I] */
	char name[24];			/* [I] "ttyS0", "pts/3" */
	dev_t devt;			/* [I] */
	const struct tty_ops *ops;	/* [I] */
	void *driver_data;		/* [I] */
	struct mutex mutex;		/* class TTY_MUTEX: open, close, hang-up */
	struct rwsem termios_lock;	/* class TTY_LDISC */
	struct termios2 termios;	/* [termios_lock] */
	struct winsize winsize;		/* [ctrl_lock] */
	spinlock_t ctrl_lock;		/* class TTY_CTRL */
	struct pid *session, *pgrp;	/* [ctrl_lock] referenced */
	bool stopped, flow_stopped, packet, hung_up, exclusive;	/* [ctrl_lock] */
	u8 pkt_status;			/* [ctrl_lock] */
	int open_count;			/* [mutex] */
	struct tty *link;		/* [I] pty: the other side */
	struct mutex write_mutex;	/* class TTY_READ: one writer at a time */
	bool other_closed;		/* [a] pty: nobody has the other side open */
	struct wait_queue read_wait, write_wait;
	struct fasync_queue async;	/* own lock */
	struct n_tty *ldisc;		/* [I] line discipline's state */
	struct tty_input_buf *input;	/* [I] from interrupt to worker */
	struct work input_work, free_work;
	struct list_head link_table;	/* [table lock] */
	struct rcu_head rcu;
	u32 index;			/* [I] pty number */
	bool is_ptm, is_pts;		/* [I] */
	bool pty_locked;		/* [a] slave: not to be opened yet (unlockpt) */
	void *devpts;			/* [I] instance of a pty */
};

extern struct termios2 tty_std_termios;

__must_check struct tty *tty_alloc(const char *name, dev_t devt, const struct tty_ops *ops, void *driver_data);	/* NULL */
int tty_register(struct tty *t);		/* node in /dev, in the table by device number */
void tty_unregister(struct tty *t);
void tty_put(struct tty *t);
/* Received bytes with optional flags (break, parity: TTY_*), from interrupts. Bytes taken. */
#define TTY_NORMAL	0
#define TTY_BREAK	1
#define TTY_FRAME	2
#define TTY_PARITY	3
#define TTY_OVERRUN	4
size_t tty_input(struct tty *t, const u8 *buf, const u8 *flags, size_t n);
size_t tty_input_room(struct tty *t);
bool tty_input_pending(struct tty *t);
/* Output became possible. Any context. */
void tty_wakeup(struct tty *t);
void tty_hangup(struct tty *t);			/* from a worker */
/* The window has a new size: remembered, SIGWINCH to the foreground group if it differs. Thread context. */
void tty_resize(struct tty *t, const struct winsize *ws);
void tty_vhangup_session(struct tty *t);
/* The session leader exits: SIGHUP, SIGCONT, tty let go. on_exit. */
void tty_disassociate(bool on_exit);
/* current's controlling terminal, referenced; NULL. */
struct tty *tty_current_get(void);
void tty_proc_clear(struct process *p);
/* Text of the tty for /proc: device number (0: none) and foreground group. */
dev_t tty_proc_dev(struct process *p, int *fg_pgrp);
/* A terminal that can be the console: /dev/console opens the one that console= prefers, else the first offered. */
void tty_console_offer(struct tty *t);

#endif
