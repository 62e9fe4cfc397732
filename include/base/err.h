/* SPDX-License-Identifier: MPL-2.0 */
/* Pointers that carry a negative errno. A function returns either NULL or ERR_PTR on failure, never both. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <base/compiler.h>
#include <base/errno.h>
#include <base/types.h>

#define MAX_ERRNO	4095

static inline void *ERR_PTR(long err) { return (void *)err; }
static inline long PTR_ERR(const void *p) { return (long)p; }
static inline bool IS_ERR_VALUE(u64 v) { return unlikely(v >= (u64)-MAX_ERRNO); }
static inline bool IS_ERR(const void *p) { return IS_ERR_VALUE((u64)p); }
static inline bool IS_ERR_OR_NULL(const void *p) { return !p || IS_ERR(p); }
static inline void *ERR_CAST(const void *p) { return (void *)p; }
static inline int PTR_ERR_OR_ZERO(const void *p) { return IS_ERR(p) ? (int)PTR_ERR(p) : 0; }

#endif
