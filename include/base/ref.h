/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Reference counts that saturate: a count that overflows or is used after zero sticks at a large
 * value, leaks its object and warns, instead of freeing it under someone's feet.
 */
#ifndef BASE_REF_H
#define BASE_REF_H

#include <base/assert.h>
#include <base/atomic.h>

#define REF_SATURATED	0x60000000

struct ref {
	int v;		/* [a] > 0 while alive */
};

#define REF_INIT(n)	{ (n) }

static inline void ref_init(struct ref *r, int n) { __atomic_store_n(&r->v, n, __ATOMIC_RELAXED); }
static inline int ref_read(const struct ref *r) { return __atomic_load_n(&r->v, __ATOMIC_RELAXED); }

/* The caller already owns a reference. */
static inline void ref_get(struct ref *r)
{
	int old = __atomic_fetch_add(&r->v, 1, __ATOMIC_RELAXED);

	if (unlikely(old <= 0 || old >= REF_SATURATED)) {
		__atomic_store_n(&r->v, REF_SATURATED, __ATOMIC_RELAXED);
		WARN_ONCE(true);
	}
}

/* For look-ups under RCU or a lock that does not own a reference: false if the object is dying. */
static inline __must_check bool ref_get_unless_zero(struct ref *r)
{
	int old = __atomic_load_n(&r->v, __ATOMIC_RELAXED);

	do {
		if (old == 0)
			return false;
	} while (!__atomic_compare_exchange_n(&r->v, &old, old + 1, false, __ATOMIC_ACQUIRE,
					      __ATOMIC_RELAXED));
	return true;
}

/* True for the one caller that must release the object. */
static inline __must_check bool ref_put(struct ref *r)
{
	int old = __atomic_fetch_sub(&r->v, 1, __ATOMIC_ACQ_REL);

	if (likely(old > 1 && old < REF_SATURATED))
		return false;
	if (old == 1)
		return true;
	__atomic_store_n(&r->v, REF_SATURATED, __ATOMIC_RELAXED);
	WARN_ONCE(true);
	return false;
}

#endif
