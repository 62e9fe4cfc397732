/* SPDX-License-Identifier: MPL-2.0 */
/* POSIX message queues, between mqfs.c (names, attributes) and mqueue.c (messages, notification). */
#ifndef KERNEL_IPC_MQUEUE_H
#define KERNEL_IPC_MQUEUE_H

#include <base/rbtree.h>
#include <fs/file.h>
#include <fs/inode.h>
#include "internal.h"
#include <uapi/linux/mqueue.h>
#include <uapi/linux/signal.h>

struct nl_cookie;

#define MQ_PRIO_MAX	32768u

struct mq_msg {
	struct rb_node node;		/* [queue's lock] by priority; of equal ones newer to the left */
	u32 prio;			/* [I] */
	size_t size;			/* [I] */
	u8 data[];			/* [I] */
};

struct mq {
	struct inode vfs;		/* [its own keys] */
	spinlock_t lock;		/* class IPC_OBJECT */
	struct ipc_ns *ns;		/* [I] */
	s64 max_msgs, msg_size;		/* [I] */
	s64 nr;				/* [lock] */
	u64 bytes;			/* [lock] */
	struct rb_root messages;	/* [lock] */
	struct list_head receivers;	/* [lock] struct mq_wait, who is to be served first in front */
	struct list_head senders;	/* [lock] */
	struct wait_queue poll;
	struct pid *notify_owner;	/* [lock] process that asked to be told, referenced; NULL: none */
	struct sigevent notify;		/* [lock] how */
	struct nl_cookie *cookie;	/* [lock] SIGEV_THREAD: what to send, and where */
	struct user_struct *user;	/* [I] who pays, referenced */
	u64 charged;			/* [I] bytes */
};

static inline struct mq *mq_of(const struct inode *inode) { return container_of(inode, struct mq, vfs); }

/* mqueue.c */
extern const struct file_ops mq_fops;
void mq_init(struct mq *q);
/* Nobody has it any more. */
void mq_free_messages(struct mq *q);

#endif
