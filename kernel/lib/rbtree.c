/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Red-black trees whose nodes sit inside the caller's objects.
 *
 * The rules: the root is black, a red node has black children, and every way from a node down to a
 * missing child passes the same number of black nodes. A new node is red; insertion can only break
 * the second rule and repairs it upwards, removal of a black node breaks the third one and moves the
 * missing black upwards until a red node takes it.
 *
 * A tree with an update function keeps a value in each node that depends on the node and its
 * children (a maximum, a gap). After a change below, a node's value is recomputed bottom up; a
 * rotation recomputes the two nodes that it turned, lower one first.
 *
 * The caller's lock guards the tree. Child pointers are stored in one piece, so that a look-up
 * without the lock, under RCU and a sequence count, meets no torn pointer; it may miss nodes.
 */
#include <base/rbtree.h>

#define RB_BLACK 1ul

static inline bool is_red(const struct rb_node *n)
{
	return n && !(n->parent_color & RB_BLACK);
}

static inline bool is_black(const struct rb_node *n)
{
	return !is_red(n);
}

static inline void set_parent(struct rb_node *n, struct rb_node *parent)
{
	n->parent_color = (u64)parent | (n->parent_color & RB_BLACK);
}

static inline void set_black(struct rb_node *n)
{
	n->parent_color |= RB_BLACK;
}

static inline void set_red(struct rb_node *n)
{
	n->parent_color &= ~RB_BLACK;
}

/* Put `n` where `old` hangs below `parent` (NULL: the root). */
static inline void replace_child(struct rb_node *old, struct rb_node *n, struct rb_node *parent,
				 struct rb_root *root)
{
	if (!parent)
		WRITE_ONCE(root->node, n);
	else if (parent->left == old)
		WRITE_ONCE(parent->left, n);
	else
		WRITE_ONCE(parent->right, n);
}

/* Turn n down to the left; its right child takes its place. Colours stay with the nodes. */
static void rotate_left(struct rb_node *n, struct rb_root *root, rb_update_fn update)
{
	struct rb_node *up = n->right, *parent = rb_parent(n);

	WRITE_ONCE(n->right, up->left);
	if (n->right)
		set_parent(n->right, n);
	WRITE_ONCE(up->left, n);
	set_parent(up, parent);
	replace_child(n, up, parent, root);
	set_parent(n, up);
	if (update) {
		update(n);
		update(up);
	}
}

static void rotate_right(struct rb_node *n, struct rb_root *root, rb_update_fn update)
{
	struct rb_node *up = n->left, *parent = rb_parent(n);

	WRITE_ONCE(n->left, up->right);
	if (n->left)
		set_parent(n->left, n);
	WRITE_ONCE(up->right, n);
	set_parent(up, parent);
	replace_child(n, up, parent, root);
	set_parent(n, up);
	if (update) {
		update(n);
		update(up);
	}
}

static void update_up(struct rb_node *n, rb_update_fn update)
{
	for (; n; n = rb_parent(n))
		update(n);
}

/* n is red, and its parent may be. */
static __always_inline void insert_fix(struct rb_node *n, struct rb_root *root, rb_update_fn update)
{
	struct rb_node *parent;

	while (is_red(parent = rb_parent(n))) {
		/* A red parent is not the root, so there is a grandparent. */
		struct rb_node *grand = rb_parent(parent);
		bool left = parent == grand->left;
		struct rb_node *uncle = left ? grand->right : grand->left;

		if (is_red(uncle)) {
			set_black(parent);
			set_black(uncle);
			set_red(grand);
			n = grand;
			continue;
		}
		if (n == (left ? parent->right : parent->left)) {
			/* The inner child first becomes the outer one. */
			if (left)
				rotate_left(parent, root, update);
			else
				rotate_right(parent, root, update);
			parent = n;
		}
		set_black(parent);
		set_red(grand);
		if (left)
			rotate_right(grand, root, update);
		else
			rotate_left(grand, root, update);
		break;
	}
	set_black(root->node);
}

/* Ways through n (which may be missing) below parent have one black too few. */
static __always_inline void erase_fix(struct rb_node *n, struct rb_node *parent, struct rb_root *root,
				      rb_update_fn update)
{
	while (parent && is_black(n)) {
		bool left = n == parent->left;
		struct rb_node *s = left ? parent->right : parent->left;
		struct rb_node *inner, *outer;

		if (is_red(s)) {
			/* Make the sibling black by turning the red one above the parent. */
			set_black(s);
			set_red(parent);
			if (left)
				rotate_left(parent, root, update);
			else
				rotate_right(parent, root, update);
			s = left ? parent->right : parent->left;
		}
		inner = left ? s->left : s->right;
		outer = left ? s->right : s->left;
		if (is_black(inner) && is_black(outer)) {
			set_red(s);
			n = parent;
			parent = rb_parent(n);
			continue;
		}
		if (is_black(outer)) {
			set_black(inner);
			set_red(s);
			if (left)
				rotate_right(s, root, update);
			else
				rotate_left(s, root, update);
			s = inner;
			outer = left ? s->right : s->left;
		}
		s->parent_color = (s->parent_color & ~RB_BLACK) | (parent->parent_color & RB_BLACK);
		set_black(parent);
		set_black(outer);
		if (left)
			rotate_left(parent, root, update);
		else
			rotate_right(parent, root, update);
		return;
	}
	if (n)
		set_black(n);
}

static __always_inline void erase_node(struct rb_node *n, struct rb_root *root, rb_update_fn update)
{
	struct rb_node *child, *parent = rb_parent(n);
	bool black;

	if (n->left && n->right) {
		/* The successor takes n's place and colour; what leaves is the successor's old place. */
		struct rb_node *next = n->right;

		while (next->left)
			next = next->left;
		child = next->right;
		black = is_black(next);
		if (rb_parent(next) == n) {
			parent = next;
		} else {
			parent = rb_parent(next);
			WRITE_ONCE(parent->left, child);
			if (child)
				set_parent(child, parent);
			WRITE_ONCE(next->right, n->right);
			set_parent(n->right, next);
		}
		WRITE_ONCE(next->left, n->left);
		set_parent(n->left, next);
		replace_child(n, next, rb_parent(n), root);
		next->parent_color = n->parent_color;
	} else {
		child = n->left ? n->left : n->right;
		black = is_black(n);
		if (child)
			set_parent(child, parent);
		replace_child(n, child, parent, root);
	}
	if (update)
		update_up(parent, update);
	if (black)
		erase_fix(child, parent, root, update);
}

void rb_insert(struct rb_node *n, struct rb_root *root)
{
	insert_fix(n, root, NULL);
}

void rb_insert_augmented(struct rb_node *n, struct rb_root *root, rb_update_fn update)
{
	update_up(n, update);
	insert_fix(n, root, update);
}

void rb_erase(struct rb_node *n, struct rb_root *root)
{
	erase_node(n, root, NULL);
}

void rb_erase_augmented(struct rb_node *n, struct rb_root *root, rb_update_fn update)
{
	erase_node(n, root, update);
}

void rb_insert_cached(struct rb_node *n, struct rb_root_cached *root, bool leftmost)
{
	if (leftmost)
		root->leftmost = n;
	rb_insert(n, &root->root);
}

void rb_erase_cached(struct rb_node *n, struct rb_root_cached *root)
{
	if (root->leftmost == n)
		root->leftmost = rb_next(n);
	rb_erase(n, &root->root);
}

void rb_replace(struct rb_node *old, struct rb_node *n, struct rb_root *root)
{
	*n = *old;
	if (n->left)
		set_parent(n->left, n);
	if (n->right)
		set_parent(n->right, n);
	replace_child(old, n, rb_parent(old), root);
}

struct rb_node *rb_first(const struct rb_root *root)
{
	struct rb_node *n = root->node;

	while (n && n->left)
		n = n->left;
	return n;
}

struct rb_node *rb_last(const struct rb_root *root)
{
	struct rb_node *n = root->node;

	while (n && n->right)
		n = n->right;
	return n;
}

struct rb_node *rb_next(const struct rb_node *n)
{
	struct rb_node *p;

	if (n->right) {
		for (p = n->right; p->left; p = p->left)
			;
		return p;
	}
	while ((p = rb_parent(n)) && n == p->right)
		n = p;
	return p;
}

struct rb_node *rb_prev(const struct rb_node *n)
{
	struct rb_node *p;

	if (n->left) {
		for (p = n->left; p->right; p = p->right)
			;
		return p;
	}
	while ((p = rb_parent(n)) && n == p->left)
		n = p;
	return p;
}
