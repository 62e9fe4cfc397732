/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Sorting: arrays in place without memory (heap sort), lists stably (merge sort).
 */
#ifndef BASE_SORT_H
#define BASE_SORT_H

#include <base/list.h>
#include <base/types.h>

/* < 0, 0, > 0 as a stands before, with, after b. */
typedef int (*sort_cmp_fn)(const void *a, const void *b);
void sort(void *base, size_t n, size_t size, sort_cmp_fn cmp);
/* First index whose element is not before key; n when all are. */
size_t lower_bound(const void *base, size_t n, size_t size, const void *key, sort_cmp_fn cmp);

typedef int (*list_cmp_fn)(void *priv, const struct list_head *a, const struct list_head *b);
void list_sort(void *priv, struct list_head *head, list_cmp_fn cmp);

#endif
