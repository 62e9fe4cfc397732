/* SPDX-License-Identifier: MPL-2.0 */
/* TIOCGSERIAL and TIOCGICOUNT. */
#ifndef UAPI_LINUX_SERIAL_H
#define UAPI_LINUX_SERIAL_H

#include <uapi/linux/types.h>

struct serial_struct {
	__s32 type;
	__s32 line;
	__u32 port;
	__s32 irq;
	__s32 flags;
	__s32 xmit_fifo_size;
	__s32 custom_divisor;
	__s32 baud_base;
	__u16 close_delay;
	__u8 io_type;
	__u8 reserved_char[1];
	__s32 hub6;
	__u16 closing_wait;
	__u16 closing_wait2;
	__u64 iomem_base;
	__u16 iomem_reg_shift;
	__u32 port_high;
	__u64 iomap_base;
};
UAPI_SIZE(struct serial_struct, 72);

#define PORT_UNKNOWN	0
#define PORT_8250	1
#define PORT_16450	2
#define PORT_16550	3
#define PORT_16550A	4

struct serial_icounter_struct {
	__s32 cts, dsr, rng, dcd;
	__s32 rx, tx;
	__s32 frame, overrun, parity, brk;
	__s32 buf_overrun;
	__s32 reserved[9];
};
UAPI_SIZE(struct serial_icounter_struct, 80);

#endif
