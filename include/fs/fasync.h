/* SPDX-License-Identifier: MPL-2.0 */
/* Signal-driven I/O (O_ASYNC): who wants SIGIO from an object, and sending it (fs/vfs/fasync.c). */
#ifndef FS_FASYNC_H
#define FS_FASYNC_H

#include <base/list.h>
#include <core/spinlock.h>

struct file;

struct fasync_queue {
	spinlock_t lock;		/* class FASYNC */
	struct list_head entries;	/* [lock] */
};

void fasync_queue_init(struct fasync_queue *q);
/* For file_ops.fasync: put the file on the queue or take it off. -ENOMEM. May sleep. */
__must_check int fasync_update(struct fasync_queue *q, struct file *f, int fd, bool on);
/* Something happened: POLL_IN, POLL_OUT, ... Any context but NMI. Cheap when nobody listens. */
void fasync_send_slow(struct fasync_queue *q, int poll_code);
static inline void fasync_send(struct fasync_queue *q, int poll_code)
{
	if (unlikely(!list_empty(&q->entries)))
		fasync_send_slow(q, poll_code);
}
/* F_SETOWN and F_GETOWN: a process, or below 0 a group. -ESRCH, -EINVAL. */
long file_set_owner(struct file *f, int who);
int file_get_owner(struct file *f);
/* A signal to the file's owner as F_SETOWN and F_SETSIG say; fd for si_fd. */
void file_signal_owner(struct file *f, int fd, int poll_code);

/* SIGURG to the owner: urgent data came. */
void file_signal_urgent(struct file *f);

#endif
