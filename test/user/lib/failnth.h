/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Each allocation that a call makes fails once, one after the other: /proc/PID/fail-nth, of Keel's DEBUG kernels and of
 * Linux with CONFIG_FAULT_INJECTION; elsewhere these tests skip. After each failure the call must have said an errno of
 * those that it may, or done its work; then it is undone. A group of calls is gone through several times, and the
 * kernel may not hold more after each round than before it.
 *
 * What a call touches of the program's own memory must be there before: no fault on the way may allocate. So each
 * call is made once before it counts.
 */
#ifndef KTEST_FAILNTH_H
#define KTEST_FAILNTH_H

#include "ktest_user.h"
#include "leaks.h"

/* Most calls need no more than the first fields. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

struct fail_call {
	const char *name;
	/* 0 or more: done, -1: errno. Makes exactly one thing. */
	long (*make)(void);
	void (*undo)(long made);	/* may be NULL */
	/* Errnos that it may say; ENOMEM always. */
	int errs[6];
	/* It marks the process for good: each try in a child of its own. */
	bool apart;
	/* It may fail without a failure: errno of `errs`. */
	bool loose;
};

static int fail_fd = -1;

static inline void fail_open(void)
{
	if (fail_fd >= 0)
		close(fail_fd);
	fail_fd = open("/proc/self/fail-nth", O_RDWR | O_CLOEXEC);
	if (fail_fd < 0)
		SKIP("no /proc/PID/fail-nth: a kernel without failure injection");
}

static inline void fail_set(unsigned n)
{
	char t[12] = "0";
	int len = 0;

	for (unsigned d = 1000000; d; d /= 10)
		if (n >= d)		/* a zero before it would make it octal */
			t[len++] = (char)('0' + n / d % 10);
	len += !len;
	CHECK_EQ(CHECK_OK(pwrite(fail_fd, t, (size_t)len, 0)), len);
}

static inline unsigned fail_left(void)
{
	char t[12] = "";

	CHECK_GT(pread(fail_fd, t, sizeof(t) - 1, 0), 0);
	return (unsigned)atoi(t);
}

static unsigned fail_saved;		/* while it is paused: what is left to count */
static bool fail_armed, fail_paused;

static inline void fail_arm(unsigned n)
{
	fail_armed = true;
	fail_paused = false;
	fail_set(n);
}

/* Inside make(): what comes now, preparing and cleaning up, is not to fail. errno stays. */
static inline void fail_pause(void)
{
	int e = errno;

	if (fail_armed && !fail_paused) {
		fail_saved = fail_left();
		fail_set(0);
		fail_paused = true;
	}
	errno = e;
}
static inline void fail_resume(void)
{
	int e = errno;

	if (fail_armed && fail_paused) {
		fail_paused = false;
		fail_set(fail_saved);
	}
	errno = e;
}

/* Off again. Did one fail? */
static inline bool fail_hit(void)
{
	fail_pause();
	fail_armed = false;
	return !fail_saved;
}

static inline void fail_judge(const struct fail_call *c, unsigned n, long r, int e, bool hit)
{
	bool may = r >= 0 || e == ENOMEM;

	for (unsigned i = 0; i < ARRAY_SIZE(c->errs); i++)
		may |= c->errs[i] && c->errs[i] == e;
	if (!may)
		FAIL("%s, allocation %u failed: errno %d (%s)", c->name, n, e, strerror(e));
	if (!hit && r < 0 && !c->loose)
		FAIL("%s fails by itself: errno %d (%s)", c->name, e, strerror(e));
}

/* One try with the n-th allocation failing: was there one? */
static inline bool fail_try(const struct fail_call *c, unsigned n)
{
	bool hit;
	long r;
	int e;

	fail_arm(n);
	r = c->make();
	e = errno;
	hit = fail_hit();
	fail_judge(c, n, r, e, hit);
	if (r >= 0 && c->undo)
		c->undo(r);
	return hit;
}

static inline bool fail_try_apart(const struct fail_call *c, unsigned n)
{
	pid_t p = kt_fork();
	int st;

	if (!p) {
		long r;

		fail_open();
		r = c->make();		/* brings in what it touches */
		if (r >= 0 && c->undo)
			c->undo(r);
		_exit(fail_try(c, n) ? 10 : 11);
	}
	CHECK_EQ(waitpid(p, &st, 0), p);
	if (!WIFEXITED(st) || (WEXITSTATUS(st) != 10 && WEXITSTATUS(st) != 11))
		FAIL("%s, allocation %u failed: the child ended with status %#x", c->name, n, st);
	return WEXITSTATUS(st) == 10;
}

/* It hangs: which? */
static const char *fail_now = "";
static inline void fail_alarm(int sig)
{
	dprintf(2, "at %s: no end\n", fail_now);
	_exit(1);
}

/* How many allocations it makes. */
static inline unsigned fail_each(const struct fail_call *c)
{
	unsigned n = 1;

	fail_now = c->name;
	if (!c->apart) {
		long r = c->make();

		fail_judge(c, 0, r, errno, false);
		if (r >= 0 && c->undo)
			c->undo(r);
	}
	while (c->apart ? fail_try_apart(c, n) : fail_try(c, n))
		if (++n > 3000)
			FAIL("%s: no end", c->name);
	return n - 1;
}

/* Rows that are more in each count than in the one before. */
static inline int fail_grows(const struct leaks *l, int n, char *what, size_t size)
{
	int bad = 0;

	what[0] = 0;
	for (int i = 0; i < l[0].n; i++) {
		bool all = true;

		for (int k = 1; k < n; k++)
			all &= l[k].n == l[0].n && !strcmp(l[k].row[i].name, l[0].row[i].name) &&
			       l[k].row[i].count > l[k - 1].row[i].count;
		if (!all)
			continue;
		bad++;
		snprintf(what + strlen(what), size - strlen(what), " %s", l[0].row[i].name);
		for (int k = 0; k < n; k++)
			snprintf(what + strlen(what), size - strlen(what), "%s%ld", k ? " -> " : " ", l[k].row[i].count);
	}
	return bad;
}

/* Rounds of the calls with counts between them. More each time? */
static inline int fail_leaks(const struct fail_call *c, size_t n, char *what, size_t size)
{
	static struct leaks l[4];

	memset(l, 0, sizeof(l));
	for (int k = 0; k < 4; k++) {
		for (size_t i = 0; i < n; i++)
			(void)fail_each(&c[i]);
		CHECK_EQ(leaks_take(&l[k]), 0);
		/* Most of the time three are enough. */
		if (k == 2 && !fail_grows(l, 3, what, size))
			return 0;
	}
	return fail_grows(l, 4, what, size);
}

static inline void fail_group(const struct fail_call *c, size_t n)
{
	static char what[4096], one[4096];

	signal(SIGALRM, fail_alarm);
	alarm(kt_case_seconds < 60 ? 60 : kt_case_seconds - 30);
	fail_open();
	for (size_t i = 0; i < n; i++) {
		unsigned times = fail_each(&c[i]);

		dprintf(2, "%s: %u\n", c[i].name, times);
	}
	if (!fail_leaks(c, n, what, sizeof(what)))
		return;
	/* Which? */
	for (size_t i = 0; i < n; i++)
		if (fail_leaks(&c[i], 1, one, sizeof(one)))
			FAIL("%s leaks:%s", c[i].name, one);
	FAIL("the calls leak together:%s", what);
}
#define FAIL_GROUP(calls)	fail_group(calls, ARRAY_SIZE(calls))

static inline void fail_close(long fd) { CHECK_OK(close((int)fd)); }

#endif
