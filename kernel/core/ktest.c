/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Runs the tests that are linked into the kernel: one line each in TAP's form, then the sum. A test
 * fails by its own KEXPECTs and by any warning or lock report that came while it ran, from whatever CPU.
 * Tests run one after the other in a thread that may sleep.
 */
#include <base/atomic.h>
#include <base/err.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/hooks.h>
#include <core/ktest.h>
#include <core/preempt.h>
#include <core/printk.h>
#include <core/task_core.h>
#include <core/wait.h>
#include <core/work.h>
#include "internal.h"

static u32 test_failures;		/* [a] of the running test */
static const char *test_skipped;	/* of the running test: why */
static u32 running;			/* [a] */

bool ktest_running(void)
{
	return READ_ONCE(running);
}

void ktest_note_bug(void)
{
	if (ktest_running())
		__atomic_fetch_add(&test_failures, 1, __ATOMIC_RELAXED);
}

void ktest_fail(const char *file, int line, const char *expr, s64 a, s64 b)
{
	__atomic_fetch_add(&test_failures, 1, __ATOMIC_RELAXED);
	if (a || b)
		pr_err("# %s:%d: expected %s (%lld, %lld)\n", file, line, expr, (long long)a, (long long)b);
	else
		pr_err("# %s:%d: expected %s\n", file, line, expr);
}

void ktest_skip(const char *why)
{
	test_skipped = why;
}

/* A list of names with commas; a name may be a pattern, and "suite.name" names one test. */
static bool wanted(const struct ktest *t, const char *which)
{
	char one[96];

	if (streq(which, "all") || !*which)
		return !streq(t->suite, "fatal");
	while (*which) {
		size_t n = strcspn(which, ","), len;

		if (n < sizeof(one)) {
			memcpy(one, which, n);
			one[n] = '\0';
			len = strlen(t->suite);
			if (glob_match(one, t->suite))
				return true;
			if (strstarts(one, t->suite) && one[len] == '.' && glob_match(one + len + 1, t->name))
				return true;
		}
		which += n;
		which += *which == ',';
	}
	return false;
}

/* After a test nothing may be left behind: preemption and interrupts on, no lock held. */
static void check_context(void)
{
	if (preempt_count() || irqs_disabled()) {
		ktest_fail(__FILE__, __LINE__, "preempt_count() == 0", preempt_count(), 0);
		irq_enable();
		while (preempt_count() & PREEMPT_MASK)
			preempt_enable_no_resched();
	}
	set_current_state_relaxed(TASK_RUNNING);
	lockdep_assert_none();
}

struct parallel {
	void (*fn)(int i, void *arg);
	void *arg;
	int next;			/* [a] */
	struct completion start, done;
};

static int parallel_main(void *p)
{
	struct parallel *par = p;
	int i = __atomic_fetch_add(&par->next, 1, __ATOMIC_RELAXED);

	wait_for_completion(&par->start);
	par->fn(i, par->arg);
	lockdep_assert_none();
	complete(&par->done);
	return 0;
}

void ktest_parallel(int n, void (*fn)(int i, void *arg), void *arg)
{
	struct parallel par = { .fn = fn, .arg = arg };
	int made = 0;

	completion_init(&par.start);
	completion_init(&par.done);
	for (; made < n; made++) {
		struct task_core *t = kthread_run(parallel_main, &par, -1, "ktest");

		if (IS_ERR(t)) {
			ktest_fail(__FILE__, __LINE__, "kthread_run()", PTR_ERR(t), made);
			break;
		}
	}
	complete_all(&par.start);
	while (made--)
		wait_for_completion(&par.done);
}

int ktest_run(const char *which)
{
	int passed = 0, failed = 0, skipped = 0, n = 0;

	WRITE_ONCE(running, 1);
	/* The results are to be seen, quiet or not. */
	if (console_loglevel < LOG_DEBUG)
		console_loglevel = LOG_DEBUG;
	pr_notice("ktest: %s\n", *which ? which : "all");
	for (const struct ktest *t = __ktest_start; t < __ktest_end; t++) {
		u64 begin = clock_monotonic_ns(), ms;

		if (!wanted(t, which))
			continue;
		n++;
		test_skipped = NULL;
		WRITE_ONCE(test_failures, 0);
		t->fn();
		check_context();
		ms = (clock_monotonic_ns() - begin) / NSEC_PER_MSEC;
		if (READ_ONCE(test_failures)) {
			failed++;
			pr_notice("not ok %d - %s.%s\n", n, t->suite, t->name);
		} else if (test_skipped) {
			skipped++;
			pr_notice("ok %d - %s.%s # SKIP %s\n", n, t->suite, t->name, test_skipped);
		} else {
			passed++;
			pr_notice("ok %d - %s.%s (%llu ms)\n", n, t->suite, t->name, (unsigned long long)ms);
		}
		console_flush();
	}
	pr_notice("1..%d\n", n);
	pr_notice("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
	console_flush();
	WRITE_ONCE(running, 0);
	return failed;
}
