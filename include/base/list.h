/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Doubly linked lists threaded through their elements (list), lists with a one-pointer head for
 * hash tables (hlist), and the variants whose readers run under RCU.
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <base/compiler.h>
#include <base/types.h>

struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD_INIT(name)	{ &(name), &(name) }
#define LIST_HEAD(name)		struct list_head name = LIST_HEAD_INIT(name)

static inline void list_init(struct list_head *l)
{
	l->next = l;
	l->prev = l;
}

static inline void list_insert_between(struct list_head *n, struct list_head *prev,
				       struct list_head *next)
{
	n->next = next;
	n->prev = prev;
	next->prev = n;
	__atomic_store_n(&prev->next, n, __ATOMIC_RELEASE);
}

/* Insert n right after head (a stack) or right before it (a queue). Safe for RCU readers. */
static inline void list_add(struct list_head *n, struct list_head *head)
{
	list_insert_between(n, head, head->next);
}

static inline void list_add_tail(struct list_head *n, struct list_head *head)
{
	list_insert_between(n, head->prev, head);
}

static inline void list_unlink(struct list_head *prev, struct list_head *next)
{
	next->prev = prev;
	WRITE_ONCE(prev->next, next);
}

/* Take n off its list; n must not be used as a list entry before it is added or initialised again. */
static inline void list_del(struct list_head *n)
{
	list_unlink(n->prev, n->next);
	n->next = (struct list_head *)0xdead000000000100ul;
	n->prev = (struct list_head *)0xdead000000000122ul;
}

static inline void list_del_init(struct list_head *n)
{
	list_unlink(n->prev, n->next);
	list_init(n);
}

/* Take n off; RCU readers that stand on it still find their way. */
static inline void list_del_rcu(struct list_head *n)
{
	list_unlink(n->prev, n->next);
	n->prev = (struct list_head *)0xdead000000000122ul;
}

static inline bool list_empty(const struct list_head *l) { return READ_ONCE(l->next) == l; }
static inline bool list_is_last(const struct list_head *n, const struct list_head *head)
{
	return n->next == head;
}
static inline bool list_is_singular(const struct list_head *l)
{
	return !list_empty(l) && l->next == l->prev;
}

static inline void list_move(struct list_head *n, struct list_head *head)
{
	list_unlink(n->prev, n->next);
	list_add(n, head);
}

static inline void list_move_tail(struct list_head *n, struct list_head *head)
{
	list_unlink(n->prev, n->next);
	list_add_tail(n, head);
}

static inline void list_replace(struct list_head *old, struct list_head *n)
{
	n->next = old->next;
	n->next->prev = n;
	n->prev = old->prev;
	__atomic_store_n(&n->prev->next, n, __ATOMIC_RELEASE);	/* safe for RCU readers, also those that stand on old */
}

/* Move all of `from` to the front or the end of `to`; `from` is left empty. */
static inline void list_splice_init(struct list_head *from, struct list_head *to)
{
	if (list_empty(from))
		return;
	from->next->prev = to;
	from->prev->next = to->next;
	to->next->prev = from->prev;
	to->next = from->next;
	list_init(from);
}

static inline void list_splice_tail_init(struct list_head *from, struct list_head *to)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#define list_entry(p, type, member)	container_of(p, type, member)
#define list_first_entry(h, type, member)	list_entry((h)->next, type, member)
#define list_last_entry(h, type, member)	list_entry((h)->prev, type, member)
#define list_first_entry_or_null(h, type, member) \
	(list_empty(h) ? NULL : list_first_entry(h, type, member))
#define list_next_entry(e, member)	list_entry((e)->member.next, __typeof__(*(e)), member)
#define list_prev_entry(e, member)	list_entry((e)->member.prev, __typeof__(*(e)), member)
#define list_for_each(p, h) \
	for (p = (h)->next; p != (h); p = p->next)
#define list_for_each_safe(p, n, h) \
	for (p = (h)->next, n = p->next; p != (h); p = n, n = p->next)
#define list_for_each_entry(e, h, member) \
	for (e = list_first_entry(h, __typeof__(*e), member); &e->member != (h); \
	     e = list_next_entry(e, member))
#define list_for_each_entry_reverse(e, h, member) \
	for (e = list_last_entry(h, __typeof__(*e), member); &e->member != (h); \
	     e = list_prev_entry(e, member))
#define list_for_each_entry_safe(e, n, h, member) \
	for (e = list_first_entry(h, __typeof__(*e), member), n = list_next_entry(e, member); \
	     &e->member != (h); e = n, n = list_next_entry(n, member))
#define list_for_each_entry_rcu(e, h, member) \
	for (e = list_entry(__atomic_load_n(&(h)->next, __ATOMIC_CONSUME), __typeof__(*e), member); \
	     &e->member != (h); \
	     e = list_entry(__atomic_load_n(&e->member.next, __ATOMIC_CONSUME), __typeof__(*e), member))

struct hlist_node {
	struct hlist_node *next, **pprev;
};

struct hlist_head {
	struct hlist_node *first;
};

static inline void hlist_node_init(struct hlist_node *n)
{
	n->next = NULL;
	n->pprev = NULL;
}

static inline bool hlist_unhashed(const struct hlist_node *n) { return !n->pprev; }
static inline bool hlist_empty(const struct hlist_head *h) { return !READ_ONCE(h->first); }

/* Safe for RCU readers of the same chain. */
static inline void hlist_add_head(struct hlist_node *n, struct hlist_head *h)
{
	struct hlist_node *first = h->first;

	n->next = first;
	n->pprev = &h->first;
	if (first)
		first->pprev = &n->next;
	__atomic_store_n(&h->first, n, __ATOMIC_RELEASE);
}

/* Keeps n->next, so that an RCU reader standing on n can go on; n counts as unhashed. */
static inline void hlist_del_init_rcu(struct hlist_node *n)
{
	if (!n->pprev)
		return;
	WRITE_ONCE(*n->pprev, n->next);
	if (n->next)
		n->next->pprev = n->pprev;
	n->pprev = NULL;
}

static inline void hlist_del_init(struct hlist_node *n)
{
	hlist_del_init_rcu(n);
	n->next = NULL;
}

#define hlist_entry(p, type, member)	container_of(p, type, member)
#define hlist_entry_safe(p, type, member) \
	({ __typeof__(p) _p = (p); _p ? hlist_entry(_p, type, member) : NULL; })
#define hlist_for_each_entry(e, h, member) \
	for (e = hlist_entry_safe((h)->first, __typeof__(*e), member); e; \
	     e = hlist_entry_safe(e->member.next, __typeof__(*e), member))
#define hlist_for_each_entry_safe(e, n, h, member) \
	for (e = hlist_entry_safe((h)->first, __typeof__(*e), member); \
	     e && ({ n = e->member.next; 1; }); \
	     e = hlist_entry_safe(n, __typeof__(*e), member))
#define hlist_for_each_entry_rcu(e, h, member) \
	for (e = hlist_entry_safe(__atomic_load_n(&(h)->first, __ATOMIC_CONSUME), __typeof__(*e), member); \
	     e; \
	     e = hlist_entry_safe(__atomic_load_n(&e->member.next, __ATOMIC_CONSUME), __typeof__(*e), member))

#endif
