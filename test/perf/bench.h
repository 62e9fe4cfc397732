/* SPDX-License-Identifier: MPL-2.0 */
/* The benchmark's harness: how long a batch lasts, medians, and the lines that are printed. */
#ifndef PERF_BENCH_H
#define PERF_BENCH_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <linux/futex.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

#define BATCHES 5
#define BATCH_NS 20000000LL
#define PG 4096UL
#define DIRNAME "/tmp/bench.d"
#define FILENAME DIRNAME "/one/two/file"
#define BIG_FILE DIRNAME "/big"
#define BIG_SIZE (8UL << 20)

static const char *only = "*";

static void die(const char *what)
{
	printf("bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Fails the benchmark when a call that must work does not. */
#define MUST(call) ({ __typeof__(call) must_r = (call); if ((long)must_r == -1) die(#call); must_r; })

static long long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static inline long raw0(long nr)
{
	long r;

	asm volatile("syscall" : "=a"(r) : "a"(nr) : "rcx", "r11", "memory");
	return r;
}

static inline long raw3(long nr, long a, long b, long c)
{
	long r;

	asm volatile("syscall" : "=a"(r) : "a"(nr), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return r;
}

static bool wanted(const char *name)
{
	return !fnmatch(only, name, 0);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v, int n)
{
	qsort(v, n, sizeof(*v), by_value);
	return v[n / 2];
}

static void row(const char *name, double value, const char *unit)
{
	printf("ROW %s %.1f %s\n", name, value, unit);
	fflush(stdout);
}

/*
 * A body does n operations. It may take time for its own preparation: then it returns the
 * nanoseconds that count; 0 means all of it counts.
 */
typedef long long (*body_fn)(long n);

static long long timed(body_fn fn, long n)
{
	long long t = now(), own = fn(n);

	return own ? own : now() - t;
}

/* Nanoseconds an operation. */
static double measure(body_fn fn, long most)
{
	double v[BATCHES];
	long n = 1;
	long long t;

	fn(1);	/* warm */
	for (;;) {
		t = now();
		fn(n);
		t = now() - t;	/* with what the body does not count, or a batch could last for ever */
		if (t >= BATCH_NS / 2 || n >= most)
			break;
		n = t < BATCH_NS / 50 ? n * 8 : n * 2;
		if (n > most)
			n = most;
	}
	for (int i = 0; i < BATCHES; i++)
		v[i] = (double)timed(fn, n) / n;
	return median(v, BATCHES);
}

#define NO_LIMIT 100000000L

#endif
