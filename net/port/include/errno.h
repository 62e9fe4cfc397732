/* SPDX-License-Identifier: MPL-2.0 */
/* For lwIP's includes of <errno.h>. */
#ifndef KEEL_LWIP_ERRNO_H
#define KEEL_LWIP_ERRNO_H

#include <base/types.h>

#endif
