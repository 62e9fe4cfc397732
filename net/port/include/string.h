/* SPDX-License-Identifier: MPL-2.0 */
/* For lwIP's includes of <string.h>. */
#ifndef KEEL_LWIP_STRING_H
#define KEEL_LWIP_STRING_H

#include <base/string.h>

#endif
