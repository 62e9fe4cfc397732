/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Sparse arrays of pointers: a radix tree of 64-way nodes.
 *
 * What a slot (and the root) holds: NULL; an entry of the user, a pointer with the low bits 00 or a
 * value with bit 0; a node, as pointer | 2; or ZERO, a reserved place that looks empty. The root of a
 * tree with no levels is the entry of index 0, so that a one-page file needs no node.
 *
 *   root -> node shift 6 -> node shift 0 -> entries        levels = 2, indexes 0..4095
 *
 * Beside its slots a node has bitmaps: `used` slots that are not NULL; `full` slots below which no
 * place is free (for the search of a free index); and one for each mark, set where an entry below has
 * the mark. xa->marks says the same for the whole tree.
 *
 * Changes are serialised by the caller's lock. Readers hold it, or are inside RCU: they load each
 * pointer once, downwards only, and a node never changes its shift; nodes are freed by RCU. Such a
 * reader sees, for each index, what was there at some time since it began. parent and full are for
 * the writer alone.
 */
#include <base/assert.h>
#include <base/atomic.h>
#include <base/bits.h>
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <base/xarray.h>

#define BITS	6
#define SLOTS	64
#define ZERO	((void *)6)

struct xa_node {
	u8 shift;			/* [I] index bits below this node */
	u8 offset;			/* [I] slot of the parent that holds it */
	union {
		struct {
			struct xa_node *parent;	/* [lock] NULL: it is the root */
			u64 full;		/* [lock] */
		};
		struct rcu_head rcu;	/* once it is unlinked */
	};
	u64 used;			/* [r] */
	u64 marks[XA_NR_MARKS];		/* [r] */
	void *slots[SLOTS];		/* [r] */
};

static_assert(sizeof(struct xa_node) <= 576, "xa_node: what its slab wants");

static inline bool is_node(const void *e)
{
	return ((u64)e & 3) == 2 && (u64)e >= PAGE_SIZE;
}

static inline struct xa_node *to_node(const void *e)
{
	return (struct xa_node *)((u64)e - 2);
}

static inline void *node_entry(const struct xa_node *n)
{
	return (void *)((u64)n + 2);
}

static inline void *load_slot(void *const *slot)
{
	return __atomic_load_n(slot, __ATOMIC_CONSUME);
}

static inline void store_slot(void **slot, void *e)
{
	__atomic_store_n(slot, e, __ATOMIC_RELEASE);
}

static inline u32 slot_of(const struct xa_node *n, u64 index)
{
	return (u32)(index >> n->shift) & (SLOTS - 1);
}

/* Does the subtree of a root node reach that far? A shift of 60 leaves only 16 slots in use. */
static inline bool covers(const struct xa_node *n, u64 index)
{
	return index >> n->shift < SLOTS;
}

static inline bool tree_covers(const struct xarray *xa, u64 index)
{
	return xa->levels * BITS >= 64 || index >> (xa->levels * BITS) == 0;
}

/* First index behind the slot of `index` in n; 0 when that wraps. */
static inline u64 next_slot_index(const struct xa_node *n, u64 index)
{
	return ((index >> n->shift) + 1) << n->shift;
}

/* First index behind the whole node; 0 when that wraps. */
static inline u64 next_node_index(const struct xa_node *n, u64 index)
{
	return n->shift + BITS >= 64 ? 0 : ((index >> (n->shift + BITS)) + 1) << (n->shift + BITS);
}

void xa_init(struct xarray *xa)
{
	*xa = (struct xarray)XARRAY_INIT;
}

void *xa_load(const struct xarray *xa, u64 index)
{
	void *e = load_slot(&xa->root);

	if (!is_node(e))
		return index || e == ZERO ? NULL : e;
	if (!covers(to_node(e), index))
		return NULL;
	do {
		const struct xa_node *n = to_node(e);

		e = load_slot(&n->slots[slot_of(n, index)]);
		if (n->shift == 0)
			return e == ZERO ? NULL : e;
	} while (e);
	return NULL;
}

/* ---- nodes, under the lock ---- */

static struct xa_node *node_new(struct xa_node *parent, u8 shift, u8 offset, gfp_t gfp)
{
	struct xa_node *n = kmalloc(sizeof(*n), gfp);

	if (n) {
		memset(n, 0, sizeof(*n));
		n->parent = parent;
		n->shift = shift;
		n->offset = offset;
	}
	return n;
}

static void node_free_rcu(struct rcu_head *head)
{
	kfree(container_of(head, struct xa_node, rcu));
}

/* The slot `o` of n became full or not; tell the nodes above. */
static void set_full(struct xa_node *n, u32 o, bool full)
{
	while (n) {
		u64 old = n->full;

		n->full = full ? old | BIT(o) : old & ~BIT(o);
		if ((old == ~0ul) == (n->full == ~0ul))
			return;
		o = n->offset;
		n = n->parent;
	}
}

static void set_mark_up(struct xarray *xa, struct xa_node *n, u32 o, enum xa_mark m)
{
	for (; n; o = n->offset, n = n->parent) {
		if (n->marks[m] & BIT(o))
			return;
		WRITE_ONCE(n->marks[m], n->marks[m] | BIT(o));
	}
	WRITE_ONCE(xa->marks, (u8)(xa->marks | 1u << m));
}

static void clear_mark_up(struct xarray *xa, struct xa_node *n, u32 o, enum xa_mark m)
{
	for (; n; o = n->offset, n = n->parent) {
		if (!(n->marks[m] & BIT(o)))
			return;
		WRITE_ONCE(n->marks[m], n->marks[m] & ~BIT(o));
		if (n->marks[m])
			return;
	}
	WRITE_ONCE(xa->marks, (u8)(xa->marks & ~(1u << m)));
}

/* Put one more level on top, until the tree reaches index. -ENOMEM: the tree is as good as before. */
static int grow(struct xarray *xa, u64 index, gfp_t gfp)
{
	while (!tree_covers(xa, index)) {
		void *old = xa->root;
		struct xa_node *n;

		if (!old) {
			/* An empty tree has no node either: it may just say that it is higher. */
			xa->levels++;
			continue;
		}
		n = node_new(NULL, (u8)(xa->levels * BITS), 0, gfp);
		if (!n)
			return -ENOMEM;
		n->slots[0] = old;
		n->used = 1;
		for (int m = 0; m < XA_NR_MARKS; m++)
			n->marks[m] = (xa->marks >> m) & 1;
		n->full = is_node(old) ? to_node(old)->full == ~0ul : 1;
		if (is_node(old))
			to_node(old)->parent = n;
		store_slot(&xa->root, node_entry(n));
		xa->levels++;
	}
	return 0;
}

/* While the root node holds nothing but slot 0, the tree can be lower. */
static void shrink(struct xarray *xa)
{
	while (is_node(xa->root)) {
		struct xa_node *n = to_node(xa->root);
		void *e = n->slots[0];

		if (n->used != 1)
			return;
		if (is_node(e))
			to_node(e)->parent = NULL;
		else if (n->shift)
			return;
		store_slot(&xa->root, e);
		xa->levels--;
		call_rcu(&n->rcu, node_free_rcu);
	}
}

/* n may have become empty: unlink it, and then perhaps its parents; lower the tree. */
static void trim(struct xarray *xa, struct xa_node *n)
{
	while (n && !n->used) {
		struct xa_node *parent = n->parent;

		if (!parent) {
			store_slot(&xa->root, NULL);
			xa->levels = 0;
		} else {
			store_slot(&parent->slots[n->offset], NULL);
			WRITE_ONCE(parent->used, parent->used & ~BIT(n->offset));
		}
		call_rcu(&n->rcu, node_free_rcu);
		n = parent;
	}
	shrink(xa);
	if (!xa->root)
		xa->levels = 0;
}

/* The leaf that has index, made where it is missing. NULL with levels == 0 (then the root is the slot); ERR_PTR. */
static struct xa_node *make_path(struct xarray *xa, u64 index, gfp_t gfp)
{
	struct xa_node *parent = NULL, *n;
	void **slot = &xa->root;
	int err = grow(xa, index, gfp);

	if (err) {
		trim(xa, NULL);
		return ERR_PTR(err);
	}
	for (int level = xa->levels - 1; level >= 0; level--) {
		u32 o = parent ? slot_of(parent, index) : 0;

		if (!*slot) {
			n = node_new(parent, (u8)(level * BITS), (u8)o, gfp);
			if (!n) {
				trim(xa, parent);
				return ERR_PTR(-ENOMEM);
			}
			store_slot(slot, node_entry(n));
			if (parent)
				WRITE_ONCE(parent->used, parent->used | BIT(o));
		}
		parent = to_node(*slot);
		slot = &parent->slots[slot_of(parent, index)];
	}
	return parent;
}

/* The leaf of index if it is there; NULL if not, or if the root is the slot. */
static struct xa_node *find_leaf(const struct xarray *xa, u64 index)
{
	void *e = xa->root;

	if (!is_node(e) || !tree_covers(xa, index))
		return NULL;
	for (;;) {
		struct xa_node *n = to_node(e);

		if (n->shift == 0)
			return n;
		e = n->slots[slot_of(n, index)];
		if (!e)
			return NULL;
	}
}

static inline bool root_is_slot(const struct xarray *xa, u64 index)
{
	return index == 0 && xa->levels == 0;
}

static void put_in_slot(struct xa_node *leaf, u64 index, void **slot, void *entry)
{
	u32 o;

	store_slot(slot, entry);
	if (!leaf)
		return;
	o = slot_of(leaf, index);
	WRITE_ONCE(leaf->used, leaf->used | BIT(o));
	set_full(leaf, o, true);
}

void *xa_store(struct xarray *xa, u64 index, void *entry, gfp_t gfp)
{
	struct xa_node *leaf;
	void **slot, *old;

	if (!entry)
		return xa_erase(xa, index);
	leaf = make_path(xa, index, gfp);
	if (IS_ERR(leaf))
		return leaf;
	slot = leaf ? &leaf->slots[slot_of(leaf, index)] : &xa->root;
	old = *slot;
	put_in_slot(leaf, index, slot, entry);
	return old == ZERO ? NULL : old;
}

int xa_insert(struct xarray *xa, u64 index, void *entry, gfp_t gfp)
{
	void *old;

	if (xa_load(xa, index))
		return -EBUSY;
	old = xa_store(xa, index, entry, gfp);
	return PTR_ERR_OR_ZERO(old);
}

int xa_reserve(struct xarray *xa, u64 index, gfp_t gfp)
{
	struct xa_node *leaf = make_path(xa, index, gfp);
	void **slot;

	if (IS_ERR(leaf))
		return (int)PTR_ERR(leaf);
	slot = leaf ? &leaf->slots[slot_of(leaf, index)] : &xa->root;
	if (!*slot)
		put_in_slot(leaf, index, slot, ZERO);
	return 0;
}

void *xa_erase(struct xarray *xa, u64 index)
{
	struct xa_node *leaf = find_leaf(xa, index);
	void *old;
	u32 o;

	if (!leaf) {
		if (!root_is_slot(xa, index))
			return NULL;
		old = xa->root;
		store_slot(&xa->root, NULL);
		WRITE_ONCE(xa->marks, 0);
		return old == ZERO ? NULL : old;
	}
	o = slot_of(leaf, index);
	old = leaf->slots[o];
	if (!old)
		return NULL;
	for (int m = 0; m < XA_NR_MARKS; m++)
		clear_mark_up(xa, leaf, o, m);
	store_slot(&leaf->slots[o], NULL);
	WRITE_ONCE(leaf->used, leaf->used & ~BIT(o));
	set_full(leaf, o, false);
	trim(xa, leaf);
	return old == ZERO ? NULL : old;
}

/*
 * Next entry from *index on, of those that `mark` (or, at XA_NR_MARKS, every entry) selects. Each
 * turn walks down from the root, as far as there is something; where a node has nothing more, it
 * begins again behind that node.
 */
static __always_inline void *find_entry(const struct xarray *xa, u64 *index, u64 last, u32 mark)
{
	u64 i = *index;

	while (i <= last) {
		void *e = load_slot(&xa->root);
		const struct xa_node *n;
		u64 next;

		if (!is_node(e)) {
			if (i || !e || e == ZERO)
				return NULL;
			if (mark < XA_NR_MARKS && !(READ_ONCE(xa->marks) >> mark & 1))
				return NULL;
			*index = 0;
			return e;
		}
		if (!covers(to_node(e), i))
			return NULL;
		for (;;) {
			u64 bits;
			u32 o;

			n = to_node(e);
			o = slot_of(n, i);
			bits = (mark < XA_NR_MARKS ? READ_ONCE(n->marks[mark]) : READ_ONCE(n->used)) >> o;
			if (!bits) {
				next = next_node_index(n, i);
				break;
			}
			if (!(bits & 1)) {
				u32 skip = (u32)__builtin_ctzll(bits);

				i = ((i >> n->shift) + skip) << n->shift;
				o += skip;
			}
			if (i > last)
				return NULL;
			e = load_slot(&n->slots[o]);
			if (n->shift == 0 && e && e != ZERO) {
				*index = i;
				return e;
			}
			if (n->shift == 0 || !e) {
				next = next_slot_index(n, i);
				break;
			}
		}
		if (!next)
			return NULL;
		i = next;
	}
	return NULL;
}

void *xa_find(const struct xarray *xa, u64 *index, u64 last)
{
	return find_entry(xa, index, last, XA_NR_MARKS);
}

void *xa_find_marked(const struct xarray *xa, u64 *index, u64 last, enum xa_mark mark)
{
	return find_entry(xa, index, last, mark);
}

/* Lowest index >= i whose place is free (it may lie above the tree); false when there is none up to ~0. */
static bool find_free(const struct xarray *xa, u64 *index)
{
	u64 i = *index;

	for (;;) {
		void *e = xa->root;

		if (!e || (!is_node(e) && i) || !tree_covers(xa, i)) {
			*index = i;
			return true;
		}
		if (!is_node(e)) {
			*index = 1;
			return true;
		}
		while (is_node(e)) {
			struct xa_node *n = to_node(e);
			u32 o = slot_of(n, i);
			u64 bits = ~n->full >> o;

			if (!bits) {
				i = next_node_index(n, i);
				if (!i)
					return false;
				e = ZERO;
				break;
			}
			if (!(bits & 1)) {
				u32 skip = (u32)__builtin_ctzll(bits);

				i = ((i >> n->shift) + skip) << n->shift;
				o += skip;
			}
			e = n->slots[o];
		}
		if (!e) {
			*index = i;
			return true;
		}
	}
}

int xa_alloc(struct xarray *xa, u64 *index, void *entry, u64 lo, u64 hi, gfp_t gfp)
{
	u64 i = lo;
	void *old;

	if (!find_free(xa, &i) || i > hi)
		return -EBUSY;
	old = xa_store(xa, i, entry, gfp);
	if (IS_ERR(old))
		return (int)PTR_ERR(old);
	*index = i;
	return 0;
}

void xa_set_mark(struct xarray *xa, u64 index, enum xa_mark mark)
{
	struct xa_node *leaf = find_leaf(xa, index);

	if (leaf) {
		u32 o = slot_of(leaf, index);

		if (leaf->slots[o] && leaf->slots[o] != ZERO)
			set_mark_up(xa, leaf, o, mark);
	} else if (root_is_slot(xa, index) && xa->root && xa->root != ZERO) {
		WRITE_ONCE(xa->marks, (u8)(xa->marks | 1u << mark));
	}
}

void xa_clear_mark(struct xarray *xa, u64 index, enum xa_mark mark)
{
	struct xa_node *leaf = find_leaf(xa, index);

	if (leaf)
		clear_mark_up(xa, leaf, slot_of(leaf, index), mark);
	else if (root_is_slot(xa, index))
		WRITE_ONCE(xa->marks, (u8)(xa->marks & ~(1u << mark)));
}

bool xa_get_mark(const struct xarray *xa, u64 index, enum xa_mark mark)
{
	void *e = load_slot(&xa->root);

	if (!is_node(e))
		return index == 0 && e && (READ_ONCE(xa->marks) >> mark & 1);
	if (!covers(to_node(e), index))
		return false;
	for (;;) {
		const struct xa_node *n = to_node(e);
		u32 o = slot_of(n, index);

		if (!(READ_ONCE(n->marks[mark]) >> o & 1))
			return false;
		if (n->shift == 0)
			return true;
		e = load_slot(&n->slots[o]);
		if (!e)
			return false;
	}
}

bool xa_marked(const struct xarray *xa, enum xa_mark mark)
{
	return READ_ONCE(xa->marks) >> mark & 1;
}

void xa_destroy(struct xarray *xa)
{
	void *root = xa->root;
	struct xa_node *n;

	store_slot(&xa->root, NULL);
	xa->marks = 0;
	xa->levels = 0;
	n = is_node(root) ? to_node(root) : NULL;
	/* Depth first without recursion: `full` counts which slot is next. */
	if (n)
		n->full = 0;
	while (n) {
		struct xa_node *parent = n->parent;

		if (n->shift && n->full < SLOTS) {
			void *e = n->slots[n->full++];

			if (is_node(e)) {
				n = to_node(e);
				n->full = 0;
			}
			continue;
		}
		call_rcu(&n->rcu, node_free_rcu);
		n = parent;
	}
}
