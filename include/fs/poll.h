/* SPDX-License-Identifier: MPL-2.0 */
/* Readiness: what file_ops.poll is given, for poll, select and epoll alike (fs/vfs/{poll,epoll}.c). */
#ifndef FS_POLL_H
#define FS_POLL_H

#include <core/wait.h>
#include <fs/file.h>
#include <uapi/linux/eventpoll.h>

struct poll_table {
	/* Called by poll_wait: register on q. NULL: only ask for the state. */
	void (*queue)(struct file *f, struct wait_queue *q, struct poll_table *pt);
	u32 events;			/* what the caller wants to know */
};

static inline void poll_wait(struct file *f, struct wait_queue *q, struct poll_table *pt)
{
	if (pt && pt->queue) {
		pt->queue(f, q, pt);
		smp_mb();	/* registration before the state is read; pairs with wait_queue_has_sleeper */
	}
}

static inline u32 vfs_poll(struct file *f, struct poll_table *pt) { return file_op_poll(f, pt); }
/* A watched file is closed for good: fs/vfs/epoll.c forgets it. */
void epoll_release_file(struct file *f);

#endif
