/* SPDX-License-Identifier: MPL-2.0 */
/* Heap sort of arrays in place; binary search; stable merge sort of lists. None of them recurses or allocates. */
#include <base/sort.h>

static void swap_bytes(u8 *a, u8 *b, size_t n)
{
	for (; n >= 8; a += 8, b += 8, n -= 8) {
		u64 x, y;

		__builtin_memcpy(&x, a, 8);
		__builtin_memcpy(&y, b, 8);
		__builtin_memcpy(a, &y, 8);
		__builtin_memcpy(b, &x, 8);
	}
	for (; n; a++, b++, n--) {
		u8 t = *a;

		*a = *b;
		*b = t;
	}
}

/* Let the element at `root` sink to its place in the heap of n elements. */
static void sift_down(u8 *base, size_t root, size_t n, size_t size, sort_cmp_fn cmp)
{
	for (;;) {
		size_t child = 2 * root + 1;

		if (child >= n)
			return;
		if (child + 1 < n && cmp(base + child * size, base + (child + 1) * size) < 0)
			child++;
		if (cmp(base + root * size, base + child * size) >= 0)
			return;
		swap_bytes(base + root * size, base + child * size, size);
		root = child;
	}
}

void sort(void *base, size_t n, size_t size, sort_cmp_fn cmp)
{
	for (size_t i = n / 2; i--;)
		sift_down(base, i, n, size, cmp);
	while (n > 1) {
		n--;
		swap_bytes(base, (u8 *)base + n * size, size);
		sift_down(base, 0, n, size, cmp);
	}
}

size_t lower_bound(const void *base, size_t n, size_t size, const void *key, sort_cmp_fn cmp)
{
	size_t lo = 0;

	while (n) {
		size_t half = n / 2;

		if (cmp((const u8 *)base + (lo + half) * size, key) < 0) {
			lo += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return lo;
}

/* Merge two lists that are chained by next and end with NULL; equal elements of a come first. */
static struct list_head *merge(void *priv, list_cmp_fn cmp, struct list_head *a, struct list_head *b)
{
	struct list_head *head, **tail = &head;

	while (a && b) {
		struct list_head **from = cmp(priv, a, b) <= 0 ? &a : &b;

		*tail = *from;
		tail = &(*from)->next;
		*from = (*from)->next;
	}
	*tail = a ? a : b;
	return head;
}

/* Bottom up: slot i of `runs` is empty or holds a sorted run of 2^i elements, older than those below it. */
void list_sort(void *priv, struct list_head *head, list_cmp_fn cmp)
{
	struct list_head *runs[32] = { NULL }, *n = head->next, *all = NULL, *prev = head;

	while (n != head) {
		struct list_head *next = n->next, *run = n;
		int i;

		n->next = NULL;
		for (i = 0; i < 31 && runs[i]; i++) {
			run = merge(priv, cmp, runs[i], run);
			runs[i] = NULL;
		}
		runs[i] = runs[i] ? merge(priv, cmp, runs[i], run) : run;
		n = next;
	}
	for (int i = 0; i < 32; i++)
		if (runs[i])
			all = all ? merge(priv, cmp, runs[i], all) : runs[i];
	for (n = all; n; prev = n, n = n->next) {
		prev->next = n;
		n->prev = prev;
	}
	prev->next = head;
	head->prev = prev;
}
