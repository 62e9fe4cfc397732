/* SPDX-License-Identifier: MPL-2.0 */
/* What Ctrl-Alt-Del on a console means (kernel/sys/uname.c). */
#ifndef KERNEL_REBOOT_H
#define KERNEL_REBOOT_H

#include <base/types.h>

/* Restart at once, or init is told with SIGINT, as reboot(2) and kernel.ctrl-alt-del have it. Any context. */
void ctrl_alt_del(void);
extern int cad_reboots;

#endif
