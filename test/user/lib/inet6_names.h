/* SPDX-License-Identifier: MPL-2.0 */
/* Behind this, a file written for AF_INET means AF_INET6; LO_MAPPED: with mapped addresses. */
#ifndef INET6_NAMES_H
#define INET6_NAMES_H

#define LO_FAMILY AF_INET6
#include "inet.h"

#undef AF_INET
#define AF_INET AF_INET6
#define sockaddr_in sockaddr_in6
#define sin_family sin6_family
#define sin_port sin6_port

#endif
