/* SPDX-License-Identifier: MPL-2.0 */
/* For lwIP's includes of <ctype.h>. */
#ifndef KEEL_LWIP_CTYPE_H
#define KEEL_LWIP_CTYPE_H

#include <base/types.h>

#endif
