/* SPDX-License-Identifier: MPL-2.0 */
/* For lwIP's includes of <stdio.h>. */
#ifndef KEEL_LWIP_STDIO_H
#define KEEL_LWIP_STDIO_H

#include <base/types.h>

#endif
