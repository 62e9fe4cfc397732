/* SPDX-License-Identifier: MPL-2.0 */
/* Lock classes by name, in rank order, from base/lockrank.def. */
#ifndef BASE_LOCKCLASS_H
#define BASE_LOCKCLASS_H

#define LOCK_CLASS(name, kind, reason)	LC_##name,
enum lock_class {
	LC_NONE_INVALID,
#include <base/lockrank.def>
	LC_COUNT
};
#undef LOCK_CLASS

#endif
