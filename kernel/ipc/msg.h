/* SPDX-License-Identifier: MPL-2.0 */
/* Message queues, between msg.c (sending and receiving) and msgctl.c (commands). */
#ifndef KERNEL_IPC_MSG_H
#define KERNEL_IPC_MSG_H

#include "internal.h"
#include <uapi/linux/msg.h>

struct msg {
	struct list_head link;		/* [queue's lock] */
	s64 type;			/* [I] > 0 */
	size_t size;			/* [I] */
	u8 data[];			/* [I] */
};

struct msg_queue {
	struct ipc_object o;		/* [its own keys] */
	s64 stime, rtime, ctime;	/* [o.lock] */
	u64 bytes, nr, max_bytes;	/* [o.lock] */
	int lspid, lrpid;		/* [o.lock] in the initial pid namespace */
	struct list_head messages;	/* [o.lock] */
	struct list_head receivers;	/* [o.lock] struct msg_receiver */
	struct list_head senders;	/* [o.lock] struct msg_sender */
};

static inline struct ipc_ids *msg_ids(struct ipc_ns *ns) { return &ns->ids[IPC_MSG]; }
/* Under RCU: ERR_PTR(-EINVAL). */
static inline struct msg_queue *msg_find(struct ipc_ns *ns, int id)
{
	struct ipc_object *o = ipc_find(msg_ids(ns), id);

	return IS_ERR(o) ? ERR_CAST(o) : container_of(o, struct msg_queue, o);
}

/* msg.c; the queue is locked. Everybody's call ends with status (-EIDRM), or (-EAGAIN) looks again. */
void msg_wake_receivers(struct msg_queue *q, int status);
void msg_wake_senders(struct msg_queue *q, int status);

#endif
