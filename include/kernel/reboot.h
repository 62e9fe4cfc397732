/* SPDX-License-Identifier: MPL-2.0 */
/* What Ctrl-Alt-Del on a console means (kernel/sys/uname.c). */
#ifndef KERNEL_REBOOT_H
#define KERNEL_REBOOT_H

#include <base/types.h>

/* True: restart at once; false: init is told with SIGINT. Set by reboot(2). Any context. */
bool reboot_on_cad(void);

#endif
