/* SPDX-License-Identifier: MPL-2.0 */
/* For lwIP's includes of <stdlib.h>. */
#ifndef KEEL_LWIP_STDLIB_H
#define KEEL_LWIP_STDLIB_H

#include <base/types.h>

#endif
