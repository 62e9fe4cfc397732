/* SPDX-License-Identifier: MPL-2.0 */
/* Major device numbers that programs know. */
#ifndef UAPI_LINUX_MAJOR_H
#define UAPI_LINUX_MAJOR_H

#define UNNAMED_MAJOR		0
#define MEM_MAJOR		1
#define RAMDISK_MAJOR		1
#define PTY_MASTER_MAJOR	2
#define PTY_SLAVE_MAJOR		3
#define TTY_MAJOR		4
#define TTYAUX_MAJOR		5
#define LOOP_MAJOR		7
#define SCSI_DISK0_MAJOR	8
#define MISC_MAJOR		10
#define INPUT_MAJOR		13
#define FB_MAJOR		29
#define UNIX98_PTY_MASTER_MAJOR	128
#define UNIX98_PTY_SLAVE_MAJOR	136
#define HVC_MAJOR		229
/* Dynamic on Linux; this one there as a rule. */
#define VIRTBLK_MAJOR		254
#define BLOCK_EXT_MAJOR		259

#endif
