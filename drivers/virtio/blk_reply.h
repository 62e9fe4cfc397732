/* SPDX-License-Identifier: MPL-2.0 */
/* What a virtio disk's answer to a request is worth. Pure: tested on the host against answers that lie. */
#ifndef VIRTIO_BLK_REPLY_H
#define VIRTIO_BLK_REPLY_H

#include <base/errno.h>
#include <base/types.h>

enum { VBLK_S_OK = 0, VBLK_S_IOERR = 1, VBLK_S_UNSUPP = 2, VBLK_S_NONE = 0xff };

/*
 * status: the byte that the device should have written, VBLK_S_NONE before; len: bytes that it says to have written,
 * cut by the ring to what it was given; data: bytes that were asked of it (reads; else 0). counts: len can be relied
 * on (virtio 1.x; older devices put anything there). Some leave the status byte out of len. 0 or -errno.
 *
 * A read that is said to have gone well and left part of the memory alone must not pass: what stands there is old.
 */
static inline int vblk_reply(u8 status, u32 len, u64 data, bool counts)
{
	switch (status) {
	case VBLK_S_OK:
		return counts && len < data ? -EIO : 0;
	case VBLK_S_UNSUPP:
		return -EOPNOTSUPP;
	}
	return -EIO;
}

#endif
