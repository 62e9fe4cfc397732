/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Red-black trees threaded through their elements (kernel/lib/rbtree.c). The caller walks down to
 * find the place, links the node there and calls rb_insert(); locking is the caller's. With an
 * augment callback each node can hold a value computed from its subtree.
 */
#ifndef BASE_RBTREE_H
#define BASE_RBTREE_H

#include <base/compiler.h>
#include <base/types.h>

struct rb_node {
	u64 parent_color;		/* parent pointer | 1 if black */
	struct rb_node *left, *right;
} __aligned(8);

struct rb_root {
	struct rb_node *node;
};

/* Root that remembers its smallest node. */
struct rb_root_cached {
	struct rb_root root;
	struct rb_node *leftmost;
};

/* Recompute a node's value from its own data and its children. */
typedef void (*rb_update_fn)(struct rb_node *n);

#define RB_ROOT		{ NULL }
#define RB_ROOT_CACHED	{ { NULL }, NULL }
#define rb_entry(p, type, member)	container_of(p, type, member)
#define rb_entry_safe(p, type, member) \
	({ __typeof__(p) _p = (p); _p ? rb_entry(_p, type, member) : NULL; })

static inline struct rb_node *rb_parent(const struct rb_node *n)
{
	return (struct rb_node *)(n->parent_color & ~3ul);
}
static inline bool rb_root_empty(const struct rb_root *r) { return !r->node; }
/* A node that is on no tree. */
static inline void rb_clear_node(struct rb_node *n) { n->parent_color = (u64)n; }
static inline bool rb_node_empty(const struct rb_node *n) { return n->parent_color == (u64)n; }

/* Hang a red node at *link below parent; rb_insert() must follow. */
static inline void rb_link_node(struct rb_node *n, struct rb_node *parent, struct rb_node **link)
{
	n->parent_color = (u64)parent;
	n->left = NULL;
	n->right = NULL;
	__atomic_store_n(link, n, __ATOMIC_RELEASE);
}

void rb_insert(struct rb_node *n, struct rb_root *root);
void rb_erase(struct rb_node *n, struct rb_root *root);
void rb_insert_augmented(struct rb_node *n, struct rb_root *root, rb_update_fn update);
void rb_erase_augmented(struct rb_node *n, struct rb_root *root, rb_update_fn update);
void rb_insert_cached(struct rb_node *n, struct rb_root_cached *root, bool leftmost);
void rb_erase_cached(struct rb_node *n, struct rb_root_cached *root);
void rb_replace(struct rb_node *old, struct rb_node *n, struct rb_root *root);
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_last(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *n);
struct rb_node *rb_prev(const struct rb_node *n);

#endif
