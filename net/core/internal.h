/* SPDX-License-Identifier: MPL-2.0 */
/* What the files of net/core share. */
#ifndef NET_CORE_INTERNAL_H
#define NET_CORE_INTERNAL_H

#include <net/socket.h>

extern const struct file_ops socket_fops;
/* Give a socket its file; consumes the socket also on failure. ERR_PTR. */
__must_check struct file *socket_file(struct socket *s, u32 oflags);

#endif
