/* SPDX-License-Identifier: MPL-2.0 */
/* Random insertions and removals; after each step the rules of the tree and the augmented values are checked. */
#include <base/rbtree.h>
#include <core/ktest.h>

#define N 256

struct item {
	struct rb_node node;
	u32 key, max;
	bool on;
};

static struct item items[N];
static u32 state = 1;
static u32 broken;

static u32 next_random(u32 n)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % n;
}

static u32 max_of(struct rb_node *n)
{
	return n ? rb_entry(n, struct item, node)->max : 0;
}

static void update(struct rb_node *n)
{
	struct item *i = rb_entry(n, struct item, node);
	u32 l = max_of(n->left), r = max_of(n->right), m = i->key;

	if (l > m)
		m = l;
	i->max = r > m ? r : m;
}

/* Number of blacks on the way down; counts what is wrong. */
static int check(struct rb_node *n, struct rb_node *parent, bool augmented)
{
	bool black;
	int l, r;

	if (!n)
		return 1;
	black = n->parent_color & 1;
	broken += rb_parent(n) != parent;
	broken += !black && (!parent || !(parent->parent_color & 1));
	if (augmented) {
		u32 had = rb_entry(n, struct item, node)->max;

		update(n);
		broken += rb_entry(n, struct item, node)->max != had;
	}
	l = check(n->left, n, augmented);
	r = check(n->right, n, augmented);
	broken += l != r;
	return l + black;
}

static bool insert(struct rb_root *root, struct item *it, bool augmented)
{
	struct rb_node **link = &root->node, *parent = NULL;
	bool leftmost = true;

	while (*link) {
		parent = *link;
		if (it->key < rb_entry(parent, struct item, node)->key) {
			link = &parent->left;
		} else {
			link = &parent->right;
			leftmost = false;
		}
	}
	rb_link_node(&it->node, parent, link);
	it->max = it->key;
	if (augmented)
		rb_insert_augmented(&it->node, root, update);
	return leftmost;
}

static void check_order(struct rb_root *root)
{
	u32 count = 0, on = 0, last = 0;
	struct rb_node *n, *prev = NULL;

	for (n = rb_first(root); n; prev = n, n = rb_next(n)) {
		broken += rb_entry(n, struct item, node)->key < last;
		last = rb_entry(n, struct item, node)->key;
		broken += rb_prev(n) != prev;
		count++;
	}
	broken += rb_last(root) != prev;
	for (int i = 0; i < N; i++)
		on += items[i].on;
	broken += count != on;
}

KTEST(rbtree, augmented)
{
	struct rb_root root = RB_ROOT;

	broken = 0;
	for (int i = 0; i < N; i++)
		items[i].on = false;
	for (int step = 0; step < 6000; step++) {
		/* First grow, then hover, then shrink. */
		struct item *it = &items[next_random(step < 2000 || step > 4000 ? N : N / 4)];
		bool want = step < 1500 ? true : step > 4500 ? false : !it->on;

		if (it->on == want)
			continue;
		it->on = want;
		if (want) {
			it->key = next_random(300);
			insert(&root, it, true);
		} else {
			rb_erase_augmented(&it->node, &root, update);
		}
		broken += root.node && !(root.node->parent_color & 1);
		check(root.node, NULL, true);
		if (step % 16 == 0)
			check_order(&root);
		KREQUIRE(!broken);
	}
}

KTEST(rbtree, cached_and_replace)
{
	struct rb_root_cached root = RB_ROOT_CACHED;
	struct item other;

	broken = 0;
	for (int i = 0; i < N; i++) {
		items[i].on = true;
		items[i].key = next_random(1000);
		rb_insert_cached(&items[i].node, &root, insert(&root.root, &items[i], false));
		check(root.root.node, NULL, false);
		KREQUIRE(!broken && root.leftmost == rb_first(&root.root));
	}
	other = items[7];
	rb_replace(&items[7].node, &other.node, &root.root);
	if (root.leftmost == &items[7].node)
		root.leftmost = &other.node;
	check(root.root.node, NULL, false);
	check_order(&root.root);
	for (int i = 0; i < N; i++) {
		rb_erase_cached(i == 7 ? &other.node : &items[i].node, &root);
		items[i].on = false;
		check(root.root.node, NULL, false);
		KREQUIRE(!broken && root.leftmost == rb_first(&root.root));
	}
	KEXPECT(rb_root_empty(&root.root));
	rb_clear_node(&other.node);
	KEXPECT(rb_node_empty(&other.node));
}
