/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A sparse array of pointers indexed by u64 (kernel/lib/xarray.c): a radix tree of 64-way nodes
 * with three marks per entry. Look-ups run under RCU without a lock; every change is serialised by
 * the caller's lock. Nodes are freed by RCU. Values: pointers aligned to 4, or small integers made
 * with xa_mk_value(). Storing NULL erases.
 */
#ifndef BASE_XARRAY_H
#define BASE_XARRAY_H

#include <base/alloc.h>
#include <base/compiler.h>
#include <base/types.h>

struct xarray {
	void *root;		/* [r] node, entry or NULL; changed under the caller's lock */
	u8 marks;		/* marks of the whole tree */
	u8 levels;		/* 0: root is the entry of index 0 */
};

enum xa_mark { XA_MARK_0, XA_MARK_1, XA_MARK_2, XA_NR_MARKS };

#define XARRAY_INIT	{ NULL, 0, 0 }

static inline void *xa_mk_value(u64 v) { return (void *)((v << 1) | 1); }
static inline bool xa_is_value(const void *e) { return (u64)e & 1; }
static inline u64 xa_to_value(const void *e) { return (u64)e >> 1; }

void xa_init(struct xarray *xa);
/* Under RCU or the lock. NULL if there is nothing. */
void *xa_load(const struct xarray *xa, u64 index);
/* Under the lock. Returns the old entry, or ERR_PTR(-ENOMEM). gfp must not wait if the lock is a spinlock. */
__must_check void *xa_store(struct xarray *xa, u64 index, void *entry, gfp_t gfp);
/* -EBUSY if the slot is taken. */
__must_check int xa_insert(struct xarray *xa, u64 index, void *entry, gfp_t gfp);
/* Make the nodes that storing at index needs, so that a later xa_store under a spinlock cannot fail. */
__must_check int xa_reserve(struct xarray *xa, u64 index, gfp_t gfp);
void *xa_erase(struct xarray *xa, u64 index);
/* Next present entry with index in [*index, last]; sets *index. NULL when none. Under RCU or the lock. */
void *xa_find(const struct xarray *xa, u64 *index, u64 last);
void *xa_find_marked(const struct xarray *xa, u64 *index, u64 last, enum xa_mark mark);
/* Lowest free index in [min, max]: stores entry there. -EBUSY if none, -ENOMEM. */
__must_check int xa_alloc(struct xarray *xa, u64 *index, void *entry, u64 lo, u64 hi, gfp_t gfp);
void xa_set_mark(struct xarray *xa, u64 index, enum xa_mark mark);
void xa_clear_mark(struct xarray *xa, u64 index, enum xa_mark mark);
bool xa_get_mark(const struct xarray *xa, u64 index, enum xa_mark mark);
bool xa_marked(const struct xarray *xa, enum xa_mark mark);
static inline bool xa_empty(const struct xarray *xa) { return !READ_ONCE(xa->root); }
/* Free all nodes; the entries are the caller's. */
void xa_destroy(struct xarray *xa);

#define xa_for_each(xa, index, entry) \
	for (index = 0, entry = xa_find(xa, &index, ~0ull); entry; \
	     entry = (index == ~0ull) ? NULL : (index++, xa_find(xa, &index, ~0ull)))

#endif
