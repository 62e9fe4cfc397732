/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the files of drivers/tty share.
 *
 * Lock order: tty->mutex (open, close, hang-up) > termios_lock > write_mutex (one writer) > n_tty.lock
 * (input buffer, echo) > n_tty.out_lock (column, what goes to the driver) > the driver's spinlock.
 */
#ifndef DRIVERS_TTY_INTERNAL_H
#define DRIVERS_TTY_INTERNAL_H

#include <drivers/tty.h>
#include <fs/poll.h>
#include <kernel/task.h>

#define N_TTY_BUF	4096u
#define N_TTY_ECHO	4096u
#define TTY_INPUT_BUF	65536u

/* From interrupt to worker: bytes and flags in one ring. */
struct tty_input_buf {
	spinlock_t lock;		/* class DEVICE_IRQ */
	u32 head, tail;			/* [lock] */
	bool blocked;			/* [lock] a pty writer found no room: wake it */
	u8 data[TTY_INPUT_BUF];		/* [lock] */
	u8 flags[TTY_INPUT_BUF / 4];	/* [lock] two bits a byte: TTY_NORMAL..TTY_PARITY */
};

struct n_tty {
	struct mutex lock;		/* class LEAF_MUTEX, subclass 0 */
	struct mutex out_lock;		/* class LEAF_MUTEX, subclass 1 */
	u8 buf[N_TTY_BUF];		/* [lock] ring of received characters */
	DECLARE_BITMAP(eol, N_TTY_BUF);	/* [lock] a line ends with this one */
	DECLARE_BITMAP(eof, N_TTY_BUF);	/* [lock] and it is an EOF mark, no character */
	u32 head, tail, canon;		/* [lock; atomic reads] written, read, end of complete lines */
	u8 echo[N_TTY_ECHO];		/* [lock] characters to echo, for which there was no room yet */
	u32 echo_head, echo_tail;	/* [lock] */
	u32 column;			/* [out_lock] of the cursor */
	u32 canon_column;		/* [lock] column at which the input line began */
	bool lnext, erasing;		/* [lock] after ^V; inside an ECHOPRT \...\/ */
	bool throttled;			/* [lock] XOFF sent or driver stopped */
};

/* Flags of the running termios; termios_lock held. */
#define I_FLAG(t, f)	((t)->termios.c_iflag & (f))
#define O_FLAG(t, f)	((t)->termios.c_oflag & (f))
#define L_FLAG(t, f)	((t)->termios.c_lflag & (f))
#define TTY_CC(t, i)	((t)->termios.c_cc[i])

/* n_tty.c, n_tty_read.c, n_tty_write.c */
__must_check int n_tty_create(struct tty *t);
void n_tty_destroy(struct tty *t);
void n_tty_receive_work(struct work *w);
void n_tty_termios_changed(struct tty *t, const struct termios2 *old);
void n_tty_flush_input(struct tty *t);
u32 n_tty_readable(struct tty *t);		/* bytes a read would give now */
bool n_tty_poll_readable(struct tty *t);
ssize_t n_tty_read(struct tty *t, struct file *f, struct kiocb *k, struct iov_iter *to);
ssize_t n_tty_write(struct tty *t, struct file *f, struct kiocb *k, struct iov_iter *from);
/* Lock held: put c through output processing into the driver. False: no room. */
bool n_tty_output(struct tty *t, u8 c);
void n_tty_flush_echo(struct tty *t);
void n_tty_check_unthrottle(struct tty *t);

/* tty_input.c */
void tty_input_flush(struct tty *t);
u32 tty_input_take(struct tty *t, u8 *buf, u8 *flags, u32 n);

/* job_control.c */
__must_check int tty_check_change(struct tty *t, int sig);	/* 0, -EIO, -ERESTARTSYS */
void tty_signal_pgrp(struct tty *t, int sig);
void tty_take_controlling(struct tty *t);	/* on open */
long tty_job_ioctl(struct tty *t, struct file *f, u32 cmd, u64 arg);

/* tty_ioctl.c */
long tty_ioctl(struct file *f, u32 cmd, u64 arg);
int tty_set_termios(struct tty *t, const struct termios2 *new);
void tty_wait_sent(struct tty *t, u64 deadline);
void tty_flow_stop(struct tty *t);
void tty_flow_start(struct tty *t);

/* tty.c */
struct tty *file_tty(struct file *f);
extern const struct file_ops tty_fops;
struct tty *tty_get(struct tty *t);

/* pty.c */
long pty_ioctl(struct tty *t, struct file *f, u32 cmd, u64 arg);

/* devpts.c: slave nodes of a pty. */
__must_check int devpts_new_index(void *instance);	/* index or -errno */
void devpts_free_index(void *instance, int index);
__must_check int devpts_new_slave(void *instance, int index, struct tty *slave);	/* consumes the reference */
void devpts_remove_slave(void *instance, int index);
struct tty *devpts_slave(struct inode *inode);		/* tty of a node */
void *devpts_instance(struct file *ptmx);		/* instance that /dev/ptmx or /dev/pts/ptmx means, NULL */
__must_check struct file *devpts_open_slave(struct file *master, int index, u32 oflags);

#endif
