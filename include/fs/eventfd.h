/* SPDX-License-Identifier: MPL-2.0 */
/* eventfd from inside the kernel (fs/anon/eventfd.c). */
#ifndef FS_EVENTFD_H
#define FS_EVENTFD_H

#include <fs/file.h>

bool is_eventfd(const struct file *f);
/* Add n to its counter, as far as there is room. Any context. */
void eventfd_signal(struct file *f, u64 n);

#endif
