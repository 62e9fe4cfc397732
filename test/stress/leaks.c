/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Counts what the kernel holds: the objects in use of each slab cache (/proc/slabinfo), and pages by
 * /proc/meminfo. "pages" is what is neither free nor slab nor the kernel's own page tables
 * ("kernel-map"): it counts every other page once, whoever has it.
 * Before a count the caches are dropped, which on Keel also flushes RCU (docs/testing.md).
 *
 * The golden list says what may differ: NAME FIRST LATER REASON, objects or kB, up or down, after the first
 * run and after a later one.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "leaks.h"

static char text[65536];

static int slurp(const char *path)
{
	size_t have = 0;
	ssize_t n;
	int fd = open(path, O_RDONLY);

	if (fd < 0) {
		printf("leaks: %s: %s\n", path, strerror(errno));
		return -1;
	}
	while ((n = read(fd, text + have, sizeof(text) - 1 - have)) > 0)
		have += n;
	text[have] = 0;
	close(fd);
	return n < 0 ? -1 : 0;
}

static void row_add(struct leaks *l, const char *prefix, const char *name, long count)
{
	if (l->n == LEAK_ROWS)
		return;
	snprintf(l->row[l->n].name, sizeof(l->row[0].name), "%s%s", prefix, name);
	l->row[l->n++].count = count;
}

/* These say how full caches are or what is allowed, not what is held. */
static int is_no_holding(const char *name)
{
	static const char *const names[] = { "MemFree", "MemAvailable", "Slab", "KReclaimable", "SReclaimable", "SUnreclaim",
		"CommitLimit" };

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i]))
			return 1;
	return 0;
}

static int count(struct leaks *l)
{
	long total = 0, nofree = 0, v, objs;
	char name[32], *p, *save;

	l->n = 0;
	if (slurp("/proc/meminfo"))
		return -1;
	for (p = strtok_r(text, "\n", &save); p; p = strtok_r(NULL, "\n", &save)) {
		if (sscanf(p, "%31[^:]: %ld", name, &v) != 2)
			continue;
		if (!strcmp(name, "MemTotal"))
			total = v;
		if (!strcmp(name, "MemFree") || !strcmp(name, "Slab"))
			nofree += v;
		if (!is_no_holding(name))
			row_add(l, "", name, v);
	}
	if (slurp("/proc/vmstat"))
		return -1;
	for (p = strtok_r(text, "\n", &save); p; p = strtok_r(NULL, "\n", &save))
		if (sscanf(p, "nr_kernel_map %ld", &v) == 1) {
			nofree += 4 * v;
			row_add(l, "", "kernel-map", 4 * v);
		}
	row_add(l, "", "pages", total - nofree);
	if (slurp("/proc/slabinfo"))
		return -1;
	for (p = strtok_r(text, "\n", &save); p; p = strtok_r(NULL, "\n", &save))
		if (*p != '#' && sscanf(p, "%31s %ld %ld", name, &objs, &v) == 3)
			row_add(l, "slab:", name, objs);
	return 0;
}

static int drop(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY), ok;

	ok = fd >= 0 && write(fd, "3", 1) == 1;
	if (!ok)
		printf("leaks: drop_caches: %s\n", strerror(errno));
	close(fd);
	return ok ? 0 : -1;
}

int leaks_take(struct leaks *l)
{
	static struct leaks last;

	last.n = -1;
	for (int i = 0; i < 50; i++) {
		struct timespec ts = { 0, 50000000 };

		if (drop() || count(l))
			return -1;
		if (l->n == last.n && !memcmp(l->row, last.row, l->n * sizeof(l->row[0])))
			return 0;
		memcpy(&last, l, sizeof(last));
		memset(l, 0, sizeof(*l));
		nanosleep(&ts, NULL);	/* workers may be on their way */
	}
	printf("leaks: the counts do not come to rest\n");
	memcpy(l, &last, sizeof(last));
	return 0;
}

/* No stdio streams: a buffer that malloc() takes at the second count would be a leak of our own. */
static long granted(const char *golden, const char *name, int first)
{
	char n[40], *p, *save;
	long v, w, found = 0;

	if (slurp(golden))
		return 0;
	for (p = strtok_r(text, "\n", &save); p; p = strtok_r(NULL, "\n", &save))
		if (*p != '#' && sscanf(p, "%39s %ld %ld", n, &v, &w) == 3 && !strcmp(n, name))
			found = first ? v : w;
	return found;
}

/* The rows that differ by more than is granted; printed if asked for. */
static int differ(const struct leaks *before, const struct leaks *now, const char *golden, int first, int print)
{
	int bad = 0;

	for (int i = 0; i < now->n; i++) {
		long was = 0, d, may;

		for (int k = 0; k < before->n; k++)
			if (!strcmp(before->row[k].name, now->row[i].name))
				was = before->row[k].count;
		d = now->row[i].count - was;
		if (!d)
			continue;
		may = granted(golden, now->row[i].name, first);
		bad += labs(d) > may;
		if (print)
			printf("leaks: %s %ld -> %ld (%+ld), %s %ld\n", now->row[i].name, was, now->row[i].count, d,
			       labs(d) > may ? "granted are" : "within the granted", may);
	}
	return bad;
}

int leaks_compare(const struct leaks *before, const struct leaks *now, const char *golden, int first)
{
	return differ(before, now, golden, first, 1);
}

int leaks_settle(struct leaks *l, const struct leaks *before, const char *golden, int first)
{
	int ret = leaks_take(l);

	for (int i = 0; i < 60 && !ret && differ(before, l, golden, first, 0); i++) {
		sleep(1);
		ret = leaks_take(l);
	}
	return ret;
}
