/* SPDX-License-Identifier: MPL-2.0 */
/* Pipes and FIFOs (fs/anon/pipe.c is layer 3 but splice needs its ring). */
#ifndef FS_PIPE_H
#define FS_PIPE_H

#include <core/mutex.h>
#include <core/page.h>
#include <core/wait.h>
#include <fs/fasync.h>

struct file;
struct user_struct;

struct pipe_buf {
	struct folio *folio;		/* referenced */
	u32 off, len;
	u32 flags;			/* PIPE_BUF_* */
};
#define PIPE_BUF_PACKET		0x1u	/* O_DIRECT: one write, one read */
#define PIPE_BUF_CAN_MERGE	0x2u	/* the page is ours: appending is allowed */

struct pipe {
	struct mutex mutex;		/* class PIPE */
	struct wait_queue rd_wait, wr_wait;
	u32 head, tail;			/* [mutex; atomic reads] */
	u32 reserved;			/* [mutex; atomic reads] slots of splices that fetch what comes there, without the mutex */
	u32 ring_size;			/* [mutex] power of two */
	struct pipe_buf *bufs;		/* [mutex] */
	u32 readers, writers;		/* [mutex; atomic reads] */
	u32 r_counter, w_counter;	/* [mutex] opens seen, for FIFO open */
	bool poll_usage;		/* [a] somebody polls: every write is an edge */
	struct fasync_queue rd_async, wr_async;	/* own locks */
	bool claimed;			/* [mutex; atomic reads] splice gives what lies at tail to a file: nobody else reads */
	u32 files;			/* [inode state lock] struct files that use it */
	struct folio *spare[2];		/* [mutex] */
	struct user_struct *user;		/* [I] charged, referenced */
};

static inline u32 pipe_used(const struct pipe *p) { return READ_ONCE(p->head) - READ_ONCE(p->tail); }
static inline bool pipe_empty(const struct pipe *p) { return pipe_used(p) == 0; }
/* May a reader go ahead? At the end of data, too: there is no writer, and nobody who may leave some of it. */
static inline bool pipe_readable(const struct pipe *p)
{
	return !READ_ONCE(p->claimed) && (!pipe_empty(p) || !READ_ONCE(p->writers));
}
static inline bool pipe_full(const struct pipe *p)
{
	u32 used = pipe_used(p);	/* before reserved: a slot that is filled is one of those first, then of these */

	return used + READ_ONCE(p->reserved) >= READ_ONCE(p->ring_size);
}
extern u32 pipe_max_size;			/* fs.pipe-max-size, bytes [a] */
struct pipe *file_pipe(struct file *f);			/* NULL: not a pipe */
long pipe_fcntl(struct file *f, u32 cmd, u64 arg);	/* F_SETPIPE_SZ, F_GETPIPE_SZ */

#endif
