/* SPDX-License-Identifier: MPL-2.0 */
/* io_setup(2), io_submit(2), io_getevents(2). */
#ifndef UAPI_LINUX_AIO_ABI_H
#define UAPI_LINUX_AIO_ABI_H

#include <uapi/linux/types.h>

#define IOCB_CMD_PREAD		0
#define IOCB_CMD_PWRITE		1
#define IOCB_CMD_FSYNC		2
#define IOCB_CMD_FDSYNC		3
#define IOCB_CMD_POLL		5
#define IOCB_CMD_NOOP		6
#define IOCB_CMD_PREADV		7
#define IOCB_CMD_PWRITEV	8

#define IOCB_FLAG_RESFD		1
#define IOCB_FLAG_IOPRIO	2

struct io_event {
	__u64 data;
	__u64 obj;
	__s64 res;
	__s64 res2;
};
UAPI_SIZE(struct io_event, 32);

struct iocb {
	__u64 aio_data;
	__u32 aio_key;
	__s32 aio_rw_flags;
	__u16 aio_lio_opcode;
	__s16 aio_reqprio;
	__u32 aio_fildes;
	__u64 aio_buf;
	__u64 aio_nbytes;
	__s64 aio_offset;
	__u64 aio_reserved2;
	__u32 aio_flags;
	__u32 aio_resfd;
};
UAPI_SIZE(struct iocb, 64);

#endif
