/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Between the 9P file system (fs/9p) and what carries its messages (drivers/virtio/9p.c): a transport
 * registers a type, the file system opens a channel by the name that mount(2) was given.
 *
 * Life of a request: the file system builds it and gives it to send(); from then on header buffers and
 * pieces belong to the transport, until it calls p9_request_done(), exactly once.
 */
#ifndef FS_9P_H
#define FS_9P_H

#include <base/list.h>
#include <core/wait.h>

struct p9_channel;

/* Device addresses (dma_addr_of(), dma_addr_folio()) and lengths. */
struct p9_piece {
	u64 addr;
	u32 len;
};
#define P9_MAX_PIECES	34u

struct p9_request {
	/* [I] while it is under way: the message's header buffers in kernel memory that a device can reach. */
	void *out, *in;
	u32 out_len, in_len;
	/* [I] Data behind out (a write) or behind in (a read); the pieces' memory is held by the sender. */
	struct p9_piece pieces[P9_MAX_PIECES];
	u32 nr_pieces;
	bool pieces_in;
	u16 tag;
	u32 got;			/* [done] bytes that came, header and pieces */
	int error;			/* [done] the transport's, not the server's */
	struct completion done;
};

/* Any context. */
void p9_request_done(struct p9_request *r, u32 got, int error);

struct p9_transport {
	const char *name;		/* trans= */
	/* -ENOENT: no such channel; -EBUSY: mounted already. ERR_PTR. max_msize: the largest message. */
	struct p9_channel *(*open)(const char *source, u32 *max_msize);
	/* No request is under way. */
	void (*close)(struct p9_channel *c);
	/* May sleep for room (killable: -EINTR, unless `must`). After an error nothing was taken. */
	int (*send)(struct p9_channel *c, struct p9_request *r, bool must);
	struct list_head link;		/* [registry lock] */
};
void p9_transport_register(struct p9_transport *t);

#endif
