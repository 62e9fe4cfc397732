/* SPDX-License-Identifier: MPL-2.0 */
/* The cases of inet/tcp.c over IPv6. */
#include "inet6_names.h"
#include "../inet/tcp.c"
