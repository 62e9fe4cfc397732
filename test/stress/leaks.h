/* SPDX-License-Identifier: MPL-2.0 */
/* What the kernel holds, before and after: test/stress/leaks.c. */
#ifndef STRESS_LEAKS_H
#define STRESS_LEAKS_H

#define LEAK_ROWS 256

struct leaks {
	int n;
	struct {
		char name[32];
		long count;
	} row[LEAK_ROWS];
};

/* Gives back what can be given back, until two counts after each other are the same. 0, or -1 and it said why. */
int leaks_take(struct leaks *l);
/* The same, until that agrees with `before` but for the golden list, or 60 s have passed: idle workers end late. */
int leaks_settle(struct leaks *l, const struct leaks *before, const char *golden, int first);
/*
 * Prints what of `now` is more or less than in `before` by more than the golden list grants: to the first
 * run what stands in its second column, to a later one what stands in its third. The number of such rows.
 */
int leaks_compare(const struct leaks *before, const struct leaks *now, const char *golden, int first);

#endif
