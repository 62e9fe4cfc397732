/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Atomic integers and memory barriers. As in Linux: operations that return a value order fully,
 * those that return nothing and plain reads and sets order nothing; _acquire, _release, _relaxed
 * say what they do.
 */
#ifndef BASE_ATOMIC_H
#define BASE_ATOMIC_H

#include <base/compiler.h>
#include <base/types.h>

typedef struct { int v; } atomic_t;
typedef struct { s64 v; } atomic64_t;

#define ATOMIC_INIT(i)	{ (i) }

#define smp_mb()	__atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb()	__atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_wmb()	__atomic_thread_fence(__ATOMIC_RELEASE)
#define smp_load_acquire(p)	__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define smp_store_release(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)
#define smp_store_mb(x, v)	__atomic_store_n(&(x), v, __ATOMIC_SEQ_CST)

#define xchg(p, v)	__atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)
/* Returns the value found; the store happened if it equals `old`. */
#define cmpxchg(p, old, new) ({ \
	__typeof__(*(p)) _old = (old); \
	__atomic_compare_exchange_n(p, &_old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
	_old; })
/* True if stored; else *oldp holds the value found. */
#define try_cmpxchg(p, oldp, new) \
	__atomic_compare_exchange_n(p, oldp, new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)

#define KEEL_ATOMIC_OPS(name, type, val) \
static inline val name##_read(const type *a) { return __atomic_load_n(&a->v, __ATOMIC_RELAXED); } \
static inline val name##_read_acquire(const type *a) { return __atomic_load_n(&a->v, __ATOMIC_ACQUIRE); } \
static inline void name##_set(type *a, val i) { __atomic_store_n(&a->v, i, __ATOMIC_RELAXED); } \
static inline void name##_set_release(type *a, val i) { __atomic_store_n(&a->v, i, __ATOMIC_RELEASE); } \
static inline void name##_add(type *a, val i) { __atomic_fetch_add(&a->v, i, __ATOMIC_RELAXED); } \
static inline void name##_sub(type *a, val i) { __atomic_fetch_sub(&a->v, i, __ATOMIC_RELAXED); } \
static inline void name##_inc(type *a) { __atomic_fetch_add(&a->v, 1, __ATOMIC_RELAXED); } \
static inline void name##_dec(type *a) { __atomic_fetch_sub(&a->v, 1, __ATOMIC_RELAXED); } \
static inline void name##_or(type *a, val i) { __atomic_fetch_or(&a->v, i, __ATOMIC_RELAXED); } \
static inline void name##_and(type *a, val i) { __atomic_fetch_and(&a->v, i, __ATOMIC_RELAXED); } \
static inline val name##_add_return(type *a, val i) { return __atomic_add_fetch(&a->v, i, __ATOMIC_SEQ_CST); } \
static inline val name##_sub_return(type *a, val i) { return __atomic_sub_fetch(&a->v, i, __ATOMIC_SEQ_CST); } \
static inline val name##_inc_return(type *a) { return __atomic_add_fetch(&a->v, 1, __ATOMIC_SEQ_CST); } \
static inline val name##_dec_return(type *a) { return __atomic_sub_fetch(&a->v, 1, __ATOMIC_SEQ_CST); } \
static inline bool name##_dec_and_test(type *a) { return __atomic_sub_fetch(&a->v, 1, __ATOMIC_SEQ_CST) == 0; } \
static inline val name##_fetch_or(type *a, val i) { return __atomic_fetch_or(&a->v, i, __ATOMIC_SEQ_CST); } \
static inline val name##_fetch_and(type *a, val i) { return __atomic_fetch_and(&a->v, i, __ATOMIC_SEQ_CST); } \
static inline val name##_fetch_add(type *a, val i) { return __atomic_fetch_add(&a->v, i, __ATOMIC_SEQ_CST); } \
static inline val name##_xchg(type *a, val i) { return __atomic_exchange_n(&a->v, i, __ATOMIC_SEQ_CST); } \
static inline val name##_cmpxchg(type *a, val old, val new) { \
	__atomic_compare_exchange_n(&a->v, &old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
	return old; } \
static inline bool name##_add_unless(type *a, val i, val unless) { \
	val c = __atomic_load_n(&a->v, __ATOMIC_RELAXED); \
	do { if (c == unless) return false; } while (!__atomic_compare_exchange_n(&a->v, &c, c + i, false, \
		__ATOMIC_SEQ_CST, __ATOMIC_RELAXED)); \
	return true; } \
static inline bool name##_inc_not_zero(type *a) { return name##_add_unless(a, 1, 0); }

KEEL_ATOMIC_OPS(atomic, atomic_t, int)
KEEL_ATOMIC_OPS(atomic64, atomic64_t, s64)

#endif
