/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Tests that live beside the code as foo_test.c. KTEST(suite, name) { ... } runs in the kernel with
 * ktest=all (or ktest=suite) on the command line, and, for pure code, on the host under sanitizers.
 */
#ifndef CORE_KTEST_H
#define CORE_KTEST_H

#include <base/compiler.h>
#include <base/types.h>

struct ktest {
	const char *suite, *name;
	void (*fn)(void);
};

#ifdef KEEL_HOST
void ktest_register(const struct ktest *t);
#define KTEST(s, n) \
	static void ktest_##s##_##n(void); \
	static const struct ktest ktest_desc_##s##_##n = { #s, #n, ktest_##s##_##n }; \
	__attribute__((constructor)) static void ktest_reg_##s##_##n(void) { ktest_register(&ktest_desc_##s##_##n); } \
	static void ktest_##s##_##n(void)
#else
#define KTEST(s, n) \
	static void ktest_##s##_##n(void); \
	static const struct ktest ktest_desc_##s##_##n __used __section(".ktest") __aligned(8) = \
		{ #s, #n, ktest_##s##_##n }; \
	static void ktest_##s##_##n(void)
#endif

/* Record a failure of the running test; it goes on. */
void ktest_fail(const char *file, int line, const char *expr, s64 a, s64 b);
/* The running test cannot be done here. */
void ktest_skip(const char *why);

#define KEXPECT(c)	do { if (!(c)) ktest_fail(__FILE__, __LINE__, #c, 0, 0); } while (0)
#define KEXPECT_EQ(a, b)	do { s64 _ka = (s64)(a), _kb = (s64)(b); \
	if (_ka != _kb) ktest_fail(__FILE__, __LINE__, #a " == " #b, _ka, _kb); } while (0)
#define KREQUIRE(c)	do { if (!(c)) { ktest_fail(__FILE__, __LINE__, #c, 0, 0); return; } } while (0)

/* Run fn(i, arg) for i < n in n threads at once and wait for all; a failure if they cannot be made. May sleep. */
void ktest_parallel(int n, void (*fn)(int i, void *arg), void *arg);

/* Run those whose suite matches (all: everything). Returns failures; prints "N passed, N failed, N skipped". */
int ktest_run(const char *which);

#endif
