/* SPDX-License-Identifier: MPL-2.0 */
/* The cases of inet/tcp.c on AF_INET6 sockets that speak IPv4. */
#define LO_MAPPED
#include "inet6_names.h"
#include "../inet/tcp.c"
