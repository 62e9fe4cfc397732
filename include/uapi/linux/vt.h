/* SPDX-License-Identifier: MPL-2.0 */
/* ioctls of virtual terminals: switching. */
#ifndef UAPI_LINUX_VT_H
#define UAPI_LINUX_VT_H

#include <uapi/linux/types.h>

#define MIN_NR_CONSOLES	1
#define MAX_NR_CONSOLES	63
#define VT_OPENQRY	0x5600
#define VT_GETMODE	0x5601
#define VT_SETMODE	0x5602
#define VT_AUTO		0x00
#define VT_PROCESS	0x01
#define VT_ACKACQ	0x02
#define VT_GETSTATE	0x5603
#define VT_SENDSIG	0x5604
#define VT_RELDISP	0x5605
#define VT_ACTIVATE	0x5606
#define VT_WAITACTIVE	0x5607
#define VT_DISALLOCATE	0x5608
#define VT_RESIZE	0x5609
#define VT_RESIZEX	0x560A
#define VT_LOCKSWITCH	0x560B
#define VT_UNLOCKSWITCH	0x560C
#define VT_GETHIFONTMASK 0x560D
#define VT_WAITEVENT	0x560E
#define VT_SETACTIVATE	0x560F

struct vt_mode {
	__u8 mode;
	__u8 waitv;
	__s16 relsig;
	__s16 acqsig;
	__s16 frsig;
};
UAPI_SIZE(struct vt_mode, 8);

struct vt_stat {
	__u16 v_active;
	__u16 v_signal;
	__u16 v_state;
};
UAPI_SIZE(struct vt_stat, 6);

struct vt_sizes {
	__u16 v_rows;
	__u16 v_cols;
	__u16 v_scrollsize;
};
UAPI_SIZE(struct vt_sizes, 6);

#endif
